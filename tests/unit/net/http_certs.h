/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates made on the spot, and TLS clients (OpenSSL) for the fixture. */
#pragma once

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "http_clients.h"

static char certs_dir[64];

HELPER const char *certs_path(const char *name)
{
    static char path[4][128];
    static unsigned turn;
    char *p = path[turn++ % 4];

    snprintf(p, 128, "%s/%s", certs_dir, name);
    return p;
}

HELPER void certs_write(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(certs_path(name), "w");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* NAME.crt and NAME.key, self-signed; san as "DNS:a.example,DNS:*.b.example". */
HELPER void certs_make(const char *name, bool rsa, const char *san)
{
    EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_EXTENSION *ext;
    char file[64];
    FILE *f;

    assert_true(key && x);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), rsa ? 86400 : 172800);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
    assert_true(ext && X509_add_ext(x, ext, -1) && X509_sign(x, key, EVP_sha256()));
    snprintf(file, sizeof(file), "%s.crt", name);
    f = fopen(certs_path(file), "w");
    assert_true(f && PEM_write_X509(f, x) && fclose(f) == 0);
    snprintf(file, sizeof(file), "%s.key", name);
    f = fopen(certs_path(file), "w");
    assert_true(f && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) && fclose(f) == 0);
    X509_EXTENSION_free(ext);
    X509_free(x);
    EVP_PKEY_free(key);
}

HELPER void certs_open(void)
{
    snprintf(certs_dir, sizeof(certs_dir), "/tmp/ecs-tls-XXXXXX");
    assert_non_null(mkdtemp(certs_dir));
}

HELPER void certs_close(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", certs_dir);
    assert_int_equal(system(command), 0);
}

/* TLS client on top of the fixture's; nothing is sent yet. name NULL: no SNI. */
HELPER void client_open_tls(struct client *c, struct fixture *f, SSL_CTX *ctx, const char *name)
{
    client_open(c, f);
    c->ssl = SSL_new(ctx);
    assert_non_null(c->ssl);
    assert_int_equal(SSL_set_fd(c->ssl, c->fd), 1);
    if (name)
        assert_int_equal(SSL_set_tlsext_host_name(c->ssl, name), 1);
    SSL_set_connect_state(c->ssl);
}

/* True when the handshake succeeds within 5 s. */
HELPER bool client_handshake(struct client *c)
{
    int64_t end = ecs_clock_mono_us() + 5000000;
    int why;

    while (ecs_clock_mono_us() < end) {
        int ok = SSL_do_handshake(c->ssl);

        if (ok == 1)
            return true;
        why = SSL_get_error(c->ssl, ok);
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
            return false;
        assert_int_equal(ecs_loop_turn(c->f->loop, 1000), ECS_OK);
    }
    return false;
}

HELPER const char *client_cert_name(struct client *c)
{
    static char name[128];
    X509 *x = SSL_get1_peer_certificate(c->ssl);

    name[0] = '\0';
    if (x)
        X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof(name));
    X509_free(x);
    return name;
}

HELPER SSL_CTX *client_ctx(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    assert_non_null(ctx);
    if (version) {
        SSL_CTX_set_min_proto_version(ctx, version);
        SSL_CTX_set_max_proto_version(ctx, version);
    }
    if (version && version < TLS1_2_VERSION)
        SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0");
    return ctx;
}
