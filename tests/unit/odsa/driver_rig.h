/* SPDX-License-Identifier: Apache-2.0 */
/* The real driver and inbound events over one row in memory: a store that knows versions and leases, and
 * neighbours whose calls stay open until the test answers them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ecs/auth.h"
#include "ecs/clock.h"
#include "ecs/keyring.h"
#include "ecs/store_admin.h"
#include "ecs/store_bss.h"
#include "odsa/odsa_drive.h"
#include "odsa/odsa_inbound.h"

#define ICCID     "8949000000000000017"
#define OLD_ICCID "8949000000000000025"
#define IMSI      "001010000000001"

struct ecs_smdp {
    struct ecs_smdp_conf conf;
};

static struct world {
    struct ecs_arena *arena; /* texts of the row */
    struct ecs_journey row;
    struct ecs_profile profile;
    struct ecs_subscriber_facts line;
    bool leased;
    int64_t ahead_s; /* of ours is the database's clock */
    unsigned claims, moves, releases, lines, services, places, revoked, changes, notified, noted;
    struct ecs_journey_move last; /* its texts are gone */
    bool known_event, line_changes;
    /* the call that is open */
    struct ecs_flow *open;
    const char *call;
    unsigned called;
    struct ecs_bss_result bss, *bss_to;
    struct ecs_smdp_result smdp, *smdp_to;
    struct ecs_str source_when_called;
} w;

static struct ecs_smdp sources[3];
static struct ecs_odsa_conf conf;
static struct ecs_crypto *crypto;
static struct ecs_sealer *sealer;
static struct ecs_auth_env auth;
static struct ecs_odsa_env env;
static struct ecs_loop *loop;
static int holds;

/* ---- the row ---- */

static inline void keep(struct ecs_str *text)
{
    if (text->p)
        text->p = ecs_memdup(w.arena, text->p, text->n ? text->n : 1);
}

static inline void keep_row(const struct ecs_journey *j)
{
    struct ecs_str *texts[] = {&w.row.state,         &w.row.key,       &w.row.imsi,   &w.row.target_id,
                               &w.row.eid,           &w.row.old_iccid, &w.row.iccid,  &w.row.profile_type,
                               &w.row.smdp,          &w.row.address,   &w.row.code,   &w.row.matching_id,
                               &w.row.bss_reference, &w.row.line_imsi, &w.row.msisdn, &w.row.reason,
                               &w.row.page_url,      &w.row.page_data};

    w.row = *j;
    for (size_t i = 0; i < ECS_ARRAY_LEN(texts); i++)
        keep(texts[i]);
}

enum ecs_next ecs_store_journey_claim(struct ecs_flow *f, struct ecs_store *store, int64_t id, bool force,
                                      unsigned lease_s, struct ecs_journey *ret_journey, int64_t *ret_now,
                                      bool *ret_taken)
{
    int64_t now = ecs_clock_now() + w.ahead_s, due = w.row.due_at;

    (void)f, (void)store, (void)lease_s;
    if (w.row.deadline_at && (!due || w.row.deadline_at < due))
        due = w.row.deadline_at;
    *ret_taken = w.row.id == id && !w.row.ended_at && !w.leased && (force || due <= now);
    if (!*ret_taken)
        return ECS_NEXT;
    w.claims++;
    w.leased = true;
    w.row.version++;
    *ret_journey = w.row;
    *ret_now = now;
    return ECS_NEXT;
}

enum ecs_next ecs_store_journey_get(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                    struct ecs_journey *ret_journey)
{
    (void)f, (void)store;
    assert_int_equal(id, w.row.id);
    *ret_journey = w.row;
    return ECS_NEXT;
}

enum ecs_next ecs_store_journey_find(struct ecs_flow *f, struct ecs_store *store, enum ecs_journey_by by,
                                     struct ecs_str value, struct ecs_journey *ret_journey)
{
    struct ecs_str has = by == ECS_JOURNEY_BY_ICCID ? w.row.iccid
                         : by == ECS_JOURNEY_BY_KEY ? w.row.key
                                                    : w.row.old_iccid;

    (void)f, (void)store;
    *ret_journey = ecs_str_eq(has, value) ? w.row : (struct ecs_journey){0};
    return ECS_NEXT;
}

enum ecs_next ecs_store_journey_move(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_journey_move *move,
                                     struct ecs_journey_result *ret_result)
{
    int64_t id = w.row.id, version = w.row.version;

    (void)f, (void)store;
    *ret_result = (struct ecs_journey_result){.moved = ECS_JOURNEY_STALE};
    if (move->journey->id && move->journey->version != version)
        return ECS_NEXT;
    w.moves++;
    w.last = *move;
    w.releases += move->release;
    w.leased = !move->release && (w.leased || move->lease_s > 0);
    keep_row(move->journey);
    w.row.id = id;
    w.row.version = version + 1;
    w.row.key = ECS_STR("0f8fad5b-d9cb-469f-a165-70867728950e");
    *ret_result = (struct ecs_journey_result){.moved = ECS_JOURNEY_MOVED, .id = id, .version = version + 1};
    return ECS_NEXT;
}

/* ---- the rest of the store ---- */

enum ecs_next ecs_store_journey_due(struct ecs_flow *f, struct ecs_store *store, int64_t *ids, unsigned max,
                                    unsigned *ret_n)
{
    (void)f, (void)store, (void)max;
    ids[0] = w.row.id;
    *ret_n = 1;
    return ECS_NEXT;
}

enum ecs_next ecs_store_odsa_reap(struct ecs_flow *f, struct ecs_store *store, unsigned keep_days,
                                  unsigned max_rows, unsigned *ret_rows)
{
    (void)f, (void)store, (void)keep_days, (void)max_rows;
    *ret_rows = 0;
    return ECS_NEXT;
}

enum ecs_next ecs_store_facts(struct ecs_flow *f, struct ecs_store *store, const struct ecs_facts_key *key,
                              struct ecs_subscriber_facts *ret_facts)
{
    (void)f, (void)store, (void)key;
    *ret_facts = w.line;
    return ECS_NEXT;
}

enum ecs_next ecs_store_odsa_event_known(struct ecs_flow *f, struct ecs_store *store, struct ecs_str sender,
                                         struct ecs_str event_id, bool *ret_fresh)
{
    (void)f, (void)store, (void)sender, (void)event_id;
    *ret_fresh = !w.known_event;
    return ECS_NEXT;
}

enum ecs_next ecs_store_odsa_event_seen(struct ecs_flow *f, struct ecs_store *store, struct ecs_str sender,
                                        struct ecs_str event_id, bool *ret_fresh)
{
    (void)f, (void)store, (void)sender, (void)event_id;
    w.noted++;
    *ret_fresh = true;
    return ECS_NEXT;
}
