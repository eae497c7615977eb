/* SPDX-License-Identifier: Apache-2.0 */
/* The check of an address: the built-in rules, then the operator's validator if there is one. */
#include <stdlib.h>
#include <string.h>

#include "ecs/address.h"
#include "ecs/clock.h"

struct ecs_address_checker {
    const struct ecs_address_conf *conf;
    struct ecs_neighbour *neighbour; /* NULL: built-in rules only */
};

struct ecs_address_checker *ecs_address_checker_new(struct ecs_http_pool *pool,
                                                    const struct ecs_address_conf *conf, bool allow_plain,
                                                    struct ecs_neighbour_stats *stats)
{
    struct ecs_address_checker *c = calloc(1, sizeof(*c));
    struct ecs_neighbour_conf neighbour = {
        .name = "address",
        .ca_file = conf->ca_file,
        .cert_file = conf->certificate,
        .key_file = conf->key ? conf->key : conf->certificate,
        .connect_ms = (uint32_t)conf->connect_ms,
        .total_ms = (uint32_t)conf->timeout_ms,
        .max_in_flight = (unsigned)conf->max_in_flight,
        .breaker_failures = (unsigned)conf->breaker_failures,
        .breaker_ms = (uint32_t)conf->breaker_ms,
        .max_answer = 16384,
        .allow_plain = allow_plain,
        .stats = stats,
    };

    if (!c)
        return NULL;
    c->conf = conf;
    if (!conf->url[0])
        return c;
    c->neighbour = pool ? ecs_neighbour_new(pool, &neighbour) : NULL;
    if (!c->neighbour) {
        free(c);
        return NULL;
    }
    return c;
}

void ecs_address_checker_free(struct ecs_address_checker *checker)
{
    if (!checker)
        return;
    ecs_neighbour_free(checker->neighbour);
    free(checker);
}

struct check {
    const struct ecs_address *address;
    struct ecs_neighbour *neighbour;
    struct ecs_ask ask;
    struct ecs_ask_answer answer;
    struct ecs_address_result *result;
};

static enum ecs_next ask(struct ecs_flow *f)
{
    struct check *c = f->self;

    return ecs_neighbour_ask(f, c->neighbour, &c->ask, &c->answer);
}

static enum ecs_next read_answer(struct ecs_flow *f)
{
    struct check *c = f->self;

    *c->result = (struct ecs_address_result){.verdict = ECS_ADDRESS_UNREACHABLE};
    if (c->answer.rc != ECS_OK)
        c->result->reason = c->answer.error ? c->answer.error : ecs_strerror(c->answer.rc);
    else if (c->answer.status != 200)
        c->result->reason = ecs_printf(f->arena, "HTTP status %d", c->answer.status);
    else
        ecs_address_read(f->arena, c->answer.body, c->address, ecs_clock_now(), c->result);
    return ECS_DONE;
}

/* The neighbour has its own limit; this one only stands behind it. */
static const struct ecs_step check_steps[] = {
    {"ask-validator", ask, 10000},
    {"read-validator", read_answer, 0},
    {0},
};

static void free_buf(void *buf)
{
    ecs_buf_done(buf);
}

static enum ecs_next begin(struct ecs_flow *f, struct ecs_address_checker *checker,
                           const struct ecs_address *address, struct ecs_str msisdn, struct ecs_str reference,
                           struct ecs_address_result *ret_result)
{
    struct check *c = ecs_alloc(f->arena, sizeof(*c));
    struct ecs_buf *body = ecs_alloc(f->arena, sizeof(*body));
    const char *key = ecs_strdup(f->arena, reference);

    if (!c || !body || !key || !ecs_defer(f->arena, free_buf, body))
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "address: request memory is used up");
    body->limit = 65536;
    ecs_address_write(address, checker->conf->send_msisdn ? msisdn : ECS_STR_NULL, reference, body);
    if (body->overflow)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "address: the question is too large");
    *c = (struct check){.address = address, .neighbour = checker->neighbour, .result = ret_result};
    c->ask = (struct ecs_ask){.method = "POST",
                              .url = checker->conf->url,
                              .header = {{"Accept", "application/json"}, {"Idempotency-Key", key}},
                              .content_type = "application/json",
                              .body = ecs_buf_str(body),
                              .bearer = checker->conf->token};
    return ecs_flow_call(f, check_steps, c);
}

enum ecs_next ecs_address_check(struct ecs_flow *f, struct ecs_address_checker *checker,
                                const struct ecs_address *address, struct ecs_str msisdn,
                                struct ecs_str reference, struct ecs_address_result *ret_result)
{
    unsigned missing, wrong;

    ecs_address_judge(address, &missing, &wrong);
    if (!missing && !wrong && checker->neighbour)
        return begin(f, checker, address, msisdn, reference, ret_result);
    *ret_result = (struct ecs_address_result){
        .verdict = missing || wrong ? ECS_ADDRESS_BAD : ECS_ADDRESS_GOOD, .bad = missing | wrong};
    return ECS_NEXT;
}
