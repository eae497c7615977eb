/* SPDX-License-Identifier: Apache-2.0 */
/* Following a redirect: the address in Location, and the same request for it or a GET. */

#include "redirect.h"

#include <string.h>

enum { GO_MAX = 10, SAME_MAX = 5 };

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Location against the address in work (RFC 3986 5.2, without dot segments); NULL: no memory. */
static const char *resolve(struct ecs_arena *arena, const struct ecs_sim_url *here, struct ecs_str location)
{
    const char *slash = strrchr(here->path, '/');

    if (ecs_str_find(location, ECS_STR("://")) > 0)
        return ecs_strdup(arena, location);
    if (ecs_str_starts_with(location, ECS_STR("//")))
        return ecs_printf(arena, "https:%.*s", ECS_FMT(location));
    if (ecs_str_starts_with(location, ECS_STR("/")))
        return ecs_printf(arena, "https://%s%.*s", here->authority, ECS_FMT(location));
    if (ecs_str_starts_with(location, ECS_STR("?")))
        return ecs_printf(arena, "https://%s%s%.*s", here->authority, here->path, ECS_FMT(location));
    return ecs_printf(arena, "https://%s%.*s/%.*s", here->authority, (int)(slash ? slash - here->path : 0),
                      here->path, ECS_FMT(location));
}

static bool is_body_header(struct ecs_str line)
{
    return ecs_str_starts_with_nocase(line, ECS_STR("Content-"));
}

/* The request with another address; as_get: without its body. */
static void rewrite(struct ecs_buf *out, struct ecs_str request, const struct ecs_sim_url *to, bool as_get)
{
    ptrdiff_t end = ecs_str_find(request, ECS_STR("\r\n\r\n"));
    struct ecs_str head = {request.p, end < 0 ? request.n : (size_t)end}, line, method;
    struct ecs_str body = {request.p + head.n, request.n - head.n};

    if (!ecs_str_cut(&head, '\n', &line) || !ecs_str_cut(&line, ' ', &method))
        return;
    if (as_get)
        method = ECS_STR("GET");
    ecs_buf_printf(out, "%.*s %s%s%.*s HTTP/1.1\r\nHost: %s", ECS_FMT(method), to->path,
                   to->query.n ? "?" : "", ECS_FMT(to->query), to->authority);
    while (ecs_str_cut(&head, '\n', &line)) {
        line = ecs_str_trim(line);
        if (ecs_str_starts_with_nocase(line, ECS_STR("Host:")) || (as_get && is_body_header(line)))
            continue;
        ecs_buf_printf(out, "\r\n%.*s", ECS_FMT(line));
    }
    if (as_get)
        ecs_buf_add_cstr(out, "\r\n\r\n");
    else
        ecs_buf_add_str(out, body);
}

static bool refuse(struct ecs_sim_device *d, const char *text)
{
    ecs_sim_find(&d->report, ECS_SIM_BREAK, "", "%s", text);
    return false;
}

bool ecs_sim_redirect(struct ecs_sim_device *d, struct ecs_sim_url *here, struct ecs_str request,
                      struct ecs_buf *next)
{
    enum ecs_sim_redirects how = d->wire.who->redirects;
    struct ecs_str location = ecs_sim_response_header(&d->response, "Location");
    struct ecs_sim_url to;
    const char *text;
    char err[300];
    bool keeps_method = how == ECS_SIM_REDIRECTS_SAME || d->response.status >= 307;

    if (how == ECS_SIM_REDIRECTS_NONE || !is_redirect(d->response.status) || !location.n)
        return false;
    if (d->redirects == (how == ECS_SIM_REDIRECTS_GO ? GO_MAX : SAME_MAX))
        return refuse(d, "this client does not follow that many redirects");
    text = resolve(d->arena, here, location);
    if (!text || !ecs_sim_url_parse(d->arena, text, &to, err, sizeof(err)))
        return refuse(d, "the address in Location cannot be used: this client follows https only");
    if (how == ECS_SIM_REDIRECTS_SAME && strcmp(to.host, here->host) != 0)
        return refuse(d, "this client follows redirects within the host only");
    rewrite(next, request, &to, !keeps_method && !ecs_str_starts_with(request, ECS_STR("GET ")));
    if (next->overflow || !next->n)
        return refuse(d, "no memory for the redirected request");
    ecs_sim_explain_say(&d->explain, "   the client follows the redirect");
    d->redirects++;
    d->led_to = to;
    d->was_led = true;
    *here = to;
    d->cookies.path = to.path;
    d->cookies.host = to.host;
    return true;
}
