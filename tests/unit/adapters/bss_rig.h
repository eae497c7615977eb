/* SPDX-License-Identifier: Apache-2.0 */
/* A BSS adapter before the double, and its calls as flows of their own. */
#pragma once

#include "double_rig.h"
#include "ecs/bss.h"

struct bss_world {
    struct world w;
    struct ecs_bss_conf conf;
    struct ecs_bss *bss;
    struct ecs_str items[16]; /* of the lists of conf */
    char url[256], token_url[256];
};

/* conf: type, auth and lists are set already. */
RIG_HELPER void bss_open(struct bss_world *b)
{
    struct ecs_bss_env env = {.lab = true};

    world_open(&b->w);
    env.pool = b->w.rig.pool;
    snprintf(b->url, sizeof(b->url), "%s", origin_url("/base/"));
    snprintf(b->token_url, sizeof(b->token_url), "%s", origin_url("/token"));
    b->conf.url = b->url;
    b->conf.token_url = b->token_url;
    b->conf.callback = b->conf.callback ? b->conf.callback : "";
    b->conf.connect_ms = 2000;
    b->conf.total_ms = b->conf.total_ms ? b->conf.total_ms : 4000;
    b->conf.max_in_flight = 8;
    b->bss = ecs_bss_new(&env, &b->conf);
    assert_non_null(b->bss);
}

RIG_HELPER void bss_close(struct bss_world *b)
{
    ecs_bss_free(b->bss);
    world_close(&b->w);
}

enum bss_what { ASK, PLANS, ORDER, FIND, CANCEL };
struct bss_job {
    struct ecs_flow flow;
    struct bss_world *b;
    enum bss_what what;
    struct ecs_bss_subject subject;
    struct ecs_bss_order order;
    struct ecs_str reference;
    struct ecs_bss_line line;
    struct ecs_bss_plans plans;
    struct ecs_bss_result result;
    bool done, ended;
};

RIG_HELPER enum ecs_next bss_job_ask(struct ecs_flow *f)
{
    struct bss_job *j = f->self;

    switch (j->what) {
    case ASK:
        return ecs_bss_ask(f, j->b->bss, &j->subject, &j->line);
    case PLANS:
        return ecs_bss_plans(f, j->b->bss, &j->subject, &j->plans);
    case ORDER:
        return ecs_bss_order(f, j->b->bss, &j->order, &j->result);
    case FIND:
        return ecs_bss_find(f, j->b->bss, &j->order, j->reference, &j->result);
    default:
        return ecs_bss_cancel(f, j->b->bss, &j->order, j->reference, &j->result);
    }
}

RIG_HELPER enum ecs_next bss_job_note(struct ecs_flow *f)
{
    struct bss_job *j = f->self;

    j->done = f->rc == ECS_OK;
    return ECS_DONE;
}

RIG_HELPER void bss_job_end(struct ecs_flow *f)
{
    struct bss_job *j = f->frame[0].self;

    j->ended = true;
}

__attribute__((unused)) static const struct ecs_step bss_job_steps[] = {
    {"ask", bss_job_ask, 0}, {"note", bss_job_note, 0}, {0}};

/* Runs one call to its end; texts live as long as the world. */
RIG_HELPER void bss_do(struct bss_world *b, struct bss_job *j, enum bss_what what)
{
    int64_t end = ecs_clock_mono_us() + 20000000;

    j->b = b;
    j->what = what;
    j->done = j->ended = false;
    ecs_flow_start(&j->flow, b->w.rig.loop, b->w.arena, NULL, bss_job_steps, j, bss_job_end);
    while (!j->ended && ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(b->w.rig.loop, 20000), ECS_OK);
    assert_true(j->ended && j->done);
}

RIG_HELPER void check_text(struct ecs_str have, const char *wanted)
{
    if (!ecs_str_eq(have, ecs_str_of(wanted)))
        fail_msg("\"%.*s\" in place of \"%s\"", ECS_FMT(have), wanted ? wanted : "(none)");
}

RIG_HELPER void check_status(enum ecs_bss_status have, enum ecs_bss_status wanted, const char *why)
{
    if (have != wanted)
        fail_msg("%s in place of %s: %s", ecs_bss_status_names[have], ecs_bss_status_names[wanted],
                 why ? why : "no reason");
}

/* The log has this text. */
RIG_HELPER void check_asked(struct bss_world *b, const char *text)
{
    const char *log = origin_log(&b->w);

    if (!strstr(log, text))
        fail_msg("\"%s\" is not in %s", text, log);
}

RIG_HELPER struct bss_job an_order(enum ecs_bss_action action)
{
    return (struct bss_job){.order = {.action = action,
                                      .key = ECS_STR("ecs-7c9e6679-7425-40de-944b-e07fc1f90ae7-1"),
                                      .iccid = ECS_STR("8944500102198304826"),
                                      .subject = {.imsi = ECS_STR("001010000000001"),
                                                  .msisdn = ECS_STR("491700000001"),
                                                  .app = ECS_STR("ap2006"),
                                                  .target_id = ECS_STR("359911111111111"),
                                                  .eid = ECS_STR("89049032123451234512345678901235"),
                                                  .service = ECS_STR("SharedNumber"),
                                                  .plan = ECS_STR("watch-share"),
                                                  .old_iccid = ECS_STR("8944500102198304818")}}};
}
