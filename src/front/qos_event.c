/* SPDX-License-Identifier: Apache-2.0 */
/* What a network tells of a session by itself, through the callback listener or as a request of a PCRF: the
 * state of the row changes, and what follows (release, another attempt) is the background's. */
#include "ecs/diameter_peer.h"
#include "ecs/log.h"
#include "ecs/store_qos.h"
#include "qos_work.h"

enum { DB_LIMIT_MS = 4000, MEMORY = 256 << 10 };

/* ---- the event ---- */

static enum ecs_next tell(struct ecs_flow *f)
{
    struct qos_event *e = f->self;
    const struct ecs_qos_conf *n = e->network;

    if (e->event.news == ECS_QOS_NEWS_NONE)
        return ECS_DONE;
    return ecs_store_qos_tell(f, e->front->store,
                              &(const struct ecs_qos_tell){
                                  .id = e->id,
                                  .handle = e->event.handle,
                                  .what = ecs_str_of(ecs_qos_news_words[e->event.news]),
                                  .ends_at = e->event.ends_at,
                                  .check_s = n->check_s,
                                  .renewals = n->renewals,
                                  .delay_s = n->retry_s,
                                  .reason = ecs_str_of(e->event.why ? e->event.why : ""),
                              },
                              &e->word);
}

static enum ecs_next note(struct ecs_flow *f)
{
    struct qos_event *e = f->self;
    const char *why = e->event.why ? e->event.why : "";

    (void)f;
    for (int s = 0; s < ECS_QOS_STATE_COUNT; s++)
        if (ecs_str_eq(e->word, ecs_str_of(ecs_qos_states[s]))) {
            qos_note(e->front, e->id, ecs_str_of(e->network->name), ECS_QOS_STATE_COUNT,
                     (enum ecs_qos_state)s, false, why);
            return ECS_DONE;
        }
    ecs_log(NULL, ECS_EV_QOS, "%s told of request %lld: %.*s%s%s", e->network->name, (long long)e->id,
            ECS_FMT(e->word.n ? e->word : ECS_STR("nothing that is known here")), *why ? ": " : "", why);
    return ECS_DONE;
}

const struct ecs_step qos_event_steps[] = {{"qos-tell", tell, DB_LIMIT_MS}, {"qos-note", note, 0}, {0}};

/* ---- Rx ---- */

struct rx {
    struct ecs_flow flow;
    struct ecs_diameter_inbound *inbound;
    struct ecs_qos_door_key key;
    struct qos_event told;
    bool known;
};

static enum ecs_next find(struct ecs_flow *f)
{
    struct rx *rx = f->self;

    return ecs_store_qos_by_handle(f, rx->told.front->store, rx->told.event.handle, &rx->key);
}

static enum ecs_next take(struct ecs_flow *f)
{
    struct rx *rx = f->self;

    rx->told.network = rx->key.found ? ecs_qos_network(rx->told.engine->qos, rx->key.network) : NULL;
    if (!rx->told.network || rx->told.network->type != ECS_QOS_RX)
        return ECS_DONE;
    rx->known = true;
    rx->told.id = rx->key.id;
    return ecs_flow_call(f, qos_event_steps, &rx->told);
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step rx_steps[] = {
    {"find", find, DB_LIMIT_MS}, {"take", take, 0}, {"end", finish, 0}, {0}};

/* A failure of ours: the PCRF may try again. */
static void rx_end(struct ecs_flow *f)
{
    struct rx *rx = f->frame[0].self;

    ecs_diameter_reply(rx->inbound,
                       f->rc != ECS_OK ? (uint32_t)ECS_DIAMETER_UNABLE_TO_COMPLY
                       : rx->known     ? (uint32_t)ECS_DIAMETER_SUCCESS
                                       : (uint32_t)ECS_DIAMETER_UNKNOWN_SESSION_ID,
                       ECS_STR_NULL);
    rx->told.front->in_work--;
    engine_unref(rx->told.engine);
    ecs_arena_free(f->arena);
}

bool qos_rx_inbound(struct front *front, struct ecs_diameter_inbound *inbound,
                    const struct ecs_diameter_message *message)
{
    struct ecs_qos_event event;
    struct ecs_arena *arena;
    struct rx *rx;

    if (!ecs_qos_rx_read(message, &event))
        return false;
    arena = ecs_arena_new(&front->worker->cache, MEMORY);
    rx = arena ? ecs_alloc(arena, sizeof(*rx)) : NULL;
    if (!rx || !front_keep(arena, event.handle, &event.handle)) {
        ecs_arena_free(arena);
        ecs_diameter_reply(inbound, ECS_DIAMETER_UNABLE_TO_COMPLY, ECS_STR_NULL);
        return true;
    }
    rx->inbound = inbound;
    rx->told = (struct qos_event){.front = front, .engine = engine_ref(front->engine), .event = event};
    front->in_work++;
    ecs_flow_start(&rx->flow, front->worker->loop, arena, NULL, rx_steps, rx, rx_end);
    return true;
}
