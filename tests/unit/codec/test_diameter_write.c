/* SPDX-License-Identifier: Apache-2.0 */
/* Writing Diameter: messages that freeDiameter took, byte for byte, and what cannot be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diameter_golden.h"
#include "ecs/diameter.h"

static void assert_encodes(struct ecs_diameter_message *message, struct ecs_buf *avps, const char *want)
{
    struct ecs_buf buf = {0};
    char *text;

    message->avps = ecs_buf_str(avps);
    assert_false(avps->overflow);
    assert_true(ecs_diameter_encode(message, &buf));
    text = malloc(2 * buf.n + 1);
    ecs_hex_encode(buf.p, buf.n, text);
    assert_string_equal(text, want);
    free(text);
    ecs_buf_done(&buf);
    ecs_buf_done(avps);
}

static void put_application(struct ecs_buf *b, uint32_t application)
{
    size_t group = ecs_diameter_group_begin(b, ECS_AVP_VENDOR_SPECIFIC_APPLICATION_ID);

    ecs_diameter_put_u32(b, ECS_AVP_VENDOR_ID, ECS_DIAMETER_TGPP);
    ecs_diameter_put_u32(b, ECS_AVP_AUTH_APPLICATION_ID, application);
    ecs_diameter_group_end(b, group);
}

static void test_capabilities_are_written_byte_for_byte(void **state)
{
    struct ecs_diameter_message m = {
        .command = ECS_DIAMETER_CAPABILITIES, .flags = ECS_DIAMETER_R, .hop_by_hop = 1, .end_to_end = 1};
    struct ecs_buf b = {0};

    (void)state;
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_HOST, ECS_STR("ecs.test"));
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_REALM, ECS_STR("test"));
    ecs_diameter_put_address(&b, ECS_AVP_HOST_IP_ADDRESS, "\x7f\0\0\x01", 4);
    ecs_diameter_put_u32(&b, ECS_AVP_VENDOR_ID, 0);
    ecs_diameter_put(&b, ECS_AVP_PRODUCT_NAME, ECS_STR("ecs"));
    ecs_diameter_put_u32(&b, ECS_AVP_ORIGIN_STATE_ID, 1);
    ecs_diameter_put_u32(&b, ECS_AVP_SUPPORTED_VENDOR_ID, ECS_DIAMETER_TGPP);
    ecs_diameter_put_u32(&b, ECS_AVP_AUTH_APPLICATION_ID, ECS_DIAMETER_APP_EAP);
    put_application(&b, ECS_DIAMETER_APP_SWM);
    put_application(&b, ECS_DIAMETER_APP_RX);
    assert_encodes(&m, &b, cer_hex);
}

static void test_watchdog_and_leave_are_written_byte_for_byte(void **state)
{
    struct ecs_diameter_message m = {
        .command = ECS_DIAMETER_DEVICE_WATCHDOG, .flags = ECS_DIAMETER_R, .hop_by_hop = 2, .end_to_end = 2};
    struct ecs_buf b = {0};

    (void)state;
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_HOST, ECS_STR("ecs.test"));
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_REALM, ECS_STR("test"));
    assert_encodes(&m, &b, dwr_hex);
    m = (struct ecs_diameter_message){
        .command = ECS_DIAMETER_DISCONNECT_PEER, .flags = ECS_DIAMETER_R, .hop_by_hop = 6, .end_to_end = 6};
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_HOST, ECS_STR("ecs.test"));
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_REALM, ECS_STR("test"));
    ecs_diameter_put_u32(&b, ECS_AVP_DISCONNECT_CAUSE, 2);
    assert_encodes(&m, &b, dpr_hex);
}

static void test_an_eap_request_is_written_byte_for_byte(void **state)
{
    static const char identity[] = "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org";
    struct ecs_diameter_message m = {.command = ECS_DIAMETER_EAP,
                                     .flags = ecs_diameter_command_flags(ECS_DIAMETER_EAP),
                                     .application = ECS_DIAMETER_APP_SWM,
                                     .hop_by_hop = 4,
                                     .end_to_end = 4};
    struct ecs_buf b = {0};

    (void)state;
    ecs_diameter_put(&b, ECS_AVP_SESSION_ID, ECS_STR("ecs.test;1;2"));
    ecs_diameter_put_u32(&b, ECS_AVP_AUTH_APPLICATION_ID, ECS_DIAMETER_APP_SWM);
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_HOST, ECS_STR("ecs.test"));
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_REALM, ECS_STR("test"));
    ecs_diameter_put(&b, ECS_AVP_DESTINATION_REALM, ECS_STR("test"));
    ecs_diameter_put_u32(&b, ECS_AVP_AUTH_REQUEST_TYPE, 3);
    ecs_diameter_put(&b, ECS_AVP_USER_NAME, ecs_str_of(identity));
    ecs_diameter_put(&b, ECS_AVP_EAP_PAYLOAD,
                     ECS_STR("\x02\x01\0\x3b\x01"
                             "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"));
    assert_encodes(&m, &b, der_swm_hex);
}

static void put_flow(struct ecs_buf *b)
{
    size_t flow = ecs_diameter_group_begin(b, ECS_AVP_MEDIA_SUB_COMPONENT);

    ecs_diameter_put_u32(b, ECS_AVP_FLOW_NUMBER, 1);
    ecs_diameter_put(b, ECS_AVP_FLOW_DESCRIPTION, ECS_STR("permit out ip from 203.0.113.5 to 10.0.0.1"));
    ecs_diameter_put(b, ECS_AVP_FLOW_DESCRIPTION, ECS_STR("permit in ip from 10.0.0.1 to 203.0.113.5"));
    ecs_diameter_put_u32(b, ECS_AVP_FLOW_STATUS, 2);
    ecs_diameter_group_end(b, flow);
}

static void put_subscription(struct ecs_buf *b, uint32_t type, struct ecs_str text)
{
    size_t group = ecs_diameter_group_begin(b, ECS_AVP_SUBSCRIPTION_ID);

    ecs_diameter_put_u32(b, ECS_AVP_SUBSCRIPTION_ID_TYPE, type);
    ecs_diameter_put(b, ECS_AVP_SUBSCRIPTION_ID_DATA, text);
    ecs_diameter_group_end(b, group);
}

static void test_groups_within_groups_are_written_byte_for_byte(void **state)
{
    struct ecs_diameter_message m = {.command = ECS_DIAMETER_AA,
                                     .flags = ecs_diameter_command_flags(ECS_DIAMETER_AA),
                                     .application = ECS_DIAMETER_APP_RX,
                                     .hop_by_hop = 5,
                                     .end_to_end = 5};
    static const uint32_t actions[] = {1, 2, 4};
    struct ecs_buf b = {0};
    size_t media;

    (void)state;
    ecs_diameter_put(&b, ECS_AVP_SESSION_ID, ECS_STR("ecs.test;1;3"));
    ecs_diameter_put_u32(&b, ECS_AVP_AUTH_APPLICATION_ID, ECS_DIAMETER_APP_RX);
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_HOST, ECS_STR("ecs.test"));
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_REALM, ECS_STR("test"));
    ecs_diameter_put(&b, ECS_AVP_DESTINATION_REALM, ECS_STR("test"));
    ecs_diameter_put(&b, ECS_AVP_AF_APPLICATION_IDENTIFIER, ECS_STR("ecs.databoost"));
    media = ecs_diameter_group_begin(&b, ECS_AVP_MEDIA_COMPONENT_DESCRIPTION);
    ecs_diameter_put_u32(&b, ECS_AVP_MEDIA_COMPONENT_NUMBER, 1);
    put_flow(&b);
    ecs_diameter_put_u32(&b, ECS_AVP_MEDIA_TYPE, 0);
    ecs_diameter_put_u32(&b, ECS_AVP_MAX_REQUESTED_BANDWIDTH_DL, 2000000);
    ecs_diameter_put_u32(&b, ECS_AVP_MAX_REQUESTED_BANDWIDTH_UL, 500000);
    ecs_diameter_put_u32(&b, ECS_AVP_FLOW_STATUS, 2);
    ecs_diameter_group_end(&b, media);
    for (size_t i = 0; i < ECS_ARRAY_LEN(actions); i++)
        ecs_diameter_put_u32(&b, ECS_AVP_SPECIFIC_ACTION, actions[i]);
    put_subscription(&b, 0, ECS_STR("491700000001"));
    put_subscription(&b, 1, ECS_STR("001010000000001"));
    ecs_diameter_put(&b, ECS_AVP_FRAMED_IP_ADDRESS, ECS_STR("\x0a\0\0\x01"));
    ecs_diameter_put(&b, ECS_AVP_CALLED_STATION_ID, ECS_STR("internet"));
    assert_encodes(&m, &b, aar_hex);
}

static void test_a_missing_avp_is_answered_as_freediameter_does(void **state)
{
    struct ecs_diameter_message m = {.command = ECS_DIAMETER_AA,
                                     .flags = ECS_DIAMETER_P,
                                     .application = ECS_DIAMETER_APP_RX,
                                     .hop_by_hop = 5,
                                     .end_to_end = 5};
    struct ecs_buf b = {0};

    (void)state;
    ecs_diameter_put(&b, ECS_AVP_SESSION_ID, ECS_STR("ecs.test;1;3"));
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_HOST, ECS_STR("aaa.test"));
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_REALM, ECS_STR("test"));
    ecs_diameter_put_u32(&b, ECS_AVP_RESULT_CODE, ECS_DIAMETER_MISSING_AVP);
    ecs_diameter_put_missing(&b, ECS_AVP_AUTH_REQUEST_TYPE);
    ecs_diameter_put(&b, ECS_AVP_ERROR_MESSAGE, ECS_STR("DIAMETER_MISSING_AVP"));
    assert_encodes(&m, &b, missing_hex);
}

static void test_numbers_times_and_addresses_come_back(void **state)
{
    static const int64_t times[] = {0, 1790000000, 2085978495, 2085978496, 4200000000};
    struct ecs_buf b = {0};
    struct ecs_str address;
    uint64_t u64;
    int64_t time;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(times); i++) {
        ecs_buf_reset(&b);
        ecs_diameter_put_time(&b, ECS_AVP_EVENT_TIMESTAMP, times[i]);
        assert_true(ecs_diameter_get_time(ecs_buf_str(&b), ECS_AVP_EVENT_TIMESTAMP, &time));
        assert_int_equal(time, times[i]);
    }
    ecs_buf_reset(&b);
    ecs_diameter_put_u64(&b, ECS_AVP_ACCOUNTING_EAP_AUTH_METHOD, 0x1122334455667788u);
    ecs_diameter_put_address(&b, ECS_AVP_UE_LOCAL_IP_ADDRESS, "0123456789abcdef", 16);
    assert_true(ecs_diameter_get_u64(ecs_buf_str(&b), ECS_AVP_ACCOUNTING_EAP_AUTH_METHOD, &u64));
    assert_true(u64 == 0x1122334455667788u);
    assert_true(ecs_diameter_get_address(ecs_buf_str(&b), ECS_AVP_UE_LOCAL_IP_ADDRESS, &address));
    assert_true(ecs_str_eq(address, ECS_STR("0123456789abcdef")));
    ecs_diameter_put_address(&b, ECS_AVP_UE_LOCAL_IP_ADDRESS, "012345", 6);
    assert_true(b.overflow);
    ecs_buf_done(&b);
}

static void test_what_is_too_long_or_broken_is_not_written(void **state)
{
    struct ecs_diameter_message m = {.command = ECS_DIAMETER_EAP, .flags = ECS_DIAMETER_R};
    char *much = calloc(1, ECS_DIAMETER_MAX);
    struct ecs_buf avps = {0}, buf = {0};

    (void)state;
    ecs_diameter_put(&avps, ECS_AVP_EAP_PAYLOAD, (struct ecs_str){much, ECS_DIAMETER_MAX - 8});
    assert_false(avps.overflow);
    m.avps = ecs_buf_str(&avps);
    assert_false(ecs_diameter_encode(&m, &buf));
    assert_int_equal(buf.n, 0);
    ecs_buf_reset(&avps);
    ecs_diameter_put(&avps, ECS_AVP_EAP_PAYLOAD, (struct ecs_str){much, ECS_DIAMETER_MAX});
    assert_true(avps.overflow);
    m.avps = ECS_STR("\0\0\0\x01\x40\0\0\x64");
    assert_false(ecs_diameter_encode(&m, &buf));
    ecs_buf_done(&avps);
    ecs_buf_done(&buf);
    free(much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capabilities_are_written_byte_for_byte),
        cmocka_unit_test(test_watchdog_and_leave_are_written_byte_for_byte),
        cmocka_unit_test(test_an_eap_request_is_written_byte_for_byte),
        cmocka_unit_test(test_groups_within_groups_are_written_byte_for_byte),
        cmocka_unit_test(test_a_missing_avp_is_answered_as_freediameter_does),
        cmocka_unit_test(test_numbers_times_and_addresses_come_back),
        cmocka_unit_test(test_what_is_too_long_or_broken_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
