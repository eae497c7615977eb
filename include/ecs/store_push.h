/* SPDX-License-Identifier: Apache-2.0 */
/* Push registrations of devices and the outbox of notifications (TS.43 2.6, 2.9.5). Rows of the outbox are
 * written by triggers in the transaction of the change; the nodes take them under a lease, so that each is
 * sent at least once, also when a node dies. Each call may wait; texts that go in are borrowed until the next
 * step, texts that come out belong to the arena. Errors as in ecs/store_admin.h. */
#pragma once

#include "ecs/store.h"

enum { ECS_TOKEN_DIGEST_LEN = 16 };
/* Channels of the outbox: enum ecs_push_channel, and the web hook of a partner. */
enum { ECS_NOTIFY_HOOK = 6, ECS_NOTIFY_CHANNELS = 7 };

/* ---- registrations ---- */

/* What the facts of a request tell of a registration. */
struct ecs_registration {
    int channel;             /* 1..4, enum ecs_push_channel */
    struct ecs_str digest;   /* 32 hex digits */
    struct ecs_str apps;     /* "ap2003,ap2004" */
    int64_t registered_at;   /* Unix seconds */
    struct ecs_str app_name; /* lower case, may be empty */
};
/* False: not a text of ecs_subscriber_facts.registrations. Pure. */
bool ecs_registration_read(struct ecs_str text, struct ecs_registration *ret_registration);
bool ecs_registration_has(const struct ecs_registration *registration, struct ecs_str app);

enum { ECS_REGISTERED = 0, ECS_REGISTER_INVALID = 1, ECS_REGISTER_DUPLICATE = 2 }; /* RegisterNotifStatus */

struct ecs_register {
    struct ecs_str imsi, terminal_id, app_name; /* the latter two in lower case */
    int channel;
    struct ecs_str token;
    uint8_t digest[ECS_TOKEN_DIGEST_LEN];
    const struct ecs_str *apps;
    size_t n_apps;
};
/* All applications at once. ret_status: ECS_REGISTERED, or ECS_REGISTER_DUPLICATE when another device or
 * subscription has the token. */
enum ecs_next ecs_store_push_register(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_register *entry, int *ret_status);
/* Forgets the token of entry for this device, whatever it was registered for; an unknown one is no error. */
enum ecs_next ecs_store_push_unregister(struct ecs_flow *f, struct ecs_store *store,
                                        const struct ecs_register *entry);

struct ecs_push_row {
    int64_t id;
    struct ecs_str terminal_id, app_name;
    int channel;
    const struct ecs_str *apps;
    size_t n_apps;
    int64_t registered_at, last_success_at; /* Unix seconds; 0 never */
    int64_t failures;
};
struct ecs_push_rows {
    struct ecs_push_row *rows;
    size_t n;
};
enum ecs_next ecs_store_push_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                  struct ecs_push_rows *ret_rows);

/* ---- outbox ---- */

/* What the triggers have to know of the configuration. */
struct ecs_notify_control {
    bool enabled, with_vowifi, on_policy;
    struct ecs_str sms; /* off, fallback, unregistered, instead */
    int64_t policy_delay_s, bulk_rows, campaign_rate, ttl_s;
    const struct ecs_str *hook_apps; /* changes of these go to the web hook, too */
    size_t n_hook_apps;
};
enum ecs_next ecs_store_notify_control(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_notify_control *control);

struct ecs_outgoing {
    int64_t id, serial, registration; /* registration 0: SMS, web hook */
    struct ecs_str imsi, msisdn;      /* msisdn p NULL: none */
    int channel;
    const struct ecs_str *apps;
    size_t n_apps;
    int64_t attempts; /* this one included */
    struct ecs_str token;
    int64_t timestamp; /* Unix seconds, above every former one of the device; 0 by SMS */
    int64_t life_s;    /* until it is given up */
};
struct ecs_outgoing_rows {
    struct ecs_outgoing *rows;
    size_t n;
};
/* most[channel] rows of each channel at most, leased for lease_s seconds. */
enum ecs_next ecs_store_notify_take(struct ecs_flow *f, struct ecs_store *store,
                                    const unsigned most[ECS_NOTIFY_CHANNELS], unsigned lease_s,
                                    struct ecs_outgoing_rows *ret_rows);

struct ecs_notify_finish {
    int64_t id, serial;
    int class;        /* enum ecs_send_class */
    int64_t delay_ms; /* RETRY, and DROP of a token that came back to life */
    int64_t dead_since_s;
    bool may_sms; /* what push could not do goes by SMS */
};
/* ret_outcome: "sent", "again" (a change joined meanwhile), "held", "later", "sms", "dead", "expired",
 * "dropped", "gone". */
enum ecs_next ecs_store_notify_finish(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_notify_finish *finish, struct ecs_str *ret_outcome);

struct ecs_notify_kept {
    int64_t addresses; /* expired ones told */
    int64_t queued;    /* by one page of a campaign; -1: none is due */
    int64_t expired;   /* notifications given up */
};
enum ecs_next ecs_store_notify_keep(struct ecs_flow *f, struct ecs_store *store, unsigned most,
                                    struct ecs_notify_kept *ret_kept);

struct ecs_notify_depth {
    int64_t waiting[ECS_NOTIFY_CHANNELS], due[ECS_NOTIFY_CHANNELS];
    int64_t oldest_s; /* since when the oldest due one is due */
};
enum ecs_next ecs_store_notify_depth(struct ecs_flow *f, struct ecs_store *store,
                                     struct ecs_notify_depth *ret_depth);

/* ---- by hand, and for changes that no trigger sees ---- */

/* apps n 0: all that each device has registered for. ret_queued: rows, -1: notifications are switched off.
 * ECS_E_NOT_FOUND: no such subscriber. */
enum ecs_next ecs_store_notify_add(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                   const struct ecs_str *apps, size_t n, struct ecs_str reason,
                                   int64_t *ret_queued);
struct ecs_campaign_row {
    int64_t id;
    struct ecs_str scope, value, reason; /* scope: all, plan, brand, lines, services */
    const struct ecs_str *apps;          /* n 0: all */
    size_t n_apps;
    int64_t spread_s;                                  /* -1: at the usual rate */
    int64_t starts_at, total, walked, queued, done_at; /* total -1: not begun; done_at 0: open */
};
struct ecs_campaign_rows {
    struct ecs_campaign_row *rows;
    size_t n;
};
/* Of campaign: scope (all, plan), value, apps, reason, spread_s. ret_id -1: switched off. ECS_E_NOT_FOUND: no
 * such plan. */
enum ecs_next ecs_store_campaign_add(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_campaign_row *campaign, int64_t *ret_id);
enum ecs_next ecs_store_campaign_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                      struct ecs_campaign_rows *ret_rows);
enum ecs_next ecs_store_campaign_cancel(struct ecs_flow *f, struct ecs_store *store, int64_t id);
