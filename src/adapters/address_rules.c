/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields an address has in a country, how they are spelled, and what can be seen to be wrong without
 * asking anybody. */
#include "ecs/address.h"

#include <string.h>

struct country {
    const char *code, *order, *required, *postcodes, *hint, *regions;
    bool numeric;
};

static const struct country countries[] = {
#define COUNTRY(code, order, required, postcodes, hint, regions, numeric)                                    \
    {code, order, required, postcodes, hint, regions, numeric},
#include "address_countries.def"
#undef COUNTRY
};
enum { COUNTRIES = sizeof(countries) / sizeof(countries[0]) };

/* The general form's code is "": the list ends there. */
const char *const ecs_address_countries[] = {"US", "CA", "GB", "DE", "FR", "CH",
                                             "AT", "AU", "IN", "BR", NULL};

/* Of the fields, in the rows of address_countries.def. */
static const char letters[ECS_ADDRESS_FIELDS + 1] = "nshucrpo";

static const struct ecs_address_rule base[ECS_ADDRESS_FIELDS] = {
    [ECS_ADDRESS_NAME] = {"name", false, false, "name", "text", 80, NULL},
    [ECS_ADDRESS_STREET] = {"street", false, false, "address-line1", "text", 80, NULL},
    [ECS_ADDRESS_NUMBER] = {"number", false, false, "off", "text", 12, NULL},
    [ECS_ADDRESS_UNIT] = {"unit", false, false, "address-line2", "text", 40, NULL},
    [ECS_ADDRESS_CITY] = {"city", false, false, "address-level2", "text", 60, NULL},
    [ECS_ADDRESS_REGION] = {"region", false, false, "address-level1", "text", 40, NULL},
    [ECS_ADDRESS_POSTCODE] = {"postcode", false, false, "postal-code", "text", 12, NULL},
    [ECS_ADDRESS_COUNTRY] = {"country", false, false, "country", "text", 2, NULL},
};

static size_t index_of(struct ecs_str country)
{
    for (size_t i = 0; i + 1 < COUNTRIES; i++)
        if (ecs_str_eq_nocase(country, ecs_str_of(countries[i].code)))
            return i;
    return COUNTRIES - 1;
}

static bool has_letter(const char *list, size_t field)
{
    return strchr(list, letters[field]) != NULL;
}

void ecs_address_rules(struct ecs_str country, struct ecs_address_rule ret_rules[ECS_ADDRESS_FIELDS],
                       enum ecs_address_field ret_order[ECS_ADDRESS_FIELDS], size_t *ret_n)
{
    const struct country *c = &countries[index_of(country)];

    for (size_t i = 0; i < ECS_ADDRESS_FIELDS; i++) {
        ret_rules[i] = base[i];
        ret_rules[i].shown = has_letter(c->order, i);
        ret_rules[i].required = has_letter(c->required, i);
    }
    ret_rules[ECS_ADDRESS_POSTCODE].hint = c->hint[0] ? c->hint : NULL;
    ret_rules[ECS_ADDRESS_POSTCODE].inputmode = c->numeric ? "numeric" : "text";
    for (*ret_n = 0; c->order[*ret_n]; (*ret_n)++)
        ret_order[*ret_n] = (enum ecs_address_field)(strchr(letters, c->order[*ret_n]) - letters);
}

/* ---- spelling ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Blanks at the ends go, those between words become one. */
static bool join_blanks(struct ecs_arena *arena, struct ecs_str *text)
{
    struct ecs_str s = ecs_str_trim(*text);
    char *copy = ecs_strdup(arena, s);
    size_t n = 0;

    if (!copy)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_blank(s.p[i]))
            copy[n++] = s.p[i];
        else if (!is_blank(s.p[i - 1]))
            copy[n++] = ' ';
    *text = (struct ecs_str){copy, n};
    return true;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static bool is_letter(char c)
{
    c = upper(c);
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool matches(struct ecs_str form, struct ecs_str text)
{
    if (form.n != text.n)
        return false;
    for (size_t i = 0; i < form.n; i++) {
        bool fits = form.p[i] == '9'   ? is_digit(text.p[i])
                    : form.p[i] == 'A' ? is_letter(text.p[i])
                                       : form.p[i] == text.p[i];

        if (!fits)
            return false;
    }
    return true;
}

static bool is_postcode(const struct country *c, struct ecs_str text)
{
    struct ecs_str forms = ecs_str_of(c->postcodes), form;

    if (!forms.n)
        return true;
    while (ecs_str_cut(&forms, '|', &form))
        if (matches(form, text))
            return true;
    return false;
}

/* The letters and digits of text in the blanks and hyphens of the first form that they fill. */
static struct ecs_str respell(struct ecs_arena *arena, const struct country *c, struct ecs_str text)
{
    struct ecs_str forms = ecs_str_of(c->postcodes), form;
    char bare[32], *out;
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        if (is_letter(text.p[i]) || is_digit(text.p[i])) {
            if (n == sizeof(bare))
                return text;
            bare[n++] = upper(text.p[i]);
        } else if (text.p[i] != ' ' && text.p[i] != '-') {
            return text;
        }
    while (ecs_str_cut(&forms, '|', &form)) {
        size_t at = 0;

        out = ecs_strdup(arena, form);
        if (!out)
            return ECS_STR_NULL;
        for (size_t i = 0; i < form.n; i++)
            if (form.p[i] == '9' || form.p[i] == 'A')
                out[i] = at < n ? bare[at++] : '?';
        if (at == n && matches(form, (struct ecs_str){out, form.n}))
            return (struct ecs_str){out, form.n};
    }
    return text;
}

bool ecs_address_tidy(struct ecs_arena *arena, struct ecs_address *address)
{
    const struct country *c = &countries[index_of(ecs_str_trim(address->field[ECS_ADDRESS_COUNTRY]))];
    struct ecs_str *postcode = &address->field[ECS_ADDRESS_POSTCODE];
    struct ecs_str *codes[] = {&address->field[ECS_ADDRESS_COUNTRY], &address->field[ECS_ADDRESS_REGION]};

    for (size_t i = 0; i < ECS_ADDRESS_FIELDS; i++)
        if (address->field[i].n && !join_blanks(arena, &address->field[i]))
            return false;
    if (postcode->n)
        *postcode = respell(arena, c, *postcode);
    for (size_t i = 0; i < 1u + (c->regions[0] != '\0'); i++) {
        char *copy = codes[i]->n ? ecs_strdup(arena, *codes[i]) : NULL;

        for (size_t k = 0; copy && k < codes[i]->n; k++)
            copy[k] = upper(copy[k]);
        if (codes[i]->n && !copy)
            return false;
        codes[i]->p = copy ? copy : codes[i]->p;
    }
    return !postcode->n || postcode->p;
}

/* ---- judgement ---- */

static bool is_region(const struct country *c, struct ecs_str text)
{
    struct ecs_str codes = ecs_str_of(c->regions), code;

    if (!codes.n)
        return true;
    while (ecs_str_cut(&codes, ' ', &code))
        if (ecs_str_eq(code, text))
            return true;
    return false;
}

static bool is_text(struct ecs_str s, unsigned max)
{
    unsigned characters = 0;

    if (!ecs_str_is_utf8(s))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c < ' ' || c == 127 || (c == 0xc2 && (unsigned char)s.p[i + 1] < 0xa0))
            return false;
        characters += (c & 0xc0) != 0x80;
    }
    return characters <= max;
}

/* Nobody can be found at a post-office box. Compared without blanks, dots and hyphens. */
static bool is_box(struct ecs_str street)
{
    static const char *const boxes[] = {"pobox",       "postofficebox", "postfach", "boitepostale",
                                        "caixapostal", "casepostale",   "gpobox",   NULL};
    char bare[24];
    size_t n = 0;

    for (size_t i = 0; i < street.n && n < sizeof(bare); i++)
        if (is_letter(street.p[i]))
            bare[n++] = (char)(street.p[i] | 0x20);
        else if (!strchr(" .-", street.p[i]))
            break;
    for (size_t i = 0; boxes[i]; i++)
        if (n == strlen(boxes[i]) && memcmp(bare, boxes[i], n) == 0)
            return true;
    return false;
}

/* A country is two letters; a house number has a digit, a letter or is "s/n" in its country. */
static bool is_plausible(const struct country *c, size_t field, struct ecs_str s)
{
    switch (field) {
    case ECS_ADDRESS_POSTCODE:
        return is_postcode(c, s);
    case ECS_ADDRESS_REGION:
        return is_region(c, s);
    case ECS_ADDRESS_COUNTRY:
        return s.n == 2 && is_letter(s.p[0]) && is_letter(s.p[1]);
    case ECS_ADDRESS_STREET:
        return !is_box(s);
    case ECS_ADDRESS_CITY:
    case ECS_ADDRESS_NAME:
        return !ecs_str_is_digits(s);
    default:
        return true;
    }
}

void ecs_address_judge(const struct ecs_address *address, unsigned *ret_missing, unsigned *ret_wrong)
{
    const struct country *c = &countries[index_of(address->field[ECS_ADDRESS_COUNTRY])];

    *ret_missing = *ret_wrong = 0;
    for (size_t i = 0; i < ECS_ADDRESS_FIELDS; i++) {
        struct ecs_str s = address->field[i];

        if (!s.n)
            *ret_missing |= has_letter(c->required, i) ? 1u << i : 0;
        else if (!is_text(s, base[i].max) || !has_letter(c->order, i) || !is_plausible(c, i, s))
            *ret_wrong |= 1u << i;
    }
}
