/* SPDX-License-Identifier: Apache-2.0 */
/* What may be asked: nothing that could end a line, send a header of the connection, or reach a host that the
 * URL does not seem to name. Texts name the kind of fault, never the value. */
#include <string.h>

#include "http_pool_priv.h"

enum { URL_MAX = 8192, NAME_MAX_LEN = 256 };

static bool is_printable(const char *text, bool blanks)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < ' ' || c == 0x7f || (!blanks && (c == ' ' || c > 0x7f)))
            return false;
    }
    return true;
}

static const char *check_url(const struct ecs_neighbour *n, const char *url)
{
    struct ecs_str rest = ecs_str_of(url), https = ECS_STR("https://"), http = ECS_STR("http://");
    size_t host = 0;

    if (!url || rest.n > URL_MAX || !is_printable(url, false))
        return "the URL is missing, too long or has characters that no URL has";
    if (ecs_str_starts_with_nocase(rest, https))
        rest.p += https.n;
    else if (n->conf.allow_plain && ecs_str_starts_with_nocase(rest, http))
        rest.p += http.n;
    else
        return n->conf.allow_plain ? "the URL is neither https nor http" : "the URL is not https";
    host = strcspn(rest.p, "/?#");
    if (host == 0 || memchr(rest.p, '@', host) || memchr(rest.p, '\\', host))
        return "the URL has no host, or credentials in it";
    return NULL;
}

/* Names that decide where a message ends or how the connection is used belong to curl. */
static const char *check_header(const struct ecs_ask_header *header)
{
    static const char *const reserved[] = {
        "Content-Length", "Transfer-Encoding", "Connection", "Content-Type", "Expect", "TE",
        "Upgrade",        "Proxy-Connection",  "Keep-Alive"};

    if (!*header->name || strlen(header->name) > NAME_MAX_LEN || !is_printable(header->name, false) ||
        strpbrk(header->name, "\"(),/:;<=>?@[\\]{}"))
        return "the name of a header is not one";
    if (!header->value || !is_printable(header->value, true))
        return "the value of a header is missing or has control characters";
    for (size_t i = 0; i < ECS_ARRAY_LEN(reserved); i++)
        if (ecs_str_eq_nocase(ecs_str_of(header->name), ecs_str_of(reserved[i])))
            return "a header that the client sets by itself";
    return NULL;
}

static const char *check_credentials(const struct ecs_ask *ask)
{
    if (!ask->basic_user != !ask->basic_password || (ask->bearer && ask->basic_user))
        return "user and password go together, and not with a bearer token";
    if (ask->basic_user && (!is_printable(ask->basic_user, true) ||
                            !is_printable(ask->basic_password, true) || strchr(ask->basic_user, ':')))
        return "user or password have characters that cannot be sent";
    if (ask->bearer && (!*ask->bearer || !is_printable(ask->bearer, false)))
        return "the bearer token is empty or has characters that cannot be sent";
    return NULL;
}

const char *http_ask_check(const struct ecs_neighbour *n, const struct ecs_ask *ask)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    const char *fault = "the method is not GET, POST, PUT or DELETE";

    for (size_t i = 0; ask->method && i < ECS_ARRAY_LEN(methods); i++)
        if (strcmp(ask->method, methods[i]) == 0)
            fault = NULL;
    if (!fault && ask->body.n > 0 && strcmp(ask->method, "GET") == 0)
        fault = "a GET has no body";
    if (!fault && ask->content_type && !is_printable(ask->content_type, true))
        fault = "the content type has control characters";
    if (!fault)
        fault = check_url(n, ask->url);
    if (!fault)
        fault = check_credentials(ask);
    for (size_t i = 0; !fault && i < ECS_ASK_HEADERS && ask->header[i].name; i++)
        fault = check_header(&ask->header[i]);
    return fault;
}
