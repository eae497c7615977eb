/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the PostgreSQL pool: requests (waiters), what is under way on a connection (items), connections,
 * hosts. */
#pragma once

#include <libpq-fe.h>

#include "ecs/buf.h"
#include "ecs/pg.h"

enum { PG_HOSTS_MAX = 8, PG_ADDRS_MAX = 8 };

/* One request of one flow. Owned by the pool, because the flow may end first. */
struct pg_waiter {
    struct pg_waiter *next, *prev;
    struct ecs_pg_queue *queue; /* while not sent */
    struct ecs_pg *pg;
    struct ecs_flow *flow; /* NULL: forgotten */
    struct ecs_pg_result *ret;
    struct ecs_pg_batch_query *query; /* NULL: a single statement */
    unsigned statement;
    size_t n;
    bool retried;
    union {
        struct ecs_pg_param params[ECS_PG_PARAMS_MAX];
        struct ecs_str key[ECS_PG_KEYS_MAX];
    };
};

enum pg_item_kind { PG_SETUP, PG_SINGLE, PG_BATCH };

/* One statement between its sending and its sync; for PG_SETUP all that prepares a connection. */
struct pg_item {
    struct pg_item *next;
    enum pg_item_kind kind;
    unsigned statement;
    int64_t sent_us;
    PGresult *res; /* the answer, or the first error */
    struct pg_waiter *waiters[ECS_PG_BATCH_MAX];
    unsigned n_waiters;
};

enum pg_conn_state { PG_IDLE, PG_RESOLVING, PG_CONNECTING, PG_PREPARING, PG_READY };

struct pg_conn {
    struct ecs_pg *pg;
    enum pg_conn_state state;
    PGconn *c;
    struct ecs_watch *watch;
    struct ecs_timer timer; /* back-off, connect limit, or limit of the oldest item */
    struct pg_item *first, *last;
    unsigned depth;
    bool batch_busy;
    const char *broken; /* why a call failed outside the I/O callback; the timer ends the connection */
    uint32_t backoff_ms;
    unsigned attempts;
};

/* The host part of a connection string, taken apart so that names are resolved outside the loop. */
struct pg_hosts {
    PQconninfoOption *options;
    unsigned n; /* 0: libpq's default host */
    struct {
        char *host, *addr, *port; /* "" when not given */
        bool is_name;
    } host[PG_HOSTS_MAX];
    bool needs_dns;
};

struct pg_resolve; /* a running or finished helper thread, pg_hosts.c */

struct ecs_pg {
    struct ecs_loop *loop;
    struct ecs_pg_conf conf;
    struct ecs_pg_stats *stats;
    struct pg_hosts hosts;
    struct pg_resolve *resolve;
    struct ecs_watch *resolve_watch;
    int64_t resolved_us;
    struct pg_conn *conn;
    unsigned up;
    enum { PG_STARTING, PG_UP, PG_DOWN } known;
    struct ecs_pg_queue singles;
    struct ecs_pg_batch_query *queries;
    unsigned waiting;
    struct pg_waiter *free_waiters;
    struct pg_item *free_items;
    struct ecs_buf scratch;
    struct ecs_loop_hook hook;
    struct ecs_timer kick; /* so that the loop turns once more before it sleeps on a request */
    bool dirty;
};

static inline void pg_count(atomic_uint_fast64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* pg_pool.c */
void pg_dirty(struct ecs_pg *pg);
void pg_queue_push(struct ecs_pg_queue *queue, struct pg_waiter *w, bool front);
void pg_queue_remove(struct pg_waiter *w);
void pg_waiter_free(struct pg_waiter *w);
struct pg_item *pg_item_new(struct ecs_pg *pg);
void pg_item_free(struct ecs_pg *pg, struct pg_item *item);
/* Fails everything that is not sent. */
void pg_fail_queued(struct ecs_pg *pg, enum ecs_rc rc);

/* pg_conn.c */
void pg_conn_start(struct pg_conn *conn);
void pg_conn_close(struct pg_conn *conn); /* for good: no reconnect, items are dropped by the caller */
void pg_conn_break(struct pg_conn *conn, const char *why); /* why: static */
void pg_conn_watch(struct pg_conn *conn);
void pg_conn_limit(struct pg_conn *conn);

/* pg_send.c: append to the connection's pipeline; a failure breaks the connection, never loses the item. */
void pg_send(struct pg_conn *conn, struct pg_item *item);
bool pg_send_setup(struct pg_conn *conn);
/* Parameter arrays for libpq; bytes of numbers and arrays live in scratch. */
struct pg_encoded {
    const char *value[ECS_PG_PARAMS_MAX];
    int length[ECS_PG_PARAMS_MAX];
    int format[ECS_PG_PARAMS_MAX];
};
bool pg_encode(struct ecs_buf *scratch, const struct ecs_pg_param *params, size_t n,
               struct pg_encoded *ret_encoded);

/* pg_deliver.c */
void pg_deliver(struct pg_waiter *w, enum ecs_rc rc, const char *sqlstate);
void pg_complete(struct ecs_pg *pg, struct pg_item *item); /* takes the item */
enum ecs_rc pg_rc_of(const char *sqlstate);

/* pg_hosts.c */
bool pg_hosts_parse(const char *conninfo, struct pg_hosts *ret_hosts, char error[256]);
void pg_hosts_done(struct pg_hosts *hosts);
/* Starts an attempt whose first host is number "turn"; NULL: no memory, or no name could be resolved. */
PGconn *pg_hosts_connect(const struct pg_hosts *hosts, const struct pg_resolve *resolved, unsigned turn);
struct pg_resolve *pg_resolve_start(const struct pg_hosts *hosts); /* NULL: no thread or descriptor */
int pg_resolve_fd(const struct pg_resolve *resolve);               /* readable when finished */
void pg_resolve_free(struct pg_resolve *resolve); /* a thread that still runs frees it later */
