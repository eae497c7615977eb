/* SPDX-License-Identifier: Apache-2.0 */
/* explain: the daemon's explanation, laid out for a care agent. */
#include "ctl.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

/* Rules that decided something, or all of them. */
static void print_rules(struct ctl *ctl, const json_t *explanation)
{
    json_t *rules = json_object_get(explanation, "rules"), *rule, *condition;
    bool all = ctl_has(ctl, CTL_RULES), any = false;
    size_t i, k;

    json_array_foreach(rules, i, rule)
    {
        const json_t *decided = json_object_get(rule, "decided");
        bool matches = json_is_true(json_object_get(rule, "matches"));

        if (!all && !json_array_size(decided))
            continue;
        any = true;
        printf("  %s rule %s (%s line %lld)", matches ? "[x]" : "[ ]", text_of(rule, "name"),
               text_of(rule, "file"), (long long)json_integer_value(json_object_get(rule, "line")));
        if (json_array_size(decided))
            printf(" decides %s", ctl_cell(ctl, decided));
        putchar('\n');
        json_array_foreach(json_object_get(rule, "conditions"), k, condition)
        {
            printf("      %s %s   (is: %s)\n",
                   json_is_true(json_object_get(condition, "holds")) ? "yes" : "no ",
                   text_of(condition, "text"), text_of(condition, "value"));
        }
    }
    if (!any)
        printf("  none applies: the default of the policy decides\n");
}

static void print_decisions(const json_t *explanation)
{
    json_t *decisions = json_object_get(explanation, "decisions"), *decision;
    const char *name;
    int width = 0;

    json_object_foreach(decisions, name, decision)
    {
        width = (int)strlen(name) > width ? (int)strlen(name) : width;
    }
    json_object_foreach(decisions, name, decision)
    {
        printf("  %-*s  %s  [%s]\n", width, name, text_of(decision, "value"), text_of(decision, "rule"));
    }
}

static void print_application(struct ctl *ctl, const json_t *app)
{
    const json_t *explanation = json_object_get(app, "explanation");

    printf("%s (%s): status %lld, %s\n", text_of(app, "app"), text_of(app, "name"),
           (long long)json_integer_value(json_object_get(app, "status")), text_of(app, "status_word"));
    printf("  Why:   %s.\n", text_of(app, "summary"));
    printf("  Phone: %s\n", text_of(app, "phone"));
    if (!json_is_object(explanation))
        return;
    printf("\n  Rules:\n");
    print_rules(ctl, explanation);
    if (ctl_has(ctl, CTL_RULES)) {
        printf("\n  Decisions [rule]:\n");
        print_decisions(explanation);
    }
    if (json_object_size(json_object_get(app, "facts"))) {
        printf("\n  Facts of the request for an eSIM:\n");
        ctl_print_object(ctl, json_object_get(app, "facts"));
    }
}

static void print_explanation(struct ctl *ctl, const json_t *json)
{
    json_t *app;
    const json_t *orders = json_object_get(json, "would_order"),
                 *document = json_object_get(json, "document");
    size_t i;

    printf("%s %s at %s\n", ctl_has(ctl, CTL_ENTERPRISE) ? "Enterprise" : "Subscriber",
           text_of(json, "subject"), text_of(json, "at"));
    if (text_of(json, "note")[0])
        printf("Note: %s.\n", text_of(json, "note"));
    putchar('\n');
    json_array_foreach(json_object_get(json, "applications"), i, app)
    {
        print_application(ctl, app);
        putchar('\n');
    }
    if (json_array_size(orders))
        printf("A request of the phone would order activation of: %s\n", ctl_cell(ctl, orders));
    printf("The answer has version %lld and holds %lld s.\n\nFacts:\n",
           (long long)json_integer_value(json_object_get(document, "version")),
           (long long)json_integer_value(json_object_get(document, "validity_s")));
    ctl_print_object(ctl, json_object_get(json, "facts"));
}

static void write_question(struct ctl *ctl, struct ctl_body *body)
{
    static const struct {
        enum ctl_option option;
        const char *name;
    } fields[] = {
        {CTL_IMSI, "imsi"},
        {CTL_MSISDN, "msisdn"},
        {CTL_DEVICE, "terminal_id"},
        {CTL_AT, "at"},
        {CTL_VERSION, "version"},
        {CTL_LANGUAGE, "language"},
        {CTL_DOCUMENT, "format"},
        {CTL_TARGET, "target_id"},
        {CTL_ENTERPRISE, "enterprise"},
        {CTL_BOOST, "boost_type"},
        {CTL_STORE, "store_vendor"},
        {CTL_STORE_USER, "store_user_id"},
    };
    size_t n;
    const char **apps = ctl_values(ctl, CTL_APP, &n);

    ctl_body_begin(body);
    for (size_t i = 0; i < ECS_ARRAY_LEN(fields); i++)
        ctl_body_option(body, ctl, fields[i].option, fields[i].name);
    if (!n)
        return;
    ecs_json_begin(&body->out, "apps", '[');
    for (size_t i = 0; i < n; i++)
        ecs_json_str(&body->out, NULL, ecs_str_of(apps[i]));
    ecs_json_end(&body->out, ']');
}

enum ctl_status ctl_explain(struct ctl *ctl)
{
    struct ctl_body body;
    json_t *json = NULL;
    enum ctl_status status;

    if (ctl_has(ctl, CTL_IMSI) + ctl_has(ctl, CTL_MSISDN) + ctl_has(ctl, CTL_ENTERPRISE) != 1)
        return ctl_fail(ctl, CTL_USAGE, "give either --imsi or --msisdn, or --enterprise");
    write_question(ctl, &body);
    status = ctl_call(ctl, "POST", "/v1/explain", ctl_body_end(&body), &json);
    if (status != CTL_OK)
        return status;
    if (ctl->json)
        ctl_print_json(json);
    else if (ctl_has(ctl, CTL_DOCUMENT))
        printf("%s\n", text_of(json_object_get(json, "document"), "text"));
    else
        print_explanation(ctl, json);
    return CTL_OK;
}
