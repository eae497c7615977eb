/* SPDX-License-Identifier: Apache-2.0 */
/* The compatibility list's demands on documents (clients.md 12), apart from any one client. */

#include <string.h>

#include "markup.h"
#include "view.h"

static void fault(struct ecs_sim_report *report, const char *rule, const char *text)
{
    ecs_sim_find(report, ECS_SIM_FAULT, rule, "%s", text);
}

static void check_markup(const struct ecs_sim_document *document, struct ecs_sim_report *report)
{
    struct ecs_sim_markup markup = {.text = document->body};
    struct ecs_sim_tag tag;
    bool root = true;

    while (ecs_sim_markup_next(&markup, &tag) < ECS_SIM_MARKUP_END) {
        if (root && (tag.attr_n != 1 || !ecs_str_eq(ecs_sim_tag_attr(&tag, "version"), ECS_STR("1.1"))))
            fault(report, "C-29", "the root element does not have the single attribute version=\"1.1\"");
        if (tag.attr_n == 2 && ecs_str_eq(tag.name, ECS_STR("parm")) &&
            !ecs_str_eq(tag.attrs[0].name, ECS_STR("name")))
            fault(report, "C-29", "a parm has value before name");
        root = false;
    }
    if (markup.has_comment || markup.has_doctype || markup.has_text)
        fault(report, "C-29", "the XML holds a comment, a document type or text between the tags");
    if (markup.has_break_in_tag)
        fault(report, "C-29", "there is a line break within a tag or a value");
    if (markup.has_single_quote)
        fault(report, "C-29", "an attribute is in single quotes");
}

static void check_values(const struct ecs_sim_document *document, struct ecs_sim_report *report)
{
    for (const struct ecs_sim_value *v = document->first; v; v = v->next) {
        bool odd = false;

        for (size_t i = 0; i < v->value.n; i++)
            odd |= strchr("<>\"'", v->value.p[i]) != NULL;
        if (!document->is_json && odd)
            ecs_sim_find(report, ECS_SIM_FAULT, "C-34", "%.*s holds one of < > \" '", ECS_FMT(v->path));
        if (document->is_json && !v->is_text)
            ecs_sim_find(report, ECS_SIM_FAULT, "C-35", "%.*s is not a JSON string", ECS_FMT(v->path));
        if (document->is_json && ecs_str_starts_with(v->path, ECS_STR("eap-relay-packet")))
            ecs_sim_find(report, ECS_SIM_BREAK, "C-28", "the final JSON holds eap-relay-packet");
    }
}

static bool number_of(struct ecs_str text, int64_t *ret_value)
{
    return text.n && ecs_str_to_i64(text, ret_value);
}

static void check_vers(const struct ecs_sim_document *document, bool third_party,
                       struct ecs_sim_report *report)
{
    struct ecs_str version = ecs_sim_document_get(document, "VERS/version");
    struct ecs_str validity = ecs_sim_document_get(document, "VERS/validity"), token;
    int64_t a, b;

    if (!number_of(version, &a) || !number_of(validity, &b))
        fault(report, "C-30", "VERS lacks version or validity, or one is no number");
    else if (!(a > 0 && b >= 0) && !(a == b && a >= -2 && a <= 0))
        fault(report, "C-30", "the pair of version and validity in VERS has no meaning to clients");
    token = ecs_sim_document_get(document, "TOKEN/token");
    if (third_party) /* answers to other parties than the device carry none */
        return;
    if (!token.n)
        fault(report, "C-30", "TOKEN is missing: the client needs a full authentication next time");
    else if (!number_of(ecs_sim_document_get(document, "TOKEN/validity"), &b) || b < 0)
        fault(report, "C-30", "TOKEN has no validity, or one that is no number");
    for (size_t i = 0; i < token.n; i++) {
        if ((unsigned char)token.p[i] <= ' ' || (unsigned char)token.p[i] > '~' ||
            strchr("%&+\"<>'\\", token.p[i])) {
            fault(report, "", "the token holds a character that some client would escape or break");
            break;
        }
    }
}

static bool is_asked(const struct ecs_sim_params *asked, struct ecs_str app)
{
    for (const struct ecs_sim_param *p = asked->first; p; p = p->next) {
        if (ecs_str_eq(p->name, ECS_STR("app")) && ecs_str_eq_nocase(p->value, app))
            return true;
    }
    return false;
}

/* TS.43 2.3: what a server answers at all. */
static bool is_known_app(struct ecs_str app)
{
    static const char known[] =
        "ap2003 ap2004 ap2005 ap2006 ap2009 ap2010 ap2011 ap2012 ap2013 ap2014 ap2015 ap2016 ";
    char text[8];

    if (app.n != 6)
        return false;
    memcpy(text, app.p, 6);
    text[1] |= 0x20;
    text[0] |= 0x20;
    text[6] = ' ';
    text[7] = '\0';
    return strstr(known, text) != NULL;
}

static void check_apps(const struct ecs_sim_document *document, const struct ecs_sim_params *asked,
                       struct ecs_sim_report *report)
{
    struct ecs_str last = ECS_STR_NULL;

    for (const struct ecs_sim_param *p = asked->first; p; p = p->next) {
        if (ecs_str_eq(p->name, ECS_STR("app")) && is_known_app(p->value) &&
            !ecs_sim_document_has_app(document, p->value))
            ecs_sim_find(report, ECS_SIM_FAULT, "C-31", "%.*s was asked for and is not in the answer",
                         ECS_FMT(p->value));
    }
    for (const struct ecs_sim_value *v = document->first; v; v = v->next) {
        struct ecs_str rest = v->path, block;

        if (!ecs_str_cut(&rest, '/', &block) || ecs_str_eq(block, last) ||
            !ecs_str_starts_with_nocase(block, ECS_STR("ap")))
            continue;
        last = block;
        if (!is_asked(asked, block))
            ecs_sim_find(report, ECS_SIM_FAULT, "C-31", "%.*s is in the answer and was not asked for",
                         ECS_FMT(block));
    }
}

void ecs_sim_document_check(const struct ecs_sim_document *document, struct ecs_str content_type,
                            const struct ecs_sim_params *asked, struct ecs_sim_report *report)
{
    if (!ecs_str_eq(content_type, document->is_json ? ECS_STR("application/json")
                                                    : ECS_STR("text/vnd.wap.connectivity-xml")))
        ecs_sim_find(report, ECS_SIM_FAULT, "C-27", "Content-Type is %.*s", ECS_FMT(content_type));
    if (!document->is_json)
        check_markup(document, report);
    check_values(document, report);
    check_vers(document, ecs_sim_params_get(asked, "temporary_token").n > 0, report);
    check_apps(document, asked, report);
    if (ecs_str_find(document->body, ECS_STR("TemporaryToken\"")) >= 0 &&
        ecs_str_find(document->body, ECS_STR("TemporaryTokenExpiry")) < 0)
        ecs_sim_find(report, ECS_SIM_BREAK, "C-36",
                     "TemporaryTokenExpiry is missing: Android's caller crashes");
}
