/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of portals: sql/queries/portal.sql. */
#include "ecs/store_portal.h"

#include "ecs/store_data.h"
#include "store_int.h"

const char *const ecs_portal_outcomes[ECS_PORTAL_OUTCOME_COUNT + 1] = {"open", "changed", "dismissed", NULL};

static struct ecs_pg_param state_param(int value)
{
    return value < 0 ? (struct ecs_pg_param){.type = ECS_PG_NULL} : ecs_pg_p_int(ECS_PG_INT2, value);
}

static enum ecs_rc decode_report(struct ecs_flow *f, struct ecs_pg_result *r)
{
    static const char *const verdicts[] = {
        [ECS_PORTAL_DONE] = "done",       [ECS_PORTAL_REPEATED] = "repeated",
        [ECS_PORTAL_OTHER] = "other",     [ECS_PORTAL_CLOSED] = "closed",
        [ECS_PORTAL_FOREIGN] = "foreign", [ECS_PORTAL_GONE] = "gone",
        [ECS_PORTAL_EXPIRED] = "expired", [ECS_PORTAL_UNEXPECTED] = "unexpected",
    };
    struct ecs_portal_reported *ret = r->decode_arg;
    struct ecs_str told = ecs_pg_text(r, 0, 2);
    int verdict = store_word(ecs_pg_text(r, 0, 0), verdicts, ECS_ARRAY_LEN(verdicts));
    int outcome = told.p ? store_word(told, ecs_portal_outcomes, ECS_PORTAL_OUTCOME_COUNT) : ECS_PORTAL_OPEN;
    int64_t revision = ecs_pg_int(r, 0, 1, 0);

    (void)f;
    if (r->rows != 1 || verdict < 0 || outcome < 0 || r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_portal_reported){(enum ecs_portal_verdict)verdict, revision,
                                        (enum ecs_portal_outcome)outcome};
    return ECS_OK;
}

static struct ecs_str outcome_of(const struct ecs_portal_report *report)
{
    return ecs_str_of(report->late ? "late" : ecs_portal_outcomes[report->outcome]);
}

/* What the user did besides goes with the report or not at all. */
static enum ecs_next report_result(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_portal_report *report,
                                   struct ecs_portal_reported *ret_reported)
{
    static const char *const results[] = {[ECS_PORTAL_PURCHASED] = "purchased",
                                          [ECS_PORTAL_ACCEPTED] = "accepted",
                                          [ECS_PORTAL_ACTIVATED] = "activated"};
    const struct ecs_pg_param none = {.type = ECS_PG_NULL};
    const char *actor = ecs_printf(f->arena, "partner:%.*s", ECS_FMT(report->partner));
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(report->partner),
        ecs_pg_p_text(report->event_id),
        ecs_pg_p_bytes(report->reference, 32),
        ecs_pg_p_bytes(report->request, 32),
        ecs_pg_p_text(report->imsi),
        ecs_pg_p_text(outcome_of(report)),
        ecs_pg_p_int(ECS_PG_TIMESTAMPTZ, report->expires_s),
        ecs_pg_p_text(report->subject_masked),
        ecs_pg_p_text(report->detail),
        ecs_pg_p_text(ecs_str_of(actor)),
        ecs_pg_p_text(ecs_str_of(results[report->result])),
        report->boost ? ecs_pg_p_int(ECS_PG_INT2, report->boost) : none,
        ecs_pg_p_text(report->key),
        report->seconds ? ecs_pg_p_int(ECS_PG_INT4, report->seconds) : none,
        report->account ? ecs_pg_p_bytes(report->account, ECS_ACCOUNT_LEN) : none,
    };

    if (!actor)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the report does not fit into memory");
    return store_exec(f, store, ECS_STMT_PORTAL_REPORT_RESULT, params, ECS_ARRAY_LEN(params), decode_report,
                      ret_reported);
}

enum ecs_next ecs_store_portal_report(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_portal_report *report,
                                      struct ecs_portal_reported *ret_reported)
{
    const struct ecs_pg_param none = {.type = ECS_PG_NULL};
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(report->partner),
        ecs_pg_p_text(report->event_id),
        ecs_pg_p_bytes(report->reference, 32),
        ecs_pg_p_bytes(report->request, 32),
        ecs_pg_p_text(report->imsi),
        ecs_pg_p_text(report->service),
        state_param(report->terms),
        report->terms_version < 0 ? none : ecs_pg_p_int(ECS_PG_INT4, report->terms_version),
        state_param(report->address),
        report->address_expiry ? ecs_pg_p_int(ECS_PG_TIMESTAMPTZ, report->address_expiry) : none,
        ecs_pg_p_text(report->address_identifier),
        state_param(report->provisioning),
        ecs_pg_p_text(outcome_of(report)),
        ecs_pg_p_int(ECS_PG_TIMESTAMPTZ, report->expires_s),
        ecs_pg_p_text(report->subject_masked),
        ecs_pg_p_text(report->detail),
    };

    if (report->result != ECS_PORTAL_STATES)
        return report_result(f, store, report, ret_reported);
    return store_exec(f, store, ECS_STMT_PORTAL_REPORT, params, ECS_ARRAY_LEN(params), decode_report,
                      ret_reported);
}

static enum ecs_rc decode_flow(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_portal_flow *ret = r->decode_arg, flow = {0};
    int outcome = ECS_PORTAL_OPEN;

    (void)f;
    if (r->rows) {
        flow.partner = ecs_pg_text(r, 0, 0);
        outcome = store_word(ecs_pg_text(r, 0, 1), ecs_portal_outcomes, ECS_PORTAL_OUTCOME_COUNT);
    }
    if (outcome < 0 || r->mistyped)
        return ECS_E_INTERNAL;
    flow.outcome = (enum ecs_portal_outcome)outcome;
    *ret = flow;
    return ECS_OK;
}

enum ecs_next ecs_store_portal_flow(struct ecs_flow *f, struct ecs_store *store, const uint8_t reference[32],
                                    struct ecs_portal_flow *ret_flow)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(reference, 32)};

    return store_exec(f, store, ECS_STMT_PORTAL_FLOW_GET, params, 1, decode_flow, ret_flow);
}

enum ecs_next ecs_store_portal_take(struct ecs_flow *f, struct ecs_store *store, const uint8_t reference[32],
                                    struct ecs_str partner, int64_t expires_s,
                                    struct ecs_portal_flow *ret_flow)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_bytes(reference, 32), ecs_pg_p_text(partner),
                                          ecs_pg_p_int(ECS_PG_TIMESTAMPTZ, expires_s)};

    return store_exec(f, store, ECS_STMT_PORTAL_FLOW_TAKE, params, ECS_ARRAY_LEN(params), decode_flow,
                      ret_flow);
}

static enum ecs_rc decode_reaped(struct ecs_flow *f, struct ecs_pg_result *r)
{
    unsigned *ret = r->decode_arg;
    int64_t n = ecs_pg_int(r, 0, 0, 0);

    (void)f;
    if (r->rows != 1 || r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (unsigned)n;
    return ECS_OK;
}

enum ecs_next ecs_store_portal_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                    unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_PORTAL_REAP, params, 1, decode_reaped, ret_rows);
}
