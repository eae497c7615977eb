/* SPDX-License-Identifier: Apache-2.0 */
/* eSIM profiles and the procedures (journeys) that make, move and end them. A journey is a row with a state;
 * each change of it is one statement that also writes the profiles, the notifications and the timeline, or
 * nothing. Who works on one holds a lease. Calls and texts as in ecs/store_admin.h. */
#pragma once

#include "ecs/journey.h"
#include "ecs/store.h"

/* ---- what a request of a device needs: one statement ---- */

/* Identities are compared in lower case, ICCIDs without filler. */
struct ecs_odsa_key {
    struct ecs_str imsi, enterprise; /* one of them */
    int app;
    struct ecs_str terminal_id;                /* of the device that asks */
    struct ecs_str target_id, target_tac, eid; /* {NULL, 0}: none */
    struct ecs_str iccids[4];                  /* named in the request: whose are they? {NULL, 0}: none */
    bool poll; /* counts a poll of the open journeys for target_id (without it: of all open ones of the line)
                */
};
/* OURS: a living profile of the owner (of any app), or the card of its line; DEAD: an ended one of the owner;
 * FOREIGN: of somebody else, living or ended. */
enum ecs_iccid_owner { ECS_ICCID_UNKNOWN, ECS_ICCID_OURS, ECS_ICCID_DEAD, ECS_ICCID_FOREIGN };
struct ecs_odsa_view {
    /* Living ones of the owner and app and those that ended within a day, oldest first; an enterprise's: of
     * target_id only. At most 64, living ones first choice. */
    struct ecs_profile *profiles;
    size_t n_profiles;
    /* Open ones of the owner and app, and those for target_id (without it: for terminal_id) that ended within
     * a day, newest first; an enterprise's: of target_id only. At most 64. */
    struct ecs_journey *journeys;
    size_t n_journeys;
    bool target_known; /* its TAC is in the model table */
    enum ecs_device_category target_category;
    const struct ecs_str *target_capabilities;
    size_t n_target_capabilities;
    enum ecs_identity_state target_state, eid_state; /* device_identity: of target_id, of the EID's digits */
    enum ecs_iccid_owner owners[4];                  /* subscriber.iccid counts as ours */
    int64_t family_n;                                /* rows in line_relation for the line */
    bool enterprise_known, enterprise_active;
    struct ecs_str enterprise_brand;           /* p NULL: none */
    int64_t enterprise_max, enterprise_living; /* most profiles, -1 no limit; with a limit: living ones now */
};
enum ecs_next ecs_store_odsa_view(struct ecs_flow *f, struct ecs_store *store, const struct ecs_odsa_key *key,
                                  struct ecs_odsa_view *ret_view);

/* ---- changes ---- */

struct ecs_journey_note {  /* one row of the timeline */
    const char *event;     /* of src/odsa/events.def, or "created" */
    const char *neighbour; /* "smdp main", "bss", "portal shop", "device", "care"; NULL: none */
    const char *call;      /* "downloadOrder"; NULL */
    struct ecs_str detail; /* no identifiers of persons, no secrets */
    int64_t us;            /* duration of the call; -1: none */
};
/* Changes of profile rows that go with it. id 0: a new row, whose id becomes journey.profile; owner and app
 * are the journey's when they are not told. An ICCID that lives with the same owner, app and device is that
 * very row; with another device of the owner the former row ends. Fields with p NULL are left alone, ""
 * clears (new row: none); status 0, times 0: left alone; status 4 drops the code, too. drop_code: nothing to
 * download any more; set_...: the bool of row counts. */
struct ecs_profile_change {
    struct ecs_profile row;
    bool drop_code, set_secondary, set_waiting;
};
/* Times: due_at and deadline_at as Unix seconds, 0 none; ended_at <> 0: it has ended (the database's clock
 * counts, the first end stays). created_at, changed_at, key and leased are not written. A change of state or
 * polls 0 makes the count of polls 0, else it stays as the database has it. Long texts of devices, reason and
 * detail are cut. */
struct ecs_journey_move {
    const struct ecs_journey *journey; /* as it is to be; id and version as they were read; id 0: new */
    const struct ecs_profile_change *profiles;
    size_t n_profiles;
    const struct ecs_journey_note *note; /* NULL: nothing in the timeline (at most 500 without a new state) */
    const char *notify_reason; /* NULL: nobody is notified; else devices of the line registered for app */
    bool release;              /* gives the lease up */
    unsigned lease_s;          /* takes the lease, or prolongs it from now on; 0: as it is */
    bool line_iccid; /* subscriber.iccid becomes journey->iccid (local BSS, END_OLD of a transfer) */
};
/* Open at the same time are, for one owner, app and target: one that brings a new profile (COMPANION,
 * PRIMARY, ENTERPRISE, TRANSFER, MOVE), one RECOVERY per old ICCID, one SWITCH, END and WAITING each per
 * ICCID, one MANAGE. And of TRANSFER, MOVE and RECOVERY one per old ICCID, whoever asks. */
enum ecs_journey_moved {
    ECS_JOURNEY_MOVED,
    ECS_JOURNEY_STALE,  /* another one was faster: read it again; or it, its line or enterprise is gone */
    ECS_JOURNEY_EXISTS, /* another open one is in its way: result id when it is the same owner's, else 0 */
    ECS_JOURNEY_TAKEN,  /* the ICCID of a profile lives with another owner; nothing was written */
};
struct ecs_journey_result {
    enum ecs_journey_moved moved;
    int64_t id, version, profile; /* version, profile, key: when moved */
    struct ecs_str key;
};
enum ecs_next ecs_store_journey_move(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_journey_move *move,
                                     struct ecs_journey_result *ret_result);

/* Takes the lease of one journey (id) for lease_s when it is open, due (due_at or deadline_at is over, or will
 * be in 5 s: clocks differ) and nobody has it; its version grows. ret_taken false: not. force: also when it is
 * not due. ret_now: the time by the database's clock, not before it was due. */
enum ecs_next ecs_store_journey_claim(struct ecs_flow *f, struct ecs_store *store, int64_t id, bool force,
                                      unsigned lease_s, struct ecs_journey *ret_journey, int64_t *ret_now,
                                      bool *ret_taken);
/* Ids of open journeys that are due and nobody works on, oldest first. */
enum { ECS_JOURNEY_DUE_MAX = 64 };
enum ecs_next ecs_store_journey_due(struct ecs_flow *f, struct ecs_store *store, int64_t *ids, unsigned max,
                                    unsigned *ret_n);
enum ecs_next ecs_store_journey_get(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                    struct ecs_journey *ret_journey); /* ECS_E_NOT_FOUND */
/* By the key of calls, by the BSS's reference, by ICCID: what an event from outside is about. The newest open
 * one, else the newest. id 0: none. */
enum ecs_journey_by {
    ECS_JOURNEY_BY_KEY,
    ECS_JOURNEY_BY_REFERENCE,
    ECS_JOURNEY_BY_ICCID,
    ECS_JOURNEY_BY_OLD_ICCID
};
enum ecs_next ecs_store_journey_find(struct ecs_flow *f, struct ecs_store *store, enum ecs_journey_by by,
                                     struct ecs_str value, struct ecs_journey *ret_journey);
/* False in ret_fresh: this event of this sender was seen before (kept 30 days). _known only looks; _seen notes
 * it by this very call, so it comes when everything is done: what a crash has lost in between the sender tells
 * again. sender 1..128, event_id 1..256 characters. */
enum ecs_next ecs_store_odsa_event_known(struct ecs_flow *f, struct ecs_store *store, struct ecs_str sender,
                                         struct ecs_str event_id, bool *ret_fresh);
enum ecs_next ecs_store_odsa_event_seen(struct ecs_flow *f, struct ecs_store *store, struct ecs_str sender,
                                        struct ecs_str event_id, bool *ret_fresh);

/* Counts a CheckEligibility poll of a device (digest of line and device); ret_polls: those of today (UTC),
 * this one too. */
enum { ECS_POLL_DEVICE_LEN = 16 };
enum ecs_next ecs_store_eligibility_poll(struct ecs_flow *f, struct ecs_store *store,
                                         const uint8_t device[ECS_POLL_DEVICE_LEN], int64_t *ret_polls);

/* ---- profiles alone ---- */

enum ecs_next ecs_store_profile_by_iccid(struct ecs_flow *f, struct ecs_store *store, struct ecs_str iccid,
                                         struct ecs_profile *ret_profile); /* id 0: none that lives */
/* Without a journey: adopted from the BSS, imported, installed, deleted. ret_id of the row. ECS_E_NOT_FOUND:
 * no such line, enterprise or profile; ECS_E_CONFLICT: the ICCID lives with another owner. */
enum ecs_next ecs_store_profile_change(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_profile_change *change, const char *notify_reason,
                                       int64_t *ret_id);
/* The first answer that carried its download data. */
enum ecs_next ecs_store_profile_delivered(struct ecs_flow *f, struct ecs_store *store, int64_t id);

/* Deletes ended journeys and their timelines after keep_days, dead profiles too, events after 30 days, polls of
 * former days; at most max_rows of each, ret_rows is the largest number. */
enum ecs_next ecs_store_odsa_reap(struct ecs_flow *f, struct ecs_store *store, unsigned keep_days,
                                  unsigned max_rows, unsigned *ret_rows);
