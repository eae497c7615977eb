/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of one-time codes: rows of section "otp". */
#include "ecs/login.h"

const struct ecs_setting ecs_otp_settings[] = {
    {ECS_KEY(BOOL, "login", struct ecs_otp_conf, login), .def = "false",
     .help = "Login by number (RCC.14): a request with msisdn and without any other credential gets a "
             "cookie, and "
             "the owner of the number a code. For devices that reach neither the SIM card nor a browser."},
    {ECS_KEY(INT, "digits", struct ecs_otp_conf, digits), .def = "6", .min = ECS_OTP_DIGITS_MIN,
     .max = ECS_OTP_DIGITS_MAX, .unit = "digits", .help = "Length of a code."},
    {ECS_KEY(DURATION_S, "life", struct ecs_otp_conf, life_s), .def = "10m", .min = 60, .max = 900,
     .help = "How long a login waits for its code."},
    {ECS_KEY(INT, "tries", struct ecs_otp_conf, tries), .def = "4", .min = 3, .max = 5, .unit = "codes",
     .help = "Wrong codes after which a login is over, also for the right one."},
    {ECS_KEY(DURATION_S, "interval", struct ecs_otp_conf, interval_s), .def = "60s", .min = 1, .max = 3600,
     .help =
         "Least time between two codes to one number, over all nodes; sooner ones get 503 with Retry-After."},
    {ECS_KEY(INT, "per_day", struct ecs_otp_conf, per_day), .def = "10", .min = 1, .max = 1000,
     .unit = "codes", .help = "Codes to one number within 24 hours, over all nodes."},
    {ECS_KEY(INT, "begin_per_minute", struct ecs_otp_conf, begin_per_minute), .def = "600", .min = 1,
     .max = 1000000, .unit = "logins per minute",
     .help = "Logins by number begun on one worker, as many at once; more get 503. Bounds the rows that wait "
             "in the "
             "database."},
    {0},
};
