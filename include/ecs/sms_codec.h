/* SPDX-License-Identifier: Apache-2.0 */
/* User data of short messages: alphabets and User Data Header (3GPP TS 23.038, TS 23.040 9.2.3.24). Pure.
 * GSM 7 bit text is one septet per octet, as SMPP takes it; packing is the SMSC's. */
#pragma once

#include "ecs/buf.h"

enum ecs_sms_coding {
    ECS_SMS_GSM7, /* SMPP data_coding 0 */
    ECS_SMS_8BIT, /* 4: the bytes of the text as they stand */
    ECS_SMS_UCS2, /* 8: UTF-16, big endian */
    ECS_SMS_AUTO, /* GSM7 when every character is in its alphabet, else UCS2 */
};
uint8_t ecs_sms_data_coding(enum ecs_sms_coding coding);

/* Septets of UTF-8 text in the default alphabet with its extension table; -1: a character is in neither, the
 * text is not UTF-8, or it needs more than max. */
ptrdiff_t ecs_sms_gsm7_encode(struct ecs_str text, uint8_t *septets, size_t max) ECS_MUST_CHECK;
/* The other way round, appends UTF-8; false: a septet above 127 or an unknown or unfinished escape. */
bool ecs_sms_gsm7_decode(struct ecs_str septets, struct ecs_buf *buf) ECS_MUST_CHECK;

enum { ECS_SMS_DATA_MAX = 160, ECS_SMS_UDH_MAX = 12, ECS_SMS_PARTS_MAX = 8 };

struct ecs_sms_text_conf {
    struct ecs_str text; /* UTF-8; 8 bit: any bytes */
    enum ecs_sms_coding coding;
    bool has_port;
    uint16_t port, source_port; /* IEI 0x05 */
    unsigned parts_max;         /* 1..ECS_SMS_PARTS_MAX: longer texts are concatenated (IEI 0x00) */
    uint8_t reference;          /* of the concatenation */
};
struct ecs_sms_part {
    uint8_t udh[ECS_SMS_UDH_MAX], udh_n; /* with its length octet; 0: none */
    uint8_t data[ECS_SMS_DATA_MAX], data_n;
    struct ecs_str text; /* this part of the text, for gateways that encode themselves */
};
struct ecs_sms_parts {
    enum ecs_sms_coding coding; /* never AUTO */
    size_t n;
    struct ecs_sms_part part[ECS_SMS_PARTS_MAX];
};

enum ecs_sms_fault {
    ECS_SMS_FAULT_NONE,
    ECS_SMS_FAULT_EMPTY,
    ECS_SMS_FAULT_UTF8,     /* the text is no UTF-8 */
    ECS_SMS_FAULT_ALPHABET, /* GSM7: a character that the alphabet does not have */
    ECS_SMS_FAULT_LONG,     /* more than parts_max parts */
};
const char *ecs_sms_fault_text(enum ecs_sms_fault fault);
/* An escape with its character or a surrogate pair is never divided. */
enum ecs_sms_fault ecs_sms_encode(const struct ecs_sms_text_conf *conf,
                                  struct ecs_sms_parts *ret_parts) ECS_MUST_CHECK;
