/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net codec conf run base */
/* Documents of status systems. What is taken obeys the forms of the table service_state. */
#include <stdlib.h>

#include "ecs/availability.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 1 << 20);
    struct ecs_feed_document d = {0};
    const char *why = NULL;
    enum ecs_rc rc;

    if (!arena)
        return 0;
    rc = ecs_feed_parse(arena, (struct ecs_str){(const char *)data, n}, 1772600000, &d, &why);
    if (rc == ECS_OK && d.n + d.later > ECS_STATES_MAX)
        abort();
    if (rc != ECS_OK && rc != ECS_E_TOO_LARGE && !why)
        abort();
    for (size_t i = 0; rc == ECS_OK && i < d.n; i++) {
        const struct ecs_state_row *row = &d.rows[i];

        if (!row->service.n || row->state >= ECS_AVAILABLE_COUNT || row->since < 0 || row->validity_s < 0 ||
            (row->area.p && !ecs_area_is_valid(row->area, false)) || row->brand.n > 63 ||
            row->message_key.n > 63)
            abort();
    }
    ecs_arena_free(arena);
    return 0;
}
