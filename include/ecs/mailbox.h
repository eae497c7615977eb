/* SPDX-License-Identifier: Apache-2.0 */
/* Messages into another thread's loop: a lock-free list and an eventfd. Not on the request path. */
#pragma once

#include "ecs/loop.h"

struct ecs_mailbox;

/* Embedded in the sender's object; fn runs on the loop's thread and owns the object from then on. */
struct ecs_mail {
    struct ecs_mail *next;
    void (*fn)(struct ecs_mail *mail, void *owner);
};

/* owner is handed to every mail. */
struct ecs_mailbox *ecs_mailbox_new(struct ecs_loop *loop, void *owner);
/* Only when no other thread can post any more; mails still inside are run. */
void ecs_mailbox_free(struct ecs_mailbox *box);
void ecs_mailbox_post(struct ecs_mailbox *box,
                      struct ecs_mail *mail); /* any thread; order per sender is kept */
