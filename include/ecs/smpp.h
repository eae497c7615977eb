/* SPDX-License-Identifier: Apache-2.0 */
/* SMPP 3.4 packets (PDUs): bytes to struct and back, by tables (src/codec/smpp_*.def). Pure. Clauses are
 * those of the SMPP protocol specification 3.4, issue 1.2. */
#pragma once

#include "ecs/buf.h"

enum ecs_smpp_command {
#define COMMAND(name, id, body) ECS_SMPP_##name,
#include "../../src/codec/smpp_commands.def"
#undef COMMAND
    ECS_SMPP_COMMAND_COUNT,
    ECS_SMPP_UNKNOWN = ECS_SMPP_COMMAND_COUNT
};

/* Fields of all bodies (5.2). */
enum ecs_smpp_field {
#define FIELD(name, layout, size) ECS_SMPP_F_##name,
#include "../../src/codec/smpp_fields.def"
#undef FIELD
    ECS_SMPP_FIELD_COUNT
};

enum { ECS_SMPP_HEADER = 16, ECS_SMPP_PDU_MAX = 66000 };

/* What a command_status (5.1.3) means for the sender of the message. */
enum ecs_smpp_meaning {
    ECS_SMPP_MEANS_OK,
    ECS_SMPP_MEANS_RETRY,     /* fault of the moment */
    ECS_SMPP_MEANS_THROTTLED, /* we are too fast */
    ECS_SMPP_MEANS_DEAD,      /* the number is none */
    ECS_SMPP_MEANS_CONFIG,    /* credentials, sender address or account */
    ECS_SMPP_MEANS_BAD,       /* this message will never be taken */
};
enum ecs_smpp_status {
#define STATUS(name, number, meaning, text) ECS_SMPP_##name = number,
#include "../../src/codec/smpp_status.def"
#undef STATUS
};
/* Numbers without a row (vendors' own among them) mean RETRY; their name is "status of the vendor" or
 * "unknown status". */
enum ecs_smpp_meaning ecs_smpp_status_meaning(uint32_t status);
const char *ecs_smpp_status_name(uint32_t status); /* static: "ESME_RTHROTTLED" */

struct ecs_smpp_pdu {
    enum ecs_smpp_command command;
    uint32_t id; /* as on the wire; not looked at by ecs_smpp_encode */
    uint32_t status, sequence;
    uint8_t number[ECS_SMPP_FIELD_COUNT];      /* one-byte integers */
    struct ecs_str text[ECS_SMPP_FIELD_COUNT]; /* C-octet strings without NUL; octets of the message */
    struct ecs_str tlvs;                       /* optional parameters, all of them (5.3) */
};

enum ecs_smpp_fault {
    ECS_SMPP_FAULT_NONE,
    ECS_SMPP_FAULT_LENGTH,  /* command_length is below 16, above ECS_SMPP_PDU_MAX or not the size */
    ECS_SMPP_FAULT_COMMAND, /* command_id is unknown; header fields are set */
    ECS_SMPP_FAULT_SHORT,   /* the body ends inside a field */
    ECS_SMPP_FAULT_FIELD,   /* a string is longer than its field allows */
    ECS_SMPP_FAULT_TLV,     /* an optional parameter goes beyond the end */
};
const char *ecs_smpp_fault_text(enum ecs_smpp_fault fault);
/* The status to refuse such a packet with. */
uint32_t ecs_smpp_fault_status(enum ecs_smpp_fault fault);

/* One packet off the begin of a stream: its size, 0: more bytes are needed, -1: no SMPP (framing is lost). */
ptrdiff_t ecs_smpp_measure(struct ecs_str stream) ECS_MUST_CHECK;
/* Strings of *ret_pdu point into bytes. Responses may come without a body, whatever their status (4.1.2:
 * absent when the status is not 0). With FAULT_COMMAND and later ones the header's fields are set. */
enum ecs_smpp_fault ecs_smpp_decode(struct ecs_str bytes, struct ecs_smpp_pdu *ret_pdu) ECS_MUST_CHECK;
/* Appends. False and nothing appended: a string is too long for its field or holds a NUL, no such command, or
 * no memory. Optional parameters go out as they stand. */
bool ecs_smpp_encode(const struct ecs_smpp_pdu *pdu, struct ecs_buf *buf) ECS_MUST_CHECK;
/* Value of the first optional parameter with that tag. */
bool ecs_smpp_tlv(const struct ecs_smpp_pdu *pdu, uint16_t tag, struct ecs_str *ret_value);

uint32_t ecs_smpp_command_id(enum ecs_smpp_command command);
const char *ecs_smpp_command_name(enum ecs_smpp_command command); /* "SUBMIT_SM" */
static inline bool ecs_smpp_is_response(uint32_t id)
{
    return id & 0x80000000u;
}
/* The response that belongs to a request; ECS_SMPP_UNKNOWN when there is none. */
enum ecs_smpp_command ecs_smpp_response_of(enum ecs_smpp_command request);
