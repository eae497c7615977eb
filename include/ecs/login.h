/* SPDX-License-Identifier: Apache-2.0 */
/* Logins of people: OpenID Connect providers (TS.43 2.8.2), the second factor (2.8.2.1) and one-time codes by
 * SMS (RCC.14). Configuration, the parts that one worker works with, and what the code page shares with the
 * authentication methods. */
#pragma once

#include "ecs/crypto.h"
#include "ecs/jwks.h"
#include "ecs/limiter.h"
#include "ecs/setting.h"
#include "ecs/store_login.h"

struct ecs_messages;

enum ecs_oidc_client_auth { ECS_OIDC_SECRET_BASIC, ECS_OIDC_SECRET_POST, ECS_OIDC_PRIVATE_KEY };
enum ecs_oidc_factor { ECS_FACTOR_NONE, ECS_FACTOR_PAGE, ECS_FACTOR_EXTERNAL };

/* One entry of the list "oidc". */
struct ecs_oidc_conf {
    const char *name;
    struct ecs_str_list hosts, apps, gid1; /* which requests go there; empty: all */
    const char *issuer, *authorize_url, *token_url, *jwks_url, *ca_file;
    const char *client_id, *client_secret, *private_key, *key_id;
    int client_auth;   /* enum ecs_oidc_client_auth */
    int key_algorithm; /* RS256, PS256, ES256 */
    const char *scope;
    bool pkce, access_token_jwt;
    struct ecs_str_list algorithms, access_token_audience, authorize_parameters;
    int subject; /* enum ecs_subject_by */
    const char *subject_claim, *subject_prefix;
    int second_factor; /* enum ecs_oidc_factor */
    const char *second_factor_url, *second_factor_secret;
    const char *error_url, *error_data;
    int64_t life_s, max_age_s, skew_s, timeout_ms, in_flight, begin_per_minute, key_interval_s;
};
extern const struct ecs_setting ecs_oidc_settings[];
bool ecs_oidc_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);

/* Section "otp". */
struct ecs_otp_conf {
    bool login; /* RCC.14 login by msisdn */
    int64_t digits, life_s, tries, interval_s, per_day, begin_per_minute;
};
extern const struct ecs_setting ecs_otp_settings[];

/* What these sections say together with others. Faults carry the path of the file. */
struct ecs_login_check {
    const char *path;
    const struct ecs_oidc_conf *oidc;
    size_t oidc_n;
    const struct ecs_otp_conf *otp;
    bool production, has_public_url, has_sms;
};
bool ecs_login_check(const struct ecs_login_check *check, struct ecs_faults *faults);

/* ---- one worker's parts, of one snapshot ---- */

/* Takes a text message on: true when it will be sent (the outcome goes to the log). Nothing is borrowed after
 * the call. */
struct ecs_login_sms {
    bool (*send)(void *owner, struct ecs_str msisdn, struct ecs_str text, uint16_t port);
    void *owner;
};

struct ecs_logins_conf {
    const struct ecs_oidc_conf *oidc; /* borrowed, as all texts: the snapshot's */
    size_t oidc_n;
    const struct ecs_otp_conf *otp;
    const struct ecs_messages *messages;
    const char *redirect_uri; /* copied; the entitlement resource as devices reach it */
    const char *page_url;     /* copied; of the code page */
    struct ecs_login_sms sms;
    struct ecs_neighbour_stats *(*stats_of)(void *owner, const char *name); /* NULL: none are kept */
    void *stats_owner;
};
struct ecs_logins;
/* pool NULL only without providers. NULL with a sentence in *ret_error: no memory, a key that cannot be used.
 */
struct ecs_logins *ecs_logins_new(struct ecs_http_pool *pool, const struct ecs_logins_conf *conf,
                                  const char **ret_error);
void ecs_logins_free(struct ecs_logins *logins); /* NULL allowed; after the flows that use it */
const struct ecs_otp_limits *ecs_logins_limits(const struct ecs_logins *logins);
const char *ecs_logins_redirect_uri(const struct ecs_logins *logins);

/* ---- shared with the code page ---- */

enum { ECS_LOGIN_SECRET_BYTES = 20, ECS_LOGIN_SECRET_LEN = ECS_BASE32_LEN(ECS_LOGIN_SECRET_BYTES) };
enum { ECS_OTP_DIGITS_MIN = 4, ECS_OTP_DIGITS_MAX = 10 };

/* A state, transaction, cookie or proof: 160 random bits as text. */
bool ecs_login_secret(struct ecs_crypto *crypto, char ret_text[ECS_LOGIN_SECRET_LEN + 1]) ECS_MUST_CHECK;
/* Digests under which things stand in the database; what they are for keeps them apart. */
enum ecs_login_digest {
    ECS_LOGIN_OF_STATE,
    ECS_LOGIN_OF_COOKIE,
    ECS_LOGIN_OF_PROOF,
    ECS_LOGIN_OF_NUMBER,
    ECS_LOGIN_OF_FACTOR_NUMBER
};
bool ecs_login_digest(struct ecs_crypto *crypto, enum ecs_login_digest what, struct ecs_str text,
                      uint8_t ret_digest[ECS_LOGIN_DIGEST]) ECS_MUST_CHECK;
/* Of a code, with the secret of its login. */
bool ecs_otp_digest(struct ecs_crypto *crypto, struct ecs_str secret, struct ecs_str code,
                    uint8_t ret_digest[ECS_LOGIN_DIGEST]) ECS_MUST_CHECK;
/* A code of otp.digits decimal digits, each value alike. */
bool ecs_otp_code(const struct ecs_logins *logins, struct ecs_crypto *crypto,
                  char ret_code[ECS_OTP_DIGITS_MAX + 1]) ECS_MUST_CHECK;
/* To a person in a language of Accept-Language (port 0), or to a port of the device: the code alone. False:
 * there is no way to send, or no memory. */
bool ecs_otp_send(const struct ecs_logins *logins, struct ecs_arena *arena, struct ecs_str accept_language,
                  struct ecs_str msisdn, const char *code, uint16_t port);
/* URL of the page or the resource with two parameters more: "state" and "code", say. In the arena. */
struct ecs_str ecs_login_url(struct ecs_arena *arena, const char *url, const char *name1,
                             struct ecs_str value1, const char *name2, struct ecs_str value2);
