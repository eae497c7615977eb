/* SPDX-License-Identifier: Apache-2.0 */
/* Users on the built-in consent pages: rows of sheet_session, and the result that is written to the line.
 * Each call may wait; texts that go in are borrowed until the next step, those that come out belong to the
 * arena. */
#pragma once

#include "ecs/store.h"

enum { ECS_SHEET_HANDLE = 32, ECS_SHEET_FORM_MAX = 8192 };

enum ecs_sheet_stage {
    ECS_SHEET_ASKED,     /* what is missing is asked for */
    ECS_SHEET_CONFIRM,   /* the address is shown, to be confirmed */
    ECS_SHEET_SUGGESTED, /* the validator spells it otherwise */
    ECS_SHEET_LATER,     /* it could not be asked */
    ECS_SHEET_FINISHED,  /* from here on nothing is taken any more */
    ECS_SHEET_DISMISSED,
    ECS_SHEET_PENDING, /* finished; the address is being checked */
};

struct ecs_sheet_open {
    uint8_t handle[ECS_SHEET_HANDLE], ref[ECS_SHEET_HANDLE]; /* digests of cookie and reference */
    struct ecs_str imsi, tac, service;                       /* tac p NULL: none */
    uint8_t terminal[16];
    int64_t expires_s, ref_ends_s; /* of session and reference */
};
/* *ret_opened false: the reference was opened before. */
enum ecs_next ecs_store_sheet_open(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_sheet_open *open, bool *ret_opened);

struct ecs_sheet_row {
    bool found; /* false: unknown or expired */
    struct ecs_str imsi, tac, service;
    uint8_t terminal[16], ref[ECS_SHEET_HANDLE];
    enum ecs_sheet_stage stage;
    int32_t step;
    int64_t terms;       /* accepted on these pages; -1: none */
    struct ecs_str form; /* p NULL: none */
    int64_t expires_s;
};
enum ecs_next ecs_store_sheet_get(struct ecs_flow *f, struct ecs_store *store,
                                  const uint8_t handle[ECS_SHEET_HANDLE], struct ecs_sheet_row *ret_row);

struct ecs_sheet_move {
    uint8_t handle[ECS_SHEET_HANDLE];
    int32_t step; /* that the change begins from */
    enum ecs_sheet_stage stage;
    int64_t terms;       /* -1: none */
    struct ecs_str form; /* p NULL: none */
};
/* *ret_moved false: the step was taken before, by a copy of the request. */
enum ecs_next ecs_store_sheet_move(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_sheet_move *move, bool *ret_moved);

struct ecs_sheet_result {
    uint8_t handle[ECS_SHEET_HANDLE];
    int32_t step;
    enum ecs_sheet_stage stage;
    int64_t terms;                  /* version accepted, -1: the terms stay as they are */
    int addr_status;                /* 1 available, 3 in progress; -1: the address stays as it is */
    int64_t addr_expiry;            /* Unix seconds; 0: none */
    struct ecs_str addr_identifier; /* p NULL: none */
    struct ecs_str subject_masked, detail;
};
/* Session, line and audit row in one transaction. *ret_written false: the step was taken before, or the
 * subscriber is gone. */
enum ecs_next ecs_store_sheet_finish(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_sheet_result *result, bool *ret_written);
/* As ecs_store_eap_reap. */
enum ecs_next ecs_store_sheet_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                   unsigned *ret_rows);
