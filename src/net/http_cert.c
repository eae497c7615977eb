/* SPDX-License-Identifier: Apache-2.0 */
/* One certificate with its key. GnuTLS asks us for signatures and we let OpenSSL make them (ecs/sign.h):
 * about three times cheaper with RSA, and the door for keys that live elsewhere. */
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_tls_priv.h"

static const struct {
    gnutls_sign_algorithm_t gnutls;
    enum ecs_sign_alg ours;
} signs[] = {
    {GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, ECS_SIGN_ECDSA_SHA256},
    {GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, ECS_SIGN_ECDSA_SHA384},
    {GNUTLS_SIGN_ECDSA_SECP521R1_SHA512, ECS_SIGN_ECDSA_SHA512},
    {GNUTLS_SIGN_ECDSA_SHA256, ECS_SIGN_ECDSA_SHA256},
    {GNUTLS_SIGN_ECDSA_SHA384, ECS_SIGN_ECDSA_SHA384},
    {GNUTLS_SIGN_ECDSA_SHA512, ECS_SIGN_ECDSA_SHA512},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, ECS_SIGN_RSA_PSS_SHA256},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, ECS_SIGN_RSA_PSS_SHA384},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, ECS_SIGN_RSA_PSS_SHA512},
    {GNUTLS_SIGN_RSA_SHA256, ECS_SIGN_RSA_PKCS1_SHA256},
    {GNUTLS_SIGN_RSA_SHA384, ECS_SIGN_RSA_PKCS1_SHA384},
    {GNUTLS_SIGN_RSA_SHA512, ECS_SIGN_RSA_PKCS1_SHA512},
};

static bool find_alg(gnutls_sign_algorithm_t algo, enum ecs_sign_alg *ret_alg)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(signs); i++)
        if (signs[i].gnutls == algo) {
            *ret_alg = signs[i].ours;
            return true;
        }
    return false;
}

static int give_signature(enum ecs_rc rc, const uint8_t *bytes, size_t n, gnutls_datum_t *signature)
{
    if (rc != ECS_OK)
        return GNUTLS_E_PK_SIGN_FAILED;
    signature->data = gnutls_malloc(n);
    if (!signature->data)
        return GNUTLS_E_MEMORY_ERROR;
    memcpy(signature->data, bytes, n);
    signature->size = (unsigned)n;
    return 0;
}

static int sign_data(gnutls_privkey_t key, gnutls_sign_algorithm_t algo, void *userdata, unsigned flags,
                     const gnutls_datum_t *data, gnutls_datum_t *signature)
{
    uint8_t out[ECS_SIGN_MAX];
    enum ecs_sign_alg alg;
    size_t n = 0;
    enum ecs_rc rc;

    (void)key, (void)flags;
    if (!find_alg(algo, &alg))
        return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
    rc = ecs_sign(userdata, alg, (struct ecs_str){(const char *)data->data, data->size}, out, &n);
    return give_signature(rc, out, n, signature);
}

/* For PKCS#1 1.5 GnuTLS names no hash but wraps the digest in a DigestInfo, which OpenSSL wants to make
 * itself. */
static int unwrap_digest(const gnutls_datum_t *info, uint8_t out[64], struct ecs_str *ret_digest,
                         enum ecs_sign_alg *ret_alg)
{
    gnutls_digest_algorithm_t hash;
    unsigned n = 64;
    int rc = gnutls_decode_ber_digest_info(info, &hash, out, &n);

    if (rc < 0)
        return rc;
    if (!find_alg(gnutls_pk_to_sign(GNUTLS_PK_RSA, hash), ret_alg))
        return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
    *ret_digest = (struct ecs_str){(const char *)out, n};
    return 0;
}

static int sign_hash(gnutls_privkey_t key, gnutls_sign_algorithm_t algo, void *userdata, unsigned flags,
                     const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
    struct ecs_str digest = {(const char *)hash->data, hash->size};
    uint8_t out[ECS_SIGN_MAX], unwrapped[64];
    enum ecs_sign_alg alg;
    size_t n = 0;
    enum ecs_rc rc;

    (void)key, (void)flags;
    if (algo == GNUTLS_SIGN_RSA_RAW) {
        int fault = unwrap_digest(hash, unwrapped, &digest, &alg);

        if (fault < 0)
            return fault;
    } else if (!find_alg(algo, &alg))
        return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
    rc = ecs_sign_digest(userdata, alg, digest, out, &n);
    return give_signature(rc, out, n, signature);
}

static int tell_about_key(gnutls_privkey_t key, unsigned flags, void *userdata)
{
    const struct ecs_signer *signer = userdata;
    enum ecs_sign_alg alg;

    (void)key;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
        return ecs_signer_key(signer) == ECS_SIGN_KEY_RSA ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
        return (int)ecs_signer_bits(signer);
    if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO && GNUTLS_FLAGS_TO_SIGN_ALGO(flags) == GNUTLS_SIGN_RSA_RAW)
        return ecs_signer_key(signer) == ECS_SIGN_KEY_RSA;
    if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
        return find_alg(GNUTLS_FLAGS_TO_SIGN_ALGO(flags), &alg) && ecs_signer_can(signer, alg);
    return -1;
}

/* A signature of the key must pass with the certificate, otherwise they do not belong together. */
static bool key_fits(struct http_cert *c)
{
    bool rsa = c->pk == GNUTLS_PK_RSA, fits;
    struct ecs_str sample = ECS_STR("does this key belong to this certificate");
    gnutls_datum_t text = {(unsigned char *)(uintptr_t)sample.p, (unsigned)sample.n}, sig;
    uint8_t out[ECS_SIGN_MAX];
    size_t n = 0;

    if (rsa != (ecs_signer_key(c->signer) == ECS_SIGN_KEY_RSA))
        return false;
    if (ecs_sign(c->signer, rsa ? ECS_SIGN_RSA_PKCS1_SHA256 : ECS_SIGN_ECDSA_SHA256, sample, out, &n) !=
        ECS_OK)
        return false;
    sig = (gnutls_datum_t){out, (unsigned)n};
    fits = gnutls_pubkey_verify_data2(c->chain[0].pubkey,
                                      rsa ? GNUTLS_SIGN_RSA_SHA256 : GNUTLS_SIGN_ECDSA_SHA256, 0, &text,
                                      &sig) >= 0;
    return fits;
}

static void add_name(struct http_cert *c, const char *name, size_t n)
{
    char *copy;

    if (c->name_count == HTTP_NAMES_MAX || !n || memchr(name, '\0', n))
        return;
    copy = strndup(name, n);
    if (!copy)
        return;
    for (char *p = copy; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 'a' - 'A');
    c->names[c->name_count++] = copy;
}

/* RFC 9110 4.3.4: DNS names of the subject alternative name; the common name only when there are none. */
static void read_names(struct http_cert *c, gnutls_x509_crt_t leaf)
{
    char name[256];
    size_t n;

    for (unsigned i = 0;; i++) {
        int type;

        n = sizeof(name);
        type = gnutls_x509_crt_get_subject_alt_name(leaf, i, name, &n, NULL);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            break;
        if (type == GNUTLS_SAN_DNSNAME)
            add_name(c, name, n);
        else if (type < 0 && type != GNUTLS_E_SHORT_MEMORY_BUFFER)
            break;
    }
    n = sizeof(name);
    if (!c->name_count &&
        gnutls_x509_crt_get_dn_by_oid(leaf, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &n) >= 0)
        add_name(c, name, n);
}

static const char *load_chain(struct http_cert *c, struct ecs_str pem)
{
    gnutls_datum_t text = {(unsigned char *)(uintptr_t)pem.p, (unsigned)pem.n};
    gnutls_x509_crt_t *list = NULL;
    const char *fault = NULL;
    unsigned n = 0;

    if (gnutls_x509_crt_list_import2(&list, &n, &text, GNUTLS_X509_FMT_PEM, 0) < 0 || !n)
        return "there is no readable certificate in PEM form";
    if (n > HTTP_CHAIN_MAX)
        fault = "the certificate chain is too long";
    for (unsigned i = 0; !fault && i < n; i++) {
        if (gnutls_pcert_import_x509(&c->chain[i], list[i], 0) < 0)
            fault = "a certificate of the chain cannot be used";
        else
            c->chain_len++;
    }
    if (!fault) {
        c->pk = (gnutls_pk_algorithm_t)gnutls_pubkey_get_pk_algorithm(c->chain[0].pubkey, NULL);
        c->not_after = gnutls_x509_crt_get_expiration_time(list[0]);
        read_names(c, list[0]);
    }
    for (unsigned i = 0; i < n; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
    return fault;
}

const char *http_cert_load(struct http_cert *c, struct ecs_str cert_pem, struct ecs_str key_pem, char *err,
                           size_t err_size)
{
    const char *fault = load_chain(c, cert_pem);

    if (fault)
        return fault;
    if (c->pk != GNUTLS_PK_RSA && c->pk != GNUTLS_PK_ECDSA)
        return "the certificate's key is neither RSA nor ECDSA";
    c->signer = ecs_signer_load(key_pem, err, err_size);
    if (!c->signer)
        return err;
    if (!key_fits(c))
        return "the private key does not belong to the certificate";
    if (gnutls_privkey_init(&c->key) < 0)
        return "no memory for the private key";
    if (gnutls_privkey_import_ext4(c->key, c->signer, sign_data, sign_hash, NULL, NULL, tell_about_key, 0) <
        0)
        return "the private key cannot be used for TLS";
    return NULL;
}

void http_cert_done(struct http_cert *c)
{
    if (c->key)
        gnutls_privkey_deinit(c->key);
    for (unsigned i = 0; i < c->chain_len; i++)
        gnutls_pcert_deinit(&c->chain[i]);
    for (unsigned i = 0; i < c->name_count; i++)
        free(c->names[i]);
    ecs_signer_free(c->signer);
}
