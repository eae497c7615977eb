/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of application servers: sections "oauth" and "server_callers", and what is wrong between them. */
#include <string.h>

#include "ecs/conf.h"
#include "ecs/operation.h"
#include "ecs/ts43.h"
#include "oauth_priv.h"

static const char *const token_words[] = {"own", "introspection", NULL};

const struct ecs_setting ecs_oauth_settings[] = {
    {ECS_KEY(BOOL, "enabled", struct ecs_oauth_conf, enabled), .def = "false",
     .help = "Application servers of section server_callers may call (TS.43 2.8.3)."},
    {ECS_KEY(BOOL, "demand", struct ecs_oauth_conf, demand), .def = "true",
     .help =
         "A request with a temporary or operator token must name the requestor_id of one of "
         "server_callers. false: such requests are served without one, too. A request with a temporary "
         "token, a terminal_id and no requestor_id counts as another device of the user (transfers), except "
         "for ap2014: let such tokens be minted for named requestors only where that matters."},
    {ECS_KEY(ENUM, "tokens", struct ecs_oauth_conf, tokens), .def = "own", .names = token_words,
     .help = "own: access tokens come from our token endpoint. introspection: they come from another "
             "authorization server, which is asked about each (RFC 7662)."},
    {ECS_KEY(STRING, "issuer", struct ecs_oauth_conf, issuer), .def = "", .max = 300,
     .help = "Our name in assertions (claim aud) beside the address of the token endpoint; empty: "
             "web.public_url."},
    {ECS_KEY(STRING, "token_path", struct ecs_oauth_conf, token_path), .def = "oauth/token", .min = 7,
     .max = 100, .help = "Token endpoint, below web.path; begins with oauth/."},
    {ECS_KEY(STRING, "revoke_path", struct ecs_oauth_conf, revoke_path), .def = "oauth/revoke", .min = 7,
     .max = 100,
     .help = "Where callers end their access tokens (RFC 7009), below web.path; begins with oauth/."},
    {ECS_KEY(INT, "requests_per_minute", struct ecs_oauth_conf, requests_per_minute), .def = "600", .min = 0,
     .max = 1000000, .unit = "token requests per minute",
     .help = "Token requests of one caller on one worker; more get 503. 0: no limit."},
    {ECS_KEY(INT, "failures_per_minute", struct ecs_oauth_conf, failures_per_minute), .def = "30", .min = 1,
     .max = 1000000, .unit = "refusals per minute",
     .help =
         "Refused token requests from one source address on one worker; then it has to wait, whoever it is."},
    {ECS_KEY(STRING, "introspection_url", struct ecs_oauth_conf, introspection_url), .max = 500,
     .help = "Introspection endpoint of the other authorization server; https."},
    {ECS_KEY(STRING, "introspection_client", struct ecs_oauth_conf, introspection_client), .max = 200,
     .help = "Our client id there (HTTP Basic)."},
    {ECS_KEY(STRING, "introspection_secret", struct ecs_oauth_conf, introspection_secret), .max = 1000,
     .flags = ECS_SETTING_SECRET, .help = "Our client secret there."},
    {ECS_KEY(PATH, "introspection_ca", struct ecs_oauth_conf, introspection_ca),
     .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of the authorities that it is verified by; left out: those of the system."},
    {ECS_KEY(DURATION_S, "enterprise_token", struct ecs_oauth_conf, enterprise_token_s), .def = "1h",
     .min = 60, .max = 86400,
     .help = "Life of the token that a server gets for an enterprise by CheckEligibility of ap2011; "
             "afterwards it "
             "needs a new access token."},
    {ECS_KEY(DURATION_S, "introspection_keep", struct ecs_oauth_conf, introspection_keep_s), .def = "30s",
     .min = 0, .max = 300,
     .help =
         "How long \"active\" is believed without asking again; a revoked token works on for so long. 0s: "
         "asked each time."},
    {0},
};

const struct ecs_setting ecs_server_caller_settings[] = {
    {ECS_KEY(STRING, "client_id", struct ecs_server_caller_conf, client_id), .flags = ECS_SETTING_REQUIRED,
     .min = 1, .max = 127, .help = "Name of the caller at the token endpoint."},
    {ECS_KEY(STRING_LIST, "requestor_ids", struct ecs_server_caller_conf, requestor_ids),
     .flags = ECS_SETTING_REQUIRED, .min = 1, .max = 64,
     .help = "Values of requestor_id in its requests: a UUID for each product."},
    {ECS_KEY(STRING_LIST, "enterprise_ids", struct ecs_server_caller_conf, enterprise_ids), .max = 1000,
     .help = "Values of enterprise_id that it may name (ap2011); left out: any."},
    {ECS_KEY(STRING_LIST, "applications", struct ecs_server_caller_conf, applications),
     .flags = ECS_SETTING_REQUIRED, .min = 1, .max = 16, .help = "AppIDs that it may ask for: [ap2014]."},
    {ECS_KEY(STRING_LIST, "operations", struct ecs_server_caller_conf, operations),
     .flags = ECS_SETTING_REQUIRED, .min = 1, .max = 32,
     .help = "Operations that it may use: [GetPhoneNumber]; others get 403."},
    {ECS_KEY(STRING_LIST, "scopes", struct ecs_server_caller_conf, scopes), .max = 32,
     .help = "Scopes that it may ask for; it gets all of them when it asks for none."},
    {ECS_KEY(STRING_LIST, "authentication", struct ecs_server_caller_conf, authentication),
     .def = "client_secret_jwt", .min = 1, .max = 4,
     .help = "How it proves itself at the token endpoint: client_secret_basic, client_secret_jwt (client "
             "assertion, HS256), private_key_jwt (client assertion), jwt_bearer (grant with an assertion "
             "about one temporary or operator token, RFC 7523 2.1)."},
    {ECS_KEY(STRING, "client_secret", struct ecs_server_caller_conf, client_secret), .min = 32, .max = 1024,
     .flags = ECS_SETTING_SECRET, .help = "For client_secret_basic and client_secret_jwt."},
    {ECS_KEY(STRING, "old_secret", struct ecs_server_caller_conf, old_secret), .min = 32, .max = 1024,
     .flags = ECS_SETTING_SECRET,
     .help = "Former client_secret that works on while the caller changes over."},
    {ECS_KEY(STRING, "public_key", struct ecs_server_caller_conf, public_key), .min = 1, .max = 65536,
     .flags = ECS_SETTING_SECRET,
     .help = "PEM text of its public key or certificate for private_key_jwt and jwt_bearer: file:/path."},
    {ECS_KEY(STRING, "jwks_url", struct ecs_server_caller_conf, jwks_url), .max = 500,
     .help =
         "Instead of public_key: address of its key set (RFC 7517), https; fetched again when it changes."},
    {ECS_KEY(PATH, "jwks_ca", struct ecs_server_caller_conf, jwks_ca), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of the authorities of jwks_url; left out: those of the system."},
    {ECS_KEY(DURATION_S, "jwks_interval", struct ecs_server_caller_conf, jwks_interval_s), .def = "30s",
     .min = 1, .max = 3600,
     .help = "Shortest time between two fetches of jwks_url by one worker: a new key is known after it at "
             "the latest."},
    {ECS_KEY(STRING_LIST, "algorithms", struct ecs_server_caller_conf, algorithms),
     .def = "RS256, PS256, ES256", .min = 1, .max = 3,
     .help = "Signature algorithms accepted with public_key and jwks_url."},
    {ECS_KEY(STRING_LIST, "issuers", struct ecs_server_caller_conf, issuers), .max = 16,
     .help = "Claim iss of its assertions with jwt_bearer; left out: client_id."},
    {ECS_KEY(STRING_LIST, "audiences", struct ecs_server_caller_conf, audiences), .max = 16,
     .help = "Further values of claim aud accepted in its assertions."},
    {ECS_KEY(STRING_LIST, "resources", struct ecs_server_caller_conf, resources), .max = 16,
     .help = "Values of parameter resource (RFC 8707) accepted beside our own address; the token is then "
             "issued for it."},
    {ECS_KEY(STRING_LIST, "addresses", struct ecs_server_caller_conf, addresses), .max = 256,
     .help =
         "Addresses and blocks that it calls from, at the token endpoint and with its requests; left out: "
         "any."},
    {ECS_KEY(BOOL, "access_token_required", struct ecs_server_caller_conf, access_token_required),
     .def = "true", .help = "false: with a temporary or operator token it may do without an access token."},
    {ECS_KEY(BOOL, "single_use", struct ecs_server_caller_conf, single_use), .def = "false",
     .help = "Each access token is good for one request; those of jwt_bearer always are."},
    {ECS_KEY(DURATION_S, "token_life", struct ecs_server_caller_conf, token_life_s), .def = "1h", .min = 10,
     .max = 3600, .help = "Life of its access tokens; those of jwt_bearer live 5m at most."},
    {ECS_KEY(DURATION_S, "assertion_life", struct ecs_server_caller_conf, assertion_life_s), .def = "5m",
     .min = 10, .max = 3600, .help = "Longest life of its assertions, from iat (or now) to exp."},
    {0},
};

static bool fault(struct ecs_faults *faults, const struct ecs_yaml_node *node, const char *key,
                  const char *text)
{
    const struct ecs_yaml_node *at = ecs_yaml_get(node, key);

    ecs_fault_at(faults, at ? at : node, "%s: %s", key, text);
    return false;
}

bool oauth_url_is_good(const char *url)
{
    struct ecs_str rest = ecs_str_of(url), plain = ECS_STR("http://"), safe = ECS_STR("https://"), host;

    for (size_t i = 0; i < rest.n; i++)
        if ((unsigned char)rest.p[i] <= ' ' || rest.p[i] == '#' || (unsigned char)rest.p[i] > '~')
            return false;
    if (ecs_str_starts_with(rest, safe))
        return rest.n > safe.n && rest.p[safe.n] != '/';
    if (!ecs_str_starts_with(rest, plain))
        return false;
    rest = (struct ecs_str){rest.p + plain.n, rest.n - plain.n};
    return ecs_str_cut(&rest, '/', &host) && host.n && ecs_str_find(host, ECS_STR("@")) < 0 &&
           host.p[0] != '/' && ecs_addr_is_loopback(host);
}

unsigned oauth_method_bit(struct ecs_str word)
{
    static const struct {
        const char *word;
        unsigned bit;
    } rows[] = {
        {"client_secret_basic", OAUTH_BASIC},
        {"client_secret_jwt", OAUTH_SECRET_JWT},
        {"private_key_jwt", OAUTH_PRIVATE_KEY_JWT},
        {"jwt_bearer", OAUTH_JWT_BEARER},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (ecs_str_eq(word, ecs_str_of(rows[i].word)))
            return rows[i].bit;
    return 0;
}

static bool check_path(const char *path, const char *key, struct ecs_faults *faults,
                       const struct ecs_yaml_node *node)
{
    struct ecs_str text = ecs_str_of(path);

    for (size_t i = 0; i < text.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/", text.p[i]))
            return fault(faults, node, key, "only letters, digits and - . _ ~ /");
    return ecs_str_starts_with(text, ECS_STR("oauth/")) || fault(faults, node, key, "must begin with oauth/");
}

bool ecs_oauth_check_section(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_oauth_conf *c = section;
    bool good = check_path(c->token_path, "token_path", faults, node);

    good &= check_path(c->revoke_path, "revoke_path", faults, node);
    if (strcmp(c->token_path, c->revoke_path) == 0)
        good = fault(faults, node, "revoke_path", "is the same as token_path");
    if (c->issuer[0] && !oauth_url_is_good(c->issuer))
        good = fault(faults, node, "issuer", "must be an https:// address");
    if (c->introspection_url && !oauth_url_is_good(c->introspection_url))
        good = fault(faults, node, "introspection_url", "must be https:// (http:// only to this host)");
    if (c->tokens == ECS_OAUTH_INTROSPECTION &&
        (!c->introspection_url || !c->introspection_client || !c->introspection_secret))
        good = fault(faults, node, "tokens",
                     "introspection needs introspection_url, introspection_client and introspection_secret");
    return good;
}

static bool check_words(const struct ecs_server_caller_conf *c, unsigned *ret_methods,
                        struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    enum ecs_jws_alg alg;
    enum ecs_operation operation;
    enum ecs_app app;
    bool good = true;

    *ret_methods = 0;
    for (size_t i = 0; i < c->authentication.n; i++) {
        unsigned bit = oauth_method_bit(c->authentication.items[i]);

        if (!bit)
            good = fault(faults, node, "authentication",
                         "must be of client_secret_basic, client_secret_jwt, private_key_jwt, jwt_bearer");
        *ret_methods |= bit;
    }
    for (size_t i = 0; i < c->algorithms.n; i++)
        if (!ecs_jws_alg_find(c->algorithms.items[i], &alg) || alg == ECS_JWS_HS256)
            good = fault(faults, node, "algorithms", "must be of RS256, PS256, ES256");
    for (size_t i = 0; i < c->applications.n; i++)
        if (!ecs_app_find(c->applications.items[i], &app))
            good = fault(faults, node, "applications", "must be AppIDs of TS.43 such as ap2014");
    for (size_t i = 0; i < c->operations.n; i++)
        if (!ecs_operation_find(c->operations.items[i], &operation))
            good = fault(faults, node, "operations", "must be operations of TS.43 such as GetPhoneNumber");
    return good;
}

static bool check_addresses(const struct ecs_server_caller_conf *c, struct ecs_faults *faults,
                            const struct ecs_yaml_node *node)
{
    struct ecs_cidr cidr;

    for (size_t i = 0; i < c->addresses.n; i++)
        if (!ecs_cidr_parse(c->addresses.items[i], &cidr))
            return fault(faults, node, "addresses", "must be addresses or blocks such as 192.0.2.0/24");
    return true;
}

static bool check_keys(const struct ecs_server_caller_conf *c, unsigned methods, struct ecs_faults *faults,
                       const struct ecs_yaml_node *node)
{
    struct ecs_jwk_set *set = c->public_key ? ecs_jwk_set_pem(ecs_str_of(c->public_key), NULL) : NULL;
    bool good = true;

    if (c->public_key && !set)
        good = fault(faults, node, "public_key",
                     "no PEM text of an RSA key (2048 bits and more), a P-256 key or a certificate with one");
    ecs_jwk_set_free(set);
    if ((methods & (OAUTH_BASIC | OAUTH_SECRET_JWT)) && !c->client_secret)
        good =
            fault(faults, node, "client_secret", "is needed for client_secret_basic and client_secret_jwt");
    if ((methods & (OAUTH_PRIVATE_KEY_JWT | OAUTH_JWT_BEARER)) && !c->public_key == !c->jwks_url)
        good = fault(faults, node, "public_key",
                     "private_key_jwt and jwt_bearer need public_key or jwks_url, one of them");
    if (c->jwks_url && !oauth_url_is_good(c->jwks_url))
        good = fault(faults, node, "jwks_url", "must be https:// (http:// only to this host)");
    return good;
}

bool ecs_oauth_check_caller(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_server_caller_conf *c = section;
    unsigned methods;
    bool good = check_words(c, &methods, faults, node);

    good &= check_addresses(c, faults, node);
    for (size_t i = 0; i < c->scopes.n; i++)
        if (c->scopes.items[i].n == 0 || ecs_str_find(c->scopes.items[i], ECS_STR(" ")) >= 0)
            good = fault(faults, node, "scopes", "a scope is one word");
    return check_keys(c, methods, faults, node) && good;
}

/* One name has one owner, or it would depend on the order of the file who is meant. */
static void check_twice(const struct ecs_str_list *a, const struct ecs_str_list *b, const char *key,
                        const char *path, struct ecs_faults *faults)
{
    for (size_t i = 0; i < a->n; i++)
        if (oauth_list_has_nocase(b, a->items[i]))
            ecs_fault_add(faults, path, 0, 0, "server_callers: \"%.*s\" of %s stands in two entries",
                          ECS_FMT(a->items[i]), key);
}

void ecs_oauth_check(const struct ecs_conf *conf, const char *public_url, const char *path,
                     struct ecs_faults *faults)
{
    const struct ecs_oauth_conf *oauth = ecs_conf_get(conf, "oauth");
    size_t n;
    const struct ecs_server_caller_conf *c = ecs_conf_list(conf, "server_callers", &n);

    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            if (strcmp(c[i].client_id, c[j].client_id) == 0)
                ecs_fault_add(faults, path, 0, 0, "server_callers: client_id \"%s\" stands in two entries",
                              c[i].client_id);
            check_twice(&c[i].requestor_ids, &c[j].requestor_ids, "requestor_ids", path, faults);
            check_twice(&c[i].issuers, &c[j].issuers, "issuers", path, faults);
        }
    if (oauth->enabled && oauth->tokens == ECS_OAUTH_OWN && public_url[0] == '\0')
        ecs_fault_add(faults, path, 0, 0, "oauth.enabled: web.public_url is needed for the token endpoint");
}

bool ecs_oauth_has_endpoint(const struct ecs_conf *conf)
{
    const struct ecs_oauth_conf *oauth = ecs_conf_get(conf, "oauth");

    return oauth && oauth->enabled && oauth->tokens == ECS_OAUTH_OWN;
}
