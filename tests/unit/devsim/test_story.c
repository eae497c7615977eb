/* SPDX-License-Identifier: Apache-2.0 */
/* The commands against a tiny server in the same process: whole logins of every client, scenarios, load runs.
 */

#include "mini_ecs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "options.h"

#define KI  "--ki=465b5ce8b199b49faa5f0a2ee238a6bc"
#define OPC "--opc=cd63cb71954a9f4e48a5994e37a02baf"

/* Calls a command with the address and trust of the server; its output goes to the file. */
static int call(int (*command)(int, char **), const char *output, const char *const *arguments)
{
    char url[100], ca[100];
    char *argv[32] = {(char *)(uintptr_t)arguments[0]};
    int argc = 1, rc, saved = dup(STDOUT_FILENO), saved_err = dup(STDERR_FILENO);
    int fd = open(output ? output : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);

    snprintf(url, sizeof(url), "--url=%s", mini_url);
    snprintf(ca, sizeof(ca), "--ca=%s", mini_ca);
    argv[argc++] = url;
    argv[argc++] = ca;
    argv[argc++] = (char *)(uintptr_t) "--resolve=ecs.test:127.0.0.1";
    for (arguments++; *arguments; arguments++)
        argv[argc++] = (char *)(uintptr_t)*arguments;
    fflush(stdout);
    fflush(stderr);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    rc = command(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(saved, STDOUT_FILENO);
    dup2(saved_err, STDERR_FILENO);
    close(fd);
    close(saved);
    close(saved_err);
    return rc;
}

static const char *read_file(struct ecs_arena *arena, const char *path)
{
    char text[65536];
    FILE *file = fopen(path, "r");
    size_t n;

    assert_non_null(file);
    n = fread(text, 1, sizeof(text), file);
    fclose(file);
    return ecs_strdup(arena, (struct ecs_str){text, n});
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static char out_path[] = "story-out", file_path[] = "story-file";

static void test_every_client_logs_in(void **state)
{
    static const char *const clients[] = {"library", "ims", "samsung-old", "samsung-new", "headless"};

    for (size_t i = 0; i < ECS_ARRAY_LEN(clients); i++) {
        char personality[60];
        const char *const arguments[] = {"run",       personality, "--imsi=001010123456789", KI, OPC,
                                         "--explain", NULL};
        const char *text;

        snprintf(personality, sizeof(personality), "--personality=%s", clients[i]);
        assert_int_equal(call(ecs_sim_cmd_run, out_path, arguments), 0);
        text = read_file(*state, out_path);
        assert_non_null(strstr(text, "Wi-Fi calling:"));
        assert_non_null(strstr(text, "AT_MAC of the server is right"));
        assert_null(strstr(text, "001010123456789")); /* masked everywhere */
        assert_null(strstr(text, "Ki"));
    }
}

static void test_secrets_are_shown_when_asked_for(void **state)
{
    static const char *const arguments[] = {"run",       "--imsi=001010123456789", KI,  OPC,
                                            "--explain", "--show-secrets",         NULL};

    assert_int_equal(call(ecs_sim_cmd_run, out_path, arguments), 0);
    assert_non_null(strstr(read_file(*state, out_path), "tok001010123456789"));
}

static void test_token_is_kept_used_and_replaced_after_511(void **state)
{
    static const char *const arguments[] = {
        "run", "--imsi=001010123456789", KI, OPC, "--token-file=story-file", "--explain", NULL};

    unlink(file_path);
    assert_int_equal(call(ecs_sim_cmd_run, out_path, arguments), 0);
    assert_string_equal(read_file(*state, file_path), "tok001010123456789\n");
    assert_int_equal(call(ecs_sim_cmd_run, out_path, arguments), 0);
    assert_null(strstr(read_file(*state, out_path), "2. request"));
    write_text(file_path, "stale\n");
    assert_int_equal(call(ecs_sim_cmd_run, out_path, arguments), 0);
    assert_non_null(strstr(read_file(*state, out_path), "3. request"));
    assert_string_equal(read_file(*state, file_path), "tok001010123456789\n");
    unlink(file_path);
}

static void test_exit_codes_tell_what_happened(void **state)
{
    static const struct {
        const char *const arguments[8];
        int rc;
    } rows[] = {
        {{"run", "--imsi=001010123456789", KI, "--opc=00000000000000000000000000000000", NULL}, 5},
        {{"run", "--imsi=1", KI, OPC, NULL}, 1},
        {{"run", "--personality=nokia", NULL}, 1},
        {{"run", "--ca=/nonexistent", NULL}, 1},
        {{"run", "--url=https://ecs.test:1", "--imsi=001010123456789", KI, OPC, NULL}, 2},
        {{"run", "--ca=/dev/null", "--imsi=001010123456789", KI, OPC, NULL}, 1},
        {{"run", NULL}, 3}, /* no SIM: nothing to authenticate with */
        {{"run", "--app=ap2004", "--app=ap9999", "--imsi=001010123456789", KI, OPC, "--output=json", NULL},
         0},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (call(ecs_sim_cmd_run, out_path, rows[i].arguments) != rows[i].rc)
            fail_msg("row %zu: %s", i, read_file(*state, out_path));
}

static const char good_scenario[] =
    "name: story\n"
    "vars: {imsi: \"001010123456780\"}\n"
    "device: {imsi: \"${imsi}\", ki: 465b5ce8b199b49faa5f0a2ee238a6bc, opc: "
    "cd63cb71954a9f4e48a5994e37a02baf,\n"
    "         app: [ap2004, ap2005]}\n"
    "steps:\n"
    "  - request: {auth: eap}\n"
    "    expect: {outcome: challenge, headers: {Set-Cookie: ~HttpOnly, Location: absent}}\n"
    "  - answer: auts\n"
    "    expect: {outcome: challenge}\n"
    "  - connection: new\n"
    "  - cookie: quoted\n"
    "  - answer: right\n"
    "    expect: {outcome: document, connections: \"2\", values: {ap2005/EntitlementStatus: \"1\", "
    "VERS/validity: \">0\"}}\n"
    "    save: {old: TOKEN/token}\n"
    "  - answer: replay\n"
    "    expect: {status: 503, headers: {Retry-After: \"1\"}}\n"
    "  - token: ${old}\n"
    "  - request: {params: {app: ap2003}}\n"
    "    expect: {outcome: document, words: ~Voice over cellular, body: \"~tok${imsi}\"}\n"
    "  - token: forged\n"
    "  - request: {}\n"
    "    expect: {status: 511}\n"
    "  - request: {auth: eap}\n"
    "  - answer: wrong-mac\n"
    "    expect: {status: 403}\n"
    "  - request: {auth: eap}\n"
    "  - cookie: wrong-value\n"
    "  - answer: right\n"
    "    expect: {status: 503}\n"
    "  - request: {auth: none, without: [app]}\n"
    "    expect: {status: 511}\n"
    "  - sleep: 1\n"
    "  - personality: ims\n"
    "  - login: {}\n"
    "    expect: {findings: [C-99]}\n"
    "  - raw: \"GET /?token=tok1&app=ap2004 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"\n"
    "    expect: {outcome: document}\n";

static void test_scenario_plays_its_steps(void **state)
{
    static const char *const arguments[] = {"scenario", "story-file", "--set", "unused=1", NULL};
    const char *text;

    write_text(file_path, good_scenario);
    call(ecs_sim_cmd_scenario, out_path, arguments);
    text = read_file(*state, out_path);
    /* the login asks for what the device has: ap2004 and ap2005, so nothing is missing and C-31 is not found
     */
    if (!strstr(text, "not ok 19 - login"))
        fail_msg("%s", text);
    assert_non_null(strstr(text, "the finding C-99 is not there"));
    assert_non_null(strstr(text, "ok 20 - raw GET /?token=tok1&app=ap2004 HTTP/1.1\n1..20\n"));
    assert_int_equal(strstr(strstr(text, "not ok") + 1, "not ok") == NULL, 1); /* the only one */
}

static void test_scenario_says_what_is_wrong_with_the_file(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"steps: []\n", "has no steps"},
        {"device: {imsi: \"${nobody}\"}\nsteps: [{login: {}}]\n", "${nobody} is not set"},
        {"device: {colour: red}\nsteps: [{login: {}}]\n", "unknown"},
        {"steps: [{dance: {}}]\n", "there is no step dance"},
        {"steps: [{sleep: 60001}]\n", "60000"},
        {"steps: [{request: {auth: magic}}]\n", "auth is"},
        {"steps: [{request: {autth: eap}}]\n", "autth is not known"},
        {"steps: [{request: {auth: none}, expect: {stattus: 1}}]\n", "no expectation stattus"},
        {"steps: [{request: {auth: none}, expect: {status: 200}}]\n", "wanted 200, got 511"},
        {"steps: [{node: 2}]\n", "node is 1 or 2"},
        {"steps: [{cookie: quoted}]\n", "no cookie"},
        {"steps: [\n", "not well-formed"},
    };
    static const char *const arguments[] = {"scenario", "story-file", NULL};

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        write_text(file_path, rows[i].text);
        assert_true(call(ecs_sim_cmd_scenario, out_path, arguments) > 0);
        if (!strstr(read_file(*state, out_path), rows[i].part))
            fail_msg("%s: %s", rows[i].part, read_file(*state, out_path));
    }
    unlink(file_path);
}

static void test_load_runs_verify_every_answer(void **state)
{
    static const struct {
        const char *const arguments[8];
        const char *part;
    } rows[] = {
        {{"prepare", "--subscribers=story-subs", "--connections=4", "--tokens-out=story-tokens",
          "--paths-out=story-paths", NULL},
         "\"jobs\":10,"},
        {{"load", "--subscribers=story-tokens", "--connections=4", "--requests=200", NULL}, "\"jobs\":200,"},
        {{"load", "--subscribers=story-tokens", "--mode=mixed", "--mix=5", "--connections=4", "--requests=40",
          NULL},
         "\"jobs\":40,"},
        {{"load", "--subscribers=story-tokens", "--mode=resume", "--connections=2", "--requests=12", NULL},
         "\"resumed\":10,\"not_resumed\":0"},
        {{"load", "--mode=handshake", "--connections=2", "--requests=10", NULL}, "\"handshakes\":10,"},
        {{"load", "--subscribers=story-tokens", "--rate=200", "--poisson", "--requests=30", "--warm-up=50",
          NULL},
         "\"jobs\":3"},
        {{"delay-finished", "--delay=20", "--connections=4", "--requests=8", NULL}, "\"jobs\":8,"},
        {{"delay-finished", "--delay=20", "--subscribers=story-tokens", "--requests=8", "--fresh", NULL},
         "\"requests\":8,"},
    };
    FILE *file = fopen("story-subs", "w");

    for (unsigned i = 0; i < 10; i++)
        fprintf(file, "00101000000%04u,465b5ce8b199b49faa5f0a2ee238a6bc,cd63cb71954a9f4e48a5994e37a02baf\n",
                i);
    fclose(file);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        int rc = call(ecs_sim_cmd_load, out_path, rows[i].arguments);
        const char *text = read_file(*state, out_path);

        if (rc || !strstr(text, rows[i].part))
            fail_msg("row %zu, exit %d: %s", i, rc, text);
    }
    assert_true(
        !strncmp(read_file(*state, "story-paths"), "/?IMSI=001010000000000&token=tok00101000000", 43));
    unlink("story-subs");
    unlink("story-tokens");
    unlink("story-paths");
}

static void test_load_counts_wrong_keys_and_refuses_far_servers(void **state)
{
    static const char *const wrong[] = {"prepare", "--subscribers=story-subs", NULL};
    static const char *const far[] = {"load", "--mode=handshake", "--url=https://192.0.2.1", NULL};
    static const char *const refused[] = {"load", "--mode=handshake", "--url=https://ecs.test:1",
                                          "--requests=20", NULL};

    write_text("story-subs",
               "001010000000001,465b5ce8b199b49faa5f0a2ee238a6bd,cd63cb71954a9f4e48a5994e37a02baf\n");
    assert_int_equal(call(ecs_sim_cmd_load, out_path, wrong), 4);
    assert_non_null(strstr(read_file(*state, out_path), "\"sim\":1"));
    assert_int_equal(call(ecs_sim_cmd_load, out_path, far), 1);
    assert_non_null(strstr(read_file(*state, out_path), "--allow-remote"));
    assert_int_equal(call(ecs_sim_cmd_load, out_path, refused), 4);
    assert_non_null(strstr(read_file(*state, out_path), "\"connect\":20"));
    unlink("story-subs");
}

static void test_half_open_sockets_are_counted(void **state)
{
    static const char *const arguments[] = {"half-open", "--count=20", "--seconds=1", "--drip=100", NULL};

    assert_int_equal(call(ecs_sim_cmd_half_open, out_path, arguments), 0);
    assert_non_null(strstr(read_file(*state, out_path), "\"opened\":20,\"refused\":0"));
    unlink(out_path);
}

/* Files are made in a directory of this run alone. */
static int begin(void **state)
{
    static char directory[] = "/tmp/ecs-story-XXXXXX";

    if (!mkdtemp(directory) || chdir(directory))
        return -1;
    return mini_start(state);
}

static int end(void **state)
{
    char directory[200];
    const char *here = getcwd(directory, sizeof(directory));

    unlink(out_path);
    if (here && !chdir("/tmp"))
        rmdir(here);
    return mini_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENTENCE(test_every_client_logs_in),
        SENTENCE(test_secrets_are_shown_when_asked_for),
        SENTENCE(test_token_is_kept_used_and_replaced_after_511),
        SENTENCE(test_exit_codes_tell_what_happened),
        SENTENCE(test_scenario_plays_its_steps),
        SENTENCE(test_scenario_says_what_is_wrong_with_the_file),
        SENTENCE(test_load_runs_verify_every_answer),
        SENTENCE(test_load_counts_wrong_keys_and_refuses_far_servers),
        SENTENCE(test_half_open_sockets_are_counted),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
