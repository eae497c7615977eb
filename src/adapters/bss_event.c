/* SPDX-License-Identifier: Apache-2.0 */
/* Events of a BSS: envelopes of TM Forum APIs (bss.md 4), told apart by the resource that they carry, and a
 * plain form of our own (docs/bss.md). What is well-formed and of no use is ignored, never refused: hubs send
 * more than they were asked for. Pure. */
#include <string.h>

#include "adapters/bss_int.h"
#include "ecs/ids.h"
#include "ecs/store_availability.h"

enum { ID_MAX = 128 };

struct event {
    const struct ecs_bss *bss;
    struct ecs_arena *arena;
    const json_t *json;  /* the whole */
    struct ecs_str type; /* eventType, or the name in the path */
    struct ecs_bss_event *out;
    const char *why;
};

static struct ecs_str member(const struct event *e, const json_t *object, const char *name)
{
    return bss_member(e->arena, object, name);
}

static bool is_deletion(const struct event *e)
{
    return ecs_str_find_nocase(e->type, ECS_STR("DeleteEvent")) >= 0;
}

/* Whom a line or a profile belongs to; false: nobody that we could know. */
static bool has_owner(const struct ecs_bss_subject *s)
{
    return s->imsi.p || s->msisdn.p || s->enterprise.p;
}

/* ---- TM Forum ---- */

static void read_order(struct event *e, const json_t *order)
{
    struct ecs_bss_event *out = e->out;

    if (is_deletion(e))
        return;
    out->key = bss_tmf_order_key(e->arena, order);
    out->reference = member(e, order, "id");
    if (!out->key.p && !out->reference.p)
        return;
    out->kind = ECS_BSS_EVENT_ORDER;
    bss_tmf_order_result(e->bss, e->arena, order, &out->result);
}

/* What became of a cancellation shows in the order itself. */
static void read_cancellation(struct event *e, const json_t *task)
{
    const json_t *order = json_object_get(task, "serviceOrder");
    struct ecs_str state = member(e, task, "state");

    if (!json_is_object(order))
        order = json_object_get(task, "productOrder");
    e->out->reference = member(e, order, "id");
    if (!e->out->reference.p || (!ecs_str_eq_nocase(state, ECS_STR("done")) &&
                                 !ecs_str_eq_nocase(state, ECS_STR("terminatedWithError"))))
        return;
    e->out->kind = ECS_BSS_EVENT_ORDER;
    e->out->result = (struct ecs_bss_result){.status = ECS_BSS_AGAIN, .why = "its cancellation has ended"};
}

static void read_service(struct event *e, const json_t *service)
{
    static const char *const apps[] = {"ap2006", "ap2009", "ap2011"};
    struct ecs_bss_event *out = e->out;
    unsigned kind;

    bss_tmf_line_ids(e->bss, e->arena, service, &out->subject);
    if (bss_tmf_profile(e->bss, e->arena, service, &out->profile, &kind)) {
        if (is_deletion(e))
            out->profile.status = 4;
        if (out->profile.iccid.p && out->profile.status)
            out->kind = ECS_BSS_EVENT_PROFILE;
        out->subject.app = ecs_str_of(apps[kind]);
    } else if (bss_tmf_line_service(e->bss, e->arena, service, &out->service, &out->service_state)) {
        if (is_deletion(e))
            out->service_state = ECS_STR("not-provisioned");
        if (has_owner(&out->subject))
            out->kind = ECS_BSS_EVENT_LINE;
    }
}

/* A product of the line's tariff is one with a number; deleting one says nothing about the line. */
static void read_product(struct event *e, const json_t *product)
{
    struct ecs_bss_event *out = e->out;

    bss_tmf_line_ids(e->bss, e->arena, product, &out->subject);
    if (is_deletion(e) || !has_owner(&out->subject))
        return;
    if (bss_tmf_product(e->bss, e->arena, product, &out->line_state, &out->plan) || out->plan.p)
        out->kind = ECS_BSS_EVENT_LINE;
}

static const struct {
    const char *resource;
    void (*read)(struct event *e, const json_t *resource);
} resources[] = {
    {"serviceOrder", read_order},
    {"productOrder", read_order},
    {"cancelServiceOrder", read_cancellation},
    {"cancelProductOrder", read_cancellation},
    {"service", read_service},
    {"product", read_product},
};

static void read_tmf(struct event *e, const json_t *body)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(resources); i++) {
        const json_t *resource = json_object_get(body, resources[i].resource);

        if (json_is_object(resource)) {
            resources[i].read(e, resource);
            return;
        }
    }
}

/* ---- our own form ---- */

static bool wrong(struct event *e, const char *why)
{
    e->why = why;
    return false;
}

static bool read_own_order(struct event *e)
{
    struct ecs_bss_event *out = e->out;
    struct ecs_bss_result *r = &out->result;

    out->kind = ECS_BSS_EVENT_ORDER;
    out->key = member(e, e->json, "key");
    out->reference = r->reference = member(e, e->json, "reference");
    if (!out->key.p && !out->reference.p)
        return wrong(e, "an event of an order needs key or reference");
    if (!bss_code_status(e->bss->conf, member(e, e->json, "result"), &r->status) ||
        r->status == ECS_BSS_UNKNOWN)
        return wrong(e, "result is not one of done, pending, again, website, in-use, refused, denied");
    r->why = r->status == ECS_BSS_DONE || r->status == ECS_BSS_PENDING ? NULL : "as the BSS has told";
    r->reason = bss_code(e->arena, member(e, e->json, "reason"));
    r->iccid = member(e, e->json, "iccid");
    r->code = member(e, e->json, "activationCode");
    r->address = member(e, e->json, "smdpAddress");
    r->msisdn = member(e, e->json, "newMsisdn");
    r->line_imsi = member(e, e->json, "newImsi");
    r->service_status = bss_service_status(member(e, e->json, "serviceStatus"));
    r->url = member(e, e->json, "url");
    r->data = member(e, e->json, "userData");
    return bss_result_check(e->arena, r, &e->why);
}

static bool read_own_subject(struct event *e)
{
    struct ecs_bss_subject *s = &e->out->subject;
    struct ecs_msisdn msisdn;
    struct ecs_imsi imsi;
    const char *digits;

    s->imsi = member(e, e->json, "imsi");
    s->msisdn = member(e, e->json, "msisdn");
    s->enterprise = member(e, e->json, "enterprise");
    if (s->imsi.p && !ecs_imsi_parse(s->imsi, &imsi))
        return wrong(e, "imsi is not 6 to 15 digits");
    if (s->msisdn.p && (!ecs_msisdn_parse(s->msisdn, &msisdn) || !msisdn.s[0]))
        return wrong(e, "msisdn is not 5 to 15 digits");
    if (s->msisdn.p) {
        digits = ecs_strdup(e->arena, ecs_str_of(msisdn.s));
        s->msisdn = ecs_str_of(digits);
    }
    return has_owner(s) || wrong(e, "an event of a line needs imsi or msisdn");
}

static bool is_word(struct ecs_str s, const char *const *words)
{
    for (; *words; words++)
        if (ecs_str_eq(s, ecs_str_of(*words)))
            return true;
    return false;
}

/* As member, but an empty text is one. */
static struct ecs_str member_or_empty(const struct event *e, const char *name)
{
    const json_t *value = json_object_get(e->json, name);

    return json_is_string(value) && json_string_length(value) == 0 ? ECS_STR("") : member(e, e->json, name);
}

/* Where the line is; an empty text takes the knowledge back. */
static bool read_own_place(struct event *e)
{
    static const char *const roamings[] = {"unknown", "home", "roaming", NULL};
    struct ecs_bss_event *out = e->out;
    struct ecs_plmn plmn;

    out->area = member_or_empty(e, "area");
    out->roaming = member(e, e->json, "roaming");
    out->visited_plmn = member_or_empty(e, "visitedPlmn");
    if (out->area.n && !ecs_area_is_valid(out->area, true))
        return wrong(e, "area is not a name like north.coast");
    if (out->roaming.p && !is_word(out->roaming, roamings))
        return wrong(e, "roaming is not one of unknown, home, roaming");
    if (out->visited_plmn.n &&
        (!ecs_str_is_digits(out->visited_plmn) || !ecs_plmn_parse(out->visited_plmn, &plmn)))
        return wrong(e, "visitedPlmn is not 5 or 6 digits");
    return true;
}

static bool read_own_line(struct event *e)
{
    static const char *const states[] = {"active", "suspended", "barred", "terminated", NULL};
    static const char *const services[] = {"vowifi", "volte", "vonr", "smsoip", "satmode", NULL};
    static const char *const service_states[] = {"provisioned", "not-provisioned", "in-progress", NULL};
    struct ecs_bss_event *out = e->out;

    out->kind = ECS_BSS_EVENT_LINE;
    out->line_state = member(e, e->json, "lineState");
    out->plan = member(e, e->json, "plan");
    out->service = member(e, e->json, "service");
    out->service_state = member(e, e->json, "serviceState");
    if (!read_own_subject(e))
        return false;
    if (out->line_state.p && !is_word(out->line_state, states))
        return wrong(e, "lineState is not one of active, suspended, barred, terminated");
    if (!out->service.p != !out->service_state.p)
        return wrong(e, "service and serviceState belong together");
    if (out->service.p && !is_word(out->service, services))
        return wrong(e, "service is not one of vowifi, volte, vonr, smsoip, satmode");
    if (out->service.p && !is_word(out->service_state, service_states))
        return wrong(e, "serviceState is not one of provisioned, not-provisioned, in-progress");
    if (!read_own_place(e))
        return false;
    return out->line_state.p || out->plan.p || out->service.p || out->area.p || out->roaming.p ||
           out->visited_plmn.p ||
           wrong(e, "an event of a line needs lineState, plan, service, area, roaming or visitedPlmn");
}

static bool read_own_profile(struct event *e)
{
    static const char *const apps[] = {"ap2006", "ap2009", "ap2011", NULL};
    struct ecs_bss_event *out = e->out;
    struct ecs_bss_profile *p = &out->profile;

    out->kind = ECS_BSS_EVENT_PROFILE;
    *p = (struct ecs_bss_profile){.iccid = member(e, e->json, "iccid"),
                                  .eid = member(e, e->json, "eid"),
                                  .terminal_id = member(e, e->json, "terminalId"),
                                  .service = member(e, e->json, "service"),
                                  .msisdn = member(e, e->json, "newMsisdn"),
                                  .line_imsi = member(e, e->json, "newImsi"),
                                  .code = member(e, e->json, "activationCode"),
                                  .address = member(e, e->json, "smdpAddress"),
                                  .status = bss_service_status(member(e, e->json, "serviceStatus"))};
    p->secondary = bss_tristate(json_object_get(e->json, "secondary")) == 1;
    out->subject.app = member(e, e->json, "app");
    out->subject.name = member(e, e->json, "name");
    out->subject.vendor = member(e, e->json, "vendor");
    out->subject.model = member(e, e->json, "model");
    if (!out->subject.app.p)
        out->subject.app = ECS_STR("ap2006");
    if (!is_word(out->subject.app, apps))
        return wrong(e, "app is not one of ap2006, ap2009, ap2011");
    if (!read_own_subject(e))
        return false;
    if (!p->iccid.p || !p->status)
        return wrong(e, "an event of a profile needs iccid and serviceStatus (1 to 4)");
    return bss_profile_check(e->arena, p) || wrong(e, "a member of the profile does not have its form");
}

/* What the members are called differs by kind; which of them are needed, bss_event_data knows. */
static bool read_own_data(struct event *e)
{
    struct ecs_bss_event *out = e->out;
    const char *why = NULL;

    out->kind = ECS_BSS_EVENT_DATA;
    if (!read_own_subject(e))
        return false;
    out->data.imsi = out->subject.imsi;
    out->data.msisdn = out->subject.imsi.p ? ECS_STR_NULL : out->subject.msisdn;
    out->data.at = out->at;
    if (!out->data.imsi.p && !out->data.msisdn.p)
        return wrong(e, "an event of a line needs imsi or msisdn");
    return bss_event_data(e->arena, e->json, out, &why) || wrong(e, why);
}

static bool read_own(struct event *e)
{
    for (unsigned i = 0; i < ECS_DATA_KIND_COUNT; i++)
        if (ecs_str_eq(e->type, ecs_str_of(ecs_data_kinds[i]))) {
            e->out->data.kind = (enum ecs_data_kind)i;
            return read_own_data(e);
        }
    if (ecs_str_eq(e->type, ECS_STR("order")))
        return read_own_order(e);
    if (ecs_str_eq(e->type, ECS_STR("line")))
        return read_own_line(e);
    if (ecs_str_eq(e->type, ECS_STR("profile")))
        return read_own_profile(e);
    return true; /* ignored */
}

/* ---- both ---- */

static void read_envelope(struct event *e, struct ecs_str name, const json_t *body)
{
    static const char *const times[] = {"timeOcurred", "timeOccurred", "eventTime", "at"};

    e->type = member(e, e->json, body ? "eventType" : "type");
    if (!e->type.p)
        e->type = name;
    e->out->id = member(e, e->json, body ? "eventId" : "id");
    if (e->out->id.n > ID_MAX)
        e->out->id = ECS_STR_NULL;
    for (size_t i = 0; i < ECS_ARRAY_LEN(times) && !e->out->at; i++)
        e->out->at = bss_time(member(e, e->json, times[i]));
}

enum ecs_rc ecs_bss_event_read(const struct ecs_bss *bss, struct ecs_arena *arena, struct ecs_str name,
                               struct ecs_str body, struct ecs_bss_event *ret_event, const char **ret_why)
{
    struct ecs_bss_event out = {.kind = ECS_BSS_EVENT_IGNORED};
    struct event e = {.bss = bss, .arena = arena, .out = &out, .why = "the event cannot be read"};
    json_t *json = NULL;
    const char *where;
    const json_t *carried;

    if (ecs_json_load(arena, body, &json, &where) != ECS_OK || !json_is_object(json)) {
        *ret_why = "the event is no JSON object";
        return ECS_E_BAD_PARAMETER;
    }
    e.json = json;
    carried = json_object_get(json, "event");
    if (carried && !json_is_object(carried)) {
        *ret_why = "event is no object";
        return ECS_E_BAD_PARAMETER;
    }
    read_envelope(&e, name, carried);
    if (!carried && !e.type.p) {
        *ret_why = "the event has neither event nor type";
        return ECS_E_BAD_PARAMETER;
    }
    if (carried) {
        read_tmf(&e, carried);
    } else if (!read_own(&e)) {
        *ret_why = e.why;
        return ECS_E_BAD_PARAMETER;
    }
    *ret_event = out;
    return ECS_OK;
}
