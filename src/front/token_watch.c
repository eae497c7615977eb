/* SPDX-License-Identifier: Apache-2.0 */
/* Misused tokens and changed devices: small flows with an arena of their own. */
#include "token_watch.h"

#include <string.h>

#include "ecs/log.h"
#include "ecs/store_grant.h"

enum { LIMIT_MS = 5000, NOTES_MAX = 64 }; /* a flood of misuse is not carried on to the database */

struct note {
    struct ecs_flow flow;
    struct front *front;
    struct ecs_imsi imsi;
    uint8_t terminal[16];
    int64_t generation, most, window_s;
    struct ecs_misuse_noted noted;
    char request_id[sizeof(((struct ecs_log_ctx *)0)->request_id)];
};

static struct note *new_note(struct device *d, const struct ecs_imsi *imsi)
{
    struct ecs_arena *arena = d->front->notes < NOTES_MAX ? ecs_arena_new(&d->front->worker->cache, 0) : NULL;
    struct note *note = arena ? ecs_alloc(arena, sizeof(*note)) : NULL;

    if (!note) {
        ecs_arena_free(arena);
        return NULL;
    }
    d->front->notes++;
    note->front = d->front;
    note->flow.arena = arena;
    note->imsi = *imsi;
    memcpy(note->request_id, d->http->log.request_id, sizeof(note->request_id));
    return note;
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static void start(struct note *note, const struct ecs_step *steps, void (*on_end)(struct ecs_flow *f))
{
    ecs_flow_start(&note->flow, note->front->worker->loop, note->flow.arena, NULL, steps, note, on_end);
}

static void log_context(const struct note *note, struct ecs_log_ctx *ret_context)
{
    *ret_context = (struct ecs_log_ctx){.worker = note->front->worker->index};
    memcpy(ret_context->request_id, note->request_id, sizeof(note->request_id));
    ecs_imsi_mask(&note->imsi, ret_context->imsi);
}

/* ---- misuse ---- */

static enum ecs_next note_misuse(struct ecs_flow *f)
{
    struct note *note = f->self;

    return ecs_store_misuse_note(f, note->front->store, ecs_str_of(note->imsi.s), note->generation,
                                 note->most, note->window_s, &note->noted);
}

static const struct ecs_step misuse_steps[] = {
    {"note-misuse", note_misuse, LIMIT_MS},
    {"end", finish, 0},
    {0},
};

static void misuse_end(struct ecs_flow *f)
{
    struct note *note = f->self;
    struct ecs_log_ctx context;

    log_context(note, &context);
    if (f->rc != ECS_OK)
        ecs_log(&context, ECS_EV_DB_ERROR, "a misused token was not counted: %s", f->reason);
    else if (note->noted.generation >= 0) {
        ecs_metric_count(note->front->metrics, ECS_M_MISUSE_REVOKED, 0);
        ecs_log(&context, ECS_EV_TOKEN_REVOKED,
                "a token was misused %lld times: all tokens of the subscriber are void",
                (long long)note->noted.times);
    }
    note->front->notes--;
    ecs_arena_free(f->arena);
}

void token_watch_misuse(struct device *d)
{
    const struct ecs_auth_conf *conf = d->engine->snapshot->auth;
    struct note *note = new_note(d, &d->auth.token.imsi);
    struct ecs_log_ctx context = d->http->log;

    ecs_metric_count(d->front->metrics, ECS_M_MISUSE, 0);
    ecs_imsi_mask(&d->auth.token.imsi, context.imsi);
    ecs_log(&context, ECS_EV_TOKEN_MISUSE, "a token came from another device than its own");
    if (!note)
        return;
    note->generation = d->auth.token.generation;
    note->most = conf->token_misuse;
    note->window_s = conf->token_misuse_window_s;
    start(note, misuse_steps, misuse_end);
}

/* ---- device ---- */

static enum ecs_next set_device(struct ecs_flow *f)
{
    struct note *note = f->self;

    return ecs_store_line_device(f, note->front->store, ecs_str_of(note->imsi.s), note->terminal);
}

static const struct ecs_step device_note_steps[] = {
    {"set-device", set_device, LIMIT_MS},
    {"end", finish, 0},
    {0},
};

/* What was not written is written by the next authentication. */
static void device_note_end(struct ecs_flow *f)
{
    struct note *note = f->self;
    struct ecs_log_ctx context;

    log_context(note, &context);
    if (f->rc != ECS_OK)
        ecs_log(&context, ECS_EV_DB_ERROR, "the device of a line was not remembered: %s", f->reason);
    note->front->notes--;
    ecs_arena_free(f->arena);
}

void token_watch_device(struct device *d)
{
    uint8_t terminal[16];
    struct note *note;

    if (d->auth.method == ECS_AUTH_TOKEN || !ecs_auth_method_issues_token(d->auth.method) ||
        !d->request.has_terminal || d->auth.repeated)
        return;
    ecs_token_terminal_digest(d->front->crypto, &d->request.terminal, terminal);
    if (d->facts.has_device && memcmp(terminal, d->facts.device, sizeof(terminal)) == 0)
        return;
    note = new_note(d, &d->auth.imsi);
    if (!note)
        return;
    memcpy(note->terminal, terminal, sizeof(terminal));
    start(note, device_note_steps, device_note_end);
}
