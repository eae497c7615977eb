/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the logins of people: providers, and the steps that several files share. */
#pragma once

#include "auth_internal.h"
#include "ecs/log.h"
#include "ecs/login.h"
#include "ecs/rules.h"
#include "ecs/ts43.h"

enum { LOGIN_DB_MS = 5000, LOGIN_ASK_MS = 40000 };

struct login_provider {
    const struct ecs_oidc_conf *conf;
    struct ecs_neighbour *neighbour;
    struct ecs_jwks *jwks;
    struct ecs_jws_signer *signer;  /* private_key: client assertions; NULL: a client secret */
    struct ecs_jws_signer *factor;  /* external second factor: requests to it */
    struct ecs_jwk_set *factor_key; /* its answers */
    struct ecs_limiter *begun;      /* one key: all logins begun here */
    unsigned algorithms;            /* bits 1 << enum ecs_jws_alg */
};

struct ecs_logins {
    const struct ecs_otp_conf *otp;
    const struct ecs_messages *messages;
    struct ecs_login_sms sms;
    char *redirect_uri, *page_url;
    struct ecs_otp_limits limits;
    struct ecs_limiter *otp_begun;
    struct login_provider *provider;
    size_t provider_n;
};

/* State of a return leg. */
struct login_work {
    uint8_t handle[ECS_LOGIN_DIGEST];
    struct ecs_login_row row;
    const struct login_provider *provider; /* NULL: the row's provider is not configured any more */
    struct ecs_str code, error, iss;       /* of the request that returned */
    struct ecs_str state;
    struct ecs_ask ask;
    struct ecs_ask_answer answer;
    struct ecs_str id_token, access_token;
    struct ecs_jwks_result id, access;
    struct ecs_str subject;
    struct ecs_login_lines lines;
    const struct ecs_login_line *line;
    enum ecs_rc later_rc; /* try again: what the device is told */
    const char *later;
    /* second factor */
    char tx[ECS_LOGIN_SECRET_LEN + 1];
    uint8_t tx_handle[ECS_LOGIN_DIGEST], number[ECS_LOGIN_DIGEST];
    struct ecs_login_new factor;
};

/* A device's request without any credential, which a person could log in for. */
bool login_is_bare(const struct ecs_auth *auth);
/* First provider for such a request, or NULL. */
const struct login_provider *login_provider_for(const struct ecs_auth *auth);
const struct login_provider *login_provider_named(const struct ecs_logins *logins, struct ecs_str name);
/* The request in its saved form; {NULL, 0}: no memory. */
struct ecs_str login_save_request(struct ecs_flow *f, const struct ecs_ts43_request *request);
/* The saved request takes the place of the one that came back; of that, Accept, language and agent count. */
enum ecs_rc login_adopt_request(struct ecs_flow *f, struct ecs_auth *auth, struct ecs_str saved);
/* The exchange is over without a subscriber: a document with the provider's error page (TS.43 2.8.4), or rc
 * when it has none (ECS_OK: the document nevertheless, with a text only). reason: OAuth error code, or a word
 * of ours; why: for the log. */
enum ecs_next login_decline(struct ecs_flow *f, const struct login_provider *provider, enum ecs_rc rc,
                            struct ecs_str reason, const char *why);
enum ecs_next login_passed(struct ecs_flow *f, const char *how, const char *provider);
struct ecs_str login_message(const struct ecs_logins *logins, struct ecs_arena *arena,
                             struct ecs_str accept_language, const char *key, const char *otherwise,
                             const struct ecs_substitution *values, size_t n);

/* ---- token endpoint (oidc_token.c), pure ---- */

/* Fills ask for the exchange of w->code. False: no memory, or the assertion cannot be signed. */
bool oidc_token_ask(struct ecs_flow *f, const struct ecs_auth *auth, struct login_work *w);
enum oidc_token_verdict {
    OIDC_TOKEN_OK,      /* access_token and id_token are set */
    OIDC_TOKEN_REFUSED, /* the code is not good */
    OIDC_TOKEN_LATER,   /* busy, or its answer cannot be read */
    OIDC_TOKEN_CONFIG,  /* our credentials or addresses are not accepted */
};
enum oidc_token_verdict oidc_token_read(struct ecs_arena *arena, int status, struct ecs_str body,
                                        struct ecs_str *ret_access, struct ecs_str *ret_id,
                                        const char **ret_why);
/* at_hash of OIDC core 3.1.3.8 for algorithms with SHA-256. */
bool oidc_access_token_fits(struct ecs_crypto *crypto, struct ecs_str access_token, struct ecs_str at_hash);

/* ---- second factor (auth_factor.c) ---- */

/* After the first factor: writes the row; factor_redirect follows. */
enum ecs_next factor_begin(struct ecs_flow *f);
enum ecs_next factor_redirect(struct ecs_flow *f);
/* Return leg of the second factor. */
enum ecs_next factor_check(struct ecs_flow *f);
