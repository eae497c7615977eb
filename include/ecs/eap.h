/* SPDX-License-Identifier: Apache-2.0 */
/* EAP packets (RFC 3748) and the attributes of EAP-AKA and EAP-AKA' (RFC 4187, RFC 5448): decode, encode,
 * MAC. Pure functions; what is decoded points into the packet. */
#pragma once

#include "ecs/crypto.h"
#include "ecs/error.h"

#define ECS_EAP_MAX          1020 /* bytes; longest packet made here (RFC 3748 3.1: lower layers carry it) */
#define ECS_EAP_IDENTITY_MAX 253  /* bytes; NAI, RFC 4282 2.2 */
#define ECS_EAP_MAC_LEN      16
#define ECS_EAP_KDF_MAX      8 /* AT_KDF in one packet */

enum ecs_eap_code { ECS_EAP_REQUEST = 1, ECS_EAP_RESPONSE = 2, ECS_EAP_SUCCESS = 3, ECS_EAP_FAILURE = 4 };

enum ecs_eap_type {
    ECS_EAP_TYPE_IDENTITY = 1,
    ECS_EAP_TYPE_NOTIFICATION = 2,
    ECS_EAP_TYPE_NAK = 3,
    ECS_EAP_TYPE_SIM = 18,
    ECS_EAP_TYPE_AKA = 23,
    ECS_EAP_TYPE_AKA_PRIME = 50
};

enum ecs_eap_subtype {
    ECS_EAP_SUB_CHALLENGE = 1,
    ECS_EAP_SUB_REJECT = 2,
    ECS_EAP_SUB_SYNC = 4,
    ECS_EAP_SUB_IDENTITY = 5,
    ECS_EAP_SUB_NOTIFICATION = 12,
    ECS_EAP_SUB_REAUTH = 13,
    ECS_EAP_SUB_CLIENT_ERROR = 14
};

/* Subtype and direction in one; ENCRYPTED is the content of AT_ENCR_DATA. */
enum ecs_eap_message {
    ECS_EAP_MSG_NONE, /* not EAP-AKA */
    ECS_EAP_MSG_REQ_IDENTITY,
    ECS_EAP_MSG_RSP_IDENTITY,
    ECS_EAP_MSG_REQ_CHALLENGE,
    ECS_EAP_MSG_RSP_CHALLENGE,
    ECS_EAP_MSG_RSP_REJECT,
    ECS_EAP_MSG_RSP_SYNC,
    ECS_EAP_MSG_RSP_CLIENT_ERROR,
    ECS_EAP_MSG_REQ_NOTIFICATION,
    ECS_EAP_MSG_RSP_NOTIFICATION,
    ECS_EAP_MSG_REQ_REAUTH,
    ECS_EAP_MSG_RSP_REAUTH,
    ECS_EAP_MSG_ENCRYPTED
};

/* Rows of eap_attrs.def: an index, not the number on the wire. */
enum ecs_eap_attr {
#define ATTR(name, number, layout, low, high, prime, must, may, ignored) ECS_AT_##name,
#include "../../src/codec/eap_attrs.def"
#undef ATTR
    ECS_AT_COUNT
};

enum ecs_eap_fault {
#define FAULT(name, text) ECS_EAP_FAULT_##name,
#include "../../src/codec/eap_faults.def"
#undef FAULT
    ECS_EAP_FAULT_COUNT
};

struct ecs_eap_attrs {
    uint32_t present;                   /* bit 1 << enum ecs_eap_attr */
    struct ecs_str value[ECS_AT_COUNT]; /* without reserved bytes, length fields and padding */
    uint16_t number[ECS_AT_COUNT];      /* code, counter, bidding; RES: length in bits */
    uint16_t kdf[ECS_EAP_KDF_MAX];      /* all AT_KDF in order */
    uint8_t kdf_n;
    uint8_t skipped;    /* unknown or meaningless skippable attributes that were passed over, at most 255 */
    uint8_t fault_type; /* after a fault: number of the attribute on the wire, 0 when none is concerned */
};

struct ecs_eap_packet {
    struct ecs_str bytes; /* the whole packet */
    uint8_t code, identifier, type, subtype;
    enum ecs_eap_message message;
    struct ecs_str
        data; /* what follows the type: identity, wanted types of a Nak, raw data of other methods */
    struct ecs_eap_attrs attrs;
};

const char *ecs_eap_fault_text(enum ecs_eap_fault fault);
const char *ecs_eap_fault_name(enum ecs_eap_fault fault); /* "ZERO_LENGTH" */
const char *ecs_eap_attr_name(enum ecs_eap_attr attr);    /* "AT_RAND" */
uint8_t ecs_eap_attr_number(enum ecs_eap_attr attr);      /* on the wire */

/* Checks everything that can be checked without keys. After a fault only ret_packet->attrs.fault_type is of
 * use. bytes must live as long as the packet. */
enum ecs_eap_fault ecs_eap_decode(const uint8_t *bytes, size_t n,
                                  struct ecs_eap_packet *ret_packet) ECS_MUST_CHECK;
/* The attributes inside a decrypted AT_ENCR_DATA; type is that of the packet. */
enum ecs_eap_fault ecs_eap_decode_encrypted(const uint8_t *bytes, size_t n, uint8_t type,
                                            struct ecs_eap_attrs *ret_attrs) ECS_MUST_CHECK;
static inline bool ecs_eap_has(const struct ecs_eap_attrs *attrs, enum ecs_eap_attr attr)
{
    return attrs->present >> attr & 1;
}

/* ---- encode ---- */

struct ecs_eap_writer {
    uint8_t *p;
    size_t n;
    size_t room;
    bool overflow; /* did not fit, or a value does not suit the attribute */
};
/* subtype is written for EAP-AKA and EAP-AKA' only. */
void ecs_eap_write_start(struct ecs_eap_writer *writer, uint8_t *out, size_t room, uint8_t code,
                         uint8_t identifier, uint8_t type, uint8_t subtype);
/* Layout by the table; number for codes and counters, and bits of AT_RES (0: 8 per byte). AT_MAC: 16 zero
 * bytes when value is {NULL, 0}. */
void ecs_eap_write_attr(struct ecs_eap_writer *writer, enum ecs_eap_attr attr, struct ecs_str value,
                        uint16_t number);
/* Sets the length; 0 after an overflow. */
size_t ecs_eap_write_end(struct ecs_eap_writer *writer);

/* The following return the packet's length, 0 when it does not fit into room or libcrypto failed. */
size_t ecs_eap_make_identity(uint8_t identifier, struct ecs_str identity, uint8_t *out, size_t room);
/* Answer to an AKA-Identity request (type: 23 or 50). */
size_t ecs_eap_make_aka_identity(uint8_t type, uint8_t identifier, struct ecs_str identity, uint8_t *out,
                                 size_t room);

/* Skippable attributes that may follow AT_MAC of a challenge (clients.md C-13). */
enum ecs_eap_extra {
    ECS_EAP_EXTRA_CHECKCODE = 1, /* empty: no identity round */
    ECS_EAP_EXTRA_RESULT_IND = 2,
    ECS_EAP_EXTRA_BIDDING = 4 /* the server also supports EAP-AKA' */
};
/* EAP-AKA request: AT_RAND, AT_AUTN, AT_MAC in this order, then the extras (bits). */
size_t ecs_eap_make_challenge(struct ecs_crypto *crypto, uint8_t identifier, const uint8_t rand[16],
                              const uint8_t autn[16], const uint8_t k_aut[16], unsigned extras, uint8_t *out,
                              size_t room);
/* EAP-AKA' request: AT_RAND, AT_AUTN, AT_KDF (1, the only one), AT_KDF_INPUT, AT_MAC, then the extras, of which BIDDING is
 * left out. k_aut: 32 bytes. */
size_t ecs_eap_make_prime_challenge(struct ecs_crypto *crypto, uint8_t identifier, const uint8_t rand[16],
                                    const uint8_t autn[16], struct ecs_str network, const uint8_t k_aut[32],
                                    unsigned extras, uint8_t *out, size_t room);
/* AT_RES, AT_MAC. k_aut: 16 bytes with type 23, 32 with type 50. */
size_t ecs_eap_make_challenge_answer(struct ecs_crypto *crypto, uint8_t type, uint8_t identifier,
                                     struct ecs_str res, const uint8_t *k_aut, uint8_t *out, size_t room);
size_t ecs_eap_make_sync_failure(uint8_t type, uint8_t identifier, const uint8_t auts[14], uint8_t *out,
                                 size_t room);
size_t ecs_eap_make_reject(uint8_t type, uint8_t identifier, uint8_t *out, size_t room);
size_t ecs_eap_make_client_error(uint8_t type, uint8_t identifier, uint16_t code, uint8_t *out, size_t room);
/* code: ECS_EAP_SUCCESS or ECS_EAP_FAILURE. */
size_t ecs_eap_make_result(uint8_t code, uint8_t identifier, uint8_t *out, size_t room);

/* ---- AT_MAC (RFC 4187 10.15, RFC 5448 3.4) ---- */

/* k_aut: 32 bytes with EAP-AKA', else 16. extra is what the message adds (NONCE_S of a re-authentication
 * answer) or {NULL, 0}. ECS_E_AUTH_REJECTED: no AT_MAC, or a wrong one (constant time); ECS_E_INTERNAL:
 * libcrypto. */
enum ecs_rc ecs_eap_mac_verify(struct ecs_crypto *crypto, const struct ecs_eap_packet *packet,
                               const uint8_t *k_aut, struct ecs_str extra) ECS_MUST_CHECK;
/* Fills in the MAC of a finished packet in which it is zero. */
bool ecs_eap_mac_sign(struct ecs_crypto *crypto, uint8_t *packet, size_t n, const uint8_t *k_aut,
                      struct ecs_str extra) ECS_MUST_CHECK;
