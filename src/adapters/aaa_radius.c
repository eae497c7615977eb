/* SPDX-License-Identifier: Apache-2.0 */
/* EAP handed on by RADIUS (RFC 3579, aaa.md 5). */
#include <string.h>

#include "adapters/aaa_int.h"

struct ecs_radius_server_conf ecs_radius_conf_of(const struct ecs_radius_row *row, bool lab)
{
    return (struct ecs_radius_server_conf){
        .name = row->name,
        .host = row->host,
        .port = (uint16_t)row->port,
        .secret = row->secret && row->secret[0] ? ecs_str_of(row->secret) : ECS_STR_NULL,
        .short_secret = lab,
        .tls = row->tls,
        .ca_file = row->ca_file,
        .cert_file = row->certificate,
        .key_file = row->key,
        .tls_name = row->tls_name,
        .priority = (unsigned)row->priority,
        .max_in_flight = (unsigned)row->max_in_flight,
    };
}

struct ecs_radius *aaa_radius_open(const struct ecs_aaa_env *env, struct ecs_radius *former,
                                   const struct ecs_aaa_conf *conf, const struct ecs_radius_row *servers,
                                   size_t servers_n, char *err, size_t err_size)
{
    struct ecs_radius *again;
    struct ecs_radius_server_conf rows[ECS_RADIUS_SERVERS];
    struct ecs_radius_conf radius = {.use = ECS_RADIUS_AUTHENTICATION,
                                     .servers = rows,
                                     .local_address = conf->local_address,
                                     .nas_identifier =
                                         conf->nas_identifier ? conf->nas_identifier : env->nas_identifier,
                                     .first_ms = (uint32_t)conf->repeat_ms,
                                     .sends = (unsigned)conf->sends,
                                     .total_ms = (uint32_t)conf->limit_ms,
                                     .dead_after = (unsigned)conf->dead_after,
                                     .dead_ms = (uint32_t)conf->dead_ms,
                                     .status_server = conf->status_server,
                                     .probe_ms = (uint32_t)conf->probe_ms};

    for (size_t i = 0; i < conf->servers.n && radius.servers_n < ECS_RADIUS_SERVERS; i++)
        for (size_t k = 0; k < servers_n; k++) {
            char name[ECS_RADIUS_NAME];

            if (!ecs_str_eq(conf->servers.items[i], ecs_str_of(servers[k].name)))
                continue;
            rows[radius.servers_n] = ecs_radius_conf_of(&servers[k], env->lab);
            snprintf(name, sizeof(name), "radius-%s", servers[k].name);
            rows[radius.servers_n++].stats = env->stats ? env->stats(env->stats_arg, name) : NULL;
            break;
        }
    again = ecs_radius_again(former, &radius);
    return again ? again : ecs_radius_new(env->loop, &radius, err, err_size);
}

static void break_off(struct ecs_aaa_round *round, const char *why)
{
    round->verdict = ECS_AAA_TRANSIENT;
    round->why = why;
}

static void take_accepted(const struct ecs_radius_judgement *j, struct ecs_aaa_round *round)
{
    struct ecs_str by_name = j->user_name.n ? aaa_imsi_of_name(j->user_name) : ECS_STR_NULL;

    if (j->imsi.n && by_name.n && !ecs_str_eq(j->imsi, by_name)) {
        break_off(round, "the AAA names two subscribers");
        return;
    }
    round->imsi = j->imsi.n ? j->imsi : by_name;
    round->session_s = j->session_s;
    round->class = j->class;
}

/* RADIUS has no "user unknown" beside "try later": a rejection is final, what breaks the protocol is not
 * (aaa.md 5.2). */
void aaa_judge_radius(const struct ecs_aaa_conf *conf, const struct ecs_radius_answer *answer, bool first,
                      struct ecs_arena *arena, struct ecs_aaa_round *round, struct ecs_str *ret_state)
{
    static const enum ecs_aaa_verdict verdicts[] = {[ECS_RADIUS_MORE] = ECS_AAA_MORE,
                                                    [ECS_RADIUS_REPEAT] = ECS_AAA_REPEAT,
                                                    [ECS_RADIUS_ACCEPTED] = ECS_AAA_ACCEPTED,
                                                    [ECS_RADIUS_REJECTED] = ECS_AAA_REJECTED,
                                                    [ECS_RADIUS_BROKEN] = ECS_AAA_TRANSIENT};
    struct ecs_radius_judgement j;

    *ret_state = ECS_STR_NULL;
    if (answer->rc != ECS_OK) {
        break_off(round, answer->error);
        return;
    }
    round->code = answer->code;
    ecs_radius_judge(answer->code, answer->attrs, conf->accept_without_eap, arena, &j);
    round->verdict = verdicts[j.verdict];
    round->why = j.why;
    *ret_state = j.state;
    if (j.verdict == ECS_RADIUS_MORE || j.verdict == ECS_RADIUS_REPEAT) {
        round->eap_out = j.eap;
        round->wait_s = j.wait_s;
    } else if (j.verdict == ECS_RADIUS_ACCEPTED) {
        take_accepted(&j, round);
        if (first && !conf->accept_at_once)
            break_off(round, "an identity was accepted without a challenge");
    } else if (!round->why) {
        round->why = ecs_radius_code_name(answer->code);
    }
}

/* ---- asking ---- */

struct radius_call {
    struct ecs_aaa *aaa;
    struct aaa_provider *provider;
    struct ecs_aaa_round *round;
    struct aaa_thread thread;
    struct ecs_str user_name;
    struct ecs_radius_request request;
    struct ecs_radius_answer answer;
};

/* false: it cannot be sent. */
static bool write_request(struct ecs_flow *f, struct radius_call *c)
{
    const struct ecs_aaa_conf *conf = c->provider->conf;
    struct ecs_radius_eap_round wire = {
        .identity = c->user_name,
        .eap = c->round->eap,
        .state = c->thread.state,
        .nas_identifier =
            ecs_str_of(conf->nas_identifier ? conf->nas_identifier : c->aaa->env.nas_identifier),
        .called_station = ecs_str_of(conf->called_station),
        .operator_name = ecs_str_of(conf->operator_name),
        .service_type = (uint32_t)conf->service_type,
        .nas_port_type = (uint32_t)conf->nas_port_type,
        .framed_mtu = (uint32_t)conf->framed_mtu,
    };
    struct ecs_buf attrs = {.limit = ECS_RADIUS_MAX};
    char *copy = NULL;

    if (ecs_radius_put_eap_round(&attrs, &wire) && (copy = ecs_arena_secret(f->arena, attrs.n)))
        memcpy(copy, attrs.p, attrs.n);
    c->request = (struct ecs_radius_request){.code = ECS_RADIUS_ACCESS_REQUEST,
                                             .attrs = {copy, attrs.n},
                                             .limit_ms = aaa_limit(conf, c->round->limit_ms)};
    if (c->thread.server.n)
        c->request.server = ecs_strdup(f->arena, c->thread.server);
    if (attrs.p)
        ecs_wipe(attrs.p, attrs.cap);
    ecs_buf_done(&attrs);
    return copy && (!c->thread.server.n || c->request.server);
}

static enum ecs_next send_request(struct ecs_flow *f)
{
    struct radius_call *c = f->self;

    if (!write_request(f, c)) {
        c->answer =
            (struct ecs_radius_answer){.rc = ECS_E_BAD_PARAMETER, .error = "the request cannot be written"};
        return ECS_NEXT;
    }
    return ecs_radius_ask(f, c->provider->radius, &c->request, &c->answer);
}

static enum ecs_next read_answer(struct ecs_flow *f)
{
    struct radius_call *c = f->self;
    struct aaa_thread next = {0};

    aaa_judge_radius(c->provider->conf, &c->answer, !c->thread.server.n, f->arena, c->round, &next.state);
    if (c->answer.rc == ECS_OK) {
        next.server = ecs_str_of(c->answer.server);
        if (!aaa_thread_write(f->arena, false, &next, &c->round->thread_out) &&
            c->round->verdict <= ECS_AAA_ACCEPTED)
            break_off(c->round, "no memory");
    }
    aaa_count(c->aaa, c->provider, c->round->verdict, c->answer.rc == ECS_OK);
    return ECS_DONE;
}

static const struct ecs_step steps[] = {
    {"aaa-radius", send_request, AAA_WAIT_MS},
    {"aaa-radius-answer", read_answer, 0},
    {0},
};

enum ecs_next aaa_radius_ask(struct ecs_flow *f, struct ecs_aaa *aaa, struct aaa_provider *p,
                             struct ecs_str user_name, struct ecs_aaa_round *round)
{
    struct radius_call *c = ecs_alloc(f->arena, sizeof(*c));

    if (!c) {
        break_off(round, "no memory");
        return ECS_NEXT;
    }
    c->aaa = aaa;
    c->provider = p;
    c->round = round;
    c->user_name = user_name;
    if (round->thread.n && !aaa_thread_read(round->thread, false, &c->thread)) {
        break_off(round, "the conversation was not held by RADIUS");
        return ECS_NEXT;
    }
    return ecs_flow_call(f, steps, c);
}
