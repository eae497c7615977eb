/* SPDX-License-Identifier: Apache-2.0 */
/* A request of on-device service activation, read and checked: which device and profile are acted upon
 * (digest ts43-odsa-a.md 5), which parameters have to be there (its matrix, 4), what their values may be. */
#include "op_priv.h"

#include <stddef.h>
#include <string.h>

#include "ecs/auth.h"

/* ---- where the identities stand ---- */

struct names {
    enum ecs_app app;
    enum ecs_param id, eid, iccid, old_id, old_iccid; /* ECS_P_COUNT: none */
};
static const struct names companion_names = {
    ECS_APP_2006,
    ECS_P_COMPANION_TERMINAL_ID,
    ECS_P_COMPANION_TERMINAL_EID,
    ECS_P_COMPANION_TERMINAL_ICCID,
    ECS_P_OLD_COMPANION_TERMINAL_ID,
    ECS_P_OLD_COMPANION_TERMINAL_ICCID,
};
static const struct names target_names = {
    ECS_APP_2009,          ECS_P_TARGET_TERMINAL_ID, ECS_P_TARGET_TERMINAL_EID, ECS_P_TARGET_TERMINAL_ICCID,
    ECS_P_OLD_TERMINAL_ID, ECS_P_OLD_TERMINAL_ICCID,
};
static const struct names primary_names = {
    ECS_APP_2009,         ECS_P_TERMINAL_ID,     ECS_P_TERMINAL_EID,
    ECS_P_TERMINAL_ICCID, ECS_P_OLD_TERMINAL_ID, ECS_P_OLD_TERMINAL_ICCID,
};
static const struct names enterprise_names = {
    ECS_APP_2011,
    ECS_P_ENTERPRISE_TERMINAL_ID,
    ECS_P_ENTERPRISE_TERMINAL_EID,
    ECS_P_TERMINAL_ICCID,
    ECS_P_COUNT,
    ECS_P_COUNT,
};

static struct ecs_str param_of(const struct ecs_ts43_request *r, enum ecs_param param)
{
    return param == ECS_P_COUNT || !r->param[param].n ? ECS_STR_NULL : r->param[param];
}

static bool has_target(const struct ecs_ts43_request *r)
{
    return r->param[ECS_P_TARGET_TERMINAL_ID].n || r->param[ECS_P_TARGET_TERMINAL_EID].n ||
           r->param[ECS_P_TARGET_TERMINAL_ICCID].n;
}

static const struct names *names_of(const struct ecs_ts43_request *r, enum ecs_app app)
{
    if (app == ECS_APP_2006)
        return &companion_names;
    if (app == ECS_APP_2011)
        return &enterprise_names;
    return has_target(r) ? &target_names : &primary_names;
}

/* ---- identities ---- */

/* Digits alone are an IMEI or nothing; target_terminal_id comes from a text that has 15 of them (6.8). */
static bool read_device(struct ecs_str text, bool exact, struct ecs_terminal_id *ret_id)
{
    if (!ecs_terminal_id_parse(text, ret_id))
        return false;
    if (!ecs_str_is_digits(text))
        return true;
    return exact ? text.n == 15 : ret_id->is_imei;
}

/* Decimal digits, with or without filler, or as the card has them: ten bytes with swapped halves. */
static bool read_iccid(struct ecs_str text, struct ecs_iccid *ret_iccid)
{
    char swapped[20];

    if (text.n == sizeof(swapped) && memcmp(text.p, "98", 2) == 0) {
        for (size_t i = 0; i < sizeof(swapped); i++)
            swapped[i] = text.p[i ^ 1];
        text.p = swapped;
    }
    return text.n <= 20 && ecs_iccid_parse(text, ret_iccid);
}

static const char *read_target(const struct ecs_ts43_request *r, const struct names *names,
                               struct odsa_request *q)
{
    struct ecs_str id = param_of(r, names->id), eid = param_of(r, names->eid),
                   iccid = param_of(r, names->iccid);
    struct odsa_identities *own = &q->own;

    if (id.n && !read_device(id, names == &target_names, &own->target))
        return "the identifier of the device is no IMEI, UUID or other identifier";
    q->names_target = id.n && names->id != ECS_P_TERMINAL_ID;
    if (!id.n && names->app == ECS_APP_2009)
        own->target = r->terminal;
    if (own->target.n)
        q->target_id = (struct ecs_str){own->target.s, own->target.n};
    if (own->target.tac[0])
        q->target_tac = ecs_str_of(own->target.tac);
    q->other_target = q->names_target && !ecs_str_eq(q->target_id, q->terminal_id);
    /* The same device under both names. */
    if (names == &target_names && !q->other_target) {
        eid = eid.n ? eid : param_of(r, ECS_P_TERMINAL_EID);
        iccid = iccid.n ? iccid : param_of(r, ECS_P_TERMINAL_ICCID);
    }
    if (eid.n && !ecs_eid_parse(eid, &own->eid))
        return "the EID has not 32 digits with the right check digits";
    if (iccid.n && !read_iccid(iccid, &own->iccid))
        return "the ICCID has not 18 to 20 digits";
    q->eid = eid.n ? ecs_str_of(own->eid.s) : ECS_STR_NULL;
    q->iccid = iccid.n ? ecs_str_of(own->iccid.s) : ECS_STR_NULL;
    return NULL;
}

static const char *read_old(const struct ecs_ts43_request *r, const struct names *names,
                            struct odsa_request *q)
{
    struct ecs_str id = param_of(r, names->old_id), iccid = param_of(r, names->old_iccid);

    if (id.n && !ecs_terminal_id_parse(id, &q->own.old))
        return "the identifier of the old device cannot be one";
    if (iccid.n && !read_iccid(iccid, &q->own.old_iccid))
        return "the old ICCID has not 18 to 20 digits";
    q->old_id = id.n ? (struct ecs_str){q->own.old.s, q->own.old.n} : ECS_STR_NULL;
    q->old_iccid = iccid.n ? ecs_str_of(q->own.old_iccid.s) : ECS_STR_NULL;
    return NULL;
}

/* ---- values ---- */

static bool read_number(struct ecs_str text, int64_t low, int64_t high, int *ret_value)
{
    int64_t value;

    if (!text.n)
        return true;
    if (!ecs_str_to_i64(text, &value) || value < low || value > high)
        return false;
    *ret_value = (int)value;
    return true;
}

const char *const odsa_service_names[] = {"SharedNumber", "DiffNumber", "FamilyNumber", NULL};

static bool read_service(struct ecs_str text, struct ecs_str *ret_service)
{
    if (!text.n)
        return true;
    for (const char *const *name = odsa_service_names; *name; name++)
        if (ecs_str_eq_nocase(text, ecs_str_of(*name))) {
            *ret_service = ecs_str_of(*name);
            return true;
        }
    return false;
}

/* Whatever is not six numbers, each -1 or above 0, is ignored (12.26). */
static void read_limits(struct ecs_str text, int limits[6])
{
    int read[6], n = 0;
    struct ecs_str part;
    int64_t value;

    for (size_t i = 0; i < 6; i++)
        limits[i] = -1;
    while (ecs_str_cut(&text, ',', &part)) {
        if (n == 6 || !ecs_str_to_i64(ecs_str_trim(part), &value) || value == 0 || value < -1 ||
            value > INT32_MAX)
            return;
        read[n++] = (int)value;
    }
    if (n == 6)
        memcpy(limits, read, sizeof(read));
}

static const char *read_type(const struct ecs_ts43_request *r, struct odsa_request *q)
{
    bool service = q->operation == ECS_OP_MANAGE_SERVICE;

    q->type = -1;
    if (!service && q->operation != ECS_OP_MANAGE_SUBSCRIPTION)
        return NULL;
    if (!r->param[ECS_P_OPERATION_TYPE].n)
        return "operation_type is missing";
    if (!read_number(r->param[ECS_P_OPERATION_TYPE], service ? 10 : 0, service ? 11 : 7, &q->type))
        return "operation_type is none of the operation";
    return NULL;
}

static const char *read_values(const struct ecs_ts43_request *r, struct odsa_request *q)
{
    int redownloadable = 0;

    q->button = -1;
    if (!read_number(r->param[ECS_P_MSG_BTN], 0, 1, &q->button))
        return "MSG_btn is neither 0 nor 1";
    if (!read_number(r->param[ECS_P_REDOWNLOADABLE_PROFILE], 0, 1, &redownloadable))
        return "redownloadable_profile is neither 0 nor 1";
    if (!read_service(r->param[ECS_P_COMPANION_TERMINAL_SERVICE], &q->service))
        return "companion_terminal_service is none of TS.43";
    q->redownloadable = redownloadable;
    q->response = r->param[ECS_P_MSG_RESPONSE];
    read_limits(r->param[ECS_P_MSG_LIMITS], q->limits);
    q->plan = param_of(r, ECS_P_PLAN_ID);
    if (!ecs_operation_list(r->param[ECS_P_OPERATION_TARGETS], &q->targets))
        q->unknown_targets = r->param[ECS_P_OPERATION_TARGETS].n > 0; /* the known ones count */
    if (q->app != ECS_APP_2006)
        return NULL;
    q->name = param_of(r, ECS_P_COMPANION_TERMINAL_FRIENDLY_NAME);
    q->vendor = param_of(r, ECS_P_COMPANION_TERMINAL_VENDOR);
    q->model = param_of(r, ECS_P_COMPANION_TERMINAL_MODEL);
    q->sw_version = param_of(r, ECS_P_COMPANION_TERMINAL_SW_VERSION);
    return NULL;
}

/* ---- what has to be there ---- */

enum need { NEEDED, STRICT };
#define A(number)     (1u << ECS_APP_##number)
#define T(type)       (1u << (type))
#define ANY_TYPE      (~0u)
#define FIELD(member) offsetof(struct odsa_request, member)
#define SUBSCRIPTION  ECS_OP_MANAGE_SUBSCRIPTION
#define SERVICE       ECS_OP_MANAGE_SERVICE

static const struct {
    unsigned apps;
    enum ecs_operation operation;
    unsigned types; /* bits 1 << operation_type */
    size_t field;   /* a struct ecs_str */
    enum need need; /* STRICT: only with odsa.strict, else it is noted */
    const char *why;
} needs[] = {
    {A(2006), SUBSCRIPTION, ANY_TYPE, FIELD(target_id), NEEDED, "companion_terminal_id is missing"},
    {A(2006), SERVICE, ANY_TYPE, FIELD(target_id), NEEDED, "companion_terminal_id is missing"},
    {A(2006), SERVICE, ANY_TYPE, FIELD(service), NEEDED, "companion_terminal_service is missing"},
    {A(2006), SERVICE, ANY_TYPE, FIELD(iccid), NEEDED, "companion_terminal_iccid is missing"},
    {A(2006), SUBSCRIPTION, T(5) | T(6), FIELD(iccid), NEEDED, "companion_terminal_iccid is missing"},
    {A(2006), SUBSCRIPTION, ANY_TYPE, FIELD(eid), STRICT, "companion_terminal_eid is missing"},
    {A(2006), SUBSCRIPTION, ANY_TYPE, FIELD(vendor), STRICT, "companion_terminal_vendor is missing"},
    {A(2006), SUBSCRIPTION, T(0), FIELD(name), STRICT, "companion_terminal_friendly_name is missing"},
    {A(2006), SUBSCRIPTION, T(4), FIELD(iccid), STRICT, "companion_terminal_iccid is missing"},
    {A(2009), SUBSCRIPTION, T(5) | T(6) | T(7), FIELD(iccid), NEEDED, "terminal_iccid is missing"},
    {A(2009), SUBSCRIPTION, T(4), FIELD(iccid), STRICT, "terminal_iccid is missing"},
    {A(2011), SUBSCRIPTION, ANY_TYPE, FIELD(target_id), NEEDED, "enterprise_terminal_id is missing"},
    {A(2011), SUBSCRIPTION, T(0), FIELD(eid), STRICT, "enterprise_terminal_eid is missing"},
    {A(2011), SUBSCRIPTION, T(0), FIELD(plan), STRICT, "plan_id is missing"},
};

static bool is_there(const struct odsa_request *q, size_t field)
{
    struct ecs_str text;

    memcpy(&text, (const char *)q + field, sizeof(text));
    return text.n > 0;
}

/* NULL: nothing is missing that is insisted on; *ret_note tells what else is missing. */
static const char *find_missing(const struct odsa_request *q, bool strict, const char **ret_note)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(needs); i++) {
        if (!(needs[i].apps & 1u << q->app) || needs[i].operation != q->operation ||
            !(needs[i].types >> q->type & 1) || is_there(q, needs[i].field))
            continue;
        if (needs[i].need == NEEDED || strict)
            return needs[i].why;
        if (!*ret_note)
            *ret_note = needs[i].why;
    }
    if (q->operation == ECS_OP_ACQUIRE_TEMPORARY_TOKEN && !q->targets)
        return "operation_targets names no operation";
    return NULL;
}

/* The order of the checks is that of the reasons told. */
static const char *read_all(const struct ecs_odsa *odsa, struct odsa_request *q, const char **ret_note)
{
    const struct ecs_ts43_request *r = odsa->request;
    const struct names *names = names_of(r, q->app);
    const char *why = read_type(r, q);

    if (!why)
        why = read_target(r, names, q);
    if (!why)
        why = read_old(r, names, q);
    if (!why)
        why = read_values(r, q);
    return why ? why : find_missing(q, odsa->env->conf->strict, ret_note);
}

enum ecs_rc odsa_request_read(const struct ecs_odsa *odsa, struct odsa_request *ret_request, int *ret_result,
                              const char **ret_why)
{
    const struct ecs_ts43_request *r = odsa->request;
    struct odsa_request *q = ret_request;
    const char *why, *note = NULL;

    *ret_why = NULL;
    *ret_result = ECS_RESULT_SUCCESS;
    memset(q, 0, sizeof(*q));
    q->type = q->button = -1;
    *ret_why = "no application with operations";
    if (!ecs_operation_app(r, &q->app))
        return ECS_E_INTERNAL;
    *ret_why = "operation is missing";
    if (!r->param[ECS_P_OPERATION].n)
        return ECS_E_BAD_PARAMETER;
    *ret_why = "operation: none of this application";
    *ret_result = ECS_RESULT_INVALID_OPERATION;
    if (!ecs_operation_find(r->param[ECS_P_OPERATION], &q->operation) ||
        !ecs_operation_is_of(q->operation, q->app))
        return ECS_OK;
    if (r->has_terminal)
        q->terminal_id = (struct ecs_str){r->terminal.s, r->terminal.n};
    q->enterprise = q->app == ECS_APP_2011 ? odsa->auth->enterprise : ECS_STR_NULL;
    *ret_result = ECS_RESULT_SUCCESS;
    *ret_why = "enterprise_id is missing";
    if (q->app == ECS_APP_2011 && !q->enterprise.n)
        return ECS_E_BAD_PARAMETER;
    why = read_all(odsa, q, &note);
    if (why)
        *ret_result = ECS_RESULT_INVALID_PARAMETER;
    *ret_why = why ? why : note;
    return ECS_OK;
}
