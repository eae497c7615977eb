/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the story of a run. Masking works on texts: whatever was named secret is hidden wherever it turns
 * up. */

#include "explain.h"

#include <stdarg.h>
#include <string.h>

void ecs_sim_explain_mask(struct ecs_sim_explain *explain, struct ecs_str text)
{
    size_t head = text.n > 12 ? 5 : 2, tail = text.n > 12 ? 3 : 0;

    if (text.n < 5 || explain->mask_n == ECS_ARRAY_LEN(explain->masks))
        return;
    for (size_t i = 0; i < explain->mask_n; i++) {
        if (ecs_str_eq(text, ecs_str_of(explain->masks[i].text)))
            return;
    }
    explain->masks[explain->mask_n].text = ecs_strdup(explain->arena, text);
    explain->masks[explain->mask_n].shown =
        ecs_printf(explain->arena, "%.*s***%.*s", (int)head, text.p, (int)tail, text.p + text.n - tail);
    if (explain->masks[explain->mask_n].text && explain->masks[explain->mask_n].shown)
        explain->mask_n++;
}

/* Base64 of relay packets is told as a packet, not as text. */
static size_t relay_length(struct ecs_str rest)
{
    size_t n = 0;

    if (!ecs_str_starts_with(rest, ECS_STR("eap-relay-packet\":\"")))
        return 0;
    for (n = 19; n < rest.n && rest.p[n] != '"'; n++)
        ;
    return n;
}

static void put_masked(struct ecs_sim_explain *explain, struct ecs_str text)
{
    size_t i = 0;

    while (i < text.n) {
        struct ecs_str rest = {text.p + i, text.n - i};
        size_t relay = relay_length(rest), hit = explain->secrets ? explain->mask_n : 0;

        if (relay && !explain->secrets) {
            fputs("eap-relay-packet\":\"(see below)", explain->out);
            i += relay;
            continue;
        }
        while (hit < explain->mask_n && !ecs_str_starts_with(rest, ecs_str_of(explain->masks[hit].text)))
            hit++;
        if (hit < explain->mask_n) {
            fputs(explain->masks[hit].shown, explain->out);
            i += strlen(explain->masks[hit].text);
            continue;
        }
        fputc(text.p[i++], explain->out);
    }
}

/* Behind a quoted name: where its value begins, NULL when none follows ( value="X" or :"X"). */
static const char *value_begin(const char *p, const char *end)
{
    static const char xml[] = "value=\"";

    while (p < end && (*p == ' ' || *p == ':'))
        p++;
    if ((size_t)(end - p) >= sizeof(xml) && !memcmp(p, xml, sizeof(xml) - 1))
        return p + sizeof(xml) - 1;
    return p < end && *p == '"' ? p + 1 : NULL;
}

void ecs_sim_explain_mask_named(struct ecs_sim_explain *explain, struct ecs_str body,
                                const char *const *names)
{
    for (; *names; names++) {
        struct ecs_str rest = body, name = ecs_str_of(*names);
        ptrdiff_t at;

        while ((at = ecs_str_find_nocase(rest, name)) >= 0) {
            const char *end = rest.p + rest.n, *p = rest.p + at + name.n;
            bool quoted = at > 0 && rest.p[at - 1] == '"' && p < end && *p == '"';
            const char *open = quoted ? value_begin(p + 1, end) : NULL;
            const char *close = open ? memchr(open, '"', (size_t)(end - open)) : NULL;

            if (close)
                ecs_sim_explain_mask(explain, (struct ecs_str){open, (size_t)(close - open)});
            rest = (struct ecs_str){p, (size_t)(end - p)};
        }
    }
}

void ecs_sim_explain_text(struct ecs_sim_explain *explain, struct ecs_str text, const char *indent)
{
    struct ecs_str line;

    if (!explain->out)
        return;
    while (ecs_str_cut(&text, '\n', &line)) {
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        fprintf(explain->out, "%s%s", explain->tap ? "# " : "", indent);
        put_masked(explain, line);
        fputc('\n', explain->out);
    }
}

void ecs_sim_explain_say(struct ecs_sim_explain *explain, const char *format, ...)
{
    char text[1000];
    va_list args;

    if (!explain->out)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ecs_sim_explain_text(explain, ecs_str_of(text), "");
}

/* The values of cookies: everything behind the first "=" up to ";". */
static void mask_cookies(struct ecs_sim_explain *explain, struct ecs_str value)
{
    struct ecs_str part, name;

    while (ecs_str_cut(&value, ';', &part)) {
        if (ecs_str_cut(&part, '=', &name) && !ecs_str_eq_nocase(ecs_str_trim(name), ECS_STR("Path")))
            ecs_sim_explain_mask(explain, part);
    }
}

void ecs_sim_explain_request(struct ecs_sim_explain *explain, struct ecs_str request)
{
    struct ecs_str lines = request, line;
    ptrdiff_t end = ecs_str_find(request, ECS_STR("\r\n\r\n"));

    if (!explain->out)
        return;
    while (ecs_str_cut(&lines, '\n', &line)) {
        if (ecs_str_starts_with_nocase(line, ECS_STR("Cookie: ")))
            mask_cookies(explain, ecs_str_trim((struct ecs_str){line.p + 8, line.n - 8}));
    }
    ecs_sim_explain_say(explain, "%u. request", ++explain->step);
    if (end >= 0 && memmem(request.p, (size_t)end, "Content-Encoding: gzip", 22))
        request.n = (size_t)end; /* the body is not readable */
    ecs_sim_explain_text(explain, request, "   > ");
}

void ecs_sim_explain_response(struct ecs_sim_explain *explain, const struct ecs_sim_response *response,
                              struct ecs_str body)
{
    if (!explain->out)
        return;
    ecs_sim_explain_say(explain, "   answer");
    ecs_sim_explain_say(explain, "   < %d %.*s", response->status, ECS_FMT(response->reason));
    for (size_t i = 0; i < response->header_n; i++) {
        const struct ecs_sim_header *header = &response->headers[i];

        if (ecs_str_eq_nocase(header->name, ECS_STR("Set-Cookie")))
            mask_cookies(explain, header->value);
        ecs_sim_explain_say(explain, "   < %.*s: %.*s", ECS_FMT(header->name), ECS_FMT(header->value));
    }
    ecs_sim_explain_text(explain, body, "   < ");
}
