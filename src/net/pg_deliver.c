/* SPDX-License-Identifier: Apache-2.0 */
/* From an answer of the server to the flows that wait for it. A batch's answer is shared by its flows and
 * freed with the last of their arenas. */
#include <stdlib.h>
#include <string.h>

#include "ecs/clock.h"
#include "ecs/log.h"
#include "pg_int.h"

struct shared {
    PGresult *res;
    unsigned users;
};

static void share_release(void *arg)
{
    struct shared *s = arg;

    if (--s->users > 0)
        return;
    PQclear(s->res);
    free(s);
}

enum ecs_rc pg_rc_of(const char *sqlstate)
{
    static const struct {
        const char *prefix;
        enum ecs_rc rc;
    } table[] = {
        {"23505", ECS_E_CONFLICT},   /* unique key */
        {"22", ECS_E_BAD_PARAMETER}, /* data exceptions */
        {"23", ECS_E_BAD_PARAMETER}, /* constraints */
        {"57014", ECS_E_TIMEOUT},    /* statement_timeout */
        {"08", ECS_E_BACKEND},       /* connection */
        {"25", ECS_E_BACKEND},       /* read-only: a standby */
        {"40", ECS_E_BACKEND},       /* serialisation, deadlock */
        {"53", ECS_E_BACKEND},       /* no room, too many connections */
        {"57", ECS_E_BACKEND},       /* shutdown */
        {"58", ECS_E_BACKEND},       /* system error */
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(table); i++) {
        if (strncmp(sqlstate, table[i].prefix, strlen(table[i].prefix)) == 0)
            return table[i].rc;
    }
    return *sqlstate ? ECS_E_INTERNAL : ECS_E_BACKEND;
}

static const char *reason_of(struct ecs_flow *f, const char *statement, enum ecs_rc rc, const char *sqlstate)
{
    const char *text = ecs_printf(f->arena, "database: %s: %s%s%s", statement, ecs_strerror(rc),
                                  *sqlstate ? ", SQLSTATE " : "", sqlstate);

    return text ? text : "database";
}

/* Hands the outcome to the flow and frees the waiter; rows are in w->ret already when rc is ECS_OK. */
void pg_deliver(struct pg_waiter *w, enum ecs_rc rc, const char *sqlstate)
{
    struct ecs_flow *f = w->flow;
    struct ecs_pg_result *ret = w->ret;
    const char *statement = w->pg->conf.statements[w->statement].name;

    pg_waiter_free(w);
    if (!f)
        return;
    memcpy(ret->sqlstate, sqlstate, strnlen(sqlstate, 5));
    ret->sqlstate[strnlen(sqlstate, 5)] = '\0';
    if (rc == ECS_OK && ret->decode)
        rc = ret->decode(f, ret);
    ret->rc = rc;
    if (rc == ECS_OK || ret->want_errors)
        ecs_flow_resume(f);
    else
        ecs_flow_resume_failed(f, rc, reason_of(f, statement, rc, sqlstate));
}

/* The result lives until the flow's arena is freed. */
static bool give_rows(struct pg_waiter *w, struct shared *s)
{
    struct ecs_pg_result *ret = w->ret;

    s->users++;
    if (!ecs_defer(w->flow->arena, share_release, s))
        return false;
    ret->res = s->res;
    ret->rows = (unsigned)PQntuples(s->res);
    ret->columns = (unsigned)PQnfields(s->res);
    ret->affected = strtoull(PQcmdTuples(s->res), NULL, 10);
    ret->row_map = NULL;
    ret->mistyped = false;
    return true;
}

/* Which rows belong to which key: counts and places, from the ordinal in column 0. */
static bool map_rows(struct ecs_pg_result *all, unsigned keys, unsigned *first, unsigned *owner)
{
    memset(first, 0, (keys + 1) * sizeof(*first));
    for (unsigned row = 0; row < all->rows; row++) {
        int64_t ord = ecs_pg_int(all, row, 0, 0);

        if (all->mistyped || ord < 1 || ord > (int64_t)keys)
            return false;
        owner[row] = (unsigned)ord - 1;
        first[ord]++;
    }
    for (unsigned k = 0; k < keys; k++)
        first[k + 1] += first[k];
    return true;
}

static enum ecs_rc give_batch_rows(struct pg_waiter *w, struct shared *s, unsigned key, const unsigned *first,
                                   const unsigned *owner)
{
    unsigned n = first[key + 1] - first[key], found = 0;
    unsigned *map = ecs_alloc(w->flow->arena, (n ? n : 1) * sizeof(*map));
    unsigned rows = (unsigned)PQntuples(s->res);

    if (!map || !give_rows(w, s))
        return ECS_E_TOO_LARGE;
    /* Rows come in the order of their keys as a rule: begin where this key's rows then are. */
    for (unsigned i = 0; i < rows && found < n; i++) {
        unsigned row = (first[key] + i) % rows;

        if (owner[row] == key)
            map[found++] = row;
    }
    w->ret->rows = n;
    w->ret->row_map = map;
    return ECS_OK;
}

static void complete_batch(struct pg_item *item)
{
    unsigned first[ECS_PG_BATCH_MAX + 1];
    struct shared *s = calloc(1, sizeof(*s));
    struct ecs_pg_result all = {
        .res = item->res, .rows = (unsigned)PQntuples(item->res), .columns = (unsigned)PQnfields(item->res)};
    unsigned *owner = calloc(all.rows + 1, sizeof(*owner));
    bool mapped = s && owner && map_rows(&all, item->n_waiters, first, owner);

    if (s) {
        *s = (struct shared){.res = item->res, .users = 1};
        item->res = NULL;
    }
    for (unsigned i = 0; i < item->n_waiters; i++) {
        struct pg_waiter *w = item->waiters[i];
        enum ecs_rc rc = ECS_OK;

        if (w->flow)
            rc = mapped ? give_batch_rows(w, s, i, first, owner) : ECS_E_INTERNAL;
        pg_deliver(w, rc, "");
    }
    if (s)
        share_release(s);
    free(owner);
}

static void complete_single(struct pg_item *item)
{
    struct pg_waiter *w = item->waiters[0];
    struct shared *s = calloc(1, sizeof(*s));
    enum ecs_rc rc = s ? ECS_OK : ECS_E_NO_MEMORY;

    if (s) {
        *s = (struct shared){.res = item->res, .users = 1};
        item->res = NULL;
        if (w->flow && !give_rows(w, s))
            rc = ECS_E_TOO_LARGE;
    }
    pg_deliver(w, rc, "");
    if (s)
        share_release(s);
}

/* The primary message can quote values, so only code, statement and constraint are logged. */
static void complete_failed(struct ecs_pg *pg, struct pg_item *item)
{
    const char *field = item->res ? PQresultErrorField(item->res, PG_DIAG_SQLSTATE) : NULL;
    const char *constraint = item->res ? PQresultErrorField(item->res, PG_DIAG_CONSTRAINT_NAME) : NULL;
    char sqlstate[6] = "";
    enum ecs_rc rc;

    if (field)
        memcpy(sqlstate, field, strnlen(field, 5));
    rc = field ? pg_rc_of(sqlstate) : ECS_E_INTERNAL;
    pg_count(&pg->stats->errors, 1);
    if (rc == ECS_E_TIMEOUT)
        pg_count(&pg->stats->timeouts, 1);
    if (rc != ECS_E_CONFLICT && rc != ECS_E_BAD_PARAMETER)
        ecs_log(NULL, ECS_EV_DB_ERROR, "statement=%s sqlstate=%s%s%s",
                pg->conf.statements[item->statement].name, sqlstate, constraint ? " constraint=" : "",
                constraint ? constraint : "");
    for (unsigned i = 0; i < item->n_waiters; i++)
        pg_deliver(item->waiters[i], rc, sqlstate);
}

void pg_complete(struct ecs_pg *pg, struct pg_item *item)
{
    ExecStatusType status = item->res ? PQresultStatus(item->res) : PGRES_FATAL_ERROR;

    pg_count(&pg->stats->busy_us, (uint64_t)(ecs_clock_mono_us() - item->sent_us));
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        complete_failed(pg, item);
    else if (item->kind == PG_BATCH)
        complete_batch(item);
    else
        complete_single(item);
    pg_item_free(pg, item);
}
