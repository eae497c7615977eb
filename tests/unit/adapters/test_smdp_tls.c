/* SPDX-License-Identifier: Apache-2.0 */
/* ES2+ is mutual TLS: our certificate is shown, theirs is checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "smdp_rig.h"

#include "smdp_double.h"

static char dir[64], files[6][96];
enum { CA, SERVER, SERVER_KEY, CLIENT, CLIENT_KEY, STRANGER };

ECS_PRINTF(1, 2) static void run(const char *format, ...)
{
    char command[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static void make(const char *name, const char *subject, const char *san)
{
    run("cd %s && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj %s -keyout %s.key "
        "-out %s.csr "
        "2>/dev/null && printf 'subjectAltName=%s' > ext && openssl x509 -req -in %s.csr -CA ca.pem -CAkey "
        "ca.key "
        "-CAcreateserial -days 2 -extfile ext -out %s.pem 2>/dev/null",
        dir, subject, name, name, san, name, name);
}

static int set_up(void **state)
{
    static const char *const names[] = {"ca.pem",     "server.pem", "server.key",
                                        "client.pem", "client.key", "stranger.pem"};
    const char *args[] = {"--cert",      files[SERVER], "--key",   files[SERVER_KEY],
                          "--client-ca", files[CA],     "--no-h2", NULL};

    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/ecs-smdp-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    for (size_t i = 0; i < ECS_ARRAY_LEN(names); i++)
        snprintf(files[i], sizeof(files[i]), "%s/%s", dir, names[i]);
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout "
        "%s/ca.key "
        "-out %s/ca.pem 2>/dev/null",
        dir, dir);
    make("server", "/CN=smdp", "DNS:localhost");
    make("client", "/O=Example/CN=ecs", "DNS:ecs.example.com");
    run("cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ecs "
        "-keyout "
        "s.key -out s.pem 2>/dev/null && cat s.key s.pem > stranger.pem",
        dir);
    double_start(&smdp_double, args);
    snprintf(smdp_url, sizeof(smdp_url), "https://localhost:%u/", smdp_double.port);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    double_stop(&smdp_double);
    run("rm -r %s", dir);
    return 0;
}

static void test_our_certificate_is_shown_and_theirs_is_checked(void **state)
{
    struct smdp_rig x = {.conf = {smdp_es2_conf(smdp_url)}}, wrong = {.conf = {smdp_es2_conf(smdp_url)}};
    struct smdp_asked a = {
        .order = {.call_id = ECS_STR("ecs-1-1"), .iccid = ECS_STR(ICCID), .eid = ECS_STR(EID)}};
    json_t *log;

    (void)state;
    x.conf[0].ca_file = files[CA];
    x.conf[0].certificate = files[CLIENT];
    x.conf[0].key = files[CLIENT_KEY];
    smdp_open(&x);
    smdp_rules(&x,
               "[{'headers':{'Content-Type':'application/json','X-Admin-Protocol':'gsma/rsp/v2.5.0'},'json':"
               "{'header':{'functionExecutionStatus':{'status':'Executed-Success'}},'iccid':'" ICCID "'}}]");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_OK);
    assert_false(a.result.warning);
    log = smdp_log(&x);
    assert_non_null(strstr(smdp_at(json_array_get(log, 0), "client"), "ecs"));
    json_decref(log);

    wrong.conf[0].ca_file = files[CA];
    wrong.conf[0].certificate = files[STRANGER]; /* key in the same file */
    smdp_open(&wrong);
    smdp_run(&wrong, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_AGAIN);
    smdp_close(&wrong);

    wrong.conf[0].ca_file = files[STRANGER];
    wrong.conf[0].certificate = files[CLIENT];
    wrong.conf[0].key = files[CLIENT_KEY];
    smdp_open(&wrong);
    smdp_run(&wrong, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_AGAIN);
    assert_non_null(strstr(a.result.why, "certificate"));
    smdp_close(&wrong);

    log = smdp_log(&x);
    assert_int_equal(json_array_size(log), 1);
    json_decref(log);
    smdp_free(&a);
    smdp_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_our_certificate_is_shown_and_theirs_is_checked),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
