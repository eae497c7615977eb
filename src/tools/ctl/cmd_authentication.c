/* SPDX-License-Identifier: Apache-2.0 */
/* authentication: who proves SIM cards. */
#include "ctl.h"

enum ctl_status ctl_authentication(struct ctl *ctl)
{
    return ctl_do(ctl, "GET", "/v1/authentication", NULL);
}
