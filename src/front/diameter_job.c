/* SPDX-License-Identifier: Apache-2.0 */
/* The Diameter node of the process, on worker 0: its beginning, reload and leave, and requests of peers,
 * which go to the function of their application. */
#include "engine_aaa_priv.h"

#include <stdio.h>
#include <string.h>

#include "ecs/aaa_conf.h"
#include "ecs/log.h"
#include "engine_qos.h"
#include "node.h"

/* ---- requests of peers ---- */

static const struct {
    uint32_t application;
    diameter_inbound_fn fn;
} rows[] = {
    {ECS_DIAMETER_APP_EAP, aaa_inbound},
    {ECS_DIAMETER_APP_SWM, aaa_inbound},
    {ECS_DIAMETER_APP_STA, aaa_inbound},
    {ECS_DIAMETER_APP_RX, qos_rx_inbound},
};

static bool on_request(void *arg, struct ecs_diameter_inbound *inbound,
                       const struct ecs_diameter_message *message)
{
    struct front *front = arg;
    uint32_t application = message->application;

    /* RFC 4072 sends RAR and ASR with application 0; the AVP tells which it is. */
    if (application == ECS_DIAMETER_APP_BASE)
        (void)ecs_diameter_get_u32(message->avps, ECS_AVP_AUTH_APPLICATION_ID, &application);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (rows[i].application == application)
            return rows[i].fn(front, inbound, message);
    return false;
}

static void on_restart(void *arg, struct ecs_str origin_host)
{
    (void)arg;
    ecs_log(NULL, ECS_EV_AAA, "%.*s has restarted: conversations with it are lost, phones begin again",
            ECS_FMT(origin_host));
}

/* We keep no session after a conversation (STR follows success), so there is none to re-authenticate; one
 * that is to be aborted is ended at whoever asks (RFC 6733 8.3, 8.5). */
bool aaa_inbound(struct front *front, struct ecs_diameter_inbound *inbound,
                 const struct ecs_diameter_message *message)
{
    const char *me = ecs_diameter_host(front->diameter); /* the configuration may name the next one already */
    struct ecs_str session = ECS_STR_NULL;
    bool ours;

    if (message->command != ECS_DIAMETER_ABORT_SESSION && message->command != ECS_DIAMETER_RE_AUTH)
        return false;
    (void)ecs_diameter_get(message->avps, ECS_AVP_SESSION_ID, &session);
    ours = ecs_str_starts_with(session, ecs_str_of(me)) && session.n > strlen(me) &&
           session.p[strlen(me)] == ';';
    if (!ours || message->command == ECS_DIAMETER_RE_AUTH) {
        ecs_diameter_reply(inbound, ECS_DIAMETER_UNKNOWN_SESSION_ID, ECS_STR_NULL);
        return true;
    }
    ecs_diameter_reply(inbound, ECS_DIAMETER_SUCCESS, ECS_STR_NULL);
    ecs_aaa_aborted(front->engine->aaa, message);
    return true;
}

/* ---- life ---- */

static struct ecs_neighbour_stats *stats_of(void *arg, const char *name)
{
    struct front *front = arg;

    return ecs_metrics_neighbour(front->metrics, name);
}

static bool set(struct front *front, const struct ecs_snapshot *s, char *err, size_t err_size)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_aaa_sections sections;
    struct ecs_diameter_conf conf;
    bool good;

    snprintf(err, err_size, "no memory");
    aaa_sections_of(s, &sections);
    good = arena && ecs_diameter_conf_of(&sections, arena, stats_of, front, &conf) &&
           ecs_diameter_node_set(front->node->diameter, &conf, err, err_size) == ECS_OK;
    ecs_arena_free(arena);
    return good;
}

static bool make_node(struct front *front, const struct ecs_snapshot *s)
{
    const struct ecs_diameter_hooks hooks = {
        .on_request = on_request, .on_restart = on_restart, .arg = front};
    struct ecs_diameter_identity me;
    char err[200] = "";

    if (!ecs_diameter_identity_of(ecs_conf_get(s->conf, "diameter"), &me))
        return true;
    front->node->diameter = ecs_diameter_node_new(front->worker->loop, front->worker->mailbox, &me, &hooks);
    if (front->node->diameter && set(front, s, err, sizeof(err)))
        return true;
    ecs_log_at(NULL, ECS_EV_START, ECS_LOG_ERROR, "diameter: %s", err[0] ? err : "the node cannot be made");
    return false;
}

enum ecs_rc diameter_start(struct front *front, const struct ecs_snapshot *s)
{
    if (front->worker->index == 0 && !make_node(front, s))
        return ECS_E_CONFIG;
    if (!front->node->diameter)
        return ECS_OK;
    front->diameter = ecs_diameter_open(front->node->diameter, front->worker->mailbox);
    return front->diameter ? ECS_OK : ECS_E_NO_MEMORY;
}

void diameter_reload(struct front *front, const struct ecs_snapshot *s)
{
    char err[200];

    if (front->worker->index == 0 && front->node->diameter && !set(front, s, err, sizeof(err)))
        ecs_log(NULL, ECS_EV_RELOAD_FAILED, "%s; the former peers stay", err);
}

bool diameter_leave(struct front *front)
{
    static const struct ecs_diameter_conf nobody;
    char err[200];

    if (front->worker->index != 0 || !front->node->diameter)
        return true;
    /* The other workers' last requests go through these connections. */
    if (atomic_load(&front->node->running) > 1)
        return false;
    if (!front->diameter_leaving) {
        front->diameter_leaving = true;
        if (ecs_diameter_node_set(front->node->diameter, &nobody, err, sizeof(err)) != ECS_OK)
            return true;
    }
    return ecs_diameter_node_view(front->node->diameter, NULL, 0) == 0;
}

void diameter_stop(struct front *front)
{
    ecs_diameter_close(front->diameter);
    front->diameter = NULL;
    if (front->worker->index != 0)
        return;
    ecs_diameter_node_free(front->node->diameter);
    front->node->diameter = NULL;
}
