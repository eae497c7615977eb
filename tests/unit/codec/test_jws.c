/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Web Signatures: vectors of RFC 7515, tokens of another implementation, algorithm confusion, key sets.
 */
#include "vectors.h"

#include "ecs/buf.h"
#include "ecs/jws.h"

#define A1_PAYLOAD                                                                                           \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define A1_TOKEN                                                                                             \
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." A1_PAYLOAD ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define A1_KEY "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define A2_N                                                                                                 \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-" \
    "SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"        \
    "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-"                   \
    "DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define A2_TOKEN                                                                                             \
    "eyJhbGciOiJSUzI1NiJ9." A1_PAYLOAD                                                                       \
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"                 \
    "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"                                              \
    "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07"                                                         \
    "Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"                                                            \
    "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6Lbg"                                           \
    "GY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define A3_XY                                                                                                \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_"                          \
    "tue659LNpXW6pCyStikYjKIWI5a0\""
#define A3_TOKEN                                                                                             \
    "eyJhbGciOiJFUzI1NiJ9." A1_PAYLOAD                                                                       \
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define RSA_JWK "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" A2_N "\""
#define EC_JWK  "{\"kty\":\"EC\",\"crv\":\"P-256\"," A3_XY

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

static struct ecs_jwk_set *set_of(const char *members)
{
    return ecs_jwk_set_parse(ecs_str_of(members));
}

static struct ecs_jwk_set *rfc_secret(void)
{
    uint8_t bytes[64];

    assert_int_equal(ecs_base64_decode(ECS_STR(A1_KEY), bytes, sizeof(bytes)), 64);
    return ecs_jwk_set_secret((struct ecs_str){(char *)bytes, sizeof(bytes)});
}

static void test_tokens_of_rfc_7515_are_good(void **state)
{
    struct ecs_jwk_set *hs = rfc_secret(), *rs = set_of("{\"keys\":[" RSA_JWK "}]}"),
                       *es = set_of("{\"keys\":[" EC_JWK "}]}");
    struct ecs_jws_expect expect = {.algs = 1U << ECS_JWS_HS256, .now = joe_s};
    struct ecs_jws_claims claims;

    (void)state;
    assert_int_equal(verify(A1_TOKEN, hs, 1U << ECS_JWS_HS256), ECS_JWS_OK);
    assert_int_equal(verify(A2_TOKEN, rs, 1U << ECS_JWS_RS256), ECS_JWS_OK);
    assert_int_equal(verify(A3_TOKEN, es, 1U << ECS_JWS_ES256), ECS_JWS_OK);
    assert_int_equal(ecs_jws_verify(ECS_STR(A1_TOKEN), hs, &expect, arena, &claims), ECS_JWS_OK);
    assert_true(ecs_str_eq(claims.iss, ECS_STR("joe")));
    assert_int_equal(claims.exp, 1300819380);
    assert_null(claims.sub.p);
    assert_true(ecs_str_eq(claims.json, ECS_STR("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                                                "\"http://example.com/is_root\":true}")));
    ecs_jwk_set_free(hs);
    ecs_jwk_set_free(rs);
    ecs_jwk_set_free(es);
}

static enum ecs_jws_verdict verdict_of(const char *word)
{
    static const char *const words[] = {
        [ECS_JWS_OK] = "OK",
        [ECS_JWS_MALFORMED] = "MALFORMED",
        [ECS_JWS_ALGORITHM] = "ALGORITHM",
        [ECS_JWS_NO_KEY] = "NO_KEY",
        [ECS_JWS_SIGNATURE] = "SIGNATURE",
        [ECS_JWS_EXPIRED] = "EXPIRED",
        [ECS_JWS_NOT_YET] = "NOT_YET",
        [ECS_JWS_TOO_OLD] = "TOO_OLD",
        [ECS_JWS_ISSUER] = "ISSUER",
        [ECS_JWS_AUDIENCE] = "AUDIENCE",
        [ECS_JWS_NONCE] = "NONCE",
        [ECS_JWS_CLAIMS] = "CLAIMS",
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(words); i++)
        if (strcmp(words[i], word) == 0)
            return i;
    fail_msg("unknown verdict %s", word);
    return ECS_JWS_OK;
}

static unsigned algs_of(const char *words)
{
    struct ecs_str rest = ecs_str_of(words), word;
    enum ecs_jws_alg alg;
    unsigned algs = 0;

    while (ecs_str_cut(&rest, ',', &word)) {
        assert_true(ecs_jws_alg_find(word, &alg));
        algs |= 1U << alg;
    }
    return algs;
}

struct named_set {
    char name[32];
    struct ecs_jwk_set *set;
};

static void check_foreign(char *const *column, const struct named_set *sets, size_t n)
{
    struct ecs_str aud[] = {ECS_STR("https://nobody.example.net/"), ECS_STR("https://as.example.net/token")};
    struct ecs_jws_expect expect = {.algs = algs_of(column[3]),
                                    .iss = ECS_STR("mdm-7"),
                                    .aud = aud,
                                    .aud_n = 2,
                                    .now = 1780000000,
                                    .skew_s = 10,
                                    .max_life_s = 300,
                                    .need_exp = true,
                                    .need_jti = true,
                                    .need_sub = true};
    enum ecs_jws_verdict want = verdict_of(column[4]), got = ECS_JWS_OK;
    struct ecs_jws_claims claims = {0};
    bool found = false;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(sets[i].name, column[2]) != 0)
            continue;
        found = true;
        got = ecs_jws_verify(ecs_str_of(column[5]), sets[i].set, &expect, arena, &claims);
    }
    assert_true(found);
    if (got != want)
        fail_msg("%s: %s instead of %s", column[1], ecs_jws_verdict_text(got), column[4]);
    assert_int_equal(claims.json.p != NULL, want == ECS_JWS_OK);
}

static void test_tokens_of_another_implementation(void **state)
{
    struct named_set sets[8] = {{"secret", NULL}};
    struct vec v = vec_open("jws_pyjwt.txt");
    uint8_t bytes[2048];
    size_t n = 1;
    unsigned tokens = 0;
    int columns;

    (void)state;
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    sets[0].set = ecs_jwk_set_secret((struct ecs_str){(char *)bytes, 32});
    while ((columns = vec_next(&v)) > 0) {
        if (strcmp(v.column[0], "set") == 0) {
            ptrdiff_t len = ecs_base64_decode(ecs_str_of(v.column[2]), bytes, sizeof(bytes));

            assert_true(len > 0 && n < ECS_ARRAY_LEN(sets));
            snprintf(sets[n].name, sizeof(sets[n].name), "%s", v.column[1]);
            sets[n].set = ecs_jwk_set_parse((struct ecs_str){(char *)bytes, (size_t)len});
            assert_non_null(sets[n].set);
            n++;
            continue;
        }
        assert_int_equal(columns, 6);
        check_foreign(v.column, sets, n);
        tokens++;
    }
    assert_true(tokens > 50);
    while (n > 0)
        ecs_jwk_set_free(sets[--n].set);
}

static void test_each_changed_character_is_noticed(void **state)
{
    struct ecs_jwk_set *keys = rfc_secret();
    char token[] = A1_TOKEN;

    (void)state;
    for (size_t i = 0; i < sizeof(token) - 1; i++) {
        char was = token[i];

        token[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify(token, keys, ALL), ECS_JWS_OK);
        token[i] = was;
    }
    for (size_t n = 0; n < sizeof(token) - 1; n++) {
        struct ecs_jws_expect expect = {.algs = ALL, .now = joe_s};
        struct ecs_jws_claims claims;

        assert_int_not_equal(ecs_jws_verify((struct ecs_str){token, n}, keys, &expect, arena, &claims),
                             ECS_JWS_OK);
    }
    ecs_jwk_set_free(keys);
}

static void test_other_forms_are_malformed(void **state)
{
    static const char *const rows[] = {
        "",
        ".",
        "..",
        "a.b",
        "e30.e30",
        "e30.e30.",
        "e30=.e30.AAAA",
        A1_TOKEN ".",
        A1_TOKEN "=",
        " " A1_TOKEN,
        A1_TOKEN "\n",
        A1_TOKEN ".AAAA.AAAA",
        "bm8ganNvbg." A1_PAYLOAD ".AAAA",
        "W10." A1_PAYLOAD ".AAAA",
        /* {"alg":"HS256","alg":"none"} */
        "eyJhbGciOiJIUzI1NiIsImFsZyI6Im5vbmUifQ." A1_PAYLOAD ".AAAA",
        /* the last character has bits behind the last byte */
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." A1_PAYLOAD ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl",
    };
    struct ecs_jwk_set *keys = rfc_secret();

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        enum ecs_jws_verdict verdict = verify(rows[i], keys, ALL);

        /* {} is JSON, but has no algorithm */
        if (verdict != (strcmp(rows[i], "e30.e30.") ? ECS_JWS_MALFORMED : ECS_JWS_ALGORITHM))
            fail_msg("%zu: %s", i, ecs_jws_verdict_text(verdict));
    }
    ecs_jwk_set_free(keys);
}

static void test_long_tokens_are_not_read(void **state)
{
    char *token = malloc(20000);
    struct ecs_jwk_set *keys = rfc_secret();

    (void)state;
    assert_non_null(token);
    memset(token, 'A', 20000);
    memcpy(token, A1_TOKEN, sizeof(A1_TOKEN) - 1);
    token[16385] = '\0';
    assert_int_equal(verify(token, keys, ALL), ECS_JWS_MALFORMED);
    ecs_jwk_set_free(keys);
    free(token);
}

static void test_key_sets_keep_only_usable_keys(void **state)
{
    static const struct {
        const char *text;
        int size; /* -1: no set */
    } rows[] = {
        {"{\"keys\":[]}", 0},
        {"{\"keys\":[" RSA_JWK "}," EC_JWK "}]}", 2},
        {"{\"keys\":[" RSA_JWK ",\"use\":\"sig\",\"alg\":\"PS256\",\"kid\":\"a\",\"x5c\":[\"x\"]}]}", 1},
        {"{\"keys\":[" RSA_JWK ",\"use\":\"enc\"}]}", 0},
        {"{\"keys\":[" RSA_JWK ",\"alg\":\"RSA-OAEP\"}]}", 0},
        {"{\"keys\":[" RSA_JWK ",\"alg\":\"ES256\"}]}", 0},
        {"{\"keys\":[" RSA_JWK ",\"key_ops\":[\"encrypt\"]}]}", 0},
        {"{\"keys\":[" RSA_JWK ",\"key_ops\":[\"encrypt\",\"verify\"]}]}", 1},
        {"{\"keys\":[" RSA_JWK ",\"kid\":7}]}", 0},
        {"{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAA\",\"n\":\"" A2_N "\"}]}", 0},
        {"{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AAEAAQ\",\"n\":\"" A2_N "\"}]}", 1},
        {"{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"AQAB\"}]}", 0},
        {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" A2_N "\"}]}", 0},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"" A1_KEY "\",\"alg\":\"HS256\"}]}", 0},
        {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
         "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
         0},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\"," A3_XY "}]}", 0},
        /* a point that is not on the curve */
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
         "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}]}",
         0},
        {"{\"keys\":[7,null,\"x\",[]]}", 0},
        {"{\"keys\":{}}", -1},
        {"[]", -1},
        {"", -1},
        {"{}", -1},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_jwk_set *set = set_of(rows[i].text);

        if ((set ? (int)ecs_jwk_set_size(set) : -1) != rows[i].size)
            fail_msg("%zu: %s", i, rows[i].text);
        ecs_jwk_set_free(set);
    }
    assert_null(ecs_jwk_set_parse(ECS_STR_NULL));
}

static void test_key_sets_have_bounds(void **state)
{
    struct ecs_buf buf = {0};
    struct ecs_jwk_set *set;

    (void)state;
    for (int keys = 64; keys <= 65; keys++) {
        ecs_buf_reset(&buf);
        for (int i = 0; i < keys; i++)
            ecs_buf_printf(&buf, "%s" EC_JWK ",\"kid\":\"k%d\"}", i ? "," : "{\"keys\":[", i);
        ecs_buf_add_cstr(&buf, "]}");
        set = ecs_jwk_set_parse(ecs_buf_str(&buf));
        assert_int_equal(set != NULL, keys == 64);
        if (set) {
            assert_int_equal(ecs_jwk_set_size(set), 64);
            assert_true(ecs_jwk_set_has(set, ECS_STR("k63")));
            assert_false(ecs_jwk_set_has(set, ECS_STR("k64")));
        }
        ecs_jwk_set_free(set);
    }
    ecs_buf_reset(&buf);
    ecs_buf_add_cstr(&buf, "{\"keys\":[]");
    while (buf.n < 65536)
        ecs_buf_add_char(&buf, ' ');
    ecs_buf_add_char(&buf, '}');
    assert_null(ecs_jwk_set_parse(ecs_buf_str(&buf)));
    ecs_buf_done(&buf);
    assert_null(ecs_jwk_set_secret(ECS_STR("0123456789abcdef0123456789abcde")));
    assert_null(ecs_jwk_set_secret(ECS_STR_NULL));
}

static void test_key_id_is_read_without_trust(void **state)
{
    struct ecs_str kid;

    (void)state;
    /* {"alg":"RS256","kid":"r1"} */
    kid = ecs_jws_kid(ECS_STR("eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIn0.e30.AAAA"), arena);
    assert_true(ecs_str_eq(kid, ECS_STR("r1")));
    assert_null(ecs_jws_kid(ECS_STR(A1_TOKEN), arena).p);
    assert_null(ecs_jws_kid(ECS_STR("x"), arena).p);
    assert_null(ecs_jws_kid(ECS_STR_NULL, arena).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_of_rfc_7515_are_good),
        cmocka_unit_test(test_tokens_of_another_implementation),
        cmocka_unit_test(test_each_changed_character_is_noticed),
        cmocka_unit_test(test_other_forms_are_malformed),
        cmocka_unit_test(test_long_tokens_are_not_read),
        cmocka_unit_test(test_key_sets_keep_only_usable_keys),
        cmocka_unit_test(test_key_sets_have_bounds),
        cmocka_unit_test(test_key_id_is_read_without_trust),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
