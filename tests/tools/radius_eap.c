/* SPDX-License-Identifier: Apache-2.0 */
/* The story of one exchange over RADIUS: an identity starts a session with a challenge, every further answer
 * is judged by the product's EAP server, whose state and vector are made again from bytes each time. */
#include "ecs/eap_id.h"
#include "radius_front.h"

#include <stdio.h>
#include <string.h>

#define ERROR_CAUSE_INVALID_EAP 202 /* RFC 3579 2.2: ignored, the same request again */

static void put_result(struct radius_writer *writer, const struct radius_request *request, uint8_t eap_code)
{
    uint8_t eap[4];
    size_t n = ecs_eap_make_result(eap_code, request->eap_n > 1 ? request->eap[1] : 0, eap, sizeof(eap));

    radius_write_start(writer, eap_code == ECS_EAP_SUCCESS ? RADIUS_ACCEPT : RADIUS_REJECT, request);
    radius_write_eap(writer, eap, n);
}

static bool refuse(struct radius_writer *writer, const struct radius_request *request,
                   struct front_session *session, const char *verdict)
{
    printf("session %u verdict %s\n", session ? session->number : 0, verdict);
    if (session)
        ecs_wipe(session, sizeof(*session));
    put_result(writer, request, ECS_EAP_FAILURE);
    return true;
}

static bool challenge(struct radius_writer *writer, const struct radius_request *request,
                      struct front_session *session, const struct ecs_eap_state *state)
{
    session->packed_n = ecs_eap_state_pack(state, session->packed);
    radius_write_start(writer, RADIUS_CHALLENGE, request);
    radius_write_eap(writer, state->request, state->request_n);
    radius_write_attr(writer, RADIUS_AT_STATE,
                      (struct ecs_str){(const char *)session->state, FRONT_STATE_LEN});
    return true;
}

/* The next vector: SEQ one higher, IND 0 (TS 33.102 C.1.1). */
static enum ecs_rc next_vector(struct front *front, struct front_subscriber *subscriber,
                               struct ecs_aka_vector *ret_vector)
{
    uint8_t rand[16];
    uint64_t sqn = ((subscriber->sqn >> ECS_AKA_IND_BITS) + 1) << ECS_AKA_IND_BITS;

    if (sqn > ECS_AKA_SQN_MAX || !ecs_random(front->crypto, rand, sizeof(rand)))
        return ECS_E_INTERNAL;
    subscriber->sqn = sqn;
    return ecs_aka_vector_make(front->crypto, &subscriber->key, rand, sqn, ret_vector);
}

static struct front_subscriber *find_subscriber(struct front *front, struct ecs_str identity)
{
    struct ecs_eap_id id;

    if (ecs_eap_id_parse(identity, &id) != ECS_EAP_ID_PERMANENT || id.method != ECS_EAP_METHOD_AKA)
        return NULL;
    for (size_t i = 0; i < front->n_subscribers; i++)
        if (strcmp(front->subscribers[i].imsi.s, id.imsi.s) == 0)
            return &front->subscribers[i];
    return NULL;
}

static struct front_session *find_session(struct front *front, struct ecs_str state)
{
    for (size_t i = 0; state.n == FRONT_STATE_LEN && i < FRONT_SESSIONS_MAX; i++)
        if (front->sessions[i].number && ecs_ct_equal(front->sessions[i].state, state.p, state.n))
            return &front->sessions[i];
    return NULL;
}

static bool start(struct front *front, const struct radius_request *request, struct radius_writer *writer)
{
    struct ecs_eap_packet packet;
    struct ecs_aka_vector vector;
    struct ecs_eap_state state;
    uint8_t identifier;

    if (ecs_eap_decode(request->eap, request->eap_n, &packet) != ECS_EAP_FAULT_NONE ||
        packet.code != ECS_EAP_RESPONSE || packet.type != ECS_EAP_TYPE_IDENTITY)
        return refuse(writer, request, NULL, "no_identity");
    struct front_subscriber *subscriber = find_subscriber(front, packet.data);
    if (!subscriber)
        return refuse(writer, request, NULL, "unknown_identity");

    struct front_session *session = &front->sessions[front->sessions_made % FRONT_SESSIONS_MAX];
    *session = (struct front_session){.number = ++front->sessions_made, .subscriber = subscriber};
    if (!ecs_random(front->crypto, session->state, FRONT_STATE_LEN) ||
        !ecs_random(front->crypto, &identifier, 1) || next_vector(front, subscriber, &vector) != ECS_OK ||
        ecs_eap_begin(front->crypto, packet.data, &vector, identifier, front->extras, &state) != ECS_OK)
        return refuse(writer, request, session, "internal");
    ecs_wipe(&vector, sizeof(vector));
    printf("session %u challenge 1\n", session->number);
    return challenge(writer, request, session, &state);
}

static bool resynchronise(struct front *front, const struct radius_request *request,
                          struct radius_writer *writer, struct front_session *session,
                          struct ecs_eap_state *state, const uint8_t auts[ECS_AKA_AUTS_LEN])
{
    struct front_subscriber *subscriber = session->subscriber;
    struct ecs_aka_vector vector;
    uint64_t sqn_ms;

    if (ecs_aka_resync(front->crypto, &subscriber->key, state->rand, auts, &sqn_ms) != ECS_OK)
        return refuse(writer, request, session, "forged_auts");
    subscriber->sqn = sqn_ms;
    if (next_vector(front, subscriber, &vector) != ECS_OK)
        return refuse(writer, request, session, "internal");
    enum ecs_rc rc = ecs_eap_challenge_again(front->crypto, state, &vector);
    ecs_wipe(&vector, sizeof(vector));
    if (rc != ECS_OK)
        return refuse(writer, request, session, "too_many_challenges");
    printf("session %u challenge %u\n", session->number, state->challenges);
    return challenge(writer, request, session, state);
}

static bool accept_peer(struct front *front, const struct radius_request *request,
                        struct radius_writer *writer, struct front_session *session, const uint8_t msk[64])
{
    uint16_t salt;

    printf("session %u verdict success\n", session->number);
    ecs_wipe(session, sizeof(*session));
    if (!ecs_random(front->crypto, &salt, sizeof(salt)))
        return false;
    put_result(writer, request, ECS_EAP_SUCCESS);
    salt &= 0x7FFF;
    /* seen from the server: what it sends with and receives with (RFC 3748 7.10, RFC 2548) */
    radius_write_mppe(writer, RADIUS_MPPE_RECV, salt, request, front->secret, msk);
    radius_write_mppe(writer, RADIUS_MPPE_SEND, salt ^ 1, request, front->secret, msk + 32);
    return true;
}

static bool judge(struct front *front, const struct radius_request *request, struct radius_writer *writer,
                  struct front_session *session)
{
    struct ecs_eap_state state;
    struct ecs_aka_vector vector;
    struct ecs_eap_result result;
    bool answered;

    if (!ecs_eap_state_unpack(session->packed, session->packed_n, &state) ||
        ecs_aka_vector_make(front->crypto, &session->subscriber->key, state.rand, state.sqn, &vector) !=
            ECS_OK)
        return refuse(writer, request, session, "internal");
    enum ecs_rc rc =
        ecs_eap_answer(front->crypto, &state, &vector, NULL, 0, request->eap, request->eap_n, &result);
    ecs_wipe(&vector, sizeof(vector));
    if (rc != ECS_OK)
        return refuse(writer, request, session, "internal");
    if (result.verdict == ECS_EAP_V_SUCCESS) {
        answered = accept_peer(front, request, writer, session, result.msk);
    } else if (result.verdict == ECS_EAP_V_RESYNC) {
        answered = resynchronise(front, request, writer, session, &state, result.auts);
    } else if (result.verdict == ECS_EAP_V_WRONG_IDENTIFIER) {
        printf("session %u verdict wrong_identifier\n", session->number);
        answered = challenge(writer, request, session, &state);
        radius_write_u32(writer, RADIUS_AT_ERROR_CAUSE, ERROR_CAUSE_INVALID_EAP);
    } else {
        fprintf(stderr, "session %u: %s\n", session->number, result.reason);
        answered = refuse(writer, request, session, ecs_eap_verdict_name(result.verdict));
    }
    ecs_wipe(&result, sizeof(result));
    return answered;
}

bool front_answer(struct front *front, const struct radius_request *request, struct radius_writer *writer)
{
    if (!request->state.p)
        return start(front, request, writer);
    struct front_session *session = find_session(front, request->state);
    if (!session)
        return refuse(writer, request, NULL, "unknown_state");
    return judge(front, request, writer, session);
}
