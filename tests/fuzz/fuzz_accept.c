/* SPDX-License-Identifier: Apache-2.0 */
/* modules: ts43 codec base */
/* Accept, Accept-Language, Accept-Encoding: any text gives an answer that the server can produce. */
#include <stdlib.h>

#include "ecs/negotiate.h"
#include "ecs/ts43.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ecs_str available[] = {ECS_STR("en"), ECS_STR("de-CH"), ECS_STR("pt-BR")};
    struct ecs_str text = {(const char *)data, size};
    struct ecs_accept accept = ecs_accept_read(text);
    struct ecs_version version;

    if (accept.format != ECS_FORMAT_XML && accept.format != ECS_FORMAT_JSON)
        abort();
    if (ecs_language_match(text, available, 3, 1) >= 3)
        abort();
    if (ecs_accepts_gzip(text) && ecs_str_find_nocase(text, ECS_STR("gzip")) < 0)
        abort();
    if (ecs_version_parse(text, &version) && (version.major > 999999 || version.minor > 999999))
        abort();
    return 0;
}
