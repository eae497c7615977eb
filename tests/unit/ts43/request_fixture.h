/* SPDX-License-Identifier: Apache-2.0 */
/* One request per test, read from a query or a body. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ecs/ts43.h"

static struct ecs_arena *arena;
static struct ecs_ts43_request req;
static const char *reason;

static inline int set_up(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    reason = NULL;
    return arena ? 0 : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    ecs_arena_free(arena);
    return 0;
}

static inline enum ecs_rc get(const char *query)
{
    struct ecs_ts43_input input = {.query = ecs_str_of(query)};

    return ecs_ts43_request_read(arena, &input, &req, &reason);
}

static inline enum ecs_rc post_with_query(const char *body, const char *query)
{
    struct ecs_ts43_input input = {
        .post = true,
        .query = ecs_str_of(query),
        .content_type = ECS_STR("application/json"),
        .body = ecs_str_of(body),
    };

    return ecs_ts43_request_read(arena, &input, &req, &reason);
}

static inline enum ecs_rc post(const char *body)
{
    return post_with_query(body, NULL);
}

static inline void assert_param(enum ecs_param param, const char *value)
{
    if (!value) {
        assert_null(req.param[param].p);
        return;
    }
    assert_non_null(req.param[param].p);
    assert_true(ecs_str_eq(req.param[param], ecs_str_of(value)));
}

static inline void assert_apps(const char *wanted)
{
    char text[128] = "";

    for (size_t i = 0; i < req.n_apps; i++) {
        strcat(text, i ? " " : "");
        strcat(text, ecs_app_id(req.apps[i]));
    }
    assert_string_equal(text, wanted);
}

static inline bool has_note(const char *text)
{
    for (size_t i = 0; i < req.n_notes; i++)
        if (strcmp(req.notes[i], text) == 0)
            return true;
    return false;
}

#define ECS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
