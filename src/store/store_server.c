/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens of application servers: rows of server_token and jwt_seen. */
#include "ecs/store_server.h"

#include "ecs/flow.h"
#include "store_int.h"

static struct ecs_pg_param digest_param(const uint8_t *digest)
{
    return ecs_pg_p_bytes(digest, ECS_SERVER_DIGEST_LEN);
}

static struct ecs_pg_param expiry_param(const struct ecs_server_assertion *assertion)
{
    return ecs_pg_p_int(assertion->issuer.p ? ECS_PG_TIMESTAMPTZ : ECS_PG_NULL, assertion->expires_s);
}

static enum ecs_rc decode_issue(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool *ret_fresh = r->decode_arg;

    (void)f;
    *ret_fresh = r->rows == 1;
    return ECS_OK;
}

enum ecs_next ecs_store_server_issue(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_server_issue *issue, bool *ret_fresh)
{
    const struct ecs_pg_param params[] = {
        digest_param(issue->digest),
        ecs_pg_p_text(issue->client_id),
        ecs_pg_p_text(issue->scope),
        ecs_pg_p_text(issue->audience),
        digest_param(issue->subject),
        ecs_pg_p_int(ECS_PG_BOOL, issue->single_use),
        ecs_pg_p_int(ECS_PG_INT4, issue->life_s),
        ecs_pg_p_text(issue->assertion.issuer),
        digest_param(issue->assertion.jti),
        expiry_param(&issue->assertion),
    };

    return store_exec(f, store, ECS_STMT_SERVER_TOKEN_ISSUE, params, ECS_ARRAY_LEN(params), decode_issue,
                      ret_fresh);
}

static enum ecs_rc decode_use(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_server_used *used = r->decode_arg;
    int64_t verdict = ECS_SERVER_UNKNOWN;

    (void)f;
    used->scope = ECS_STR_NULL;
    if (r->rows == 1) {
        verdict = ecs_pg_int(r, 0, 0, ECS_SERVER_UNKNOWN);
        used->scope = ecs_pg_text(r, 0, 1);
    }
    if (r->mistyped || verdict < 0 || verdict >= ECS_SERVER_VERDICT_COUNT)
        return ECS_E_INTERNAL;
    used->verdict = (enum ecs_server_verdict)verdict;
    return ECS_OK;
}

enum ecs_next ecs_store_server_use(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_server_use *use, struct ecs_server_used *ret_used)
{
    const struct ecs_pg_param params[] = {
        digest_param(use->digest),         ecs_pg_p_text(use->client_id), ecs_pg_p_text(use->requestor_id),
        ecs_pg_p_text(use->enterprise_id), digest_param(use->subject),
    };

    return store_exec(f, store, ECS_STMT_SERVER_TOKEN_USE, params, ECS_ARRAY_LEN(params), decode_use,
                      ret_used);
}

static enum ecs_rc decode_bool(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool *ret_fresh = r->decode_arg;

    (void)f;
    *ret_fresh = ecs_pg_bool(r, 0, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_server_revoke(struct ecs_flow *f, struct ecs_store *store, const uint8_t *digest,
                                      struct ecs_str client_id, const struct ecs_server_assertion *assertion,
                                      bool *ret_fresh)
{
    const struct ecs_pg_param params[] = {
        digest_param(digest),         ecs_pg_p_text(client_id), ecs_pg_p_text(assertion->issuer),
        digest_param(assertion->jti), expiry_param(assertion),
    };

    return store_exec(f, store, ECS_STMT_SERVER_TOKEN_REVOKE, params, ECS_ARRAY_LEN(params), decode_bool,
                      ret_fresh);
}

enum ecs_next ecs_store_server_bind(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_server_binding *binding, bool *ret_good)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(binding->issuer),
        digest_param(binding->jti),
        digest_param(binding->owner),
        ecs_pg_p_int(ECS_PG_TIMESTAMPTZ, binding->expires_s),
    };

    return store_exec(f, store, ECS_STMT_SERVER_TOKEN_BIND, params, ECS_ARRAY_LEN(params), decode_bool,
                      ret_good);
}

static enum ecs_rc decode_reap(struct ecs_flow *f, struct ecs_pg_result *r)
{
    unsigned *ret_rows = r->decode_arg;

    (void)f;
    *ret_rows = (unsigned)ecs_pg_int(r, 0, 0, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_server_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                    unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_SERVER_REAP, params, 1, decode_reap, ret_rows);
}
