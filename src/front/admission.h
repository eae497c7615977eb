/* SPDX-License-Identifier: Apache-2.0 */
/* Admission of one worker: how much may be in work at a time so that what is admitted is answered in time,
 * and who gets what is left when there is not enough. Pure: the time comes in. See docs/architecture.md,
 * "Storms". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* In order of priority: what has cost most already comes first. */
enum admission_class {
    ADMIT_CONTINUATION, /* the answer to a challenge, the return from a login */
    ADMIT_CHOSEN,       /* the first of a connection: there was room when that was let in */
    ADMIT_TOKEN,        /* one look-up */
    ADMIT_NEW,          /* an exchange that calls for further requests */
    ADMIT_CLASS_COUNT
};
enum admission_verdict {
    ADMITTED,
    REFUSED_IN_WORK,     /* the hard limit of requests in work */
    REFUSED_PRESSURE,    /* answers take longer than the target: this class has to wait */
    REFUSED_OUTSTANDING, /* as many exchanges are begun as can be finished */
};

struct admission_conf {
    unsigned max;         /* requests in work at most (limits.in_work) */
    int64_t target_us;    /* of the time from request to answer while under pressure */
    unsigned outstanding; /* EAP exchanges begun here and not answered yet, at most */
    int64_t lag_us;       /* an event that waits longer for its loop tells that the worker is behind */
};

enum { ADMISSION_OWED = 65536 };
enum { ADMISSION_RING = 16 }; /* seconds over which an unanswered challenge counts */

struct admission {
    struct admission_conf conf;
    double limit; /* requests in work that keep the target; moves between a floor and conf.max */
    unsigned in_work, peak;
    unsigned let_in[2]; /* connections of this second and of the one before */
    int64_t let_in_s;
    bool pressed;                        /* somebody was refused for pressure in this interval */
    int64_t last_pressed_us;             /* and when */
    uint32_t owed[ADMISSION_OWED];       /* sources that a challenge went to a moment ago; 0: none */
    int64_t interval_end_us, fastest_us; /* of the present interval */
    uint64_t answered;                   /* in it */
    uint32_t begun[ADMISSION_RING];
    int64_t ring_s; /* second of the newest cell */
    unsigned outstanding;
};

void admission_init(struct admission *a, const struct admission_conf *conf, int64_t now_us);
/* New limits from now on; what is in work stays counted. */
void admission_set(struct admission *a, const struct admission_conf *conf);
/* ADMITTED counts the request in; admission_leave() must follow. Never REFUSED_OUTSTANDING. */
enum admission_verdict admission_enter(struct admission *a, enum admission_class class, int64_t now_us);
/* May a request that is in work begin an EAP exchange? REFUSED_OUTSTANDING, or REFUSED_PRESSURE when there is
 * no room for its class (ADMIT_NEW: it came in as something else, a token that turned out stale). */
enum admission_verdict admission_may_begin(struct admission *a, enum admission_class class, int64_t now_us);
/* us: from request to answer; below 0: it does not tell anything about load (refused, gone, waited for a
 * neighbour). */
void admission_leave(struct admission *a, int64_t us, int64_t now_us);
/* A request in work waits for a neighbour: it takes no room until it comes back, whatever room there is then. */
void admission_park(struct admission *a, bool parked);
/* A challenge went out; its answer came (here: other nodes' are forgotten with time). */
void admission_begun(struct admission *a, uint64_t source, int64_t now_us);
void admission_continued(struct admission *a);
/* May a new connection begin? lag_us: how long what comes in waits until this worker looks at it; pending:
 * connections whose first request is not in yet, of which the young ones count (who says nothing must not
 * keep others out). Within a second of pressure only while there would be room for their requests, too: a
 * handshake whose request is refused is lost work; but where a challenge went a moment ago its answer may
 * come on a new connection. Pressure lasts for as long as there is anybody to send away. */
bool admission_connection(struct admission *a, int64_t lag_us, uint64_t pending, uint64_t source,
                          int64_t now_us);
