/* SPDX-License-Identifier: Apache-2.0 */
/* Key rings, sealed tokens, portal references, rate limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/limiter.h"
#include "ecs/token.h"

#define KEY_A "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY_B "2222222222222222222222222222222222222222222222222222222222222222"

struct fixture {
    struct ecs_arena *arena;
    struct ecs_crypto *crypto;
    struct ecs_sealer *old_ring, *new_ring, *other_ring, *flow_ring;
};

static struct ecs_sealer *sealer_of(struct fixture *x, const char *text, const char *label)
{
    struct ecs_keyring ring;
    struct ecs_faults faults;
    struct ecs_sealer *sealer;

    ecs_faults_init(&faults, x->arena);
    assert_true(ecs_keyring_parse("ring", ecs_str_of(text), &ring, &faults));
    sealer = ecs_sealer_new(x->crypto, &ring, ecs_str_of(label));
    assert_non_null(sealer);
    return sealer;
}

static int set_up(void **state)
{
    static struct fixture x;

    x.arena = ecs_arena_new(NULL, 0);
    x.crypto = ecs_crypto_new();
    x.old_ring = sealer_of(&x, "# first\n1 " KEY_A "\n", "token");
    x.new_ring = sealer_of(&x, "1 " KEY_A "\n2 " KEY_B "\n", "token");
    x.other_ring = sealer_of(&x, "2 " KEY_B "\n", "token");
    x.flow_ring = sealer_of(&x, "1 " KEY_A "\n", "flow");
    *state = &x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;

    ecs_sealer_free(x->old_ring);
    ecs_sealer_free(x->new_ring);
    ecs_sealer_free(x->other_ring);
    ecs_sealer_free(x->flow_ring);
    ecs_crypto_free(x->crypto);
    ecs_arena_free(x->arena);
    return 0;
}

static struct ecs_token sample(struct fixture *x)
{
    struct ecs_token t = {
        .groups = 0x203, .generation = 7, .issued_s = 1772600000, .expires_s = 1772600000 + 604800};
    struct ecs_terminal_id id;

    assert_true(ecs_imsi_parse(ECS_STR("001010123456789"), &t.imsi));
    assert_true(ecs_terminal_id_parse(ECS_STR("490154203237518"), &id));
    ecs_token_terminal_digest(x->crypto, &id, t.terminal);
    ecs_token_app_digest(x->crypto, ECS_STR("acme.ims"), t.app_name);
    return t;
}

/* proves: A-013 */
static void test_a_token_is_url_safe_of_one_case_and_comes_back_whole(void **state)
{
    struct fixture *x = *state;
    struct ecs_token t = sample(x), back;
    char text[ECS_TOKEN_TEXT_MAX + 1];

    assert_int_equal(ecs_token_seal(x->crypto, x->old_ring, &t, NULL, text), ECS_OK);
    assert_int_equal(strlen(text), ECS_TOKEN_TEXT_MAX);
    assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz234567"), ECS_TOKEN_TEXT_MAX);
    assert_int_equal(ecs_token_open(x->old_ring, ecs_str_of(text), &back), ECS_OK);
    assert_string_equal(back.imsi.s, t.imsi.s);
    assert_memory_equal(back.terminal, t.terminal, 16);
    assert_memory_equal(back.app_name, t.app_name, 8);
    assert_int_equal(back.generation, 7);
    assert_int_equal(back.groups, 0x203);
    assert_true(back.issued_s == t.issued_s && back.expires_s == t.expires_s);
}

/* proves: A-013 */
static void test_two_tokens_of_the_same_content_differ_unless_the_seed_is_given(void **state)
{
    struct fixture *x = *state;
    struct ecs_token t = sample(x);
    uint8_t seed[32] = {9};
    char a[ECS_TOKEN_TEXT_MAX + 1], b[ECS_TOKEN_TEXT_MAX + 1];

    assert_int_equal(ecs_token_seal(x->crypto, x->old_ring, &t, NULL, a), ECS_OK);
    assert_int_equal(ecs_token_seal(x->crypto, x->old_ring, &t, NULL, b), ECS_OK);
    assert_string_not_equal(a, b);
    assert_int_equal(ecs_token_seal(x->crypto, x->old_ring, &t, seed, a), ECS_OK);
    assert_int_equal(ecs_token_seal(x->crypto, x->old_ring, &t, seed, b), ECS_OK);
    assert_string_equal(a, b);
    t.generation++;
    assert_int_equal(ecs_token_seal(x->crypto, x->old_ring, &t, seed, b), ECS_OK);
    assert_memory_not_equal(a + 4, b + 4, 18); /* another content never meets the same nonce */
}

/* proves: P-025 */
static void test_every_changed_character_and_every_other_case_is_refused(void **state)
{
    struct fixture *x = *state;
    struct ecs_token t = sample(x), back;
    char text[ECS_TOKEN_TEXT_MAX + 1];
    unsigned upper = 0;

    assert_int_equal(ecs_token_seal(x->crypto, x->old_ring, &t, NULL, text), ECS_OK);
    for (size_t i = 0; i + 1 < ECS_TOKEN_TEXT_MAX; i++) {
        char kept = text[i];

        text[i] = kept == 'a' ? 'b' : 'a';
        assert_int_equal(ecs_token_open(x->old_ring, ecs_str_of(text), &back), ECS_E_TOKEN_INVALID);
        if (kept >= 'a' && kept <= 'z') {
            text[i] = (char)(kept - 32);
            assert_int_equal(ecs_token_open(x->old_ring, ecs_str_of(text), &back), ECS_E_TOKEN_INVALID);
            upper++;
        }
        text[i] = kept;
    }
    assert_true(upper > 20);
    assert_int_equal(ecs_token_open(x->old_ring, ECS_STR(""), &back), ECS_E_TOKEN_INVALID);
    assert_int_equal(ecs_token_open(x->old_ring, (struct ecs_str){text, 40}, &back), ECS_E_TOKEN_INVALID);
}

static void test_rotation_keeps_old_tokens_until_their_key_is_removed(void **state)
{
    struct fixture *x = *state;
    struct ecs_token t = sample(x), back;
    char old_text[ECS_TOKEN_TEXT_MAX + 1], new_text[ECS_TOKEN_TEXT_MAX + 1];

    assert_int_equal(ecs_token_seal(x->crypto, x->old_ring, &t, NULL, old_text), ECS_OK);
    assert_int_equal(ecs_token_seal(x->crypto, x->new_ring, &t, NULL, new_text), ECS_OK);
    assert_int_equal(ecs_token_open(x->new_ring, ecs_str_of(old_text), &back), ECS_OK);
    assert_int_equal(ecs_token_open(x->old_ring, ecs_str_of(new_text), &back), ECS_E_TOKEN_INVALID);
    assert_int_equal(ecs_token_open(x->other_ring, ecs_str_of(new_text), &back), ECS_OK);
    assert_int_equal(ecs_token_open(x->other_ring, ecs_str_of(old_text), &back), ECS_E_TOKEN_INVALID);
}

/* proves: V-018 */
static void test_a_portal_reference_is_opaque_and_no_token(void **state)
{
    struct fixture *x = *state;
    struct ecs_token t = sample(x), as_token;
    struct ecs_flow_ref ref = {.imsi = t.imsi, .service = 4, .issued_s = 1772600000, .expires_s = 1772603600},
                        back;
    char text[ECS_TOKEN_TEXT_MAX + 1];

    assert_int_equal(ecs_flow_ref_seal(x->crypto, x->flow_ring, &ref, text), ECS_OK);
    assert_null(strstr(text, "001010123456789"));
    assert_int_equal(ecs_flow_ref_open(x->flow_ring, ecs_str_of(text), &back), ECS_OK);
    assert_string_equal(back.imsi.s, ref.imsi.s);
    assert_int_equal(back.service, 4);
    assert_true(back.expires_s == ref.expires_s);
    assert_int_equal(ecs_token_open(x->old_ring, ecs_str_of(text), &as_token), ECS_E_TOKEN_INVALID);
    assert_int_equal(ecs_token_open(x->flow_ring, ecs_str_of(text), &as_token), ECS_E_TOKEN_INVALID);
    text[30] = text[30] == 'c' ? 'd' : 'c';
    assert_int_equal(ecs_flow_ref_open(x->flow_ring, ecs_str_of(text), &back), ECS_E_TOKEN_INVALID);
}

/* proves: O-053 */
static void test_a_portal_reference_may_name_a_journey(void **state)
{
    struct fixture *x = *state;
    struct ecs_token t = sample(x);
    struct ecs_flow_ref ref = {.imsi = t.imsi,
                               .service = 6,
                               .tac = 35733009,
                               .issued_s = 1772600000,
                               .expires_s = 1772603600,
                               .journey = INT64_C(0x123456789abcdef)},
                        back;
    char text[ECS_TOKEN_TEXT_MAX + 1];

    assert_int_equal(ecs_flow_ref_seal(x->crypto, x->flow_ring, &ref, text), ECS_OK);
    assert_int_equal(ecs_flow_ref_open(x->flow_ring, ecs_str_of(text), &back), ECS_OK);
    assert_true(back.journey == ref.journey);
    assert_int_equal(back.tac, 35733009);
    assert_string_equal(back.imsi.s, ref.imsi.s);
    /* An enterprise has no subscriber; without a journey nobody would be meant. */
    memset(&ref.imsi, 0, sizeof(ref.imsi));
    assert_int_equal(ecs_flow_ref_seal(x->crypto, x->flow_ring, &ref, text), ECS_OK);
    assert_int_equal(ecs_flow_ref_open(x->flow_ring, ecs_str_of(text), &back), ECS_OK);
    assert_string_equal(back.imsi.s, "");
    assert_true(back.journey == ref.journey);
    ref.journey = 0;
    assert_int_equal(ecs_flow_ref_seal(x->crypto, x->flow_ring, &ref, text), ECS_OK);
    assert_int_equal(ecs_flow_ref_open(x->flow_ring, ecs_str_of(text), &back), ECS_E_TOKEN_INVALID);
}

static void test_faulty_key_rings_are_refused_with_the_line(void **state)
{
    struct fixture *x = *state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "holds no key"},
        {"# only a comment\n", "holds no key"},
        {"1 " KEY_A "\n1 " KEY_B "\n", "ring:2:1: key id 1 is used twice"},
        {"0 " KEY_A "\n", "ring:1:1: a key line is"},
        {"300 " KEY_A "\n", "ring:1:1: a key line is"},
        {"\n\n5 1234\n", "ring:3:1: key 5 is not made of 64 hex digits"},
        {"x\n", "ring:1:1: a key line is"},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_keyring ring;
        struct ecs_faults faults;

        ecs_faults_init(&faults, x->arena);
        assert_false(ecs_keyring_parse("ring", ecs_str_of(rows[i].text), &ring, &faults));
        assert_int_equal(faults.count, 1);
        assert_non_null(strstr(faults.first->text, rows[i].says));
        assert_null(strstr(faults.first->text, "1111111111"));
    }
}

/* proves: A-066 */
static void test_the_limiter_allows_the_burst_then_the_rate(void **state)
{
    struct ecs_limiter *l = ecs_limiter_new(60, 5, 64);
    int64_t now = 1000000000;
    uint32_t wait = 0;

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(ecs_limiter_take(l, 42, now, NULL));
    assert_false(ecs_limiter_take(l, 42, now, &wait));
    assert_in_range(wait, 1, 2);
    assert_true(ecs_limiter_take(l, 43, now, NULL));
    assert_false(ecs_limiter_peek(l, 42, now + 900000, NULL));
    assert_true(ecs_limiter_take(l, 42, now + 1900000, NULL));
    assert_false(ecs_limiter_take(l, 42, now + 1900000, NULL));
    for (int i = 0; i < 5; i++)
        assert_true(ecs_limiter_take(l, 42, now + 600000000, NULL));
    assert_false(ecs_limiter_take(l, 42, now + 600000000, NULL));
    ecs_limiter_free(l);
}

static void test_many_keys_do_not_grow_the_limiter_and_zero_means_no_limit(void **state)
{
    struct ecs_limiter *l = ecs_limiter_new(1, 1, 16), *off = ecs_limiter_new(0, 1, 16);

    (void)state;
    for (uint64_t k = 1; k < 100000; k++)
        assert_true(ecs_limiter_take(l, k * 0x9e3779b97f4a7c15u, (int64_t)k + 1, NULL));
    for (int i = 0; i < 1000; i++)
        assert_true(ecs_limiter_take(off, 1, 1, NULL));
    ecs_limiter_free(l);
    ecs_limiter_free(off);
}

static void test_the_limiter_fills_up_after_any_time_at_any_rate(void **state)
{
    struct ecs_limiter *l = ecs_limiter_new(1000000, 2, 16);

    (void)state;
    for (int64_t now = 1; now < INT64_C(1000000000000000); now = now * 3 + 1000) {
        assert_true(ecs_limiter_take(l, 42, now, NULL));
        assert_true(ecs_limiter_take(l, 42, now, NULL));
        assert_false(ecs_limiter_take(l, 42, now, NULL));
    }
    ecs_limiter_free(l);
}

static void test_new_figures_of_the_limiter_keep_what_was_used(void **state)
{
    struct ecs_limiter *l = ecs_limiter_new(0, 1, 16);
    int64_t now = 1000000000;

    (void)state;
    assert_true(ecs_limiter_take(l, 42, now, NULL));
    ecs_limiter_set(l, 1, 2);
    assert_true(ecs_limiter_take(l, 42, now, NULL));
    assert_true(ecs_limiter_take(l, 42, now, NULL));
    assert_false(ecs_limiter_take(l, 42, now, NULL));
    ecs_limiter_set(l, 2, 5);
    assert_false(ecs_limiter_take(l, 42, now, NULL));
    assert_true(ecs_limiter_take(l, 42, now + 30000000, NULL));
    ecs_limiter_set(l, 0, 1);
    assert_true(ecs_limiter_take(l, 42, now, NULL));
    ecs_limiter_free(l);
}

static struct ecs_enterprise_token sample_enterprise(struct fixture *x)
{
    struct ecs_enterprise_token token = {
        .enterprise = "ENT-4471", .issued_s = 1700000000, .expires_s = 1700003600};

    ecs_enterprise_requestor_digest(x->crypto, ECS_STR("8F0C2C1E-6a36"), token.requestor);
    return token;
}

/* proves: OS-004 */
static void test_an_enterprise_token_brings_back_requestor_and_enterprise(void **state)
{
    struct fixture *x = *state;
    struct ecs_enterprise_token token = sample_enterprise(x), back;
    char text[ECS_ENTERPRISE_TOKEN_TEXT_MAX + 1];
    uint8_t same[16], other[16];

    assert_int_equal(ecs_enterprise_token_seal(x->crypto, x->old_ring, &token, text), ECS_OK);
    assert_int_equal(ecs_enterprise_token_open(x->new_ring, ecs_str_of(text), &back), ECS_OK);
    assert_string_equal(back.enterprise, "ENT-4471");
    assert_int_equal(back.issued_s, token.issued_s);
    assert_int_equal(back.expires_s, token.expires_s);
    ecs_enterprise_requestor_digest(x->crypto, ECS_STR("8f0c2c1e-6A36"), same);
    ecs_enterprise_requestor_digest(x->crypto, ECS_STR("8f0c2c1e-6A37"), other);
    assert_memory_equal(back.requestor, same, 16);
    assert_memory_not_equal(back.requestor, other, 16);
}

static void test_the_longest_and_the_shortest_enterprise_fit(void **state)
{
    struct fixture *x = *state;
    struct ecs_enterprise_token token = sample_enterprise(x), back;
    char text[ECS_ENTERPRISE_TOKEN_TEXT_MAX + 1];

    memset(token.enterprise, 'e', ECS_ENTERPRISE_ID_MAX);
    assert_int_equal(ecs_enterprise_token_seal(x->crypto, x->old_ring, &token, text), ECS_OK);
    assert_int_equal(strlen(text), ECS_ENTERPRISE_TOKEN_TEXT_MAX);
    assert_int_equal(ecs_enterprise_token_open(x->old_ring, ecs_str_of(text), &back), ECS_OK);
    assert_string_equal(back.enterprise, token.enterprise);
    token.enterprise[1] = '\0';
    assert_int_equal(ecs_enterprise_token_seal(x->crypto, x->old_ring, &token, text), ECS_OK);
    assert_int_equal(ecs_enterprise_token_open(x->old_ring, ecs_str_of(text), &back), ECS_OK);
    assert_string_equal(back.enterprise, "e");
}

static void test_a_spoiled_enterprise_token_or_one_of_another_kind_is_refused(void **state)
{
    struct fixture *x = *state;
    struct ecs_enterprise_token token = sample_enterprise(x), back;
    struct ecs_token device = {.issued_s = 1700000000, .expires_s = 1700003600}, opened;
    char text[ECS_ENTERPRISE_TOKEN_TEXT_MAX + 1], of_device[ECS_TOKEN_TEXT_MAX + 1];

    assert_int_equal(ecs_enterprise_token_seal(x->crypto, x->old_ring, &token, text), ECS_OK);
    assert_int_equal(ecs_enterprise_token_open(x->other_ring, ecs_str_of(text), &back), ECS_E_TOKEN_INVALID);
    assert_int_equal(ecs_token_open(x->old_ring, ecs_str_of(text), &opened), ECS_E_TOKEN_INVALID);
    for (size_t i = 0; i < strlen(text); i++) {
        char before = text[i];

        text[i] = before == 'a' ? 'b' : 'a';
        if (ecs_enterprise_token_open(x->old_ring, ecs_str_of(text), &back) == ECS_OK)
            assert_string_equal(back.enterprise, token.enterprise); /* bits behind the last octet */
        text[i] = before;
    }
    for (size_t n = 0; n < strlen(text); n++)
        if (ecs_enterprise_token_open(x->old_ring, (struct ecs_str){text, n}, &back) == ECS_OK)
            assert_string_equal(back.enterprise, token.enterprise);
    assert_true(ecs_imsi_parse(ECS_STR("001010000000001"), &device.imsi));
    assert_int_equal(ecs_token_seal(x->crypto, x->old_ring, &device, NULL, of_device), ECS_OK);
    assert_int_equal(ecs_enterprise_token_open(x->old_ring, ecs_str_of(of_device), &back),
                     ECS_E_TOKEN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_is_url_safe_of_one_case_and_comes_back_whole),
        cmocka_unit_test(test_two_tokens_of_the_same_content_differ_unless_the_seed_is_given),
        cmocka_unit_test(test_every_changed_character_and_every_other_case_is_refused),
        cmocka_unit_test(test_rotation_keeps_old_tokens_until_their_key_is_removed),
        cmocka_unit_test(test_a_portal_reference_is_opaque_and_no_token),
        cmocka_unit_test(test_a_portal_reference_may_name_a_journey),
        cmocka_unit_test(test_faulty_key_rings_are_refused_with_the_line),
        cmocka_unit_test(test_the_limiter_allows_the_burst_then_the_rate),
        cmocka_unit_test(test_many_keys_do_not_grow_the_limiter_and_zero_means_no_limit),
        cmocka_unit_test(test_the_limiter_fills_up_after_any_time_at_any_rate),
        cmocka_unit_test(test_new_figures_of_the_limiter_keep_what_was_used),
        cmocka_unit_test(test_an_enterprise_token_brings_back_requestor_and_enterprise),
        cmocka_unit_test(test_the_longest_and_the_shortest_enterprise_fit),
        cmocka_unit_test(test_a_spoiled_enterprise_token_or_one_of_another_kind_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
