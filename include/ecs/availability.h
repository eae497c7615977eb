/* SPDX-License-Identifier: Apache-2.0 */
/* States of services out of the operator's own status systems: JSON documents over HTTP, asked for at an
 * interval (docs/availability.md). */
#pragma once

#include "ecs/flow.h"
#include "ecs/neighbour.h"
#include "ecs/setting.h"
#include "ecs/store_availability.h"

/* Section "availability". */
struct ecs_availability_conf {
    int tell;                                          /* enum ecs_state_tell */
    const char *outage_message, *not_deployed_message; /* keys; "" none */
};
extern const struct ecs_setting ecs_availability_settings[];

/* Row of the list section "availability_feeds". */
enum ecs_feed_auth {
    ECS_FEED_AUTH_NONE,
    ECS_FEED_AUTH_OAUTH,
    ECS_FEED_AUTH_BASIC,
    ECS_FEED_AUTH_BEARER,
    ECS_FEED_AUTH_KEY
};
enum ecs_feed_stale { ECS_FEED_STALE_DROP, ECS_FEED_STALE_KEEP };
struct ecs_feed_conf {
    const char *name, *url;
    int auth, stale; /* enum ecs_feed_auth, ecs_feed_stale */
    const char *token_url, *client_id, *client_secret, *scope, *bearer, *key_header, *key_value;
    const char *certificate, *key, *ca_file;
    int64_t every_s, stale_s, connect_ms, total_ms;
};
extern const struct ecs_setting ecs_feed_settings[];
bool ecs_feed_settings_check(const void *section, struct ecs_faults *faults,
                             const struct ecs_yaml_node *node);

/* ---- document, pure ---- */

struct ecs_feed_document {
    struct ecs_state_row *rows; /* texts in the arena */
    size_t n;
    size_t later; /* states left out because they begin later than now */
};
/* The whole text or nothing: ECS_E_BAD_REQUEST and others with ret_why (constant or in the arena) when it has
 * another form, names a state twice, or more than ECS_STATES_MAX. */
enum ecs_rc ecs_feed_parse(struct ecs_arena *arena, struct ecs_str text, int64_t now,
                           struct ecs_feed_document *ret_document, const char **ret_why) ECS_MUST_CHECK;

/* ---- polls ---- */

struct ecs_feed; /* one per engine of worker 0 */
/* conf borrowed, stats may be NULL. lab: http:// is allowed. NULL: no memory. */
struct ecs_feed *ecs_feed_new(struct ecs_http_pool *pool, const struct ecs_feed_conf *conf,
                              struct ecs_neighbour_stats *stats, bool lab);
void ecs_feed_free(struct ecs_feed *feed);

enum ecs_feed_outcome { ECS_FEED_NEW, ECS_FEED_SAME, ECS_FEED_FAILED };
struct ecs_feed_poll {
    /* in */
    struct ecs_feed *feed;
    struct ecs_str etag; /* p NULL: the whole is asked for */
    /* out */
    enum ecs_feed_outcome outcome;
    struct ecs_feed_document document; /* with NEW */
    struct ecs_str new_etag;           /* p NULL: ask for the whole next time */
    const char *why;                   /* with FAILED; no secret, no URL */
};
/* Steps of a flow whose self is a struct ecs_feed_poll; never fail the flow. */
extern const struct ecs_step ecs_feed_poll_steps[];
