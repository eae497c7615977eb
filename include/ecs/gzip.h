/* SPDX-License-Identifier: Apache-2.0 */
/* The gzip content coding (RFC 1952) with compressor state that is kept between calls. */
#pragma once

#include "ecs/buf.h"
#include "ecs/error.h"

struct ecs_gzip; /* one per thread */

/* level 1 (fast) to 9 (small), anything else gives zlib's default. NULL: no memory. */
struct ecs_gzip *ecs_gzip_new(int level);
void ecs_gzip_free(struct ecs_gzip *gzip); /* NULL is allowed */

/* Appends one gzip member that holds text. ECS_E_NO_MEMORY: the buffer cannot grow. On failure the buffer is
 * as before. */
enum ecs_rc ecs_gzip_deflate(struct ecs_gzip *gzip, struct ecs_str text, struct ecs_buf *out) ECS_MUST_CHECK;

/* Appends what one or more gzip members hold, checksum and length verified. ECS_E_BAD_REQUEST: damaged, cut
 * off, followed by other bytes; ECS_E_TOO_LARGE: more than limit bytes would come out (at most limit + 1
 * bytes are ever made); ECS_E_NO_MEMORY. On failure the buffer is as before (overflow is set when it was the
 * buffer that refused). */
enum ecs_rc ecs_gzip_inflate(struct ecs_gzip *gzip, struct ecs_str packed, size_t limit,
                             struct ecs_buf *out) ECS_MUST_CHECK;
