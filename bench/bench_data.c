/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups through the data layer, as one worker of the daemon makes them, from one thread:
 *   single  one pipelined statement per look-up (ecs_pg_exec)
 *   batch   the same row by natural batching (ecs_pg_batch)
 *   facts   the daemon's own statement, everything the rules need (ecs_store_facts)
 * N of them wait at a time; with a rate they arrive at random moments instead, and latency counts from the
 * arrival. Every answer must hold the subscriber that was asked for. Prints one JSON line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecs/clock.h"
#include "ecs/log.h"
#include "ecs/store.h"

enum { SLOTS_MAX = 4096, UP_LIMIT_US = 10000000, LATENCIES_MAX = 4000000 };
enum mode { SINGLE, BATCH, FACTS };

static const char *const mode_names[] = {"single", "batch", "facts"};
static const struct ecs_pg_statement statements[] = {
    {"bench_single",
     "SELECT imsi, msisdn, line_state, plan, token_generation FROM subscriber WHERE imsi = $1::text", 1,
     true},
    {"bench_batch",
     "SELECT k.ord, s.imsi, s.msisdn, s.line_state, s.plan, s.token_generation "
     "FROM unnest($1::text[]) WITH ORDINALITY k(imsi, ord) JOIN subscriber s ON s.imsi = k.imsi",
     1, true},
};

struct slot {
    struct ecs_flow flow;
    struct bench *bench;
    char imsi[16];
    struct ecs_str key;
    struct ecs_pg_param param;
    struct ecs_pg_result result;
    struct ecs_subscriber_facts facts;
    int64_t arrived_us;
    struct slot *next;
};

struct bench {
    enum mode mode;
    unsigned waiting; /* slots in use */
    double seconds, rate;
    uint64_t rows, random;
    struct ecs_loop *loop;
    struct ecs_pg *pg;
    struct ecs_store *store;
    struct ecs_pg_stats stats;
    struct ecs_pg_batch_query query;
    struct ecs_arena_cache cache;
    struct slot *slots, *idle;
    unsigned busy;
    uint64_t done, failed, refused;
    int64_t end_us;
    double next_us;
    uint32_t *latency_us;
    char fault[200];
};

static uint64_t random_next(struct bench *b)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 7;
    b->random ^= b->random << 17;
    return b->random;
}

/* ---- one look-up ---- */

static enum ecs_next ask(struct ecs_flow *f)
{
    struct slot *s = f->self;
    struct bench *b = s->bench;
    struct ecs_facts_key key = {
        .imsi = s->key, .terminal_id = ECS_STR("350000000000001"), .tac = ECS_STR("35000000")};

    if (b->mode == FACTS)
        return ecs_store_facts(f, b->store, &key, &s->facts);
    memset(&s->result, 0, sizeof(s->result));
    if (b->mode == BATCH)
        return ecs_pg_batch(f, b->pg, &b->query, &s->key, &s->result);
    s->param = ecs_pg_p_text(s->key);
    return ecs_pg_exec(f, b->pg, 0, &s->param, 1, &s->result);
}

static enum ecs_next take(struct ecs_flow *f)
{
    struct slot *s = f->self;
    struct bench *b = s->bench;
    struct ecs_str imsi;

    if (b->mode == FACTS)
        imsi = s->facts.known && s->facts.n_features ? s->facts.imsi : ECS_STR_NULL;
    else
        imsi = s->result.rows == 1 ? ecs_pg_text(&s->result, 0, b->mode == BATCH) : ECS_STR_NULL;
    if (!ecs_str_eq(imsi, s->key))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "not the row that was asked for");
    if (b->done < LATENCIES_MAX) {
        int64_t us = ecs_clock_mono_us() - s->arrived_us;

        b->latency_us[b->done] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    }
    b->done++;
    return ECS_DONE;
}

static enum ecs_next give_up(struct ecs_flow *f)
{
    struct bench *b = ((struct slot *)f->self)->bench;

    if (!b->failed++)
        snprintf(b->fault, sizeof(b->fault), "%s: %s", ecs_strerror(f->rc), f->reason);
    return ECS_DONE;
}

static const struct ecs_step steps[] = {{"ask", ask, 0}, {"take", take, 0}, {"give-up", give_up, 0}, {0}};

static void on_end(struct ecs_flow *f)
{
    struct slot *s = f->self;

    ecs_arena_free(f->arena);
    s->next = s->bench->idle;
    s->bench->idle = s;
    s->bench->busy--;
}

/* False when every slot is in use. */
static bool start(struct bench *b, int64_t arrived_us)
{
    struct slot *s = b->idle;
    struct ecs_arena *arena = s ? ecs_arena_new(&b->cache, 0) : NULL;

    if (!arena)
        return false;
    b->idle = s->next;
    b->busy++;
    memset(&s->flow, 0, sizeof(s->flow));
    snprintf(s->imsi, sizeof(s->imsi), "00101%010llu",
             (unsigned long long)(random_next(b) % b->rows) % 10000000000);
    s->key = ecs_str_of(s->imsi);
    s->arrived_us = arrived_us;
    ecs_flow_start(&s->flow, b->loop, arena, NULL, steps, s, on_end);
    return true;
}

/* ---- the run ---- */

static bool is_up(const struct bench *b)
{
    return b->mode == FACTS ? ecs_store_is_up(b->store) : ecs_pg_is_up(b->pg);
}

static bool open_database(struct bench *b, const char *conninfo, unsigned connections)
{
    struct ecs_pg_conf pg = {.conninfo = conninfo,
                             .connections = connections,
                             .max_waiting = SLOTS_MAX,
                             .statements = statements,
                             .n_statements = ECS_ARRAY_LEN(statements)};
    struct ecs_store_conf store = {
        .pg = {.conninfo = conninfo, .connections = connections, .max_waiting = SLOTS_MAX},
        .ind_bits = 5,
        .limit_attempts = 10,
        .limit_window_s = 300,
        .session_life_s = 90};
    int64_t limit = ecs_clock_mono_us() + UP_LIMIT_US;

    b->query = (struct ecs_pg_batch_query){.statement = 1, .key_columns = 1};
    if (b->mode == FACTS)
        b->store = ecs_store_new(b->loop, &store, &b->stats);
    else
        b->pg = ecs_pg_new(b->loop, &pg, &b->stats);
    if (!b->store && !b->pg)
        return false;
    while (b->stats.up < connections && ecs_clock_mono_us() < limit)
        if (ecs_loop_turn(b->loop, 10000) != ECS_OK)
            return false;
    return is_up(b);
}

static void arrive(struct bench *b, int64_t now)
{
    while ((int64_t)b->next_us <= now && (int64_t)b->next_us < b->end_us) {
        if (!start(b, (int64_t)b->next_us))
            b->refused++;
        b->next_us -= log(1.0 - (double)(random_next(b) >> 11) / 9007199254740992.0) * 1e6 / b->rate;
    }
}

static double run(struct bench *b)
{
    int64_t begin = ecs_clock_mono_us(), now = begin, wait;

    b->done = b->failed = b->refused = 0;
    b->stats.batches = b->stats.batched_keys = 0;
    b->end_us = begin + (int64_t)(b->seconds * 1e6);
    b->next_us = (double)begin;
    while ((now < b->end_us || b->busy) && !b->failed && now < b->end_us + UP_LIMIT_US) {
        wait = 10000;
        if (b->rate > 0) {
            arrive(b, now);
            wait = (int64_t)b->next_us - now;
        } else {
            while (now < b->end_us && b->busy < b->waiting && start(b, ecs_clock_mono_us()))
                ;
        }
        if (ecs_loop_turn(b->loop, wait < 0 ? 0 : wait) != ECS_OK)
            break;
        now = ecs_clock_mono_us();
    }
    return (double)(now - begin) / 1e6;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void report(struct bench *b, double seconds)
{
    size_t n = b->done < LATENCIES_MAX ? b->done : LATENCIES_MAX;
    double batch = b->stats.batches ? (double)b->stats.batched_keys / (double)b->stats.batches : 0;

    if (n)
        qsort(b->latency_us, n, sizeof(*b->latency_us), compare);
    printf("{\"done\": %llu, \"failed\": %llu, \"refused\": %llu, \"seconds\": %.6f, \"rate\": %.1f, "
           "\"p50_us\": %u, "
           "\"p99_us\": %u, \"mean_batch\": %.2f, \"fault\": \"%s\"}\n",
           (unsigned long long)b->done, (unsigned long long)b->failed, (unsigned long long)b->refused,
           seconds, (double)b->done / seconds, n ? b->latency_us[n / 2] : 0,
           n ? b->latency_us[n * 99 / 100] : 0, batch, b->fault);
}

static bool parse(struct bench *b, int argc, char **argv)
{
    if (argc != 8)
        return false;
    for (b->mode = SINGLE; b->mode <= FACTS && strcmp(argv[2], mode_names[b->mode]) != 0; b->mode++)
        ;
    b->rows = strtoull(argv[4], NULL, 10);
    b->waiting = (unsigned)strtoul(argv[5], NULL, 10);
    b->seconds = strtod(argv[6], NULL);
    b->rate = strtod(argv[7], NULL);
    return b->mode <= FACTS && b->rows > 0 && b->waiting > 0 && b->waiting <= SLOTS_MAX && b->seconds > 0 &&
           b->seconds <= 60 && b->rate >= 0;
}

int main(int argc, char **argv)
{
    static struct bench b = {.random = 0x9E3779B97F4A7C15u};
    unsigned connections = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    double seconds;

    if (!parse(&b, argc, argv) || !connections) {
        fprintf(stderr,
                "usage: bench_data CONNINFO single|batch|facts CONNECTIONS ROWS WAITING SECONDS RATE\n"
                "RATE 0: as many as WAITING allows\n");
        return 2;
    }
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_WARNING);
    b.loop = ecs_loop_new();
    b.slots = calloc(SLOTS_MAX, sizeof(*b.slots));
    b.latency_us = calloc(LATENCIES_MAX, sizeof(*b.latency_us));
    if (!b.loop || !b.slots || !b.latency_us || !open_database(&b, argv[1], connections)) {
        fprintf(stderr, "bench_data: no memory or no database\n");
        return 1;
    }
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        b.slots[i].bench = &b;
        b.slots[i].next = b.idle;
        b.idle = &b.slots[i];
    }
    seconds = run(&b);
    report(&b, seconds);
    ecs_store_free(b.store);
    ecs_pg_free(b.pg);
    ecs_loop_free(b.loop);
    return b.failed || b.refused || b.busy;
}
