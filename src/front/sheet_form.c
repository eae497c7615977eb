/* SPDX-License-Identifier: Apache-2.0 */
/* What a user types between two requests: kept in the session's row, sealed with a key that only the
 * browser's cookie gives, so that who reads the table learns no address. */
#include "sheet.h"

#include <string.h>

enum { VERSION = 1, FIELD_BYTES = 4 * ECS_ADDRESS_FIELD_MAX, HEAD = 8 };

static const char label[] = "sheet form";

/* ---- fields of a request ---- */

static struct ecs_str cut(struct ecs_str s)
{
    s = ecs_str_trim(s);
    if (s.n > FIELD_BYTES)
        for (s.n = FIELD_BYTES; s.n && ((unsigned char)s.p[s.n] & 0xc0) == 0x80; s.n--)
            ;
    return s;
}

bool sheet_country_allowed(const struct ecs_websheet_conf *conf, struct ecs_str country)
{
    for (size_t i = 0; i < conf->countries.n; i++)
        if (ecs_str_eq(conf->countries.items[i], country))
            return true;
    return false;
}

bool sheet_form_read(struct sheet *s, struct ecs_str country)
{
    struct ecs_address_rule rules[ECS_ADDRESS_FIELDS];
    enum ecs_address_field order[ECS_ADDRESS_FIELDS];
    struct sheet_form *form = &s->form;
    size_t n;

    ecs_address_rules(country, rules, order, &n);
    *form = (struct sheet_form){.given = true};
    for (size_t i = 0; i < ECS_ADDRESS_FIELDS; i++)
        if (i != ECS_ADDRESS_COUNTRY && rules[i].shown)
            form->address.field[i] = cut(web_field(s->call, rules[i].name));
    form->address.field[ECS_ADDRESS_COUNTRY] = country;
    return ecs_address_tidy(s->call->flow.arena, &form->address);
}

/* ---- sealed ---- */

static struct ecs_aead_key *key_of(struct sheet *s, const char *purpose)
{
    struct ecs_crypto *crypto = s->call->front->crypto;
    uint8_t key[32];
    struct ecs_aead_key *made = NULL;

    if (ecs_derive_key(crypto, s->secret, ecs_str_of(purpose), key))
        made = ecs_aead_key_new(crypto, key);
    ecs_wipe(key, sizeof(key));
    return made;
}

/* What the row hangs on: no other session's text. */
static struct ecs_str bound_to(const struct sheet *s)
{
    return (struct ecs_str){(const char *)s->handle, sizeof(s->handle)};
}

struct ecs_str sheet_seal(struct sheet *s, const char *purpose, struct ecs_str plain)
{
    size_t n = ECS_AEAD_IV_LEN + plain.n + ECS_AEAD_TAG_LEN;
    struct ecs_aead_key *key = key_of(s, purpose);
    uint8_t *out = key ? ecs_alloc(s->call->flow.arena, n) : NULL;

    if (out &&
        (!ecs_random(s->call->front->crypto, out, ECS_AEAD_IV_LEN) ||
         !ecs_aead_seal(key, out, bound_to(s), (const uint8_t *)plain.p, plain.n, out + ECS_AEAD_IV_LEN)))
        out = NULL;
    ecs_aead_key_free(key);
    return out ? (struct ecs_str){(const char *)out, n} : ECS_STR_NULL;
}

struct ecs_str sheet_unseal(struct sheet *s, const char *purpose, struct ecs_str sealed)
{
    enum { AROUND = ECS_AEAD_IV_LEN + ECS_AEAD_TAG_LEN };
    struct ecs_str plain = ECS_STR_NULL;
    struct ecs_aead_key *key;
    uint8_t *text;

    if (sealed.n <= AROUND || sealed.n > ECS_SHEET_FORM_MAX)
        return plain;
    key = key_of(s, purpose);
    text = ecs_arena_secret(s->call->flow.arena, sealed.n);
    if (key && text &&
        ecs_aead_open(key, (const uint8_t *)sealed.p, bound_to(s),
                      (const uint8_t *)sealed.p + ECS_AEAD_IV_LEN, sealed.n - ECS_AEAD_IV_LEN, text))
        plain = (struct ecs_str){(const char *)text, sealed.n - AROUND};
    ecs_aead_key_free(key);
    return plain;
}

static void put_fields(struct ecs_buf *out, const struct ecs_address *address)
{
    for (size_t i = 0; i < ECS_ADDRESS_FIELDS; i++) {
        struct ecs_str s = address->field[i];

        if (s.n > FIELD_BYTES)
            s.n = 0;
        ecs_buf_add_char(out, (char)(s.n >> 8));
        ecs_buf_add_char(out, (char)(s.n & 0xff));
        ecs_buf_add_str(out, s);
    }
}

struct ecs_str sheet_form_seal(struct sheet *s, const struct sheet_form *form)
{
    struct ecs_buf plain = {.limit = ECS_SHEET_FORM_MAX - ECS_AEAD_IV_LEN - ECS_AEAD_TAG_LEN};
    struct ecs_str sealed = ECS_STR_NULL;
    const char head[HEAD] = {VERSION,           (char)form->given, (char)form->refused, (char)form->missing,
                             (char)form->wrong, (char)form->bad};

    ecs_buf_add(&plain, head, HEAD);
    put_fields(&plain, &form->address);
    put_fields(&plain, &form->suggestion);
    if (!plain.overflow)
        sealed = sheet_seal(s, label, ecs_buf_str(&plain));
    if (plain.p)
        ecs_wipe(plain.p, plain.n);
    ecs_buf_done(&plain);
    return sealed;
}

static bool get_fields(struct ecs_str *rest, struct ecs_address *ret_address)
{
    for (size_t i = 0; i < ECS_ADDRESS_FIELDS; i++) {
        size_t n;

        if (rest->n < 2)
            return false;
        n = (size_t)(unsigned char)rest->p[0] << 8 | (unsigned char)rest->p[1];
        if (n > FIELD_BYTES || rest->n - 2 < n)
            return false;
        ret_address->field[i] = (struct ecs_str){n ? rest->p + 2 : NULL, n};
        *rest = (struct ecs_str){rest->p + 2 + n, rest->n - 2 - n};
    }
    return true;
}

static void read_plain(struct ecs_str plain, struct sheet_form *ret_form)
{
    struct ecs_str rest = {plain.p + HEAD, plain.n - HEAD};
    struct sheet_form form = {
        .given = plain.p[1],
        .refused = plain.p[2],
        .missing = (unsigned char)plain.p[3],
        .wrong = (unsigned char)plain.p[4],
        .bad = (unsigned char)plain.p[5],
    };

    if (plain.p[0] == VERSION && get_fields(&rest, &form.address) && get_fields(&rest, &form.suggestion))
        *ret_form = form;
}

void sheet_form_open(struct sheet *s, struct ecs_str sealed, struct sheet_form *ret_form)
{
    struct ecs_str plain = sheet_unseal(s, label, sealed);

    *ret_form = (struct sheet_form){0};
    if (plain.n >= HEAD)
        read_plain(plain, ret_form);
}
