/* SPDX-License-Identifier: Apache-2.0 */
/* Reading Diameter: the header, the walk over AVPs and the check of all of them by type. What an AVP is
 * stands in diameter_avps.def, what a command demands in diameter_commands.def. */
#include "codec/diameter_priv.h"

const struct diameter_avp_row ecs_diameter_avp_rows[ECS_AVP_COUNT] = {
#define TGPP ECS_DIAMETER_TGPP
#define ETSI 13019
#define AVP(name, code, vendor, type, mandatory, text)                                                       \
    [ECS_AVP_##name] = {code, vendor, TYPE_##type, mandatory, text},
#include "codec/diameter_avps.def"
#undef AVP
#undef ETSI
#undef TGPP
};

const struct diameter_size ecs_diameter_sizes[TYPE_COUNT] = {
    [TYPE_OCTETS] = {0, ECS_DIAMETER_MAX},
    [TYPE_UTF8] = {0, ECS_DIAMETER_MAX},
    [TYPE_IDENTITY] = {1, 255},
    [TYPE_U32] = {4, 4},
    [TYPE_U64] = {8, 8},
    [TYPE_TIME] = {4, 4},
    [TYPE_ADDRESS] = {2, 258},
    [TYPE_GROUP] = {0, ECS_DIAMETER_MAX},
    [TYPE_AVPS] = {0, ECS_DIAMETER_MAX},
};

enum { DEMANDS_MAX = 8, FAMILY_IPV4 = 1, FAMILY_IPV6 = 2 };

/* Demanded AVPs are kept as id + 1; 0 ends the list. */
#define A(id) ECS_AVP_##id + 1
#define LIST(...)                                                                                            \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
#define R ECS_DIAMETER_R
#define P ECS_DIAMETER_P
static const struct {
    const char *request_name, *answer_name;
    uint32_t code;
    uint8_t flags;
    uint16_t request[DEMANDS_MAX], answer[DEMANDS_MAX];
} commands[ECS_DIAMETER_COMMAND_COUNT] = {
#define COMMAND(name, text, code, flags, request, answer)                                                    \
    [ECS_DIAMETER_##name] = {text "R", text "A", code, flags, request, answer},
#include "codec/diameter_commands.def"
#undef COMMAND
};
/* 6733 7.2: the answer to an error of the protocol. */
static const uint16_t error_answer[DEMANDS_MAX] = {A(ORIGIN_HOST), A(ORIGIN_REALM), A(RESULT_CODE)};
#undef P
#undef R
#undef LIST
#undef A

static const struct {
    const char *text;
    uint32_t result;
} faults[] = {
    [ECS_DIAMETER_FAULT_NONE] = {"well formed", ECS_DIAMETER_SUCCESS},
    [ECS_DIAMETER_FAULT_LENGTH] = {"the message's length is not possible",
                                   ECS_DIAMETER_INVALID_MESSAGE_LENGTH},
    [ECS_DIAMETER_FAULT_VERSION] = {"the version is not 1", ECS_DIAMETER_UNSUPPORTED_VERSION},
    [ECS_DIAMETER_FAULT_BITS] = {"the flags of the header contradict each other",
                                 ECS_DIAMETER_INVALID_HDR_BITS},
    [ECS_DIAMETER_FAULT_AVP_LENGTH] = {"an AVP has a wrong length", ECS_DIAMETER_INVALID_AVP_LENGTH},
    [ECS_DIAMETER_FAULT_AVP_VALUE] = {"an AVP has a wrong value", ECS_DIAMETER_INVALID_AVP_VALUE},
    [ECS_DIAMETER_FAULT_TOO_MANY] = {"too many AVPs, or groups within groups", ECS_DIAMETER_UNABLE_TO_COMPLY},
    [ECS_DIAMETER_FAULT_UNSUPPORTED] = {"a mandatory AVP is unknown", ECS_DIAMETER_AVP_UNSUPPORTED},
};

const char *ecs_diameter_fault_text(enum ecs_diameter_fault fault)
{
    return (size_t)fault < ECS_ARRAY_LEN(faults) ? faults[fault].text : "unknown fault";
}

uint32_t ecs_diameter_fault_result(enum ecs_diameter_fault fault)
{
    return (size_t)fault < ECS_ARRAY_LEN(faults) ? faults[fault].result : ECS_DIAMETER_UNABLE_TO_COMPLY;
}

const char *ecs_diameter_command_name(enum ecs_diameter_command command, uint8_t flags)
{
    if ((unsigned)command >= ECS_DIAMETER_COMMAND_COUNT)
        return flags & ECS_DIAMETER_R ? "unknown request" : "unknown answer";
    return flags & ECS_DIAMETER_R ? commands[command].request_name : commands[command].answer_name;
}

uint8_t ecs_diameter_command_flags(enum ecs_diameter_command command)
{
    return (unsigned)command < ECS_DIAMETER_COMMAND_COUNT ? commands[command].flags
                                                          : ECS_DIAMETER_R | ECS_DIAMETER_P;
}

static enum ecs_diameter_command find_command(uint32_t code)
{
    for (unsigned i = 0; i < ECS_DIAMETER_COMMAND_COUNT; i++)
        if (commands[i].code == code)
            return (enum ecs_diameter_command)i;
    return ECS_DIAMETER_UNKNOWN;
}

const char *ecs_diameter_avp_name(enum ecs_diameter_avp_id id)
{
    return (unsigned)id < ECS_AVP_COUNT ? ecs_diameter_avp_rows[id].name : "unknown AVP";
}

enum ecs_diameter_avp_id ecs_diameter_avp_find(uint32_t vendor, uint32_t code)
{
    unsigned low = 0, high = ECS_AVP_COUNT;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct diameter_avp_row *row = &ecs_diameter_avp_rows[middle];

        if (row->vendor == vendor && row->code == code)
            return (enum ecs_diameter_avp_id)middle;
        if (row->vendor < vendor || (row->vendor == vendor && row->code < code))
            low = middle + 1;
        else
            high = middle;
    }
    return ECS_AVP_UNKNOWN;
}

bool ecs_diameter_is_identity(struct ecs_str text)
{
    if (text.n == 0 || text.n > 255)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~' || text.p[i] == ';')
            return false;
    return true;
}

/* ---- bytes ---- */

static uint32_t read_u32(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t read_u24(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;

    return (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
}

/* ---- the walk ---- */

/* One AVP off *rest, without its id; false: its length is not possible, code and vendor are set as far as
 * they are there. */
static bool cut_avp(struct ecs_str *rest, struct ecs_diameter_avp *avp)
{
    size_t head = 8, length, padded;

    *avp = (struct ecs_diameter_avp){.id = ECS_AVP_UNKNOWN};
    if (rest->n < head)
        return false;
    avp->code = read_u32(rest->p);
    avp->flags = (uint8_t)rest->p[4];
    length = read_u24(rest->p + 5);
    if (avp->flags & ECS_AVP_V) {
        head = 12;
        if (rest->n < head)
            return false;
        avp->vendor = read_u32(rest->p + 8);
    }
    if (length < head || length > rest->n)
        return false;
    avp->data = (struct ecs_str){rest->p + head, length - head};
    /* The last member of a group may come without its padding. */
    padded = diameter_pad(length) < rest->n ? diameter_pad(length) : rest->n;
    rest->p += padded;
    rest->n -= padded;
    return true;
}

bool ecs_diameter_next(struct ecs_str *rest, struct ecs_diameter_avp *ret_avp)
{
    struct ecs_diameter_avp avp;
    struct ecs_str at = *rest;

    if (at.n == 0 || !cut_avp(&at, &avp))
        return false;
    avp.id = ecs_diameter_avp_find(avp.vendor, avp.code);
    *rest = at;
    *ret_avp = avp;
    return true;
}

struct walk {
    unsigned count, depth;
    enum ecs_diameter_fault fault; /* UNSUPPORTED is noted here, and the walk goes on */
    struct ecs_diameter_avp *failed;
};

static enum ecs_diameter_fault complain(struct walk *w, enum ecs_diameter_fault fault,
                                        const struct ecs_diameter_avp *avp)
{
    *w->failed = *avp;
    return fault;
}

static bool value_is_good(const struct ecs_diameter_avp *avp)
{
    uint32_t family;

    switch (ecs_diameter_avp_rows[avp->id].type) {
    case TYPE_IDENTITY:
        return ecs_diameter_is_identity(avp->data);
    case TYPE_ADDRESS:
        family = (uint32_t)(uint8_t)avp->data.p[0] << 8 | (uint8_t)avp->data.p[1];
        return (family != FAMILY_IPV4 || avp->data.n == 6) && (family != FAMILY_IPV6 || avp->data.n == 18);
    default:
        return true;
    }
}

/* Recursive along the groups, bounded by ECS_DIAMETER_DEPTH_MAX. */
static enum ecs_diameter_fault check_avps(struct walk *w, struct ecs_str rest)
{
    enum ecs_diameter_fault fault = ECS_DIAMETER_FAULT_NONE;
    struct ecs_diameter_avp avp;

    while (rest.n && !fault) {
        const struct diameter_size *size;
        enum diameter_type type;

        bool whole = cut_avp(&rest, &avp);

        avp.id = ecs_diameter_avp_find(avp.vendor, avp.code);
        if (!whole)
            return complain(w, ECS_DIAMETER_FAULT_AVP_LENGTH, &avp);
        if (++w->count > ECS_DIAMETER_AVPS_MAX)
            return complain(w, ECS_DIAMETER_FAULT_TOO_MANY, &avp);
        if (avp.id == ECS_AVP_UNKNOWN) {
            if ((avp.flags & ECS_AVP_M) && !w->fault)
                w->fault = complain(w, ECS_DIAMETER_FAULT_UNSUPPORTED, &avp);
            continue;
        }
        type = ecs_diameter_avp_rows[avp.id].type;
        size = &ecs_diameter_sizes[type];
        if (avp.data.n < size->least || avp.data.n > size->most)
            return complain(w, ECS_DIAMETER_FAULT_AVP_LENGTH, &avp);
        if (!value_is_good(&avp))
            return complain(w, ECS_DIAMETER_FAULT_AVP_VALUE, &avp);
        if (type != TYPE_GROUP)
            continue;
        if (w->depth == ECS_DIAMETER_DEPTH_MAX)
            return complain(w, ECS_DIAMETER_FAULT_TOO_MANY, &avp);
        w->depth++;
        fault = check_avps(w, avp.data);
        w->depth--;
    }
    return fault;
}

ptrdiff_t ecs_diameter_measure(struct ecs_str stream)
{
    size_t length;

    if (stream.n < 4)
        return 0;
    length = read_u24(stream.p + 1);
    if (length < ECS_DIAMETER_HEADER || length > ECS_DIAMETER_MAX || length % 4)
        return -1;
    return stream.n < length ? 0 : (ptrdiff_t)length;
}

enum ecs_diameter_fault ecs_diameter_decode(struct ecs_str bytes, struct ecs_diameter_message *ret_message,
                                            struct ecs_diameter_avp *ret_failed)
{
    struct walk w = {.failed = ret_failed};
    enum ecs_diameter_fault fault;

    if (bytes.n < ECS_DIAMETER_HEADER || ecs_diameter_measure(bytes) != (ptrdiff_t)bytes.n)
        return ECS_DIAMETER_FAULT_LENGTH;
    *ret_message = (struct ecs_diameter_message){
        .flags = (uint8_t)bytes.p[4],
        .code = read_u24(bytes.p + 5),
        .application = read_u32(bytes.p + 8),
        .hop_by_hop = read_u32(bytes.p + 12),
        .end_to_end = read_u32(bytes.p + 16),
        .avps = {bytes.p + ECS_DIAMETER_HEADER, bytes.n - ECS_DIAMETER_HEADER},
    };
    *ret_failed = (struct ecs_diameter_avp){.id = ECS_AVP_UNKNOWN};
    ret_message->command = find_command(ret_message->code);
    if (bytes.p[0] != 1)
        return ECS_DIAMETER_FAULT_VERSION;
    if ((ret_message->flags & ECS_DIAMETER_R) && (ret_message->flags & ECS_DIAMETER_E))
        return ECS_DIAMETER_FAULT_BITS;
    fault = check_avps(&w, ret_message->avps);
    return fault ? fault : w.fault;
}

/* ---- single values ---- */

bool ecs_diameter_next_of(struct ecs_str *rest, enum ecs_diameter_avp_id id, struct ecs_str *ret_data)
{
    const struct diameter_avp_row *row;
    struct ecs_diameter_avp avp;
    struct ecs_str at = *rest;

    if ((unsigned)id >= ECS_AVP_COUNT)
        return false;
    row = &ecs_diameter_avp_rows[id];
    while (at.n && cut_avp(&at, &avp)) {
        if (avp.code != row->code || avp.vendor != row->vendor)
            continue;
        *rest = at;
        *ret_data = avp.data;
        return true;
    }
    return false;
}

bool ecs_diameter_get(struct ecs_str avps, enum ecs_diameter_avp_id id, struct ecs_str *ret_data)
{
    return ecs_diameter_next_of(&avps, id, ret_data);
}

bool ecs_diameter_get_u32(struct ecs_str avps, enum ecs_diameter_avp_id id, uint32_t *ret_value)
{
    struct ecs_str data;

    if (!ecs_diameter_get(avps, id, &data) || data.n != 4)
        return false;
    *ret_value = read_u32(data.p);
    return true;
}

bool ecs_diameter_get_u64(struct ecs_str avps, enum ecs_diameter_avp_id id, uint64_t *ret_value)
{
    struct ecs_str data;

    if (!ecs_diameter_get(avps, id, &data) || data.n != 8)
        return false;
    *ret_value = (uint64_t)read_u32(data.p) << 32 | read_u32(data.p + 4);
    return true;
}

/* NTP counts from 1900; a value without the highest bit belongs to the era that begins in 2036. */
bool ecs_diameter_get_time(struct ecs_str avps, enum ecs_diameter_avp_id id, int64_t *ret_unix_seconds)
{
    const int64_t ntp_to_unix = 2208988800;
    uint32_t value;

    if (!ecs_diameter_get_u32(avps, id, &value))
        return false;
    *ret_unix_seconds = (int64_t)value - ntp_to_unix + (value & 0x80000000u ? 0 : (int64_t)1 << 32);
    return true;
}

bool ecs_diameter_get_address(struct ecs_str avps, enum ecs_diameter_avp_id id, struct ecs_str *ret_address)
{
    struct ecs_str data;
    int family;

    if (!ecs_diameter_get(avps, id, &data) || data.n < 2)
        return false;
    family = (uint8_t)data.p[0] << 8 | (uint8_t)data.p[1];
    if (!(family == FAMILY_IPV4 && data.n == 6) && !(family == FAMILY_IPV6 && data.n == 18))
        return false;
    *ret_address = (struct ecs_str){data.p + 2, data.n - 2};
    return true;
}

enum ecs_diameter_avp_id ecs_diameter_missing(const struct ecs_diameter_message *message)
{
    const uint16_t *demands;
    struct ecs_str data;

    if (message->flags & ECS_DIAMETER_E)
        demands = error_answer;
    else if ((unsigned)message->command >= ECS_DIAMETER_COMMAND_COUNT)
        return ECS_AVP_UNKNOWN;
    else
        demands = message->flags & ECS_DIAMETER_R ? commands[message->command].request
                                                  : commands[message->command].answer;
    for (size_t i = 0; i < DEMANDS_MAX && demands[i]; i++)
        if (!ecs_diameter_get(message->avps, (enum ecs_diameter_avp_id)(demands[i] - 1), &data))
            return (enum ecs_diameter_avp_id)(demands[i] - 1);
    return ECS_AVP_UNKNOWN;
}

bool ecs_diameter_encode(const struct ecs_diameter_message *message, struct ecs_buf *buf)
{
    uint32_t code = (unsigned)message->command < ECS_DIAMETER_COMMAND_COUNT ? commands[message->command].code
                                                                            : message->code;
    size_t begin = buf->n, length = ECS_DIAMETER_HEADER + message->avps.n;
    uint32_t words[5] = {0x01000000u | (uint32_t)length, (uint32_t)message->flags << 24 | (code & 0xffffffu),
                         message->application, message->hop_by_hop, message->end_to_end};
    struct ecs_str rest = message->avps;
    struct ecs_diameter_avp avp;

    while (rest.n)
        if (!ecs_diameter_next(&rest, &avp))
            return false;
    if (length > ECS_DIAMETER_MAX || length % 4)
        return false;
    for (size_t i = 0; i < ECS_ARRAY_LEN(words); i++)
        for (int shift = 24; shift >= 0; shift -= 8)
            ecs_buf_add_char(buf, (char)(uint8_t)(words[i] >> shift));
    ecs_buf_add_str(buf, message->avps);
    if (!buf->overflow)
        return true;
    buf->n = begin;
    return false;
}
