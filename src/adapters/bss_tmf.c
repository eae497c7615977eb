/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a BSS in TM Forum shapes: what a line may have (TMF637 products), which profiles it has
 * (TMF638 services, completed by TMF639 resources), what it can order (TMF620 offerings). Filters are the
 * operator's. */
#include <string.h>

#include "adapters/bss_int.h"
#include "ecs/clock.h"

/* ---- what a line may, and what it has ---- */

enum { PRODUCTS = 1, SERVICES, RESOURCES, QUESTIONS };
enum { LINKS_MAX = 8 };
struct line { /* call->own */
    struct ecs_bss_profile profile[BSS_PROFILES_MAX];
    struct ecs_str link[BSS_PROFILES_MAX][LINKS_MAX]; /* ids of the resources of each */
    size_t n;
    unsigned asked; /* PRODUCTS ... */
};

/* The next question whose filter can be filled. */
static bool ask_next(struct bss_call *call)
{
    static const struct {
        enum bss_name path, filter;
    } questions[QUESTIONS] = {[PRODUCTS] = {BSS_P_PRODUCT, BSS_T_PRODUCT_FILTER},
                              [SERVICES] = {BSS_P_SERVICE, BSS_T_PROFILE_FILTER},
                              [RESOURCES] = {BSS_P_RESOURCE, BSS_T_RESOURCE_FILTER}};
    struct line *line = call->own;
    struct ecs_str filter;

    while (++line->asked < QUESTIONS)
        if (bss_fill(call, call->bss->names.name[questions[line->asked].filter], &filter) &&
            bss_ask_get(call, questions[line->asked].path, ECS_STR_NULL, filter))
            return true;
    call->line->profiles = line->profile;
    call->line->n_profiles = line->n;
    return false;
}

static bool stop(struct bss_call *call, enum ecs_bss_status status, const char *why)
{
    *call->line = (struct ecs_bss_line){.status = status, .why = why, .eligible = -1};
    return false;
}

/* The first active product that says something decides; a line without an active one is not eligible. */
static void take_products(struct bss_call *call, const json_t *list)
{
    unsigned kind = bss_kind(call->subject.app);
    const struct ecs_str *name = call->bss->names.name;
    struct ecs_bss_line *line = call->line;
    bool active = false;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *product = json_array_get(list, i);
        const json_t *values = json_object_get(product, "productCharacteristic");
        struct ecs_str state, plan;
        const json_t *told;

        if (!bss_tmf_product(call->bss, call->arena, product, &state, &plan) ||
            !ecs_str_eq(state, ECS_STR("active")))
            continue;
        active = true;
        told = bss_characteristic(values, name[BSS_T_ELIGIBLE_COMPANION + (int)kind]);
        if (line->eligible < 0 && told)
            line->eligible = bss_tristate(told);
        told = bss_characteristic(values, name[BSS_T_SERVICES_COMPANION + (int)kind]);
        if (!line->services.p && told)
            line->services = bss_words(call->arena, told);
    }
    if (!active) {
        line->eligible = 0;
        line->reason = json_array_size(list) ? ECS_STR("line-not-active") : ECS_STR("line-unknown");
    }
}

static void take_services(struct bss_call *call, const json_t *list)
{
    struct line *line = call->own;

    for (size_t i = 0; i < json_array_size(list) && line->n < BSS_PROFILES_MAX; i++) {
        const json_t *service = json_array_get(list, i);
        const json_t *links = json_object_get(service, "supportingResource");
        struct ecs_bss_profile *p = &line->profile[line->n];
        unsigned kind;

        if (!bss_tmf_profile(call->bss, call->arena, service, p, &kind) || p->status == 0 ||
            kind != bss_kind(call->subject.app))
            continue;
        for (size_t k = 0; k < json_array_size(links) && k < LINKS_MAX; k++)
            line->link[line->n][k] = bss_member(call->arena, json_array_get(links, k), "id");
        line->n++;
    }
}

/* "iccid", "eid", "msisdn" or "imsi": by a word in the specification, the category or the name. */
static bool is_sort(const json_t *resource, struct ecs_str sort)
{
    const json_t *spec = json_object_get(resource, "resourceSpecification");
    const char *const words[] = {json_string_value(json_object_get(spec, "name")),
                                 json_string_value(json_object_get(spec, "id")),
                                 json_string_value(json_object_get(resource, "category")),
                                 json_string_value(json_object_get(resource, "name"))};

    for (size_t i = 0; i < ECS_ARRAY_LEN(words); i++)
        if (words[i] && ecs_str_find_nocase(ecs_str_of(words[i]), sort) >= 0)
            return true;
    return false;
}

static void complete(struct bss_call *call, struct ecs_bss_profile *p, const json_t *resource)
{
    struct ecs_bss_profile with = *p;
    const struct {
        struct ecs_str sort, *to;
    } rows[] = {{ECS_STR("iccid"), &with.iccid},
                {ECS_STR("eid"), &with.eid},
                {ECS_STR("msisdn"), &with.msisdn},
                {ECS_STR("imsi"), &with.line_imsi}};
    struct ecs_str value = bss_member(call->arena, resource, "value"); /* logical */

    if (!value.p)
        value = bss_member(call->arena, resource, "serialNumber"); /* physical */
    for (size_t i = 0; value.p && i < ECS_ARRAY_LEN(rows); i++)
        if (!rows[i].to->p && is_sort(resource, rows[i].sort)) {
            *rows[i].to = value;
            if (bss_profile_check(call->arena, &with))
                *p = with;
            return;
        }
}

static void take_resources(struct bss_call *call, const json_t *list)
{
    struct line *line = call->own;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *resource = json_array_get(list, i);
        struct ecs_str id = bss_member(call->arena, resource, "id");

        for (size_t p = 0; id.p && p < line->n; p++)
            for (size_t k = 0; k < LINKS_MAX; k++)
                if (ecs_str_eq(line->link[p][k], id))
                    complete(call, &line->profile[p], resource);
    }
}

static bool take_list(struct bss_call *call)
{
    static void (*const take[QUESTIONS])(struct bss_call * call, const json_t *list) = {
        [PRODUCTS] = take_products, [SERVICES] = take_services, [RESOURCES] = take_resources};
    struct line *line = call->own;
    const char *why = NULL;
    enum ecs_bss_status status = bss_http_status(call, &why);
    const json_t *list;

    if (status == ECS_BSS_UNKNOWN) /* some answer an empty list so */
        list = NULL;
    else if (status != ECS_BSS_DONE)
        return stop(call, status == ECS_BSS_REFUSED ? ECS_BSS_DENIED : status, why);
    else if (!(list = bss_body(call, &why)))
        return stop(call, ECS_BSS_AGAIN, why);
    else if (!json_is_array(list))
        return stop(call, ECS_BSS_DENIED, "the BSS answers with something that is no list");
    take[line->asked](call, list);
    return ask_next(call);
}

static bool line_next(struct bss_call *call)
{
    if (call->stage)
        return take_list(call);
    call->own = ecs_alloc(call->arena, sizeof(struct line));
    return call->own ? ask_next(call) : stop(call, ECS_BSS_AGAIN, "the request's memory is used up");
}

/* ---- plans ---- */

/* A value of the offering: prodSpecCharValueUse (TMF620), or a characteristic. */
static struct ecs_str value_of(struct ecs_arena *arena, const json_t *offering, struct ecs_str name)
{
    const json_t *uses = json_object_get(offering, "prodSpecCharValueUse");

    for (size_t i = 0; i < json_array_size(uses); i++) {
        const json_t *use = json_array_get(uses, i);
        const json_t *values = json_object_get(use, "productSpecCharacteristicValue");
        const char *text = json_string_value(json_object_get(use, "name"));

        if (text && ecs_str_eq(ecs_str_of(text), name))
            return bss_member(arena, json_array_get(values, 0), "value");
    }
    return bss_text(arena, bss_characteristic(json_object_get(offering, "productCharacteristic"), name));
}

static bool stop_plans(struct bss_call *call, enum ecs_bss_status status, const char *why)
{
    *call->plans = (struct ecs_bss_plans){.status = status, .why = why};
    return false;
}

static bool is_offered(const json_t *offering)
{
    const json_t *sellable = json_object_get(offering, "isSellable");
    const char *status = json_string_value(json_object_get(offering, "lifecycleStatus"));

    return (!sellable || bss_tristate(sellable) != 0) &&
           (!status || ecs_str_eq_nocase(ecs_str_of(status), ECS_STR("active")) ||
            ecs_str_eq_nocase(ecs_str_of(status), ECS_STR("launched")));
}

static bool take_plans(struct bss_call *call, const json_t *list)
{
    struct ecs_bss_plan *plans = ecs_alloc(call->arena, BSS_PLANS_MAX * sizeof(*plans));
    const struct ecs_str *name = call->bss->names.tmf_answer;
    struct ecs_str wanted = call->subject.plan, service = call->subject.service;
    size_t n = 0;

    if (!plans)
        return stop_plans(call, ECS_BSS_AGAIN, "the request's memory is used up");
    for (size_t i = 0; i < json_array_size(list) && n < BSS_PLANS_MAX; i++) {
        const json_t *offering = json_array_get(list, i);
        struct ecs_bss_plan p = {.id = bss_member(call->arena, offering, "id"),
                                 .name = bss_member(call->arena, offering, "name"),
                                 .description = bss_member(call->arena, offering, "description"),
                                 .profile_type = value_of(call->arena, offering, name[BSS_A_PROFILE_TYPE]),
                                 .service = value_of(call->arena, offering, name[BSS_A_SERVICE])};

        if (!p.id.p || p.id.n > 63 || !is_offered(offering) || (wanted.n && !ecs_str_eq(p.id, wanted)) ||
            (service.n && p.service.p && !ecs_str_eq_nocase(p.service, service)))
            continue;
        if (!p.name.p)
            p.name = p.id;
        plans[n++] = p;
    }
    *call->plans = (struct ecs_bss_plans){.status = ECS_BSS_DONE, .plans = plans, .n = n};
    return false;
}

static bool plans_next(struct bss_call *call)
{
    struct ecs_bss *bss = call->bss;
    int64_t now = ecs_clock_now();
    const struct bss_kept *kept;
    struct ecs_str filter;
    const char *why = NULL;
    enum ecs_bss_status status;
    const json_t *list;

    if (call->stage == 0) {
        if (!bss_fill(call, bss->names.name[BSS_T_OFFERING_FILTER], &filter))
            filter = ECS_STR_NULL;
        if (!bss_ask_get(call, BSS_P_OFFERING, ECS_STR_NULL, filter))
            return stop_plans(call, ECS_BSS_DONE, NULL); /* there is no such question */
        kept = bss_kept_find(bss, call->ask.url, now);
        if (!kept)
            return true;
        call->answer.body = (struct ecs_str){kept->body, kept->body_n};
        list = bss_body(call, &why);
        return list ? take_plans(call, list) : true;
    }
    status = bss_http_status(call, &why);
    if (status != ECS_BSS_DONE)
        return stop_plans(
            call, status == ECS_BSS_REFUSED || status == ECS_BSS_UNKNOWN ? ECS_BSS_DENIED : status, why);
    list = bss_body(call, &why);
    if (!list)
        return stop_plans(call, ECS_BSS_AGAIN, why);
    if (!json_is_array(list))
        return stop_plans(call, ECS_BSS_DENIED, "the BSS answers with something that is no list");
    bss_kept_put(bss, call->ask.url, call->answer.body, now);
    return take_plans(call, list);
}

const struct bss_dialect bss_tmf = {
    .ask = line_next,
    .plans = plans_next,
    .order = bss_tmf_order_next,
    .find = bss_tmf_find_next,
    .cancel = bss_tmf_cancel_next,
};
