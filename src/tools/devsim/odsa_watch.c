/* SPDX-License-Identifier: Apache-2.0 */
/* Companions (ap2006, TS.43 7): a watch gets its profile, is switched off and on, gives it up; a tablet that
 * shows no web pages moves a profile from watch to watch. */

#include <string.h>

#include "odsa.h"

enum { SUBSCRIBE = 0, UNSUBSCRIBE = 1, TRANSFER = 3, SERVICE_ON = 10, SERVICE_OFF = 11 };

static const char member[] = "CompanionAppEligibility";

static struct ecs_sim_actor *phone_of(struct ecs_sim_odsa *o, const char *name)
{
    struct ecs_sim_actor *phone;

    o->app = "ap2006";
    if (!o->own->companion_id || !o->own->companion_eid) {
        ecs_sim_odsa_stop(o, ECS_SIM_RESULT_USAGE, "--companion-id and --companion-eid are needed");
        return NULL;
    }
    phone = ecs_sim_odsa_actor(o, name, "odsa-companion", NULL, true);
    return phone && ecs_sim_odsa_login(o, phone) ? phone : NULL;
}

/* What the phone knows of the companion: needed by ManageSubscription (TS.43 Table 27). */
#define COMPANION(o)                                                                                         \
    {"companion_terminal_id", (o)->own->companion_id}, {"companion_terminal_eid", (o)->own->companion_eid},  \
        {"companion_terminal_vendor",                                                                        \
         (o)->own->companion_vendor ? (o)->own->companion_vendor : "Acme Watches"},                          \
        {"companion_terminal_model", (o)->own->companion_model ? (o)->own->companion_model : "Watch 1"},     \
    {                                                                                                        \
        "companion_terminal_friendly_name", (o)->own->companion_name ? (o)->own->companion_name : "Watch"    \
    }

static const char *service_of(const struct ecs_sim_odsa *o)
{
    return o->own->service ? o->own->service : "SharedNumber";
}

/* ServiceStatus that is wanted, at once or by polling; 103 says that the server has no such operation. */
static bool manage_service(struct ecs_sim_odsa *o, struct ecs_sim_actor *phone, int type)
{
    const struct ecs_sim_odsa_param params[] = {{"companion_terminal_id", o->own->companion_id},
                                                {"companion_terminal_iccid", o->iccid},
                                                {"companion_terminal_service", service_of(o)},
                                                {0}};
    int64_t result, status;

    if (!ecs_sim_odsa_ask(o, phone, "ManageService", type, params))
        return false;
    result = ecs_sim_odsa_number(o, "OperationResult", 0);
    status = ecs_sim_odsa_number(o, "ServiceStatus", 0);
    if (result == 103) {
        ecs_sim_odsa_say(o, "  the server does not know ManageService: the story goes on");
        return true;
    }
    if (result != 1)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "ManageService was refused");
    if (status == 2 || (type == SERVICE_ON ? status == 1 : status == 3 || status == 4))
        return true;
    return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "ServiceStatus is %d after ManageService type %d",
                             (int)status, type);
}

bool ecs_sim_odsa_watch(struct ecs_sim_odsa *o)
{
    struct ecs_sim_actor *phone = phone_of(o, "phone");
    const struct ecs_sim_odsa_param named[] = {{"companion_terminal_id", o->own->companion_id}, {0}};
    const struct ecs_sim_odsa_param params[] = {
        COMPANION(o), {"companion_terminal_service", o->own->service}, {0}};
    const struct ecs_sim_odsa_wish wish = {phone, SUBSCRIBE, params, named, o->own->companion_eid};

    if (!phone || !ecs_sim_odsa_eligible(o, phone, member, named) ||
        !ecs_sim_odsa_do(o, phone, "AcquireConfiguration", ECS_SIM_ODSA_NO_TYPE, named))
        return false;
    if (ecs_sim_odsa_configuration(o)) { /* activated through another channel (TS.43 7.5) */
        ecs_sim_odsa_say(o, "  there is a subscription for the watch already");
        if (!ecs_sim_odsa_poll(o, &wish))
            return false;
    } else if (!ecs_sim_odsa_obtain(o, &wish)) {
        return false;
    }
    if (!o->iccid && !ecs_sim_odsa_in_service(o, &wish)) /* a code does not tell the ICCID */
        return false;
    if (!o->own->no_confirm && !manage_service(o, phone, SERVICE_ON))
        return false;
    return ecs_sim_odsa_in_service(o, &wish);
}

/* Off, then on again. */
bool ecs_sim_odsa_watch_switch(struct ecs_sim_odsa *o)
{
    struct ecs_sim_actor *phone = phone_of(o, "phone");
    const struct ecs_sim_odsa_param named[] = {{"companion_terminal_id", o->own->companion_id}, {0}};
    const struct ecs_sim_odsa_wish wish = {phone, 0, NULL, named, NULL};

    o->iccid = o->own->iccid;
    return phone && ecs_sim_odsa_in_service(o, &wish) && manage_service(o, phone, SERVICE_OFF) &&
           manage_service(o, phone, SERVICE_ON) && ecs_sim_odsa_in_service(o, &wish);
}

bool ecs_sim_odsa_watch_end(struct ecs_sim_odsa *o)
{
    struct ecs_sim_actor *phone = phone_of(o, "phone");
    const struct ecs_sim_odsa_param params[] = {
        COMPANION(o), {"companion_terminal_iccid", o->own->iccid}, {0}};
    int64_t result;

    if (!phone || !ecs_sim_odsa_do(o, phone, "ManageSubscription", UNSUBSCRIBE, params))
        return false;
    result = ecs_sim_odsa_number(o, "SubscriptionResult", 0);
    if (result == 3 || result == 4 || result == 5)
        return true;
    return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "SubscriptionResult %d: the subscription goes on",
                             (int)result);
}

/* ---- tablet ---- */

/* The companion whose profile moves: as the user says, else the first other one of the list. The list has to
 * describe them, since the tablet can show nothing else (TS.43 6.5.5, CompanionDeviceInfo). */
static bool choose_old(struct ecs_sim_odsa *o, const char **ret_iccid)
{
    const struct ecs_sim_document *document = &o->now->device.document;
    unsigned described = 0;

    *ret_iccid = o->own->old_companion_iccid;
    for (const struct ecs_sim_value *v = document->first; v; v = v->next) {
        if (ecs_str_eq(v->name, ECS_STR("CompanionTerminalFriendlyName")))
            described++;
        if (!*ret_iccid && ecs_str_eq(v->name, ECS_STR("ICCID")) && v->value.n)
            *ret_iccid = ecs_strdup(o->arena, v->value);
    }
    if (!*ret_iccid)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "no companion has a profile that could move");
    if (!described)
        ecs_sim_find(&o->now->device.report, ECS_SIM_NOTE, "",
                     "no CompanionDeviceInfo: the server takes this terminal for one with web pages");
    return true;
}

bool ecs_sim_odsa_tablet(struct ecs_sim_odsa *o)
{
    struct ecs_sim_actor *tablet = phone_of(o, "tablet");
    const struct ecs_sim_odsa_param named[] = {{"companion_terminal_id", o->own->companion_id}, {0}};
    const char *old = NULL;

    if (!tablet || !ecs_sim_odsa_eligible(o, tablet, member, named) ||
        !ecs_sim_odsa_do(o, tablet, "AcquireConfiguration", ECS_SIM_ODSA_NO_TYPE, NULL) ||
        !choose_old(o, &old))
        return false;
    {
        const struct ecs_sim_odsa_param params[] = {COMPANION(o),
                                                    {"old_companion_terminal_id", o->own->old_companion_id},
                                                    {"old_companion_terminal_iccid", old},
                                                    {0}};
        const struct ecs_sim_odsa_wish wish = {tablet, TRANSFER, params, named, o->own->companion_eid};

        return ecs_sim_odsa_obtain(o, &wish) && ecs_sim_odsa_in_service(o, &wish);
    }
}
