/* SPDX-License-Identifier: Apache-2.0 */
/* handleDownloadProgressInfo (smdp.md 3): read as tolerantly as real SM-DP+ write it. */
#include <string.h>

#include "adapters/smdp_int.h"
#include "ecs/clock.h"
#include "ecs/ids.h"
#include "ecs/json.h"

enum { POINT_MAX = 100000, TEXT_MAX = 128 };

/* Some write milliseconds; no second of our time has so many digits. */
enum { EPOCH_DIGITS_MAX = 11 };

static const struct ecs_json_member *find(const struct ecs_json_flat *flat, const char *name)
{
    for (size_t i = 0; i < flat->n; i++)
        if (ecs_str_eq(flat->member[i].name, ecs_str_of(name)))
            return &flat->member[i];
    return NULL;
}

/* A number, also as a text. */
static bool number_of(const struct ecs_json_flat *flat, const char *name, int64_t *ret_value)
{
    const struct ecs_json_member *m = find(flat, name);

    return m && (m->kind == ECS_JSON_NUMBER || m->kind == ECS_JSON_STRING) &&
           ecs_str_to_i64(ecs_str_trim(m->value), ret_value);
}

static int64_t time_of(const struct ecs_json_flat *flat, const char *name)
{
    struct ecs_str text = smdp_json_text(flat, name);
    int64_t at = 0;

    if (number_of(flat, name, &at)) {
        for (int64_t n = at, digits = 0; n > 0; n /= 10)
            if (++digits > EPOCH_DIGITS_MAX)
                return at / 1000;
        return at > 0 ? at : 0;
    }
    return text.n && ecs_time_parse(text, &at) && at > 0 ? at : 0;
}

/* For journal and comparison: printable, bounded; else as if it were not there. */
static struct ecs_str word_of(const struct ecs_json_flat *flat, const char *name)
{
    struct ecs_str text = smdp_json_text(flat, name);

    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < ' ' || text.p[i] > '~')
            return ECS_STR_NULL;
    return text.n && text.n <= TEXT_MAX ? text : ECS_STR_NULL;
}

/* Texts of the parser may point into the body, which belongs to somebody else. */
static bool keep(struct ecs_arena *arena, struct ecs_str *text)
{
    const char *copy = text->p ? ecs_strdup(arena, *text) : NULL;

    if (text->p && !copy)
        return false;
    text->p = copy;
    return true;
}

static void read_members(struct ecs_arena *arena, const struct ecs_json_flat *flat,
                         struct ecs_smdp_progress *p)
{
    struct smdp_form_read form = {.form = SMDP_UNREADABLE};
    struct ecs_json_flat header, status;
    struct ecs_str eid = smdp_json_text(flat, "eid");
    int64_t point = 0;

    if (smdp_json_object(arena, flat, "header", &header))
        p->call_id = word_of(&header, "functionCallIdentifier");
    p->iccid = smdp_iccid(smdp_json_text(flat, "iccid"));
    p->eid = eid.n == 32 && ecs_str_is_digits(eid) ? eid : ECS_STR_NULL;
    p->profile_type = word_of(flat, "profileType");
    p->at = time_of(flat, find(flat, "timestamp") ? "timestamp" : "timeStamp");
    if (number_of(flat, "notificationPointId", &point) && point > 0 && point <= POINT_MAX)
        p->point = (int)point;
    if (smdp_json_object(arena, flat, "notificationPointStatus", &status))
        smdp_json_form(arena, &status, &form);
    p->success = form.form == SMDP_DONE || form.form == SMDP_DONE_WARNING;
    p->subject = form.subject;
    p->reason = form.reason;
    if (form.form == SMDP_UNREADABLE)
        p->point = 0; /* neither a success nor a failure may be made of it */
}

enum ecs_rc ecs_smdp_progress_read(struct ecs_arena *arena, struct ecs_str body,
                                   struct ecs_smdp_progress *ret_progress, const char **ret_why)
{
    struct ecs_smdp_progress p = {.point = 0};
    struct ecs_json_flat flat;
    enum ecs_rc rc = ecs_json_flat_parse(arena, body, &flat, ret_why);

    if (rc != ECS_OK)
        return rc;
    read_members(arena, &flat, &p);
    if (!p.iccid.p || !p.point) {
        *ret_why = p.iccid.p ? "it tells no notification point with a status" : "it tells no ICCID";
        return ECS_E_BAD_PARAMETER;
    }
    if (!keep(arena, &p.call_id) || !keep(arena, &p.iccid) || !keep(arena, &p.eid) ||
        !keep(arena, &p.profile_type) || !keep(arena, &p.subject) || !keep(arena, &p.reason)) {
        *ret_why = "the notification does not fit into memory";
        return ECS_E_TOO_LARGE;
    }
    *ret_progress = p;
    return ECS_OK;
}
