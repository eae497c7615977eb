/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing, searching and cutting borrowed strings; decimal numbers; the hash of hash tables. Empty strings
 * may have a NULL pointer, so every call of libc is guarded by the length. */
#include "ecs/str.h"

#include "base/utf8.h"

#include <string.h>

static unsigned char lower(char c)
{
    unsigned char u = (unsigned char)c;

    return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20) : u;
}

static bool same(const char *a, const char *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

static bool same_nocase(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

struct ecs_str ecs_str_of(const char *nul_terminated)
{
    if (!nul_terminated)
        return ECS_STR_NULL;
    return (struct ecs_str){nul_terminated, strlen(nul_terminated)};
}

bool ecs_str_eq(struct ecs_str a, struct ecs_str b)
{
    return a.n == b.n && same(a.p, b.p, a.n);
}

bool ecs_str_eq_nocase(struct ecs_str a, struct ecs_str b)
{
    return a.n == b.n && same_nocase(a.p, b.p, a.n);
}

bool ecs_str_starts_with(struct ecs_str s, struct ecs_str prefix)
{
    return s.n >= prefix.n && same(s.p, prefix.p, prefix.n);
}

bool ecs_str_starts_with_nocase(struct ecs_str s, struct ecs_str prefix)
{
    return s.n >= prefix.n && same_nocase(s.p, prefix.p, prefix.n);
}

bool ecs_str_ends_with(struct ecs_str s, struct ecs_str suffix)
{
    return s.n >= suffix.n && (suffix.n == 0 || same(s.p + (s.n - suffix.n), suffix.p, suffix.n));
}

ptrdiff_t ecs_str_find(struct ecs_str s, struct ecs_str needle)
{
    const char *hit;

    if (needle.n == 0)
        return 0;
    if (needle.n > s.n)
        return -1;
    hit = memmem(s.p, s.n, needle.p, needle.n);
    return hit ? hit - s.p : -1;
}

ptrdiff_t ecs_str_find_nocase(struct ecs_str s, struct ecs_str needle)
{
    if (needle.n == 0)
        return 0;
    for (size_t i = 0; i + needle.n <= s.n; i++) {
        if (same_nocase(s.p + i, needle.p, needle.n))
            return (ptrdiff_t)i;
    }
    return -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct ecs_str ecs_str_trim(struct ecs_str s)
{
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    while (s.n > 0 && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    return s;
}

bool ecs_str_cut(struct ecs_str *rest, char separator, struct ecs_str *ret_part)
{
    struct ecs_str all = *rest;
    const char *hit;
    size_t n;

    if (all.n == 0)
        return false;
    hit = memchr(all.p, separator, all.n);
    n = hit ? (size_t)(hit - all.p) : all.n;
    *ret_part = (struct ecs_str){all.p, n};
    if (hit)
        n++;
    *rest = (struct ecs_str){all.p + n, all.n - n};
    return true;
}

bool ecs_str_is_digits(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.n > 0;
}

bool ecs_str_is_utf8(struct ecs_str s)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t highs = UINT64_C(0x8080808080808080);
    size_t i = 0;

    while (i < s.n) {
        uint64_t word;
        size_t n;

        /* Eight bytes of 0x01..0x7F at once: a zero byte would borrow into its high bit. */
        if (s.n - i >= sizeof(word)) {
            memcpy(&word, s.p + i, sizeof(word));
            if ((((word - ones) | word) & highs) == 0) {
                i += sizeof(word);
                continue;
            }
        }
        if (s.p[i] == '\0')
            return false;
        n = ecs_utf8_sequence((const unsigned char *)s.p + i, s.n - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

/* The digits of s as a number of at most max. */
static bool parse_digits(struct ecs_str s, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';

        if (digit > 9 || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

bool ecs_str_to_i64(struct ecs_str s, int64_t *ret_value)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    uint64_t value;

    if (negative) {
        s.p++;
        s.n--;
    }
    if (!parse_digits(s, (uint64_t)INT64_MAX + negative, &value))
        return false;
    /* In two's complement this also yields INT64_MIN, which has no positive counterpart. */
    *ret_value = (int64_t)(negative ? 0 - value : value);
    return true;
}

bool ecs_str_to_u32(struct ecs_str s, uint32_t *ret_value)
{
    uint64_t value;

    if (!parse_digits(s, UINT32_MAX, &value))
        return false;
    *ret_value = (uint32_t)value;
    return true;
}

uint64_t ecs_hash_more(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t ecs_hash(const void *bytes, size_t n)
{
    return ecs_hash_more(UINT64_C(0xcbf29ce484222325), bytes, n);
}
