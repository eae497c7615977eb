/* SPDX-License-Identifier: Apache-2.0 */
/* The push channels of a worker: made from the configuration, chosen by number. The object outlives
 * ecs_push_free until the last flow that sends has given its memory back. */
#include "ecs/push.h"

#include <stdlib.h>

#include "adapters/push_int.h"

enum ecs_next push_end(struct ecs_send_result *result, enum ecs_send_class class, const char *reason)
{
    *result = (struct ecs_send_result){.class = class, .reason = reason};
    return ECS_DONE;
}

static struct ecs_neighbour_stats *stats_of(const struct ecs_push_conf *conf, enum ecs_push_channel channel)
{
    return conf->stats[channel];
}

static void destroy(struct ecs_push *push)
{
    push_fcm_free(push->fcm);
    push_apns_free(push->apns);
    push_wns_free(push->wns);
    push_sms_free(push->sms);
    free(push);
}

struct ecs_push *ecs_push_new(struct ecs_http_pool *pool, struct ecs_loop *loop,
                              const struct ecs_push_conf *conf, struct ecs_arena *arena,
                              const char **ret_error)
{
    struct ecs_push *push = calloc(1, sizeof(*push));

    *ret_error = "push: no memory";
    if (!push)
        return NULL;
    if ((!conf->fcm ||
         (push->fcm = push_fcm_new(pool, conf->fcm, stats_of(conf, ECS_PUSH_FCM), arena, ret_error))) &&
        (!conf->apns ||
         (push->apns = push_apns_new(pool, conf->apns, stats_of(conf, ECS_PUSH_APNS), arena, ret_error))) &&
        (!conf->wns ||
         (push->wns = push_wns_new(pool, conf->wns, stats_of(conf, ECS_PUSH_WNS), arena, ret_error))) &&
        (!conf->sms ||
         (push->sms = push_sms_new(pool, loop, conf->sms, stats_of(conf, ECS_PUSH_SMS), arena, ret_error))))
        return push;
    destroy(push);
    return NULL;
}

void ecs_push_free(struct ecs_push *push)
{
    if (!push)
        return;
    push->freed = true;
    if (push->users == 0)
        destroy(push);
}

bool ecs_push_has(const struct ecs_push *push, enum ecs_push_channel channel)
{
    switch (channel) {
    case ECS_PUSH_GCM:
    case ECS_PUSH_FCM:
        return push->fcm;
    case ECS_PUSH_WNS:
        return push->wns;
    case ECS_PUSH_APNS:
        return push->apns;
    case ECS_PUSH_SMS:
        return push->sms;
    }
    return false;
}

/* Runs when the flow's memory goes: at its end, or when it is aborted. */
static void let_go(void *arg)
{
    struct ecs_push *push = arg;

    if (--push->users == 0 && push->freed)
        destroy(push);
}

static bool hold(struct ecs_flow *f, struct ecs_push *push)
{
    push->users++;
    return ecs_defer(f->arena, let_go, push);
}

static enum ecs_next refuse(struct ecs_send_result *result, enum ecs_send_class class, const char *reason)
{
    (void)push_end(result, class, reason);
    return ECS_NEXT;
}

enum ecs_next ecs_push_send(struct ecs_flow *f, struct ecs_push *push, const struct ecs_push_message *message,
                            int64_t now, struct ecs_send_result *ret_result)
{
    const char *fault = push_message_fault(message);
    const struct ecs_push_message *copy;

    if (!ecs_push_has(push, message->channel))
        return refuse(ret_result, ECS_SEND_CONFIG, "the channel is not configured");
    if (fault)
        return refuse(ret_result, ECS_SEND_BAD, fault);
    if (message->channel != ECS_PUSH_SMS && !ecs_push_token_fits(message->channel, message->token))
        return refuse(ret_result, ECS_SEND_DROP, "the token is none of this channel");
    copy = ecs_memdup(f->arena, message, sizeof(*message));
    if (!copy || !hold(f, push))
        return refuse(ret_result, ECS_SEND_RETRY, "no memory");
    switch (copy->channel) {
    case ECS_PUSH_GCM:
    case ECS_PUSH_FCM:
        return push_fcm_send(f, push->fcm, copy, now, ret_result);
    case ECS_PUSH_WNS:
        return push_wns_send(f, push->wns, copy, now, ret_result);
    case ECS_PUSH_APNS:
        return push_apns_send(f, push->apns, copy, now, ret_result);
    case ECS_PUSH_SMS:
        return push_sms_trigger(f, push->sms, copy, ret_result);
    }
    return refuse(ret_result, ECS_SEND_BAD, "there is no such channel");
}

enum ecs_next ecs_push_text(struct ecs_flow *f, struct ecs_push *push, const struct ecs_sms_text *text,
                            struct ecs_send_result *ret_result)
{
    if (!push->sms)
        return refuse(ret_result, ECS_SEND_CONFIG, "the channel is not configured");
    if (!hold(f, push))
        return refuse(ret_result, ECS_SEND_RETRY, "no memory");
    return push_sms_text(f, push->sms, text, ret_result);
}
