/* SPDX-License-Identifier: Apache-2.0 */
/* modules: ts43 codec base */
/* Cookie lines (split at line feeds) and the User-Agent header. */
#include <stdlib.h>

#include "ecs/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct ecs_str part, const uint8_t *data, size_t size)
{
    return part.n == 0 ||
           ((const uint8_t *)part.p >= data && (const uint8_t *)part.p + part.n <= data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_str rest = {(const char *)data, size}, lines[8], values[4];
    struct ecs_user_agent agent = ecs_user_agent_read(rest);
    const struct ecs_str parts[] = {agent.vendor,         agent.model, agent.client,
                                    agent.client_version, agent.os,    agent.os_version};
    size_t n = 0, found;

    for (size_t i = 0; i < ECS_ARRAY_LEN(parts); i++)
        if (!inside(parts[i], data, size))
            abort();
    while (n < ECS_ARRAY_LEN(lines) && ecs_str_cut(&rest, '\n', &lines[n]))
        n++;
    found = ecs_cookie_find(lines, n, ECS_STR("ecsid"), values, ECS_ARRAY_LEN(values));
    if (found > ECS_ARRAY_LEN(values))
        abort();
    for (size_t i = 0; i < found; i++)
        if (values[i].n == 0 || !inside(values[i], data, size))
            abort();
    return 0;
}
