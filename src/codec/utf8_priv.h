/* SPDX-License-Identifier: Apache-2.0 */
/* One step through UTF-8 text, shared by the writers of this module. */
#pragma once

#include "ecs/str.h"

/* Length of the well-formed sequence at p (n bytes are there, n >= 1), 0 when there is none. ret_code is set
 * only for a well-formed sequence. */
static inline size_t utf8_step(const unsigned char *p, size_t n, uint32_t *ret_code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code = p[0];
    size_t len = code < 0x80           ? 1
                 : (code >> 5) == 0x6  ? 2
                 : (code >> 4) == 0xe  ? 3
                 : (code >> 3) == 0x1e ? 4
                                       : 0;

    if (len == 0 || len > n)
        return 0;
    if (len > 1)
        code &= 0xffU >> (len + 1);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = (code << 6) | (p[i] & 0x3fU);
    }
    if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *ret_code = code;
    return len;
}
