/* SPDX-License-Identifier: Apache-2.0 */
/* modules: codec base */
/* Signed tokens and key sets as a stranger may send them, and claims of any payload signed here first. */
#include <stdlib.h>
#include <string.h>

#include "ecs/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ecs_jwk_set *secret;
    static struct ecs_jws_signer *signer;
    struct ecs_str text = {(const char *)data, size}, aud = ECS_STR("us"), token;
    struct ecs_jws_expect expect = {
        .algs = 15, .now = 1780000000, .skew_s = 10, .aud = &aud, .aud_n = 1, .azp = aud, .max_life_s = 300};
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_jws_claims claims;
    struct ecs_jwk_set *set;

    if (!arena)
        return 0;
    if (!secret) {
        secret = ecs_jwk_set_secret(ECS_STR("a secret that no fuzzer is going to find"));
        signer = ecs_jws_signer_secret(ECS_STR("a secret that no fuzzer is going to find"), NULL);
    }
    if (ecs_jws_verify(text, secret, &expect, arena, &claims) == ECS_JWS_OK)
        abort(); /* nobody can forge one */
    (void)ecs_jws_kid(text, arena);
    set = ecs_jwk_set_parse(text);
    if (set && ecs_jwk_set_size(set) > 64)
        abort();
    ecs_jwk_set_free(set);
    ecs_jwk_set_free(ecs_jwk_set_pem(text, NULL));
    token = ecs_jws_sign(signer, text, arena);
    if (token.p && ecs_jws_verify(token, secret, &expect, arena, &claims) == ECS_JWS_OK) {
        if (!ecs_str_eq(claims.json, text))
            abort();
        (void)ecs_jws_claim(&claims, "a.b", arena);
        (void)ecs_jws_claim_has(&claims, "scope", aud);
    }
    ecs_arena_free(arena);
    return 0;
}
