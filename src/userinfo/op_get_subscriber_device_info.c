/* SPDX-License-Identifier: Apache-2.0 */
/* GetSubscriberDeviceInfo (14.1.6.2): number, and the IMSI where the policy says so, for the back end of an
 * application whose operator token has the scope. */
#include "userinfo_priv.h"

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    struct userinfo_answer *a = &info->work->answer;

    if (!info->line->msisdn.n)
        return userinfo_no_number(f);
    a->number = userinfo_number(info->env, f->arena, info->line->msisdn);
    if (!a->number.p)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the number cannot be encoded");
    if (info->work->decisions.v[ECS_DECIDE_APPAUTH_IMSI].i)
        a->imsi = ecs_str_of(info->auth->imsi.s);
    return ECS_DONE;
}

const struct ecs_step userinfo_get_subscriber_device_info_steps[] = {{"answer-device", answer, 0}, {0}};
