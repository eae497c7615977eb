/* SPDX-License-Identifier: Apache-2.0 */
/* What the administrative interface, the portals and the tools read and write. Each call may wait; the next
 * step finds the result. A row that is not there gives ECS_E_NOT_FOUND, a duplicate ECS_E_CONFLICT, a value
 * against a constraint or an unknown plan or brand ECS_E_BAD_PARAMETER: the flow fails with it. Texts that go
 * in are borrowed until the next step, texts that come out belong to the arena. */
#pragma once

#include "ecs/store.h"

struct ecs_subscriber_row {
    struct ecs_str imsi, msisdn, iccid, plan, brand, visited_plmn, language; /* p NULL: none */
    struct ecs_str area, enterprise;
    enum ecs_line_state line_state;
    enum ecs_roaming roaming;
    int32_t token_generation, revision;
    int64_t created_at, updated_at;
    bool has_key;
};
struct ecs_subscriber_rows {
    struct ecs_subscriber_row *rows;
    size_t n;
};
enum ecs_subscriber_by { ECS_BY_IMSI, ECS_BY_MSISDN };
/* By IMSI: one row or ECS_E_NOT_FOUND. By MSISDN: up to 100 rows, perhaps none. */
enum ecs_next ecs_store_subscriber_get(struct ecs_flow *f, struct ecs_store *store, enum ecs_subscriber_by by,
                                       struct ecs_str key, struct ecs_subscriber_rows *ret_rows);
/* after: IMSI of the last row of the page before, empty text for the first. limit 1..1000. */
enum ecs_next ecs_store_subscriber_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str after,
                                        unsigned limit, struct ecs_subscriber_rows *ret_rows);

/* Text as in the columns. In "set" p NULL leaves a column alone and "" clears it; in "upsert" p NULL is none.
 */
struct ecs_subscriber_fields {
    struct ecs_str msisdn, iccid, line_state, plan, brand, roaming, visited_plmn, language, area, enterprise;
};
enum ecs_next ecs_store_subscriber_upsert(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                          const struct ecs_subscriber_fields *fields, bool *ret_created);
enum ecs_next ecs_store_subscriber_set(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                       const struct ecs_subscriber_fields *fields, int64_t *ret_revision);
/* Revokes all sealed tokens of the subscriber. */
enum ecs_next ecs_store_tokens_revoke(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                      int64_t *ret_generation);

struct ecs_plan_row {
    struct ecs_str plan, name, brand;
    const struct ecs_str *features; /* NULL in "set": leave alone */
    size_t n_features;
    int32_t revision;
};
struct ecs_plan_rows {
    struct ecs_plan_row *rows;
    size_t n;
};
enum ecs_next ecs_store_plan_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                  struct ecs_plan_rows *ret_rows);
enum ecs_next ecs_store_plan_add(struct ecs_flow *f, struct ecs_store *store, const struct ecs_plan_row *plan,
                                 int64_t *ret_revision);
enum ecs_next ecs_store_plan_set(struct ecs_flow *f, struct ecs_store *store, const struct ecs_plan_row *plan,
                                 int64_t *ret_revision);
enum ecs_next ecs_store_brand_upsert(struct ecs_flow *f, struct ecs_store *store, struct ecs_str brand,
                                     struct ecs_str name, struct ecs_str default_language,
                                     int64_t *ret_revision);

enum ecs_next ecs_store_device_model_upsert(struct ecs_flow *f, struct ecs_store *store, struct ecs_str tac,
                                            struct ecs_str vendor, struct ecs_str model,
                                            struct ecs_str category, const struct ecs_str *capabilities,
                                            size_t n, int64_t *ret_revision);
/* terminal_id in lower case; state allow, deny, stolen */
enum ecs_next ecs_store_device_identity_upsert(struct ecs_flow *f, struct ecs_store *store,
                                               struct ecs_str terminal_id, struct ecs_str state,
                                               struct ecs_str reason, int64_t *ret_revision);

/* -1, 0 and p NULL leave a value alone. */
struct ecs_line_service_set {
    int tc_status, addr_status, prov_status; /* TS.43 values 0..3 */
    int64_t tc_version;
    int64_t tc_at, addr_expiry, flow_closed_at; /* Unix seconds */
    struct ecs_str addr_identifier, override;
};
#define ECS_LINE_SERVICE_SET_NONE                                                                            \
    ((struct ecs_line_service_set){.tc_status = -1, .addr_status = -1, .prov_status = -1, .tc_version = -1})
enum ecs_next ecs_store_line_service_set(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                         struct ecs_str service, const struct ecs_line_service_set *set,
                                         int64_t *ret_revision);
enum ecs_next ecs_store_line_service_delete(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                            struct ecs_str service, int64_t *ret_revision);

struct ecs_notice_row {
    int64_t id;
    struct ecs_str service, brand, effect, message_key; /* brand p NULL: all; effect info, unavailable */
    int64_t starts_at, ends_at;
    uint32_t validity_s;
};
struct ecs_notice_rows {
    struct ecs_notice_row *rows;
    size_t n;
};
enum ecs_next ecs_store_notice_add(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_notice_row *notice, int64_t *ret_id);
enum ecs_next ecs_store_notice_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                    struct ecs_notice_rows *ret_rows);
enum ecs_next ecs_store_notice_remove(struct ecs_flow *f, struct ecs_store *store, int64_t id);

/* detail: a JSON object, p NULL for none. No unmasked identifiers in any of them. */
enum ecs_next ecs_store_audit(struct ecs_flow *f, struct ecs_store *store, struct ecs_str actor,
                              struct ecs_str role, struct ecs_str action, struct ecs_str subject_masked,
                              struct ecs_str detail);
/* Tells the database which policy is loaded; a new checksum raises every content revision. */
enum ecs_next ecs_store_policy_announce(struct ecs_flow *f, struct ecs_store *store, struct ecs_str checksum);
enum ecs_next ecs_store_ping(struct ecs_flow *f, struct ecs_store *store);
