/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a finished document against the rows of params_*.def: an aid of tests and debug builds, not of the
 * request path. */
#include "ecs/clock.h"
#include "ts43/doc_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAY, MUST };

enum row_type { INT, WORD, TIME, URL, TEXT, DATA, PLMN, LIST_BOXED, LIST_BARE, STRUCTURE };

#define VOICE_PLACE      "VoiceOverCellularEntitleInfo/RATVoiceEntitleInfoDetails"
#define COMPANION_PLACE  "CompanionConfigurations/CompanionConfiguration"
#define PRIMARY_PLACE    "PrimaryConfigurations/PrimaryConfiguration"
#define ENTERPRISE_PLACE "EnterpriseDeviceConfigurations/EnterpriseConfiguration"
#define PLAN_PLACE       "PlanOffers/PlanOffer"
#define PLAN_DETAILS     "DataPlanInfo/DataPlanInfoDetails"
#define BOOST_DETAILS    "DataBoostInfo/DataBoostInfoDetails"
#define BOOST_TARGETS    BOOST_DETAILS "/TargetCharacteristicsInfo"
#define USAGE_DETAILS    "DataUsageInfo/DataUsageInfoDetails"
#define ALLOWED          "/AllowedServicesInfo/AllowedServices"
#define SERVICES         "SharedNumber DiffNumber FamilyNumber"

static const struct row {
    enum ecs_app app;
    const char *place, *name;
    enum row_type type;
    int64_t low, high;
    const char *words; /* LIST_BOXED: the item's name */
    int presence;
    unsigned since, until;
} rows[] = {
#define PARM(app, place, name, type, low, high, words, presence, since, until, clause)                       \
    {ECS_APP_##app, place, name, type, low, high, words, presence, since, until},
#define BOXED(app, place, name, item, presence, since, until, clause)                                        \
    {ECS_APP_##app, place, name, LIST_BOXED, 0, 0, item, presence, since, until},
#define GROUPED(app, place, name, presence, since, until, clause)                                            \
    {ECS_APP_##app, place, name, STRUCTURE, 0, 0, NULL, presence, since, until},
#define BARE(app, place, name, presence, since, until, clause)                                               \
    {ECS_APP_##app, place, name, LIST_BARE, 0, 0, NULL, presence, since, until},
#include "ts43/params_data.def"
#include "ts43/params_ims.def"
#include "ts43/params_odsa.def"
#include "ts43/params_userinfo.def"
#undef PARM
#undef BOXED
#undef GROUPED
#undef BARE
};

struct check {
    struct ecs_buf *fault;
    enum ecs_app app;
    unsigned version; /* major * 1000 + minor, capped */
    bool has_rows, failed;
};

static void ECS_PRINTF(2, 3) tell(struct check *check, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ecs_buf_add_cstr(check->fault, check->fault->n ? "; " : "");
    ecs_buf_add_cstr(check->fault, ecs_app_id(check->app));
    ecs_buf_add_cstr(check->fault, ": ");
    ecs_buf_add_cstr(check->fault, text);
    check->failed = true;
}

static bool applies(const struct check *check, const struct row *row, const char *place)
{
    return row->app == check->app && check->version >= row->since &&
           (!row->until || check->version < row->until) && strcmp(row->place, place) == 0;
}

static const struct row *find_row(const struct check *check, const char *place, struct ecs_str name)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (applies(check, &rows[i], place) && ecs_str_eq(ecs_str_of(rows[i].name), name))
            return &rows[i];
    return NULL;
}

static bool is_word(const char *words, struct ecs_str value)
{
    struct ecs_str rest = ecs_str_of(words), word;

    while (ecs_str_cut(&rest, ' ', &word))
        if (ecs_str_eq(word, value))
            return true;
    return false;
}

static bool is_safe(struct ecs_str value)
{
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < 0x20 || memchr("<>\"'\x7f", value.p[i], 5))
            return false;
    return ecs_str_is_utf8(value);
}

static bool value_fits(const struct row *row, struct ecs_str value)
{
    int64_t number;

    switch (row->type) {
    case INT:
        return ecs_str_to_i64(value, &number) && number >= row->low && number <= row->high;
    case WORD:
        return is_word(row->words, value);
    case TIME:
        return value.n >= 20 && ecs_time_parse(value, &number);
    case URL:
        return value.n >= (size_t)row->low && value.n <= (size_t)row->high && is_safe(value) &&
               !memchr(value.p, ' ', value.n);
    case TEXT:
        return value.n >= (size_t)row->low && value.n <= (size_t)row->high && is_safe(value);
    case DATA: /* JSON in JSON documents has quotes: the renderer escapes them */
        return value.n >= (size_t)row->low && value.n <= (size_t)row->high && ecs_str_is_utf8(value);
    case PLMN:
        return ecs_str_is_digits(value) && (value.n == 5 || value.n == 6);
    case LIST_BOXED:
    case LIST_BARE:
    case STRUCTURE:
        return false;
    }
    return false;
}

static void check_value(struct check *check, const char *place, const struct ecs_doc_node *node)
{
    const struct row *row = find_row(check, place, node->name);

    if (ecs_str_eq(node->name, ECS_STR("AppID")))
        tell(check, "AppID is written by the renderer");
    if (!is_safe(node->value) && !(row && row->type == DATA))
        tell(check, "%.*s holds a character that clients misread", ECS_FMT(node->name));
    if (!check->has_rows)
        return;
    if (!row)
        tell(check, "%s%s%.*s is not known here", place, place[0] ? "/" : "", ECS_FMT(node->name));
    else if (!value_fits(row, node->value))
        tell(check, "%.*s has a value that it cannot have", ECS_FMT(node->name));
}

static void check_mandatory(struct check *check, const char *place, const struct ecs_doc_node *node)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (applies(check, &rows[i], place) && rows[i].presence == MUST && !ecs_doc_find(node, rows[i].name))
            tell(check, "%s%s%s is missing", place, place[0] ? "/" : "", rows[i].name);
}

static void check_node(struct check *check, const char *place, const struct ecs_doc_node *node);

static bool structure_fits(const struct row *row, const struct ecs_doc_node *node)
{
    if (row->type == STRUCTURE)
        return node->kind == ECS_DOC_GROUP;
    if (row->type == LIST_BARE)
        return node->kind == ECS_DOC_LIST_BARE;
    return row->type == LIST_BOXED && node->kind == ECS_DOC_LIST_BOXED &&
           ecs_str_eq(ecs_str_of(row->words), node->value);
}

static void check_structure(struct check *check, const char *place, const struct ecs_doc_node *node)
{
    const struct row *row = find_row(check, place, node->name);
    bool boxed = node->kind == ECS_DOC_LIST_BOXED;
    char inner[160];

    if (check->has_rows && (!row || !structure_fits(row, node)))
        tell(check, "structure %.*s is not known here", ECS_FMT(node->name));
    snprintf(inner, sizeof(inner), "%s%s%.*s", place, place[0] ? "/" : "", ECS_FMT(node->name));
    if (node->kind == ECS_DOC_GROUP) {
        check_node(check, inner, node);
        return;
    }
    for (const struct ecs_doc_node *item = node->child; item; item = item->next) {
        char item_place[240];

        snprintf(item_place, sizeof(item_place), "%s%s%.*s", inner, boxed ? "/" : "",
                 boxed ? (int)item->name.n : 0, item->name.p);
        check_node(check, item_place, item);
    }
}

static void check_node(struct check *check, const char *place, const struct ecs_doc_node *node)
{
    for (const struct ecs_doc_node *child = node->child; child; child = child->next) {
        for (const struct ecs_doc_node *other = child->next; other; other = other->next)
            if (ecs_str_eq(child->name, other->name))
                tell(check, "%.*s is there twice", ECS_FMT(child->name));
        if (child->kind == ECS_DOC_VALUE)
            check_value(check, place, child);
        else
            check_structure(check, place, child);
    }
    check_mandatory(check, place, node);
}

static bool app_has_rows(enum ecs_app app)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (rows[i].app == app)
            return true;
    return false;
}

enum ecs_rc ecs_doc_check(const struct ecs_doc *doc, struct ecs_version version, struct ecs_buf *fault)
{
    struct check check = {.fault = fault};

    check.version =
        (version.major > 1000 ? 1000 : version.major) * 1000 + (version.minor > 999 ? 999 : version.minor);
    if (doc->failed || !doc->has_vers) {
        ecs_buf_add_cstr(fault, doc->failed ? "the document is incomplete" : "VERS is missing");
        return ECS_E_INTERNAL;
    }
    if (doc->has_token && doc->token.n == 0) {
        ecs_buf_add_cstr(fault, "the token is empty");
        return ECS_E_INTERNAL;
    }
    for (const struct ecs_doc_app *app = doc->app; app; app = app->next) {
        const char *combination;

        check.app = app->app;
        check.has_rows = app_has_rows(app->app);
        for (const struct ecs_doc_app *other = app->next; other; other = other->next)
            if (other->app == app->app)
                tell(&check, "is there twice");
        check_node(&check, "", &app->node);
        if ((combination = ecs_doc_combination_fault(app->app, &app->node)))
            tell(&check, "%s", combination);
    }
    return check.failed ? ECS_E_INTERNAL : ECS_OK;
}
