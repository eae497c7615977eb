/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts at identity providers and the lines they stand for. Subjects are personal: they are shown to those
 * who may see subscribers, and never written to the audit table. */
#include "admin_internal.h"

#include "ecs/store_login.h"

enum { SUBJECT_MAX = 255 };

struct subject {
    struct ecs_str subject;
    struct ecs_subject_rows rows;
    bool created;
};

static enum ecs_next list(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct subject *s = admin_own(c, sizeof(*s));
    enum ecs_next next = admin_take_imsi(c);

    if (next != ECS_NEXT)
        return next;
    return s ? ecs_store_subject_list(f, c->front->store, ecs_str_of(c->imsi.s), &s->rows)
             : admin_no_memory(c);
}

static enum ecs_next write_list(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct subject *s = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "subjects", '[');
    for (size_t i = 0; i < s->rows.n; i++) {
        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_str(&c->out, "provider", s->rows.rows[i].provider);
        ecs_json_str(&c->out, "subject", s->rows.rows[i].subject);
        admin_write_time(&c->out, "created_at", s->rows.rows[i].created_at);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_subject_list_steps[] = {{"list", list, 0}, {"write-list", write_list, 0}, {0}};

static const struct ecs_json_field put_fields[] = {
    {"subject", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct subject, subject), .low = 1,
     .high = SUBJECT_MAX},
    {0},
};

static enum ecs_next put(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct subject *s = admin_own(c, sizeof(*s));
    enum ecs_next next = admin_take_imsi(c);

    if (next == ECS_NEXT && !s)
        next = admin_no_memory(c);
    c->refused =
        "refused by the database: the subscriber does not exist, or the provider's name has the wrong form";
    if (next == ECS_NEXT)
        next = admin_bind(c, put_fields, s);
    return next == ECS_NEXT ? ecs_store_subject_put(f, c->front->store, c->arg[1], s->subject,
                                                    ecs_str_of(c->imsi.s), &s->created)
                            : next;
}

static enum ecs_next say_put(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct subject *s = c->own;

    admin_audit(c, "subject.add");
    ecs_json_str(&c->detail_out, "provider", c->arg[1]);
    c->status = s->created ? 201 : 200;
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "imsi", ecs_str_of(c->imsi.s));
    ecs_json_str(&c->out, "provider", c->arg[1]);
    ecs_json_bool(&c->out, "created", s->created);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_subject_put_steps[] = {{"put", put, 0}, {"say-put", say_put, 0}, {0}};

static enum ecs_next forget(struct ecs_flow *f)
{
    static const char *const names[] = {"subject", NULL};
    struct admin_call *c = f->self;
    struct subject *s = admin_own(c, sizeof(*s));
    enum ecs_next next = admin_take_imsi(c);

    if (next == ECS_NEXT && !s)
        next = admin_no_memory(c);
    c->not_found = "the line has no such account";
    if (next == ECS_NEXT)
        next = admin_query(c, names, &s->subject);
    if (next == ECS_NEXT && !s->subject.n)
        next = admin_refuse(c, "subject", "is needed");
    return next == ECS_NEXT
               ? ecs_store_subject_delete(f, c->front->store, c->arg[1], s->subject, ecs_str_of(c->imsi.s))
               : next;
}

static enum ecs_next say_forgotten(struct ecs_flow *f)
{
    struct admin_call *c = f->self;

    admin_audit(c, "subject.remove");
    ecs_json_str(&c->detail_out, "provider", c->arg[1]);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "imsi", ecs_str_of(c->imsi.s));
    ecs_json_str(&c->out, "provider", c->arg[1]);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_subject_delete_steps[] = {
    {"forget", forget, 0}, {"say-forgotten", say_forgotten, 0}, {0}};
