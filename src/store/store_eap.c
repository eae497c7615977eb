/* SPDX-License-Identifier: Apache-2.0 */
/* EAP-AKA exchanges of the built-in AuC: vector data and session on the first leg, session and facts on the
 * second (sql/queries/eap.sql). Keys stay wrapped here. */
#include <string.h>

#include "store_int.h"

enum { FINISH_FIRST = 1 + STORE_FACTS_COLUMNS };

/* Columns first... are algorithm, ki_wrapped, opc_wrapped, amf, res_len. */
static bool decode_key(struct ecs_pg_result *r, unsigned first, struct ecs_auc_key *ret_key)
{
    struct ecs_str algorithm = ecs_pg_text(r, 0, first);
    struct ecs_str amf = ecs_pg_bytes(r, 0, first + 3);
    int64_t res_len = ecs_pg_int(r, 0, first + 4, 0);

    if (amf.n != 2 || (res_len != 4 && res_len != 8 && res_len != 16))
        return false;
    ret_key->tuak = ecs_str_eq(algorithm, ECS_STR("tuak"));
    ret_key->ki_wrapped = ecs_pg_bytes(r, 0, first + 1);
    ret_key->opc_wrapped = ecs_pg_bytes(r, 0, first + 2);
    memcpy(ret_key->amf, amf.p, 2);
    ret_key->res_len = (uint8_t)res_len;
    return ret_key->ki_wrapped.p && ret_key->opc_wrapped.p;
}

static bool copy_rand(struct ecs_str bytes, uint8_t out[16])
{
    if (bytes.n != 16)
        return false;
    memcpy(out, bytes.p, 16);
    return true;
}

static enum ecs_rc decode_begin(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_eap_begun *ret = r->decode_arg;
    struct ecs_eap_begun begun = {0};
    bool known = ecs_pg_bool(r, 0, 0), granted = ecs_pg_bool(r, 0, 1);

    (void)f;
    begun.outcome = !known ? ECS_ROW_EAP_UNKNOWN : granted ? ECS_ROW_EAP_OK : ECS_ROW_EAP_LIMITED;
    begun.sqn = (uint64_t)ecs_pg_int(r, 0, 7, 0);
    begun.attempts = (unsigned)ecs_pg_int(r, 0, 8, 0);
    begun.token_generation = (int32_t)ecs_pg_int(r, 0, 9, 0);
    if (r->rows != 1 || (begun.outcome == ECS_ROW_EAP_OK && !decode_key(r, 2, &begun.key)) || r->mistyped)
        return ECS_E_INTERNAL;
    *ret = begun;
    return ECS_OK;
}

enum ecs_next ecs_store_eap_begin(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_eap_begin *begin, struct ecs_eap_begun *ret_begun)
{
    const struct ecs_store_conf *conf = &store->conf;
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(begin->imsi),
        ecs_pg_p_bytes(begin->handle.p, begin->handle.n),
        ecs_pg_p_bytes(begin->rand, 16),
        ecs_pg_p_bytes(begin->state.p ? begin->state.p : "", begin->state.n),
        ecs_pg_p_int(ECS_PG_INT2, begin->identifier),
        ecs_pg_p_int(ECS_PG_INT4, conf->session_life_s),
        ecs_pg_p_int(ECS_PG_INT4, conf->ind),
        ecs_pg_p_int(ECS_PG_INT4, conf->ind_bits),
        ecs_pg_p_int(ECS_PG_INT4, conf->limit_attempts),
        ecs_pg_p_int(ECS_PG_INT4, conf->limit_window_s),
        ecs_pg_p_text(begin->terminal_id),
        ecs_pg_p_text(begin->tac),
    };

    if (begin->state.n > ECS_ROW_EAP_STATE_MAX)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "store: the request to be kept is too large");
    return store_exec(f, store, ECS_STMT_EAP_BEGIN, params, ECS_ARRAY_LEN(params), decode_begin, ret_begun);
}

static enum ecs_rc decode_finish(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_eap_session *ret = r->decode_arg;
    struct ecs_eap_session s = {0};
    enum ecs_rc rc;
    const unsigned c = FINISH_FIRST;

    if (r->rows == 0) {
        *ret = (struct ecs_eap_session){.outcome = ECS_ROW_EAP_UNKNOWN};
        return ECS_OK;
    }
    s.imsi = ecs_pg_text(r, 0, c);
    s.terminal_id = ecs_pg_text(r, 0, c + 1);
    s.tac = ecs_pg_text(r, 0, c + 2);
    s.sqn = (uint64_t)ecs_pg_int(r, 0, c + 4, 0);
    s.state = ecs_pg_bytes(r, 0, c + 5);
    s.identifier = (uint8_t)ecs_pg_int(r, 0, c + 6, 0);
    s.rounds = (unsigned)ecs_pg_int(r, 0, c + 7, 0);
    s.repeated = ecs_pg_bool(r, 0, c + 8);
    s.created_at = ecs_pg_time(r, 0, c + 9, 0);
    s.has_key = !ecs_pg_is_null(r, 0, c + 10);
    s.attempts = (unsigned)ecs_pg_int(r, 0, c + 15, 0);
    if (!copy_rand(ecs_pg_bytes(r, 0, c + 3), s.rand) || (s.has_key && !decode_key(r, c + 10, &s.key)))
        return ECS_E_INTERNAL;
    rc = store_decode_facts(f, r, 1, &s.facts);
    if (rc == ECS_OK)
        *ret = s;
    return rc;
}

enum ecs_next ecs_store_eap_finish(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                   struct ecs_eap_session *ret_session)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(handle.p, handle.n)};

    return store_exec(f, store, ECS_STMT_EAP_FINISH, params, 1, decode_finish, ret_session);
}

static enum ecs_rc decode_resync(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_eap_challenge *ret = r->decode_arg;
    struct ecs_eap_challenge challenge = {.outcome = ECS_ROW_EAP_UNKNOWN};

    (void)f;
    if (r->rows > 0) {
        bool taken = ecs_pg_bool(r, 0, 0), limited = ecs_pg_bool(r, 0, 1), raced = ecs_pg_bool(r, 0, 2);

        /* none of the three: the key is gone or its SQN are spent */
        challenge.outcome = taken     ? ECS_ROW_EAP_OK
                            : limited ? ECS_ROW_EAP_LIMITED
                            : raced   ? ECS_ROW_EAP_RACED
                                      : ECS_ROW_EAP_UNKNOWN;
        challenge.sqn = (uint64_t)ecs_pg_int(r, 0, 3, 0);
        challenge.identifier = (uint8_t)ecs_pg_int(r, 0, 5, 0);
        if (!copy_rand(ecs_pg_bytes(r, 0, 4), challenge.rand) || r->mistyped)
            return ECS_E_INTERNAL;
    }
    *ret = challenge;
    return ECS_OK;
}

enum ecs_next ecs_store_eap_resync(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_eap_resync *resync,
                                   struct ecs_eap_challenge *ret_challenge)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(resync->handle.p, resync->handle.n),
        ecs_pg_p_int(ECS_PG_INT8, (int64_t)resync->sqn_ms),
        ecs_pg_p_bytes(resync->rand, 16),
        ecs_pg_p_int(ECS_PG_INT2, resync->identifier),
        ecs_pg_p_int(ECS_PG_INT2, resync->rounds),
        ecs_pg_p_int(ECS_PG_INT4, store->conf.ind),
        ecs_pg_p_int(ECS_PG_INT4, store->conf.ind_bits),
        ecs_pg_p_int(ECS_PG_INT2, ECS_ROW_EAP_CHALLENGES_MAX),
    };

    if (resync->sqn_ms >> 48)
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "store: an SQN has 48 bits");
    return store_exec(f, store, ECS_STMT_EAP_RESYNC, params, ECS_ARRAY_LEN(params), decode_resync,
                      ret_challenge);
}

enum ecs_next ecs_store_eap_mark(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                 bool refused)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(handle.p, handle.n)};

    return store_exec(f, store, refused ? ECS_STMT_EAP_REFUSE : ECS_STMT_EAP_REOPEN, params, 1, NULL, NULL);
}

enum ecs_next ecs_store_eap_passed(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi)};

    return store_exec(f, store, ECS_STMT_EAP_PASSED, params, 1, NULL, NULL);
}

static enum ecs_rc decode_reap(struct ecs_flow *f, struct ecs_pg_result *r)
{
    unsigned *ret_rows = r->decode_arg;

    (void)f;
    *ret_rows = (unsigned)r->affected;
    return ECS_OK;
}

enum ecs_next ecs_store_eap_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                 unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_EAP_REAP, params, 1, decode_reap, ret_rows);
}
