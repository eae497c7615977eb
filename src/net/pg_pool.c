/* SPDX-License-Identifier: Apache-2.0 */
/* The pool: what waits, and which connection takes it. Requests are handed out once per turn of the loop;
 * single statements go to the connection with the shortest pipeline, a batch to any connection that has none
 * under way. */
#include <stdlib.h>
#include <string.h>

#include "ecs/log.h"
#include "pg_int.h"

enum { BATCH_SHARE_MIN = 8 };

void pg_queue_push(struct ecs_pg_queue *queue, struct pg_waiter *w, bool front)
{
    w->queue = queue;
    w->prev = front ? NULL : queue->last;
    w->next = front ? queue->first : NULL;
    if (w->prev)
        w->prev->next = w;
    else
        queue->first = w;
    if (w->next)
        w->next->prev = w;
    else
        queue->last = w;
    w->pg->waiting++;
    atomic_store_explicit(&w->pg->stats->waiting, w->pg->waiting, memory_order_relaxed);
}

void pg_queue_remove(struct pg_waiter *w)
{
    struct ecs_pg_queue *queue = w->queue;

    if (!queue)
        return;
    if (w->prev)
        w->prev->next = w->next;
    else
        queue->first = w->next;
    if (w->next)
        w->next->prev = w->prev;
    else
        queue->last = w->prev;
    w->queue = NULL;
    w->pg->waiting--;
    atomic_store_explicit(&w->pg->stats->waiting, w->pg->waiting, memory_order_relaxed);
}

static struct pg_waiter *waiter_new(struct ecs_pg *pg)
{
    struct pg_waiter *w = pg->free_waiters;

    if (w)
        pg->free_waiters = w->next;
    else
        w = malloc(sizeof(*w));
    if (w)
        memset(w, 0, offsetof(struct pg_waiter, params));
    return w;
}

void pg_waiter_free(struct pg_waiter *w)
{
    w->next = w->pg->free_waiters;
    w->pg->free_waiters = w;
}

struct pg_item *pg_item_new(struct ecs_pg *pg)
{
    struct pg_item *item = pg->free_items;

    if (item)
        pg->free_items = item->next;
    else
        item = malloc(sizeof(*item));
    if (item)
        memset(item, 0, sizeof(*item));
    return item;
}

void pg_item_free(struct ecs_pg *pg, struct pg_item *item)
{
    PQclear(item->res);
    item->next = pg->free_items;
    pg->free_items = item;
}

static bool takes(const struct pg_conn *conn)
{
    return conn->state == PG_READY && !conn->broken && conn->depth < ECS_PG_PIPELINE_MAX;
}

static struct pg_conn *shortest(struct ecs_pg *pg)
{
    struct pg_conn *best = NULL;

    for (unsigned i = 0; i < pg->conf.connections; i++) {
        struct pg_conn *conn = &pg->conn[i];

        if (takes(conn) && (!best || conn->depth < best->depth))
            best = conn;
    }
    return best;
}

static struct pg_conn *without_batch(struct ecs_pg *pg)
{
    for (unsigned i = 0; i < pg->conf.connections; i++) {
        if (takes(&pg->conn[i]) && !pg->conn[i].batch_busy)
            return &pg->conn[i];
    }
    return NULL;
}

/* Keys for one batch: what waits is shared out between the connections that could take one, unless that made
 * the batches so small that their fixed cost counts. */
static unsigned share(struct ecs_pg *pg, const struct ecs_pg_batch_query *q)
{
    unsigned waiting = 0, idle = 0, n;

    for (const struct pg_waiter *w = q->queue.first; w && waiting < ECS_PG_BATCH_MAX * 2; w = w->next)
        waiting++;
    for (unsigned i = 0; i < pg->conf.connections; i++)
        idle += takes(&pg->conn[i]) && !pg->conn[i].batch_busy;
    n = idle ? (waiting + idle - 1) / idle : waiting;
    n = n < BATCH_SHARE_MIN ? BATCH_SHARE_MIN : n;
    return n > ECS_PG_BATCH_MAX ? ECS_PG_BATCH_MAX : n;
}

static void take(struct pg_item *item, struct pg_waiter *w)
{
    pg_queue_remove(w);
    item->statement = w->statement;
    item->waiters[item->n_waiters++] = w;
}

static void send_batches(struct ecs_pg *pg)
{
    /* One batch per query and round, so that a busy query does not starve another. */
    for (bool sent = true; sent;) {
        sent = false;
        for (struct ecs_pg_batch_query *q = pg->queries; q; q = q->next) {
            struct pg_conn *conn = q->queue.first ? without_batch(pg) : NULL;
            struct pg_item *item = conn ? pg_item_new(pg) : NULL;
            unsigned n = share(pg, q);

            if (!item)
                continue;
            item->kind = PG_BATCH;
            while (q->queue.first && item->n_waiters < n)
                take(item, q->queue.first);
            pg_count(&pg->stats->batches, 1);
            pg_count(&pg->stats->batched_keys, item->n_waiters);
            pg_send(conn, item);
            sent = true;
        }
    }
}

static void flush(struct ecs_pg *pg)
{
    pg->dirty = false;
    ecs_timer_disarm(&pg->kick);
    send_batches(pg);
    while (pg->singles.first) {
        struct pg_conn *conn = shortest(pg);
        struct pg_item *item = conn ? pg_item_new(pg) : NULL;

        if (!item)
            return;
        item->kind = PG_SINGLE;
        take(item, pg->singles.first);
        pg_send(conn, item);
    }
}

static int64_t before_sleep(void *arg)
{
    struct ecs_pg *pg = arg;

    if (pg->dirty)
        flush(pg);
    return -1;
}

static void on_kick(void *arg)
{
    before_sleep(arg);
}

void pg_dirty(struct ecs_pg *pg)
{
    if (pg->dirty)
        return;
    pg->dirty = true;
    /* A request made by a hook that runs behind ours would else wait until something else wakes the loop. */
    ecs_timer_arm(&pg->kick, pg->loop, 0, on_kick, pg);
}

void pg_fail_queued(struct ecs_pg *pg, enum ecs_rc rc)
{
    for (;;) {
        struct pg_waiter *w = pg->singles.first;

        for (struct ecs_pg_batch_query *q = pg->queries; !w && q; q = q->next)
            w = q->queue.first;
        if (!w)
            return;
        pg_queue_remove(w);
        pg_deliver(w, rc, "");
    }
}

/* The flow has given up: an unsent request goes away, a sent one is dropped when its answer comes. */
static void cancel(void *arg)
{
    struct pg_waiter *w = arg;

    w->flow = NULL;
    if (!w->queue)
        return;
    pg_queue_remove(w);
    pg_waiter_free(w);
}

static enum ecs_next refuse(struct ecs_flow *f, struct ecs_pg_result *ret, enum ecs_rc rc, const char *why)
{
    ret->rc = rc;
    if (ret->want_errors)
        return ECS_NEXT;
    return ecs_flow_fail(f, rc, "database: %s", why);
}

static struct pg_waiter *admit(struct ecs_flow *f, struct ecs_pg *pg, struct ecs_pg_result *ret,
                               enum ecs_next *ret_next)
{
    struct pg_waiter *w = NULL;

    if (pg->known != PG_STARTING && pg->up == 0) {
        *ret_next = refuse(f, ret, ECS_E_BACKEND, "not reachable");
    } else if (pg->waiting >= pg->conf.max_waiting) {
        pg_count(&pg->stats->overloads, 1);
        *ret_next = refuse(f, ret, ECS_E_OVERLOAD, "the queue is full");
    } else if (!(w = waiter_new(pg))) {
        *ret_next = refuse(f, ret, ECS_E_NO_MEMORY, "no memory");
    }
    if (w) {
        w->pg = pg;
        w->flow = f;
        w->ret = ret;
    }
    return w;
}

enum ecs_next ecs_pg_exec(struct ecs_flow *f, struct ecs_pg *pg, unsigned statement,
                          const struct ecs_pg_param *params, size_t n, struct ecs_pg_result *ret_result)
{
    enum ecs_next next = ECS_WAIT;
    struct pg_waiter *w;

    if (statement >= pg->conf.n_statements || n > ECS_PG_PARAMS_MAX ||
        n != pg->conf.statements[statement].params)
        return refuse(f, ret_result, ECS_E_INTERNAL, "no such statement, or another number of parameters");
    w = admit(f, pg, ret_result, &next);
    if (!w)
        return next;
    w->statement = statement;
    w->n = n;
    if (n)
        memcpy(w->params, params, n * sizeof(*params));
    pg_queue_push(&pg->singles, w, false);
    pg_dirty(pg);
    return ecs_flow_wait(f, cancel, w);
}

static bool key_is_good(const struct ecs_pg_batch_query *q, const struct ecs_str *key)
{
    for (unsigned k = 0; k < q->key_columns; k++) {
        if (key[k].p && (key[k].n > 4096 || (key[k].n > 0 && !ecs_str_is_utf8(key[k]))))
            return false;
    }
    return true;
}

enum ecs_next ecs_pg_batch(struct ecs_flow *f, struct ecs_pg *pg, struct ecs_pg_batch_query *query,
                           const struct ecs_str *key, struct ecs_pg_result *ret_result)
{
    enum ecs_next next = ECS_WAIT;
    struct pg_waiter *w;

    if (query->statement >= pg->conf.n_statements || query->key_columns == 0 ||
        query->key_columns > ECS_PG_KEYS_MAX ||
        query->key_columns != pg->conf.statements[query->statement].params ||
        !pg->conf.statements[query->statement].read_only)
        return refuse(f, ret_result, ECS_E_INTERNAL, "not a statement for batches");
    if (!key_is_good(query, key))
        return refuse(f, ret_result, ECS_E_BAD_PARAMETER, "a key is not UTF-8 or is too long");
    w = admit(f, pg, ret_result, &next);
    if (!w)
        return next;
    if (!query->known) {
        query->known = true;
        query->next = pg->queries;
        pg->queries = query;
    }
    w->statement = query->statement;
    w->query = query;
    memcpy(w->key, key, query->key_columns * sizeof(*key));
    pg_queue_push(&query->queue, w, false);
    pg_dirty(pg);
    return ecs_flow_wait(f, cancel, w);
}

bool ecs_pg_is_up(const struct ecs_pg *pg)
{
    return pg->up > 0;
}

static void set_defaults(struct ecs_pg_conf *conf)
{
    conf->connections = conf->connections ? conf->connections : 2;
    conf->statement_timeout_ms = conf->statement_timeout_ms ? conf->statement_timeout_ms : 2000;
    conf->connect_timeout_ms = conf->connect_timeout_ms ? conf->connect_timeout_ms : 3000;
    conf->backoff_min_ms = conf->backoff_min_ms ? conf->backoff_min_ms : 50;
    conf->backoff_max_ms = conf->backoff_max_ms ? conf->backoff_max_ms : 2000;
    conf->max_waiting = conf->max_waiting ? conf->max_waiting : 4096;
}

struct ecs_pg *ecs_pg_new(struct ecs_loop *loop, const struct ecs_pg_conf *conf, struct ecs_pg_stats *stats)
{
    struct ecs_pg *pg = calloc(1, sizeof(*pg));
    char error[256];

    if (!pg)
        return NULL;
    pg->loop = loop;
    pg->conf = *conf;
    pg->conf.conninfo = NULL;
    pg->stats = stats;
    set_defaults(&pg->conf);
    if (!pg_hosts_parse(conf->conninfo, &pg->hosts, error)) {
        ecs_log(NULL, ECS_EV_CONFIG, "database: %s", error);
        free(pg);
        return NULL;
    }
    pg->conn = calloc(pg->conf.connections, sizeof(*pg->conn));
    if (!pg->conn) {
        pg_hosts_done(&pg->hosts);
        free(pg);
        return NULL;
    }
    pg->hook = (struct ecs_loop_hook){.prepare = before_sleep, .arg = pg};
    ecs_loop_hook_add(loop, &pg->hook);
    for (unsigned i = 0; i < pg->conf.connections; i++) {
        pg->conn[i].pg = pg;
        pg->conn[i].attempts = i;
        pg_conn_start(&pg->conn[i]);
    }
    return pg;
}

static void free_lists(struct ecs_pg *pg)
{
    for (struct pg_waiter *w = pg->free_waiters, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    for (struct pg_item *item = pg->free_items, *next; item; item = next) {
        next = item->next;
        free(item);
    }
}

void ecs_pg_free(struct ecs_pg *pg)
{
    if (!pg)
        return;
    pg->known = PG_DOWN;
    pg->up = 0;
    atomic_store_explicit(&pg->stats->up, 0, memory_order_relaxed);
    ecs_loop_hook_remove(pg->loop, &pg->hook);
    ecs_timer_disarm(&pg->kick);
    for (unsigned i = 0; i < pg->conf.connections; i++)
        pg_conn_close(&pg->conn[i]);
    pg_fail_queued(pg, ECS_E_CANCELLED);
    ecs_watch_free(pg->resolve_watch);
    pg_resolve_free(pg->resolve);
    ecs_timer_disarm(&pg->kick);
    free_lists(pg);
    ecs_buf_done(&pg->scratch);
    pg_hosts_done(&pg->hosts);
    free(pg->conn);
    free(pg);
}
