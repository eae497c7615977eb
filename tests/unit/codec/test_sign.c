/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: each algorithm verifies with the library's own verifier, faults in keys are told. */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/sign.h"

static struct ecs_str pem_of(EVP_PKEY *key, const char *password, char *out, size_t out_n)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int n;

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, password ? EVP_aes_128_cbc() : NULL, NULL, 0,
                                                   NULL, (void *)(uintptr_t)password),
                     1);
    n = BIO_read(bio, out, (int)out_n);
    assert_true(n > 0);
    BIO_free(bio);
    return (struct ecs_str){out, (size_t)n};
}

static struct ecs_signer *load(EVP_PKEY *key)
{
    char pem[8192], err[128] = "";
    struct ecs_signer *s = ecs_signer_load(pem_of(key, NULL, pem, sizeof(pem)), err, sizeof(err));

    if (!s)
        fail_msg("%s", err);
    return s;
}

static bool verifies(EVP_PKEY *key, const char *md, int pss, struct ecs_str text, const uint8_t *sig,
                     size_t n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    bool ok;

    assert_int_equal(EVP_DigestVerifyInit_ex(ctx, &pctx, md, NULL, NULL, key, NULL), 1);
    if (pss)
        assert_true(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) > 0 &&
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) > 0);
    ok = EVP_DigestVerify(ctx, sig, n, (const uint8_t *)text.p, text.n) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static void check(EVP_PKEY *key, bool rsa)
{
    static const struct {
        enum ecs_sign_alg alg;
        bool rsa;
        int pss;
        const char *md;
    } rows[] = {
        {ECS_SIGN_RSA_PKCS1_SHA256, true, 0, "SHA256"}, {ECS_SIGN_RSA_PKCS1_SHA384, true, 0, "SHA384"},
        {ECS_SIGN_RSA_PKCS1_SHA512, true, 0, "SHA512"}, {ECS_SIGN_RSA_PSS_SHA256, true, 1, "SHA256"},
        {ECS_SIGN_RSA_PSS_SHA384, true, 1, "SHA384"},   {ECS_SIGN_RSA_PSS_SHA512, true, 1, "SHA512"},
        {ECS_SIGN_ECDSA_SHA256, false, 0, "SHA256"},    {ECS_SIGN_ECDSA_SHA384, false, 0, "SHA384"},
        {ECS_SIGN_ECDSA_SHA512, false, 0, "SHA512"},
    };
    struct ecs_str text = ECS_STR("what is signed"), other = ECS_STR("what is signeD");
    struct ecs_signer *s = load(key);
    uint8_t sig[ECS_SIGN_MAX], digest[64];
    unsigned digest_n;
    size_t n;

    assert_int_equal(ecs_signer_key(s), rsa ? ECS_SIGN_KEY_RSA : ECS_SIGN_KEY_EC);
    assert_int_equal(ecs_signer_bits(s), (unsigned)EVP_PKEY_get_bits(key));
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        assert_int_equal(ecs_signer_can(s, rows[i].alg), rows[i].rsa == rsa);
        if (rows[i].rsa != rsa) {
            assert_int_equal(ecs_sign(s, rows[i].alg, text, sig, &n), ECS_E_BAD_PARAMETER);
            continue;
        }
        assert_int_equal(ecs_sign(s, rows[i].alg, text, sig, &n), ECS_OK);
        assert_true(verifies(key, rows[i].md, rows[i].pss, text, sig, n));
        assert_false(verifies(key, rows[i].md, rows[i].pss, other, sig, n));
        assert_int_equal(EVP_Q_digest(NULL, rows[i].md, NULL, text.p, text.n, digest, NULL), 1);
        digest_n = (unsigned)ecs_sign_digest_len(rows[i].alg);
        assert_int_equal(ecs_sign_digest(s, rows[i].alg, (struct ecs_str){(char *)digest, digest_n}, sig, &n),
                         ECS_OK);
        assert_true(verifies(key, rows[i].md, rows[i].pss, text, sig, n));
        assert_int_equal(
            ecs_sign_digest(s, rows[i].alg, (struct ecs_str){(char *)digest, digest_n - 1}, sig, &n),
            ECS_E_BAD_PARAMETER);
    }
    assert_false(ecs_signer_can(s, ECS_SIGN_ALG_COUNT));
    ecs_signer_free(s);
}

static void test_rsa_signatures_verify(void **state)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);

    (void)state;
    check(key, true);
    EVP_PKEY_free(key);
}

static void test_ec_signatures_verify_on_all_three_curves(void **state)
{
    static const char *const curves[] = {"P-256", "P-384", "P-521"};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(curves); i++) {
        EVP_PKEY *key = EVP_EC_gen(curves[i]);

        check(key, false);
        EVP_PKEY_free(key);
    }
}

static void expect_fault(struct ecs_str pem, const char *part)
{
    char err[128] = "";

    assert_null(ecs_signer_load(pem, err, sizeof(err)));
    if (!strstr(err, part))
        fail_msg("\"%s\" does not tell \"%s\"", err, part);
}

static void test_unusable_keys_are_told(void **state)
{
    EVP_PKEY *weak = EVP_RSA_gen(1024), *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
             *ec = EVP_EC_gen("P-256");
    char pem[8192];
    struct ecs_str text;

    (void)state;
    expect_fault(pem_of(weak, NULL, pem, sizeof(pem)), "shorter than 2048");
    expect_fault(pem_of(ed, NULL, pem, sizeof(pem)), "neither RSA nor EC");
    expect_fault(pem_of(ec, "secret", pem, sizeof(pem)), "encrypted");
    expect_fault(ECS_STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "no readable");
    expect_fault(ECS_STR(""), "no readable");
    expect_fault(ECS_STR_NULL, "no readable");
    text = pem_of(ec, NULL, pem, sizeof(pem));
    text.n /= 2;
    expect_fault(text, "no readable");
    EVP_PKEY_free(weak);
    EVP_PKEY_free(ed);
    EVP_PKEY_free(ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rsa_signatures_verify),
        cmocka_unit_test(test_ec_signatures_verify_on_all_three_curves),
        cmocka_unit_test(test_unusable_keys_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
