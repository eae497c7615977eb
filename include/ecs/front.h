/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the daemon (one struct per section of the configuration file) and the snapshot that a
 * request keeps from its first to its last step. */
#pragma once

#include <stdatomic.h>

#include "ecs/auth.h"
#include "ecs/conf.h"
#include "ecs/http_server.h"
#include "ecs/keyring.h"
#include "ecs/messages.h"
#include "ecs/policy.h"
#include "ecs/sim.h"
#include "ecs/ts43.h"

enum ecs_mode { ECS_MODE_LAB, ECS_MODE_PRODUCTION };

struct ecs_server_conf {
    int mode;        /* enum ecs_mode */
    int64_t workers; /* 0: one per processor */
    int log_level;   /* index in the names of the setting */
    int log_target;
    int64_t drain_s;
    const char *name; /* of this node, in start messages */
};

struct ecs_device_conf {
    struct ecs_str_list listen, plain_listen, trusted_proxies;
    const char *path; /* "/": every path is the entitlement resource */
    bool post;
    const char *default_language;
    const char *version_min, *version_max; /* "" none */
    struct ecs_str_list version_map;       /* "2.0-2.9=5.0" */
    struct ecs_str_list irat_spelling;     /* table, aosp, example */
    int64_t jitter_percent;
    int64_t gzip_min;            /* bytes of a body worth compressing; 0 = never */
    struct ecs_str_list offered; /* AppIDs that this deployment offers */
};

struct ecs_limits_conf {
    int64_t body, inflated, head, arena, connections, per_prefix;
    int64_t handshake_ms, read_ms, idle_ms, write_ms;
    int64_t device_per_minute, device_burst;
    int64_t in_work; /* requests per worker that wait for something */
    int64_t backlog, answer_target_ms, lag_target_ms, eap_outstanding, overload_retry_s;
};

/* Answers from memory while the database is away. */
struct ecs_last_known_conf {
    int64_t max_age_s, entries, validity_s; /* max_age_s 0: never */
    struct ecs_str_list apps;
};

struct ecs_tls_conf {
    const char *ticket_key;
    const char *priority;
};

struct ecs_certificate_conf {
    const char *certificate, *key;
};

struct ecs_database_conf {
    const char *conninfo;
    int64_t connections, statement_timeout_ms, max_waiting;
};

/* Pages for people and endpoints for servers, on the device listeners. */
struct ecs_callback_conf; /* src/front/callback.h */

struct ecs_web_conf {
    const char *public_url; /* "https://aes.example", without a slash at its end; "": none */
    const char *path;       /* "/web" */
};

struct ecs_policy_conf {
    const char *directory, *messages, *portal_url;
    int64_t utc_offset_minutes;
};

/* Who may open a socket has its role: the permissions of the file decide. */
struct ecs_admin_conf {
    const char *socket, *care_socket, *viewer_socket; /* the latter two NULL: none */
    int64_t socket_mode;                              /* octal digits as a decimal number: 660 */
    const char *metrics_listen;                       /* "": none */
};

extern const struct ecs_section ecs_sections[];

/* Everything a request needs to be decided by, immutable; workers hold references. */
struct ecs_snapshot {
    _Atomic unsigned refs;
    struct ecs_conf *conf;
    const struct ecs_server_conf *server;
    const struct ecs_device_conf *device;
    const struct ecs_limits_conf *limits;
    const struct ecs_database_conf *database;
    const struct ecs_policy_conf *policy_conf;
    const struct ecs_auth_conf *auth;
    const struct ecs_admin_conf *admin;
    const struct ecs_web_conf *web;
    const struct ecs_callback_conf *callback;
    const struct ecs_websheet_conf *websheet;
    const struct ecs_address_conf *address;
    struct sheet_set *sheets; /* pages; NULL: none are served */
    const char *portal_url;   /* that flow-url "portal" stands for; "" none */
    const char *pages_url;    /* likewise of boost, billing, satmode, without their name; "": portal_url is it */
    const struct ecs_last_known_conf *last_known;
    struct ecs_policy *policy;
    struct ecs_messages *messages;
    struct ecs_keyring token_keys, subscriber_keys;
    struct ecs_identity_keys *identity_keys; /* NULL: none */
    struct ecs_http_tls *tls;          /* NULL without certificates */
    struct ecs_http_tls *callback_tls; /* of the listener for portal partners; NULL: none */
    struct ecs_version_bounds bounds;
    struct ecs_version_map *version_map;
    size_t version_map_n;
    struct ecs_gate gate; /* of the facts: brands of SIMs, home networks */
    struct ecs_plmn *plmns;
    size_t plmn_n;
    struct ecs_cidr *proxies;
    size_t proxy_n;
    unsigned irat_names;      /* bits: 1 table, 2 aosp, 4 example (ecs/app.h) */
    unsigned offered;         /* bit 1 << enum ecs_app */
    unsigned last_known_apps; /* the same: may be answered from memory */
    struct ecs_arena *arena;
};

/* Reads and checks everything on disk: configuration, policy, messages, keys, certificates. NULL with all
 * faults. On reload previous gives what is kept (ticket key). Warnings do not fail: they are faults counted
 * in ret_warnings. */
struct ecs_snapshot *ecs_snapshot_load(const char *path, const struct ecs_snapshot *previous,
                                       struct ecs_faults *faults, struct ecs_faults *warnings);
struct ecs_snapshot *ecs_snapshot_ref(struct ecs_snapshot *snapshot);
void ecs_snapshot_unref(struct ecs_snapshot *snapshot);

/* Runs the node with this snapshot (whose reference it takes over) until SIGTERM, on the calling thread:
 * signals SIGHUP, SIGTERM and SIGINT must be blocked. Returns the exit status; faults go to the log. */
int ecs_node_run(const char *conf_path, struct ecs_snapshot *snapshot);
