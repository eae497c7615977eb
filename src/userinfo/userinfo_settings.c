/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of phone numbers and applications: sections "number" and "applications", and what is wrong in
 * them. */
#include "userinfo_priv.h"

#include <string.h>

#include "ecs/crypto.h"

static const char *const form_names[] = {"plain", "encoded", "encrypted", NULL};

const struct ecs_setting ecs_userinfo_settings[] = {
    {ECS_KEY(STRING_LIST, "operations", struct ecs_userinfo_conf, operations),
     .def =
         "GetPhoneNumber, VerifyPhoneNumber, GetSubscriberInfo, AcquireTemporaryToken, AcquireOperatorToken, "
         "ValidateOperatorToken, GetSubscriberDeviceInfo, Get3PAppInfo",
     .max = 8, .help = "Operations of ap2014 and ap2015 that are served; others are answered 405."},
    {ECS_KEY(STRING_LIST, "device_operations", struct ecs_userinfo_conf, device_operations),
     .def = "GetPhoneNumber, VerifyPhoneNumber", .max = 2,
     .help = "Of GetPhoneNumber and VerifyPhoneNumber, those that devices may use themselves; 405 for the "
             "others, which "
             "servers with a temporary token still get (TS.43 13.1.1)."},
    {ECS_KEY(ENUM, "form", struct ecs_userinfo_conf, form), .def = "plain", .names = form_names,
     .help = "Form of MSISDN in answers: plain (+4790000001), encoded (encodedValue= and base64 of it), "
             "encrypted "
             "(encodedValue= and base64 of a JSON Web Encryption for form_key)."},
    {ECS_KEY(STRING, "form_key", struct ecs_userinfo_conf, form_key), .min = 1, .max = 65536,
     .flags = ECS_SETTING_SECRET,
     .help = "Public key of whoever reads encrypted numbers, PEM or JSON Web Key: "
             "file:/etc/entitlementd/numbers.pem. RSA: "
             "RSA-OAEP-256, P-256: ECDH-ES; contents A256GCM."},
    {ECS_KEY(STRING, "sim_id_key", struct ecs_userinfo_conf, sim_id_key), .min = 64, .max = 64,
     .flags = ECS_SETTING_SECRET,
     .help = "Key of the SimID forms uuid and hash (HMAC-SHA256 of the IMSI), 64 hex digits (openssl rand "
             "-hex 32): "
             "file:/etc/entitlementd/sim-id.key. The same on all nodes; with another key all SimIDs change."},
    {ECS_KEY(STRING, "country_code", struct ecs_userinfo_conf, country_code), .def = "", .max = 3,
     .help = "Country code for numbers to verify that are written with one leading 0: \"47\". Empty: such "
             "numbers are "
             "no numbers."},
    {ECS_KEY(INT, "verify_per_minute", struct ecs_userinfo_conf, verify_per_minute), .def = "10", .min = 0,
     .max = 100000, .unit = "requests per minute",
     .help = "VerifyPhoneNumber for one line and one caller, over all nodes; more get 503, so that nobody "
             "finds a number "
             "out by trying. 0: no limit."},
    {ECS_KEY(INT, "verify_burst", struct ecs_userinfo_conf, verify_burst), .def = "5", .min = 1,
     .max = 100000, .unit = "requests", .help = "So many of them at once, on one worker."},
    {ECS_KEY(STRING_LIST, "scopes", struct ecs_userinfo_conf, scopes),
     .def = "VerifyPhoneNumber=phone, GetSubscriberDeviceInfo=phone", .max = 64,
     .help = "Which scope of an operator token opens which operation (TS.43 14.1.6 leaves that to the "
             "operator). An "
             "operation with several entries is opened by any of them, one without any by every token."},
    {ECS_KEY(STRING, "auth_url", struct ecs_userinfo_conf, auth_url), .def = "", .max = 300,
     .help =
         "OperatorTokenAuthURL: where operator tokens can be validated. Empty: web.public_url and a slash."},
    {ECS_KEY(STRING_LIST, "audiences", struct ecs_userinfo_conf, audiences), .max = 16,
     .help = "Audiences (aud) of access tokens of applications beside web.public_url and auth_url."},
    {ECS_KEY(DURATION_S, "access_token_life", struct ecs_userinfo_conf, access_token_life_s), .def = "1h",
     .min = 60, .max = 604800,
     .help = "Longest life (exp minus iat) of an access token that an application may present."},
    {ECS_KEY(STRING, "access_key", struct ecs_userinfo_conf, access_key), .min = 1, .max = 65536,
     .flags = ECS_SETTING_SECRET,
     .help =
         "Our private key (PEM, RSA or P-256), when applications encrypt their signed access tokens for us: "
         "file:/etc/entitlementd/applications.key. Left out: they are signed only."},
    {0},
};

const struct ecs_setting ecs_userinfo_app_settings[] = {
    {ECS_KEY(STRING, "client_id", struct ecs_userinfo_app_conf, client_id), .flags = ECS_SETTING_REQUIRED,
     .min = 1, .max = 256, .help = "Name of the application in requests (client_id)."},
    {ECS_KEY(STRING, "name", struct ecs_userinfo_app_conf, name), .def = "", .max = 256,
     .help = "3PAppNameAnon: its name as its back end wants it to be told, where the App token does not "
             "bring one."},
    {ECS_KEY(STRING, "back_end", struct ecs_userinfo_app_conf, back_end), .def = "", .max = 256,
     .help = "client_id of its server in server_callers, which asks for App tokens. Empty: the same as "
             "client_id."},
    {ECS_KEY(STRING_LIST, "scopes", struct ecs_userinfo_app_conf, scopes), .def = "openid, phone", .max = 32,
     .help = "Scopes that its operator tokens may have."},
    {ECS_KEY(STRING_LIST, "requestors", struct ecs_userinfo_app_conf, requestors),
     .max = ECS_GRANT_REQUESTORS_MAX,
     .help =
         "requestor_id of the servers that may consume its operator tokens, and temporary tokens that were "
         "acquired for it with ap2014. Empty: whoever has the token."},
    {ECS_KEY(BOOL, "access_token_required", struct ecs_userinfo_app_conf, access_token_required),
     .def = "true",
     .help = "Operator tokens only for requests with an access token of the application, here or when the "
             "temporary "
             "token was acquired. false: client_id beside a temporary token of the device is enough."},
    {ECS_KEY(BOOL, "access_token_bound", struct ecs_userinfo_app_conf, access_token_bound), .def = "true",
     .help = "An access token is good for the line that first shows it (by jti, or by its text), on all "
             "nodes; shown for another one it is a replay. false: the back end gives all phones the same."},
    {ECS_KEY(STRING, "access_token_key", struct ecs_userinfo_app_conf, access_token_key), .min = 1,
     .max = 65536, .flags = ECS_SETTING_SECRET,
     .help = "Keys that its access tokens are signed with: PEM public key, certificate, or JSON Web Key Set: "
             "file:/etc/entitlementd/bank.pem."},
    {ECS_KEY(STRING, "access_token_secret", struct ecs_userinfo_app_conf, access_token_secret), .min = 32,
     .max = 1024, .flags = ECS_SETTING_SECRET,
     .help =
         "Shared secret in place of a key (HS256), 32 bytes and more: file:/etc/entitlementd/bank.secret."},
    {ECS_KEY(STRING_LIST, "algorithms", struct ecs_userinfo_app_conf, algorithms),
     .def = "RS256, PS256, ES256", .min = 1, .max = 3,
     .help = "Signature algorithms that are taken with access_token_key."},
    {ECS_KEY(STRING_LIST, "issuers", struct ecs_userinfo_app_conf, issuers), .max = 16,
     .help = "Issuers (iss) of its access tokens beside its client_id."},
    {ECS_KEY(STRING, "encryption_key", struct ecs_userinfo_app_conf, encryption_key), .min = 1, .max = 65536,
     .flags = ECS_SETTING_SECRET,
     .help = "Public key of its back end, PEM or JSON Web Key: operator tokens are encrypted for it (TS.43 "
             "14.1.5). "
             "Left out: they are not."},
    {0},
};

/* ---- words ---- */

bool userinfo_list_has(const struct ecs_str_list *list, struct ecs_str item)
{
    for (size_t i = 0; i < list->n; i++)
        if (ecs_str_eq_nocase(list->items[i], item))
            return true;
    return false;
}

bool userinfo_scope_read(struct ecs_str text, enum ecs_operation *ret_operation, struct ecs_str *ret_scope)
{
    struct ecs_str name;

    if (!ecs_str_cut(&text, '=', &name) || !ecs_operation_find(ecs_str_trim(name), ret_operation))
        return false;
    *ret_scope = ecs_str_trim(text);
    return ret_scope->n && ecs_operation_accepts(*ret_operation, ECS_BY_OPERATOR) &&
           ecs_str_find(*ret_scope, ECS_STR(" ")) < 0;
}

bool userinfo_words_have(struct ecs_str words, struct ecs_str word)
{
    struct ecs_str one;

    while (ecs_str_cut(&words, ' ', &one))
        if (one.n && ecs_str_eq_nocase(one, word))
            return true;
    return false;
}

bool userinfo_scope_opens(const struct ecs_userinfo_conf *conf, struct ecs_str scopes,
                          enum ecs_operation operation)
{
    enum ecs_operation of;
    struct ecs_str scope;
    bool needs = false;

    for (size_t i = 0; i < conf->scopes.n; i++) {
        if (!userinfo_scope_read(conf->scopes.items[i], &of, &scope) || of != operation)
            continue;
        needs = true;
        if (userinfo_words_have(scopes, scope))
            return true;
    }
    return !needs;
}

/* ---- checks ---- */

static bool fault(struct ecs_faults *faults, const struct ecs_yaml_node *node, const char *key,
                  const char *text)
{
    const struct ecs_yaml_node *at = ecs_yaml_get(node, key);

    ecs_fault_at(faults, at ? at : node, "%s: %s", key, text);
    return false;
}

static bool check_key(const char *text, const char *key, struct ecs_faults *faults,
                      const struct ecs_yaml_node *node)
{
    const char *why = NULL;
    struct ecs_jwe_key *made = text ? ecs_jwe_receiver_new(ecs_str_of(text), NULL, &why) : NULL;

    ecs_jwe_key_free(made);
    return !text || made || fault(faults, node, key, why);
}

static bool is_url(const char *text)
{
    struct ecs_str url = ecs_str_of(text);

    if (!ecs_str_starts_with(url, ECS_STR("https://")) || url.n == 8)
        return false;
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] <= ' ' || url.p[i] > '~' || strchr("<>\"'\\", url.p[i]))
            return false;
    return true;
}

static bool check_operations(const struct ecs_userinfo_conf *c, struct ecs_faults *faults,
                             const struct ecs_yaml_node *node)
{
    enum ecs_operation operation;
    struct ecs_str scope;
    bool good = true;

    for (size_t i = 0; i < c->operations.n; i++)
        if (!ecs_operation_find(c->operations.items[i], &operation) ||
            !(ecs_operation_is_of(operation, ECS_APP_2014) || ecs_operation_is_of(operation, ECS_APP_2015)))
            good = fault(faults, node, "operations",
                         "must be operations of ap2014 or ap2015 such as GetPhoneNumber");
    for (size_t i = 0; i < c->device_operations.n; i++)
        if (!ecs_operation_find(c->device_operations.items[i], &operation) ||
            (operation != ECS_OP_GET_PHONE_NUMBER && operation != ECS_OP_VERIFY_PHONE_NUMBER))
            good = fault(faults, node, "device_operations", "must be of GetPhoneNumber, VerifyPhoneNumber");
    for (size_t i = 0; i < c->scopes.n; i++)
        if (!userinfo_scope_read(c->scopes.items[i], &operation, &scope))
            good = fault(faults, node, "scopes",
                         "must be of the form GetSubscriberDeviceInfo=phone, with an operation that operator "
                         "tokens serve");
    return good;
}

bool ecs_userinfo_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_userinfo_conf *c = section;
    uint8_t key[USERINFO_KEY_BYTES];
    const char *why = NULL;
    struct ecs_jwe_key *own = c->access_key ? ecs_jwe_private_new(ecs_str_of(c->access_key), &why) : NULL;
    bool good = check_operations(c, faults, node);

    if (c->sim_id_key && !ecs_hex_decode(ecs_str_of(c->sim_id_key), key, sizeof(key)))
        good = fault(faults, node, "sim_id_key", "must be 64 hex digits");
    ecs_wipe(key, sizeof(key));
    if (c->access_key && !own)
        good = fault(faults, node, "access_key", why);
    ecs_jwe_key_free(own);
    good = check_key(c->form_key, "form_key", faults, node) && good;
    if (c->form == ECS_NUMBER_ENCRYPTED && !c->form_key)
        good = fault(faults, node, "form", "encrypted needs form_key");
    if (c->country_code[0] && (!ecs_str_is_digits(ecs_str_of(c->country_code)) || c->country_code[0] == '0'))
        good = fault(faults, node, "country_code", "must be digits such as 47");
    if (c->auth_url[0] && !is_url(c->auth_url))
        good = fault(faults, node, "auth_url", "must be an https:// address");
    return good;
}

static bool check_words(const struct ecs_userinfo_app_conf *c, struct ecs_faults *faults,
                        const struct ecs_yaml_node *node)
{
    enum ecs_jws_alg alg;
    bool good = true;

    for (size_t i = 0; i < c->algorithms.n; i++)
        if (!ecs_jws_alg_find(c->algorithms.items[i], &alg) || alg == ECS_JWS_HS256)
            good = fault(faults, node, "algorithms", "must be of RS256, PS256, ES256");
    for (size_t i = 0; i < c->scopes.n; i++)
        if (!c->scopes.items[i].n || ecs_str_find(c->scopes.items[i], ECS_STR(" ")) >= 0)
            good = fault(faults, node, "scopes", "a scope is one word");
    for (size_t i = 0; i < c->requestors.n; i++)
        if (!c->requestors.items[i].n || c->requestors.items[i].n > 128)
            good = fault(faults, node, "requestors", "a requestor_id has 1 to 128 characters");
    return good;
}

bool ecs_userinfo_app_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_userinfo_app_conf *c = section;
    struct ecs_jwk_set *keys = NULL;
    bool good = check_words(c, faults, node);

    if (c->access_token_key) {
        struct ecs_str text = ecs_str_trim(ecs_str_of(c->access_token_key));

        keys = text.n && text.p[0] == '{' ? ecs_jwk_set_parse(text) : ecs_jwk_set_pem(text, NULL);
        if (!keys || !ecs_jwk_set_size(keys))
            good = fault(faults, node, "access_token_key",
                         "no PEM text of an RSA key (2048 bits and more) or a P-256 key, and no JSON Web Key "
                         "Set of such");
        ecs_jwk_set_free(keys);
    }
    good = check_key(c->encryption_key, "encryption_key", faults, node) && good;
    if (c->access_token_key && c->access_token_secret)
        good = fault(faults, node, "access_token_secret", "does not go with access_token_key");
    if (c->access_token_required && !c->access_token_key && !c->access_token_secret)
        good = fault(faults, node, "access_token_required",
                     "needs access_token_key or access_token_secret, or must be false");
    return good;
}
