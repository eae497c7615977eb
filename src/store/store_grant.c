/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for third parties, misused tokens and the device of a line: rows of sql/queries/grant.sql. */
#include "ecs/store_grant.h"

#include "ecs/clock.h"
#include "store_int.h"

const char *const ecs_grant_kinds[ECS_GRANT_KIND_COUNT + 1] = {"temporary", "operator", "app", NULL};

static struct ecs_str kind_of(enum ecs_grant_kind kind)
{
    return ecs_str_of(ecs_grant_kinds[kind]);
}

/* ---- making ---- */

static enum ecs_rc decode_added(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_grant_added *ret = r->decode_arg;
    int64_t expires = ecs_pg_time(r, 0, 0, 0);
    bool known = ecs_pg_bool(r, 0, 1);

    (void)f;
    if (r->rows != 1 || r->mistyped)
        return ECS_E_INTERNAL;
    if (!known)
        return ECS_E_NOT_FOUND;
    if (!expires)
        return ECS_E_RATE_LIMIT;
    ret->expires_s = expires;
    ecs_time_format(expires, ret->expiry);
    return ECS_OK;
}

enum ecs_next ecs_store_grant_add(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_grant_row *row, struct ecs_grant_added *ret_added)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(row->digest, 32),
        ecs_pg_p_text(kind_of(row->kind)),
        ecs_pg_p_text(row->imsi),
        ecs_pg_p_bytes(row->terminal, 16),
        ecs_pg_p_text(row->app),
        ecs_pg_p_texts(row->operations, row->operation_n),
        ecs_pg_p_texts(row->uses, row->operation_n),
        ecs_pg_p_texts(row->requestor_n ? row->requestors : NULL, row->requestor_n),
        ecs_pg_p_text(row->client_id),
        ecs_pg_p_text(row->scope),
        ecs_pg_p_int(ECS_PG_INT4, row->life_s),
        ecs_pg_p_int(ECS_PG_INT4, row->most),
    };

    return store_exec(f, store, ECS_STMT_GRANT_ADD, params, ECS_ARRAY_LEN(params), decode_added, ret_added);
}

/* ---- using ---- */

static enum ecs_rc decode_used(struct ecs_flow *f, struct ecs_pg_result *r)
{
    static const char *const verdicts[] = {
        [ECS_GRANT_OK] = "ok",
        [ECS_GRANT_UNKNOWN] = "unknown",
        [ECS_GRANT_EXPIRED] = "expired",
        [ECS_GRANT_FINISHED] = "finished",
        [ECS_GRANT_REVOKED] = "revoked",
        [ECS_GRANT_USED] = "used",
        [ECS_GRANT_GONE] = "gone",
        [ECS_GRANT_OTHER_APP] = "app",
        [ECS_GRANT_OTHER_OPERATION] = "operation",
        [ECS_GRANT_OTHER_REQUESTOR] = "requestor",
    };
    struct ecs_grant_used *ret = r->decode_arg, used = {.verdict = ECS_GRANT_UNKNOWN};
    int verdict;

    if (r->rows == 0) {
        *ret = used;
        return ECS_OK;
    }
    verdict = store_word(ecs_pg_text(r, 0, 0), verdicts, ECS_ARRAY_LEN(verdicts));
    used.imsi = ecs_pg_text(r, 0, 1);
    used.terminal = ecs_pg_bytes(r, 0, 2);
    used.operations = ecs_pg_texts(r, 0, 3, f->arena, &used.operation_n);
    used.client_id = ecs_pg_text(r, 0, 4);
    used.scope = ecs_pg_text(r, 0, 5);
    used.expires_s = ecs_pg_time(r, 0, 6, 0);
    used.uses_left = ecs_pg_int(r, 0, 7, 0);
    used.repeated = ecs_pg_bool(r, 0, 8);
    if (verdict < 0 || r->mistyped)
        return ECS_E_INTERNAL;
    used.verdict = (enum ecs_grant_verdict)verdict;
    *ret = used;
    return ECS_OK;
}

enum ecs_next ecs_store_grant_use(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_grant_use *use, struct ecs_grant_used *ret_used)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(use->digest, 32),
        ecs_pg_p_text(kind_of(use->kind)),
        ecs_pg_p_text(use->operation),
        ecs_pg_p_text(use->app),
        ecs_pg_p_text(use->requestor),
        ecs_pg_p_bytes(use->request, 32),
        ecs_pg_p_int(ECS_PG_INT4, use->repeat_s),
        ecs_pg_p_int(ECS_PG_BOOL, use->count),
    };

    return store_exec(f, store, ECS_STMT_GRANT_USE, params, ECS_ARRAY_LEN(params), decode_used, ret_used);
}

/* ---- ending ---- */

static enum ecs_rc decode_finished(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_str *ret = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_E_NOT_FOUND;
    *ret = ecs_pg_text(r, 0, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_grant_finish(struct ecs_flow *f, struct ecs_store *store, const uint8_t digest[32],
                                     struct ecs_str *ret_imsi)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(digest, 32)};

    return store_exec(f, store, ECS_STMT_GRANT_FINISH, params, 1, decode_finished, ret_imsi);
}

static enum ecs_rc decode_count(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int64_t *ret = r->decode_arg, n = ecs_pg_int(r, 0, 0, 0);

    (void)f;
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = n;
    return ECS_OK;
}

enum ecs_next ecs_store_grant_finish_all(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                         int64_t *ret_n)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi)};

    return store_exec(f, store, ECS_STMT_GRANT_FINISH_ALL, params, 1, decode_count, ret_n);
}

static enum ecs_rc decode_reaped(struct ecs_flow *f, struct ecs_pg_result *r)
{
    unsigned *ret = r->decode_arg;

    (void)f;
    *ret = (unsigned)r->affected;
    return ECS_OK;
}

enum ecs_next ecs_store_grant_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                   unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_GRANT_REAP, params, 1, decode_reaped, ret_rows);
}

/* ---- misuse ---- */

static enum ecs_rc decode_noted(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_misuse_noted *ret = r->decode_arg, noted = {.generation = -1};

    (void)f;
    if (r->rows) {
        noted.times = ecs_pg_int(r, 0, 0, 0);
        noted.generation = ecs_pg_int(r, 0, 1, -1);
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = noted;
    return ECS_OK;
}

enum ecs_next ecs_store_misuse_note(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                    int64_t generation, int64_t most, int64_t window_s,
                                    struct ecs_misuse_noted *ret_noted)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_int(ECS_PG_INT4, generation),
                                          ecs_pg_p_int(ECS_PG_INT4, most),
                                          ecs_pg_p_int(ECS_PG_INT4, window_s)};

    return store_exec(f, store, ECS_STMT_TOKEN_MISUSE_NOTE, params, ECS_ARRAY_LEN(params), decode_noted,
                      ret_noted);
}

enum ecs_next ecs_store_misuse_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                    unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_TOKEN_MISUSE_REAP, params, 1, decode_reaped, ret_rows);
}

/* ---- device ---- */

enum ecs_next ecs_store_line_device(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                    const uint8_t terminal[16])
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_bytes(terminal, 16)};

    return store_exec(f, store, ECS_STMT_LINE_DEVICE_SET, params, 2, NULL, NULL);
}
