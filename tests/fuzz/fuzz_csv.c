/* SPDX-License-Identifier: Apache-2.0 */
/* modules: store base */
/* CSV lines: fields stay inside the line, whatever the input. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(const char *start, size_t n, const struct ecs_str *fields, size_t count)
{
    if (count == 0 || count > ECS_CSV_FIELDS_MAX)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (fields[i].n > 0 && (fields[i].p < start || fields[i].p + fields[i].n > start + n))
            abort();
    }
}

static void read_as_file(const uint8_t *data, size_t size)
{
    static struct ecs_csv_reader reader;
    struct ecs_str fields[ECS_CSV_FIELDS_MAX];
    size_t count = 0;
    const char *why = NULL;
    uint64_t last = 0;

    if (size == 0)
        return;
    reader.line = 0;
    reader.in = fmemopen((void *)(uintptr_t)data, size, "r");
    if (!reader.in)
        return;
    for (;;) {
        enum ecs_csv_got got = ecs_csv_next(&reader, fields, &count, &why);

        if (got == ECS_CSV_END)
            break;
        if (reader.line <= last || (got == ECS_CSV_BAD && !why))
            abort();
        last = reader.line;
        if (got == ECS_CSV_RECORD)
            check_inside(reader.text, sizeof(reader.text), fields, count);
    }
    fclose(reader.in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_str fields[ECS_CSV_FIELDS_MAX];
    char *line = malloc(size ? size : 1);
    size_t count = 0;
    const char *why = NULL;

    if (!line)
        return 0;
    if (size)
        memcpy(line, data, size);
    if (ecs_csv_split(line, size, fields, &count, &why))
        check_inside(line, size, fields, count);
    else if (!why)
        abort();
    free(line);
    read_as_file(data, size);
    return 0;
}
