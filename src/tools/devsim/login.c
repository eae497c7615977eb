/* SPDX-License-Identifier: Apache-2.0 */
/* The whole story of a client: which credential it tries, in how many steps, and what it makes of the
 * document. What it does after a status is in status.c. */

#include <string.h>

#include "device.h"

/* ---- document ---- */

void ecs_sim_device_study(struct ecs_sim_device *d, struct ecs_buf *words)
{
    struct ecs_str token;
    char *kept;

    if (!d->has_document)
        return;
    ecs_sim_document_check(&d->document, ecs_sim_response_header(&d->response, "Content-Type"), &d->sent,
                           &d->report);
    if (!ecs_sim_view_read(&d->view, d->arena, d->wire.who, &d->document, &d->report))
        return;
    ecs_sim_meaning(words, d->wire.who, &d->document, &d->view, &d->sent, &d->report);
    if (d->wire.who->forgets_token)
        return;
    token = ecs_sim_view_get(&d->view, d->wire.who, ECS_STR("TOKEN"), "token");
    kept = token.n ? ecs_strdup(d->arena, token) : NULL;
    if (kept)
        d->token = (struct ecs_str){kept, token.n};
}

/* ---- story ---- */

enum ecs_sim_result ecs_sim_result_of(const struct ecs_sim_device *d)
{
    static const enum ecs_sim_result results[] = {
        [ECS_SIM_GOT_DOCUMENT] = ECS_SIM_RESULT_OK,        [ECS_SIM_GOT_CHALLENGE] = ECS_SIM_RESULT_BROKEN,
        [ECS_SIM_GOT_STATUS] = ECS_SIM_RESULT_REFUSED,     [ECS_SIM_GOT_RUBBISH] = ECS_SIM_RESULT_BROKEN,
        [ECS_SIM_GOT_NOTHING] = ECS_SIM_RESULT_CONNECTION, [ECS_SIM_SILENT] = ECS_SIM_RESULT_SIM,
    };
    unsigned bad = d->report.breaks + (d->lenient ? 0 : d->report.faults);

    if (results[d->outcome] == ECS_SIM_RESULT_OK && bad)
        return ECS_SIM_RESULT_BROKEN;
    return results[d->outcome];
}

/* The request that only authenticates leaves the operation out. */
static enum ecs_sim_outcome authenticate(struct ecs_sim_device *d, bool without_operation)
{
    d->wire.authenticates = without_operation;
    ecs_sim_device_start(d, d->usim ? ECS_SIM_AUTH_EAP : ECS_SIM_AUTH_NONE);
    d->wire.authenticates = false;
    ecs_sim_device_go_on(d);
    return d->outcome;
}

static bool has_operation(const struct ecs_sim_device *d)
{
    struct ecs_str given = ecs_sim_params_get(&d->params, "operation");

    if (given.p)
        return given.n && !ecs_str_eq(given, ecs_str_of(ecs_sim_unwanted));
    return d->wire.who->odsa != NULL;
}

/* One client tries the same again by POST. */
static void post_after_405(struct ecs_sim_device *d, enum ecs_sim_auth auth)
{
    if (d->outcome != ECS_SIM_GOT_STATUS || d->response.status != 405 || d->wire.post ||
        !d->wire.who->posts_after_405)
        return;
    ecs_sim_explain_say(&d->explain, "   status 405: the client sends its parameters by POST");
    d->wire.post = true;
    ecs_sim_device_start(d, auth);
    ecs_sim_device_go_on(d);
}

static enum ecs_sim_outcome full(struct ecs_sim_device *d, struct ecs_buf *words)
{
    bool two_steps = d->wire.who->two_steps && has_operation(d);

    d->token = ECS_STR_NULL;
    authenticate(d, two_steps);
    post_after_405(d, ECS_SIM_AUTH_EAP);
    if (d->outcome == ECS_SIM_GOT_STATUS)
        ecs_sim_status_judge(d, false, 0);
    if (d->outcome != ECS_SIM_GOT_DOCUMENT)
        return d->outcome;
    ecs_sim_device_study(d, words);
    if (!two_steps)
        return d->outcome;
    if (!d->token.n) {
        ecs_sim_find(&d->report, ECS_SIM_BREAK, "C-30", "the authentication gave no token for the operation");
        return d->outcome = ECS_SIM_GOT_RUBBISH;
    }
    ecs_sim_explain_say(&d->explain, "   authenticated; now the operation with the token");
    ecs_buf_reset(words);
    if (ecs_sim_device_start(d, ECS_SIM_AUTH_TOKEN) == ECS_SIM_GOT_DOCUMENT)
        ecs_sim_device_study(d, words);
    else if (d->outcome == ECS_SIM_GOT_STATUS)
        ecs_sim_status_judge(d, true, 1);
    return d->outcome;
}

/* With a temporary token there is one request, and no way back to the card. */
static enum ecs_sim_result with_temporary(struct ecs_sim_device *d, struct ecs_buf *words)
{
    if (ecs_sim_device_start(d, ECS_SIM_AUTH_TEMPORARY) == ECS_SIM_GOT_DOCUMENT)
        ecs_sim_device_study(d, words);
    else if (d->outcome == ECS_SIM_GOT_STATUS)
        ecs_sim_status_judge(d, false, 0);
    return ecs_sim_result_of(d);
}

enum ecs_sim_result ecs_sim_device_login(struct ecs_sim_device *d, struct ecs_buf *words)
{
    if (d->wire.who->reader == ECS_SIM_READER_PNV)
        return ecs_sim_device_pnv(d, words);
    if (d->temporary.n)
        return with_temporary(d, words);
    if (d->token.n && !d->wire.who->forgets_token) {
        ecs_sim_device_start(d, ECS_SIM_AUTH_TOKEN);
        post_after_405(d, ECS_SIM_AUTH_TOKEN);
        if (d->outcome == ECS_SIM_GOT_DOCUMENT) {
            ecs_sim_device_study(d, words);
            return ecs_sim_result_of(d);
        }
        if (d->outcome != ECS_SIM_GOT_STATUS || !ecs_sim_status_judge(d, true, 0))
            return ecs_sim_result_of(d);
    }
    full(d, words);
    return ecs_sim_result_of(d);
}
