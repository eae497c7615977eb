/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of an engine, read once out of its settings, and what is made with them: SimIDs and forms of numbers.
 */
#include "userinfo_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecs/buf.h"
#include "ecs/crypto.h"
#include "ecs/policy.h"

#define ENCODED "encodedValue="

const struct userinfo_keys *userinfo_keys_of(const struct ecs_userinfo_env *env)
{
    return env->own;
}

/* ---- reading ---- */

static bool read_app(const struct ecs_userinfo_app_conf *app, struct userinfo_app_keys *keys)
{
    struct ecs_str text = ecs_str_trim(ecs_str_of(app->access_token_key));
    const char *why;
    enum ecs_jws_alg alg;

    if (text.n)
        keys->public = text.p[0] == '{' ? ecs_jwk_set_parse(text) : ecs_jwk_set_pem(text, NULL);
    if (app->access_token_secret)
        keys->secret = ecs_jwk_set_secret(ecs_str_of(app->access_token_secret));
    if (app->encryption_key)
        keys->receiver = ecs_jwe_receiver_new(ecs_str_of(app->encryption_key), NULL, &why);
    for (size_t i = 0; i < app->algorithms.n; i++)
        if (ecs_jws_alg_find(app->algorithms.items[i], &alg))
            keys->algs |= 1u << alg;
    return !text.n == !keys->public && !app->access_token_secret == !keys->secret &&
           !app->encryption_key == !keys->receiver;
}

static bool read_own(const struct ecs_userinfo_env *env, struct userinfo_keys *keys)
{
    const struct ecs_userinfo_conf *c = env->conf;
    const char *why;

    keys->has_sim_key =
        c->sim_id_key && ecs_hex_decode(ecs_str_of(c->sim_id_key), keys->sim_key, sizeof(keys->sim_key));
    if (c->form_key)
        keys->number = ecs_jwe_receiver_new(ecs_str_of(c->form_key), NULL, &why);
    if (c->access_key)
        keys->private = ecs_jwe_private_new(ecs_str_of(c->access_key), &why);
    if (c->auth_url[0])
        keys->auth_url = strdup(c->auth_url);
    else if (asprintf(&keys->auth_url, "%s/", env->public_url) < 0)
        keys->auth_url = NULL;
    keys->apps = calloc(env->app_n + 1, sizeof(*keys->apps));
    return keys->auth_url && keys->apps && !c->form_key == !keys->number && !c->access_key == !keys->private;
}

static void list_audiences(const struct ecs_userinfo_env *env, struct userinfo_keys *keys)
{
    if (env->public_url[0])
        keys->audiences[keys->audience_n++] = ecs_str_of(env->public_url);
    /* A mere slash when nothing is set: an empty list would admit every audience. */
    keys->audiences[keys->audience_n++] = ecs_str_of(keys->auth_url);
    for (size_t i = 0; i < env->conf->audiences.n && keys->audience_n < USERINFO_AUDIENCES; i++)
        keys->audiences[keys->audience_n++] = env->conf->audiences.items[i];
}

/* ---- what does not go together ---- */

struct sim_check {
    bool keyed;
};

static void look_at_sim_id(void *arg, struct ecs_str text, int64_t number, const char *file, unsigned line)
{
    struct sim_check *check = arg;

    (void)text, (void)file, (void)line;
    check->keyed |= number != ECS_SIM_ID_IMSI;
}

/* NULL or the sentence. */
static const char *conflict_of(const struct ecs_userinfo_env *env, unsigned offered)
{
    const struct ecs_userinfo_conf *c = env->conf;
    unsigned served = ecs_userinfo_operations(c, offered);
    struct sim_check check = {false};

    if (env->policy)
        ecs_policy_values_of(env->policy, ECS_DECIDE_USERINFO_SIM_ID, look_at_sim_id, &check);
    if (served & 1u << ECS_OP_GET_SUBSCRIBER_INFO && check.keyed && !c->sim_id_key)
        return "number.sim_id_key is missing: the policy userinfo gives SimIDs made with it (or take "
               "GetSubscriberInfo out "
               "of number.operations)";
    if (served & 1u << ECS_OP_ACQUIRE_OPERATOR_TOKEN && env->app_n && !c->auth_url[0] && !env->public_url[0])
        return "number.auth_url or web.public_url is needed for operator tokens";
    for (size_t i = 0; i < env->app_n; i++)
        for (size_t k = 0; k < i; k++)
            if (ecs_str_eq_nocase(ecs_str_of(env->apps[i].client_id), ecs_str_of(env->apps[k].client_id)))
                return "applications: a client_id stands twice";
    return NULL;
}

bool ecs_userinfo_env_init(struct ecs_userinfo_env *env, unsigned offered, char *why, size_t why_n)
{
    struct userinfo_keys *keys = calloc(1, sizeof(*keys));
    const char *conflict = conflict_of(env, offered);
    bool good = keys != NULL;

    env->own = keys;
    if (good)
        good = read_own(env, keys);
    for (size_t i = 0; good && i < env->app_n; i++)
        good = read_app(&env->apps[i], &keys->apps[i]);
    if (good)
        list_audiences(env, keys);
    if (good && !conflict)
        return true;
    snprintf(why, why_n, "%s", conflict ? conflict : "no memory for the keys of numbers and applications");
    ecs_userinfo_env_done(env);
    return false;
}

void ecs_userinfo_env_done(struct ecs_userinfo_env *env)
{
    struct userinfo_keys *keys = env->own;

    if (!keys)
        return;
    for (size_t i = 0; keys->apps && i < env->app_n; i++) {
        ecs_jwk_set_free(keys->apps[i].public);
        ecs_jwk_set_free(keys->apps[i].secret);
        ecs_jwe_key_free(keys->apps[i].receiver);
    }
    free(keys->apps);
    ecs_jwe_key_free(keys->number);
    ecs_jwe_key_free(keys->private);
    free(keys->auth_url);
    ecs_wipe(keys, sizeof(*keys));
    free(keys);
    env->own = NULL;
}

const struct ecs_userinfo_app_conf *ecs_userinfo_app(const struct ecs_userinfo_env *env,
                                                     struct ecs_str client_id)
{
    for (size_t i = 0; client_id.n && i < env->app_n; i++)
        if (ecs_str_eq_nocase(ecs_str_of(env->apps[i].client_id), client_id))
            return &env->apps[i];
    return NULL;
}

const struct ecs_userinfo_app_conf *ecs_userinfo_app_of(const struct ecs_userinfo_env *env,
                                                        struct ecs_str back_end)
{
    for (size_t i = 0; back_end.n && i < env->app_n; i++) {
        const char *name = env->apps[i].back_end[0] ? env->apps[i].back_end : env->apps[i].client_id;

        if (ecs_str_eq(ecs_str_of(name), back_end))
            return &env->apps[i];
    }
    return NULL;
}

/* ---- made with them ---- */

/* RFC 9562 5.8: version 8, the bits are ours. One key makes both forms, under different labels. */
static struct ecs_str uuid_of(struct ecs_arena *arena, const uint8_t mac[ECS_SHA256_LEN])
{
    uint8_t b[16];
    char hex[33];

    memcpy(b, mac, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x80);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    ecs_hex_encode(b, sizeof(b), hex);
    return ecs_str_of(
        ecs_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20));
}

struct ecs_str userinfo_sim_id(const struct ecs_userinfo_env *env, struct ecs_arena *arena,
                               enum ecs_word_sim_id type, struct ecs_str imsi)
{
    const struct userinfo_keys *keys = userinfo_keys_of(env);
    struct ecs_str parts[] = {type == ECS_SIM_ID_UUID ? ECS_STR("uuid|") : ECS_STR(""), imsi};
    uint8_t mac[ECS_SHA256_LEN];
    char hex[2 * ECS_SHA256_LEN + 1];

    if (type == ECS_SIM_ID_IMSI)
        return imsi;
    if (!keys->has_sim_key || !ecs_hmac(env->auth->crypto, ECS_DIGEST_SHA256, keys->sim_key,
                                        sizeof(keys->sim_key), parts, ECS_ARRAY_LEN(parts), mac))
        return ECS_STR_NULL;
    if (type == ECS_SIM_ID_UUID)
        return uuid_of(arena, mac);
    ecs_hex_encode(mac, sizeof(mac), hex);
    return ecs_str_of(ecs_strdup(arena, ecs_str_of(hex)));
}

struct ecs_str userinfo_number(const struct ecs_userinfo_env *env, struct ecs_arena *arena,
                               struct ecs_str digits)
{
    struct ecs_str plain = ecs_str_of(ecs_printf(arena, "+%.*s", ECS_FMT(digits))), inner = plain;
    size_t head = sizeof(ENCODED) - 1;
    char *out;

    if (!plain.p || env->conf->form == ECS_NUMBER_PLAIN)
        return plain;
    if (env->conf->form == ECS_NUMBER_ENCRYPTED)
        inner = ecs_jwe_encrypt(userinfo_keys_of(env)->number, plain, arena);
    out = inner.p ? ecs_alloc(arena, head + ECS_BASE64_LEN(inner.n) + 1) : NULL;
    if (!out)
        return ECS_STR_NULL;
    memcpy(out, ENCODED, head);
    return (struct ecs_str){out, head + ecs_base64_encode(inner.p, inner.n, out + head)};
}
