/* SPDX-License-Identifier: Apache-2.0 */
/* Reading binary results: every accessor checks place, type and length, and notes a mismatch in the result.
 */
#include <endian.h>
#include <string.h>

#include "pg_int.h"

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_TEXT_ARRAY = 1009,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_TIMESTAMPTZ = 1184,
};
/* PostgreSQL counts microseconds from 2000-01-01. */
#define EPOCH_2000 INT64_C(946684800)

/* The cell when it exists and is not NULL. */
static bool find_cell(struct ecs_pg_result *r, unsigned row, unsigned column, Oid *ret_type,
                      struct ecs_str *ret_cell)
{
    const PGresult *res = r->res;
    int at;

    if (!res || row >= r->rows || column >= r->columns) {
        r->mistyped = true;
        return false;
    }
    at = (int)(r->row_map ? r->row_map[row] : row);
    if (PQfformat(res, (int)column) != 1) {
        r->mistyped = true;
        return false;
    }
    if (PQgetisnull(res, at, (int)column))
        return false;
    *ret_type = PQftype(res, (int)column);
    *ret_cell = (struct ecs_str){PQgetvalue(res, at, (int)column), (size_t)PQgetlength(res, at, (int)column)};
    return true;
}

bool ecs_pg_is_null(struct ecs_pg_result *r, unsigned row, unsigned column)
{
    Oid type;
    struct ecs_str cell;

    return !find_cell(r, row, column, &type, &cell);
}

struct ecs_str ecs_pg_text(struct ecs_pg_result *r, unsigned row, unsigned column)
{
    Oid type;
    struct ecs_str cell;

    if (!find_cell(r, row, column, &type, &cell))
        return ECS_STR_NULL;
    if (type != OID_TEXT && type != OID_VARCHAR && type != OID_BPCHAR) {
        r->mistyped = true;
        return ECS_STR_NULL;
    }
    return cell;
}

struct ecs_str ecs_pg_bytes(struct ecs_pg_result *r, unsigned row, unsigned column)
{
    Oid type;
    struct ecs_str cell;

    if (!find_cell(r, row, column, &type, &cell))
        return ECS_STR_NULL;
    if (type != OID_BYTEA) {
        r->mistyped = true;
        return ECS_STR_NULL;
    }
    return cell;
}

static uint32_t be32(const char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return be32toh(v);
}

static int64_t be64(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return (int64_t)be64toh(v);
}

int64_t ecs_pg_int(struct ecs_pg_result *r, unsigned row, unsigned column, int64_t if_null)
{
    Oid type;
    struct ecs_str cell;

    if (!find_cell(r, row, column, &type, &cell))
        return if_null;
    if (type == OID_INT4 && cell.n == 4)
        return (int32_t)be32(cell.p);
    if (type == OID_INT8 && cell.n == 8)
        return be64(cell.p);
    if (type == OID_INT2 && cell.n == 2)
        return (int16_t)(uint16_t)((unsigned char)cell.p[0] << 8 | (unsigned char)cell.p[1]);
    r->mistyped = true;
    return if_null;
}

bool ecs_pg_bool(struct ecs_pg_result *r, unsigned row, unsigned column)
{
    Oid type;
    struct ecs_str cell;

    if (!find_cell(r, row, column, &type, &cell))
        return false;
    if (type != OID_BOOL || cell.n != 1) {
        r->mistyped = true;
        return false;
    }
    return cell.p[0] != 0;
}

int64_t ecs_pg_time(struct ecs_pg_result *r, unsigned row, unsigned column, int64_t if_null)
{
    Oid type;
    struct ecs_str cell;
    int64_t us;

    if (!find_cell(r, row, column, &type, &cell))
        return if_null;
    if (type != OID_TIMESTAMPTZ || cell.n != 8) {
        r->mistyped = true;
        return if_null;
    }
    us = be64(cell.p);
    if (us == INT64_MAX || us == INT64_MIN)
        return us; /* infinity */
    /* Rounded down, also before 2000. */
    return us / 1000000 - (us % 1000000 < 0) + EPOCH_2000;
}

/* Reads the array header; false when it is not a one-dimensional text[]. */
static bool array_length(struct ecs_str cell, uint32_t *ret_n)
{
    if (cell.n < 12 || be32(cell.p + 8) != OID_TEXT)
        return false;
    if (be32(cell.p) == 0) {
        *ret_n = 0;
        return true;
    }
    if (be32(cell.p) != 1 || cell.n < 20 || be32(cell.p + 12) > (cell.n - 20) / 4)
        return false;
    *ret_n = be32(cell.p + 12);
    return true;
}

static bool read_elements(struct ecs_str cell, struct ecs_str *list, uint32_t n)
{
    size_t at = 20;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t length;

        if (cell.n - at < 4)
            return false;
        length = be32(cell.p + at);
        at += 4;
        if (length == UINT32_MAX) {
            list[i] = ECS_STR_NULL;
            continue;
        }
        if (length > cell.n - at)
            return false;
        list[i] = (struct ecs_str){cell.p + at, length};
        at += length;
    }
    return at == cell.n || n == 0;
}

const struct ecs_str *ecs_pg_texts(struct ecs_pg_result *r, unsigned row, unsigned column,
                                   struct ecs_arena *arena, size_t *ret_n)
{
    Oid type;
    struct ecs_str cell;
    struct ecs_str *list;
    uint32_t n;

    *ret_n = 0;
    if (!find_cell(r, row, column, &type, &cell))
        return NULL;
    if (type != OID_TEXT_ARRAY || !array_length(cell, &n)) {
        r->mistyped = true;
        return NULL;
    }
    if (n == 0)
        return NULL;
    list = ecs_alloc(arena, n * sizeof(*list));
    if (!list || !read_elements(cell, list, n)) {
        r->mistyped = true;
        return NULL;
    }
    *ret_n = n;
    return list;
}
