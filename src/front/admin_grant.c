/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for third parties by hand: for tests with a partner, and to end what was handed out. */
#include "admin_internal.h"

#include <string.h>

#include "ecs/grant.h"

enum { LIFE_MAX_S = 86400 };

struct issue {
    int kind;
    struct ecs_str imsi, app, terminal_id, client_id, scope;
    struct ecs_json_strs operations, requestors;
    int64_t life_s;
    enum ecs_app app_id;
    uint8_t terminal[16];
    struct ecs_grant_order order;
    struct ecs_grant grant;
};

static const struct ecs_json_field issue_fields[] = {
    {"kind", ECS_JSON_T_WORD, .required = true, .offset = offsetof(struct issue, kind),
     .words = ecs_grant_kinds},
    {"imsi", ECS_JSON_T_STR, .offset = offsetof(struct issue, imsi), .low = 6, .high = 15},
    {"app", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct issue, app), .low = 6, .high = 6},
    {"operations", ECS_JSON_T_STRS, .required = true, .offset = offsetof(struct issue, operations),
     .high = 32},
    {"requestors", ECS_JSON_T_STRS, .offset = offsetof(struct issue, requestors),
     .high = ECS_GRANT_REQUESTORS_MAX},
    {"terminal_id", ECS_JSON_T_STR, .offset = offsetof(struct issue, terminal_id), .low = 1, .high = 63},
    {"client_id", ECS_JSON_T_STR, .offset = offsetof(struct issue, client_id), .low = 1, .high = 256},
    {"scope", ECS_JSON_T_STR, .offset = offsetof(struct issue, scope), .low = 1, .high = 512},
    {"life_s", ECS_JSON_T_I64, .offset = offsetof(struct issue, life_s), .low = 1, .high = LIFE_MAX_S},
    {0},
};

static enum ecs_next take_imsi(struct admin_call *c, struct ecs_str text)
{
    c->not_found = "there is no subscriber with this IMSI";
    if (!ecs_imsi_parse(text, &c->imsi))
        return admin_refuse(c, "imsi", "must be 6 to 15 digits");
    ecs_imsi_mask(&c->imsi, c->subject);
    memcpy(c->log.imsi, c->subject, sizeof(c->log.imsi));
    return ECS_NEXT;
}

static enum ecs_next take_operations(struct admin_call *c, struct issue *p)
{
    for (size_t i = 0; i < p->operations.n; i++) {
        enum ecs_operation operation;

        if (!ecs_operation_find(p->operations.item[i], &operation))
            return admin_refuse(c, "operations", "must be operations of TS.43 such as GetPhoneNumber");
        if (!ecs_operation_is_of(operation, p->app_id))
            return admin_refuse(c, "operations", "are not all of this application");
        p->order.operations |= 1u << operation;
    }
    return p->order.operations ? ECS_NEXT : admin_refuse(c, "operations", "must name one or more");
}

/* The body into an order; what does not fit together is refused by ecs_grant_mint. */
static enum ecs_next take_order(struct admin_call *c, struct issue *p)
{
    enum ecs_next next = ECS_NEXT;
    struct ecs_terminal_id terminal;

    if (!ecs_app_find(p->app, &p->app_id))
        return admin_refuse(c, "app", "must be an AppID of TS.43 such as ap2014");
    if (!p->imsi.p && p->kind != ECS_GRANT_APP)
        return admin_refuse(c, "imsi", "is needed");
    if (p->imsi.p)
        next = take_imsi(c, p->imsi);
    if (next == ECS_NEXT && p->terminal_id.p) {
        if (!ecs_terminal_id_parse(p->terminal_id, &terminal))
            return admin_refuse(c, "terminal_id", "must be an IMEI or UUID");
        ecs_token_terminal_digest(c->front->crypto, &terminal, p->terminal);
        p->order.terminal = p->terminal;
    }
    p->order.kind = (enum ecs_grant_kind)p->kind;
    p->order.imsi = p->imsi.p ? &c->imsi : NULL;
    p->order.app = p->app_id;
    p->order.requestors = p->requestors.item;
    p->order.requestor_n = p->requestors.n;
    p->order.client_id = p->client_id;
    p->order.scope = p->scope;
    p->order.life_s = p->life_s;
    return next == ECS_NEXT ? take_operations(c, p) : next;
}

static enum ecs_next issue(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct issue *p = ecs_arena_secret(f->arena, sizeof(*p));
    enum ecs_next next;

    if (!p)
        return admin_no_memory(c);
    c->own = p;
    next = admin_bind(c, issue_fields, p);
    if (next == ECS_NEXT)
        next = take_order(c, p);
    c->refused = "the database refuses the token: a value has the wrong form";
    return next == ECS_NEXT ? ecs_grant_mint(f, &c->engine->auth, &p->order, &p->grant) : next;
}

static enum ecs_next say_issued(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct issue *p = c->own;
    struct ecs_str kind = ecs_str_of(ecs_grant_kinds[p->kind]);

    ecs_json_str(&c->detail_out, "kind", kind);
    ecs_json_str(&c->detail_out, "app", ecs_str_of(ecs_app_id(p->app_id)));
    admin_write_words(&c->detail_out, "operations", p->operations.item, p->operations.n);
    ecs_json_str(&c->detail_out, "expires_at", ecs_str_of(p->grant.added.expiry));
    admin_audit(c, "grant.issue");
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "kind", kind);
    ecs_json_str(&c->out, "token", ecs_str_of(p->grant.text));
    ecs_json_str(&c->out, "expires_at", ecs_str_of(p->grant.added.expiry));
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_grant_issue_steps[] = {{"issue", issue, 0}, {"say-issued", say_issued, 0}, {0}};

/* ---- end ---- */

struct ending {
    int kind;
    struct ecs_str imsi, token, found;
    int64_t n;
};

static const struct ecs_json_field end_fields[] = {
    {"imsi", ECS_JSON_T_STR, .offset = offsetof(struct ending, imsi), .low = 6, .high = 15},
    {"kind", ECS_JSON_T_WORD, .offset = offsetof(struct ending, kind), .words = ecs_grant_kinds},
    {"token", ECS_JSON_T_STR, .offset = offsetof(struct ending, token), .low = 1, .high = 4096},
    {0},
};

static enum ecs_next end_tokens(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct ending *p = admin_own(c, sizeof(*p));
    enum ecs_next next = p ? admin_bind(c, end_fields, p) : admin_no_memory(c);

    if (next != ECS_NEXT)
        return next;
    if (!p->imsi.p == !p->token.p)
        return admin_refuse(c, "token", "give either imsi or token (with its kind)");
    if (p->imsi.p) {
        next = take_imsi(c, p->imsi);
        return next == ECS_NEXT ? ecs_store_grant_finish_all(f, c->front->store, ecs_str_of(c->imsi.s), &p->n)
                                : next;
    }
    c->not_found = "this token is not known, or it has ended";
    p->n = 1;
    return ecs_grant_finish(f, &c->engine->auth, (enum ecs_grant_kind)p->kind, p->token, &p->found);
}

static enum ecs_next say_ended(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct ending *p = c->own;

    if (p->found.p && ecs_imsi_parse(p->found, &c->imsi))
        ecs_imsi_mask(&c->imsi, c->subject);
    ecs_json_i64(&c->detail_out, "ended", p->n);
    admin_audit(c, "grant.end");
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "ended", p->n);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_grant_end_steps[] = {
    {"end-tokens", end_tokens, 0}, {"say-ended", say_ended, 0}, {0}};
