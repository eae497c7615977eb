/* SPDX-License-Identifier: Apache-2.0 */
/* Logins of people, the parts without I/O: secrets and their digests, codes, the token endpoint's answers,
 * which provider serves a request, what the configuration must not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "auth/login_priv.h"
#include "ecs/conf.h"

struct fixture {
    struct ecs_arena *arena;
    struct ecs_crypto *crypto;
    struct ecs_otp_conf otp;
    struct ecs_oidc_conf oidc[3];
    struct login_provider provider[3];
    struct ecs_logins logins;
    struct ecs_auth_env env;
    struct ecs_ts43_request request;
    struct ecs_auth auth;
};

static int set_up(void **state)
{
    static struct fixture x;

    x = (struct fixture){.arena = ecs_arena_new(NULL, 0), .crypto = ecs_crypto_new()};
    x.otp = (struct ecs_otp_conf){.digits = 6, .login = true};
    x.logins = (struct ecs_logins){.otp = &x.otp, .provider = x.provider, .provider_n = 3};
    for (size_t i = 0; i < 3; i++)
        x.provider[i].conf = &x.oidc[i];
    x.env = (struct ecs_auth_env){.crypto = x.crypto, .logins = &x.logins};
    x.auth = (struct ecs_auth){.env = &x.env, .request = &x.request};
    *state = &x;
    return x.arena && x.crypto ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;

    ecs_crypto_free(x->crypto);
    ecs_arena_free(x->arena);
    return 0;
}

/* ---- secrets ---- */

static void test_secrets_are_long_and_never_the_same(void **state)
{
    struct fixture *x = *state;
    char a[ECS_LOGIN_SECRET_LEN + 1], b[ECS_LOGIN_SECRET_LEN + 1];

    assert_true(ecs_login_secret(x->crypto, a) && ecs_login_secret(x->crypto, b));
    assert_int_equal(strlen(a), 32); /* 160 bits */
    assert_string_not_equal(a, b);
}

static void test_digests_of_one_text_for_two_purposes_differ(void **state)
{
    struct fixture *x = *state;
    uint8_t digest[4][ECS_LOGIN_DIGEST], code[2][ECS_LOGIN_DIGEST];

    for (unsigned what = ECS_LOGIN_OF_STATE; what <= ECS_LOGIN_OF_NUMBER; what++)
        assert_true(ecs_login_digest(x->crypto, (enum ecs_login_digest)what, ECS_STR("same"), digest[what]));
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 0; j < i; j++)
            assert_memory_not_equal(digest[i], digest[j], ECS_LOGIN_DIGEST);
    assert_true(ecs_otp_digest(x->crypto, ECS_STR("cookie-a"), ECS_STR("123456"), code[0]));
    assert_true(ecs_otp_digest(x->crypto, ECS_STR("cookie-b"), ECS_STR("123456"), code[1]));
    assert_memory_not_equal(code[0], code[1], ECS_LOGIN_DIGEST);
    assert_false(ecs_otp_digest(x->crypto, ECS_STR(""), ECS_STR("123456"), code[0]));
}

static void test_codes_have_the_digits_asked_for_and_use_all_of_them(void **state)
{
    struct fixture *x = *state;
    char code[ECS_OTP_DIGITS_MAX + 1];
    unsigned seen = 0;

    for (x->otp.digits = ECS_OTP_DIGITS_MIN; x->otp.digits <= ECS_OTP_DIGITS_MAX; x->otp.digits++)
        for (int i = 0; i < 50; i++) {
            assert_true(ecs_otp_code(&x->logins, x->crypto, code));
            assert_int_equal(strlen(code), x->otp.digits);
            assert_true(ecs_str_is_digits(ecs_str_of(code)));
            for (const char *c = code; *c; c++)
                seen |= 1u << (*c - '0');
        }
    assert_int_equal(seen, 0x3ff);
}

static void test_an_address_gets_its_parameters_escaped(void **state)
{
    struct fixture *x = *state;

    assert_string_equal(
        ecs_login_url(x->arena, "https://a.example/", "t", ECS_STR("a&b=c d"), NULL, ECS_STR_NULL).p,
        "https://a.example/?t=a%26b%3Dc%20d");
    assert_string_equal(
        ecs_login_url(x->arena, "https://a.example/x?y=1", "s", ECS_STR("1"), "code", ECS_STR("\"")).p,
        "https://a.example/x?y=1&s=1&code=%22");
}

/* ---- the token endpoint ---- */

static enum oidc_token_verdict read_answer(struct fixture *x, int status, const char *body)
{
    struct ecs_str access = ECS_STR_NULL, id = ECS_STR_NULL;
    const char *why = NULL;
    enum oidc_token_verdict verdict = oidc_token_read(x->arena, status, ecs_str_of(body), &access, &id, &why);

    if (verdict == OIDC_TOKEN_OK) {
        assert_true(ecs_str_eq(access, ECS_STR("A")));
        assert_true(ecs_str_eq(id, ECS_STR("I")));
    } else {
        assert_non_null(why);
        assert_null(access.p);
        assert_null(id.p);
    }
    return verdict;
}

static void test_good_answers_of_the_token_endpoint(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(
        read_answer(x, 200, "{\"access_token\":\"A\",\"token_type\":\"Bearer\",\"id_token\":\"I\"}"),
        OIDC_TOKEN_OK);
    assert_int_equal(read_answer(x, 200,
                                 " {\"expires_in\":5,\"id_token\":\"I\",\"token_type\":\"bearer\","
                                 "\"access_token\":\"A\",\"x\":{\"id_token\":\"J\"}}"),
                     OIDC_TOKEN_OK);
}

static void test_answers_that_are_none_are_asked_for_again_later(void **state)
{
    static const char *const bodies[] = {
        "",
        "x",
        "[]",
        "\"A\"",
        "{",
        "{}",
        "{\"access_token\":\"A\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"A\",\"id_token\":\"I\"}",
        "{\"access_token\":\"A\",\"token_type\":\"mac\",\"id_token\":\"I\"}",
        "{\"access_token\":\"\",\"token_type\":\"Bearer\",\"id_token\":\"I\"}",
        "{\"access_token\":1,\"token_type\":\"Bearer\",\"id_token\":\"I\"}",
        "{\"access_token\":\"A\",\"token_type\":\"Bearer\",\"id_token\":{\"a\":\"I\"}}",
        "{\"access_token\":\"A\",\"token_type\":\"Bearer\",\"id_token\":\"I\",\"id_token\":\"K\"}",
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < ECS_ARRAY_LEN(bodies); i++)
        assert_int_equal(read_answer(x, 200, bodies[i]), OIDC_TOKEN_LATER);
    assert_int_equal(read_answer(x, 503, "busy"), OIDC_TOKEN_LATER);
    assert_int_equal(read_answer(x, 429, "{\"error\":\"slow_down\"}"), OIDC_TOKEN_LATER);
    assert_int_equal(read_answer(x, 400, "{\"error\":\"temporarily_unavailable\"}"), OIDC_TOKEN_LATER);
}

static void test_refusals_are_of_the_code_or_of_us(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(read_answer(x, 400, "{\"error\":\"invalid_grant\"}"), OIDC_TOKEN_REFUSED);
    assert_int_equal(read_answer(x, 401, "{\"error\":\"invalid_client\"}"), OIDC_TOKEN_CONFIG);
    assert_int_equal(read_answer(x, 400, "{\"error\":\"invalid_grant\",\"error\":\"x\"}"), OIDC_TOKEN_CONFIG);
    assert_int_equal(read_answer(x, 404, "<html>"), OIDC_TOKEN_CONFIG);
    assert_int_equal(read_answer(x, 302, ""), OIDC_TOKEN_CONFIG);
}

/* OpenID Connect Core 1.0, annex A.3 has this pair. */
static void test_at_hash_ties_the_access_token_to_the_id_token(void **state)
{
    struct fixture *x = *state;
    struct ecs_str token = ECS_STR("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");

    assert_true(oidc_access_token_fits(x->crypto, token, ECS_STR("77QmUPtjPfzWtF2AnpK9RQ")));
    assert_false(oidc_access_token_fits(x->crypto, token, ECS_STR("77QmUPtjPfzWtF2AnpK9RA")));
    assert_false(oidc_access_token_fits(x->crypto, token, ECS_STR("77QmUPtjPfzW")));
    assert_false(oidc_access_token_fits(x->crypto, token, ECS_STR("")));
    assert_false(oidc_access_token_fits(x->crypto, ECS_STR("another"), ECS_STR("77QmUPtjPfzWtF2AnpK9RQ")));
}

/* ---- which provider ---- */

static void ask_for(struct fixture *x, enum ecs_app app)
{
    x->request = (struct ecs_ts43_request){.n_apps = 1, .has_terminal = true};
    x->request.apps[0] = app;
}

static void test_the_first_provider_whose_lists_all_fit_is_taken(void **state)
{
    static struct ecs_str host = {"aes.brand.example", 17}, app = {"ap2009", 6}, gid = {"0AFF", 4};
    struct fixture *x = *state;

    x->oidc[0].hosts = (struct ecs_str_list){&host, 1};
    x->oidc[0].gid1 = (struct ecs_str_list){&gid, 1};
    x->oidc[1].apps = (struct ecs_str_list){&app, 1};
    ask_for(x, ECS_APP_2004);
    assert_ptr_equal(login_provider_for(&x->auth), &x->provider[2]);
    x->request.apps[0] = ECS_APP_2009;
    assert_ptr_equal(login_provider_for(&x->auth), &x->provider[1]);
    x->request.n_apps = 2;
    x->request.apps[1] = ECS_APP_2004; /* both must be served */
    assert_ptr_equal(login_provider_for(&x->auth), &x->provider[2]);
    x->auth.host = ECS_STR("AES.brand.example");
    assert_ptr_equal(login_provider_for(&x->auth), &x->provider[2]);
    x->request.param[ECS_P_GID1] = ECS_STR("0aff");
    assert_ptr_equal(login_provider_for(&x->auth), &x->provider[0]);
    x->logins.provider_n = 1;
    x->auth.host = ECS_STR_NULL;
    assert_null(login_provider_for(&x->auth));
}

/* proves: X-047 */
static void test_a_request_with_any_credential_is_not_for_a_provider(void **state)
{
    static const enum ecs_param credentials[] = {ECS_P_TOKEN,           ECS_P_EAP_ID,
                                                 ECS_P_TEMPORARY_TOKEN, ECS_P_OPERATOR_TOKEN,
                                                 ECS_P_ACCESS_TOKEN,    ECS_P_APP_TOKEN};
    struct fixture *x = *state;

    ask_for(x, ECS_APP_2004);
    assert_non_null(login_provider_for(&x->auth));
    for (size_t i = 0; i < ECS_ARRAY_LEN(credentials); i++) {
        ask_for(x, ECS_APP_2004);
        x->request.param[credentials[i]] = ECS_STR("x");
        assert_null(login_provider_for(&x->auth));
    }
    ask_for(x, ECS_APP_2004);
    x->request.bearer = ECS_STR("x");
    assert_null(login_provider_for(&x->auth));
    ask_for(x, ECS_APP_2004);
    x->request.has_terminal = false; /* a server */
    assert_null(login_provider_for(&x->auth));
    ask_for(x, ECS_APP_2004);
    x->request.kind = ECS_TS43_RETURN;
    assert_null(login_provider_for(&x->auth));
    x->request.kind = ECS_TS43_NEW;
    x->env.logins = NULL;
    assert_null(login_provider_for(&x->auth));
}

static void test_whether_there_is_another_way_than_the_card(void **state)
{
    struct fixture *x = *state;

    ask_for(x, ECS_APP_2004);
    x->request.param[ECS_P_EAP_ID] = ECS_STR("0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org");
    x->request.param[ECS_P_TOKEN] = ECS_STR("t");
    assert_true(ecs_auth_has_alternative(&x->auth));
    assert_int_equal(x->request.param[ECS_P_TOKEN].n, 1); /* the request itself is left alone */
    x->logins.provider_n = 0;
    assert_false(ecs_auth_has_alternative(&x->auth));
    x->request.param[ECS_P_MSISDN] = ECS_STR("4915100000001");
    assert_true(ecs_auth_has_alternative(&x->auth));
    x->otp.login = false;
    assert_false(ecs_auth_has_alternative(&x->auth));
}

/* ---- the configuration ---- */

static const struct ecs_section sections[] = {
    {"oidc", ecs_oidc_settings, sizeof(struct ecs_oidc_conf), .is_list = true, .check = ecs_oidc_check,
     .help = "Identity providers."},
    {"otp", ecs_otp_settings, sizeof(struct ecs_otp_conf), .help = "One-time codes."},
    {0},
};
#define ENTRY(extra)                                                                                         \
    "oidc:\n"                                                                                                \
    "  - name: a\n"                                                                                          \
    "    authorize_url: https://i.example/authorize\n"                                                       \
    "    jwks_url: https://i.example/keys\n"                                                                 \
    "    client_id: c\n"                                                                                     \
    "    client_secret: s\n" extra

static unsigned faults_of(struct fixture *x, const char *text)
{
    struct ecs_faults faults;
    struct ecs_conf *conf;

    ecs_faults_init(&faults, x->arena);
    conf = ecs_conf_parse("x.yaml", ecs_str_of(text), sections, &faults);
    assert_int_equal(conf == NULL, faults.count > 0);
    ecs_conf_unref(conf);
    return faults.count;
}

static void test_the_tables_of_the_settings_are_sound(void **state)
{
    struct fixture *x = *state;
    struct ecs_faults faults;

    ecs_faults_init(&faults, x->arena);
    assert_true(ecs_conf_check_tables(sections, &faults));
}

static void test_plain_http_is_for_this_machine_only(void **state)
{
    static const struct {
        const char *token_url;
        unsigned faults;
    } cases[] = {
        {"https://i.example/token", 0},
        {"http://127.0.0.1:8080/token", 0},
        {"http://127.9.9.9/token", 0},
        {"http://localhost:1/token", 0},
        {"\"http://[::1]:8080/token\"", 0},
        {"http://i.example/token", 1},
        {"http://localhost.example/token", 1},
        {"http://127.0.0.1.example/token", 1},
        {"http://127.0.0.1:80@i.example/token", 1},
        {"http://10.0.0.1/token", 1},
        {"https:///token", 1},
        {"\"https://i.example/a b\"", 1},
        {"\"https://i.example/#x\"", 1},
        {"javascript:alert(1)", 1},
    };
    struct fixture *x = *state;
    char text[600];

    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        snprintf(text, sizeof(text), ENTRY("    issuer: https://i.example\n    token_url: %s\n"),
                 cases[i].token_url);
        if (faults_of(x, text) != cases[i].faults)
            fail_msg("%s", cases[i].token_url);
    }
}

static void test_sections_are_checked_against_each_other(void **state)
{
    struct fixture *x = *state;
    struct ecs_login_check check = {.path = "x.yaml", .oidc = x->oidc, .oidc_n = 2, .otp = &x->otp};
    struct ecs_faults faults;

    for (size_t i = 0; i < 2; i++) {
        x->oidc[i] = (struct ecs_oidc_conf){.name = "same", .issuer = "https://i", .second_factor_url = ""};
        x->oidc[i].authorize_url = x->oidc[i].token_url = x->oidc[i].jwks_url = x->oidc[i].error_url = "";
    }
    ecs_faults_init(&faults, x->arena);
    assert_false(ecs_login_check(&check, &faults));
    assert_int_equal(faults.count, 3); /* public address, text messages, names */
    x->oidc[1].name = "other";
    x->oidc[1].token_url = "http://127.0.0.1/";
    check.has_sms = check.has_public_url = true;
    ecs_faults_init(&faults, x->arena);
    assert_true(ecs_login_check(&check, &faults));
    check.production = true;
    assert_false(ecs_login_check(&check, &faults));
    assert_int_equal(faults.count, 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_secrets_are_long_and_never_the_same),
        CASE(test_digests_of_one_text_for_two_purposes_differ),
        CASE(test_codes_have_the_digits_asked_for_and_use_all_of_them),
        CASE(test_an_address_gets_its_parameters_escaped),
        CASE(test_good_answers_of_the_token_endpoint),
        CASE(test_answers_that_are_none_are_asked_for_again_later),
        CASE(test_refusals_are_of_the_code_or_of_us),
        CASE(test_at_hash_ties_the_access_token_to_the_id_token),
        CASE(test_the_first_provider_whose_lists_all_fit_is_taken),
        CASE(test_a_request_with_any_credential_is_not_for_a_provider),
        CASE(test_whether_there_is_another_way_than_the_card),
        CASE(test_the_tables_of_the_settings_are_sound),
        CASE(test_plain_http_is_for_this_machine_only),
        CASE(test_sections_are_checked_against_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
