/* SPDX-License-Identifier: Apache-2.0 */
/* EAP-AKA packets as the phones read and write them: each reader has the habits of its client. */
#pragma once

#include "ecs/buf.h"
#include "ecs/crypto.h"
#include "report.h"

enum {
    ECS_SIM_PACKET_MAX = 2048,
    ECS_SIM_EAP_AKA = 23,
    ECS_SIM_EAP_AKA_PRIME = 50,
    ECS_SIM_AKA_CHALLENGE = 1,
    ECS_SIM_AKA_REJECT = 2,
    ECS_SIM_AKA_SYNC_FAILURE = 4,
    ECS_SIM_AKA_IDENTITY = 5,
    ECS_SIM_AKA_NOTIFICATION = 12,
    ECS_SIM_AKA_CLIENT_ERROR = 14
};

/* How the base64 text is taken out of the body. */
enum ecs_sim_packet_reader {
    ECS_SIM_PACKET_JSON,         /* a JSON parser looks for the key */
    ECS_SIM_PACKET_JSON_STRINGS, /* every member must be a string */
    ECS_SIM_PACKET_CUT           /* behind the first ':' plus two, up to the last quote */
};

/* How AT_RAND and AT_AUTN are found. */
enum ecs_sim_attr_reader {
    ECS_SIM_ATTR_WALK,  /* by type and length */
    ECS_SIM_ATTR_UNTIL, /* so, and no further than RAND and AUTN */
    ECS_SIM_ATTR_FIXED, /* bytes 8 and 28 of the packet */
    ECS_SIM_ATTR_STEP   /* steps of 20 bytes */
};

struct ecs_sim_challenge {
    uint8_t packet[ECS_SIM_PACKET_MAX];
    size_t n;
    uint8_t code, identifier, type, subtype;
    bool has_vector; /* rand and autn were found */
    uint8_t rand[16];
    uint8_t autn[16];
};

/* The packet in the body of an answer, decoded. False with a finding when this client would give up. */
bool ecs_sim_packet_take(struct ecs_str body, enum ecs_sim_packet_reader reader,
                         struct ecs_sim_challenge *ret, struct ecs_sim_report *report) ECS_MUST_CHECK;
/* Reads header, and of a challenge RAND and AUTN, by the habits of the reader. False with a finding. */
bool ecs_sim_challenge_read(struct ecs_sim_challenge *challenge, enum ecs_sim_attr_reader reader,
                            struct ecs_sim_report *report) ECS_MUST_CHECK;
/* What the digests ask of a challenge beyond the client's own needs (C-12, C-13). body: as received. */
void ecs_sim_challenge_check(const struct ecs_sim_challenge *challenge, struct ecs_str body,
                             struct ecs_sim_report *report);
/* AT_MAC of the packet against k_aut: 1 right, 0 wrong, -1 no AT_MAC. */
int ecs_sim_mac_check(struct ecs_crypto *crypto, const uint8_t *packet, size_t n, const uint8_t k_aut[16]);

/* EAP-Response with AT_RES and AT_MAC. packet holds 64 bytes; 0: libcrypto failed. */
size_t ecs_sim_answer_res(struct ecs_crypto *crypto, uint8_t identifier, const uint8_t *res, size_t res_n,
                          const uint8_t k_aut[16], uint8_t packet[64]);
size_t ecs_sim_answer_auts(uint8_t identifier, const uint8_t auts[14], uint8_t packet[64]);
/* A response without attributes, or with AT_CLIENT_ERROR_CODE 0 for a client error. */
size_t ecs_sim_answer_plain(uint8_t identifier, uint8_t subtype, uint8_t packet[64]);
/* AKA-Identity response; packet holds ECS_SIM_PACKET_MAX bytes; 0: the identity is too long. */
size_t ecs_sim_answer_identity(uint8_t identifier, struct ecs_str identity, uint8_t *packet);

/* One line per attribute for people. Values of RES and MAC only with secrets. */
void ecs_sim_packet_explain(struct ecs_buf *buf, const uint8_t *packet, size_t n, const char *indent,
                            bool secrets);
