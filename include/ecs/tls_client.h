/* SPDX-License-Identifier: Apache-2.0 */
/* TLS client connection on a non-blocking socket: for the device simulator and load runs. No call waits; the
 * caller watches ecs_tls_client_fd() for what a call asked for. One thread per context. */
#pragma once

#include <sys/socket.h>

#include "ecs/str.h"

struct ecs_tls_client_ctx; /* settings and trust store, for many connections */
struct ecs_tls_client;     /* one connection */
struct ecs_tls_session;    /* what a later connection needs to resume */

enum ecs_tls_version {
    ECS_TLS_ANY, /* 1.2 or 1.3 */
    ECS_TLS_1_2,
    ECS_TLS_1_3,
    ECS_TLS_1_1 /* only to show that servers refuse it */
};

enum ecs_tls_io {
    ECS_TLS_OK,
    ECS_TLS_WANT_READ,  /* call again when the socket is readable */
    ECS_TLS_WANT_WRITE, /* call again when the socket is writable */
    ECS_TLS_CLOSED,     /* the peer ended the connection in order, or the plain way before any reply */
    ECS_TLS_FAILED      /* ecs_tls_client_error() says why */
};

struct ecs_tls_client_conf {
    const char *ca_file; /* PEM; NULL: the system's authorities */
    bool insecure;       /* accept any certificate and any name */
    enum ecs_tls_version version;
    const char *cert_file; /* PEM, client certificate with its key in key_file; both NULL: none */
    const char *key_file;
};

/* NULL with a sentence in err (NUL-terminated, cut) when a file cannot be used. */
struct ecs_tls_client_ctx *ecs_tls_client_ctx_new(const struct ecs_tls_client_conf *conf, char *err,
                                                  size_t err_size) ECS_MUST_CHECK;
void ecs_tls_client_ctx_free(struct ecs_tls_client_ctx *ctx); /* after its connections; NULL allowed */

/* How one connection is made. All strings are copied. */
struct ecs_tls_client_open {
    const struct sockaddr *addr;
    socklen_t addr_n;
    const char *host; /* name or address the certificate must hold; NULL: the name is not checked */
    const char *sni;  /* server_name extension; NULL: none. Addresses are never sent (RFC 6066 3) */
    bool hold_finished;
    const struct ecs_tls_session *resume; /* may be NULL; still the caller's */
    uint32_t local_ipv4; /* own address to connect from, host byte order; 0: the kernel's choice */
};
/* Begins to connect; NULL when there is no descriptor or memory (errno is set), or the network refuses at
 * once. */
struct ecs_tls_client *ecs_tls_client_open(struct ecs_tls_client_ctx *ctx,
                                           const struct ecs_tls_client_open *how) ECS_MUST_CHECK;
void ecs_tls_client_free(
    struct ecs_tls_client *client); /* sends close_notify if it can; closes; NULL allowed */
void ecs_tls_client_abort(struct ecs_tls_client *client); /* closes with a TCP reset; NULL allowed */
int ecs_tls_client_fd(const struct ecs_tls_client *client);
/* A sentence about the last failure, "" without; lives as long as the connection. */
const char *ecs_tls_client_error(const struct ecs_tls_client *client);

/* Connects and shakes hands; ECS_TLS_OK when application data may be sent. */
enum ecs_tls_io ecs_tls_client_handshake(struct ecs_tls_client *client) ECS_MUST_CHECK;
/* *ret_n is set with ECS_TLS_OK only; it may be less than n. */
enum ecs_tls_io ecs_tls_client_read(struct ecs_tls_client *client, void *bytes, size_t n,
                                    size_t *ret_n) ECS_MUST_CHECK;
enum ecs_tls_io ecs_tls_client_write(struct ecs_tls_client *client, const void *bytes, size_t n,
                                     size_t *ret_n) ECS_MUST_CHECK;

/* With hold_finished everything behind the ClientHello is kept back (the client's Finished above all) until
 * ecs_tls_client_release(), which sends it: a client at the end of a slow line. */
bool ecs_tls_client_is_holding(const struct ecs_tls_client *client); /* bytes are kept back now */
enum ecs_tls_io ecs_tls_client_release(struct ecs_tls_client *client) ECS_MUST_CHECK;

/* The newest session that the server offered, now the caller's; NULL: none (yet: with TLS 1.3 it arrives
 * behind the handshake, during a read). */
struct ecs_tls_session *ecs_tls_client_session_take(struct ecs_tls_client *client);
void ecs_tls_session_free(struct ecs_tls_session *session); /* NULL allowed */
bool ecs_tls_client_is_resumed(const struct ecs_tls_client *client);
const char *ecs_tls_client_protocol(const struct ecs_tls_client *client); /* "TLSv1.3" */
const char *ecs_tls_client_cipher(const struct ecs_tls_client *client);
