/* SPDX-License-Identifier: Apache-2.0 */
/* Section "bss": what belongs together, names that exist, and where a fault is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/bss.h"
#include "ecs/conf.h"

static const struct ecs_section sections[] = {
    {"bss", ecs_bss_settings, sizeof(struct ecs_bss_conf), .check = ecs_bss_settings_check, .help = "BSS."},
    {0},
};

static struct ecs_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_arena_free(arena);
    return 0;
}

@LOAD@

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_default_is_the_local_one),
        cmocka_unit_test(test_good_sections_are_taken),
        cmocka_unit_test(test_faults_are_told_where_they_stand),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
