/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net run ts43 codec conf base */
/* Activation codes: what is read is built again and reads the same. */
#include <stdlib.h>
#include <string.h>

#include "adapters/smdp_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_str address, id, address2, id2;
    char text[ECS_ACTIVATION_CODE_MAX + 1];
    bool confirmation, confirmation2;

    if (!ecs_activation_code_read((struct ecs_str){(const char *)data, size}, &address, &id, &confirmation))
        return 0;
    if (!smdp_is_fqdn(address) || !smdp_is_matching_id(id))
        abort();
    if (!ecs_activation_code(address, id, ECS_STR_NULL, confirmation, text))
        abort();
    if (!ecs_activation_code_read(ecs_str_of(text), &address2, &id2, &confirmation2) ||
        !ecs_str_eq(address, address2) || !ecs_str_eq(id, id2) || confirmation != confirmation2)
        abort();
    return 0;
}
