/* SPDX-License-Identifier: Apache-2.0 */
/* notif_action and notif_token of a device request (TS.43 2.6.2, Tables 4 and 12). A device that repeats what
 * is known costs nothing: the facts tell its registrations. Anything else is one more statement. */
#include "notify.h"

#include <string.h>

#include "device.h"

enum {
    REGISTER_LIMIT_MS = 5000,
    ACTION_DISABLE = 0,
    RENEW_S =
        1800, /* a line in use keeps its token against another line of the phone: written now and then */
};

struct registering {
    struct device *device;
    struct ecs_register entry;
    char digest[2 * ECS_TOKEN_DIGEST_LEN + 1];
};

bool notify_digest(struct ecs_crypto *crypto, struct ecs_str token, uint8_t ret_digest[ECS_TOKEN_DIGEST_LEN])
{
    uint8_t full[ECS_SHA256_LEN];

    if (!ecs_digest(crypto, ECS_DIGEST_SHA256, &token, 1, full))
        return false;
    memcpy(ret_digest, full, ECS_TOKEN_DIGEST_LEN);
    return true;
}

static struct ecs_str lower_case(struct ecs_arena *arena, struct ecs_str text)
{
    char *copy = ecs_strdup(arena, text);

    for (size_t i = 0; copy && i < text.n; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] + 'a' - 'A');
    return (struct ecs_str){copy, text.n};
}

static bool fill(struct registering *r, struct ecs_flow *f)
{
    const struct device *d = r->device;
    const struct ecs_ts43_request *request = &d->request;
    struct ecs_str *apps = ecs_alloc(f->arena, request->n_apps * sizeof(*apps) + 1);

    r->entry = (struct ecs_register){
        .imsi = ecs_str_of(d->auth.imsi.s),
        .terminal_id = {request->terminal.s, request->terminal.n},
        .app_name = lower_case(f->arena, request->param[ECS_P_APP_NAME]),
        .channel = request->notif_action,
        .token = request->param[ECS_P_NOTIF_TOKEN],
        .apps = apps,
        .n_apps = request->n_apps,
    };
    if (!apps || !r->entry.app_name.p ||
        !notify_digest(d->front->crypto, request->param[ECS_P_NOTIF_TOKEN], r->entry.digest))
        return false;
    for (size_t i = 0; i < request->n_apps; i++)
        apps[i] = ecs_str_of(ecs_app_id(request->apps[i]));
    ecs_hex_encode(r->entry.digest, sizeof(r->entry.digest), r->digest);
    return true;
}

/* A token that this server can send to, by its shape and by the channels that are configured (G-006, G-022).
 */
static bool is_usable(const struct device *d)
{
    int action = d->request.notif_action;

    return d->request.has_terminal && action > ACTION_DISABLE && action != ECS_NOTIF_INVALID &&
           d->engine->push_channels & 1u << action &&
           ecs_push_token_fits((enum ecs_push_channel)action, d->request.param[ECS_P_NOTIF_TOKEN]);
}

static bool is_known_for(const struct registering *r, struct ecs_str app)
{
    const struct ecs_subscriber_facts *facts = &r->device->facts;
    struct ecs_registration have;

    for (size_t i = 0; i < facts->n_registrations; i++)
        if (ecs_registration_read(facts->registrations[i], &have) && have.channel == r->entry.channel &&
            r->device->now - have.registered_at < RENEW_S && ecs_str_eq(have.digest, ecs_str_of(r->digest)) &&
            ecs_str_eq(have.app_name, r->entry.app_name) && ecs_registration_has(&have, app))
            return true;
    return false;
}

static bool is_known(const struct registering *r)
{
    for (size_t i = 0; i < r->entry.n_apps; i++)
        if (!is_known_for(r, r->entry.apps[i]))
            return false;
    return true;
}

/* Takes registrations of this token out of the facts; false: there was none. */
static bool drop_from_facts(struct registering *r, struct ecs_arena *arena)
{
    struct ecs_subscriber_facts *facts = &r->device->facts;
    struct ecs_str *left = ecs_alloc(arena, facts->n_registrations * sizeof(*left) + 1);
    struct ecs_registration have;
    size_t n = 0, before = facts->n_registrations;

    for (size_t i = 0; left && i < before; i++)
        if (!ecs_registration_read(facts->registrations[i], &have) ||
            !ecs_str_eq(have.digest, ecs_str_of(r->digest)))
            left[n++] = facts->registrations[i];
    facts->registrations = left;
    facts->n_registrations = n;
    return n < before;
}

static enum ecs_next register_token(struct ecs_flow *f)
{
    struct registering *r = f->self;

    return ecs_store_push_register(f, r->device->front->store, &r->entry,
                                   &r->device->answer.context.notif_status);
}

static enum ecs_next note_registered(struct ecs_flow *f)
{
    struct registering *r = f->self;
    struct ecs_app_context *c = &r->device->answer.context;

    c->push_now = c->notif_status == ECS_REGISTERED;
    ecs_metric_count(r->device->front->metrics, ECS_M_REGISTRATIONS,
                     c->push_now ? ECS_M_REGISTER_NEW : ECS_M_REGISTER_DUPLICATE);
    return ECS_DONE;
}

static const struct ecs_step register_steps[] = {
    {"register-token", register_token, REGISTER_LIMIT_MS},
    {"note-registered", note_registered, 0},
    {0},
};

static enum ecs_next forget_token(struct ecs_flow *f)
{
    struct registering *r = f->self;

    return ecs_store_push_unregister(f, r->device->front->store, &r->entry);
}

static enum ecs_next note_forgotten(struct ecs_flow *f)
{
    struct registering *r = f->self;

    ecs_metric_count(r->device->front->metrics, ECS_M_REGISTRATIONS, ECS_M_REGISTER_DISABLED);
    return ECS_DONE;
}

static const struct ecs_step forget_steps[] = {
    {"forget-token", forget_token, REGISTER_LIMIT_MS},
    {"note-forgotten", note_forgotten, 0},
    {0},
};

static enum ecs_next refuse(struct device *d)
{
    d->answer.context.notif_status = ECS_REGISTER_INVALID;
    ecs_metric_count(d->front->metrics, ECS_M_REGISTRATIONS, ECS_M_REGISTER_INVALID);
    return ECS_NEXT;
}

/* Servers have no line to be notified of; that of their temporary or operator token is not theirs, whatever
 * terminal_id they name. A phone holds a temporary token in a transfer. */
static bool is_of_server(const struct device *d)
{
    if (d->auth.method == ECS_AUTH_OPERATOR || d->auth.server)
        return true;
    return d->auth.method == ECS_AUTH_TEMPORARY && (ecs_ts43_request_has_app(&d->request, ECS_APP_2014) ||
                                                    ecs_ts43_request_has_app(&d->request, ECS_APP_2015));
}

enum ecs_next notify_register(struct ecs_flow *f)
{
    struct device *d = f->self;
    struct ecs_app_context *c = &d->answer.context;
    bool disable = d->request.notif_action == ACTION_DISABLE;
    struct registering *r;

    c->push_channels = d->engine->push_channels;
    if (d->auth.outcome != ECS_AUTH_PASSED || !d->request.param[ECS_P_NOTIF_TOKEN].n ||
        d->request.notif_action == -1)
        return ECS_NEXT;
    if (!d->auth.imsi.s[0] || is_of_server(d) || (!disable && !is_usable(d)))
        return refuse(d);
    r = ecs_alloc(f->arena, sizeof(*r));
    if (r)
        r->device = d;
    if (!r || !fill(r, f))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the registration");
    if (disable) {
        /* An unknown token is as good as disabled (G-007). */
        if (!drop_from_facts(r, f->arena))
            return ECS_NEXT;
        return d->from_memory ? refuse(d) : ecs_flow_call(f, forget_steps, r);
    }
    if (is_known(r)) {
        c->push_now = true;
        ecs_metric_count(d->front->metrics, ECS_M_REGISTRATIONS, ECS_M_REGISTER_KNOWN);
        return ECS_NEXT;
    }
    return d->from_memory ? refuse(d) : ecs_flow_call(f, register_steps, r);
}
