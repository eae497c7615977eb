/* SPDX-License-Identifier: Apache-2.0 */
/* Key rings: several keys with ids, the last one seals, all open. Rotation adds a line and reloads; a key is
 * removed when nothing sealed by it can still be alive. */
#pragma once

#include "ecs/crypto.h"
#include "ecs/yaml.h"

enum { ECS_KEYRING_MAX = 16 };

/* File form: one key per line, "<id 1..255> <64 hex digits>", '#' comments; the last line is the sealing key.
 * The file must not be readable by others (mode 0077 bits clear), except in lab mode. */
struct ecs_keyring {
    unsigned count;
    struct {
        uint8_t id;
        uint8_t key[32];
    } keys[ECS_KEYRING_MAX];
};

/* Fills *ret_ring; on failure a fault names file and line, never the key. */
bool ecs_keyring_load(const char *path, bool check_mode, struct ecs_keyring *ret_ring,
                      struct ecs_faults *faults) ECS_MUST_CHECK;
bool ecs_keyring_parse(const char *name, struct ecs_str text, struct ecs_keyring *ret_ring,
                       struct ecs_faults *faults) ECS_MUST_CHECK;
void ecs_keyring_wipe(struct ecs_keyring *ring);

/* The ring made ready for one thread and one purpose: each key is derived with the label, so that one file
 * may serve several purposes. NULL: libcrypto failed. */
struct ecs_sealer;
struct ecs_sealer *ecs_sealer_new(struct ecs_crypto *crypto, const struct ecs_keyring *ring,
                                  struct ecs_str label);
void ecs_sealer_free(struct ecs_sealer *sealer);
struct ecs_aead_key *ecs_sealer_current(const struct ecs_sealer *sealer, uint8_t *ret_id);
struct ecs_aead_key *ecs_sealer_find(const struct ecs_sealer *sealer, uint8_t id); /* NULL: no such key */
