/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the double's token endpoint, and one call for a token as a flow of its own. */
#pragma once

#include "double_rig.h"
#include "ecs/oauth_client.h"

enum { NOW = 1700000000 };

struct get {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    struct ecs_oauth_client *client;
    int64_t now;
    struct ecs_oauth_token token;
    void (*then)(struct get *g);
    void *then_arg;
    bool done, ended;
};

RIG_HELPER enum ecs_next get_token(struct ecs_flow *f)
{
    struct get *g = f->self;

    return ecs_oauth_client_token(f, g->client, g->now, &g->token);
}

RIG_HELPER enum ecs_next note(struct ecs_flow *f)
{
    struct get *g = f->self;

    g->done = f->rc == ECS_OK;
    if (g->done && g->then)
        g->then(g);
    return ECS_DONE;
}

RIG_HELPER void at_end(struct ecs_flow *f)
{
    struct get *g = f->self;

    g->ended = true;
}

__attribute__((unused)) static const struct ecs_step get_steps[] = {
    {"get", get_token, 20000}, {"note", note, 0}, {0}};

RIG_HELPER void start(struct world *w, struct get *g, struct ecs_oauth_client *client, int64_t now)
{
    g->arena = ecs_arena_new(NULL, 0);
    g->client = client;
    g->now = now;
    ecs_flow_start(&g->flow, w->rig.loop, g->arena, NULL, get_steps, g, at_end);
}

RIG_HELPER void finish(struct world *w, struct get *g)
{
    for (int i = 0; i < 1000 && !g->ended; i++)
        assert_int_equal(ecs_loop_turn(w->rig.loop, 20000), ECS_OK);
    assert_true(g->ended);
}

/* The token, or the error with "!" before it; overwritten by the next call. */
RIG_HELPER const char *token_at(struct world *w, struct ecs_oauth_client *client, int64_t now,
                                enum ecs_rc *ret_rc)
{
    static char text[512];
    struct get g = {0};

    start(w, &g, client, now);
    finish(w, &g);
    assert_true(g.done);
    assert_true((g.token.rc == ECS_OK) == (g.token.token != NULL));
    assert_true((g.token.rc == ECS_OK) == (g.token.error == NULL));
    snprintf(text, sizeof(text), "%s%s", g.token.token ? "" : "!",
             g.token.token ? g.token.token : g.token.error);
    if (ret_rc)
        *ret_rc = g.token.rc;
    ecs_arena_free(g.arena);
    return text;
}

RIG_HELPER struct ecs_oauth_client *open_client(struct world *w, struct ecs_oauth_client_conf conf)
{
    struct ecs_oauth_client *client;

    conf.token_url = origin_url("/token");
    if (!conf.client_id)
        conf.client_id = "me & co";
    if (conf.grant == ECS_OAUTH_CLIENT_SECRET && !conf.client_secret)
        conf.client_secret = "s:e/c r%t";
    client = ecs_oauth_client_new(w->n, &conf);
    assert_non_null(client);
    return client;
}

RIG_HELPER void give(struct world *w, const char *token, const char *expires_in)
{
    char rule[512];

    snprintf(rule, sizeof(rule),
             "{\"path\": \"/token\", \"json\": {\"access_token\": \"%s\", \"token_type\": \"Bearer\", "
             "\"expires_in\": %s}}",
             token, expires_in);
    set_rule(w, rule);
}
