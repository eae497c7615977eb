/* SPDX-License-Identifier: Apache-2.0 */
/* The whole story of a client: which credential it tries, what it does after each status, and what it makes
 * of the document (clients.md 3.4, 7.5, 8, 9). */

#include <string.h>

#include "device.h"

/* ---- status codes ---- */

struct status_rule {
    int status;
    const char *words;
    const char *harm; /* NULL: no harm. Else a finding */
    const char *rule;
    bool again; /* the client starts a full authentication when it had sent a token */
};

static const struct status_rule library_rules[] = {
    {511, "the token is dropped, a full authentication follows", NULL, "", true},
    {302, "the address goes to a browser", NULL, "", false},
    {0, "the caller gets an error", NULL, "", false},
};
static const struct status_rule ims_rules[] = {
    {511, "the stored document is dropped, a full authentication follows", NULL, "", true},
    {503, "asked again later, services stay as they are", NULL, "", false},
    {0, "failure: with provisioning, Android switches all services on", NULL, "", false},
};
static const struct status_rule samsung_rules[] = {
    {511, "the token is dropped, a full authentication follows", NULL, "", true},
    {503, "asked again later", NULL, "", false},
    {406, "asked again with version 1.0, without limit", "Samsung would repeat without limit after 406",
     "C-44", false},
    {400, "stored: all later requests are blocked until the SIM changes",
     "Samsung blocks all later requests after 400", "C-42", false},
    {403, "stored: all later requests are blocked until the SIM changes", NULL, "", false},
    {404, "the token is dropped, finished", NULL, "", false},
    {405, "asked again, newer ones by POST", NULL, "", false},
    {415, "the token is dropped, finished", NULL, "", false},
    {500, "stored: all later requests are blocked until the SIM changes",
     "Samsung blocks all later requests after 500", "C-42", false},
    {0, "up to three tries, some seconds apart", NULL, "", false},
};
static const struct status_rule health_rules[] = {
    {511, "the token is dropped, a full authentication follows", NULL, "", true},
    {403, "refused, shown to the user", NULL, "", false},
    {409, "the name of the companion is in use, shown to the user", NULL, "", false},
    {500, "server error, shown to the user", NULL, "", false},
    {503, "asked again later", NULL, "", false},
    {0, "the call fails", NULL, "", false},
};
static const struct status_rule headless_rules[] = {
    {401, "the token is dropped, a full authentication follows", NULL, "", true},
    {403, "the token is dropped, a full authentication follows", NULL, "", true},
    {511, "some probes stay stuck here; this one begins again", NULL, "", true},
    {0, "the call fails", NULL, "", false},
};

static const struct status_rule *const rules_of[] = {
    [ECS_SIM_READER_LIBRARY] = library_rules,     [ECS_SIM_READER_IMS] = ims_rules,
    [ECS_SIM_READER_SAMSUNG_OLD] = samsung_rules, [ECS_SIM_READER_SAMSUNG_NEW] = samsung_rules,
    [ECS_SIM_READER_HEALTH] = health_rules,       [ECS_SIM_READER_HEADLESS] = headless_rules,
};

static void check_retry_after(struct ecs_sim_device *d)
{
    struct ecs_str text = ecs_sim_response_header(&d->response, "Retry-After");
    bool ims = d->wire.who->reader == ECS_SIM_READER_IMS;
    uint32_t seconds;

    if (text.n && ecs_str_to_u32(text, &seconds) && seconds > 0)
        return;
    ecs_sim_find(&d->report, ims ? ECS_SIM_BREAK : ECS_SIM_FAULT, "C-42",
                 "503 has no Retry-After in whole positive "
                 "seconds%s",
                 !ims     ? ""
                 : text.n ? ": Android switches services off"
                          : ": Android switches services on");
}

bool ecs_sim_status_judge(struct ecs_sim_device *d, bool with_token, unsigned round)
{
    const struct status_rule *rule = rules_of[d->wire.who->reader];

    while (rule->status && rule->status != d->response.status)
        rule++;
    ecs_sim_explain_say(&d->explain, "   status %d: %s", d->response.status, rule->words);
    if (rule->harm)
        ecs_sim_find(&d->report, ECS_SIM_BREAK, rule->rule, "%s", rule->harm);
    if (d->response.status == 503)
        check_retry_after(d);
    if (with_token && (d->response.status == 401 || d->response.status == 403))
        ecs_sim_find(&d->report, ECS_SIM_NOTE, "C-41", "a bad token is answered 511, not %d",
                     d->response.status);
    return rule->again && with_token && round == 0;
}

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
    token = ecs_sim_view_get(&d->view, d->wire.who, ECS_STR("TOKEN"), "token");
    kept = token.n ? ecs_strdup(d->arena, token) : NULL;
    if (kept)
        d->token = (struct ecs_str){kept, token.n};
}

/* ---- story ---- */

static enum ecs_sim_result result_of(struct ecs_sim_device *d)
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
    struct ecs_sim_params kept = d->params;

    if (without_operation) {
        ecs_sim_params_init(&d->params, d->arena);
        ecs_sim_params_copy(&d->params, &kept);
        for (const struct ecs_sim_param *p = kept.first; p; p = p->next) {
            if (ecs_str_starts_with(p->name, ECS_STR("operation")) ||
                ecs_str_starts_with(p->name, ECS_STR("companion_")) ||
                ecs_str_starts_with(p->name, ECS_STR("MSG_")))
                ecs_sim_params_remove(&d->params, p->name);
        }
    }
    ecs_sim_device_start(d, d->usim ? ECS_SIM_AUTH_EAP : ECS_SIM_AUTH_NONE);
    ecs_sim_device_go_on(d);
    if (without_operation)
        d->params = kept;
    return d->outcome;
}

static enum ecs_sim_outcome full(struct ecs_sim_device *d, struct ecs_buf *words)
{
    bool two_steps =
        ecs_sim_params_get(&d->params, "operation").n > 0 &&
        (d->wire.who->reader == ECS_SIM_READER_LIBRARY || d->wire.who->reader == ECS_SIM_READER_HEALTH);

    d->token = ECS_STR_NULL;
    authenticate(d, two_steps);
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

enum ecs_sim_result ecs_sim_device_login(struct ecs_sim_device *d, struct ecs_buf *words)
{
    if (d->token.n) {
        if (ecs_sim_device_start(d, ECS_SIM_AUTH_TOKEN) == ECS_SIM_GOT_DOCUMENT) {
            ecs_sim_device_study(d, words);
            return result_of(d);
        }
        if (d->outcome != ECS_SIM_GOT_STATUS || !ecs_sim_status_judge(d, true, 0))
            return result_of(d);
    }
    full(d, words);
    return result_of(d);
}
