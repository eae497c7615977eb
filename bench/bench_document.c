/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time of a device's answer: our document (tree built in the arena, then rendered) beside jansson (tree
 * built, then dumped) and libxml2's xmlTextWriter, all with the same content, which is checked: JSON by
 * jansson's comparison of what it parses, XML byte by byte after both were parsed and written again. Best of
 * five. Prints one JSON line. */
#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ecs/doc.h"

enum { ROUNDS = 5, LOOPS = 5000 };

static struct ecs_arena_cache cache;
static struct ecs_buf out;
static const struct ecs_doc *kept; /* the tree that the peers walk */
static size_t sink;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench_document: %s failed\n", what);
        exit(1);
    }
}

/* ---- ours ---- */

static void add_voice(struct ecs_doc *doc)
{
    struct ecs_doc_node *app = ecs_doc_app(doc, ECS_APP_2003), *list;

    list = ecs_doc_list_boxed(doc, app, "VoiceOverCellularEntitleInfo", "RATVoiceEntitleInfoDetails");
    for (int access = 1; access <= 2; access++)
        for (int network = 2; network <= 3; network++) {
            struct ecs_doc_node *item = ecs_doc_item(doc, list);

            ecs_doc_int(doc, item, "AccessType", access);
            ecs_doc_int(doc, item, "HomeRoamingNWType", network);
            ecs_doc_int(doc, item, "EntitlementStatus", 1);
            ecs_doc_str(doc, item, "NetworkVoiceIRATCapability", ECS_STR("EPS-Fallback"));
        }
}

static struct ecs_doc *build(struct ecs_arena *arena)
{
    struct ecs_doc *doc = ecs_doc_new(arena);
    struct ecs_doc_node *app;

    must(doc && ecs_doc_vers(doc, 81234567, 172800), "VERS");
    ecs_doc_token(doc,
                  ECS_STR("aeaq2xmwb4yrvvnjy7zmtb3mks6vtq5a7fp4d2gxq3s7l5ybnm2kfhc6rwvt5j3ze4dox"
                          "aeaq2xmwb4yrvvnjy7zmtb3mks6vtq5a7fp4d2gxq3s7l5ybn"),
                  1209600);
    add_voice(doc);
    app = ecs_doc_app(doc, ECS_APP_2004);
    ecs_doc_int(doc, app, "EntitlementStatus", 0);
    ecs_doc_str(doc, app, "ServiceFlow_URL", ECS_STR("https://portal.example.net/vowifi/activate"));
    ecs_doc_str(doc, app, "ServiceFlow_UserData",
                ECS_STR("imsi=hidden&session=k5m3x7q2&sig=u3Vb0sX9aQ7yLm2Zc4Tn8Rw1Pd6Hf5Jg"));
    ecs_doc_str(doc, app, "MessageForIncompatible",
                ECS_STR("Wi-Fi calling is not part of your plan. Call 1234 & ask for it."));
    ecs_doc_int(doc, app, "AddrStatus", 0);
    ecs_doc_time(doc, app, "AddrExpiry", 1800000000);
    ecs_doc_int(doc, app, "TC_Status", 0);
    ecs_doc_int(doc, app, "ProvStatus", 0);
    app = ecs_doc_app(doc, ECS_APP_2005);
    ecs_doc_int(doc, app, "EntitlementStatus", 1);
    return doc;
}

static void ours(enum ecs_format format)
{
    struct ecs_arena *arena = ecs_arena_new(&cache, 0);

    must(arena, "arena");
    ecs_buf_reset(&out);
    must(ecs_doc_render(build(arena), format, &out) == ECS_OK, "render");
    sink += out.n;
    ecs_arena_free(arena);
}

static void ours_json(void)
{
    ours(ECS_FORMAT_JSON);
}

static void ours_xml(void)
{
    ours(ECS_FORMAT_XML);
}

static void render_json(void)
{
    ecs_buf_reset(&out);
    must(ecs_doc_render(kept, ECS_FORMAT_JSON, &out) == ECS_OK, "render");
}

static void render_xml(void)
{
    ecs_buf_reset(&out);
    must(ecs_doc_render(kept, ECS_FORMAT_XML, &out) == ECS_OK, "render");
}

/* ---- jansson ---- */

static json_t *number(int64_t value)
{
    return json_sprintf("%lld", (long long)value);
}

static json_t *object_of(const struct ecs_doc_node *node)
{
    json_t *object = json_object();

    for (const struct ecs_doc_node *child = node->child; child; child = child->next) {
        if (child->kind == ECS_DOC_VALUE) {
            json_object_set_new(object, child->name.p, json_stringn(child->value.p, child->value.n));
        } else {
            json_t *list = json_array();

            for (const struct ecs_doc_node *item = child->child; item; item = item->next) {
                json_t *box = json_object();

                json_object_set_new(box, item->name.p, object_of(item));
                json_array_append_new(list, box);
            }
            json_object_set_new(object, child->name.p, list);
        }
    }
    return object;
}

static json_t *jansson_tree(void)
{
    json_t *root = json_object(), *part = json_object();

    json_object_set_new(part, "version", number(kept->version));
    json_object_set_new(part, "validity", number(kept->validity_s));
    json_object_set_new(root, "Vers", part);
    part = json_object();
    json_object_set_new(part, "token", json_stringn(kept->token.p, kept->token.n));
    json_object_set_new(part, "validity", number(kept->token_validity_s));
    json_object_set_new(root, "Token", part);
    for (const struct ecs_doc_app *app = kept->app; app; app = app->next)
        json_object_set_new(root, ecs_app_id(app->app), object_of(&app->node));
    return root;
}

static void jansson(void)
{
    json_t *root = jansson_tree();
    char *text = json_dumps(root, JSON_COMPACT);

    must(text, "jansson");
    sink += (size_t)text[0];
    free(text);
    json_decref(root);
}

/* ---- xmlTextWriter ---- */

static void parm(xmlTextWriterPtr w, const char *name, const char *value)
{
    xmlTextWriterStartElement(w, BAD_CAST "parm");
    xmlTextWriterWriteAttribute(w, BAD_CAST "name", BAD_CAST name);
    xmlTextWriterWriteAttribute(w, BAD_CAST "value", BAD_CAST value);
    xmlTextWriterEndElement(w);
}

static void parm_number(xmlTextWriterPtr w, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)value);
    parm(w, name, text);
}

static void group(xmlTextWriterPtr w, const char *type)
{
    xmlTextWriterStartElement(w, BAD_CAST "characteristic");
    xmlTextWriterWriteAttribute(w, BAD_CAST "type", BAD_CAST type);
}

/* The writer wants NUL-terminated values; ours are, but for the spare byte behind each. */
static void children(xmlTextWriterPtr w, const struct ecs_doc_node *node)
{
    char text[512];

    for (const struct ecs_doc_node *child = node->child; child; child = child->next)
        if (child->kind == ECS_DOC_VALUE) {
            must(child->value.n < sizeof(text), "value length");
            memcpy(text, child->value.p, child->value.n);
            text[child->value.n] = '\0';
            parm(w, child->name.p, text);
        } else {
            group(w, child->name.p);
            children(w, child);
            xmlTextWriterEndElement(w);
        }
}

static void writer_to(xmlBufferPtr buffer)
{
    xmlTextWriterPtr w = xmlNewTextWriterMemory(buffer, 0);

    must(w, "xmlTextWriter");
    xmlTextWriterStartDocument(w, "1.0", NULL, NULL);
    xmlTextWriterStartElement(w, BAD_CAST "wap-provisioningdoc");
    xmlTextWriterWriteAttribute(w, BAD_CAST "version", BAD_CAST "1.1");
    group(w, "VERS");
    parm_number(w, "version", kept->version);
    parm_number(w, "validity", kept->validity_s);
    xmlTextWriterEndElement(w);
    group(w, "TOKEN");
    parm(w, "token", kept->token.p);
    parm_number(w, "validity", kept->token_validity_s);
    xmlTextWriterEndElement(w);
    for (const struct ecs_doc_app *app = kept->app; app; app = app->next) {
        group(w, "APPLICATION");
        parm(w, "AppID", ecs_app_id(app->app));
        children(w, &app->node);
        xmlTextWriterEndElement(w);
    }
    xmlTextWriterEndDocument(w);
    xmlFreeTextWriter(w);
}

static void writer(void)
{
    xmlBufferPtr buffer = xmlBufferCreate();

    must(buffer, "buffer");
    writer_to(buffer);
    sink += (size_t)xmlBufferLength(buffer);
    xmlBufferFree(buffer);
}

/* ---- comparison ---- */

static void check_json(void)
{
    json_t *theirs = jansson_tree(), *parsed;

    ours_json();
    parsed = json_loadb(out.p, out.n, 0, NULL);
    must(parsed && json_equal(parsed, theirs), "comparison of the JSON texts");
    json_decref(parsed);
    json_decref(theirs);
}

static xmlChar *normal_form(const char *text, size_t n)
{
    xmlDocPtr doc = xmlReadMemory(text, (int)n, "x", NULL, XML_PARSE_NOBLANKS | XML_PARSE_NONET);
    xmlChar *form = NULL;
    int size;

    if (doc)
        xmlDocDumpMemory(doc, &form, &size);
    xmlFreeDoc(doc);
    return form;
}

static void check_xml(void)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    xmlChar *a, *b;

    must(buffer, "buffer");
    writer_to(buffer);
    ours_xml();
    a = normal_form(out.p, out.n);
    b = normal_form((const char *)xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer));
    must(a && b && xmlStrcmp(a, b) == 0, "comparison of the XML texts");
    xmlFree(a);
    xmlFree(b);
    xmlBufferFree(buffer);
}

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double best_ns(void (*fn)(void))
{
    double best = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        double begin = cpu_ns(), each;

        for (int i = 0; i < LOOPS; i++)
            fn();
        each = (cpu_ns() - begin) / LOOPS;
        best = each < best ? each : best;
    }
    return best;
}

int main(void)
{
    size_t json_n, xml_n;

    kept = build(ecs_arena_new(NULL, 0));
    check_json();
    json_n = out.n;
    check_xml();
    xml_n = out.n;
    printf("{\"json_bytes\": %zu, \"json_ns\": %.0f, \"json_render_ns\": %.0f, \"jansson_ns\": %.0f, ",
           json_n, best_ns(ours_json), best_ns(render_json), best_ns(jansson));
    printf("\"xml_bytes\": %zu, \"xml_ns\": %.0f, \"xml_render_ns\": %.0f, \"writer_ns\": %.0f}\n", xml_n,
           best_ns(ours_xml), best_ns(render_xml), best_ns(writer));
    ecs_buf_done(&out);
    return sink == 0;
}
