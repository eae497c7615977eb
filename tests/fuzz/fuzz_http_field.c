/* SPDX-License-Identifier: Apache-2.0 */
/* modules: net run codec conf base */
/* Headers of neighbours' answers: line collector, Retry-After, Cache-Control, over any bytes. */
#include <stdlib.h>
#include <string.h>

#include "net/http_pool_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_head(const struct http_head *head)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    const struct ecs_ask_header *h = arena ? http_head_copy(head, arena) : NULL;
    unsigned n = 0;

    if (!h || head->n > HTTP_HEAD_MAX || head->text.n > HTTP_HEAD_BYTES)
        abort();
    for (; h->name; h++, n++)
        if (!*h->name || strpbrk(h->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ: \r\n") || strpbrk(h->value, "\r\n"))
            abort();
    if (n != head->n)
        abort();
    ecs_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_str all = {(const char *)data, size}, rest = all, line;
    struct http_head head = {0};
    int64_t retry = ecs_http_retry_after_s(all, 1700000000), age = ecs_http_max_age_s(all);

    if (retry < -1 || retry > 31536000 || age < -1 || age > 31536000)
        abort();
    while (ecs_str_cut(&rest, '\n', &line))
        if (!http_head_add(&head, line)) {
            if (!head.too_large && !head.malformed)
                abort();
            break;
        }
    if (!head.too_large && !head.malformed)
        check_head(&head);
    http_head_done(&head);
    return 0;
}
