/* SPDX-License-Identifier: Apache-2.0 */
/* Our Diameter client against freeDiameter: a server with the extension tests/tools/fd_aaa.c behind two
 * relays. Skipped, with the reason, where Debian's packages freediameterd, freediameter-extensions and
 * libfreediameter-dev are not installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "diameter_rig.h"

enum { SERVER, RELAY_ONE, RELAY_TWO, DAEMONS, PARALLEL = 16 };

static const char *const identities[DAEMONS] = {"s.home.test", "r1.test", "r2.test"};
static char dir[64];
static const char *missing; /* package that is not there */
static pid_t daemons[DAEMONS];
static unsigned ports[DAEMONS], tls_port;

static unsigned free_port(void)
{
    struct dd probe;
    unsigned port;

    dd_open(&probe, loop, "probe", 0);
    port = probe.port;
    dd_kill(&probe);
    return port;
}

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
    char command[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    assert_int_equal(system(command), 0);
}

/* issuer NULL: an authority. */
static void make_certificate(const char *name, const char *issuer)
{
    char by[300] = "";

    if (issuer)
        snprintf(by, sizeof(by), "-CA %s/%s.pem -CAkey %s/%s.key -addext subjectAltName=DNS:%s", dir, issuer,
                 dir, issuer, name);
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=%s -days 2 "
        "-keyout %s/%s.key -out %s/%s.pem %s 2>/dev/null",
        name, dir, name, dir, name, by);
}

static void write_config(int which)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s.conf", dir, identities[which]);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "Identity = \"%s\";\nRealm = \"%s\";\nPort = %u;\nSecPort = %u;\n", identities[which],
            which == SERVER ? "home.test" : "test", ports[which], which == SERVER ? tls_port : 0);
    fprintf(f, "No_SCTP;\nNo_IPv6;\nListenOn = \"127.0.0.1\";\nTwTimer = 6;\nTcTimer = 1;\n");
    /* It does not start without a certificate of its name, also when it speaks no TLS. */
    fprintf(f, "TLS_Cred = \"%s/%s.pem\", \"%s/%s.key\";\nTLS_CA = \"%s/authority.pem\";\n", dir,
            identities[which], dir, identities[which], dir);
    fprintf(f, "LoadExtension = \"acl_wl.fdx\" : \"%s/acl.conf\";\n", dir);
    if (which == SERVER)
        fprintf(f,
                "LoadExtension = \"dict_nasreq.fdx\";\nLoadExtension = \"dict_eap.fdx\";\n"
                "LoadExtension = \"%s/fd_aaa.fdx\" : \"%s/notes\";\n",
                dir, dir);
    else
        fprintf(f, "ConnectPeer = \"s.home.test\" { ConnectTo = \"127.0.0.1\"; Port = %u; No_TLS; };\n",
                ports[SERVER]);
    fclose(f);
}

static void start(int which)
{
    char conf[128], log[128];

    snprintf(conf, sizeof(conf), "%s/%s.conf", dir, identities[which]);
    snprintf(log, sizeof(log), "%s/%s.log", dir, identities[which]);
    daemons[which] = fork();
    if (daemons[which] == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        dup2(fd, 1);
        dup2(fd, 2);
        execl("/usr/bin/freeDiameterd", "freeDiameterd", "-c", conf, (char *)NULL);
        _exit(127);
    }
    assert_true(daemons[which] > 0);
}

static void stop(int which, int how)
{
    int status;

    if (daemons[which] <= 0)
        return;
    kill(daemons[which], how);
    assert_int_equal(waitpid(daemons[which], &status, 0), daemons[which]);
    daemons[which] = 0;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/ecs-diameter-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    missing = access("/usr/bin/freeDiameterd", X_OK)                  ? "freediameterd"
              : access("/usr/lib/freeDiameter/acl_wl.fdx", R_OK)      ? "freediameter-extensions"
              : access("/usr/include/freeDiameter/extension.h", R_OK) ? "libfreediameter-dev"
                                                                      : NULL;
    if (missing)
        return 0;
    loop = ecs_loop_new();
    run("cc -shared -fPIC -o %s/fd_aaa.fdx %s/tests/tools/fd_aaa.c", dir, ECS_SOURCE_DIR);
    run("echo 'ALLOW_IPSEC *.test' > %s/acl.conf; echo 'ALLOW_IPSEC *.home.test' >> %s/acl.conf", dir, dir);
    make_certificate("authority", NULL);
    make_certificate("other", NULL);
    for (int i = 0; i < DAEMONS; i++) {
        ports[i] = free_port();
        make_certificate(identities[i], "authority");
    }
    tls_port = free_port();
    make_certificate("ecs.test", "authority");
    ecs_loop_free(loop);
    for (int i = 0; i < DAEMONS; i++) {
        write_config(i);
        start(i);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < DAEMONS; i++)
        stop(i, SIGKILL);
    run("rm -rf %s", dir);
    return 0;
}

static struct ecs_diameter_peer_conf row_of(const char *name, int which)
{
    return (struct ecs_diameter_peer_conf){.name = name,
                                           .host = "127.0.0.1",
                                           .port = (uint16_t)ports[which],
                                           .identity = identities[which],
                                           .watchdog_ms = 600,
                                           .reconnect_ms = 400,
                                           .stats = which == RELAY_ONE ? &stats_one : &stats_two};
}

/* peers: the relays, or the server itself. */
static void use(bool relays)
{
    struct ecs_diameter_peer_conf rows[2] = {row_of("r1", RELAY_ONE), row_of("r2", RELAY_TWO)};
    static const struct ecs_diameter_route routes[] = {{"home.test", 0, "r1", 1, 1},
                                                       {"home.test", 0, "r2", 1, 1}};
    struct ecs_diameter_peer_conf server = row_of("s", SERVER);
    static const struct ecs_diameter_route to_server = {"home.test", 0, "s", 1, 1};

    asked_application = ECS_DIAMETER_APP_EAP;
    if (relays)
        set_rows(rows, 2, routes, 2);
    else
        set_rows(&server, 1, &to_server, 1);
}

/* User-Name and, from the second round on, State. */
static void begin(struct asked *a, const char *user, const char *eap_state)
{
    ask_prepare(a, "home.test", NULL);
    ecs_diameter_put(&a->avps, ECS_AVP_USER_NAME, ecs_str_of(user));
    if (eap_state)
        ecs_diameter_put(&a->avps, ECS_AVP_STATE, ecs_str_of(eap_state));
    ask_start(a);
}

static bool is_good(const struct asked *a)
{
    struct ecs_str host;

    return a->answer.rc == ECS_OK && a->answer.fault == ECS_DIAMETER_FAULT_NONE &&
           ecs_diameter_missing(&a->answer.message) == ECS_AVP_UNKNOWN &&
           ecs_diameter_get(a->answer.message.avps, ECS_AVP_ORIGIN_HOST, &host) &&
           ecs_str_eq(host, ECS_STR("s.home.test"));
}

/* The relays find the server some time after they have started: until then they say 3002. */
static void wait_for_the_server(void)
{
    int64_t end = ecs_clock_mono_us() + 20000000;
    struct asked a;

    while (stats_one.ok < 3 || stats_two.ok < 3) {
        begin(&a, "user@home.test", NULL);
        TURN_UNTIL(a.done);
        ask_free(&a);
        turn_for(20);
        assert_true(ecs_clock_mono_us() < end);
    }
}

static void wait_in_service(const char *name)
{
    int64_t end = ecs_clock_mono_us() + 20000000;

    while (view_of(name).state != ECS_DIAMETER_OKAY && ecs_clock_mono_us() < end)
        turn_for(50);
    if (view_of(name).state != ECS_DIAMETER_OKAY)
        fail_msg("%s is %s: %s", name, ecs_diameter_state_name(view_of(name).state), view_of(name).reason);
}

static void skip_without_packages(void)
{
    if (!missing)
        return;
    print_message("package %s is not installed: nothing was tested\n", missing);
    skip();
}

/* proves: E-029 */
static void test_freediameter_answers_two_rounds_and_watchdogs(void **state)
{
    struct asked a;
    struct ecs_str data;

    (void)state;
    skip_without_packages();
    use(false);
    wait_in_service("s");
    begin(&a, "user@home.test", NULL);
    TURN_UNTIL(a.done);
    assert_true(is_good(&a));
    assert_int_equal(a.answer.result.meaning, ECS_DIAMETER_MEANS_MORE);
    assert_true(ecs_diameter_get(a.answer.message.avps, ECS_AVP_EAP_PAYLOAD, &data));
    assert_true(ecs_str_eq(data, ECS_STR("\x01\x02\0\x05\x01")));
    ask_free(&a);
    begin(&a, "user@home.test", "round");
    TURN_UNTIL(a.done);
    assert_true(is_good(&a));
    assert_int_equal(a.answer.result.code, ECS_DIAMETER_SUCCESS);
    ask_free(&a);
    turn_for(2500); /* four watchdogs or so: an unanswered one would make it suspect */
    assert_int_equal(view_of("s").state, ECS_DIAMETER_OKAY);
    assert_true(view_of("s").state_s >= 1);
}

static void test_freediameter_speaks_tls_with_us(void **state)
{
    struct ecs_diameter_peer_conf row = row_of("s", SERVER);
    static const struct ecs_diameter_route route = {"home.test", 0, "s", 1, 1};
    char ca[128], cert[128], key[128], wrong[128];
    struct asked a;

    (void)state;
    skip_without_packages();
    snprintf(ca, sizeof(ca), "%s/authority.pem", dir);
    snprintf(wrong, sizeof(wrong), "%s/other.pem", dir);
    snprintf(cert, sizeof(cert), "%s/ecs.test.pem", dir);
    snprintf(key, sizeof(key), "%s/ecs.test.key", dir);
    row.port = (uint16_t)tls_port;
    row.tls = true;
    row.ca_file = wrong;
    row.cert_file = cert;
    row.key_file = key;
    set_rows(&row, 1, &route, 1);
    TURN_UNTIL(strstr(view_of("s").reason, "certificate")); /* not the authority that we trust */
    row.ca_file = ca;
    set_rows(&row, 1, &route, 1);
    wait_in_service("s");
    begin(&a, "user@home.test", "round");
    TURN_UNTIL(a.done);
    assert_true(is_good(&a));
    ask_free(&a);
}

/* proves: E-029 */
static void test_a_relay_that_is_killed_under_load_costs_no_request(void **state)
{
    static struct asked a[PARALLEL];
    unsigned finished = 0, moved = 0;
    uint64_t before;
    enum { ALL = 1500, KILL_AT = 400 };

    (void)state;
    skip_without_packages();
    use(true);
    wait_in_service("r1");
    wait_in_service("r2");
    wait_for_the_server();
    before = view_of("r1").failovers; /* while it had no server */
    for (int i = 0; i < PARALLEL; i++)
        begin(&a[i], "user@home.test", "round");
    while (finished < ALL) {
        assert_int_equal(ecs_loop_turn(loop, 2000), ECS_OK);
        for (int i = 0; i < PARALLEL; i++) {
            if (!a[i].done)
                continue;
            if (!is_good(&a[i]))
                fail_msg("request %u: rc %d, result %u, %s", finished, a[i].answer.rc,
                         a[i].answer.result.code, a[i].answer.error ? a[i].answer.error : "");
            moved += a[i].answer.attempts > 1;
            ask_free(&a[i]);
            begin(&a[i], "user@home.test", "round");
            if (++finished == KILL_AT)
                stop(RELAY_ONE, SIGKILL);
        }
    }
    for (int i = 0; i < PARALLEL; i++) {
        TURN_UNTIL(a[i].done);
        moved += a[i].answer.attempts > 1;
        ask_free(&a[i]);
    }
    assert_true(stats_one.ok > 50 && stats_two.ok > ALL / 2); /* both worked, then one of them alone */
    assert_int_equal(moved, view_of("r1").failovers - before);
    assert_true(moved >= 1);
    print_message("%u requests, %u went to the other relay\n", finished, moved);
    start(RELAY_ONE);
    TURN_UNTIL(view_of("r1").state == ECS_DIAMETER_REOPEN);
    wait_in_service("r1"); /* three watchdogs later */
}

static struct ecs_str aborted;
static char aborted_session[100];

static bool on_abort(void *arg, struct ecs_diameter_inbound *inbound, const struct ecs_diameter_message *m)
{
    struct ecs_str session = {0};

    (void)arg;
    if (m->command != ECS_DIAMETER_ABORT_SESSION || !ecs_diameter_get(m->avps, ECS_AVP_SESSION_ID, &session))
        return false;
    snprintf(aborted_session, sizeof(aborted_session), "%.*s", ECS_FMT(session));
    aborted = ecs_str_of(aborted_session);
    ecs_diameter_reply(inbound, ECS_DIAMETER_SUCCESS, ECS_STR_NULL);
    return true;
}

static int open_with_abort(void **state)
{
    hooks.on_request = on_abort;
    return rig_open(state);
}

static int close_with_abort(void **state)
{
    hooks = (struct ecs_diameter_hooks){0};
    return rig_close(state);
}

static bool is_noted(const char *line)
{
    char path[128], text[200] = "";
    FILE *f;

    snprintf(path, sizeof(path), "%s/notes", dir);
    f = fopen(path, "r");
    if (f && !fgets(text, sizeof(text), f))
        text[0] = '\0';
    if (f)
        fclose(f);
    return strcmp(text, line) == 0;
}

static void test_an_abort_comes_back_through_the_relay_and_is_answered(void **state)
{
    struct asked a;
    struct ecs_str session;

    (void)state;
    skip_without_packages();
    use(true);
    wait_in_service("r1");
    wait_in_service("r2");
    wait_for_the_server();
    begin(&a, "abort@home.test", NULL);
    TURN_UNTIL(a.done && aborted.n);
    assert_true(ecs_diameter_get(a.ask.message.avps, ECS_AVP_SESSION_ID, &session));
    assert_true(ecs_str_eq(session, aborted));
    TURN_UNTIL(is_noted("asa 2001\n")); /* the server has got our answer */
    ask_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_freediameter_answers_two_rounds_and_watchdogs, rig_open,
                                        rig_close),
        cmocka_unit_test_setup_teardown(test_freediameter_speaks_tls_with_us, rig_open, rig_close),
        cmocka_unit_test_setup_teardown(test_a_relay_that_is_killed_under_load_costs_no_request, rig_open,
                                        rig_close),
        cmocka_unit_test_setup_teardown(test_an_abort_comes_back_through_the_relay_and_is_answered,
                                        open_with_abort, close_with_abort),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
