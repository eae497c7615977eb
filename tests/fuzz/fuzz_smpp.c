/* SPDX-License-Identifier: Apache-2.0 */
/* modules: codec base */
/* A stream of an SMSC: cut into packets, each decoded; what was decoded is written and read again and must be
 * the same. */
#include <stdlib.h>

#include "ecs/smpp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct ecs_smpp_pdu *a, const struct ecs_smpp_pdu *b)
{
    if (a->id != b->id || a->status != b->status || a->sequence != b->sequence ||
        !ecs_str_eq(a->tlvs, b->tlvs))
        abort();
    for (int i = 0; i < ECS_SMPP_FIELD_COUNT; i++)
        if (a->number[i] != b->number[i] || !ecs_str_eq(a->text[i], b->text[i]))
            abort();
}

static void check(struct ecs_str bytes)
{
    struct ecs_smpp_pdu pdu, again;
    struct ecs_str value;
    struct ecs_buf buf = {0};

    if (ecs_smpp_decode(bytes, &pdu) != ECS_SMPP_FAULT_NONE)
        return;
    (void)ecs_smpp_status_meaning(pdu.status);
    if (ecs_smpp_tlv(&pdu, 0x0424, &value) && (value.p < bytes.p || value.p + value.n > bytes.p + bytes.n))
        abort();
    /* Bodies of refusing responses are read when they come, but never written. */
    if (ecs_smpp_encode(&pdu, &buf) && !ecs_smpp_is_response(pdu.id)) {
        if (ecs_smpp_decode(ecs_buf_str(&buf), &again) != ECS_SMPP_FAULT_NONE)
            abort();
        check_same(&pdu, &again);
    }
    ecs_buf_done(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_str rest = {(const char *)data, size};
    ptrdiff_t n;

    while ((n = ecs_smpp_measure(rest)) > 0) {
        check((struct ecs_str){rest.p, (size_t)n});
        rest.p += n;
        rest.n -= (size_t)n;
    }
    return 0;
}
