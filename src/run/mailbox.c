/* SPDX-License-Identifier: Apache-2.0 */
/* Mail between threads: senders push on an atomic list, the owner takes the whole list and turns it round. */
#include "ecs/mailbox.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct ecs_mailbox {
    _Atomic(struct ecs_mail *) head;
    int fd;
    struct ecs_watch *watch;
    void *owner;
};

static void deliver(struct ecs_mailbox *box)
{
    struct ecs_mail *list = atomic_exchange_explicit(&box->head, NULL, memory_order_acquire);
    struct ecs_mail *in_order = NULL;

    while (list) {
        struct ecs_mail *next = list->next;

        list->next = in_order;
        in_order = list;
        list = next;
    }
    while (in_order) {
        struct ecs_mail *mail = in_order;

        in_order = mail->next;
        mail->fn(mail, box->owner);
    }
}

static void on_wake(void *arg, int fd, unsigned io)
{
    uint64_t count;

    (void)io;
    if (read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        deliver(arg);
}

struct ecs_mailbox *ecs_mailbox_new(struct ecs_loop *loop, void *owner)
{
    struct ecs_mailbox *box = calloc(1, sizeof(*box));

    if (!box)
        return NULL;
    box->owner = owner;
    box->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (box->fd >= 0)
        box->watch = ecs_loop_fd_add(loop, box->fd, ECS_IO_READ, on_wake, box);
    if (!box->watch) {
        if (box->fd >= 0)
            close(box->fd);
        free(box);
        return NULL;
    }
    return box;
}

void ecs_mailbox_free(struct ecs_mailbox *box)
{
    if (!box)
        return;
    deliver(box);
    ecs_watch_free(box->watch);
    close(box->fd);
    free(box);
}

void ecs_mailbox_post(struct ecs_mailbox *box, struct ecs_mail *mail)
{
    struct ecs_mail *head = atomic_load_explicit(&box->head, memory_order_relaxed);
    uint64_t one = 1;

    do
        mail->next = head;
    while (!atomic_compare_exchange_weak_explicit(&box->head, &head, mail, memory_order_release,
                                                  memory_order_relaxed));
    /* The counter cannot overflow before the owner reads it; a full counter wakes all the same. */
    if (write(box->fd, &one, sizeof(one)) < 0)
        return;
}
