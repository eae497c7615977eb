/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Web Signatures that we make, and what is read from the claims of good ones. */
#include "vectors.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "ecs/buf.h"
#include "ecs/jws.h"

enum { ALL = (1 << ECS_JWS_ALG_COUNT) - 1 };
static const int64_t joe_s = 1300819000; /* shortly before the RFC's token expires */

static struct ecs_arena *arena;

static int begin(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    return arena ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    ecs_arena_free(arena);
    return 0;
}

static enum ecs_jws_verdict verify(const char *token, const struct ecs_jwk_set *keys, unsigned algs)
{
    struct ecs_jws_expect expect = {.algs = algs, .now = joe_s, .iss = ECS_STR("joe"), .need_exp = true};
    struct ecs_jws_claims claims;

    assert_non_null(keys);
    return ecs_jws_verify(ecs_str_of(token), keys, &expect, arena, &claims);
}

static struct ecs_str pem_of(EVP_PKEY *key, char *out, size_t out_n)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int n;

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    n = BIO_read(bio, out, (int)out_n);
    assert_true(n > 0);
    BIO_free(bio);
    return (struct ecs_str){out, (size_t)n};
}

static void check_round(EVP_PKEY *key, enum ecs_jws_alg alg)
{
    char pem[8192];
    const char *reason = NULL;
    struct ecs_str text = pem_of(key, pem, sizeof(pem)), token, jwks;
    struct ecs_jws_signer *signer = ecs_jws_signer_new(alg, text, "k1", &reason);
    struct ecs_jwk_set *by_pem = ecs_jwk_set_pem(text, "k1"), *other = ecs_jwk_set_pem(text, "k2"),
                       *published;

    assert_null(reason);
    token = ecs_jws_sign(signer, ECS_STR("{\"iss\":\"joe\",\"exp\":1300819380}"), arena);
    jwks = ecs_jws_signer_jwks(signer, arena);
    assert_true(ecs_str_find(jwks, ECS_STR("\"d\"")) < 0);
    published = ecs_jwk_set_parse(jwks);
    assert_int_equal(verify(token.p, by_pem, 1U << alg), ECS_JWS_OK);
    assert_int_equal(verify(token.p, published, 1U << alg), ECS_JWS_OK);
    assert_int_equal(verify(token.p, other, 1U << alg), ECS_JWS_NO_KEY);
    assert_int_equal(verify(token.p, by_pem, ALL & ~(1U << alg)), ECS_JWS_ALGORITHM);
    assert_true(ecs_str_eq(ecs_jws_kid(token, arena), ECS_STR("k1")));
    ecs_jwk_set_free(by_pem);
    ecs_jwk_set_free(other);
    ecs_jwk_set_free(published);
    ecs_jws_signer_free(signer);
}

static void test_what_is_signed_verifies(void **state)
{
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *ec = EVP_EC_gen("P-256");
    struct ecs_str secret = ECS_STR("0123456789abcdef0123456789abcdef"), token;
    struct ecs_jws_signer *signer = ecs_jws_signer_secret(secret, NULL);
    struct ecs_jwk_set *keys = ecs_jwk_set_secret(secret);

    (void)state;
    check_round(rsa, ECS_JWS_RS256);
    check_round(rsa, ECS_JWS_PS256);
    check_round(ec, ECS_JWS_ES256);
    token = ecs_jws_sign(signer, ECS_STR("{\"iss\":\"joe\",\"exp\":1300819380}"), arena);
    assert_int_equal(verify(token.p, keys, ALL), ECS_JWS_OK);
    assert_null(ecs_jws_signer_jwks(signer, arena).p);
    assert_null(ecs_jws_signer_secret(ECS_STR("short"), NULL));
    ecs_jws_signer_free(signer);
    ecs_jwk_set_free(keys);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

static void test_unfit_private_keys_are_told(void **state)
{
    EVP_PKEY *weak = EVP_RSA_gen(1024), *rsa = EVP_RSA_gen(2048), *p384 = EVP_EC_gen("P-384"),
             *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    const struct {
        EVP_PKEY *key;
        enum ecs_jws_alg alg;
        const char *reason;
    } rows[] = {
        {weak, ECS_JWS_RS256, "2048"}, {rsa, ECS_JWS_ES256, "P-256"},  {p384, ECS_JWS_ES256, "P-256"},
        {p384, ECS_JWS_RS256, "RSA"},  {ed, ECS_JWS_ES256, "neither"}, {rsa, ECS_JWS_HS256, "HS256"},
    };
    const char *reason = NULL;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        char pem[8192];

        assert_null(ecs_jws_signer_new(rows[i].alg, pem_of(rows[i].key, pem, sizeof(pem)), NULL, &reason));
        assert_non_null(reason);
        assert_non_null(strstr(reason, rows[i].reason));
        if (rows[i].key != rsa)
            assert_null(ecs_jwk_set_pem(pem_of(rows[i].key, pem, sizeof(pem)), NULL));
    }
    assert_null(ecs_jws_signer_new(ECS_JWS_RS256, ECS_STR("no key"), NULL, &reason));
    assert_non_null(strstr(reason, "PEM"));
    assert_null(ecs_jwk_set_pem(ECS_STR_NULL, NULL));
    EVP_PKEY_free(weak);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(ed);
}

enum { NAMED, OTHER, BARE, STRANGE, SIGNERS }; /* kid "named", kid "other", none, none */

static void open_signers(struct ecs_jws_signer *ret_signer[SIGNERS])
{
    static const char *const kids[SIGNERS] = {[NAMED] = "named", [OTHER] = "other"};

    for (size_t i = 0; i < SIGNERS; i++) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        const char *reason = NULL;
        char pem[1024];

        ret_signer[i] = ecs_jws_signer_new(ECS_JWS_ES256, pem_of(key, pem, sizeof(pem)), kids[i], &reason);
        assert_non_null(ret_signer[i]);
        EVP_PKEY_free(key);
    }
}

/* The key as a member of a set. */
static void add_jwk(struct ecs_buf *buf, const struct ecs_jws_signer *signer)
{
    struct ecs_str set = ecs_jws_signer_jwks(signer, arena), head = ECS_STR("{\"keys\":[");

    assert_true(ecs_str_starts_with(set, head) && ecs_str_ends_with(set, ECS_STR("]}")));
    if (buf->n > head.n)
        ecs_buf_add_char(buf, ',');
    ecs_buf_add(buf, set.p + head.n, set.n - head.n - 2);
}

/* The verdict on a token of one signer by a set that has n times the key that nobody uses, then first,
 * second.
 */
static enum ecs_jws_verdict judge_crowded(struct ecs_jws_signer *const *signer, int of, int n, int first,
                                          int second)
{
    struct ecs_jws_expect expect = {.algs = ALL, .now = joe_s};
    struct ecs_str token = ecs_jws_sign(signer[of], ECS_STR("{\"iss\":\"joe\"}"), arena);
    struct ecs_jws_claims claims;
    enum ecs_jws_verdict verdict;
    struct ecs_jwk_set *keys;
    struct ecs_buf buf = {0};

    ecs_buf_add_cstr(&buf, "{\"keys\":[");
    for (int i = 0; i < n; i++)
        add_jwk(&buf, signer[STRANGE]);
    add_jwk(&buf, signer[first]);
    add_jwk(&buf, signer[second]);
    ecs_buf_add_cstr(&buf, "]}");
    keys = ecs_jwk_set_parse(ecs_buf_str(&buf));
    ecs_buf_done(&buf);
    assert_non_null(keys);
    assert_int_equal(ecs_jwk_set_size(keys), n + 2);
    verdict = ecs_jws_verify(token, keys, &expect, arena, &claims);
    ecs_jwk_set_free(keys);
    return verdict;
}

static void test_the_named_key_is_found_behind_many_without_a_name(void **state)
{
    struct ecs_jws_signer *signer[SIGNERS];

    (void)state;
    open_signers(signer);
    assert_int_equal(judge_crowded(signer, NAMED, 9, OTHER, NAMED), ECS_JWS_OK);
    assert_int_equal(judge_crowded(signer, NAMED, 62, OTHER, NAMED), ECS_JWS_OK);
    /* without that name in the set, one of the nameless may be it: eight are tried */
    assert_int_equal(judge_crowded(signer, NAMED, 9, OTHER, OTHER), ECS_JWS_SIGNATURE);
    assert_int_equal(judge_crowded(signer, NAMED, 0, OTHER, OTHER), ECS_JWS_NO_KEY);
    /* a token without a name: any key, also one with a name, among the first eight */
    assert_int_equal(judge_crowded(signer, BARE, 7, BARE, OTHER), ECS_JWS_OK);
    assert_int_equal(judge_crowded(signer, BARE, 7, OTHER, BARE), ECS_JWS_SIGNATURE);
    for (size_t i = 0; i < SIGNERS; i++)
        ecs_jws_signer_free(signer[i]);
}

static void test_a_nameless_key_serves_a_token_with_a_name(void **state)
{
    struct ecs_str secret = ECS_STR("0123456789abcdef0123456789abcdef");
    struct ecs_jws_signer *signer = ecs_jws_signer_secret(secret, "named");
    struct ecs_jwk_set *keys = ecs_jwk_set_secret(secret);
    struct ecs_jws_expect expect = {.algs = ALL, .now = joe_s};
    struct ecs_str token = ecs_jws_sign(signer, ECS_STR("{\"iss\":\"joe\"}"), arena);
    struct ecs_jws_claims claims;

    (void)state;
    assert_true(ecs_str_eq(ecs_jws_kid(token, arena), ECS_STR("named")));
    assert_int_equal(ecs_jws_verify(token, keys, &expect, arena, &claims), ECS_JWS_OK);
    assert_true(ecs_str_eq(claims.kid, ECS_STR("named")));
    ecs_jws_signer_free(signer);
    ecs_jwk_set_free(keys);
}

static void test_claims_are_read_by_name(void **state)
{
    struct ecs_jws_claims claims = {
        .json =
            ECS_STR("{\"a\":{\"b\":{\"c\":\"deep\"}},\"https://x.example/y\":\"dotted\",\"n\":12,\"r\":1.5,"
                    "\"t\":true,\"scope\":\"one two\",\"list\":[\"p q\",\"r\",5],\"e\":\"\"}")};

    (void)state;
    assert_string_equal(ecs_jws_claim(&claims, "a.b.c", arena).p, "deep");
    assert_string_equal(ecs_jws_claim(&claims, "https://x.example/y", arena).p, "dotted");
    assert_string_equal(ecs_jws_claim(&claims, "n", arena).p, "12");
    assert_string_equal(ecs_jws_claim(&claims, "r", arena).p, "1.5");
    assert_string_equal(ecs_jws_claim(&claims, "e", arena).p, "");
    assert_null(ecs_jws_claim(&claims, "t", arena).p);
    assert_null(ecs_jws_claim(&claims, "a.b", arena).p);
    assert_null(ecs_jws_claim(&claims, "a.x.c", arena).p);
    assert_null(ecs_jws_claim(&claims, "scope.x", arena).p);
    assert_true(ecs_jws_claim_has(&claims, "scope", ECS_STR("two")));
    assert_true(ecs_jws_claim_has(&claims, "list", ECS_STR("r")));
    assert_true(ecs_jws_claim_has(&claims, "list", ECS_STR("p q")));
    assert_false(ecs_jws_claim_has(&claims, "list", ECS_STR("q")));
    assert_false(ecs_jws_claim_has(&claims, "scope", ECS_STR("on")));
    assert_false(ecs_jws_claim_has(&claims, "scope", ECS_STR("")));
    assert_false(ecs_jws_claim_has(&claims, "nothing", ECS_STR("one")));
}

static enum ecs_jws_verdict judge(const char *claims_json, const struct ecs_jws_expect *expect)
{
    struct ecs_str secret = ECS_STR("0123456789abcdef0123456789abcdef");
    struct ecs_jws_signer *signer = ecs_jws_signer_secret(secret, NULL);
    struct ecs_jwk_set *keys = ecs_jwk_set_secret(secret);
    struct ecs_str token = ecs_jws_sign(signer, ecs_str_of(claims_json), arena);
    struct ecs_jws_claims claims;
    enum ecs_jws_verdict verdict = ecs_jws_verify(token, keys, expect, arena, &claims);

    ecs_jws_signer_free(signer);
    ecs_jwk_set_free(keys);
    return verdict;
}

static void test_authorized_party_and_nonce_of_openid_connect(void **state)
{
    struct ecs_str us = ECS_STR("us");
    struct ecs_jws_expect e = {
        .algs = ALL, .now = 1000, .aud = &us, .aud_n = 1, .azp = us, .nonce = ECS_STR("n1")};

    (void)state;
    assert_int_equal(judge("{\"aud\":\"us\",\"nonce\":\"n1\"}", &e), ECS_JWS_OK);
    assert_int_equal(judge("{\"aud\":[\"us\"],\"nonce\":\"n1\"}", &e), ECS_JWS_OK);
    assert_int_equal(judge("{\"aud\":[\"us\",\"x\"],\"nonce\":\"n1\"}", &e), ECS_JWS_AUDIENCE);
    assert_int_equal(judge("{\"aud\":[\"us\",\"x\"],\"azp\":\"us\",\"nonce\":\"n1\"}", &e), ECS_JWS_OK);
    assert_int_equal(judge("{\"aud\":\"us\",\"azp\":\"x\",\"nonce\":\"n1\"}", &e), ECS_JWS_AUDIENCE);
    assert_int_equal(judge("{\"aud\":\"us\",\"azp\":5,\"nonce\":\"n1\"}", &e), ECS_JWS_CLAIMS);
    assert_int_equal(judge("{\"aud\":\"us\",\"nonce\":\"n2\"}", &e), ECS_JWS_NONCE);
    assert_int_equal(judge("{\"aud\":\"us\"}", &e), ECS_JWS_NONCE);
}

static void test_age_is_bounded_with_and_without_expiry(void **state)
{
    struct ecs_jws_expect e = {.algs = ALL, .now = 10000, .max_life_s = 300, .skew_s = 5};

    (void)state;
    assert_int_equal(judge("{\"iat\":9700}", &e), ECS_JWS_OK);
    assert_int_equal(judge("{\"iat\":9694}", &e), ECS_JWS_TOO_OLD);
    assert_int_equal(judge("{\"iat\":9900,\"exp\":10200}", &e), ECS_JWS_OK);
    assert_int_equal(judge("{\"iat\":9900,\"exp\":10201}", &e), ECS_JWS_TOO_OLD);
    assert_int_equal(judge("{\"sub\":\"x\"}", &e), ECS_JWS_CLAIMS);
    e.need_iat = true;
    assert_int_equal(judge("{\"exp\":10100}", &e), ECS_JWS_CLAIMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_signed_verifies),
        cmocka_unit_test(test_unfit_private_keys_are_told),
        cmocka_unit_test(test_the_named_key_is_found_behind_many_without_a_name),
        cmocka_unit_test(test_a_nameless_key_serves_a_token_with_a_name),
        cmocka_unit_test(test_claims_are_read_by_name),
        cmocka_unit_test(test_authorized_party_and_nonce_of_openid_connect),
        cmocka_unit_test(test_age_is_bounded_with_and_without_expiry),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
