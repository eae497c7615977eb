/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as bytes: credential, defaults, lengths, order, escaping, headers and body of each client. */

#include "wire.h"

#include <string.h>

const char ecs_sim_unwanted[] = "\x01";

/* ---- parameters ---- */

/* Parameters of operations: the request that only authenticates has none of them. */
static bool is_of_operation(const struct ecs_sim_personality *who, struct ecs_str name)
{
    static const char *const beginnings[] = {"operation",    "companion_",      "MSG_",
                                             "old_terminal", "target_terminal", "requestor_id"};
    static const char others[] = "terminal_iccid terminal_eid";

    for (size_t i = 0; i < ECS_ARRAY_LEN(beginnings); i++) {
        if (ecs_str_starts_with(name, ecs_str_of(beginnings[i])))
            return true;
    }
    return who->odsa && ecs_sim_words_have(others, name);
}

static void add_default(struct ecs_sim_params *out, const struct ecs_sim_params *user, const char *name,
                        const char *value)
{
    if (!ecs_sim_params_get(user, name).p)
        ecs_sim_params_add_cstr(out, name, value);
}

static void add_credential(struct ecs_sim_params *out, const struct ecs_sim_wire *wire,
                           const struct ecs_sim_params *user, enum ecs_sim_auth auth,
                           const struct ecs_sim_usim *usim, struct ecs_str token)
{
    const char *realm = wire->realm ? wire->realm : "nai.epc";
    char prefix = wire->nai_prefix ? wire->nai_prefix : '0';
    const char *nai = NULL;

    switch (auth) {
    case ECS_SIM_AUTH_EAP:
        if (usim && wire->realm && wire->who->realm_verbatim)
            nai = ecs_printf(out->arena, "%c%s@%s", prefix, usim->imsi.s, realm);
        else if (usim)
            nai = ecs_sim_usim_nai(usim, out->arena, prefix, realm);
        if (nai)
            add_default(out, user, "EAP_ID", nai);
        return;
    case ECS_SIM_AUTH_TOKEN:
        if (usim && !wire->who->token_without_imsi)
            add_default(out, user, "IMSI", usim->imsi.s);
        if (!ecs_sim_params_get(user, "token").p)
            ecs_sim_params_add(out, ECS_STR("token"), token);
        if (wire->who->reader == ECS_SIM_READER_HEALTH) {
            add_default(out, user, "provisioning_version", "4.0");
            add_default(out, user, "app_version", "13.1");
            add_default(out, user, "companion_terminal_service", "SharedNumber");
        }
        return;
    case ECS_SIM_AUTH_TEMPORARY:
        if (!ecs_sim_params_get(user, "temporary_token").p)
            ecs_sim_params_add(out, ECS_STR("temporary_token"), token);
        return;
    case ECS_SIM_AUTH_NONE:
        return;
    }
}

static void cut(struct ecs_sim_params *params, const char *name, unsigned length)
{
    struct ecs_str value = ecs_sim_params_get(params, name);

    if (length && value.n > length)
        ecs_sim_params_set(params, ecs_str_of(name), (struct ecs_str){value.p, length});
}

/* What the user left out, what the first of two steps lacks, and what does not go with a temporary token. */
static void drop_unwanted(struct ecs_sim_params *params, const struct ecs_sim_wire *wire, const char *only)
{
    struct ecs_sim_param **at = &params->first;

    while (*at) {
        if (ecs_str_eq((*at)->value, ecs_str_of(ecs_sim_unwanted)) ||
            (wire->authenticates && is_of_operation(wire->who, (*at)->name)) ||
            (only && !ecs_sim_words_have(only, (*at)->name)))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
    params->end = at;
}

/* A SIM without a group yields the text "null" (2.1, point 4). */
static void add_group(struct ecs_sim_params *out, const struct ecs_sim_personality *who)
{
    struct ecs_str version = ecs_sim_params_get(out, "entitlement_version"), major;
    uint32_t number;

    if (!who->gid || !ecs_str_cut(&version, '.', &major) || !ecs_str_to_u32(major, &number) || number < 12)
        return;
    if (!ecs_sim_params_get(out, "gid1").p && !ecs_sim_params_get(out, "GID1").p)
        ecs_sim_params_add_cstr(out, who->gid, "null");
}

void ecs_sim_wire_params(struct ecs_sim_params *out, const struct ecs_sim_wire *wire,
                         const struct ecs_sim_params *user, enum ecs_sim_auth auth,
                         const struct ecs_sim_usim *usim, struct ecs_str token)
{
    const struct ecs_sim_personality *who = wire->who;
    const char *only = auth == ECS_SIM_AUTH_TEMPORARY ? who->only : NULL;

    add_credential(out, wire, user, auth, usim, token);
    ecs_sim_params_copy(out, user);
    ecs_sim_params_add_defaults(out, user, who->defaults);
    if (who->odsa)
        ecs_sim_params_add_defaults(out, user, who->odsa);
    if (!who->bare)
        add_default(out, user, "terminal_id", "490154203237518");
    add_group(out, who);
    drop_unwanted(out, wire, only);
    cut(out, "terminal_vendor", who->cut_vendor);
    cut(out, "terminal_model", who->cut_model);
    cut(out, "terminal_sw_version", who->cut_sw);
    ecs_sim_params_sort(out, who->order, who->table);
}

/* ---- request ---- */

static void add_target(struct ecs_buf *out, const struct ecs_sim_wire *wire,
                       const struct ecs_sim_params *params)
{
    struct ecs_str own = wire->who->relay_at_root ? ECS_STR("") : wire->url->query;

    ecs_buf_add_cstr(out, wire->who->relay_at_root ? "/" : wire->url->path);
    if (own.n || params)
        ecs_buf_add_char(out, '?');
    ecs_buf_add_str(out, own);
    if (own.n && params)
        ecs_buf_add_char(out, '&');
    if (params)
        ecs_sim_params_query(out, params, wire->who->escape);
}

/* Android's org.json writes every slash as \/ */
static void add_escaped(struct ecs_buf *out, struct ecs_str text, bool slashes)
{
    for (size_t i = 0; i < text.n; i++) {
        if (slashes && text.p[i] == '/')
            ecs_buf_add_char(out, '\\');
        ecs_buf_add_char(out, text.p[i]);
    }
}

static void add_body(struct ecs_buf *out, const struct ecs_sim_wire *wire, const char *type,
                     struct ecs_str body)
{
    struct ecs_buf packed = {0};

    ecs_buf_printf(out, "Content-Type: %s\r\n", type);
    if (wire->gzip && ecs_gzip_deflate(wire->gzip, body, &packed) == ECS_OK) {
        ecs_buf_add_cstr(out, "Content-Encoding: gzip\r\n");
        body = ecs_buf_str(&packed);
    }
    ecs_buf_printf(out, "Content-Length: %zu\r\n\r\n", body.n);
    ecs_buf_add_str(out, body);
    ecs_buf_done(&packed);
}

static void begin(struct ecs_buf *out, const struct ecs_sim_wire *wire, const char *method,
                  const struct ecs_sim_params *query)
{
    ecs_buf_printf(out, "%s ", method);
    add_target(out, wire, query);
    ecs_buf_printf(out, " HTTP/1.1\r\nHost: %s\r\n", wire->url->authority);
}

void ecs_sim_wire_first(struct ecs_buf *out, const struct ecs_sim_wire *wire,
                        const struct ecs_sim_params *params, enum ecs_sim_request_kind kind,
                        const struct ecs_sim_cookies *cookies)
{
    struct ecs_buf plain = {0}, body = {0};
    /* a client with few names for the temporary token sends these by POST */
    bool temporary = wire->who->only && ecs_sim_params_get(params, "temporary_token").p;
    bool post = wire->post || wire->who->posts || temporary;

    begin(out, wire, post ? "POST" : "GET", post && !wire->who->posts_query_too ? NULL : params);
    ecs_sim_headers(out, wire->who, kind, wire->format, params, post);
    if (cookies && (wire->who->cookies == ECS_SIM_COOKIES_PAIRS || wire->who->cookies == ECS_SIM_COOKIES_JAR))
        ecs_sim_cookies_write(out, cookies);
    if (!post) {
        ecs_buf_add_cstr(out, "\r\n");
        return;
    }
    ecs_sim_params_json(&plain, params, wire->who->number);
    add_escaped(&body, ecs_buf_str(&plain), wire->who->escaped_slashes);
    add_body(out, wire, wire->who->post_type, ecs_buf_str(&body));
    ecs_buf_done(&plain);
    ecs_buf_done(&body);
}

void ecs_sim_wire_answer(struct ecs_buf *out, const struct ecs_sim_wire *wire,
                         const struct ecs_sim_params *params, enum ecs_sim_request_kind kind,
                         const struct ecs_sim_cookies *cookies, const uint8_t *packet, size_t n)
{
    struct ecs_buf body = {0};
    char text[ECS_BASE64_LEN(ECS_SIM_PACKET_MAX) + 1];

    if (n > ECS_SIM_PACKET_MAX) {
        out->overflow = true;
        return;
    }
    begin(out, wire, "POST", wire->who->relay_keeps_query && !wire->bare_address ? params : NULL);
    ecs_sim_headers(out, wire->who, kind, wire->format, params, true);
    ecs_sim_cookies_write(out, cookies);
    ecs_base64_encode(packet, n, text);
    ecs_buf_add_cstr(&body, "{\"eap-relay-packet\":\"");
    add_escaped(&body, ecs_str_of(text), wire->who->escaped_slashes);
    ecs_buf_add_cstr(&body, "\"}");
    add_body(out, wire, wire->who->relay_type, ecs_buf_str(&body));
    ecs_buf_done(&body);
}
