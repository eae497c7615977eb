/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps our rows and a BSS of TM Forum shape together, besides its orders: our registrations at its
 * hubs, and the reading of what has changed there (reconciliation behind the events; bss.md 4). */
#pragma once

#include "ecs/bss.h"

/* Zeroed, bss and store set; a new one for each run. */
struct ecs_bss_sync {
    struct ecs_bss *bss;
    struct ecs_store *store;
    /* out */
    const char *why;              /* what did not work; NULL: nothing. Not personal */
    unsigned registered;          /* hubs */
    unsigned seen, changed;       /* rows there, rows of ours that were changed */
    bool more;                    /* another page is to be read soon */
    struct ecs_bss_event *events; /* profiles on this page, to be taken as events are (no id) */
    size_t n_events;
    struct bss_sync_work *work;
};

/* For ecs_flow_start or ecs_flow_call; use two tables. Registers bss.callback at the hubs of the APIs that do
 * not have it yet; nothing to do without callback. */
extern const struct ecs_step ecs_bss_hub_steps[];
/* Reads one page of what has changed, where a pass is due (bss.sync_every) and no other node is at it; writes
 * states of services and lines. Nothing to do when it is off. Fail the flow with failures of the database
 * only. */
extern const struct ecs_step ecs_bss_sync_steps[];
