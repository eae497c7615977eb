/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of ap2010, ap2012, ap2013 and ap2016: golden files for each state. With ECS_GOLDEN_WRITE set in
 * the environment the files of tests/golden are written instead; look at the difference before keeping it. */
#include "services_rig.h"

static void compare(const char *name, const char *type, struct ecs_str text)
{
    static char wanted[16384];
    char path[256];
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), ECS_SOURCE_DIR "/tests/golden/%s.%s", name, type);
    if (getenv("ECS_GOLDEN_WRITE")) {
        assert_non_null(file = fopen(path, "wb"));
        assert_int_equal(fwrite(text.p, 1, text.n, file), text.n);
        assert_int_equal(fclose(file), 0);
        return;
    }
    assert_non_null(file = fopen(path, "rb"));
    n = fread(wanted, 1, sizeof(wanted), file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(text.n, n);
    assert_memory_equal(text.p, wanted, n);
}

static void golden(struct scene *s, const char *name)
{
    build(s);
    accept(s);
    compare(name, "xml", render(s, ECS_FORMAT_XML));
    compare(name, "json", render(s, ECS_FORMAT_JSON));
    ecs_arena_free(s->arena);
}

/* ---- ap2010 ---- */

/* proves: D-002 D-004 D-008 D-009 D-010 D-011 D-012 D-013 D-014 D-015 */
static void test_the_information_on_a_plan(void **state)
{
    struct scene s;

    open_scene(&s, *state, "app=ap2010");
    fill_plan(&s);
    golden(&s, "ap2010/information");
    open_scene(&s, *state, "app=ap2010");
    golden(&s, "ap2010/nothing");
}

/* proves: D-007 */
static void test_clients_of_version_11_hear_of_type_0(void **state)
{
    struct scene s;

    open_scene(&s, *state, "app=ap2010");
    fill_plan(&s);
    s.request.version = (struct ecs_version){11, 9};
    s.data.n_access = s.data.n_usage = 0;
    s.data.n_boosts = 1;
    golden(&s, "ap2010/boost-of-11");
}

/* proves: D-016 D-017 D-018 D-019 D-020 */
static void test_a_boost_that_is_wanted_now(void **state)
{
    static const struct {
        const char *name, *type;
        enum ecs_boost_offer offer;
        enum ecs_boost_state state;
    } cases[] = {
        {"ap2010/boost-to-buy", "0", ECS_BOOST_OFFERED, ECS_BOOST_NONE},
        {"ap2010/boost-bought", "166", ECS_BOOST_OFFERED, ECS_BOOST_ACTIVE},
        {"ap2010/boost-pending", "166", ECS_BOOST_OFFERED, ECS_BOOST_PENDING},
        {"ap2010/boost-included", "166", ECS_BOOST_INCLUDED, ECS_BOOST_NONE},
        {"ap2010/boost-paused", "166", ECS_BOOST_PAUSED, ECS_BOOST_NONE},
        {"ap2010/boost-refused", "166", ECS_BOOST_REFUSED, ECS_BOOST_NONE},
        {"ap2010/boost-unknown", "200", ECS_BOOST_OFFERED, ECS_BOOST_NONE},
        {"ap2010/boost-empty", "", ECS_BOOST_OFFERED, ECS_BOOST_NONE},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct ecs_data_boost boost = boosts[0];
        struct scene s;

        boost.offer = cases[i].offer;
        boost.state = cases[i].state;
        boost.ends_at = cases[i].state ? NOW + 600 : 0;
        open_scene(&s, *state, "app=ap2010");
        s.request.param[ECS_P_BOOST_TYPE] = ecs_str_of(cases[i].type);
        s.data.boosts = &boost;
        s.data.n_boosts = 1;
        golden(&s, cases[i].name);
    }
}

/* ---- ap2012 ---- */

/* proves: B-002 B-003 B-004 B-005 B-006 B-008 B-009 B-010 B-011 B-012 B-013 */
static void test_accounts(void **state)
{
    static const struct {
        const char *name;
        enum ecs_billing_state state;
        int terms;
    } cases[] = {
        {"ap2012/terms-missing", ECS_BILLING_NONE, 0}, {"ap2012/to-be-enabled", ECS_BILLING_NONE, 1},
        {"ap2012/terms-running", ECS_BILLING_NONE, 3}, {"ap2012/ordered", ECS_BILLING_ORDERED, 1},
        {"ap2012/active", ECS_BILLING_ACTIVE, 1},      {"ap2012/active-without-terms", ECS_BILLING_ACTIVE, 2},
        {"ap2012/blocked", ECS_BILLING_BLOCKED, 1},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct scene s;

        open_scene(&s, *state, STORE);
        s.data.billing =
            (struct ecs_billing_row){.found = true, .state = cases[i].state, .terms = cases[i].terms};
        golden(&s, cases[i].name);
    }
}

/* proves: B-012 */
static void test_without_a_page_the_dialog_is_preferred(void **state)
{
    struct scene s;

    open_scene(&s, *state, STORE);
    s.context.portal_url = "";
    golden(&s, "ap2012/dialog-only");
}

/* proves: B-013 */
static void test_an_account_that_nobody_can_enable_is_no_offer(void **state)
{
    for (int terms = 1; terms <= 2; terms++) {
        struct scene s;

        open_scene(&s, *state, STORE);
        s.context.portal_url = "";
        s.data.billing = (struct ecs_billing_row){.found = true, .state = ECS_BILLING_NONE, .terms = terms};
        build(&s);
        accept(&s);
        assert_int_equal(s.context.result[0].status, 2);
        ecs_arena_free(s.arena);
    }
}

/* ---- ap2013 ---- */

/* proves: U-001 U-002 U-003 U-004 U-006 */
static void test_private_identities(void **state)
{
    struct scene s;

    open_scene(&s, *state, "app=ap2013");
    golden(&s, "ap2013/pseudonym-of-the-exchange");
    open_scene(&s, *state, "app=ap2013");
    s.data.pseudonym = ECS_STR("2kq8zv@wlan.mnc001.mcc001.3gppnetwork.org");
    s.data.pseudonym_ends = NOW + 3600;
    golden(&s, "ap2013/pseudonym");
    open_scene(&s, *state, "app=ap2013");
    s.services[0] = (struct ecs_line_service){.service = ECS_STR("identity"),
                                              .override = ECS_ROW_OVERRIDE_DENY,
                                              .tc_status = -1,
                                              .addr_status = -1,
                                              .prov_status = -1,
                                              .tc_version = -1};
    s.line.n_services = 1;
    golden(&s, "ap2013/not-entitled");
    open_scene(&s, *state, "app=ap2013");
    s.line.n_features = 0;
    golden(&s, "ap2013/not-offered");
}

/* proves: Z-001 Z-002 Z-003 Z-004 Z-005 Z-006 Z-007 Z-008 Z-009 Z-010 Z-011 */
static void test_satellite(void **state)
{
    static const struct {
        const char *name;
        int terms, prov;
    } cases[] = {{"ap2016/not-activated", -1, -1}, {"ap2016/provisioning", 1, 3}, {"ap2016/active", 1, 1}};
    struct scene s;

    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        open_scene(&s, *state, "app=ap2016");
        fill_networks(&s, cases[i].terms, cases[i].prov);
        golden(&s, cases[i].name);
    }
    open_scene(&s, *state, "app=ap2016");
    fill_networks(&s, 1, 1);
    s.data.n_networks = 2; /* none is barred: the list is there, empty */
    golden(&s, "ap2016/active-nothing-barred");
    open_scene(&s, *state, "app=ap2016");
    s.line.n_features = 0;
    golden(&s, "ap2016/not-offered");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_information_on_a_plan),
        cmocka_unit_test(test_clients_of_version_11_hear_of_type_0),
        cmocka_unit_test(test_a_boost_that_is_wanted_now),
        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_without_a_page_the_dialog_is_preferred),
        cmocka_unit_test(test_an_account_that_nobody_can_enable_is_no_offer),
        cmocka_unit_test(test_private_identities),
        cmocka_unit_test(test_satellite),
    };

    return cmocka_run_group_tests_name("services", tests, set_up, tear_down);
}
