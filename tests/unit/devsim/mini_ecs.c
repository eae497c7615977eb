/* SPDX-License-Identifier: Apache-2.0 */
/* A tiny entitlement server in threads, for the simulator's own tests only: one key for every IMSI, EAP-AKA
 * with resynchronisation, tokens "tok<IMSI>", XML documents with status 1. */

#include "mini_ecs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ecs/eap_prf.h"

char mini_url[64], mini_ca[64];

static struct mini_ecs {
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    SSL_CTX *ctx;
    uint64_t sqn;
    struct mini_session {
        bool used;
        char nai[100], apps[100];
        uint8_t rand[16], res[8], k_aut[16], identifier;
    } sessions[256];
    unsigned next;
    struct ecs_aka_key key;
} mini;

static void mini_send(SSL *ssl, int status, const char *type, const char *extra, const char *body)
{
    char text[4096];
    int n =
        snprintf(text, sizeof(text), "HTTP/1.1 %d X\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n%s",
                 status, type, extra, strlen(body), body);

    SSL_write(ssl, text, n);
}

/* Percent-decoded value of a query parameter. */
static bool mini_param(const char *line, const char *name, char *out, size_t size)
{
    char key[40];
    const char *at;
    size_t n = 0;

    snprintf(key, sizeof(key), "%s=", name);
    for (at = strstr(line, key); at && at[-1] != '?' && at[-1] != '&';)
        at = strstr(at + 1, key);
    if (!at)
        return false;
    for (at += strlen(key); *at && *at != '&' && *at != ' ' && n + 1 < size; at++) {
        unsigned code;

        if (*at == '%' && sscanf(at + 1, "%2x", &code) == 1) {
            out[n++] = (char)code;
            at += 2;
        } else {
            out[n++] = *at;
        }
    }
    out[n] = '\0';
    return true;
}

static void mini_apps(const char *line, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (const char *at = strstr(line, "app=ap"); at; at = strstr(at + 1, "app=ap"))
        n += (size_t)snprintf(out + n, size - n, "%.6s ", at + 4);
}

static void mini_document(SSL *ssl, const char *imsi, const char *apps)
{
    char body[2048];
    struct ecs_str rest = ecs_str_of(apps), app;
    size_t n = (size_t)snprintf(
        body, sizeof(body),
        "<?xml version=\"1.0\"?>\n<wap-provisioningdoc version=\"1.1\"><characteristic type=\"VERS\"><parm "
        "name=\"version\" value=\"1\"/><parm name=\"validity\" "
        "value=\"60\"/></characteristic><characteristic "
        "type=\"TOKEN\"><parm name=\"token\" value=\"tok%s\"/><parm name=\"validity\" "
        "value=\"60\"/></characteristic>",
        imsi);

    while (ecs_str_cut(&rest, ' ', &app))
        n += (size_t)snprintf(
            body + n, sizeof(body) - n,
            "<characteristic type=\"APPLICATION\"><parm name=\"AppID\" value=\"%.*s\"/><parm "
            "name=\"EntitlementStatus\" value=\"1\"/></characteristic>",
            ECS_FMT(app));
    snprintf(body + n, sizeof(body) - n, "</wap-provisioningdoc>");
    mini_send(ssl, 200, "text/vnd.wap.connectivity-xml", "", body);
}

static void mini_challenge(SSL *ssl, struct ecs_crypto *crypto, struct mini_session *s)
{
    uint8_t packet[68] = {1, 0, 0, 68, 23, 1}, mk[20], mac[20];
    struct ecs_aka_vector v;
    struct ecs_str part = {(const char *)packet, sizeof(packet)};
    char body[200] = "{\"eap-relay-packet\":\"", cookie[100];
    size_t n = strlen(body);

    mini.sqn += 32;
    if (!ecs_random(crypto, s->rand, 16) ||
        ecs_aka_vector_make(crypto, &mini.key, s->rand, mini.sqn, &v) != ECS_OK ||
        !ecs_eap_aka_mk(crypto, ecs_str_of(s->nai), v.ik, v.ck, mk))
        return;
    ecs_eap_aka_k_aut(mk, s->k_aut);
    memcpy(s->res, v.xres, 8);
    packet[1] = ++s->identifier;
    memcpy(packet + 8, "\1\5\0", 3);
    memcpy(packet + 12, s->rand, 16);
    memcpy(packet + 28, "\2\5\0", 3);
    memcpy(packet + 32, v.autn, 16);
    memcpy(packet + 48, "\x0b\5\0", 3);
    if (!ecs_hmac(crypto, ECS_DIGEST_SHA1, s->k_aut, 16, &part, 1, mac))
        return;
    memcpy(packet + 52, mac, 16);
    n += ecs_base64_encode(packet, sizeof(packet), body + n);
    memcpy(body + n, "\"}", 3);
    snprintf(cookie, sizeof(cookie), "Set-Cookie: ecs=s%03u; Path=/; Secure; HttpOnly\r\n",
             (unsigned)(s - mini.sessions));
    mini_send(ssl, 200, "application/vnd.gsma.eap-relay.v1.0+json", cookie, body);
}

static void mini_answer(SSL *ssl, struct ecs_crypto *crypto, struct mini_session *s, const uint8_t *p,
                        size_t n)
{
    char imsi[16] = "";

    if (p[5] == 4) {
        if (n != 24 || ecs_aka_resync(crypto, &mini.key, s->rand, p + 10, &mini.sqn) != ECS_OK) {
            mini_send(ssl, 403, "text/plain", "", "auts");
            return;
        }
        mini.sqn &= ~UINT64_C(31);
        mini_challenge(ssl, crypto, s);
        return;
    }
    s->used = false;
    if (n != 40 || p[1] != s->identifier || p[5] != 1 || memcmp(p + 12, s->res, 8) != 0 ||
        ecs_sim_mac_check(crypto, p, n, s->k_aut) != 1) {
        mini_send(ssl, 403, "text/plain", "", "no");
        return;
    }
    snprintf(imsi, sizeof(imsi), "%.15s", s->nai + 1);
    mini_document(ssl, imsi, s->apps);
}

static void mini_continue(SSL *ssl, struct ecs_crypto *crypto, const char *request, const char *packet)
{
    const char *cookie = strstr(request, "ecs=");
    uint8_t bytes[200];
    char text[400];
    size_t n = 0;
    unsigned number;
    ptrdiff_t got;

    for (packet += strlen("eap-relay-packet\":\""); *packet && *packet != '"' && n < sizeof(text); packet++) {
        if (*packet != '\\')
            text[n++] = *packet;
    }
    got = ecs_base64_decode((struct ecs_str){text, n}, bytes, sizeof(bytes));
    if (!cookie || sscanf(cookie + 4 + (cookie[4] == '"'), "s%3u", &number) != 1 || number > 255 ||
        !mini.sessions[number].used) {
        mini_send(ssl, 503, "text/plain", "Retry-After: 1\r\n", "lost");
        return;
    }
    if (got < 8)
        mini_send(ssl, 400, "text/plain", "", "packet");
    else
        mini_answer(ssl, crypto, &mini.sessions[number], bytes, (size_t)got);
}

static void mini_request(SSL *ssl, struct ecs_crypto *crypto, const char *request)
{
    const char *packet = strstr(request, "eap-relay-packet\":\"");
    char value[200], imsi[40] = "000", apps[100];
    struct mini_session *s = &mini.sessions[mini.next];

    mini_apps(request, apps, sizeof(apps));
    if (packet) {
        mini_continue(ssl, crypto, request, packet);
    } else if (mini_param(request, "token", value, sizeof(value))) {
        if (strncmp(value, "tok", 3) != 0)
            mini_send(ssl, 511, "text/plain", "", "token");
        else
            mini_document(ssl, mini_param(request, "IMSI", imsi, sizeof(imsi)) ? imsi : value + 3, apps);
    } else if (mini_param(request, "EAP_ID", value, sizeof(value))) {
        mini.next = (mini.next + 1) % 256;
        s->used = true;
        snprintf(s->nai, sizeof(s->nai), "%.99s", value);
        snprintf(s->apps, sizeof(s->apps), "%s", apps);
        mini_challenge(ssl, crypto, s);
    } else {
        mini_send(ssl, 511, "text/plain", "", "who?");
    }
}

static void *mini_serve_one(void *arg)
{
    SSL *ssl = SSL_new(mini.ctx);
    struct timeval limit = {.tv_sec = 5};
    struct ecs_crypto *crypto = ecs_crypto_new();
    char request[8192];
    size_t n = 0;
    int got;

    setsockopt((int)(intptr_t)arg, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    SSL_set_fd(ssl, (int)(intptr_t)arg);
    got = SSL_accept(ssl);
    while (got > 0 && (got = SSL_read(ssl, request + n, (int)(sizeof(request) - 1 - n))) > 0) {
        const char *head, *length;

        n += (size_t)got;
        request[n] = '\0';
        head = strstr(request, "\r\n\r\n");
        length = strstr(request, "Content-Length: ");
        if (!head ||
            (length && length < head && n < (size_t)(head - request) + 4 + strtoul(length + 16, NULL, 10)))
            continue;
        pthread_mutex_lock(&mini.lock);
        mini_request(ssl, crypto, request);
        pthread_mutex_unlock(&mini.lock);
        n = 0;
    }
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close((int)(intptr_t)arg);
    ecs_crypto_free(crypto);
    return NULL;
}

static void *mini_serve(void *arg)
{
    int fd;

    (void)arg;
    while ((fd = accept(mini.fd, NULL, NULL)) >= 0) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, mini_serve_one, (void *)(intptr_t)fd))
            close(fd);
        else
            pthread_detach(thread);
    }
    return NULL;
}

static X509 *mini_certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    X509_EXTENSION *names =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:ecs.test,IP:127.0.0.1");

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"ecs.test", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_add_ext(cert, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(cert, key, EVP_sha256());
    return cert;
}

int mini_start(void **state)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(addr);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = mini_certificate(key);
    FILE *file;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    pthread_mutex_init(&mini.lock, NULL);
    mini.ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(mini.ctx, cert);
    SSL_CTX_use_PrivateKey(mini.ctx, key);
    SSL_CTX_set_session_id_context(mini.ctx, (const unsigned char *)"m", 1);
    strcpy(mini_ca, "/tmp/ecs-mini-XXXXXX");
    file = fdopen(mkstemp(mini_ca), "w");
    PEM_write_X509(file, cert);
    fclose(file);
    X509_free(cert);
    EVP_PKEY_free(key);
    mini.key.ki_n = 16;
    if (!ecs_hex_decode(ECS_STR("465b5ce8b199b49faa5f0a2ee238a6bc"), mini.key.ki, 16) ||
        !ecs_hex_decode(ECS_STR("cd63cb71954a9f4e48a5994e37a02baf"), mini.key.opc, 16))
        return -1;
    mini.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(mini.fd, (struct sockaddr *)&addr, n) || listen(mini.fd, 128) ||
        getsockname(mini.fd, (struct sockaddr *)&addr, &n))
        return -1;
    snprintf(mini_url, sizeof(mini_url), "https://ecs.test:%u", ntohs(addr.sin_port));
    return pthread_create(&mini.thread, NULL, mini_serve, NULL);
}

int mini_stop(void **state)
{
    (void)state;
    shutdown(mini.fd, SHUT_RDWR);
    pthread_join(mini.thread, NULL);
    close(mini.fd);
    unlink(mini_ca);
    usleep(200000); /* let the last connections end */
    return 0;
}
