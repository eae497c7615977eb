/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as structs: what the hot path reads (facts) and the EAP-AKA exchanges of the built-in AuC. One
 * database round trip per call. Texts are borrowed from the flow's arena and live as long as it.
 * Administration: ecs/store_admin.h. */
#pragma once

#include "ecs/ids.h"
#include "ecs/pg.h"

struct ecs_store; /* one per worker thread; owns the connection pool */

struct ecs_store_conf {
    struct ecs_pg_conf pg; /* statements and session are filled in by the store */
    /* SQN = SEQ | IND (TS 33.102 C.1.1.1); the same on all nodes of a deployment */
    unsigned ind_bits; /* 0..8, usual 5 */
    unsigned ind;      /* below 2^ind_bits */
    /* Exchanges of one IMSI begun without a success within the window */
    unsigned limit_attempts; /* 1..10000 */
    unsigned limit_window_s; /* 1..86400 */
    unsigned session_life_s; /* 5..600 */
};
/* NULL: no memory or wrong connection string (logged). stats is borrowed. */
struct ecs_store *ecs_store_new(struct ecs_loop *loop, const struct ecs_store_conf *conf,
                                struct ecs_pg_stats *stats);
/* Takes over the limits of conf (attempts, window, session life) for exchanges to come. */
void ecs_store_limits(struct ecs_store *store, const struct ecs_store_conf *conf);
void ecs_store_free(struct ecs_store *store);
bool ecs_store_is_up(const struct ecs_store *store);

/* ---- facts ---- */

enum ecs_line_state {
    ECS_ROW_LINE_ACTIVE,
    ECS_ROW_LINE_SUSPENDED,
    ECS_ROW_LINE_BARRED,
    ECS_ROW_LINE_TERMINATED
};
enum ecs_roaming { ECS_ROW_ROAMING_UNKNOWN, ECS_ROW_ROAMING_HOME, ECS_ROW_ROAMING_ROAMING };
enum ecs_non3gpp { ECS_ROW_NON3GPP_UNKNOWN, ECS_ROW_NON3GPP_ALLOWED, ECS_ROW_NON3GPP_BARRED };
enum ecs_device_category {
    ECS_ROW_DEVICE_UNKNOWN, /* the TAC is in no list */
    ECS_ROW_DEVICE_PHONE,
    ECS_ROW_DEVICE_TABLET,
    ECS_ROW_DEVICE_WATCH,
    ECS_ROW_DEVICE_ROUTER,
    ECS_ROW_DEVICE_IOT,
    ECS_ROW_DEVICE_OTHER
};
enum ecs_identity_state {
    ECS_ROW_IDENTITY_UNKNOWN,
    ECS_ROW_IDENTITY_ALLOW,
    ECS_ROW_IDENTITY_DENY,
    ECS_ROW_IDENTITY_STOLEN
};
enum ecs_override {
    ECS_ROW_OVERRIDE_NONE,
    ECS_ROW_OVERRIDE_ALLOW,
    ECS_ROW_OVERRIDE_DENY,
    ECS_ROW_OVERRIDE_PROVISIONING
};

struct ecs_line_service {
    struct ecs_str service;
    int tc_status, addr_status, prov_status;    /* TS.43 values 0..3, -1 unknown */
    int32_t tc_version;                         /* -1 unknown */
    int64_t tc_at, addr_expiry, flow_closed_at; /* Unix seconds, 0 none */
    struct ecs_str addr_identifier;             /* p NULL: none */
    enum ecs_override override;
};
struct ecs_notice {
    struct ecs_str service, message_key;
    bool unavailable; /* else for information */
    int64_t ends_at;  /* Unix seconds */
    uint32_t validity_s;
};
struct ecs_subscriber_facts {
    bool known; /* false: no such subscriber; then only facts of the device, notices and content_revision */
    struct ecs_str imsi, msisdn, iccid; /* p NULL: none */
    enum ecs_line_state line_state;
    enum ecs_roaming roaming;
    enum ecs_non3gpp non3gpp; /* Non-3GPP-IP-Access of the profile in the HSS */
    struct ecs_str visited_plmn, language, brand, brand_language; /* p NULL: none */
    int32_t token_generation;
    int64_t sim_changed_at, device_since; /* Unix seconds, 0: unknown */
    bool has_device;
    uint8_t device[16]; /* digest of the terminal_id that last passed a full authentication of the line */
    struct ecs_str plan, plan_name;
    struct ecs_str vendor, model; /* of the TAC; p NULL: unknown */
    enum ecs_device_category category;
    const struct ecs_str *features, *capabilities; /* of plan and model */
    size_t n_features, n_capabilities;
    enum ecs_identity_state identity;
    const struct ecs_line_service *services; /* those with a row */
    const struct ecs_notice *notices;         /* active now, of this brand or of all */
    const struct ecs_str *registrations;      /* of this device: texts for ecs_registration_read */
    size_t n_services, n_notices, n_registrations;
    const struct ecs_place *place;     /* ecs/store_availability.h; NULL: not read from the database */
    int64_t content_revision;          /* never falls, grows with the content: base of VERS.version */
    const struct ecs_data_facts *data; /* ecs/store_data.h; NULL: not asked for */
};

struct ecs_facts_key {
    struct ecs_str imsi, terminal_id; /* lower case; p NULL: none */
    struct ecs_str tac;               /* eight digits; p NULL: none */
    struct ecs_str data;              /* letters of ecs/store_data.h; empty: the plain facts only */
    struct ecs_str account;           /* hexadecimal digits of ecs_billing_account; p NULL: none */
};

/* May wait; the next step finds *ret_facts filled, also for an unknown subscriber. Fails the flow as
 * ecs_pg_batch. */
enum ecs_next ecs_store_facts(struct ecs_flow *f, struct ecs_store *store, const struct ecs_facts_key *key,
                              struct ecs_subscriber_facts *ret_facts);
/* Everything in one block that free() gives back; NULL: no memory. */
struct ecs_subscriber_facts *ecs_facts_copy(const struct ecs_subscriber_facts *facts);
bool ecs_facts_has_feature(const struct ecs_subscriber_facts *facts, struct ecs_str feature);
bool ecs_facts_has_capability(const struct ecs_subscriber_facts *facts, struct ecs_str capability);
const struct ecs_line_service *ecs_facts_service(const struct ecs_subscriber_facts *facts,
                                                 struct ecs_str service);

/* ---- EAP-AKA ---- */

enum { ECS_ROW_EAP_STATE_MAX = 32768, ECS_ROW_EAP_CHALLENGES_MAX = 3 };

enum ecs_eap_outcome {
    ECS_ROW_EAP_OK,
    ECS_ROW_EAP_UNKNOWN, /* no such subscriber or key; finish, resync: no such session, or expired */
    ECS_ROW_EAP_LIMITED, /* too many attempts, or too many challenges in this exchange */
    ECS_ROW_EAP_RACED,   /* resync: a copy of the request was faster; its challenge is to be sent */
};

struct ecs_auc_key {
    bool tuak; /* else Milenage */
    struct ecs_str ki_wrapped, opc_wrapped;
    uint8_t amf[2];
    uint8_t res_len; /* 4, 8, 16 */
};

struct ecs_eap_begin {
    struct ecs_str imsi, terminal_id, tac;
    struct ecs_str handle; /* digest of the cookie, 16..64 bytes */
    uint8_t rand[16];
    struct ecs_str state; /* at most ECS_ROW_EAP_STATE_MAX */
    uint8_t identifier;
};
struct ecs_eap_begun {
    enum ecs_eap_outcome outcome;
    struct ecs_auc_key key; /* for ECS_ROW_EAP_OK */
    uint64_t sqn;           /* for the vector; never given out before, also not after a crash (TS 33.102 C) */
    unsigned attempts;      /* in this window, this one included */
    int32_t token_generation;
};
/* begin's bytes are borrowed until the next step. Not repeated by itself: on ECS_E_BACKEND the SQN may be
 * spent. */
enum ecs_next ecs_store_eap_begin(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_eap_begin *begin, struct ecs_eap_begun *ret_begun);

struct ecs_eap_session {
    enum ecs_eap_outcome outcome;
    bool repeated; /* the session was answered before (at most 10 s ago): a copy of the request */
    struct ecs_str imsi, terminal_id, tac, state;
    uint8_t rand[16];
    uint64_t sqn;
    uint8_t identifier;
    unsigned rounds; /* challenges sent; 0: refused before */
    int64_t created_at;
    bool has_key;      /* the key may have been removed meanwhile */
    unsigned attempts; /* of the subscriber in this window, this exchange included */
    struct ecs_auc_key key;
    struct ecs_subscriber_facts facts;
};
/* Marks the session answered and returns all that its answer needs. */
enum ecs_next ecs_store_eap_finish(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                   struct ecs_eap_session *ret_session);

struct ecs_eap_resync {
    struct ecs_str handle;
    uint64_t sqn_ms; /* out of an AUTS whose MAC-S was verified; below 2^48 */
    uint8_t rand[16];
    uint8_t identifier;
    unsigned rounds; /* as ecs_store_eap_finish gave it */
};
struct ecs_eap_challenge {
    enum ecs_eap_outcome outcome;
    uint64_t sqn;
    uint8_t rand[16];
    uint8_t identifier;
};
enum ecs_next ecs_store_eap_resync(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_eap_resync *resync,
                                   struct ecs_eap_challenge *ret_challenge);
/* refused: the exchange is over, ecs_eap_session.rounds is 0 from now on. Otherwise what came was no answer:
 * the session waits on as if nothing had come. */
enum ecs_next ecs_store_eap_mark(struct ecs_flow *f, struct ecs_store *store, struct ecs_str handle,
                                 bool refused);
/* A success clears the count of attempts; worth a call only when ecs_eap_begun.attempts was above 1. */
enum ecs_next ecs_store_eap_passed(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi);
/* Deletes at most max_rows expired sessions; ret_rows == max_rows: call again. For a timer of one worker. */
enum ecs_next ecs_store_eap_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                 unsigned *ret_rows);
