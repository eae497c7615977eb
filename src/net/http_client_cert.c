/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of clients, for listeners that demand them (mutual TLS). The handshake fails without one that
 * ends at the listener's CA, is valid now and may be used by clients; handlers get its fingerprint and name.
 */
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_priv.h"
#include "http_tls_priv.h"

enum { DEPTH_MAX = 6 };

bool http_client_ca_load(struct ecs_http_tls *tls, const char *file,
                         gnutls_certificate_retrieve_function3 *retrieve, char *err, size_t err_size)
{
    int n;

    if (gnutls_certificate_allocate_credentials(&tls->client_creds) < 0) {
        tls->client_creds = NULL;
        snprintf(err, err_size, "no memory for the client CA");
        return false;
    }
    n = gnutls_certificate_set_x509_trust_file(tls->client_creds, file, GNUTLS_X509_FMT_PEM);
    if (n < 1) {
        snprintf(err, err_size, "%s: %s", file,
                 n < 0 ? gnutls_strerror(n) : "there is no certificate in PEM form");
        return false;
    }
    gnutls_certificate_set_verify_limits(tls->client_creds, 8200, DEPTH_MAX);
    gnutls_certificate_set_retrieve_function3(tls->client_creds, retrieve);
    return true;
}

bool http_client_demand(const struct ecs_http_tls *tls, gnutls_session_t session)
{
    static const char client_auth[] = GNUTLS_KP_TLS_WWW_CLIENT;
    static gnutls_typed_vdata_st purpose = {
        .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)(uintptr_t)client_auth, .size = 0};

    if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->client_creds) < 0)
        return false;
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    /* Checked within the handshake, before the client's Finished counts. */
    gnutls_session_set_verify_cert2(session, &purpose, 1, 0);
    return true;
}

static bool read_subject(const gnutls_datum_t *der, char out[256])
{
    gnutls_x509_crt_t cert;
    gnutls_datum_t name = {NULL, 0};
    bool good;

    if (gnutls_x509_crt_init(&cert) < 0)
        return false;
    good = gnutls_x509_crt_import(cert, der, GNUTLS_X509_FMT_DER) >= 0;
    /* A name that does not fit is as good as none: it must not match by its beginning. */
    out[0] = '\0';
    if (good && gnutls_x509_crt_get_dn3(cert, &name, 0) >= 0 && name.size < 256 &&
        strlen((const char *)name.data) == name.size)
        memcpy(out, name.data, name.size + 1);
    gnutls_free(name.data);
    gnutls_x509_crt_deinit(cert);
    return good;
}

struct ecs_http_client *http_client_read(gnutls_session_t session)
{
    unsigned n = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);
    struct ecs_http_client *client;
    uint8_t digest[32];

    if (!chain || !n)
        return NULL;
    client = calloc(1, sizeof(*client));
    if (!client || gnutls_hash_fast(GNUTLS_DIG_SHA256, chain[0].data, chain[0].size, digest) < 0 ||
        !read_subject(&chain[0], client->subject)) {
        free(client);
        return NULL;
    }
    ecs_hex_encode(digest, sizeof(digest), client->fingerprint);
    return client;
}
