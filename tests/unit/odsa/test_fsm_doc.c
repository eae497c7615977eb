/* SPDX-License-Identifier: Apache-2.0 */
/* docs/journeys.md is what the tables say. With ECS_WRITE=1 in the environment it is written anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "ecs/buf.h"
#include "ecs/odsa.h"

#define FILE_NAME ECS_SOURCE_DIR "/docs/journeys.md"

static struct ecs_buf read_file(void)
{
    struct ecs_buf buf = {0};
    FILE *file = fopen(FILE_NAME, "r");
    char block[4096];
    size_t n;

    assert_non_null(file);
    while ((n = fread(block, 1, sizeof(block), file)) > 0)
        ecs_buf_add(&buf, block, n);
    fclose(file);
    return buf;
}

static void write_file(struct ecs_str text)
{
    FILE *file = fopen(FILE_NAME, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text.p, 1, text.n, file), text.n);
    assert_int_equal(fclose(file), 0);
}

static void test_the_document_is_what_the_tables_say(void **state)
{
    struct ecs_buf made = {0}, kept;

    (void)state;
    ecs_odsa_write_tables(&made);
    assert_false(made.overflow);
    if (getenv("ECS_WRITE"))
        write_file(ecs_buf_str(&made));
    kept = read_file();
    if (!ecs_str_eq(ecs_buf_str(&made), ecs_buf_str(&kept)))
        fail_msg("docs/journeys.md is stale: run ECS_WRITE=1 unit_odsa_fsm_doc");
    ecs_buf_done(&made);
    ecs_buf_done(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_document_is_what_the_tables_say)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
