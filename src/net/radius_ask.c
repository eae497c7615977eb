/* SPDX-License-Identifier: Apache-2.0 */
/* One request to RADIUS servers: which server, when again, when elsewhere, when to give up. */
#include <string.h>

#include "net/radius_priv.h"

enum { KEPT_PART = 8 }; /* of a budget is for later rounds: a conversation begun should come to its end */

/* ---- lists and counters ---- */

static void join(struct rad_ask *ask, struct rad_server *server, bool trial)
{
    ask->server = server;
    ask->tried |= 1u << server->place;
    ask->sends = 0;
    ask->wait_ms = server->radius->conf.first_ms;
    ask->is_trial = trial;
    ask->is_waiting = ask->is_moving = false;
    if (trial)
        server->has_trial = true;
    ask->next = server->asks;
    ask->where = &server->asks;
    if (ask->next)
        ask->next->where = &ask->next;
    server->asks = ask;
    server->in_flight++;
    rad_count(&server->stats->calls);
    rad_count(&server->stats->in_flight);
}

/* Its identifiers stay: a late answer is as good as any. */
static void part(struct rad_ask *ask)
{
    struct rad_server *server = ask->server;

    *ask->where = ask->next;
    if (ask->next)
        ask->next->where = ask->where;
    if (ask->is_trial)
        server->has_trial = false;
    server->in_flight--;
    rad_uncount(&server->stats->in_flight);
    ecs_timer_disarm(&ask->timer);
}

static void end(struct rad_ask *ask, enum ecs_rc rc, const char *error)
{
    ask->radius->asks_n--;
    ask->answer->rc = rc;
    ask->answer->error = error;
    ecs_flow_resume(ask->flow);
}

static void cancel(void *arg)
{
    struct rad_ask *ask = arg;
    struct ecs_radius *radius = ask->radius;

    rad_enter(radius);
    rad_release(ask, NULL, 0);
    part(ask);
    radius->asks_n--;
    rad_leave(radius);
}

/* No answer: the server that was asked last is to blame. */
static void give_up(struct rad_ask *ask, enum ecs_rc rc, const char *error)
{
    struct rad_server *server = ask->server;
    bool sent = ask->sends > 0, trial = ask->is_trial;

    rad_release(ask, NULL, 0);
    part(ask);
    rad_count(sent ? &server->stats->timeouts : &server->stats->failures);
    if (sent && rc == ECS_E_TIMEOUT)
        rad_unheard(server, trial);
    end(ask, rc, error);
}

/* ---- choice ---- */

/* The best server that was not tried; servers of one priority take turns. *ret_spent: one was left out
 * because of its budget. */
static struct rad_server *choose(struct ecs_radius *radius, uint32_t tried, bool *ret_trial, bool *ret_spent)
{
    struct rad_server *best = NULL;

    radius->turn++;
    for (size_t i = 0; i < radius->servers_n; i++) {
        struct rad_server *server = radius->servers[(radius->turn + i) % radius->servers_n];
        bool trial = false;

        if (tried & 1u << server->place || !rad_server_takes(server, &trial))
            continue;
        if (server->in_flight >= server->conf.max_in_flight - server->conf.max_in_flight / KEPT_PART) {
            *ret_spent = true;
            continue;
        }
        if (best && (server->conf.priority > best->conf.priority ||
                     (server->conf.priority == best->conf.priority && server->in_flight >= best->in_flight)))
            continue;
        best = server;
        *ret_trial = trial;
    }
    return best;
}

static struct rad_server *find(struct ecs_radius *radius, const char *name)
{
    for (size_t i = 0; i < radius->servers_n; i++)
        if (strcmp(radius->servers[i]->name, name) == 0)
            return radius->servers[i];
    return NULL;
}

/* ---- time ---- */

static void on_time(void *arg);

/* RFC 5080 2.2.1: a tenth more or less, so that many requests do not come again together. */
uint32_t rad_spread(struct ecs_radius *radius, uint32_t ms)
{
    uint16_t random = 0;

    if (!ecs_random(radius->crypto, &random, sizeof(random)))
        return ms;
    return ms - ms / 10 + (uint32_t)((uint64_t)ms / 5 * random / UINT16_MAX);
}

static void arm(struct rad_ask *ask, uint32_t ms)
{
    int64_t left_ms = (ask->end_us - ecs_clock_mono_us() + 999) / 1000;

    if (left_ms < 0)
        left_ms = 0;
    ecs_timer_arm(&ask->timer, ask->radius->loop, ms < left_ms ? ms : (uint32_t)left_ms, on_time, ask);
}

/* Over TLS nothing is repeated on a connection that lives (RFC 6613 2.6.1); the time passes all the same. */
static bool is_on_stream(const struct rad_ask *ask)
{
    for (unsigned i = 0; i < ask->tries_n; i++)
        if (ask->tries[i].link->stream && ask->tries[i].link->server == ask->server)
            return true;
    return false;
}

static void send_now(struct rad_ask *ask, bool again)
{
    struct ecs_radius *radius = ask->radius;
    enum rad_sent sent = again && is_on_stream(ask) ? RAD_SENT : rad_send(ask, again);
    uint32_t wait_ms = rad_spread(radius, ask->wait_ms);

    ask->is_waiting = sent == RAD_NOT_YET || sent == RAD_FULL;
    ask->is_moving = sent == RAD_USELESS && !ask->only;
    if (sent == RAD_SENT) {
        if (ask->sends++ && !is_on_stream(ask))
            ask->server->repetitions++;
        ask->sent_us = ecs_clock_mono_us();
    } else if (sent == RAD_WRONG) {
        ask->is_wrong = true;
    }
    ask->wait_ms = ask->wait_ms < RAD_MOST_MS / 2 ? ask->wait_ms * 2 : RAD_MOST_MS;
    /* What cannot be sent here is tried elsewhere with the next turn; with nowhere to go the normal time
     * passes. */
    arm(ask, ask->is_wrong || ask->is_moving ? 0 : wait_ms);
}

/* False: there is no other server. */
static bool move(struct rad_ask *ask)
{
    struct rad_server *old = ask->server, *server;
    bool trial = false, spent = false, was_trial = ask->is_trial, sent = ask->sends > 0;

    if (ask->only)
        return false;
    server = choose(ask->radius, ask->tried, &trial, &spent);
    if (!server)
        return false;
    part(ask);
    old->failovers++;
    rad_count(sent ? &old->stats->timeouts : &old->stats->failures);
    join(ask, server, trial);
    if (sent)
        rad_unheard(old, was_trial);
    send_now(ask, false);
    return true;
}

static void on_time(void *arg)
{
    struct rad_ask *ask = arg;
    struct ecs_radius *radius = ask->radius;

    rad_enter(radius);
    if (ask->is_wrong) {
        give_up(ask, ECS_E_BAD_PARAMETER, "the request does not make a RADIUS packet");
    } else if (ecs_clock_mono_us() >= ask->end_us) {
        give_up(ask, ECS_E_TIMEOUT, "no RADIUS server has answered");
    } else if (!((ask->is_moving || ask->sends >= radius->conf.sends || ask->is_waiting) && move(ask))) {
        if (ask->is_moving) { /* there was nowhere to go: again after the time that is usual */
            ask->is_moving = false;
            arm(ask, rad_spread(radius, ask->wait_ms));
        } else {
            send_now(ask, true);
        }
    }
    rad_leave(radius);
}

/* ---- from the links ---- */

void rad_wake_all(struct rad_server *server)
{
    if (server->probe.is_waiting)
        server->probe.is_waiting = rad_send(&server->probe, false) == RAD_NOT_YET;
    for (struct rad_ask *ask = server->asks; ask; ask = ask->next)
        if (ask->is_waiting)
            send_now(ask, false);
}

void rad_ask_again(struct rad_server *server)
{
    for (struct rad_ask *ask = server->asks; ask; ask = ask->next) {
        if (!ask->is_waiting)
            continue;
        if (ask->sends < server->radius->conf.sends) {
            send_now(ask, false);
        } else if (!ask->only) {
            ask->is_moving = true;
            arm(ask, 0);
        }
    }
}

void rad_move_all(struct rad_server *server, bool only_waiting)
{
    for (struct rad_ask *ask = server->asks; ask; ask = ask->next)
        if (!ask->only && (ask->is_waiting || !only_waiting)) {
            ask->is_moving = true;
            arm(ask, 0);
        }
}

void rad_answered(struct rad_ask *ask, struct rad_server *server, const struct ecs_radius_packet *packet)
{
    struct ecs_radius_answer *answer = ask->answer;
    const void *attrs = "";

    part(ask);
    rad_count(&server->stats->ok);
    atomic_fetch_add_explicit(&server->stats->us_total, (uint64_t)(ecs_clock_mono_us() - ask->sent_us),
                              memory_order_relaxed);
    if (packet->attrs.n)
        attrs = ecs_memdup(ask->flow->arena, packet->attrs.p, packet->attrs.n);
    answer->server = ecs_strdup(ask->flow->arena, ecs_str_of(server->name));
    if (!attrs || !answer->server) {
        end(ask, ECS_E_NO_MEMORY, "no memory for the answer");
        return;
    }
    answer->code = packet->code;
    answer->attrs = (struct ecs_str){attrs, packet->attrs.n};
    end(ask, ECS_OK, NULL);
}

/* ---- asking ---- */

static enum ecs_next refuse(struct ecs_radius_answer *answer, enum ecs_rc rc, const char *error)
{
    answer->rc = rc;
    answer->error = error;
    return ECS_NEXT;
}

static enum ecs_next refuse_all(struct ecs_radius *radius, struct ecs_radius_answer *answer, bool spent)
{
    for (size_t i = 0; i < radius->servers_n; i++) {
        struct ecs_neighbour_stats *stats = radius->servers[i]->stats;

        rad_count(radius->servers[i]->is_dead ? &stats->refused_breaker : &stats->refused_budget);
    }
    return spent ? refuse(answer, ECS_E_OVERLOAD,
                          "as many requests are under way as the RADIUS servers may get")
                 : refuse(answer, ECS_E_BACKEND, "all RADIUS servers are dead");
}

static bool fits(const struct ecs_radius *radius, const struct ecs_radius_request *request)
{
    return request->code == (radius->conf.use == ECS_RADIUS_ACCOUNTING ? ECS_RADIUS_ACCOUNTING_REQUEST
                                                                       : ECS_RADIUS_ACCESS_REQUEST);
}

/* NULL: *ret_answer says why not. */
static struct rad_server *pick(struct ecs_radius *radius, const char *name, bool *ret_trial,
                               struct ecs_radius_answer *answer)
{
    struct rad_server *server;
    bool spent = false;

    if (!name) {
        server = choose(radius, 0, ret_trial, &spent);
        if (!server)
            (void)refuse_all(radius, answer, spent);
        return server;
    }
    server = find(radius, name);
    if (!server) {
        (void)refuse(answer, ECS_E_BACKEND, "the RADIUS server of this conversation is not known");
        return NULL;
    }
    if (server->in_flight < server->conf.max_in_flight)
        return server;
    rad_count(&server->stats->refused_budget);
    (void)refuse(answer, ECS_E_OVERLOAD, "as many requests are under way as this RADIUS server may get");
    return NULL;
}

static uint32_t total_ms(const struct ecs_radius *radius, const struct ecs_radius_request *request)
{
    return request->limit_ms && request->limit_ms < radius->conf.total_ms ? request->limit_ms
                                                                          : radius->conf.total_ms;
}

enum ecs_next ecs_radius_ask(struct ecs_flow *f, struct ecs_radius *radius,
                             const struct ecs_radius_request *request, struct ecs_radius_answer *ret_answer)
{
    struct rad_server *server;
    struct rad_ask *ask;
    bool trial = false;

    *ret_answer = (struct ecs_radius_answer){.rc = ECS_OK};
    if (radius->freed)
        return refuse(ret_answer, ECS_E_BACKEND, "the RADIUS client has ended");
    if (!fits(radius, request))
        return refuse(ret_answer, ECS_E_BAD_PARAMETER, "these RADIUS servers are not asked such a thing");
    ask = ecs_alloc(f->arena, sizeof(*ask));
    if (!ask)
        return refuse(ret_answer, ECS_E_NO_MEMORY, "no memory for the request");
    server = pick(radius, request->server, &trial, ret_answer);
    if (!server)
        return ECS_NEXT;
    ask->radius = radius;
    ask->flow = f;
    ask->copy = *request;
    ask->request = &ask->copy;
    ask->answer = ret_answer;
    ask->only = request->server != NULL;
    ask->begun_us = ecs_clock_mono_us();
    ask->end_us = ask->begun_us + (int64_t)total_ms(radius, request) * 1000;
    radius->asks_n++;
    join(ask, server, trial);
    send_now(ask, false);
    return ecs_flow_wait(f, cancel, ask);
}
