/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a proven request: facts, decisions, blocks, VERS and TOKEN. */
#include "callback.h"
#include "device.h"

#include <string.h>

static void set_context(struct answer *a, const struct ecs_ts43_request *request,
                        const struct ecs_subscriber_facts *facts, const struct ecs_imsi *imsi)
{
    const struct ecs_snapshot *s = a->engine->snapshot;
    struct ecs_app_context *c = &a->context;
    size_t fallback = 0; /* the default language stands first */

    c->arena = a->arena;
    c->crypto = a->front->crypto;
    c->flow_sealer = a->engine->flow_sealer;
    c->policy = s->policy;
    c->messages = s->messages;
    if (facts->language.n || facts->brand_language.n)
        fallback = ecs_language_match(facts->language.n ? facts->language : facts->brand_language,
                                      a->engine->languages, a->engine->language_n, 0);
    c->language =
        ecs_language_match(request->accept_language, a->engine->languages, a->engine->language_n, fallback);
    c->request = request;
    c->version = ecs_version_effective(request->version, s->version_map, s->version_map_n);
    c->line = facts;
    c->imsi = imsi;
    c->gate = &s->gate;
    for (size_t i = 0; i < s->plmn_n; i++)
        if (ecs_plmn_matches(&s->plmns[i], imsi))
            c->plmn_n = 3 + strlen(s->plmns[i].mnc);
    c->portal_url = s->portal_url;
    c->pages_url = s->pages_url;
    c->wifi_identity = a->engine->wifi_identity;
    c->portal_signer = a->engine->portal_signer;
    c->portal_issuer = s->callback->issuer[0] ? s->callback->issuer : s->web->public_url;
    c->portal_audience = s->callback->audience[0] ? s->callback->audience : s->policy_conf->portal_url;
    c->irat_names = s->irat_names;
    c->offered = s->offered;
    c->operations = a->engine->auth.operations;
    c->now = a->now;
    c->utc_offset_s = (int)s->policy_conf->utc_offset_minutes * 60;
}

/* Shorter by up to jitter_percent, so that devices which asked together do not come back together; equal for
 * a repeated EAP answer. */
static int64_t spread(const struct answer *a, const struct ecs_auth *auth, int64_t validity_s)
{
    int64_t share = validity_s * a->engine->snapshot->device->jitter_percent / 100;
    uint64_t seed;

    if (share <= 0)
        return validity_s;
    if (auth && auth->method == ECS_AUTH_EAP_CONTINUE)
        seed = ecs_hash(auth->handle, sizeof(auth->handle));
    else if (!ecs_random(a->front->crypto, &seed, sizeof(seed)))
        return validity_s;
    return validity_s - (int64_t)(seed % (uint64_t)(share + 1));
}

static enum ecs_rc add_token(struct answer *a, const struct ecs_auth *auth,
                             const struct ecs_subscriber_facts *facts)
{
    int64_t validity_s;
    enum ecs_rc rc = ecs_auth_issue(auth, (uint32_t)facts->token_generation, a->token, &validity_s);
    bool same = rc == ECS_OK && ecs_str_eq(ecs_str_of(a->token), auth->request->param[ECS_P_TOKEN]);

    if (rc != ECS_OK)
        return rc;
    ecs_metric_count(a->front->metrics, ECS_M_TOKENS, same ? ECS_M_TOKEN_PRESENTED : ECS_M_TOKEN_NEW);
    ecs_doc_token(a->doc, ecs_str_of(a->token), validity_s);
    return ECS_OK;
}

/* A server that acts for an enterprise has a token of its own kind; temporary tokens and others have none. */
static enum ecs_rc add_enterprise_token(struct answer *a, const struct ecs_auth *auth)
{
    int64_t validity_s;
    enum ecs_rc rc = ecs_auth_issue_enterprise(auth, a->token, &validity_s);

    if (rc == ECS_OK)
        ecs_doc_token(a->doc, ecs_str_of(a->token), validity_s);
    return rc;
}

void answer_prepare(struct answer *a, const struct ecs_ts43_request *request,
                    const struct ecs_subscriber_facts *facts, const struct ecs_auth *auth)
{
    if (!a->prepared) {
        set_context(a, request, facts, auth ? &auth->imsi : &request->imsi);
        ecs_app_facts(&a->context);
    }
    a->prepared = true;
}

enum ecs_rc answer_build(struct answer *a, const struct ecs_ts43_request *request,
                         const struct ecs_subscriber_facts *facts, const struct ecs_auth *auth)
{
    enum ecs_rc rc;
    int64_t version = facts->content_revision;

    a->doc = ecs_doc_new(a->arena);
    if (!a->doc)
        return ECS_E_TOO_LARGE;
    answer_prepare(a, request, facts, auth);
    rc = ecs_app_build(&a->context, a->doc);
    if (rc != ECS_OK)
        return rc;
    if (a->validity_max_s && a->context.validity_s > a->validity_max_s)
        a->context.validity_s = a->validity_max_s;
    if (version < 1 || version > INT32_MAX)
        version = version < 1 ? 1 : INT32_MAX;
    if (!ecs_doc_vers(a->doc, version, spread(a, auth, a->context.validity_s)))
        return ECS_E_INTERNAL;
    if (auth && auth->enterprise.n) /* OS-004: on success only */
        return a->enterprise_token ? add_enterprise_token(a, auth) : ECS_OK;
    return auth && ecs_auth_method_issues_token(auth->method) ? add_token(a, auth, facts) : ECS_OK;
}

enum ecs_rc answer_build_declined(struct answer *a, const struct ecs_ts43_request *request,
                                  const struct ecs_auth *auth)
{
    enum { GENERAL_ERROR = 100, VALIDITY_S = 3600 };

    a->doc = ecs_doc_new(a->arena);
    if (!a->doc)
        return ECS_E_TOO_LARGE;
    for (size_t i = 0; i < request->n_apps; i++) {
        struct ecs_doc_node *node = ecs_doc_app(a->doc, request->apps[i]);

        if (ecs_app_has_operations(request->apps[i]))
            ecs_doc_int(a->doc, node, "OperationResult", GENERAL_ERROR);
        if (auth->error_url.n) {
            ecs_doc_str(a->doc, node, "GeneralErrorURL", ecs_doc_url(a->arena, auth->error_url));
            ecs_doc_str(a->doc, node, "GeneralErrorUserData", ecs_doc_url(a->arena, auth->error_data));
        }
        if (auth->error_text.n)
            ecs_doc_str(a->doc, node, "GeneralErrorText", ecs_doc_text(a->arena, auth->error_text));
    }
    return ecs_doc_vers(a->doc, 1, VALIDITY_S) ? ECS_OK : ECS_E_INTERNAL;
}
