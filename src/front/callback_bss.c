/* SPDX-License-Identifier: Apache-2.0 */
/* Events of the BSS (bss.md 4): TM Forum hubs call the listener's path, others the plain one. What can be
 * read is taken and answered at once, events of no use too, else a hub would repeat them for ever; nothing is
 * asked back meanwhile. What an event changes is in ecs/odsa.h. */
#include "callback.h"

#include <string.h>

#include "ecs/bss.h"
#include "ecs/odsa.h"
#include "ecs/store_boost.h"

enum { CREATED = 201, NO_CONTENT = 204, LIMIT_MS = 5000 };

static bool is_notifier(const struct ecs_bss_conf *conf, const char *subject)
{
    for (size_t i = 0; subject[0] && i < conf->notifiers.n; i++)
        if (ecs_str_eq(conf->notifiers.items[i], ecs_str_of(subject)))
            return true;
    return false;
}

enum ecs_next callback_by_bss(struct callback_call *c)
{
    const struct ecs_bss_conf *conf = ecs_bss_conf_of(c->engine->bss);
    struct ecs_str bearer = callback_bearer(c);

    if (!c->over_tls && !bearer.n)
        return callback_refuse(c, CALLBACK_NO_CREDENTIAL, NULL);
    if (c->over_tls ? !is_notifier(conf, c->client.subject)
                    : !conf->events_token || !callback_same_secret(c, conf->events_token, bearer))
        return callback_refuse(c, CALLBACK_UNKNOWN_PARTNER, NULL);
    c->caller = "bss";
    return ECS_NEXT;
}

/* ---- an event ---- */

struct told {
    struct ecs_bss_event event;
    struct ecs_odsa_inbound inbound;
    enum ecs_data_verdict verdict;
    bool is_boost; /* an order of the pages */
    char subject[20];
};

/* Usage, boosts, accounts and pseudonyms are rows that nobody waits for: written here. */
static enum ecs_next write_data(struct callback_call *c, struct told *t)
{
    struct ecs_data_change *change = &t->event.data;
    struct ecs_imsi imsi;

    t->subject[0] = '\0';
    if (ecs_imsi_parse(change->imsi, &imsi))
        ecs_imsi_mask(&imsi, t->subject);
    change->actor = ECS_STR("bss");
    change->subject_masked = ecs_str_of(t->subject);
    change->event = t->event.id.n ? t->event.id : ECS_STR_NULL;
    if (change->kind == ECS_DATA_ACCOUNT &&
        !ecs_billing_account(c->front->crypto, change->vendor, t->event.store_user, change->account))
        return ecs_flow_fail(&c->flow, ECS_E_INTERNAL, "libcrypto fails");
    return ecs_store_line_data_put(&c->flow, c->front->store, change, &t->verdict);
}

static enum ecs_next read_event(struct callback_call *c)
{
    struct told *t = ecs_alloc(c->flow.arena, sizeof(*t));
    const char *why = NULL;

    if (!t)
        return ecs_flow_fail(&c->flow, ECS_E_NO_MEMORY, "the call does not fit into memory");
    c->own = t;
    if (ecs_bss_event_read(c->engine->bss, c->flow.arena, c->tail, c->body, &t->event, &why) != ECS_OK)
        return callback_refuse(c, CALLBACK_BAD_REQUEST, why);
    if (t->event.kind == ECS_BSS_EVENT_IGNORED)
        return ECS_NEXT;
    if (t->event.kind == ECS_BSS_EVENT_DATA)
        return write_data(c, t);
    t->inbound =
        (struct ecs_odsa_inbound){.env = &c->engine->odsa, .sender = ECS_STR("bss"), .bss = &t->event};
    return ecs_flow_call(&c->flow, ecs_odsa_inbound_steps, &t->inbound);
}

/* An order that no procedure is about: perhaps a boost, whose order is then asked for. */
static enum ecs_next tell_boost(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct told *t = c->own;

    if (t->event.kind != ECS_BSS_EVENT_ORDER || t->inbound.known || !t->event.key.n)
        return ECS_NEXT;
    return ecs_store_boost_order_told(f, c->front->store, t->event.key, &t->is_boost);
}

static enum ecs_next note_event(struct ecs_flow *f)
{
    static const char *const kinds[] = {"order", "line", "data", "profile", "event"};
    struct callback_call *c = f->self;
    const struct told *t = c->own;
    bool ignored = t->event.kind == ECS_BSS_EVENT_IGNORED;
    bool known =
        t->event.kind == ECS_BSS_EVENT_DATA ? t->verdict != ECS_DATA_GONE : t->inbound.known || t->is_boost;
    bool refused = t->event.kind == ECS_BSS_EVENT_DATA && t->verdict == ECS_DATA_REFUSED;

    ecs_log_at(&c->log, ECS_EV_BSS,
               refused            ? ECS_LOG_WARNING
               : ignored || known ? ECS_LOG_INFO
                                  : ECS_LOG_NOTICE,
               "%s: %s", kinds[t->event.kind],
               ignored   ? "of no use to us"
               : refused ? "refused: the plan does not sell this boost, or the line is not active"
               : known   ? "taken"
                         : "about something that is not known here");
    return ECS_DONE;
}

/* TM Forum: 201 whatever it was; the body may be empty. */
static enum ecs_next read_notification(struct ecs_flow *f)
{
    struct callback_call *c = f->self;

    c->good_status = CREATED;
    ecs_json_begin(&c->json, NULL, '{');
    ecs_json_end(&c->json, '}');
    return read_event(c);
}

static enum ecs_next read_plain(struct ecs_flow *f)
{
    struct callback_call *c = f->self;

    c->good_status = NO_CONTENT;
    return read_event(c);
}

const struct ecs_step callback_bss_listener_steps[] = {
    {"read-notification", read_notification, 0},
    {"tell-boost", tell_boost, LIMIT_MS},
    {"note-event", note_event, 0},
    {0},
};

const struct ecs_step callback_bss_hub_steps[] = {
    {"read-notification", read_notification, 0},
    {"tell-boost", tell_boost, LIMIT_MS},
    {"note-event", note_event, 0},
    {0},
};

const struct ecs_step callback_bss_events_steps[] = {
    {"read-event", read_plain, 0},
    {"tell-boost", tell_boost, LIMIT_MS},
    {"note-event", note_event, 0},
    {0},
};
