/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for third parties: making, judging and ending them. The rows are the store's. */
#include "ecs/grant.h"

#include <stdio.h>
#include <string.h>

#include "ecs/log.h"
#include "grant_priv.h"

enum { REQUESTOR_MAX = 128, PARTS_MAX = 4 * ECS_P_COUNT };

/* ---- settings ---- */

bool grant_uses_read(struct ecs_str text, enum ecs_operation *ret_operation, int64_t *ret_uses)
{
    struct ecs_str name;

    return ecs_str_cut(&text, '=', &name) && ecs_operation_find(ecs_str_trim(name), ret_operation) &&
           ecs_str_to_i64(ecs_str_trim(text), ret_uses) && *ret_uses >= 1 && *ret_uses <= 1000000;
}

static int64_t uses_of(const struct ecs_grant_conf *conf, enum ecs_grant_kind kind,
                       enum ecs_operation operation)
{
    if (kind == ECS_GRANT_OPERATOR)
        return conf->operator_uses ? conf->operator_uses : -1;
    for (size_t i = 0; kind == ECS_GRANT_TEMPORARY && i < conf->uses.n; i++) {
        enum ecs_operation named;
        int64_t uses;

        if (grant_uses_read(conf->uses.items[i], &named, &uses) && named == operation)
            return uses;
    }
    return 1;
}

static int64_t life_of(const struct ecs_grant_conf *conf, const struct ecs_grant_order *order)
{
    const int64_t most[] = {[ECS_GRANT_TEMPORARY] = conf->temporary_life_s,
                            [ECS_GRANT_OPERATOR] = conf->operator_life_s,
                            [ECS_GRANT_APP] = conf->app_life_s};

    return order->life_s > 0 && order->life_s < most[order->kind] ? order->life_s : most[order->kind];
}

/* ---- texts ---- */

static struct ecs_str lower_copy(struct ecs_arena *arena, struct ecs_str text)
{
    char *p = ecs_strdup(arena, text);

    for (size_t i = 0; p && i < text.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + 32);
    return p ? (struct ecs_str){p, text.n} : ECS_STR_NULL;
}

bool ecs_grant_digest(struct ecs_crypto *crypto, enum ecs_grant_kind kind, struct ecs_str text,
                      uint8_t ret_digest[32])
{
    struct ecs_str parts[] = {ECS_STR("grant-"), ecs_str_of(ecs_grant_kinds[kind]), ECS_STR("-"), text};
    uint8_t bytes[ECS_GRANT_BYTES];

    if (text.n != ECS_GRANT_TEXT_MAX || ecs_base32_decode(text, bytes, sizeof(bytes)) != ECS_GRANT_BYTES)
        return false;
    return ecs_digest(crypto, ECS_DIGEST_SHA256, parts, ECS_ARRAY_LEN(parts), ret_digest);
}

/* ---- making ---- */

/* An operator token consumes, an App token names an application. */
static bool serves(enum ecs_grant_kind kind, enum ecs_operation operation)
{
    if (kind == ECS_GRANT_APP)
        return operation == ECS_OP_GET_3P_APP_INFO;
    return ecs_operation_accepts(operation, kind == ECS_GRANT_OPERATOR ? ECS_BY_OPERATOR : ECS_BY_TEMPORARY);
}

/* Columns of the row that are lists. */
static enum ecs_rc list_operations(struct ecs_arena *arena, const struct ecs_grant_conf *conf,
                                   const struct ecs_grant_order *order, struct ecs_grant_row *row)
{
    struct ecs_str *names = ecs_alloc(arena, 2 * ECS_OPERATION_COUNT * sizeof(*names));
    struct ecs_str *uses = names + ECS_OPERATION_COUNT;
    unsigned operations = order->operations;

    if (!names)
        return ECS_E_NO_MEMORY;
    if (order->kind == ECS_GRANT_TEMPORARY && operations & 1u << ECS_OP_MANAGE_SUBSCRIPTION)
        operations |= 1u << ECS_OP_CHECK_ELIGIBILITY;
    for (unsigned i = 0; i < ECS_OPERATION_COUNT; i++) {
        const char *count;

        if (!(operations & 1u << i))
            continue;
        if (!ecs_operation_is_of((enum ecs_operation)i, order->app) ||
            !serves(order->kind, (enum ecs_operation)i))
            return ECS_E_BAD_PARAMETER;
        count = ecs_printf(arena, "%lld", (long long)uses_of(conf, order->kind, (enum ecs_operation)i));
        names[row->operation_n] = lower_copy(arena, ecs_str_of(ecs_operation_name((enum ecs_operation)i)));
        uses[row->operation_n] = ecs_str_of(count);
        if (!count || !names[row->operation_n].p)
            return ECS_E_NO_MEMORY;
        row->operation_n++;
    }
    row->operations = names;
    row->uses = uses;
    return row->operation_n ? ECS_OK : ECS_E_BAD_PARAMETER;
}

static enum ecs_rc list_requestors(struct ecs_arena *arena, const struct ecs_grant_order *order,
                                   struct ecs_grant_row *row)
{
    struct ecs_str *names = ecs_alloc(arena, (order->requestor_n + 1) * sizeof(*names));

    if (order->requestor_n > ECS_GRANT_REQUESTORS_MAX)
        return ECS_E_BAD_PARAMETER;
    for (size_t i = 0; names && i < order->requestor_n; i++) {
        if (!order->requestors[i].n || order->requestors[i].n > REQUESTOR_MAX)
            return ECS_E_BAD_PARAMETER;
        names[i] = lower_copy(arena, order->requestors[i]);
        if (!names[i].p)
            return ECS_E_NO_MEMORY;
    }
    row->requestors = names;
    row->requestor_n = order->requestor_n;
    return names ? ECS_OK : ECS_E_NO_MEMORY;
}

static enum ecs_rc make_text(const struct ecs_auth_env *env, enum ecs_grant_kind kind,
                             struct ecs_grant *grant, uint8_t *digest)
{
    uint8_t bytes[ECS_GRANT_BYTES];
    bool good = ecs_random(env->crypto, bytes, sizeof(bytes));

    ecs_base32_encode(bytes, sizeof(bytes), grant->text);
    ecs_wipe(bytes, sizeof(bytes));
    return good && ecs_grant_digest(env->crypto, kind, ecs_str_of(grant->text), digest) ? ECS_OK
                                                                                        : ECS_E_INTERNAL;
}

enum ecs_next ecs_grant_mint(struct ecs_flow *f, const struct ecs_auth_env *env,
                             const struct ecs_grant_order *order, struct ecs_grant *ret_grant)
{
    uint8_t *digest = ecs_alloc(f->arena, 32);
    struct ecs_grant_row row = {
        .kind = order->kind,
        .digest = digest,
        .imsi = order->imsi ? ecs_str_of(order->imsi->s) : ECS_STR_NULL,
        .terminal = order->terminal,
        .app = ecs_str_of(ecs_app_id(order->app)),
        .client_id = order->client_id.n ? order->client_id : ECS_STR_NULL,
        .scope = order->scope.n ? order->scope : ECS_STR_NULL,
        .life_s = life_of(env->grants, order),
        .most = env->grants->per_subscriber,
    };
    enum ecs_rc rc = digest ? list_operations(f->arena, env->grants, order, &row) : ECS_E_NO_MEMORY;

    if (rc == ECS_OK)
        rc = list_requestors(f->arena, order, &row);
    if (rc == ECS_OK && !order->imsi && order->kind != ECS_GRANT_APP)
        rc = ECS_E_BAD_PARAMETER;
    if (rc == ECS_OK)
        rc = make_text(env, order->kind, ret_grant, digest);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc,
                             rc == ECS_E_BAD_PARAMETER
                                 ? "token: operations, application or requestors do not fit"
                                 : "the token cannot be made");
    return ecs_store_grant_add(f, env->store, &row, &ret_grant->added);
}

/* ---- using ---- */

/* What makes a repetition: all parameters but the caller's access token, which may be a fresh one. */
static bool digest_request(struct ecs_crypto *crypto, const struct ecs_ts43_request *request,
                           uint8_t ret_digest[32])
{
    struct ecs_str parts[PARTS_MAX];
    char heads[ECS_P_COUNT][24];
    size_t n = 0;

    for (unsigned i = 0; i < ECS_P_COUNT; i++) {
        if (!request->param[i].p || i == ECS_P_ACCESS_TOKEN)
            continue;
        /* The length in front keeps values apart. */
        parts[n++] = (struct ecs_str){
            heads[i], (size_t)snprintf(heads[i], sizeof(heads[i]), "%u:%zu:", i, request->param[i].n)};
        parts[n++] = request->param[i];
    }
    return ecs_digest(crypto, ECS_DIGEST_SHA256, parts, n, ret_digest);
}

enum ecs_next ecs_grant_use(struct ecs_flow *f, const struct ecs_auth_env *env, enum ecs_grant_kind kind,
                            struct ecs_str text, const struct ecs_ts43_request *request,
                            enum ecs_operation operation, enum ecs_app app, bool count,
                            struct ecs_grant_used *ret_used)
{
    uint8_t *digests = ecs_alloc(f->arena, 64);
    struct ecs_str requestor = request->param[ECS_P_REQUESTOR_ID];
    struct ecs_grant_use use = {
        .kind = kind,
        .digest = digests,
        .request = digests + 32,
        .operation = lower_copy(f->arena, ecs_str_of(ecs_operation_name(operation))),
        .app = ecs_str_of(ecs_app_id(app)),
        .requestor = requestor.n ? lower_copy(f->arena, requestor) : ECS_STR_NULL,
        .repeat_s = kind == ECS_GRANT_APP ? 0 : env->grants->repeat_s, /* T-021: once, and not twice alike */
        .count = count,
    };

    if (!digests || !use.operation.p || (requestor.n && !use.requestor.p))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the token's check");
    if (!ecs_grant_digest(env->crypto, kind, text, digests)) {
        *ret_used = (struct ecs_grant_used){.verdict = ECS_GRANT_UNKNOWN};
        return ECS_NEXT;
    }
    if (!digest_request(env->crypto, request, digests + 32))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    return ecs_store_grant_use(f, env->store, &use, ret_used);
}

enum ecs_rc ecs_grant_rc(enum ecs_grant_verdict verdict, const char **ret_why)
{
    static const struct {
        enum ecs_rc rc;
        const char *why;
    } rows[] = {
        [ECS_GRANT_OK] = {ECS_OK, ""},
        [ECS_GRANT_UNKNOWN] = {ECS_E_TEMP_TOKEN, "not a token of this server, or ended long ago"},
        [ECS_GRANT_EXPIRED] = {ECS_E_TEMP_TOKEN, "expired"},
        [ECS_GRANT_FINISHED] = {ECS_E_TEMP_TOKEN, "ended: its purpose was reached"},
        [ECS_GRANT_REVOKED] = {ECS_E_TEMP_TOKEN, "revoked"},
        [ECS_GRANT_USED] = {ECS_E_TEMP_TOKEN, "used up for this operation"},
        [ECS_GRANT_GONE] = {ECS_E_NOT_FOUND, "its subscriber is no longer known"},
        [ECS_GRANT_OTHER_APP] = {ECS_E_FORBIDDEN, "made for another application"},
        [ECS_GRANT_OTHER_OPERATION] = {ECS_E_FORBIDDEN, "does not cover this operation"},
        [ECS_GRANT_OTHER_REQUESTOR] = {ECS_E_FORBIDDEN, "not for this requestor_id"},
    };

    *ret_why = rows[verdict].why;
    return rows[verdict].rc;
}

/* ---- ending ---- */

enum ecs_next ecs_grant_finish(struct ecs_flow *f, const struct ecs_auth_env *env, enum ecs_grant_kind kind,
                               struct ecs_str text, struct ecs_str *ret_imsi)
{
    uint8_t *digest = ecs_alloc(f->arena, 32);

    if (!digest)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the token's end");
    if (!ecs_grant_digest(env->crypto, kind, text, digest))
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "this is no token of this server");
    return ecs_store_grant_finish(f, env->store, digest, ret_imsi);
}
