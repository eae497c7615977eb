/* SPDX-License-Identifier: Apache-2.0 */
/* The EAP decoder: every rule as a row of a table, and random bytes. */
#include "vectors.h"

#include "../base/random.h"
#include "ecs/eap.h"

/* Attributes as hex, for the tables */
#define Z16     "00000000000000000000000000000000"
#define RAND    "01050000" Z16
#define AUTN    "02050000" Z16
#define MAC     "0b050000" Z16
#define RES     "030300401122334455667788"
#define AUTS    "04040102030405060708090a0b0c0d0e"
#define IV      "81050000" Z16
#define ENCR    "82050000" Z16
#define CHECK_0 "86010000"
#define CHECK_1 "86060000" Z16 "00000000"
#define IND     "87010000"
#define BIDDING "88018000"
#define KDF_IN  "17020004574c414e"
#define KDF_1   "18010001"

struct row {
    const char *head; /* code, type, subtype as hex digits without the fields in between */
    const char *attrs;
    enum ecs_eap_fault fault;
    unsigned fault_type;
};

#define REQ_CHALLENGE "011701"
#define RSP_CHALLENGE "021701"
#define RSP_REJECT    "021702"
#define RSP_SYNC      "021704"
#define REQ_IDENTITY  "011705"
#define RSP_IDENTITY  "021705"
#define REQ_NOTE      "01170c"
#define RSP_NOTE      "02170c"
#define REQ_REAUTH    "01170d"
#define RSP_REAUTH    "02170d"
#define RSP_ERROR     "02170e"
#define PRIME_REQ     "013201"
#define PRIME_RSP     "023201"
#define PRIME_SYNC    "023204"
#define OK(head, attrs)                                                                                      \
    {                                                                                                        \
        head, attrs, ECS_EAP_FAULT_NONE, 0                                                                   \
    }

static const struct row rows[] = {
    OK(REQ_CHALLENGE, RAND AUTN MAC),
    OK(REQ_CHALLENGE, MAC AUTN RAND), /* order is free */
    OK(REQ_CHALLENGE, RAND AUTN IV ENCR CHECK_1 IND BIDDING MAC),
    OK(RSP_CHALLENGE, RES MAC),
    OK(RSP_CHALLENGE, RES CHECK_0 IND IV ENCR MAC),
    OK(RSP_CHALLENGE, RES MAC "c8020000aabbccdd"), /* attribute 200 may be skipped */
    OK(RSP_CHALLENGE, RES BIDDING MAC),            /* known, out of place, harmless */
    OK(RSP_CHALLENGE, "03020020aabbccdd" MAC),
    OK(RSP_CHALLENGE, "03050080" Z16 MAC),
    OK(RSP_CHALLENGE, "030300301122334455660000" MAC), /* 48 bits, padded */
    OK(RSP_CHALLENGE, "03050040" Z16 MAC),             /* longer padding than needed */
    OK(RSP_REJECT, ""),
    OK(RSP_REJECT, CHECK_1 IND),
    OK(RSP_SYNC, AUTS),
    OK(RSP_ERROR, "16010000"),
    OK(REQ_IDENTITY, "0a010000"),
    OK(REQ_IDENTITY, "0d010000"),
    OK(REQ_IDENTITY, "11010000"),
    OK(RSP_IDENTITY, "0e0300053061626364000000"),
    OK(RSP_IDENTITY, "0e0300053061626364ffffff"), /* padding is not looked at */
    OK(REQ_NOTE, "0c014000"),
    OK(REQ_NOTE, "0c018000" MAC),
    OK(REQ_NOTE, "0c018000" IV ENCR MAC),
    OK(RSP_NOTE, ""),
    OK(RSP_NOTE, MAC),
    OK(REQ_REAUTH, IV ENCR MAC),
    OK(RSP_REAUTH, IV ENCR CHECK_0 IND MAC),
    OK(PRIME_REQ, RAND AUTN KDF_IN KDF_1 MAC),
    OK(PRIME_REQ, RAND AUTN KDF_IN "18010002" KDF_1 MAC),
    OK(PRIME_SYNC, AUTS KDF_1),
    OK(PRIME_RSP, RES MAC "86090000" Z16 Z16),
    /* lengths */
    {RSP_CHALLENGE, RES "c8000000" MAC, ECS_EAP_FAULT_ZERO_LENGTH, 200},
    {RSP_CHALLENGE, RES "0b000000", ECS_EAP_FAULT_ZERO_LENGTH, 11},
    {RSP_CHALLENGE, RES "0b060000" Z16, ECS_EAP_FAULT_OVERRUN, 11},
    {RSP_CHALLENGE, RES MAC "c8", ECS_EAP_FAULT_OVERRUN, 200},
    {RSP_CHALLENGE, RES MAC "c801", ECS_EAP_FAULT_OVERRUN, 200},
    {RSP_CHALLENGE, RES MAC "0000", ECS_EAP_FAULT_ZERO_LENGTH, 0},
    {RSP_CHALLENGE, RES "0b040000000000000000000000000000", ECS_EAP_FAULT_SIZE, 11},
    {RSP_CHALLENGE, RES "0b060000" Z16 "00000000", ECS_EAP_FAULT_SIZE, 11},
    {RSP_CHALLENGE, "03060080" Z16 "00000000" MAC, ECS_EAP_FAULT_SIZE, 3},
    {RSP_CHALLENGE, "03010020" MAC, ECS_EAP_FAULT_SIZE, 3},
    {RSP_SYNC, "04030102030405060708090a", ECS_EAP_FAULT_SIZE, 4},
    {RSP_SYNC, "04050102030405060708090a0b0c0d0e00000000", ECS_EAP_FAULT_SIZE, 4},
    {RSP_ERROR, "1602000000000000", ECS_EAP_FAULT_SIZE, 22},
    {REQ_REAUTH,
     IV "82030000"
        "0000000000000000" MAC,
     ECS_EAP_FAULT_SIZE, 130},
    {REQ_REAUTH, IV "82060000" Z16 "00000000" MAC, ECS_EAP_FAULT_SIZE, 130},
    {RSP_CHALLENGE,
     RES "86020000"
         "00000000" MAC,
     ECS_EAP_FAULT_SIZE, 134},
    {RSP_CHALLENGE, RES MAC "86090000" Z16 Z16, ECS_EAP_FAULT_SIZE, 134}, /* SHA-256 is for AKA' */
    {PRIME_RSP, RES MAC CHECK_1, ECS_EAP_FAULT_SIZE, 134},
    {RSP_IDENTITY, "0e030005306162", ECS_EAP_FAULT_OVERRUN, 14},
    {RSP_IDENTITY, "0e02000530616263", ECS_EAP_FAULT_ACTUAL_LENGTH, 14},
    {RSP_IDENTITY, "0e02ffff30616263", ECS_EAP_FAULT_ACTUAL_LENGTH, 14},
    {PRIME_REQ, RAND AUTN "17020005574c414e" KDF_1 MAC, ECS_EAP_FAULT_ACTUAL_LENGTH, 23},
    /* bits of AT_RES */
    {RSP_CHALLENGE, "030300001122334455667788" MAC, ECS_EAP_FAULT_RES_BITS, 3},
    {RSP_CHALLENGE, "0303001f1122334455667788" MAC, ECS_EAP_FAULT_RES_BITS, 3},
    {RSP_CHALLENGE, "030300411122334455667788" MAC, ECS_EAP_FAULT_RES_BITS, 3},
    {RSP_CHALLENGE, "03050081" Z16 MAC, ECS_EAP_FAULT_RES_BITS, 3},
    {RSP_CHALLENGE, "03020040aabbccdd" MAC, ECS_EAP_FAULT_RES_BITS, 3},
    /* twice */
    {RSP_CHALLENGE, RES RES MAC, ECS_EAP_FAULT_DUPLICATE, 3},
    {RSP_CHALLENGE, RES MAC MAC, ECS_EAP_FAULT_DUPLICATE, 11},
    {RSP_CHALLENGE, RES MAC CHECK_0 CHECK_0, ECS_EAP_FAULT_DUPLICATE, 134},
    {REQ_CHALLENGE, RAND RAND AUTN MAC, ECS_EAP_FAULT_DUPLICATE, 1},
    /* unknown and out of place */
    {RSP_CHALLENGE, RES MAC "05010000", ECS_EAP_FAULT_UNKNOWN, 5},
    {RSP_CHALLENGE, RES MAC "7f010000", ECS_EAP_FAULT_UNKNOWN, 127},
    {RSP_CHALLENGE, RES MAC RAND, ECS_EAP_FAULT_UNEXPECTED, 1},
    {RSP_CHALLENGE, RES MAC "13010001", ECS_EAP_FAULT_UNEXPECTED, 19}, /* AT_COUNTER in clear */
    {RSP_CHALLENGE, RES MAC "8402000130000000", ECS_EAP_FAULT_UNEXPECTED, 132},
    {RSP_CHALLENGE, RES MAC KDF_1, ECS_EAP_FAULT_UNEXPECTED, 24},
    {REQ_CHALLENGE, RAND AUTN MAC KDF_IN KDF_1, ECS_EAP_FAULT_UNEXPECTED, 23}, /* not in EAP-AKA */
    {RSP_SYNC, AUTS MAC, ECS_EAP_FAULT_UNEXPECTED, 11},
    {RSP_SYNC, AUTS IV ENCR, ECS_EAP_FAULT_UNEXPECTED, 129},
    {RSP_SYNC, AUTS KDF_1, ECS_EAP_FAULT_UNEXPECTED, 24},
    {RSP_REJECT, MAC, ECS_EAP_FAULT_UNEXPECTED, 11},
    {RSP_ERROR, "16010000" MAC, ECS_EAP_FAULT_UNEXPECTED, 11},
    {RSP_IDENTITY, "0e02000430616263" MAC, ECS_EAP_FAULT_UNEXPECTED, 11},
    {REQ_IDENTITY, "0a010000" IV ENCR, ECS_EAP_FAULT_UNEXPECTED, 129},
    {REQ_NOTE, "0c014000" MAC, ECS_EAP_FAULT_UNEXPECTED, 11}, /* before the challenge there is no key */
    {REQ_NOTE, "0c014000" IV ENCR, ECS_EAP_FAULT_UNEXPECTED, 0},
    /* missing */
    {RSP_CHALLENGE, MAC, ECS_EAP_FAULT_MISSING, 3},
    {RSP_CHALLENGE, RES, ECS_EAP_FAULT_MISSING, 11},
    {RSP_CHALLENGE, "", ECS_EAP_FAULT_MISSING, 3},
    {RSP_SYNC, "", ECS_EAP_FAULT_MISSING, 4},
    {RSP_ERROR, "", ECS_EAP_FAULT_MISSING, 22},
    {RSP_IDENTITY, "", ECS_EAP_FAULT_MISSING, 14},
    {REQ_CHALLENGE, RAND MAC, ECS_EAP_FAULT_MISSING, 2},
    {REQ_NOTE, "", ECS_EAP_FAULT_MISSING, 12},
    {REQ_NOTE, "0c010000", ECS_EAP_FAULT_MISSING, 11},
    {REQ_REAUTH, MAC, ECS_EAP_FAULT_MISSING, 129},
    {PRIME_REQ, RAND AUTN KDF_IN MAC, ECS_EAP_FAULT_MISSING, 24},
    {PRIME_RSP, KDF_1, ECS_EAP_FAULT_UNEXPECTED, 24}, /* negotiation cannot happen with one KDF */
    {RSP_CHALLENGE, RES MAC IV, ECS_EAP_FAULT_IV_PAIR, 0},
    {RSP_CHALLENGE, RES MAC ENCR, ECS_EAP_FAULT_IV_PAIR, 0},
    {REQ_IDENTITY, "", ECS_EAP_FAULT_ID_REQUESTS, 0},
    {REQ_IDENTITY, "0a0100000d010000", ECS_EAP_FAULT_ID_REQUESTS, 0},
    {PRIME_REQ, RAND AUTN KDF_IN KDF_1 KDF_1 KDF_1 KDF_1 KDF_1 KDF_1 KDF_1 KDF_1 KDF_1 MAC,
     ECS_EAP_FAULT_KDF_COUNT, 24},
    /* direction and subtype */
    {"011702", "", ECS_EAP_FAULT_DIRECTION, 0},
    {"011704", AUTS, ECS_EAP_FAULT_DIRECTION, 0},
    {"01170e", "16010000", ECS_EAP_FAULT_DIRECTION, 0},
    {"02170a", "", ECS_EAP_FAULT_SUBTYPE, 0},
    {"021700", "", ECS_EAP_FAULT_SUBTYPE, 0},
};

/* Packet from a row: identifier 7, right length. The heap copy has exactly its size for the sanitizer. */
static uint8_t *build(const char *head, const char *attrs, size_t *ret_n)
{
    struct vec_bytes h = vec_hex(head), a = vec_hex(attrs);
    size_t n = 8 + a.n;
    uint8_t *p = malloc(n);

    assert_non_null(p);
    memcpy(p, (uint8_t[]){h.p[0], 7, (uint8_t)(n >> 8), (uint8_t)n, h.p[1], h.p[2], 0, 0}, 8);
    memcpy(p + 8, a.p, a.n);
    *ret_n = n;
    return p;
}

/* proves: E-012 E-013 */
static void test_every_rule_of_the_parser_names_its_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_eap_packet packet;
        size_t n;
        uint8_t *p = build(rows[i].head, rows[i].attrs, &n);
        enum ecs_eap_fault fault = ecs_eap_decode(p, n, &packet);

        if (fault != rows[i].fault)
            fail_msg("row %zu %s %s: %s, not %s", i, rows[i].head, rows[i].attrs, ecs_eap_fault_name(fault),
                     ecs_eap_fault_name(rows[i].fault));
        if (fault != ECS_EAP_FAULT_NONE && rows[i].fault_type &&
            packet.attrs.fault_type != rows[i].fault_type)
            fail_msg("row %zu %s %s: attribute %u, not %u", i, rows[i].head, rows[i].attrs,
                     packet.attrs.fault_type, rows[i].fault_type);
        free(p);
    }
}

static void test_header_rules(void **state)
{
    static const struct {
        const char *packet;
        enum ecs_eap_fault fault;
    } heads[] = {
        {"", ECS_EAP_FAULT_SHORT},
        {"020100", ECS_EAP_FAULT_SHORT},
        {"02010004", ECS_EAP_FAULT_SHORT}, /* a response has a type */
        {"0201000717"
         "0100",
         ECS_EAP_FAULT_SHORT}, /* AKA needs subtype and reserved */
        {"0201000517", ECS_EAP_FAULT_SHORT},
        {"0201000601", ECS_EAP_FAULT_LENGTH},
        {"020100050100", ECS_EAP_FAULT_LENGTH}, /* trailing bytes are not ignored */
        {"0201000001", ECS_EAP_FAULT_LENGTH},
        {"0201ffff01", ECS_EAP_FAULT_LENGTH},
        {"00010004", ECS_EAP_FAULT_CODE},
        {"05010004", ECS_EAP_FAULT_CODE},
        {"03010004", ECS_EAP_FAULT_NONE},
        {"04010004", ECS_EAP_FAULT_NONE},
        {"0301000500", ECS_EAP_FAULT_RESULT_LENGTH},
        {"0401000500", ECS_EAP_FAULT_RESULT_LENGTH},
        {"0201000603"
         "17",
         ECS_EAP_FAULT_NONE},
        {"0101000603"
         "17",
         ECS_EAP_FAULT_DIRECTION}, /* a Nak is an answer */
        {"0201000501", ECS_EAP_FAULT_NONE},
        {"020100060d00", ECS_EAP_FAULT_NONE}, /* another method: data as it is */
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(heads); i++) {
        struct vec_bytes b = vec_hex(heads[i].packet);
        struct ecs_eap_packet packet;
        uint8_t *p = malloc(b.n ? b.n : 1);

        assert_non_null(p);
        memcpy(p, b.p, b.n);
        enum ecs_eap_fault fault = ecs_eap_decode(p, b.n, &packet);
        if (fault != heads[i].fault)
            fail_msg("%s: %s, not %s", heads[i].packet, ecs_eap_fault_name(fault),
                     ecs_eap_fault_name(heads[i].fault));
        free(p);
    }
}

static void test_encrypted_attributes_have_their_own_rules(void **state)
{
    static const struct {
        const char *attrs;
        enum ecs_eap_fault fault;
    } inner[] = {
        {"", ECS_EAP_FAULT_NONE},
        {"13010001"
         "15050000" Z16,
         ECS_EAP_FAULT_NONE},
        {"13010001"
         "14010000"
         "0602000000000000",
         ECS_EAP_FAULT_NONE},
        {"13010001"
         "c8010000",
         ECS_EAP_FAULT_NONE},
        {"8402000130000000"
         "8502000134000000",
         ECS_EAP_FAULT_NONE},
        {MAC, ECS_EAP_FAULT_UNEXPECTED},
        {RES, ECS_EAP_FAULT_UNEXPECTED},
        {IV ENCR, ECS_EAP_FAULT_UNEXPECTED},
        {IND, ECS_EAP_FAULT_UNEXPECTED}, /* never encrypted */
        {CHECK_0, ECS_EAP_FAULT_UNEXPECTED},
        {"13010001"
         "0602000000000001",
         ECS_EAP_FAULT_PADDING},
        {"13010001"
         "06010100",
         ECS_EAP_FAULT_PADDING},
        {"06010000"
         "13010001",
         ECS_EAP_FAULT_PADDING_PLACE},
        {"06010000"
         "06010000",
         ECS_EAP_FAULT_DUPLICATE},
        {"06040000"
         "000000000000000000000000",
         ECS_EAP_FAULT_SIZE},
        {"05010000", ECS_EAP_FAULT_UNKNOWN},
        {"13010001"
         "13010001",
         ECS_EAP_FAULT_DUPLICATE},
        {"8402000530313233", ECS_EAP_FAULT_ACTUAL_LENGTH},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(inner); i++) {
        struct vec_bytes b = vec_hex(inner[i].attrs);
        struct ecs_eap_attrs attrs;
        enum ecs_eap_fault fault = ecs_eap_decode_encrypted(b.p, b.n, ECS_EAP_TYPE_AKA, &attrs);

        if (fault != inner[i].fault)
            fail_msg("%s: %s, not %s", inner[i].attrs, ecs_eap_fault_name(fault),
                     ecs_eap_fault_name(inner[i].fault));
    }
}

/* Random bytes behind a right header, and captured packets with random damage: no crash, values inside. */
static void test_random_bytes_do_no_harm(void **state)
{
    uint64_t seed = 0x5EED2;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct ecs_eap_packet p;
        size_t n = 4 + next_random(&seed) % 120;
        uint8_t *b = malloc(n);

        assert_non_null(b);
        fill_random(&seed, b, n);
        b[0] = (uint8_t)(1 + b[0] % 2);
        b[2] = 0;
        b[3] = (uint8_t)n;
        if (n > 5) {
            b[4] = b[4] % 2 ? 23 : 50;
            b[5] %= 16;
        }
        for (size_t at = 8; at + 1 < n; at += 4u * b[at + 1] + !b[at + 1]) /* plausible attributes */
            b[at] = (uint8_t)(b[at] % 2 ? 128 + b[at] % 12 : b[at] % 26), b[at + 1] %= 7;
        if (ecs_eap_decode(b, n, &p) == ECS_EAP_FAULT_NONE) {
            for (int a = 0; a < ECS_AT_COUNT; a++)
                if (ecs_eap_has(&p.attrs, a))
                    assert_true(p.attrs.value[a].p >= p.bytes.p + 8 &&
                                p.attrs.value[a].p + p.attrs.value[a].n <= p.bytes.p + n);
        }
        free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rule_of_the_parser_names_its_fault),
        cmocka_unit_test(test_header_rules),
        cmocka_unit_test(test_encrypted_attributes_have_their_own_rules),
        cmocka_unit_test(test_random_bytes_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
