/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot: configuration, policy, texts, keys and certificates read together, so that a reload takes all
 * or nothing. Runs on the main thread and in the tools; workers only hold references. */
#include "settings_check.h"

#include <stdlib.h>
#include <string.h>

#include "availability_job.h"
#include "callback.h"
#include "engine_aaa.h"
#include "engine_ladder.h"
#include "engine_odsa.h"
#include "engine_login.h"
#include "engine_qos.h"
#include "engine_service.h"
#include "engine_userinfo.h"
#include "sheet.h"

#include "ecs/app.h"
#include "ecs/identity.h"
#include "ecs/oauth_server.h"

/* The forms of all items were checked with their sections (settings_check.c). */
static void read_plmns(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_str_list *list = &s->auth->plmns;

    s->plmns = ecs_alloc(s->arena, list->n * sizeof(*s->plmns));
    for (size_t i = 0; s->plmns && i < list->n; i++) {
        if (!ecs_plmn_parse(list->items[i], &s->plmns[s->plmn_n]))
            continue;
        if (s->server->mode == ECS_MODE_PRODUCTION && strcmp(s->plmns[s->plmn_n].mcc, "001") == 0)
            ecs_fault_add(faults, path, 0, 0,
                          "auth.plmns: \"%.*s\" is a test network; it is refused unless server.mode is lab",
                          ECS_FMT(list->items[i]));
        s->plmn_n++;
    }
    s->gate.sims = ecs_conf_list(s->conf, "sims", &s->gate.n_sims);
    s->gate.home = s->plmns;
    s->gate.n_home = s->plmn_n;
}

/* Requests of devices would end at the pages. */
static void check_paths(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    struct ecs_str device = ecs_str_of(s->device->path), web = ecs_str_of(s->web->path);

    if (ecs_str_starts_with(device, web) && (device.n == web.n || device.p[web.n] == '/'))
        ecs_fault_add(faults, path, 0, 0, "device.path \"%s\" lies under web.path \"%s\"", s->device->path,
                      s->web->path);
}

static struct ecs_version read_version(const char *text)
{
    struct ecs_version version;

    return ecs_version_parse(ecs_str_of(text), &version) ? version : (struct ecs_version){0, 0};
}

bool ecs_version_map_read(struct ecs_str text, struct ecs_version_map *ret_row)
{
    struct ecs_str from, to;
    struct ecs_version_map row;

    if (!ecs_str_cut(&text, '-', &from) || !ecs_str_cut(&text, '=', &to) ||
        !ecs_version_parse(from, &row.from) || !ecs_version_parse(to, &row.to) ||
        !ecs_version_parse(text, &row.as) || ecs_version_compare(row.from, row.to) > 0)
        return false;
    *ret_row = row;
    return true;
}

bool ecs_irat_spelling_read(struct ecs_str text, unsigned *ret_bit)
{
    static const struct {
        const char *word;
        unsigned bit;
    } words[] = {{"table", ECS_IRAT_TABLE}, {"aosp", ECS_IRAT_AOSP}, {"example", ECS_IRAT_EXAMPLE}};

    for (size_t i = 0; i < ECS_ARRAY_LEN(words); i++)
        if (ecs_str_eq(text, ecs_str_of(words[i].word))) {
            *ret_bit = words[i].bit;
            return true;
        }
    return false;
}

static void read_versions(struct ecs_snapshot *s)
{
    const struct ecs_device_conf *d = s->device;

    s->bounds = (struct ecs_version_bounds){read_version(d->version_min), read_version(d->version_max)};
    s->version_map = ecs_alloc(s->arena, (d->version_map.n + 1) * sizeof(*s->version_map));
    for (size_t i = 0; s->version_map && i < d->version_map.n; i++)
        if (ecs_version_map_read(d->version_map.items[i], &s->version_map[s->version_map_n]))
            s->version_map_n++;
}

static unsigned read_apps(const struct ecs_str_list *list)
{
    unsigned apps = 0;
    enum ecs_app app;

    for (size_t i = 0; i < list->n; i++)
        if (ecs_app_find(list->items[i], &app))
            apps |= 1u << app;
    return apps;
}

static void read_lists(struct ecs_snapshot *s)
{
    const struct ecs_device_conf *d = s->device;
    unsigned bit;

    for (size_t i = 0; i < d->irat_spelling.n; i++)
        if (ecs_irat_spelling_read(d->irat_spelling.items[i], &bit))
            s->irat_names |= bit;
    s->offered = read_apps(&d->offered);
    s->last_known_apps = read_apps(&s->last_known->apps);
    s->proxies = ecs_alloc(s->arena, (d->trusted_proxies.n + 1) * sizeof(*s->proxies));
    for (size_t i = 0; s->proxies && i < d->trusted_proxies.n; i++)
        if (ecs_cidr_parse(d->trusted_proxies.items[i], &s->proxies[s->proxy_n]))
            s->proxy_n++;
}

static void load_tls(struct ecs_snapshot *s, const char *path, const struct ecs_snapshot *previous,
                     struct ecs_faults *faults)
{
    const struct ecs_tls_conf *tls = ecs_conf_get(s->conf, "tls");
    size_t n;
    const struct ecs_certificate_conf *entries = ecs_conf_list(s->conf, "certificates", &n);
    struct ecs_http_cert_conf *certs = ecs_alloc(s->arena, (n + 1) * sizeof(*certs));
    struct ecs_http_tls_conf conf = {.certs = certs, .cert_count = n, .ticket_key_file = tls->ticket_key};
    char err[256] = "";

    if (n == 0) {
        if (s->device->listen.n)
            ecs_fault_add(faults, path, 0, 0, "device.listen names a TLS address but certificates is empty");
        return;
    }
    if (!certs) {
        ecs_fault_add(faults, path, 0, 0, "out of memory");
        return;
    }
    for (size_t i = 0; i < n; i++)
        certs[i] = (struct ecs_http_cert_conf){entries[i].certificate, entries[i].key};
    conf.previous = previous ? previous->tls : NULL;
    conf.priority = tls->priority[0] ? tls->priority : NULL;
    s->tls = ecs_http_tls_load(&conf, err, sizeof(err));
    if (!s->tls)
        ecs_fault_add(faults, path, 0, 0, "certificates: %s", err);
}

static void load_policy(struct ecs_snapshot *s, struct ecs_faults *faults, struct ecs_faults *warnings)
{
    const char *language = s->device->default_language;

    s->policy = ecs_policy_load(s->policy_conf->directory, faults, warnings);
    s->messages = ecs_messages_load(s->policy_conf->messages, language, faults, warnings);
    if (s->policy && s->messages)
        (void)ecs_messages_check_policy(s->messages, s->policy, faults);
}

static void load_keys(struct ecs_snapshot *s, struct ecs_faults *faults)
{
    bool strict = s->server->mode == ECS_MODE_PRODUCTION;
    const struct ecs_identity_key_conf *identity;
    size_t n;

    /* Both are read, so that the faults of both are told. */
    if (!ecs_keyring_load(s->auth->token_keys, strict, &s->token_keys, faults))
        ecs_keyring_wipe(&s->token_keys);
    if (!ecs_keyring_load(s->auth->subscriber_keys, strict, &s->subscriber_keys, faults))
        ecs_keyring_wipe(&s->subscriber_keys);
    identity = ecs_conf_list(s->conf, "identity_keys", &n);
    s->identity_keys = ecs_identity_keys_load(identity, n, strict, faults);
}

static void free_snapshot(struct ecs_snapshot *s)
{
    ecs_policy_free(s->policy);
    ecs_messages_free(s->messages);
    sheet_set_free(s->sheets);
    ecs_http_tls_unref(s->tls);
    ecs_http_tls_unref(s->callback_tls);
    ecs_keyring_wipe(&s->token_keys);
    ecs_keyring_wipe(&s->subscriber_keys);
    ecs_identity_keys_free(s->identity_keys);
    ecs_conf_unref(s->conf);
    ecs_arena_free(s->arena);
    free(s);
}

static bool take_sections(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    s->conf = ecs_conf_load(path, ecs_sections, faults);
    if (!s->conf)
        return false;
    s->server = ecs_conf_get(s->conf, "server");
    s->device = ecs_conf_get(s->conf, "device");
    s->limits = ecs_conf_get(s->conf, "limits");
    s->database = ecs_conf_get(s->conf, "database");
    s->policy_conf = ecs_conf_get(s->conf, "policy");
    s->auth = ecs_conf_get(s->conf, "auth");
    s->admin = ecs_conf_get(s->conf, "admin");
    s->web = ecs_conf_get(s->conf, "web");
    s->websheet = ecs_conf_get(s->conf, "websheet");
    s->address = ecs_conf_get(s->conf, "address");
    s->last_known = ecs_conf_get(s->conf, "last_known");
    return true;
}

struct ecs_snapshot *ecs_snapshot_load(const char *path, const struct ecs_snapshot *previous,
                                       struct ecs_faults *faults, struct ecs_faults *warnings)
{
    struct ecs_snapshot *s = calloc(1, sizeof(*s));
    unsigned before = faults->count;

    if (s)
        s->arena = ecs_arena_new(NULL, 0);
    if (!s || !s->arena) {
        free(s);
        ecs_fault_add(faults, path, 0, 0, "out of memory");
        return NULL;
    }
    atomic_init(&s->refs, 1);
    if (take_sections(s, path, faults)) {
        read_plmns(s, path, faults);
        read_versions(s);
        check_paths(s, path, faults);
        read_lists(s);
        login_snapshot_check(s, path, faults);
        load_keys(s, faults);
        load_policy(s, faults, warnings);
        sheet_snapshot_load(s, path, faults, warnings);
        load_tls(s, path, previous, faults);
        ecs_oauth_check(s->conf, s->web->public_url, path, faults);
        callback_snapshot_load(s, path, faults);
        odsa_snapshot_check(s, path, faults);
        availability_snapshot_check(s, path, faults);
        service_snapshot_check(s, path, faults);
        userinfo_snapshot_check(s, path, faults);
        aaa_snapshot_check(s, path, faults, warnings);
        qos_snapshot_check(s, path, faults);
        ladder_snapshot_check(s, path, faults);
    }
    if (faults->count == before)
        return s;
    free_snapshot(s);
    return NULL;
}

struct ecs_snapshot *ecs_snapshot_ref(struct ecs_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
    return snapshot;
}

void ecs_snapshot_unref(struct ecs_snapshot *snapshot)
{
    if (snapshot && atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) == 1)
        free_snapshot(snapshot);
}
