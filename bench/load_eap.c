/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's side of EAP-AKA over the relay of TS.43 2.8.1, with a software SIM. */
#include <string.h>

#include "ecs/eap.h"
#include "ecs/eap_prf.h"
#include "load.h"

static int make_nai(const struct load_card *card, char out[80])
{
    return snprintf(out, 80, "0%s@nai.epc.mnc0%.2s.mcc%.3s.3gppnetwork.org", card->imsi.s, card->imsi.s + 3,
                    card->imsi.s);
}

bool load_eap_begin(struct load_conn *conn)
{
    char nai[80];
    int n;

    conn->card = load_card_next(conn->load);
    if (!conn->card)
        return false;
    make_nai(conn->card, nai);
    n = snprintf(conn->scratch, sizeof(conn->scratch),
                 "GET /?terminal_id=%s&terminal_vendor=Bench&terminal_model=Phone&terminal_sw_version=1.0"
                 "&entitlement_version=8.0&app=ap2003&app=ap2004&app=ap2005&vers=0&EAP_ID=%s HTTP/1.1\r\n"
                 "Host: aes.bench.example\r\nAccept: application/vnd.gsma.eap-relay.v1.0+json\r\n\r\n",
                 conn->card->terminal, nai);
    conn->out = conn->scratch;
    conn->out_n = (size_t)n;
    return n > 0 && (size_t)n < sizeof(conn->scratch);
}

/* The AKA answer to the challenge; 0 when it is not one, or not from this card's network. */
static size_t answer_challenge(struct load_conn *conn, struct ecs_str text, uint8_t *out, size_t room)
{
    struct load_card *card = conn->card;
    struct ecs_crypto *crypto = conn->load->crypto;
    uint8_t bytes[ECS_EAP_MAX], mk[20], k_aut[16];
    struct ecs_eap_packet packet;
    struct ecs_aka_usim_answer answer;
    ptrdiff_t n = ecs_base64_decode(text, bytes, sizeof(bytes));
    char nai[80];

    if (n < 0 || ecs_eap_decode(bytes, (size_t)n, &packet) != ECS_EAP_FAULT_NONE ||
        packet.message != ECS_EAP_MSG_REQ_CHALLENGE)
        return 0;
    if (ecs_aka_usim_answer(crypto, &card->key, (const uint8_t *)packet.attrs.value[ECS_AT_RAND].p,
                            (const uint8_t *)packet.attrs.value[ECS_AT_AUTN].p, &card->state,
                            &answer) != ECS_OK ||
        answer.kind == ECS_USIM_MAC_FAILURE)
        return 0;
    if (answer.kind == ECS_USIM_AUTS)
        return ecs_eap_make_sync_failure(ECS_EAP_TYPE_AKA, packet.identifier, answer.auts, out, room);
    make_nai(card, nai);
    if (!ecs_eap_aka_mk(crypto, ecs_str_of(nai), answer.ik, answer.ck, mk))
        return 0;
    ecs_eap_aka_k_aut(mk, k_aut);
    if (ecs_eap_mac_verify(crypto, &packet, k_aut, ECS_STR_NULL) != ECS_OK)
        return 0;
    return ecs_eap_make_challenge_answer(crypto, ECS_EAP_TYPE_AKA, packet.identifier,
                                         (struct ecs_str){(const char *)answer.res, answer.res_n}, k_aut, out,
                                         room);
}

static bool make_answer(struct load_conn *conn, struct ecs_str cookie, const uint8_t *packet, size_t packet_n)
{
    char text[ECS_BASE64_LEN(ECS_EAP_MAX) + 1];
    size_t n = ecs_base64_encode(packet, packet_n, text);
    int all = snprintf(conn->scratch, sizeof(conn->scratch),
                       "POST / HTTP/1.1\r\nHost: aes.bench.example\r\nCookie: %.*s\r\n"
                       "Accept: application/vnd.gsma.eap-relay.v1.0+json\r\n"
                       "Content-Type: application/vnd.gsma.eap-relay.v1.0+json\r\nContent-Length: %zu\r\n\r\n"
                       "{\"eap-relay-packet\":\"%s\"}",
                       ECS_FMT(cookie), n + sizeof("{\"eap-relay-packet\":\"\"}") - 1, text);

    conn->out = conn->scratch;
    conn->out_n = (size_t)all;
    return all > 0 && (size_t)all < sizeof(conn->scratch);
}

bool load_eap_go_on(struct load_conn *conn, size_t head_n, bool *ret_done)
{
    struct ecs_str head = {conn->in, head_n}, body = {conn->in + head_n, conn->in_n - head_n}, line, cookie;
    static const char begin[] = "{\"eap-relay-packet\":\"";
    uint8_t packet[ECS_EAP_MAX];
    ptrdiff_t at;
    size_t n;

    *ret_done = false;
    if (!ecs_str_starts_with(body, ECS_STR("{\"eap-relay-packet\":\""))) {
        const char *expect = conn->load->options.expect;

        *ret_done = true;
        return conn->round > 0 && (!expect || ecs_str_find(body, ecs_str_of(expect)) >= 0);
    }
    at = ecs_str_find(head, ECS_STR("Set-Cookie: "));
    if (conn->round++ > 2 || at < 0 || body.n < sizeof(begin) + 2)
        return false;
    line = (struct ecs_str){head.p + at + 12, head.n - (size_t)at - 12};
    if (!ecs_str_cut(&line, ';', &cookie))
        return false;
    body = (struct ecs_str){body.p + sizeof(begin) - 1, body.n - (sizeof(begin) - 1) - 2};
    n = answer_challenge(conn, body, packet, sizeof(packet));
    return n && make_answer(conn, cookie, packet, n);
}
