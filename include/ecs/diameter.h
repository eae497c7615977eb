/* SPDX-License-Identifier: Apache-2.0 */
/* Diameter messages (RFC 6733): bytes to struct and back, by tables (src/codec/diameter_*.def). Pure: no I/O,
 * no clock. A message keeps its AVPs as bytes; readers walk them, writers append to a buffer. */
#pragma once

#include "ecs/buf.h"

enum ecs_diameter_command {
#define COMMAND(name, text, code, flags, request, answer) ECS_DIAMETER_##name,
#include "../../src/codec/diameter_commands.def"
#undef COMMAND
    ECS_DIAMETER_COMMAND_COUNT,
    ECS_DIAMETER_UNKNOWN = ECS_DIAMETER_COMMAND_COUNT
};

enum ecs_diameter_avp_id {
#define AVP(name, code, vendor, type, mandatory, text) ECS_AVP_##name,
#include "../../src/codec/diameter_avps.def"
#undef AVP
    ECS_AVP_COUNT,
    ECS_AVP_UNKNOWN = ECS_AVP_COUNT
};

enum {
    ECS_DIAMETER_HEADER = 20,
    ECS_DIAMETER_MAX = 65536, /* bytes of a message, ours and theirs */
    ECS_DIAMETER_AVPS_MAX = 256,
    ECS_DIAMETER_DEPTH_MAX = 8, /* groups within groups */
};
enum { ECS_DIAMETER_R = 0x80, ECS_DIAMETER_P = 0x40, ECS_DIAMETER_E = 0x20, ECS_DIAMETER_T = 0x10 };
enum { ECS_AVP_V = 0x80, ECS_AVP_M = 0x40 };

/* Application ids (aaa.md 2.1, pcrf.md 2) and the vendor of all 3GPP ones. */
#define ECS_DIAMETER_APP_BASE  0u
#define ECS_DIAMETER_APP_ACCT  3u
#define ECS_DIAMETER_APP_EAP   5u
#define ECS_DIAMETER_APP_RX    16777236u
#define ECS_DIAMETER_APP_STA   16777250u
#define ECS_DIAMETER_APP_SWM   16777264u
#define ECS_DIAMETER_APP_SWX   16777265u
#define ECS_DIAMETER_APP_RELAY 0xffffffffu
#define ECS_DIAMETER_TGPP      10415u

struct ecs_diameter_message {
    enum ecs_diameter_command command; /* of code; UNKNOWN when it has no row */
    uint32_t code; /* on the wire; ecs_diameter_encode takes it from command unless UNKNOWN */
    uint32_t application;
    uint8_t flags;
    uint32_t hop_by_hop, end_to_end;
    struct ecs_str avps; /* borrowed; whole AVPs with their padding */
};

struct ecs_diameter_avp {
    enum ecs_diameter_avp_id id;
    uint32_t code, vendor;
    uint8_t flags;
    struct ecs_str data; /* without padding */
};

enum ecs_diameter_fault {
    ECS_DIAMETER_FAULT_NONE,
    ECS_DIAMETER_FAULT_LENGTH,  /* of the message: framing is lost, nothing is set */
    ECS_DIAMETER_FAULT_VERSION, /* from here on the header's fields are set */
    ECS_DIAMETER_FAULT_BITS,    /* a request with the E bit */
    ECS_DIAMETER_FAULT_AVP_LENGTH,
    ECS_DIAMETER_FAULT_AVP_VALUE,
    ECS_DIAMETER_FAULT_TOO_MANY,    /* AVPs, or groups within groups */
    ECS_DIAMETER_FAULT_UNSUPPORTED, /* well formed, but an AVP with the M bit is unknown (6733 4.1): a request
                                       has to be refused with 5001; with an answer it is the reader's choice
                                     */
};
const char *ecs_diameter_fault_text(enum ecs_diameter_fault fault);
uint32_t ecs_diameter_fault_result(enum ecs_diameter_fault fault); /* Result-Code to refuse a request with */

/* ---- reading ---- */

/* One message off the begin of a stream: its size, 0: more bytes are needed, -1: no Diameter (framing is
 * lost) or longer than ECS_DIAMETER_MAX. */
ptrdiff_t ecs_diameter_measure(struct ecs_str stream) ECS_MUST_CHECK;
/* Checks every AVP, in known groups too: lengths, depth, count, fixed sizes of known types. avps point into
 * bytes. With an AVP fault *ret_failed is the offending AVP, for Failed-AVP. */
enum ecs_diameter_fault ecs_diameter_decode(struct ecs_str bytes, struct ecs_diameter_message *ret_message,
                                            struct ecs_diameter_avp *ret_failed) ECS_MUST_CHECK;
/* Cuts the first AVP off *rest; false at the end or when it is malformed. */
bool ecs_diameter_next(struct ecs_str *rest, struct ecs_diameter_avp *ret_avp);
/* Walks all AVPs of one kind: *rest begins as the AVPs of a message or group. */
bool ecs_diameter_next_of(struct ecs_str *rest, enum ecs_diameter_avp_id id, struct ecs_str *ret_data);
/* The first AVP of that kind on this level; later ones are passed over (aaa.md 8.2). The typed ones are false
 * too when the AVP is of another type or size. */
bool ecs_diameter_get(struct ecs_str avps, enum ecs_diameter_avp_id id, struct ecs_str *ret_data);
bool ecs_diameter_get_u32(struct ecs_str avps, enum ecs_diameter_avp_id id, uint32_t *ret_value);
bool ecs_diameter_get_u64(struct ecs_str avps, enum ecs_diameter_avp_id id, uint64_t *ret_value);
/* Unix seconds; the era of NTP's seconds that lies in 1968 to 2104 (RFC 5905: bit 0). */
bool ecs_diameter_get_time(struct ecs_str avps, enum ecs_diameter_avp_id id, int64_t *ret_unix_seconds);
/* 4 or 16 bytes of an IPv4 or IPv6 address. */
bool ecs_diameter_get_address(struct ecs_str avps, enum ecs_diameter_avp_id id, struct ecs_str *ret_address);
/* The first AVP that the command's row demands and the message lacks; UNKNOWN: none. Answers with the E bit
 * have the grammar of 6733 7.2 whatever their command. */
enum ecs_diameter_avp_id ecs_diameter_missing(const struct ecs_diameter_message *message);

/* ---- results ---- */

/* What a result says about going on (aaa.md 3). */
enum ecs_diameter_meaning {
    ECS_DIAMETER_MEANS_OK,
    ECS_DIAMETER_MEANS_MORE,      /* 1001: another round */
    ECS_DIAMETER_MEANS_ELSEWHERE, /* this way leads nowhere now: ask the next peer */
    ECS_DIAMETER_MEANS_LATER,     /* a fault of the moment */
    ECS_DIAMETER_MEANS_REFUSED,   /* it is about the subscriber or the service, and final */
    ECS_DIAMETER_MEANS_FAULT,     /* configuration or protocol, ours or theirs */
};
struct ecs_diameter_result {
    uint32_t vendor; /* 0: Result-Code, else of Experimental-Result */
    uint32_t code;
    enum ecs_diameter_meaning meaning;
};
enum ecs_diameter_result_code {
#define RESULT(name, space, number, meaning) ECS_DIAMETER_##name = number,
#include "../../src/codec/diameter_results.def"
#undef RESULT
};
/* Result-Code, else Experimental-Result; false: the answer has neither. */
bool ecs_diameter_result_of(const struct ecs_diameter_message *answer,
                            struct ecs_diameter_result *ret_result);
const char *ecs_diameter_result_name(const struct ecs_diameter_result *result); /* static; "USER_UNKNOWN" */

/* ---- writing: all append to buf; look at buf->overflow at the end ---- */

void ecs_diameter_put(struct ecs_buf *buf, enum ecs_diameter_avp_id id, struct ecs_str data);
void ecs_diameter_put_u32(struct ecs_buf *buf, enum ecs_diameter_avp_id id, uint32_t value);
void ecs_diameter_put_u64(struct ecs_buf *buf, enum ecs_diameter_avp_id id, uint64_t value);
void ecs_diameter_put_time(struct ecs_buf *buf, enum ecs_diameter_avp_id id, int64_t unix_seconds);
/* n is 4 or 16, else buf->overflow is set. */
void ecs_diameter_put_address(struct ecs_buf *buf, enum ecs_diameter_avp_id id, const void *address,
                              size_t n);
/* What is put between belongs to the group; end takes what begin gave. */
size_t ecs_diameter_group_begin(struct ecs_buf *buf, enum ecs_diameter_avp_id id);
void ecs_diameter_group_end(struct ecs_buf *buf, size_t begin);
/* Any AVP by its numbers, known or not (operator's extra AVPs, Proxy-Info of a request). */
void ecs_diameter_put_avp(struct ecs_buf *buf, const struct ecs_diameter_avp *avp);
/* Failed-AVP around what ecs_diameter_decode complained of; a value of wrong length becomes zeros of the
 * shortest right one (6733 7.5). */
void ecs_diameter_put_failed(struct ecs_buf *buf, const struct ecs_diameter_avp *avp);
/* Failed-AVP around an empty AVP that is missing. */
void ecs_diameter_put_missing(struct ecs_buf *buf, enum ecs_diameter_avp_id id);
/* Header and avps. False and nothing appended: too long, avps are not whole AVPs, or no memory. */
bool ecs_diameter_encode(const struct ecs_diameter_message *message, struct ecs_buf *buf) ECS_MUST_CHECK;

/* ---- names and numbers ---- */

const char *ecs_diameter_command_name(enum ecs_diameter_command command, uint8_t flags); /* "DER", "DEA" */
uint8_t ecs_diameter_command_flags(enum ecs_diameter_command command); /* of a request: R, or R and P */
const char *ecs_diameter_avp_name(enum ecs_diameter_avp_id id);        /* "Session-Id" */
enum ecs_diameter_avp_id ecs_diameter_avp_find(uint32_t vendor, uint32_t code);
/* A DiameterIdentity: 1 to 255 printable ASCII characters without blanks and ';'. */
bool ecs_diameter_is_identity(struct ecs_str text);
