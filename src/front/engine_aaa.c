/* SPDX-License-Identifier: Apache-2.0 */
/* The AAA providers of an engine. */
#include "engine_aaa_priv.h"

#include "ecs/aaa_conf.h"
#include "ecs/log.h"

void aaa_sections_of(const struct ecs_snapshot *s, struct ecs_aaa_sections *ret_sections)
{
    struct ecs_aaa_sections *to = ret_sections;

    *to = (struct ecs_aaa_sections){.diameter = ecs_conf_get(s->conf, "diameter"),
                                    .accounting = ecs_conf_get(s->conf, "accounting"),
                                    .production = s->server->mode == ECS_MODE_PRODUCTION};
    to->aaa = ecs_conf_list(s->conf, "aaa", &to->aaa_n);
    to->radius = ecs_conf_list(s->conf, "radius_servers", &to->radius_n);
    to->peers = ecs_conf_list(s->conf, "diameter_peers", &to->peers_n);
    to->routes = ecs_conf_list(s->conf, "diameter_routes", &to->routes_n);
}

void aaa_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults,
                        struct ecs_faults *warnings)
{
    struct ecs_aaa_sections sections;

    aaa_sections_of(s, &sections);
    ecs_aaa_check_all(&sections, path, faults, warnings);
}

static struct ecs_neighbour_stats *stats_of(void *arg, const char *name)
{
    struct front *front = arg;

    return ecs_metrics_neighbour(front->metrics, name);
}

static void count(void *arg, enum ecs_aaa_type type, unsigned verdict)
{
    struct front *front = arg;

    ecs_metric_count(front->metrics, ECS_M_AAA, (unsigned)type * ECS_AAA_VERDICT_COUNT + verdict);
}

bool engine_aaa_new(struct front *front, struct engine *e)
{
    const struct ecs_snapshot *s = e->snapshot;
    struct ecs_aaa_env env = {.loop = front->worker->loop,
                              .diameter = front->diameter,
                              .nas_identifier = s->server->name,
                              .stats = stats_of,
                              .stats_arg = front,
                              .count = count,
                              .count_arg = front,
                              .lab = s->server->mode == ECS_MODE_LAB,
                              .former = front->engine ? front->engine->aaa : NULL};
    struct ecs_aaa_sections sections;
    char err[256] = "";

    aaa_sections_of(s, &sections);
    e->aaa =
        ecs_aaa_new(&env, sections.aaa, sections.aaa_n, sections.radius, sections.radius_n, err, sizeof(err));
    if (!e->aaa)
        ecs_log_at(NULL, ECS_EV_CONFIG, ECS_LOG_ERROR, "aaa: %s", err);
    return e->aaa;
}

void engine_aaa_free(struct engine *e)
{
    ecs_aaa_free(e->aaa);
}
