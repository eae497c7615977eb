/* SPDX-License-Identifier: Apache-2.0 */
/* modules: auth adapters store net run ts43 codec conf base */
/* The token endpoint as a stranger may ask it: first line the Authorization header, the rest the form. Nobody
 * can prove to be a caller without its secret or key. */
#include <stdlib.h>
#include <string.h>

#include "auth/oauth_ask.h"
#include "ecs/conf.h"
#include "ecs/form.h"
#include "ecs/log.h"

static const char conf_text[] =
    "oauth: {enabled: true, failures_per_minute: 1000000, requests_per_minute: 0}\n"
    "server_callers:\n"
    "  - client_id: mdm-7\n"
    "    requestor_ids: [r1]\n"
    "    applications: [ap2011]\n"
    "    operations: [CheckEligibility]\n"
    "    authentication: [client_secret_basic, client_secret_jwt]\n"
    "    client_secret: a secret that no fuzzer is going to find\n"
    "  - client_id: pk-1\n"
    "    requestor_ids: [r2]\n"
    "    applications: [ap2014]\n"
    "    operations: [GetPhoneNumber]\n"
    "    authentication: [private_key_jwt, jwt_bearer]\n"
    "    public_key: |\n"
    "      -----BEGIN PUBLIC KEY-----\n"
    "      MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
    "      6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "      -----END PUBLIC KEY-----\n";

static const struct ecs_section sections[] = {
    {"oauth", ecs_oauth_settings, sizeof(struct ecs_oauth_conf), .help = "One."},
    {"server_callers", ecs_server_caller_settings, sizeof(struct ecs_server_caller_conf), .is_list = true,
     .help = "Two."},
    {0},
};

static enum ecs_next forged(struct ecs_flow *f)
{
    (void)f;
    abort();
}

static enum ecs_next end(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step steps[] = {
    {"read", oauth_read_request, 0},
    {"verify", oauth_verify_client, 0},
    {"judge", oauth_judge_client, 0},
    {"forged", forged, 0},
    {"error", end, 0},
    {0},
};

static void ended(struct ecs_flow *f)
{
    if (f->rc == ECS_OK)
        abort();
    ecs_arena_free(f->arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ecs_oauth_server *start(struct ecs_loop **ret_loop)
{
    static struct ecs_conf *conf; /* lives as long as the server */
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_faults faults;
    struct ecs_oauth_env env = {.public_url = "https://aes.example", .web_path = "/web"};
    struct ecs_oauth_server *server;

    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    ecs_faults_init(&faults, arena);
    env.conf = conf = ecs_conf_parse("fuzz", ecs_str_of(conf_text), sections, &faults);
    env.crypto = ecs_crypto_new();
    *ret_loop = ecs_loop_new();
    server = env.conf && env.crypto && *ret_loop ? ecs_oauth_server_new(&env) : NULL;
    if (!server)
        abort();
    ecs_arena_free(arena);
    return server;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ecs_oauth_server *server;
    static struct ecs_loop *loop;
    static struct ecs_flow flow;
    struct ecs_str body = {(const char *)data, size}, line = ECS_STR_NULL;
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_oauth_ask *ask = arena ? ecs_alloc(arena, sizeof(*ask)) : NULL;
    struct ecs_form *form = arena ? ecs_alloc(arena, sizeof(*form)) : NULL;
    const char *why;

    if (!server)
        server = start(&loop);
    if (!ask || !form)
        abort();
    if (!ecs_str_cut(&body, '\n', &line) || ecs_form_parse(arena, body, form, &why) != ECS_OK) {
        ecs_arena_free(arena);
        return 0;
    }
    *ask = (struct ecs_oauth_ask){
        .server = server, .form = form, .authorization = line, .peer = "192.0.2.1", .now = 1780000000};
    flow = (struct ecs_flow){0};
    ecs_flow_start(&flow, loop, arena, NULL, steps, ask, ended);
    return 0;
}
