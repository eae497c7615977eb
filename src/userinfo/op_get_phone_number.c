/* SPDX-License-Identifier: Apache-2.0 */
/* GetPhoneNumber (6.5.8, 13.1): the number of the line, for the device itself or for a server that has a
 * temporary token. No service is asked for (N-003). */
#include "userinfo_priv.h"

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;

    if (!info->line->msisdn.n)
        return userinfo_no_number(f);
    info->work->answer.number = userinfo_number(info->env, f->arena, info->line->msisdn);
    return info->work->answer.number.p ? ECS_DONE
                                       : ecs_flow_fail(f, ECS_E_INTERNAL, "the number cannot be encoded");
}

const struct ecs_step userinfo_get_phone_number_steps[] = {{"answer-number", answer, 0}, {0}};
