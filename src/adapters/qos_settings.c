/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the lists "qos" (networks that are asked for quality of service) and "qos_profiles" (what they are
 * asked for). */
#include <string.h>

#include "adapters/qos_int.h"
#include "ecs/diameter.h"

enum { SECRET_MIN = 32 };

static const char *const auths[] = {"none", "oauth", "basic", "key", NULL};
static const char *const ue_addresses[] = {"none", "request", NULL};

const struct ecs_setting ecs_qos_settings[] = {
    {ECS_KEY(STRING, "name", struct ecs_qos_conf, name), .flags = ECS_SETTING_REQUIRED, .min = 1, .max = 32,
     .help = "Name in rows, log and metrics: a-z, 0-9 and '-'. Requests keep it: do not rename."},
    {ECS_KEY(ENUM, "type", struct ecs_qos_conf, type), .def = "camara-provisioning", .names = ecs_qos_types,
     .help = "camara-provisioning, camara-session: an exposure gateway, by phone number; t8: "
             "AsSessionWithQoS of an SCEF or "
             "NEF; n5: Npcf_PolicyAuthorization of a PCF; rx: a PCRF by Diameter. The latter three need the "
             "device's "
             "address (docs/qos.md)."},
    {ECS_KEY(STRING, "url", struct ecs_qos_conf, url), .def = "", .max = 300,
     .help =
         "Begin of all addresses: https://gateway.example.net; http:// for loopback addresses in lab mode."},
    {ECS_KEY(STRING, "path", struct ecs_qos_conf, path), .max = 200,
     .help = "Path of the API behind it; left out: /qos-provisioning/v0.2, /quality-on-demand/v1, "
             "/3gpp-as-session-with-qos/v1, /npcf-policyauthorization/v1."},
    {ECS_KEY(STRING, "profiles_path", struct ecs_qos_conf, profiles_path), .def = "/qos-profiles/v1",
     .max = 200, .help = "CAMARA: path of the qos-profiles API, for entitlementctl qos check."},
    {ECS_KEY(STRING, "as_id", struct ecs_qos_conf, as_id), .min = 1, .max = 64,
     .help = "t8: our identifier at the network (scsAsId)."},
    {ECS_KEY(ENUM, "auth", struct ecs_qos_conf, auth), .def = "none", .names = auths,
     .help =
         "How we prove ourselves beside a certificate: oauth (client credentials), basic, key (a header)."},
    {ECS_KEY(STRING, "token_url", struct ecs_qos_conf, token_url), .max = 500,
     .help = "oauth: token endpoint."},
    {ECS_KEY(STRING, "client_id", struct ecs_qos_conf, client_id), .max = 255,
     .help = "oauth: client_id; basic: user."},
    {ECS_KEY(STRING, "client_secret", struct ecs_qos_conf, client_secret), .flags = ECS_SETTING_SECRET,
     .max = 1024, .help = "oauth: its secret; basic: password."},
    {ECS_KEY(BOOL, "token_basic", struct ecs_qos_conf, token_basic), .def = "true",
     .help = "oauth: id and secret go to the token endpoint by HTTP Basic; off: in the body."},
    {ECS_KEY(STRING, "scope", struct ecs_qos_conf, scope), .max = 500,
     .help = "oauth: scope of the token; n5: npcf-policyauthorization."},
    {ECS_KEY(STRING, "key_header", struct ecs_qos_conf, key_header), .def = "X-Api-Key", .min = 1, .max = 64,
     .help = "key: name of the header."},
    {ECS_KEY(STRING, "key_value", struct ecs_qos_conf, key_value), .flags = ECS_SETTING_SECRET, .max = 1024,
     .help = "key: its value."},
    {ECS_KEY(PATH, "certificate", struct ecs_qos_conf, certificate), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of our certificate for mutual TLS."},
    {ECS_KEY(PATH, "key", struct ecs_qos_conf, key), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of its private key; left out: it stands in the certificate's file."},
    {ECS_KEY(PATH, "ca_file", struct ecs_qos_conf, ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of the authorities of the network's certificate; left out: the system's."},
    {ECS_KEY(STRING, "realm", struct ecs_qos_conf, realm), .max = 255,
     .help = "rx: Destination-Realm; peers and routes stand in sections diameter_peers and diameter_routes."},
    {ECS_KEY(STRING, "host", struct ecs_qos_conf, host), .max = 255,
     .help = "rx: Destination-Host of first messages; left out: by realm. Later ones go to the PCRF that "
             "answered."},
    {ECS_KEY(STRING, "ip_domain", struct ecs_qos_conf, ip_domain), .max = 128,
     .help = "IP domain of the devices' IPv4 addresses, where they overlap."},
    {ECS_KEY(ENUM, "ue_address", struct ecs_qos_conf, ue_address), .def = "none", .names = ue_addresses,
     .help = "request: the parameters ipv4_addr and ipv6_addr of devices are kept and used; none: only "
             "addresses that "
             "entitlementctl qos apply gives."},
    {ECS_KEY(DURATION_S, "address_age", struct ecs_qos_conf, address_age_s), .def = "1h", .min = 60,
     .max = 86400, .help = "request: an address that is older is not used."},
    {ECS_KEY(STRING, "callback", struct ecs_qos_conf, callback), .def = "", .max = 300,
     .help = "Address of our callback listener as the network reaches it (https://ecs.example.net:8444); "
             "/qos/ and a secret "
             "of each request are added. Needed by t8 and n5; empty: a CAMARA gateway is asked instead."},
    {ECS_KEY(STRING_LIST, "notifiers", struct ecs_qos_conf, notifiers), .max = 16,
     .help = "Subjects of certificates (RFC 2253: \"CN=nef,O=Example\") that may send events to the callback "
             "listener."},
    {ECS_KEY(STRING, "events_token", struct ecs_qos_conf, events_token), .flags = ECS_SETTING_SECRET,
     .max = 1024,
     .help = "Bearer token of at least 32 bytes that its events must bring: told to a CAMARA gateway as "
             "sinkCredential. "
             "Needed for events that come by a Unix socket."},
    {ECS_KEY(BOOL, "wait_for_event", struct ecs_qos_conf, wait_for_event), .def = "true",
     .help =
         "t8, n5, rx: in force when the network tells that resources were allocated; off: with its answer."},
    {ECS_KEY(BOOL, "accept_less", struct ecs_qos_conf, accept_less), .def = "false",
     .help = "n5, rx: when the network refuses and tells the rates that it would grant, these are asked for, "
             "once."},
    {ECS_KEY(DURATION_MS, "connect", struct ecs_qos_conf, connect_ms), .def = "2s", .min = 100, .max = 10000,
     .help = "Longest wait for a connection."},
    {ECS_KEY(DURATION_MS, "timeout", struct ecs_qos_conf, total_ms), .def = "5s", .min = 200, .max = 15000,
     .help = "Longest wait for one answer."},
    {ECS_KEY(INT, "max_in_flight", struct ecs_qos_conf, max_in_flight), .def = "32", .min = 1, .max = 10000,
     .unit = "calls", .help = "Calls under way at a time; more are not made."},
    {ECS_KEY(DURATION_S, "retry", struct ecs_qos_conf, retry_s), .def = "5s", .min = 1, .max = 3600,
     .help = "Wait before a second attempt; doubled with each further one up to 15 minutes."},
    {ECS_KEY(DURATION_S, "give_up", struct ecs_qos_conf, give_up_s), .def = "1h", .min = 1, .max = 604800,
     .help = "A request that could not be put in force so long after its first attempt has failed: alarm, "
             "and an order to "
             "the BSS to compensate it when it was paid for."},
    {ECS_KEY(DURATION_S, "check", struct ecs_qos_conf, check_s), .def = "5m", .min = 1, .max = 86400,
     .help = "The network is asked what has become of a request so often, behind its events."},
    {ECS_KEY(INT, "renewals", struct ecs_qos_conf, renewals), .def = "3", .min = 0, .max = 1000,
     .help = "How often a request is asked for again when the network ends it before its time."},
    {0},
};

const struct ecs_setting ecs_qos_profile_settings[] = {
    {ECS_KEY(STRING, "name", struct ecs_qos_profile_conf, name), .flags = ECS_SETTING_REQUIRED, .min = 1,
     .max = 63, .help = "Name in boosts, plans and requests: a-z, 0-9, '-', '_' and '.'."},
    {ECS_KEY(STRING, "camara_profile", struct ecs_qos_profile_conf, camara_profile), .min = 3, .max = 256,
     .help = "CAMARA: qosProfile (QOS_L, or a name of the operator)."},
    {ECS_KEY(STRING, "server", struct ecs_qos_profile_conf, server), .max = 64,
     .help = "camara-session: applicationServer, an address or a prefix (0.0.0.0/0: all traffic, where the "
             "gateway takes it)."},
    {ECS_KEY(DURATION_S, "duration", struct ecs_qos_profile_conf, duration_s), .def = "1d", .min = 1,
     .max = 31622400,
     .help = "camara-session: duration of each session of a request that has no end of its own."},
    {ECS_KEY(STRING, "qos_reference", struct ecs_qos_profile_conf, qos_reference), .max = 255,
     .help = "t8, n5: qosReference, agreed with the network."},
    {ECS_KEY(STRING, "application", struct ecs_qos_profile_conf, application), .max = 255,
     .help = "rx: AF-Application-Identifier; n5: afAppId; t8: exterAppId."},
    {ECS_KEY(STRING, "down", struct ecs_qos_profile_conf, down), .max = 32,
     .help = "n5, rx: rate towards the device at most: \"10 Mbps\" (bps, Kbps, Mbps, Gbps, Tbps)."},
    {ECS_KEY(STRING, "up", struct ecs_qos_profile_conf, up), .max = 32,
     .help = "n5, rx: rate from the device at most."},
    {ECS_KEY(STRING, "min_down", struct ecs_qos_profile_conf, min_down), .max = 32,
     .help = "n5, rx: rate towards the device at least."},
    {ECS_KEY(STRING, "min_up", struct ecs_qos_profile_conf, min_up), .max = 32,
     .help = "n5, rx: rate from the device at least."},
    {ECS_KEY(STRING, "dnn", struct ecs_qos_profile_conf, dnn), .max = 100, .help = "t8, n5: DNN; rx: APN."},
    {ECS_KEY(INT, "sst", struct ecs_qos_profile_conf, sst), .def = "-1", .min = -1, .max = 255,
     .help = "t8, n5: slice/service type; -1: none."},
    {ECS_KEY(STRING, "sd", struct ecs_qos_profile_conf, sd), .max = 6,
     .help = "t8, n5: slice differentiator, six hexadecimal digits."},
    {ECS_KEY(ENUM, "media", struct ecs_qos_profile_conf, media), .def = "data", .names = qos_media,
     .help = "n5, rx: media type."},
    {ECS_KEY(STRING_LIST, "flows", struct ecs_qos_profile_conf, flows), .max = 2,
     .help = "t8, n5, rx: flow filters (IPFilterRule), at most one for each direction; {ue} becomes the "
             "device's address: "
             "\"permit out ip from 203.0.113.5 to {ue}\". Empty: the network's rule for application or "
             "qos_reference "
             "decides."},
    {0},
};

struct check {
    struct ecs_faults *faults;
    const struct ecs_yaml_node *node;
    bool good;
};

static void fault(struct check *c, const char *key, const char *what)
{
    const struct ecs_yaml_node *at = ecs_yaml_get(c->node, key);

    ecs_fault_at(c->faults, at ? at : c->node, "%s: %s", key, what);
    c->good = false;
}

/* https://, or http:// to a loopback address; without query, fragment and user. */
static bool is_url(const char *url)
{
    static const char *const loopback[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

    if (!url || strpbrk(url, " \t\"<>#?@"))
        return false;
    if (strncmp(url, "https://", 8) == 0)
        return url[8] != '\0' && !strchr("/:", url[8]);
    for (size_t i = 0; i < ECS_ARRAY_LEN(loopback); i++) {
        size_t n = strlen(loopback[i]);

        if (strncmp(url, loopback[i], n) == 0 && strchr(":/", url[n]))
            return true; /* the end of the text, too */
    }
    return false;
}

static bool is_path(const char *path)
{
    size_t n = path ? strlen(path) : 0;

    return n == 0 || (path[0] == '/' && path[n - 1] != '/' && !strpbrk(path, " \t\"<>#?@\\%"));
}

static bool is_word(const char *text, const char *others)
{
    for (; *text; text++)
        if (!((*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') || strchr(others, *text)))
            return false;
    return true;
}

static void check_http(struct check *c, const struct ecs_qos_conf *q)
{
    if (!is_url(q->url))
        fault(c, "url", "must begin with https:// (http:// to a loopback address in lab mode)");
    if (!is_path(q->path))
        fault(c, "path", "must begin with / and not end with it");
    if (!is_path(q->profiles_path))
        fault(c, "profiles_path", "must begin with / and not end with it");
    if (q->auth == ECS_QOS_AUTH_OAUTH && !is_url(q->token_url))
        fault(c, "token_url", "auth: oauth needs it, https://");
    if ((q->auth == ECS_QOS_AUTH_OAUTH || q->auth == ECS_QOS_AUTH_BASIC) &&
        (!q->client_id || !q->client_secret))
        fault(c, "client_id", "auth: oauth and basic need client_id and client_secret");
    if (q->auth == ECS_QOS_AUTH_KEY && !q->key_value)
        fault(c, "key_value", "auth: key needs it");
    if (q->key && !q->certificate)
        fault(c, "key", "needs certificate");
    if (q->type == ECS_QOS_T8 && (!q->as_id || strpbrk(q->as_id, "/?#% \\")))
        fault(c, "as_id", "t8 needs our identifier, as a part of a path");
    if ((q->type == ECS_QOS_T8 || q->type == ECS_QOS_N5) && !q->callback[0])
        fault(c, "callback", "t8 and n5 need an address for events");
}

bool ecs_qos_settings_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_qos_conf *q = section;
    struct check c = {faults, node, true};

    if (!is_word(q->name, "-"))
        fault(&c, "name", "must consist of a-z, 0-9 and '-'");
    if (q->type != ECS_QOS_RX)
        check_http(&c, q);
    else if (!q->realm || !ecs_diameter_is_identity(ecs_str_of(q->realm)))
        fault(&c, "realm", "rx needs the realm of the PCRF");
    if (q->type == ECS_QOS_RX && q->host && !ecs_diameter_is_identity(ecs_str_of(q->host)))
        fault(&c, "host", "is not a Diameter identity");
    if (q->callback[0] && !is_url(q->callback))
        fault(&c, "callback", "must begin with https://");
    if (q->callback[0] && !q->notifiers.n && !q->events_token)
        fault(&c, "callback", "needs notifiers or events_token: nobody could send events");
    if (q->events_token && strlen(q->events_token) < SECRET_MIN)
        fault(&c, "events_token", "must have at least 32 bytes");
    return c.good;
}

static void check_rate(struct check *c, const char *key, const char *text)
{
    uint64_t bps;

    if (text && !qos_rate(text, &bps))
        fault(c, key, "must be a number, a blank and bps, Kbps, Mbps, Gbps or Tbps");
}

bool ecs_qos_profile_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_qos_profile_conf *p = section;
    struct check c = {faults, node, true};

    if (!is_word(p->name, "-_."))
        fault(&c, "name", "must consist of a-z, 0-9, '-', '_' and '.'");
    for (const char *t = p->camara_profile; t && *t; t++)
        if (!((*t >= 'A' && *t <= 'Z') || (*t >= 'a' && *t <= 'z') || (*t >= '0' && *t <= '9') ||
              strchr("_.-", *t))) {
            fault(&c, "camara_profile", "must consist of letters, digits, '_', '.' and '-'");
            break;
        }
    if (p->server && !qos_is_ipv4(p->server, true) && !qos_is_ipv6(p->server, true))
        fault(&c, "server", "must be an IPv4 or IPv6 address or prefix");
    check_rate(&c, "down", p->down);
    check_rate(&c, "up", p->up);
    check_rate(&c, "min_down", p->min_down);
    check_rate(&c, "min_up", p->min_up);
    if (p->sd && (strlen(p->sd) != 6 || strspn(p->sd, "0123456789abcdefABCDEF") != 6 || p->sst < 0))
        fault(&c, "sd", "must be six hexadecimal digits, and needs sst");
    for (size_t i = 0; i < p->flows.n; i++)
        if (!ecs_str_starts_with(p->flows.items[i], ECS_STR("permit out ")) &&
            !ecs_str_starts_with(p->flows.items[i], ECS_STR("permit in ")))
            fault(&c, "flows", "must begin with \"permit out\" or \"permit in\"");
    return c.good;
}
