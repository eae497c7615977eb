/* SPDX-License-Identifier: Apache-2.0 */
/* Identities that a phone has encrypted with the operator's public key, so that nobody on the way reads the
 * IMSI (eap-aka.md 9: RSA-OAEP with SHA-256). Keys are immutable after loading: all threads may use them at
 * once. */
#pragma once

#include "ecs/eap_id.h"
#include "ecs/error.h"

struct ecs_privacy_key;

enum { ECS_PRIVACY_KEY_ID_MAX = 128 };

/* The hash of OAEP's mask generation: phones follow SHA-256 or Java's default. */
enum ecs_privacy_mgf { ECS_PRIVACY_MGF_SHA256, ECS_PRIVACY_MGF_SHA1, ECS_PRIVACY_MGF_BOTH };

/* An RSA key of 2,048 bits or more (PKCS#8 or PKCS#1, not encrypted). identifier: as phones append it,
 * "Name=value"; empty: phones send none. NULL with a sentence in err (NUL-terminated, cut at err_size; no
 * secret). */
struct ecs_privacy_key *ecs_privacy_key_load(struct ecs_str pem, struct ecs_str identifier, char *err,
                                             size_t err_size) ECS_MUST_CHECK;
void ecs_privacy_key_free(struct ecs_privacy_key *key); /* NULL allowed */

/* Decrypts an identity of kind ECS_EAP_ID_ENCRYPTED: by the key that it names, else by each in turn. What
 * fails says nothing about the cause (RFC 8017 7.1.2). Some 0.5 ms of computing for each key that is tried.
 * ECS_E_AUTH_NEEDED: no key opens it, or what is inside is no permanent identity. */
enum ecs_rc ecs_privacy_open(const struct ecs_privacy_key *const *keys, size_t n, enum ecs_privacy_mgf mgf,
                             const struct ecs_eap_id *id, char out[ECS_EAP_NAI_MAX + 1],
                             size_t *ret_n) ECS_MUST_CHECK;
