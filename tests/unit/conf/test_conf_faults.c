/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong in a file is told: place, form, range, hint, and all of it in one run. */
#include "conf_fixture.h"

static void test_wrong_values_are_told_with_place_and_form(void **state)
{
    refuse(*state, "http:\n  post: 1\n", "c.yaml:2:9: http.post: \"1\" is not true or false");
    refuse(*state, "http:\n  post: \"true\"\n",
           "c.yaml:2:9: http.post: must be true or false, not a text in quotes");
    refuse(*state, "http:\n  port: 12x\n", "c.yaml:2:9: http.port: \"12x\" is not a whole number");
    refuse(*state, "http:\n  port: 99999999999999999999\n",
           "c.yaml:2:9: http.port: \"99999999999999999999\" is not a whole number");
    refuse(*state, "http:\n  idle: 5\n",
           "c.yaml:2:9: http.idle: \"5\" is not a time in whole seconds with its unit such as 30s, 5m, 12h "
           "or 7d");
    refuse(*state, "http:\n  idle: 500ms\n",
           "c.yaml:2:9: http.idle: \"500ms\" is not a time in whole seconds with its unit such as 30s, 5m, "
           "12h or 7d");
    refuse(*state, "http:\n  limit: -5s\n",
           "c.yaml:2:10: http.limit: \"-5s\" is not a time with its unit such as 250ms, 30s or 5m");
    refuse(*state, "http:\n  idle: 999999999999999999d\n",
           "c.yaml:2:9: http.idle: \"999999999999999999d\" is too large");
    refuse(*state, "http:\n  body_max: 5 M\n",
           "c.yaml:2:13: http.body_max: \"5 M\" is not a size in bytes such as 512, 64k, 4M or 1G");
    refuse(*state, "http:\n  certificate: relative/path\n",
           "c.yaml:2:16: http.certificate: \"relative/path\" is not an absolute path (beginning with /) or "
           "credential:name");
    refuse(*state, "http:\n  port:\n",
           "c.yaml:2:8: http.port: has no value; write one, or comment the line out for the default");
    refuse(*state, "http:\n  port: [1]\n", "c.yaml:2:9: http.port: must be a whole number, not a list");
    refuse(*state, "http:\n  listen: {a: b}\n", "c.yaml:2:11: http.listen: must be a text, not a mapping");
    refuse(*state, "http:\n  names: one\n", "c.yaml:2:10: http.names: must be a list such as [one, two]");
    refuse(*state, "http:\n  names: [a, [b]]\n",
           "c.yaml:2:14: http.names: must be a single value, not a list");
    refuse(*state, "http:\n  names: [a, \"\"]\n", "c.yaml:2:14: http.names: an entry must not be empty");
    refuse(*state, "http:\n  codes: [1, x]\n", "c.yaml:2:14: http.codes: \"x\" is not a whole number");
}

static void test_values_out_of_range_are_told_with_the_range(void **state)
{
    refuse(*state, "http:\n  port: 0\n", "c.yaml:2:9: http.port: 0 is out of range, allowed: 1 to 65535");
    refuse(*state, "http:\n  port: -1\n", "c.yaml:2:9: http.port: -1 is out of range, allowed: 1 to 65535");
    refuse(*state, "http:\n  body_max: 1G\n",
           "c.yaml:2:13: http.body_max: 1G is out of range, allowed: 1k to 4M");
    refuse(*state, "http:\n  idle: 0\n", "c.yaml:2:9: http.idle: 0s is out of range, allowed: at least 1s");
    refuse(*state, "http:\n  limit: 90s\n",
           "c.yaml:2:10: http.limit: 90s is out of range, allowed: 10ms to 1m");
    refuse(*state, "http:\n  listen: a\n", "c.yaml:2:11: http.listen: has 1 bytes, allowed: 2 to 16 bytes");
    refuse(*state, "http:\n  names: [a, b, c, d]\n",
           "c.yaml:2:10: http.names: has 4 entries, allowed: at most 3 entries");
    refuse(*state, "http:\n  codes: [1, 10]\n",
           "c.yaml:2:14: http.codes: 10 is out of range, allowed: 0 to 9");
}

static void test_bounds_of_a_range_belong_to_it(void **state)
{
    ecs_conf_unref(accept(*state, "http: {port: 1, body_max: 1k, limit: 10ms, listen: '::', names: []}"));
    ecs_conf_unref(accept(*state, "http: {port: 65535, body_max: 4M, limit: 1m, listen: 1234567890123456, "
                                  "names: [a, b, c]}"));
}

static void test_mistyped_names_get_a_hint(void **state)
{
    refuse(*state, "http:\n  poort: 1\n",
           "c.yaml:2:3: http: there is no setting \"poort\"; did you mean \"port\"?");
    refuse(*state, "http:\n  LISTEN: x\n",
           "c.yaml:2:3: http: there is no setting \"LISTEN\"; did you mean \"listen\"?");
    refuse(*state, "http:\n  bodymx: 1\n",
           "c.yaml:2:3: http: there is no setting \"bodymx\"; did you mean \"body_max\"?");
    refuse(*state, "http:\n  wholly_other: 1\n", "c.yaml:2:3: http: there is no setting \"wholly_other\"");
    refuse(*state, "http:\n  weight: 1\n",
           "c.yaml:2:3: http: there is no setting \"weight\" here; there is one in section \"peers\"");
    refuse(*state, "htttp:\n  port: 1\n",
           "c.yaml:1:1: there is no section \"htttp\"; did you mean \"http\"?");
    refuse(*state, "unknown: 1\n", "c.yaml:1:1: there is no section \"unknown\"");
    refuse(
        *state, "http:\n  mode: prodution\n",
        "c.yaml:2:9: http.mode: \"prodution\" is not one of demo, production; did you mean \"production\"?");
    refuse(*state, "http:\n  mode: x\n", "c.yaml:2:9: http.mode: \"x\" is not one of demo, production");
}

static void test_all_faults_of_a_file_are_told_in_one_run(void **state)
{
    struct fixture *f = *state;
    size_t i = 0;
    static const char *const faults[] = {
        "c.yaml:3:3: key \"port\" stands twice, first in line 2",
        "c.yaml:9:1: there is no section \"quta\"; did you mean \"quota\"?",
        "c.yaml:4:3: http: there is no setting \"nothing_known\"",
        "c.yaml:2:9: http.port: 70000 is out of range, allowed: 1 to 65535",
        "c.yaml:5:10: http.limit: \"soon\" is not a time with its unit such as 250ms, 30s or 5m",
        "c.yaml:7:5: peers[1].host: is missing; it has no default",
        "c.yaml:8:23: peers[2].weight: \"x\" is not a whole number",
    };

    assert_null(parse(f, "http:\n  port: 70000\n  port: 5\n  nothing_known: 1\n  limit: soon\npeers:\n"
                         "  - weight: 1\n  - {host: a, weight: x}\nquta: {}\n"));
    for (const struct ecs_fault *fault = f->faults.first; fault; fault = fault->next, i++) {
        assert_true(i < ECS_ARRAY_LEN(faults));
        assert_string_equal(fault->text, faults[i]);
    }
    assert_int_equal(i, ECS_ARRAY_LEN(faults));
    assert_int_equal(f->faults.count, ECS_ARRAY_LEN(faults));
}

static void test_sections_of_the_wrong_shape_are_refused(void **state)
{
    refuse(*state, "http: 5\n", "c.yaml:1:7: http: must be a mapping (key: value)");
    refuse(*state, "http: [a]\n", "c.yaml:1:7: http: must be a mapping (key: value)");
    refuse(*state, "peers: {host: a}\n", "c.yaml:1:8: peers: must be a list (each entry begins with \"- \")");
    refuse(*state, "peers:\n  - just text\n", "c.yaml:2:5: peers[1]: must be a mapping (key: value)");
    refuse(*state, "peers:\n  -\n", "c.yaml:2:4: peers[1].host: is missing; it has no default");
    refuse(*state, "- http\n", "c.yaml:1:1: the file must be a mapping of sections (name:)");
    refuse(*state, "text\n", "c.yaml:1:1: the file must be a mapping of sections (name:)");
}

static void test_optional_section_asks_for_its_settings_only_when_named(void **state)
{
    struct ecs_conf *conf = accept(*state, "quota: {high: 4}\n");

    assert_int_equal(((const struct quota *)ecs_conf_get(conf, "quota"))->high, 4);
    ecs_conf_unref(conf);
    refuse(*state, "quota: {low: 4}\n", "c.yaml:1:8: quota.high: is missing; it has no default");
    refuse(*state, "quota:\n", "c.yaml: quota.high: is missing; it has no default");
}

static void test_check_of_a_section_speaks_last(void **state)
{
    refuse(*state, "quota: {low: 5, high: 4}\n", "c.yaml:1:14: quota.low must not exceed quota.high");
    refuse(*state, "quota: {low: 5, high: 13}\n", "c.yaml:1:8: quota: the settings do not fit together");
    refuse(*state, "quota: {low: 5, high: 4, hihg: 1}\n",
           "c.yaml:1:26: quota: there is no setting \"hihg\"; did you mean \"high\"?");
}

static void test_file_that_must_exist_is_opened(void **state)
{
    refuse(*state, "http:\n  certificate: /nonexistent/cert.pem\n",
           "c.yaml:2:16: http.certificate: /nonexistent/cert.pem cannot be read: No such file or directory");
}

static void test_useless_secret_files_are_refused(void **state)
{
    struct fixture *f = *state;
    char text[128], fault[200], *large = calloc(1, 65537);

    assert_non_null(large);
    memset(large, 'x', 65537);
    refuse(f, "http:\n  key: file:relative\n",
           "c.yaml:2:8: http.key: file: must be followed by an absolute path");
    refuse(f, "http:\n  key: 'file:'\n", "c.yaml:2:8: http.key: file: must be followed by an absolute path");
    snprintf(text, sizeof(text), "http:\n  key: file:%s\n", f->path);
    snprintf(fault, sizeof(fault), "c.yaml:2:8: http.key: %s cannot be read: No such file or directory",
             f->path);
    refuse(f, text, fault);
    write_secret(f, " \n", 2);
    refuse(f, text, "c.yaml:2:8: http.key: the file that it names is empty");
    write_secret(f, "a\0b", 3);
    refuse(f, text, "c.yaml:2:8: http.key: the file that it names holds a NUL byte: it must be a text");
    write_secret(f, large, 65537);
    snprintf(fault, sizeof(fault), "c.yaml:2:8: http.key: %s is larger than 64 KiB", f->path);
    refuse(f, text, fault);
    write_secret(f, large, 65536);
    ecs_conf_unref(accept(f, text));
    free(large);
}

static void test_earlier_faults_of_others_do_not_count(void **state)
{
    struct fixture *f = *state;
    struct ecs_conf *conf;

    ecs_fault_add(&f->faults, NULL, 0, 0, "of somebody else");
    conf = ecs_conf_parse("c.yaml", ECS_STR(""), sections, &f->faults);
    assert_non_null(conf);
    ecs_conf_unref(conf);
}

/* clang-format off */
static const char *const parts[] = {
    "http:", "\n  ", "port: ", "9", "99999999999999999999", "names: ", "[a, b]", "[", "{", "}", "\n",
    "peers:", "- ", "host: ", "x", "\n    ", "quota", ": ", "high: ", "limit: ", "5s", "-5ms", "key: ",
    "file:/", "credential:", "~", "\"\"", "codes:", "!!int ", "&a ", "*a", "certificate: ", "/",
    "/dev/zero", "\t", "# ", "mode: ", "\x01", "\xf0\x9f\x98\x80", "\xff", "idle: ", "1e9", "\r\n", "'",
    "|\n",
};
/* clang-format on */

/* Fragments thrown together: every outcome is either a snapshot or at least one fault, and nothing else
 * happens. */
static void test_hostile_files_give_faults_only(void **state)
{
    struct fixture *f = *state;
    uint32_t seed = 4711;
    unsigned accepted = 0;

    for (int round = 0; round < 4000; round++) {
        struct ecs_arena *arena = ecs_arena_new(NULL, 0);
        struct ecs_buf text = {0};
        struct ecs_conf *conf;

        assert_non_null(arena);
        for (unsigned i = 0, n = round % 24; i < n; i++) {
            seed = seed * 1664525 + 1013904223;
            ecs_buf_add_cstr(&text, parts[(seed >> 12) % ECS_ARRAY_LEN(parts)]);
        }
        ecs_faults_init(&f->faults, arena);
        conf = ecs_conf_parse("c.yaml", ecs_buf_str(&text), sections, &f->faults);
        assert_true((conf != NULL) == (f->faults.count == 0));
        accepted += conf != NULL;
        ecs_conf_unref(conf);
        ecs_buf_done(&text);
        ecs_arena_free(arena);
    }
    assert_true(accepted > 0 && accepted < 4000);
}

static void test_huge_lists_end_at_the_memory_set_aside(void **state)
{
    struct fixture *f = *state;
    struct ecs_buf text = {0};

    ecs_buf_add_cstr(&text, "http:\n  names: [a");
    for (int i = 0; i < 20000; i++)
        ecs_buf_add_cstr(&text, ",a");
    ecs_buf_add_cstr(&text, "]\n");
    assert_null(ecs_conf_parse("c.yaml", ecs_buf_str(&text), sections, &f->faults));
    assert_string_equal(f->faults.first->text,
                        "c.yaml:2:10: http.names: has 20001 entries, allowed: at most 3 entries");
    ecs_buf_reset(&text);
    ecs_buf_add_cstr(&text, "http:\n  codes: [1");
    for (int i = 0; i < 600000; i++)
        ecs_buf_add_cstr(&text, ",1");
    ecs_buf_add_cstr(&text, "]\n");
    ecs_faults_init(&f->faults, f->arena);
    assert_null(ecs_conf_parse("c.yaml", ecs_buf_str(&text), sections, &f->faults));
    assert_string_equal(f->faults.first->text,
                        "c.yaml: the file is too large for the memory set aside for it");
    ecs_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_wrong_values_are_told_with_place_and_form),
        CASE(test_values_out_of_range_are_told_with_the_range),
        CASE(test_bounds_of_a_range_belong_to_it),
        CASE(test_mistyped_names_get_a_hint),
        CASE(test_all_faults_of_a_file_are_told_in_one_run),
        CASE(test_sections_of_the_wrong_shape_are_refused),
        CASE(test_optional_section_asks_for_its_settings_only_when_named),
        CASE(test_check_of_a_section_speaks_last),
        CASE(test_file_that_must_exist_is_opened),
        CASE(test_useless_secret_files_are_refused),
        CASE(test_earlier_faults_of_others_do_not_count),
        CASE(test_hostile_files_give_faults_only),
        CASE(test_huge_lists_end_at_the_memory_set_aside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
