/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted identities: what a phone makes with the public key is opened with the private one, nothing else
 * is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "ecs/crypto.h"
#include "ecs/eap_privacy.h"

#define NAI "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"

static EVP_PKEY *rsa[2];
static char pem[2][4096];

static void write_pem(EVP_PKEY *key, char out[4096])
{
    BIO *bio = BIO_new(BIO_s_mem());
    int n;

    assert_true(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
    n = BIO_read(bio, out, 4095);
    assert_true(n > 0);
    out[n] = '\0';
    BIO_free(bio);
}

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        rsa[i] = EVP_RSA_gen(2048);
        write_pem(rsa[i], pem[i]);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa[0]);
    EVP_PKEY_free(rsa[1]);
    return 0;
}

/* As a phone does it; returns the text of EAP_ID. */
static size_t encrypt(EVP_PKEY *key, const EVP_MD *mgf, const char *plain, const char *identifier, bool lines,
                      char out[1024])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    uint8_t cipher[256];
    size_t n = sizeof(cipher), at = 0;
    char text[512];

    assert_true(EVP_PKEY_encrypt_init(ctx) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf) > 0);
    assert_true(EVP_PKEY_encrypt(ctx, cipher, &n, (const uint8_t *)plain, strlen(plain)) > 0);
    EVP_PKEY_CTX_free(ctx);
    EVP_EncodeBlock((unsigned char *)text, cipher, (int)n);
    out[at++] = '\0';
    for (size_t i = 0; text[i]; i++) {
        if (lines && i && i % 76 == 0)
            out[at++] = '\n';
        out[at++] = text[i];
    }
    if (identifier)
        at += (size_t)sprintf(out + at, ",%s", identifier);
    return at;
}

static struct ecs_privacy_key *load(int i, const char *identifier)
{
    char err[128] = "";
    struct ecs_privacy_key *key =
        ecs_privacy_key_load(ecs_str_of(pem[i]), ecs_str_of(identifier), err, sizeof(err));

    assert_string_equal(err, "");
    assert_non_null(key);
    return key;
}

static enum ecs_rc open_text(const struct ecs_privacy_key *const *keys, size_t n, enum ecs_privacy_mgf mgf,
                             const char *text, size_t text_n, char out[ECS_EAP_NAI_MAX + 1])
{
    struct ecs_eap_id id;
    size_t out_n = 0;
    enum ecs_rc rc;

    assert_int_equal(ecs_eap_id_parse((struct ecs_str){text, text_n}, &id), ECS_EAP_ID_ENCRYPTED);
    strcpy(out, "untouched");
    rc = ecs_privacy_open(keys, n, mgf, &id, out, &out_n);
    if (rc == ECS_OK)
        assert_int_equal(out_n, strlen(out));
    else
        assert_string_equal(out, "untouched");
    return rc;
}

static void test_an_identity_is_opened_with_the_key_it_was_made_for(void **state)
{
    const struct ecs_privacy_key *keys[] = {load(0, ""), load(1, "Serial=17")};
    char text[1024], out[ECS_EAP_NAI_MAX + 1];
    size_t n;

    (void)state;
    for (int i = 0; i < 2; i++) {
        n = encrypt(rsa[i], EVP_sha256(), NAI, NULL, i == 1, text);
        assert_int_equal(open_text(keys, 2, ECS_PRIVACY_MGF_SHA256, text, n, out), ECS_OK);
        assert_string_equal(out, NAI);
    }
    n = encrypt(rsa[1], EVP_sha256(), NAI, "serial=17", false, text);
    assert_int_equal(open_text(keys, 2, ECS_PRIVACY_MGF_SHA256, text, n, out), ECS_OK);
    /* a key that is named but not the right one is the only one tried */
    n = encrypt(rsa[0], EVP_sha256(), NAI, "Serial=17", false, text);
    assert_int_equal(open_text(keys, 2, ECS_PRIVACY_MGF_SHA256, text, n, out), ECS_E_AUTH_NEEDED);
    /* an unknown name: all are tried */
    n = encrypt(rsa[0], EVP_sha256(), NAI, "Serial=99", false, text);
    assert_int_equal(open_text(keys, 2, ECS_PRIVACY_MGF_SHA256, text, n, out), ECS_OK);
    ecs_privacy_key_free((struct ecs_privacy_key *)keys[0]);
    ecs_privacy_key_free((struct ecs_privacy_key *)keys[1]);
}

static void test_the_mask_hash_is_as_configured(void **state)
{
    const struct ecs_privacy_key *keys[] = {load(0, "")};
    char text[1024], out[ECS_EAP_NAI_MAX + 1];
    size_t n = encrypt(rsa[0], EVP_sha1(), NAI, NULL, false, text);

    (void)state;
    assert_int_equal(open_text(keys, 1, ECS_PRIVACY_MGF_SHA256, text, n, out), ECS_E_AUTH_NEEDED);
    assert_int_equal(open_text(keys, 1, ECS_PRIVACY_MGF_SHA1, text, n, out), ECS_OK);
    assert_int_equal(open_text(keys, 1, ECS_PRIVACY_MGF_BOTH, text, n, out), ECS_OK);
    n = encrypt(rsa[0], EVP_sha256(), NAI, NULL, false, text);
    assert_int_equal(open_text(keys, 1, ECS_PRIVACY_MGF_BOTH, text, n, out), ECS_OK);
    ecs_privacy_key_free((struct ecs_privacy_key *)keys[0]);
}

static void test_what_is_no_permanent_identity_is_refused(void **state)
{
    static const char *const inside[] = {"", "2pseudonym@nai.epc.mnc001.mcc001.3gppnetwork.org", "0",
                                         "anonymous@nai.epc.mnc001.mcc001.3gppnetwork.org",
                                         "0001010000000001@ bad"};
    const struct ecs_privacy_key *keys[] = {load(0, "")};
    char text[1024], out[ECS_EAP_NAI_MAX + 1];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        n = encrypt(rsa[0], EVP_sha256(), inside[i], NULL, false, text);
        assert_int_equal(open_text(keys, 1, ECS_PRIVACY_MGF_BOTH, text, n, out), ECS_E_AUTH_NEEDED);
    }
    n = encrypt(rsa[0], EVP_sha256(), "0001010000000001", NULL, false, text); /* older phones */
    assert_int_equal(open_text(keys, 1, ECS_PRIVACY_MGF_BOTH, text, n, out), ECS_OK);
    assert_string_equal(out, "0001010000000001");
    ecs_privacy_key_free((struct ecs_privacy_key *)keys[0]);
}

static void test_spoiled_and_foreign_texts_are_refused(void **state)
{
    const struct ecs_privacy_key *keys[] = {load(0, "")};
    char text[1024], out[ECS_EAP_NAI_MAX + 1];
    size_t n = encrypt(rsa[0], EVP_sha256(), NAI, NULL, false, text);

    (void)state;
    text[40] = text[40] == 'A' ? 'B' : 'A';
    assert_int_equal(open_text(keys, 1, ECS_PRIVACY_MGF_BOTH, text, n, out), ECS_E_AUTH_NEEDED);
    assert_int_equal(open_text(keys, 0, ECS_PRIVACY_MGF_BOTH, text, n, out), ECS_E_AUTH_NEEDED);
    assert_int_equal(open_text(keys, 1, ECS_PRIVACY_MGF_BOTH, text, 5, out), ECS_E_AUTH_NEEDED);
    memset(text + 1, 'A', 1000);
    assert_int_equal(open_text(keys, 1, ECS_PRIVACY_MGF_BOTH, text, 1001, out), ECS_E_AUTH_NEEDED);
    ecs_privacy_key_free((struct ecs_privacy_key *)keys[0]);
}

static void test_other_keys_are_refused_with_a_reason(void **state)
{
    EVP_PKEY *small = EVP_RSA_gen(1024), *ec = EVP_EC_gen("P-256");
    char text[4096], err[128], id[200];

    (void)state;
    write_pem(small, text);
    assert_null(ecs_privacy_key_load(ecs_str_of(text), ECS_STR(""), err, sizeof(err)));
    assert_string_equal(err, "the RSA key has not 2048 to 4096 bits");
    write_pem(ec, text);
    assert_null(ecs_privacy_key_load(ecs_str_of(text), ECS_STR(""), err, sizeof(err)));
    assert_string_equal(err, "the private key is not RSA");
    assert_null(ecs_privacy_key_load(ECS_STR("nothing"), ECS_STR(""), err, sizeof(err)));
    memset(id, 'x', sizeof(id));
    assert_null(ecs_privacy_key_load(ecs_str_of(pem[0]), (struct ecs_str){id, sizeof(id)}, err, sizeof(err)));
    assert_string_equal(err, "the key identifier is too long");
    EVP_PKEY_free(small);
    EVP_PKEY_free(ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_identity_is_opened_with_the_key_it_was_made_for),
        cmocka_unit_test(test_the_mask_hash_is_as_configured),
        cmocka_unit_test(test_what_is_no_permanent_identity_is_refused),
        cmocka_unit_test(test_spoiled_and_foreign_texts_are_refused),
        cmocka_unit_test(test_other_keys_are_refused_with_a_reason),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
