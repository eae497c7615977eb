/* SPDX-License-Identifier: Apache-2.0 */
/* The listener for servers: those of operator-hosted and third-party pages, which resolve hand-over
 * references and report what their users did (docs/portal-contract.md), SM-DP+ and BSS, which notify. Worker
 * 0. */
#pragma once

#include "ecs/json.h"
#include "ecs/store_portal.h"
#include "front_internal.h"

struct ecs_jws_signer;

enum { CALLBACK_SIGN_NONE, CALLBACK_SIGN_ES256, CALLBACK_SIGN_HS256 };
struct ecs_callback_conf {
    struct ecs_str_list listen;                /* TCP with mutual TLS, or Unix sockets */
    const char *certificate, *key, *client_ca; /* paths; NULL: none */
    int64_t socket_mode, per_minute, burst;
    int signing;                                            /* CALLBACK_SIGN_* */
    const char *signing_key, *signing_kid, *signing_secret; /* key, secret: NULL none */
    struct ecs_str_list published_keys;                     /* "kid=/path" of former keys */
    const char *issuer, *audience;                          /* "" none */
};
struct ecs_partner_conf {
    const char *name, *certificate, *subject, *token; /* the latter three: NULL none */
    struct ecs_str_list services, brands, disclose;
};
extern const struct ecs_setting callback_settings[], partner_settings[];
bool callback_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);
bool partner_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);
/* When a snapshot is loaded: what sections say together; loads s->callback_tls and tries the signing key. */
void callback_snapshot_load(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults);

/* Takes the descriptors of node->callback_fds over; servers end up in front->callback_servers. */
enum ecs_rc callback_start(struct front *front);
void callback_reload(struct front *front, const struct ecs_snapshot *s);
void callback_free(struct front *front);

/* Signed user data (template variable {jwt}): e->portal_signer, NULL when it is off. False: no memory. */
bool engine_portal_new(struct engine *e);
void engine_portal_free(struct engine *e);

/* The page with the public key of user data: web.path/jwks.json. */
bool web_jwks_enabled(const struct ecs_snapshot *snapshot);
extern const struct ecs_step web_jwks_steps[];

/* ---- a call in work ---- */

enum callback_fault {
    CALLBACK_GOOD,
    CALLBACK_NO_PATH,
    CALLBACK_METHOD,
    CALLBACK_NO_CREDENTIAL,
    CALLBACK_UNKNOWN_PARTNER,
    CALLBACK_RATE_LIMITED,
    CALLBACK_BAD_REQUEST,
    CALLBACK_REFERENCE_UNKNOWN,
    CALLBACK_REFERENCE_EXPIRED,
    CALLBACK_SERVICE_FORBIDDEN,
    CALLBACK_BRAND_FORBIDDEN,
    CALLBACK_OTHER_PARTNER,
    CALLBACK_SUBSCRIBER_GONE,
    CALLBACK_FLOW_CLOSED,
    CALLBACK_EVENT_REUSED,
    CALLBACK_PROCEDURE_GONE,
    CALLBACK_NOT_EXPECTED,
    CALLBACK_FAULT_COUNT
};

struct callback_call;
struct callback_route {
    enum ecs_http_method method;
    const char *path;
    const struct ecs_step *steps; /* self: struct callback_call */
    const char *name;
    /* Who calls: call->caller and what belongs to its kind are set (ECS_NEXT), or a fault (ECS_DONE). */
    enum ecs_next (*identify)(struct callback_call *call);
    const char *who, *help;
};
extern const struct callback_route callback_routes[]; /* ends with path NULL */

struct callback_call {
    struct ecs_flow
        flow; /* its arena is the call's own: a report is completed even when its sender has left */
    struct front *front;
    struct engine *engine;
    struct ecs_http_request *http; /* NULL: the client has gone */
    const struct callback_route *route;
    const char *caller;                     /* name in the configuration; NULL: nobody known */
    const struct ecs_partner_conf *partner; /* of calls of partners */
    const struct ecs_smdp_conf *smdp;       /* of calls of SM-DP+ */
    struct ecs_log_ctx log;
    int64_t now;                        /* Unix seconds */
    struct ecs_str body, authorization; /* copies in the call's arena */
    struct ecs_str tail;                /* of a path that ends with {name}; {NULL, 0}: of another one */
    bool over_tls;
    struct ecs_http_client client; /* fingerprint "" without a certificate */
    /* of the hand-over, after callback_open */
    struct ecs_str reference;
    struct ecs_flow_ref ref;
    uint8_t digest[32]; /* of the reference */
    const char *service;
    char account[2 * sizeof(((struct ecs_flow_ref *)0)->account) + 1]; /* hexadecimal */
    struct ecs_facts_key key;
    struct ecs_subscriber_facts facts;
    void *own; /* of the handler */
    /* answer */
    enum callback_fault fault;
    int good_status;              /* instead of 200; 204 has no body */
    struct ecs_http_header extra; /* further header of the answer; name p NULL: none */
    const char *why, *field;      /* in the arena or static; NULL: the fault's own text, none */
    uint32_t retry_after_s;
    struct ecs_buf out;
    struct ecs_json_out json;
    bool audited;             /* the handler has written the audit row itself */
    const char *audit_detail; /* of a call that was carried out: a JSON object; NULL: {} */
    char subject[24];
    struct ecs_http_reply reply;
};

#define CALLBACK(method, path, handler, who, help) extern const struct ecs_step callback_##handler##_steps[];
#include "callback_routes.def"
#undef CALLBACK

/* The call ends here with this fault: return what it returns. why NULL: the usual text. */
enum ecs_next callback_refuse(struct callback_call *call, enum callback_fault fault, const char *why);
/* Body into out; ECS_DONE with BAD_REQUEST and the member in "field", else ECS_NEXT. */
enum ecs_next callback_bind(struct callback_call *call, const struct ecs_json_field *fields, void *out);
/* Bearer token of the call; {NULL, 0}: none. */
struct ecs_str callback_bearer(const struct callback_call *call);
/* Same bytes, in the same time whatever they are. False also when libcrypto failed. */
bool callback_same_secret(struct callback_call *call, const char *wanted, struct ecs_str given);
/* Identify functions of routes. */
enum ecs_next callback_by_partner(struct callback_call *call); /* callback_partner.c */
enum ecs_next callback_by_smdp(struct callback_call *call);    /* callback_smdp.c */
enum ecs_next callback_by_bss(struct callback_call *call);     /* callback_bss.c */
enum ecs_next callback_by_qos(struct callback_call *call);     /* callback_qos.c */
/* Opens call->reference and loads the line's facts; the step behind it must begin with callback_admit. May
 * wait. */
enum ecs_next callback_open(struct callback_call *call);
/* callback_service.c: services besides VoWiFi. False: c->service is VoWiFi. Into c->json: "available" and
 * "states" of a session, by the policy that answers the device; context after ecs_app_facts. */
bool callback_service_states(struct callback_call *call, struct ecs_app_context *context);
/* Judges result and states of a report and completes it: ECS_NEXT, or ECS_DONE with a fault. seconds 0: not
 * told. */
enum ecs_next callback_service_result(struct callback_call *call, int result, int64_t seconds,
                                      struct ecs_portal_report *report);
extern const char *const callback_results[]; /* words of "result" */
/* Why a result is not expected. */
const char *callback_service_refusal(const struct callback_call *call);
/* May this partner see and change the line? ECS_NEXT, or ECS_DONE with a fault. */
enum ecs_next callback_admit(struct callback_call *call);
