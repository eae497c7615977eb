/* SPDX-License-Identifier: Apache-2.0 */
/* What the consent pages need of the snapshot and of a worker's engine. */
#include "sheet.h"

#include "ecs/bss.h"
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

/* ---- eSIM pages, pages of services ---- */

/* The decisions that lead to a page of ours, for each application that has them. */
static const struct {
    enum ecs_decision url, data, type;
    bool needs_session; /* the not-enabled page shows itself to anybody */
    bool is_service;    /* named flow-...; its pages read every form of user data */
} handed_over[] = {
    {ECS_DECIDE_COMPANION_PORTAL_URL, ECS_DECIDE_COMPANION_PORTAL_DATA, ECS_DECIDE_COMPANION_PORTAL_TYPE,
     true, false},
    {ECS_DECIDE_PRIMARY_PORTAL_URL, ECS_DECIDE_PRIMARY_PORTAL_DATA, ECS_DECIDE_PRIMARY_PORTAL_TYPE, true,
     false},
    {ECS_DECIDE_COMPANION_NOT_ENABLED_URL, ECS_DECIDE_COMPANION_NOT_ENABLED_DATA,
     ECS_DECIDE_COMPANION_NOT_ENABLED_TYPE, false, false},
    {ECS_DECIDE_PRIMARY_NOT_ENABLED_URL, ECS_DECIDE_PRIMARY_NOT_ENABLED_DATA,
     ECS_DECIDE_PRIMARY_NOT_ENABLED_TYPE, false, false},
    {ECS_DECIDE_DATAPLAN_FLOW_URL, ECS_DECIDE_DATAPLAN_FLOW_DATA, ECS_DECIDE_DATAPLAN_FLOW_TYPE, true, true},
    {ECS_DECIDE_BILLING_FLOW_URL, ECS_DECIDE_BILLING_FLOW_DATA, ECS_DECIDE_BILLING_FLOW_TYPE, true, true},
    {ECS_DECIDE_SATMODE_FLOW_URL, ECS_DECIDE_SATMODE_FLOW_DATA, ECS_DECIDE_SATMODE_FLOW_TYPE, true, true},
};

struct hand_over_check {
    const struct ecs_policy *policy;
    struct ecs_faults *faults;
    size_t row;
    bool ours;      /* some rule or the default leads to our page */
    unsigned line;  /* of the rule that is looked at */
    bool elsewhere; /* that very rule names another page */
};

static bool is_ours(struct ecs_str url)
{
    return ecs_str_eq(url, ECS_STR("portal"));
}

static void find_url(void *arg, struct ecs_str text, int64_t number, const char *file, unsigned line)
{
    struct hand_over_check *check = arg;

    (void)number, (void)file;
    check->ours |= is_ours(text);
    if (line == check->line)
        check->elsewhere = !is_ours(text);
}

static bool goes_elsewhere(struct hand_over_check *check, unsigned line)
{
    check->line = line;
    check->elsewhere = false;
    ecs_policy_values_of(check->policy, handed_over[check->row].url, find_url, check);
    return check->elsewhere;
}

static void check_data(void *arg, struct ecs_str text, int64_t number, const char *file, unsigned line)
{
    struct hand_over_check *check = arg;

    (void)number;
    if (handed_over[check->row].needs_session && ecs_str_find(text, ECS_STR("sid={session}")) < 0 &&
        !goes_elsewhere(check, line))
        ecs_fault_add(check->faults, file, line, 0,
                      "%s must hold sid={session}: %s portal means the built-in pages",
                      handed_over[check->row].is_service ? "flow-data" : "portal-data",
                      handed_over[check->row].is_service ? "flow-url" : "portal-url");
}

static void check_type(void *arg, struct ecs_str text, int64_t number, const char *file, unsigned line)
{
    struct hand_over_check *check = arg;

    (void)text;
    if (number != ECS_PAGE_QUERY && !goes_elsewhere(check, line))
        ecs_fault_add(check->faults, file, line, 0,
                      "%s must be query: the built-in pages read no json and no xml",
                      handed_over[check->row].needs_session ? "portal-type" : "not-enabled-type");
}

/* Rules that name another page in the same breath may hand over what they like. */
static void check_hand_overs(const struct ecs_policy *policy, struct ecs_faults *faults)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(handed_over); i++) {
        struct hand_over_check check = {.policy = policy, .faults = faults, .row = i};

        ecs_policy_values_of(policy, handed_over[i].url, find_url, &check);
        if (!check.ours)
            continue;
        ecs_policy_values_of(policy, handed_over[i].data, check_data, &check);
        if (!handed_over[i].is_service)
            ecs_policy_values_of(policy, handed_over[i].type, check_type, &check);
    }
}

void sheet_snapshot_load(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults,
                         struct ecs_faults *warnings)
{
    s->portal_url = s->policy_conf->portal_url;
    s->pages_url = "";
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
    if (s->websheet->boost_order &&
        ((const struct ecs_bss_conf *)ecs_conf_get(s->conf, "bss"))->type == ECS_BSS_LOCAL)
        ecs_fault_add(faults, path, 0, 0, "websheet.boost_order needs a bss.type other than local");
    if (s->portal_url[0] == '\0') {
        s->portal_url = web_url(s, "vowifi", s->arena);
        s->pages_url = web_url(s, "", s->arena);
        if (s->policy)
            ecs_policy_texts_of(s->policy, ECS_DECIDE_VOWIFI_FLOW_DATA, check_template, faults);
        if (s->policy)
            check_hand_overs(s->policy, faults);
    }
    if (!s->portal_url || !s->pages_url) {
        s->portal_url = s->pages_url = "";
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
