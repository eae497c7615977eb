/* SPDX-License-Identifier: Apache-2.0 */
/* What the servers of operator-hosted and third-party pages report about a hand-over. One database round trip
 * per call; what goes in is borrowed until the next step. */
#pragma once

#include "ecs/store.h"

enum ecs_portal_outcome {
    ECS_PORTAL_OPEN,
    ECS_PORTAL_CHANGED,
    ECS_PORTAL_DISMISSED,
    ECS_PORTAL_OUTCOME_COUNT
};
extern const char *const ecs_portal_outcomes[ECS_PORTAL_OUTCOME_COUNT + 1]; /* "open" ..., NULL at the end */

enum ecs_portal_verdict {
    ECS_PORTAL_DONE,
    ECS_PORTAL_REPEATED,   /* told before under this number: the answer is that of the first time */
    ECS_PORTAL_OTHER,      /* the number was used for another report */
    ECS_PORTAL_CLOSED,     /* the flow has ended */
    ECS_PORTAL_FOREIGN,    /* another partner has begun to report on this hand-over */
    ECS_PORTAL_GONE,       /* the subscriber is no longer there */
    ECS_PORTAL_EXPIRED,    /* too late, and not told before */
    ECS_PORTAL_UNEXPECTED, /* the plan does not sell the boost, the account is blocked */
};
enum ecs_portal_result {
    ECS_PORTAL_STATES,    /* the states say it all */
    ECS_PORTAL_PURCHASED, /* a boost */
    ECS_PORTAL_ACCEPTED,  /* the terms of carrier billing: activation is due */
    ECS_PORTAL_ACTIVATED, /* carrier billing, by the partner */
};
struct ecs_portal_report {
    struct ecs_str partner, event_id;
    const uint8_t *reference, *request; /* 32 bytes each: digests */
    struct ecs_str imsi, service;
    int terms, address, provisioning;  /* TS.43 values 0..3; -1: as it is */
    int64_t terms_version;             /* -1: as it is */
    int64_t address_expiry;            /* Unix seconds; 0: as it is */
    struct ecs_str address_identifier; /* p NULL: as it is */
    enum ecs_portal_outcome outcome;   /* DISMISSED changes nothing */
    bool late;         /* the reference has expired: nothing is written, a repetition is answered */
    int64_t expires_s; /* of the reference */
    struct ecs_str subject_masked, detail; /* for the audit table; detail: a JSON object */
    /* What the user did besides: goes with the report or not at all. */
    enum ecs_portal_result result;
    uint8_t boost;          /* PURCHASED: type */
    int64_t seconds;        /* PURCHASED: 0: as the plan says */
    struct ecs_str key;     /* PURCHASED: as ecs_boost_buy; actor as there */
    const uint8_t *account; /* ACCEPTED, ACTIVATED: of carrier billing, ECS_ACCOUNT_LEN bytes */
};
struct ecs_portal_reported {
    enum ecs_portal_verdict verdict;
    int64_t revision; /* of the line's service; 0: nothing was changed */
    enum ecs_portal_outcome outcome;
};
/* Event, flow, state of the line, purchase or account, and audit row, all or nothing. ECS_E_BAD_PARAMETER: a
 * value against a constraint. */
enum ecs_next ecs_store_portal_report(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_portal_report *report,
                                      struct ecs_portal_reported *ret_reported);

struct ecs_portal_flow {
    struct ecs_str partner; /* p NULL: nothing was reported yet */
    enum ecs_portal_outcome outcome;
};
enum ecs_next ecs_store_portal_flow(struct ecs_flow *f, struct ecs_store *store, const uint8_t reference[32],
                                    struct ecs_portal_flow *ret_flow);
/* The partner that comes first has it, until expires_s at least; whose it is. */
enum ecs_next ecs_store_portal_take(struct ecs_flow *f, struct ecs_store *store, const uint8_t reference[32],
                                    struct ecs_str partner, int64_t expires_s,
                                    struct ecs_portal_flow *ret_flow);
/* Deletes at most max_rows flows and as many events; ret_rows == max_rows: call again. */
enum ecs_next ecs_store_portal_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                    unsigned *ret_rows);
