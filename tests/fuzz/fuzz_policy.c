/* SPDX-License-Identifier: Apache-2.0 */
/* modules: rules conf base */
/* Policy text. The first byte chooses: "c" one condition (evaluated on empty and on filled facts: what it and
 * its opposite form say must agree with each other), "p" a whole policy file, "t" a template or
 * message text. */
#include "ecs/messages.h"
#include "ecs/policy.h"
#include "rules/text_priv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void fill(struct ecs_facts *facts)
{
    static const struct ecs_str items[] = {ECS_STR("volte"), ECS_STR("5g")};

    ecs_facts_set_now(facts, 1780315200, 0);
    for (unsigned i = 0; i < ECS_FACT_COUNT; i++) {
        enum ecs_fact id = (enum ecs_fact)i;

        (void)(ecs_fact_set_words(facts, id, items, 2) ||
               ecs_fact_set_str(facts, id, ECS_STR("00101123456789")) || ecs_fact_set_bool(facts, id, true) ||
               ecs_fact_set_int(facts, id, 1));
        require(facts->v[i].known);
    }
}

static void try_condition(struct ecs_str text, struct ecs_arena *arena)
{
    struct ecs_facts empty = {0}, full = {0};
    struct ecs_condition c, opposite;
    struct ecs_why why, warning;
    size_t at = 0;

    if (!ecs_expr_parse(text, arena, &c, &why, &at, &warning)) {
        require(at <= text.n && why.text[0]);
        return;
    }
    fill(&full);
    opposite = c;
    opposite.negate = !c.negate;
    require(c.fact < ECS_FACT_COUNT && c.test);
    require(ecs_condition_holds(&c, &empty) != ecs_condition_holds(&opposite, &empty));
    require(ecs_condition_holds(&c, &full) != ecs_condition_holds(&opposite, &full));
}

static void try_policy(struct ecs_str text, struct ecs_arena *arena)
{
    struct ecs_policy_source source = {"fuzz.yaml", text};
    struct ecs_faults faults, warnings;
    struct ecs_policy *policy;

    if (text.n > 20000)
        return;
    ecs_faults_init(&faults, arena);
    ecs_faults_init(&warnings, arena);
    /* One file is never a whole policy, so there is always a fault, and nothing may leak. */
    policy = ecs_policy_load_texts(&source, 1, &faults, &warnings);
    require(!policy && faults.count);
}

static void try_text(struct ecs_str text, struct ecs_arena *arena)
{
    struct ecs_substitution values[] = {{ECS_STR("brand"), text}, {ECS_STR("session"), ECS_STR("a'b\"<")}};
    struct ecs_buf out = {0};
    struct ecs_value v;
    struct ecs_why why;

    if (ecs_value_parse((struct ecs_kind){ECS_TYPE_TEMPLATE, ECS_WORDS_none}, text, arena, &v, &why))
        ecs_template_expand(v.s, values, 2, true, &out);
    ecs_buf_done(&out);
    if (ecs_text_check(text, &why)) {
        struct ecs_str filled = ecs_text_fill(text, values, 2, arena);

        require(filled.p && ecs_str_is_utf8(filled));
        for (size_t i = 0; i < filled.n; i++)
            require(filled.p[i] != '<' && filled.p[i] != '>' && filled.p[i] != '"' && filled.p[i] != '\'');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_str text = {size ? (const char *)data + 1 : "", size ? size - 1 : 0};

    require(arena);
    if (size && data[0] == 'c')
        try_condition(text, arena);
    else if (size && data[0] == 'p')
        try_policy(text, arena);
    else if (size)
        try_text(text, arena);
    ecs_arena_free(arena);
    return 0;
}
