/* SPDX-License-Identifier: Apache-2.0 */
/* Values of answer headers that say when: Retry-After and Cache-Control (RFC 9110 5.6.7, 10.2.3; RFC
 * 9111 5.2.2). Pure; what cannot be understood counts as absent. */
#include <stdio.h>
#include <string.h>

#include "ecs/clock.h"
#include "ecs/neighbour.h"

enum { LONGEST_S = 31536000, DATE_LEN = 29 };

/* Delta-seconds: too many digits mean "very long", not "absent" (RFC 9111 1.2.2). */
static int64_t parse_delta(struct ecs_str text)
{
    int64_t value = 0;

    if (!ecs_str_is_digits(text))
        return -1;
    for (size_t i = 0; i < text.n && value < LONGEST_S; i++)
        value = value * 10 + (text.p[i] - '0');
    return value < LONGEST_S ? value : LONGEST_S;
}

static int month_of(const char *three)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++)
        if (memcmp(names + 3 * i, three, 3) == 0)
            return i + 1;
    return 0;
}

/* IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT": put into the order that ecs_time_parse knows and checks. The
 * name of the day says nothing that the date does not say. */
static bool parse_date(struct ecs_str text, int64_t *ret_seconds)
{
    char iso[] = "YYYY-MM-DDThh:mm:ssZ";
    int month;

    if (text.n != DATE_LEN || memcmp(text.p + 3, ", ", 2) != 0 || text.p[7] != ' ' || text.p[11] != ' ' ||
        text.p[16] != ' ' || memcmp(text.p + 25, " GMT", 4) != 0)
        return false;
    month = month_of(text.p + 8);
    if (month == 0)
        return false;
    memcpy(iso, text.p + 12, 4);
    iso[5] = (char)('0' + month / 10);
    iso[6] = (char)('0' + month % 10);
    memcpy(iso + 8, text.p + 5, 2);
    memcpy(iso + 11, text.p + 17, 8);
    return ecs_time_parse(ecs_str_of(iso), ret_seconds);
}

int64_t ecs_http_retry_after_s(struct ecs_str value, int64_t now)
{
    int64_t at, delta;

    value = ecs_str_trim(value);
    delta = parse_delta(value);
    if (delta >= 0 || !parse_date(value, &at))
        return delta;
    if (at <= now)
        return 0;
    return at - now < LONGEST_S ? at - now : LONGEST_S;
}

int64_t ecs_http_max_age_s(struct ecs_str cache_control)
{
    struct ecs_str directive, max_age = ECS_STR("max-age=");
    int64_t age = -1;

    while (ecs_str_cut(&cache_control, ',', &directive)) {
        int64_t value;

        directive = ecs_str_trim(directive);
        if (ecs_str_eq_nocase(directive, ECS_STR("no-store")) ||
            ecs_str_eq_nocase(directive, ECS_STR("no-cache")))
            return 0;
        if (!ecs_str_starts_with_nocase(directive, max_age))
            continue;
        directive.p += max_age.n;
        directive.n -= max_age.n;
        if (directive.n >= 2 && directive.p[0] == '"' && directive.p[directive.n - 1] == '"') {
            directive.p++;
            directive.n -= 2;
        }
        value = parse_delta(directive);
        if (value >= 0 && (age < 0 || value < age))
            age = value;
    }
    return age;
}
