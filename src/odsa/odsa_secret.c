/* SPDX-License-Identifier: Apache-2.0 */
/* Activation codes and matching ids at rest, and the making of matching ids. */
#include <string.h>

#include "ecs/auth.h"
#include "ecs/crypto.h"
#include "ecs/keyring.h"
#include "odsa_priv.h"

#define OWNER ECS_STR("odsa")
#define FIELD ECS_STR("code")

bool ecs_odsa_seal(const struct ecs_odsa_env *env, struct ecs_arena *arena, struct ecs_str text,
                   struct ecs_str *ret_sealed)
{
    uint8_t id;
    struct ecs_aead_key *key = ecs_sealer_current(env->code_sealer, &id);
    uint8_t *out = ecs_alloc(arena, text.n + ECS_WRAP_OVERHEAD);

    if (!key || !out ||
        !ecs_wrap_seal(env->auth->crypto, key, id, OWNER, FIELD, (const uint8_t *)text.p, text.n, out))
        return false;
    *ret_sealed = (struct ecs_str){(const char *)out, text.n + ECS_WRAP_OVERHEAD};
    return true;
}

bool ecs_odsa_open(const struct ecs_odsa_env *env, struct ecs_arena *arena, struct ecs_str sealed,
                   struct ecs_str *ret_text)
{
    const uint8_t *bytes = (const uint8_t *)sealed.p;
    struct ecs_aead_key *key;
    uint8_t id, *out;
    size_t n;

    if (sealed.n < ECS_WRAP_OVERHEAD || !ecs_wrap_key_id(bytes, sealed.n, &id))
        return false;
    n = sealed.n - ECS_WRAP_OVERHEAD;
    key = ecs_sealer_find(env->code_sealer, id);
    out = ecs_arena_secret(arena, n + 1);
    if (!key || !out || !ecs_wrap_open(key, OWNER, FIELD, bytes, sealed.n, out))
        return false;
    *ret_text = (struct ecs_str){(const char *)out, n};
    return true;
}

/* 100 random bits in groups of five: capital letters and digits, as all SM-DP+ take it (smdp.md 3). */
bool odsa_matching_id_new(const struct ecs_odsa_env *env, struct ecs_arena *arena, struct ecs_str *ret_text)
{
    enum { BYTES = 13, DIGITS = 20, GROUP = 5 };
    uint8_t bytes[BYTES];
    char digits[ECS_BASE32_LEN(BYTES) + 1];
    char *text = ecs_arena_secret(arena, DIGITS + DIGITS / GROUP);
    size_t n = 0;

    if (!text || !ecs_random(env->auth->crypto, bytes, sizeof(bytes)))
        return false;
    ecs_base32_encode(bytes, sizeof(bytes), digits);
    for (size_t i = 0; i < DIGITS; i++) {
        if (i && i % GROUP == 0)
            text[n++] = '-';
        text[n++] = digits[i] >= 'a' && digits[i] <= 'z' ? (char)(digits[i] - 'a' + 'A') : digits[i];
    }
    ecs_wipe(bytes, sizeof(bytes));
    ecs_wipe(digits, sizeof(digits));
    *ret_text = (struct ecs_str){text, n};
    return true;
}
