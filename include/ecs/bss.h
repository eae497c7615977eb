/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's business support: who may have which companion, plan or transfer, and the orders that make
 * it so. Dialects: local (our own tables), tmf (TM Forum APIs), rest (one URL per question of a commercial
 * ECS-to-BSS contract). bss.md has the rules. */
#pragma once

#include "ecs/neighbour.h"
#include "ecs/setting.h"
#include "ecs/store_data.h"

struct ecs_bss;
struct ecs_crypto;
struct ecs_jws_signer;
struct ecs_store;

enum { ECS_BSS_LOCAL, ECS_BSS_TMF, ECS_BSS_REST };
enum { ECS_BSS_AUTH_NONE, ECS_BSS_AUTH_OAUTH, ECS_BSS_AUTH_BASIC, ECS_BSS_AUTH_KEY };
enum { ECS_BSS_ORDERS_SERVICE, ECS_BSS_ORDERS_PRODUCT }; /* TMF641, TMF622 */
/* Section "bss". */
struct ecs_bss_conf {
    int type, auth;
    const char *url;                                           /* base of all calls */
    const char *certificate, *key, *ca_file;                   /* PEM files; NULL: none */
    const char *token_url, *client_id, *client_secret, *scope; /* OAuth 2.0 client credentials; Basic */
    bool token_basic;                                          /* the secret goes by HTTP Basic */
    int order_api;                                             /* ECS_BSS_ORDERS_* */
    const char *key_header, *key_value;                        /* ECS_BSS_AUTH_KEY: "X-Api-Key" */
    struct ecs_str_list paths;     /* "name=path": where an operator's names differ from ours */
    struct ecs_str_list templates; /* "name=text": filters and specifications that differ by deployment */
    bool ask_eligibility;          /* CheckEligibility asks; else policy decides by facts alone */
    bool provides_profiles;        /* orders bring ICCID and activation code: no SM-DP+ of ours is asked */
    const char *events_token;      /* bearer of inbound events on a Unix socket; NULL: certificate only */
    struct ecs_str_list notifiers; /* subjects of certificates that may send events */
    int64_t connect_ms, total_ms, max_in_flight, plans_cache_s;
    int64_t local_async_s;     /* orders of the local BSS are done so long after they came */
    const char *callback;      /* base URL that hubs of TMF APIs are told; "": none are registered */
    int64_t sync_every_s;      /* reconciliation (ecs/bss_sync.h); 0: off */
    struct ecs_str_list codes; /* "CODE=status": words of the BSS and what they mean ("in-use" ...) */
};
extern const struct ecs_setting ecs_bss_settings[];
bool ecs_bss_settings_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);

struct ecs_bss_env {
    struct ecs_http_pool *pool;
    struct ecs_store *store;
    struct ecs_crypto *crypto;
    struct ecs_neighbour_stats *stats; /* NULL: none */
    bool lab;
};
/* conf borrowed. NULL: no memory. */
struct ecs_bss *ecs_bss_new(const struct ecs_bss_env *env, const struct ecs_bss_conf *conf);
void ecs_bss_free(struct ecs_bss *bss);
const struct ecs_bss_conf *ecs_bss_conf_of(const struct ecs_bss *bss);
bool ecs_bss_is_local(const struct ecs_bss *bss);

enum ecs_bss_status {
    ECS_BSS_DONE,
    ECS_BSS_PENDING, /* accepted, the result comes by event or by asking */
    ECS_BSS_AGAIN,   /* no answer, or a temporary refusal: later again, with the same key */
    ECS_BSS_WEBSITE, /* the user has to go to the portal (url may be told) */
    ECS_BSS_IN_USE,  /* the old profile has to be deleted first */
    ECS_BSS_REFUSED, /* permanently, for this order */
    ECS_BSS_UNKNOWN, /* asked for an order that it does not have */
    ECS_BSS_DENIED,  /* our credentials or our form: alarm */
    ECS_BSS_STATUS_COUNT
};
extern const char *const ecs_bss_status_names[ECS_BSS_STATUS_COUNT];

/* Whom and what a question or an order is about; {NULL, 0}: not known. */
struct ecs_bss_subject {
    struct ecs_str imsi, msisdn, iccid;          /* of the line that was authenticated */
    struct ecs_str enterprise, requestor;        /* ap2011 */
    struct ecs_str app;                          /* "ap2006" */
    struct ecs_str terminal_id;                  /* of the device that asks */
    struct ecs_str target_id, eid, target_iccid; /* the device and profile that are acted upon */
    struct ecs_str service;                      /* "SharedNumber" ... */
    struct ecs_str plan;
    struct ecs_str old_id, old_iccid;
    struct ecs_str store, store_user; /* carrier billing: SERVICE_ON of "CarrierBilling" */
    struct ecs_str purchase; /* COMPENSATE: what our rows call it */
    struct ecs_str name, vendor, model; /* of the companion */
};

/* ---- questions ---- */

struct ecs_bss_profile {
    struct ecs_str iccid, eid, terminal_id, service, msisdn, line_imsi, code, address;
    int status; /* ServiceStatus 1..4 */
    bool secondary;
};
struct ecs_bss_line {
    enum ecs_bss_status status; /* DONE, or why there is nothing */
    const char *why;
    int eligible;            /* 0, 1, 2; -1: not told */
    struct ecs_str services; /* "SharedNumber,DiffNumber"; p NULL: not told */
    struct ecs_str reason;   /* operator's own code */
    struct ecs_bss_profile *profiles;
    size_t n_profiles;
    struct ecs_str url, data; /* with WEBSITE */
};
/* May this subject use the application (CheckEligibility), which profiles exist for it? DONE at once with
 * nothing told where the dialect has no such question. */
enum ecs_next ecs_bss_ask(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_subject *subject,
                          struct ecs_bss_line *ret_line);

struct ecs_bss_plan {
    struct ecs_str id, name, description, profile_type, service;
};
struct ecs_bss_plans {
    enum ecs_bss_status status;
    const char *why;
    const struct ecs_bss_plan *plans;
    size_t n;
};
enum ecs_next ecs_bss_plans(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_subject *subject,
                            struct ecs_bss_plans *ret_plans);

/* ---- orders ---- */

enum ecs_bss_action {
    ECS_BSS_SUBSCRIBE,
    ECS_BSS_TRANSFER,
    ECS_BSS_RECOVER,
    ECS_BSS_END,     /* of target_iccid */
    ECS_BSS_END_OLD, /* of old_iccid, behind a transfer */
    ECS_BSS_CONFIRM, /* target_iccid is installed */
    ECS_BSS_SERVICE_ON,
    ECS_BSS_SERVICE_OFF,
    ECS_BSS_COMPENSATE, /* of what the customer paid for and did not get: service, purchase */
    ECS_BSS_ACTION_COUNT
};
extern const char *const ecs_bss_action_names[ECS_BSS_ACTION_COUNT]; /* "subscribe", "end-old" ... */
struct ecs_bss_order {
    enum ecs_bss_action action;
    struct ecs_str key; /* idempotency: at most 64 printable characters, the same one when repeated */
    struct ecs_bss_subject subject;
    struct ecs_str iccid; /* of the profile that was reserved for it; {NULL, 0}: the BSS provides one */
    bool repeated;        /* sent before, nobody knows what became of it: looked for by its key first */
};
struct ecs_bss_result {
    enum ecs_bss_status status;
    const char *why;                                        /* for journal and log; NULL with DONE, PENDING */
    struct ecs_str reason;                                  /* operator's own code; {NULL, 0} */
    struct ecs_str reference;                               /* the order's id there */
    struct ecs_str iccid, code, address, msisdn, line_imsi; /* of the new profile, when told */
    int service_status;                                     /* of SERVICE_ON, _OFF: 1..4; 0: not told */
    struct ecs_str url, data;                               /* with WEBSITE */
    uint32_t retry_after_s;                                 /* with AGAIN; 0: not told */
};
/* Nothing is ordered twice: after silence (AGAIN) the order is looked for by its key before it is sent again:
 * repeated, or ecs_bss_find. Each exchange may wait total_ms, a whole call twice that, and once more when a
 * token is fetched. Never fails the flow; uses one table of it (ECS_FLOW_DEPTH). Structs are copied, their
 * texts borrowed until the next step. */
enum ecs_next ecs_bss_order(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_order *order,
                            struct ecs_bss_result *ret_result);
/* State of an order by key, and by reference ({NULL, 0}: not known). UNKNOWN: it never arrived. */
enum ecs_next ecs_bss_find(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_order *order,
                           struct ecs_str reference, struct ecs_bss_result *ret_result);
/* DONE also when there is nothing to cancel; REFUSED: too late. */
enum ecs_next ecs_bss_cancel(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_order *order,
                             struct ecs_str reference, struct ecs_bss_result *ret_result);

/* ---- inbound events, pure ---- */

enum ecs_bss_event_kind {
    ECS_BSS_EVENT_ORDER,   /* an order of ours changed; result AGAIN: its state is not told, ecs_bss_find */
    ECS_BSS_EVENT_LINE,    /* services, plan or state of a line changed */
    ECS_BSS_EVENT_DATA,    /* usage, boost, carrier-billing account or pseudonym of a line */
    ECS_BSS_EVENT_PROFILE, /* a profile became active, suspended or ended; one may be new to us (7.5) */
    ECS_BSS_EVENT_IGNORED  /* well-formed, of no use to us */
};
struct ecs_bss_event {
    enum ecs_bss_event_kind kind;
    struct ecs_str id; /* of the event: for duplicates */
    int64_t at;        /* Unix seconds; 0: not told */
    struct ecs_str key, reference;
    struct ecs_bss_result result;    /* ORDER */
    struct ecs_bss_subject subject;  /* LINE, PROFILE: imsi or msisdn */
    struct ecs_bss_profile profile;  /* PROFILE */
    struct ecs_data_change data;     /* DATA, without account (of vendor and store_user), actor and masked subject */
    struct ecs_str store_user;
    struct ecs_str line_state, plan; /* LINE: new values in our own words; {NULL, 0}: unchanged */
    struct ecs_str service,
        service_state; /* LINE: "vowifi", "provisioned" | "not-provisioned" | "in-progress" */
    struct ecs_str area, roaming, visited_plmn; /* LINE: where it is; {NULL, 0}: unchanged, "": no longer known */
};
/* Texts in the arena. ECS_E_BAD_PARAMETER with a constant sentence for what cannot be read. */
enum ecs_rc ecs_bss_event_read(const struct ecs_bss *bss, struct ecs_arena *arena, struct ecs_str name,
                               struct ecs_str body, struct ecs_bss_event *ret_event,
                               const char **ret_why) ECS_MUST_CHECK;
