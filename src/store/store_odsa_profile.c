/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles without a journey, events that were seen, and what is old enough to go. */
#include "ecs/flow.h"
#include "store_odsa.h"

static enum ecs_rc decode_profile(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_profile *ret = r->decode_arg;

    if (r->rows == 0) {
        *ret = (struct ecs_profile){0};
        return ECS_OK;
    }
    return store_read_profile(f, r, 0, 0, ret);
}

enum ecs_next ecs_store_profile_by_iccid(struct ecs_flow *f, struct ecs_store *store, struct ecs_str iccid,
                                         struct ecs_profile *ret_profile)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(iccid)};

    if (iccid.n == 0 || !ecs_str_is_utf8(iccid)) {
        *ret_profile = (struct ecs_profile){0};
        return ECS_NEXT;
    }
    return store_exec(f, store, ECS_STMT_PROFILE_BY_ICCID, params, ECS_ARRAY_LEN(params), decode_profile,
                      ret_profile);
}

static enum ecs_rc decode_changed(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_str verdict = ecs_pg_text(r, 0, 0);
    int64_t *ret = r->decode_arg, id = ecs_pg_int(r, 0, 1, 0);

    (void)f;
    if (r->rows != 1 || r->mistyped)
        return ECS_E_INTERNAL;
    if (ecs_str_eq(verdict, ECS_STR("gone")))
        return ECS_E_NOT_FOUND;
    if (ecs_str_eq(verdict, ECS_STR("taken")))
        return ECS_E_CONFLICT;
    *ret = id;
    return ECS_OK;
}

enum ecs_next ecs_store_profile_change(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_profile_change *change, const char *notify_reason,
                                       int64_t *ret_id)
{
    struct ecs_str *cells = ecs_alloc(f->arena, STORE_CHANGE_COLUMNS * sizeof(*cells));
    const char *column = "";
    enum ecs_rc rc = cells ? store_write_change(f->arena, change, cells, &column) : ECS_E_TOO_LARGE;

    if (rc != ECS_OK)
        return store_write_failed(f, rc, column);
    const struct ecs_pg_param params[] = {ecs_pg_p_texts(cells, STORE_CHANGE_COLUMNS),
                                          ecs_pg_p_text(ecs_str_of(notify_reason))};

    return store_exec(f, store, ECS_STMT_PROFILE_CHANGE, params, ECS_ARRAY_LEN(params), decode_changed,
                      ret_id);
}

enum ecs_next ecs_store_profile_delivered(struct ecs_flow *f, struct ecs_store *store, int64_t id)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, id)};

    return store_exec(f, store, ECS_STMT_PROFILE_DELIVERED, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

static enum ecs_rc decode_fresh(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool *ret = r->decode_arg;

    (void)f;
    *ret = r->rows > 0;
    return ECS_OK;
}

static enum ecs_rc decode_unknown(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool *ret = r->decode_arg;

    (void)f;
    *ret = r->rows == 0;
    return ECS_OK;
}

enum ecs_next ecs_store_odsa_event_known(struct ecs_flow *f, struct ecs_store *store, struct ecs_str sender,
                                         struct ecs_str event_id, bool *ret_fresh)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(sender), ecs_pg_p_text(event_id)};

    return store_exec(f, store, ECS_STMT_ODSA_EVENT_KNOWN, params, ECS_ARRAY_LEN(params), decode_unknown,
                      ret_fresh);
}

enum ecs_next ecs_store_odsa_event_seen(struct ecs_flow *f, struct ecs_store *store, struct ecs_str sender,
                                        struct ecs_str event_id, bool *ret_fresh)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(sender), ecs_pg_p_text(event_id)};

    return store_exec(f, store, ECS_STMT_ODSA_EVENT_SEEN, params, ECS_ARRAY_LEN(params), decode_fresh,
                      ret_fresh);
}

static enum ecs_rc decode_polls(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int64_t *ret = r->decode_arg;

    (void)f;
    *ret = ecs_pg_int(r, 0, 0, 0);
    return r->rows == 1 && !r->mistyped ? ECS_OK : ECS_E_INTERNAL;
}

enum ecs_next ecs_store_eligibility_poll(struct ecs_flow *f, struct ecs_store *store,
                                         const uint8_t device[ECS_POLL_DEVICE_LEN], int64_t *ret_polls)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(device, ECS_POLL_DEVICE_LEN)};

    return store_exec(f, store, ECS_STMT_ELIGIBILITY_POLL, params, ECS_ARRAY_LEN(params), decode_polls,
                      ret_polls);
}

static enum ecs_rc decode_reaped(struct ecs_flow *f, struct ecs_pg_result *r)
{
    unsigned *ret = r->decode_arg;
    int64_t n = ecs_pg_int(r, 0, 0, 0);

    (void)f;
    if (r->rows != 1 || r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (unsigned)n;
    return ECS_OK;
}

enum ecs_next ecs_store_odsa_reap(struct ecs_flow *f, struct ecs_store *store, unsigned keep_days,
                                  unsigned max_rows, unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, keep_days),
                                          ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_ODSA_REAP, params, ECS_ARRAY_LEN(params), decode_reaped, ret_rows);
}
