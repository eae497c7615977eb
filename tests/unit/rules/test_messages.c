/* SPDX-License-Identifier: Apache-2.0 */
/* Message catalogues: what is refused at load, lookup by language, substitution that keeps texts fit for
 * devices. */
#include "fixture.h"

#include "ecs/messages.h"

#include <stdlib.h>
#include <unistd.h>

struct files {
    struct fixture *f;
    char dir[64];
    char paths[4][96];
    unsigned n;
};

static void open_dir(struct files *files, struct fixture *f)
{
    *files = (struct files){.f = f, .dir = "/tmp/ecs-messages-XXXXXX"};
    assert_non_null(mkdtemp(files->dir));
}

static void put(struct files *files, const char *name, const char *text)
{
    char *path = files->paths[files->n++];
    FILE *file;

    snprintf(path, sizeof(files->paths[0]), "%s/%s", files->dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void close_dir(struct files *files)
{
    for (unsigned i = 0; i < files->n; i++)
        unlink(files->paths[i]);
    rmdir(files->dir);
}

static struct ecs_messages *load_two(struct fixture *f, const char *en, const char *de)
{
    struct ecs_messages *m;
    struct files files;

    open_dir(&files, f);
    put(&files, "en.yaml", en);
    if (de)
        put(&files, "de.yaml", de);
    m = ecs_messages_load(files.dir, "en", &f->faults, &f->warnings);
    close_dir(&files);
    return m;
}

static void test_texts_that_would_break_devices_are_refused(void **state)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        {"\"a < b\"", "en.yaml:3:6: message a: the text holds <"},
        {"\"a > b\"", "the text holds >"},
        {"\"it's\"", "the text holds '"},
        {"'say \"x\"'", "the text holds \""},
        {"\"two\\nlines\"", "control character"},
        {"\"c1 \\u0085\"", "control character"},
        {"\"\"", "the text is empty"},
        {"[x]", "a text is expected"},
        {"\"open {brand\"", "only stand around"},
        {"\"close brand}\"", "only stand around"},
        {"\"{}\"", "only stand around"},
        {"\"{Brand}\"", "only stand around"},
    };
    struct fixture *f = *state;
    char text[2000];

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        snprintf(text, sizeof(text), "language: en\nmessages:\n  a: %s\n", rows[i].text);
        assert_null(load_two(f, text, NULL));
        assert_true(has_text(&f->faults, rows[i].fault));
    }
    assert_null(load_two(f, "language: en\nmessages:\n  Key A: x\n", NULL));
    assert_true(has_text(&f->faults, "en.yaml:3:3: \"Key A\" cannot be the key of a message"));
    assert_null(load_two(f, "language: en\nmessages:\n  notice: x\n", NULL));
    assert_true(has_text(&f->faults, "\"notice\" cannot be the key"));
}

static void test_255_characters_are_the_limit_however_many_bytes(void **state)
{
    struct fixture *f = *state;
    struct ecs_messages *m;
    char text[2000] = "language: en\nmessages:\n  a: ";

    for (int i = 0; i < 255; i++)
        strcat(text, "é");
    m = load_two(f, text, NULL);
    assert_non_null(m);
    ecs_messages_free(m);
    strcat(text, "é");
    assert_null(load_two(f, text, NULL));
    assert_true(has_text(&f->faults, "message a: the text has 256 characters, at most 255 are sent"));
}

static void test_catalogues_must_fit_together(void **state)
{
    struct fixture *f = *state;

    assert_null(load_two(f, "language: en\nmessages: {a: x}\n", "language: de\nmessages: {a: x, b: y}\n"));
    assert_true(has_text(&f->faults, "de.yaml:2:21: message b is not in "));
    assert_null(
        load_two(f, "language: en\nmessages: {a: x}\n", "language: de\nmessages: {a: \"x {brand}\"}\n"));
    assert_true(has_text(&f->faults, "message a: {brand} is not in the text of"));
    assert_null(load_two(f, "language: fr\nmessages: {a: x}\n", NULL));
    assert_true(has_text(&f->faults, "the name of the file (en)"));
    assert_true(has_text(&f->faults, "the default language \"en\" has no usable file"));
    assert_null(load_two(f, "language: en\n", NULL));
    assert_true(has_text(&f->faults, "\"messages:\" with 1 to 2000 texts"));
    assert_null(load_two(f, "language: en\nmessage: {a: x}\nmessages: {a: x}\n", NULL));
    assert_true(has_text(&f->faults, "en.yaml:2:1: unknown key \"message\""));
    assert_null(ecs_messages_load("/nonexistent", "en", &f->faults, NULL));
    assert_true(has_text(&f->faults, "/nonexistent: cannot read the directory"));
}

static void expect(struct ecs_str text, const char *expected)
{
    char copy[1100];

    snprintf(copy, sizeof(copy), "%.*s", ECS_FMT(text));
    assert_string_equal(copy, expected);
}

static void test_texts_are_found_by_language_with_the_default_as_fallback(void **state)
{
    struct fixture *f = *state;
    const struct ecs_str *names;
    struct ecs_messages *m;
    size_t n;

    m = load_two(f, "language: en\nmessages: {one: One, two: Two, three: Three}\n",
                 "language: de\nmessages: {two: Zwei, one: Eins}\n");
    assert_non_null(m);
    assert_int_equal(f->warnings.count, 1);
    assert_true(has_text(&f->warnings, "message three is missing; the text of en is used"));
    names = ecs_messages_languages(m, &n);
    assert_int_equal(n, 2);
    expect(names[0], "en");
    expect(names[1], "de");
    expect(ecs_message(m, 0, ECS_STR("two"), NULL, 0, f->arena), "Two");
    expect(ecs_message(m, 1, ECS_STR("two"), NULL, 0, f->arena), "Zwei");
    expect(ecs_message(m, 1, ECS_STR("three"), NULL, 0, f->arena), "Three");
    expect(ecs_message(m, 99, ECS_STR("one"), NULL, 0, f->arena), "One");
    expect(ecs_message(m, 1, ECS_STR("four"), NULL, 0, f->arena), "");
    expect(ecs_message(m, 1, ECS_STR(""), NULL, 0, f->arena), "");
    ecs_messages_free(m);
}

static void test_substituted_values_cannot_break_the_text(void **state)
{
    struct ecs_substitution values[] = {{ECS_STR("brand"), ECS_STR_NULL}, {ECS_STR("plan"), ECS_STR("L")}};
    struct fixture *f = *state;
    struct ecs_messages *m;
    struct ecs_str text;
    char value[600] = "";
    size_t characters = 0;

    m = load_two(f, "language: en\nmessages: {a: \"{brand}: {plan} of {brand}{other}.\"}\n", NULL);
    assert_non_null(m);
    values[0].value = ECS_STR("Tom's \"Best\" <b>\x01\xc2\x85\x7fNet");
    expect(ecs_message(m, 0, ECS_STR("a"), values, 2, f->arena),
           "Tom’s “Best” bNet: L of Tom’s “Best” bNet.");
    values[0].value = ECS_STR("bad \xff utf8");
    expect(ecs_message(m, 0, ECS_STR("a"), values, 2, f->arena), ": L of .");
    values[0].value = ECS_STR("{plan}");
    expect(ecs_message(m, 0, ECS_STR("a"), values, 2, f->arena), "{plan}: L of {plan}.");
    for (int i = 0; i < 150; i++)
        strcat(value, "é");
    values[0].value = ecs_str_of(value);
    text = ecs_message(m, 0, ECS_STR("a"), values, 2, f->arena);
    assert_true(ecs_str_is_utf8(text));
    for (size_t i = 0; i < text.n; i++)
        characters += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    assert_int_equal(characters, 255);
    ecs_messages_free(m);
}

static void test_templates_expand_percent_encoded_or_plain(void **state)
{
    struct ecs_substitution values[] = {{ECS_STR("session"), ECS_STR("a b&c=é/~")}};
    struct ecs_buf buf = {0};

    (void)state;
    ecs_template_expand(ECS_STR("sid={session}&x={imsi}&y=1"), values, 1, true, &buf);
    expect(ecs_buf_str(&buf), "sid=a%20b%26c%3D%C3%A9%2F~&x=&y=1");
    ecs_buf_reset(&buf);
    ecs_template_expand(ECS_STR("{session}"), values, 1, false, &buf);
    expect(ecs_buf_str(&buf), "a b&c=é/~");
    ecs_buf_reset(&buf);
    ecs_template_expand(ECS_STR(""), values, 1, true, &buf);
    assert_int_equal(buf.n, 0);
    ecs_buf_done(&buf);
}

static void test_messages_named_by_the_policy_must_exist(void **state)
{
    struct fixture *f = *state;
    struct ecs_messages *m = load_two(f, "language: en\nmessages: {there: x}\n", NULL);

    assert_non_null(m);
    must_load(f, NULL,
              "service: vowifi\nrules:\n- {name: a, then: {message: there}}\n- {name: b, then: {message: "
              "notice}}\n" VOWIFI_DEFAULT,
              NULL);
    assert_true(ecs_messages_check_policy(m, f->policy, &f->faults));
    must_load(f, NULL, "service: vowifi\nrules:\n- {name: a, then: {message: not-there}}\n" VOWIFI_DEFAULT,
              NULL);
    assert_false(ecs_messages_check_policy(m, f->policy, &f->faults));
    assert_true(has_text(&f->faults, "vowifi.yaml:3:1: message \"not-there\" is not in "));
    ecs_messages_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_texts_that_would_break_devices_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_255_characters_are_the_limit_however_many_bytes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_catalogues_must_fit_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_texts_are_found_by_language_with_the_default_as_fallback, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_substituted_values_cannot_break_the_text, set_up, tear_down),
        cmocka_unit_test(test_templates_expand_percent_encoded_or_plain),
        cmocka_unit_test_setup_teardown(test_messages_named_by_the_policy_must_exist, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
