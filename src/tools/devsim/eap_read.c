/* SPDX-License-Identifier: Apache-2.0 */
/* Reading EAP-AKA challenges: one reader per habit found in real clients (clients.md 2.4, 7.3, 8), and the
 * checks of the compatibility list that no single client makes. Written apart from the server's codec on
 * purpose. */

#include <jansson.h>
#include <string.h>

#include "eap.h"

enum {
    AT_RAND = 1,
    AT_AUTN = 2,
    AT_MAC = 11,
    HEADER_N = 8 /* code, identifier, length, type, subtype, reserved */
};

static const char relay_key[] = "eap-relay-packet";

/* ---- body ---- */

static bool decode(struct ecs_str text, struct ecs_sim_challenge *ret, struct ecs_sim_report *report)
{
    ptrdiff_t n = ecs_base64_decode(text, ret->packet, sizeof(ret->packet));

    if (n < 0 || text.n % 4) {
        ecs_sim_find(report, ECS_SIM_BREAK, "C-12", "the value of eap-relay-packet is not padded base64");
        return false;
    }
    ret->n = (size_t)n;
    return true;
}

static bool all_strings(json_t *object, struct ecs_sim_report *report)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value)) {
            ecs_sim_find(report, ECS_SIM_BREAK, "C-12",
                         "member \"%.40s\" is no string: this client reads strings only", key);
            return false;
        }
    }
    return true;
}

static bool take_json(struct ecs_str body, bool strings_only, struct ecs_sim_challenge *ret,
                      struct ecs_sim_report *report)
{
    json_error_t error;
    json_t *object = json_loadb(body.p, body.n, 0, &error);
    json_t *value = json_object_get(object, relay_key);
    bool good = json_is_string(value) && (!strings_only || all_strings(object, report));

    if (!object)
        ecs_sim_find(report, ECS_SIM_BREAK, "C-12", "the body is not JSON: %s", error.text);
    else if (!json_is_string(value))
        ecs_sim_find(report, ECS_SIM_BREAK, "C-12", "the JSON has no text member %s", relay_key);
    good = good && decode((struct ecs_str){json_string_value(value), json_string_length(value)}, ret, report);
    json_decref(object);
    return good;
}

static bool take_cut(struct ecs_str body, struct ecs_sim_challenge *ret, struct ecs_sim_report *report)
{
    const char *colon = body.n ? memchr(body.p, ':', body.n) : NULL;
    const char *quote = body.n ? memrchr(body.p, '"', body.n) : NULL;

    if (!colon || !quote || quote < colon + 2) {
        ecs_sim_find(
            report, ECS_SIM_BREAK, "C-12",
            "this client cuts the packet out behind the first ':' and up to the last quote, and finds none");
        return false;
    }
    if (!decode((struct ecs_str){colon + 2, (size_t)(quote - colon) - 2}, ret, report)) {
        ecs_sim_find(report, ECS_SIM_BREAK, "C-12",
                     "this client cuts by position: the JSON must be compact, with one key");
        return false;
    }
    return true;
}

bool ecs_sim_packet_take(struct ecs_str body, enum ecs_sim_packet_reader reader,
                         struct ecs_sim_challenge *ret, struct ecs_sim_report *report)
{
    memset(ret, 0, sizeof(*ret));
    if (reader == ECS_SIM_PACKET_CUT)
        return take_cut(body, ret, report);
    return take_json(body, reader == ECS_SIM_PACKET_JSON_STRINGS, ret, report);
}

/* ---- packet ---- */

static bool refuse(struct ecs_sim_report *report, const char *rule, const char *text)
{
    ecs_sim_find(report, ECS_SIM_BREAK, rule, "%s", text);
    return false;
}

static bool read_header(struct ecs_sim_challenge *c, struct ecs_sim_report *report)
{
    size_t length = c->n >= 4 ? (size_t)c->packet[2] << 8 | c->packet[3] : 0;

    if (c->n < 4)
        return refuse(report, "C-13", "the EAP packet is shorter than its header");
    c->code = c->packet[0];
    c->identifier = c->packet[1];
    if (length != c->n)
        return refuse(report, "C-13", "the EAP length field is not the size of the packet");
    if (c->code == 3 || c->code == 4)
        return true;
    if (c->n < HEADER_N)
        return refuse(report, "C-13", "the EAP packet has no EAP-AKA header");
    c->type = c->packet[4];
    c->subtype = c->packet[5];
    return true;
}

static bool read_fixed(struct ecs_sim_challenge *c, struct ecs_sim_report *report)
{
    if (c->n < 48)
        return refuse(report, "C-13", "the packet is too short for RAND at byte 8 and AUTN at byte 28");
    if (c->packet[8] != AT_RAND || c->packet[28] != AT_AUTN)
        return refuse(report, "C-13",
                      "this client reads RAND at byte 8 and AUTN at byte 28, and something else is there");
    memcpy(c->rand, c->packet + 12, 16);
    memcpy(c->autn, c->packet + 32, 16);
    c->has_vector = true;
    return true;
}

static bool read_steps(struct ecs_sim_challenge *c, struct ecs_sim_report *report)
{
    bool has_rand = false, has_autn = false;

    for (size_t at = HEADER_N; at + 20 <= c->n; at += 20) {
        if (c->packet[at] == AT_RAND) {
            memcpy(c->rand, c->packet + at + 4, 16);
            has_rand = true;
        } else if (c->packet[at] == AT_AUTN) {
            memcpy(c->autn, c->packet + at + 4, 16);
            has_autn = true;
        }
    }
    c->has_vector = has_rand && has_autn;
    return c->has_vector ||
           refuse(report, "C-13",
                  "this client walks in steps of 20 bytes and does not meet AT_RAND and AT_AUTN");
}

static bool read_walking(struct ecs_sim_challenge *c, bool stops_early, struct ecs_sim_report *report)
{
    bool has_rand = false, has_autn = false;
    size_t at = HEADER_N;

    while (at < c->n && !(stops_early && has_rand && has_autn)) {
        size_t length = at + 1 < c->n ? (size_t)c->packet[at + 1] * 4 : 0;

        if (at + 2 > c->n)
            return refuse(report, "C-13", "bytes are left behind the last attribute");
        if (!length)
            return refuse(report, "C-13",
                          at + 2 == c->n
                              ? "two bytes are left behind the last attribute: this client gives up"
                              : "an attribute of length 0: this client would loop for ever");
        if (length > c->n - at)
            return refuse(report, "C-13", "an attribute is longer than the packet");
        if ((c->packet[at] == AT_RAND || c->packet[at] == AT_AUTN) && length != 20)
            return refuse(report, "C-13", "AT_RAND or AT_AUTN is not 20 bytes long");
        if (c->packet[at] == AT_RAND) {
            memcpy(c->rand, c->packet + at + 4, 16);
            has_rand = true;
        } else if (c->packet[at] == AT_AUTN) {
            memcpy(c->autn, c->packet + at + 4, 16);
            has_autn = true;
        }
        at += length;
    }
    c->has_vector = has_rand && has_autn;
    return c->has_vector || refuse(report, "C-13", "the challenge lacks AT_RAND or AT_AUTN");
}

bool ecs_sim_challenge_read(struct ecs_sim_challenge *challenge, enum ecs_sim_attr_reader reader,
                            struct ecs_sim_report *report)
{
    if (!read_header(challenge, report))
        return false;
    if (challenge->code != 1 || challenge->type != ECS_SIM_EAP_AKA ||
        challenge->subtype != ECS_SIM_AKA_CHALLENGE)
        return true; /* the client's row decides what it can do with it */
    if (reader == ECS_SIM_ATTR_FIXED)
        return read_fixed(challenge, report);
    if (reader == ECS_SIM_ATTR_STEP)
        return read_steps(challenge, report);
    return read_walking(challenge, reader == ECS_SIM_ATTR_UNTIL, report);
}

/* ---- checks of the list ---- */

static void check_compact(struct ecs_str body, const uint8_t *packet, size_t n, struct ecs_sim_report *report)
{
    char text[32 + ECS_BASE64_LEN(ECS_SIM_PACKET_MAX) + 1];
    size_t at = sizeof("{\"eap-relay-packet\":\"") - 1;

    memcpy(text, "{\"eap-relay-packet\":\"", at);
    at += ecs_base64_encode(packet, n, text + at);
    memcpy(text + at, "\"}", 2);
    if (!ecs_str_eq(body, (struct ecs_str){text, at + 2}))
        ecs_sim_find(
            report, ECS_SIM_FAULT, "C-12",
            "the relay body is not exactly {\"eap-relay-packet\":\"<base64>\"}: one key, no blanks, no line "
            "breaks, no escaped slashes");
}

void ecs_sim_challenge_check(const struct ecs_sim_challenge *challenge, struct ecs_str body,
                             struct ecs_sim_report *report)
{
    static const uint8_t order[] = {AT_RAND, AT_AUTN, AT_MAC};
    size_t at = HEADER_N;

    check_compact(body, challenge->packet, challenge->n, report);
    if (challenge->code != 1 || challenge->type != ECS_SIM_EAP_AKA ||
        challenge->subtype != ECS_SIM_AKA_CHALLENGE) {
        ecs_sim_find(report, ECS_SIM_FAULT, "C-14",
                     "the packet is no AKA-Challenge (code %u, type %u, subtype %u): phones give up",
                     challenge->code, challenge->type, challenge->subtype);
        return;
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(order); i++) {
        if (at + 20 > challenge->n || challenge->packet[at] != order[i] || challenge->packet[at + 1] != 5) {
            ecs_sim_find(report, ECS_SIM_FAULT, "C-13",
                         "the challenge does not begin with AT_RAND, AT_AUTN, AT_MAC in this order");
            return;
        }
        at += 20;
    }
}
