/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of a JSON body, or the packet of an EAP continuation: the two are told apart by the member, not
 * by the content type (TS.43 2.4, 2.8.1; clients.md C-17). */
#include "ecs/json.h"
#include "ecs/negotiate.h"
#include "ts43/request_priv.h"

static bool is_json_type(struct ecs_str content_type)
{
    struct ecs_str type;

    if (!ecs_str_cut(&content_type, ';', &type))
        return true;
    type = ecs_str_trim(type);
    return type.n == 0 || ecs_str_eq_nocase(type, ECS_STR(ECS_TYPE_JSON)) ||
           ecs_str_eq_nocase(type, ECS_STR(ECS_TYPE_RELAY));
}

/* True when the body was a continuation or no packet was in it; the request's kind tells which. */
static bool find_packet(struct reading *reading, const struct ecs_json_flat *flat)
{
    struct ecs_ts43_request *request = reading->request;

    for (size_t i = 0; i < flat->n; i++) {
        const struct ecs_json_member *member = &flat->member[i];

        if (!ecs_str_eq(member->name, ECS_STR("eap-relay-packet")) || member->kind == ECS_JSON_NULL ||
            (member->kind == ECS_JSON_STRING && member->value.n == 0))
            continue;
        if (member->kind != ECS_JSON_STRING)
            return ecs_reading_fail(reading, ECS_E_BAD_PACKET, "eap-relay-packet is not a string");
        if (request->eap_packet.p && !ecs_str_eq(request->eap_packet, member->value))
            return ecs_reading_fail(reading, ECS_E_BAD_PACKET, "eap-relay-packet is given twice");
        request->eap_packet = member->value;
        request->kind = ECS_TS43_CONTINUATION;
    }
    return true;
}

static bool store_items(struct reading *reading, enum ecs_param param, const struct ecs_json_member *array)
{
    struct ecs_json_flat items;
    const char *reason;
    enum ecs_rc rc = ecs_json_flat_items(reading->arena, array, &items, &reason);

    if (rc != ECS_OK)
        return ecs_reading_fail(reading, rc, reason);
    for (size_t i = 0; i < items.n; i++) {
        enum ecs_json_kind kind = items.member[i].kind;

        if (kind == ECS_JSON_NULL)
            continue;
        if (kind == ECS_JSON_ARRAY || kind == ECS_JSON_OBJECT)
            return ecs_reading_fail_param(reading, param, "holds a nested value");
        if (!ecs_reading_store(reading, param, items.member[i].value))
            return false;
    }
    return true;
}

static bool store_member(struct reading *reading, enum ecs_param param, const struct ecs_json_member *member)
{
    enum param_class class = ecs_param_rows[param].class;

    if (member->kind == ECS_JSON_NULL)
        return true;
    if (member->kind == ECS_JSON_ARRAY && (class == MULTI || class == EXTRAS))
        return store_items(reading, param, member);
    if (member->kind == ECS_JSON_ARRAY || member->kind == ECS_JSON_OBJECT) {
        if (class != EXTRA && class != EXTRAS)
            return ecs_reading_fail_param(reading, param, "holds a nested value");
        ecs_reading_note(reading, param, "was left out");
        return true;
    }
    return ecs_reading_store(reading, param, member->value);
}

bool ecs_reading_body(struct reading *reading, struct ecs_str content_type, struct ecs_str body)
{
    struct ecs_json_flat flat;
    const char *reason;
    enum ecs_rc rc;
    enum ecs_param param;

    if (!is_json_type(content_type))
        return ecs_reading_fail(reading, ECS_E_MEDIA_TYPE, "the body is not of type application/json");
    rc = ecs_json_flat_parse(reading->arena, body, &flat, &reason);
    if (rc != ECS_OK)
        return ecs_reading_fail(reading, rc, reason);
    if (!find_packet(reading, &flat))
        return false;
    if (reading->request->kind == ECS_TS43_CONTINUATION)
        return true;
    for (size_t i = 0; i < flat.n; i++)
        if (ecs_param_find(flat.member[i].name, &param) && !store_member(reading, param, &flat.member[i]))
            return false;
    for (unsigned i = 0; i < ECS_P_COUNT; i++)
        reading->from_body[i] = reading->request->param[i].p != NULL;
    return true;
}
