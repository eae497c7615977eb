/* SPDX-License-Identifier: Apache-2.0 */
/* Applications: from a proven request, the line's facts and the policy to the blocks of the document. Pure
 * but for the sealing of portal references; the same code serves devices and "entitlementctl explain". */
#pragma once

#include "ecs/doc.h"
#include "ecs/messages.h"
#include "ecs/policy.h"
#include "ecs/store_data.h"
#include "ecs/token.h"
#include "ecs/ts43.h"

enum { ECS_IRAT_TABLE = 1, ECS_IRAT_AOSP = 2, ECS_IRAT_EXAMPLE = 4 };

/* Services whose activation in the network an answer calls for (V-025): bits of ret_orders. */
enum {
    ECS_ORDER_VOLTE = 1,
    ECS_ORDER_VONR = 2,
    ECS_ORDER_VOWIFI = 4,
    ECS_ORDER_SMSOIP = 8,
    ECS_ORDER_SATMODE = 16,
    ECS_ORDER_END = 32
};
const char *ecs_order_service(unsigned bit); /* "volte" */

/* What became of one application, for log, metrics and care. */
struct ecs_app_result {
    enum ecs_app app;
    int status; /* EntitlementStatus */
    bool offered;
    struct ecs_str rule; /* that decided the status; "" when not offered */
};

struct ecs_app_context {
    /* in, all borrowed for as long as the document lives */
    struct ecs_arena *arena;
    struct ecs_crypto *crypto;
    const struct ecs_sealer *flow_sealer;
    const struct ecs_policy *policy;
    const struct ecs_messages *messages;
    size_t language; /* index in the languages of messages */
    const struct ecs_ts43_request *request;
    struct ecs_version version; /* to answer by (ecs_version_effective) */
    const struct ecs_subscriber_facts *line;
    const struct ecs_imsi *imsi; /* proven */
    size_t plmn_n;               /* digits of the home PLMN in front of the IMSI, 0 unknown */
    const struct ecs_gate *gate; /* ecs/sim.h; NULL: brands of SIMs and home networks are not known */
    const char *portal_url;      /* "" none */
    const char
        *pages_url; /* built-in pages of a service stand at it + its name; NULL, "": "portal" is portal_url */
    const struct ecs_jws_signer *portal_signer; /* of {jwt} in flow-data; NULL: the placeholder stays empty */
    const char *portal_issuer, *portal_audience;
    const struct ecs_wifi_identity *wifi_identity; /* ap2013, type token; NULL: none can be made */
    unsigned irat_names, offered;
    unsigned operations; /* bits 1 << enum ecs_operation that this deployment serves */
    /* Writes the block of the application whose operation was done before; NULL: none was. */
    void (*operation)(void *arg, struct ecs_doc *doc, struct ecs_doc_node *node);
    void *operation_arg;
    struct ecs_str operation_rule; /* set by it: what decided, for the log */
    int64_t operation_validity_s;  /* set by it */
    int64_t now;                   /* Unix seconds */
    int utc_offset_s;
    int notif_status; /* RegisterNotifStatus of a request that asked for registration */
    bool push_now;    /* the request itself registered its token */
    unsigned
        push_channels; /* 1 << enum ecs_push_channel that can be sent by, with bit 0 set; 0: not asked, any */
    /* out */
    struct ecs_facts facts;
    struct ecs_app_result result[ECS_APPS_MAX];
    size_t result_n;
    int64_t validity_s; /* the smallest of the applications asked for */
    unsigned orders;
};

/* What the applications of the request need of the line besides the plain facts: key->data and key->account
 * (ecs/store_data.h; offered: 1 << enum ecs_app). False: no memory. */
bool ecs_app_data_key(struct ecs_arena *arena, struct ecs_crypto *crypto,
                      const struct ecs_ts43_request *request, unsigned offered,
                      struct ecs_facts_key *key) ECS_MUST_CHECK;
/* Parameters of single applications that no answer can be without, or that have a wrong form:
 * ECS_E_BAD_PARAMETER with a constant reason (B-001, B-016, D-022). */
enum ecs_rc ecs_app_check_request(const struct ecs_ts43_request *request, unsigned offered,
                                  const char **ret_reason) ECS_MUST_CHECK;
/* Fills context->facts from line, request and clock. */
void ecs_app_facts(struct ecs_app_context *context);
/* One block per requested application, in request order. After ecs_app_facts. ECS_E_TOO_LARGE: arena
 * exhausted. */
enum ecs_rc ecs_app_build(struct ecs_app_context *context, struct ecs_doc *doc) ECS_MUST_CHECK;
/* What the consent pages of VoWiFi show and ask for, by the same policy: TS.43 values of Tables 14, 16 to 18.
 * After ecs_app_facts; language, brand and plan of the context give the message. */
struct ecs_vowifi_view {
    int entitlement, terms, address, provisioning;
    int64_t terms_version;  /* to be accepted */
    struct ecs_str message; /* with entitlement 2; "" none */
};
void ecs_app_vowifi(struct ecs_app_context *context, struct ecs_vowifi_view *ret_view);
/* What a message of ap2012 and the pages of these applications go by. After ecs_app_facts. */
struct ecs_boost_view {
    int entitlement, provisioning;      /* Tables 87, 88 */
    bool to_buy;                        /* the page may sell it */
    const struct ecs_data_boost *boost; /* NULL: neither of the plan nor bought */
};
void ecs_app_boost(struct ecs_app_context *context, int64_t type, struct ecs_boost_view *ret_view);
struct ecs_billing_view {
    int entitlement, terms; /* Tables 91, 92 */
    bool offered;           /* the terms may be accepted, the account activated */
    bool by_bss;            /* the business support system activates it */
    bool dialog;            /* the device may show the terms, and send what was pressed */
    struct ecs_str message; /* with entitlement 2; "" none */
};
void ecs_app_billing(struct ecs_app_context *context, struct ecs_billing_view *ret_view);
struct ecs_satmode_view {
    int entitlement, terms, provisioning;
    int64_t terms_version;  /* to be accepted */
    struct ecs_str message; /* with entitlement 2; "" none */
};
void ecs_app_satmode(struct ecs_app_context *context, struct ecs_satmode_view *ret_view);
/* The service of the rules engine behind an application; false for those that have none. */
bool ecs_app_service(enum ecs_app app, enum ecs_service *ret_service);
