/* SPDX-License-Identifier: Apache-2.0 */
/* The lag of a loop: nothing while idle, the length of the work in front of the probe while busy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "ecs/clock.h"
#include "ecs/lag.h"

static void work(void *arg, int fd, unsigned io)
{
    int64_t end = ecs_clock_mono_us() + 30000;
    char byte;

    (void)arg;
    (void)io;
    assert_int_equal(read(fd, &byte, 1), 1);
    while (ecs_clock_mono_us() < end)
        ;
}

static void test_a_probe_behind_work_tells_its_length(void **state)
{
    struct ecs_loop *loop = ecs_loop_new();
    struct ecs_watch *watch;
    struct ecs_lag lag;
    int pair[2];

    (void)state;
    assert_non_null(loop);
    assert_true(ecs_lag_start(&lag, loop));
    assert_int_equal(pipe(pair), 0);
    watch = ecs_loop_fd_add(loop, pair[0], ECS_IO_READ, work, NULL);
    assert_non_null(watch);
    assert_int_equal(ecs_lag_us(&lag), 0); /* sends the first probe */
    assert_int_equal(write(pair[1], "x", 1), 1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ecs_loop_turn(loop, 1000), ECS_OK);
    usleep(3000);
    (void)ecs_lag_us(&lag);
    assert_int_equal(write(pair[1], "x", 1), 1);
    usleep(20000); /* nobody turns the loop: the probe's age is the figure */
    assert_true(ecs_lag_us(&lag) >= 20000);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ecs_loop_turn(loop, 1000), ECS_OK);
    assert_true(ecs_lag_us(&lag) >= 20000);
    ecs_watch_free(watch);
    ecs_lag_stop(&lag);
    ecs_loop_free(loop);
    close(pair[0]);
    close(pair[1]);
}

static void test_an_old_figure_counts_as_nothing(void **state)
{
    struct ecs_loop *loop = ecs_loop_new();
    struct ecs_lag lag;

    (void)state;
    assert_non_null(loop);
    assert_true(ecs_lag_start(&lag, loop));
    lag.last_us = 500000;
    lag.last_at_us = ecs_clock_mono_us() - 2000000;
    assert_int_equal(ecs_lag_us(&lag), 0);
    assert_int_equal(ecs_loop_turn(loop, 1000), ECS_OK);
    assert_true(ecs_lag_us(&lag) < 500000);
    ecs_lag_stop(&lag);
    ecs_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_probe_behind_work_tells_its_length),
        cmocka_unit_test(test_an_old_figure_counts_as_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
