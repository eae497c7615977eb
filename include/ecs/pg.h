/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL on the event loop: a small pool of connections per worker thread, named statements in pipeline
 * mode, and look-ups by natural batching. Nothing here blocks; the blocking side for tools is ecs/pg_sync.h.
 */
#pragma once

#include <stdatomic.h>

#include "ecs/flow.h"

struct ecs_pg;

enum {
    ECS_PG_PARAMS_MAX = 16,  /* parameters of one statement */
    ECS_PG_BATCH_MAX = 64,   /* keys that go out in one batch */
    ECS_PG_KEYS_MAX = 5,     /* columns of a batch key */
    ECS_PG_PIPELINE_MAX = 32 /* statements under way on one connection */
};

/* Prepared on each connection under its name. read_only ones are repeated once elsewhere when a connection
 * breaks. */
struct ecs_pg_statement {
    const char *name;
    const char *sql; /* parameters with explicit casts, so that widths are as the caller's */
    unsigned params;
    bool read_only;
};

struct ecs_pg_conf {
    /* libpq keywords or URI, several hosts allowed. Names are resolved in a helper thread unless hostaddr is
     * given. target_session_attrs=read-write finds the primary after a failover. */
    const char *conninfo;
    unsigned connections;          /* 0 = 2 */
    uint32_t statement_timeout_ms; /* 0 = 2,000: on the server; 500 ms later the connection is given up */
    uint32_t connect_timeout_ms;   /* 0 = 3,000: per attempt; the next attempt begins with the next host */
    uint32_t backoff_min_ms;       /* 0 = 50 */
    uint32_t backoff_max_ms;       /* 0 = 2,000 */
    unsigned max_waiting;          /* 0 = 4,096: requests not yet sent; more get ECS_E_OVERLOAD */
    const struct ecs_pg_statement *statements; /* borrowed for the life of the pool */
    size_t n_statements;
    const char *const *session; /* further statements at connect (SET ...), may be NULL; borrowed */
    size_t n_session;
};

/* Written by the pool's thread, may be read by any. */
struct ecs_pg_stats {
    atomic_uint_fast64_t statements, batches, batched_keys, errors, timeouts, overloads, lost, retries,
        connects, connect_failures;
    atomic_uint_fast64_t busy_us;     /* sum over statements: from sending to the answer */
    atomic_uint_fast64_t up, waiting; /* now: usable connections; requests not yet sent */
};

/* Begins to connect at once; until the first attempt has ended requests wait instead of failing. conf is
 * copied except what it says to be borrowed. NULL: no memory, or the connection string is malformed (logged).
 * stats is borrowed. */
struct ecs_pg *ecs_pg_new(struct ecs_loop *loop, const struct ecs_pg_conf *conf, struct ecs_pg_stats *stats);
/* Flows that still wait fail with ECS_E_CANCELLED. NULL is allowed. Not from inside a flow of this pool. */
void ecs_pg_free(struct ecs_pg *pg);
bool ecs_pg_is_up(const struct ecs_pg *pg); /* at least one connection is usable */

/* ---- parameters: all binary ------------------------------------------------------------------------------
 */

enum ecs_pg_type {
    ECS_PG_NULL,
    ECS_PG_TEXT,
    ECS_PG_INT2,
    ECS_PG_INT4,
    ECS_PG_INT8,
    ECS_PG_BOOL,
    ECS_PG_BYTEA,
    ECS_PG_TIMESTAMPTZ, /* Unix seconds */
    ECS_PG_TEXT_ARRAY,
};

/* Bytes are borrowed until the next step of the flow runs. */
struct ecs_pg_param {
    enum ecs_pg_type type;
    int64_t i;                  /* integers, bool, time; length of an array */
    struct ecs_str s;           /* text and bytea; p NULL is NULL */
    const struct ecs_str *list; /* elements of an array; p NULL is a NULL element */
};

static inline struct ecs_pg_param ecs_pg_p_text(struct ecs_str s)
{
    return (struct ecs_pg_param){.type = s.p ? ECS_PG_TEXT : ECS_PG_NULL, .s = s};
}
static inline struct ecs_pg_param ecs_pg_p_bytes(const void *bytes, size_t n)
{
    return (struct ecs_pg_param){.type = bytes ? ECS_PG_BYTEA : ECS_PG_NULL, .s = {bytes, n}};
}
static inline struct ecs_pg_param ecs_pg_p_int(enum ecs_pg_type type, int64_t value)
{
    return (struct ecs_pg_param){.type = type, .i = value};
}
static inline struct ecs_pg_param ecs_pg_p_texts(const struct ecs_str *list, size_t n)
{
    return (struct ecs_pg_param){
        .type = list ? ECS_PG_TEXT_ARRAY : ECS_PG_NULL, .list = list, .i = (int64_t)n};
}

/* ---- results ---------------------------------------------------------------------------------------------
 */

/* Filled when the step after the call runs; its memory belongs to the flow's arena. Zero it before the call,
 * set want_errors or decode when wanted. */
struct ecs_pg_result {
    bool want_errors; /* failures are told in rc instead of failing the flow */
    /* Called with the complete result before the flow goes on; anything but ECS_OK counts as the failure. */
    enum ecs_rc (*decode)(struct ecs_flow *f, struct ecs_pg_result *result);
    void *decode_arg;
    enum ecs_rc rc;
    char sqlstate[6]; /* "" when the server did not speak */
    unsigned rows, columns;
    uint64_t affected; /* rows written */
    bool mistyped; /* an accessor met another type, a NULL without default, or a place outside the result */
    /* below: the pool's */
    const void *res;
    const unsigned *row_map;
};

/* Accessors give a default and set mistyped when the value is not of that type: check it once after reading.
 * Text and bytea are borrowed from the result; {NULL, 0} for NULL. */
struct ecs_str ecs_pg_text(struct ecs_pg_result *r, unsigned row,
                           unsigned column); /* text, varchar, char(n), jsonb no */
struct ecs_str ecs_pg_bytes(struct ecs_pg_result *r, unsigned row, unsigned column);
int64_t ecs_pg_int(struct ecs_pg_result *r, unsigned row, unsigned column,
                   int64_t if_null);                                      /* int2, int4, int8 */
bool ecs_pg_bool(struct ecs_pg_result *r, unsigned row, unsigned column); /* NULL is false */
int64_t ecs_pg_time(struct ecs_pg_result *r, unsigned row, unsigned column,
                    int64_t if_null); /* Unix seconds */
/* text[] of one dimension; NULL gives no elements. */
const struct ecs_str *ecs_pg_texts(struct ecs_pg_result *r, unsigned row, unsigned column,
                                   struct ecs_arena *arena, size_t *ret_n);
bool ecs_pg_is_null(struct ecs_pg_result *r, unsigned row, unsigned column);

/* ---- statements ------------------------------------------------------------------------------------------
 */

/* ECS_WAIT, then ret is filled. Failures: ECS_E_BACKEND (down, lost; not repeated unless read_only: whether
 * it was executed is then unknown), ECS_E_OVERLOAD (queue full), ECS_E_TIMEOUT, ECS_E_CONFLICT (unique key),
 * ECS_E_BAD_PARAMETER (constraint, format), ECS_E_INTERNAL (the statement is wrong). */
enum ecs_next ecs_pg_exec(struct ecs_flow *f, struct ecs_pg *pg, unsigned statement,
                          const struct ecs_pg_param *params, size_t n, struct ecs_pg_result *ret_result);

/* Natural batching: whatever waits when a connection has no batch under way goes out as one statement with
 * text[] parameters, one per key column; no timer. The statement must be read_only and its column 0 the
 * ordinal (bigint, from 1) of the key that a row belongs to. Embedded by the caller, zeroed except the first
 * two, in use until the pool is freed. */
struct pg_waiter;
struct ecs_pg_queue {
    struct pg_waiter *first, *last;
};
struct ecs_pg_batch_query {
    unsigned statement;
    unsigned key_columns;
    /* below: the pool's */
    struct ecs_pg_batch_query *next;
    struct ecs_pg_queue queue;
    bool known;
};
/* key: key_columns texts ({NULL, 0} is NULL), borrowed until the next step runs. ret_result holds the rows of
 * this key only. Failures as ecs_pg_exec; ECS_E_BAD_PARAMETER for a key that is not UTF-8, so that it spoils
 * no other. */
enum ecs_next ecs_pg_batch(struct ecs_flow *f, struct ecs_pg *pg, struct ecs_pg_batch_query *query,
                           const struct ecs_str *key, struct ecs_pg_result *ret_result);
