/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the test program radius_front share. */
#pragma once

#include "ecs/eap_server.h"
#include "ecs/ids.h"
#include "radius.h"

#define FRONT_SUBSCRIBERS_MAX 64
#define FRONT_SESSIONS_MAX    64 /* the oldest one makes room */
#define FRONT_STATE_LEN       16

/* One row of the authentication centre. */
struct front_subscriber {
    struct ecs_imsi imsi;
    struct ecs_aka_key key;
    uint64_t sqn; /* the last one used */
};

/* An exchange between two requests: bytes, as the product keeps them in its database. */
struct front_session {
    unsigned number; /* 1 for the first, 0 for a free place */
    struct front_subscriber *subscriber;
    uint8_t state[FRONT_STATE_LEN];
    uint8_t packed[ECS_EAP_STATE_MAX];
    size_t packed_n;
};

struct front {
    struct ecs_crypto *crypto;
    struct ecs_str secret;
    unsigned extras; /* enum ecs_eap_extra */
    struct front_subscriber subscribers[FRONT_SUBSCRIBERS_MAX];
    size_t n_subscribers;
    struct front_session sessions[FRONT_SESSIONS_MAX];
    unsigned sessions_made;
};

/* Reads the command line and the subscribers' file into *front; false after a message on stderr. */
bool front_read_args(struct front *front, int argc, char **argv) ECS_MUST_CHECK;

/* Writes the answer to a request with EAP-Message and prints what was decided as one line on stdout (no keys,
 * no identities). False when there is no answer. */
bool front_answer(struct front *front, const struct radius_request *request,
                  struct radius_writer *writer) ECS_MUST_CHECK;
