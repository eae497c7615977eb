/* SPDX-License-Identifier: Apache-2.0 */
/* Service availability: states of services per radio access, brand and area, the polls that bring them, and
 * the networks that lines may visit. What a request reads of it comes with its facts. Texts and errors as in
 * ecs/store_admin.h. */
#pragma once

#include "ecs/store.h"

/* ---- with the facts of a request ---- */

enum ecs_availability { /* the words of service_state.state, from good to bad */
                        ECS_AVAILABLE_READY,
                        ECS_AVAILABLE_DEGRADED,
                        ECS_AVAILABLE_NOT_NOW,
                        ECS_AVAILABLE_NOT_DEPLOYED,
                        ECS_AVAILABLE_COUNT
};
extern const char *const ecs_availability_words[ECS_AVAILABLE_COUNT + 1]; /* NULL at the end */
extern const char *const ecs_state_services[];                            /* "volte" ..., NULL at the end */
extern const char *const ecs_state_rats[];                                /* "lte" ..., NULL at the end */

/* The one state of a service that counts for a line (sql/schema/0016_availability.sql). rat {NULL, 0}: on any
 * radio access; states of one radio access stand beside it, for services that are not bound to one. */
struct ecs_service_state {
    struct ecs_str service, rat, message_key; /* message_key {NULL, 0}: none */
    enum ecs_availability state;
    uint32_t validity_s;  /* 0: not told */
    int64_t expected_end; /* Unix seconds, 0: not told */
};

struct ecs_place {
    struct ecs_str area, enterprise; /* p NULL: none known */
    bool partner;                    /* the visited network has a row */
    struct ecs_str country;          /* of the visited network; p NULL: not told */
    const struct ecs_str *visited;   /* services by agreement there */
    const struct ecs_service_state *states;
    size_t n_visited, n_states;
};

/* Whom a state has to fit. roams: known to be abroad; visited p NULL: unknown. */
struct ecs_state_line {
    struct ecs_str brand, area, visited, imsi;
    bool roams;
};
/* Of texts of content_base.states those that count for the line, one per service and radio access. Room for n
 * in ret_states; they point into the texts. False: not such a text. Pure. */
bool ecs_states_pick(const struct ecs_str *texts, size_t n, const struct ecs_state_line *line,
                     struct ecs_service_state *ret_states, size_t *ret_n);
/* "north.coast", "mcc-262", "plmn-26201": the form of an area. own: only the operator's names, as lines have
 * them. Pure. */
bool ecs_area_is_valid(struct ecs_str text, bool own);

/* ---- the operator's side ---- */

struct ecs_state_row {
    int64_t id;
    struct ecs_str source, service, rat, brand, area; /* p NULL: all */
    enum ecs_availability state;
    struct ecs_str message_key;  /* p NULL: none */
    int64_t validity_s;          /* 0: not told */
    int64_t since, expected_end; /* Unix seconds; 0: with since now, not told */
    int64_t updated_at;
};
struct ecs_state_rows {
    struct ecs_state_row *rows;
    size_t n;
};
enum { ECS_STATES_MAX = 200 };
enum ecs_next ecs_store_state_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                   struct ecs_state_rows *ret_rows);

enum ecs_state_tell { /* whose devices are notified: setting availability.tell */
                      ECS_STATE_TELL_NONE,
                      ECS_STATE_TELL_RECOVERY,
                      ECS_STATE_TELL_ALL,
                      ECS_STATE_TELL_COUNT
};
extern const char *const ecs_state_tells[ECS_STATE_TELL_COUNT + 1];

struct ecs_state_put {
    struct ecs_str source; /* "operator" or the name of a feed */
    bool whole;            /* what the rows do not tell is over */
    enum ecs_state_tell tell;
    const struct ecs_state_row *rows; /* of them id, source, updated_at are not looked at */
    size_t n;
};
struct ecs_state_changes {
    int64_t changed, told; /* rows; campaigns begun */
    int64_t skipped;       /* rows of brands that are not there */
};
/* One transaction. ECS_E_BAD_PARAMETER: more than ECS_STATES_MAX rows would stand, or a value has the wrong
 * form. */
enum ecs_next ecs_store_state_put(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_state_put *put, struct ecs_state_changes *ret_changes);
/* id above 0: that row of any source. Else the operator's rows that fit what is given (p NULL: any). */
struct ecs_state_clear {
    int64_t id;
    struct ecs_str service, rat, brand, area;
    enum ecs_state_tell tell;
};
enum ecs_next ecs_store_state_clear(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_state_clear *clear, int64_t *ret_removed);

/* ---- polls ---- */

struct ecs_feed_claim {
    bool ours;           /* else not due, or another node asks */
    struct ecs_str etag; /* p NULL: ask for the whole */
    int64_t silent_s;    /* since the last good answer */
};
enum ecs_next ecs_store_feed_claim(struct ecs_flow *f, struct ecs_store *store, struct ecs_str source,
                                   int64_t every_s, int64_t lease_s, struct ecs_feed_claim *ret_claim);
enum ecs_next ecs_store_feed_good(struct ecs_flow *f, struct ecs_store *store, struct ecs_str source,
                                  struct ecs_str etag);
/* dropped: its states have been removed, the whole is to be asked for. */
enum ecs_next ecs_store_feed_bad(struct ecs_flow *f, struct ecs_store *store, struct ecs_str source,
                                 struct ecs_str why, bool dropped);
/* Feeds that are not configured here, and that no other node has asked for two intervals and a minute: their
 * states go, nobody is notified. */
enum ecs_next ecs_store_feed_forget(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_str *sources, size_t n, int64_t *ret_removed);
struct ecs_feed_row {
    struct ecs_str source, error; /* error "": none */
    int64_t asked_at, good_at;    /* Unix seconds, asked_at 0: never */
};
struct ecs_feed_rows {
    struct ecs_feed_row *rows;
    size_t n;
};
enum ecs_next ecs_store_feed_list(struct ecs_flow *f, struct ecs_store *store,
                                  struct ecs_feed_rows *ret_rows);

/* ---- networks of partners ---- */

struct ecs_visited_row {
    struct ecs_str plmn, name, country; /* country p NULL: not told */
    const struct ecs_str *services;
    size_t n_services;
};
struct ecs_visited_rows {
    struct ecs_visited_row *rows;
    size_t n;
};
enum ecs_next ecs_store_visited_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str after,
                                     unsigned limit, struct ecs_visited_rows *ret_rows);
enum ecs_next ecs_store_visited_put(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_visited_row *row);
enum ecs_next ecs_store_visited_delete(struct ecs_flow *f, struct ecs_store *store, struct ecs_str plmn);
