/* SPDX-License-Identifier: Apache-2.0 */
/* What the HSS says of a line (auth.hss_profile) as a fact for policies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/app.h"

static void test_access_over_wifi_in_the_profile_is_a_fact(void **state)
{
    static const struct {
        enum ecs_non3gpp row;
        int fact; /* -1: not known */
    } rows[] = {
        {ECS_ROW_NON3GPP_UNKNOWN, -1},
        {ECS_ROW_NON3GPP_ALLOWED, ECS_NON3GPP_ALLOWED},
        {ECS_ROW_NON3GPP_BARRED, ECS_NON3GPP_BARRED},
    };
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_faults faults;
    struct ecs_policy *policy;

    (void)state;
    ecs_faults_init(&faults, arena);
    policy = ecs_policy_load(ECS_SOURCE_DIR "/conf/policy.d", &faults, NULL);
    assert_non_null(policy);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_ts43_request request = {.apps = {ECS_APP_2004}, .n_apps = 1, .notif_action = -1};
        struct ecs_subscriber_facts line = {.known = true, .non3gpp = rows[i].row};
        struct ecs_app_context context = {
            .arena = arena, .policy = policy, .request = &request, .line = &line, .now = 1772600000};
        const struct ecs_imsi imsi = {"001010123456789"};
        const struct ecs_fact_value *v;

        context.imsi = &imsi;
        ecs_app_facts(&context);
        v = &context.facts.v[ECS_FACT_LINE_NON3GPP];
        assert_int_equal(v->known, rows[i].fact >= 0);
        if (v->known)
            assert_int_equal(v->i, rows[i].fact);
    }
    ecs_policy_free(policy);
    ecs_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_access_over_wifi_in_the_profile_is_a_fact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
