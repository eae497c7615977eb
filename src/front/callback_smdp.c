/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications of SM-DP+ (smdp.md 8): who may notify is known by the certificate; what can be read is always
 * answered with 204, else it would come again for ever. Journeys and profiles change in ecs/odsa.h. */
#include "callback.h"

#include <string.h>

#include "ecs/odsa.h"
#include "ecs/smdp.h"

enum { NO_CONTENT = 204 };

static bool may_notify(const struct ecs_smdp_conf *conf, const char *subject)
{
    for (size_t i = 0; i < conf->notifiers.n; i++)
        if (ecs_str_eq(conf->notifiers.items[i], ecs_str_of(subject)))
            return true;
    return false;
}

enum ecs_next callback_by_smdp(struct callback_call *c)
{
    const struct ecs_smdp_conf *confs;
    size_t n;

    /* Without TLS nobody has shown a certificate; one with a subject too long to be compared is nobody's. */
    if (!c->over_tls || !c->client.subject[0])
        return callback_refuse(c, CALLBACK_UNKNOWN_PARTNER, NULL);
    confs = ecs_conf_list(c->engine->snapshot->conf, "smdp", &n);
    for (size_t i = 0; i < n && !c->smdp; i++)
        if (may_notify(&confs[i], c->client.subject))
            c->smdp = &confs[i];
    if (!c->smdp)
        return callback_refuse(c, CALLBACK_UNKNOWN_PARTNER, NULL);
    c->caller = c->smdp->name;
    c->extra = (struct ecs_http_header){ECS_STR("X-Admin-Protocol"), ecs_str_of(c->smdp->protocol)};
    return ECS_NEXT;
}

/* ---- a notification ---- */

struct notice {
    struct ecs_smdp_progress progress;
    struct ecs_odsa_inbound inbound;
};

static enum ecs_next read_progress(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct notice *n = ecs_alloc(f->arena, sizeof(*n));
    const char *why = NULL;
    enum ecs_rc rc;

    if (!n)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the call does not fit into memory");
    c->own = n;
    rc = ecs_smdp_progress_read(f->arena, c->body, &n->progress, &why);
    if (rc == ECS_E_BAD_REQUEST)
        return callback_refuse(c, CALLBACK_BAD_REQUEST, why);
    if (rc != ECS_OK && rc != ECS_E_BAD_PARAMETER)
        return ecs_flow_fail(f, rc, "%s", why);
    c->good_status = NO_CONTENT;
    if (rc == ECS_E_BAD_PARAMETER) {
        ecs_log(&c->log, ECS_EV_SMDP, "%s of %s is left alone: %s", c->route->name, c->smdp->name, why);
        return ECS_DONE;
    }
    n->inbound = (struct ecs_odsa_inbound){
        .env = &c->engine->odsa, .sender = ecs_str_of(c->smdp->name), .smdp = &n->progress};
    return ecs_flow_call(f, ecs_odsa_inbound_steps, &n->inbound);
}

static enum ecs_next note_progress(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    const struct notice *n = c->own;
    const struct ecs_smdp_progress *p = &n->progress;

    ecs_log_at(&c->log, ECS_EV_SMDP, n->inbound.known ? ECS_LOG_INFO : ECS_LOG_NOTICE,
               "point %d %s told by %s (%.*s/%.*s): %s", p->point, p->success ? "success" : "failure",
               c->smdp->name, ECS_FMT(p->subject), ECS_FMT(p->reason),
               n->inbound.known ? "taken" : "of a profile that is not known here");
    return ECS_DONE;
}

const struct ecs_step callback_smdp_progress_steps[] = {
    {"read-progress", read_progress, 0},
    {"note-progress", note_progress, 0},
    {0},
};

/* SGP.22 v3. Its own members are not agreed upon among servers: what tells a progress as above is one. */
const struct ecs_step callback_smdp_notice_steps[] = {
    {"read-notice", read_progress, 0},
    {"note-notice", note_progress, 0},
    {0},
};
