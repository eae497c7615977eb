/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of devices in the operator's network, as they tell them with a request (ipv4_addr, ipv6_addr):
 * kept for networks that are asked by address, and a reason to try at once what waited for the device. */
#include <arpa/inet.h>
#include <string.h>

#include "ecs/log.h"
#include "ecs/store_qos.h"
#include "engine_qos.h"

enum { LIMIT_MS = 5000, ADDRESS_MAX = 46 };

struct seen {
    struct ecs_flow flow;
    struct front *front;
    struct ecs_imsi imsi;
    char ipv4[ADDRESS_MAX], ipv6[ADDRESS_MAX]; /* "" none */
};

/* In the form that inet_ntop gives; an address that no device in a network can have is none. */
static void take(struct ecs_str text, int family, char out[ADDRESS_MAX])
{
    unsigned char bytes[16];
    static const unsigned char zero[16];
    char copy[ADDRESS_MAX];

    out[0] = '\0';
    if (!text.n || text.n >= sizeof(copy))
        return;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (strlen(copy) != text.n || inet_pton(family, copy, bytes) != 1 ||
        memcmp(bytes, zero, family == AF_INET ? 4 : 16) == 0)
        return;
    if (family == AF_INET ? bytes[0] == 127 || bytes[0] >= 224
                          : bytes[0] == 0xff || (bytes[0] == 0xfe && bytes[1] >= 0x80))
        return;
    if (!inet_ntop(family, bytes, out, ADDRESS_MAX))
        out[0] = '\0';
}

static struct ecs_str text_of(const char *address)
{
    return address[0] ? ecs_str_of(address) : ECS_STR_NULL;
}

static enum ecs_next write_seen(struct ecs_flow *f)
{
    struct seen *s = f->self;

    return ecs_store_qos_seen(f, s->front->store, ecs_str_of(s->imsi.s), text_of(s->ipv4), text_of(s->ipv6));
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step seen_steps[] = {{"write-seen", write_seen, LIMIT_MS}, {"end", finish, 0}, {0}};

/* A lost one comes again with the device's next request. */
static void seen_end(struct ecs_flow *f)
{
    struct seen *s = f->frame[0].self;

    s->front->in_work--;
    ecs_metric_add(&s->front->metrics->in_work, (uint64_t)-1);
    ecs_arena_free(f->arena);
}

static bool is_wanted(const struct ecs_qos_env *env)
{
    for (size_t i = 0; i < env->network_n; i++)
        if (env->networks[i].ue_address == ECS_QOS_UE_REQUEST)
            return true;
    return false;
}

void qos_seen(struct front *front, const struct ecs_imsi *imsi, struct ecs_str ipv4, struct ecs_str ipv6)
{
    struct ecs_arena *arena;
    struct seen *s;

    if ((!ipv4.n && !ipv6.n) || !is_wanted(ecs_qos_env_of(front->engine->qos)))
        return;
    arena = ecs_arena_new(&front->worker->cache, 0);
    s = arena ? ecs_alloc(arena, sizeof(*s)) : NULL;
    if (s) {
        s->front = front;
        s->imsi = *imsi;
        take(ipv4, AF_INET, s->ipv4);
        take(ipv6, AF_INET6, s->ipv6);
    }
    if (!s || (!s->ipv4[0] && !s->ipv6[0])) {
        ecs_arena_free(arena);
        return;
    }
    front->in_work++; /* a drain waits for it */
    ecs_metric_add(&front->metrics->in_work, 1);
    ecs_flow_start(&s->flow, front->worker->loop, arena, NULL, seen_steps, s, seen_end);
}
