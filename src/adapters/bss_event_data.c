/* SPDX-License-Identifier: Apache-2.0 */
/* Events on what plain applications go by: data usage, boosts, carrier billing, pseudonyms. Members as in
 * docs/bss.md; numbers may be quoted. */
#include <string.h>

#include "adapters/bss_int.h"

enum {
    KEY_MAX = 64,
    BUCKET_MAX = 63,
    VENDOR_MAX = 128,
    USER_MAX = 256,
    TEXT_MAX = 512,
    PSEUDONYM_MAX = 1015
};

struct reader {
    struct ecs_arena *arena;
    const json_t *json;
    struct ecs_bss_event *out;
    const char *why;
};

/* Absent or null: true, and *ret stays. */
static bool number(struct reader *r, const char *name, int64_t low, int64_t high, int64_t *ret)
{
    const json_t *given = json_object_get(r->json, name);
    struct ecs_str text = bss_member(r->arena, r->json, name);
    int64_t value;

    if (!text.p)
        return !given || json_is_null(given);
    if (!ecs_str_to_i64(text, &value) || value < low || value > high)
        return false;
    *ret = value;
    return true;
}

static bool text(struct reader *r, const char *name, size_t most, struct ecs_str *ret)
{
    *ret = bss_member(r->arena, r->json, name);
    for (size_t i = 0; i < ret->n; i++)
        if ((unsigned char)ret->p[i] < 0x20 || ret->p[i] == 0x7f)
            return false;
    return ret->n <= most;
}

/* As the table data_usage has them. */
static bool is_bucket(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              (i > 0 && (c == '.' || c == '_' || c == '-'))))
            return false;
    }
    return s.n > 0;
}

static bool time_of(struct reader *r, const char *name, int64_t *ret)
{
    struct ecs_str given = bss_member(r->arena, r->json, name);

    *ret = bss_time(given);
    return !given.n || *ret > 0;
}

static bool say(struct reader *r, bool good, const char *why)
{
    if (!good && !r->why)
        r->why = why;
    return good;
}

static bool read_usage(struct reader *r)
{
    struct ecs_data_change *c = &r->out->data;
    int64_t type = 0;

    c->a = c->b = -1;
    if (!say(r, number(r, "usageType", 0, 1, &type), "usageType is not 0 or 1") ||
        !say(r, number(r, "allowance", 0, INT64_MAX, &c->a), "allowance is no number of bytes") ||
        !say(r, number(r, "used", 0, INT64_MAX, &c->b) && c->b >= 0, "used is no number of bytes") ||
        !say(r, text(r, "name", TEXT_MAX, &c->text) && text(r, "description", TEXT_MAX, &c->more),
             "name or description is longer than 512 bytes, or has control characters"))
        return false;
    c->type = (int)type;
    return say(r, time_of(r, "cycleEnd", &c->time), "cycleEnd is no time");
}

static bool read_boost(struct reader *r)
{
    struct ecs_data_change *c = &r->out->data;
    int64_t type = -1;

    if (!say(r, number(r, "boostType", 0, 255, &type) && type >= 0, "boostType is not 0 to 255") ||
        !say(r, number(r, "seconds", 1, 31536000, &c->b), "seconds is not 1 to 31536000"))
        return false;
    c->type = type ? (int)type : ECS_BOOST_INTERACTIVE;
    return c->kind == ECS_DATA_BOOST_END ||
           say(r, text(r, "key", KEY_MAX, &c->key) && c->key.n,
               "a bought boost needs key, at most 64 bytes, without control characters");
}

static bool read_account(struct reader *r)
{
    struct ecs_data_change *c = &r->out->data;
    int64_t terms = -1;

    if (!say(r, text(r, "storeVendor", VENDOR_MAX, &c->vendor) && c->vendor.n,
             "storeVendor is missing, too long or has control characters") ||
        !say(r, text(r, "storeUserId", USER_MAX, &r->out->store_user) && r->out->store_user.n,
             "storeUserId is missing, too long or has control characters") ||
        !say(r, number(r, "terms", 0, 3, &terms), "terms is not 0 to 3"))
        return false;
    c->type = (int)terms;
    c->text = bss_member(r->arena, r->json, "state");
    for (unsigned i = 0; i < ECS_BILLING_STATE_COUNT; i++)
        if (ecs_str_eq(c->text, ecs_str_of(ecs_billing_states[i])))
            return true;
    return say(r, false, "state is not one of none, wanted, ordered, active, blocked");
}

static bool read_pseudonym(struct reader *r)
{
    struct ecs_data_change *c = &r->out->data;

    if (!json_is_string(json_object_get(r->json, "pseudonym")))
        return say(r, false, "pseudonym is missing; empty removes it");
    if (!say(r,
             text(r, "pseudonym", PSEUDONYM_MAX, &c->text) &&
                 (!c->text.n || !memchr(c->text.p, ' ', c->text.n)),
             "pseudonym is longer than 1015 bytes, or has spaces or control characters"))
        return false;
    if (!c->text.p)
        c->text = ECS_STR("");
    return say(r, time_of(r, "endsAt", &c->time), "endsAt is no time");
}

bool bss_event_data(struct ecs_arena *arena, const json_t *json, struct ecs_bss_event *event,
                    const char **ret_why)
{
    struct reader r = {.arena = arena, .json = json, .out = event};
    struct ecs_data_change *c = &event->data;
    bool good = true;

    if (c->kind == ECS_DATA_USAGE || c->kind == ECS_DATA_USAGE_END)
        good = say(&r, text(&r, "bucket", BUCKET_MAX, &c->key) && is_bucket(c->key),
                   "bucket is missing, or not 1 to 63 of a-z, 0-9, '.', '_' and '-'");
    if (good && c->kind == ECS_DATA_USAGE)
        good = read_usage(&r);
    else if (c->kind == ECS_DATA_BOOST || c->kind == ECS_DATA_BOOST_END)
        good = read_boost(&r);
    else if (c->kind == ECS_DATA_ACCOUNT)
        good = read_account(&r);
    else if (c->kind == ECS_DATA_PSEUDONYM)
        good = read_pseudonym(&r);
    *ret_why = r.why;
    return good;
}
