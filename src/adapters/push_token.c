/* SPDX-License-Identifier: Apache-2.0 */
/* What a registration token of each push channel looks like. A WNS token is a URL that we would post to, so
 * its host is checked strictly (push digest 4). */
#include <string.h>

#include "ecs/push.h"

enum { FCM_MAX = 4096, APNS_MIN = 16, APNS_MAX = 200, WNS_MAX = 1024 };

static bool all_of(struct ecs_str text, const char *more)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c && strchr(more, c))))
            return false;
    }
    return true;
}

static bool is_hex(struct ecs_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!strchr("0123456789abcdefABCDEF", text.p[i]) || !text.p[i])
            return false;
    return true;
}

/* https://<name>.notify.windows.com/..., nothing that could make another host of it. */
static bool is_wns_url(struct ecs_str url)
{
    struct ecs_str scheme = ECS_STR("https://"), suffix = ECS_STR(".notify.windows.com"), host;
    size_t end;

    if (!ecs_str_starts_with(url, scheme) || url.n > WNS_MAX)
        return false;
    url.p += scheme.n;
    url.n -= scheme.n;
    for (end = 0; end < url.n && url.p[end] != '/'; end++)
        ;
    host = (struct ecs_str){url.p, end};
    if (host.n <= suffix.n || !all_of(host, ".-"))
        return false;
    return ecs_str_eq_nocase((struct ecs_str){host.p + host.n - suffix.n, suffix.n}, suffix) &&
           all_of((struct ecs_str){url.p + end, url.n - end}, "/?=&%+-._~:,;!*'()$@");
}

bool ecs_push_token_fits(enum ecs_push_channel channel, struct ecs_str token)
{
    switch (channel) {
    case ECS_PUSH_GCM:
    case ECS_PUSH_FCM:
        return token.n > 0 && token.n <= FCM_MAX && all_of(token, "-_:.~%");
    case ECS_PUSH_APNS:
        return token.n >= APNS_MIN && token.n <= APNS_MAX && token.n % 2 == 0 && is_hex(token);
    case ECS_PUSH_WNS:
        return is_wns_url(token);
    case ECS_PUSH_SMS:
        break;
    }
    return false;
}
