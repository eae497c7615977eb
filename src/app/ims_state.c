/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the IMS applications of one line, in the order of evaluation that leaves no undefined
 * combination: refused, data missing, data in progress, not provisioned, enabled. */
#include "ims_state.h"

#include <string.h>

enum { DISABLED, ENABLED, INCOMPATIBLE, PROVISIONING };            /* EntitlementStatus */
enum { ITEM_MISSING, ITEM_DONE, ITEM_NOT_REQUIRED, ITEM_RUNNING }; /* Tables 16 to 18 */

/* Not known counts as `otherwise`. */
static int64_t fact(const struct ecs_facts *facts, enum ecs_fact id, int64_t otherwise)
{
    return facts->v[id].known ? facts->v[id].i : otherwise;
}

static int64_t decided(const struct ecs_decisions *decisions, enum ecs_decision id)
{
    return decisions->v[id].i;
}

enum vowifi_mode vowifi_mode_of(int entitlement, int provisioning, int terms, int address)
{
    bool terms_fine = terms == ITEM_DONE || terms == ITEM_NOT_REQUIRED;
    bool address_fine = address == ITEM_DONE || address == ITEM_NOT_REQUIRED;
    bool provisioned = provisioning == ITEM_DONE || provisioning == ITEM_NOT_REQUIRED;

    if (entitlement == INCOMPATIBLE)
        return VOWIFI_CANNOT_BE_OFFERED;
    if (entitlement == PROVISIONING)
        return VOWIFI_BEING_PROVISIONED;
    if (entitlement == ENABLED)
        return terms_fine && address_fine && provisioned ? VOWIFI_CAN_BE_ACTIVATED : VOWIFI_UNDEFINED;
    if (terms == ITEM_MISSING || address == ITEM_MISSING)
        return VOWIFI_DATA_MISSING;
    if (terms == ITEM_RUNNING || address == ITEM_RUNNING)
        return VOWIFI_BEING_UPDATED;
    return provisioned ? VOWIFI_UNDEFINED : VOWIFI_BEING_PROVISIONED;
}

static int terms_of(const struct ecs_facts *facts, const struct ecs_decisions *decisions)
{
    int64_t need = decided(decisions, ECS_DECIDE_VOWIFI_TERMS);
    int64_t state = fact(facts, ECS_FACT_VOWIFI_TERMS, ECS_TERMS_MISSING);
    int64_t wanted = decided(decisions, ECS_DECIDE_VOWIFI_TERMS_VERSION);

    if (need == ECS_NEED_NOT_REQUIRED || (state == ECS_TERMS_NOT_REQUIRED && need != ECS_NEED_RENEW))
        return ITEM_NOT_REQUIRED;
    if (state == ECS_TERMS_IN_PROGRESS)
        return ITEM_RUNNING;
    if (state != ECS_TERMS_ACCEPTED || need == ECS_NEED_RENEW)
        return ITEM_MISSING;
    return fact(facts, ECS_FACT_VOWIFI_TERMS_VERSION, 0) < wanted ? ITEM_MISSING : ITEM_DONE;
}

static int address_of(const struct ecs_facts *facts, const struct ecs_decisions *decisions, int64_t now,
                      int64_t *ret_expiry)
{
    int64_t need = decided(decisions, ECS_DECIDE_VOWIFI_ADDRESS);
    int64_t state = fact(facts, ECS_FACT_VOWIFI_ADDRESS, ECS_ADDRESS_MISSING);
    int64_t expiry = fact(facts, ECS_FACT_VOWIFI_ADDRESS_EXPIRY, 0);

    *ret_expiry = 0;
    if (need == ECS_NEED_NOT_REQUIRED || (state == ECS_ADDRESS_NOT_REQUIRED && need != ECS_NEED_RENEW))
        return ITEM_NOT_REQUIRED;
    if (state == ECS_ADDRESS_IN_PROGRESS)
        return ITEM_RUNNING;
    if (state != ECS_ADDRESS_AVAILABLE || need == ECS_NEED_RENEW)
        return ITEM_MISSING;
    if (expiry && expiry <= now)
        return decided(decisions, ECS_DECIDE_VOWIFI_ADDRESS_EXPIRED) == ECS_EXPIRED_KEEP ? ITEM_DONE
                                                                                         : ITEM_MISSING;
    *ret_expiry = expiry;
    return ITEM_DONE;
}

static int provisioning_of(const struct ecs_facts *facts, const struct ecs_decisions *decisions)
{
    switch (decided(decisions, ECS_DECIDE_VOWIFI_PROVISIONING)) {
    case ECS_TRACKING_ASSUMED:
        return ITEM_DONE;
    case ECS_TRACKING_NOT_TRACKED:
        return ITEM_NOT_REQUIRED;
    default:
        return (int)fact(facts, ECS_FACT_VOWIFI_PROVISIONING, ECS_PROV_NOT_PROVISIONED);
    }
}

/* The portal closed a moment ago and the network is not ready yet. AOSP polls on only while data are missing
 * and shows an error for anything else (C-31b), so the answer stays at "missing" for this short time. */
static bool is_held(const struct ecs_facts *facts, const struct ecs_decisions *decisions, int64_t now)
{
    int64_t closed = fact(facts, ECS_FACT_VOWIFI_FLOW_CLOSED, 0);

    return closed && now >= closed && now - closed < decided(decisions, ECS_DECIDE_VOWIFI_FLOW_HOLD);
}

static void hold(struct vowifi_state *s)
{
    bool none = s->terms != ITEM_DONE && s->address != ITEM_DONE;

    s->entitlement = DISABLED;
    s->address_expiry = 0;
    s->has_address = false;
    if (s->terms == ITEM_DONE || none)
        s->terms = ITEM_MISSING;
    if (s->address == ITEM_DONE)
        s->address = ITEM_MISSING;
}

static void resolve_offered(const struct ecs_facts *facts, const struct ecs_decisions *decisions, int64_t now,
                            struct vowifi_state *s)
{
    if (s->terms == ITEM_MISSING || s->address == ITEM_MISSING) {
        s->entitlement = DISABLED;
        /* Table 20 gives a missing item beside a running one two modes: report both as missing. */
        if (s->terms == ITEM_RUNNING)
            s->terms = ITEM_MISSING;
        if (s->address == ITEM_RUNNING)
            s->address = ITEM_MISSING;
        return;
    }
    s->pending = true;
    if (s->terms == ITEM_RUNNING || s->address == ITEM_RUNNING) {
        s->entitlement = DISABLED;
        /* Samsung opens the web pages for status 0 with any 0 beside it; nothing is left for the user to do.
         */
        if (s->provisioning == ITEM_MISSING)
            s->provisioning = ITEM_RUNNING;
        return;
    }
    if (s->provisioning == ITEM_DONE || s->provisioning == ITEM_NOT_REQUIRED) {
        s->entitlement = ENABLED;
        s->pending = false;
        return;
    }
    s->entitlement = PROVISIONING;
    s->start_provisioning =
        s->provisioning == ITEM_MISSING && decided(decisions, ECS_DECIDE_VOWIFI_START_PROVISIONING);
    if (is_held(facts, decisions, now))
        hold(s);
}

void vowifi_resolve(const struct ecs_facts *facts, const struct ecs_decisions *decisions, int64_t now,
                    struct vowifi_state *ret_state)
{
    struct vowifi_state s = {0};

    if (decided(decisions, ECS_DECIDE_VOWIFI_OFFER) == ECS_VOWIFI_OFFER_NO) {
        s.entitlement = INCOMPATIBLE;
        s.terms = s.address = s.provisioning = ITEM_NOT_REQUIRED;
        *ret_state = s;
        return;
    }
    /* Switched off in the network for a while: a combination of Table 20 that asks nothing of the user. */
    if (decided(decisions, ECS_DECIDE_VOWIFI_OFFER) == ECS_VOWIFI_OFFER_DISABLED) {
        s.entitlement = DISABLED;
        s.terms = s.address = ITEM_NOT_REQUIRED;
        s.provisioning = ITEM_RUNNING;
        s.pending = s.off = true;
        *ret_state = s;
        return;
    }
    s.terms = terms_of(facts, decisions);
    s.address = address_of(facts, decisions, now, &s.address_expiry);
    s.has_address = s.address == ITEM_DONE;
    s.provisioning = provisioning_of(facts, decisions);
    if (decided(decisions, ECS_DECIDE_VOWIFI_OFFER) == ECS_VOWIFI_OFFER_PROVISIONING) {
        s.entitlement = PROVISIONING;
        s.provisioning = ITEM_RUNNING;
        s.pending = true;
    } else {
        resolve_offered(facts, decisions, now, &s);
    }
    *ret_state = s;
}

/* by-line-state: what is known of the line's provisioning decides, and nothing known counts as done. */
static int status_of(int64_t decision, const struct ecs_facts *facts, enum ecs_fact provisioning, bool *start,
                     bool *pending)
{
    int64_t state;

    if (decision != ECS_STATUS_BY_LINE_STATE) {
        *pending = *pending || decision == ECS_STATUS_PROVISIONING;
        return (int)decision;
    }
    state = fact(facts, provisioning, ECS_PROV_PROVISIONED);
    if (state != ECS_PROV_NOT_PROVISIONED && state != ECS_PROV_IN_PROGRESS)
        return ENABLED;
    *start = *start || state == ECS_PROV_NOT_PROVISIONED;
    *pending = true;
    return PROVISIONING;
}

static const char *irat_name(int access_type, int64_t decision)
{
    static const char *const lte[] = {NULL, "4G-SRVCC"};
    static const char *const nr[] = {NULL, "EPS-Fallback", "5G-SRVCC"};

    return access_type == 1 ? lte[decision == ECS_LTE_IRAT_SRVCC]
                            : nr[decision >= 0 && decision <= 2 ? decision : 0];
}

static bool same_entry(const struct voice_entry *a, const struct voice_entry *b)
{
    return a->entitlement == b->entitlement && a->irat == b->irat && ecs_str_eq(a->message, b->message);
}

/* Rows of decisions for one radio access: status, text and handover, at home and roaming. */
struct rat {
    int access_type;
    enum ecs_decision status[2], message[2], irat[2];
    enum ecs_fact provisioning;
};

static const struct rat rats[] = {
    {1,
     {ECS_DECIDE_VOICE_LTE_HOME, ECS_DECIDE_VOICE_LTE_ROAMING},
     {ECS_DECIDE_VOICE_LTE_HOME_MESSAGE, ECS_DECIDE_VOICE_LTE_ROAMING_MESSAGE},
     {ECS_DECIDE_VOICE_LTE_HOME_IRAT, ECS_DECIDE_VOICE_LTE_ROAMING_IRAT},
     ECS_FACT_VOLTE_PROVISIONING},
    {2,
     {ECS_DECIDE_VOICE_NR_HOME, ECS_DECIDE_VOICE_NR_ROAMING},
     {ECS_DECIDE_VOICE_NR_HOME_MESSAGE, ECS_DECIDE_VOICE_NR_ROAMING_MESSAGE},
     {ECS_DECIDE_VOICE_NR_HOME_IRAT, ECS_DECIDE_VOICE_NR_ROAMING_IRAT},
     ECS_FACT_VONR_PROVISIONING},
};

static void resolve_rat(const struct rat *rat, const struct ecs_facts *facts,
                        const struct ecs_decisions *decisions, bool *start, struct voice_state *s)
{
    struct voice_entry entry[2];

    for (int i = 0; i < 2; i++) {
        entry[i] = (struct voice_entry){.access_type = rat->access_type, .network_type = 2 + i};
        entry[i].entitlement =
            status_of(decided(decisions, rat->status[i]), facts, rat->provisioning, start, &s->pending);
        if (entry[i].entitlement == INCOMPATIBLE)
            entry[i].message = decisions->v[rat->message[i]].s;
        else
            entry[i].irat = irat_name(rat->access_type, decided(decisions, rat->irat[i]));
    }
    if (rat->access_type == 1)
        s->flat = entry[0].entitlement;
    if (same_entry(&entry[0], &entry[1])) {
        entry[0].network_type = 1;
        s->entry[s->count++] = entry[0];
        return;
    }
    s->entry[s->count++] = entry[0];
    s->entry[s->count++] = entry[1];
}

void voice_resolve(const struct ecs_facts *facts, const struct ecs_decisions *decisions,
                   struct voice_state *ret_state)
{
    struct voice_state s = {0};
    bool wanted = decided(decisions, ECS_DECIDE_VOICE_START_PROVISIONING);

    resolve_rat(&rats[0], facts, decisions, &s.start_volte, &s);
    resolve_rat(&rats[1], facts, decisions, &s.start_vonr, &s);
    s.start_volte = s.start_volte && wanted;
    s.start_vonr = s.start_vonr && wanted;
    *ret_state = s;
}

void smsoip_resolve(const struct ecs_facts *facts, const struct ecs_decisions *decisions,
                    struct smsoip_state *ret_state)
{
    struct smsoip_state s = {0};

    s.entitlement = status_of(decided(decisions, ECS_DECIDE_SMSOIP_STATUS), facts,
                              ECS_FACT_SMSOIP_PROVISIONING, &s.start_provisioning, &s.pending);
    s.start_provisioning = s.start_provisioning && decided(decisions, ECS_DECIDE_SMSOIP_START_PROVISIONING);
    *ret_state = s;
}
