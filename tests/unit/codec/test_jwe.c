/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted tokens: both kinds of keys, what is refused. That others can read them is shown by the system
 * tests. */
#include "vectors.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "ecs/jwe.h"
#include "ecs/jws.h"

static struct ecs_arena *arena;
static EVP_PKEY *rsa, *ec;

static int begin(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    rsa = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    return arena && rsa && ec ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    ecs_arena_free(arena);
    return 0;
}

static struct ecs_str pem_of(EVP_PKEY *key, bool private)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char out[8192];
    int n;

    assert_int_equal(private ? PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
                             : PEM_write_bio_PUBKEY(bio, key),
                     1);
    n = BIO_read(bio, out, sizeof(out));
    assert_true(n > 0);
    BIO_free(bio);
    return (struct ecs_str){ecs_strdup(arena, (struct ecs_str){out, (size_t)n}), (size_t)n};
}

static struct ecs_jwe_key *receiver_of(EVP_PKEY *key)
{
    const char *why = "";
    struct ecs_jwe_key *made = ecs_jwe_receiver_new(pem_of(key, false), "k1", &why);

    assert_null(why);
    assert_non_null(made);
    return made;
}

static struct ecs_jwe_key *private_of(EVP_PKEY *key)
{
    const char *why = "";
    struct ecs_jwe_key *made = ecs_jwe_private_new(pem_of(key, true), &why);

    assert_null(why);
    assert_non_null(made);
    return made;
}

static void check_round(EVP_PKEY *key, EVP_PKEY *other, const char *alg)
{
    struct ecs_jwe_key *receiver = receiver_of(key), *own = private_of(key), *foreign = private_of(other);
    struct ecs_str plain = ECS_STR("ncm3oq2r7ozkzc2w"), token = ecs_jwe_encrypt(receiver, plain, arena),
                   again, head;
    struct ecs_str rest = token;
    uint8_t header[256];
    ptrdiff_t n;

    assert_true(ecs_jwe_looks_like(token));
    assert_true(ecs_str_cut(&rest, '.', &head));
    n = ecs_base64_decode(head, header, sizeof(header));
    assert_true(n > 0);
    assert_true(ecs_str_find((struct ecs_str){(char *)header, (size_t)n}, ecs_str_of(alg)) > 0);
    assert_true(ecs_str_find((struct ecs_str){(char *)header, (size_t)n}, ECS_STR("\"A256GCM\"")) > 0);
    assert_true(ecs_str_find((struct ecs_str){(char *)header, (size_t)n}, ECS_STR("\"k1\"")) > 0);
    assert_true(ecs_str_eq(ecs_jwe_decrypt(own, token, arena), plain));
    assert_null(ecs_jwe_decrypt(foreign, token, arena).p);
    again = ecs_jwe_encrypt(receiver, plain, arena);
    assert_false(ecs_str_eq(token, again)); /* fresh key and nonce each time */
    ecs_jwe_key_free(receiver);
    ecs_jwe_key_free(own);
    ecs_jwe_key_free(foreign);
}

static void test_what_is_encrypted_opens_with_the_private_key_only(void **state)
{
    EVP_PKEY *rsa2 = EVP_RSA_gen(2048), *ec2 = EVP_EC_gen("P-256");

    (void)state;
    check_round(rsa, rsa2, "\"RSA-OAEP-256\"");
    check_round(ec, ec2, "\"ECDH-ES\"");
    check_round(rsa, ec, "\"RSA-OAEP-256\"");
    EVP_PKEY_free(rsa2);
    EVP_PKEY_free(ec2);
}

static void test_any_changed_character_is_noticed(void **state)
{
    EVP_PKEY *const keys[] = {rsa, ec};

    (void)state;
    for (size_t k = 0; k < ECS_ARRAY_LEN(keys); k++) {
        struct ecs_jwe_key *receiver = receiver_of(keys[k]), *own = private_of(keys[k]);
        struct ecs_str token = ecs_jwe_encrypt(receiver, ECS_STR("0123456789"), arena);

        assert_true(token.n > 100);
        assert_true(ecs_str_eq(ecs_jwe_decrypt(own, token, arena), ECS_STR("0123456789")));

        for (size_t i = 0; i < token.n; i += 11) {
            char *spoiled = ecs_strdup(arena, token);

            spoiled[i] = spoiled[i] == 'A' ? 'B' : 'A';
            if (ecs_jwe_decrypt(own, (struct ecs_str){spoiled, token.n}, arena).p)
                fail_msg("character %zu", i);
        }
        for (size_t n = 0; n < token.n; n += 17)
            assert_null(ecs_jwe_decrypt(own, (struct ecs_str){token.p, n}, arena).p);
        ecs_jwe_key_free(receiver);
        ecs_jwe_key_free(own);
    }
}

/* A header that chooses its own way is refused before anything is computed. */
static void test_other_algorithms_and_compression_are_refused(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A128CBC-HS256\"}",
        "{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A256GCM\",\"zip\":\"DEF\"}",
        "{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A256GCM\",\"crit\":[\"x\"]}",
        "{\"alg\":\"PBES2-HS256+A128KW\",\"p2c\":100000000,\"enc\":\"A256GCM\"}",
        "{\"alg\":[],\"enc\":\"A256GCM\"}",
        "[]",
    };
    struct ecs_jwe_key *own = private_of(rsa);

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(headers); i++) {
        char text[400];
        size_t n = ecs_base64_encode(headers[i], strlen(headers[i]), text);

        while (n && text[n - 1] == '=')
            n--;
        strcpy(text + n, ".AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA");
        assert_true(ecs_jwe_looks_like(ecs_str_of(text)));
        assert_null(ecs_jwe_decrypt(own, ecs_str_of(text), arena).p);
    }
    assert_null(ecs_jwe_decrypt(own, ECS_STR("...."), arena).p);
    assert_null(ecs_jwe_decrypt(own, ECS_STR("a.b.c"), arena).p);
    assert_false(ecs_jwe_looks_like(ECS_STR("a.b.c")));
    ecs_jwe_key_free(own);
}

static void test_keys_may_be_json_web_keys_and_unfit_ones_are_told(void **state)
{
    EVP_PKEY *weak = EVP_RSA_gen(1024), *p384 = EVP_EC_gen("P-384");
    const char *why = NULL;
    struct ecs_jws_signer *signer = ecs_jws_signer_new(ECS_JWS_ES256, pem_of(ec, true), "j1", &why);
    struct ecs_str set = ecs_jws_signer_jwks(signer, arena), jwk;
    struct ecs_jwe_key *receiver, *own = private_of(ec);

    (void)state;
    jwk = (struct ecs_str){set.p + strlen("{\"keys\":["), set.n - strlen("{\"keys\":[]}")};
    receiver = ecs_jwe_receiver_new(jwk, NULL, &why);
    assert_non_null(receiver);
    assert_true(ecs_str_eq(ecs_jwe_decrypt(own, ecs_jwe_encrypt(receiver, ECS_STR("x"), arena), arena),
                           ECS_STR("x")));
    ecs_jwe_key_free(receiver);
    assert_null(ecs_jwe_receiver_new(set, NULL, &why)); /* one key, no set of them */
    assert_non_null(why);
    assert_null(ecs_jwe_receiver_new(pem_of(weak, false), NULL, &why));
    assert_non_null(strstr(why, "2048"));
    assert_null(ecs_jwe_receiver_new(pem_of(p384, false), NULL, &why));
    assert_null(ecs_jwe_receiver_new(ECS_STR("nonsense"), NULL, &why));
    assert_non_null(strstr(why, "PEM"));
    assert_null(ecs_jwe_receiver_new(ECS_STR_NULL, NULL, &why));
    assert_null(ecs_jwe_private_new(pem_of(weak, true), &why));
    assert_null(ecs_jwe_private_new(pem_of(rsa, false), &why));
    assert_non_null(strstr(why, "private key"));
    ecs_jwe_key_free(NULL);
    ecs_jwe_key_free(own);
    ecs_jws_signer_free(signer);
    EVP_PKEY_free(weak);
    EVP_PKEY_free(p384);
}

/* Made by python3-cryptography with the key derivation of RFC 7518 4.6.2 written out by hand; both parties
 * are named. */
static const char foreign_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXyqRw7R9GOZgmzzS\n"
                                  "p/ToFVwNk3arIe9IC216w5EuVPehRANCAATBg6lro5DFTW9K665VtzJet30ygfvI\n"
                                  "ycf0NC8FWMyPkfQG8Z0xT4opmKKcD+QxgwVHrSaKNwKqDlVuAUwPWD9j\n"
                                  "-----END PRIVATE KEY-----\n";
static const char foreign_token[] =
    "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSIsImFwdSI6IlltRnVheUJpWVdOcklHVnVaQSIsImFwdiI6ImIz"
    "QmxjbUYwYjNJIiwiZXBrIjp7Imt0eSI6IkVDIiwiY3J2IjoiUC0yNTYiLCJ4IjoidnVvcVBFdjhFdy1ya2RZbm9ORHM3"
    "ZFpyVUxHTlVnMHJseUVkblNhMmp3WSIsInkiOiIwVWFIVmdVLW81Q1ZSamRSRUppblI3aktXUVhHRUIzd3hFdUM0Nk9G"
    "bGJVIn19"
    "..AAECAwQFBgcICQoL.nO1kKnufhYi2KHgQ.m1J172QEgL-QLhfwQFZxBQ";

static void test_a_token_of_another_implementation_that_names_its_parties_opens(void **state)
{
    const char *why = "";
    struct ecs_jwe_key *own = ecs_jwe_private_new(ecs_str_of(foreign_key), &why);
    char *spoiled = ecs_strdup(arena, ecs_str_of(foreign_token));

    (void)state;
    assert_non_null(own);
    assert_true(ecs_str_eq(ecs_jwe_decrypt(own, ecs_str_of(foreign_token), arena), ECS_STR("signed token")));
    spoiled[sizeof(foreign_token) - 3] ^= 1;
    assert_null(ecs_jwe_decrypt(own, ecs_str_of(spoiled), arena).p);
    ecs_jwe_key_free(own);
}

static void test_the_issuer_is_read_without_believing_it(void **state)
{
    struct ecs_jws_signer *signer = ecs_jws_signer_secret(ECS_STR("0123456789abcdef0123456789abcdef"), NULL);

    (void)state;
    assert_true(ecs_str_eq(ecs_jws_issuer(ecs_jws_sign(signer, ECS_STR("{\"iss\":\"joe\"}"), arena), arena),
                           ECS_STR("joe")));
    assert_null(ecs_jws_issuer(ecs_jws_sign(signer, ECS_STR("{\"iss\":7}"), arena), arena).p);
    assert_null(ecs_jws_issuer(ecs_jws_sign(signer, ECS_STR("[]"), arena), arena).p);
    assert_null(ecs_jws_issuer(ECS_STR("a.b"), arena).p);
    assert_null(ecs_jws_issuer(ECS_STR("opaque"), arena).p);
    ecs_jws_signer_free(signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_encrypted_opens_with_the_private_key_only),
        cmocka_unit_test(test_any_changed_character_is_noticed),
        cmocka_unit_test(test_other_algorithms_and_compression_are_refused),
        cmocka_unit_test(test_keys_may_be_json_web_keys_and_unfit_ones_are_told),
        cmocka_unit_test(test_a_token_of_another_implementation_that_names_its_parties_opens),
        cmocka_unit_test(test_the_issuer_is_read_without_believing_it),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
