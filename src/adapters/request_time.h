/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a request against times that are kept. A request brings the time of its own start, which may
 * lie before an event that another request has caused meanwhile: that is no clock that was set back. */
#pragma once

#include <stdint.h>

/* Requests live for less than this; a greater step back is one of the clock. */
enum { REQUEST_TIME_LAG_S = 60 };

/* now of a request, or last (the event) if now is before it by no more than REQUEST_TIME_LAG_S. Both in Unix
 * seconds, not negative. */
static inline int64_t request_time(int64_t last, int64_t now)
{
    return now < last && last - now <= REQUEST_TIME_LAG_S ? last : now;
}
