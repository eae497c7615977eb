/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of the BSS adapter: rows of the section "bss". */
#include <string.h>

#include "adapters/bss_int.h"

enum { SECRET_MIN = 32 };

static const char *const types[] = {"local", "tmf", "rest", NULL};
static const char *const auths[] = {"none", "oauth", "basic", "key", NULL};
static const char *const order_apis[] = {"service", "product", NULL};

const struct ecs_setting ecs_bss_settings[] = {
    {ECS_KEY(ENUM, "type", struct ecs_bss_conf, type), .def = "local", .names = types,
     .help =
         "local: plans and orders are kept in our own database; tmf: TM Forum APIs; rest: one address for "
         "each question (docs/bss.md)."},
    {ECS_KEY(STRING, "url", struct ecs_bss_conf, url), .def = "", .max = 300,
     .help = "Begin of all addresses: https://bss.example.net; http:// for loopback addresses in lab mode."},
    {ECS_KEY(ENUM, "auth", struct ecs_bss_conf, auth), .def = "none", .names = auths,
     .help =
         "How we prove ourselves beside a certificate: oauth (client credentials), basic, key (a header)."},
    {ECS_KEY(STRING, "token_url", struct ecs_bss_conf, token_url), .max = 500,
     .help = "oauth: token endpoint."},
    {ECS_KEY(STRING, "client_id", struct ecs_bss_conf, client_id), .max = 255,
     .help = "oauth: client_id; basic: user."},
    {ECS_KEY(STRING, "client_secret", struct ecs_bss_conf, client_secret), .flags = ECS_SETTING_SECRET,
     .max = 1024, .help = "oauth: its secret; basic: password."},
    {ECS_KEY(BOOL, "token_basic", struct ecs_bss_conf, token_basic), .def = "true",
     .help = "oauth: id and secret go to the token endpoint by HTTP Basic; off: in the body."},
    {ECS_KEY(STRING, "scope", struct ecs_bss_conf, scope), .max = 500, .help = "oauth: scope of the token."},
    {ECS_KEY(STRING, "key_header", struct ecs_bss_conf, key_header), .def = "X-Api-Key", .min = 1, .max = 64,
     .help = "key: name of the header."},
    {ECS_KEY(STRING, "key_value", struct ecs_bss_conf, key_value), .flags = ECS_SETTING_SECRET, .max = 1024,
     .help = "key: its value."},
    {ECS_KEY(PATH, "certificate", struct ecs_bss_conf, certificate), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of our certificate for mutual TLS."},
    {ECS_KEY(PATH, "key", struct ecs_bss_conf, key), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of its private key; left out: it stands in the certificate's file."},
    {ECS_KEY(PATH, "ca_file", struct ecs_bss_conf, ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of the authorities of the BSS's certificate; left out: the system's."},
    {ECS_KEY(ENUM, "order_api", struct ecs_bss_conf, order_api), .def = "service", .names = order_apis,
     .help = "tmf: service: orders by TMF641; product: by TMF622, where a purchase is charged."},
    {ECS_KEY(STRING_LIST, "paths", struct ecs_bss_conf, paths), .max = 40,
     .help = "Addresses that are other than ours: \"service=/inventory/v5/service\"; empty behind the sign: "
             "never asked. Names and defaults: docs/bss.md."},
    {ECS_KEY(STRING_LIST, "templates", struct ecs_bss_conf, templates), .max = 100,
     .help = "Filters, specifications and names of members that are other than ours: "
             "\"order-filter=externalReference.id={key}\". Names and defaults: docs/bss.md."},
    {ECS_KEY(STRING_LIST, "codes", struct ecs_bss_conf, codes), .max = 100,
     .help = "Result words and error codes of the BSS and what they mean to us: \"PROFILE_IN_USE=in-use\"; "
             "done, pending, again, website, in-use, refused, unknown, denied."},
    {ECS_KEY(BOOL, "ask_eligibility", struct ecs_bss_conf, ask_eligibility), .def = "false",
     .help = "CheckEligibility and first requests ask the BSS; off: policy decides by our facts alone."},
    {ECS_KEY(BOOL, "provides_profiles", struct ecs_bss_conf, provides_profiles), .def = "false",
     .help = "Its orders bring ICCID and activation code; no SM-DP+ of section smdp is asked."},
    {ECS_KEY(STRING, "callback", struct ecs_bss_conf, callback), .def = "", .max = 300,
     .help = "tmf: address of our callback listener as the BSS reaches it, with the path "
             "(https://ecs.example.net:8444/bss); registered at its hubs. Empty: the operator registers it."},
    {ECS_KEY(STRING_LIST, "notifiers", struct ecs_bss_conf, notifiers), .max = 16,
     .help = "Subjects of certificates (RFC 2253: \"CN=bss,O=Example\") that may send events to the callback "
             "listener."},
    {ECS_KEY(STRING, "events_token", struct ecs_bss_conf, events_token), .flags = ECS_SETTING_SECRET,
     .max = 1024, .help = "Bearer token of at least 32 bytes for events that come by a Unix socket."},
    {ECS_KEY(DURATION_MS, "connect", struct ecs_bss_conf, connect_ms), .def = "2s", .min = 100, .max = 10000,
     .help = "Longest wait for a connection."},
    {ECS_KEY(DURATION_MS, "timeout", struct ecs_bss_conf, total_ms), .def = "5s", .min = 200, .max = 30000,
     .help = "Longest wait for an answer; a call of several questions waits at most twice as long."},
    {ECS_KEY(INT, "max_in_flight", struct ecs_bss_conf, max_in_flight), .def = "64", .min = 1, .max = 10000,
     .unit = "calls per worker", .help = "Calls under way at a time; more are not made."},
    {ECS_KEY(DURATION_S, "plans_cache", struct ecs_bss_conf, plans_cache_s), .def = "1h", .min = 0,
     .max = 86400, .help = "How long plans of a foreign BSS are kept; 0: asked each time."},
    {ECS_KEY(DURATION_S, "local_async", struct ecs_bss_conf, local_async_s), .def = "0s", .min = 0,
     .max = 86400, .help = "local: orders are carried out so long after they came (demonstrations, tests)."},
    {ECS_KEY(DURATION_S, "sync_every", struct ecs_bss_conf, sync_every_s), .def = "0s", .min = 0,
     .max = 604800,
     .help = "tmf: services and products that have changed are read page by page so often, as "
             "reconciliation behind the events; 0: never."},
    {0},
};

struct check {
    struct ecs_faults *faults;
    const struct ecs_yaml_node *node;
    bool good;
};

static void fault(struct check *c, const char *key, const char *what)
{
    const struct ecs_yaml_node *at = ecs_yaml_get(c->node, key);

    ecs_fault_at(c->faults, at ? at : c->node, "%s: %s", key, what);
    c->good = false;
}

/* https://, or http:// to a loopback address; without query, fragment and user. */
static bool is_url(const char *url)
{
    static const char *const loopback[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

    if (!url || strpbrk(url, " \t\"<>#?@"))
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

static void check_names(struct check *c, const struct ecs_bss_conf *b, const struct ecs_str_list *list,
                        const char *key, bool is_path)
{
    for (size_t i = 0; i < list->n; i++) {
        const char *what = bss_names_fault(b->type, is_path, list->items[i]);

        if (!what)
            continue;
        ecs_fault_at(c->faults, ecs_yaml_get(c->node, key), "%s: \"%.*s\": %s", key, ECS_FMT(list->items[i]),
                     what);
        c->good = false;
    }
}

static void check_codes(struct check *c, const struct ecs_bss_conf *b)
{
    for (size_t i = 0; i < b->codes.n; i++) {
        struct ecs_str status = b->codes.items[i], code = ECS_STR_NULL;
        bool known = false;

        if (!ecs_str_cut(&status, '=', &code))
            code = ECS_STR_NULL;
        for (size_t k = 0; k < ECS_BSS_STATUS_COUNT; k++)
            known |= ecs_str_eq(status, ecs_str_of(ecs_bss_status_names[k]));
        if (!known || !code.n)
            fault(c, "codes",
                  "must be CODE=status; status is one of done, pending, again, website, in-use, "
                  "refused, unknown, denied");
    }
}

static void check_remote(struct check *c, const struct ecs_bss_conf *b)
{
    if (!is_url(b->url))
        fault(c, "url", "must begin with https:// (http:// to a loopback address in lab mode)");
    if (b->auth == ECS_BSS_AUTH_OAUTH && !is_url(b->token_url))
        fault(c, "token_url", "auth: oauth needs it, https://");
    if ((b->auth == ECS_BSS_AUTH_OAUTH || b->auth == ECS_BSS_AUTH_BASIC) &&
        (!b->client_id || !b->client_secret))
        fault(c, "client_id", "auth: oauth and basic need client_id and client_secret");
    if (b->auth == ECS_BSS_AUTH_KEY && !b->key_value)
        fault(c, "key_value", "auth: key needs it");
    if (b->key && !b->certificate)
        fault(c, "key", "needs certificate");
    check_names(c, b, &b->paths, "paths", true);
    check_names(c, b, &b->templates, "templates", false);
    check_codes(c, b);
}

bool ecs_bss_settings_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_bss_conf *b = section;
    struct check c = {faults, node, true};

    if (b->type != ECS_BSS_LOCAL)
        check_remote(&c, b);
    else if (b->provides_profiles)
        fault(&c, "provides_profiles", "the local BSS has no profiles");
    if (b->type != ECS_BSS_TMF && b->callback[0])
        fault(&c, "callback", "only TMF APIs have hubs: type is not tmf");
    if (b->callback[0] && !is_url(b->callback))
        fault(&c, "callback", "must begin with https://");
    if (b->type != ECS_BSS_TMF && b->sync_every_s)
        fault(&c, "sync_every", "only type tmf can be read for changes");
    if (b->events_token && strlen(b->events_token) < SECRET_MIN)
        fault(&c, "events_token", "must have at least 32 bytes");
    return c.good;
}
