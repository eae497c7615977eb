/* SPDX-License-Identifier: Apache-2.0 */
/* peers: connections to AAA servers and HSS, as the daemon sees them. */
#include "ctl.h"

enum ctl_status ctl_peers(struct ctl *ctl)
{
    static const char *const columns[] = {"protocol", "name",      "up",     "state", "since_s",
                                          "identity", "in_flight", "reason", NULL};

    return ctl_list(ctl, "/v1/peers", "peers", columns);
}
