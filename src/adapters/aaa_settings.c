/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the lists "aaa" and "radius_servers", and what a row may say. */
#include <string.h>

#include "adapters/aaa_int.h"

const char *const ecs_aaa_types[ECS_AAA_TYPE_COUNT + 1] = {"diameter-eap", "swm", "sta",
                                                           "radius",       "swx", NULL};
static const char *const request_types[] = {"usual", "authenticate-only", "authorize-authenticate", NULL};
static const char *const rats[] = {"none", "wlan", "virtual", NULL};

const struct ecs_setting ecs_aaa_settings[] = {
    {ECS_KEY(STRING, "name", struct ecs_aaa_conf, name), .flags = ECS_SETTING_REQUIRED, .min = 1, .max = 32,
     .help = "Name in other sections, log and metrics: a-z, 0-9 and '-'."},
    {ECS_KEY(ENUM, "type", struct ecs_aaa_conf, type), .flags = ECS_SETTING_REQUIRED, .names = ecs_aaa_types,
     .help = "diameter-eap (RFC 4072), swm, sta (TS 29.273): the phone's EAP is handed on by Diameter; "
             "radius: by RADIUS; "
             "swx: an HSS gives vectors to our own EAP server."},
    {ECS_KEY(STRING_LIST, "user_realms", struct ecs_aaa_conf, user_realms), .def = "*.3gppnetwork.org",
     .max = 64,
     .help = "Realms of EAP identities that are handed on; \"*.\" stands for any labels in front. Others are "
             "never sent."},
    {ECS_KEY(STRING, "anonymous_realm", struct ecs_aaa_conf, anonymous_realm), .min = 1, .max = 200,
     .help = "Encrypted identities are handed on inside EAP only, with User-Name anonymous@ this realm. Left "
             "out: they are "
             "not handed on."},
    {ECS_KEY(STRING_LIST, "refused_codes", struct ecs_aaa_conf, refused_codes),
     .def = "5041, 5420, 5421, 5422, 5423, 5450, 5451, 5452, 5554", .max = 64,
     .help = "Codes beyond TS.43 Table 7 that are answered 403: \"5450\" is an Experimental-Result of 3GPP, "
             "\"result:5012\" a Result-Code. They go before the table."},
    {ECS_KEY(STRING_LIST, "transient_codes", struct ecs_aaa_conf, transient_codes), .max = 64,
     .help = "Codes that are answered 511 or 503 whatever the table says, written as above: \"result:5001\" "
             "(our fault "
             "rather than the subscriber's)."},
    {ECS_KEY(DURATION_MS, "limit", struct ecs_aaa_conf, limit_ms), .def = "15s", .min = 500, .max = 20000,
     .help = "Longest wait for one answer over all peers or servers."},
    {ECS_KEY(BOOL, "accept_at_once", struct ecs_aaa_conf, accept_at_once),
     .help =
         "An identity that is accepted without any challenge counts as authenticated; off: it is a fault."},
    {ECS_KEY(BOOL, "terminal_information", struct ecs_aaa_conf, terminal_information),
     .help = "Send the device's IMEI (Terminal-Information), so that it can be checked too. Diameter."},
    {ECS_KEY(STRING, "nas_identifier", struct ecs_aaa_conf, nas_identifier), .min = 1, .max = 253,
     .help = "NAS-Identifier of requests. Left out: RADIUS sends server.name, Diameter none."},
    {ECS_KEY(STRING, "realm", struct ecs_aaa_conf, realm), .min = 1, .max = 255,
     .help = "Diameter: Destination-Realm."},
    {ECS_KEY(STRING, "host", struct ecs_aaa_conf, host), .min = 1, .max = 255,
     .help = "Diameter: Destination-Host of first requests; left out: the realm's routing decides. Later "
             "requests of a "
             "conversation go to the host that answered."},
    {ECS_KEY(ENUM, "auth_request_type", struct ecs_aaa_conf, request_type), .def = "usual",
     .names = request_types,
     .help = "Diameter: Auth-Request-Type; usual: authenticate-only for diameter-eap, authorize-authenticate "
             "for the others."},
    {ECS_KEY(ENUM, "rat_type", struct ecs_aaa_conf, rat), .def = "wlan", .names = rats,
     .help = "swm, sta, swx: RAT-Type."},
    {ECS_KEY(STRING, "anid", struct ecs_aaa_conf, anid), .def = "WLAN", .min = 1, .max = 253,
     .help = "sta: access network identity (ANID); with swx that of EAP-AKA' is sent."},
    {ECS_KEY(STRING, "visited_network", struct ecs_aaa_conf, visited_network), .min = 1, .max = 253,
     .help =
         "swm, sta, swx: Visited-Network-Identifier, \"mnc001.mcc001.3gppnetwork.org\". Left out: not sent."},
    {ECS_KEY(STRING, "apn", struct ecs_aaa_conf, apn), .min = 1, .max = 100,
     .help = "swm, sta: Service-Selection. Left out: not sent."},
    {ECS_KEY(BOOL, "no_state", struct ecs_aaa_conf, no_state),
     .help = "Diameter: ask the server to keep no session (Auth-Session-State). Where it keeps one all the "
             "same, it is "
             "ended by STR after success."},
    {ECS_KEY(STRING_LIST, "servers", struct ecs_aaa_conf, servers), .max = ECS_RADIUS_SERVERS,
     .help = "radius: names in section radius_servers."},
    {ECS_KEY(BOOL, "accept_without_eap", struct ecs_aaa_conf, accept_without_eap),
     .help = "radius: an Access-Accept without EAP-Success inside is taken; off: it is a fault."},
    {ECS_KEY(BOOL, "status_server", struct ecs_aaa_conf, status_server),
     .help = "radius: look for dead servers with Status-Server (RFC 5997)."},
    {ECS_KEY(STRING, "called_station", struct ecs_aaa_conf, called_station), .min = 1, .max = 253,
     .help = "radius: Called-Station-Id. Left out: not sent."},
    {ECS_KEY(STRING, "operator_name", struct ecs_aaa_conf, operator_name), .min = 2, .max = 253,
     .help =
         "radius: Operator-Name with its digit in front (RFC 5580): \"1example.net\". Left out: not sent."},
    {ECS_KEY(STRING, "local_address", struct ecs_aaa_conf, local_address), .min = 2, .max = 64,
     .help = "radius: our address as the servers know it; left out: the kernel's choice."},
    {ECS_KEY(INT, "service_type", struct ecs_aaa_conf, service_type), .def = "0", .min = 0, .max = 255,
     .help = "radius: Service-Type (8: Authenticate-Only); 0: not sent."},
    {ECS_KEY(INT, "nas_port_type", struct ecs_aaa_conf, nas_port_type), .def = "5", .min = 0, .max = 255,
     .help = "radius: NAS-Port-Type (5: Virtual, 19: 802.11); 0: not sent."},
    {ECS_KEY(INT, "framed_mtu", struct ecs_aaa_conf, framed_mtu), .def = "0", .min = 0, .max = 65535,
     .help = "radius: Framed-MTU, which bounds the server's EAP packets; 0: not sent."},
    {ECS_KEY(DURATION_MS, "repeat", struct ecs_aaa_conf, repeat_ms), .def = "2s", .min = 100, .max = 16000,
     .help = "radius: first repetition of an unanswered packet; each further one after twice the time."},
    {ECS_KEY(INT, "sends", struct ecs_aaa_conf, sends), .def = "2", .min = 1, .max = 8, .unit = "packets",
     .help = "radius: to one server while there is another."},
    {ECS_KEY(INT, "dead_after", struct ecs_aaa_conf, dead_after), .def = "3", .min = 1, .max = 100,
     .unit = "requests", .help = "radius: unanswered in a row until a server counts as dead."},
    {ECS_KEY(DURATION_MS, "dead_time", struct ecs_aaa_conf, dead_ms), .def = "30s", .min = 100,
     .max = 3600000, .help = "radius: so long a dead server is not asked."},
    {ECS_KEY(DURATION_MS, "probe", struct ecs_aaa_conf, probe_ms), .def = "10s", .min = 100, .max = 3600000,
     .help = "radius: between two Status-Server."},
    {0},
};

const struct ecs_setting ecs_radius_server_settings[] = {
    {ECS_KEY(STRING, "name", struct ecs_radius_row, name), .flags = ECS_SETTING_REQUIRED, .min = 1, .max = 32,
     .help =
         "Name in other sections, log and metrics: a-z, 0-9 and '-'. Conversations under way refer to it."},
    {ECS_KEY(STRING, "host", struct ecs_radius_row, host), .flags = ECS_SETTING_REQUIRED, .min = 1,
     .max = 255, .help = "Name or address."},
    {ECS_KEY(INT, "port", struct ecs_radius_row, port), .def = "0", .min = 0, .max = 65535,
     .help = "0: 1812, for accounting 1813, with TLS 2083."},
    {ECS_KEY(STRING, "secret", struct ecs_radius_row, secret), .flags = ECS_SETTING_SECRET, .max = 1024,
     .help =
         "Shared secret, at least 16 bytes (fewer in lab mode). With TLS it may be left out: \"radsec\"."},
    {ECS_KEY(BOOL, "tls", struct ecs_radius_row, tls),
     .help = "RadSec (RFC 6614). Off: plain UDP, for a trusted network only."},
    {ECS_KEY(PATH, "ca_file", struct ecs_radius_row, ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "TLS: PEM file of the authorities of the server's certificate; left out: the system's."},
    {ECS_KEY(PATH, "certificate", struct ecs_radius_row, certificate), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "TLS: PEM file of our certificate."},
    {ECS_KEY(PATH, "key", struct ecs_radius_row, key), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "TLS: PEM file of its private key; left out: it stands in the certificate's file."},
    {ECS_KEY(STRING, "tls_name", struct ecs_radius_row, tls_name), .min = 1, .max = 255,
     .help = "TLS: name in the server's certificate; left out: host."},
    {ECS_KEY(INT, "priority", struct ecs_radius_row, priority), .def = "0", .min = 0, .max = 1000,
     .help = "Lower is preferred; servers of the same priority share the conversations."},
    {ECS_KEY(INT, "max_in_flight", struct ecs_radius_row, max_in_flight), .def = "256", .min = 1,
     .max = 10000, .unit = "requests per worker", .help = "Requests under way at a time."},
    {0},
};

/* ---- checks ---- */

bool aaa_fault(struct ecs_faults *faults, const struct ecs_yaml_node *node, const char *key, const char *text)
{
    const struct ecs_yaml_node *at = ecs_yaml_get(node, key);

    ecs_fault_at(faults, at ? at : node, "%s %s", key, text);
    return false;
}

bool aaa_is_name(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name) && name[0] != '-';
}

static bool check_codes(const struct ecs_str_list *list, const char *key, struct ecs_faults *faults,
                        const struct ecs_yaml_node *node)
{
    struct ecs_diameter_result code;

    for (size_t i = 0; i < list->n; i++)
        if (!aaa_code_read(list->items[i], &code))
            return aaa_fault(faults, node, key,
                             "must hold codes from 2002 to 5999: \"5450\" or \"result:5012\"; 1001 and 2001 "
                             "mean what they mean");
    return true;
}

static bool check_user_realms(const struct ecs_aaa_conf *c, struct ecs_faults *faults,
                              const struct ecs_yaml_node *node)
{
    for (size_t i = 0; i < c->user_realms.n; i++)
        if (!ecs_diameter_is_identity(c->user_realms.items[i]) ||
            ecs_str_find(c->user_realms.items[i], ECS_STR("@")) >= 0)
            return aaa_fault(faults, node, "user_realms",
                             "must hold realms: \"nai.example.net\" or \"*.3gppnetwork.org\"");
    if (c->anonymous_realm && !ecs_diameter_is_identity(ecs_str_of(c->anonymous_realm)))
        return aaa_fault(faults, node, "anonymous_realm", "must be a domain name");
    return c->user_realms.n || c->type == ECS_AAA_SWX ||
           aaa_fault(faults, node, "user_realms", "must not be empty: nothing would be handed on");
}

static bool check_diameter(const struct ecs_aaa_conf *c, struct ecs_faults *faults,
                           const struct ecs_yaml_node *node)
{
    if (!c->realm)
        return aaa_fault(faults, node, "realm", "is needed for Diameter");
    if (!ecs_diameter_is_identity(ecs_str_of(c->realm)))
        return aaa_fault(faults, node, "realm", "must be a domain name");
    if (c->host && !ecs_diameter_is_identity(ecs_str_of(c->host)))
        return aaa_fault(faults, node, "host", "must be a domain name");
    return true;
}

bool ecs_aaa_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_aaa_conf *c = section;
    bool good = aaa_is_name(c->name) || aaa_fault(faults, node, "name", "must be made of a-z, 0-9 and '-'");

    good = check_codes(&c->refused_codes, "refused_codes", faults, node) && good;
    good = check_codes(&c->transient_codes, "transient_codes", faults, node) && good;
    good = check_user_realms(c, faults, node) && good;
    if (c->type != ECS_AAA_RADIUS)
        return check_diameter(c, faults, node) && good;
    return (c->servers.n || aaa_fault(faults, node, "servers", "is needed for type radius")) && good;
}

bool ecs_radius_server_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_radius_row *r = section;

    if (!aaa_is_name(r->name))
        return aaa_fault(faults, node, "name", "must be made of a-z, 0-9 and '-'");
    if (!r->tls && (!r->secret || !r->secret[0]))
        return aaa_fault(faults, node, "secret", "is needed without TLS");
    if (!r->tls && (r->ca_file || r->certificate || r->key || r->tls_name))
        return aaa_fault(faults, node, "tls", "must be on where certificates are given");
    if (r->key && !r->certificate)
        return aaa_fault(faults, node, "key", "needs a certificate");
    return true;
}
