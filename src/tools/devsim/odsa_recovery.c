/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that were lost with a factory reset (ap2009 type 7, TS.43 8.13), and one that waits at the default
 * SM-DP+ until its user is verified (8.12). */

#include "odsa.h"

enum { SUBSCRIBE = 0, UPDATE = 4, RECOVER = 7, ICCIDS_MAX = 16 };

static struct ecs_sim_actor *begin(struct ecs_sim_odsa *o)
{
    struct ecs_sim_actor *phone;

    o->app = "ap2009";
    phone = ecs_sim_odsa_actor(o, "phone", "odsa-primary", NULL, o->options->sim.imsi != NULL);
    return phone && ecs_sim_odsa_login(o, phone) ? phone : NULL;
}

static bool confirm(struct ecs_sim_odsa *o, struct ecs_sim_actor *phone)
{
    const struct ecs_sim_odsa_param params[] = {{"terminal_iccid", o->iccid}, {0}};

    if (o->own->no_confirm || !o->iccid)
        return true;
    if (!ecs_sim_odsa_do(o, phone, "ManageSubscription", UPDATE, params))
        return false;
    if (ecs_sim_odsa_number(o, "SubscriptionResult", 0) == 3)
        return true;
    return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN, "the confirmation is not answered with DONE (3)");
}

/* ICCIDs of the latest list. */
static size_t list_iccids(struct ecs_sim_odsa *o, const char *iccids[ICCIDS_MAX])
{
    size_t n = 0;

    for (const struct ecs_sim_value *v = o->now->device.document.first; v && n < ICCIDS_MAX; v = v->next) {
        if (ecs_str_eq(v->name, ECS_STR("ICCID")) && v->value.n &&
            ecs_str_starts_with(v->path, ecs_str_of(o->app)) &&
            ecs_str_find(v->path, ECS_STR("PrimaryConfiguration")) >= 0)
            iccids[n++] = ecs_strdup(o->arena, v->value);
    }
    return n;
}

static bool recover(struct ecs_sim_odsa *o, struct ecs_sim_actor *phone, const char *iccid)
{
    const struct ecs_sim_odsa_param params[] = {
        {"terminal_iccid", iccid}, {"terminal_eid", o->own->eid}, {0}};
    const struct ecs_sim_odsa_wish wish = {phone, RECOVER, params, NULL, o->own->eid};

    o->iccid = NULL; /* the new one may be another */
    return ecs_sim_odsa_obtain(o, &wish) && (o->iccid || ecs_sim_odsa_in_service(o, &wish)) &&
           confirm(o, phone) && ecs_sim_odsa_in_service(o, &wish);
}

/* One request for each profile that the server lists and the phone has not; or for --old-iccid. */
bool ecs_sim_odsa_recovery(struct ecs_sim_odsa *o)
{
    struct ecs_sim_actor *phone = begin(o);
    const char *iccids[ICCIDS_MAX];
    size_t n;

    if (!phone || !ecs_sim_odsa_eligible(o, phone, "PrimaryAppEligibility", NULL) ||
        !ecs_sim_odsa_do(o, phone, "AcquireConfiguration", ECS_SIM_ODSA_NO_TYPE, NULL))
        return false;
    n = list_iccids(o, iccids);
    if (o->own->old_iccid) {
        iccids[0] = o->own->old_iccid;
        n = 1;
    }
    if (!n)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "the server lists no profile that was lost");
    for (size_t i = 0; i < n; i++)
        if (!iccids[i] || !recover(o, phone, iccids[i]))
            return false;
    return true;
}

/* ServiceStatus 3 says that the profile waits; type 0 with its ICCID asks for it. */
bool ecs_sim_odsa_waiting(struct ecs_sim_odsa *o)
{
    struct ecs_sim_actor *phone = begin(o);
    const char *block;
    struct ecs_str status;

    if (!phone || !ecs_sim_odsa_do(o, phone, "AcquireConfiguration", ECS_SIM_ODSA_NO_TYPE, NULL))
        return false;
    block = ecs_sim_odsa_configuration(o);
    status = block ? ecs_sim_document_app(&phone->device.document, ecs_str_of(block), "ServiceStatus")
                   : ECS_STR_NULL;
    if (!ecs_str_eq(status, ECS_STR("3")))
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "no profile waits for its user");
    {
        struct ecs_str iccid = ecs_sim_document_app(&phone->device.document, ecs_str_of(block), "ICCID");
        const struct ecs_sim_odsa_param params[] = {
            {"terminal_iccid", ecs_strdup(o->arena, iccid)}, {"terminal_eid", o->own->eid}, {0}};
        const struct ecs_sim_odsa_wish wish = {phone, SUBSCRIBE, params, NULL, o->own->eid};

        return ecs_sim_odsa_obtain(o, &wish) && confirm(o, phone) && ecs_sim_odsa_in_service(o, &wish);
    }
}
