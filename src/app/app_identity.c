/* SPDX-License-Identifier: Apache-2.0 */
/* ap2013: the private identity for Wi-Fi access (TS.43 section 12): a pseudonym of the AAA, or the IMSI
 * encrypted for the Wi-Fi gateway. */
#include "app_internal.h"

#include <string.h>

#include "ecs/wifi_identity.h"

enum { ENABLED = 1, INCOMPATIBLE = 2 };
enum { TYPE_PSEUDONYM = 1, TYPE_OTHER = 2 };

static const char *const services[] = {"identity", NULL};

struct ecs_str app_pseudonym(const struct ecs_data_facts *data, int64_t now)
{
    return data && data->pseudonym.p && (!data->pseudonym_ends || data->pseudonym_ends > now)
               ? data->pseudonym
               : ECS_STR_NULL;
}

static struct ecs_str encoded(struct ecs_arena *arena, struct ecs_str value)
{
    static const char mark[] = "encodedValue=";
    char *text = ecs_alloc(arena, sizeof(mark) + ECS_BASE64_LEN(value.n) + 1);

    if (!text)
        return ECS_STR_NULL;
    memcpy(text, mark, sizeof(mark) - 1);
    return (struct ecs_str){text,
                            sizeof(mark) - 1 + ecs_base64_encode(value.p, value.n, text + sizeof(mark) - 1)};
}

/* {NULL, 0}: it cannot be made. */
static struct ecs_str identity_of(struct ecs_app_context *c, bool token, int64_t life_s, int64_t *ret_expires)
{
    const struct ecs_data_facts *data = c->line->data;
    struct ecs_str pseudonym = app_pseudonym(data, c->now);

    *ret_expires = life_s ? c->now + life_s : 0;
    if (token)
        return c->wifi_identity ? ecs_wifi_identity_make(c->wifi_identity, c->arena, c->imsi, c->line->msisdn,
                                                         c->now, *ret_expires)
                                : ECS_STR_NULL;
    if (!pseudonym.p) { /* the device takes it from its next exchange with the AAA (U-004) */
        *ret_expires = 0;
        return ECS_STR("");
    }
    if (data->pseudonym_ends)
        *ret_expires = data->pseudonym_ends;
    return pseudonym;
}

enum ecs_rc app_build_identity(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                               const struct ecs_decisions *decisions, struct ecs_app_result *result)
{
    const struct ecs_decision_value *v = decisions->v;
    bool token = v[ECS_DECIDE_IDENTITY_TYPE].i == ECS_ID_TYPE_TOKEN;
    int64_t expires = 0, validity = v[ECS_DECIDE_IDENTITY_VALIDITY].i;
    int status = (int)v[ECS_DECIDE_IDENTITY_ELIGIBILITY].i;
    struct ecs_str id = ECS_STR("");

    if (status == ENABLED) {
        id = identity_of(c, token, v[ECS_DECIDE_IDENTITY_LIFE].i, &expires);
        if (!id.p)
            status = INCOMPATIBLE;
        if (expires && expires - c->now < validity)
            validity = expires - c->now; /* it is to be renewed by then */
    }
    result->status = status;
    app_validity(c, validity, services);
    ecs_doc_int(doc, node, "EntitlementStatus", status);
    if (status != ENABLED)
        return ECS_OK;
    if (id.n && v[ECS_DECIDE_IDENTITY_ENCODED].i)
        id = encoded(c->arena, id);
    else if (id.n)
        id = ecs_doc_url(c->arena, id); /* NAIs and tokens have no character that this changes */
    if (!id.p)
        return ECS_E_TOO_LARGE;
    ecs_doc_str(doc, node, "PrivateUserID", id);
    ecs_doc_int(doc, node, "PrivateUserIDType", token ? TYPE_OTHER : TYPE_PSEUDONYM);
    if (expires)
        ecs_doc_time(doc, node, "PrivateUserIDExpiry", expires);
    return ECS_OK;
}
