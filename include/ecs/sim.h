/* SPDX-License-Identifier: Apache-2.0 */
/* Which brand a SIM belongs to, by what its card says: PLMN, ranges of IMSIs, GID1 and GID2 (virtual
 * operators on one network). Pure look-up in rows of the list section "sims". IMSI and PLMN are proven; GID1
 * and GID2 are what the device says: they choose a brand for a line that has none of its own, and prove
 * nothing. */
#pragma once

#include "ecs/ids.h"
#include "ecs/setting.h"

struct ecs_sim_conf {
    const char *brand;              /* as in the table brand */
    struct ecs_str_list plmns;      /* home networks, "00101"; empty: any */
    struct ecs_str_list imsis;      /* leading digits; empty: any */
    struct ecs_str_list gid1, gid2; /* hexadecimal, letter case ignored; a GID of the card that begins with it
                                    fits (TS 31.102: cards pad with FF); empty: any */
};
extern const struct ecs_setting ecs_sim_settings[];
/* Check function of a row: something must be given, digits and hexadecimal only. */
bool ecs_sim_settings_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);

/* The first row that fits; NULL: none. gid1, gid2 {NULL, 0}: the request does not say (rows that ask for one
 * do not fit). */
const struct ecs_sim_conf *ecs_sim_find(const struct ecs_sim_conf *rows, size_t n,
                                        const struct ecs_imsi *imsi, struct ecs_str gid1,
                                        struct ecs_str gid2);

/* What facts need besides the rows of a line; borrowed from the snapshot. */
struct ecs_gate {
    const struct ecs_sim_conf *sims;
    size_t n_sims;
    const struct ecs_plmn *home; /* auth.plmns */
    size_t n_home;
};
/* The visited network (five or six digits) is a home network of this card: its own or another one of
 * auth.plmns. */
bool ecs_gate_is_home(const struct ecs_gate *gate, const struct ecs_imsi *imsi, struct ecs_str visited);
