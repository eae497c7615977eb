/* SPDX-License-Identifier: Apache-2.0 */
/* Binary parameters and the sending half of the pipeline. Each statement has a sync of its own, so that one
 * failure stays alone. */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "ecs/clock.h"
#include "pg_int.h"

enum { OID_TEXT = 25 };

static void add_be32(struct ecs_buf *buf, uint32_t v)
{
    v = htobe32(v);
    ecs_buf_add(buf, &v, sizeof(v));
}

static void add_array(struct ecs_buf *buf, const struct ecs_str *list, size_t n)
{
    bool has_null = false;

    for (size_t i = 0; i < n; i++)
        has_null = has_null || !list[i].p;
    add_be32(buf, n ? 1 : 0);
    add_be32(buf, has_null);
    add_be32(buf, OID_TEXT);
    if (!n)
        return;
    add_be32(buf, (uint32_t)n);
    add_be32(buf, 1);
    for (size_t i = 0; i < n; i++) {
        add_be32(buf, list[i].p ? (uint32_t)list[i].n : UINT32_MAX);
        if (list[i].p)
            ecs_buf_add(buf, list[i].p, list[i].n);
    }
}

static void add_number(struct ecs_buf *buf, const struct ecs_pg_param *p)
{
    uint64_t v = (uint64_t)p->i;

    if (p->type == ECS_PG_TIMESTAMPTZ)
        v = (uint64_t)(p->i - INT64_C(946684800)) * 1000000U;
    v = htobe64(v);
    switch (p->type) {
    case ECS_PG_BOOL:
        ecs_buf_add_char(buf, p->i != 0);
        break;
    case ECS_PG_INT2:
        ecs_buf_add(buf, (const char *)&v + 6, 2);
        break;
    case ECS_PG_INT4:
        ecs_buf_add(buf, (const char *)&v + 4, 4);
        break;
    default:
        ecs_buf_add(buf, &v, 8);
    }
}

/* A value that its type cannot hold would be another value after the cut. */
static bool number_fits(const struct ecs_pg_param *p)
{
    if (p->type == ECS_PG_INT2)
        return p->i >= INT16_MIN && p->i <= INT16_MAX;
    if (p->type == ECS_PG_INT4)
        return p->i >= INT32_MIN && p->i <= INT32_MAX;
    /* timestamptz: 4713 BC to 294276 AD */
    return p->type != ECS_PG_TIMESTAMPTZ || (p->i > INT64_C(-210866803200) && p->i < INT64_C(9224318016000));
}

bool pg_encode(struct ecs_buf *scratch, const struct ecs_pg_param *params, size_t n,
               struct pg_encoded *ret_encoded)
{
    struct pg_encoded *e = ret_encoded;
    size_t offset[ECS_PG_PARAMS_MAX];

    ecs_buf_reset(scratch);
    for (size_t i = 0; i < n; i++) {
        const struct ecs_pg_param *p = &params[i];

        e->format[i] = 1;
        offset[i] = SIZE_MAX;
        if (p->type == ECS_PG_NULL || p->type == ECS_PG_TEXT || p->type == ECS_PG_BYTEA) {
            /* libpq takes NULL for "no value"; an empty text needs a pointer. */
            e->value[i] = p->type == ECS_PG_NULL ? NULL : p->s.n ? p->s.p : "";
            e->length[i] = (int)p->s.n;
            if (p->s.n > INT32_MAX / 4)
                return false;
            continue;
        }
        offset[i] = scratch->n;
        if (p->type == ECS_PG_TEXT_ARRAY)
            add_array(scratch, p->list, (size_t)p->i);
        else if (number_fits(p))
            add_number(scratch, p);
        else
            return false;
        e->length[i] = (int)(scratch->n - offset[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (offset[i] != SIZE_MAX)
            e->value[i] = scratch->p + offset[i];
    }
    return !scratch->overflow;
}

static bool encode_batch(struct pg_conn *conn, struct pg_item *item, struct pg_encoded *ret_encoded,
                         size_t *ret_n)
{
    struct ecs_str list[ECS_PG_KEYS_MAX][ECS_PG_BATCH_MAX];
    struct ecs_pg_param params[ECS_PG_KEYS_MAX];
    unsigned columns = item->waiters[0]->query->key_columns;

    for (unsigned k = 0; k < columns; k++) {
        for (unsigned i = 0; i < item->n_waiters; i++)
            list[k][i] = item->waiters[i]->key[k];
        params[k] = ecs_pg_p_texts(list[k], item->n_waiters);
    }
    *ret_n = columns;
    return pg_encode(&conn->pg->scratch, params, columns, ret_encoded);
}

static void append(struct pg_conn *conn, struct pg_item *item)
{
    item->next = NULL;
    item->sent_us = ecs_clock_mono_us();
    if (conn->last)
        conn->last->next = item;
    else
        conn->first = item;
    conn->last = item;
    conn->depth++;
    if (conn->depth == 1)
        pg_conn_limit(conn);
}

void pg_send(struct pg_conn *conn, struct pg_item *item)
{
    struct ecs_pg *pg = conn->pg;
    const struct ecs_pg_statement *st = &pg->conf.statements[item->statement];
    struct pg_encoded e;
    size_t n = item->kind == PG_SINGLE ? item->waiters[0]->n : 0;
    bool encoded = item->kind == PG_BATCH ? encode_batch(conn, item, &e, &n)
                                          : pg_encode(&pg->scratch, item->waiters[0]->params, n, &e);

    if (!encoded) {
        struct pg_waiter *w[ECS_PG_BATCH_MAX];
        unsigned count = item->n_waiters;

        memcpy(w, item->waiters, sizeof(w));
        pg_item_free(pg, item);
        for (unsigned i = 0; i < count; i++)
            pg_deliver(w[i], ECS_E_BAD_PARAMETER, "");
        return;
    }
    append(conn, item);
    if (item->kind == PG_BATCH)
        conn->batch_busy = true;
    pg_count(&pg->stats->statements, 1);
    if (!PQsendQueryPrepared(conn->c, st->name, (int)n, e.value, e.length, e.format, 1) ||
        !PQpipelineSync(conn->c)) {
        pg_conn_break(conn, "sending failed");
        return;
    }
    pg_conn_watch(conn);
}

/* Everything that makes a new connection ready, in one round trip. */
bool pg_send_setup(struct pg_conn *conn)
{
    const struct ecs_pg_conf *conf = &conn->pg->conf;
    struct pg_item *item = pg_item_new(conn->pg);
    char timeout[64];

    if (!item)
        return false;
    item->kind = PG_SETUP;
    append(conn, item);
    snprintf(timeout, sizeof(timeout), "SET statement_timeout = %u", conf->statement_timeout_ms);
    if (PQsetnonblocking(conn->c, 1) != 0 || !PQenterPipelineMode(conn->c) ||
        !PQsendQueryParams(conn->c, timeout, 0, NULL, NULL, NULL, NULL, 0))
        return false;
    for (size_t i = 0; i < conf->n_session; i++) {
        if (!PQsendQueryParams(conn->c, conf->session[i], 0, NULL, NULL, NULL, NULL, 0))
            return false;
    }
    for (size_t i = 0; i < conf->n_statements; i++) {
        if (!PQsendPrepare(conn->c, conf->statements[i].name, conf->statements[i].sql, 0, NULL))
            return false;
    }
    return PQpipelineSync(conn->c) == 1;
}
