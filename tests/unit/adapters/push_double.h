/* SPDX-License-Identifier: Apache-2.0 */
/* Providers of push messages by tests/tools/http_double.py: rules go in, the log of requests comes out.
 * Include behind push_rig.h. */
#pragma once

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

static struct http_double providers;
static char providers_url[64];
static const char *providers_ca; /* NULL: plain HTTP */

/* A neighbour of its own, so that the counters of the channels stay as they are. */
RIG_HELPER const char *providers_call(struct push_rig *x, const char *method, const char *path,
                                      const char *body)
{
    struct ecs_neighbour_conf conf = {.name = "control", .allow_plain = true, .ca_file = providers_ca};
    struct ecs_neighbour *n = ecs_neighbour_new(x->rig.pool, &conf);
    char url[128];
    const char *text;

    snprintf(url, sizeof(url), "%s/_double/%s", providers_url, path);
    text = rig_text(&x->rig, n, method, url, body);
    ecs_neighbour_free(n);
    return text;
}

/* JSON with ' in place of ". */
RIG_HELPER void providers_rules(struct push_rig *x, const char *rules)
{
    char text[8192];
    size_t n = strlen(rules);

    assert_true(n < sizeof(text));
    for (size_t i = 0; i <= n; i++)
        text[i] = rules[i] == '\'' ? '"' : rules[i];
    (void)providers_call(x, "POST", "rules", text);
}

RIG_HELPER void providers_clear(struct push_rig *x)
{
    (void)providers_call(x, "DELETE", "rules", NULL);
    (void)providers_call(x, "DELETE", "log", NULL);
}

/* The caller's reference. */
RIG_HELPER json_t *providers_log(struct push_rig *x)
{
    json_t *log = json_loads(providers_call(x, "GET", "log", NULL), 0, NULL);

    assert_non_null(log);
    return log;
}

/* Request number i of the log to that path; NULL: there is none. */
RIG_HELPER const json_t *log_find(const json_t *log, const char *path, size_t i)
{
    for (size_t k = 0; k < json_array_size(log); k++) {
        const json_t *request = json_array_get(log, k);

        if (strcmp(json_string_value(json_object_get(request, "path")), path) == 0 && i-- == 0)
            return request;
    }
    return NULL;
}

RIG_HELPER size_t log_count(const json_t *log, const char *path)
{
    size_t n = 0;

    while (log_find(log, path, n))
        n++;
    return n;
}

RIG_HELPER const char *log_header(const json_t *request, const char *name)
{
    const char *value = json_string_value(json_object_get(json_object_get(request, "headers"), name));

    return value ? value : "(none)";
}

RIG_HELPER const char *log_text(const json_t *request, const char *name)
{
    const char *value = json_string_value(json_object_get(request, name));

    return value ? value : "(none)";
}

RIG_HELPER void providers_start(const char *const *args)
{
    double_start(&providers, args);
    snprintf(providers_url, sizeof(providers_url), "%s://localhost:%u", args ? "https" : "http",
             providers.port);
}

/* Private key as PEM in static memory of its caller. */
RIG_HELPER void make_key(bool rsa, char *pem, size_t size)
{
    EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    int n;

    assert_true(key && bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    n = BIO_read(bio, pem, (int)size - 1);
    assert_true(n > 0);
    pem[n] = '\0';
    BIO_free(bio);
    EVP_PKEY_free(key);
}

/* Key and self-signed certificate for localhost in one file. */
RIG_HELPER void make_certificate(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    FILE *f = fopen(path, "w");

    assert_true(key && x && ext && f);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"test",
                               -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    assert_true(X509_add_ext(x, ext, -1) && X509_sign(x, key, EVP_sha256()));
    assert_true(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) && PEM_write_X509(f, x) &&
                fclose(f) == 0);
    X509_EXTENSION_free(ext);
    X509_free(x);
    EVP_PKEY_free(key);
}
