/* SPDX-License-Identifier: Apache-2.0 */
/* modules: ts43 codec base */
/* Session rows: any bytes are either refused or a request that is saved and loaded the same again. */
#include <stdlib.h>

#include "ecs/ts43.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_ts43_request first, second;
    struct ecs_buf saved = {0};
    enum ecs_rc rc = ecs_ts43_request_load(arena, (struct ecs_str){(const char *)data, size}, &first);

    if (rc != ECS_OK && rc != ECS_E_SESSION_LOST && rc != ECS_E_TOO_LARGE)
        abort();
    if (rc == ECS_OK) {
        ecs_ts43_request_save(&first, &saved);
        if (ecs_ts43_request_load(arena, ecs_buf_str(&saved), &second) != ECS_OK)
            abort();
        for (unsigned i = 0; i < ECS_P_COUNT; i++)
            if (!ecs_str_eq(first.param[i], second.param[i]))
                abort();
        if (first.kind != second.kind || first.n_apps != second.n_apps || first.vers != second.vers)
            abort();
    }
    ecs_buf_done(&saved);
    ecs_arena_free(arena);
    return 0;
}
