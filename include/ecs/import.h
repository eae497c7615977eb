/* SPDX-License-Identifier: Apache-2.0 */
/* Bulk import from CSV for the operator's tool: blocking, set-based, in chunks of one transaction each. The
 * first line names the columns, in any order. An empty or absent field keeps what the database has (on a new
 * row: the default). A line that is not accepted goes to the rejects file as "LINE: REASON"; the rest is
 * imported. */
#pragma once

#include <stdio.h>

#include "ecs/pg_sync.h"

/* Key material of one line, before it is wrapped. Wiped by the import after the callback. */
struct ecs_import_key {
    struct ecs_str imsi;
    bool tuak;  /* else Milenage */
    bool is_op; /* op holds OP (TOP), from which the callback makes OPc (TOPc) */
    uint8_t ki[32], op[32];
    size_t ki_n, op_n; /* Milenage 16 and 16; TUAK 16 or 32, and 32 */
};
struct ecs_wrapped_key {
    uint8_t ki[256], opc[256];
    size_t ki_n, opc_n; /* 16..256 */
};

/* Activation code of one line, checked and sealed. */
struct ecs_sealed_code {
    uint8_t bytes[512];
    size_t n; /* 16..512 */
    char address[254]; /* out of the code */
};

struct ecs_import_conf {
    FILE *in;
    FILE *rejects;  /* may be NULL */
    unsigned chunk; /* lines per transaction; 0 = 50,000 */
    /* Called after each chunk; may be NULL. */
    void (*progress)(void *arg, uint64_t lines, uint64_t accepted, uint64_t rejected);
    /* Needed for lines with ki; NULL: such lines are rejected. */
    enum ecs_rc (*wrap)(void *arg, const struct ecs_import_key *key, struct ecs_wrapped_key *ret_wrapped);
    /* Needed for lines with an activation code: NULL, or a constant sentence on what is wrong with it. */
    const char *(*seal)(void *arg, struct ecs_str code, struct ecs_sealed_code *ret_sealed);
    void *arg; /* of all three */
};
struct ecs_import_result {
    uint64_t lines, accepted, rejected; /* lines without the header and without empty ones */
    uint64_t inserted, updated;         /* rows of the main table; unchanged ones count in neither */
    char error[256];                    /* why the import as a whole stopped, "" when it did not */
};

/* Columns: imsi (needed), msisdn, iccid, plan (needed for a new subscriber), line_state, brand, roaming,
 * visited_plmn, language, area, enterprise, ki, opc or op (hex), algorithm (milenage, tuak), amf (4 hex digits), sqn (12 hex
 * digits; never lowered). ECS_E_BAD_PARAMETER: the header line is wrong. Chunks that are committed stay after
 * a later failure. */
enum ecs_rc ecs_import_subscribers(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                                   struct ecs_import_result *ret_result);
/* Columns: tac (needed), vendor, model, category, capabilities (words separated by blank, ";" or "|"). */
enum ecs_rc ecs_import_devices(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                               struct ecs_import_result *ret_result);
/* Columns: subject, provider (both needed), imsi or msisdn (the line; a number must be of one subscriber).
 * Rows that exist are left alone; none is removed. */
enum ecs_rc ecs_import_subjects(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                                struct ecs_import_result *ret_result);
/* Columns: iccid (needed), code (activation code, needed), smdp (name of the source, needed), profile_type,
 * line_imsi, msisdn. Free rows are changed, those that were given out rejected. */
enum ecs_rc ecs_import_pool(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                            struct ecs_import_result *ret_result);
/* Columns: plan_id, app (companion, primary, enterprise; both needed), brand, enterprise, service, profile_type,
 * name, description, sort, active (true, false). */
enum ecs_rc ecs_import_offers(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                              struct ecs_import_result *ret_result);
/* Columns: enterprise_id (needed), name, state (active, suspended), max_devices, brand. */
enum ecs_rc ecs_import_enterprises(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                                   struct ecs_import_result *ret_result);
/* Columns: imsi, other_imsi (both needed), role (family). Rows that exist are left alone; none is removed. */
enum ecs_rc ecs_import_relations(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                                 struct ecs_import_result *ret_result);
/* Networks of roaming partners. Columns: plmn (needed), name, country (two capital letters), services (words
 * separated by blank, ";" or "|"). */
enum ecs_rc ecs_import_visited(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                               struct ecs_import_result *ret_result);
/* Use of data. Columns: imsi, bucket, used (all needed), usage_type (0, 1), name, description, cycle_end (ISO 8601),
 * allowance (empty: unlimited). Rows are replaced. */
enum ecs_rc ecs_import_usage(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                             struct ecs_import_result *ret_result);
/* eSIM profiles that were made elsewhere. Columns: iccid, app (both needed), imsi or enterprise, eid,
 * terminal_id, service, plan, status (activated, activating, deactivated), secondary, address, line_imsi, msisdn,
 * name, vendor, model. No activation codes. */
enum ecs_rc ecs_import_profiles(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                                struct ecs_import_result *ret_result);
