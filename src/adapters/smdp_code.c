/* SPDX-License-Identifier: Apache-2.0 */
/* Activation codes (SGP.22 4.1) and the words that they and ES2+ are made of. */
#include <string.h>

#include "adapters/smdp_int.h"
#include "ecs/ids.h"

enum { LABEL_MAX = 63 };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_label(struct ecs_str label)
{
    for (size_t i = 0; i < label.n; i++)
        if (!is_letter(label.p[i]) && !is_digit(label.p[i]) && label.p[i] != '-')
            return false;
    return label.n >= 1 && label.n <= LABEL_MAX && label.p[0] != '-' && label.p[label.n - 1] != '-';
}

bool smdp_is_fqdn(struct ecs_str text)
{
    struct ecs_str rest = text, label = ECS_STR_NULL;
    unsigned labels = 0;

    if (text.n > SMDP_FQDN_MAX || (text.n && text.p[text.n - 1] == '.'))
        return false;
    while (ecs_str_cut(&rest, '.', &label)) {
        if (!is_label(label))
            return false;
        labels++;
    }
    return labels >= 2 && !ecs_str_is_digits(label);
}

bool smdp_is_code(struct ecs_str text)
{
    bool digit = false;

    for (size_t i = 0; i < text.n; i++) {
        if (!is_digit(text.p[i]) && !(text.p[i] == '.' && digit))
            return false;
        digit = text.p[i] != '.';
    }
    return digit && text.n <= 32;
}

static bool is_part(struct ecs_str text, size_t max)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~' || text.p[i] == '$')
            return false;
    return text.n <= max;
}

bool smdp_is_matching_id(struct ecs_str text)
{
    return is_part(text, SMDP_MATCHING_ID_MAX);
}

struct ecs_str smdp_first_address(struct ecs_str addresses)
{
    struct ecs_str rest = addresses, first = ECS_STR_NULL;

    return ecs_str_cut(&rest, ',', &first) ? ecs_str_trim(first) : ECS_STR_NULL;
}

struct ecs_str smdp_owner(struct ecs_str call_id)
{
    for (size_t n = call_id.n; n > 0; n--)
        if (call_id.p[n - 1] == '-')
            return (struct ecs_str){call_id.p, n};
    return call_id;
}

struct ecs_str smdp_iccid(struct ecs_str text)
{
    struct ecs_iccid iccid;

    if (text.n > SMDP_ICCID_MAX || !ecs_iccid_parse(text, &iccid))
        return ECS_STR_NULL;
    return (struct ecs_str){text.p, strlen(iccid.s)};
}

/* ---- codes ---- */

static bool add(char *text, size_t *n, struct ecs_str part)
{
    if (part.n > ECS_ACTIVATION_CODE_MAX - *n)
        return false;
    if (part.n)
        memcpy(text + *n, part.p, part.n);
    *n += part.n;
    text[*n] = '\0';
    return true;
}

bool ecs_activation_code(struct ecs_str address, struct ecs_str matching_id, struct ecs_str oid,
                         bool confirmation, char text[ECS_ACTIVATION_CODE_MAX + 1])
{
    struct ecs_str host = smdp_first_address(address), delimiter = ECS_STR("$");
    size_t n = 0;

    if (!host.n || !is_part(host, SMDP_FQDN_MAX) || !smdp_is_matching_id(matching_id) ||
        (oid.n && !smdp_is_code(oid)))
        return false;
    if (!add(text, &n, ECS_STR("1$")) || !add(text, &n, host) || !add(text, &n, delimiter) ||
        !add(text, &n, matching_id))
        return false;
    if ((oid.n || confirmation) && (!add(text, &n, delimiter) || !add(text, &n, oid)))
        return false;
    return !confirmation || add(text, &n, ECS_STR("$1"));
}

/* As ecs_str_cut, but an empty last field is one, too. *left becomes false behind the last. */
static struct ecs_str next_field(struct ecs_str *rest, bool *left)
{
    struct ecs_str field = *rest;
    const char *at = rest->n ? memchr(rest->p, '$', rest->n) : NULL;

    if (!*left)
        return (struct ecs_str){"", 0};
    *left = at != NULL;
    if (at) {
        field.n = (size_t)(at - rest->p);
        rest->n -= field.n + 1;
        rest->p = at + 1;
    }
    return field;
}

bool ecs_activation_code_read(struct ecs_str text, struct ecs_str *ret_address,
                              struct ecs_str *ret_matching_id, bool *ret_confirmation)
{
    struct ecs_str rest = ecs_str_trim(text), format, address, matching_id, oid, flag;
    bool left = true, whole;

    if (ecs_str_starts_with_nocase(rest, ECS_STR("LPA:"))) {
        rest.p += 4;
        rest.n -= 4;
    }
    if (rest.n > ECS_ACTIVATION_CODE_MAX)
        return false;
    format = next_field(&rest, &left);
    address = next_field(&rest, &left);
    whole = left; /* the delimiter behind the address is never left out */
    matching_id = next_field(&rest, &left);
    oid = next_field(&rest, &left);
    flag = next_field(&rest, &left);
    if (!whole || !ecs_str_eq(format, ECS_STR("1")) || !smdp_is_fqdn(address) ||
        !smdp_is_matching_id(matching_id) || (oid.n && !smdp_is_code(oid)) ||
        (flag.n && !ecs_str_eq(flag, ECS_STR("1")) && !ecs_str_eq(flag, ECS_STR("0"))))
        return false;
    *ret_address = address;
    *ret_matching_id = matching_id;
    *ret_confirmation = ecs_str_eq(flag, ECS_STR("1"));
    return true;
}
