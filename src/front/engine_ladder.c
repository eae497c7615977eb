/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder of providers of an engine: settings, figures that outlive it, the key of kept vectors. */
#include "engine_ladder.h"

#include "ecs/aaa_conf.h"
#include "ecs/ladder.h"
#include "ecs/log.h"
#include "ecs/sim.h"

static struct ecs_rung_stats *stats_of(void *owner, const char *name)
{
    struct front *front = owner;

    return ecs_metrics_rung(front->metrics, name);
}

bool engine_ladder_new(struct front *front, struct engine *e)
{
    const struct ecs_snapshot *s = e->snapshot;
    struct ecs_ladder_conf conf = {
        .usual = &s->auth->ladder,
        .aaa = e->aaa,
        .failures = (unsigned)s->auth->ladder_failures,
        .pause_ms = (uint32_t)s->auth->ladder_pause_ms,
        .max_in_flight = (unsigned)s->auth->ladder_in_flight,
        .stats_of = stats_of,
        .owner = front,
    };
    const char *error = "no memory";

    conf.rows = ecs_conf_list(s->conf, "ladders", &conf.row_n);
    e->ladder = ecs_ladder_new(&conf, &error);
    e->vector_sealer = ecs_sealer_new(front->crypto, &s->token_keys, ECS_STR("hss-vector"));
    if (!e->ladder || !e->vector_sealer) {
        ecs_log(NULL, ECS_EV_CONFIG, "auth.ladder: %s", error);
        return false;
    }
    e->auth.aaa = e->aaa;
    e->auth.ladder = e->ladder;
    e->auth.vector_sealer = e->vector_sealer;
    e->auth.sims = ecs_conf_list(s->conf, "sims", &e->auth.sim_n);
    return true;
}

void engine_ladder_free(struct engine *e)
{
    ecs_ladder_free(e->ladder);
    ecs_sealer_free(e->vector_sealer);
}

/* ---- with the snapshot ---- */

struct rows {
    const struct ecs_aaa_conf *row;
    size_t n;
};

static const struct ecs_aaa_conf *find(const struct rows *rows, struct ecs_str name)
{
    for (size_t i = 0; i < rows->n; i++)
        if (ecs_str_eq(ecs_str_of(rows->row[i].name), name))
            return &rows->row[i];
    return NULL;
}

static bool exists(void *arg, struct ecs_str name)
{
    return find(arg, name) != NULL;
}

static void find_twins(const struct ecs_ladder_row *ladders, size_t n, const char *path,
                       struct ecs_faults *faults)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (ecs_str_eq(ecs_str_of(ladders[i].brand), ecs_str_of(ladders[k].brand)))
                ecs_fault_add(faults, path, 0, 0, "ladders: the brand \"%s\" has two", ladders[i].brand);
}

void ladder_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_ladder_row *ladders;
    const struct ecs_aaa_conf *profile;
    struct rows rows;
    size_t n;
    bool good = true;

    rows.row = ecs_conf_list(s->conf, "aaa", &rows.n);
    ladders = ecs_conf_list(s->conf, "ladders", &n);
    good &= ecs_ladder_check(&s->auth->ladder, "auth.ladder", path, exists, &rows, faults);
    for (size_t i = 0; i < n; i++)
        good &= ecs_ladder_check(&ladders[i].providers, "ladders", path, exists, &rows, faults);
    find_twins(ladders, n, path, faults);
    if (rows.n >= ECS_RUNGS_MAX && good)
        ecs_fault_add(faults, path, 0, 0, "aaa: at most %d providers", ECS_RUNGS_MAX - 1);
    if (!s->auth->hss_profile[0])
        return;
    profile = find(&rows, ecs_str_of(s->auth->hss_profile));
    if (!profile || profile->type != ECS_AAA_SWX)
        ecs_fault_add(faults, path, 0, 0,
                      "auth.hss_profile: \"%s\" is not a row of the section aaa of type swx",
                      s->auth->hss_profile);
}
