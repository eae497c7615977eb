/* SPDX-License-Identifier: Apache-2.0 */
/* Sections aaa, radius_servers, diameter, diameter_peers and diameter_routes of the configuration: whom we
 * ask about subscribers, and how these are reached. Operators' page: docs/aaa.md. */
#pragma once

#include "ecs/aaa.h"
#include "ecs/diameter_peer.h"
#include "ecs/radius_client.h"

enum ecs_aaa_request_type { ECS_AAA_REQUEST_USUAL, ECS_AAA_AUTHENTICATE, ECS_AAA_AUTHORIZE_AUTHENTICATE };
enum ecs_aaa_rat { ECS_AAA_RAT_NONE, ECS_AAA_RAT_WLAN, ECS_AAA_RAT_VIRTUAL };

/* One row of "aaa". Strings that are left out are NULL. */
struct ecs_aaa_conf {
    const char *name;
    int type; /* enum ecs_aaa_type */
    struct ecs_str_list user_realms;
    const char *anonymous_realm;
    struct ecs_str_list refused_codes, transient_codes;
    int64_t limit_ms;
    bool accept_at_once;
    bool terminal_information;
    const char *nas_identifier;
    /* Diameter */
    const char *realm, *host;
    int request_type, rat; /* enum ecs_aaa_request_type, ecs_aaa_rat */
    const char *anid, *visited_network, *apn;
    bool no_state;
    /* RADIUS */
    struct ecs_str_list servers;
    bool accept_without_eap, status_server;
    const char *called_station, *operator_name, *local_address;
    int64_t service_type, nas_port_type, framed_mtu;
    int64_t repeat_ms, sends, dead_after, dead_ms, probe_ms;
};

struct ecs_radius_row {
    const char *name, *host;
    int64_t port;
    const char *secret;
    bool tls;
    const char *ca_file, *certificate, *key, *tls_name;
    int64_t priority, max_in_flight;
};

struct ecs_diameter_section {
    const char *host, *realm; /* host "": no Diameter */
    int64_t vendor_id;
    struct ecs_str_list addresses, applications;
    bool use_reopening;
};

struct ecs_diameter_peer_row {
    const char *name, *host;
    int64_t port;
    int transport; /* 0 TCP, 1 SCTP */
    const char *identity;
    bool tls;
    const char *ca_file, *certificate, *key, *tls_name;
    int64_t connect_ms, answer_ms, watchdog_ms, reconnect_ms, max_in_flight;
};

struct ecs_diameter_route_row {
    const char *realm;
    int application; /* index in ecs_diameter_application_names; 0: any */
    const char *peer;
    int64_t priority, weight;
};

extern const struct ecs_setting ecs_aaa_settings[], ecs_radius_server_settings[], ecs_diameter_settings[],
    ecs_diameter_peer_settings[], ecs_diameter_route_settings[];
/* Checks of single sections and rows. */
bool ecs_aaa_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);
bool ecs_radius_server_check(const void *section, struct ecs_faults *faults,
                             const struct ecs_yaml_node *node);
bool ecs_diameter_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);
bool ecs_diameter_peer_check(const void *section, struct ecs_faults *faults,
                             const struct ecs_yaml_node *node);

struct ecs_accounting_conf; /* ecs/accounting.h */

/* All these sections together. */
struct ecs_aaa_sections {
    const struct ecs_aaa_conf *aaa;
    size_t aaa_n;
    const struct ecs_radius_row *radius;
    size_t radius_n;
    const struct ecs_diameter_section *diameter;
    const struct ecs_diameter_peer_row *peers;
    size_t peers_n;
    const struct ecs_diameter_route_row *routes;
    size_t routes_n;
    const struct ecs_accounting_conf *accounting; /* NULL: not looked at */
    bool production;
};
/* What they must not say together: names twice, references to nothing, short secrets ...; doubts that do not
 * refuse a configuration go to warnings. */
void ecs_aaa_check_all(const struct ecs_aaa_sections *s, const char *path, struct ecs_faults *faults,
                       struct ecs_faults *warnings);

/* Providers by their place in the section; the client of one of type radius, else NULL: for views. */
size_t ecs_aaa_count(const struct ecs_aaa *aaa);
const struct ecs_radius *ecs_aaa_radius(const struct ecs_aaa *aaa, size_t i);

extern const char *const ecs_diameter_application_names[]; /* "any", "eap", "swm" ..., NULL at the end */
uint32_t ecs_diameter_application_id(int application);     /* of an index of the names; 0: any */

/* The rows as the node takes them (ecs/diameter_peer.h); strings are borrowed. Without routes every peer
 * serves every realm. False: no memory in the arena. */
bool ecs_diameter_identity_of(const struct ecs_diameter_section *section,
                              struct ecs_diameter_identity *ret_identity);
bool ecs_diameter_conf_of(const struct ecs_aaa_sections *s, struct ecs_arena *arena,
                          struct ecs_neighbour_stats *(*stats)(void *arg, const char *name), void *stats_arg,
                          struct ecs_diameter_conf *ret_conf) ECS_MUST_CHECK;
/* One row for the client; stats left out. */
struct ecs_radius_server_conf ecs_radius_conf_of(const struct ecs_radius_row *row, bool lab);
