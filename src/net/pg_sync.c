/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking access for tools and start-up checks. Notices are dropped; errors keep the server's primary
 * message, which the tool shows to its operator and never logs. */
#include "ecs/pg_sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg_int.h"

struct ecs_pg_sync {
    PGconn *c;
    struct ecs_buf scratch;
    char error[512];
    char sqlstate[6];
};

static void ignore_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

enum ecs_rc ecs_pg_sync_connect(const char *conninfo, unsigned timeout_s, char error[256],
                                struct ecs_pg_sync **ret_sync)
{
    struct ecs_pg_sync *sync = calloc(1, sizeof(*sync));
    char limit[16];
    /* Later keywords win over those inside the string. */
    const char *keywords[] = {"dbname", "connect_timeout", NULL};
    const char *values[] = {conninfo, limit, NULL};
    PQconninfoOption *check = PQconninfoParse(conninfo, NULL);

    PQconninfoFree(check);
    snprintf(limit, sizeof(limit), "%u", timeout_s);
    if (!check || !sync) {
        snprintf(error, 256, check ? "out of memory" : "the connection string is malformed");
        free(sync);
        return check ? ECS_E_NO_MEMORY : ECS_E_CONFIG;
    }
    sync->c = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(sync->c) != CONNECTION_OK) {
        snprintf(error, 256, "%s", PQerrorMessage(sync->c));
        error[strcspn(error, "\n")] = '\0';
        ecs_pg_sync_free(sync);
        return ECS_E_BACKEND;
    }
    PQsetNoticeReceiver(sync->c, ignore_notice, NULL);
    *ret_sync = sync;
    return ECS_OK;
}

void ecs_pg_sync_free(struct ecs_pg_sync *sync)
{
    if (!sync)
        return;
    PQfinish(sync->c);
    ecs_buf_done(&sync->scratch);
    free(sync);
}

const char *ecs_pg_sync_error(const struct ecs_pg_sync *sync)
{
    return sync->error;
}

const char *ecs_pg_sync_sqlstate(const struct ecs_pg_sync *sync)
{
    return sync->sqlstate;
}

static enum ecs_rc note_error(struct ecs_pg_sync *sync, const PGresult *res)
{
    const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    snprintf(sync->sqlstate, sizeof(sync->sqlstate), "%.5s", sqlstate ? sqlstate : "");
    snprintf(sync->error, sizeof(sync->error), "%s", primary ? primary : PQerrorMessage(sync->c));
    sync->error[strcspn(sync->error, "\n")] = '\0';
    return pg_rc_of(sync->sqlstate);
}

static void forget_error(struct ecs_pg_sync *sync)
{
    sync->error[0] = sync->sqlstate[0] = '\0';
}

static enum ecs_rc refuse(struct ecs_pg_sync *sync, enum ecs_rc rc, const char *why)
{
    forget_error(sync);
    snprintf(sync->error, sizeof(sync->error), "%s", why);
    return rc;
}

enum ecs_rc ecs_pg_sync_exec(struct ecs_pg_sync *sync, const char *sql, const struct ecs_pg_param *params,
                             size_t n, struct ecs_pg_result *ret_result)
{
    struct pg_encoded e;
    PGresult *res;
    enum ecs_rc rc = ECS_OK;

    if (n > ECS_PG_PARAMS_MAX || !pg_encode(&sync->scratch, params, n, &e))
        return refuse(sync, ECS_E_BAD_PARAMETER, "a parameter cannot be sent");
    forget_error(sync);
    res = PQexecParams(sync->c, sql, (int)n, NULL, e.value, e.length, e.format, 1);
    if (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COMMAND_OK)
        rc = note_error(sync, res);
    if (rc != ECS_OK || !ret_result) {
        PQclear(res);
        return rc;
    }
    *ret_result = (struct ecs_pg_result){
        .res = res,
        .rows = (unsigned)PQntuples(res),
        .columns = (unsigned)PQnfields(res),
        .affected = strtoull(PQcmdTuples(res), NULL, 10),
    };
    return ECS_OK;
}

void ecs_pg_sync_clear(struct ecs_pg_result *result)
{
    PQclear((PGresult *)(uintptr_t)result->res);
    *result = (struct ecs_pg_result){0};
}

enum ecs_rc ecs_pg_sync_script(struct ecs_pg_sync *sync, const char *sql)
{
    PGresult *res;
    enum ecs_rc rc = ECS_OK;

    forget_error(sync);
    res = PQexec(sync->c, sql);
    if (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COMMAND_OK &&
        PQresultStatus(res) != PGRES_EMPTY_QUERY)
        rc = note_error(sync, res);
    PQclear(res);
    return rc;
}

void ecs_pg_sync_rollback(struct ecs_pg_sync *sync)
{
    if (PQtransactionStatus(sync->c) != PQTRANS_IDLE)
        PQclear(PQexec(sync->c, "ROLLBACK"));
    PQclear(PQexec(sync->c, "SELECT pg_advisory_unlock_all()"));
}

enum ecs_rc ecs_pg_sync_copy_begin(struct ecs_pg_sync *sync, const char *sql)
{
    PGresult *res;
    enum ecs_rc rc = ECS_OK;

    forget_error(sync);
    res = PQexec(sync->c, sql);
    if (PQresultStatus(res) != PGRES_COPY_IN)
        rc = note_error(sync, res);
    if (rc == ECS_OK && PQresultStatus(res) != PGRES_COPY_IN)
        rc = refuse(sync, ECS_E_INTERNAL, "not a COPY FROM STDIN");
    PQclear(res);
    return rc;
}

/* Takes what the server says at the end of a COPY. */
static enum ecs_rc drain(struct ecs_pg_sync *sync)
{
    enum ecs_rc rc = ECS_OK;
    PGresult *res;

    while ((res = PQgetResult(sync->c))) {
        if (PQresultStatus(res) != PGRES_COMMAND_OK && rc == ECS_OK)
            rc = note_error(sync, res);
        PQclear(res);
    }
    return rc;
}

enum ecs_rc ecs_pg_sync_copy_put(struct ecs_pg_sync *sync, struct ecs_str bytes)
{
    enum ecs_rc rc;

    if (bytes.n > INT32_MAX / 2)
        return refuse(sync, ECS_E_TOO_LARGE, "one piece of a COPY is too large");
    if (PQputCopyData(sync->c, bytes.p, (int)bytes.n) == 1)
        return ECS_OK;
    rc = drain(sync);
    return rc != ECS_OK ? rc : refuse(sync, ECS_E_BACKEND, PQerrorMessage(sync->c));
}

enum ecs_rc ecs_pg_sync_copy_end(struct ecs_pg_sync *sync, const char *error)
{
    forget_error(sync);
    if (PQputCopyEnd(sync->c, error) != 1)
        return refuse(sync, ECS_E_BACKEND, PQerrorMessage(sync->c));
    return drain(sync);
}

void ecs_pg_copy_field(struct ecs_buf *buf, struct ecs_str field)
{
    size_t from = 0;

    if (!field.p) {
        ecs_buf_add(buf, "\\N", 2);
        return;
    }
    for (size_t i = 0; i < field.n; i++) {
        char c = field.p[i];
        char letter = c == '\\' ? '\\' : c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : 0;

        if (!letter)
            continue;
        ecs_buf_add(buf, field.p + from, i - from);
        ecs_buf_add_char(buf, '\\');
        ecs_buf_add_char(buf, letter);
        from = i + 1;
    }
    ecs_buf_add(buf, field.p + from, field.n - from);
}
