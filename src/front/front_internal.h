/* SPDX-License-Identifier: Apache-2.0 */
/* One worker's side of the daemon: what a request on this thread works with. */
#pragma once

#include "admission.h"
#include "ecs/app.h"
#include "ecs/auth.h"
#include "ecs/front.h"
#include "ecs/gzip.h"
#include "ecs/lag.h"
#include "ecs/odsa.h"
#include "ecs/userinfo.h"
#include "ecs/worker.h"
#include "last_known.h"
#include "metrics.h"

enum { ECS_LISTENERS_MAX = 40 };

struct ecs_node; /* the process: src/front/node.h */

/* A reload retires an engine that requests still work with; the last of them frees it. */
struct engine {
    unsigned refs; /* of this thread only */
    struct ecs_snapshot *snapshot;
    struct ecs_sealer *token_sealer, *flow_sealer, *key_sealer;
    struct ecs_address_checker *address; /* of the consent pages; NULL: they are off */
    struct ecs_auth_env auth;
    struct ecs_oauth_server *oauth;
    struct ecs_jws_signer *portal_signer; /* of user data; NULL: off */
    char *portal_jwks;         /* its public keys as a JSON Web Key Set; NULL: none are published */
    struct ecs_logins *logins; /* identity providers, one-time codes */
    const struct ecs_str *languages;
    size_t language_n;
    struct ecs_push *push;      /* NULL: no channel is configured */
    struct ecs_neighbour *hook; /* partner's web hook, or NULL */
    const struct ecs_notify_conf *notify;
    unsigned push_channels; /* 1 << enum ecs_push_channel that can be sent by, and bit 0 */
    struct ecs_smdps *smdps;
    struct ecs_bss *bss;
    struct ecs_qos *qos;            /* networks that are asked for quality of service */
    struct ecs_wifi_identity *wifi_identity; /* private identities of ap2013; NULL: no key */
    struct ecs_aaa *aaa; /* AAA servers and HSS */
    struct ecs_accounting *accounting;
    struct ecs_ladder *ladder; /* who proves SIM cards, in order */
    struct ecs_sealer *vector_sealer;
    struct ecs_sealer *code_sealer; /* activation codes in rows */
    struct ecs_odsa_env odsa;       /* eSIM orchestration: operations, journeys */
    struct ecs_userinfo_env userinfo; /* numbers, applications of third parties */
};

/* First member of what http->user points to on the device listeners. */
struct front_user {
    enum { FRONT_DEVICE, FRONT_WEB } kind;
};

struct front {
    struct ecs_worker *worker;
    struct ecs_node *node;
    struct engine *engine; /* the present one */
    struct ecs_crypto *crypto;
    struct ecs_store *store;
    struct ecs_http_pool *pool; /* outgoing calls */
    struct ecs_diameter *diameter; /* outgoing Diameter requests; NULL: none */
    bool diameter_leaving;         /* worker 0: the peers were told */
    struct ecs_gzip *gzip;
    struct ecs_limiter *device_limiter, *source_limiter;
    struct ecs_limiter *verify_limiter; /* VerifyPhoneNumber */
    struct ecs_cidr *proxies;       /* copy for the servers, which outlive the snapshot they began with */
    struct ecs_buf scratch, packed; /* documents are rendered and compressed here, then copied */
    struct ecs_metrics *metrics;
    struct ecs_http_server *servers[ECS_LISTENERS_MAX];
    bool server_is_tls[ECS_LISTENERS_MAX];
    unsigned server_n;
    struct ecs_http_server *admin_servers[8]; /* worker 0 only */
    unsigned admin_server_n;
    struct ecs_http_server *callback_servers[8]; /* worker 0 only */
    unsigned callback_server_n;
    struct ecs_limiter *callback_limiter; /* by partner; NULL: no listener */
    unsigned notes;             /* of misused tokens and changed devices, on their way to the database */
    struct front_user web_user; /* of answers whose call has ended */
    unsigned in_work;
    struct admission admission;
    struct ecs_lag lag;
    struct notify *notify;    /* worker 0 only */
    struct accounting_job *accounting_job; /* worker 0 */
    struct qos_runner *qos;  /* worker 0: requests for quality of service */
    struct bss_job *bss_job; /* worker 0: hubs of the BSS, reading of its changes */
    struct boost_job *boost_job; /* worker 0: orders of boosts */
    struct availability_job *availability; /* worker 0: polls of status systems */
    struct journey_watch *journeys; /* figures of journeys; NULL: none */
    struct ecs_odsa_runner *odsa; /* journeys that this worker is at */
    struct ecs_timer odsa_timer;  /* worker 0 */
    struct last_known *known; /* NULL until the settings ask for it */
    bool draining;
    size_t reap_at; /* table whose turn it is */
    struct ecs_timer reap_timer, announce_timer, drain_timer;
    struct ecs_mail drain_mail;
    int64_t drain_end_us;
};

enum ecs_rc engine_new(struct front *front, struct ecs_snapshot *snapshot, struct engine **ret_engine);
struct engine *engine_ref(struct engine *engine);
void engine_unref(struct engine *engine);

/* The text of an answer into the memory of its request, whose calls have arenas of their own; what does not fit is 503
 * with the fallback. */
void front_take_body(struct ecs_http_request *http, const struct ecs_buf *text, struct ecs_str fallback,
                     struct ecs_http_reply *reply);
/* False: no memory. What does not fit must not look as if it were absent. */
bool front_keep(struct ecs_arena *arena, struct ecs_str text, struct ecs_str *ret_copy);

/* Handlers of the device listeners (struct ecs_http_server_conf): env is the front. front_handle gives what
 * lies under web.path to web_handle, everything else to device_handle. */
void front_handle(struct ecs_http_request *http);
void device_handle(struct ecs_http_request *http);
/* Called by the server for every answer. */
void front_answered(const struct ecs_http_request *http, int status, size_t body_bytes);
void device_answered(const struct ecs_http_request *http, int status, size_t body_bytes);
/* False: not a path of the web pages and endpoints. */
bool web_handle(struct ecs_http_request *http);
void web_answered(const struct ecs_http_request *http, int status, size_t body_bytes);
