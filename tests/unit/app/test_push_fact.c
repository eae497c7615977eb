/* SPDX-License-Identifier: Apache-2.0 */
/* The fact device.push and RegisterNotifStatus: from registrations, channels and the request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/app.h"

enum { NOW = 1772600000, FCM = 1 << 2, APNS = 1 << 4, SAID = 1 };

#define DIGEST "00112233445566778899aabbccddeeff"

static const struct {
    const char *registration;
    unsigned channels;
    bool now, push;
} rows[] = {
    {NULL, 0, false, false},
    {NULL, SAID, true, true},
    {"2 " DIGEST " ap2003,ap2004 1750000000 ", 0, false, true}, /* not asked which channels work: explain */
    {"2 " DIGEST " ap2003,ap2004 1750000000 ", SAID | FCM, false, true},
    {"2 " DIGEST " ap2003,ap2004 1750000000 vendor.app", SAID | FCM, false, true},
    {"2 " DIGEST " ap2003,ap2004 1750000000 ", SAID | APNS, false, false},
    {"2 " DIGEST " ap2003,ap2004 1750000000 ", SAID, false, false},
    {"4 " DIGEST " ap2003,ap2004 1750000000 ", SAID | APNS, false, true},
    {"2 " DIGEST " ap2003,ap2005 1750000000 ", SAID | FCM, false, false}, /* for other applications */
    {"2 " DIGEST " ap20045 1750000000 ", SAID | FCM, false, false},
    {"rubbish", SAID | FCM, false, false},
};

/* proves: V-027 */
static void test_a_device_can_be_called_by_a_registration_that_works_here(void **state)
{
    struct ecs_faults faults;
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_policy *policy;

    (void)state;
    ecs_faults_init(&faults, arena);
    policy = ecs_policy_load(ECS_SOURCE_DIR "/conf/policy.d", &faults, NULL);
    assert_non_null(policy);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_ts43_request request = {.apps = {ECS_APP_2004}, .n_apps = 1, .notif_action = -1};
        struct ecs_str text = ecs_str_of(rows[i].registration);
        struct ecs_subscriber_facts line = {
            .known = true, .registrations = &text, .n_registrations = rows[i].registration ? 1 : 0};
        struct ecs_imsi imsi = {"001010123456789"};
        struct ecs_app_context context = {.arena = arena,
                                          .policy = policy,
                                          .request = &request,
                                          .line = &line,
                                          .imsi = &imsi,
                                          .push_channels = rows[i].channels,
                                          .push_now = rows[i].now,
                                          .now = NOW};

        ecs_app_facts(&context);
        assert_true(context.facts.v[ECS_FACT_DEVICE_PUSH].known);
        if (context.facts.v[ECS_FACT_DEVICE_PUSH].i != rows[i].push)
            fail_msg("row %zu", i);
    }
    ecs_policy_free(policy);
    ecs_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_device_can_be_called_by_a_registration_that_works_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
