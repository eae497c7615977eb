/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication of a device request (TS.43 2.8): which method a request calls for, and the flows of the
 * methods. */
#pragma once

#include "ecs/flow.h"
#include "ecs/limiter.h"
#include "ecs/setting.h"
#include "ecs/token.h"

struct ecs_aaa;
struct ecs_grant_conf;
struct ecs_grant_used;
struct ecs_oauth_server;
struct ecs_server_caller_conf;
struct ecs_gzip;
struct ecs_identity_conf;
struct ecs_identity_keys;
struct ecs_ladder;
struct ecs_logins;
struct ecs_sim_conf;
struct ecs_store;
struct ecs_subscriber_facts;
struct ecs_ts43_request;
struct ecs_vector_ops;

struct ecs_auth_conf {
    struct ecs_str_list plmns, realms;
    const char *token_keys, *subscriber_keys, *cookie;
    int64_t token_validity_s, token_renew_percent, session_s;
    int64_t ind, attempts, attempts_window_s, source_per_minute, source_burst;
    int64_t token_misuse, token_misuse_window_s; /* times; 0: only told */
    struct ecs_str_list ladder;                  /* docs/authentication.md */
    int64_t aaa_limit_ms, ladder_failures, ladder_pause_ms, ladder_in_flight;
    bool aaa_msisdn;
    const char *hss_profile;
    int64_t hss_profile_age_s;
};
extern const struct ecs_setting ecs_auth_settings[];

/* What the methods of one worker work with; all borrowed. */
struct ecs_auth_env {
    const struct ecs_auth_conf *conf;
    const struct ecs_plmn *plmns; /* home networks, parsed from conf */
    size_t plmn_n;
    struct ecs_crypto *crypto;
    struct ecs_store *store;
    const struct ecs_sealer *token_sealer;
    const struct ecs_sealer *key_sealer; /* unwraps K and OPc */
    struct ecs_limiter *source_limiter;
    const struct ecs_vector_ops *vectors;
    const struct ecs_logins *logins; /* OIDC and one-time codes; NULL: none */
    const struct ecs_grant_conf *grants;
    struct ecs_oauth_server *oauth; /* application servers; NULL: none */
    unsigned operations;            /* bits 1 << enum ecs_operation that this deployment serves */
    const struct ecs_identity_conf *identity;
    const struct ecs_identity_keys *identity_keys; /* NULL: encrypted identities are not decrypted */
    struct ecs_ladder *ladder;                     /* NULL: our own keys only */
    struct ecs_aaa *aaa;                           /* NULL: none */
    const struct ecs_sealer *vector_sealer;        /* of vectors that an HSS has given */
    const struct ecs_sim_conf *sims;               /* brands by SIM card */
    size_t sim_n;
};

enum ecs_auth_method {
#define METHOD(id, name, metric, recognises, steps, token, clause) ECS_AUTH_##id,
#include "../../src/auth/methods.def"
#undef METHOD
    ECS_AUTH_METHOD_COUNT
};

enum ecs_auth_outcome {
    ECS_AUTH_PASSED,    /* imsi is proven */
    ECS_AUTH_CHALLENGE, /* packet is to be sent with the cookie */
    ECS_AUTH_REDIRECT,  /* 302 to location (TS.43 2.8.2) */
    ECS_AUTH_OTP_SENT,  /* 200 without a body, with the cookie: a one-time code is on its way (RCC.14) */
    ECS_AUTH_DECLINED,  /* 200 document without TOKEN that holds error_* for each application (TS.43 2.8.4) */
};

/* State of one authentication; self of the method's table. Zeroed, then the first part is filled by the
 * caller. */
struct ecs_auth {
    const struct ecs_auth_env *env;
    struct ecs_ts43_request *request; /* of an EAP answer: becomes the saved first request */
    const struct ecs_str *cookies;    /* candidates for the session, from the Cookie headers */
    size_t cookie_n;
    uint64_t source_hash; /* of the address, for the limit per source */
    const char *peer;     /* textual source address */
    struct ecs_str host;  /* of the request, without port; {NULL, 0}: none */
    int64_t now;          /* Unix seconds */
    /* May an EAP exchange be begun for this request now? NULL: always. False fails it with ECS_E_OVERLOAD. */
    bool (*may_begin)(void *arg);
    void *may_begin_arg;
    /* The request waits for an AAA or HSS: it is no load of ours; false: it does no longer. NULL allowed. */
    void (*parked)(void *arg, bool parked);
    void *parked_arg;
    /* results */
    enum ecs_auth_method method;
    enum ecs_auth_outcome outcome;
    struct ecs_imsi imsi;
    bool prime;          /* EAP: the identity asks for EAP-AKA' */
    bool source_counted; /* EAP: the limit per source was taken */
    struct ecs_token token; /* method TOKEN: the opened token */
    uint8_t handle[32];     /* EAP: digest of the cookie; seeds what must be equal in a repeated answer */
    bool repeated;          /* EAP: the same answer was given before */
    int64_t issued_s;       /* EAP: begin of the exchange (database clock) */
    struct ecs_subscriber_facts *facts;               /* EAP: came with the session; NULL: to be loaded */
    struct ecs_str packet;                            /* CHALLENGE: bytes to send */
    struct ecs_str cookie;                            /* CHALLENGE, OTP_SENT: value of the session cookie */
    struct ecs_str location;                          /* REDIRECT */
    struct ecs_str error_url, error_data, error_text; /* DECLINED: GeneralErrorURL, -UserData, -Text */
    const struct ecs_server_caller_conf *server;      /* proven application server; NULL: none */
    struct ecs_str server_scope;                      /* of its access token */
    struct ecs_str enterprise; /* ap2011: on whose behalf the server acts, lower case; imsi is empty then */
    const struct ecs_grant_used *grant; /* TEMPORARY, OPERATOR: the token's row */
    bool misused;           /* a valid token came from another device than its own: auth->token tells whose */
    uint32_t retry_after_s; /* with ECS_E_RATE_LIMIT */
    bool waited;            /* the time went to an AAA or HSS */
    int64_t deadline_us;    /* of all that is asked of them, loop's time */
    struct ecs_str provider; /* EAP: who has proven the line: "local" or a row of "aaa"; {NULL, 0}: nobody */
    struct ecs_str msisdn;   /* as the AAA names it; {NULL, 0}: it does not */
    struct ecs_str aaa_class; /* of the AAA, for accounting */
    uint32_t aaa_session_s;   /* so long the AAA lets its session live; 0: not said */
    unsigned verdict;       /* EAP answer: enum ecs_eap_verdict + 1; 0: none was judged */
    void *exchange;         /* of the method */
};

/* Selection matrix (ts43-protocol digest 10.1) over auth->request and auth->env: sets auth->method.
 * ECS_E_AUTH_NEEDED when the request carries no usable credential. */
enum ecs_rc ecs_auth_select(struct ecs_auth *auth) ECS_MUST_CHECK;
/* Without EAP_ID and token the same request could be authenticated in another way: an identity provider or
 * one-time codes serve it (TS.43 Table 7: 511 in place of 503). */
bool ecs_auth_has_alternative(const struct ecs_auth *auth);
const char *ecs_auth_method_name(enum ecs_auth_method method);   /* for logs: "eap-aka" */
const char *ecs_auth_method_metric(enum ecs_auth_method method); /* "eap-begin" */
bool ecs_auth_method_issues_token(enum ecs_auth_method method);
/* For ecs_flow_call; the table's self is a struct ecs_auth. On failure the flow fails with the code for the
 * device. */
const struct ecs_step *ecs_auth_steps(enum ecs_auth_method method);

/* Token checks that need the subscriber's row: generation (revocation). ECS_E_TOKEN_INVALID. */
enum ecs_rc ecs_auth_token_current(const struct ecs_token *token, uint32_t generation) ECS_MUST_CHECK;
/* The token for the answer: the presented one while it is young, else a new one. text holds
 * ECS_TOKEN_TEXT_MAX+1. */
enum ecs_rc ecs_auth_issue(const struct ecs_auth *auth, uint32_t generation, char *text,
                           int64_t *ret_validity_s) ECS_MUST_CHECK;
/* The same for a server that acts for an enterprise; text holds ECS_ENTERPRISE_TOKEN_TEXT_MAX+1. */
enum ecs_rc ecs_auth_issue_enterprise(const struct ecs_auth *auth, char *text,
                                      int64_t *ret_validity_s) ECS_MUST_CHECK;
/* Bits of the token groups of the requested applications; a token serves requests whose bits it has.
 */
uint16_t ecs_auth_groups(const struct ecs_ts43_request *request);
