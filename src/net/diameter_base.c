/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between neighbours: capabilities (6733 5.3), disconnect (5.4) and watchdog (5.5), as we say
 * them and as we take them. */
#include <stdio.h>
#include <string.h>

#include "net/diameter_priv.h"

enum { CAUSE_REBOOTING = 0 };

bool dia_say(struct dia_peer *peer, struct ecs_diameter_message *message)
{
    struct ecs_diameter_node *node = peer->node;
    bool good;

    message->avps = ecs_buf_str(&node->avps);
    ecs_buf_reset(&node->out);
    good = peer->stream && !node->avps.overflow && ecs_diameter_encode(message, &node->out) &&
           ecs_stream_send(peer->stream, ecs_buf_str(&node->out));
    return good;
}

static struct ecs_buf *begin(struct ecs_diameter_node *node)
{
    ecs_buf_reset(&node->avps);
    return &node->avps;
}

static void put_origin(struct ecs_diameter_node *node, struct ecs_buf *avps)
{
    ecs_diameter_put(avps, ECS_AVP_ORIGIN_HOST, ecs_str_of(node->me.host));
    ecs_diameter_put(avps, ECS_AVP_ORIGIN_REALM, ecs_str_of(node->me.realm));
}

static void put_capabilities(struct ecs_diameter_node *node, struct ecs_buf *avps)
{
    uint32_t vendors[ECS_DIAMETER_APPLICATIONS];
    size_t n = 0, group;

    put_origin(node, avps);
    for (size_t i = 0; i < node->addresses; i++)
        ecs_diameter_put_address(avps, ECS_AVP_HOST_IP_ADDRESS, node->address[i].bytes, node->address[i].n);
    ecs_diameter_put_u32(avps, ECS_AVP_VENDOR_ID, node->me.vendor_id);
    ecs_diameter_put(avps, ECS_AVP_PRODUCT_NAME, ecs_str_of(node->me.product));
    ecs_diameter_put_u32(avps, ECS_AVP_ORIGIN_STATE_ID, node->state_id);
    for (size_t i = 0; i < ECS_DIAMETER_APPLICATIONS && node->me.application[i].id; i++) {
        uint32_t vendor = node->me.application[i].vendor;
        bool said = vendor == 0;

        for (size_t j = 0; j < n; j++)
            said = said || vendors[j] == vendor;
        if (said)
            continue;
        vendors[n++] = vendor;
        ecs_diameter_put_u32(avps, ECS_AVP_SUPPORTED_VENDOR_ID, vendor);
    }
    for (size_t i = 0; i < ECS_DIAMETER_APPLICATIONS && node->me.application[i].id; i++) {
        enum ecs_diameter_avp_id kind =
            node->me.application[i].accounting ? ECS_AVP_ACCT_APPLICATION_ID : ECS_AVP_AUTH_APPLICATION_ID;

        if (node->me.application[i].vendor == 0) {
            ecs_diameter_put_u32(avps, kind, node->me.application[i].id);
            continue;
        }
        group = ecs_diameter_group_begin(avps, ECS_AVP_VENDOR_SPECIFIC_APPLICATION_ID);
        ecs_diameter_put_u32(avps, ECS_AVP_VENDOR_ID, node->me.application[i].vendor);
        ecs_diameter_put_u32(avps, kind, node->me.application[i].id);
        ecs_diameter_group_end(avps, group);
    }
    ecs_diameter_put_u32(avps, ECS_AVP_FIRMWARE_REVISION, 1);
}

/* A request of ours to the neighbour itself. */
static bool say_own(struct dia_peer *peer, enum ecs_diameter_command command)
{
    struct ecs_diameter_message message = {.command = command, .flags = ECS_DIAMETER_R};

    peer->own_hop = peer->generation++ << DIA_SLOT_BITS | DIA_SLOT_OWN;
    message.hop_by_hop = peer->own_hop;
    message.end_to_end = peer->node->end_to_end++;
    return dia_say(peer, &message);
}

bool dia_say_capabilities(struct dia_peer *peer)
{
    put_capabilities(peer->node, begin(peer->node));
    return say_own(peer, ECS_DIAMETER_CAPABILITIES);
}

bool dia_say_watchdog(struct dia_peer *peer)
{
    struct ecs_buf *avps = begin(peer->node);

    put_origin(peer->node, avps);
    ecs_diameter_put_u32(avps, ECS_AVP_ORIGIN_STATE_ID, peer->node->state_id);
    return say_own(peer, ECS_DIAMETER_DEVICE_WATCHDOG);
}

bool dia_say_disconnect(struct dia_peer *peer, uint32_t cause)
{
    struct ecs_buf *avps = begin(peer->node);

    put_origin(peer->node, avps);
    ecs_diameter_put_u32(avps, ECS_AVP_DISCONNECT_CAUSE, cause);
    return say_own(peer, ECS_DIAMETER_DISCONNECT_PEER);
}

/* ---- requests of the neighbour ---- */

static void answer(struct dia_peer *peer, const struct ecs_diameter_message *request)
{
    struct ecs_diameter_message message = {
        .command = request->command, .hop_by_hop = request->hop_by_hop, .end_to_end = request->end_to_end};
    struct ecs_buf *avps = begin(peer->node);

    ecs_diameter_put_u32(avps, ECS_AVP_RESULT_CODE, ECS_DIAMETER_SUCCESS);
    if (request->command == ECS_DIAMETER_CAPABILITIES) {
        put_capabilities(peer->node, avps);
    } else {
        put_origin(peer->node, avps);
        if (request->command == ECS_DIAMETER_DEVICE_WATCHDOG)
            ecs_diameter_put_u32(avps, ECS_AVP_ORIGIN_STATE_ID, peer->node->state_id);
    }
    (void)dia_say(peer, &message); /* a full connection breaks by its watchdog */
}

/* ---- what the neighbour says of itself ---- */

static void note_state(struct dia_peer *peer, const struct ecs_diameter_message *message)
{
    uint32_t state;

    if (!ecs_diameter_get_u32(message->avps, ECS_AVP_ORIGIN_STATE_ID, &state) || state == 0)
        return;
    if (peer->origin_state && state > peer->origin_state && peer->node->hooks.on_restart)
        peer->node->hooks.on_restart(peer->node->hooks.arg, ecs_str_of(peer->origin_host));
    peer->origin_state = state;
}

static void add_application(struct dia_peer *peer, uint32_t id)
{
    if (id == ECS_DIAMETER_APP_RELAY)
        peer->relay = true;
    else if (peer->applications < DIA_PEER_APPLICATIONS)
        peer->application[peer->applications++] = id;
}

static void read_applications(struct dia_peer *peer, struct ecs_str avps)
{
    struct ecs_diameter_avp avp;
    uint32_t id;

    peer->applications = 0;
    peer->relay = false;
    while (ecs_diameter_next(&avps, &avp)) {
        struct ecs_str inner = avp.data;

        if (avp.id == ECS_AVP_VENDOR_SPECIFIC_APPLICATION_ID) {
            if (ecs_diameter_get_u32(inner, ECS_AVP_AUTH_APPLICATION_ID, &id) ||
                ecs_diameter_get_u32(inner, ECS_AVP_ACCT_APPLICATION_ID, &id))
                add_application(peer, id);
        } else if ((avp.id == ECS_AVP_AUTH_APPLICATION_ID || avp.id == ECS_AVP_ACCT_APPLICATION_ID) &&
                   avp.data.n == 4) {
            const uint8_t *b = (const uint8_t *)avp.data.p;

            add_application(peer, (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
        }
    }
}

static bool has_common_application(const struct dia_peer *peer)
{
    const struct ecs_diameter_identity *me = &peer->node->me;

    for (size_t i = 0; i < ECS_DIAMETER_APPLICATIONS && me->application[i].id; i++)
        for (size_t j = 0; j < peer->applications; j++)
            if (peer->application[j] == me->application[i].id)
                return true;
    return peer->relay;
}

/* NULL: the peer is whom we want. */
static const char *judge(struct dia_peer *peer, const struct ecs_diameter_message *message)
{
    struct ecs_diameter_result result = {0};
    struct ecs_str host, realm;

    if (!ecs_diameter_result_of(message, &result))
        return "the answer to our capabilities has no result";
    if (result.meaning != ECS_DIAMETER_MEANS_OK)
        return ecs_diameter_result_name(&result);
    if (!ecs_diameter_get(message->avps, ECS_AVP_ORIGIN_HOST, &host) ||
        !ecs_diameter_get(message->avps, ECS_AVP_ORIGIN_REALM, &realm))
        return "the peer does not say its identity";
    if (peer->conf.identity && !ecs_str_eq_nocase(host, ecs_str_of(peer->conf.identity)))
        return "the peer has another identity than configured";
    if (ecs_str_eq_nocase(host, ecs_str_of(peer->node->me.host)))
        return "the peer has our own identity";
    if (strcmp(peer->origin_host, "") != 0 && !ecs_str_eq_nocase(host, ecs_str_of(peer->origin_host)))
        peer->origin_state = 0; /* another one: its state says nothing about the former's */
    snprintf(peer->origin_host, sizeof(peer->origin_host), "%.*s", ECS_FMT(host));
    snprintf(peer->origin_realm, sizeof(peer->origin_realm), "%.*s", ECS_FMT(realm));
    read_applications(peer, message->avps);
    return has_common_application(peer) ? NULL : "the peer speaks none of our applications";
}

static void take_capabilities(struct dia_peer *peer, const struct ecs_diameter_message *message)
{
    const char *wrong = judge(peer, message);

    if (wrong) {
        dia_peer_fail(peer, wrong, true);
        return;
    }
    note_state(peer, message);
    dia_capable(peer);
}

static void take_request(struct dia_peer *peer, const struct ecs_diameter_message *message)
{
    uint32_t cause = CAUSE_REBOOTING;

    answer(peer, message);
    if (message->command == ECS_DIAMETER_DEVICE_WATCHDOG) {
        note_state(peer, message);
    } else if (message->command == ECS_DIAMETER_DISCONNECT_PEER && peer->state >= ECS_DIAMETER_OKAY) {
        (void)ecs_diameter_get_u32(message->avps, ECS_AVP_DISCONNECT_CAUSE, &cause);
        dia_take_leave(peer, cause);
    }
}

void dia_take_base(struct dia_peer *peer, const struct ecs_diameter_message *message)
{
    if (message->flags & ECS_DIAMETER_R) {
        take_request(peer, message);
        return;
    }
    if (message->hop_by_hop != peer->own_hop)
        return; /* nothing that we asked */
    if (message->command == ECS_DIAMETER_CAPABILITIES && peer->state == ECS_DIAMETER_ASKING)
        take_capabilities(peer, message);
    else if (message->command == ECS_DIAMETER_DEVICE_WATCHDOG)
        note_state(peer, message);
    else if (message->command == ECS_DIAMETER_DISCONNECT_PEER && peer->state == ECS_DIAMETER_CLOSING)
        ecs_timer_arm(&peer->timer, peer->node->loop, 0, peer->timer.fn, peer);
}
