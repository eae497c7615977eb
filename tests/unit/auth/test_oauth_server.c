/* SPDX-License-Identifier: Apache-2.0 */
/* Callers out of a configuration: who is who, from where, and what addresses are accepted in settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/oauth_priv.h"
#include "ecs/conf.h"
#include "ecs/ts43.h"

static const struct ecs_section sections[] = {
    {"oauth", ecs_oauth_settings, sizeof(struct ecs_oauth_conf), .check = ecs_oauth_check_section,
     .help = "One."},
    {"server_callers", ecs_server_caller_settings, sizeof(struct ecs_server_caller_conf), .is_list = true,
     .check = ecs_oauth_check_caller, .help = "Two."},
    {0},
};

#define CALLER                                                                                               \
    "server_callers:\n"                                                                                      \
    "  - client_id: mdm\n"                                                                                   \
    "    requestor_ids: [R-one, R-two]\n"                                                                    \
    "    applications: [ap2011, AP2014]\n"                                                                   \
    "    operations: [GetPhoneNumber]\n"                                                                     \
    "    client_secret: 0123456789abcdef0123456789abcdef\n"                                                  \
    "    addresses: [192.0.2.0/25, 2001:db8::/33, 198.51.100.7]\n"

static struct ecs_conf *parse(const char *text)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_faults faults;
    struct ecs_conf *conf;

    ecs_faults_init(&faults, arena);
    conf = ecs_conf_parse("test.yaml", ecs_str_of(text), sections, &faults);
    if (!conf)
        fail_msg("%s", faults.first->text);
    ecs_arena_free(arena);
    return conf;
}

static void test_the_tables_of_settings_are_sound(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_faults faults;

    (void)state;
    ecs_faults_init(&faults, arena);
    if (!ecs_conf_check_tables(sections, &faults))
        fail_msg("%s", faults.first->text);
    ecs_arena_free(arena);
}

static void test_callers_are_found_by_their_names(void **state)
{
    struct ecs_conf *conf = parse("oauth: {enabled: true}\n" CALLER);
    struct ecs_crypto *crypto = ecs_crypto_new();
    struct ecs_oauth_env env = {
        .conf = conf, .public_url = "https://aes.example", .web_path = "/web", .crypto = crypto};
    struct ecs_oauth_server *server = ecs_oauth_server_new(&env);
    struct ecs_oauth_caller *caller;

    (void)state;
    assert_non_null(server);
    assert_true(ecs_oauth_server_is_enabled(server));
    assert_true(ecs_oauth_has_endpoint(conf));
    assert_string_equal(server->token_url, "https://aes.example/web/oauth/token");
    assert_string_equal(server->issuer, "https://aes.example");
    caller = oauth_find_client(server, ECS_STR("mdm"));
    assert_non_null(caller);
    assert_null(oauth_find_client(server, ECS_STR("MDM")));
    assert_null(oauth_find_client(server, ECS_STR("")));
    assert_ptr_equal(oauth_find_requestor(server, ECS_STR("r-TWO")), caller); /* TS.43 1.7 */
    assert_null(oauth_find_requestor(server, ECS_STR("R")));
    assert_null(oauth_find_requestor(server, ECS_STR_NULL));
    assert_null(oauth_find_issuer(server, ECS_STR("mdm"))); /* has no such grant */
    assert_int_equal(caller->apps, 1U << ECS_APP_2011 | 1U << ECS_APP_2014);
    assert_int_equal(caller->methods, OAUTH_SECRET_JWT);
    ecs_oauth_server_free(server);
    ecs_crypto_free(crypto);
    ecs_conf_unref(conf);
}

static void test_addresses_are_blocks_of_both_kinds(void **state)
{
    static const struct {
        const char *peer;
        bool admitted;
    } rows[] = {
        {"192.0.2.0", true},
        {"192.0.2.127", true},
        {"192.0.2.128", false},
        {"192.0.3.1", false},
        {"198.51.100.7", true},
        {"198.51.100.8", false},
        {"2001:db8::1", true},
        {"2001:db8:7fff::", true},
        {"2001:db8:8000::", false},
        {"2001:db9::1", false},
        {"::ffff:192.0.2.1", true},
        {"unix", false},
        {"", false},
    };
    struct ecs_conf *conf = parse("oauth: {enabled: true}\n" CALLER);
    struct ecs_crypto *crypto = ecs_crypto_new();
    struct ecs_oauth_env env = {.conf = conf, .public_url = "", .web_path = "", .crypto = crypto};
    struct ecs_oauth_server *server = ecs_oauth_server_new(&env);

    (void)state;
    assert_non_null(server);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (oauth_admits_peer(&server->callers[0], rows[i].peer) != rows[i].admitted)
            fail_msg("%s", rows[i].peer);
    ecs_oauth_server_free(server);
    ecs_crypto_free(crypto);
    ecs_conf_unref(conf);
}

static void test_switched_off_nobody_is_known(void **state)
{
    struct ecs_conf *conf = parse(CALLER);
    struct ecs_oauth_env env = {.conf = conf, .public_url = "", .web_path = ""};
    struct ecs_oauth_server *server = ecs_oauth_server_new(&env);

    (void)state;
    assert_non_null(server);
    assert_false(ecs_oauth_server_is_enabled(server));
    assert_false(ecs_oauth_server_is_enabled(NULL));
    assert_false(ecs_oauth_has_endpoint(conf));
    ecs_oauth_server_free(server);
    ecs_conf_unref(conf);
}

static void test_addresses_of_others_are_https_or_of_this_host(void **state)
{
    static const struct {
        const char *url;
        bool good;
    } rows[] = {
        {"https://as.example/x?y=1", true},
        {"https://as.example", true},
        {"http://127.0.0.1:8080/x", true},
        {"http://localhost/x", true},
        {"http://[::1]:1/x", true},
        {"http://as.example/x", false},
        {"http://127.0.0.1@as.example/", false},
        {"http:///etc/passwd", false},
        {"http://", false},
        {"https://", false},
        {"https:///x", false},
        {"https://as.example/a b", false},
        {"https://as.example/#x", false},
        {"ftp://as.example/", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (oauth_url_is_good(rows[i].url) != rows[i].good)
            fail_msg("%s", rows[i].url);
}

static void test_digests_of_different_kinds_differ(void **state)
{
    struct ecs_crypto *crypto = ecs_crypto_new();
    uint8_t a[32], b[32];

    (void)state;
    assert_true(oauth_digest(crypto, "temptoken", ECS_STR("t"), a));
    assert_true(oauth_digest(crypto, "operatortoken", ECS_STR("t"), b));
    assert_memory_not_equal(a, b, 32);
    assert_true(oauth_digest(crypto, "temptoken", ECS_STR("t"), b));
    assert_memory_equal(a, b, 32);
    ecs_crypto_free(crypto);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_tables_of_settings_are_sound),
        cmocka_unit_test(test_callers_are_found_by_their_names),
        cmocka_unit_test(test_addresses_are_blocks_of_both_kinds),
        cmocka_unit_test(test_switched_off_nobody_is_known),
        cmocka_unit_test(test_addresses_of_others_are_https_or_of_this_host),
        cmocka_unit_test(test_digests_of_different_kinds_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
