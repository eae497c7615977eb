/* SPDX-License-Identifier: Apache-2.0 */
/* One EAP exchange within a request, between its begin (auth_eap_begin.c) and its answer (auth_eap.c). */
#pragma once

#include "auth_relay.h"
#include "ecs/vectors.h"

enum { EAP_LIMIT_MS = 5000, EAP_PACKET_MAX = 1500 };

struct eap_work {
    struct ecs_exchange exchange;
    struct ecs_eap_state eap;
    uint8_t packet[EAP_PACKET_MAX];
    size_t packet_n;
    size_t cookie_at;    /* candidate that is tried */
    const char *refusal; /* static text */
    const struct ecs_vector_ops *vectors;
    struct auth_climb climb;
    struct relay_answer relay;
};

static inline struct eap_work *eap_work_of(const struct ecs_auth *auth)
{
    return auth->exchange;
}

/* False: no memory. */
bool eap_work_start(struct ecs_flow *f);
/* Digest of a cookie into auth->handle; false: libcrypto. */
bool eap_hash_cookie(struct ecs_auth *auth, struct ecs_str cookie);
/* Makes the vector one of EAP-AKA' where the identity asks for it. */
enum ecs_rc eap_bind_vector(struct ecs_auth *auth, struct eap_work *w);
/* Step: the outstanding challenge of the exchange as a packet to be sent. */
enum ecs_next eap_challenge(struct ecs_flow *f);
