/* SPDX-License-Identifier: Apache-2.0 */
/* Emergency addresses: fields and rules by country, and what is said to and heard from a validator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/address.h"
#include "ecs/conf.h"

enum { NOW = 1772600000 }; /* 2026-03-04 */

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

/* name, street, number, unit, city, region, postcode, country; "" none */
static struct ecs_address make(const char *const field[ECS_ADDRESS_FIELDS])
{
    struct ecs_address a = {0};

    for (size_t i = 0; i < ECS_ADDRESS_FIELDS; i++)
        a.field[i] = field[i][0] ? ecs_str_of(field[i]) : ECS_STR_NULL;
    return a;
}

static void judge(const char *const field[ECS_ADDRESS_FIELDS], unsigned *ret_missing, unsigned *ret_wrong)
{
    struct ecs_address a = make(field);

    assert_true(ecs_address_tidy(arena, &a));
    ecs_address_judge(&a, ret_missing, ret_wrong);
}

#define BIT(name) (1u << ECS_ADDRESS_##name)

static void test_a_usual_address_of_each_country_is_good(void **state)
{
    static const char *const good[][ECS_ADDRESS_FIELDS] = {
        {"Ann Lee", "Main Street", "1600", "Apt 4", "Springfield", "il", "62701", "US"},
        {"Ann Lee", "Main Street", "1600", "", "Springfield", "IL", "62701-1234", "us"},
        {"Ann Lee", "Rue Wellington", "111", "", "Ottawa", "ON", "k1a0b1", "CA"},
        {"Ann Lee", "Downing Street", "10", "Flat 2", "London", "", "sw1a2aa", "GB"},
        {"Ann Lee", "High Street", "1", "", "Leeds", "", "LS1 4AP", "GB"},
        {"Jörg Groß", "Platz der Republik", "1", "", "Berlin", "", "11011", "DE"},
        {"Zoé Noël", "rue de Rivoli", "", "", "Paris", "", "75001", "FR"},
        {"Urs Meier", "Bundesplatz", "3", "", "Bern", "", "3003", "CH"},
        {"Eva Gruber", "Ballhausplatz", "2", "", "Wien", "", "1010", "AT"},
        {"Ann Lee", "George Street", "1", "", "Sydney", "nsw", "2000", "AU"},
        {"Asha Rao", "MG Road", "", "2nd floor", "Bengaluru", "Karnataka", "560 001", "IN"},
        {"João Sá", "Rua Augusta", "500", "", "São Paulo", "sp", "01304000", "BR"},
        {"山田 太郎", "1-1 Chiyoda", "", "", "Tokyo", "", "100-8111", "JP"},
    };
    unsigned missing, wrong;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(good); i++) {
        judge(good[i], &missing, &wrong);
        if (missing || wrong)
            fail_msg("%s in %s: missing %x, wrong %x", good[i][ECS_ADDRESS_STREET],
                     good[i][ECS_ADDRESS_COUNTRY], missing, wrong);
    }
}

static void test_each_fault_is_found_at_its_field(void **state)
{
    static const struct {
        const char *field[ECS_ADDRESS_FIELDS];
        unsigned missing, wrong;
    } rows[] = {
        {{"", "", "", "", "", "", "", "DE"},
         BIT(NAME) | BIT(STREET) | BIT(NUMBER) | BIT(CITY) | BIT(POSTCODE),
         0},
        {{"", "", "", "", "", "", "", ""}, BIT(NAME) | BIT(STREET) | BIT(CITY) | BIT(COUNTRY), 0},
        {{"A B", "S", "1", "", "C", "", "1011", "DE"}, 0, BIT(POSTCODE)},
        {{"A B", "S", "1", "", "C", "", "1011A", "DE"}, 0, BIT(POSTCODE)},
        {{"A B", "S", "1", "", "C", "", "12345678901234567890", "DE"}, 0, BIT(POSTCODE)},
        {{"A B", "Postfach 12 34", "1", "", "C", "", "10115", "DE"}, 0, BIT(STREET)},
        {{"A B", "P.O. Box 77", "1", "", "C", "NY", "10001", "US"}, 0, BIT(STREET)},
        {{"A B", "PO-Box", "1", "", "C", "ny", "10001", "US"}, 0, BIT(STREET)},
        {{"A B", "Poboxer Street", "1", "", "C", "NY", "10001", "US"}, 0, 0},
        {{"A B", "S", "1", "", "C", "XX", "10001", "US"}, 0, BIT(REGION)},
        {{"A B", "S", "1", "", "C", "ONT", "K1A 0B1", "CA"}, 0, BIT(REGION)},
        {{"A B", "S", "1", "", "C", "", "SW1A 1A", "GB"}, 0, BIT(POSTCODE)},
        {{"12345", "S", "1", "", "77", "", "10115", "DE"}, 0, BIT(NAME) | BIT(CITY)},
        {{"A\x01", "S", "1", "", "C\xc3", "", "10115", "DE"}, 0, BIT(NAME) | BIT(CITY)},
        {{"A B", "S", "1234567890123", "", "C", "", "10115", "DE"}, 0, BIT(NUMBER)},
        {{"A B", "S", "1", "", "C", "Hessen", "10115", "DE"}, 0, BIT(REGION)}, /* has no such field */
        {{"A B", "S", "1", "", "C", "", "", "D3"}, 0, BIT(COUNTRY)},
        {{"A B", "S", "1", "", "C", "", "", "DEU"}, 0, BIT(COUNTRY)},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        unsigned missing, wrong;

        judge(rows[i].field, &missing, &wrong);
        if (missing != rows[i].missing || wrong != rows[i].wrong)
            fail_msg("row %zu: missing %x, wrong %x", i, missing, wrong);
    }
}

static void test_spelling_is_made_tidy(void **state)
{
    struct ecs_address a =
        make((const char *const[]){"  Ann \t Lee ", "S", "1", "", "C", "on", "k1a0b1", "ca"});

    (void)state;
    assert_true(ecs_address_tidy(arena, &a));
    assert_true(ecs_str_eq(a.field[ECS_ADDRESS_NAME], ECS_STR("Ann Lee")));
    assert_true(ecs_str_eq(a.field[ECS_ADDRESS_REGION], ECS_STR("ON")));
    assert_true(ecs_str_eq(a.field[ECS_ADDRESS_POSTCODE], ECS_STR("K1A 0B1")));
    assert_true(ecs_str_eq(a.field[ECS_ADDRESS_COUNTRY], ECS_STR("CA")));
    a = make((const char *const[]){"A", "S", "1", "", "C", "", "SW1A-1AA", "GB"});
    assert_true(ecs_address_tidy(arena, &a));
    assert_true(ecs_str_eq(a.field[ECS_ADDRESS_POSTCODE], ECS_STR("SW1A 1AA")));
    a = make((const char *const[]){"A", "S", "1", "", "C", "", "123456789", "US"});
    assert_true(ecs_address_tidy(arena, &a));
    assert_true(ecs_str_eq(a.field[ECS_ADDRESS_POSTCODE], ECS_STR("12345-6789")));
    a = make((const char *const[]){"A", "S", "1", "", "C", "", "1?2", "US"});
    assert_true(ecs_address_tidy(arena, &a));
    assert_true(ecs_str_eq(a.field[ECS_ADDRESS_POSTCODE], ECS_STR("1?2")));
}

static void test_every_country_has_a_complete_form(void **state)
{
    struct ecs_address_rule rules[ECS_ADDRESS_FIELDS];
    enum ecs_address_field order[ECS_ADDRESS_FIELDS];
    size_t n, countries = 0;

    (void)state;
    for (const char *const *code = ecs_address_countries; *code; code++, countries++) {
        unsigned shown = 0, seen = 0;

        ecs_address_rules(ecs_str_of(*code), rules, order, &n);
        for (size_t i = 0; i < ECS_ADDRESS_FIELDS; i++) {
            shown |= rules[i].shown ? 1u << i : 0;
            assert_true(rules[i].shown || !rules[i].required);
            assert_non_null(rules[i].name);
            assert_in_range(rules[i].max, 2, ECS_ADDRESS_FIELD_MAX);
        }
        for (size_t i = 0; i < n; i++) {
            assert_false(seen & 1u << order[i]);
            seen |= 1u << order[i];
        }
        assert_int_equal(seen, shown);
        assert_true(rules[ECS_ADDRESS_POSTCODE].required);
        assert_non_null(rules[ECS_ADDRESS_POSTCODE].hint);
    }
    assert_int_equal(countries, 10);
    ecs_address_rules(ECS_STR("de"), rules, order, &n);
    assert_int_equal(order[1], ECS_ADDRESS_STREET);
    ecs_address_rules(ECS_STR("US"), rules, order, &n);
    assert_int_equal(order[1], ECS_ADDRESS_NUMBER);
    ecs_address_rules(ECS_STR("JP"), rules, order, &n);
    assert_false(rules[ECS_ADDRESS_POSTCODE].required);
    assert_null(rules[ECS_ADDRESS_POSTCODE].hint);
}

static void test_the_question_holds_what_was_given(void **state)
{
    struct ecs_address a = make((const char *const[]){"A \"B\"", "S", "1", "", "C", "", "10115", "DE"});
    struct ecs_buf out = {0};

    (void)state;
    ecs_address_write(&a, ECS_STR("4915120000000"), ECS_STR("r1"), &out);
    ecs_buf_add_char(&out, '\0');
    assert_string_equal(
        out.p, "{\"reference\":\"r1\",\"service\":\"vowifi\",\"msisdn\":\"4915120000000\",\"address\":{"
               "\"name\":\"A \\\"B\\\"\",\"street\":\"S\",\"number\":\"1\",\"city\":\"C\","
               "\"postcode\":\"10115\",\"country\":\"DE\"}}");
    ecs_buf_reset(&out);
    ecs_address_write(&a, ECS_STR_NULL, ECS_STR("r1"), &out);
    ecs_buf_add_char(&out, '\0');
    assert_null(strstr(out.p, "msisdn"));
    ecs_buf_done(&out);
}

static struct ecs_address_result heard(const char *body)
{
    struct ecs_address asked = make((const char *const[]){"A B", "S", "1", "", "C", "", "10115", "DE"});
    struct ecs_address_result r;

    ecs_address_read(arena, ecs_str_of(body), &asked, NOW, &r);
    return r;
}

static void test_answers_of_the_validator_are_read(void **state)
{
    struct ecs_address_result r = heard("{\"result\":\"good\"}");

    (void)state;
    assert_int_equal(r.verdict, ECS_ADDRESS_GOOD);
    assert_null(r.identifier.p);
    assert_int_equal(r.expires_s, 0);
    r = heard("{\"result\":\"good\",\"identifier\":\"loc-77f0\",\"expires\":\"2027-01-31T00:00:00Z\"}");
    assert_true(ecs_str_eq(r.identifier, ECS_STR("loc-77f0")));
    assert_int_equal(r.expires_s, 1801353600);
    r = heard("{\"result\":\"pending\",\"identifier\":\"x\"}");
    assert_int_equal(r.verdict, ECS_ADDRESS_PENDING);
    r = heard("{\"result\":\"bad\",\"fields\":[\"postcode\",\"city\"]}");
    assert_int_equal(r.verdict, ECS_ADDRESS_BAD);
    assert_int_equal(r.bad, BIT(POSTCODE) | BIT(CITY));
    r = heard("{\"result\":\"bad\"}");
    assert_int_equal(r.verdict, ECS_ADDRESS_BAD);
    assert_int_equal(r.bad, 0);
    r = heard("{\"result\":\"suggestion\",\"address\":{\"street\":\"Sesam\",\"number\":\"1\",\"city\":\"C\","
              "\"postcode\":\"10115\"}}");
    assert_int_equal(r.verdict, ECS_ADDRESS_SUGGESTION);
    assert_true(ecs_str_eq(r.suggestion.field[ECS_ADDRESS_STREET], ECS_STR("Sesam")));
    assert_true(ecs_str_eq(r.suggestion.field[ECS_ADDRESS_NAME], ECS_STR("A B")));
    assert_true(ecs_str_eq(r.suggestion.field[ECS_ADDRESS_COUNTRY], ECS_STR("DE")));
}

static void test_answers_against_the_contract_count_as_none(void **state)
{
    static const char *const bodies[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"result\":\"fine\"}",
        "{\"result\":1}",
        "{\"result\":\"good\",\"more\":1}",
        "{\"result\":\"good\",\"identifier\":\"a<b\"}",
        "{\"result\":\"good\",\"identifier\":\"a b\"}",
        "{\"result\":\"good\",\"identifier\":\"\xc3\xa4\"}",
        "{\"result\":\"good\",\"identifier\":\"\"}",
        "{\"result\":\"good\",\"expires\":\"tomorrow\"}",
        "{\"result\":\"good\",\"expires\":\"2020-01-01T00:00:00Z\"}",
        "{\"result\":\"bad\",\"fields\":[\"shoe\"]}",
        "{\"result\":\"suggestion\"}",
        "{\"result\":\"suggestion\",\"address\":{\"street\":\"S\"}}",
        ("{\"result\":\"suggestion\",\"address\":{\"street\":\"S\",\"number\":\"1\",\"city\":\"C\","
         "\"postcode\":\"1\"}}"),
    };
    char *long_one = ecs_alloc(arena, 1000);

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bodies); i++) {
        struct ecs_address_result r = heard(bodies[i]);

        if (r.verdict != ECS_ADDRESS_UNREACHABLE || !r.reason)
            fail_msg("%s was taken", bodies[i]);
    }
    memset(long_one, 'x', 999);
    memcpy(long_one, "{\"result\":\"good\",\"identifier\":\"", 31);
    memcpy(long_one + 900, "\"}", 3);
    assert_int_equal(heard(long_one).verdict, ECS_ADDRESS_UNREACHABLE);
}

static void test_settings_are_well_formed_and_checked(void **state)
{
    static const struct ecs_section sections[] = {
        {"address", ecs_address_settings, sizeof(struct ecs_address_conf), .check = ecs_address_conf_check,
         .help = "Check."},
        {0},
    };
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"", true},
        {"address: {url: \"https://check.example/v1\", timeout: 3s}", true},
        {"address: {url: \"http://127.0.0.1:8080/\"}", true},
        {"address: {url: \"http://check.example/v1\"}", false},
        {"address: {url: \"ftp://check.example/\"}", false},
        {"address: {key: /etc/hostname}", false},
        {"address: {timeout: 1h}", false},
    };
    struct ecs_faults faults;

    (void)state;
    ecs_faults_init(&faults, arena);
    if (!ecs_conf_check_tables(sections, &faults))
        fail_msg("%s", faults.first->text);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_conf *conf;

        ecs_faults_init(&faults, arena);
        conf = ecs_conf_parse("x.yaml", ecs_str_of(rows[i].text), sections, &faults);
        if ((conf != NULL) != rows[i].good)
            fail_msg("%s: %s", rows[i].text, faults.first ? faults.first->text : "was taken");
        ecs_conf_unref(conf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_usual_address_of_each_country_is_good, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_fault_is_found_at_its_field, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_spelling_is_made_tidy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_country_has_a_complete_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_question_holds_what_was_given, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answers_of_the_validator_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answers_against_the_contract_count_as_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_settings_are_well_formed_and_checked, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
