/* SPDX-License-Identifier: Apache-2.0 */
/* qos list|show|apply|release|compensate|check|plans|plan-set|plan-remove. */
#include <string.h>

#include "ctl.h"
#include "ecs/form.h"

static const char *const columns[] = {"id",      "imsi",  "network",    "profile", "state",
                                      "ends_at", "tries", "changed_at", "reason",  NULL};

/* path with a query of the options that were given; in the arena. NULL: no memory. */
static const char *with_query(struct ctl *ctl, const char *path)
{
    static const struct {
        enum ctl_option option;
        const char *name;
    } queries[] = {{CTL_IMSI, "imsi"}, {CTL_STATE, "state"}, {CTL_BEFORE, "before"}, {CTL_LIMIT, "limit"}};
    struct ecs_buf buf = {0};
    const char *text;
    char sign = '?';

    ecs_buf_add_cstr(&buf, path);
    for (size_t i = 0; i < ECS_ARRAY_LEN(queries); i++) {
        const char *value = ctl_get(ctl, queries[i].option);

        if (!value)
            continue;
        ecs_buf_printf(&buf, "%c%s=", sign, queries[i].name);
        ecs_form_add_escaped(&buf, ecs_str_of(value));
        sign = '&';
    }
    text = buf.overflow ? NULL : ecs_strdup(ctl->arena, ecs_buf_str(&buf));
    ecs_buf_done(&buf);
    return text;
}

enum ctl_status ctl_qos_list(struct ctl *ctl)
{
    return ctl_list(ctl, with_query(ctl, "/v1/qos"), "requests", columns);
}

enum ctl_status ctl_qos_show(struct ctl *ctl)
{
    return ctl_do(ctl, "GET", ctl_path(ctl, "/v1/qos/", ctl->arg[0], ""), NULL);
}

enum ctl_status ctl_qos_release(struct ctl *ctl)
{
    return ctl_do(ctl, "POST", ctl_path(ctl, "/v1/qos/", ctl->arg[0], "/release"), NULL);
}

enum ctl_status ctl_qos_compensate(struct ctl *ctl)
{
    return ctl_do(ctl, "POST", ctl_path(ctl, "/v1/qos/", ctl->arg[0], "/compensate"), NULL);
}

/* The option as a number member; false: it is none. */
static bool add_seconds(struct ctl_body *body, const struct ctl *ctl)
{
    const char *text = ctl_get(ctl, CTL_SECONDS);
    int64_t number;

    if (!text)
        return true;
    if (!ecs_str_to_i64(ecs_str_of(text), &number))
        return false;
    ecs_json_i64(&body->out, "seconds", number);
    return true;
}

static enum ctl_status no_number(struct ctl *ctl, struct ctl_body *body)
{
    ecs_buf_done(&body->buf);
    return ctl_fail(ctl, CTL_USAGE, "--seconds must be a number");
}

enum ctl_status ctl_qos_apply(struct ctl *ctl)
{
    struct ctl_body body;

    ctl_body_begin(&body);
    ctl_body_option(&body, ctl, CTL_NETWORK, "network");
    ctl_body_option(&body, ctl, CTL_PROFILE, "profile");
    ctl_body_option(&body, ctl, CTL_SERVICE, "service");
    ctl_body_option(&body, ctl, CTL_REFERENCE, "reference");
    ctl_body_option(&body, ctl, CTL_IPV4, "ipv4");
    ctl_body_option(&body, ctl, CTL_IPV6, "ipv6");
    if (!add_seconds(&body, ctl))
        return no_number(ctl, &body);
    return ctl_do(ctl, "POST", ctl_path(ctl, "/v1/subscribers/", ctl->arg[0], "/qos"), ctl_body_end(&body));
}

/* 1 when a profile that a network should know is not as it should be. */
enum ctl_status ctl_qos_check(struct ctl *ctl)
{
    static const char *const check_columns[] = {"network", "profile", "result", NULL};
    json_t *answer = NULL;
    const json_t *rows;
    enum ctl_status status = ctl_call(ctl, "GET", "/v1/qos-check", NULL, &answer);

    if (status != CTL_OK)
        return status;
    rows = json_object_get(answer, "profiles");
    if (ctl->json)
        ctl_print_json(answer);
    else
        ctl_print_table(ctl, rows, check_columns);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const char *result = json_string_value(json_object_get(json_array_get(rows, i), "result"));

        if (json_is_true(json_object_get(json_array_get(rows, i), "asked")) &&
            (!result || strcmp(result, "ok") != 0))
            status = CTL_FAILED;
    }
    return status;
}

/* ---- what plans give ---- */

static const char *plan_path(struct ctl *ctl)
{
    const char *prefix = ctl_path(ctl, "/v1/qos-plans/", ctl->arg[0], "/");

    return prefix ? ctl_path(ctl, prefix, ctl->arg[1], "") : NULL;
}

enum ctl_status ctl_qos_plans(struct ctl *ctl)
{
    static const char *const plan_columns[] = {"plan", "service", "network", "profile", "seconds", NULL};

    return ctl_list(ctl, "/v1/qos-plans", "plans", plan_columns);
}

enum ctl_status ctl_qos_plan_set(struct ctl *ctl)
{
    struct ctl_body body;

    ctl_body_begin(&body);
    ctl_body_option(&body, ctl, CTL_NETWORK, "network");
    ctl_body_option(&body, ctl, CTL_PROFILE, "profile");
    if (!add_seconds(&body, ctl))
        return no_number(ctl, &body);
    return ctl_do(ctl, "PUT", plan_path(ctl), ctl_body_end(&body));
}

enum ctl_status ctl_qos_plan_remove(struct ctl *ctl)
{
    return ctl_do(ctl, "DELETE", plan_path(ctl), NULL);
}
