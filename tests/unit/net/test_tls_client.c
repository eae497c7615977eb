/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS client against an OpenSSL server in a second thread: names, trust, versions, resumption and the
 * Finished that is held back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ecs/clock.h"
#include "ecs/tls_client.h"

/* One server for all tests: each connection says the SNI it saw, "-" without, and then echoes one read. */
static struct {
    int fd;
    pthread_t thread;
    SSL_CTX *ctx;
    struct sockaddr_in addr;
    char ca[64];
} server;

static void serve_one(int fd)
{
    SSL *ssl = SSL_new(server.ctx);
    struct timeval limit = {.tv_sec = 5};
    char bytes[100];
    int n;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

        if (!sni)
            sni = "-";
        SSL_write(ssl, sni, (int)strlen(sni));
        n = SSL_read(ssl, bytes, sizeof(bytes));
        if (n > 0)
            SSL_write(ssl, bytes, n);
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    close(fd);
}

static void *serve(void *arg)
{
    int fd;

    (void)arg;
    while ((fd = accept(server.fd, NULL, NULL)) >= 0)
        serve_one(fd);
    return NULL;
}

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_NAME *name;
    X509_EXTENSION *names;

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"ecs.test", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:ecs.test,IP:127.0.0.1");
    X509_add_ext(cert, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(cert, key, EVP_sha256());
    return cert;
}

static int start_server(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = make_certificate(key);
    socklen_t n = sizeof(server.addr);
    FILE *file;

    (void)state;
    server.ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(server.ctx, cert);
    SSL_CTX_use_PrivateKey(server.ctx, key);
    SSL_CTX_set_session_id_context(server.ctx, (const unsigned char *)"t", 1);
    strcpy(server.ca, "/tmp/ecs-tls-XXXXXX");
    file = fdopen(mkstemp(server.ca), "w");
    PEM_write_X509(file, cert);
    fclose(file);
    X509_free(cert);
    EVP_PKEY_free(key);
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    server.addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(server.fd, (struct sockaddr *)&server.addr, n) || listen(server.fd, 16) ||
        getsockname(server.fd, (struct sockaddr *)&server.addr, &n))
        return -1;
    return pthread_create(&server.thread, NULL, serve, NULL);
}

static int stop_server(void **state)
{
    (void)state;
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.fd);
    unlink(server.ca);
    SSL_CTX_free(server.ctx);
    return 0;
}

/* ---- waiting ---- */

static bool wait_for(struct ecs_tls_client *c, enum ecs_tls_io io, int ms)
{
    struct pollfd pfd = {ecs_tls_client_fd(c), io == ECS_TLS_WANT_WRITE ? POLLOUT : POLLIN, 0};

    return poll(&pfd, 1, ms) > 0;
}

static enum ecs_tls_io shake(struct ecs_tls_client *c)
{
    enum ecs_tls_io io;

    while ((io = ecs_tls_client_handshake(c)) == ECS_TLS_WANT_READ || io == ECS_TLS_WANT_WRITE) {
        if (!wait_for(c, io, 3000))
            break;
    }
    return io;
}

static void read_text(struct ecs_tls_client *c, char *text, size_t size)
{
    size_t n = 0;
    enum ecs_tls_io io;

    while ((io = ecs_tls_client_read(c, text, size - 1, &n)) == ECS_TLS_WANT_READ)
        assert_true(wait_for(c, io, 3000));
    assert_int_equal(io, ECS_TLS_OK);
    text[n] = '\0';
}

static struct ecs_tls_client_ctx *context(const struct ecs_tls_client_conf *conf)
{
    char err[200];
    struct ecs_tls_client_ctx *ctx = ecs_tls_client_ctx_new(conf, err, sizeof(err));

    assert_non_null(ctx);
    return ctx;
}

static struct ecs_tls_client *open_to(struct ecs_tls_client_ctx *ctx, const char *host, const char *sni,
                                      bool hold, const struct ecs_tls_session *resume)
{
    struct ecs_tls_client_open how = {.addr = (struct sockaddr *)&server.addr,
                                      .addr_n = sizeof(server.addr),
                                      .host = host,
                                      .sni = sni,
                                      .hold_finished = hold,
                                      .resume = resume};
    struct ecs_tls_client *c = ecs_tls_client_open(ctx, &how);

    assert_non_null(c);
    return c;
}

/* ---- tests ---- */

static void test_trusted_server_is_named_and_echoes(void **state)
{
    struct ecs_tls_client_conf conf = {.ca_file = server.ca};
    struct ecs_tls_client_ctx *ctx = context(&conf);
    struct ecs_tls_client *c = open_to(ctx, "ecs.test", "ecs.test", false, NULL);
    char text[100];
    size_t n;

    (void)state;
    assert_int_equal(shake(c), ECS_TLS_OK);
    assert_string_equal(ecs_tls_client_protocol(c), "TLSv1.3");
    read_text(c, text, sizeof(text));
    assert_string_equal(text, "ecs.test");
    assert_int_equal(ecs_tls_client_write(c, "hello", 5, &n), ECS_TLS_OK);
    read_text(c, text, sizeof(text));
    assert_string_equal(text, "hello");
    assert_true(wait_for(c, ECS_TLS_WANT_READ, 3000));
    assert_int_equal(ecs_tls_client_read(c, text, sizeof(text), &n), ECS_TLS_CLOSED);
    ecs_tls_client_free(c);
    ecs_tls_client_ctx_free(ctx);
}

static void test_without_sni_and_with_an_address_no_name_is_sent(void **state)
{
    static const struct {
        const char *host, *sni;
    } rows[] = {{"ecs.test", NULL}, {"127.0.0.1", "127.0.0.1"}};
    struct ecs_tls_client_conf conf = {.ca_file = server.ca};
    struct ecs_tls_client_ctx *ctx = context(&conf);

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_tls_client *c = open_to(ctx, rows[i].host, rows[i].sni, false, NULL);
        char text[100];

        assert_int_equal(shake(c), ECS_TLS_OK);
        read_text(c, text, sizeof(text));
        assert_string_equal(text, "-");
        ecs_tls_client_free(c);
    }
    ecs_tls_client_ctx_free(ctx);
}

static void test_wrong_name_and_unknown_authority_are_refused_with_a_reason(void **state)
{
    struct ecs_tls_client_conf trusted = {.ca_file = server.ca}, system = {0}, any = {.insecure = true};
    struct ecs_tls_client_ctx *a = context(&trusted), *b = context(&system), *anyone = context(&any);
    struct ecs_tls_client *wrong = open_to(a, "other.test", "ecs.test", false, NULL);
    struct ecs_tls_client *unknown = open_to(b, "ecs.test", "ecs.test", false, NULL);
    struct ecs_tls_client *unchecked = open_to(anyone, "other.test", "ecs.test", false, NULL);

    (void)state;
    assert_int_equal(shake(wrong), ECS_TLS_FAILED);
    assert_non_null(strstr(ecs_tls_client_error(wrong), "ostname mismatch"));
    assert_int_equal(shake(unknown), ECS_TLS_FAILED);
    assert_non_null(strstr(ecs_tls_client_error(unknown), "self-signed"));
    assert_int_equal(shake(unchecked), ECS_TLS_OK);
    ecs_tls_client_free(wrong);
    ecs_tls_client_free(unknown);
    ecs_tls_client_abort(unchecked);
    ecs_tls_client_ctx_free(a);
    ecs_tls_client_ctx_free(b);
    ecs_tls_client_ctx_free(anyone);
}

static void test_session_is_taken_and_resumed_with_both_versions(void **state)
{
    static const enum ecs_tls_version versions[] = {ECS_TLS_1_2, ECS_TLS_1_3};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(versions); i++) {
        struct ecs_tls_client_conf conf = {.ca_file = server.ca, .version = versions[i]};
        struct ecs_tls_client_ctx *ctx = context(&conf);
        struct ecs_tls_session *session = NULL;

        for (unsigned round = 0; round < 2; round++) {
            struct ecs_tls_client *c = open_to(ctx, "ecs.test", "ecs.test", false, session);
            char text[100];

            assert_int_equal(shake(c), ECS_TLS_OK);
            assert_int_equal(ecs_tls_client_is_resumed(c), round == 1);
            read_text(c, text, sizeof(text)); /* a ticket of TLS 1.3 comes before it */
            ecs_tls_session_free(session);
            session = ecs_tls_client_session_take(c);
            assert_true(session || round == 1);
            ecs_tls_client_free(c);
        }
        ecs_tls_session_free(session);
        ecs_tls_client_ctx_free(ctx);
    }
}

static void test_held_finished_keeps_the_server_waiting(void **state)
{
    static const enum ecs_tls_version versions[] = {ECS_TLS_1_2, ECS_TLS_1_3};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(versions); i++) {
        struct ecs_tls_client_conf conf = {.ca_file = server.ca, .version = versions[i]};
        struct ecs_tls_client_ctx *ctx = context(&conf);
        struct ecs_tls_client *c = open_to(ctx, "ecs.test", "ecs.test", true, NULL);
        char text[100];
        enum ecs_tls_io io;

        while (!ecs_tls_client_is_holding(c)) {
            io = ecs_tls_client_handshake(c);
            assert_true(io == ECS_TLS_OK || io == ECS_TLS_WANT_READ || io == ECS_TLS_WANT_WRITE);
            if (!ecs_tls_client_is_holding(c))
                assert_true(wait_for(c, io, 3000));
        }
        assert_false(wait_for(c, ECS_TLS_WANT_READ, 150)); /* nothing comes before our Finished */
        assert_int_equal(ecs_tls_client_release(c), ECS_TLS_OK);
        assert_false(ecs_tls_client_is_holding(c));
        assert_int_equal(shake(c), ECS_TLS_OK);
        read_text(c, text, sizeof(text));
        assert_string_equal(text, "ecs.test");
        ecs_tls_client_free(c);
        ecs_tls_client_ctx_free(ctx);
    }
}

static void test_refused_connection_and_bad_files_are_told(void **state)
{
    struct ecs_tls_client_conf good = {.insecure = true}, bad = {.ca_file = "/nonexistent/ca.pem"},
                               bad_cert = {.insecure = true, .cert_file = "/nonexistent/c.pem"};
    struct ecs_tls_client_ctx *ctx = context(&good);
    struct sockaddr_in nowhere = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(1)};
    struct ecs_tls_client_open how = {.addr = (struct sockaddr *)&nowhere, .addr_n = sizeof(nowhere)};
    struct ecs_tls_client *c = ecs_tls_client_open(ctx, &how);
    char err[200];

    (void)state;
    if (c) { /* else it was refused at once */
        assert_int_equal(shake(c), ECS_TLS_FAILED);
        assert_non_null(strstr(ecs_tls_client_error(c), "refused"));
        ecs_tls_client_free(c);
    }
    assert_null(ecs_tls_client_ctx_new(&bad, err, sizeof(err)));
    assert_non_null(strstr(err, "/nonexistent/ca.pem"));
    assert_null(ecs_tls_client_ctx_new(&bad_cert, err, sizeof(err)));
    assert_non_null(strstr(err, "/nonexistent/c.pem"));
    ecs_tls_client_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trusted_server_is_named_and_echoes),
        cmocka_unit_test(test_without_sni_and_with_an_address_no_name_is_sent),
        cmocka_unit_test(test_wrong_name_and_unknown_authority_are_refused_with_a_reason),
        cmocka_unit_test(test_session_is_taken_and_resumed_with_both_versions),
        cmocka_unit_test(test_held_finished_keeps_the_server_waiting),
        cmocka_unit_test(test_refused_connection_and_bad_files_are_told),
    };

    signal(SIGPIPE, SIG_IGN); /* the server thread's writes */
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
