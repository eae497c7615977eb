/* SPDX-License-Identifier: Apache-2.0 */
/* ap2003, ap2004 and ap2005: their blocks of the document (TS.43 sections 3 to 5). */
#include "app_internal.h"

static const char *const voice_services[] = {"volte", "vonr", NULL};
static const char *const volte_services[] = {"volte", NULL};
static const char *const vonr_services[] = {"vonr", NULL};
static const char *const vowifi_services[] = {"vowifi", NULL};
static const char *const smsoip_services[] = {"smsoip", NULL};

enum { INCOMPATIBLE = 2, DISABLED = 0, ENABLED = 1 };

static int64_t validity_of(const struct ecs_decisions *decisions, bool pending, enum ecs_decision stable,
                           enum ecs_decision open)
{
    return decisions->v[pending ? open : stable].i;
}

static void add_irat(const struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *item,
                     const char *value)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        {ECS_IRAT_TABLE, "NetworkVoiceIRATCapability"},
        {ECS_IRAT_AOSP, "NetworkVoiceIRatCapability"},
        {ECS_IRAT_EXAMPLE, "NetworkVoiceIRATCapablity"},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(names); i++)
        if (c->irat_names & names[i].bit)
            ecs_doc_str(doc, item, names[i].name, ecs_str_of(value));
}

static void add_voice_entries(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                              const struct voice_state *s)
{
    struct ecs_doc_node *list =
        ecs_doc_list_boxed(doc, node, "VoiceOverCellularEntitleInfo", "RATVoiceEntitleInfoDetails");

    for (unsigned i = 0; i < s->count; i++) {
        const struct voice_entry *e = &s->entry[i];
        struct ecs_doc_node *item = ecs_doc_item(doc, list);

        ecs_doc_int(doc, item, "AccessType", e->access_type);
        ecs_doc_int(doc, item, "HomeRoamingNWType", e->network_type);
        ecs_doc_int(doc, item, "EntitlementStatus", e->entitlement);
        if (e->irat)
            add_irat(c, doc, item, e->irat);
        if (e->entitlement == INCOMPATIBLE)
            ecs_doc_str(doc, item, "MessageForIncompatible",
                        app_message(c, e->message, e->access_type == 1 ? volte_services : vonr_services));
    }
}

enum ecs_rc app_build_voice(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                            const struct ecs_decisions *decisions, struct ecs_app_result *result)
{
    struct voice_state s;

    voice_resolve(&c->facts, decisions, &s);
    if (ecs_version_form(ECS_APP_2003, c->version) == ECS_FORM_FLAT)
        ecs_doc_int(doc, node, "EntitlementStatus", s.flat);
    else
        add_voice_entries(c, doc, node, &s);
    result->status = s.flat;
    c->orders |=
        (s.start_volte ? (unsigned)ECS_ORDER_VOLTE : 0) | (s.start_vonr ? (unsigned)ECS_ORDER_VONR : 0);
    app_validity(
        c, validity_of(decisions, s.pending, ECS_DECIDE_VOICE_VALIDITY, ECS_DECIDE_VOICE_VALIDITY_PENDING),
        voice_services);
    return ECS_OK;
}

/* An opaque, signed, expiring reference stands for subscriber and device; the portal resolves it through our
 * administrative interface (V-017, V-018). */
static struct ecs_str flow_data(struct ecs_app_context *c, struct ecs_str text, const struct vowifi_state *s,
                                int64_t life_s)
{
    static const char *const digits[] = {"0", "1", "2", "3"};
    struct ecs_flow_ref ref = {
        .imsi = *c->imsi, .service = 4, .issued_s = c->now, .expires_s = c->now + life_s};
    char sid[ECS_TOKEN_TEXT_MAX + 1];
    struct ecs_buf out = {0};
    struct ecs_str copy;
    struct ecs_substitution values[] = {
        {ECS_STR("session"), ECS_STR_NULL},
        {ECS_STR("imsi"), ecs_str_of(c->imsi->s)},
        {ECS_STR("msisdn"), c->line->msisdn},
        {ECS_STR("device_id"), {c->request->terminal.s, c->request->terminal.n}},
        {ECS_STR("tnc"), ecs_str_of(digits[s->terms])},
        {ECS_STR("addr"), ecs_str_of(digits[s->address])},
        {ECS_STR("prov"), ecs_str_of(digits[s->provisioning])},
        {ECS_STR("lang"), ecs_messages_languages(c->messages, &(size_t){0})[c->language]},
        {ECS_STR("brand"), c->line->brand},
        {ECS_STR("jwt"), ECS_STR("")},
    };
    const struct app_portal_states states = {s->terms, s->address, s->provisioning};

    if (!text.n)
        return ECS_STR("");
    if (c->request->has_terminal) {
        ecs_token_terminal_digest(c->crypto, &c->request->terminal, ref.terminal);
        if (!ecs_str_to_u32(ecs_str_of(c->request->terminal.tac), &ref.tac))
            ref.tac = 0;
    }
    if (ecs_flow_ref_seal(c->crypto, c->flow_sealer, &ref, sid) != ECS_OK)
        return ECS_STR_NULL;
    values[0].value = ecs_str_of(sid);
    /* A signature costs more than all the rest: only where it is wanted. */
    if (c->portal_signer && ecs_str_find(text, ECS_STR("{jwt}")) >= 0) {
        values[ECS_ARRAY_LEN(values) - 1].value = app_portal_jwt(c, "vowifi", sid, &states, ref.expires_s);
        if (!values[ECS_ARRAY_LEN(values) - 1].value.p)
            return ECS_STR_NULL;
    }
    ecs_template_expand(text, values, ECS_ARRAY_LEN(values), true, &out);
    copy = (struct ecs_str){out.overflow ? NULL : ecs_strdup(c->arena, ecs_buf_str(&out)), out.n};
    ecs_buf_done(&out);
    return copy.p ? ecs_doc_url(c->arena, copy) : ECS_STR_NULL;
}

static struct ecs_str flow_url(struct ecs_app_context *c, struct ecs_str url)
{
    if (ecs_str_eq(url, ECS_STR("portal")))
        url = ecs_str_of(c->portal_url);
    return url.n ? ecs_doc_url(c->arena, url) : ECS_STR("");
}

enum ecs_rc app_build_vowifi(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                             const struct ecs_decisions *decisions, struct ecs_app_result *result)
{
    const struct ecs_line_service *row = ecs_facts_service(c->line, ECS_STR("vowifi"));
    int64_t validity;
    struct ecs_str url = ECS_STR(""), data = ECS_STR(""), message = ECS_STR("");
    struct vowifi_state s;

    vowifi_resolve(&c->facts, decisions, c->now, &s);
    validity =
        validity_of(decisions, s.pending, ECS_DECIDE_VOWIFI_VALIDITY, ECS_DECIDE_VOWIFI_VALIDITY_PENDING);
    /* When the address ends, so does the answer: nobody else tells the phone to ask again. */
    if (s.address_expiry && s.address_expiry - c->now < validity)
        validity = s.address_expiry - c->now;
    if (s.entitlement == INCOMPATIBLE)
        message = app_message(c, decisions->v[ECS_DECIDE_VOWIFI_MESSAGE].s, vowifi_services);
    else if (!s.off && (s.entitlement != ENABLED || decisions->v[ECS_DECIDE_VOWIFI_FLOW_ALWAYS].i))
        url = flow_url(c, decisions->v[ECS_DECIDE_VOWIFI_FLOW_URL].s);
    /* The device acts on the reference any time until it asks again, and some time after that. */
    if (url.n)
        data = flow_data(c, decisions->v[ECS_DECIDE_VOWIFI_FLOW_DATA].s, &s, validity + 3600);
    if (!url.p || !data.p || !message.p)
        return ECS_E_TOO_LARGE;
    ecs_doc_int(doc, node, "EntitlementStatus", s.entitlement);
    ecs_doc_str(doc, node, "ServiceFlow_URL", url);
    ecs_doc_str(doc, node, "ServiceFlow_UserData", data);
    ecs_doc_str(doc, node, "MessageForIncompatible", message);
    ecs_doc_int(doc, node, "AddrStatus", s.address);
    if (s.address_expiry)
        ecs_doc_time(doc, node, "AddrExpiry", s.address_expiry);
    if (s.has_address && row && row->addr_identifier.n)
        ecs_doc_str(doc, node, "AddrIdentifier", ecs_doc_text(c->arena, row->addr_identifier));
    ecs_doc_int(doc, node, "TC_Status", s.terms);
    ecs_doc_int(doc, node, "ProvStatus", s.provisioning);
    result->status = s.entitlement;
    if (s.start_provisioning)
        c->orders |= ECS_ORDER_VOWIFI;
    app_validity(c, validity, vowifi_services);
    return ECS_OK;
}

enum ecs_rc app_build_smsoip(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                             const struct ecs_decisions *decisions, struct ecs_app_result *result)
{
    struct smsoip_state s;

    smsoip_resolve(&c->facts, decisions, &s);
    ecs_doc_int(doc, node, "EntitlementStatus", s.entitlement);
    result->status = s.entitlement;
    if (s.start_provisioning)
        c->orders |= ECS_ORDER_SMSOIP;
    app_validity(
        c, validity_of(decisions, s.pending, ECS_DECIDE_SMSOIP_VALIDITY, ECS_DECIDE_SMSOIP_VALIDITY_PENDING),
        smsoip_services);
    return ECS_OK;
}
