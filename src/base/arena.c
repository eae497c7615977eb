/* SPDX-License-Identifier: Apache-2.0 */
/* Request memory. Objects are cut one behind the other from a 16 KiB first block, which a worker keeps for
 * its next request, and from further blocks of malloc. Only what is handed out is cleared, never a whole
 * block. With ECS_ARENA_CHECKED every object is a malloc of its own, so that the address sanitizer sees
 * overruns. */
#include "ecs/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_BLOCK = 16 * 1024,
    BLOCK_MAX = 256 * 1024,
    LARGE = 4 * 1024, /* objects above this get a block of their own when the current one is too full */
    CACHE_MAX = 64,
    ALIGNMENT = 16,
    DEFAULT_LIMIT = 1024 * 1024,
};

struct block {
    struct block *next;
    size_t n; /* bytes behind this header */
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *);
    void *arg;
};

struct secret {
    struct secret *next;
    size_t n; /* bytes behind this header */
};

struct ecs_arena {
    char *free_p; /* next byte to hand out */
    char *end_p;
    size_t used;
    size_t limit;
    struct block *blocks; /* beside the first */
    size_t next_block_n;
    struct deferred *deferred;
    struct secret *secrets;
    struct ecs_arena_cache *cache;
};

_Static_assert(sizeof(struct block) % ALIGNMENT == 0, "objects behind a block header must be aligned");
_Static_assert(sizeof(struct secret) % ALIGNMENT == 0, "secrets must be aligned for any type");
_Static_assert(_Alignof(max_align_t) <= ALIGNMENT, "aligned for any type");

static size_t round_up(size_t n)
{
    return (n + (ALIGNMENT - 1)) & ~(size_t)(ALIGNMENT - 1);
}

#ifdef ECS_ARENA_CHECKED
static struct ecs_arena *take_first_block(struct ecs_arena_cache *cache)
{
    (void)cache;
    return calloc(1, sizeof(struct ecs_arena));
}

static void give_first_block(struct ecs_arena *arena)
{
    free(arena);
}
#else
static struct ecs_arena *take_first_block(struct ecs_arena_cache *cache)
{
    struct ecs_arena *arena;
    char *p;

    if (cache && cache->free_blocks) {
        p = cache->free_blocks;
        memcpy(&cache->free_blocks, p, sizeof(void *));
        cache->count--;
    } else {
        p = malloc(FIRST_BLOCK);
        if (!p)
            return NULL;
    }
    arena = (struct ecs_arena *)(void *)p;
    memset(arena, 0, sizeof(*arena));
    arena->free_p = p + round_up(sizeof(*arena));
    arena->end_p = p + FIRST_BLOCK;
    return arena;
}

static void give_first_block(struct ecs_arena *arena)
{
    struct ecs_arena_cache *cache = arena->cache;

    if (!cache || cache->count >= CACHE_MAX) {
        free(arena);
        return;
    }
    memcpy(arena, &cache->free_blocks, sizeof(void *));
    cache->free_blocks = arena;
    cache->count++;
}
#endif

struct ecs_arena *ecs_arena_new(struct ecs_arena_cache *cache, size_t limit)
{
    struct ecs_arena *arena = take_first_block(cache);

    if (!arena)
        return NULL;
    arena->limit = limit ? limit : DEFAULT_LIMIT;
    arena->next_block_n = FIRST_BLOCK;
    arena->cache = cache;
    return arena;
}

void ecs_arena_free(struct ecs_arena *arena)
{
    if (!arena)
        return;
    /* A deferred call may still use the arena, even defer something else. */
    while (arena->deferred) {
        struct deferred *d = arena->deferred;

        arena->deferred = d->next;
        d->fn(d->arg);
    }
    for (struct secret *s = arena->secrets; s; s = s->next)
        explicit_bzero(s + 1, s->n);
    for (struct block *b = arena->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    give_first_block(arena);
}

void ecs_arena_cache_done(struct ecs_arena_cache *cache)
{
    while (cache->free_blocks) {
        void *p = cache->free_blocks;

        memcpy(&cache->free_blocks, p, sizeof(void *));
        free(p);
    }
    cache->count = 0;
}

static struct block *add_block(struct ecs_arena *arena, size_t n)
{
    struct block *b;

    if (n > SIZE_MAX - sizeof(*b))
        return NULL;
    b = malloc(sizeof(*b) + n);
    if (!b)
        return NULL;
    b->n = n;
    b->next = arena->blocks;
    arena->blocks = b;
    return b;
}

#ifdef ECS_ARENA_CHECKED
/* A block of exactly n bytes for each object: the sanitizer then knows its end. */
static char *cut(struct ecs_arena *arena, size_t n, size_t rounded)
{
    struct block *b = add_block(arena, n);

    (void)rounded;
    return b ? (char *)(b + 1) : NULL;
}
#else
/* Memory for n bytes (a multiple of the alignment) when the current block has no room for them. */
static char *cut_from_new_block(struct ecs_arena *arena, size_t n)
{
    struct block *b;
    char *p;

    if (n > LARGE) {
        b = add_block(arena, n);
        return b ? (char *)(b + 1) : NULL;
    }
    b = add_block(arena, arena->next_block_n);
    if (!b)
        return NULL;
    if (arena->next_block_n < BLOCK_MAX)
        arena->next_block_n *= 2;
    p = (char *)(b + 1);
    arena->free_p = p + n;
    arena->end_p = p + b->n;
    return p;
}

static inline char *cut(struct ecs_arena *arena, size_t n, size_t rounded)
{
    char *p = arena->free_p;

    (void)n;
    if (__builtin_expect(rounded > (size_t)(arena->end_p - p), 0))
        return cut_from_new_block(arena, rounded);
    arena->free_p = p + rounded;
    return p;
}
#endif

/* n bytes with whatever was in them; counted against the limit in units of the alignment. */
static inline char *take(struct ecs_arena *arena, size_t n)
{
    size_t rounded = n ? round_up(n) : ALIGNMENT;
    char *p;

    if (__builtin_expect(rounded < n || rounded > arena->limit - arena->used, 0))
        return NULL;
    p = cut(arena, n, rounded);
    if (p)
        arena->used += rounded;
    return p;
}

void *ecs_alloc(struct ecs_arena *arena, size_t n)
{
    char *p = take(arena, n);

    return p ? memset(p, 0, n) : NULL;
}

void *ecs_memdup(struct ecs_arena *arena, const void *bytes, size_t n)
{
    char *p = take(arena, n);

    if (p && n > 0)
        memcpy(p, bytes, n);
    return p;
}

char *ecs_strdup(struct ecs_arena *arena, struct ecs_str s)
{
    char *p = s.n < SIZE_MAX ? take(arena, s.n + 1) : NULL;

    if (!p)
        return NULL;
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

char *ecs_printf(struct ecs_arena *arena, const char *format, ...)
{
    char *room_p = arena->free_p; /* formatting straight into the block mostly saves the second pass */
    size_t room = (size_t)(arena->end_p - arena->free_p);
    char *p = NULL;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(room_p, room, format, args);
    va_end(args);
    if (n < 0)
        return NULL;
    p = take(arena, (size_t)n + 1);
    if (!p || p == room_p)
        return p;
    va_start(args, format);
    n = vsnprintf(p, (size_t)n + 1, format, args);
    va_end(args);
    return n < 0 ? NULL : p;
}

bool ecs_defer(struct ecs_arena *arena, void (*fn)(void *), void *arg)
{
    struct deferred *d = (struct deferred *)(void *)take(arena, sizeof(*d));

    if (!d) {
        fn(arg);
        return false;
    }
    *d = (struct deferred){arena->deferred, fn, arg};
    arena->deferred = d;
    return true;
}

void *ecs_arena_secret(struct ecs_arena *arena, size_t n)
{
    struct secret *s;

    if (n > SIZE_MAX - sizeof(*s))
        return NULL;
    s = (struct secret *)(void *)take(arena, sizeof(*s) + n);
    if (!s)
        return NULL;
    *s = (struct secret){arena->secrets, n};
    arena->secrets = s;
    return memset(s + 1, 0, n);
}

size_t ecs_arena_used(const struct ecs_arena *arena)
{
    return arena->used;
}
