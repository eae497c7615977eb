/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's life: build what a request needs, serve, take over new snapshots, drain. */
#include <stdlib.h>
#include <string.h>

#include "accounting_job.h"
#include "admin.h"
#include "background.h"
#include "availability_job.h"
#include "boost_job.h"
#include "bss_job.h"
#include "callback.h"
#include "ecs/clock.h"
#include "ecs/log.h"
#include "ecs/oauth_server.h"
#include "ecs/vectors.h"
#include "engine_aaa.h"
#include "engine_ladder.h"
#include "engine_login.h"
#include "engine_odsa.h"
#include "engine_qos.h"
#include "engine_service.h"
#include "engine_userinfo.h"
#include "journey_watch.h"
#include "node.h"
#include "notify.h"
#include "sheet.h"
#include "web_oauth.h"

enum { LIMITER_SLOTS = 65536, DRAIN_CHECK_MS = 50, GZIP_LEVEL = 1, IND_BITS = 5 };

/* ---- engine ---- */

static void set_auth(struct front *front, struct engine *e)
{
    const struct ecs_snapshot *s = e->snapshot;

    e->auth = (struct ecs_auth_env){
        .conf = s->auth,
        .plmns = s->plmns,
        .plmn_n = s->plmn_n,
        .crypto = front->crypto,
        .store = front->store,
        .token_sealer = e->token_sealer,
        .key_sealer = e->key_sealer,
        .source_limiter = front->source_limiter,
        .vectors = &ecs_vectors_local,
        .oauth = e->oauth,
        .grants = ecs_conf_get(s->conf, "grants"),
        .operations = ecs_odsa_operations(s->offered) | userinfo_operations(s),
        .identity = ecs_conf_get(s->conf, "identity"),
        .identity_keys = s->identity_keys,
    };
}

enum ecs_rc engine_new(struct front *front, struct ecs_snapshot *snapshot, struct engine **ret_engine)
{
    struct engine *e = calloc(1, sizeof(*e));

    if (!e)
        return ECS_E_NO_MEMORY;
    e->refs = 1;
    e->snapshot = ecs_snapshot_ref(snapshot);
    e->token_sealer = ecs_sealer_new(front->crypto, &snapshot->token_keys, ECS_STR("token"));
    e->flow_sealer = ecs_sealer_new(front->crypto, &snapshot->token_keys, ECS_STR("flow"));
    e->key_sealer = ecs_sealer_new(front->crypto, &snapshot->subscriber_keys, ECS_STR("subscriber-key"));
    e->languages = ecs_messages_languages(snapshot->messages, &e->language_n);
    e->oauth = web_oauth_server(front, snapshot);
    if (!e->oauth || !e->token_sealer || !e->flow_sealer || !e->key_sealer || !engine_sheet_new(front, e)) {
        engine_unref(e);
        return ECS_E_INTERNAL;
    }
    if (!engine_aaa_new(front, e) || !engine_accounting_new(front, e)) {
        engine_unref(e);
        return ECS_E_CONFIG;
    }
    set_auth(front, e);
    if (!engine_ladder_new(front, e) || !engine_portal_new(e)) {
        engine_unref(e);
        return ECS_E_NO_MEMORY;
    }
    if (!engine_push_new(front, e) || !engine_login_new(front, e) || !engine_odsa_new(front, e) ||
        !engine_service_new(front, e) || !engine_userinfo_new(front, e) || !engine_qos_new(front, e)) {
        engine_unref(e);
        return ECS_E_NO_MEMORY;
    }
    *ret_engine = e;
    return ECS_OK;
}

struct engine *engine_ref(struct engine *engine)
{
    engine->refs++;
    return engine;
}

void engine_unref(struct engine *engine)
{
    if (!engine || --engine->refs)
        return;
    engine_userinfo_free(engine);
    engine_odsa_free(engine);
    engine_qos_free(engine);
    engine_service_free(engine);
    engine_ladder_free(engine);
    engine_aaa_free(engine);
    engine_accounting_free(engine);
    engine_sheet_free(engine);
    engine_login_free(engine);
    engine_push_free(engine);
    engine_portal_free(engine);
    ecs_sealer_free(engine->token_sealer);
    ecs_sealer_free(engine->flow_sealer);
    ecs_sealer_free(engine->key_sealer);
    ecs_oauth_server_free(engine->oauth);
    ecs_snapshot_unref(engine->snapshot);
    free(engine);
}

/* ---- requests ---- */

void front_take_body(struct ecs_http_request *http, const struct ecs_buf *text, struct ecs_str fallback,
                     struct ecs_http_reply *reply)
{
    char *copy =
        text->overflow ? NULL : ecs_memdup(http->arena, text->p ? text->p : "", text->n ? text->n : 1);

    reply->body = copy ? (struct ecs_str){copy, text->n} : fallback;
    if (!copy)
        reply->status = 503;
}

bool front_keep(struct ecs_arena *arena, struct ecs_str text, struct ecs_str *ret_copy)
{
    char *p = text.n ? ecs_strdup(arena, text) : NULL;

    *ret_copy = p ? (struct ecs_str){p, text.n} : ECS_STR_NULL;
    return p || !text.n;
}

void front_handle(struct ecs_http_request *http)
{
    if (!web_handle(http))
        device_handle(http);
}

void front_answered(const struct ecs_http_request *http, int status, size_t body_bytes)
{
    const struct front_user *user = http->user;

    if (!user) /* the server's own answer */
        ecs_log(&http->log, ECS_EV_REQUEST_FAILED, "%d: refused while it was read", status);
    else if (user->kind == FRONT_DEVICE)
        device_answered(http, status, body_bytes);
    else
        web_answered(http, status, body_bytes);
}

/* ---- admission ---- */

static struct admission_conf admission_conf(const struct ecs_limits_conf *l)
{
    return (struct admission_conf){.max = (unsigned)l->in_work,
                                   .target_us = l->answer_target_ms * 1000,
                                   .outstanding = (unsigned)l->eap_outstanding,
                                   .lag_us = l->lag_target_ms * 1000};
}

/* The longer of two waits: for a turn of the loop, and for a turn among the handshakes. */
static bool admit_connection(void *env, int64_t behind_us, uint64_t source)
{
    struct front *front = env;
    int64_t lag_us = ecs_lag_us(&front->lag);

    return admission_connection(
        &front->admission, behind_us > lag_us ? behind_us : lag_us,
        atomic_load_explicit(&front->metrics->http.connections_fresh, memory_order_relaxed), source,
        ecs_loop_now_us(front->worker->loop));
}

/* ---- start ---- */

static struct ecs_http_limits http_limits(const struct ecs_limits_conf *l)
{
    return (struct ecs_http_limits){
        .body = (size_t)l->body,
        .pool = (size_t)l->head,
        .arena = (size_t)l->arena,
        .connections = (unsigned)l->connections,
        .per_prefix = (unsigned)l->per_prefix,
        .handshake_ms = (uint32_t)l->handshake_ms,
        .read_ms = (uint32_t)l->read_ms,
        .idle_ms = (uint32_t)l->idle_ms,
        .write_ms = (uint32_t)l->write_ms,
    };
}

static enum ecs_rc start_servers(struct front *front)
{
    const struct ecs_node *node = front->node;
    struct ecs_snapshot *s = front->engine->snapshot;
    struct ecs_http_server_conf conf = {
        .limits = http_limits(s->limits),
        .proxy_count = s->proxy_n,
        .trust_unix = true,
        .handler = front_handle,
        .on_answer = front_answered,
        .admit = admit_connection,
        .env = front,
        .cache = &front->worker->cache,
        .stats = &front->metrics->http,
        .worker = front->worker->index,
    };
    enum ecs_rc rc = ECS_OK;

    front->proxies = calloc(s->proxy_n + 1, sizeof(*front->proxies));
    if (!front->proxies)
        return ECS_E_NO_MEMORY;
    if (s->proxy_n)
        memcpy(front->proxies, s->proxies, s->proxy_n * sizeof(*front->proxies));
    conf.proxies = front->proxies;
    for (unsigned i = 0; i < node->listener_n; i++) {
        conf.listen_fd = node->device_fds[front->worker->index * node->listener_n + i];
        conf.tls = node->listener_is_tls[i] ? s->tls : NULL;
        front->server_is_tls[i] = node->listener_is_tls[i];
        front->servers[i] = ecs_http_server_new(front->worker->loop, &conf, &rc);
        if (!front->servers[i])
            return rc;
        front->server_n = i + 1;
    }
    return ECS_OK;
}

static struct ecs_store_conf store_conf(const struct ecs_snapshot *s)
{
    return (struct ecs_store_conf){
        .pg = {.conninfo = s->database->conninfo,
               .connections = (unsigned)s->database->connections,
               .statement_timeout_ms = (uint32_t)s->database->statement_timeout_ms,
               .max_waiting = (unsigned)s->database->max_waiting},
        .ind_bits = IND_BITS,
        .ind = (unsigned)s->auth->ind,
        .limit_attempts = (unsigned)s->auth->attempts,
        .limit_window_s = (unsigned)s->auth->attempts_window_s,
        .session_life_s = (unsigned)s->auth->session_s,
    };
}

static struct ecs_store *start_store(struct front *front, const struct ecs_snapshot *s)
{
    struct ecs_store_conf conf = store_conf(s);

    return ecs_store_new(front->worker->loop, &conf, &front->metrics->pg);
}

/* No memory for it: requests get 503 while the database is away, as without it. */
static void want_last_known(struct front *front, const struct ecs_last_known_conf *conf)
{
    if (conf->max_age_s && !front->known)
        front->known = last_known_new((unsigned)conf->entries);
    if (conf->max_age_s)
        return;
    last_known_free(front->known); /* switched off: nothing is kept */
    front->known = NULL;
}

static enum ecs_rc make_parts(struct front *front, const struct ecs_snapshot *s)
{
    struct admission_conf room;

    front->crypto = ecs_crypto_new();
    front->pool = ecs_http_pool_new(front->worker->loop);
    front->gzip = ecs_gzip_new(GZIP_LEVEL);
    front->device_limiter = ecs_limiter_new((uint32_t)s->limits->device_per_minute,
                                            (uint32_t)s->limits->device_burst, LIMITER_SLOTS);
    front->source_limiter =
        ecs_limiter_new((uint32_t)s->auth->source_per_minute, (uint32_t)s->auth->source_burst, LIMITER_SLOTS);
    want_last_known(front, s->last_known);
    room = admission_conf(s->limits);
    admission_init(&front->admission, &room, ecs_loop_now_us(front->worker->loop));
    front->store = start_store(front, s);
    front->odsa = ecs_odsa_runner_new(front->worker->loop, &front->worker->cache);
    if (!ecs_lag_start(&front->lag, front->worker->loop))
        return ECS_E_INTERNAL;
    if (!front->odsa || !front->crypto || !front->pool || !front->gzip || !front->device_limiter || !front->source_limiter)
        return ECS_E_NO_MEMORY;
    return front->store ? ECS_OK : ECS_E_CONFIG;
}

static void free_parts(struct front *front)
{
    notify_stop(front->notify);
    for (unsigned i = 0; i < front->server_n; i++)
        ecs_http_server_free(front->servers[i]);
    for (unsigned i = 0; i < front->admin_server_n; i++)
        ecs_http_server_free(front->admin_servers[i]);
    callback_free(front);
    free(front->proxies);
    ecs_lag_stop(&front->lag);
    ecs_timer_disarm(&front->reap_timer);
    ecs_timer_disarm(&front->announce_timer);
    ecs_timer_disarm(&front->drain_timer);
    ecs_timer_disarm(&front->odsa_timer);
    accounting_job_stop(front->accounting_job);
    bss_job_stop(front->bss_job);
    boost_job_stop(front->boost_job);
    availability_job_stop(front->availability);
    qos_stop(front->qos);
    journey_watch_stop(front->journeys);
    ecs_odsa_runner_free(front->odsa); /* its drives hold engines and wait for the store */
    last_known_free(front->known);
    ecs_store_free(front->store);
    engine_unref(front->engine);
    diameter_stop(front);
    ecs_http_pool_free(front->pool);
    ecs_limiter_free(front->device_limiter);
    ecs_limiter_free(front->source_limiter);
    ecs_limiter_free(front->verify_limiter);
    ecs_gzip_free(front->gzip);
    ecs_crypto_free(front->crypto);
    ecs_buf_done(&front->scratch);
    ecs_buf_done(&front->packed);
}

enum ecs_rc front_start(struct ecs_worker *worker, void *arg)
{
    struct ecs_node *node = arg;
    struct front *front = &node->fronts[worker->index];
    enum ecs_rc rc;

    worker->state = front;
    front->web_user.kind = FRONT_WEB;
    front->worker = worker;
    front->node = node;
    front->metrics = node->metrics[worker->index];
    rc = make_parts(front, node->snapshot);
    if (rc == ECS_OK)
        rc = diameter_start(front, node->snapshot);
    if (rc == ECS_OK)
        rc = engine_new(front, node->snapshot, &front->engine);
    if (rc == ECS_OK)
        rc = start_servers(front);
    if (rc == ECS_OK && worker->index == 0)
        rc = admin_start(front);
    if (rc == ECS_OK && worker->index == 0)
        rc = callback_start(front);
    if (rc != ECS_OK) {
        ecs_log_at(NULL, ECS_EV_START, ECS_LOG_ERROR, "worker %u cannot start: %s", worker->index,
                   ecs_strerror(rc));
        free_parts(front);
        return rc;
    }
    front->journeys = journey_watch_start(front);
    if (worker->index == 0) {
        reaper_start(front);
        odsa_start(front);
        front->bss_job = bss_job_start(front);
        front->boost_job = boost_job_start(front);
        front->availability = availability_job_start(front);
        front->qos = qos_start(front);
        front->accounting_job = accounting_job_start(front);
        policy_announce(front);
        front->notify = notify_start(front);
    }
    return ECS_OK;
}

void front_stop(struct ecs_worker *worker)
{
    struct front *front = worker->state;

    free_parts(front);
    atomic_fetch_sub(&front->node->running, 1);
}

/* ---- reload ---- */

struct reload {
    struct ecs_mail mail;
    struct front *front;
    struct ecs_snapshot *snapshot;
};

static void take_snapshot(struct front *front, struct ecs_snapshot *s)
{
    struct ecs_store_conf conf = store_conf(s);
    struct admission_conf room;
    struct engine *fresh;

    if (engine_new(front, s, &fresh) != ECS_OK) {
        ecs_log(NULL, ECS_EV_RELOAD_FAILED, "worker %u keeps the former snapshot: no memory",
                front->worker->index);
        return;
    }
    ecs_store_limits(front->store, &conf);
    room = admission_conf(s->limits);
    admission_set(&front->admission, &room);
    want_last_known(front, s->last_known);
    ecs_limiter_set(front->device_limiter, (uint32_t)s->limits->device_per_minute,
                    (uint32_t)s->limits->device_burst);
    ecs_limiter_set(front->source_limiter, (uint32_t)s->auth->source_per_minute,
                    (uint32_t)s->auth->source_burst);
    engine_unref(front->engine);
    front->engine = fresh;
    callback_reload(front, s);
    diameter_reload(front, s);
    if (front->worker->index == 0) {
        policy_announce(front);
        notify_reload(front->notify);
    }
    for (unsigned i = 0; i < front->server_n; i++)
        if (front->server_is_tls[i] && s->tls)
            ecs_http_server_set_tls(front->servers[i], s->tls);
}

static void on_reload(struct ecs_mail *mail, void *owner)
{
    struct reload *r = (struct reload *)mail;

    (void)owner;
    take_snapshot(r->front, r->snapshot);
    ecs_snapshot_unref(r->snapshot);
    free(r);
}

void front_post_reload(struct front *front, struct ecs_snapshot *snapshot)
{
    struct reload *r = calloc(1, sizeof(*r));

    if (!r) {
        ecs_log(NULL, ECS_EV_RELOAD_FAILED, "worker %u keeps the former snapshot: no memory",
                front->worker->index);
        return;
    }
    r->mail.fn = on_reload;
    r->front = front;
    r->snapshot = ecs_snapshot_ref(snapshot);
    ecs_mailbox_post(front->worker->mailbox, &r->mail);
}

/* ---- drain ---- */

static void drain_check(void *arg)
{
    struct front *front = arg;
    bool idle = front->in_work == 0;

    for (unsigned i = 0; i < front->server_n && idle; i++)
        idle = ecs_http_server_is_idle(front->servers[i]);
    for (unsigned i = 0; i < front->callback_server_n && idle; i++)
        idle = ecs_http_server_is_idle(front->callback_servers[i]);
    /* An order that is under way is written down, instead of being looked for by another node. */
    idle = idle && !ecs_odsa_runner_busy(front->odsa) && accounting_is_written(front) && diameter_leave(front);
    if (!idle && ecs_loop_now_us(front->worker->loop) < front->drain_end_us) {
        ecs_timer_arm(&front->drain_timer, front->worker->loop, DRAIN_CHECK_MS, drain_check, front);
        return;
    }
    if (!idle)
        ecs_log(NULL, ECS_EV_STOP, "worker %u ends with %u requests in work: server.drain is over",
                front->worker->index, front->in_work);
    ecs_loop_stop(front->worker->loop);
}

static void on_drain(struct ecs_mail *mail, void *owner)
{
    struct front *front = ((struct ecs_worker *)owner)->state;

    (void)mail;
    front->draining = true;
    accounting_job_leave(front->accounting_job);
    front->drain_end_us =
        ecs_loop_now_us(front->worker->loop) + front->engine->snapshot->server->drain_s * INT64_C(1000000);
    for (unsigned i = 0; i < front->server_n; i++)
        ecs_http_server_drain(front->servers[i]);
    for (unsigned i = 0; i < front->callback_server_n; i++)
        ecs_http_server_drain(front->callback_servers[i]);
    drain_check(front);
}

void front_post_drain(struct front *front)
{
    front->drain_mail.fn = on_drain;
    ecs_mailbox_post(front->worker->mailbox, &front->drain_mail);
}
