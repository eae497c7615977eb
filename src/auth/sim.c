/* SPDX-License-Identifier: Apache-2.0 */
/* Brands of SIM cards: the list section "sims" and the look-up in its rows. */
#include "ecs/sim.h"

#include <string.h>

enum { GID_MAX = 64, IMSI_LEAST = 5 };

const struct ecs_setting ecs_sim_settings[] = {
    {ECS_KEY(STRING, "brand", struct ecs_sim_conf, brand), .flags = ECS_SETTING_REQUIRED, .min = 1, .max = 63,
     .help = "Brand of the cards that fit this row, as in the table brand."},
    {ECS_KEY(STRING_LIST, "plmns", struct ecs_sim_conf, plmns), .max = 64,
     .help = "Home networks of the cards, MCC and MNC: \"00101\". Empty: any."},
    {ECS_KEY(STRING_LIST, "imsis", struct ecs_sim_conf, imsis), .max = 1000,
     .help = "Beginnings of the cards' IMSIs, 5 to 15 digits. Empty: any."},
    {ECS_KEY(STRING_LIST, "gid1", struct ecs_sim_conf, gid1), .max = 64,
     .help = "Group identifiers level 1 in hexadecimal; a card's that begins with one fits. Empty: any. The "
             "device says "
             "them, nothing proves them."},
    {ECS_KEY(STRING_LIST, "gid2", struct ecs_sim_conf, gid2), .max = 64, .help = "The same for level 2."},
    {0},
};

static bool is_hex(struct ecs_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!strchr("0123456789abcdefABCDEF", text.p[i]))
            return false;
    return text.n > 0 && text.n <= GID_MAX && text.n % 2 == 0;
}

struct check {
    struct ecs_faults *faults;
    const struct ecs_yaml_node *node;
    bool good;
};

static void refuse(struct check *c, const char *key, struct ecs_str item, const char *what)
{
    const struct ecs_yaml_node *at = ecs_yaml_get(c->node, key);

    ecs_fault_at(c->faults, at ? at : c->node, "%s: \"%.*s\" is not %s", key, ECS_FMT(item), what);
    c->good = false;
}

static void check_gids(struct check *c, const char *key, const struct ecs_str_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (!is_hex(list->items[i]))
            refuse(c, key, list->items[i], "pairs of hexadecimal digits, 32 bytes at most");
}

bool ecs_sim_settings_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_sim_conf *s = section;
    struct check c = {faults, node, true};
    struct ecs_plmn plmn;

    if (!s->plmns.n && !s->imsis.n && !s->gid1.n && !s->gid2.n) {
        ecs_fault_at(faults, node, "brand \"%s\": one of plmns, imsis, gid1, gid2 must be given", s->brand);
        return false;
    }
    for (size_t i = 0; i < s->plmns.n; i++)
        if (!ecs_str_is_digits(s->plmns.items[i]) || !ecs_plmn_parse(s->plmns.items[i], &plmn))
            refuse(&c, "plmns", s->plmns.items[i], "MCC and MNC, five or six digits");
    for (size_t i = 0; i < s->imsis.n; i++)
        if (!ecs_str_is_digits(s->imsis.items[i]) || s->imsis.items[i].n < IMSI_LEAST ||
            s->imsis.items[i].n > 15)
            refuse(&c, "imsis", s->imsis.items[i], "the beginning of an IMSI, 5 to 15 digits");
    check_gids(&c, "gid1", &s->gid1);
    check_gids(&c, "gid2", &s->gid2);
    return c.good;
}

/* ---- look-up ---- */

static bool begins_with_one(const struct ecs_str_list *list, struct ecs_str text)
{
    for (size_t i = 0; i < list->n; i++)
        if (text.p && ecs_str_starts_with_nocase(text, list->items[i]))
            return true;
    return list->n == 0;
}

const struct ecs_sim_conf *ecs_sim_find(const struct ecs_sim_conf *rows, size_t n,
                                        const struct ecs_imsi *imsi, struct ecs_str gid1, struct ecs_str gid2)
{
    struct ecs_str digits = ecs_str_of(imsi->s);

    for (size_t i = 0; i < n; i++)
        if (begins_with_one(&rows[i].plmns, digits) && begins_with_one(&rows[i].imsis, digits) &&
            begins_with_one(&rows[i].gid1, gid1) && begins_with_one(&rows[i].gid2, gid2))
            return &rows[i];
    return NULL;
}

bool ecs_gate_is_home(const struct ecs_gate *gate, const struct ecs_imsi *imsi, struct ecs_str visited)
{
    struct ecs_plmn plmn;

    if (ecs_str_starts_with(ecs_str_of(imsi->s), visited))
        return true;
    for (size_t i = 0; gate && i < gate->n_home && ecs_plmn_parse(visited, &plmn); i++)
        if (strcmp(gate->home[i].mcc, plmn.mcc) == 0 && strcmp(gate->home[i].mnc, plmn.mnc) == 0)
            return true;
    return false;
}
