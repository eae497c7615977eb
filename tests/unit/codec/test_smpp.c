/* SPDX-License-Identifier: Apache-2.0 */
/* SMPP packets: the golden ones of the push digest byte for byte in both directions, every way a packet can
 * be wrong, and the meaning of statuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ecs/smpp.h"

static size_t unhex(const char *hex, uint8_t *out, size_t max)
{
    size_t n = strlen(hex) / 2;

    assert_true(n <= max);
    assert_true(ecs_hex_decode(ecs_str_of(hex), out, n));
    return n;
}

static void assert_hex(struct ecs_str got, const char *want)
{
    char *text = malloc(2 * got.n + 1);

    ecs_hex_encode(got.p, got.n, text);
    assert_string_equal(text, want);
    free(text);
}

/* Decodes in memory of exactly the packet's size. */
static enum ecs_smpp_fault decode(const char *hex, uint8_t **bytes, struct ecs_smpp_pdu *pdu)
{
    size_t n = strlen(hex) / 2;

    *bytes = malloc(n ? n : 1);
    (void)unhex(hex, *bytes, n);
    return ecs_smpp_decode((struct ecs_str){(char *)*bytes, n}, pdu);
}

static void assert_encodes(const struct ecs_smpp_pdu *pdu, const char *want)
{
    struct ecs_buf buf = {0};

    assert_true(ecs_smpp_encode(pdu, &buf));
    assert_hex(ecs_buf_str(&buf), want);
    ecs_buf_done(&buf);
}

static const char bind_hex[] = "0000002000000009000000000000000165637300736563726574000034000000";
static const char bind_resp_hex[] = "00000015800000090000000000000001534d534300";
static const char submit_8bit_hex[] =
    "0000005b000000040000000000000002000500454353000101343931373030303030303031004000000000000004002b0605041f"
    "9f"
    "00003030313031303030303030303030312d6165736366672c6170323030332c617032303034";
static const char submit_resp_hex[] = "0000001780000004000000000000000261626331323300";
static const char submit_ucs2_hex[] =
    "0000007100000004000000000000000300050045435300010134393137303030303030303100400000000000000800410605041f"
    "9f"
    "0000003000300031003000310030003000300030003000300030003000300031002d0061006500730063006600670"
    "02c006100700032003000300034";

static void test_a_bind_is_written_byte_for_byte(void **state)
{
    struct ecs_smpp_pdu pdu = {.command = ECS_SMPP_BIND_TRANSCEIVER, .sequence = 1};

    (void)state;
    pdu.text[ECS_SMPP_F_SYSTEM_ID] = ECS_STR("ecs");
    pdu.text[ECS_SMPP_F_PASSWORD] = ECS_STR("secret");
    pdu.number[ECS_SMPP_F_INTERFACE_VERSION] = 0x34;
    assert_encodes(&pdu, bind_hex);
}

static void submit(struct ecs_smpp_pdu *pdu, uint32_t sequence, uint8_t coding, struct ecs_str message)
{
    *pdu = (struct ecs_smpp_pdu){.command = ECS_SMPP_SUBMIT_SM, .sequence = sequence};
    pdu->number[ECS_SMPP_F_SOURCE_TON] = 5;
    pdu->text[ECS_SMPP_F_SOURCE_ADDR] = ECS_STR("ECS");
    pdu->number[ECS_SMPP_F_DEST_TON] = 1;
    pdu->number[ECS_SMPP_F_DEST_NPI] = 1;
    pdu->text[ECS_SMPP_F_DEST_ADDR] = ECS_STR("491700000001");
    pdu->number[ECS_SMPP_F_ESM_CLASS] = 0x40;
    pdu->number[ECS_SMPP_F_DATA_CODING] = coding;
    pdu->text[ECS_SMPP_F_SHORT_MESSAGE] = message;
}

static void test_submits_are_written_byte_for_byte(void **state)
{
    static const char text[] = "001010000000001-aescfg,ap2004";
    struct ecs_smpp_pdu pdu;
    char ucs2[7 + 2 * (sizeof(text) - 1)] = "\x06\x05\x04\x1f\x9f\x00\x00";

    (void)state;
    submit(&pdu, 2, 4,
           ECS_STR("\x06\x05\x04\x1f\x9f\x00\x00"
                   "001010000000001-aescfg,ap2003,ap2004"));
    assert_encodes(&pdu, submit_8bit_hex);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        ucs2[7 + 2 * i] = 0;
        ucs2[8 + 2 * i] = text[i];
    }
    submit(&pdu, 3, 8, (struct ecs_str){ucs2, sizeof(ucs2)});
    assert_encodes(&pdu, submit_ucs2_hex);
}

static void test_packets_without_body_are_a_header(void **state)
{
    struct ecs_smpp_pdu pdu = {.command = ECS_SMPP_ENQUIRE_LINK, .sequence = 4};

    (void)state;
    assert_encodes(&pdu, "00000010000000150000000000000004");
    pdu.command = ECS_SMPP_ENQUIRE_LINK_RESP;
    assert_encodes(&pdu, "00000010800000150000000000000004");
    pdu =
        (struct ecs_smpp_pdu){.command = ECS_SMPP_GENERIC_NACK, .status = ECS_SMPP_RINVCMDID, .sequence = 9};
    assert_encodes(&pdu, "00000010800000000000000300000009");
}

static void test_a_refusing_response_has_no_body(void **state)
{
    struct ecs_smpp_pdu pdu = {
        .command = ECS_SMPP_DELIVER_SM_RESP, .status = ECS_SMPP_RX_T_APPN, .sequence = 7};

    (void)state;
    assert_encodes(&pdu, "00000010800000050000006400000007");
    pdu.status = ECS_SMPP_ROK;
    assert_encodes(&pdu, "0000001180000005000000000000000700");
}

static void test_responses_are_read(void **state)
{
    struct ecs_smpp_pdu pdu;
    uint8_t *bytes;

    (void)state;
    assert_int_equal(decode(bind_resp_hex, &bytes, &pdu), ECS_SMPP_FAULT_NONE);
    assert_int_equal(pdu.command, ECS_SMPP_BIND_TRANSCEIVER_RESP);
    assert_true(ecs_str_eq(pdu.text[ECS_SMPP_F_SYSTEM_ID], ECS_STR("SMSC")));
    free(bytes);
    assert_int_equal(decode(submit_resp_hex, &bytes, &pdu), ECS_SMPP_FAULT_NONE);
    assert_int_equal(pdu.command, ECS_SMPP_SUBMIT_SM_RESP);
    assert_int_equal(pdu.sequence, 2);
    assert_true(ecs_str_eq(pdu.text[ECS_SMPP_F_MESSAGE_ID], ECS_STR("abc123")));
    free(bytes);
    /* status set, no body: 4.4.2 */
    assert_int_equal(decode("00000010800000040000005800000005", &bytes, &pdu), ECS_SMPP_FAULT_NONE);
    assert_int_equal(pdu.status, ECS_SMPP_RTHROTTLED);
    free(bytes);
}

static void test_what_is_written_is_read_again(void **state)
{
    struct ecs_smpp_pdu pdu, again;
    struct ecs_buf buf = {0};
    uint8_t *bytes;

    (void)state;
    assert_int_equal(decode(submit_8bit_hex, &bytes, &pdu), ECS_SMPP_FAULT_NONE);
    assert_int_equal(pdu.number[ECS_SMPP_F_SOURCE_TON], 5);
    assert_int_equal(pdu.number[ECS_SMPP_F_ESM_CLASS], 0x40);
    assert_true(ecs_str_eq(pdu.text[ECS_SMPP_F_DEST_ADDR], ECS_STR("491700000001")));
    assert_int_equal(pdu.text[ECS_SMPP_F_SHORT_MESSAGE].n, 43);
    pdu.tlvs = ECS_STR("\x02\x0b\x00\x02\x1f\x9f");
    assert_true(ecs_smpp_encode(&pdu, &buf));
    assert_int_equal(ecs_smpp_decode(ecs_buf_str(&buf), &again), ECS_SMPP_FAULT_NONE);
    assert_true(ecs_str_eq(again.text[ECS_SMPP_F_SHORT_MESSAGE], pdu.text[ECS_SMPP_F_SHORT_MESSAGE]));
    assert_true(ecs_str_eq(again.tlvs, pdu.tlvs));
    ecs_buf_done(&buf);
    free(bytes);
}

static void test_optional_parameters_are_found_by_tag(void **state)
{
    struct ecs_smpp_pdu pdu;
    struct ecs_str value = {0};
    uint8_t *bytes;

    (void)state;
    /* sc_interface_version 0x0210 and another one */
    assert_int_equal(decode("0000001e80000009000000000000000153000210000134fffe0000ff", &bytes, &pdu),
                     ECS_SMPP_FAULT_LENGTH);
    free(bytes);
    assert_int_equal(decode("0000001b80000009000000000000000153000210000134fffe0000", &bytes, &pdu),
                     ECS_SMPP_FAULT_NONE);
    assert_true(ecs_smpp_tlv(&pdu, 0x0210, &value));
    assert_hex(value, "34");
    assert_true(ecs_smpp_tlv(&pdu, 0xfffe, &value));
    assert_int_equal(value.n, 0);
    assert_false(ecs_smpp_tlv(&pdu, 0x0424, &value));
    free(bytes);
}

static void test_broken_packets_are_refused_with_their_fault(void **state)
{
    static const struct {
        const char *hex;
        enum ecs_smpp_fault fault;
        uint32_t status;
    } rows[] = {
        {"", ECS_SMPP_FAULT_LENGTH, 0x02},
        {"0000000f8000000400000000000000", ECS_SMPP_FAULT_LENGTH, 0x02},
        {"00000011800000150000000000000004", ECS_SMPP_FAULT_LENGTH, 0x02},
        {"000000100000009900000000000000ff", ECS_SMPP_FAULT_COMMAND, 0x03},
        {"00000010000000050000000000000001", ECS_SMPP_FAULT_SHORT, 0x02},
        {"00000013800000040000000000000002616263", ECS_SMPP_FAULT_SHORT, 0x02},
        /* service_type of seven characters */
        {"0000001900000005000000000000000141414141414141"
         "0000",
         ECS_SMPP_FAULT_FIELD, 0xc2},
        /* the value of an optional parameter goes beyond the end */
        {"0000001780000004000000000000000200"
         "0424000901"
         "ff",
         ECS_SMPP_FAULT_TLV, 0xc0},
        {"0000001480000004000000000000000200"
         "042400",
         ECS_SMPP_FAULT_TLV, 0xc0},
        {"00000011000000150000000000000001ff", ECS_SMPP_FAULT_TLV, 0xc0},
    };
    struct ecs_smpp_pdu pdu;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        uint8_t *bytes;
        enum ecs_smpp_fault fault = decode(rows[i].hex, &bytes, &pdu);

        free(bytes);
        if (fault != rows[i].fault)
            fail_msg("row %zu: %s", i, ecs_smpp_fault_text(fault));
        assert_int_equal(ecs_smpp_fault_status(fault), rows[i].status);
    }
}

static void test_a_message_longer_than_its_packet_is_refused(void **state)
{
    struct ecs_buf buf = {0};
    struct ecs_smpp_pdu pdu;

    (void)state;
    submit(&pdu, 1, 4, ECS_STR("abcd"));
    pdu.command = ECS_SMPP_DELIVER_SM;
    assert_true(ecs_smpp_encode(&pdu, &buf));
    buf.p[buf.n - 5] = 5;
    assert_int_equal(ecs_smpp_decode(ecs_buf_str(&buf), &pdu), ECS_SMPP_FAULT_SHORT);
    buf.p[buf.n - 5] = (char)255;
    assert_int_equal(ecs_smpp_decode(ecs_buf_str(&buf), &pdu), ECS_SMPP_FAULT_FIELD);
    buf.p[buf.n - 5] = 3; /* the rest is no optional parameter */
    assert_int_equal(ecs_smpp_decode(ecs_buf_str(&buf), &pdu), ECS_SMPP_FAULT_TLV);
    ecs_buf_done(&buf);
}

static void test_a_stream_is_cut_into_packets(void **state)
{
    uint8_t bytes[64];
    size_t n = unhex("00000010000000150000000000000004000000", bytes, sizeof(bytes));

    (void)state;
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(ecs_smpp_measure((struct ecs_str){(char *)bytes, i}), 0);
    assert_int_equal(ecs_smpp_measure((struct ecs_str){(char *)bytes, 16}), 16);
    assert_int_equal(ecs_smpp_measure((struct ecs_str){(char *)bytes, n}), 16);
    assert_int_equal(ecs_smpp_measure(ECS_STR("GET ")), -1);
    assert_int_equal(ecs_smpp_measure(ECS_STR("\0\0\0\x0f")), -1);
}

static void test_strings_that_do_not_fit_are_not_written(void **state)
{
    struct ecs_smpp_pdu pdu = {.command = ECS_SMPP_BIND_TRANSCEIVER};
    struct ecs_buf buf = {0};

    (void)state;
    pdu.text[ECS_SMPP_F_PASSWORD] = ECS_STR("12345678");
    assert_true(ecs_smpp_encode(&pdu, &buf));
    ecs_buf_reset(&buf);
    ecs_buf_add_cstr(&buf, "before");
    pdu.text[ECS_SMPP_F_PASSWORD] = ECS_STR("123456789");
    assert_false(ecs_smpp_encode(&pdu, &buf));
    pdu.text[ECS_SMPP_F_PASSWORD] = ECS_STR("1\0002");
    assert_false(ecs_smpp_encode(&pdu, &buf));
    pdu.command = ECS_SMPP_QUERY_SM;
    assert_false(ecs_smpp_encode(&pdu, &buf));
    pdu.command = ECS_SMPP_UNKNOWN;
    assert_false(ecs_smpp_encode(&pdu, &buf));
    assert_true(ecs_str_eq(ecs_buf_str(&buf), ECS_STR("before")));
    ecs_buf_done(&buf);
}

/* proves: G-020 */
static void test_statuses_tell_what_to_do(void **state)
{
    (void)state;
    assert_int_equal(ecs_smpp_status_meaning(0), ECS_SMPP_MEANS_OK);
    assert_int_equal(ecs_smpp_status_meaning(0x58), ECS_SMPP_MEANS_THROTTLED);
    assert_int_equal(ecs_smpp_status_meaning(0x14), ECS_SMPP_MEANS_THROTTLED);
    assert_int_equal(ecs_smpp_status_meaning(0x08), ECS_SMPP_MEANS_RETRY);
    assert_int_equal(ecs_smpp_status_meaning(0x45), ECS_SMPP_MEANS_RETRY);
    assert_int_equal(ecs_smpp_status_meaning(0x0b), ECS_SMPP_MEANS_DEAD);
    assert_int_equal(ecs_smpp_status_meaning(0x0d), ECS_SMPP_MEANS_CONFIG);
    assert_int_equal(ecs_smpp_status_meaning(0x0e), ECS_SMPP_MEANS_CONFIG);
    assert_int_equal(ecs_smpp_status_meaning(0x0f), ECS_SMPP_MEANS_CONFIG);
    assert_int_equal(ecs_smpp_status_meaning(0x43), ECS_SMPP_MEANS_BAD);
    assert_int_equal(ecs_smpp_status_meaning(0x401), ECS_SMPP_MEANS_RETRY);
    assert_string_equal(ecs_smpp_status_name(0x58), "ESME_RTHROTTLED");
    assert_string_equal(ecs_smpp_status_name(0x401), "status of the vendor");
    assert_string_equal(ecs_smpp_status_name(0x10), "unknown status");
}

static void test_requests_know_their_response(void **state)
{
    (void)state;
    assert_int_equal(ecs_smpp_response_of(ECS_SMPP_DELIVER_SM), ECS_SMPP_DELIVER_SM_RESP);
    assert_int_equal(ecs_smpp_response_of(ECS_SMPP_BIND_TRANSCEIVER), ECS_SMPP_BIND_TRANSCEIVER_RESP);
    assert_int_equal(ecs_smpp_response_of(ECS_SMPP_ALERT_NOTIFICATION), ECS_SMPP_UNKNOWN);
    assert_int_equal(ecs_smpp_response_of(ECS_SMPP_SUBMIT_SM_RESP), ECS_SMPP_UNKNOWN);
    assert_int_equal(ecs_smpp_response_of(ECS_SMPP_UNKNOWN), ECS_SMPP_UNKNOWN);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bind_is_written_byte_for_byte),
        cmocka_unit_test(test_submits_are_written_byte_for_byte),
        cmocka_unit_test(test_packets_without_body_are_a_header),
        cmocka_unit_test(test_a_refusing_response_has_no_body),
        cmocka_unit_test(test_responses_are_read),
        cmocka_unit_test(test_what_is_written_is_read_again),
        cmocka_unit_test(test_optional_parameters_are_found_by_tag),
        cmocka_unit_test(test_broken_packets_are_refused_with_their_fault),
        cmocka_unit_test(test_a_message_longer_than_its_packet_is_refused),
        cmocka_unit_test(test_a_stream_is_cut_into_packets),
        cmocka_unit_test(test_strings_that_do_not_fit_are_not_written),
        cmocka_unit_test(test_statuses_tell_what_to_do),
        cmocka_unit_test(test_requests_know_their_response),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
