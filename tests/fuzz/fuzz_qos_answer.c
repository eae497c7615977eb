/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net run ts43 codec conf base */
/* Answers of networks in all HTTP dialects under every interesting status: each call ends, with a handle that
 * may stand in a path and a reason for whatever is not done. The first byte chooses dialect and call, the
 * second the status; the rest is the body of the answer to every exchange, and its begin the Location. */
#include <stdlib.h>
#include <string.h>

#include "adapters/qos_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EXCHANGES_MAX = 6 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void run(struct qos_job *job, unsigned what, int status, struct ecs_str body)
{
    static const struct qos_dialect *const dialects[] = {&qos_camara_provisioning, &qos_camara_session,
                                                         &qos_t8, &qos_n5};
    const struct qos_dialect *d = dialects[what % 4];
    bool (*const calls[])(struct qos_job *) = {d->apply, d->release, d->query};
    int exchanges = 0;

    job->next = calls[what / 4 % 3];
    while (job->next(job)) {
        require(job->ask.url && job->ask.method && exchanges++ < EXCHANGES_MAX);
        require(strncmp(job->ask.url, "http://127.0.0.1:1/", 19) == 0);
        job->answer = (struct ecs_ask_answer){.rc = ECS_OK,
                                              .status = status,
                                              .body = body,
                                              .location = {body.p, body.n < 40 ? body.n : 40},
                                              .retry_after_s = -1};
        job->stage++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 201, 202, 204, 303, 400, 401, 403, 404, 409, 422, 429, 500, 503};
    static const struct ecs_qos_profile_conf profile = {.name = "p",
                                                        .camara_profile = "QOS_L",
                                                        .server = "203.0.113.5",
                                                        .duration_s = 60,
                                                        .qos_reference = "boost",
                                                        .down = "10 Mbps",
                                                        .sst = -1,
                                                        .media = 2};
    struct ecs_qos_conf conf = {
        .name = "n", .url = "http://127.0.0.1:1", .callback = "https://ecs", .as_id = "ecs"};
    struct qos_network net = {.conf = &conf};
    struct ecs_qos qos = {.networks = &net};
    struct ecs_qos_call call = {.key = ECS_STR("ecs-qos-1"),
                                .sink = ECS_STR("1-a"),
                                .subject = {.imsi = ECS_STR("001010000000001"),
                                            .msisdn = ECS_STR("491700000001"),
                                            .ue_ipv4 = ECS_STR("10.0.0.1")}};
    struct qos_job job = {.qos = &qos, .net = &net, .conf = &conf, .profile = &profile, .call = &call};

    if (size < 2)
        return 0;
    job.arena = ecs_arena_new(NULL, 0);
    if (!job.arena)
        return 0;
    conf.type = data[0] % 4;
    conf.accept_less = data[0] & 64;
    call.repeated = data[0] & 32;
    if (data[0] & 16)
        call.handle = ECS_STR("h-1");
    run(&job, data[0] & 15, statuses[data[1] % ECS_ARRAY_LEN(statuses)],
        (struct ecs_str){(const char *)data + 2, size - 2});
    require((unsigned)call.outcome < ECS_QOS_OUTCOME_COUNT);
    require(call.outcome == ECS_QOS_DONE || call.outcome == ECS_QOS_PENDING || call.outcome == ECS_QOS_GONE ||
            call.why);
    require(call.handle_out.n <= QOS_HANDLE_MAX &&
            (!call.handle_out.n || !memchr(call.handle_out.p, '/', call.handle_out.n)));
    ecs_arena_free(job.arena);
    return 0;
}
