/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of journey and profile as lists of texts: the tables of their columns, and how each becomes a member
 * of its struct and back. */
#include "store_odsa.h"

#include <string.h>

#include "ecs/flow.h"

const char *const ecs_journey_kinds[ECS_JOURNEY_KIND_COUNT + 1] = {
    "companion", "primary", "enterprise", "waiting", "transfer", "move",
    "recovery",  "end",     "switch",     "manage",  NULL};

enum form { FORM_TEXT, FORM_BYTES /* hexadecimal */, FORM_INT, FORM_LONG, FORM_BOOL, FORM_KIND };

struct column {
    const char *name;
    enum form form;
    unsigned offset;
};

#define J(member, form)                                                                                      \
    {                                                                                                        \
#member, form, offsetof(struct ecs_journey, member)                                                  \
    }
static const struct column journey_columns[] = {
    J(id, FORM_LONG),           J(version, FORM_LONG),
    J(kind, FORM_KIND),         J(state, FORM_TEXT),
    J(key, FORM_TEXT),          J(imsi, FORM_TEXT),
    J(enterprise, FORM_TEXT),   J(requestor, FORM_TEXT),
    J(app, FORM_INT),           J(operation_type, FORM_INT),
    J(terminal_id, FORM_TEXT),  J(target_id, FORM_TEXT),
    J(eid, FORM_TEXT),          J(old_id, FORM_TEXT),
    J(old_iccid, FORM_TEXT),    J(iccid, FORM_TEXT),
    J(service, FORM_TEXT),      J(plan, FORM_TEXT),
    J(profile_type, FORM_TEXT), J(name, FORM_TEXT),
    J(vendor, FORM_TEXT),       J(model, FORM_TEXT),
    J(sw_version, FORM_TEXT),   J(smdp, FORM_TEXT),
    J(address, FORM_TEXT),      J(code, FORM_BYTES),
    J(matching_id, FORM_BYTES), J(bss_reference, FORM_TEXT),
    J(line_imsi, FORM_TEXT),    J(msisdn, FORM_TEXT),
    J(reason, FORM_TEXT),       J(profile, FORM_LONG),
    J(old_profile, FORM_LONG),  J(flags, FORM_INT),
    J(polls, FORM_INT),         J(attempts, FORM_INT),
    J(calls, FORM_INT),         J(created_at, FORM_LONG),
    J(changed_at, FORM_LONG),   J(due_at, FORM_LONG),
    J(deadline_at, FORM_LONG),  J(ended_at, FORM_LONG),
    J(leased, FORM_BOOL),       J(page_url, FORM_TEXT),
    J(page_data, FORM_TEXT),
};
_Static_assert(ECS_ARRAY_LEN(journey_columns) == STORE_JOURNEY_COLUMNS, "journey_item");

#define P(member, form)                                                                                      \
    {                                                                                                        \
#member, form, offsetof(struct ecs_profile, member)                                                  \
    }
static const struct column profile_columns[] = {
    P(id, FORM_LONG),           P(journey, FORM_LONG),      P(imsi, FORM_TEXT),
    P(enterprise, FORM_TEXT),   P(app, FORM_INT),           P(iccid, FORM_TEXT),
    P(eid, FORM_TEXT),          P(terminal_id, FORM_TEXT),  P(service, FORM_TEXT),
    P(plan, FORM_TEXT),         P(smdp, FORM_TEXT),         P(address, FORM_TEXT),
    P(code, FORM_BYTES),        P(name, FORM_TEXT),         P(vendor, FORM_TEXT),
    P(model, FORM_TEXT),        P(sw_version, FORM_TEXT),   P(line_imsi, FORM_TEXT),
    P(msisdn, FORM_TEXT),       P(origin, FORM_TEXT),       P(status, FORM_INT),
    P(secondary, FORM_BOOL),    P(waiting, FORM_BOOL),      P(created_at, FORM_LONG),
    P(delivered_at, FORM_LONG), P(installed_at, FORM_LONG), P(deleted_at, FORM_LONG),
};
_Static_assert(ECS_ARRAY_LEN(profile_columns) == STORE_PROFILE_COLUMNS, "profile_item");

#define C(member)                                                                                            \
    {                                                                                                        \
#member, FORM_BOOL, offsetof(struct ecs_profile_change, member)                                      \
    }
static const struct column change_columns[] = {C(drop_code), C(set_secondary), C(set_waiting)};
_Static_assert(STORE_PROFILE_COLUMNS + ECS_ARRAY_LEN(change_columns) == STORE_CHANGE_COLUMNS, "change");

/* ---- out of the database ---- */

static enum ecs_rc read_bytes(struct ecs_arena *arena, struct ecs_str cell, struct ecs_str *ret_bytes)
{
    uint8_t *bytes = ecs_alloc(arena, cell.n / 2 + 1);

    if (!bytes)
        return ECS_E_TOO_LARGE;
    if (cell.n % 2 || !ecs_hex_decode(cell, bytes, cell.n / 2))
        return ECS_E_INTERNAL;
    *ret_bytes = (struct ecs_str){(const char *)bytes, cell.n / 2};
    return ECS_OK;
}

/* A NULL leaves the member zero. */
static enum ecs_rc read_member(struct ecs_arena *arena, const struct column *c, struct ecs_str cell,
                               void *member)
{
    int64_t number = 0;
    int kind;

    if (!cell.p)
        return ECS_OK;
    switch (c->form) {
    case FORM_TEXT:
        *(struct ecs_str *)member = cell;
        return ECS_OK;
    case FORM_BYTES:
        return read_bytes(arena, cell, member);
    case FORM_KIND:
        kind = store_word(cell, ecs_journey_kinds, ECS_JOURNEY_KIND_COUNT);
        if (kind < 0)
            return ECS_E_INTERNAL;
        *(enum ecs_journey_kind *)member = (enum ecs_journey_kind)kind;
        return ECS_OK;
    default:
        break;
    }
    if (!ecs_str_to_i64(cell, &number))
        return ECS_E_INTERNAL;
    if (c->form == FORM_LONG)
        *(int64_t *)member = number;
    else if (c->form == FORM_BOOL)
        *(bool *)member = number != 0;
    else if (number >= INT32_MIN && number <= INT32_MAX)
        *(int *)member = (int)number;
    else
        return ECS_E_INTERNAL;
    return ECS_OK;
}

static enum ecs_rc read_row(struct ecs_flow *f, struct ecs_pg_result *r, unsigned row, unsigned column,
                            const struct column *columns, size_t n, void *ret_struct)
{
    size_t found;
    const struct ecs_str *cells = ecs_pg_texts(r, row, column, f->arena, &found);
    enum ecs_rc rc = ECS_OK;

    if (found != n)
        r->mistyped = true;
    for (size_t i = 0; i < n && !r->mistyped && rc == ECS_OK; i++)
        rc = read_member(f->arena, &columns[i], cells[i], (char *)ret_struct + columns[i].offset);
    return r->mistyped ? ECS_E_INTERNAL : rc;
}

enum ecs_rc store_read_journey(struct ecs_flow *f, struct ecs_pg_result *r, unsigned row, unsigned column,
                               struct ecs_journey *ret_journey)
{
    struct ecs_journey journey = {0};
    enum ecs_rc rc = read_row(f, r, row, column, journey_columns, STORE_JOURNEY_COLUMNS, &journey);

    if (rc == ECS_OK)
        *ret_journey = journey;
    return rc;
}

enum ecs_rc store_read_profile(struct ecs_flow *f, struct ecs_pg_result *r, unsigned row, unsigned column,
                               struct ecs_profile *ret_profile)
{
    struct ecs_profile profile = {0};
    enum ecs_rc rc = read_row(f, r, row, column, profile_columns, STORE_PROFILE_COLUMNS, &profile);

    if (rc == ECS_OK)
        *ret_profile = profile;
    return rc;
}

enum ecs_rc store_decode_journey(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_journey *ret = r->decode_arg;

    if (r->rows == 0) {
        *ret = (struct ecs_journey){0};
        return ECS_OK;
    }
    return store_read_journey(f, r, 0, 0, ret);
}

/* ---- into it ---- */

static enum ecs_rc write_bytes(struct ecs_arena *arena, struct ecs_str bytes, struct ecs_str *ret_cell)
{
    char *hex = ecs_alloc(arena, 2 * bytes.n + 1);

    if (!hex)
        return ECS_E_TOO_LARGE;
    ecs_hex_encode(bytes.p, bytes.n, hex);
    *ret_cell = (struct ecs_str){hex, 2 * bytes.n};
    return ECS_OK;
}

static enum ecs_rc write_number(struct ecs_arena *arena, int64_t number, struct ecs_str *ret_cell)
{
    char *text = number ? ecs_printf(arena, "%lld", (long long)number) : NULL;

    if (number && !text)
        return ECS_E_TOO_LARGE;
    *ret_cell = number ? ecs_str_of(text) : ECS_STR("0");
    return ECS_OK;
}

static enum ecs_rc write_member(struct ecs_arena *arena, const struct column *c, const void *member,
                                struct ecs_str *ret_cell)
{
    const struct ecs_str *text = member;

    switch (c->form) {
    case FORM_TEXT:
        *ret_cell = *text;
        return !text->p || ecs_str_is_utf8(*text) ? ECS_OK : ECS_E_BAD_PARAMETER;
    case FORM_BYTES:
        if (text->p)
            return write_bytes(arena, *text, ret_cell);
        *ret_cell = ECS_STR_NULL;
        return ECS_OK;
    case FORM_KIND:
        *ret_cell = ecs_str_of(ecs_journey_kinds[*(const enum ecs_journey_kind *)member]);
        return ECS_OK;
    case FORM_INT:
        return write_number(arena, *(const int *)member, ret_cell);
    case FORM_LONG:
        return write_number(arena, *(const int64_t *)member, ret_cell);
    default:
        return write_number(arena, *(const bool *)member, ret_cell);
    }
}

static enum ecs_rc write_row(struct ecs_arena *arena, const struct column *columns, size_t n, const void *row,
                             struct ecs_str *cells, const char **ret_column)
{
    enum ecs_rc rc = ECS_OK;

    for (size_t i = 0; i < n && rc == ECS_OK; i++) {
        *ret_column = columns[i].name;
        rc = write_member(arena, &columns[i], (const char *)row + columns[i].offset, &cells[i]);
    }
    return rc;
}

enum ecs_rc store_write_journey(struct ecs_arena *arena, const struct ecs_journey *journey,
                                struct ecs_str *cells, const char **ret_column)
{
    return write_row(arena, journey_columns, STORE_JOURNEY_COLUMNS, journey, cells, ret_column);
}

enum ecs_rc store_write_change(struct ecs_arena *arena, const struct ecs_profile_change *change,
                               struct ecs_str *cells, const char **ret_column)
{
    enum ecs_rc rc =
        write_row(arena, profile_columns, STORE_PROFILE_COLUMNS, &change->row, cells, ret_column);

    if (rc == ECS_OK)
        rc = write_row(arena, change_columns, ECS_ARRAY_LEN(change_columns), change,
                       cells + STORE_PROFILE_COLUMNS, ret_column);
    return rc;
}

enum ecs_next store_write_failed(struct ecs_flow *f, enum ecs_rc rc, const char *column)
{
    if (rc == ECS_E_BAD_PARAMETER)
        return ecs_flow_fail(f, rc, "store: %s is not UTF-8", column);
    return ecs_flow_fail(f, rc, "store: request memory is used up");
}
