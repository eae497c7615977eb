/* SPDX-License-Identifier: Apache-2.0 */
/* Values out of answers and events of a BSS. Everything is foreign: a value that does not hold the form of
 * its kind is absent or makes the answer unusable, and no text of it reaches a log but codes. Pure. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "adapters/bss_int.h"
#include "ecs/clock.h"
#include "ecs/ids.h"

enum { CODE_MAX = 64, WORDS_MAX = 200, URL_MAX = 1024, DATA_MAX = 2048, ADDRESS_MAX = 253, EID_DIGITS = 32 };

/* ---- JSON ---- */

static struct ecs_str copy(struct ecs_arena *arena, const char *p, size_t n)
{
    char *text = ecs_strdup(arena, (struct ecs_str){p, n});

    return text ? (struct ecs_str){text, n} : ECS_STR_NULL;
}

struct ecs_str bss_text(struct ecs_arena *arena, const json_t *value)
{
    char number[32];
    int n;

    if (json_is_object(value))
        value = json_object_get(value, "value");
    if (json_is_string(value)) {
        size_t len = json_string_length(value);
        const char *text = json_string_value(value);

        return len && len <= BSS_TEXT_MAX * 2 && !memchr(text, 0, len) ? copy(arena, text, len)
                                                                       : ECS_STR_NULL;
    }
    if (json_is_boolean(value))
        return json_is_true(value) ? ECS_STR("true") : ECS_STR("false");
    if (!json_is_integer(value))
        return ECS_STR_NULL;
    n = snprintf(number, sizeof(number), "%" PRId64, (int64_t)json_integer_value(value));
    return copy(arena, number, (size_t)n);
}

struct ecs_str bss_member(struct ecs_arena *arena, const json_t *object, const char *name)
{
    return bss_text(arena, json_object_get(object, name));
}

static bool cut_name(struct ecs_str *path, char name[65])
{
    struct ecs_str part;

    if (!ecs_str_cut(path, '.', &part) || part.n == 0 || part.n > 64)
        return false;
    memcpy(name, part.p, part.n);
    name[part.n] = '\0';
    return true;
}

const json_t *bss_at(const json_t *json, struct ecs_str path)
{
    char name[65];

    while (json && path.n)
        json = cut_name(&path, name) ? json_object_get(json, name) : NULL;
    return json_is_null(json) ? NULL : json;
}

bool bss_put(json_t *json, struct ecs_str path, json_t *value)
{
    char name[65];

    while (json && cut_name(&path, name)) {
        json_t *below;

        if (!path.n)
            return json_object_set_new(json, name, value) == 0;
        below = json_object_get(json, name);
        if (!below && json_object_set_new(json, name, json_object()) == 0)
            below = json_object_get(json, name);
        json = below;
    }
    json_decref(value);
    return false;
}

/* The last one of that name: results stand behind what was asked for. */
const json_t *bss_characteristic(const json_t *array, struct ecs_str name)
{
    const json_t *found = NULL;

    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i), *value = json_object_get(item, "value");
        const char *text = json_string_value(json_object_get(item, "name"));

        if (!text || !ecs_str_eq(ecs_str_of(text), name))
            continue;
        if (json_is_object(value) && json_object_get(value, "value"))
            value = json_object_get(value, "value");
        if (value && !json_is_null(value))
            found = value;
    }
    return found;
}

/* ---- words ---- */

struct ecs_str bss_words(struct ecs_arena *arena, const json_t *value)
{
    struct ecs_buf out = {.limit = WORDS_MAX};
    struct ecs_str words = ECS_STR_NULL;

    if (json_is_object(value))
        value = json_object_get(value, "value");
    if (!json_is_array(value))
        return bss_text(arena, value);
    for (size_t i = 0; i < json_array_size(value); i++) {
        struct ecs_str word = bss_text(arena, json_array_get(value, i));

        if (!word.n)
            continue;
        if (out.n)
            ecs_buf_add_char(&out, ',');
        ecs_buf_add_str(&out, word);
    }
    if (!out.overflow)
        words = copy(arena, out.p ? out.p : "", out.n);
    ecs_buf_done(&out);
    return words;
}

struct ecs_str bss_code(struct ecs_arena *arena, struct ecs_str text)
{
    size_t digits = 0;

    if (!text.n || text.n > CODE_MAX)
        return ECS_STR_NULL;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z', digit = c >= '0' && c <= '9';

        digits += digit;
        if (!letter && !digit && !strchr("._:/-", c))
            return ECS_STR_NULL;
    }
    return digits < 9 ? copy(arena, text.p, text.n) : ECS_STR_NULL; /* perhaps somebody's number */
}

bool bss_code_status(const struct ecs_bss_conf *conf, struct ecs_str word, enum ecs_bss_status *ret_status)
{
    if (!word.n)
        return false;
    for (size_t i = 0; i < conf->codes.n; i++) {
        struct ecs_str value = conf->codes.items[i], name;

        if (!ecs_str_cut(&value, '=', &name) || !ecs_str_eq_nocase(name, word))
            continue;
        word = value;
        break;
    }
    if (ecs_str_eq_nocase(word, ECS_STR("ok")))
        word = ecs_str_of(ecs_bss_status_names[ECS_BSS_DONE]);
    for (int i = 0; i < ECS_BSS_STATUS_COUNT; i++)
        if (ecs_str_eq_nocase(word, ecs_str_of(ecs_bss_status_names[i]))) {
            *ret_status = (enum ecs_bss_status)i;
            return true;
        }
    return false;
}

static bool is_one_of(struct ecs_str s, const char *const *words)
{
    for (; *words; words++)
        if (ecs_str_eq_nocase(s, ecs_str_of(*words)))
            return true;
    return false;
}

int bss_tristate(const json_t *value)
{
    static const char *const no[] = {"0", "false", "no", "disabled", "not-eligible", NULL};
    static const char *const yes[] = {"1", "true", "yes", "enabled", "eligible", NULL};
    static const char *const never[] = {"2", "incompatible", NULL};
    struct ecs_str s;

    if (json_is_object(value))
        value = json_object_get(value, "value");
    if (json_is_boolean(value))
        return json_is_true(value);
    if (json_is_integer(value))
        return json_integer_value(value) >= 0 && json_integer_value(value) <= 2
                   ? (int)json_integer_value(value)
                   : -1;
    s = ecs_str_of(json_string_value(value));
    if (is_one_of(s, no))
        return 0;
    if (is_one_of(s, yes))
        return 1;
    return is_one_of(s, never) ? 2 : -1;
}

int bss_service_status(struct ecs_str s)
{
    static const char *const words[] = {"activated", "activating", "deactivated", "deactivated-no-reuse"};

    if (s.n == 1 && s.p[0] >= '1' && s.p[0] <= '4')
        return s.p[0] - '0';
    for (size_t i = 0; i < ECS_ARRAY_LEN(words); i++)
        if (ecs_str_eq_nocase(s, ecs_str_of(words[i])))
            return (int)i + 1;
    return 0;
}

/* With or without fractions of a second, which the clock does not know. */
int64_t bss_time(struct ecs_str text)
{
    char plain[40];
    size_t n = 0;
    int64_t at;

    if (text.n >= sizeof(plain))
        return 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '.' && i == 19)
            while (i + 1 < text.n && text.p[i + 1] >= '0' && text.p[i + 1] <= '9')
                i++;
        else
            plain[n++] = text.p[i];
    }
    return ecs_time_parse((struct ecs_str){plain, n}, &at) && at > 0 ? at : 0;
}

/* ---- forms ---- */

static bool is_printable(struct ecs_str s, size_t max, const char *without)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr(without, s.p[i]))
            return false;
    return s.n > 0 && s.n <= max;
}

static bool check_iccid(struct ecs_arena *arena, struct ecs_str *s)
{
    struct ecs_iccid iccid;

    if (!s->p)
        return true;
    if (!ecs_iccid_parse(*s, &iccid) || strlen(iccid.s) > 20)
        return false;
    *s = copy(arena, iccid.s, strlen(iccid.s));
    return s->p != NULL;
}

static bool check_msisdn(struct ecs_arena *arena, struct ecs_str *s)
{
    struct ecs_msisdn msisdn;

    if (!s->p)
        return true;
    if (!ecs_msisdn_parse(*s, &msisdn) || !msisdn.s[0])
        return false;
    *s = copy(arena, msisdn.s, strlen(msisdn.s));
    return s->p != NULL;
}

static bool is_imsi(struct ecs_str s)
{
    struct ecs_imsi imsi;

    return !s.p || ecs_imsi_parse(s, &imsi);
}

static bool is_eid(struct ecs_str s)
{
    return !s.p || (s.n == EID_DIGITS && ecs_str_is_digits(s));
}

static bool is_activation_code(struct ecs_str s)
{
    struct ecs_str lpa = ECS_STR("LPA:");

    if (!s.p)
        return true;
    if (ecs_str_starts_with_nocase(s, lpa))
        s = (struct ecs_str){s.p + lpa.n, s.n - lpa.n};
    return ecs_str_starts_with(s, ECS_STR("1$")) && is_printable(s, 255, "\"'<>\\");
}

static bool is_address(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i], low = (char)(c | 0x20);

        if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && !strchr(".-:", c))
            return false;
    }
    return !s.p || (s.n >= 1 && s.n <= ADDRESS_MAX);
}

static bool is_url(struct ecs_str s)
{
    return !s.p || (ecs_str_starts_with(s, ECS_STR("https://")) && is_printable(s, URL_MAX, "\"'<>\\{}"));
}

bool bss_profile_check(struct ecs_arena *arena, struct ecs_bss_profile *p)
{
    return check_iccid(arena, &p->iccid) && check_msisdn(arena, &p->msisdn) && is_imsi(p->line_imsi) &&
           is_eid(p->eid) && is_activation_code(p->code) && is_address(p->address) &&
           (!p->terminal_id.p || is_printable(p->terminal_id, 63, "\"'")) &&
           (!p->service.p || is_printable(p->service, 63, "\"'<>"));
}

bool bss_result_check(struct ecs_arena *arena, struct ecs_bss_result *r, const char **ret_why)
{
    if (!check_iccid(arena, &r->iccid))
        *ret_why = "the BSS tells an ICCID that is none";
    else if (!check_msisdn(arena, &r->msisdn))
        *ret_why = "the BSS tells an MSISDN that is none";
    else if (!is_imsi(r->line_imsi))
        *ret_why = "the BSS tells an IMSI that is none";
    else if (!is_activation_code(r->code))
        *ret_why = "the BSS tells an activation code that is none";
    else if (!is_address(r->address))
        *ret_why = "the BSS tells an SM-DP+ address that is no name of a host";
    else if (!is_url(r->url))
        *ret_why = "the BSS tells a portal URL that is not https";
    else if (r->data.p && r->data.n > DATA_MAX)
        *ret_why = "the BSS tells portal data that are too long";
    else if (r->reference.p && !is_printable(r->reference, 255, "\"<>"))
        *ret_why = "the BSS tells an order id with blanks or quotes";
    else
        return true;
    return false;
}
