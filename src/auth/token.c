/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed tokens and portal references: fixed binary content under AES-256-GCM, written in base32. */
#include "ecs/token.h"

#include <string.h>

enum {
    VERSION_TOKEN = 1,
    VERSION_FLOW = 2,
    CONTENT = 47,
    AT_NONCE = 2,
    AT_SEALED = AT_NONCE + ECS_AEAD_IV_LEN,
    BCD_LEN = 8,
    SERVICE_BILLING = 12,
};

static void digest_lower(struct ecs_crypto *crypto, struct ecs_str text, uint8_t *out, size_t n)
{
    uint8_t full[ECS_SHA256_LEN] = {0};
    char lower[256];
    struct ecs_str part = {lower, text.n < sizeof(lower) ? text.n : sizeof(lower)};

    for (size_t i = 0; i < part.n; i++)
        lower[i] = (char)(text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] + 32 : text.p[i]);
    /* A failing digest leaves zeros, which never match a real one. */
    if (!ecs_digest(crypto, ECS_DIGEST_SHA256, &part, 1, full))
        memset(full, 0, sizeof(full));
    memcpy(out, full, n);
}

void ecs_token_terminal_digest(struct ecs_crypto *crypto, const struct ecs_terminal_id *id,
                               uint8_t ret_digest[16])
{
    digest_lower(crypto, (struct ecs_str){id->s, id->n}, ret_digest, 16);
}

void ecs_token_app_digest(struct ecs_crypto *crypto, struct ecs_str app_name, uint8_t ret_digest[8])
{
    memset(ret_digest, 0, 8);
    if (app_name.n)
        digest_lower(crypto, app_name, ret_digest, 8);
}

static uint8_t *put(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
    return at + bytes;
}

static const uint8_t *get(const uint8_t *at, uint64_t *ret_value, unsigned bytes)
{
    *ret_value = 0;
    for (unsigned i = 0; i < bytes; i++)
        *ret_value = *ret_value << 8 | at[i];
    return at + bytes;
}

/* 15 digits in 8 octets, 0xF fills: TS 24.008 style without the type nibble. */
static uint8_t *put_imsi(uint8_t *at, const struct ecs_imsi *imsi)
{
    size_t n = strlen(imsi->s);

    for (size_t i = 0; i < 2 * BCD_LEN; i++) {
        uint8_t nibble = i < n ? (uint8_t)(imsi->s[i] - '0') : 0xf;

        at[i / 2] = (uint8_t)(i % 2 ? at[i / 2] | nibble : nibble << 4);
    }
    return at + BCD_LEN;
}

static const uint8_t *get_imsi(const uint8_t *at, struct ecs_imsi *ret_imsi, bool *ret_good)
{
    char digits[17];
    size_t n = 0;

    for (size_t i = 0; i < 2 * BCD_LEN; i++) {
        uint8_t nibble = i % 2 ? at[i / 2] & 0xf : at[i / 2] >> 4;

        if (nibble > 9)
            break;
        digits[n++] = (char)('0' + nibble);
    }
    *ret_good = ecs_imsi_parse((struct ecs_str){digits, n}, ret_imsi);
    return at + BCD_LEN;
}

static bool make_nonce(struct ecs_crypto *crypto, const uint8_t *seed, const uint8_t content[CONTENT],
                       uint8_t *nonce)
{
    struct ecs_str parts[2] = {{(const char *)seed, 32}, {(const char *)content, CONTENT}};
    uint8_t digest[ECS_SHA256_LEN];

    if (!seed)
        return ecs_random(crypto, nonce, ECS_AEAD_IV_LEN);
    if (!ecs_digest(crypto, ECS_DIGEST_SHA256, parts, 2, digest))
        return false;
    memcpy(nonce, digest, ECS_AEAD_IV_LEN);
    return true;
}

static enum ecs_rc seal(struct ecs_crypto *crypto, const struct ecs_sealer *sealer, uint8_t version,
                        const uint8_t *seed, const uint8_t content[CONTENT], char *out)
{
    uint8_t bytes[ECS_TOKEN_BYTES];
    struct ecs_aead_key *key = ecs_sealer_current(sealer, &bytes[1]);

    bytes[0] = version;
    if (!make_nonce(crypto, seed, content, bytes + AT_NONCE))
        return ECS_E_INTERNAL;
    if (!ecs_aead_seal(key, bytes + AT_NONCE, (struct ecs_str){(const char *)bytes, 2}, content, CONTENT,
                       bytes + AT_SEALED))
        return ECS_E_INTERNAL;
    ecs_base32_encode(bytes, sizeof(bytes), out);
    return ECS_OK;
}

static enum ecs_rc unseal(const struct ecs_sealer *sealer, uint8_t version, struct ecs_str text,
                          uint8_t ret_content[CONTENT])
{
    uint8_t bytes[ECS_TOKEN_BYTES];
    struct ecs_aead_key *key;

    if (text.n != ECS_TOKEN_TEXT_MAX || ecs_base32_decode(text, bytes, sizeof(bytes)) != ECS_TOKEN_BYTES)
        return ECS_E_TOKEN_INVALID;
    key = bytes[0] == version ? ecs_sealer_find(sealer, bytes[1]) : NULL;
    if (!key || !ecs_aead_open(key, bytes + AT_NONCE, (struct ecs_str){(const char *)bytes, 2},
                               bytes + AT_SEALED, CONTENT + ECS_AEAD_TAG_LEN, ret_content))
        return ECS_E_TOKEN_INVALID;
    return ECS_OK;
}

enum ecs_rc ecs_token_seal(struct ecs_crypto *crypto, const struct ecs_sealer *sealer,
                           const struct ecs_token *token, const uint8_t *seed, char *out)
{
    uint8_t content[CONTENT];
    uint8_t *at = put_imsi(content, &token->imsi);

    memcpy(at, token->terminal, sizeof(token->terminal));
    at += sizeof(token->terminal);
    memcpy(at, token->app_name, sizeof(token->app_name));
    at += sizeof(token->app_name);
    at = put(at, token->groups, 2);
    at = put(at, token->generation, 4);
    at = put(at, (uint64_t)token->issued_s, 5);
    put(at, (uint64_t)(token->expires_s - token->issued_s), 4);
    return seal(crypto, sealer, VERSION_TOKEN, seed, content, out);
}

enum ecs_rc ecs_token_open(const struct ecs_sealer *sealer, struct ecs_str text, struct ecs_token *ret_token)
{
    uint8_t content[CONTENT];
    struct ecs_token token;
    uint64_t value;
    bool good;
    const uint8_t *at;
    enum ecs_rc rc = unseal(sealer, VERSION_TOKEN, text, content);

    if (rc != ECS_OK)
        return rc;
    at = get_imsi(content, &token.imsi, &good);
    memcpy(token.terminal, at, sizeof(token.terminal));
    at += sizeof(token.terminal);
    memcpy(token.app_name, at, sizeof(token.app_name));
    at += sizeof(token.app_name);
    at = get(at, &value, 2);
    token.groups = (uint16_t)value;
    at = get(at, &value, 4);
    token.generation = (uint32_t)value;
    at = get(at, &value, 5);
    token.issued_s = (int64_t)value;
    get(at, &value, 4);
    token.expires_s = token.issued_s + (int64_t)value;
    if (!good)
        return ECS_E_TOKEN_INVALID;
    *ret_token = token;
    return ECS_OK;
}

enum ecs_rc ecs_flow_ref_seal(struct ecs_crypto *crypto, const struct ecs_sealer *sealer,
                              const struct ecs_flow_ref *ref, char *out)
{
    uint8_t content[CONTENT] = {0};
    uint8_t *at = put_imsi(content, &ref->imsi);

    memcpy(at, ref->terminal, sizeof(ref->terminal));
    at += sizeof(ref->terminal);
    *at++ = ref->service;
    at = put(at, (uint64_t)ref->issued_s, 5);
    at = put(at, (uint64_t)(ref->expires_s - ref->issued_s), 4);
    at = put(at, ref->tac, 4);
    if (ref->service == SERVICE_BILLING) /* it has no journey: the account is in its place */
        at = (uint8_t *)memcpy(at, ref->account, sizeof(ref->account)) + sizeof(ref->account);
    else
        at = put(at, (uint64_t)ref->journey, 8);
    *at = ref->boost;
    return seal(crypto, sealer, VERSION_FLOW, NULL, content, out);
}

static bool is_empty_imsi(const uint8_t *at)
{
    for (size_t i = 0; i < BCD_LEN; i++)
        if (at[i] != 0xff)
            return false;
    return true;
}

enum ecs_rc ecs_flow_ref_open(const struct ecs_sealer *sealer, struct ecs_str text,
                              struct ecs_flow_ref *ret_ref)
{
    uint8_t content[CONTENT];
    struct ecs_flow_ref ref;
    uint64_t value;
    bool good;
    const uint8_t *at;
    enum ecs_rc rc = unseal(sealer, VERSION_FLOW, text, content);

    if (rc != ECS_OK)
        return rc;
    at = get_imsi(content, &ref.imsi, &good);
    memcpy(ref.terminal, at, sizeof(ref.terminal));
    at += sizeof(ref.terminal);
    ref.service = *at++;
    at = get(at, &value, 5);
    ref.issued_s = (int64_t)value;
    at = get(at, &value, 4);
    ref.expires_s = ref.issued_s + (int64_t)value;
    at = get(at, &value, 4);
    ref.tac = (uint32_t)value;
    memset(ref.account, 0, sizeof(ref.account));
    ref.boost = at[sizeof(ref.account)];
    ref.journey = 0;
    if (ref.service == SERVICE_BILLING) {
        memcpy(ref.account, at, sizeof(ref.account));
    } else {
        get(at, &value, 8);
        ref.journey = (int64_t)value;
    }
    if (!good) {
        if (!ref.journey || !is_empty_imsi(content))
            return ECS_E_TOKEN_INVALID;
        memset(&ref.imsi, 0, sizeof(ref.imsi));
    }
    if (ref.journey < 0)
        return ECS_E_TOKEN_INVALID;
    *ret_ref = ref;
    return ECS_OK;
}
