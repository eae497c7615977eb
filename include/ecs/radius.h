/* SPDX-License-Identifier: Apache-2.0 */
/* RADIUS packets (RFC 2865, 2866, 3579, 5997): bytes to struct and back by a table
 * (src/codec/radius_attrs.def), and their proofs of origin. Pure: no I/O, no clock. */
#pragma once

#include "ecs/arena.h"
#include "ecs/buf.h"

enum ecs_radius_code {
    ECS_RADIUS_ACCESS_REQUEST = 1,
    ECS_RADIUS_ACCESS_ACCEPT = 2,
    ECS_RADIUS_ACCESS_REJECT = 3,
    ECS_RADIUS_ACCOUNTING_REQUEST = 4,
    ECS_RADIUS_ACCOUNTING_RESPONSE = 5,
    ECS_RADIUS_ACCESS_CHALLENGE = 11,
    ECS_RADIUS_STATUS_SERVER = 12,
};
const char *ecs_radius_code_name(unsigned code); /* static: "Access-Request"; "unknown code" */

enum ecs_radius_attr_id {
#define ATTR(name, type, vendor, kind, low, high, rq, ch, ac, rj, ar, as, st, text) ECS_RADIUS_##name,
#include "../../src/codec/radius_attrs.def"
#undef ATTR
    ECS_RADIUS_ATTR_COUNT,
    ECS_RADIUS_ATTR_UNKNOWN = ECS_RADIUS_ATTR_COUNT
};

enum { ECS_RADIUS_HEADER = 20, ECS_RADIUS_MAX = 4096, ECS_RADIUS_VALUE_MAX = 253, ECS_RADIUS_AUTH_LEN = 16 };
enum { ECS_RADIUS_USER_NAME_MAX = ECS_RADIUS_VALUE_MAX };
/* Values of attributes (RFC 2865 5.6, 5.41; 2866 5.1, 5.6, 5.10; 3576 3.5). */
enum { ECS_RADIUS_SERVICE_AUTHENTICATE_ONLY = 8, ECS_RADIUS_SERVICE_CALL_CHECK = 10 };
enum { ECS_RADIUS_PORT_VIRTUAL = 5, ECS_RADIUS_PORT_WIRELESS_802_11 = 19 };
enum ecs_radius_status {
    ECS_RADIUS_START = 1,
    ECS_RADIUS_STOP = 2,
    ECS_RADIUS_INTERIM = 3,
    ECS_RADIUS_ON = 7,
    ECS_RADIUS_OFF = 8
};
enum {
    ECS_RADIUS_CAUSE_USER_REQUEST = 1,
    ECS_RADIUS_CAUSE_SESSION_TIMEOUT = 5,
    ECS_RADIUS_CAUSE_NAS_REBOOT = 11
};
enum { ECS_RADIUS_ERROR_INVALID_EAP = 202 };

struct ecs_radius_packet {
    uint8_t code, identifier;
    uint8_t authenticator[ECS_RADIUS_AUTH_LEN];
    struct ecs_str attrs; /* borrowed: whole attributes */
};
struct ecs_radius_attr {
    enum ecs_radius_attr_id id; /* of the table; UNKNOWN */
    uint8_t type;
    uint32_t vendor; /* 0: none; then type is the vendor's */
    struct ecs_str value;
};

enum ecs_radius_fault {
    ECS_RADIUS_FAULT_NONE,
    ECS_RADIUS_FAULT_LENGTH, /* shorter than it says, below 20 or above 4,096 bytes */
    ECS_RADIUS_FAULT_ATTR,   /* an attribute goes beyond the end or is below two bytes */
    ECS_RADIUS_FAULT_VALUE,  /* the value of a known attribute has an impossible size */
    ECS_RADIUS_FAULT_TWICE,  /* an attribute that must be there once */
    ECS_RADIUS_FAULT_EAP,    /* the pieces of EAP-Message do not follow each other (RFC 3579 3.1) */
};
const char *ecs_radius_fault_text(enum ecs_radius_fault fault);

/* ---- reading ---- */

/* One packet off the begin of a stream (RFC 6614 2.1): its size, 0: more bytes are needed, -1: framing is
 * lost. */
ptrdiff_t ecs_radius_measure(struct ecs_str stream) ECS_MUST_CHECK;
/* A datagram; bytes behind the packet's own length are padding (RFC 2865 3). Any fault means: discard
 * silently. Empty texts and wrong sizes of vendors' attributes are let pass: they do no harm, and servers
 * send them. */
enum ecs_radius_fault ecs_radius_decode(struct ecs_str bytes,
                                        struct ecs_radius_packet *ret_packet) ECS_MUST_CHECK;
/* Goes through all attributes, those inside Vendor-Specific one by one; a vendor's attribute that is not laid
 * out as RFC 2865 5.26 recommends comes whole, with type 26 and vendor 0. Begin with {.rest = attrs}; false
 * at the end. */
struct ecs_radius_walk {
    struct ecs_str rest, inner; /* inner: of the Vendor-Specific that is gone through now */
    uint32_t vendor;
};
bool ecs_radius_next(struct ecs_radius_walk *walk, struct ecs_radius_attr *ret_attr);
/* The first one of that kind. */
bool ecs_radius_get(struct ecs_str attrs, enum ecs_radius_attr_id id, struct ecs_str *ret_value);
bool ecs_radius_get_u32(struct ecs_str attrs, enum ecs_radius_attr_id id, uint32_t *ret_value);
/* All pieces of EAP-Message put together, in the arena. False: there is none, or no memory; with *ret_eap.n 0
 * it is EAP-Start. */
bool ecs_radius_get_eap(struct ecs_str attrs, struct ecs_arena *arena, struct ecs_str *ret_eap);
const char *ecs_radius_attr_name(enum ecs_radius_attr_id id); /* "EAP-Message" */

/* ---- writing: all append to buf; a value that the table forbids sets buf->overflow ---- */

void ecs_radius_put(struct ecs_buf *buf, enum ecs_radius_attr_id id, struct ecs_str value);
void ecs_radius_put_u32(struct ecs_buf *buf, enum ecs_radius_attr_id id, uint32_t value);
/* In pieces of 253 bytes, one behind the other; empty: EAP-Start. */
void ecs_radius_put_eap(struct ecs_buf *buf, struct ecs_str eap);

/* ---- proofs of origin ---- */

/* A shared secret with its MD5 and HMAC-MD5 objects: for one thread. NULL: it is empty, or libcrypto has no
 * MD5 (FIPS mode) or no memory. */
struct ecs_radius_secret;
struct ecs_radius_secret *ecs_radius_secret_new(struct ecs_str secret) ECS_MUST_CHECK;
void ecs_radius_secret_free(struct ecs_radius_secret *secret); /* wipes; NULL allowed */

/* A request. Access-Request and Status-Server begin with a Message-Authenticator (CVE-2024-3596), so attrs
 * must hold none; the authenticator is packet->authenticator (random, the caller's). That of an
 * Accounting-Request is computed (RFC 2866 3). The same packet gives the same bytes. ret_authenticator: as
 * sent, for the check of the answer. False and nothing appended: not a request, an attribute that must not be
 * in it or twice, too long, or no memory. */
bool ecs_radius_encode_request(const struct ecs_radius_packet *packet, struct ecs_radius_secret *secret,
                               struct ecs_buf *buf,
                               uint8_t ret_authenticator[ECS_RADIUS_AUTH_LEN]) ECS_MUST_CHECK;
/* An answer to a request with that authenticator; packet->authenticator is not looked at. For tests and
 * tools. */
bool ecs_radius_encode_answer(const struct ecs_radius_packet *packet, struct ecs_radius_secret *secret,
                              const uint8_t request_authenticator[ECS_RADIUS_AUTH_LEN],
                              struct ecs_buf *buf) ECS_MUST_CHECK;

enum ecs_radius_proof {
    ECS_RADIUS_PROVEN,
    ECS_RADIUS_WRONG_AUTHENTICATOR, /* of another request, another secret, or altered */
    ECS_RADIUS_UNSIGNED,            /* no Message-Authenticator where one is demanded */
    ECS_RADIUS_WRONG_SIGNATURE,     /* Message-Authenticator */
    ECS_RADIUS_NOT_CHECKED,         /* libcrypto failed */
    ECS_RADIUS_PROOF_COUNT
};
/* answer: decoded without a fault. A Message-Authenticator that is there must be right; demanded: one must
 * be. */
enum ecs_radius_proof ecs_radius_prove(const struct ecs_radius_packet *answer,
                                       struct ecs_radius_secret *secret,
                                       const uint8_t request_authenticator[ECS_RADIUS_AUTH_LEN],
                                       bool demanded) ECS_MUST_CHECK;
const char *ecs_radius_proof_text(enum ecs_radius_proof proof);
