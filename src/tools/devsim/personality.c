/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the personalities. Every cell is a habit described in clients.md, sections 2, 3, 7, 8 and 9. */

#include "personality.h"

#include <string.h>

const char ecs_sim_relay_type[] = "application/vnd.gsma.eap-relay.v1.0+json";

#define RELAY "application/vnd.gsma.eap-relay.v1.0+json"
#define XML   "text/vnd.wap.connectivity-xml"
#define JSON  "application/json"

/* 2.1: the order of the AOSP library */
static const char *const library_order[] = {"IMSI",
                                            "token",
                                            "temporary_token",
                                            "EAP_ID",
                                            "notif_action",
                                            "notif_token",
                                            "terminal_id",
                                            "gid1",
                                            "GID1",
                                            "app_version",
                                            "app_name",
                                            "boost_type",
                                            "app",
                                            "terminal_vendor",
                                            "terminal_model",
                                            "terminal_sw_version",
                                            "vers",
                                            "entitlement_version",
                                            "operation",
                                            "operation_type",
                                            "operation_targets",
                                            "companion_terminal_id",
                                            "companion_terminal_vendor",
                                            "companion_terminal_model",
                                            "companion_terminal_sw_version",
                                            "companion_terminal_friendly_name",
                                            "companion_terminal_service",
                                            "companion_terminal_iccid",
                                            "companion_terminal_eid",
                                            "terminal_iccid",
                                            "terminal_eid",
                                            "target_terminal_id",
                                            "target_terminal_imeis",
                                            "target_terminal_iccid",
                                            "target_terminal_eid",
                                            "target_terminal_sn",
                                            "target_terminal_model",
                                            "target_terminal_entitlement_protocol",
                                            "old_terminal_iccid",
                                            "old_terminal_id",
                                            "old_terminal_entitlement_protocol",
                                            "MSG_response",
                                            "MSG_btn",
                                            "requestor_id",
                                            NULL};

/* 8: the order of the companion client */
static const char *const health_order[] = {"terminal_id",
                                           "EAP_ID",
                                           "token",
                                           "app",
                                           "vers",
                                           "app_name",
                                           "terminal_model",
                                           "terminal_iccid",
                                           "terminal_vendor",
                                           "terminal_sw_version",
                                           "entitlement_version",
                                           "notif_token",
                                           "notif_action",
                                           "provisioning_version",
                                           "app_version",
                                           "operation",
                                           "operation_type",
                                           "companion_terminal_id",
                                           "companion_terminal_vendor",
                                           "companion_terminal_model",
                                           "companion_terminal_sw_version",
                                           "companion_terminal_friendly_name",
                                           "companion_terminal_service",
                                           "companion_terminal_iccid",
                                           "companion_terminal_eid",
                                           NULL};

static const char *const library_defaults[] = {"app",
                                               "ap2004",
                                               "terminal_vendor",
                                               "Acme",
                                               "terminal_model",
                                               "Phone 1",
                                               "terminal_sw_version",
                                               "14.2",
                                               "vers",
                                               "0",
                                               "entitlement_version",
                                               "2.0",
                                               NULL};
static const char *const ims_defaults[] = {"app",
                                           "ap2004",
                                           "app",
                                           "ap2003",
                                           "app",
                                           "ap2005",
                                           "terminal_vendor",
                                           "vendorX",
                                           "terminal_model",
                                           "modelY",
                                           "terminal_sw_version",
                                           "versionZ",
                                           "vers",
                                           "0",
                                           "entitlement_version",
                                           "8.0",
                                           NULL};
static const char *const samsung_old_defaults[] = {"app",
                                                   "ap2003",
                                                   "app",
                                                   "ap2004",
                                                   "app",
                                                   "ap2005",
                                                   "terminal_vendor",
                                                   "samsung",
                                                   "terminal_model",
                                                   "SM-G991U1",
                                                   "terminal_sw_version",
                                                   "G991U1UES4AUGF release keys",
                                                   "vers",
                                                   "0",
                                                   "entitlement_version",
                                                   "2.0",
                                                   NULL};
static const char *const samsung_new_defaults[] = {"app",
                                                   "ap2003",
                                                   "app",
                                                   "ap2004",
                                                   "app",
                                                   "ap2005",
                                                   "terminal_vendor",
                                                   "SEC",
                                                   "terminal_model",
                                                   "SM-S911B",
                                                   "terminal_sw_version",
                                                   "S911BXXU3CXD7 release keys",
                                                   "vers",
                                                   "0",
                                                   "entitlement_version",
                                                   "8.0",
                                                   NULL};
static const char *const health_defaults[] = {"app",
                                              "ap2006",
                                              "vers",
                                              "0",
                                              "app_name",
                                              "Health",
                                              "terminal_model",
                                              "ABC-L29 watch",
                                              "terminal_iccid",
                                              "8900101000000000001",
                                              "terminal_vendor",
                                              "HUAWEI",
                                              "terminal_sw_version",
                                              "4.2.0 (SP1)",
                                              "entitlement_version",
                                              "1.0",
                                              "notif_token",
                                              "reg-1@push",
                                              "notif_action",
                                              "1",
                                              NULL};
static const char *const headless_defaults[] = {"app",
                                                "ap2004",
                                                "terminal_vendor",
                                                "probe",
                                                "terminal_model",
                                                "probe 1",
                                                "terminal_sw_version",
                                                "1.0",
                                                "vers",
                                                "1",
                                                "entitlement_version",
                                                "1",
                                                NULL};

#define LIBRARY_COMMON                                                                                       \
    .order = ECS_SIM_ORDER_TABLE, .table = library_order, .escape = ECS_SIM_ESCAPE_ANDROID, .cut_vendor = 4, \
    .cut_model = 10, .cut_sw = 20, .accept = {RELAY, RELAY ", %R", RELAY, "%R"},                             \
    .formats = {XML, JSON, JSON ", " XML}, .headers = "Accept-Language: en-GB\r\n",                          \
    .get_connection = "Keep-Alive", .post_type = JSON, .relay_type = RELAY, .escaped_slashes = true,         \
    .gzip = true, .packet_reader = ECS_SIM_PACKET_JSON, .attr_reader = ECS_SIM_ATTR_WALK,                    \
    .cookies = ECS_SIM_COOKIES_FIRST, .more_challenges = 3

#define SAMSUNG_ACCEPT RELAY ", " XML
#define SAMSUNG_COMMON                                                                                       \
    .order = ECS_SIM_ORDER_JAVA_HASH,                                                                        \
    .accept = {SAMSUNG_ACCEPT, SAMSUNG_ACCEPT, SAMSUNG_ACCEPT, SAMSUNG_ACCEPT}, .formats = {XML, XML, XML},  \
    .headers = "Cache-Control: max-age=0\r\nAccept-Language: en-GB\r\n", .get_connection = "Keep-Alive",     \
    .post_type = JSON, .relay_type = RELAY, .relay_at_root = true, .exact_type = true,                       \
    .cookies = ECS_SIM_COOKIES_LATEST, .more_challenges = 3

const struct ecs_sim_personality ecs_sim_personalities[] = {
    {
        .name = "library",
        .help = "AOSP service_entitlement library (Android phones, Google Play services)",
        LIBRARY_COMMON,
        .defaults = library_defaults,
        .user_agent = "PRD-TS43 term-%V/%M /1.0 OS-Android/%S",
        .reader = ECS_SIM_READER_LIBRARY,
        .format = ECS_SIM_FORMAT_BOTH,
    },
    {
        .name = "ims",
        .help = "AOSP ImsServiceEntitlement app: VoWiFi, VoLTE, SMSoIP",
        LIBRARY_COMMON,
        .defaults = ims_defaults,
        .user_agent = "PRD-TS43 term-%V/%M client-IMS-Entitlement/1.0 OS-Android/%S",
        .reader = ECS_SIM_READER_IMS,
        .format = ECS_SIM_FORMAT_XML,
    },
    {
        .name = "samsung-old",
        .help = "Samsung autoconfiguration client of 2021",
        SAMSUNG_COMMON,
        .escape = ECS_SIM_ESCAPE_FORM,
        .defaults = samsung_old_defaults,
        .user_agent = "PRD-TS43/%E %V/%S IMS-Entitlement/6 OS-Android/11",
        .packet_reader = ECS_SIM_PACKET_JSON_STRINGS,
        .attr_reader = ECS_SIM_ATTR_FIXED,
        .reader = ECS_SIM_READER_SAMSUNG_OLD,
        .json_is_challenge = true,
        .no_name_check = true,
    },
    {
        .name = "samsung-new",
        .help = "Samsung autoconfiguration client of 2025",
        SAMSUNG_COMMON,
        .escape = ECS_SIM_ESCAPE_PERCENT,
        .defaults = samsung_new_defaults,
        .user_agent = "PRD-TS43 SEC/%S IMS-Entitlement/6 OS-Android/14",
        .packet_reader = ECS_SIM_PACKET_JSON,
        .attr_reader = ECS_SIM_ATTR_STEP,
        .reader = ECS_SIM_READER_SAMSUNG_NEW,
    },
    {
        .name = "health",
        .help = "Huawei Health companion client (ap2006)",
        .order = ECS_SIM_ORDER_TABLE,
        .table = health_order,
        .escape = ECS_SIM_ESCAPE_RAW,
        .defaults = health_defaults,
        .user_agent = "PRD-TS43 %V/%M Health/13 OS-Android/%S",
        .accept = {RELAY ", " XML, RELAY ", " XML, RELAY ", " XML, "application/json, application/xml"},
        .formats = {XML, JSON, JSON},
        .headers = "Accept-Language: en-GB\r\n",
        .get_connection = "close",
        .post_type = "application/json; charset=utf-8",
        .relay_type = "application/json; charset=utf-8",
        .number = "notif_action",
        .token_without_imsi = true,
        .gzip = true,
        .packet_reader = ECS_SIM_PACKET_CUT,
        .attr_reader = ECS_SIM_ATTR_WALK,
        .cookies = ECS_SIM_COOKIES_LAST_LINE,
        .reader = ECS_SIM_READER_HEALTH,
        .more_challenges = 3,
    },
    {
        .name = "headless",
        .help = "headless probes (VoCat, SimAdmin): query kept on the EAP answer, form encoding",
        .order = ECS_SIM_ORDER_ALPHABET,
        .escape = ECS_SIM_ESCAPE_FORM,
        .defaults = headless_defaults,
        .user_agent = "PRD-TS43 probe/1.0",
        .accept = {RELAY ", " XML, RELAY ", " XML, RELAY ", " XML, RELAY ", " XML},
        .formats = {XML, XML, XML},
        .headers = "",
        .get_connection = NULL,
        .post_type = JSON,
        .relay_type = JSON,
        .relay_keeps_query = true,
        .packet_reader = ECS_SIM_PACKET_JSON,
        .attr_reader = ECS_SIM_ATTR_WALK,
        .cookies = ECS_SIM_COOKIES_PAIRS,
        .reader = ECS_SIM_READER_HEADLESS,
        .verifies_mac = true,
        .answers_identity = true,
        .answers_notification = true,
        .tolerates_success = true,
        .more_challenges = 9,
    },
};
const size_t ecs_sim_personality_count = ECS_ARRAY_LEN(ecs_sim_personalities);

const struct ecs_sim_personality *ecs_sim_personality_find(const char *name)
{
    for (size_t i = 0; i < ecs_sim_personality_count; i++) {
        if (!strcmp(ecs_sim_personalities[i].name, name))
            return &ecs_sim_personalities[i];
    }
    return NULL;
}

/* ---- headers ---- */

static void add_cut(struct ecs_buf *buf, const struct ecs_sim_params *params, const char *name, unsigned cut)
{
    struct ecs_str value = ecs_sim_params_get(params, name);

    ecs_buf_add(buf, value.p, cut && value.n > cut ? cut : value.n);
}

static void add_user_agent(struct ecs_buf *buf, const struct ecs_sim_personality *who,
                           const struct ecs_sim_params *params)
{
    for (const char *at = who->user_agent; *at; at++) {
        if (*at != '%') {
            ecs_buf_add_char(buf, *at);
            continue;
        }
        at++;
        if (*at == 'V')
            add_cut(buf, params, "terminal_vendor", who->cut_vendor);
        else if (*at == 'M')
            add_cut(buf, params, "terminal_model", who->cut_model);
        else if (*at == 'S')
            add_cut(buf, params, "terminal_sw_version", who->cut_sw);
        else if (*at == 'E')
            add_cut(buf, params, "entitlement_version", 0);
    }
}

void ecs_sim_headers(struct ecs_buf *buf, const struct ecs_sim_personality *who,
                     enum ecs_sim_request_kind kind, enum ecs_sim_format format,
                     const struct ecs_sim_params *params, bool post)
{
    const char *accept = who->accept[kind], *mark;

    ecs_buf_add_cstr(buf, "User-Agent: ");
    add_user_agent(buf, who, params);
    ecs_buf_add_cstr(buf, "\r\n");
    if (accept) {
        mark = strstr(accept, "%R");
        ecs_buf_add_cstr(buf, "Accept: ");
        ecs_buf_add(buf, accept, mark ? (size_t)(mark - accept) : strlen(accept));
        if (mark)
            ecs_buf_add_cstr(buf, who->formats[format]);
        ecs_buf_add_cstr(buf, "\r\n");
    }
    ecs_buf_add_cstr(buf, who->headers);
    if (who->gzip)
        ecs_buf_add_cstr(buf, "Accept-Encoding: gzip\r\n");
    if (who->get_connection && !post)
        ecs_buf_printf(buf, "Connection: %s\r\n", who->get_connection);
    else if (post)
        ecs_buf_add_cstr(buf, "Connection: Keep-Alive\r\n");
}

/* ---- content type ---- */

enum ecs_sim_content ecs_sim_content(const struct ecs_sim_personality *who, struct ecs_str type,
                                     struct ecs_str body)
{
    struct ecs_str trimmed = ecs_str_trim(body);

    if (who->reader == ECS_SIM_READER_HEADLESS)
        type = ecs_sim_media_type(type);
    if (!who->exact_type) { /* case counts, parts of the text are enough */
        if (ecs_str_find(type, ECS_STR("xml")) >= 0 || ecs_str_eq(type, ECS_STR("text/vnd.wap.connectivity")))
            return ECS_SIM_CONTENT_XML;
        return ecs_str_find(type, ECS_STR("json")) >= 0 ? ECS_SIM_CONTENT_JSON : ECS_SIM_CONTENT_UNKNOWN;
    }
    if (ecs_str_eq(type, ECS_STR(XML)))
        return ECS_SIM_CONTENT_XML;
    if (ecs_str_eq(type, ECS_STR(RELAY)) || ecs_str_eq(type, ECS_STR(JSON)))
        return ECS_SIM_CONTENT_JSON;
    if (trimmed.n && trimmed.p[0] == '<') /* the client looks at the body then */
        return ECS_SIM_CONTENT_XML;
    return trimmed.n && trimmed.p[0] == '{' ? ECS_SIM_CONTENT_JSON : ECS_SIM_CONTENT_UNKNOWN;
}
