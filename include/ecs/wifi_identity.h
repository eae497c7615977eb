/* SPDX-License-Identifier: Apache-2.0 */
/* Private identities for Wi-Fi access (TS.43 12.4, type 2): the IMSI in a JSON Web Token that is encrypted
 * (RFC 7516, compact form) with a key shared with the Wi-Fi gateway, which can so read and trust it without
 * asking anybody. */
#pragma once

#include "ecs/arena.h"
#include "ecs/crypto.h"
#include "ecs/ids.h"
#include "ecs/setting.h"

enum {
    ECS_WIFI_DIR,       /* the shared key encrypts the contents: alg dir, enc A256GCM */
    ECS_WIFI_A256GCMKW, /* a fresh key does, wrapped with the shared one: alg A256GCMKW, enc A256GCM */
    ECS_WIFI_IDENTITY_MAX = 1015 /* bytes of an identity (RFC 4187: below 1016) */
};
/* Section "private_identity". */
struct ecs_wifi_identity_conf {
    const char *key;               /* 64 hexadecimal digits; "": no tokens are made */
    const char *key_id;            /* "kid" */
    const char *issuer, *audience; /* "iss", "aud"; "" leaves them out */
    int algorithm;                 /* ECS_WIFI_DIR, ECS_WIFI_A256GCMKW */
    bool msisdn;                   /* the number goes into it, too */
};
extern const struct ecs_setting ecs_wifi_identity_settings[];
bool ecs_wifi_identity_check(const void *section, struct ecs_faults *faults,
                             const struct ecs_yaml_node *node);

struct ecs_wifi_identity; /* immutable but for the cipher's state: used by one thread */
/* conf is borrowed and was checked. NULL: no memory, or libcrypto lacks an algorithm. */
struct ecs_wifi_identity *ecs_wifi_identity_new(struct ecs_crypto *crypto,
                                                const struct ecs_wifi_identity_conf *conf) ECS_MUST_CHECK;
void ecs_wifi_identity_free(struct ecs_wifi_identity *identity); /* NULL allowed */

/* A new token, different each time, in the arena. expires_s: Unix seconds, 0: without an end. {NULL, 0}:
 * failure of the library or the arena, or the token would have 1016 bytes and more (U-007). */
struct ecs_str ecs_wifi_identity_make(const struct ecs_wifi_identity *identity, struct ecs_arena *arena,
                                      const struct ecs_imsi *imsi, struct ecs_str msisdn, int64_t now_s,
                                      int64_t expires_s);
