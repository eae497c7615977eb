/* SPDX-License-Identifier: Apache-2.0 */
/* What portals need of the snapshot and of an engine: TLS material of the listener, the signer of user data;
 * and the page with its public key. */
#include "callback.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ecs/bss.h"
#include "ecs/jws.h"
#include "ecs/smdp.h"
#include "engine_qos.h"
#include "web.h"

enum { KEY_MAX = 16384 };

/* In the arena, wiped with it; p NULL with errno. */
static struct ecs_str read_key(const char *path, struct ecs_arena *arena)
{
    char *text = ecs_arena_secret(arena, KEY_MAX);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 && text ? read(fd, text, KEY_MAX) : -1;
    int fault = errno;

    if (fd >= 0)
        close(fd);
    errno = fault;
    return n > 0 ? (struct ecs_str){text, (size_t)n} : ECS_STR_NULL;
}

static struct ecs_jws_signer *make_signer(const struct ecs_callback_conf *conf, struct ecs_arena *arena,
                                          const char **ret_reason)
{
    struct ecs_str pem;

    if (conf->signing == CALLBACK_SIGN_HS256) {
        *ret_reason = "the secret cannot be used";
        return ecs_jws_signer_secret(ecs_str_of(conf->signing_secret), conf->signing_kid);
    }
    pem = read_key(conf->signing_key, arena);
    *ret_reason = "the file cannot be read";
    return pem.p ? ecs_jws_signer_new(ECS_JWS_ES256, pem, conf->signing_kid, ret_reason) : NULL;
}

/* One more public key into the set; false with a constant reason. */
static bool add_key(json_t *keys, const struct ecs_jws_signer *signer, struct ecs_arena *arena)
{
    struct ecs_str text = ecs_jws_signer_jwks(signer, arena);
    json_t *set = text.p ? json_loadb(text.p, text.n, 0, NULL) : NULL;
    bool good = set && json_array_extend(keys, json_object_get(set, "keys")) == 0;

    json_decref(set);
    return good;
}

static bool add_former_key(json_t *keys, struct ecs_str item, struct ecs_arena *arena,
                           const char **ret_reason)
{
    struct ecs_str kid;
    const char *path, *name;
    struct ecs_str pem = ECS_STR_NULL;
    struct ecs_jws_signer *signer;
    bool good;

    *ret_reason = "must be of the form \"kid=/path\"";
    if (!ecs_str_cut(&item, '=', &kid) || !kid.n || !item.n || item.p[0] != '/')
        return false;
    path = ecs_strdup(arena, item);
    name = ecs_strdup(arena, kid);
    *ret_reason = "the file cannot be read";
    if (path && name)
        pem = read_key(path, arena);
    signer = pem.p ? ecs_jws_signer_new(ECS_JWS_ES256, pem, name, ret_reason) : NULL;
    good = signer && add_key(keys, signer, arena);
    ecs_jws_signer_free(signer);
    return good;
}

/* The present key, then the former ones. NULL: a fault, told in faults (which may be NULL). */
static char *write_jwks(const struct ecs_callback_conf *conf, const struct ecs_jws_signer *signer,
                        struct ecs_arena *arena, const char *path, struct ecs_faults *faults)
{
    json_t *keys = json_array(), *set;
    bool good = keys && add_key(keys, signer, arena);
    const char *reason = "out of memory";
    char *text;

    for (size_t i = 0; good && i < conf->published_keys.n; i++) {
        good = add_former_key(keys, conf->published_keys.items[i], arena, &reason);
        if (!good && faults)
            ecs_fault_add(faults, path, 0, 0, "callback.published_keys: \"%.*s\": %s",
                          ECS_FMT(conf->published_keys.items[i]), reason);
    }
    set = good ? json_pack("{s:O}", "keys", keys) : NULL;
    text = set ? json_dumps(set, JSON_COMPACT) : NULL;
    json_decref(set);
    json_decref(keys);
    return text;
}

/* ---- snapshot ---- */

static void load_tls(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_callback_conf *c = s->callback;
    struct ecs_http_cert_conf cert = {c->certificate, c->key};
    struct ecs_http_tls_conf conf = {.certs = &cert, .cert_count = 1, .client_ca_file = c->client_ca};
    char err[256] = "";

    if (!c->certificate || !c->client_ca)
        return;
    s->callback_tls = ecs_http_tls_load(&conf, err, sizeof(err));
    if (!s->callback_tls)
        ecs_fault_add(faults, path, 0, 0, "callback: %s", err);
}

static void check_signing(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_callback_conf *c = s->callback;
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_jws_signer *signer;
    const char *reason = "out of memory";

    signer = arena ? make_signer(c, arena, &reason) : NULL;
    if (!signer)
        ecs_fault_add(faults, path, 0, 0, "callback.signing_key: %s", reason);
    if (signer && c->signing == CALLBACK_SIGN_ES256)
        free(write_jwks(c, signer, arena, path, faults));
    ecs_jws_signer_free(signer);
    ecs_arena_free(arena);
    if (!c->issuer[0] && !s->web->public_url[0])
        ecs_fault_add(faults, path, 0, 0, "callback.signing needs issuer or web.public_url");
    if (!c->audience[0] && !s->policy_conf->portal_url[0])
        ecs_fault_add(faults, path, 0, 0, "callback.signing needs audience or policy.portal_url");
}

/* An empty place in the user data would look like a portal's fault. */
static void check_template(void *arg, struct ecs_str text, const char *file, unsigned line)
{
    if (ecs_str_find(text, ECS_STR("{jwt}")) >= 0)
        ecs_fault_add(arg, file, line, 0, "{jwt} needs callback.signing in the configuration");
}

/* SM-DP+, BSS and networks call there, too. */
static bool has_notifiers(const struct ecs_snapshot *s)
{
    const struct ecs_bss_conf *bss = ecs_conf_get(s->conf, "bss");
    size_t n;
    const struct ecs_smdp_conf *smdp = ecs_conf_list(s->conf, "smdp", &n);

    for (size_t i = 0; i < n; i++)
        if (smdp[i].notifiers.n)
            return true;
    if (qos_has_notifiers(s))
        return true;
    return bss->notifiers.n || bss->events_token;
}

void callback_snapshot_load(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_partner_conf *partners;
    size_t n;

    s->callback = ecs_conf_get(s->conf, "callback");
    partners = ecs_conf_list(s->conf, "partners", &n);
    load_tls(s, path, faults);
    if (s->callback->signing != CALLBACK_SIGN_NONE)
        check_signing(s, path, faults);
    else if (s->policy)
        ecs_policy_texts(s->policy, ECS_TYPE_TEMPLATE, check_template, faults);
    if (s->callback->listen.n && !n && !has_notifiers(s))
        ecs_fault_add(
            faults, path, 0, 0,
            "callback.listen is given, but partners is empty and neither smdp nor bss nor qos names notifiers");
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(partners[i].name, partners[k].name) == 0)
                ecs_fault_add(faults, path, 0, 0, "partners: \"%s\" stands twice", partners[i].name);
}

/* ---- engine ---- */

bool engine_portal_new(struct engine *e)
{
    const struct ecs_callback_conf *c = e->snapshot->callback;
    struct ecs_arena *arena;
    const char *reason;

    if (c->signing == CALLBACK_SIGN_NONE)
        return true;
    arena = ecs_arena_new(NULL, 0);
    e->portal_signer = arena ? make_signer(c, arena, &reason) : NULL;
    if (e->portal_signer && c->signing == CALLBACK_SIGN_ES256)
        e->portal_jwks = write_jwks(c, e->portal_signer, arena, NULL, NULL);
    ecs_arena_free(arena);
    return e->portal_signer && (e->portal_jwks || c->signing != CALLBACK_SIGN_ES256);
}

void engine_portal_free(struct engine *e)
{
    ecs_jws_signer_free(e->portal_signer);
    free(e->portal_jwks);
}

/* ---- public key ---- */

bool web_jwks_enabled(const struct ecs_snapshot *s)
{
    return s->callback->signing == CALLBACK_SIGN_ES256;
}

static enum ecs_next write_keys(struct ecs_flow *f)
{
    struct web_call *c = f->self;

    if (!c->engine->portal_jwks)
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "no key is published");
    ecs_buf_add_cstr(&c->out, c->engine->portal_jwks);
    c->content_type_out = "application/jwk-set+json";
    return ECS_DONE;
}

const struct ecs_step web_jwks_steps[] = {{"write-keys", write_keys, 0}, {0}};
