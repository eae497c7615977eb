/* SPDX-License-Identifier: Apache-2.0 */
/* What is printed from the tables of settings: the sample file, the manual's tables and the effective values.
 */
#include <string.h>

#include "conf/conf_priv.h"

enum { LINE_WIDTH = 100 };

/* Text in comment lines of at most LINE_WIDTH columns, broken at blanks. */
static void add_comment(struct ecs_buf *buf, const char *indent, struct ecs_str text)
{
    size_t room = LINE_WIDTH - strlen(indent) - 2, column = 0;
    struct ecs_str word;

    while (ecs_str_cut(&text, ' ', &word)) {
        if (!word.n)
            continue;
        if (column && column + 1 + word.n > room) {
            ecs_buf_add_char(buf, '\n');
            column = 0;
        }
        ecs_buf_add_cstr(buf, column ? " " : indent);
        if (!column)
            ecs_buf_add_cstr(buf, "# ");
        ecs_buf_add_str(buf, word);
        column += word.n + (column ? 1 : 0);
    }
    ecs_buf_add_char(buf, '\n');
}

static void add_names(const struct ecs_setting *s, const char *separator, const char *quote,
                      struct ecs_buf *buf)
{
    for (int i = 0; s->names[i]; i++)
        ecs_buf_printf(buf, "%s%s%s%s", i ? separator : "", quote, s->names[i], quote);
}

/* "connections, 1 to 64", "one of demo, production"; empty when there is nothing to say. */
static void add_limits(const struct ecs_setting *s, const char *quote, struct ecs_buf *buf)
{
    if (s->unit)
        ecs_buf_add_cstr(buf, s->unit);
    if (s->unit && (s->names || ecs_value_has_range(s)))
        ecs_buf_add_cstr(buf, ", ");
    if (s->names)
        add_names(s, ", ", quote, buf);
    else if (ecs_value_has_range(s))
        ecs_value_print_range(s, buf);
}

/* The default in the form in which it would stand in the file. Types that take quotes are quoted, so that no
 * default can be read as something else. */
static void add_default(const struct ecs_setting *s, struct ecs_buf *buf)
{
    const struct ecs_value_type *type = &ecs_value_types[s->type];
    struct ecs_str rest = ecs_str_of(s->def ? s->def : ""), part;
    const char *quote = type->takes_quotes && s->type != ECS_SETTING_ENUM ? "\"" : "";
    size_t n = 0;

    if (!type->item_size) {
        ecs_buf_add_cstr(buf, quote);
        ecs_buf_add_json(buf, rest);
        ecs_buf_add_cstr(buf, quote);
        return;
    }
    ecs_buf_add_char(buf, '[');
    while (ecs_str_cut(&rest, ',', &part)) {
        ecs_buf_printf(buf, "%s%s", n++ ? ", " : "", quote);
        ecs_buf_add_json(buf, ecs_str_trim(part));
        ecs_buf_add_cstr(buf, quote);
    }
    ecs_buf_add_char(buf, ']');
}

/* What a setting has when nothing is written and the row names no default. */
static const char *unset_default(const struct ecs_setting *s)
{
    if (s->type == ECS_SETTING_BOOL)
        return "false";
    if (s->type == ECS_SETTING_STRING || s->type == ECS_SETTING_PATH || s->type == ECS_SETTING_ENUM)
        return NULL;
    return ecs_value_types[s->type].item_size ? "[]" : "0";
}

static void add_sample_setting(const struct ecs_setting *s, const char *indent, const char *lead,
                               struct ecs_buf *buf)
{
    struct ecs_buf text = {0};

    ecs_buf_printf(&text, "%s (%s", s->help, ecs_value_types[s->type].name);
    if (s->unit || s->names || ecs_value_has_range(s)) {
        ecs_buf_add_cstr(&text, "; ");
        add_limits(s, "", &text);
    }
    if (s->flags & ECS_SETTING_REQUIRED)
        ecs_buf_add_cstr(&text, "; required");
    if (s->flags & ECS_SETTING_SECRET)
        ecs_buf_add_cstr(&text, "; secret: also file:/path or credential:name");
    ecs_buf_add_cstr(&text, s->reload == ECS_RELOAD_RESTART ? "; a change needs a restart)" : ")");
    add_comment(buf, indent, ecs_buf_str(&text));
    ecs_buf_done(&text);
    ecs_buf_printf(buf, "%s#%s%s:", indent, lead, s->key);
    if (s->def) {
        ecs_buf_add_char(buf, ' ');
        add_default(s, buf);
    } else if (!(s->flags & ECS_SETTING_REQUIRED) && unset_default(s)) {
        ecs_buf_printf(buf, " %s", unset_default(s));
    }
    ecs_buf_add_char(buf, '\n');
}

static const char sample_head[] =
    "# Configuration of entitlementd. Every setting is shown with its default; take the # away in front of "
    "a\n"
    "# setting to change it. \"entitlementd --check\" tells what is wrong with this file, systemctl reload "
    "reads it\n"
    "# again. Sizes: 64k, 4M, 1G (units of 1,024). Times: 250ms, 30s, 5m, 12h, 7d.\n";

void ecs_conf_write_sample(const struct ecs_section *sections, struct ecs_buf *buf)
{
    ecs_buf_add_cstr(buf, sample_head);
    for (const struct ecs_section *section = sections; section->name; section++) {
        const char *lead = section->is_list ? "- " : "";

        ecs_buf_add_char(buf, '\n');
        add_comment(buf, "", ecs_str_of(section->help));
        /* An optional section that stands there with nothing in it would be switched on. */
        ecs_buf_printf(buf, "%s%s:\n", section->is_optional && !section->is_list ? "#" : "", section->name);
        for (const struct ecs_setting *s = section->settings; s->key; s++) {
            add_sample_setting(s, "  ", lead, buf);
            lead = section->is_list ? "  " : "";
        }
    }
}

/* A table cell: bars would end it. */
static void add_cell(struct ecs_buf *buf, struct ecs_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '|')
            ecs_buf_add_char(buf, '\\');
        ecs_buf_add_char(buf, text.p[i] == '\n' ? ' ' : text.p[i]);
    }
}

static void add_manual_default(const struct ecs_setting *s, struct ecs_buf *buf)
{
    if (s->flags & ECS_SETTING_REQUIRED) {
        ecs_buf_add_cstr(buf, "**required**");
    } else if (s->def) {
        struct ecs_buf text = {0};

        add_default(s, &text);
        ecs_buf_add_char(buf, '`');
        add_cell(buf, ecs_buf_str(&text));
        ecs_buf_add_char(buf, '`');
        ecs_buf_done(&text);
    } else if (unset_default(s)) {
        ecs_buf_printf(buf, "`%s`", unset_default(s));
    } else {
        ecs_buf_add_cstr(buf, "not set");
    }
}

static void add_manual_row(const struct ecs_setting *s, struct ecs_buf *buf)
{
    ecs_buf_printf(buf, "| `%s` | %s | ", s->key, ecs_value_types[s->type].name);
    add_manual_default(s, buf);
    ecs_buf_add_cstr(buf, " | ");
    add_limits(s, "`", buf);
    ecs_buf_printf(buf, " | %s | ", s->reload == ECS_RELOAD_RESTART ? "restart" : "live");
    add_cell(buf, ecs_str_of(s->help));
    if (s->flags & ECS_SETTING_SECRET)
        ecs_buf_add_cstr(buf, " Secret.");
    if (s->flags & ECS_SETTING_FILE_MUST_EXIST)
        ecs_buf_add_cstr(buf, " The file must exist.");
    ecs_buf_add_cstr(buf, " |\n");
}

static void add_forms(struct ecs_buf *buf)
{
    ecs_buf_add_cstr(buf, "| Type | Written as |\n|---|---|\n");
    for (size_t i = 0; i < ECS_SETTING_COUNT; i++)
        ecs_buf_printf(buf, "| %s | %s |\n", ecs_value_types[i].name, ecs_value_types[i].form);
    ecs_buf_add_cstr(
        buf, "\nA secret may be written as `file:/path` or `credential:name` (a systemd credential); the "
             "text of that file counts, without blanks and line ends around it.\n");
}

void ecs_conf_write_manual(const struct ecs_section *sections, struct ecs_buf *buf)
{
    add_forms(buf);
    for (const struct ecs_section *section = sections; section->name; section++) {
        ecs_buf_printf(buf, "\n### `%s`\n\n%s", section->name, section->help);
        if (section->is_list)
            ecs_buf_add_cstr(buf, " A list; each entry has these settings:");
        else if (section->is_optional)
            ecs_buf_add_cstr(buf, " Off when the section is left out.");
        ecs_buf_add_cstr(
            buf, "\n\n| Setting | Type | Default | Limits | Change | Meaning |\n|---|---|---|---|---|---|\n");
        for (const struct ecs_setting *s = section->settings; s->key; s++)
            add_manual_row(s, buf);
    }
}

static bool is_unset(const struct ecs_setting *s, const char *field)
{
    return (s->type == ECS_SETTING_STRING || s->type == ECS_SETTING_PATH) &&
           !*(const char *const *)(const void *)field;
}

static bool is_empty_list(const struct ecs_setting *s, const char *field)
{
    return ecs_value_types[s->type].item_size && ((const struct ecs_any_list *)(const void *)field)->n == 0;
}

static void dump_struct(const struct ecs_section *section, const char *data, struct ecs_buf *buf)
{
    const char *lead = section->is_list ? "- " : "";

    for (const struct ecs_setting *s = section->settings; s->key; s++) {
        const char *field = data + s->offset;

        if (is_unset(s, field)) {
            /* Nothing to write; but the first line of an entry carries its dash. */
            if (*lead == '-')
                ecs_buf_add_cstr(buf, "  -\n");
            ecs_buf_printf(buf, "  %s# %s: not set\n", section->is_list ? "  " : "", s->key);
        } else {
            ecs_buf_printf(buf, "  %s%s: ", lead, s->key);
            if ((s->flags & ECS_SETTING_SECRET) && !is_empty_list(s, field))
                ecs_buf_add_cstr(buf, ecs_value_types[s->type].item_size ? "[\"(hidden)\"]" : "\"(hidden)\"");
            else
                ecs_value_types[s->type].print(s, field, buf);
            ecs_buf_add_char(buf, '\n');
        }
        lead = section->is_list ? "  " : "";
    }
}

void ecs_conf_dump(const struct ecs_conf *conf, struct ecs_buf *buf)
{
    for (size_t i = 0; i < conf->n_sections; i++) {
        const struct ecs_section *section = &conf->sections[i];
        const struct ecs_slot *slot = &conf->slots[i];

        if (!slot->present) {
            ecs_buf_printf(buf, "# %s: not configured\n", section->name);
            continue;
        }
        ecs_buf_printf(buf, "%s:%s\n", section->name, slot->n ? "" : " []");
        for (size_t k = 0; k < slot->n; k++)
            dump_struct(section, slot->data + k * section->size, buf);
    }
}
