/* SPDX-License-Identifier: Apache-2.0 */
/* A profile waits on the default SM-DP+ until its user is verified (TS.43 8.12): nothing is ordered at the
 * SM-DP+, the profile is released; by us, or by the BSS where that provides profiles. */
#include "fsm.h"

#define VERIFIED(state, event, effect, clause)                                                               \
    ROW(state, event, BSS_PROFILE, effect, ACTIVATING, clause),                                              \
        ROW(state, event, ALWAYS, effect, RELEASING, clause)
#define BSS_RELEASES(state)                                                                                  \
    ROW(state, OK, ALWAYS, TOLD, READY, "10.11: 10"),                                                        \
        ROW(state, WEBSITE, ALWAYS, TO_PORTAL, CHOOSING, "10.11: 5")

const struct odsa_row odsa_waiting_rows[] = {
    ROW(NONE, START, ASKS, NONE, ASKING, "10.11: 3"),
    ROW(NONE, START, PORTAL, NONE, CHOOSING, "10.11: 5"),
    VERIFIED(NONE, START, NONE, "11.4"),

    ROW(ASKING, ANSWERED, PORTAL, ANSWERED, CHOOSING, "10.11: 5"),
    VERIFIED(ASKING, ANSWERED, ANSWERED, "10.11: 6"),

    VERIFIED(CHOOSING, CHOSEN, PORTAL_DONE, "10.11: 10"),
    ROW(CHOOSING, ACTIVATED, ALWAYS, ACTIVATED, READY, "10.11: 11"),
    ROW(CHOOSING, BSS_DONE, ALWAYS, ACTIVATED, READY, "10.11: 11"),
    ROW(CHOOSING, ORDERED, ALWAYS, PORTAL_ORDERED, AWAITING, "10.11: 12"),
    ROW(CHOOSING, BSS_FAILED, ALWAYS, NONE, FAILED, "11.4"),

    ROW(ACTIVATING, OK, ENDING, NONE, WITHDRAWING, "12.14"),
    ROW(ACTIVATING, WEBSITE, ENDING, NOT_ORDERED, WITHDRAWING, "12.14"),
    BSS_FAILS(ACTIVATING),
    BSS_RELEASES(ACTIVATING),
    ROW(ACTIVATING, PENDING, ENDING, NONE, WITHDRAWING, "12.14"),
    ROW(ACTIVATING, PENDING, ALWAYS, NONE, AWAITING, "10.11: 9"),
    NOTES(ACTIVATING),
    NOTES_USER(ACTIVATING),
    NOTES_BSS(ACTIVATING),
    NOTES_DEVICE(ACTIVATING),

    BSS_FAILS(AWAITING),
    BSS_RELEASES(AWAITING),
    ROW(AWAITING, PENDING, ALWAYS, NONE, AWAITING, "bss 3.3: polled"),
    ROW(AWAITING, BSS_DONE, ALWAYS, BSS_DONE, AWAITING, "bss 3.3"),
    ROW(AWAITING, ACTIVATED, ALWAYS, BSS_DONE, AWAITING, "10.11: 12"),
    UNDO(AWAITING, BSS_FAILED, NOT_ORDERED, "11.4"),
    UNDO(AWAITING, CANCEL, CANCEL, "11.4"),
    UNDO(AWAITING, DISMISSED, CANCEL, "11.4"),
    UNDO(AWAITING, REJECTED, CANCEL, "12.17"),
    UNDO(AWAITING, POLLED_OUT, EXPIRE, "12.35"),
    ROW(AWAITING, NUDGE, ALWAYS, NUDGED, AWAITING, "bss 3.3"),
    ROW(AWAITING, AGAIN, ALWAYS, POLLS_ANEW, AWAITING, "12.14"),

    ROW(RELEASING, OK, ENDING, RELEASED, WITHDRAWING, "12.14"),
    HAND_OUT(RELEASING, OK, RELEASED, "10.11: 8, 11.4"),
    ROW(RELEASING, RETRY, ALWAYS, NONE, RELEASING, "smdp 7"),
    FINISH(RELEASING, EXHAUSTED, NONE, "11.4"),
    FINISH(RELEASING, REFUSED, NONE, "11.4"),
    NOTES(RELEASING),
    NOTES_USER(RELEASING),
    NOTES_DEVICE(RELEASING),
    END_OF_ROWS,
};
