/* SPDX-License-Identifier: Apache-2.0 */
/* What portals need of the snapshot and of an engine: TLS material of the listener, the signer of user data;
 * and the page with its public key. */
#include "callback.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ecs/jws.h"
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
    ecs_jws_signer_free(signer);
    ecs_arena_free(arena);
    if (!c->issuer[0] && !s->web->public_url[0])
        ecs_fault_add(faults, path, 0, 0, "callback.signing needs issuer or web.public_url");
    if (!c->audience[0] && !s->policy_conf->portal_url[0])
        ecs_fault_add(faults, path, 0, 0, "callback.signing needs audience or policy.portal_url");
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
    if (s->callback->listen.n && !n)
        ecs_fault_add(faults, path, 0, 0, "callback.listen is given, but partners is empty");
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
    ecs_arena_free(arena);
    return e->portal_signer != NULL;
}

void engine_portal_free(struct engine *e)
{
    ecs_jws_signer_free(e->portal_signer);
}

/* ---- public key ---- */

bool web_jwks_enabled(const struct ecs_snapshot *s)
{
    return s->callback->signing == CALLBACK_SIGN_ES256;
}

static enum ecs_next write_keys(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct ecs_str keys =
        c->engine->portal_signer ? ecs_jws_signer_jwks(c->engine->portal_signer, f->arena) : ECS_STR_NULL;

    if (!keys.p)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the public key cannot be written");
    ecs_buf_add_str(&c->out, keys);
    c->content_type_out = "application/jwk-set+json";
    return ECS_DONE;
}

const struct ecs_step web_jwks_steps[] = {{"write-keys", write_keys, 0}, {0}};
