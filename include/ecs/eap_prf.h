/* SPDX-License-Identifier: Apache-2.0 */
/* Key derivation of EAP-AKA (RFC 4187 7) and EAP-AKA' (RFC 5448 3). Pure functions. */
#pragma once

#include "ecs/crypto.h"

/* Keys of one exchange. Secret: the caller wipes it. */
struct ecs_eap_keys {
    uint8_t k_encr[16];
    uint8_t k_aut[32]; /* the first k_aut_n bytes */
    uint8_t k_aut_n;   /* 16 with EAP-AKA, 32 with EAP-AKA' */
    uint8_t k_re[32];  /* EAP-AKA' only */
    uint8_t msk[64];
    uint8_t emsk[64];
};

/* FIPS 186-2 change notice 1 generator (algorithm 1 without mod q, XSEED = 0, b = 160): n bytes into out. */
void ecs_fips186_prf(const uint8_t xkey[20], uint8_t *out, size_t n);

/* MK = SHA1(identity | IK | CK); identity byte for byte as the peer used it. */
bool ecs_eap_aka_mk(struct ecs_crypto *crypto, struct ecs_str identity, const uint8_t ik[16],
                    const uint8_t ck[16], uint8_t ret_mk[20]) ECS_MUST_CHECK;
/* K_encr, K_aut, MSK, EMSK out of MK (also of EAP-SIM, RFC 4186 7). */
void ecs_eap_aka_expand(const uint8_t mk[20], struct ecs_eap_keys *ret_keys);
/* K_aut alone: a quarter of the work, all that a challenge needs. */
void ecs_eap_aka_k_aut(const uint8_t mk[20], uint8_t ret_k_aut[16]);
/* K_aut and MSK, for judging an answer. */
void ecs_eap_aka_k_aut_msk(const uint8_t mk[20], uint8_t ret_k_aut[16], uint8_t ret_msk[64]);

/* CK'|IK' bound to the access network (TS 33.402 A.2); sqn_ak are the first six bytes of AUTN. network is at
 * most 65,535 bytes, else false. */
bool ecs_eap_aka_prime_ck_ik(struct ecs_crypto *crypto, struct ecs_str network, const uint8_t sqn_ak[6],
                             const uint8_t ik[16], const uint8_t ck[16], uint8_t ret_ck[16],
                             uint8_t ret_ik[16]) ECS_MUST_CHECK;
/* The keys of EAP-AKA' out of CK' and IK'. */
bool ecs_eap_aka_prime_keys(struct ecs_crypto *crypto, struct ecs_str identity, const uint8_t ik_prime[16],
                            const uint8_t ck_prime[16], struct ecs_eap_keys *ret_keys) ECS_MUST_CHECK;
