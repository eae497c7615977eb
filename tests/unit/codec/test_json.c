/* SPDX-License-Identifier: Apache-2.0 */
/* JSON writing (read back with jansson), flat reading, binding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "ecs/json.h"

static struct ecs_arena *arena;
static struct ecs_json_flat flat;
static const char *reason;

static int set_up(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    memset(&flat, 0, sizeof(flat));
    reason = NULL;
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_arena_free(arena);
    return 0;
}

static enum ecs_rc parse(struct ecs_str text)
{
    return ecs_json_flat_parse(arena, text, &flat, &reason);
}

static void assert_member(size_t i, const char *name, enum ecs_json_kind kind, struct ecs_str value)
{
    assert_true(i < flat.n);
    assert_true(ecs_str_eq(flat.member[i].name, ecs_str_of(name)));
    assert_int_equal(flat.member[i].kind, kind);
    assert_true(ecs_str_eq(flat.member[i].value, value));
}

static void assert_refused(struct ecs_str text, const char *wanted)
{
    assert_int_equal(parse(text), ECS_E_BAD_REQUEST);
    assert_string_equal(reason, wanted);
}

/* proves: X-002 */
static void test_members_are_listed_as_written(void **state)
{
    (void)state;
    assert_int_equal(parse(ECS_STR(" {\"vers\":0, \"v\" : 12.0,\"eid\":89049032123451234512345678901235,"
                                   "\"t\":true,\"n\":null,\"s\":\"x\",\"neg\":-2}\r\n")),
                     ECS_OK);
    assert_int_equal(flat.n, 7);
    assert_member(0, "vers", ECS_JSON_NUMBER, ECS_STR("0"));
    assert_member(1, "v", ECS_JSON_NUMBER, ECS_STR("12.0"));
    assert_member(2, "eid", ECS_JSON_NUMBER, ECS_STR("89049032123451234512345678901235"));
    assert_member(3, "t", ECS_JSON_BOOL, ECS_STR("true"));
    assert_member(4, "n", ECS_JSON_NULL, ECS_STR("null"));
    assert_member(5, "s", ECS_JSON_STRING, ECS_STR("x"));
    assert_member(6, "neg", ECS_JSON_NUMBER, ECS_STR("-2"));
}

static void test_escapes_are_undone_once(void **state)
{
    (void)state;
    assert_int_equal(
        parse(ECS_STR("{\"a\\u0041\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"u\":\"\\u00e9\\u20ac\\ud83d\\ude00\","
                      "\"p\":\"%2F%40\",\"q\":\"end\\\\\"}")),
        ECS_OK);
    assert_member(0, "aA", ECS_JSON_STRING, ECS_STR("\"\\/\b\f\n\r\t"));
    assert_member(1, "u", ECS_JSON_STRING, ECS_STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
    assert_member(2, "p", ECS_JSON_STRING, ECS_STR("%2F%40"));
    assert_member(3, "q", ECS_JSON_STRING, ECS_STR("end\\"));
}

static void test_duplicates_are_kept_for_the_caller(void **state)
{
    (void)state;
    assert_int_equal(parse(ECS_STR("{\"a\":\"1\",\"a\":\"2\"}")), ECS_OK);
    assert_int_equal(flat.n, 2);
    assert_member(1, "a", ECS_JSON_STRING, ECS_STR("2"));
}

static void test_nested_values_keep_their_text(void **state)
{
    struct ecs_json_flat items;

    (void)state;
    assert_int_equal(
        parse(ECS_STR(
            "{\"app\":[\"ap2003\", 7,{\"x\":\"]}\\\"\"},[]],\"o\":{\"k\":[1,2]} ,\"e\":[],\"z\":{}}")),
        ECS_OK);
    assert_int_equal(flat.n, 4);
    assert_member(1, "o", ECS_JSON_OBJECT, ECS_STR("{\"k\":[1,2]}"));
    assert_int_equal(ecs_json_flat_items(arena, &flat.member[0], &items, &reason), ECS_OK);
    assert_int_equal(items.n, 4);
    assert_true(ecs_str_eq(items.member[0].value, ECS_STR("ap2003")));
    assert_int_equal(items.member[1].kind, ECS_JSON_NUMBER);
    assert_int_equal(items.member[2].kind, ECS_JSON_OBJECT);
    assert_int_equal(items.member[3].kind, ECS_JSON_ARRAY);
    assert_int_equal(ecs_json_flat_items(arena, &flat.member[2], &items, &reason), ECS_OK);
    assert_int_equal(items.n, 0);
}

/* proves: P-064 X-049 */
static void test_what_is_no_object_is_refused_with_its_own_reason(void **state)
{
    static char deep[9000];

    (void)state;
    assert_refused(ECS_STR(""), "the JSON body is empty or cut off");
    assert_refused(ECS_STR_NULL, "the JSON body is empty or cut off");
    assert_refused(ECS_STR("{\"a\":"), "the JSON body is empty or cut off");
    assert_refused(ECS_STR("[{\"message-id\":1}]"), "the JSON body is an array, not an object");
    assert_refused(ECS_STR("\"text\""), "the JSON body is not an object");
    assert_refused(ECS_STR("{\"a\":\"\xe9\"}"), "the JSON body is not UTF-8");
    assert_refused(ECS_STR("app=ap2004"), "the body is not JSON");
    assert_refused(ECS_STR("{\"a\":1}{"), "the body is not JSON");
    assert_refused(ECS_STR("{\"a\":1,}"), "the body is not JSON");
    assert_refused(ECS_STR("{\"a\":\"\\ud800\"}"), "the body is not JSON");
    assert_refused(ECS_STR("{\"a\":01}"), "the body is not JSON");
    memset(deep, '[', sizeof(deep) - 1);
    memcpy(deep, "{\"a\":", 5);
    assert_refused(ecs_str_of(deep), "the JSON body is nested too deeply");
}

static void test_byte_order_mark_is_skipped(void **state)
{
    (void)state;
    assert_int_equal(parse(ECS_STR("\xef\xbb\xbf{\"a\":\"b\"}")), ECS_OK);
    assert_member(0, "a", ECS_JSON_STRING, ECS_STR("b"));
}

static void test_zero_characters_are_kept_only_in_front(void **state)
{
    (void)state;
    assert_int_equal(parse(ECS_STR("{\"EAP_ID\":\"\\u0000abc\"}")), ECS_OK);
    assert_member(0, "EAP_ID", ECS_JSON_STRING, ECS_STR("\0abc"));
    assert_refused(ECS_STR("{\"a\":\"b\\u0000c\"}"), "a JSON string holds a zero character");
    assert_int_equal(parse(ECS_STR("{\"a\":\"b\0c\"}")), ECS_E_BAD_REQUEST);
}

static void test_number_of_members_is_limited(void **state)
{
    struct ecs_buf buf = {0};

    (void)state;
    ecs_buf_add_char(&buf, '{');
    for (int i = 0; i < ECS_JSON_MAX_MEMBERS; i++)
        ecs_buf_printf(&buf, "%s\"a%d\":%d", i ? "," : "", i, i);
    ecs_buf_add_char(&buf, '}');
    assert_int_equal(parse(ecs_buf_str(&buf)), ECS_OK);
    assert_int_equal(flat.n, ECS_JSON_MAX_MEMBERS);
    buf.n--;
    ecs_buf_add_cstr(&buf, ",\"more\":1}");
    assert_refused(ecs_buf_str(&buf), "too many JSON members");
    ecs_buf_done(&buf);
}

static void test_written_strings_are_read_back_by_jansson(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct ecs_buf buf = {0};
        char bytes[48];
        size_t n;
        json_t *json;

        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
        n = seed >> 33 & 31;
        for (size_t i = 0; i < n; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
            bytes[i] = (char)(seed >> 40);
        }
        ecs_json_add_string(&buf, (struct ecs_str){bytes, n});
        json = json_loadb(buf.p, buf.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(json);
        if (ecs_str_is_utf8((struct ecs_str){bytes, n})) {
            assert_int_equal(json_string_length(json), n);
            assert_memory_equal(json_string_value(json), bytes, n);
        }
        json_decref(json);
        ecs_buf_done(&buf);
    }
}

static void test_writer_places_the_commas(void **state)
{
    struct ecs_buf buf = {0};
    struct ecs_json_out out = {.buf = &buf};

    (void)state;
    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "a", ECS_STR("1/2"));
    ecs_json_begin(&out, "list", '[');
    ecs_json_i64(&out, NULL, -5);
    ecs_json_bool(&out, NULL, true);
    ecs_json_begin(&out, NULL, '{');
    ecs_json_end(&out, '}');
    ecs_json_end(&out, ']');
    ecs_json_str(&out, "none", ECS_STR_NULL);
    ecs_json_end(&out, '}');
    assert_true(
        ecs_str_eq(ecs_buf_str(&buf), ECS_STR("{\"a\":\"1/2\",\"list\":[-5,true,{}],\"none\":null}")));
    ecs_buf_done(&buf);
}

/* --- binding --- */

struct line {
    struct ecs_str imsi;
    int64_t limit;
    bool has_limit;
};
struct order {
    struct ecs_str name;
    int64_t count;
    bool has_count;
    bool urgent;
    int state;
    struct ecs_json_strs tags;
    struct line main;
    struct ecs_json_list lines;
};

static const struct ecs_json_field line_fields[] = {
    {"imsi", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct line, imsi), .low = 6, .high = 15},
    {"limit", ECS_JSON_T_I64, .offset = offsetof(struct line, limit),
     .set_offset = offsetof(struct line, has_limit), .low = 1, .high = 10},
    {0},
};
static const struct ecs_json_field order_fields[] = {
    {"name", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct order, name)},
    {"count", ECS_JSON_T_I64, .offset = offsetof(struct order, count),
     .set_offset = offsetof(struct order, has_count)},
    {"urgent", ECS_JSON_T_BOOL, .offset = offsetof(struct order, urgent)},
    {"state", ECS_JSON_T_WORD, .offset = offsetof(struct order, state),
     .words = (const char *const[]){"active", "barred", NULL}},
    {"tags", ECS_JSON_T_STRS, .offset = offsetof(struct order, tags), .high = 2},
    {"main", ECS_JSON_T_SUB, .offset = offsetof(struct order, main), .sub = line_fields},
    {"lines", ECS_JSON_T_LIST, .offset = offsetof(struct order, lines), .sub = line_fields,
     .item_size = sizeof(struct line)},
    {0},
};

static void test_members_land_in_the_struct(void **state)
{
    struct order order = {.count = 77, .state = 9};
    const struct line *lines;

    (void)state;
    assert_int_equal(
        ecs_json_bind(arena,
                      ECS_STR("{\"name\":\"N\",\"urgent\":true,\"state\":\"barred\",\"tags\":[\"a\",\"b\"],"
                              "\"count\":null,\"main\":{\"imsi\":\"001010123456789\"},"
                              "\"lines\":[{\"imsi\":\"262010\",\"limit\":10},{\"imsi\":\"262020\"}]}"),
                      order_fields, &order, &reason),
        ECS_OK);
    assert_true(ecs_str_eq(order.name, ECS_STR("N")));
    assert_int_equal(order.count, 77);
    assert_false(order.has_count);
    assert_true(order.urgent);
    assert_int_equal(order.state, 1);
    assert_int_equal(order.tags.n, 2);
    assert_true(ecs_str_eq(order.tags.item[1], ECS_STR("b")));
    assert_true(ecs_str_eq(order.main.imsi, ECS_STR("001010123456789")));
    assert_int_equal(order.lines.n, 2);
    lines = order.lines.items;
    assert_true(lines[0].has_limit && lines[0].limit == 10);
    assert_false(lines[1].has_limit);
}

static void assert_bind_fault(const char *text, enum ecs_rc rc, const char *wanted)
{
    struct order order = {0};

    assert_int_equal(ecs_json_bind(arena, ecs_str_of(text), order_fields, &order, &reason), rc);
    assert_string_equal(reason, wanted);
}

static void test_first_fault_is_told_with_its_path(void **state)
{
    const enum ecs_rc bad = ECS_E_BAD_PARAMETER;

    (void)state;
    assert_bind_fault("{}", bad, "name: is missing");
    assert_bind_fault("{\"name\":null}", bad, "name: is missing");
    assert_bind_fault("{\"name\":5}", bad, "name: must be a string");
    assert_bind_fault("[]", bad, "must be an object");
    assert_bind_fault("{\"name\":\"n\",\"nmae\":1}", bad, "nmae: is not a known member");
    assert_bind_fault("{\"name\":\"n\",\"count\":1.5}", bad, "count: must be an integer");
    assert_bind_fault("{\"name\":\"n\",\"urgent\":1}", bad, "urgent: must be true or false");
    assert_bind_fault("{\"name\":\"n\",\"state\":\"x\"}", bad, "state: must be one of active, barred");
    assert_bind_fault("{\"name\":\"n\",\"tags\":\"x\"}", bad, "tags: must be an array");
    assert_bind_fault("{\"name\":\"n\",\"tags\":[\"a\",\"\"]}", bad,
                      "tags[1]: must be a string with a length from 1 to 255");
    assert_bind_fault("{\"name\":\"n\",\"tags\":[\"a\",\"b\",\"c\"]}", bad,
                      "tags: must be an array with a length from 0 to 2");
    assert_bind_fault("{\"name\":\"n\",\"lines\":[{\"imsi\":\"001010\"},{\"imsi\":\"001\"}]}", bad,
                      "lines[1].imsi: must be a string with a length from 6 to 15");
    assert_bind_fault("{\"name\":\"n\",\"main\":{\"imsi\":\"001010\",\"limit\":11}}", bad,
                      "main.limit: must be an integer from 1 to 10");
    assert_bind_fault("{\"name\":\"n\",\"main\":{\"imsi\":\"001010\",\"x\":1}}", bad,
                      "main.x: is not a known member");
    assert_bind_fault("{\"name\":\"n\",\"name\":\"n\"}", ECS_E_BAD_REQUEST,
                      "line 1, column 18: a member is given twice");
    assert_bind_fault("{\"name\":", ECS_E_BAD_REQUEST, "line 1, column 8: not JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_members_are_listed_as_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_escapes_are_undone_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_duplicates_are_kept_for_the_caller, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nested_values_keep_their_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_no_object_is_refused_with_its_own_reason, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_byte_order_mark_is_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_zero_characters_are_kept_only_in_front, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_number_of_members_is_limited, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_written_strings_are_read_back_by_jansson, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_writer_places_the_commas, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_members_land_in_the_struct, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_first_fault_is_told_with_its_path, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
