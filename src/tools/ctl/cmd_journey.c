/* SPDX-License-Identifier: Apache-2.0 */
/* journey list|show|retry|cancel, profile list. */
#include "ctl.h"

#include <string.h>

#include "ecs/form.h"

/* ---- lists ---- */

/* path with a query of the options that were given; in the arena. NULL: no memory. */
static const char *with_query(struct ctl *ctl, const char *path)
{
    static const struct {
        enum ctl_option option;
        const char *name, *value; /* value: of an option without one */
    } queries[] = {
        {CTL_IMSI, "imsi", NULL},     {CTL_MSISDN, "msisdn", NULL},         {CTL_ICCID, "iccid", NULL},
        {CTL_EID, "eid", NULL},       {CTL_ENTERPRISE, "enterprise", NULL}, {CTL_STATE, "state", NULL},
        {CTL_KIND, "kind", NULL},     {CTL_OPEN, "open", "true"},           {CTL_STUCK, "stuck", "true"},
        {CTL_BEFORE, "before", NULL}, {CTL_LIMIT, "limit", NULL},
    };
    struct ecs_buf buf = {0};
    const char *text;
    char sign = '?';

    ecs_buf_add_cstr(&buf, path);
    for (size_t i = 0; i < ECS_ARRAY_LEN(queries); i++) {
        if (!ctl_has(ctl, queries[i].option))
            continue;
        ecs_buf_printf(&buf, "%c%s=", sign, queries[i].name);
        ecs_form_add_escaped(
            &buf, ecs_str_of(queries[i].value ? queries[i].value : ctl_get(ctl, queries[i].option)));
        sign = '&';
    }
    text = buf.overflow ? NULL : ecs_strdup(ctl->arena, ecs_buf_str(&buf));
    ecs_buf_done(&buf);
    return text;
}

enum ctl_status ctl_journey_list(struct ctl *ctl)
{
    static const char *const columns[] = {"id",    "kind",     "state",      "stuck",  "imsi", "enterprise",
                                          "iccid", "attempts", "changed_at", "reason", NULL};

    return ctl_list(ctl, with_query(ctl, "/v1/journeys"), "journeys", columns);
}

static const char *const profile_columns[] = {"id",  "app",    "iccid",        "status",  "service", "plan",
                                              "eid", "device", "installed_at", "journey", NULL};

static enum ctl_status profiles_of(struct ctl *ctl, const char *imsi)
{
    return ctl_list(ctl, ctl_limited(ctl, ctl_path(ctl, "/v1/subscribers/", imsi, "/profiles")), "profiles",
                    profile_columns);
}

enum ctl_status ctl_profile_list(struct ctl *ctl)
{
    if ((int)ctl->arg_n + ctl_has(ctl, CTL_MSISDN) + ctl_has(ctl, CTL_ENTERPRISE) != 1)
        return ctl_fail(ctl, CTL_USAGE, "give one of: an IMSI, --msisdn, --enterprise");
    if (ctl->arg_n)
        return profiles_of(ctl, ctl->arg[0]);
    if (ctl_has(ctl, CTL_MSISDN))
        return ctl_each_line(ctl, ctl_get(ctl, CTL_MSISDN), profiles_of);
    return ctl_list(
        ctl, ctl_limited(ctl, ctl_path(ctl, "/v1/enterprises/", ctl_get(ctl, CTL_ENTERPRISE), "/profiles")),
        "profiles", profile_columns);
}

/* ---- one ---- */

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void add(json_t *row, const char *name, const char *text)
{
    json_object_set_new(row, name, text && *text ? json_string(text) : json_null());
}

/* A step as a row of the table: "reserving -> activating", "312 ms". */
static json_t *step_row(struct ctl *ctl, const json_t *step)
{
    const char *from = text_of(step, "from"), *to = text_of(step, "to");
    const json_t *ms = json_object_get(step, "duration_ms");
    const char *state = to, *took = NULL;
    json_t *row = json_object();

    if (from && to && strcmp(from, to) != 0)
        state = ecs_printf(ctl->arena, "%s -> %s", from, to);
    if (json_is_integer(ms))
        took = ecs_printf(ctl->arena, "%lld ms", (long long)json_integer_value(ms));
    add(row, "time", text_of(step, "at"));
    add(row, "event", text_of(step, "event"));
    add(row, "state", state);
    add(row, "neighbour", text_of(step, "neighbour"));
    add(row, "call", text_of(step, "call"));
    add(row, "took", took);
    add(row, "outcome", text_of(step, "detail"));
    return row;
}

static void print_timeline(struct ctl *ctl, const json_t *steps)
{
    static const char *const columns[] = {"time", "event", "state",   "neighbour",
                                          "call", "took",  "outcome", NULL};
    json_t *rows = json_array();

    for (size_t i = 0; i < json_array_size(steps); i++)
        json_array_append_new(rows, step_row(ctl, json_array_get(steps, i)));
    putchar('\n');
    ctl_print_table(ctl, rows, columns);
    json_decref(rows);
}

/* What is not known of this journey is not shown. */
static void print_facts(struct ctl *ctl, const json_t *journey)
{
    static const char *const own[] = {"timeline", "state_help", "next", "advice", NULL};
    json_t *facts = json_object(), *value;
    const char *key;

    json_object_foreach((json_t *)(uintptr_t)journey, key, value)
    {
        bool skip = json_is_null(value) || (json_is_array(value) && !json_array_size(value)) ||
                    (json_is_string(value) && !json_string_length(value));

        for (size_t i = 0; own[i]; i++)
            skip |= strcmp(key, own[i]) == 0;
        if (!skip)
            json_object_set(facts, key, value);
    }
    ctl_print_object(ctl, facts);
    json_decref(facts);
}

static const char *or_unknown(const char *text)
{
    return text ? text : "?";
}

static void print_where(const json_t *journey)
{
    printf("\nIt stands at \"%s\": %s. %s\nWhat you can do: %s\n", or_unknown(text_of(journey, "state")),
           or_unknown(text_of(journey, "state_help")), or_unknown(text_of(journey, "next")),
           or_unknown(text_of(journey, "advice")));
}

enum ctl_status ctl_journey_show(struct ctl *ctl)
{
    json_t *json = NULL;
    enum ctl_status status =
        ctl_call(ctl, "GET", ctl_path(ctl, "/v1/journeys/", ctl->arg[0], ""), NULL, &json);

    if (status != CTL_OK)
        return status;
    if (ctl->json) {
        ctl_print_json(json);
        return CTL_OK;
    }
    print_facts(ctl, json);
    print_timeline(ctl, json_object_get(json, "timeline"));
    print_where(json);
    return CTL_OK;
}

static enum ctl_status act(struct ctl *ctl, const char *what)
{
    struct ctl_body body;
    json_t *json = NULL;
    enum ctl_status status;

    ctl_body_begin(&body);
    ctl_body_option(&body, ctl, CTL_REASON, "reason");
    status =
        ctl_call(ctl, "POST", ctl_path(ctl, "/v1/journeys/", ctl->arg[0], what), ctl_body_end(&body), &json);
    if (status != CTL_OK)
        return status;
    if (ctl->json) {
        ctl_print_json(json);
        return CTL_OK;
    }
    if (strcmp(or_unknown(text_of(json, "outcome")), "noted") == 0)
        puts("Noted: it is done as soon as the work under way is over.");
    print_where(json);
    return CTL_OK;
}

enum ctl_status ctl_journey_retry(struct ctl *ctl)
{
    return act(ctl, "/retry");
}

enum ctl_status ctl_journey_cancel(struct ctl *ctl)
{
    return act(ctl, "/cancel");
}
