/* SPDX-License-Identifier: Apache-2.0 */
/* How state tables are written: a row, and groups of rows that belong together. First match wins, so a group
 * for one event ends with a row without condition. */
#pragma once

#include "odsa_priv.h"

#define ROW(state, event, guard, effect, next, clause)                                                       \
    {                                                                                                        \
        ODSA_##state, ODSA_EV_##event, ODSA_G_##guard, ODSA_E_##effect, ODSA_##next, clause                  \
    }
#define END_OF_ROWS                                                                                          \
    {                                                                                                        \
        0, 0, 0, 0, 0, NULL                                                                                  \
    }

/* To the end, once what stands at SM-DP+ and BSS is taken back; where nothing stands nobody is called. */
#define UNDO(state, event, effect, clause) ROW(state, event, ALWAYS, effect, WITHDRAWING, clause)
/* Nothing stands any more: which end it is. */
#define FINISH(state, event, effect, clause)                                                                 \
    ROW(state, event, CANCELLED, effect, DISMISSED, clause),                                                 \
        ROW(state, event, EXPIRED, effect, EXPIRED, clause),                                                 \
        ROW(state, event, ALWAYS, effect, FAILED, clause)
/* Once the user's part is over. */
#define PROVISION(state, event, effect, clause)                                                              \
    ROW(state, event, BSS_PROFILE, effect, ACTIVATING, clause),                                              \
        ROW(state, event, ALWAYS, effect, RESERVING, clause)
/* The profile is confirmed and released. */
#define HAND_OUT(state, event, effect, clause)                                                               \
    ROW(state, event, INSTALLED, effect, COMPLETING, clause), ROW(state, event, ALWAYS, effect, READY, clause)

/* What comes from outside while a work's outcome is awaited is noted and changes nothing else. */
#define NOTES(state)                                                                                         \
    ROW(state, CANCEL, ALWAYS, CANCEL, state, "12.14: the outcome is awaited"),                              \
        ROW(state, NUDGE, ALWAYS, NUDGED, state, "bss 3.3"),                                                 \
        ROW(state, AGAIN, ALWAYS, POLLS_ANEW, state, "12.14")
#define NOTES_USER(state)                                                                                    \
    ROW(state, POLLED_OUT, ALWAYS, EXPIRE, state, "12.35"),                                                  \
        ROW(state, DISMISSED, ALWAYS, CANCEL, state, "12.48"),                                               \
        ROW(state, REJECTED, ALWAYS, CANCEL, state, "12.17")
#define NOTES_BSS(state)                                                                                     \
    ROW(state, BSS_DONE, ALWAYS, BSS_DONE, state, "12.44"),                                                  \
        ROW(state, BSS_FAILED, ALWAYS, BSS_FAILED, state, "12.44")
#define NOTES_DEVICE(state)                                                                                  \
    ROW(state, DOWNLOADED, ALWAYS, DOWNLOADED, state, "smdp 8"),                                             \
        ROW(state, INSTALLED, ALWAYS, INSTALLED, state, "smdp 8")
#define NOTES_OLD(state) ROW(state, OLD_DELETED, ALWAYS, OLD_DELETED, state, "smdp 8")

/* What the BSS says about an order, at once or later. */
#define BSS_FAILS(state)                                                                                     \
    ROW(state, RETRY, ALWAYS, NONE, state, "bss 3.3"), UNDO(state, EXHAUSTED, NONE, "bss 3.3"),              \
        UNDO(state, REFUSED, NOT_ORDERED, "bss 3.3 FAILED"),                                                 \
        ROW(state, WEBSITE, MANY_CALLS, NOT_ORDERED, WITHDRAWING, "12.14")

extern const struct odsa_row odsa_start_rows[];  /* START, ASKING, CHOOSING of what gives a new profile */
extern const struct odsa_row odsa_user_rows[];   /* how ASKING and CHOOSING end */
extern const struct odsa_row odsa_order_rows[];  /* RESERVING to RELEASING, RETURNING */
extern const struct odsa_row odsa_ready_rows[];  /* READY, COMPLETING */
extern const struct odsa_row odsa_undo_rows[];   /* WITHDRAWING, REVOKING, STOPPING */
extern const struct odsa_row odsa_delete_rows[]; /* DELETING, and how it comes to it */
extern const struct odsa_row odsa_transfer_rows[], odsa_waiting_rows[], odsa_end_rows[], odsa_manage_rows[],
    odsa_switch_rows[];
