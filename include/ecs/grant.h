/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for third parties (TS.43 2.8.6, 14): temporary tokens, operator tokens and App tokens. Random text,
 * kept as a digest, bound to subscriber, application and operations, counted per operation; checked and
 * counted in one statement, so that several nodes do not give away more uses than there are.
 *
 * A request that comes again within grants.repeat (same parameters, access_token apart) is not counted again:
 * servers repeat what the network has lost, and get the same answer. */
#pragma once

#include "ecs/auth.h"
#include "ecs/operation.h"
#include "ecs/store_grant.h"

struct ecs_grant_conf {
    int64_t temporary_life_s, operator_life_s, app_life_s;
    struct ecs_str_list uses; /* "ManageSubscription=10" */
    int64_t operator_uses;    /* 0: any number */
    int64_t repeat_s, per_subscriber;
};
extern const struct ecs_setting ecs_grant_settings[];
/* Check function of the section. */
bool ecs_grant_settings_check(const void *section, struct ecs_faults *faults,
                              const struct ecs_yaml_node *node);

/* 256 random bits in base32 of one case. */
enum { ECS_GRANT_BYTES = 32, ECS_GRANT_TEXT_MAX = ECS_BASE32_LEN(ECS_GRANT_BYTES) };
enum { ECS_GRANT_REQUESTORS_MAX = 16 };

struct ecs_grant_order {
    enum ecs_grant_kind kind;
    const struct ecs_imsi *imsi;      /* NULL only for App tokens */
    const uint8_t *terminal;          /* 16 bytes (ecs_token_terminal_digest); NULL: none */
    enum ecs_app app;                 /* no other one is served with the token */
    unsigned operations;              /* bits 1 << enum ecs_operation, at least one */
    const struct ecs_str *requestors; /* who may present it; any letter case */
    size_t requestor_n;               /* at most ECS_GRANT_REQUESTORS_MAX; 0: anybody */
    struct ecs_str client_id, scope;  /* {NULL, 0}: none */
    int64_t life_s;                   /* 0: that of the settings, which is also the most there is */
};
struct ecs_grant {
    char text[ECS_GRANT_TEXT_MAX + 1];
    struct ecs_grant_added added; /* expires_s, and expiry as TemporaryTokenExpiry wants it */
};
/* May wait; the next step finds *ret_grant, which must be memory of the flow that is wiped
 * (ecs_arena_secret). A token for ManageSubscription serves CheckEligibility, too, without naming it (ODSA
 * digest 8.9). Fails the flow with ECS_E_NOT_FOUND (subscriber), ECS_E_RATE_LIMIT (grants.per_subscriber),
 * ECS_E_BAD_PARAMETER (order). */
enum ecs_next ecs_grant_mint(struct ecs_flow *f, const struct ecs_auth_env *env,
                             const struct ecs_grant_order *order, struct ecs_grant *ret_grant);

/* False: no text that this server has ever made. */
bool ecs_grant_digest(struct ecs_crypto *crypto, enum ecs_grant_kind kind, struct ecs_str text,
                      uint8_t ret_digest[32]) ECS_MUST_CHECK;
/* Judges the token of a request for an operation, and counts the use when count is set. May wait; the next
 * step finds the verdict in *ret_used. text that is none of ours gives ECS_GRANT_UNKNOWN without asking the
 * database. */
enum ecs_next ecs_grant_use(struct ecs_flow *f, const struct ecs_auth_env *env, enum ecs_grant_kind kind,
                            struct ecs_str text, const struct ecs_ts43_request *request,
                            enum ecs_operation operation, enum ecs_app app, bool count,
                            struct ecs_grant_used *ret_used);
/* The code that a third party gets (TS.43 Table 8): ECS_OK, ECS_E_TEMP_TOKEN, ECS_E_FORBIDDEN,
 * ECS_E_NOT_FOUND. ret_why: constant text, may go to the caller. */
enum ecs_rc ecs_grant_rc(enum ecs_grant_verdict verdict, const char **ret_why) ECS_MUST_CHECK;
/* Ends the token before its time: a finished transfer, or a revocation. Fails as
 * ecs_store_grant_finish, and with ECS_E_NOT_FOUND for text that is none of ours. */
enum ecs_next ecs_grant_finish(struct ecs_flow *f, const struct ecs_auth_env *env, enum ecs_grant_kind kind,
                               struct ecs_str text, struct ecs_str *ret_imsi);
