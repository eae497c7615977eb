/* SPDX-License-Identifier: Apache-2.0 */
/* What the plain applications need of the snapshot and of a worker's engine. */
#include "engine_service.h"

#include "ecs/wifi_identity.h"

static void check_type(void *arg, struct ecs_str text, int64_t number, const char *file, unsigned line)
{
    (void)text;
    if (number == ECS_ID_TYPE_TOKEN)
        ecs_fault_add(arg, file, line, 0,
                      "type token needs private_identity.key, the key shared with the Wi-Fi gateway");
}

/* A directory of policies from before these applications serves as long as none of them is offered. */
static void check_files(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    for (unsigned app = 0; app < ECS_APP_COUNT; app++) {
        enum ecs_service service;

        if (app == ECS_APP_2014)
            service = ECS_SERVICE_USERINFO;
        else if (app == ECS_APP_2015)
            service = ECS_SERVICE_APPAUTH;
        else if (!ecs_app_service((enum ecs_app)app, &service))
            continue;
        if (s->offered & 1u << app && !ecs_policy_has(s->policy, service))
            ecs_fault_add(faults, path, 0, 0,
                          "device.offered names %s, but policy.directory has no file with \"service: %s\"",
                          ecs_app_id((enum ecs_app)app), ecs_service_name(service));
    }
}

void service_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_wifi_identity_conf *conf = ecs_conf_get(s->conf, "private_identity");

    if (s->policy)
        check_files(s, path, faults);
    if (!s->policy || conf->key[0] || !(s->offered & 1u << ECS_APP_2013))
        return;
    ecs_policy_values_of(s->policy, ECS_DECIDE_IDENTITY_TYPE, check_type, faults);
}

bool engine_service_new(struct front *front, struct engine *e)
{
    const struct ecs_wifi_identity_conf *conf = ecs_conf_get(e->snapshot->conf, "private_identity");

    if (!conf->key[0])
        return true;
    e->wifi_identity = ecs_wifi_identity_new(front->crypto, conf);
    return e->wifi_identity != NULL;
}

void engine_service_free(struct engine *e)
{
    ecs_wifi_identity_free(e->wifi_identity);
}
