/* SPDX-License-Identifier: Apache-2.0 */
/* Logins between two HTTP requests: rows of login and otp_number (sql/queries/login.sql). */
#include "ecs/store_login.h"

#include "ecs/flow.h"
#include "store_int.h"

enum { OPENED_MAX = 5 };

static const char *const kinds[] = {"oidc", "factor", "otp"};
static const char *const subject_kinds[] = {"table", "msisdn", "imsi"};

enum ecs_next ecs_store_login_add(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_login_new *login)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(login->handle, ECS_LOGIN_DIGEST),
        ecs_pg_p_text(ecs_str_of(kinds[login->kind])),
        ecs_pg_p_text(login->provider),
        ecs_pg_p_bytes(login->request.p ? login->request.p : "", login->request.n),
        ecs_pg_p_text(login->nonce),
        ecs_pg_p_text(login->verifier),
        ecs_pg_p_text(login->imsi),
        ecs_pg_p_bytes(login->number, ECS_LOGIN_DIGEST),
        ecs_pg_p_int(ECS_PG_INT4, login->life_s),
    };

    if (login->request.n > ECS_LOGIN_REQUEST_MAX)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "store: the request to be kept is too large");
    return store_exec(f, store, ECS_STMT_LOGIN_ADD, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

static enum ecs_rc decode_login(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_login_row *ret = r->decode_arg, row = {0};
    int kind;

    (void)f;
    if (r->rows) {
        row.found = true;
        kind = store_word(ecs_pg_text(r, 0, 0), kinds, ECS_ARRAY_LEN(kinds));
        row.provider = ecs_pg_text(r, 0, 1);
        row.request = ecs_pg_bytes(r, 0, 2);
        row.nonce = ecs_pg_text(r, 0, 3);
        row.verifier = ecs_pg_text(r, 0, 4);
        row.imsi = ecs_pg_text(r, 0, 5);
        row.proof = ecs_pg_bytes(r, 0, 6);
        if (r->mistyped || kind < 0)
            return ECS_E_INTERNAL;
        row.kind = (enum ecs_login_kind)kind;
    }
    *ret = row;
    return ECS_OK;
}

enum ecs_next ecs_store_login_take(struct ecs_flow *f, struct ecs_store *store, const uint8_t *handle,
                                   struct ecs_login_row *ret_row)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(handle, ECS_LOGIN_DIGEST),
                                          ecs_pg_p_int(ECS_PG_INT2, OPENED_MAX)};

    return store_exec(f, store, ECS_STMT_LOGIN_TAKE, params, ECS_ARRAY_LEN(params), decode_login, ret_row);
}

enum ecs_next ecs_store_login_reopen(struct ecs_flow *f, struct ecs_store *store, const uint8_t *handle)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(handle, ECS_LOGIN_DIGEST)};

    return store_exec(f, store, ECS_STMT_LOGIN_REOPEN, params, 1, NULL, NULL);
}

static enum ecs_rc decode_lines(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_login_lines *ret = r->decode_arg;
    struct ecs_login_line *line = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*line));

    if (!line)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        line[i] = (struct ecs_login_line){ecs_pg_text(r, i, 0), ecs_pg_text(r, i, 1)};
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_login_lines){line, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_login_lines(struct ecs_flow *f, struct ecs_store *store, enum ecs_subject_by by,
                                    struct ecs_str provider, struct ecs_str subject,
                                    struct ecs_login_lines *ret_lines)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(ecs_str_of(subject_kinds[by])),
                                          ecs_pg_p_text(provider), ecs_pg_p_text(subject)};

    return store_exec(f, store, ECS_STMT_LOGIN_SUBJECT, params, ECS_ARRAY_LEN(params), decode_lines,
                      ret_lines);
}

/* ---- one-time codes ---- */

static enum ecs_rc decode_begun(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_otp_begun *ret = r->decode_arg, begun = {0};

    (void)f;
    begun.granted = ecs_pg_bool(r, 0, 0);
    begun.imsi = ecs_pg_text(r, 0, 1);
    begun.wait_s = ecs_pg_int(r, 0, 2, 0);
    if (r->rows != 1 || r->mistyped)
        return ECS_E_INTERNAL;
    *ret = begun;
    return ECS_OK;
}

enum ecs_next ecs_store_otp_begin(struct ecs_flow *f, struct ecs_store *store, const struct ecs_otp_new *otp,
                                  const struct ecs_otp_limits *limits, struct ecs_otp_begun *ret_begun)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(otp->handle, ECS_LOGIN_DIGEST),
        ecs_pg_p_bytes(otp->request.p ? otp->request.p : "", otp->request.n),
        ecs_pg_p_bytes(otp->code, ECS_LOGIN_DIGEST),
        ecs_pg_p_text(otp->msisdn),
        ecs_pg_p_text(otp->imsi),
        ecs_pg_p_bytes(otp->number, ECS_LOGIN_DIGEST),
        ecs_pg_p_int(ECS_PG_INT4, limits->life_s),
        ecs_pg_p_int(ECS_PG_INT4, limits->interval_s),
        ecs_pg_p_int(ECS_PG_INT4, limits->per_day),
    };

    if (otp->request.n > ECS_LOGIN_REQUEST_MAX)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "store: the request to be kept is too large");
    return store_exec(f, store, ECS_STMT_OTP_BEGIN, params, ECS_ARRAY_LEN(params), decode_begun, ret_begun);
}

static enum ecs_rc decode_tried(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_otp_tried *ret = r->decode_arg, tried = {0};

    (void)f;
    if (r->rows) {
        tried.found = true;
        tried.right = ecs_pg_bool(r, 0, 0);
        tried.imsi = ecs_pg_text(r, 0, 1);
        tried.request = ecs_pg_bytes(r, 0, 2);
        tried.tries = (unsigned)ecs_pg_int(r, 0, 3, 0);
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = tried;
    return ECS_OK;
}

enum ecs_next ecs_store_otp_try(struct ecs_flow *f, struct ecs_store *store, const uint8_t *handle,
                                const uint8_t *code, const struct ecs_otp_limits *limits,
                                struct ecs_otp_tried *ret_tried)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(handle, ECS_LOGIN_DIGEST),
                                          ecs_pg_p_bytes(code, ECS_LOGIN_DIGEST),
                                          ecs_pg_p_int(ECS_PG_INT2, limits->tries)};

    return store_exec(f, store, ECS_STMT_OTP_TRY, params, ECS_ARRAY_LEN(params), decode_tried, ret_tried);
}

static enum ecs_rc decode_sent(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_factor_sent *ret = r->decode_arg, sent = {0};

    (void)f;
    if (r->rows) {
        sent.found = true;
        sent.msisdn = ecs_pg_text(r, 0, 0);
        sent.send = ecs_pg_bool(r, 0, 1) && sent.msisdn.n;
        sent.has_code = ecs_pg_bool(r, 0, 2);
        sent.tries = (unsigned)ecs_pg_int(r, 0, 3, 0);
        sent.wait_s = ecs_pg_int(r, 0, 4, 0);
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = sent;
    return ECS_OK;
}

enum ecs_next ecs_store_factor_send(struct ecs_flow *f, struct ecs_store *store, const uint8_t *handle,
                                    const uint8_t *code, bool first, const struct ecs_otp_limits *limits,
                                    struct ecs_factor_sent *ret_sent)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(handle, ECS_LOGIN_DIGEST),
        ecs_pg_p_bytes(code, ECS_LOGIN_DIGEST),
        ecs_pg_p_int(ECS_PG_INT4, limits->interval_s),
        ecs_pg_p_int(ECS_PG_INT4, limits->per_day),
        ecs_pg_p_int(ECS_PG_BOOL, first),
    };

    return store_exec(f, store, ECS_STMT_FACTOR_SEND, params, ECS_ARRAY_LEN(params), decode_sent, ret_sent);
}

static enum ecs_rc decode_factor(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_otp_tried *ret = r->decode_arg, tried = {0};

    (void)f;
    if (r->rows) {
        tried.found = true;
        tried.right = ecs_pg_bool(r, 0, 0);
        tried.tries = (unsigned)ecs_pg_int(r, 0, 1, 0);
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = tried;
    return ECS_OK;
}

enum ecs_next ecs_store_factor_try(struct ecs_flow *f, struct ecs_store *store, const uint8_t *handle,
                                   const uint8_t *code, const uint8_t *proof,
                                   const struct ecs_otp_limits *limits, struct ecs_otp_tried *ret_tried)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(handle, ECS_LOGIN_DIGEST), ecs_pg_p_bytes(code, ECS_LOGIN_DIGEST),
        ecs_pg_p_int(ECS_PG_INT2, limits->tries), ecs_pg_p_bytes(proof, ECS_LOGIN_DIGEST)};

    return store_exec(f, store, ECS_STMT_FACTOR_TRY, params, ECS_ARRAY_LEN(params), decode_factor, ret_tried);
}

/* ---- reaper ---- */

static enum ecs_rc decode_reap(struct ecs_flow *f, struct ecs_pg_result *r)
{
    unsigned *ret_rows = r->decode_arg;

    (void)f;
    *ret_rows = (unsigned)r->affected;
    return ECS_OK;
}

enum ecs_next ecs_store_login_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                   unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_LOGIN_REAP, params, 1, decode_reap, ret_rows);
}

enum ecs_next ecs_store_otp_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                 unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_OTP_REAP, params, 1, decode_reap, ret_rows);
}

/* ---- subjects ---- */

static enum ecs_rc decode_created(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool *ret_created = r->decode_arg, created = ecs_pg_bool(r, 0, 0);

    (void)f;
    if (r->rows != 1 || r->mistyped)
        return ECS_E_INTERNAL;
    *ret_created = created;
    return ECS_OK;
}

enum ecs_next ecs_store_subject_put(struct ecs_flow *f, struct ecs_store *store, struct ecs_str provider,
                                    struct ecs_str subject, struct ecs_str imsi, bool *ret_created)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(provider), ecs_pg_p_text(subject),
                                          ecs_pg_p_text(imsi)};

    return store_exec(f, store, ECS_STMT_SUBJECT_PUT, params, ECS_ARRAY_LEN(params), decode_created,
                      ret_created);
}

static enum ecs_rc decode_deleted(struct ecs_flow *f, struct ecs_pg_result *r)
{
    (void)f;
    return r->rows ? ECS_OK : ECS_E_NOT_FOUND;
}

enum ecs_next ecs_store_subject_delete(struct ecs_flow *f, struct ecs_store *store, struct ecs_str provider,
                                       struct ecs_str subject, struct ecs_str imsi)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(provider), ecs_pg_p_text(subject),
                                          ecs_pg_p_text(imsi)};

    return store_exec(f, store, ECS_STMT_SUBJECT_DELETE, params, ECS_ARRAY_LEN(params), decode_deleted, NULL);
}

static enum ecs_rc decode_subjects(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_subject_rows *ret = r->decode_arg;
    struct ecs_subject_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] =
            (struct ecs_subject_row){ecs_pg_text(r, i, 0), ecs_pg_text(r, i, 1), ecs_pg_time(r, i, 2, 0)};
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_subject_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_subject_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                     struct ecs_subject_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi)};

    return store_exec(f, store, ECS_STMT_SUBJECT_LIST, params, 1, decode_subjects, ret_rows);
}
