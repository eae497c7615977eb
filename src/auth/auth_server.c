/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of application servers (TS.43 2.8.3): requestor_id names the caller, the access token proves it,
 * the configuration says what it may do. Whom a request is about comes from elsewhere: a temporary or
 * operator token beside it, or parameters of the operation. */
#include "ecs/store_server.h"

#include <string.h>

#include "auth_internal.h"
#include "ecs/ts43.h"
#include "oauth_priv.h"

enum { USE_LIMIT_MS = 5000, USES_MAX = 3 };

struct work {
    void *outer; /* auth->exchange of the method that called */
    struct ecs_oauth_server *server;
    struct ecs_oauth_caller *caller;
    struct ecs_str presented; /* access token */
    uint8_t digest[32], subject[32];
    struct ecs_server_use use;
    struct ecs_server_used used;
    struct oauth_asking asking;
    unsigned uses;
};

static struct ecs_str presented_token(const struct ecs_auth *auth)
{
    struct ecs_str parameter = auth->request->param[ECS_P_ACCESS_TOKEN];

    return parameter.n ? parameter : auth->request->bearer;
}

static bool has_third_party_token(const struct ecs_auth *auth)
{
    return auth->request->param[ECS_P_TEMPORARY_TOKEN].n || auth->request->param[ECS_P_OPERATOR_TOKEN].n;
}

bool ecs_auth_server_recognises(const struct ecs_auth *auth)
{
    struct ecs_str requestor = auth->request->param[ECS_P_REQUESTOR_ID];

    if (!ecs_oauth_server_is_enabled(auth->env->oauth) || !requestor.n || has_third_party_token(auth))
        return false;
    return presented_token(auth).n || oauth_find_requestor(auth->env->oauth, requestor);
}

bool ecs_auth_server_is_wanted(const struct ecs_auth *auth)
{
    if (!ecs_oauth_server_is_enabled(auth->env->oauth))
        return false;
    return auth->env->oauth->conf->demand || auth->request->param[ECS_P_REQUESTOR_ID].n ||
           presented_token(auth).n;
}

/* ---- who calls, and what for ---- */

/* enterprise {NULL, 0}: none is named. */
static const char *refusal_of(const struct ecs_auth *auth, const struct ecs_oauth_caller *caller,
                              struct ecs_str enterprise)
{
    const struct ecs_ts43_request *r = auth->request;
    const struct ecs_server_caller_conf *c = caller->conf;

    if (!oauth_admits_peer(caller, auth->peer))
        return "requestor_id: not from this address";
    for (size_t i = 0; i < r->n_apps; i++)
        if (!(caller->apps & 1U << r->apps[i]))
            return "requestor_id: may not use this application";
    if (r->param[ECS_P_OPERATION].n && !oauth_list_has_nocase(&c->operations, r->param[ECS_P_OPERATION]))
        return "requestor_id: may not use this operation";
    if (enterprise.n && c->enterprise_ids.n && !oauth_list_has_nocase(&c->enterprise_ids, enterprise))
        return "requestor_id: may not act for this enterprise_id";
    return NULL;
}

static enum ecs_next check_caller(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    const struct ecs_ts43_request *r = auth->request;
    struct ecs_str parameter = r->param[ECS_P_ACCESS_TOKEN];
    struct work *w = ecs_arena_secret(f->arena, sizeof(*w));
    const char *why;

    if (!w)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the caller");
    w->server = auth->env->oauth;
    w->outer = auth->exchange;
    auth->exchange = w;
    /* RFC 6750 2: one way to send it */
    if (parameter.n && r->bearer.n && !ecs_str_eq(parameter, r->bearer))
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "access_token differs from that of Authorization");
    if (!r->param[ECS_P_REQUESTOR_ID].n)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "requestor_id is missing");
    w->caller = oauth_find_requestor(w->server, r->param[ECS_P_REQUESTOR_ID]);
    if (!w->caller)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "requestor_id: not registered");
    why = refusal_of(auth, w->caller, r->param[ECS_P_ENTERPRISE_ID]);
    if (why)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "%s", why);
    w->presented = presented_token(auth);
    if (!w->presented.n && (w->caller->conf->access_token_required || !has_third_party_token(auth)))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "access_token is missing");
    return ECS_NEXT;
}

/* ---- the access token ---- */

static bool subject_digest(const struct ecs_auth *auth, struct work *w)
{
    struct ecs_str temporary = auth->request->param[ECS_P_TEMPORARY_TOKEN],
                   of_operator = auth->request->param[ECS_P_OPERATOR_TOKEN];

    if (!temporary.n && !of_operator.n)
        return true;
    w->use.subject = w->subject;
    return temporary.n ? oauth_digest(w->server->crypto, "temptoken", temporary, w->subject)
                       : oauth_digest(w->server->crypto, "operatortoken", of_operator, w->subject);
}

static enum ecs_next use_own(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;

    w->use = (struct ecs_server_use){.digest = w->digest,
                                     .client_id = ecs_str_of(w->caller->conf->client_id),
                                     .requestor_id = auth->request->param[ECS_P_REQUESTOR_ID]};
    if (auth->request->param[ECS_P_ENTERPRISE_ID].n)
        w->use.enterprise_id = auth->request->param[ECS_P_ENTERPRISE_ID];
    if (!oauth_digest(w->server->crypto, "access-token", w->presented, w->digest) || !subject_digest(auth, w))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the digest of the access token cannot be made");
    return ecs_store_server_use(f, w->server->store, &w->use, &w->used);
}

static enum ecs_next check_token(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;

    if (!w->presented.n)
        return ECS_NEXT;
    if (w->server->conf->tokens == ECS_OAUTH_OWN)
        return use_own(f);
    w->asking = (struct oauth_asking){.server = w->server, .token = w->presented, .now = auth->now};
    return ecs_flow_call(f, oauth_introspect_steps, &w->asking);
}

static enum ecs_next judge_own(struct ecs_flow *f)
{
    static const char *const refusals[ECS_SERVER_VERDICT_COUNT] = {
        [ECS_SERVER_UNKNOWN] = "access_token: not one of ours, or revoked",
        [ECS_SERVER_OTHER_CLIENT] = "access_token: of another caller than requestor_id names",
        [ECS_SERVER_EXPIRED] = "access_token: expired",
        [ECS_SERVER_USED] = "access_token: was used before",
        [ECS_SERVER_OTHER_REQUESTOR] = "access_token: bound to another requestor_id",
        [ECS_SERVER_OTHER_ENTERPRISE] = "access_token: bound to another enterprise_id",
        [ECS_SERVER_OTHER_SUBJECT] = "access_token: belongs to another temporary or operator token",
        [ECS_SERVER_RACED] = "access_token: used by several requests at once",
    };
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;

    if (w->used.verdict == ECS_SERVER_RACED && ++w->uses < USES_MAX)
        return ecs_flow_goto(f, check_token);
    if (w->used.verdict != ECS_SERVER_GOOD)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "%s", refusals[w->used.verdict]);
    auth->server_scope = w->used.scope;
    return ECS_NEXT;
}

/* The other server tells whose token it is; what it says of requestor and enterprise must agree. */
static enum ecs_next judge_foreign(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;
    const struct oauth_introspected *found = &w->asking.found;
    struct ecs_str enterprise = auth->request->param[ECS_P_ENTERPRISE_ID];
    const char *scope;

    if (strcmp(found->client_id, w->caller->conf->client_id) != 0)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "access_token: of another caller than requestor_id names");
    if (found->requestor_id[0] &&
        !ecs_str_eq_nocase(auth->request->param[ECS_P_REQUESTOR_ID], ecs_str_of(found->requestor_id)))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "access_token: bound to another requestor_id");
    if (found->enterprise_id[0] && enterprise.n &&
        !ecs_str_eq_nocase(enterprise, ecs_str_of(found->enterprise_id)))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "access_token: bound to another enterprise_id");
    scope = ecs_strdup(f->arena, ecs_str_of(found->scope));
    auth->server_scope = ecs_str_of(scope);
    return ECS_NEXT;
}

static enum ecs_next judge_token(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;

    if (!w->presented.n)
        return ECS_NEXT;
    return w->server->conf->tokens == ECS_OAUTH_OWN ? judge_own(f) : judge_foreign(f);
}

/* ---- whom it is about ---- */

static enum ecs_next pass_enterprise(struct ecs_flow *f, struct ecs_str enterprise)
{
    struct ecs_auth *auth = f->self;
    char *lower;

    if (auth->request->n_apps != 1) /* there is no line that others could be answered for */
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "app: ap2011 has to stand alone");
    if (!enterprise.n)
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "enterprise_id is missing"); /* OS-006 */
    if (enterprise.n > ECS_ENTERPRISE_ID_MAX)
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "enterprise_id is too long");
    lower = ecs_strdup(f->arena, enterprise); /* String: letter case does not matter (1.7) */
    if (!lower)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the enterprise");
    for (size_t i = 0; i < enterprise.n; i++)
        if (lower[i] >= 'A' && lower[i] <= 'Z')
            lower[i] = (char)(lower[i] + 'a' - 'A');
    auth->enterprise = (struct ecs_str){lower, enterprise.n};
    auth->outcome = ECS_AUTH_PASSED;
    return ECS_DONE;
}

static enum ecs_next find_subject(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;

    auth->server = w->caller->conf;
    auth->exchange = w->outer;
    ecs_log(f->log, ECS_EV_SERVER_CALL, "%s: %.*s", w->caller->conf->client_id,
            ECS_FMT(auth->request->param[ECS_P_OPERATION].n ? auth->request->param[ECS_P_OPERATION]
                                                            : ECS_STR("no operation")));
    if (auth->method != ECS_AUTH_SERVER)
        return ECS_DONE;
    if (!auth->request->param[ECS_P_OPERATION].n)
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "operation is missing");
    if (ecs_ts43_request_has_app(auth->request, ECS_APP_2011))
        return pass_enterprise(f, auth->request->param[ECS_P_ENTERPRISE_ID]);
    return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "temporary_token is missing");
}

const struct ecs_step ecs_auth_server_steps[] = {
    {"check-caller", check_caller, 0},
    {"check-access-token", check_token, USE_LIMIT_MS},
    {"judge-access-token", judge_token, 0},
    {"find-subject", find_subject, 0},
    {0},
};

/* ---- our token of a server that manages an enterprise ---- */

bool ecs_auth_enterprise_recognises(const struct ecs_auth *auth)
{
    const struct ecs_ts43_request *r = auth->request;

    return ecs_oauth_server_is_enabled(auth->env->oauth) && r->param[ECS_P_REQUESTOR_ID].n &&
           r->param[ECS_P_TOKEN].n && ecs_ts43_request_has_app(r, ECS_APP_2011);
}

/* The caller's entry may have changed since the token was made: it is asked again. */
static enum ecs_next open_enterprise(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    const struct ecs_ts43_request *r = auth->request;
    struct ecs_enterprise_token token;
    struct ecs_oauth_caller *caller = oauth_find_requestor(auth->env->oauth, r->param[ECS_P_REQUESTOR_ID]);
    uint8_t requestor[16];
    const char *why;

    if (ecs_enterprise_token_open(auth->env->token_sealer, r->param[ECS_P_TOKEN], &token) != ECS_OK)
        return ecs_flow_fail(f, ECS_E_TOKEN_INVALID,
                             "token: not one of ours, damaged, or its key was removed");
    if (auth->now >= token.expires_s)
        return ecs_flow_fail(f, ECS_E_TOKEN_EXPIRED, "token: expired");
    ecs_enterprise_requestor_digest(auth->env->crypto, r->param[ECS_P_REQUESTOR_ID], requestor);
    if (!ecs_ct_equal(requestor, token.requestor, sizeof(requestor)))
        return ecs_flow_fail(f, ECS_E_TOKEN_INVALID, "token: issued to another requestor_id");
    if (r->param[ECS_P_ENTERPRISE_ID].n &&
        !ecs_str_eq_nocase(r->param[ECS_P_ENTERPRISE_ID], ecs_str_of(token.enterprise)))
        return ecs_flow_fail(f, ECS_E_TOKEN_INVALID, "token: issued for another enterprise_id");
    if (!caller)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "requestor_id: not registered");
    why = refusal_of(auth, caller, ecs_str_of(token.enterprise));
    if (why)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "%s", why);
    if (!r->param[ECS_P_OPERATION].n)
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "operation is missing");
    auth->server = caller->conf;
    return pass_enterprise(f, ecs_str_of(ecs_strdup(f->arena, ecs_str_of(token.enterprise))));
}

const struct ecs_step ecs_auth_enterprise_steps[] = {
    {"open-token", open_enterprise, 0},
    {0},
};

enum ecs_rc ecs_auth_issue_enterprise(const struct ecs_auth *auth, char *text, int64_t *ret_validity_s)
{
    const struct ecs_ts43_request *r = auth->request;
    struct ecs_enterprise_token token = {.issued_s = auth->now};

    if (auth->method == ECS_AUTH_ENTERPRISE && r->param[ECS_P_TOKEN].n <= ECS_ENTERPRISE_TOKEN_TEXT_MAX &&
        ecs_enterprise_token_open(auth->env->token_sealer, r->param[ECS_P_TOKEN], &token) == ECS_OK) {
        memcpy(text, r->param[ECS_P_TOKEN].p, r->param[ECS_P_TOKEN].n);
        text[r->param[ECS_P_TOKEN].n] = '\0';
        *ret_validity_s = token.expires_s - auth->now;
        return ECS_OK; /* renewed by a new access token only (10.2) */
    }
    *ret_validity_s = auth->env->oauth->conf->enterprise_token_s;
    token.expires_s = auth->now + *ret_validity_s;
    ecs_enterprise_requestor_digest(auth->env->crypto, r->param[ECS_P_REQUESTOR_ID], token.requestor);
    memcpy(token.enterprise, auth->enterprise.p, auth->enterprise.n);
    return ecs_enterprise_token_seal(auth->env->crypto, auth->env->token_sealer, &token, text);
}
