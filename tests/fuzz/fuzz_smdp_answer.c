/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net run ts43 codec conf base */
/* Answers of SM-DP+ to each function under interesting HTTP statuses: a status that is one of ours, texts
 * that can go into rows, codes and log, and never a success without what the function is for. First byte:
 * function, by ICCID or profile type, repeated; second: HTTP status. */
#include <stdlib.h>
#include <string.h>

#include "adapters/smdp_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct smdp_call *call, const struct ecs_smdp_result *r)
{
    char code[ECS_ACTIVATION_CODE_MAX + 1];

    if ((unsigned)r->status >= ECS_SMDP_STATUS_COUNT || r->retry_after_s > 86400)
        abort();
    if ((r->status != ECS_SMDP_OK || r->warning) && !r->why)
        abort();
    for (const char *p = r->why; p && *p; p++)
        if (*p < ' ' || *p > '~')
            abort();
    if ((r->iccid.p && !smdp_iccid(r->iccid).p) || !smdp_is_matching_id(r->matching_id))
        abort();
    if ((r->subject.n && !smdp_is_code(r->subject)) || (r->reason.n && !smdp_is_code(r->reason)))
        abort();
    if (r->status != ECS_SMDP_OK)
        return;
    if (call->function == ECS_SMDP_FN_ORDER && !r->iccid.p)
        abort();
    if (call->function == ECS_SMDP_FN_CONFIRM &&
        (!r->matching_id.p || !ecs_activation_code(r->address, r->matching_id, ECS_STR_NULL, true, code)))
        abort();
    if (call->function == ECS_SMDP_FN_STATE && !r->state.n)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 200, 204, 400, 401, 404, 429, 500, 503, 302};
    static const struct ecs_smdp_conf conf = {
        .name = "main", .address = "smdp.example.com", .requester = "1.2.3", .confirm_address = true};
    struct ecs_smdp smdp = {.conf = &conf};
    struct ecs_smdp_result result;
    struct smdp_call call = {.smdp = &smdp, .result = &result, .call_id = ECS_STR("ecs-1-1")};
    struct ecs_ask_answer answer = {.rc = ECS_OK, .retry_after_s = -1};
    struct ecs_arena *arena;
    bool credentials;

    if (size < 2)
        return 0;
    arena = ecs_arena_new(NULL, 0);
    if (!arena)
        return 0;
    call.function = (enum ecs_smdp_function)(data[0] % ECS_SMDP_FN_COUNT);
    call.repeated = data[0] & 0x80;
    if (call.function != ECS_SMDP_FN_ORDER || data[0] & 0x40)
        call.iccid = ECS_STR("8949000000000000017");
    if (data[0] & 0x20)
        call.matching_id = ECS_STR("ECS-1");
    answer.status = statuses[data[1] % ECS_ARRAY_LEN(statuses)];
    answer.body = (struct ecs_str){(const char *)data + 2, size - 2};
    smdp_es2_read(&call, arena, &answer, &credentials);
    check(&call, &result);
    ecs_arena_free(arena);
    return 0;
}
