/* SPDX-License-Identifier: Apache-2.0 */
/* RADIUS packets: a captured exchange of other makers (tests/vectors/radius_eap.txt) read, proven and written
 * again; every way a packet can be wrong; what may be in which packet. */
#include "vectors.h"

#include "../radius_double.h"
#include "ecs/eap.h"
#include "ecs/radius_relay.h"

static struct vec_bytes packets[6]; /* request, answer, request ... */
static struct ecs_radius_secret *secret;

static struct ecs_str bytes_of(const struct vec_bytes *b)
{
    return (struct ecs_str){(const char *)b->p, b->n};
}

static int set_up(void **state)
{
    struct vec v = vec_open("radius_eap.txt");
    size_t n = 0;

    (void)state;
    while (vec_next(&v) == 2) {
        struct vec_bytes *b = &packets[n];

        assert_in_range(n, 0, ECS_ARRAY_LEN(packets) - 1);
        assert_string_equal(v.column[0], n++ % 2 ? "answer" : "request");
        b->n = strlen(v.column[1]) / 2;
        assert_true(ecs_hex_decode(ecs_str_of(v.column[1]), b->p, b->n));
    }
    assert_int_equal(n, ECS_ARRAY_LEN(packets));
    secret = ecs_radius_secret_new(ECS_STR("testing123"));
    return secret ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_radius_secret_free(secret);
    return 0;
}

static struct ecs_radius_packet decoded(struct ecs_str bytes)
{
    struct ecs_radius_packet packet;

    assert_int_equal(ecs_radius_decode(bytes, &packet), ECS_RADIUS_FAULT_NONE);
    return packet;
}

/* Proof of packets[at + 1], altered by the caller, as the answer to packets[at]. */
static enum ecs_radius_proof prove(const struct vec_bytes *answer, size_t at, bool demanded)
{
    struct ecs_radius_packet packet = decoded(bytes_of(answer));

    return ecs_radius_prove(&packet, secret, packets[at].p + 4, demanded);
}

static void test_the_answers_of_another_server_are_proven(void **state)
{
    (void)state;
    for (size_t at = 0; at < 6; at += 2)
        assert_int_equal(prove(&packets[at + 1], at, true), ECS_RADIUS_PROVEN);
    assert_int_equal(decoded(bytes_of(&packets[1])).code, ECS_RADIUS_ACCESS_CHALLENGE);
    assert_int_equal(decoded(bytes_of(&packets[5])).code, ECS_RADIUS_ACCESS_ACCEPT);
}

static void test_the_answer_to_another_request_is_not_believed(void **state)
{
    (void)state;
    assert_int_equal(prove(&packets[1], 2, true), ECS_RADIUS_WRONG_AUTHENTICATOR);
    assert_int_equal(prove(&packets[5], 2, true), ECS_RADIUS_WRONG_AUTHENTICATOR);
}

/* proves: E-021 */
static void test_no_altered_bit_is_believed(void **state)
{
    (void)state;
    for (size_t i = 0; i < packets[3].n; i++) {
        struct vec_bytes spoiled = packets[3];
        struct ecs_radius_packet packet;

        spoiled.p[i] ^= 0x10;
        if (ecs_radius_decode(bytes_of(&spoiled), &packet))
            continue;
        assert_int_not_equal(ecs_radius_prove(&packet, secret, packets[2].p + 4, true), ECS_RADIUS_PROVEN);
    }
}

static enum ecs_radius_proof prove_made(enum rd_how how, const char *with, bool demanded)
{
    struct rd_packet made;
    struct ecs_radius_packet packet;

    rd_begin(&made, ECS_RADIUS_ACCESS_ACCEPT, 7);
    rd_attr(&made, 18, "hello", 5);
    rd_end(&made, packets[0].p, with, how);
    packet = decoded((struct ecs_str){(char *)made.p, made.n});
    return ecs_radius_prove(&packet, secret, packets[0].p + 4, demanded);
}

/* proves: E-021 */
static void test_an_answer_without_message_authenticator_is_not_believed(void **state)
{
    (void)state;
    assert_int_equal(prove_made(RD_GOOD, "testing123", true), ECS_RADIUS_PROVEN);
    assert_int_equal(prove_made(RD_UNSIGNED, "testing123", true), ECS_RADIUS_UNSIGNED);
    assert_int_equal(prove_made(RD_UNSIGNED, "testing123", false), ECS_RADIUS_PROVEN);
    assert_int_equal(prove_made(RD_BAD_SIGNATURE, "testing123", true), ECS_RADIUS_WRONG_SIGNATURE);
    assert_int_equal(prove_made(RD_BAD_SIGNATURE, "testing123", false), ECS_RADIUS_WRONG_SIGNATURE);
    assert_int_equal(prove_made(RD_BAD_AUTHENTICATOR, "testing123", true), ECS_RADIUS_WRONG_AUTHENTICATOR);
    assert_int_equal(prove_made(RD_GOOD, "testing124", true), ECS_RADIUS_WRONG_AUTHENTICATOR);
}

static void test_a_captured_exchange_is_read(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_radius_packet packet = decoded(bytes_of(&packets[3]));
    struct ecs_radius_judgement j;
    struct ecs_eap_packet eap;
    struct ecs_str value;
    uint32_t number;

    (void)state;
    ecs_radius_judge(packet.code, packet.attrs, false, arena, &j);
    assert_int_equal(j.verdict, ECS_RADIUS_MORE);
    assert_int_equal(j.eap.n, 0xbc);
    assert_memory_equal(j.state.p, "\0\0\0\x0a", 4);
    assert_int_equal(ecs_eap_decode((const uint8_t *)j.eap.p, j.eap.n, &eap), 0);
    assert_int_equal(eap.message, ECS_EAP_MSG_REQ_CHALLENGE);
    packet = decoded(bytes_of(&packets[5]));
    ecs_radius_judge(packet.code, packet.attrs, false, arena, &j);
    assert_int_equal(j.verdict, ECS_RADIUS_ACCEPTED);
    assert_memory_equal(j.eap.p, "\x03\xa8\x00\x04", 4);
    assert_null(j.imsi.p);
    assert_true(ecs_radius_get(packet.attrs, ECS_RADIUS_MS_MPPE_SEND_KEY, &value));
    assert_int_equal(value.n, 50);
    packet = decoded(bytes_of(&packets[0]));
    assert_true(ecs_radius_get_u32(packet.attrs, ECS_RADIUS_FRAMED_MTU, &number));
    assert_int_equal(number, 1400);
    assert_false(ecs_radius_get_u32(packet.attrs, ECS_RADIUS_USER_NAME, &number));
    assert_false(ecs_radius_get(packet.attrs, ECS_RADIUS_STATE, &value));
    ecs_arena_free(arena);
}

/* ---- faults ---- */

static enum ecs_radius_fault fault_of(const struct rd_packet *made, size_t n)
{
    struct ecs_radius_packet packet;
    char *exact = malloc(n ? n : 1); /* so that the sanitizer sees the end */
    enum ecs_radius_fault fault;

    memcpy(exact, made->p, n);
    fault = ecs_radius_decode((struct ecs_str){exact, n}, &packet);
    free(exact);
    return fault;
}

static void finish(struct rd_packet *made)
{
    made->p[2] = (uint8_t)(made->n >> 8);
    made->p[3] = (uint8_t)made->n;
}

static void test_lengths_are_checked(void **state)
{
    struct rd_packet made = {.n = 0};

    (void)state;
    assert_int_equal(fault_of(&made, 0), ECS_RADIUS_FAULT_LENGTH);
    rd_begin(&made, ECS_RADIUS_ACCESS_REJECT, 1);
    rd_attr(&made, 18, "no", 2);
    finish(&made);
    assert_int_equal(fault_of(&made, made.n), ECS_RADIUS_FAULT_NONE);
    assert_int_equal(fault_of(&made, made.n + 9), ECS_RADIUS_FAULT_NONE); /* padding */
    for (size_t n = 0; n < made.n; n++)
        assert_int_equal(fault_of(&made, n), ECS_RADIUS_FAULT_LENGTH);
    made.p[3] = 19;
    assert_int_equal(fault_of(&made, made.n), ECS_RADIUS_FAULT_LENGTH);
    made.p[3] = 21;
    assert_int_equal(fault_of(&made, made.n), ECS_RADIUS_FAULT_ATTR);
    finish(&made);
    made.p[21] = 1;
    assert_int_equal(fault_of(&made, made.n), ECS_RADIUS_FAULT_ATTR);
    made.p[21] = 5;
    assert_int_equal(fault_of(&made, made.n), ECS_RADIUS_FAULT_ATTR);
    made.p[2] = 0x10;
    made.p[3] = 1;
    assert_int_equal(fault_of(&made, RD_MAX), ECS_RADIUS_FAULT_LENGTH);
}

static void test_values_and_numbers_are_checked(void **state)
{
    static const struct {
        uint8_t code, type;
        size_t n;
        unsigned times;
        enum ecs_radius_fault fault;
    } cases[] = {
        {ECS_RADIUS_ACCESS_ACCEPT, 27, 4, 2, ECS_RADIUS_FAULT_NONE},
        {ECS_RADIUS_ACCESS_ACCEPT, 27, 3, 1, ECS_RADIUS_FAULT_VALUE},
        {ECS_RADIUS_ACCESS_ACCEPT, 80, 15, 1, ECS_RADIUS_FAULT_VALUE},
        {ECS_RADIUS_ACCESS_ACCEPT, 80, 16, 2, ECS_RADIUS_FAULT_TWICE},
        {ECS_RADIUS_ACCESS_CHALLENGE, 24, 10, 1, ECS_RADIUS_FAULT_NONE},
        {ECS_RADIUS_ACCESS_CHALLENGE, 24, 10, 2, ECS_RADIUS_FAULT_TWICE},
        {ECS_RADIUS_ACCESS_CHALLENGE, 79, 253, 3, ECS_RADIUS_FAULT_NONE},
        {ECS_RADIUS_ACCESS_REJECT, 18, 0, 2, ECS_RADIUS_FAULT_NONE},
        {ECS_RADIUS_ACCESS_REQUEST, 1, 10, 2, ECS_RADIUS_FAULT_TWICE},
        {ECS_RADIUS_ACCESS_REJECT, 222, 7, 5, ECS_RADIUS_FAULT_NONE},
        {99, 24, 7, 2, ECS_RADIUS_FAULT_NONE},
    };
    static const uint8_t value[253];

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct rd_packet made;

        rd_begin(&made, cases[i].code, 1);
        for (unsigned t = 0; t < cases[i].times; t++)
            rd_attr(&made, cases[i].type, value, cases[i].n);
        finish(&made);
        assert_int_equal(fault_of(&made, made.n), cases[i].fault);
    }
}

/* proves: E-021 */
static void test_pieces_of_eap_must_follow_each_other(void **state)
{
    struct rd_packet made;

    (void)state;
    rd_begin(&made, ECS_RADIUS_ACCESS_CHALLENGE, 1);
    rd_attr(&made, 79, "\1\1", 2);
    rd_attr(&made, 24, "s", 1);
    rd_attr(&made, 79, "\0\4", 2);
    finish(&made);
    assert_int_equal(fault_of(&made, made.n), ECS_RADIUS_FAULT_EAP);
}

static void test_streams_are_cut_into_packets(void **state)
{
    struct ecs_str stream = bytes_of(&packets[1]);

    (void)state;
    for (size_t n = 0; n < stream.n; n++)
        assert_int_equal(ecs_radius_measure((struct ecs_str){stream.p, n}), 0);
    assert_int_equal(ecs_radius_measure(stream), stream.n);
    assert_int_equal(ecs_radius_measure(ECS_STR("\1\1\0\x13")), -1);
    assert_int_equal(ecs_radius_measure(ECS_STR("\1\1\x10\1")), -1);
    assert_int_equal(ecs_radius_measure(ECS_STR("GET / HTTP/1.1")), -1);
}

static void test_vendors_attributes_are_gone_through(void **state)
{
    struct ecs_radius_walk walk = {.rest =
                                       ECS_STR("\x1a\x11\0\0\x28\xaf\1\5abc\2\6wxyz\x1a\x08\0\0\1\x37\x10\7"
                                               "\x1a\x05\0\0\1\x20\3q")};
    struct ecs_radius_attr attr;

    (void)state;
    assert_true(ecs_radius_next(&walk, &attr));
    assert_int_equal(attr.id, ECS_RADIUS_TGPP_IMSI);
    assert_true(ecs_str_eq(attr.value, ECS_STR("abc")));
    assert_true(ecs_radius_next(&walk, &attr));
    assert_int_equal(attr.id, ECS_RADIUS_ATTR_UNKNOWN);
    assert_int_equal(attr.vendor, 10415);
    assert_int_equal(attr.type, 2);
    /* Inner lengths that do not fit, and no vendor at all: one opaque attribute each. */
    for (int i = 0; i < 2; i++) {
        assert_true(ecs_radius_next(&walk, &attr));
        assert_int_equal(attr.id, ECS_RADIUS_ATTR_UNKNOWN);
        assert_int_equal(attr.type, 26);
        assert_int_equal(attr.vendor, 0);
    }
    assert_true(ecs_radius_next(&walk, &attr)); /* " \3q" */
    assert_int_equal(attr.id, ECS_RADIUS_NAS_IDENTIFIER);
    assert_false(ecs_radius_next(&walk, &attr));
}

/* ---- writing ---- */

static struct ecs_str encoded(struct ecs_buf *buf, unsigned code, struct ecs_str attrs)
{
    struct ecs_radius_packet packet = {.code = (uint8_t)code, .identifier = 9, .attrs = attrs};
    uint8_t sent[ECS_RADIUS_AUTH_LEN];

    memset(packet.authenticator, 0xab, sizeof(packet.authenticator));
    ecs_buf_reset(buf);
    assert_true(ecs_radius_encode_request(&packet, secret, buf, sent));
    assert_memory_equal(buf->p + 4, sent, sizeof(sent));
    return ecs_buf_str(buf);
}

/* proves: E-021 */
static void test_requests_begin_with_their_message_authenticator(void **state)
{
    struct ecs_radius_eap_round round = {.identity = ECS_STR("0001010000000001@nai.example"),
                                         .nas_identifier = ECS_STR("ecs"),
                                         .state = ECS_STR("s1")};
    char eap[700];
    struct ecs_buf attrs = {0}, buf = {0};
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_radius_packet packet;
    struct ecs_radius_walk walk;
    struct ecs_radius_attr attr;
    struct ecs_str got, bytes;
    size_t pieces[4], n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(eap); i++)
        eap[i] = (char)(i * 31);
    round.eap = (struct ecs_str){eap, sizeof(eap)};
    assert_true(ecs_radius_put_eap_round(&attrs, &round));
    bytes = encoded(&buf, ECS_RADIUS_ACCESS_REQUEST, ecs_buf_str(&attrs));
    assert_true(rd_is_genuine((const uint8_t *)bytes.p, bytes.n, "testing123"));
    assert_false(rd_is_genuine((const uint8_t *)bytes.p, bytes.n, "testing124"));
    assert_int_equal(bytes.p[4] & 0xff, 0xab);
    packet = decoded(bytes);
    for (walk = (struct ecs_radius_walk){.rest = packet.attrs}; ecs_radius_next(&walk, &attr);)
        if (attr.id == ECS_RADIUS_EAP_MESSAGE)
            pieces[n++] = attr.value.n;
    assert_int_equal(n, 3);
    assert_int_equal(pieces[0], 253);
    assert_int_equal(pieces[1], 253);
    assert_int_equal(pieces[2], 194);
    assert_true(ecs_radius_get_eap(packet.attrs, arena, &got));
    assert_true(ecs_str_eq(got, round.eap));
    assert_true(ecs_radius_get(packet.attrs, ECS_RADIUS_STATE, &got) && ecs_str_eq(got, round.state));
    ecs_buf_done(&attrs);
    ecs_buf_done(&buf);
    ecs_arena_free(arena);
}

static bool can_encode(unsigned code, struct ecs_str attrs)
{
    struct ecs_radius_packet packet = {.code = (uint8_t)code, .attrs = attrs};
    uint8_t sent[ECS_RADIUS_AUTH_LEN];
    struct ecs_buf buf = {0};
    bool good = ecs_radius_encode_request(&packet, secret, &buf, sent);

    assert_int_equal(buf.n > 0, good);
    ecs_buf_done(&buf);
    return good;
}

static void test_what_must_not_be_in_a_request_is_refused(void **state)
{
    struct ecs_buf long_one = {0};

    (void)state;
    assert_true(can_encode(ECS_RADIUS_ACCESS_REQUEST, ECS_STR("\x18\3s")));
    assert_false(can_encode(ECS_RADIUS_ACCOUNTING_REQUEST, ECS_STR("\x18\3s"))); /* State */
    assert_false(can_encode(ECS_RADIUS_ACCOUNTING_REQUEST, ECS_STR("\x4f\3e"))); /* EAP-Message */
    assert_false(can_encode(ECS_RADIUS_ACCESS_REQUEST, ECS_STR("\x12\3r")));     /* Reply-Message */
    assert_false(can_encode(ECS_RADIUS_ACCESS_REQUEST, ECS_STR("\x18\3s\x18\3t")));
    assert_false(can_encode(ECS_RADIUS_ACCESS_REQUEST, ECS_STR("\x50\x12"
                                                               "0123456789abcdef")));
    assert_false(can_encode(ECS_RADIUS_ACCESS_REQUEST, ECS_STR("\x18\4s")));
    assert_false(can_encode(ECS_RADIUS_ACCESS_ACCEPT, ECS_STR("")));
    for (size_t i = 0; i < 16; i++) {
        char piece[253] = {0};

        ecs_radius_put_eap(&long_one, (struct ecs_str){piece, sizeof(piece)});
    }
    assert_true(can_encode(ECS_RADIUS_ACCESS_REQUEST, (struct ecs_str){long_one.p, 15 * 255}));
    assert_false(can_encode(ECS_RADIUS_ACCESS_REQUEST, ecs_buf_str(&long_one)));
    ecs_buf_done(&long_one);
}

static void test_values_that_do_not_fit_are_not_written(void **state)
{
    struct ecs_buf buf = {0};
    char value[260] = {0};

    (void)state;
    ecs_radius_put(&buf, ECS_RADIUS_USER_NAME, (struct ecs_str){value, 254});
    assert_true(buf.overflow);
    buf.overflow = false;
    ecs_radius_put(&buf, ECS_RADIUS_USER_NAME, ECS_STR(""));
    assert_true(buf.overflow);
    buf.overflow = false;
    ecs_radius_put(&buf, ECS_RADIUS_ATTR_UNKNOWN, ECS_STR("x"));
    assert_true(buf.overflow);
    assert_int_equal(buf.n, 0);
    buf.overflow = false;
    ecs_radius_put(&buf, ECS_RADIUS_TGPP_IMSI, ECS_STR("001010000000001"));
    assert_memory_equal(buf.p,
                        "\x1a\x17\0\0\x28\xaf\1\x11"
                        "001010000000001",
                        23);
    ecs_buf_done(&buf);
}

/* ---- judgement ---- */

/* proves: E-017 */
static void test_an_empty_secret_is_none(void **state)
{
    (void)state;
    assert_null(ecs_radius_secret_new(ECS_STR("")));
    ecs_radius_secret_free(NULL);
    assert_string_equal(ecs_radius_code_name(ECS_RADIUS_STATUS_SERVER), "Status-Server");
    assert_string_equal(ecs_radius_code_name(77), "unknown code");
    assert_string_equal(ecs_radius_attr_name(ECS_RADIUS_CLASS), "Class");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_answers_of_another_server_are_proven),
        cmocka_unit_test(test_the_answer_to_another_request_is_not_believed),
        cmocka_unit_test(test_no_altered_bit_is_believed),
        cmocka_unit_test(test_an_answer_without_message_authenticator_is_not_believed),
        cmocka_unit_test(test_a_captured_exchange_is_read),
        cmocka_unit_test(test_lengths_are_checked),
        cmocka_unit_test(test_values_and_numbers_are_checked),
        cmocka_unit_test(test_pieces_of_eap_must_follow_each_other),
        cmocka_unit_test(test_streams_are_cut_into_packets),
        cmocka_unit_test(test_vendors_attributes_are_gone_through),
        cmocka_unit_test(test_requests_begin_with_their_message_authenticator),
        cmocka_unit_test(test_what_must_not_be_in_a_request_is_refused),
        cmocka_unit_test(test_values_that_do_not_fit_are_not_written),
        cmocka_unit_test(test_an_empty_secret_is_none),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
