/* SPDX-License-Identifier: Apache-2.0 */
/* TLS client connections for the device simulator: OpenSSL over an own transport, which never raises SIGPIPE
 * and can keep the client's Finished back to play a device at the end of a slow line. */

#include "ecs/tls_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HELD_MAX = 8192 /* a client's second flight with a certificate fits */
};

struct ecs_tls_client_ctx {
    SSL_CTX *ssl_ctx;
    BIO_METHOD *transport;
};

struct ecs_tls_client {
    SSL *ssl;
    int fd;
    bool connected;   /* TCP */
    bool established; /* TLS */
    bool hold;
    bool heard; /* the server has sent something */
    SSL_SESSION *session;
    size_t held_n;
    uint8_t *held; /* HELD_MAX bytes, only with hold */
    char error[200];
};

/* ---- transport ---- */

static int transport_write(BIO *bio, const char *bytes, int n)
{
    struct ecs_tls_client *client = BIO_get_data(bio);
    ssize_t sent;

    BIO_clear_retry_flags(bio);
    if (client->hold && client->heard) {
        if (n < 0 || (size_t)n > HELD_MAX - client->held_n) {
            BIO_set_retry_write(bio);
            return -1;
        }
        memcpy(client->held + client->held_n, bytes, (size_t)n);
        client->held_n += (size_t)n;
        return n;
    }
    sent = send(client->fd, bytes, (size_t)n, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)sent;
}

static int transport_read(BIO *bio, char *bytes, int n)
{
    struct ecs_tls_client *client = BIO_get_data(bio);
    ssize_t got;

    BIO_clear_retry_flags(bio);
    got = recv(client->fd, bytes, (size_t)n, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    if (got > 0)
        client->heard = true;
    return (int)got;
}

static long transport_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static int transport_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *transport_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ecs socket");

    if (!method)
        return NULL;
    if (BIO_meth_set_write(method, transport_write) != 1 || BIO_meth_set_read(method, transport_read) != 1 ||
        BIO_meth_set_ctrl(method, transport_ctrl) != 1 ||
        BIO_meth_set_create(method, transport_create) != 1) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}

/* ---- context ---- */

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct ecs_tls_client *client = SSL_get_app_data(ssl);

    if (!client)
        return 0;
    SSL_SESSION_free(client->session);
    client->session = session;
    return 1; /* the reference is ours now */
}

static const char *library_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    return reason ? reason : "no reason given by the TLS library";
}

static bool set_version(SSL_CTX *ssl_ctx, enum ecs_tls_version version)
{
    static const struct {
        int min, max;
    } range[] = {
        [ECS_TLS_ANY] = {TLS1_2_VERSION, TLS1_3_VERSION},
        [ECS_TLS_1_2] = {TLS1_2_VERSION, TLS1_2_VERSION},
        [ECS_TLS_1_3] = {TLS1_3_VERSION, TLS1_3_VERSION},
        [ECS_TLS_1_1] = {TLS1_1_VERSION, TLS1_1_VERSION},
    };

    if ((size_t)version >= ECS_ARRAY_LEN(range))
        return false;
    if (version == ECS_TLS_1_1)
        SSL_CTX_set_security_level(ssl_ctx, 0); /* else the library itself refuses to offer it */
    return SSL_CTX_set_min_proto_version(ssl_ctx, range[version].min) == 1 &&
           SSL_CTX_set_max_proto_version(ssl_ctx, range[version].max) == 1;
}

static bool load_files(SSL_CTX *ssl_ctx, const struct ecs_tls_client_conf *conf, char *err, size_t err_size)
{
    if (conf->ca_file) {
        if (SSL_CTX_load_verify_file(ssl_ctx, conf->ca_file) != 1) {
            snprintf(err, err_size, "cannot use %s as certificate authorities: %s", conf->ca_file,
                     library_reason());
            return false;
        }
    } else if (!conf->insecure) {
        SSL_CTX_set_default_verify_paths(ssl_ctx);
    }
    if (!conf->cert_file)
        return true;
    if (SSL_CTX_use_certificate_chain_file(ssl_ctx, conf->cert_file) != 1) {
        snprintf(err, err_size, "cannot use certificate %s: %s", conf->cert_file, library_reason());
        return false;
    }
    if (!conf->key_file || SSL_CTX_use_PrivateKey_file(ssl_ctx, conf->key_file, SSL_FILETYPE_PEM) != 1) {
        snprintf(err, err_size, "cannot use key %s: %s", conf->key_file ? conf->key_file : "(none)",
                 library_reason());
        return false;
    }
    return true;
}

struct ecs_tls_client_ctx *ecs_tls_client_ctx_new(const struct ecs_tls_client_conf *conf, char *err,
                                                  size_t err_size)
{
    struct ecs_tls_client_ctx *ctx = calloc(1, sizeof(*ctx));

    ERR_clear_error();
    if (err_size)
        err[0] = '\0';
    if (!ctx || !(ctx->transport = transport_new()) || !(ctx->ssl_ctx = SSL_CTX_new(TLS_client_method())) ||
        !set_version(ctx->ssl_ctx, conf->version)) {
        snprintf(err, err_size, "cannot start the TLS library: %s", library_reason());
        ecs_tls_client_ctx_free(ctx);
        return NULL;
    }
    SSL_CTX_set_mode(ctx->ssl_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                       SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(ctx->ssl_ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_verify(ctx->ssl_ctx, conf->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(ctx->ssl_ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx->ssl_ctx, keep_session);
    if (!load_files(ctx->ssl_ctx, conf, err, err_size)) {
        ecs_tls_client_ctx_free(ctx);
        return NULL;
    }
    return ctx;
}

void ecs_tls_client_ctx_free(struct ecs_tls_client_ctx *ctx)
{
    if (!ctx)
        return;
    SSL_CTX_free(ctx->ssl_ctx);
    BIO_meth_free(ctx->transport);
    free(ctx);
}

/* ---- connection ---- */

static bool is_address(const char *host)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool set_names(SSL *ssl, const struct ecs_tls_client_open *how)
{
    if (how->sni && !is_address(how->sni) && SSL_set_tlsext_host_name(ssl, how->sni) != 1)
        return false;
    if (!how->host)
        return true;
    if (is_address(how->host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), how->host) == 1;
    return SSL_set1_host(ssl, how->host) == 1;
}

static bool set_up_ssl(struct ecs_tls_client *client, struct ecs_tls_client_ctx *ctx,
                       const struct ecs_tls_client_open *how)
{
    BIO *bio;

    client->ssl = SSL_new(ctx->ssl_ctx);
    bio = client->ssl ? BIO_new(ctx->transport) : NULL;
    if (!bio)
        return false;
    BIO_set_data(bio, client);
    SSL_set_bio(client->ssl, bio, bio);
    SSL_set_app_data(client->ssl, client);
    SSL_set_connect_state(client->ssl);
    if (how->resume && SSL_set_session(client->ssl, (SSL_SESSION *)(uintptr_t)how->resume) != 1)
        return false;
    return set_names(client->ssl, how);
}

static int connect_socket(const struct ecs_tls_client_open *how, bool *ret_connected)
{
    int fd = socket(how->addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    if (how->addr->sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (how->local_ipv4 && how->addr->sa_family == AF_INET) {
        struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(how->local_ipv4)};

        (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
        (void)bind(fd, (const struct sockaddr *)&own, sizeof(own)); /* else from the usual address */
    }
    *ret_connected = connect(fd, how->addr, how->addr_n) == 0;
    if (!*ret_connected && errno != EINPROGRESS) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

struct ecs_tls_client *ecs_tls_client_open(struct ecs_tls_client_ctx *ctx,
                                           const struct ecs_tls_client_open *how)
{
    struct ecs_tls_client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    client->fd = connect_socket(how, &client->connected);
    client->hold = how->hold_finished;
    if (client->fd < 0 || (client->hold && !(client->held = malloc(HELD_MAX))) ||
        !set_up_ssl(client, ctx, how)) {
        int saved = client->fd < 0 ? errno : ENOMEM;

        ecs_tls_client_free(client);
        errno = saved;
        return NULL;
    }
    return client;
}

static void close_socket(struct ecs_tls_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    SSL_free(client->ssl);
    SSL_SESSION_free(client->session);
    free(client->held);
    free(client);
}

void ecs_tls_client_free(struct ecs_tls_client *client)
{
    if (!client)
        return;
    if (client->established && !client->held_n) {
        ERR_clear_error();
        SSL_shutdown(client->ssl);
    } else if (client->ssl) {
        SSL_set_quiet_shutdown(client->ssl, 1);
        SSL_shutdown(client->ssl);
    }
    close_socket(client);
}

void ecs_tls_client_abort(struct ecs_tls_client *client)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (!client)
        return;
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close_socket(client);
}

int ecs_tls_client_fd(const struct ecs_tls_client *client)
{
    return client->fd;
}

const char *ecs_tls_client_error(const struct ecs_tls_client *client)
{
    return client->error;
}

/* ---- input and output ---- */

static enum ecs_tls_io fail_errno(struct ecs_tls_client *client, const char *what, int error)
{
    snprintf(client->error, sizeof(client->error), "%s: %s", what, strerror(error));
    return ECS_TLS_FAILED;
}

static enum ecs_tls_io translate(struct ecs_tls_client *client, const char *what, int result, int saved_errno)
{
    long verified;

    switch (SSL_get_error(client->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return ECS_TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return ECS_TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return ECS_TLS_CLOSED;
    case SSL_ERROR_SYSCALL:
        if (!saved_errno && !ERR_peek_error()) {
            snprintf(client->error, sizeof(client->error), "%s: the connection ended", what);
            return ECS_TLS_CLOSED;
        }
        if (saved_errno)
            return fail_errno(client, what, saved_errno);
        break;
    default:
        break;
    }
    verified = SSL_get_verify_result(client->ssl);
    snprintf(client->error, sizeof(client->error), "%s: %s%s%s", what, library_reason(),
             verified == X509_V_OK ? "" : ": ",
             verified == X509_V_OK ? "" : X509_verify_cert_error_string(verified));
    return ECS_TLS_FAILED;
}

static enum ecs_tls_io finish_connect(struct ecs_tls_client *client)
{
    struct sockaddr_storage peer;
    socklen_t n = sizeof(peer);
    int error = 0;
    socklen_t error_n = sizeof(error);

    if (client->connected)
        return ECS_TLS_OK;
    if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &error_n) || error)
        return fail_errno(client, "cannot connect", error ? error : errno);
    if (getpeername(client->fd, (struct sockaddr *)&peer, &n))
        return errno == ENOTCONN ? ECS_TLS_WANT_WRITE : fail_errno(client, "cannot connect", errno);
    client->connected = true;
    return ECS_TLS_OK;
}

enum ecs_tls_io ecs_tls_client_handshake(struct ecs_tls_client *client)
{
    enum ecs_tls_io io = finish_connect(client);
    int result;

    if (io != ECS_TLS_OK || client->established)
        return io;
    ERR_clear_error();
    errno = 0;
    result = SSL_do_handshake(client->ssl);
    if (result != 1)
        return translate(client, "TLS handshake", result, errno);
    client->established = true;
    return ECS_TLS_OK;
}

enum ecs_tls_io ecs_tls_client_read(struct ecs_tls_client *client, void *bytes, size_t n, size_t *ret_n)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_read_ex(client->ssl, bytes, n, ret_n);
    return result == 1 ? ECS_TLS_OK : translate(client, "read", result, errno);
}

enum ecs_tls_io ecs_tls_client_write(struct ecs_tls_client *client, const void *bytes, size_t n,
                                     size_t *ret_n)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_write_ex(client->ssl, bytes, n, ret_n);
    return result == 1 ? ECS_TLS_OK : translate(client, "write", result, errno);
}

bool ecs_tls_client_is_holding(const struct ecs_tls_client *client)
{
    return client->held_n > 0;
}

enum ecs_tls_io ecs_tls_client_release(struct ecs_tls_client *client)
{
    size_t at = 0;

    while (at < client->held_n) {
        ssize_t sent = send(client->fd, client->held + at, client->held_n - at, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN)
            return fail_errno(client, "write", errno);
        if (sent < 0)
            break;
        at += (size_t)sent;
    }
    client->held_n -= at;
    if (client->held_n) {
        memmove(client->held, client->held + at, client->held_n);
        return ECS_TLS_WANT_WRITE;
    }
    client->hold = false;
    return ECS_TLS_OK;
}

/* ---- sessions ---- */

struct ecs_tls_session *ecs_tls_client_session_take(struct ecs_tls_client *client)
{
    SSL_SESSION *session = client->session;

    client->session = NULL;
    return (struct ecs_tls_session *)session;
}

void ecs_tls_session_free(struct ecs_tls_session *session)
{
    SSL_SESSION_free((SSL_SESSION *)session);
}

bool ecs_tls_client_is_resumed(const struct ecs_tls_client *client)
{
    return SSL_session_reused(client->ssl) == 1;
}

const char *ecs_tls_client_protocol(const struct ecs_tls_client *client)
{
    return SSL_get_version(client->ssl);
}

const char *ecs_tls_client_cipher(const struct ecs_tls_client *client)
{
    return SSL_get_cipher_name(client->ssl);
}
