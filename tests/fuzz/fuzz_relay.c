/* SPDX-License-Identifier: Apache-2.0 */
/* modules: auth codec base */
/* What is made of EAP requests of an AAA: kind of the identity, then packets, each behind its length (two
 * bytes). Only challenges may reach the phone, what is answered is a well-formed response to that very
 * request, and it ends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_challenge(const struct relay_talk *talk, struct ecs_str packet)
{
    require(packet.n <= ECS_RELAY_REQUEST_MAX);
    require((uint8_t)packet.p[0] == ECS_EAP_REQUEST && (uint8_t)packet.p[1] == talk->identifier);
    require((uint8_t)packet.p[4] == talk->type && packet.p[5] == ECS_EAP_SUB_CHALLENGE);
    require(talk->type == ECS_EAP_TYPE_AKA || (talk->prime && talk->type == ECS_EAP_TYPE_AKA_PRIME));
}

static void check_answer(const struct relay_talk *talk, struct ecs_str packet)
{
    struct ecs_eap_packet answer;

    require(talk->answer_n <= sizeof(talk->answer));
    require(ecs_eap_decode(talk->answer, talk->answer_n, &answer) == ECS_EAP_FAULT_NONE);
    require(answer.code == ECS_EAP_RESPONSE && answer.identifier == (uint8_t)packet.p[1]);
    require(answer.message != ECS_EAP_MSG_RSP_CHALLENGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum ecs_eap_id_kind kinds[] = {ECS_EAP_ID_PERMANENT, ECS_EAP_ID_PSEUDONYM,
                                                 ECS_EAP_ID_REAUTH, ECS_EAP_ID_ENCRYPTED};
    struct relay_talk talk = {.identity = ECS_STR("0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org")};
    struct ecs_str rest = {(const char *)data, size};
    unsigned answers = 0;

    if (size == 0)
        return 0;
    talk.kind = kinds[data[0] % ECS_ARRAY_LEN(kinds)];
    talk.prime = data[0] & 0x80;
    for (rest.p++, rest.n--; rest.n >= 2;) {
        size_t n = (size_t)(uint8_t)rest.p[0] << 8 | (uint8_t)rest.p[1];
        struct ecs_str packet = {rest.p + 2, n < rest.n - 2 ? n : rest.n - 2};

        rest.p += 2 + packet.n;
        rest.n -= 2 + packet.n;
        switch (relay_judge(&talk, packet)) {
        case RELAY_TO_PHONE:
            check_challenge(&talk, packet);
            return 0;
        case RELAY_ANSWER:
            check_answer(&talk, packet);
            require(++answers <= RELAY_ROUNDS_MAX);
            break;
        case RELAY_NO_IDENTITY:
        case RELAY_BROKEN:
            require(talk.why != NULL);
            return 0;
        }
    }
    return 0;
}
