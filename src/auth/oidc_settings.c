/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of identity providers: rows of the list "oidc", and what must hold between them. */
#include <string.h>

#include "ecs/http_server.h"
#include "ecs/rules.h"
#include "ecs/ts43.h"
#include "login_priv.h"

static const char *const client_auths[] = {"client_secret_basic", "client_secret_post", "private_key_jwt",
                                           NULL};
static const char *const key_algorithms[] = {"RS256", "PS256", "ES256", NULL}; /* as enum ecs_jws_alg */
static const char *const subjects[] = {"table", "msisdn", "imsi", NULL};       /* as enum ecs_subject_by */
static const char *const factors[] = {"none", "otp-page", "external", NULL};

const struct ecs_setting ecs_oidc_settings[] = {
    {ECS_KEY(STRING, "name", struct ecs_oidc_conf, name), .flags = ECS_SETTING_REQUIRED, .min = 1, .max = 63,
     .help = "Name of the provider, in logs and in the table of subjects: lower-case letters, digits, \".\", "
             "\"_\", "
             "\"-\"."},
    {ECS_KEY(STRING_LIST, "hosts", struct ecs_oidc_conf, hosts), .max = 32,
     .help = "Only requests to one of these host names (Host header) go to this provider: one per brand, for "
             "example. Of several entries the first that fits is taken. Empty: all hosts."},
    {ECS_KEY(STRING_LIST, "apps", struct ecs_oidc_conf, apps), .max = 16,
     .help = "Only requests for these applications (\"ap2009\"). Empty: all."},
    {ECS_KEY(STRING_LIST, "gid1", struct ecs_oidc_conf, gid1), .max = 64,
     .help = "Only SIM cards with one of these GID1 values. Empty: all."},
    {ECS_KEY(STRING, "issuer", struct ecs_oidc_conf, issuer), .flags = ECS_SETTING_REQUIRED, .min = 8,
     .max = 500, .help = "Issuer identifier: exactly the claim \"iss\" of its tokens."},
    {ECS_KEY(STRING, "authorize_url", struct ecs_oidc_conf, authorize_url), .flags = ECS_SETTING_REQUIRED,
     .min = 8, .max = 1000, .help = "Authorization endpoint, to which devices are redirected; https."},
    {ECS_KEY(STRING, "token_url", struct ecs_oidc_conf, token_url), .flags = ECS_SETTING_REQUIRED, .min = 8,
     .max = 1000, .help = "Token endpoint, which this server calls; https."},
    {ECS_KEY(STRING, "jwks_url", struct ecs_oidc_conf, jwks_url), .flags = ECS_SETTING_REQUIRED, .min = 8,
     .max = 1000, .help = "The provider's key set (JSON Web Key Set); https."},
    {ECS_KEY(PATH, "ca_file", struct ecs_oidc_conf, ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "Certification authorities for these calls (PEM). Left out: the system's."},
    {ECS_KEY(STRING, "client_id", struct ecs_oidc_conf, client_id), .flags = ECS_SETTING_REQUIRED, .min = 1,
     .max = 255, .help = "What this server is called at the provider."},
    {ECS_KEY(ENUM, "client_auth", struct ecs_oidc_conf, client_auth), .def = "client_secret_basic",
     .names = client_auths, .help = "How this server proves itself at the token endpoint."},
    {ECS_KEY(STRING, "client_secret", struct ecs_oidc_conf, client_secret), .def = "", .max = 1000,
     .flags = ECS_SETTING_SECRET, .help = "For client_secret_basic and client_secret_post."},
    {ECS_KEY(STRING, "private_key", struct ecs_oidc_conf, private_key), .def = "", .max = 16384,
     .flags = ECS_SETTING_SECRET,
     .help = "For private_key_jwt: private key in PEM, usually as file:/path or credential:name."},
    {ECS_KEY(STRING, "key_id", struct ecs_oidc_conf, key_id), .def = "", .max = 255,
     .help = "kid of that key at the provider; empty: none."},
    {ECS_KEY(ENUM, "key_algorithm", struct ecs_oidc_conf, key_algorithm), .def = "ES256",
     .names = key_algorithms, .help = "Signature made with that key."},
    {ECS_KEY(STRING, "scope", struct ecs_oidc_conf, scope), .def = "openid", .min = 6, .max = 500,
     .help = "Scopes to ask for, separated by blanks; openid among them."},
    {ECS_KEY(BOOL, "pkce", struct ecs_oidc_conf, pkce), .def = "true",
     .help = "Send a code challenge (RFC 7636, S256). Off only for providers that refuse it."},
    {ECS_KEY(STRING_LIST, "authorize_parameters", struct ecs_oidc_conf, authorize_parameters), .max = 16,
     .help = "Further parameters of the redirect, \"prompt=login\", \"acr_values=urn:example:loa2\"."},
    {ECS_KEY(STRING_LIST, "algorithms", struct ecs_oidc_conf, algorithms), .def = "RS256, PS256, ES256",
     .min = 1, .max = 3, .help = "Signatures of ID tokens that are accepted."},
    {ECS_KEY(DURATION_S, "key_interval", struct ecs_oidc_conf, key_interval_s), .def = "30s", .min = 1,
     .max = 3600,
     .help = "Least time between two fetches of the key set; a token signed by a key published meanwhile "
             "waits so "
             "long."},
    {ECS_KEY(DURATION_S, "skew", struct ecs_oidc_conf, skew_s), .def = "60s", .min = 0, .max = 600,
     .help = "Grace for clocks that differ."},
    {ECS_KEY(DURATION_S, "max_age", struct ecs_oidc_conf, max_age_s), .def = "0", .min = 0, .max = 31536000,
     .help = "The user must have logged in at the provider within this time (claim auth_time). 0: whenever."},
    {ECS_KEY(BOOL, "access_token_jwt", struct ecs_oidc_conf, access_token_jwt), .def = "false",
     .help = "The provider's access tokens are signed JSON Web Tokens: verify them as ID tokens are. Off: "
             "they are "
             "opaque, and only compared with at_hash when the ID token has it."},
    {ECS_KEY(STRING_LIST, "access_token_audience", struct ecs_oidc_conf, access_token_audience), .max = 8,
     .help = "Audiences of which such an access token must have one. Empty: not looked at."},
    {ECS_KEY(ENUM, "subject", struct ecs_oidc_conf, subject), .def = "table", .names = subjects,
     .help = "What the claim tells: table: an account that entitlementctl subject import has joined to "
             "lines; msisdn: "
             "the number; imsi: the IMSI."},
    {ECS_KEY(STRING, "subject_claim", struct ecs_oidc_conf, subject_claim), .def = "sub", .min = 1,
     .max = 120, .help = "Claim of the ID token that names the subscriber; \"a.b\" looks into objects."},
    {ECS_KEY(STRING, "subject_prefix", struct ecs_oidc_conf, subject_prefix), .def = "", .max = 100,
     .help = "Taken off the claim's value when it begins with it (\"tel:\")."},
    {ECS_KEY(ENUM, "second_factor", struct ecs_oidc_conf, second_factor), .def = "none", .names = factors,
     .help =
         "Behind the login: otp-page: our page asks for a code that goes to the line's number (section otp); "
         "external: a server of yours (docs/oidc.md)."},
    {ECS_KEY(STRING, "second_factor_url", struct ecs_oidc_conf, second_factor_url), .def = "", .max = 1000,
     .help = "For external: where the device is sent; https."},
    {ECS_KEY(STRING, "second_factor_secret", struct ecs_oidc_conf, second_factor_secret), .def = "",
     .max = 1000, .flags = ECS_SETTING_SECRET,
     .help = "For external: signs our requests to it and its results (HS256); at least 32 bytes."},
    {ECS_KEY(STRING, "error_url", struct ecs_oidc_conf, error_url), .def = "", .max = 500,
     .help = "Page for users whose login failed (GeneralErrorURL); https. Empty: none, the device shows its "
             "own text."},
    {ECS_KEY(STRING, "error_data", struct ecs_oidc_conf, error_data), .def = "ref={ref}&reason={reason}",
     .max = 500,
     .help = "Data for that page (GeneralErrorUserData). {ref} also stands in the log, {reason} is the OAuth "
             "error or a "
             "word of ours."},
    {ECS_KEY(DURATION_S, "life", struct ecs_oidc_conf, life_s), .def = "10m", .min = 60, .max = 3600,
     .help = "How long a login, and behind it the second factor, may take."},
    {ECS_KEY(DURATION_MS, "timeout", struct ecs_oidc_conf, timeout_ms), .def = "5s", .min = 100, .max = 15000,
     .help = "Longest call of the token endpoint or the key set."},
    {ECS_KEY(INT, "in_flight", struct ecs_oidc_conf, in_flight), .def = "64", .min = 1, .max = 10000,
     .unit = "calls per worker", .help = "Calls of this provider at a time; more get 503."},
    {ECS_KEY(INT, "begin_per_minute", struct ecs_oidc_conf, begin_per_minute), .def = "3000", .min = 1,
     .max = 1000000, .unit = "logins per minute",
     .help = "Logins begun on one worker, as many at once; more get 503. Bounds the rows that wait in the "
             "database."},
    {0},
};

/* ---- an entry by itself ---- */

static bool is_loopback(struct ecs_str url)
{
    static const struct ecs_str plain = {"http://", 7};
    struct ecs_str host = {url.p + plain.n, url.n - plain.n};

    for (size_t i = 0; i < host.n; i++)
        if (strchr("/?#@", host.p[i]))
            host.n = i;
    if (host.n + plain.n < url.n && url.p[plain.n + host.n] == '@')
        return false;
    return ecs_addr_is_loopback(host);
}

static bool is_plain(const char *url)
{
    return ecs_str_starts_with(ecs_str_of(url), ECS_STR("http://"));
}

/* https, or plain http to this machine for labs. */
static bool is_url(const char *text)
{
    struct ecs_str url = ecs_str_of(text), https = ECS_STR("https://");

    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= ' ' || (unsigned char)url.p[i] >= 0x7f || url.p[i] == '#')
            return false;
    if (ecs_str_starts_with(url, https))
        return url.n > https.n && url.p[https.n] != '/';
    return is_plain(text) && is_loopback(url);
}

struct checking {
    const struct ecs_oidc_conf *conf;
    struct ecs_faults *faults;
    const struct ecs_yaml_node *node;
    bool good;
};

static void fault(struct checking *k, const char *key, const char *what)
{
    const struct ecs_yaml_node *at = ecs_yaml_get(k->node, key);

    ecs_fault_at(k->faults, at ? at : k->node, "%s %s", key, what);
    k->good = false;
}

static void check_addresses(struct checking *k)
{
    const struct ecs_oidc_conf *c = k->conf;
    const struct {
        const char *key, *url;
        bool may_be_empty;
    } urls[] = {
        {"issuer", c->issuer, false},
        {"authorize_url", c->authorize_url, false},
        {"token_url", c->token_url, false},
        {"jwks_url", c->jwks_url, false},
        {"error_url", c->error_url, true},
        {"second_factor_url", c->second_factor_url, c->second_factor != ECS_FACTOR_EXTERNAL},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(urls); i++)
        if (!is_url(urls[i].url) && !(urls[i].may_be_empty && !urls[i].url[0]))
            fault(k, urls[i].key, "must be an https:// address (http:// only to this machine, in a lab)");
}

static bool is_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || (c > name && strchr("._-", *c))))
            return false;
    return true;
}

static void check_words(struct checking *k)
{
    const struct ecs_oidc_conf *c = k->conf;
    enum ecs_app app;
    enum ecs_jws_alg alg;
    bool openid = false;
    struct ecs_str rest = ecs_str_of(c->scope), word;

    if (!is_name(c->name))
        fault(k, "name", "must consist of lower-case letters, digits, \".\", \"_\" and \"-\"");
    for (size_t i = 0; i < c->apps.n; i++)
        if (!ecs_app_find(c->apps.items[i], &app))
            fault(k, "apps", "must be AppIDs of TS.43 such as ap2009");
    for (size_t i = 0; i < c->algorithms.n; i++)
        if (!ecs_jws_alg_find(c->algorithms.items[i], &alg) || alg == ECS_JWS_HS256)
            fault(k, "algorithms", "must be of RS256, PS256, ES256");
    while (ecs_str_cut(&rest, ' ', &word))
        openid |= ecs_str_eq(word, ECS_STR("openid"));
    if (!openid)
        fault(k, "scope", "must hold openid");
}

/* What this server decides by itself cannot be given away to a setting. */
static void check_parameters(struct checking *k)
{
    static const char *const ours[] = {"response_type", "scope", "client_id",      "redirect_uri",
                                       "state",         "nonce", "code_challenge", "code_challenge_method",
                                       "max_age"};
    const struct ecs_str_list *list = &k->conf->authorize_parameters;

    for (size_t i = 0; i < list->n; i++) {
        struct ecs_str rest = list->items[i], name = ECS_STR_NULL;
        bool good = memchr(rest.p, '=', rest.n) && ecs_str_cut(&rest, '=', &name) && name.n && name.n < 64;

        for (size_t n = 0; good && n < name.n; n++)
            good = (unsigned char)name.p[n] > ' ' && (unsigned char)name.p[n] < 0x7f &&
                   !strchr("&?#%", name.p[n]);
        for (size_t o = 0; o < ECS_ARRAY_LEN(ours); o++)
            good = good && !ecs_str_eq_nocase(name, ecs_str_of(ours[o]));
        if (!good)
            fault(k, "authorize_parameters",
                  "must be \"name=value\", and none of those that this server sets itself");
    }
}

static void check_secrets(struct checking *k)
{
    enum { FACTOR_SECRET_MIN = 32 };
    const struct ecs_oidc_conf *c = k->conf;
    const char *why = "";

    if (c->client_auth == ECS_OIDC_PRIVATE_KEY) {
        struct ecs_jws_signer *signer =
            ecs_jws_signer_new((enum ecs_jws_alg)c->key_algorithm, ecs_str_of(c->private_key), NULL, &why);

        if (!signer)
            fault(k, "private_key", "cannot be used: no private key in PEM that fits key_algorithm");
        ecs_jws_signer_free(signer);
    } else if (!c->client_secret[0]) {
        fault(k, "client_secret", "is needed");
    }
    if (c->second_factor == ECS_FACTOR_EXTERNAL && strlen(c->second_factor_secret) < FACTOR_SECRET_MIN)
        fault(k, "second_factor_secret", "must have at least 32 bytes");
}

/* Only {ref} and {reason} stand for something. */
static void check_template(struct checking *k)
{
    const char *at = k->conf->error_data;

    while ((at = strchr(at, '{'))) {
        if (strncmp(at, "{ref}", 5) != 0 && strncmp(at, "{reason}", 8) != 0) {
            fault(k, "error_data", "may use {ref} and {reason} only");
            return;
        }
        at++;
    }
}

bool ecs_oidc_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    struct checking k = {.conf = section, .faults = faults, .node = node, .good = true};

    check_addresses(&k);
    check_words(&k);
    check_parameters(&k);
    check_secrets(&k);
    check_template(&k);
    return k.good;
}

/* ---- together with the rest ---- */

static bool uses_plain(const struct ecs_oidc_conf *c)
{
    const char *const urls[] = {c->issuer,   c->authorize_url, c->token_url,
                                c->jwks_url, c->error_url,     c->second_factor_url};

    for (size_t i = 0; i < ECS_ARRAY_LEN(urls); i++)
        if (is_plain(urls[i]))
            return true;
    return false;
}

bool ecs_login_check(const struct ecs_login_check *check, struct ecs_faults *faults)
{
    unsigned before = faults->count;

    if (check->oidc_n && !check->has_public_url)
        ecs_fault_add(faults, check->path, 0, 0,
                      "oidc needs web.public_url: providers send devices back to it");
    if (check->otp->login && !check->has_sms)
        ecs_fault_add(faults, check->path, 0, 0, "otp.login needs the section sms, by which codes are sent");
    for (size_t i = 0; i < check->oidc_n; i++) {
        const struct ecs_oidc_conf *c = &check->oidc[i];

        if (c->second_factor == ECS_FACTOR_PAGE && !check->has_sms)
            ecs_fault_add(faults, check->path, 0, 0,
                          "oidc: \"%s\" has second_factor otp-page, which needs the section sms", c->name);

        if (check->production && uses_plain(c))
            ecs_fault_add(faults, check->path, 0, 0,
                          "oidc: \"%s\" uses plain http; that is refused unless server.mode is lab", c->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(c->name, check->oidc[j].name) == 0)
                ecs_fault_add(faults, check->path, 0, 0, "oidc: two entries are called \"%s\"", c->name);
    }
    return faults->count == before;
}
