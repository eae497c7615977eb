/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of notifications: rows of section "notify". */
#include "ecs/ts43.h"
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
    {ECS_KEY(STRING, "webhook_url", struct ecs_notify_conf, webhook_url), .min = 8, .max = 500,
     .help =
         "Where a partner, such as a device management, is told of changes of webhook_apps: POST of JSON, "
         "https (docs/notifications.md). Left out: none. It is sent the IMSI. The same on all nodes."},
    {ECS_KEY(STRING, "webhook_secret", struct ecs_notify_conf, webhook_secret), .min = 16, .max = 256,
     .flags = ECS_SETTING_SECRET, .help = "Key that signs these calls; needed with webhook_url."},
    {ECS_KEY(PATH, "webhook_ca_file", struct ecs_notify_conf, webhook_ca_file),
     .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "Authorities (PEM) for its certificate; left out: the system's."},
    {ECS_KEY(STRING_LIST, "webhook_apps", struct ecs_notify_conf, webhook_apps), .def = "ap2011", .min = 1,
     .max = 16, .help = "Applications whose changes it is told of. The same on all nodes."},
    {ECS_KEY(INT, "webhook_per_second", struct ecs_notify_conf, webhook_per_second), .def = "20", .min = 1,
     .max = 100000, .unit = "calls per second and node", .help = "To the web hook."},
    {0},
};

/* https, or http to this host for tests. */
static bool check_hook(const struct ecs_notify_conf *c, struct ecs_faults *faults,
                       const struct ecs_yaml_node *node)
{
    struct ecs_str url = ecs_str_of(c->webhook_url);
    bool good = true;

    for (size_t i = 0; i < c->webhook_apps.n; i++) {
        enum ecs_app app;

        if (!ecs_app_find(c->webhook_apps.items[i], &app) ||
            !ecs_str_eq(c->webhook_apps.items[i], ecs_str_of(ecs_app_id(app)))) {
            ecs_fault_at(faults, ecs_yaml_get(node, "webhook_apps"),
                         "webhook_apps: \"%.*s\" is not an AppID of TS.43 such as ap2011",
                         ECS_FMT(c->webhook_apps.items[i]));
            good = false;
        }
    }
    if (!url.n)
        return good;
    if (!notify_url_fits(url)) {
        ecs_fault_at(faults, ecs_yaml_get(node, "webhook_url"),
                     "webhook_url must begin with https:// (http:// for loopback addresses only)");
        good = false;
    }
    if (!c->webhook_secret) {
        ecs_fault_at(faults, ecs_yaml_get(node, "webhook_url"), "webhook_url needs webhook_secret");
        good = false;
    }
    return good;
}

bool notify_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_notify_conf *c = section;

    bool good = check_hook(c, faults, node);

    if (c->ttl_s > c->lease_s)
        return good;
    ecs_fault_at(faults, ecs_yaml_get(node, "ttl"), "ttl must be longer than lease");
    return false;
}
