/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses without holding the loop up: one short-lived thread per question. */
#pragma once

#include <netdb.h>

#include "ecs/loop.h"

struct net_resolve;

/* Numeric addresses are answered by *ret_list at once (and NULL is returned); names start a thread, and fn is
 * called on the loop. list is the receiver's (freeaddrinfo), NULL with an error text. Without either (NULL
 * and no list) there is no memory or no thread. */
struct net_resolve *net_resolve_start(struct ecs_loop *loop, const char *host, uint16_t port,
                                      void (*fn)(void *arg, struct addrinfo *list, const char *error),
                                      void *arg, struct addrinfo **ret_list);
/* fn is not called any more; not to be used after fn was called. NULL allowed. */
void net_resolve_cancel(struct net_resolve *resolve);
