/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication tokens (TS.43 2.8.5): sealed by us, nothing stored. What a token is bound to travels inside
 * it; revocation is the subscriber's token generation. */
#pragma once

#include "ecs/error.h"
#include "ecs/ids.h"
#include "ecs/keyring.h"

/* version and key id 2 | nonce 12 | content 47 | tag 16, in base32 of one case. */
enum { ECS_TOKEN_BYTES = 2 + 12 + 47 + 16, ECS_TOKEN_TEXT_MAX = ECS_BASE32_LEN(ECS_TOKEN_BYTES) };

struct ecs_token {
    struct ecs_imsi imsi;
    uint8_t terminal[16];        /* digest of the lower-cased terminal_id */
    uint8_t app_name[8];         /* digest of the lower-cased app_name, zeros without one */
    uint16_t groups;             /* of applications: ecs_auth_groups() */
    uint32_t generation;         /* of the subscriber when it was issued */
    int64_t issued_s, expires_s; /* Unix seconds, below 2^40 */
};

/* What a portal hand-over refers to (ServiceFlow_UserData): the same sealing with another label. */
struct ecs_flow_ref {
    struct ecs_imsi imsi; /* "": none, with a journey of an enterprise only */
    uint8_t terminal[16];
    uint8_t service; /* AppID number - 2000: 4 VoWiFi, 10 data boost, 12 carrier billing, 16 satellite ... */
    uint8_t boost;   /* of 10: type 1 to 255; 0: none */
    uint32_t tac;    /* of the terminal, 0: it is no IMEI */
    int64_t issued_s, expires_s;
    int64_t journey;    /* id (ecs/store_odsa.h), 0: none, as in references of former versions; not of 12 */
    uint8_t account[8]; /* of 12: ecs_billing_account; zeros: none */
};

void ecs_token_terminal_digest(struct ecs_crypto *crypto, const struct ecs_terminal_id *id,
                               uint8_t ret_digest[16]);
void ecs_token_app_digest(struct ecs_crypto *crypto, struct ecs_str app_name, uint8_t ret_digest[8]);

/* seed NULL: a random nonce; given (32 bytes): the nonce is a digest of seed and content, so that equal input
 * gives an equal token. out holds ECS_TOKEN_TEXT_MAX+1 bytes. */
enum ecs_rc ecs_token_seal(struct ecs_crypto *crypto, const struct ecs_sealer *sealer,
                           const struct ecs_token *token, const uint8_t *seed, char *out) ECS_MUST_CHECK;
/* ECS_E_TOKEN_INVALID: not ours, damaged or of a removed key. Expiry and binding are the caller's checks. */
enum ecs_rc ecs_token_open(const struct ecs_sealer *sealer, struct ecs_str text,
                           struct ecs_token *ret_token) ECS_MUST_CHECK;

/* Of a server that manages the devices of an enterprise (ap2011, OS-004): bound to both. */
enum {
    ECS_ENTERPRISE_ID_MAX = 128,
    ECS_ENTERPRISE_TOKEN_BYTES = 2 + 12 + 25 + ECS_ENTERPRISE_ID_MAX + 16,
    ECS_ENTERPRISE_TOKEN_TEXT_MAX = ECS_BASE32_LEN(ECS_ENTERPRISE_TOKEN_BYTES)
};
struct ecs_enterprise_token {
    uint8_t requestor[16];                      /* digest of the lower-cased requestor_id */
    char enterprise[ECS_ENTERPRISE_ID_MAX + 1]; /* as it was asked for */
    int64_t issued_s, expires_s;
};
void ecs_enterprise_requestor_digest(struct ecs_crypto *crypto, struct ecs_str requestor_id,
                                     uint8_t ret_digest[16]);
/* out holds ECS_ENTERPRISE_TOKEN_TEXT_MAX+1 bytes. */
enum ecs_rc ecs_enterprise_token_seal(struct ecs_crypto *crypto, const struct ecs_sealer *sealer,
                                      const struct ecs_enterprise_token *token, char *out) ECS_MUST_CHECK;
enum ecs_rc ecs_enterprise_token_open(const struct ecs_sealer *sealer, struct ecs_str text,
                                      struct ecs_enterprise_token *ret_token) ECS_MUST_CHECK;

enum ecs_rc ecs_flow_ref_seal(struct ecs_crypto *crypto, const struct ecs_sealer *sealer,
                              const struct ecs_flow_ref *ref, char *out) ECS_MUST_CHECK;
enum ecs_rc ecs_flow_ref_open(const struct ecs_sealer *sealer, struct ecs_str text,
                              struct ecs_flow_ref *ret_ref) ECS_MUST_CHECK;
