/* SPDX-License-Identifier: Apache-2.0 */
/* Private identities of type 2: claims, and the compact form of JSON Web Encryption with a symmetric key. */
#include "ecs/wifi_identity.h"

#include <stdlib.h>
#include <string.h>

#include "ecs/json.h"
#include "ecs/str.h"

enum { JTI_BYTES = 12, CLAIMS_MAX = 700, HEADER_MAX = 512 };

static const char *const algorithms[] = {"dir", "A256GCMKW", NULL};

const struct ecs_setting ecs_wifi_identity_settings[] = {
    {ECS_KEY(STRING, "key", struct ecs_wifi_identity_conf, key), .def = "", .max = 256,
     .flags = ECS_SETTING_SECRET,
     .help = "Key shared with the Wi-Fi gateway, 64 hexadecimal digits, usually as file:/path or "
             "credential:name. Empty: no tokens are made, and policy must not ask for them."},
    {ECS_KEY(STRING, "key_id", struct ecs_wifi_identity_conf, key_id), .def = "", .max = 64,
     .help = "kid in the header of tokens; empty: none."},
    {ECS_KEY(ENUM, "algorithm", struct ecs_wifi_identity_conf, algorithm), .def = "dir", .names = algorithms,
     .help = "dir: the shared key encrypts the contents; A256GCMKW: a fresh key does, wrapped with the "
             "shared one. "
             "Contents always A256GCM."},
    {ECS_KEY(STRING, "issuer", struct ecs_wifi_identity_conf, issuer), .def = "", .max = 128,
     .help = "Claim iss; empty: none."},
    {ECS_KEY(STRING, "audience", struct ecs_wifi_identity_conf, audience), .def = "", .max = 128,
     .help = "Claim aud; empty: none."},
    {ECS_KEY(BOOL, "msisdn", struct ecs_wifi_identity_conf, msisdn), .def = "false",
     .help = "The number goes into the token, too."},
    {0},
};

bool ecs_wifi_identity_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_wifi_identity_conf *c = section;
    struct ecs_str key = ecs_str_of(c->key);
    uint8_t bytes[ECS_AEAD_KEY_LEN];
    bool good = !key.n || (key.n == 2 * sizeof(bytes) && ecs_hex_decode(key, bytes, sizeof(bytes)));

    explicit_bzero(bytes, sizeof(bytes));
    if (!good)
        ecs_fault_at(faults, ecs_yaml_get(node, "key"), "key is not 64 hexadecimal digits");
    return good;
}

struct ecs_wifi_identity {
    const struct ecs_wifi_identity_conf *conf;
    struct ecs_crypto *crypto;
    struct ecs_aead_key *key;
};

struct ecs_wifi_identity *ecs_wifi_identity_new(struct ecs_crypto *crypto,
                                                const struct ecs_wifi_identity_conf *conf)
{
    struct ecs_wifi_identity *identity = calloc(1, sizeof(*identity));
    uint8_t key[ECS_AEAD_KEY_LEN] = {0};

    if (!identity)
        return NULL;
    identity->conf = conf;
    identity->crypto = crypto;
    if (ecs_hex_decode(ecs_str_of(conf->key), key, sizeof(key)))
        identity->key = ecs_aead_key_new(crypto, key);
    explicit_bzero(key, sizeof(key));
    if (identity->key)
        return identity;
    free(identity);
    return NULL;
}

void ecs_wifi_identity_free(struct ecs_wifi_identity *identity)
{
    if (!identity)
        return;
    ecs_aead_key_free(identity->key);
    free(identity);
}

/* base64url without padding (RFC 7515). */
static void add_url64(struct ecs_buf *out, const void *bytes, size_t n)
{
    char *at = ecs_buf_reserve(out, ECS_BASE64_LEN(n) + 1);
    size_t length;

    if (!at)
        return;
    length = ecs_base64_encode(bytes, n, at);
    while (length && at[length - 1] == '=')
        length--;
    for (size_t i = 0; i < length; i++)
        at[i] = (char)(at[i] == '+' ? '-' : at[i] == '/' ? '_' : at[i]);
    out->n += length;
}

static void add_text(struct ecs_json_out *out, const char *name, const char *text)
{
    if (text[0])
        ecs_json_str(out, name, ecs_str_of(text));
}

static bool write_claims(const struct ecs_wifi_identity *w, const struct ecs_imsi *imsi,
                         struct ecs_str msisdn, int64_t now_s, int64_t expires_s, struct ecs_buf *claims)
{
    struct ecs_json_out out = {.buf = claims};
    uint8_t random[JTI_BYTES];
    char jti[ECS_BASE32_LEN(JTI_BYTES) + 1];

    if (!ecs_random(w->crypto, random, sizeof(random)))
        return false;
    ecs_base32_encode(random, sizeof(random), jti);
    ecs_json_begin(&out, NULL, '{');
    add_text(&out, "iss", w->conf->issuer);
    add_text(&out, "aud", w->conf->audience);
    ecs_json_str(&out, "imsi", ecs_str_of(imsi->s));
    if (w->conf->msisdn && msisdn.n)
        ecs_json_str(&out, "msisdn", msisdn);
    ecs_json_i64(&out, "iat", now_s);
    if (expires_s)
        ecs_json_i64(&out, "exp", expires_s);
    ecs_json_str(&out, "jti", ecs_str_of(jti));
    ecs_json_end(&out, '}');
    return !claims->overflow;
}

/* What is behind the fixed part of the header with a wrapped key: nonce and tag, and the key itself as second
 * part. */
struct wrapped {
    uint8_t key[ECS_AEAD_KEY_LEN + ECS_AEAD_TAG_LEN], nonce[ECS_AEAD_IV_LEN];
};

static void write_header(const struct ecs_wifi_identity *w, const struct wrapped *wrapped,
                         struct ecs_buf *header)
{
    struct ecs_json_out out = {.buf = header};
    struct ecs_buf text = {.limit = 64};

    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "alg", ecs_str_of(algorithms[w->conf->algorithm]));
    ecs_json_str(&out, "enc", ECS_STR("A256GCM"));
    ecs_json_str(&out, "typ", ECS_STR("JWT"));
    add_text(&out, "kid", w->conf->key_id);
    if (w->conf->algorithm == ECS_WIFI_A256GCMKW) {
        add_url64(&text, wrapped->nonce, sizeof(wrapped->nonce));
        ecs_json_str(&out, "iv", ecs_buf_str(&text));
        ecs_buf_reset(&text);
        add_url64(&text, wrapped->key + ECS_AEAD_KEY_LEN, ECS_AEAD_TAG_LEN);
        ecs_json_str(&out, "tag", ecs_buf_str(&text));
    }
    ecs_json_end(&out, '}');
    ecs_buf_done(&text);
}

/* The key of the contents: the shared one, or a fresh one that is wrapped (RFC 7518 4.7). NULL: libcrypto
 * fails. */
static struct ecs_aead_key *content_key(const struct ecs_wifi_identity *w, struct wrapped *ret_wrapped)
{
    uint8_t fresh[ECS_AEAD_KEY_LEN];
    struct ecs_aead_key *key = NULL;

    if (w->conf->algorithm == ECS_WIFI_DIR)
        return w->key;
    if (ecs_random(w->crypto, fresh, sizeof(fresh)) &&
        ecs_random(w->crypto, ret_wrapped->nonce, sizeof(ret_wrapped->nonce)) &&
        ecs_aead_seal(w->key, ret_wrapped->nonce, ECS_STR(""), fresh, sizeof(fresh), ret_wrapped->key))
        key = ecs_aead_key_new(w->crypto, fresh);
    explicit_bzero(fresh, sizeof(fresh));
    return key;
}

static void write_token(const struct ecs_wifi_identity *w, struct ecs_aead_key *key,
                        const struct wrapped *wrapped, struct ecs_str header, struct ecs_str claims,
                        struct ecs_buf *out)
{
    uint8_t sealed[CLAIMS_MAX + ECS_AEAD_TAG_LEN], nonce[ECS_AEAD_IV_LEN];

    add_url64(out, header.p, header.n);
    if (out->overflow || !ecs_random(w->crypto, nonce, sizeof(nonce)) ||
        !ecs_aead_seal(key, nonce, ecs_buf_str(out), (const uint8_t *)claims.p, claims.n, sealed)) {
        out->overflow = true;
        return;
    }
    ecs_buf_add_char(out, '.');
    if (w->conf->algorithm == ECS_WIFI_A256GCMKW)
        add_url64(out, wrapped->key, ECS_AEAD_KEY_LEN);
    ecs_buf_add_char(out, '.');
    add_url64(out, nonce, sizeof(nonce));
    ecs_buf_add_char(out, '.');
    add_url64(out, sealed, claims.n);
    ecs_buf_add_char(out, '.');
    add_url64(out, sealed + claims.n, ECS_AEAD_TAG_LEN);
}

struct ecs_str ecs_wifi_identity_make(const struct ecs_wifi_identity *w, struct ecs_arena *arena,
                                      const struct ecs_imsi *imsi, struct ecs_str msisdn, int64_t now_s,
                                      int64_t expires_s)
{
    struct ecs_buf claims = {.limit = CLAIMS_MAX}, header = {.limit = HEADER_MAX}, token = {.limit = 2048};
    struct ecs_str text = ECS_STR_NULL;
    struct wrapped wrapped = {0};
    struct ecs_aead_key *key = NULL;

    if (write_claims(w, imsi, msisdn, now_s, expires_s, &claims))
        key = content_key(w, &wrapped);
    if (key) {
        write_header(w, &wrapped, &header);
        if (!header.overflow)
            write_token(w, key, &wrapped, ecs_buf_str(&header), ecs_buf_str(&claims), &token);
        if (!header.overflow && !token.overflow && token.n <= ECS_WIFI_IDENTITY_MAX)
            text = (struct ecs_str){ecs_strdup(arena, ecs_buf_str(&token)), token.n};
        if (key != w->key)
            ecs_aead_key_free(key);
    }
    if (claims.p)
        explicit_bzero(claims.p, claims.n);
    ecs_buf_done(&claims);
    ecs_buf_done(&header);
    ecs_buf_done(&token);
    return text.p ? text : ECS_STR_NULL;
}
