/* SPDX-License-Identifier: Apache-2.0 */
/* ValidateOperatorToken (14.1.6.1): is the token good, and are these the application and the scopes it was
 * made for? A bad token is an answer here, and no 401: the authentication lets it through with its verdict.
 */
#include "userinfo_priv.h"

/* Each of these words is one of the token's. */
static bool covers(struct ecs_str scopes, struct ecs_str asked)
{
    struct ecs_str word, one;
    bool any = false;

    while (ecs_str_cut(&asked, ' ', &word)) {
        struct ecs_str rest = scopes;
        bool found = false;

        if (!word.n)
            continue;
        any = true;
        while (!found && ecs_str_cut(&rest, ' ', &one))
            found = one.n && ecs_str_eq_nocase(one, word);
        if (!found)
            return false;
    }
    return any;
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    const struct userinfo_work *w = info->work;
    const struct ecs_grant_used *grant = info->auth->grant;
    struct userinfo_answer *a = &info->work->answer;
    bool good = grant->verdict == ECS_GRANT_OK && !userinfo_is_orphan(info), client, scope;

    if (!w->client_id.n && !w->scope.n)
        return userinfo_refuse(f, ECS_RESULT_INVALID_PARAMETER, "neither client_id nor scope is there");
    client = good && w->client_id.n && ecs_str_eq_nocase(w->client_id, grant->client_id);
    scope = good && w->scope.n && covers(grant->scope, w->scope);
    a->validity = good && client == (w->client_id.n > 0) && scope == (w->scope.n > 0);
    a->validated = client && scope ? ECS_STR("client_id,scope")
                   : client        ? ECS_STR("client_id")
                   : scope         ? ECS_STR("scope")
                                   : ECS_STR_NULL;
    return ECS_DONE;
}

const struct ecs_step userinfo_validate_operator_token_steps[] = {{"judge-operator-token", answer, 0}, {0}};
