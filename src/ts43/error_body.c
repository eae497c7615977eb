/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of error answers: short, plain, without personal data; faults of the server are not explained. */
#include "ecs/ts43.h"

enum { MAX_BODY = 200 };

static void add_plain(struct ecs_buf *out, size_t start, const char *text)
{
    for (; *text && out->n - start < MAX_BODY - 1 && !out->overflow; text++)
        ecs_buf_add_char(out, *text >= ' ' && *text <= '~' ? *text : '?');
}

void ecs_error_body(enum ecs_rc rc, const char *reason, struct ecs_buf *out)
{
    size_t start = out->n;

    add_plain(out, start, ecs_strerror(rc));
    if (reason && reason[0] && ecs_rc_http(rc) < 500) {
        add_plain(out, start, ": ");
        add_plain(out, start, reason);
    }
    ecs_buf_add_char(out, '\n');
}
