/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of journeys and profiles: the view of a request, and profiles without a journey. */
#pragma once

#include "odsa_rig.h"

struct view_call {
    struct ecs_odsa_key key;
    struct ecs_odsa_view view;
};

static inline enum ecs_next call_view(struct ecs_flow *f, void *arg)
{
    struct view_call *c = arg;

    return ecs_store_odsa_view(f, store, &c->key, &c->view);
}

static inline struct ecs_odsa_view view_of(const struct ecs_odsa_key *key)
{
    struct view_call c = {.key = *key};

    outbox_run(call_view, &c);
    return c.view;
}

struct change_call {
    struct ecs_profile_change change;
    const char *notify_reason;
    int64_t id;
};

static inline enum ecs_next call_change(struct ecs_flow *f, void *arg)
{
    struct change_call *c = arg;

    return ecs_store_profile_change(f, store, &c->change, c->notify_reason, &c->id);
}

static inline int64_t changed(const struct ecs_profile_change *change)
{
    struct change_call c = {.change = *change};

    outbox_run(call_change, &c);
    return c.id;
}

static inline struct ecs_profile new_profile(const char *imsi, const char *iccid, const char *terminal)
{
    return (struct ecs_profile){.imsi = ecs_str_of(imsi),
                                .app = 2006,
                                .iccid = ecs_str_of(iccid),
                                .terminal_id = ecs_str_of(terminal),
                                .status = 2};
}

static inline int64_t add_profile(const char *imsi, const char *iccid, const char *terminal)
{
    return changed(&(struct ecs_profile_change){.row = new_profile(imsi, iccid, terminal)});
}

struct iccid_call {
    struct ecs_str iccid;
    struct ecs_profile profile;
};

static inline enum ecs_next call_by_iccid(struct ecs_flow *f, void *arg)
{
    struct iccid_call *c = arg;

    return ecs_store_profile_by_iccid(f, store, c->iccid, &c->profile);
}

static inline struct ecs_profile profile_of(const char *iccid)
{
    struct iccid_call c = {.iccid = ecs_str_of(iccid)};

    outbox_run(call_by_iccid, &c);
    return c.profile;
}
