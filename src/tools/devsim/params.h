/* SPDX-License-Identifier: Apache-2.0 */
/* Request parameters: an ordered list, and the ways in which real clients write it. */
#pragma once

#include "ecs/arena.h"
#include "ecs/buf.h"

struct ecs_sim_param {
    struct ecs_sim_param *next;
    struct ecs_str name, value;
};

struct ecs_sim_params {
    struct ecs_sim_param *first, **end;
    struct ecs_arena *arena;
    bool no_memory; /* something was not kept */
};

enum ecs_sim_escape {
    ECS_SIM_ESCAPE_ANDROID, /* bare: letters, digits, _-!.~'()* */
    ECS_SIM_ESCAPE_FORM,    /* java.net.URLEncoder: blank is "+", bare: letters, digits, .-*_ */
    ECS_SIM_ESCAPE_PERCENT, /* as the form, but blank is %20 */
    ECS_SIM_ESCAPE_RAW      /* nothing is escaped */
};

enum ecs_sim_order {
    ECS_SIM_ORDER_TABLE,    /* by the table of names; names outside it last, as given */
    ECS_SIM_ORDER_ALPHABET, /* Go's url.Values */
    ECS_SIM_ORDER_JAVA_HASH /* java.util.HashMap of the names */
};

void ecs_sim_params_init(struct ecs_sim_params *params, struct ecs_arena *arena);
void ecs_sim_params_add(struct ecs_sim_params *params, struct ecs_str name, struct ecs_str value);
void ecs_sim_params_add_cstr(struct ecs_sim_params *params, const char *name, const char *value);
/* All values of the name go, one comes at the place of the first (or at the end). */
void ecs_sim_params_set(struct ecs_sim_params *params, struct ecs_str name, struct ecs_str value);
void ecs_sim_params_remove(struct ecs_sim_params *params, struct ecs_str name);
/* The first value; {NULL, 0} when absent. */
struct ecs_str ecs_sim_params_get(const struct ecs_sim_params *params, const char *name);
void ecs_sim_params_copy(struct ecs_sim_params *to, const struct ecs_sim_params *from);

/* Sorts in place; values of one name keep their order. table: names with a blank between them, only for
 * ECS_SIM_ORDER_TABLE. */
void ecs_sim_params_sort(struct ecs_sim_params *params, enum ecs_sim_order order, const char *table);
/* True when the word is one of the blank-separated words. */
bool ecs_sim_words_have(const char *words, struct ecs_str word);
/* "name=value|name=value|...": each pair whose name is not in user is added. */
void ecs_sim_params_add_defaults(struct ecs_sim_params *params, const struct ecs_sim_params *user,
                                 const char *pairs);
void ecs_sim_escape(struct ecs_buf *buf, struct ecs_str text, enum ecs_sim_escape escape);
/* "a=1&b=2" */
void ecs_sim_params_query(struct ecs_buf *buf, const struct ecs_sim_params *params,
                          enum ecs_sim_escape escape);
/* One flat object, all values strings; several values of "app" become the text [ap2003,ap2004], of another
 * name the last one stays (clients.md 2.2). number names a member written without quotes, or NULL. */
void ecs_sim_params_json(struct ecs_buf *buf, const struct ecs_sim_params *params, const char *number);
