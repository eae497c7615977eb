/* SPDX-License-Identifier: Apache-2.0 */
/* Journeys in words and JSON, for people who look after them. Pure. */
#include "admin_odsa.h"

#include <stdio.h>

#include "ecs/clock.h"

enum { EID_DIGITS = 32, EID_HEAD = 8, EID_TAIL = 4 };

static bool is_behind(int64_t at, int64_t now)
{
    return at && at + ADMIN_JOURNEY_STUCK_S < now;
}

bool admin_journey_is_stuck(const struct ecs_journey *j, int64_t now)
{
    if (j->ended_at || ecs_journey_is_final(j->state))
        return false;
    return j->attempts > 0 || is_behind(j->due_at, now) || is_behind(j->deadline_at, now);
}

const char *admin_journey_next(struct ecs_arena *arena, const struct ecs_journey *j, int64_t now)
{
    char due[21] = "", deadline[21] = "";

    ecs_time_format(j->due_at, due);
    ecs_time_format(j->deadline_at, deadline);
    if (ecs_journey_is_final(j->state))
        return "It has ended; nothing more happens.";
    if (j->leased)
        return "A node works on it at this moment.";
    if (is_behind(j->due_at, now) || is_behind(j->deadline_at, now))
        return ecs_printf(arena,
                          "It should have gone on at %s: no node runs, or none can reach the database.",
                          is_behind(j->due_at, now) ? due : deadline);
    if (j->due_at > now && j->attempts > 0)
        return ecs_printf(arena, "Attempt %d follows at %s.", j->attempts + 1, due);
    if (j->deadline_at > now)
        return ecs_printf(arena, "It waits until %s; then it is ended by the clock.", deadline);
    if (j->due_at > now)
        return ecs_printf(arena, "It goes on at %s.", due);
    return j->due_at || j->deadline_at ? "It goes on at once." : "It waits for somebody outside.";
}

/* ---- identifiers ---- */

void admin_write_device(struct ecs_json_out *out, const char *key, struct ecs_str text)
{
    struct ecs_terminal_id id;
    char masked[20] = "";

    if (text.p && ecs_terminal_id_parse(text, &id))
        ecs_terminal_id_mask(&id, masked);
    ecs_json_str(out, key, masked[0] ? ecs_str_of(masked) : ECS_STR_NULL);
}

void admin_write_eid(struct ecs_json_out *out, const char *key, struct ecs_str eid)
{
    char masked[EID_HEAD + EID_TAIL + 2] = "*";

    if (eid.n == EID_DIGITS)
        snprintf(masked, sizeof(masked), "%.*s*%.*s", EID_HEAD, eid.p, EID_TAIL,
                 eid.p + EID_DIGITS - EID_TAIL);
    ecs_json_str(out, key, eid.p ? ecs_str_of(masked) : ECS_STR_NULL);
}

/* ---- JSON ---- */

static void write_count(struct ecs_json_out *out, const char *key, int64_t value)
{
    if (value < 0)
        ecs_json_str(out, key, ECS_STR_NULL);
    else
        ecs_json_i64(out, key, value);
}

void admin_write_journey(struct ecs_json_out *out, const struct ecs_journey *j, int64_t now)
{
    char app[16];

    snprintf(app, sizeof(app), "ap%d", j->app);
    ecs_json_i64(out, "id", j->id);
    ecs_json_str(out, "kind",
                 (unsigned)j->kind < ECS_JOURNEY_KIND_COUNT ? ecs_str_of(ecs_journey_kinds[j->kind])
                                                            : ECS_STR_NULL);
    ecs_json_str(out, "app", ecs_str_of(app));
    ecs_json_str(out, "state", j->state);
    ecs_json_bool(out, "open", !ecs_journey_is_final(j->state));
    ecs_json_bool(out, "stuck", admin_journey_is_stuck(j, now));
    ecs_json_bool(out, "in_work", j->leased);
    ecs_json_str(out, "imsi", j->imsi);
    ecs_json_str(out, "enterprise", j->enterprise);
    admin_write_device(out, "target", j->target_id);
    admin_write_eid(out, "eid", j->eid);
    ecs_json_str(out, "iccid", j->iccid);
    ecs_json_str(out, "plan", j->plan);
    ecs_json_i64(out, "attempts", j->attempts);
    ecs_json_str(out, "reason", j->reason);
    admin_write_time(out, "created_at", j->created_at);
    admin_write_time(out, "changed_at", j->changed_at);
    admin_write_time(out, "due_at", j->due_at);
    admin_write_time(out, "deadline_at", j->deadline_at);
    admin_write_time(out, "ended_at", j->ended_at);
}

static const struct {
    int bit;
    const char *word;
} flags[] = {
    {ECS_JOURNEY_F_CANCEL, "cancel-asked"},
    {ECS_JOURNEY_F_REDOWNLOADABLE, "redownloadable"},
    {ECS_JOURNEY_F_ANSWERED, "answered"},
    {ECS_JOURNEY_F_FROM_OLD, "from-old-device"},
    {ECS_JOURNEY_F_OLD_FIRST, "old-ends-first"},
    {ECS_JOURNEY_F_OLD_ENDED, "old-ended"},
    {ECS_JOURNEY_F_BY_ADDRESS, "by-address"},
    {ECS_JOURNEY_F_BSS_PROFILE, "bss-profile"},
    {ECS_JOURNEY_F_RELEASED, "released"},
    {ECS_JOURNEY_F_CONFIRMED, "confirmed"},
    {ECS_JOURNEY_F_BSS_DONE, "bss-done"},
    {ECS_JOURNEY_F_PORTAL_DONE, "portal-done"},
    {ECS_JOURNEY_F_SERVICE_ON, "service-on"},
    {ECS_JOURNEY_F_DOWNLOADED, "downloaded"},
    {ECS_JOURNEY_F_DELETED_OLD, "old-deleted"},
    {ECS_JOURNEY_F_NEEDS_PORTAL, "needs-portal"},
    {ECS_JOURNEY_F_ASKS, "asks"},
    {ECS_JOURNEY_F_RESERVED, "reserved"},
    {ECS_JOURNEY_F_ORDERED, "ordered"},
    {ECS_JOURNEY_F_EXPIRED, "time-over"},
    {ECS_JOURNEY_F_INSTALLED, "installed"},
    {ECS_JOURNEY_F_BSS_FAILED, "bss-failed"},
};

void admin_write_journey_rest(struct ecs_json_out *out, const struct ecs_journey *j)
{
    write_count(out, "operation_type", j->operation_type);
    ecs_json_str(out, "key", j->key);
    ecs_json_str(out, "requestor", j->requestor);
    admin_write_device(out, "device", j->terminal_id);
    admin_write_device(out, "old_device", j->old_id);
    ecs_json_str(out, "old_iccid", j->old_iccid);
    ecs_json_str(out, "service", j->service);
    ecs_json_str(out, "profile_type", j->profile_type);
    ecs_json_str(out, "name", j->name);
    ecs_json_str(out, "vendor", j->vendor);
    ecs_json_str(out, "model", j->model);
    ecs_json_str(out, "smdp", j->smdp);
    ecs_json_str(out, "bss_reference", j->bss_reference);
    ecs_json_str(out, "line_imsi", j->line_imsi);
    ecs_json_str(out, "msisdn", j->msisdn);
    ecs_json_bool(out, "has_code", j->code.p != NULL);
    ecs_json_i64(out, "polls", j->polls);
    ecs_json_i64(out, "calls", j->calls);
    ecs_json_begin(out, "flags", '[');
    for (size_t i = 0; i < ECS_ARRAY_LEN(flags); i++)
        if (j->flags & flags[i].bit)
            ecs_json_str(out, NULL, ecs_str_of(flags[i].word));
    ecs_json_end(out, ']');
}

enum ecs_rc admin_write_journey_say(struct ecs_json_out *out, struct ecs_arena *arena,
                                    const struct ecs_journey *j, int64_t now)
{
    const char *next = admin_journey_next(arena, j, now);

    if (!next)
        return ECS_E_TOO_LARGE;
    ecs_json_str(out, "state_help", ecs_str_of(ecs_journey_state_help(j->state)));
    ecs_json_str(out, "next", ecs_str_of(next));
    ecs_json_str(out, "advice", ecs_str_of(ecs_journey_advice(j)));
    return ECS_OK;
}
