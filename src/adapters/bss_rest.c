/* SPDX-License-Identifier: Apache-2.0 */
/* The dialect of commercial ECS-to-BSS contracts: one address per question, JSON in and out, the same answer
 * form for all (docs/bss.md). A table says which question an operation asks, and what it tells. */
#include <string.h>

#include "adapters/bss_int.h"
#include "ecs/clock.h"

/* ---- questions ---- */

#define BIT(member) (1u << BSS_M_##member)
enum {
    LINE = BIT(IMSI) | BIT(MSISDN) | BIT(LINE_ICCID) | BIT(ENTERPRISE) | BIT(REQUESTOR) | BIT(APP) |
           BIT(TERMINAL),
    TARGET = BIT(TARGET) | BIT(EID) | BIT(ICCID) | BIT(SERVICE),
    OLD = BIT(OLD_ID) | BIT(OLD_ICCID),
    MODEL = BIT(NAME) | BIT(VENDOR) | BIT(MODEL)
};
static const unsigned told[BSS_NAME_COUNT] = {
    /* besides "key" and "operation" of orders */
    [BSS_P_VALIDATE_USER] = LINE,
    [BSS_P_ELIGIBILITY] = LINE | TARGET | MODEL,
    [BSS_P_ENTITLEMENT] = LINE | TARGET,
    [BSS_P_PLANS] = LINE | TARGET,
    [BSS_P_PLAN] = LINE | TARGET | BIT(PLAN),
    [BSS_P_ACTIVATE] = LINE | TARGET | MODEL | BIT(PLAN),
    [BSS_P_RECOVER] = LINE | TARGET | MODEL | BIT(PLAN) | OLD,
    [BSS_P_CHECK_PRIMARY] = LINE | TARGET | OLD,
    [BSS_P_CHECK_SHARED] = LINE | TARGET | OLD,
    [BSS_P_CHECK_ALONE] = LINE | TARGET | OLD,
    [BSS_P_TRANSFER_PRIMARY] = LINE | TARGET | MODEL | BIT(PLAN) | OLD,
    [BSS_P_TRANSFER_SHARED] = LINE | TARGET | MODEL | BIT(PLAN) | OLD,
    [BSS_P_TRANSFER_ALONE] = LINE | TARGET | MODEL | BIT(PLAN) | OLD,
    [BSS_P_DEACTIVATE] = LINE | TARGET,
    [BSS_P_DEACTIVATE_OLD] = LINE | TARGET | OLD,
    [BSS_P_CONFIRM] = LINE | TARGET | OLD,
    [BSS_P_SERVICE_ON] = LINE | TARGET | BIT(STORE) | BIT(STORE_USER),
    [BSS_P_SERVICE_OFF] = LINE | TARGET | BIT(STORE) | BIT(STORE_USER),
    [BSS_P_COMPENSATE] = LINE | BIT(SERVICE) | BIT(PURCHASE),
    [BSS_P_ORDER_STATUS] = LINE,
    [BSS_P_ORDER_CANCEL] = LINE,
};

enum { NOTHING = BSS_NAME_COUNT };

/* Which one orders it, and which one asks before whether it may be (NOTHING: none). Transfers differ by what
 * moves: the line itself, a secondary with its number, a secondary with a number of its own. */
static void questions_of(const struct bss_call *call, enum bss_name *ret_check, enum bss_name *ret_order)
{
    static const enum bss_name orders[ECS_BSS_ACTION_COUNT] = {
        [ECS_BSS_SUBSCRIBE] = BSS_P_ACTIVATE,     [ECS_BSS_TRANSFER] = BSS_P_TRANSFER_PRIMARY,
        [ECS_BSS_RECOVER] = BSS_P_RECOVER,        [ECS_BSS_END] = BSS_P_DEACTIVATE,
        [ECS_BSS_END_OLD] = BSS_P_DEACTIVATE_OLD, [ECS_BSS_CONFIRM] = BSS_P_CONFIRM,
        [ECS_BSS_SERVICE_ON] = BSS_P_SERVICE_ON,  [ECS_BSS_SERVICE_OFF] = BSS_P_SERVICE_OFF,
        [ECS_BSS_COMPENSATE] = BSS_P_COMPENSATE,
    };
    bool shared = ecs_str_starts_with_nocase(call->subject.service, ECS_STR("Shared"));

    *ret_check = (enum bss_name)NOTHING;
    *ret_order = orders[call->order.action];
    if (call->order.action != ECS_BSS_TRANSFER)
        return;
    *ret_check = BSS_P_CHECK_PRIMARY;
    if (!ecs_str_eq(call->subject.app, ECS_STR("ap2006")))
        return;
    *ret_check = shared ? BSS_P_CHECK_SHARED : BSS_P_CHECK_ALONE;
    *ret_order = shared ? BSS_P_TRANSFER_SHARED : BSS_P_TRANSFER_ALONE;
}

static bool put_text(json_t *body, struct ecs_str path, struct ecs_str value)
{
    return !value.n || bss_put(body, path, json_stringn(value.p, value.n));
}

/* False: off, or no memory. */
static bool ask(struct bss_call *call, enum bss_name question)
{
    const struct ecs_bss_order *o = &call->order;
    struct ecs_bss_subject s = call->subject;
    json_t *body = json_object();
    bool good = body != NULL;

    if (o->iccid.p)
        s.target_iccid = o->iccid;
    for (int m = 0; good && m < BSS_MEMBER_COUNT; m++)
        if (told[question] & (1u << m))
            good = put_text(body, call->bss->names.member[m], bss_subject_get(&s, (enum bss_member)m));
    if (good && o->key.p) {
        good = put_text(body, ECS_STR("key"), o->key) &&
               put_text(body, ECS_STR("operation"), ecs_str_of(ecs_bss_action_names[o->action])) &&
               put_text(body, call->bss->names.answer[BSS_A_REFERENCE], call->reference);
    }
    if (!good) {
        json_decref(body);
        return false;
    }
    return bss_ask_post(call, question, body, o->key);
}

/* ---- answers ---- */

static struct ecs_str text_at(const struct bss_call *call, const json_t *json, enum bss_answer answer)
{
    return bss_text(call->arena, bss_at(json, call->bss->names.answer[answer]));
}

/* What an answer says by its result, else by the HTTP status. *ret_body is NULL when there is none. */
static enum ecs_bss_status judge(const struct bss_call *call, const json_t **ret_body,
                                 struct ecs_str *ret_reason, const char **ret_why)
{
    enum ecs_bss_status by_http = bss_http_status(call, ret_why), status;
    const char *ignored;

    *ret_body = call->answer.rc == ECS_OK ? bss_body(call, &ignored) : NULL;
    *ret_reason = bss_code(call->arena, text_at(call, *ret_body, BSS_A_REASON));
    if (by_http == ECS_BSS_DENIED || by_http == ECS_BSS_AGAIN)
        return by_http;
    if (!json_is_object(*ret_body)) {
        *ret_why = by_http == ECS_BSS_DONE ? "the answer of the BSS is no JSON object" : *ret_why;
        return by_http == ECS_BSS_DONE      ? ECS_BSS_AGAIN
               : by_http == ECS_BSS_UNKNOWN ? by_http
                                            : ECS_BSS_DENIED;
    }
    if (bss_code_status(call->bss->conf, text_at(call, *ret_body, BSS_A_RESULT), &status) ||
        (by_http != ECS_BSS_DONE && bss_code_status(call->bss->conf, *ret_reason, &status))) {
        if (status == ECS_BSS_DONE && by_http != ECS_BSS_DONE) {
            *ret_why = "the BSS answers with done and an HTTP status of failures";
            return ECS_BSS_DENIED;
        }
        *ret_why = status == ECS_BSS_DONE || status == ECS_BSS_PENDING ? NULL : "as the BSS has answered";
        return status;
    }
    if (bss_at(*ret_body, call->bss->names.answer[BSS_A_RESULT])) {
        *ret_why = "the BSS answers with a result that bss.codes does not name";
        return ECS_BSS_DENIED;
    }
    return by_http == ECS_BSS_DONE && call->answer.status == 202 ? ECS_BSS_PENDING : by_http;
}

static uint32_t retry_after(const struct bss_call *call, const json_t *body)
{
    int64_t told_s;

    if (call->answer.retry_after_s > 0)
        return (uint32_t)call->answer.retry_after_s;
    if (!ecs_str_to_i64(text_at(call, body, BSS_A_RETRY), &told_s) || told_s < 0 || told_s > 86400)
        return 0;
    return (uint32_t)told_s;
}

static bool take_result(struct bss_call *call)
{
    struct ecs_bss_result *r = call->result;
    struct ecs_str reason;
    const json_t *body;
    const char *why = NULL;

    *r = (struct ecs_bss_result){.status = judge(call, &body, &reason, &why), .why = why, .reason = reason};
    if (r->status == ECS_BSS_AGAIN)
        r->retry_after_s = retry_after(call, body);
    r->reference = text_at(call, body, BSS_A_REFERENCE);
    r->iccid = text_at(call, body, BSS_A_ICCID);
    r->code = text_at(call, body, BSS_A_CODE);
    r->address = text_at(call, body, BSS_A_ADDRESS);
    r->msisdn = text_at(call, body, BSS_A_NEW_MSISDN);
    r->line_imsi = text_at(call, body, BSS_A_NEW_IMSI);
    r->url = text_at(call, body, BSS_A_URL);
    r->data = text_at(call, body, BSS_A_DATA);
    r->service_status = bss_service_status(text_at(call, body, BSS_A_STATUS));
    if (!bss_result_check(call->arena, r, &why))
        *r = (struct ecs_bss_result){.status = ECS_BSS_DENIED, .why = why};
    return false;
}

static bool unmade(struct bss_call *call)
{
    *call->result = (struct ecs_bss_result){
        .status = ECS_BSS_DENIED, .why = "the question does not fit into memory, or its path is off"};
    return false;
}

/* ---- orders ---- */

static bool is_off(const struct bss_call *call, enum bss_name question)
{
    return question == (enum bss_name)NOTHING || !call->bss->names.name[question].n;
}

/* [look for it [check]] order. A transfer that was looked for has been checked. */
static bool order_next(struct bss_call *call)
{
    enum { SEARCHED = 1, CHECKED, ORDERED };
    enum bss_name check, order;

    questions_of(call, &check, &order);
    if (call->stage == 0) {
        if (call->order.repeated && !is_off(call, BSS_P_ORDER_STATUS))
            return ask(call, BSS_P_ORDER_STATUS) || unmade(call);
        call->stage = SEARCHED;
        if (!call->order.repeated && !is_off(call, check))
            return ask(call, check) || unmade(call);
        call->stage = CHECKED;
        return ask(call, order) || unmade(call);
    }
    take_result(call);
    if (call->stage == SEARCHED && call->result->status == ECS_BSS_UNKNOWN) {
        call->stage = CHECKED;
        return ask(call, order) || unmade(call);
    }
    if (call->stage == CHECKED && call->result->status == ECS_BSS_DONE)
        return ask(call, order) || unmade(call);
    if (call->stage >= CHECKED && call->result->status == ECS_BSS_UNKNOWN) /* an address, or the line */
        call->result->status = call->answer.status == 404 ? ECS_BSS_DENIED : ECS_BSS_REFUSED;
    return false;
}

static bool find_next(struct bss_call *call)
{
    if (call->stage == 0)
        return ask(call, BSS_P_ORDER_STATUS) || unmade(call);
    return take_result(call);
}

static bool cancel_next(struct bss_call *call)
{
    if (call->stage == 0)
        return ask(call, BSS_P_ORDER_CANCEL) || unmade(call);
    take_result(call);
    if (call->result->status == ECS_BSS_UNKNOWN)
        *call->result = (struct ecs_bss_result){.status = ECS_BSS_DONE};
    return false;
}

/* ---- what a line may, and what it has ---- */

static const enum bss_name line_questions[] = {BSS_P_VALIDATE_USER, BSS_P_ELIGIBILITY, BSS_P_ENTITLEMENT};

static bool ask_line(struct bss_call *call, unsigned at)
{
    for (; at < ECS_ARRAY_LEN(line_questions); at++) {
        if (is_off(call, line_questions[at]) ||
            (line_questions[at] == BSS_P_VALIDATE_USER && !call->subject.enterprise.p))
            continue;
        call->stage = at;
        return ask(call, line_questions[at]);
    }
    return false;
}

static void take_profiles(struct bss_call *call, const json_t *list)
{
    size_t max = json_array_size(list) < BSS_PROFILES_MAX ? json_array_size(list) : BSS_PROFILES_MAX;
    struct ecs_bss_profile *profiles = ecs_alloc(call->arena, (max + 1) * sizeof(*profiles));
    size_t n = 0;

    for (size_t i = 0; profiles && i < max; i++) {
        const json_t *item = json_array_get(list, i);
        struct ecs_bss_profile p = {.iccid = text_at(call, item, BSS_A_ICCID),
                                    .eid = text_at(call, item, BSS_A_EID),
                                    .terminal_id = text_at(call, item, BSS_A_TARGET),
                                    .service = text_at(call, item, BSS_A_SERVICE),
                                    .msisdn = text_at(call, item, BSS_A_NEW_MSISDN),
                                    .line_imsi = text_at(call, item, BSS_A_NEW_IMSI),
                                    .code = text_at(call, item, BSS_A_CODE),
                                    .address = text_at(call, item, BSS_A_ADDRESS),
                                    .status = bss_service_status(text_at(call, item, BSS_A_STATUS))};

        p.secondary = bss_tristate(bss_at(item, call->bss->names.answer[BSS_A_SECONDARY])) == 1;
        if (p.status && bss_profile_check(call->arena, &p))
            profiles[n++] = p;
    }
    call->line->profiles = profiles;
    call->line->n_profiles = n;
}

/* Refused is an answer: not eligible, and why. */
static bool line_next(struct bss_call *call)
{
    struct ecs_bss_line *line = call->line;
    const struct ecs_str *name = call->bss->names.answer;
    struct ecs_str reason;
    const json_t *body, *told_now;
    const char *why = NULL;

    if (call->stage == 0 && !call->own) {
        call->own = call;
        return ask_line(call, 0);
    }
    line->status = judge(call, &body, &reason, &why);
    line->why = why;
    if (reason.p)
        line->reason = reason;
    if (line->status == ECS_BSS_REFUSED || line->status == ECS_BSS_UNKNOWN) {
        line->status = ECS_BSS_DONE;
        line->why = NULL;
        line->eligible = 0;
        return false;
    }
    line->url = text_at(call, body, BSS_A_URL);
    line->data = text_at(call, body, BSS_A_DATA);
    if (line->status != ECS_BSS_DONE)
        return false;
    told_now = bss_at(body, name[BSS_A_ELIGIBLE]);
    if (told_now)
        line->eligible = bss_tristate(told_now);
    if ((told_now = bss_at(body, name[BSS_A_SERVICES])))
        line->services = bss_words(call->arena, told_now);
    if ((told_now = bss_at(body, name[BSS_A_PROFILES])))
        take_profiles(call, told_now);
    return ask_line(call, call->stage);
}

/* ---- plans ---- */

static bool take_plans(struct bss_call *call)
{
    const struct ecs_str *name = call->bss->names.answer;
    struct ecs_bss_plan *plans;
    struct ecs_str reason;
    const json_t *body, *list;
    const char *why = NULL;
    size_t n = 0, max;

    call->plans->status = judge(call, &body, &reason, &why);
    call->plans->why = why;
    list = bss_at(body, name[BSS_A_PLANS]);
    max = json_array_size(list) < BSS_PLANS_MAX ? json_array_size(list) : BSS_PLANS_MAX;
    plans = ecs_alloc(call->arena, (max + 1) * sizeof(*plans));
    if (call->plans->status == ECS_BSS_UNKNOWN) /* there is no plan of that id */
        call->plans->status = ECS_BSS_DONE;
    for (size_t i = 0; plans && call->plans->status == ECS_BSS_DONE && i < max; i++) {
        const json_t *item = json_array_get(list, i);
        struct ecs_bss_plan p = {.id = text_at(call, item, BSS_A_PLAN_ID),
                                 .name = text_at(call, item, BSS_A_PLAN_NAME),
                                 .description = text_at(call, item, BSS_A_PLAN_TEXT),
                                 .profile_type = text_at(call, item, BSS_A_PROFILE_TYPE),
                                 .service = text_at(call, item, BSS_A_SERVICE)};

        if (!p.id.p || p.id.n > 63 || (call->subject.plan.n && !ecs_str_eq(p.id, call->subject.plan)))
            continue;
        if (!p.name.p)
            p.name = p.id;
        plans[n++] = p;
    }
    call->plans->plans = plans;
    call->plans->n = n;
    return false;
}

static bool plans_next(struct bss_call *call)
{
    enum bss_name question = call->subject.plan.n && !is_off(call, BSS_P_PLAN) ? BSS_P_PLAN : BSS_P_PLANS;

    if (call->stage)
        return take_plans(call);
    return !is_off(call, question) && ask(call, question); /* off: there are none */
}

const struct bss_dialect bss_rest = {
    .ask = line_next,
    .plans = plans_next,
    .order = order_next,
    .find = find_next,
    .cancel = cancel_next,
};
