/* SPDX-License-Identifier: Apache-2.0 */
/* What the consent pages need of the snapshot and of a worker's engine. */
#include "sheet.h"

#include "engine_login.h"

static bool needs_pages(const struct ecs_snapshot *s)
{
    return s->websheet->enabled || login_has_page(s);
}

/* The built-in pages know their visitor by nothing else. */
static void check_template(void *arg, struct ecs_str text, const char *file, unsigned line)
{
    if (ecs_str_find(text, ECS_STR("sid={session}")) < 0)
        ecs_fault_add(arg, file, line, 0, "flow-data must hold sid={session} while websheet.enabled is on");
}

void sheet_snapshot_load(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults,
                         struct ecs_faults *warnings)
{
    s->portal_url = s->policy_conf->portal_url;
    if (needs_pages(s))
        s->sheets = sheet_set_load(s->websheet->directory, s->device->default_language, faults, warnings);
    if (s->server->mode == ECS_MODE_PRODUCTION &&
        ecs_str_starts_with(ecs_str_of(s->address->url), ECS_STR("http://")))
        ecs_fault_add(faults, path, 0, 0, "address.url: http:// is refused unless server.mode is lab");
    if (!s->websheet->enabled)
        return;
    if (!s->web->public_url[0])
        ecs_fault_add(faults, path, 0, 0, "websheet.enabled needs web.public_url");
    if (s->websheet->transfer_code && !ecs_conf_get(s->conf, "sms"))
        ecs_fault_add(faults, path, 0, 0, "websheet.transfer_code needs section sms");
    if (s->portal_url[0] == '\0') {
        s->portal_url = web_url(s, "vowifi", s->arena);
        if (s->policy)
            ecs_policy_texts_of(s->policy, ECS_DECIDE_VOWIFI_FLOW_DATA, check_template, faults);
    }
    if (!s->portal_url) {
        s->portal_url = "";
        ecs_fault_add(faults, path, 0, 0, "out of memory");
    }
}

bool engine_sheet_new(struct front *front, struct engine *e)
{
    const struct ecs_snapshot *s = e->snapshot;
    struct ecs_neighbour_stats *stats = NULL;

    if (!s->websheet->enabled)
        return true;
    if (s->address->url[0])
        stats = ecs_metrics_neighbour(front->metrics, "address");
    e->address = ecs_address_checker_new(front->pool, s->address, s->server->mode == ECS_MODE_LAB, stats);
    return e->address != NULL;
}

void engine_sheet_free(struct engine *e)
{
    ecs_address_checker_free(e->address);
}
