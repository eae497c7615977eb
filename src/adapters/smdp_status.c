/* SPDX-License-Identifier: Apache-2.0 */
/* Subject and reason of a refusal: what it means to the call, out of smdp_status.def. */
#include "adapters/smdp_int.h"

enum {
    O = 1,
    T = 2,
    F = 4,
    C = 8,
    R = 16,
    S = 32,
    A = O | T | F | C | R | S,
};

static const struct {
    unsigned functions;
    const char *subject, *reason;
    enum ecs_smdp_status status, repeated;
    const char *why;
} pairs[] = {
#define PAIR(functions, subject, reason, status, repeated, why)                                              \
    {functions, subject, reason, ECS_SMDP_##status, ECS_SMDP_##repeated, why},
#define CLASS(reason, of_parties, of_others, why)
#include "smdp_status.def"
#undef PAIR
#undef CLASS
};

static const struct {
    char reason;
    enum ecs_smdp_status of_parties, of_others;
    const char *why;
} classes[] = {
#define PAIR(functions, subject, reason, status, repeated, why)
#define CLASS(reason, of_parties, of_others, why)                                                            \
    {'0' + reason, ECS_SMDP_##of_parties, ECS_SMDP_##of_others, why},
#include "smdp_status.def"
#undef PAIR
#undef CLASS
};

static unsigned function_of(const struct smdp_call *call)
{
    switch (call->function) {
    case ECS_SMDP_FN_ORDER:
        return call->iccid.p ? O : T;
    case ECS_SMDP_FN_CONFIRM:
        return F;
    case ECS_SMDP_FN_CANCEL:
        return C;
    case ECS_SMDP_FN_RELEASE:
        return R;
    default:
        return S;
    }
}

/* A confirmation without a matching id of ours is not known to be done: the one that was made is lost. */
static bool may_be_done(const struct smdp_call *call)
{
    return call->repeated && (call->function != ECS_SMDP_FN_CONFIRM || call->matching_id.p);
}

enum ecs_smdp_status smdp_judge(const struct smdp_call *call, struct ecs_str subject, struct ecs_str reason,
                                const char **ret_why)
{
    unsigned function = function_of(call);

    if (!subject.n || !reason.n) {
        *ret_why = "it refuses without status codes";
        return ECS_SMDP_REFUSED;
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(pairs); i++)
        if ((pairs[i].functions & function) && ecs_str_eq(subject, ecs_str_of(pairs[i].subject)) &&
            ecs_str_eq(reason, ecs_str_of(pairs[i].reason))) {
            *ret_why = pairs[i].why;
            return may_be_done(call) ? pairs[i].repeated : pairs[i].status;
        }
    for (size_t i = 0; i < ECS_ARRAY_LEN(classes); i++)
        if (reason.p[0] == classes[i].reason && reason.n > 1 && reason.p[1] == '.') {
            *ret_why = classes[i].why;
            return ecs_str_starts_with(subject, ECS_STR("1.")) ? classes[i].of_parties : classes[i].of_others;
        }
    *ret_why = "it refuses with codes of an unknown class";
    return ECS_SMDP_REFUSED;
}
