/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of TS.43 (Table 26, Table 27, 14): names, applications, credentials, and what a deployment
 * answers to those it does not serve. Pure. */
#pragma once

#include "ecs/ts43.h"

enum ecs_operation {
#define OPERATION(id, name, apps, credentials, unserved, clause) ECS_OP_##id,
#include "../../src/ts43/operations.def"
#undef OPERATION
    ECS_OPERATION_COUNT
};

/* Bits of what a request may be proven by to be answered. */
enum {
    ECS_BY_DEVICE = 1,    /* token or a full authentication of the device */
    ECS_BY_TEMPORARY = 2, /* temporary_token */
    ECS_BY_OPERATOR = 4,  /* operator_token */
    ECS_BY_SERVER = 8,    /* access_token of a calling server alone */
};

const char *ecs_operation_name(enum ecs_operation operation); /* "GetPhoneNumber" */
/* Letter case ignored (P-024). */
bool ecs_operation_find(struct ecs_str name, enum ecs_operation *ret_operation) ECS_MUST_CHECK;
bool ecs_operation_is_of(enum ecs_operation operation, enum ecs_app app);
bool ecs_operation_accepts(enum ecs_operation operation, unsigned by); /* one of ECS_BY_* */
/* Names, comma between them, blanks around them ignored. ret_operations: bits 1 << enum ecs_operation of the
 * known ones; false when a name is unknown (the known ones are there all the same) or there is none. */
bool ecs_operation_list(struct ecs_str names, unsigned *ret_operations) ECS_MUST_CHECK;

/* Application of the request that has operations (there is at most one); false: none. */
bool ecs_operation_app(const struct ecs_ts43_request *request, enum ecs_app *ret_app) ECS_MUST_CHECK;

/* TS.43 Table 38. */
enum {
    ECS_RESULT_SUCCESS = 1,
    ECS_RESULT_GENERAL = 100,
    ECS_RESULT_INVALID_OPERATION = 101,
    ECS_RESULT_INVALID_PARAMETER = 102,
    ECS_RESULT_NOT_SUPPORTED = 103,
};

/* What the operation of a request gets in a deployment that serves these (bits 1 << enum ecs_operation).
 * ECS_OK with ret_result: SUCCESS (served: the operation itself answers), or the OperationResult of a block
 * that says why not: INVALID_OPERATION for a name that is unknown or of other applications (O-004),
 * NOT_SUPPORTED for one that TS.43 lets an operator leave out (O-006), GENERAL with an eligibility for
 * CheckEligibility and for a request without operation (P-009), and for any operation that has plain
 * applications beside it, whose answers must not be lost. ECS_E_METHOD: the whole request is answered 405
 * (P-054). Requests without such an application: SUCCESS. */
enum ecs_rc ecs_operation_judge(const struct ecs_ts43_request *request, unsigned served,
                                int *ret_result) ECS_MUST_CHECK;
