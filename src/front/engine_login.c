/* SPDX-License-Identifier: Apache-2.0 */
/* Identity providers and one-time codes of a worker. Text messages leave in flows of their own, behind the
 * answer: how long a gateway takes tells nobody whether a number exists. */
#include "engine_login.h"

#include "ecs/log.h"
#include "ecs/push.h"

enum { SMS_LIMIT_MS = 30000, SMS_PAUSE_MS = 20 };

/* ---- text messages ---- */

struct sms_job {
    struct ecs_flow flow;
    struct ecs_timer timer;
    struct front *front;
    struct engine *engine;
    struct ecs_sms_text text;
    struct ecs_send_result result;
};

static enum ecs_next send_text(struct ecs_flow *f)
{
    struct sms_job *job = f->self;

    return ecs_push_text(f, job->engine->push, &job->text, &job->result);
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step sms_steps[] = {
    {"send-text", send_text, SMS_LIMIT_MS},
    {"end", finish, 0},
    {0},
};

static void sms_end(struct ecs_flow *f)
{
    struct sms_job *job = f->self;
    struct front *front = job->front;
    const char *why = f->rc != ECS_OK ? f->reason : job->result.reason;

    if (f->rc != ECS_OK || job->result.class != ECS_SEND_OK)
        ecs_log(NULL, ECS_EV_NEIGHBOUR_DOWN, "a one-time code was not sent: %s",
                why ? why : "no reason given");
    front->in_work--;
    ecs_metric_add(&front->metrics->in_work, (uint64_t)-1);
    engine_unref(job->engine);
    ecs_arena_free(f->arena);
}

static void begin_sms(void *arg)
{
    struct sms_job *job = arg;

    ecs_flow_start(&job->flow, job->front->worker->loop, job->flow.arena, NULL, sms_steps, job, sms_end);
}

bool engine_login_sms(void *owner, struct ecs_str msisdn, struct ecs_str text, uint16_t port)
{
    struct front *front = owner;
    struct ecs_arena *arena;
    struct sms_job *job;

    if (!front->engine || !front->engine->push || !ecs_push_has(front->engine->push, ECS_PUSH_SMS))
        return false;
    arena = ecs_arena_new(&front->worker->cache, 0);
    job = arena ? ecs_arena_secret(arena, sizeof(*job)) : NULL;
    if (job)
        job->text = (struct ecs_sms_text){{ecs_strdup(arena, msisdn), msisdn.n}, {NULL, text.n}, port};
    if (job && job->text.msisdn.p)
        job->text.text.p = ecs_memdup(arena, text.p, text.n);
    if (!job || !job->text.text.p) {
        ecs_arena_free(arena);
        return false;
    }
    job->front = front;
    job->engine = engine_ref(front->engine);
    front->in_work++; /* a drain waits for it */
    ecs_metric_add(&front->metrics->in_work, 1);
    job->flow.arena = arena;
    ecs_timer_arm(&job->timer, front->worker->loop, SMS_PAUSE_MS, begin_sms, job);
    return true;
}

/* ---- parts of the engine ---- */

static struct ecs_neighbour_stats *stats_of(void *owner, const char *name)
{
    struct front *front = owner;

    return ecs_metrics_neighbour(front->metrics, name);
}

bool engine_login_new(struct front *front, struct engine *e)
{
    const struct ecs_snapshot *s = e->snapshot;
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_logins_conf conf = {
        .otp = ecs_conf_get(s->conf, "otp"),
        .messages = s->messages,
        .sms = {engine_login_sms, front},
        .stats_of = stats_of,
        .stats_owner = front,
    };
    const char *error = "no memory";

    conf.oidc = ecs_conf_list(s->conf, "oidc", &conf.oidc_n);
    if (arena) {
        conf.redirect_uri = ecs_printf(arena, "%s%s", s->web->public_url, s->device->path);
        conf.page_url = ecs_printf(arena, "%s%s/otp", s->web->public_url, s->web->path);
    }
    if (arena && conf.redirect_uri && conf.page_url)
        e->logins = ecs_logins_new(front->pool, &conf, &error);
    ecs_arena_free(arena);
    if (!e->logins)
        ecs_log(NULL, ECS_EV_CONFIG, "oidc: %s", error);
    e->auth.logins = e->logins;
    return e->logins != NULL;
}

void engine_login_free(struct engine *e)
{
    ecs_logins_free(e->logins);
    e->logins = NULL;
}

/* ---- with the snapshot ---- */

bool login_has_page(const struct ecs_snapshot *s)
{
    size_t n;
    const struct ecs_oidc_conf *oidc = ecs_conf_list(s->conf, "oidc", &n);

    for (size_t i = 0; i < n; i++)
        if (oidc[i].second_factor == ECS_FACTOR_PAGE)
            return true;
    return false;
}

void login_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_sms_conf *sms = ecs_conf_get(s->conf, "sms");
    struct ecs_login_check check = {
        .path = path,
        .otp = ecs_conf_get(s->conf, "otp"),
        .production = s->server->mode == ECS_MODE_PRODUCTION,
        .has_public_url = s->web->public_url[0] != '\0',
        .has_sms = sms != NULL,
    };

    check.oidc = ecs_conf_list(s->conf, "oidc", &check.oidc_n);
    (void)ecs_login_check(&check, faults);
}
