/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the list "smdp": sources of eSIM profiles. */
#include <string.h>

#include "adapters/smdp_int.h"

static const char *const types[] = {"es2plus", "pool", "static", NULL};

const struct ecs_setting ecs_smdp_settings[] = {
    {ECS_KEY(STRING, "name", struct ecs_smdp_conf, name), .flags = ECS_SETTING_REQUIRED, .min = 1, .max = 32,
     .help = "Name in rows, log and metrics: a-z, 0-9 and '-'. Profiles keep it: do not rename."},
    {ECS_KEY(ENUM, "type", struct ecs_smdp_conf, type), .def = "es2plus", .names = types,
     .help = "es2plus: profiles are ordered at an SM-DP+ (SGP.22 5.3); pool: activation codes that were "
             "prepared and "
             "imported (entitlementctl pool import); static: a default SM-DP+ that knows the device's EID "
             "from elsewhere."},
    {ECS_KEY(STRING, "url", struct ecs_smdp_conf, url), .min = 8, .max = 300,
     .help = "es2plus: where the SM-DP+ is called, \"https://smdp.example.com:8443\", with the provider's "
             "prefix if there "
             "is one; /gsma/rsp2/es2plus/ and the function are added. http:// to a loopback address in lab "
             "mode."},
    {ECS_KEY(STRING, "address", struct ecs_smdp_conf, address), .min = 3, .max = 500,
     .help = "Domain name under which devices reach it (activation codes, ProfileSmdpAddress); never a URL. "
             "Several with "
             "commas between: devices try them in this order, activation codes name the first."},
    {ECS_KEY(PATH, "certificate", struct ecs_smdp_conf, certificate), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of our certificate: ES2+ is mutual TLS."},
    {ECS_KEY(PATH, "key", struct ecs_smdp_conf, key), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of its private key; left out: it stands in the certificate's file."},
    {ECS_KEY(PATH, "ca", struct ecs_smdp_conf, ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of the authorities that may have signed the SM-DP+'s certificate (the operator's or "
             "the GSMA's); "
             "left out: the system's."},
    {ECS_KEY(STRING, "requester", struct ecs_smdp_conf, requester), .min = 1, .max = 128,
     .help = "functionRequesterIdentifier, as agreed with the provider (an OID, a contract name)."},
    {ECS_KEY(STRING, "protocol", struct ecs_smdp_conf, protocol), .def = "gsma/rsp/v2.5.0", .min = 10,
     .max = 40, .help = "X-Admin-Protocol of our calls and of answers to its notifications."},
    {ECS_KEY(STRING, "oid", struct ecs_smdp_conf, oid), .min = 3, .max = 100,
     .help = "Object identifier of the SM-DP+, to stand in activation codes; left out: none."},
    {ECS_KEY(STRING, "smds", struct ecs_smdp_conf, smds), .min = 3, .max = 253,
     .help = "Root SM-DS at which orders for a known EID are registered; left out: none."},
    {ECS_KEY(STRING_LIST, "profile_types", struct ecs_smdp_conf, profile_types), .max = 256,
     .help = "Profile types that it serves. Empty: all."},
    {ECS_KEY(STRING_LIST, "eid_prefixes", struct ecs_smdp_conf, eid_prefixes), .max = 256,
     .help = "Beginnings of the EIDs that it serves, for example of one maker's chips. Empty: all."},
    {ECS_KEY(STRING_LIST, "notifiers", struct ecs_smdp_conf, notifiers), .max = 16,
     .help = "Subjects of the certificates with which it may notify us at callback.listen, as openssl x509 "
             "-subject "
             "-nameopt RFC2253 prints them. Empty: it may not."},
    {ECS_KEY(BOOL, "pad_iccid", struct ecs_smdp_conf, pad_iccid),
     .help = "Send ICCIDs of 19 digits with a filler F, as servers of before SGP.22 2.2 want them."},
    {ECS_KEY(BOOL, "confirm_address", struct ecs_smdp_conf, confirm_address), .def = "true",
     .help = "Follow an smdpAddress that the answer to confirmOrder names; false: always the one above."},
    {ECS_KEY(DURATION_MS, "connect", struct ecs_smdp_conf, connect_ms), .def = "5s", .min = 100, .max = 30000,
     .help = "Longest wait for a connection."},
    {ECS_KEY(DURATION_MS, "timeout", struct ecs_smdp_conf, total_ms), .def = "10s", .min = 200, .max = 30000,
     .help = "Longest wait for an answer, a repetition included. Devices are told that it takes longer much "
             "earlier "
             "(odsa.wait)."},
    {ECS_KEY(INT, "max_in_flight", struct ecs_smdp_conf, max_in_flight), .def = "32", .min = 1, .max = 10000,
     .unit = "calls per worker", .help = "Calls under way at a time; more wait for their next try."},
    {ECS_KEY(INT, "low_stock", struct ecs_smdp_conf, low_stock), .def = "100", .min = 0, .max = 10000,
     .unit = "codes",
     .help = "pool: with fewer free codes of a type each one that is taken is warned of. 0: never."},
    {0},
};

static bool fault(struct ecs_faults *faults, const struct ecs_yaml_node *node, const char *key,
                  const char *text)
{
    const struct ecs_yaml_node *at = ecs_yaml_get(node, key);

    ecs_fault_at(faults, at ? at : node, "%s %s", key, text);
    return false;
}

static bool is_name(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name) && name[0] != '-';
}

static bool is_lower(const char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            return false;
    return true;
}

static bool check_address(const struct ecs_smdp_conf *c, struct ecs_faults *faults,
                          const struct ecs_yaml_node *node)
{
    struct ecs_str rest = ecs_str_of(c->address), part;
    bool good = is_lower(c->address) && rest.n && rest.p[rest.n - 1] != ',';

    while (good && ecs_str_cut(&rest, ',', &part))
        good = smdp_is_fqdn(part);
    return good || fault(faults, node, "address",
                         "must be a domain name in lower case, without scheme and port, or several with "
                         "commas between");
}

/* https://host[:port][/prefix], or http:// to a loopback address. */
static bool is_url(const char *url)
{
    static const char *const loopback[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

    if (strpbrk(url, " @?#\\\t"))
        return false;
    if (strncmp(url, "https://", 8) == 0)
        return url[8] != '\0' && !strchr("/:", url[8]);
    for (size_t i = 0; i < ECS_ARRAY_LEN(loopback); i++) {
        size_t n = strlen(loopback[i]);

        if (strncmp(url, loopback[i], n) == 0 && strchr(":/", url[n]))
            return true; /* the end of the text, too */
    }
    return false;
}

static bool check_es2plus(const struct ecs_smdp_conf *c, struct ecs_faults *faults,
                          const struct ecs_yaml_node *node)
{
    bool good = true;

    if (!c->url)
        good = fault(faults, node, "url", "is needed for type es2plus");
    else if (!is_url(c->url))
        good = fault(faults, node, "url",
                     "must begin with https:// (http:// to a loopback address in lab mode)");
    else if (strncmp(c->url, "https://", 8) == 0 && !c->certificate)
        good = fault(faults, node, "certificate", "is needed: ES2+ is mutual TLS");
    if (!c->requester)
        good = fault(faults, node, "requester", "is needed for type es2plus");
    if (c->total_ms < c->connect_ms)
        good = fault(faults, node, "timeout", "must not be shorter than connect");
    return good;
}

static bool check_words(const struct ecs_smdp_conf *c, struct ecs_faults *faults,
                        const struct ecs_yaml_node *node)
{
    bool good = true;

    if (!is_name(c->name))
        good = fault(faults, node, "name", "must be made of a-z, 0-9 and '-'");
    if (strncmp(c->protocol, "gsma/rsp/v", 10) != 0 || strpbrk(c->protocol, " \t\r\n"))
        good = fault(faults, node, "protocol", "must be of the form gsma/rsp/v2.5.0");
    if (c->oid && !smdp_is_code(ecs_str_of(c->oid)))
        good = fault(faults, node, "oid", "must be numbers with dots between");
    if (c->smds && !smdp_is_fqdn(ecs_str_of(c->smds)))
        good = fault(faults, node, "smds", "must be a domain name");
    if (c->key && !c->certificate)
        good = fault(faults, node, "key", "needs certificate");
    for (size_t i = 0; i < c->eid_prefixes.n; i++)
        if (!ecs_str_is_digits(c->eid_prefixes.items[i]) || c->eid_prefixes.items[i].n > 32)
            good = fault(faults, node, "eid_prefixes", "must be digits, at most 32 of them");
    for (size_t i = 0; i < c->profile_types.n; i++)
        if (!c->profile_types.items[i].n || c->profile_types.items[i].n > 128)
            good = fault(faults, node, "profile_types", "must have 1 to 128 characters each");
    for (size_t i = 0; i < c->notifiers.n; i++)
        if (!c->notifiers.items[i].n)
            good = fault(faults, node, "notifiers", "must not be empty");
    return good;
}

bool ecs_smdp_settings_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_smdp_conf *c = section;
    bool good = check_words(c, faults, node);

    if (c->address)
        good &= check_address(c, faults, node);
    else if (c->type != ECS_SMDP_POOL)
        good = fault(faults, node, "address", "is needed: devices have to find the SM-DP+");
    if (c->type == ECS_SMDP_ES2PLUS)
        return check_es2plus(c, faults, node) && good;
    if (c->url)
        good = fault(faults, node, "url", "belongs to type es2plus");
    return good;
}
