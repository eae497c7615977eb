/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: values of every type, secrets, lists, snapshots and their comparison. */
#include <pthread.h>

#include "conf_fixture.h"

static void test_tables_of_the_tests_are_right(void **state)
{
    struct fixture *f = *state;

    assert_true(ecs_conf_check_tables(sections, &f->faults));
    assert_int_equal(f->faults.count, 0);
}

static void test_empty_file_gives_the_defaults(void **state)
{
    static const char *const texts[] = {"", "http:\npeers:\n", "http: {}\npeers: []\n", "http: ~\n"};

    for (size_t i = 0; i < ECS_ARRAY_LEN(texts); i++) {
        struct ecs_conf *conf = accept(*state, texts[i]);
        const struct http *http = ecs_conf_get(conf, "http");
        size_t n = 9;

        assert_non_null(http);
        assert_true(http->post);
        assert_int_equal(http->port, 443);
        assert_int_equal(http->body_max, 65536);
        assert_int_equal(http->idle_s, 75);
        assert_int_equal(http->limit_ms, 250);
        assert_string_equal(http->listen, "[::]");
        assert_null(http->certificate);
        assert_int_equal(http->mode, MODE_DEMO);
        assert_int_equal(http->names.n, 2);
        assert_string_equal(http->names.items[1].p, "b");
        assert_int_equal(http->codes.n, 0);
        assert_null(http->key);
        assert_null(ecs_conf_list(conf, "peers", &n));
        assert_int_equal(n, 0);
        assert_null(ecs_conf_get(conf, "quota"));
        ecs_conf_unref(conf);
    }
}

static void test_all_types_are_read(void **state)
{
    struct ecs_conf *conf = accept(*state, "http:\n"
                                           "  post: No\n"
                                           "  port: 8443\n"
                                           "  body_max: 2M\n"
                                           "  idle: 2h\n"
                                           "  limit: 3s\n"
                                           "  listen: \"1.2.3.4\"\n"
                                           "  certificate: /dev/null\n"
                                           "  mode: production\n"
                                           "  names: [x, '7', z]\n"
                                           "  codes:\n"
                                           "    - 3\n"
                                           "    - 0\n"
                                           "  key: in the file\n"
                                           "  keys: [k1, k2]\n");
    const struct http *http = ecs_conf_get(conf, "http");

    assert_false(http->post);
    assert_int_equal(http->port, 8443);
    assert_int_equal(http->body_max, 2097152);
    assert_int_equal(http->idle_s, 7200);
    assert_int_equal(http->limit_ms, 3000);
    assert_string_equal(http->listen, "1.2.3.4");
    assert_string_equal(http->certificate, "/dev/null");
    assert_int_equal(http->mode, MODE_PRODUCTION);
    assert_int_equal(http->names.n, 3);
    assert_true(ecs_str_eq(http->names.items[1], ECS_STR("7")));
    assert_int_equal(http->codes.n, 2);
    assert_int_equal(http->codes.items[0], 3);
    assert_int_equal(http->codes.items[1], 0);
    assert_string_equal(http->key, "in the file");
    assert_int_equal(http->keys.n, 2);
    assert_string_equal(http->keys.items[1].p, "k2");
    ecs_conf_unref(conf);
}

static void test_every_unit_of_time_and_size_counts(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } idle[] = {{"1s", 1}, {"2m", 120}, {"3h", 10800}, {"4d", 345600}},
      limit[] = {{"10ms", 10}, {"2s", 2000}, {"1m", 60000}},
      size[] = {{"1024", 1024}, {"2k", 2048}, {"1M", 1 << 20}};
    char text[64];

    for (size_t i = 0; i < ECS_ARRAY_LEN(idle); i++) {
        snprintf(text, sizeof(text), "http: {idle: %s}", idle[i].text);
        struct ecs_conf *conf = accept(*state, text);

        assert_int_equal(((const struct http *)ecs_conf_get(conf, "http"))->idle_s, idle[i].value);
        ecs_conf_unref(conf);
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(limit); i++) {
        snprintf(text, sizeof(text), "http: {limit: %s}", limit[i].text);
        struct ecs_conf *conf = accept(*state, text);

        assert_int_equal(((const struct http *)ecs_conf_get(conf, "http"))->limit_ms, limit[i].value);
        ecs_conf_unref(conf);
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(size); i++) {
        snprintf(text, sizeof(text), "http: {body_max: %s}", size[i].text);
        struct ecs_conf *conf = accept(*state, text);

        assert_int_equal(((const struct http *)ecs_conf_get(conf, "http"))->body_max, size[i].value);
        ecs_conf_unref(conf);
    }
}

static void test_list_section_becomes_an_array(void **state)
{
    struct ecs_conf *conf = accept(*state, "peers:\n  - host: a\n  - {weight: 7, host: b}\n");
    size_t n;
    const struct peer *peers = ecs_conf_list(conf, "peers", &n);

    assert_int_equal(n, 2);
    assert_string_equal(peers[0].host, "a");
    assert_int_equal(peers[0].weight, 1);
    assert_string_equal(peers[1].host, "b");
    assert_int_equal(peers[1].weight, 7);
    assert_null(ecs_conf_get(conf, "peers"));
    assert_null(ecs_conf_list(conf, "http", &n));
    assert_int_equal(n, 0);
    assert_null(ecs_conf_get(conf, "nothing"));
    ecs_conf_unref(conf);
}

static void test_secret_comes_from_a_file_and_is_trimmed(void **state)
{
    struct fixture *f = *state;
    struct ecs_conf *conf;
    const struct http *http;
    char text[200];

    write_secret(f, " \tpass word\r\n\n", 14);
    snprintf(text, sizeof(text), "http:\n  key: file:%s\n  keys: [plain, 'file:%s']\n", f->path, f->path);
    conf = accept(f, text);
    http = ecs_conf_get(conf, "http");
    assert_string_equal(http->key, "pass word");
    assert_true(ecs_str_eq(http->keys.items[0], ECS_STR("plain")));
    assert_true(ecs_str_eq(http->keys.items[1], ECS_STR("pass word")));
    ecs_conf_unref(conf);
}

static void test_secret_comes_from_a_credential(void **state)
{
    struct fixture *f = *state;
    struct ecs_conf *conf;
    char expected[64];

    refuse(f, "http:\n  key: credential:secret\n",
           "c.yaml:2:8: http.key: credential secret is not available: CREDENTIALS_DIRECTORY is not set (see "
           "LoadCredential= of systemd)");
    setenv("CREDENTIALS_DIRECTORY", f->directory, 1);
    write_secret(f, "s3cret\n", 7);
    conf = accept(f, "http:\n  key: credential:secret\n  certificate: credential:secret\n");
    assert_string_equal(((const struct http *)ecs_conf_get(conf, "http"))->key, "s3cret");
    snprintf(expected, sizeof(expected), "%s/secret", f->directory);
    assert_string_equal(((const struct http *)ecs_conf_get(conf, "http"))->certificate, expected);
    ecs_conf_unref(conf);
    refuse(f, "http:\n  key: credential:../secret\n",
           "c.yaml:2:8: http.key: credential: must be followed by the plain name of a credential");
    refuse(f, "http:\n  key: credential:a/b\n",
           "c.yaml:2:8: http.key: credential: must be followed by the plain name of a credential");
    refuse(f, "http:\n  certificate: 'credential:'\n",
           "c.yaml:2:16: http.certificate: credential: must be followed by the plain name of a credential");
}

static void test_only_secrets_are_read_from_files(void **state)
{
    struct ecs_conf *conf = accept(*state, "http: {listen: 'file:/etc/passw'}\n");

    assert_string_equal(((const struct http *)ecs_conf_get(conf, "http"))->listen, "file:/etc/passw");
    ecs_conf_unref(conf);
}

static void test_snapshot_is_loaded_from_a_file(void **state)
{
    struct fixture *f = *state;
    struct ecs_conf *conf;

    write_secret(f, "http: {port: 5}\n", 16);
    conf = ecs_conf_load(f->path, sections, &f->faults);
    assert_non_null(conf);
    assert_int_equal(((const struct http *)ecs_conf_get(conf, "http"))->port, 5);
    ecs_conf_unref(conf);
    assert_null(ecs_conf_load("/nonexistent.yaml", sections, &f->faults));
    assert_string_equal(f->faults.first->text,
                        "/nonexistent.yaml: cannot be read: No such file or directory");
}

static void assert_diff(struct fixture *f, const char *before_text, const char *after_text,
                        const char *expected)
{
    struct ecs_conf *before = accept(f, before_text), *after = accept(f, after_text);
    struct ecs_str_list diff = ecs_conf_restart_diff(before, after, f->arena);
    struct ecs_buf joined = {0};

    for (size_t i = 0; i < diff.n; i++)
        ecs_buf_printf(&joined, "%s%s", i ? " " : "", diff.items[i].p);
    ecs_buf_add_char(&joined, '\0');
    assert_string_equal(joined.p, expected);
    ecs_buf_done(&joined);
    ecs_conf_unref(before);
    ecs_conf_unref(after);
}

static void test_changes_that_need_a_restart_are_listed(void **state)
{
    assert_diff(*state, "", "", "");
    assert_diff(*state, "", "http: {port: 443, listen: '[::]'}\n", "");
    assert_diff(*state, "", "http: {limit: 5s, mode: production, names: [], codes: [1]}\n", "");
    assert_diff(*state, "", "http: {port: 444, listen: '::1', limit: 5s}\n", "http.port http.listen");
    assert_diff(*state, "http: {key: one}\n", "http: {key: two}\n", "http.key");
    assert_diff(*state, "http: {key: one}\n", "", "http.key");
    assert_diff(*state, "peers: [{host: a}, {host: b}]\n", "peers: [{host: a}, {host: c, weight: 9}]\n",
                "peers[2].host");
    assert_diff(*state, "peers: [{host: a}]\n", "peers: [{host: b}, {host: c}]\n", "peers peers[1].host");
    assert_diff(*state, "quota: {high: 5}\n", "quota: {high: 6}\n", "");
    assert_diff(*state, "quota: {high: 5}\n", "", "");
}

static void test_small_arena_shortens_the_list_of_changes(void **state)
{
    struct fixture *f = *state;
    struct ecs_conf *before = accept(f, ""), *after = accept(f, "http: {port: 1, listen: '::1'}\n");

    for (size_t limit = 16; limit < 600; limit += 16) {
        struct ecs_arena *small = ecs_arena_new(NULL, limit);
        struct ecs_str_list diff = ecs_conf_restart_diff(before, after, small);

        assert_true(diff.n <= 2);
        for (size_t i = 0; i < diff.n; i++)
            assert_non_null(diff.items[i].p);
        ecs_arena_free(small);
    }
    ecs_conf_unref(before);
    ecs_conf_unref(after);
}

static void *use_snapshot(void *arg)
{
    struct ecs_conf *conf = arg;

    for (int i = 0; i < 2000; i++) {
        ecs_conf_ref(conf);
        if (((const struct http *)ecs_conf_get(conf, "http"))->port != 443)
            return conf;
        ecs_conf_unref(conf);
    }
    ecs_conf_unref(conf);
    return NULL;
}

static void test_snapshot_lives_until_its_last_user_is_done(void **state)
{
    struct ecs_conf *conf = accept(*state, "");
    pthread_t threads[4];
    void *failed;

    for (size_t i = 0; i < ECS_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_snapshot, ecs_conf_ref(conf)), 0);
    ecs_conf_unref(conf);
    for (size_t i = 0; i < ECS_ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_null(ecs_conf_ref(NULL));
    ecs_conf_unref(NULL);
}

static bool find_no_secret(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct http *http = section;

    (void)faults;
    return strcmp(http->key, "hunter2") == 0 && ecs_yaml_get(node, "key")->text.n == 0 &&
           ecs_yaml_get(node, "keys")->child->text.n == 0;
}

static void test_check_of_a_module_sees_no_secret_in_the_tree(void **state)
{
    struct fixture *f = *state;
    const struct ecs_section table[] = {{.name = "http",
                                         .settings = http_settings,
                                         .size = sizeof(struct http),
                                         .check = find_no_secret,
                                         .help = "H."},
                                        {.name = NULL}};
    struct ecs_conf *conf =
        ecs_conf_parse("c.yaml", ECS_STR("http: {key: hunter2, keys: [hunter3]}\n"), table, &f->faults);

    assert_non_null(conf);
    ecs_conf_unref(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_tables_of_the_tests_are_right),
        CASE(test_empty_file_gives_the_defaults),
        CASE(test_all_types_are_read),
        CASE(test_every_unit_of_time_and_size_counts),
        CASE(test_list_section_becomes_an_array),
        CASE(test_secret_comes_from_a_file_and_is_trimmed),
        CASE(test_secret_comes_from_a_credential),
        CASE(test_only_secrets_are_read_from_files),
        CASE(test_snapshot_is_loaded_from_a_file),
        CASE(test_changes_that_need_a_restart_are_listed),
        CASE(test_small_arena_shortens_the_list_of_changes),
        CASE(test_snapshot_lives_until_its_last_user_is_done),
        CASE(test_check_of_a_module_sees_no_secret_in_the_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
