/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that people keep: enterprises and relations between lines. */
#include "ecs/store_journey.h"

#include "store_int.h"

static enum ecs_rc decode_created(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool *ret = r->decode_arg, created = r->rows == 1 && ecs_pg_bool(r, 0, 0);

    (void)f;
    if (r->rows != 1 || r->mistyped)
        return ECS_E_INTERNAL;
    *ret = created;
    return ECS_OK;
}

/* ---- enterprises ---- */

static enum ecs_rc decode_enterprises(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_enterprise_rows *ret = r->decode_arg;
    struct ecs_enterprise_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_enterprise_row){
            .enterprise = ecs_pg_text(r, i, 0),
            .name = ecs_pg_text(r, i, 1),
            .state = ecs_pg_text(r, i, 2),
            .brand = ecs_pg_text(r, i, 3),
            .max_devices = ecs_pg_int(r, i, 4, -1),
            .devices = ecs_pg_int(r, i, 5, 0),
        };
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_enterprise_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_enterprise_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                        struct ecs_enterprise_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_ENTERPRISE_LIST, params, 1, decode_enterprises, ret_rows);
}

static enum ecs_rc decode_enterprise(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_enterprise_row *ret = r->decode_arg;
    struct ecs_enterprise_rows rows = {NULL, 0};
    enum ecs_rc rc;

    r->decode_arg = &rows;
    rc = decode_enterprises(f, r);
    r->decode_arg = ret;
    if (rc != ECS_OK)
        return rc;
    if (!rows.n)
        return ECS_E_NOT_FOUND;
    *ret = rows.rows[0];
    return ECS_OK;
}

enum ecs_next ecs_store_enterprise_get(struct ecs_flow *f, struct ecs_store *store, struct ecs_str enterprise,
                                       struct ecs_enterprise_row *ret_row)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(enterprise)};

    return store_exec(f, store, ECS_STMT_ENTERPRISE_GET, params, 1, decode_enterprise, ret_row);
}

enum ecs_next ecs_store_enterprise_put(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_enterprise_row *row, bool *ret_created)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(row->enterprise), ecs_pg_p_text(row->name),
        ecs_pg_p_text(row->state),      ecs_pg_p_int(ECS_PG_INT4, row->max_devices),
        ecs_pg_p_text(row->brand),
    };

    return store_exec(f, store, ECS_STMT_ENTERPRISE_PUT, params, ECS_ARRAY_LEN(params), decode_created,
                      ret_created);
}

static enum ecs_rc decode_gone(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool gone = r->rows == 1 && ecs_pg_bool(r, 0, 0), was = r->rows == 1 && ecs_pg_bool(r, 0, 1);

    (void)f;
    if (r->rows != 1 || r->mistyped)
        return ECS_E_INTERNAL;
    if (gone)
        return ECS_OK;
    return was ? ECS_E_CONFLICT : ECS_E_NOT_FOUND;
}

enum ecs_next ecs_store_enterprise_delete(struct ecs_flow *f, struct ecs_store *store,
                                          struct ecs_str enterprise)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(enterprise)};

    return store_exec(f, store, ECS_STMT_ENTERPRISE_DELETE, params, 1, decode_gone, NULL);
}

/* ---- relations ---- */

static enum ecs_rc decode_relations(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_relation_rows *ret = r->decode_arg;
    struct ecs_relation_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_relation_row){ecs_pg_text(r, i, 0), ecs_pg_text(r, i, 1), ecs_pg_text(r, i, 2)};
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_relation_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_relation_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                      struct ecs_relation_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi)};

    return store_exec(f, store, ECS_STMT_RELATION_LIST, params, 1, decode_relations, ret_rows);
}

enum ecs_next ecs_store_relation_put(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_relation_row *row, bool *ret_created)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(row->imsi), ecs_pg_p_text(row->other_imsi),
                                          ecs_pg_p_text(row->role)};

    return store_exec(f, store, ECS_STMT_RELATION_PUT, params, 3, decode_created, ret_created);
}

static enum ecs_rc decode_parted(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int64_t n = r->rows == 1 ? ecs_pg_int(r, 0, 0, 0) : -1;

    (void)f;
    if (n < 0 || r->mistyped)
        return ECS_E_INTERNAL;
    return n ? ECS_OK : ECS_E_NOT_FOUND;
}

enum ecs_next ecs_store_relation_delete(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                        struct ecs_str other_imsi)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_text(other_imsi)};

    return store_exec(f, store, ECS_STMT_RELATION_DELETE, params, 2, decode_parted, NULL);
}

/* ---- offers ---- */

static enum ecs_rc decode_offers(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_plan_offers *ret = r->decode_arg;
    struct ecs_plan_offer *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_plan_offer){
            .id = ecs_pg_text(r, i, 0),
            .app = (int)ecs_pg_int(r, i, 1, 0),
            .brand = ecs_pg_text(r, i, 2),
            .enterprise = ecs_pg_text(r, i, 3),
            .service = ecs_pg_text(r, i, 4),
            .profile_type = ecs_pg_text(r, i, 5),
            .name = ecs_pg_text(r, i, 6),
            .description = ecs_pg_text(r, i, 7),
            .sort = ecs_pg_int(r, i, 8, 0),
            .active = ecs_pg_bool(r, i, 9),
        };
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_plan_offers){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_plan_offer_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                        struct ecs_plan_offers *ret_offers)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_OFFER_LIST, params, 1, decode_offers, ret_offers);
}

enum ecs_next ecs_store_plan_offer_put(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_plan_offer *offer, bool *ret_created)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(offer->id),
        ecs_pg_p_int(ECS_PG_INT4, offer->app),
        ecs_pg_p_text(offer->brand),
        ecs_pg_p_text(offer->enterprise),
        ecs_pg_p_text(offer->service),
        ecs_pg_p_text(offer->profile_type),
        ecs_pg_p_text(offer->name),
        ecs_pg_p_text(offer->description),
        ecs_pg_p_int(ECS_PG_INT4, offer->sort),
        ecs_pg_p_int(ECS_PG_INT4, offer->active),
    };

    return store_exec(f, store, ECS_STMT_OFFER_PUT, params, ECS_ARRAY_LEN(params), decode_created,
                      ret_created);
}

static enum ecs_rc decode_deleted(struct ecs_flow *f, struct ecs_pg_result *r)
{
    (void)f;
    return r->rows ? ECS_OK : ECS_E_NOT_FOUND;
}

enum ecs_next ecs_store_plan_offer_delete(struct ecs_flow *f, struct ecs_store *store, struct ecs_str id,
                                          int app)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(id), ecs_pg_p_int(ECS_PG_INT4, app)};

    return store_exec(f, store, ECS_STMT_OFFER_DELETE, params, 2, decode_deleted, NULL);
}
