/* SPDX-License-Identifier: Apache-2.0 */
/* Names of neighbours: unknown ones, and a resolver that takes its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <netdb.h>

#include "neighbour_fixture.h"

/* Name resolution that takes its time, in curl's resolver thread. Replaces libc's for this program. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
    struct sockaddr_in *sin;
    struct addrinfo *ai;

    (void)hints;
    if (node && strstr(node, "slow."))
        usleep(1500000);
    if (!node || strcmp(node, "localhost") != 0)
        return EAI_NONAME;
    ai = calloc(1, sizeof(*ai) + sizeof(*sin));
    if (!ai)
        return EAI_MEMORY;
    sin = (struct sockaddr_in *)(void *)(ai + 1);
    sin->sin_family = AF_INET;
    sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin->sin_port = htons((uint16_t)(service ? atoi(service) : 0));
    *ai = (struct addrinfo){.ai_family = AF_INET,
                            .ai_socktype = SOCK_STREAM,
                            .ai_protocol = IPPROTO_TCP,
                            .ai_addrlen = sizeof(*sin),
                            .ai_addr = (struct sockaddr *)(void *)sin};
    *res = ai;
    return 0;
}

void freeaddrinfo(struct addrinfo *ai)
{
    free(ai);
}

struct env {
    struct rig rig;
    struct ecs_neighbour *n;
    struct ecs_neighbour_stats stats;
};

static void env_open(struct env *e, struct ecs_neighbour_conf conf)
{
    memset(&e->stats, 0, sizeof(e->stats));
    rig_open(&e->rig);
    conf.stats = &e->stats;
    e->n = new_neighbour(&e->rig, conf);
}

static void env_close(struct env *e)
{
    ecs_neighbour_free(e->n);
    assert_int_equal(e->stats.in_flight, 0);
    rig_close(&e->rig);
}

static void test_an_unknown_name_is_a_failure(void **state)
{
    struct env e;
    struct asked a = {0};

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){0});
    rig_ask(&e.rig, &a, e.n, "GET", "http://unknown.invalid/");
    assert_int_equal(a.answer.rc, ECS_E_BACKEND);
    assert_string_equal(a.answer.error, "its name cannot be resolved");
    asked_free(&a);
    env_close(&e);
}

static void test_slow_name_resolution_does_not_hold_the_loop(void **state)
{
    struct env e;
    struct asked slow = {.ask = {.method = "GET", .url = "http://slow.invalid/"}}, quick = {0}, gone = slow;
    int64_t begin;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){.total_ms = 150});
    begin = ecs_clock_mono_us();
    slow.n = gone.n = e.n;
    asked_start(&e.rig, &slow);
    asked_start(&e.rig, &gone);
    rig_turns(&e.rig, 20);
    rig_ask(&e.rig, &quick, e.n, "GET", plain_url("/status/200"));
    assert_int_equal(quick.answer.status, 200);
    ecs_flow_abort(&gone.flow);
    asked_wait(&e.rig, &slow);
    assert_int_equal(slow.answer.rc, ECS_E_TIMEOUT);
    asked_free(&slow);
    asked_free(&gone);
    asked_free(&quick);
    env_close(&e);
    assert_true(ecs_clock_mono_us() - begin < 1200000); /* the resolver sleeps for 1.5 s */
    usleep(1700000);                                    /* its threads clean up behind themselves */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_unknown_name_is_a_failure),
        cmocka_unit_test(test_slow_name_resolution_does_not_hold_the_loop),
    };

    return cmocka_run_group_tests(tests, start_plain, stop_plain);
}
