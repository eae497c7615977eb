/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net run ts43 codec conf base */
/* Bodies of push providers and of their token endpoints under every interesting status: always a verdict with
 * a reason, which is one of ours. The first byte chooses the status. */
#include <stdlib.h>

#include "adapters/oauth_answer.h"
#include "adapters/push_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct push_verdict *verdict)
{
    const struct ecs_send_result *r = &verdict->result;

    if (!r->reason || (unsigned)r->class > ECS_SEND_BAD || r->retry_after_s < 0 || r->dead_since_s < 0)
        abort();
    if (r->class == ECS_SEND_OK && verdict->renew)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 400, 401, 403, 404, 410, 429, 500, 503, 302};
    struct ecs_arena *arena;
    struct push_answer answer = {.retry_after_s = -1};
    struct oauth_answer token;
    struct push_verdict verdict;

    if (size == 0)
        return 0;
    arena = ecs_arena_new(NULL, 0);
    answer.status = statuses[data[0] % ECS_ARRAY_LEN(statuses)];
    answer.body = (struct ecs_str){(const char *)data + 1, size - 1};
    push_judge_fcm(&answer, arena, &verdict);
    check(&verdict);
    push_judge_apns(&answer, arena, &verdict);
    check(&verdict);
    answer.wns_status = ecs_strdup(arena, answer.body);
    push_judge_wns(&answer, &verdict);
    check(&verdict);
    oauth_answer_read(answer.status, answer.body, arena, &token);
    if (token.rc == ECS_OK && token.token.n == 0)
        abort();
    ecs_arena_free(arena);
    return 0;
}
