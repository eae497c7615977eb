/* SPDX-License-Identifier: Apache-2.0 */
/* The early check of 7.7: a request that proves nothing yet, but names a companion whose model does not fit,
 * is sent to the page that says so, before anybody has to log in. What policy decides without a subscriber
 * counts. */
#include "op_priv.h"

#include "ecs/auth.h"

enum { VIEW_LIMIT_MS = 5000 };

bool ecs_odsa_early_applies(const struct ecs_ts43_request *request, unsigned offered)
{
    static const enum ecs_param proofs[] = {ECS_P_TOKEN,          ECS_P_EAP_ID,       ECS_P_TEMPORARY_TOKEN,
                                            ECS_P_OPERATOR_TOKEN, ECS_P_ACCESS_TOKEN, ECS_P_REQUESTOR_ID};

    for (size_t i = 0; i < ECS_ARRAY_LEN(proofs); i++)
        if (request->param[proofs[i]].n)
            return false;
    return request->kind == ECS_TS43_NEW && offered & 1u << ECS_APP_2006 &&
           ecs_ts43_request_has_app(request, ECS_APP_2006) && request->param[ECS_P_COMPANION_TERMINAL_ID].n;
}

static enum ecs_next look_up_companion(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_work *w = ecs_alloc(f->arena, sizeof(*w));
    struct ecs_odsa_key *key = ecs_alloc(f->arena, sizeof(*key));
    struct odsa_request *q;

    if (!w || !key)
        return odsa_out_of_memory(f);
    odsa->work = w;
    odsa->location = ECS_STR_NULL;
    q = &w->request;
    if (!ecs_terminal_id_parse(odsa->request->param[ECS_P_COMPANION_TERMINAL_ID], &q->own.target) ||
        !q->own.target.tac[0])
        return ECS_DONE; /* no model to be looked up: the ordinary way */
    q->operation = ECS_OP_CHECK_ELIGIBILITY;
    q->app = ECS_APP_2006;
    q->type = q->button = -1;
    q->target_id = (struct ecs_str){q->own.target.s, q->own.target.n};
    q->target_tac = ecs_str_of(q->own.target.tac);
    w->answer = (struct odsa_answer){.operation = q->operation, .app = q->app, .result = ECS_RESULT_SUCCESS};
    *key = (struct ecs_odsa_key){.app = 2006, .target_id = q->target_id, .target_tac = q->target_tac};
    return ecs_store_odsa_view(f, odsa->env->store, key, &w->view);
}

static enum ecs_next judge_companion(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_answer *a = &odsa->work->answer;

    odsa_facts_add(odsa);
    odsa_decide(odsa);
    a->eligibility = (int)odsa_choice(odsa, ODSA_D_ELIGIBILITY)->i;
    if (a->eligibility != ECS_ELIGIBILITY_INCOMPATIBLE || !odsa_to_page(f, odsa, NULL) || a->page_type.n)
        return ECS_DONE; /* a redirect is a GET: pages that want a body are told behind the login */
    odsa->location =
        a->page_data.n
            ? ecs_str_of(ecs_printf(f->arena, "%.*s?%.*s", ECS_FMT(a->page_url), ECS_FMT(a->page_data)))
            : a->page_url;
    return odsa->location.p ? ECS_DONE : odsa_out_of_memory(f);
}

const struct ecs_step ecs_odsa_early_steps[] = {
    {"look-up-companion", look_up_companion, VIEW_LIMIT_MS},
    {"judge-companion", judge_companion, 0},
    {0},
};
