/* SPDX-License-Identifier: Apache-2.0 */
/* Collects the header lines of an answer within bounds. Lines that no correct server sends (folded, without a
 * name, with control characters) spoil the answer instead of being guessed at. */
#include <string.h>

#include "http_pool_priv.h"

static bool is_token(struct ecs_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return text.n > 0;
}

static bool is_value(struct ecs_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static void add_lower(struct ecs_buf *buf, struct ecs_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        ecs_buf_add_char(buf, c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c);
    }
    ecs_buf_add_char(buf, '\0');
}

static bool store(struct http_head *head, struct ecs_str name, struct ecs_str value)
{
    if (head->n == HTTP_HEAD_MAX) {
        head->too_large = true;
        return false;
    }
    head->text.limit = HTTP_HEAD_BYTES;
    head->at[head->n].name = (uint32_t)head->text.n;
    add_lower(&head->text, name);
    head->at[head->n].value = (uint32_t)head->text.n;
    ecs_buf_add_str(&head->text, value);
    ecs_buf_add_char(&head->text, '\0');
    if (head->text.overflow) {
        head->too_large = true;
        return false;
    }
    head->n++;
    return true;
}

bool http_head_add(struct http_head *head, struct ecs_str line)
{
    struct ecs_str rest = line, name, value;
    ptrdiff_t colon;

    while (rest.n > 0 && (rest.p[rest.n - 1] == '\n' || rest.p[rest.n - 1] == '\r'))
        rest.n--;
    if (rest.n == 0)
        return true;
    if (ecs_str_starts_with(rest, ECS_STR("HTTP/"))) {
        ecs_buf_reset(&head->text);
        head->n = 0;
        return true;
    }
    colon = ecs_str_find(rest, ECS_STR(":"));
    if (colon < 0) {
        head->malformed = true;
        return false;
    }
    name = (struct ecs_str){rest.p, (size_t)colon};
    value = ecs_str_trim((struct ecs_str){rest.p + colon + 1, rest.n - (size_t)colon - 1});
    if (!is_token(name) || !is_value(value)) {
        head->malformed = true;
        return false;
    }
    return store(head, name, value);
}

const struct ecs_ask_header *http_head_copy(const struct http_head *head, struct ecs_arena *arena)
{
    struct ecs_ask_header *list = ecs_alloc(arena, (head->n + 1) * sizeof(*list));
    char *text = ecs_arena_secret(arena, head->text.n + 1); /* may hold cookies and codes */

    if (!list || !text)
        return NULL;
    if (head->text.n > 0)
        memcpy(text, head->text.p, head->text.n);
    for (unsigned i = 0; i < head->n; i++)
        list[i] = (struct ecs_ask_header){text + head->at[i].name, text + head->at[i].value};
    return list;
}

void http_head_done(struct http_head *head)
{
    if (head->text.p)
        explicit_bzero(head->text.p, head->text.cap);
    ecs_buf_done(&head->text);
}
