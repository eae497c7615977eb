/* SPDX-License-Identifier: Apache-2.0 */
/* Reading Diameter: messages that freeDiameter sent, every way one can be wrong, and what results mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diameter_golden.h"
#include "ecs/diameter.h"

static uint8_t *kept; /* bytes of the last decode, in memory of exactly their size */

static struct ecs_str unhex(const char *hex)
{
    size_t n = strlen(hex) / 2;

    free(kept);
    kept = malloc(n ? n : 1);
    assert_true(ecs_hex_decode(ecs_str_of(hex), kept, n));
    return (struct ecs_str){(char *)kept, n};
}

static int drop_kept(void **state)
{
    (void)state;
    free(kept);
    kept = NULL;
    return 0;
}

static struct ecs_diameter_message decode(const char *hex)
{
    struct ecs_diameter_message message;
    struct ecs_diameter_avp failed;

    assert_int_equal(ecs_diameter_decode(unhex(hex), &message, &failed), ECS_DIAMETER_FAULT_NONE);
    return message;
}

static void assert_text(struct ecs_str avps, enum ecs_diameter_avp_id id, const char *want)
{
    struct ecs_str data;

    assert_true(ecs_diameter_get(avps, id, &data));
    assert_true(ecs_str_eq(data, ecs_str_of(want)));
}

static void assert_u32(struct ecs_str avps, enum ecs_diameter_avp_id id, uint32_t want)
{
    uint32_t value = ~want;

    assert_true(ecs_diameter_get_u32(avps, id, &value));
    assert_int_equal(value, want);
}

static void test_the_capabilities_of_freediameter_are_read(void **state)
{
    static const uint32_t want[] = {ECS_DIAMETER_APP_RX, ECS_DIAMETER_APP_SWM};
    struct ecs_diameter_message m = decode(cea_hex);
    struct ecs_str rest = m.avps, group, address;
    struct ecs_diameter_result result;
    size_t n = 0;

    (void)state;
    assert_int_equal(m.command, ECS_DIAMETER_CAPABILITIES);
    assert_int_equal(m.flags, 0);
    assert_int_equal(m.hop_by_hop, 1);
    assert_true(ecs_diameter_result_of(&m, &result));
    assert_int_equal(result.meaning, ECS_DIAMETER_MEANS_OK);
    assert_text(m.avps, ECS_AVP_ORIGIN_HOST, "aaa.test");
    assert_text(m.avps, ECS_AVP_PRODUCT_NAME, "freeDiameter");
    assert_u32(m.avps, ECS_AVP_ORIGIN_STATE_ID, 0x6b044e0a);
    assert_true(ecs_diameter_get_address(m.avps, ECS_AVP_HOST_IP_ADDRESS, &address));
    assert_true(ecs_str_eq(address, ECS_STR("\xc0\0\x02\x02")));
    while (ecs_diameter_next_of(&rest, ECS_AVP_VENDOR_SPECIFIC_APPLICATION_ID, &group)) {
        assert_true(n < ECS_ARRAY_LEN(want));
        assert_u32(group, ECS_AVP_AUTH_APPLICATION_ID, want[n++]);
        assert_u32(group, ECS_AVP_VENDOR_ID, ECS_DIAMETER_TGPP);
    }
    assert_int_equal(n, 2);
    rest = m.avps;
    assert_true(ecs_diameter_next_of(&rest, ECS_AVP_AUTH_APPLICATION_ID, &group));
    assert_true(ecs_diameter_next_of(&rest, ECS_AVP_AUTH_APPLICATION_ID, &group));
    assert_true(ecs_str_eq(group, ECS_STR("\xff\xff\xff\xff"))); /* it relays everything */
    assert_int_equal(ecs_diameter_missing(&m), ECS_AVP_UNKNOWN);
}

static void test_an_eap_answer_is_read(void **state)
{
    struct ecs_diameter_message m = decode(dea_eap_hex);
    struct ecs_diameter_result result;
    struct ecs_str payload;

    (void)state;
    assert_int_equal(m.command, ECS_DIAMETER_EAP);
    assert_string_equal(ecs_diameter_command_name(m.command, m.flags), "DEA");
    assert_text(m.avps, ECS_AVP_SESSION_ID, "ecs.test;1;1");
    assert_true(ecs_diameter_result_of(&m, &result));
    assert_int_equal(result.meaning, ECS_DIAMETER_MEANS_MORE);
    assert_true(ecs_diameter_get(m.avps, ECS_AVP_EAP_PAYLOAD, &payload));
    assert_true(ecs_str_eq(payload, ECS_STR("\x01\x01\0\x05\x01")));
}

static void test_golden_messages_lack_nothing(void **state)
{
    static const char *const all[] = {cer_hex,     cea_hex,     dwr_hex, dwa_hex, der_eap_hex,
                                      dea_eap_hex, der_swm_hex, dpr_hex, aar_hex, aaa_hex};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(all); i++) {
        struct ecs_diameter_message m = decode(all[i]);

        assert_int_equal(ecs_diameter_missing(&m), ECS_AVP_UNKNOWN);
        assert_true(m.command != ECS_DIAMETER_UNKNOWN);
    }
}

static void test_what_a_command_demands_is_missed(void **state)
{
    struct ecs_diameter_message m = decode(missing_hex);

    (void)state;
    assert_int_equal(ecs_diameter_missing(&m), ECS_AVP_AUTH_APPLICATION_ID);
    m.flags |= ECS_DIAMETER_E; /* the grammar of errors has less */
    assert_int_equal(ecs_diameter_missing(&m), ECS_AVP_UNKNOWN);
    m = decode(der_eap_hex);
    m.command = ECS_DIAMETER_SESSION_TERMINATION;
    assert_int_equal(ecs_diameter_missing(&m), ECS_AVP_TERMINATION_CAUSE);
}

static void test_a_failed_avp_with_foreign_content_is_read(void **state)
{
    struct ecs_diameter_message m = decode(missing_hex);
    struct ecs_str failed;

    (void)state;
    assert_true(ecs_diameter_get(m.avps, ECS_AVP_FAILED_AVP, &failed));
    assert_u32(failed, ECS_AVP_AUTH_REQUEST_TYPE, 0);
}

/* Every prefix is either incomplete or no message; no byte behind it is read. */
static void test_cut_messages_are_incomplete(void **state)
{
    size_t n = strlen(aar_hex) / 2;
    uint8_t *all = malloc(n);

    (void)state;
    assert_true(ecs_hex_decode(ecs_str_of(aar_hex), all, n));
    for (size_t i = 0; i < n; i++) {
        struct ecs_diameter_message m;
        struct ecs_diameter_avp failed;
        char *cut = malloc(i ? i : 1);

        memcpy(cut, all, i);
        assert_int_equal(ecs_diameter_measure((struct ecs_str){cut, i}), 0);
        assert_int_equal(ecs_diameter_decode((struct ecs_str){cut, i}, &m, &failed),
                         ECS_DIAMETER_FAULT_LENGTH);
        free(cut);
    }
    assert_int_equal(ecs_diameter_measure((struct ecs_str){(char *)all, n}), (ptrdiff_t)n);
    free(all);
}

static const struct {
    const char *hex;
    enum ecs_diameter_fault fault;
    uint32_t result;
} wrong_ones[] = {
    {"02000014800001180000000000000002"
     "00000002",
     ECS_DIAMETER_FAULT_VERSION, 5011},
    {"01000014a00001180000000000000002"
     "00000002",
     ECS_DIAMETER_FAULT_BITS, 3008},
    /* length below the header, beyond the end, V bit without room for the vendor */
    {"0100001c800001180000000000000002"
     "00000002"
     "0000010840000007",
     ECS_DIAMETER_FAULT_AVP_LENGTH, 5014},
    {"01000020800001180000000000000002"
     "00000002"
     "000001084000ff0061626364",
     ECS_DIAMETER_FAULT_AVP_LENGTH, 5014},
    {"0100001c800001180000000000000002"
     "00000002"
     "00000258c0000008",
     ECS_DIAMETER_FAULT_AVP_LENGTH, 5014},
    {"01000018800001180000000000000002"
     "00000002"
     "00000108",
     ECS_DIAMETER_FAULT_AVP_LENGTH, 5014},
    /* three bytes of Unsigned32, an empty identity */
    {"01000020800001180000000000000002"
     "00000002"
     "000001164000000b61626300",
     ECS_DIAMETER_FAULT_AVP_LENGTH, 5014},
    {"0100001c800001180000000000000002"
     "00000002"
     "0000010840000008",
     ECS_DIAMETER_FAULT_AVP_LENGTH, 5014},
    /* a line feed in an identity, IPv4 of three bytes */
    {"01000020800001180000000000000002"
     "00000002"
     "000001084000000c610a6364",
     ECS_DIAMETER_FAULT_AVP_VALUE, 5004},
    {"01000024800001180000000000000002"
     "00000002"
     "000001014000000d00017f0000000000",
     ECS_DIAMETER_FAULT_AVP_VALUE, 5004},
    /* unknown with M bit: also inside of a group; without it is passed over */
    {"01000020800001180000000000000002"
     "00000002"
     "00ffffff4000000c61626364",
     ECS_DIAMETER_FAULT_UNSUPPORTED, 5001},
    {"01000028800001180000000000000002"
     "00000002"
     "000001294000001400ffffff4000000c61626364",
     ECS_DIAMETER_FAULT_UNSUPPORTED, 5001},
    {"01000020800001180000000000000002"
     "00000002"
     "00ffffff0000000c61626364",
     ECS_DIAMETER_FAULT_NONE, 2001},
};

static void test_faults_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(wrong_ones); i++) {
        struct ecs_diameter_message m = {0};
        struct ecs_diameter_avp failed;

        assert_int_equal(ecs_diameter_decode(unhex(wrong_ones[i].hex), &m, &failed), wrong_ones[i].fault);
        assert_int_equal(ecs_diameter_fault_result(wrong_ones[i].fault), wrong_ones[i].result);
        assert_true(strlen(ecs_diameter_fault_text(wrong_ones[i].fault)) > 5);
        assert_int_equal(m.hop_by_hop, 2); /* enough to answer */
    }
}

static void test_impossible_lengths_end_the_stream(void **state)
{
    static const char *const cases[] = {"01000013", "01000031", "01ffffff", "01010004"};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++)
        assert_int_equal(ecs_diameter_measure(unhex(cases[i])), -1);
    assert_int_equal(ecs_diameter_measure(unhex("010000")), 0);
}

/* A message around AVPs that are made by fn. */
static enum ecs_diameter_fault fault_of(struct ecs_buf *avps)
{
    struct ecs_diameter_message m = {.command = ECS_DIAMETER_DEVICE_WATCHDOG, .flags = ECS_DIAMETER_R};
    struct ecs_diameter_avp failed;
    struct ecs_buf buf = {0};
    enum ecs_diameter_fault fault;

    m.avps = ecs_buf_str(avps);
    assert_true(ecs_diameter_encode(&m, &buf));
    fault = ecs_diameter_decode(ecs_buf_str(&buf), &m, &failed);
    ecs_buf_done(&buf);
    ecs_buf_done(avps);
    return fault;
}

static void test_depth_and_number_have_limits(void **state)
{
    for (int deep = 7; deep <= 9; deep++) {
        struct ecs_buf b = {0};
        size_t at[9];

        for (int i = 0; i < deep; i++)
            at[i] = ecs_diameter_group_begin(&b, ECS_AVP_FLOWS);
        ecs_diameter_put_u32(&b, ECS_AVP_FLOW_NUMBER, 1);
        for (int i = deep; i > 0; i--)
            ecs_diameter_group_end(&b, at[i - 1]);
        assert_int_equal(fault_of(&b), deep > ECS_DIAMETER_DEPTH_MAX ? ECS_DIAMETER_FAULT_TOO_MANY
                                                                     : ECS_DIAMETER_FAULT_NONE);
    }
    for (int n = ECS_DIAMETER_AVPS_MAX; n <= ECS_DIAMETER_AVPS_MAX + 1; n++) {
        struct ecs_buf b = {0};

        for (int i = 0; i < n; i++)
            ecs_diameter_put_u32(&b, ECS_AVP_SPECIFIC_ACTION, 1);
        assert_int_equal(fault_of(&b),
                         n > ECS_DIAMETER_AVPS_MAX ? ECS_DIAMETER_FAULT_TOO_MANY : ECS_DIAMETER_FAULT_NONE);
    }
    (void)state;
}

static void test_the_first_of_two_avps_counts(void **state)
{
    struct ecs_buf b = {0};

    (void)state;
    ecs_diameter_put_u32(&b, ECS_AVP_RESULT_CODE, 2001);
    ecs_diameter_put_u32(&b, ECS_AVP_RESULT_CODE, 5012);
    assert_u32(ecs_buf_str(&b), ECS_AVP_RESULT_CODE, 2001);
    ecs_buf_done(&b);
}

/* A length of 7 would make the reader of our Failed-AVP stumble, too. */
static void test_a_failed_avp_of_wrong_length_becomes_zeros(void **state)
{
    struct ecs_diameter_avp bad = {
        .id = ECS_AVP_RESULT_CODE, .code = 268, .flags = ECS_AVP_M, .data = {"abc", 3}};
    struct ecs_buf b = {0};
    struct ecs_str inner;

    (void)state;
    ecs_diameter_put_failed(&b, &bad);
    assert_true(ecs_diameter_get(ecs_buf_str(&b), ECS_AVP_FAILED_AVP, &inner));
    assert_u32(inner, ECS_AVP_RESULT_CODE, 0);
    ecs_buf_reset(&b);
    bad = (struct ecs_diameter_avp){
        .id = ECS_AVP_UNKNOWN, .code = 77777, .vendor = 9, .flags = 0xc0, .data = {"ab", 2}};
    ecs_diameter_put_failed(&b, &bad);
    assert_memory_equal(b.p,
                        "\0\0\x01\x17\x40\0\0\x18\0\x01\x2f\xd1\xc0\0\0\x0e\0\0\0\x09"
                        "ab\0\0",
                        24);
    ecs_buf_done(&b);
}

/* ---- results ---- */

static struct ecs_diameter_result result_of(uint32_t vendor, uint32_t code)
{
    struct ecs_diameter_message m = {.command = ECS_DIAMETER_EAP};
    struct ecs_diameter_result result = {0};
    struct ecs_buf b = {0};
    size_t group;

    if (vendor) {
        group = ecs_diameter_group_begin(&b, ECS_AVP_EXPERIMENTAL_RESULT);
        ecs_diameter_put_u32(&b, ECS_AVP_VENDOR_ID, vendor);
        ecs_diameter_put_u32(&b, ECS_AVP_EXPERIMENTAL_RESULT_CODE, code);
        ecs_diameter_group_end(&b, group);
    } else {
        ecs_diameter_put_u32(&b, ECS_AVP_RESULT_CODE, code);
    }
    m.avps = ecs_buf_str(&b);
    assert_true(ecs_diameter_result_of(&m, &result));
    ecs_buf_done(&b);
    return result;
}

static void test_the_same_number_means_different_things_in_two_spaces(void **state)
{
    struct ecs_diameter_result base = result_of(0, 5001), tgpp = result_of(ECS_DIAMETER_TGPP, 5001);

    (void)state;
    assert_int_equal(base.meaning, ECS_DIAMETER_MEANS_FAULT);
    assert_string_equal(ecs_diameter_result_name(&base), "AVP_UNSUPPORTED");
    assert_int_equal(tgpp.meaning, ECS_DIAMETER_MEANS_REFUSED);
    assert_string_equal(ecs_diameter_result_name(&tgpp), "USER_UNKNOWN");
}

static void test_unknown_results_are_judged_by_class(void **state)
{
    static const struct {
        uint32_t vendor, code;
        enum ecs_diameter_meaning meaning;
    } cases[] = {
        {0, 1001, ECS_DIAMETER_MEANS_MORE},      {0, 2001, ECS_DIAMETER_MEANS_OK},
        {0, 3002, ECS_DIAMETER_MEANS_ELSEWHERE}, {0, 4001, ECS_DIAMETER_MEANS_REFUSED},
        {0, 1999, ECS_DIAMETER_MEANS_FAULT},     {0, 2999, ECS_DIAMETER_MEANS_FAULT},
        {0, 3999, ECS_DIAMETER_MEANS_LATER},     {0, 4999, ECS_DIAMETER_MEANS_LATER},
        {0, 5999, ECS_DIAMETER_MEANS_FAULT},     {9, 2001, ECS_DIAMETER_MEANS_FAULT},
        {0, 0, ECS_DIAMETER_MEANS_FAULT},        {0, 4000000000u, ECS_DIAMETER_MEANS_FAULT},
    };
    struct ecs_diameter_result none = result_of(0, 2999);
    struct ecs_diameter_message m = decode(der_eap_hex);

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++)
        assert_int_equal(result_of(cases[i].vendor, cases[i].code).meaning, cases[i].meaning);
    assert_string_equal(ecs_diameter_result_name(&none), "unknown result");
    assert_false(ecs_diameter_result_of(&m, &none));
}

static void test_numbers_of_the_tables_are_unique(void **state)
{
    (void)state;
#define AVP(name, code, vendor, type, mandatory, text)                                                       \
    assert_int_equal(ecs_diameter_avp_find(vendor, code), ECS_AVP_##name);                                   \
    assert_string_equal(ecs_diameter_avp_name(ECS_AVP_##name), text);
#define TGPP 10415
#define ETSI 13019
#include "../../../src/codec/diameter_avps.def"
#undef AVP
    assert_string_equal(ecs_diameter_avp_name(ECS_AVP_UNKNOWN), "unknown AVP");
    assert_string_equal(ecs_diameter_command_name(ECS_DIAMETER_UNKNOWN, 0), "unknown answer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_capabilities_of_freediameter_are_read),
        cmocka_unit_test(test_an_eap_answer_is_read),
        cmocka_unit_test(test_golden_messages_lack_nothing),
        cmocka_unit_test(test_what_a_command_demands_is_missed),
        cmocka_unit_test(test_a_failed_avp_with_foreign_content_is_read),
        cmocka_unit_test(test_cut_messages_are_incomplete),
        cmocka_unit_test(test_faults_are_told_apart),
        cmocka_unit_test(test_impossible_lengths_end_the_stream),
        cmocka_unit_test(test_depth_and_number_have_limits),
        cmocka_unit_test(test_the_first_of_two_avps_counts),
        cmocka_unit_test(test_a_failed_avp_of_wrong_length_becomes_zeros),
        cmocka_unit_test(test_the_same_number_means_different_things_in_two_spaces),
        cmocka_unit_test(test_unknown_results_are_judged_by_class),
        cmocka_unit_test(test_numbers_of_the_tables_are_unique),
    };

    return cmocka_run_group_tests(tests, NULL, drop_kept);
}
