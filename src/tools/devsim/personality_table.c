/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the personalities. Every cell is a habit described in clients.md, sections 2 to 9. */

#include "personality.h"

#define RELAY "application/vnd.gsma.eap-relay.v1.0+json"
#define XML   "text/vnd.wap.connectivity-xml"
#define JSON  "application/json"
#define BOTH  JSON ", " XML

const char ecs_sim_relay_type[] = RELAY;

/* ---- orders of parameters ---- */

#define TERMINAL_TEXTS  "terminal_vendor terminal_model terminal_sw_version "
#define COMPANION_TEXTS "companion_terminal_vendor companion_terminal_model companion_terminal_sw_version "

/* 2.1, point 9 */
#define LIBRARY_ODSA                                                                                         \
    "operation operation_type operation_targets companion_terminal_id " COMPANION_TEXTS                      \
    "companion_terminal_friendly_name companion_terminal_service companion_terminal_iccid "                  \
    "companion_terminal_eid terminal_iccid terminal_eid target_terminal_id target_terminal_imeis "           \
    "target_terminal_iccid target_terminal_eid target_terminal_sn target_terminal_model "                    \
    "target_terminal_entitlement_protocol old_terminal_iccid old_terminal_id "                               \
    "old_terminal_entitlement_protocol MSG_response MSG_btn requestor_id"

/* 2.1 */
#define LIBRARY_ORDER                                                                                        \
    "IMSI token temporary_token EAP_ID notif_action notif_token terminal_id gid1 GID1 app_version app_name " \
    "boost_type app " TERMINAL_TEXTS "vers entitlement_version " LIBRARY_ODSA

/* 6 */
#define MICROG_ORDER                                                                                         \
    "token IMSI temporary_token EAP_ID terminal_id GID1 gid1 app_version " TERMINAL_TEXTS                    \
    "app_name boost_type app vers entitlement_version notif_action notif_token " LIBRARY_ODSA

/* 8 */
#define HEALTH_ORDER                                                                                         \
    "terminal_id EAP_ID token app vers app_name terminal_model terminal_iccid terminal_vendor "              \
    "terminal_sw_version entitlement_version notif_token notif_action provisioning_version app_version "     \
    "operation operation_type companion_terminal_id " COMPANION_TEXTS                                        \
    "companion_terminal_friendly_name companion_terminal_service companion_terminal_iccid "                  \
    "companion_terminal_eid"

/* 9 */
#define VERIFY_NAMES "app operation temporary_token msisdn entitlement_version requestor_id"

/* 5 */
#define PNV_ORDER                                                                                            \
    "app app_name operation vers entitlement_version requestor_id temporary_token access_token "             \
    "terminal_id " TERMINAL_TEXTS "ipv4_addr ipv6_addr"

/* ---- parameters when the user gives none ---- */

#define IMS_APPS         "app=ap2003|app=ap2004|app=ap2005|"
#define PHONE_TEXTS      "terminal_vendor=Acme|terminal_model=Phone 1|terminal_sw_version=14.2|"
#define PLACEHOLDERS     "terminal_vendor=vendorX|terminal_model=modelY|terminal_sw_version=versionZ|"
#define LIBRARY_DEFAULTS "app=ap2004|" PHONE_TEXTS "vers=0|entitlement_version=2.0"

/* ---- habits that several share ---- */

#define LIBRARY_COMMON                                                                                       \
    .order = ECS_SIM_ORDER_TABLE, .table = LIBRARY_ORDER, .escape = ECS_SIM_ESCAPE_ANDROID, .cut_vendor = 4, \
    .cut_model = 10, .cut_sw = 20, .formats = {XML, JSON, BOTH}, .headers = "Accept-Language: en-GB\r\n",    \
    .get_connection = "Keep-Alive", .post_type = JSON, .relay_type = RELAY, .escaped_slashes = true,         \
    .gzip = true, .packet_reader = ECS_SIM_PACKET_JSON, .attr_reader = ECS_SIM_ATTR_WALK,                    \
    .cookies = ECS_SIM_COOKIES_FIRST, .more_challenges = 3

/* 2.1, point 4: the newest version sends the group of the SIM */
#define LIBRARY_ACCEPT   .gid = "gid1", .accept = {RELAY, RELAY ", %R", RELAY, "%R"}
#define LIBRARY_AGENT(c) .user_agent = "PRD-TS43 term-%V/%M " c "/1.0 OS-Android/%S"

#define SAMSUNG_ACCEPT RELAY ", " XML
#define SAMSUNG_COMMON                                                                                       \
    .order = ECS_SIM_ORDER_JAVA_HASH,                                                                        \
    .accept = {SAMSUNG_ACCEPT, SAMSUNG_ACCEPT, SAMSUNG_ACCEPT, SAMSUNG_ACCEPT}, .formats = {XML, XML, XML},  \
    .headers = "Cache-Control: max-age=0\r\nAccept-Language: en-GB\r\n", .get_connection = "Keep-Alive",     \
    .post_type = JSON, .relay_type = RELAY, .relay_at_root = true, .exact_type = true,                       \
    .cookies = ECS_SIM_COOKIES_LATEST, .more_challenges = 3

/* 9: VoCat and probes like it */
#define PROBE_COMMON                                                                                         \
    .order = ECS_SIM_ORDER_ALPHABET, .escape = ECS_SIM_ESCAPE_FORM,                                          \
    .accept = {SAMSUNG_ACCEPT, SAMSUNG_ACCEPT, SAMSUNG_ACCEPT, SAMSUNG_ACCEPT}, .formats = {XML, XML, XML},  \
    .headers = "", .post_type = JSON, .relay_type = JSON, .relay_keeps_query = true,                         \
    .packet_reader = ECS_SIM_PACKET_JSON, .attr_reader = ECS_SIM_ATTR_WALK,                                  \
    .reader = ECS_SIM_READER_HEADLESS, .verifies_mac = true, .answers_identity = true,                       \
    .answers_notification = true, .tolerates_success = true, .more_challenges = 9,                           \
    .defaults = "app=ap2004|terminal_vendor=probe|terminal_model=probe 1|terminal_sw_version=1.0|"           \
                "vers=1|entitlement_version=1"

const struct ecs_sim_personality ecs_sim_personalities[] = {
    {
        .name = "library",
        .help = "AOSP service_entitlement library (Android phones, Google Play services)",
        LIBRARY_COMMON,
        LIBRARY_ACCEPT,
        LIBRARY_AGENT(""),
        .defaults = LIBRARY_DEFAULTS,
        .two_steps = true,
        .reader = ECS_SIM_READER_LIBRARY,
        .format = ECS_SIM_FORMAT_BOTH,
    },
    {
        .name = "library-post",
        .help = "the same, where the carrier asks for POST",
        LIBRARY_COMMON,
        LIBRARY_ACCEPT,
        LIBRARY_AGENT(""),
        .defaults = LIBRARY_DEFAULTS,
        .two_steps = true,
        .posts = true,
        .reader = ECS_SIM_READER_LIBRARY,
        .format = ECS_SIM_FORMAT_BOTH,
    },
    {
        .name = "ims",
        .help = "AOSP ImsServiceEntitlement app: VoWiFi, VoLTE, SMSoIP",
        LIBRARY_COMMON,
        LIBRARY_ACCEPT,
        LIBRARY_AGENT("client-IMS-Entitlement"),
        .defaults = "app=ap2004|app=ap2003|app=ap2005|" PLACEHOLDERS "vers=0|entitlement_version=8.0",
        .reader = ECS_SIM_READER_IMS,
        .xml_only = true,
        .format = ECS_SIM_FORMAT_XML,
    },
    {
        .name = "odsa-primary",
        .help = "the library's calls for the phone's own eSIM (ap2009)",
        LIBRARY_COMMON,
        LIBRARY_ACCEPT,
        LIBRARY_AGENT("client-Primary-ODSA"),
        .defaults = "app=ap2009|" PHONE_TEXTS "vers=0|entitlement_version=8.0",
        .odsa = "operation=CheckEligibility|terminal_iccid=8900101000000000001|"
                "terminal_eid=89049032000000000000000000000017",
        .two_steps = true,
        .reader = ECS_SIM_READER_ODSA,
        .xml_only = true,
        .format = ECS_SIM_FORMAT_BOTH,
    },
    {
        .name = "odsa-companion",
        .help = "the library's calls for a watch (ap2006)",
        LIBRARY_COMMON,
        LIBRARY_ACCEPT,
        LIBRARY_AGENT("client-Companion-ODSA"),
        .defaults = "app=ap2006|" PHONE_TEXTS "vers=0|entitlement_version=8.0",
        .odsa = "operation=CheckEligibility|companion_terminal_id=350000000000017|"
                "companion_terminal_vendor=Acme Watches|companion_terminal_model=Watch Large 1|"
                "companion_terminal_sw_version=1.0|companion_terminal_friendly_name=Anna's watch|"
                "companion_terminal_eid=89049032000000000000000000000025",
        .two_steps = true,
        .reader = ECS_SIM_READER_ODSA,
        .xml_only = true,
        .format = ECS_SIM_FORMAT_BOTH,
    },
    {
        .name = "satellite",
        .help = "Android 15 telephony: satellite (ap2016), full EAP-AKA each time",
        LIBRARY_COMMON,
        LIBRARY_ACCEPT,
        LIBRARY_AGENT(""),
        .defaults = "app=ap2016|app_name=androidSatmode|" PLACEHOLDERS "vers=0|entitlement_version=2.0",
        .forgets_token = true,
        .reader = ECS_SIM_READER_SATELLITE,
        .json_only = true,
        .format = ECS_SIM_FORMAT_JSON,
    },
    {
        .name = "satellite-new",
        .help = "newer telephony: satellite with the services of each network",
        LIBRARY_COMMON,
        LIBRARY_ACCEPT,
        LIBRARY_AGENT(""),
        .defaults = "app=ap2016|app_name=androidSatmode|" PLACEHOLDERS "vers=1|entitlement_version=12.0",
        .forgets_token = true,
        .reader = ECS_SIM_READER_SATELLITE,
        .json_only = true,
        .format = ECS_SIM_FORMAT_JSON,
    },
    {
        .name = "slicing",
        .help = "Android telephony: premium slicing (ap2010), a boost to be bought",
        LIBRARY_COMMON,
        LIBRARY_ACCEPT,
        LIBRARY_AGENT(""),
        .defaults = "app=ap2010|boost_type=0|" PLACEHOLDERS "vers=0|entitlement_version=2.0",
        .forgets_token = true,
        .reader = ECS_SIM_READER_SLICING,
        .json_only = true,
        .format = ECS_SIM_FORMAT_JSON,
    },
    {
        .name = "gms",
        .help = "Google Play services: token for the verification of a phone number (ap2014)",
        LIBRARY_COMMON,
        LIBRARY_AGENT(""),
        .accept = {RELAY, RELAY ", " XML, RELAY, XML},
        .defaults = "app=ap2014|app_name=google-pnv|" PHONE_TEXTS "vers=0|entitlement_version=12.0",
        .odsa = "operation=AcquireTemporaryToken|operation_targets=GetPhoneNumber",
        .gid = "GID1",
        .two_steps = true,
        .reader = ECS_SIM_READER_ODSA,
        .xml_only = true,
        .format = ECS_SIM_FORMAT_XML,
    },
    {
        .name = "microg",
        .help = "microG phone-number client (ap2014); with --realm its fault in the keys shows",
        .order = ECS_SIM_ORDER_TABLE,
        .table = MICROG_ORDER,
        .escape = ECS_SIM_ESCAPE_ANDROID,
        .cut_vendor = 4,
        .cut_model = 10,
        .cut_sw = 20,
        .defaults = "app_name=|app=ap2014|" PHONE_TEXTS "vers=0|entitlement_version=2.0",
        .odsa = "operation=GetPhoneNumber|terminal_iccid=8900101000000000001",
        LIBRARY_AGENT(""),
        .accept = {RELAY, RELAY ", %R", RELAY, "%R"},
        .formats = {XML, JSON, BOTH},
        .headers = "",
        .get_connection = "Keep-Alive",
        .post_type = JSON,
        .relay_type = RELAY,
        .gzip = true,
        .two_steps = true,
        .realm_verbatim = true,
        .mk_usual_realm = true,
        .token_is_final = true,
        .takes_2xx = true,
        .packet_reader = ECS_SIM_PACKET_JSON,
        .attr_reader = ECS_SIM_ATTR_UNTIL,
        .cookies = ECS_SIM_COOKIES_JAR,
        .reader = ECS_SIM_READER_MICROG,
        .more_challenges = 2,
        .format = ECS_SIM_FORMAT_JSON,
    },
    {
        .name = "samsung-old",
        .help = "Samsung autoconfiguration client of 2021",
        SAMSUNG_COMMON,
        .escape = ECS_SIM_ESCAPE_FORM,
        .defaults = IMS_APPS "terminal_vendor=samsung|terminal_model=SM-G991U1|"
                             "terminal_sw_version=G991U1UES4AUGF release keys|vers=0|entitlement_version=2.0",
        .user_agent = "PRD-TS43/%E %V/%S IMS-Entitlement/6 OS-Android/11",
        .packet_reader = ECS_SIM_PACKET_JSON_STRINGS,
        .attr_reader = ECS_SIM_ATTR_FIXED,
        .reader = ECS_SIM_READER_SAMSUNG_OLD,
        .json_is_challenge = true,
        .xml_only = true,
        .no_name_check = true,
    },
    {
        .name = "samsung-new",
        .help = "Samsung autoconfiguration client of 2025",
        SAMSUNG_COMMON,
        .escape = ECS_SIM_ESCAPE_PERCENT,
        .defaults = IMS_APPS "terminal_vendor=SEC|terminal_model=SM-S911B|"
                             "terminal_sw_version=S911BXXU3CXD7 release keys|vers=0|entitlement_version=8.0",
        .user_agent = "PRD-TS43 SEC/%S IMS-Entitlement/6 OS-Android/14",
        .posts_after_405 = true,
        .packet_reader = ECS_SIM_PACKET_JSON,
        .attr_reader = ECS_SIM_ATTR_STEP,
        .reader = ECS_SIM_READER_SAMSUNG_NEW,
    },
    {
        .name = "health",
        .help = "Huawei Health companion client (ap2006)",
        .order = ECS_SIM_ORDER_TABLE,
        .table = HEALTH_ORDER,
        .escape = ECS_SIM_ESCAPE_RAW,
        .defaults = "app=ap2006|vers=0|app_name=Health|terminal_model=ABC-L29 watch|"
                    "terminal_iccid=8900101000000000001|terminal_vendor=HUAWEI|"
                    "terminal_sw_version=4.2.0 (SP1)|entitlement_version=1.0|notif_token=reg-1@push|"
                    "notif_action=1",
        .user_agent = "PRD-TS43 %V/%M Health/13 OS-Android/%S",
        .accept = {RELAY ", " XML, RELAY ", " XML, RELAY ", " XML, "application/json, application/xml"},
        .formats = {XML, JSON, JSON},
        .headers = "Accept-Language: en-GB\r\n",
        .get_connection = "close",
        .post_type = "application/json; charset=utf-8",
        .relay_type = "application/json; charset=utf-8",
        .number = "notif_action",
        .two_steps = true,
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
        .help = "headless probes in general: query kept on the EAP answer, form encoding",
        PROBE_COMMON,
        .user_agent = "PRD-TS43 probe/1.0",
        .cookies = ECS_SIM_COOKIES_PAIRS,
        .xml_only = true,
    },
    {
        .name = "vocat",
        .help = "VoCat probe: sorted, POST with the parameters twice, follows redirects",
        PROBE_COMMON,
        .user_agent = "Go-http-client/1.1",
        .posts_query_too = true,
        .gzip = true,
        .cookies = ECS_SIM_COOKIES_JAR,
        .redirects = ECS_SIM_REDIRECTS_GO,
        .body_max = 2 << 20,
    },
    {
        .name = "simadmin",
        .help = "SimAdmin: Wi-Fi calling of a modem; stays stuck after 511",
        .order = ECS_SIM_ORDER_TABLE,
        .table = LIBRARY_ORDER,
        .escape = ECS_SIM_ESCAPE_FORM,
        .defaults = LIBRARY_DEFAULTS,
        .user_agent = "PRD-TS43 term-%V/%M client-IMS-Entitlement/1.0 OS-Linux/%S",
        .accept = {SAMSUNG_ACCEPT, SAMSUNG_ACCEPT, SAMSUNG_ACCEPT, SAMSUNG_ACCEPT},
        .formats = {XML, XML, XML},
        .headers = "",
        .post_type = JSON,
        .relay_type = RELAY,
        .relay_keeps_query = true,
        .packet_reader = ECS_SIM_PACKET_JSON,
        .attr_reader = ECS_SIM_ATTR_WALK,
        .cookies = ECS_SIM_COOKIES_PAIRS,
        .redirects = ECS_SIM_REDIRECTS_SAME,
        .reader = ECS_SIM_READER_SIMADMIN,
        .xml_only = true,
        .body_max = 1 << 20,
        .verifies_mac = true,
        .answers_identity = true,
        .answers_notification = true,
        .more_challenges = 2,
    },
    {
        .name = "validator",
        .help = "Kotlin carrier validator: needs the cookie eap_session; verifies a number by POST",
        .order = ECS_SIM_ORDER_TABLE,
        .table = LIBRARY_ORDER " msisdn",
        .escape = ECS_SIM_ESCAPE_FORM,
        .defaults = LIBRARY_DEFAULTS,
        .only = VERIFY_NAMES,
        .user_agent = "okhttp/4.12.0",
        .accept = {SAMSUNG_ACCEPT, SAMSUNG_ACCEPT, SAMSUNG_ACCEPT, SAMSUNG_ACCEPT},
        .formats = {XML, XML, XML},
        .headers = "",
        .post_type = JSON,
        .relay_type = RELAY,
        .gzip = true,
        .needs_cookie = "eap_session",
        .packet_reader = ECS_SIM_PACKET_JSON,
        .attr_reader = ECS_SIM_ATTR_WALK,
        .cookies = ECS_SIM_COOKIES_PAIRS,
        .reader = ECS_SIM_READER_VALIDATOR,
        .more_challenges = 3,
    },
    {
        .name = "node-mock",
        .help = "Node mock device: JSON, first cookie only, checks the server's AT_MAC",
        .order = ECS_SIM_ORDER_TABLE,
        .table = LIBRARY_ORDER,
        .escape = ECS_SIM_ESCAPE_FORM,
        .defaults = LIBRARY_DEFAULTS,
        .user_agent = "node",
        .accept = {JSON, JSON, JSON, JSON},
        .formats = {JSON, JSON, JSON},
        .headers = "",
        .post_type = JSON,
        .relay_type = RELAY,
        .packet_reader = ECS_SIM_PACKET_JSON,
        .attr_reader = ECS_SIM_ATTR_WALK,
        .cookies = ECS_SIM_COOKIES_ONE,
        .reader = ECS_SIM_READER_NODE,
        .json_only = true,
        .verifies_mac = true,
        .more_challenges = 3,
    },
    {
        .name = "pnv-server",
        .help = "Google's server: access token, then GetPhoneNumber with a temporary token",
        .order = ECS_SIM_ORDER_TABLE,
        .table = PNV_ORDER,
        .escape = ECS_SIM_ESCAPE_FORM,
        .defaults = "app=ap2014|app_name=google-pnv|operation=GetPhoneNumber|vers=1|"
                    "entitlement_version=12.0|requestor_id=0b2f8f1c-6d5e-4f0a-9c56-2f3d8d1f7a10|"
                    "terminal_vendor=none|terminal_model=none|terminal_sw_version=0",
        .user_agent = "Google-PNV/1.0",
        .accept = {JSON, JSON, JSON, JSON},
        .formats = {JSON, JSON, JSON},
        .headers = "",
        .post_type = JSON,
        .relay_type = JSON,
        .posts = true,
        .bare = true,
        .gzip = true,
        .packet_reader = ECS_SIM_PACKET_JSON,
        .attr_reader = ECS_SIM_ATTR_WALK,
        .cookies = ECS_SIM_COOKIES_PAIRS,
        .reader = ECS_SIM_READER_PNV,
        .json_only = true,
        .format = ECS_SIM_FORMAT_JSON,
    },
};
const size_t ecs_sim_personality_count = ECS_ARRAY_LEN(ecs_sim_personalities);
