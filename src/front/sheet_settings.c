/* SPDX-License-Identifier: Apache-2.0 */
/* Section "websheet". */
#include "sheet.h"

const struct ecs_setting sheet_settings[] = {
    {ECS_KEY(BOOL, "enabled", struct ecs_websheet_conf, enabled), .def = "false",
     .help = "Serve the built-in consent pages of VoWiFi (terms, emergency address) under web.public_url. "
             "They are the "
             "portal of the policy files when policy.portal_url is empty."},
    {ECS_KEY(PATH, "directory", struct ecs_websheet_conf, directory), .def = "/etc/entitlementd/websheet",
     .help =
         "Templates, texts and terms, with a subdirectory per brand for what differs. Read again on SIGHUP."},
    {ECS_KEY(STRING, "operator", struct ecs_websheet_conf, operator_name), .def = "", .max = 80,
     .help = "Name in the head of the pages."},
    {ECS_KEY(STRING_LIST, "countries", struct ecs_websheet_conf, countries),
     .def = "US, CA, GB, DE, FR, CH, AT, AU, IN, BR", .min = 1, .max = 40,
     .help = "Countries that an emergency address may be in, the usual one first (ISO 3166-1). With one "
             "there is no "
             "choice. Those without a form of their own get a general one."},
    {ECS_KEY(DURATION_S, "session", struct ecs_websheet_conf, session_s), .def = "30m", .min = 60,
     .max = 86400, .help = "How long a user may take; afterwards the pages are opened again from the phone."},
    {ECS_KEY(DURATION_S, "address_validity", struct ecs_websheet_conf, address_validity_s), .def = "0s",
     .min = 0, .max = 315360000,
     .help = "After this time an address must be entered again, unless the validator sets an end of its own. "
             "0: never."},
    {ECS_KEY(INT, "esim_terms", struct ecs_websheet_conf, esim_terms), .def = "1", .min = 0, .max = INT32_MAX,
     .help = "Version of the terms that the eSIM pages ask for before a new subscription "
             "(odsa-terms-text.html), for the timeline of the procedure. 0: none are asked for."},
    {ECS_KEY(INT, "boost_terms", struct ecs_websheet_conf, boost_terms), .def = "1", .min = 0,
     .max = INT32_MAX,
     .help = "Version of the terms that are shown before a data boost is bought (boost-terms-text.html). 0: "
             "none."},
    {ECS_KEY(INT, "billing_terms", struct ecs_websheet_conf, billing_terms), .def = "1", .min = 0,
     .max = INT32_MAX,
     .help = "Version of the terms of paying on the phone bill (billing-terms-text.html). 0: the user is "
             "only asked."},
    {ECS_KEY(BOOL, "boost_order", struct ecs_websheet_conf, boost_order), .def = "false",
     .help = "Order a data boost at the business support system (action service-on, service "
             "DataBoost-<type>) before it counts as "
             "bought: that charges it. Refused: the page tells that the payment has failed. Needs a bss.type "
             "other than local."},
    {ECS_KEY(BOOL, "transfer_code", struct ecs_websheet_conf, transfer_code), .def = "false",
     .help =
         "The eSIM pages send a code by SMS to the line, to be read on its old device, before they move or "
         "restore a subscription. Needs section sms; length, life and tries are those of section otp."},
    {0},
};

static bool is_country(struct ecs_str s)
{
    return s.n == 2 && s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[1] >= 'A' && s.p[1] <= 'Z';
}

bool sheet_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_websheet_conf *c = section;
    bool good = true;

    for (size_t i = 0; i < c->countries.n; i++)
        if (!is_country(c->countries.items[i])) {
            ecs_fault_at(faults, ecs_yaml_get(node, "countries"),
                         "countries: \"%.*s\" is not a country code of two capital letters",
                         ECS_FMT(c->countries.items[i]));
            good = false;
        }
    return good;
}
