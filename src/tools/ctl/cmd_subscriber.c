/* SPDX-License-Identifier: Apache-2.0 */
/* subscriber show|add|set|revoke, service set|forget. */
#include "ctl.h"

#include <string.h>

#include "ecs/rules.h"

enum ctl_status ctl_subscriber_show(struct ctl *ctl)
{
    const char *msisdn = ctl_get(ctl, CTL_MSISDN);
    static const char *const columns[] = {"imsi",  "msisdn",  "plan",       "line_state",
                                          "brand", "has_key", "updated_at", NULL};
    enum ctl_status status;
    json_t *json, *rows;

    if (!msisdn == !ctl->arg_n)
        return ctl_fail(ctl, CTL_USAGE, "give either an IMSI or --msisdn");
    if (ctl->arg_n)
        return ctl_do(ctl, "GET", ctl_path(ctl, "/v1/subscribers/", ctl->arg[0], ""), NULL);
    status = ctl_call(ctl, "GET", ctl_path(ctl, "/v1/subscribers?msisdn=", msisdn, ""), NULL, &json);
    if (status != CTL_OK)
        return status;
    rows = json_object_get(json, "subscribers");
    if (!json_array_size(rows))
        return ctl_fail(ctl, CTL_FAILED, "no subscriber has this number");
    if (json_array_size(rows) == 1)
        return ctl_do(ctl, "GET",
                      ctl_path(ctl, "/v1/subscribers/",
                               json_string_value(json_object_get(json_array_get(rows, 0), "imsi")), ""),
                      NULL);
    if (ctl->json)
        ctl_print_json(json);
    else
        ctl_print_table(ctl, rows, columns);
    return CTL_OK;
}

static enum ctl_status put_subscriber(struct ctl *ctl)
{
    static const struct {
        enum ctl_option option;
        const char *name;
    } fields[] = {
        {CTL_MSISDN, "msisdn"},        {CTL_ICCID, "iccid"},           {CTL_PLAN, "plan"},
        {CTL_BRAND, "brand"},          {CTL_LINE_STATE, "line_state"}, {CTL_ROAMING, "roaming"},
        {CTL_VISITED, "visited_plmn"}, {CTL_LANGUAGE, "language"},   {CTL_AREA, "area"},
        {CTL_ENTERPRISE, "enterprise"},
    };
    struct ctl_body body;

    ctl_body_begin(&body);
    for (size_t i = 0; i < ECS_ARRAY_LEN(fields); i++)
        ctl_body_option(&body, ctl, fields[i].option, fields[i].name);
    return ctl_do(ctl, "PUT", ctl_path(ctl, "/v1/subscribers/", ctl->arg[0], ""), ctl_body_end(&body));
}

enum ctl_status ctl_subscriber_add(struct ctl *ctl)
{
    if (!ctl_has(ctl, CTL_PLAN))
        return ctl_fail(ctl, CTL_USAGE, "--plan is needed");
    return put_subscriber(ctl);
}

/* A mistyped IMSI must not become a new subscriber. */
enum ctl_status ctl_subscriber_set(struct ctl *ctl)
{
    json_t *json;
    enum ctl_status status =
        ctl_call(ctl, "GET", ctl_path(ctl, "/v1/subscribers/", ctl->arg[0], ""), NULL, &json);

    return status == CTL_OK ? put_subscriber(ctl) : status;
}

enum ctl_status ctl_subscriber_revoke(struct ctl *ctl)
{
    struct ctl_body body;

    ctl_body_begin(&body);
    ctl_body_option(&body, ctl, CTL_REASON, "reason");
    return ctl_do(ctl, "POST", ctl_path(ctl, "/v1/subscribers/", ctl->arg[0], "/revoke"),
                  ctl_body_end(&body));
}

/* ---- services ---- */

/* The words of the policy language stand at the places of TS.43's numbers. */
static bool add_state(struct ctl_body *body, const char *text, const char *name, enum ecs_words words)
{
    const char *word;

    for (int64_t i = 0; (word = ecs_word(words, i)); i++)
        if (strcmp(word, text) == 0) {
            ecs_json_i64(&body->out, name, i);
            return true;
        }
    return false;
}

static enum ctl_status unknown_word(const struct ctl *ctl, const char *option, enum ecs_words words)
{
    char text[200] = "";
    size_t n = 0;

    for (int64_t i = 0; ecs_word(words, i) && n < sizeof(text); i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? ", " : "", ecs_word(words, i));
    return ctl_fail(ctl, CTL_USAGE, "%s must be one of %s", option, text);
}

static const char *service_path(struct ctl *ctl)
{
    const char *prefix = ctl_path(ctl, "/v1/subscribers/", ctl->arg[0], "/services/");

    return prefix ? ctl_path(ctl, prefix, ctl->arg[1], "") : NULL;
}

enum ctl_status ctl_service_set(struct ctl *ctl)
{
    static const struct {
        enum ctl_option option;
        const char *name, *member;
        enum ecs_words words;
    } states[] = {
        {CTL_TC, "--tc", "tc_status", ECS_WORDS_terms_state},
        {CTL_ADDRESS, "--address", "addr_status", ECS_WORDS_address_state},
        {CTL_PROVISIONING, "--provisioning", "prov_status", ECS_WORDS_prov_state},
    };
    struct ctl_body body;
    int64_t version;

    ctl_body_begin(&body);
    for (size_t i = 0; i < ECS_ARRAY_LEN(states); i++) {
        const char *text = ctl_get(ctl, states[i].option);

        if (text && !add_state(&body, text, states[i].member, states[i].words)) {
            ecs_buf_done(&body.buf);
            return unknown_word(ctl, states[i].name, states[i].words);
        }
    }
    if (ctl_has(ctl, CTL_TC_VERSION)) {
        if (!ecs_str_to_i64(ecs_str_of(ctl_get(ctl, CTL_TC_VERSION)), &version)) {
            ecs_buf_done(&body.buf);
            return ctl_fail(ctl, CTL_USAGE, "--tc-version must be a number");
        }
        ecs_json_i64(&body.out, "tc_version", version);
    }
    ctl_body_option(&body, ctl, CTL_ADDRESS_EXPIRY, "addr_expiry");
    ctl_body_option(&body, ctl, CTL_ADDRESS_ID, "addr_identifier");
    ctl_body_option(&body, ctl, CTL_OVERRIDE, "override");
    if (ctl_has(ctl, CTL_CLOSED))
        ecs_json_bool(&body.out, "flow_closed", true);
    return ctl_do(ctl, "PUT", service_path(ctl), ctl_body_end(&body));
}

enum ctl_status ctl_service_forget(struct ctl *ctl)
{
    return ctl_do(ctl, "DELETE", service_path(ctl), NULL);
}
