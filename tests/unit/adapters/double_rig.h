/* SPDX-License-Identifier: Apache-2.0 */
/* One plain double, a neighbour that asks it, its rules and its log; keys for signatures. */
#pragma once

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "../http_double.h"
#include "ecs/jws.h"

static struct http_double origin;

struct world {
    struct rig rig;
    struct ecs_neighbour *n;
    struct ecs_arena *arena;
};

RIG_HELPER const char *origin_url(const char *path)
{
    static char url[4][256];
    static unsigned turn;
    char *p = url[turn++ % 4];

    snprintf(p, 256, "http://localhost:%u%s", origin.port, path);
    return p;
}

RIG_HELPER int start_origin(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    double_start(&origin, NULL);
    return 0;
}

RIG_HELPER int stop_origin(void **state)
{
    (void)state;
    double_stop(&origin);
    return 0;
}

RIG_HELPER void world_open(struct world *w)
{
    const struct ecs_neighbour_conf conf = {.name = "origin", .allow_plain = true, .breaker_failures = 100};

    rig_open(&w->rig);
    w->n = ecs_neighbour_new(w->rig.pool, &conf);
    assert_non_null(w->n);
    w->arena = ecs_arena_new(NULL, 0);
    (void)rig_text(&w->rig, w->n, "DELETE", origin_url("/_double/rules"), NULL);
    (void)rig_text(&w->rig, w->n, "DELETE", origin_url("/_double/log"), NULL);
}

RIG_HELPER void world_close(struct world *w)
{
    ecs_neighbour_free(w->n);
    rig_close(&w->rig);
    ecs_arena_free(w->arena);
}

/* One rule as JSON, instead of those that are there. */
RIG_HELPER void set_rule(struct world *w, const char *rule)
{
    char list[16384];

    (void)rig_text(&w->rig, w->n, "DELETE", origin_url("/_double/rules"), NULL);
    assert_true(snprintf(list, sizeof(list), "[%s]", rule) < (int)sizeof(list));
    (void)rig_text(&w->rig, w->n, "POST", origin_url("/_double/rules"), list);
}

RIG_HELPER const char *origin_log(struct world *w)
{
    return rig_text(&w->rig, w->n, "GET", origin_url("/_double/log"), NULL);
}

/* Requests so far. */
RIG_HELPER int asked_times(struct world *w)
{
    int n = 0;

    for (const char *at = origin_log(w); (at = strstr(at, "\"method\": ")); at++)
        n++;
    return n;
}

RIG_HELPER struct ecs_jws_signer *new_signer(struct world *w, const char *kid)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    struct ecs_jws_signer *signer;
    const char *reason = "";
    char *text;
    long n;

    (void)w;
    assert_true(key && bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
    n = BIO_get_mem_data(bio, &text);
    signer = ecs_jws_signer_new(ECS_JWS_ES256, (struct ecs_str){text, (size_t)n}, kid, &reason);
    if (!signer)
        fail_msg("%s", reason);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return signer;
}
