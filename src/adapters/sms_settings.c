/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of short messages: rows of the optional section "sms". */
#include "adapters/push_int.h"

static const char *const transport_names[] = {"smpp", "http", NULL};
static const char *const coding_names[] = {"7bit", "8bit", "ucs2", NULL}; /* enum ecs_sms_coding */
static const char *const method_names[] = {"GET", "POST", NULL};

#define HTTP(kind, name, member) ECS_KEY(kind, "http_" name, struct ecs_sms_conf, http.member)
#define SMPP(kind, name, member) ECS_KEY(kind, "smpp_" name, struct ecs_sms_conf, smpp.member)

const struct ecs_setting ecs_sms_settings[] = {
    {ECS_KEY(ENUM, "transport", struct ecs_sms_conf, transport), .def = "smpp", .names = transport_names,
     .help = "smpp: SMPP 3.4 to an SMSC; http: the interface of a gateway, described by the rows http_*."},
    {ECS_KEY(INT, "port", struct ecs_sms_conf, port), .def = "8095", .min = 1, .max = 65535,
     .help = "Application port that the configuration trigger is addressed to (TS.43 2.6.1)."},
    {ECS_KEY(ENUM, "coding", struct ecs_sms_conf, coding), .def = "8bit", .names = coding_names,
     .help = "Coding of the trigger and other messages to a port. TS.43 does not name one."},
    {ECS_KEY(INT, "parts", struct ecs_sms_conf, parts), .def = "1", .min = 1, .max = ECS_SMS_PARTS_MAX,
     .unit = "messages",
     .help = "Longer texts are sent as so many concatenated messages at most; with 1 they are refused."},
    {ECS_KEY(STRING, "sender", struct ecs_sms_conf, sender), .def = "ECS", .min = 1, .max = 20,
     .help = "Source address: a name, \"+\" and an international number, or a short code."},
    {HTTP(STRING, "url", url), .min = 8, .max = 2000,
     .help = "Address of the gateway. {to} {from} {text} {udh} {udh_hex} {data} {data_hex} {coding} {port} "
             "are replaced and percent-escaped; {udh} and {data} are the bytes of header and text, {coding} "
             "is 0 (7 bit), 1 (8 bit) or 2 (UCS-2)."},
    {HTTP(ENUM, "method", method), .def = "GET", .names = method_names, .help = "Method of the request."},
    {HTTP(STRING, "body", body), .min = 1, .max = 4000,
     .help = "Body with the same placeholders, escaped as the content type asks: JSON strings or percent. "
             "{udh} and {data} cannot stand in JSON."},
    {HTTP(STRING, "content_type", content_type), .def = "application/json", .min = 3, .max = 100,
     .help = "Content type of the body."},
    {HTTP(STRING_LIST, "headers", headers), .max = 8, .help = "Further headers: [\"Name: value\"]."},
    {HTTP(INT_LIST, "accepted", accepted), .def = "200, 201, 202", .min = 200, .max = 299,
     .help = "Statuses that mean that the message was taken."},
    {HTTP(STRING, "accepted_prefix", accepted_prefix), .min = 1, .max = 200,
     .help = "What the answer's body must begin with besides (\"0: Accepted\"); left out: anything."},
    {HTTP(STRING, "user", user), .min = 1, .max = 200, .help = "User of HTTP Basic authentication."},
    {HTTP(STRING, "password", password), .flags = ECS_SETTING_SECRET, .min = 1, .max = 200,
     .help = "Password of HTTP Basic authentication."},
    {HTTP(STRING, "bearer", bearer), .flags = ECS_SETTING_SECRET, .min = 1, .max = 4000,
     .help = "Bearer token in place of user and password."},
    {HTTP(STRING, "authorization", authorization), .flags = ECS_SETTING_SECRET, .min = 1, .max = 4000,
     .help = "Whole value of the Authorization header, for gateways with a scheme of their own."},
    {HTTP(PATH, "ca_file", ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "Authorities (PEM) for the gateway's certificate; left out: the system's."},
    {SMPP(STRING, "host", host), .min = 1, .max = 255, .help = "Name or address of the SMSC."},
    {SMPP(INT, "port", port), .def = "2775", .min = 1, .max = 65535, .help = "TCP port of the SMSC."},
    {SMPP(STRING, "system_id", system_id), .min = 1, .max = 15, .help = "Account at the SMSC."},
    {SMPP(STRING, "password", password), .flags = ECS_SETTING_SECRET, .min = 1, .max = 8,
     .help = "Its password."},
    {SMPP(STRING, "system_type", system_type), .def = "", .max = 12, .help = "system_type of the bind."},
    {SMPP(STRING, "service_type", service_type), .def = "", .max = 5, .help = "service_type of messages."},
    {SMPP(BOOL, "tls", tls), .def = "false",
     .help = "TLS to the SMSC. Without it numbers, texts and the password cross the network in clear."},
    {SMPP(PATH, "ca_file", ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "Authorities (PEM) for the SMSC's certificate; left out: the system's."},
    {SMPP(PATH, "certificate", certificate), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "Client certificate (PEM)."},
    {SMPP(PATH, "certificate_key", certificate_key), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "Its private key (PEM)."},
    {SMPP(INT, "sender_ton", sender_ton), .def = "-1", .min = -1, .max = 255,
     .help = "Type of number of the sender; -1: by its shape (international 1, national 2, short code 3, "
             "name 5)."},
    {SMPP(INT, "sender_npi", sender_npi), .def = "-1", .min = -1, .max = 255,
     .help = "Numbering plan of the sender; -1: by its shape (numbers 1, others 0)."},
    {SMPP(INT, "window", window), .def = "10", .min = 1, .max = 10, .unit = "messages",
     .help = "Messages of one worker that may be without response at a time."},
    {SMPP(INT, "per_second", per_second), .def = "0", .min = 0, .max = 10000, .unit = "messages per second",
     .help = "Speed of one worker; 0: no limit but the window. Throttling by the SMSC slows down besides."},
    {SMPP(DURATION_MS, "response", response_ms), .def = "10s", .min = 100, .max = 15000,
     .help = "How long the SMSC may take to respond."},
    {SMPP(DURATION_MS, "connect", connect_ms), .def = "10s", .min = 100, .max = 20000,
     .help = "For name resolution, TCP and TLS together."},
    {SMPP(DURATION_MS, "enquire_link", enquire_ms), .def = "30s", .min = 100, .max = 600000,
     .help = "Silence after which the SMSC is asked whether it is still there."},
    {SMPP(DURATION_MS, "idle", idle_ms), .def = "5m", .max = 86400000,
     .help = "Without messages for so long the session is ended until the next one; 0s: it stays."},
    {SMPP(BOOL, "validity", validity), .def = "true",
     .help = "Tell the SMSC how long a message is worth delivering (validity_period)."},
    {0},
};
