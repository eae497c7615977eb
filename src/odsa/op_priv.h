/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the operations share: decisions whatever the application is, how an answer is made, what
 * of the view belongs to the device that is acted upon. */
#pragma once

#include "ecs/flow.h"
#include "odsa_priv.h"

/* ---- an operation ---- */

/* One row of the table in odsa.c: a new operation is a row and a file. */
struct op {
    enum ecs_operation operation;
    const struct ecs_step *steps; /* self is the struct ecs_odsa; leave with ECS_DONE */
};
extern const struct ecs_step op_check_eligibility_steps[], op_manage_subscription_steps[],
    op_manage_service_steps[], op_acquire_configuration_steps[], op_acquire_plan_steps[],
    op_acquire_temporary_token_steps[];

/* Values of the protocol (Tables 40, 42). */
enum {
    ODSA_SR_WEBSHEET = 1,
    ODSA_SR_DOWNLOAD,
    ODSA_SR_DONE,
    ODSA_SR_DELAYED,
    ODSA_SR_DISMISS,
    ODSA_SR_DELETE_FIRST,
    ODSA_SR_REDOWNLOADABLE,
    ODSA_SR_ASK,
    ODSA_SS_ON = 1,
    ODSA_SS_ACTIVATING,
    ODSA_SS_OFF,
    ODSA_SS_DEAD,
    ODSA_INVALID_ANSWER = 104,
};
/* The answer of CheckEligibility, but for the count of polls; ECS_NEXT or a failure. */
enum ecs_next op_judge_eligibility(struct ecs_flow *f);
extern const char *const odsa_service_names[]; /* "SharedNumber" ..., NULL at the end */

/* The operation ends with this OperationResult and the safest value of its field (O-064). why: for the log.
 */
enum ecs_next odsa_refuse(struct ecs_flow *f, int result, const char *why);
/* The same with the text of a decision for the user. */
enum ecs_next odsa_refuse_text(struct ecs_flow *f, int result, struct ecs_str message, const char *why);
/* Text of a message key in the language of the request, fit for documents. {NULL, 0} for "" . */
struct ecs_str odsa_text(struct ecs_flow *f, const struct ecs_odsa *odsa, struct ecs_str key);
enum ecs_next odsa_out_of_memory(struct ecs_flow *f);

/* ---- decisions (odsa_facts.c) ---- */

enum odsa_choice {
    ODSA_D_ELIGIBILITY,
    ODSA_D_MESSAGE,
    ODSA_D_SHARED_NUMBER, /* these three in the order of odsa_service_names */
    ODSA_D_DIFF_NUMBER,
    ODSA_D_FAMILY_NUMBER,
    ODSA_D_ELIGIBILITY_POLLING,
    ODSA_D_NOT_ENABLED_URL,
    ODSA_D_NOT_ENABLED_DATA,
    ODSA_D_NOT_ENABLED_TYPE,
    ODSA_D_SUBSCRIBE,
    ODSA_D_TRANSFER,
    ODSA_D_OLD_ENDS,
    ODSA_D_DEMAND_REDOWNLOADABLE,
    ODSA_D_RECOVER,
    ODSA_D_VERIFY,
    ODSA_D_MANAGE,
    ODSA_D_CANCEL,
    ODSA_D_SWITCH,
    ODSA_D_MANAGE_SERVICE,
    ODSA_D_PROVIDER,
    ODSA_D_PROFILE_TYPE,
    ODSA_D_DELIVERY,
    ODSA_D_PORTAL_URL,
    ODSA_D_PORTAL_DATA,
    ODSA_D_PORTAL_TYPE,
    ODSA_D_PORTAL_ENCODED,
    ODSA_D_QUESTION,
    ODSA_D_QUESTION_TITLE,
    ODSA_D_QUESTION_ACCEPT,
    ODSA_D_QUESTION_REJECT,
    ODSA_D_QUESTION_TEXT,
    ODSA_D_QUESTION_HINT,
    ODSA_D_QUESTION_PATTERN,
    ODSA_D_QUESTION_ERROR,
    ODSA_D_TOKEN_ELIGIBILITY,
    ODSA_D_TOKEN_SUBSCRIPTION,
    ODSA_D_TOKEN_SERVICE,
    ODSA_D_TOKEN_CONFIGURATION,
    ODSA_D_TOKEN_PLAN,
    ODSA_D_FAILED_MESSAGE,
    ODSA_D_VALIDITY,
    ODSA_D_VALIDITY_PENDING,
    ODSA_CHOICE_COUNT
};
/* Adds the facts of request, view and BSS to odsa->facts. */
void odsa_facts_add(struct ecs_odsa *odsa);
/* Evaluates the policy of the application with the facts as they are. */
void odsa_decide(struct ecs_odsa *odsa);
/* 0 and "" where the application has no such decision. */
const struct ecs_decision_value *odsa_choice(const struct ecs_odsa *odsa, enum odsa_choice choice);
/* Names the rule of this decision as the one that decided the answer. */
void odsa_tell_rule(struct ecs_odsa *odsa, enum odsa_choice choice);
struct ecs_bss_subject odsa_subject(const struct ecs_odsa *odsa);

/* ---- the view (odsa_view.c) ---- */

bool odsa_str_same(struct ecs_str a, struct ecs_str b);     /* both there and equal */
bool odsa_profile_lives(const struct ecs_profile *profile); /* status 1 to 3 */
bool odsa_profile_is_of_target(const struct odsa_work *w, const struct ecs_profile *profile);
/* The living one on the device that is acted upon: with the ICCID of the request when it names one (then
 * whatever the device), else the newest. NULL: none. */
const struct ecs_profile *odsa_target_profile(const struct odsa_work *w);
const struct ecs_profile *odsa_profile_by_iccid(const struct odsa_work *w, struct ecs_str iccid); /* living */
const struct ecs_profile *odsa_profile_by_id(const struct odsa_work *w, int64_t id);
bool odsa_journey_is_open(const struct ecs_journey *journey);
/* Open, for the device that is acted upon, of one of these kinds (bits 1 << enum ecs_journey_kind). */
const struct ecs_journey *odsa_open_journey(const struct odsa_work *w, unsigned kinds);
const struct ecs_journey *odsa_journey_by_id(const struct odsa_work *w, int64_t id);
/* Companions or other profiles and beginnings of them, without the device that is acted upon. */
int64_t odsa_count_others(const struct odsa_work *w);
/* Profiles that a transfer could leave: at most max; ret: how many there are. The line's own card counts as
 * one with id 0. */
size_t odsa_old_choices(const struct ecs_odsa *odsa, struct ecs_str *ret_iccids, size_t max);
bool odsa_old_asks(const struct odsa_request *q);
/* Loads the view again (not counting polls); the next step finds it. */
enum ecs_next odsa_load_view(struct ecs_flow *f, struct ecs_odsa *odsa, bool poll);

/* ---- a request that begins or continues a journey (op_task.c) ---- */

struct odsa_task {                     /* work->own of ManageSubscription and ManageService */
    const char *event;                 /* to be fired at journey id first; NULL: none */
    int64_t id;                        /* of the journey; 0: none yet */
    bool opens;                        /* a new one is opened with what stands in journey */
    struct ecs_journey journey;        /* to be opened; later: as it stands */
    struct ecs_journey_fire fire;      /* patch is filled in by the operation */
    const struct ecs_profile *profile; /* acted upon; NULL: none */
    struct ecs_journey_result opened;
    struct ecs_bss_subject subject;
    struct ecs_bss_plans plans;
    bool refused; /* the answer is made */
};
struct odsa_task *odsa_task_of(const struct ecs_odsa *odsa);
/* For ecs_flow_call with the struct ecs_odsa: fires, opens, waits for the driver; then task->journey tells
 * what has become of it, unless task->refused. */
extern const struct ecs_step odsa_task_steps[];
/* The journey that is open already, or has just ended, is the one that the request is about. */
void odsa_task_continue(struct odsa_task *task, const struct ecs_journey *journey, enum odsa_event event);
void odsa_task_stand(struct odsa_task *task, const struct ecs_journey *journey); /* without an event */
/* A new journey with all that the request tells. */
struct ecs_journey *odsa_task_open(struct ecs_odsa *odsa, enum ecs_journey_kind kind);

/* Choosing, by operation_type: fill the task and go on, or make the answer (ECS_DONE). */
enum ecs_next op_begin(struct ecs_flow *f);  /* 0, 3, 7 */
enum ecs_next op_change(struct ecs_flow *f); /* 1, 2, 4, 5, 6 */
enum ecs_next op_switch(struct ecs_flow *f, bool on);
/* The journey that a request of type 0, 3 or 7 goes on with; NULL: none. */
const struct ecs_journey *op_same_journey(const struct odsa_work *w);
/* Type 1 is over already: the device repeats it. */
bool op_has_ended(const struct odsa_work *w);
/* Of type 4: a journey whose profile portal or BSS give out without having told it here yet; NULL: none. */
const struct ecs_journey *op_silent_journey(const struct odsa_work *w);
/* ManageSubscription is answered with this SubscriptionResult. */
enum ecs_next op_say(struct ecs_flow *f, int result);

/* ---- configurations (odsa_list.c) ---- */

struct odsa_listed {
    const struct ecs_profile *profile; /* one of the two at least */
    const struct ecs_journey *journey;
    bool polled_out; /* MaxRefreshRequest is reached */
};
struct odsa_list {
    struct odsa_configuration *entries;
    struct odsa_listed *of; /* what each entry is about */
    size_t n;
    int polling_unit;
    bool pending;
};
struct odsa_list *odsa_list(struct ecs_flow *f, const struct ecs_odsa *odsa); /* NULL: no memory */

/* ---- parts of answers (odsa_answer.c) ---- */

/* Download data of a profile or journey, to be given out now; NULL: there are none, or they cannot be opened
 * (told in the log). */
const struct odsa_download *odsa_download_of(struct ecs_flow *f, const struct ecs_odsa *odsa,
                                             const struct ecs_profile *profile,
                                             const struct ecs_journey *journey);
/* The question of the policy, cut to the limits of the request. NULL: there is none, or no memory. */
const struct odsa_message *odsa_question(struct ecs_flow *f, const struct ecs_odsa *odsa);
/* Whether the request's MSG_response and MSG_btn answer it. */
bool odsa_answer_fits(const struct ecs_odsa *odsa);
/* Sets result 1 and the page; false: no portal is there. journey NULL: the page for those who may not. */
bool odsa_to_page(struct ecs_flow *f, struct ecs_odsa *odsa, const struct ecs_journey *journey);
/* PollingInterval in the answer's unit; 0: none. */
int odsa_polling(const struct ecs_odsa_conf *conf, int64_t seconds, int *ret_unit);
bool odsa_has_no_web_view(const struct ecs_odsa *odsa);
struct ecs_str odsa_shorten(struct ecs_arena *arena, struct ecs_str text, int limit);
