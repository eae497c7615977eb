/* SPDX-License-Identifier: Apache-2.0 */
/* Events of networks that were asked for quality of service: CloudEvents of CAMARA gateways, notifications of
 * T8 and N5. The address has a secret of the request; beside it the caller shows a certificate, a bearer
 * token, or both, as the network's entry says. What can be read is answered with 204, also when it says
 * nothing new, else it would come again for ever. */
#include "callback.h"

#include <string.h>

#include "ecs/store_qos.h"
#include "engine_qos.h"

enum { NO_CONTENT = 204, SECRET_LEN = 64 };

/* ---- who calls ---- */

static bool is_notifier(const struct ecs_qos_conf *q, const char *subject)
{
    for (size_t i = 0; subject[0] && i < q->notifiers.n; i++)
        if (ecs_str_eq(q->notifiers.items[i], ecs_str_of(subject)))
            return true;
    return false;
}

/* All that the entry gives must fit; without TLS there is no certificate, then a token is needed. Only CAMARA
 * gateways are told the token: others that show the certificate need none. */
static bool admits(struct callback_call *c, const struct ecs_qos_conf *q)
{
    if (!q->callback[0] || (!c->over_tls && !q->events_token) || (!q->notifiers.n && !q->events_token))
        return false;
    if (c->over_tls && q->notifiers.n && !is_notifier(q, c->client.subject))
        return false;
    if (c->over_tls && q->notifiers.n && (q->type == ECS_QOS_T8 || q->type == ECS_QOS_N5))
        return true;
    return !q->events_token || callback_same_secret(c, q->events_token, callback_bearer(c));
}

enum ecs_next callback_by_qos(struct callback_call *c)
{
    const struct ecs_qos_env *env = ecs_qos_env_of(c->engine->qos);

    if (!c->over_tls && !callback_bearer(c).n)
        return callback_refuse(c, CALLBACK_NO_CREDENTIAL, NULL);
    for (size_t i = 0; i < env->network_n && !c->caller; i++)
        if (admits(c, &env->networks[i]))
            c->caller = env->networks[i].name;
    return c->caller ? ECS_NEXT : callback_refuse(c, CALLBACK_UNKNOWN_PARTNER, NULL);
}

/* ---- an event ---- */

struct told {
    struct ecs_qos_door_key key;
    struct ecs_str secret;
    struct qos_event event;
};

/* "<id>-<secret>" */
static enum ecs_next find_request(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct told *t = ecs_alloc(f->arena, sizeof(*t));
    struct ecs_str rest = c->tail, number;
    int64_t id;

    if (!t)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the call does not fit into memory");
    c->own = t;
    if (!ecs_str_cut(&rest, '-', &number) || !ecs_str_to_i64(number, &id) || id < 1 || rest.n != SECRET_LEN)
        return callback_refuse(c, CALLBACK_REFERENCE_UNKNOWN, NULL);
    t->secret = rest;
    return ecs_store_qos_secret(f, c->front->store, id, &t->key);
}

static enum ecs_next take_event(struct callback_call *c, enum ecs_qos_door door)
{
    struct told *t = c->own;
    const char *secret = t->key.found ? ecs_strdup(c->flow.arena, t->key.secret) : NULL, *why = NULL;
    const struct ecs_qos_conf *network =
        t->key.found ? ecs_qos_network(c->engine->qos, t->key.network) : NULL;

    if (!secret || !callback_same_secret(c, secret, t->secret) || !network)
        return callback_refuse(c, CALLBACK_REFERENCE_UNKNOWN, NULL);
    if (!admits(c, network))
        return callback_refuse(c, CALLBACK_UNKNOWN_PARTNER, NULL);
    c->caller = network->name;
    t->event =
        (struct qos_event){.front = c->front, .engine = c->engine, .network = network, .id = t->key.id};
    if (ecs_qos_event_read(network, door, c->flow.arena, c->body, &t->event.event, &why) != ECS_OK)
        return callback_refuse(c, CALLBACK_BAD_REQUEST, why);
    c->good_status = NO_CONTENT;
    return ecs_flow_call(&c->flow, qos_event_steps, &t->event);
}

static enum ecs_next take_plain(struct ecs_flow *f)
{
    return take_event(f->self, ECS_QOS_DOOR_EVENT);
}

static enum ecs_next take_notify(struct ecs_flow *f)
{
    return take_event(f->self, ECS_QOS_DOOR_NOTIFY);
}

static enum ecs_next take_terminate(struct ecs_flow *f)
{
    return take_event(f->self, ECS_QOS_DOOR_TERMINATE);
}

const struct ecs_step callback_qos_event_steps[] = {
    {"find-request", find_request, 0}, {"take-event", take_plain, 0}, {0}};
const struct ecs_step callback_qos_notify_steps[] = {
    {"find-request", find_request, 0}, {"take-event", take_notify, 0}, {0}};
const struct ecs_step callback_qos_terminate_steps[] = {
    {"find-request", find_request, 0}, {"take-event", take_terminate, 0}, {0}};
