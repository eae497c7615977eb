/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of a request for the rules engine, and decisions whatever the application is. A new fact is one row
 * of facts.def and one line here. */
#include "op_priv.h"

#include <string.h>

#include "ecs/auth.h"

/* ---- decisions ---- */

#define NO ECS_DECISION_COUNT
#define ALL(id)                                                                                              \
    [ODSA_D_##id] = {ECS_DECIDE_COMPANION_##id, ECS_DECIDE_PRIMARY_##id, ECS_DECIDE_ENTERPRISE_##id}
#define BOTH(id) [ODSA_D_##id] = {ECS_DECIDE_COMPANION_##id, ECS_DECIDE_PRIMARY_##id, NO}
#define COMP(id) [ODSA_D_##id] = {ECS_DECIDE_COMPANION_##id, NO, NO}
#define PRIM(id) [ODSA_D_##id] = {NO, ECS_DECIDE_PRIMARY_##id, NO}
enum { OF_COMPANION, OF_PRIMARY, OF_ENTERPRISE, OF_COUNT };
static const enum ecs_decision decisions[ODSA_CHOICE_COUNT][OF_COUNT] = {
    ALL(ELIGIBILITY),
    ALL(MESSAGE),
    COMP(SHARED_NUMBER),
    COMP(DIFF_NUMBER),
    COMP(FAMILY_NUMBER),
    PRIM(ELIGIBILITY_POLLING),
    BOTH(NOT_ENABLED_URL),
    BOTH(NOT_ENABLED_DATA),
    BOTH(NOT_ENABLED_TYPE),
    ALL(SUBSCRIBE),
    BOTH(TRANSFER),
    BOTH(OLD_ENDS),
    PRIM(DEMAND_REDOWNLOADABLE),
    PRIM(RECOVER),
    PRIM(VERIFY),
    BOTH(MANAGE),
    ALL(CANCEL),
    ALL(SWITCH),
    BOTH(MANAGE_SERVICE),
    ALL(PROVIDER),
    ALL(PROFILE_TYPE),
    ALL(DELIVERY),
    BOTH(PORTAL_URL),
    BOTH(PORTAL_DATA),
    BOTH(PORTAL_TYPE),
    BOTH(PORTAL_ENCODED),
    PRIM(QUESTION),
    PRIM(QUESTION_TITLE),
    PRIM(QUESTION_ACCEPT),
    PRIM(QUESTION_REJECT),
    PRIM(QUESTION_TEXT),
    PRIM(QUESTION_HINT),
    PRIM(QUESTION_PATTERN),
    PRIM(QUESTION_ERROR),
    BOTH(TOKEN_ELIGIBILITY),
    BOTH(TOKEN_SUBSCRIPTION),
    BOTH(TOKEN_SERVICE),
    BOTH(TOKEN_CONFIGURATION),
    BOTH(TOKEN_PLAN),
    ALL(FAILED_MESSAGE),
    ALL(VALIDITY),
    ALL(VALIDITY_PENDING),
};

static int service_of(enum ecs_app app)
{
    return app == ECS_APP_2006 ? OF_COMPANION : app == ECS_APP_2009 ? OF_PRIMARY : OF_ENTERPRISE;
}

void odsa_decide(struct ecs_odsa *odsa)
{
    static const enum ecs_service services[OF_COUNT] = {ECS_SERVICE_COMPANION, ECS_SERVICE_PRIMARY,
                                                        ECS_SERVICE_ENTERPRISE};

    ecs_decide(odsa->env->policy, services[service_of(odsa->work->request.app)], odsa->facts,
               &odsa->work->decisions);
}

const struct ecs_decision_value *odsa_choice(const struct ecs_odsa *odsa, enum odsa_choice choice)
{
    static const struct ecs_decision_value none = {.s = {"", 0}};
    enum ecs_decision id = decisions[choice][service_of(odsa->work->request.app)];

    return id == NO ? &none : &odsa->work->decisions.v[id];
}

void odsa_tell_rule(struct ecs_odsa *odsa, enum odsa_choice choice)
{
    enum ecs_decision id = decisions[choice][service_of(odsa->work->request.app)];

    if (id != NO)
        odsa->rule = ecs_decide_rule(odsa->env->policy, id, &odsa->work->decisions);
}

/* ---- facts ---- */

static const enum ecs_word_device_category categories[] = {
    [ECS_ROW_DEVICE_PHONE] = ECS_CATEGORY_PHONE, [ECS_ROW_DEVICE_TABLET] = ECS_CATEGORY_TABLET,
    [ECS_ROW_DEVICE_WATCH] = ECS_CATEGORY_WATCH, [ECS_ROW_DEVICE_ROUTER] = ECS_CATEGORY_ROUTER,
    [ECS_ROW_DEVICE_IOT] = ECS_CATEGORY_IOT,     [ECS_ROW_DEVICE_OTHER] = ECS_CATEGORY_OTHER,
};
static const enum ecs_word_device_state states[] = {
    [ECS_ROW_IDENTITY_ALLOW] = ECS_DEVICE_ALLOW,
    [ECS_ROW_IDENTITY_DENY] = ECS_DEVICE_DENY,
    [ECS_ROW_IDENTITY_STOLEN] = ECS_DEVICE_STOLEN,
};
static const struct {
    enum ecs_operation operation;
    enum ecs_word_odsa_operation word;
} operations[] = {
    {ECS_OP_CHECK_ELIGIBILITY, ECS_ODSA_OP_CHECK_ELIGIBILITY},
    {ECS_OP_MANAGE_SUBSCRIPTION, ECS_ODSA_OP_MANAGE_SUBSCRIPTION},
    {ECS_OP_MANAGE_SERVICE, ECS_ODSA_OP_MANAGE_SERVICE},
    {ECS_OP_ACQUIRE_CONFIGURATION, ECS_ODSA_OP_ACQUIRE_CONFIGURATION},
    {ECS_OP_ACQUIRE_PLAN, ECS_ODSA_OP_ACQUIRE_PLAN},
    {ECS_OP_ACQUIRE_TEMPORARY_TOKEN, ECS_ODSA_OP_ACQUIRE_TEMPORARY_TOKEN},
};

static void set_state(struct ecs_facts *f, enum ecs_fact fact, enum ecs_identity_state state)
{
    if (state != ECS_ROW_IDENTITY_UNKNOWN)
        (void)ecs_fact_set_int(f, fact, states[state]);
}

static enum ecs_word_credential credential_of(enum ecs_auth_method method)
{
    switch (method) {
    case ECS_AUTH_EAP_CONTINUE:
    case ECS_AUTH_EAP_BEGIN:
        return ECS_CREDENTIAL_SIM;
    case ECS_AUTH_OIDC_RETURN:
    case ECS_AUTH_OIDC_BEGIN:
        return ECS_CREDENTIAL_LOGIN;
    case ECS_AUTH_OTP_ANSWER:
    case ECS_AUTH_OTP_BEGIN:
        return ECS_CREDENTIAL_CODE;
    case ECS_AUTH_TEMPORARY:
        return ECS_CREDENTIAL_TEMPORARY;
    case ECS_AUTH_TOKEN:
        return ECS_CREDENTIAL_TOKEN;
    default:
        return ECS_CREDENTIAL_SERVER;
    }
}

static void set_request(const struct ecs_odsa *odsa, struct ecs_facts *f)
{
    const struct odsa_request *q = &odsa->work->request;

    for (size_t i = 0; i < ECS_ARRAY_LEN(operations); i++)
        if (operations[i].operation == q->operation)
            (void)ecs_fact_set_int(f, ECS_FACT_OPERATION, operations[i].word);
    if (q->type >= 0)
        (void)ecs_fact_set_int(f, ECS_FACT_OPERATION_TYPE, q->type);
    (void)ecs_fact_set_int(f, ECS_FACT_CREDENTIAL, credential_of(odsa->auth->method));
    (void)ecs_fact_set_bool(f, ECS_FACT_REDOWNLOADABLE, q->redownloadable);
    (void)ecs_fact_set_str(f, ECS_FACT_PLAN_ASKED, q->plan);
    for (int i = 0; odsa_service_names[i]; i++)
        if (ecs_str_eq(q->service, ecs_str_of(odsa_service_names[i])))
            (void)ecs_fact_set_int(f, ECS_FACT_COMPANION_SERVICE, i);
}

static void set_target(const struct ecs_odsa *odsa, struct ecs_facts *f)
{
    const struct odsa_work *w = odsa->work;
    const struct odsa_request *q = &w->request;
    const struct ecs_odsa_view *v = &w->view;

    (void)ecs_fact_set_bool(f, ECS_FACT_TARGET_KNOWN, v->target_known);
    if (v->target_known && v->target_category != ECS_ROW_DEVICE_UNKNOWN)
        (void)ecs_fact_set_int(f, ECS_FACT_TARGET_CATEGORY, categories[v->target_category]);
    if (v->target_known)
        (void)ecs_fact_set_words(f, ECS_FACT_TARGET_CAPABILITIES, v->target_capabilities,
                                 v->n_target_capabilities);
    (void)ecs_fact_set_str(f, ECS_FACT_TARGET_VENDOR, q->vendor);
    (void)ecs_fact_set_str(f, ECS_FACT_TARGET_MODEL, q->model);
    (void)ecs_fact_set_str(f, ECS_FACT_TARGET_TAC, q->target_tac);
    set_state(f, ECS_FACT_TARGET_STATE, v->target_state);
    set_state(f, ECS_FACT_EID_STATE, v->eid_state);
    (void)ecs_fact_set_bool(f, ECS_FACT_TARGET_EID, q->eid.n > 0);
    (void)ecs_fact_set_bool(f, ECS_FACT_TARGET_OTHER, q->other_target);
    (void)ecs_fact_set_bool(f, ECS_FACT_TARGET_PROFILE, odsa_target_profile(w) != NULL);
    (void)ecs_fact_set_bool(f, ECS_FACT_JOURNEY_OPEN, odsa_open_journey(w, ~0u) != NULL);
}

static void set_owner(const struct ecs_odsa *odsa, struct ecs_facts *f)
{
    const struct odsa_work *w = odsa->work;
    const struct odsa_request *q = &w->request;
    struct ecs_str choices[4];
    int64_t living = 0;

    for (size_t i = 0; i < w->view.n_profiles; i++)
        living += odsa_profile_lives(&w->view.profiles[i]);
    (void)ecs_fact_set_int(f, ECS_FACT_PROFILE_COUNT, living);
    if (q->app == ECS_APP_2006)
        (void)ecs_fact_set_int(f, ECS_FACT_COMPANION_COUNT, odsa_count_others(w));
    (void)ecs_fact_set_bool(f, ECS_FACT_OLD_GIVEN, q->old_id.n || q->old_iccid.n);
    (void)ecs_fact_set_int(f, ECS_FACT_OLD_CHOICES,
                           (int64_t)odsa_old_choices(odsa, choices, ECS_ARRAY_LEN(choices)));
    (void)ecs_fact_set_bool(f, ECS_FACT_OLD_ASKS, odsa_old_asks(q));
    (void)ecs_fact_set_bool(f, ECS_FACT_OLD_PROVEN,
                            odsa_old_asks(q) || odsa->auth->method == ECS_AUTH_TEMPORARY);
    (void)ecs_fact_set_int(f, ECS_FACT_FAMILY_LINES, w->view.family_n);
    if (q->app != ECS_APP_2011)
        return;
    (void)ecs_fact_set_str(f, ECS_FACT_ENTERPRISE_ID, q->enterprise);
    (void)ecs_fact_set_bool(f, ECS_FACT_ENTERPRISE_ACTIVE, w->view.enterprise_active);
    (void)ecs_fact_set_bool(f, ECS_FACT_ENTERPRISE_FULL,
                            w->view.enterprise_max >= 0 &&
                                w->view.enterprise_living >= w->view.enterprise_max);
}

/* The BSS names services as TS.43 does. */
static void set_services(struct ecs_facts *f, struct ecs_str list)
{
    static const struct ecs_str words[] = {ECS_STR("shared-number"), ECS_STR("diff-number"),
                                           ECS_STR("family-number")};
    static const struct ecs_str sets[8][3] = {
        [1] = {ECS_STR("shared-number")},
        [2] = {ECS_STR("diff-number")},
        [3] = {ECS_STR("shared-number"), ECS_STR("diff-number")},
        [4] = {ECS_STR("family-number")},
        [5] = {ECS_STR("shared-number"), ECS_STR("family-number")},
        [6] = {ECS_STR("diff-number"), ECS_STR("family-number")},
        [7] = {ECS_STR("shared-number"), ECS_STR("diff-number"), ECS_STR("family-number")},
    };
    struct ecs_str name;
    unsigned bits = 0;
    size_t n = 0;

    while (ecs_str_cut(&list, ',', &name))
        for (unsigned i = 0; i < ECS_ARRAY_LEN(words); i++)
            if (ecs_str_eq_nocase(ecs_str_trim(name), ecs_str_of(odsa_service_names[i])))
                bits |= 1u << i;
    while (n < 3 && sets[bits][n].n)
        n++;
    (void)ecs_fact_set_words(f, ECS_FACT_BSS_SERVICES, sets[bits], n);
}

static void set_bss(const struct ecs_bss_line *line, struct ecs_facts *f)
{
    static const int says[ECS_BSS_STATUS_COUNT] = {
        [ECS_BSS_DONE] = ECS_BSS_SAYS_DONE,       [ECS_BSS_PENDING] = ECS_BSS_SAYS_PENDING,
        [ECS_BSS_AGAIN] = ECS_BSS_SAYS_AGAIN,     [ECS_BSS_WEBSITE] = ECS_BSS_SAYS_WEBSITE,
        [ECS_BSS_IN_USE] = ECS_BSS_SAYS_REFUSED,  [ECS_BSS_REFUSED] = ECS_BSS_SAYS_REFUSED,
        [ECS_BSS_UNKNOWN] = ECS_BSS_SAYS_REFUSED, [ECS_BSS_DENIED] = ECS_BSS_SAYS_DENIED,
    };

    (void)ecs_fact_set_int(f, ECS_FACT_BSS_STATUS, says[line->status]);
    if (line->eligible >= 0)
        (void)ecs_fact_set_int(f, ECS_FACT_BSS_ELIGIBLE, line->eligible);
    if (line->services.p)
        set_services(f, line->services);
    (void)ecs_fact_set_str(f, ECS_FACT_BSS_REASON, line->reason);
}

void odsa_facts_add(struct ecs_odsa *odsa)
{
    set_request(odsa, odsa->facts);
    set_target(odsa, odsa->facts);
    set_owner(odsa, odsa->facts);
    if (odsa->work->asked)
        set_bss(&odsa->work->bss, odsa->facts);
}

struct ecs_bss_subject odsa_subject(const struct ecs_odsa *odsa)
{
    const struct odsa_request *q = &odsa->work->request;
    const struct ecs_subscriber_facts *line = odsa->line;
    bool has_line = q->app != ECS_APP_2011 && line;

    return (struct ecs_bss_subject){
        .imsi = has_line ? line->imsi : ECS_STR_NULL,
        .msisdn = has_line ? line->msisdn : ECS_STR_NULL,
        .iccid = has_line ? line->iccid : ECS_STR_NULL,
        .enterprise = q->enterprise,
        .requestor = q->enterprise.n ? odsa->request->param[ECS_P_REQUESTOR_ID] : ECS_STR_NULL,
        .app = ecs_str_of(ecs_app_id(q->app)),
        .terminal_id = q->terminal_id,
        .target_id = q->target_id,
        .eid = q->eid,
        .target_iccid = q->iccid,
        .service = q->service,
        .plan = q->plan,
        .old_id = q->old_id,
        .old_iccid = q->old_iccid,
        .name = q->name,
        .vendor = q->vendor,
        .model = q->model,
    };
}
