/* SPDX-License-Identifier: Apache-2.0 */
/* TLS material as http_tls.c loads it and http_cert.c chooses from it. */
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "ecs/http_server.h"
#include "ecs/sign.h"

enum { HTTP_TICKET_KEY_LEN = 64, HTTP_CHAIN_MAX = 8, HTTP_NAMES_MAX = 64 };

struct http_cert {
    struct ecs_signer *signer;
    gnutls_privkey_t key;
    gnutls_pcert_st chain[HTTP_CHAIN_MAX];
    unsigned chain_len;
    gnutls_pk_algorithm_t pk;
    char *names[HTTP_NAMES_MAX]; /* DNS names in lower case; "*.x" stands for one label */
    unsigned name_count;
    int64_t not_after;
};

struct ecs_http_tls {
    _Atomic unsigned refs;
    struct http_cert *certs;
    size_t cert_count;
    uint8_t ticket_key[HTTP_TICKET_KEY_LEN];
    char *priority;
    gnutls_priority_t priority_cache;
    gnutls_certificate_credentials_t client_creds; /* with the client CA; NULL: clients need no certificate */
};

/* http_client_cert.c: reads the client CA into tls->client_creds, which asks retrieve for our certificate. */
bool http_client_ca_load(struct ecs_http_tls *tls, const char *file,
                         gnutls_certificate_retrieve_function3 *retrieve, char *err, size_t err_size);

/* http_cert.c: all return NULL or what is wrong. */
const char *http_cert_load(struct http_cert *cert, struct ecs_str cert_pem, struct ecs_str key_pem, char *err,
                           size_t err_size);
void http_cert_done(struct http_cert *cert);
