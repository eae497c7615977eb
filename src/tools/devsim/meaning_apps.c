/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that know one application only: satellite, premium slicing, a modem's Wi-Fi calling, temporary
 * tokens and phone numbers. */

#include <jansson.h>
#include <string.h>

#include "ecs/clock.h"
#include "meaning.h"

static void broken(const struct ecs_sim_scene *s, const char *rule, const char *text)
{
    ecs_sim_find(s->report, ECS_SIM_BREAK, rule, "%s", text);
}

static struct ecs_str value_of(const struct ecs_sim_scene *s, struct ecs_str app, const char *name)
{
    return ecs_sim_document_app(s->document, app, name);
}

/* otherwise: when it is absent; -1 with a finding: no number, or over the limit. */
static int64_t code_of(const struct ecs_sim_scene *s, struct ecs_str app, const char *name, int64_t most,
                       int64_t otherwise)
{
    struct ecs_str text = value_of(s, app, name);
    int64_t code;

    if (!text.n)
        return otherwise;
    if (ecs_str_to_i64(text, &code) && code >= 0 && code <= most)
        return code;
    ecs_sim_find(s->report, ECS_SIM_BREAK, "C-39", "%s is none of the values that this client knows", name);
    return -1;
}

/* ---- satellite ---- */

static bool is_plmn(const char *text)
{
    size_t n = text ? strlen(text) : 0;

    return (n == 5 || n == 6) && strspn(text, "0123456789") == n;
}

static bool is_one_of(json_t *value, const char *first, const char *second)
{
    const char *text = json_string_value(value);

    return !value || (text && (!strcasecmp(text, first) || !strcasecmp(text, second)));
}

/* AllowedServicesInfo: [{"AllowedServices": {"ServiceType": .., "ServicePolicy": ..}}] */
static bool services_are_good(json_t *list)
{
    size_t i;
    json_t *item;

    if (list && !json_is_array(list))
        return false;
    json_array_foreach(list, i, item)
    {
        json_t *services = json_object_get(item, "AllowedServices");

        if (!json_is_object(services) || !json_object_get(services, "ServiceType") ||
            !is_one_of(json_object_get(services, "ServiceType"), "data", "voice") ||
            !is_one_of(json_object_get(services, "ServicePolicy"), "constrained", "unconstrained"))
            return false;
    }
    return true;
}

/* How many networks; -1: the client reads none, since the form is wrong. */
static int networks(const struct ecs_sim_scene *s, json_t *list, const char *name)
{
    size_t i;
    json_t *item;

    if (!json_is_array(list)) {
        ecs_sim_find(s->report, ECS_SIM_BREAK, "C-39", "%s is no array", name);
        return -1;
    }
    json_array_foreach(list, i, item)
    {
        if (!is_plmn(json_string_value(json_object_get(item, "PLMN"))) ||
            !is_one_of(json_object_get(item, "DataPlanType"), "metered", "unmetered") ||
            !services_are_good(json_object_get(item, "AllowedServicesInfo"))) {
            ecs_sim_find(
                s->report, ECS_SIM_BREAK, "C-39",
                "an entry of %s is not as the client reads it: PLMN, DataPlanType, AllowedServicesInfo",
                name);
            return -1;
        }
    }
    return (int)json_array_size(list);
}

void ecs_sim_judge_satellite(const struct ecs_sim_scene *s, struct ecs_str app)
{
    static const char *const words[] = {" disabled", " enabled", " incompatible", " provisioning"};
    int64_t status = code_of(s, app, "EntitlementStatus", 3, 0);
    json_t *root, *block, *allowed, *barred;

    if (!s->document->is_json)
        return;
    root = json_loadb(s->document->body.p, s->document->body.n, 0, NULL);
    block = json_object_get(root, "ap2016");
    allowed = json_object_get(block, "PLMNAllowed");
    barred = json_object_get(block, "PLMNBarred");
    ecs_buf_add_cstr(s->words, status < 0 ? " unknown status" : words[status]);
    if (!json_is_string(json_object_get(block, "EntitlementStatus")))
        broken(s, "C-39", "EntitlementStatus is no text");
    if (status == 1 && (!allowed || !barred))
        ecs_sim_find(s->report, allowed ? ECS_SIM_FAULT : ECS_SIM_BREAK, "C-39",
                     "with status 1 both PLMNAllowed and PLMNBarred are needed, even if empty");
    if (status >= 0 && status != 1 && allowed)
        ecs_sim_find(s->report, ECS_SIM_FAULT, "C-39", "PLMNAllowed is for status 1 (TS.43 15.2)");
    if (allowed)
        ecs_buf_printf(s->words, ", %d networks allowed", networks(s, allowed, "PLMNAllowed"));
    if (barred)
        ecs_buf_printf(s->words, ", %d barred", networks(s, barred, "PLMNBarred"));
    json_decref(root);
}

/* ---- premium slicing ---- */

void ecs_sim_judge_boost(const struct ecs_sim_scene *s, struct ecs_str app)
{
    enum { REFUSED, SHEET, BOUGHT, RUNNING, INVALID };
    static const uint8_t table[5][4] = {{REFUSED, REFUSED, REFUSED, REFUSED},
                                        {SHEET, BOUGHT, BOUGHT, RUNNING},
                                        {REFUSED, REFUSED, REFUSED, REFUSED},
                                        {INVALID, INVALID, RUNNING, RUNNING},
                                        {INVALID, BOUGHT, BOUGHT, INVALID}};
    static const char *const words[] = {" refused", " the web view opens", " already bought", " in progress",
                                        " no valid answer"};
    int64_t status = code_of(s, app, "EntitlementStatus", 4, 2), prov = code_of(s, app, "ProvStatus", 3, 2);
    unsigned outcome = status < 0 || prov < 0 ? INVALID : table[status][prov];
    struct ecs_str url = value_of(s, app, "ServiceFlow_URL"),
                   type = value_of(s, app, "ServiceFlow_ContentsType");

    ecs_buf_add_cstr(s->words, words[outcome]);
    if (outcome == INVALID)
        broken(s, "C-39", "the client knows no meaning for this pair of EntitlementStatus and ProvStatus");
    if (outcome == SHEET && !ecs_str_starts_with(url, ECS_STR("https://")))
        broken(s, "C-39", "a boost is to be bought, and there is no https ServiceFlow_URL");
    if (type.n && !ecs_str_eq_nocase(type, ECS_STR("json")) && !ecs_str_eq_nocase(type, ECS_STR("xml")))
        broken(s, "C-39", "ServiceFlow_ContentsType is neither json nor xml");
}

/* ---- SimAdmin ---- */

static bool has_host(struct ecs_str url)
{
    return ecs_str_starts_with(url, ECS_STR("https://")) && url.n > 8 && url.p[8] != '/' && url.p[8] != ':' &&
           url.p[8] != '[';
}

void ecs_sim_judge_modem(const struct ecs_sim_scene *s, struct ecs_str app)
{
    struct ecs_str url = ecs_sim_view_get(s->view, s->who, app, "ServiceFlow_URL");
    struct ecs_str status = ecs_sim_view_get(s->view, s->who, app, "EntitlementStatus");
    struct ecs_str prov = ecs_sim_view_get(s->view, s->who, app, "ProvStatus");
    bool enabled = ecs_str_eq(status, ECS_STR("1"));

    if (url.n && !has_host(url))
        ecs_sim_find(s->report, ECS_SIM_BREAK, "C-34",
                     "this client opens https addresses with a host name only");
    if (!enabled) {
        ecs_buf_add_cstr(s->words,
                         ecs_str_eq(status, ECS_STR("0")) && url.n ? " the web sheet opens" : " disabled");
        return;
    }
    if (url.n || ecs_str_eq(prov, ECS_STR("2"))) {
        ecs_buf_add_cstr(s->words, " enabled, which this client takes for not provisioned");
        broken(s, "C-31",
               url.n ? "this client misreads ServiceFlow_URL beside status 1, which Android needs"
                     : "this client misreads ProvStatus 2");
        return;
    }
    ecs_buf_add_cstr(s->words, " enabled");
}

/* ---- ODSA ---- */

static void check_lower(const struct ecs_sim_scene *s, const struct ecs_sim_value *v)
{
    if (!ecs_str_eq(v->value, ECS_STR("xml")) && !ecs_str_eq(v->value, ECS_STR("json")))
        ecs_sim_find(s->report, ECS_SIM_FAULT, "", "%.*s is neither xml nor json in lower case",
                     ECS_FMT(v->path));
}

void ecs_sim_check_operation(const struct ecs_sim_scene *s, struct ecs_str app)
{
    int64_t number;

    for (const struct ecs_sim_value *v = s->document->first; v; v = v->next) {
        if (!ecs_str_starts_with(v->path, app))
            continue;
        if (v->value.n && ecs_str_ends_with(v->name, ECS_STR("ContentsType")))
            check_lower(s, v);
        if (ecs_str_eq(v->name, ECS_STR("PollingInterval")) && !ecs_str_to_i64(v->value, &number))
            ecs_sim_find(s->report, ECS_SIM_FAULT, "", "PollingInterval is no integer: the library drops it");
        if (v->value.n && ecs_str_eq(v->name, ECS_STR("GeneralErrorURL")) &&
            !ecs_str_starts_with(v->value, ECS_STR("https://")))
            broken(s, "", "GeneralErrorURL is no https address: the library refuses the answer");
    }
    if (!value_of(s, app, "OperationResult").n)
        ecs_sim_find(s->report, ECS_SIM_NOTE, "",
                     "without OperationResult the library tells an unknown result");
}

/* ---- temporary tokens and numbers ---- */

enum { TEMPORARY_MAX_BYTES = 4096, TEMPORARY_MAX_S = 300, CLOCKS_APART_S = 30 };

void ecs_sim_check_temporary(const struct ecs_sim_scene *s, struct ecs_str app)
{
    struct ecs_str token = value_of(s, app, "TemporaryToken");
    struct ecs_str expiry = value_of(s, app, "TemporaryTokenExpiry");
    bool library = s->who->reader == ECS_SIM_READER_ODSA || s->who->reader == ECS_SIM_READER_LIBRARY;
    int64_t end;

    if (!token.n)
        return;
    if (ecs_str_find(expiry, ECS_STR("T")) < 0 ||
        !ecs_time_parse(expiry, &end)) { /* a date alone is no time */
        ecs_sim_find(s->report, library ? ECS_SIM_BREAK : ECS_SIM_FAULT, "C-36",
                     "TemporaryTokenExpiry is missing or not ISO 8601 with a zone: Android's caller crashes");
        return;
    }
    if (expiry.p[expiry.n - 1] != 'Z')
        ecs_sim_find(s->report, ECS_SIM_FAULT, "C-36", "TemporaryTokenExpiry does not end in Z");
    if (token.n >= TEMPORARY_MAX_BYTES)
        ecs_sim_find(s->report, ECS_SIM_FAULT, "", "the temporary token has 4 kB or more (clients.md 5)");
    if (ecs_str_eq_nocase(app, ECS_STR("ap2014")) && end > ecs_clock_now() + TEMPORARY_MAX_S + CLOCKS_APART_S)
        ecs_sim_find(s->report, ECS_SIM_FAULT, "",
                     "the temporary token lives longer than five minutes (clients.md 5)");
    if (end <= ecs_clock_now())
        broken(s, "C-36", "the temporary token is over already");
}

static bool is_e164(struct ecs_str number)
{
    if (number.n && number.p[0] == '+')
        number = (struct ecs_str){number.p + 1, number.n - 1};
    return number.n >= 7 && number.n <= 15 && ecs_str_is_digits(number) && number.p[0] != '0';
}

void ecs_sim_judge_number(const struct ecs_sim_scene *s, struct ecs_str app)
{
    struct ecs_str number = value_of(s, app, "MSISDN"), result = value_of(s, app, "OperationResult");

    if (result.n && !ecs_str_eq(result, ECS_STR("1")) && !number.n) {
        ecs_buf_printf(s->words, " operation failed with result %.*s", ECS_FMT(result));
        ecs_sim_find(s->report, ECS_SIM_BREAK, "",
                     "this server knows errors by status only (TS.43 Table 8), not by OperationResult");
        return;
    }
    if (!number.n) {
        ecs_buf_add_cstr(s->words, " no number");
        broken(s, "C-37",
               value_of(s, app, "msisdn").n ? "the number is under msisdn: this server reads MSISDN"
                                            : "MSISDN is missing");
        return;
    }
    ecs_buf_add_cstr(s->words, " phone number received");
    if (!is_e164(number))
        broken(s, "C-37", "MSISDN is not in the form of E.164");
}
