/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of ap2014 (device and user information) and ap2015 (authentication of applications): TS.43 13,
 * 14, 6.5.7 to 6.5.11. From the proven request to the block of the document. */
#pragma once

#include "ecs/auth.h"
#include "ecs/doc.h"
#include "ecs/messages.h"
#include "ecs/operation.h"
#include "ecs/policy.h"

enum ecs_number_form { ECS_NUMBER_PLAIN, ECS_NUMBER_ENCODED, ECS_NUMBER_ENCRYPTED };

/* Section "number". */
struct ecs_userinfo_conf {
    struct ecs_str_list operations;        /* served at all; others are 405 */
    struct ecs_str_list device_operations; /* served to devices, too (N-004) */
    struct ecs_str_list scopes;    /* "GetSubscriberDeviceInfo=phone": any of them opens the operation */
    struct ecs_str_list audiences; /* further ones of access tokens */
    int form;                      /* enum ecs_number_form */
    const char *form_key;          /* public key of ENCRYPTED; NULL none */
    const char *sim_id_key;        /* 64 hex digits; NULL none */
    const char *access_key; /* our private key: applications may encrypt their access tokens; NULL none */
    const char *country_code, *auth_url; /* "" none; "" made of web.public_url */
    int64_t verify_per_minute, verify_burst, access_token_life_s;
};
extern const struct ecs_setting ecs_userinfo_settings[];
bool ecs_userinfo_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);

/* Entry of list section "applications": an application of a third party (ap2015). */
struct ecs_userinfo_app_conf {
    const char *client_id, *name,
        *back_end; /* name: 3PAppNameAnon; back_end: client_id in server_callers, "" the same */
    struct ecs_str_list scopes, requestors, issuers, algorithms;
    const char *access_token_key,
        *access_token_secret;   /* PEM or JSON Web Key Set; at least 32 bytes; NULL none */
    const char *encryption_key; /* of its back end; NULL: operator tokens go out as they are */
    bool access_token_required, access_token_bound;
};
extern const struct ecs_setting ecs_userinfo_app_settings[];
bool ecs_userinfo_app_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);

/* Of one engine; all borrowed but for own. */
struct ecs_userinfo_env {
    const struct ecs_userinfo_conf *conf;
    const struct ecs_userinfo_app_conf *apps;
    size_t app_n;
    const struct ecs_auth_env *auth;
    struct ecs_limiter *limiter; /* of VerifyPhoneNumber, per line and caller (N-014) */
    const struct ecs_policy *policy;
    const struct ecs_messages *messages;
    const char *public_url; /* web.public_url without a slash at its end; "" none */
    void *own;              /* keys: ecs_userinfo_env_init */
};
/* Reads the keys out of the settings, tells what does not go together. False with a sentence in why: the
 * engine cannot be. offered: bits 1 << enum ecs_app. */
bool ecs_userinfo_env_init(struct ecs_userinfo_env *env, unsigned offered, char *why,
                           size_t why_n) ECS_MUST_CHECK;
void ecs_userinfo_env_done(struct ecs_userinfo_env *env);

/* Bits 1 << enum ecs_operation that are served for these applications (bits 1 << enum ecs_app), as the
 * settings switch single ones off (N-004). */
unsigned ecs_userinfo_operations(const struct ecs_userinfo_conf *conf, unsigned offered);
/* The registered application of this client_id (letter case ignored), or of this back end; NULL: none. */
const struct ecs_userinfo_app_conf *ecs_userinfo_app(const struct ecs_userinfo_env *env,
                                                     struct ecs_str client_id);
const struct ecs_userinfo_app_conf *ecs_userinfo_app_of(const struct ecs_userinfo_env *env,
                                                        struct ecs_str back_end);

struct userinfo_work; /* inside of the module */
/* Zeroed, then the first part is filled by the caller. Answers to servers carry no TOKEN by their
 * authentication method (N-021, T-010). */
struct ecs_userinfo {
    const struct ecs_userinfo_env *env;
    const struct ecs_ts43_request *request;
    const struct ecs_auth *auth;             /* proven; its grant or server tell what it may */
    const struct ecs_subscriber_facts *line; /* known false only for ValidateOperatorToken of a bad token */
    struct ecs_facts *facts;
    size_t language;
    int64_t now;
    /* out */
    struct ecs_str rule; /* that decided, for the log; "" none */
    int64_t validity_s;
    int result; /* OperationResult */
    struct userinfo_work *work;
};
/* For ecs_flow_call. Fails the flow for HTTP errors only (Table 8: 400, 401, 403, 404; 405, 503). A request
 * without operation is answered with OperationResult 1: it was a log-in. */
extern const struct ecs_step ecs_userinfo_steps[];
/* A present access_token of a device's request is judged before any EAP or back-end work (T-004). ECS_OK:
 * none, or good. Pure but for keys; the arena is for what it reads. */
enum ecs_rc ecs_userinfo_check_early(const struct ecs_userinfo_env *env,
                                     const struct ecs_ts43_request *request, int64_t now,
                                     struct ecs_arena *arena, const char **ret_why) ECS_MUST_CHECK;
void ecs_userinfo_document(const struct ecs_userinfo *info, struct ecs_doc *doc, struct ecs_doc_node *node);

/* ---- App tokens (14.2): asked for by the back end of an application, at an endpoint of ours ---- */

struct ecs_app_token_ask {
    const struct ecs_userinfo_env *env;
    struct ecs_str client_id;  /* proven: of server_callers */
    struct ecs_str client_app; /* client_id of the application; {NULL, 0}: the one of this back end */
    struct ecs_str name;       /* 3PAppNameAnon of this token; {NULL, 0}: that of the settings */
    /* out */
    struct ecs_str token, expiry;
    int64_t expires_s;
    const struct ecs_userinfo_app_conf *app;
    void *own;
};
/* For ecs_flow_call. ECS_E_FORBIDDEN: no application of this back end; ECS_E_BAD_PARAMETER: name. */
extern const struct ecs_step ecs_app_token_steps[];
