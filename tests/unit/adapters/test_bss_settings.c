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

static struct ecs_conf *parse(const char *yaml)
{
    struct ecs_faults faults;
    struct ecs_conf *c;

    ecs_faults_init(&faults, arena);
    c = ecs_conf_parse("test", ecs_str_of(yaml), sections, &faults);
    if (!c)
        fail_msg("%s\n%s", yaml, faults.first->text);
    return c;
}

static void test_the_default_is_the_local_one(void **state)
{
    struct ecs_faults faults;
    struct ecs_conf *c = parse("");
    const struct ecs_bss_conf *b = ecs_conf_get(c, "bss");

    (void)state;
    assert_int_equal(b->type, ECS_BSS_LOCAL);
    assert_false(b->ask_eligibility || b->provides_profiles);
    assert_int_equal(b->total_ms, 5000);
    assert_int_equal(b->connect_ms, 2000);
    assert_int_equal(b->plans_cache_s, 3600);
    assert_int_equal(b->local_async_s, 0);
    assert_int_equal(b->sync_every_s, 0);
    ecs_conf_unref(c);
    ecs_faults_init(&faults, arena);
    if (!ecs_conf_check_tables(sections, &faults))
        fail_msg("%s", faults.first->text);
}

#define TMF  "bss:\n  type: tmf\n  url: https://bss.example\n"
#define REST "bss:\n  type: rest\n  url: https://bss.example/ecs\n"

static void test_good_sections_are_taken(void **state)
{
    static const char *const good[] = {
        TMF,
        REST,
        TMF "  auth: oauth\n  token_url: https://as.example/token\n  client_id: ecs\n  client_secret: s\n",
        TMF "  auth: basic\n  client_id: ecs\n  client_secret: s\n",
        TMF "  auth: key\n  key_value: k\n",
        TMF "  paths: [\"service=/inventory/v5/service\", \"resource=\"]\n",
        TMF "  templates: [\"order-filter=externalReference.id={key}\", \"char-iccid=ICCID\", "
            "\"spec-vowifi=X\"]\n",
        TMF "  codes: [\"PROFILE_IN_USE=in-use\", \"12=website\"]\n  callback: https://ecs.example:8444/bss\n"
            "  sync_every: 1d\n",
        REST
        "  paths: [\"eligibility=\"]\n  templates: [\"member-old-iccid=old\", \"answer-iccid=esim.iccid\"]\n",
        "bss:\n  type: tmf\n  url: http://127.0.0.1:8080\n",
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(good); i++)
        ecs_conf_unref(parse(good[i]));
}

static void test_faults_are_told_where_they_stand(void **state)
{
    static const struct {
        const char *yaml, *fault;
    } refused[] = {
        {"bss:\n  type: soap\n", "type"},
        {"bss:\n  type: tmf\n", "url: must begin with https://"},
        {"bss:\n  type: tmf\n  url: http://bss.example\n", "url: must begin with https://"},
        {"bss:\n  type: tmf\n  url: http://127.0.0.1.evil.example\n", "url: must begin with https://"},
        {"bss:\n  type: tmf\n  url: \"https://bss.example/a?b\"\n", "url: must begin with https://"},
        {TMF "  auth: oauth\n  client_id: a\n  client_secret: b\n", "token_url"},
        {TMF "  auth: basic\n  client_id: a\n", "client_secret"},
        {TMF "  auth: key\n", "key_value"},
        {TMF "  key: /etc/hostname\n", "needs certificate"},
        {TMF "  paths: [\"service\"]\n", "must be name=value"},
        {TMF "  paths: [\"eligibility=/x\"]\n", "there is no path of that name"},
        {TMF "  paths: [\"service=x\"]\n", "a path begins with /"},
        {TMF "  templates: [\"member-iccid=x\"]\n", "there is no template of that name"},
        {TMF "  templates: [\"char-iccid=\"]\n", "1 to 64 bytes"},
        {TMF "  templates: [\"order-filter=a b\"]\n", "blanks"},
        {REST "  templates: [\"char-iccid=x\"]\n", "there is no template of that name"},
        {REST "  templates: [\"member-result=x\"]\n", "there is no template of that name"},
        {TMF "  codes: [\"X\"]\n", "CODE=status"},
        {TMF "  codes: [\"X=perhaps\"]\n", "CODE=status"},
        {"bss:\n  provides_profiles: true\n", "provides_profiles"},
        {REST "  callback: https://ecs.example\n", "type is not tmf"},
        {REST "  sync_every: 1d\n", "only type tmf"},
        {TMF "  callback: http://ecs.example\n", "must begin with https://"},
        {"bss:\n  events_token: short\n", "at least 32 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(refused); i++) {
        struct ecs_faults faults;
        struct ecs_conf *c;

        ecs_faults_init(&faults, arena);
        c = ecs_conf_parse("test", ecs_str_of(refused[i].yaml), sections, &faults);
        if (c || !strstr(faults.first->text, refused[i].fault))
            fail_msg("%s%s", refused[i].yaml, c ? "was taken" : faults.first->text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_default_is_the_local_one),
        cmocka_unit_test(test_good_sections_are_taken),
        cmocka_unit_test(test_faults_are_told_where_they_stand),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
