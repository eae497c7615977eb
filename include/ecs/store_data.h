/* SPDX-License-Identifier: Apache-2.0 */
/* Rows behind ap2010 (data plans, boosts, usage), ap2012 (carrier billing), ap2013 (private identity) and
 * ap2016 (satellite): what a request reads together with its facts, and the changes that pages, devices and
 * the BSS make. Every change is one statement, bumps VERS.version, and writes the notification of its
 * application. */
#pragma once

#include "ecs/crypto.h"
#include "ecs/store.h"

/* Letters of ecs_facts_key.data, in any order; "" or {NULL, 0}: nothing of this file. */
#define ECS_DATA_PLAN      "d" /* ap2010: access, usage, 5G SA, boosts */
#define ECS_DATA_BILLING   "b" /* ap2012: the account of ecs_facts_key.account */
#define ECS_DATA_IDENTITY  "i" /* ap2013 */
#define ECS_DATA_SATELLITE "s" /* ap2016 */

/* ---- ap2010 ---- */

enum ecs_boost_offer {                    /* of a plan (table plan_boost) */
                       ECS_BOOST_OFFERED, /* may be bought */
                       ECS_BOOST_INCLUDED,
                       ECS_BOOST_PAUSED,  /* eligible, not deliverable now */
                       ECS_BOOST_REFUSED, /* listed as incompatible; a type without a row is refused, too */
                       ECS_BOOST_OFFER_COUNT
};
extern const char *const ecs_boost_offers[ECS_BOOST_OFFER_COUNT + 1]; /* "offered" ... */
enum ecs_boost_state {                    /* of a line (table data_boost, and qos_request behind it) */
                       ECS_BOOST_NONE,    /* not bought, over, or given back */
                       ECS_BOOST_PENDING, /* bought, the network has not confirmed it yet */
                       ECS_BOOST_ACTIVE,
                       ECS_BOOST_STATE_COUNT
};
extern const char *const ecs_boost_states[ECS_BOOST_STATE_COUNT + 1]; /* "none", "pending", "active" */
enum { ECS_BOOST_INTERACTIVE = 166, ECS_BOOST_TARGETS = 9 }; /* types are 1 to 255; 0 of the wire is 166 */

struct ecs_data_boost {
    uint8_t type;
    enum ecs_boost_offer offer;
    struct ecs_str price;              /* for people, as the operator wrote it; "" none */
    int64_t seconds;                   /* that a purchase lasts */
    int64_t target[ECS_BOOST_TARGETS]; /* order of Table 78: PDB, Jitter ... PER; -1: not told */
    enum ecs_boost_state state;
    int64_t ends_at; /* of the purchase in force, Unix seconds; 0: none */
};
struct ecs_data_access {
    uint8_t type; /* 0..5, Table 76 */
    bool metered;
};
struct ecs_data_usage {
    uint8_t type;                     /* 0 cellular, 1 tethering */
    struct ecs_str name, description; /* "" none */
    int64_t cycle_end;                /* Unix seconds; 0: the cycle has no end */
    int64_t allowance, used;          /* bytes; allowance -1: unlimited */
};

/* ---- ap2012 ---- */

enum { ECS_ACCOUNT_LEN = 8 };
/* What stands for store and user of the store (letter case ignored): key of the account below the IMSI, and
 * part of ecs_flow_ref. */
bool ecs_billing_account(struct ecs_crypto *crypto, struct ecs_str vendor, struct ecs_str user,
                         uint8_t ret_account[ECS_ACCOUNT_LEN]) ECS_MUST_CHECK;

enum ecs_billing_state {                     /* table billing_account */
                         ECS_BILLING_NONE,   /* nothing asked for, or the user declined */
                         ECS_BILLING_WANTED, /* terms accepted; to be activated with the device's next request
                                              */
                         ECS_BILLING_ORDERED, /* taken by the BSS */
                         ECS_BILLING_ACTIVE,
                         ECS_BILLING_BLOCKED, /* by the operator or the store */
                         ECS_BILLING_STATE_COUNT
};
extern const char *const ecs_billing_states[ECS_BILLING_STATE_COUNT + 1]; /* "none", "wanted" ... */
struct ecs_billing_row {
    bool found; /* false: state NONE, terms 0 */
    enum ecs_billing_state state;
    int terms;                      /* TC_Status 0..3 */
    int64_t changed_at, ordered_at; /* Unix seconds, 0 none */
    int64_t serial;                 /* grows with every acceptance: part of the key of its order to the BSS */
};

/* ---- ap2013, ap2016 ---- */

struct ecs_satellite_network {
    struct ecs_str plmn; /* 5 or 6 digits */
    bool barred;
    int metered;     /* 1, 0; -1: not told */
    int data, voice; /* 0 not allowed, 1 constrained, 2 unconstrained */
};

/* All of it; members of letters that were not asked for are zero. The state of satellite, the care agent's
 * override of every service and the terms of satellite are rows of line_service: "dataplan", "billing",
 * "identity", "satmode" (ecs_facts_service, ecs_store_sheet_finish, ecs_store_portal_report and the inbound
 * events work on them as on VoWiFi). */
struct ecs_data_facts {
    const struct ecs_data_access *access;
    const struct ecs_data_boost *boosts; /* of the plan, and bought ones of types that the plan has no more */
    const struct ecs_data_usage *usage;  /* at most 100 */
    const struct ecs_satellite_network *networks; /* of the plan, else of the brand, else of all */
    size_t n_access, n_boosts, n_usage, n_networks;
    int sa; /* 5G standalone by plan: 1, 0; -1: not told */
    struct ecs_billing_row billing;
    struct ecs_str pseudonym; /* p NULL: none, or over */
    int64_t pseudonym_ends;   /* Unix seconds; 0: no end */
};
/* The boost of this type (0 is 166); NULL: neither of the plan nor bought. */
const struct ecs_data_boost *ecs_data_boost_find(const struct ecs_data_facts *data, int64_t type);

/* ---- changes; each may wait, one database round trip; texts are borrowed until the next step ---- */

enum ecs_data_verdict {
    ECS_DATA_DONE,
    ECS_DATA_REPEATED, /* this key, or this state, was there before: nothing changed */
    ECS_DATA_REFUSED,  /* boost: the plan does not sell it; billing: blocked */
    ECS_DATA_GONE,     /* no such subscriber, or no such boost */
    ECS_DATA_VERDICT_COUNT
};
struct ecs_boost_buy {
    struct ecs_str imsi;
    uint8_t type;
    struct ecs_str key; /* idempotency, at most 64 characters, e.g. hex of the digest of session or event */
    int64_t seconds;    /* 0: as the plan says */
    struct ecs_str actor, subject_masked; /* audit row */
};
struct ecs_boost_bought {
    enum ecs_data_verdict verdict;
    enum ecs_boost_state state;
    int64_t ends_at, seconds; /* for notifyPurchaseSuccessful: seconds * 1000 */
};
/* Purchase and request to the network (qos_request, when the plan names one) together. REPEATED tells the
 * first one. */
enum ecs_next ecs_store_boost_buy(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_boost_buy *buy, struct ecs_boost_bought *ret_bought);
/* Ends the boost in force of this type; the network takes it back in the background. */
enum ecs_next ecs_store_boost_end(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                  uint8_t type, struct ecs_str actor, struct ecs_str subject_masked,
                                  enum ecs_data_verdict *ret_verdict);

struct ecs_billing_set {
    struct ecs_str imsi;
    uint8_t account[ECS_ACCOUNT_LEN];
    struct ecs_str vendor; /* {NULL, 0}: not known here (pages) */
    int terms;             /* TC_Status 0..3; -1: as it is */
    enum ecs_billing_state state;
    bool force; /* operator, BSS: also out of BLOCKED, and back from ACTIVE; else a user's move (WANTED, NONE)
                 */
    bool of_order; /* what an order has come to: counts while the account is WANTED or ORDERED, by this serial
                    */
    int64_t serial; /* 0: any */
    struct ecs_str actor, subject_masked;
};
/* A user's WANTED behind the first one accepts terms that are still open, else it is REPEATED; a user's NONE
 * declines what is neither active nor with the BSS. A line has at most 200 accounts: then a user's move on a
 * new one is REFUSED. */
enum ecs_next ecs_store_billing_set(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_billing_set *set, enum ecs_data_verdict *ret_verdict);
/* To be called before a WANTED account is ordered at the BSS, or asked for again there when ORDERED:
 * *ret_serial 0: somebody else did so less than every_s (ORDERED: ten times that) ago, or there is nothing to
 * order. */
enum ecs_next ecs_store_billing_claim(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                      const uint8_t account[ECS_ACCOUNT_LEN], int64_t every_s,
                                      int64_t *ret_serial);
/* Ends boosts whose time is over and removes those of 400 days ago, at most max_rows of each; for a timer of
 * one worker. */
enum ecs_next ecs_store_data_keep(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                  unsigned *ret_rows);

/* ---- what BSS, operator and tools tell of a line ---- */

enum ecs_data_kind {
    ECS_DATA_USAGE, /* key: bucket; type 0, 1; text: name, more: description (p NULL: as it is); time: end of
                       the cycle; a: allowance, -1 unlimited; b: used; at: when it was so, older reports
                       change nothing */
    ECS_DATA_USAGE_END, /* key */
    ECS_DATA_BOOST,     /* key of the purchase; type; b: seconds, 0: of the plan */
    ECS_DATA_BOOST_END, /* type */
    ECS_DATA_ACCOUNT,   /* account, vendor; text: state; type: terms, -1: as they are; at: as with usage */
    ECS_DATA_PSEUDONYM, /* text, "": none; time: its end */
    ECS_DATA_KIND_COUNT
};
extern const char *const ecs_data_kinds[ECS_DATA_KIND_COUNT + 1]; /* "usage", "usage-end", "boost" ... */
struct ecs_data_change {
    enum ecs_data_kind kind;
    struct ecs_str imsi, msisdn; /* one of them */
    uint8_t account[ECS_ACCOUNT_LEN];
    struct ecs_str vendor, key, text, more;
    int type;
    int64_t time, a, b, at; /* times: Unix seconds, 0 none */
    struct ecs_str
        event; /* number of the event at the actor; the second one with it is REPEATED; p NULL: none */
    struct ecs_str actor, subject_masked;
};
/* ECS_E_BAD_PARAMETER: a value against a constraint. */
enum ecs_next ecs_store_line_data_put(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_data_change *change,
                                      enum ecs_data_verdict *ret_verdict);
