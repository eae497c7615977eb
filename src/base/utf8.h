/* SPDX-License-Identifier: Apache-2.0 */
/* One UTF-8 sequence at a time, for the checkers and escapers of this module. */
#pragma once

#include <stddef.h>

/* Length of the well-formed sequence at p (1..4), or 0 when there is none. n must be at least 1. */
static inline size_t ecs_utf8_sequence(const unsigned char *p, size_t n)
{
    unsigned char c = p[0];

    if (c < 0x80)
        return 1;
    if (c < 0xC2 || c > 0xF4)
        return 0;
    if (n < 2 || (p[1] & 0xC0) != 0x80)
        return 0;
    if (c < 0xE0)
        return 2;
    /* The second byte excludes overlong forms, surrogates and what lies above U+10FFFF. */
    if ((c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F) || (c == 0xF0 && p[1] < 0x90) ||
        (c == 0xF4 && p[1] > 0x8F))
        return 0;
    if (n < 3 || (p[2] & 0xC0) != 0x80)
        return 0;
    if (c < 0xF0)
        return 3;
    return n >= 4 && (p[3] & 0xC0) == 0x80 ? 4 : 0;
}
