/* SPDX-License-Identifier: Apache-2.0 */
/* EAP exchanges with an AAA or HSS behind them, and what the HSS says of a line: rows of
 * sql/queries/relay.sql. */
#include "ecs/store_relay.h"

#include "store_int.h"

enum { RELAY_LIFE_S = 60 }; /* of a conversation with an AAA (aaa.md 8.3) */

static struct ecs_pg_param some_text(struct ecs_str s)
{
    return ecs_pg_p_text(s.p ? s : ECS_STR(""));
}

static struct ecs_pg_param some_bytes(struct ecs_str s)
{
    return ecs_pg_p_bytes(s.p ? s.p : "", s.n);
}

static enum ecs_rc decode_flag(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool *ret = r->decode_arg;

    (void)f;
    *ret = r->rows == 1 && ecs_pg_bool(r, 0, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_attempt_count(struct ecs_flow *f, struct ecs_store *store,
                                      const uint8_t subject[ECS_RELAY_DIGEST], int64_t most, int64_t window_s,
                                      bool *ret_granted)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(subject, ECS_RELAY_DIGEST),
        ecs_pg_p_int(ECS_PG_INT4, most),
        ecs_pg_p_int(ECS_PG_INT4, window_s),
    };

    return store_exec(f, store, ECS_STMT_RELAY_ADMIT, params, ECS_ARRAY_LEN(params), decode_flag,
                      ret_granted);
}

enum ecs_next ecs_store_relay_admit(struct ecs_flow *f, struct ecs_store *store,
                                    const uint8_t subject[ECS_RELAY_DIGEST], bool *ret_granted)
{
    return ecs_store_attempt_count(f, store, subject, store->conf.limit_attempts, store->conf.limit_window_s,
                                   ret_granted);
}

enum ecs_next ecs_store_relay_open(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_relay_new *session)
{
    bool short_life = session->kind == ECS_RELAY_EAP && store->conf.session_life_s > RELAY_LIFE_S;
    unsigned life_s = short_life ? RELAY_LIFE_S : store->conf.session_life_s;
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(session->handle.p, session->handle.n),
        ecs_pg_p_int(ECS_PG_INT2, session->kind),
        ecs_pg_p_text(session->provider),
        some_text(session->imsi),
        some_bytes(session->state),
        ecs_pg_p_int(ECS_PG_INT2, session->identifier),
        ecs_pg_p_int(ECS_PG_INT2, session->method),
        some_bytes(session->request),
        some_bytes(session->thread),
        ecs_pg_p_bytes(session->vector.p, session->vector.n),
        ecs_pg_p_int(ECS_PG_INT4, session->wait_s && session->wait_s < life_s ? session->wait_s : life_s),
    };

    if (session->state.n > ECS_ROW_EAP_STATE_MAX)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "store: the request to be kept is too large");
    return store_exec(f, store, ECS_STMT_RELAY_OPEN, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

/* ---- relay ---- */

static enum ecs_relay_found found_of(bool claimed, bool same, bool asking)
{
    if (claimed)
        return ECS_RELAY_CLAIMED;
    if (!same)
        return ECS_RELAY_MISFIT;
    return asking ? ECS_RELAY_ASKING : ECS_RELAY_COPY;
}

static enum ecs_rc decode_take(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_relay_session *ret = r->decode_arg, s = {.found = ECS_RELAY_LOST};
    int64_t outcome;

    (void)f;
    if (r->rows == 0) {
        *ret = s;
        return ECS_OK;
    }
    s.provider = ecs_pg_text(r, 0, 0);
    s.imsi = ecs_pg_text(r, 0, 1);
    s.state = ecs_pg_bytes(r, 0, 2);
    s.thread = ecs_pg_bytes(r, 0, 3);
    s.request = ecs_pg_bytes(r, 0, 4);
    s.rounds = (unsigned)ecs_pg_int(r, 0, 5, 0);
    outcome = ecs_pg_int(r, 0, 6, 0);
    s.created_at = ecs_pg_time(r, 0, 7, 0);
    s.found = found_of(ecs_pg_bool(r, 0, 8), ecs_pg_bool(r, 0, 9), ecs_pg_bool(r, 0, 10));
    s.asked_ms = ecs_pg_int(r, 0, 11, 0);
    if (r->mistyped || outcome < ECS_RELAY_OPEN || outcome > ECS_RELAY_FAILED)
        return ECS_E_INTERNAL;
    s.outcome = (enum ecs_relay_outcome)outcome;
    *ret = s;
    return ECS_OK;
}

enum ecs_next ecs_store_relay_take(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                   const uint8_t digest[ECS_RELAY_DIGEST], uint8_t identifier, uint8_t method,
                                   struct ecs_relay_session *ret_session)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(handle.p, handle.n),
        ecs_pg_p_bytes(digest, ECS_RELAY_DIGEST),
        ecs_pg_p_int(ECS_PG_INT2, identifier),
        ecs_pg_p_int(ECS_PG_INT2, method),
    };

    return store_exec(f, store, ECS_STMT_RELAY_TAKE, params, ECS_ARRAY_LEN(params), decode_take, ret_session);
}

enum ecs_next ecs_store_relay_next(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_relay_next *next)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(next->handle.p, next->handle.n),
        ecs_pg_p_bytes(next->digest, ECS_RELAY_DIGEST),
        ecs_pg_p_int(ECS_PG_INT2, next->identifier),
        ecs_pg_p_int(ECS_PG_INT2, next->method),
        some_bytes(next->request),
        some_bytes(next->thread),
        ecs_pg_p_int(ECS_PG_INT4, next->wait_s < 86400 ? next->wait_s : 86400),
    };

    return store_exec(f, store, ECS_STMT_RELAY_NEXT, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

enum ecs_next ecs_store_relay_end(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                  const uint8_t digest[ECS_RELAY_DIGEST], enum ecs_relay_outcome outcome,
                                  struct ecs_str imsi)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(handle.p, handle.n),
        ecs_pg_p_bytes(digest, ECS_RELAY_DIGEST),
        ecs_pg_p_int(ECS_PG_INT2, outcome),
        some_text(imsi),
    };

    return store_exec(f, store, ECS_STMT_RELAY_END, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

/* ---- vectors of the HSS ---- */

static enum ecs_rc decode_hss(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_hss_session *ret = r->decode_arg, s = {0};

    (void)f;
    if (r->rows > 0) {
        s.found = true;
        s.provider = ecs_pg_text(r, 0, 0);
        s.imsi = ecs_pg_text(r, 0, 1);
        s.state = ecs_pg_bytes(r, 0, 2);
        s.vector = ecs_pg_bytes(r, 0, 3);
        s.identifier = (uint8_t)ecs_pg_int(r, 0, 4, 0);
        s.rounds = (unsigned)ecs_pg_int(r, 0, 5, 0);
        s.created_at = ecs_pg_time(r, 0, 6, 0);
        s.repeated = ecs_pg_bool(r, 0, 7);
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = s;
    return ECS_OK;
}

enum ecs_next ecs_store_hss_take(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                 struct ecs_hss_session *ret_session)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(handle.p, handle.n)};

    return store_exec(f, store, ECS_STMT_HSS_TAKE, params, 1, decode_hss, ret_session);
}

static enum ecs_rc decode_again(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_hss_again *ret = r->decode_arg;

    (void)f;
    ret->found = r->rows > 0;
    if (!ret->found)
        return ECS_OK;
    ret->taken = ecs_pg_bool(r, 0, 0);
    ret->now_identifier = ret->taken ? ret->identifier : (uint8_t)ecs_pg_int(r, 0, 2, 0);
    ret->now_vector = ret->taken ? ret->vector : ecs_pg_bytes(r, 0, 3);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_hss_again(struct ecs_flow *f, struct ecs_store *store, struct ecs_hss_again *again)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(again->handle.p, again->handle.n),
        ecs_pg_p_int(ECS_PG_INT2, again->rounds),
        ecs_pg_p_int(ECS_PG_INT2, again->identifier),
        ecs_pg_p_bytes(again->vector.p, again->vector.n),
    };

    return store_exec(f, store, ECS_STMT_HSS_AGAIN, params, ECS_ARRAY_LEN(params), decode_again, again);
}

enum ecs_next ecs_store_hss_mark(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                 bool refused)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(handle.p, handle.n)};

    return store_exec(f, store, refused ? ECS_STMT_HSS_REFUSE : ECS_STMT_HSS_REOPEN, params, 1, NULL, NULL);
}

enum ecs_next ecs_store_relay_passed(struct ecs_flow *f, struct ecs_store *store,
                                     const uint8_t subject[ECS_RELAY_DIGEST], struct ecs_str handle)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(subject, ECS_RELAY_DIGEST),
        ecs_pg_p_bytes(handle.p, handle.n),
    };

    return store_exec(f, store, ECS_STMT_RELAY_PASSED, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

/* ---- what the network says of a line ---- */

enum ecs_next ecs_store_profile_claim(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                      uint32_t age_s, bool *ret_claimed)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_int(ECS_PG_INT4, age_s)};

    return store_exec(f, store, ECS_STMT_PROFILE_CLAIM, params, ECS_ARRAY_LEN(params), decode_flag,
                      ret_claimed);
}

enum ecs_next ecs_store_profile_release(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi)};

    return store_exec(f, store, ECS_STMT_PROFILE_RELEASE, params, 1, NULL, NULL);
}

enum ecs_next ecs_store_profile_note(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                     bool barred)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(imsi),
        ecs_pg_p_text(barred ? ECS_STR("barred") : ECS_STR("allowed")),
    };

    return store_exec(f, store, ECS_STMT_PROFILE_NOTE, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

enum ecs_next ecs_store_number_note(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                    struct ecs_str msisdn)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_text(msisdn)};

    return store_exec(f, store, ECS_STMT_NUMBER_NOTE, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

/* ---- the reaper ---- */

static enum ecs_rc decode_reap(struct ecs_flow *f, struct ecs_pg_result *r)
{
    unsigned *ret_rows = r->decode_arg;

    (void)f;
    *ret_rows = (unsigned)r->affected;
    return ECS_OK;
}

enum ecs_next ecs_store_relay_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                   unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_RELAY_REAP, params, 1, decode_reap, ret_rows);
}

enum ecs_next ecs_store_attempt_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                     unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_ATTEMPT_REAP, params, 1, decode_reap, ret_rows);
}
