/* SPDX-License-Identifier: Apache-2.0 */
/* modules: codec base */
/* EAP packets: the decoder's promises, the server's answer, the stored state. The first byte of an input
 * chooses the entry. A random packet must never authenticate: the MAC would have to be right. */
#include "ecs/eap_server.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_attrs(const struct ecs_eap_attrs *attrs, struct ecs_str around)
{
    for (int a = 0; a < ECS_AT_COUNT; a++) {
        if (!ecs_eap_has(attrs, a))
            continue;
        require(attrs->value[a].p >= around.p);
        require(attrs->value[a].p + attrs->value[a].n <= around.p + around.n);
    }
    require(attrs->kdf_n <= ECS_EAP_KDF_MAX);
}

static void try_decode(const uint8_t *p, size_t n)
{
    struct ecs_eap_packet packet;
    struct ecs_eap_attrs inner;
    enum ecs_eap_fault fault = ecs_eap_decode(p, n, &packet);

    require((unsigned)fault < ECS_EAP_FAULT_COUNT && ecs_eap_fault_text(fault));
    if (fault != ECS_EAP_FAULT_NONE)
        return;
    check_attrs(&packet.attrs, packet.bytes);
    if (ecs_eap_has(&packet.attrs, ECS_AT_RES))
        require(packet.attrs.number[ECS_AT_RES] >= 32 &&
                packet.attrs.value[ECS_AT_RES].n * 8 >= packet.attrs.number[ECS_AT_RES]);
    if (ecs_eap_has(&packet.attrs, ECS_AT_ENCR_DATA)) {
        struct ecs_str plain = packet.attrs.value[ECS_AT_ENCR_DATA];
        if (ecs_eap_decode_encrypted((const uint8_t *)plain.p, plain.n, packet.type, &inner) ==
            ECS_EAP_FAULT_NONE)
            check_attrs(&inner, plain);
    }
}

static void try_answer(struct ecs_crypto *crypto, const uint8_t *p, size_t n, bool prime)
{
    static const struct ecs_aka_key key = {.alg = ECS_AKA_MILENAGE, .ki = {1}, .ki_n = 16, .opc = {2}};
    static const uint8_t rand[16] = {3};
    const struct ecs_str identity = ECS_STR("0001010123456789@nai.epc.mnc001.mcc001.3gppnetwork.org");
    const struct ecs_str other = ECS_STR("0001010123456789@wlan.mnc001.mcc001.3gppnetwork.org");
    struct ecs_aka_vector vector;
    struct ecs_eap_state state;
    struct ecs_eap_result result;

    require(ecs_aka_vector_make(crypto, &key, rand, 32, &vector) == ECS_OK);
    require(!prime || ecs_eap_bind_vector(crypto, ECS_STR("WLAN"), &vector) == ECS_OK);
    /* the outstanding request is the one that the answer speaks of */
    require(ecs_eap_begin(crypto, identity, &vector, n > 1 ? p[1] : 0, 0, &state) == ECS_OK);
    require(ecs_eap_answer(crypto, &state, &vector, &other, 1, p, n, &result) == ECS_OK);
    require(result.verdict != ECS_EAP_V_SUCCESS && result.reason);
}

static void try_state(const uint8_t *p, size_t n)
{
    struct ecs_eap_state state;
    uint8_t again[ECS_EAP_STATE_MAX];

    if (!ecs_eap_state_unpack(p, n, &state))
        return;
    require(ecs_eap_state_pack(&state, again) == n);
    require(memcmp(again, p, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ecs_crypto *crypto;

    if (!crypto)
        crypto = ecs_crypto_new();
    require(crypto != NULL);
    if (size == 0)
        return 0;
    if (data[0] == 's') {
        try_state(data + 1, size - 1);
    } else {
        try_decode(data + 1, size - 1);
        try_answer(crypto, data + 1, size - 1, false);
        try_answer(crypto, data + 1, size - 1, true);
    }
    return 0;
}
