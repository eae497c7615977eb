/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing an answer with what a scenario expects. */

#include <stdio.h>
#include <string.h>

#include "scenario.h"

static const char *const outcome_names[] = {
    [ECS_SIM_GOT_DOCUMENT] = "document", [ECS_SIM_GOT_CHALLENGE] = "challenge",
    [ECS_SIM_GOT_STATUS] = "status",     [ECS_SIM_GOT_RUBBISH] = "rubbish",
    [ECS_SIM_GOT_NOTHING] = "nothing",   [ECS_SIM_SILENT] = "silent",
};

/* "present", "absent", "~part", "!other", ">number", "<number", "=text", else the text itself; case counts.
 */
static bool matches(const char *wanted, struct ecs_str got)
{
    int64_t a, b;

    if (!strcmp(wanted, "present"))
        return got.p != NULL;
    if (!strcmp(wanted, "absent"))
        return got.p == NULL;
    switch (*wanted) {
    case '~':
        return got.p && ecs_str_find(got, ecs_str_of(wanted + 1)) >= 0;
    case '!':
        return !got.p || !ecs_str_eq(got, ecs_str_of(wanted + 1));
    case '>':
        return ecs_str_to_i64(got, &a) && ecs_str_to_i64(ecs_str_of(wanted + 1), &b) && a > b;
    case '<':
        return ecs_str_to_i64(got, &a) && ecs_str_to_i64(ecs_str_of(wanted + 1), &b) && a < b;
    case '=':
        return got.p && ecs_str_eq(got, ecs_str_of(wanted + 1));
    default:
        return got.p && ecs_str_eq(got, ecs_str_of(wanted));
    }
}

static void compare(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node, const char *what,
                    struct ecs_str got)
{
    const char *wanted = ecs_sim_node_text(s, node);

    if (wanted && !matches(wanted, got))
        ecs_sim_problem(s, node, "%s: wanted %s, got %.*s", what, wanted, got.p ? (int)got.n : 9,
                        got.p ? got.p : "(nothing)");
}

static struct ecs_str value_at(const struct ecs_sim_scenario *s, struct ecs_str path)
{
    char text[400];

    if (!s->device->has_document || path.n >= sizeof(text))
        return ECS_STR_NULL;
    snprintf(text, sizeof(text), "%.*s", ECS_FMT(path));
    return ecs_sim_document_get(&s->device->document, text);
}

static struct ecs_str header_at(const struct ecs_sim_scenario *s, struct ecs_str name)
{
    char text[100];

    if (!s->device->response.status || name.n >= sizeof(text))
        return ECS_STR_NULL;
    snprintf(text, sizeof(text), "%.*s", ECS_FMT(name));
    return ecs_sim_response_header(&s->device->response, text);
}

/* ---- members of "expect" ---- */

static void expect_status(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", s->device->response.status);
    compare(s, node, "status", ecs_str_of(text));
}

static void expect_outcome(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    compare(s, node, "outcome", ecs_str_of(outcome_names[s->device->outcome]));
}

static void expect_headers(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    for (const struct ecs_yaml_node *h = node->child; h; h = h->next)
        compare(s, h, "header", header_at(s, h->key));
}

static void expect_values(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    char what[120];

    for (const struct ecs_yaml_node *v = node->child; v; v = v->next) {
        snprintf(what, sizeof(what), "%.*s", (int)(v->key.n < 100 ? v->key.n : 100), v->key.p);
        compare(s, v, what, value_at(s, v->key));
    }
}

static void expect_body(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    compare(s, node, "body", s->device->body);
}

static void expect_words(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    compare(s, node, "words", ecs_buf_str(&s->words));
}

static void expect_token(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    compare(s, node, "token", s->device->token);
}

static void expect_resumed(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    bool resumed = s->device->client.conn && ecs_tls_client_is_resumed(s->device->client.conn);

    compare(s, node, "resumed", resumed ? ECS_STR("true") : ECS_STR("false"));
}

static void expect_connections(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", s->device->client.connections);
    compare(s, node, "connections", ecs_str_of(text));
}

static bool names_rule(const struct ecs_yaml_node *list, const char *rule)
{
    for (const struct ecs_yaml_node *item = list ? list->child : NULL; item; item = item->next) {
        if (ecs_str_eq(item->text, ecs_str_of(rule)))
            return true;
    }
    return false;
}

/* Findings of this step: none by default; a list names those that must and may be there; "ignore". */
static void expect_findings(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    const struct ecs_sim_finding *first =
        s->finding_before ? s->finding_before->next : s->device->report.first;

    if (node && node->kind == ECS_YAML_SCALAR && ecs_str_eq(node->text, ECS_STR("ignore")))
        return;
    for (const struct ecs_sim_finding *f = first; f; f = f->next) {
        if (f->severity == ECS_SIM_NOTE || (f->severity == ECS_SIM_FAULT && s->device->lenient))
            continue;
        if (!names_rule(node, f->rule))
            ecs_sim_problem(s, NULL, "%s %s: %s", ecs_sim_severity_name(f->severity), f->rule, f->text);
    }
    for (const struct ecs_yaml_node *item = node ? node->child : NULL; item; item = item->next) {
        const struct ecs_sim_finding *f = first;

        while (f && !ecs_str_eq(item->text, ecs_str_of(f->rule)))
            f = f->next;
        if (!f)
            ecs_sim_problem(s, item, "the finding %.*s is not there", ECS_FMT(item->text));
    }
}

static const struct {
    const char *name;
    void (*fn)(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node);
} expectations[] = {
    {"status", expect_status},     {"outcome", expect_outcome}, {"headers", expect_headers},
    {"values", expect_values},     {"body", expect_body},       {"words", expect_words},
    {"token", expect_token},       {"resumed", expect_resumed}, {"connections", expect_connections},
    {"findings", expect_findings},
};

/* save: {name: path}; "header NAME", "status", "body" or a path of the document. */
static void save_values(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    for (const struct ecs_yaml_node *v = node ? node->child : NULL; v; v = v->next) {
        struct ecs_str got;
        char *name = ecs_strdup(s->arena, v->key), *value;

        if (ecs_str_starts_with(v->text, ECS_STR("header ")))
            got = header_at(s, (struct ecs_str){v->text.p + 7, v->text.n - 7});
        else if (ecs_str_eq(v->text, ECS_STR("body")))
            got = s->device->body;
        else
            got = value_at(s, v->text);
        value = got.p ? ecs_strdup(s->arena, got) : NULL;
        if (!value || !name || !ecs_sim_var_set(s, name, value))
            ecs_sim_problem(s, v, "there is nothing to save as %.*s", ECS_FMT(v->key));
    }
}

void ecs_sim_step_check(struct ecs_sim_scenario *s, const struct ecs_yaml_node *step)
{
    const struct ecs_yaml_node *expect = ecs_yaml_get(step, "expect");
    bool fresh = s->device->has_document && !ecs_yaml_get(step, "login");

    if (fresh &&
        (ecs_yaml_get(step, "request") || ecs_yaml_get(step, "answer") || ecs_yaml_get(step, "go-on"))) {
        ecs_buf_reset(&s->words);
        ecs_sim_device_study(s->device, &s->words);
    }
    for (const struct ecs_yaml_node *e = expect ? expect->child : NULL; e; e = e->next) {
        size_t i = 0;

        while (i < ECS_ARRAY_LEN(expectations) && !ecs_str_eq(e->key, ecs_str_of(expectations[i].name)))
            i++;
        if (i == ECS_ARRAY_LEN(expectations))
            ecs_sim_problem(s, e, "there is no expectation %.*s", ECS_FMT(e->key));
        else
            expectations[i].fn(s, e);
    }
    if (!ecs_yaml_get(expect, "findings"))
        expect_findings(s, NULL);
    save_values(s, ecs_yaml_get(step, "save"));
}
