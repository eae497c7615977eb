/* SPDX-License-Identifier: Apache-2.0 */
/* Policy towards the network (PCRF, PCF, exposure gateway): a request for quality of service is a row first
 * and a call later, in the background; no answer to a device waits for it. pcrf.md 1 to 5. */
#pragma once

#include "ecs/diameter.h"
#include "ecs/neighbour.h"
#include "ecs/setting.h"

struct ecs_diameter;
struct ecs_qos; /* of one engine: the networks of its configuration */

enum ecs_qos_type {
    ECS_QOS_CAMARA_PROVISIONING, /* qos-provisioning: persistent, by phone number */
    ECS_QOS_CAMARA_SESSION,      /* quality-on-demand: timed, with an application server */
    ECS_QOS_T8,                  /* AsSessionWithQoS (TS 29.122) */
    ECS_QOS_N5,                  /* Npcf_PolicyAuthorization (TS 29.514), HTTP/2 */
    ECS_QOS_RX,                  /* Diameter Rx (TS 29.214) */
    ECS_QOS_TYPE_COUNT
};
extern const char *const ecs_qos_types[ECS_QOS_TYPE_COUNT + 1];

enum { ECS_QOS_AUTH_NONE, ECS_QOS_AUTH_OAUTH, ECS_QOS_AUTH_BASIC, ECS_QOS_AUTH_KEY };
enum { ECS_QOS_UE_NONE, ECS_QOS_UE_REQUEST };
/* One row of the list section "qos": a network. */
struct ecs_qos_conf {
    const char *name;
    int type, auth, ue_address;
    const char *url, *path, *as_id, *profiles_path;
    const char *certificate, *key, *ca_file;                   /* PEM files; NULL: none */
    const char *token_url, *client_id, *client_secret, *scope; /* OAuth 2.0 client credentials; Basic */
    bool token_basic;
    const char *key_header, *key_value;
    const char *realm, *host;      /* Rx: of the PCRF; host NULL: by realm */
    const char *ip_domain;         /* NULL: none */
    const char *callback;          /* base of our callback listener as the network reaches it; "": none */
    struct ecs_str_list notifiers; /* subjects of certificates that may send events */
    const char *events_token;      /* bearer of its events; NULL: none */
    bool wait_for_event, accept_less;
    int64_t connect_ms, total_ms, max_in_flight;
    int64_t give_up_s, retry_s, check_s, renewals, address_age_s;
};
extern const struct ecs_setting ecs_qos_settings[];
bool ecs_qos_settings_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);

/* One row of the list section "qos_profiles": a name and its parameters per dialect; NULL: not given. */
struct ecs_qos_profile_conf {
    const char *name;
    const char *camara_profile, *server;       /* QOS_L; application server, address or prefix */
    int64_t duration_s;                        /* asked for where a dialect needs one and none is wanted */
    const char *qos_reference, *application;   /* T8, N5; AF-Application-Identifier, afAppId, exterAppId */
    const char *down, *up, *min_down, *min_up; /* "10 Mbps" */
    const char *dnn;
    int64_t sst; /* -1: none */
    const char *sd;
    int media;
    struct ecs_str_list flows; /* IPFilterRules with {ue} */
};
extern const struct ecs_setting ecs_qos_profile_settings[];
bool ecs_qos_profile_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);

struct ecs_qos_env {
    struct ecs_http_pool *pool;
    struct ecs_diameter *diameter; /* NULL: none; Rx is then tried again later */
    const struct ecs_qos_conf *networks;
    size_t network_n;
    const struct ecs_qos_profile_conf *profiles;
    size_t profile_n;
    struct ecs_neighbour_stats *(*stats_of)(void *arg, const char *name); /* "qos-NAME"; NULL: none */
    void *stats_arg;
    bool lab;
};
/* Configuration borrowed. NULL: no memory. */
struct ecs_qos *ecs_qos_new(const struct ecs_qos_env *env) ECS_MUST_CHECK;
void ecs_qos_free(struct ecs_qos *qos); /* NULL allowed; after its calls have ended */
/* NULL: there is none of that name. */
const struct ecs_qos_conf *ecs_qos_network(const struct ecs_qos *qos, struct ecs_str name);
const struct ecs_qos_profile_conf *ecs_qos_profile(const struct ecs_qos *qos, struct ecs_str name);
const struct ecs_qos_env *ecs_qos_env_of(const struct ecs_qos *qos);
/* Can this network be asked for this profile? NULL, or what is missing (static). */
const char *ecs_qos_fault(const struct ecs_qos_conf *network, const struct ecs_qos_profile_conf *profile);

/* What a dialect is asked with, and what comes of it. */
struct ecs_qos_subject {
    struct ecs_str imsi, msisdn;
    struct ecs_str ue_ipv4, ue_ipv6; /* of the device in the operator's network; {NULL, 0}: not known */
};
enum ecs_qos_outcome {
    ECS_QOS_DONE,    /* in force, or released */
    ECS_QOS_PENDING, /* taken; an event or a query tells the rest */
    ECS_QOS_AGAIN,   /* not now: retry_after_s */
    ECS_QOS_REFUSED, /* never: why */
    ECS_QOS_GONE,    /* query, release: the network does not know it (any more) */
    ECS_QOS_OUTCOME_COUNT
};
extern const char *const ecs_qos_outcomes[ECS_QOS_OUTCOME_COUNT];
struct ecs_qos_call {
    /* in; texts borrowed until the call is over */
    struct ecs_str network, profile; /* names of rows */
    struct ecs_str key;              /* of our row: correlation; printable, at most 64 characters */
    struct ecs_str sink;             /* last part of the address for events: letters, digits, '-' */
    struct ecs_qos_subject subject;
    int64_t seconds;       /* wanted duration; 0: until released */
    struct ecs_str handle; /* what the network gave, or ecs_qos_prepare; {NULL, 0}: nothing yet */
    struct ecs_str host;   /* who has the session; {NULL, 0}: not known */
    struct ecs_str former; /* handle of another session of this line at this network; {NULL, 0}: none */
    bool repeated;         /* sent before, nobody knows what became of it */
    bool active;           /* query: it was in force so far */
    /* out */
    enum ecs_qos_outcome outcome;
    const char *why;                     /* no identifiers; NULL with DONE, PENDING */
    struct ecs_str handle_out, host_out; /* arena; {NULL, 0}: as before */
    int64_t ends_at;                     /* Unix seconds as the network says; 0: not told */
    uint32_t retry_after_s;              /* 0: not told */
    bool waits;                          /* AGAIN: until the device is there */
    bool former_ended;                   /* the former session had to go */
    bool unknown;                        /* AGAIN: there was no answer, the network may have made it */
};
/* A handle that must be stored before the call is made (Rx: Session-Id): into call->handle. {NULL, 0} stays:
 * the network gives it. False: no memory. Does not wait. */
bool ecs_qos_prepare(struct ecs_qos *qos, struct ecs_qos_call *call, struct ecs_arena *arena) ECS_MUST_CHECK;
/* The handle is of another identity of ours (Rx: Session-Id of another node): released, then asked for anew. */
bool ecs_qos_is_foreign(const struct ecs_qos *qos, const struct ecs_qos_call *call);
/* May wait, each exchange as long as the network's timeout, three of them at most and one for a token; never
 * fail the flow; use one table of it. Nothing is made twice: see repeated. */
enum ecs_next ecs_qos_apply(struct ecs_flow *f, struct ecs_qos *qos, struct ecs_qos_call *call);
enum ecs_next ecs_qos_release(struct ecs_flow *f, struct ecs_qos *qos, struct ecs_qos_call *call);
enum ecs_next ecs_qos_query(struct ecs_flow *f, struct ecs_qos *qos, struct ecs_qos_call *call);

/* What an exposure gateway knows of its profiles (CAMARA qos-profiles). */
struct ecs_qos_known {
    struct ecs_str name, status;
    int64_t min_s, max_s; /* 0: not told */
};
struct ecs_qos_knowns {
    enum ecs_qos_outcome outcome; /* DONE; REFUSED: this network has no such question */
    const char *why;
    struct ecs_qos_known *rows;
    size_t n;
};
enum ecs_next ecs_qos_profiles(struct ecs_flow *f, struct ecs_qos *qos, struct ecs_str network,
                               struct ecs_qos_knowns *ret_knowns);

/* ---- what a network tells by itself, pure ---- */

enum ecs_qos_news {
    ECS_QOS_NEWS_NONE, /* well-formed, says nothing about the state */
    ECS_QOS_NEWS_ACTIVE,
    ECS_QOS_NEWS_LOST,    /* not in force, still to be taken back */
    ECS_QOS_NEWS_EXPIRED, /* its time is over */
    ECS_QOS_NEWS_DELETED, /* taken back */
    ECS_QOS_NEWS_COUNT
};
extern const char *const ecs_qos_news_words[ECS_QOS_NEWS_COUNT]; /* of qos_told */
enum ecs_qos_door {
    ECS_QOS_DOOR_EVENT,
    ECS_QOS_DOOR_NOTIFY,
    ECS_QOS_DOOR_TERMINATE
}; /* the latter two: N5 */
struct ecs_qos_event {
    enum ecs_qos_news news;
    struct ecs_str handle; /* {NULL, 0}: not told */
    int64_t ends_at;       /* 0: not told */
    const char *why;       /* static */
};
/* ECS_E_BAD_PARAMETER with a constant sentence for what cannot be read. */
enum ecs_rc ecs_qos_event_read(const struct ecs_qos_conf *network, enum ecs_qos_door door,
                               struct ecs_arena *arena, struct ecs_str body, struct ecs_qos_event *ret_event,
                               const char **ret_why);
/* RAR or ASR of Rx; false: neither, or without Session-Id. */
bool ecs_qos_rx_read(const struct ecs_diameter_message *message, struct ecs_qos_event *ret_event);
