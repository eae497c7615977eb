/* SPDX-License-Identifier: Apache-2.0 */
/* Signed user data for pages of others ({jwt} in flow-data): who asks is an opaque reference, what is missing
 * stands in clear, so that a page can begin without asking us (V-017, V-018). */
#include "app_internal.h"

#include "ecs/json.h"
#include "ecs/jws.h"

enum { JTI_BYTES = 16 };

struct ecs_str app_portal_jwt(struct ecs_app_context *c, const char *service, const char *reference,
                              const struct app_portal_states *states, int64_t expires_s)
{
    uint8_t random[JTI_BYTES];
    char jti[ECS_BASE32_LEN(JTI_BYTES) + 1];
    struct ecs_buf claims = {0};
    struct ecs_json_out out = {.buf = &claims};
    struct ecs_str token = ECS_STR_NULL;

    if (!ecs_random(c->crypto, random, sizeof(random)))
        return token;
    ecs_base32_encode(random, sizeof(random), jti);
    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "iss", ecs_str_of(c->portal_issuer));
    ecs_json_str(&out, "aud", ecs_str_of(c->portal_audience));
    ecs_json_str(&out, "sub", ecs_str_of(reference));
    ecs_json_i64(&out, "iat", c->now);
    ecs_json_i64(&out, "exp", expires_s);
    ecs_json_str(&out, "jti", ecs_str_of(jti));
    ecs_json_str(&out, "service", ecs_str_of(service));
    ecs_json_i64(&out, "tnc", states->terms);
    ecs_json_i64(&out, "addr", states->address);
    ecs_json_i64(&out, "prov", states->provisioning);
    ecs_json_str(&out, "lang", ecs_messages_languages(c->messages, &(size_t){0})[c->language]);
    if (c->line->brand.n)
        ecs_json_str(&out, "brand", c->line->brand);
    ecs_json_end(&out, '}');
    if (!claims.overflow)
        token = ecs_jws_sign(c->portal_signer, ecs_buf_str(&claims), c->arena);
    ecs_buf_done(&claims);
    return token;
}
