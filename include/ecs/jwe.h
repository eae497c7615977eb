/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Web Encryption in compact form (RFC 7516) with one algorithm per kind of key: RSA-OAEP-256 for RSA,
 * ECDH-ES for P-256, contents always A256GCM. Pure; keys do not change once made: several threads may use
 * one. */
#pragma once

#include "ecs/arena.h"
#include "ecs/error.h"

struct ecs_jwe_key; /* public key of a receiver, or our own private key */

/* PEM (public key or certificate; a private key gives its public half) or one JSON Web Key. kid NULL: that of
 * the JWK, else none. NULL with a reason: neither RSA of 2,048 bits and more nor P-256. */
struct ecs_jwe_key *ecs_jwe_receiver_new(struct ecs_str text, const char *kid, const char **ret_reason);
/* PEM of a private key, to decrypt with. */
struct ecs_jwe_key *ecs_jwe_private_new(struct ecs_str pem, const char **ret_reason);
void ecs_jwe_key_free(struct ecs_jwe_key *key); /* NULL allowed; wipes */

/* Five parts with dots between, in the arena; {NULL, 0}: failure of the library or the arena. */
struct ecs_str ecs_jwe_encrypt(const struct ecs_jwe_key *receiver, struct ecs_str plain,
                               struct ecs_arena *arena);
/* {NULL, 0}: not of the compact form, another algorithm than the key's, compressed, damaged, or for another
 * key. The text is secret memory of the arena. Tokens over 16 KiB are refused. */
struct ecs_str ecs_jwe_decrypt(const struct ecs_jwe_key *key, struct ecs_str token, struct ecs_arena *arena);
/* Has the text the form of an encrypted token? Four dots. */
bool ecs_jwe_looks_like(struct ecs_str token);
