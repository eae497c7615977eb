/* SPDX-License-Identifier: Apache-2.0 */
/* UMTS AKA (3GPP TS 33.102): vectors of the authentication centre, resynchronisation, and the card's side for
 * the device simulator. SQN is a number of 48 bits: SEQ (43) | IND (5), Annex C. */
#pragma once

#include "ecs/error.h"
#include "ecs/milenage.h"
#include "ecs/tuak.h"

#define ECS_AKA_RES_MAX  16
#define ECS_AKA_AUTS_LEN 14
#define ECS_AKA_SQN_MAX  UINT64_C(0xFFFFFFFFFFFF)
#define ECS_AKA_IND_BITS 5
#define ECS_AKA_SLOTS    (1 << ECS_AKA_IND_BITS)
#define ECS_AKA_DELTA    (UINT64_C(1) << 28) /* TS 33.102 C.3 */

enum ecs_aka_alg { ECS_AKA_MILENAGE, ECS_AKA_TUAK };

/* What is known of one card. Secret: allocate it with ecs_arena_secret or wipe it. */
struct ecs_aka_key {
    enum ecs_aka_alg alg;
    uint8_t ki[32];
    uint8_t ki_n;            /* 16; TUAK also 32 */
    uint8_t opc[32];         /* OPc in the first 16 bytes, or TOPc */
    uint8_t amf[2];          /* bit 0x80 of amf[0] is the separation bit, 1 for EAP-AKA' */
    uint8_t res_n;           /* Milenage 4..8, TUAK 4, 8 or 16; 0 means 8 */
    uint8_t tuak_iterations; /* 0 means 1 */
    const struct ecs_milenage_constants *milenage; /* NULL: the defaults */
};

struct ecs_aka_vector {
    uint64_t sqn; /* the one used */
    uint8_t rand[16];
    uint8_t autn[16];
    uint8_t xres[ECS_AKA_RES_MAX];
    uint8_t xres_n;
    uint8_t ck[16];
    uint8_t ik[16];
    uint8_t ak[6];
    bool prime;             /* EAP-AKA': ck and ik are CK' and IK', bound to the network's name */
    struct ecs_str network; /* with prime; borrowed */
};

/* ECS_E_CONFIG: a length of the key is out of range; ECS_E_BAD_PARAMETER: sqn above 48 bits; ECS_E_INTERNAL:
 * libcrypto failed. */
enum ecs_rc ecs_aka_vector_make(struct ecs_crypto *crypto, const struct ecs_aka_key *key,
                                const uint8_t rand[16], uint64_t sqn,
                                struct ecs_aka_vector *ret_vector) ECS_MUST_CHECK;
/* SQN_MS out of AUTS, with the RAND of the challenge that was answered. ECS_E_AUTH_REJECTED: MAC-S is wrong,
 * nothing may be changed. Otherwise as above. */
enum ecs_rc ecs_aka_resync(struct ecs_crypto *crypto, const struct ecs_aka_key *key, const uint8_t rand[16],
                           const uint8_t auts[ECS_AKA_AUTS_LEN], uint64_t *ret_sqn) ECS_MUST_CHECK;

/* ---- the card ---- */

/* Highest SEQ accepted per IND; all zero in a new card. */
struct ecs_aka_usim {
    uint64_t seq[ECS_AKA_SLOTS];
    uint64_t delta; /* largest accepted jump of SEQ; 0 means ECS_AKA_DELTA */
    uint64_t limit; /* age limit L of C.2.2 in SEQ steps; 0 means none */
};

enum ecs_aka_usim_kind {
    ECS_USIM_RES,        /* accepted, state moved on */
    ECS_USIM_AUTS,       /* SQN out of range */
    ECS_USIM_MAC_FAILURE /* MAC-A is wrong: wrong key or a forged challenge */
};

struct ecs_aka_usim_answer {
    enum ecs_aka_usim_kind kind;
    uint8_t res[ECS_AKA_RES_MAX];
    uint8_t res_n;
    uint8_t ck[16];
    uint8_t ik[16];
    uint8_t auts[ECS_AKA_AUTS_LEN];
};

/* SQN_MS of the card: the highest accepted SEQ with its IND. */
uint64_t ecs_aka_usim_sqn(const struct ecs_aka_usim *usim);
/* TS 33.102 6.3.3 and C.2.2. Codes as of ecs_aka_vector_make. */
enum ecs_rc ecs_aka_usim_answer(struct ecs_crypto *crypto, const struct ecs_aka_key *key,
                                const uint8_t rand[16], const uint8_t autn[16], struct ecs_aka_usim *usim,
                                struct ecs_aka_usim_answer *ret_answer) ECS_MUST_CHECK;
