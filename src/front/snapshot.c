/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot: configuration, policy, texts, keys and certificates read together, so that a reload takes all
 * or nothing. Runs on the main thread and in the tools; workers only hold references. */
#include "ecs/front.h"

#include <stdlib.h>
#include <string.h>

enum { IRAT_TABLE = 1, IRAT_AOSP = 2, IRAT_EXAMPLE = 4 };

/* A list setting that cannot be read: the value is named, the place is the section (the loader has no node
 * left). */
static void bad_item(struct ecs_faults *faults, const char *path, const char *key, struct ecs_str item,
                     const char *what)
{
    ecs_fault_add(faults, path, 0, 0, "%s: \"%.*s\" is not %s", key, ECS_FMT(item), what);
}

static void read_plmns(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_str_list *list = &s->auth->plmns;

    s->plmns = ecs_alloc(s->arena, list->n * sizeof(*s->plmns));
    for (size_t i = 0; s->plmns && i < list->n; i++) {
        if (!ecs_plmn_parse(list->items[i], &s->plmns[s->plmn_n])) {
            bad_item(faults, path, "auth.plmns", list->items[i],
                     "an MCC with a two- or three-digit MNC (\"26201\")");
            continue;
        }
        if (s->server->mode == ECS_MODE_PRODUCTION && strcmp(s->plmns[s->plmn_n].mcc, "001") == 0)
            ecs_fault_add(faults, path, 0, 0,
                          "auth.plmns: \"%.*s\" is a test network; it is refused unless server.mode is lab",
                          ECS_FMT(list->items[i]));
        s->plmn_n++;
    }
}

static bool read_version(struct ecs_str text, struct ecs_version *ret_version)
{
    if (ecs_version_parse(text, ret_version))
        return true;
    *ret_version = (struct ecs_version){0, 0};
    return text.n == 0;
}

/* "2.0-2.9=5.0" */
static bool read_map_row(struct ecs_str text, struct ecs_version_map *ret_row)
{
    struct ecs_str from, to;

    return ecs_str_cut(&text, '-', &from) && ecs_str_cut(&text, '=', &to) &&
           ecs_version_parse(from, &ret_row->from) && ecs_version_parse(to, &ret_row->to) &&
           ecs_version_parse(text, &ret_row->as) && ecs_version_compare(ret_row->from, ret_row->to) <= 0;
}

static void read_versions(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_device_conf *d = s->device;

    if (!read_version(ecs_str_of(d->version_min), &s->bounds.min))
        bad_item(faults, path, "device.version_min", ecs_str_of(d->version_min), "a version such as 6.0");
    if (!read_version(ecs_str_of(d->version_max), &s->bounds.max))
        bad_item(faults, path, "device.version_max", ecs_str_of(d->version_max), "a version such as 12.0");
    s->version_map = ecs_alloc(s->arena, (d->version_map.n + 1) * sizeof(*s->version_map));
    for (size_t i = 0; s->version_map && i < d->version_map.n; i++)
        if (read_map_row(d->version_map.items[i], &s->version_map[s->version_map_n]))
            s->version_map_n++;
        else
            bad_item(faults, path, "device.version_map", d->version_map.items[i],
                     "of the form \"2.0-2.9=5.0\"");
}

static unsigned read_apps(const struct ecs_str_list *list, const char *path, const char *key,
                          struct ecs_faults *faults)
{
    unsigned apps = 0;

    for (size_t i = 0; i < list->n; i++) {
        enum ecs_app app;

        if (ecs_app_find(list->items[i], &app))
            apps |= 1u << app;
        else
            bad_item(faults, path, key, list->items[i], "an AppID of TS.43 such as ap2004");
    }
    return apps;
}

static void read_lists(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_device_conf *d = s->device;

    for (size_t i = 0; i < d->irat_spelling.n; i++) {
        struct ecs_str word = d->irat_spelling.items[i];

        if (ecs_str_eq(word, ECS_STR("table")))
            s->irat_names |= IRAT_TABLE;
        else if (ecs_str_eq(word, ECS_STR("aosp")))
            s->irat_names |= IRAT_AOSP;
        else if (ecs_str_eq(word, ECS_STR("example")))
            s->irat_names |= IRAT_EXAMPLE;
        else
            bad_item(faults, path, "device.irat_spelling", word, "table, aosp or example");
    }
    s->offered = read_apps(&d->offered, path, "device.offered", faults);
    s->last_known_apps = read_apps(&s->last_known->apps, path, "last_known.apps", faults);
    s->proxies = ecs_alloc(s->arena, (d->trusted_proxies.n + 1) * sizeof(*s->proxies));
    for (size_t i = 0; s->proxies && i < d->trusted_proxies.n; i++)
        if (ecs_cidr_parse(d->trusted_proxies.items[i], &s->proxies[s->proxy_n]))
            s->proxy_n++;
        else
            bad_item(faults, path, "device.trusted_proxies", d->trusted_proxies.items[i],
                     "an address or block such as 10.0.0.0/8");
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

    /* Both are read, so that the faults of both are told. */
    if (!ecs_keyring_load(s->auth->token_keys, strict, &s->token_keys, faults))
        ecs_keyring_wipe(&s->token_keys);
    if (!ecs_keyring_load(s->auth->subscriber_keys, strict, &s->subscriber_keys, faults))
        ecs_keyring_wipe(&s->subscriber_keys);
}

static void free_snapshot(struct ecs_snapshot *s)
{
    ecs_policy_free(s->policy);
    ecs_messages_free(s->messages);
    ecs_http_tls_unref(s->tls);
    ecs_keyring_wipe(&s->token_keys);
    ecs_keyring_wipe(&s->subscriber_keys);
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
        read_versions(s, path, faults);
        read_lists(s, path, faults);
        load_keys(s, faults);
        load_policy(s, faults, warnings);
        load_tls(s, path, previous, faults);
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
