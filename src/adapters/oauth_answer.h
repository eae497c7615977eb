/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of token endpoints (RFC 6749 5.1, 5.2). Pure. */
#pragma once

#include "ecs/arena.h"
#include "ecs/error.h"

struct oauth_answer {
    enum ecs_rc rc; /* ECS_OK, ECS_E_BACKEND, ECS_E_OVERLOAD: later; ECS_E_CONFIG: refused */
    struct ecs_str token;
    int64_t life_s;    /* of the token; 0: to be used once */
    const char *error; /* static or in the arena; nothing of the answer but a well-formed error code */
    bool bad_grant;    /* the assertion was refused: the clock may be the cause */
};

/* body has to live as long as the arena. */
void oauth_answer_read(int status, struct ecs_str body, struct ecs_arena *arena,
                       struct oauth_answer *ret_answer);
/* How far our clock is behind the provider's (negative: ahead) by its Date header; false: cannot be told. */
bool oauth_clock_behind_s(const char *date, int64_t now, int64_t *ret_seconds);
