/* SPDX-License-Identifier: Apache-2.0 */
/* Looking personalities up, their header lines, and how they judge Content-Type. The rows are in
 * personality_table.c. */

#include "personality.h"

#include <string.h>

#define XML  "text/vnd.wap.connectivity-xml"
#define JSON "application/json"

const struct ecs_sim_personality *ecs_sim_personality_find(const char *name)
{
    for (size_t i = 0; i < ecs_sim_personality_count; i++) {
        if (!strcmp(ecs_sim_personalities[i].name, name))
            return &ecs_sim_personalities[i];
    }
    return NULL;
}

/* ---- headers ---- */

static void add_cut(struct ecs_buf *buf, const struct ecs_sim_params *params, const char *name, unsigned cut)
{
    struct ecs_str value = ecs_sim_params_get(params, name);

    ecs_buf_add(buf, value.p, cut && value.n > cut ? cut : value.n);
}

static void add_user_agent(struct ecs_buf *buf, const struct ecs_sim_personality *who,
                           const struct ecs_sim_params *params)
{
    for (const char *at = who->user_agent; *at; at++) {
        if (*at != '%') {
            ecs_buf_add_char(buf, *at);
            continue;
        }
        at++;
        if (*at == 'V')
            add_cut(buf, params, "terminal_vendor", who->cut_vendor);
        else if (*at == 'M')
            add_cut(buf, params, "terminal_model", who->cut_model);
        else if (*at == 'S')
            add_cut(buf, params, "terminal_sw_version", who->cut_sw);
        else if (*at == 'E')
            add_cut(buf, params, "entitlement_version", 0);
    }
}

void ecs_sim_headers(struct ecs_buf *buf, const struct ecs_sim_personality *who,
                     enum ecs_sim_request_kind kind, enum ecs_sim_format format,
                     const struct ecs_sim_params *params, bool post)
{
    const char *accept = who->accept[kind], *mark;

    ecs_buf_add_cstr(buf, "User-Agent: ");
    add_user_agent(buf, who, params);
    ecs_buf_add_cstr(buf, "\r\n");
    if (accept) {
        mark = strstr(accept, "%R");
        ecs_buf_add_cstr(buf, "Accept: ");
        ecs_buf_add(buf, accept, mark ? (size_t)(mark - accept) : strlen(accept));
        if (mark)
            ecs_buf_add_cstr(buf, who->formats[format]);
        ecs_buf_add_cstr(buf, "\r\n");
    }
    ecs_buf_add_cstr(buf, who->headers);
    if (who->gzip)
        ecs_buf_add_cstr(buf, "Accept-Encoding: gzip\r\n");
    if (who->get_connection && !post)
        ecs_buf_printf(buf, "Connection: %s\r\n", who->get_connection);
    else if (post)
        ecs_buf_add_cstr(buf, "Connection: Keep-Alive\r\n");
}

/* ---- content type ---- */

enum ecs_sim_content ecs_sim_content(const struct ecs_sim_personality *who, struct ecs_str type,
                                     struct ecs_str body)
{
    struct ecs_str trimmed = ecs_str_trim(body);

    if (who->token_is_final && trimmed.n) /* the type is not looked at */
        return trimmed.p[0] == '<' ? ECS_SIM_CONTENT_XML : ECS_SIM_CONTENT_JSON;
    if (who->reader == ECS_SIM_READER_HEADLESS)
        type = ecs_sim_media_type(type);
    if (!who->exact_type) { /* case counts, parts of the text are enough */
        if (ecs_str_find(type, ECS_STR("xml")) >= 0 || ecs_str_eq(type, ECS_STR("text/vnd.wap.connectivity")))
            return ECS_SIM_CONTENT_XML;
        return ecs_str_find(type, ECS_STR("json")) >= 0 ? ECS_SIM_CONTENT_JSON : ECS_SIM_CONTENT_UNKNOWN;
    }
    if (ecs_str_eq(type, ECS_STR(XML)))
        return ECS_SIM_CONTENT_XML;
    if (ecs_str_eq(type, ecs_str_of(ecs_sim_relay_type)) || ecs_str_eq(type, ECS_STR(JSON)))
        return ECS_SIM_CONTENT_JSON;
    if (trimmed.n && trimmed.p[0] == '<') /* the client looks at the body then */
        return ECS_SIM_CONTENT_XML;
    return trimmed.n && trimmed.p[0] == '{' ? ECS_SIM_CONTENT_JSON : ECS_SIM_CONTENT_UNKNOWN;
}
