/* SPDX-License-Identifier: Apache-2.0 */
/* User data of short messages: the alphabet against a table of another maker, headers, capacities and the
 * places where texts are divided. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ecs/sms_codec.h"

static void assert_hex(const void *bytes, size_t n, const char *want)
{
    char text[2 * 200 + 1];

    assert_true(n <= 200);
    ecs_hex_encode(bytes, n, text);
    assert_string_equal(text, want);
}

static size_t put_utf8(unsigned code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3f));
    out[2] = (char)(0x80 | (code & 0x3f));
    return 3;
}

static void test_the_alphabet_is_that_of_an_independent_table(void **state)
{
    FILE *file = fopen(ECS_SOURCE_DIR "/tests/vectors/gsm0338.txt", "r");
    char line[200], want[8], utf8[4], got_hex[9];
    unsigned code, next = 0, rows = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        uint8_t septets[4];
        struct ecs_buf back = {0};
        ptrdiff_t n;

        if (sscanf(line, "%x %7s", &code, want) != 2)
            continue;
        for (; next < code; next++)
            if (next < 0xd800)
                assert_int_equal(
                    ecs_sms_gsm7_encode((struct ecs_str){utf8, put_utf8(next, utf8)}, septets, 4), -1);
        next = code + 1;
        n = ecs_sms_gsm7_encode((struct ecs_str){utf8, put_utf8(code, utf8)}, septets, 4);
        assert_true(n > 0);
        ecs_hex_encode(septets, (size_t)n, got_hex);
        assert_string_equal(got_hex, want);
        assert_true(ecs_sms_gsm7_decode((struct ecs_str){(char *)septets, (size_t)n}, &back));
        assert_true(ecs_str_eq(ecs_buf_str(&back), (struct ecs_str){utf8, put_utf8(code, utf8)}));
        ecs_buf_done(&back);
        rows++;
    }
    fclose(file);
    assert_int_equal(rows, 137);
}

static void test_septets_that_mean_nothing_are_refused(void **state)
{
    struct ecs_buf buf = {0};

    (void)state;
    assert_false(ecs_sms_gsm7_decode(ECS_STR("a\x1b"), &buf));
    assert_false(ecs_sms_gsm7_decode(ECS_STR("\x1b\x01"), &buf));
    assert_false(ecs_sms_gsm7_decode(ECS_STR("\x80"), &buf));
    ecs_buf_done(&buf);
}

static const struct ecs_sms_text_conf trigger = {.text = {"001010000000001-aescfg,ap2003,ap2004", 36},
                                                 .coding = ECS_SMS_8BIT,
                                                 .has_port = true,
                                                 .port = 8095,
                                                 .parts_max = 1};

/* proves: G-015 */
static void test_the_trigger_has_a_header_of_six_octets_with_port_8095(void **state)
{
    struct ecs_sms_parts parts;

    (void)state;
    assert_int_equal(ecs_sms_encode(&trigger, &parts), ECS_SMS_FAULT_NONE);
    assert_int_equal(parts.n, 1);
    assert_int_equal(parts.coding, ECS_SMS_8BIT);
    assert_int_equal(ecs_sms_data_coding(parts.coding), 4);
    assert_hex(parts.part[0].udh, parts.part[0].udh_n, "0605041f9f0000");
    assert_int_equal(parts.part[0].data_n, 36);
    assert_memory_equal(parts.part[0].data, "001010000000001-aescfg,ap2003,ap2004", 36);
}

static void test_the_trigger_can_be_ucs2_and_7_bit(void **state)
{
    struct ecs_sms_text_conf conf = trigger;
    struct ecs_sms_parts parts;

    (void)state;
    conf.coding = ECS_SMS_UCS2;
    conf.text.n = 4;
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_NONE);
    assert_int_equal(ecs_sms_data_coding(parts.coding), 8);
    assert_hex(parts.part[0].data, parts.part[0].data_n, "0030003000310030");
    conf.coding = ECS_SMS_GSM7;
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_NONE);
    assert_int_equal(ecs_sms_data_coding(parts.coding), 0);
    assert_hex(parts.part[0].data, parts.part[0].data_n, "30303130");
    assert_hex(parts.part[0].udh, parts.part[0].udh_n, "0605041f9f0000");
}

/* Every capacity: so many fit in one message, one more does not. */
static void test_one_message_holds_what_the_header_leaves(void **state)
{
    static const struct {
        enum ecs_sms_coding coding;
        bool port;
        size_t most;
    } rows[] = {
        {ECS_SMS_GSM7, false, 160}, {ECS_SMS_GSM7, true, 152}, {ECS_SMS_8BIT, false, 140},
        {ECS_SMS_8BIT, true, 133},  {ECS_SMS_UCS2, false, 70}, {ECS_SMS_UCS2, true, 66},
    };
    char text[200];

    (void)state;
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_sms_text_conf conf = {.text = {text, rows[i].most},
                                         .coding = rows[i].coding,
                                         .has_port = rows[i].port,
                                         .port = 8095,
                                         .parts_max = 1};
        struct ecs_sms_parts parts;

        assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_NONE);
        assert_int_equal(parts.n, 1);
        conf.text.n++;
        assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_LONG);
        conf.parts_max = 2;
        assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_NONE);
        assert_int_equal(parts.n, 2);
    }
}

static void test_long_texts_are_concatenated(void **state)
{
    struct ecs_sms_text_conf conf = trigger;
    struct ecs_sms_parts parts;
    char text[300];

    (void)state;
    memset(text, 'x', sizeof(text));
    conf.text = (struct ecs_str){text, sizeof(text)};
    conf.parts_max = 3;
    conf.reference = 0xab;
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_NONE);
    assert_int_equal(parts.n, 3);
    assert_hex(parts.part[0].udh, parts.part[0].udh_n, "0b05041f9f00000003ab0301");
    assert_hex(parts.part[2].udh, parts.part[2].udh_n, "0b05041f9f00000003ab0303");
    assert_int_equal(parts.part[0].data_n, 128);
    assert_int_equal(parts.part[1].data_n, 128);
    assert_int_equal(parts.part[2].data_n, 44);
    conf.has_port = false;
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_NONE);
    assert_hex(parts.part[1].udh, parts.part[1].udh_n, "050003ab0302");
    assert_int_equal(parts.part[0].data_n, 134);
    conf.parts_max = 2;
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_LONG);
}

static void test_escapes_and_surrogates_are_not_divided(void **state)
{
    struct ecs_sms_text_conf conf = {.coding = ECS_SMS_GSM7, .parts_max = 2};
    struct ecs_sms_parts parts;
    char text[400];

    (void)state;
    memset(text, 'a', 152);
    memcpy(text + 152, "{bbbbbbbbbb", 11); /* the escape would be septet 153, its character 154 */
    conf.text = (struct ecs_str){text, 163};
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_NONE);
    assert_int_equal(parts.part[0].data_n, 152);
    assert_int_equal(parts.part[1].data[0], 0x1b);
    assert_int_equal(parts.part[1].data[1], 0x28);
    assert_true(ecs_str_eq(parts.part[1].text, ECS_STR("{bbbbbbbbbb")));
    conf.coding = ECS_SMS_UCS2;
    memset(text, 'a', 66);
    memcpy(text + 66,
           "\xf0\x9f\x98\x80"
           "bbbb",
           8);
    conf.text.n = 74;
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_NONE);
    assert_int_equal(parts.n, 2);
    assert_int_equal(parts.part[0].data_n, 132);
    assert_hex(parts.part[1].data, 4, "d83dde00");
}

static void test_a_text_for_people_takes_the_alphabet_it_needs(void **state)
{
    struct ecs_sms_text_conf conf = {
        .text = ECS_STR("Code: 123456 \xe2\x82\xac"), .coding = ECS_SMS_AUTO, .parts_max = 1};
    struct ecs_sms_parts parts;

    (void)state;
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_NONE);
    assert_int_equal(parts.coding, ECS_SMS_GSM7);
    assert_int_equal(parts.part[0].data_n, 15);
    assert_int_equal(parts.part[0].udh_n, 0);
    conf.text = ECS_STR("\xd0\x9a\xd0\xbe\xd0\xb4 1");
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_NONE);
    assert_int_equal(parts.coding, ECS_SMS_UCS2);
    assert_hex(parts.part[0].data, parts.part[0].data_n, "041a043e043400200031");
}

static void test_texts_that_cannot_be_coded_are_refused(void **state)
{
    struct ecs_sms_text_conf conf = {.text = ECS_STR("\xd0\x9a"), .coding = ECS_SMS_GSM7, .parts_max = 1};
    struct ecs_sms_parts parts;

    (void)state;
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_ALPHABET);
    conf.text = ECS_STR("ab\xff");
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_UTF8);
    conf.coding = ECS_SMS_AUTO;
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_UTF8);
    conf.coding = ECS_SMS_8BIT;
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_NONE);
    conf.text = ECS_STR("");
    assert_int_equal(ecs_sms_encode(&conf, &parts), ECS_SMS_FAULT_EMPTY);
    assert_string_equal(ecs_sms_fault_text(ECS_SMS_FAULT_LONG), "the text is too long");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_alphabet_is_that_of_an_independent_table),
        cmocka_unit_test(test_septets_that_mean_nothing_are_refused),
        cmocka_unit_test(test_the_trigger_has_a_header_of_six_octets_with_port_8095),
        cmocka_unit_test(test_the_trigger_can_be_ucs2_and_7_bit),
        cmocka_unit_test(test_one_message_holds_what_the_header_leaves),
        cmocka_unit_test(test_long_texts_are_concatenated),
        cmocka_unit_test(test_escapes_and_surrogates_are_not_divided),
        cmocka_unit_test(test_a_text_for_people_takes_the_alphabet_it_needs),
        cmocka_unit_test(test_texts_that_cannot_be_coded_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
