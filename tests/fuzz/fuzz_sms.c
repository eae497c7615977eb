/* SPDX-License-Identifier: Apache-2.0 */
/* modules: codec base */
/* Texts for short messages in every coding: parts never exceed what a message holds, and 7 bit text reads
 * back as what was written. The first byte chooses coding, port and number of parts. */
#include <stdlib.h>

#include "ecs/sms_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(const struct ecs_sms_text_conf *conf, const struct ecs_sms_parts *parts)
{
    struct ecs_buf back = {0};
    size_t text_n = 0;

    if (parts->n == 0 || parts->n > conf->parts_max)
        abort();
    for (size_t i = 0; i < parts->n; i++) {
        const struct ecs_sms_part *p = &parts->part[i];
        size_t bits = p->udh_n * 8u + p->data_n * (parts->coding == ECS_SMS_GSM7 ? 7u : 8u);

        if (bits > 140 * 8 || (p->udh_n && p->udh[0] + 1 != p->udh_n))
            abort();
        text_n += p->text.n;
        if (parts->coding == ECS_SMS_GSM7 &&
            !ecs_sms_gsm7_decode((struct ecs_str){(const char *)p->data, p->data_n}, &back))
            abort();
    }
    if (text_n != conf->text.n ||
        (parts->coding == ECS_SMS_GSM7 && !ecs_str_eq(ecs_buf_str(&back), conf->text)))
        abort();
    ecs_buf_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_sms_text_conf conf = {0};
    struct ecs_sms_parts parts;
    struct ecs_buf buf = {0};

    if (size == 0)
        return 0;
    conf = (struct ecs_sms_text_conf){.text = {(const char *)data + 1, size - 1},
                                      .coding = (enum ecs_sms_coding)(data[0] & 3),
                                      .has_port = data[0] & 4,
                                      .port = 8095,
                                      .parts_max = 1 + (data[0] >> 3) % ECS_SMS_PARTS_MAX,
                                      .reference = data[0]};
    if (ecs_sms_encode(&conf, &parts) == ECS_SMS_FAULT_NONE)
        check_parts(&conf, &parts);
    (void)!ecs_sms_gsm7_decode(conf.text, &buf);
    ecs_buf_done(&buf);
    return 0;
}
