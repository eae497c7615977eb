/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for quality of service towards the network (tables of sql/schema/0013_qos.sql). Whoever wants one
 * calls the SQL function qos_request_add in its own statement; nodes take what is due under a lease. Each
 * call may wait; texts that go in are borrowed until the next step, texts that come out belong to the arena.
 * Errors as in ecs/store_admin.h. */
#pragma once

#include "ecs/store.h"

/* States of a request (table qos_request). */
enum ecs_qos_state {
    ECS_QOS_WANTED,    /* to be asked for, or asked for again after a failure that passes */
    ECS_QOS_REQUESTED, /* taken by the network, not yet in force */
    ECS_QOS_ACTIVE,
    ECS_QOS_RELEASING, /* to be taken back */
    ECS_QOS_ENDED,     /* time over, released, or ended by the network */
    ECS_QOS_FAILED,    /* given up: compensated when it was paid for */
    ECS_QOS_STATE_COUNT
};
extern const char *const ecs_qos_states[ECS_QOS_STATE_COUNT + 1];

enum { ECS_QOS_DUE_MAX = 32 };
struct ecs_qos_due {
    int64_t id, serial;
    enum ecs_qos_state state; /* WANTED: apply; REQUESTED, ACTIVE: query; RELEASING: release */
    struct ecs_str network, profile, imsi, msisdn, ue_ipv4, ue_ipv6; /* p NULL: none */
    struct ecs_str handle, host, secret, former, origin;
    bool repeated, paid;
    int64_t tries;     /* in this state, this one included */
    int64_t waited_s;  /* since the first of them */
    int64_t seconds;   /* wanted; 0: until released */
    int64_t ends_at;   /* Unix seconds, 0: not yet known */
    int64_t former_id; /* 0: none */
};
struct ecs_qos_dues {
    struct ecs_qos_due *rows;
    size_t n;
};
/* age_s: of an address that a device has told; told: networks that use them; known: those that this node
 * knows. */
struct ecs_qos_taking {
    unsigned most, lease_s, age_s;
    const struct ecs_str *told, *known;
    size_t told_n, known_n;
};
enum ecs_next ecs_store_qos_take(struct ecs_flow *f, struct ecs_store *store,
                                 const struct ecs_qos_taking *taking, struct ecs_qos_dues *ret_dues);
/* Before a call that brings its own handle. ret_ours false: the lease was lost. */
enum ecs_next ecs_store_qos_mark(struct ecs_flow *f, struct ecs_store *store, const struct ecs_qos_due *due,
                                 struct ecs_str handle, bool *ret_ours);

struct ecs_qos_settle {
    int64_t id, serial;
    struct ecs_str did;          /* apply, query, release */
    struct ecs_str result;       /* active, requested, again, nothing, gone, refused, abandoned, vacated, released */
    struct ecs_str handle, host; /* p NULL: as before */
    int64_t ends_at;             /* 0: not told */
    int64_t delay_s, check_s, renewals;
    bool waits;
    struct ecs_str reason;
};
/* ret_state: state from now on; ECS_QOS_STATE_COUNT: the lease was lost. */
enum ecs_next ecs_store_qos_settle(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_qos_settle *settle, enum ecs_qos_state *ret_state);

/* ---- events ---- */

struct ecs_qos_door_key {
    bool found;
    int64_t id;
    struct ecs_str secret, network;
};
/* found false: there is none. */
enum ecs_next ecs_store_qos_secret(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                   struct ecs_qos_door_key *ret_key);
enum ecs_next ecs_store_qos_by_handle(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                      struct ecs_qos_door_key *ret_key);
struct ecs_qos_tell {
    int64_t id;
    struct ecs_str handle, what; /* of ecs_qos_news_words */
    int64_t ends_at, check_s, renewals, delay_s;
    struct ecs_str reason;
};
/* ret_word: a state, "duplicate", "unknown"; "": no such request. */
enum ecs_next ecs_store_qos_tell(struct ecs_flow *f, struct ecs_store *store, const struct ecs_qos_tell *tell,
                                 struct ecs_str *ret_word);
/* The device was there with these addresses ({NULL, 0}: none). */
enum ecs_next ecs_store_qos_seen(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                 struct ecs_str ipv4, struct ecs_str ipv6);

/* ---- administration ---- */

struct ecs_qos_want {
    struct ecs_str imsi, network, profile, origin, reference;
    int64_t seconds;
    bool paid;
    struct ecs_str ipv4, ipv6; /* p NULL: none */
};
struct ecs_qos_added {
    int64_t id;
    struct ecs_str state;
    bool others; /* the reference is that of a request of another line */
};
/* One for each origin and reference. ECS_E_NOT_FOUND: no such subscriber. */
enum ecs_next ecs_store_qos_add(struct ecs_flow *f, struct ecs_store *store, const struct ecs_qos_want *want,
                                struct ecs_qos_added *ret_added);
/* ECS_E_NOT_FOUND: no such request. */
enum ecs_next ecs_store_qos_release(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                    struct ecs_str reason, struct ecs_str *ret_state);
struct ecs_qos_row {
    int64_t id, seconds, tries, renewals;
    struct ecs_str origin, reference, imsi, network, profile, state, reason;
    bool paid, waits, has_handle;
    int64_t created_at, changed_at, active_at, ends_at, due_at; /* Unix seconds, 0: none */
    struct ecs_str compensation, compensation_reason;           /* p NULL: none */
};
struct ecs_qos_rows {
    struct ecs_qos_row *rows;
    size_t n;
};
/* Newest first; imsi, state p NULL, before 0: any. */
enum ecs_next ecs_store_qos_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                 struct ecs_str state, int64_t before, unsigned limit,
                                 struct ecs_qos_rows *ret_rows);
/* n 0: there is none. */
enum ecs_next ecs_store_qos_get(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                struct ecs_qos_rows *ret_rows);

struct ecs_plan_qos {
    struct ecs_str plan, service, network, profile;
    int64_t seconds;
};
struct ecs_plan_qos_rows {
    struct ecs_plan_qos *rows;
    size_t n;
};
enum ecs_next ecs_store_plan_qos_list(struct ecs_flow *f, struct ecs_store *store,
                                      struct ecs_plan_qos_rows *ret_rows);
/* What the plan of a line gives to a service. ECS_E_NOT_FOUND: nothing. */
enum ecs_next ecs_store_qos_plan(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                 struct ecs_str service, struct ecs_plan_qos *ret_row);
/* ECS_E_NOT_FOUND: no such plan; no such row. */
enum ecs_next ecs_store_plan_qos_put(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_plan_qos *row);
enum ecs_next ecs_store_plan_qos_remove(struct ecs_flow *f, struct ecs_store *store, struct ecs_str plan,
                                        struct ecs_str service);

struct ecs_qos_figures {
    int64_t open, overdue, compensations, compensations_refused;
};
enum ecs_next ecs_store_qos_figures(struct ecs_flow *f, struct ecs_store *store,
                                    struct ecs_qos_figures *ret_figures);
/* Deletes what has been over for so long; at most max_rows. */
enum ecs_next ecs_store_qos_reap(struct ecs_flow *f, struct ecs_store *store, unsigned days,
                                 unsigned max_rows, unsigned *ret_rows);

/* ---- compensations ---- */

struct ecs_qos_compensation {
    int64_t request, serial, tries;
    struct ecs_str state, bss_reference, key;                               /* due, pending; p NULL */
    struct ecs_str imsi, msisdn, iccid, origin, reference, profile, reason; /* of the request */
};
struct ecs_qos_compensations {
    struct ecs_qos_compensation *rows;
    size_t n;
};
enum ecs_next ecs_store_qos_compensation_take(struct ecs_flow *f, struct ecs_store *store, unsigned most,
                                              unsigned lease_s, struct ecs_qos_compensations *ret_rows);
/* state: due, pending, done, refused. */
enum ecs_next ecs_store_qos_compensation_settle(struct ecs_flow *f, struct ecs_store *store, int64_t request,
                                                int64_t serial, struct ecs_str state,
                                                struct ecs_str bss_reference, int64_t delay_s,
                                                struct ecs_str reason);
/* One that was refused is ordered again. ECS_E_NOT_FOUND: there is none. */
enum ecs_next ecs_store_qos_compensation_again(struct ecs_flow *f, struct ecs_store *store, int64_t request);
