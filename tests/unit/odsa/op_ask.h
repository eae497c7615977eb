/* SPDX-License-Identifier: Apache-2.0 */
/* Asking: a query goes in, the block of its application comes out. */
#pragma once

#include "op_rig.h"

#include "ecs/doc.h"

static enum ecs_next call_odsa(struct ecs_flow *f)
{
    return ecs_flow_call(f, ecs_odsa_steps, &rig.odsa);
}

static enum ecs_next succeed(struct ecs_flow *f)
{
    rig.rc = ECS_OK;
    (void)f;
    return ECS_DONE;
}

static enum ecs_next take_failure(struct ecs_flow *f)
{
    rig.rc = f->rc;
    rig.reason = f->reason;
    return ECS_DONE;
}

static const struct ecs_step request_steps[] = {
    {"call", call_odsa, 0}, {"succeed", succeed, 0}, {"fail", take_failure, 0}, {0}};

static void ended(struct ecs_flow *f)
{
    (void)f;
}

/* Facts as the applications load them (src/app/app_facts.c), as far as the delivered rules ask for them. */
static void fill_facts(struct ecs_facts *facts)
{
    memset(facts, 0, sizeof(*facts));
    ecs_facts_set_now(facts, NOW, 0);
    (void)ecs_fact_set_bool(facts, ECS_FACT_SUB_EXISTS, rig.line.known);
    (void)ecs_fact_set_int(facts, ECS_FACT_LINE_STATE, (int64_t)rig.line.line_state);
    (void)ecs_fact_set_bool(facts, ECS_FACT_DEVICE_PUSH, rig.push);
    (void)ecs_fact_set_words(facts, ECS_FACT_PLAN_FEATURES, rig.line.features, rig.line.n_features);
    if (rig.line.sim_changed_at)
        (void)ecs_fact_set_int(facts, ECS_FACT_LINE_SIM_CHANGED, rig.line.sim_changed_at);
}

static void write_block(const struct ecs_ts43_request *request)
{
    struct ecs_doc *doc = ecs_doc_new(rig.arena);
    enum ecs_app app;
    struct ecs_buf out = {0}, fault = {0};
    const char *at;

    assert_true(ecs_operation_app(request, &app));
    assert_true(ecs_doc_vers(doc, 1, rig.odsa.validity_s));
    ecs_odsa_document(&rig.odsa, doc, ecs_doc_app(doc, app));
    if (!rig.json_only && ecs_doc_check(doc, (struct ecs_version){12, 0}, &fault) != ECS_OK)
        fail_msg("%.*s", (int)fault.n, fault.p);
    assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_JSON, &out), ECS_OK);
    ecs_buf_add_char(&out, '\0');
    assert_non_null(at = strstr(out.p, "\"ap20"));
    rig.json = ecs_printf(rig.arena, "%.*s", (int)strlen(at) - 1, at);
    ecs_buf_done(&out);
    ecs_buf_done(&fault);
}

/* tail: parameters behind those that are always there. The answer's rc; the block in rig.json. */
static inline enum ecs_rc ask(const char *app, const char *operation, const char *tail)
{
    struct ecs_ts43_input input = {0};
    struct ecs_ts43_request *request = ecs_alloc(rig.arena, sizeof(*request));
    struct ecs_facts *facts = ecs_alloc(rig.arena, sizeof(*facts));
    struct ecs_flow *flow = ecs_alloc(rig.arena, sizeof(*flow));
    const char *why = "", *device = strstr(tail, "&terminal_id=") ? "" : "&terminal_id=" PHONE;

    input.accept = ecs_str_of(rig.accept ? rig.accept : "application/json");
    input.query = ecs_str_of(ecs_printf(rig.arena,
                                        "app=%s%s%s&vers=1&entitlement_version=12.0%s&terminal_vendor=ACME"
                                        "&terminal_model=ONE5&terminal_sw_version=15%s",
                                        app, operation[0] ? "&operation=" : "", operation, device, tail));
    assert_int_equal(ecs_ts43_request_read(rig.arena, &input, request, &why), ECS_OK);
    rig.line.iccid = db.line_iccid;
    fill_facts(facts);
    rig.auth.request = request;
    rig.odsa = (struct ecs_odsa){.env = &rig.env,
                                 .request = request,
                                 .auth = &rig.auth,
                                 .line = &rig.line,
                                 .facts = facts,
                                 .now = NOW,
                                 .portal = to_portal};
    rig.json = "";
    ecs_flow_start(flow, NULL, rig.arena, NULL, request_steps, &rig, ended);
    if (rig.rc == ECS_OK)
        write_block(request);
    return rig.rc;
}

/* The block is exactly this one. */
static inline void assert_answer(const char *app, const char *operation, const char *tail, const char *wanted)
{
    assert_int_equal(ask(app, operation, tail), ECS_OK);
    if (strcmp(rig.json, ecs_printf(rig.arena, "\"%s\":{%s}", app, wanted)) != 0)
        fail_msg("%s %s%s\n  gave   %s\n  wanted {%s}", app, operation, tail, rig.json, wanted);
}

#define SUBSCRIBE_WATCH                                                                                      \
    "&operation_type=0&companion_terminal_id=" WATCH "&companion_terminal_eid=" WATCH_EID                    \
    "&companion_terminal_vendor=ACME&companion_terminal_friendly_name=Ana"
#define DISMISSED(result) "\"SubscriptionResult\":\"5\",\"OperationResult\":\"" result "\""
