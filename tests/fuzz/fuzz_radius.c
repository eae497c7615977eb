/* SPDX-License-Identifier: Apache-2.0 */
/* modules: codec base */
/* What a RADIUS server sends: cut into packets, decoded, proven, judged. Requests that were decoded are
 * written again and must hold the same attributes. */
#include <stdlib.h>

#include "ecs/radius_relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ecs_radius_secret *secret;

static void check_inside(struct ecs_str part, struct ecs_str whole)
{
    if (part.n && (part.p < whole.p || part.p + part.n > whole.p + whole.n))
        abort();
}

static void walk(const struct ecs_radius_packet *packet)
{
    struct ecs_radius_walk at = {.rest = packet->attrs};
    struct ecs_radius_attr attr;
    size_t n = 0;

    while (ecs_radius_next(&at, &attr)) {
        check_inside(attr.value, packet->attrs);
        n += attr.value.n + 2;
    }
    if (n > packet->attrs.n || at.rest.n)
        abort();
}

static void judge(const struct ecs_radius_packet *packet)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_radius_judgement j;
    uint8_t authenticator[ECS_RADIUS_AUTH_LEN] = {1};

    /* Nobody without the secret can make this. */
    if (ecs_radius_prove(packet, secret, authenticator, true) == ECS_RADIUS_PROVEN)
        abort();
    ecs_radius_judge(packet->code, packet->attrs, false, arena, &j);
    if (j.verdict == ECS_RADIUS_MORE && j.eap.n < 4)
        abort();
    if (j.verdict == ECS_RADIUS_ACCEPTED && packet->code != ECS_RADIUS_ACCESS_ACCEPT)
        abort();
    check_inside(j.state, packet->attrs);
    check_inside(j.user_name, packet->attrs);
    ecs_arena_free(arena);
}

static void write_again(const struct ecs_radius_packet *packet)
{
    struct ecs_radius_packet again;
    struct ecs_buf buf = {0};
    uint8_t sent[ECS_RADIUS_AUTH_LEN];
    size_t added = packet->code == ECS_RADIUS_ACCOUNTING_REQUEST ? 0 : 18;

    if (ecs_radius_encode_request(packet, secret, &buf, sent)) {
        if (ecs_radius_decode(ecs_buf_str(&buf), &again) || again.attrs.n != packet->attrs.n + added ||
            memcmp(again.attrs.p + added, packet->attrs.p, packet->attrs.n) != 0)
            abort();
    }
    ecs_buf_done(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_str rest = {(const char *)data, size};
    struct ecs_radius_packet packet;
    ptrdiff_t n;

    if (!secret)
        secret = ecs_radius_secret_new(ECS_STR("a secret of nobody"));
    while ((n = ecs_radius_measure(rest)) > 0) {
        if (!ecs_radius_decode((struct ecs_str){rest.p, (size_t)n}, &packet)) {
            walk(&packet);
            judge(&packet);
            if (packet.attrs.n)
                write_again(&packet);
        }
        rest.p += n;
        rest.n -= (size_t)n;
    }
    return 0;
}
