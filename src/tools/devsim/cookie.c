/* SPDX-License-Identifier: Apache-2.0 */
/* Cookies as real clients keep and return them (clients.md 2.5, 7.3, 8, 9). */

#include <string.h>

#include "personality.h"

static bool has_attribute(struct ecs_str line, struct ecs_str name)
{
    struct ecs_str part;

    ecs_str_cut(&line, ';', &part); /* name=value itself */
    while (ecs_str_cut(&line, ';', &part)) {
        part = ecs_str_trim(part);
        if (ecs_str_starts_with_nocase(part, name) && (part.n == name.n || part.p[name.n] == '='))
            return true;
    }
    return false;
}

static void keep(struct ecs_sim_cookies *cookies, char *line)
{
    if (line && cookies->n < ECS_ARRAY_LEN(cookies->lines))
        cookies->lines[cookies->n++] = line;
}

/* java.net.HttpCookie: Max-Age without Expires makes it a cookie of RFC 2965, which is written with quotes.
 */
static void keep_first(struct ecs_sim_cookies *cookies, struct ecs_str line)
{
    bool quoted = has_attribute(line, ECS_STR("Max-Age")) && !has_attribute(line, ECS_STR("Expires"));
    struct ecs_str pair, name;

    if (!ecs_str_cut(&line, ';', &pair))
        return;
    pair = ecs_str_trim(pair);
    if (!ecs_str_cut(&pair, '=', &name))
        return;
    keep(cookies, quoted ? ecs_printf(cookies->arena, "%.*s=\"%.*s\"", ECS_FMT(name), ECS_FMT(pair))
                         : ecs_printf(cookies->arena, "%.*s=%.*s", ECS_FMT(name), ECS_FMT(pair)));
}

/* One line that grows: "A=1; Path=/; B=2". */
static void join(struct ecs_sim_cookies *cookies, struct ecs_str text)
{
    if (!cookies->n)
        keep(cookies, ecs_strdup(cookies->arena, text));
    else
        cookies->lines[0] = ecs_printf(cookies->arena, "%s; %.*s", cookies->lines[0], ECS_FMT(text));
}

static void take_one(struct ecs_sim_cookies *cookies, enum ecs_sim_cookie_rule rule, struct ecs_str line)
{
    struct ecs_str pair;

    switch (rule) {
    case ECS_SIM_COOKIES_FIRST:
        keep_first(cookies, line);
        return;
    case ECS_SIM_COOKIES_LATEST:
        join(cookies, line);
        return;
    case ECS_SIM_COOKIES_LAST_LINE:
        cookies->n = 0;
        keep(cookies, ecs_strdup(cookies->arena, line));
        return;
    case ECS_SIM_COOKIES_PAIRS:
        if (ecs_str_cut(&line, ';', &pair))
            join(cookies, ecs_str_trim(pair));
        return;
    }
}

void ecs_sim_cookies_take(struct ecs_sim_cookies *cookies, const struct ecs_sim_personality *who,
                          const struct ecs_sim_response *response, struct ecs_sim_report *report)
{
    size_t found = 0;

    if (who->cookies == ECS_SIM_COOKIES_FIRST && cookies->first_taken)
        return;
    for (size_t i = 0; i < response->header_n; i++) {
        if (!ecs_str_eq_nocase(response->headers[i].name, ECS_STR("Set-Cookie")))
            continue;
        if (!found++)
            cookies->n = 0;
        take_one(cookies, who->cookies, response->headers[i].value);
    }
    cookies->first_taken = true;
    if (found)
        return;
    if (who->cookies == ECS_SIM_COOKIES_LATEST) {
        cookies->n = 0;
        ecs_sim_find(report, ECS_SIM_BREAK, "C-18",
                     "Samsung would give up: no Set-Cookie with the challenge");
    } else if (!cookies->n) {
        ecs_sim_find(report, ECS_SIM_FAULT, "C-18",
                     "no Set-Cookie with the challenge: the exchange cannot be found");
    }
}

void ecs_sim_cookies_write(struct ecs_buf *buf, const struct ecs_sim_cookies *cookies)
{
    for (size_t i = 0; i < cookies->n; i++)
        ecs_buf_printf(buf, "Cookie: %s\r\n", cookies->lines[i]);
}

void ecs_sim_cookies_check(const struct ecs_sim_response *response, struct ecs_sim_report *report)
{
    for (size_t i = 0; i < response->header_n; i++) {
        const struct ecs_sim_header *header = &response->headers[i];

        if (!ecs_str_eq_nocase(header->name, ECS_STR("Set-Cookie")))
            continue;
        if (!ecs_str_eq(header->name, ECS_STR("Set-Cookie")))
            ecs_sim_find(report, ECS_SIM_FAULT, "", "the header is not spelt Set-Cookie (clients.md 2.5)");
        if (has_attribute(header->value, ECS_STR("Max-Age")) ||
            has_attribute(header->value, ECS_STR("Expires")))
            ecs_sim_find(report, ECS_SIM_FAULT, "C-18", "the cookie has Max-Age or Expires");
        if (!has_attribute(header->value, ECS_STR("Path")) ||
            !has_attribute(header->value, ECS_STR("Secure")) ||
            !has_attribute(header->value, ECS_STR("HttpOnly")))
            ecs_sim_find(report, ECS_SIM_FAULT, "C-18", "the cookie lacks one of Path, Secure, HttpOnly");
    }
}
