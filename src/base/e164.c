/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of E.164 out of what clients write. */
#include "ecs/e164.h"

#include <string.h>

enum { DIGITS_MAX = 15, TEXT_MAX = 64 };

struct ecs_str ecs_unquote(struct ecs_str text)
{
    struct ecs_str t = ecs_str_trim(text);

    if (t.n >= 2 && (t.p[0] == '"' || t.p[0] == '\'') && t.p[t.n - 1] == t.p[0])
        return ecs_str_trim((struct ecs_str){t.p + 1, t.n - 2});
    return t;
}

static void skip(struct ecs_str *text, size_t n)
{
    text->p += n;
    text->n -= n;
}

/* Digits without what only helps the eye; 0: something else is among them, or too many. */
static size_t collect(struct ecs_str text, char out[TEXT_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c >= '0' && c <= '9')
            out[n++] = c;
        else if (!memchr(" -.()", c, 5))
            return 0;
        if (n == TEXT_MAX)
            return 0;
    }
    return n;
}

bool ecs_e164_read(struct ecs_str text, struct ecs_str country_code, struct ecs_msisdn *ret_number)
{
    struct ecs_msisdn number = {{0}};
    char digits[TEXT_MAX];
    struct ecs_str rest = ecs_unquote(text), head = ECS_STR_NULL, body;
    bool international;

    if (ecs_str_starts_with_nocase(rest, ECS_STR("tel:")))
        skip(&rest, 4);
    international = rest.n && rest.p[0] == '+';
    if (international)
        skip(&rest, 1);
    body = (struct ecs_str){digits, collect(rest, digits)};
    if (!international && ecs_str_starts_with(body, ECS_STR("00"))) {
        skip(&body, 2);
    } else if (!international && body.n && body.p[0] == '0') {
        skip(&body, 1);
        head = country_code;
        if (!head.n)
            return false;
    }
    if (head.n + body.n > DIGITS_MAX || (!head.n && body.n && body.p[0] == '0'))
        return false;
    if (head.n)
        memcpy(number.s, head.p, head.n);
    if (body.n)
        memcpy(number.s + head.n, body.p, body.n);
    return ecs_msisdn_parse((struct ecs_str){number.s, head.n + body.n}, ret_number);
}
