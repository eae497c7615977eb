/* SPDX-License-Identifier: Apache-2.0 */
/* A RADIUS server on the loopback address around the product's EAP-AKA server, so that peers of other makers
 * can judge it. For tests only. It binds a free port, prints "port N" and ends when its standard input does.
 */
#include "radius_front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLIES_MAX 64
#define IDLE_MS     120000 /* nobody needs it any more */

/* A repeated datagram gets the reply of the first one (RFC 5080 2.2.2). */
struct reply {
    struct sockaddr_in to;
    uint8_t identifier;
    uint8_t authenticator[RADIUS_AUTHENTICATOR_LEN];
    struct radius_writer packet;
};

static struct reply replies[REPLIES_MAX];
static unsigned replies_made;

static struct reply *find_reply(const struct sockaddr_in *from, const struct radius_request *request)
{
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        struct reply *reply = &replies[i];
        if (reply->packet.n && reply->to.sin_port == from->sin_port &&
            reply->to.sin_addr.s_addr == from->sin_addr.s_addr && reply->identifier == request->identifier &&
            memcmp(reply->authenticator, request->authenticator, RADIUS_AUTHENTICATOR_LEN) == 0)
            return reply;
    }
    return NULL;
}

/* NULL when there is no answer. */
static struct reply *make_reply(struct front *front, const struct sockaddr_in *from,
                                const struct radius_request *request)
{
    struct reply *reply = &replies[replies_made++ % REPLIES_MAX];

    *reply = (struct reply){.to = *from, .identifier = request->identifier};
    memcpy(reply->authenticator, request->authenticator, RADIUS_AUTHENTICATOR_LEN);
    if (!front_answer(front, request, &reply->packet) ||
        radius_write_end(&reply->packet, front->secret) == 0) {
        reply->packet.n = 0;
        return NULL;
    }
    return reply;
}

static void serve_datagram(struct front *front, int fd)
{
    static uint8_t bytes[RADIUS_MAX + 1];
    static struct radius_request request;
    struct sockaddr_in from;
    socklen_t from_n = sizeof(from);
    ssize_t n = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &from_n);

    if (n < 0)
        return; /* a reply's port was closed, or nothing there after all */
    const char *fault = radius_read_request(bytes, (size_t)n, front->secret, &request);
    if (!fault && !request.has_eap)
        fault = "no EAP-Message";
    if (fault) {
        printf("discarded: %s\n", fault);
        return;
    }
    struct reply *reply = find_reply(&from, &request);
    if (reply)
        puts("repeated");
    else
        reply = make_reply(front, &from, &request);
    if (reply && sendto(fd, reply->packet.p, reply->packet.n, 0, (struct sockaddr *)&from, from_n) < 0)
        perror("radius_front: sendto");
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, n) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &n) < 0) {
        perror("radius_front: socket");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    printf("port %u\n", ntohs(address.sin_port));
    return fd;
}

/* Until standard input ends; false when it had to give up. */
static bool serve(struct front *front, int fd)
{
    char ignored[64];

    for (;;) {
        struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
        int n = poll(fds, ECS_ARRAY_LEN(fds), IDLE_MS);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            fputs("radius_front: nothing came for two minutes\n", stderr);
            return false;
        }
        if (fds[0].revents)
            serve_datagram(front, fd);
        if (fds[1].revents && read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0)
            return true;
    }
}

int main(int argc, char **argv)
{
    static struct front front;
    int fd, status = EXIT_FAILURE;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!front_read_args(&front, argc, argv))
        return EXIT_FAILURE;
    front.crypto = ecs_crypto_new();
    if (!front.crypto) {
        fputs("radius_front: libcrypto lacks an algorithm\n", stderr);
        return EXIT_FAILURE;
    }
    fd = listen_on_loopback();
    if (fd >= 0) {
        status = serve(&front, fd) ? EXIT_SUCCESS : EXIT_FAILURE;
        close(fd);
    }
    ecs_crypto_free(front.crypto);
    ecs_wipe(&front, sizeof(front));
    return status;
}
