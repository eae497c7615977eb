/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption to a partner's key and decryption with ours. The algorithm comes from the key, never from the
 * token: a header that says otherwise, or asks for decompression, is refused before anything is computed.
 * With the OpenSSL of today libjose cannot wrap keys by OAEP, and its compact ECDH-ES leaves out the
 * ephemeral key: so keys are read by it and the rest is done here. */
#include "ecs/jwe.h"

#include <jose/openssl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "codec/jws_priv.h"
#include "ecs/crypto.h"

#define CONTENT "A256GCM"

enum {
    PARTS = 5,
    CEK_BYTES = 32,
    IV_BYTES = 12,
    TAG_BYTES = 16,
    WRAPPED_MAX = 1024,
    P256_BYTES = 32,
    PARTY_MAX = 1024
};

struct ecs_jwe_key {
    EVP_PKEY *pkey;
    bool ec;
    char *kid; /* NULL: none */
};

static const char *alg_of(const struct ecs_jwe_key *key)
{
    return key->ec ? "ECDH-ES" : "RSA-OAEP-256";
}

/* ---- keys ---- */

/* What is good for signatures (jws_clean_key) is good here, whatever "alg" and "use" say of it. */
static bool is_fit(const json_t *jwk, bool *ret_ec)
{
    json_t *bare = json_copy((json_t *)(uintptr_t)jwk), *clean;
    unsigned algs = 0;

    json_object_del(bare, "alg");
    clean = bare ? jws_clean_key(bare, &algs) : NULL;
    json_decref(bare);
    json_decref(clean);
    *ret_ec = algs & 1u << ECS_JWS_ES256;
    return clean != NULL;
}

/* Takes jwk. */
static struct ecs_jwe_key *make(json_t *jwk, const char *kid, const char **ret_reason)
{
    struct ecs_jwe_key *key = jwk ? calloc(1, sizeof(*key)) : NULL;
    void *cfg = jws_quiet();
    bool good = false;

    if (jwk)
        *ret_reason = "must be RSA of 2048 to 8192 bits or EC of the curve P-256";
    if (key && cfg && is_fit(jwk, &key->ec)) {
        key->pkey = jose_openssl_jwk_to_EVP_PKEY(cfg, jwk);
        key->kid = kid ? strdup(kid) : NULL;
        good = key->pkey && (!kid || key->kid);
    }
    jws_wipe_key(jwk);
    jws_quiet_free(cfg);
    if (good) {
        *ret_reason = NULL;
        return key;
    }
    ecs_jwe_key_free(key);
    return NULL;
}

struct ecs_jwe_key *ecs_jwe_receiver_new(struct ecs_str text, const char *kid, const char **ret_reason)
{
    struct ecs_str trimmed = ecs_str_trim(text);
    json_t *jwk = trimmed.n && trimmed.p[0] == '{' ? jws_load(trimmed) : jws_pem_public(trimmed);
    struct ecs_jwe_key *key;
    char *own = NULL;

    *ret_reason = "neither PEM nor a JSON Web Key";
    if (!kid && json_is_string(json_object_get(jwk, "kid")))
        own = strdup(json_string_value(json_object_get(jwk, "kid")));
    key = make(jwk, kid ? kid : own, ret_reason);
    free(own);
    return key;
}

struct ecs_jwe_key *ecs_jwe_private_new(struct ecs_str pem, const char **ret_reason)
{
    return make(jws_pem_private(pem, ret_reason), NULL, ret_reason);
}

void ecs_jwe_key_free(struct ecs_jwe_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key->kid);
    free(key);
}

/* ---- content ---- */

static struct ecs_str b64url(struct ecs_arena *arena, const void *bytes, size_t n)
{
    char *out = ecs_alloc(arena, ECS_BASE64_LEN(n) + 1);
    size_t len = out ? ecs_base64_encode(bytes, n, out) : 0;

    for (size_t i = 0; i < len; i++)
        out[i] = (char)(out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i]);
    while (len && out[len - 1] == '=')
        len--;
    return (struct ecs_str){out, len};
}

/* text becomes the ciphertext; tag behind it. */
static bool seal(const uint8_t cek[CEK_BYTES], const uint8_t iv[IV_BYTES], struct ecs_str aad,
                 struct ecs_str plain, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0, m = 0;
    bool good = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, cek, iv) == 1 &&
                EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)aad.p, (int)aad.n) == 1 &&
                (!plain.n || EVP_EncryptUpdate(ctx, out, &m, (const uint8_t *)plain.p, (int)plain.n) == 1) &&
                EVP_EncryptFinal_ex(ctx, out + plain.n, &n) == 1 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + plain.n) == 1;

    EVP_CIPHER_CTX_free(ctx);
    return good;
}

static bool unseal(const uint8_t cek[CEK_BYTES], struct ecs_str iv, struct ecs_str aad, struct ecs_str text,
                   struct ecs_str tag, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t rest[16];
    int n = 0;
    bool good = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, cek, (const uint8_t *)iv.p) == 1 &&
                EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)aad.p, (int)aad.n) == 1 &&
                (!text.n || EVP_DecryptUpdate(ctx, out, &n, (const uint8_t *)text.p, (int)text.n) == 1) &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, (void *)(uintptr_t)tag.p) == 1 &&
                EVP_DecryptFinal_ex(ctx, rest, &n) == 1;

    EVP_CIPHER_CTX_free(ctx);
    return good;
}

/* ---- RSA-OAEP-256 ---- */

static bool set_oaep(EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1;
}

static bool wrap(EVP_PKEY *pkey, const uint8_t cek[CEK_BYTES], uint8_t out[WRAPPED_MAX], size_t *ret_n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    size_t n = WRAPPED_MAX;
    bool good = ctx && EVP_PKEY_encrypt_init(ctx) == 1 && set_oaep(ctx) &&
                EVP_PKEY_encrypt(ctx, out, &n, cek, CEK_BYTES) == 1;

    EVP_PKEY_CTX_free(ctx);
    *ret_n = n;
    return good;
}

static bool unwrap(EVP_PKEY *pkey, struct ecs_str wrapped, uint8_t cek[CEK_BYTES])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    uint8_t out[WRAPPED_MAX];
    size_t n = sizeof(out);
    bool good = ctx && EVP_PKEY_decrypt_init(ctx) == 1 && set_oaep(ctx) &&
                EVP_PKEY_decrypt(ctx, out, &n, (const uint8_t *)wrapped.p, wrapped.n) == 1 && n == CEK_BYTES;

    if (good)
        memcpy(cek, out, CEK_BYTES);
    ecs_wipe(out, sizeof(out));
    EVP_PKEY_CTX_free(ctx);
    return good;
}

/* ---- ECDH-ES ---- */

/* PartyUInfo and PartyVInfo of a header (apu, apv), decoded; "" where there is none. */
struct parties {
    struct ecs_str u, v;
};

/* Length in front (RFC 7518 4.6.2). */
static bool hash_datum(EVP_MD_CTX *md, struct ecs_str datum)
{
    const uint8_t length[] = {0, 0, (uint8_t)(datum.n >> 8), (uint8_t)datum.n};

    return EVP_DigestUpdate(md, length, sizeof(length)) == 1 &&
           (!datum.n || EVP_DigestUpdate(md, datum.p, datum.n) == 1);
}

/* RFC 7518 4.6.2: one round of the Concat KDF, for the content's algorithm. */
static bool agree(EVP_PKEY *own, EVP_PKEY *peer, const struct parties *parties, uint8_t cek[CEK_BYTES])
{
    static const uint8_t round[] = {0, 0, 0, 1}, bits[] = {0, 0, 1, 0};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t z[P256_BYTES];
    size_t n = sizeof(z);
    bool good = ctx && md && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
                EVP_PKEY_derive(ctx, z, &n) == 1 && n == sizeof(z) &&
                EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(md, round, sizeof(round)) == 1 && EVP_DigestUpdate(md, z, n) == 1 &&
                hash_datum(md, ECS_STR(CONTENT)) && hash_datum(md, parties->u) &&
                hash_datum(md, parties->v) && EVP_DigestUpdate(md, bits, sizeof(bits)) == 1 &&
                EVP_DigestFinal_ex(md, cek, NULL) == 1;

    ecs_wipe(z, sizeof(z));
    EVP_MD_CTX_free(md);
    EVP_PKEY_CTX_free(ctx);
    return good;
}

/* NULL: the library failed. */
static json_t *public_of(EVP_PKEY *pkey, struct ecs_arena *arena)
{
    uint8_t point[1 + 2 * P256_BYTES];
    size_t n = 0;
    struct ecs_str x, y;

    if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n) != 1 ||
        n != sizeof(point) || point[0] != 4)
        return NULL;
    x = b64url(arena, point + 1, P256_BYTES);
    y = b64url(arena, point + 1 + P256_BYTES, P256_BYTES);
    return x.p && y.p ? json_pack("{s:s, s:s, s:s%, s:s%}", "kty", "EC", "crv", "P-256", "x", x.p, x.n, "y",
                                  y.p, y.n)
                      : NULL;
}

/* Both are optional, and have to be understood (RFC 7518 4.6.1.2, 4.6.1.3). */
static bool read_parties(const json_t *head, struct ecs_arena *arena, struct parties *ret_parties)
{
    bool ok = true;
    struct ecs_str text[] = {jws_member(head, "apu", &ok), jws_member(head, "apv", &ok)};
    struct ecs_str *bytes[] = {&ret_parties->u, &ret_parties->v};

    for (size_t i = 0; i < ECS_ARRAY_LEN(text); i++) {
        *bytes[i] = text[i].n ? jws_decode(text[i], arena) : ECS_STR("");
        ok &= bytes[i]->p && bytes[i]->n <= PARTY_MAX;
    }
    return ok;
}

static bool agree_with(const struct ecs_jwe_key *key, const json_t *head, struct ecs_arena *arena,
                       uint8_t cek[CEK_BYTES])
{
    unsigned algs = 0;
    const json_t *epk = json_object_get(head, "epk");
    struct parties parties;
    json_t *clean = json_is_object(epk) ? jws_clean_key(epk, &algs) : NULL;
    void *cfg = jws_quiet();
    EVP_PKEY *peer =
        clean && cfg && algs & 1u << ECS_JWS_ES256 ? jose_openssl_jwk_to_EVP_PKEY(cfg, clean) : NULL;
    bool good = peer && read_parties(head, arena, &parties) && agree(key->pkey, peer, &parties, cek);

    EVP_PKEY_free(peer);
    json_decref(clean);
    jws_quiet_free(cfg);
    return good;
}

/* ---- encrypt ---- */

static struct ecs_str head_text(json_t *head, struct ecs_arena *arena)
{
    char *text = head ? json_dumps(head, JSON_COMPACT) : NULL;
    struct ecs_str out = text ? b64url(arena, text, strlen(text)) : ECS_STR_NULL;

    free(text);
    return out;
}

/* Makes the content key and what tells the receiver of it. */
static bool make_cek(const struct ecs_jwe_key *receiver, struct ecs_arena *arena, json_t *head,
                     uint8_t cek[CEK_BYTES], struct ecs_str *ret_wrapped)
{
    static const struct parties nobody = {{"", 0}, {"", 0}};
    uint8_t wrapped[WRAPPED_MAX];
    EVP_PKEY *own;
    size_t n;
    bool good;

    *ret_wrapped = ECS_STR("");
    if (!receiver->ec) {
        if (RAND_bytes(cek, CEK_BYTES) != 1 || !wrap(receiver->pkey, cek, wrapped, &n))
            return false;
        *ret_wrapped = b64url(arena, wrapped, n);
        return ret_wrapped->p;
    }
    own = EVP_EC_gen("P-256");
    good = own && agree(own, receiver->pkey, &nobody, cek) &&
           json_object_set_new(head, "epk", public_of(own, arena)) == 0;
    EVP_PKEY_free(own);
    return good;
}

struct ecs_str ecs_jwe_encrypt(const struct ecs_jwe_key *receiver, struct ecs_str plain,
                               struct ecs_arena *arena)
{
    json_t *head =
        json_pack("{s:s, s:s, s:s*}", "alg", alg_of(receiver), "enc", CONTENT, "kid", receiver->kid);
    uint8_t cek[CEK_BYTES], iv[IV_BYTES], *sealed = ecs_alloc(arena, plain.n + TAG_BYTES);
    struct ecs_str wrapped, aad = ECS_STR_NULL, nonce, text, tag, out = ECS_STR_NULL;

    if (head && sealed && plain.n <= JWS_MAX_TOKEN && RAND_bytes(iv, sizeof(iv)) == 1 &&
        make_cek(receiver, arena, head, cek, &wrapped))
        aad = head_text(head, arena);
    if (aad.p && seal(cek, iv, aad, plain, sealed)) {
        nonce = b64url(arena, iv, sizeof(iv));
        text = b64url(arena, sealed, plain.n);
        tag = b64url(arena, sealed + plain.n, TAG_BYTES);
        if (nonce.p && text.p && tag.p)
            out = ecs_str_of(ecs_printf(arena, "%.*s.%.*s.%.*s.%.*s.%.*s", ECS_FMT(aad), ECS_FMT(wrapped),
                                        ECS_FMT(nonce), ECS_FMT(text), ECS_FMT(tag)));
    }
    ecs_wipe(cek, sizeof(cek));
    json_decref(head);
    ERR_clear_error();
    return out;
}

/* ---- decrypt ---- */

bool ecs_jwe_looks_like(struct ecs_str token)
{
    unsigned dots = 0;

    for (size_t i = 0; i < token.n && token.n <= JWS_MAX_TOKEN; i++)
        dots += token.p[i] == '.';
    return dots == PARTS - 1;
}

/* parts stay encoded, bytes are what they stand for. */
static bool split(struct ecs_str token, struct ecs_arena *arena, struct ecs_str parts[PARTS],
                  struct ecs_str bytes[PARTS])
{
    for (size_t i = 0; i < PARTS - 1; i++)
        if (!ecs_str_cut(&token, '.', &parts[i]))
            return false;
    parts[PARTS - 1] = token;
    for (size_t i = 0; i < PARTS; i++) {
        bytes[i] = ECS_STR("");
        if (parts[i].n)
            bytes[i] = jws_decode(parts[i], arena);
        if (!bytes[i].p)
            return false;
    }
    return bytes[2].n == IV_BYTES && bytes[4].n == TAG_BYTES;
}

/* The header says which key it is for and how the contents are kept, and nothing that would change the way.
 */
static bool open_cek(const struct ecs_jwe_key *key, struct ecs_str header, struct ecs_str wrapped,
                     struct ecs_arena *arena, uint8_t cek[CEK_BYTES])
{
    json_t *head = jws_load(header);
    bool ok = true, good = head && ecs_str_eq(jws_member(head, "alg", &ok), ecs_str_of(alg_of(key))) &&
                           ecs_str_eq(jws_member(head, "enc", &ok), ECS_STR(CONTENT)) && ok &&
                           !json_object_get(head, "zip") && !json_object_get(head, "crit");

    if (good)
        good = key->ec ? !wrapped.n && agree_with(key, head, arena, cek) : unwrap(key->pkey, wrapped, cek);
    json_decref(head);
    return good;
}

struct ecs_str ecs_jwe_decrypt(const struct ecs_jwe_key *key, struct ecs_str token, struct ecs_arena *arena)
{
    struct ecs_str parts[PARTS], bytes[PARTS], out = ECS_STR_NULL;
    uint8_t cek[CEK_BYTES], *plain;

    if (!ecs_jwe_looks_like(token) || !split(token, arena, parts, bytes))
        return ECS_STR_NULL;
    plain = ecs_arena_secret(arena, bytes[3].n + 1);
    if (plain && open_cek(key, bytes[0], bytes[1], arena, cek) &&
        unseal(cek, bytes[2], parts[0], bytes[3], bytes[4], plain))
        out = (struct ecs_str){(char *)plain, bytes[3].n};
    else if (plain)
        ecs_wipe(plain, bytes[3].n);
    ecs_wipe(cek, sizeof(cek));
    ERR_clear_error();
    return out;
}
