/* SPDX-License-Identifier: Apache-2.0 */
/* The words of words.def, and hints for misspelt ones. */
#include "rules/rules_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define W(prefix, id, word)      word,
#define WORDS(tag, prefix, list) static const char *const words_##tag[] = {list NULL};
#include "rules/words.def"
#undef WORDS
#undef W

static const char *const words_none[] = {NULL};

static const struct {
    const char *const *words;
    size_t n;
} lists[ECS_WORDS_COUNT] = {
    [ECS_WORDS_none] = {words_none, 0},
#define WORDS(tag, prefix, list) [ECS_WORDS_##tag] = {words_##tag, ECS_ARRAY_LEN(words_##tag) - 1},
#include "rules/words.def"
#undef WORDS
};

const char *ecs_word(enum ecs_words list, int64_t position)
{
    if ((unsigned)list >= ECS_WORDS_COUNT || position < 0 || (uint64_t)position >= lists[list].n)
        return NULL;
    return lists[list].words[position];
}

size_t ecs_words_count(enum ecs_words list)
{
    return lists[list].n;
}

int ecs_words_find(enum ecs_words list, struct ecs_str word)
{
    for (size_t i = 0; i < lists[list].n; i++)
        if (ecs_str_eq(ecs_str_of(lists[list].words[i]), word))
            return (int)i;
    return -1;
}

void ecs_refuse(struct ecs_why *why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why->text, sizeof(why->text), format, args);
    va_end(args);
}

/* Levenshtein distance of short words; large for long ones. */
static unsigned edit_distance(struct ecs_str a, const char *b)
{
    size_t n = strlen(b);
    unsigned row[41];

    if (a.n > 40 || n > 40)
        return 100;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= n; j++) {
            unsigned best = diagonal + (a.p[i - 1] != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

void ecs_suggest(struct ecs_str word, const char *(*name)(unsigned i, int group), int group, char out[80])
{
    unsigned best = 3;
    const char *found = NULL, *candidate;

    for (unsigned i = 0; (candidate = name(i, group)); i++) {
        unsigned d = edit_distance(word, candidate);

        if (d < best && d < strlen(candidate)) {
            best = d;
            found = candidate;
        }
    }
    out[0] = '\0';
    if (found)
        snprintf(out, 80, " (did you mean \"%s\"?)", found);
}
