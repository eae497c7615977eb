/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets of issuers. The fetch is a flow of its own, so that it does not end with the caller that happened
 * to begin it. A caller is served by the kept set as long as that is young and knows the key; everything else
 * asks for a newer set, which the minimum interval grants or not. */
#include "ecs/jwks.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/request_time.h"
#include "adapters/waiters.h"

enum { MAX_AGE_S = 3600, MIN_INTERVAL_S = 30, STALE_S = 86400, FETCH_LIMIT_MS = 120000 };

struct ecs_jwks {
    struct ecs_neighbour *neighbour;
    struct ecs_jwks_conf conf; /* url owned */
    struct ecs_jwk_set *set;   /* NULL: none */
    int64_t fetched_at, life_s, tried_at;
    bool tried;
    struct waiter *waiting;
    unsigned busy; /* flows are being resumed */
    bool freed;
    /* the fetch */
    bool fetching;
    struct ecs_flow flow;
    struct ecs_arena *arena;
    struct ecs_ask_answer answer;
};

struct verify {
    struct waiter waiter; /* first */
    struct ecs_str token;
    struct ecs_jws_expect expect;
    struct ecs_jwks_result *ret;
};

struct ecs_jwks *ecs_jwks_new(struct ecs_neighbour *neighbour, const struct ecs_jwks_conf *conf)
{
    struct ecs_jwks *jwks = calloc(1, sizeof(*jwks));
    char *url = strdup(conf->url);

    if (!jwks || !url) {
        free(jwks);
        free(url);
        return NULL;
    }
    jwks->neighbour = neighbour;
    jwks->conf.url = url;
    jwks->conf.max_age_s = conf->max_age_s ? conf->max_age_s : MAX_AGE_S;
    jwks->conf.min_interval_s = conf->min_interval_s ? conf->min_interval_s : MIN_INTERVAL_S;
    jwks->conf.stale_s = conf->stale_s ? conf->stale_s : STALE_S;
    return jwks;
}

static void release(struct ecs_jwks *jwks)
{
    if (!jwks->freed || jwks->fetching || jwks->busy > 0)
        return;
    ecs_jwk_set_free(jwks->set);
    free((char *)jwks->conf.url);
    free(jwks);
}

void ecs_jwks_free(struct ecs_jwks *jwks)
{
    if (!jwks || jwks->freed)
        return;
    jwks->freed = true;
    if (jwks->fetching && !jwks->waiting)
        ecs_flow_abort(&jwks->flow); /* its end releases */
    else
        release(jwks);
}

/* ---- ages; a clock that was set back makes things old, never young for ever ---- */

static bool is_within(int64_t since, int64_t request_s, int64_t seconds)
{
    int64_t now = request_time(since, request_s);

    return now >= since && now - since < seconds;
}

static bool is_young(const struct ecs_jwks *jwks, int64_t now)
{
    return jwks->set && is_within(jwks->fetched_at, now, jwks->life_s);
}

static bool may_fetch(const struct ecs_jwks *jwks, int64_t now)
{
    return !jwks->tried || !is_within(jwks->tried_at, now, jwks->conf.min_interval_s);
}

/* The kept set is the best there is; beyond stale_s it is worth nothing. */
static bool is_usable(const struct ecs_jwks *jwks, int64_t now)
{
    return jwks->set && (now < jwks->fetched_at || now - jwks->fetched_at < jwks->conf.stale_s);
}

/* ---- verification ---- */

static void verify_by_set(struct ecs_jwks *jwks, struct ecs_arena *arena, struct ecs_str token,
                          const struct ecs_jws_expect *expect, struct ecs_jwks_result *ret_result)
{
    *ret_result = (struct ecs_jwks_result){.rc = ECS_E_BACKEND, .verdict = ECS_JWS_NO_KEY};
    if (!is_usable(jwks, expect->now))
        return;
    ret_result->rc = ECS_OK;
    ret_result->verdict = ecs_jws_verify(token, jwks->set, expect, arena, &ret_result->claims);
}

/* A newer set might say something else. Without a kid any key may have been meant. */
static bool wants_newer(const struct ecs_jwks_result *result, struct ecs_str token, struct ecs_arena *arena)
{
    if (result->rc != ECS_OK || result->verdict == ECS_JWS_NO_KEY)
        return true;
    return result->verdict == ECS_JWS_SIGNATURE && ecs_jws_kid(token, arena).n == 0;
}

/* ---- fetch ---- */

static enum ecs_next ask_set(struct ecs_flow *f)
{
    struct ecs_jwks *jwks = f->self;
    struct ecs_ask ask = {
        .method = "GET",
        .url = jwks->conf.url,
        .header = {{"Accept", "application/jwk-set+json, application/json"}},
    };

    return ecs_neighbour_ask(f, jwks->neighbour, &ask, &jwks->answer);
}

static const char *keep_set(struct ecs_jwks *jwks)
{
    const struct ecs_ask_answer *a = &jwks->answer;
    const char *cache = ecs_ask_header(a, "cache-control");
    int64_t max_age = cache ? ecs_http_max_age_s(ecs_str_of(cache)) : -1;
    struct ecs_jwk_set *set;

    if (a->rc != ECS_OK)
        return a->error;
    if (a->status != 200)
        return ecs_printf(jwks->arena, "HTTP status %d", a->status);
    set = ecs_jwk_set_parse(a->body);
    if (!set)
        return "the answer is no key set";
    if (ecs_jwk_set_size(set) == 0) {
        ecs_jwk_set_free(set);
        return "the set has no key that can be used";
    }
    ecs_jwk_set_free(jwks->set);
    jwks->set = set;
    jwks->fetched_at = jwks->tried_at;
    jwks->life_s = max_age >= 0 && max_age < jwks->conf.max_age_s ? max_age : jwks->conf.max_age_s;
    return NULL;
}

static enum ecs_next take_set(struct ecs_flow *f)
{
    struct ecs_jwks *jwks = f->self;
    const char *failure = f->rc == ECS_OK ? keep_set(jwks) : f->reason;

    if (failure)
        ecs_log(NULL, ECS_EV_KEYS, "%s: %s; %s", ecs_neighbour_name(jwks->neighbour), failure,
                jwks->set ? "the former set is kept for now" : "there is none yet");
    return ECS_DONE;
}

static const struct ecs_step fetch_steps[] = {
    {"ask-set", ask_set, FETCH_LIMIT_MS},
    {"take-set", take_set, 0},
    {0},
};

static void serve(struct ecs_jwks *jwks)
{
    struct waiter *list;

    waiters_move(&jwks->waiting, &list);
    jwks->busy++;
    while (list) {
        struct verify *v = (struct verify *)(void *)list;
        struct ecs_flow *f = list->flow;

        waiter_leave(list);
        verify_by_set(jwks, f->arena, v->token, &v->expect, v->ret);
        ecs_flow_resume(f);
    }
    jwks->busy--;
}

static void on_fetched(struct ecs_flow *f)
{
    struct ecs_jwks *jwks = f->frame[0].self;

    ecs_arena_free(jwks->arena);
    jwks->arena = NULL;
    jwks->fetching = false;
    serve(jwks);
    release(jwks);
}

static bool start_fetch(struct ecs_jwks *jwks, struct ecs_loop *loop, int64_t now)
{
    jwks->tried_at = jwks->tried ? request_time(jwks->tried_at, now) : now;
    jwks->tried = true;
    jwks->arena = ecs_arena_new(NULL, 0);
    if (!jwks->arena)
        return false;
    jwks->fetching = true;
    ecs_flow_start(&jwks->flow, loop, jwks->arena, NULL, fetch_steps, jwks, on_fetched);
    return true;
}

/* What must outlive the caller's step. NULL: arena exhausted. */
static struct verify *new_verify(struct ecs_flow *f, struct ecs_str token,
                                 const struct ecs_jws_expect *expect)
{
    struct verify *v = ecs_alloc(f->arena, sizeof(*v));
    char *copy = ecs_strdup(f->arena, token);
    struct ecs_str *aud = ecs_memdup(f->arena, expect->aud, expect->aud_n * sizeof(*aud));

    if (!v || !copy || (expect->aud_n > 0 && !aud))
        return NULL;
    v->token = (struct ecs_str){copy, token.n};
    v->expect = *expect;
    v->expect.aud = aud;
    v->waiter.flow = f;
    return v;
}

enum ecs_next ecs_jwks_verify(struct ecs_flow *f, struct ecs_jwks *jwks, struct ecs_str token,
                              const struct ecs_jws_expect *expect, struct ecs_jwks_result *ret_result)
{
    struct verify *v;

    verify_by_set(jwks, f->arena, token, expect, ret_result);
    if (is_young(jwks, expect->now) && !wants_newer(ret_result, token, f->arena))
        return ECS_NEXT;
    if (!jwks->fetching && !may_fetch(jwks, expect->now))
        return ECS_NEXT;
    v = new_verify(f, token, expect);
    if (!v)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "key set: the request needs too much memory");
    v->ret = ret_result;
    waiter_join(&v->waiter, &jwks->waiting);
    if (!jwks->fetching && !start_fetch(jwks, f->loop, expect->now)) {
        waiter_leave(&v->waiter);
        return ECS_NEXT;
    }
    return ecs_flow_wait(f, waiter_cancel, &v->waiter);
}
