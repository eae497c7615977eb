/* SPDX-License-Identifier: Apache-2.0 */
/* The BSS of one engine: which dialect, its connection, and the plans that are kept for a while. */
#include <stdlib.h>
#include <string.h>

#include "adapters/bss_int.h"
#include "ecs/clock.h"

enum { ANSWER_MAX = 256 << 10 };

const char *const ecs_bss_status_names[ECS_BSS_STATUS_COUNT] = {
    "done", "pending", "again", "website", "in-use", "refused", "unknown", "denied",
};
const char *const ecs_bss_action_names[ECS_BSS_ACTION_COUNT] = {
    "subscribe", "transfer",   "recover",     "end",        "end-old",
    "confirm",   "service-on", "service-off", "compensate",
};

/* ---- life ---- */

static struct ecs_neighbour *new_neighbour(const struct ecs_bss *bss, const char *name,
                                           struct ecs_neighbour_stats *stats)
{
    const struct ecs_bss_conf *c = bss->conf;
    const struct ecs_neighbour_conf conf = {
        .name = name,
        .ca_file = c->ca_file,
        .cert_file = c->certificate,
        .key_file = c->key ? c->key : c->certificate,
        .connect_ms = (uint32_t)c->connect_ms,
        .total_ms = (uint32_t)c->total_ms,
        .max_in_flight = (unsigned)c->max_in_flight,
        .max_answer = ANSWER_MAX,
        .allow_plain = bss->env.lab,
        .stats = stats,
    };

    return ecs_neighbour_new(bss->env.pool, &conf);
}

static bool open_remote(struct ecs_bss *bss)
{
    const struct ecs_bss_conf *c = bss->conf;
    const struct ecs_oauth_client_conf oauth = {
        .grant = ECS_OAUTH_CLIENT_SECRET,
        .token_url = c->token_url,
        .client_id = c->client_id,
        .client_secret = c->client_secret,
        .basic = c->token_basic,
        .scope = c->scope,
    };

    bss->dialect = c->type == ECS_BSS_TMF ? &bss_tmf : &bss_rest;
    bss->neighbour = new_neighbour(bss, "bss", bss->env.stats);
    if (!bss->neighbour || c->auth != ECS_BSS_AUTH_OAUTH)
        return bss->neighbour != NULL;
    bss->token_neighbour = new_neighbour(bss, "bss-token", NULL);
    bss->oauth = bss->token_neighbour ? ecs_oauth_client_new(bss->token_neighbour, &oauth) : NULL;
    return bss->oauth != NULL;
}

struct ecs_bss *ecs_bss_new(const struct ecs_bss_env *env, const struct ecs_bss_conf *conf)
{
    struct ecs_bss *bss = calloc(1, sizeof(*bss));

    if (!bss)
        return NULL;
    bss->env = *env;
    bss->conf = conf;
    bss_names_load(conf, &bss->names);
    if (conf->type == ECS_BSS_LOCAL || open_remote(bss))
        return bss;
    ecs_bss_free(bss);
    return NULL;
}

void ecs_bss_free(struct ecs_bss *bss)
{
    if (!bss)
        return;
    ecs_oauth_client_free(bss->oauth);
    ecs_neighbour_free(bss->token_neighbour);
    ecs_neighbour_free(bss->neighbour);
    for (size_t i = 0; i < BSS_KEPT; i++) {
        free(bss->kept[i].target);
        free(bss->kept[i].body);
    }
    free(bss);
}

const struct ecs_bss_conf *ecs_bss_conf_of(const struct ecs_bss *bss)
{
    return bss->conf;
}

bool ecs_bss_is_local(const struct ecs_bss *bss)
{
    return bss->dialect == NULL;
}

/* ---- kept plans ---- */

const struct bss_kept *bss_kept_find(const struct ecs_bss *bss, const char *target, int64_t now)
{
    int64_t life = bss->conf->plans_cache_s;

    for (size_t i = 0; life > 0 && i < BSS_KEPT; i++) {
        const struct bss_kept *k = &bss->kept[i];

        if (k->target && now < k->until && now >= k->until - life && strcmp(k->target, target) == 0)
            return k;
    }
    return NULL;
}

/* In place of the one that ends first. */
void bss_kept_put(struct ecs_bss *bss, const char *target, struct ecs_str body, int64_t now)
{
    struct bss_kept *k = &bss->kept[0];
    char *name, *text;

    if (bss->conf->plans_cache_s <= 0)
        return;
    for (size_t i = 1; i < BSS_KEPT; i++)
        if (bss->kept[i].until < k->until)
            k = &bss->kept[i];
    name = strdup(target);
    text = name ? malloc(body.n + 1) : NULL;
    if (!text) {
        free(name);
        return;
    }
    free(k->target);
    free(k->body);
    memcpy(text, body.p, body.n);
    *k = (struct bss_kept){name, text, body.n, now + bss->conf->plans_cache_s};
}

/* ---- calls ---- */

static const char exhausted[] = "the request's memory is used up";

enum ecs_next ecs_bss_ask(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_subject *subject,
                          struct ecs_bss_line *ret_line)
{
    struct bss_call *call;

    *ret_line = (struct ecs_bss_line){.status = ECS_BSS_DONE, .eligible = -1};
    if (!bss->dialect) /* policy decides by the facts of the same tables */
        return ECS_NEXT;
    call = bss_call_new(f, bss, bss->dialect->ask);
    if (!call) {
        *ret_line = (struct ecs_bss_line){.status = ECS_BSS_AGAIN, .why = exhausted, .eligible = -1};
        return ECS_NEXT;
    }
    call->subject = *subject;
    call->line = ret_line;
    return bss_call_run(call);
}

enum ecs_next ecs_bss_plans(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_subject *subject,
                            struct ecs_bss_plans *ret_plans)
{
    struct bss_call *call;

    *ret_plans = (struct ecs_bss_plans){.status = ECS_BSS_DONE};
    if (!bss->dialect)
        return bss_local_plans(f, bss, subject, ret_plans);
    call = bss_call_new(f, bss, bss->dialect->plans);
    if (!call) {
        *ret_plans = (struct ecs_bss_plans){.status = ECS_BSS_AGAIN, .why = exhausted};
        return ECS_NEXT;
    }
    call->subject = *subject;
    call->plans = ret_plans;
    return bss_call_run(call);
}

static enum ecs_next call_order(struct ecs_flow *f, struct ecs_bss *bss, bool (*next)(struct bss_call *call),
                                const struct ecs_bss_order *order, struct ecs_str reference,
                                struct ecs_bss_result *ret_result)
{
    struct bss_call *call = bss_call_new(f, bss, next);

    *ret_result = (struct ecs_bss_result){.status = ECS_BSS_AGAIN, .why = exhausted};
    if (!call)
        return ECS_NEXT;
    call->order = *order;
    call->subject = order->subject;
    call->reference = reference;
    call->result = ret_result;
    return bss_call_run(call);
}

enum ecs_next ecs_bss_order(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_order *order,
                            struct ecs_bss_result *ret_result)
{
    return bss->dialect ? call_order(f, bss, bss->dialect->order, order, ECS_STR_NULL, ret_result)
                        : bss_local_order(f, bss, order, BSS_LOCAL_ORDER, ret_result);
}

enum ecs_next ecs_bss_find(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_order *order,
                           struct ecs_str reference, struct ecs_bss_result *ret_result)
{
    return bss->dialect ? call_order(f, bss, bss->dialect->find, order, reference, ret_result)
                        : bss_local_order(f, bss, order, BSS_LOCAL_FIND, ret_result);
}

enum ecs_next ecs_bss_cancel(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_order *order,
                             struct ecs_str reference, struct ecs_bss_result *ret_result)
{
    return bss->dialect ? call_order(f, bss, bss->dialect->cancel, order, reference, ret_result)
                        : bss_local_order(f, bss, order, BSS_LOCAL_CANCEL, ret_result);
}
