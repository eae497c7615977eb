/* SPDX-License-Identifier: Apache-2.0 */
/* eSIM orchestration of an engine: SM-DP+, BSS and what the operations work with; and the timer that looks
 * for journeys which are due. */
#include "engine_odsa.h"

#include <string.h>

#include "ecs/bss.h"
#include "ecs/smdp.h"

struct provider_check {
    const struct ecs_smdp_conf *smdp;
    size_t n;
    struct ecs_faults *faults;
};

/* A source that is not there would end each procedure of that rule. */
static void check_provider(void *arg, struct ecs_str name, const char *file, unsigned line)
{
    const struct provider_check *check = arg;

    for (size_t i = 0; i < check->n; i++)
        if (ecs_str_eq(name, ecs_str_of(check->smdp[i].name)))
            return;
    ecs_fault_add(check->faults, file, line, 0, "provider: the configuration has no smdp \"%.*s\"",
                  ECS_FMT(name));
}

static bool is_plain(const char *url)
{
    return url && ecs_str_starts_with(ecs_str_of(url), ECS_STR("http://"));
}

/* What one state of a journey may spend with its neighbour: two calls of the SM-DP+; or two of the BSS, of
 * two exchanges each, with a token for each. */
static void check_lease(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_odsa_conf *odsa = ecs_conf_get(s->conf, "odsa");
    const struct ecs_bss_conf *bss = ecs_conf_get(s->conf, "bss");
    int64_t longest = 0, lease_ms = odsa->lease_s * 1000;
    const char *whose = "";
    size_t n;
    const struct ecs_smdp_conf *smdp = ecs_conf_list(s->conf, "smdp", &n);

    for (size_t i = 0; i < n; i++)
        if (smdp[i].type == ECS_SMDP_ES2PLUS && 2 * smdp[i].total_ms > longest) {
            longest = 2 * smdp[i].total_ms;
            whose = smdp[i].name;
        }
    if (bss->type != ECS_BSS_LOCAL && (bss->auth == ECS_BSS_AUTH_OAUTH ? 6 : 4) * bss->total_ms > longest) {
        longest = (bss->auth == ECS_BSS_AUTH_OAUTH ? 6 : 4) * bss->total_ms;
        whose = "bss";
    }
    if (lease_ms <= longest)
        ecs_fault_add(
            faults, path, 0, 0,
            "odsa.lease: %lld s are not more than the calls of one step may take (%s: %lld s): another "
            "node would repeat them meanwhile",
            (long long)odsa->lease_s, whose, (long long)((longest + 999) / 1000));
}

void odsa_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    static const enum ecs_decision providers[] = {ECS_DECIDE_COMPANION_PROVIDER, ECS_DECIDE_PRIMARY_PROVIDER,
                                                  ECS_DECIDE_ENTERPRISE_PROVIDER};
    const struct ecs_bss_conf *bss = ecs_conf_get(s->conf, "bss");
    bool production = s->server->mode == ECS_MODE_PRODUCTION;
    size_t n;
    const struct ecs_smdp_conf *smdp = ecs_conf_list(s->conf, "smdp", &n);
    struct provider_check check = {smdp, n, faults};

    for (size_t i = 0; production && i < n; i++)
        if (is_plain(smdp[i].url))
            ecs_fault_add(faults, path, 0, 0, "smdp \"%s\": http:// is refused unless server.mode is lab",
                          smdp[i].name);
    if (production && (is_plain(bss->url) || is_plain(bss->token_url)))
        ecs_fault_add(faults, path, 0, 0, "bss: http:// is refused unless server.mode is lab");
    check_lease(s, path, faults);
    for (size_t i = 0; s->policy && i < ECS_ARRAY_LEN(providers); i++)
        ecs_policy_texts_of(s->policy, providers[i], check_provider, &check);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(smdp[i].name, smdp[k].name) == 0)
                ecs_fault_add(faults, path, 0, 0, "smdp: \"%s\" stands twice", smdp[i].name);
}

static struct ecs_neighbour_stats *stats_of(void *arg, const char *name)
{
    struct front *front = arg;

    return ecs_metrics_neighbour(front->metrics, name);
}

/* Sealed activation codes of the pool. */
static bool open_code(void *arg, struct ecs_arena *arena, struct ecs_str sealed, struct ecs_str *ret_text)
{
    struct engine *e = arg;

    return ecs_odsa_open(&e->odsa, arena, sealed, ret_text);
}

static void count_smdp(void *arg, enum ecs_smdp_function function, enum ecs_smdp_status status)
{
    struct front *front = arg;

    ecs_metric_count(front->metrics, ECS_M_SMDP, (unsigned)function * ECS_SMDP_STATUS_COUNT + status);
}

static void hold(void *arg)
{
    (void)engine_ref(arg);
}

static void drop(void *arg)
{
    engine_unref(arg);
}

bool engine_odsa_new(struct front *front, struct engine *e)
{
    const struct ecs_snapshot *s = e->snapshot;
    bool lab = s->server->mode == ECS_MODE_LAB;
    struct ecs_smdp_env smdp = {.pool = front->pool,
                                .store = front->store,
                                .open = open_code,
                                .open_arg = e,
                                .stats = stats_of,
                                .stats_arg = front,
                                .count = count_smdp,
                                .count_arg = front,
                                .lab = lab};
    struct ecs_bss_env bss = {
        .pool = front->pool, .store = front->store, .crypto = front->crypto, .lab = lab};
    const struct ecs_smdp_conf *smdps;
    const struct ecs_bss_conf *conf = ecs_conf_get(s->conf, "bss");
    size_t n;

    smdps = ecs_conf_list(s->conf, "smdp", &n);
    if (conf->type != ECS_BSS_LOCAL)
        bss.stats = ecs_metrics_neighbour(front->metrics, "bss");
    e->smdps = ecs_smdps_new(&smdp, smdps, n);
    e->bss = ecs_bss_new(&bss, conf);
    e->code_sealer = ecs_sealer_new(front->crypto, &s->subscriber_keys, ECS_STR("odsa-code"));
    e->odsa = (struct ecs_odsa_env){
        .conf = ecs_conf_get(s->conf, "odsa"),
        .auth = &e->auth,
        .store = front->store,
        .smdps = e->smdps,
        .bss = e->bss,
        .code_sealer = e->code_sealer,
        .policy = s->policy,
        .messages = s->messages,
        .runner = front->odsa,
        .portal_url = s->portal_url,
        .hold = hold,
        .drop = drop,
        .hold_arg = e,
    };
    return e->smdps && e->bss && e->code_sealer;
}

void engine_odsa_free(struct engine *e)
{
    ecs_smdps_free(e->smdps);
    ecs_bss_free(e->bss);
    ecs_sealer_free(e->code_sealer);
}

/* ---- what is due ---- */

enum { LOOK_EVERY_MS = 1000 };

static void look(void *arg)
{
    struct front *front = arg;

    if (front->draining)
        return;
    if (ecs_odsa_operations(front->engine->snapshot->offered))
        ecs_odsa_runner_look(&front->engine->odsa);
    ecs_timer_arm(&front->odsa_timer, front->worker->loop, LOOK_EVERY_MS, look, front);
}

void odsa_start(struct front *front)
{
    ecs_timer_arm(&front->odsa_timer, front->worker->loop, LOOK_EVERY_MS, look, front);
}
