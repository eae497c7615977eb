/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that an AAA keeps are ended by STR, behind the answers to phones and to Abort-Session-Requests
 * (RFC 6733 8.4, aaa.md 2.4.8 and 2.4.11). */
#include <string.h>

#include "adapters/aaa_int.h"
#include "ecs/log.h"

struct aaa_ending {
    struct ecs_flow flow;
    struct aaa_ending *next, **where; /* where: what points here */
    struct ecs_aaa *aaa;
    uint32_t application, limit_ms;
    struct ecs_str realm, user_name;
    struct aaa_thread thread;
    struct ecs_diameter_answer answer;
};

static enum ecs_next send_str(struct ecs_flow *f)
{
    struct aaa_ending *e = f->self;
    struct ecs_diameter *d = e->aaa->env.diameter;
    const struct aaa_origin me = {ecs_diameter_host(d), ecs_diameter_realm(d)};
    struct ecs_buf avps = {.limit = ECS_DIAMETER_MAX};

    aaa_put_str(&avps, e->application, e->realm, &me, &e->thread, e->user_name);
    return aaa_send(f, e->aaa, ECS_DIAMETER_SESSION_TERMINATION, e->application, &avps, e->limit_ms, false,
                    &e->answer);
}

/* 2001, or 5002 where it is gone already, is as it should be (aaa.md 2.4.8). */
static enum ecs_next read_sta(struct ecs_flow *f)
{
    const struct aaa_ending *e = f->self;
    const struct ecs_diameter_result *r = &e->answer.result;
    bool gone = e->answer.rc == ECS_OK && r->vendor == 0 && r->code == ECS_DIAMETER_UNKNOWN_SESSION_ID;

    if (!gone && (e->answer.rc != ECS_OK || r->meaning != ECS_DIAMETER_MEANS_OK))
        ecs_log(NULL, ECS_EV_AAA, "a session at %.*s was not ended: %s", ECS_FMT(e->realm),
                e->answer.rc != ECS_OK ? e->answer.error : ecs_diameter_result_name(r));
    return ECS_DONE;
}

static void on_ended(struct ecs_flow *f)
{
    struct aaa_ending *e = f->frame[0].self;

    *e->where = e->next;
    if (e->next)
        e->next->where = e->where;
    ecs_arena_free(f->arena);
}

static const struct ecs_step steps[] = {
    {"aaa-end", send_str, AAA_WAIT_MS},
    {"aaa-end-answer", read_sta, 0},
    {0},
};

/* NULL: no memory, or enough of them are under way: the AAA's own limits end the session. */
static struct aaa_ending *begin(struct ecs_aaa *aaa)
{
    struct ecs_arena *arena;
    struct aaa_ending *e;
    unsigned n = 0;

    for (e = aaa->endings; e; e = e->next)
        n++;
    if (!aaa->env.diameter || n >= AAA_ENDINGS_MAX)
        return NULL;
    arena = ecs_arena_new(NULL, 0);
    e = arena ? ecs_alloc(arena, sizeof(*e)) : NULL;
    if (!e) {
        ecs_arena_free(arena);
        return NULL;
    }
    e->flow.arena = arena;
    e->aaa = aaa;
    return e;
}

static void start(struct aaa_ending *e)
{
    struct ecs_aaa *aaa = e->aaa;

    e->next = aaa->endings;
    if (e->next)
        e->next->where = &e->next;
    e->where = &aaa->endings;
    aaa->endings = e;
    ecs_flow_start(&e->flow, aaa->env.loop, e->flow.arena, NULL, steps, e, on_ended);
}

static bool copy(struct ecs_arena *arena, struct ecs_str from, struct ecs_str *to)
{
    char *p = ecs_strdup(arena, from);

    *to = (struct ecs_str){p, from.n};
    return p;
}

void ecs_aaa_end(struct ecs_aaa *aaa, struct ecs_str provider, struct ecs_str identity, struct ecs_str thread)
{
    struct aaa_provider *p = aaa_find(aaa, provider);
    struct aaa_ending *e = p && !p->radius ? begin(aaa) : NULL;
    struct ecs_str bytes, name;

    if (!e)
        return;
    e->application = aaa_application(p->conf->type);
    e->limit_ms = (uint32_t)p->conf->limit_ms;
    if (copy(e->flow.arena, thread, &bytes) && aaa_thread_read(bytes, true, &e->thread) &&
        copy(e->flow.arena, ecs_str_of(p->conf->realm), &e->realm) && copy(e->flow.arena, identity, &name) &&
        !aaa_user_name(p->conf, name, e->flow.arena, &e->user_name))
        start(e);
    else
        ecs_arena_free(e->flow.arena);
}

void ecs_aaa_aborted(struct ecs_aaa *aaa, const struct ecs_diameter_message *abort_request)
{
    struct ecs_str avps = abort_request->avps, session, host, realm, name;
    struct aaa_ending *e = begin(aaa);

    if (!e)
        return;
    e->application = abort_request->application;
    e->limit_ms = 0;
    (void)ecs_diameter_get_u32(avps, ECS_AVP_AUTH_APPLICATION_ID, &e->application);
    if (ecs_diameter_get(avps, ECS_AVP_SESSION_ID, &session) &&
        ecs_diameter_get(avps, ECS_AVP_ORIGIN_HOST, &host) &&
        ecs_diameter_get(avps, ECS_AVP_ORIGIN_REALM, &realm) &&
        copy(e->flow.arena, session, &e->thread.session) && copy(e->flow.arena, host, &e->thread.server) &&
        copy(e->flow.arena, realm, &e->realm) &&
        (!ecs_diameter_get(avps, ECS_AVP_USER_NAME, &name) || copy(e->flow.arena, name, &e->user_name)))
        start(e);
    else
        ecs_arena_free(e->flow.arena);
}

void aaa_forget_endings(struct ecs_aaa *aaa)
{
    while (aaa->endings)
        ecs_flow_abort(&aaa->endings->flow); /* the requests are out and need nobody */
}
