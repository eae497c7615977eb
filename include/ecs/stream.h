/* SPDX-License-Identifier: Apache-2.0 */
/* One outgoing TCP or TLS connection on a loop, for protocols of our own on top (SMPP). Name resolution runs
 * on a thread of its own, so that nothing here waits. */
#pragma once

#include "ecs/loop.h"
#include "ecs/tls_client.h"

struct ecs_stream;

struct ecs_stream_conf {
    const char *host; /* name or numeric address, at most 255 bytes; copied */
    uint16_t port;
    struct ecs_tls_client_ctx *tls; /* borrowed; NULL: plain */
    bool sctp;                      /* SCTP in the place of TCP, without TLS; see ecs_stream_has_sctp */
    /* sctp: size of the first message of what waits, so that each goes by itself (RFC 6733 2.1.1); 0 or
     * below: all */
    ptrdiff_t (*measure)(struct ecs_str waiting);
    const char *tls_name; /* name that the certificate must hold; NULL: host */
    uint32_t connect_ms;  /* resolution, TCP of all addresses and TLS together; 0: 10,000 */
    size_t max_out;       /* bytes that may wait to be sent; 0: 262,144 */
    /* Called on the loop's thread, never from inside ecs_stream_open or ecs_stream_send. Each of them may
     * free the stream. on_down comes once; afterwards only ecs_stream_free may be called. */
    void (*on_up)(void *arg);
    void (*on_bytes)(void *arg, struct ecs_str bytes); /* borrowed for the call */
    void (*on_down)(void *arg, const char *reason);    /* a sentence, lives for the call; no secret */
    void *arg;
};
/* False: the daemon was built without the option ECS_SCTP. The kernel may lack it all the same. */
bool ecs_stream_has_sctp(void);
/* NULL: no memory, or host too long. */
struct ecs_stream *ecs_stream_open(struct ecs_loop *loop, const struct ecs_stream_conf *conf) ECS_MUST_CHECK;
/* Takes all of the bytes or none: false when the stream is not up or max_out would be exceeded. */
bool ecs_stream_send(struct ecs_stream *stream, struct ecs_str bytes) ECS_MUST_CHECK;
/* Writes what can be written at once, then closes in order. No callback follows. NULL allowed. */
void ecs_stream_free(struct ecs_stream *stream);
