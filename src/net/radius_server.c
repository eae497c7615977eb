/* SPDX-License-Identifier: Apache-2.0 */
/* A RADIUS server's address and health: dead when requests in a row were left unanswered, back when it
 * answers Status-Server (RFC 5997) or, where it does not know that, one request that is risked after a while.
 */
#include <stdio.h>
#include <string.h>

#include "ecs/log.h"
#include "net/radius_priv.h"

enum {
    STATUS_TRUST = 10, /* dead times */
    TOLD_US = 60 * 1000000,
};

/* ---- what is told ---- */

static void say(struct rad_server *server, const char *what, const char *why)
{
    snprintf(server->reason, sizeof(server->reason), "%s%s%s", what, why ? ": " : "", why ? why : "");
}

/* The same again and again is told once a minute. */
void rad_note(struct rad_server *server, const char *what, const char *why)
{
    int64_t now = ecs_clock_mono_us();
    char before[sizeof(server->reason)];

    memcpy(before, server->reason, sizeof(before));
    say(server, what, why);
    if (strcmp(before, server->reason) == 0 && now < server->told_until_us)
        return;
    server->told_until_us = now + TOLD_US;
    ecs_log(NULL, ECS_EV_RADIUS, "%s: %s", server->name, server->reason);
}

/* ---- address ---- */

static void take_list(struct rad_server *server, struct addrinfo *list)
{
    const struct ecs_radius *radius = server->radius;
    const struct addrinfo *best = list;

    for (const struct addrinfo *a = list; a && radius->local_n; a = a->ai_next)
        if (a->ai_family == radius->local.ss_family) {
            best = a;
            break;
        }
    if (best->ai_addrlen != server->address_n ||
        memcmp(best->ai_addr, &server->address, best->ai_addrlen) != 0)
        rad_close_links(server);
    memcpy(&server->address, best->ai_addr, best->ai_addrlen);
    server->address_n = best->ai_addrlen;
    freeaddrinfo(list);
}

static void on_address(void *arg, struct addrinfo *list, const char *error)
{
    struct rad_server *server = arg;

    rad_enter(server->radius);
    server->resolve = NULL;
    if (list) {
        take_list(server, list);
        rad_wake_all(server);
    } else {
        rad_failed(server, "the name cannot be looked up", error);
        rad_move_all(server, true);
    }
    rad_leave(server->radius);
}

void rad_server_look_up(struct rad_server *server)
{
    struct addrinfo *list = NULL;

    if (server->tls || server->resolve)
        return;
    server->resolve = net_resolve_start(server->radius->loop, server->conf.host, server->conf.port,
                                        on_address, server, &list);
    if (list)
        take_list(server, list);
    else if (!server->resolve)
        rad_note(server, "the name cannot be looked up", "no memory or thread");
}

/* ---- Status-Server ---- */

static void on_probe_time(void *arg);

static void arm_probe(struct rad_server *server)
{
    struct ecs_radius *radius = server->radius;

    ecs_timer_arm(&server->probe_timer, radius->loop, rad_spread(radius, radius->conf.probe_ms),
                  on_probe_time, server);
}

static void probe(struct rad_server *server)
{
    server->probe.begun_us = ecs_clock_mono_us();
    server->probe_is_out = true;
    server->probe.is_waiting = rad_send(&server->probe, false) == RAD_NOT_YET;
    arm_probe(server);
}

/* Never sent again: a new one follows instead (RFC 5997 4.1). */
static void on_probe_time(void *arg)
{
    struct rad_server *server = arg;

    rad_enter(server->radius);
    if (server->probe_is_out) {
        rad_release(&server->probe, NULL, 0);
        server->probe.is_waiting = false;
        server->probe_is_out = false;
        server->probes_answered = 0;
    }
    if (server->is_dead)
        probe(server);
    rad_leave(server->radius);
}

/* ---- health ---- */

static void revive(struct rad_server *server)
{
    if (!server->is_dead)
        return;
    server->is_dead = false;
    server->state_since_us = ecs_clock_mono_us();
    rad_uncount(&server->stats->breaker_open);
    ecs_log(NULL, ECS_EV_NEIGHBOUR_UP, "radius %s", server->name);
}

static void die(struct rad_server *server, const char *what, const char *why)
{
    const struct ecs_radius *radius = server->radius;
    int64_t now = ecs_clock_mono_us();

    server->dead_until_us = now + (int64_t)radius->conf.dead_ms * 1000;
    if (server->is_dead)
        return;
    server->is_dead = true;
    server->state_since_us = now;
    server->probes_answered = 0;
    rad_count(&server->stats->breaker_open);
    say(server, what, why);
    ecs_log(NULL, ECS_EV_NEIGHBOUR_DOWN, "radius %s: %s", server->name, server->reason);
    if (server->tls)
        rad_close_links(server); /* silent connections are often dead ones */
    rad_server_look_up(server);  /* it may have moved */
    rad_move_all(server, false);
    if (radius->conf.status_server && !server->probe_is_out)
        arm_probe(server);
}

static void take_status(struct rad_server *server)
{
    server->probe_is_out = false;
    server->answers_status = true;
    if (server->is_dead && ++server->probes_answered >= server->radius->conf.probe_answers)
        revive(server);
}

void rad_heard(struct rad_server *server, bool to_request)
{
    if (to_request)
        revive(server);
    else
        take_status(server);
    if (!server->is_dead)
        server->unanswered = 0;
}

void rad_unheard(struct rad_server *server, bool trial)
{
    server->unanswered++;
    if (trial || server->unanswered >= server->radius->conf.dead_after)
        die(server, "requests in a row were not answered", NULL);
}

void rad_failed(struct rad_server *server, const char *what, const char *why)
{
    rad_note(server, what, why);
    server->unanswered++;
    if (server->is_dead || server->unanswered >= server->radius->conf.dead_after)
        die(server, what, why);
}

/* One that knew Status-Server is asked nothing else while it is dead; but not for ever: another program may
 * have taken its place. */
static bool status_decides(const struct rad_server *server)
{
    int64_t trust_us = (int64_t)server->radius->conf.dead_ms * 1000 * STATUS_TRUST;

    return server->answers_status && ecs_clock_mono_us() - server->state_since_us < trust_us;
}

bool rad_server_takes(const struct rad_server *server, bool *ret_trial)
{
    if (!server->is_dead)
        return true;
    if (server->has_trial || ecs_clock_mono_us() < server->dead_until_us || status_decides(server))
        return false;
    *ret_trial = true;
    return true;
}

/* ---- life ---- */

void rad_server_open(struct rad_server *server)
{
    server->state_since_us = ecs_clock_mono_us();
    server->probe.radius = server->radius;
    server->probe.server = server;
    server->probe.copy.code = ECS_RADIUS_STATUS_SERVER;
    server->probe.request = &server->probe.copy;
    rad_server_look_up(server);
    if (server->radius->conf.status_server)
        probe(server);
}

void rad_server_close(struct rad_server *server)
{
    ecs_timer_disarm(&server->probe_timer);
    net_resolve_cancel(server->resolve);
    server->resolve = NULL;
    rad_release(&server->probe, NULL, 0);
    rad_close_links(server);
    if (server->is_dead)
        rad_uncount(&server->stats->breaker_open);
}
