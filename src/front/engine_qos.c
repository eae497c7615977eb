/* SPDX-License-Identifier: Apache-2.0 */
/* Networks that an engine asks for quality of service, and what their sections say together. */
#include "engine_qos.h"

#include "ecs/aaa_conf.h"

static struct ecs_neighbour_stats *stats_of(void *arg, const char *name)
{
    struct front *front = arg;

    return ecs_metrics_neighbour(front->metrics, name);
}

bool engine_qos_new(struct front *front, struct engine *e)
{
    struct ecs_qos_env env = {.pool = front->pool,
                              .diameter = front->diameter,
                              .stats_of = stats_of,
                              .stats_arg = front,
                              .lab = e->snapshot->server->mode == ECS_MODE_LAB};

    env.networks = ecs_conf_list(e->snapshot->conf, "qos", &env.network_n);
    env.profiles = ecs_conf_list(e->snapshot->conf, "qos_profiles", &env.profile_n);
    e->qos = ecs_qos_new(&env);
    return e->qos != NULL;
}

void engine_qos_free(struct engine *e)
{
    ecs_qos_free(e->qos);
}

bool qos_has_notifiers(const struct ecs_snapshot *s)
{
    size_t n;
    const struct ecs_qos_conf *q = ecs_conf_list(s->conf, "qos", &n);

    for (size_t i = 0; i < n; i++)
        if (q[i].notifiers.n || q[i].events_token)
            return true;
    return false;
}

static bool is_plain(const char *url)
{
    return url && ecs_str_starts_with(ecs_str_of(url), ECS_STR("http://"));
}

static void check_network(const struct ecs_snapshot *s, const struct ecs_qos_conf *q, const char *path,
                          struct ecs_faults *faults)
{
    struct ecs_diameter_identity me;

    if (s->server->mode == ECS_MODE_PRODUCTION &&
        (is_plain(q->url) || is_plain(q->token_url) || is_plain(q->callback)))
        ecs_fault_add(faults, path, 0, 0, "qos \"%s\": http:// is refused unless server.mode is lab",
                      q->name);
    if (q->type == ECS_QOS_RX && !ecs_diameter_identity_of(ecs_conf_get(s->conf, "diameter"), &me))
        ecs_fault_add(faults, path, 0, 0, "qos \"%s\": type rx needs the section diameter", q->name);
}

void qos_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    size_t n, profile_n;
    const struct ecs_qos_conf *q = ecs_conf_list(s->conf, "qos", &n);
    const struct ecs_qos_profile_conf *p = ecs_conf_list(s->conf, "qos_profiles", &profile_n);

    for (size_t i = 0; i < n; i++) {
        check_network(s, &q[i], path, faults);
        for (size_t k = 0; k < i; k++)
            if (ecs_str_eq(ecs_str_of(q[i].name), ecs_str_of(q[k].name)))
                ecs_fault_add(faults, path, 0, 0, "qos: the name \"%s\" stands twice", q[i].name);
    }
    for (size_t i = 0; i < profile_n; i++)
        for (size_t k = 0; k < i; k++)
            if (ecs_str_eq(ecs_str_of(p[i].name), ecs_str_of(p[k].name)))
                ecs_fault_add(faults, path, 0, 0, "qos_profiles: the name \"%s\" stands twice", p[i].name);
}
