/* SPDX-License-Identifier: Apache-2.0 */
/* EAP exchanges with an AAA or HSS behind them, between two HTTP requests; attempts of subscribers without a
 * key here; what the HSS says of a line (sql/queries/relay.sql). Calls may wait; texts in are borrowed until
 * the next step, texts out belong to the flow's arena. */
#pragma once

#include "ecs/store.h"

enum {
    ECS_RELAY_DIGEST = 32,
    ECS_RELAY_THREAD_MAX = 2048,
    ECS_RELAY_VECTOR_MAX = 256,
    ECS_RELAY_REQUEST_MAX = 1020,
    ECS_RELAY_PROVIDER_MAX = 64
};

enum ecs_relay_kind { ECS_RELAY_EAP = 1, ECS_RELAY_HSS = 2 };

/* Counts the begin of an exchange of that subject (a digest); *ret_granted false: more than the store's limit
 * within its window. */
enum ecs_next ecs_store_relay_admit(struct ecs_flow *f, struct ecs_store *store,
                                    const uint8_t subject[ECS_RELAY_DIGEST], bool *ret_granted);
/* The same for anything else that may be tried so often over all nodes: most within window_s (at most a day),
 * which begins with the first try. The digest tells kind and subject apart. */
enum ecs_next ecs_store_attempt_count(struct ecs_flow *f, struct ecs_store *store,
                                      const uint8_t subject[ECS_RELAY_DIGEST], int64_t most, int64_t window_s,
                                      bool *ret_granted);

struct ecs_relay_new {
    enum ecs_relay_kind kind;
    struct ecs_str handle, provider;
    struct ecs_str imsi;  /* {NULL, 0}: the EAP_ID does not name one */
    struct ecs_str state; /* the saved request, at most ECS_ROW_EAP_STATE_MAX */
    uint8_t identifier, method;
    struct ecs_str request, thread; /* relay */
    struct ecs_str vector;          /* HSS, sealed */
    uint32_t wait_s;                /* so long the AAA waits; 0: not said */
};
enum ecs_next ecs_store_relay_open(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_relay_new *session);

/* ---- relay ---- */

enum ecs_relay_outcome { ECS_RELAY_OPEN, ECS_RELAY_PASSED, ECS_RELAY_REFUSED, ECS_RELAY_FAILED };

enum ecs_relay_found {
    ECS_RELAY_LOST,    /* no such exchange, expired, or ended more than 10 s ago */
    ECS_RELAY_CLAIMED, /* hand the packet on: nobody else does */
    ECS_RELAY_COPY,    /* it was handed on before; outcome and request say what became of it */
    ECS_RELAY_ASKING,  /* a copy of it is with the AAA right now, for asked_ms */
    ECS_RELAY_MISFIT,  /* it is no answer to the outstanding request */
};

struct ecs_relay_session {
    enum ecs_relay_found found;
    enum ecs_relay_outcome outcome;
    struct ecs_str provider, imsi, state, thread, request; /* imsi: {"", 0}: not known */
    unsigned rounds;
    int64_t created_at, asked_ms;
};
/* digest: of the phone's packet. */
enum ecs_next ecs_store_relay_take(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                   const uint8_t digest[ECS_RELAY_DIGEST], uint8_t identifier, uint8_t method,
                                   struct ecs_relay_session *ret_session);

struct ecs_relay_next {
    struct ecs_str handle;
    const uint8_t *digest;
    uint8_t identifier, method;
    struct ecs_str request, thread;
    uint32_t wait_s;
};
enum ecs_next ecs_store_relay_next(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_relay_next *next);
/* imsi: the proven one; {NULL, 0} unless outcome is PASSED. */
enum ecs_next ecs_store_relay_end(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                  const uint8_t digest[ECS_RELAY_DIGEST], enum ecs_relay_outcome outcome,
                                  struct ecs_str imsi);

/* ---- vectors of the HSS ---- */

struct ecs_hss_session {
    bool found;    /* false: unknown, expired, or answered more than 10 s ago */
    bool repeated; /* it was answered before: a copy of the request */
    struct ecs_str provider, imsi, state, vector;
    uint8_t identifier;
    unsigned rounds; /* 0: refused before */
    int64_t created_at;
};
enum ecs_next ecs_store_hss_take(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                 struct ecs_hss_session *ret_session);

struct ecs_hss_again {
    struct ecs_str handle, vector;
    unsigned rounds; /* as read */
    uint8_t identifier;
    /* out */
    bool found; /* false: the exchange has ended meanwhile */
    bool taken; /* false: a copy of the request was faster; what follows is its challenge */
    uint8_t now_identifier;
    struct ecs_str now_vector;
};
enum ecs_next ecs_store_hss_again(struct ecs_flow *f, struct ecs_store *store, struct ecs_hss_again *again);
/* As ecs_store_eap_mark. */
enum ecs_next ecs_store_hss_mark(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                 bool refused);

/* A success: clears the count of attempts, lets the row go soon. */
enum ecs_next ecs_store_relay_passed(struct ecs_flow *f, struct ecs_store *store,
                                     const uint8_t subject[ECS_RELAY_DIGEST], struct ecs_str handle);

/* ---- what the network says of a line ---- */

/* *ret_claimed: the profile of the line was last asked for age_s ago or earlier, and nobody else does it now.
 */
enum ecs_next ecs_store_profile_claim(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                      uint32_t age_s, bool *ret_claimed);
/* The claim led to nothing. */
enum ecs_next ecs_store_profile_release(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi);
enum ecs_next ecs_store_profile_note(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                     bool barred);
/* For a line without a number only. */
enum ecs_next ecs_store_number_note(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                    struct ecs_str msisdn);

/* For the reaper. */
enum ecs_next ecs_store_relay_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                   unsigned *ret_rows);
enum ecs_next ecs_store_attempt_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                     unsigned *ret_rows);
