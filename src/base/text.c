/* SPDX-License-Identifier: Apache-2.0 */
/* The text encodings of the protocol: hexadecimal, base64 (RFC 4648 section 4 and 5) and base32 (section 6).
 */
#include "ecs/str.h"

/* Decoding tables hold value + 1, so that what is not named is 0: not of the alphabet. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

enum { SKIP = 254, PAD = 255 };

static const uint8_t base64_values[256] = {
    ['A'] = 1,   ['B'] = 2,  ['C'] = 3,  ['D'] = 4,    ['E'] = 5,     ['F'] = 6,     ['G'] = 7,
    ['H'] = 8,   ['I'] = 9,  ['J'] = 10, ['K'] = 11,   ['L'] = 12,    ['M'] = 13,    ['N'] = 14,
    ['O'] = 15,  ['P'] = 16, ['Q'] = 17, ['R'] = 18,   ['S'] = 19,    ['T'] = 20,    ['U'] = 21,
    ['V'] = 22,  ['W'] = 23, ['X'] = 24, ['Y'] = 25,   ['Z'] = 26,    ['a'] = 27,    ['b'] = 28,
    ['c'] = 29,  ['d'] = 30, ['e'] = 31, ['f'] = 32,   ['g'] = 33,    ['h'] = 34,    ['i'] = 35,
    ['j'] = 36,  ['k'] = 37, ['l'] = 38, ['m'] = 39,   ['n'] = 40,    ['o'] = 41,    ['p'] = 42,
    ['q'] = 43,  ['r'] = 44, ['s'] = 45, ['t'] = 46,   ['u'] = 47,    ['v'] = 48,    ['w'] = 49,
    ['x'] = 50,  ['y'] = 51, ['z'] = 52, ['0'] = 53,   ['1'] = 54,    ['2'] = 55,    ['3'] = 56,
    ['4'] = 57,  ['5'] = 58, ['6'] = 59, ['7'] = 60,   ['8'] = 61,    ['9'] = 62,    ['+'] = 63,
    ['/'] = 64,  ['-'] = 63, ['_'] = 64, [' '] = SKIP, ['\t'] = SKIP, ['\r'] = SKIP, ['\n'] = SKIP,
    ['='] = PAD,
};

static const uint8_t base32_values[256] = {
    ['a'] = 1,  ['b'] = 2,  ['c'] = 3,  ['d'] = 4,  ['e'] = 5,  ['f'] = 6,  ['g'] = 7,  ['h'] = 8,
    ['i'] = 9,  ['j'] = 10, ['k'] = 11, ['l'] = 12, ['m'] = 13, ['n'] = 14, ['o'] = 15, ['p'] = 16,
    ['q'] = 17, ['r'] = 18, ['s'] = 19, ['t'] = 20, ['u'] = 21, ['v'] = 22, ['w'] = 23, ['x'] = 24,
    ['y'] = 25, ['z'] = 26, ['2'] = 27, ['3'] = 28, ['4'] = 29, ['5'] = 30, ['6'] = 31, ['7'] = 32,
};

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32_digits[] = "abcdefghijklmnopqrstuvwxyz234567";

void ecs_hex_encode(const void *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = bytes;

    for (size_t i = 0; i < n; i++) {
        *out++ = digits[in[i] >> 4];
        *out++ = digits[in[i] & 15];
    }
    *out = '\0';
}

bool ecs_hex_decode(struct ecs_str hex, uint8_t *out, size_t out_n)
{
    if (hex.n % 2 != 0 || hex.n / 2 != out_n)
        return false;
    for (size_t i = 0; i < out_n; i++) {
        unsigned high = hex_values[(uint8_t)hex.p[2 * i]];
        unsigned low = hex_values[(uint8_t)hex.p[2 * i + 1]];

        if (high == 0 || low == 0)
            return false;
        out[i] = (uint8_t)((high - 1) << 4 | (low - 1));
    }
    return true;
}

size_t ecs_base64_encode(const void *bytes, size_t n, char *out)
{
    const uint8_t *in = bytes;
    char *p = out;

    for (; n >= 3; n -= 3, in += 3) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

        *p++ = base64_digits[bits >> 18];
        *p++ = base64_digits[bits >> 12 & 63];
        *p++ = base64_digits[bits >> 6 & 63];
        *p++ = base64_digits[bits & 63];
    }
    if (n > 0) {
        uint32_t bits = (uint32_t)in[0] << 16 | (n == 2 ? (uint32_t)in[1] << 8 : 0);

        *p++ = base64_digits[bits >> 18];
        *p++ = base64_digits[bits >> 12 & 63];
        *p++ = n == 2 ? base64_digits[bits >> 6 & 63] : '=';
        *p++ = '=';
    }
    *p = '\0';
    return (size_t)(p - out);
}

ptrdiff_t ecs_base64_decode(struct ecs_str text, uint8_t *out, size_t out_n)
{
    size_t n = 0, digits = 0, pads = 0;
    uint32_t bits = 0;

    for (size_t i = 0; i < text.n; i++) {
        uint8_t value = base64_values[(uint8_t)text.p[i]];

        if (value == SKIP)
            continue;
        if (value == PAD) {
            pads++;
            continue;
        }
        if (value == 0 || pads > 0)
            return -1;
        bits = bits << 6 | (uint32_t)(value - 1);
        if (++digits % 4 != 1) {
            if (n == out_n)
                return -1;
            /* 12, 10 or 8 bits are waiting after the second, third or fourth digit of a group. */
            out[n++] = (uint8_t)(bits >> (6 - 2 * ((digits + 3) % 4)));
        }
    }
    /* One digit left over is half a byte short; padding, where there is some, must fill the group exactly. */
    if (digits % 4 == 1 || (pads > 0 && (digits % 4 == 0 || (digits + pads) % 4 != 0 || pads > 2)))
        return -1;
    return (ptrdiff_t)n;
}

size_t ecs_base32_encode(const void *bytes, size_t n, char *out)
{
    const uint8_t *in = bytes;
    unsigned waiting = 0;
    uint32_t bits = 0;
    char *p = out;

    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | in[i];
        for (waiting += 8; waiting >= 5; waiting -= 5)
            *p++ = base32_digits[bits >> (waiting - 5) & 31];
    }
    if (waiting > 0)
        *p++ = base32_digits[bits << (5 - waiting) & 31];
    *p = '\0';
    return (size_t)(p - out);
}

ptrdiff_t ecs_base32_decode(struct ecs_str text, uint8_t *out, size_t out_n)
{
    unsigned waiting = 0;
    uint32_t bits = 0;
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        uint8_t value = base32_values[(uint8_t)text.p[i]];

        if (value == 0)
            return -1;
        bits = bits << 5 | (uint32_t)(value - 1);
        waiting += 5;
        if (waiting >= 8) {
            if (n == out_n)
                return -1;
            waiting -= 8;
            out[n++] = (uint8_t)(bits >> waiting);
        }
    }
    /* Tokens have one spelling: no digit too many, and the bits behind the last byte are zero. */
    if (waiting >= 5 || (bits & ((1u << waiting) - 1)) != 0)
        return -1;
    return (ptrdiff_t)n;
}
