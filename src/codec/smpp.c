/* SPDX-License-Identifier: Apache-2.0 */
/* SMPP 3.4 packets. Which fields a body has, how long they may be and what a status means stands in tables;
 * here is one reader and one writer for all of them. */
#include "ecs/smpp.h"

enum layout { LAYOUT_BYTE, LAYOUT_CSTR, LAYOUT_OCTETS };

static const struct {
    enum layout layout;
    size_t size;
} fields[ECS_SMPP_FIELD_COUNT] = {
#define FIELD(name, layout, size) [ECS_SMPP_F_##name] = {LAYOUT_##layout, size},
#include "codec/smpp_fields.def"
#undef FIELD
};

enum body { EMPTY, BIND, BIND_RESP, SM, SM_RESP, OUTBIND, ALERT, DATA_SM, OPAQUE, BODY_COUNT };

#define F(name) ECS_SMPP_F_##name
static const uint8_t bind_fields[] = {F(SYSTEM_ID), F(PASSWORD), F(SYSTEM_TYPE),  F(INTERFACE_VERSION),
                                      F(ADDR_TON),  F(ADDR_NPI), F(ADDRESS_RANGE)};
static const uint8_t bind_resp_fields[] = {F(SYSTEM_ID)};
static const uint8_t sm_fields[] = {
    F(SERVICE_TYPE),        F(SOURCE_TON), F(SOURCE_NPI),  F(SOURCE_ADDR),    F(DEST_TON),     F(DEST_NPI),
    F(DEST_ADDR),           F(ESM_CLASS),  F(PROTOCOL_ID), F(PRIORITY),       F(SCHEDULE),     F(VALIDITY),
    F(REGISTERED_DELIVERY), F(REPLACE),    F(DATA_CODING), F(DEFAULT_MSG_ID), F(SHORT_MESSAGE)};
static const uint8_t sm_resp_fields[] = {F(MESSAGE_ID)};
static const uint8_t outbind_fields[] = {F(SYSTEM_ID), F(PASSWORD)};
static const uint8_t alert_fields[] = {F(SOURCE_TON), F(SOURCE_NPI), F(SOURCE_LONG),
                                       F(DEST_TON),   F(DEST_NPI),   F(DEST_LONG)};
static const uint8_t data_sm_fields[] = {
    F(SERVICE_TYPE), F(SOURCE_TON), F(SOURCE_NPI), F(SOURCE_LONG),         F(DEST_TON),
    F(DEST_NPI),     F(DEST_LONG),  F(ESM_CLASS),  F(REGISTERED_DELIVERY), F(DATA_CODING)};
#undef F

static const struct {
    const uint8_t *field;
    size_t n;
} bodies[BODY_COUNT] = {
    [BIND] = {bind_fields, ECS_ARRAY_LEN(bind_fields)},
    [BIND_RESP] = {bind_resp_fields, ECS_ARRAY_LEN(bind_resp_fields)},
    [SM] = {sm_fields, ECS_ARRAY_LEN(sm_fields)},
    [SM_RESP] = {sm_resp_fields, ECS_ARRAY_LEN(sm_resp_fields)},
    [OUTBIND] = {outbind_fields, ECS_ARRAY_LEN(outbind_fields)},
    [ALERT] = {alert_fields, ECS_ARRAY_LEN(alert_fields)},
    [DATA_SM] = {data_sm_fields, ECS_ARRAY_LEN(data_sm_fields)},
};

static const struct {
    const char *name;
    uint32_t id;
    enum body body;
} commands[ECS_SMPP_COMMAND_COUNT] = {
#define COMMAND(name, id, body) [ECS_SMPP_##name] = {#name, id, body},
#include "codec/smpp_commands.def"
#undef COMMAND
};

static const struct {
    uint32_t number;
    enum ecs_smpp_meaning meaning;
    const char *name;
} statuses[] = {
#define STATUS(name, number, meaning, text) {number, ECS_SMPP_MEANS_##meaning, "ESME_" #name},
#include "codec/smpp_status.def"
#undef STATUS
};

static const struct {
    const char *text;
    uint32_t status;
} faults[] = {
    [ECS_SMPP_FAULT_NONE] = {"well formed", ECS_SMPP_ROK},
    [ECS_SMPP_FAULT_LENGTH] = {"command_length is not possible", ECS_SMPP_RINVCMDLEN},
    [ECS_SMPP_FAULT_COMMAND] = {"command_id is unknown", ECS_SMPP_RINVCMDID},
    [ECS_SMPP_FAULT_SHORT] = {"the body ends inside a field", ECS_SMPP_RINVCMDLEN},
    [ECS_SMPP_FAULT_FIELD] = {"a string is longer than its field", ECS_SMPP_RINVPARLEN},
    [ECS_SMPP_FAULT_TLV] = {"an optional parameter goes beyond the end", ECS_SMPP_RINVOPTPARSTREAM},
};

enum ecs_smpp_meaning ecs_smpp_status_meaning(uint32_t status)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(statuses); i++)
        if (statuses[i].number == status)
            return statuses[i].meaning;
    return ECS_SMPP_MEANS_RETRY;
}

const char *ecs_smpp_status_name(uint32_t status)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(statuses); i++)
        if (statuses[i].number == status)
            return statuses[i].name;
    return status >= 0x400 && status <= 0x4ff ? "status of the vendor" : "unknown status";
}

const char *ecs_smpp_fault_text(enum ecs_smpp_fault fault)
{
    return (size_t)fault < ECS_ARRAY_LEN(faults) ? faults[fault].text : "unknown fault";
}

uint32_t ecs_smpp_fault_status(enum ecs_smpp_fault fault)
{
    return (size_t)fault < ECS_ARRAY_LEN(faults) ? faults[fault].status : ECS_SMPP_RUNKNOWNERR;
}

uint32_t ecs_smpp_command_id(enum ecs_smpp_command command)
{
    return (unsigned)command < ECS_SMPP_COMMAND_COUNT ? commands[command].id : 0;
}

const char *ecs_smpp_command_name(enum ecs_smpp_command command)
{
    return (unsigned)command < ECS_SMPP_COMMAND_COUNT ? commands[command].name : "UNKNOWN";
}

static enum ecs_smpp_command find_command(uint32_t id)
{
    for (unsigned i = 0; i < ECS_SMPP_COMMAND_COUNT; i++)
        if (commands[i].id == id)
            return (enum ecs_smpp_command)i;
    return ECS_SMPP_UNKNOWN;
}

enum ecs_smpp_command ecs_smpp_response_of(enum ecs_smpp_command request)
{
    uint32_t id = ecs_smpp_command_id(request);

    return id == 0 || ecs_smpp_is_response(id) ? ECS_SMPP_UNKNOWN : find_command(id | 0x80000000u);
}

/* ---- reading ---- */

static uint32_t read_u32(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static size_t read_u16(const char *p)
{
    return (size_t)(uint8_t)p[0] << 8 | (uint8_t)p[1];
}

ptrdiff_t ecs_smpp_measure(struct ecs_str stream)
{
    uint32_t length;

    if (stream.n < 4)
        return 0;
    length = read_u32(stream.p);
    if (length < ECS_SMPP_HEADER || length > ECS_SMPP_PDU_MAX)
        return -1;
    return stream.n < length ? 0 : (ptrdiff_t)length;
}

static enum ecs_smpp_fault read_field(struct ecs_str *rest, unsigned field, struct ecs_smpp_pdu *pdu)
{
    size_t n, size = fields[field].size;
    const char *end;

    if (rest->n == 0)
        return ECS_SMPP_FAULT_SHORT;
    switch (fields[field].layout) {
    case LAYOUT_BYTE:
        pdu->number[field] = (uint8_t)rest->p[0];
        n = 1;
        break;
    case LAYOUT_CSTR:
        end = memchr(rest->p, '\0', rest->n < size ? rest->n : size);
        if (!end)
            return rest->n < size ? ECS_SMPP_FAULT_SHORT : ECS_SMPP_FAULT_FIELD;
        n = (size_t)(end - rest->p) + 1;
        pdu->text[field] = (struct ecs_str){rest->p, n - 1};
        break;
    default:
        n = (uint8_t)rest->p[0];
        if (n > size)
            return ECS_SMPP_FAULT_FIELD;
        if (n > rest->n - 1)
            return ECS_SMPP_FAULT_SHORT;
        pdu->text[field] = (struct ecs_str){rest->p + 1, n};
        n++;
        break;
    }
    rest->p += n;
    rest->n -= n;
    return ECS_SMPP_FAULT_NONE;
}

/* Cuts one optional parameter off; false: it goes beyond the end. */
static bool cut_tlv(struct ecs_str *rest, size_t *ret_tag, struct ecs_str *ret_value)
{
    size_t n;

    if (rest->n < 4)
        return false;
    n = read_u16(rest->p + 2);
    if (n > rest->n - 4)
        return false;
    *ret_tag = read_u16(rest->p);
    *ret_value = (struct ecs_str){rest->p + 4, n};
    rest->p += 4 + n;
    rest->n -= 4 + n;
    return true;
}

static bool tlvs_are_whole(struct ecs_str rest)
{
    struct ecs_str value;
    size_t tag;

    while (rest.n)
        if (!cut_tlv(&rest, &tag, &value))
            return false;
    return true;
}

static enum ecs_smpp_fault read_body(struct ecs_str rest, struct ecs_smpp_pdu *pdu)
{
    enum body body = commands[pdu->command].body;

    if (body == OPAQUE || (ecs_smpp_is_response(pdu->id) && rest.n == 0))
        return ECS_SMPP_FAULT_NONE;
    for (size_t i = 0; i < bodies[body].n; i++) {
        enum ecs_smpp_fault fault = read_field(&rest, bodies[body].field[i], pdu);

        if (fault)
            return fault;
    }
    if (!tlvs_are_whole(rest))
        return ECS_SMPP_FAULT_TLV;
    pdu->tlvs = rest;
    return ECS_SMPP_FAULT_NONE;
}

enum ecs_smpp_fault ecs_smpp_decode(struct ecs_str bytes, struct ecs_smpp_pdu *ret_pdu)
{
    if (bytes.n < ECS_SMPP_HEADER || bytes.n > ECS_SMPP_PDU_MAX || read_u32(bytes.p) != bytes.n)
        return ECS_SMPP_FAULT_LENGTH;
    *ret_pdu = (struct ecs_smpp_pdu){
        .id = read_u32(bytes.p + 4), .status = read_u32(bytes.p + 8), .sequence = read_u32(bytes.p + 12)};
    ret_pdu->command = find_command(ret_pdu->id);
    if (ret_pdu->command == ECS_SMPP_UNKNOWN)
        return ECS_SMPP_FAULT_COMMAND;
    return read_body((struct ecs_str){bytes.p + ECS_SMPP_HEADER, bytes.n - ECS_SMPP_HEADER}, ret_pdu);
}

bool ecs_smpp_tlv(const struct ecs_smpp_pdu *pdu, uint16_t tag, struct ecs_str *ret_value)
{
    struct ecs_str rest = pdu->tlvs, value;
    size_t found;

    while (rest.n && cut_tlv(&rest, &found, &value))
        if (found == tag) {
            *ret_value = value;
            return true;
        }
    return false;
}

/* ---- writing ---- */

static void add_u32(struct ecs_buf *buf, uint32_t value)
{
    uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                        (uint8_t)value};

    ecs_buf_add(buf, bytes, sizeof(bytes));
}

static bool add_field(struct ecs_buf *buf, unsigned field, const struct ecs_smpp_pdu *pdu)
{
    struct ecs_str text = pdu->text[field];

    switch (fields[field].layout) {
    case LAYOUT_BYTE:
        ecs_buf_add_char(buf, (char)pdu->number[field]);
        return true;
    case LAYOUT_CSTR:
        if (text.n >= fields[field].size || (text.n && memchr(text.p, '\0', text.n)))
            return false;
        ecs_buf_add_str(buf, text);
        ecs_buf_add_char(buf, '\0');
        return true;
    default:
        if (text.n > fields[field].size)
            return false;
        ecs_buf_add_char(buf, (char)text.n);
        ecs_buf_add_str(buf, text);
        return true;
    }
}

bool ecs_smpp_encode(const struct ecs_smpp_pdu *pdu, struct ecs_buf *buf)
{
    size_t begin = buf->n, length;
    enum body body;
    bool good = true;

    if ((unsigned)pdu->command >= ECS_SMPP_COMMAND_COUNT || commands[pdu->command].body == OPAQUE)
        return false;
    body = commands[pdu->command].body;
    add_u32(buf, 0);
    add_u32(buf, commands[pdu->command].id);
    add_u32(buf, pdu->status);
    add_u32(buf, pdu->sequence);
    if (!ecs_smpp_is_response(commands[pdu->command].id) || pdu->status == ECS_SMPP_ROK)
        for (size_t i = 0; i < bodies[body].n && good; i++)
            good = add_field(buf, bodies[body].field[i], pdu);
    ecs_buf_add_str(buf, pdu->tlvs);
    length = buf->n - begin;
    if (!good || buf->overflow || length > ECS_SMPP_PDU_MAX) {
        buf->n = begin;
        return false;
    }
    for (int i = 0; i < 4; i++)
        buf->p[begin + (size_t)i] = (char)(uint8_t)(length >> (24 - 8 * i));
    return true;
}
