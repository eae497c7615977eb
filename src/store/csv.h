/* SPDX-License-Identifier: Apache-2.0 */
/* Comma separated values, one record per line (RFC 4180 without line breaks inside quotes). */
#pragma once

#include <stdio.h>

#include "ecs/str.h"

enum { ECS_CSV_LINE_MAX = 16384, ECS_CSV_FIELDS_MAX = 32 };

/* Splits a line in place; fields point into it, quotes are taken off. false: ret_why says what is wrong. */
bool ecs_csv_split(char *line, size_t n, struct ecs_str fields[ECS_CSV_FIELDS_MAX], size_t *ret_n,
                   const char **ret_why);

struct ecs_csv_reader {
    FILE *in;
    uint64_t line; /* number of the last line, from 1 */
    char text[ECS_CSV_LINE_MAX + 2];
};
enum ecs_csv_got { ECS_CSV_RECORD, ECS_CSV_BAD, ECS_CSV_END };
/* Next line that is not empty. A byte order mark at the begin, CR at the end and a missing last line end are
 * fine. */
enum ecs_csv_got ecs_csv_next(struct ecs_csv_reader *reader, struct ecs_str fields[ECS_CSV_FIELDS_MAX],
                              size_t *ret_n, const char **ret_why);
