/* SPDX-License-Identifier: Apache-2.0 */
/* Gives the pages of idle connections' pools back to the kernel: see docs/decisions/0003-connection-pool.md.
 * MHD clears a connection's whole pool after each request, so an idle pool is zeros in resident memory. Whole
 * pages that hold only zeros are dropped; they read as zeros again when they are next used, so MHD cannot
 * tell. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http_priv.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_TRIM 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CAN_TRIM 0
#endif
#endif
#if !defined(CAN_TRIM)
#if defined(__GLIBC__) && defined(__LP64__)
#define CAN_TRIM 1
#else
#define CAN_TRIM 0
#endif
#endif

#if CAN_TRIM
/* glibc keeps the size of an allocation in the word before it; the three low bits are flags. */
static size_t size_word(const char *allocation)
{
    return *(const volatile size_t *)((uintptr_t)allocation - sizeof(size_t)) & ~(size_t)7;
}

/* The word that stands before an allocation of pool bytes in this process, 0 when that is not to be relied
 * upon. */
size_t http_trim_chunk(size_t pool)
{
    char *probe = calloc(1, pool);
    size_t word = probe ? size_word(probe) : 0;

    if (probe && word != malloc_usable_size(probe) + sizeof(size_t))
        word = 0;
    free(probe);
    return pool < 3 * (size_t)sysconf(_SC_PAGESIZE) ? 0 : word;
}

/* The first request's line begins where the pool begins, unless the client sent empty lines before it; MHD
 * turned those into zeros, which are no size word. So the check cannot be deceived from outside. */
void http_trim_learn(struct http_peer *peer, const char *method)
{
    size_t chunk = peer->server->trim_chunk;

    if (!chunk || peer->pool_start || (uintptr_t)method % 16)
        return;
    /* A block that would leave a rest too small to keep is handed out whole. */
    if (size_word(method) == chunk || size_word(method) == chunk + 16)
        peer->pool_start = method;
}

void http_trim(struct http_peer *peer)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = (uintptr_t)peer->pool_start, end = begin + peer->server->conf.limits.pool;
    static const char zeros[256];

    if (!begin)
        return;
    begin = (begin + page - 1) / page * page;
    end = end / page * page;
    for (; begin < end; begin += page) {
        const char *p = (const char *)begin;
        size_t i = 0;

        while (i < page && memcmp(p + i, zeros, sizeof(zeros)) == 0)
            i += sizeof(zeros);
        if (i >= page)
            madvise((void *)begin, page, MADV_DONTNEED);
    }
}
#else
size_t http_trim_chunk(size_t pool)
{
    (void)pool;
    return 0;
}

void http_trim_learn(struct http_peer *peer, const char *method)
{
    (void)peer, (void)method;
}

void http_trim(struct http_peer *peer)
{
    (void)peer;
}
#endif
