/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the module: states, events, rows of the tables; a request read; an answer. */
#pragma once

#include "ecs/bss.h"
#include "ecs/odsa.h"
#include "ecs/operation.h"
#include "ecs/rules.h"
#include "ecs/smdp.h"

/* ---- states and events ---- */

enum odsa_state {
    ODSA_NONE, /* no journey yet: the state that "start" leaves */
#define STATE(id, name, kind, sticky, result, status, help) ODSA_##id,
#include "states.def"
#undef STATE
    ODSA_STATE_COUNT
};
enum odsa_event {
#define EVENT(id, name, from, help) ODSA_EV_##id,
#include "events.def"
#undef EVENT
    ODSA_EVENT_COUNT
};
enum odsa_state_kind { ODSA_WORK, ODSA_WAIT, ODSA_FINAL };
struct odsa_state_info {
    const char *name, *help;
    enum odsa_state_kind kind;
    bool sticky;
    int result, status;
};
extern const struct odsa_state_info odsa_states[ODSA_STATE_COUNT];
extern const char *const odsa_event_names[ODSA_EVENT_COUNT];
enum odsa_state odsa_state_find(struct ecs_str name); /* ODSA_NONE: unknown */

/* The event comes from the work of a state and from nowhere else. */
bool odsa_event_is_outcome(enum odsa_event event);
/* The event is a request of the device. */
bool odsa_event_is_of_device(enum odsa_event event);

enum odsa_guard {
#define GUARD(id, words, expression) ODSA_G_##id,
#include "guards.def"
#undef GUARD
    ODSA_GUARD_COUNT
};
enum odsa_effect {
#define EFFECT(id, words, statements) ODSA_E_##id,
#include "effects.def"
#undef EFFECT
    ODSA_EFFECT_COUNT
};
/* One row of a state table (fsm_*.c). The first row that matches state, event and guard wins. */
struct odsa_row {
    uint8_t state, event, guard, effect, next; /* enum odsa_state, _event, _guard, _effect, _state */
    const char *clause;                        /* of ts43-odsa.md, "smdp ..." or "bss ..." */
};
enum { ODSA_BLOCKS = 8, ODSA_CALLS_MAX = 100, ODSA_TRIES_MAX = 20 };
struct odsa_table {
    const char *name;
    const struct odsa_row *blocks[ODSA_BLOCKS]; /* searched in order; NULL at the end; a block's clause too */
};
extern const struct odsa_table odsa_tables[ECS_JOURNEY_KIND_COUNT];
extern const char *const odsa_guard_words[ODSA_GUARD_COUNT];
extern const char *const odsa_effect_words[ODSA_EFFECT_COUNT];
bool odsa_guard_holds(enum odsa_guard guard, const struct ecs_journey *journey);
/* NULL: the state has no such event. */
const struct odsa_row *odsa_match(const struct ecs_journey *journey, enum odsa_state state,
                                  enum odsa_event event);
/* Does what the row says: effect, state, counters, flags of the new state, times by conf (deadline, due). */
void odsa_apply(struct ecs_journey *journey, const struct odsa_row *row, int64_t now,
                const struct ecs_odsa_conf *conf);
enum odsa_state odsa_state_of(const struct ecs_journey *journey); /* ODSA_NONE: new, or unknown */
int odsa_order_number(const struct ecs_journey *journey);
bool odsa_reuses(const struct ecs_journey *journey); /* the old ICCID is ordered again */

/* What a change of state means for rows of profiles, devices and the line. */
struct odsa_consequence {
    struct ecs_profile_change profiles[3];
    size_t n_profiles;
    const char *notify; /* reason; NULL: nobody */
    bool line_iccid;
};
void odsa_consequence(const struct ecs_journey *before, const struct ecs_journey *after, int64_t now,
                      struct odsa_consequence *ret_consequence);

/* ---- a request, read and checked (odsa_request.c) ---- */

struct odsa_request {
    enum ecs_operation operation;
    enum ecs_app app;
    int type; /* operation_type; -1: none */
    struct ecs_str terminal_id;
    struct ecs_str target_id, target_tac, eid,
        iccid; /* acted upon: companion_*, target_* or terminal_*, enterprise_* */
    struct ecs_str old_id, old_iccid;
    struct ecs_str service;                         /* in TS.43's own letter case; {NULL, 0}: none */
    struct ecs_str name, vendor, model, sw_version; /* of the companion */
    struct ecs_str plan, enterprise;
    int button;                        /* MSG_btn; -1: none */
    struct ecs_str response;           /* MSG_response */
    int limits[6];                     /* MSG_character_display_limits; -1: no limit */
    bool redownloadable, other_target; /* other_target: target_* names another device than terminal_id */
    bool names_target;                 /* the request says which device; else target_id is that of terminal_id */
    unsigned targets;                  /* operation_targets: bits 1 << enum ecs_operation of the known ones */
    bool unknown_targets;              /* it names others, too */
    struct odsa_identities {           /* what the texts above point to */
        struct ecs_terminal_id target, old;
        struct ecs_iccid iccid, old_iccid;
        struct ecs_eid eid;
    } own;
};
/* ECS_OK with *ret_result ECS_RESULT_SUCCESS or the OperationResult that answers; else an HTTP error.
 * ret_why: a constant sentence for log and reason, also beside success (something is missing that is not
 * insisted on); NULL: none. *ret_request must not be copied. */
enum ecs_rc odsa_request_read(const struct ecs_odsa *odsa, struct odsa_request *ret_request, int *ret_result,
                              const char **ret_why) ECS_MUST_CHECK;

/* ---- an answer (odsa_document.c) ---- */

struct odsa_download {
    struct ecs_str iccid, address, code; /* code in clear; address or code */
};
struct odsa_message {
    struct ecs_str title, text, accept, reject, hint, validation, validation_error; /* p NULL: none */
    bool has_accept, has_reject, freetext;
};
struct odsa_configuration {
    struct ecs_str iccid, service;
    bool secondary;
    int status, polling;                   /* polling in the unit of the answer; 0: none */
    const struct odsa_download *download;  /* NULL: none */
    const struct ecs_profile *device_info; /* CompanionDeviceInfo from it; NULL: not sent */
    const struct odsa_message *message;
};
struct odsa_plan {
    struct ecs_str id, name, description;
};
struct odsa_answer {
    enum ecs_operation operation;
    enum ecs_app app;
    int result; /* OperationResult */
    struct ecs_str error_url, error_data, error_text;
    int eligibility, polling; /* CheckEligibility; polling 0: none */
    int polling_unit;         /* 0: minutes and not sent, 1: seconds */
    struct ecs_str services;
    struct ecs_str page_url, page_data, page_type; /* NotEnabled*, SubscriptionService* */
    int subscription;                              /* SubscriptionResult */
    const struct odsa_download *download;
    const struct odsa_message *message;
    int service_status; /* ManageService */
    const struct odsa_configuration *configurations;
    size_t n_configurations;
    const struct odsa_plan *plans;
    size_t n_plans;
    struct ecs_str token, token_expiry, token_targets;
};
void odsa_document(const struct odsa_answer *answer, const struct ecs_odsa_conf *conf, struct ecs_doc *doc,
                   struct ecs_doc_node *node);

struct odsa_work { /* of one request's flow; its functions are in op_priv.h */
    struct odsa_request request;
    struct ecs_odsa_view view;
    struct odsa_answer answer;
    struct ecs_decisions decisions;
    struct ecs_bss_line bss; /* of the question about the line */
    bool asked;
    bool pending;    /* the answer is one that changes soon */
    const char *why; /* of a refusal, for the log; NULL: none */
    void *own;       /* of the operation */
};

/* ---- the driver (odsa_drive.c) ---- */

bool odsa_matching_id_new(const struct ecs_odsa_env *env, struct ecs_arena *arena,
                          struct ecs_str *ret_text) ECS_MUST_CHECK;
/* Starts working on a journey on this worker, unless it is at it already. May be called from any flow. */
void odsa_kick(const struct ecs_odsa_env *env, int64_t id);
/* Waits until the journey stands still (or wait_ms are over), then the next step runs; never fails. */
enum ecs_next odsa_await(struct ecs_flow *f, const struct ecs_odsa_env *env, int64_t id);
/* Opens a new journey: the row of "start" decides its first state. ret_result EXISTS: another one is open.
 * The caller kicks it. */
enum ecs_next odsa_open(struct ecs_flow *f, const struct ecs_odsa_env *env, struct ecs_journey *journey,
                        struct ecs_journey_result *ret_result);
