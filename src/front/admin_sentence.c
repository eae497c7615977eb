/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions in the words of a care agent: is the service on, why not, and what the phone does about it
 * (TS.43 3.3, ts43-ims digest 2.4). Pure. */
#include "admin_internal.h"

#include <jansson.h>
#include <string.h>

enum { DISABLED, ENABLED, INCOMPATIBLE, PROVISIONING };
enum { MISSING, DONE, NOT_REQUIRED, RUNNING };

struct writer {
    const struct ecs_app_result *result;
    const struct ecs_doc_node *block;
    const struct ecs_facts *facts;
    json_t *explanation; /* NULL: not offered */
    struct ecs_buf *summary, *phone;
};

static struct ecs_str value_of(const struct ecs_doc_node *in, const char *name)
{
    for (const struct ecs_doc_node *n = in ? in->child : NULL; n; n = n->next)
        if (ecs_str_eq(n->name, ecs_str_of(name)) && n->kind == ECS_DOC_VALUE)
            return n->value;
    return ECS_STR_NULL;
}

/* A status of one digit; -1 when it is not there. */
static int digit_of(const struct ecs_doc_node *in, const char *name)
{
    struct ecs_str value = value_of(in, name);

    return value.n == 1 && value.p[0] >= '0' && value.p[0] <= '9' ? value.p[0] - '0' : -1;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static const json_t *find_rule(const json_t *explanation, const char *name)
{
    const json_t *rules = json_object_get(explanation, "rules");

    for (size_t i = 0; i < json_array_size(rules); i++)
        if (ecs_str_eq(ecs_str_of(text_of(json_array_get(rules, i), "name")), ecs_str_of(name)))
            return json_array_get(rules, i);
    return NULL;
}

static const char *decided(const struct writer *w, const char *decision, const char *member)
{
    return text_of(json_object_get(json_object_get(w->explanation, "decisions"), decision), member);
}

/* rule "not-in-plan" applies: plan.features has not vowifi (it is volte) */
static void add_reason(const struct writer *w, const char *decision)
{
    const char *name = decided(w, decision, "rule");
    const json_t *rule = find_rule(w->explanation, name), *conditions = json_object_get(rule, "conditions");

    if (!rule) {
        ecs_buf_add_cstr(w->summary, "that is the default of the policy");
        return;
    }
    ecs_buf_printf(w->summary, "rule \"%s\" applies", name);
    for (size_t i = 0; i < json_array_size(conditions); i++) {
        const json_t *condition = json_array_get(conditions, i);

        ecs_buf_printf(w->summary, "%s%s (it is %s)", i ? " and " : ": ", text_of(condition, "text"),
                       text_of(condition, "value"));
    }
}

static void say_not_offered(const struct writer *w)
{
    ecs_buf_printf(w->summary, "%s is not offered by this server (setting device.offered)",
                   ecs_app_id(w->result->app));
    ecs_buf_add_cstr(w->phone, "The phone keeps the service off.");
}

/* ---- Wi-Fi calling ---- */

static void say_missing(const struct writer *w, bool terms, bool address)
{
    const struct ecs_fact_value *known = w->facts->v;
    bool accepted =
        known[ECS_FACT_VOWIFI_TERMS].known && known[ECS_FACT_VOWIFI_TERMS].i == ECS_TERMS_ACCEPTED;
    bool available =
        known[ECS_FACT_VOWIFI_ADDRESS].known && known[ECS_FACT_VOWIFI_ADDRESS].i == ECS_ADDRESS_AVAILABLE;
    struct ecs_str url = value_of(w->block, "ServiceFlow_URL");

    ecs_buf_add_cstr(w->summary, "Wi-Fi calling is off: ");
    if (terms)
        ecs_buf_add_cstr(w->summary,
                         accepted
                             ? "the terms that were accepted do not count (a newer version is asked for, or "
                               "the web pages were closed a moment ago)"
                             : "the terms and conditions have not been accepted");
    ecs_buf_add_cstr(w->summary, terms && address ? ", and " : "");
    if (address)
        ecs_buf_add_cstr(w->summary,
                         available ? "the emergency address that was captured does not count (expired, to be "
                                     "renewed, or the web pages were closed a moment ago)"
                                   : "no emergency address has been captured");
    if (url.n)
        ecs_buf_printf(w->phone,
                       "When the user switches Wi-Fi calling on, the phone opens %.*s for the missing data.",
                       ECS_FMT(url));
    else
        ecs_buf_add_cstr(
            w->phone,
            "The phone asks for data but has no web page to show: set policy.portal_url, or flow-url "
            "in the policy.");
}

static void say_provisioning(const struct writer *w)
{
    if (strcmp(decided(w, "offer", "value"), "provisioning") == 0) {
        ecs_buf_add_cstr(w->summary, "Wi-Fi calling is off, the policy says that it is being provisioned: ");
        add_reason(w, "offer");
    } else if (digit_of(w->block, "ProvStatus") == MISSING) {
        ecs_buf_add_cstr(w->summary, "Wi-Fi calling is off: the network has not activated the line yet");
    } else {
        ecs_buf_add_cstr(w->summary, "Wi-Fi calling is off: the network is activating the line");
    }
    ecs_buf_add_cstr(w->phone, "The phone shows Wi-Fi calling as being set up and asks again.");
}

static void say_vowifi(const struct writer *w)
{
    int terms = digit_of(w->block, "TC_Status"), address = digit_of(w->block, "AddrStatus");
    struct ecs_str message = value_of(w->block, "MessageForIncompatible");

    if (w->result->status == ENABLED) {
        ecs_buf_add_cstr(w->summary, "Wi-Fi calling is allowed: everything that is needed is there");
        ecs_buf_add_cstr(
            w->phone,
            "The phone switches Wi-Fi calling on when the user's setting is on; if it stays off, look "
            "at that setting and at the phone's Wi-Fi.");
    } else if (w->result->status == INCOMPATIBLE) {
        ecs_buf_add_cstr(w->summary, "Wi-Fi calling is off: ");
        add_reason(w, "offer");
        if (message.n)
            ecs_buf_printf(w->phone, "The phone keeps Wi-Fi calling off and shows the user: %.*s",
                           ECS_FMT(message));
        else
            ecs_buf_add_cstr(w->phone,
                             "The phone keeps Wi-Fi calling off and shows its own text when the user tries.");
    } else if (w->result->status == DISABLED && (terms == MISSING || address == MISSING)) {
        say_missing(w, terms == MISSING, address == MISSING);
    } else if (w->result->status == DISABLED && strcmp(decided(w, "offer", "value"), "disabled") == 0) {
        ecs_buf_add_cstr(w->summary,
                         "Wi-Fi calling is off, the policy says that the network has it switched off: ");
        add_reason(w, "offer");
        ecs_buf_add_cstr(w->phone, "The phone waits and asks again; it opens no web page.");
    } else if (w->result->status == DISABLED) {
        ecs_buf_add_cstr(w->summary, "Wi-Fi calling is off: what the user entered is still being checked");
        ecs_buf_add_cstr(w->phone, "The phone waits and asks again; it opens no web page.");
    } else {
        say_provisioning(w);
    }
}

/* ---- voice and SMS: a status that a decision gives ---- */

static void say_status(const struct writer *w, const char *service, int status, const char *decision)
{
    static const char *const words[] = {"off", "on", "refused", "being activated"};

    if (status < DISABLED || status > PROVISIONING)
        return;
    ecs_buf_printf(w->summary, "%s%s: %s", w->summary->n ? "; " : "", service, words[status]);
    if (status == PROVISIONING && strcmp(decided(w, decision, "value"), "provisioning") != 0) {
        ecs_buf_add_cstr(w->summary, ", the network has not finished it");
    } else if (status != ENABLED) {
        ecs_buf_add_cstr(w->summary, ", ");
        add_reason(w, decision);
    }
}

static void say_voice(const struct writer *w)
{
    static const struct {
        const char *access, *network, *text, *decision;
    } rows[] = {
        {"1", "1", "VoLTE at home and abroad", "lte-home"},
        {"1", "2", "VoLTE at home", "lte-home"},
        {"1", "3", "VoLTE abroad", "lte-roaming"},
        {"2", "1", "5G voice at home and abroad", "nr-home"},
        {"2", "2", "5G voice at home", "nr-home"},
        {"2", "3", "5G voice abroad", "nr-roaming"},
    };
    const struct ecs_doc_node *list = NULL;

    for (const struct ecs_doc_node *n = w->block->child; n; n = n->next)
        if (n->kind == ECS_DOC_LIST_BOXED)
            list = n;
    if (!list)
        say_status(w, "VoLTE at home", digit_of(w->block, "EntitlementStatus"), "lte-home");
    for (const struct ecs_doc_node *item = list ? list->child : NULL; item; item = item->next)
        for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
            if (ecs_str_eq(value_of(item, "AccessType"), ecs_str_of(rows[i].access)) &&
                ecs_str_eq(value_of(item, "HomeRoamingNWType"), ecs_str_of(rows[i].network)))
                say_status(w, rows[i].text, digit_of(item, "EntitlementStatus"), rows[i].decision);
    ecs_buf_add_cstr(
        w->phone,
        "The phone makes calls over the radio accesses that are on; where a service is not on it uses "
        "older networks for calls, or none.");
}

static void say_smsoip(const struct writer *w)
{
    say_status(w, "SMS over IP", w->result->status, "status");
    ecs_buf_add_cstr(w->phone, w->result->status == ENABLED ? "The phone sends and receives SMS over IP."
                                                            : "The phone uses SMS of the older networks.");
}

/* ---- data plans, billing, identity, satellite ---- */

static void say_dataplan(const struct writer *w)
{
    static const char *const stands[] = {
        "is not delivered at the moment", "can be bought", "is not for this line",
        "was bought; the network has not confirmed it yet", "is part of the plan"};
    int status = digit_of(w->block, "EntitlementStatus");
    bool bought = status == ENABLED && digit_of(w->block, "ProvStatus") != MISSING;

    if (status < 0 || status > 4) {
        ecs_buf_add_cstr(w->summary, "Data plan, usage and boosts are told as plan and line have them");
        ecs_buf_add_cstr(w->phone,
                         "The phone knows where data are metered and offers the boosts that are enabled.");
        return;
    }
    ecs_buf_printf(w->summary, "The boost %s", bought ? "was bought and is on" : stands[status]);
    if (status == DISABLED || status == INCOMPATIBLE) {
        ecs_buf_add_cstr(w->summary, ": ");
        add_reason(w, "boost");
    }
    ecs_buf_add_cstr(w->phone, status == ENABLED && !bought       ? "The phone opens the page that sells it."
                               : status == ENABLED || status == 4 ? "The phone uses the boost."
                                                                  : "The phone does without the boost.");
}

/* Services that terms and an activation stand before. */
static void say_activated(const struct writer *w, const char *what, bool terms_missing)
{
    static const char *const stands[] = {"is off", "is on", "is refused", "is being set up"};

    ecs_buf_printf(w->summary, "%s %s", what, stands[w->result->status & 3]);
    if (w->result->status == DISABLED)
        ecs_buf_add_cstr(w->summary,
                         terms_missing ? ": the terms have not been accepted" : ": nobody has activated it");
    if (w->result->status == INCOMPATIBLE) {
        ecs_buf_add_cstr(w->summary, ": ");
        add_reason(w, "offer");
    }
    ecs_buf_add_cstr(w->phone,
                     w->result->status == ENABLED        ? "The phone uses it."
                     : w->result->status == DISABLED     ? "The phone leads the user to terms and activation."
                     : w->result->status == PROVISIONING ? "The phone waits and asks again."
                                                         : "The phone shows that it is not possible.");
}

static void say_billing(const struct writer *w)
{
    say_activated(w, "Payment on the phone bill, for this store and its user,",
                  digit_of(w->block, "TC_Status") == MISSING);
}

static void say_satmode(const struct writer *w)
{
    const struct ecs_fact_value *terms = &w->facts->v[ECS_FACT_SATMODE_TERMS];

    say_activated(w, "Satellite access", !terms->known || terms->i != ECS_TERMS_ACCEPTED);
}

static void say_identity(const struct writer *w)
{
    bool token = digit_of(w->block, "PrivateUserIDType") == 2;

    ecs_buf_add_cstr(w->summary, w->result->status == ENABLED
                                     ? "The line has a private identity for Wi-Fi access"
                                     : "The line has no private identity for Wi-Fi access: ");
    if (w->result->status != ENABLED)
        add_reason(w, "eligibility");
    ecs_buf_add_cstr(
        w->phone, w->result->status != ENABLED ? "The phone shows its IMSI to Wi-Fi networks that ask for it."
                  : token ? "The phone sends the encrypted identity to the Wi-Fi gateway."
                          : "The phone sends the pseudonym, or takes one from its next exchange.");
}

/* ---- eSIM activation: the eligibility ---- */

struct activation {
    const char *what, *on, *off;
};

/* Why not, for the user of a device. */
static void say_to_user(const struct writer *w)
{
    struct ecs_str url = value_of(w->block, "NotEnabledURL"), text = value_of(w->block, "GeneralErrorText"),
                   interval = value_of(w->block, "PollingInterval");

    if (url.n)
        ecs_buf_printf(w->phone, " It opens %.*s for the user.", ECS_FMT(url));
    else if (text.n)
        ecs_buf_printf(w->phone, " It shows the user: %.*s", ECS_FMT(text));
    else
        ecs_buf_add_cstr(w->phone, " It shows its own text, or nothing.");
    if (interval.n)
        ecs_buf_printf(w->phone, " It asks again after %.*s %s.", ECS_FMT(interval),
                       digit_of(w->block, "PollingIntervalUnit") == 1 ? "s" : "min");
}

static void say_activation(const struct writer *w, const struct activation *a, bool user)
{
    struct ecs_str services = value_of(w->block, "CompanionDeviceServices");

    if (digit_of(w->block, "OperationResult") != 1) {
        ecs_buf_printf(w->summary, "%s: the request is refused with OperationResult %.*s", a->what,
                       ECS_FMT(value_of(w->block, "OperationResult")));
        ecs_buf_add_cstr(w->phone, a->off);
        return;
    }
    if (w->result->status == ENABLED) {
        ecs_buf_printf(w->summary, "%s may be activated%s%.*s: ", a->what, services.n ? ", services " : "",
                       ECS_FMT(services));
        add_reason(w, "eligibility");
        ecs_buf_add_cstr(w->phone, a->on);
        return;
    }
    ecs_buf_printf(w->summary,
                   w->result->status == INCOMPATIBLE ? "%s cannot be activated on this device: "
                                                     : "%s cannot be activated: ",
                   a->what);
    if (strcmp(decided(w, "eligibility", "value"), "enabled") == 0)
        ecs_buf_add_cstr(w->summary, "the policy allows none of the services of companions");
    else
        add_reason(w, "eligibility");
    ecs_buf_add_cstr(w->phone, a->off);
    if (user)
        say_to_user(w);
}

static void say_companion(const struct writer *w)
{
    static const struct activation text = {
        "Companions such as watches",
        "The phone offers to set up a companion; what the order itself is answered is decided with the "
        "companion's own identity.",
        "The phone does not offer to set up a companion."};

    say_activation(w, &text, true);
}

static void say_primary(const struct writer *w)
{
    static const struct activation text = {
        "eSIMs of phones and tablets",
        "The device offers to activate, move and recover eSIMs; each of these is decided again when it is "
        "asked for.",
        "The device does not offer to activate or move eSIMs."};

    say_activation(w, &text, true);
}

static void say_enterprise(const struct writer *w)
{
    static const struct activation text = {"Devices of this enterprise",
                                           "The managing server may order profiles for its devices.",
                                           "The managing server cannot order profiles."};

    say_activation(w, &text, false);
}

static const struct {
    enum ecs_app app;
    void (*say)(const struct writer *w);
} apps[] = {
    {ECS_APP_2003, say_voice},     {ECS_APP_2004, say_vowifi},  {ECS_APP_2005, say_smsoip},
    {ECS_APP_2006, say_companion}, {ECS_APP_2009, say_primary}, {ECS_APP_2011, say_enterprise},
    {ECS_APP_2010, say_dataplan},  {ECS_APP_2012, say_billing}, {ECS_APP_2013, say_identity},
    {ECS_APP_2016, say_satmode},
};

static struct ecs_str copy(struct ecs_arena *arena, const struct ecs_buf *buf)
{
    return (struct ecs_str){buf->overflow ? NULL : ecs_strdup(arena, ecs_buf_str(buf)), buf->n};
}

enum ecs_rc admin_sentence(struct ecs_arena *arena, const struct ecs_app_result *result,
                           const struct ecs_doc_node *block, const struct ecs_facts *facts,
                           struct ecs_str explanation, struct admin_sentence *ret_sentence)
{
    struct ecs_buf summary = {0}, phone = {0};
    struct writer w = {
        .result = result, .block = block, .facts = facts, .summary = &summary, .phone = &phone};
    const char *word = ecs_word(ECS_WORDS_status, result->status), *reason;
    bool said = false;
    enum ecs_rc rc = explanation.p ? ecs_json_load(arena, explanation, &w.explanation, &reason) : ECS_OK;

    if (rc != ECS_OK)
        return rc;
    for (size_t i = 0; i < ECS_ARRAY_LEN(apps) && result->offered; i++)
        if (apps[i].app == result->app) {
            apps[i].say(&w);
            said = true;
        }
    if (!said)
        say_not_offered(&w);
    ret_sentence->status_word = ecs_str_of(word ? word : "unknown");
    ret_sentence->summary = copy(arena, &summary);
    ret_sentence->phone = copy(arena, &phone);
    ecs_buf_done(&summary);
    ecs_buf_done(&phone);
    return ret_sentence->summary.p && ret_sentence->phone.p ? ECS_OK : ECS_E_TOO_LARGE;
}
