/* SPDX-License-Identifier: Apache-2.0 */
/* The EAP-AKA and EAP-AKA' server (RFC 4187, RFC 9048) for phones behind the relay of TS.43 2.8.1: only challenges are sent,
 * everything else becomes a verdict. No I/O: between two requests the state is bytes in the database, and the
 * finishing request makes the vector again from the state's RAND and SQN and the subscriber's key. */
#pragma once

#include "ecs/aka.h"
#include "ecs/eap.h"

#define ECS_EAP_CHALLENGES_MAX 3  /* per exchange (clients.md C-21) */
#define ECS_EAP_NETWORK_MAX    48  /* bytes of the access network's name (TS 24.302 8.1.1: "WLAN") */
#define ECS_EAP_REQUEST_MAX    136 /* bytes of a challenge with all extras */
#define ECS_EAP_STATE_MAX      (28 + ECS_EAP_REQUEST_MAX + ECS_EAP_IDENTITY_MAX)

struct ecs_eap_state {
    uint64_t sqn;       /* of the outstanding challenge */
    uint8_t rand[16];   /* likewise */
    uint8_t identifier; /* likewise */
    uint8_t challenges; /* sent so far, 1..ECS_EAP_CHALLENGES_MAX */
    uint8_t extras;     /* enum ecs_eap_extra */
    uint8_t identity_n;
    uint8_t request_n;
    char identity[ECS_EAP_IDENTITY_MAX];  /* EAP_ID as received (decrypted if it was encrypted) */
    uint8_t request[ECS_EAP_REQUEST_MAX]; /* the outstanding packet, also for a repeated request */
};

enum ecs_eap_verdict {
    ECS_EAP_V_SUCCESS,
    ECS_EAP_V_RESYNC,      /* AUTS came: ecs_aka_resync with the state's RAND, then ecs_eap_challenge_again */
    ECS_EAP_V_REJECTED,    /* wrong MAC, checkcode or RES */
    ECS_EAP_V_PEER_REJECT, /* AKA-Authentication-Reject: the card refuses AUTN */
    ECS_EAP_V_CLIENT_ERROR,    /* AKA-Client-Error */
    ECS_EAP_V_NAK,             /* the peer wants another method */
    ECS_EAP_V_BAD_PACKET,      /* not decodable, not a response, or not one to a challenge */
    ECS_EAP_V_WRONG_IDENTIFIER /* not for the outstanding request: not processed, the state stays (RFC
                                  3748 4.1) */
};

struct ecs_eap_result {
    enum ecs_eap_verdict verdict;
    const char *reason;       /* static text for the log; holds nothing of the packet */
    enum ecs_eap_fault fault; /* BAD_PACKET: what the decoder found, or NONE */
    uint8_t fault_type;       /* attribute number on the wire, or 0 */
    uint8_t nak_type;         /* NAK: first method wanted, 0 when none */
    uint16_t client_error;    /* CLIENT_ERROR: its code */
    uint8_t alternative;      /* SUCCESS: 0 = the identity itself, n = alternatives[n - 1] */
    uint8_t auts[ECS_AKA_AUTS_LEN];
    uint8_t msk[64]; /* SUCCESS; secret */
};

const char *ecs_eap_verdict_name(enum ecs_eap_verdict verdict); /* "success", for logs and metrics */

/* Makes the vector one of EAP-AKA' (TS 33.402 A.2): CK' and IK' take the place of CK and IK. The vector's AMF should have
 * the separation bit. ECS_E_BAD_PARAMETER: network empty or over ECS_EAP_NETWORK_MAX bytes, or bound before. */
enum ecs_rc ecs_eap_bind_vector(struct ecs_crypto *crypto, struct ecs_str network,
                                struct ecs_aka_vector *vector) ECS_MUST_CHECK;

/* First challenge, of EAP-AKA' when the vector is bound. identifier: a random byte; extras: bits of enum ecs_eap_extra. The packet to send is
 * state.request. ECS_E_BAD_PARAMETER: identity empty or over 253 bytes; ECS_E_INTERNAL: libcrypto. */
enum ecs_rc ecs_eap_begin(struct ecs_crypto *crypto, struct ecs_str identity,
                          const struct ecs_aka_vector *vector, uint8_t identifier, unsigned extras,
                          struct ecs_eap_state *ret_state) ECS_MUST_CHECK;
/* The state again in the request that brings the answer, from what was kept of the exchange: as ecs_eap_begin made it, but
 * without the packet (request_n 0), which ecs_eap_answer does not need; ecs_eap_begin makes it when it is to be sent
 * again. ECS_E_BAD_PARAMETER: identity empty or too long, challenges out of range. */
enum ecs_rc ecs_eap_resume(struct ecs_str identity, const struct ecs_aka_vector *vector, uint8_t identifier,
                           unsigned challenges, struct ecs_eap_state *ret_state) ECS_MUST_CHECK;
/* A further challenge with a new vector and the next identifier. ECS_E_AUTH_REJECTED when the exchange has
 * had its three; the state is then unchanged. */
enum ecs_rc ecs_eap_challenge_again(struct ecs_crypto *crypto, struct ecs_eap_state *state,
                                    const struct ecs_aka_vector *vector) ECS_MUST_CHECK;
/* Judges the answer to the outstanding challenge. vector must be that of the state (RAND, SQN), else
 * ECS_E_BAD_PARAMETER. alternatives: identities whose key is tried too when the MAC does not fit (C-16).
 * ECS_E_INTERNAL: libcrypto. With ECS_OK *ret_result is filled; the caller wipes it. The state does not
 * change. */
enum ecs_rc ecs_eap_answer(struct ecs_crypto *crypto, const struct ecs_eap_state *state,
                           const struct ecs_aka_vector *vector, const struct ecs_str *alternatives,
                           size_t n_alternatives, const uint8_t *packet, size_t packet_n,
                           struct ecs_eap_result *ret_result) ECS_MUST_CHECK;

/* The state as bytes of a fixed order, at most ECS_EAP_STATE_MAX; returns the length. */
size_t ecs_eap_state_pack(const struct ecs_eap_state *state, uint8_t out[ECS_EAP_STATE_MAX]);
/* False for anything that _pack did not make. */
bool ecs_eap_state_unpack(const uint8_t *bytes, size_t n, struct ecs_eap_state *ret_state) ECS_MUST_CHECK;
