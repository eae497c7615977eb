/* SPDX-License-Identifier: Apache-2.0 */
/* RADIUS for the test server: MD5 and HMAC-MD5 come from libcrypto. */
#include "radius.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define HEADER    20
#define MD5_LEN   16
#define PIECE_MAX 253
/* Encrypted key: its length byte and the key, filled up to blocks of MD5. */
#define MPPE_PLAIN 48
static const uint8_t vendor_microsoft[4] = {0, 0, 1, 55}; /* 311 */

static bool md5(const struct ecs_str *parts, size_t n_parts, uint8_t out[MD5_LEN])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1;

    for (size_t i = 0; ok && i < n_parts; i++)
        ok = EVP_DigestUpdate(context, parts[i].p, parts[i].n) == 1;
    ok = ok && EVP_DigestFinal_ex(context, out, NULL) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

static bool hmac_md5(struct ecs_str secret, const uint8_t *bytes, size_t n, uint8_t out[MD5_LEN])
{
    return HMAC(EVP_md5(), secret.p, (int)secret.n, bytes, n, out, NULL) != NULL;
}

/* ---- reading ---- */

struct reading {
    struct radius_request *request;
    size_t mac_at;     /* offset of the Message-Authenticator's value, 0 when absent */
    uint8_t last_type; /* pieces of EAP-Message must follow each other */
};

static const char *take_attr(struct reading *reading, const uint8_t *bytes, size_t at, uint8_t type, size_t n)
{
    struct radius_request *request = reading->request;

    if (type == RADIUS_AT_EAP_MESSAGE) {
        if (request->has_eap && reading->last_type != RADIUS_AT_EAP_MESSAGE)
            return "pieces of EAP-Message are apart";
        memcpy(request->eap + request->eap_n, bytes + at,
               n); /* fits: the sum is below the datagram's length */
        request->eap_n += n;
        request->has_eap = true;
    } else if (type == RADIUS_AT_STATE) {
        if (request->state.p)
            return "two State attributes";
        request->state = (struct ecs_str){(const char *)bytes + at, n};
    } else if (type == RADIUS_AT_MESSAGE_AUTHENTICATOR) {
        if (reading->mac_at || n != MD5_LEN)
            return "Message-Authenticator is twice there or of another length";
        reading->mac_at = at;
    }
    reading->last_type = type;
    return NULL;
}

/* HMAC over the packet with a zeroed Message-Authenticator (RFC 3579 3.2). */
static bool is_signed(const uint8_t *bytes, size_t n, size_t mac_at, struct ecs_str secret)
{
    uint8_t copy[RADIUS_MAX], mac[MD5_LEN];

    memcpy(copy, bytes, n);
    memset(copy + mac_at, 0, MD5_LEN);
    return hmac_md5(secret, copy, n, mac) && CRYPTO_memcmp(mac, bytes + mac_at, MD5_LEN) == 0;
}

const char *radius_read_request(const uint8_t *bytes, size_t n, struct ecs_str secret,
                                struct radius_request *ret_request)
{
    struct reading reading = {.request = ret_request};
    size_t length = n < HEADER ? 0 : (size_t)(bytes[2] << 8 | bytes[3]);

    if (length < HEADER || length > n || length > RADIUS_MAX)
        return "length is wrong";
    if (bytes[0] != RADIUS_REQUEST)
        return "not an Access-Request";
    memset(ret_request, 0, sizeof(*ret_request));
    ret_request->identifier = bytes[1];
    memcpy(ret_request->authenticator, bytes + 4, RADIUS_AUTHENTICATOR_LEN);
    for (size_t at = HEADER; at < length; at += bytes[at + 1]) {
        if (length - at < 2 || bytes[at + 1] < 2 || bytes[at + 1] > length - at)
            return "an attribute's length is wrong";
        const char *fault = take_attr(&reading, bytes, at + 2, bytes[at], bytes[at + 1] - 2U);
        if (fault)
            return fault;
    }
    if (reading.mac_at == 0)
        return "no Message-Authenticator";
    if (!is_signed(bytes, length, reading.mac_at, secret))
        return "Message-Authenticator is wrong";
    return NULL;
}

/* ---- writing ---- */

/* Room for an attribute's value, or NULL. */
static uint8_t *claim(struct radius_writer *writer, uint8_t type, size_t n)
{
    if (writer->failed || n > PIECE_MAX || writer->n + 2 + n > sizeof(writer->p)) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *attr = writer->p + writer->n;
    attr[0] = type;
    attr[1] = (uint8_t)(2 + n);
    writer->n += 2 + n;
    return attr + 2;
}

void radius_write_start(struct radius_writer *writer, uint8_t code, const struct radius_request *request)
{
    *writer = (struct radius_writer){.n = HEADER};
    writer->p[0] = code;
    writer->p[1] = request->identifier;
    memcpy(writer->p + 4, request->authenticator, RADIUS_AUTHENTICATOR_LEN);
    claim(writer, RADIUS_AT_MESSAGE_AUTHENTICATOR, MD5_LEN); /* zero until the end */
}

void radius_write_attr(struct radius_writer *writer, uint8_t type, struct ecs_str value)
{
    uint8_t *out = claim(writer, type, value.n);

    if (out && value.n)
        memcpy(out, value.p, value.n);
}

void radius_write_u32(struct radius_writer *writer, uint8_t type, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                              (uint8_t)value};

    radius_write_attr(writer, type, (struct ecs_str){(const char *)bytes, sizeof(bytes)});
}

void radius_write_eap(struct radius_writer *writer, const uint8_t *eap, size_t n)
{
    for (size_t at = 0; at < n; at += PIECE_MAX)
        radius_write_attr(writer, RADIUS_AT_EAP_MESSAGE,
                          (struct ecs_str){(const char *)eap + at, n - at < PIECE_MAX ? n - at : PIECE_MAX});
}

/* RFC 2548 2.4.2: block i is XORed with MD5(secret | what went before), at first the Request Authenticator
 * and the salt. */
void radius_write_mppe(struct radius_writer *writer, enum radius_mppe type, uint16_t salt,
                       const struct radius_request *request, struct ecs_str secret,
                       const uint8_t key[RADIUS_MPPE_KEY_LEN])
{
    uint8_t *out = claim(writer, RADIUS_AT_VENDOR, 4 + 2 + 2 + MPPE_PLAIN);
    uint8_t plain[MPPE_PLAIN] = {RADIUS_MPPE_KEY_LEN}, pad[MD5_LEN], first[RADIUS_AUTHENTICATOR_LEN + 2];

    if (!out)
        return;
    memcpy(plain + 1, key, RADIUS_MPPE_KEY_LEN);
    memcpy(out, vendor_microsoft, sizeof(vendor_microsoft));
    out[4] = (uint8_t)type;
    out[5] = 2 + 2 + MPPE_PLAIN;
    out[6] = (uint8_t)(0x80 | salt >> 8);
    out[7] = (uint8_t)salt;
    memcpy(first, request->authenticator, RADIUS_AUTHENTICATOR_LEN);
    memcpy(first + RADIUS_AUTHENTICATOR_LEN, out + 6, 2);

    struct ecs_str before = {(const char *)first, sizeof(first)};
    for (uint8_t *block = out + 8; block < out + 8 + MPPE_PLAIN; block += MD5_LEN) {
        const struct ecs_str parts[] = {secret, before};
        if (!md5(parts, ECS_ARRAY_LEN(parts), pad))
            writer->failed = true;
        for (size_t i = 0; i < MD5_LEN; i++)
            block[i] = plain[(size_t)(block - out) - 8 + i] ^ pad[i];
        before = (struct ecs_str){(const char *)block, MD5_LEN};
    }
    OPENSSL_cleanse(plain, sizeof(plain));
}

size_t radius_write_end(struct radius_writer *writer, struct ecs_str secret)
{
    uint8_t mac[MD5_LEN], authenticator[MD5_LEN];

    writer->p[2] = (uint8_t)(writer->n >> 8);
    writer->p[3] = (uint8_t)writer->n;
    if (writer->failed || !hmac_md5(secret, writer->p, writer->n, mac))
        return 0;
    memcpy(writer->p + HEADER + 2, mac, sizeof(mac));
    /* over the packet with the Request Authenticator, then the secret (RFC 2865 3) */
    const struct ecs_str parts[] = {{(const char *)writer->p, writer->n}, secret};
    if (!md5(parts, ECS_ARRAY_LEN(parts), authenticator))
        return 0;
    memcpy(writer->p + 4, authenticator, sizeof(authenticator));
    return writer->n;
}
