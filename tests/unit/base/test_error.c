/* SPDX-License-Identifier: Apache-2.0 */
/* The table of result codes is complete and usable as HTTP answers and metric labels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/error.h"
#include "ecs/log.h"

#include <string.h>

static void test_every_code_has_name_label_text_status_and_level(void **state)
{
    (void)state;
    for (int rc = 0; rc < ECS_RC_COUNT; rc++) {
        const char *metric = ecs_rc_metric(rc);

        assert_true(strlen(ecs_rc_name(rc)) > 0);
        assert_true(strlen(ecs_strerror(rc)) > 0);
        assert_true(strlen(metric) > 0);
        assert_int_equal(strspn(metric, "abcdefghijklmnopqrstuvwxyz_"), strlen(metric));
        assert_in_range(ecs_rc_http(rc), 200, 599);
        assert_in_range(ecs_rc_level(rc), ECS_LOG_ERROR, ECS_LOG_DEBUG);
        for (int other = 0; other < rc; other++)
            assert_string_not_equal(metric, ecs_rc_metric(other));
    }
}

static void test_codes_map_to_their_own_row(void **state)
{
    (void)state;
    assert_int_equal(ECS_OK, 0);
    assert_string_equal(ecs_rc_name(ECS_E_TOKEN_EXPIRED), "TOKEN_EXPIRED");
    assert_string_equal(ecs_rc_metric(ECS_E_TOKEN_EXPIRED), "token_expired");
    assert_int_equal(ecs_rc_http(ECS_E_TOKEN_EXPIRED), 511);
    assert_int_equal(ecs_rc_http(ECS_E_TOO_LARGE), 413);
    assert_int_equal(ecs_rc_level(ECS_E_NO_MEMORY), ECS_LOG_ERROR);
}

static void test_a_code_outside_of_the_table_is_an_internal_error(void **state)
{
    (void)state;
    assert_int_equal(ecs_rc_http((enum ecs_rc)ECS_RC_COUNT), 500);
    assert_string_equal(ecs_rc_name((enum ecs_rc) - 1), "INTERNAL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_name_label_text_status_and_level),
        cmocka_unit_test(test_codes_map_to_their_own_row),
        cmocka_unit_test(test_a_code_outside_of_the_table_is_an_internal_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
