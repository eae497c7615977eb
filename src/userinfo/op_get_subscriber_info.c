/* SPDX-License-Identifier: Apache-2.0 */
/* GetSubscriberInfo (6.5.11, 13.3): number, identity of the SIM card in the form of the policy, name of the
 * virtual operator. For servers only. */
#include "userinfo_priv.h"

static struct ecs_str mvno_of(const struct ecs_userinfo *info)
{
    switch ((enum ecs_word_mvno)info->work->decisions.v[ECS_DECIDE_USERINFO_MVNO_NAME].i) {
    case ECS_MVNO_BRAND:
        return info->line->brand;
    case ECS_MVNO_GID1:
        return info->request->param[ECS_P_GID1];
    case ECS_MVNO_GID2:
        return info->request->param[ECS_P_GID2];
    default:
        return ECS_STR_NULL;
    }
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    struct userinfo_answer *a = &info->work->answer;
    enum ecs_word_sim_id type = (enum ecs_word_sim_id)info->work->decisions.v[ECS_DECIDE_USERINFO_SIM_ID].i;

    if (!info->line->msisdn.n)
        return userinfo_no_number(f);
    a->number = userinfo_number(info->env, f->arena, info->line->msisdn);
    a->sim_id_type = (int)type; /* the words have the numbers of Table 53 */
    a->sim_id = userinfo_sim_id(info->env, f->arena, type, ecs_str_of(info->auth->imsi.s));
    a->mvno = mvno_of(info);
    a->has_info = true;
    if (!a->number.p || !a->sim_id.p)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "number or SimID cannot be made");
    return ECS_DONE;
}

const struct ecs_step userinfo_get_subscriber_info_steps[] = {{"answer-subscriber", answer, 0}, {0}};
