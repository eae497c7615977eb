/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of temporary, operator and App tokens (TS.43 2.8.6, 14), of misused tokens and of the device of a
 * line. One database round trip per call; what goes in is borrowed until the next step, texts that come out
 * belong to the arena. */
#pragma once

#include "ecs/store.h"

enum ecs_grant_kind { ECS_GRANT_TEMPORARY, ECS_GRANT_OPERATOR, ECS_GRANT_APP, ECS_GRANT_KIND_COUNT };
extern const char *const ecs_grant_kinds[ECS_GRANT_KIND_COUNT + 1]; /* "temporary" ..., NULL at the end */

struct ecs_grant_row {
    enum ecs_grant_kind kind;
    const uint8_t *digest;                   /* 32 bytes, of kind and token */
    struct ecs_str imsi;                     /* p NULL: none, for App tokens only */
    const uint8_t *terminal;                 /* 16 bytes: digest of the terminal_id; NULL: none */
    struct ecs_str app;                      /* "ap2014" */
    const struct ecs_str *operations, *uses; /* names in lower case; "-1": any number */
    size_t operation_n;                      /* 1..32 */
    const struct ecs_str *requestors;        /* in lower case */
    size_t requestor_n;                      /* 0..16; 0: any */
    struct ecs_str client_id, scope;         /* p NULL: none */
    int64_t life_s;
    int64_t most; /* live ones of one subscriber */
};
struct ecs_grant_added {
    int64_t expires_s; /* Unix seconds */
    char expiry[21];   /* ISO 8601 with Z (C-36) */
};
/* ECS_E_NOT_FOUND: no such subscriber; ECS_E_RATE_LIMIT: most are live. */
enum ecs_next ecs_store_grant_add(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_grant_row *row, struct ecs_grant_added *ret_added);

enum ecs_grant_verdict {
    ECS_GRANT_OK,
    ECS_GRANT_UNKNOWN,
    ECS_GRANT_EXPIRED,
    ECS_GRANT_FINISHED,
    ECS_GRANT_REVOKED, /* the subscriber's token generation was raised */
    ECS_GRANT_USED,    /* no use of this operation is left */
    ECS_GRANT_GONE,    /* the subscriber is no longer there */
    ECS_GRANT_OTHER_APP,
    ECS_GRANT_OTHER_OPERATION,
    ECS_GRANT_OTHER_REQUESTOR,
};
struct ecs_grant_use {
    enum ecs_grant_kind kind;
    const uint8_t *digest;         /* 32 bytes */
    struct ecs_str operation, app; /* operation in lower case */
    struct ecs_str requestor;      /* in lower case; p NULL: none */
    const uint8_t *request;        /* 32 bytes: digest of the request */
    int64_t repeat_s;              /* so long the same request counts once */
    bool count;                    /* false: nothing is written */
};
struct ecs_grant_used {
    enum ecs_grant_verdict verdict;
    bool repeated;           /* the same request was counted before: give the same answer */
    struct ecs_str imsi;     /* p NULL: none */
    struct ecs_str terminal; /* 16 bytes; p NULL: none */
    const struct ecs_str *operations;
    size_t operation_n;
    struct ecs_str client_id, scope;
    int64_t expires_s;
    int64_t uses_left; /* of this operation; -1: any number */
};
/* Judges and counts in one statement, atomic over all nodes. */
enum ecs_next ecs_store_grant_use(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_grant_use *use, struct ecs_grant_used *ret_used);

/* ECS_E_NOT_FOUND: none that is alive. ret_imsi: {NULL, 0} for App tokens. */
enum ecs_next ecs_store_grant_finish(struct ecs_flow *f, struct ecs_store *store, const uint8_t digest[32],
                                     struct ecs_str *ret_imsi);
/* All live ones of a subscriber; ret_n: how many. Raising the token generation voids them, too. */
enum ecs_next ecs_store_grant_finish_all(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                         int64_t *ret_n);
/* Deletes at most max_rows; ret_rows == max_rows: call again. */
enum ecs_next ecs_store_grant_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                   unsigned *ret_rows);

struct ecs_misuse_noted {
    int64_t times;      /* in this window; 0: the token was void anyway */
    int64_t generation; /* raised to this: all tokens are void; -1: not raised */
};
/* A token of this generation came from another device than its own. most: so many within the window raise the
 * generation; 0: never. */
enum ecs_next ecs_store_misuse_note(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                    int64_t generation, int64_t most, int64_t window_s,
                                    struct ecs_misuse_noted *ret_noted);
enum ecs_next ecs_store_misuse_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                    unsigned *ret_rows);

/* The device that has passed a full authentication is from now on that of the line. */
enum ecs_next ecs_store_line_device(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                    const uint8_t terminal[16]);
