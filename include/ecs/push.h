/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to devices: cloud push (FCM HTTP v1, APNs, WNS) and SMS (SMPP 3.4 or an HTTP gateway). One
 * message, one attempt: queueing and repetition are the outbox's (ecs/store_push.h). */
#pragma once

#include "ecs/neighbour.h"

/* Values of notif_action (TS.43 Table 4). */
enum ecs_push_channel {
    ECS_PUSH_GCM = 1, /* shut down by its provider: sent as FCM */
    ECS_PUSH_FCM = 2,
    ECS_PUSH_WNS = 3,
    ECS_PUSH_APNS = 4,
    ECS_PUSH_SMS = 5, /* ours: no registration needed */
};

enum ecs_send_class {
    ECS_SEND_OK,
    ECS_SEND_DROP,   /* this token or number is dead: forget it */
    ECS_SEND_RETRY,  /* later; retry_after_s is a minimum */
    ECS_SEND_CONFIG, /* our credentials or project: the channel is stopped for a while, alarm */
    ECS_SEND_BAD,    /* this message can never be sent: drop it, alarm */
};
struct ecs_send_result {
    enum ecs_send_class class;
    int64_t retry_after_s; /* 0: the sender's own back-off */
    int64_t dead_since_s;  /* DROP by APNs 410: Unix seconds; only registrations older than this; 0: any */
    const char *reason;    /* provider's code, for logs: static or in the flow's arena; no token, no number */
};

struct ecs_push_message {
    enum ecs_push_channel channel;
    struct ecs_str token;     /* cloud push */
    struct ecs_str apps;      /* "ap2003,ap2004" */
    struct ecs_str timestamp; /* "2026-03-04T09:15:00+01:00" */
    struct ecs_str device;    /* opaque, for collapse keys: no identity */
    struct ecs_str msisdn;    /* SMS: digits without "+" */
    struct ecs_str user_id;   /* SMS: IMSI (TS.43 2.6.1) */
    int64_t ttl_s;
    unsigned attempts; /* made before this one: some refusals are worth few attempts only */
};
/* Text for a person (one-time code): no port, GSM 7 bit or UCS-2 as the text needs; or to a port of the
 * device. */
struct ecs_sms_text {
    struct ecs_str msisdn;
    struct ecs_str
        text;      /* UTF-8; one SMS: at most 160 or 70 characters, 133 octets or 66 characters with a port */
    uint16_t port; /* 0: ordinary SMS */
};

struct ecs_push; /* one per worker and snapshot */
struct ecs_push_stats;

/* Sections fcm, apns, wns, sms of the configuration (src/adapters/push_settings.c); NULL: not configured. */
struct ecs_fcm_conf;
struct ecs_apns_conf;
struct ecs_wns_conf;
struct ecs_sms_conf;
struct ecs_push_conf {
    const struct ecs_fcm_conf *fcm;
    const struct ecs_apns_conf *apns;
    const struct ecs_wns_conf *wns;
    const struct ecs_sms_conf *sms;
    struct ecs_neighbour_stats *stats[ECS_PUSH_SMS + 1]; /* by channel; NULL: none */
};
/* NULL with a sentence in *ret_error (static or in arena): a key cannot be used, no memory. The sections are
 * copied; stats, pool and loop must live until the last flow that sends has given its arena back. */
struct ecs_push *ecs_push_new(struct ecs_http_pool *pool, struct ecs_loop *loop,
                              const struct ecs_push_conf *conf, struct ecs_arena *arena,
                              const char **ret_error);
/* Sends under way go on to their end; what they need is freed with the arena of the last of their flows. */
void ecs_push_free(struct ecs_push *push);
bool ecs_push_has(const struct ecs_push *push, enum ecs_push_channel channel);
/* A registration token that this channel could ever send to: shape only; WNS: https and *.notify.windows.com
 * (G-022). */
bool ecs_push_token_fits(enum ecs_push_channel channel, struct ecs_str token);
/* May wait, and never fails the flow by itself: the next step looks at *ret_result. Strings of the message
 * must live until then; now: Unix seconds. */
enum ecs_next ecs_push_send(struct ecs_flow *f, struct ecs_push *push, const struct ecs_push_message *message,
                            int64_t now, struct ecs_send_result *ret_result);
enum ecs_next ecs_push_text(struct ecs_flow *f, struct ecs_push *push, const struct ecs_sms_text *text,
                            struct ecs_send_result *ret_result);
