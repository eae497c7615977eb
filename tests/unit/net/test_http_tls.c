/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of the HTTP server: versions, choice of certificate, tickets, change of certificates, faults in the
 * files. */
#include "http_certs.h"

static struct ecs_loop *loop;

static void handle(struct ecs_http_request *r)
{
    struct ecs_http_reply reply = {.status = 200, .body = r->tls ? ECS_STR("secure") : ECS_STR("plain")};

    if (ecs_str_eq(r->path, ECS_STR("/big"))) {
        reply.body.n = 500000;
        reply.body.p = ecs_alloc(r->arena, reply.body.n);
        assert_non_null(reply.body.p);
    } else if (r->body.n)
        reply.body = r->body;
    ecs_http_reply(r, &reply);
}

static struct ecs_http_tls *load(const char *const names[], size_t n, const char *ticket_key)
{
    struct ecs_http_cert_conf certs[4];
    struct ecs_http_tls_conf conf = {.certs = certs, .cert_count = n};
    char file[8][128], err[256] = "";
    struct ecs_http_tls *tls;

    for (size_t i = 0; i < n; i++) {
        snprintf(file[2 * i], 128, "%s/%s.crt", certs_dir, names[i]);
        snprintf(file[2 * i + 1], 128, "%s/%s.key", certs_dir, names[i]);
        certs[i] = (struct ecs_http_cert_conf){file[2 * i], file[2 * i + 1]};
    }
    conf.ticket_key_file = ticket_key ? certs_path(ticket_key) : NULL;
    tls = ecs_http_tls_load(&conf, err, sizeof(err));
    if (!tls)
        fail_msg("%s", err);
    return tls;
}

static int setup(void **state)
{
    static const char *const names[] = {"ec", "rsa", "other"};
    struct fixture *f = calloc(1, sizeof(*f));

    loop = ecs_loop_new();
    *state = f;
    if (!loop || !f)
        return 1;
    f->conf.tls = load(names, 3, "ticket");
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fixture_close(f);
    ecs_http_tls_unref(f->conf.tls);
    ecs_loop_free(loop);
    free(f);
    return 0;
}

static void expect_ok(struct client *c)
{
    struct answer a;

    client_ask(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "secure");
    answer_free(&a);
}

/* proves: P-069 */
static void test_only_tls_1_2_and_1_3_are_spoken(void **state)
{
    static const struct {
        int version;
        bool ok;
    } rows[] = {
        {TLS1_VERSION, false}, {TLS1_1_VERSION, false}, {TLS1_2_VERSION, true}, {TLS1_3_VERSION, true}};
    struct fixture *f = *state;

    fixture_open(f, loop, handle);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        SSL_CTX *ctx = client_ctx(rows[i].version);
        struct client c;

        client_open_tls(&c, f, ctx, "ec.example");
        assert_int_equal(client_handshake(&c), rows[i].ok);
        if (rows[i].ok) {
            assert_int_equal(SSL_version(c.ssl), rows[i].version);
            expect_ok(&c);
        }
        client_close(&c);
        SSL_CTX_free(ctx);
    }
    pump_until(f, &f->stats.connections_open, 0);
    assert_int_equal(atomic_load(&f->stats.handshakes_ok), 2);
    assert_int_equal(atomic_load(&f->stats.handshakes_failed), 2);
    assert_int_equal(atomic_load(&f->stats.handshakes_parked), 0);
}

static void test_server_order_and_groups_are_ours(void **state)
{
    struct fixture *f = *state;
    SSL_CTX *ctx = client_ctx(TLS1_3_VERSION);
    struct client c;

    fixture_open(f, loop, handle);
    SSL_CTX_set_ciphersuites(ctx,
                             "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256");
    client_open_tls(&c, f, ctx, NULL);
    assert_true(client_handshake(&c));
    assert_string_equal(SSL_get_cipher_name(c.ssl), "TLS_AES_128_GCM_SHA256");
    client_close(&c);
    SSL_CTX_set1_groups_list(ctx, "P-384");
    client_open_tls(&c, f, ctx, NULL);
    assert_true(client_handshake(&c)); /* by a second ClientHello */
    client_close(&c);
    SSL_CTX_free(ctx);
    ctx = client_ctx(TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(ctx, "AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA");
    client_open_tls(&c, f, ctx, NULL);
    assert_false(client_handshake(&c)); /* no forward secrecy over curves, or no AEAD */
    client_close(&c);
    SSL_CTX_free(ctx);
}

/* proves: X-010 */
static void test_without_sni_the_default_certificate_is_served(void **state)
{
    static const struct {
        const char *sni, *cert;
    } rows[] = {{NULL, "ec"},
                {"unknown.example", "ec"},
                {"EC.example", "ec"},
                {"other.example", "other"},
                {"a.wild.example", "other"},
                {"b.a.wild.example", "ec"}};
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct fixture *f = *state;

    fixture_open(f, loop, handle);
    for (size_t v = 0; v < 2; v++) {
        SSL_CTX *ctx = client_ctx(versions[v]);

        for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
            struct client c;

            client_open_tls(&c, f, ctx, rows[i].sni);
            assert_true(client_handshake(&c));
            assert_string_equal(client_cert_name(&c), rows[i].cert);
            expect_ok(&c);
            client_close(&c);
        }
        SSL_CTX_free(ctx);
    }
}

static void test_clients_get_a_certificate_that_they_can_verify(void **state)
{
    static const struct {
        int version;
        const char *sigalgs, *ciphers, *cert;
    } rows[] = {
        {TLS1_3_VERSION, "RSA-PSS+SHA256", NULL, "rsa"},
        {TLS1_3_VERSION, "RSA-PSS+SHA384:ecdsa_secp256r1_sha256", NULL, "ec"},
        {TLS1_2_VERSION, "RSA+SHA256", NULL, "rsa"},
        {TLS1_2_VERSION, "RSA-PSS+SHA512", NULL, "rsa"},
        {TLS1_2_VERSION, NULL, "ECDHE-RSA-AES128-GCM-SHA256", "rsa"},
        {TLS1_2_VERSION, NULL, "ECDHE-ECDSA-AES256-GCM-SHA384", "ec"},
        {TLS1_2_VERSION, "RSA+SHA384:RSA+SHA512", NULL, "rsa"},
        {TLS1_3_VERSION, "ed25519", NULL, NULL},
    };
    struct fixture *f = *state;

    fixture_open(f, loop, handle);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        SSL_CTX *ctx = client_ctx(rows[i].version);
        struct client c;

        if (rows[i].sigalgs)
            assert_int_equal(SSL_CTX_set1_sigalgs_list(ctx, rows[i].sigalgs), 1);
        if (rows[i].ciphers)
            assert_int_equal(SSL_CTX_set_cipher_list(ctx, rows[i].ciphers), 1);
        client_open_tls(&c, f, ctx, "ec.example");
        if (client_handshake(&c) != (rows[i].cert != NULL))
            fail_msg("row %zu", i);
        if (rows[i].cert)
            assert_string_equal(client_cert_name(&c), rows[i].cert);
        client_close(&c);
        SSL_CTX_free(ctx);
    }
}

static SSL_SESSION *kept; /* the newest session that a client was given */

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(kept);
    kept = session;
    return 1;
}

static bool resumes(struct fixture *f, int version)
{
    SSL_CTX *ctx = client_ctx(version);
    struct client c;
    bool reused;

    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    client_open_tls(&c, f, ctx, "ec.example");
    if (kept)
        SSL_set_session(c.ssl, kept);
    assert_true(client_handshake(&c));
    expect_ok(&c);
    reused = SSL_session_reused(c.ssl);
    SSL_shutdown(c.ssl); /* without a goodbye OpenSSL drops the session */
    client_close(&c);
    SSL_CTX_free(ctx);
    return reused;
}

static void test_sessions_resume_here_and_on_a_server_with_the_same_key(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    static const char *const names[] = {"ec"};
    struct fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        struct fixture g = {.conf.tls = load(names, 1, "ticket")}, h = {.conf.tls = load(names, 1, NULL)};

        kept = NULL;
        fixture_open(f, loop, handle);
        fixture_open(&g, loop, handle);
        fixture_open(&h, loop, handle);
        assert_false(resumes(f, versions[i]));
        assert_true(resumes(f, versions[i]));
        assert_true(resumes(&g, versions[i]));
        assert_int_equal(atomic_load(&g.stats.handshakes_resumed), 1);
        assert_false(resumes(&h, versions[i])); /* another, random key */
        fixture_close(&g);
        fixture_close(&h);
        fixture_close(f);
        ecs_http_tls_unref(g.conf.tls);
        ecs_http_tls_unref(h.conf.tls);
        SSL_SESSION_free(kept);
    }
}

static void test_new_certificates_do_not_touch_open_connections(void **state)
{
    static const char *const names[] = {"rsa"};
    struct fixture *f = *state;
    struct ecs_http_tls *next = load(names, 1, "ticket");
    SSL_CTX *ctx = client_ctx(0);
    struct client open, half, fresh;

    fixture_open(f, loop, handle);
    client_open_tls(&open, f, ctx, NULL);
    assert_true(client_handshake(&open));
    expect_ok(&open);
    client_open_tls(&half, f, ctx, NULL);
    assert_int_equal(SSL_do_handshake(half.ssl), -1); /* its ClientHello is on the way */
    pump(f, 20);
    ecs_http_server_set_tls(f->server, next);
    ecs_http_tls_unref(next);
    ecs_http_tls_unref(f->conf.tls); /* the connections keep it alive */
    f->conf.tls = NULL;
    expect_ok(&open);
    assert_true(client_handshake(&half));
    assert_string_equal(client_cert_name(&half), "ec");
    expect_ok(&half);
    client_open_tls(&fresh, f, ctx, NULL);
    assert_true(client_handshake(&fresh));
    assert_string_equal(client_cert_name(&fresh), "rsa");
    expect_ok(&fresh);
    expect_ok(&open);
    client_close(&open);
    client_close(&half);
    client_close(&fresh);
    SSL_CTX_free(ctx);
}

static void test_new_priorities_count_for_new_connections(void **state)
{
    struct ecs_http_cert_conf cert = {certs_path("ec.crt"), certs_path("ec.key")};
    struct ecs_http_tls_conf conf = {
        .certs = &cert, .cert_count = 1, .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:%SERVER_PRECEDENCE"};
    struct fixture *f = *state;
    struct ecs_http_tls *next;
    SSL_CTX *ctx = client_ctx(0);
    struct client before, after;
    char err[256];

    fixture_open(f, loop, handle);
    conf.previous = f->conf.tls;
    next = ecs_http_tls_load(&conf, err, sizeof(err));
    assert_non_null(next);
    client_open_tls(&before, f, ctx, NULL);
    assert_true(client_handshake(&before));
    ecs_http_server_set_tls(f->server, next);
    ecs_http_tls_unref(next);
    client_open_tls(&after, f, ctx, NULL);
    assert_true(client_handshake(&after));
    assert_int_equal(SSL_version(before.ssl), TLS1_3_VERSION);
    assert_int_equal(SSL_version(after.ssl), TLS1_2_VERSION);
    expect_ok(&before);
    expect_ok(&after);
    client_close(&before);
    client_close(&after);
    SSL_CTX_free(ctx);
}

static void test_large_bodies_pass_both_ways(void **state)
{
    struct fixture *f = *state;
    SSL_CTX *ctx = client_ctx(0);
    size_t n = 200000;
    char *body = malloc(n);
    struct client c;
    struct answer a;

    fixture_open(f, loop, handle);
    assert_non_null(body);
    memset(body, 'b', n);
    client_open_tls(&c, f, ctx, NULL);
    assert_true(client_handshake(&c));
    for (int i = 0; i < 2; i++) {
        client_say(&c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
        assert_true(client_send(&c, body, n));
        client_answer(&c, false, &a);
        assert_int_equal(a.body_n, n);
        assert_memory_equal(a.body, body, n);
        answer_free(&a);
        client_ask(&c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n", &a);
        assert_int_equal(a.body_n, 500000);
        answer_free(&a);
    }
    client_close(&c);
    SSL_CTX_free(ctx);
    free(body);
}

static void expect_fault(const struct ecs_http_tls_conf *conf, const char *part)
{
    char err[256] = "";
    struct ecs_http_tls *tls = ecs_http_tls_load(conf, err, sizeof(err));

    assert_null(tls);
    if (!strstr(err, part))
        fail_msg("\"%s\" does not tell \"%s\"", err, part);
}

static void test_faults_in_files_are_told(void **state)
{
    char ec[128], ec_key[128], rsa_key[128], none[128], text[128], short_key[128];
    struct ecs_http_cert_conf cert = {ec, ec_key};
    struct ecs_http_tls_conf conf = {.certs = &cert, .cert_count = 1};
    struct ecs_http_tls *tls;
    char err[256];

    (void)state;
    snprintf(ec, sizeof(ec), "%s", certs_path("ec.crt"));
    snprintf(ec_key, sizeof(ec_key), "%s", certs_path("ec.key"));
    snprintf(rsa_key, sizeof(rsa_key), "%s", certs_path("rsa.key"));
    snprintf(none, sizeof(none), "%s", certs_path("none"));
    snprintf(text, sizeof(text), "%s", certs_path("text"));
    snprintf(short_key, sizeof(short_key), "%s", certs_path("short"));
    certs_write("text", "hello\n", 6);
    certs_write("short", "0123456789", 10);
    cert.key_file = rsa_key;
    expect_fault(&conf, "does not belong");
    cert.key_file = certs_path("other.key");
    expect_fault(&conf, "does not belong");
    cert.key_file = none;
    expect_fault(&conf, "No such file");
    cert.key_file = text;
    expect_fault(&conf, "no readable private key");
    cert.key_file = NULL;
    expect_fault(&conf, "no readable private key");
    cert = (struct ecs_http_cert_conf){text, ec_key};
    expect_fault(&conf, "no readable certificate");
    cert = (struct ecs_http_cert_conf){NULL, ec_key};
    expect_fault(&conf, "names no file");
    cert = (struct ecs_http_cert_conf){ec, ec_key};
    conf.ticket_key_file = short_key;
    expect_fault(&conf, "has 64 bytes");
    conf.ticket_key_file = NULL;
    conf.priority = "NONSENSE";
    expect_fault(&conf, "priority");
    conf.priority = NULL;
    conf.cert_count = 0;
    expect_fault(&conf, "needs a certificate");
    conf.cert_count = 1;
    tls = ecs_http_tls_load(&conf, err, sizeof(err));
    assert_non_null(tls);
    assert_in_range(ecs_http_tls_expires(tls), ecs_clock_now() + 172000, ecs_clock_now() + 173000);
    ecs_http_tls_unref(tls);
}

static int make_all(void **state)
{
    unsigned char key[64];

    (void)state;
    certs_open();
    certs_make("ec", false, "DNS:ec.example,DNS:both.example");
    certs_make("rsa", true, "DNS:ec.example");
    certs_make("other", false, "DNS:other.example,DNS:*.Wild.example");
    memset(key, 7, sizeof(key));
    certs_write("ticket", key, sizeof(key));
    return 0;
}

static int remove_all(void **state)
{
    (void)state;
    certs_close();
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_only_tls_1_2_and_1_3_are_spoken),
        CASE(test_server_order_and_groups_are_ours),
        CASE(test_without_sni_the_default_certificate_is_served),
        CASE(test_clients_get_a_certificate_that_they_can_verify),
        CASE(test_sessions_resume_here_and_on_a_server_with_the_same_key),
        CASE(test_new_certificates_do_not_touch_open_connections),
        CASE(test_new_priorities_count_for_new_connections),
        CASE(test_large_bodies_pass_both_ways),
        cmocka_unit_test(test_faults_in_files_are_told),
    };

    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    return cmocka_run_group_tests(tests, make_all, remove_all);
}
