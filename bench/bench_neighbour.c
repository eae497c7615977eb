/* SPDX-License-Identifier: Apache-2.0 */
/* Outgoing calls as one worker of the daemon makes them (ecs_neighbour_ask): N in flight against one HTTPS
 * server, for so many seconds. Every answer must be 200 with the expected length. Prints one JSON line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ecs/clock.h"
#include "ecs/log.h"
#include "ecs/neighbour.h"

enum { SLOTS_MAX = 256 };

struct bench {
    struct ecs_loop *loop;
    struct ecs_http_pool *pool;
    struct ecs_neighbour *neighbour;
    struct ecs_arena_cache cache;
    const char *url;
    size_t expected;
    uint64_t done, failed;
    unsigned busy;
    int64_t end_us;
    char fault[160];
};

struct slot {
    struct ecs_flow flow;
    struct bench *bench;
    struct ecs_ask_answer answer;
};

static enum ecs_next ask(struct ecs_flow *f)
{
    struct slot *s = f->self;
    struct ecs_ask what = {.method = "GET", .url = s->bench->url};

    return ecs_neighbour_ask(f, s->bench->neighbour, &what, &s->answer);
}

static enum ecs_next judge(struct ecs_flow *f)
{
    struct slot *s = f->self;
    struct bench *b = s->bench;

    if (s->answer.rc == ECS_OK && s->answer.status == 200 && s->answer.body.n == b->expected) {
        b->done++;
        return ECS_DONE;
    }
    b->failed++;
    snprintf(b->fault, sizeof(b->fault), "%s, status %d, %zu bytes",
             s->answer.error ? s->answer.error : "an answer", s->answer.status, s->answer.body.n);
    return ECS_DONE;
}

static const struct ecs_step steps[] = {{"ask", ask, 20000}, {"judge", judge, 0}, {0}};

static void begin(struct bench *b);

static void ended(struct ecs_flow *f)
{
    struct slot *s = f->self;
    struct bench *b = s->bench;

    b->busy--;
    ecs_arena_free(f->arena);
    if (ecs_clock_mono_us() < b->end_us && !b->failed)
        begin(b);
    else if (!b->busy)
        ecs_loop_stop(b->loop);
}

static void begin(struct bench *b)
{
    struct ecs_arena *arena = ecs_arena_new(&b->cache, 0);
    struct slot *s = arena ? ecs_alloc(arena, sizeof(*s)) : NULL;

    if (!s)
        abort();
    s->bench = b;
    b->busy++;
    ecs_flow_start(&s->flow, b->loop, arena, NULL, steps, s, ended);
}

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    struct ecs_neighbour_conf conf = {.name = "bench", .max_in_flight = SLOTS_MAX};
    unsigned in_flight;
    int64_t start_us;
    double cpu, seconds;

    if (argc != 7) {
        fprintf(stderr, "usage: bench_neighbour URL CA BYTES IN_FLIGHT SECONDS 1|2\n");
        return 2;
    }
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    b.url = argv[1];
    b.expected = (size_t)atol(argv[3]);
    in_flight = (unsigned)atoi(argv[4]);
    conf.ca_file = argv[2];
    conf.http2 = strcmp(argv[6], "2") == 0;
    b.loop = ecs_loop_new();
    b.pool = b.loop ? ecs_http_pool_new(b.loop) : NULL;
    b.neighbour = b.pool ? ecs_neighbour_new(b.pool, &conf) : NULL;
    if (!b.neighbour || in_flight < 1 || in_flight > SLOTS_MAX)
        return 2;
    start_us = ecs_clock_mono_us();
    b.end_us = start_us + (int64_t)(atof(argv[5]) * 1e6);
    cpu = cpu_s();
    for (unsigned i = 0; i < in_flight; i++)
        begin(&b);
    if (ecs_loop_run(b.loop) != ECS_OK)
        return 2;
    cpu = cpu_s() - cpu;
    seconds = (double)(ecs_clock_mono_us() - start_us) / 1e6;
    printf("{\"done\":%llu,\"failed\":%llu,\"fault\":\"%s\",\"rate\":%.1f,\"cpu_us\":%.2f}\n",
           (unsigned long long)b.done, (unsigned long long)b.failed, b.fault, (double)b.done / seconds,
           b.done ? cpu * 1e6 / (double)b.done : 0);
    ecs_neighbour_free(b.neighbour);
    ecs_http_pool_free(b.pool);
    ecs_loop_free(b.loop);
    return b.failed ? 1 : 0;
}
