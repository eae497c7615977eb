/* SPDX-License-Identifier: Apache-2.0 */
/* States of the IMS applications: every combination of line state and decision, only defined answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "app/ims_state.h"

enum { NOW = 1772600000 };

static void decide(struct ecs_decisions *d, enum ecs_decision id, int64_t value)
{
    d->v[id].i = value;
}

/* Offered, everything required, tracked. */
static struct ecs_decisions strict(void)
{
    struct ecs_decisions d = {0};

    decide(&d, ECS_DECIDE_VOWIFI_OFFER, ECS_VOWIFI_OFFER_YES);
    decide(&d, ECS_DECIDE_VOWIFI_TERMS, ECS_NEED_REQUIRED);
    decide(&d, ECS_DECIDE_VOWIFI_ADDRESS, ECS_NEED_REQUIRED);
    decide(&d, ECS_DECIDE_VOWIFI_PROVISIONING, ECS_TRACKING_TRACKED);
    decide(&d, ECS_DECIDE_VOWIFI_START_PROVISIONING, 1);
    decide(&d, ECS_DECIDE_VOWIFI_FLOW_HOLD, 30);
    return d;
}

static struct ecs_facts line(int terms, int address, int provisioning)
{
    struct ecs_facts f = {0};

    assert_true(terms < 0 || ecs_fact_set_int(&f, ECS_FACT_VOWIFI_TERMS, terms));
    assert_true(address < 0 || ecs_fact_set_int(&f, ECS_FACT_VOWIFI_ADDRESS, address));
    assert_true(provisioning < 0 || ecs_fact_set_int(&f, ECS_FACT_VOWIFI_PROVISIONING, provisioning));
    return f;
}

static struct vowifi_state resolve(struct ecs_facts f, struct ecs_decisions d)
{
    struct vowifi_state s;

    vowifi_resolve(&f, &d, NOW, &s);
    return s;
}

static void test_the_mode_function_counts_as_the_table_does(void **state)
{
    unsigned count[VOWIFI_UNDEFINED + 1] = {0};

    (void)state;
    for (int i = 0; i < 256; i++)
        count[vowifi_mode_of(i & 3, i >> 2 & 3, i >> 4 & 3, i >> 6 & 3)]++;
    assert_int_equal(count[VOWIFI_CANNOT_BE_OFFERED], 64);
    assert_int_equal(count[VOWIFI_CAN_BE_ACTIVATED], 8);
    assert_int_equal(count[VOWIFI_DATA_MISSING], 28);
    assert_int_equal(count[VOWIFI_BEING_UPDATED], 20);
    assert_int_equal(count[VOWIFI_BEING_PROVISIONED], 64 + 8);
    assert_int_equal(count[VOWIFI_UNDEFINED], 64);
}

static void check_legal(const struct vowifi_state *s)
{
    enum vowifi_mode mode = vowifi_mode_of(s->entitlement, s->provisioning, s->terms, s->address);

    assert_in_range(s->entitlement, 0, 3);
    assert_in_range(s->terms, 0, 3);
    assert_in_range(s->address, 0, 3);
    assert_in_range(s->provisioning, 0, 3);
    assert_int_not_equal(mode, VOWIFI_UNDEFINED);
    if (mode == VOWIFI_DATA_MISSING) {
        assert_int_not_equal(s->terms, 3);
        assert_int_not_equal(s->address, 3);
    }
    if (mode == VOWIFI_BEING_UPDATED)
        assert_int_not_equal(s->provisioning, 0);
    if (s->address_expiry) {
        assert_true(s->address_expiry > NOW);
        assert_int_equal(s->address, 1);
    }
    if (s->has_address)
        assert_int_equal(s->address, 1);
}

/* proves: V-001 V-003 V-007 V-008 V-011 V-015 V-016 V-023 X-032 */
static void test_every_line_state_under_every_policy_gives_a_defined_combination(void **state)
{
    static const int64_t expiries[] = {0, NOW - 1, NOW, NOW + 1},
                         closed[] = {0, NOW - 10, NOW - 100, NOW + 50};
    unsigned seen = 0;

    (void)state;
    for (int i = 0; i < 5 * 5 * 5 * 4 * 3 * 3 * 3 * 2; i++) {
        int n = i, terms, address, prov;
        struct ecs_decisions d = strict();
        struct ecs_facts f;
        struct vowifi_state s;

        terms = n % 5 - 1, n /= 5;
        address = n % 5 - 1, n /= 5;
        prov = n % 5 - 1, n /= 5;
        decide(&d, ECS_DECIDE_VOWIFI_OFFER, n % 4), n /= 4;
        decide(&d, ECS_DECIDE_VOWIFI_TERMS, n % 3), n /= 3;
        decide(&d, ECS_DECIDE_VOWIFI_ADDRESS, n % 3), n /= 3;
        decide(&d, ECS_DECIDE_VOWIFI_PROVISIONING, n % 3), n /= 3;
        decide(&d, ECS_DECIDE_VOWIFI_ADDRESS_EXPIRED, n % 2);
        for (int k = 0; k < 16; k++) {
            f = line(terms, address, prov);
            if (expiries[k & 3])
                assert_true(ecs_fact_set_int(&f, ECS_FACT_VOWIFI_ADDRESS_EXPIRY, expiries[k & 3]));
            if (closed[k >> 2])
                assert_true(ecs_fact_set_int(&f, ECS_FACT_VOWIFI_FLOW_CLOSED, closed[k >> 2]));
            s = resolve(f, d);
            check_legal(&s);
            seen |= 1u << vowifi_mode_of(s.entitlement, s.provisioning, s.terms, s.address);
        }
    }
    assert_int_equal(seen, 0x1f);
}

/* proves: V-010 */
static void test_a_refused_service_is_incompatible_whatever_the_line_says(void **state)
{
    struct ecs_decisions d = strict();

    (void)state;
    decide(&d, ECS_DECIDE_VOWIFI_OFFER, ECS_VOWIFI_OFFER_NO);
    for (int i = 0; i < 64; i++)
        assert_int_equal(resolve(line(i & 3, i >> 2 & 3, i >> 4), d).entitlement, 2);
}

static void test_a_service_that_is_off_asks_nothing_of_the_user(void **state)
{
    struct ecs_decisions d = strict();

    (void)state;
    decide(&d, ECS_DECIDE_VOWIFI_OFFER, ECS_VOWIFI_OFFER_DISABLED);
    for (int i = 0; i < 64; i++) {
        struct vowifi_state s = resolve(line(i & 3, i >> 2 & 3, i >> 4), d);

        assert_int_equal(s.entitlement, 0);
        assert_int_equal(vowifi_mode_of(s.entitlement, s.provisioning, s.terms, s.address),
                         VOWIFI_BEING_PROVISIONED);
        assert_true(s.off && s.pending && !s.start_provisioning);
    }
}

/* proves: V-012 V-013 V-014 */
static void test_each_step_towards_the_service_has_its_own_answer(void **state)
{
    static const struct {
        int terms, address, prov;              /* line; -1 unknown */
        int es, out_terms, out_addr, out_prov; /* answer */
    } rows[] = {
        {-1, -1, -1, 0, 0, 0, 0}, {0, 1, 1, 0, 0, 1, 1},  {1, 0, 0, 0, 1, 0, 0}, {0, 3, 0, 0, 0, 0, 0},
        {3, 0, 2, 0, 0, 0, 2},    {1, 3, 1, 0, 1, 3, 1},  {3, 1, 0, 0, 3, 1, 3}, {1, 1, 0, 3, 1, 1, 0},
        {1, 1, 3, 3, 1, 1, 3},    {1, 1, -1, 3, 1, 1, 0}, {1, 1, 1, 1, 1, 1, 1}, {2, 2, 2, 1, 2, 2, 2},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct vowifi_state s = resolve(line(rows[i].terms, rows[i].address, rows[i].prov), strict());

        assert_int_equal(s.entitlement, rows[i].es);
        assert_int_equal(s.terms, rows[i].out_terms);
        assert_int_equal(s.address, rows[i].out_addr);
        assert_int_equal(s.provisioning, rows[i].out_prov);
    }
}

/* proves: V-023 */
static void test_an_expired_address_is_missing_unless_policy_keeps_it(void **state)
{
    struct ecs_facts f = line(1, 1, 1);
    struct ecs_decisions d = strict();
    struct vowifi_state s;

    (void)state;
    assert_true(ecs_fact_set_int(&f, ECS_FACT_VOWIFI_ADDRESS_EXPIRY, NOW + 60));
    s = resolve(f, d);
    assert_int_equal(s.entitlement, 1);
    assert_true(s.address_expiry == NOW + 60);
    assert_true(ecs_fact_set_int(&f, ECS_FACT_VOWIFI_ADDRESS_EXPIRY, NOW));
    s = resolve(f, d);
    assert_int_equal(s.entitlement, 0);
    assert_int_equal(s.address, 0);
    assert_true(s.address_expiry == 0);
    decide(&d, ECS_DECIDE_VOWIFI_ADDRESS_EXPIRED, ECS_EXPIRED_KEEP);
    s = resolve(f, d);
    assert_int_equal(s.entitlement, 1);
    assert_int_equal(s.address, 1);
    assert_true(s.address_expiry == 0);
}

/* proves: V-024 */
static void test_a_new_version_of_the_terms_asks_again(void **state)
{
    struct ecs_facts f = line(1, 1, 1);
    struct ecs_decisions d = strict();

    (void)state;
    assert_true(ecs_fact_set_int(&f, ECS_FACT_VOWIFI_TERMS_VERSION, 2));
    decide(&d, ECS_DECIDE_VOWIFI_TERMS_VERSION, 2);
    assert_int_equal(resolve(f, d).terms, 1);
    decide(&d, ECS_DECIDE_VOWIFI_TERMS_VERSION, 3);
    assert_int_equal(resolve(f, d).terms, 0);
    assert_int_equal(resolve(f, d).entitlement, 0);
}

/* proves: X-033 */
static void test_after_the_portal_a_slow_network_is_answered_as_missing_for_the_hold_time(void **state)
{
    struct ecs_facts f = line(1, 1, 0);
    struct vowifi_state s;

    (void)state;
    assert_true(ecs_fact_set_int(&f, ECS_FACT_VOWIFI_FLOW_CLOSED, NOW - 29));
    s = resolve(f, strict());
    assert_int_equal(vowifi_mode_of(s.entitlement, s.provisioning, s.terms, s.address), VOWIFI_DATA_MISSING);
    assert_true(s.start_provisioning);
    assert_true(ecs_fact_set_int(&f, ECS_FACT_VOWIFI_FLOW_CLOSED, NOW - 30));
    assert_int_equal(resolve(f, strict()).entitlement, 3);
    f = line(1, 1, 1);
    assert_true(ecs_fact_set_int(&f, ECS_FACT_VOWIFI_FLOW_CLOSED, NOW - 1));
    assert_int_equal(resolve(f, strict()).entitlement, 1);
}

static void test_provisioning_is_ordered_only_when_nothing_else_is_open(void **state)
{
    struct ecs_decisions d = strict();

    (void)state;
    assert_true(resolve(line(1, 1, 0), d).start_provisioning);
    assert_false(resolve(line(0, 1, 0), d).start_provisioning);
    assert_false(resolve(line(1, 3, 0), d).start_provisioning);
    assert_false(resolve(line(1, 1, 3), d).start_provisioning);
    decide(&d, ECS_DECIDE_VOWIFI_START_PROVISIONING, 0);
    assert_false(resolve(line(1, 1, 0), d).start_provisioning);
}

/* proves: C-003 C-004 C-005 C-006 C-008 C-011 C-012 C-014 */
static void test_every_voice_decision_gives_entries_that_do_not_overlap(void **state)
{
    (void)state;
    for (int i = 0; i < 5 * 5 * 5 * 5 * 2 * 3 * 5; i++) {
        int n = i, prov;
        struct ecs_decisions d = {0};
        struct ecs_facts f = {0};
        struct voice_state s;
        unsigned types[3] = {0};

        decide(&d, ECS_DECIDE_VOICE_LTE_HOME, n % 5), n /= 5;
        decide(&d, ECS_DECIDE_VOICE_LTE_ROAMING, n % 5), n /= 5;
        decide(&d, ECS_DECIDE_VOICE_NR_HOME, n % 5), n /= 5;
        decide(&d, ECS_DECIDE_VOICE_NR_ROAMING, n % 5), n /= 5;
        decide(&d, ECS_DECIDE_VOICE_LTE_HOME_IRAT, n % 2), n /= 2;
        decide(&d, ECS_DECIDE_VOICE_NR_HOME_IRAT, n % 3), n /= 3;
        prov = n % 5 - 1;
        d.v[ECS_DECIDE_VOICE_NR_ROAMING_MESSAGE].s = ECS_STR("nr-roaming");
        assert_true(prov < 0 || ecs_fact_set_int(&f, ECS_FACT_VOLTE_PROVISIONING, prov));
        voice_resolve(&f, &d, &s);
        assert_in_range(s.count, 2, 4);
        for (unsigned k = 0; k < s.count; k++) {
            const struct voice_entry *e = &s.entry[k];
            unsigned bit = 1u << e->network_type;

            assert_in_range(e->access_type, 1, 2);
            assert_in_range(e->network_type, 1, 3);
            assert_in_range(e->entitlement, 0, 3);
            assert_false(types[e->access_type] & bit);
            types[e->access_type] |= bit;
            if (e->entitlement != 2)
                assert_int_equal(e->message.n, 0);
            if (e->irat)
                assert_int_equal(e->irat[0] == '4', e->access_type == 1);
            if (e->access_type == 1 && e->network_type != 3)
                assert_int_equal(s.flat, e->entitlement);
        }
        for (int rat = 1; rat <= 2; rat++)
            assert_true(types[rat] == 1u << 1 || types[rat] == (1u << 2 | 1u << 3));
    }
}

/* proves: C-007 C-009 */
static void test_fallback_and_handover_names_stand_in_their_own_entries(void **state)
{
    struct ecs_decisions d = {0};
    struct ecs_facts f = {0};
    struct voice_state s;

    (void)state;
    for (enum ecs_decision id = ECS_DECIDE_VOICE_LTE_HOME; id <= ECS_DECIDE_VOICE_NR_ROAMING; id++)
        decide(&d, id, ECS_STATUS_ENABLED);
    decide(&d, ECS_DECIDE_VOICE_NR_HOME_IRAT, ECS_NR_IRAT_EPS_FALLBACK);
    decide(&d, ECS_DECIDE_VOICE_LTE_HOME_IRAT, ECS_LTE_IRAT_SRVCC);
    decide(&d, ECS_DECIDE_VOICE_LTE_ROAMING_IRAT, ECS_LTE_IRAT_SRVCC);
    voice_resolve(&f, &d, &s);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.entry[0].network_type, 1);
    assert_string_equal(s.entry[0].irat, "4G-SRVCC");
    assert_int_equal(s.entry[1].network_type, 2);
    assert_string_equal(s.entry[1].irat, "EPS-Fallback");
    assert_null(s.entry[2].irat);
}

/* proves: S-001 S-003 S-005 */
static void test_sms_over_ip_follows_its_own_line_state_only(void **state)
{
    struct ecs_decisions d = {0};
    struct ecs_facts f = {0};
    struct smsoip_state s;

    (void)state;
    for (int64_t status = 0; status < 4; status++) {
        decide(&d, ECS_DECIDE_SMSOIP_STATUS, status);
        smsoip_resolve(&f, &d, &s);
        assert_int_equal(s.entitlement, status);
    }
    decide(&d, ECS_DECIDE_SMSOIP_STATUS, ECS_STATUS_BY_LINE_STATE);
    decide(&d, ECS_DECIDE_SMSOIP_START_PROVISIONING, 1);
    assert_true(ecs_fact_set_int(&f, ECS_FACT_VOLTE_PROVISIONING, ECS_PROV_NOT_PROVISIONED));
    smsoip_resolve(&f, &d, &s);
    assert_int_equal(s.entitlement, 1);
    assert_true(ecs_fact_set_int(&f, ECS_FACT_SMSOIP_PROVISIONING, ECS_PROV_NOT_PROVISIONED));
    smsoip_resolve(&f, &d, &s);
    assert_int_equal(s.entitlement, 3);
    assert_true(s.start_provisioning && s.pending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_mode_function_counts_as_the_table_does),
        cmocka_unit_test(test_every_line_state_under_every_policy_gives_a_defined_combination),
        cmocka_unit_test(test_a_refused_service_is_incompatible_whatever_the_line_says),
        cmocka_unit_test(test_a_service_that_is_off_asks_nothing_of_the_user),
        cmocka_unit_test(test_each_step_towards_the_service_has_its_own_answer),
        cmocka_unit_test(test_an_expired_address_is_missing_unless_policy_keeps_it),
        cmocka_unit_test(test_a_new_version_of_the_terms_asks_again),
        cmocka_unit_test(test_after_the_portal_a_slow_network_is_answered_as_missing_for_the_hold_time),
        cmocka_unit_test(test_provisioning_is_ordered_only_when_nothing_else_is_open),
        cmocka_unit_test(test_every_voice_decision_gives_entries_that_do_not_overlap),
        cmocka_unit_test(test_fallback_and_handover_names_stand_in_their_own_entries),
        cmocka_unit_test(test_sms_over_ip_follows_its_own_line_state_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
