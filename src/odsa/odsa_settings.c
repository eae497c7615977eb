/* SPDX-License-Identifier: Apache-2.0 */
/* Section "odsa". */
#include "ecs/odsa.h"

const struct ecs_setting ecs_odsa_settings[] = {
    {ECS_KEY(INT, "max_refresh", struct ecs_odsa_conf, max_refresh), .def = "60", .min = 1, .max = 100000,
     .unit = "requests",
     .help =
         "MaxRefreshRequest (TS.43 6.5.5): so many requests for the configuration of one procedure, then it "
         "is given up and the device hears ServiceStatus 4. Counted anew with each step of the procedure."},
    {ECS_KEY(INT, "max_refresh_eligibility", struct ecs_odsa_conf, max_refresh_eligibility), .def = "20",
     .min = 1, .max = 100000, .unit = "requests",
     .help = "So many times in a row a device is told to ask for its eligibility again."},
    {ECS_KEY(DURATION_S, "polling", struct ecs_odsa_conf, polling_s), .def = "30s", .max = 86400,
     .help = "PollingInterval of delayed deliveries. 0: none is sent, devices wait for a notification; those "
             "that are not registered for any ask every 5 minutes."},
    {ECS_KEY(INT_LIST, "polling_steps", struct ecs_odsa_conf, polling_steps), .min = 1, .max = 86400, .unit = "seconds",
     .help = "PollingInterval of the first, second ... answer while a procedure stands still, the last one for all "
             "further ones: [15, 30, 60, 300]. Takes the place of polling. Counted anew with each step."},
    {ECS_KEY(BOOL, "polling_minutes", struct ecs_odsa_conf, polling_minutes), .def = "false",
     .help =
         "Send the interval in minutes (rounded up) and without a unit: clients before TS.43 version 11 know "
         "nothing else."},
    {ECS_KEY(DURATION_MS, "wait", struct ecs_odsa_conf, wait_ms), .def = "4s", .max = 15000,
     .help = "How long a request waits for SM-DP+ and BSS before the device is told that the download is "
             "delayed."},
    {ECS_KEY(BOOL, "lpa_prefix", struct ecs_odsa_conf, lpa_prefix), .def = "false",
     .help = "Put \"LPA:\" in front of activation codes."},
    {ECS_KEY(BOOL, "raw_code", struct ecs_odsa_conf, raw_code), .def = "false",
     .help = "Send activation codes as they are, without base64 encoding: for clients that expect it."},
    {ECS_KEY(BOOL, "stand_alone_primary", struct ecs_odsa_conf, stand_alone_primary), .def = "false",
     .help =
         "Answer AcquireConfiguration of ap2009 with one PrimaryConfiguration always, never with a list: for "
         "clients that cannot read one."},
    {ECS_KEY(BOOL, "strict", struct ecs_odsa_conf, strict), .def = "false",
     .help = "Refuse requests without a mandatory parameter also where nothing needs it."},
    {ECS_KEY(STRING_LIST, "no_web_view", struct ecs_odsa_conf, no_web_view), .max = 10000,
     .help =
         "Terminals that cannot show web pages: TACs (8 digits) or vendor/model. Their answers carry what a "
         "page would show."},
    {ECS_KEY(DURATION_S, "question_life", struct ecs_odsa_conf, question_s), .def = "15m", .min = 10,
     .max = 86400, .help = "How long a question on the device (MSG) waits for its answer."},
    {ECS_KEY(DURATION_S, "portal_life", struct ecs_odsa_conf, portal_s), .def = "1h", .min = 60,
     .max = 604800, .help = "How long a procedure waits for the portal: nobody tells when a user closes it."},
    {ECS_KEY(DURATION_S, "deleting_life", struct ecs_odsa_conf, deleting_s), .def = "24h", .min = 60,
     .max = 2592000, .help = "How long a procedure waits until the user has deleted the old profile."},
    {ECS_KEY(DURATION_S, "ready_life", struct ecs_odsa_conf, ready_s), .def = "14d", .min = 60,
     .max = 31536000,
     .help =
         "How long a profile waits for its download; then it is taken back at the SM-DP+ and the order is "
         "cancelled."},
    {ECS_KEY(DURATION_S, "give_up", struct ecs_odsa_conf, give_up_s), .def = "72h", .min = 10, .max = 2592000,
     .help =
         "How long an open order at the BSS is waited for, and how long something is tried to be taken back; "
         "then it is given up with an alarm."},
    {ECS_KEY(DURATION_S, "retry", struct ecs_odsa_conf, retry_s), .def = "5s", .min = 1, .max = 3600,
     .help = "First pause before a call to SM-DP+ or BSS is repeated; each further one is twice as long."},
    {ECS_KEY(DURATION_S, "retry_max", struct ecs_odsa_conf, retry_max_s), .def = "10m", .min = 1,
     .max = 86400, .help = "Longest pause."},
    {ECS_KEY(INT, "retries", struct ecs_odsa_conf, retries), .def = "8", .min = 1, .max = 1000,
     .unit = "repetitions",
     .help = "So many repetitions, then the procedure is given up and undone. The end of an old subscription "
             "behind a transfer is never given up."},
    {ECS_KEY(DURATION_S, "lease", struct ecs_odsa_conf, lease_s), .def = "1m", .min = 5, .max = 3600,
     .help = "A node that works on a procedure and dies is replaced after this time. Must be above twice the "
             "timeout of each smdp, and four times that of bss (six times with auth: oauth)."},
    {ECS_KEY(INT, "keep_days", struct ecs_odsa_conf, keep_days), .def = "90", .min = 1, .max = 3650,
     .unit = "days", .help = "Ended procedures with their timelines, and ended profiles, are kept so long."},
    {0},
};

bool ecs_odsa_settings_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_odsa_conf *c = section;
    bool good = true;

    if (c->retry_max_s < c->retry_s) {
        ecs_fault_at(faults, ecs_yaml_get(node, "retry_max") ? ecs_yaml_get(node, "retry_max") : node,
                     "retry_max is shorter than retry");
        good = false;
    }
    if (c->raw_code && c->lpa_prefix) {
        ecs_fault_at(faults, ecs_yaml_get(node, "raw_code"),
                     "raw_code sends the code as it is: lpa_prefix does not go with it");
        good = false;
    }
    return good;
}
