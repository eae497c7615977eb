/* SPDX-License-Identifier: Apache-2.0 */
/* Logins between two HTTP requests (OIDC, second factor, one-time codes) and the subjects of identity
 * providers. Rows are found by digests of 32 bytes; all nodes share them. Each call may wait, the next step
 * finds the result; texts in are borrowed until then, texts out belong to the flow's arena. */
#pragma once

#include "ecs/store.h"

enum { ECS_LOGIN_DIGEST = 32, ECS_LOGIN_REQUEST_MAX = 32768, ECS_LOGIN_LINES_MAX = 100 };

enum ecs_login_kind {
    ECS_LOGIN_OIDC,   /* the user is at the identity provider */
    ECS_LOGIN_FACTOR, /* the subscriber is known, the second factor is missing */
    ECS_LOGIN_OTP,    /* the device waits for a code by SMS (RCC.14) */
};

struct ecs_login_new {
    const uint8_t *handle;    /* ECS_LOGIN_DIGEST bytes */
    enum ecs_login_kind kind; /* OIDC or FACTOR */
    struct ecs_str provider, request;
    struct ecs_str nonce, verifier; /* OIDC; p NULL: none */
    struct ecs_str imsi;            /* FACTOR */
    const uint8_t *number;          /* FACTOR with codes of ours: digest of the number; NULL: none */
    unsigned life_s;                /* 1..86400 */
};
enum ecs_next ecs_store_login_add(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_login_new *login);

struct ecs_login_row {
    bool found; /* false: unknown, expired or used before */
    enum ecs_login_kind kind;
    struct ecs_str provider, request, nonce, verifier, imsi;
    struct ecs_str proof; /* FACTOR: digest of the proof; p NULL: the second factor has not passed */
};
/* Single use: whoever comes second finds nothing. */
enum ecs_next ecs_store_login_take(struct ecs_flow *f, struct ecs_store *store, const uint8_t *handle,
                                   struct ecs_login_row *ret_row);
/* The provider gave no answer: the row may be taken again (five times in all). */
enum ecs_next ecs_store_login_reopen(struct ecs_flow *f, struct ecs_store *store, const uint8_t *handle);

enum ecs_subject_by { ECS_SUBJECT_TABLE, ECS_SUBJECT_MSISDN, ECS_SUBJECT_IMSI };
struct ecs_login_line {
    struct ecs_str imsi, msisdn; /* msisdn p NULL: none */
};
struct ecs_login_lines {
    struct ecs_login_line *line;
    size_t n; /* at most ECS_LOGIN_LINES_MAX */
};
enum ecs_next ecs_store_login_lines(struct ecs_flow *f, struct ecs_store *store, enum ecs_subject_by by,
                                    struct ecs_str provider, struct ecs_str subject,
                                    struct ecs_login_lines *ret_lines);

/* ---- one-time codes ---- */

struct ecs_otp_limits {
    unsigned life_s;     /* of the login */
    unsigned interval_s; /* between two codes of a number */
    unsigned per_day;    /* codes of a number in 24 hours */
    unsigned tries;      /* wrong codes of a login */
};
struct ecs_otp_new {
    const uint8_t *handle, *code, *number; /* digests */
    struct ecs_str request, msisdn;
    struct ecs_str imsi; /* what the device claims; p NULL: nothing */
};
struct ecs_otp_begun {
    bool granted;        /* false: the number's quota is used up */
    struct ecs_str imsi; /* whose number it is; p NULL: nobody's, or not one line's: nothing to send */
    int64_t wait_s;      /* not granted: time to the next one */
};
enum ecs_next ecs_store_otp_begin(struct ecs_flow *f, struct ecs_store *store, const struct ecs_otp_new *otp,
                                  const struct ecs_otp_limits *limits, struct ecs_otp_begun *ret_begun);

struct ecs_otp_tried {
    bool found, right;            /* found false: unknown, expired, used, or too many wrong codes */
    unsigned tries;               /* wrong ones, this one included */
    struct ecs_str imsi, request; /* of ecs_store_otp_try only */
};
/* A right code ends the login: single use. */
enum ecs_next ecs_store_otp_try(struct ecs_flow *f, struct ecs_store *store, const uint8_t *handle,
                                const uint8_t *code, const struct ecs_otp_limits *limits,
                                struct ecs_otp_tried *ret_tried);

struct ecs_factor_sent {
    bool found;            /* false: unknown, expired or used */
    bool send;             /* the new code counts and is to be sent to msisdn */
    bool has_code;         /* a code was sent, now or before */
    struct ecs_str msisdn; /* p NULL: the line has lost its number */
    unsigned tries;
    int64_t wait_s; /* until another code can be sent */
};
/* first: only when none was sent yet. */
enum ecs_next ecs_store_factor_send(struct ecs_flow *f, struct ecs_store *store, const uint8_t *handle,
                                    const uint8_t *code, bool first, const struct ecs_otp_limits *limits,
                                    struct ecs_factor_sent *ret_sent);
/* A right code puts the proof into the row, for ecs_store_login_take. */
enum ecs_next ecs_store_factor_try(struct ecs_flow *f, struct ecs_store *store, const uint8_t *handle,
                                   const uint8_t *code, const uint8_t *proof,
                                   const struct ecs_otp_limits *limits, struct ecs_otp_tried *ret_tried);

/* As ecs_store_eap_reap: expired logins; numbers whose day is over. */
enum ecs_next ecs_store_login_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                   unsigned *ret_rows);
enum ecs_next ecs_store_otp_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                 unsigned *ret_rows);

/* ---- subjects, in the manner of ecs/store_admin.h ---- */

/* ECS_E_BAD_PARAMETER: no such subscriber, or a provider's name or subject of the wrong form. */
enum ecs_next ecs_store_subject_put(struct ecs_flow *f, struct ecs_store *store, struct ecs_str provider,
                                    struct ecs_str subject, struct ecs_str imsi, bool *ret_created);
/* ECS_E_NOT_FOUND */
enum ecs_next ecs_store_subject_delete(struct ecs_flow *f, struct ecs_store *store, struct ecs_str provider,
                                       struct ecs_str subject, struct ecs_str imsi);
struct ecs_subject_row {
    struct ecs_str provider, subject;
    int64_t created_at; /* Unix seconds */
};
struct ecs_subject_rows {
    struct ecs_subject_row *rows;
    size_t n;
};
enum ecs_next ecs_store_subject_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                     struct ecs_subject_rows *ret_rows);
