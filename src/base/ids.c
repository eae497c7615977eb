/* SPDX-License-Identifier: Apache-2.0 */
/* Parsers of identities (TS 23.003, E.164, E.118, TS.43 Table 4) and their masked forms. A parser leaves its
 * output untouched when it refuses. */
#include "ecs/ids.h"

#include <string.h>

enum {
    IMSI_MIN = 6,
    IMSI_MAX = 15,
    MSISDN_MIN = 5,
    MSISDN_MAX = 15,
    ICCID_MIN = 18,
    ICCID_MAX = 22,
    EID_LEN = 32,
    EID_MODULUS = 97,
    TERMINAL_ID_MAX = 63,
    IMEI_MIN = 14,
    IMEI_MAX = 17,
    TAC_LEN = 8,
    PLMN_SHOWN = 5,
    TAIL_SHOWN = 3,
    HIDDEN_MIN = 4, /* a mask never shows so much that fewer digits than this are left to guess */
};

static bool is_digits_of_length(struct ecs_str s, size_t min, size_t max)
{
    return s.n >= min && s.n <= max && ecs_str_is_digits(s);
}

bool ecs_imsi_parse(struct ecs_str s, struct ecs_imsi *ret_imsi)
{
    struct ecs_imsi imsi = {{0}};

    if (!is_digits_of_length(s, IMSI_MIN, IMSI_MAX))
        return false;
    memcpy(imsi.s, s.p, s.n);
    *ret_imsi = imsi;
    return true;
}

bool ecs_msisdn_parse(struct ecs_str s, struct ecs_msisdn *ret_msisdn)
{
    struct ecs_msisdn msisdn = {{0}};

    if (s.n > 0 && s.p[0] == '+') {
        s.p++;
        s.n--;
    }
    if (!is_digits_of_length(s, MSISDN_MIN, MSISDN_MAX))
        return false;
    memcpy(msisdn.s, s.p, s.n);
    *ret_msisdn = msisdn;
    return true;
}

bool ecs_iccid_parse(struct ecs_str s, struct ecs_iccid *ret_iccid)
{
    struct ecs_iccid iccid = {{0}};

    /* The filler nibble of EF_ICCID is not part of the number: without it, equal cards compare equal. */
    if (s.n > 0 && s.n <= ICCID_MAX && (s.p[s.n - 1] == 'F' || s.p[s.n - 1] == 'f'))
        s.n--;
    if (!is_digits_of_length(s, ICCID_MIN, ICCID_MAX))
        return false;
    memcpy(iccid.s, s.p, s.n);
    *ret_iccid = iccid;
    return true;
}

bool ecs_eid_parse(struct ecs_str s, struct ecs_eid *ret_eid)
{
    unsigned rest = 0;

    if (!is_digits_of_length(s, EID_LEN, EID_LEN))
        return false;
    for (size_t i = 0; i < s.n; i++)
        rest = (rest * 10 + (unsigned)(s.p[i] - '0')) % EID_MODULUS;
    if (rest != 1)
        return false;
    memcpy(ret_eid->s, s.p, s.n);
    ret_eid->s[s.n] = '\0';
    return true;
}

bool ecs_terminal_id_parse(struct ecs_str s, struct ecs_terminal_id *ret_id)
{
    struct ecs_terminal_id id = {.n = 0};

    if (s.n == 0 || s.n > TERMINAL_ID_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c <= ' ' || c > '~' || c == '"' || c == '\'')
            return false;
        id.s[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    id.n = (uint8_t)s.n;
    id.is_imei = is_digits_of_length(s, IMEI_MIN, IMEI_MAX);
    if (id.is_imei)
        memcpy(id.tac, id.s, TAC_LEN);
    *ret_id = id;
    return true;
}

bool ecs_plmn_parse(struct ecs_str s, struct ecs_plmn *ret_plmn)
{
    struct ecs_plmn plmn = {{0}, {0}};
    struct ecs_str mcc = {s.p, 3}, mnc;

    if (s.n < 5)
        return false;
    mnc = (struct ecs_str){s.p + 3, s.n - 3};
    if (mnc.p[0] == '-') {
        mnc.p++;
        mnc.n--;
    }
    if (!ecs_str_is_digits(mcc) || !is_digits_of_length(mnc, 2, 3))
        return false;
    memcpy(plmn.mcc, mcc.p, mcc.n);
    memcpy(plmn.mnc, mnc.p, mnc.n);
    *ret_plmn = plmn;
    return true;
}

bool ecs_plmn_matches(const struct ecs_plmn *plmn, const struct ecs_imsi *imsi)
{
    size_t n = strnlen(plmn->mnc, sizeof(plmn->mnc));

    return n >= 2 && strncmp(imsi->s, plmn->mcc, 3) == 0 && strncmp(imsi->s + 3, plmn->mnc, n) == 0;
}

/* The first head and the last tail characters of n, stars between; the tail gives way where too little would
 * stay hidden, then the head. */
static void mask(const char *s, size_t n, size_t head, size_t tail, char *out)
{
    size_t open = n > HIDDEN_MIN ? n - HIDDEN_MIN : 0;

    if (head > open)
        head = open;
    if (tail > open - head)
        tail = open - head;
    memset(out, '*', n);
    memcpy(out, s, head);
    memcpy(out + (n - tail), s + (n - tail), tail);
    out[n] = '\0';
}

void ecs_imsi_mask(const struct ecs_imsi *imsi, char out[20])
{
    mask(imsi->s, strnlen(imsi->s, sizeof(imsi->s) - 1), PLMN_SHOWN, TAIL_SHOWN, out);
}

void ecs_digits_mask(const char *digits, char out[24])
{
    size_t n = digits ? strlen(digits) : 0;

    if (n <= ICCID_MAX) {
        mask(digits ? digits : "", n, 2, TAIL_SHOWN, out);
        return;
    }
    /* Longer than any number this is meant for (an EID has 32): the same ends, fewer stars. */
    memset(out, '*', ICCID_MAX);
    memcpy(out, digits, 2);
    memcpy(out + ICCID_MAX - TAIL_SHOWN, digits + n - TAIL_SHOWN, TAIL_SHOWN);
    out[ICCID_MAX] = '\0';
}

void ecs_terminal_id_mask(const struct ecs_terminal_id *id, char out[20])
{
    size_t n = id->is_imei ? TAC_LEN : 4;

    if (!id->is_imei && n > id->n / 2)
        n = id->n / 2;
    memcpy(out, id->s, n);
    out[n] = '*';
    out[n + 1] = '\0';
}
