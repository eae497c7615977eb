/* SPDX-License-Identifier: Apache-2.0 */
/* Cookie lines as real clients write them: one line per cookie, attributes of Set-Cookie sent back as if they
 * were cookies, RFC 2965 quotes and $ pieces (clients.md 2.5, 7.3, 8, C-19). */
#include "ecs/negotiate.h"

enum { MAX_PIECES = 64 };

/* Up to the next ";" or "," outside quotes. */
static bool cut_piece(struct ecs_str *rest, struct ecs_str *ret_piece)
{
    bool quoted = false;
    size_t i = 0;

    if (rest->n == 0)
        return false;
    for (; i < rest->n; i++) {
        if (rest->p[i] == '"')
            quoted = !quoted;
        else if (!quoted && (rest->p[i] == ';' || rest->p[i] == ','))
            break;
    }
    *ret_piece = (struct ecs_str){rest->p, i};
    if (i < rest->n)
        i++;
    *rest = (struct ecs_str){rest->p + i, rest->n - i};
    return true;
}

static struct ecs_str unquote(struct ecs_str value)
{
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
        return (struct ecs_str){value.p + 1, value.n - 2};
    return value;
}

static size_t add_value(struct ecs_str value, struct ecs_str *values, size_t n, size_t room)
{
    if (value.n == 0 || n == room)
        return n;
    for (size_t i = 0; i < n; i++)
        if (ecs_str_eq(values[i], value))
            return n;
    values[n] = value;
    return n + 1;
}

size_t ecs_cookie_find(const struct ecs_str *lines, size_t n_lines, struct ecs_str name,
                       struct ecs_str *ret_values, size_t room)
{
    size_t n = 0;
    unsigned seen = 0;

    for (size_t i = 0; i < n_lines; i++) {
        struct ecs_str rest = lines[i], value, found;

        while (seen < MAX_PIECES && cut_piece(&rest, &value)) {
            seen++;
            if (ecs_str_cut(&value, '=', &found) && ecs_str_eq(ecs_str_trim(found), name))
                n = add_value(unquote(ecs_str_trim(value)), ret_values, n, room);
        }
    }
    return n;
}
