/* SPDX-License-Identifier: Apache-2.0 */
/* Service on and off: ManageService, types 5 and 6. */
#include "fsm.h"

const struct odsa_row odsa_switch_rows[] = {
    ROW(NONE, START, ALWAYS, NONE, SWITCHING, "11.1 ACTIVATING"),

    ROW(SWITCHING, OK, ALWAYS, NONE, DONE, "11.1 INSTALLED, OFF"),
    ROW(SWITCHING, RETRY, ALWAYS, NONE, SWITCHING, "bss 3.3"),
    ROW(SWITCHING, PENDING, ALWAYS, NONE, SWITCHING, "11.1 ACTIVATING"),
    ROW(SWITCHING, REFUSED, ALWAYS, NONE, FAILED, "bss 3.3 FAILED"),
    ROW(SWITCHING, EXHAUSTED, ALWAYS, NONE, FAILED, "bss 3.3"),
    NOTES(SWITCHING),
    NOTES_BSS(SWITCHING),
    END_OF_ROWS,
};
