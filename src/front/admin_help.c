/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of the operator's interface share: reading bodies, queries and path parts, writing JSON.
 */
#include "admin_internal.h"

#include <string.h>

#include "ecs/clock.h"

enum { QUERY_NAMES_MAX = 8 };

void *admin_own(struct admin_call *call, size_t n)
{
    call->own = ecs_alloc(call->flow.arena, n);
    return call->own;
}

enum ecs_next admin_no_memory(struct admin_call *call)
{
    return ecs_flow_fail(&call->flow, ECS_E_NO_MEMORY, "the call does not fit into memory");
}

enum ecs_next admin_refuse(struct admin_call *call, const char *field, const char *what)
{
    call->field = field;
    return ecs_flow_fail(&call->flow, ECS_E_BAD_PARAMETER, "%s: %s", field, what);
}

enum ecs_next admin_bind(struct admin_call *call, const struct ecs_json_field *fields, void *out)
{
    struct ecs_str body = ecs_str_trim(call->http->body);
    const char *reason = "";
    enum ecs_rc rc = ecs_json_bind(call->flow.arena, body.n ? body : ECS_STR("{}"), fields, out, &reason);
    struct ecs_str rest = ecs_str_of(reason), path;

    if (rc == ECS_OK)
        return ECS_NEXT;
    /* "path: fault" */
    if (rc == ECS_E_BAD_PARAMETER && ecs_str_find(rest, ECS_STR(": ")) > 0 && ecs_str_cut(&rest, ':', &path))
        call->field = ecs_strdup(call->flow.arena, path);
    return ecs_flow_fail(&call->flow, rc, "%s", reason);
}

enum ecs_next admin_query(struct admin_call *call, const char *const *names, struct ecs_str *values)
{
    struct ecs_form form = {0};
    const char *reason = "";
    struct ecs_str query = call->http->query;
    enum ecs_rc rc;

    if (!query.n)
        return ECS_NEXT;
    query.p = ecs_strdup(call->flow.arena, query); /* outlives the client */
    if (!query.p)
        return admin_no_memory(call);
    rc = ecs_form_parse(call->flow.arena, query, &form, &reason);
    if (rc != ECS_OK)
        return ecs_flow_fail(&call->flow, rc, "query: %s", reason);
    for (size_t i = 0; i < form.n; i++) {
        size_t k = 0;

        while (names[k] && !ecs_str_eq(form.field[i].name, ecs_str_of(names[k])))
            k++;
        if (!names[k]) {
            const char *name = ecs_strdup(call->flow.arena, form.field[i].name);

            return name ? admin_refuse(call, name, "is not a known query parameter") : admin_no_memory(call);
        }
        if (values[k].p)
            return admin_refuse(call, names[k], "is given twice");
        values[k] = form.field[i].value;
    }
    return ECS_NEXT;
}

enum ecs_next admin_limit(struct admin_call *call, unsigned usual, unsigned most, unsigned *ret_limit)
{
    static const char *const names[] = {"limit", NULL};
    struct ecs_str value = ECS_STR_NULL;
    enum ecs_next next = admin_query(call, names, &value);
    uint32_t limit = usual;

    if (next != ECS_NEXT)
        return next;
    if (value.p && (!ecs_str_to_u32(value, &limit) || limit < 1 || limit > most)) {
        call->field = "limit";
        return ecs_flow_fail(&call->flow, ECS_E_BAD_PARAMETER, "limit: must be a number from 1 to %u", most);
    }
    *ret_limit = limit;
    return ECS_NEXT;
}

enum ecs_next admin_take_imsi(struct admin_call *call)
{
    call->not_found = "there is no subscriber with this IMSI";
    if (!ecs_imsi_parse(call->arg[0], &call->imsi))
        return admin_refuse(call, "imsi", "must be 6 to 15 digits");
    ecs_imsi_mask(&call->imsi, call->subject);
    memcpy(call->log.imsi, call->subject, sizeof(call->log.imsi));
    return ECS_NEXT;
}

enum ecs_next admin_time(struct admin_call *call, const char *field, struct ecs_str text, int64_t *ret_time)
{
    *ret_time = 0;
    if (!text.p || ecs_time_parse(text, ret_time))
        return ECS_NEXT;
    return admin_refuse(call, field, "must be a time such as 2026-01-31 or 2026-01-31T12:00:00Z");
}

void admin_audit(struct admin_call *call, const char *action)
{
    call->action = action;
}

struct ecs_facts_key admin_facts_key(const struct admin_call *call)
{
    return (struct ecs_facts_key){.imsi = ecs_str_of(call->imsi.s)};
}

void admin_write_time(struct ecs_json_out *out, const char *key, int64_t unix_seconds)
{
    char text[21];

    ecs_time_format(unix_seconds, text);
    ecs_json_str(out, key, unix_seconds ? ecs_str_of(text) : ECS_STR_NULL);
}

void admin_write_words(struct ecs_json_out *out, const char *key, const struct ecs_str *words, size_t n)
{
    ecs_json_begin(out, key, '[');
    for (size_t i = 0; i < n; i++)
        ecs_json_str(out, NULL, words[i]);
    ecs_json_end(out, ']');
}

void admin_write_raw(struct ecs_json_out *out, const char *key, struct ecs_str json)
{
    if (out->comma)
        ecs_buf_add_char(out->buf, ',');
    if (key) {
        ecs_json_add_string(out->buf, ecs_str_of(key));
        ecs_buf_add_char(out->buf, ':');
    }
    ecs_buf_add_str(out->buf, json);
    out->comma = true;
}

static void write_number(struct ecs_json_out *out, const char *key, int64_t value)
{
    if (value < 0)
        ecs_json_str(out, key, ECS_STR_NULL);
    else
        ecs_json_i64(out, key, value);
}

void admin_write_services(struct ecs_json_out *out, const struct ecs_subscriber_facts *facts)
{
    ecs_json_begin(out, "services", '[');
    for (size_t i = 0; i < facts->n_services; i++) {
        const struct ecs_line_service *s = &facts->services[i];

        ecs_json_begin(out, NULL, '{');
        ecs_json_str(out, "service", s->service);
        write_number(out, "tc_status", s->tc_status);
        write_number(out, "tc_version", s->tc_version);
        admin_write_time(out, "tc_at", s->tc_at);
        write_number(out, "addr_status", s->addr_status);
        admin_write_time(out, "addr_expiry", s->addr_expiry);
        ecs_json_str(out, "addr_identifier", s->addr_identifier);
        write_number(out, "prov_status", s->prov_status);
        ecs_json_str(out, "override", ecs_str_of(ecs_word(ECS_WORDS_override, (int64_t)s->override)));
        admin_write_time(out, "flow_closed_at", s->flow_closed_at);
        ecs_json_end(out, '}');
    }
    ecs_json_end(out, ']');
}
