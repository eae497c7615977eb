/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in pages of data boosts (ap2010), carrier billing (ap2012) and satellite (ap2016):
 * TS.43 9.5, 11.3, 15.1. What is asked for is decided from the line's facts by the policy, as for devices;
 * the one change that a flow ends with is one statement of the store. */
#pragma once

#include "ecs/bss.h"
#include "ecs/store_boost.h"
#include "sheet.h"

struct sheet_service;

/* What a user may do on a page. */
struct service_action {
    const char *name;
    uint64_t pages; /* SERVICE_ON(page) | ... */
    enum ecs_next (*act)(struct sheet_service *x);
};
#define SERVICE_ON(page) (UINT64_C(1) << SHEET_PAGE_##page)

struct service_kind {
    const char *place;      /* below web.path, and word of the texts: "boost" */
    struct ecs_str session; /* service of the row; ends with "-": what belongs to it follows */
    struct ecs_str data;    /* letters of ecs_facts_key */
    /* What belongs to the session into x; false: not of ours. */
    bool (*identify)(struct sheet_service *x, struct ecs_str rest);
    /* The page while the flow is open, with what stands on it: x->page, x->notice. After ecs_app_facts. */
    void (*decide)(struct sheet_service *x);
    void (*fill)(struct sheet_service *x, struct sheet_scope *page);
    const struct service_action *actions; /* ends with name NULL; "dismiss" is of all */
    enum sheet_page end;
};
extern const struct service_kind service_boost, service_billing, service_satmode;

/* How a flow has ended: kept in the row, so that a page that is shown again says the same. */
enum service_outcome {
    SERVICE_OPEN,
    SERVICE_CHANGED,
    SERVICE_PURCHASED,
    SERVICE_FAILED,
    SERVICE_OUTCOME_COUNT
};
/* Of notifyPurchaseFailed (TS.43 Table 84). */
enum service_failure { SERVICE_FAILURE_UNKNOWN, SERVICE_FAILURE_AUTHENTICATION, SERVICE_FAILURE_PAYMENT };
struct service_end {
    enum service_outcome outcome;
    enum service_failure code; /* of FAILED */
    int64_t seconds;           /* of PURCHASED */
};

struct sheet_service {
    struct sheet *sheet;
    const struct service_kind *kind;
    enum sheet_page page;
    const char *notice;     /* word of SHEET_PAGE_SERVICE_NOTICE */
    struct ecs_str message; /* of the policy, instead of the notice's own; "" none */
    int64_t terms;          /* version to be accepted; -1: none */
    struct service_end end;
    char key[ECS_BASE32_LEN(ECS_SHEET_HANDLE) + 1]; /* of the one change that the reference may make */
    /* boost */
    uint8_t boost;
    bool seen; /* the offer; its terms are next */
    const struct ecs_data_boost *offer;
    struct ecs_boost_buy buy;
    struct ecs_boost_bought bought;
    enum ecs_boost_begun begun; /* where the BSS charges */
    struct ecs_bss_order order;
    struct ecs_bss_result answer;
    /* billing */
    struct ecs_str account; /* hexadecimal */
    int tc;                 /* TC_Status */
    struct ecs_billing_set set;
    enum ecs_data_verdict verdict;
};

struct sheet_service *sheet_service_of(struct ecs_flow *f);
extern const struct ecs_step sheet_service_steps[];
void sheet_service_error(struct web_call *call, enum ecs_rc rc);

/* For the files of the services: return what they return. */
/* The row moves on: SHEET_FINISHED with x->end, or ECS_SHEET_ASKED with x->seen. */
enum ecs_next sheet_service_save(struct sheet_service *x, enum ecs_sheet_stage stage);
/* Terms that the user was shown are the present ones. */
bool sheet_service_terms_shown(struct sheet_service *x);
/* sheet_boost_order.c: steps of a purchase that the BSS charges, in this order, before the change, and the
 * purchase itself. Without that setting the steps do nothing. */
enum ecs_next sheet_boost_begin(struct ecs_flow *f);
enum ecs_next sheet_boost_order(struct ecs_flow *f);
enum ecs_next sheet_boost_ordered(struct ecs_flow *f);
enum ecs_next sheet_boost_left(struct ecs_flow *f);
enum ecs_next sheet_boost_buy(struct ecs_flow *f);
/* What the row keeps of x; {NULL, 0}: no memory. */
struct ecs_str sheet_service_seal(struct sheet_service *x);
/* x->buy or x->set, behind an audit row of the terms that were accepted. */
enum ecs_next sheet_service_change(struct sheet_service *x);
/* Accepted terms into the line's service of the session, with the end of the flow. */
enum ecs_next sheet_service_finish(struct sheet_service *x);

/* sheet_service_show.c */
enum ecs_next sheet_service_show(struct sheet_service *x);
void sheet_service_put_number(struct sheet_service *x, struct sheet_scope *page, const char *name,
                              int64_t value);
/* sheet_boost.c: hidden value of the forms that buy: what the user has seen. Out holds 27 bytes. */
bool sheet_boost_token(struct sheet_service *x, char *out);
