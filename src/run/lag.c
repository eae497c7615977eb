/* SPDX-License-Identifier: Apache-2.0 */
/* The probe is an eventfd: it becomes ready at once and is served when the loop has come through what was
 * ready before. */
#include "ecs/lag.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "ecs/clock.h"

enum { STALE_US = 1000000, PAUSE_US = 2000 };

static void arrived(void *arg, int fd, unsigned io)
{
    struct ecs_lag *lag = arg;
    uint64_t count;

    (void)io;
    if (read(fd, &count, sizeof(count)) != sizeof(count) || !lag->sent_us)
        return;
    lag->last_at_us = ecs_clock_mono_us();
    lag->last_us = lag->last_at_us - lag->sent_us;
    lag->sent_us = 0;
}

bool ecs_lag_start(struct ecs_lag *lag, struct ecs_loop *loop)
{
    *lag = (struct ecs_lag){.loop = loop, .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (lag->fd < 0)
        return false;
    lag->watch = ecs_loop_fd_add(loop, lag->fd, ECS_IO_READ, arrived, lag);
    if (!lag->watch)
        close(lag->fd);
    return lag->watch != NULL;
}

void ecs_lag_stop(struct ecs_lag *lag)
{
    if (!lag->watch)
        return;
    ecs_watch_free(lag->watch);
    close(lag->fd);
    lag->watch = NULL;
}

int64_t ecs_lag_us(struct ecs_lag *lag)
{
    int64_t now = ecs_clock_mono_us(), waiting = lag->sent_us ? now - lag->sent_us : 0;
    int64_t last = now - lag->last_at_us < STALE_US ? lag->last_us : 0;
    uint64_t one = 1;

    if (lag->watch && !lag->sent_us && now - lag->last_at_us > PAUSE_US &&
        write(lag->fd, &one, sizeof(one)) == sizeof(one))
        lag->sent_us = now;
    return waiting > last ? waiting : last;
}
