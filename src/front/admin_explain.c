/* SPDX-License-Identifier: Apache-2.0 */
/* "Why is Wi-Fi calling off on this phone?": the answer that a device would get, with facts, rules and plain
 * sentences. The same code builds it as for devices (answer.c), only without credential and token. */
#include "admin_explain.h"

#include <ctype.h>
#include <string.h>

#include "device.h"

enum { NOTICES_MAX = 1000 };

static const char *const formats[] = {"xml", "json", NULL};

struct explain {
    /* as given */
    struct ecs_str imsi, msisdn, app, terminal_id, target_id, enterprise, version, at, language;
    struct ecs_json_strs apps;
    int format;
    /* in work */
    struct ecs_msisdn number;
    struct ecs_subscriber_rows rows;
    struct ecs_facts_key key;
    struct ecs_subscriber_facts facts;
    struct ecs_notice_rows notices;
    struct ecs_ts43_request request;
    struct answer answer;
    struct explain_odsa odsa[EXPLAIN_ODSA_MAX];
    size_t n_odsa, next_app;
    struct explain_blocks blocks;
};

#define TEXT(name, most)                                                                                     \
    {                                                                                                        \
#name, ECS_JSON_T_STR, .offset = offsetof(struct explain, name), .low = 1, .high = most              \
    }
static const struct ecs_json_field explain_fields[] = {
    TEXT(imsi, 15),
    TEXT(msisdn, 17),
    TEXT(app, 16),
    TEXT(terminal_id, 63),
    TEXT(target_id, 63),
    TEXT(enterprise, 128),
    TEXT(version, 16),
    TEXT(at, 40),
    TEXT(language, 100),
    {"boost_type", ECS_JSON_T_STR, .offset = offsetof(struct explain, request.param[ECS_P_BOOST_TYPE]),
     .low = 1, .high = 16},
    {"store_vendor", ECS_JSON_T_STR, .offset = offsetof(struct explain, request.param[ECS_P_STORE_VENDOR]),
     .low = 1, .high = 128},
    {"store_user_id", ECS_JSON_T_STR, .offset = offsetof(struct explain, request.param[ECS_P_STORE_USER_ID]),
     .low = 1, .high = 256},
    {"apps", ECS_JSON_T_STRS, .offset = offsetof(struct explain, apps), .high = ECS_APPS_MAX},
    {"format", ECS_JSON_T_WORD, .offset = offsetof(struct explain, format), .words = formats},
    {0},
};
#undef TEXT

/* ---- the question ---- */

static bool add_app(struct ecs_ts43_request *r, struct ecs_str name)
{
    enum ecs_app app;

    if (!ecs_app_find(name, &app) && !ecs_app_find_name(name, &app))
        return false;
    if (!ecs_ts43_request_has_app(r, app) && r->n_apps < ECS_APPS_MAX)
        r->apps[r->n_apps++] = app;
    return true;
}

static enum ecs_next take_apps(struct admin_call *c, struct explain *e)
{
    static const char what[] = "must be an AppID such as ap2004, or a name such as vowifi";

    if (e->app.p && !add_app(&e->request, e->app))
        return admin_refuse(c, "app", what);
    for (size_t i = 0; i < e->apps.n; i++)
        if (!add_app(&e->request, e->apps.item[i]))
            return admin_refuse(c, "apps", what);
    /* Servers of enterprises have their own application, and no other. */
    for (unsigned app = 0; app < ECS_APP_COUNT && !e->app.p && !e->apps.n; app++)
        if (c->engine->snapshot->offered & 1u << app && (app == ECS_APP_2011) == !!e->enterprise.p)
            e->request.apps[e->request.n_apps++] = (enum ecs_app)app;
    for (size_t i = 0; i < e->request.n_apps; i++)
        if ((e->request.apps[i] == ECS_APP_2011) != !!e->enterprise.p)
            return admin_refuse(c, "enterprise", "goes with ap2011, and ap2011 with nothing else");
    return ECS_NEXT;
}

static enum ecs_next take_device(struct admin_call *c, struct explain *e)
{
    struct ecs_ts43_request *r = &e->request;
    struct ecs_terminal_id target;
    int64_t boost;

    r->kind = ECS_TS43_NEW;
    r->notif_action = -1;
    r->accept_language = e->language;
    r->has_version = true;
    if (!ecs_version_parse(e->version.p ? e->version : ECS_STR("8.0"), &r->version))
        return admin_refuse(c, "version", "must be a version of TS.43 such as 8.0");
    if (e->target_id.p && !ecs_terminal_id_parse(e->target_id, &target))
        return admin_refuse(c, "target_id", "must be an IMEI or a UUID as the device sends it");
    if (e->request.param[ECS_P_BOOST_TYPE].p &&
        (!ecs_str_to_i64(e->request.param[ECS_P_BOOST_TYPE], &boost) || boost < 0 || boost > 255))
        return admin_refuse(c, "boost_type", "must be a number from 0 to 255");
    if (!e->terminal_id.p)
        return ECS_NEXT;
    r->has_terminal = ecs_terminal_id_parse(e->terminal_id, &r->terminal);
    return r->has_terminal
               ? ECS_NEXT
               : admin_refuse(c, "terminal_id", "must be an IMEI or a UUID as the device sends it");
}

static enum ecs_next read_question(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct explain *e = admin_own(c, sizeof(*e));
    enum ecs_next next = e ? admin_bind(c, explain_fields, e) : admin_no_memory(c);
    int64_t at = 0;

    if (next == ECS_NEXT && !!e->imsi.p + !!e->msisdn.p + !!e->enterprise.p != 1)
        next = admin_refuse(c, e->imsi.p ? "msisdn" : "imsi", "give either imsi or msisdn, or enterprise");
    if (next == ECS_NEXT)
        next = take_apps(c, e);
    if (next == ECS_NEXT)
        next = take_device(c, e);
    if (next == ECS_NEXT)
        next = admin_time(c, "at", e->at, &at);
    if (next != ECS_NEXT)
        return next;
    e->answer = (struct answer){
        .front = c->front, .engine = c->engine, .arena = f->arena, .now = e->at.p ? at : c->now};
    if (!e->msisdn.p)
        return ECS_NEXT;
    if (!ecs_msisdn_parse(e->msisdn, &e->number))
        return admin_refuse(c, "msisdn", "must be 5 to 15 digits with the country code");
    return ecs_store_subscriber_get(f, c->front->store, ECS_BY_MSISDN, ecs_str_of(e->number.s), &e->rows);
}

/* ---- facts ---- */

/* No line: what is known of the enterprise comes with its eligibility. */
static enum ecs_next take_enterprise(struct ecs_flow *f, struct explain *e)
{
    char *lower = ecs_strdup(f->arena, e->enterprise);

    if (!lower)
        return admin_no_memory(f->self);
    for (char *p = lower; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    e->enterprise.p = lower;
    return ECS_NEXT;
}

static enum ecs_next load_facts(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct explain *e = c->own;
    struct ecs_ts43_request *r = &e->request;

    if (e->enterprise.p)
        return take_enterprise(f, e);
    if (e->msisdn.p && e->rows.n == 0)
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "no subscriber has this number");
    if (e->msisdn.p && e->rows.n > 1)
        return ecs_flow_fail(f, ECS_E_CONFLICT, "%zu lines have this number: ask with the IMSI", e->rows.n);
    if (!ecs_imsi_parse(e->msisdn.p ? e->rows.rows[0].imsi : e->imsi, &c->imsi))
        return admin_refuse(c, "imsi", "must be 6 to 15 digits");
    ecs_imsi_mask(&c->imsi, c->subject);
    memcpy(c->log.imsi, c->subject, sizeof(c->log.imsi));
    r->imsi = c->imsi;
    r->has_imsi = true;
    e->key = admin_facts_key(c);
    if (r->has_terminal) {
        e->key.terminal_id = (struct ecs_str){r->terminal.s, r->terminal.n};
        if (r->terminal.tac[0])
            e->key.tac = ecs_str_of(r->terminal.tac);
    }
    if (!ecs_app_data_key(f->arena, c->front->crypto, r, c->engine->snapshot->offered, &e->key))
        return admin_no_memory(c);
    return ecs_store_facts(f, c->front->store, &e->key, &e->facts);
}

static enum ecs_next load_notices(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct explain *e = c->own;

    return e->at.p ? ecs_store_notice_list(f, c->front->store, NOTICES_MAX, &e->notices) : ECS_NEXT;
}

/* ---- the answer ---- */

/* The data for the portal open it in the subscriber's name: not for a viewer's eyes. */
static void hide_user_data(struct ecs_doc *doc)
{
    for (struct ecs_doc_app *app = doc->app; app; app = app->next)
        for (struct ecs_doc_node *n = app->node.child; n; n = n->next)
            if ((ecs_str_eq(n->name, ECS_STR("ServiceFlow_UserData")) ||
                 ecs_str_eq(n->name, ECS_STR("PrivateUserID"))) &&
                n->value.n)
                n->value = ECS_STR("hidden");
}

/* Those known here, but not in without (NULL: all). */
static void write_facts(struct admin_call *c, const struct ecs_facts *facts, const struct ecs_facts *without)
{
    struct ecs_buf text = {0};

    ecs_json_begin(&c->out, "facts", '{');
    for (unsigned i = 0; i < ECS_FACT_COUNT; i++) {
        if (!facts->v[i].known || (without && without->v[i].known))
            continue;
        ecs_buf_reset(&text);
        ecs_fact_print(facts, (enum ecs_fact)i, &text);
        ecs_json_str(&c->out, ecs_fact_name((enum ecs_fact)i), ecs_buf_str(&text));
    }
    ecs_json_end(&c->out, '}');
    ecs_buf_done(&text);
}

/* Operations have facts of their own. */
static const struct ecs_facts *facts_of(const struct explain *e, enum ecs_app app)
{
    for (size_t i = 0; i < e->n_odsa; i++)
        if (e->odsa[i].app == app)
            return &e->odsa[i].facts;
    return &e->answer.context.facts;
}

static enum ecs_rc write_app(struct admin_call *c, const struct explain *e,
                             const struct ecs_app_result *result, const struct ecs_doc_node *block)
{
    const struct ecs_app_context *context = &e->answer.context;
    const struct ecs_facts *facts = facts_of(e, result->app);
    struct ecs_buf explanation = {0};
    struct admin_sentence s;
    enum ecs_service service;
    enum ecs_rc rc;

    if (result->offered &&
        (ecs_app_service(result->app, &service) || explain_has_eligibility(result->app, &service)))
        ecs_explain(context->policy, service, facts, &explanation);
    rc = explanation.overflow ? ECS_E_TOO_LARGE
                              : admin_sentence(c->flow.arena, result, block, facts,
                                               explanation.n ? ecs_buf_str(&explanation) : ECS_STR_NULL, &s);
    if (rc == ECS_OK) {
        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_str(&c->out, "app", ecs_str_of(ecs_app_id(result->app)));
        ecs_json_str(&c->out, "name", ecs_str_of(ecs_app_name(result->app)));
        ecs_json_bool(&c->out, "offered", result->offered);
        ecs_json_i64(&c->out, "status", result->status);
        ecs_json_str(&c->out, "status_word", s.status_word);
        ecs_json_str(&c->out, "rule", result->rule);
        ecs_json_str(&c->out, "summary", s.summary);
        ecs_json_str(&c->out, "phone", s.phone);
        if (facts != &context->facts)
            write_facts(c, facts, &context->facts);
        admin_write_raw(&c->out, "explanation", explanation.n ? ecs_buf_str(&explanation) : ECS_STR("null"));
        ecs_json_end(&c->out, '}');
    }
    ecs_buf_done(&explanation);
    return rc;
}

static enum ecs_rc write_apps(struct admin_call *c, const struct explain *e)
{
    const struct answer *a = &e->answer;
    const struct ecs_doc_app *block = a->doc->app;
    enum ecs_rc rc = ECS_OK;

    ecs_json_begin(&c->out, "applications", '[');
    for (size_t i = 0; i < a->context.result_n && block && rc == ECS_OK; i++, block = block->next)
        rc = write_app(c, e, &a->context.result[i], &block->node);
    ecs_json_end(&c->out, ']');
    return rc;
}

static enum ecs_rc write_document(struct admin_call *c, const struct explain *e)
{
    struct ecs_buf text = {0};
    enum ecs_format format = e->format == 1 ? ECS_FORMAT_JSON : ECS_FORMAT_XML;
    enum ecs_rc rc = ecs_doc_render(e->answer.doc, format, &text);

    if (rc == ECS_OK) {
        ecs_json_begin(&c->out, "document", '{');
        ecs_json_str(&c->out, "content_type", ecs_str_of(ecs_format_type(format)));
        ecs_json_str(&c->out, "language", c->engine->languages[e->answer.context.language]);
        ecs_json_i64(&c->out, "version", e->answer.doc->version);
        ecs_json_i64(&c->out, "validity_s", e->answer.doc->validity_s);
        ecs_json_str(&c->out, "text", ecs_buf_str(&text));
        ecs_json_end(&c->out, '}');
    }
    ecs_buf_done(&text);
    return rc;
}

static void write_orders(struct admin_call *c, unsigned orders)
{
    ecs_json_begin(&c->out, "would_order", '[');
    for (unsigned bit = 1; bit < ECS_ORDER_END; bit <<= 1)
        if (orders & bit)
            ecs_json_str(&c->out, NULL, ecs_str_of(ecs_order_service(bit)));
    ecs_json_end(&c->out, ']');
}

static enum ecs_next prepare(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct explain *e = c->own;
    enum ecs_rc rc = e->at.p ? admin_notices_at(f->arena, &e->notices, e->answer.now, &e->facts) : ECS_OK;

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the facts cannot be gathered");
    answer_prepare(&e->answer, &e->request, &e->facts, NULL);
    e->blocks = (struct explain_blocks){.all = e->odsa, .context = &e->answer.context};
    e->answer.context.operation = explain_odsa_block;
    e->answer.context.operation_arg = &e->blocks;
    return ECS_NEXT;
}

static enum ecs_next write_answer(struct ecs_flow *f);

/* One application after the other; from here to itself until there is none left. */
static enum ecs_next ask_eligibility(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct explain *e = c->own;
    const struct explain_question question = {.request = &e->request,
                                              .line = &e->facts,
                                              .context = &e->answer.context,
                                              .target_id = e->target_id,
                                              .enterprise = e->enterprise,
                                              .json = e->format == 1,
                                              .now = e->answer.now};
    enum ecs_service service;

    while (e->next_app < e->request.n_apps) {
        enum ecs_app app = e->request.apps[e->next_app++];
        struct explain_odsa *one = &e->odsa[e->n_odsa];

        if (!explain_has_eligibility(app, &service) || !(c->engine->snapshot->offered & 1u << app))
            continue;
        explain_odsa_ask(one, c->engine, app, &question);
        e->blocks.n = ++e->n_odsa;
        return ecs_flow_call(f, ecs_odsa_explain_steps, &one->odsa);
    }
    return ecs_flow_goto(f, write_answer);
}

static enum ecs_next ask_next(struct ecs_flow *f)
{
    return ecs_flow_goto(f, ask_eligibility);
}

static enum ecs_next write_answer(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct explain *e = c->own;
    enum ecs_rc rc = answer_build(&e->answer, &e->request, &e->facts, NULL);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the document cannot be built");
    if (c->role == ECS_ROLE_VIEWER)
        hide_user_data(e->answer.doc);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "subject", e->enterprise.p ? e->enterprise : ecs_str_of(c->subject));
    admin_write_time(&c->out, "at", e->answer.now);
    if (!e->enterprise.p)
        ecs_json_bool(&c->out, "known", e->facts.known);
    if (!e->facts.known && !e->enterprise.p)
        ecs_json_str(
            &c->out, "note",
            ECS_STR("this subscriber is not in the database: a device gets 403 before any rule is asked"));
    write_facts(c, &e->answer.context.facts, NULL);
    rc = write_apps(c, e);
    write_orders(c, e->answer.context.orders);
    if (rc == ECS_OK)
        rc = write_document(c, e);
    ecs_json_end(&c->out, '}');
    return rc == ECS_OK ? ECS_DONE : ecs_flow_fail(f, rc, "the explanation cannot be written");
}

const struct ecs_step admin_explain_steps[] = {
    {"read-question", read_question, 0},         {"load-facts", load_facts, 0},
    {"load-notices", load_notices, 0},           {"prepare-answer", prepare, 0},
    {"ask-eligibility", ask_eligibility, 60000}, {"ask-next", ask_next, 0},
    {"write-answer", write_answer, 0},           {0},
};
