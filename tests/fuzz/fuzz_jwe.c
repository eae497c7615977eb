/* SPDX-License-Identifier: Apache-2.0 */
/* modules: codec base */
/* Encrypted tokens and receivers' keys as a stranger may send them; any text encrypted here opens again. */
#include <stdlib.h>

#include "ecs/jwe.h"

/* Made for this test. */
static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZjjo0M4OgyabaY2x\n"
                          "pClQ3EMNjGCglzojy04nIH47/VehRANCAATKzDQ3NmkfrxMbbWw9cMab6qh6klip\n"
                          "b+9QhHDBAIt9wPP2gCy4oDRNahyH53v4L/Auz7g3cUGDdQzq+LASqC1S\n"
                          "-----END PRIVATE KEY-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ecs_jwe_key *own, *receiver;
    struct ecs_str text = {(const char *)data, size}, token, opened;
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    const char *why;

    if (!arena)
        return 0;
    if (!own) {
        own = ecs_jwe_private_new(ecs_str_of(pem), &why);
        receiver = ecs_jwe_receiver_new(ecs_str_of(pem), NULL, &why);
    }
    if (!own || !receiver)
        abort();
    (void)ecs_jwe_decrypt(own, text, arena);
    ecs_jwe_key_free(ecs_jwe_receiver_new(text, NULL, &why));
    if (size < 4096) {
        token = ecs_jwe_encrypt(receiver, text, arena);
        opened = ecs_jwe_decrypt(own, token, arena);
        if (!token.p || !opened.p || !ecs_str_eq(opened, text))
            abort();
    }
    ecs_arena_free(arena);
    return 0;
}
