/* SPDX-License-Identifier: Apache-2.0 */
/* Loop, timers, mailbox and workers. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "ecs/clock.h"
#include "ecs/loop.h"
#include "ecs/mailbox.h"
#include "ecs/worker.h"
#include "run/run_internal.h"

static void count(void *arg)
{
    ++*(int *)arg;
}

struct lateness {
    struct ecs_timer timer;
    int64_t due_us, fired_us;
};

static void note_time(void *arg)
{
    struct lateness *l = arg;

    l->fired_us = ecs_clock_mono_us();
}

static void test_timers_never_fire_early_and_all_fire(void **state)
{
    static struct lateness timers[200];
    struct ecs_loop *loop = ecs_loop_new();
    int open = 200;

    (void)state;
    srandom(4711);
    for (int i = 0; i < 200; i++) {
        uint32_t ms = (uint32_t)random() % 120;

        timers[i].due_us = ecs_clock_mono_us() + ms * 1000;
        ecs_timer_arm(&timers[i].timer, loop, ms, note_time, &timers[i]);
    }
    for (int i = 0; i < 2000 && open; i++) {
        assert_int_equal(ecs_loop_turn(loop, 50000), ECS_OK);
        open = 0;
        for (int k = 0; k < 200; k++)
            open += timers[k].fired_us == 0;
    }
    assert_int_equal(open, 0);
    for (int i = 0; i < 200; i++)
        assert_true(timers[i].fired_us >= timers[i].due_us);
    ecs_loop_free(loop);
}

static void test_a_disarmed_timer_does_not_fire_and_a_rearmed_one_fires_once(void **state)
{
    struct ecs_loop *loop = ecs_loop_new();
    struct ecs_timer a = {0}, b = {0};
    int a_fired = 0, b_fired = 0;
    int64_t end = ecs_clock_mono_us() + 80000;

    (void)state;
    ecs_timer_arm(&a, loop, 10, count, &a_fired);
    ecs_timer_arm(&b, loop, 10, count, &b_fired);
    ecs_timer_arm(&b, loop, 30, count, &b_fired);
    ecs_timer_disarm(&a);
    ecs_timer_disarm(&a);
    while (ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(loop, 5000), ECS_OK);
    assert_int_equal(a_fired, 0);
    assert_int_equal(b_fired, 1);
    ecs_loop_free(loop);
}

static void test_a_timer_beyond_the_wheel_waits_its_rounds(void **state)
{
    struct ecs_loop *loop = ecs_loop_new();
    struct ecs_timer far = {0};
    int fired = 0;
    int64_t end = ecs_clock_mono_us() + 60000;

    (void)state;
    ecs_timer_arm(&far, loop, 8192 + 40, count, &fired); /* same slot as a timer of about 40 ms */
    while (ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(loop, 20000), ECS_OK);
    assert_int_equal(fired, 0);
    ecs_timer_disarm(&far);
    ecs_loop_free(loop);
}

struct virtual_timer {
    struct ecs_timer timer;
    const int64_t *now_us;
    int64_t fired_us;
};

static void note_virtual(void *arg)
{
    struct virtual_timer *t = arg;

    t->fired_us = *t->now_us;
}

static void test_long_timers_fire_in_time_and_cost_few_wakeups(void **state)
{
    enum { TIMERS = 3000, HOURS = 6 };
    struct virtual_timer *timers = calloc(TIMERS, sizeof(*timers));
    struct ecs_loop *loop = ecs_loop_new();
    struct ecs_wheel *wheel = ecs_loop_wheel(loop);
    int64_t now = ecs_clock_mono_us(), end;
    unsigned wakeups = 0;

    (void)state;
    srandom(99);
    for (int i = 0; i < TIMERS; i++) {
        timers[i].now_us = &now;
        ecs_timer_arm(&timers[i].timer, loop, (uint32_t)random() % (HOURS * 3600000u), note_virtual,
                      &timers[i]);
    }
    /* A third is taken back: what they leave behind must not wake anybody. */
    for (int i = 0; i < TIMERS; i += 3)
        ecs_timer_disarm(&timers[i].timer);
    now = ecs_clock_mono_us();
    end = now + (HOURS * INT64_C(3600) + 60) * 1000000;
    while (now < end) {
        int64_t wait = ecs_wheel_wait_us(wheel, now);

        if (wait < 0)
            break;
        now += wait;
        ecs_wheel_run(wheel, now);
        wakeups++;
    }
    for (int i = 0; i < TIMERS; i++) {
        if (i % 3 == 0) {
            assert_true(timers[i].fired_us == 0);
            continue;
        }
        assert_true(timers[i].fired_us >= timers[i].timer.due_us);
        assert_true(timers[i].fired_us <= timers[i].timer.due_us + 2 * ECS_WHEEL_TICK_US);
    }
    /* One for each timer, and one for each 8.2 s. */
    assert_true(wakeups < TIMERS * 2 / 3 + HOURS * 3600 * 1000 / 8192 + 600);
    ecs_loop_free(loop);
    free(timers);
}

static void on_io(void *arg, int fd, unsigned io)
{
    char byte;

    if (io & ECS_IO_READ)
        assert_int_equal(read(fd, &byte, 1), 1);
    *(unsigned *)arg |= io;
}

static void test_a_readable_descriptor_is_told(void **state)
{
    struct ecs_loop *loop = ecs_loop_new();
    int fds[2];
    unsigned seen = 0;
    struct ecs_watch *w;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    w = ecs_loop_fd_add(loop, fds[0], ECS_IO_READ, on_io, &seen);
    assert_non_null(w);
    assert_int_equal(ecs_loop_turn(loop, 1000), ECS_OK);
    assert_int_equal(seen, 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(ecs_loop_turn(loop, 100000), ECS_OK);
    assert_int_equal(seen, ECS_IO_READ);
    close(fds[1]);
    ecs_watch_set(w, 0);
    seen = 0;
    assert_int_equal(ecs_loop_turn(loop, 100000), ECS_OK);
    assert_int_equal(seen, ECS_IO_HANGUP);
    ecs_watch_free(w);
    close(fds[0]);
    ecs_loop_free(loop);
}

static void on_signal(void *arg, int signo)
{
    *(int *)arg = signo;
}

static void test_signals_arrive_as_events(void **state)
{
    struct ecs_loop *loop = ecs_loop_new();
    const int signals[] = {SIGUSR1};
    int seen = 0;

    (void)state;
    ecs_loop_block_signals(signals, 1);
    assert_int_equal(ecs_loop_signal_add(loop, SIGUSR1, on_signal, &seen), ECS_OK);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    assert_int_equal(ecs_loop_turn(loop, 100000), ECS_OK);
    assert_int_equal(seen, SIGUSR1);
    ecs_loop_free(loop);
}

struct letter {
    struct ecs_mail mail;
    int sender, number;
};

struct reader {
    int last[4];
    int count;
    bool disorder;
};

static void read_letter(struct ecs_mail *mail, void *owner)
{
    struct letter *letter = (struct letter *)mail;
    struct reader *r = ((struct ecs_worker *)owner)->state;

    if (letter->number != r->last[letter->sender] + 1)
        r->disorder = true;
    r->last[letter->sender] = letter->number;
    r->count++;
    free(letter);
}

static void stop_worker(struct ecs_mail *mail, void *owner)
{
    (void)mail;
    ecs_loop_stop(((struct ecs_worker *)owner)->loop);
}

static enum ecs_rc start_reader(struct ecs_worker *worker, void *arg)
{
    worker->state = arg;
    return arg ? ECS_OK : ECS_E_CONFIG;
}

static void end_reader(struct ecs_worker *worker)
{
    (void)worker;
}

struct sender {
    struct ecs_worker *to;
    int id;
};

static void *send_letters(void *arg)
{
    struct sender *s = arg;

    for (int i = 1; i <= 5000; i++) {
        struct letter *l = calloc(1, sizeof(*l));

        l->mail.fn = read_letter;
        l->sender = s->id;
        l->number = i;
        ecs_mailbox_post(s->to->mailbox, &l->mail);
    }
    return NULL;
}

static void test_mail_from_four_threads_arrives_complete_and_in_order(void **state)
{
    struct ecs_worker worker;
    struct reader reader = {{0}, 0, false};
    struct sender senders[4];
    pthread_t threads[4];
    struct ecs_mail stop = {.fn = stop_worker};

    (void)state;
    assert_int_equal(ecs_worker_start(&worker, 0, start_reader, end_reader, &reader), ECS_OK);
    for (int i = 0; i < 4; i++) {
        senders[i] = (struct sender){&worker, i};
        assert_int_equal(pthread_create(&threads[i], NULL, send_letters, &senders[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ecs_mailbox_post(worker.mailbox, &stop);
    ecs_worker_join(&worker);
    assert_int_equal(reader.count, 20000);
    assert_false(reader.disorder);
}

struct waking {
    struct ecs_loop *loop;
    int64_t told_us;
};

static void note_loop_time(void *arg, int fd, unsigned io)
{
    struct waking *w = arg;
    uint64_t times;

    (void)io;
    w->told_us = ecs_loop_now_us(w->loop);
    assert_int_equal(read(fd, &times, sizeof(times)), sizeof(times));
}

static void test_callbacks_are_told_the_time_behind_the_sleep(void **state)
{
    const struct itimerspec in_80_ms = {.it_value = {.tv_nsec = 80000000}};
    struct waking w = {.loop = ecs_loop_new()};
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct ecs_watch *watch = ecs_loop_fd_add(w.loop, fd, ECS_IO_READ, note_loop_time, &w);
    int64_t before_us;

    (void)state;
    assert_non_null(watch);
    assert_int_equal(ecs_loop_turn(w.loop, 0), ECS_OK);
    before_us = ecs_clock_mono_us();
    assert_int_equal(timerfd_settime(fd, 0, &in_80_ms, NULL), 0);
    for (int i = 0; i < 100 && !w.told_us; i++)
        assert_int_equal(ecs_loop_turn(w.loop, 1000000), ECS_OK);
    assert_true(w.told_us >= before_us + 80000);
    ecs_watch_free(watch);
    close(fd);
    ecs_loop_free(w.loop);
}

static void test_a_worker_whose_start_fails_reports_it(void **state)
{
    struct ecs_worker worker;

    (void)state;
    assert_int_equal(ecs_worker_start(&worker, 1, start_reader, end_reader, NULL), ECS_E_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_never_fire_early_and_all_fire),
        cmocka_unit_test(test_a_disarmed_timer_does_not_fire_and_a_rearmed_one_fires_once),
        cmocka_unit_test(test_a_timer_beyond_the_wheel_waits_its_rounds),
        cmocka_unit_test(test_long_timers_fire_in_time_and_cost_few_wakeups),
        cmocka_unit_test(test_a_readable_descriptor_is_told),
        cmocka_unit_test(test_signals_arrive_as_events),
        cmocka_unit_test(test_mail_from_four_threads_arrives_complete_and_in_order),
        cmocka_unit_test(test_callbacks_are_told_the_time_behind_the_sleep),
        cmocka_unit_test(test_a_worker_whose_start_fails_reports_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
