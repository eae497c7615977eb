/* SPDX-License-Identifier: Apache-2.0 */
/* Sections diameter, diameter_peers and diameter_routes: who we are, whom we connect to, who serves which
 * realm. */
#include <arpa/inet.h>
#include <string.h>

#include "adapters/aaa_int.h"

const char *const ecs_diameter_application_names[] = {"any", "eap", "swm",        "sta",
                                                      "swx", "rx",  "accounting", NULL};

static const struct {
    uint32_t id, vendor;
} applications[] = {
    {0, 0},
    {ECS_DIAMETER_APP_EAP, 0},
    {ECS_DIAMETER_APP_SWM, ECS_DIAMETER_TGPP},
    {ECS_DIAMETER_APP_STA, ECS_DIAMETER_TGPP},
    {ECS_DIAMETER_APP_SWX, ECS_DIAMETER_TGPP},
    {ECS_DIAMETER_APP_RX, ECS_DIAMETER_TGPP},
    {ECS_DIAMETER_APP_ACCT, 0},
};
static const char *const transports[] = {"tcp", "sctp", NULL};

const struct ecs_setting ecs_diameter_settings[] = {
    {ECS_KEY(STRING, "host", struct ecs_diameter_section, host), .def = "", .max = 255,
     .reload = ECS_RELOAD_RESTART,
     .help = "Our Origin-Host, different on each node: \"ecs1.example.net\". Empty: no Diameter."},
    {ECS_KEY(STRING, "realm", struct ecs_diameter_section, realm), .def = "", .max = 255,
     .reload = ECS_RELOAD_RESTART, .help = "Our Origin-Realm."},
    {ECS_KEY(INT, "vendor_id", struct ecs_diameter_section, vendor_id), .def = "0", .min = 0, .max = 16777215,
     .reload = ECS_RELOAD_RESTART,
     .help = "Vendor-Id of our capabilities: the operator's number at IANA, or 0."},
    {ECS_KEY(STRING_LIST, "addresses", struct ecs_diameter_section, addresses), .max = ECS_DIAMETER_ADDRESSES,
     .reload = ECS_RELOAD_RESTART,
     .help = "Host-IP-Address of our capabilities; empty: those of all interfaces."},
    {ECS_KEY(STRING_LIST, "applications", struct ecs_diameter_section, applications),
     .def = "eap, swm, sta, swx, rx, accounting", .max = ECS_DIAMETER_APPLICATIONS,
     .reload = ECS_RELOAD_RESTART,
     .help = "Applications of our capabilities: eap, swm, sta, swx, rx, accounting."},
    {ECS_KEY(BOOL, "use_reopening", struct ecs_diameter_section, use_reopening),
     .help = "A peer that came back after a failure serves after one watchdog when no other does; off: after "
             "three (RFC 3539)."},
    {0},
};

const struct ecs_setting ecs_diameter_peer_settings[] = {
    {ECS_KEY(STRING, "name", struct ecs_diameter_peer_row, name), .flags = ECS_SETTING_REQUIRED, .min = 1,
     .max = 32, .help = "Name in routes, log and metrics: a-z, 0-9 and '-'."},
    {ECS_KEY(STRING, "host", struct ecs_diameter_peer_row, host), .flags = ECS_SETTING_REQUIRED, .min = 1,
     .max = 255, .help = "Name or address to connect to."},
    {ECS_KEY(INT, "port", struct ecs_diameter_peer_row, port), .def = "0", .min = 0, .max = 65535,
     .help = "0: 3868, with TLS 5658."},
    {ECS_KEY(ENUM, "transport", struct ecs_diameter_peer_row, transport), .def = "tcp", .names = transports,
     .help = "sctp: only when the daemon was built with ECS_SCTP; without TLS."},
    {ECS_KEY(STRING, "identity", struct ecs_diameter_peer_row, identity), .min = 1, .max = 255,
     .help = "Origin-Host that the peer must have; left out: any."},
    {ECS_KEY(BOOL, "tls", struct ecs_diameter_peer_row, tls),
     .help = "TLS from the first byte on. Off: for a trusted network only."},
    {ECS_KEY(PATH, "ca_file", struct ecs_diameter_peer_row, ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "TLS: PEM file of the authorities of the peer's certificate; left out: the system's."},
    {ECS_KEY(PATH, "certificate", struct ecs_diameter_peer_row, certificate),
     .flags = ECS_SETTING_FILE_MUST_EXIST, .help = "TLS: PEM file of our certificate."},
    {ECS_KEY(PATH, "key", struct ecs_diameter_peer_row, key), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "TLS: PEM file of its private key; left out: it stands in the certificate's file."},
    {ECS_KEY(STRING, "tls_name", struct ecs_diameter_peer_row, tls_name), .min = 1, .max = 255,
     .help = "TLS: name in the peer's certificate; left out: identity, else host."},
    {ECS_KEY(DURATION_MS, "connect", struct ecs_diameter_peer_row, connect_ms), .def = "5s", .min = 100,
     .max = 60000, .help = "Longest wait for connection, TLS and capabilities."},
    {ECS_KEY(DURATION_MS, "timeout", struct ecs_diameter_peer_row, answer_ms), .def = "8s", .min = 100,
     .max = 20000, .help = "Longest wait for an answer until another peer is tried."},
    {ECS_KEY(DURATION_MS, "watchdog", struct ecs_diameter_peer_row, watchdog_ms), .def = "30s", .min = 500,
     .max = 600000,
     .help = "Idle time until the peer is asked whether it is alive (Tw; RFC 3539 wants 6s at least)."},
    {ECS_KEY(DURATION_MS, "reconnect", struct ecs_diameter_peer_row, reconnect_ms), .def = "30s", .min = 100,
     .max = 600000,
     .help = "Longest rest until the next attempt to connect (Tc); the first ones come earlier."},
    {ECS_KEY(INT, "max_in_flight", struct ecs_diameter_peer_row, max_in_flight), .def = "256", .min = 1,
     .max = 4000, .unit = "requests", .help = "Requests of the whole node under way at this peer."},
    {0},
};

const struct ecs_setting ecs_diameter_route_settings[] = {
    {ECS_KEY(STRING, "realm", struct ecs_diameter_route_row, realm), .def = "*", .min = 1, .max = 255,
     .help = "Destination-Realm that the peer serves; \"*\": any. Rows of the realm itself go before those "
             "of \"*\"."},
    {ECS_KEY(ENUM, "application", struct ecs_diameter_route_row, application), .def = "any",
     .names = ecs_diameter_application_names, .help = "Application that the row is for."},
    {ECS_KEY(STRING, "peer", struct ecs_diameter_route_row, peer), .flags = ECS_SETTING_REQUIRED, .min = 1,
     .max = 32, .help = "Name in section diameter_peers."},
    {ECS_KEY(INT, "priority", struct ecs_diameter_route_row, priority), .def = "0", .min = 0, .max = 1000,
     .help = "Lower is preferred."},
    {ECS_KEY(INT, "weight", struct ecs_diameter_route_row, weight), .def = "1", .min = 1, .max = 1000,
     .help = "Share of the requests among rows of the same priority."},
    {0},
};

uint32_t ecs_diameter_application_id(int application)
{
    return application > 0 && (size_t)application < ECS_ARRAY_LEN(applications) ? applications[application].id
                                                                                : 0;
}

static int find_application(struct ecs_str name)
{
    for (int i = 1; ecs_diameter_application_names[i]; i++)
        if (ecs_str_eq(name, ecs_str_of(ecs_diameter_application_names[i])))
            return i;
    return 0;
}

/* ---- checks ---- */

static bool is_address(struct ecs_str text)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, text.p, bytes) == 1 || inet_pton(AF_INET6, text.p, bytes) == 1;
}

bool ecs_diameter_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_diameter_section *s = section;
    bool good = true;

    if (!s->host[0])
        return true;
    if (!ecs_diameter_is_identity(ecs_str_of(s->host)))
        good = aaa_fault(faults, node, "host", "must be a domain name");
    if (!ecs_diameter_is_identity(ecs_str_of(s->realm)))
        good = aaa_fault(faults, node, "realm", "is needed beside host: a domain name");
    for (size_t i = 0; i < s->addresses.n; i++)
        if (!is_address(s->addresses.items[i]))
            good = aaa_fault(faults, node, "addresses", "must be numeric addresses");
    for (size_t i = 0; i < s->applications.n; i++)
        if (!find_application(s->applications.items[i]))
            good = aaa_fault(faults, node, "applications", "are eap, swm, sta, swx, rx and accounting");
    return (s->applications.n || aaa_fault(faults, node, "applications", "must not be empty")) && good;
}

bool ecs_diameter_peer_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_diameter_peer_row *p = section;
    bool good = aaa_is_name(p->name) || aaa_fault(faults, node, "name", "must be made of a-z, 0-9 and '-'");

    if (p->identity && !ecs_diameter_is_identity(ecs_str_of(p->identity)))
        good = aaa_fault(faults, node, "identity", "must be a domain name");
    if (!p->tls && (p->ca_file || p->certificate || p->key || p->tls_name))
        good = aaa_fault(faults, node, "tls", "must be on where certificates are given");
    if (p->key && !p->certificate)
        good = aaa_fault(faults, node, "key", "needs a certificate");
    if (p->transport && p->tls)
        good = aaa_fault(faults, node, "transport",
                         "sctp is not offered with TLS: IPsec protects it, or TCP with TLS");
    if (p->transport && !ecs_diameter_has_sctp())
        good = aaa_fault(faults, node, "transport",
                         "sctp: this daemon was built without it (CMake option ECS_SCTP)");
    return good;
}

/* ---- as the node takes them ---- */

bool ecs_diameter_identity_of(const struct ecs_diameter_section *section,
                              struct ecs_diameter_identity *ret_identity)
{
    struct ecs_diameter_identity *to = ret_identity;
    size_t n = 0;

    if (!section->host[0])
        return false;
    *to = (struct ecs_diameter_identity){
        .host = section->host, .realm = section->realm, .vendor_id = (uint32_t)section->vendor_id};
    for (size_t i = 0; i < section->addresses.n && i < ECS_DIAMETER_ADDRESSES; i++)
        to->addresses[i] = section->addresses.items[i].p;
    for (size_t i = 0; i < section->applications.n && n < ECS_DIAMETER_APPLICATIONS; i++) {
        int at = find_application(section->applications.items[i]);

        if (!at)
            continue;
        to->application[n].id = applications[at].id;
        to->application[n].vendor = applications[at].vendor;
        to->application[n++].accounting = applications[at].id == ECS_DIAMETER_APP_ACCT;
    }
    return true;
}

static struct ecs_diameter_peer_conf peer_of(const struct ecs_diameter_peer_row *r)
{
    return (struct ecs_diameter_peer_conf){
        .name = r->name,
        .host = r->host,
        .port = (uint16_t)r->port,
        .sctp = r->transport != 0,
        .identity = r->identity,
        .tls = r->tls,
        .ca_file = r->ca_file,
        .cert_file = r->certificate,
        .key_file = r->key,
        .tls_name = r->tls_name,
        .connect_ms = (uint32_t)r->connect_ms,
        .answer_ms = (uint32_t)r->answer_ms,
        .watchdog_ms = (uint32_t)r->watchdog_ms,
        .reconnect_ms = (uint32_t)r->reconnect_ms,
        .max_in_flight = (unsigned)r->max_in_flight,
    };
}

bool ecs_diameter_conf_of(const struct ecs_aaa_sections *s, struct ecs_arena *arena,
                          struct ecs_neighbour_stats *(*stats)(void *arg, const char *name), void *stats_arg,
                          struct ecs_diameter_conf *ret_conf)
{
    size_t routes_n = s->routes_n ? s->routes_n : s->peers_n;
    struct ecs_diameter_peer_conf *peers = ecs_alloc(arena, (s->peers_n + 1) * sizeof(*peers));
    struct ecs_diameter_route *routes = ecs_alloc(arena, (routes_n + 1) * sizeof(*routes));

    if (!peers || !routes)
        return false;
    for (size_t i = 0; i < s->peers_n; i++) {
        char name[ECS_DIAMETER_NAME];

        peers[i] = peer_of(&s->peers[i]);
        snprintf(name, sizeof(name), "diameter-%s", s->peers[i].name);
        peers[i].stats = stats ? stats(stats_arg, name) : NULL;
    }
    for (size_t i = 0; i < routes_n; i++)
        routes[i] = s->routes_n ? (struct ecs_diameter_route){.realm = s->routes[i].realm,
                                                              .application = ecs_diameter_application_id(
                                                                  s->routes[i].application),
                                                              .peer = s->routes[i].peer,
                                                              .priority = (unsigned)s->routes[i].priority,
                                                              .weight = (unsigned)s->routes[i].weight}
                                : (struct ecs_diameter_route){.realm = "*", .peer = s->peers[i].name};
    *ret_conf = (struct ecs_diameter_conf){.peers = peers,
                                           .peers_n = s->peers_n,
                                           .routes = routes,
                                           .routes_n = routes_n,
                                           .use_reopening = s->diameter->use_reopening};
    return true;
}
