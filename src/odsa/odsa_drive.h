/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the engine: one drive is the work on one journey, a flow of its own with its own memory; a runner
 * has those of one worker. */
#pragma once

#include "ecs/flow.h"
#include "odsa_priv.h"

/* What a work has come to; texts in the drive's arena or constant. p NULL: not told. */
struct odsa_outcome {
    enum odsa_event event;
    const char *why; /* of everything but success; no identifiers */
    const char *neighbour, *call;
    int64_t us; /* of the call; -1: none was made */
    bool alarm; /* somebody of the operator's has to look */
    uint32_t retry_after_s;
    int set_flags, clear_flags;
    struct ecs_str smdp, iccid, address, code, line_imsi, msisdn, reference; /* code in clear */
    struct ecs_str page_url, page_data; /* with WEBSITE */
};

struct odsa_waiter {
    struct odsa_waiter *next, **link; /* link: what points here; NULL: in no list */
    struct ecs_flow *flow;
    struct odsa_drive *drive;
    struct ecs_timer timer;
    bool device; /* it is the device's request that waits: what it hears needs no notification */
};

struct odsa_drive {
    struct odsa_drive *next, *prev;
    struct ecs_odsa_runner *runner;
    const struct ecs_odsa_env *env;
    struct ecs_flow flow;
    struct odsa_waiter *waiting;
    int64_t id;
    bool again, taken;
    bool lost;                   /* the lease ran out, and somebody was here since */
    bool silent;                 /* a move without notification is under way: a device waits for it */
    int64_t claimed_at;          /* by the database's clock */
    int64_t ahead_s;             /* of ours is that one */
    int64_t leased_us, asked_us; /* by ecs_clock_mono_us: the lease runs since; the move was begun */
    unsigned turns;
    /* the journey, and what comes next */
    struct ecs_journey journey, after;
    bool repeated; /* the call of the present state may have been made before, by this node or another one */
    struct odsa_outcome outcome;
    struct odsa_consequence consequence;
    struct ecs_journey_move move;
    struct ecs_journey_note note;
    struct ecs_journey_result result;
    bool line_known;
    struct ecs_subscriber_facts line;
    /* of the work under way */
    struct ecs_smdp *smdp;
    struct ecs_str call_id;
    int64_t called_us;
    struct ecs_smdp_result smdp_result, smdp_state;
    struct ecs_bss_order order;
    struct ecs_bss_result bss_result;
};

struct ecs_odsa_runner {
    struct ecs_loop *loop;
    struct ecs_arena_cache *cache;
    struct odsa_drive *drives;
    unsigned busy;
    struct ecs_odsa_stats stats;
    bool stopping;
    /* the search for what is due */
    struct odsa_look *look;
    int64_t looked_us, reaped_us;
};

/* ---- works (odsa_work_*.c): self is the drive, outcome is the result ---- */

extern const struct ecs_step odsa_reserve_steps[], odsa_confirm_steps[], odsa_release_steps[],
    odsa_withdraw_steps[], odsa_order_steps[], odsa_await_order_steps[], odsa_revoke_steps[];

/* Name of the logical call with this number: "ecs-<key>-<number>". NULL: no memory. */
const char *odsa_call_name(struct ecs_arena *arena, const struct ecs_journey *journey, int number);
/* Names the source of a journey that comes to RESERVING without one: it stands in the row before anybody is
 * called, since another node might choose another one. */
void odsa_choose_source(const struct ecs_odsa_env *env, struct ecs_journey *journey);
/* odsa_await for others than devices, too. */
enum ecs_next odsa_await_as(struct ecs_flow *f, const struct ecs_odsa_env *env, int64_t id, bool device);
/* Ends the work: the outcome is known. why NULL: success. */
enum ecs_next odsa_work_ends(struct odsa_drive *d, enum odsa_event event, const char *why);
enum ecs_next odsa_drive_no_memory(struct ecs_flow *f);
/* Keeps a change of the row that changes no state (the matching id) before a neighbour is called. The next
 * step looks at d->result. */
enum ecs_next odsa_drive_keep(struct ecs_flow *f);
/* The line of the journey into d->line, once. */
enum ecs_next odsa_drive_line(struct ecs_flow *f);

/* ---- pure parts, for tests ---- */

/* Takes the outcome over into the journey and does the row's part. *ret_row NULL: this state has no such
 * event. False: no memory or the code could not be sealed. */
bool odsa_take_outcome(struct odsa_drive *d, struct ecs_journey *journey, int64_t now, uint32_t random,
                       const struct odsa_row **ret_row);
int64_t odsa_backoff_s(const struct ecs_odsa_conf *conf, int attempts, uint32_t random);
int64_t odsa_poll_s(int attempts);
