/* SPDX-License-Identifier: Apache-2.0 */
/* The import engine: CSV lines are checked one by one, streamed by COPY into a temporary table, and brought
 * in by a few statements per chunk. */
#include <string.h>

#include "import_int.h"
#include "store/csv.h"

enum { CHUNK = 50000, BUFFER = 256 * 1024 };

struct import {
    struct ecs_pg_sync *sync;
    const struct ecs_import_conf *conf;
    const struct import_kind *kind;
    struct ecs_import_result *result;
    struct ecs_csv_reader reader;
    int place[IMPORT_COLUMNS_MAX]; /* of each column in the file, -1 absent */
    size_t n_fields;
    struct ecs_buf rows;
    unsigned staged;
    bool end;
};

static void reject(struct import *im, uint64_t line, struct ecs_str why)
{
    im->result->rejected++;
    if (im->conf->rejects)
        fprintf(im->conf->rejects, "%llu: %.*s\n", (unsigned long long)line, ECS_FMT(why));
}

static enum ecs_rc stop(struct import *im, enum ecs_rc rc, const char *why)
{
    snprintf(im->result->error, sizeof(im->result->error), "%s", why);
    return rc;
}

static enum ecs_rc database_failed(struct import *im, enum ecs_rc rc)
{
    return stop(im, rc, ecs_pg_sync_error(im->sync));
}

static enum ecs_rc read_header(struct import *im)
{
    struct ecs_str fields[ECS_CSV_FIELDS_MAX];
    const char *why = "the file is empty";

    if (ecs_csv_next(&im->reader, fields, &im->n_fields, &why) != ECS_CSV_RECORD)
        return stop(im, ECS_E_BAD_PARAMETER, why);
    for (size_t c = 0; c < im->kind->n_columns; c++)
        im->place[c] = -1;
    for (size_t i = 0; i < im->n_fields; i++) {
        size_t c = 0;

        while (c < im->kind->n_columns && !ecs_str_eq_nocase(fields[i], ecs_str_of(im->kind->columns[c])))
            c++;
        if (c == im->kind->n_columns || im->place[c] >= 0) {
            snprintf(im->result->error, sizeof(im->result->error), "header line: column %zu is %s", i + 1,
                     c == im->kind->n_columns ? "unknown" : "there twice");
            return ECS_E_BAD_PARAMETER;
        }
        im->place[c] = (int)i;
    }
    if (im->place[0] < 0) {
        snprintf(im->result->error, sizeof(im->result->error), "header line: column %s is missing",
                 im->kind->columns[0]);
        return ECS_E_BAD_PARAMETER;
    }
    return ECS_OK;
}

static void stage_line(struct import *im, const struct ecs_str *fields, size_t n)
{
    struct ecs_str value[IMPORT_COLUMNS_MAX] = {{0}};
    size_t start = im->rows.n;
    const char *why = NULL;

    if (n != im->n_fields)
        why = "another number of fields than the header line";
    for (size_t c = 0; !why && c < im->kind->n_columns; c++) {
        if (im->place[c] >= 0 && fields[im->place[c]].n > 0)
            value[c] = fields[im->place[c]];
    }
    if (!why && !value[0].p)
        why = "the key column is empty";
    if (!why) {
        ecs_buf_add_i64(&im->rows, (int64_t)im->reader.line);
        why = im->kind->stage(im->conf, value, &im->rows);
    }
    if (why) {
        im->rows.n = start;
        reject(im, im->reader.line, ecs_str_of(why));
        return;
    }
    ecs_buf_add_char(&im->rows, '\n');
    im->staged++;
}

/* Lines into the temporary table until the chunk is full or the file ends. */
static enum ecs_rc copy_chunk(struct import *im)
{
    unsigned limit = im->conf->chunk ? im->conf->chunk : CHUNK;
    enum ecs_rc rc = ecs_pg_sync_copy_begin(im->sync, im->kind->copy);

    im->staged = 0;
    while (rc == ECS_OK && im->staged < limit) {
        struct ecs_str fields[ECS_CSV_FIELDS_MAX];
        size_t n = 0;
        const char *why = NULL;
        enum ecs_csv_got got = ecs_csv_next(&im->reader, fields, &n, &why);

        if (got == ECS_CSV_END) {
            im->end = true;
            break;
        }
        im->result->lines++;
        if (got == ECS_CSV_BAD)
            reject(im, im->reader.line, ecs_str_of(why));
        else
            stage_line(im, fields, n);
        if (im->rows.n >= BUFFER && !im->rows.overflow) {
            rc = ecs_pg_sync_copy_put(im->sync, ecs_buf_str(&im->rows));
            ecs_buf_reset(&im->rows);
        }
    }
    if (rc == ECS_OK && im->rows.overflow) {
        (void)!ecs_pg_sync_copy_end(im->sync, "out of memory");
        return ECS_E_NO_MEMORY;
    }
    if (rc == ECS_OK && im->rows.n > 0)
        rc = ecs_pg_sync_copy_put(im->sync, ecs_buf_str(&im->rows));
    ecs_buf_reset(&im->rows);
    return rc == ECS_OK ? ecs_pg_sync_copy_end(im->sync, NULL) : rc;
}

static enum ecs_rc reject_in_database(struct import *im)
{
    for (size_t i = 0; i < im->kind->n_rejects; i++) {
        struct ecs_pg_result r = {0};
        enum ecs_rc rc = ecs_pg_sync_exec(im->sync, im->kind->rejects[i], NULL, 0, &r);

        if (rc != ECS_OK)
            return rc;
        for (unsigned row = 0; row < r.rows; row++) {
            reject(im, (uint64_t)ecs_pg_int(&r, row, 0, 0), ecs_pg_text(&r, row, 1));
            im->staged--;
        }
        ecs_pg_sync_clear(&r);
    }
    return ECS_OK;
}

static enum ecs_rc counted(struct import *im, const char *sql, uint64_t *counter)
{
    struct ecs_pg_result r = {0};
    enum ecs_rc rc = ecs_pg_sync_exec(im->sync, sql, NULL, 0, &r);

    if (rc != ECS_OK)
        return rc;
    *counter += r.affected;
    ecs_pg_sync_clear(&r);
    return ECS_OK;
}

static enum ecs_rc run_chunk(struct import *im)
{
    struct ecs_import_result before = *im->result;
    uint64_t updated = 0, inserted = 0;
    enum ecs_rc rc = ecs_pg_sync_script(im->sync, "BEGIN");

    if (rc == ECS_OK)
        rc = copy_chunk(im);
    if (rc == ECS_OK)
        rc = ecs_pg_sync_script(im->sync, "ANALYZE import_stage");
    if (rc == ECS_OK)
        rc = reject_in_database(im);
    if (rc == ECS_OK)
        rc = counted(im, im->kind->update, &updated);
    if (rc == ECS_OK)
        rc = counted(im, im->kind->insert, &inserted);
    if (rc == ECS_OK && im->kind->also)
        rc = ecs_pg_sync_script(im->sync, im->kind->also);
    if (rc == ECS_OK)
        rc = ecs_pg_sync_script(im->sync, "COMMIT");
    if (rc != ECS_OK) {
        *im->result = before;
        return database_failed(im, rc);
    }
    im->result->updated += updated;
    im->result->inserted += inserted;
    im->result->accepted += im->staged;
    if (im->conf->progress)
        im->conf->progress(im->conf->arg, im->result->lines, im->result->accepted, im->result->rejected);
    return ECS_OK;
}

enum ecs_rc import_run(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                       const struct import_kind *kind, struct ecs_import_result *ret_result)
{
    struct import im = {
        .sync = sync, .conf = conf, .kind = kind, .result = ret_result, .reader = {.in = conf->in}};
    enum ecs_rc rc;

    memset(ret_result, 0, sizeof(*ret_result));
    rc = read_header(&im);
    if (rc != ECS_OK)
        return rc;
    rc = ecs_pg_sync_script(sync, kind->create);
    if (rc != ECS_OK)
        return database_failed(&im, rc);
    while (rc == ECS_OK && !im.end)
        rc = run_chunk(&im);
    if (rc == ECS_OK && ferror(conf->in))
        rc = stop(&im, ECS_E_INTERNAL, "the file cannot be read to its end");
    if (rc != ECS_OK)
        ecs_pg_sync_rollback(sync);
    ecs_buf_done(&im.rows);
    explicit_bzero(im.reader.text, sizeof(im.reader.text)); /* the last line may have held a key */
    return rc;
}
