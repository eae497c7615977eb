/* SPDX-License-Identifier: Apache-2.0 */
/* Events of networks: CloudEvents of CAMARA, notifications of T8 and N5 (pcrf.md 3 to 5). What can be read
 * and says nothing about the session is no fault, else it would come again for ever. */
#include <string.h>

#include "adapters/qos_int.h"
#include "ecs/clock.h"

const char *const ecs_qos_news_words[ECS_QOS_NEWS_COUNT] = {"", "active", "lost", "expired", "deleted"};

/* ---- CAMARA ---- */

static bool is_type(struct ecs_str type, struct ecs_str begin, struct ecs_str end)
{
    return type.n > begin.n + end.n && ecs_str_starts_with(type, begin) &&
           memcmp(type.p + type.n - end.n, end.p, end.n) == 0;
}

static enum ecs_rc read_camara(bool session, struct ecs_arena *arena, const json_t *body,
                               struct ecs_qos_event *event, const char **ret_why)
{
    const json_t *data = json_object_get(body, "data");
    struct ecs_str type = qos_text(arena, body, "type"), id = qos_text(arena, body, "id");
    struct ecs_str version = qos_text(arena, body, "specversion");
    struct ecs_str status = qos_text(arena, data, session ? "qosStatus" : "status");
    struct ecs_str info = qos_text(arena, data, "statusInfo");
    struct ecs_str ends = qos_text(arena, data, "expiresAt");

    if (!type.p || !id.p || !ecs_str_eq(version, ECS_STR("1.0"))) {
        *ret_why = "no CloudEvent of version 1.0";
        return ECS_E_BAD_PARAMETER;
    }
    if (session
            ? !is_type(type, ECS_STR("org.camaraproject.quality-on-demand."), ECS_STR(".qos-status-changed"))
            : !is_type(type, ECS_STR("org.camaraproject.qos-provisioning."), ECS_STR(".status-changed")))
        return ECS_OK;
    event->handle = qos_last_part(arena, qos_text(arena, data, session ? "sessionId" : "assignmentId"));
    if (!event->handle.p || !status.p) {
        *ret_why = "data does not tell id and status";
        return ECS_E_BAD_PARAMETER;
    }
    if (!ends.p || !ecs_time_parse(ends, &event->ends_at))
        event->ends_at = 0;
    if (ecs_str_eq(status, ECS_STR("AVAILABLE"))) {
        event->news = ECS_QOS_NEWS_ACTIVE;
    } else if (ecs_str_eq(status, ECS_STR("UNAVAILABLE"))) {
        event->news = ecs_str_eq(info, ECS_STR("DURATION_EXPIRED"))   ? ECS_QOS_NEWS_EXPIRED
                      : ecs_str_eq(info, ECS_STR("DELETE_REQUESTED")) ? ECS_QOS_NEWS_DELETED
                                                                      : ECS_QOS_NEWS_LOST;
        event->why = event->news == ECS_QOS_NEWS_EXPIRED   ? "its time is over"
                     : event->news == ECS_QOS_NEWS_DELETED ? "it was deleted at the network"
                                                           : "the network has ended it";
    } else if (!ecs_str_eq(status, ECS_STR("REQUESTED"))) {
        *ret_why = "data has a status that is not known";
        return ECS_E_BAD_PARAMETER;
    }
    return ECS_OK;
}

/* ---- T8 and N5: lists of events ---- */

static const struct {
    const char *event;
    enum ecs_qos_news news;
    const char *why;
} rows[] = {
    {"SUCCESSFUL_RESOURCES_ALLOCATION", ECS_QOS_NEWS_ACTIVE, NULL},
    {"FAILED_RESOURCES_ALLOCATION", ECS_QOS_NEWS_LOST, "the network has no resources for it"},
    {"LOSS_OF_BEARER", ECS_QOS_NEWS_LOST, "the bearer was lost"},
    {"RELEASE_OF_BEARER", ECS_QOS_NEWS_LOST, "the bearer was released"},
    {"SESSION_TERMINATION", ECS_QOS_NEWS_LOST, "the network has ended the session"},
};

/* Losses count more than a success in the same message. */
static bool read_list(const json_t *list, struct ecs_qos_event *event)
{
    if (!json_is_array(list) || json_array_size(list) == 0)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(list, i), "event"));

        if (!name)
            return false;
        for (size_t k = 0; k < ECS_ARRAY_LEN(rows); k++)
            if (strcmp(rows[k].event, name) == 0 && rows[k].news > event->news) {
                event->news = rows[k].news;
                event->why = rows[k].why;
            }
    }
    return true;
}

static enum ecs_rc read_t8(struct ecs_arena *arena, const json_t *body, struct ecs_qos_event *event,
                           const char **ret_why)
{
    event->handle = qos_last_part(arena, qos_text(arena, body, "transaction"));
    if (event->handle.p && read_list(json_object_get(body, "eventReports"), event))
        return ECS_OK;
    *ret_why = "transaction and eventReports are needed";
    return ECS_E_BAD_PARAMETER;
}

/* evSubsUri: {apiRoot}/.../app-sessions/{appSessionId}/events-subscription */
static struct ecs_str session_of(struct ecs_arena *arena, struct ecs_str link)
{
    ptrdiff_t at = link.p ? ecs_str_find(link, ECS_STR("/app-sessions/")) : -1;
    struct ecs_str rest, part;

    if (at < 0)
        return ECS_STR_NULL;
    rest = (struct ecs_str){link.p + at + 14, link.n - (size_t)at - 14};
    return ecs_str_cut(&rest, '/', &part) ? qos_last_part(arena, part) : ECS_STR_NULL;
}

static enum ecs_rc read_notify(struct ecs_arena *arena, const json_t *body, struct ecs_qos_event *event,
                               const char **ret_why)
{
    event->handle = session_of(arena, qos_text(arena, body, "evSubsUri"));
    if (json_object_get(body, "evSubsUri") && read_list(json_object_get(body, "evNotifs"), event))
        return ECS_OK;
    *ret_why = "evSubsUri and evNotifs are needed";
    return ECS_E_BAD_PARAMETER;
}

static enum ecs_rc read_terminate(struct ecs_arena *arena, const json_t *body, struct ecs_qos_event *event,
                                  const char **ret_why)
{
    static const struct {
        const char *cause, *why;
    } causes[] = {{"ALL_SDF_DEACTIVATION", "all its flows were deactivated"},
                  {"PDU_SESSION_TERMINATION", "the device's session has ended"},
                  {"PS_TO_CS_HO", "handover to circuit switching"},
                  {"INSUFFICIENT_SERVER_RESOURCES", "the server has no resources"},
                  {"INSUFFICIENT_QOS_FLOW_RESOURCES", "the network has no resources for it"},
                  {"SPONSORED_DATA_CONNECTIVITY_DISALLOWED", "sponsored data are not allowed"}};
    struct ecs_str cause = qos_text(arena, body, "termCause"), link = qos_text(arena, body, "resUri");

    if (!cause.p || !link.p) {
        *ret_why = "termCause and resUri are needed";
        return ECS_E_BAD_PARAMETER;
    }
    event->handle = session_of(arena, link);
    event->news = ECS_QOS_NEWS_LOST;
    event->why = "the network has ended the session";
    for (size_t i = 0; i < ECS_ARRAY_LEN(causes); i++)
        if (ecs_str_eq(cause, ecs_str_of(causes[i].cause)))
            event->why = causes[i].why;
    return ECS_OK;
}

enum ecs_rc ecs_qos_event_read(const struct ecs_qos_conf *network, enum ecs_qos_door door,
                               struct ecs_arena *arena, struct ecs_str text, struct ecs_qos_event *ret_event,
                               const char **ret_why)
{
    struct ecs_qos_event event = {0};
    const char *reason;
    json_t *body;
    enum ecs_rc rc = ECS_E_BAD_PARAMETER;

    if (ecs_json_load(arena, text, &body, &reason) != ECS_OK || !json_is_object(body)) {
        *ret_why = "the body is no JSON object";
        return ECS_E_BAD_PARAMETER;
    }
    if ((network->type == ECS_QOS_N5) != (door != ECS_QOS_DOOR_EVENT) || network->type == ECS_QOS_RX) {
        *ret_why = "events of this network do not come to this address";
        return rc;
    }
    if (network->type == ECS_QOS_T8)
        rc = read_t8(arena, body, &event, ret_why);
    else if (network->type == ECS_QOS_N5)
        rc = door == ECS_QOS_DOOR_TERMINATE ? read_terminate(arena, body, &event, ret_why)
                                            : read_notify(arena, body, &event, ret_why);
    else
        rc = read_camara(network->type == ECS_QOS_CAMARA_SESSION, arena, body, &event, ret_why);
    if (rc == ECS_OK)
        *ret_event = event;
    return rc;
}
