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

/* ---- a browser's store (RFC 6265, 5.1.3, 5.1.4, 5.3) ---- */

static struct ecs_str attribute(struct ecs_str line, struct ecs_str name)
{
    struct ecs_str part, key;

    ecs_str_cut(&line, ';', &part);
    while (ecs_str_cut(&line, ';', &part)) {
        if (ecs_str_cut(&part, '=', &key) && ecs_str_eq_nocase(ecs_str_trim(key), name))
            return ecs_str_trim(part);
    }
    return ECS_STR_NULL;
}

static bool host_matches(const char *host, struct ecs_str domain)
{
    struct ecs_str name = ecs_str_of(host);

    if (domain.n && domain.p[0] == '.')
        domain = (struct ecs_str){domain.p + 1, domain.n - 1};
    if (ecs_str_eq_nocase(name, domain))
        return true;
    return name.n > domain.n && name.p[name.n - domain.n - 1] == '.' &&
           ecs_str_eq_nocase((struct ecs_str){name.p + name.n - domain.n, domain.n}, domain);
}

static bool path_matches(const char *request, const char *cookie)
{
    size_t n = strlen(cookie);

    if (strncmp(request, cookie, n) != 0)
        return false;
    return !request[n] || cookie[n - 1] == '/' || request[n] == '/';
}

/* The request's path up to its last slash. */
static const char *default_path(const struct ecs_sim_cookies *cookies)
{
    const char *slash = cookies->path ? strrchr(cookies->path, '/') : NULL;

    if (!slash || slash == cookies->path)
        return "/";
    return ecs_strdup(cookies->arena, (struct ecs_str){cookies->path, (size_t)(slash - cookies->path)});
}

static void store(struct ecs_sim_cookies *cookies, struct ecs_str line, struct ecs_sim_report *report)
{
    struct ecs_str domain = attribute(line, ECS_STR("Domain")), path = attribute(line, ECS_STR("Path")), pair;
    const char *equals;
    size_t name_n, at = 0;
    const char *kept = path.n && path.p[0] == '/' ? ecs_strdup(cookies->arena, path) : default_path(cookies);

    if (!ecs_str_cut(&line, ';', &pair) || !kept)
        return;
    pair = ecs_str_trim(pair);
    equals = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
    name_n = equals ? (size_t)(equals - pair.p) + 1 : 0;
    if (domain.n && cookies->host && !host_matches(cookies->host, domain)) {
        ecs_sim_find(report, ECS_SIM_BREAK, "C-18",
                     "the cookie's Domain is another one: the store refuses it");
        return;
    }
    if (cookies->path && !path_matches(cookies->path, kept))
        ecs_sim_find(report, ECS_SIM_BREAK, "C-18",
                     "the cookie's Path does not cover the address: the store does not send it");
    while (at < cookies->n && (!cookies->lines[at] || strncmp(cookies->lines[at], pair.p, name_n) != 0))
        at++;
    if (at == ECS_ARRAY_LEN(cookies->lines) || !name_n)
        return;
    cookies->lines[at] = ecs_strdup(cookies->arena, pair);
    cookies->paths[at] = kept;
    if (at == cookies->n && cookies->lines[at])
        cookies->n++;
}

static void write_store(struct ecs_buf *buf, const struct ecs_sim_cookies *cookies)
{
    const char *between = "Cookie: ";

    for (size_t i = 0; i < cookies->n; i++) {
        if (!cookies->lines[i] ||
            (cookies->path && cookies->paths[i] && !path_matches(cookies->path, cookies->paths[i])))
            continue;
        ecs_buf_printf(buf, "%s%s", between, cookies->lines[i]);
        between = "; ";
    }
    if (*between == ';')
        ecs_buf_add_cstr(buf, "\r\n");
}

static void take_one(struct ecs_sim_cookies *cookies, enum ecs_sim_cookie_rule rule, struct ecs_str line,
                     struct ecs_sim_report *report)
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
    case ECS_SIM_COOKIES_ONE:
        if (!cookies->n && ecs_str_cut(&line, ';', &pair))
            keep(cookies, ecs_strdup(cookies->arena, ecs_str_trim(pair)));
        return;
    case ECS_SIM_COOKIES_JAR:
        store(cookies, line, report);
        return;
    }
}

void ecs_sim_cookies_take(struct ecs_sim_cookies *cookies, const struct ecs_sim_personality *who,
                          const struct ecs_sim_response *response, struct ecs_sim_report *report)
{
    size_t found = 0;

    cookies->is_jar = who->cookies == ECS_SIM_COOKIES_JAR;
    if (who->cookies == ECS_SIM_COOKIES_FIRST && cookies->first_taken)
        return;
    for (size_t i = 0; i < response->header_n; i++) {
        if (!ecs_str_eq_nocase(response->headers[i].name, ECS_STR("Set-Cookie")))
            continue;
        if (!found++ && !cookies->is_jar)
            cookies->n = 0;
        take_one(cookies, who->cookies, response->headers[i].value, report);
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

bool ecs_sim_cookies_have(const struct ecs_sim_cookies *cookies, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < cookies->n; i++) {
        for (const char *at = cookies->lines[i]; at; at = strstr(at, "; ")) {
            at += strncmp(at, "; ", 2) ? 0 : 2;
            if (!strncmp(at, name, n) && at[n] == '=')
                return true;
        }
    }
    return false;
}

void ecs_sim_cookies_write(struct ecs_buf *buf, const struct ecs_sim_cookies *cookies)
{
    if (cookies->is_jar) {
        write_store(buf, cookies);
        return;
    }
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
