/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the audit table. */
#include "admin_internal.h"

#include "ecs/store_operator.h"

enum { USUAL = 50, MOST = 1000 };

struct audit {
    struct ecs_audit_rows rows;
};

static enum ecs_next read_audit(struct ecs_flow *f)
{
    static const char *const names[] = {"limit", "before", NULL};
    struct admin_call *c = f->self;
    struct audit *a = admin_own(c, sizeof(*a));
    struct ecs_str value[2] = {{NULL, 0}, {NULL, 0}};
    int64_t limit = USUAL, before = 0;
    enum ecs_next next = a ? admin_query(c, names, value) : admin_no_memory(c);

    if (next != ECS_NEXT)
        return next;
    if (value[0].p && (!ecs_str_to_i64(value[0], &limit) || limit < 1 || limit > MOST))
        return admin_refuse(c, "limit", "must be a number from 1 to 1000");
    if (value[1].p && (!ecs_str_to_i64(value[1], &before) || before < 1))
        return admin_refuse(c, "before", "must be the id of a row");
    return ecs_store_audit_list(f, c->front->store, before, (unsigned)limit, &a->rows);
}

static enum ecs_next write_audit(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct audit *a = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "audit", '[');
    for (size_t i = 0; i < a->rows.n; i++) {
        const struct ecs_audit_row *row = &a->rows.rows[i];

        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_i64(&c->out, "id", row->id);
        admin_write_time(&c->out, "at", row->at);
        ecs_json_str(&c->out, "actor", row->actor);
        ecs_json_str(&c->out, "role", row->role);
        ecs_json_str(&c->out, "action", row->action);
        ecs_json_str(&c->out, "subject", row->subject);
        admin_write_raw(&c->out, "detail", row->detail);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_audit_list_steps[] = {
    {"read-audit", read_audit, 0}, {"write-audit", write_audit, 0}, {0}};
