/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read a request share. */
#pragma once

#include "ecs/ts43.h"

enum param_class { SCALAR, IDENTITY, CREDENTIAL, TEXT, LINES, EXTRA, MULTI, EXTRAS };

struct param_row {
    uint8_t code;
    struct ecs_str name;
    size_t max;
    enum param_class class;
    enum ecs_secrecy secrecy;
};
extern const struct param_row ecs_param_rows[ECS_P_COUNT];

struct reading {
    struct ecs_arena *arena;
    struct ecs_ts43_request *request;
    bool from_body[ECS_P_COUNT]; /* set by the body: the query does not change it */
    bool in_query_of_post;
    enum ecs_rc rc;
    const char *reason;
};

/* All return false after setting rc and reason. text follows the parameter's name. */
bool ecs_reading_fail(struct reading *reading, enum ecs_rc rc, const char *reason);
bool ecs_reading_fail_param(struct reading *reading, enum ecs_param param, const char *text);
void ecs_reading_note(struct reading *reading, enum ecs_param param, const char *text);

/* One received value: cleaned, checked against its row, set against what is there. */
bool ecs_reading_store(struct reading *reading, enum ecs_param param, struct ecs_str value);

bool ecs_reading_query(struct reading *reading, struct ecs_str query);
bool ecs_reading_body(struct reading *reading, struct ecs_str content_type, struct ecs_str body);
/* Typed fields from the parameters. */
bool ecs_reading_interpret(struct reading *reading);
