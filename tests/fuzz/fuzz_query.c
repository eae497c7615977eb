/* SPDX-License-Identifier: Apache-2.0 */
/* modules: ts43 codec base */
/* Query strings: whatever is read can be saved, comes back the same, and what the request says about itself
 * holds. */
#include <stdlib.h>
#include <string.h>

#include "ecs/form.h"
#include "ecs/ts43.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_ts43_input input = {.query = {(const char *)data, size}};
    struct ecs_ts43_request request, loaded;
    struct ecs_buf saved = {0};
    const char *reason = NULL;
    enum ecs_rc rc = ecs_ts43_request_read(arena, &input, &request, &reason);

    demand(rc == ECS_OK || reason != NULL);
    demand(request.n_apps <= ECS_APPS_MAX && request.n_notes <= ECS_NOTES_MAX);
    if (rc == ECS_OK) {
        rc = ecs_ts43_request_check(&request, &reason);
        demand(rc == ECS_OK || reason != NULL);
        ecs_ts43_request_save(&request, &saved);
        demand(ecs_ts43_request_load(arena, ecs_buf_str(&saved), &loaded) == ECS_OK);
        for (unsigned i = 0; i < ECS_P_COUNT; i++)
            demand(ecs_str_eq(request.param[i], loaded.param[i]));
        demand(request.n_apps == loaded.n_apps && request.vers == loaded.vers);
    }
    ecs_buf_done(&saved);
    ecs_arena_free(arena);
    return 0;
}
