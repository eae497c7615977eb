/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of notifications: rows of section "notify". */
#include "notify.h"

const char *const notify_sms_names[] = {"off", "fallback", "unregistered", "instead", NULL};

const struct ecs_setting notify_settings[] = {
    {ECS_KEY(BOOL, "enabled", struct ecs_notify_conf, enabled), .def = "true",
     .help = "Tell devices when something changed for them, by the channels that sections fcm, apns, wns and "
             "sms configure. The same on all nodes."},
    {ECS_KEY(ENUM, "sms", struct ecs_notify_conf, sms), .def = "off", .names = notify_sms_names,
     .help = "off: push only; fallback: by SMS when push fails; unregistered: that, and lines of which no "
             "device has registered; instead: SMS only. An SMS tells the IMSI (TS.43 2.6.1). The same on all "
             "nodes."},
    {ECS_KEY(INT, "fallback_after", struct ecs_notify_conf, fallback_after), .def = "3", .min = 1, .max = 20,
     .unit = "attempts", .help = "Failed attempts by push after which it goes by SMS."},
    {ECS_KEY(BOOL, "gcm_as_fcm", struct ecs_notify_conf, gcm_as_fcm), .def = "false",
     .help = "Register tokens of notif_action 1 (GCM, which is shut down) and send to them by FCM; off: they "
             "are answered as invalid."},
    {ECS_KEY(BOOL, "with_vowifi", struct ecs_notify_conf, with_vowifi), .def = "true",
     .help = "Name ap2004 whenever ap2003, ap2004 or ap2005 changed: Android asks again only then, and for "
             "all three. The same on all nodes."},
    {ECS_KEY(DURATION_S, "ttl", struct ecs_notify_conf, ttl_s), .def = "24h", .min = 60, .max = 2419200,
     .help = "A notification that could not be delivered is given up after this time; the validity of its "
             "document brings the device back anyway."},
    {ECS_KEY(INT, "per_second", struct ecs_notify_conf, per_second), .def = "200", .min = 1, .max = 100000,
     .unit = "messages per second and node",
     .help = "All channels together. Every message brings back a request."},
    {ECS_KEY(INT, "fcm_per_second", struct ecs_notify_conf, fcm_per_second), .def = "200", .min = 1,
     .max = 100000, .unit = "messages per second and node", .help = "By FCM."},
    {ECS_KEY(INT, "apns_per_second", struct ecs_notify_conf, apns_per_second), .def = "200", .min = 1,
     .max = 100000, .unit = "messages per second and node", .help = "By APNs."},
    {ECS_KEY(INT, "wns_per_second", struct ecs_notify_conf, wns_per_second), .def = "50", .min = 1,
     .max = 100000, .unit = "messages per second and node", .help = "By WNS."},
    {ECS_KEY(INT, "sms_per_second", struct ecs_notify_conf, sms_per_second), .def = "10", .min = 1,
     .max = 100000, .unit = "messages per second and node", .help = "By SMS."},
    {ECS_KEY(INT, "parallel", struct ecs_notify_conf, parallel), .def = "64", .min = 1, .max = 1024,
     .unit = "messages", .help = "Messages under way at a time."},
    {ECS_KEY(DURATION_S, "lease", struct ecs_notify_conf, lease_s), .def = "2m", .min = 5, .max = 3600,
     .help = "A node that takes a notification has so long to send it; then another one may. Above the time "
             "limits of the providers, or devices are told twice."},
    {ECS_KEY(DURATION_S, "channel_pause", struct ecs_notify_conf, pause_s), .def = "5m", .min = 1,
     .max = 86400,
     .help =
         "A channel whose provider refuses our credentials or project is left alone for so long (alarm in "
         "log and metrics)."},
    {ECS_KEY(INT, "campaign_per_second", struct ecs_notify_conf, campaign_per_second), .def = "50", .min = 1,
     .max = 10000, .unit = "notifications per second, all nodes together",
     .help =
         "Pace of changes that concern many lines (plan, brand, notice, policy): a million takes five and "
         "a half hours. The same on all nodes."},
    {ECS_KEY(INT, "bulk_rows", struct ecs_notify_conf, bulk_rows), .def = "1000", .min = 1, .max = 100000,
     .unit = "lines",
     .help = "A statement or plan that changes more lines is told at that pace. The same on all nodes."},
    {ECS_KEY(BOOL, "on_policy", struct ecs_notify_conf, on_policy), .def = "true",
     .help = "Tell all devices, at that pace, when another policy was loaded. The same on all nodes."},
    {ECS_KEY(DURATION_S, "policy_delay", struct ecs_notify_conf, policy_delay_s), .def = "30s", .min = 0,
     .max = 86400, .help = "Time for all nodes to load that policy first. The same on all nodes."},
    {0},
};

bool notify_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_notify_conf *c = section;

    if (c->ttl_s > c->lease_s)
        return true;
    ecs_fault_at(faults, ecs_yaml_get(node, "ttl"), "ttl must be longer than lease");
    return false;
}
