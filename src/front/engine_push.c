/* SPDX-License-Identifier: Apache-2.0 */
/* The senders of an engine: made of the sections fcm, apns, wns and sms, as far as the configuration has
 * them. */
#include "ecs/log.h"
#include "ecs/push_conf.h"
#include "front_internal.h"
#include "notify.h"

static void set_channels(struct engine *engine)
{
    static const enum ecs_push_channel channels[] = {ECS_PUSH_FCM, ECS_PUSH_WNS, ECS_PUSH_APNS, ECS_PUSH_SMS};

    engine->push_channels = 1; /* bit 0: it is known which */
    if (engine->hook)
        engine->push_channels |= 1u << ECS_NOTIFY_HOOK;
    if (!engine->push)
        return;
    for (size_t i = 0; i < ECS_ARRAY_LEN(channels); i++)
        if (ecs_push_has(engine->push, channels[i]))
            engine->push_channels |= 1u << channels[i];
    if (engine->notify->gcm_as_fcm && engine->push_channels & 1u << ECS_PUSH_FCM)
        engine->push_channels |= 1u << ECS_PUSH_GCM;
}

static struct ecs_neighbour_stats *stats_of(struct front *front, const struct ecs_conf *conf,
                                            const char *section)
{
    return ecs_conf_get(conf, section) ? ecs_metrics_neighbour(front->metrics, section) : NULL;
}

static bool open_hook(struct front *front, struct engine *engine)
{
    const struct ecs_notify_conf *c = engine->notify;
    struct ecs_neighbour_conf conf = {.name = "webhook", .ca_file = c->webhook_ca_file};

    if (!c->webhook_url)
        return true;
    conf.stats = ecs_metrics_neighbour(front->metrics, conf.name);
    conf.allow_plain = ecs_str_starts_with(ecs_str_of(c->webhook_url), ECS_STR("http://"));
    engine->hook = ecs_neighbour_new(front->pool, &conf);
    return engine->hook != NULL;
}

bool engine_push_new(struct front *front, struct engine *engine)
{
    const struct ecs_conf *conf = engine->snapshot->conf;
    const struct ecs_push_conf push = {
        .fcm = ecs_conf_get(conf, "fcm"),
        .apns = ecs_conf_get(conf, "apns"),
        .wns = ecs_conf_get(conf, "wns"),
        .sms = ecs_conf_get(conf, "sms"),
        .stats = {[ECS_PUSH_FCM] = stats_of(front, conf, "fcm"),
                  [ECS_PUSH_APNS] = stats_of(front, conf, "apns"),
                  [ECS_PUSH_WNS] = stats_of(front, conf, "wns"),
                  [ECS_PUSH_SMS] = stats_of(front, conf, "sms")},
    };
    struct ecs_arena *arena;
    const char *error = "no memory";

    engine->notify = ecs_conf_get(conf, "notify");
    if (push.fcm || push.apns || push.wns || push.sms) {
        arena = ecs_arena_new(NULL, 0);
        if (arena)
            engine->push = ecs_push_new(front->pool, front->worker->loop, &push, arena, &error);
        if (!engine->push)
            ecs_log(NULL, ECS_EV_CONFIG, "notifications: %s", error);
        ecs_arena_free(arena);
        if (!engine->push)
            return false;
    }
    if (!open_hook(front, engine))
        return false;
    set_channels(engine);
    return true;
}

void engine_push_free(struct engine *engine)
{
    if (engine->push)
        ecs_push_free(engine->push);
    ecs_neighbour_free(engine->hook);
}
