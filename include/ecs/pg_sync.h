/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL for tools and start-up checks: every call blocks. Not for worker threads. */
#pragma once

#include "ecs/pg.h"

struct ecs_pg_sync;

/* timeout_s bounds the connect (per host) and, on the server, nothing. On failure ret_sync is untouched and
 * error (256 bytes) says why, without the password. */
enum ecs_rc ecs_pg_sync_connect(const char *conninfo, unsigned timeout_s, char error[256],
                                struct ecs_pg_sync **ret_sync) ECS_MUST_CHECK;
void ecs_pg_sync_free(struct ecs_pg_sync *sync); /* NULL is allowed */
/* Why the last call failed: SQLSTATE and the server's primary message. Valid until the next call. */
const char *ecs_pg_sync_error(const struct ecs_pg_sync *sync);
const char *ecs_pg_sync_sqlstate(const struct ecs_pg_sync *sync);

/* One statement with binary parameters. ret_result (may be NULL) is read with the accessors of ecs/pg.h and
 * given back by ecs_pg_sync_clear. */
enum ecs_rc ecs_pg_sync_exec(struct ecs_pg_sync *sync, const char *sql, const struct ecs_pg_param *params,
                             size_t n, struct ecs_pg_result *ret_result) ECS_MUST_CHECK;
void ecs_pg_sync_clear(struct ecs_pg_result *result);
/* Several statements without parameters, results dropped. */
enum ecs_rc ecs_pg_sync_script(struct ecs_pg_sync *sync, const char *sql) ECS_MUST_CHECK;

/* After a failure: ends an open transaction and releases advisory locks; the text of the failure stays. */
void ecs_pg_sync_rollback(struct ecs_pg_sync *sync);

/* COPY ... FROM STDIN: begin with the whole command, put bytes as often as wanted, end. After a failure of
 * put or end the COPY is over; error non-NULL in end makes the server drop what it got. */
enum ecs_rc ecs_pg_sync_copy_begin(struct ecs_pg_sync *sync, const char *sql) ECS_MUST_CHECK;
enum ecs_rc ecs_pg_sync_copy_put(struct ecs_pg_sync *sync, struct ecs_str bytes) ECS_MUST_CHECK;
enum ecs_rc ecs_pg_sync_copy_end(struct ecs_pg_sync *sync, const char *error) ECS_MUST_CHECK;
/* Appends one field in COPY text form (backslash escapes). NULL is \N. No separator. */
struct ecs_buf;
void ecs_pg_copy_field(struct ecs_buf *buf, struct ecs_str field);
