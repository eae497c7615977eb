/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that a Diameter peer sends to us on our connection: taken, answered later, refused with the right
 * code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "diameter_rig.h"

static struct ecs_diameter_inbound *taken;
static unsigned offered;
static bool take_them;
static uint32_t reply_at_once;
static char seen_session[64];

static bool on_request(void *arg, struct ecs_diameter_inbound *inbound, const struct ecs_diameter_message *m)
{
    struct ecs_str session = {0};

    (void)arg;
    offered++;
    assert_true(ecs_diameter_get(m->avps, ECS_AVP_SESSION_ID, &session));
    snprintf(seen_session, sizeof(seen_session), "%.*s", ECS_FMT(session));
    if (reply_at_once)
        ecs_diameter_reply(inbound, reply_at_once, ECS_STR_NULL);
    else if (take_them)
        taken = inbound;
    return reply_at_once || take_them;
}

static int open_with_hook(void **state)
{
    hooks.on_request = on_request;
    taken = NULL;
    offered = 0;
    take_them = true;
    reply_at_once = 0;
    if (rig_open(state))
        return -1;
    set_both(NULL);
    wait_okay("one");
    return 0;
}

static int close_with_hook(void **state)
{
    hooks = (struct ecs_diameter_hooks){0};
    return rig_close(state);
}

struct odd {
    const char *realm, *host;
    uint32_t application;
    enum ecs_diameter_avp_id left_out;
    bool unknown_avp, proxy;
};

/* A RAR of Rx, odd in one way. */
static void send_rar(enum ecs_diameter_command command, const struct odd *odd)
{
    struct ecs_diameter_message m = {.command = command,
                                     .code = 9999,
                                     .flags = ECS_DIAMETER_R | ECS_DIAMETER_P,
                                     .application = odd->application ? odd->application : ECS_DIAMETER_APP_RX,
                                     .hop_by_hop = 0x11223344,
                                     .end_to_end = 0x55667788};
    struct ecs_diameter_avp unknown = {.code = 70000, .vendor = 9, .flags = 0xc0, .data = ECS_STR("what")};
    struct ecs_diameter_avp proxy = {.code = 284,
                                     .flags = 0x40,
                                     .data = ECS_STR("\0\0\0\x21\x40\0\0\x0c"
                                                     "back")};
    struct ecs_buf b = {0};

    ecs_diameter_put(&b, ECS_AVP_SESSION_ID, ECS_STR("ecs.test;1;9"));
    dd_put_origin(&one, &b);
    ecs_diameter_put(&b, ECS_AVP_DESTINATION_REALM, odd->realm ? ecs_str_of(odd->realm) : ECS_STR("test"));
    if (odd->left_out != ECS_AVP_DESTINATION_HOST)
        ecs_diameter_put(&b, ECS_AVP_DESTINATION_HOST,
                         odd->host ? ecs_str_of(odd->host) : ECS_STR("ECS.test"));
    ecs_diameter_put_u32(&b, ECS_AVP_AUTH_APPLICATION_ID, ECS_DIAMETER_APP_RX);
    if (odd->unknown_avp)
        ecs_diameter_put_avp(&b, &unknown);
    if (odd->proxy)
        ecs_diameter_put_avp(&b, &proxy);
    ecs_buf_reset(&one.answer_bytes);
    dd_say(&one, 0, m, &b);
}

static struct ecs_diameter_message answer(uint32_t result)
{
    struct ecs_diameter_message m = {0};
    struct ecs_diameter_avp failed;
    struct ecs_str text;
    uint32_t code = 0;

    TURN_UNTIL(one.answer_bytes.n);
    assert_int_equal(ecs_diameter_decode(ecs_buf_str(&one.answer_bytes), &m, &failed),
                     ECS_DIAMETER_FAULT_NONE);
    assert_int_equal(m.hop_by_hop, 0x11223344);
    assert_int_equal(m.end_to_end, 0x55667788);
    assert_int_equal(m.flags, ECS_DIAMETER_P | (result / 1000 == 3 ? ECS_DIAMETER_E : 0));
    assert_true(ecs_diameter_get_u32(m.avps, ECS_AVP_RESULT_CODE, &code));
    assert_int_equal(code, result);
    assert_true(ecs_diameter_get(m.avps, ECS_AVP_ORIGIN_HOST, &text) &&
                ecs_str_eq(text, ECS_STR("ecs.test")));
    assert_memory_equal(m.avps.p, "\0\0\x01\x07", 4); /* Session-Id comes first */
    return m;
}

static void test_a_request_is_taken_and_answered_later(void **state)
{
    struct ecs_diameter_message m;
    struct ecs_buf more = {0};
    struct ecs_str data;

    (void)state;
    send_rar(ECS_DIAMETER_RE_AUTH, &(struct odd){.proxy = true});
    TURN_UNTIL(taken);
    assert_string_equal(seen_session, "ecs.test;1;9");
    assert_int_equal(one.answer_bytes.n, 0);
    ecs_diameter_put(&more, ECS_AVP_CLASS, ECS_STR("c"));
    ecs_diameter_reply(taken, ECS_DIAMETER_SUCCESS, ecs_buf_str(&more));
    ecs_buf_done(&more);
    m = answer(2001);
    assert_int_equal(m.command, ECS_DIAMETER_RE_AUTH);
    assert_int_equal(m.application, ECS_DIAMETER_APP_RX);
    assert_true(ecs_diameter_get(m.avps, ECS_AVP_CLASS, &data) && ecs_str_eq(data, ECS_STR("c")));
    assert_true(ecs_diameter_get(m.avps, ECS_AVP_PROXY_INFO, &data));
    assert_int_equal(data.n, 12); /* unchanged, for the relays on the way back */
    assert_memory_equal(data.p + 8, "back", 4);
}

static void test_a_request_is_answered_at_once(void **state)
{
    (void)state;
    reply_at_once = ECS_DIAMETER_UNKNOWN_SESSION_ID;
    send_rar(ECS_DIAMETER_ABORT_SESSION, &(struct odd){.application = 0});
    (void)answer(5002);
}

static void test_what_is_not_for_us_is_refused(void **state)
{
    static const struct {
        enum ecs_diameter_command command;
        struct odd odd;
        uint32_t result;
    } cases[] = {
        {ECS_DIAMETER_UNKNOWN, {0}, 3001},
        {ECS_DIAMETER_RE_AUTH, {.application = 4711}, 3007},
        {ECS_DIAMETER_RE_AUTH, {.realm = "elsewhere"}, 3003},
        {ECS_DIAMETER_RE_AUTH, {.host = "other.test"}, 3002},
        {ECS_DIAMETER_RE_AUTH, {.left_out = ECS_AVP_DESTINATION_HOST}, 5005},
        {ECS_DIAMETER_RE_AUTH, {.unknown_avp = true}, 5001},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct ecs_diameter_message m;
        struct ecs_str failed;

        send_rar(cases[i].command, &cases[i].odd);
        m = answer(cases[i].result);
        assert_int_equal(ecs_diameter_get(m.avps, ECS_AVP_FAILED_AVP, &failed), cases[i].result / 1000 == 5);
        if (cases[i].result == 5001)
            assert_memory_equal(failed.p,
                                "\0\x01\x11\x70\xc0\0\0\x10\0\0\0\x09"
                                "what",
                                16);
        if (cases[i].result == 5005)
            assert_memory_equal(failed.p, "\0\0\x01\x25", 4);
    }
    assert_int_equal(offered, 0);
}

static void test_what_nobody_takes_is_unsupported(void **state)
{
    (void)state;
    take_them = false;
    send_rar(ECS_DIAMETER_RE_AUTH, &(struct odd){.realm = NULL});
    (void)answer(3001);
    assert_int_equal(offered, 1);
}

static void test_an_answer_to_a_lost_connection_is_dropped(void **state)
{
    (void)state;
    send_rar(ECS_DIAMETER_RE_AUTH, &(struct odd){.realm = NULL});
    TURN_UNTIL(taken);
    dd_close(&one, 0);
    TURN_UNTIL(one.cer == 2);
    ecs_buf_reset(&one.answer_bytes);
    ecs_diameter_reply(taken, ECS_DIAMETER_SUCCESS, ECS_STR_NULL);
    turn_for(20);
    assert_int_equal(one.answer_bytes.n, 0);
}

static void test_an_answer_after_the_node_has_gone_is_harmless(void **state)
{
    (void)state;
    send_rar(ECS_DIAMETER_RE_AUTH, &(struct odd){.realm = NULL});
    TURN_UNTIL(taken);
    ecs_diameter_node_free(node);
    node = NULL;
    ecs_diameter_reply(taken, ECS_DIAMETER_SUCCESS, ECS_STR_NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_with_hook, close_with_hook)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_request_is_taken_and_answered_later),
        CASE(test_a_request_is_answered_at_once),
        CASE(test_what_is_not_for_us_is_refused),
        CASE(test_what_nobody_takes_is_unsupported),
        CASE(test_an_answer_to_a_lost_connection_is_dropped),
        CASE(test_an_answer_after_the_node_has_gone_is_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
