/* SPDX-License-Identifier: Apache-2.0 */
/* On-device service activation (TS.43 6 to 8, 10): operations of ap2006, ap2009, ap2011 as flows over facts,
 * policy and journeys; the state tables; the driver that works on journeys with SM-DP+ and BSS. A request
 * posts an event, waits a moment for the driver, and is answered from what the journey has become. */
#pragma once

#include "ecs/doc.h"
#include "ecs/messages.h"
#include "ecs/policy.h"
#include "ecs/setting.h"
#include "ecs/store_odsa.h"

struct ecs_auth;
struct ecs_auth_env;
struct ecs_bss;
struct ecs_bss_event;
struct ecs_buf;
struct ecs_jws_signer;
struct ecs_sealer;
struct ecs_smdp_progress;
struct ecs_smdps;

/* Section "odsa". */
struct ecs_odsa_conf {
    int64_t max_refresh, max_refresh_eligibility; /* polls of one journey; of CheckEligibility in a row */
    int64_t polling_s;                            /* PollingInterval of delayed deliveries; 0: push only */
    struct ecs_int_list polling_steps; /* seconds: of the first, second ... answer; the last one stays; empty: polling_s */
    bool polling_minutes;            /* sent in minutes (rounded up, no unit), as old clients need it */
    int64_t wait_ms;                 /* how long a device waits for the driver before it hears "delayed" */
    bool lpa_prefix;                 /* "LPA:" stands in front of the encoded activation code */
    bool raw_code;                   /* ProfileActivationCode without base64 (clients.md C-38) */
    bool stand_alone_primary;        /* never PrimaryConfigurations: only the primary one is listed */
    bool strict;                     /* missing M parameters are 102 also where nothing needs them */
    struct ecs_str_list no_web_view; /* TACs or "vendor/model" of terminals that cannot show pages */
    int64_t question_s, portal_s, deleting_s, ready_s; /* how long each waits for the user */
    int64_t give_up_s;                                 /* open orders at the BSS */
    int64_t retry_s, retry_max_s, retries;             /* back-off of work: first, greatest, how many */
    int64_t lease_s, keep_days;
};
extern const struct ecs_setting ecs_odsa_settings[];
bool ecs_odsa_settings_check(const void *section, struct ecs_faults *faults,
                             const struct ecs_yaml_node *node);

struct ecs_odsa_runner; /* of one worker: its drives under way */

/* What one worker's engine works with; all borrowed. */
struct ecs_odsa_env {
    const struct ecs_odsa_conf *conf;
    const struct ecs_auth_env *auth; /* crypto, store, grants */
    struct ecs_store *store;
    struct ecs_smdps *smdps;
    struct ecs_bss *bss;
    const struct ecs_sealer *code_sealer;
    const struct ecs_policy *policy;
    const struct ecs_messages *messages;
    struct ecs_odsa_runner *runner;
    const char *portal_url; /* "" none */
    /* Holds the environment (its engine) for a drive that outlives the request; and gives it back. */
    void (*hold)(void *arg);
    void (*drop)(void *arg);
    void *hold_arg;
};

/* Bits 1 << enum ecs_operation that are served for these applications (bits 1 << enum ecs_app). */
unsigned ecs_odsa_operations(unsigned offered);

/* ---- a request ---- */

/* Makes URL and user data of a hand-over to the portal for a journey; in the arena. False: no portal. */
typedef bool (*ecs_odsa_portal_fn)(void *arg, struct ecs_arena *arena, const struct ecs_journey *journey,
                                   struct ecs_str url, struct ecs_str data_template, struct ecs_str *ret_url,
                                   struct ecs_str *ret_data);
struct odsa_work; /* inside of the module */
/* Zeroed, then the first part is filled by the caller. */
struct ecs_odsa {
    const struct ecs_odsa_env *env;
    const struct ecs_ts43_request *request;
    const struct ecs_auth *auth;             /* proven; its grant or server tell what it may */
    const struct ecs_subscriber_facts *line; /* of ap2011: not known */
    struct ecs_facts *facts;                 /* of line, request and clock; more are added here */
    size_t language;                         /* in messages */
    int64_t now;
    ecs_odsa_portal_fn portal;
    void *portal_arg;
    /* out */
    struct ecs_str rule; /* that decided, for the log; "" none */
    int64_t validity_s;
    int result;              /* OperationResult of the answer */
    struct ecs_str location; /* of the early check: where to send the device; {NULL, 0}: nowhere */
    struct odsa_work *work;
};
/* For ecs_flow_call. A refusal that TS.43 tells by OperationResult is an answer and no failure; the flow
 * fails for HTTP errors only (400, 403, 406, 405). */
extern const struct ecs_step ecs_odsa_steps[];
/* The early check (7.7) of a request that proves nothing, for one that it applies to; auth has no results
 * yet. Sets location when the companion's model does not fit. */
bool ecs_odsa_early_applies(const struct ecs_ts43_request *request, unsigned offered);
extern const struct ecs_step ecs_odsa_early_steps[];
/* CheckEligibility as ecs_odsa_steps answers it, without counting a poll: for explanations. */
extern const struct ecs_step ecs_odsa_explain_steps[];
/* The block of the operation's application, after the flow. */
void ecs_odsa_document(const struct ecs_odsa *odsa, struct ecs_doc *doc, struct ecs_doc_node *node);

/* ---- more bits of ecs_journey.flags, set by the engine ---- */

enum {
    ECS_JOURNEY_F_RESERVED = 131072,    /* a profile is ordered at the SM-DP+: to be taken back */
    ECS_JOURNEY_F_ORDERED = 262144,     /* an order may stand at the BSS: to be cancelled */
    ECS_JOURNEY_F_EXPIRED = 524288,     /* its time is over: ends at the next place where it can */
    ECS_JOURNEY_F_INSTALLED = 1048576,  /* reported by device or SM-DP+ */
    ECS_JOURNEY_F_BSS_FAILED = 2097152, /* the BSS has told that its order failed */
    ECS_JOURNEY_ORDER_SHIFT = 24,       /* bits 24 to 30: number of the call that placed the order; 0: none */
};

/* ---- events from outside ---- */

/* Which rows of states and events there are, for lists and for people. */
const char *ecs_journey_state_help(struct ecs_str state); /* NULL: no such state */
bool ecs_journey_is_final(struct ecs_str state);
/* What a care agent can do with it, in words; constant texts. */
const char *ecs_journey_advice(const struct ecs_journey *journey);
/* docs/journeys.md: states, events and the table of each kind. */
void ecs_odsa_write_tables(struct ecs_buf *buf);

/* Texts p NULL: as they are. */
struct ecs_journey_patch {
    struct ecs_str plan, old_id, old_iccid, iccid, address, line_imsi, msisdn, bss_reference, reason;
    struct ecs_str code; /* activation code in clear: sealed before it is written */
    int set_flags;
};
enum ecs_journey_fired {
    ECS_FIRED,       /* state or flags have changed, or it was repeated */
    ECS_FIRED_NOTED, /* someone works on it: done as soon as that is over */
    ECS_FIRED_NOT,   /* the state has no such event */
};
struct ecs_journey_fire {
    /* in */
    const struct ecs_odsa_env *env;
    int64_t id;
    const char *event; /* of events.def */
    struct ecs_journey_patch patch;
    struct ecs_journey_note note; /* event is filled in */
    bool wait;                    /* for the driver, at most conf->wait_ms */
    /* out */
    enum ecs_journey_fired fired;
    struct ecs_journey journey; /* as it stands afterwards */
    void *own;
};
/* For ecs_flow_call. ECS_E_NOT_FOUND. Drives the journey on in the background. */
extern const struct ecs_step ecs_journey_fire_steps[];

/* An event of the BSS, a notification of an SM-DP+: finds what it is about, changes lines, profiles and
 * journeys. known false: nothing here knows it; that is no failure. */
struct ecs_odsa_inbound {
    const struct ecs_odsa_env *env;
    struct ecs_str sender;
    const struct ecs_bss_event *bss;
    const struct ecs_smdp_progress *smdp; /* one of the two */
    bool known;
    struct ecs_journey_fire fire;
    struct ecs_journey journey;
    struct ecs_profile profile;
    bool fresh;
    void *own;
};
extern const struct ecs_step ecs_odsa_inbound_steps[];

/* ---- the driver ---- */

struct ecs_odsa_runner *ecs_odsa_runner_new(struct ecs_loop *loop, struct ecs_arena_cache *cache);
/* Aborts what is under way: leases run out and other nodes go on. */
void ecs_odsa_runner_free(struct ecs_odsa_runner *runner);
unsigned ecs_odsa_runner_busy(const struct ecs_odsa_runner *runner);
/* Looks for journeys that are due, at most once per second, and works on them; called by a timer of one
 * worker per node with the present environment. */
void ecs_odsa_runner_look(const struct ecs_odsa_env *env);
struct ecs_odsa_stats { /* of the process's life; read by the metrics of the same thread */
    uint64_t started, done, failed, dismissed, expired, calls, retries;
};
const struct ecs_odsa_stats *ecs_odsa_runner_stats(const struct ecs_odsa_runner *runner);

/* ---- secrets ---- */

/* Activation codes in rows are sealed (AES-256-GCM, key ring); label "odsa-code". false: another key or
 * spoiled. */
bool ecs_odsa_seal(const struct ecs_odsa_env *env, struct ecs_arena *arena, struct ecs_str text,
                   struct ecs_str *ret_sealed) ECS_MUST_CHECK;
bool ecs_odsa_open(const struct ecs_odsa_env *env, struct ecs_arena *arena, struct ecs_str sealed,
                   struct ecs_str *ret_text) ECS_MUST_CHECK;
