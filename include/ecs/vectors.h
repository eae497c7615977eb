/* SPDX-License-Identifier: Apache-2.0 */
/* Where authentication vectors come from: an interface that the built-in AuC fills and that HSS, Diameter and
 * RADIUS providers can fill, too. A call is begun in one step of a flow and taken in the next. */
#pragma once

#include "ecs/aka.h"
#include "ecs/auth.h"

enum ecs_exchange_outcome {
    ECS_EXCHANGE_OK,
    ECS_EXCHANGE_UNKNOWN, /* no such subscriber or no key: to the phone the same as a wrong answer (E-026) */
    ECS_EXCHANGE_LIMITED, /* too many attempts, or the last challenge of the exchange was used up */
    ECS_EXCHANGE_REFUSED, /* an earlier answer was wrong */
    ECS_EXCHANGE_LOST,    /* no such session, expired, or answered more than 10 s ago */
    ECS_EXCHANGE_UNAVAILABLE, /* the provider could not be asked, or cannot tell now */
};

/* One EAP exchange. */
struct ecs_exchange {
    struct ecs_auth *auth; /* imsi, handle and request are set; providers change nothing in it */
    /* in: begin and resync */
    uint8_t rand[16];
    uint8_t identifier;
    struct ecs_str saved; /* begin: the first request as bytes */
    uint64_t sqn_ms;      /* resync: verified, where the key is known here */
    uint8_t auts[ECS_AKA_AUTS_LEN]; /* resync: as it came */
    struct ecs_str provider; /* begin: name of an HSS; after resume: that of the session */
    unsigned shares;         /* begin, resync: providers among which the time that is left is shared */
    /* out, valid after take() */
    enum ecs_exchange_outcome outcome;
    struct ecs_imsi imsi; /* resume */
    struct ecs_aka_key
        *key; /* secret; NULL when the provider does not hand it out (then resync takes AUTS) */
    struct ecs_aka_vector *vector; /* secret; of the outstanding challenge */
    uint8_t rounds;                /* challenges sent so far */
    bool repeated;
    int64_t created_s;
    struct ecs_subscriber_facts *facts; /* resume: came along, or NULL */
    const char *why;                    /* UNAVAILABLE: for the log */
    void *answer;                       /* the provider's */
};

struct ecs_vector_ops {
    const char *name;
    /* New session and a vector for it: rand (of the caller's choice), vector, outcome. */
    enum ecs_next (*begin)(struct ecs_flow *f, struct ecs_exchange *exchange);
    /* The session that the handle names, with its saved request and outstanding vector; marks the first
     * answer. */
    enum ecs_next (*resume)(struct ecs_flow *f, struct ecs_exchange *exchange);
    /* After AUTS: raises SQN and takes the next vector for the same session. */
    enum ecs_next (*resync)(struct ecs_flow *f, struct ecs_exchange *exchange);
    /* In the step behind each of them: turns the answer into the fields above. ECS_E_INTERNAL,
     * ECS_E_NO_MEMORY, ECS_E_CONFIG (a stored key cannot be unwrapped). */
    enum ecs_rc (*take)(struct ecs_flow *f, struct ecs_exchange *exchange);
    /* After a verdict: refused ends the session (resume then finds it refused), else it waits on for an
     * answer. Waits. */
    enum ecs_next (*mark)(struct ecs_flow *f, struct ecs_exchange *exchange, bool refused);
    /* Success: forget failed attempts. Not waited for. */
    void (*passed)(struct ecs_flow *f, const struct ecs_exchange *exchange);
};

extern const struct ecs_vector_ops ecs_vectors_local; /* keys and sequence numbers in our database */
extern const struct ecs_vector_ops ecs_vectors_hss;   /* of an HSS, one by one (SWx) */
