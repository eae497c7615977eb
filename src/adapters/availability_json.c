/* SPDX-License-Identifier: Apache-2.0 */
/* The document of a feed: {"states": [{"service": "volte", "state": "unavailable", ...}]}. Foreign: checked
 * whole, or not used. Pure. */
#include <string.h>

#include "ecs/availability.h"
#include "ecs/clock.h"
#include "ecs/ids.h"
#include "ecs/json.h"

enum { DAY_S = 86400, YEAR_S = 31536000, SKEW_S = 60 };

struct item {
    int service, state, rat;
    bool has_rat;
    struct ecs_str brand, area, message, since, expected_end;
    int64_t validity_s;
};
struct document {
    struct ecs_str generated;
    struct ecs_json_list states;
};

static const struct ecs_json_field item_fields[] = {
    {"service", ECS_JSON_T_WORD, true, offsetof(struct item, service), .words = ecs_state_services},
    {"state", ECS_JSON_T_WORD, true, offsetof(struct item, state), .words = ecs_availability_words},
    {"rat", ECS_JSON_T_WORD, .offset = offsetof(struct item, rat),
     .set_offset = offsetof(struct item, has_rat), .words = ecs_state_rats},
    {"brand", ECS_JSON_T_STR, .offset = offsetof(struct item, brand), .low = 1, .high = 63},
    {"area", ECS_JSON_T_STR, .offset = offsetof(struct item, area), .low = 1, .high = 63},
    {"message", ECS_JSON_T_STR, .offset = offsetof(struct item, message), .low = 1, .high = 63},
    {"since", ECS_JSON_T_STR, .offset = offsetof(struct item, since), .low = 1, .high = 40},
    {"expected_end", ECS_JSON_T_STR, .offset = offsetof(struct item, expected_end), .low = 1, .high = 40},
    {"validity_s", ECS_JSON_T_I64, .offset = offsetof(struct item, validity_s), .low = 1, .high = YEAR_S},
    {0},
};
static const struct ecs_json_field document_fields[] = {
    {"generated", ECS_JSON_T_STR, .offset = offsetof(struct document, generated), .low = 1, .high = 40},
    {"states", ECS_JSON_T_LIST, true, offsetof(struct document, states), .high = ECS_STATES_MAX,
     .sub = item_fields, .item_size = sizeof(struct item)},
    {0},
};

static bool is_word(struct ecs_str s, const char *more)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

        if (!plain && (i == 0 || !c || !strchr(more, c)))
            return false;
    }
    return s.n > 0;
}

static bool read_time(struct ecs_str text, int64_t *ret_time)
{
    *ret_time = 0;
    return !text.p || (ecs_time_parse(text, ret_time) && *ret_time > 0);
}

/* NULL: fine. */
static const char *read_item(const struct item *item, int64_t now, struct ecs_state_row *row)
{
    *row = (struct ecs_state_row){
        .service = ecs_str_of(ecs_state_services[item->service]),
        .rat = ecs_str_of(item->has_rat ? ecs_state_rats[item->rat] : NULL),
        .brand = item->brand,
        .area = item->area,
        .state = (enum ecs_availability)item->state,
        .message_key = item->message,
        .validity_s = item->validity_s,
    };
    if (item->brand.p && !is_word(item->brand, "._-"))
        return "brand is not a brand's key";
    if (item->area.p && !ecs_area_is_valid(item->area, false))
        return "area is no area, mcc-262 or plmn-26201";
    if (item->message.p && !is_word(item->message, "._-"))
        return "message is not a key of the message catalogues";
    if (!read_time(item->since, &row->since) || !read_time(item->expected_end, &row->expected_end))
        return "since and expected_end must be times like 2026-01-31T08:00:00Z";
    if (row->expected_end > now + 366 * (int64_t)DAY_S)
        return "expected_end is more than a year away";
    return NULL;
}

static bool same_place(const struct ecs_state_row *a, const struct ecs_state_row *b)
{
    return ecs_str_eq(a->service, b->service) && ecs_str_eq(a->rat, b->rat) &&
           ecs_str_eq(a->brand, b->brand) && ecs_str_eq(a->area, b->area);
}

enum ecs_rc ecs_feed_parse(struct ecs_arena *arena, struct ecs_str text, int64_t now,
                           struct ecs_feed_document *ret_document, const char **ret_why)
{
    struct document d = {0};
    struct ecs_feed_document out = {0};
    enum ecs_rc rc = ecs_json_bind(arena, text, document_fields, &d, ret_why);
    const struct item *items = d.states.items;
    int64_t generated;

    if (rc != ECS_OK)
        return rc;
    out.rows = ecs_alloc(arena, (d.states.n + 1) * sizeof(*out.rows));
    if (!out.rows)
        return ECS_E_TOO_LARGE;
    *ret_why = read_time(d.generated, &generated) ? NULL : "generated is not a time";
    for (size_t i = 0; i < d.states.n && !*ret_why; i++) {
        struct ecs_state_row *row = &out.rows[out.n];
        const char *why = read_item(&items[i], now, row);

        for (size_t k = 0; k < out.n && !why; k++)
            why = same_place(&out.rows[k], row) ? "stands twice" : NULL;
        if (why) {
            *ret_why = ecs_printf(arena, "states[%zu]: %s", i, why);
            return ECS_E_BAD_REQUEST;
        }
        if (row->since > now + SKEW_S)
            out.later++;
        else
            out.n++;
    }
    if (*ret_why)
        return ECS_E_BAD_REQUEST;
    *ret_document = out;
    return ECS_OK;
}
