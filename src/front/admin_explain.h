/* SPDX-License-Identifier: Apache-2.0 */
/* The part of an explanation that on-device service activation has: CheckEligibility as a device would get
 * it, by the same code. */
#pragma once

#include "admin_internal.h"
#include "ecs/auth.h"
#include "ecs/odsa.h"

enum { EXPLAIN_ODSA_MAX = 3 };

struct explain_odsa {
    enum ecs_app app;
    struct ecs_odsa odsa;
    struct ecs_ts43_request request;
    struct ecs_auth auth;
    struct ecs_facts facts; /* those of the line, and of the device that is acted upon */
};
/* What the question says about all of them. */
struct explain_question {
    const struct ecs_ts43_request *request;
    const struct ecs_subscriber_facts *line;
    const struct ecs_app_context *context; /* prepared */
    struct ecs_str target_id, enterprise;  /* {NULL, 0}: none; enterprise in lower case */
    bool json;                             /* the form of the document */
    int64_t now;
};

bool explain_has_eligibility(enum ecs_app app, enum ecs_service *ret_service);
/* For ecs_flow_call(f, ecs_odsa_explain_steps, &one->odsa). */
void explain_odsa_ask(struct explain_odsa *one, const struct engine *engine, enum ecs_app app,
                      const struct explain_question *question);
/* operation of struct ecs_app_context: writes the block and puts the eligibility into its result. */
struct explain_blocks {
    struct explain_odsa *all;
    size_t n;
    struct ecs_app_context *context;
};
void explain_odsa_block(void *arg, struct ecs_doc *doc, struct ecs_doc_node *node);
