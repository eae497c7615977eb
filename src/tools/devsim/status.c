/* SPDX-License-Identifier: Apache-2.0 */
/* What each client does after a status that is no success (clients.md 3.4, 4.1, 6, 7.5, 8, 9; TS.43 Table 8).
 */

#include <string.h>

#include "device.h"

struct status_rule {
    int status;
    const char *words;
    const char *harm; /* NULL: no harm. Else a finding */
    const char *rule;
    bool again; /* the client starts a full authentication when it had sent a token */
};

static const struct status_rule library_rules[] = {
    {511, "the token is dropped, a full authentication follows", NULL, "", true},
    {302, "the address goes to a browser", NULL, "", false},
    {0, "the caller gets an error", NULL, "", false},
};
static const struct status_rule ims_rules[] = {
    {511, "the stored document is dropped, a full authentication follows", NULL, "", true},
    {503, "asked again later, services stay as they are", NULL, "", false},
    {0, "failure: with provisioning, Android switches all services on", NULL, "", false},
};
static const struct status_rule samsung_rules[] = {
    {511, "the token is dropped, a full authentication follows", NULL, "", true},
    {503, "asked again later", NULL, "", false},
    {406, "asked again with version 1.0, without limit", "Samsung would repeat without limit after 406",
     "C-44", false},
    {400, "stored: all later requests are blocked until the SIM changes",
     "Samsung blocks all later requests after 400", "C-42", false},
    {403, "stored: all later requests are blocked until the SIM changes", NULL, "", false},
    {404, "the token is dropped, finished", NULL, "", false},
    {405, "asked again, newer ones by POST", NULL, "", false},
    {415, "the token is dropped, finished", NULL, "", false},
    {500, "stored: all later requests are blocked until the SIM changes",
     "Samsung blocks all later requests after 500", "C-42", false},
    {0, "up to three tries, some seconds apart", NULL, "", false},
};
static const struct status_rule health_rules[] = {
    {302, "the client takes the OIDC parameters out of Location", NULL, "", false},
    {511, "the token is dropped, a full authentication follows", NULL, "", true},
    {403, "refused, shown to the user", NULL, "", false},
    {409, "the name of the companion is in use, shown to the user", NULL, "", false},
    {500, "server error, shown to the user", NULL, "", false},
    {503, "asked again later", NULL, "", false},
    {0, "the call fails", NULL, "", false},
};
static const struct status_rule headless_rules[] = {
    {401, "the token is dropped, a full authentication follows", NULL, "", true},
    {403, "the token is dropped, a full authentication follows", NULL, "", true},
    {511, "some probes stay stuck here; this one begins again", NULL, "", true},
    {0, "the call fails", NULL, "", false},
};
static const struct status_rule simadmin_rules[] = {
    {401, "the token is dropped, a full authentication follows", NULL, "", true},
    {403, "the token is dropped, a full authentication follows", NULL, "", true},
    {511, "the client keeps its token and stays stuck",
     "this client does not get over 511, as phones need it", "C-41", false},
    {0, "the call fails", NULL, "", false},
};
static const struct status_rule microg_rules[] = {
    {0, "whatever the error is, the token is dropped and a full authentication follows", NULL, "", true},
};
static const struct status_rule satellite_rules[] = {
    {500, "given up until the next regular refresh, seven days by default",
     "satellite waits for the next regular refresh after 500", "C-42", false},
    {503, "asked again after Retry-After", NULL, "", false},
    {0, "asked again from ten minutes on, doubling, up to five times", NULL, "", false},
};
static const struct status_rule plain_rules[] = {
    {0, "the call fails", NULL, "", false},
};
/* TS.43 Table 8 */
static const struct status_rule third_party_rules[] = {
    {400, "a parameter is missing or wrong", NULL, "", false},
    {401, "the temporary token is bad, used or expired: the device has to get another one", NULL, "", false},
    {403, "the operation is not allowed with this token, or not to this requestor", NULL, "", false},
    {404, "there is no such resource", NULL, "", false},
    {405, "the operation is not supported", NULL, "", false},
    {406, "the version is not supported", NULL, "", false},
    {500, "internal error", NULL, "", false},
    {503, "asked again later", NULL, "", false},
    {511, "unknown to a third party", "to a third party 401 is due instead of 511 (TS.43 Table 8)", "",
     false},
    {0, "unknown to a third party", "this status is not in Table 8 of TS.43", "", false},
};

static const struct status_rule *const rules_of[ECS_SIM_READER_COUNT] = {
    [ECS_SIM_READER_LIBRARY] = library_rules,     [ECS_SIM_READER_IMS] = ims_rules,
    [ECS_SIM_READER_SAMSUNG_OLD] = samsung_rules, [ECS_SIM_READER_SAMSUNG_NEW] = samsung_rules,
    [ECS_SIM_READER_HEALTH] = health_rules,       [ECS_SIM_READER_HEADLESS] = headless_rules,
    [ECS_SIM_READER_ODSA] = library_rules,        [ECS_SIM_READER_MICROG] = microg_rules,
    [ECS_SIM_READER_SATELLITE] = satellite_rules, [ECS_SIM_READER_SLICING] = library_rules,
    [ECS_SIM_READER_SIMADMIN] = simadmin_rules,   [ECS_SIM_READER_VALIDATOR] = plain_rules,
    [ECS_SIM_READER_NODE] = plain_rules,          [ECS_SIM_READER_PNV] = third_party_rules,
};

static void check_retry_after(struct ecs_sim_device *d)
{
    struct ecs_str text = ecs_sim_response_header(&d->response, "Retry-After");
    bool ims = d->wire.who->reader == ECS_SIM_READER_IMS;
    uint32_t seconds;

    if (text.n && ecs_str_to_u32(text, &seconds) && seconds > 0)
        return;
    ecs_sim_find(&d->report, ims ? ECS_SIM_BREAK : ECS_SIM_FAULT, "C-42",
                 "503 has no Retry-After in whole positive "
                 "seconds%s",
                 !ims     ? ""
                 : text.n ? ": Android switches services off"
                          : ": Android switches services on");
}

/* A redirect is for the browser, and only where the client offered nothing to authenticate by (C-45). */
static void check_location(struct ecs_sim_device *d)
{
    struct ecs_str location = ecs_sim_response_header(&d->response, "Location");

    if (d->auth == ECS_SIM_AUTH_EAP || d->auth == ECS_SIM_AUTH_TOKEN)
        ecs_sim_find(&d->report, ECS_SIM_BREAK, "C-45",
                     "302 answers a request with EAP_ID or a token: the client takes it for an error");
    else if (d->auth == ECS_SIM_AUTH_NONE && !ecs_str_starts_with(location, ECS_STR("https://")))
        ecs_sim_find(&d->report, ECS_SIM_BREAK, "C-45", "Location is missing or no https address");
}

bool ecs_sim_status_judge(struct ecs_sim_device *d, bool with_token, unsigned round)
{
    bool third_party = d->auth == ECS_SIM_AUTH_TEMPORARY;
    const struct status_rule *rule = third_party ? third_party_rules : rules_of[d->wire.who->reader];

    while (rule->status && rule->status != d->response.status)
        rule++;
    ecs_sim_explain_say(&d->explain, "   status %d: %s", d->response.status, rule->words);
    if (rule->harm)
        ecs_sim_find(&d->report, ECS_SIM_BREAK, rule->rule, "%s", rule->harm);
    if (d->response.status == 503)
        check_retry_after(d);
    if (d->response.status == 302)
        check_location(d);
    if (with_token && (d->response.status == 401 || d->response.status == 403))
        ecs_sim_find(&d->report, ECS_SIM_NOTE, "C-41", "a bad token is answered 511, not %d",
                     d->response.status);
    return rule->again && with_token && round == 0;
}
