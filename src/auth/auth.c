/* SPDX-License-Identifier: Apache-2.0 */
/* Which method of authentication a request calls for (TS.43 2.8), the token method, and the token of the
 * answer. */
#include "ecs/auth.h"

#include <string.h>

#include "auth_internal.h"
#include "ecs/ts43.h"

enum { EXPIRY_SLACK_S = 60 }; /* the server keeps a token a little longer than it says */

static bool is_eap_answer(const struct ecs_auth *auth)
{
    return auth->request->kind == ECS_TS43_CONTINUATION;
}

/* These belong to a request that waits in the database, whether logins are configured or not. */
static bool has_otp(const struct ecs_auth *auth)
{
    return auth->request->kind == ECS_TS43_RETURN && auth->request->param[ECS_P_OTP].n != 0;
}

static bool is_login_return(const struct ecs_auth *auth)
{
    return auth->request->kind == ECS_TS43_RETURN && auth->request->param[ECS_P_STATE].n != 0;
}

static bool has_token(const struct ecs_auth *auth)
{
    return auth->request->param[ECS_P_TOKEN].n != 0;
}

static bool has_eap_id(const struct ecs_auth *auth)
{
    return auth->request->param[ECS_P_EAP_ID].n != 0;
}

/* A third party (TS.43 2.8.6); beside token or EAP_ID these count. */
static bool has_temporary_token(const struct ecs_auth *auth)
{
    return auth->request->param[ECS_P_TEMPORARY_TOKEN].n != 0;
}

static bool has_operator_token(const struct ecs_auth *auth)
{
    return auth->request->param[ECS_P_OPERATOR_TOKEN].n != 0;
}

static const struct {
    const char *name, *metric;
    bool (*recognises)(const struct ecs_auth *auth);
    const struct ecs_step *steps;
    bool issues_token;
} methods[] = {
#define METHOD(id, name, metric, recognises, steps, token, clause)                                           \
    [ECS_AUTH_##id] = {name, metric, recognises, steps, token},
#include "methods.def"
#undef METHOD
};

const char *ecs_auth_method_name(enum ecs_auth_method method)
{
    return methods[method].name;
}

const struct ecs_step *ecs_auth_steps(enum ecs_auth_method method)
{
    return methods[method].steps;
}

const char *ecs_auth_method_metric(enum ecs_auth_method method)
{
    return methods[method].metric;
}

bool ecs_auth_method_issues_token(enum ecs_auth_method method)
{
    return methods[method].issues_token;
}

enum ecs_rc ecs_auth_select(struct ecs_auth *auth)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(methods); i++)
        if (methods[i].recognises(auth)) {
            auth->method = (enum ecs_auth_method)i;
            return ECS_OK;
        }
    return ECS_E_AUTH_NEEDED;
}

bool ecs_auth_has_alternative(const struct ecs_auth *auth)
{
    struct ecs_ts43_request bare = *auth->request;
    struct ecs_auth other = *auth;

    bare.param[ECS_P_EAP_ID] = bare.param[ECS_P_TOKEN] = ECS_STR_NULL;
    other.request = &bare;
    return auth_oidc_begins(&other) || auth_otp_begins(&other);
}

uint16_t ecs_auth_groups(const struct ecs_ts43_request *request)
{
    uint16_t groups = 0;

    for (size_t i = 0; i < request->n_apps; i++) {
        const char *group = ecs_app_group(request->apps[i]);

        /* A group is numbered by its first application in the table. */
        for (unsigned app = 0; app < ECS_APP_COUNT; app++)
            if (strcmp(ecs_app_group((enum ecs_app)app), group) == 0) {
                groups = (uint16_t)(groups | 1u << app);
                break;
            }
    }
    return groups;
}

static enum ecs_rc check_token(struct ecs_auth *auth, const char **ret_why)
{
    const struct ecs_ts43_request *request = auth->request;
    uint8_t terminal[16];
    enum ecs_rc rc = ecs_token_open(auth->env->token_sealer, request->param[ECS_P_TOKEN], &auth->token);

    *ret_why = "token: not one of ours, damaged, or its key was removed";
    if (rc != ECS_OK)
        return rc;
    *ret_why = "token: expired";
    if (auth->now >= auth->token.expires_s)
        return ECS_E_TOKEN_EXPIRED;
    *ret_why = "token: issued to another terminal_id";
    /* A request without terminal_id (with requestor_id) opens only a token that was issued to such a one. */
    ecs_token_terminal_digest(auth->env->crypto, &request->terminal, terminal);
    if (!ecs_ct_equal(terminal, auth->token.terminal, sizeof(terminal))) {
        auth->misused = !request->param[ECS_P_EAP_ID].n; /* a SIM that moved proves itself */
        return ECS_E_TOKEN_INVALID;
    }
    *ret_why = "token: belongs to another IMSI than the parameter names";
    if (request->has_imsi && !request->param[ECS_P_EAP_ID].n &&
        strcmp(request->imsi.s, auth->token.imsi.s) != 0)
        return ECS_E_TOKEN_INVALID;
    *ret_why = "token: issued for other applications";
    if (ecs_auth_groups(request) & ~auth->token.groups)
        return ECS_E_TOKEN_INVALID;
    return ECS_OK;
}

/* With EAP_ID beside it a token saves the exchange only if it is of the same SIM. */
static bool agrees_with_eap_id(const struct ecs_auth *auth)
{
    struct ecs_eap_id id;

    return ecs_eap_id_parse(auth->request->param[ECS_P_EAP_ID], &id) == ECS_EAP_ID_PERMANENT &&
           strcmp(id.imsi.s, auth->token.imsi.s) == 0;
}

static enum ecs_next open_token(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    bool has_eap_id = auth->request->param[ECS_P_EAP_ID].n != 0;
    const char *why;
    enum ecs_rc rc = check_token(auth, &why);

    if (auth->request->param[ECS_P_TEMPORARY_TOKEN].n)
        ecs_log(f->log, ECS_EV_PARAM_IGNORED, "temporary_token beside token, which counts");

    if (rc == ECS_OK && (!has_eap_id || agrees_with_eap_id(auth))) {
        auth->imsi = auth->token.imsi;
        auth->outcome = ECS_AUTH_PASSED;
        return ECS_DONE;
    }
    if (has_eap_id) {
        auth->method = ECS_AUTH_EAP_BEGIN;
        return ecs_flow_call(f, ecs_auth_eap_begin_steps, auth);
    }
    return ecs_flow_fail(f, rc, "%s", why);
}

const struct ecs_step ecs_auth_token_steps[] = {
    {"open-token", open_token, 0},
    {0},
};

enum ecs_rc ecs_auth_token_current(const struct ecs_token *token, uint32_t generation)
{
    return token->generation == generation ? ECS_OK : ECS_E_TOKEN_INVALID;
}

static bool still_young(const struct ecs_auth *auth, const struct ecs_token *token)
{
    int64_t lifetime = token->expires_s - token->issued_s, age = auth->now - token->issued_s;

    return age * 100 < lifetime * auth->env->conf->token_renew_percent &&
           token->expires_s - auth->now > 5 * EXPIRY_SLACK_S;
}

static enum ecs_rc issue_new(const struct ecs_auth *auth, uint32_t generation, char *text,
                             int64_t *ret_validity_s)
{
    const struct ecs_ts43_request *request = auth->request;
    struct ecs_token token = {
        .imsi = auth->imsi, .generation = generation, .groups = ecs_auth_groups(request)};
    bool eap = auth->method != ECS_AUTH_TOKEN;

    token.issued_s = eap ? auth->issued_s : auth->now;
    token.expires_s = token.issued_s + auth->env->conf->token_validity_s + EXPIRY_SLACK_S;
    if (!eap)
        token.groups |= auth->token.groups;
    ecs_token_terminal_digest(auth->env->crypto, &request->terminal, token.terminal);
    ecs_token_app_digest(auth->env->crypto, request->param[ECS_P_APP_NAME], token.app_name);
    *ret_validity_s = token.expires_s - EXPIRY_SLACK_S - auth->now;
    /* A repeated EAP answer gets the very same token (E-015). */
    return ecs_token_seal(auth->env->crypto, auth->env->token_sealer, &token, eap ? auth->handle : NULL,
                          text);
}

enum ecs_rc ecs_auth_issue(const struct ecs_auth *auth, uint32_t generation, char *text,
                           int64_t *ret_validity_s)
{
    struct ecs_str presented = auth->request->param[ECS_P_TOKEN];

    if (auth->method != ECS_AUTH_TOKEN || !still_young(auth, &auth->token))
        return issue_new(auth, generation, text, ret_validity_s);
    memcpy(text, presented.p, presented.n);
    text[presented.n] = '\0';
    *ret_validity_s = auth->token.expires_s - EXPIRY_SLACK_S - auth->now;
    return ECS_OK;
}
