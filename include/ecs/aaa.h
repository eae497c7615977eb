/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's AAA and HSS as providers of authentication: EAP of a phone handed on (Diameter EAP, SWm,
 * STa; RADIUS), vectors and profiles fetched (SWx), authentications accounted. What a provider speaks is
 * hidden here; aaa.md 2 to 5. */
#pragma once

#include "ecs/neighbour.h"
#include "ecs/setting.h"

struct ecs_aaa; /* of one engine: the providers of its configuration, on one worker */

enum ecs_aaa_type {
    ECS_AAA_DIAMETER_EAP, /* RFC 4072, application 5 */
    ECS_AAA_SWM,
    ECS_AAA_STA,
    ECS_AAA_RADIUS,
    ECS_AAA_SWX, /* HSS: vectors for our own EAP server, profiles */
    ECS_AAA_TYPE_COUNT
};
extern const char
    *const ecs_aaa_types[ECS_AAA_TYPE_COUNT + 1]; /* "diameter-eap", "swm" ..., NULL at the end */

struct ecs_aaa_conf; /* one row of the list section "aaa": ecs/aaa_conf.h */
struct ecs_radius_row;
struct ecs_diameter;

struct ecs_aaa_env {
    struct ecs_loop *loop;
    struct ecs_diameter *diameter; /* of the worker; NULL: we have no Diameter identity */
    const char *nas_identifier;    /* where a row gives none: the server's name */
    struct ecs_neighbour_stats *(*stats)(void *arg, const char *name); /* "radius-<server>"; NULL: none */
    void *stats_arg;
    /* After every answer and every question without one; verdict as below. NULL: nobody counts. */
    void (*count)(void *arg, enum ecs_aaa_type type, unsigned verdict);
    void *count_arg;
    bool lab;               /* short secrets are taken */
    struct ecs_aaa *former; /* of the engine before, for the call: RADIUS clients whose rows are the same go
                               on; NULL: none */
};
/* rows and servers live as long as the result. NULL with a sentence in err: a file of TLS cannot be read, no
 * memory. */
struct ecs_aaa *ecs_aaa_new(const struct ecs_aaa_env *env, const struct ecs_aaa_conf *rows, size_t n,
                            const struct ecs_radius_row *servers, size_t servers_n, char *err,
                            size_t err_size) ECS_MUST_CHECK;
/* After the flows that ask; sessions that are being ended are ended all the same. NULL allowed. */
void ecs_aaa_free(struct ecs_aaa *aaa);

/* Is there a provider of that name, and which type has it? False: none. */
bool ecs_aaa_type(const struct ecs_aaa *aaa, struct ecs_str provider,
                  enum ecs_aaa_type *ret_type) ECS_MUST_CHECK;
/* Would that provider of EAP be asked about the identity at all? False: its user_realms do not name the
 * realm, or it is encrypted and has no place there. */
bool ecs_aaa_serves(const struct ecs_aaa *aaa, struct ecs_str provider, struct ecs_str identity);
/* False: not to be asked now (no peer in service, servers dead). Never waits. */
bool ecs_aaa_is_up(const struct ecs_aaa *aaa, struct ecs_str provider);

/* ---- EAP relay ---- */

enum ecs_aaa_verdict {
    ECS_AAA_MORE,   /* eap: the next request for the phone */
    ECS_AAA_REPEAT, /* our response was passed over (EAP-Reissued-Payload, Error-Cause 202): give eap again */
    ECS_AAA_ACCEPTED,  /* decided by the result code, never by the EAP code inside */
    ECS_AAA_REJECTED,  /* TS.43 Table 7: 403 */
    ECS_AAA_TRANSIENT, /* Table 7: 511 or 503; another provider may be tried at the begin of a conversation */
    ECS_AAA_VERDICT_COUNT
};
enum { ECS_AAA_THREAD_MAX = 2048 };

/* One leg of a conversation. Rules of aaa.md 2.4 and 5.2: the caller checks packets of the phone and answers
 * identity and notification rounds by itself; this is one question and one answer. */
struct ecs_aaa_round {
    /* in; borrowed until the next step */
    struct ecs_str provider;
    struct ecs_str identity; /* EAP_ID, the same in every round; its realm must be one of the row's, else
                                nothing is sent */
    struct ecs_str eap;      /* whole EAP response */
    struct ecs_str thread;   /* what the last answer of this conversation gave; {NULL, 0}: it begins */
    struct ecs_str imei;     /* 14 digits or more; {NULL, 0}: none, or not to be told */
    uint32_t limit_ms;       /* that is left of the HTTP leg (20 s in all, E-028); 0: the provider's own */
    /* out */
    enum ecs_aaa_verdict verdict;
    uint32_t code; /* Result-Code or Experimental-Result-Code; of RADIUS the packet's code; 0: none came */
    bool experimental;
    const char *why;             /* for the log, no identifiers; NULL: nothing to say */
    struct ecs_str eap_out;      /* MORE, REPEAT: whole EAP request; arena */
    struct ecs_str thread_out;   /* any answer: server, Session-Id, State ...: opaque bytes, at most
                                    ECS_AAA_THREAD_MAX, arena */
    struct ecs_str imsi, msisdn; /* ACCEPTED: whom the AAA names, digits only; {NULL, 0}: it does not */
    uint32_t wait_s;    /* MORE: so long the AAA waits (Multi-Round-Time-Out, Session-Timeout); 0: not said */
    uint32_t session_s; /* ACCEPTED: Session-Timeout, Authorization-Lifetime; 0: not said */
    bool kept;          /* ACCEPTED: the AAA keeps a session: ecs_aaa_end */
    struct ecs_str class; /* ACCEPTED: for accounting; {NULL, 0} */
};
/* May wait; give the step a limit_ms above round->limit_ms. Never fails the flow. */
enum ecs_next ecs_aaa_ask(struct ecs_flow *f, struct ecs_aaa *aaa, struct ecs_aaa_round *round);
/* STR for a session that the AAA keeps (E-020), in the background; no answer is waited for. thread: of the
 * last round. */
void ecs_aaa_end(struct ecs_aaa *aaa, struct ecs_str provider, struct ecs_str identity,
                 struct ecs_str thread);

/* An Abort-Session-Request of a peer was answered: its session is ended there by STR, in the background. */
struct ecs_diameter_message;
void ecs_aaa_aborted(struct ecs_aaa *aaa, const struct ecs_diameter_message *abort_request);

/* ---- HSS (SWx) ---- */

enum ecs_hss_outcome {
    ECS_HSS_OK,
    ECS_HSS_UNKNOWN,   /* user unknown, no such subscription: Table 7 403 */
    ECS_HSS_TRANSIENT, /* 511 or 503; another provider may be tried */
};
struct ecs_hss_vector {
    /* in */
    struct ecs_str provider, imsi;
    bool prime;                               /* EAP-AKA' is wanted; what comes may be EAP-AKA all the same */
    struct ecs_str network;                   /* ANID, with prime: "WLAN" */
    const uint8_t *resync_rand, *resync_auts; /* 16 and 14 bytes; NULL: no resynchronisation */
    uint32_t limit_ms;
    /* out; secret: the struct must be memory that is wiped (ecs_arena_secret) */
    enum ecs_hss_outcome outcome;
    uint32_t code;
    bool experimental;
    const char *why;
    bool is_prime; /* CK and IK are CK' and IK' already */
    uint8_t rand[16], autn[16], ck[16], ik[16], xres[16];
    size_t xres_n; /* 4 to 16 */
};
enum ecs_next ecs_hss_vector(struct ecs_flow *f, struct ecs_aaa *aaa, struct ecs_hss_vector *ask);

/* SAR with AAA_USER_DATA_REQUEST: reads, never registers (aaa.md 4). */
struct ecs_hss_profile {
    struct ecs_str provider, imsi;
    uint32_t limit_ms;
    enum ecs_hss_outcome outcome;
    const char *why;
    bool barred;           /* Non-3GPP-IP-Access 1 */
    struct ecs_str msisdn; /* digits; {NULL, 0}: not told */
};
enum ecs_next ecs_hss_profile(struct ecs_flow *f, struct ecs_aaa *aaa, struct ecs_hss_profile *ask);

/* ---- what people see ---- */

struct ecs_aaa_view {
    const char *name, *type;
    bool up;
    const char *state; /* "in service", "dead", "connecting" ... static */
    char reason[160];  /* of the last failure; "" */
    uint64_t asked, answered, failed;
};
size_t ecs_aaa_view(const struct ecs_aaa *aaa, struct ecs_aaa_view *out, size_t max);
