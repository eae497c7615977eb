/* SPDX-License-Identifier: Apache-2.0 */
/* T8 and NEF: AsSessionWithQoS (TS 29.122, pcrf.md 4). A subscription by the device's address; one whose
 * answer was lost is found in the list by our address for events. */
#include <string.h>

#include "adapters/qos_int.h"

static const char *collection(const struct qos_job *job)
{
    return ecs_printf(job->arena, "/%s/subscriptions", job->conf->as_id);
}

static bool put(json_t *body, const char *name, json_t *value)
{
    return json_object_set_new(body, name, value) == 0;
}

static bool put_text(json_t *body, const char *name, const char *value)
{
    return !value || put(body, name, json_string(value));
}

static bool put_flows(const struct qos_job *job, json_t *body)
{
    json_t *list = json_array();
    const struct ecs_str_list *flows = &job->profile->flows;

    for (size_t i = 0; list && i < flows->n; i++) {
        const char *flow = qos_flow(job->arena, flows->items[i], qos_ue(&job->call->subject));

        if (!flow || json_array_append_new(list, json_string(flow)) != 0) {
            json_decref(list);
            return false;
        }
    }
    if (flows->n == 0) {
        json_decref(list);
        return true;
    }
    return put(body, "flowInfo", json_pack("[{s:i,s:o}]", "flowId", 1, "flowDescriptions", list));
}

static bool put_slice(const struct qos_job *job, json_t *body)
{
    json_t *slice = job->profile->sst >= 0 ? json_pack("{s:I}", "sst", (json_int_t)job->profile->sst) : NULL;

    if (job->profile->sst < 0)
        return true;
    if (slice && put_text(slice, "sd", job->profile->sd))
        return put(body, "snssai", slice);
    json_decref(slice);
    return false;
}

static json_t *create_body(const struct qos_job *job)
{
    const struct ecs_qos_subject *s = &job->call->subject;
    const char *sink = qos_sink(job, "");
    struct ecs_str ue = qos_ue(s);
    const char *address = ue.n ? ecs_strdup(job->arena, ue) : NULL;
    json_t *body = sink && address ? json_pack("{s:s,s:s}", "notificationDestination", sink,
                                               s->ue_ipv4.n ? "ueIpv4Addr" : "ueIpv6Addr", address)
                                   : NULL;

    if (body && (!s->ue_ipv4.n || put_text(body, "ipDomain", job->conf->ip_domain)) &&
        put_text(body, "dnn", job->profile->dnn) && put_text(body, "exterAppId", job->profile->application) &&
        put_text(body, "qosReference", job->profile->qos_reference) && put_slice(job, body) &&
        put_flows(job, body) &&
        (job->call->seconds <= 0 || put(body, "qosDuration", json_integer(job->call->seconds))) &&
        put(body, "events",
            json_pack("[s,s,s,s,s]", "SESSION_TERMINATION", "LOSS_OF_BEARER", "RELEASE_OF_BEARER",
                      "SUCCESSFUL_RESOURCES_ALLOCATION", "FAILED_RESOURCES_ALLOCATION")) &&
        put_text(body, "supportedFeatures", "0"))
        return body;
    json_decref(body);
    return NULL;
}

static bool take(struct qos_job *job, const json_t *body)
{
    struct ecs_str link = job->answer.location;

    if (!link.n || json_object_get(body, "self"))
        link = qos_text(job->arena, body, "self");
    job->call->handle_out = qos_last_part(job->arena, link);
    job->call->unknown = true;
    if (!job->call->handle_out.p)
        return qos_end(job, ECS_QOS_AGAIN, "the network's answer does not name the subscription");
    return qos_end(job, job->conf->wait_for_event ? ECS_QOS_PENDING : ECS_QOS_DONE, NULL);
}

static const json_t *find(struct qos_job *job)
{
    const json_t *list = qos_is_good(job) ? qos_body(job) : NULL;

    for (size_t i = 0; i < json_array_size(list); i++)
        if (qos_is_our_sink(job, json_object_get(json_array_get(list, i), "notificationDestination")))
            return json_array_get(list, i);
    return NULL;
}

static bool ask_list(struct qos_job *job)
{
    const char *path = collection(job);

    return (path && qos_ask(job, "GET", qos_path(job), path, NULL)) ||
           qos_end(job, ECS_QOS_AGAIN, qos_exhausted);
}

static bool create(struct qos_job *job)
{
    const char *path = collection(job);
    json_t *body = path ? create_body(job) : NULL;

    return (body && qos_ask(job, "POST", qos_path(job), path, body)) ||
           qos_end(job, ECS_QOS_AGAIN, qos_exhausted);
}

static bool is_nothing(struct qos_job *job)
{
    return job->answer.rc == ECS_OK && (job->answer.status == 404 || job->answer.status == 204 ||
                                        (qos_is_good(job) && json_is_array(qos_body(job))));
}

static bool apply(struct qos_job *job)
{
    enum { BEGIN, SEARCHED };
    const json_t *found;

    if (job->stage == BEGIN) {
        if (!qos_ue(&job->call->subject).n) {
            job->call->waits = true;
            return qos_end(job, ECS_QOS_AGAIN, "the device's address is not known");
        }
        if (job->call->repeated)
            return ask_list(job);
        job->stage = SEARCHED;
        return create(job);
    }
    if (job->stage == SEARCHED) {
        found = find(job);
        job->answer.location = ECS_STR_NULL;
        if (found)
            return take(job, found);
        return is_nothing(job) ? create(job) : qos_refused(job);
    }
    found = qos_is_good(job) ? qos_body(job) : NULL;
    return qos_is_good(job) ? take(job, found) : qos_refused(job);
}

static bool by_handle(struct qos_job *job, const char *method)
{
    const char *path = collection(job), *tail = path ? qos_handle_tail(job, path, "") : NULL;

    return (tail && qos_ask(job, method, qos_path(job), tail, NULL)) ||
           qos_end(job, ECS_QOS_AGAIN, qos_exhausted);
}

/* That it is there says nothing new about the bearer. */
static bool query(struct qos_job *job)
{
    if (job->stage == 0)
        return job->call->handle.n ? by_handle(job, "GET")
                                   : qos_end(job, ECS_QOS_GONE, "the network's id of it is not known");
    if (job->answer.rc == ECS_OK && job->answer.status == 404)
        return qos_end(job, ECS_QOS_GONE, "the network does not know it any more");
    if (!qos_is_good(job))
        return qos_unsure(job);
    return qos_end(job, job->call->active || !job->conf->wait_for_event ? ECS_QOS_DONE : ECS_QOS_PENDING,
                   NULL);
}

static bool release(struct qos_job *job)
{
    enum { BEGIN, SEARCHED };
    const json_t *found;

    if (job->stage == BEGIN) {
        if (!job->call->handle.n)
            return ask_list(job);
        job->stage = SEARCHED;
        return by_handle(job, "DELETE");
    }
    if (job->stage == SEARCHED) {
        found = find(job);
        if (!found)
            return is_nothing(job) ? qos_end(job, ECS_QOS_GONE, NULL) : qos_unsure(job);
        job->answer.location = ECS_STR_NULL;
        take(job, found);
        job->call->handle = job->call->handle_out;
        return job->call->handle.n && by_handle(job, "DELETE");
    }
    if (qos_is_good(job))
        return qos_end(job, ECS_QOS_DONE, NULL);
    return job->answer.rc == ECS_OK && job->answer.status == 404 ? qos_end(job, ECS_QOS_GONE, NULL)
                                                                 : qos_unsure(job);
}

const struct qos_dialect qos_t8 = {
    .apply = apply, .release = release, .query = query, .path = "/3gpp-as-session-with-qos/v1"};
