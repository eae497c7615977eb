/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication vectors over either algorithm set, both ends of the exchange. */
#include "ecs/aka.h"

#include <string.h>

/* The outputs in the lengths that EAP-AKA uses. */
struct functions {
    uint8_t mac_a[8], mac_s[8];
    uint8_t res[ECS_AKA_RES_MAX];
    uint8_t res_n;
    uint8_t ck[16], ik[16];
    uint8_t ak[6], ak_star[6];
};

static void put_sqn(uint8_t out[6], uint64_t sqn)
{
    for (int i = 0; i < 6; i++)
        out[i] = (uint8_t)(sqn >> (40 - 8 * i));
}

/* The 48-bit number behind a masked SQN. */
static uint64_t unmask_sqn(const uint8_t masked[6], const uint8_t mask[6])
{
    uint64_t sqn = 0;

    for (int i = 0; i < 6; i++)
        sqn = sqn << 8 | (uint8_t)(masked[i] ^ mask[i]);
    return sqn;
}

static enum ecs_rc run_milenage(struct ecs_crypto *crypto, const struct ecs_aka_key *key, const uint8_t *rand,
                                const uint8_t *sqn, const uint8_t *amf, struct functions *ret_f)
{
    struct ecs_milenage_out out;

    if (key->ki_n != 16 || ret_f->res_n < 4 || ret_f->res_n > 8)
        return ECS_E_CONFIG;
    for (int i = 0; key->milenage && i < 5; i++)
        if (key->milenage->r[i] > 127)
            return ECS_E_CONFIG;
    if (!ecs_milenage(crypto, key->ki, key->opc, key->milenage, rand, sqn, amf, &out))
        return ECS_E_INTERNAL;
    memcpy(ret_f->mac_a, out.mac_a, 8);
    memcpy(ret_f->mac_s, out.mac_s, 8);
    memcpy(ret_f->res, out.res, ret_f->res_n);
    memcpy(ret_f->ck, out.ck, 16);
    memcpy(ret_f->ik, out.ik, 16);
    memcpy(ret_f->ak, out.ak, 6);
    memcpy(ret_f->ak_star, out.ak_star, 6);
    ecs_wipe(&out, sizeof(out));
    return ECS_OK;
}

static enum ecs_rc run_tuak(const struct ecs_aka_key *key, const uint8_t *rand, const uint8_t *sqn,
                            const uint8_t *amf, struct functions *ret_f)
{
    struct ecs_tuak_key tuak = {
        .k_n = key->ki_n,
        .mac_n = 8,
        .res_n = ret_f->res_n,
        .ck_n = 16,
        .ik_n = 16,
        .iterations = key->tuak_iterations ? key->tuak_iterations : 1,
    };
    struct ecs_tuak_out out;
    bool ok;

    if (ret_f->res_n > ECS_AKA_RES_MAX)
        return ECS_E_CONFIG;
    memcpy(tuak.k, key->ki, sizeof(tuak.k));
    memcpy(tuak.topc, key->opc, sizeof(tuak.topc));
    ok = ecs_tuak(&tuak, rand, sqn, amf, &out);
    if (ok) {
        memcpy(ret_f->mac_a, out.mac_a, 8);
        memcpy(ret_f->mac_s, out.mac_s, 8);
        memcpy(ret_f->res, out.res, ret_f->res_n);
        memcpy(ret_f->ck, out.ck, 16);
        memcpy(ret_f->ik, out.ik, 16);
        memcpy(ret_f->ak, out.ak, 6);
        memcpy(ret_f->ak_star, out.ak_star, 6);
        ecs_wipe(&out, sizeof(out));
    }
    ecs_wipe(&tuak, sizeof(tuak));
    return ok ? ECS_OK : ECS_E_CONFIG;
}

/* f1..f5* for one RAND, SQN and AMF. The caller wipes *ret_f, whatever comes back. */
static enum ecs_rc run(struct ecs_crypto *crypto, const struct ecs_aka_key *key, const uint8_t *rand,
                       uint64_t sqn, const uint8_t *amf, struct functions *ret_f)
{
    uint8_t sqn_bytes[6];

    put_sqn(sqn_bytes, sqn);
    ret_f->res_n = key->res_n ? key->res_n : 8;
    if (key->alg == ECS_AKA_MILENAGE)
        return run_milenage(crypto, key, rand, sqn_bytes, amf, ret_f);
    if (key->alg == ECS_AKA_TUAK)
        return run_tuak(key, rand, sqn_bytes, amf, ret_f);
    return ECS_E_CONFIG;
}

enum ecs_rc ecs_aka_vector_make(struct ecs_crypto *crypto, const struct ecs_aka_key *key,
                                const uint8_t rand[16], uint64_t sqn, struct ecs_aka_vector *ret_vector)
{
    struct functions f;
    enum ecs_rc rc;

    if (sqn > ECS_AKA_SQN_MAX)
        return ECS_E_BAD_PARAMETER;
    rc = run(crypto, key, rand, sqn, key->amf, &f);
    if (rc == ECS_OK) {
        *ret_vector = (struct ecs_aka_vector){.sqn = sqn, .xres_n = f.res_n};
        memcpy(ret_vector->rand, rand, 16);
        put_sqn(ret_vector->autn, sqn);
        for (int i = 0; i < 6; i++)
            ret_vector->autn[i] ^= f.ak[i];
        memcpy(ret_vector->autn + 6, key->amf, 2);
        memcpy(ret_vector->autn + 8, f.mac_a, 8);
        memcpy(ret_vector->xres, f.res, f.res_n);
        memcpy(ret_vector->ck, f.ck, 16);
        memcpy(ret_vector->ik, f.ik, 16);
        memcpy(ret_vector->ak, f.ak, 6);
    }
    ecs_wipe(&f, sizeof(f));
    return rc;
}

/* f1* covers AMF* = 0000 (TS 33.102 6.3.3). */
static const uint8_t amf_star[2];

enum ecs_rc ecs_aka_resync(struct ecs_crypto *crypto, const struct ecs_aka_key *key, const uint8_t rand[16],
                           const uint8_t auts[ECS_AKA_AUTS_LEN], uint64_t *ret_sqn)
{
    struct functions f;
    uint64_t sqn = 0;
    enum ecs_rc rc = run(crypto, key, rand, 0, amf_star, &f); /* AK* does not depend on SQN */

    if (rc == ECS_OK) {
        sqn = unmask_sqn(auts, f.ak_star);
        rc = run(crypto, key, rand, sqn, amf_star, &f);
    }
    if (rc == ECS_OK && !ecs_ct_equal(f.mac_s, auts + 6, sizeof(f.mac_s)))
        rc = ECS_E_AUTH_REJECTED;
    if (rc == ECS_OK)
        *ret_sqn = sqn;
    ecs_wipe(&f, sizeof(f));
    return rc;
}

uint64_t ecs_aka_usim_sqn(const struct ecs_aka_usim *usim)
{
    unsigned highest = 0;

    for (unsigned ind = 1; ind < ECS_AKA_SLOTS; ind++)
        if (usim->seq[ind] > usim->seq[highest])
            highest = ind;
    return usim->seq[highest] << ECS_AKA_IND_BITS | highest;
}

/* TS 33.102 C.2.2: not too far ahead, newer than the last one of its slot, optionally not too old. */
static bool accept_sqn(struct ecs_aka_usim *usim, uint64_t sqn)
{
    uint64_t delta = usim->delta ? usim->delta : ECS_AKA_DELTA;
    uint64_t seq = sqn >> ECS_AKA_IND_BITS;
    uint64_t highest = ecs_aka_usim_sqn(usim) >> ECS_AKA_IND_BITS;
    uint64_t *slot = &usim->seq[sqn % ECS_AKA_SLOTS];

    if (seq > highest && seq - highest > delta)
        return false;
    if (seq <= *slot)
        return false;
    if (usim->limit && seq < highest && highest - seq >= usim->limit)
        return false;
    *slot = seq;
    return true;
}

static enum ecs_rc make_auts(struct ecs_crypto *crypto, const struct ecs_aka_key *key, const uint8_t *rand,
                             uint64_t sqn, uint8_t ret_auts[ECS_AKA_AUTS_LEN])
{
    struct functions f;
    enum ecs_rc rc = run(crypto, key, rand, sqn, amf_star, &f);

    if (rc == ECS_OK) {
        put_sqn(ret_auts, sqn);
        for (int i = 0; i < 6; i++)
            ret_auts[i] ^= f.ak_star[i];
        memcpy(ret_auts + 6, f.mac_s, 8);
    }
    ecs_wipe(&f, sizeof(f));
    return rc;
}

enum ecs_rc ecs_aka_usim_answer(struct ecs_crypto *crypto, const struct ecs_aka_key *key,
                                const uint8_t rand[16], const uint8_t autn[16], struct ecs_aka_usim *usim,
                                struct ecs_aka_usim_answer *ret_answer)
{
    struct ecs_aka_usim_answer answer = {.kind = ECS_USIM_MAC_FAILURE};
    struct functions f;
    uint64_t sqn = 0;
    enum ecs_rc rc = run(crypto, key, rand, 0, autn + 6, &f); /* AK does not depend on SQN */

    if (rc == ECS_OK) {
        sqn = unmask_sqn(autn, f.ak);
        rc = run(crypto, key, rand, sqn, autn + 6, &f);
    }
    if (rc == ECS_OK && ecs_ct_equal(f.mac_a, autn + 8, sizeof(f.mac_a))) {
        if (accept_sqn(usim, sqn)) {
            answer.kind = ECS_USIM_RES;
            answer.res_n = f.res_n;
            memcpy(answer.res, f.res, f.res_n);
            memcpy(answer.ck, f.ck, 16);
            memcpy(answer.ik, f.ik, 16);
        } else {
            answer.kind = ECS_USIM_AUTS;
            rc = make_auts(crypto, key, rand, ecs_aka_usim_sqn(usim), answer.auts);
        }
    }
    if (rc == ECS_OK)
        *ret_answer = answer;
    ecs_wipe(&answer, sizeof(answer));
    ecs_wipe(&f, sizeof(f));
    return rc;
}
