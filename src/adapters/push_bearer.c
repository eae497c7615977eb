/* SPDX-License-Identifier: Apache-2.0 */
/* One push by a provider that takes OAuth access tokens: token, post, verdict; a refused token is renewed
 * once. */
#include "adapters/push_int.h"
#include "ecs/oauth_client.h"

struct work {
    struct push_bearer bearer;
    const struct ecs_push_message *message;
    struct ecs_send_result *result;
    int64_t now;
    struct ecs_oauth_token token;
    struct ecs_ask_answer answer;
    bool renewed;
};

static enum ecs_next get_token(struct ecs_flow *f)
{
    struct work *w = f->self;

    return ecs_oauth_client_token(f, w->bearer.oauth, w->now, &w->token);
}

static enum ecs_next post(struct ecs_flow *f)
{
    struct work *w = f->self;
    struct ecs_ask ask = {.method = "POST", .bearer = w->token.token};

    if (w->token.rc != ECS_OK) {
        push_judge_silence(w->token.rc, w->result);
        w->result->reason = w->token.error ? w->token.error : w->result->reason;
        return ECS_DONE;
    }
    if (!w->bearer.write_ask(w->bearer.sender, w->message, f->arena, &ask))
        return push_end(w->result, ECS_SEND_RETRY, "no memory");
    if (ask.body.n > w->bearer.body_max)
        return push_end(w->result, ECS_SEND_BAD, "the payload is too large");
    return ecs_neighbour_ask(f, w->bearer.api, &ask, &w->answer);
}

static enum ecs_next judge(struct ecs_flow *f)
{
    struct work *w = f->self;
    struct push_answer answer = {.status = w->answer.status,
                                 .body = w->answer.body,
                                 .retry_after_s = w->answer.retry_after_s,
                                 .attempts = w->message->attempts};
    struct push_verdict verdict;

    if (w->answer.rc != ECS_OK) {
        push_judge_silence(w->answer.rc, w->result);
        return ECS_DONE;
    }
    w->bearer.judge(&w->answer, &answer, f->arena, &verdict);
    if (verdict.renew && !w->renewed) {
        w->renewed = true;
        ecs_oauth_client_drop(w->bearer.oauth, w->token.token);
        return ecs_flow_goto(f, get_token);
    }
    *w->result = verdict.result;
    return ECS_DONE;
}

static const struct ecs_step steps[] = {
    {"push-token", get_token, 2 * PUSH_STEP_MS},
    {"push-post", post, PUSH_STEP_MS},
    {"push-judge", judge, 0},
    {0},
};

enum ecs_next push_bearer_send(struct ecs_flow *f, const struct push_bearer *bearer,
                               const struct ecs_push_message *message, int64_t now,
                               struct ecs_send_result *ret_result)
{
    struct work *w = ecs_alloc(f->arena, sizeof(*w));

    if (!w) {
        push_end(ret_result, ECS_SEND_RETRY, "no memory");
        return ECS_NEXT;
    }
    *w = (struct work){.bearer = *bearer, .message = message, .result = ret_result, .now = now};
    return ecs_flow_call(f, steps, w);
}
