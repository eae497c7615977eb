/* SPDX-License-Identifier: Apache-2.0 */
/* Phones (ap2009, TS.43 8): a new subscription; a subscription moves to another phone, asked by the old one,
 * by the new one with a temporary token, or by the new one alone. */

#include <string.h>

#include "odsa.h"

enum { SUBSCRIBE = 0, TRANSFER = 3, UPDATE = 4 };

static const char member[] = "PrimaryAppEligibility";

static struct ecs_sim_actor *phone_of(struct ecs_sim_odsa *o, const char *name, const char *terminal_id,
                                      bool has_sim)
{
    struct ecs_sim_actor *phone;

    o->app = "ap2009";
    phone = ecs_sim_odsa_actor(o, name, "odsa-primary", terminal_id, has_sim);
    if (phone && (has_sim || o->own->token || o->own->msisdn) && !phone->device.temporary.n &&
        !ecs_sim_odsa_login(o, phone))
        return NULL;
    return phone;
}

static bool need(struct ecs_sim_odsa *o, const char *value, const char *option)
{
    return value || ecs_sim_odsa_stop(o, ECS_SIM_RESULT_USAGE, "%s is needed", option);
}

/* Type 4: the profile is installed; the answer is DONE. */
static bool confirm(struct ecs_sim_odsa *o, struct ecs_sim_actor *phone, const char *name)
{
    const struct ecs_sim_odsa_param params[] = {
        {name, o->iccid},
        {"target_terminal_id", *name == 't' && name[1] == 'a' ? o->own->target_id : NULL},
        {0}};

    if (o->own->no_confirm)
        return true;
    if (!ecs_sim_odsa_do(o, phone, "ManageSubscription", UPDATE, params))
        return false;
    if (ecs_sim_odsa_number(o, "SubscriptionResult", 0) == 3)
        return true;
    return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN, "the confirmation is not answered with DONE (3)");
}

/* A code does not tell the ICCID: the list does. */
static bool know_iccid(struct ecs_sim_odsa *o, const struct ecs_sim_odsa_wish *wish)
{
    return o->iccid || ecs_sim_odsa_in_service(o, wish);
}

/* ---- new subscription ---- */

/* With --target-id the eSIM side of the phone has an identity of its own (TS.43 8.2). */
bool ecs_sim_odsa_phone(struct ecs_sim_odsa *o)
{
    const struct ecs_sim_odsa_options *own = o->own;
    bool two_sides = own->target_id != NULL;
    const struct ecs_sim_odsa_param side[] = {{"target_terminal_id", own->target_id}, {0}};
    const struct ecs_sim_odsa_param params[] = {{"target_terminal_id", own->target_id},
                                                {"target_terminal_eid", two_sides ? own->target_eid : NULL},
                                                {"terminal_eid", two_sides ? NULL : own->eid},
                                                {0}};
    struct ecs_sim_odsa_wish wish = {NULL, SUBSCRIBE, params, side, two_sides ? own->target_eid : own->eid};

    if (!need(o, wish.eid, two_sides ? "--target-eid" : "--eid"))
        return false;
    wish.actor = phone_of(o, "phone", NULL, o->options->sim.imsi != NULL);
    return wish.actor && ecs_sim_odsa_eligible(o, wish.actor, member, side) &&
           ecs_sim_odsa_obtain(o, &wish) && know_iccid(o, &wish) &&
           confirm(o, wish.actor, two_sides ? "target_terminal_iccid" : "terminal_iccid") &&
           ecs_sim_odsa_in_service(o, &wish);
}

/* ---- transfers ---- */

/* The old phone asks with its SIM and hands the download over (TS.43 8.7; 8.11 with --redownloadable). */
bool ecs_sim_odsa_transfer(struct ecs_sim_odsa *o)
{
    const struct ecs_sim_odsa_options *own = o->own;
    const struct ecs_sim_odsa_param target[] = {
        {"target_terminal_id", own->target_id}, {"target_terminal_eid", own->target_eid}, {0}};
    const struct ecs_sim_odsa_param params[] = {
        {"target_terminal_id", own->target_id},
        {"target_terminal_eid", own->target_eid},
        {"old_terminal_id", own->old_id},
        {"old_terminal_iccid", own->old_iccid},
        {"redownloadable_profile", own->redownloadable ? "1" : NULL},
        {0},
    };
    struct ecs_sim_odsa_wish wish = {NULL, TRANSFER, params, target, own->target_eid};

    if (!need(o, own->target_id, "--target-id") || !need(o, own->target_eid, "--target-eid") ||
        !need(o, own->old_id, "--old-id"))
        return false;
    wish.actor = phone_of(o, "old phone", NULL, true);
    if (!wish.actor || !ecs_sim_odsa_eligible(o, wish.actor, member, target) ||
        !ecs_sim_odsa_obtain(o, &wish))
        return false;
    ecs_sim_odsa_say(o, "  the old phone hands the download over to the new phone");
    return true;
}

/* Members of AcquireTemporaryToken: all three, and both operations (TS.43 Table 48). */
static bool take_temporary(struct ecs_sim_odsa *o, struct ecs_sim_actor *new_phone)
{
    struct ecs_str token = ecs_sim_odsa_value(o, "TemporaryToken");
    struct ecs_str targets = ecs_sim_odsa_value(o, "OperationTargets");

    if (!token.n)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "the subscription gets no temporary token");
    if (!ecs_sim_odsa_value(o, "TemporaryTokenExpiry").n || !targets.n)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN,
                                 "TemporaryToken without expiry or targets (TS.43 Table 48)");
    if (ecs_str_find_nocase(targets, ECS_STR("ManageSubscription")) < 0)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "the token does not open ManageSubscription");
    new_phone->device.temporary = (struct ecs_str){ecs_strdup(o->arena, token), token.n};
    ecs_sim_explain_mask(&new_phone->device.explain, token);
    return new_phone->device.temporary.p != NULL;
}

/* The old phone gets a temporary token, the new one acts with it (TS.43 8.9). */
bool ecs_sim_odsa_transfer_token(struct ecs_sim_odsa *o)
{
    static const struct ecs_sim_odsa_param targets[] = {
        {"operation_targets", "ManageSubscription,AcquireConfiguration"}, {0}};
    const struct ecs_sim_odsa_options *own = o->own;
    const struct ecs_sim_odsa_param side[] = {{"target_terminal_id", own->target_id}, {0}};
    const struct ecs_sim_odsa_param params[] = {{"target_terminal_id", own->target_id},
                                                {"target_terminal_eid", own->target_eid},
                                                {"old_terminal_id", own->old_id},
                                                {"old_terminal_iccid", own->old_iccid},
                                                {0}};
    struct ecs_sim_odsa_wish wish = {NULL, TRANSFER, params, side, own->target_eid};
    struct ecs_sim_actor *old_phone;

    if (!need(o, own->target_id, "--target-id") || !need(o, own->target_eid, "--target-eid"))
        return false;
    old_phone = phone_of(o, "old phone", NULL, true);
    if (!old_phone || !ecs_sim_odsa_eligible(o, old_phone, member, NULL) ||
        !ecs_sim_odsa_do(o, old_phone, "AcquireTemporaryToken", ECS_SIM_ODSA_NO_TYPE, targets))
        return false;
    wish.actor = ecs_sim_odsa_actor(o, "new phone", "odsa-primary", own->target_id, false);
    return wish.actor && (o->now = old_phone) && take_temporary(o, wish.actor) &&
           ecs_sim_odsa_obtain(o, &wish);
}

/* The old phone is gone: the user proves himself by OIDC (--token) or a one-time code (TS.43 8.3 to 8.5). */
bool ecs_sim_odsa_transfer_lost(struct ecs_sim_odsa *o)
{
    const struct ecs_sim_odsa_options *own = o->own;
    const struct ecs_sim_odsa_param params[] = {{"terminal_eid", own->eid},
                                                {"old_terminal_id", own->old_id},
                                                {"old_terminal_iccid", own->old_iccid},
                                                {"redownloadable_profile", own->redownloadable ? "1" : NULL},
                                                {0}};
    struct ecs_sim_odsa_wish wish = {NULL, TRANSFER, params, NULL, own->eid};

    if (!need(o, own->eid, "--eid"))
        return false;
    wish.actor = phone_of(o, "new phone", NULL, false);
    return wish.actor && ecs_sim_odsa_login(o, wish.actor) &&
           ecs_sim_odsa_eligible(o, wish.actor, member, NULL) && ecs_sim_odsa_obtain(o, &wish) &&
           know_iccid(o, &wish) && confirm(o, wish.actor, "terminal_iccid") &&
           ecs_sim_odsa_in_service(o, &wish);
}
