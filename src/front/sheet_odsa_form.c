/* SPDX-License-Identifier: Apache-2.0 */
/* What a user has chosen between two requests: kept in the session's row, sealed with a key that only the
 * browser's cookie gives, so that who reads the table learns no device and who writes it chooses none. */
#include "sheet_odsa.h"

#include <string.h>

enum { VERSION = 2, TERMS_BYTES = 4, HEAD = 2 + TERMS_BYTES, TEXTS = 3, PLAIN_MAX = 1024 };
enum { VERIFIED = 2, CONFIRMED = 4, SELECTED = 8 };

static struct ecs_aead_key *key_of(struct sheet *s)
{
    struct ecs_crypto *crypto = s->call->front->crypto;
    uint8_t key[32];
    struct ecs_aead_key *made = NULL;

    if (ecs_derive_key(crypto, s->secret, ECS_STR("sheet odsa form"), key))
        made = ecs_aead_key_new(crypto, key);
    ecs_wipe(key, sizeof(key));
    return made;
}

static struct ecs_str *texts_of(struct odsa_form *form, unsigned i)
{
    struct ecs_str *texts[TEXTS] = {&form->plan, &form->old_id, &form->old_iccid};

    return texts[i];
}

/* What the digests of the row hang on: no other session's form, no other journey's. */
static struct ecs_str bound_to(const struct sheet *s)
{
    return (struct ecs_str){(const char *)s->handle, sizeof(s->handle)};
}

struct ecs_str sheet_odsa_form_seal(struct sheet_odsa *o)
{
    struct sheet *s = o->sheet;
    struct odsa_form *form = &o->form;
    struct ecs_buf plain = {.limit = PLAIN_MAX};
    struct ecs_aead_key *key = key_of(s);
    uint8_t *out = NULL;
    size_t n;

    ecs_buf_add_char(&plain, VERSION);
    ecs_buf_add_char(&plain, (char)((form->verified ? VERIFIED : 0) | (form->confirmed ? CONFIRMED : 0) |
                                    (form->selected ? SELECTED : 0)));
    for (unsigned i = TERMS_BYTES; i-- > 0;)
        ecs_buf_add_char(&plain, (char)(uint8_t)((uint64_t)form->terms >> 8 * i));
    for (unsigned i = 0; i < TEXTS; i++) {
        struct ecs_str text = *texts_of(form, i);

        if (text.n > SHEET_ODSA_TEXT_MAX)
            text.n = 0;
        ecs_buf_add_char(&plain, (char)text.n);
        ecs_buf_add_str(&plain, text);
    }
    n = ECS_AEAD_IV_LEN + plain.n + ECS_AEAD_TAG_LEN;
    if (key && !plain.overflow)
        out = ecs_alloc(s->call->flow.arena, n);
    if (out &&
        (!ecs_random(s->call->front->crypto, out, ECS_AEAD_IV_LEN) ||
         !ecs_aead_seal(key, out, bound_to(s), (const uint8_t *)plain.p, plain.n, out + ECS_AEAD_IV_LEN)))
        out = NULL;
    if (plain.p)
        ecs_wipe(plain.p, plain.n);
    ecs_buf_done(&plain);
    ecs_aead_key_free(key);
    return out ? (struct ecs_str){(const char *)out, n} : ECS_STR_NULL;
}

static void read_plain(struct ecs_str plain, struct odsa_form *ret_form)
{
    unsigned flags = (unsigned char)plain.p[1];
    struct odsa_form form = {
        .given = true,
        .verified = flags & VERIFIED,
        .confirmed = flags & CONFIRMED,
        .selected = flags & SELECTED,
    };
    struct ecs_str rest = {plain.p + HEAD, plain.n - HEAD};

    for (unsigned i = 0; i < TERMS_BYTES; i++)
        form.terms = form.terms << 8 | (uint8_t)plain.p[2 + i];
    for (unsigned i = 0; i < TEXTS; i++) {
        size_t n = rest.n ? (unsigned char)rest.p[0] : SHEET_ODSA_TEXT_MAX + 1;

        if (n > SHEET_ODSA_TEXT_MAX || rest.n - 1 < n)
            return;
        *texts_of(&form, i) = (struct ecs_str){n ? rest.p + 1 : NULL, n};
        rest = (struct ecs_str){rest.p + 1 + n, rest.n - 1 - n};
    }
    if (plain.p[0] == VERSION)
        *ret_form = form;
}

void sheet_odsa_form_open(struct sheet_odsa *o, struct ecs_str sealed)
{
    enum { AROUND = ECS_AEAD_IV_LEN + ECS_AEAD_TAG_LEN };
    struct sheet *s = o->sheet;
    struct ecs_aead_key *key;
    uint8_t *plain;

    o->form = (struct odsa_form){0};
    if (sealed.n < AROUND + HEAD || sealed.n > AROUND + PLAIN_MAX)
        return;
    key = key_of(s);
    plain = ecs_arena_secret(s->call->flow.arena, sealed.n);
    if (key && plain &&
        ecs_aead_open(key, (const uint8_t *)sealed.p, bound_to(s),
                      (const uint8_t *)sealed.p + ECS_AEAD_IV_LEN, sealed.n - ECS_AEAD_IV_LEN, plain))
        read_plain((struct ecs_str){(const char *)plain, sealed.n - AROUND}, &o->form);
    ecs_aead_key_free(key);
}
