/* SPDX-License-Identifier: Apache-2.0 */
/* Flow engine: order, synchronous and late completion, failure, time limits, abort, tables within tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/flow.h"

struct story {
    char trace[64];
    struct ecs_flow *flow;
    struct ecs_timer timer;
    bool sync, fail_sync, hang, cancelled, ended, fail_last;
    enum ecs_rc rc;
    int rounds;
};

static void mark(struct story *s, char c)
{
    size_t n = strlen(s->trace);

    if (n + 1 < sizeof(s->trace))
        s->trace[n] = c;
}

static void answer(void *arg)
{
    struct story *s = arg;

    mark(s, '!');
    ecs_flow_resume(s->flow);
}

static void cancel(void *arg)
{
    struct story *s = arg;

    s->cancelled = true;
    ecs_timer_disarm(&s->timer);
}

static enum ecs_next ask(struct ecs_flow *f)
{
    struct story *s = f->self;

    mark(s, 'q');
    s->flow = f;
    if (s->fail_sync)
        ecs_flow_resume_failed(f, ECS_E_BACKEND, "down");
    else if (s->sync)
        ecs_flow_resume(f);
    else if (!s->hang)
        ecs_timer_arm(&s->timer, f->loop, 1, answer, s);
    return ecs_flow_wait(f, cancel, s);
}

static enum ecs_next use(struct ecs_flow *f)
{
    struct story *s = f->self;

    mark(s, 'u');
    if (++s->rounds < 3)
        return ecs_flow_goto(f, ask);
    return ECS_NEXT;
}

static enum ecs_next inner(struct ecs_flow *f)
{
    mark(f->self, 'i');
    return ECS_NEXT;
}

static enum ecs_next refuse(struct ecs_flow *f)
{
    mark(f->self, 'r');
    return ecs_flow_fail(f, ECS_E_FORBIDDEN, "because of %d", 7);
}

static enum ecs_next finish(struct ecs_flow *f)
{
    mark(f->self, 'f');
    return ECS_DONE;
}

static enum ecs_next on_error(struct ecs_flow *f)
{
    struct story *s = f->self;

    mark(s, 'e');
    if (s->fail_last)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "again");
    return ECS_DONE;
}

static const struct ecs_step inner_steps[] = {
    {"inner", inner, 0}, {"ask", ask, 30}, {"inner2", inner, 0}, {0}};
static const struct ecs_step refusing_steps[] = {
    {"inner", inner, 0}, {"refuse", refuse, 0}, {"never", inner, 0}, {0}};

static enum ecs_next call_inner(struct ecs_flow *f)
{
    return ecs_flow_call(f, inner_steps, f->self);
}

static enum ecs_next call_refusing(struct ecs_flow *f)
{
    return ecs_flow_call(f, refusing_steps, f->self);
}

static const struct ecs_step plain[] = {
    {"ask", ask, 30}, {"use", use, 0}, {"finish", finish, 0}, {"error", on_error, 0}, {0}};
static const struct ecs_step nested[] = {
    {"call", call_inner, 0}, {"finish", finish, 0}, {"error", on_error, 0}, {0}};
static const struct ecs_step refusing[] = {
    {"call", call_refusing, 0}, {"finish", finish, 0}, {"error", on_error, 0}, {0}};

static void at_end(struct ecs_flow *f)
{
    struct story *s = f->frame[0].self;

    s->ended = true;
    s->rc = f->rc;
}

static void play(struct story *s, const struct ecs_step *steps)
{
    struct ecs_loop *loop = ecs_loop_new();
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_flow flow;

    ecs_flow_start(&flow, loop, arena, NULL, steps, s, at_end);
    for (int i = 0; i < 100 && !s->ended; i++)
        assert_int_equal(ecs_loop_turn(loop, 20000), ECS_OK);
    assert_true(s->ended);
    ecs_arena_free(arena);
    ecs_loop_free(loop);
}

static void test_late_answers_run_the_steps_in_order(void **state)
{
    struct story s = {0};

    (void)state;
    play(&s, plain);
    assert_string_equal(s.trace, "q!uq!uq!uf");
    assert_int_equal(s.rc, ECS_OK);
}

static void test_immediate_answers_take_the_same_path(void **state)
{
    struct story s = {.sync = true};

    (void)state;
    play(&s, plain);
    assert_string_equal(s.trace, "quququf");
}

static void test_a_failed_call_lands_on_the_last_step(void **state)
{
    struct story s = {.fail_sync = true};

    (void)state;
    play(&s, plain);
    assert_string_equal(s.trace, "qe");
    assert_int_equal(s.rc, ECS_E_BACKEND);
}

static void test_an_overdue_answer_is_cancelled_and_fails(void **state)
{
    struct story s = {.hang = true};

    (void)state;
    play(&s, plain);
    assert_string_equal(s.trace, "qe");
    assert_true(s.cancelled);
    assert_int_equal(s.rc, ECS_E_TIMEOUT);
}

static void test_a_table_within_a_table_returns_behind_its_caller(void **state)
{
    struct story s = {0};

    (void)state;
    play(&s, nested);
    assert_string_equal(s.trace, "iq!if");
}

static void test_failure_inside_an_inner_table_unwinds_to_the_outer_error_step(void **state)
{
    struct story s = {0};

    (void)state;
    play(&s, refusing);
    assert_string_equal(s.trace, "ire");
    assert_int_equal(s.rc, ECS_E_FORBIDDEN);
}

static void test_a_failing_error_step_ends_the_flow_with_the_first_fault(void **state)
{
    struct story s = {.fail_last = true, .fail_sync = true};

    (void)state;
    play(&s, plain);
    assert_string_equal(s.trace, "qe");
    assert_int_equal(s.rc, ECS_E_BACKEND);
}

static void test_abort_cancels_the_call_and_runs_no_step(void **state)
{
    struct story s = {.hang = true};
    struct ecs_loop *loop = ecs_loop_new();
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_flow flow;

    (void)state;
    ecs_flow_start(&flow, loop, arena, NULL, plain, &s, at_end);
    assert_string_equal(ecs_flow_step(&flow), "ask");
    ecs_flow_abort(&flow);
    assert_true(s.ended && s.cancelled);
    assert_int_equal(s.rc, ECS_E_CANCELLED);
    assert_string_equal(s.trace, "q");
    ecs_flow_abort(&flow);
    ecs_arena_free(arena);
    ecs_loop_free(loop);
}

static enum ecs_next call_other(struct ecs_flow *f)
{
    static struct story other;

    other = (struct story){.hang = true};
    return ecs_flow_call(f, inner_steps, &other);
}

static struct story *ended_with;

static void note_self(struct ecs_flow *f)
{
    ended_with = f->self;
}

static void test_an_end_inside_an_inner_table_sees_the_outermost_self(void **state)
{
    static const struct ecs_step steps[] = {{"call", call_other, 0}, {"error", on_error, 0}, {0}};
    struct story s = {0};
    struct ecs_loop *loop = ecs_loop_new();
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_flow flow;

    (void)state;
    ecs_flow_start(&flow, loop, arena, NULL, steps, &s, note_self);
    assert_string_equal(ecs_flow_step(&flow), "ask");
    ecs_flow_abort(&flow);
    assert_ptr_equal(ended_with, &s);
    ecs_arena_free(arena);
    ecs_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_answers_run_the_steps_in_order),
        cmocka_unit_test(test_immediate_answers_take_the_same_path),
        cmocka_unit_test(test_a_failed_call_lands_on_the_last_step),
        cmocka_unit_test(test_an_overdue_answer_is_cancelled_and_fails),
        cmocka_unit_test(test_a_table_within_a_table_returns_behind_its_caller),
        cmocka_unit_test(test_failure_inside_an_inner_table_unwinds_to_the_outer_error_step),
        cmocka_unit_test(test_a_failing_error_step_ends_the_flow_with_the_first_fault),
        cmocka_unit_test(test_abort_cancels_the_call_and_runs_no_step),
        cmocka_unit_test(test_an_end_inside_an_inner_table_sees_the_outermost_self),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
