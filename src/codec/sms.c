/* SPDX-License-Identifier: Apache-2.0 */
/* User data of short messages: one character at a time into the chosen coding, cut into parts where the User
 * Data Header leaves room. */
#include "ecs/sms_codec.h"

#include "codec/utf8_priv.h"

enum {
    ESCAPE = 0x1b,
    UDH_PORTS = 0x05,     /* application port addressing, 16 bit */
    UDH_CONCATENATED = 0, /* 8 bit reference */
    MESSAGE_OCTETS = 140,
    CHARACTER_MAX = 4, /* octets of one character: a surrogate pair */
};

struct letter {
    uint16_t code;
    uint8_t septet;
};

static const struct letter basic[] = {
#define BASIC(code, septet) {code, septet},
#define EXTENDED(code, septet)
#include "codec/sms_alphabet.def"
#undef BASIC
#undef EXTENDED
};

static const struct letter extended[] = {
#define BASIC(code, septet)
#define EXTENDED(code, septet) {code, septet},
#include "codec/sms_alphabet.def"
#undef BASIC
#undef EXTENDED
};

static const char *const fault_texts[] = {
    [ECS_SMS_FAULT_NONE] = "good",
    [ECS_SMS_FAULT_EMPTY] = "the text is empty",
    [ECS_SMS_FAULT_UTF8] = "the text is not UTF-8",
    [ECS_SMS_FAULT_ALPHABET] = "a character is not in the GSM alphabet",
    [ECS_SMS_FAULT_LONG] = "the text is too long",
};

const char *ecs_sms_fault_text(enum ecs_sms_fault fault)
{
    return (size_t)fault < ECS_ARRAY_LEN(fault_texts) ? fault_texts[fault] : "unknown fault";
}

uint8_t ecs_sms_data_coding(enum ecs_sms_coding coding)
{
    return coding == ECS_SMS_8BIT ? 4 : coding == ECS_SMS_UCS2 ? 8 : 0;
}

/* ---- the alphabet ---- */

/* The septets whose character is their ASCII number. */
static bool is_ascii_septet(uint32_t code)
{
    return code == '\n' || code == '\r' || (code >= 0x20 && code <= 0x3f && code != 0x24) ||
           (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z');
}

static const struct letter *find_code(const struct letter *letters, size_t n, uint32_t code)
{
    for (size_t i = 0; i < n; i++)
        if (letters[i].code == code)
            return letters + i;
    return NULL;
}

static const struct letter *find_septet(const struct letter *letters, size_t n, uint8_t septet)
{
    for (size_t i = 0; i < n; i++)
        if (letters[i].septet == septet)
            return letters + i;
    return NULL;
}

/* Number of septets, 0: not in the alphabet. */
static size_t put_gsm7(uint32_t code, uint8_t *out)
{
    const struct letter *letter;

    if (is_ascii_septet(code)) {
        out[0] = (uint8_t)code;
        return 1;
    }
    letter = find_code(basic, ECS_ARRAY_LEN(basic), code);
    if (letter) {
        out[0] = letter->septet;
        return 1;
    }
    letter = find_code(extended, ECS_ARRAY_LEN(extended), code);
    if (!letter)
        return 0;
    out[0] = ESCAPE;
    out[1] = letter->septet;
    return 2;
}

static size_t put_ucs2(uint32_t code, uint8_t *out)
{
    uint32_t unit[2] = {code, 0};
    size_t n = 1;

    if (code > 0xffff) {
        unit[0] = 0xd800 + ((code - 0x10000) >> 10);
        unit[1] = 0xdc00 + ((code - 0x10000) & 0x3ff);
        n = 2;
    }
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = (uint8_t)(unit[i] >> 8);
        out[2 * i + 1] = (uint8_t)unit[i];
    }
    return 2 * n;
}

/* One character off the text: its octets in out. */
static enum ecs_sms_fault take_character(struct ecs_str *rest, enum ecs_sms_coding coding,
                                         uint8_t out[CHARACTER_MAX], size_t *ret_n)
{
    uint32_t code;
    size_t step = 1;

    if (coding == ECS_SMS_8BIT) {
        out[0] = (uint8_t)rest->p[0];
        *ret_n = 1;
    } else {
        step = utf8_step((const unsigned char *)rest->p, rest->n, &code);
        if (step == 0)
            return ECS_SMS_FAULT_UTF8;
        *ret_n = coding == ECS_SMS_UCS2 ? put_ucs2(code, out) : put_gsm7(code, out);
        if (*ret_n == 0)
            return ECS_SMS_FAULT_ALPHABET;
    }
    rest->p += step;
    rest->n -= step;
    return ECS_SMS_FAULT_NONE;
}

ptrdiff_t ecs_sms_gsm7_encode(struct ecs_str text, uint8_t *septets, size_t max)
{
    size_t n = 0, more;
    uint8_t out[CHARACTER_MAX];

    while (text.n) {
        if (take_character(&text, ECS_SMS_GSM7, out, &more) || more > max - n)
            return -1;
        for (size_t i = 0; i < more; i++)
            septets[n++] = out[i];
    }
    return (ptrdiff_t)n;
}

static void add_utf8(struct ecs_buf *buf, uint16_t code)
{
    if (code < 0x80) {
        ecs_buf_add_char(buf, (char)code);
    } else if (code < 0x800) {
        ecs_buf_add_char(buf, (char)(0xc0 | code >> 6));
        ecs_buf_add_char(buf, (char)(0x80 | (code & 0x3f)));
    } else {
        ecs_buf_add_char(buf, (char)(0xe0 | code >> 12));
        ecs_buf_add_char(buf, (char)(0x80 | (code >> 6 & 0x3f)));
        ecs_buf_add_char(buf, (char)(0x80 | (code & 0x3f)));
    }
}

bool ecs_sms_gsm7_decode(struct ecs_str septets, struct ecs_buf *buf)
{
    for (size_t i = 0; i < septets.n; i++) {
        uint8_t septet = (uint8_t)septets.p[i];
        const struct letter *letter;

        if (septet == ESCAPE) {
            if (++i == septets.n)
                return false;
            letter = find_septet(extended, ECS_ARRAY_LEN(extended), (uint8_t)septets.p[i]);
        } else {
            letter = find_septet(basic, ECS_ARRAY_LEN(basic), septet);
            if (!letter && is_ascii_septet(septet)) {
                ecs_buf_add_char(buf, (char)septet);
                continue;
            }
        }
        if (!letter)
            return false;
        add_utf8(buf, letter->code);
    }
    return !buf->overflow;
}

/* ---- parts ---- */

static size_t udh_size(bool has_port, bool concatenated)
{
    return has_port || concatenated ? 1 + (has_port ? 6u : 0) + (concatenated ? 5u : 0) : 0;
}

/* Septets or octets that the header leaves. */
static size_t room_for(enum ecs_sms_coding coding, size_t udh_n)
{
    return coding == ECS_SMS_GSM7 ? (MESSAGE_OCTETS - udh_n) * 8 / 7 : MESSAGE_OCTETS - udh_n;
}

static void write_udh(const struct ecs_sms_text_conf *conf, size_t index, size_t total,
                      struct ecs_sms_part *part)
{
    uint8_t *p = part->udh + 1;

    part->udh_n = (uint8_t)udh_size(conf->has_port, total > 1);
    if (part->udh_n == 0)
        return;
    part->udh[0] = (uint8_t)(part->udh_n - 1);
    if (conf->has_port) {
        const uint8_t element[] = {UDH_PORTS,
                                   4,
                                   (uint8_t)(conf->port >> 8),
                                   (uint8_t)conf->port,
                                   (uint8_t)(conf->source_port >> 8),
                                   (uint8_t)conf->source_port};

        memcpy(p, element, sizeof(element));
        p += sizeof(element);
    }
    if (total > 1) {
        const uint8_t element[] = {UDH_CONCATENATED, 3, conf->reference, (uint8_t)total,
                                   (uint8_t)(index + 1)};

        memcpy(p, element, sizeof(element));
    }
}

/* Fills parts of at most room octets (septets) each. */
static enum ecs_sms_fault divide(const struct ecs_sms_text_conf *conf, size_t room, size_t parts_max,
                                 struct ecs_sms_parts *parts)
{
    struct ecs_str rest = conf->text;
    struct ecs_sms_part *part = parts->part;

    parts->n = 1;
    *part = (struct ecs_sms_part){.text = {rest.p, 0}};
    while (rest.n) {
        uint8_t out[CHARACTER_MAX];
        const char *at = rest.p;
        size_t n;
        enum ecs_sms_fault fault = take_character(&rest, parts->coding, out, &n);

        if (fault)
            return fault;
        if (part->data_n + n > room) {
            if (parts->n == parts_max)
                return ECS_SMS_FAULT_LONG;
            part = parts->part + parts->n++;
            *part = (struct ecs_sms_part){.text = {at, 0}};
        }
        memcpy(part->data + part->data_n, out, n);
        part->data_n = (uint8_t)(part->data_n + n);
        part->text.n = (size_t)(rest.p - part->text.p);
    }
    return ECS_SMS_FAULT_NONE;
}

static enum ecs_sms_fault encode_as(const struct ecs_sms_text_conf *conf, enum ecs_sms_coding coding,
                                    struct ecs_sms_parts *parts)
{
    size_t parts_max = conf->parts_max > ECS_SMS_PARTS_MAX ? ECS_SMS_PARTS_MAX : conf->parts_max;
    enum ecs_sms_fault fault;

    parts->coding = coding;
    fault = divide(conf, room_for(coding, udh_size(conf->has_port, false)), 1, parts);
    if (fault == ECS_SMS_FAULT_LONG && parts_max > 1)
        fault = divide(conf, room_for(coding, udh_size(conf->has_port, true)), parts_max, parts);
    if (fault)
        return fault;
    for (size_t i = 0; i < parts->n; i++)
        write_udh(conf, i, parts->n, parts->part + i);
    return ECS_SMS_FAULT_NONE;
}

/* A text that is too long for one alphabet may hold, further on, a character that asks for the other. */
static bool fits_gsm7(struct ecs_str text)
{
    uint8_t out[CHARACTER_MAX];
    size_t n;

    while (text.n)
        if (take_character(&text, ECS_SMS_GSM7, out, &n))
            return false;
    return true;
}

enum ecs_sms_fault ecs_sms_encode(const struct ecs_sms_text_conf *conf, struct ecs_sms_parts *ret_parts)
{
    enum ecs_sms_coding coding = conf->coding;

    if (conf->text.n == 0)
        return ECS_SMS_FAULT_EMPTY;
    if (coding == ECS_SMS_AUTO)
        coding = fits_gsm7(conf->text) ? ECS_SMS_GSM7 : ECS_SMS_UCS2;
    return encode_as(conf, coding, ret_parts);
}
