/* SPDX-License-Identifier: Apache-2.0 */
/* EAP_ID: decrypted where the phone has encrypted it, its form, its kind, and whether it is of a network that
 * is served here. Nothing is asked of anybody before that (aaa.md 8.4). */
#include <string.h>

#include "auth_relay.h"
#include "ecs/eap_id.h"
#include "ecs/identity.h"
#include "ecs/log.h"
#include "ecs/ts43.h"

static bool imsi_is_ours(const struct ecs_auth_env *env, const struct ecs_imsi *imsi)
{
    for (size_t i = 0; i < env->plmn_n; i++)
        if (ecs_plmn_matches(&env->plmns[i], imsi))
            return true;
    return false;
}

/* microG puts the label of its carrier setting behind "@" as it stands (clients.md 6): it names no network,
 * the IMSI does. */
static bool is_bare_label(const struct ecs_auth_env *env, const struct ecs_eap_id *id)
{
    for (size_t i = 0; i < env->conf->realms.n; i++)
        if (ecs_str_eq_nocase(id->realm, env->conf->realms.items[i]))
            return true;
    return false;
}

static bool has_label(const struct ecs_auth_env *env, const struct ecs_eap_id *id)
{
    const struct ecs_str_list *realms = &env->conf->realms;

    for (size_t i = 0; i < realms->n; i++)
        if (id->realm.n > realms->items[i].n && id->realm.p[realms->items[i].n] == '.' &&
            ecs_str_starts_with_nocase(id->realm, realms->items[i]))
            return true;
    return false;
}

static bool realm_is_ours(const struct ecs_auth_env *env, const struct ecs_eap_id *id)
{
    if (is_bare_label(env, id))
        return imsi_is_ours(env, &id->imsi);
    if (!has_label(env, id))
        return false;
    for (size_t i = 0; i < env->plmn_n; i++)
        if (ecs_plmn_matches(&env->plmns[i], &id->imsi) && ecs_eap_id_realm_is_of(id, &env->plmns[i]))
            return true;
    return false;
}

/* Without an IMSI: a realm of ours, or none at all in what is encrypted. */
static bool may_be_ours(const struct ecs_auth_env *env, const struct ecs_eap_id *id)
{
    for (size_t i = 0; i < env->plmn_n; i++)
        if (has_label(env, id) && ecs_eap_id_realm_is_of(id, &env->plmns[i]))
            return true;
    return id->kind == ECS_EAP_ID_ENCRYPTED;
}

/* decrypted: older phones encrypt digit and IMSI without a realm (eap-aka.md 9). */
static enum ecs_next judge(struct ecs_flow *f, const struct ecs_eap_id *id, bool decrypted)
{
    struct ecs_auth *auth = f->self;
    bool ours;

    switch (id->kind) {
    case ECS_EAP_ID_MALFORMED:
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "EAP_ID: %s", id->reason);
    case ECS_EAP_ID_PSEUDONYM:
    case ECS_EAP_ID_REAUTH:
    case ECS_EAP_ID_ANONYMOUS:
    case ECS_EAP_ID_ENCRYPTED:
        if (auth_climb_resolves(auth->env) && may_be_ours(auth->env, id))
            return ECS_NEXT; /* who it is, the AAA will say */
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "EAP_ID: a %s identity that is not known here",
                             ecs_eap_id_kind_name(id->kind));
    case ECS_EAP_ID_PERMANENT:
        break;
    }
    auth->prime = id->method == ECS_EAP_METHOD_AKA_PRIME;
    if (id->method != ECS_EAP_METHOD_AKA &&
        !(auth->prime && auth->env->identity && auth->env->identity->aka_prime))
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "EAP_ID: asks for a method that is not served here");
    ours = decrypted && !id->realm.n ? imsi_is_ours(auth->env, &id->imsi) : realm_is_ours(auth->env, id);
    if (!ours)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN,
                             "EAP_ID: realm or IMSI of a network that is not served here");
    auth->imsi = id->imsi;
    if (f->log)
        ecs_imsi_mask(&auth->imsi, f->log->imsi);
    if (auth->request->has_imsi && strcmp(auth->request->imsi.s, id->imsi.s) != 0)
        ecs_log(f->log, ECS_EV_PARAM_IGNORED, "IMSI differs from that of EAP_ID, which counts");
    return ECS_NEXT;
}

/* In place of what was sent: it enters the keys, and the request that is kept. What no key here opens may
 * still be an AAA's business. */
static enum ecs_next decrypt(struct ecs_flow *f, struct ecs_eap_id *id, bool *ret_decrypted)
{
    struct ecs_auth *auth = f->self;
    char plain[ECS_EAP_NAI_MAX + 1];
    struct ecs_str *text = &auth->request->param[ECS_P_EAP_ID];
    char *copy = NULL;
    size_t n;

    /* Each costs an operation of RSA: counted before. */
    if (!ecs_limiter_take(auth->env->source_limiter, auth->source_hash, ecs_loop_now_us(f->loop),
                          &auth->retry_after_s))
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "too many EAP exchanges from one source address");
    auth->source_counted = true;
    if (auth->may_begin && !auth->may_begin(auth->may_begin_arg))
        return ecs_flow_fail(f, ECS_E_OVERLOAD, "there is no room for new EAP exchanges");
    if (ecs_identity_open(auth->env->identity_keys, auth->env->identity, id, plain, &n) != ECS_OK) {
        if (auth_climb_resolves(auth->env))
            return ECS_NEXT;
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "EAP_ID: an encrypted identity that no key here opens");
    }
    copy = ecs_strdup(f->arena, (struct ecs_str){plain, n});
    ecs_wipe(plain, sizeof(plain));
    if (!copy)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the identity");
    *text = (struct ecs_str){copy, n};
    ecs_eap_id_parse(*text, id);
    *ret_decrypted = true;
    return ECS_NEXT;
}

enum ecs_next auth_check_identity(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct ecs_eap_id id;
    bool decrypted = false;

    ecs_eap_id_parse(auth->request->param[ECS_P_EAP_ID], &id);
    if (id.kind == ECS_EAP_ID_ENCRYPTED && auth->env->identity_keys) {
        enum ecs_next next = decrypt(f, &id, &decrypted);

        if (next != ECS_NEXT)
            return next;
    }
    return judge(f, &id, decrypted);
}

bool auth_identity_is_prime(struct ecs_str eap_id)
{
    struct ecs_eap_id id;

    return ecs_eap_id_parse(eap_id, &id) == ECS_EAP_ID_PERMANENT && id.method == ECS_EAP_METHOD_AKA_PRIME;
}
