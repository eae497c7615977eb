/* SPDX-License-Identifier: Apache-2.0 */
/* Section "address": the check of emergency addresses. */
#include <string.h>

#include "ecs/address.h"

const struct ecs_setting ecs_address_settings[] = {
    {ECS_KEY(STRING, "url", struct ecs_address_conf, url), .def = "", .max = 500,
     .help = "Validator of emergency addresses, asked by POST (docs/websheets.md). Empty: the built-in rules "
             "alone "
             "(required fields, form of postcodes and regions, no post-office boxes)."},
    {ECS_KEY(STRING, "token", struct ecs_address_conf, token), .max = 2000, .flags = ECS_SETTING_SECRET,
     .help = "Bearer token for the validator."},
    {ECS_KEY(PATH, "ca", struct ecs_address_conf, ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of the authorities that may have signed the validator's certificate; left out: the "
             "system's."},
    {ECS_KEY(PATH, "certificate", struct ecs_address_conf, certificate), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of our certificate for mutual TLS."},
    {ECS_KEY(PATH, "key", struct ecs_address_conf, key), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of its private key; left out: it stands in the certificate's file."},
    {ECS_KEY(BOOL, "send_msisdn", struct ecs_address_conf, send_msisdn), .def = "true",
     .help =
         "Tell the validator the subscriber's number, so that it can keep the address for emergency calls."},
    {ECS_KEY(DURATION_MS, "connect", struct ecs_address_conf, connect_ms), .def = "2s", .min = 100,
     .max = 10000, .help = "Longest wait for a connection to the validator."},
    {ECS_KEY(DURATION_MS, "timeout", struct ecs_address_conf, timeout_ms), .def = "6s", .min = 200,
     .max = 9000,
     .help = "Longest wait for its answer; the page then says that it can be tried again later."},
    {ECS_KEY(INT, "max_in_flight", struct ecs_address_conf, max_in_flight), .def = "64", .min = 1,
     .max = 10000, .unit = "questions per worker",
     .help = "Questions under way at a time; more are not asked."},
    {ECS_KEY(INT, "breaker_failures", struct ecs_address_conf, breaker_failures), .def = "5", .min = 1,
     .max = 1000, .unit = "failures",
     .help = "So many failures in a row, and the validator is left alone for a while."},
    {ECS_KEY(DURATION_MS, "breaker", struct ecs_address_conf, breaker_ms), .def = "5s", .min = 100,
     .max = 600000, .help = "How long it is left alone then."},
    {0},
};

bool ecs_address_conf_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_address_conf *c = section;
    struct ecs_str url = ecs_str_of(c->url);
    bool good = true;

    if (url.n && !ecs_str_starts_with(url, ECS_STR("https://")) &&
        !ecs_str_starts_with(url, ECS_STR("http://127.0.0.1:")) &&
        !ecs_str_starts_with(url, ECS_STR("http://[::1]:"))) {
        ecs_fault_at(faults, ecs_yaml_get(node, "url"),
                     "url must begin with https:// (http:// to a loopback address in lab mode)");
        good = false;
    }
    if (c->key && !c->certificate) {
        ecs_fault_at(faults, ecs_yaml_get(node, "key"), "key needs certificate");
        good = false;
    }
    return good;
}
