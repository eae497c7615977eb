/* SPDX-License-Identifier: Apache-2.0 */
/* N5: Npcf_PolicyAuthorization (TS 29.514, pcrf.md 3) over HTTP/2. An application session by the device's
 * address; the PCF points to an equivalent one with 303 instead of making it twice. */
#include <string.h>

#include "adapters/qos_int.h"

static const char sessions[] = "/app-sessions";

static bool put(json_t *body, const char *name, json_t *value)
{
    return json_object_set_new(body, name, value) == 0;
}

static bool put_text(json_t *body, const char *name, const char *value)
{
    return !value || put(body, name, json_string(value));
}

static bool put_prefixed(const struct qos_job *job, json_t *body, const char *name, const char *prefix,
                         struct ecs_str value)
{
    const char *text = value.n ? ecs_printf(job->arena, "%s%.*s", prefix, ECS_FMT(value)) : NULL;

    return !value.n || (text && put_text(body, name, text));
}

/* One flow of both directions, or whatever the PCF's rule for afAppId and qosReference says. */
static bool put_flows(const struct qos_job *job, json_t *component)
{
    const struct ecs_str_list *flows = &job->profile->flows;
    json_t *list = json_array();

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
    return put(component, "medSubComps",
               json_pack("{s:{s:i,s:o,s:s}}", "1", "fNum", 1, "fDescs", list, "fStatus", "ENABLED"));
}

static json_t *component(const struct qos_job *job, const char *down, const char *up)
{
    const struct ecs_qos_profile_conf *p = job->profile;
    json_t *c =
        json_pack("{s:i,s:s,s:s}", "medCompN", 1, "medType", qos_media_names[p->media], "fStatus", "ENABLED");

    if (c && put_text(c, "qosReference", p->qos_reference) && put_text(c, "marBwDl", down) &&
        put_text(c, "marBwUl", up) && put_text(c, "mirBwDl", p->min_down) &&
        put_text(c, "mirBwUl", p->min_up) && put_flows(job, c))
        return c;
    json_decref(c);
    return NULL;
}

static bool put_slice(const struct qos_job *job, json_t *data)
{
    json_t *slice = job->profile->sst >= 0 ? json_pack("{s:I}", "sst", (json_int_t)job->profile->sst) : NULL;

    if (job->profile->sst < 0)
        return true;
    if (slice && put_text(slice, "sd", job->profile->sd))
        return put(data, "sliceInfo", slice);
    json_decref(slice);
    return false;
}

static json_t *create_body(const struct qos_job *job, const char *down, const char *up)
{
    const struct ecs_qos_subject *s = &job->call->subject;
    const char *sink = qos_sink(job, "n5/");
    struct ecs_str ue = qos_ue(s);
    const char *address = ue.n ? ecs_strdup(job->arena, ue) : NULL;
    json_t *data = sink && address ? json_pack("{s:s,s:s,s:s}", s->ue_ipv4.n ? "ueIpv4" : "ueIpv6", address,
                                               "notifUri", sink, "suppFeat", "0")
                                   : NULL;

    if (data && put_text(data, "afAppId", job->profile->application) &&
        put_text(data, "dnn", job->profile->dnn) && put_slice(job, data) &&
        put_prefixed(job, data, "supi", "imsi-", s->imsi) &&
        put_prefixed(job, data, "gpsi", "msisdn-", s->msisdn) &&
        (!s->ue_ipv4.n || put_text(data, "ipDomain", job->conf->ip_domain)) &&
        put(data, "medComponents", json_pack("{s:o}", "1", component(job, down, up))) &&
        put(data, "evSubsc",
            json_pack("{s:[{s:s},{s:s}],s:s}", "events", "event", "SUCCESSFUL_RESOURCES_ALLOCATION", "event",
                      "FAILED_RESOURCES_ALLOCATION", "notifUri", sink)))
        return json_pack("{s:o}", "ascReqData", data);
    json_decref(data);
    return NULL;
}

static bool create(struct qos_job *job, const char *down, const char *up)
{
    json_t *body = create_body(job, down, up);

    return (body && qos_ask(job, "POST", qos_path(job), sessions, body)) ||
           qos_end(job, ECS_QOS_AGAIN, qos_exhausted);
}

static bool take(struct qos_job *job)
{
    job->call->handle_out = qos_last_part(job->arena, job->answer.location);
    job->call->unknown = true;
    if (!job->call->handle_out.p)
        return qos_end(job, ECS_QOS_AGAIN, "the network's answer does not name the session");
    return qos_end(job, job->conf->wait_for_event ? ECS_QOS_PENDING : ECS_QOS_DONE, NULL);
}

/* What the PCF would grant instead (acceptableServInfo): the total, or that of the component. */
static const char *granted(struct qos_job *job, const char *name)
{
    const json_t *offer = json_object_get(qos_body(job), "acceptableServInfo");
    const json_t *own = json_object_get(json_object_get(offer, "accBwMedComps"), "1");
    struct ecs_str rate = qos_text(job->arena, own, name);
    uint64_t bps;

    if (!rate.p)
        rate = qos_text(job->arena, offer, name);
    return rate.p && qos_rate(rate.p, &bps) ? rate.p : NULL;
}

static bool accept_less(struct qos_job *job)
{
    const char *down, *up;

    if (!job->conf->accept_less || job->stage != 1 || job->answer.rc != ECS_OK ||
        !ecs_str_eq(qos_code(job), ECS_STR("REQUESTED_SERVICE_NOT_AUTHORIZED")))
        return false;
    down = granted(job, "marBwDl");
    up = granted(job, "marBwUl");
    return (down || up) && create(job, down ? down : job->profile->down, up ? up : job->profile->up);
}

static bool apply(struct qos_job *job)
{
    if (job->stage == 0) {
        if (!qos_ue(&job->call->subject).n) {
            job->call->waits = true;
            return qos_end(job, ECS_QOS_AGAIN, "the device's address is not known");
        }
        return create(job, job->profile->down, job->profile->up);
    }
    if (qos_is_good(job) || (job->answer.rc == ECS_OK && job->answer.status == 303))
        return take(job);
    return accept_less(job) || qos_refused(job);
}

/* TS 29.514: deleting is a POST. */
static bool release(struct qos_job *job)
{
    const char *tail;

    if (job->stage == 0) {
        if (!job->call->handle.n) /* nothing to find it by; the PCF ends it with the PDU session */
            return qos_end(job, ECS_QOS_GONE, NULL);
        tail = qos_handle_tail(job, sessions, "/delete");
        return (tail && qos_ask(job, "POST", qos_path(job), tail, NULL)) ||
               qos_end(job, ECS_QOS_AGAIN, qos_exhausted);
    }
    if (qos_is_good(job))
        return qos_end(job, ECS_QOS_DONE, NULL);
    return job->answer.rc == ECS_OK && job->answer.status == 404 ? qos_end(job, ECS_QOS_GONE, NULL)
                                                                 : qos_unsure(job);
}

static bool query(struct qos_job *job)
{
    const char *tail;

    if (job->stage == 0) {
        if (!job->call->handle.n)
            return qos_end(job, ECS_QOS_GONE, "the network's id of it is not known");
        tail = qos_handle_tail(job, sessions, "");
        return (tail && qos_ask(job, "GET", qos_path(job), tail, NULL)) ||
               qos_end(job, ECS_QOS_AGAIN, qos_exhausted);
    }
    if (job->answer.rc == ECS_OK && job->answer.status == 404)
        return qos_end(job, ECS_QOS_GONE, "the network does not know it any more");
    if (!qos_is_good(job))
        return qos_unsure(job);
    return qos_end(job, job->call->active || !job->conf->wait_for_event ? ECS_QOS_DONE : ECS_QOS_PENDING,
                   NULL);
}

const struct qos_dialect qos_n5 = {.apply = apply,
                                   .release = release,
                                   .query = query,
                                   .path = "/npcf-policyauthorization/v1",
                                   .http2 = true};
