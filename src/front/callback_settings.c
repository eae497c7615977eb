/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of the listener for portal partners and of signed user data: rows of the sections "callback" and
 * "partners". */
#include "callback.h"

#include <stdlib.h>
#include <string.h>

#include "ecs/jws.h"

enum { SECRET_MIN = 32, FINGERPRINT_DIGITS = 64 };

static const char *const signings[] = {"none", "es256", "hs256", NULL};

const struct ecs_setting callback_settings[] = {
    {ECS_KEY(STRING_LIST, "listen", struct ecs_callback_conf, listen), .max = 8, .reload = ECS_RELOAD_RESTART,
     .help = "Where partners call: TCP addresses with mutual TLS (\"192.0.2.1:8444\") and Unix sockets "
             "(\"/run/entitlementd/callback.sock\", with a bearer token). Empty: none."},
    {ECS_KEY(PATH, "certificate", struct ecs_callback_conf, certificate),
     .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "Certificate with its chain in PEM form for the TCP addresses."},
    {ECS_KEY(PATH, "key", struct ecs_callback_conf, key), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "Its private key, when it is not in the same file."},
    {ECS_KEY(PATH, "client_ca", struct ecs_callback_conf, client_ca), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "Certification authorities of the partners' certificates in PEM form. A TCP connection without "
             "a valid "
             "certificate of one of them is refused in the handshake."},
    {ECS_KEY(INT, "socket_mode", struct ecs_callback_conf, socket_mode), .def = "660", .min = 600, .max = 777,
     .reload = ECS_RELOAD_RESTART, .help = "Permissions of the Unix sockets, in octal digits."},
    {ECS_KEY(INT, "per_minute", struct ecs_callback_conf, per_minute), .def = "6000", .min = 0,
     .max = 10000000, .unit = "calls per minute",
     .help = "Calls of one partner; more get 429 with Retry-After. 0: no limit."},
    {ECS_KEY(INT, "burst", struct ecs_callback_conf, burst), .def = "500", .min = 1, .max = 100000,
     .unit = "calls", .help = "Calls of one partner at once."},
    {ECS_KEY(ENUM, "signing", struct ecs_callback_conf, signing), .def = "none", .names = signings,
     .help = "Signed user data for pages: {jwt} in the policy's flow-data becomes a JSON Web Token. es256: "
             "with signing_key, the public key stands at web.path/jwks.json; hs256: with signing_secret."},
    {ECS_KEY(PATH, "signing_key", struct ecs_callback_conf, signing_key),
     .flags = ECS_SETTING_FILE_MUST_EXIST, .help = "Private key on curve P-256 in PEM form."},
    {ECS_KEY(STRING, "signing_kid", struct ecs_callback_conf, signing_kid), .def = "portal-1", .min = 1,
     .max = 64, .help = "Name of that key; a new key gets a new name."},
    {ECS_KEY(STRING, "signing_secret", struct ecs_callback_conf, signing_secret), .flags = ECS_SETTING_SECRET,
     .max = 1024, .help = "Secret of at least 32 bytes, shared with the page's server."},
    {ECS_KEY(STRING_LIST, "published_keys", struct ecs_callback_conf, published_keys), .max = 8,
     .help = "Former keys whose public halves still stand at web.path/jwks.json, for hand-overs that were "
             "signed before a change "
             "of keys: \"portal-0=/etc/entitlementd/portal-0.key\"."},
    {ECS_KEY(STRING, "issuer", struct ecs_callback_conf, issuer), .def = "", .max = 255,
     .help = "Claim iss. Empty: web.public_url."},
    {ECS_KEY(STRING, "audience", struct ecs_callback_conf, audience), .def = "", .max = 255,
     .help = "Claim aud. Empty: policy.portal_url."},
    {0},
};

const struct ecs_setting partner_settings[] = {
    {ECS_KEY(STRING, "name", struct ecs_partner_conf, name), .flags = ECS_SETTING_REQUIRED, .min = 1,
     .max = 63, .help = "Name in log and audit table."},
    {ECS_KEY(STRING, "certificate", struct ecs_partner_conf, certificate), .max = 95,
     .help = "SHA-256 fingerprint of its certificate in hexadecimal digits, with or without colons."},
    {ECS_KEY(STRING, "subject", struct ecs_partner_conf, subject), .max = 255,
     .help = "Subject of its certificate as openssl x509 -subject -nameopt RFC2253 prints it "
             "(\"CN=portal,O=Example\"). Survives a renewal, other than the fingerprint."},
    {ECS_KEY(STRING, "token", struct ecs_partner_conf, token), .flags = ECS_SETTING_SECRET, .max = 1024,
     .help = "Bearer token of at least 32 bytes: needed on Unix sockets, a second factor beside a "
             "certificate. What of "
             "certificate, subject and token is given must all fit."},
    {ECS_KEY(STRING_LIST, "services", struct ecs_partner_conf, services), .max = 16,
     .help = "Services that it may serve: [vowifi, odsa, boost, billing, satmode]. Empty: all."},
    {ECS_KEY(STRING_LIST, "brands", struct ecs_partner_conf, brands), .max = 64,
     .help = "Brands that it may serve. Empty: all."},
    {ECS_KEY(STRING_LIST, "disclose", struct ecs_partner_conf, disclose), .max = 3,
     .help = "Personal data that it is told: imsi, msisdn, device (identities of devices, eSIM chips and "
             "cards, for "
             "eSIM pages). Empty: none."},
    {0},
};

static bool is_unix(struct ecs_str address)
{
    return address.p[0] == '/' || address.p[0] == '@';
}

bool callback_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_callback_conf *c = section;
    bool good = true;

    for (size_t i = 0; i < c->listen.n; i++)
        if (!is_unix(c->listen.items[i]) && (!c->certificate || !c->client_ca)) {
            ecs_fault_at(faults, ecs_yaml_get(node, "listen"),
                         "listen: \"%.*s\" needs certificate and client_ca: partners call with mutual TLS",
                         ECS_FMT(c->listen.items[i]));
            good = false;
        }
    if (c->signing == CALLBACK_SIGN_ES256 && !c->signing_key) {
        ecs_fault_at(faults, ecs_yaml_get(node, "signing"), "signing: es256 needs signing_key");
        good = false;
    }
    if (c->signing == CALLBACK_SIGN_HS256 && (!c->signing_secret || strlen(c->signing_secret) < SECRET_MIN)) {
        ecs_fault_at(faults, ecs_yaml_get(node, "signing"),
                     "signing: hs256 needs a signing_secret of at least %d bytes", SECRET_MIN);
        good = false;
    }
    return good;
}

static bool is_fingerprint(const char *text)
{
    size_t digits = 0;

    for (; *text; text++)
        if (*text != ':' && !strchr("0123456789abcdefABCDEF", *text))
            return false;
        else
            digits += *text != ':';
    return digits == FINGERPRINT_DIGITS;
}

static bool words_are(const struct ecs_str_list *list, const char *const *words, struct ecs_faults *faults,
                      const struct ecs_yaml_node *at, const char *key)
{
    bool good = true;

    for (size_t i = 0; i < list->n; i++) {
        bool known = false;

        for (size_t k = 0; words[k]; k++)
            known |= ecs_str_eq(list->items[i], ecs_str_of(words[k]));
        if (!known) {
            ecs_fault_at(faults, at, "%s: \"%.*s\" is not known", key, ECS_FMT(list->items[i]));
            good = false;
        }
    }
    return good;
}

bool partner_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    static const char *const services[] = {"vowifi", "odsa", "boost", "billing", "satmode", NULL},
                             *const personal[] = {"imsi", "msisdn", "device", NULL};
    const struct ecs_partner_conf *p = section;
    bool good = true;

    if (!p->certificate && !p->subject && !p->token) {
        ecs_fault_at(faults, node, "a partner needs certificate, subject or token");
        good = false;
    }
    if (p->certificate && !is_fingerprint(p->certificate)) {
        ecs_fault_at(faults, ecs_yaml_get(node, "certificate"), "certificate must be 64 hexadecimal digits");
        good = false;
    }
    if (p->token && strlen(p->token) < SECRET_MIN) {
        ecs_fault_at(faults, ecs_yaml_get(node, "token"), "token must have at least %d bytes", SECRET_MIN);
        good = false;
    }
    good &= words_are(&p->services, services, faults, ecs_yaml_get(node, "services"), "services");
    return good & words_are(&p->disclose, personal, faults, ecs_yaml_get(node, "disclose"), "disclose");
}
