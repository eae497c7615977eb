/* SPDX-License-Identifier: Apache-2.0 */
/* modules: base */
/* Telephone numbers as anybody may write them: what is read is a number, and reads as itself again. */
#include <stdlib.h>
#include <string.h>

#include "ecs/e164.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_str text = {(const char *)data, size};
    struct ecs_msisdn number, again;
    char plus[24] = "+";
    size_t n;

    (void)ecs_unquote(text);
    if (!ecs_e164_read(text, ECS_STR("47"), &number))
        return 0;
    n = strlen(number.s);
    if (n < 5 || n > 15 || !ecs_str_is_digits(ecs_str_of(number.s)) || number.s[0] == '0')
        abort();
    memcpy(plus + 1, number.s, n + 1);
    if (!ecs_e164_read(ecs_str_of(plus), ECS_STR_NULL, &again) || strcmp(again.s, number.s) != 0)
        abort();
    return 0;
}
