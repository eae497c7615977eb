/* SPDX-License-Identifier: Apache-2.0 */
/* The SIM against the published Milenage and resynchronisation vectors, and the EAP answer byte for byte. */

#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ecs/eap_prf.h"

static const char set1_ki[] = "465b5ce8b199b49faa5f0a2ee238a6bc";
static const char set1_op[] = "cdc202d5123e20f62b6d676ac72cb318";
static const char set1_opc[] = "cd63cb71954a9f4e48a5994e37a02baf";

static struct ecs_crypto *crypto;

static int open_crypto(void **state)
{
    (void)state;
    crypto = ecs_crypto_new();
    return crypto ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    ecs_crypto_free(crypto);
    return 0;
}

static void set_seq(struct ecs_sim_usim *usim, uint64_t sqn)
{
    for (size_t i = 0; i < ECS_AKA_SLOTS; i++)
        usim->state.seq[i] = sqn >> ECS_AKA_IND_BITS;
    usim->state.seq[sqn & (ECS_AKA_SLOTS - 1)] = sqn >> ECS_AKA_IND_BITS;
}

static void make(struct ecs_sim_usim *usim, const char *ki, const char *op, const char *opc)
{
    struct ecs_sim_usim_text text = {.imsi = "001010123456789", .ki = ki, .op = op, .opc = opc};
    char err[200];

    assert_true(ecs_sim_usim_init(usim, crypto, &text, err, sizeof(err)));
}

/* ts43-protocol.md 17: TS 35.208 test set 1 through the relay */
static void test_relay_vector_gives_the_published_answer(void **state)
{
    static const char challenge[] = "{\"eap-relay-packet\":\"ASoARBcBAAABBQAAI1U8vpY3qJ0hiuZNrke/"
                                    "NQIFAABV8yi0NXe5uUqf+sNU36+zCwUAAOMGtVJJ3rkoCg9ktR"
                                    "s3fqE=\"}";
    struct ecs_sim_report report;
    struct ecs_sim_challenge c;
    struct ecs_sim_usim usim;
    struct ecs_aka_usim_answer sim;
    uint8_t mk[20], k_aut[16], packet[64];
    char text[ECS_BASE64_LEN(64) + 1];
    size_t n;
    const char *nai;

    ecs_sim_report_init(&report, *state);
    make(&usim, set1_ki, set1_op, NULL);
    set_seq(&usim, UINT64_C(0xff9bb4d0b607) - 64);
    assert_true(ecs_sim_packet_take(ecs_str_of(challenge), ECS_SIM_PACKET_JSON_STRINGS, &c, &report));
    assert_true(ecs_sim_challenge_read(&c, ECS_SIM_ATTR_FIXED, &report));
    assert_int_equal(ecs_aka_usim_answer(crypto, &usim.key, c.rand, c.autn, &usim.state, &sim), ECS_OK);
    assert_int_equal(sim.kind, ECS_USIM_RES);
    nai = ecs_sim_usim_nai(&usim, *state, '0', "nai.epc");
    assert_string_equal(nai, "0001010123456789@nai.epc.mnc001.mcc001.3gppnetwork.org");
    assert_true(ecs_eap_aka_mk(crypto, ecs_str_of(nai), sim.ik, sim.ck, mk));
    ecs_eap_aka_k_aut(mk, k_aut);
    assert_int_equal(ecs_sim_mac_check(crypto, c.packet, c.n, k_aut), 1);
    n = ecs_sim_answer_res(crypto, c.identifier, sim.res, sim.res_n, k_aut, packet);
    assert_int_equal(n, 40);
    ecs_base64_encode(packet, n, text);
    assert_string_equal(text, "AioAKBcBAAADAwBApUIR1eO6UL8LBQAACXQgEUpE3Bg1wVDKe1Mm6w==");
    c.packet[c.n - 1] ^= 1;
    assert_int_equal(ecs_sim_mac_check(crypto, c.packet, c.n, k_aut), 0);
    assert_int_equal(ecs_sim_mac_check(crypto, c.packet, c.n - 20, k_aut), -1);
}

static void test_op_and_opc_make_the_same_card(void **state)
{
    struct ecs_sim_usim a, b;

    (void)state;
    make(&a, set1_ki, set1_op, NULL);
    make(&b, set1_ki, NULL, set1_opc);
    assert_memory_equal(a.key.opc, b.key.opc, 16);
}

/* eap-aka.md 11.1: resynchronisation */
static void test_old_sequence_number_gives_the_published_auts(void **state)
{
    static const struct {
        const char *ki, *opc, *rand;
        uint64_t sqn_ms;
        const char *auts;
    } rows[] = {
        {"5122250214c33e723a5dd523fc145fc0", "981d464c7c52eb6e5036234984ad0bcf",
         "81e92b6c0ee0e12ebceba8d92a99dfa5", UINT64_C(0x16f3b3f71005), "c2920fe25758ce6e59b2ec2ca0e0"},
        {"5122250214c33e723a5dd523fc145fc0", "981d464c7c52eb6e5036234984ad0bcf",
         "ffc57e4c9a34831214c574c2a335723a", UINT64_C(0x20000), "be94b91eed1a07e6b5b01973b7e5"},
        {"90dca4eda45b53cf0f12d7c9c3bc6a89", "cb9cccc4b9258e6dca4760379fb82581",
         "c416753615b83131dd8c960c3650e099", UINT64_C(0x400), "c81513ad6384295ae6017b115b77"},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_sim_usim usim;
        struct ecs_aka_vector vector;
        struct ecs_aka_usim_answer sim;
        uint8_t rand[16], auts[14], packet[64];

        make(&usim, rows[i].ki, NULL, rows[i].opc);
        usim.state.seq[rows[i].sqn_ms & (ECS_AKA_SLOTS - 1)] = rows[i].sqn_ms >> ECS_AKA_IND_BITS;
        assert_true(ecs_hex_decode(ecs_str_of(rows[i].rand), rand, 16));
        assert_true(ecs_hex_decode(ecs_str_of(rows[i].auts), auts, 14));
        assert_int_equal(ecs_aka_vector_make(crypto, &usim.key, rand, rows[i].sqn_ms, &vector), ECS_OK);
        assert_int_equal(ecs_aka_usim_answer(crypto, &usim.key, rand, vector.autn, &usim.state, &sim),
                         ECS_OK);
        assert_int_equal(sim.kind, ECS_USIM_AUTS);
        assert_memory_equal(sim.auts, auts, 14);
        assert_int_equal(ecs_sim_answer_auts(7, sim.auts, packet), 24);
        assert_memory_equal(packet, "\x02\x07\x00\x18\x17\x04\x00\x00\x04\x04", 10);
        assert_memory_equal(packet + 10, auts, 14);
    }
}

static void test_foreign_key_is_a_mac_failure(void **state)
{
    struct ecs_sim_usim usim, other;
    struct ecs_aka_vector vector;
    struct ecs_aka_usim_answer sim;
    static const uint8_t rand[16] = {1};

    (void)state;
    make(&usim, set1_ki, NULL, set1_opc);
    make(&other, "465b5ce8b199b49faa5f0a2ee238a6bd", NULL, set1_opc);
    assert_int_equal(ecs_aka_vector_make(crypto, &other.key, rand, 32, &vector), ECS_OK);
    assert_int_equal(ecs_aka_usim_answer(crypto, &usim.key, rand, vector.autn, &usim.state, &sim), ECS_OK);
    assert_int_equal(sim.kind, ECS_USIM_MAC_FAILURE);
}

static void test_short_res_is_padded_and_its_bits_are_told(void **state)
{
    static const uint8_t res[5] = {1, 2, 3, 4, 5}, k_aut[16] = {0};
    uint8_t packet[64];

    (void)state;
    assert_int_equal(ecs_sim_answer_res(crypto, 1, res, 5, k_aut, packet), 40);
    assert_memory_equal(packet + 8, "\x03\x03\x00\x28\x01\x02\x03\x04\x05\x00\x00\x00\x0b\x05", 14);
}

static void test_three_digit_mnc_is_not_padded(void **state)
{
    struct ecs_sim_usim usim;
    struct ecs_sim_usim_text text = {
        .imsi = "310410123456789", .ki = set1_ki, .opc = set1_opc, .mnc_digits = "3"};
    char err[200];

    assert_true(ecs_sim_usim_init(&usim, crypto, &text, err, sizeof(err)));
    assert_string_equal(ecs_sim_usim_nai(&usim, *state, '0', "wlan"),
                        "0310410123456789@wlan.mnc410.mcc310.3gppnetwork.org");
}

static void test_wrong_keys_are_named(void **state)
{
    static const struct {
        struct ecs_sim_usim_text text;
        const char *part;
    } rows[] = {
        {{.imsi = "12345", .ki = set1_ki, .opc = set1_opc}, "IMSI"},
        {{.imsi = "001010123456789", .ki = "46", .opc = set1_opc}, "--ki"},
        {{.imsi = "001010123456789", .ki = set1_ki}, "--op"},
        {{.imsi = "001010123456789", .ki = set1_ki, .op = set1_op, .opc = set1_opc}, "--op"},
        {{.imsi = "001010123456789", .ki = set1_ki, .opc = set1_opc, .alg = "comp128"}, "algorithm"},
        {{.imsi = "001010123456789", .ki = set1_ki, .opc = set1_opc, .res_bytes = "17"}, "RES"},
        {{.imsi = "001010123456789", .ki = set1_ki, .opc = set1_opc, .mnc_digits = "4"}, "MNC"},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_sim_usim usim;
        char err[200] = "";

        assert_false(ecs_sim_usim_init(&usim, crypto, &rows[i].text, err, sizeof(err)));
        assert_non_null(strstr(err, rows[i].part));
    }
}

/* TS 35.233 set 1: TOPc from TOP */
static void test_tuak_card_derives_topc(void **state)
{
    struct ecs_sim_usim usim;
    struct ecs_sim_usim_text text = {.imsi = "001010123456789",
                                     .ki = "abababababababababababababababab",
                                     .op = "5555555555555555555555555555555555555555555555555555555555555555",
                                     .alg = "tuak"};
    char err[200];
    uint8_t topc[32];

    (void)state;
    assert_true(ecs_sim_usim_init(&usim, crypto, &text, err, sizeof(err)));
    assert_true(ecs_hex_decode(ECS_STR("bd04d9530e87513c5d837ac2ad954623a8e2330c115305a73eb45d1f40cccbff"),
                               topc, 32));
    assert_memory_equal(usim.key.opc, topc, 32);
}

static void test_state_file_survives_and_rubbish_is_refused(void **state)
{
    char path[] = "/tmp/ecs-devsim-XXXXXX", err[300];
    struct ecs_sim_usim_text text = {
        .imsi = "001010123456789", .ki = set1_ki, .opc = set1_opc, .state_file = path};
    struct ecs_sim_usim usim, again;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_true(write(fd, "zz\n", 3) == 3);
    close(fd);
    assert_false(ecs_sim_usim_init(&usim, crypto, &text, err, sizeof(err)));
    assert_non_null(strstr(err, "SIM state file"));
    unlink(path);
    assert_true(ecs_sim_usim_init(&usim, crypto, &text, err, sizeof(err)));
    set_seq(&usim, 0xabcdef);
    assert_true(ecs_sim_usim_save(&usim, err, sizeof(err)));
    assert_true(ecs_sim_usim_init(&again, crypto, &text, err, sizeof(err)));
    assert_memory_equal(usim.state.seq, again.state.seq, sizeof(usim.state.seq));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENTENCE(test_relay_vector_gives_the_published_answer),
        SENTENCE(test_op_and_opc_make_the_same_card),
        SENTENCE(test_old_sequence_number_gives_the_published_auts),
        SENTENCE(test_foreign_key_is_a_mac_failure),
        SENTENCE(test_short_res_is_padded_and_its_bits_are_told),
        SENTENCE(test_three_digit_mnc_is_not_padded),
        SENTENCE(test_wrong_keys_are_named),
        SENTENCE(test_tuak_card_derives_topc),
        SENTENCE(test_state_file_survives_and_rubbish_is_refused),
    };

    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
