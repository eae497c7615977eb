/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the operator's interface: the router, one call in work, and what handlers share. */
#pragma once

#include "admin.h"
#include "ecs/form.h"
#include "ecs/json.h"
#include "ecs/store_admin.h"
#include "node.h"

/* What a route asks of the socket it came in by. */
enum admin_need { ADMIN_NEED_ANY, ADMIN_NEED_VIEWER, ADMIN_NEED_CARE, ADMIN_NEED_ADMIN };
enum { ADMIN_ARGS_MAX = 2 };

struct admin_route {
    enum ecs_http_method method;
    const char *method_name, *pattern;
    enum admin_need need;
    const struct ecs_step *steps; /* self: struct admin_call */
    const char *name, *help;
};
extern const struct admin_route admin_routes[]; /* ends with pattern NULL */

struct admin_match {
    const struct admin_route *route;
    struct ecs_str arg[ADMIN_ARGS_MAX]; /* the {parts}, still percent-encoded */
    unsigned allow;                     /* bits 1 << method that the path knows */
};
/* HEAD counts as GET. ECS_E_NOT_FOUND; ECS_E_METHOD with allow set; ECS_E_FORBIDDEN: the role does not
 * suffice (the metrics socket does not know other paths at all: ECS_E_NOT_FOUND). */
enum ecs_rc admin_route_find(enum ecs_http_method method, struct ecs_str path, enum ecs_role role,
                             struct admin_match *ret_match) ECS_MUST_CHECK;
const char *admin_role_name(enum ecs_role role);

struct admin_call {
    struct ecs_flow
        flow; /* its arena is the call's own: a change is completed even when its client has left */
    struct front *front;
    struct engine *engine;
    struct ecs_http_request *http; /* NULL: the client has gone */
    struct ecs_log_ctx log;
    enum ecs_role role;
    int64_t now; /* Unix seconds */
    struct admin_match match;
    struct ecs_str arg[ADMIN_ARGS_MAX]; /* decoded */
    struct ecs_imsi imsi;               /* of handlers with a subscriber */
    void *own;                          /* of the handler */
    /* answer */
    int status;               /* 0: 200 */
    const char *content_type; /* NULL: JSON */
    struct ecs_buf body;
    struct ecs_json_out out; /* writes to body */
    /* audit: action NULL for calls that change nothing */
    const char *action;
    char subject[24]; /* masked */
    struct ecs_buf detail;
    struct ecs_json_out detail_out; /* an open object; no personal data */
    /* error texts */
    const char *field, *not_found, *refused;
    bool changed;
    struct ecs_http_reply reply;
};

#define ADMIN_STEPS(name)                           extern const struct ecs_step admin_##name##_steps[];
#define ROUTE(method, pattern, need, handler, help) ADMIN_STEPS(handler)
#include "routes.def"
#undef ROUTE

/* ---- for handlers ---- */

/* Zeroed memory for the handler's state in call->own; NULL fails the flow (return admin_no_memory). */
void *admin_own(struct admin_call *call, size_t n);
enum ecs_next admin_no_memory(struct admin_call *call);
/* 400 with the member or parameter in "field". */
enum ecs_next admin_refuse(struct admin_call *call, const char *field, const char *what);
/* Body into out by the table; an empty body counts as {}. ECS_NEXT, or the failure. */
enum ecs_next admin_bind(struct admin_call *call, const struct ecs_json_field *fields, void *out);
/* Query parameters by name (ends with NULL) into values; absent ones stay {NULL, 0}. Others are refused. */
enum ecs_next admin_query(struct admin_call *call, const char *const *names, struct ecs_str *values);
/* ?limit= from 1 to most, else usual. */
enum ecs_next admin_limit(struct admin_call *call, unsigned usual, unsigned most, unsigned *ret_limit);
/* Path part 0 as IMSI into call->imsi; sets subject and not_found. */
enum ecs_next admin_take_imsi(struct admin_call *call);
/* Time of day in a member: ISO 8601. {NULL, 0} gives 0. */
enum ecs_next admin_time(struct admin_call *call, const char *field, struct ecs_str text, int64_t *ret_time);
/* From here on the call has changed something: it is audited under this name ("subscriber.set"). */
void admin_audit(struct admin_call *call, const char *action);
/* Before reading facts for imsi: key of the facts statement. */
struct ecs_facts_key admin_facts_key(const struct admin_call *call);

void admin_write_time(struct ecs_json_out *out, const char *key, int64_t unix_seconds); /* 0: null */
void admin_write_words(struct ecs_json_out *out, const char *key, const struct ecs_str *words, size_t n);
/* A member whose value is JSON already. */
void admin_write_raw(struct ecs_json_out *out, const char *key, struct ecs_str json);
struct ecs_push_rows;
void admin_write_registrations(struct ecs_json_out *out, const struct ecs_push_rows *rows);
void admin_write_services(struct ecs_json_out *out, const struct ecs_subscriber_facts *facts);

/* Notices active at that time for the brand, instead of those that the database found active now. */
enum ecs_rc admin_notices_at(struct ecs_arena *arena, const struct ecs_notice_rows *rows, int64_t at,
                             struct ecs_subscriber_facts *facts);

/* ---- sentences for care agents (admin_sentence.c), pure ---- */

struct admin_sentence {
    struct ecs_str status_word; /* "incompatible" */
    struct ecs_str summary;     /* "Wi-Fi calling is off: ..." */
    struct ecs_str phone;       /* what the phone does, one sentence */
};
/* From the block of the document, the facts and the explanation of its service (JSON of ecs_explain; {NULL,
 * 0} when the application is not offered). ECS_E_TOO_LARGE: arena exhausted. */
enum ecs_rc admin_sentence(struct ecs_arena *arena, const struct ecs_app_result *result,
                           const struct ecs_doc_node *block, const struct ecs_facts *facts,
                           struct ecs_str explanation, struct admin_sentence *ret_sentence) ECS_MUST_CHECK;
