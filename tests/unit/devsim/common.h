/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulator's unit tests share: an arena per test and texts as ecs_str. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"

static inline int set_up(void **state)
{
    *state = ecs_arena_new(NULL, 8u << 20);
    return *state ? 0 : -1;
}

static inline int tear_down(void **state)
{
    ecs_arena_free(*state);
    return 0;
}

#define SENTENCE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static inline void assert_text(struct ecs_str got, const char *wanted)
{
    char text[8192];

    assert_non_null(got.p);
    assert_true(got.n < sizeof(text));
    memcpy(text, got.p, got.n);
    text[got.n] = '\0';
    assert_string_equal(text, wanted);
}

static inline const struct ecs_sim_personality *who(const char *name)
{
    const struct ecs_sim_personality *found = ecs_sim_personality_find(name);

    assert_non_null(found);
    return found;
}

/* The first finding with the rule; NULL without. */
static inline const struct ecs_sim_finding *found(const struct ecs_sim_report *report, const char *rule,
                                                  enum ecs_sim_severity severity)
{
    for (const struct ecs_sim_finding *f = report->first; f; f = f->next) {
        if (f->severity == severity && !strcmp(f->rule, rule))
            return f;
    }
    return NULL;
}
