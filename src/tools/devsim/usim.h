/* SPDX-License-Identifier: Apache-2.0 */
/* The software SIM card: keys, sequence numbers (kept in a file if wanted) and identity. */
#pragma once

#include "ecs/aka.h"
#include "ecs/arena.h"
#include "ecs/ids.h"

struct ecs_sim_usim {
    struct ecs_imsi imsi;
    unsigned mnc_digits; /* 2 or 3 */
    struct ecs_aka_key key;
    struct ecs_aka_usim state;
    const char *state_file; /* NULL: the sequence numbers are forgotten */
};

/* Texts as given by the user; NULL when not given. alg is "milenage" or "tuak". Exactly one of op and opc. */
struct ecs_sim_usim_text {
    const char *imsi, *ki, *op, *opc, *alg, *mnc_digits, *res_bytes;
    const char *state_file;
};

/* False with a sentence in err. A state file that does not exist is a new card. */
bool ecs_sim_usim_init(struct ecs_sim_usim *usim, struct ecs_crypto *crypto,
                       const struct ecs_sim_usim_text *text, char *err, size_t err_size) ECS_MUST_CHECK;
/* Writes the state file through a temporary file. True without one. */
bool ecs_sim_usim_save(const struct ecs_sim_usim *usim, char *err, size_t err_size) ECS_MUST_CHECK;
/* "0<IMSI>@<realm>.mncNNN.mccNNN.3gppnetwork.org" (TS 23.003 19.3.2); prefix '0' or '6'. */
const char *ecs_sim_usim_nai(const struct ecs_sim_usim *usim, struct ecs_arena *arena, char prefix,
                             const char *realm);
