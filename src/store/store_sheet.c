/* SPDX-License-Identifier: Apache-2.0 */
/* Consent pages: sessions and their result (sql/queries/sheet.sql). */
#include "ecs/store_sheet.h"

#include <string.h>

#include "store_int.h"

static enum ecs_rc decode_any(struct ecs_flow *f, struct ecs_pg_result *r)
{
    (void)f;
    *(bool *)r->decode_arg = r->rows > 0;
    return ECS_OK;
}

static struct ecs_pg_param optional(enum ecs_pg_type type, int64_t value, int64_t none)
{
    return value == none ? (struct ecs_pg_param){.type = ECS_PG_NULL} : ecs_pg_p_int(type, value);
}

enum ecs_next ecs_store_sheet_open(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_sheet_open *open, bool *ret_opened)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(open->handle, sizeof(open->handle)),
        ecs_pg_p_bytes(open->ref, sizeof(open->ref)),
        ecs_pg_p_text(open->imsi),
        ecs_pg_p_bytes(open->terminal, sizeof(open->terminal)),
        ecs_pg_p_text(open->tac),
        ecs_pg_p_text(open->service),
        ecs_pg_p_int(ECS_PG_TIMESTAMPTZ, open->expires_s),
        ecs_pg_p_int(ECS_PG_TIMESTAMPTZ, open->ref_ends_s),
    };

    return store_exec(f, store, ECS_STMT_SHEET_OPEN, params, ECS_ARRAY_LEN(params), decode_any, ret_opened);
}

static enum ecs_rc decode_row(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_sheet_row row = {0}, *target = r->decode_arg;
    struct ecs_str terminal, ref;

    (void)f;
    *target = row;
    if (r->rows == 0)
        return ECS_OK;
    row.found = true;
    row.imsi = ecs_pg_text(r, 0, 0);
    terminal = ecs_pg_bytes(r, 0, 1);
    row.tac = ecs_pg_text(r, 0, 2);
    row.service = ecs_pg_text(r, 0, 3);
    row.stage = (enum ecs_sheet_stage)ecs_pg_int(r, 0, 4, 0);
    row.step = (int32_t)ecs_pg_int(r, 0, 5, 0);
    row.terms = ecs_pg_int(r, 0, 6, -1);
    row.form = ecs_pg_bytes(r, 0, 7);
    row.expires_s = ecs_pg_time(r, 0, 8, 0);
    ref = ecs_pg_bytes(r, 0, 9);
    if (r->mistyped || terminal.n != sizeof(row.terminal) || ref.n != sizeof(row.ref) ||
        row.stage > ECS_SHEET_PENDING)
        return ECS_E_INTERNAL;
    memcpy(row.terminal, terminal.p, sizeof(row.terminal));
    memcpy(row.ref, ref.p, sizeof(row.ref));
    *target = row;
    return ECS_OK;
}

enum ecs_next ecs_store_sheet_get(struct ecs_flow *f, struct ecs_store *store,
                                  const uint8_t handle[ECS_SHEET_HANDLE], struct ecs_sheet_row *ret_row)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(handle, ECS_SHEET_HANDLE)};

    return store_exec(f, store, ECS_STMT_SHEET_GET, params, ECS_ARRAY_LEN(params), decode_row, ret_row);
}

enum ecs_next ecs_store_sheet_move(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_sheet_move *move, bool *ret_moved)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(move->handle, sizeof(move->handle)),
        ecs_pg_p_int(ECS_PG_INT4, move->step),
        ecs_pg_p_int(ECS_PG_INT2, move->stage),
        optional(ECS_PG_INT4, move->terms, -1),
        ecs_pg_p_bytes(move->form.p, move->form.n),
    };

    return store_exec(f, store, ECS_STMT_SHEET_MOVE, params, ECS_ARRAY_LEN(params), decode_any, ret_moved);
}

enum ecs_next ecs_store_sheet_finish(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_sheet_result *result, bool *ret_written)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_bytes(result->handle, sizeof(result->handle)),
        ecs_pg_p_int(ECS_PG_INT4, result->step),
        ecs_pg_p_int(ECS_PG_INT2, result->stage),
        optional(ECS_PG_INT4, result->terms, -1),
        optional(ECS_PG_INT2, result->addr_status, -1),
        optional(ECS_PG_TIMESTAMPTZ, result->addr_expiry, 0),
        ecs_pg_p_text(result->addr_identifier),
        ecs_pg_p_text(result->subject_masked),
        ecs_pg_p_text(result->detail),
    };

    return store_exec(f, store, ECS_STMT_SHEET_FINISH, params, ECS_ARRAY_LEN(params), decode_any,
                      ret_written);
}

static enum ecs_rc decode_reaped(struct ecs_flow *f, struct ecs_pg_result *r)
{
    (void)f;
    *(unsigned *)r->decode_arg = (unsigned)r->affected;
    return ECS_OK;
}

enum ecs_next ecs_store_sheet_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                   unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_SHEET_REAP, params, ECS_ARRAY_LEN(params), decode_reaped, ret_rows);
}
