/* SPDX-License-Identifier: Apache-2.0 */
/* What is made with the keys of the settings, scopes, operations that are served, access tokens of
 * applications. */
#include "userinfo/userinfo_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/crypto.h"

#define KEY    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECRET "wallet-shared-secret-0123456789abcdef"
#define NOW    1780000000

static struct ecs_arena *arena;
static struct ecs_crypto *crypto;
static struct ecs_auth_env auth;

static int begin(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    crypto = ecs_crypto_new();
    auth = (struct ecs_auth_env){.crypto = crypto};
    return arena && crypto ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    ecs_crypto_free(crypto);
    ecs_arena_free(arena);
    return 0;
}

static struct ecs_str all_operations[] = {
    ECS_STR("GetPhoneNumber"),          ECS_STR("VerifyPhoneNumber"),    ECS_STR("GetSubscriberInfo"),
    ECS_STR("AcquireTemporaryToken"),   ECS_STR("AcquireOperatorToken"), ECS_STR("ValidateOperatorToken"),
    ECS_STR("GetSubscriberDeviceInfo"), ECS_STR("Get3PAppInfo"),
};
static struct ecs_str scopes[] = {ECS_STR("VerifyPhoneNumber=phone"),
                                  ECS_STR("GetSubscriberDeviceInfo = phone"),
                                  ECS_STR("GetSubscriberDeviceInfo=device")};
static struct ecs_str issuers[] = {ECS_STR("wallet-backend")};

static struct ecs_userinfo_conf conf_of(void)
{
    return (struct ecs_userinfo_conf){.operations = {all_operations, ECS_ARRAY_LEN(all_operations)},
                                      .scopes = {scopes, ECS_ARRAY_LEN(scopes)},
                                      .sim_id_key = KEY,
                                      .country_code = "",
                                      .auth_url = "",
                                      .access_token_life_s = 3600};
}

static const struct ecs_userinfo_app_conf apps[] = {
    {.client_id = "wallet-3",
     .name = "W",
     .back_end = "",
     .issuers = {issuers, 1},
     .access_token_secret = SECRET},
    {.client_id = "bank-7731", .name = "B", .back_end = "bank-server"},
};

static void open_env(struct ecs_userinfo_env *env, const struct ecs_userinfo_conf *conf)
{
    char why[256] = "";

    *env = (struct ecs_userinfo_env){.conf = conf,
                                     .apps = apps,
                                     .app_n = ECS_ARRAY_LEN(apps),
                                     .auth = &auth,
                                     .public_url = "https://ecs.example.net"};
    if (!ecs_userinfo_env_init(env, ~0u, why, sizeof(why)))
        fail_msg("%s", why);
}

/* proves: N-018 */
static void test_sim_identities_are_made_of_imsi_and_key(void **state)
{
    struct ecs_userinfo_conf conf = conf_of();
    struct ecs_userinfo_env env;
    struct ecs_str imsi = ECS_STR("242990000000017"), hash, uuid;

    (void)state;
    open_env(&env, &conf);
    assert_true(ecs_str_eq(userinfo_sim_id(&env, arena, ECS_SIM_ID_IMSI, imsi), imsi));
    hash = userinfo_sim_id(&env, arena, ECS_SIM_ID_HASH, imsi);
    /* printf 242990000000017 | openssl dgst -sha256 -mac HMAC -macopt hexkey:KEY */
    assert_true(
        ecs_str_eq(hash, ECS_STR("55da775203d981abc3175b4d6387f4e58a211ef5dc6c17bf2f79271ceb002039")));
    uuid = userinfo_sim_id(&env, arena, ECS_SIM_ID_UUID, imsi);
    assert_int_equal(uuid.n, 36);
    assert_int_equal(uuid.p[14], '8');
    assert_non_null(memchr("89ab", uuid.p[19], 4));
    assert_true(ecs_str_eq(uuid, userinfo_sim_id(&env, arena, ECS_SIM_ID_UUID, imsi)));
    assert_false(ecs_str_eq(uuid, userinfo_sim_id(&env, arena, ECS_SIM_ID_UUID, ECS_STR("242990000000018"))));
    ecs_userinfo_env_done(&env);
    ecs_userinfo_env_done(&env); /* twice is harmless */
}

/* proves: N-002 */
static void test_numbers_go_out_in_the_form_of_the_settings(void **state)
{
    struct ecs_userinfo_conf conf = conf_of();
    struct ecs_userinfo_env env;

    (void)state;
    open_env(&env, &conf);
    assert_true(ecs_str_eq(userinfo_number(&env, arena, ECS_STR("4790000001")), ECS_STR("+4790000001")));
    ecs_userinfo_env_done(&env);
    conf.form = ECS_NUMBER_ENCODED;
    open_env(&env, &conf);
    assert_true(ecs_str_eq(userinfo_number(&env, arena, ECS_STR("4790000001")),
                           ECS_STR("encodedValue=KzQ3OTAwMDAwMDE=")));
    ecs_userinfo_env_done(&env);
}

/* proves: T-011 */
static void test_scopes_open_their_operations(void **state)
{
    struct ecs_userinfo_conf conf = conf_of();
    static const struct {
        const char *scopes;
        enum ecs_operation operation;
        bool opens;
    } rows[] = {
        {"openid phone", ECS_OP_VERIFY_PHONE_NUMBER, true},
        {"openid", ECS_OP_VERIFY_PHONE_NUMBER, false},
        {"PHONE", ECS_OP_VERIFY_PHONE_NUMBER, true},
        {"phones", ECS_OP_VERIFY_PHONE_NUMBER, false},
        {"device", ECS_OP_VERIFY_PHONE_NUMBER, false},
        {"device", ECS_OP_GET_SUBSCRIBER_DEVICE_INFO, true},
        {"phone", ECS_OP_GET_SUBSCRIBER_DEVICE_INFO, true},
        {"", ECS_OP_GET_SUBSCRIBER_DEVICE_INFO, false},
        {"", ECS_OP_VALIDATE_OPERATOR_TOKEN, true},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (userinfo_scope_opens(&conf, ecs_str_of(rows[i].scopes), rows[i].operation) != rows[i].opens)
            fail_msg("row %zu", i);
}

/* proves: N-004 */
static void test_operations_are_those_of_offered_applications_and_settings(void **state)
{
    struct ecs_userinfo_conf conf = conf_of();
    unsigned ap2014 = 1u << ECS_APP_2014, ap2015 = 1u << ECS_APP_2015, served;

    (void)state;
    assert_int_equal(ecs_userinfo_operations(&conf, 0), 0);
    assert_int_equal(ecs_userinfo_operations(&conf, 1u << ECS_APP_2009), 0);
    served = ecs_userinfo_operations(&conf, ap2014);
    assert_int_equal(served, 1u << ECS_OP_GET_PHONE_NUMBER | 1u << ECS_OP_VERIFY_PHONE_NUMBER |
                                 1u << ECS_OP_GET_SUBSCRIBER_INFO | 1u << ECS_OP_ACQUIRE_TEMPORARY_TOKEN);
    assert_true(ecs_userinfo_operations(&conf, ap2014 | ap2015) & 1u << ECS_OP_GET_3P_APP_INFO);
    conf.operations.n = 1;
    assert_int_equal(ecs_userinfo_operations(&conf, ap2014 | ap2015), 1u << ECS_OP_GET_PHONE_NUMBER);
}

static void test_applications_are_found_by_name_and_by_back_end(void **state)
{
    struct ecs_userinfo_conf conf = conf_of();
    struct ecs_userinfo_env env;

    (void)state;
    open_env(&env, &conf);
    assert_ptr_equal(ecs_userinfo_app(&env, ECS_STR("BANK-7731")), &apps[1]);
    assert_null(ecs_userinfo_app(&env, ECS_STR("bank")));
    assert_null(ecs_userinfo_app(&env, ECS_STR_NULL));
    assert_ptr_equal(ecs_userinfo_app_of(&env, ECS_STR("bank-server")), &apps[1]);
    assert_ptr_equal(ecs_userinfo_app_of(&env, ECS_STR("wallet-3")), &apps[0]);
    assert_null(ecs_userinfo_app_of(&env, ECS_STR("bank-7731")));
    ecs_userinfo_env_done(&env);
}

static struct ecs_str signed_text(const char *claims)
{
    struct ecs_jws_signer *signer = ecs_jws_signer_secret(ECS_STR(SECRET), NULL);
    struct ecs_str text = ecs_jws_sign(signer, ecs_str_of(claims), arena);

    ecs_jws_signer_free(signer);
    assert_true(text.n > 0);
    return text;
}

/* proves: T-003 */
static void test_access_tokens_prove_their_application_only(void **state)
{
    static const struct {
        const char *claims, *client;
        bool good;
    } rows[] = {
        {"{\"iss\":\"wallet-3\",\"aud\":\"https://ecs.example.net\",\"exp\":1780000300}", "wallet-3", true},
        {"{\"iss\":\"wallet-3\",\"aud\":\"https://ecs.example.net/\",\"exp\":1780000300}", "WALLET-3", true},
        {"{\"iss\":\"wallet-backend\",\"aud\":\"https://ecs.example.net\",\"exp\":1780000300}", "", true},
        {"{\"iss\":\"wallet-3\",\"aud\":\"https://ecs.example.net\",\"exp\":1780000300}", "bank-7731", false},
        {"{\"iss\":\"bank-7731\",\"aud\":\"https://ecs.example.net\",\"exp\":1780000300}", "",
         false}, /* has no key */
        {"{\"iss\":\"bank-7731\",\"aud\":\"https://ecs.example.net\",\"exp\":1780000300}", "wallet-3", false},
        {"{\"aud\":\"https://ecs.example.net\",\"exp\":1780000300}", "wallet-3", false},
        {"{\"iss\":\"wallet-3\",\"aud\":\"https://ecs.example.net\",\"exp\":1779999900}", "wallet-3", false},
        {"{\"iss\":\"wallet-3\",\"aud\":\"https://ecs.example.net\",\"exp\":1780009999}", "wallet-3", false},
        {"{\"iss\":\"wallet-3\",\"aud\":\"https://ecs.example.net\"}", "wallet-3", false},
        {"{\"iss\":\"wallet-3\",\"aud\":\"https://other.example.net\",\"exp\":1780000300}", "wallet-3",
         false},
        {"{\"iss\":\"wallet-3\",\"exp\":1780000300}", "wallet-3", false},
    };
    struct ecs_userinfo_conf conf = conf_of();
    struct ecs_userinfo_env env;

    (void)state;
    open_env(&env, &conf);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        const struct ecs_userinfo_app_conf *app = NULL;
        struct userinfo_access read;
        const char *why = NULL;
        enum ecs_rc rc = userinfo_access_judge(&env, signed_text(rows[i].claims), ecs_str_of(rows[i].client),
                                               NOW, arena, &app, &read, &why);

        if ((rc == ECS_OK) != rows[i].good)
            fail_msg("row %zu: %s", i, why);
        assert_true(rows[i].good ? app == &apps[0] : app == NULL && rc == ECS_E_FORBIDDEN && why[0]);
    }
    ecs_userinfo_env_done(&env);
}

static void test_settings_that_do_not_go_together_keep_the_engine_from_being(void **state)
{
    struct ecs_userinfo_conf conf = conf_of();
    struct ecs_userinfo_env env = {.conf = &conf, .apps = apps, .app_n = 2, .auth = &auth, .public_url = ""};
    char why[256] = "";

    (void)state;
    assert_false(ecs_userinfo_env_init(&env, 1u << ECS_APP_2015, why, sizeof(why)));
    assert_non_null(strstr(why, "auth_url"));
    assert_null(env.own);
    assert_true(
        ecs_userinfo_env_init(&env, 1u << ECS_APP_2014, why, sizeof(why))); /* nobody needs the address */
    ecs_userinfo_env_done(&env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sim_identities_are_made_of_imsi_and_key),
        cmocka_unit_test(test_numbers_go_out_in_the_form_of_the_settings),
        cmocka_unit_test(test_scopes_open_their_operations),
        cmocka_unit_test(test_operations_are_those_of_offered_applications_and_settings),
        cmocka_unit_test(test_applications_are_found_by_name_and_by_back_end),
        cmocka_unit_test(test_access_tokens_prove_their_application_only),
        cmocka_unit_test(test_settings_that_do_not_go_together_keep_the_engine_from_being),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
