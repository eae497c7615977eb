/* SPDX-License-Identifier: Apache-2.0 */
/* What a client does with a document, in plain words: by the rules of the AOSP IMS application
 * (clients.md 3.3), of Samsung (7.4, 7.5), of the library's ODSA calls (2.8) and of the companion client (8).
 */

#include "meaning.h"

#include <string.h>

static struct ecs_str get(const struct ecs_sim_scene *s, struct ecs_str block, const char *name)
{
    return ecs_sim_view_get(s->view, s->who, block, name);
}

/* -1: absent or empty; -2: no number. */
static int64_t number(const struct ecs_sim_scene *s, struct ecs_str block, const char *name)
{
    struct ecs_str text = get(s, block, name);
    int64_t value;

    if (!text.n)
        return -1;
    if (!ecs_str_to_i64(text, &value) || value < 0) {
        ecs_sim_find(s->report, ECS_SIM_BREAK, "", "%.*s/%s is no number: the client gives the answer up",
                     ECS_FMT(block), name);
        return -2;
    }
    return value;
}

static void say(const struct ecs_sim_scene *s, const char *text)
{
    ecs_buf_add_cstr(s->words, text);
}

/* ---- titles ---- */

struct app_words {
    const char *app, *title;
    const char *status[5]; /* by EntitlementStatus */
};

#define USUAL_STATUS                                                                                         \
    {                                                                                                        \
        "disabled", "enabled", "incompatible", "provisioning", NULL                                          \
    }
static const struct app_words app_words[] = {
    {"ap2003", "Voice over cellular", USUAL_STATUS},
    {"ap2004", "Wi-Fi calling", USUAL_STATUS},
    {"ap2005", "SMS over IP", USUAL_STATUS},
    {"ap2006", "Companion device", {NULL}},
    {"ap2009", "eSIM of this device", {NULL}},
    {"ap2010", "Data plan", {"disabled", "enabled", "incompatible", "provisioning", "included"}},
    {"ap2011", "Server-initiated eSIM", {NULL}},
    {"ap2012", "Carrier billing", USUAL_STATUS},
    {"ap2013", "Private user identity", USUAL_STATUS},
    {"ap2014", "Phone number", {NULL}},
    {"ap2015", "Application authentication", {NULL}},
    {"ap2016", "Satellite", USUAL_STATUS},
};

static const struct app_words *words_of(struct ecs_str app)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(app_words); i++) {
        if (ecs_str_eq_nocase(app, ecs_str_of(app_words[i].app)))
            return &app_words[i];
    }
    return NULL;
}

/* ---- ODSA ---- */

struct code_words {
    const char *name;
    const char *values[9];
};

static const struct code_words code_words[] = {
    {"PrimaryAppEligibility", {"not eligible", "eligible", "incompatible"}},
    {"CompanionAppEligibility", {"not eligible", "eligible", "incompatible"}},
    {"SubscriptionResult",
     {NULL, "continue to web sheet", "download profile", "done", "delayed", "dismissed",
      "delete profile in use", "profile to be downloaded again", "needs input of the user"}},
    {"ServiceStatus", {NULL, "activated", "activating", "deactivated", "deactivated, not reusable"}},
};

static void say_result(const struct ecs_sim_scene *s, struct ecs_str result)
{
    static const struct {
        const char *code, *text;
    } results[] = {{"1", "success"},
                   {"100", "general error"},
                   {"101", "invalid operation"},
                   {"102", "invalid parameter"},
                   {"103", "operation not supported"},
                   {"104", "invalid answer to MSG"}};
    const char *text = "unknown result";

    for (size_t i = 0; i < ECS_ARRAY_LEN(results); i++) {
        if (ecs_str_eq(result, ecs_str_of(results[i].code)))
            text = results[i].text;
    }
    ecs_buf_printf(s->words, " %s;", text);
}

static void check_download(const struct ecs_sim_scene *s, struct ecs_str path)
{
    const char *slash = memrchr(path.p, '/', path.n);
    struct ecs_str block = {path.p, (size_t)(slash - path.p)};
    struct ecs_str code = ecs_sim_document_app(s->document, block, "ProfileActivationCode");
    struct ecs_str smdp = ecs_sim_document_app(s->document, block, "ProfileSmdpAddress");
    struct ecs_str iccid = ecs_sim_document_app(s->document, block, "ProfileIccid");
    uint8_t bytes[1024];

    if (s->who->reader == ECS_SIM_READER_HEALTH) {
        if (code.n && !ecs_str_starts_with_nocase(code, ECS_STR("LPA:")) &&
            !ecs_str_starts_with(code, ECS_STR("1$")))
            ecs_sim_find(s->report, ECS_SIM_BREAK, "C-38",
                         "this client uses ProfileActivationCode undecoded");
        return;
    }
    if (code.n && ecs_base64_decode(code, bytes, sizeof(bytes)) < 0)
        ecs_sim_find(s->report, ECS_SIM_BREAK, "C-38",
                     "ProfileActivationCode is not base64: the library breaks");
    if (!code.n && (!smdp.n || !iccid.n))
        ecs_sim_find(s->report, ECS_SIM_BREAK, "C-38",
                     "DownloadInfo needs ProfileSmdpAddress and ProfileIccid");
}

static void say_odsa(const struct ecs_sim_scene *s, struct ecs_str app)
{
    for (const struct ecs_sim_value *v = s->document->first; v; v = v->next) {
        int64_t code;

        if (!ecs_str_starts_with(v->path, app) || v->path.n <= app.n || v->path.p[app.n] != '/')
            continue;
        if (ecs_str_eq(v->name, ECS_STR("OperationResult")))
            say_result(s, v->value);
        for (size_t i = 0; i < ECS_ARRAY_LEN(code_words); i++) {
            const struct code_words *row = &code_words[i];

            if (ecs_str_eq(v->name, ecs_str_of(row->name)) && ecs_str_to_i64(v->value, &code))
                ecs_buf_printf(s->words, " %s;",
                               code >= 0 && code < 9 && row->values[code] ? row->values[code] : "?");
        }
        if (ecs_str_find(v->path, ECS_STR("DownloadInfo/Profile")) >= 0) {
            say(s, ecs_str_eq(v->name, ECS_STR("ProfileIccid")) ? " profile to download;" : "");
            check_download(s, v->path);
        }
        if (ecs_str_eq(v->name, ECS_STR("TemporaryToken")))
            say(s, " temporary token received;");
        if (ecs_str_eq_nocase(v->name, ECS_STR("msisdn")))
            say(s, " phone number received;");
        if (ecs_str_eq(v->name, ECS_STR("PhoneNumberVerification")))
            say(s,
                ecs_str_eq(v->value, ECS_STR("1")) ? " the number is right;" : " the number is another one;");
    }
    ecs_sim_check_temporary(s, app);
    if (s->who->reader == ECS_SIM_READER_ODSA)
        ecs_sim_check_operation(s, app);
}

/* ---- ap2004 ---- */

/* A missing sub-state counts as 2, not required. */
static int64_t sub_state(const struct ecs_sim_scene *s, const char *name)
{
    int64_t value = number(s, ECS_STR("ap2004"), name);

    return value == -1 ? 2 : value;
}

static bool is_fine(int64_t state)
{
    return state == 1 || state == 2;
}

static void judge_vowifi(const struct ecs_sim_scene *s)
{
    struct ecs_str app = ECS_STR("ap2004");
    int64_t status = number(s, app, "EntitlementStatus");
    int64_t tc = sub_state(s, "TC_Status"), addr = sub_state(s, "AddrStatus"),
            prov = sub_state(s, "ProvStatus");
    bool has_url = get(s, app, "ServiceFlow_URL").n > 0;

    if (status == 1 && is_fine(tc) && is_fine(addr) && is_fine(prov)) {
        say(s, " entitled, switched on");
        if (!has_url)
            ecs_sim_find(s->report, ECS_SIM_NOTE, "C-31",
                         "without ServiceFlow_URL the user cannot change the address");
    } else if (status == 0 && (tc == 0 || addr == 0)) {
        say(s, " data missing, the web sheet opens; switched off until then");
        if (!has_url)
            ecs_sim_find(s->report, ECS_SIM_BREAK, "C-31a",
                         "data are missing and there is no ServiceFlow_URL to "
                         "enter them");
    } else if (status == 3 || (status == 0 && (tc == 3 || addr == 3)) ||
               (status == 0 && (prov == 0 || prov == 3) && is_fine(tc) && is_fine(addr))) {
        say(s, " in progress, switched off");
    } else if (status == 2 || status == -1) {
        say(s, " incompatible, switched off");
    } else {
        say(s, " an unforeseen combination: not switched off");
        ecs_sim_find(s->report, ECS_SIM_BREAK, "C-31a",
                     "Android does not switch Wi-Fi calling off with this "
                     "combination of EntitlementStatus and sub-states");
    }
}

static void judge_samsung_vowifi(const struct ecs_sim_scene *s)
{
    struct ecs_str app = ECS_STR("ap2004");
    int64_t status = number(s, app, "EntitlementStatus");
    bool act = number(s, app, "ProvStatus") == 0 || number(s, app, "TC_Status") == 0 ||
               number(s, app, "AddrStatus") == 0;

    if (status == 0 && act) {
        say(s, " the web sheet opens");
        if (!get(s, app, "ServiceFlow_URL").n)
            ecs_sim_find(s->report, ECS_SIM_BREAK, "C-31a",
                         "Samsung would open the web sheet, and there is no "
                         "ServiceFlow_URL");
    } else if (status == 1) {
        say(s, " enabled");
    } else if (status == 3) {
        say(s, " in progress");
    } else {
        say(s, " disabled");
    }
}

/* ---- ap2003 ---- */

static void judge_voice(const struct ecs_sim_scene *s)
{
    static const struct {
        const char *block, *text;
    } cells[] = {{"RAT/1-1", "VoLTE all"}, {"RAT/1-2", "VoLTE home"}, {"RAT/1-3", "VoLTE roaming"},
                 {"RAT/2-1", "VoNR all"},  {"RAT/2-2", "VoNR home"},  {"RAT/2-3", "VoNR roaming"}};
    bool any = false;

    if (number(s, ECS_STR("ap2003"), "EntitlementStatus") >= 0) {
        say(s, number(s, ECS_STR("ap2003"), "EntitlementStatus") == 1 ? " on" : " off");
        return;
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(cells); i++) {
        int64_t status = number(s, ecs_str_of(cells[i].block), "EntitlementStatus");

        if (status < 0)
            continue;
        ecs_buf_printf(s->words, "%s %s %s", any ? "," : "", cells[i].text, status == 1 ? "on" : "off");
        any = true;
    }
    if (!any) {
        say(s, " off (neither flat nor by access type)");
        ecs_sim_find(s->report, ECS_SIM_BREAK, "C-32", "this client finds no voice status in ap2003");
    }
}

/* ---- all ---- */

/* Voice by access type, from the document itself. */
static void say_voice_cells(const struct ecs_sim_scene *s)
{
    static const char *const access[] = {"?", "4G", "5G"}, *const where[] = {"?", "all", "home", "roaming"};

    for (const struct ecs_sim_value *v = s->document->first; v; v = v->next) {
        struct ecs_str block = {v->path.p, v->path.n - (v->path.n > 11 ? 11 : v->path.n)};
        int64_t a = 0, h = 0;

        if (!ecs_str_eq(v->name, ECS_STR("AccessType")) || !ecs_str_starts_with(v->path, ECS_STR("ap2003/")))
            continue;
        if (!ecs_str_to_i64(v->value, &a) || a < 0 || a > 2)
            a = 0;
        if (!ecs_str_to_i64(ecs_sim_document_app(s->document, block, "HomeRoamingNWType"), &h) || h < 0 ||
            h > 3)
            h = 0;
        ecs_buf_printf(s->words, " %s %s %s;", access[a], where[h],
                       ecs_str_eq(ecs_sim_document_app(s->document, block, "EntitlementStatus"), ECS_STR("1"))
                           ? "on"
                           : "off");
    }
}

/* ap2010 without a status tells what it has (TS.43 9.1). */
static void say_data_parts(const struct ecs_sim_scene *s)
{
    static const struct {
        struct ecs_str name;
        const char *words;
    } parts[] = {{ECS_STR("DataPlanInfo\""), "metering of each access"},
                 {ECS_STR("DataBoostInfo\""), "boosts"},
                 {ECS_STR("DataUsageInfo\""), "usage"},
                 {ECS_STR("5GSAInfo\""), "5G standalone"}};
    bool any = false;

    for (size_t i = 0; i < ECS_ARRAY_LEN(parts); i++)
        if (ecs_str_find(s->document->body, parts[i].name) >= 0) {
            ecs_buf_printf(s->words, "%s %s", any ? "," : "", parts[i].words);
            any = true;
        }
    if (!any)
        say(s, " nothing is told");
}

static void judge_plain(const struct ecs_sim_scene *s, struct ecs_str app, const struct app_words *words)
{
    struct ecs_str text = ecs_sim_document_app(s->document, app, "EntitlementStatus");
    int64_t status;

    if (text.n && ecs_str_to_i64(text, &status)) {
        ecs_buf_printf(s->words, " %s",
                       status >= 0 && status < 5 && words->status[status] ? words->status[status]
                                                                          : "unknown status");
        if (ecs_sim_document_app(s->document, app, "ServiceFlow_URL").n)
            say(s, ", with web sheet");
        return;
    }
    if (!strcmp(words->app, "ap2003"))
        say_voice_cells(s);
    if (!strcmp(words->app, "ap2010"))
        say_data_parts(s);
    say_odsa(s, app);
}

/* Clients that know one application: their own file tells what they make of it. */
static void (*const judges[ECS_SIM_READER_COUNT])(const struct ecs_sim_scene *s, struct ecs_str app) = {
    [ECS_SIM_READER_SATELLITE] = ecs_sim_judge_satellite,
    [ECS_SIM_READER_SLICING] = ecs_sim_judge_boost,
    [ECS_SIM_READER_SIMADMIN] = ecs_sim_judge_modem,
    [ECS_SIM_READER_PNV] = ecs_sim_judge_number,
};

static void judge_app(const struct ecs_sim_scene *s, struct ecs_str app)
{
    const struct app_words *words = words_of(app);
    bool ims = s->who->reader == ECS_SIM_READER_IMS && !s->view->is_json;
    bool samsung =
        s->who->reader == ECS_SIM_READER_SAMSUNG_OLD || s->who->reader == ECS_SIM_READER_SAMSUNG_NEW;

    if (!words)
        return;
    ecs_buf_printf(s->words, "%s:", words->title);
    if (!ecs_sim_document_has_app(s->document, app)) {
        say(s, " not in the answer");
        if (ims)
            ecs_sim_find(s->report, ECS_SIM_BREAK, "C-31", "Android switches %s off: it is not in the answer",
                         words->title);
    } else if (judges[s->who->reader]) {
        judges[s->who->reader](s, app);
    } else if (ims && !strcmp(words->app, "ap2003")) {
        judge_voice(s);
    } else if (ims && !strcmp(words->app, "ap2004")) {
        judge_vowifi(s);
    } else if (samsung && !strcmp(words->app, "ap2004")) {
        judge_samsung_vowifi(s);
    } else {
        judge_plain(s, app, words);
    }
    say(s, "\n");
}

static void judge_vers(const struct ecs_sim_scene *s)
{
    struct ecs_str version_text = get(s, ECS_STR("VERS"), "version");
    struct ecs_str validity_text = get(s, ECS_STR("VERS"), "validity");
    int64_t version = 0, validity = 0;
    bool known = ecs_str_to_i64(version_text, &version) && ecs_str_to_i64(validity_text, &validity);

    say(s, "Configuration: ");
    if (known && version > 0 && validity > 0)
        ecs_buf_printf(s->words, "version %lld, to be asked again in %lld s\n", (long long)version,
                       (long long)validity);
    else if (known && version > 0 && validity == 0)
        ecs_buf_printf(s->words, "version %lld, valid without limit\n", (long long)version);
    else if (known && version == 0 && validity == 0)
        say(s, "reset to the default\n");
    else if (known && version == validity && (version == -1 || version == -2))
        say(s, "reset, no more questions\n");
    else
        say(s, "no meaning: the client resets to the default\n");
    if (known && version <= 0 &&
        (s->who->reader == ECS_SIM_READER_SAMSUNG_OLD || s->who->reader == ECS_SIM_READER_SAMSUNG_NEW))
        ecs_sim_find(s->report, ECS_SIM_NOTE, "C-30", "Samsung resets its configuration for this version");
}

void ecs_sim_meaning(struct ecs_buf *words, const struct ecs_sim_personality *who,
                     const struct ecs_sim_document *document, const struct ecs_sim_document *view,
                     const struct ecs_sim_params *asked, struct ecs_sim_report *report)
{
    struct ecs_sim_scene scene = {words, who, document, view, report};

    if (document->is_json && who->xml_only)
        ecs_sim_find(report, ECS_SIM_BREAK, "C-25",
                     "this client cannot read a JSON document: services go off");
    if (!document->is_json && who->json_only)
        ecs_sim_find(report, ECS_SIM_BREAK, "C-25", "this client asked for JSON and cannot read XML");
    judge_vers(&scene);
    for (const struct ecs_sim_param *p = asked->first; p; p = p->next) {
        if (ecs_str_eq(p->name, ECS_STR("app")))
            judge_app(&scene, p->value);
    }
}
