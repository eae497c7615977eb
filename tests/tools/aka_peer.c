/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's half of EAP-AKA out of the product's codecs, so that an AAA of other makers can judge it. For
 * tests only. Reads EAP packets in hexadecimal, one per line; prints "send HEX", "msk HEX" and "end RESULT".
 * RADIUS is the matter of the test. */
#include "ecs/aka.h"
#include "ecs/eap.h"
#include "ecs/eap_prf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    struct ecs_crypto *crypto;
    struct ecs_str identity;
    struct ecs_aka_key key;
    struct ecs_aka_usim usim;
};

static void print_hex(const char *word, const uint8_t *bytes, size_t n)
{
    char hex[2 * ECS_EAP_MAX + 1];

    ecs_hex_encode(bytes, n, hex);
    printf("%s %s\n", word, hex);
}

/* The challenge that the card accepted: its MAC, then RES. */
static size_t answer_accepted(struct peer *peer, const struct ecs_eap_packet *request,
                              const struct ecs_aka_usim_answer *card, uint8_t *out)
{
    struct ecs_eap_keys keys;
    uint8_t mk[20];
    size_t n = 0;

    if (!ecs_eap_aka_mk(peer->crypto, peer->identity, card->ik, card->ck, mk))
        return 0;
    ecs_eap_aka_expand(mk, &keys);
    if (ecs_eap_mac_verify(peer->crypto, request, keys.k_aut, ECS_STR_NULL) != ECS_OK) {
        puts("end bad_mac");
        n = ecs_eap_make_client_error(request->type, request->identifier, 0, out, ECS_EAP_MAX);
    } else {
        print_hex("msk", keys.msk, sizeof(keys.msk));
        n = ecs_eap_make_challenge_answer(peer->crypto, request->type, request->identifier,
                                          (struct ecs_str){(const char *)card->res, card->res_n}, keys.k_aut,
                                          out, ECS_EAP_MAX);
    }
    ecs_wipe(mk, sizeof(mk));
    ecs_wipe(&keys, sizeof(keys));
    return n;
}

static size_t answer_challenge(struct peer *peer, const struct ecs_eap_packet *request, uint8_t *out)
{
    const uint8_t *rand = (const uint8_t *)request->attrs.value[ECS_AT_RAND].p;
    const uint8_t *autn = (const uint8_t *)request->attrs.value[ECS_AT_AUTN].p;
    struct ecs_aka_usim_answer card;
    size_t n;

    if (ecs_aka_usim_answer(peer->crypto, &peer->key, rand, autn, &peer->usim, &card) != ECS_OK)
        return 0;
    if (card.kind == ECS_USIM_RES)
        n = answer_accepted(peer, request, &card, out);
    else if (card.kind == ECS_USIM_AUTS)
        n = ecs_eap_make_sync_failure(request->type, request->identifier, card.auts, out, ECS_EAP_MAX);
    else
        n = ecs_eap_make_reject(request->type, request->identifier, out, ECS_EAP_MAX);
    ecs_wipe(&card, sizeof(card));
    return n;
}

/* A notification of before the authentication has no MAC (RFC 4187 9.11). */
static size_t answer_notification(const struct ecs_eap_packet *request, uint8_t *out)
{
    struct ecs_eap_writer writer;

    printf("notification %u\n", request->attrs.number[ECS_AT_NOTIFICATION]);
    ecs_eap_write_start(&writer, out, ECS_EAP_MAX, ECS_EAP_RESPONSE, request->identifier, request->type,
                        ECS_EAP_SUB_NOTIFICATION);
    return ecs_eap_write_end(&writer);
}

/* Length of the answer, 0 when there is none. */
static size_t answer(struct peer *peer, const struct ecs_eap_packet *packet, uint8_t *out)
{
    if (packet->code == ECS_EAP_SUCCESS || packet->code == ECS_EAP_FAILURE) {
        puts(packet->code == ECS_EAP_SUCCESS ? "end success" : "end failure");
        return 0;
    }
    if (packet->code == ECS_EAP_REQUEST && packet->type == ECS_EAP_TYPE_IDENTITY)
        return ecs_eap_make_identity(packet->identifier, peer->identity, out, ECS_EAP_MAX);
    switch (packet->message) {
    case ECS_EAP_MSG_REQ_IDENTITY:
        return ecs_eap_make_aka_identity(packet->type, packet->identifier, peer->identity, out, ECS_EAP_MAX);
    case ECS_EAP_MSG_REQ_CHALLENGE:
        return answer_challenge(peer, packet, out);
    case ECS_EAP_MSG_REQ_NOTIFICATION:
        return answer_notification(packet, out);
    default:
        puts("end unexpected");
        return 0;
    }
}

static bool read_args(struct peer *peer, int argc, char **argv)
{
    uint8_t sqn[6];
    uint64_t number = 0;

    if (argc != 5 || !ecs_hex_decode(ecs_str_of(argv[2]), peer->key.ki, 16) ||
        !ecs_hex_decode(ecs_str_of(argv[3]), peer->key.opc, 16) ||
        !ecs_hex_decode(ecs_str_of(argv[4]), sqn, 6)) {
        fputs("usage: aka_peer IDENTITY KI OPC SQN\n", stderr);
        return false;
    }
    for (int i = 0; i < 6; i++)
        number = number << 8 | sqn[i];
    peer->identity = ecs_str_of(argv[1]);
    peer->key.ki_n = 16;
    peer->usim.seq[number % ECS_AKA_SLOTS] = number >> ECS_AKA_IND_BITS;
    return true;
}

static void take_line(struct peer *peer, struct ecs_str line)
{
    struct ecs_eap_packet packet;
    uint8_t bytes[ECS_EAP_MAX], out[ECS_EAP_MAX];
    size_t n = line.n / 2;

    if (n > sizeof(bytes) || line.n % 2 || !ecs_hex_decode(line, bytes, n)) {
        puts("end not_hexadecimal");
        return;
    }
    enum ecs_eap_fault fault = ecs_eap_decode(bytes, n, &packet);
    if (fault != ECS_EAP_FAULT_NONE) {
        printf("end %s\n", ecs_eap_fault_name(fault));
        return;
    }
    n = answer(peer, &packet, out);
    if (n)
        print_hex("send", out, n);
}

int main(int argc, char **argv)
{
    struct peer peer = {.key.alg = ECS_AKA_MILENAGE};
    char line[2 * ECS_EAP_MAX + 3];

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!read_args(&peer, argc, argv))
        return EXIT_FAILURE;
    peer.crypto = ecs_crypto_new();
    if (!peer.crypto) {
        fputs("aka_peer: libcrypto lacks an algorithm\n", stderr);
        return EXIT_FAILURE;
    }
    while (fgets(line, sizeof(line), stdin))
        take_line(&peer, ecs_str_trim(ecs_str_of(line)));
    ecs_crypto_free(peer.crypto);
    ecs_wipe(&peer, sizeof(peer));
    return EXIT_SUCCESS;
}
