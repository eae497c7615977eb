/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net run ts43 codec conf base */
/* Answers of a BSS in both dialects under every interesting status: each call ends, with values in their form
 * and with a reason for whatever is not done. The first byte chooses dialect and question, the second the
 * HTTP status; the rest is the body of the answer to every exchange. */
#include <stdlib.h>
#include <string.h>

#include "adapters/bss_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EXCHANGES_MAX = 8 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_profile(const struct ecs_bss_profile *p)
{
    require(p->status >= 0 && p->status <= 4);
    require(!p->iccid.p || (ecs_str_is_digits(p->iccid) && p->iccid.n >= 18 && p->iccid.n <= 20));
    require(!p->eid.p || (ecs_str_is_digits(p->eid) && p->eid.n == 32));
}

static void check(const struct bss_call *call)
{
    const struct ecs_bss_result *r = call->result;

    require((unsigned)r->status < ECS_BSS_STATUS_COUNT);
    require(r->status == ECS_BSS_DONE || r->status == ECS_BSS_PENDING || r->why);
    require(!r->iccid.p || ecs_str_is_digits(r->iccid));
    require(!r->url.p || ecs_str_starts_with(r->url, ECS_STR("https://")));
    require((unsigned)call->line->status < ECS_BSS_STATUS_COUNT && call->line->eligible >= -1 &&
            call->line->eligible <= 2);
    for (size_t i = 0; i < call->line->n_profiles; i++)
        check_profile(&call->line->profiles[i]);
    for (size_t i = 0; i < call->plans->n; i++)
        require(call->plans->plans[i].id.n > 0 && call->plans->plans[i].name.n > 0);
}

static void run(struct ecs_bss *bss, struct ecs_arena *arena, unsigned what, int status, struct ecs_str body)
{
    const struct bss_dialect *d = bss->dialect;
    bool (*const questions[])(struct bss_call *) = {d->ask, d->plans, d->order, d->find, d->cancel};
    struct ecs_bss_line line = {.eligible = -1};
    struct ecs_bss_plans plans = {0};
    struct ecs_bss_result result = {.why = "nothing was asked"};
    struct bss_call call = {.bss = bss, .arena = arena, .line = &line, .plans = &plans, .result = &result};
    int exchanges = 0;

    call.next = questions[what % ECS_ARRAY_LEN(questions)];
    call.subject = (struct ecs_bss_subject){
        .imsi = ECS_STR("001010000000001"), .msisdn = ECS_STR("491700000001"), .app = ECS_STR("ap2006")};
    call.order = (struct ecs_bss_order){.action = (enum ecs_bss_action)(what % ECS_BSS_ACTION_COUNT),
                                        .key = ECS_STR("ecs-1"),
                                        .subject = call.subject,
                                        .repeated = what & 64};
    while (call.next(&call)) {
        require(call.ask.url && call.ask.method && exchanges++ < EXCHANGES_MAX);
        call.answer =
            (struct ecs_ask_answer){.rc = ECS_OK, .status = status, .body = body, .retry_after_s = -1};
        call.stage++;
    }
    check(&call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 201, 202, 204, 400, 401, 404, 409, 422, 429, 500, 302};
    struct ecs_bss_conf conf = {.url = "http://127.0.0.1:1", .callback = "", .total_ms = 1000};
    struct ecs_bss bss = {.conf = &conf};
    struct ecs_arena *arena;

    if (size < 2)
        return 0;
    arena = ecs_arena_new(NULL, 0);
    if (!arena)
        return 0;
    conf.type = data[0] & 128 ? ECS_BSS_REST : ECS_BSS_TMF;
    bss.dialect = data[0] & 128 ? &bss_rest : &bss_tmf;
    bss_names_load(&conf, &bss.names);
    run(&bss, arena, data[0] & 127, statuses[data[1] % ECS_ARRAY_LEN(statuses)],
        (struct ecs_str){(const char *)data + 2, size - 2});
    ecs_arena_free(arena);
    return 0;
}
