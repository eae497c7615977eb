/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between the imports: columns, the check of a line, and the statements that bring a chunk in.
 */
#pragma once

#include "ecs/buf.h"
#include "ecs/import.h"

enum { IMPORT_COLUMNS_MAX = 20 };

struct import_kind {
    const char *const *columns; /* names, the needed one first */
    size_t n_columns;
    /* Checks a line and appends its staged row without line number; NULL or what is wrong. An empty value has
     * p NULL. */
    const char *(*stage)(const struct ecs_import_conf *conf, const struct ecs_str *value,
                         struct ecs_buf *row);
    const char *create, *copy;
    const char *const *rejects; /* DELETE ... RETURNING line, reason */
    size_t n_rejects;
    const char *update, *insert; /* counted */
    const char *also;            /* may be NULL */
};

enum ecs_rc import_run(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                       const struct import_kind *kind, struct ecs_import_result *ret_result);
