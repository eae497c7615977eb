/* SPDX-License-Identifier: Apache-2.0 */
/* Journeys as people look at them: lists, timelines, counts; profiles of a line or an enterprise. */
#include "ecs/store_journey.h"

#include "store_odsa.h"

enum { COUNTED_MOST = 200000 };

/* ---- lists ---- */

static enum ecs_rc decode_journeys(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_journey_rows *ret = r->decode_arg;
    struct ecs_journey *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));
    enum ecs_rc rc = rows ? ECS_OK : ECS_E_TOO_LARGE;

    for (unsigned i = 0; i < r->rows && rc == ECS_OK; i++)
        rc = store_read_journey(f, r, i, 0, &rows[i]);
    if (rc == ECS_OK && r->mistyped)
        rc = ECS_E_INTERNAL;
    if (rc == ECS_OK)
        *ret = (struct ecs_journey_rows){rows, r->rows};
    return rc;
}

enum ecs_next ecs_store_journey_list(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_journey_filter *filter,
                                     struct ecs_journey_rows *ret_rows)
{
    bool kind_known = filter->kind >= 0 && filter->kind < ECS_JOURNEY_KIND_COUNT;
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(filter->state),
        ecs_pg_p_text(ecs_str_of(kind_known ? ecs_journey_kinds[filter->kind] : NULL)),
        ecs_pg_p_int(ECS_PG_BOOL, filter->stuck),
        ecs_pg_p_int(ECS_PG_INT4, filter->stuck_s),
        ecs_pg_p_int(ECS_PG_INT8, filter->before),
        ecs_pg_p_int(ECS_PG_INT4, filter->limit),
        ecs_pg_p_int(ECS_PG_BOOL, filter->open || filter->stuck),
        ecs_pg_p_text(filter->imsi),
        ecs_pg_p_text(filter->msisdn),
        ecs_pg_p_text(filter->iccid),
        ecs_pg_p_text(filter->eid),
        ecs_pg_p_text(filter->enterprise),
    };
    bool about =
        filter->imsi.p || filter->msisdn.p || filter->iccid.p || filter->eid.p || filter->enterprise.p;
    bool open = filter->open || filter->stuck;

    if (about)
        return store_exec(f, store, ECS_STMT_JOURNEY_LIST_OF, params, 12, decode_journeys, ret_rows);
    return store_exec(f, store, open ? ECS_STMT_JOURNEY_LIST_OPEN : ECS_STMT_JOURNEY_LIST, params, 6,
                      decode_journeys, ret_rows);
}

/* ---- timeline ---- */

static enum ecs_rc decode_steps(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_journey_step_rows *ret = r->decode_arg;
    struct ecs_journey_step_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_journey_step_row){
            .id = ecs_pg_int(r, i, 0, 0),
            .at_us = ecs_pg_int(r, i, 1, 0),
            .event = ecs_pg_text(r, i, 2),
            .from = ecs_pg_text(r, i, 3),
            .to = ecs_pg_text(r, i, 4),
            .neighbour = ecs_pg_text(r, i, 5),
            .call = ecs_pg_text(r, i, 6),
            .detail = ecs_pg_text(r, i, 7),
            .us = ecs_pg_int(r, i, 8, -1),
        };
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_journey_step_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_journey_timeline(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                         unsigned limit, struct ecs_journey_step_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, id), ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_JOURNEY_TIMELINE, params, 2, decode_steps, ret_rows);
}

/* ---- counts ---- */

static enum ecs_rc decode_counts(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_journey_counts *ret = r->decode_arg;
    struct ecs_journey_count *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_journey_count){
            .kind = ecs_pg_text(r, i, 0),
            .state = ecs_pg_text(r, i, 1),
            .n = ecs_pg_int(r, i, 2, 0),
            .stuck = ecs_pg_int(r, i, 3, 0),
            .oldest_at = ecs_pg_time(r, i, 4, 0),
        };
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_journey_counts){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_journey_count(struct ecs_flow *f, struct ecs_store *store, unsigned stuck_s,
                                      struct ecs_journey_counts *ret_counts)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, COUNTED_MOST),
                                          ecs_pg_p_int(ECS_PG_INT4, stuck_s)};

    return store_exec(f, store, ECS_STMT_JOURNEY_COUNT, params, 2, decode_counts, ret_counts);
}

/* ---- profiles ---- */

static enum ecs_rc decode_profiles(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_profile_rows *ret = r->decode_arg;
    struct ecs_profile *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));
    enum ecs_rc rc = rows ? ECS_OK : ECS_E_TOO_LARGE;

    for (unsigned i = 0; i < r->rows && rc == ECS_OK; i++)
        rc = store_read_profile(f, r, i, 0, &rows[i]);
    if (rc == ECS_OK && r->mistyped)
        rc = ECS_E_INTERNAL;
    if (rc == ECS_OK)
        *ret = (struct ecs_profile_rows){rows, r->rows};
    return rc;
}

enum ecs_next ecs_store_profile_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                     struct ecs_str enterprise, unsigned limit,
                                     struct ecs_profile_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_text(enterprise),
                                          ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_PROFILE_LIST, params, 3, decode_profiles, ret_rows);
}
