/* SPDX-License-Identifier: Apache-2.0 */
/* The flow engine: runs arrays of named steps, one frame per table, with a time limit on every wait.
 * Completion inside the starting step and later completion take the same path, so a chain of cache hits does
 * not recurse. */
#include "ecs/flow.h"

#include <stdarg.h>
#include <stdio.h>

enum { DEFAULT_LIMIT_MS = 10000 };

static void run(struct ecs_flow *f);

static void stop_waiting(struct ecs_flow *f)
{
    f->waiting = false;
    f->cancel = NULL;
    f->cancel_arg = NULL;
    ecs_timer_disarm(&f->timer);
}

static void end_flow(struct ecs_flow *f)
{
    if (f->ended)
        return;
    f->ended = true;
    stop_waiting(f);
    f->depth = 1;
    f->self = f->frame[0].self; /* an aborted flow may be deep inside other tables */
    f->on_end(f);
}

/* Moves to the last step of the outermost table; false when that step itself has failed. */
static bool unwind(struct ecs_flow *f)
{
    const struct ecs_step *last;

    if (f->failed)
        return false;
    f->failed = true;
    f->depth = 1;
    f->self = f->frame[0].self;
    last = f->frame[0].steps;
    while (last[1].name)
        last++;
    f->frame[0].at = last;
    return true;
}

static void note_failure(struct ecs_flow *f, enum ecs_rc rc, const char *reason)
{
    if (f->rc != ECS_OK)
        return;
    f->rc = rc;
    f->reason = reason ? reason : "";
}

enum ecs_next ecs_flow_fail(struct ecs_flow *f, enum ecs_rc rc, const char *format, ...)
{
    char *text;
    char line[256];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    text = n < 0 ? NULL : ecs_strdup(f->arena, ecs_str_of(line));
    note_failure(f, rc, text ? text : ecs_strerror(rc));
    return unwind(f) ? ECS_GOTO : ECS_DONE;
}

enum ecs_next ecs_flow_goto(struct ecs_flow *f, ecs_step_fn step)
{
    const struct ecs_step *s = f->frame[f->depth - 1].steps;

    while (s->name && s->fn != step)
        s++;
    if (!s->name)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "flow: the target step is not in this table");
    f->frame[f->depth - 1].at = s;
    return ECS_GOTO;
}

enum ecs_next ecs_flow_call(struct ecs_flow *f, const struct ecs_step *steps, void *self)
{
    if (f->depth == ECS_FLOW_DEPTH)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "flow: too many tables within tables");
    f->frame[f->depth - 1].at++;
    f->frame[f->depth].steps = steps;
    f->frame[f->depth].at = steps;
    f->frame[f->depth].self = self;
    f->depth++;
    f->self = self;
    return ECS_GOTO;
}

static void on_limit(void *arg)
{
    struct ecs_flow *f = arg;
    void (*cancel)(void *) = f->cancel;
    void *cancel_arg = f->cancel_arg;
    const char *step = ecs_flow_step(f);

    stop_waiting(f);
    if (cancel)
        cancel(cancel_arg);
    note_failure(f, ECS_E_TIMEOUT, step);
    if (unwind(f))
        run(f);
    else
        end_flow(f);
}

enum ecs_next ecs_flow_wait(struct ecs_flow *f, void (*cancel)(void *arg), void *arg)
{
    f->cancel = cancel;
    f->cancel_arg = arg;
    return ECS_WAIT;
}

/* Begins to wait; false when the completion came already. */
static bool begin_wait(struct ecs_flow *f, const struct ecs_step *step)
{
    if (f->resumed) {
        f->resumed = false;
        f->cancel = NULL;
        return false;
    }
    f->waiting = true;
    ecs_timer_arm(&f->timer, f->loop, step->limit_ms ? step->limit_ms : DEFAULT_LIMIT_MS, on_limit, f);
    return true;
}

/* The table of the innermost frame is finished; false when the flow is. */
static bool leave_table(struct ecs_flow *f)
{
    if (f->depth == 1)
        return false;
    f->depth--;
    f->self = f->frame[f->depth - 1].self;
    return true;
}

/* One relaxed load when debug lines are off. */
static void tell_step(const struct ecs_flow *f, const struct ecs_step *step, enum ecs_next next)
{
    static const char *const words[] = {"next", "waits", "goes elsewhere", "done"};

    if (f->log && ecs_log_enabled(ECS_EV_FLOW))
        ecs_log(f->log, ECS_EV_FLOW, "%s: %s", step->name, words[next]);
}

static void run(struct ecs_flow *f)
{
    f->inside = true;
    for (;;) {
        const struct ecs_step *step = f->frame[f->depth - 1].at;
        unsigned depth = f->depth;
        bool was_failed = f->failed;
        enum ecs_next next;

        if (!step->name) {
            if (!leave_table(f))
                break;
            continue;
        }
        if (f->log)
            f->log->step = step->name;
        next = step->fn(f);
        tell_step(f, step, next);
        if (next == ECS_WAIT && begin_wait(f, step)) {
            f->inside = false;
            return;
        }
        if (next == ECS_GOTO || (f->failed && !was_failed))
            continue;
        if (next == ECS_DONE) {
            if (!leave_table(f))
                break;
            continue;
        }
        f->frame[depth - 1].at = step + 1;
    }
    f->inside = false;
    end_flow(f);
}

void ecs_flow_start(struct ecs_flow *f, struct ecs_loop *loop, struct ecs_arena *arena,
                    struct ecs_log_ctx *log, const struct ecs_step *steps, void *self,
                    void (*on_end)(struct ecs_flow *f))
{
    *f = (struct ecs_flow){
        .self = self, .arena = arena, .loop = loop, .log = log, .reason = "", .depth = 1, .on_end = on_end};
    f->frame[0].steps = steps;
    f->frame[0].at = steps;
    f->frame[0].self = self;
    run(f);
}

void ecs_flow_resume(struct ecs_flow *f)
{
    if (f->inside) {
        f->resumed = true;
        return;
    }
    if (!f->waiting)
        return;
    stop_waiting(f);
    f->frame[f->depth - 1].at++;
    run(f);
}

void ecs_flow_resume_failed(struct ecs_flow *f, enum ecs_rc rc, const char *reason)
{
    if (!f->inside && !f->waiting)
        return;
    if (f->inside) {
        note_failure(f, rc, reason);
        f->resumed = true;
        if (!unwind(f))
            f->frame[0].at++;
        return;
    }
    stop_waiting(f);
    note_failure(f, rc, reason);
    if (unwind(f))
        run(f);
    else
        end_flow(f);
}

void ecs_flow_abort(struct ecs_flow *f)
{
    void (*cancel)(void *) = f->cancel;
    void *cancel_arg = f->cancel_arg;

    if (f->ended || f->inside)
        return;
    stop_waiting(f);
    if (cancel)
        cancel(cancel_arg);
    note_failure(f, ECS_E_CANCELLED, "the client has gone");
    end_flow(f);
}

const char *ecs_flow_step(const struct ecs_flow *f)
{
    const struct ecs_step *step = f->frame[f->depth - 1].at;

    return step && step->name ? step->name : "";
}
