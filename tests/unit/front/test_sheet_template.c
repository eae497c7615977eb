/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: substitution, sections, what is refused at load time and what is escaped at run time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "front/sheet_template.h"

static const struct sheet_name names[] = {
    {"a", SHEET_VALUE},   {"b", SHEET_VALUE},   {"to", SHEET_URL},
    {"list", SHEET_LIST}, {"part", SHEET_PART}, {0},
};

struct rig {
    struct ecs_arena *arena;
    struct ecs_crypto *crypto;
    struct ecs_faults faults;
    const char *page, *other; /* texts of "page" and of "other.html" */
};

static bool read_text(void *env, const char *file, struct ecs_arena *arena, struct ecs_faults *faults,
                      struct ecs_str *ret_text, const char **ret_path)
{
    const struct rig *r = env;
    const char *text = strcmp(file, "page") == 0         ? r->page
                       : strcmp(file, "other.html") == 0 ? r->other
                                                         : NULL;

    (void)arena;
    (void)faults;
    *ret_path = strcmp(file, "page") == 0 ? "page" : "other.html";
    *ret_text = ecs_str_of(text);
    return text != NULL;
}

static bool has_text(void *env, struct ecs_str key)
{
    (void)env;
    return ecs_str_eq(key, ECS_STR("hello"));
}

static struct ecs_str get_text(void *env, struct ecs_str key)
{
    (void)env;
    return ecs_str_eq(key, ECS_STR("hello")) ? ECS_STR("Hi {a}, {b}!") : ECS_STR_NULL;
}

static int set_up(void **state)
{
    static struct rig r;

    r = (struct rig){.arena = ecs_arena_new(NULL, 8 << 20), .crypto = ecs_crypto_new()};
    ecs_faults_init(&r.faults, r.arena);
    *state = &r;
    return r.arena && r.crypto ? 0 : -1;
}

static int tear_down(void **state)
{
    struct rig *r = *state;

    ecs_crypto_free(r->crypto);
    ecs_arena_free(r->arena);
    return 0;
}

static const struct sheet_template *load(struct rig *r, const char *page)
{
    struct sheet_loader loader = {read_text, has_text, r, names};

    r->page = page;
    ecs_faults_init(&r->faults, r->arena);
    return sheet_template_load(r->arena, r->crypto, &loader, "page", &r->faults);
}

static void expect(struct rig *r, const char *page, struct sheet_scope *scope, const char *wanted)
{
    const struct sheet_template *t = load(r, page);
    struct sheet_texts texts = {get_text, NULL};
    struct ecs_buf out = {0};

    if (!t)
        fail_msg("%s: %s", page, r->faults.first->text);
    sheet_render(t, scope, &texts, &out);
    assert_false(out.overflow);
    ecs_buf_add_char(&out, '\0');
    assert_string_equal(out.p, wanted);
    ecs_buf_done(&out);
}

/* The first fault, with its place. */
static void expect_fault(struct rig *r, const char *page, const char *wanted)
{
    if (load(r, page))
        fail_msg("%s was taken", page);
    if (!strstr(r->faults.first->text, wanted))
        fail_msg("%s: \"%s\" does not hold \"%s\"", page, r->faults.first->text, wanted);
}

static struct sheet_scope *scope_with(struct rig *r, const char *a, const char *b)
{
    struct sheet_scope *s = sheet_scope_new(r->arena);

    sheet_put(s, "a", ecs_str_of(a));
    sheet_put(s, "b", ecs_str_of(b));
    return s;
}

static void test_values_are_escaped_in_text_and_in_attributes(void **state)
{
    struct rig *r = *state;

    expect(r, "<p title=\"{a}\" class='{a}'>{a}</p>", scope_with(r, "<&>\"'", NULL),
           "<p title=\"&lt;&amp;&gt;&quot;&#39;\" "
           "class='&lt;&amp;&gt;&quot;&#39;'>&lt;&amp;&gt;&quot;&#39;</p>");
    expect(r, "[{a}{b}]", scope_with(r, "\xc3\x28", "x\x01\x1f\x7fy\nz"), "[\xef\xbf\xbdxy\nz]");
    expect(r, "{{ {a} }", scope_with(r, NULL, NULL), "{  }");
}

static void test_values_of_texts_are_escaped_too(void **state)
{
    struct rig *r = *state;

    expect(r, "<b>{@hello}</b>", scope_with(r, "<i>", "{a}"), "<b>Hi &lt;i&gt;, {a}!</b>");
}

static void test_sections_follow_conditions_texts_and_lists(void **state)
{
    struct rig *r = *state;
    struct sheet_scope *s = scope_with(r, "outer", ""), *item;

    for (int i = 0; i < 3; i++) {
        item = sheet_put_item(s, "list");
        sheet_put(item, "b", ecs_str_of(ecs_printf(r->arena, "%d", i)));
    }
    expect(r, "{#a}A{/a}{^a}-{/a}{#b}B{/b}{^b}no b{/b}{#list}({b} {a}){/list}{^list}none{/list}", s,
           "Ano b(0 outer)(1 outer)(2 outer)");
    s = scope_with(r, NULL, NULL);
    sheet_put_flag(s, "list", false);
    expect(r, "<i id=\"k\"{#a} x{/a}>{#list}y{/list}{^list}none{/list}", s, "<i id=\"k\">none");
}

static void test_parts_and_files_are_put_in(void **state)
{
    struct rig *r = *state;
    struct sheet_scope *s = scope_with(r, "<", NULL);

    sheet_put_part(s, "part", load(r, "<em>{a}</em>"));
    r->other = "({a})";
    expect(r, "{!part}|{>other.html}", s, "<em>&lt;</em>|(&lt;)");
}

static void test_script_and_style_are_named_by_digest(void **state)
{
    struct rig *r = *state;
    const struct sheet_template *t;

    r->other = "var a = {b: 1};";
    t = load(r, "<style>p{color:red}</style><script>{>other.html}</script>{a}");
    assert_non_null(t);
    /* printf 'p{color:red}' | openssl dgst -sha256 -binary | base64; the script likewise */
    assert_string_equal(
        sheet_template_policy(t),
        "default-src 'none'; style-src 'sha256-p0bF+un5yUb9MBO6xRb8kPHlY2BdpHVtLiFkDrZPF64='; script-src "
        "'sha256-pHimAS2vI4Dm8s9MrIMHl4ZUu0zZpY7x8ZpQBee+zSw='; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
    expect(r, "<style>p{color:red}</style><SCRIPT>{>other.html}</script >{a}", scope_with(r, "x", NULL),
           "<style>p{color:red}</style><SCRIPT>var a = {b: 1};</script >x");
}

static void test_values_are_refused_where_escaping_does_not_help(void **state)
{
    struct rig *r = *state;
    static const char *const pages[] = {
        "<a href=\"{a}\">",
        "<a href=\"x{a}\">",
        "<img src='{a}'>",
        "<form action=\"{a}\">",
        "<p onclick=\"{a}\">",
        "<p style=\"{a}\">",
        "<p class={a}>",
        "<p {a}>",
        "<{a}>",
        "<!-- {a} -->",
        "<!doctype {a}>",
        "<p \"{a}\">",
        "<p x=y\"{a}\">",
        "<iframe srcdoc=\"{a}\">",
        "</p {a}>",
        "<button formaction=\"{@hello}\">",
        "<p ONCLICK=\"{a}\">",
        "<p\nonload\n=\n'{a}'>",
        "<meta content='{a}'>",
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(pages); i++)
        if (load(r, pages[i]))
            fail_msg("%s was taken", pages[i]);
    assert_non_null(load(r, "<form action=\"{to}\"><a href=\"#f-{a}\">"));
    /* In script and style a name in braces is nothing but text. */
    expect(r, "<script>{a}</script><style>{a}</style>{b}", scope_with(r, "1", "2"),
           "<script>{a}</script><style>{a}</style>2");
}

static void test_faults_tell_file_line_and_column(void **state)
{
    struct rig *r = *state;

    expect_fault(r, "one\ntwo {c}", "page:2:5: \"c\": the server has no value of this name");
    expect_fault(r, "{@nothing}", "page:1:1: \"nothing\": there is no such text");
    expect_fault(r, "{#a}", "\"a\": the section is not closed");
    expect_fault(r, "{#a}{/b}", "page:1:5: \"b\": closes a section that is not the innermost");
    expect_fault(r, "{/a}", "page:1:1: \"a\": closes a section that is not open");
    expect_fault(r, "{#a}<p {/a}>", "must end where it begins");
    expect_fault(r, "{list}", "is not a text");
    expect_fault(r, "{!a}", "is not a template");
    expect_fault(r, "{part}", "is not a text");
    expect_fault(r, "x { y", "page:1:3: this brace begins neither");
    expect_fault(r, "{>missing.html}", "there is no such file");
    expect_fault(r, "{>../x.html}", "this brace begins neither");
    expect_fault(r, "{>.hidden}", "is not the name of a file");
    expect_fault(r, "<p", "the page ends within a tag");
    expect_fault(r, "<script>", "the page ends within a tag");
    expect_fault(r, "\xff", "not UTF-8");
    r->other = "\n{c}";
    expect_fault(r, "{>other.html}", "other.html:2:1: \"c\"");
    r->other = "{>other.html}";
    expect_fault(r, "{>other.html}", "too deeply");
    expect_fault(r, "{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}{#a}", "too deeply");
}

static void test_a_short_arena_shows_as_overflow(void **state)
{
    struct rig *r = *state;
    struct ecs_arena *small = ecs_arena_new(NULL, 4096);
    struct sheet_scope *s = sheet_scope_new(small);
    const struct sheet_template *t = load(r, "{a}");
    struct ecs_buf out = {0};

    for (int i = 0; i < 1000; i++)
        sheet_put(s, "a", ECS_STR("x"));
    sheet_render(t, s, NULL, &out);
    assert_true(out.overflow);
    ecs_buf_done(&out);
    ecs_arena_free(small);
    sheet_render(t, NULL, NULL, &out);
    assert_true(out.overflow);
    ecs_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_are_escaped_in_text_and_in_attributes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_of_texts_are_escaped_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sections_follow_conditions_texts_and_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parts_and_files_are_put_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_script_and_style_are_named_by_digest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_are_refused_where_escaping_does_not_help, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_faults_tell_file_line_and_column, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_short_arena_shows_as_overflow, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
