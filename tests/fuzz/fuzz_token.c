/* SPDX-License-Identifier: Apache-2.0 */
/* modules: auth codec conf base */
/* Tokens and portal references as a device may send them: opened with a fixed key, and the opened content of
 * arbitrary plain text (sealed here first) so that the reader behind the tag is reached, too. */
#include <stdlib.h>
#include <string.h>

#include "ecs/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ecs_crypto *crypto;
    static struct ecs_sealer *sealer;
    struct ecs_str text = {(const char *)data, size};
    struct ecs_token token;
    struct ecs_flow_ref ref;
    uint8_t bytes[ECS_TOKEN_BYTES] = {1, 1};
    char sealed[ECS_TOKEN_TEXT_MAX + 1];
    uint8_t id;

    if (!crypto) {
        struct ecs_keyring ring = {.count = 1, .keys = {{.id = 1, .key = {7}}}};

        crypto = ecs_crypto_new();
        sealer = ecs_sealer_new(crypto, &ring, ECS_STR("token"));
    }
    if (ecs_token_open(sealer, text, &token) == ECS_OK)
        abort(); /* nobody can forge one */
    if (ecs_flow_ref_open(sealer, text, &ref) == ECS_OK)
        abort();
    if (size >= 47) {
        bytes[0] = size % 2 ? 1 : 2;
        if (!ecs_aead_seal(ecs_sealer_current(sealer, &id), bytes + 2,
                           (struct ecs_str){(const char *)bytes, 2}, data, 47, bytes + 14))
            abort();
        ecs_base32_encode(bytes, sizeof(bytes), sealed);
        if (ecs_token_open(sealer, ecs_str_of(sealed), &token) == ECS_OK && strlen(token.imsi.s) < 6)
            abort();
        if (ecs_flow_ref_open(sealer, ecs_str_of(sealed), &ref) == ECS_OK && strlen(ref.imsi.s) < 6 &&
            (ref.journey < 1 || ref.imsi.s[0]))
            abort();
    }
    return 0;
}
