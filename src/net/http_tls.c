/* SPDX-License-Identifier: Apache-2.0 */
/* TLS material of the server: loading it as one immutable object, choosing a certificate for a client,
 * session tickets. MHD never sees a certificate: it asks the callback here, so new material needs no new
 * daemon. */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_priv.h"
#include "http_tls_priv.h"

enum { FILE_MAX = 256 * 1024 };

/* Server order; AES-128 with SHA-256 first because SHA-384 is a quarter of a handshake; forward secrecy
 * always. */
static const char default_priority[] =
    "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM:+AEAD:+ECDHE-ECDSA:+ECDHE-"
    "RSA:"
    "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
    "+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SHA384:"
    "+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-ECDSA-SHA512:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:"
    "+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512:+COMP-NULL:+CTYPE-X509:"
    "%SERVER_PRECEDENCE";

static int choose_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                              gnutls_pcert_st **certs, unsigned *cert_count, gnutls_ocsp_data_st **ocsp,
                              unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags);

static bool read_file(const char *path, struct ecs_buf *buf, char *err, size_t err_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;
    char *room = NULL;

    buf->limit = FILE_MAX;
    if (fd >= 0)
        while ((room = ecs_buf_reserve(buf, 4096)) && (n = read(fd, room, 4096)) > 0)
            buf->n += (size_t)n;
    if (fd < 0 || n < 0)
        snprintf(err, err_size, "%s: %s", path, room || fd < 0 ? strerror(errno) : "the file is too large");
    else if (!room)
        snprintf(err, err_size, "%s: the file is too large", path);
    if (fd >= 0)
        close(fd);
    return fd >= 0 && room && n == 0;
}

/* Keys stay in the heap no longer than needed. */
static void wipe_buf(struct ecs_buf *buf)
{
    if (buf->p)
        explicit_bzero(buf->p, buf->cap);
    ecs_buf_done(buf);
}

static bool load_pair(struct http_cert *cert, const struct ecs_http_cert_conf *conf, char *err,
                      size_t err_size)
{
    struct ecs_buf cert_pem = {0}, key_pem = {0};
    bool apart = conf->key_file != NULL, ok = false;
    const char *fault = NULL;
    char why[128] = "";

    if (!conf->cert_file) {
        snprintf(err, err_size, "a certificate entry names no file");
    } else if (read_file(conf->cert_file, &cert_pem, err, err_size) &&
               (!apart || read_file(conf->key_file, &key_pem, err, err_size))) {
        fault = http_cert_load(cert, ecs_buf_str(&cert_pem), ecs_buf_str(apart ? &key_pem : &cert_pem), why,
                               sizeof(why));
        if (fault)
            snprintf(err, err_size, "%s%s%s: %s", conf->cert_file, apart ? ", " : "",
                     apart ? conf->key_file : "", fault);
        ok = !fault;
    }
    wipe_buf(&cert_pem);
    wipe_buf(&key_pem);
    return ok;
}

static bool load_ticket_key(struct ecs_http_tls *tls, const struct ecs_http_tls_conf *conf, char *err,
                            size_t err_size)
{
    struct ecs_buf buf = {0};
    bool ok;

    if (!conf->ticket_key_file) {
        if (conf->previous) {
            memcpy(tls->ticket_key, conf->previous->ticket_key, sizeof(tls->ticket_key));
            return true;
        }
        if (gnutls_rnd(GNUTLS_RND_KEY, tls->ticket_key, sizeof(tls->ticket_key)) == 0)
            return true;
        snprintf(err, err_size, "no random bytes for the ticket key");
        return false;
    }
    ok = read_file(conf->ticket_key_file, &buf, err, err_size);
    if (ok && buf.n != sizeof(tls->ticket_key)) {
        snprintf(err, err_size, "%s: a ticket key has %d bytes, not %zu", conf->ticket_key_file,
                 HTTP_TICKET_KEY_LEN, buf.n);
        ok = false;
    }
    if (ok)
        memcpy(tls->ticket_key, buf.p, sizeof(tls->ticket_key));
    wipe_buf(&buf);
    return ok;
}

static bool load_priority(struct ecs_http_tls *tls, const struct ecs_http_tls_conf *conf, char *err,
                          size_t err_size)
{
    const char *at = NULL;

    tls->priority = strdup(conf->priority ? conf->priority : default_priority);
    if (tls->priority && gnutls_priority_init(&tls->priority_cache, tls->priority, &at) == 0)
        return true;
    snprintf(err, err_size, "the TLS priority string is not valid at \"%.40s\"", at ? at : "");
    return false;
}

static void free_tls(struct ecs_http_tls *tls)
{
    for (size_t i = 0; tls->certs && i < tls->cert_count; i++)
        http_cert_done(&tls->certs[i]);
    free(tls->certs);
    if (tls->client_creds)
        gnutls_certificate_free_credentials(tls->client_creds);
    if (tls->priority_cache)
        gnutls_priority_deinit(tls->priority_cache);
    free(tls->priority);
    explicit_bzero(tls->ticket_key, sizeof(tls->ticket_key));
    free(tls);
}

struct ecs_http_tls *ecs_http_tls_load(const struct ecs_http_tls_conf *conf, char *err, size_t err_size)
{
    struct ecs_http_tls *tls = calloc(1, sizeof(*tls));
    bool ok;

    if (!tls || !conf->cert_count) {
        snprintf(err, err_size, "%s", tls ? "TLS needs a certificate" : "no memory for the TLS set-up");
        free(tls);
        return NULL;
    }
    atomic_init(&tls->refs, 1);
    tls->certs = calloc(conf->cert_count, sizeof(*tls->certs));
    tls->cert_count = conf->cert_count;
    ok = tls->certs != NULL;
    if (!ok)
        snprintf(err, err_size, "no memory for the certificates");
    ok = ok && load_priority(tls, conf, err, err_size) && load_ticket_key(tls, conf, err, err_size);
    for (size_t i = 0; ok && i < conf->cert_count; i++)
        ok = load_pair(&tls->certs[i], &conf->certs[i], err, err_size);
    if (ok && conf->client_ca_file)
        ok = http_client_ca_load(tls, conf->client_ca_file, choose_certificate, err, err_size);
    if (ok)
        return tls;
    free_tls(tls);
    return NULL;
}

struct ecs_http_tls *ecs_http_tls_ref(struct ecs_http_tls *tls)
{
    atomic_fetch_add_explicit(&tls->refs, 1, memory_order_relaxed);
    return tls;
}

void ecs_http_tls_unref(struct ecs_http_tls *tls)
{
    if (tls && atomic_fetch_sub_explicit(&tls->refs, 1, memory_order_acq_rel) == 1)
        free_tls(tls);
}

int64_t ecs_http_tls_expires(const struct ecs_http_tls *tls)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < tls->cert_count; i++)
        if (tls->certs[i].not_after < first)
            first = tls->certs[i].not_after;
    return first;
}

const char *http_tls_priority(const struct ecs_http_tls *tls)
{
    return tls->priority;
}

bool http_tls_enable(const struct ecs_http_tls *tls, gnutls_session_t session, bool set_priority)
{
    gnutls_datum_t key = {(unsigned char *)(uintptr_t)tls->ticket_key, HTTP_TICKET_KEY_LEN};

    if (set_priority && gnutls_priority_set(session, tls->priority_cache) < 0)
        return false;
    if (tls->client_creds) /* no tickets: each connection shows its certificate, which may have ended
                              meanwhile */
        return http_client_demand(tls, session);
    return gnutls_session_ticket_enable_server(session, &key) >= 0;
}

static bool name_matches(const char *pattern, const char *name)
{
    const char *dot;

    if (pattern[0] != '*' || pattern[1] != '.')
        return strcmp(pattern, name) == 0;
    dot = strchr(name, '.');
    return dot && dot != name && strcmp(pattern + 1, dot) == 0;
}

static bool has_name(const struct http_cert *c, const char *name)
{
    for (unsigned i = 0; i < c->name_count; i++)
        if (name_matches(c->names[i], name))
            return true;
    return false;
}

/* The client must offer a signature algorithm for the key, and in TLS 1.2 a cipher suite. */
static bool client_takes(gnutls_session_t session, const struct http_peer *peer, const struct http_cert *c)
{
    gnutls_sign_algorithm_t sign;

    if (gnutls_protocol_get_version(session) != GNUTLS_TLS1_3 &&
        !(peer->suites & (c->pk == GNUTLS_PK_RSA ? HTTP_SUITE_RSA : HTTP_SUITE_ECDSA)))
        return false;
    for (size_t i = 0; gnutls_sign_algorithm_get_requested(session, i, &sign) >= 0; i++)
        if (gnutls_sign_supports_pk_algorithm(sign, c->pk))
            return true;
    return false;
}

/* Lower-case name of the server that the client wants, "" without one. */
static void wanted_name(gnutls_session_t session, char out[256])
{
    size_t n = 255;
    unsigned type;

    if (gnutls_server_name_get(session, out, &n, &type, 0) < 0 || type != GNUTLS_NAME_DNS || n > 255)
        n = 0;
    out[n] = '\0';
    for (char *p = out; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 'a' - 'A');
}

/* First the certificates that bear the name, then those like the default one; each in the order of the
 * settings. */
static const struct http_cert *choose(gnutls_session_t session, const struct http_peer *peer)
{
    const struct ecs_http_tls *tls = peer->tls;
    const struct http_cert *fallback = NULL, *any = NULL;
    const char *default_name = tls->certs[0].name_count ? tls->certs[0].names[0] : "";
    char name[256];

    wanted_name(session, name);
    for (size_t i = 0; i < tls->cert_count; i++) {
        const struct http_cert *c = &tls->certs[i];

        if (!client_takes(session, peer, c))
            continue;
        if (name[0] && has_name(c, name))
            return c;
        if (!fallback && (i == 0 || has_name(c, default_name)))
            fallback = c;
        if (!any)
            any = c;
    }
    return fallback ? fallback : any;
}

static int choose_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                              gnutls_pcert_st **certs, unsigned *cert_count, gnutls_ocsp_data_st **ocsp,
                              unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
    const struct http_peer *peer = gnutls_transport_get_ptr(session);
    const struct http_cert *c = peer && peer->tls ? choose(session, peer) : NULL;

    (void)info;
    *ocsp = NULL;
    *ocsp_count = 0;
    *flags = 0; /* all stays ours; the peer's reference keeps it alive */
    if (!c) {
        *cert_count = 0;
        *certs = NULL;
        *key = NULL;
        return 0; /* no common ground: GnuTLS refuses the handshake */
    }
    *certs = (gnutls_pcert_st *)(uintptr_t)c->chain;
    *cert_count = c->chain_len;
    *key = c->key;
    return 0;
}

void *http_tls_callback(void)
{
    return (void *)(uintptr_t)choose_certificate;
}
