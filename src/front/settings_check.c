/* SPDX-License-Identifier: Apache-2.0 */
/* What a type and a range cannot say of a setting: forms of items, agreement between settings. Every fault
 * names file, line and column. */
#include "settings_check.h"

#include <string.h>

/* Place of an item of a list; of the list, or of the section when that is all there is. */
static const struct ecs_yaml_node *item_at(const struct ecs_yaml_node *section, const char *key, size_t i)
{
    const struct ecs_yaml_node *list = ecs_yaml_get(section, key), *item;

    if (!list)
        return section;
    for (item = list->kind == ECS_YAML_SEQUENCE ? list->child : NULL; item && i; i--)
        item = item->next;
    return item ? item : list;
}

static bool each_item(const struct ecs_str_list *list, struct ecs_faults *faults,
                      const struct ecs_yaml_node *node, const char *key, bool (*is_good)(struct ecs_str item),
                      const char *what)
{
    bool good = true;

    for (size_t i = 0; i < list->n; i++)
        if (!is_good(list->items[i])) {
            ecs_fault_at(faults, item_at(node, key, i), "%s: \"%.*s\" is not %s", key,
                         ECS_FMT(list->items[i]), what);
            good = false;
        }
    return good;
}

static bool is_app(struct ecs_str item)
{
    enum ecs_app app;

    return ecs_app_find(item, &app) && !ecs_app_is_name_only(app);
}

static bool is_plmn(struct ecs_str item)
{
    struct ecs_plmn plmn;

    return ecs_plmn_parse(item, &plmn);
}

static bool is_block(struct ecs_str item)
{
    struct ecs_cidr block;

    return ecs_cidr_parse(item, &block);
}

static bool is_map_row(struct ecs_str item)
{
    struct ecs_version_map row;

    return ecs_version_map_read(item, &row);
}

static bool is_spelling(struct ecs_str item)
{
    unsigned bit;

    return ecs_irat_spelling_read(item, &bit);
}

bool ecs_check_apps(const struct ecs_str_list *list, const char *key, struct ecs_faults *faults,
                    const struct ecs_yaml_node *node)
{
    return each_item(list, faults, node, key, is_app, "an AppID of TS.43 such as ap2004");
}

static bool is_version(const char *text, struct ecs_faults *faults, const struct ecs_yaml_node *node,
                       const char *key)
{
    struct ecs_version version;

    if (!text[0] || ecs_version_parse(ecs_str_of(text), &version))
        return true;
    ecs_fault_at(faults, ecs_yaml_get(node, key), "%s: \"%s\" is not a version such as 6.0", key, text);
    return false;
}

bool ecs_check_last_known(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_last_known_conf *c = section;

    return ecs_check_apps(&c->apps, "apps", faults, node);
}

bool ecs_check_device(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_device_conf *c = section;
    const struct ecs_yaml_node *at = ecs_yaml_get(node, "plain_listen");
    bool good = true;

    for (size_t i = 0; i < c->plain_listen.n; i++)
        if (!ecs_addr_is_loopback(c->plain_listen.items[i])) {
            ecs_fault_at(faults, at ? at : node,
                         "plain_listen: \"%.*s\" is neither a loopback address nor a Unix socket",
                         ECS_FMT(c->plain_listen.items[i]));
            good = false;
        }
    if (c->listen.n + c->plain_listen.n == 0) {
        ecs_fault_at(faults, node, "neither listen nor plain_listen names an address");
        good = false;
    }
    if (c->path[0] != '/') {
        ecs_fault_at(faults, ecs_yaml_get(node, "path"), "path must begin with \"/\"");
        good = false;
    }
    good &= each_item(&c->offered, faults, node, "offered", is_app, "an AppID of TS.43 such as ap2004");
    good &=
        each_item(&c->version_map, faults, node, "version_map", is_map_row, "of the form \"2.0-2.9=5.0\"");
    good &=
        each_item(&c->irat_spelling, faults, node, "irat_spelling", is_spelling, "table, aosp or example");
    good &= each_item(&c->trusted_proxies, faults, node, "trusted_proxies", is_block,
                      "an address or block such as 10.0.0.0/8");
    good &= is_version(c->version_min, faults, node, "version_min");
    good &= is_version(c->version_max, faults, node, "version_max");
    return good;
}

/* A token counts from the begin of its exchange, and it must still be worth something at the end. */
bool ecs_check_auth(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_auth_conf *c = section;
    const struct ecs_yaml_node *at = ecs_yaml_get(node, "token_validity");

    if (!each_item(&c->plmns, faults, node, "plmns", is_plmn,
                   "an MCC with a two- or three-digit MNC (\"26201\")"))
        return false;
    if (c->token_validity_s >= c->session_s + 300)
        return true;
    ecs_fault_at(faults, at ? at : node, "token_validity must be at least 5m longer than session");
    return false;
}

bool ecs_check_policy(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_policy_conf *c = section;
    const struct ecs_yaml_node *at = ecs_yaml_get(node, "portal_url");

    if (c->portal_url[0] == '\0' || ecs_str_starts_with(ecs_str_of(c->portal_url), ECS_STR("https://")))
        return true;
    ecs_fault_at(faults, at, "portal_url must begin with https://");
    return false;
}

bool ecs_check_web(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_web_conf *c = section;
    struct ecs_str url = ecs_str_of(c->public_url), path = ecs_str_of(c->path), https = ECS_STR("https://");
    bool good = true;

    if (url.n && (!ecs_str_starts_with(url, https) || url.n == https.n ||
                  memchr(url.p + https.n, '/', url.n - https.n))) {
        ecs_fault_at(faults, ecs_yaml_get(node, "public_url"),
                     "public_url must be https:// and a host, without a path");
        good = false;
    }
    if (path.p[0] != '/' || path.p[path.n - 1] == '/') {
        ecs_fault_at(faults, ecs_yaml_get(node, "path"), "path must begin with \"/\" and not end with one");
        good = false;
    }
    return good;
}

bool ecs_check_admin(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_admin_conf *c = section;

    if (!c->metrics_listen || !c->metrics_listen[0] || ecs_addr_is_loopback(ecs_str_of(c->metrics_listen)))
        return true;
    ecs_fault_at(faults, ecs_yaml_get(node, "metrics_listen"),
                 "metrics_listen must be a loopback address: it has no access control");
    return false;
}
