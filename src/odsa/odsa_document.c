/* SPDX-License-Identifier: Apache-2.0 */
/* The block of an operation (Tables 38 to 48): from the answer to nodes. Which members go together is kept
 * here, so that no operation can make a document that TS.43 forbids (digest 12, items 27 to 38). */
#include "op_priv.h"

#include <string.h>

struct writer {
    const struct odsa_answer *answer;
    const struct ecs_odsa_conf *conf;
    struct ecs_doc *doc;
};

static void add(const struct writer *w, struct ecs_doc_node *in, const char *name, struct ecs_str value)
{
    if (value.n)
        ecs_doc_str(w->doc, in, name, value);
}

static void add_text(const struct writer *w, struct ecs_doc_node *in, const char *name, struct ecs_str text)
{
    if (text.n)
        ecs_doc_str(w->doc, in, name, ecs_doc_text(w->doc->arena, text));
}

/* Also when there is nothing to say. */
static void add_always(const struct writer *w, struct ecs_doc_node *in, const char *name, struct ecs_str text,
                       struct ecs_str else_text)
{
    add_text(w, in, name, text.n ? text : else_text);
}

/* prefix and base64 in one text of the arena. */
static struct ecs_str encode(const struct writer *w, const char *prefix, struct ecs_str text)
{
    size_t n = strlen(prefix);
    char *out = ecs_alloc(w->doc->arena, n + ECS_BASE64_LEN(text.n) + 1);

    if (!out) {
        w->doc->failed = true;
        return ECS_STR_NULL;
    }
    memcpy(out, prefix, n);
    return (struct ecs_str){out, n + ecs_base64_encode(text.p, text.n, out + n)};
}

/* ---- download ---- */

/* As the client shall have it: with or without "LPA:", base64 or plain (clients.md C-38). */
static struct ecs_str code_of(const struct writer *w, struct ecs_str code)
{
    bool has = ecs_str_starts_with_nocase(code, ECS_STR("LPA:"));
    struct ecs_str bare = has ? (struct ecs_str){code.p + 4, code.n - 4} : code;

    if (w->conf->lpa_prefix) {
        char *text = ecs_printf(w->doc->arena, "LPA:%.*s", ECS_FMT(bare));

        w->doc->failed |= !text;
        bare = ecs_str_of(text);
    }
    return w->conf->raw_code ? bare : encode(w, "", bare);
}

static void add_download(const struct writer *w, struct ecs_doc_node *in, const struct odsa_download *d)
{
    struct ecs_doc_node *group;

    if (!d)
        return;
    group = ecs_doc_group(w->doc, in, "DownloadInfo");
    add(w, group, "ProfileIccid", d->iccid);
    if (d->code.n)
        add(w, group, "ProfileActivationCode", code_of(w, d->code));
    else
        add(w, group, "ProfileSmdpAddress", d->address);
}

/* ---- question ---- */

static void add_message(const struct writer *w, struct ecs_doc_node *in, const struct odsa_message *m)
{
    struct ecs_doc_node *group;

    if (!m || !m->text.n)
        return;
    group = ecs_doc_group(w->doc, in, "MSG");
    add_text(w, group, "Title", m->title);
    add_text(w, group, "Message", m->text);
    ecs_doc_int(w->doc, group, "Accept_btn", m->has_accept);
    if (m->has_accept)
        add_text(w, group, "Accept_btn_label", m->accept);
    ecs_doc_int(w->doc, group, "Reject_btn", m->has_reject);
    if (m->has_reject)
        add_text(w, group, "Reject_btn_label", m->reject);
    ecs_doc_int(w->doc, group, "Accept_freetext", m->freetext);
    if (!m->freetext)
        return;
    add_text(w, group, "Accept_freetext_hint", m->hint);
    if (!m->validation.n)
        return;
    add(w, group, "Accept_freetext_validation", encode(w, "encodedValue=", m->validation));
    add_text(w, group, "Accept_freetext_validation_failed_error_text", m->validation_error);
}

/* ---- operations ---- */

static void add_polling(const struct writer *w, struct ecs_doc_node *in, int polling)
{
    if (polling <= 0)
        return;
    ecs_doc_int(w->doc, in, "PollingInterval", polling);
    if (w->answer->polling_unit)
        ecs_doc_int(w->doc, in, "PollingIntervalUnit", w->answer->polling_unit);
}

static const char *eligibility_name(enum ecs_app app)
{
    return app == ECS_APP_2006   ? "CompanionAppEligibility"
           : app == ECS_APP_2009 ? "PrimaryAppEligibility"
                                 : "EnterpriseAppEligibility";
}

static void write_eligibility(const struct writer *w, struct ecs_doc_node *node)
{
    const struct odsa_answer *a = w->answer;

    ecs_doc_int(w->doc, node, eligibility_name(a->app), a->eligibility);
    if (a->app == ECS_APP_2006)
        ecs_doc_str(w->doc, node, "CompanionDeviceServices",
                    a->eligibility == ECS_ELIGIBILITY_ENABLED ? a->services : ECS_STR(""));
    /* Pages are for users: a managing server has none. */
    if (a->eligibility != ECS_ELIGIBILITY_ENABLED && a->page_url.n && a->app != ECS_APP_2011) {
        add(w, node, "NotEnabledURL", a->page_url);
        add(w, node, "NotEnabledUserData", a->page_data);
        add(w, node, "NotEnabledContentsType", a->page_type);
    }
    if (a->app == ECS_APP_2009 && a->eligibility == ECS_ELIGIBILITY_DISABLED)
        add_polling(w, node, a->polling);
}

static void write_configuration(const struct writer *w, struct ecs_doc_node *node,
                                const struct odsa_configuration *c)
{
    const struct ecs_profile *info = c->device_info;

    add(w, node, "ICCID", c->iccid);
    if (w->answer->app == ECS_APP_2006)
        ecs_doc_str(w->doc, node, "CompanionDeviceService",
                    c->service.n ? c->service : ecs_str_of(odsa_service_names[0]));
    ecs_doc_int(w->doc, node, "ServiceStatus", c->status);
    if (c->secondary && w->answer->app == ECS_APP_2009)
        ecs_doc_int(w->doc, node, "SecondaryICCID", 1);
    if (c->status == ODSA_SS_ACTIVATING)
        add_polling(w, node, c->polling);
    if (c->status == ODSA_SS_ON || c->status == ODSA_SS_ACTIVATING)
        add_download(w, node, c->download);
    if (info && w->answer->app == ECS_APP_2006) {
        struct ecs_doc_node *group = ecs_doc_group(w->doc, node, "CompanionDeviceInfo");

        add_always(w, group, "CompanionTerminalFriendlyName", info->name,
                   info->model.n ? info->model : ECS_STR("eSIM"));
        add_always(w, group, "CompanionTerminalVendor", info->vendor, ECS_STR("unknown"));
        add_text(w, group, "CompanionTerminalModel", info->model);
        add(w, group, "CompanionTerminalEid", info->eid);
    }
    if (w->answer->app == ECS_APP_2009)
        add_message(w, node, c->message);
}

static void write_configurations(const struct writer *w, struct ecs_doc_node *node)
{
    static const struct {
        enum ecs_app app;
        const char *list, *item;
        bool always, alone; /* also without entries; without the list when there is one entry */
    } forms[] = {
        {ECS_APP_2006, "CompanionConfigurations", "CompanionConfiguration", false, false},
        {ECS_APP_2009, "PrimaryConfigurations", "PrimaryConfiguration", false, true},
        {ECS_APP_2011, "EnterpriseDeviceConfigurations", "EnterpriseConfiguration", true, false},
    };
    const struct odsa_answer *a = w->answer;
    struct ecs_doc_node *list;
    size_t i = 0;

    while (forms[i].app != a->app)
        i++;
    if (a->n_configurations == 0 && !forms[i].always)
        return;
    if (a->n_configurations == 1 && forms[i].alone) {
        write_configuration(w, ecs_doc_group(w->doc, node, forms[i].item), &a->configurations[0]);
        return;
    }
    list = ecs_doc_list_boxed(w->doc, node, forms[i].list, forms[i].item);
    for (size_t k = 0; k < a->n_configurations; k++)
        write_configuration(w, ecs_doc_item(w->doc, list), &a->configurations[k]);
}

static void write_subscription(const struct writer *w, struct ecs_doc_node *node)
{
    const struct odsa_answer *a = w->answer;

    if (a->subscription == ODSA_SR_WEBSHEET) {
        add(w, node, "SubscriptionServiceURL", a->page_url);
        add(w, node, "SubscriptionServiceUserData", a->page_data);
        add(w, node, "SubscriptionServiceContentsType", a->page_type);
    }
    if (a->subscription == ODSA_SR_DOWNLOAD)
        add_download(w, node, a->download);
    if (a->subscription == ODSA_SR_ASK && a->app == ECS_APP_2009)
        add_message(w, node, a->message);
    /* The native answer of a recovery has both (14.22). */
    if (a->n_configurations)
        write_configurations(w, node);
    ecs_doc_int(w->doc, node, "SubscriptionResult", a->subscription);
}

static void write_service(const struct writer *w, struct ecs_doc_node *node)
{
    ecs_doc_int(w->doc, node, "ServiceStatus", w->answer->service_status);
}

static void write_plans(const struct writer *w, struct ecs_doc_node *node)
{
    const struct odsa_answer *a = w->answer;
    struct ecs_doc_node *list;

    if (!a->n_plans)
        return;
    list = ecs_doc_list_boxed(w->doc, node, "PlanOffers", "PlanOffer");
    for (size_t i = 0; i < a->n_plans; i++) {
        struct ecs_doc_node *item = ecs_doc_item(w->doc, list);

        add(w, item, "PlanId", a->plans[i].id); /* comes back as plan_id: as it is */
        add_text(w, item, "PlanName", a->plans[i].name);
        add_text(w, item, "PlanDescription", a->plans[i].description);
    }
}

static void write_token(const struct writer *w, struct ecs_doc_node *node)
{
    const struct odsa_answer *a = w->answer;

    if (!a->token.n)
        return;
    ecs_doc_str(w->doc, node, "TemporaryToken", a->token);
    ecs_doc_str(w->doc, node, "TemporaryTokenExpiry", a->token_expiry);
    ecs_doc_str(w->doc, node, "OperationTargets", a->token_targets);
}

static const struct {
    enum ecs_operation operation;
    void (*write)(const struct writer *w, struct ecs_doc_node *node);
    bool on_error; /* it has a member that is mandatory beside errors, too (O-064) */
} writers[] = {
    {ECS_OP_CHECK_ELIGIBILITY, write_eligibility, true},
    {ECS_OP_MANAGE_SUBSCRIPTION, write_subscription, true},
    {ECS_OP_MANAGE_SERVICE, write_service, true},
    {ECS_OP_ACQUIRE_CONFIGURATION, write_configurations, false},
    {ECS_OP_ACQUIRE_PLAN, write_plans, false},
    {ECS_OP_ACQUIRE_TEMPORARY_TOKEN, write_token, false},
};

void odsa_document(const struct odsa_answer *answer, const struct ecs_odsa_conf *conf, struct ecs_doc *doc,
                   struct ecs_doc_node *node)
{
    const struct writer w = {answer, conf, doc};
    bool good = answer->result == ECS_RESULT_SUCCESS;

    if (answer->result != ECS_RESULT_INVALID_OPERATION)
        for (size_t i = 0; i < ECS_ARRAY_LEN(writers); i++)
            if (writers[i].operation == answer->operation && (good || writers[i].on_error))
                writers[i].write(&w, node);
    add(&w, node, "GeneralErrorURL", answer->error_url);
    add(&w, node, "GeneralErrorUserData", answer->error_data);
    add_text(&w, node, "GeneralErrorText", answer->error_text);
    ecs_doc_int(doc, node, "OperationResult", answer->result);
}

void ecs_odsa_document(const struct ecs_odsa *odsa, struct ecs_doc *doc, struct ecs_doc_node *node)
{
    odsa_document(&odsa->work->answer, odsa->env->conf, doc, node);
}
