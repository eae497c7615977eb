/* SPDX-License-Identifier: Apache-2.0 */
/* Another list of Diameter peers while requests are outstanding, workers with threads of their own, and TLS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "diameter_rig.h"
#include "ecs/worker.h"

static const struct ecs_diameter_route to_both[] = {{"test", 0, "one", 1, 1}, {"test", 0, "two", 2, 1}};
static const struct ecs_diameter_route to_two[] = {{"test", 0, "two", 1, 1}};

static void test_the_same_row_keeps_its_connection(void **state)
{
    (void)state;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    set_both(NULL);
    turn_for(50);
    assert_int_equal(view_of("one").state, ECS_DIAMETER_OKAY);
    assert_int_equal(one.accepted, 1);
    assert_int_equal(one.dpr, 0);
    assert_int_equal(ask_once("one"), ECS_OK);
}

static void test_a_removed_peer_finishes_what_is_outstanding_and_takes_leave(void **state)
{
    struct ecs_diameter_peer_conf rows[1] = {peer_row("two", &two)};
    struct asked a;

    (void)state;
    one.how = DD_HOLD;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    ask_prepare(&a, "test", NULL);
    ask_start(&a);
    TURN_UNTIL(one.held_n == 1);
    set_rows(rows, 1, to_two, 1);
    assert_int_equal(ask_once("two"), ECS_OK); /* nothing new for the leaving one */
    assert_true(view_of("one").leaving);
    assert_int_equal(one.dpr, 0);
    dd_release(&one);
    TURN_UNTIL(a.done);
    assert_int_equal(a.answer.rc, ECS_OK);
    assert_string_equal(a.answer.peer, "one");
    ask_free(&a);
    TURN_UNTIL(one.dpr == 1 && one.closed == 1);
    TURN_UNTIL(view_of("one").state == ECS_DIAMETER_STATE_COUNT); /* gone */
    assert_int_equal(two.accepted, 1);
}

static void test_a_changed_row_comes_back_after_what_is_outstanding(void **state)
{
    struct ecs_diameter_peer_conf rows[2] = {peer_row("one", &one), peer_row("two", &two)};
    static struct dd other;
    struct asked a;

    (void)state;
    dd_open(&other, loop, "other.test", 0);
    one.how = DD_HOLD;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    ask_prepare(&a, "test", NULL);
    ask_start(&a);
    TURN_UNTIL(one.held_n == 1);
    rows[0].port = other.port;
    set_rows(rows, 2, to_both, 2);
    assert_int_equal(ask_once("two"), ECS_OK);
    assert_int_equal(other.accepted, 0);
    dd_release(&one);
    TURN_UNTIL(a.done);
    assert_int_equal(a.answer.rc, ECS_OK);
    ask_free(&a);
    TURN_UNTIL(other.cer == 1);
    wait_okay("one");
    assert_int_equal(one.dpr, 1);
    assert_int_equal(other.accepted, 1);
    assert_string_equal(view_of("one").origin_host, "other.test");
    assert_int_equal(ask_once("one"), ECS_OK);
    dd_kill(&other);
}

static void test_a_peer_that_is_wanted_again_just_stays(void **state)
{
    struct ecs_diameter_peer_conf rows[2] = {peer_row("one", &one), peer_row("two", &two)};
    struct asked a;

    (void)state;
    one.how = DD_HOLD;
    set_both(NULL);
    wait_okay("one");
    ask_prepare(&a, "test", NULL);
    ask_start(&a);
    TURN_UNTIL(one.held_n == 1);
    set_rows(rows + 1, 1, to_two, 1);
    assert_true(view_of("one").leaving);
    set_rows(rows, 2, to_both, 2);
    assert_false(view_of("one").leaving);
    dd_release(&one);
    TURN_UNTIL(a.done);
    ask_free(&a);
    turn_for(30);
    assert_int_equal(one.accepted, 1);
    assert_int_equal(one.dpr, 0);
    one.how = DD_ANSWER;
    assert_int_equal(ask_once("one"), ECS_OK);
}

static void test_a_peer_that_is_down_is_replaced_at_once(void **state)
{
    struct ecs_diameter_peer_conf rows[2] = {peer_row("one", &one), peer_row("two", &two)};

    (void)state;
    dd_kill(&one);
    set_rows(rows, 2, to_both, 2);
    TURN_UNTIL(view_of("one").reason[0]);
    rows[0].port = two.port;
    set_rows(rows, 2, to_both, 2);
    wait_okay("one");
    assert_string_equal(view_of("one").origin_host, "two.test");
}

static void test_an_empty_list_takes_leave_of_all_in_order(void **state)
{
    struct asked a;

    (void)state;
    two.how = one.how = DD_HOLD;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    ask_prepare(&a, "test", NULL);
    ask_start(&a);
    TURN_UNTIL(one.held_n == 1);
    set_rows(NULL, 0, NULL, 0);
    TURN_UNTIL(two.dpr == 1 && two.closed == 1); /* it had nothing to finish */
    assert_int_equal(one.dpr, 0);
    dd_release(&one);
    TURN_UNTIL(a.done && ecs_diameter_node_view(node, NULL, 0) == 0);
    assert_int_equal(a.answer.rc, ECS_OK);
    assert_int_equal(one.dpr, 1);
    ask_free(&a);
    assert_int_equal(ask_once(""), ECS_E_BACKEND);
}

/* Rows change with every turn while requests go on: none is lost. */
static void test_lists_may_change_all_the_time(void **state)
{
    static struct asked a[16];
    struct ecs_diameter_peer_conf rows[2] = {peer_row("one", &one), peer_row("two", &two)};
    unsigned finished = 0, turns = 0;

    (void)state;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    for (int i = 0; i < 16; i++) {
        ask_prepare(&a[i], "test", NULL);
        ask_start(&a[i]);
    }
    while (finished < 500 || one.accepted < 6) {
        assert_true(turns < 100000);
        if (turns++ % 8 == 0) {
            if (view_of("one").state == ECS_DIAMETER_OKAY && view_of("two").state == ECS_DIAMETER_OKAY)
                rows[0].connect_ms = 500 + turns; /* another one every time */
            set_rows(rows, 2, to_both, 2);
        }
        assert_int_equal(ecs_loop_turn(loop, 1000), ECS_OK);
        for (int i = 0; i < 16; i++) {
            if (!a[i].done)
                continue;
            assert_int_equal(a[i].answer.rc, ECS_OK);
            ask_free(&a[i]);
            ask_prepare(&a[i], "test", NULL);
            ask_start(&a[i]);
            finished++;
        }
    }
    for (int i = 0; i < 16; i++) {
        TURN_UNTIL(a[i].done);
        ask_free(&a[i]);
    }
    assert_true(one.dpr >= 5);
}

static void test_lists_with_faults_change_nothing(void **state)
{
    struct ecs_diameter_peer_conf rows[2] = {peer_row("one", &one), peer_row("one", &two)};
    static const struct ecs_diameter_route nowhere = {"test", 0, "three", 1, 1};
    static const struct ecs_diameter_route no_realm = {"a b", 0, "one", 1, 1};
    struct ecs_diameter_conf conf = {.peers = rows, .peers_n = 2};
    char err[200];

    (void)state;
    set_both(NULL);
    wait_okay("one");
    assert_int_equal(ecs_diameter_node_set(node, &conf, err, sizeof(err)), ECS_E_CONFIG);
    assert_string_equal(err, "diameter: two peers have the same name");
    conf.peers_n = 1;
    conf.routes_n = 1;
    conf.routes = &nowhere;
    assert_int_equal(ecs_diameter_node_set(node, &conf, err, sizeof(err)), ECS_E_CONFIG);
    assert_string_equal(err, "diameter: a route leads to no peer");
    conf.routes = &no_realm;
    assert_int_equal(ecs_diameter_node_set(node, &conf, err, sizeof(err)), ECS_E_CONFIG);
    rows[0].name = "a name that has sixty-four bytes is one byte longer than it may be";
    assert_int_equal(ecs_diameter_node_set(node, &conf, err, sizeof(err)), ECS_E_CONFIG);
    assert_int_equal(ask_once("one"), ECS_OK);
    assert_false(view_of("two").leaving);
}

/* ---- workers ---- */

enum { ASKS = 60 };

struct side {
    struct ecs_worker worker;
    struct asked asked[ASKS];
    struct ecs_diameter *handle;
    _Atomic unsigned answered, good;
};

static struct side sides[2];

static struct side *side_of(const struct ecs_flow *f)
{
    return f->loop == sides[0].worker.loop ? &sides[0] : &sides[1];
}

static enum ecs_next side_ask(struct ecs_flow *f)
{
    struct asked *a = f->self;

    return ecs_diameter_ask(f, side_of(f)->handle, &a->ask, &a->answer);
}

static enum ecs_next side_note(struct ecs_flow *f)
{
    struct asked *a = f->self;
    struct side *side = side_of(f);

    if (a->answer.rc == ECS_OK && a->answer.result.code == 2001)
        atomic_fetch_add(&side->good, 1);
    atomic_fetch_add(&side->answered, 1);
    return ECS_DONE;
}

static enum ecs_rc side_init(struct ecs_worker *worker, void *arg)
{
    struct side *side = arg;

    worker->state = side;
    side->handle = ecs_diameter_open(node, worker->mailbox);
    return side->handle ? ECS_OK : ECS_E_NO_MEMORY;
}

static void side_done(struct ecs_worker *worker)
{
    struct side *side = worker->state;

    for (int i = 0; i < ASKS; i++)
        ask_free(&side->asked[i]);
    ecs_diameter_close(side->handle);
}

struct order {
    struct ecs_mail mail;
    struct side *side;
    bool stop;
};

static void obey(struct ecs_mail *mail, void *owner)
{
    static const struct ecs_step steps[] = {{"ask", side_ask, 30000}, {"note", side_note, 0}, {0}};
    struct order *order = (struct order *)mail;
    struct ecs_worker *worker = owner;

    for (int i = 0; i < ASKS && !order->stop; i++) {
        struct asked *a = &order->side->asked[i];

        a->ask.message.avps = ecs_buf_str(&a->avps);
        ecs_flow_start(&a->flow, worker->loop, a->arena, NULL, steps, a, asked_end);
    }
    if (order->stop)
        ecs_loop_stop(worker->loop);
    free(order);
}

static void tell(struct side *side, bool stop)
{
    struct order *order = calloc(1, sizeof(*order));

    *order = (struct order){.mail.fn = obey, .side = side, .stop = stop};
    ecs_mailbox_post(side->worker.mailbox, &order->mail);
}

static void test_workers_ask_through_the_node_of_another_thread(void **state)
{
    (void)state;
    memset(sides, 0, sizeof(sides));
    set_both(NULL);
    wait_okay("one");
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < ASKS; j++)
            ask_prepare(&sides[i].asked[j], "test", NULL);
        assert_int_equal(ecs_worker_start(&sides[i].worker, 1 + (unsigned)i, side_init, side_done, &sides[i]),
                         ECS_OK);
        tell(&sides[i], false);
    }
    TURN_UNTIL(sides[0].answered == ASKS && sides[1].answered == ASKS);
    assert_int_equal(sides[0].good + sides[1].good, 2 * ASKS);
    assert_int_equal(one.requests, 2 * ASKS);
    for (int i = 0; i < 2; i++) {
        tell(&sides[i], true);
        ecs_worker_join(&sides[i].worker);
    }
}

static void test_workers_get_their_answer_when_the_node_ends(void **state)
{
    struct side *side = &sides[0];

    (void)state;
    memset(sides, 0, sizeof(sides));
    one.how = DD_HOLD;
    set_both(NULL);
    wait_okay("one");
    for (int j = 0; j < ASKS; j++)
        ask_prepare(&side->asked[j], "test", NULL);
    assert_int_equal(ecs_worker_start(&side->worker, 1, side_init, side_done, side), ECS_OK);
    tell(side, false);
    TURN_UNTIL(one.held_n >= 10);
    ecs_diameter_node_free(node);
    node = NULL;
    TURN_UNTIL(side->answered == ASKS);
    assert_int_equal(side->good, 0);
    tell(side, true);
    ecs_worker_join(&side->worker);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_the_same_row_keeps_its_connection),
        CASE(test_a_removed_peer_finishes_what_is_outstanding_and_takes_leave),
        CASE(test_a_changed_row_comes_back_after_what_is_outstanding),
        CASE(test_a_peer_that_is_wanted_again_just_stays),
        CASE(test_a_peer_that_is_down_is_replaced_at_once),
        CASE(test_an_empty_list_takes_leave_of_all_in_order),
        CASE(test_lists_may_change_all_the_time),
        CASE(test_lists_with_faults_change_nothing),
        CASE(test_workers_ask_through_the_node_of_another_thread),
        CASE(test_workers_get_their_answer_when_the_node_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
