/* SPDX-License-Identifier: Apache-2.0 */
/* Doubles of the store at link time: one EAP exchange with an AAA or HSS behind it. For one test program
 * each. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/store_relay.h"

static struct {
    struct ecs_relay_new row;
    char state[2048], request[1024], thread[64], vector[256];
    uint8_t handle[32], asked[32];
    bool open, has_asked, asking, finished, granted;
    enum ecs_relay_outcome outcome;
    unsigned rounds, attempts;
    char imsi[16];
} row;

static struct ecs_str keep(char *to, size_t room, struct ecs_str from)
{
    assert_true(from.n <= room);
    if (from.n)
        memcpy(to, from.p, from.n);
    return (struct ecs_str){to, from.n};
}

enum ecs_next ecs_store_relay_admit(struct ecs_flow *f, struct ecs_store *store, const uint8_t subject[32],
                                    bool *ret_granted)
{
    (void)f, (void)store, (void)subject;
    row.attempts++;
    *ret_granted = row.granted;
    return ECS_NEXT;
}

enum ecs_next ecs_store_relay_open(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_relay_new *session)
{
    (void)f, (void)store;
    row.row = *session;
    row.row.state = keep(row.state, sizeof(row.state), session->state);
    row.row.request = keep(row.request, sizeof(row.request), session->request);
    row.row.thread = keep(row.thread, sizeof(row.thread), session->thread);
    row.row.vector = keep(row.vector, sizeof(row.vector), session->vector);
    memcpy(row.handle, session->handle.p, 32);
    row.imsi[0] = '\0';
    if (session->imsi.n)
        memcpy(row.imsi, session->imsi.p, session->imsi.n + 1);
    row.open = true;
    row.has_asked = row.asking = row.finished = false;
    row.outcome = ECS_RELAY_OPEN;
    row.rounds = 1;
    return ECS_NEXT;
}

enum ecs_next ecs_store_relay_take(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                   const uint8_t digest[32], uint8_t identifier, uint8_t method,
                                   struct ecs_relay_session *ret)
{
    bool same = row.has_asked && memcmp(row.asked, digest, 32) == 0;

    (void)f, (void)store;
    *ret = (struct ecs_relay_session){.found = ECS_RELAY_LOST};
    if (!row.open || memcmp(handle.p, row.handle, 32) != 0)
        return ECS_NEXT;
    *ret = (struct ecs_relay_session){.found = ECS_RELAY_MISFIT,
                                      .outcome = row.outcome,
                                      .provider = row.row.provider,
                                      .imsi = ecs_str_of(row.imsi),
                                      .state = row.row.state,
                                      .thread = row.row.thread,
                                      .request = row.row.request,
                                      .rounds = row.rounds,
                                      .created_at = 1000};
    if (same)
        ret->found = row.asking ? ECS_RELAY_ASKING : ECS_RELAY_COPY;
    else if (!row.outcome && !row.asking && identifier == row.row.identifier &&
             (method == row.row.method || (method == 3 && row.rounds == 1))) {
        ret->found = ECS_RELAY_CLAIMED;
        memcpy(row.asked, digest, 32);
        row.has_asked = row.asking = true;
    }
    return ECS_NEXT;
}

enum ecs_next ecs_store_relay_next(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_relay_next *next)
{
    (void)f, (void)store;
    row.row.identifier = next->identifier;
    row.row.method = next->method;
    row.row.request = keep(row.request, sizeof(row.request), next->request);
    row.row.thread = keep(row.thread, sizeof(row.thread), next->thread);
    row.rounds++;
    row.asking = false;
    return ECS_NEXT;
}

enum ecs_next ecs_store_relay_end(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                  const uint8_t digest[32], enum ecs_relay_outcome outcome,
                                  struct ecs_str imsi)
{
    (void)f, (void)store, (void)handle, (void)digest;
    row.outcome = outcome;
    row.asking = false;
    if (imsi.n)
        memcpy(row.imsi, imsi.p, imsi.n + 1);
    return ECS_NEXT;
}

enum ecs_next ecs_store_hss_take(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                 struct ecs_hss_session *ret)
{
    (void)f, (void)store;
    *ret = (struct ecs_hss_session){0};
    if (!row.open || memcmp(handle.p, row.handle, 32) != 0)
        return ECS_NEXT;
    *ret = (struct ecs_hss_session){.found = true,
                                    .repeated = row.finished,
                                    .provider = row.row.provider,
                                    .imsi = ecs_str_of(row.imsi),
                                    .state = row.row.state,
                                    .vector = row.row.vector,
                                    .identifier = row.row.identifier,
                                    .rounds = row.rounds,
                                    .created_at = 1000};
    row.finished = true;
    return ECS_NEXT;
}

enum ecs_next ecs_store_hss_again(struct ecs_flow *f, struct ecs_store *store, struct ecs_hss_again *again)
{
    (void)f, (void)store;
    again->found = again->taken = true;
    row.row.vector = keep(row.vector, sizeof(row.vector), again->vector);
    row.row.identifier = again->now_identifier = again->identifier;
    again->now_vector = again->vector;
    assert_int_equal(again->rounds, row.rounds);
    row.finished = false;
    row.rounds++;
    return ECS_NEXT;
}

enum ecs_next ecs_store_hss_mark(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                 bool refused)
{
    (void)f, (void)store, (void)handle;
    if (refused)
        row.rounds = 0;
    row.finished = refused;
    return ECS_NEXT;
}

static unsigned cleared;

enum ecs_next ecs_store_relay_passed(struct ecs_flow *f, struct ecs_store *store, const uint8_t subject[32],
                                     struct ecs_str handle)
{
    (void)f, (void)store, (void)subject, (void)handle;
    cleared++;
    return ECS_NEXT;
}
