/* SPDX-License-Identifier: Apache-2.0 */
/* One event loop per thread: descriptors, timers, signals and a hook per turn. Only src/run/loop.c knows the
 * event library behind it. No call here is safe from another thread; ecs/mailbox.h crosses threads. */
#pragma once

#include "ecs/error.h"

struct ecs_loop;
struct ecs_watch;

enum {
    ECS_IO_READ = 1,
    ECS_IO_WRITE = 2,
    ECS_IO_HANGUP = 4, /* reported always: error or hang-up */
};

struct ecs_loop *ecs_loop_new(void); /* NULL: no memory or descriptors */
void ecs_loop_free(struct ecs_loop *loop);
/* Turns until ecs_loop_stop(); returns ECS_E_INTERNAL when the event library fails. */
enum ecs_rc ecs_loop_run(struct ecs_loop *loop);
/* One turn, waiting at most max_wait_us (-1 = no bound): for tests and tools. */
enum ecs_rc ecs_loop_turn(struct ecs_loop *loop, int64_t max_wait_us);
void ecs_loop_stop(struct ecs_loop *loop);
/* Monotonic time at the begin of this turn's dispatch: free of a system call. */
int64_t ecs_loop_now_us(const struct ecs_loop *loop);

/* Level-triggered. The watch lives until ecs_watch_free(), which may be called inside its own callback and
 * must come before the descriptor is closed. NULL: no memory or descriptor refused. */
struct ecs_watch *ecs_loop_fd_add(struct ecs_loop *loop, int fd, unsigned io,
                                  void (*fn)(void *arg, int fd, unsigned io), void *arg);
void ecs_watch_set(struct ecs_watch *watch, unsigned io);
void ecs_watch_free(struct ecs_watch *watch); /* NULL allowed */

/* Timers on a wheel: embedded in the caller's struct, zeroed before first use, O(1) arm and disarm, never
 * early, at most 10 ms late while the loop is idle. */
struct ecs_timer {
    struct ecs_timer *next, *prev;
    struct ecs_loop *loop; /* non-NULL while armed */
    int64_t due_us;
    void (*fn)(void *arg);
    void *arg;
};
/* Re-arms when armed. ms 0 means the next turn. */
void ecs_timer_arm(struct ecs_timer *timer, struct ecs_loop *loop, uint32_t ms, void (*fn)(void *arg),
                   void *arg);
void ecs_timer_disarm(struct ecs_timer *timer);

/* Called around every turn. prepare returns how many microseconds the loop may sleep at most (-1 no bound, 0
 * not at all); after runs when all ready descriptors and timers were served. Embedded, unlinked by
 * ecs_loop_hook_remove. */
struct ecs_loop_hook {
    struct ecs_loop_hook *next;
    int64_t (*prepare)(void *arg);
    void (*after)(void *arg);
    void *arg;
};
void ecs_loop_hook_add(struct ecs_loop *loop, struct ecs_loop_hook *hook);
void ecs_loop_hook_remove(struct ecs_loop *loop, struct ecs_loop_hook *hook);

/* The signal must be blocked in all threads beforehand (ecs_loop_block_signals). */
enum ecs_rc ecs_loop_signal_add(struct ecs_loop *loop, int signo, void (*fn)(void *arg, int signo),
                                void *arg);
void ecs_loop_block_signals(const int *signals, size_t n);

/* systemd's service manager, silent without one. state: "READY=1", "RELOADING=1\nMONOTONIC_USEC=...",
 * "STOPPING=1" */
void ecs_loop_notify(const char *state);
/* Interval that WatchdogSec asks for, 0 without; the caller pings with ecs_loop_notify("WATCHDOG=1"). */
uint64_t ecs_loop_watchdog_us(void);
