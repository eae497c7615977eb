/* SPDX-License-Identifier: Apache-2.0 */
/* Request memory: everything allocated for one request is freed at once when the request ends. */
#pragma once

#include "ecs/str.h"

struct ecs_arena;

/* Free list of first blocks; one per worker thread, not shared. */
struct ecs_arena_cache {
    void *free_blocks;
    unsigned count;
};

/* limit: bytes that the arena may hand out in all (0 = 1 MiB). NULL only when the system has no memory.
 * cache may be NULL (tools, tests). The arena must be freed on the thread of its cache. */
struct ecs_arena *ecs_arena_new(struct ecs_arena_cache *cache, size_t limit);
/* Runs the deferred calls in reverse order, wipes secrets, frees everything. NULL is allowed. */
void ecs_arena_free(struct ecs_arena *arena);
void ecs_arena_cache_done(struct ecs_arena_cache *cache);

/* Zeroed, aligned for any type. NULL when the limit or the memory is exhausted: answer ECS_E_TOO_LARGE. */
void *ecs_alloc(struct ecs_arena *arena, size_t n) ECS_MUST_CHECK;
void *ecs_memdup(struct ecs_arena *arena, const void *bytes, size_t n) ECS_MUST_CHECK;
/* Copy with a NUL behind it; NULL on exhaustion. */
char *ecs_strdup(struct ecs_arena *arena, struct ecs_str s) ECS_MUST_CHECK;
char *ecs_printf(struct ecs_arena *arena, const char *format, ...) ECS_PRINTF(2, 3) ECS_MUST_CHECK;
/* fn(arg) is called when the arena is freed; false on exhaustion (fn is then called at once). */
bool ecs_defer(struct ecs_arena *arena, void (*fn)(void *), void *arg);
/* As ecs_alloc, but the bytes are wiped before they are freed. */
void *ecs_arena_secret(struct ecs_arena *arena, size_t n) ECS_MUST_CHECK;
size_t ecs_arena_used(const struct ecs_arena *arena);
