/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the push senders. Each channel has an object with _new, _free and a send that fills
 * the result and never fails the flow by itself. */
#pragma once

#include "ecs/push_conf.h"

enum {
    PUSH_BODY_MAX = 4096, /* FCM and APNs; WNS takes 5,000 */
    PUSH_APPS_MAX = 16,
    PUSH_STEP_MS = 20000, /* above what a neighbour's call may take */
    PUSH_FEW_ATTEMPTS = 3,
};

struct ecs_push {
    struct ecs_http_pool *pool;
    struct ecs_loop *loop;
    unsigned users; /* flows that may still come back here */
    bool freed;
    struct push_fcm *fcm;
    struct push_apns *apns;
    struct push_wns *wns;
    struct push_sms *sms;
};

/* --- push.c, push_settings.c --- */
enum ecs_next push_end(struct ecs_send_result *result, enum ecs_send_class class, const char *reason);
/* http:// is for loopback addresses only. */
bool push_url_is_plain(const char *url);

/* --- push_payload.c: what devices get, pure --- */
/* NULL, or what is wrong with apps, timestamp or ttl (TS.43 2.6.2). */
const char *push_message_fault(const struct ecs_push_message *message);
/* Bodies; {NULL, 0}: no memory. */
struct ecs_str push_fcm_body(const struct ecs_push_message *message, struct ecs_arena *arena);
struct ecs_str push_apns_body(const struct ecs_push_message *message, struct ecs_arena *arena);
struct ecs_str push_wns_body(const struct ecs_push_message *message, struct ecs_arena *arena);
/* One key per device and set of applications: a newer message replaces an older one that says the same, but
 * never one about something else. NULL: no memory. */
const char *push_collapse_key(const struct ecs_push_message *message, struct ecs_arena *arena);

/* --- push_judge.c: answers of providers, pure --- */
struct push_answer {
    int status;
    struct ecs_str body;
    int64_t retry_after_s;  /* -1: none */
    const char *wns_status; /* X-WNS-NotificationStatus, or NULL */
    unsigned attempts;      /* made before this one */
};
struct push_verdict {
    struct ecs_send_result result;
    bool renew; /* a new access or provider token may help: once */
};
void push_judge_fcm(const struct push_answer *answer, struct ecs_arena *arena,
                    struct push_verdict *ret_verdict);
void push_judge_apns(const struct push_answer *answer, struct ecs_arena *arena,
                     struct push_verdict *ret_verdict);
void push_judge_wns(const struct push_answer *answer, struct push_verdict *ret_verdict);
/* No answer at all; rc is not ECS_OK. */
void push_judge_silence(enum ecs_rc rc, struct ecs_send_result *ret_result);

/* --- push_bearer.c: what providers with OAuth access tokens have in common --- */
struct ecs_oauth_client;
struct push_bearer {
    const void *sender; /* of write_ask */
    struct ecs_neighbour *api;
    struct ecs_oauth_client *oauth;
    size_t body_max;
    /* Address, body and headers of one message; false: no memory. */
    bool (*write_ask)(const void *sender, const struct ecs_push_message *message, struct ecs_arena *arena,
                      struct ecs_ask *ask);
    void (*judge)(const struct ecs_ask_answer *from, const struct push_answer *answer,
                  struct ecs_arena *arena, struct push_verdict *ret_verdict);
};
enum ecs_next push_bearer_send(struct ecs_flow *f, const struct push_bearer *bearer,
                               const struct ecs_push_message *message, int64_t now,
                               struct ecs_send_result *ret_result);

/* --- channels --- */
struct push_fcm *push_fcm_new(struct ecs_http_pool *pool, const struct ecs_fcm_conf *conf,
                              struct ecs_neighbour_stats *stats, struct ecs_arena *arena,
                              const char **ret_error);
void push_fcm_free(struct push_fcm *fcm);
enum ecs_next push_fcm_send(struct ecs_flow *f, struct push_fcm *fcm, const struct ecs_push_message *message,
                            int64_t now, struct ecs_send_result *ret_result);

struct push_apns *push_apns_new(struct ecs_http_pool *pool, const struct ecs_apns_conf *conf,
                                struct ecs_neighbour_stats *stats, struct ecs_arena *arena,
                                const char **ret_error);
void push_apns_free(struct push_apns *apns);
enum ecs_next push_apns_send(struct ecs_flow *f, struct push_apns *apns,
                             const struct ecs_push_message *message, int64_t now,
                             struct ecs_send_result *ret_result);

struct push_wns *push_wns_new(struct ecs_http_pool *pool, const struct ecs_wns_conf *conf,
                              struct ecs_neighbour_stats *stats, struct ecs_arena *arena,
                              const char **ret_error);
void push_wns_free(struct push_wns *wns);
enum ecs_next push_wns_send(struct ecs_flow *f, struct push_wns *wns, const struct ecs_push_message *message,
                            int64_t now, struct ecs_send_result *ret_result);

struct push_sms *push_sms_new(struct ecs_http_pool *pool, struct ecs_loop *loop,
                              const struct ecs_sms_conf *conf, struct ecs_neighbour_stats *stats,
                              struct ecs_arena *arena, const char **ret_error);
void push_sms_free(struct push_sms *sms);
enum ecs_next push_sms_trigger(struct ecs_flow *f, struct push_sms *sms,
                               const struct ecs_push_message *message, struct ecs_send_result *ret_result);
enum ecs_next push_sms_text(struct ecs_flow *f, struct push_sms *sms, const struct ecs_sms_text *text,
                            struct ecs_send_result *ret_result);
