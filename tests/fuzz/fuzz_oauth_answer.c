/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net run ts43 codec conf base */
/* Answers of token endpoints: any body gives a token that can be sent, or an error whose text is harmless.
 * The first byte chooses the status. */
#include <stdlib.h>
#include <string.h>

#include "adapters/oauth_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct oauth_answer *a, int status)
{
    if ((a->rc == ECS_OK) != (a->error == NULL) || (a->rc == ECS_OK) != (a->token.p != NULL))
        abort();
    if (a->rc == ECS_OK && (status != 200 || a->token.n == 0 || a->life_s < 0))
        abort();
    if (a->rc != ECS_OK && a->rc != ECS_E_BACKEND && a->rc != ECS_E_OVERLOAD && a->rc != ECS_E_CONFIG)
        abort();
    for (size_t i = 0; i < a->token.n; i++)
        if (a->token.p[i] <= ' ' || a->token.p[i] >= 0x7f)
            abort();
    for (const char *p = a->error; p && *p; p++)
        if (*p < ' ' || *p >= 0x7f || strchr("<>\"'\\&", *p))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 200, 400, 401, 429, 500, 302};
    struct ecs_arena *arena;
    struct oauth_answer answer;
    char date[33] = "";
    int64_t behind;
    int status;

    if (size < 1)
        return 0;
    arena = ecs_arena_new(NULL, 0);
    if (!arena)
        return 0;
    status = statuses[data[0] % ECS_ARRAY_LEN(statuses)];
    oauth_answer_read(status, (struct ecs_str){(const char *)data + 1, size - 1}, arena, &answer);
    check(&answer, status);
    memcpy(date, data + 1, size - 1 < 32 ? size - 1 : 32);
    if (oauth_clock_behind_s(date, 1700000000, &behind) && (behind < -1000000 || behind > 31536000))
        abort();
    ecs_arena_free(arena);
    return 0;
}
