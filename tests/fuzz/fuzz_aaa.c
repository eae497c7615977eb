/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net run conf codec base */
/* What comes from an AAA or HSS, and what comes back from a session's row: first byte chooses the reader. */
#include <stdint.h>
#include <stdlib.h>

#include "adapters/aaa_int.h"

static struct ecs_str realms[] = {ECS_STR("*.test")};
static const struct ecs_aaa_conf conf = {
    .name = "f", .user_realms = {realms, 1}, .anonymous_realm = "x.test"};

static void judge_diameter(struct ecs_str bytes, struct ecs_arena *arena, int which)
{
    struct ecs_diameter_answer answer = {.rc = ECS_OK, .peer = ""};
    struct ecs_aaa_round round = {.verdict = ECS_AAA_TRANSIENT};
    struct ecs_hss_vector vector = {.outcome = ECS_HSS_TRANSIENT};
    struct ecs_hss_profile profile = {.outcome = ECS_HSS_TRANSIENT};
    struct ecs_diameter_avp failed;
    enum ecs_diameter_fault fault = ecs_diameter_decode(bytes, &answer.message, &failed);

    if ((fault && fault != ECS_DIAMETER_FAULT_UNSUPPORTED) ||
        !ecs_diameter_result_of(&answer.message, &answer.result))
        return;
    if (which == 0)
        aaa_judge_dea(&conf, &answer, false, arena, &round);
    else if (which == 1)
        aaa_judge_maa(&conf, &answer, &vector);
    else
        aaa_judge_saa(&conf, &answer, arena, &profile);
    if (round.verdict == ECS_AAA_MORE && !round.eap_out.n)
        abort();
    if (vector.outcome == ECS_HSS_OK && (vector.xres_n < 4 || vector.xres_n > 16))
        abort();
}

static void judge_radius(struct ecs_str bytes, struct ecs_arena *arena)
{
    struct ecs_aaa_round round = {.verdict = ECS_AAA_TRANSIENT};
    struct ecs_radius_answer answer = {.rc = ECS_OK};
    struct ecs_radius_packet packet;
    struct ecs_str state;

    if (ecs_radius_decode(bytes, &packet) != ECS_RADIUS_FAULT_NONE)
        return;
    answer.code = packet.code;
    answer.attrs = packet.attrs;
    aaa_judge_radius(&conf, &answer, false, arena, &round, &state);
    if (round.verdict == ECS_AAA_MORE && !round.eap_out.n)
        abort();
}

static void read_thread(struct ecs_str bytes, struct ecs_arena *arena, bool diameter)
{
    struct aaa_thread thread;
    struct ecs_str again;

    if (!aaa_thread_read(bytes, diameter, &thread) || bytes.n > ECS_AAA_THREAD_MAX)
        return;
    if (!aaa_thread_write(arena, diameter, &thread, &again) || !ecs_str_eq(again, bytes))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_str bytes = {(const char *)data + 1, size - 1}, name;

    if (!arena || size < 1) {
        ecs_arena_free(arena);
        return 0;
    }
    switch (data[0] % 7) {
    case 0:
    case 1:
    case 2:
        judge_diameter(bytes, arena, data[0] % 7);
        break;
    case 3:
        judge_radius(bytes, arena);
        break;
    case 4:
    case 5:
        read_thread(bytes, arena, data[0] % 7 == 4);
        break;
    default:
        (void)aaa_user_name(&conf, bytes, arena, &name);
        (void)aaa_imsi_of_name(bytes);
        break;
    }
    ecs_arena_free(arena);
    return 0;
}
