/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of servers that manage an enterprise's devices (TS.43 10.2): sealed as device tokens are, with the
 * enterprise inside, so that later requests need not name it. */
#include "ecs/token.h"

#include <string.h>

enum {
    VERSION = 3,
    DIGEST = 16,
    TIMES = 9,
    AT_NONCE = 2,
    AT_SEALED = AT_NONCE + ECS_AEAD_IV_LEN,
    FIXED = DIGEST + TIMES
};

void ecs_enterprise_requestor_digest(struct ecs_crypto *crypto, struct ecs_str requestor_id,
                                     uint8_t ret_digest[16])
{
    uint8_t full[ECS_SHA256_LEN] = {0};
    char lower[256];
    struct ecs_str text = {lower, requestor_id.n < sizeof(lower) ? requestor_id.n : sizeof(lower)};

    for (size_t i = 0; i < text.n; i++) {
        char c = requestor_id.p[i];

        lower[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    if (!ecs_digest(crypto, ECS_DIGEST_SHA256, &text, 1, full))
        memset(full, 0, sizeof(full));
    memcpy(ret_digest, full, DIGEST);
}

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
}

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

enum ecs_rc ecs_enterprise_token_seal(struct ecs_crypto *crypto, const struct ecs_sealer *sealer,
                                      const struct ecs_enterprise_token *token, char *out)
{
    uint8_t bytes[ECS_ENTERPRISE_TOKEN_BYTES], content[FIXED + ECS_ENTERPRISE_ID_MAX];
    struct ecs_aead_key *key = ecs_sealer_current(sealer, &bytes[1]);
    size_t n = strlen(token->enterprise);

    bytes[0] = VERSION;
    memcpy(content, token->requestor, DIGEST);
    put(content + DIGEST, (uint64_t)token->issued_s, 5);
    put(content + DIGEST + 5, (uint64_t)(token->expires_s - token->issued_s), 4);
    memcpy(content + FIXED, token->enterprise, n);
    if (!ecs_random(crypto, bytes + AT_NONCE, ECS_AEAD_IV_LEN) ||
        !ecs_aead_seal(key, bytes + AT_NONCE, (struct ecs_str){(const char *)bytes, 2}, content, FIXED + n,
                       bytes + AT_SEALED))
        return ECS_E_INTERNAL;
    ecs_base32_encode(bytes, AT_SEALED + FIXED + n + ECS_AEAD_TAG_LEN, out);
    return ECS_OK;
}

enum ecs_rc ecs_enterprise_token_open(const struct ecs_sealer *sealer, struct ecs_str text,
                                      struct ecs_enterprise_token *ret_token)
{
    uint8_t bytes[ECS_ENTERPRISE_TOKEN_BYTES], content[FIXED + ECS_ENTERPRISE_ID_MAX];
    struct ecs_aead_key *key;
    ptrdiff_t n =
        text.n <= ECS_ENTERPRISE_TOKEN_TEXT_MAX ? ecs_base32_decode(text, bytes, sizeof(bytes)) : -1;
    size_t inner;

    if (n <= AT_SEALED + FIXED + ECS_AEAD_TAG_LEN || bytes[0] != VERSION)
        return ECS_E_TOKEN_INVALID;
    inner = (size_t)n - AT_SEALED - ECS_AEAD_TAG_LEN;
    key = ecs_sealer_find(sealer, bytes[1]);
    if (!key || !ecs_aead_open(key, bytes + AT_NONCE, (struct ecs_str){(const char *)bytes, 2},
                               bytes + AT_SEALED, inner + ECS_AEAD_TAG_LEN, content))
        return ECS_E_TOKEN_INVALID;
    memset(ret_token, 0, sizeof(*ret_token));
    memcpy(ret_token->requestor, content, DIGEST);
    ret_token->issued_s = (int64_t)get(content + DIGEST, 5);
    ret_token->expires_s = ret_token->issued_s + (int64_t)get(content + DIGEST + 5, 4);
    memcpy(ret_token->enterprise, content + FIXED, inner - FIXED);
    return ECS_OK;
}
