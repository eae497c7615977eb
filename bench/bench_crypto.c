/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time of the cryptography of one EAP-AKA authentication and of a sealed token, beside the sum of the
 * bare primitives they need, with kept contexts. Best of five, one thread. Prints one JSON line. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ecs/eap_prf.h"
#include "ecs/eap_server.h"
#include "ecs/token.h"

enum { ROUNDS = 5, LOOPS = 20000 };
#define NAI "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"

struct bench {
    struct ecs_crypto *crypto;
    struct ecs_sealer *sealer;
    struct ecs_aka_key key;
    struct ecs_wrapped {
        uint8_t ki[16 + ECS_WRAP_OVERHEAD], opc[16 + ECS_WRAP_OVERHEAD];
    } wrapped;
    uint64_t sqn;
    uint8_t packet[ECS_EAP_MAX];
    size_t packet_n;
    struct ecs_eap_state state; /* of packet */
    struct ecs_token token;
    char token_text[ECS_TOKEN_TEXT_MAX + 1];
    EVP_CIPHER_CTX *aes, *gcm;
    EVP_MD_CTX *sha1;
    EVP_MD *sha1_md;
    EVP_MAC_CTX *hmac;
    uint8_t sink[512];
};

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench_crypto: %s failed\n", what);
        exit(1);
    }
}

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double best_ns(struct bench *b, void (*fn)(struct bench *b))
{
    double best = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        double begin = cpu_ns(), each;

        for (int i = 0; i < LOOPS; i++)
            fn(b);
        each = (cpu_ns() - begin) / LOOPS;
        best = each < best ? each : best;
    }
    return best;
}

/* ---- ours ---- */

static void make_vector(struct bench *b, const uint8_t rand[16], uint64_t sqn,
                        struct ecs_aka_vector *ret_vector)
{
    must(ecs_aka_vector_make(b->crypto, &b->key, rand, sqn, ret_vector) == ECS_OK, "vector");
}

static void first_request(struct bench *b)
{
    struct ecs_aka_vector vector;
    struct ecs_eap_state state;
    uint8_t rand[16];

    must(ecs_random(b->crypto, rand, sizeof(rand)), "random");
    make_vector(b, rand, b->sqn, &vector);
    must(ecs_eap_begin(b->crypto, ECS_STR(NAI), &vector, 7, 0, &state) == ECS_OK, "begin");
    b->sink[0] ^= state.request[20];
}

static void second_request(struct bench *b)
{
    struct ecs_aka_vector vector;
    struct ecs_eap_result result;

    make_vector(b, b->state.rand, b->state.sqn, &vector);
    must(ecs_eap_answer(b->crypto, &b->state, &vector, NULL, 0, b->packet, b->packet_n, &result) == ECS_OK &&
             result.verdict == ECS_EAP_V_SUCCESS,
         "answer");
}

static void unwrap_keys(struct bench *b)
{
    uint8_t id, ki[16], opc[16];
    struct ecs_aead_key *key = ecs_sealer_current(b->sealer, &id);
    struct ecs_str imsi = ECS_STR("001010000000001");

    must(ecs_wrap_open(key, imsi, ECS_STR("ki"), b->wrapped.ki, sizeof(b->wrapped.ki), ki) &&
             ecs_wrap_open(key, imsi, ECS_STR("opc"), b->wrapped.opc, sizeof(b->wrapped.opc), opc),
         "unwrap");
}

static void open_token(struct bench *b)
{
    struct ecs_token token;

    must(ecs_token_open(b->sealer, ecs_str_of(b->token_text), &token) == ECS_OK, "token open");
}

static void seal_token(struct bench *b)
{
    must(ecs_token_seal(b->crypto, b->sealer, &b->token, NULL, b->token_text) == ECS_OK, "token seal");
}

/* ---- bare primitives ---- */

static void bare_random(struct bench *b)
{
    static uint8_t pool[512];
    static size_t left;

    if (left < 16) {
        must(RAND_bytes(pool, sizeof(pool)) == 1, "RAND_bytes");
        left = sizeof(pool);
    }
    left -= 16;
    b->sink[1] ^= pool[left];
}

/* A new key, one block, then five at once: Milenage without its exclusive-ors. */
static void bare_milenage(struct bench *b)
{
    int n;

    must(EVP_EncryptInit_ex2(b->aes, NULL, b->key.ki, NULL, NULL) &&
             EVP_EncryptUpdate(b->aes, b->sink, &n, b->sink, 16) &&
             EVP_EncryptUpdate(b->aes, b->sink, &n, b->sink, 80),
         "AES");
}

static void bare_mk(struct bench *b)
{
    unsigned n;

    must(EVP_DigestInit_ex2(b->sha1, b->sha1_md, NULL) && EVP_DigestUpdate(b->sha1, NAI, sizeof(NAI) - 1) &&
             EVP_DigestUpdate(b->sha1, b->sink, 32) && EVP_DigestFinal_ex(b->sha1, b->sink, &n),
         "SHA-1");
}

static void bare_prf_k_aut(struct bench *b)
{
    uint8_t xkey[20] = {1};

    ecs_fips186_prf(xkey, b->sink, 40);
}

static void bare_prf_msk(struct bench *b)
{
    uint8_t xkey[20] = {1};

    ecs_fips186_prf(xkey, b->sink, 96);
}

static void bare_mac(struct bench *b)
{
    size_t n;

    must(EVP_MAC_init(b->hmac, b->key.ki, 16, NULL) && EVP_MAC_update(b->hmac, b->packet, 64) &&
             EVP_MAC_final(b->hmac, b->sink, &n, 20),
         "HMAC");
}

static void bare_open(struct bench *b)
{
    static uint8_t iv[12], cipher[47], tag[16];
    int n;

    /* A wrong tag costs the same up to the comparison. */
    must(EVP_DecryptInit_ex2(b->gcm, NULL, NULL, iv, NULL) && EVP_DecryptUpdate(b->gcm, NULL, &n, iv, 2) &&
             EVP_DecryptUpdate(b->gcm, b->sink, &n, cipher, sizeof(cipher)) &&
             EVP_CIPHER_CTX_ctrl(b->gcm, EVP_CTRL_AEAD_SET_TAG, 16, tag),
         "AES-GCM");
    b->sink[2] ^= (uint8_t)EVP_DecryptFinal_ex(b->gcm, b->sink, &n);
}

/* ---- set-up ---- */

static void set_up_bare(struct bench *b)
{
    EVP_CIPHER *aes = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL),
               *gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA1"}, 0),
                           OSSL_PARAM_END};
    static const uint8_t key[32] = {9};

    b->aes = EVP_CIPHER_CTX_new();
    b->gcm = EVP_CIPHER_CTX_new();
    b->sha1 = EVP_MD_CTX_new();
    b->sha1_md = EVP_MD_fetch(NULL, "SHA1", NULL);
    b->hmac = EVP_MAC_CTX_new(hmac);
    must(aes && gcm && hmac && b->aes && b->gcm && b->sha1 && b->sha1_md && b->hmac, "fetch");
    must(EVP_EncryptInit_ex2(b->aes, aes, key, NULL, NULL) && EVP_CIPHER_CTX_set_padding(b->aes, 0) &&
             EVP_DecryptInit_ex2(b->gcm, gcm, key, NULL, NULL) && EVP_MAC_init(b->hmac, key, 16, params),
         "init");
}

static void set_up_card(struct bench *b)
{
    struct ecs_aka_usim usim = {.limit = 0};
    struct ecs_aka_usim_answer answer;
    struct ecs_eap_packet challenge;
    struct ecs_aka_vector vector;
    uint8_t rand[16] = {3}, mk[20], k_aut[16];

    make_vector(b, rand, b->sqn, &vector);
    must(ecs_eap_begin(b->crypto, ECS_STR(NAI), &vector, 7, 0, &b->state) == ECS_OK, "begin");
    must(ecs_eap_decode(b->state.request, b->state.request_n, &challenge) == ECS_EAP_FAULT_NONE, "decode");
    must(ecs_aka_usim_answer(b->crypto, &b->key, rand, vector.autn, &usim, &answer) == ECS_OK &&
             answer.kind == ECS_USIM_RES,
         "card");
    must(ecs_eap_aka_mk(b->crypto, ECS_STR(NAI), answer.ik, answer.ck, mk), "MK");
    ecs_eap_aka_k_aut(mk, k_aut);
    b->packet_n = ecs_eap_make_challenge_answer(b->crypto, ECS_EAP_TYPE_AKA, 7,
                                                (struct ecs_str){(const char *)answer.res, answer.res_n},
                                                k_aut, b->packet, sizeof(b->packet));
    must(b->packet_n > 0, "answer");
}

static void set_up(struct bench *b)
{
    struct ecs_keyring ring = {.count = 1};
    struct ecs_aead_key *key;
    uint8_t id;

    b->crypto = ecs_crypto_new();
    must(b->crypto, "libcrypto");
    ring.keys[0].id = 1;
    must(ecs_random(b->crypto, ring.keys[0].key, 32) && ecs_random(b->crypto, b->key.ki, 16) &&
             ecs_random(b->crypto, b->key.opc, 16),
         "random");
    b->key.ki_n = 16;
    b->sqn = 32 << 5;
    b->sealer = ecs_sealer_new(b->crypto, &ring, ECS_STR("bench"));
    must(b->sealer, "sealer");
    key = ecs_sealer_current(b->sealer, &id);
    must(ecs_wrap_seal(b->crypto, key, id, ECS_STR("001010000000001"), ECS_STR("ki"), b->key.ki, 16,
                       b->wrapped.ki) &&
             ecs_wrap_seal(b->crypto, key, id, ECS_STR("001010000000001"), ECS_STR("opc"), b->key.opc, 16,
                           b->wrapped.opc),
         "wrap");
    must(ecs_imsi_parse(ECS_STR("001010000000001"), &b->token.imsi), "imsi");
    b->token.issued_s = 1700000000;
    b->token.expires_s = 1800000000;
    seal_token(b);
    set_up_bare(b);
    set_up_card(b);
}

int main(void)
{
    static struct bench b;
    double first, second, bare, random, milenage, mk, k_aut, msk, mac;

    set_up(&b);
    first = best_ns(&b, first_request);
    second = best_ns(&b, second_request);
    random = best_ns(&b, bare_random);
    milenage = best_ns(&b, bare_milenage);
    mk = best_ns(&b, bare_mk);
    k_aut = best_ns(&b, bare_prf_k_aut);
    msk = best_ns(&b, bare_prf_msk);
    mac = best_ns(&b, bare_mac);
    bare = random + 2 * (milenage + mk + mac) + k_aut + msk;
    printf("{\"first_ns\": %.0f, \"second_ns\": %.0f, \"unwrap_ns\": %.0f, \"bare_ns\": %.0f, "
           "\"bare_milenage_ns\": %.0f, "
           "\"bare_mk_ns\": %.0f, \"bare_prf_ns\": %.0f, \"bare_mac_ns\": %.0f, ",
           first, second, best_ns(&b, unwrap_keys), bare, milenage, mk, k_aut + msk, mac);
    printf("\"token_open_ns\": %.0f, \"token_seal_ns\": %.0f, \"bare_gcm_ns\": %.0f}\n",
           best_ns(&b, open_token), best_ns(&b, seal_token), best_ns(&b, bare_open));
    return 0;
}
