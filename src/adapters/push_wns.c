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

struct work {
    struct push_wns *wns;
    const struct ecs_push_message *message;
    struct ecs_send_result *result;
    int64_t now;
    struct ecs_oauth_token token;
    struct ecs_ask_answer answer;
    bool renewed;
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

static enum ecs_next get_token(struct ecs_flow *f)
{
    struct work *w = f->self;

    return ecs_oauth_client_token(f, w->wns->oauth, w->now, &w->token);
}

static enum ecs_next post(struct ecs_flow *f)
{
    struct work *w = f->self;
    const char *ttl = ecs_printf(f->arena, "%lld", (long long)w->message->ttl_s);
    struct ecs_ask ask = {.method = "POST",
                          .url = url_of(w->wns, w->message->token, f->arena),
                          .content_type = "application/octet-stream",
                          .body = push_wns_body(w->message, f->arena),
                          .bearer = w->token.token};

    if (w->token.rc != ECS_OK) {
        push_judge_silence(w->token.rc, w->result);
        w->result->reason = w->token.error ? w->token.error : w->result->reason;
        return ECS_DONE;
    }
    if (!ask.url || !ask.body.p || !ttl)
        return push_end(w->result, ECS_SEND_RETRY, "no memory");
    if (ask.body.n > WNS_BODY_MAX)
        return push_end(w->result, ECS_SEND_BAD, "the payload is too large");
    ask.header[0] = (struct ecs_ask_header){"X-WNS-Type", "wns/raw"};
    ask.header[1] = (struct ecs_ask_header){"X-WNS-RequestForStatus", "true"};
    if (w->message->ttl_s > 0)
        ask.header[2] = (struct ecs_ask_header){"X-WNS-TTL", ttl};
    return ecs_neighbour_ask(f, w->wns->api, &ask, &w->answer);
}

static enum ecs_next judge(struct ecs_flow *f)
{
    struct work *w = f->self;
    struct push_answer answer = {.status = w->answer.status,
                                 .body = w->answer.body,
                                 .retry_after_s = w->answer.retry_after_s,
                                 .attempts = w->message->attempts};
    struct push_verdict verdict;

    if (w->answer.rc != ECS_OK) {
        push_judge_silence(w->answer.rc, w->result);
        return ECS_DONE;
    }
    answer.wns_status = ecs_ask_header(&w->answer, "x-wns-notificationstatus");
    push_judge_wns(&answer, &verdict);
    if (verdict.renew && !w->renewed) {
        w->renewed = true;
        ecs_oauth_client_drop(w->wns->oauth, w->token.token);
        return ecs_flow_goto(f, get_token);
    }
    *w->result = verdict.result;
    return ECS_DONE;
}

static const struct ecs_step steps[] = {
    {"wns-token", get_token, 2 * PUSH_STEP_MS},
    {"wns-post", post, PUSH_STEP_MS},
    {"wns-judge", judge, 0},
    {0},
};

enum ecs_next push_wns_send(struct ecs_flow *f, struct push_wns *wns, const struct ecs_push_message *message,
                            int64_t now, struct ecs_send_result *ret_result)
{
    struct work *w = ecs_alloc(f->arena, sizeof(*w));

    if (!w) {
        push_end(ret_result, ECS_SEND_RETRY, "no memory");
        return ECS_NEXT;
    }
    *w = (struct work){.wns = wns, .message = message, .result = ret_result, .now = now};
    return ecs_flow_call(f, steps, w);
}
