/* SPDX-License-Identifier: Apache-2.0 */
/* Rx (TS 29.214, pcrf.md 2): we are an application function; one session per request, opened by AAR and ended
 * by STR. The Session-Id is stored before the first AAR, so that a repetition is the same session. */
#include <arpa/inet.h>
#include <string.h>

#include "adapters/qos_int.h"

enum { LIMIT_MS = 20000, TERMINATED = 2001, UNKNOWN_SESSION = 5002, UNABLE_TO_COMPLY = 5012 };
enum {
    FILTER_RESTRICTIONS = 5062,
    NOT_AUTHORIZED = 5063,
    DUPLICATED = 5064,
    NO_SESSION = 5065,
    FAILURE = 5068,
    NOT_NOW = 4261
};

struct rx_exchange {
    struct ecs_diameter_ask ask;
    struct ecs_diameter_answer answer;
    struct ecs_buf buf;
    uint64_t down, up; /* less than the profile's, as the PCRF would grant it; 0: the profile's */
    bool releasing;    /* the answer is that of an STR before another AAR */
    bool less, freed;  /* done once */
};

/* ---- writing ---- */

static void put_text(struct ecs_buf *buf, enum ecs_diameter_avp_id id, const char *text)
{
    if (text)
        ecs_diameter_put(buf, id, ecs_str_of(text));
}

/* Above 32 bits per second the extended AVP tells kbit/s (TS 29.214 5.3.x). */
static void put_rate(struct ecs_buf *buf, uint64_t bps, enum ecs_diameter_avp_id plain,
                     enum ecs_diameter_avp_id extended)
{
    if (bps && bps <= UINT32_MAX)
        ecs_diameter_put_u32(buf, plain, (uint32_t)bps);
    else if (bps / 1000 > UINT32_MAX)
        ecs_diameter_put_u32(buf, extended, UINT32_MAX);
    else if (bps)
        ecs_diameter_put_u32(buf, extended, (uint32_t)(bps / 1000));
}

static uint64_t rate_of(const char *text)
{
    uint64_t bps;

    return text && qos_rate(text, &bps) ? bps : 0;
}

static bool put_flows(const struct qos_job *job, struct ecs_buf *buf)
{
    const struct ecs_str_list *flows = &job->profile->flows;
    size_t group;

    if (!flows->n)
        return true;
    group = ecs_diameter_group_begin(buf, ECS_AVP_MEDIA_SUB_COMPONENT);
    ecs_diameter_put_u32(buf, ECS_AVP_FLOW_NUMBER, 1);
    for (size_t i = 0; i < flows->n; i++) {
        const char *flow = qos_flow(job->arena, flows->items[i], qos_ue(&job->call->subject));

        if (!flow)
            return false;
        put_text(buf, ECS_AVP_FLOW_DESCRIPTION, flow);
    }
    ecs_diameter_put_u32(buf, ECS_AVP_FLOW_STATUS, 2); /* ENABLED */
    ecs_diameter_group_end(buf, group);
    return true;
}

static bool put_component(const struct qos_job *job, const struct qos_rx_ask *ask, struct ecs_buf *buf)
{
    const struct ecs_qos_profile_conf *p = job->profile;
    size_t group = ecs_diameter_group_begin(buf, ECS_AVP_MEDIA_COMPONENT_DESCRIPTION);
    bool good;

    ecs_diameter_put_u32(buf, ECS_AVP_MEDIA_COMPONENT_NUMBER, 1);
    good = put_flows(job, buf);
    ecs_diameter_put_u32(buf, ECS_AVP_MEDIA_TYPE, qos_media_codes[p->media]);
    put_rate(buf, ask->down ? ask->down : rate_of(p->down), ECS_AVP_MAX_REQUESTED_BANDWIDTH_DL,
             ECS_AVP_EXTENDED_MAX_BANDWIDTH_DL);
    put_rate(buf, ask->up ? ask->up : rate_of(p->up), ECS_AVP_MAX_REQUESTED_BANDWIDTH_UL,
             ECS_AVP_EXTENDED_MAX_BANDWIDTH_UL);
    if (rate_of(p->min_down) && rate_of(p->min_down) <= UINT32_MAX)
        ecs_diameter_put_u32(buf, ECS_AVP_MIN_REQUESTED_BANDWIDTH_DL, (uint32_t)rate_of(p->min_down));
    if (rate_of(p->min_up) && rate_of(p->min_up) <= UINT32_MAX)
        ecs_diameter_put_u32(buf, ECS_AVP_MIN_REQUESTED_BANDWIDTH_UL, (uint32_t)rate_of(p->min_up));
    ecs_diameter_put_u32(buf, ECS_AVP_FLOW_STATUS, 2);
    ecs_diameter_group_end(buf, group);
    return good;
}

static void put_subscription(struct ecs_buf *buf, uint32_t type, struct ecs_str value)
{
    size_t group;

    if (!value.n)
        return;
    group = ecs_diameter_group_begin(buf, ECS_AVP_SUBSCRIPTION_ID);
    ecs_diameter_put_u32(buf, ECS_AVP_SUBSCRIPTION_ID_TYPE, type);
    ecs_diameter_put(buf, ECS_AVP_SUBSCRIPTION_ID_DATA, value);
    ecs_diameter_group_end(buf, group);
}

static bool put_address(const struct qos_job *job, struct ecs_buf *buf)
{
    const struct ecs_qos_subject *s = &job->call->subject;
    char text[64];
    uint8_t bytes[18] = {0, 128}; /* reserved, length of the prefix */
    struct ecs_str ue = qos_ue(s);

    if (ue.n >= sizeof(text))
        return false;
    memcpy(text, ue.p, ue.n);
    text[ue.n] = '\0';
    if (inet_pton(s->ue_ipv4.n ? AF_INET : AF_INET6, text, bytes + 2) != 1)
        return false;
    if (s->ue_ipv4.n)
        ecs_diameter_put(buf, ECS_AVP_FRAMED_IP_ADDRESS, (struct ecs_str){(const char *)bytes + 2, 4});
    else
        ecs_diameter_put(buf, ECS_AVP_FRAMED_IPV6_PREFIX,
                         (struct ecs_str){(const char *)bytes, sizeof(bytes)});
    return true;
}

/* Those that we can handle: loss and release of the bearer, out of credit, allocation done, allocation
 * failed. */
static const uint32_t actions[] = {2, 4, 7, 8, 9};

static bool put_service(const struct qos_job *job, const struct qos_rx_ask *ask, struct ecs_buf *buf)
{
    const struct ecs_qos_subject *s = &job->call->subject;

    put_text(buf, ECS_AVP_AF_APPLICATION_IDENTIFIER, job->profile->application);
    if (!put_component(job, ask, buf))
        return false;
    for (size_t i = 0; i < ECS_ARRAY_LEN(actions); i++)
        ecs_diameter_put_u32(buf, ECS_AVP_SPECIFIC_ACTION, actions[i]);
    put_subscription(buf, 0, s->msisdn);
    put_subscription(buf, 1, s->imsi);
    if (!put_address(job, buf))
        return false;
    put_text(buf, ECS_AVP_CALLED_STATION_ID, job->profile->dnn);
    if (s->ue_ipv4.n)
        put_text(buf, ECS_AVP_IP_DOMAIN_ID, job->conf->ip_domain);
    ecs_diameter_put_u32(buf, ECS_AVP_RX_REQUEST_TYPE, 0); /* INITIAL_REQUEST */
    return true;
}

bool qos_rx_write(const struct qos_job *job, enum qos_rx_make make, const struct qos_rx_ask *ask,
                  struct ecs_buf *buf)
{
    put_text(buf, ECS_AVP_SESSION_ID, ask->session);
    ecs_diameter_put_u32(buf, ECS_AVP_AUTH_APPLICATION_ID, ECS_DIAMETER_APP_RX);
    put_text(buf, ECS_AVP_ORIGIN_HOST, ask->host);
    put_text(buf, ECS_AVP_ORIGIN_REALM, ask->realm);
    put_text(buf, ECS_AVP_DESTINATION_REALM, ask->dest_realm);
    put_text(buf, ECS_AVP_DESTINATION_HOST, ask->dest_host);
    if (make == QOS_RX_STR)
        ecs_diameter_put_u32(buf, ECS_AVP_TERMINATION_CAUSE, 1); /* DIAMETER_LOGOUT */
    else if (!put_service(job, ask, buf))
        return false;
    return !buf->overflow;
}

/* ---- exchanges ---- */

static void free_buffer(void *arg)
{
    ecs_buf_done(arg);
}

static struct rx_exchange *begin(struct qos_job *job)
{
    struct rx_exchange *rx = ecs_alloc(job->arena, sizeof(*rx));

    if (!rx || !ecs_defer(job->arena, free_buffer, &rx->buf))
        return NULL;
    rx->buf.limit = QOS_BODY_MAX;
    job->rx = rx;
    return rx;
}

static enum ecs_next end(struct qos_job *job, enum ecs_qos_outcome outcome, const char *why)
{
    qos_end(job, outcome, why);
    return ECS_DONE;
}

static enum ecs_next exchange(struct qos_job *job, enum qos_rx_make make, struct ecs_str session)
{
    struct ecs_diameter *d = job->qos->env.diameter;
    struct rx_exchange *rx = job->rx;
    struct ecs_str host = job->call->host;
    const struct qos_rx_ask ask = {
        .session = ecs_strdup(job->arena, session),
        .host = ecs_diameter_host(d),
        .realm = ecs_diameter_realm(d),
        .dest_realm = job->conf->realm,
        .dest_host =
            host.n && ecs_diameter_is_identity(host) ? ecs_strdup(job->arena, host) : job->conf->host,
        .down = rx->down,
        .up = rx->up,
    };

    ecs_buf_reset(&rx->buf);
    if (!ask.session || !qos_rx_write(job, make, &ask, &rx->buf))
        return end(job, ECS_QOS_REFUSED,
                   "the request does not fit into memory, or the address cannot be used");
    rx->ask = (struct ecs_diameter_ask){
        .message = {.command = make == QOS_RX_AAR ? ECS_DIAMETER_AA : ECS_DIAMETER_SESSION_TERMINATION,
                    .application = ECS_DIAMETER_APP_RX,
                    .avps = ecs_buf_str(&rx->buf)},
        .limit_ms = (uint32_t)job->conf->total_ms,
    };
    return ecs_diameter_ask(job->flow, d, &rx->ask, &rx->answer);
}

/* What the PCRF would grant instead: of the component, or of all. */
static bool take_less(struct qos_job *job)
{
    struct ecs_str avps = job->rx->answer.message.avps, offer, one;
    uint32_t rate;
    bool found = false;

    if (!job->conf->accept_less || job->rx->less ||
        !ecs_diameter_get(avps, ECS_AVP_ACCEPTABLE_SERVICE_INFO, &offer))
        return false;
    if (!ecs_diameter_get(offer, ECS_AVP_MEDIA_COMPONENT_DESCRIPTION, &one))
        one = offer;
    if (ecs_diameter_get_u32(one, ECS_AVP_MAX_REQUESTED_BANDWIDTH_DL, &rate) && rate) {
        job->rx->down = rate;
        found = true;
    }
    if (ecs_diameter_get_u32(one, ECS_AVP_MAX_REQUESTED_BANDWIDTH_UL, &rate) && rate) {
        job->rx->up = rate;
        found = true;
    }
    return job->rx->less = found;
}

static const struct {
    uint32_t code;
    enum ecs_qos_outcome outcome;
    bool waits;
    const char *why;
} results[] = {
    {NOT_NOW, ECS_QOS_AGAIN, false, "4261: the network does not grant this quality now"},
    {5061, ECS_QOS_REFUSED, false, "5061: the network does not take the service information"},
    {FILTER_RESTRICTIONS, ECS_QOS_REFUSED, false, "5062: the network does not take the flow filters"},
    {NOT_AUTHORIZED, ECS_QOS_REFUSED, false, "5063: the network does not grant this quality"},
    {DUPLICATED, ECS_QOS_AGAIN, false, "5064: the network has such a session already"},
    {NO_SESSION, ECS_QOS_AGAIN, true, "5065: the device is not attached with this address"},
    {5066, ECS_QOS_REFUSED, false, "5066: the network takes emergency sessions only"},
    {5067, ECS_QOS_REFUSED, false, "5067: the network does not grant sponsored data"},
    {FAILURE, ECS_QOS_AGAIN, false, "5068: a failure of the network that passes"},
};

static enum ecs_next judge(struct qos_job *job)
{
    const struct ecs_diameter_answer *a = &job->rx->answer;
    uint32_t retry_s;

    job->call->unknown = a->rc == ECS_E_BACKEND || a->rc == ECS_E_TIMEOUT;
    if (a->rc != ECS_OK)
        return end(job, a->rc == ECS_E_BAD_PARAMETER ? ECS_QOS_REFUSED : ECS_QOS_AGAIN,
                   a->error ? a->error : ecs_strerror(a->rc));
    if (ecs_diameter_get_u32(a->message.avps, ECS_AVP_RETRY_INTERVAL, &retry_s))
        job->call->retry_after_s = retry_s < 86400 ? retry_s : 86400;
    for (size_t i = 0; a->result.vendor && i < ECS_ARRAY_LEN(results); i++)
        if (a->result.code == results[i].code) {
            job->call->waits = results[i].waits;
            return end(job, results[i].outcome, results[i].why);
        }
    if (a->result.meaning == ECS_DIAMETER_MEANS_ELSEWHERE || a->result.meaning == ECS_DIAMETER_MEANS_LATER ||
        a->result.code == UNABLE_TO_COMPLY)
        return end(job, ECS_QOS_AGAIN, ecs_diameter_result_name(&a->result));
    return end(job, ECS_QOS_REFUSED, ecs_diameter_result_name(&a->result));
}

/* ---- AAR [STR AAR] ---- */

static enum ecs_next ask_aar(struct ecs_flow *f)
{
    struct qos_job *job = f->self;

    return exchange(job, QOS_RX_AAR, job->call->handle);
}

static enum ecs_next ask_str(struct ecs_flow *f)
{
    struct qos_job *job = f->self;

    return job->rx->releasing
               ? exchange(job, QOS_RX_STR, job->call->former.n ? job->call->former : job->call->handle)
               : ECS_NEXT;
}

static enum ecs_next take_aaa(struct ecs_flow *f)
{
    struct qos_job *job = f->self;
    const struct ecs_diameter_answer *a = &job->rx->answer;
    struct ecs_str host;

    if (a->rc == ECS_OK && a->result.meaning == ECS_DIAMETER_MEANS_OK) {
        if (ecs_diameter_get(a->message.avps, ECS_AVP_ORIGIN_HOST, &host) && ecs_diameter_is_identity(host))
            job->call->host_out = host;
        job->call->handle_out = job->call->handle;
        return end(job, job->conf->wait_for_event ? ECS_QOS_PENDING : ECS_QOS_DONE, NULL);
    }
    if (a->rc == ECS_OK && a->result.vendor && a->result.code == NOT_AUTHORIZED && take_less(job))
        return ecs_flow_goto(f, ask_aar);
    job->rx->releasing =
        a->rc == ECS_OK && a->result.vendor && a->result.code == DUPLICATED && !job->rx->freed;
    return job->rx->releasing ? ECS_NEXT : judge(job);
}

/* The former session has gone, whatever the answer: once more. */
static enum ecs_next take_sta(struct ecs_flow *f)
{
    struct qos_job *job = f->self;

    job->rx->freed = true;
    job->rx->releasing = false;
    job->call->former_ended = job->call->former.n > 0 && job->rx->answer.rc == ECS_OK;
    return ecs_flow_goto(f, ask_aar);
}

static const struct ecs_step apply_steps[] = {{"rx-aar", ask_aar, LIMIT_MS},
                                              {"rx-aaa", take_aaa, 0},
                                              {"rx-str", ask_str, LIMIT_MS},
                                              {"rx-sta", take_sta, 0},
                                              {0}};

static enum ecs_next release_str(struct ecs_flow *f)
{
    struct qos_job *job = f->self;

    return exchange(job, QOS_RX_STR, job->call->handle);
}

static enum ecs_next take_released(struct ecs_flow *f)
{
    struct qos_job *job = f->self;
    const struct ecs_diameter_answer *a = &job->rx->answer;

    if (a->rc == ECS_OK && !a->result.vendor && a->result.code == TERMINATED)
        return end(job, ECS_QOS_DONE, NULL);
    if (a->rc == ECS_OK && !a->result.vendor && a->result.code == UNKNOWN_SESSION)
        return end(job, ECS_QOS_GONE, NULL);
    judge(job);
    if (job->call->outcome == ECS_QOS_REFUSED) /* it is still there: later again */
        job->call->outcome = ECS_QOS_AGAIN;
    return ECS_DONE;
}

static const struct ecs_step release_steps[] = {
    {"rx-str", release_str, LIMIT_MS}, {"rx-sta", take_released, 0}, {0}};

enum ecs_next qos_rx_apply(struct qos_job *job)
{
    if (!qos_ue(&job->call->subject).n) {
        job->call->waits = true;
        qos_end(job, ECS_QOS_AGAIN, "the device's address is not known");
        return ECS_NEXT;
    }
    if (!job->qos->env.diameter || !begin(job)) {
        qos_end(job, ECS_QOS_AGAIN, job->qos->env.diameter ? qos_exhausted : "there are no Diameter peers");
        return ECS_NEXT;
    }
    return ecs_flow_call(job->flow, apply_steps, job);
}

enum ecs_next qos_rx_release(struct qos_job *job)
{
    if (!job->call->handle.n) {
        qos_end(job, ECS_QOS_GONE, NULL);
        return ECS_NEXT;
    }
    if (!job->qos->env.diameter || !begin(job)) {
        qos_end(job, ECS_QOS_AGAIN, job->qos->env.diameter ? qos_exhausted : "there are no Diameter peers");
        return ECS_NEXT;
    }
    return ecs_flow_call(job->flow, release_steps, job);
}

/* ---- inbound ---- */

/* RAR: what happened stands in its actions; losses count more than a success in the same message. */
static void read_actions(struct ecs_str avps, struct ecs_qos_event *event)
{
    static const struct {
        uint32_t action;
        enum ecs_qos_news news;
        const char *why;
    } rows[] = {{8, ECS_QOS_NEWS_ACTIVE, NULL},
                {2, ECS_QOS_NEWS_LOST, "the bearer was lost"},
                {4, ECS_QOS_NEWS_LOST, "the bearer was released"},
                {9, ECS_QOS_NEWS_LOST, "the network has no resources for it"}};
    struct ecs_str data;

    while (ecs_diameter_next_of(&avps, ECS_AVP_SPECIFIC_ACTION, &data)) {
        uint32_t action;

        if (data.n != 4)
            continue;
        action = (uint32_t)(uint8_t)data.p[0] << 24 | (uint32_t)(uint8_t)data.p[1] << 16 |
                 (uint32_t)(uint8_t)data.p[2] << 8 | (uint8_t)data.p[3];
        for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
            if (rows[i].action == action && rows[i].news > event->news) {
                event->news = rows[i].news;
                event->why = rows[i].why;
            }
    }
}

static const char *abort_reason(uint32_t cause)
{
    static const char *const causes[] = {
        "aborted: the bearer was released", "aborted: the server has no resources",
        "aborted: the bearer has no resources", "aborted: handover to circuit switching",
        "aborted: sponsored data are not allowed"};

    return cause < ECS_ARRAY_LEN(causes) ? causes[cause] : "aborted by the network";
}

bool ecs_qos_rx_read(const struct ecs_diameter_message *message, struct ecs_qos_event *ret_event)
{
    struct ecs_qos_event e = {0};
    uint32_t cause = UINT32_MAX;

    if (!(message->flags & ECS_DIAMETER_R) ||
        !ecs_diameter_get(message->avps, ECS_AVP_SESSION_ID, &e.handle) || !e.handle.n)
        return false;
    if (message->command == ECS_DIAMETER_ABORT_SESSION) {
        if (!ecs_diameter_get_u32(message->avps, ECS_AVP_ABORT_CAUSE, &cause))
            cause = UINT32_MAX;
        e.news = ECS_QOS_NEWS_LOST;
        e.why = abort_reason(cause);
    } else if (message->command == ECS_DIAMETER_RE_AUTH) {
        read_actions(message->avps, &e);
    } else {
        return false;
    }
    *ret_event = e;
    return true;
}
