/* SPDX-License-Identifier: Apache-2.0 */
/* The product's RADIUS client for tests with servers of other makers: each line of standard input is one
 * request, each line of output what became of it. radius_ask [--accounting] [--status] [--first-ms N]
 * [--total-ms N] [--ca FILE] --secret S --server NAME:PORT[:tls] ... eap IDENTITY EAP STATE SERVER (hex; "-":
 * none) -> verdict, server, eap, state, user record STATUS SESSION USER CLASS       STATUS a number  -> done,
 * server turn MS                                                 -> "end" view -> a line per server, then
 * "end" */
#include <stdio.h>
#include <stdlib.h>

#include "ecs/clock.h"
#include "ecs/radius_client.h"
#include "ecs/radius_relay.h"

enum { SERVERS = 4, WORDS = 8 };

struct asking {
    struct ecs_radius *radius;
    struct ecs_radius_request request;
    struct ecs_radius_answer answer;
    bool ended;
};

static struct ecs_loop *loop;
static const char *secret, *ca, *cert, *key; /* of the command line */

static enum ecs_next ask(struct ecs_flow *f)
{
    struct asking *a = f->self;

    return ecs_radius_ask(f, a->radius, &a->request, &a->answer);
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step steps[] = {{"ask", ask, 60000}, {"finish", finish, 0}, {0}};

static void on_end(struct ecs_flow *f)
{
    struct asking *a = f->self;

    a->ended = true;
}

static void run(struct asking *a, struct ecs_arena *arena)
{
    struct ecs_flow flow;

    ecs_flow_start(&flow, loop, arena, NULL, steps, a, on_end);
    while (!a->ended)
        if (ecs_loop_turn(loop, 100000) != ECS_OK)
            exit(3);
    if (a->answer.rc)
        printf("error %s %s\n", ecs_rc_name(a->answer.rc), a->answer.error);
}

static struct ecs_str unhex(struct ecs_arena *arena, const char *word)
{
    size_t n = strlen(word) / 2;
    char *bytes = ecs_alloc(arena, n + 1);

    if (strcmp(word, "-") == 0)
        return ECS_STR_NULL;
    if (!bytes || !ecs_hex_decode(ecs_str_of(word), (uint8_t *)bytes, n))
        exit(3);
    return (struct ecs_str){bytes, n};
}

static void print_hex(const char *name, struct ecs_str bytes)
{
    printf(" %s ", name);
    for (size_t i = 0; i < bytes.n; i++)
        printf("%02x", (uint8_t)bytes.p[i]);
    printf("%s", bytes.n ? "" : "-");
}

static void do_eap(struct ecs_radius *radius, struct ecs_arena *arena, char *const word[])
{
    static const char *const verdicts[] = {"more", "repeat", "accepted", "rejected", "broken"};
    struct ecs_radius_eap_round round = {.identity = ecs_str_of(word[1]),
                                         .eap = unhex(arena, word[2]),
                                         .state = unhex(arena, word[3]),
                                         .nas_identifier = ECS_STR("ecs.test"),
                                         .service_type = ECS_RADIUS_SERVICE_AUTHENTICATE_ONLY,
                                         .nas_port_type = ECS_RADIUS_PORT_VIRTUAL,
                                         .framed_mtu = 1020};
    struct asking a = {.radius = radius, .request.code = ECS_RADIUS_ACCESS_REQUEST};
    struct ecs_radius_judgement j;
    struct ecs_buf attrs = {0};

    if (!ecs_radius_put_eap_round(&attrs, &round)) {
        printf("error - the round cannot be written\n");
        return;
    }
    a.request.attrs = ecs_buf_str(&attrs);
    a.request.server = strcmp(word[4], "-") ? word[4] : NULL;
    run(&a, arena);
    ecs_buf_done(&attrs);
    if (a.answer.rc)
        return;
    ecs_radius_judge(a.answer.code, a.answer.attrs, false, arena, &j);
    printf("%s %s", verdicts[j.verdict], a.answer.server);
    print_hex("eap", j.eap);
    print_hex("state", j.state);
    print_hex("user", j.user_name);
    print_hex("class", j.class);
    printf("\n");
}

static void do_record(struct ecs_radius *radius, struct ecs_arena *arena, char *const word[])
{
    struct ecs_radius_record record = {.status = (enum ecs_radius_status)atoi(word[1]),
                                       .session_id = ecs_str_of(word[2]),
                                       .user_name = ecs_str_of(word[3]),
                                       .class = unhex(arena, word[4]),
                                       .nas_identifier = ECS_STR("ecs.test"),
                                       .nas_port_type = ECS_RADIUS_PORT_VIRTUAL,
                                       .event_time = 1700000000,
                                       .session_s = 5,
                                       .terminate_cause = ECS_RADIUS_CAUSE_USER_REQUEST};
    struct asking a = {.radius = radius, .request.code = ECS_RADIUS_ACCOUNTING_REQUEST};
    struct ecs_buf attrs = {0};

    if (!ecs_radius_put_record(&attrs, &record)) {
        printf("error - the record cannot be written\n");
        return;
    }
    a.request.attrs = ecs_buf_str(&attrs);
    run(&a, arena);
    ecs_buf_done(&attrs);
    if (!a.answer.rc)
        printf("done %s\n", a.answer.server);
}

static void do_view(const struct ecs_radius *radius)
{
    struct ecs_radius_view views[SERVERS];
    size_t n = ecs_radius_view(radius, views, SERVERS);

    for (size_t i = 0; i < n; i++)
        printf("%s dead %d status %d repetitions %llu discarded %llu reason %s\n", views[i].name,
               views[i].dead, views[i].answers_status, (unsigned long long)views[i].repetitions,
               (unsigned long long)views[i].discarded, views[i].reason);
    printf("end\n");
}

/* "turn MS": time for what happens by itself (Status-Server). */
static void do_turn(const char *ms)
{
    for (int64_t end = ecs_clock_mono_us() + atoi(ms) * 1000LL; ecs_clock_mono_us() < end;)
        if (ecs_loop_turn(loop, 10000) != ECS_OK)
            exit(3);
    printf("end\n");
}

static void serve(struct ecs_radius *radius)
{
    static char line[20000];

    while (fgets(line, sizeof(line), stdin)) {
        struct ecs_arena *arena = ecs_arena_new(NULL, 0);
        char *word[WORDS] = {NULL}, *rest = NULL;
        size_t n = 0;

        for (char *w = strtok_r(line, " \n", &rest); w && n < WORDS; w = strtok_r(NULL, " \n", &rest))
            word[n++] = w;
        if (n == 5 && strcmp(word[0], "eap") == 0)
            do_eap(radius, arena, word);
        else if (n == 5 && strcmp(word[0], "record") == 0)
            do_record(radius, arena, word);
        else if (n == 2 && strcmp(word[0], "turn") == 0)
            do_turn(word[1]);
        else
            do_view(radius);
        fflush(stdout);
        ecs_arena_free(arena);
    }
}

/* NAME:PORT[:tls] */
static struct ecs_radius_server_conf read_server(char *text, unsigned priority)
{
    char *port = strchr(text, ':'), *tls = port ? strchr(port + 1, ':') : NULL;
    struct ecs_radius_server_conf row = {.name = text, .host = "127.0.0.1", .priority = priority};

    if (!port)
        exit(2);
    *port = '\0';
    row.port = (uint16_t)atoi(port + 1);
    row.secret = ecs_str_of(secret);
    if (!tls)
        return row;
    row.tls = true;
    row.secret = ECS_STR_NULL;
    row.ca_file = ca;
    row.cert_file = cert;
    row.key_file = key;
    row.tls_name = "localhost";
    return row;
}

/* False: not understood. */
static bool read_option(const char *name, char *value, struct ecs_radius_conf *conf,
                        struct ecs_radius_server_conf *rows)
{
    const struct {
        const char *name, **to;
    } texts[] = {{"--secret", &secret}, {"--ca", &ca}, {"--cert", &cert}, {"--key", &key}};

    for (size_t i = 0; i < ECS_ARRAY_LEN(texts); i++)
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].to = value;
            return true;
        }
    if (strcmp(name, "--first-ms") == 0) {
        conf->first_ms = (uint32_t)atoi(value);
        return true;
    }
    if (strcmp(name, "--total-ms") == 0) {
        conf->total_ms = (uint32_t)atoi(value);
        return true;
    }
    if (strcmp(name, "--server") || conf->servers_n == SERVERS)
        return false;
    rows[conf->servers_n] = read_server(value, (unsigned)conf->servers_n);
    conf->servers_n++;
    return true;
}

int main(int argc, char **argv)
{
    struct ecs_radius_server_conf rows[SERVERS];
    struct ecs_radius_conf conf = {.servers = rows, .total_ms = 8000, .nas_identifier = "ecs.test"};
    struct ecs_radius *radius;
    char err[300];

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--accounting") == 0)
            conf.use = ECS_RADIUS_ACCOUNTING;
        else if (strcmp(argv[i], "--status") == 0)
            conf.status_server = true;
        else if (i + 1 == argc || !read_option(argv[i], argv[i + 1], &conf, rows))
            return 2;
        else
            i++;
    }
    loop = ecs_loop_new();
    radius = loop ? ecs_radius_new(loop, &conf, err, sizeof(err)) : NULL;
    if (!radius) {
        fprintf(stderr, "radius_ask: %s\n", loop ? err : "no loop");
        return 2;
    }
    printf("ready\n");
    fflush(stdout);
    serve(radius);
    ecs_radius_free(radius);
    ecs_loop_free(loop);
    return 0;
}
