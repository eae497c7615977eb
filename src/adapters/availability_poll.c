/* SPDX-License-Identifier: Apache-2.0 */
/* One question to a feed: token where there is one, GET with If-None-Match, one repetition with a fresh token
 * after 401. What comes is checked whole. */
#include <stdlib.h>
#include <string.h>

#include "ecs/availability.h"
#include "ecs/clock.h"
#include "ecs/oauth_client.h"

enum { ANSWER_MAX = 256 << 10, ETAG_MAX = 256, STEP_LIMIT_MS = 40000 };

struct ecs_feed {
    const struct ecs_feed_conf *conf;
    struct ecs_neighbour *neighbour, *token_neighbour;
    struct ecs_oauth_client *oauth; /* NULL: another kind of proof */
};

static struct ecs_neighbour *new_neighbour(struct ecs_http_pool *pool, const struct ecs_feed_conf *c,
                                           struct ecs_neighbour_stats *stats, bool lab)
{
    const struct ecs_neighbour_conf conf = {
        .name = c->name,
        .ca_file = c->ca_file,
        .cert_file = c->certificate,
        .key_file = c->key ? c->key : c->certificate,
        .connect_ms = (uint32_t)c->connect_ms,
        .total_ms = (uint32_t)c->total_ms,
        .max_in_flight = 4,
        .max_answer = ANSWER_MAX,
        .allow_plain = lab,
        .stats = stats,
    };

    return ecs_neighbour_new(pool, &conf);
}

static bool open_oauth(struct ecs_feed *feed, struct ecs_http_pool *pool, bool lab)
{
    const struct ecs_feed_conf *c = feed->conf;
    const struct ecs_oauth_client_conf oauth = {
        .grant = ECS_OAUTH_CLIENT_SECRET,
        .token_url = c->token_url,
        .client_id = c->client_id,
        .client_secret = c->client_secret,
        .basic = true,
        .scope = c->scope,
    };

    feed->token_neighbour = new_neighbour(pool, c, NULL, lab);
    feed->oauth = feed->token_neighbour ? ecs_oauth_client_new(feed->token_neighbour, &oauth) : NULL;
    return feed->oauth != NULL;
}

struct ecs_feed *ecs_feed_new(struct ecs_http_pool *pool, const struct ecs_feed_conf *conf,
                              struct ecs_neighbour_stats *stats, bool lab)
{
    struct ecs_feed *feed = calloc(1, sizeof(*feed));

    if (!feed)
        return NULL;
    feed->conf = conf;
    feed->neighbour = new_neighbour(pool, conf, stats, lab);
    if (feed->neighbour && (conf->auth != ECS_FEED_AUTH_OAUTH || open_oauth(feed, pool, lab)))
        return feed;
    ecs_feed_free(feed);
    return NULL;
}

void ecs_feed_free(struct ecs_feed *feed)
{
    if (!feed)
        return;
    ecs_oauth_client_free(feed->oauth);
    ecs_neighbour_free(feed->token_neighbour);
    ecs_neighbour_free(feed->neighbour);
    free(feed);
}

/* ---- a question ---- */

struct question {
    struct ecs_feed_poll *poll;
    struct ecs_oauth_token token;
    struct ecs_ask ask;
    struct ecs_ask_answer answer;
    bool retried;
};

static enum ecs_next fail(struct question *q, const char *why)
{
    q->poll->outcome = ECS_FEED_FAILED;
    q->poll->why = why ? why : "no reason is known";
    return ECS_DONE;
}

static enum ecs_next fetch_token(struct ecs_flow *f)
{
    struct question *q = f->self;

    return q->poll->feed->oauth ? ecs_oauth_client_token(f, q->poll->feed->oauth, ecs_clock_now(), &q->token)
                                : ECS_NEXT;
}

static enum ecs_next ask(struct ecs_flow *f)
{
    struct question *q = f->self;
    const struct ecs_feed *feed = q->poll->feed;
    const struct ecs_feed_conf *c = feed->conf;
    struct ecs_ask_header *h = q->ask.header;

    if (feed->oauth && q->token.rc != ECS_OK)
        return fail(q, q->token.error ? q->token.error : ecs_strerror(q->token.rc));
    q->ask = (struct ecs_ask){.method = "GET", .url = c->url};
    *h++ = (struct ecs_ask_header){"Accept", "application/json"};
    if (q->poll->etag.p)
        *h++ = (struct ecs_ask_header){"If-None-Match", ecs_strdup(f->arena, q->poll->etag)};
    if (c->auth == ECS_FEED_AUTH_KEY)
        *h = (struct ecs_ask_header){c->key_header, c->key_value};
    if (c->auth == ECS_FEED_AUTH_BASIC) {
        q->ask.basic_user = c->client_id;
        q->ask.basic_password = c->client_secret;
    }
    q->ask.bearer = feed->oauth ? q->token.token : c->auth == ECS_FEED_AUTH_BEARER ? c->bearer : NULL;
    return ecs_neighbour_ask(f, feed->neighbour, &q->ask, &q->answer);
}

/* What does not fit is no reason to refuse the document: the whole is asked for again. */
static struct ecs_str etag_of(const struct question *q)
{
    const char *etag = ecs_ask_header(&q->answer, "etag");
    struct ecs_str text = ecs_str_of(etag);

    if (!etag || text.n > ETAG_MAX || !text.n || q->poll->document.later)
        return ECS_STR_NULL;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < 0x21 || text.p[i] > 0x7e)
            return ECS_STR_NULL;
    return text;
}

static enum ecs_next take(struct ecs_flow *f)
{
    struct question *q = f->self;
    struct ecs_feed_poll *p = q->poll;
    const char *why = NULL;
    enum ecs_rc rc;

    if (q->answer.rc != ECS_OK)
        return fail(q, q->answer.error ? q->answer.error : ecs_strerror(q->answer.rc));
    if (q->answer.status == 401 && p->feed->oauth && !q->retried) {
        q->retried = true;
        ecs_oauth_client_drop(p->feed->oauth, q->token.token);
        return ecs_flow_goto(f, fetch_token);
    }
    if (q->answer.status == 304 && p->etag.p) {
        p->outcome = ECS_FEED_SAME;
        p->new_etag = p->etag;
        return ECS_DONE;
    }
    if (q->answer.status != 200)
        return fail(q, ecs_printf(f->arena, "it answers with HTTP status %d", q->answer.status));
    rc = ecs_feed_parse(f->arena, q->answer.body, ecs_clock_now(), &p->document, &why);
    if (rc != ECS_OK)
        return fail(q, why ? why : ecs_strerror(rc));
    p->outcome = ECS_FEED_NEW;
    p->new_etag = etag_of(q);
    return ECS_DONE;
}

static const struct ecs_step question_steps[] = {
    {"feed-token", fetch_token, STEP_LIMIT_MS},
    {"feed-ask", ask, STEP_LIMIT_MS},
    {"feed-take", take, 0},
    {0},
};

static enum ecs_next begin(struct ecs_flow *f)
{
    struct ecs_feed_poll *poll = f->self;
    struct question *q = ecs_alloc(f->arena, sizeof(*q));

    if (!q) {
        poll->outcome = ECS_FEED_FAILED;
        poll->why = ecs_strerror(ECS_E_TOO_LARGE);
        return ECS_DONE;
    }
    q->poll = poll;
    return ecs_flow_call(f, question_steps, q);
}

static enum ecs_next end(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

const struct ecs_step ecs_feed_poll_steps[] = {{"feed-begin", begin, 0}, {"feed-end", end, 0}, {0}};
