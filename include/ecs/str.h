/* SPDX-License-Identifier: Apache-2.0 */
/* Strings as pointer and length, numbers and the text encodings of the protocol (hex, base64, base32). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes: not owned, not necessarily NUL-terminated. {NULL, 0} means absent. */
struct ecs_str {
    const char *p;
    size_t n;
};

#define ECS_STR(literal)                                                                                     \
    (struct ecs_str)                                                                                         \
    {                                                                                                        \
        "" literal, sizeof(literal) - 1                                                                      \
    }
#define ECS_STR_NULL                                                                                         \
    (struct ecs_str)                                                                                         \
    {                                                                                                        \
        NULL, 0                                                                                              \
    }
/* For printf: "%.*s", ECS_FMT(s) */
#define ECS_FMT(s) (int)(s).n, (s).p

#define ECS_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define ECS_MUST_CHECK __attribute__((warn_unused_result))
#define ECS_PRINTF(a, b) __attribute__((format(printf, a, b)))

struct ecs_str ecs_str_of(const char *nul_terminated); /* NULL gives {NULL, 0} */
bool ecs_str_eq(struct ecs_str a, struct ecs_str b);
bool ecs_str_eq_nocase(struct ecs_str a, struct ecs_str b); /* ASCII only */
bool ecs_str_starts_with(struct ecs_str s, struct ecs_str prefix);
bool ecs_str_starts_with_nocase(struct ecs_str s, struct ecs_str prefix);
bool ecs_str_ends_with(struct ecs_str s, struct ecs_str suffix);
/* Position of needle or -1. */
ptrdiff_t ecs_str_find(struct ecs_str s, struct ecs_str needle);
ptrdiff_t ecs_str_find_nocase(struct ecs_str s, struct ecs_str needle);
struct ecs_str ecs_str_trim(struct ecs_str s); /* blanks, tabs, CR, LF at both ends */
/* Cuts the part before the first separator off *rest (which then starts behind it); false when *rest is empty. */
bool ecs_str_cut(struct ecs_str *rest, char separator, struct ecs_str *ret_part);
bool ecs_str_is_digits(struct ecs_str s); /* one or more of 0-9 */
bool ecs_str_is_utf8(struct ecs_str s);   /* well-formed, shortest form, no surrogates, no NUL */

/* Decimal numbers: whole string, no blanks, no overflow; false otherwise. */
bool ecs_str_to_i64(struct ecs_str s, int64_t *ret_value) ECS_MUST_CHECK;
bool ecs_str_to_u32(struct ecs_str s, uint32_t *ret_value) ECS_MUST_CHECK;

/* out must hold 2n+1 bytes; lower case, NUL-terminated. */
void ecs_hex_encode(const void *bytes, size_t n, char *out);
/* Exactly out_n bytes from 2*out_n hex digits of either case. */
bool ecs_hex_decode(struct ecs_str hex, uint8_t *out, size_t out_n) ECS_MUST_CHECK;

#define ECS_BASE64_LEN(n) (((n) + 2) / 3 * 4)
/* RFC 4648 section 4, padded, one line; out holds ECS_BASE64_LEN(n)+1 bytes; returns the length without NUL. */
size_t ecs_base64_encode(const void *bytes, size_t n, char *out);
/* Tolerant: line breaks and blanks skipped, padding optional, standard and URL alphabet; -1 when not base64 or
 * longer than out_n. */
ptrdiff_t ecs_base64_decode(struct ecs_str text, uint8_t *out, size_t out_n) ECS_MUST_CHECK;

#define ECS_BASE32_LEN(n) (((n)*8 + 4) / 5)
/* RFC 4648 section 6 alphabet in lower case, no padding: URL-safe, one case. out holds
 * ECS_BASE32_LEN(n)+1 bytes. */
size_t ecs_base32_encode(const void *bytes, size_t n, char *out);
ptrdiff_t ecs_base32_decode(struct ecs_str text, uint8_t *out, size_t out_n) ECS_MUST_CHECK;

/* FNV-1a; for hash tables only, not for secrets. */
uint64_t ecs_hash(const void *bytes, size_t n);
uint64_t ecs_hash_more(uint64_t hash, const void *bytes, size_t n);
