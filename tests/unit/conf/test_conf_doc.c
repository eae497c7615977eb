/* SPDX-License-Identifier: Apache-2.0 */
/* What is printed from the tables: sample file, manual, effective values; and the check of the tables. */
#include "conf_fixture.h"

/* The tables without what must be given, so that the sample is a complete file. */
static const struct ecs_setting free_peer_settings[] = {
    {ECS_KEY(STRING, "host", struct peer, host), .def = "a # b: \"c\"", .help = "Host."},
    {ECS_KEY(INT, "weight", struct peer, weight), .def = "1", .unit = "shares", .max = 10,
     .help = "Weight | share."},
    {.key = NULL},
};

static const struct ecs_section free_sections[] = {
    {.name = "http", .settings = http_settings, .size = sizeof(struct http), .help = "Front."},
    {.name = "peers",
     .settings = free_peer_settings,
     .size = sizeof(struct peer),
     .is_list = true,
     .help = "Peers."},
    {.name = "main",
     .settings = free_peer_settings,
     .size = sizeof(struct peer),
     .is_optional = true,
     .help =
         "A text that is longer than one line of the sample file may be, so that it has to be broken at a "
         "blank somewhere, and the rest goes on in a second line."},
    {.name = NULL},
};

static struct ecs_conf *load(struct fixture *f, const struct ecs_section *s, struct ecs_str text)
{
    struct ecs_conf *conf;

    ecs_faults_init(&f->faults, f->arena);
    conf = ecs_conf_parse("c.yaml", text, s, &f->faults);
    if (!conf)
        print_error("%s\n%.*s", f->faults.first->text, ECS_FMT(text));
    assert_non_null(conf);
    return conf;
}

static void assert_contains(const struct ecs_buf *buf, const char *part)
{
    assert_false(buf->overflow);
    if (ecs_str_find(ecs_buf_str(buf), ecs_str_of(part)) < 0)
        print_error("%.*s\nlacks: %s\n", ECS_FMT(ecs_buf_str(buf)), part);
    assert_true(ecs_str_find(ecs_buf_str(buf), ecs_str_of(part)) >= 0);
}

static void test_sample_as_printed_gives_the_defaults(void **state)
{
    struct ecs_buf sample = {0};
    struct ecs_conf *conf;
    size_t n;

    ecs_conf_write_sample(free_sections, &sample);
    conf = load(*state, free_sections, ecs_buf_str(&sample));
    assert_int_equal(((const struct http *)ecs_conf_get(conf, "http"))->port, 443);
    assert_null(ecs_conf_list(conf, "peers", &n));
    assert_null(ecs_conf_get(conf, "main"));
    ecs_conf_unref(conf);
    ecs_buf_done(&sample);
}

/* Takes the # away in front of every setting that has a value. */
static void uncomment(struct ecs_buf *sample, struct ecs_buf *out)
{
    struct ecs_str rest = ecs_buf_str(sample), line;

    while (ecs_str_cut(&rest, '\n', &line)) {
        ptrdiff_t mark = ecs_str_find(line, ECS_STR("#"));
        bool is_setting = mark >= 0 && (size_t)mark + 1 < line.n && line.p[mark + 1] != ' ';
        bool lacks_value = is_setting && mark > 0 && line.p[line.n - 1] == ':';

        if (lacks_value)
            continue;
        for (size_t i = 0; i < line.n; i++)
            if (!is_setting || (ptrdiff_t)i != mark)
                ecs_buf_add_char(out, line.p[i]);
        ecs_buf_add_char(out, '\n');
    }
}

static void test_sample_without_comment_signs_gives_the_defaults(void **state)
{
    struct ecs_buf sample = {0}, bare = {0};
    const struct peer *peers;
    struct ecs_conf *conf;
    size_t n;

    ecs_conf_write_sample(free_sections, &sample);
    uncomment(&sample, &bare);
    conf = load(*state, free_sections, ecs_buf_str(&bare));
    peers = ecs_conf_list(conf, "peers", &n);
    assert_int_equal(n, 1);
    assert_string_equal(peers[0].host, "a # b: \"c\"");
    assert_int_equal(peers[0].weight, 1);
    assert_non_null(ecs_conf_get(conf, "main"));
    assert_int_equal(((const struct http *)ecs_conf_get(conf, "http"))->names.n, 2);
    assert_string_equal(((const struct http *)ecs_conf_get(conf, "http"))->listen, "[::]");
    ecs_conf_unref(conf);
    ecs_buf_done(&sample);
    ecs_buf_done(&bare);
}

static void test_sample_tells_unit_range_and_meaning(void **state)
{
    struct ecs_buf sample = {0};
    struct ecs_str rest, line;

    (void)state;
    ecs_conf_write_sample(sections, &sample);
    ecs_conf_write_sample(free_sections, &sample);
    assert_contains(&sample, "  # Port. (number; 1 to 65535; a change needs a restart)\n  #port: 443\n");
    assert_contains(&sample, "  # Largest body. (size; 1k to 4M)\n  #body_max: 64k\n");
    assert_contains(&sample, "  # Mode. (choice; demo, production)\n  #mode: demo\n");
    assert_contains(&sample, "  # Idle. (time; at least 1s)\n  #idle: 75s\n");
    assert_contains(&sample,
                    "  # Key. (text; secret: also file:/path or credential:name; a change needs a restart)\n"
                    "  #key:\n");
    assert_contains(&sample,
                    "# Peers.\npeers:\n  # Host. (text; required; a change needs a restart)\n  #- host:\n"
                    "  # Weight. (number)\n  #  weight: 1\n");
    assert_contains(&sample, "  # Weight | share. (number; shares, 0 to 10)\n");
    assert_contains(&sample, "\n#quota:\n");
    for (rest = ecs_buf_str(&sample); ecs_str_cut(&rest, '\n', &line);)
        assert_true(line.n <= 110);
    ecs_buf_done(&sample);
}

static void test_manual_has_a_table_for_each_section(void **state)
{
    struct ecs_buf manual = {0};

    (void)state;
    ecs_conf_write_manual(sections, &manual);
    ecs_conf_write_manual(free_sections, &manual);
    assert_contains(&manual,
                    "\n### `http`\n\nFront.\n\n| Setting | Type | Default | Limits | Change | Meaning |\n");
    assert_contains(&manual, "\n| `port` | number | `443` | 1 to 65535 | restart | Port. |\n");
    assert_contains(&manual, "\n| `mode` | choice | `demo` | `demo`, `production` | live | Mode. |\n");
    assert_contains(&manual,
                    "\n| `names` | list of texts | `[\"a\", \"b\"]` | at most 3 entries | live | Names. |\n");
    assert_contains(&manual, "\n| `codes` | list of numbers | `[]` | 0 to 9 | live | Codes. |\n");
    assert_contains(&manual,
                    "\n| `certificate` | path | not set |  | restart | File. The file must exist. |\n");
    assert_contains(&manual, "\n| `key` | text | not set |  | restart | Key. Secret. |\n");
    assert_contains(&manual, "Peers. A list; each entry has these settings:\n");
    assert_contains(&manual, "\n| `host` | text | **required** |  | restart | Host. |\n");
    assert_contains(&manual, "| Weight \\| share. |\n");
    assert_contains(&manual, "Quota. Off when the section is left out.\n");
    assert_contains(&manual, "| short time | a time with its unit such as 250ms, 30s or 5m |\n");
    ecs_buf_done(&manual);
}

static void assert_same_dump(struct fixture *f, const char *text)
{
    struct ecs_conf *first = load(f, free_sections, ecs_str_of(text)), *second;
    struct ecs_buf dump = {0}, again = {0};

    ecs_conf_dump(first, &dump);
    second = load(f, free_sections, ecs_buf_str(&dump));
    ecs_conf_dump(second, &again);
    assert_int_equal(dump.n, again.n);
    assert_memory_equal(dump.p, again.p, dump.n);
    assert_int_equal(ecs_conf_restart_diff(first, second, f->arena).n, 0);
    ecs_conf_unref(first);
    ecs_conf_unref(second);
    ecs_buf_done(&dump);
    ecs_buf_done(&again);
}

static void test_dump_can_be_loaded_again(void **state)
{
    assert_same_dump(*state, "");
    assert_same_dump(*state,
                     "http: {port: 1, idle: 90s, limit: 1500ms, body_max: 1025, post: off, mode: production,"
                     " names: ['x: y', \"#\"], codes: [1, 2], listen: \"\\u00e9\\n\\t\\\"\\\\ - ~\","
                     " certificate: /dev/null}\n"
                     "peers: [{host: 'null'}, {weight: 3, host: ''}]\nmain: {}\n");
}

static void test_dump_shows_effective_values(void **state)
{
    struct ecs_conf *conf = accept(*state, "http: {idle: 120s, limit: 1500ms}\npeers: [{host: h}]\n");
    struct ecs_buf dump = {0};

    ecs_conf_dump(conf, &dump);
    assert_contains(&dump,
                    "http:\n  post: true\n  port: 443\n  body_max: 64k\n  idle: 2m\n  limit: 1500ms\n");
    assert_contains(&dump, "  # certificate: not set\n  mode: demo\n  names: [\"a\", \"b\"]\n  codes: []\n");
    assert_contains(&dump, "peers:\n  - host: \"h\"\n    weight: 1\n# quota: not configured\n");
    ecs_buf_done(&dump);
    ecs_conf_unref(conf);
}

static void test_secrets_show_up_nowhere(void **state)
{
    struct fixture *f = *state;
    struct ecs_conf *conf = accept(f, "http: {key: hunter2, keys: [hunter2, hunter2]}\n");
    struct ecs_buf dump = {0};

    ecs_conf_dump(conf, &dump);
    assert_contains(&dump, "  key: \"(hidden)\"\n  keys: [\"(hidden)\"]\n");
    assert_true(ecs_str_find(ecs_buf_str(&dump), ECS_STR("hunter2")) < 0);
    ecs_buf_done(&dump);
    ecs_conf_unref(conf);
    assert_null(parse(f, "http: {key: [hunter2], keys: hunter2}\n"));
    assert_int_equal(f->faults.count, 2);
    assert_null(parse(f, "http: {key: {hunter2: 1}, keys: [[hunter2]]}\n"));
    assert_int_equal(f->faults.count, 2);
    for (const struct ecs_fault *fault = f->faults.first; fault; fault = fault->next)
        assert_null(strstr(fault->text, "hunter2"));
}

/* One wrong row, and the fault that it gives. */
static void assert_table_fault(struct fixture *f, struct ecs_setting row, const char *text)
{
    struct ecs_setting rows[] = {http_settings[0], row, {.key = NULL}};
    struct ecs_section table[] = {{.name = "s", .settings = rows, .size = sizeof(struct http), .help = "S."},
                                  {.name = NULL}};

    ecs_faults_init(&f->faults, f->arena);
    assert_false(ecs_conf_check_tables(table, &f->faults));
    assert_int_equal(f->faults.count, 1);
    assert_string_equal(f->faults.first->text, text);
}

static void test_wrong_rows_are_found(void **state)
{
    const struct ecs_setting good = {ECS_KEY(INT, "port", struct http, port), .def = "5", .help = "P."};
    struct ecs_setting row = good;

    row.def = "x";
    assert_table_fault(*state, row, "table: s.port: the default is refused: \"x\" is not a whole number");
    row = good, row.min = 6, row.max = 9;
    assert_table_fault(*state, row,
                       "table: s.port: the default is refused: 5 is out of range, allowed: 6 to 9");
    row = good, row.min = 6, row.max = 5;
    assert_table_fault(*state, row, "table: s.port: the range is empty");
    row = good, row.key = "Port";
    assert_table_fault(*state, row, "table: s.Port: a key consists of lower case letters, digits and _");
    row = good, row.key = "post";
    assert_table_fault(*state, row, "table: s.post: the key stands twice");
    row = good, row.help = "";
    assert_table_fault(*state, row, "table: s.port: the help is missing");
    row = good, row.offset = sizeof(struct http) - 4;
    assert_table_fault(*state, row, "table: s.port: the field lies outside of the struct");
    row = good, row.offset = offsetof(struct http, post);
    assert_table_fault(*state, row, "table: s.port: the field is filled by two settings");
    row = good, row.flags = ECS_SETTING_SECRET;
    assert_table_fault(*state, row, "table: s.port: only a text can be a secret");
    row = good, row.flags = ECS_SETTING_FILE_MUST_EXIST;
    assert_table_fault(*state, row, "table: s.port: only a path can name a file that must exist");
    row = good, row.flags = ECS_SETTING_REQUIRED;
    assert_table_fault(*state, row, "table: s.port: a required setting has no default");
    row = good, row.names = mode_names;
    assert_table_fault(*state, row, "table: s.port: names belong to a choice, and to nothing else");
    row = (struct ecs_setting){ECS_KEY(ENUM, "mode", struct http, mode), .names = mode_names, .help = "M."};
    assert_table_fault(*state, row, "table: s.mode: a choice needs a default");
    row.type = ECS_SETTING_COUNT;
    assert_table_fault(*state, row, "table: s.mode: the type is unknown");
}

static void test_wrong_sections_are_found(void **state)
{
    struct fixture *f = *state;
    const struct ecs_section twice[] = {sections[0], sections[1], sections[0], {.name = NULL}};
    const struct ecs_section nameless[] = {
        {.name = "Http", .settings = peer_settings, .size = sizeof(struct peer), .help = "H."},
        {.name = NULL}};

    assert_false(ecs_conf_check_tables(twice, &f->faults));
    assert_int_equal(f->faults.count, 1);
    assert_string_equal(f->faults.first->text, "table: section http stands twice");
    assert_false(ecs_conf_check_tables(nameless, &f->faults));
    assert_int_equal(f->faults.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_sample_as_printed_gives_the_defaults),
        CASE(test_sample_without_comment_signs_gives_the_defaults),
        CASE(test_sample_tells_unit_range_and_meaning),
        CASE(test_manual_has_a_table_for_each_section),
        CASE(test_dump_can_be_loaded_again),
        CASE(test_dump_shows_effective_values),
        CASE(test_secrets_show_up_nowhere),
        CASE(test_wrong_rows_are_found),
        CASE(test_wrong_sections_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
