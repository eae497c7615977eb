/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of the push channels: rows of the optional sections "fcm", "apns", "wns" and "sms". */
#include <string.h>

#include "adapters/push_int.h"
#include "adapters/sms_template.h"

#define CA_HELP "Authorities (PEM) for the certificates of the other side; left out: the system's."

const struct ecs_setting ecs_fcm_settings[] = {
    {ECS_KEY(STRING, "service_account", struct ecs_fcm_conf, service_account), .min = 1, .max = 65536,
     .flags = ECS_SETTING_REQUIRED | ECS_SETTING_SECRET,
     .help = "Key file (JSON) of a service account that may send messages of the Firebase project, as "
             "file:/path or credential:name."},
    {ECS_KEY(STRING, "url", struct ecs_fcm_conf, url), .def = "https://fcm.googleapis.com", .min = 8,
     .max = 200, .help = "FCM HTTP v1 service without a path; http:// for loopback addresses only."},
    {ECS_KEY(STRING, "token_url", struct ecs_fcm_conf, token_url), .min = 8, .max = 500,
     .help = "Where access tokens are fetched; left out: token_uri of the service account."},
    {ECS_KEY(PATH, "ca_file", struct ecs_fcm_conf, ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = CA_HELP},
    {0},
};

const struct ecs_setting ecs_apns_settings[] = {
    {ECS_KEY(STRING, "url", struct ecs_apns_conf, url), .def = "https://api.push.apple.com", .min = 8,
     .max = 200,
     .help = "APNs provider API without a path; https://api.sandbox.push.apple.com for development tokens; "
             "http:// for loopback addresses only."},
    {ECS_KEY(STRING, "topic", struct ecs_apns_conf, topic), .flags = ECS_SETTING_REQUIRED, .min = 1,
     .max = 200, .help = "apns-topic, as agreed with Apple."},
    {ECS_KEY(STRING, "team_id", struct ecs_apns_conf, team_id), .min = 1, .max = 40,
     .help = "Team of the provider token."},
    {ECS_KEY(STRING, "key_id", struct ecs_apns_conf, key_id), .min = 1, .max = 40,
     .help = "Identifier of the signing key."},
    {ECS_KEY(STRING, "key", struct ecs_apns_conf, key), .flags = ECS_SETTING_SECRET, .min = 1, .max = 8192,
     .help = "Signing key (.p8, EC P-256) as file:/path or credential:name."},
    {ECS_KEY(PATH, "certificate", struct ecs_apns_conf, certificate), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "Client certificate (PEM) in place of a provider token."},
    {ECS_KEY(PATH, "certificate_key", struct ecs_apns_conf, certificate_key),
     .flags = ECS_SETTING_FILE_MUST_EXIST, .help = "Its private key (PEM)."},
    {ECS_KEY(PATH, "ca_file", struct ecs_apns_conf, ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = CA_HELP},
    {0},
};

const struct ecs_setting ecs_wns_settings[] = {
    {ECS_KEY(STRING, "client_id", struct ecs_wns_conf, client_id), .flags = ECS_SETTING_REQUIRED, .min = 1,
     .max = 300, .help = "Package security identifier (ms-app://...) or application id."},
    {ECS_KEY(STRING, "client_secret", struct ecs_wns_conf, client_secret),
     .flags = ECS_SETTING_REQUIRED | ECS_SETTING_SECRET, .min = 1, .max = 500, .help = "Its secret."},
    {ECS_KEY(STRING, "token_url", struct ecs_wns_conf, token_url),
     .def = "https://login.live.com/accesstoken.srf", .min = 8, .max = 500,
     .help = "Where access tokens are fetched; http:// for loopback addresses only."},
    {ECS_KEY(STRING, "scope", struct ecs_wns_conf, scope), .def = "notify.windows.com", .min = 1, .max = 300,
     .help = "Scope of the access token."},
    {ECS_KEY(STRING, "relay_url", struct ecs_wns_conf, relay_url), .min = 8, .max = 200,
     .help = "Scheme and host of a relay that is asked in place of *.notify.windows.com, with path and query "
             "of the channel; left out: the channel's host. http:// for loopback addresses only."},
    {ECS_KEY(PATH, "ca_file", struct ecs_wns_conf, ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = CA_HELP},
    {0},
};

bool push_url_is_plain(const char *url)
{
    return strncmp(url, "http://", 7) == 0;
}

/* https://host[:port], or http:// to a loopback address. */
static bool url_is_allowed(const char *url)
{
    static const char *const loopback[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

    if (strncmp(url, "https://", 8) == 0)
        return url[8] != '\0' && !strchr("/:?#@", url[8]);
    for (size_t i = 0; i < ECS_ARRAY_LEN(loopback); i++) {
        size_t n = strlen(loopback[i]);

        if (strncmp(url, loopback[i], n) == 0 && strchr(":/", url[n]) && !strchr(url + n, '@'))
            return true; /* the end of the text, too */
    }
    return false;
}

static bool check_url(const char *name, const char *url, bool with_path, struct ecs_faults *faults,
                      const struct ecs_yaml_node *node)
{
    const struct ecs_yaml_node *at = ecs_yaml_get(node, name);

    if (!url)
        return true;
    if (!url_is_allowed(url)) {
        ecs_fault_at(faults, at ? at : node,
                     "%s must begin with https:// (http:// for loopback addresses only)", name);
        return false;
    }
    if (!with_path && strchr(strstr(url, "://") + 3, '/')) {
        ecs_fault_at(faults, at ? at : node, "%s must end behind the host", name);
        return false;
    }
    return true;
}

bool ecs_fcm_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_fcm_conf *c = section;
    bool good = check_url("url", c->url, false, faults, node);

    return check_url("token_url", c->token_url, true, faults, node) && good;
}

bool ecs_apns_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_apns_conf *c = section;
    bool good = check_url("url", c->url, false, faults, node);
    bool any_key = c->key || c->key_id || c->team_id, all_key = c->key && c->key_id && c->team_id;
    bool any_file = c->certificate || c->certificate_key, all_file = c->certificate && c->certificate_key;

    if (any_key != all_key || any_file != all_file || any_key == any_file) {
        ecs_fault_at(faults, node,
                     "either key, key_id and team_id or certificate and certificate_key must be given");
        return false;
    }
    return good;
}

bool ecs_wns_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_wns_conf *c = section;
    bool good = check_url("token_url", c->token_url, true, faults, node);

    return check_url("relay_url", c->relay_url, false, faults, node) && good;
}

static bool check_http(const struct ecs_sms_http_conf *c, struct ecs_faults *faults,
                       const struct ecs_yaml_node *node)
{
    const char *wrong;

    if (!c->url) {
        ecs_fault_at(faults, node, "transport http needs http_url");
        return false;
    }
    if (!check_url("http_url", c->url, true, faults, node))
        return false;
    if (!!c->user + !!c->bearer + !!c->authorization > 1)
        wrong = "http_user, http_bearer and http_authorization exclude each other";
    else if (!c->user != !c->password)
        wrong = "http_user and http_password belong together";
    else
        wrong = sms_template_fault(c);
    if (wrong)
        ecs_fault_at(faults, node, "%s", wrong);
    return !wrong;
}

static bool check_smpp(const struct ecs_smpp_conf *c, struct ecs_faults *faults,
                       const struct ecs_yaml_node *node)
{
    if (!c->host || !c->system_id) {
        ecs_fault_at(faults, node, "transport smpp needs smpp_host and smpp_system_id");
        return false;
    }
    if (!c->certificate != !c->certificate_key) {
        ecs_fault_at(faults, node, "smpp_certificate and smpp_certificate_key belong together");
        return false;
    }
    if (!c->tls && (c->ca_file || c->certificate)) {
        ecs_fault_at(faults, node, "smpp_ca_file and smpp_certificate need smpp_tls");
        return false;
    }
    return true;
}

/* TS 23.040 9.1.2.5: a name has at most eleven characters. */
static bool check_sender(const char *sender, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    struct ecs_str digits = ecs_str_of(sender);
    uint8_t septets[22];

    if (digits.n > 1 && digits.p[0] == '+') {
        digits.p++;
        digits.n--;
    }
    if (ecs_str_is_digits(digits) || ecs_sms_gsm7_encode(ecs_str_of(sender), septets, 11) > 0)
        return true;
    ecs_fault_at(faults, ecs_yaml_get(node, "sender") ? ecs_yaml_get(node, "sender") : node,
                 "sender must be digits or at most 11 characters of the GSM alphabet");
    return false;
}

bool ecs_sms_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_sms_conf *c = section;
    bool good = check_sender(c->sender, faults, node);

    if (c->transport == ECS_SMS_BY_HTTP)
        return check_http(&c->http, faults, node) && good;
    return check_smpp(&c->smpp, faults, node) && good;
}
