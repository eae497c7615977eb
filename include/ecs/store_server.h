/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens of application servers (TS.43 2.8.3) and the assertions that bought them, shared by all
 * nodes. Tokens are known by digest only. Each call is one statement and may wait; failures as ecs_pg_exec.
 */
#pragma once

#include "ecs/store.h"

enum { ECS_SERVER_DIGEST_LEN = 32 };

/* An assertion that is spent together with what it is for. */
struct ecs_server_assertion {
    struct ecs_str issuer; /* kind of use and claim iss; {NULL, 0}: no assertion */
    const uint8_t *jti;    /* digest */
    int64_t expires_s;     /* Unix seconds: afterwards it is refused as expired anyway */
};

struct ecs_server_issue {
    const uint8_t *digest; /* of the token; all digests have ECS_SERVER_DIGEST_LEN bytes */
    struct ecs_str client_id, scope;
    struct ecs_str audience; /* {NULL, 0}: none */
    const uint8_t *subject;  /* digest of the token that it belongs to; NULL: none */
    bool single_use;
    uint32_t life_s;
    struct ecs_server_assertion assertion;
};
/* ret_fresh false: the assertion was accepted before, no token was issued. */
enum ecs_next ecs_store_server_issue(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_server_issue *issue, bool *ret_fresh);

/* The order is that of the statement. */
enum ecs_server_verdict {
    ECS_SERVER_GOOD,
    ECS_SERVER_UNKNOWN,
    ECS_SERVER_OTHER_CLIENT,
    ECS_SERVER_EXPIRED,
    ECS_SERVER_USED,
    ECS_SERVER_OTHER_REQUESTOR,
    ECS_SERVER_OTHER_ENTERPRISE,
    ECS_SERVER_OTHER_SUBJECT,
    ECS_SERVER_RACED, /* another request used it at the same moment: ask once more */
    ECS_SERVER_VERDICT_COUNT
};
struct ecs_server_use {
    const uint8_t *digest;
    struct ecs_str client_id, requestor_id;
    struct ecs_str enterprise_id; /* {NULL, 0}: none */
    const uint8_t *subject;       /* digest of the temporary or operator token beside it; NULL: none */
};
struct ecs_server_used {
    enum ecs_server_verdict verdict;
    struct ecs_str scope; /* in the arena */
};
/* Spends a single use token; binds another one to requestor and enterprise at its first use. */
enum ecs_next ecs_store_server_use(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_server_use *use, struct ecs_server_used *ret_used);
/* Of this client only; an unknown token is no failure (RFC 7009 2.2). ret_fresh as above. */
enum ecs_next ecs_store_server_revoke(struct ecs_flow *f, struct ecs_store *store, const uint8_t *digest,
                                      struct ecs_str client_id, const struct ecs_server_assertion *assertion,
                                      bool *ret_fresh);
/* A token of others belongs to whom it was first shown for: jti and owner are digests (owner: of jti and line),
 * expires_s as above. ret_good false: it was shown for somebody else, or a copy of this request is just
 * writing it down: ask once more to know. */
struct ecs_server_binding {
    struct ecs_str issuer; /* kind of use and claim iss */
    const uint8_t *jti, *owner;
    int64_t expires_s;
};
enum ecs_next ecs_store_server_bind(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_server_binding *binding, bool *ret_good);
/* Deletes expired rows, at most max_rows of each table; ret_rows == max_rows: call again. For a timer of one
 * worker. */
enum ecs_next ecs_store_server_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                    unsigned *ret_rows);
