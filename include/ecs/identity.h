/* SPDX-License-Identifier: Apache-2.0 */
/* What our own EAP server takes besides plain identities of EAP-AKA: EAP-AKA' (RFC 9048) and identities that
 * the phone has encrypted (eap-aka.md 9). */
#pragma once

#include "ecs/eap_privacy.h"
#include "ecs/setting.h"

struct ecs_identity_conf {
    bool aka_prime;      /* EAP-AKA' is served */
    const char *network; /* name of the access network that its keys are bound to */
    int mask_hash;       /* enum ecs_privacy_mgf */
};
extern const struct ecs_setting ecs_identity_settings[];
struct ecs_identity_key_conf {
    const char *file, *identifier;
};
extern const struct ecs_setting ecs_identity_key_settings[];

/* The private keys of phones' encrypted identities; immutable, for all threads. */
struct ecs_identity_keys;

/* Reads the files. NULL with faults; also without faults when there are no rows (no identities are
 * decrypted). strict: files that others may read are refused. */
struct ecs_identity_keys *ecs_identity_keys_load(const struct ecs_identity_key_conf *rows, size_t n,
                                                 bool strict, struct ecs_faults *faults);
void ecs_identity_keys_free(struct ecs_identity_keys *keys); /* NULL allowed */
/* As ecs_privacy_open with all of them. keys NULL: ECS_E_AUTH_NEEDED. */
enum ecs_rc ecs_identity_open(const struct ecs_identity_keys *keys, const struct ecs_identity_conf *conf,
                              const struct ecs_eap_id *id, char out[ECS_EAP_NAI_MAX + 1],
                              size_t *ret_n) ECS_MUST_CHECK;
