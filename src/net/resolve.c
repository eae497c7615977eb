/* SPDX-License-Identifier: Apache-2.0 */
/* getaddrinfo() on a detached thread. Question and answer live in an object that belongs to the thread and to
 * the loop together; the thread tells the end by closing its half of a pipe. */
#include "net/resolve.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STACK_BYTES = 256 * 1024, HOST_MAX = 256 };

struct question {
    atomic_int owners;
    int done_fd; /* the thread's half of the pipe */
    char host[HOST_MAX], port[8];
    struct addrinfo *list;
    int rc;
};

struct net_resolve {
    struct question *question;
    struct ecs_watch *watch;
    int fd;
    void (*fn)(void *arg, struct addrinfo *list, const char *error);
    void *arg;
};

static void leave(struct question *q)
{
    if (atomic_fetch_sub(&q->owners, 1) != 1)
        return;
    if (q->list)
        freeaddrinfo(q->list);
    free(q);
}

static int look_up(struct question *q, int flags)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};

    return getaddrinfo(q->host, q->port, &hints, &q->list);
}

static void *ask(void *arg)
{
    struct question *q = arg;

    q->rc = look_up(q, AI_ADDRCONFIG | AI_NUMERICSERV);
    close(q->done_fd);
    leave(q);
    return NULL;
}

static void take_answer(void *arg, int fd, unsigned io)
{
    struct net_resolve *r = arg;
    struct question *q = r->question;
    struct addrinfo *list;
    void (*fn)(void *, struct addrinfo *, const char *) = r->fn;
    void *fn_arg = r->arg;
    const char *error;
    char byte;

    (void)io;
    if (read(fd, &byte, 1) != 0) /* only the end means something */
        return;
    list = q->rc == 0 ? q->list : NULL;
    if (list)
        q->list = NULL;
    error = q->rc ? gai_strerror(q->rc) : "the name has no address";
    net_resolve_cancel(r);
    fn(fn_arg, list, list ? NULL : error);
}

static bool start_thread(struct question *q)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;
    bool good;

    if (pthread_attr_init(&attr))
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    good = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0 &&
           pthread_attr_setstacksize(&attr, STACK_BYTES) == 0 && pthread_create(&thread, &attr, ask, q) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return good;
}

/* The question is given away in any case. */
static struct net_resolve *start_asking(struct ecs_loop *loop, struct question *q)
{
    struct net_resolve *r = calloc(1, sizeof(*r));
    int fd[2];

    if (!r || pipe2(fd, O_CLOEXEC | O_NONBLOCK)) {
        free(r);
        leave(q);
        return NULL;
    }
    r->question = q;
    r->fd = fd[0];
    q->done_fd = fd[1];
    r->watch = ecs_loop_fd_add(loop, fd[0], ECS_IO_READ, take_answer, r);
    atomic_store(&q->owners, 2);
    if (!r->watch || !start_thread(q)) {
        close(fd[1]);
        leave(q);
        net_resolve_cancel(r);
        return NULL;
    }
    return r;
}

struct net_resolve *net_resolve_start(struct ecs_loop *loop, const char *host, uint16_t port,
                                      void (*fn)(void *arg, struct addrinfo *list, const char *error),
                                      void *arg, struct addrinfo **ret_list)
{
    struct question *q = calloc(1, sizeof(*q));
    struct net_resolve *r;

    *ret_list = NULL;
    if (!q || strlen(host) >= sizeof(q->host)) {
        free(q);
        return NULL;
    }
    atomic_store(&q->owners, 1);
    memcpy(q->host, host, strlen(host) + 1);
    snprintf(q->port, sizeof(q->port), "%u", (unsigned)port);
    if (look_up(q, AI_NUMERICHOST | AI_NUMERICSERV) == 0) {
        *ret_list = q->list;
        q->list = NULL;
        leave(q);
        return NULL;
    }
    q->list = NULL;
    r = start_asking(loop, q);
    if (r) {
        r->fn = fn;
        r->arg = arg;
    }
    return r;
}

void net_resolve_cancel(struct net_resolve *r)
{
    if (!r)
        return;
    ecs_watch_free(r->watch);
    close(r->fd);
    leave(r->question);
    free(r);
}
