/* SPDX-License-Identifier: Apache-2.0 */
/* Facts for the rules engine: from the line's rows, the request and the clock. A new fact is one row of
 * facts.def and one line here. */
#include "app_internal.h"

#include <string.h>

#include "ecs/store_push.h"

static void set_line(struct ecs_facts *f, const struct ecs_subscriber_facts *line)
{
    (void)ecs_fact_set_bool(f, ECS_FACT_SUB_EXISTS, line->known);
    if (!line->known)
        return;
    (void)ecs_fact_set_int(f, ECS_FACT_LINE_STATE, (int64_t)line->line_state);
    if (line->roaming != ECS_ROW_ROAMING_UNKNOWN)
        (void)ecs_fact_set_int(f, ECS_FACT_LINE_ROAMING,
                               line->roaming == ECS_ROW_ROAMING_HOME ? ECS_ROAMING_HOME
                                                                     : ECS_ROAMING_ROAMING);
    (void)ecs_fact_set_str(f, ECS_FACT_LINE_VISITED_PLMN, line->visited_plmn);
    if (line->non3gpp != ECS_ROW_NON3GPP_UNKNOWN)
        (void)ecs_fact_set_int(f, ECS_FACT_LINE_NON3GPP,
                               line->non3gpp == ECS_ROW_NON3GPP_BARRED ? ECS_NON3GPP_BARRED
                                                                       : ECS_NON3GPP_ALLOWED);
    if (line->sim_changed_at)
        (void)ecs_fact_set_int(f, ECS_FACT_LINE_SIM_CHANGED, line->sim_changed_at);
    (void)ecs_fact_set_str(f, ECS_FACT_BRAND, line->brand);
    (void)ecs_fact_set_str(f, ECS_FACT_PLAN_NAME, line->plan);
    (void)ecs_fact_set_words(f, ECS_FACT_PLAN_FEATURES, line->features, line->n_features);
}

static void set_device(struct ecs_facts *f, const struct ecs_app_context *c)
{
    static const enum ecs_word_device_category categories[] = {
        [ECS_ROW_DEVICE_PHONE] = ECS_CATEGORY_PHONE, [ECS_ROW_DEVICE_TABLET] = ECS_CATEGORY_TABLET,
        [ECS_ROW_DEVICE_WATCH] = ECS_CATEGORY_WATCH, [ECS_ROW_DEVICE_ROUTER] = ECS_CATEGORY_ROUTER,
        [ECS_ROW_DEVICE_IOT] = ECS_CATEGORY_IOT,     [ECS_ROW_DEVICE_OTHER] = ECS_CATEGORY_OTHER,
    };
    const struct ecs_subscriber_facts *line = c->line;
    const struct ecs_ts43_request *r = c->request;
    bool known = line->category != ECS_ROW_DEVICE_UNKNOWN;

    (void)ecs_fact_set_bool(f, ECS_FACT_DEVICE_KNOWN, known);
    if (known) {
        (void)ecs_fact_set_int(f, ECS_FACT_DEVICE_CATEGORY, categories[line->category]);
        (void)ecs_fact_set_words(f, ECS_FACT_DEVICE_CAPABILITIES, line->capabilities, line->n_capabilities);
    }
    (void)ecs_fact_set_str(f, ECS_FACT_DEVICE_VENDOR, known ? line->vendor : r->param[ECS_P_TERMINAL_VENDOR]);
    (void)ecs_fact_set_str(f, ECS_FACT_DEVICE_MODEL, known ? line->model : r->param[ECS_P_TERMINAL_MODEL]);
    if (line->identity != ECS_ROW_IDENTITY_UNKNOWN)
        (void)ecs_fact_set_int(f, ECS_FACT_DEVICE_STATE,
                               line->identity == ECS_ROW_IDENTITY_ALLOW  ? ECS_DEVICE_ALLOW
                               : line->identity == ECS_ROW_IDENTITY_DENY ? ECS_DEVICE_DENY
                                                                         : ECS_DEVICE_STOLEN);
    if (!r->has_terminal)
        return;
    (void)ecs_fact_set_int(f, ECS_FACT_DEVICE_ID_KIND,
                           r->terminal.is_imei ? ECS_ID_KIND_IMEI : ECS_ID_KIND_UUID);
    (void)ecs_fact_set_str(f, ECS_FACT_DEVICE_TAC, ecs_str_of(r->terminal.tac));
}

static void set_request(struct ecs_facts *f, const struct ecs_app_context *c)
{
    const struct ecs_ts43_request *r = c->request;
    struct ecs_user_agent agent;
    struct ecs_str *words;

    (void)ecs_fact_set_version(f, ECS_FACT_CLIENT_VERSION, r->version.major, r->version.minor);
    (void)ecs_fact_set_str(f, ECS_FACT_CLIENT_APP_NAME, r->param[ECS_P_APP_NAME]);
    (void)ecs_fact_set_str(f, ECS_FACT_SIM_GID1, r->param[ECS_P_GID1]);
    (void)ecs_fact_set_str(f, ECS_FACT_SIM_GID2, r->param[ECS_P_GID2]);
    if (ecs_policy_uses(c->policy, ECS_FACT_CLIENT_VENDOR) ||
        ecs_policy_uses(c->policy, ECS_FACT_CLIENT_OS)) {
        agent = ecs_user_agent_read(r->user_agent);
        (void)ecs_fact_set_str(f, ECS_FACT_CLIENT_VENDOR, agent.vendor);
        (void)ecs_fact_set_str(f, ECS_FACT_CLIENT_OS, agent.os);
    }
    words = ecs_policy_uses(c->policy, ECS_FACT_REQUEST_APPS)
                ? ecs_alloc(c->arena, r->n_apps * sizeof(*words))
                : NULL;
    for (size_t i = 0; words && i < r->n_apps; i++)
        words[i] = ecs_str_of(ecs_app_id(r->apps[i]));
    if (words)
        (void)ecs_fact_set_words(f, ECS_FACT_REQUEST_APPS, words, r->n_apps);
}

/* The device can be called: it registers now, or a token of it stands for one of these applications on a
 * channel that works here. */
static void set_push(struct ecs_facts *f, const struct ecs_app_context *c)
{
    bool push = c->push_now;

    for (size_t i = 0; i < c->line->n_registrations && !push; i++) {
        struct ecs_registration r;

        if (!ecs_registration_read(c->line->registrations[i], &r) ||
            (c->push_channels && !(c->push_channels & 1u << r.channel)))
            continue;
        for (size_t k = 0; k < c->request->n_apps && !push; k++)
            push = ecs_registration_has(&r, ecs_str_of(ecs_app_id(c->request->apps[k])));
    }
    (void)ecs_fact_set_bool(f, ECS_FACT_DEVICE_PUSH, push);
}

/* Facts that every service of a line has, in one row; ECS_FACT_COUNT: it has no such fact. */
static const struct {
    const char *service;
    enum ecs_fact override, provisioning, notice;
} services[] = {
    {"volte", ECS_FACT_VOLTE_OVERRIDE, ECS_FACT_VOLTE_PROVISIONING, ECS_FACT_NOTICE_VOLTE},
    {"vonr", ECS_FACT_VONR_OVERRIDE, ECS_FACT_VONR_PROVISIONING, ECS_FACT_NOTICE_VONR},
    {"vowifi", ECS_FACT_VOWIFI_OVERRIDE, ECS_FACT_VOWIFI_PROVISIONING, ECS_FACT_NOTICE_VOWIFI},
    {"smsoip", ECS_FACT_SMSOIP_OVERRIDE, ECS_FACT_SMSOIP_PROVISIONING, ECS_FACT_NOTICE_SMSOIP},
    {"dataplan", ECS_FACT_DATAPLAN_OVERRIDE, ECS_FACT_COUNT, ECS_FACT_NOTICE_DATAPLAN},
    {"billing", ECS_FACT_BILLING_OVERRIDE, ECS_FACT_COUNT, ECS_FACT_NOTICE_BILLING},
    {"identity", ECS_FACT_IDENTITY_OVERRIDE, ECS_FACT_COUNT, ECS_FACT_NOTICE_IDENTITY},
    {"satmode", ECS_FACT_SATMODE_OVERRIDE, ECS_FACT_SATMODE_PROVISIONING, ECS_FACT_NOTICE_SATMODE},
};

static void set_vowifi(struct ecs_facts *f, const struct ecs_line_service *s)
{
    if (s->tc_status >= 0)
        (void)ecs_fact_set_int(f, ECS_FACT_VOWIFI_TERMS, s->tc_status);
    if (s->tc_version >= 0)
        (void)ecs_fact_set_int(f, ECS_FACT_VOWIFI_TERMS_VERSION, s->tc_version);
    if (s->tc_at)
        (void)ecs_fact_set_int(f, ECS_FACT_VOWIFI_TERMS_AT, s->tc_at);
    if (s->addr_status >= 0)
        (void)ecs_fact_set_int(f, ECS_FACT_VOWIFI_ADDRESS, s->addr_status);
    if (s->addr_expiry)
        (void)ecs_fact_set_int(f, ECS_FACT_VOWIFI_ADDRESS_EXPIRY, s->addr_expiry);
    if (s->flow_closed_at)
        (void)ecs_fact_set_int(f, ECS_FACT_VOWIFI_FLOW_CLOSED, s->flow_closed_at);
}

static void set_satmode(struct ecs_facts *f, const struct ecs_line_service *s)
{
    if (s->tc_status >= 0)
        (void)ecs_fact_set_int(f, ECS_FACT_SATMODE_TERMS, s->tc_status);
    if (s->tc_version >= 0)
        (void)ecs_fact_set_int(f, ECS_FACT_SATMODE_TERMS_VERSION, s->tc_version);
    if (s->tc_at)
        (void)ecs_fact_set_int(f, ECS_FACT_SATMODE_TERMS_AT, s->tc_at);
}

static void set_services(struct ecs_facts *f, const struct ecs_subscriber_facts *line)
{
    for (size_t i = 0; i < line->n_services; i++)
        for (size_t k = 0; k < ECS_ARRAY_LEN(services); k++) {
            const struct ecs_line_service *s = &line->services[i];

            if (!ecs_str_eq(s->service, ecs_str_of(services[k].service)))
                continue;
            (void)ecs_fact_set_int(f, services[k].override, (int64_t)s->override);
            if (s->prov_status >= 0 && services[k].provisioning != ECS_FACT_COUNT)
                (void)ecs_fact_set_int(f, services[k].provisioning, s->prov_status);
            if (services[k].override == ECS_FACT_VOWIFI_OVERRIDE)
                set_vowifi(f, s);
            else if (services[k].override == ECS_FACT_SATMODE_OVERRIDE)
                set_satmode(f, s);
        }
    for (size_t i = 0; i < line->n_notices; i++)
        for (size_t k = 0; k < ECS_ARRAY_LEN(services); k++) {
            const struct ecs_notice *n = &line->notices[i];

            if (!ecs_str_eq(n->service, ecs_str_of(services[k].service)))
                continue;
            if (n->unavailable || !f->v[services[k].notice].known)
                (void)ecs_fact_set_int(f, services[k].notice,
                                       n->unavailable ? ECS_NOTICE_UNAVAILABLE : ECS_NOTICE_INFO);
        }
}

static void set_sim(struct ecs_facts *f, const struct ecs_app_context *c)
{
    if (!c->imsi)
        return;
    (void)ecs_fact_set_str(f, ECS_FACT_SIM_IMSI, ecs_str_of(c->imsi->s));
    if (c->plmn_n)
        (void)ecs_fact_set_str(f, ECS_FACT_SIM_PLMN, (struct ecs_str){c->imsi->s, c->plmn_n});
}

/* Signs of a line that moved to another device: for policies that wait a while after it. */
static void set_line_device(struct ecs_facts *f, const struct ecs_app_context *c)
{
    uint8_t terminal[16];
    bool same;

    if (!c->line->has_device || !c->request->has_terminal)
        return;
    ecs_token_terminal_digest(c->crypto, &c->request->terminal, terminal);
    same = memcmp(terminal, c->line->device, sizeof(terminal)) == 0;
    (void)ecs_fact_set_bool(f, ECS_FACT_DEVICE_CHANGED, !same);
    if (same)
        (void)ecs_fact_set_int(f, ECS_FACT_DEVICE_SINCE, c->line->device_since);
}

void ecs_app_facts(struct ecs_app_context *context)
{
    struct ecs_facts *f = &context->facts;

    memset(f, 0, sizeof(*f));
    set_line(f, context->line);
    app_set_network(f, context);
    set_device(f, context);
    set_line_device(f, context);
    set_request(f, context);
    set_push(f, context);
    set_services(f, context->line);
    app_data_facts(context);
    set_sim(f, context);
    ecs_facts_set_now(f, context->now, context->utc_offset_s);
}
