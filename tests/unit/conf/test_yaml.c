/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML tree: positions, refusals and what hostile files do to the reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ecs/buf.h"
#include "ecs/yaml.h"

struct fixture {
    struct ecs_arena *arena;
    struct ecs_faults faults;
    char directory[32];
};

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->arena = ecs_arena_new(NULL, 64 << 20);
    assert_non_null(f->arena);
    ecs_faults_init(&f->faults, f->arena);
    strcpy(f->directory, "/tmp/ecs-yaml-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    rmdir(f->directory);
    ecs_arena_free(f->arena);
    free(f);
    return 0;
}

static struct ecs_yaml_node *parse(struct fixture *f, const char *text)
{
    return ecs_yaml_parse(f->arena, "t.yaml", ecs_str_of(text), &f->faults);
}

static void assert_text(const struct ecs_yaml_node *node, const char *text)
{
    assert_non_null(node);
    assert_int_equal(node->kind, ECS_YAML_SCALAR);
    assert_int_equal(node->text.n, strlen(text));
    assert_string_equal(node->text.p, text);
}

/* The only fault, word by word. */
static void assert_fault(struct fixture *f, const char *text, const char *fault)
{
    ecs_faults_init(&f->faults, f->arena);
    assert_null(parse(f, text));
    assert_int_equal(f->faults.count, 1);
    assert_string_equal(f->faults.first->text, fault);
}

static void test_tree_keeps_order_places_and_quotes(void **state)
{
    struct fixture *f = *state;
    struct ecs_yaml_node *root = parse(f, "b: 1\na:\n  - x\n  - \"2\"\nc: {d: 'e', f: }\n");
    struct ecs_yaml_node *a, *d;

    assert_non_null(root);
    assert_int_equal(f->faults.count, 0);
    assert_int_equal(root->kind, ECS_YAML_MAPPING);
    assert_int_equal(root->count, 3);
    assert_text(root->child, "1");
    assert_string_equal(root->child->key.p, "b");
    assert_false(root->child->quoted);
    a = ecs_yaml_get(root, "a");
    assert_non_null(a);
    assert_ptr_equal(root->child->next, a);
    assert_int_equal(a->kind, ECS_YAML_SEQUENCE);
    assert_int_equal(a->count, 2);
    assert_int_equal(a->key_line, 2);
    assert_int_equal(a->key_column, 1);
    assert_text(a->child, "x");
    assert_int_equal(a->child->next->line, 4);
    assert_int_equal(a->child->next->column, 5);
    assert_true(a->child->next->quoted);
    d = ecs_yaml_get(ecs_yaml_get(root, "c"), "d");
    assert_text(d, "e");
    assert_string_equal(d->file, "t.yaml");
    assert_text(ecs_yaml_get(ecs_yaml_get(root, "c"), "f"), "");
}

static void test_get_asks_mappings_only(void **state)
{
    struct fixture *f = *state;
    struct ecs_yaml_node *root = parse(f, "a: [b]\n");

    assert_null(ecs_yaml_get(root, "b"));
    assert_null(ecs_yaml_get(ecs_yaml_get(root, "a"), "b"));
    assert_null(ecs_yaml_get(NULL, "a"));
    assert_null(ecs_yaml_get(ecs_yaml_get(root, "a")->child, "a"));
}

static void test_empty_file_is_an_empty_mapping(void **state)
{
    static const char *const texts[] = {"",     "# only a comment\n", "---\n", "---\n...\n",
                                        "\n\n", "\xEF\xBB\xBF"};
    struct fixture *f = *state;

    for (size_t i = 0; i < ECS_ARRAY_LEN(texts); i++) {
        struct ecs_yaml_node *root = parse(f, texts[i]);

        assert_non_null(root);
        assert_int_equal(root->kind, ECS_YAML_MAPPING);
        assert_int_equal(root->count, 0);
        assert_null(root->child);
    }
    assert_int_equal(f->faults.count, 0);
}

static void test_block_texts_keep_their_lines(void **state)
{
    struct fixture *f = *state;
    struct ecs_yaml_node *root = parse(f, "a: |\n  one\n  two\nb: >\n  one\n  two\nc: \"\\u00e9\\n\"\n");

    assert_text(ecs_yaml_get(root, "a"), "one\ntwo\n");
    assert_text(ecs_yaml_get(root, "b"), "one two\n");
    assert_text(ecs_yaml_get(root, "c"), "\xc3\xa9\n");
}

static void test_duplicate_key_is_refused_with_both_places(void **state)
{
    assert_fault(*state, "a: 1\nb: 2\n'a': 3\n", "t.yaml:3:1: key \"a\" stands twice, first in line 1");
    assert_fault(*state, "x:\n  - {k: 1, k: 1}\n", "t.yaml:2:12: key \"k\" stands twice, first in line 2");
}

static void test_aliases_anchors_and_tags_are_refused(void **state)
{
    struct fixture *f = *state;

    assert_fault(f, "a: &x 1\n", "t.yaml:1:4: anchors (&name) are not supported");
    assert_fault(f, "a: !!str 1\n", "t.yaml:1:4: tags (!type) are not supported");
    assert_fault(f, "a: ! 1\n", "t.yaml:1:4: tags (!type) are not supported");
    assert_fault(f, "a: !!map {b: 1}\n", "t.yaml:1:4: tags (!type) are not supported");
    assert_fault(f, "a: !secret [b]\n", "t.yaml:1:4: tags (!type) are not supported");
    assert_fault(f, "b: *x\n", "t.yaml:1:4: aliases (*name) are not supported");
    assert_fault(f, "*x : 1\n", "t.yaml:1:1: aliases (*name) are not supported");
}

static void test_keys_must_be_texts_and_documents_single(void **state)
{
    assert_fault(*state, "? [a, b]\n: 1\n", "t.yaml:1:3: a key must be a plain text");
    assert_fault(*state, "? {a: b}\n: 1\n", "t.yaml:1:3: a key must be a plain text");
    assert_fault(*state, "a: 1\n---\nb: 2\n", "t.yaml:2:1: only one document (---) per file is supported");
}

static void test_malformed_text_is_told_with_its_place(void **state)
{
    struct fixture *f = *state;

    assert_null(parse(f, "a: [1, 2\nb: 3\n"));
    assert_int_equal(f->faults.count, 1);
    assert_non_null(strstr(f->faults.first->text, "t.yaml:2:2: not well-formed YAML: "));
    ecs_faults_init(&f->faults, f->arena);
    assert_null(parse(f, "ok: 1\na: \xff\xfe\n"));
    assert_non_null(strstr(f->faults.first->text, "t.yaml:2:4: not UTF-8 text"));
    assert_fault(f, "a: \"b\\0c\"\n", "t.yaml:1:4: a value must not contain a NUL character");
    assert_fault(f, "\"a\\0\": 1\n", "t.yaml:1:1: a value must not contain a NUL character");
    ecs_faults_init(&f->faults, f->arena);
    assert_null(ecs_yaml_parse(f->arena, "t.yaml", ECS_STR("a: b\0c\n"), &f->faults));
    assert_int_equal(f->faults.count, 1);
}

static void test_deep_nesting_ends_at_the_limit(void **state)
{
    struct fixture *f = *state;
    struct ecs_buf text = {0};

    for (int i = 0; i < 32; i++)
        ecs_buf_add_char(&text, '[');
    for (int i = 0; i < 32; i++)
        ecs_buf_add_char(&text, ']');
    assert_non_null(ecs_yaml_parse(f->arena, "t.yaml", ecs_buf_str(&text), &f->faults));
    ecs_buf_reset(&text);
    for (int i = 0; i < 200000; i++)
        ecs_buf_add_char(&text, i % 2 ? '{' : '[');
    assert_null(ecs_yaml_parse(f->arena, "t.yaml", ecs_buf_str(&text), &f->faults));
    assert_int_equal(f->faults.count, 1);
    ecs_buf_reset(&text);
    for (int i = 0; i < 40; i++) {
        for (int k = 0; k < i; k++)
            ecs_buf_add_char(&text, ' ');
        ecs_buf_add_cstr(&text, "a:\n");
    }
    ecs_faults_init(&f->faults, f->arena);
    assert_null(ecs_yaml_parse(f->arena, "t.yaml", ecs_buf_str(&text), &f->faults));
    assert_string_equal(f->faults.first->text, "t.yaml:33:33: the file nests deeper than 32 levels");
    ecs_buf_done(&text);
}

static void test_nested_aliases_cannot_multiply(void **state)
{
    struct fixture *f = *state;

    assert_null(parse(f, "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]\n"));
    assert_int_equal(f->faults.count, 12);
}

static void test_many_keys_are_compared_in_short_time(void **state)
{
    struct fixture *f = *state;
    struct ecs_buf text = {0};
    struct ecs_yaml_node *root;

    for (int i = 0; i < 20000; i++)
        ecs_buf_printf(&text, "key_%d: 1\n", i);
    root = ecs_yaml_parse(f->arena, "t.yaml", ecs_buf_str(&text), &f->faults);
    assert_non_null(root);
    assert_int_equal(root->count, 20000);
    assert_non_null(ecs_yaml_get(root, "key_19999"));
    ecs_buf_add_cstr(&text, "key_17: 2\n");
    assert_null(ecs_yaml_parse(f->arena, "t.yaml", ecs_buf_str(&text), &f->faults));
    assert_string_equal(f->faults.first->text,
                        "t.yaml:20001:1: key \"key_17\" stands twice, first in line 18");
    ecs_buf_done(&text);
}

static void test_small_arena_gives_a_fault_and_no_tree(void **state)
{
    struct fixture *f = *state;

    for (size_t limit = 64; limit < 4096; limit += 64) {
        struct ecs_arena *small = ecs_arena_new(NULL, limit);
        struct ecs_yaml_node *root;

        assert_non_null(small);
        ecs_faults_init(&f->faults, f->arena);
        root =
            ecs_yaml_parse(small, "t.yaml", ECS_STR("a: [1, 2, {b: c}]\nd: {e: [f, g, h, i]}\n"), &f->faults);
        assert_true((root != NULL) == (f->faults.count == 0));
        ecs_arena_free(small);
    }
    assert_int_equal(f->faults.count, 0);
}

static void test_faults_survive_an_exhausted_arena(void **state)
{
    struct ecs_arena *small = ecs_arena_new(NULL, 64);
    struct ecs_faults faults;

    (void)state;
    ecs_faults_init(&faults, small);
    for (int i = 0; i < 10; i++)
        ecs_fault_add(&faults, "f", 1, 2, "a rather long text about fault number %d", i);
    assert_int_equal(faults.count, 10);
    for (const struct ecs_fault *fault = faults.first; fault; fault = fault->next)
        assert_non_null(fault->text);
    ecs_arena_free(small);
}

static void test_faults_are_counted_beyond_those_kept(void **state)
{
    struct fixture *f = *state;
    size_t kept = 0;

    for (int i = 0; i < 250; i++)
        ecs_fault_add(&f->faults, NULL, 0, 0, "fault %d", i);
    for (const struct ecs_fault *fault = f->faults.first; fault; fault = fault->next)
        kept++;
    assert_int_equal(f->faults.count, 250);
    assert_int_equal(kept, 100);
    assert_string_equal(f->faults.first->text, "fault 0");
}

static void test_fault_text_cannot_steer_a_terminal(void **state)
{
    assert_fault(*state, "\"\\e[2Jx\": 1\n\"\\e[2Jx\": 1\n",
                 "t.yaml:2:1: key \"?[2Jx\" stands twice, first in line 1");
}

static void test_fault_places_may_be_missing(void **state)
{
    struct fixture *f = *state;

    ecs_fault_at(&f->faults, NULL, "no place");
    ecs_fault_add(&f->faults, "a.yaml", 0, 0, "no line");
    ecs_fault_add(&f->faults, "a.yaml", 7, 3, "%s", "a place");
    assert_string_equal(f->faults.first->text, "no place");
    assert_string_equal(f->faults.first->next->text, "a.yaml: no line");
    assert_string_equal(f->faults.first->next->next->text, "a.yaml:7:3: a place");
}

static void write_file(const char *path, const char *text, size_t n)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void test_file_is_read_and_named_in_faults(void **state)
{
    struct fixture *f = *state;
    char path[64];

    snprintf(path, sizeof(path), "%s/a.yaml", f->directory);
    write_file(path, "a: b\n", 5);
    assert_text(ecs_yaml_get(ecs_yaml_load(f->arena, path, &f->faults), "a"), "b");
    write_file(path, "a: b\na: c\n", 10);
    assert_null(ecs_yaml_load(f->arena, path, &f->faults));
    assert_memory_equal(f->faults.first->text, path, strlen(path));
    assert_int_equal(unlink(path), 0);
}

static void test_files_that_are_no_files_are_refused(void **state)
{
    struct fixture *f = *state;
    char path[64], *zeros = calloc(1, (4 << 20) + 1);

    assert_non_null(zeros);
    assert_null(ecs_yaml_load(f->arena, f->directory, &f->faults));
    assert_non_null(strstr(f->faults.first->text, "not a regular file"));
    assert_null(ecs_yaml_load(f->arena, "/dev/zero", &f->faults));
    snprintf(path, sizeof(path), "%s/a.yaml", f->directory);
    assert_null(ecs_yaml_load(f->arena, path, &f->faults));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(ecs_yaml_load(f->arena, path, &f->faults));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(f->faults.count, 4);
    memset(zeros, '#', (4 << 20) + 1);
    write_file(path, zeros, 4 << 20);
    assert_non_null(ecs_yaml_load(f->arena, path, &f->faults));
    write_file(path, zeros, (4 << 20) + 1);
    ecs_faults_init(&f->faults, f->arena);
    assert_null(ecs_yaml_load(f->arena, path, &f->faults));
    assert_non_null(strstr(f->faults.first->text, "larger than 4096 KiB"));
    assert_int_equal(unlink(path), 0);
    free(zeros);
}

/* Bytes that mean something to the scanner, thrown together: no crash, and never a fault without NULL. */
static void test_random_bytes_do_no_harm(void **state)
{
    static const char alphabet[] = "ab: \n-[]{},&*!|>'\"%@`?#\t\\0~<=.\xc3\xa9\xff";
    struct fixture *f = *state;
    uint32_t seed = 12345;

    for (int round = 0; round < 3000; round++) {
        struct ecs_arena *arena = ecs_arena_new(NULL, 0);
        struct ecs_yaml_node *root;
        char text[80];

        assert_non_null(arena);
        for (size_t i = 0; i < sizeof(text); i++) {
            seed = seed * 1664525 + 1013904223;
            text[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }
        ecs_faults_init(&f->faults, arena);
        root = ecs_yaml_parse(arena, "t", (struct ecs_str){text, seed % sizeof(text)}, &f->faults);
        assert_true((root != NULL) == (f->faults.count == 0));
        ecs_arena_free(arena);
    }
    ecs_faults_init(&f->faults, f->arena);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_tree_keeps_order_places_and_quotes),
        CASE(test_get_asks_mappings_only),
        CASE(test_empty_file_is_an_empty_mapping),
        CASE(test_block_texts_keep_their_lines),
        CASE(test_duplicate_key_is_refused_with_both_places),
        CASE(test_aliases_anchors_and_tags_are_refused),
        CASE(test_keys_must_be_texts_and_documents_single),
        CASE(test_malformed_text_is_told_with_its_place),
        CASE(test_deep_nesting_ends_at_the_limit),
        CASE(test_nested_aliases_cannot_multiply),
        CASE(test_many_keys_are_compared_in_short_time),
        CASE(test_small_arena_gives_a_fault_and_no_tree),
        CASE(test_faults_survive_an_exhausted_arena),
        CASE(test_faults_are_counted_beyond_those_kept),
        CASE(test_fault_text_cannot_steer_a_terminal),
        CASE(test_fault_places_may_be_missing),
        CASE(test_file_is_read_and_named_in_faults),
        CASE(test_files_that_are_no_files_are_refused),
        CASE(test_random_bytes_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
