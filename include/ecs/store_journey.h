/* SPDX-License-Identifier: Apache-2.0 */
/* Journeys and profiles as the operator's interface looks at them: lists, timelines, counts; and the lists
 * that people keep: offers of plans, enterprises, relations between lines. Calls and texts as in
 * ecs/store_admin.h: each call may wait, a row that is not there gives ECS_E_NOT_FOUND, texts that come out
 * belong to the arena. */
#pragma once

#include "ecs/store_odsa.h"

/* ---- journeys ---- */

/* p NULL: any. Several of them: all have to hold. */
struct ecs_journey_filter {
    struct ecs_str imsi;
    struct ecs_str msisdn; /* of the line */
    struct ecs_str iccid;  /* new or old profile */
    struct ecs_str eid, enterprise, state;
    int kind;  /* enum ecs_journey_kind; -1: any */
    bool open; /* not ended */
    /* Open, and its work was repeated, or it is overdue: more than stuck_s behind due_at or deadline_at. */
    bool stuck;
    unsigned stuck_s;
    int64_t before; /* only smaller ids; 0: from the newest */
    unsigned limit; /* 1..1000 */
};
struct ecs_journey_rows {
    struct ecs_journey *rows;
    size_t n;
};
/* Newest first. */
enum ecs_next ecs_store_journey_list(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_journey_filter *filter,
                                     struct ecs_journey_rows *ret_rows);

struct ecs_journey_step_row { /* p NULL: none */
    int64_t id, at_us;        /* Unix microseconds */
    struct ecs_str event, from, to, neighbour, call, detail;
    int64_t us; /* duration of the call; -1: none */
};
struct ecs_journey_step_rows {
    struct ecs_journey_step_row *rows;
    size_t n;
};
/* The last `limit` steps, in order of time; none for a journey that is not there. */
enum ecs_next ecs_store_journey_timeline(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                         unsigned limit, struct ecs_journey_step_rows *ret_rows);

struct ecs_journey_count { /* of the open ones */
    struct ecs_str kind, state;
    int64_t n, stuck;
    int64_t oldest_at; /* last change of the one that has stood longest, Unix seconds */
};
struct ecs_journey_counts {
    struct ecs_journey_count *rows;
    size_t n;
};
enum ecs_next ecs_store_journey_count(struct ecs_flow *f, struct ecs_store *store, unsigned stuck_s,
                                      struct ecs_journey_counts *ret_counts);

/* ---- profiles ---- */

struct ecs_profile_rows {
    struct ecs_profile *rows;
    size_t n;
};
/* Of a line or of an enterprise (the other one p NULL), newest first, dead ones too; at most limit. */
enum ecs_next ecs_store_profile_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                     struct ecs_str enterprise, unsigned limit,
                                     struct ecs_profile_rows *ret_rows);

/* ---- enterprises ---- */

struct ecs_enterprise_row {
    struct ecs_str enterprise, name, state, brand; /* state: "active", "suspended" */
    int64_t max_devices;                           /* -1: no limit */
    int64_t devices;                               /* living profiles */
};
struct ecs_enterprise_rows {
    struct ecs_enterprise_row *rows;
    size_t n;
};
enum ecs_next ecs_store_enterprise_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                        struct ecs_enterprise_rows *ret_rows);
enum ecs_next ecs_store_enterprise_get(struct ecs_flow *f, struct ecs_store *store, struct ecs_str enterprise,
                                       struct ecs_enterprise_row *ret_row);
/* Texts p NULL and max_devices -2 are left alone; brand "" and max_devices -1 clear. A new one has the state
 * "active" and its key as name unless they are given. */
enum ecs_next ecs_store_enterprise_put(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_enterprise_row *row, bool *ret_created);
/* ECS_E_CONFLICT: profiles or journeys of it are alive. */
enum ecs_next ecs_store_enterprise_delete(struct ecs_flow *f, struct ecs_store *store,
                                          struct ecs_str enterprise);

/* ---- relations between lines ---- */

struct ecs_relation_row {
    struct ecs_str imsi, other_imsi; /* the line that asks; the line whose number its companions may carry */
    struct ecs_str role;             /* "family" */
};
struct ecs_relation_rows {
    struct ecs_relation_row *rows;
    size_t n;
};
/* In which the line is on either side. */
enum ecs_next ecs_store_relation_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                      struct ecs_relation_rows *ret_rows);
/* ECS_E_BAD_PARAMETER: the first line does not exist. */
enum ecs_next ecs_store_relation_put(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_relation_row *row, bool *ret_created);
/* On either side. */
enum ecs_next ecs_store_relation_delete(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                        struct ecs_str other_imsi);

/* ---- offers of plans (local BSS) ---- */

struct ecs_plan_offer {
    struct ecs_str id;
    int app;                                                 /* 2006, 2009, 2011 */
    struct ecs_str brand, enterprise, service, profile_type; /* p NULL: all, all, any, default */
    struct ecs_str name, description;
    int64_t sort; /* lower ones come first */
    int active;   /* 0, 1 */
};
struct ecs_plan_offers {
    struct ecs_plan_offer *rows;
    size_t n;
};
/* By application and order, inactive ones too. */
enum ecs_next ecs_store_plan_offer_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                        struct ecs_plan_offers *ret_offers);
/* Texts p NULL, sort -1 and active -1 are left alone, "" clears. A new one is active, its name its id, its
 * sort 100 unless they are given. ECS_E_BAD_PARAMETER: no such brand, or a value of the wrong form. */
enum ecs_next ecs_store_plan_offer_put(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_plan_offer *offer, bool *ret_created);
enum ecs_next ecs_store_plan_offer_delete(struct ecs_flow *f, struct ecs_store *store, struct ecs_str id,
                                          int app);
