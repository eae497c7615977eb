/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of a conversation as bytes: a letter for the protocol, then three texts with two bytes of length
 * each. It is kept with the session, and may come back on another worker or node. */
#include "adapters/aaa_int.h"

enum { DIAMETER = 'D', RADIUS = 'R', FIELDS = 3 };

static void add(struct ecs_buf *buf, struct ecs_str s)
{
    ecs_buf_add_char(buf, (char)(uint8_t)(s.n >> 8));
    ecs_buf_add_char(buf, (char)(uint8_t)s.n);
    ecs_buf_add_str(buf, s);
}

bool aaa_thread_write(struct ecs_arena *arena, bool diameter, const struct aaa_thread *thread,
                      struct ecs_str *ret_bytes)
{
    struct ecs_buf buf = {.limit = ECS_AAA_THREAD_MAX};
    char *copy = NULL;

    if (thread->server.n < ECS_AAA_THREAD_MAX && thread->session.n < ECS_AAA_THREAD_MAX &&
        thread->state.n < ECS_AAA_THREAD_MAX) {
        ecs_buf_add_char(&buf, diameter ? DIAMETER : RADIUS);
        add(&buf, thread->server);
        add(&buf, thread->session);
        add(&buf, thread->state);
        if (!buf.overflow)
            copy = ecs_memdup(arena, buf.p, buf.n);
    }
    *ret_bytes = copy ? (struct ecs_str){copy, buf.n} : ECS_STR_NULL;
    ecs_buf_done(&buf);
    return copy;
}

bool aaa_thread_read(struct ecs_str bytes, bool diameter, struct aaa_thread *ret_thread)
{
    struct ecs_str *fields[FIELDS] = {&ret_thread->server, &ret_thread->session, &ret_thread->state};

    if (bytes.n < 1 || bytes.p[0] != (diameter ? DIAMETER : RADIUS))
        return false;
    bytes.p++;
    bytes.n--;
    for (int i = 0; i < FIELDS; i++) {
        size_t n;

        if (bytes.n < 2)
            return false;
        n = (size_t)(uint8_t)bytes.p[0] << 8 | (uint8_t)bytes.p[1];
        if (n > bytes.n - 2)
            return false;
        *fields[i] = n ? (struct ecs_str){bytes.p + 2, n} : ECS_STR_NULL;
        bytes.p += n + 2;
        bytes.n -= n + 2;
    }
    return bytes.n == 0 && (diameter ? ret_thread->session.n : ret_thread->server.n);
}
