/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of EAP-AKA and EAP-AKA'. Order of the checks on an answer: form, identifier, AT_MAC,
 * AT_CHECKCODE, AT_RES (RFC 4187 9.4). */
#include "ecs/eap_server.h"
#include "ecs/eap_prf.h"

#include <string.h>

#define STATE_VERSION 1
#define STATE_HEAD    28 /* bytes before the request */

static const char *const verdict_names[] = {
    [ECS_EAP_V_SUCCESS] = "success",           [ECS_EAP_V_RESYNC] = "resync",
    [ECS_EAP_V_REJECTED] = "rejected",         [ECS_EAP_V_PEER_REJECT] = "peer_reject",
    [ECS_EAP_V_CLIENT_ERROR] = "client_error", [ECS_EAP_V_NAK] = "nak",
    [ECS_EAP_V_BAD_PACKET] = "bad_packet",     [ECS_EAP_V_WRONG_IDENTIFIER] = "wrong_identifier",
};

const char *ecs_eap_verdict_name(enum ecs_eap_verdict verdict)
{
    return (unsigned)verdict < ECS_ARRAY_LEN(verdict_names) ? verdict_names[verdict] : "unknown";
}

static struct ecs_str identity_of(const struct ecs_eap_state *state)
{
    return (struct ecs_str){state->identity, state->identity_n};
}

enum ecs_rc ecs_eap_bind_vector(struct ecs_crypto *crypto, struct ecs_str network,
                                struct ecs_aka_vector *vector)
{
    uint8_t ck[16], ik[16];
    bool done;

    if (vector->prime || network.n == 0 || network.n > ECS_EAP_NETWORK_MAX)
        return ECS_E_BAD_PARAMETER;
    done = ecs_eap_aka_prime_ck_ik(crypto, network, vector->autn, vector->ik, vector->ck, ck, ik);
    if (done) {
        memcpy(vector->ck, ck, sizeof(ck));
        memcpy(vector->ik, ik, sizeof(ik));
        vector->prime = true;
        vector->network = network;
    }
    ecs_wipe(ck, sizeof(ck));
    ecs_wipe(ik, sizeof(ik));
    return done ? ECS_OK : ECS_E_INTERNAL;
}

static size_t write_challenge(struct ecs_crypto *crypto, struct ecs_eap_state *state,
                              const struct ecs_aka_vector *vector)
{
    uint8_t mk[20], k_aut[16];
    size_t n = 0;

    if (ecs_eap_aka_mk(crypto, identity_of(state), vector->ik, vector->ck, mk)) {
        ecs_eap_aka_k_aut(mk, k_aut);
        n = ecs_eap_make_challenge(crypto, state->identifier, vector->rand, vector->autn, k_aut,
                                   state->extras, state->request, sizeof(state->request));
    }
    ecs_wipe(mk, sizeof(mk));
    ecs_wipe(k_aut, sizeof(k_aut));
    return n;
}

static size_t write_prime_challenge(struct ecs_crypto *crypto, struct ecs_eap_state *state,
                                    const struct ecs_aka_vector *vector)
{
    struct ecs_eap_keys keys;
    size_t n = 0;

    if (vector->network.n <= ECS_EAP_NETWORK_MAX &&
        ecs_eap_aka_prime_keys(crypto, identity_of(state), vector->ik, vector->ck, &keys))
        n = ecs_eap_make_prime_challenge(crypto, state->identifier, vector->rand, vector->autn,
                                         vector->network, keys.k_aut, state->extras, state->request,
                                         sizeof(state->request));
    ecs_wipe(&keys, sizeof(keys));
    return n;
}

/* Puts the challenge for the vector into the state. */
static enum ecs_rc make_challenge(struct ecs_crypto *crypto, struct ecs_eap_state *state,
                                  const struct ecs_aka_vector *vector)
{
    size_t n =
        vector->prime ? write_prime_challenge(crypto, state, vector) : write_challenge(crypto, state, vector);

    if (n == 0)
        return ECS_E_INTERNAL;
    state->request_n = (uint8_t)n;
    state->sqn = vector->sqn;
    memcpy(state->rand, vector->rand, sizeof(state->rand));
    return ECS_OK;
}

enum ecs_rc ecs_eap_begin(struct ecs_crypto *crypto, struct ecs_str identity,
                          const struct ecs_aka_vector *vector, uint8_t identifier, unsigned extras,
                          struct ecs_eap_state *ret_state)
{
    struct ecs_eap_state state = {
        .identifier = identifier,
        .challenges = 1,
        .extras =
            (uint8_t)(extras & (ECS_EAP_EXTRA_CHECKCODE | ECS_EAP_EXTRA_RESULT_IND | ECS_EAP_EXTRA_BIDDING)),
    };

    if (identity.n == 0 || identity.n > sizeof(state.identity))
        return ECS_E_BAD_PARAMETER;
    state.identity_n = (uint8_t)identity.n;
    memcpy(state.identity, identity.p, identity.n);
    enum ecs_rc rc = make_challenge(crypto, &state, vector);
    if (rc == ECS_OK)
        *ret_state = state;
    return rc;
}

enum ecs_rc ecs_eap_resume(struct ecs_str identity, const struct ecs_aka_vector *vector, uint8_t identifier,
                           unsigned challenges, struct ecs_eap_state *ret_state)
{
    struct ecs_eap_state state = {
        .identifier = identifier, .challenges = (uint8_t)challenges, .sqn = vector->sqn};

    if (identity.n == 0 || identity.n > sizeof(state.identity) || challenges < 1 ||
        challenges > ECS_EAP_CHALLENGES_MAX)
        return ECS_E_BAD_PARAMETER;
    state.identity_n = (uint8_t)identity.n;
    memcpy(state.identity, identity.p, identity.n);
    memcpy(state.rand, vector->rand, sizeof(state.rand));
    *ret_state = state;
    return ECS_OK;
}

enum ecs_rc ecs_eap_challenge_again(struct ecs_crypto *crypto, struct ecs_eap_state *state,
                                    const struct ecs_aka_vector *vector)
{
    struct ecs_eap_state next = *state;

    if (state->challenges >= ECS_EAP_CHALLENGES_MAX)
        return ECS_E_AUTH_REJECTED;
    next.challenges++;
    next.identifier++; /* modulo 256 */
    enum ecs_rc rc = make_challenge(crypto, &next, vector);
    if (rc == ECS_OK)
        *state = next;
    return rc;
}

static void judge(struct ecs_eap_result *result, enum ecs_eap_verdict verdict, const char *reason)
{
    result->verdict = verdict;
    result->reason = reason;
}

static enum ecs_rc try_prime_identity(struct ecs_crypto *crypto, struct ecs_str identity,
                                      const struct ecs_aka_vector *vector,
                                      const struct ecs_eap_packet *packet, uint8_t ret_msk[64])
{
    struct ecs_eap_keys keys;
    enum ecs_rc rc = ECS_E_INTERNAL;

    if (ecs_eap_aka_prime_keys(crypto, identity, vector->ik, vector->ck, &keys)) {
        memcpy(ret_msk, keys.msk, sizeof(keys.msk));
        rc = ecs_eap_mac_verify(crypto, packet, keys.k_aut, ECS_STR_NULL);
    }
    ecs_wipe(&keys, sizeof(keys));
    return rc;
}

/* ECS_OK when the MAC is that of this identity, ECS_E_AUTH_REJECTED when not; ret_msk is that identity's. */
static enum ecs_rc try_identity(struct ecs_crypto *crypto, struct ecs_str identity,
                                const struct ecs_aka_vector *vector, const struct ecs_eap_packet *packet,
                                uint8_t ret_msk[64])
{
    uint8_t mk[20], k_aut[16];
    enum ecs_rc rc = ECS_E_INTERNAL;

    if (vector->prime)
        return try_prime_identity(crypto, identity, vector, packet, ret_msk);
    if (ecs_eap_aka_mk(crypto, identity, vector->ik, vector->ck, mk)) {
        ecs_eap_aka_k_aut_msk(mk, k_aut, ret_msk);
        rc = ecs_eap_mac_verify(crypto, packet, k_aut, ECS_STR_NULL);
    }
    ecs_wipe(mk, sizeof(mk));
    ecs_wipe(k_aut, sizeof(k_aut));
    return rc;
}

/* AT_CHECKCODE and AT_RES, after the MAC. */
static void check_content(const struct ecs_aka_vector *vector, const struct ecs_eap_attrs *attrs,
                          const uint8_t msk[64], struct ecs_eap_result *result)
{
    struct ecs_str res = attrs->value[ECS_AT_RES];

    if (ecs_eap_has(attrs, ECS_AT_CHECKCODE) && attrs->value[ECS_AT_CHECKCODE].n != 0)
        judge(result, ECS_EAP_V_REJECTED, "checkcode of an identity round that did not take place");
    else if (attrs->number[ECS_AT_RES] != 8 * vector->xres_n)
        judge(result, ECS_EAP_V_REJECTED, "RES has another length than XRES");
    else if (!ecs_ct_equal(res.p, vector->xres, vector->xres_n))
        judge(result, ECS_EAP_V_REJECTED, "RES is wrong");
    else {
        judge(result, ECS_EAP_V_SUCCESS, "RES is right");
        memcpy(result->msk, msk, sizeof(result->msk));
    }
}

static enum ecs_rc check_challenge(struct ecs_crypto *crypto, const struct ecs_eap_state *state,
                                   const struct ecs_aka_vector *vector, const struct ecs_str *alternatives,
                                   size_t n_alternatives, const struct ecs_eap_packet *packet,
                                   struct ecs_eap_result *result)
{
    uint8_t msk[64];
    enum ecs_rc rc = try_identity(crypto, identity_of(state), vector, packet, msk);

    for (size_t i = 0; rc == ECS_E_AUTH_REJECTED && i < n_alternatives && i < UINT8_MAX; i++) {
        if (alternatives[i].n == 0 || ecs_str_eq(alternatives[i], identity_of(state)))
            continue;
        rc = try_identity(crypto, alternatives[i], vector, packet, msk);
        result->alternative = (uint8_t)(rc == ECS_OK ? i + 1 : 0);
    }
    if (rc == ECS_OK) {
        check_content(vector, &packet->attrs, msk, result);
    } else if (rc == ECS_E_AUTH_REJECTED) {
        judge(result, ECS_EAP_V_REJECTED, "MAC is wrong");
        rc = ECS_OK; /* judged; other codes mean that it could not be judged */
    }
    ecs_wipe(msk, sizeof(msk));
    return rc;
}

/* Everything that needs no key; true when only the challenge's own checks are left. */
static bool screen(const struct ecs_eap_state *state, bool prime, const uint8_t *bytes, size_t n,
                   struct ecs_eap_packet *packet, struct ecs_eap_result *result)
{
    judge(result, ECS_EAP_V_BAD_PACKET, "packet is not a response");
    if (n >= 4 && bytes[0] == ECS_EAP_RESPONSE && bytes[1] != state->identifier) {
        judge(result, ECS_EAP_V_WRONG_IDENTIFIER, "answer to another request");
        return false;
    }
    result->fault = ecs_eap_decode(bytes, n, packet);
    if (result->fault != ECS_EAP_FAULT_NONE) {
        result->fault_type = packet->attrs.fault_type;
        result->reason = ecs_eap_fault_text(result->fault);
        return false;
    }
    if (packet->code != ECS_EAP_RESPONSE)
        return false;
    if (packet->type == ECS_EAP_TYPE_NAK) {
        judge(result, ECS_EAP_V_NAK, "the peer wants another method");
        result->nak_type = packet->data.n ? (uint8_t)packet->data.p[0] : 0;
        return false;
    }
    result->reason = "answer of another EAP method";
    return packet->type == (prime ? ECS_EAP_TYPE_AKA_PRIME : ECS_EAP_TYPE_AKA);
}

enum ecs_rc ecs_eap_answer(struct ecs_crypto *crypto, const struct ecs_eap_state *state,
                           const struct ecs_aka_vector *vector, const struct ecs_str *alternatives,
                           size_t n_alternatives, const uint8_t *packet, size_t packet_n,
                           struct ecs_eap_result *ret_result)
{
    struct ecs_eap_result result = {.verdict = ECS_EAP_V_BAD_PACKET};
    struct ecs_eap_packet p;
    enum ecs_rc rc = ECS_OK;

    if (vector->sqn != state->sqn || memcmp(vector->rand, state->rand, sizeof(state->rand)) != 0 ||
        vector->xres_n > sizeof(vector->xres))
        return ECS_E_BAD_PARAMETER;
    if (screen(state, vector->prime, packet, packet_n, &p, &result)) {
        switch (p.message) {
        case ECS_EAP_MSG_RSP_CHALLENGE:
            rc = check_challenge(crypto, state, vector, alternatives, n_alternatives, &p, &result);
            break;
        case ECS_EAP_MSG_RSP_SYNC:
            judge(&result, ECS_EAP_V_RESYNC, "the card asks for resynchronisation");
            memcpy(result.auts, p.attrs.value[ECS_AT_AUTS].p, sizeof(result.auts));
            break;
        case ECS_EAP_MSG_RSP_REJECT:
            judge(&result, ECS_EAP_V_PEER_REJECT, "the card refuses the network");
            break;
        case ECS_EAP_MSG_RSP_CLIENT_ERROR:
            judge(&result, ECS_EAP_V_CLIENT_ERROR, "the peer reports an error");
            result.client_error = p.attrs.number[ECS_AT_CLIENT_ERROR_CODE];
            break;
        default:
            judge(&result, ECS_EAP_V_BAD_PACKET, "not an answer to a challenge");
        }
    }
    if (rc == ECS_OK)
        *ret_result = result;
    ecs_wipe(&result, sizeof(result));
    return rc;
}

size_t ecs_eap_state_pack(const struct ecs_eap_state *state, uint8_t out[ECS_EAP_STATE_MAX])
{
    out[0] = STATE_VERSION;
    out[1] = state->identifier;
    out[2] = state->challenges;
    out[3] = state->extras;
    for (int i = 0; i < 6; i++)
        out[4 + i] = (uint8_t)(state->sqn >> (40 - 8 * i));
    memcpy(out + 10, state->rand, 16);
    out[26] = state->request_n;
    out[27] = state->identity_n;
    memcpy(out + STATE_HEAD, state->request, state->request_n);
    memcpy(out + STATE_HEAD + state->request_n, state->identity, state->identity_n);
    return (size_t)STATE_HEAD + state->request_n + state->identity_n;
}

bool ecs_eap_state_unpack(const uint8_t *bytes, size_t n, struct ecs_eap_state *ret_state)
{
    struct ecs_eap_state state = {0};

    if (n < STATE_HEAD || bytes[0] != STATE_VERSION)
        return false;
    state.identifier = bytes[1];
    state.challenges = bytes[2];
    state.extras = bytes[3];
    for (int i = 0; i < 6; i++)
        state.sqn = state.sqn << 8 | bytes[4 + i];
    memcpy(state.rand, bytes + 10, 16);
    state.request_n = bytes[26];
    state.identity_n = bytes[27];
    if (state.challenges < 1 || state.challenges > ECS_EAP_CHALLENGES_MAX || state.extras > 7 ||
        state.request_n > sizeof(state.request) || state.request_n < 68 || state.identity_n < 1 ||
        state.identity_n > sizeof(state.identity) ||
        n != (size_t)STATE_HEAD + state.request_n + state.identity_n)
        return false;
    memcpy(state.request, bytes + STATE_HEAD, state.request_n);
    memcpy(state.identity, bytes + STATE_HEAD + state.request_n, state.identity_n);
    /* the packet must be the challenge that the other fields speak of */
    if (state.request[1] != state.identifier || memcmp(state.request + 12, state.rand, 16) != 0)
        return false;
    *ret_state = state;
    return true;
}
