/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of JSON Web Signatures: key sets of issuers, PEM texts, shared secrets. Every key is reduced to the
 * members that its signature needs and tried with OpenSSL when it is read, so that a set holds nothing else.
 */
#include <jose/b64.h>
#include <jose/jose.h>
#include <jose/openssl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "codec/jws_priv.h"
#include "ecs/crypto.h"

enum { MIN_RSA_BYTES = 256, MAX_RSA_BYTES = 1024, MAX_RSA_E_BYTES = 4, P256_BYTES = 32 };
#define ALG_BIT(alg) (1U << ECS_JWS_##alg)

static void stay_silent(void *misc, const char *file, int line, uint64_t err, const char *format, va_list ap)
{
    (void)misc, (void)file, (void)line, (void)err, (void)format, (void)ap;
}

void *jws_quiet(void)
{
    jose_cfg_t *cfg = jose_cfg();

    if (cfg)
        jose_cfg_set_err_func(cfg, stay_silent, NULL);
    return cfg;
}

void jws_quiet_free(void *cfg)
{
    jose_cfg_decref(cfg);
    ERR_clear_error(); /* OpenSSL's queue would otherwise tell of it elsewhere */
}

void jws_wipe_key(json_t *jwk)
{
    static const char *const secret[] = {"k", "d", "p", "q", "dp", "dq", "qi"};

    for (size_t i = 0; jwk && i < ECS_ARRAY_LEN(secret); i++) {
        json_t *value = json_object_get(jwk, secret[i]);

        if (json_is_string(value))
            ecs_wipe((void *)(uintptr_t)json_string_value(value), json_string_length(value));
    }
    json_decref(jwk);
}

/* --- one key --- */

static size_t decoded_len(const json_t *jwk, const char *name)
{
    bool ok = true;
    struct ecs_str text = jws_member(jwk, name, &ok);

    return ok && jws_is_base64url(text) ? text.n * 3 / 4 : 0;
}

/* Length without leading zero bytes, which some issuers write. */
static size_t number_len(const json_t *jwk, const char *name, bool *ret_odd)
{
    uint8_t bytes[MAX_RSA_BYTES + 8];
    size_t n = decoded_len(jwk, name), zeros = 0;

    if (n == 0 || n > sizeof(bytes) || jose_b64_dec(json_object_get(jwk, name), bytes, sizeof(bytes)) != n)
        return 0;
    while (zeros < n && bytes[zeros] == 0)
        zeros++;
    *ret_odd = bytes[n - 1] & 1;
    return n - zeros;
}

static json_t *clean_rsa(const json_t *jwk)
{
    bool n_odd = false, e_odd = false;
    size_t n = number_len(jwk, "n", &n_odd), e = number_len(jwk, "e", &e_odd);

    if (n < MIN_RSA_BYTES || n > MAX_RSA_BYTES || e < 1 || e > MAX_RSA_E_BYTES || !n_odd || !e_odd)
        return NULL;
    return json_pack("{s:s, s:O, s:O}", "kty", "RSA", "n", json_object_get(jwk, "n"), "e",
                     json_object_get(jwk, "e"));
}

static json_t *clean_ec(const json_t *jwk)
{
    bool ok = true;

    if (!ecs_str_eq(jws_member(jwk, "crv", &ok), ECS_STR("P-256")) || decoded_len(jwk, "x") != P256_BYTES ||
        decoded_len(jwk, "y") != P256_BYTES)
        return NULL;
    return json_pack("{s:s, s:s, s:O, s:O}", "kty", "EC", "crv", "P-256", "x", json_object_get(jwk, "x"), "y",
                     json_object_get(jwk, "y"));
}

/* RSA of 2,048 bits and more, EC of P-256 with a point on the curve. */
static bool openssl_takes(const json_t *jwk)
{
    void *cfg = jws_quiet();
    EVP_PKEY *key = cfg ? jose_openssl_jwk_to_EVP_PKEY(cfg, jwk) : NULL;
    bool good = key && (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC || EVP_PKEY_get_bits(key) >= 2048);

    EVP_PKEY_free(key);
    jws_quiet_free(cfg);
    return good;
}

static bool is_for_verifying(const json_t *jwk)
{
    const json_t *ops = json_object_get(jwk, "key_ops"), *op;
    bool ok = true, found = !ops;
    struct ecs_str use = jws_member(jwk, "use", &ok);
    size_t i;

    json_array_foreach(ops, i, op) found |=
        json_is_string(op) && strcmp(json_string_value(op), "verify") == 0;
    return ok && found && (!use.p || ecs_str_eq(use, ECS_STR("sig")));
}

json_t *jws_clean_key(const json_t *jwk, unsigned *ret_algs)
{
    bool ok = true;
    struct ecs_str kty = jws_member(jwk, "kty", &ok), name = jws_member(jwk, "alg", &ok);
    unsigned algs = 0;
    enum ecs_jws_alg alg;
    json_t *clean = NULL;

    if (ecs_str_eq(kty, ECS_STR("RSA"))) {
        clean = clean_rsa(jwk);
        algs = ALG_BIT(RS256) | ALG_BIT(PS256);
    } else if (ecs_str_eq(kty, ECS_STR("EC"))) {
        clean = clean_ec(jwk);
        algs = ALG_BIT(ES256);
    }
    if (name.p)
        algs &= ecs_jws_alg_find(name, &alg) ? 1U << alg : 0;
    if (!ok || !clean || !algs || !openssl_takes(clean)) {
        json_decref(clean);
        return NULL;
    }
    *ret_algs = algs;
    return clean;
}

json_t *jws_secret_key(struct ecs_str secret)
{
    if (secret.n < JWS_MIN_SECRET || secret.n > JWS_MAX_SECRET)
        return NULL;
    return json_pack("{s:s, s:o}", "kty", "oct", "k", jose_b64_enc(secret.p, secret.n));
}

/* --- PEM --- */

/* An encrypted key must fail instead of asking on a terminal. */
static int refuse_passphrase(char *buf, int size, int rwflag, void *userdata)
{
    (void)buf, (void)size, (void)rwflag, (void)userdata;
    return -1;
}

static BIO *open_pem(struct ecs_str pem)
{
    return pem.p && pem.n && pem.n <= JWS_MAX_SET ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
}

static EVP_PKEY *read_private(struct ecs_str pem)
{
    BIO *bio = open_pem(pem);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, NULL) : NULL;

    BIO_free(bio);
    return key;
}

static EVP_PKEY *read_public(struct ecs_str pem)
{
    BIO *bio = open_pem(pem);
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, refuse_passphrase, NULL) : NULL;

    BIO_free(bio);
    return key;
}

static EVP_PKEY *read_certificate(struct ecs_str pem)
{
    BIO *bio = open_pem(pem);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, refuse_passphrase, NULL) : NULL;
    EVP_PKEY *key = cert ? X509_get_pubkey(cert) : NULL;

    X509_free(cert);
    BIO_free(bio);
    return key;
}

/* RSA-PSS keys restrict themselves in ways that a JWK cannot say. */
static json_t *jwk_of(EVP_PKEY *key)
{
    int kind = key ? EVP_PKEY_get_base_id(key) : 0;
    void *cfg = jws_quiet();
    json_t *jwk = cfg && (kind == EVP_PKEY_RSA || kind == EVP_PKEY_EC)
                      ? jose_openssl_jwk_from_EVP_PKEY(cfg, key)
                      : NULL;

    jws_quiet_free(cfg);
    return jwk;
}

json_t *jws_pem_private(struct ecs_str pem, const char **ret_reason)
{
    EVP_PKEY *key = read_private(pem);
    json_t *jwk = jwk_of(key);

    if (!jwk)
        *ret_reason = key ? "the private key is neither RSA nor EC"
                          : "there is no readable, unencrypted private key in PEM form";
    EVP_PKEY_free(key);
    ERR_clear_error();
    return jwk;
}

json_t *jws_pem_public(struct ecs_str pem)
{
    EVP_PKEY *key = read_private(pem);
    json_t *jwk;

    if (!key)
        key = read_public(pem);
    if (!key)
        key = read_certificate(pem);
    jwk = jwk_of(key);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return jwk;
}

/* --- sets --- */

/* Takes jwk. False: no memory. */
static bool add_key(struct ecs_jwk_set *set, json_t *jwk, unsigned algs, struct ecs_str kid)
{
    char *copy = kid.p ? strndup(kid.p, kid.n) : NULL;

    if (!jwk || (kid.p && !copy) || set->n == JWS_MAX_KEYS) {
        jws_wipe_key(jwk);
        free(copy);
        return false;
    }
    set->key[set->n++] = (struct jws_key){.jwk = jwk, .kid = copy, .algs = algs};
    return true;
}

static bool add_all(struct ecs_jwk_set *set, const json_t *keys)
{
    const json_t *item;
    size_t i;

    json_array_foreach(keys, i, item)
    {
        bool ok = true;
        struct ecs_str kid = jws_member(item, "kid", &ok);
        unsigned algs = 0;
        json_t *clean;

        if (!json_is_object(item) || !ok || kid.n > JWS_MAX_KID || !is_for_verifying(item))
            continue;
        clean = jws_clean_key(item, &algs);
        if (clean && !add_key(set, clean, algs, kid))
            return false;
    }
    return true;
}

struct ecs_jwk_set *ecs_jwk_set_parse(struct ecs_str text)
{
    json_t *json = text.p && text.n <= JWS_MAX_SET ? jws_load(text) : NULL;
    const json_t *keys = json_object_get(json, "keys");
    struct ecs_jwk_set *set = NULL;

    if (json_is_array(keys) && json_array_size(keys) <= JWS_MAX_KEYS)
        set = calloc(1, sizeof(*set));
    if (set && !add_all(set, keys)) {
        ecs_jwk_set_free(set);
        set = NULL;
    }
    json_decref(json);
    return set;
}

static struct ecs_jwk_set *set_of(json_t *jwk, unsigned algs, struct ecs_str kid, bool secret)
{
    struct ecs_jwk_set *set = jwk ? calloc(1, sizeof(*set)) : NULL;

    if (!set) {
        jws_wipe_key(jwk);
        return NULL;
    }
    set->secret = secret;
    if (add_key(set, jwk, algs, kid))
        return set;
    free(set);
    return NULL;
}

struct ecs_jwk_set *ecs_jwk_set_secret(struct ecs_str secret)
{
    return set_of(jws_secret_key(secret), ALG_BIT(HS256), ECS_STR_NULL, true);
}

struct ecs_jwk_set *ecs_jwk_set_pem(struct ecs_str pem, const char *kid)
{
    json_t *jwk = jws_pem_public(pem);
    unsigned algs = 0;
    json_t *clean = jwk ? jws_clean_key(jwk, &algs) : NULL;

    jws_wipe_key(jwk);
    return set_of(clean, algs, ecs_str_of(kid), false);
}

void ecs_jwk_set_free(struct ecs_jwk_set *set)
{
    for (size_t i = 0; set && i < set->n; i++) {
        jws_wipe_key(set->key[i].jwk);
        free(set->key[i].kid);
    }
    free(set);
}

size_t ecs_jwk_set_size(const struct ecs_jwk_set *set)
{
    return set->n;
}

bool ecs_jwk_set_has(const struct ecs_jwk_set *set, struct ecs_str kid)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->key[i].kid && ecs_str_eq(kid, ecs_str_of(set->key[i].kid)))
            return true;
    return false;
}
