/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers (between phones, between companions): what is added to a new subscription. The old subscription
 * ends behind the confirmation of the new one, or, where policy wants it (flow 8.5), before the new profile
 * is given out, but never before that is confirmed at the SM-DP+. From its end on there is no way back. */
#include "fsm.h"

/* A care agent ends the trying: what is left of the old subscription is theirs. */
#define LEAVE_OLD(event, effect)                                                                             \
    ROW(ENDING_OLD, event, LEFT_INSTALLED, OLD_ENDED, COMPLETING, "12.50: left to care"),                    \
        ROW(ENDING_OLD, event, LEFT_FIRST, OLD_ENDED, READY, "12.50: left to care"),                         \
        ROW(ENDING_OLD, event, LEFT, OLD_ENDED, DONE, "12.50: left to care"),                                \
        ROW(ENDING_OLD, event, ALWAYS, effect, ENDING_OLD, "12.50: never given up")

const struct odsa_row odsa_transfer_rows[] = {
    ROW(ACTIVATING, OK, OLD_FIRST_TOLD, TOLD, ENDING_OLD, "10.5"),
    ROW(AWAITING, OK, OLD_FIRST_TOLD, TOLD, ENDING_OLD, "10.5"),
    ROW(CONFIRMING, OK, OLD_FIRST, CONFIRMED, ENDING_OLD, "10.5"),
    ROW(RELEASING, OK, OLD_FIRST, RELEASED, ENDING_OLD, "10.5"),

    ROW(READY, TIMEOUT, DOWNLOADED, NONE, COMPLETING, "smdp 4: downloaded"),
    ROW(READY, TIMEOUT, OLD_ENDED, NONE, DONE, "12.50: never rolled back"),

    ROW(COMPLETING, OK, OLD_LIVES, GO_ON, ENDING_OLD, "10.7"),
    ROW(COMPLETING, REFUSED, OLD_LIVES, GO_ON, ENDING_OLD, "10.7"),
    ROW(COMPLETING, EXHAUSTED, OLD_LIVES, GO_ON, ENDING_OLD, "10.7"),

    ROW(ENDING_OLD, OK, INSTALLED_FIRST, OLD_ENDED, COMPLETING, "10.5"),
    ROW(ENDING_OLD, OK, IS_OLD_FIRST, OLD_ENDED, READY, "10.5"),
    ROW(ENDING_OLD, OK, ALWAYS, OLD_ENDED, DONE, "10.7"),
    LEAVE_OLD(RETRY, NONE),
    LEAVE_OLD(PENDING, NONE),
    LEAVE_OLD(REFUSED, ANEW_LATER), /* that order is over: another one */
    LEAVE_OLD(EXHAUSTED, NONE),
    NOTES(ENDING_OLD),
    NOTES_BSS(ENDING_OLD),
    NOTES_DEVICE(ENDING_OLD),
    NOTES_OLD(ENDING_OLD),
    END_OF_ROWS,
};
