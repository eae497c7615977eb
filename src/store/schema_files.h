/* SPDX-License-Identifier: Apache-2.0 */
/* The schema files that the build has put into the program (cmake/gen_statements.py). */
#pragma once

struct ecs_schema_file {
    unsigned number; /* 1, 2, ... without gaps */
    const char *name;
    const char *checksum; /* SHA-256 of the file, hex */
    const char *sql;
};

extern const struct ecs_schema_file ecs_schema_files[];
extern const unsigned ecs_schema_file_count;
