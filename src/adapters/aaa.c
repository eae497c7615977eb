/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's AAA and HSS: the set of one worker, its questions, and sessions that are ended behind them.
 */
#include "adapters/aaa_int.h"

#include <stdlib.h>
#include <string.h>

#include "ecs/eap_id.h"

/* ---- the set ---- */

struct ecs_aaa *ecs_aaa_new(const struct ecs_aaa_env *env, const struct ecs_aaa_conf *rows, size_t n,
                            const struct ecs_radius_row *servers, size_t servers_n, char *err,
                            size_t err_size)
{
    struct ecs_aaa *aaa = calloc(1, sizeof(*aaa) + n * sizeof(aaa->provider[0]));

    snprintf(err, err_size, "no memory");
    if (!aaa)
        return NULL;
    aaa->env = *env;
    aaa->env.former = NULL;
    for (size_t i = 0; i < n; i++) {
        struct aaa_provider *p = &aaa->provider[aaa->n++];
        struct aaa_provider *before = env->former ? aaa_find(env->former, ecs_str_of(rows[i].name)) : NULL;

        p->conf = &rows[i];
        if (rows[i].type != ECS_AAA_RADIUS)
            continue;
        p->radius =
            aaa_radius_open(env, before ? before->radius : NULL, &rows[i], servers, servers_n, err, err_size);
        if (!p->radius) {
            ecs_aaa_free(aaa);
            return NULL;
        }
    }
    return aaa;
}

struct aaa_provider *aaa_find(struct ecs_aaa *aaa, struct ecs_str name)
{
    for (size_t i = 0; i < aaa->n; i++)
        if (ecs_str_eq(name, ecs_str_of(aaa->provider[i].conf->name)))
            return &aaa->provider[i];
    return NULL;
}

bool ecs_aaa_type(const struct ecs_aaa *aaa, struct ecs_str provider, enum ecs_aaa_type *ret_type)
{
    for (size_t i = 0; i < aaa->n; i++)
        if (ecs_str_eq(provider, ecs_str_of(aaa->provider[i].conf->name))) {
            *ret_type = (enum ecs_aaa_type)aaa->provider[i].conf->type;
            return true;
        }
    return false;
}

static bool is_up(const struct ecs_aaa *aaa, const struct aaa_provider *p)
{
    if (p->radius)
        return ecs_radius_is_up(p->radius);
    return aaa->env.diameter &&
           ecs_diameter_is_up(aaa->env.diameter, ecs_str_of(p->conf->realm), aaa_application(p->conf->type));
}

bool ecs_aaa_is_up(const struct ecs_aaa *aaa, struct ecs_str provider)
{
    for (size_t i = 0; i < aaa->n; i++)
        if (ecs_str_eq(provider, ecs_str_of(aaa->provider[i].conf->name)))
            return is_up(aaa, &aaa->provider[i]);
    return false;
}

size_t ecs_aaa_view(const struct ecs_aaa *aaa, struct ecs_aaa_view *out, size_t max)
{
    for (size_t i = 0; i < aaa->n && i < max; i++) {
        const struct aaa_provider *p = &aaa->provider[i];

        out[i] = (struct ecs_aaa_view){.name = p->conf->name,
                                       .type = ecs_aaa_types[p->conf->type],
                                       .up = is_up(aaa, p),
                                       .asked = p->asked,
                                       .answered = p->answered,
                                       .failed = p->failed};
        out[i].state = out[i].up ? "in service" : p->radius ? "dead" : "no peer in service";
    }
    return aaa->n;
}

size_t ecs_aaa_count(const struct ecs_aaa *aaa)
{
    return aaa->n;
}

const struct ecs_radius *ecs_aaa_radius(const struct ecs_aaa *aaa, size_t i)
{
    return i < aaa->n ? aaa->provider[i].radius : NULL;
}

/* ---- what all questions share ---- */

uint32_t aaa_limit(const struct ecs_aaa_conf *conf, uint32_t limit_ms)
{
    return limit_ms && limit_ms < (uint64_t)conf->limit_ms ? limit_ms : (uint32_t)conf->limit_ms;
}

void aaa_count(struct ecs_aaa *aaa, struct aaa_provider *p, enum ecs_aaa_verdict verdict, bool answered)
{
    if (answered)
        p->answered++;
    else
        p->failed++;
    if (aaa->env.count)
        aaa->env.count(aaa->env.count_arg, (enum ecs_aaa_type)p->conf->type, verdict);
}

enum ecs_next aaa_send(struct ecs_flow *f, struct ecs_aaa *aaa, enum ecs_diameter_command command,
                       uint32_t application, struct ecs_buf *avps, uint32_t limit_ms, bool stay,
                       struct ecs_diameter_answer *ret_answer)
{
    struct ecs_diameter_ask ask = {
        .message = {.command = command, .application = application, .avps = ecs_buf_str(avps)},
        .limit_ms = limit_ms,
        .stay = stay};
    enum ecs_next next = ECS_NEXT;

    if (avps->overflow)
        *ret_answer = (struct ecs_diameter_answer){
            .rc = ECS_E_BAD_PARAMETER, .peer = "", .error = "the request is too long"};
    else
        next = ecs_diameter_ask(f, aaa->env.diameter, &ask, ret_answer);
    if (avps->p)
        ecs_wipe(avps->p, avps->cap); /* EAP, identities */
    ecs_buf_done(avps);
    return next;
}

/* ---- EAP relay ---- */

static bool realm_fits(struct ecs_str pattern, struct ecs_str realm)
{
    if (!ecs_str_starts_with(pattern, ECS_STR("*.")))
        return ecs_str_eq_nocase(pattern, realm);
    pattern.p++;
    pattern.n--;
    return realm.n > pattern.n &&
           ecs_str_eq_nocase((struct ecs_str){realm.p + realm.n - pattern.n, pattern.n}, pattern);
}

/* NULL, or why an identity is not handed on. */
static const char *find_refusal(const struct ecs_aaa_conf *conf, struct ecs_str identity, bool *ret_encrypted)
{
    struct ecs_eap_id id;
    enum ecs_eap_id_kind kind = ecs_eap_id_parse(identity, &id);

    *ret_encrypted = kind == ECS_EAP_ID_ENCRYPTED;
    if (kind == ECS_EAP_ID_MALFORMED)
        return id.reason;
    if (kind == ECS_EAP_ID_ENCRYPTED)
        return conf->anonymous_realm ? NULL
                                     : "the identity is encrypted, and the provider has no anonymous_realm";
    for (size_t i = 0; i < conf->user_realms.n; i++)
        if (realm_fits(conf->user_realms.items[i], id.realm))
            return NULL;
    return "the identity's realm is none of the provider's user_realms";
}

const char *aaa_user_name(const struct ecs_aaa_conf *conf, struct ecs_str identity, struct ecs_arena *arena,
                          struct ecs_str *ret_name)
{
    bool encrypted;
    const char *refusal = find_refusal(conf, identity, &encrypted);

    *ret_name = identity;
    if (refusal || !encrypted)
        return refusal;
    ret_name->p = ecs_printf(arena, "anonymous@%s", conf->anonymous_realm);
    ret_name->n = ret_name->p ? strlen(ret_name->p) : 0;
    return ret_name->p ? NULL : "no memory";
}

bool ecs_aaa_serves(const struct ecs_aaa *aaa, struct ecs_str provider, struct ecs_str identity)
{
    bool encrypted;

    for (size_t i = 0; i < aaa->n; i++)
        if (ecs_str_eq(provider, ecs_str_of(aaa->provider[i].conf->name)))
            return !find_refusal(aaa->provider[i].conf, identity, &encrypted);
    return false;
}

static void clear_results(struct ecs_aaa_round *round)
{
    round->verdict = ECS_AAA_TRANSIENT;
    round->code = 0;
    round->experimental = false;
    round->why = NULL;
    round->eap_out = round->thread_out = round->imsi = round->msisdn = round->class = ECS_STR_NULL;
    round->wait_s = round->session_s = 0;
    round->kept = false;
}

enum ecs_next ecs_aaa_ask(struct ecs_flow *f, struct ecs_aaa *aaa, struct ecs_aaa_round *round)
{
    struct aaa_provider *p = aaa_find(aaa, round->provider);
    struct ecs_str user_name = ECS_STR_NULL;

    clear_results(round);
    if (!p || p->conf->type == ECS_AAA_SWX) {
        round->why = "there is no such provider of EAP";
        return ECS_NEXT;
    }
    round->why = aaa_user_name(p->conf, round->identity, f->arena, &user_name);
    if (round->why) {
        round->verdict = ECS_AAA_REJECTED; /* nobody else would be asked with it, either */
        return ECS_NEXT;
    }
    p->asked++;
    return p->radius ? aaa_radius_ask(f, aaa, p, user_name, round)
                     : aaa_diameter_ask(f, aaa, p, user_name, round);
}

/* ---- end ---- */

void ecs_aaa_free(struct ecs_aaa *aaa)
{
    if (!aaa)
        return;
    aaa_forget_endings(aaa);
    for (size_t i = 0; i < aaa->n; i++)
        ecs_radius_free(aaa->provider[i].radius);
    free(aaa);
}
