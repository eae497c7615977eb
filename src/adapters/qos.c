/* SPDX-License-Identifier: Apache-2.0 */
/* The networks of one engine that are asked for quality of service: which dialect each speaks, and its
 * connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/qos_int.h"

enum { ANSWER_MAX = 256 << 10 };

const char *const ecs_qos_types[ECS_QOS_TYPE_COUNT + 1] = {
    "camara-provisioning", "camara-session", "t8", "n5", "rx", NULL};
const char *const ecs_qos_outcomes[ECS_QOS_OUTCOME_COUNT] = {"done", "pending", "again", "refused", "gone"};

/* NULL: Rx */
static const struct qos_dialect *const dialects[ECS_QOS_TYPE_COUNT] = {
    [ECS_QOS_CAMARA_PROVISIONING] = &qos_camara_provisioning,
    [ECS_QOS_CAMARA_SESSION] = &qos_camara_session,
    [ECS_QOS_T8] = &qos_t8,
    [ECS_QOS_N5] = &qos_n5,
};

const char *qos_path(const struct qos_job *job)
{
    return job->conf->path && job->conf->path[0] ? job->conf->path : dialects[job->conf->type]->path;
}

/* ---- life ---- */

static struct ecs_neighbour *new_neighbour(const struct ecs_qos *qos, const struct ecs_qos_conf *c,
                                           const char *name, bool http2, struct ecs_neighbour_stats *stats)
{
    const struct ecs_neighbour_conf conf = {
        .name = name,
        .ca_file = c->ca_file,
        .cert_file = c->certificate,
        .key_file = c->key ? c->key : c->certificate,
        .connect_ms = (uint32_t)c->connect_ms,
        .total_ms = (uint32_t)c->total_ms,
        .max_in_flight = (unsigned)c->max_in_flight,
        .max_answer = ANSWER_MAX,
        .http2 = http2,
        .allow_plain = qos->env.lab,
        .stats = stats,
    };

    return ecs_neighbour_new(qos->env.pool, &conf);
}

static bool open_network(struct ecs_qos *qos, struct qos_network *net)
{
    const struct ecs_qos_conf *c = net->conf;
    const struct ecs_oauth_client_conf oauth = {
        .grant = ECS_OAUTH_CLIENT_SECRET,
        .token_url = c->token_url,
        .client_id = c->client_id,
        .client_secret = c->client_secret,
        .basic = c->token_basic,
        .scope = c->scope,
    };

    char name[64];

    if (!dialects[c->type])
        return true;
    snprintf(name, sizeof(name), "qos-%s", c->name);
    net->neighbour = new_neighbour(qos, c, name, dialects[c->type]->http2,
                                   qos->env.stats_of ? qos->env.stats_of(qos->env.stats_arg, name) : NULL);
    if (!net->neighbour || c->auth != ECS_QOS_AUTH_OAUTH)
        return net->neighbour != NULL;
    net->token_neighbour = new_neighbour(qos, c, name, false, NULL);
    net->oauth = net->token_neighbour ? ecs_oauth_client_new(net->token_neighbour, &oauth) : NULL;
    return net->oauth != NULL;
}

struct ecs_qos *ecs_qos_new(const struct ecs_qos_env *env)
{
    struct ecs_qos *qos = calloc(1, sizeof(*qos));

    if (!qos)
        return NULL;
    qos->env = *env;
    qos->networks = calloc(env->network_n + 1, sizeof(*qos->networks));
    if (!qos->networks) {
        free(qos);
        return NULL;
    }
    for (size_t i = 0; i < env->network_n; i++) {
        qos->networks[i].conf = &env->networks[i];
        if (!open_network(qos, &qos->networks[i])) {
            ecs_qos_free(qos);
            return NULL;
        }
    }
    return qos;
}

void ecs_qos_free(struct ecs_qos *qos)
{
    if (!qos)
        return;
    for (size_t i = 0; i < qos->env.network_n; i++) {
        ecs_oauth_client_free(qos->networks[i].oauth);
        ecs_neighbour_free(qos->networks[i].token_neighbour);
        ecs_neighbour_free(qos->networks[i].neighbour);
    }
    free(qos->networks);
    free(qos);
}

const struct ecs_qos_env *ecs_qos_env_of(const struct ecs_qos *qos)
{
    return &qos->env;
}

const struct ecs_qos_conf *ecs_qos_network(const struct ecs_qos *qos, struct ecs_str name)
{
    for (size_t i = 0; i < qos->env.network_n; i++)
        if (ecs_str_eq(name, ecs_str_of(qos->env.networks[i].name)))
            return &qos->env.networks[i];
    return NULL;
}

const struct ecs_qos_profile_conf *ecs_qos_profile(const struct ecs_qos *qos, struct ecs_str name)
{
    for (size_t i = 0; i < qos->env.profile_n; i++)
        if (ecs_str_eq(name, ecs_str_of(qos->env.profiles[i].name)))
            return &qos->env.profiles[i];
    return NULL;
}

const char *ecs_qos_fault(const struct ecs_qos_conf *network, const struct ecs_qos_profile_conf *p)
{
    switch (network->type) {
    case ECS_QOS_CAMARA_PROVISIONING:
        return p->camara_profile ? NULL : "the profile has no camara_profile";
    case ECS_QOS_CAMARA_SESSION:
        return !p->camara_profile ? "the profile has no camara_profile"
               : !p->server       ? "the profile has no server"
                                  : NULL;
    case ECS_QOS_T8:
        return p->qos_reference || p->flows.n || p->application
                   ? NULL
                   : "the profile has neither qos_reference nor application nor flows";
    case ECS_QOS_N5:
    case ECS_QOS_RX:
    default:
        return p->qos_reference || p->down || p->up || p->application
                   ? NULL
                   : "the profile has neither application nor qos_reference nor rates";
    }
}

/* ---- calls ---- */

static const struct qos_network *find_network(const struct ecs_qos *qos, struct ecs_str name)
{
    const struct ecs_qos_conf *conf = ecs_qos_network(qos, name);

    return conf ? &qos->networks[conf - qos->env.networks] : NULL;
}

/* NULL: the call has its outcome already. */
static struct qos_job *begin(struct ecs_flow *f, struct ecs_qos *qos, struct ecs_qos_call *call)
{
    static const struct ecs_qos_conf none = {0};
    static const struct qos_network nowhere = {.conf = &none};
    const struct qos_network *net = find_network(qos, call->network);
    struct qos_job *job = qos_job_new(f, qos, net ? net : &nowhere, call);

    if (!job)
        return NULL;
    job->profile = ecs_qos_profile(qos, call->profile);
    if (net)
        return job;
    call->why = "this network is not configured";
    return NULL;
}

bool ecs_qos_prepare(struct ecs_qos *qos, struct ecs_qos_call *call, struct ecs_arena *arena)
{
    const struct ecs_qos_conf *conf = ecs_qos_network(qos, call->network);

    if (!conf || conf->type != ECS_QOS_RX || call->handle.n || !qos->env.diameter ||
        !qos_ue(&call->subject).n)
        return true;
    call->handle = ecs_str_of(ecs_diameter_session_id(qos->env.diameter, arena));
    return call->handle.p != NULL;
}

bool ecs_qos_is_foreign(const struct ecs_qos *qos, const struct ecs_qos_call *call)
{
    const struct ecs_qos_conf *conf = ecs_qos_network(qos, call->network);
    struct ecs_str host;

    if (!conf || conf->type != ECS_QOS_RX || !call->handle.n || !qos->env.diameter)
        return false;
    host = ecs_str_of(ecs_diameter_host(qos->env.diameter));
    return call->handle.n <= host.n || !ecs_str_starts_with(call->handle, host) ||
           call->handle.p[host.n] != ';';
}

enum ecs_next ecs_qos_apply(struct ecs_flow *f, struct ecs_qos *qos, struct ecs_qos_call *call)
{
    struct qos_job *job = begin(f, qos, call);
    const char *fault;

    if (!job)
        return ECS_NEXT;
    if (!job->profile) {
        call->why = "this profile is not configured";
        return ECS_NEXT;
    }
    fault = ecs_qos_fault(job->conf, job->profile);
    if (fault) {
        call->outcome = ECS_QOS_REFUSED;
        call->why = fault;
        return ECS_NEXT;
    }
    return dialects[job->conf->type] ? qos_job_run(job, dialects[job->conf->type]->apply) : qos_rx_apply(job);
}

enum ecs_next ecs_qos_release(struct ecs_flow *f, struct ecs_qos *qos, struct ecs_qos_call *call)
{
    struct qos_job *job = begin(f, qos, call);

    if (!job)
        return ECS_NEXT;
    return dialects[job->conf->type] ? qos_job_run(job, dialects[job->conf->type]->release)
                                     : qos_rx_release(job);
}

/* Rx has no question: events tell. */
enum ecs_next ecs_qos_query(struct ecs_flow *f, struct ecs_qos *qos, struct ecs_qos_call *call)
{
    struct qos_job *job = begin(f, qos, call);

    if (!job)
        return ECS_NEXT;
    if (dialects[job->conf->type])
        return qos_job_run(job, dialects[job->conf->type]->query);
    qos_end(job, call->active || !job->conf->wait_for_event ? ECS_QOS_DONE : ECS_QOS_PENDING, NULL);
    return ECS_NEXT;
}

enum ecs_next ecs_qos_profiles(struct ecs_flow *f, struct ecs_qos *qos, struct ecs_str network,
                               struct ecs_qos_knowns *ret_knowns)
{
    const struct qos_network *net = find_network(qos, network);
    struct qos_job *job;

    *ret_knowns =
        (struct ecs_qos_knowns){.outcome = ECS_QOS_REFUSED, .why = "this network has no list of profiles"};
    if (!net || (net->conf->type != ECS_QOS_CAMARA_PROVISIONING && net->conf->type != ECS_QOS_CAMARA_SESSION))
        return ECS_NEXT;
    ret_knowns->outcome = ECS_QOS_AGAIN;
    ret_knowns->why = qos_exhausted;
    job = qos_job_new(f, qos, net, NULL);
    if (!job)
        return ECS_NEXT;
    job->knowns = ret_knowns;
    return qos_job_run(job, qos_camara_profiles);
}
