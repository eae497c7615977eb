/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's side of a Diameter request: it is made whole here, travels to the node as a mail and comes
 * back with its answer. Handles and node may end in any order: each mailbox is asked for under a lock. */
#include <stdlib.h>
#include <string.h>

#include "ecs/clock.h"
#include "net/diameter_ask.h"

enum { LIMIT_MS = 20000 };

struct ecs_diameter *ecs_diameter_open(struct ecs_diameter_node *node, struct ecs_mailbox *mailbox)
{
    struct ecs_diameter *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    if (pthread_mutex_init(&d->lock, NULL)) {
        free(d);
        return NULL;
    }
    atomic_init(&d->refs, 1);
    d->mailbox = mailbox;
    d->node = node;
    atomic_fetch_add(&node->refs, 1);
    return d;
}

static void unref(struct ecs_diameter *d)
{
    if (atomic_fetch_sub(&d->refs, 1) != 1)
        return;
    dia_node_unref(d->node);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

void ecs_diameter_close(struct ecs_diameter *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    d->mailbox = NULL;
    pthread_mutex_unlock(&d->lock);
    unref(d);
}

const char *ecs_diameter_host(const struct ecs_diameter *d)
{
    return d->node->me.host;
}

const char *ecs_diameter_realm(const struct ecs_diameter *d)
{
    return d->node->me.realm;
}

const char *ecs_diameter_session_id(struct ecs_diameter *d, struct ecs_arena *arena)
{
    uint64_t number = atomic_fetch_add(&d->node->session, 1);

    return ecs_printf(arena, "%s;%u;%u", d->node->me.host, (unsigned)(number >> 32), (unsigned)number);
}

/* ---- one ask ---- */

static void wipe(struct ecs_buf *buf)
{
    if (buf->p)
        ecs_wipe(buf->p, buf->cap); /* EAP, keys, identities */
    ecs_buf_done(buf);
}

static void free_ask(struct dia_ask *ask)
{
    wipe(&ask->bytes);
    wipe(&ask->answer);
    unref(ask->home);
    free(ask);
}

/* The answer moves into the flow's memory. */
static enum ecs_rc hand_over(struct dia_ask *ask)
{
    struct ecs_diameter_answer *ret = ask->ret;
    struct ecs_diameter_avp failed;
    char *bytes, *name = ecs_strdup(ask->flow->arena, ecs_str_of(ask->peer_name));

    ret->peer = name ? name : "";
    ret->attempts = ask->attempts;
    ret->error = ask->error;
    if (ask->rc != ECS_OK)
        return ask->rc;
    bytes = ecs_arena_secret(ask->flow->arena, ask->answer.n);
    if (!bytes) {
        ret->error = "no memory for the answer";
        return ECS_E_NO_MEMORY;
    }
    memcpy(bytes, ask->answer.p, ask->answer.n);
    ret->fault = ecs_diameter_decode((struct ecs_str){bytes, ask->answer.n}, &ret->message, &failed);
    if (ecs_diameter_result_of(&ret->message, &ret->result))
        return ECS_OK;
    ret->error = "the answer has no result";
    return ECS_E_BACKEND;
}

static void bring_home(struct ecs_mail *mail, void *owner)
{
    struct dia_ask *ask = (struct dia_ask *)mail;
    struct ecs_flow *flow = ask->flow;

    (void)owner;
    if (flow)
        ask->ret->rc = hand_over(ask);
    free_ask(ask);
    if (flow)
        ecs_flow_resume(flow);
}

void dia_ask_finish(struct dia_ask *ask, enum ecs_rc rc, const char *error)
{
    struct ecs_diameter *home = ask->home;
    bool posted = false;

    *(ask->prev ? &ask->prev->next : &home->node->asks) = ask->next;
    if (ask->next)
        ask->next->prev = ask->prev;
    ecs_timer_disarm(&ask->timer);
    ask->rc = rc;
    ask->error = error;
    ask->mail.fn = bring_home;
    pthread_mutex_lock(&home->lock);
    if (home->mailbox) {
        /* The handle lives until the lock is given back: the ask holds it, and may be gone at once. */
        atomic_fetch_add(&home->refs, 1);
        ecs_mailbox_post(home->mailbox, &ask->mail);
        posted = true;
    }
    pthread_mutex_unlock(&home->lock);
    if (posted)
        unref(home);
    else
        free_ask(ask);
}

static void cancel(void *arg)
{
    struct dia_ask *ask = arg;

    ask->flow = NULL; /* it comes home by its own limit */
}

static enum ecs_next refuse(struct ecs_diameter_answer *ret, enum ecs_rc rc, const char *error)
{
    ret->rc = rc;
    ret->error = error;
    return ECS_NEXT;
}

/* NULL: it can be sent. */
static const char *write_request(struct dia_ask *ask, const struct ecs_diameter_ask *from)
{
    struct ecs_diameter_message message = from->message;
    struct ecs_str avps;

    if (message.flags == 0)
        message.flags = ecs_diameter_command_flags(message.command);
    message.flags = (uint8_t)((message.flags | ECS_DIAMETER_R) & ~(ECS_DIAMETER_E | ECS_DIAMETER_T));
    ask->bytes.limit = ECS_DIAMETER_MAX;
    if (!ecs_diameter_encode(&message, &ask->bytes))
        return "the request is too long or its AVPs are malformed";
    avps = (struct ecs_str){ask->bytes.p + ECS_DIAMETER_HEADER, ask->bytes.n - ECS_DIAMETER_HEADER};
    if (!ecs_diameter_get(avps, ECS_AVP_DESTINATION_REALM, &ask->realm) ||
        !ecs_diameter_is_identity(ask->realm))
        return "the request has no good Destination-Realm";
    if (ecs_diameter_get(avps, ECS_AVP_DESTINATION_HOST, &ask->host) && !ecs_diameter_is_identity(ask->host))
        return "Destination-Host is no identity";
    (void)ecs_diameter_get(avps, ECS_AVP_SESSION_ID, &ask->session);
    ask->application = message.application;
    ask->code = ((uint32_t)(uint8_t)ask->bytes.p[5] << 16) | ((uint32_t)(uint8_t)ask->bytes.p[6] << 8) |
                (uint8_t)ask->bytes.p[7];
    return NULL;
}

static bool post_to_node(struct ecs_diameter_node *node, struct dia_ask *ask)
{
    bool posted = false;

    pthread_mutex_lock(&node->lock);
    if (node->mailbox) {
        ecs_mailbox_post(node->mailbox, &ask->mail);
        posted = true;
    }
    pthread_mutex_unlock(&node->lock);
    return posted;
}

enum ecs_next ecs_diameter_ask(struct ecs_flow *f, struct ecs_diameter *d,
                               const struct ecs_diameter_ask *from, struct ecs_diameter_answer *ret_answer)
{
    struct dia_ask *ask = calloc(1, sizeof(*ask));
    const char *error;

    *ret_answer = (struct ecs_diameter_answer){.peer = ""};
    if (!ask)
        return refuse(ret_answer, ECS_E_NO_MEMORY, "no memory");
    ask->home = d;
    atomic_fetch_add(&d->refs, 1);
    error = write_request(ask, from);
    if (error) {
        free_ask(ask);
        return refuse(ret_answer, ECS_E_BAD_PARAMETER, error);
    }
    ask->flow = f;
    ask->ret = ret_answer;
    ask->stay = from->stay;
    ask->deadline_us = ecs_clock_mono_us() + (int64_t)(from->limit_ms ? from->limit_ms : LIMIT_MS) * 1000;
    ask->mail.fn = dia_ask_arrived;
    if (!post_to_node(d->node, ask)) {
        free_ask(ask);
        return refuse(ret_answer, ECS_E_BACKEND, "the Diameter node has stopped");
    }
    return ecs_flow_wait(f, cancel, ask);
}
