/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for quality of service as the background works on them: taking, settling, what the network tells.
 */
#include "ecs/store_qos.h"

#include "ecs/flow.h"
#include "store_int.h"

const char *const ecs_qos_states[ECS_QOS_STATE_COUNT + 1] = {"wanted", "requested", "active", "releasing",
                                                             "ended",  "failed",    NULL};

static enum ecs_qos_state state_of(struct ecs_str word)
{
    int at = store_word(word, ecs_qos_states, ECS_QOS_STATE_COUNT);

    return at < 0 ? ECS_QOS_STATE_COUNT : (enum ecs_qos_state)at;
}

static struct ecs_pg_param time_param(int64_t unix_seconds)
{
    return unix_seconds ? ecs_pg_p_int(ECS_PG_INT8, unix_seconds)
                        : (struct ecs_pg_param){.type = ECS_PG_NULL};
}

/* ---- taking ---- */

static enum ecs_rc decode_dues(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_qos_dues *ret = r->decode_arg;
    struct ecs_qos_due *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_qos_due){
            .id = ecs_pg_int(r, i, 0, 0),
            .serial = ecs_pg_int(r, i, 1, 0),
            .state = state_of(ecs_pg_text(r, i, 2)),
            .network = ecs_pg_text(r, i, 3),
            .profile = ecs_pg_text(r, i, 4),
            .imsi = ecs_pg_text(r, i, 5),
            .msisdn = ecs_pg_text(r, i, 6),
            .ue_ipv4 = ecs_pg_text(r, i, 7),
            .ue_ipv6 = ecs_pg_text(r, i, 8),
            .handle = ecs_pg_text(r, i, 9),
            .secret = ecs_pg_text(r, i, 10),
            .repeated = ecs_pg_bool(r, i, 11),
            .tries = ecs_pg_int(r, i, 12, 0),
            .waited_s = ecs_pg_int(r, i, 13, 0),
            .seconds = ecs_pg_int(r, i, 14, 0),
            .ends_at = ecs_pg_int(r, i, 15, 0),
            .paid = ecs_pg_bool(r, i, 16),
            .former_id = ecs_pg_int(r, i, 17, 0),
            .former = ecs_pg_text(r, i, 18),
            .origin = ecs_pg_text(r, i, 19),
            .host = ecs_pg_text(r, i, 20),
        };
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_qos_dues){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_qos_take(struct ecs_flow *f, struct ecs_store *store, const struct ecs_qos_taking *t,
                                 struct ecs_qos_dues *ret_dues)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_int(ECS_PG_INT4, t->most), ecs_pg_p_int(ECS_PG_INT4, t->lease_s),
        ecs_pg_p_int(ECS_PG_INT4, t->age_s), ecs_pg_p_texts(t->told, t->told_n),
        ecs_pg_p_texts(t->known, t->known_n)};

    return store_exec(f, store, ECS_STMT_QOS_TAKE, params, ECS_ARRAY_LEN(params), decode_dues, ret_dues);
}

static enum ecs_rc decode_ours(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool *ret_ours = r->decode_arg;

    (void)f;
    *ret_ours = r->rows > 0;
    return ECS_OK;
}

enum ecs_next ecs_store_qos_mark(struct ecs_flow *f, struct ecs_store *store, const struct ecs_qos_due *due,
                                 struct ecs_str handle, bool *ret_ours)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, due->id),
                                          ecs_pg_p_int(ECS_PG_INT4, due->serial), ecs_pg_p_text(handle)};

    return store_exec(f, store, ECS_STMT_QOS_MARK, params, ECS_ARRAY_LEN(params), decode_ours, ret_ours);
}

/* ---- settling ---- */

static enum ecs_rc decode_state(struct ecs_flow *f, struct ecs_pg_result *r)
{
    enum ecs_qos_state *ret = r->decode_arg;

    (void)f;
    *ret = state_of(ecs_pg_text(r, 0, 0));
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_qos_settle(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_qos_settle *s, enum ecs_qos_state *ret_state)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_int(ECS_PG_INT8, s->id),
        ecs_pg_p_int(ECS_PG_INT4, s->serial),
        ecs_pg_p_text(s->did),
        ecs_pg_p_text(s->result),
        ecs_pg_p_text(s->handle),
        time_param(s->ends_at),
        ecs_pg_p_int(ECS_PG_INT4, s->delay_s),
        ecs_pg_p_int(ECS_PG_INT4, s->check_s),
        ecs_pg_p_int(ECS_PG_INT4, s->renewals),
        ecs_pg_p_int(ECS_PG_BOOL, s->waits),
        ecs_pg_p_text(s->reason.p ? s->reason : ECS_STR("")),
        ecs_pg_p_text(s->host),
    };

    return store_exec(f, store, ECS_STMT_QOS_SETTLE, params, ECS_ARRAY_LEN(params), decode_state, ret_state);
}

/* ---- events ---- */

static enum ecs_rc decode_secret(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_qos_door_key *key = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_OK;
    key->found = true;
    key->secret = ecs_pg_text(r, 0, 0);
    key->network = ecs_pg_text(r, 0, 1);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_qos_secret(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                   struct ecs_qos_door_key *ret_key)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, id)};

    *ret_key = (struct ecs_qos_door_key){.id = id};
    return store_exec(f, store, ECS_STMT_QOS_SECRET, params, 1, decode_secret, ret_key);
}

static enum ecs_rc decode_by_handle(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_qos_door_key *key = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_OK;
    key->found = true;
    key->id = ecs_pg_int(r, 0, 0, 0);
    key->network = ecs_pg_text(r, 0, 1);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_qos_by_handle(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                      struct ecs_qos_door_key *ret_key)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(handle)};

    *ret_key = (struct ecs_qos_door_key){.found = false};
    return store_exec(f, store, ECS_STMT_QOS_BY_HANDLE, params, 1, decode_by_handle, ret_key);
}

static enum ecs_rc decode_word(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_str *ret_word = r->decode_arg;

    (void)f;
    *ret_word = ecs_pg_text(r, 0, 0);
    if (!ret_word->p)
        *ret_word = ECS_STR("");
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_qos_tell(struct ecs_flow *f, struct ecs_store *store, const struct ecs_qos_tell *t,
                                 struct ecs_str *ret_word)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_int(ECS_PG_INT8, t->id),
        ecs_pg_p_text(t->handle),
        ecs_pg_p_text(t->what),
        time_param(t->ends_at),
        ecs_pg_p_int(ECS_PG_INT4, t->check_s),
        ecs_pg_p_int(ECS_PG_INT4, t->renewals),
        ecs_pg_p_int(ECS_PG_INT4, t->delay_s),
        ecs_pg_p_text(t->reason.p ? t->reason : ECS_STR("")),
    };

    return store_exec(f, store, ECS_STMT_QOS_TOLD, params, ECS_ARRAY_LEN(params), decode_word, ret_word);
}

enum ecs_next ecs_store_qos_seen(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                 struct ecs_str ipv4, struct ecs_str ipv6)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_text(ipv4), ecs_pg_p_text(ipv6)};

    return store_exec(f, store, ECS_STMT_QOS_SEEN, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

/* ---- compensations ---- */

static enum ecs_rc decode_compensations(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_qos_compensations *ret = r->decode_arg;
    struct ecs_qos_compensation *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_qos_compensation){
            .request = ecs_pg_int(r, i, 0, 0),
            .serial = ecs_pg_int(r, i, 1, 0),
            .state = ecs_pg_text(r, i, 2),
            .bss_reference = ecs_pg_text(r, i, 3),
            .tries = ecs_pg_int(r, i, 4, 0),
            .imsi = ecs_pg_text(r, i, 5),
            .msisdn = ecs_pg_text(r, i, 6),
            .iccid = ecs_pg_text(r, i, 7),
            .origin = ecs_pg_text(r, i, 8),
            .reference = ecs_pg_text(r, i, 9),
            .profile = ecs_pg_text(r, i, 10),
            .reason = ecs_pg_text(r, i, 11),
            .key = ecs_pg_text(r, i, 12),
        };
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_qos_compensations){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_qos_compensation_take(struct ecs_flow *f, struct ecs_store *store, unsigned most,
                                              unsigned lease_s, struct ecs_qos_compensations *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, most),
                                          ecs_pg_p_int(ECS_PG_INT4, lease_s)};

    return store_exec(f, store, ECS_STMT_QOS_COMPENSATION_TAKE, params, ECS_ARRAY_LEN(params),
                      decode_compensations, ret_rows);
}

enum ecs_next ecs_store_qos_compensation_settle(struct ecs_flow *f, struct ecs_store *store, int64_t request,
                                                int64_t serial, struct ecs_str state,
                                                struct ecs_str bss_reference, int64_t delay_s,
                                                struct ecs_str reason)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_int(ECS_PG_INT8, request),
        ecs_pg_p_int(ECS_PG_INT4, serial),
        ecs_pg_p_text(state),
        ecs_pg_p_text(bss_reference),
        ecs_pg_p_int(ECS_PG_INT4, delay_s),
        ecs_pg_p_text(reason.p ? reason : ECS_STR("")),
    };

    return store_exec(f, store, ECS_STMT_QOS_COMPENSATION_SETTLE, params, ECS_ARRAY_LEN(params), NULL, NULL);
}
