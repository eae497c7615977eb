/* SPDX-License-Identifier: Apache-2.0 */
/* AcquireTemporaryToken (6.5.7): a token for another device or a server, for those of the operations asked
 * for that the policy allows. */
#include "op_priv.h"

#include "ecs/auth.h"
#include "ecs/grant.h"

enum { MINT_LIMIT_MS = 5000 };

static const struct {
    enum ecs_operation operation;
    enum odsa_choice choice;
} targets[] = {
    {ECS_OP_CHECK_ELIGIBILITY, ODSA_D_TOKEN_ELIGIBILITY},
    {ECS_OP_MANAGE_SUBSCRIPTION, ODSA_D_TOKEN_SUBSCRIPTION},
    {ECS_OP_MANAGE_SERVICE, ODSA_D_TOKEN_SERVICE},
    {ECS_OP_ACQUIRE_CONFIGURATION, ODSA_D_TOKEN_CONFIGURATION},
    {ECS_OP_ACQUIRE_PLAN, ODSA_D_TOKEN_PLAN},
};

struct minting {
    struct ecs_grant_order order;
    struct ecs_grant grant;
    uint8_t terminal[16];
};

static unsigned allowed_of(const struct ecs_odsa *odsa)
{
    const struct odsa_request *q = &odsa->work->request;
    unsigned allowed = 0;

    for (size_t i = 0; i < ECS_ARRAY_LEN(targets); i++)
        if (q->targets >> targets[i].operation & 1 && ecs_operation_is_of(targets[i].operation, q->app) &&
            ecs_operation_accepts(targets[i].operation, ECS_BY_TEMPORARY) &&
            odsa_choice(odsa, targets[i].choice)->i)
            allowed |= 1u << targets[i].operation;
    return allowed;
}

/* Whoever may present it: a server that was named, else whoever the device hands it to. */
static enum ecs_next mint(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;
    unsigned allowed = allowed_of(odsa);
    struct minting *m;

    odsa_tell_rule(odsa, ODSA_D_TOKEN_SUBSCRIPTION);
    if (q->targets == 1u << ECS_OP_ACQUIRE_TEMPORARY_TOKEN)
        return odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER,
                           "operation_targets names AcquireTemporaryToken only");
    if (!allowed)
        return odsa_refuse_text(f, ECS_RESULT_GENERAL, odsa_choice(odsa, ODSA_D_MESSAGE)->s,
                                "none of operation_targets is allowed");
    m = ecs_arena_secret(f->arena, sizeof(*m));
    if (!m)
        return odsa_out_of_memory(f);
    odsa->work->own = m;
    if (odsa->request->has_terminal)
        ecs_token_terminal_digest(odsa->env->auth->crypto, &odsa->request->terminal, m->terminal);
    m->order = (struct ecs_grant_order){
        .kind = ECS_GRANT_TEMPORARY,
        .imsi = &odsa->auth->imsi,
        .terminal = odsa->request->has_terminal ? m->terminal : NULL,
        .app = q->app,
        .operations = allowed,
    };
    return ecs_grant_mint(f, odsa->env->auth, &m->order, &m->grant);
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct minting *m = odsa->work->own;
    struct odsa_answer *a = &odsa->work->answer;
    struct ecs_str list = ECS_STR("");

    for (size_t i = 0; i < ECS_ARRAY_LEN(targets) && list.p; i++)
        if (m->order.operations >> targets[i].operation & 1)
            list = ecs_str_of(ecs_printf(f->arena, "%.*s%s%s", ECS_FMT(list), list.n ? "," : "",
                                         ecs_operation_name(targets[i].operation)));
    if (!list.p)
        return odsa_out_of_memory(f);
    a->token = ecs_str_of(m->grant.text);
    a->token_expiry = ecs_str_of(m->grant.added.expiry);
    a->token_targets = list;
    odsa->work->pending = true; /* it ends soon */
    return ECS_DONE;
}

const struct ecs_step op_acquire_temporary_token_steps[] = {
    {"mint-token", mint, MINT_LIMIT_MS},
    {"answer-token", answer, 0},
    {0},
};
