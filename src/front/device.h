/* SPDX-License-Identifier: Apache-2.0 */
/* A device request in work, and the answer that is built for it. */
#pragma once

#include "front_internal.h"

/* From facts to the document; used for devices and for "explain". */
struct answer {
    struct front *front;
    struct engine *engine;
    struct ecs_arena *arena;
    int64_t now;
    struct ecs_app_context context;
    struct ecs_doc *doc;
    int64_t validity_max_s; /* 0: none */
    bool enterprise_token;  /* its operation went well */
    bool prepared;          /* context and facts are there */
    char token[ECS_ENTERPRISE_TOKEN_TEXT_MAX + 1];
};

/* Context and facts, for what needs them before the document is built. */
void answer_prepare(struct answer *a, const struct ecs_ts43_request *request,
                    const struct ecs_subscriber_facts *facts, const struct ecs_auth *auth);

/* auth NULL: for explain, without a token. ECS_E_TOO_LARGE or ECS_E_INTERNAL. */
enum ecs_rc answer_build(struct answer *a, const struct ecs_ts43_request *request,
                         const struct ecs_subscriber_facts *facts, const struct ecs_auth *auth);
/* The document of a failed authentication (ECS_AUTH_DECLINED): error parameters for each application, no
 * TOKEN. */
enum ecs_rc answer_build_declined(struct answer *a, const struct ecs_ts43_request *request,
                                  const struct ecs_auth *auth);

struct device {
    struct front_user user; /* first: what http->user points to */
    struct ecs_flow flow;
    struct front *front;
    struct engine *engine;
    struct ecs_http_request *http; /* NULL: the client has gone */
    int64_t now;                   /* Unix seconds, one for the whole request */
    struct ecs_ts43_request request;
    struct ecs_str cookies[4];
    struct ecs_auth auth;
    bool parked; /* waits for an AAA or HSS: not counted as in work */
    bool authenticating, admitted, no_room; /* no_room: told so, and counted */
    bool from_memory; /* the facts are those of an earlier request: the database is away */
    struct ecs_subscriber_facts facts;
    struct ecs_odsa odsa; /* of an operation */
    struct ecs_userinfo userinfo; /* of one about numbers and applications */
    struct answer answer;
    struct ecs_http_reply reply;
};

extern const struct ecs_step device_steps[];
enum ecs_next device_send_document(struct ecs_flow *f);
/* An authentication that goes on: challenge, redirect, one-time code, refusal as a document. */
enum ecs_next device_send_round(struct ecs_flow *f);
enum ecs_next device_send_error(struct ecs_flow *f);
/* After authentication: 405 for an operation that this deployment does not serve (P-054). */
enum ecs_next device_check_operation(struct ecs_flow *f);
/* A companion that does not fit, before anybody logs in (TS.43 7.7). */
enum ecs_next device_check_early(struct ecs_flow *f);
enum ecs_next device_judge_early(struct ecs_flow *f);
/* Parameters of single applications, as far as they can be judged before anybody is asked (device_act.c). */
enum ecs_next device_check_applications(struct ecs_flow *f);
/* What a plain request changes: the user's word on carrier billing, its activation. */
enum ecs_next device_act(struct ecs_flow *f);
/* What the facts of the request are found by. False: no memory. */
bool device_facts_key(struct device *d, struct ecs_facts_key *ret_key);
/* The operation of the request, before the document is built. */
enum ecs_next device_operate(struct ecs_flow *f);
/* Applications and TAC into the log context; oddities of the request into the log. */
void device_note_request(struct device *d);
