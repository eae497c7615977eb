/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets, for the HTTP server and its tests. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ecs/http_server.h"

enum { BACKLOG = 4096 }; /* the kernel cuts it to net.core.somaxconn */

static int fail(int fd, char *err, size_t err_size, const char *what)
{
    snprintf(err, err_size, "%s: %s", what, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Splits "[v6]:port", "v4:port", ":port", "*:port"; host "" stands for any address. */
static bool split(struct ecs_str text, char host[64], char port[8])
{
    const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;
    struct ecs_str h, p;

    if (!colon)
        return false;
    h = (struct ecs_str){text.p, (size_t)(colon - text.p)};
    p = (struct ecs_str){colon + 1, text.n - h.n - 1};
    if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
        h = (struct ecs_str){h.p + 1, h.n - 2};
    else if (h.n && memchr(h.p, ':', h.n))
        return false;
    if (ecs_str_eq(h, ECS_STR("*")))
        h.n = 0;
    if (h.n >= 64 || p.n >= 8 || !ecs_str_is_digits(p))
        return false;
    snprintf(host, 64, "%.*s", ECS_FMT(h));
    snprintf(port, 8, "%.*s", ECS_FMT(p));
    return true;
}

static int open_at(const struct addrinfo *ai, bool dual, bool reuseport, char *err, size_t err_size)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0;

    if (fd < 0)
        return fail(fd, err, err_size, "socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
        return fail(fd, err, err_size, "SO_REUSEADDR");
    if (reuseport && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
        return fail(fd, err, err_size, "SO_REUSEPORT");
    if (ai->ai_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, dual ? &off : &on, sizeof(on)) < 0)
        return fail(fd, err, err_size, "IPV6_V6ONLY");
    /* Inherited by accepted sockets: an answer is written in one piece, waiting for more only adds 40 ms. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
        return fail(fd, err, err_size, "TCP_NODELAY");
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0)
        return fail(fd, err, err_size, "cannot bind the address");
    if (listen(fd, BACKLOG) < 0)
        return fail(fd, err, err_size, "cannot listen");
    return fd;
}

int ecs_listen_tcp(struct ecs_str addr_port, bool reuseport, char *err, size_t err_size)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char host[64], port[8];
    uint32_t number;
    int fd, rc;

    if (!split(addr_port, host, port) || !ecs_str_to_u32(ecs_str_of(port), &number) || number > 65535) {
        snprintf(err, err_size, "\"%.*s\" is not ADDRESS:PORT", ECS_FMT(addr_port));
        return -1;
    }
    if (!host[0])
        hints.ai_family = AF_INET6;
    rc = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
    if (rc != 0) {
        snprintf(err, err_size, "\"%s\" is not a numeric address: %s", host, gai_strerror(rc));
        return -1;
    }
    fd = open_at(list, !host[0], reuseport, err, err_size);
    freeaddrinfo(list);
    if (fd < 0 && !host[0]) { /* a kernel without IPv6 */
        hints.ai_family = AF_INET;
        if (getaddrinfo(NULL, port, &hints, &list) == 0) {
            fd = open_at(list, false, reuseport, err, err_size);
            freeaddrinfo(list);
        }
    }
    return fd;
}

/* A socket file that nobody listens on any more is a leftover of a crash. */
static bool remove_dead(const struct sockaddr_un *sa, socklen_t n)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat st;
    bool dead;

    if (fd < 0)
        return false;
    dead = connect(fd, (const struct sockaddr *)sa, n) < 0 && errno == ECONNREFUSED;
    close(fd);
    return dead && lstat(sa->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) && unlink(sa->sun_path) == 0;
}

int ecs_listen_unix(const char *path, unsigned mode, char *err, size_t err_size)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    bool abstract = path[0] == '@';
    int fd;

    if (!len || len >= sizeof(sa.sun_path)) {
        snprintf(err, err_size, "a socket path has 1 to %zu bytes", sizeof(sa.sun_path) - 1);
        return -1;
    }
    memcpy(sa.sun_path, path, len);
    if (abstract) {
        sa.sun_path[0] = '\0';
        n--;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(fd, err, err_size, "socket");
    if (bind(fd, (const struct sockaddr *)&sa, n) < 0) {
        int fault = errno;
        bool again = !abstract && fault == EADDRINUSE && remove_dead(&sa, n);

        if (!again || bind(fd, (const struct sockaddr *)&sa, n) < 0) {
            errno = again ? errno : fault;
            return fail(fd, err, err_size, "cannot bind the socket path");
        }
    }
    /* Nobody can connect before listen(), so the mode is right from the first connection on. */
    if (!abstract && chmod(path, mode & 0777) < 0)
        return fail(fd, err, err_size, "cannot set the socket's mode");
    if (listen(fd, BACKLOG) < 0)
        return fail(fd, err, err_size, "cannot listen");
    return fd;
}

void ecs_listen_backlog(int fd, unsigned connections)
{
    (void)listen(fd, (int)connections); /* of a socket that listens already: only the length changes */
}
