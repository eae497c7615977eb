/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the EAP methods that have a neighbour behind them: what an EAP request of an AAA calls for, one
 * leg of a relayed conversation, and the climb from provider to provider. */
#pragma once

#include "auth_internal.h"
#include "ecs/aaa.h"
#include "ecs/eap_server.h"
#include "ecs/ladder.h"
#include "ecs/store_relay.h"

/* ---- requests of the AAA (relay_packet.c), pure ---- */

enum { RELAY_ROUNDS_MAX = 3, RELAY_ANSWER_MAX = 1100, RELAY_PHONE_ROUNDS_MAX = 8 };

enum relay_act {
    RELAY_TO_PHONE,    /* an EAP-AKA challenge */
    RELAY_ANSWER,      /* the answer of ours is in talk */
    RELAY_NO_IDENTITY, /* it asks for an identity that nobody here knows */
    RELAY_BROKEN       /* nothing that a phone behind TS.43 can answer */
};

/* What was said between the AAA and us without the phone, in one leg. */
struct relay_talk {
    struct ecs_str identity; /* EAP_ID */
    enum ecs_eap_id_kind kind;
    unsigned rounds; /* answered by ourselves so far */
    bool naked;      /* a Nak was among them */
    bool prime;      /* the identity asks for EAP-AKA' */
    uint8_t answer[RELAY_ANSWER_MAX];
    size_t answer_n;
    const char *why;          /* of NO_IDENTITY and BROKEN; static */
    uint8_t identifier, type; /* of TO_PHONE */
};
enum relay_act relay_judge(struct relay_talk *talk, struct ecs_str request);

/* ---- one leg (auth_leg.c) ---- */

enum leg_end {
    LEG_CHALLENGE, /* round.eap_out is for the phone */
    LEG_PASSED,
    LEG_REFUSED,
    LEG_TRANSIENT,  /* TS.43 Table 7: 511 or 503 */
    LEG_NO_IDENTITY /* 511: the AAA asks for an identity that only the phone could give */
};

struct auth_leg {
    struct ecs_auth *auth;
    struct ecs_aaa_round round; /* provider, identity, eap, thread are set by the caller */
    struct relay_talk talk;     /* identity, kind likewise */
    bool begins;                /* no challenge was answered yet */
    int64_t deadline_us;        /* of its questions together, loop's time */
    enum leg_end end;
    const char *why; /* for the log */
    struct ecs_rung_call *call;
};
extern const struct ecs_step
    auth_leg_steps[]; /* self: struct auth_leg; never fails the flow but for memory */

/* From now on auth.aaa_limit runs for this HTTP request. */
void auth_time_start(struct ecs_auth *auth, const struct ecs_flow *f);
/* When a provider must have answered that shares what is left with others. */
int64_t auth_deadline(const struct ecs_auth *auth, const struct ecs_flow *f, unsigned shares);
/* Milliseconds until then; 0: too little to ask anybody. */
uint32_t auth_time_left(int64_t deadline_us, const struct ecs_flow *f);
/* Around each question to an AAA or HSS. */
void auth_park(struct ecs_auth *auth, bool parked);
/* TS.43 Table 7: 511 when another method could do, by the first request, else 503. */
enum ecs_next auth_unavailable(struct ecs_flow *f, const struct ecs_auth *auth, const char *why);
/* Digest of whom attempts are counted for. */
bool auth_attempt_subject(const struct ecs_auth *auth, struct ecs_str eap_id,
                          uint8_t subject[ECS_RELAY_DIGEST]);
/* Behind the answer: clears the count of attempts. */
void auth_clear_attempts(struct ecs_flow *f, const struct ecs_auth *auth);

/* Whom the AAA has accepted: the IMSI of the EAP_ID when that is permanent, which it must not contradict,
 * else the one that it names. False with *ret_why. */
bool relay_subscriber(const struct ecs_auth_env *env, struct ecs_str eap_id, struct ecs_str named,
                      struct ecs_imsi *ret_imsi, const char **ret_why);
/* After LEG_PASSED: results into auth, the AAA's session ended. False with *ret_why: not that subscriber. */
bool relay_accept(struct auth_leg *leg, const char **ret_why);

/* ---- from rung to rung (auth_climb.c) ---- */

struct auth_climb {
    struct ecs_rung *const *rungs;
    size_t n, at;
    struct ecs_rung *rung; /* that is tried; NULL with LOCAL where there is no ladder */
    enum ecs_rung_kind kind;
    unsigned left;         /* rungs behind it that could be asked now */
    bool counted, granted; /* the attempt, in the database */
    bool unknown;          /* some rung does not know the subscriber */
    bool failed;           /* some rung could not be asked, or could not tell */
    const char *why;       /* of the last that failed */
    uint8_t subject[ECS_RELAY_DIGEST];
    struct auth_leg leg;
    struct ecs_relay_new open;
};
/* Is there an AAA that may know an identity without an IMSI? */
bool auth_climb_resolves(const struct ecs_auth_env *env);
/* Is that provider on the ladder of the card (auth->imsi)? */
bool auth_climb_may_prove(const struct ecs_auth *auth, struct ecs_str provider);
void auth_climb_start(struct auth_climb *climb, const struct ecs_auth *auth);
/* The next one that may be asked; false: there is none. */
bool auth_climb_next(struct auth_climb *climb, const struct ecs_auth *auth, int64_t now_us);
/* When there is none: 403, 511 or 503 (511 for an identity that nobody here can resolve). */
enum ecs_next auth_climb_fail(struct ecs_flow *f, const struct auth_climb *climb,
                              const struct ecs_auth *auth);
/* The first leg with the rung's AAA, and the exchange as it is kept after LEG_CHALLENGE. */
enum ecs_next auth_climb_relay(struct ecs_flow *f, struct auth_climb *climb, struct ecs_auth *auth,
                               uint8_t identifier);
enum ecs_next auth_climb_keep(struct ecs_flow *f, struct auth_climb *climb, struct ecs_auth *auth,
                              struct ecs_str saved);

/* ---- the answer to a relayed challenge (auth_relay.c) ---- */

struct relay_answer {
    struct ecs_auth *auth;
    const uint8_t *packet;
    size_t packet_n;
    /* out */
    bool lost; /* no such exchange: another cookie may name one */
    void *own;
};
extern const struct ecs_step auth_relay_steps[]; /* self: struct relay_answer */

/* The saved first request takes the place of the one that brought the answer (auth_eap.c). */
enum ecs_rc auth_adopt_request(struct ecs_flow *f, struct ecs_auth *auth, struct ecs_str saved);

/* ---- cookies ---- */

/* First letter of the cookie, so that one look-up finds the row; "local" has none. */
enum { AUTH_COOKIE_BYTES = 20, AUTH_COOKIE_LEN = ECS_BASE32_LEN(AUTH_COOKIE_BYTES) };
enum auth_cookie { AUTH_COOKIE_LOCAL, AUTH_COOKIE_RELAY = 'r', AUTH_COOKIE_HSS = 'h' };
enum auth_cookie auth_cookie_kind(struct ecs_str cookie);
