/* SPDX-License-Identifier: Apache-2.0 */
/* CAMARA: qos-provisioning (an assignment that stays) and quality-on-demand (a session with a duration),
 * pcrf.md 5. The device is named by its phone number. A request whose answer was lost is looked for by the
 * device before it is sent again: what has our address for events is ours, and without one what has our
 * profile. */
#include <string.h>

#include "adapters/qos_int.h"
#include "ecs/clock.h"

enum { SINK_LIFE_S = 86400 };

static bool is_session(const struct qos_job *job)
{
    return job->conf->type == ECS_QOS_CAMARA_SESSION;
}

/* Paths of the two APIs. */
static const char *tail_of(const struct qos_job *job, const char *assignments, const char *sessions)
{
    return is_session(job) ? sessions : assignments;
}

/* ---- writing ---- */

static json_t *device(const struct qos_job *job)
{
    const struct ecs_str number = job->call->subject.msisdn;
    const char *text = number.n ? ecs_printf(job->arena, "+%.*s", ECS_FMT(number)) : NULL;

    return text ? json_pack("{s:s}", "phoneNumber", text) : NULL;
}

/* "203.0.113.5/24", "2001:db8::1" */
static json_t *server(const char *address)
{
    return json_pack("{s:s}", strchr(address, ':') ? "ipv6Address" : "ipv4Address", address);
}

static bool put_sink(const struct qos_job *job, json_t *body)
{
    const char *sink = qos_sink(job, "");
    int64_t life = job->call->seconds > 0 ? job->call->seconds : 365 * SINK_LIFE_S;
    char ends[21];

    if (!sink)
        return !job->conf->callback[0];
    if (json_object_set_new(body, "sink", json_string(sink)) != 0)
        return false;
    if (!job->conf->events_token)
        return true;
    ecs_time_format(ecs_clock_now() + life + SINK_LIFE_S, ends);
    return json_object_set_new(body, "sinkCredential",
                               json_pack("{s:s,s:s,s:s,s:s}", "credentialType", "ACCESSTOKEN", "accessToken",
                                         job->conf->events_token, "accessTokenExpiresUtc", ends,
                                         "accessTokenType", "bearer")) == 0;
}

static json_t *create_body(const struct qos_job *job)
{
    int64_t seconds = job->call->seconds > 0 ? job->call->seconds : job->profile->duration_s;
    json_t *named = device(job), *body;

    body = named ? json_pack("{s:o,s:s}", "device", named, "qosProfile", job->profile->camara_profile) : NULL;
    if (body && is_session(job) &&
        (json_object_set_new(body, "applicationServer", server(job->profile->server)) != 0 ||
         json_object_set_new(body, "duration", json_integer(seconds)) != 0)) {
        json_decref(body);
        return NULL;
    }
    if (body && put_sink(job, body))
        return body;
    json_decref(body);
    return NULL;
}

static bool post(struct qos_job *job, const char *tail, json_t *body)
{
    if (body && qos_ask(job, "POST", qos_path(job), tail, body))
        return true;
    return qos_end(job, ECS_QOS_AGAIN, qos_exhausted);
}

static bool post_search(struct qos_job *job)
{
    json_t *named = device(job);

    return post(job, tail_of(job, "/retrieve-qos-assignment", "/retrieve-sessions"),
                named ? json_pack("{s:o}", "device", named) : NULL);
}

/* ---- reading ---- */

/* Of a session that does not tell its end, but when it began and for how long; 0: not told. */
static int64_t end_of(const struct qos_job *job, const json_t *body)
{
    struct ecs_str started = qos_text(job->arena, body, "startedAt");
    json_int_t seconds = json_integer_value(json_object_get(body, "duration"));
    int64_t at;

    return started.p && seconds > 0 && seconds <= INT32_MAX && ecs_time_parse(started, &at) ? at + seconds
                                                                                            : 0;
}

/* An assignment or a session into the call. False with AGAIN: it cannot be read. */
static bool take(struct qos_job *job, const json_t *body)
{
    const char *status = json_string_value(json_object_get(body, is_session(job) ? "qosStatus" : "status"));
    const char *info = json_string_value(json_object_get(body, "statusInfo"));
    struct ecs_str id = qos_text(job->arena, body, is_session(job) ? "sessionId" : "assignmentId");
    struct ecs_str ends = qos_text(job->arena, body, "expiresAt");

    id = id.p ? qos_last_part(job->arena, id) : id;
    job->call->unknown = true;
    if (!status || !id.p)
        return qos_end(job, ECS_QOS_AGAIN, "the network's answer cannot be read");
    job->call->handle_out = id;
    if (!ends.p || !ecs_time_parse(ends, &job->call->ends_at))
        job->call->ends_at = end_of(job, body);
    if (strcmp(status, "AVAILABLE") == 0)
        return qos_end(job, ECS_QOS_DONE, NULL);
    if (strcmp(status, "REQUESTED") == 0)
        return qos_end(job, ECS_QOS_PENDING, NULL);
    if (strcmp(status, "UNAVAILABLE") != 0)
        return qos_end(job, ECS_QOS_AGAIN, "the network's answer has a status that is not known");
    return qos_end(job, info && strcmp(info, "DURATION_EXPIRED") == 0 ? ECS_QOS_GONE : ECS_QOS_REFUSED,
                   "the network has ended it");
}

static bool is_text(const json_t *object, const char *name, struct ecs_str text)
{
    const json_t *value = json_object_get(object, name);

    return text.p && json_is_string(value) &&
           ecs_str_eq((struct ecs_str){json_string_value(value), json_string_length(value)}, text);
}

/* Is this one that our request has made? */
static bool is_ours(struct qos_job *job, const json_t *found)
{
    const json_t *sink = json_object_get(found, "sink");
    const char *status = json_string_value(json_object_get(found, is_session(job) ? "qosStatus" : "status"));

    if (status && strcmp(status, "UNAVAILABLE") == 0)
        return false;
    if (is_text(found, is_session(job) ? "sessionId" : "assignmentId", job->call->former))
        return false;
    if (json_is_string(sink))
        return qos_is_our_sink(job, sink);
    return job->call->repeated && job->profile &&
           is_text(found, "qosProfile", ecs_str_of(job->profile->camara_profile));
}

static const json_t *find(struct qos_job *job)
{
    const json_t *body = qos_is_good(job) ? qos_body(job) : NULL;

    for (size_t i = 0; json_is_array(body) && i < json_array_size(body); i++)
        if (is_ours(job, json_array_get(body, i)))
            return json_array_get(body, i);
    return json_is_object(body) && is_ours(job, body) ? body : NULL;
}

/* Nothing found: an empty list, or 404. */
static bool is_nothing(struct qos_job *job)
{
    if (job->answer.rc == ECS_OK && job->answer.status == 404)
        return !ecs_str_eq(qos_code(job), ECS_STR("IDENTIFIER_NOT_FOUND"));
    return qos_is_good(job) && qos_body(job);
}

/* ---- asking: [search] create [search] ---- */

static bool create(struct qos_job *job)
{
    return post(job, tail_of(job, "/qos-assignments", "/sessions"), create_body(job));
}

static bool apply(struct qos_job *job)
{
    enum { BEGIN, SEARCHED, CREATED, CONFLICT };
    const json_t *found;

    if (job->stage == BEGIN) {
        if (!job->call->subject.msisdn.n)
            return qos_end(job, ECS_QOS_REFUSED, "the line has no number");
        if (job->call->repeated)
            return post_search(job);
        job->stage = SEARCHED;
        return create(job);
    }
    if (job->stage == SEARCHED || job->stage == CONFLICT) {
        found = find(job);
        if (found)
            return take(job, found);
        if (!is_nothing(job))
            return qos_refused(job);
        if (job->stage == SEARCHED)
            return create(job);
        job->call->unknown = true; /* the next time it is taken when it has our profile */
        return qos_end(job, ECS_QOS_AGAIN, "another session of this line is in force");
    }
    if (job->answer.rc == ECS_OK && job->answer.status == 409)
        return post_search(job); /* it may be ours of another life */
    found = qos_is_good(job) ? qos_body(job) : NULL;
    return found ? take(job, found) : qos_refused(job);
}

/* ---- by the handle, or by what the device has ---- */

static bool by_handle(struct qos_job *job, const char *method)
{
    const char *tail = qos_handle_tail(job, tail_of(job, "/qos-assignments", "/sessions"), "");

    if (tail && qos_ask(job, method, qos_path(job), tail, NULL))
        return true;
    return qos_end(job, ECS_QOS_AGAIN, qos_exhausted);
}

static bool query(struct qos_job *job)
{
    const json_t *body;

    if (job->stage == 0)
        return job->call->handle.n ? by_handle(job, "GET")
                                   : qos_end(job, ECS_QOS_GONE, "the network's id of it is not known");
    if (job->answer.rc == ECS_OK && job->answer.status == 404)
        return qos_end(job, ECS_QOS_GONE, "the network does not know it any more");
    body = qos_is_good(job) ? qos_body(job) : NULL;
    return body ? take(job, body) : qos_unsure(job);
}

/* Without a handle (the answer to our request was lost) what is ours is looked for. 202: asynchronous, the
 * rest is told by an event; it is gone for us. */
static bool release(struct qos_job *job)
{
    enum { BEGIN, SEARCHED, DELETED };
    const json_t *found;

    if (job->stage == BEGIN && !job->call->handle.n) {
        if (!job->call->subject.msisdn.n)
            return qos_end(job, ECS_QOS_REFUSED, "without id and number it cannot be looked for");
        job->call->repeated = true;
        return post_search(job);
    }
    if (job->stage == BEGIN) {
        job->stage = SEARCHED;
        return by_handle(job, "DELETE");
    }
    if (job->stage == SEARCHED) {
        found = find(job);
        if (!found)
            return is_nothing(job) ? qos_end(job, ECS_QOS_GONE, NULL) : qos_unsure(job);
        take(job, found);
        job->call->handle = job->call->handle_out;
        return job->call->handle.n && by_handle(job, "DELETE");
    }
    if (qos_is_good(job))
        return qos_end(job, ECS_QOS_DONE, NULL);
    if (job->answer.rc == ECS_OK && (job->answer.status == 404 || job->answer.status == 410))
        return qos_end(job, ECS_QOS_GONE, NULL);
    return qos_unsure(job);
}

const struct qos_dialect qos_camara_provisioning = {
    .apply = apply, .release = release, .query = query, .path = "/qos-provisioning/v0.2"};
const struct qos_dialect qos_camara_session = {
    .apply = apply, .release = release, .query = query, .path = "/quality-on-demand/v1"};

/* ---- profiles ---- */

/* {value, unit} */
static int64_t duration(const json_t *d)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = {{"Days", 86400}, {"Hours", 3600}, {"Minutes", 60}, {"Seconds", 1}};
    const char *unit = json_string_value(json_object_get(d, "unit"));
    json_int_t value = json_integer_value(json_object_get(d, "value"));

    for (size_t i = 0; unit && value > 0 && value <= 100000000 && i < ECS_ARRAY_LEN(units); i++)
        if (strcmp(unit, units[i].unit) == 0)
            return value * units[i].seconds;
    return 0;
}

bool qos_camara_profiles(struct qos_job *job)
{
    struct ecs_qos_knowns *k = job->knowns;
    const json_t *list;
    size_t max;

    if (job->stage == 0) {
        k->outcome = ECS_QOS_AGAIN;
        k->why = qos_exhausted;
        return qos_ask(job, "POST", job->conf->profiles_path, "/retrieve-qos-profiles", json_object());
    }
    list = qos_is_good(job) ? qos_body(job) : NULL;
    if (!json_is_array(list)) {
        k->why = job->answer.rc != ECS_OK && job->answer.error ? job->answer.error
                                                               : "the network does not tell its profiles";
        return false;
    }
    max = json_array_size(list) < QOS_LIST_MAX ? json_array_size(list) : QOS_LIST_MAX;
    k->rows = ecs_alloc(job->arena, (max + 1) * sizeof(*k->rows));
    for (size_t i = 0; k->rows && i < max; i++) {
        const json_t *row = json_array_get(list, i);
        struct ecs_str name = qos_text(job->arena, row, "name");

        if (name.p)
            k->rows[k->n++] = (struct ecs_qos_known){.name = name,
                                                     .status = qos_text(job->arena, row, "status"),
                                                     .min_s = duration(json_object_get(row, "minDuration")),
                                                     .max_s = duration(json_object_get(row, "maxDuration"))};
    }
    k->outcome = k->rows ? ECS_QOS_DONE : ECS_QOS_AGAIN;
    k->why = k->rows ? NULL : qos_exhausted;
    return false;
}
