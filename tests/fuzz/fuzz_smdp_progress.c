/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net run ts43 codec conf base */
/* Bodies of handleDownloadProgressInfo: an ICCID and a point with a known outcome, or a reason why not. */
#include <stdlib.h>
#include <string.h>

#include "adapters/smdp_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(struct ecs_str text)
{
    if (text.n > 128 || (text.p && !text.n))
        abort();
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < ' ' || text.p[i] > '~')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_smdp_progress p;
    const char *why = NULL;
    enum ecs_rc rc;

    if (!arena)
        return 0;
    rc = ecs_smdp_progress_read(arena, (struct ecs_str){(const char *)data, size}, &p, &why);
    if (rc != ECS_OK &&
        (!why || (rc != ECS_E_BAD_REQUEST && rc != ECS_E_BAD_PARAMETER && rc != ECS_E_TOO_LARGE)))
        abort();
    if (rc == ECS_OK) {
        if (!smdp_iccid(p.iccid).p || p.point < 1 || p.point > 100000 || p.at < 0)
            abort();
        check_word(p.call_id);
        check_word(p.profile_type);
        check_word(p.subject);
        if (p.eid.p && (p.eid.n != 32 || !ecs_str_is_digits(p.eid)))
            abort();
    }
    ecs_arena_free(arena);
    return 0;
}
