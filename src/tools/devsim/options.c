/* SPDX-License-Identifier: Apache-2.0 */
/* Shared command line options, and building a device from them. */

#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum option_key {
    OPT_URL = 256,
    OPT_URL2,
    OPT_RESOLVE,
    OPT_CA,
    OPT_INSECURE,
    OPT_NO_SNI,
    OPT_TLS,
    OPT_CERT,
    OPT_KEY,
    OPT_RESUME,
    OPT_IMSI,
    OPT_KI,
    OPT_OP,
    OPT_OPC,
    OPT_ALG,
    OPT_MNC_DIGITS,
    OPT_RES_BYTES,
    OPT_SIM_STATE,
    OPT_PERSONALITY,
    OPT_APP,
    OPT_VERSION,
    OPT_IMEI,
    OPT_PARAM,
    OPT_REALM,
    OPT_NAI_PREFIX,
    OPT_MK_IDENTITY,
    OPT_TEMPORARY,
    OPT_CLIENT_ID,
    OPT_CLIENT_SECRET,
    OPT_ASSERTION_KEY,
    OPT_ASSERTION_ALG,
    OPT_KID,
    OPT_ISSUER,
    OPT_TOKEN_URL,
    OPT_WEB_PATH,
    OPT_SCOPE,
    OPT_RESOURCE,
    OPT_ACCESS_TOKEN,
    OPT_FORMAT,
    OPT_POST,
    OPT_GZIP,
    OPT_LENIENT,
    OPT_EXPLAIN,
    OPT_SECRETS,
    OPT_TIMEOUT
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "Server:", 1},
    {"url", OPT_URL, "URL", 0, "https address of the server", 1},
    {"url2", OPT_URL2, "URL", 0, "second node, for scenarios", 1},
    {"resolve", OPT_RESOLVE, "HOST:ADDRESS", 0, "use this address for the host name", 1},
    {"ca", OPT_CA, "FILE", 0, "trust these certificate authorities (PEM)", 1},
    {"insecure", OPT_INSECURE, NULL, 0, "accept any certificate", 1},
    {"no-sni", OPT_NO_SNI, NULL, 0, "do not name the server in the TLS handshake", 1},
    {"tls", OPT_TLS, "VERSION", 0, "any, 1.2, 1.3 or 1.1 (default any)", 1},
    {"cert", OPT_CERT, "FILE", 0, "client certificate (PEM)", 1},
    {"key", OPT_KEY, "FILE", 0, "its key (PEM)", 1},
    {"resume", OPT_RESUME, NULL, 0, "resume the TLS session on new connections", 1},
    {"timeout", OPT_TIMEOUT, "MS", 0, "limit for each step (default 30000)", 1},
    {NULL, 0, NULL, 0, "SIM card:", 2},
    {"imsi", OPT_IMSI, "DIGITS", 0, "identity of the card", 2},
    {"ki", OPT_KI, "HEX", 0, "secret key", 2},
    {"op", OPT_OP, "HEX", 0, "operator key OP or TOP", 2},
    {"opc", OPT_OPC, "HEX", 0, "OPc or TOPc instead of it", 2},
    {"alg", OPT_ALG, "NAME", 0, "milenage (default) or tuak", 2},
    {"mnc-digits", OPT_MNC_DIGITS, "2|3", 0, "length of the MNC in the IMSI (default 2)", 2},
    {"res-bytes", OPT_RES_BYTES, "N", 0, "length of RES (default 8)", 2},
    {"usim-state", OPT_SIM_STATE, "FILE", 0, "keep the card's sequence numbers here", 2},
    {NULL, 0, NULL, 0, "Device:", 3},
    {"personality", OPT_PERSONALITY, "NAME", 0, "behave as this client (default library)", 3},
    {"app", OPT_APP, "APPID", 0, "ask for this application; repeat for more", 3},
    {"version", OPT_VERSION, "X.Y", 0, "entitlement_version", 3},
    {"imei", OPT_IMEI, "ID", 0, "terminal_id", 3},
    {"param", OPT_PARAM, "NAME=VALUE", 0, "any request parameter, instead of the client's default", 3},
    {"realm", OPT_REALM, "LABEL", 0, "first labels of the realm in EAP_ID (default nai.epc)", 3},
    {"nai-prefix", OPT_NAI_PREFIX, "CHAR", 0, "first character of EAP_ID (default 0)", 3},
    {"mk-identity", OPT_MK_IDENTITY, "WHICH", 0,
     "identity in the keys: sent (EAP_ID) or usual (nai.epc), whatever the client takes", 3},
    {"temporary-token", OPT_TEMPORARY, "TEXT", 0, "use this instead of the SIM and of tokens", 3},
    {"format", OPT_FORMAT, "NAME", 0, "ask for xml, json or both", 3},
    {"post", OPT_POST, NULL, 0, "send the first request by POST", 3},
    {"gzip-request", OPT_GZIP, NULL, 0, "send request bodies in gzip", 3},
    {"lenient", OPT_LENIENT, NULL, 0, "faults that this client copes with do not count", 3},
    {NULL, 0, NULL, 0, "Server that asks for a number (pnv-server):", 4},
    {"client-id", OPT_CLIENT_ID, "TEXT", 0, "its name at the token endpoint", 4},
    {"client-secret", OPT_CLIENT_SECRET, "TEXT", 0, "client credentials with HTTP Basic", 4},
    {"assertion-key", OPT_ASSERTION_KEY, "FILE", 0, "private key (PEM): grant jwt-bearer instead", 4},
    {"assertion-alg", OPT_ASSERTION_ALG, "NAME", 0, "RS256 (default), PS256 or ES256", 4},
    {"assertion-kid", OPT_KID, "TEXT", 0, "kid of the assertion", 4},
    {"assertion-iss", OPT_ISSUER, "TEXT", 0, "iss of the assertion (default: the client-id)", 4},
    {"token-url", OPT_TOKEN_URL, "URL", 0, "token endpoint (default: <web-path>/oauth/token)", 4},
    {"web-path", OPT_WEB_PATH, "PATH", 0, "web path of the server (default /web)", 4},
    {"scope", OPT_SCOPE, "TEXT", 0, "scope asked for", 4},
    {"resource", OPT_RESOURCE, "TEXT", 0, "resource asked for, the aud of the access token", 4},
    {"access-token", OPT_ACCESS_TOKEN, "TEXT", 0, "use this one and ask for none", 4},
    {NULL, 0, NULL, 0, "Output:", 5},
    {"explain", OPT_EXPLAIN, NULL, 0, "tell every step", 5},
    {"show-secrets", OPT_SECRETS, NULL, 0, "do not mask identifiers, tokens and keys", 5},
    {0},
};

static error_t set_tls_version(struct ecs_sim_options *o, const char *text, struct argp_state *state)
{
    static const struct {
        const char *text;
        enum ecs_tls_version version;
    } versions[] = {{"any", ECS_TLS_ANY}, {"1.2", ECS_TLS_1_2}, {"1.3", ECS_TLS_1_3}, {"1.1", ECS_TLS_1_1}};

    for (size_t i = 0; i < ECS_ARRAY_LEN(versions); i++) {
        if (!strcmp(text, versions[i].text)) {
            o->tls.version = versions[i].version;
            return 0;
        }
    }
    argp_error(state, "--tls %s: one of any, 1.1, 1.2, 1.3", text);
    return EINVAL;
}

static error_t add_param(struct ecs_sim_options *o, const char *name, const char *text,
                         struct argp_state *state)
{
    if (o->param_n == ECS_SIM_OPTION_LIST) {
        argp_error(state, "too many parameters");
        return EINVAL;
    }
    o->params[o->param_n].name = name;
    o->params[o->param_n++].text = text;
    return 0;
}

/* Options that only store their text. */
static const char **text_slot(struct ecs_sim_options *o, int key)
{
#define SLOT(key, field)                                                                                     \
    {                                                                                                        \
        key, offsetof(struct ecs_sim_options, field)                                                         \
    }
    static const struct {
        int key;
        size_t offset;
    } slots[] = {
        SLOT(OPT_URL, url),
        SLOT(OPT_URL2, url2),
        SLOT(OPT_CA, tls.ca_file),
        SLOT(OPT_CERT, tls.cert_file),
        SLOT(OPT_KEY, tls.key_file),
        SLOT(OPT_IMSI, sim.imsi),
        SLOT(OPT_KI, sim.ki),
        SLOT(OPT_OP, sim.op),
        SLOT(OPT_OPC, sim.opc),
        SLOT(OPT_ALG, sim.alg),
        SLOT(OPT_MNC_DIGITS, sim.mnc_digits),
        SLOT(OPT_RES_BYTES, sim.res_bytes),
        SLOT(OPT_SIM_STATE, sim.state_file),
        SLOT(OPT_PERSONALITY, personality),
        SLOT(OPT_REALM, realm),
        SLOT(OPT_NAI_PREFIX, nai_prefix),
        SLOT(OPT_MK_IDENTITY, mk_identity),
        SLOT(OPT_TEMPORARY, temporary_token),
        SLOT(OPT_CLIENT_ID, pnv.client_id),
        SLOT(OPT_CLIENT_SECRET, pnv.client_secret),
        SLOT(OPT_ASSERTION_KEY, pnv.assertion_key),
        SLOT(OPT_ASSERTION_ALG, pnv.assertion_alg),
        SLOT(OPT_KID, pnv.kid),
        SLOT(OPT_ISSUER, pnv.issuer),
        SLOT(OPT_TOKEN_URL, pnv.token_url),
        SLOT(OPT_WEB_PATH, pnv.web_path),
        SLOT(OPT_SCOPE, pnv.scope),
        SLOT(OPT_RESOURCE, pnv.resource),
        SLOT(OPT_ACCESS_TOKEN, pnv.access_token),
        SLOT(OPT_FORMAT, format),
    };
#undef SLOT

    for (size_t i = 0; i < ECS_ARRAY_LEN(slots); i++) {
        if (slots[i].key == key)
            return (const char **)(void *)((char *)o + slots[i].offset);
    }
    return NULL;
}

static bool *flag_slot(struct ecs_sim_options *o, int key)
{
    switch (key) {
    case OPT_INSECURE:
        return &o->tls.insecure;
    case OPT_NO_SNI:
        return &o->no_sni;
    case OPT_RESUME:
        return &o->resume;
    case OPT_POST:
        return &o->post;
    case OPT_GZIP:
        return &o->gzip_request;
    case OPT_LENIENT:
        return &o->lenient;
    case OPT_EXPLAIN:
        return &o->explain;
    case OPT_SECRETS:
        return &o->secrets;
    default:
        return NULL;
    }
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct ecs_sim_options *o = state->input;
    uint32_t number;

    if (key < OPT_URL || key > OPT_TIMEOUT)
        return ARGP_ERR_UNKNOWN;
    if (text_slot(o, key)) {
        *text_slot(o, key) = arg;
        return 0;
    }
    if (flag_slot(o, key)) {
        *flag_slot(o, key) = true;
        return 0;
    }
    if (key == OPT_RESOLVE && o->resolve_n < ECS_SIM_OPTION_LIST) {
        o->resolve[o->resolve_n++] = arg;
        return 0;
    }
    if (key == OPT_TLS)
        return set_tls_version(o, arg, state);
    if (key == OPT_APP)
        return add_param(o, "app", arg, state);
    if (key == OPT_VERSION)
        return add_param(o, "entitlement_version", arg, state);
    if (key == OPT_IMEI)
        return add_param(o, "terminal_id", arg, state);
    if (key == OPT_PARAM)
        return add_param(o, NULL, arg, state);
    if (key == OPT_TIMEOUT && ecs_str_to_u32(ecs_str_of(arg), &number) && number > 0 && number < 600000) {
        o->timeout_ms = number;
        return 0;
    }
    argp_error(state, "an option is given too often, or %s is out of range", arg ? arg : "it");
    return EINVAL;
}

const struct argp ecs_sim_options_argp = {.options = options, .parser = parse_option};

/* ---- device ---- */

bool ecs_sim_param_text(struct ecs_sim_params *params, const char *text)
{
    const char *equals = strchr(text, '=');

    if (!equals || equals == text)
        return false;
    ecs_sim_params_add(params, (struct ecs_str){text, (size_t)(equals - text)}, ecs_str_of(equals + 1));
    return true;
}

static bool set_format(struct ecs_sim_device *d, const char *text, char *err, size_t err_size)
{
    static const char *const names[] = {"xml", "json", "both"};

    d->wire.format = d->wire.who->format;
    if (!text)
        return true;
    for (size_t i = 0; i < ECS_ARRAY_LEN(names); i++) {
        if (!strcmp(text, names[i])) {
            d->wire.format = (enum ecs_sim_format)i;
            return true;
        }
    }
    snprintf(err, err_size, "--format is xml, json or both");
    return false;
}

static bool set_habits(struct ecs_sim_device *d, const struct ecs_sim_options *o, char *err, size_t err_size)
{
    const char *name = o->personality ? o->personality : "library";

    d->wire.who = ecs_sim_personality_find(name);
    if (!d->wire.who) {
        snprintf(err, err_size, "there is no personality %s; see \"entitlement-devsim personalities\"", name);
        return false;
    }
    for (size_t i = 0; i < o->param_n; i++) {
        if (o->params[i].name) {
            ecs_sim_params_add_cstr(&d->params, o->params[i].name, o->params[i].text);
        } else if (!ecs_sim_param_text(&d->params, o->params[i].text)) {
            snprintf(err, err_size, "%s: a parameter is given as NAME=VALUE", o->params[i].text);
            return false;
        }
    }
    d->wire.url = &d->url;
    d->wire.post = o->post;
    d->wire.realm = o->realm;
    d->wire.nai_prefix = o->nai_prefix ? o->nai_prefix[0] : '0';
    d->lenient = o->lenient;
    return set_format(d, o->format, err, err_size);
}

static bool set_identity(struct ecs_sim_device *d, const char *text, char *err, size_t err_size)
{
    if (text && strcmp(text, "sent") != 0 && strcmp(text, "usual") != 0) {
        snprintf(err, err_size, "--mk-identity is sent or usual");
        return false;
    }
    if (text)
        d->mk_identity = *text == 's' ? ECS_SIM_MK_SENT : ECS_SIM_MK_USUAL;
    return true;
}

static void set_client(struct ecs_sim_device *d, const struct ecs_sim_options *o)
{
    struct ecs_sim_addr addr;
    char ignored[300];
    bool samsung = d->wire.who->cookies == ECS_SIM_COOKIES_LATEST;

    d->client.resolve = o->resolve;
    d->client.resolve_n = o->resolve_n;
    d->client.timeout_ms = o->timeout_ms;
    d->client.resume = o->resume;
    d->client.no_sni = o->no_sni;
    d->client.no_name_check = d->wire.who->no_name_check;
    /* Samsung resolves the name itself; with more than one address it connects to a bare address
     * (clients.md 7.1) */
    if (samsung && ecs_sim_url_resolve(&d->url, o->resolve, o->resolve_n, &addr, ignored, sizeof(ignored)))
        d->client.no_sni |= addr.found > 1;
}

bool ecs_sim_device_init(struct ecs_sim_device *d, struct ecs_sim_usim *usim, struct ecs_arena *arena,
                         const struct ecs_sim_options *o, char *err, size_t err_size)
{
    memset(d, 0, sizeof(*d));
    d->arena = arena;
    ecs_sim_report_init(&d->report, arena);
    ecs_sim_params_init(&d->params, arena);
    ecs_sim_params_init(&d->sent, arena);
    d->explain =
        (struct ecs_sim_explain){.out = o->explain ? stdout : NULL, .secrets = o->secrets, .arena = arena};
    if (!o->url) {
        snprintf(err, err_size, "--url is missing");
        return false;
    }
    d->temporary = o->temporary_token ? ecs_str_of(o->temporary_token) : ECS_STR_NULL;
    d->pnv = &o->pnv;
    if (!set_identity(d, o->mk_identity, err, err_size) || !set_habits(d, o, err, err_size) ||
        !ecs_sim_url_parse(arena, o->url, &d->url, err, err_size))
        return false;
    d->crypto = ecs_crypto_new();
    d->gzip = ecs_gzip_new(6);
    if (!d->crypto || !d->gzip) {
        snprintf(err, err_size, "out of memory");
        return false;
    }
    d->wire.gzip = o->gzip_request ? d->gzip : NULL;
    if (o->sim.imsi) {
        if (!ecs_sim_usim_init(usim, d->crypto, &o->sim, err, err_size))
            return false;
        d->usim = usim;
    }
    set_client(d, o);
    d->client.tls = ecs_tls_client_ctx_new(&o->tls, err, err_size);
    return d->client.tls != NULL;
}

void ecs_sim_device_done(struct ecs_sim_device *d)
{
    ecs_sim_client_done(&d->client);
    ecs_tls_client_ctx_free(d->client.tls);
    ecs_gzip_free(d->gzip);
    ecs_crypto_free(d->crypto);
    ecs_buf_done(&d->decoded);
    if (d->usim)
        ecs_wipe(&d->usim->key, sizeof(d->usim->key));
}
