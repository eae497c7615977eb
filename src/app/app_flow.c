/* SPDX-License-Identifier: Apache-2.0 */
/* The hand-over of a user to web pages (ServiceFlow_URL, _UserData, _ContentsType): an opaque, sealed,
 * expiring reference stands for subscriber, device and what is asked for; the rest is what the operator's
 * template names. */
#include "app_internal.h"

#include <string.h>

#include "ecs/form.h"
#include "ecs/json.h"
#include "ecs/negotiate.h"
#include "ecs/xml.h"

enum { DATA_MAX = 3000 };

/* name: of the built-in page; {NULL, 0}: no memory. */
static struct ecs_str url_of(const struct ecs_app_context *c, struct ecs_str url, const char *name)
{
    if (!ecs_str_eq(url, ECS_STR("portal")))
        return url;
    if (c->pages_url && c->pages_url[0])
        return ecs_str_of(ecs_printf(c->arena, "%s%s", c->pages_url, name));
    return ecs_str_of(c->portal_url);
}

bool app_flow_has_url(const struct ecs_app_context *c, struct ecs_str url)
{
    return url_of(c, url, "").n > 0;
}

static bool seal_reference(struct ecs_app_context *c, const struct app_flow *flow, char *sid)
{
    struct ecs_flow_ref ref = {.imsi = *c->imsi,
                               .service = flow->service,
                               .boost = (uint8_t)flow->boost,
                               .issued_s = c->now,
                               .expires_s = c->now + flow->life_s};

    if (flow->account)
        memcpy(ref.account, flow->account, sizeof(ref.account));
    if (c->request->has_terminal) {
        ecs_token_terminal_digest(c->crypto, &c->request->terminal, ref.terminal);
        if (!ecs_str_to_u32(ecs_str_of(c->request->terminal.tac), &ref.tac))
            ref.tac = 0;
    }
    return ecs_flow_ref_seal(c->crypto, c->flow_sealer, &ref, sid) == ECS_OK;
}

static struct ecs_str keep(struct ecs_arena *arena, struct ecs_buf *buf)
{
    struct ecs_str text = {buf->overflow ? NULL : ecs_strdup(arena, ecs_buf_str(buf)), buf->n};

    ecs_buf_done(buf);
    return text.p ? text : ECS_STR_NULL;
}

/* The template with its placeholders filled: a=b pairs, percent-encoded. {NULL, 0}: no memory. */
static struct ecs_str pairs_of(struct ecs_app_context *c, const struct app_flow *flow)
{
    static const char *const digits[] = {"0", "1", "2", "3"};
    char sid[ECS_TOKEN_TEXT_MAX + 1];
    struct ecs_buf out = {.limit = DATA_MAX};
    const struct app_portal_states states = {.terms = flow->terms, .provisioning = flow->provisioning};
    struct ecs_substitution values[] = {
        {ECS_STR("session"), ECS_STR_NULL},
        {ECS_STR("jwt"), ECS_STR("")},
        {ECS_STR("imsi"), ecs_str_of(c->imsi->s)},
        {ECS_STR("msisdn"), c->line->msisdn},
        {ECS_STR("device_id"), {c->request->terminal.s, c->request->terminal.n}},
        {ECS_STR("tnc"), ecs_str_of(digits[flow->terms & 3])},
        {ECS_STR("prov"), ecs_str_of(digits[flow->provisioning & 3])},
        {ECS_STR("lang"), ecs_messages_languages(c->messages, &(size_t){0})[c->language]},
        {ECS_STR("brand"), c->line->brand},
        {ECS_STR("app"), ecs_str_of(ecs_printf(c->arena, "ap20%02u", flow->service))},
        {ECS_STR("boost"), ecs_str_of(flow->boost ? ecs_printf(c->arena, "%u", (unsigned)flow->boost) : "")},
        {ECS_STR("store"), c->request->param[ECS_P_STORE_VENDOR]},
        {ECS_STR("store_user"), c->request->param[ECS_P_STORE_USER_ID]},
    };

    if (!flow->data.n)
        return ECS_STR("");
    if (!seal_reference(c, flow, sid))
        return ECS_STR_NULL;
    values[0].value = ecs_str_of(sid);
    if (c->portal_signer && ecs_str_find(flow->data, ECS_STR("{jwt}")) >= 0) {
        values[1].value = app_portal_jwt(c, flow->name, sid, &states, c->now + flow->life_s);
        if (!values[1].value.p)
            return ECS_STR_NULL;
    }
    ecs_template_expand(flow->data, values, ECS_ARRAY_LEN(values), true, &out);
    return keep(c->arena, &out);
}

static void write_body(const struct ecs_form *form, bool json, struct ecs_buf *out)
{
    if (!json) {
        ecs_buf_add_cstr(out, "<?xml version=\"1.0\"?><data>");
        for (size_t i = 0; i < form->n; i++)
            ecs_xml_parm(out, form->field[i].name, form->field[i].value);
        ecs_buf_add_cstr(out, "</data>");
        return;
    }
    ecs_buf_add_char(out, '{');
    for (size_t i = 0; i < form->n; i++) {
        if (i)
            ecs_buf_add_char(out, ',');
        ecs_json_add_name(out, form->field[i].name);
        ecs_json_add_string(out, form->field[i].value);
    }
    ecs_buf_add_char(out, '}');
}

/* The pairs as the body of a POST (Table 50). */
static struct ecs_str body_of(struct ecs_arena *arena, struct ecs_str pairs, bool json, bool encoded)
{
    struct ecs_buf out = {.limit = DATA_MAX}, base64 = {.limit = 2 * DATA_MAX};
    struct ecs_form form;
    const char *why;
    char *to;

    if (ecs_form_parse(arena, pairs, &form, &why) != ECS_OK)
        return ECS_STR_NULL;
    write_body(&form, json, &out);
    if (!encoded || out.overflow)
        return keep(arena, &out);
    ecs_buf_add_cstr(&base64, "encodedValue=");
    to = ecs_buf_reserve(&base64, ECS_BASE64_LEN(out.n) + 1);
    if (to)
        base64.n += ecs_base64_encode(out.p, out.n, to);
    ecs_buf_done(&out);
    return keep(arena, &base64);
}

/* Clients put "?" between URL and data by themselves: an address has no query of its own then. */
static bool split_query(struct ecs_arena *arena, struct ecs_str *url, struct ecs_str *data)
{
    const char *mark = memchr(url->p, '?', url->n);
    struct ecs_buf joined = {.limit = DATA_MAX};
    struct ecs_str query;

    if (!mark)
        return true;
    query = (struct ecs_str){mark + 1, url->n - (size_t)(mark - url->p) - 1};
    url->n = (size_t)(mark - url->p);
    ecs_buf_add_str(&joined, query);
    if (query.n && data->n)
        ecs_buf_add_char(&joined, '&');
    ecs_buf_add_str(&joined, *data);
    *data = keep(arena, &joined);
    return data->p != NULL;
}

enum ecs_rc app_flow_write(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                           const struct app_flow *flow)
{
    static const char *const types[] = {[ECS_PAGE_JSON] = "json", [ECS_PAGE_XML] = "xml"};
    bool post = flow->type == ECS_PAGE_JSON || flow->type == ECS_PAGE_XML;
    bool plain = !flow->encoded && ecs_accept_read(c->request->accept).format == ECS_FORMAT_JSON;
    struct ecs_str url = url_of(c, flow->url, flow->name), data;

    if (!url.p)
        return ECS_E_TOO_LARGE;
    if (!url.n)
        return ECS_OK;
    data = pairs_of(c, flow);
    if (!data.p)
        return ECS_E_TOO_LARGE;
    if (post && data.n)
        data = body_of(c->arena, data, flow->type == ECS_PAGE_JSON, !plain);
    else if (!post && !split_query(c->arena, &url, &data))
        return ECS_E_TOO_LARGE;
    url = ecs_doc_url(c->arena, url);
    if (data.n && !post)
        data = ecs_doc_url(c->arena, data);
    if (!url.p || !data.p)
        return ECS_E_TOO_LARGE;
    ecs_doc_str(doc, node, "ServiceFlow_URL", url);
    if (data.n)
        ecs_doc_str(doc, node, "ServiceFlow_UserData", data);
    if (post)
        ecs_doc_str(doc, node, "ServiceFlow_ContentsType", ecs_str_of(types[flow->type]));
    return ECS_OK;
}
