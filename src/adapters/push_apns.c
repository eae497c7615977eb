/* SPDX-License-Identifier: Apache-2.0 */
/* Apple Push Notification service, provider API over HTTP/2: background pushes, authorized by a provider
 * token that is kept between 20 and 50 minutes, or by a client certificate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/push_int.h"
#include "ecs/crypto.h"
#include "ecs/json.h"
#include "ecs/jws.h"

enum {
    TOKEN_LEAST_S = 20 * 60, /* more frequent updates are refused */
    TOKEN_MOST_S = 50 * 60,
    TOKEN_MAX = 1024,
};

struct push_apns {
    struct ecs_neighbour *api;
    struct ecs_jws_signer *signer; /* NULL: client certificate */
    char *url, *topic, *team_id;
    char token[TOKEN_MAX];    /* "" before the first */
    int64_t made_s, forced_s; /* forced: last renewal that Apple asked for; 0: none */
};

struct work {
    struct push_apns *apns;
    const struct ecs_push_message *message;
    struct ecs_send_result *result;
    int64_t now;
    const char *token; /* that was sent */
    struct ecs_ask_answer answer;
    bool renewed;
};

struct push_apns *push_apns_new(struct ecs_http_pool *pool, const struct ecs_apns_conf *conf,
                                struct ecs_neighbour_stats *stats, struct ecs_arena *arena,
                                const char **ret_error)
{
    struct push_apns *apns = calloc(1, sizeof(*apns));
    struct ecs_neighbour_conf api = {.name = "apns",
                                     .ca_file = conf->ca_file,
                                     .cert_file = conf->certificate,
                                     .key_file = conf->certificate_key,
                                     .http2 = !push_url_is_plain(conf->url),
                                     .allow_plain = push_url_is_plain(conf->url),
                                     .stats = stats};
    const char *reason = "no memory";

    *ret_error = "apns: no memory";
    if (!apns)
        return NULL;
    if (conf->key) {
        apns->signer = ecs_jws_signer_new(ECS_JWS_ES256, ecs_str_of(conf->key), conf->key_id, &reason);
        if (!apns->signer) {
            *ret_error = ecs_printf(arena, "apns: key: %s", reason);
            free(apns);
            return NULL;
        }
    }
    apns->api = ecs_neighbour_new(pool, &api);
    apns->url = strdup(conf->url);
    apns->topic = strdup(conf->topic);
    apns->team_id = strdup(conf->team_id ? conf->team_id : "");
    if (apns->api && apns->url && apns->topic && apns->team_id)
        return apns;
    push_apns_free(apns);
    return NULL;
}

void push_apns_free(struct push_apns *apns)
{
    if (!apns)
        return;
    ecs_neighbour_free(apns->api);
    ecs_jws_signer_free(apns->signer);
    ecs_wipe(apns->token, sizeof(apns->token));
    free(apns->url);
    free(apns->topic);
    free(apns->team_id);
    free(apns);
}

/* ---- the provider token ---- */

static bool make_token(struct push_apns *apns, int64_t now, struct ecs_arena *arena)
{
    struct ecs_buf claims = {0};
    struct ecs_json_out out = {.buf = &claims};
    struct ecs_str token = ECS_STR_NULL;

    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "iss", ecs_str_of(apns->team_id));
    ecs_json_i64(&out, "iat", now);
    ecs_json_end(&out, '}');
    if (!claims.overflow)
        token = ecs_jws_sign(apns->signer, ecs_buf_str(&claims), arena);
    ecs_buf_done(&claims);
    if (!token.p || token.n >= sizeof(apns->token))
        return false;
    memcpy(apns->token, token.p, token.n);
    apns->token[token.n] = '\0';
    apns->made_s = now;
    return true;
}

static bool token_is_fresh(const struct push_apns *apns, int64_t now)
{
    return apns->token[0] && now >= apns->made_s && now - apns->made_s < TOKEN_MOST_S;
}

/* Apple called the token expired. True when there is another one to try: made by someone else meanwhile, or
 * now, but at most once in 20 minutes before its time. */
static bool renew_token(struct push_apns *apns, const char *refused, int64_t now)
{
    if (strcmp(apns->token, refused) != 0)
        return true;
    if (now - apns->made_s < TOKEN_LEAST_S) {
        if (apns->forced_s && now - apns->forced_s < TOKEN_LEAST_S)
            return false;
        apns->forced_s = now;
    }
    apns->token[0] = '\0';
    return true;
}

/* ---- sending ---- */

/* The device token is hexadecimal (ecs_push_token_fits), so it can stand in a path. */
static enum ecs_next post(struct ecs_flow *f)
{
    struct work *w = f->self;
    struct push_apns *apns = w->apns;
    struct ecs_ask ask = {.method = "POST", .content_type = "application/json"};
    const char *expiration =
        ecs_printf(f->arena, "%lld", (long long)(w->message->ttl_s > 0 ? w->now + w->message->ttl_s : 0));
    const char *collapse = push_collapse_key(w->message, f->arena);

    ask.url = ecs_printf(f->arena, "%s/3/device/%.*s", apns->url, ECS_FMT(w->message->token));
    ask.body = push_apns_body(w->message, f->arena);
    if (!ask.url || !ask.body.p || !expiration || !collapse)
        return push_end(w->result, ECS_SEND_RETRY, "no memory");
    if (ask.body.n > PUSH_BODY_MAX)
        return push_end(w->result, ECS_SEND_BAD, "the payload is too large");
    if (apns->signer) {
        if (!token_is_fresh(apns, w->now) && !make_token(apns, w->now, f->arena))
            return push_end(w->result, ECS_SEND_RETRY, "the provider token cannot be made");
        w->token = ecs_strdup(f->arena, ecs_str_of(apns->token));
        ask.bearer = w->token;
        if (!w->token)
            return push_end(w->result, ECS_SEND_RETRY, "no memory");
    }
    ask.header[0] = (struct ecs_ask_header){"apns-topic", apns->topic};
    ask.header[1] = (struct ecs_ask_header){"apns-push-type", "background"};
    ask.header[2] = (struct ecs_ask_header){"apns-priority", "5"}; /* 10 is refused for background */
    ask.header[3] = (struct ecs_ask_header){"apns-expiration", expiration};
    ask.header[4] = (struct ecs_ask_header){"apns-collapse-id", collapse};
    return ecs_neighbour_ask(f, apns->api, &ask, &w->answer);
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
    push_judge_apns(&answer, f->arena, &verdict);
    if (verdict.renew && !w->renewed && w->token && renew_token(w->apns, w->token, w->now)) {
        w->renewed = true;
        return ecs_flow_goto(f, post);
    }
    *w->result = verdict.result;
    return ECS_DONE;
}

static const struct ecs_step steps[] = {
    {"apns-post", post, PUSH_STEP_MS},
    {"apns-judge", judge, 0},
    {0},
};

enum ecs_next push_apns_send(struct ecs_flow *f, struct push_apns *apns,
                             const struct ecs_push_message *message, int64_t now,
                             struct ecs_send_result *ret_result)
{
    struct work *w = ecs_alloc(f->arena, sizeof(*w));

    if (!w) {
        push_end(ret_result, ECS_SEND_RETRY, "no memory");
        return ECS_NEXT;
    }
    *w = (struct work){.apns = apns, .message = message, .result = ret_result, .now = now};
    return ecs_flow_call(f, steps, w);
}
