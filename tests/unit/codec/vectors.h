/* SPDX-License-Identifier: Apache-2.0 */
/* Reading tests/vectors/<name>: lines of words; "#" starts a comment line. Included by test programs only. */
#pragma once

/* cmocka wants these four first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecs/str.h"

#define VEC_COLUMNS 16

struct vec {
    FILE *file;
    char line[2048];
    char *column[VEC_COLUMNS];
};

struct vec_bytes {
    uint8_t p[1024];
    size_t n;
};

static inline struct vec vec_open(const char *name)
{
    struct vec v = {0};
    char path[512];

    snprintf(path, sizeof(path), ECS_SOURCE_DIR "/tests/vectors/%s", name);
    v.file = fopen(path, "r");
    if (!v.file)
        fail_msg("cannot open %s", path);
    return v;
}

/* The next line's words into v->column; their number, 0 at the end (the file is then closed). */
static inline int vec_next(struct vec *v)
{
    while (fgets(v->line, sizeof(v->line), v->file)) {
        int n = 0;
        char *rest = NULL;

        if (v->line[0] == '#')
            continue;
        for (char *w = strtok_r(v->line, " \n", &rest); w && n < VEC_COLUMNS;
             w = strtok_r(NULL, " \n", &rest))
            v->column[n++] = w;
        if (n)
            return n;
    }
    fclose(v->file);
    v->file = NULL;
    return 0;
}

static inline struct vec_bytes vec_hex(const char *hex)
{
    struct vec_bytes b = {.n = strlen(hex) / 2};

    assert_true(b.n <= sizeof(b.p));
    assert_true(ecs_hex_decode(ecs_str_of(hex), b.p, b.n));
    return b;
}

/* The nth line (from 0) "key value" of a file of pairs; a value that begins with "=" is text, else hex. */
static inline struct vec_bytes vec_nth(const char *name, const char *key, int nth)
{
    struct vec v = vec_open(name);
    struct vec_bytes b = {.n = 0};
    bool found = false;

    while (vec_next(&v) == 2) {
        if (found || strcmp(v.column[0], key) != 0 || nth-- > 0)
            continue;
        found = true;
        if (v.column[1][0] == '=') {
            b.n = strlen(v.column[1] + 1);
            memcpy(b.p, v.column[1] + 1, b.n);
        } else {
            b = vec_hex(v.column[1]);
        }
    }
    if (!found)
        fail_msg("%s has no %s", name, key);
    return b;
}

static inline struct vec_bytes vec_get(const char *name, const char *key)
{
    return vec_nth(name, key, 0);
}

static inline struct ecs_str vec_str(const struct vec_bytes *b)
{
    return (struct ecs_str){(const char *)b->p, b->n};
}

static inline uint64_t vec_number(const struct vec_bytes *b)
{
    uint64_t number = 0;

    for (size_t i = 0; i < b->n; i++)
        number = number << 8 | b->p[i];
    return number;
}

#define assert_bytes(got, want) assert_memory_equal(got, (want).p, (want).n)
