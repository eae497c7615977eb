/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of the configuration file and the rows of those that belong to the daemon itself. */
#include "callback.h"
#include "ecs/aaa_conf.h"
#include "ecs/accounting.h"
#include "ecs/availability.h"
#include "ecs/bss.h"
#include "ecs/grant.h"
#include "ecs/identity.h"
#include "ecs/ladder.h"
#include "ecs/login.h"
#include "ecs/odsa.h"
#include "ecs/oauth_server.h"
#include "ecs/push_conf.h"
#include "ecs/qos.h"
#include "ecs/sim.h"
#include "ecs/smdp.h"
#include "ecs/userinfo.h"
#include "ecs/wifi_identity.h"
#include "notify.h"
#include "settings_check.h"
#include "sheet.h"

static const char *const mode_names[] = {"lab", "production", NULL};
static const char *const level_names[] = {"error", "warning", "notice", "info", "debug", NULL};
static const char *const target_names[] = {"auto", "json", "journal", "text", NULL};

static const struct ecs_setting server_settings[] = {
    {ECS_KEY(ENUM, "mode", struct ecs_server_conf, mode), .def = "production", .names = mode_names,
     .reload = ECS_RELOAD_RESTART,
     .help = "lab allows what must not be in a real network: the test network 001/01 and key files that "
             "others may read."},
    {ECS_KEY(INT, "workers", struct ecs_server_conf, workers), .def = "0", .min = 0, .max = 256,
     .reload = ECS_RELOAD_RESTART, .unit = "threads", .help = "Worker threads; 0: one per processor."},
    {ECS_KEY(ENUM, "log_level", struct ecs_server_conf, log_level), .def = "info", .names = level_names,
     .help = "Least important lines that are written. debug shows flow steps; identities stay masked."},
    {ECS_KEY(ENUM, "log_target", struct ecs_server_conf, log_target), .def = "auto", .names = target_names,
     .reload = ECS_RELOAD_RESTART,
     .help = "journal: native fields; json: one object per line on standard error; auto: journal under "
             "systemd, else json."},
    {ECS_KEY(DURATION_S, "drain", struct ecs_server_conf, drain_s), .def = "15s", .min = 0, .max = 40,
     .help = "On SIGTERM: how long requests in work may take before the daemon ends."},
    {ECS_KEY(STRING, "name", struct ecs_server_conf, name), .def = "ecs", .min = 1, .max = 64,
     .help = "Name of this node in start messages."},
    {0},
};

static const struct ecs_setting device_settings[] = {
    {ECS_KEY(STRING_LIST, "listen", struct ecs_device_conf, listen), .def = "*:443", .max = 16,
     .reload = ECS_RELOAD_RESTART,
     .help = "TLS addresses for devices: \"192.0.2.1:443\", \"[2001:db8::1]:443\", \"*:443\". Empty: none."},
    {ECS_KEY(STRING_LIST, "plain_listen", struct ecs_device_conf, plain_listen), .max = 16,
     .reload = ECS_RELOAD_RESTART,
     .help =
         "Plain HTTP for a TLS proxy in front; only loopback addresses and Unix sockets (\"127.0.0.1:8080\", "
         "\"/run/entitlementd/http.sock\")."},
    {ECS_KEY(STRING_LIST, "trusted_proxies", struct ecs_device_conf, trusted_proxies),
     .def = "127.0.0.0/8, ::1", .max = 64, .reload = ECS_RELOAD_RESTART,
     .help = "Peers whose X-Forwarded-For tells the device's address. Unix sockets are always trusted."},
    {ECS_KEY(STRING, "path", struct ecs_device_conf, path), .def = "/", .min = 1, .max = 200,
     .help = "Path of the entitlement resource. \"/\" accepts every path; any other is accepted with and "
             "without a slash "
             "at its end, beside the root."},
    {ECS_KEY(BOOL, "post", struct ecs_device_conf, post), .def = "true",
     .help = "Accept new requests by POST (TS.43 2.4); off: 405, except for EAP answers."},
    {ECS_KEY(STRING, "default_language", struct ecs_device_conf, default_language), .def = "en", .min = 2,
     .max = 16, .help = "Language of texts when the device asks for none that the message catalogues have."},
    {ECS_KEY(STRING, "version_min", struct ecs_device_conf, version_min), .def = "", .max = 16,
     .help = "Lowest entitlement_version that is answered; lower ones get 406. Leave it empty: Samsung "
             "phones repeat "
             "endlessly after a 406."},
    {ECS_KEY(STRING, "version_max", struct ecs_device_conf, version_max), .def = "", .max = 16,
     .help = "Highest entitlement_version that is answered; empty: every one, answered by the rules of 12.0 "
             "at most."},
    {ECS_KEY(STRING_LIST, "version_map", struct ecs_device_conf, version_map), .max = 32,
     .help = "Clients whose number is not what they implement: \"2.0-2.9=5.0\" answers 2.0 to 2.9 by the "
             "rules of 5.0."},
    {ECS_KEY(STRING_LIST, "irat_spelling", struct ecs_device_conf, irat_spelling), .def = "table, aosp",
     .min = 1, .max = 3,
     .help = "Names under which the inter-RAT capability of ap2003 is sent: table "
             "(NetworkVoiceIRATCapability), aosp "
             "(NetworkVoiceIRatCapability), example (NetworkVoiceIRATCapablity)."},
    {ECS_KEY(INT, "jitter_percent", struct ecs_device_conf, jitter_percent), .def = "10", .min = 0, .max = 10,
     .unit = "percent",
     .help = "VERS validity is shortened by up to this share, so that devices do not return together."},
    {ECS_KEY(SIZE, "gzip_min", struct ecs_device_conf, gzip_min), .def = "1400", .min = 0, .max = 1048576,
     .help = "Documents from this size on are compressed for devices that accept gzip; 0: never."},
    {ECS_KEY(STRING_LIST, "offered", struct ecs_device_conf, offered), .def = "ap2003, ap2004, ap2005",
     .min = 1, .max = 16, .help = "Applications offered here. Others are answered as incompatible."},
    {0},
};

static const struct ecs_setting limit_settings[] = {
    {ECS_KEY(SIZE, "body", struct ecs_limits_conf, body), .def = "64k", .min = 4096, .max = 1048576,
     .reload = ECS_RELOAD_RESTART, .help = "Largest request body; larger ones get 413."},
    {ECS_KEY(SIZE, "inflated", struct ecs_limits_conf, inflated), .def = "128k", .min = 4096, .max = 4194304,
     .help = "Largest request body after gzip; larger ones get 413."},
    {ECS_KEY(SIZE, "head", struct ecs_limits_conf, head), .def = "20k", .min = 18432, .max = 65536,
     .reload = ECS_RELOAD_RESTART,
     .help = "Memory for request line and headers of a connection; a longer target gets 414, longer headers "
             "431."},
    {ECS_KEY(SIZE, "arena", struct ecs_limits_conf, arena), .def = "1M", .min = 262144, .max = 67108864,
     .reload = ECS_RELOAD_RESTART, .help = "Memory that one request may use."},
    {ECS_KEY(INT, "connections", struct ecs_limits_conf, connections), .def = "20000", .min = 10,
     .max = 1000000, .reload = ECS_RELOAD_RESTART, .unit = "connections per worker and address",
     .help = "Open connections; further ones are closed at once."},
    {ECS_KEY(INT, "per_prefix", struct ecs_limits_conf, per_prefix), .def = "10000", .min = 1, .max = 1000000,
     .reload = ECS_RELOAD_RESTART, .unit = "connections per worker",
     .help =
         "Open connections of one IPv4 address or one IPv6 /64 (carrier NAT puts many phones behind one)."},
    {ECS_KEY(DURATION_MS, "handshake", struct ecs_limits_conf, handshake_ms), .def = "10s", .min = 100,
     .max = 60000, .reload = ECS_RELOAD_RESTART, .help = "From accept to the end of the TLS handshake."},
    {ECS_KEY(DURATION_MS, "read", struct ecs_limits_conf, read_ms), .def = "15s", .min = 100, .max = 120000,
     .reload = ECS_RELOAD_RESTART, .help = "From the first byte of a request to its last."},
    {ECS_KEY(DURATION_MS, "idle", struct ecs_limits_conf, idle_ms), .def = "60s", .min = 100, .max = 3600000,
     .reload = ECS_RELOAD_RESTART, .help = "Between two requests of a connection."},
    {ECS_KEY(DURATION_MS, "write", struct ecs_limits_conf, write_ms), .def = "60s", .min = 100, .max = 600000,
     .reload = ECS_RELOAD_RESTART, .help = "For a device to take its answer."},
    {ECS_KEY(INT, "device_per_minute", struct ecs_limits_conf, device_per_minute), .def = "60", .min = 0,
     .max = 10000000, .unit = "requests per minute",
     .help = "Requests of one terminal_id on one worker; more get 503 with Retry-After. 0: no limit."},
    {ECS_KEY(INT, "device_burst", struct ecs_limits_conf, device_burst), .def = "40", .min = 1,
     .max = 1000000, .unit = "requests", .help = "Requests of one terminal_id at once."},
    {ECS_KEY(INT, "in_work", struct ecs_limits_conf, in_work), .def = "4096", .min = 16, .max = 100000,
     .unit = "requests per worker",
     .help = "Requests that wait for something at a time; more get 503 with Retry-After."},
    {ECS_KEY(INT, "backlog", struct ecs_limits_conf, backlog), .def = "512", .min = 16, .max = 65535,
     .reload = ECS_RELOAD_RESTART, .unit = "connections per worker and address",
     .help = "Connections that wait to be accepted. In a storm the queue is full, further devices are "
             "dropped by the "
             "kernel and try again by themselves after a second; a longer queue only makes everybody wait."},
    {ECS_KEY(DURATION_MS, "answer_target", struct ecs_limits_conf, answer_target_ms), .def = "150ms",
     .min = 5, .max = 10000,
     .help =
         "When even the fastest answers of a tenth of a second take longer, fewer requests are admitted at a "
         "time: "
         "new authentications give way first, then token requests, answers to challenges last. What is not "
         "admitted gets 503 with Retry-After."},
    {ECS_KEY(INT, "eap_outstanding", struct ecs_limits_conf, eap_outstanding), .def = "4000", .min = 16,
     .max = 1000000, .unit = "exchanges per worker",
     .help = "EAP exchanges that were begun and not answered yet; no further ones are begun."},
    {ECS_KEY(DURATION_MS, "lag_target", struct ecs_limits_conf, lag_target_ms), .def = "150ms", .min = 1,
     .max = 10000,
     .help = "A worker is behind when what comes in waits longer than this until it is looked at. It then closes new "
             "connections at once: the cheapest refusal there is."},
    {ECS_KEY(DURATION_S, "overload_retry", struct ecs_limits_conf, overload_retry_s), .def = "30s", .min = 1,
     .max = 3600, .help = "Retry-After of what is not admitted: between this and twice this time."},
    {0},
};

static const struct ecs_setting last_known_settings[] = {
    {ECS_KEY(DURATION_S, "max_age", struct ecs_last_known_conf, max_age_s), .def = "0s", .min = 0,
     .max = 604800,
     .help = "While the database is away, token requests are answered by what was known of line and device "
             "so long "
             "ago at most; 0s: never, they get 503. Until then a revoked token still opens."},
    {ECS_KEY(INT, "entries", struct ecs_last_known_conf, entries), .def = "20000", .min = 16, .max = 4000000,
     .reload = ECS_RELOAD_RESTART, .unit = "lines with device per worker",
     .help = "How many are remembered (about 1.5 kB each); the oldest give way."},
    {ECS_KEY(DURATION_S, "validity", struct ecs_last_known_conf, validity_s), .def = "15m", .min = 10,
     .max = 86400, .help = "Longest VERS validity of such an answer, so that the device comes back soon."},
    {ECS_KEY(STRING_LIST, "apps", struct ecs_last_known_conf, apps), .def = "ap2003, ap2004, ap2005",
     .max = 16, .help = "Applications that may be answered so; a request that names another one gets 503."},
    {0},
};

static const struct ecs_setting tls_settings[] = {
    {ECS_KEY(PATH, "ticket_key", struct ecs_tls_conf, ticket_key), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "64 random bytes, the same on all nodes, so that a phone resumes its TLS session on any of them "
             "and after a "
             "restart. Without it each process has its own key."},
    {ECS_KEY(STRING, "priority", struct ecs_tls_conf, priority), .def = "", .max = 1000,
     .help = "GnuTLS priority string; empty: TLS 1.3 and 1.2 with forward secrecy and AEAD only, AES-128-GCM "
             "first."},
    {0},
};

static const struct ecs_setting certificate_settings[] = {
    {ECS_KEY(PATH, "certificate", struct ecs_certificate_conf, certificate),
     .flags = ECS_SETTING_REQUIRED | ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file, leaf first. The first entry is the default for devices that send no name (SNI)."},
    {ECS_KEY(PATH, "key", struct ecs_certificate_conf, key), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of the private key; left out: it stands in the certificate's file."},
    {0},
};

static const struct ecs_setting database_settings[] = {
    {ECS_KEY(STRING, "conninfo", struct ecs_database_conf, conninfo), .reload = ECS_RELOAD_RESTART,
     .flags = ECS_SETTING_REQUIRED | ECS_SETTING_SECRET, .min = 1, .max = 2000,
     .help = "libpq connection string: \"host=/run/postgresql dbname=entitlement user=entitlementd\". "
             "Several hosts with "
             "target_session_attrs=read-write follow a failover."},
    {ECS_KEY(INT, "connections", struct ecs_database_conf, connections), .def = "2", .min = 1, .max = 32,
     .reload = ECS_RELOAD_RESTART, .unit = "connections per worker",
     .help = "Statements are pipelined and look-ups batched: two are enough."},
    {ECS_KEY(DURATION_MS, "statement_timeout", struct ecs_database_conf, statement_timeout_ms), .def = "2s",
     .min = 50, .max = 20000, .reload = ECS_RELOAD_RESTART, .help = "Longest run of a statement."},
    {ECS_KEY(INT, "max_waiting", struct ecs_database_conf, max_waiting), .def = "4096", .min = 16,
     .max = 100000, .reload = ECS_RELOAD_RESTART, .unit = "statements per worker",
     .help = "Statements that wait for a connection; with more, requests get 503."},
    {0},
};

static const struct ecs_setting web_settings[] = {
    {ECS_KEY(STRING, "public_url", struct ecs_web_conf, public_url), .def = "", .max = 300,
     .help = "How devices and browsers reach this server: \"https://aes.example.net\", without a path. "
             "Needed for "
             "built-in web pages, OIDC and the token endpoint."},
    {ECS_KEY(STRING, "path", struct ecs_web_conf, path), .def = "/web", .min = 2, .max = 100,
     .help =
         "Paths below this one belong to web pages and endpoints, every other to the entitlement resource."},
    {0},
};

static const struct ecs_setting policy_settings[] = {
    {ECS_KEY(PATH, "directory", struct ecs_policy_conf, directory), .def = "/etc/entitlementd/policy.d",
     .flags = ECS_SETTING_FILE_MUST_EXIST, .help = "Policy files, one per service (*.yaml)."},
    {ECS_KEY(PATH, "messages", struct ecs_policy_conf, messages), .def = "/etc/entitlementd/messages",
     .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "Message catalogues, one per language (en.yaml, de.yaml)."},
    {ECS_KEY(STRING, "portal_url", struct ecs_policy_conf, portal_url), .def = "", .max = 500,
     .help = "Address that flow-url \"portal\" in policy files stands for (ServiceFlow_URL); https."},
    {ECS_KEY(INT, "utc_offset", struct ecs_policy_conf, utc_offset_minutes), .def = "0", .min = -840,
     .max = 840, .unit = "minutes east of UTC", .help = "Time zone of the facts time.hour and time.weekday."},
    {0},
};

static const struct ecs_setting admin_settings[] = {
    {ECS_KEY(PATH, "socket", struct ecs_admin_conf, socket), .def = "/run/entitlementd/admin.sock",
     .reload = ECS_RELOAD_RESTART,
     .help = "Unix socket of entitlementctl with all rights (role admin): who may open the file, may "
             "administer."},
    {ECS_KEY(PATH, "care_socket", struct ecs_admin_conf, care_socket), .reload = ECS_RELOAD_RESTART,
     .help = "Further socket for care agents (role care): look at subscribers, explain, set service states "
             "and revoke "
             "tokens. Left out: none."},
    {ECS_KEY(PATH, "viewer_socket", struct ecs_admin_conf, viewer_socket), .reload = ECS_RELOAD_RESTART,
     .help =
         "Further socket without rights to change (role viewer): status, plans, explain. Left out: none."},
    {ECS_KEY(INT, "socket_mode", struct ecs_admin_conf, socket_mode), .def = "660", .min = 0, .max = 777,
     .reload = ECS_RELOAD_RESTART, .help = "Permissions of these sockets, octal digits."},
    {ECS_KEY(STRING, "metrics_listen", struct ecs_admin_conf, metrics_listen), .def = "127.0.0.1:9464",
     .max = 100, .reload = ECS_RELOAD_RESTART,
     .help = "Address of /metrics, /health and /ready by plain HTTP; loopback only. Empty: on the admin "
             "socket only."},
    {0},
};

const struct ecs_section ecs_sections[] = {
    {"server", server_settings, sizeof(struct ecs_server_conf), .help = "The process."},
    {"device", device_settings, sizeof(struct ecs_device_conf), .check = ecs_check_device,
     .help = "The entitlement interface for devices (TS.43)."},
    {"limits", limit_settings, sizeof(struct ecs_limits_conf), .help = "Bounds on everything that comes in."},
    {"last_known", last_known_settings, sizeof(struct ecs_last_known_conf), .check = ecs_check_last_known,
     .help = "Answers from memory while the database is away."},
    {"tls", tls_settings, sizeof(struct ecs_tls_conf), .help = "TLS of the device interface."},
    {"certificates", certificate_settings, sizeof(struct ecs_certificate_conf), .is_list = true,
     .help = "Certificates of the device interface, chosen by server name (SNI) and by what the device can "
             "verify. "
             "Changed files are read on SIGHUP."},
    {"database", database_settings, sizeof(struct ecs_database_conf), .help = "PostgreSQL."},
    {"auth", ecs_auth_settings, sizeof(struct ecs_auth_conf), .check = ecs_check_auth,
     .help = "Authentication of devices."},
    {"identity", ecs_identity_settings, sizeof(struct ecs_identity_conf),
     .help = "EAP-AKA' and encrypted identities on our own EAP server."},
    {"identity_keys", ecs_identity_key_settings, sizeof(struct ecs_identity_key_conf), .is_list = true,
     .help = "Private keys of the identities that phones encrypt (IMSI privacy); read again on SIGHUP."},
    {"private_identity", ecs_wifi_identity_settings, sizeof(struct ecs_wifi_identity_conf),
     .check = ecs_wifi_identity_check,
     .help = "Identities for Wi-Fi access that hold the IMSI encrypted (TS.43 12.4, ap2013): docs/services.md."},
    {"grants", ecs_grant_settings, sizeof(struct ecs_grant_conf), .check = ecs_grant_settings_check,
     .help = "Tokens for third parties: temporary, operator and App tokens (TS.43 2.8.6, 14)."},
    {"callback", callback_settings, sizeof(struct ecs_callback_conf), .check = callback_check,
     .help = "Pages of the operator or of others: their servers' calls, signed user data (docs/portal-contract.md)."},
    {"partners", partner_settings, sizeof(struct ecs_partner_conf), .is_list = true, .check = partner_check,
     .help = "Servers of such pages."},
    {"odsa", ecs_odsa_settings, sizeof(struct ecs_odsa_conf), .check = ecs_odsa_settings_check,
     .help = "On-device activation of eSIMs (TS.43 6 to 8, 10): ap2006, ap2009, ap2011."},
    {"smdp", ecs_smdp_settings, sizeof(struct ecs_smdp_conf), .is_list = true, .check = ecs_smdp_settings_check,
     .help = "Sources of eSIM profiles, the first that serves a profile type and EID counts."},
    {"bss", ecs_bss_settings, sizeof(struct ecs_bss_conf), .check = ecs_bss_settings_check,
     .help = "The operator's business support: eligibility, plans, orders (docs/bss.md)."},
    {"diameter", ecs_diameter_settings, sizeof(struct ecs_diameter_section), .check = ecs_diameter_check,
     .help = "Our identity in Diameter (docs/aaa.md)."},
    {"diameter_peers", ecs_diameter_peer_settings, sizeof(struct ecs_diameter_peer_row), .is_list = true,
     .check = ecs_diameter_peer_check, .help = "Diameter nodes that we connect to: AAA, HSS, PCRF, relays."},
    {"diameter_routes", ecs_diameter_route_settings, sizeof(struct ecs_diameter_route_row), .is_list = true,
     .help = "Which of them serve which realm. Empty: every peer serves every realm."},
    {"radius_servers", ecs_radius_server_settings, sizeof(struct ecs_radius_row), .is_list = true,
     .check = ecs_radius_server_check, .help = "RADIUS servers, for authentication and accounting."},
    {"ladders", ecs_ladder_settings, sizeof(struct ecs_ladder_row), .is_list = true,
     .help = "Ladders of brands whose SIM cards are proven by others than those of auth.ladder (docs/authentication.md)."},
    {"aaa", ecs_aaa_settings, sizeof(struct ecs_aaa_conf), .is_list = true, .check = ecs_aaa_check,
     .help = "The operator's AAA servers and HSS as providers of authentication (docs/aaa.md)."},
    {"number", ecs_userinfo_settings, sizeof(struct ecs_userinfo_conf), .check = ecs_userinfo_check,
     .help = "Phone numbers and identities for devices and third parties: ap2014, ap2015 (docs/number.md)."},
    {"applications", ecs_userinfo_app_settings, sizeof(struct ecs_userinfo_app_conf), .is_list = true,
     .check = ecs_userinfo_app_check, .help = "Applications of third parties that may get operator tokens (ap2015)."},
    {"accounting", ecs_accounting_settings, sizeof(struct ecs_accounting_conf), .check = ecs_accounting_check,
     .help = "Accounting of authentications (docs/aaa.md). Off by default."},
    {"qos", ecs_qos_settings, sizeof(struct ecs_qos_conf), .is_list = true, .check = ecs_qos_settings_check,
     .help = "Networks that are asked for quality of service (docs/qos.md)."},
    {"qos_profiles", ecs_qos_profile_settings, sizeof(struct ecs_qos_profile_conf), .is_list = true,
     .check = ecs_qos_profile_check, .help = "What they are asked for."},
    {"web", web_settings, sizeof(struct ecs_web_conf), .check = ecs_check_web,
     .help = "Web pages and endpoints on the device listeners."},
    {"websheet", sheet_settings, sizeof(struct ecs_websheet_conf), .check = sheet_check,
     .help = "Built-in consent pages (docs/websheets.md)."},
    {"address", ecs_address_settings, sizeof(struct ecs_address_conf), .check = ecs_address_conf_check,
     .help = "Check of emergency addresses."},
    {"oauth", ecs_oauth_settings, sizeof(struct ecs_oauth_conf), .check = ecs_oauth_check_section,
     .help = "OAuth 2.0 of application servers (TS.43 2.8.3): docs/server-callers.md."},
    {"server_callers", ecs_server_caller_settings, sizeof(struct ecs_server_caller_conf), .is_list = true,
     .check = ecs_oauth_check_caller,
     .help = "Application servers that may call: device management, number verification."},
    {"oidc", ecs_oidc_settings, sizeof(struct ecs_oidc_conf), .is_list = true, .check = ecs_oidc_check,
     .help = "Identity providers for devices that cannot use their SIM card (TS.43 2.8.2): docs/oidc.md."},
    {"otp", ecs_otp_settings, sizeof(struct ecs_otp_conf),
     .help = "One-time codes by SMS: second factor of a login, and login by number."},
    {"policy", policy_settings, sizeof(struct ecs_policy_conf), .check = ecs_check_policy,
     .help = "Rules and texts."},
    {"notify", notify_settings, sizeof(struct ecs_notify_conf), .check = notify_check,
     .help = "Notifications of devices (docs/notifications.md)."},
    {"fcm", ecs_fcm_settings, sizeof(struct ecs_fcm_conf), .check = ecs_fcm_check, .is_optional = true,
     .help = "Push by FCM HTTP v1 (notif_action 2). Left out: not used."},
    {"apns", ecs_apns_settings, sizeof(struct ecs_apns_conf), .check = ecs_apns_check, .is_optional = true,
     .help = "Push by APNs (notif_action 4). Left out: not used."},
    {"wns", ecs_wns_settings, sizeof(struct ecs_wns_conf), .check = ecs_wns_check, .is_optional = true,
     .help = "Push by WNS (notif_action 3). Left out: not used."},
    {"sms", ecs_sms_settings, sizeof(struct ecs_sms_conf), .check = ecs_sms_check, .is_optional = true,
     .help = "SMS, by SMPP or by the HTTP interface of a gateway. Left out: not used."},
    {"sims", ecs_sim_settings, sizeof(struct ecs_sim_conf), .is_list = true, .check = ecs_sim_settings_check,
     .help = "Brands of SIM cards, the first row that fits counts (docs/availability.md)."},
    {"availability", ecs_availability_settings, sizeof(struct ecs_availability_conf),
     .help = "What the network can do: states of services (docs/availability.md)."},
    {"availability_feeds", ecs_feed_settings, sizeof(struct ecs_feed_conf), .is_list = true,
     .check = ecs_feed_settings_check, .help = "Status systems that tell such states."},
    {"admin", admin_settings, sizeof(struct ecs_admin_conf), .check = ecs_check_admin,
     .help = "The operator's side: entitlementctl, metrics, health."},
    {0},
};
