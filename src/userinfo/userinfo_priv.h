/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the module: a request read, an answer, what the operations share. */
#pragma once

#include "ecs/e164.h"
#include "ecs/flow.h"
#include "ecs/grant.h"
#include "ecs/jwe.h"
#include "ecs/jws.h"
#include "ecs/rules.h"
#include "ecs/userinfo.h"

/* ---- keys (userinfo_keys.c) ---- */

enum { USERINFO_KEY_BYTES = 32, USERINFO_AUDIENCES = 20 };

struct userinfo_app_keys {
    struct ecs_jwk_set *public, *secret;
    struct ecs_jwe_key *receiver;
    unsigned algs; /* of public: bits 1 << enum ecs_jws_alg */
};
struct userinfo_keys {
    bool has_sim_key;
    uint8_t sim_key[USERINFO_KEY_BYTES];
    struct ecs_jwe_key *number;  /* receiver of numbers; NULL none */
    struct ecs_jwe_key *private; /* ours, of access tokens; NULL none */
    char *auth_url;              /* OperatorTokenAuthURL */
    struct ecs_str audiences[USERINFO_AUDIENCES];
    size_t audience_n;
    struct userinfo_app_keys *apps; /* as env->apps */
};
const struct userinfo_keys *userinfo_keys_of(const struct ecs_userinfo_env *env);

/* SimID (Table 53), in the arena: the IMSI, a UUID or a hash made of it. {NULL, 0}: the library or the arena
 * failed. */
struct ecs_str userinfo_sim_id(const struct ecs_userinfo_env *env, struct ecs_arena *arena,
                               enum ecs_word_sim_id type, struct ecs_str imsi);
/* The number in the form of the settings: "+47...", or encodedValue= and base64. */
struct ecs_str userinfo_number(const struct ecs_userinfo_env *env, struct ecs_arena *arena,
                               struct ecs_str digits);

/* ---- settings ---- */

/* "GetSubscriberDeviceInfo=phone". */
bool userinfo_scope_read(struct ecs_str text, enum ecs_operation *ret_operation, struct ecs_str *ret_scope);
/* Does one of these scopes (blanks between) open the operation? One without a row: always. */
bool userinfo_scope_opens(const struct ecs_userinfo_conf *conf, struct ecs_str scopes,
                          enum ecs_operation operation);
bool userinfo_words_have(struct ecs_str words, struct ecs_str word); /* blanks between, letter case ignored */
bool userinfo_list_has(const struct ecs_str_list *list, struct ecs_str item); /* letter case ignored */

/* ---- access tokens of applications (userinfo_access.c) ---- */

struct userinfo_access {
    struct ecs_str text; /* decrypted */
    struct ecs_jws_claims claims;
};
/* client_id {NULL, 0}: the token tells. ECS_E_FORBIDDEN: no application is proven by it. */
enum ecs_rc userinfo_access_judge(const struct ecs_userinfo_env *env, struct ecs_str token,
                                  struct ecs_str client_id, int64_t now, struct ecs_arena *arena,
                                  const struct ecs_userinfo_app_conf **ret_app,
                                  struct userinfo_access *ret_access, const char **ret_why) ECS_MUST_CHECK;
/* A judged access token belongs to the line that has first shown it, for as long as it lives: nobody replays
 * it for another one, while its own phone may repeat itself. First remember it, then call the steps (self as
 * ecs_userinfo_steps; may wait; nothing was remembered: nothing happens). False: the library failed. */
bool userinfo_access_show(struct ecs_userinfo *info, struct ecs_arena *arena,
                          const struct ecs_userinfo_app_conf *app,
                          const struct userinfo_access *access) ECS_MUST_CHECK;
extern const struct ecs_step userinfo_access_bind_steps[];
/* Is the access_token of this request that of an application, and not of a calling server? */
bool userinfo_access_is_of_app(const struct ecs_ts43_request *request);

/* ---- an operation ---- */

struct userinfo_answer {
    enum ecs_operation operation; /* ECS_OPERATION_COUNT: a log-in */
    int result;
    struct ecs_str error_text;
    struct ecs_str number; /* MSISDN, in its form */
    bool has_info;         /* SubscriberInfo with number and the next three */
    int sim_id_type;
    struct ecs_str sim_id, mvno;
    int verified;                                      /* PhoneNumberVerification; -1: none */
    struct ecs_str verified_number;                    /* msisdn, as the request has it */
    struct ecs_str token, token_expiry, token_targets; /* temporary */
    struct ecs_str operator_token, operator_expiry, auth_url, client_id;
    int validity; /* OperatorTokenValidity; -1: none */
    struct ecs_str validated;
    struct ecs_str imsi, app_name;
};

struct userinfo_work {
    enum ecs_operation operation;
    enum ecs_app app;
    bool server; /* the answer goes to a server: 403 and 404 in place of OperationResult */
    struct ecs_str client_id, scope; /* of the request, without quotation marks; {NULL, 0}: none */
    const struct ecs_userinfo_app_conf *application; /* that the request is about; NULL: none */
    bool app_proven;                                 /* by an access_token of this request */
    struct ecs_decisions decisions;
    struct userinfo_answer answer;
    const char *why; /* of a refusal, for the log */
    void *own;       /* of the operation */
    struct {
        struct ecs_str issuer; /* {NULL, 0}: nothing was shown */
        int64_t expires_s;
        uint8_t id[32], owner[32];
        unsigned tries;
        bool good;
    } shown; /* access token of an application */
};

/* A row of the table in userinfo.c: a new operation is a row and a file. allowed: decision that must be yes,
 * by application; ECS_DECISION_COUNT: none. */
struct userinfo_op {
    enum ecs_operation operation;
    enum ecs_decision allowed[2]; /* of ap2014, ap2015 */
    const struct ecs_step *steps; /* self is the struct ecs_userinfo; leave with ECS_DONE */
};
extern const struct ecs_step userinfo_get_phone_number_steps[], userinfo_verify_phone_number_steps[],
    userinfo_get_subscriber_info_steps[], userinfo_acquire_temporary_token_steps[],
    userinfo_acquire_operator_token_steps[], userinfo_validate_operator_token_steps[],
    userinfo_get_subscriber_device_info_steps[], userinfo_get_3p_app_info_steps[];

/* This decision of ap2014 or that one of ap2015, as the request has it. */
int64_t userinfo_choice(const struct ecs_userinfo *info, enum ecs_decision of_2014,
                        enum ecs_decision of_2015);
/* Has a calling server shown an access token, which the authentication has judged? */
bool userinfo_is_proven(const struct ecs_userinfo *info);
/* Was the token of the request made for an application that the configuration has no more? */
bool userinfo_is_orphan(const struct ecs_userinfo *info);
/* The operation ends with this OperationResult and without anything else. why: for the log. */
enum ecs_next userinfo_refuse(struct ecs_flow *f, int result, const char *why);
/* What is not allowed: 403 for servers, OperationResult 100 with the text of the policy for devices. */
enum ecs_next userinfo_forbid(struct ecs_flow *f, const char *why);
/* A number that nobody knows (N-008): 404 for servers, OperationResult 100 for devices. */
enum ecs_next userinfo_no_number(struct ecs_flow *f);
enum ecs_next userinfo_out_of_memory(struct ecs_flow *f);
/* Evaluates the policy again, after facts have been added. */
void userinfo_decide(struct ecs_userinfo *info);
/* Tells the policy of the application that the request is about; NULL: nothing. */
void userinfo_tell_application(struct ecs_userinfo *info, const struct ecs_userinfo_app_conf *app,
                               struct ecs_str client_id);

void userinfo_document(const struct userinfo_answer *answer, struct ecs_doc *doc, struct ecs_doc_node *node);
