/* SPDX-License-Identifier: Apache-2.0 */
/* CSV of operators' exports. A record is one line, so a broken line can never swallow its successors. */
#include "store/csv.h"

#include <string.h>

/* One field from *at on; the text is moved over its quotes. */
static const char *take_quoted(char *line, size_t n, size_t *at, struct ecs_str *field)
{
    size_t out = *at, from = *at + 1;
    size_t start = out;

    for (;;) {
        if (from == n)
            return "a quoted field does not end";
        if (line[from] != '"') {
            line[out++] = line[from++];
            continue;
        }
        if (from + 1 < n && line[from + 1] == '"') {
            line[out++] = '"';
            from += 2;
            continue;
        }
        from++;
        break;
    }
    if (from < n && line[from] != ',')
        return "text behind the quote that ends a field";
    *field = (struct ecs_str){line + start, out - start};
    *at = from;
    return NULL;
}

static const char *take_plain(char *line, size_t n, size_t *at, struct ecs_str *field)
{
    const char *end = memchr(line + *at, ',', n - *at);
    size_t stop = end ? (size_t)(end - line) : n;

    if (memchr(line + *at, '"', stop - *at))
        return "a quote inside a field without quotes";
    *field = ecs_str_trim((struct ecs_str){line + *at, stop - *at});
    *at = stop;
    return NULL;
}

bool ecs_csv_split(char *line, size_t n, struct ecs_str fields[ECS_CSV_FIELDS_MAX], size_t *ret_n,
                   const char **ret_why)
{
    size_t at = 0, count = 0;
    const char *why = NULL;

    if (!ecs_str_is_utf8((struct ecs_str){line, n}))
        why = "the line is not UTF-8";
    while (!why) {
        if (count == ECS_CSV_FIELDS_MAX) {
            why = "too many fields";
            break;
        }
        why = at < n && line[at] == '"' ? take_quoted(line, n, &at, &fields[count])
                                        : take_plain(line, n, &at, &fields[count]);
        count++;
        if (at >= n)
            break;
        at++; /* the comma; a field follows, perhaps an empty one */
    }
    if (why) {
        *ret_why = why;
        return false;
    }
    *ret_n = count;
    return true;
}

/* The rest of a line that is too long. */
static void skip_line(FILE *in)
{
    for (int c = getc_unlocked(in); c != '\n' && c != EOF;)
        c = getc_unlocked(in);
}

/* Length without the line end, or -1: too long. */
static ptrdiff_t read_line(struct ecs_csv_reader *reader)
{
    size_t n = 0;

    for (;;) {
        int c = getc_unlocked(reader->in);

        if (c == '\n' || c == EOF)
            break;
        if (n == ECS_CSV_LINE_MAX) {
            skip_line(reader->in);
            return -1;
        }
        reader->text[n++] = (char)c;
    }
    return (ptrdiff_t)n;
}

enum ecs_csv_got ecs_csv_next(struct ecs_csv_reader *reader, struct ecs_str fields[ECS_CSV_FIELDS_MAX],
                              size_t *ret_n, const char **ret_why)
{
    for (;;) {
        char *text = reader->text;
        ptrdiff_t n;

        if (feof(reader->in) || ferror(reader->in))
            return ECS_CSV_END;
        n = read_line(reader);
        reader->line++;
        if (n < 0) {
            *ret_why = "the line is too long";
            return ECS_CSV_BAD;
        }
        if (reader->line == 1 && n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
            text += 3;
            n -= 3;
        }
        if (n > 0 && text[n - 1] == '\r')
            n--;
        if (ecs_str_trim((struct ecs_str){text, (size_t)n}).n == 0)
            continue;
        return ecs_csv_split(text, (size_t)n, fields, ret_n, ret_why) ? ECS_CSV_RECORD : ECS_CSV_BAD;
    }
}
