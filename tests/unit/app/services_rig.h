/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and lines for the tests of ap2010, ap2012, ap2013 and ap2016, with the policy and the texts that
 * are delivered. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/app.h"

enum { NOW = 1772600000 };
enum { OFFERED = 1u << ECS_APP_2010 | 1u << ECS_APP_2012 | 1u << ECS_APP_2013 | 1u << ECS_APP_2016 };

#define STORE "app=ap2012&store_vendor=S0042&store_user_id=u-77d1"

struct fixture {
    struct ecs_policy *policy;
    struct ecs_messages *messages;
    struct ecs_crypto *crypto;
    struct ecs_sealer *sealer;
    struct ecs_arena *arena;
};

static inline int set_up(void **state)
{
    static struct fixture x;
    struct ecs_keyring ring = {.count = 1, .keys = {{.id = 1, .key = {3}}}};
    struct ecs_faults faults;

    x.arena = ecs_arena_new(NULL, 0);
    ecs_faults_init(&faults, x.arena);
    x.policy = ecs_policy_load(ECS_SOURCE_DIR "/conf/policy.d", &faults, NULL);
    x.messages = ecs_messages_load(ECS_SOURCE_DIR "/conf/messages", "en", &faults, NULL);
    x.crypto = ecs_crypto_new();
    x.sealer = ecs_sealer_new(x.crypto, &ring, ECS_STR("flow"));
    *state = &x;
    return x.policy && x.messages && x.crypto && x.sealer ? 0 : -1;
}

static inline int tear_down(void **state)
{
    struct fixture *x = *state;

    ecs_policy_free(x->policy);
    ecs_messages_free(x->messages);
    ecs_sealer_free(x->sealer);
    ecs_crypto_free(x->crypto);
    ecs_arena_free(x->arena);
    return 0;
}

struct scene {
    struct ecs_arena *arena;
    struct ecs_ts43_request request;
    struct ecs_subscriber_facts line;
    struct ecs_line_service services[4];
    struct ecs_data_facts data;
    struct ecs_imsi imsi;
    struct ecs_app_context context;
    struct ecs_doc *doc;
};

static const struct ecs_str features[] = {ECS_STR("carrier-billing"), ECS_STR("private-identity"),
                                          ECS_STR("satellite")};

static inline void open_scene(struct scene *s, const struct fixture *x, const char *more)
{
    struct ecs_ts43_input input = {0};
    const char *why = "";

    memset(s, 0, sizeof(*s));
    s->arena = ecs_arena_new(NULL, 0);
    input.query = ecs_str_of(
        ecs_printf(s->arena,
                   "terminal_id=490154203237518&vers=0&IMSI=001010123456789&token=x&terminal_vendor=ACME"
                   "&terminal_model=P1&terminal_sw_version=1&entitlement_version=12.0&%s",
                   more));
    assert_int_equal(ecs_ts43_request_read(s->arena, &input, &s->request, &why), ECS_OK);
    assert_int_equal(ecs_app_check_request(&s->request, OFFERED, &why), ECS_OK);
    assert_true(ecs_imsi_parse(ECS_STR("001010123456789"), &s->imsi));
    s->data.sa = -1;
    s->line = (struct ecs_subscriber_facts){.known = true,
                                            .imsi = ecs_str_of(s->imsi.s),
                                            .brand = ECS_STR("Fixnet"),
                                            .features = features,
                                            .n_features = ECS_ARRAY_LEN(features),
                                            .services = s->services,
                                            .data = &s->data};
    s->context = (struct ecs_app_context){.arena = s->arena,
                                          .crypto = x->crypto,
                                          .flow_sealer = x->sealer,
                                          .policy = x->policy,
                                          .messages = x->messages,
                                          .request = &s->request,
                                          .line = &s->line,
                                          .imsi = &s->imsi,
                                          .plmn_n = 5,
                                          .portal_url = "https://portal.example.net/s",
                                          .offered = OFFERED,
                                          .now = NOW};
}

static inline void build(struct scene *s)
{
    s->context.version = ecs_version_effective(s->request.version, NULL, 0);
    s->doc = ecs_doc_new(s->arena);
    ecs_app_facts(&s->context);
    assert_int_equal(ecs_app_build(&s->context, s->doc), ECS_OK);
    assert_true(ecs_doc_vers(s->doc, 5, s->context.validity_s));
    ecs_doc_token(s->doc, ECS_STR("k5wz7mq2tr4d6x3h"), 1000);
}

static inline void accept(struct scene *s)
{
    struct ecs_buf fault = {0};

    if (ecs_doc_check(s->doc, s->context.version, &fault) != ECS_OK)
        fail_msg("%.*s", ECS_FMT(ecs_buf_str(&fault)));
    ecs_buf_done(&fault);
}

/* References differ each time. */
static inline struct ecs_str render(struct scene *s, enum ecs_format format)
{
    struct ecs_buf buf = {0};
    struct ecs_str text;
    ptrdiff_t at;

    assert_int_equal(ecs_doc_render(s->doc, format, &buf), ECS_OK);
    text = (struct ecs_str){ecs_strdup(s->arena, ecs_buf_str(&buf)), buf.n};
    ecs_buf_done(&buf);
    assert_non_null(text.p);
    at = ecs_str_find(text, ECS_STR("sid="));
    if (at > 0)
        memset((char *)text.p + at + 4, 'x', ECS_TOKEN_TEXT_MAX);
    return text;
}

static const struct ecs_data_boost boosts[] = {
    {.type = 166,
     .offer = ECS_BOOST_OFFERED,
     .seconds = 3600,
     .price = ECS_STR("2 EUR"),
     .target = {25, 0, 10, -1, -1, -1, -1, -1, 4}},
    {.type = 170, .offer = ECS_BOOST_PAUSED, .target = {-1, -1, -1, -1, -1, -1, -1, -1, -1}},
    {.type = 171, .offer = ECS_BOOST_REFUSED, .target = {1, 2, 3, 4, 5, 6, 7, 8, 9}},
};

static inline void fill_plan(struct scene *s)
{
    static const struct ecs_data_access access[] = {{4, true}, {5, false}};
    static const struct ecs_data_usage usage[] = {
        {.type = 0,
         .name = ECS_STR("Fri \"40\""),
         .description = ECS_STR(""),
         .cycle_end = 1790812799,
         .allowance = 42949672960,
         .used = 9007199254740993},
        {.type = 1, .name = ECS_STR(""), .description = ECS_STR("Hotspot"), .allowance = -1, .used = 0},
    };

    s->data.access = access;
    s->data.n_access = 2;
    s->data.boosts = boosts;
    s->data.n_boosts = 3;
    s->data.usage = usage;
    s->data.n_usage = 2;
    s->data.sa = 1;
}

static inline void fill_networks(struct scene *s, int terms, int prov)
{
    static const struct ecs_satellite_network networks[] = {
        {.plmn = ECS_STR("90199"), .metered = 0, .data = 1, .voice = 2},
        {.plmn = ECS_STR("310999"), .metered = -1},
        {.plmn = ECS_STR("310998"), .barred = true, .metered = 1},
    };

    s->data.networks = networks;
    s->data.n_networks = 3;
    s->services[0] = (struct ecs_line_service){.service = ECS_STR("satmode"),
                                               .tc_status = terms,
                                               .addr_status = -1,
                                               .prov_status = prov,
                                               .tc_version = -1};
    s->line.n_services = 1;
}
