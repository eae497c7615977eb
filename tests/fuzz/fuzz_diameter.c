/* SPDX-License-Identifier: Apache-2.0 */
/* modules: codec base */
/* A stream of a Diameter peer: cut into messages, each decoded and walked by every reader; what is sound is
 * written and read again and must be the same, also AVP by AVP. */
#include <stdlib.h>

#include "ecs/diameter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct ecs_str outer, struct ecs_str inner)
{
    if (inner.n && (inner.p < outer.p || inner.p + inner.n > outer.p + outer.n))
        abort();
}

static void read_all(struct ecs_str avps)
{
    struct ecs_str data;
    uint32_t u32;
    uint64_t u64;
    int64_t time;

    for (int id = 0; id < ECS_AVP_COUNT; id++) {
        if (ecs_diameter_get(avps, (enum ecs_diameter_avp_id)id, &data))
            check_inside(avps, data);
        if (ecs_diameter_get_address(avps, (enum ecs_diameter_avp_id)id, &data))
            check_inside(avps, data);
        (void)ecs_diameter_get_u32(avps, (enum ecs_diameter_avp_id)id, &u32);
        (void)ecs_diameter_get_u64(avps, (enum ecs_diameter_avp_id)id, &u64);
        (void)ecs_diameter_get_time(avps, (enum ecs_diameter_avp_id)id, &time);
    }
}

static void check_same(const struct ecs_diameter_message *a, const struct ecs_diameter_message *b)
{
    if (a->code != b->code || a->command != b->command || a->application != b->application ||
        a->flags != b->flags || a->hop_by_hop != b->hop_by_hop || a->end_to_end != b->end_to_end)
        abort();
}

/* Every AVP is written anew; both lists must then be read alike. */
static void rewrite(const struct ecs_diameter_message *message)
{
    struct ecs_diameter_message copy = *message, again;
    struct ecs_diameter_avp avp, other, failed;
    struct ecs_str rest = message->avps, rest_again;
    struct ecs_buf avps = {0}, bytes = {0};

    while (ecs_diameter_next(&rest, &avp)) {
        check_inside(message->avps, avp.data);
        ecs_diameter_put_avp(&avps, &avp);
    }
    if (rest.n)
        abort();
    copy.avps = ecs_buf_str(&avps);
    if (ecs_diameter_encode(&copy, &bytes)) {
        if (ecs_diameter_decode(ecs_buf_str(&bytes), &again, &failed) != ECS_DIAMETER_FAULT_NONE)
            abort();
        check_same(message, &again);
        rest = message->avps;
        rest_again = again.avps;
        while (ecs_diameter_next(&rest, &avp))
            if (!ecs_diameter_next(&rest_again, &other) || other.id != avp.id ||
                !ecs_str_eq(other.data, avp.data))
                abort();
    }
    ecs_buf_done(&avps);
    ecs_buf_done(&bytes);
}

static void check(struct ecs_str bytes)
{
    struct ecs_diameter_message message = {0};
    struct ecs_diameter_avp failed = {0};
    struct ecs_diameter_result result;
    struct ecs_buf buf = {0};
    enum ecs_diameter_fault fault = ecs_diameter_decode(bytes, &message, &failed);

    if (fault >= ECS_DIAMETER_FAULT_AVP_LENGTH) {
        ecs_diameter_put_failed(&buf, &failed);
        if (buf.overflow && failed.data.n < 60000)
            abort();
        ecs_buf_done(&buf);
    }
    read_all(message.avps); /* malformed ones, too: the readers stop by themselves */
    (void)ecs_diameter_missing(&message);
    if (ecs_diameter_result_of(&message, &result))
        (void)ecs_diameter_result_name(&result);
    if (fault == ECS_DIAMETER_FAULT_NONE)
        rewrite(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_str rest = {(const char *)data, size};
    ptrdiff_t n;

    while ((n = ecs_diameter_measure(rest)) > 0) {
        check((struct ecs_str){rest.p, (size_t)n});
        rest.p += n;
        rest.n -= (size_t)n;
    }
    return 0;
}
