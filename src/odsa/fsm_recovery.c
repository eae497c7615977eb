/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery and transfer have an old profile, which the SM-DP+ or the BSS may still know as installed: the
 * user deletes it, and the order is placed anew (flow 8.11). */
#include "fsm.h"

#define IN_USE_AT_BSS(state)                                                                                 \
    ROW(state, IN_USE, MANY_CALLS, NOT_ORDERED, WITHDRAWING, "12.51"),                                       \
        ROW(state, IN_USE, OLD_DELETED, ANEW_DELETED, ACTIVATING, "10.10"),                                  \
        ROW(state, IN_USE, ALWAYS, NOT_ORDERED, DELETING, "10.10, 11.2 DELETE_OLD")
#define ORDER_AGAIN(event, effect, clause)                                                                   \
    ROW(DELETING, event, RESERVED, effect, ACTIVATING, clause), PROVISION(DELETING, event, effect, clause)

const struct odsa_row odsa_delete_rows[] = {
    ROW(RESERVING, IN_USE, ENDING, NONE, WITHDRAWING, "12.14"),
    ROW(RESERVING, IN_USE, MANY_CALLS, NONE, WITHDRAWING, "12.51"),
    ROW(RESERVING, IN_USE, OLD_DELETED, ANEW_DELETED, RESERVING, "10.10"),
    ROW(RESERVING, IN_USE, ALWAYS, NONE, DELETING, "10.10, 11.2 DELETE_OLD"),
    ROW(ACTIVATING, IN_USE, ENDING, NOT_ORDERED, WITHDRAWING, "12.14"),
    IN_USE_AT_BSS(ACTIVATING),
    IN_USE_AT_BSS(AWAITING),

    ORDER_AGAIN(OLD_DELETED, OLD_DELETED, "10.10"),
    ROW(DELETING, ACTIVATED, TOLD, ACTIVATED, READY, "10.10"),
    ROW(DELETING, BSS_DONE, TOLD, ACTIVATED, READY, "10.10"),
    ORDER_AGAIN(BSS_DONE, OLD_DELETED, "10.10"),
    ORDER_AGAIN(AGAIN, NONE, "10.10: the report may be lost"),
    UNDO(DELETING, BSS_FAILED, NONE, "11.2"),
    UNDO(DELETING, REJECTED, CANCEL, "12.17"),
    UNDO(DELETING, DISMISSED, CANCEL, "12.48"),
    UNDO(DELETING, POLLED_OUT, EXPIRE, "12.35"),
    UNDO(DELETING, TIMEOUT, EXPIRE, "12.51"),
    UNDO(DELETING, CANCEL, CANCEL, "12.51"),
    END_OF_ROWS,
};
