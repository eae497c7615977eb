/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of registrations and outbox: any call of the store as a flow, and short forms of the usual ones.
 */
#pragma once

#include "ecs/store_push.h"
#include "store_rig.h"

struct outbox_call {
    struct ecs_flow flow;
    enum ecs_next (*fn)(struct ecs_flow *f, void *arg);
    void *arg;
    unsigned *left;
};

static struct ecs_arena *outbox_arena; /* of the last call: its texts live there */

static inline enum ecs_next outbox_ask(struct ecs_flow *f)
{
    struct outbox_call *c = f->self;

    return c->fn(f, c->arg);
}

static inline void outbox_end(struct ecs_flow *f)
{
    struct outbox_call *c = f->frame[0].self;

    (*c->left)--;
}

static inline enum ecs_rc outbox_try(enum ecs_next (*fn)(struct ecs_flow *f, void *arg), void *arg)
{
    static const struct ecs_step outbox_steps[] = {
        {"ask", outbox_ask, 0}, {"end", end, 0}, {"error", end, 0}, {0}};
    static struct outbox_call c;
    unsigned left = 1;

    ecs_arena_free(outbox_arena);
    outbox_arena = ecs_arena_new(NULL, 0);
    assert_non_null(outbox_arena);
    c = (struct outbox_call){.fn = fn, .arg = arg, .left = &left};
    ecs_flow_start(&c.flow, loop, outbox_arena, NULL, outbox_steps, &c, outbox_end);
    pg_test_turn(loop, &left, 8000);
    assert_int_equal(left, 0);
    return c.flow.rc;
}

static inline void outbox_run(enum ecs_next (*fn)(struct ecs_flow *f, void *arg), void *arg)
{
    assert_int_equal(outbox_try(fn, arg), ECS_OK);
}

/* ---- registration ---- */

struct register_call {
    struct ecs_register entry;
    int status;
};

static inline enum ecs_next call_register(struct ecs_flow *f, void *arg)
{
    struct register_call *r = arg;

    return ecs_store_push_register(f, store, &r->entry, &r->status);
}

static inline enum ecs_next call_unregister(struct ecs_flow *f, void *arg)
{
    struct register_call *r = arg;

    return ecs_store_push_unregister(f, store, &r->entry);
}

/* The digest of these tests: the token's first characters. */
static inline struct ecs_register entry_of(const char *imsi, const char *terminal, int channel,
                                           const char *token, const struct ecs_str *apps, size_t n)
{
    struct ecs_register e = {.imsi = ecs_str_of(imsi),
                             .terminal_id = ecs_str_of(terminal),
                             .app_name = ECS_STR(""),
                             .channel = channel,
                             .token = ecs_str_of(token),
                             .apps = apps,
                             .n_apps = n};

    for (size_t i = 0; i < sizeof(e.digest) && token[i]; i++)
        e.digest[i] = (uint8_t)token[i];
    return e;
}

static const struct ecs_str ims_apps[] = {{"ap2003", 6}, {"ap2004", 6}, {"ap2005", 6}};

static inline int register_token(const char *imsi, const char *terminal, const char *token,
                                 const struct ecs_str *apps, size_t n)
{
    struct register_call r = {.entry = entry_of(imsi, terminal, 2, token, apps, n), .status = -1};

    outbox_run(call_register, &r);
    return r.status;
}

/* ---- outbox ---- */

struct take_call {
    unsigned most[ECS_NOTIFY_CHANNELS], lease_s;
    struct ecs_outgoing_rows rows;
};

static inline enum ecs_next call_take(struct ecs_flow *f, void *arg)
{
    struct take_call *t = arg;

    return ecs_store_notify_take(f, store, t->most, t->lease_s, &t->rows);
}

static inline struct take_call take_some(unsigned most, unsigned lease_s)
{
    struct take_call t = {.most = {0, most, most, most, most, most, most}, .lease_s = lease_s};

    outbox_run(call_take, &t);
    return t;
}

struct finish_call {
    struct ecs_notify_finish finish;
    struct ecs_str outcome;
};

static inline enum ecs_next call_finish(struct ecs_flow *f, void *arg)
{
    struct finish_call *c = arg;

    return ecs_store_notify_finish(f, store, &c->finish, &c->outcome);
}

static inline void finish_as(const struct ecs_outgoing *row, struct ecs_notify_finish finish,
                             const char *outcome)
{
    struct finish_call c = {.finish = finish};

    c.finish.id = row->id;
    c.finish.serial = row->serial;
    outbox_run(call_finish, &c);
    if (!ecs_str_eq(c.outcome, ecs_str_of(outcome)))
        fail_msg("%.*s instead of %s", ECS_FMT(c.outcome), outcome);
}

static inline enum ecs_next call_keep(struct ecs_flow *f, void *arg)
{
    return ecs_store_notify_keep(f, store, 100, arg);
}

static inline struct ecs_notify_kept keep_once(void)
{
    struct ecs_notify_kept kept = {0};

    outbox_run(call_keep, &kept);
    return kept;
}

static inline enum ecs_next call_control(struct ecs_flow *f, void *arg)
{
    return ecs_store_notify_control(f, store, arg);
}

static inline void set_control(const char *sms)
{
    static const struct ecs_str hook = {"ap2011", 6};
    struct ecs_notify_control control = {.enabled = true,
                                         .with_vowifi = true,
                                         .on_policy = true,
                                         .sms = ecs_str_of(sms),
                                         .bulk_rows = 5,
                                         .campaign_rate = 1000,
                                         .ttl_s = 3600,
                                         .hook_apps = &hook,
                                         .n_hook_apps = 1};

    outbox_run(call_control, &control);
}

static inline int outbox_done(void **state)
{
    ecs_arena_free(outbox_arena);
    return teardown(state);
}
