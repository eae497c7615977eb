/* SPDX-License-Identifier: Apache-2.0 */
/* Sections "availability" and "availability_feeds". */
#include "ecs/availability.h"

#include <string.h>

static const char *const auths[] = {"none", "oauth", "basic", "bearer", "key", NULL};
static const char *const stales[] = {"drop", "keep", NULL};

const struct ecs_setting ecs_availability_settings[] = {
    {ECS_KEY(ENUM, "tell", struct ecs_availability_conf, tell), .def = "recovery", .names = ecs_state_tells,
     .help = "Whose devices are notified, at the pace of notify.campaign_per_second: recovery: of services "
             "that work again; "
             "all: of outages, too; none."},
    {ECS_KEY(STRING, "outage_message", struct ecs_availability_conf, outage_message), .def = "outage",
     .max = 63,
     .help = "Text (key of the message catalogues) of states unavailable and degraded that bring none."},
    {ECS_KEY(STRING, "not_deployed_message", struct ecs_availability_conf, not_deployed_message),
     .def = "not-deployed", .max = 63, .help = "The same for not-deployed."},
    {0},
};

const struct ecs_setting ecs_feed_settings[] = {
    {ECS_KEY(STRING, "name", struct ecs_feed_conf, name), .flags = ECS_SETTING_REQUIRED, .min = 1, .max = 31,
     .help =
         "Name in lists, log and metrics: a-z, 0-9 and '-'; not \"operator\". States go when it is renamed."},
    {ECS_KEY(STRING, "url", struct ecs_feed_conf, url), .flags = ECS_SETTING_REQUIRED, .min = 8, .max = 500,
     .help = "Where the document is (docs/availability.md): https://; http:// to a loopback address in lab "
             "mode."},
    {ECS_KEY(DURATION_S, "every", struct ecs_feed_conf, every_s), .def = "1m", .min = 1, .max = 86400,
     .help = "Time between two questions; one node asks, with If-None-Match."},
    {ECS_KEY(DURATION_S, "stale_after", struct ecs_feed_conf, stale_s), .def = "30m", .min = 1,
     .max = 2592000, .help = "Without a good answer for so long, what it told is stale."},
    {ECS_KEY(ENUM, "stale", struct ecs_feed_conf, stale), .def = "drop", .names = stales,
     .help = "drop: stale states are removed, the services count as ready, and nobody is notified; keep: "
             "they stand."},
    {ECS_KEY(ENUM, "auth", struct ecs_feed_conf, auth), .def = "none", .names = auths,
     .help = "How we prove ourselves beside a certificate: oauth (client credentials), basic, bearer (a "
             "fixed token), key "
             "(a header)."},
    {ECS_KEY(STRING, "token_url", struct ecs_feed_conf, token_url), .max = 500,
     .help = "oauth: token endpoint."},
    {ECS_KEY(STRING, "client_id", struct ecs_feed_conf, client_id), .max = 255,
     .help = "oauth: client_id; basic: user."},
    {ECS_KEY(STRING, "client_secret", struct ecs_feed_conf, client_secret), .flags = ECS_SETTING_SECRET,
     .max = 1024, .help = "oauth: its secret, sent by HTTP Basic; basic: password."},
    {ECS_KEY(STRING, "scope", struct ecs_feed_conf, scope), .max = 500, .help = "oauth: scope of the token."},
    {ECS_KEY(STRING, "bearer", struct ecs_feed_conf, bearer), .flags = ECS_SETTING_SECRET, .max = 4096,
     .help = "bearer: the token."},
    {ECS_KEY(STRING, "key_header", struct ecs_feed_conf, key_header), .def = "X-Api-Key", .min = 1, .max = 64,
     .help = "key: name of the header."},
    {ECS_KEY(STRING, "key_value", struct ecs_feed_conf, key_value), .flags = ECS_SETTING_SECRET, .max = 1024,
     .help = "key: its value."},
    {ECS_KEY(PATH, "certificate", struct ecs_feed_conf, certificate), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of our certificate for mutual TLS."},
    {ECS_KEY(PATH, "key", struct ecs_feed_conf, key), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of its private key; left out: it stands in the certificate's file."},
    {ECS_KEY(PATH, "ca_file", struct ecs_feed_conf, ca_file), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .help = "PEM file of the authorities of its certificate; left out: the system's."},
    {ECS_KEY(DURATION_MS, "connect", struct ecs_feed_conf, connect_ms), .def = "3s", .min = 100, .max = 30000,
     .help = "Longest wait for a connection."},
    {ECS_KEY(DURATION_MS, "timeout", struct ecs_feed_conf, total_ms), .def = "10s", .min = 200, .max = 30000,
     .help = "Longest wait for an answer."},
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

static bool is_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || (*p == '-' && p != name)))
            return false;
    return strcmp(name, "operator") != 0;
}

/* https://, or http:// to a loopback address; without fragment and user. */
static bool is_url(const char *url)
{
    static const char *const loopback[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

    if (!url || strpbrk(url, " \t\"<>#@"))
        return false;
    if (strncmp(url, "https://", 8) == 0)
        return url[8] != '\0' && !strchr("/:?", url[8]);
    for (size_t i = 0; i < ECS_ARRAY_LEN(loopback); i++) {
        size_t n = strlen(loopback[i]);

        if (strncmp(url, loopback[i], n) == 0 && strchr(":/?", url[n]))
            return true; /* the end of the text, too */
    }
    return false;
}

bool ecs_feed_settings_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_feed_conf *f = section;
    struct check c = {faults, node, true};
    bool user = f->auth == ECS_FEED_AUTH_OAUTH || f->auth == ECS_FEED_AUTH_BASIC;

    if (!is_name(f->name))
        fault(&c, "name", "must be of a-z, 0-9 and '-', and not \"operator\"");
    if (!is_url(f->url))
        fault(&c, "url", "must begin with https:// (http:// to a loopback address in lab mode)");
    if (f->auth == ECS_FEED_AUTH_OAUTH && !is_url(f->token_url))
        fault(&c, "token_url", "auth: oauth needs it, https://");
    if (user && (!f->client_id || !f->client_secret))
        fault(&c, "client_id", "auth: oauth and basic need client_id and client_secret");
    if (f->auth == ECS_FEED_AUTH_BEARER && !f->bearer)
        fault(&c, "bearer", "auth: bearer needs it");
    if (f->auth == ECS_FEED_AUTH_KEY && !f->key_value)
        fault(&c, "key_value", "auth: key needs it");
    if (f->key && !f->certificate)
        fault(&c, "key", "needs certificate");
    if (f->stale_s <= f->every_s)
        fault(&c, "stale_after", "must be longer than every");
    return c.good;
}
