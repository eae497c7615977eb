/* SPDX-License-Identifier: Apache-2.0 */
/* A request of on-device service activation, from the proven subscription to the answer: the story that all
 * operations share. What is an answer of TS.43 (OperationResult) never fails the flow. */
#include "op_priv.h"

#include <string.h>

#include "ecs/auth.h"
#include "ecs/log.h"

enum { VIEW_LIMIT_MS = 5000, BSS_LIMIT_MS = 60000 };

/* A new operation is one row here and one file. */
static const struct op ops[] = {
    {ECS_OP_CHECK_ELIGIBILITY, op_check_eligibility_steps},
    {ECS_OP_MANAGE_SUBSCRIPTION, op_manage_subscription_steps},
    {ECS_OP_MANAGE_SERVICE, op_manage_service_steps},
    {ECS_OP_ACQUIRE_CONFIGURATION, op_acquire_configuration_steps},
    {ECS_OP_ACQUIRE_PLAN, op_acquire_plan_steps},
    {ECS_OP_ACQUIRE_TEMPORARY_TOKEN, op_acquire_temporary_token_steps},
};

unsigned ecs_odsa_operations(unsigned offered)
{
    static const enum ecs_app apps[] = {ECS_APP_2006, ECS_APP_2009, ECS_APP_2011};
    unsigned operations = 0;

    for (size_t i = 0; i < ECS_ARRAY_LEN(apps); i++)
        for (size_t k = 0; k < ECS_ARRAY_LEN(ops); k++)
            if (offered & 1u << apps[i] && ecs_operation_is_of(ops[k].operation, apps[i]))
                operations |= 1u << ops[k].operation;
    return operations;
}

/* ---- refusals ---- */

enum ecs_next odsa_refuse(struct ecs_flow *f, int result, const char *why)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_answer *a = &odsa->work->answer;

    *a = (struct odsa_answer){
        .operation = a->operation,
        .app = a->app,
        .result = result,
        .eligibility = ECS_ELIGIBILITY_DISABLED,
        .subscription = ODSA_SR_DISMISS,
        .service_status = ODSA_SS_OFF,
    };
    odsa->work->why = why;
    return ECS_DONE;
}

enum ecs_next odsa_refuse_text(struct ecs_flow *f, int result, struct ecs_str message, const char *why)
{
    struct ecs_odsa *odsa = f->self;

    (void)odsa_refuse(f, result, why);
    odsa->work->answer.error_text = odsa_text(f, odsa, message);
    return ECS_DONE;
}

static enum ecs_next finish(struct ecs_flow *f);

/* ---- read, look up ---- */

static enum ecs_next read_operation(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_work *w = ecs_arena_secret(f->arena, sizeof(*w));
    const char *why;
    int result;
    enum ecs_rc rc;

    if (!w)
        return odsa_out_of_memory(f);
    odsa->work = w;
    odsa->rule = ECS_STR("");
    rc = odsa_request_read(odsa, &w->request, &result, &why);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "%s", why);
    w->answer = (struct odsa_answer){
        .operation = w->request.operation, .app = w->request.app, .result = ECS_RESULT_SUCCESS};
    if (result != ECS_RESULT_SUCCESS) {
        (void)odsa_refuse(f, result, why);
        return ecs_flow_goto(f, finish);
    }
    if (why)
        ecs_log(f->log, ECS_EV_PARAM_IGNORED, "%s", why);
    return ECS_NEXT;
}

static enum ecs_next load_view(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;

    return odsa_load_view(f, odsa, odsa->work->request.operation == ECS_OP_ACQUIRE_CONFIGURATION);
}

/* ---- identities ---- */

/* What takes away from a device is also for one that was stolen. */
static bool takes_away(const struct odsa_request *q)
{
    return q->operation == ECS_OP_MANAGE_SERVICE ? q->type == 11 : q->type == 1 || q->type == 6;
}

/* A profile of this application, or the card that the line began with: what is moved or brought back. */
static bool is_of_app(const struct ecs_odsa *odsa, struct ecs_str iccid)
{
    struct ecs_iccid card;

    if (odsa_profile_by_iccid(odsa->work, iccid))
        return true;
    return odsa->work->request.app == ECS_APP_2009 && odsa->line && odsa->line->iccid.n &&
           ecs_iccid_parse(odsa->line->iccid, &card) && ecs_str_eq(ecs_str_of(card.s), iccid);
}

static bool is_barred(enum ecs_identity_state state)
{
    return state == ECS_ROW_IDENTITY_DENY || state == ECS_ROW_IDENTITY_STOLEN;
}

/* Types whose ICCID has to be a living one of this subscription (12.20, 12.22, 12.25). */
static bool needs_own_iccid(const struct odsa_request *q)
{
    if (q->operation == ECS_OP_MANAGE_SERVICE)
        return true;
    return q->operation == ECS_OP_MANAGE_SUBSCRIPTION && (q->type == 1 || q->type >= 4);
}

/* The ICCID of a device that is to get a profile may be that of what it has from somebody else. */
static bool may_be_foreign(const struct odsa_request *q, size_t place)
{
    return place == 0 && q->operation == ECS_OP_MANAGE_SUBSCRIPTION && q->type == 0;
}

/* The request repeats one of this procedure, whose old profile has ended meanwhile. */
static bool is_repeated(const struct odsa_work *w)
{
    const struct odsa_request *q = &w->request;
    const struct ecs_journey *j = q->type == 3 || q->type == 7 ? op_same_journey(w) : NULL;

    if (q->type == 1)
        return w->view.owners[0] == ECS_ICCID_DEAD && op_has_ended(w);

    return j && odsa_str_same(j->old_iccid, q->type == 7 ? q->iccid : q->old_iccid);
}

/* A list of the line names no device: then the asking one is meant. */
static bool is_device_barred(const struct ecs_odsa *odsa)
{
    const struct odsa_work *w = odsa->work;

    return is_barred(w->view.target_state) || (w->request.app == ECS_APP_2009 && !w->request.names_target &&
                                               odsa->line && is_barred(odsa->line->identity));
}

static enum ecs_next judge_identity(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_work *w = odsa->work;
    const struct odsa_request *q = &w->request;
    const char *why = NULL;

    for (size_t i = 0; i < ECS_ARRAY_LEN(w->view.owners); i++)
        if (w->view.owners[i] == ECS_ICCID_FOREIGN && !may_be_foreign(q, i)) {
            ecs_log(f->log, ECS_EV_FOREIGN_PROFILE, "%s, operation_type %d: %s",
                    ecs_operation_name(q->operation), q->type, i ? "the old ICCID" : "the ICCID");
            return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the ICCID belongs to another subscription");
        }
    if (!takes_away(q) && is_device_barred(odsa))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the device is barred");
    if (!takes_away(q) && is_barred(w->view.eid_state))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the eUICC is barred");
    if (q->iccid.n && needs_own_iccid(q) && w->view.owners[0] != ECS_ICCID_OURS)
        why = "the ICCID is unknown, or of a profile that has ended";
    if (q->old_iccid.n && q->type == 3 && w->view.owners[1] != ECS_ICCID_OURS)
        why = "the old ICCID is unknown, or of a profile that has ended";
    if (!why && ((q->old_iccid.n && q->type == 3 && !is_of_app(odsa, q->old_iccid)) ||
                 (q->iccid.n && q->type == 7 && !is_of_app(odsa, q->iccid))))
        why = "the ICCID to be left is of another application";
    if (!why || is_repeated(w) || op_silent_journey(w))
        return ECS_NEXT;
    (void)odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER, why);
    return ecs_flow_goto(f, finish);
}

/* ---- ask, decide ---- */

static enum ecs_next ask_bss(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_work *w = odsa->work;
    struct ecs_bss_subject *subject;

    if (w->request.operation != ECS_OP_CHECK_ELIGIBILITY || !odsa->env->bss ||
        !ecs_bss_conf_of(odsa->env->bss)->ask_eligibility)
        return ECS_NEXT;
    subject = ecs_alloc(f->arena, sizeof(*subject));
    if (!subject)
        return odsa_out_of_memory(f);
    *subject = odsa_subject(odsa);
    w->bss.eligible = -1;
    w->asked = true;
    return ecs_bss_ask(f, odsa->env->bss, subject, &w->bss);
}

static enum ecs_next decide(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;

    odsa_facts_add(odsa);
    odsa_decide(odsa);
    odsa_tell_rule(odsa, ODSA_D_ELIGIBILITY);
    return ECS_NEXT;
}

static enum ecs_next operate(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    enum ecs_operation operation = odsa->work->request.operation;

    for (size_t i = 0; i < ECS_ARRAY_LEN(ops); i++)
        if (ops[i].operation == operation)
            return ecs_flow_call(f, ops[i].steps, odsa);
    return ecs_flow_fail(f, ECS_E_INTERNAL, "the operation has no steps");
}

/* ---- finish ---- */

enum { REFUSED_VALIDITY_S = 300 };

static enum ecs_next finish(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_work *w = odsa->work;
    const struct odsa_answer *a = &w->answer;
    int64_t validity = odsa_choice(odsa, ODSA_D_VALIDITY)->i;

    if (w->pending)
        validity = odsa_choice(odsa, ODSA_D_VALIDITY_PENDING)->i;
    if (validity <= 0 || (a->result != ECS_RESULT_SUCCESS && validity > REFUSED_VALIDITY_S))
        validity = REFUSED_VALIDITY_S;
    odsa->validity_s = validity;
    odsa->result = a->result;
    if (w->why)
        ecs_log(f->log, ECS_EV_DECISION, "%s: OperationResult %d: %s", ecs_operation_name(a->operation),
                a->result, w->why);
    return ECS_DONE;
}

const struct ecs_step ecs_odsa_steps[] = {
    {"read-operation", read_operation, 0},
    {"load-view", load_view, VIEW_LIMIT_MS},
    {"judge-identity", judge_identity, 0},
    {"ask-bss", ask_bss, BSS_LIMIT_MS},
    {"decide-operation", decide, 0},
    {"operate", operate, 0},
    {"finish", finish, 0},
    {0},
};

const struct ecs_step ecs_odsa_explain_steps[] = {
    {"read-operation", read_operation, 0},
    {"load-view", load_view, VIEW_LIMIT_MS},
    {"ask-bss", ask_bss, BSS_LIMIT_MS},
    {"decide-operation", decide, 0},
    {"judge-eligibility", op_judge_eligibility, 0},
    {"finish", finish, 0},
    {0},
};
