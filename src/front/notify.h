/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications of devices: registration in the device request, and the runner that empties the outbox. */
#pragma once

#include "ecs/push.h"
#include "ecs/setting.h"
#include "ecs/store_push.h"

struct front;
struct engine;
struct ecs_loop;

enum notify_sms { NOTIFY_SMS_OFF, NOTIFY_SMS_FALLBACK, NOTIFY_SMS_UNREGISTERED, NOTIFY_SMS_INSTEAD };

/* Section "notify". */
struct ecs_notify_conf {
    bool enabled, gcm_as_fcm, with_vowifi, on_policy;
    int sms; /* enum notify_sms */
    int64_t fallback_after, ttl_s;
    int64_t per_second, fcm_per_second, apns_per_second, wns_per_second, sms_per_second;
    int64_t parallel, lease_s, pause_s;
    int64_t campaign_per_second, bulk_rows, policy_delay_s;
    const char *webhook_url, *webhook_secret, *webhook_ca_file; /* url NULL: none */
    struct ecs_str_list webhook_apps;
    int64_t webhook_per_second;
};
extern const struct ecs_setting notify_settings[];
bool notify_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);
extern const char *const notify_sms_names[];

/* ---- engine (engine_push.c) ---- */

/* engine->push, notify and push_channels from the snapshot. False: no memory, or a key that cannot be used
 * (logged). */
bool engine_push_new(struct front *front, struct engine *engine);
void engine_push_free(struct engine *engine);

/* ---- device request (notify_register.c) ---- */

struct ecs_flow;
/* Step of the device request, whose self is struct device: does what notif_action asks for and leaves
 * RegisterNotifStatus and what the fact device.push needs in the context of the answer. */
enum ecs_next notify_register(struct ecs_flow *f);
/* What is compared and kept in place of a token. False: no memory in libcrypto. */
struct ecs_crypto;
bool notify_digest(struct ecs_crypto *crypto, struct ecs_str token, uint8_t ret_digest[ECS_TOKEN_DIGEST_LEN]);

/* ---- runner (notify.c, notify_job.c) ---- */

/* Worker 0. NULL: no memory. */
struct notify *notify_start(struct front *front);
/* The front has another engine. */
void notify_reload(struct notify *notify);
/* Sends under way are given up: their rows come back when the lease ends. NULL allowed. */
void notify_stop(struct notify *notify);
/* Seconds until this channel is used again, 0: it is not stopped. */
int64_t notify_stopped_s(const struct notify *notify, int channel);
const char *notify_channel_name(int channel); /* "fcm" */

/* ---- pure ---- */

/* https://, or http:// to a loopback address. */
bool notify_url_fits(struct ecs_str url);

/* Wait before the next attempt: 10 s x 2^(attempts - 1), at most 15 min, times a random share, and not less
 * than the provider asks for. random: 32 bits of it. */
int64_t notify_backoff_ms(int64_t attempts, int64_t retry_after_s, uint32_t random);
/* "ap2003,ap2004"; with_vowifi adds ap2004 to an IMS application (C-50). NULL: no memory. */
const char *notify_apps_text(struct ecs_arena *arena, const struct ecs_str *apps, size_t n, bool with_vowifi);

/* So many per second, at most one second's worth at once. */
struct notify_bucket {
    double tokens;
    int64_t at_us;
};
/* What may go now, at most want. */
unsigned notify_bucket_has(struct notify_bucket *bucket, int64_t per_second, int64_t now_us, unsigned want);
void notify_bucket_take(struct notify_bucket *bucket, unsigned n);
