/* SPDX-License-Identifier: Apache-2.0 */
/* modules: ts43 codec base */
/* JSON bodies: read as a request, as a flat list and bound to a struct. */
#include <stdlib.h>
#include <string.h>

#include "ecs/json.h"
#include "ecs/ts43.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
    struct ecs_str name;
    int64_t number;
    struct ecs_json_strs list;
};

static const struct ecs_json_field fields[] = {
    {"app", ECS_JSON_T_STR, .offset = offsetof(struct target, name), .high = 20},
    {"vers", ECS_JSON_T_I64, .offset = offsetof(struct target, number), .low = -9, .high = 9},
    {"list", ECS_JSON_T_STRS, .offset = offsetof(struct target, list), .high = 3},
    {0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_str text = {(const char *)data, size};
    struct ecs_ts43_input input = {.post = true, .body = text, .query = ECS_STR("vers=1&token=a")};
    struct ecs_ts43_request request;
    struct target target = {0};
    struct ecs_json_flat flat, items;
    const char *reason = NULL;

    if (ecs_json_flat_parse(arena, text, &flat, &reason) == ECS_OK) {
        for (size_t i = 0; i < flat.n; i++)
            if (flat.member[i].kind == ECS_JSON_ARRAY &&
                ecs_json_flat_items(arena, &flat.member[i], &items, &reason) == ECS_E_BAD_REQUEST &&
                strcmp(reason, "the body is not JSON") == 0)
                abort(); /* jansson and the scanner disagree */
    } else if (!reason) {
        abort();
    }
    reason = NULL;
    if (ecs_ts43_request_read(arena, &input, &request, &reason) != ECS_OK && !reason)
        abort();
    reason = NULL;
    if (ecs_json_bind(arena, text, fields, &target, &reason) != ECS_OK) {
        if (!reason)
            abort();
    } else if (target.name.n > 20 || target.number < -9 || target.number > 9 || target.list.n > 3) {
        abort();
    }
    ecs_arena_free(arena);
    return 0;
}
