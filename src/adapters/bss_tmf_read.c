/* SPDX-License-Identifier: Apache-2.0 */
/* Services and products of a BSS in TM Forum shapes (TMF638, TMF637), v4 and v5: what they say about lines
 * and profiles (bss.md 2). Pure; for answers, events and reconciliation. */
#include <string.h>

#include "adapters/bss_int.h"
#include "ecs/ids.h"

static const char *const line_words[] = {"vowifi", "volte", "vonr", "smsoip"};

static const json_t *characteristics_of(const json_t *object)
{
    static const char *const names[] = {"serviceCharacteristic", "productCharacteristic",
                                        "resourceCharacteristic", "characteristic"};

    for (size_t i = 0; i < ECS_ARRAY_LEN(names); i++)
        if (json_is_array(json_object_get(object, names[i])))
            return json_object_get(object, names[i]);
    return NULL;
}

/* Specification by id or name; without one the name of the service itself. */
static bool is_spec(const json_t *service, struct ecs_str wanted)
{
    const json_t *spec = json_object_get(service, "serviceSpecification");
    const char *id = json_string_value(json_object_get(spec, "id"));
    const char *name = json_string_value(json_object_get(spec ? spec : service, "name"));

    return wanted.n && ((id && ecs_str_eq(ecs_str_of(id), wanted)) ||
                        (name && ecs_str_eq_nocase(ecs_str_of(name), wanted)));
}

static bool is_off(const json_t *service)
{
    const json_t *enabled = json_object_get(service, "isServiceEnabled");

    return enabled && bss_tristate(enabled) == 0;
}

/* An item of an order that is not over: the service is in work. */
static bool in_work(const json_t *service)
{
    static const char *const over[] = {"completed", "failed", "rejected", "cancelled", "partial"};
    const json_t *items = json_object_get(service, "serviceOrderItem");
    bool open = false;

    for (size_t i = 0; i < json_array_size(items); i++) {
        const char *state = json_string_value(json_object_get(json_array_get(items, i), "state"));
        bool ended = false;

        for (size_t k = 0; state && k < ECS_ARRAY_LEN(over); k++)
            ended |= ecs_str_eq_nocase(ecs_str_of(state), ecs_str_of(over[k]));
        open |= state && !ended;
    }
    return open;
}

/* ServiceStatus of a profile whose service is in that state; 0: it does not count. */
static int status_of(const json_t *service)
{
    static const struct {
        const char *state;
        int status;
    } rows[] = {{"active", 1},   {"designed", 2},  {"reserved", 2},
                {"inactive", 3}, {"suspended", 3}, {"terminated", 4}};
    const char *state = json_string_value(json_object_get(service, "state"));

    for (size_t i = 0; state && i < ECS_ARRAY_LEN(rows); i++) {
        if (!ecs_str_eq_nocase(ecs_str_of(state), ecs_str_of(rows[i].state)))
            continue;
        if (rows[i].status == 1 && is_off(service))
            return 3;
        return rows[i].status == 3 && in_work(service) ? 2 : rows[i].status;
    }
    return 0;
}

void bss_tmf_line_ids(const struct ecs_bss *bss, struct ecs_arena *arena, const json_t *object,
                      struct ecs_bss_subject *subject)
{
    const json_t *list = characteristics_of(object);
    struct ecs_msisdn msisdn;
    struct ecs_imsi imsi;
    struct ecs_str text = bss_text(arena, bss_characteristic(list, bss->names.tmf_member[BSS_M_MSISDN]));
    const char *digits;

    if (!text.p)
        text = bss_text(arena, bss_characteristic(list, bss->names.tmf_answer[BSS_A_NEW_MSISDN]));
    if (!text.p)
        text = bss_member(arena, object, "productSerialNumber");
    if (text.p && ecs_msisdn_parse(text, &msisdn) && msisdn.s[0]) {
        digits = ecs_strdup(arena, ecs_str_of(msisdn.s));
        subject->msisdn = ecs_str_of(digits);
    }
    text = bss_text(arena, bss_characteristic(list, bss->names.tmf_member[BSS_M_IMSI]));
    if (!text.p)
        text = bss_text(arena, bss_characteristic(list, bss->names.tmf_answer[BSS_A_NEW_IMSI]));
    if (text.p && ecs_imsi_parse(text, &imsi))
        subject->imsi = text;
}

bool bss_tmf_profile(const struct ecs_bss *bss, struct ecs_arena *arena, const json_t *service,
                     struct ecs_bss_profile *ret_profile, unsigned *ret_kind)
{
    const json_t *list = characteristics_of(service);
    const struct ecs_str *name = bss->names.tmf_answer;
    struct ecs_bss_profile p = {0};
    const struct {
        enum bss_answer answer;
        struct ecs_str *to;
    } rows[] = {{BSS_A_ICCID, &p.iccid},     {BSS_A_EID, &p.eid},           {BSS_A_TARGET, &p.terminal_id},
                {BSS_A_SERVICE, &p.service}, {BSS_A_NEW_MSISDN, &p.msisdn}, {BSS_A_NEW_IMSI, &p.line_imsi},
                {BSS_A_CODE, &p.code},       {BSS_A_ADDRESS, &p.address}};
    unsigned kind = 0;

    while (kind < 3 && !is_spec(service, bss->names.name[BSS_T_SPEC_COMPANION + (int)kind]))
        kind++;
    if (kind == 3)
        return false;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        *rows[i].to = bss_text(arena, bss_characteristic(list, name[rows[i].answer]));
    p.status = status_of(service);
    p.secondary = bss_tristate(bss_characteristic(list, name[BSS_A_SECONDARY])) == 1;
    if (!bss_profile_check(arena, &p))
        return false;
    *ret_profile = p;
    *ret_kind = kind;
    return true;
}

bool bss_tmf_line_service(const struct ecs_bss *bss, struct ecs_arena *arena, const json_t *service,
                          struct ecs_str *ret_service, struct ecs_str *ret_state)
{
    static const char *const words[] = {NULL, "provisioned", "in-progress", "not-provisioned",
                                        "not-provisioned"};
    int status = status_of(service);

    (void)arena;
    for (size_t i = 0; status && i < ECS_ARRAY_LEN(line_words); i++)
        if (is_spec(service, bss->names.name[BSS_T_SPEC_VOWIFI + (int)i])) {
            *ret_service = ecs_str_of(line_words[i]);
            *ret_state = ecs_str_of(words[status]);
            return true;
        }
    return false;
}

bool bss_tmf_product(const struct ecs_bss *bss, struct ecs_arena *arena, const json_t *product,
                     struct ecs_str *ret_state, struct ecs_str *ret_plan)
{
    static const struct {
        const char *status, *state;
    } rows[] = {{"active", "active"},       {"pendingTerminate", "active"},
                {"suspended", "suspended"}, {"terminated", "terminated"},
                {"aborted", "terminated"},  {"cancelled", "terminated"},
                {"created", NULL},          {"pendingActive", NULL}};
    struct ecs_str status = bss_member(arena, product, "status");

    (void)bss;
    *ret_state = ECS_STR_NULL;
    *ret_plan = bss_member(arena, json_object_get(product, "productOffering"), "id");
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (ecs_str_eq_nocase(status, ecs_str_of(rows[i].status))) {
            *ret_state = ecs_str_of(rows[i].state);
            return rows[i].state != NULL;
        }
    return false;
}
