/* SPDX-License-Identifier: Apache-2.0 */
/* Calls over TLS and HTTP/2: who is trusted, client certificates, multiplexing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "neighbour_fixture.h"

enum { PARALLEL = 40 };

static char dir[64];
static struct http_double h2, h1, few, mutual;

static const char *file(const char *name)
{
    static char path[8][128];
    static unsigned turn;
    char *p = path[turn++ % 8];

    snprintf(p, 128, "%s/%s", dir, name);
    return p;
}

/* NAME.pem: key and self-signed certificate. */
static void make_cert(const char *name, const char *san)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
    char base[32];
    FILE *f;

    assert_true(key && x && ext);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    assert_true(X509_add_ext(x, ext, -1) && X509_sign(x, key, EVP_sha256()));
    snprintf(base, sizeof(base), "%s.pem", name);
    f = fopen(file(base), "w");
    assert_true(f && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) && PEM_write_X509(f, x) &&
                fclose(f) == 0);
    X509_EXTENSION_free(ext);
    X509_free(x);
    EVP_PKEY_free(key);
}

static int start_all(void **state)
{
    const char *args_h2[] = {"--cert", NULL, NULL}, *args_h1[] = {"--cert", NULL, "--no-h2", NULL},
               *args_few[] = {"--cert", NULL, "--streams", "3", NULL},
               *args_mutual[] = {"--cert", NULL, "--client-ca", NULL, NULL};

    start_plain(state);
    snprintf(dir, sizeof(dir), "/tmp/ecs-pool-XXXXXX");
    assert_non_null(mkdtemp(dir));
    make_cert("server", "DNS:localhost");
    make_cert("other", "DNS:localhost");
    make_cert("misnamed", "DNS:elsewhere.example");
    make_cert("client", "DNS:client.example");
    args_h2[1] = args_h1[1] = args_few[1] = args_mutual[1] = file("server.pem");
    args_mutual[3] = file("client.pem");
    double_start(&h2, args_h2);
    double_start(&h1, args_h1);
    double_start(&few, args_few);
    double_start(&mutual, args_mutual);
    return 0;
}

static int stop_all(void **state)
{
    char command[128];

    double_stop(&h2);
    double_stop(&h1);
    double_stop(&few);
    double_stop(&mutual);
    stop_plain(state);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

struct env {
    struct rig rig;
    struct ecs_neighbour *n;
    struct ecs_neighbour_stats stats;
};

static void env_open(struct env *e, struct ecs_neighbour_conf conf)
{
    memset(&e->stats, 0, sizeof(e->stats));
    rig_open(&e->rig);
    conf.stats = &e->stats;
    e->n = new_neighbour(&e->rig, conf);
}

static void env_close(struct env *e)
{
    ecs_neighbour_free(e->n);
    rig_close(&e->rig);
}

/* Outcome of one call with this configuration. */
static struct ecs_ask_answer outcome(struct ecs_neighbour_conf conf, const char *url)
{
    struct asked a = {0};
    struct env e;

    env_open(&e, conf);
    rig_ask(&e.rig, &a, e.n, "GET", url);
    asked_free(&a);
    env_close(&e);
    return a.answer;
}

static void test_the_server_must_be_trusted(void **state)
{
    struct ecs_ask_answer a;

    (void)state;
    a = outcome((struct ecs_neighbour_conf){.ca_file = file("server.pem")},
                url_at("https", &h1, "/status/200"));
    assert_int_equal(a.rc, ECS_OK);
    a = outcome((struct ecs_neighbour_conf){.ca_file = file("other.pem")},
                url_at("https", &h1, "/status/200"));
    assert_int_equal(a.rc, ECS_E_BACKEND);
    assert_string_equal(a.error, "its certificate is not trusted or has another name");
    a = outcome((struct ecs_neighbour_conf){0}, url_at("https", &h1, "/status/200"));
    assert_int_equal(a.rc, ECS_E_BACKEND); /* the system's list does not know it */
    a = outcome((struct ecs_neighbour_conf){.ca_file = file("missing.pem")},
                url_at("https", &h1, "/status/200"));
    assert_int_equal(a.rc, ECS_E_BACKEND);
    assert_string_equal(a.error, "the file of trusted certificates cannot be read");
}

static void test_the_name_in_the_certificate_must_fit(void **state)
{
    struct http_double d;
    struct ecs_ask_answer a;
    const char *args[] = {"--cert", file("misnamed.pem"), NULL};

    (void)state;
    double_start(&d, args);
    a = outcome((struct ecs_neighbour_conf){.ca_file = file("misnamed.pem")},
                url_at("https", &d, "/status/200"));
    assert_int_equal(a.rc, ECS_E_BACKEND);
    double_stop(&d);
}

static void test_a_client_certificate_is_shown_when_there_is_one(void **state)
{
    struct ecs_neighbour_conf conf = {.ca_file = file("server.pem"), .cert_file = file("client.pem")};
    struct ecs_ask_answer a;
    struct env e;

    (void)state;
    for (int i = 0; i < 2; i++) {
        conf.http2 = i > 0;
        env_open(&e, conf);
        assert_non_null(strstr(rig_text(&e.rig, e.n, "GET", url_at("https", &mutual, "/echo"), NULL),
                               "\"client\": \"client\""));
        env_close(&e);
    }
    conf = (struct ecs_neighbour_conf){.ca_file = file("server.pem")};
    a = outcome(conf, url_at("https", &mutual, "/echo"));
    assert_int_equal(a.rc, ECS_E_BACKEND);
    conf.cert_file = file("other.pem");
    a = outcome(conf, url_at("https", &mutual, "/echo"));
    assert_int_equal(a.rc, ECS_E_BACKEND);
    conf.cert_file = file("client.pem");
    conf.key_file = file("other.pem"); /* does not belong to it */
    a = outcome(conf, url_at("https", &mutual, "/echo"));
    assert_int_equal(a.rc, ECS_E_BACKEND);
    assert_string_equal(a.error, "our client certificate or its key cannot be used");
}

static void test_http_1_is_spoken_unless_http_2_is_asked_for(void **state)
{
    struct env e;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){.ca_file = file("server.pem")});
    assert_non_null(
        strstr(rig_text(&e.rig, e.n, "GET", url_at("https", &h2, "/echo"), NULL), "\"http\": \"1.1\""));
    env_close(&e);
}

static void start_many(struct env *e, struct asked *a, const char *url)
{
    for (int i = 0; i < PARALLEL; i++) {
        a[i] = (struct asked){.n = e->n, .ask = {.method = "GET", .url = url}};
        asked_start(&e->rig, &a[i]);
    }
}

static void test_parallel_calls_share_one_http_2_connection(void **state)
{
    static struct asked a[PARALLEL];
    const char *json;
    struct env e;
    int before;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){.ca_file = file("server.pem"), .http2 = true});
    start_many(&e, a, url_at("https", &h2, "/slow/300"));
    for (int i = 0; i < PARALLEL; i++) {
        asked_wait(&e.rig, &a[i]);
        assert_int_equal(a[i].answer.status, 200);
        asked_free(&a[i]);
    }
    json = rig_text(&e.rig, e.n, "GET", url_at("https", &h2, "/_double/stats"), NULL);
    assert_in_range(number_in(json, "parallel"), PARALLEL / 2,
                    PARALLEL); /* all, unless the machine is busy */
    before = number_in(json, "connections");
    assert_int_equal(number_in(json, "open"), 1);
    rig_text(&e.rig, e.n, "GET", url_at("https", &h2, "/echo"), NULL);
    json = rig_text(&e.rig, e.n, "GET", url_at("https", &h2, "/_double/stats"), NULL);
    assert_int_equal(number_in(json, "connections"), before);
    env_close(&e);
}

static void test_a_peer_that_allows_few_streams_is_asked_in_turn(void **state)
{
    static struct asked a[PARALLEL];
    const char *json;
    struct env e;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){.ca_file = file("server.pem"), .http2 = true});
    start_many(&e, a, url_at("https", &few, "/slow/10"));
    for (int i = 0; i < PARALLEL; i++) {
        asked_wait(&e.rig, &a[i]);
        assert_int_equal(a[i].answer.rc, ECS_OK);
        asked_free(&a[i]);
    }
    json = rig_text(&e.rig, e.n, "GET", url_at("https", &few, "/_double/stats"), NULL);
    assert_in_range(number_in(json, "connections"), 1, 2);
    env_close(&e);
}

static void test_http_2_without_tls_is_begun_at_once(void **state)
{
    struct env e;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){.http2 = true});
    assert_non_null(strstr(rig_text(&e.rig, e.n, "GET", plain_url("/echo"), NULL), "\"http\": \"2\""));
    env_close(&e);
}

static void test_a_server_without_http_2_is_no_http_2_neighbour(void **state)
{
    struct ecs_neighbour_conf conf = {.ca_file = file("server.pem"), .http2 = true};
    struct ecs_ask_answer a = outcome(conf, url_at("https", &h1, "/status/200"));

    (void)state;
    assert_int_equal(a.rc, ECS_E_BACKEND);
    assert_string_equal(a.error, "it does not speak HTTP/2");
}

static void test_http_2_faults_hit_their_own_call_only(void **state)
{
    static const struct {
        const char *path;
        enum ecs_rc rc;
    } cases[] = {{"/mode/cut", ECS_E_BACKEND},     {"/status/429", ECS_OK},
                 {"/mode/interim", ECS_OK},        {"/mode/goaway", ECS_OK},
                 {"/mode/nothing", ECS_E_BACKEND}, {"/mode/garbage", ECS_E_BACKEND},
                 {"/bytes/60000", ECS_OK},         {"/bytes/70000", ECS_E_TOO_LARGE},
                 {"/mode/hang", ECS_E_TIMEOUT},    {"/headers/70/1", ECS_E_TOO_LARGE}};
    struct env e;

    (void)state;
    env_open(&e,
             (struct ecs_neighbour_conf){
                 .ca_file = file("server.pem"), .http2 = true, .breaker_failures = 100, .total_ms = 1000});
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct asked a = {0};

        rig_ask(&e.rig, &a, e.n, "GET", url_at("https", &h2, cases[i].path));
        if (a.answer.rc != cases[i].rc)
            fail_msg("%s: %d, %s", cases[i].path, a.answer.rc, a.answer.error ? a.answer.error : "no error");
        if (a.answer.rc == ECS_OK)
            assert_int_equal(a.answer.retry_after_s, -1);
        asked_free(&a);
        rig_text(&e.rig, e.n, "GET", url_at("https", &h2, "/echo"), NULL);
    }
    env_close(&e);
}

/* The server says goodbye to a connection with many streams under way, and closes it. */
static void test_calls_on_a_connection_that_ends_are_asked_again(void **state)
{
    static struct asked a[PARALLEL];
    struct env e;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){.ca_file = file("server.pem"), .http2 = true});
    rig_text(&e.rig, e.n, "GET", url_at("https", &h2, "/echo"), NULL);
    for (int i = 0; i < PARALLEL; i++) {
        a[i] = (struct asked){
            .n = e.n,
            .ask = {.method = "GET",
                    .url = url_at("https", &h2, i == PARALLEL / 2 ? "/mode/goaway" : "/slow/100")}};
        asked_start(&e.rig, &a[i]);
    }
    for (int i = 0; i < PARALLEL; i++) {
        asked_wait(&e.rig, &a[i]);
        if (a[i].answer.rc != ECS_OK)
            fail_msg("call %d: %s", i, a[i].answer.error);
        assert_int_equal(a[i].answer.status, 200);
        asked_free(&a[i]);
    }
    assert_int_equal(e.stats.ok, PARALLEL + 1);
    env_close(&e);
}

static void test_an_aborted_call_leaves_the_others_of_its_connection(void **state)
{
    static struct asked a[PARALLEL];
    struct env e;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){.ca_file = file("server.pem"), .http2 = true});
    start_many(&e, a, url_at("https", &h2, "/slow/150"));
    rig_turns(&e.rig, 60);
    for (int i = 0; i < PARALLEL; i += 2)
        ecs_flow_abort(&a[i].flow);
    for (int i = 0; i < PARALLEL; i++) {
        asked_wait(&e.rig, &a[i]);
        assert_true(a[i].done == (i % 2 == 1));
        if (a[i].done)
            assert_int_equal(a[i].answer.status, 200);
        asked_free(&a[i]);
    }
    assert_int_equal(e.stats.in_flight, 0);
    env_close(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_server_must_be_trusted),
        cmocka_unit_test(test_the_name_in_the_certificate_must_fit),
        cmocka_unit_test(test_a_client_certificate_is_shown_when_there_is_one),
        cmocka_unit_test(test_http_1_is_spoken_unless_http_2_is_asked_for),
        cmocka_unit_test(test_parallel_calls_share_one_http_2_connection),
        cmocka_unit_test(test_a_peer_that_allows_few_streams_is_asked_in_turn),
        cmocka_unit_test(test_http_2_without_tls_is_begun_at_once),
        cmocka_unit_test(test_a_server_without_http_2_is_no_http_2_neighbour),
        cmocka_unit_test(test_http_2_faults_hit_their_own_call_only),
        cmocka_unit_test(test_calls_on_a_connection_that_ends_are_asked_again),
        cmocka_unit_test(test_an_aborted_call_leaves_the_others_of_its_connection),
    };

    return cmocka_run_group_tests(tests, start_all, stop_all);
}
