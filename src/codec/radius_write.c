/* SPDX-License-Identifier: Apache-2.0 */
/* Writing RADIUS attributes and packets, and the proofs of origin: Message-Authenticator (RFC 3579 3.2) and
 * the authenticators of requests and answers (RFC 2865 3, 2866 3). */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "codec/radius_priv.h"
#include "ecs/crypto.h"

enum { MD5_LEN = 16, SIGNATURE_ATTR = 2 + MD5_LEN, AUTHENTICATOR_AT = 4 };

static const char zeros[MD5_LEN];

/* ---- attributes ---- */

void ecs_radius_put(struct ecs_buf *buf, enum ecs_radius_attr_id id, struct ecs_str value)
{
    const struct radius_attr_row *row;

    if ((unsigned)id >= ECS_RADIUS_ATTR_COUNT) {
        buf->overflow = true;
        return;
    }
    row = &ecs_radius_attr_rows[id];
    if (value.n < row->low || value.n > row->high) {
        buf->overflow = true;
        return;
    }
    if (row->vendor) {
        uint8_t head[RADIUS_VENDOR_HEAD] = {RADIUS_TYPE_VENDOR,           (uint8_t)(value.n + 8),
                                            (uint8_t)(row->vendor >> 24), (uint8_t)(row->vendor >> 16),
                                            (uint8_t)(row->vendor >> 8),  (uint8_t)row->vendor};

        ecs_buf_add(buf, head, sizeof(head));
    }
    ecs_buf_add_char(buf, (char)row->type);
    ecs_buf_add_char(buf, (char)(value.n + 2));
    ecs_buf_add_str(buf, value);
}

void ecs_radius_put_u32(struct ecs_buf *buf, enum ecs_radius_attr_id id, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                              (uint8_t)value};

    ecs_radius_put(buf, id, (struct ecs_str){(const char *)bytes, sizeof(bytes)});
}

void ecs_radius_put_eap(struct ecs_buf *buf, struct ecs_str eap)
{
    do {
        size_t n = eap.n < ECS_RADIUS_VALUE_MAX ? eap.n : ECS_RADIUS_VALUE_MAX;

        ecs_radius_put(buf, ECS_RADIUS_EAP_MESSAGE, (struct ecs_str){eap.p, n});
        eap.p += n;
        eap.n -= n;
    } while (eap.n);
}

/* ---- the secret ---- */

struct ecs_radius_secret {
    EVP_MD_CTX *md5;
    EVP_MAC_CTX *hmac; /* holds the secret as its key */
    char *bytes;
    size_t n;
};

static bool make_md5(struct ecs_radius_secret *secret)
{
    EVP_MD *md = EVP_MD_fetch(NULL, "MD5", NULL);
    bool good;

    secret->md5 = EVP_MD_CTX_new();
    good = md && secret->md5 && EVP_DigestInit_ex2(secret->md5, md, NULL) == 1;
    EVP_MD_free(md);
    return good;
}

static bool make_hmac(struct ecs_radius_secret *secret)
{
    char name[] = "MD5";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    bool good;

    secret->hmac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    good = secret->hmac &&
           EVP_MAC_init(secret->hmac, (const unsigned char *)secret->bytes, secret->n, params) == 1;
    EVP_MAC_free(hmac);
    return good;
}

struct ecs_radius_secret *ecs_radius_secret_new(struct ecs_str text)
{
    struct ecs_radius_secret *secret = text.n ? calloc(1, sizeof(*secret)) : NULL;

    if (!secret)
        return NULL;
    secret->bytes = malloc(text.n);
    if (secret->bytes) {
        memcpy(secret->bytes, text.p, text.n);
        secret->n = text.n;
    }
    if (!secret->bytes || !make_md5(secret) || !make_hmac(secret)) {
        ecs_radius_secret_free(secret);
        return NULL;
    }
    return secret;
}

void ecs_radius_secret_free(struct ecs_radius_secret *secret)
{
    if (!secret)
        return;
    EVP_MD_CTX_free(secret->md5);
    EVP_MAC_CTX_free(secret->hmac);
    if (secret->bytes)
        ecs_wipe(secret->bytes, secret->n);
    free(secret->bytes);
    free(secret);
}

static bool md5_of(struct ecs_radius_secret *secret, const struct ecs_str *parts, size_t n_parts,
                   uint8_t ret[MD5_LEN])
{
    if (EVP_DigestInit_ex2(secret->md5, NULL, NULL) != 1)
        return false;
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].n && EVP_DigestUpdate(secret->md5, parts[i].p, parts[i].n) != 1)
            return false;
    return EVP_DigestUpdate(secret->md5, secret->bytes, secret->n) == 1 &&
           EVP_DigestFinal_ex(secret->md5, ret, NULL) == 1;
}

static bool hmac_of(struct ecs_radius_secret *secret, const struct ecs_str *parts, size_t n_parts,
                    uint8_t ret[MD5_LEN])
{
    size_t n = 0;

    if (EVP_MAC_init(secret->hmac, NULL, 0, NULL) != 1)
        return false;
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].n && EVP_MAC_update(secret->hmac, (const unsigned char *)parts[i].p, parts[i].n) != 1)
            return false;
    return EVP_MAC_final(secret->hmac, ret, &n, MD5_LEN) == 1 && n == MD5_LEN;
}

/* ---- packets ---- */

static void add_head(struct ecs_buf *buf, uint8_t code, uint8_t identifier, size_t length,
                     const void *authenticator)
{
    const uint8_t head[4] = {code, identifier, (uint8_t)(length >> 8), (uint8_t)length};

    ecs_buf_add(buf, head, sizeof(head));
    ecs_buf_add(buf, authenticator, ECS_RADIUS_AUTH_LEN);
}

/* Head, an empty Message-Authenticator if signed, attributes. */
static bool add_packet(struct ecs_buf *buf, const struct ecs_radius_packet *packet, const void *authenticator,
                       bool is_signed)
{
    static const char signature_head[] = {80, SIGNATURE_ATTR};
    size_t length = ECS_RADIUS_HEADER + (is_signed ? SIGNATURE_ATTR : 0) + packet->attrs.n;
    struct ecs_str twice;

    if (length > ECS_RADIUS_MAX || ecs_radius_check(packet->attrs, packet->code, true) ||
        ecs_radius_get(packet->attrs, ECS_RADIUS_MESSAGE_AUTHENTICATOR, &twice))
        return false;
    add_head(buf, packet->code, packet->identifier, length, authenticator);
    if (is_signed) {
        ecs_buf_add(buf, signature_head, sizeof(signature_head));
        ecs_buf_add(buf, zeros, MD5_LEN);
    }
    ecs_buf_add_str(buf, packet->attrs);
    return !buf->overflow;
}

/* Fills in the Message-Authenticator behind the header of the packet that begins there. */
static bool sign(struct ecs_buf *buf, size_t begin, struct ecs_radius_secret *secret)
{
    const struct ecs_str whole = {buf->p + begin, buf->n - begin};

    return hmac_of(secret, &whole, 1, (uint8_t *)buf->p + begin + ECS_RADIUS_HEADER + 2);
}

static bool set_authenticator(struct ecs_buf *buf, size_t begin, struct ecs_radius_secret *secret)
{
    const struct ecs_str whole = {buf->p + begin, buf->n - begin};

    return md5_of(secret, &whole, 1, (uint8_t *)buf->p + begin + AUTHENTICATOR_AT);
}

bool ecs_radius_encode_request(const struct ecs_radius_packet *packet, struct ecs_radius_secret *secret,
                               struct ecs_buf *buf, uint8_t ret_authenticator[ECS_RADIUS_AUTH_LEN])
{
    bool accounting = packet->code == ECS_RADIUS_ACCOUNTING_REQUEST;
    size_t begin = buf->n;
    bool good;

    if (!accounting && packet->code != ECS_RADIUS_ACCESS_REQUEST && packet->code != ECS_RADIUS_STATUS_SERVER)
        return false;
    good = add_packet(buf, packet, accounting ? (const void *)zeros : packet->authenticator, !accounting);
    good = good && (accounting ? set_authenticator(buf, begin, secret) : sign(buf, begin, secret));
    if (!good) {
        buf->n = begin;
        return false;
    }
    memcpy(ret_authenticator, buf->p + begin + AUTHENTICATOR_AT, ECS_RADIUS_AUTH_LEN);
    return true;
}

bool ecs_radius_encode_answer(const struct ecs_radius_packet *packet, struct ecs_radius_secret *secret,
                              const uint8_t request_authenticator[ECS_RADIUS_AUTH_LEN], struct ecs_buf *buf)
{
    size_t begin = buf->n;

    if (add_packet(buf, packet, request_authenticator, true) && sign(buf, begin, secret) &&
        set_authenticator(buf, begin, secret))
        return true;
    buf->n = begin;
    return false;
}

/* ---- the check ---- */

/* Message-Authenticator of the answer, computed with the request's authenticator in the head. */
static enum ecs_radius_proof check_signature(const struct ecs_radius_packet *answer,
                                             struct ecs_radius_secret *secret, struct ecs_str head,
                                             struct ecs_str signature)
{
    const char *end = answer->attrs.p + answer->attrs.n;
    const struct ecs_str parts[] = {head,
                                    {answer->attrs.p, (size_t)(signature.p - answer->attrs.p)},
                                    {zeros, MD5_LEN},
                                    {signature.p + MD5_LEN, (size_t)(end - signature.p) - MD5_LEN}};
    uint8_t own[MD5_LEN];

    if (!hmac_of(secret, parts, ECS_ARRAY_LEN(parts), own))
        return ECS_RADIUS_NOT_CHECKED;
    return ecs_ct_equal(own, signature.p, MD5_LEN) ? ECS_RADIUS_PROVEN : ECS_RADIUS_WRONG_SIGNATURE;
}

enum ecs_radius_proof ecs_radius_prove(const struct ecs_radius_packet *answer,
                                       struct ecs_radius_secret *secret,
                                       const uint8_t request_authenticator[ECS_RADIUS_AUTH_LEN],
                                       bool demanded)
{
    char head_bytes[ECS_RADIUS_HEADER];
    struct ecs_buf head = {.p = head_bytes, .cap = sizeof(head_bytes), .limit = sizeof(head_bytes)};
    struct ecs_str parts[2], signature;
    uint8_t own[MD5_LEN];

    add_head(&head, answer->code, answer->identifier, ECS_RADIUS_HEADER + answer->attrs.n,
             request_authenticator);
    parts[0] = ecs_buf_str(&head);
    parts[1] = answer->attrs;
    if (!md5_of(secret, parts, ECS_ARRAY_LEN(parts), own))
        return ECS_RADIUS_NOT_CHECKED;
    if (!ecs_ct_equal(own, answer->authenticator, MD5_LEN))
        return ECS_RADIUS_WRONG_AUTHENTICATOR;
    if (!ecs_radius_get(answer->attrs, ECS_RADIUS_MESSAGE_AUTHENTICATOR, &signature))
        return demanded ? ECS_RADIUS_UNSIGNED : ECS_RADIUS_PROVEN;
    return check_signature(answer, secret, parts[0], signature);
}

const char *ecs_radius_proof_text(enum ecs_radius_proof proof)
{
    static const char *const texts[ECS_RADIUS_PROOF_COUNT] = {
        [ECS_RADIUS_PROVEN] = "proven",
        [ECS_RADIUS_WRONG_AUTHENTICATOR] = "wrong Response Authenticator: another secret, or altered",
        [ECS_RADIUS_UNSIGNED] = "no Message-Authenticator",
        [ECS_RADIUS_WRONG_SIGNATURE] = "wrong Message-Authenticator",
        [ECS_RADIUS_NOT_CHECKED] = "libcrypto failed",
    };

    return (size_t)proof < ECS_RADIUS_PROOF_COUNT ? texts[proof] : "unknown";
}
