/* SPDX-License-Identifier: Apache-2.0 */
/* Repeatable random numbers for the round-trip tests of this folder (xorshift64*). */
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(0x2545F4914F6CDD1D);
}

static inline void fill_random(uint64_t *seed, void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)(next_random(seed) >> 32);
}
