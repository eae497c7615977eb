/* SPDX-License-Identifier: Apache-2.0 */
/* The XML writer: what is escaped, replaced and dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ecs/xml.h"

static void assert_value(struct ecs_str value, struct ecs_str wanted)
{
    struct ecs_buf buf = {0};

    ecs_xml_add_value(&buf, value);
    assert_true(ecs_str_eq(ecs_buf_str(&buf), wanted));
    ecs_buf_done(&buf);
}

/* proves: P-042 */
static void test_markup_is_escaped(void **state)
{
    (void)state;
    assert_value(ECS_STR("a=1&b=2"), ECS_STR("a=1&amp;b=2"));
    assert_value(ECS_STR("&amp;"), ECS_STR("&amp;amp;"));
    assert_value(ECS_STR("<a b=\"c\" d='e'>"), ECS_STR("&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;"));
    assert_value(ECS_STR("&&"), ECS_STR("&amp;&amp;"));
    assert_value(ECS_STR(""), ECS_STR(""));
    assert_value(ECS_STR_NULL, ECS_STR(""));
}

static void test_control_characters_never_get_into_a_document(void **state)
{
    (void)state;
    assert_value(ECS_STR("a\tb\r\nc"), ECS_STR("a b  c"));
    assert_value(ECS_STR("a\0b\x01\x1f\x7f c"), ECS_STR("ab c"));
    assert_value(ECS_STR("\xc2\x85|\xef\xbf\xbe|\xef\xbf\xbf"),
                 ECS_STR("\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|"
                         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"));
}

static void test_utf8_is_copied_and_everything_else_replaced(void **state)
{
    (void)state;
    assert_value(ECS_STR("\xc3\xa9\xe2\x80\x9c\xf0\x9f\x98\x80"),
                 ECS_STR("\xc3\xa9\xe2\x80\x9c\xf0\x9f\x98\x80"));
    assert_value(ECS_STR("x\xe9y"), ECS_STR("x\xef\xbf\xbdy"));
    assert_value(ECS_STR("\xc0\x80"), ECS_STR("\xef\xbf\xbd\xef\xbf\xbd"));
    assert_value(ECS_STR("\xed\xa0\x80"), ECS_STR("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"));
    assert_value(ECS_STR("end\xe2\x80"), ECS_STR("end\xef\xbf\xbd\xef\xbf\xbd"));
}

/* proves: X-029 */
static void test_elements_have_the_one_form_that_clients_read(void **state)
{
    struct ecs_buf buf = {0};

    (void)state;
    ecs_xml_begin_doc(&buf);
    ecs_xml_begin(&buf, ECS_STR("VERS"));
    ecs_xml_parm(&buf, ECS_STR("version"), ECS_STR("1"));
    ecs_xml_parm(&buf, ECS_STR("text"), ECS_STR("a\nb"));
    ecs_xml_end(&buf);
    ecs_xml_end_doc(&buf);
    assert_true(
        ecs_str_eq(ecs_buf_str(&buf),
                   ECS_STR("<?xml version=\"1.0\"?>\n<wap-provisioningdoc version=\"1.1\">"
                           "<characteristic type=\"VERS\"><parm name=\"version\" value=\"1\"/>"
                           "<parm name=\"text\" value=\"a b\"/></characteristic></wap-provisioningdoc>")));
    ecs_buf_done(&buf);
}

/* Whatever the bytes are: the output has no raw markup, only our five entities, and is UTF-8. */
static void test_any_bytes_give_a_clean_attribute(void **state)
{
    uint64_t seed = 42;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct ecs_buf buf = {0};
        char bytes[48];
        size_t n;

        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
        n = seed >> 33 & 31;
        for (size_t i = 0; i < n; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
            bytes[i] = (char)(seed >> 40);
        }
        ecs_xml_add_value(&buf, (struct ecs_str){bytes, n});
        assert_true(ecs_str_is_utf8(ecs_buf_str(&buf)));
        for (size_t i = 0; i < buf.n; i++) {
            assert_true((unsigned char)buf.p[i] >= 0x20);
            assert_null(memchr("<>\"'\x7f", buf.p[i], 5));
        }
        ecs_buf_done(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markup_is_escaped),
        cmocka_unit_test(test_control_characters_never_get_into_a_document),
        cmocka_unit_test(test_utf8_is_copied_and_everything_else_replaced),
        cmocka_unit_test(test_elements_have_the_one_form_that_clients_read),
        cmocka_unit_test(test_any_bytes_give_a_clean_attribute),
    };

    return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}
