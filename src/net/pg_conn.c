/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: resolve, connect, prepare, pipeline, and what happens when it breaks. What was under way
 * then fails at once (read-only statements go to another connection once); the next attempt comes after a
 * back-off. */
#include <stdio.h>
#include <string.h>

#include "ecs/clock.h"
#include "ecs/log.h"
#include "pg_int.h"

enum { LIMIT_GRACE_MS = 500, RESOLVED_VALID_US = 5000000 };

static void poll_connect(struct pg_conn *conn);
static void on_io(void *arg, int fd, unsigned io);

/* Notices may hold values: they go nowhere. */
static void ignore_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

static void close_connection(struct pg_conn *conn)
{
    ecs_watch_free(conn->watch);
    conn->watch = NULL;
    ecs_timer_disarm(&conn->timer);
    PQfinish(conn->c);
    conn->c = NULL;
    if (conn->state == PG_READY && conn->pg->up > 0)
        conn->pg->up--;
    atomic_store_explicit(&conn->pg->stats->up, conn->pg->up, memory_order_relaxed);
    conn->state = PG_IDLE;
    conn->broken = NULL;
    conn->batch_busy = false;
    conn->depth = 0;
}

static void retry_or_fail(struct pg_waiter *w, bool allowed)
{
    struct ecs_pg *pg = w->pg;

    if (!w->flow) {
        pg_waiter_free(w);
    } else if (allowed && pg->up > 0 && !w->retried && pg->conf.statements[w->statement].read_only) {
        w->retried = true;
        pg_count(&pg->stats->retries, 1);
        pg_queue_push(w->query ? &w->query->queue : &pg->singles, w, true);
        pg_dirty(pg);
    } else {
        pg_deliver(w, ECS_E_BACKEND, "");
    }
}

/* Flows that are told here may start new requests: the connection's state is settled before. */
static void drop_items(struct ecs_pg *pg, struct pg_item *item, bool retry)
{
    for (struct pg_item *next; item; item = next) {
        next = item->next;
        for (unsigned i = 0; i < item->n_waiters; i++)
            retry_or_fail(item->waiters[i], retry);
        pg_item_free(pg, item);
    }
}

static uint32_t next_backoff(struct pg_conn *conn)
{
    const struct ecs_pg_conf *conf = &conn->pg->conf;
    uint32_t ms = conn->backoff_ms ? conn->backoff_ms : conf->backoff_min_ms;
    uint64_t seed[2] = {(uint64_t)ecs_clock_mono_us(), (uint64_t)(uintptr_t)conn};

    conn->backoff_ms = ms * 2 > conf->backoff_max_ms ? conf->backoff_max_ms : ms * 2;
    /* three quarters to five quarters, so that workers and nodes do not come in step */
    return ms - ms / 4 + (uint32_t)(ecs_hash(seed, sizeof(seed)) % (ms / 2 + 1));
}

static void on_backoff(void *arg)
{
    pg_conn_start(arg);
}

static void tell_down(struct ecs_pg *pg, const char *why)
{
    if (pg->up > 0 || pg->known == PG_DOWN)
        return;
    pg->known = PG_DOWN;
    ecs_log(NULL, ECS_EV_DB_DOWN, "%s", why);
}

/* The connection is lost or was not made. */
static void lose(struct pg_conn *conn, const char *why)
{
    struct ecs_pg *pg = conn->pg;
    struct pg_item *items = conn->first;

    pg_count(conn->state == PG_READY ? &pg->stats->lost : &pg->stats->connect_failures, 1);
    close_connection(conn);
    conn->first = conn->last = NULL;
    ecs_timer_arm(&conn->timer, pg->loop, next_backoff(conn), on_backoff, conn);
    tell_down(pg, why);
    drop_items(pg, items, true);
    if (pg->up == 0 && pg->known == PG_DOWN)
        pg_fail_queued(pg, ECS_E_BACKEND);
}

static void on_broken(void *arg)
{
    struct pg_conn *conn = arg;

    lose(conn, conn->broken);
}

void pg_conn_break(struct pg_conn *conn, const char *why)
{
    conn->broken = why;
    ecs_timer_arm(&conn->timer, conn->pg->loop, 0, on_broken, conn);
}

void pg_conn_close(struct pg_conn *conn)
{
    struct pg_item *items = conn->first;

    close_connection(conn);
    conn->first = conn->last = NULL;
    for (struct pg_item *item = items; item; item = item->next) {
        for (unsigned i = 0; i < item->n_waiters; i++)
            pg_deliver(item->waiters[i], ECS_E_CANCELLED, "");
        item->n_waiters = 0;
    }
    drop_items(conn->pg, items, false);
}

static void on_connect_limit(void *arg)
{
    lose(arg, "connecting took too long");
}

/* The server's own limit ends slow statements; this one is for a server or network that says nothing at all.
 */
static void on_item_limit(void *arg)
{
    struct pg_conn *conn = arg;
    int64_t limit_us = (int64_t)(conn->pg->conf.statement_timeout_ms + LIMIT_GRACE_MS) * 1000;
    int64_t left_us;

    if (!conn->first)
        return;
    left_us = conn->first->sent_us + limit_us - ecs_clock_mono_us();
    if (left_us > 0) {
        ecs_timer_arm(&conn->timer, conn->pg->loop, (uint32_t)(left_us / 1000 + 1), on_item_limit, conn);
        return;
    }
    pg_count(&conn->pg->stats->timeouts, 1);
    lose(conn, "no answer within the limit");
}

void pg_conn_limit(struct pg_conn *conn)
{
    /* While connecting the timer bounds the whole attempt; later it stays armed until it finds nothing to do.
     */
    if (conn->state == PG_READY && !conn->timer.loop)
        ecs_timer_arm(&conn->timer, conn->pg->loop, conn->pg->conf.statement_timeout_ms + LIMIT_GRACE_MS,
                      on_item_limit, conn);
}

/* Sends what libpq still holds and watches for what is then needed. */
void pg_conn_watch(struct pg_conn *conn)
{
    int left = PQflush(conn->c);

    if (left < 0) {
        pg_conn_break(conn, "sending failed");
        return;
    }
    ecs_watch_set(conn->watch, ECS_IO_READ | (left ? ECS_IO_WRITE : 0));
}

static void become_ready(struct pg_conn *conn)
{
    struct ecs_pg *pg = conn->pg;

    ecs_timer_disarm(&conn->timer);
    conn->state = PG_READY;
    conn->backoff_ms = 0;
    pg->up++;
    atomic_store_explicit(&pg->stats->up, pg->up, memory_order_relaxed);
    pg_count(&pg->stats->connects, 1);
    if (pg->known != PG_UP)
        ecs_log(NULL, ECS_EV_DB_UP, "server version %d", PQserverVersion(conn->c));
    pg->known = PG_UP;
    pg_dirty(pg);
}

/* A standby that was a primary, or a server that shuts down: a new connection finds the right one. */
static bool must_leave(const PGresult *res)
{
    const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    return sqlstate && (!strcmp(sqlstate, "25006") || !strncmp(sqlstate, "57P", 3) ||
                        !strncmp(sqlstate, "08", 2) || !strcmp(sqlstate, "26000"));
}

static void finish_first(struct pg_conn *conn)
{
    struct pg_item *item = conn->first;

    conn->first = item->next;
    if (!conn->first)
        conn->last = NULL;
    item->next = NULL;
    conn->depth--;
    if (item->kind == PG_BATCH)
        conn->batch_busy = false;
    if (item->kind == PG_SETUP) {
        /* Told once; these texts speak of our statements only, no values are in play yet. */
        const char *why = item->res ? PQresultErrorField(item->res, PG_DIAG_MESSAGE_PRIMARY) : NULL;

        if (item->res) {
            if (conn->pg->known != PG_DOWN)
                ecs_log(NULL, ECS_EV_DB_ERROR, "a statement cannot be prepared (is the schema current?): %s",
                        why ? why : "no reason given");
            pg_conn_break(conn, "a statement cannot be prepared");
        } else {
            become_ready(conn);
        }
        pg_item_free(conn->pg, item);
        return;
    }
    if (item->res && must_leave(item->res))
        pg_conn_break(conn, "the server stops, or is no primary any more");
    pg_dirty(conn->pg);
    pg_complete(conn->pg, item);
}

static void keep(struct pg_item *item, PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);
    bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;

    /* The setup keeps its first error, a statement its first result. */
    if (item->res || status == PGRES_PIPELINE_ABORTED || (item->kind == PG_SETUP && good))
        PQclear(res);
    else
        item->res = res;
}

static void read_results(struct pg_conn *conn)
{
    unsigned nothing = 0;

    while (conn->first && !conn->broken && !PQisBusy(conn->c)) {
        PGresult *res = PQgetResult(conn->c);

        if (!res) {
            /* One NULL ends a statement; two in a row mean that nothing is outstanding though we wait. */
            if (++nothing > 1) {
                pg_conn_break(conn, "the server's answers are out of step");
                return;
            }
            continue;
        }
        nothing = 0;
        if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
            PQclear(res);
            finish_first(conn);
        } else {
            keep(conn->first, res);
        }
        if (PQstatus(conn->c) != CONNECTION_OK)
            pg_conn_break(conn, "the connection was closed by the server");
    }
}

static void on_io(void *arg, int fd, unsigned io)
{
    struct pg_conn *conn = arg;

    (void)fd;
    if (conn->state == PG_CONNECTING) {
        poll_connect(conn);
        return;
    }
    if (conn->broken) {
        lose(conn, conn->broken);
        return;
    }
    if ((io & (ECS_IO_READ | ECS_IO_HANGUP)) && !PQconsumeInput(conn->c)) {
        lose(conn, "the connection was closed by the server");
        return;
    }
    read_results(conn);
    if (!conn->broken && conn->c)
        pg_conn_watch(conn);
}

/* libpq's text names hosts and users: useful for the operator, and nothing of a subscriber. One line of it.
 */
static void lose_with_reason(struct pg_conn *conn)
{
    char why[256];

    snprintf(why, sizeof(why), "connecting failed: %s", PQerrorMessage(conn->c));
    why[strcspn(why, "\n")] = '\0';
    lose(conn, why);
}

static void watch_while_connecting(struct pg_conn *conn, unsigned io)
{
    conn->watch = ecs_loop_fd_add(conn->pg->loop, PQsocket(conn->c), io, on_io, conn);
    if (!conn->watch)
        lose(conn, "no descriptor");
}

/* The descriptor may change with every poll: libpq goes from host to host. */
static void poll_connect(struct pg_conn *conn)
{
    ecs_watch_free(conn->watch);
    conn->watch = NULL;
    switch (PQconnectPoll(conn->c)) {
    case PGRES_POLLING_READING:
        watch_while_connecting(conn, ECS_IO_READ);
        break;
    case PGRES_POLLING_WRITING:
        watch_while_connecting(conn, ECS_IO_WRITE);
        break;
    case PGRES_POLLING_OK:
        conn->state = PG_PREPARING;
        watch_while_connecting(conn, ECS_IO_READ);
        if (conn->state != PG_PREPARING)
            return;
        if (!pg_send_setup(conn))
            lose(conn, "preparing failed");
        else
            pg_conn_watch(conn);
        break;
    default:
        lose_with_reason(conn);
    }
}

static void connect_now(struct pg_conn *conn)
{
    struct ecs_pg *pg = conn->pg;

    conn->c = pg_hosts_connect(&pg->hosts, pg->resolve, conn->attempts++);
    if (!conn->c || PQstatus(conn->c) == CONNECTION_BAD) {
        if (conn->c)
            lose_with_reason(conn);
        else
            lose(conn, "no host has an address");
        return;
    }
    PQsetNoticeReceiver(conn->c, ignore_notice, NULL);
    conn->state = PG_CONNECTING;
    watch_while_connecting(conn, ECS_IO_WRITE);
}

static void on_resolved(void *arg, int fd, unsigned io)
{
    struct ecs_pg *pg = arg;

    (void)fd;
    (void)io;
    ecs_watch_free(pg->resolve_watch);
    pg->resolve_watch = NULL;
    pg->resolved_us = ecs_clock_mono_us();
    for (unsigned i = 0; i < pg->conf.connections; i++) {
        if (pg->conn[i].state == PG_RESOLVING)
            connect_now(&pg->conn[i]);
    }
}

/* false: the addresses are fresh enough. */
static bool resolve_first(struct pg_conn *conn)
{
    struct ecs_pg *pg = conn->pg;

    if (!pg->hosts.needs_dns)
        return false;
    if (pg->resolve && !pg->resolve_watch && ecs_clock_mono_us() - pg->resolved_us < RESOLVED_VALID_US)
        return false;
    conn->state = PG_RESOLVING;
    if (pg->resolve_watch)
        return true;
    pg_resolve_free(pg->resolve);
    pg->resolve = pg_resolve_start(&pg->hosts);
    if (pg->resolve)
        pg->resolve_watch =
            ecs_loop_fd_add(pg->loop, pg_resolve_fd(pg->resolve), ECS_IO_READ, on_resolved, pg);
    if (!pg->resolve_watch) {
        pg_resolve_free(pg->resolve);
        pg->resolve = NULL;
        lose(conn, "names cannot be resolved");
    }
    return true;
}

void pg_conn_start(struct pg_conn *conn)
{
    ecs_timer_arm(&conn->timer, conn->pg->loop, conn->pg->conf.connect_timeout_ms, on_connect_limit, conn);
    if (!resolve_first(conn))
        connect_now(conn);
}
