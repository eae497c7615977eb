/* SPDX-License-Identifier: Apache-2.0 */
/* The pages that are delivered, and what an operator may put beside them: languages, brands, versions of
 * terms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "front/sheet_set.h"

static struct ecs_arena *arena;
static struct ecs_faults faults, warnings;
static char directory[64];

static int set_up(void **state)
{
    char command[256];

    (void)state;
    arena = ecs_arena_new(NULL, 0);
    ecs_faults_init(&faults, arena);
    ecs_faults_init(&warnings, arena);
    snprintf(directory, sizeof(directory), "/tmp/ecs-sheet-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(command, sizeof(command), "cp -r %s/conf/websheet/. %s", ECS_SOURCE_DIR, directory);
    return system(command);
}

static int tear_down(void **state)
{
    char command[256];

    (void)state;
    ecs_arena_free(arena);
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command);
}

static void put(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void folder(const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static struct sheet_set *load(void)
{
    struct sheet_set *set = sheet_set_load(directory, "en", &faults, &warnings);

    if (!set)
        fail_msg("%s", faults.first->text);
    return set;
}

/* The terms page of that view. */
static const char *page(const struct sheet_view *view, int64_t version)
{
    struct sheet_scope *scope = sheet_scope_new(arena);
    struct ecs_buf out = {0};
    const char *copy;

    sheet_put(scope, "operator", ECS_STR("O & P"));
    sheet_put(scope, "action", ECS_STR("/web/vowifi"));
    sheet_put_part(scope, "terms", sheet_view_terms(view, version));
    sheet_view_render(view, sheet_view_page(view, SHEET_PAGE_TERMS), scope, &out);
    assert_false(out.overflow);
    copy = ecs_strdup(arena, ecs_buf_str(&out));
    ecs_buf_done(&out);
    assert_non_null(copy);
    return copy;
}

static void expect(const struct sheet_set *set, const char *brand, const char *language, int64_t version,
                   const char *wanted)
{
    struct sheet_view view = sheet_view_of(set, ecs_str_of(brand), ecs_str_of(language), ECS_STR_NULL, arena);
    const char *text = page(&view, version);

    if (!strstr(text, wanted))
        fail_msg("%s %s %d: \"%s\" is not in\n%s", brand ? brand : "-", language, (int)version, wanted, text);
}

static void test_the_delivered_pages_are_complete_in_every_language(void **state)
{
    static const char *const languages[] = {"en", "de", "fr"};
    struct sheet_set *set = load();

    (void)state;
    if (warnings.count)
        fail_msg("%s", warnings.first->text);
    for (size_t i = 0; i < ECS_ARRAY_LEN(languages); i++) {
        struct sheet_view view =
            sheet_view_of(set, ECS_STR_NULL, ecs_str_of(languages[i]), ECS_STR_NULL, arena);

        assert_true(ecs_str_eq(sheet_view_language(&view), ecs_str_of(languages[i])));
        for (int p = 0; p < SHEET_PAGE_COUNT; p++) {
            assert_non_null(sheet_view_page(&view, (enum sheet_page)p));
            assert_non_null(
                strstr(sheet_template_policy(sheet_view_page(&view, (enum sheet_page)p)), "script-src"));
        }
    }
    expect(set, NULL, "en", 0, "O &amp; P");
    expect(set, NULL, "en", 0, "<form method=\"post\" action=\"/web/vowifi\">");
    expect(set, NULL, "de-AT", 0, "<html lang=\"de\" dir=\"ltr\">");
    expect(set, NULL, "fr", 0, "Appels d\xe2\x80\x99urgence");
    expect(set, "unknown", "xx", 7, "Emergency calls");
    sheet_set_free(set);
}

static void test_brands_languages_and_versions_go_before_the_common_files(void **state)
{
    struct sheet_set *set;

    (void)state;
    put("terms-text.3.html", "three");
    put("terms-text.3.de.html", "drei");
    folder("blue");
    put("blue/terms-text.html", "blue {brand}");
    put("blue/terms-text.4.fr.html", "bleu quatre");
    put("blue/terms-text.4.html", "blue four");
    put("terms-text.4.html", "four");
    folder("blue/texts");
    put("blue/texts/en.yaml", "language: en\nmessages: {terms-title: Blue talk by {operator}}\n");
    set = sheet_set_load(directory, "en", &faults, &warnings);
    assert_null(set); /* "{" without quotes is YAML's own */
    put("blue/texts/en.yaml", "language: en\nmessages: {terms-title: \"Blue talk by {operator}\"}\n");
    set = load();
    expect(set, NULL, "en", 3, "three");
    expect(set, NULL, "de", 3, "drei");
    expect(set, NULL, "en", 4, "four");
    expect(set, "blue", "en", 3, "three");
    expect(set, "blue", "en", 0, "blue blue");
    expect(set, "blue", "fr", 4, "bleu quatre");
    expect(set, "blue", "de", 4, "blue four");
    expect(set, "blue", "de", 4, "<h1>Blue talk by O &amp; P</h1>");
    expect(set, "blue", "de", 4, "Ich stimme zu");
    expect(set, NULL, "en", 4, "<h1>Terms of Wi-Fi calling</h1>");
    sheet_set_free(set);
}

static void test_writing_from_right_to_left_is_told(void **state)
{
    struct sheet_set *set;

    (void)state;
    put("texts/ar.yaml", "language: ar\nmessages: {terms-title: \"\xd8\xb4\xd8\xb1\xd9\x88\xd8\xb7\"}\n");
    set = load();
    assert_true(warnings.count > 0); /* what it lacks comes in the default language */
    expect(set, NULL, "ar", 0, "<html lang=\"ar\" dir=\"rtl\">");
    expect(set, NULL, "ar", 0, "I accept");
    sheet_set_free(set);
}

static void expect_fault(const char *wanted)
{
    ecs_faults_init(&faults, arena);
    assert_null(sheet_set_load(directory, "en", &faults, &warnings));
    for (const struct ecs_fault *f = faults.first; f; f = f->next)
        if (strstr(f->text, wanted))
            return;
    fail_msg("\"%s\" is not among the faults: %s", wanted, faults.first->text);
}

static void test_faults_of_the_directory_are_told(void **state)
{
    char path[128];

    (void)state;
    put("terms-text.de.html", "{imsi}");
    expect_fault("terms-text.de.html:1:1: \"imsi\": the server has no value of this name");
    put("terms-text.de.html", "<style>p { color: red }</style>");
    expect_fault("terms cannot have a script or a style");
    put("texts/de.yaml", "language: de\nmessages: {no-such-text: x}\n");
    expect_fault("no-such-text");
    put("texts/de.yaml", "language: de\nmessages: {terms-title: x}\n");
    snprintf(path, sizeof(path), "%s/done.html", directory);
    assert_int_equal(unlink(path), 0);
    expect_fault("done.html: there is no such page");
    snprintf(path, sizeof(path), "%s/error.html", directory);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    expect_fault("error.html");
    assert_null(sheet_set_load("/nonexistent", "en", &faults, &warnings));
    assert_null(sheet_set_load(directory, "xx", &faults, &warnings));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_delivered_pages_are_complete_in_every_language, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_brands_languages_and_versions_go_before_the_common_files, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_writing_from_right_to_left_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_faults_of_the_directory_are_told, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
