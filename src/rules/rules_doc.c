/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary of policy files as Markdown tables, for the manual. */
#include "ecs/policy.h"

#include "rules/rules_priv.h"

static void add_words(struct ecs_kind kind, struct ecs_buf *out)
{
    size_t n = ecs_words_count(kind.words);

    ecs_buf_add_cstr(out, ecs_type_name(kind.type));
    if (n)
        ecs_buf_add_cstr(out, kind.type == ECS_TYPE_SET ? ", usually " : ": ");
    for (size_t i = 0; i < n; i++)
        ecs_buf_printf(out, "%s`%s`", i ? ", " : "", ecs_word(kind.words, (int64_t)i));
}

static void write_facts(struct ecs_buf *out)
{
    ecs_buf_add_cstr(out, "### Facts\n\n| Fact | Type | Comes from | Meaning |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < ECS_FACT_COUNT; i++) {
        enum ecs_fact id = (enum ecs_fact)i;

        ecs_buf_printf(out, "| `%s` | ", ecs_fact_name(id));
        add_words(ecs_fact_kind(id), out);
        ecs_buf_printf(out, " | %s | %s%s |\n", ecs_fact_source(id), ecs_fact_help(id),
                       ecs_fact_is_private(id) ? " (masked where it is shown)" : "");
    }
}

static void write_service(enum ecs_service service, struct ecs_buf *out)
{
    enum ecs_decision first, end;
    bool groups = false;

    ecs_service_range(service, &first, &end);
    ecs_buf_printf(out,
                   "\n### Decisions of `%s` (%s)\n\n%s.\n\n| Decision | Value | Meaning |\n|---|---|---|\n",
                   ecs_service_name(service), ecs_service_app(service), ecs_service_help(service));
    for (unsigned i = first; i < end; i++) {
        ecs_buf_printf(out, "| `%s` | ", ecs_decision_name((enum ecs_decision)i));
        add_words(ecs_decision_kind((enum ecs_decision)i), out);
        ecs_buf_printf(out, " | %s |\n", ecs_decision_help((enum ecs_decision)i));
    }
    for (const struct ecs_decision_group *g = ecs_decision_groups; g->name; g++) {
        if (g->service != service)
            continue;
        if (!groups)
            ecs_buf_add_cstr(out, "\n| Short name | Sets | Meaning |\n|---|---|---|\n");
        groups = true;
        ecs_buf_printf(out, "| `%s` | %s | %s |\n", g->name, g->members, g->help);
    }
}

void ecs_rules_write_manual(struct ecs_buf *out)
{
    write_facts(out);
    ecs_buf_add_cstr(
        out, "\nA fact that did not come in is unknown. Conditions on it are false, except the opposite "
             "forms (`is not`, `not in`, `has not`, `has none of`, `does not start with`, `is unknown`), "
             "which are true.\n\n### Operators\n\n");
    ecs_expr_write_manual(out);
    ecs_buf_add_cstr(
        out, "\nTimes are written `2026-01-31`, `2026-01-31T08:00:00Z`, `now`, `now+30d` or `now-12h`; "
             "durations `90s`, `10m`, `24h`, `7d`, `2w`; versions `7.0`. A text with blanks stands in "
             "quotes.\n");
    for (unsigned i = 0; i < ECS_SERVICE_COUNT; i++)
        write_service((enum ecs_service)i, out);
    ecs_buf_add_cstr(
        out, "\nA message is a key of the message catalogue, `none`, or `notice` for the text of the "
             "service notice or state of the service in force. A web address is `https://...`, `portal` for the address in the "
             "server settings, or `none`. A name is one of the configuration (at most 64 characters), or `none`; a "
             "regular expression is an extended one of POSIX, at most 128 characters, without back references "
             "and repeated groups, or `none`. A template may hold these placeholders:");
    for (const char *const *name = ecs_flow_placeholders; *name; name++)
        ecs_buf_printf(out, "%s`{%s}`", name == ecs_flow_placeholders ? " " : ", ", *name);
    ecs_buf_add_cstr(out, ".\n");
}
