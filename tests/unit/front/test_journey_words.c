/* SPDX-License-Identifier: Apache-2.0 */
/* Journeys in words and JSON for people, and their figures for Prometheus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "front/admin_odsa.h"
#include "front/metrics.h"

enum { NOW = 1800000000, HOUR = 3600 };

static struct ecs_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_arena_free(arena);
    return 0;
}

static struct ecs_journey standing(const char *state)
{
    return (struct ecs_journey){
        .id = 7, .kind = ECS_JOURNEY_COMPANION, .app = 2006, .state = ecs_str_of(state)};
}

static void assert_next(const struct ecs_journey *journey, const char *part)
{
    const char *text = admin_journey_next(arena, journey, NOW);

    assert_non_null(text);
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void test_what_comes_next_is_said(void **state)
{
    struct ecs_journey j = standing("ready");

    (void)state;
    assert_next(&j, "waits for somebody");
    j.deadline_at = NOW + HOUR;
    assert_next(&j, "waits until 2027-01-15T09:00:00Z");
    j = standing("reserving");
    j.due_at = NOW - 1;
    assert_next(&j, "at once");
    j.due_at = NOW + HOUR;
    assert_next(&j, "goes on at 2027-01-15T09:00:00Z");
    j.attempts = 2;
    assert_next(&j, "Attempt 3 follows at 2027-01-15T09:00:00Z");
    j.due_at = NOW - HOUR;
    assert_next(&j, "should have gone on");
    j.leased = true;
    assert_next(&j, "works on it");
    j = standing("failed");
    j.due_at = NOW - HOUR;
    assert_next(&j, "ended");
}

static void test_repeated_and_overdue_ones_are_stuck(void **state)
{
    struct ecs_journey j = standing("activating");

    (void)state;
    assert_false(admin_journey_is_stuck(&j, NOW));
    j.attempts = 1;
    assert_true(admin_journey_is_stuck(&j, NOW));
    j.attempts = 0;
    j.due_at = NOW - ADMIN_JOURNEY_STUCK_S;
    assert_false(admin_journey_is_stuck(&j, NOW));
    j.due_at--;
    assert_true(admin_journey_is_stuck(&j, NOW));
    j.due_at = 0;
    j.deadline_at = NOW - HOUR;
    assert_true(admin_journey_is_stuck(&j, NOW));
    j.ended_at = NOW;
    assert_false(admin_journey_is_stuck(&j, NOW));
    j = standing("done");
    j.attempts = 3;
    assert_false(admin_journey_is_stuck(&j, NOW));
}

static void test_devices_and_euiccs_are_masked(void **state)
{
    struct ecs_buf buf = {0};
    struct ecs_json_out out = {.buf = &buf};

    (void)state;
    ecs_json_begin(&out, NULL, '{');
    admin_write_device(&out, "imei", ECS_STR("359999000012340"));
    admin_write_device(&out, "uuid", ECS_STR("b31a8c4e-90ab-4d8e-a0c5-1f6f2a9e0a11"));
    admin_write_device(&out, "odd", ECS_STR("a b"));
    admin_write_device(&out, "none", ECS_STR_NULL);
    admin_write_eid(&out, "eid", ECS_STR("89049032000000000000000000000066"));
    admin_write_eid(&out, "short", ECS_STR("8904"));
    admin_write_eid(&out, "no_eid", ECS_STR_NULL);
    ecs_json_end(&out, '}');
    assert_true(ecs_str_eq(ecs_buf_str(&buf),
                           ECS_STR("{\"imei\":\"35999900*\",\"uuid\":\"b31a*\",\"odd\":null,\"none\":null,"
                                   "\"eid\":\"89049032*0066\",\"short\":\"*\",\"no_eid\":null}")));
    ecs_buf_done(&buf);
}

static void test_every_flag_has_a_word_and_codes_are_never_written(void **state)
{
    struct ecs_journey j = standing("ready");
    struct ecs_buf buf = {0};
    struct ecs_json_out out = {.buf = &buf};

    (void)state;
    j.flags = 0xffffff;
    j.code = ECS_STR("LPA-CODE");
    j.matching_id = ECS_STR("MATCHING");
    ecs_json_begin(&out, NULL, '{');
    admin_write_journey(&out, &j, NOW);
    admin_write_journey_rest(&out, &j);
    assert_int_equal(admin_write_journey_say(&out, arena, &j, NOW), ECS_OK);
    ecs_json_end(&out, '}');
    ecs_buf_add_char(&buf, '\0');
    assert_non_null(strstr(buf.p, "\"has_code\":true"));
    assert_null(strstr(buf.p, "LPA-CODE"));
    assert_null(strstr(buf.p, "MATCHING"));
    assert_non_null(strstr(buf.p, "\"cancel-asked\",\"redownloadable\""));
    assert_non_null(strstr(buf.p, "\"bss-failed\"]"));
    assert_non_null(strstr(buf.p, "\"state_help\":\"the profile can be downloaded\""));
    ecs_buf_done(&buf);
}

/* ---- figures ---- */

static bool has(struct ecs_metrics *m, const char *line)
{
    struct ecs_metrics *const workers[] = {m};
    struct ecs_buf out = {0};
    bool found;

    ecs_metrics_write_journeys(workers, 1, &out);
    found = ecs_str_find(ecs_buf_str(&out), ecs_str_of(line)) >= 0;
    ecs_buf_done(&out);
    return found;
}

static void test_open_journeys_are_counted_by_state(void **state)
{
    struct ecs_metrics *m = calloc(1, sizeof(*m));
    char name[16];

    (void)state;
    assert_non_null(m);
    assert_false(has(m, "ecs_journeys_open"));
    ecs_metrics_journeys_open(m, ECS_STR("ready"), 3);
    ecs_metrics_journeys_open(m, ECS_STR("ending-old"), 1);
    ecs_metrics_journeys_open(m, ECS_STR("ready"), 2);
    assert_true(has(m, "# TYPE ecs_journeys_open gauge\n"));
    assert_true(has(m, "ecs_journeys_open{state=\"ready\"} 5\n"));
    assert_true(has(m, "ecs_journeys_open{state=\"ending-old\"} 1\n"));
    ecs_metrics_journeys_reset(m);
    assert_true(has(m, "ecs_journeys_open{state=\"ready\"} 0\n"));
    ecs_metrics_journeys_open(m, ECS_STR("no\"word"), 1);
    ecs_metrics_journeys_open(m, ECS_STR(""), 1);
    assert_false(has(m, "no\"word"));
    for (int i = 0; i < 2 * ECS_METRIC_JOURNEY_STATES; i++) { /* more than there are places */
        snprintf(name, sizeof(name), "state-%c%c", 'a' + i / 26, 'a' + i % 26);
        ecs_metrics_journeys_open(m, ecs_str_of(name), 1);
    }
    assert_int_equal(m->journey_state_n, ECS_METRIC_JOURNEY_STATES);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_comes_next_is_said),
        cmocka_unit_test(test_repeated_and_overdue_ones_are_stuck),
        cmocka_unit_test(test_devices_and_euiccs_are_masked),
        cmocka_unit_test(test_every_flag_has_a_word_and_codes_are_never_written),
        cmocka_unit_test(test_open_journeys_are_counted_by_state),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
