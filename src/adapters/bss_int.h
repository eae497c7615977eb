/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the BSS adapter: names, one call with its exchanges, values of the answers. */
#pragma once

#include <jansson.h>

#include "ecs/bss.h"
#include "ecs/buf.h"
#include "ecs/json.h"
#include "ecs/oauth_client.h"

/* ---- names (bss_names.c) ---- */

enum bss_name {
#define PATH(id, dialect, name, def, help) BSS_##id,
#define TEXT(id, dialect, name, def, help) BSS_##id,
#include "adapters/bss_names.def"
#undef PATH
#undef TEXT
    BSS_NAME_COUNT
};
enum bss_member {
#define MEMBER(id, field, tmf, rest) BSS_M_##id,
#include "adapters/bss_members.def"
#undef MEMBER
    BSS_MEMBER_COUNT
};
enum bss_answer {
#define ANSWER(id, tmf, rest) BSS_A_##id,
#include "adapters/bss_answers.def"
#undef ANSWER
    BSS_ANSWER_COUNT
};
struct bss_names { /* of one configuration; TM Forum events are read in every dialect */
    struct ecs_str name[BSS_NAME_COUNT];
    struct ecs_str member[BSS_MEMBER_COUNT], answer[BSS_ANSWER_COUNT];         /* REST */
    struct ecs_str tmf_member[BSS_MEMBER_COUNT], tmf_answer[BSS_ANSWER_COUNT]; /* characteristics */
};
void bss_names_load(const struct ecs_bss_conf *conf, struct bss_names *ret_names);
/* "name=value" of a list: NULL, or what is wrong with it (static). */
const char *bss_names_fault(int dialect, bool is_path, struct ecs_str item);
struct ecs_str bss_subject_get(const struct ecs_bss_subject *subject, enum bss_member member);
/* "companion", "primary" or "enterprise" of an application: 0, 1, 2. */
unsigned bss_kind(struct ecs_str app);
extern const char *const bss_kinds[3];

/* ---- one call (bss_call.c) ---- */

enum { BSS_QUERY_MAX = 2048, BSS_TEXT_MAX = 1024, BSS_PROFILES_MAX = 64, BSS_PLANS_MAX = 100, BSS_KEPT = 32 };

struct bss_call {
    struct ecs_bss *bss;
    struct ecs_flow *flow;
    struct ecs_arena *arena;
    /* in; copies */
    struct ecs_bss_subject subject;
    struct ecs_bss_order order;
    struct ecs_str reference;
    int64_t since; /* changes since; 0: none */
    /* out; those that the call is not about are NULL */
    struct ecs_bss_line *line;
    struct ecs_bss_plans *plans;
    struct ecs_bss_result *result;
    /* Takes the answer (none at stage 0). True: ask holds the next exchange; false: the call is complete. */
    bool (*next)(struct bss_call *call);
    unsigned stage;
    void *own;
    bool retried; /* with a new token */
    int64_t begun_us;
    struct ecs_ask ask;
    struct ecs_ask_answer answer;
    struct ecs_oauth_token token;
};
/* Zeroed but bss, flow, arena, next; NULL: the flow's memory is used up. */
struct bss_call *bss_call_new(struct ecs_flow *f, struct ecs_bss *bss, bool (*next)(struct bss_call *call));
enum ecs_next bss_call_run(struct bss_call *call);
/* Fill call->ask; false: the memory is used up, or a name is off (path empty). query without "?"; json is
 * given back. key: of an order, NULL none. */
bool bss_ask_get(struct bss_call *call, enum bss_name path, struct ecs_str tail, struct ecs_str query);
bool bss_ask_post(struct bss_call *call, enum bss_name path, json_t *body, struct ecs_str key);
/* Status of an exchange by HTTP alone, and why; DONE: a body of 2xx is to be read. */
enum ecs_bss_status bss_http_status(const struct bss_call *call, const char **ret_why);
/* The body as JSON; NULL and why. */
const json_t *bss_body(const struct bss_call *call, const char **ret_why);
/* A filter with its placeholders filled and escaped. False: it is empty, a value is missing, no memory. */
bool bss_fill(const struct bss_call *call, struct ecs_str text, struct ecs_str *ret_text);

/* ---- values (bss_value.c): what does not hold is absent ---- */

/* Text of a JSON value of any type; an object stands for its member "value". {NULL, 0}: none, or not usable.
 */
struct ecs_str bss_text(struct ecs_arena *arena, const json_t *value);
/* At "a.b.c". */
const json_t *bss_at(const json_t *json, struct ecs_str path);
bool bss_put(json_t *json, struct ecs_str path, json_t *value); /* takes value, makes the objects between */
/* Value of a characteristic by name in an array of {name, value}; a v5 one in {"name", "value"}, too. */
const json_t *bss_characteristic(const json_t *array, struct ecs_str name);
struct ecs_str bss_member(struct ecs_arena *arena, const json_t *object, const char *name);
/* Checked forms: digits, printable, lengths; false: given, but wrong. Absent is {NULL, 0} and true. */
bool bss_profile_check(struct ecs_arena *arena, struct ecs_bss_profile *profile);
bool bss_result_check(struct ecs_arena *arena, struct ecs_bss_result *result, const char **ret_why);
int bss_tristate(const json_t *value);                                  /* 0, 1, 2; -1: none of them */
int bss_service_status(struct ecs_str s);                               /* 1..4, or 0 */
struct ecs_str bss_words(struct ecs_arena *arena, const json_t *value); /* "a,b" of text or array */
struct ecs_str bss_code(struct ecs_arena *arena, struct ecs_str text);  /* operator's code, tidied for logs */
/* Status of a word or error code by bss.codes, or by our own words; false: unknown. */
bool bss_code_status(const struct ecs_bss_conf *conf, struct ecs_str word, enum ecs_bss_status *ret_status);
int64_t bss_time(struct ecs_str text); /* Unix seconds; 0: none */

/* ---- events (bss_event_data.c) ---- */

/* The rest of an event of kind DATA, whose event->data.kind is written; false with a constant sentence. */
bool bss_event_data(struct ecs_arena *arena, const json_t *json, struct ecs_bss_event *event, const char **ret_why);

/* ---- dialects ---- */

struct bss_kept { /* an answer to a question for plans */
    char *target, *body;
    size_t body_n;
    int64_t until; /* Unix seconds */
};
struct bss_dialect {
    bool (*ask)(struct bss_call *call), (*plans)(struct bss_call *call);
    bool (*order)(struct bss_call *call), (*find)(struct bss_call *call), (*cancel)(struct bss_call *call);
};
extern const struct bss_dialect bss_tmf, bss_rest;
struct ecs_bss {
    struct ecs_bss_env env;
    const struct ecs_bss_conf *conf;
    const struct bss_dialect *dialect; /* NULL: local */
    struct bss_names names;
    struct ecs_neighbour *neighbour, *token_neighbour;
    struct ecs_oauth_client *oauth;
    struct bss_kept kept[BSS_KEPT];
};
enum ecs_next bss_local_plans(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_subject *subject,
                              struct ecs_bss_plans *ret_plans);
enum ecs_next bss_local_order(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_order *order,
                              unsigned what, struct ecs_bss_result *ret_result);
enum { BSS_LOCAL_ORDER, BSS_LOCAL_FIND, BSS_LOCAL_CANCEL };
const struct bss_kept *bss_kept_find(const struct ecs_bss *bss, const char *target, int64_t now);
void bss_kept_put(struct ecs_bss *bss, const char *target, struct ecs_str body, int64_t now);

bool bss_tmf_order_next(struct bss_call *call);
bool bss_tmf_find_next(struct bss_call *call);
bool bss_tmf_cancel_next(struct bss_call *call);
/* TMF shapes, used by answers and by events. */
void bss_tmf_order_result(const struct ecs_bss *bss, struct ecs_arena *arena, const json_t *order,
                          struct ecs_bss_result *ret_result);
struct ecs_str bss_tmf_order_key(struct ecs_arena *arena, const json_t *order);
/* False: the service stands for no profile. */
bool bss_tmf_profile(const struct ecs_bss *bss, struct ecs_arena *arena, const json_t *service,
                     struct ecs_bss_profile *ret_profile, unsigned *ret_kind);
/* False: for no service of a line. */
bool bss_tmf_line_service(const struct ecs_bss *bss, struct ecs_arena *arena, const json_t *service,
                          struct ecs_str *ret_service, struct ecs_str *ret_state);
bool bss_tmf_product(const struct ecs_bss *bss, struct ecs_arena *arena, const json_t *product,
                     struct ecs_str *ret_state, struct ecs_str *ret_plan);
void bss_tmf_line_ids(const struct ecs_bss *bss, struct ecs_arena *arena, const json_t *object,
                      struct ecs_bss_subject *subject);
