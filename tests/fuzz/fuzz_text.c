/* SPDX-License-Identifier: Apache-2.0 */
/* modules: base */
/* Identities, times, numbers and text encodings. What a decoder accepts must also hold its own promises: a
 * second pass over the canonical form gives the same value. */
#include "ecs/clock.h"
#include "ecs/ids.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void try_encodings(struct ecs_str s)
{
    size_t room = s.n + 1; /* no decoder makes more bytes than it reads */
    uint8_t *bytes = malloc(room), *again = malloc(room);
    char *text = malloc(2 * s.n + 8);
    ptrdiff_t n;

    require(bytes && again && text);
    n = ecs_base64_decode(s, bytes, room);
    if (n >= 0) {
        size_t text_n = ecs_base64_encode(bytes, (size_t)n, text);

        require(text_n == ECS_BASE64_LEN((size_t)n));
        require(ecs_base64_decode((struct ecs_str){text, text_n}, again, (size_t)n) == n);
        require(memcmp(bytes, again, (size_t)n) == 0);
    }
    n = ecs_base32_decode(s, bytes, room);
    if (n >= 0) {
        size_t text_n = ecs_base32_encode(bytes, (size_t)n, text);

        require(ecs_str_eq((struct ecs_str){text, text_n}, s));
    }
    if (ecs_hex_decode(s, bytes, s.n / 2)) {
        ecs_hex_encode(bytes, s.n / 2, text);
        require(ecs_str_eq_nocase(ecs_str_of(text), s));
    }
    free(bytes);
    free(again);
    free(text);
}

static void try_identities(struct ecs_str s)
{
    struct ecs_terminal_id terminal_id, same;
    struct ecs_msisdn msisdn;
    struct ecs_iccid iccid;
    struct ecs_plmn plmn;
    struct ecs_imsi imsi;
    char mask[24];

    if (ecs_imsi_parse(s, &imsi)) {
        ecs_imsi_mask(&imsi, mask);
        require(strlen(mask) == s.n && strchr(mask, '*') != NULL);
        if (ecs_plmn_parse((struct ecs_str){imsi.s, 5}, &plmn))
            require(ecs_plmn_matches(&plmn, &imsi));
    }
    if (ecs_msisdn_parse(s, &msisdn)) {
        ecs_digits_mask(msisdn.s, mask);
        require(strlen(mask) == strlen(msisdn.s));
    }
    if (ecs_iccid_parse(s, &iccid)) {
        ecs_digits_mask(iccid.s, mask);
        require(strlen(mask) == strlen(iccid.s));
    }
    if (ecs_terminal_id_parse(s, &terminal_id)) {
        require(ecs_terminal_id_parse(ecs_str_of(terminal_id.s), &same));
        require(strcmp(terminal_id.s, same.s) == 0);
        ecs_terminal_id_mask(&terminal_id, mask);
        require(strlen(mask) <= 9);
    }
    if (ecs_plmn_parse(s, &plmn))
        require(strlen(plmn.mcc) == 3 && strlen(plmn.mnc) >= 2);
}

static void try_scalars(struct ecs_str s)
{
    struct ecs_str rest = s, part;
    size_t total = 0;
    int64_t i;
    uint32_t u;
    char time[21];

    if (ecs_str_to_u32(s, &u))
        require(ecs_str_to_i64(s, &i) && i == (int64_t)u);
    if (ecs_time_parse(s, &i)) {
        int64_t back;

        ecs_time_format(i, time);
        /* A zone may carry the first and the last year over the border, where the text stops. */
        require(ecs_time_parse(ecs_str_of(time), &back) && llabs(back - i) < 86400);
    }
    while (ecs_str_cut(&rest, ',', &part))
        total += part.n;
    require(total <= s.n);
    (void)ecs_str_is_utf8(s);
    require(ecs_str_trim(s).n <= s.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_str s = {(const char *)data, size};

    try_encodings(s);
    try_identities(s);
    try_scalars(s);
    return 0;
}
