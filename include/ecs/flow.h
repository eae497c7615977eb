/* SPDX-License-Identifier: Apache-2.0 */
/* Asynchronous work as an array of named steps. A step decides or starts one outside call; the next step runs
 * when the answer is in. See docs/architecture.md, "The flow". */
#pragma once

#include "ecs/arena.h"
#include "ecs/error.h"
#include "ecs/log.h"
#include "ecs/loop.h"

struct ecs_flow;

enum ecs_next {
    ECS_NEXT, /* go on with the next step */
    ECS_WAIT, /* an outside call is under way; its completion calls ecs_flow_resume() */
    ECS_GOTO, /* made only by ecs_flow_goto, ecs_flow_fail, ecs_flow_call */
    ECS_DONE, /* this table is finished: back to the caller, or the flow ends */
};

typedef enum ecs_next (*ecs_step_fn)(struct ecs_flow *f);

/* A table ends with a row whose name is NULL. limit_ms bounds a wait begun in the step (0 = 10,000 ms). */
struct ecs_step {
    const char *name;
    ecs_step_fn fn;
    uint32_t limit_ms;
};

enum { ECS_FLOW_DEPTH = 8 }; /* tables within tables */

struct ecs_flow {
    void *self; /* state of the table that runs now */
    struct ecs_arena *arena;
    struct ecs_loop *loop;
    struct ecs_log_ctx *log; /* may be NULL */
    enum ecs_rc rc;          /* first failure */
    const char *reason;      /* for log and operator; below 500 it may go to the device: names, never values */
    /* below: the engine's */
    struct {
        const struct ecs_step *steps;
        const struct ecs_step *at;
        void *self;
    } frame[ECS_FLOW_DEPTH];
    unsigned depth;
    bool inside, resumed, waiting, failed, ended;
    struct ecs_timer timer;
    void (*cancel)(void *arg);
    void *cancel_arg;
    void (*on_end)(struct ecs_flow *f);
};

/* Runs the first steps at once. f lives in the arena (or longer); on_end is called exactly once, as the last
 * act, and may free the arena. */
void ecs_flow_start(struct ecs_flow *f, struct ecs_loop *loop, struct ecs_arena *arena,
                    struct ecs_log_ctx *log, const struct ecs_step *steps, void *self,
                    void (*on_end)(struct ecs_flow *f));
/* To be returned by a step or by a function that a step returns: the call is under way, and cancel(arg) makes
 * the other side forget this flow (called on time-out or abort; it must not resume). */
enum ecs_next ecs_flow_wait(struct ecs_flow *f, void (*cancel)(void *arg), void *arg);
/* Called by the completion of the outside call, also from inside the starting step (no recursion). */
void ecs_flow_resume(struct ecs_flow *f);
/* Result of a call that completed with a failure: lands on the last step of the outermost table with f->rc
 * set, once; a failure inside that last step ends the flow. */
void ecs_flow_resume_failed(struct ecs_flow *f, enum ecs_rc rc, const char *reason);
enum ecs_next ecs_flow_fail(struct ecs_flow *f, enum ecs_rc rc, const char *format, ...) ECS_PRINTF(3, 4);
/* To a step of the table that runs now; the function must be in it. */
enum ecs_next ecs_flow_goto(struct ecs_flow *f, ecs_step_fn step);
/* Runs another table with its own self, then goes on behind the present step. */
enum ecs_next ecs_flow_call(struct ecs_flow *f, const struct ecs_step *steps, void *self);
/* The client has gone or the worker stops: cancels the pending call and ends at once without further steps.
 */
void ecs_flow_abort(struct ecs_flow *f);
/* Name of the step that runs or waits, for logs. */
const char *ecs_flow_step(const struct ecs_flow *f);
