/* SPDX-License-Identifier: Apache-2.0 */
/* Journeys one by one: changes, leases, what is due, and who is meant by an event from outside. */
#include "ecs/flow.h"
#include "store_odsa.h"

/* ---- changes ---- */

static enum ecs_rc decode_moved(struct ecs_flow *f, struct ecs_pg_result *r)
{
    static const char *const verdicts[] = {
        [ECS_JOURNEY_MOVED] = "moved",
        [ECS_JOURNEY_STALE] = "stale",
        [ECS_JOURNEY_EXISTS] = "exists",
        [ECS_JOURNEY_TAKEN] = "taken",
    };
    struct ecs_journey_result *ret = r->decode_arg, result = {0};
    int verdict = store_word(ecs_pg_text(r, 0, 0), verdicts, ECS_ARRAY_LEN(verdicts));

    (void)f;
    result.id = ecs_pg_int(r, 0, 1, 0);
    result.version = ecs_pg_int(r, 0, 2, 0);
    result.profile = ecs_pg_int(r, 0, 3, 0);
    result.key = ecs_pg_text(r, 0, 4);
    if (r->rows != 1 || verdict < 0 || r->mistyped)
        return ECS_E_INTERNAL;
    result.moved = (enum ecs_journey_moved)verdict;
    *ret = result;
    return ECS_OK;
}

static enum ecs_rc write_changes(struct ecs_arena *arena, const struct ecs_journey_move *move,
                                 struct ecs_str **ret_cells, const char **ret_column)
{
    struct ecs_str *cells = ecs_alloc(arena, (move->n_profiles * STORE_CHANGE_COLUMNS + 1) * sizeof(*cells));
    enum ecs_rc rc = cells ? ECS_OK : ECS_E_TOO_LARGE;

    for (size_t i = 0; i < move->n_profiles && rc == ECS_OK; i++)
        rc = store_write_change(arena, &move->profiles[i], cells + i * STORE_CHANGE_COLUMNS, ret_column);
    *ret_cells = cells;
    return rc;
}

enum ecs_next ecs_store_journey_move(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_journey_move *move,
                                     struct ecs_journey_result *ret_result)
{
    static const struct ecs_journey_note none = {.us = -1};
    const struct ecs_journey_note *note = move->note ? move->note : &none;
    struct ecs_str *cells = ecs_alloc(f->arena, STORE_JOURNEY_COLUMNS * sizeof(*cells)), *changes = NULL;
    const char *column = "";
    enum ecs_rc rc = cells ? store_write_journey(f->arena, move->journey, cells, &column) : ECS_E_TOO_LARGE;

    if (rc == ECS_OK)
        rc = write_changes(f->arena, move, &changes, &column);
    column = rc == ECS_OK ? "detail" : column;
    if (rc == ECS_OK && note->detail.p && !ecs_str_is_utf8(note->detail))
        rc = ECS_E_BAD_PARAMETER;
    if (rc != ECS_OK)
        return store_write_failed(f, rc, column);
    const struct ecs_pg_param params[] = {
        ecs_pg_p_texts(cells, STORE_JOURNEY_COLUMNS),
        ecs_pg_p_texts(move->n_profiles ? changes : NULL, move->n_profiles * STORE_CHANGE_COLUMNS),
        ecs_pg_p_text(ecs_str_of(note->event)),
        ecs_pg_p_text(ecs_str_of(note->neighbour)),
        ecs_pg_p_text(ecs_str_of(note->call)),
        ecs_pg_p_text(note->detail),
        note->us < 0 ? (struct ecs_pg_param){.type = ECS_PG_NULL} : ecs_pg_p_int(ECS_PG_INT8, note->us),
        ecs_pg_p_text(ecs_str_of(move->notify_reason)),
        ecs_pg_p_int(ECS_PG_BOOL, move->release),
        ecs_pg_p_int(ECS_PG_INT4, move->lease_s),
        ecs_pg_p_int(ECS_PG_BOOL, move->line_iccid),
    };

    return store_exec(f, store, ECS_STMT_JOURNEY_MOVE, params, ECS_ARRAY_LEN(params), decode_moved,
                      ret_result);
}

/* ---- leases ---- */

struct claim {
    struct ecs_journey *journey;
    int64_t *now;
    bool *taken;
};

static enum ecs_rc decode_claim(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct claim *claim = r->decode_arg;
    enum ecs_rc rc;

    r->decode_arg = claim->journey;
    rc = store_decode_journey(f, r);
    if (rc != ECS_OK)
        return rc;
    *claim->taken = r->rows > 0;
    *claim->now = *claim->taken ? ecs_pg_int(r, 0, 1, 0) : 0;
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_journey_claim(struct ecs_flow *f, struct ecs_store *store, int64_t id, bool force,
                                      unsigned lease_s, struct ecs_journey *ret_journey, int64_t *ret_now,
                                      bool *ret_taken)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, id), ecs_pg_p_int(ECS_PG_BOOL, force),
                                          ecs_pg_p_int(ECS_PG_INT4, lease_s)};
    struct claim *claim = ecs_alloc(f->arena, sizeof(*claim));

    if (!claim)
        return store_write_failed(f, ECS_E_TOO_LARGE, "");
    *claim = (struct claim){ret_journey, ret_now, ret_taken};
    return store_exec(f, store, ECS_STMT_JOURNEY_CLAIM, params, ECS_ARRAY_LEN(params), decode_claim, claim);
}

struct due {
    int64_t *ids;
    unsigned max, *n;
};

static enum ecs_rc decode_due(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct due *due = r->decode_arg;
    unsigned n = 0;

    (void)f;
    for (; n < r->rows && n < due->max; n++)
        due->ids[n] = ecs_pg_int(r, n, 0, 0);
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *due->n = n;
    return ECS_OK;
}

enum ecs_next ecs_store_journey_due(struct ecs_flow *f, struct ecs_store *store, int64_t *ids, unsigned max,
                                    unsigned *ret_n)
{
    struct due *due = ecs_alloc(f->arena, sizeof(*due));

    if (!due)
        return store_write_failed(f, ECS_E_TOO_LARGE, "");
    *due = (struct due){ids, max < ECS_JOURNEY_DUE_MAX ? max : ECS_JOURNEY_DUE_MAX, ret_n};
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, due->max)};

    return store_exec(f, store, ECS_STMT_JOURNEY_DUE, params, ECS_ARRAY_LEN(params), decode_due, due);
}

/* ---- one of them ---- */

static enum ecs_rc decode_known(struct ecs_flow *f, struct ecs_pg_result *r)
{
    return r->rows ? store_decode_journey(f, r) : ECS_E_NOT_FOUND;
}

enum ecs_next ecs_store_journey_get(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                    struct ecs_journey *ret_journey)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, id)};

    return store_exec(f, store, ECS_STMT_JOURNEY_GET, params, ECS_ARRAY_LEN(params), decode_known,
                      ret_journey);
}

/* 8-4-4-4-12 hexadecimal digits: what comes from outside may be anything. */
static bool is_uuid(struct ecs_str text)
{
    if (text.n != 36)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

        if (dash ? c != '-' : !hex)
            return false;
    }
    return true;
}

enum ecs_next ecs_store_journey_find(struct ecs_flow *f, struct ecs_store *store, enum ecs_journey_by by,
                                     struct ecs_str value, struct ecs_journey *ret_journey)
{
    struct ecs_pg_param params[4] = {{.type = ECS_PG_NULL}};

    if (value.n == 0 || !ecs_str_is_utf8(value) || (by == ECS_JOURNEY_BY_KEY && !is_uuid(value))) {
        *ret_journey = (struct ecs_journey){0};
        return ECS_NEXT;
    }
    params[by] = ecs_pg_p_text(value);
    return store_exec(f, store, ECS_STMT_JOURNEY_FIND, params, ECS_ARRAY_LEN(params), store_decode_journey,
                      ret_journey);
}
