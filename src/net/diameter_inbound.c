/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the other side on our connections (RAR, ASR ...): those that are malformed or not for us are
 * refused here, the others go to the owner's hook and are answered now or later. */
#include <stdlib.h>

#include "net/diameter_priv.h"

/* Session-Id, Result-Code, us, then the rest in the order of the request (6733 6.2). */
static bool say_answer(struct dia_peer *peer, const struct ecs_diameter_message *request, uint32_t result,
                       struct ecs_str session, struct ecs_str proxies, struct ecs_str more)
{
    struct ecs_diameter_node *node = peer->node;
    struct ecs_diameter_message answer = *request;
    struct ecs_buf *avps = &node->avps;

    ecs_buf_reset(avps);
    ecs_buf_add_str(avps, session);
    ecs_diameter_put_u32(avps, ECS_AVP_RESULT_CODE, result);
    ecs_diameter_put(avps, ECS_AVP_ORIGIN_HOST, ecs_str_of(node->me.host));
    ecs_diameter_put(avps, ECS_AVP_ORIGIN_REALM, ecs_str_of(node->me.realm));
    ecs_buf_add_str(avps, more);
    ecs_buf_add_str(avps, proxies);
    answer.flags = (uint8_t)((request->flags & ECS_DIAMETER_P) | (result / 1000 == 3 ? ECS_DIAMETER_E : 0));
    return dia_say(peer, &answer);
}

/* What goes back unchanged. False: no memory. */
static bool keep(const struct ecs_diameter_message *message, struct ecs_buf *buf, size_t *ret_session_n)
{
    struct ecs_str rest = message->avps;
    struct ecs_diameter_avp avp;
    struct ecs_str session;

    buf->limit = ECS_DIAMETER_MAX;
    if (ecs_diameter_get(message->avps, ECS_AVP_SESSION_ID, &session))
        ecs_diameter_put(buf, ECS_AVP_SESSION_ID, session);
    *ret_session_n = buf->n;
    while (ecs_diameter_next(&rest, &avp))
        if (avp.id == ECS_AVP_PROXY_INFO)
            ecs_diameter_put_avp(buf, &avp);
    return !buf->overflow;
}

static void refuse(struct dia_peer *peer, const struct ecs_diameter_message *request, uint32_t result,
                   const struct ecs_diameter_avp *failed, enum ecs_diameter_avp_id missing)
{
    struct ecs_buf kept = {0}, more = {0};
    size_t session_n = 0;

    if (failed)
        ecs_diameter_put_failed(&more, failed);
    else if (missing != ECS_AVP_UNKNOWN)
        ecs_diameter_put_missing(&more, missing);
    if (keep(request, &kept, &session_n) && !more.overflow)
        (void)say_answer(peer, request, result, (struct ecs_str){kept.p, session_n},
                         (struct ecs_str){kept.n ? kept.p + session_n : NULL, kept.n - session_n},
                         ecs_buf_str(&more));
    ecs_buf_done(&kept);
    ecs_buf_done(&more);
}

static bool is_ours(const struct ecs_diameter_identity *me, uint32_t application)
{
    for (size_t i = 0; i < ECS_DIAMETER_APPLICATIONS && me->application[i].id; i++)
        if (me->application[i].id == application)
            return true;
    return application == ECS_DIAMETER_APP_BASE; /* RAR and ASR of RFC 4072 */
}

/* 0: it is for us. */
static uint32_t judge(const struct ecs_diameter_node *node, const struct ecs_diameter_message *message)
{
    struct ecs_str text;

    if (message->command == ECS_DIAMETER_UNKNOWN)
        return ECS_DIAMETER_COMMAND_UNSUPPORTED;
    if (!is_ours(&node->me, message->application))
        return ECS_DIAMETER_APPLICATION_UNSUPPORTED;
    if (ecs_diameter_get(message->avps, ECS_AVP_DESTINATION_REALM, &text) &&
        !ecs_str_eq_nocase(text, ecs_str_of(node->me.realm)))
        return ECS_DIAMETER_REALM_NOT_SERVED;
    if (ecs_diameter_get(message->avps, ECS_AVP_DESTINATION_HOST, &text) &&
        !ecs_str_eq_nocase(text, ecs_str_of(node->me.host)))
        return ECS_DIAMETER_UNABLE_TO_DELIVER;
    return 0;
}

static void link_in(struct ecs_diameter_node *node, struct ecs_diameter_inbound *in)
{
    in->node = node;
    in->next = node->inbound;
    if (in->next)
        in->next->prev = in;
    node->inbound = in;
}

static void free_inbound(struct ecs_diameter_inbound *in)
{
    if (in->node) {
        *(in->prev ? &in->prev->next : &in->node->inbound) = in->next;
        if (in->next)
            in->next->prev = in->prev;
    }
    ecs_buf_done(&in->keep);
    free(in);
}

static void offer(struct dia_peer *peer, const struct ecs_diameter_message *message)
{
    struct ecs_diameter_node *node = peer->node;
    struct ecs_diameter_inbound *in;

    if (!node->hooks.on_request) {
        refuse(peer, message, ECS_DIAMETER_COMMAND_UNSUPPORTED, NULL, ECS_AVP_UNKNOWN);
        return;
    }
    in = calloc(1, sizeof(*in));
    if (!in || !keep(message, &in->keep, &in->session_n)) {
        if (in)
            free_inbound(in);
        refuse(peer, message, ECS_DIAMETER_TOO_BUSY, NULL, ECS_AVP_UNKNOWN);
        return;
    }
    in->peer = peer->serial;
    in->epoch = peer->epoch;
    in->head = *message;
    in->head.avps = ECS_STR_NULL;
    link_in(node, in);
    if (node->hooks.on_request(node->hooks.arg, in, message))
        return;
    free_inbound(in);
    refuse(peer, message, ECS_DIAMETER_COMMAND_UNSUPPORTED, NULL, ECS_AVP_UNKNOWN);
}

void dia_take_request(struct dia_peer *peer, const struct ecs_diameter_message *message,
                      enum ecs_diameter_fault fault, const struct ecs_diameter_avp *failed)
{
    bool about_avp = fault >= ECS_DIAMETER_FAULT_AVP_LENGTH;
    enum ecs_diameter_avp_id missing;
    uint32_t result;

    if (peer->state < ECS_DIAMETER_OKAY)
        return; /* before the capabilities nothing else is spoken (6733 5.6) */
    if (fault) {
        refuse(peer, message, ecs_diameter_fault_result(fault), about_avp ? failed : NULL, ECS_AVP_UNKNOWN);
        return;
    }
    result = judge(peer->node, message);
    missing = result ? ECS_AVP_UNKNOWN : ecs_diameter_missing(message);
    if (result)
        refuse(peer, message, result, NULL, ECS_AVP_UNKNOWN);
    else if (missing != ECS_AVP_UNKNOWN)
        refuse(peer, message, ECS_DIAMETER_MISSING_AVP, NULL, missing);
    else
        offer(peer, message);
}

void ecs_diameter_reply(struct ecs_diameter_inbound *in, uint32_t result, struct ecs_str more)
{
    struct dia_peer *peer = in->node ? in->node->peers : NULL;

    while (peer && peer->serial != in->peer)
        peer = peer->next;
    if (peer && peer->epoch == in->epoch && peer->stream)
        (void)say_answer(
            peer, &in->head, result, (struct ecs_str){in->keep.p, in->session_n},
            (struct ecs_str){in->keep.n ? in->keep.p + in->session_n : NULL, in->keep.n - in->session_n},
            more);
    free_inbound(in);
}

void dia_forget_inbound(struct ecs_diameter_node *node)
{
    for (struct ecs_diameter_inbound *in = node->inbound; in; in = in->next)
        in->node = NULL;
    node->inbound = NULL;
}
