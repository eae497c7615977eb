/* SPDX-License-Identifier: Apache-2.0 */
/* modules: auth codec base */
/* Answers of a token endpoint: first byte chooses the status, the rest is the body. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "auth/login_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 400, 401, 429, 500, 302};
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_str access = ECS_STR_NULL, id = ECS_STR_NULL;
    const char *why = NULL;

    if (size && arena) {
        struct ecs_str body = {(const char *)data + 1, size - 1};
        enum oidc_token_verdict verdict =
            oidc_token_read(arena, statuses[data[0] % ECS_ARRAY_LEN(statuses)], body, &access, &id, &why);

        if (verdict == OIDC_TOKEN_OK ? !access.n || !id.n || data[0] % ECS_ARRAY_LEN(statuses) : !why)
            abort();
    }
    ecs_arena_free(arena);
    return 0;
}
