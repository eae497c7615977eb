/* SPDX-License-Identifier: Apache-2.0 */
/* The hand-over of eSIM activation (TS.43 6.5.9): address and user data that a device takes to the portal,
 * built in or of the operator. Who and which journey is meant is a sealed reference; what stands beside it in
 * clear or signed only helps the page. */
#include "callback.h"
#include "device.h"
#include "ecs/jws.h"
#include "ecs/operation.h"
#include "sheet.h"

enum { JTI_BYTES = 16 };

/* What the parts of one hand-over share. */
struct hand_over {
    const struct device *device;
    struct ecs_arena *arena;
    const struct ecs_journey *journey; /* NULL: none */
    enum ecs_app app;
    int64_t expires_s;
    char reference[ECS_TOKEN_TEXT_MAX + 1]; /* "" nobody is proven */
};

static bool seal_reference(struct hand_over *h)
{
    const struct device *d = h->device;
    struct ecs_flow_ref ref = {
        .imsi = d->auth.imsi,
        .service = (uint8_t)(ecs_app_number(h->app) - 2000),
        .issued_s = d->now,
        .expires_s = h->expires_s,
        .journey = h->journey ? h->journey->id : 0,
    };

    if (h->journey && !ecs_str_eq(h->journey->imsi, ecs_str_of(ref.imsi.s)) && h->journey->imsi.n)
        return false; /* somebody else's: there is no such hand-over */
    if (!ref.imsi.s[0] && !h->journey)
        return true;
    if (d->request.has_terminal) {
        ecs_token_terminal_digest(d->front->crypto, &d->request.terminal, ref.terminal);
        if (!ecs_str_to_u32(ecs_str_of(d->request.terminal.tac), &ref.tac))
            ref.tac = 0;
    }
    return ecs_flow_ref_seal(d->front->crypto, d->engine->flow_sealer, &ref, h->reference) == ECS_OK;
}

static struct ecs_str language_of(const struct device *d)
{
    return ecs_messages_languages(d->engine->snapshot->messages, &(size_t){0})[d->odsa.language];
}

static struct ecs_str sign(const struct hand_over *h)
{
    const struct device *d = h->device;
    const struct ecs_snapshot *s = d->engine->snapshot;
    const struct ecs_callback_conf *conf = s->callback;
    uint8_t random[JTI_BYTES];
    char jti[ECS_BASE32_LEN(JTI_BYTES) + 1];
    struct ecs_buf claims = {0};
    struct ecs_json_out out = {.buf = &claims};
    struct ecs_str token = ECS_STR_NULL;

    if (!ecs_random(d->front->crypto, random, sizeof(random)))
        return token;
    ecs_base32_encode(random, sizeof(random), jti);
    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "iss", ecs_str_of(conf->issuer[0] ? conf->issuer : s->web->public_url));
    ecs_json_str(&out, "aud", ecs_str_of(conf->audience[0] ? conf->audience : s->policy_conf->portal_url));
    ecs_json_str(&out, "sub", ecs_str_of(h->reference));
    ecs_json_i64(&out, "iat", d->now);
    ecs_json_i64(&out, "exp", h->expires_s);
    ecs_json_str(&out, "jti", ecs_str_of(jti));
    ecs_json_str(&out, "service", ECS_STR("odsa"));
    ecs_json_str(&out, "app", ecs_str_of(ecs_printf(h->arena, "ap%u", ecs_app_number(h->app))));
    if (h->journey) {
        ecs_json_str(&out, "kind", ecs_str_of(ecs_journey_kinds[h->journey->kind]));
        ecs_json_i64(&out, "operation_type", h->journey->operation_type);
    }
    ecs_json_str(&out, "lang", language_of(d));
    if (d->facts.brand.n)
        ecs_json_str(&out, "brand", d->facts.brand);
    ecs_json_end(&out, '}');
    if (!claims.overflow)
        token = ecs_jws_sign(d->engine->portal_signer, ecs_buf_str(&claims), h->arena);
    ecs_buf_done(&claims);
    return token;
}

static bool expand(const struct hand_over *h, struct ecs_str template, struct ecs_str *ret_data)
{
    const struct device *d = h->device;
    const struct ecs_journey *j = h->journey;
    struct ecs_substitution values[] = {
        {ECS_STR("session"), ecs_str_of(h->reference)},
        {ECS_STR("imsi"), ecs_str_of(d->auth.imsi.s)},
        {ECS_STR("msisdn"), d->facts.msisdn},
        {ECS_STR("device_id"), {d->request.terminal.s, d->request.terminal.n}},
        {ECS_STR("lang"), language_of(d)},
        {ECS_STR("brand"), d->facts.brand},
        {ECS_STR("app"), ecs_str_of(ecs_printf(h->arena, "ap%u", ecs_app_number(h->app)))},
        {ECS_STR("kind"), ecs_str_of(j ? ecs_journey_kinds[j->kind] : "")},
        {ECS_STR("operation_type"), ecs_str_of(j ? ecs_printf(h->arena, "%d", j->operation_type) : "")},
        {ECS_STR("jwt"), ECS_STR("")},
    };
    struct ecs_str *jwt = &values[ECS_ARRAY_LEN(values) - 1].value;
    struct ecs_buf out = {0};

    if (d->engine->portal_signer && ecs_str_find(template, ECS_STR("{jwt}")) >= 0)
        *jwt = sign(h);
    if (!jwt->p)
        return false;
    ecs_template_expand(template, values, ECS_ARRAY_LEN(values), true, &out);
    *ret_data = (struct ecs_str){out.overflow ? NULL : ecs_strdup(h->arena, ecs_buf_str(&out)), out.n};
    ecs_buf_done(&out);
    return ret_data->p != NULL;
}

/* "portal" is a name, all else is an address. {NULL, 0}: there is none. */
static struct ecs_str address_of(const struct hand_over *h, struct ecs_str url)
{
    const struct ecs_snapshot *s = h->device->engine->snapshot;

    if (!ecs_str_eq(url, ECS_STR("portal")))
        return url.n ? url : ECS_STR_NULL;
    if (s->policy_conf->portal_url[0])
        return ecs_str_of(s->policy_conf->portal_url);
    if (!sheet_odsa_enabled(s))
        return ECS_STR_NULL;
    return ecs_str_of(web_url(s, h->journey ? "odsa" : "odsa/not-enabled", h->arena));
}

bool sheet_odsa_portal(void *arg, struct ecs_arena *arena, const struct ecs_journey *journey,
                       struct ecs_str url, struct ecs_str data_template, struct ecs_str *ret_url,
                       struct ecs_str *ret_data)
{
    const struct device *d = arg;
    struct hand_over h = {
        .device = d,
        .arena = arena,
        .journey = journey && journey->id ? journey : NULL,
        .expires_s = d->now + d->engine->odsa.conf->portal_s,
    };

    if (!ecs_operation_app(&d->request, &h.app) && !d->request.n_apps)
        return false;
    if (!ecs_operation_app(&d->request, &h.app))
        h.app = d->request.apps[0];
    *ret_url = address_of(&h, url);
    *ret_data = ECS_STR("");
    if (!ret_url->p || !seal_reference(&h))
        return false;
    return !data_template.n || expand(&h, data_template, ret_data);
}
