/* SPDX-License-Identifier: Apache-2.0 */
/* Forms of values that the policy adapter sends: bit rates, addresses, flow filters, media types. */
#include <arpa/inet.h>
#include <string.h>

#include "adapters/qos_int.h"

const char *const qos_media[] = {"audio", "video",   "data",  "application", "control",
                                 "text",  "message", "other", NULL};
const char *const qos_media_names[] = {"AUDIO",   "VIDEO", "DATA",    "APPLICATION",
                                       "CONTROL", "TEXT",  "MESSAGE", "OTHER"};
const uint32_t qos_media_codes[] = {0, 1, 2, 3, 4, 5, 6, 0xffffffff};

/* TS 29.571: digits, perhaps a fraction, a blank, a unit. */
bool qos_rate(const char *text, uint64_t *ret_bps)
{
    static const struct {
        const char *unit;
        uint64_t factor;
    } units[] = {
        {" bps", 1}, {" Kbps", 1000}, {" Mbps", 1000000}, {" Gbps", 1000000000}, {" Tbps", 1000000000000}};
    const uint64_t most = UINT64_C(1) << 53;
    uint64_t whole = 0, part = 0, scale = 1;
    size_t n = strspn(text, "0123456789"), m = 0;

    if (n == 0 || n > 12)
        return false;
    for (size_t i = 0; i < n; i++)
        whole = whole * 10 + (uint64_t)(text[i] - '0');
    text += n;
    if (*text == '.') {
        m = strspn(++text, "0123456789");
        if (m == 0 || m > 6)
            return false;
        for (size_t i = 0; i < m; i++, scale *= 10)
            part = part * 10 + (uint64_t)(text[i] - '0');
        text += m;
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(units); i++)
        if (strcmp(text, units[i].unit) == 0) {
            if (whole > most / units[i].factor)
                return false;
            *ret_bps = whole * units[i].factor + part * units[i].factor / scale;
            return *ret_bps > 0 && *ret_bps <= most;
        }
    return false;
}

static bool is_address(int family, const char *text, bool prefix, unsigned most)
{
    unsigned char bytes[16];
    char address[64];
    size_t n = strcspn(text, "/");
    uint32_t length;

    if (n >= sizeof(address))
        return false;
    memcpy(address, text, n);
    address[n] = '\0';
    if (inet_pton(family, address, bytes) != 1)
        return false;
    if (!text[n])
        return true;
    return prefix && ecs_str_to_u32(ecs_str_of(text + n + 1), &length) && length <= most;
}

bool qos_is_ipv4(const char *text, bool prefix)
{
    return is_address(AF_INET, text, prefix, 32);
}

bool qos_is_ipv6(const char *text, bool prefix)
{
    return is_address(AF_INET6, text, prefix, 128);
}

struct ecs_str qos_ue(const struct ecs_qos_subject *subject)
{
    return subject->ue_ipv4.n ? subject->ue_ipv4 : subject->ue_ipv6.n ? subject->ue_ipv6 : ECS_STR_NULL;
}

const char *qos_flow(struct ecs_arena *arena, struct ecs_str filter, struct ecs_str ue)
{
    ptrdiff_t at = ecs_str_find(filter, ECS_STR("{ue}"));

    if (at < 0)
        return ecs_strdup(arena, filter);
    if (!ue.n)
        return NULL;
    return ecs_printf(arena, "%.*s%.*s%.*s", (int)at, filter.p, ECS_FMT(ue), (int)(filter.n - (size_t)at - 4),
                      filter.p + at + 4);
}
