/* SPDX-License-Identifier: Apache-2.0 */
/* Rx: our AAR against one that a real peer has taken (pcrf.md 2.4), STR, and what RAR and ASR tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../codec/diameter_golden.h"
#include "adapters/qos_int.h"

static struct ecs_arena *arena;
static struct ecs_buf buf;
static struct ecs_str flows[2] = {ECS_STR("permit out ip from 203.0.113.5 to {ue}"),
                                  ECS_STR("permit in ip from {ue} to 203.0.113.5")};
static struct ecs_qos_profile_conf profile;
static struct ecs_qos_conf conf;
static struct ecs_qos_call call;
static struct qos_job job;

static int set_up(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    buf = (struct ecs_buf){.limit = 65536};
    profile = (struct ecs_qos_profile_conf){.name = "boost",
                                            .application = "ecs.databoost",
                                            .down = "2 Mbps",
                                            .up = "500 Kbps",
                                            .dnn = "internet",
                                            .media = 0,
                                            .flows = {flows, 2}};
    conf = (struct ecs_qos_conf){.name = "pcrf", .type = ECS_QOS_RX, .realm = "test"};
    call = (struct ecs_qos_call){.subject = {.imsi = ECS_STR("001010000000001"),
                                             .msisdn = ECS_STR("491700000001"),
                                             .ue_ipv4 = ECS_STR("10.0.0.1")}};
    job = (struct qos_job){.conf = &conf, .profile = &profile, .call = &call, .arena = arena};
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_buf_done(&buf);
    ecs_arena_free(arena);
    return 0;
}

static struct ecs_str write_aar(void)
{
    static const struct qos_rx_ask ask = {
        .session = "ecs.test;1;3", .host = "ecs.test", .realm = "test", .dest_realm = "test"};

    ecs_buf_reset(&buf);
    assert_true(qos_rx_write(&job, QOS_RX_AAR, &ask, &buf));
    return ecs_buf_str(&buf);
}

/* AVPs of this level that are in both are the same, byte for byte. */
static void test_an_aar_is_the_one_that_a_real_peer_took(void **state)
{
    static uint8_t bytes[sizeof(aar_hex) / 2];
    size_t n = (sizeof(aar_hex) - 1) / 2, same = 0, more = 0;
    struct ecs_str golden = {(const char *)bytes + ECS_DIAMETER_HEADER, n - ECS_DIAMETER_HEADER}, ours, rest;
    struct ecs_diameter_avp avp;

    (void)state;
    assert_true(ecs_hex_decode(ecs_str_of(aar_hex), bytes, n));
    ours = rest = write_aar();
    while (ecs_diameter_next(&rest, &avp)) {
        struct ecs_str look = golden, data;
        bool found = false;

        while (!found && ecs_diameter_next_of(&look, avp.id, &data))
            found = ecs_str_eq(data, avp.data);
        same += found;
        more += !found;
        /* Ours in addition: actions 7, 8 and 9, and Rx-Request-Type. */
        if (!found)
            assert_true(avp.id == ECS_AVP_SPECIFIC_ACTION || avp.id == ECS_AVP_RX_REQUEST_TYPE);
    }
    assert_int_equal(more, 4);
    /* Of the golden one only action 1 (charging correlation, of no use to us) is not sent. */
    rest = golden;
    for (n = 0; ecs_diameter_next(&rest, &avp); n++)
        ;
    assert_int_equal(same, n - 1);
    assert_true(ours.n > 0);
}

static void test_the_message_is_well_formed_and_complete(void **state)
{
    struct ecs_diameter_message m = {.command = ECS_DIAMETER_AA,
                                     .application = ECS_DIAMETER_APP_RX,
                                     .flags = ecs_diameter_command_flags(ECS_DIAMETER_AA)},
                                back;
    struct ecs_buf whole = {.limit = 65536};
    struct ecs_diameter_avp failed;

    (void)state;
    m.avps = write_aar();
    assert_true(ecs_diameter_encode(&m, &whole));
    assert_int_equal(ecs_diameter_decode(ecs_buf_str(&whole), &back, &failed), ECS_DIAMETER_FAULT_NONE);
    assert_int_equal(ecs_diameter_missing(&back), ECS_AVP_UNKNOWN);
    ecs_buf_done(&whole);
}

static void test_high_rates_are_told_in_kbit(void **state)
{
    struct ecs_str component;
    uint32_t rate;

    (void)state;
    profile.down = "10 Gbps";
    assert_true(ecs_diameter_get(write_aar(), ECS_AVP_MEDIA_COMPONENT_DESCRIPTION, &component));
    assert_false(ecs_diameter_get_u32(component, ECS_AVP_MAX_REQUESTED_BANDWIDTH_DL, &rate));
    assert_true(ecs_diameter_get_u32(component, ECS_AVP_EXTENDED_MAX_BANDWIDTH_DL, &rate));
    assert_int_equal(rate, 10000000);
    assert_true(ecs_diameter_get_u32(component, ECS_AVP_MAX_REQUESTED_BANDWIDTH_UL, &rate));
    assert_int_equal(rate, 500000);
}

static void test_an_ipv6_device_is_named_by_its_prefix(void **state)
{
    struct ecs_str avps, prefix, other;

    (void)state;
    call.subject.ue_ipv4 = ECS_STR_NULL;
    call.subject.ue_ipv6 = ECS_STR("2001:db8::1");
    profile.flows.n = 0;
    avps = write_aar();
    assert_true(ecs_diameter_get(avps, ECS_AVP_FRAMED_IPV6_PREFIX, &prefix));
    assert_int_equal(prefix.n, 18);
    assert_memory_equal(prefix.p, "\0\x80\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 18);
    assert_false(ecs_diameter_get(avps, ECS_AVP_FRAMED_IP_ADDRESS, &other));
}

static void test_a_wrong_address_is_not_sent(void **state)
{
    static const struct qos_rx_ask ask = {.session = "s", .host = "h", .realm = "r", .dest_realm = "d"};

    (void)state;
    call.subject.ue_ipv4 = ECS_STR("10.0.0.256");
    assert_false(qos_rx_write(&job, QOS_RX_AAR, &ask, &buf));
}

static void test_an_str_ends_the_session_at_its_pcrf(void **state)
{
    static const struct qos_rx_ask ask = {.session = "ecs.test;1;3",
                                          .host = "ecs.test",
                                          .realm = "test",
                                          .dest_realm = "test",
                                          .dest_host = "pcrf.test"};
    struct ecs_diameter_message m = {.command = ECS_DIAMETER_SESSION_TERMINATION, .flags = ECS_DIAMETER_R};
    struct ecs_str host;
    uint32_t cause;

    (void)state;
    assert_true(qos_rx_write(&job, QOS_RX_STR, &ask, &buf));
    m.avps = ecs_buf_str(&buf);
    assert_int_equal(ecs_diameter_missing(&m), ECS_AVP_UNKNOWN);
    assert_true(ecs_diameter_get_u32(m.avps, ECS_AVP_TERMINATION_CAUSE, &cause));
    assert_int_equal(cause, 1);
    assert_true(ecs_diameter_get(m.avps, ECS_AVP_DESTINATION_HOST, &host));
    assert_true(ecs_str_eq(host, ECS_STR("pcrf.test")));
}

/* ---- inbound ---- */

static enum ecs_qos_news told(enum ecs_diameter_command command, const uint32_t *actions, size_t n,
                              struct ecs_qos_event *e)
{
    struct ecs_diameter_message m = {.command = command, .flags = ECS_DIAMETER_R};

    ecs_buf_reset(&buf);
    ecs_diameter_put(&buf, ECS_AVP_SESSION_ID, ECS_STR("ecs.test;1;3"));
    for (size_t i = 0; i < n; i++)
        ecs_diameter_put_u32(&buf, ECS_AVP_SPECIFIC_ACTION, actions[i]);
    m.avps = ecs_buf_str(&buf);
    assert_true(ecs_qos_rx_read(&m, e));
    assert_true(ecs_str_eq(e->handle, ECS_STR("ecs.test;1;3")));
    return e->news;
}

static void test_actions_of_an_rar_are_understood(void **state)
{
    static const struct {
        uint32_t action[2];
        size_t n;
        enum ecs_qos_news news;
    } rows[] = {
        {{8}, 1, ECS_QOS_NEWS_ACTIVE}, {{9}, 1, ECS_QOS_NEWS_LOST},    {{2}, 1, ECS_QOS_NEWS_LOST},
        {{4}, 1, ECS_QOS_NEWS_LOST},   {{8, 9}, 2, ECS_QOS_NEWS_LOST}, {{9, 8}, 2, ECS_QOS_NEWS_LOST},
        {{7}, 1, ECS_QOS_NEWS_NONE},   {{0}, 0, ECS_QOS_NEWS_NONE},    {{77, 8}, 2, ECS_QOS_NEWS_ACTIVE}};
    struct ecs_qos_event e;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        assert_int_equal(told(ECS_DIAMETER_RE_AUTH, rows[i].action, rows[i].n, &e), rows[i].news);
        assert_true(rows[i].news != ECS_QOS_NEWS_LOST || e.why);
    }
}

static void test_an_asr_is_a_loss_with_its_cause(void **state)
{
    struct ecs_diameter_message m = {.command = ECS_DIAMETER_ABORT_SESSION, .flags = ECS_DIAMETER_R};
    struct ecs_qos_event e;

    (void)state;
    ecs_diameter_put(&buf, ECS_AVP_SESSION_ID, ECS_STR("ecs.test;1;3"));
    ecs_diameter_put_u32(&buf, ECS_AVP_ABORT_CAUSE, 2);
    m.avps = ecs_buf_str(&buf);
    assert_true(ecs_qos_rx_read(&m, &e));
    assert_int_equal(e.news, ECS_QOS_NEWS_LOST);
    assert_string_equal(e.why, "aborted: the bearer has no resources");
}

static void test_other_messages_are_no_events(void **state)
{
    struct ecs_diameter_message m = {.command = ECS_DIAMETER_AA, .flags = ECS_DIAMETER_R};
    struct ecs_qos_event e;

    (void)state;
    ecs_diameter_put(&buf, ECS_AVP_SESSION_ID, ECS_STR("s"));
    m.avps = ecs_buf_str(&buf);
    assert_false(ecs_qos_rx_read(&m, &e));
    m.command = ECS_DIAMETER_ABORT_SESSION;
    m.flags = 0;
    assert_false(ecs_qos_rx_read(&m, &e));
    m.flags = ECS_DIAMETER_R;
    m.avps = ECS_STR_NULL;
    assert_false(ecs_qos_rx_read(&m, &e));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_an_aar_is_the_one_that_a_real_peer_took),
        T(test_the_message_is_well_formed_and_complete),
        T(test_high_rates_are_told_in_kbit),
        T(test_an_ipv6_device_is_named_by_its_prefix),
        T(test_a_wrong_address_is_not_sent),
        T(test_an_str_ends_the_session_at_its_pcrf),
        T(test_actions_of_an_rar_are_understood),
        T(test_an_asr_is_a_loss_with_its_cause),
        T(test_other_messages_are_no_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
