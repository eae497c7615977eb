/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and reports of the pages of boosts, carrier billing and satellite: what the page needs to know,
 * and what a user can have done there. */
#include "callback.h"

#include <string.h>

#include "ecs/clock.h"
#include "ecs/store_data.h"

enum { ACCEPTED = 1, PROVISIONED = 1, INCOMPATIBLE = 2 }; /* TS.43 states */
enum { RESULT_PURCHASED, RESULT_ACCEPTED, RESULT_ACTIVATED };
const char *const callback_results[] = {"purchased", "accepted", "activated", NULL};

/* ---- session ---- */

static void write_boost(struct callback_call *c, struct ecs_app_context *context)
{
    struct ecs_json_out *out = &c->json;
    struct ecs_boost_view view;
    char text[21];

    ecs_app_boost(context, c->ref.boost, &view);
    ecs_json_bool(out, "available", view.entitlement != INCOMPATIBLE);
    ecs_json_begin(out, "states", '{');
    ecs_json_i64(out, "boost_type", c->ref.boost);
    ecs_json_bool(out, "to_buy", view.to_buy);
    ecs_json_i64(out, "entitlement", view.entitlement);
    ecs_json_str(out, "boost", ecs_str_of(ecs_boost_states[view.boost ? view.boost->state : ECS_BOOST_NONE]));
    if (view.boost) {
        ecs_json_str(out, "price", view.boost->price.n ? view.boost->price : ECS_STR(""));
        ecs_json_i64(out, "seconds", view.boost->seconds);
    }
    if (view.boost && view.boost->ends_at) {
        ecs_time_format(view.boost->ends_at, text);
        ecs_json_str(out, "ends_at", ecs_str_of(text));
    }
    ecs_json_end(out, '}');
}

static void write_billing(struct callback_call *c, struct ecs_app_context *context)
{
    const struct ecs_data_facts *data = c->facts.data;
    struct ecs_json_out *out = &c->json;
    struct ecs_billing_view view;

    ecs_app_billing(context, &view);
    ecs_json_bool(out, "available", view.entitlement != INCOMPATIBLE);
    ecs_json_begin(out, "states", '{');
    ecs_json_str(out, "account_id", ecs_str_of(c->account));
    ecs_json_i64(out, "entitlement", view.entitlement);
    ecs_json_str(out, "account",
                 ecs_str_of(ecs_billing_states[data ? data->billing.state : ECS_BILLING_NONE]));
    ecs_json_str(out, "terms", ecs_str_of(ecs_word(ECS_WORDS_terms_state, view.terms)));
    ecs_json_end(out, '}');
}

static void write_satmode(struct callback_call *c, struct ecs_app_context *context)
{
    struct ecs_json_out *out = &c->json;
    struct ecs_satmode_view view;

    ecs_app_satmode(context, &view);
    ecs_json_bool(out, "available", view.entitlement != INCOMPATIBLE);
    ecs_json_begin(out, "states", '{');
    ecs_json_i64(out, "entitlement", view.entitlement);
    ecs_json_str(out, "terms", ecs_str_of(ecs_word(ECS_WORDS_terms_state, view.terms)));
    ecs_json_i64(out, "terms_version", view.terms_version);
    ecs_json_str(out, "provisioning", ecs_str_of(ecs_word(ECS_WORDS_prov_state, view.provisioning)));
    ecs_json_end(out, '}');
}

/* ---- report ---- */

static enum ecs_next refuse(struct callback_call *c, const char *field, const char *why)
{
    c->field = field;
    return callback_refuse(c, CALLBACK_BAD_REQUEST, why);
}

/* One of the few things that end a flow with a change must be told. */
static enum ecs_next check_words(struct callback_call *c, int result, unsigned allowed,
                                 const struct ecs_portal_report *report)
{
    if (result >= 0 && !(allowed & 1u << result))
        return refuse(c, "result", "is not one of this service");
    if (result >= 0 && report->outcome == ECS_PORTAL_DISMISSED)
        return refuse(c, "outcome", "a dismissed flow has no result");
    if (report->address >= 0 || report->address_expiry || report->address_identifier.p)
        return refuse(c, "address", "this service has none");
    return ECS_NEXT;
}

/* One hand-over buys once, whatever number its report has. */
static enum ecs_next set_key(struct callback_call *c, struct ecs_portal_report *report)
{
    char *key = ecs_alloc(c->flow.arena, ECS_BASE32_LEN(sizeof(c->digest)) + 1);

    if (!key)
        return ecs_flow_fail(&c->flow, ECS_E_NO_MEMORY, "the call does not fit into memory");
    (void)ecs_base32_encode(c->digest, sizeof(c->digest), key);
    report->key = ecs_str_of(key);
    return ECS_NEXT;
}

static enum ecs_next take_boost(struct callback_call *c, int result, int64_t seconds,
                                struct ecs_portal_report *report)
{
    enum ecs_next next = check_words(c, result, 1u << RESULT_PURCHASED, report);

    if (next != ECS_NEXT)
        return next;
    if (report->terms >= 0 || report->provisioning >= 0)
        return refuse(c, report->terms >= 0 ? "terms" : "provisioning",
                      "a boost has none: tell its purchase");
    if ((result == RESULT_PURCHASED) != (report->outcome == ECS_PORTAL_CHANGED))
        return refuse(c, "outcome", "changed and result purchased go together");
    report->service = ECS_STR("dataplan");
    if (result < 0)
        return ECS_NEXT;
    report->result = ECS_PORTAL_PURCHASED;
    report->boost = c->ref.boost;
    report->seconds = seconds;
    return set_key(c, report);
}

static enum ecs_next take_billing(struct callback_call *c, int result, struct ecs_portal_report *report)
{
    enum ecs_next next = check_words(c, result, 1u << RESULT_ACCEPTED | 1u << RESULT_ACTIVATED, report);

    if (next != ECS_NEXT)
        return next;
    if (report->terms >= 0 || report->provisioning >= 0)
        return refuse(c, report->terms >= 0 ? "terms" : "provisioning",
                      "tell it as result: accepted or activated");
    if (result < 0 && report->outcome == ECS_PORTAL_CHANGED)
        return refuse(c, "result", "is needed when something has changed");
    if (result < 0)
        return ECS_NEXT;
    report->result = result == RESULT_ACTIVATED ? ECS_PORTAL_ACTIVATED : ECS_PORTAL_ACCEPTED;
    report->account = c->ref.account;
    return ECS_NEXT;
}

static enum ecs_next take_satmode(struct callback_call *c, int result, struct ecs_portal_report *report)
{
    enum ecs_next next = check_words(c, result, 1u << RESULT_ACCEPTED | 1u << RESULT_ACTIVATED, report);

    if (next != ECS_NEXT || result < 0)
        return next;
    if (report->terms >= 0 || report->provisioning >= 0)
        return refuse(c, "result", "says what terms and provisioning would: leave one of them out");
    if (result == RESULT_ACCEPTED && report->terms_version < 0)
        return refuse(c, "terms_version", "is needed with accepted terms");
    if (result == RESULT_ACCEPTED || report->terms_version >= 0)
        report->terms = ACCEPTED;
    if (result == RESULT_ACTIVATED)
        report->provisioning = PROVISIONED;
    return ECS_NEXT;
}

/* ---- by service ---- */

static const struct {
    const char *name;
    void (*write)(struct callback_call *c, struct ecs_app_context *context);
} services[] = {{"boost", write_boost}, {"billing", write_billing}, {"satmode", write_satmode}};

bool callback_service_states(struct callback_call *c, struct ecs_app_context *context)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(services); i++)
        if (strcmp(services[i].name, c->service) == 0) {
            services[i].write(c, context);
            return true;
        }
    return false;
}

const char *callback_service_refusal(const struct callback_call *c)
{
    return strcmp(c->service, "boost") == 0 ? "the plan does not sell this boost" : "the account is blocked";
}

enum ecs_next callback_service_result(struct callback_call *c, int result, int64_t seconds,
                                      struct ecs_portal_report *report)
{
    if (seconds && result != RESULT_PURCHASED)
        return refuse(c, "seconds", "belongs to a purchase");
    if (strcmp(c->service, "boost") == 0)
        return take_boost(c, result, seconds, report);
    if (strcmp(c->service, "billing") == 0)
        return take_billing(c, result, report);
    if (strcmp(c->service, "satmode") == 0)
        return take_satmode(c, result, report);
    return result >= 0 ? refuse(c, "result", "is not one of this service") : ECS_NEXT;
}
