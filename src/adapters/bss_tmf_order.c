/* SPDX-License-Identifier: Apache-2.0 */
/* Orders in TM Forum shapes: TMF641 service orders, or TMF622 product orders where purchases are charged. The
 * key is externalId; what became of an order is read from its state, the state of its item and the
 * characteristics of what it made (bss.md 3). */
#include <string.h>

#include "adapters/bss_int.h"

/* ---- reading: also for events ---- */

static const struct {
    const char *state;
    enum ecs_bss_status status;
} states[] = {
    {"acknowledged", ECS_BSS_PENDING},
    {"pending", ECS_BSS_PENDING},
    {"held", ECS_BSS_PENDING},
    {"inProgress", ECS_BSS_PENDING},
    {"assessingCancellation", ECS_BSS_PENDING},
    {"pendingCancellation", ECS_BSS_PENDING},
    {"completed", ECS_BSS_DONE},
    {"partial", ECS_BSS_REFUSED},
    {"failed", ECS_BSS_REFUSED},
    {"rejected", ECS_BSS_REFUSED},
    {"cancelled", ECS_BSS_REFUSED},
};

/* Unknown words are of an open order: it is asked for again. */
static enum ecs_bss_status status_of_state(struct ecs_str state)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(states); i++)
        if (ecs_str_eq_nocase(state, ecs_str_of(states[i].state)))
            return states[i].status;
    return ECS_BSS_PENDING;
}

/* Of the first item; service or product. */
static const json_t *item_of(const json_t *order)
{
    const json_t *items = json_object_get(order, "serviceOrderItem");

    if (!json_is_array(items))
        items = json_object_get(order, "productOrderItem");
    if (!json_is_array(items))
        items = json_object_get(order, "orderItem");
    return json_array_get(items, 0);
}

static const json_t *made_by(const json_t *item)
{
    const json_t *made = json_object_get(item, "service");

    return json_is_object(made) ? made : json_object_get(item, "product");
}

static const json_t *characteristics_of(const json_t *made)
{
    const json_t *list = json_object_get(made, "serviceCharacteristic");

    if (!json_is_array(list))
        list = json_object_get(made, "productCharacteristic");
    return json_is_array(list) ? list : json_object_get(made, "characteristic");
}

struct ecs_str bss_tmf_order_key(struct ecs_arena *arena, const json_t *order)
{
    const json_t *id = json_object_get(order, "externalId"), *list = id;
    struct ecs_str text = bss_text(arena, json_is_array(id) ? NULL : id);

    if (text.p)
        return text;
    if (!json_is_array(list)) /* v5 has a list there, others externalReference */
        list = json_object_get(order, "externalReference");
    for (size_t i = 0; i < json_array_size(list); i++) {
        text = bss_member(arena, json_array_get(list, i), "id");
        if (!text.p || !ecs_str_starts_with(text, ECS_STR("ecs-")))
            text = bss_member(arena, json_array_get(list, i), "name");
        if (text.p && ecs_str_starts_with(text, ECS_STR("ecs-")))
            return text;
    }
    return ECS_STR_NULL;
}

/* Code of the first message, of the item before that of the order. */
static struct ecs_str error_code(struct ecs_arena *arena, const json_t *order, const json_t *item)
{
    static const char *const lists[] = {"errorMessage", "orderErrorMessage", "terminationError",
                                        "productOrderErrorMessage"};
    const json_t *const where[] = {item, order};

    for (size_t w = 0; w < ECS_ARRAY_LEN(where); w++)
        for (size_t i = 0; i < ECS_ARRAY_LEN(lists); i++) {
            const json_t *list = json_object_get(where[w], lists[i]);
            struct ecs_str code = bss_code(arena, bss_member(arena, json_array_get(list, 0), "code"));

            if (code.p)
                return code;
        }
    return ECS_STR_NULL;
}

static void read_made(const struct ecs_bss *bss, struct ecs_arena *arena, const json_t *list,
                      struct ecs_bss_result *r)
{
    const struct ecs_str *name = bss->names.tmf_answer;
    const struct {
        enum bss_answer answer;
        struct ecs_str *to;
    } rows[] = {{BSS_A_ICCID, &r->iccid},       {BSS_A_CODE, &r->code},          {BSS_A_ADDRESS, &r->address},
                {BSS_A_NEW_MSISDN, &r->msisdn}, {BSS_A_NEW_IMSI, &r->line_imsi}, {BSS_A_URL, &r->url},
                {BSS_A_DATA, &r->data}};

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        *rows[i].to = bss_text(arena, bss_characteristic(list, name[rows[i].answer]));
    r->service_status = bss_service_status(bss_text(arena, bss_characteristic(list, name[BSS_A_STATUS])));
}

/* Words for the journal; constant. */
static const char *why_of(enum ecs_bss_status status, struct ecs_str state)
{
    switch (status) {
    case ECS_BSS_WEBSITE:
        return "the BSS wants the user on the portal";
    case ECS_BSS_IN_USE:
        return "the BSS wants the old profile deleted first";
    case ECS_BSS_DENIED:
        return "the BSS refuses the order for a reason that is ours";
    case ECS_BSS_AGAIN:
        return "the BSS wants the order later again";
    case ECS_BSS_REFUSED:
        return ecs_str_eq_nocase(state, ECS_STR("cancelled")) ? "the order was cancelled"
               : ecs_str_eq_nocase(state, ECS_STR("partial")) ? "the order was carried out in part only"
                                                              : "the BSS has refused the order";
    default:
        return NULL;
    }
}

void bss_tmf_order_result(const struct ecs_bss *bss, struct ecs_arena *arena, const json_t *order,
                          struct ecs_bss_result *ret_result)
{
    const json_t *item = item_of(order);
    struct ecs_str state = bss_member(arena, order, "state"), own = bss_member(arena, item, "state");
    struct ecs_bss_result r = {0};
    const char *why = NULL;

    if (!state.p)
        state = bss_member(arena, order, "status");
    r.reference = bss_member(arena, order, "id");
    r.status = state.p ? status_of_state(state) : ECS_BSS_AGAIN;
    r.why = state.p ? NULL : "the state of the order is not told";
    /* Our orders have one item: with it the order is done. */
    if (ecs_str_eq_nocase(state, ECS_STR("partial")) && ecs_str_eq_nocase(own, ECS_STR("completed")))
        r.status = ECS_BSS_DONE;
    read_made(bss, arena, characteristics_of(made_by(item)), &r);
    r.reason = error_code(arena, order, item);
    if (r.status == ECS_BSS_REFUSED || ecs_str_eq_nocase(state, ECS_STR("held"))) {
        enum ecs_bss_status told;

        if (bss_code_status(bss->conf, r.reason, &told) && told != ECS_BSS_DONE && told != ECS_BSS_UNKNOWN)
            r.status = told;
        else if (r.url.p && r.status == ECS_BSS_PENDING)
            r.status = ECS_BSS_WEBSITE;
    }
    if (!r.why)
        r.why = why_of(r.status, state);
    if (!bss_result_check(arena, &r, &why))
        r = (struct ecs_bss_result){.status = ECS_BSS_DENIED, .why = why, .reference = ECS_STR_NULL};
    *ret_result = r;
}

/* ---- writing ---- */

static const char *const item_actions[ECS_BSS_ACTION_COUNT] = {
    [ECS_BSS_SUBSCRIBE] = "add",     [ECS_BSS_TRANSFER] = "modify",    [ECS_BSS_RECOVER] = "modify",
    [ECS_BSS_END] = "delete",        [ECS_BSS_END_OLD] = "delete",     [ECS_BSS_CONFIRM] = "modify",
    [ECS_BSS_SERVICE_ON] = "modify", [ECS_BSS_SERVICE_OFF] = "modify", [ECS_BSS_COMPENSATE] = "delete"};

static bool add_characteristic(json_t *list, struct ecs_str name, struct ecs_str value)
{
    return !value.n || json_array_append_new(list, json_pack("{s:s%,s:s%}", "name", name.p, name.n, "value",
                                                             value.p, value.n)) == 0;
}

static json_t *characteristics(const struct bss_call *call)
{
    const struct ecs_bss_order *o = &call->order;
    struct ecs_bss_subject s = o->subject;
    json_t *list = json_array();
    bool good = list != NULL;

    if (o->iccid.p)
        s.target_iccid = o->iccid;
    if (o->action == ECS_BSS_END_OLD) { /* what goes is the old one */
        s.target_iccid = s.old_iccid;
        s.target_id = s.old_id;
        s.eid = s.old_iccid = s.old_id = ECS_STR_NULL;
    }
    good =
        good && add_characteristic(list, ECS_STR("operation"), ecs_str_of(ecs_bss_action_names[o->action]));
    for (int m = 0; good && m < BSS_MEMBER_COUNT; m++)
        good =
            add_characteristic(list, call->bss->names.tmf_member[m], bss_subject_get(&s, (enum bss_member)m));
    if (good)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *service_item(const struct bss_call *call, struct ecs_str spec)
{
    enum ecs_bss_action action = call->order.action;
    const char *state = action == ECS_BSS_END || action == ECS_BSS_END_OLD || action == ECS_BSS_COMPENSATE
                            ? "terminated"
                        : action == ECS_BSS_SERVICE_OFF ? "inactive"
                                                        : "active";

    return json_pack("{s:s,s:s,s:{s:s,s:{s:s%},s:o}}", "id", "1", "action", item_actions[action], "service",
                     "state", state, "serviceSpecification", "id", spec.p, spec.n, "serviceCharacteristic",
                     characteristics(call));
}

static json_t *product_item(const struct bss_call *call, struct ecs_str offering)
{
    json_t *item = json_pack("{s:s,s:s,s:{s:o}}", "id", "1", "action", item_actions[call->order.action],
                             "product", "productCharacteristic", characteristics(call));

    if (item && offering.n &&
        json_object_set_new(item, "productOffering", json_pack("{s:s%}", "id", offering.p, offering.n)) !=
            0) {
        json_decref(item);
        return NULL;
    }
    return item;
}

static json_t *order_body(const struct bss_call *call)
{
    unsigned kind = bss_kind(call->subject.app);
    const struct ecs_str *name = call->bss->names.name;
    bool product = call->bss->conf->order_api == ECS_BSS_ORDERS_PRODUCT;
    struct ecs_str key = call->order.key, plan = call->subject.plan;
    bool back = call->order.action == ECS_BSS_COMPENSATE;
    bool billing = ecs_str_eq(call->subject.app, ECS_STR("ap2012"));
    struct ecs_str offer = name[back      ? BSS_T_OFFER_COMPENSATE
                                : billing ? BSS_T_OFFER_BILLING
                                          : BSS_T_OFFER_COMPANION + (int)kind];
    struct ecs_str spec = name[back      ? BSS_T_SPEC_COMPENSATE
                               : billing ? BSS_T_SPEC_BILLING
                                         : BSS_T_SPEC_COMPANION + (int)kind];
    json_t *item = product ? product_item(call, plan.n ? plan : offer) : service_item(call, spec);

    return json_pack("{s:s%,s:s,s:[{s:s%,s:s,s:s}],s:[o]}", "externalId", key.p, key.n, "category",
                     back ? "compensation" : "ODSA", "externalReference", "id", key.p, key.n, "name",
                     "entitlementd", "externalReferenceType", "order",
                     product ? "productOrderItem" : "serviceOrderItem", item);
}

/* ---- calls ---- */

static enum bss_name order_path(const struct bss_call *call)
{
    return call->bss->conf->order_api == ECS_BSS_ORDERS_PRODUCT ? BSS_P_PRODUCT_ORDER : BSS_P_SERVICE_ORDER;
}

static bool finish(struct bss_call *call, enum ecs_bss_status status, const char *why)
{
    *call->result = (struct ecs_bss_result){.status = status, .why = why};
    if (status == ECS_BSS_AGAIN && call->answer.retry_after_s > 0)
        call->result->retry_after_s = (uint32_t)call->answer.retry_after_s;
    return false;
}

static const char unmade[] = "the order does not fit into memory, or its path is off";

/* Body of an error: its code decides where codes say so; 400 and 422 without any are our form. */
static bool refuse(struct bss_call *call, enum ecs_bss_status status, const char *why)
{
    const char *ignored;
    struct ecs_str code = ECS_STR_NULL;
    enum ecs_bss_status told;

    if (status == ECS_BSS_UNKNOWN) /* of a collection */
        status = ECS_BSS_DENIED;
    if (call->answer.rc == ECS_OK && status != ECS_BSS_AGAIN) {
        code = bss_code(call->arena, bss_member(call->arena, bss_body(call, &ignored), "code"));
        if (bss_code_status(call->bss->conf, code, &told))
            status = told == ECS_BSS_DONE || told == ECS_BSS_UNKNOWN ? ECS_BSS_REFUSED : told;
        else if (status == ECS_BSS_REFUSED && !code.p)
            status = ECS_BSS_DENIED;
    }
    finish(call, status, why);
    call->result->reason = code;
    return false;
}

static bool take_order(struct bss_call *call, const json_t *order)
{
    if (json_is_array(order))
        order = json_array_get(order, 0);
    bss_tmf_order_result(call->bss, call->arena, order, call->result);
    return false;
}

/* Of a list the one that has our key: filters that are not understood give everything. */
static const json_t *ours(struct bss_call *call, const json_t *list)
{
    struct ecs_str key = call->order.key;

    if (json_is_object(list))
        return ecs_str_eq(bss_tmf_order_key(call->arena, list), key) || call->reference.p ? list : NULL;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (ecs_str_eq(bss_tmf_order_key(call->arena, json_array_get(list, i)), key))
            return json_array_get(list, i);
    return NULL;
}

static bool ask_by_key(struct bss_call *call)
{
    struct ecs_str filter;

    return bss_fill(call, call->bss->names.name[BSS_T_ORDER_FILTER], &filter) &&
           bss_ask_get(call, order_path(call), ECS_STR_NULL, filter);
}

/* The answer to a search: the order, or NULL with the result set. */
static const json_t *take_found(struct bss_call *call)
{
    const char *why = NULL;
    enum ecs_bss_status status = bss_http_status(call, &why);
    const json_t *body = status == ECS_BSS_DONE ? bss_body(call, &why) : NULL;
    const json_t *order = body ? ours(call, body) : NULL;

    if (order)
        return order;
    if (body || status == ECS_BSS_UNKNOWN)
        finish(call, ECS_BSS_UNKNOWN, "the BSS has no order with this key");
    else
        finish(call, status == ECS_BSS_DONE ? ECS_BSS_AGAIN : status, why);
    return NULL;
}

static bool post_order(struct bss_call *call)
{
    return bss_ask_post(call, order_path(call), order_body(call), call->order.key) ||
           finish(call, ECS_BSS_DENIED, unmade);
}

/* search [post [search]]: the first one only when it is a repetition, the last one after a conflict. */
bool bss_tmf_order_next(struct bss_call *call)
{
    enum { SEARCHED = 1, POSTED, CONFLICT };
    enum ecs_bss_status status;
    const json_t *found;
    const char *why = NULL;

    if (call->stage == 0) {
        if (call->order.repeated)
            return ask_by_key(call) || finish(call, ECS_BSS_DENIED, unmade);
        call->stage = SEARCHED;
        return post_order(call);
    }
    if (call->stage == SEARCHED || call->stage > POSTED) {
        found = take_found(call);
        if (found)
            return take_order(call, found);
        if (call->stage > POSTED && call->result->status == ECS_BSS_UNKNOWN)
            return finish(call, ECS_BSS_REFUSED, "HTTP 409: conflict, and no order has our key");
        return call->stage == SEARCHED && call->result->status == ECS_BSS_UNKNOWN && post_order(call);
    }
    status = bss_http_status(call, &why);
    if (call->answer.rc == ECS_OK && call->answer.status == 409 && ask_by_key(call))
        return true;
    if (status != ECS_BSS_DONE)
        return refuse(call, status, why);
    found = bss_body(call, &why);
    return found ? take_order(call, found) : finish(call, ECS_BSS_AGAIN, why);
}

/* By reference where it is known, and where that is not found by key. */
bool bss_tmf_find_next(struct bss_call *call)
{
    const json_t *found;

    if (call->stage == 0) {
        call->stage = call->reference.p ? 0 : 1;
        if (call->reference.p)
            return bss_ask_get(call, order_path(call), call->reference, ECS_STR_NULL) ||
                   finish(call, ECS_BSS_DENIED, unmade);
        return ask_by_key(call) || finish(call, ECS_BSS_DENIED, unmade);
    }
    found = take_found(call);
    if (found)
        return take_order(call, found);
    if (call->stage == 1 && call->result->status == ECS_BSS_UNKNOWN) {
        call->reference = ECS_STR_NULL;
        return ask_by_key(call);
    }
    return false;
}

/* ---- cancelling ---- */

static bool post_cancel(struct bss_call *call, struct ecs_str id)
{
    bool product = call->bss->conf->order_api == ECS_BSS_ORDERS_PRODUCT;
    json_t *body = json_pack("{s:s,s:{s:s%}}", "cancellationReason", "the procedure was given up",
                             product ? "productOrder" : "serviceOrder", "id", id.p, id.n);

    return bss_ask_post(call, product ? BSS_P_PRODUCT_CANCEL : BSS_P_SERVICE_CANCEL, body, ECS_STR_NULL) ||
           finish(call, ECS_BSS_DENIED, unmade);
}

/* An order that is found: is there something to cancel? */
static bool cancel_found(struct bss_call *call, const json_t *order)
{
    struct ecs_str state = bss_member(call->arena, order, "state");
    struct ecs_str id = bss_member(call->arena, order, "id");
    enum ecs_bss_status status;

    bss_tmf_order_result(call->bss, call->arena, order, call->result);
    status = call->result->status;
    if (ecs_str_eq_nocase(state, ECS_STR("pendingCancellation")) ||
        ecs_str_eq_nocase(state, ECS_STR("assessingCancellation")))
        return finish(call, ECS_BSS_PENDING, NULL);
    if (status == ECS_BSS_DONE)
        return finish(call, ECS_BSS_REFUSED, "the order was carried out already");
    if (status_of_state(state) == ECS_BSS_REFUSED)
        return finish(call, ECS_BSS_DONE, NULL);
    return id.p ? post_cancel(call, id) : finish(call, ECS_BSS_AGAIN, "the order has no id yet");
}

static bool take_cancel(struct bss_call *call)
{
    const char *why = NULL;
    enum ecs_bss_status status = bss_http_status(call, &why);
    struct ecs_str state;

    if (status == ECS_BSS_UNKNOWN)
        return finish(call, ECS_BSS_DONE, NULL);
    if (status != ECS_BSS_DONE)
        return refuse(call, status, why);
    state = bss_member(call->arena, bss_body(call, &why), "state");
    if (ecs_str_eq_nocase(state, ECS_STR("terminatedWithError")))
        return finish(call, ECS_BSS_REFUSED, "the BSS cannot cancel the order");
    if (ecs_str_eq_nocase(state, ECS_STR("done")) || call->answer.status == 204)
        return finish(call, ECS_BSS_DONE, NULL);
    return finish(call, ECS_BSS_PENDING, NULL);
}

/* The order is read first: its state says whether there is something to cancel. */
bool bss_tmf_cancel_next(struct bss_call *call)
{
    const json_t *found;

    if (call->stage == 0)
        return (call->reference.p ? bss_ask_get(call, order_path(call), call->reference, ECS_STR_NULL)
                                  : ask_by_key(call)) ||
               finish(call, ECS_BSS_DENIED, unmade);
    if (call->stage > 1)
        return take_cancel(call);
    found = take_found(call);
    if (found)
        return cancel_found(call, found);
    if (call->result->status == ECS_BSS_UNKNOWN)
        finish(call, ECS_BSS_DONE, NULL);
    return false;
}
