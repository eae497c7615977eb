/* SPDX-License-Identifier: Apache-2.0 */
/* Just enough RADIUS (RFC 2865, 3579, 2548) for a test server: requests are checked and taken apart, answers
 * are put together. Not the relay's codec: the two ends shall not share a mistake. */
#pragma once

#include "ecs/str.h"

#define RADIUS_MAX               4096
#define RADIUS_AUTHENTICATOR_LEN 16
#define RADIUS_MPPE_KEY_LEN      32

enum radius_code { RADIUS_REQUEST = 1, RADIUS_ACCEPT = 2, RADIUS_REJECT = 3, RADIUS_CHALLENGE = 11 };

enum radius_attr {
    RADIUS_AT_STATE = 24,
    RADIUS_AT_VENDOR = 26,
    RADIUS_AT_EAP_MESSAGE = 79,
    RADIUS_AT_MESSAGE_AUTHENTICATOR = 80,
    RADIUS_AT_ERROR_CAUSE = 101
};

/* RFC 2548 2.4.2, 2.4.3 */
enum radius_mppe { RADIUS_MPPE_SEND = 16, RADIUS_MPPE_RECV = 17 };

struct radius_request {
    uint8_t identifier;
    uint8_t authenticator[RADIUS_AUTHENTICATOR_LEN];
    struct ecs_str state; /* {NULL, 0} when absent; points into the datagram */
    bool has_eap;
    size_t eap_n; /* 0 with has_eap: EAP-Start */
    uint8_t eap[RADIUS_MAX];
};

/* NULL when the datagram is an Access-Request of the holder of the secret, else why it must be discarded. */
const char *radius_read_request(const uint8_t *bytes, size_t n, struct ecs_str secret,
                                struct radius_request *ret_request) ECS_MUST_CHECK;

struct radius_writer {
    uint8_t p[RADIUS_MAX];
    size_t n;
    bool failed; /* did not fit, or libcrypto failed */
};

/* An answer to the request; Message-Authenticator is the first attribute. */
void radius_write_start(struct radius_writer *writer, uint8_t code, const struct radius_request *request);
void radius_write_attr(struct radius_writer *writer, uint8_t type, struct ecs_str value);
void radius_write_u32(struct radius_writer *writer, uint8_t type, uint32_t value);
/* In pieces of 253 bytes. */
void radius_write_eap(struct radius_writer *writer, const uint8_t *eap, size_t n);
/* salt: 15 bits that no other key of this packet has. */
void radius_write_mppe(struct radius_writer *writer, enum radius_mppe type, uint16_t salt,
                       const struct radius_request *request, struct ecs_str secret,
                       const uint8_t key[RADIUS_MPPE_KEY_LEN]);
/* Length, Message-Authenticator, Response Authenticator; returns the length, 0 when something failed. */
size_t radius_write_end(struct radius_writer *writer, struct ecs_str secret);
