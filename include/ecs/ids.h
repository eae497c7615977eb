/* SPDX-License-Identifier: Apache-2.0 */
/* Identities as types: made only by a validating parser, printed only masked. */
#pragma once

#include "ecs/str.h"

struct ecs_imsi {
    char s[16]; /* 6..15 digits, NUL-terminated (TS 23.003 2.2; leading zeros count) */
};
struct ecs_msisdn {
    char s[16]; /* 5..15 digits without "+", or "" when unknown */
};
struct ecs_iccid {
    char s[23]; /* 18..22 digits, or ""; a filler F at the end of the input is dropped, so equal cards compare
                   equal */
};
/* Identifier of an eUICC (SGP.02 2.2.2, SGP.29): 32 digits that leave 1 when divided by 97. */
struct ecs_eid {
    char s[33];
};
/* TS.43 Table 4 terminal_id: opaque, at most 63 characters; lower-cased for comparison (TS.43 1.7). */
struct ecs_terminal_id {
    char s[64];
    uint8_t n;
    bool is_imei; /* 14..17 digits: s[0..7] is a TAC */
    char tac[9];  /* "" when not an IMEI */
};
struct ecs_plmn {
    char mcc[4];
    char mnc[4]; /* 2 or 3 digits */
};

bool ecs_imsi_parse(struct ecs_str s, struct ecs_imsi *ret_imsi) ECS_MUST_CHECK;
bool ecs_msisdn_parse(struct ecs_str s, struct ecs_msisdn *ret_msisdn) ECS_MUST_CHECK; /* leading + dropped */
bool ecs_iccid_parse(struct ecs_str s, struct ecs_iccid *ret_iccid) ECS_MUST_CHECK;
bool ecs_eid_parse(struct ecs_str s, struct ecs_eid *ret_eid) ECS_MUST_CHECK; /* check digits included */
/* Printable ASCII without blanks and quotes, 1..63 characters. */
bool ecs_terminal_id_parse(struct ecs_str s, struct ecs_terminal_id *ret_id) ECS_MUST_CHECK;
/* "00101", "001-01" or "001010": MCC, then two or three MNC digits. */
bool ecs_plmn_parse(struct ecs_str s, struct ecs_plmn *ret_plmn) ECS_MUST_CHECK;
bool ecs_plmn_matches(const struct ecs_plmn *plmn, const struct ecs_imsi *imsi);

/* Masked forms for logs: "00101*******789" (PLMN and the last three digits), TAC and "*" for an IMEI,
 * four characters and "*" otherwise. out is NUL-terminated. */
void ecs_imsi_mask(const struct ecs_imsi *imsi, char out[20]);
void ecs_digits_mask(const char *digits, char out[24]);
void ecs_terminal_id_mask(const struct ecs_terminal_id *id, char out[20]);
