/* SPDX-License-Identifier: Apache-2.0 */
/* modules: front */
/* Pages: the first part of the input is a template (an operator's file), what is behind its first NUL a value
 * (foreign). Whatever template is taken, the value must not get out of the place that it was given. */
#include <stdlib.h>
#include <string.h>

#include "front/sheet_template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_text(void *env, const char *file, struct ecs_arena *arena, struct ecs_faults *faults,
                      struct ecs_str *ret_text, const char **ret_path)
{
    (void)arena;
    (void)faults;
    *ret_path = file;
    *ret_text = *(const struct ecs_str *)env;
    return strcmp(file, "page") == 0 || strcmp(file, "again.html") == 0;
}

static bool has_text(void *env, struct ecs_str key)
{
    (void)env;
    return ecs_str_eq(key, ECS_STR("t"));
}

static struct ecs_str get_text(void *env, struct ecs_str key)
{
    (void)env;
    (void)key;
    return ECS_STR("text {v} {w");
}

static void render(const struct sheet_template *t, struct ecs_arena *arena, struct ecs_str value,
                   struct ecs_buf *out)
{
    struct sheet_texts texts = {get_text, NULL};
    struct sheet_scope *scope = sheet_scope_new(arena), *item = sheet_put_item(scope, "l");

    sheet_put(scope, "v", value);
    sheet_put(item, "w", value);
    sheet_put_part(scope, "p", t);
    sheet_render(t, scope, &texts, out);
}

static size_t count(const struct ecs_buf *out, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < out->n; i++)
        n += out->p[i] == c;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sheet_name names[] = {{"v", SHEET_VALUE}, {"w", SHEET_VALUE}, {"u", SHEET_URL},
                                              {"l", SHEET_LIST},  {"p", SHEET_PART},  {0}};
    static struct ecs_crypto *crypto;
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size;
    struct ecs_str text = {n ? (const char *)data : "", n};
    struct ecs_str value = nul ? (struct ecs_str){(const char *)nul + 1, size - n - 1} : ECS_STR("<\"'&>");
    struct ecs_arena *arena = ecs_arena_new(NULL, 4 << 20);
    struct sheet_loader loader = {read_text, has_text, &text, names};
    struct ecs_faults faults;
    const struct sheet_template *t;

    if (!crypto)
        crypto = ecs_crypto_new();
    ecs_faults_init(&faults, arena);
    t = sheet_template_load(arena, crypto, &loader, "page", &faults);
    if ((t == NULL) != (faults.count > 0))
        abort();
    if (t) {
        struct ecs_buf with = {.limit = 1 << 20}, plain = {.limit = 1 << 20};
        static const char markup[] = "<>\"'";

        /* As many brackets and quotes as with a harmless value of which sections think the same. */
        render(t, arena, value, &with);
        render(t, arena, value.n ? ECS_STR("x") : ECS_STR(""), &plain);
        for (size_t i = 0; i < 4 && !with.overflow && !plain.overflow; i++)
            if (count(&with, markup[i]) != count(&plain, markup[i]))
                abort();
        ecs_buf_done(&with);
        ecs_buf_done(&plain);
    }
    ecs_arena_free(arena);
    return 0;
}
