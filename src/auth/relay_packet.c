/* SPDX-License-Identifier: Apache-2.0 */
/* What an EAP request of an AAA calls for, when the phone behind us takes nothing but EAP-AKA challenges
 * (clients.md C-14, C-15, aaa.md 2.4): identity, notification and method rounds are answered here. */
#include "auth_relay.h"

#include <string.h>

enum { NOTE_SUCCESS = 0x8000, NOTE_BEFORE = 0x4000 }; /* RFC 4187 10.19: S and P bit */

static enum relay_act give(struct relay_talk *talk, enum relay_act act, const char *why)
{
    talk->why = why;
    return act;
}

static enum relay_act answered(struct relay_talk *talk, size_t n)
{
    talk->answer_n = n;
    return n ? RELAY_ANSWER : give(talk, RELAY_BROKEN, "the identity does not fit into an EAP packet");
}

/* The identity that was given stands for every kind of request that it can satisfy (RFC 4187 4.1.4). */
static enum relay_act answer_identity(struct relay_talk *talk, const struct ecs_eap_packet *packet)
{
    bool permanent = talk->kind == ECS_EAP_ID_PERMANENT || talk->kind == ECS_EAP_ID_ENCRYPTED;

    if (ecs_eap_has(&packet->attrs, ECS_AT_PERMANENT_ID_REQ) && !permanent)
        return give(talk, RELAY_NO_IDENTITY, "the AAA asks for the permanent identity of the phone");
    if (ecs_eap_has(&packet->attrs, ECS_AT_FULLAUTH_ID_REQ) && talk->kind == ECS_EAP_ID_REAUTH)
        return give(talk, RELAY_NO_IDENTITY, "the AAA does not know the re-authentication identity");
    return answered(talk, ecs_eap_make_aka_identity(packet->type, packet->identifier, talk->identity,
                                                    talk->answer, sizeof(talk->answer)));
}

/* Only what comes before success and failure are known is without a MAC, which needs the card's keys. */
static enum relay_act answer_notification(struct relay_talk *talk, const struct ecs_eap_packet *packet)
{
    uint16_t code = packet->attrs.number[ECS_AT_NOTIFICATION];
    struct ecs_eap_writer w;

    if (!(code & NOTE_BEFORE) || code & NOTE_SUCCESS || ecs_eap_has(&packet->attrs, ECS_AT_MAC))
        return give(talk, RELAY_BROKEN,
                    "the AAA asks for protected result indications, which phones behind TS.43 do not know");
    ecs_eap_write_start(&w, talk->answer, sizeof(talk->answer), ECS_EAP_RESPONSE, packet->identifier,
                        packet->type, ECS_EAP_SUB_NOTIFICATION);
    return answered(talk, ecs_eap_write_end(&w));
}

/* Nak (RFC 3748 5.3.1): the method of the identity instead of the one that was proposed. */
static enum relay_act answer_method(struct relay_talk *talk, const struct ecs_eap_packet *packet)
{
    const uint8_t nak[] = {ECS_EAP_RESPONSE,
                           packet->identifier,
                           0,
                           6,
                           ECS_EAP_TYPE_NAK,
                           talk->prime ? ECS_EAP_TYPE_AKA_PRIME : ECS_EAP_TYPE_AKA};

    if (talk->naked)
        return give(talk, RELAY_BROKEN, "the AAA proposes other methods than that of the identity");
    talk->naked = true;
    memcpy(talk->answer, nak, sizeof(nak));
    return answered(talk, sizeof(nak));
}

static enum relay_act answer_plain(struct relay_talk *talk, const struct ecs_eap_packet *packet)
{
    const uint8_t note[] = {ECS_EAP_RESPONSE, packet->identifier, 0, 5, ECS_EAP_TYPE_NOTIFICATION};

    if (packet->type == ECS_EAP_TYPE_IDENTITY)
        return answered(talk, ecs_eap_make_identity(packet->identifier, talk->identity, talk->answer,
                                                    sizeof(talk->answer)));
    if (packet->type != ECS_EAP_TYPE_NOTIFICATION)
        return answer_method(talk, packet);
    memcpy(talk->answer, note, sizeof(note));
    return answered(talk, sizeof(note));
}

static enum relay_act answer_packet(struct relay_talk *talk, const struct ecs_eap_packet *packet)
{
    switch (packet->message) {
    case ECS_EAP_MSG_REQ_IDENTITY:
        return answer_identity(talk, packet);
    case ECS_EAP_MSG_REQ_NOTIFICATION:
        return answer_notification(talk, packet);
    case ECS_EAP_MSG_REQ_REAUTH:
        return give(talk, RELAY_NO_IDENTITY,
                    "the AAA re-authenticates, which phones behind TS.43 do not know");
    default:
        return answer_plain(talk, packet);
    }
}

enum relay_act relay_judge(struct relay_talk *talk, struct ecs_str request)
{
    struct ecs_eap_packet packet;
    bool aka;

    if (request.n > ECS_EAP_MAX)
        return give(talk, RELAY_BROKEN, "the AAA sends an EAP packet that is too long");
    if (ecs_eap_decode((const uint8_t *)request.p, request.n, &packet) != ECS_EAP_FAULT_NONE)
        return give(talk, RELAY_BROKEN, "the AAA sends an EAP packet that cannot be decoded");
    if (packet.code != ECS_EAP_REQUEST)
        return give(talk, RELAY_BROKEN, "the AAA sends no EAP request where one is due");
    aka = packet.type == ECS_EAP_TYPE_AKA || (talk->prime && packet.type == ECS_EAP_TYPE_AKA_PRIME);
    if (aka && packet.message == ECS_EAP_MSG_REQ_CHALLENGE) {
        talk->identifier = packet.identifier;
        talk->type = packet.type;
        return RELAY_TO_PHONE;
    }
    if (talk->rounds++ >= RELAY_ROUNDS_MAX)
        return give(talk, RELAY_BROKEN, "the AAA asks again and again instead of sending a challenge");
    if (!aka && packet.type > ECS_EAP_TYPE_NOTIFICATION)
        return answer_method(talk, &packet);
    return answer_packet(talk, &packet);
}
