/* SPDX-License-Identifier: Apache-2.0 */
/* States of services, polls that bring them, networks of partners: rows of sql/queries/availability.sql. */
#include "ecs/store_availability.h"

#include "ecs/flow.h"
#include "store_int.h"

/* ---- states ---- */

static bool decode_row(struct ecs_pg_result *r, unsigned i, struct ecs_state_row *row)
{
    int state = store_word(ecs_pg_text(r, i, 6), ecs_availability_words, ECS_AVAILABLE_COUNT);

    *row = (struct ecs_state_row){
        .id = ecs_pg_int(r, i, 0, 0),
        .source = ecs_pg_text(r, i, 1),
        .service = ecs_pg_text(r, i, 2),
        .rat = ecs_pg_text(r, i, 3),
        .brand = ecs_pg_text(r, i, 4),
        .area = ecs_pg_text(r, i, 5),
        .state = state < 0 ? ECS_AVAILABLE_READY : (enum ecs_availability)state,
        .message_key = ecs_pg_text(r, i, 7),
        .validity_s = ecs_pg_int(r, i, 8, 0),
        .since = ecs_pg_time(r, i, 9, 0),
        .expected_end = ecs_pg_time(r, i, 10, 0),
        .updated_at = ecs_pg_time(r, i, 11, 0),
    };
    return state >= 0;
}

static enum ecs_rc decode_rows(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_state_rows *ret = r->decode_arg;
    struct ecs_state_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        if (!decode_row(r, i, &rows[i]))
            return ECS_E_INTERNAL;
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_state_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_state_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                   struct ecs_state_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_STATE_LIST, params, 1, decode_rows, ret_rows);
}

static enum ecs_rc decode_changes(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_state_changes *ret = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_state_changes){
        .changed = ecs_pg_int(r, 0, 0, 0), .told = ecs_pg_int(r, 0, 1, 0), .skipped = ecs_pg_int(r, 0, 2, 0)};
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

static struct ecs_str text_or_none(struct ecs_str text)
{
    return text.p ? text : ECS_STR("");
}

enum { COLUMNS = 9 };

/* Columns instead of rows; numbers as text. False: no memory. */
static bool fill(struct ecs_arena *arena, const struct ecs_state_put *put, struct ecs_str *column[COLUMNS])
{
    for (size_t c = 0; c < COLUMNS; c++) {
        column[c] = ecs_alloc(arena, (put->n + 1) * sizeof(*column[c]));
        if (!column[c])
            return false;
    }
    for (size_t i = 0; i < put->n; i++) {
        const struct ecs_state_row *row = &put->rows[i];
        const char *validity = ecs_printf(arena, "%lld", (long long)row->validity_s);
        const char *since = ecs_printf(arena, "%lld", (long long)row->since);
        const char *end = ecs_printf(arena, "%lld", (long long)row->expected_end);

        if (!validity || !since || !end)
            return false;
        column[0][i] = row->service;
        column[1][i] = text_or_none(row->rat);
        column[2][i] = text_or_none(row->brand);
        column[3][i] = text_or_none(row->area);
        column[4][i] = ecs_str_of(ecs_availability_words[row->state]);
        column[5][i] = text_or_none(row->message_key);
        column[6][i] = ecs_str_of(validity);
        column[7][i] = ecs_str_of(since);
        column[8][i] = ecs_str_of(end);
    }
    return true;
}

enum ecs_next ecs_store_state_put(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_state_put *put, struct ecs_state_changes *ret_changes)
{
    struct ecs_pg_param params[3 + COLUMNS];
    struct ecs_str *column[COLUMNS];

    if (!fill(f->arena, put, column))
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "store: request memory is used up");
    params[0] = ecs_pg_p_text(put->source);
    params[1] = ecs_pg_p_int(ECS_PG_BOOL, put->whole);
    params[2] = ecs_pg_p_text(ecs_str_of(ecs_state_tells[put->tell]));
    for (size_t c = 0; c < COLUMNS; c++)
        params[3 + c] = ecs_pg_p_texts(column[c], put->n);
    return store_exec(f, store, ECS_STMT_STATE_PUT, params, ECS_ARRAY_LEN(params), decode_changes,
                      ret_changes);
}

static enum ecs_rc decode_number(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int64_t *ret = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_E_INTERNAL;
    *ret = ecs_pg_int(r, 0, 0, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_state_clear(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_state_clear *clear, int64_t *ret_removed)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_int(ECS_PG_INT8, clear->id),     ecs_pg_p_text(text_or_none(clear->service)),
        ecs_pg_p_text(text_or_none(clear->rat)),  ecs_pg_p_text(text_or_none(clear->brand)),
        ecs_pg_p_text(text_or_none(clear->area)), ecs_pg_p_text(ecs_str_of(ecs_state_tells[clear->tell])),
    };

    return store_exec(f, store, ECS_STMT_STATE_CLEAR, params, ECS_ARRAY_LEN(params), decode_number,
                      ret_removed);
}

/* ---- polls ---- */

static enum ecs_rc decode_claim(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_feed_claim *ret = r->decode_arg;

    (void)f;
    *ret = (struct ecs_feed_claim){.ours = r->rows > 0};
    if (!ret->ours)
        return ECS_OK;
    ret->etag = ecs_pg_text(r, 0, 0);
    ret->silent_s = ecs_pg_int(r, 0, 1, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_feed_claim(struct ecs_flow *f, struct ecs_store *store, struct ecs_str source,
                                   int64_t every_s, int64_t lease_s, struct ecs_feed_claim *ret_claim)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(source), ecs_pg_p_int(ECS_PG_INT4, every_s),
                                          ecs_pg_p_int(ECS_PG_INT4, lease_s)};

    return store_exec(f, store, ECS_STMT_FEED_CLAIM, params, ECS_ARRAY_LEN(params), decode_claim, ret_claim);
}

enum ecs_next ecs_store_feed_good(struct ecs_flow *f, struct ecs_store *store, struct ecs_str source,
                                  struct ecs_str etag)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(source), ecs_pg_p_text(etag)};

    return store_exec(f, store, ECS_STMT_FEED_GOOD, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

enum ecs_next ecs_store_feed_bad(struct ecs_flow *f, struct ecs_store *store, struct ecs_str source,
                                 struct ecs_str why, bool dropped)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(source), ecs_pg_p_text(text_or_none(why)),
                                          ecs_pg_p_int(ECS_PG_BOOL, dropped)};

    return store_exec(f, store, ECS_STMT_FEED_BAD, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

enum ecs_next ecs_store_feed_forget(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_str *sources, size_t n, int64_t *ret_removed)
{
    static const struct ecs_str nothing[1];
    const struct ecs_pg_param params[] = {ecs_pg_p_texts(n ? sources : nothing, n)};

    return store_exec(f, store, ECS_STMT_FEED_FORGET, params, 1, decode_number, ret_removed);
}

static enum ecs_rc decode_feeds(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_feed_rows *ret = r->decode_arg;
    struct ecs_feed_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_feed_row){.source = ecs_pg_text(r, i, 0),
                                        .asked_at = ecs_pg_time(r, i, 1, 0),
                                        .good_at = ecs_pg_time(r, i, 2, 0),
                                        .error = ecs_pg_text(r, i, 3)};
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_feed_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_feed_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_feed_rows *ret_rows)
{
    return store_exec(f, store, ECS_STMT_FEED_LIST, NULL, 0, decode_feeds, ret_rows);
}

/* ---- networks of partners ---- */

static enum ecs_rc decode_visited(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_visited_rows *ret = r->decode_arg;
    struct ecs_visited_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++) {
        rows[i] = (struct ecs_visited_row){
            .plmn = ecs_pg_text(r, i, 0), .name = ecs_pg_text(r, i, 1), .country = ecs_pg_text(r, i, 2)};
        rows[i].services = ecs_pg_texts(r, i, 3, f->arena, &rows[i].n_services);
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_visited_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_visited_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str after,
                                     unsigned limit, struct ecs_visited_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(text_or_none(after)),
                                          ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_VISITED_LIST, params, ECS_ARRAY_LEN(params), decode_visited,
                      ret_rows);
}

enum ecs_next ecs_store_visited_put(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_visited_row *row)
{
    static const struct ecs_str nothing[1];
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(row->plmn), ecs_pg_p_text(text_or_none(row->name)),
        ecs_pg_p_text(text_or_none(row->country)),
        ecs_pg_p_texts(row->n_services ? row->services : nothing, row->n_services)};

    return store_exec(f, store, ECS_STMT_VISITED_PUT, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

static enum ecs_rc decode_deleted(struct ecs_flow *f, struct ecs_pg_result *r)
{
    (void)f;
    return r->rows ? ECS_OK : ECS_E_NOT_FOUND;
}

enum ecs_next ecs_store_visited_delete(struct ecs_flow *f, struct ecs_store *store, struct ecs_str plmn)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(plmn)};

    return store_exec(f, store, ECS_STMT_VISITED_DELETE, params, 1, decode_deleted, NULL);
}
