/* SPDX-License-Identifier: Apache-2.0 */
/* Windows Push Notification Services: raw notifications to the channel URI that the device registered. The
 * URI was checked before anything is sent to it (ecs_push_token_fits, G-022). */
#include <stdlib.h>
#include <string.h>

#include "adapters/push_int.h"
#include "ecs/oauth_client.h"

enum { WNS_BODY_MAX = 5000 };

struct push_wns {
    struct ecs_neighbour *api, *tokens;
    struct ecs_oauth_client *oauth;
    char *relay; /* scheme and host, NULL: the channel's */
};

struct push_wns *push_wns_new(struct ecs_http_pool *pool, const struct ecs_wns_conf *conf,
                              struct ecs_neighbour_stats *stats, struct ecs_arena *arena,
                              const char **ret_error)
{
    struct push_wns *wns = calloc(1, sizeof(*wns));
    struct ecs_neighbour_conf api = {.name = "wns",
                                     .ca_file = conf->ca_file,
                                     .allow_plain = conf->relay_url && push_url_is_plain(conf->relay_url),
                                     .stats = stats};
    struct ecs_neighbour_conf tokens = {
        .name = "wns-oauth", .ca_file = conf->ca_file, .allow_plain = push_url_is_plain(conf->token_url)};
    struct ecs_oauth_client_conf oauth = {.grant = ECS_OAUTH_CLIENT_SECRET,
                                          .token_url = conf->token_url,
                                          .client_id = conf->client_id,
                                          .client_secret = conf->client_secret,
                                          .scope = conf->scope};

    (void)arena;
    *ret_error = "wns: no memory";
    if (!wns)
        return NULL;
    wns->api = ecs_neighbour_new(pool, &api);
    wns->tokens = ecs_neighbour_new(pool, &tokens);
    wns->oauth = wns->tokens ? ecs_oauth_client_new(wns->tokens, &oauth) : NULL;
    wns->relay = conf->relay_url ? strdup(conf->relay_url) : NULL;
    if (wns->api && wns->oauth && (wns->relay || !conf->relay_url))
        return wns;
    push_wns_free(wns);
    return NULL;
}

void push_wns_free(struct push_wns *wns)
{
    if (!wns)
        return;
    if (wns->oauth)
        ecs_oauth_client_free(wns->oauth);
    ecs_neighbour_free(wns->tokens);
    ecs_neighbour_free(wns->api);
    free(wns->relay);
    free(wns);
}

/* ---- sending ---- */

/* NULL: no memory. */
static const char *url_of(const struct push_wns *wns, struct ecs_str channel, struct ecs_arena *arena)
{
    static const size_t scheme_n = sizeof("https://") - 1;
    const char *path;

    if (!wns->relay)
        return ecs_strdup(arena, channel);
    path = memchr(channel.p + scheme_n, '/', channel.n - scheme_n);
    return ecs_printf(arena, "%s%.*s", wns->relay, path ? (int)(channel.p + channel.n - path) : 1,
                      path ? path : "/");
}

static bool write_ask(const void *sender, const struct ecs_push_message *message, struct ecs_arena *arena,
                      struct ecs_ask *ask)
{
    const char *ttl = ecs_printf(arena, "%lld", (long long)message->ttl_s);

    ask->url = url_of(sender, message->token, arena);
    ask->content_type = "application/octet-stream";
    ask->body = push_wns_body(message, arena);
    ask->header[0] = (struct ecs_ask_header){"X-WNS-Type", "wns/raw"};
    ask->header[1] = (struct ecs_ask_header){"X-WNS-RequestForStatus", "true"};
    if (message->ttl_s > 0)
        ask->header[2] = (struct ecs_ask_header){"X-WNS-TTL", ttl};
    return ask->url && ask->body.p && ttl;
}

static void judge(const struct ecs_ask_answer *from, const struct push_answer *answer,
                  struct ecs_arena *arena, struct push_verdict *ret_verdict)
{
    struct push_answer whole = *answer;

    (void)arena;
    whole.wns_status = ecs_ask_header(from, "x-wns-notificationstatus");
    push_judge_wns(&whole, ret_verdict);
}

enum ecs_next push_wns_send(struct ecs_flow *f, struct push_wns *wns, const struct ecs_push_message *message,
                            int64_t now, struct ecs_send_result *ret_result)
{
    struct push_bearer bearer = {.sender = wns,
                                 .api = wns->api,
                                 .oauth = wns->oauth,
                                 .body_max = WNS_BODY_MAX,
                                 .write_ask = write_ask,
                                 .judge = judge};

    return push_bearer_send(f, &bearer, message, now, ret_result);
}
