/* SPDX-License-Identifier: Apache-2.0 */
/* Extension of freeDiameter for tests: it gives what it takes to a test process over a Unix socket and sends
 * what that one answers. freeDiameter itself does connections, watchdogs and the checks of the dictionary
 * (5001, 5005, 5009 come from it); this file adds the dictionary of SWm, STa, SWx and Rx. Configuration:
 * "<role> <socket>"; role is one of eap (applications 5, SWm, STa; accounting), swx, rx. Frames: length (4
 * bytes, of what follows), kind, number (4), message. From here: R a request, A an answer to a request of the
 * test, I and O bytes received and sent, X a fault (text). From there: r the answer to request <number>, d it
 * is never answered, q a request. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <freeDiameter/extension.h>

enum { VENDOR = 10415, PENDING_MAX = 4096, FRAME_MAX = 1 << 20, APP_ACCOUNTING = 3, APP_EAP = 5 };
enum { APP_STA = 16777250, APP_SWM = 16777264, APP_SWX = 16777265, APP_RX = 16777236 };

/* ---- dictionary ---- */

struct row {
    uint32_t code;
    const char *name;
    enum dict_avp_basetype type;
    bool must; /* M bit: has to be there; else it may be */
};

static const struct row avps[] = {
    {600, "Visited-Network-Identifier", AVP_TYPE_OCTETSTRING, true},
    {1032, "RAT-Type", AVP_TYPE_INTEGER32, false},
    {1504, "ANID", AVP_TYPE_OCTETSTRING, true},
    {1401, "Terminal-Information", AVP_TYPE_GROUPED, false},
    {1402, "IMEI", AVP_TYPE_OCTETSTRING, false},
    {1403, "Software-Version", AVP_TYPE_OCTETSTRING, false},
    {1518, "AAA-Failure-Indication", AVP_TYPE_UNSIGNED32, false},
    {318, "3GPP-AAA-Server-Name", AVP_TYPE_OCTETSTRING, true},
    {607, "3GPP-SIP-Number-Auth-Items", AVP_TYPE_UNSIGNED32, true},
    {608, "3GPP-SIP-Authentication-Scheme", AVP_TYPE_OCTETSTRING, true},
    {609, "3GPP-SIP-Authenticate", AVP_TYPE_OCTETSTRING, true},
    {610, "3GPP-SIP-Authorization", AVP_TYPE_OCTETSTRING, true},
    {612, "3GPP-SIP-Auth-Data-Item", AVP_TYPE_GROUPED, true},
    {613, "3GPP-SIP-Item-Number", AVP_TYPE_UNSIGNED32, true},
    {614, "Server-Assignment-Type", AVP_TYPE_INTEGER32, true},
    {625, "Confidentiality-Key", AVP_TYPE_OCTETSTRING, true},
    {626, "Integrity-Key", AVP_TYPE_OCTETSTRING, true},
    {1500, "Non-3GPP-User-Data", AVP_TYPE_GROUPED, true},
    {1501, "Non-3GPP-IP-Access", AVP_TYPE_INTEGER32, true},
    {500, "Abort-Cause", AVP_TYPE_INTEGER32, true},
    {504, "AF-Application-Identifier", AVP_TYPE_OCTETSTRING, true},
    {505, "AF-Charging-Identifier", AVP_TYPE_OCTETSTRING, true},
    {507, "Flow-Description", AVP_TYPE_OCTETSTRING, true},
    {509, "Flow-Number", AVP_TYPE_UNSIGNED32, true},
    {510, "Flows", AVP_TYPE_GROUPED, true},
    {511, "Flow-Status", AVP_TYPE_INTEGER32, true},
    {512, "Flow-Usage", AVP_TYPE_INTEGER32, true},
    {513, "Specific-Action", AVP_TYPE_INTEGER32, true},
    {515, "Max-Requested-Bandwidth-DL", AVP_TYPE_UNSIGNED32, true},
    {516, "Max-Requested-Bandwidth-UL", AVP_TYPE_UNSIGNED32, true},
    {517, "Media-Component-Description", AVP_TYPE_GROUPED, true},
    {518, "Media-Component-Number", AVP_TYPE_UNSIGNED32, true},
    {519, "Media-Sub-Component", AVP_TYPE_GROUPED, true},
    {520, "Media-Type", AVP_TYPE_INTEGER32, true},
    {526, "Acceptable-Service-Info", AVP_TYPE_GROUPED, true},
    {527, "Service-Info-Status", AVP_TYPE_INTEGER32, true},
    {533, "Rx-Request-Type", AVP_TYPE_INTEGER32, false},
    {534, "Min-Requested-Bandwidth-DL", AVP_TYPE_UNSIGNED32, true},
    {535, "Min-Requested-Bandwidth-UL", AVP_TYPE_UNSIGNED32, true},
    {537, "IP-Domain-Id", AVP_TYPE_OCTETSTRING, false},
    {541, "Retry-Interval", AVP_TYPE_UNSIGNED32, false},
    {554, "Extended-Max-Requested-BW-DL", AVP_TYPE_UNSIGNED32, false},
    {555, "Extended-Max-Requested-BW-UL", AVP_TYPE_UNSIGNED32, false},
    {628, "Supported-Features", AVP_TYPE_GROUPED, false},
    {629, "Feature-List-ID", AVP_TYPE_UNSIGNED32, false},
    {630, "Feature-List", AVP_TYPE_UNSIGNED32, false},
};

/* Without vendor; those that no loaded dictionary has. */
static const struct row plain_avps[] = {
    {8, "Framed-IP-Address", AVP_TYPE_OCTETSTRING, true},
    {97, "Framed-IPv6-Prefix", AVP_TYPE_OCTETSTRING, true},
    {30, "Called-Station-Id", AVP_TYPE_OCTETSTRING, true},
    {443, "Subscription-Id", AVP_TYPE_GROUPED, true},
    {444, "Subscription-Id-Data", AVP_TYPE_OCTETSTRING, true},
    {450, "Subscription-Id-Type", AVP_TYPE_INTEGER32, true},
    {493, "Service-Selection", AVP_TYPE_OCTETSTRING, true},
};

struct rule {
    const char *of, *avp;
    int min, max; /* max -1: any number */
};

static const struct rule group_rules[] = {
    {"3GPP-SIP-Auth-Data-Item", "3GPP-SIP-Authentication-Scheme", 1, 1},
    {"Terminal-Information", "IMEI", 0, 1},
    {"Terminal-Information", "Software-Version", 0, 1},
    {"Media-Component-Description", "Media-Component-Number", 1, 1},
    {"Media-Component-Description", "Media-Type", 0, 1},
    {"Media-Component-Description", "Flow-Status", 0, 1},
    {"Media-Component-Description", "Max-Requested-Bandwidth-DL", 0, 1},
    {"Media-Component-Description", "Max-Requested-Bandwidth-UL", 0, 1},
    {"Media-Component-Description", "Media-Sub-Component", 0, -1},
    {"Media-Sub-Component", "Flow-Number", 1, 1},
    {"Media-Sub-Component", "Flow-Description", 0, 2},
    {"Subscription-Id", "Subscription-Id-Type", 1, 1},
    {"Subscription-Id", "Subscription-Id-Data", 1, 1},
};

struct command {
    uint32_t code;
    const char *request, *answer;
};

static const struct command swx_commands[] = {
    {303, "Multimedia-Auth-Request", "Multimedia-Auth-Answer"},
    {301, "Server-Assignment-Request", "Server-Assignment-Answer"},
};
static const struct command rx_commands[] = {{265, "AA-Request", "AA-Answer"}};

static const struct rule swx_rules[] = {
    {"Multimedia-Auth-Request", "Session-Id", 1, 1},
    {"Multimedia-Auth-Request", "Auth-Session-State", 1, 1},
    {"Multimedia-Auth-Request", "Vendor-Specific-Application-Id", 0, 1},
    {"Multimedia-Auth-Request", "Origin-Host", 1, 1},
    {"Multimedia-Auth-Request", "Origin-Realm", 1, 1},
    {"Multimedia-Auth-Request", "Destination-Realm", 1, 1},
    {"Multimedia-Auth-Request", "Destination-Host", 0, 1},
    {"Multimedia-Auth-Request", "User-Name", 1, 1},
    {"Multimedia-Auth-Request", "3GPP-SIP-Number-Auth-Items", 1, 1},
    {"Multimedia-Auth-Request", "3GPP-SIP-Auth-Data-Item", 1, 1},
    {"Server-Assignment-Request", "Session-Id", 1, 1},
    {"Server-Assignment-Request", "Auth-Session-State", 1, 1},
    {"Server-Assignment-Request", "Origin-Host", 1, 1},
    {"Server-Assignment-Request", "Origin-Realm", 1, 1},
    {"Server-Assignment-Request", "Destination-Realm", 1, 1},
    {"Server-Assignment-Request", "User-Name", 1, 1},
    {"Server-Assignment-Request", "Server-Assignment-Type", 1, 1},
};
static const struct rule rx_rules[] = {
    {"AA-Request", "Session-Id", 1, 1},        {"AA-Request", "Auth-Application-Id", 1, 1},
    {"AA-Request", "Origin-Host", 1, 1},       {"AA-Request", "Origin-Realm", 1, 1},
    {"AA-Request", "Destination-Realm", 1, 1}, {"AA-Request", "Destination-Host", 0, 1},
    {"AA-Request", "Framed-IP-Address", 0, 1}, {"AA-Request", "Framed-IPv6-Prefix", 0, 1},
    {"AA-Request", "Rx-Request-Type", 0, 1},   {"AA-Request", "Media-Component-Description", 0, -1},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct dictionary *dict(void)
{
    return fd_g_config->cnf_dict;
}

static int add_avps(const struct row *rows, size_t n, vendor_id_t vendor)
{
    for (size_t i = 0; i < n; i++) {
        struct dict_avp_request by_code = {.avp_vendor = vendor, .avp_code = rows[i].code};
        struct dict_avp_data data = {
            .avp_code = rows[i].code,
            .avp_vendor = vendor,
            .avp_name = (char *)(uintptr_t)rows[i].name,
            .avp_flag_mask = AVP_FLAG_VENDOR | (rows[i].must ? AVP_FLAG_MANDATORY : 0),
            .avp_flag_val = (vendor ? AVP_FLAG_VENDOR : 0) | (rows[i].must ? AVP_FLAG_MANDATORY : 0),
            .avp_basetype = rows[i].type};
        struct dict_object *found = NULL;

        CHECK_FCT(fd_dict_search(dict(), DICT_AVP, AVP_BY_CODE_AND_VENDOR, &by_code, &found, 0));
        if (!found) {
            CHECK_FCT(fd_dict_new(dict(), DICT_AVP, &data, NULL, NULL));
        }
    }
    return 0;
}

static int find_avp(const char *name, struct dict_object **ret)
{
    return fd_dict_search(dict(), DICT_AVP, AVP_BY_NAME_ALL_VENDORS, name, ret, ENOENT);
}

static int add_rules(const struct rule *rows, size_t n, bool of_commands)
{
    for (size_t i = 0; i < n; i++) {
        bool head = strcmp(rows[i].avp, "Session-Id") == 0;
        struct dict_rule_data data = {.rule_position = head              ? RULE_FIXED_HEAD
                                                       : rows[i].min > 0 ? RULE_REQUIRED
                                                                         : RULE_OPTIONAL,
                                      .rule_order = head ? 1 : 0,
                                      .rule_min = rows[i].min,
                                      .rule_max = rows[i].max};
        struct dict_object *parent;

        if (of_commands) {
            CHECK_FCT(fd_dict_search(dict(), DICT_COMMAND, CMD_BY_NAME, rows[i].of, &parent, ENOENT));
        } else {
            CHECK_FCT(find_avp(rows[i].of, &parent));
        }
        CHECK_FCT(find_avp(rows[i].avp, &data.rule_avp));
        if (fd_dict_new(dict(), DICT_RULE, &data, parent, NULL))
            fprintf(stderr, "bridge: no rule %s in %s\n", rows[i].avp, rows[i].of);
    }
    return 0;
}

static int add_commands(const struct command *rows, size_t n, struct dict_object *app)
{
    for (size_t i = 0; i < n; i++)
        for (int answer = 0; answer < 2; answer++) {
            struct dict_cmd_data data = {
                .cmd_code = rows[i].code,
                .cmd_name = (char *)(uintptr_t)(answer ? rows[i].answer : rows[i].request),
                .cmd_flag_mask = CMD_FLAG_REQUEST | (answer ? 0 : CMD_FLAG_ERROR | CMD_FLAG_PROXIABLE),
                .cmd_flag_val = answer ? 0 : CMD_FLAG_REQUEST | CMD_FLAG_PROXIABLE};

            CHECK_FCT(fd_dict_new(dict(), DICT_COMMAND, &data, app, NULL));
        }
    return 0;
}

static int add_app(uint32_t id, const char *name, struct dict_object *vendor, struct dict_object **ret)
{
    struct dict_application_data data = {.application_id = id, .application_name = (char *)(uintptr_t)name};

    CHECK_FCT(fd_dict_search(dict(), DICT_APPLICATION, APPLICATION_BY_ID, &id, ret, 0));
    if (!*ret) {
        CHECK_FCT(fd_dict_new(dict(), DICT_APPLICATION, &data, vendor, ret));
    }
    return 0;
}

/* ---- frames ---- */

static int bridge = -1;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER, table = PTHREAD_MUTEX_INITIALIZER;
static struct msg *pending[PENDING_MAX];
static uint32_t next_number;

static bool write_all(const void *bytes, size_t n)
{
    for (const uint8_t *at = bytes; n > 0;) {
        ssize_t done = send(bridge, at, n, MSG_NOSIGNAL);

        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static void tell(char kind, uint32_t number, const void *bytes, size_t n)
{
    uint8_t head[9];
    uint32_t length = htonl((uint32_t)n + 5), net = htonl(number);

    memcpy(head, &length, 4);
    head[4] = (uint8_t)kind;
    memcpy(head + 5, &net, 4);
    pthread_mutex_lock(&writing);
    if (write_all(head, sizeof(head)))
        write_all(bytes, n);
    pthread_mutex_unlock(&writing);
}

static void tell_message(char kind, uint32_t number, struct msg *msg)
{
    uint8_t *bytes = NULL;
    size_t n = 0;

    if (fd_msg_bufferize(msg, &bytes, &n) == 0)
        tell(kind, number, bytes, n);
    free(bytes);
}

static void tell_fault(uint32_t number, const char *what)
{
    tell('X', number, what, strlen(what));
}

static int on_request(struct msg **msg, struct avp *avp, struct session *session, void *data,
                      enum disp_action *act)
{
    struct msg_hdr *head;
    uint32_t number;

    (void)avp;
    (void)session;
    (void)data;
    *act = DISP_ACT_CONT;
    CHECK_FCT(fd_msg_hdr(*msg, &head));
    if (!(head->msg_flags & CMD_FLAG_REQUEST))
        return 0;
    pthread_mutex_lock(&table);
    number = ++next_number;
    if (pending[number % PENDING_MAX])
        fd_msg_free(pending[number % PENDING_MAX]);
    pending[number % PENDING_MAX] = *msg;
    pthread_mutex_unlock(&table);
    tell_message('R', number, *msg);
    *msg = NULL;
    return 0;
}

static void on_answer(void *number, struct msg **msg)
{
    tell_message('A', (uint32_t)(uintptr_t)number, *msg);
    fd_msg_free(*msg);
    *msg = NULL;
}

static void on_bytes(enum fd_hook_type type, struct msg *msg, struct peer_hdr *peer, void *other,
                     struct fd_hook_permsgdata *pmd, void *data)
{
    const struct fd_cnx_rcvdata *raw = other;

    (void)peer;
    (void)pmd;
    (void)data;
    if (type == HOOK_DATA_RECEIVED && raw)
        tell('I', 0, raw->buffer, raw->length);
    else if (type == HOOK_MESSAGE_SENT && msg)
        tell_message('O', 0, msg);
}

static void answer(uint32_t number, uint8_t *bytes, size_t n)
{
    struct msg *request, *msg = NULL;

    pthread_mutex_lock(&table);
    request = pending[number % PENDING_MAX];
    pending[number % PENDING_MAX] = NULL;
    pthread_mutex_unlock(&table);
    if (!request || !bytes) {
        if (request)
            fd_msg_free(request);
        return;
    }
    if (fd_msg_parse_buffer(&bytes, n, &msg) || fd_msg_answ_associate(msg, request) ||
        fd_msg_send(&msg, NULL, NULL))
        tell_fault(number, "the answer cannot be sent");
}

static void ask(uint32_t number, uint8_t *bytes, size_t n)
{
    struct msg *msg = NULL;
    struct msg_hdr *head;

    if (fd_msg_parse_buffer(&bytes, n, &msg) || fd_msg_hdr(msg, &head)) {
        tell_fault(number, "the request cannot be sent");
        return;
    }
    head->msg_eteid = fd_msg_eteid_get();
    if (fd_msg_send(&msg, on_answer, (void *)(uintptr_t)number))
        tell_fault(number, "the request cannot be sent");
}

static bool read_all(void *bytes, size_t n)
{
    for (uint8_t *at = bytes; n > 0;) {
        ssize_t done = recv(bridge, at, n, 0);

        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static void *read_frames(void *arg)
{
    uint8_t head[9];

    (void)arg;
    while (read_all(head, sizeof(head))) {
        uint32_t n, number;
        uint8_t *bytes = NULL;

        memcpy(&n, head, 4);
        memcpy(&number, head + 5, 4);
        n = ntohl(n) - 5;
        if (n > FRAME_MAX)
            break;
        if (n > 0) {
            bytes = malloc(n);
            if (!bytes || !read_all(bytes, n))
                break;
        }
        if (head[4] == 'q' && bytes)
            ask(ntohl(number), bytes, n);
        else
            answer(ntohl(number), bytes, n);
    }
    return NULL;
}

static int open_bridge(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;

    if (strlen(path) >= sizeof(address.sun_path))
        return EINVAL;
    strcpy(address.sun_path, path);
    bridge = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bridge < 0 || connect(bridge, (struct sockaddr *)&address, sizeof(address)))
        return errno;
    return pthread_create(&thread, NULL, read_frames, NULL);
}

/* ---- roles ---- */

static int serve(uint32_t id, const char *name, struct dict_object *vendor, bool accounting)
{
    struct disp_when when = {0};

    CHECK_FCT(add_app(id, name, vendor, &when.app));
    CHECK_FCT(fd_disp_register(on_request, DISP_HOW_APPID, &when, NULL, NULL));
    return fd_disp_app_support(when.app, id == APP_EAP || accounting ? NULL : vendor, !accounting,
                               accounting);
}

static int serve_role(const char *role, struct dict_object *vendor)
{
    struct dict_object *app;

    if (strcmp(role, "eap") == 0) {
        CHECK_FCT(
            serve(APP_EAP, "Diameter Extensible Authentication Protocol (EAP) Application", vendor, false));
        CHECK_FCT(serve(APP_SWM, "3GPP SWm", vendor, false));
        CHECK_FCT(serve(APP_STA, "3GPP STa", vendor, false));
        return serve(APP_ACCOUNTING, "Diameter Base Accounting", NULL, true);
    }
    if (strcmp(role, "swx") == 0) {
        CHECK_FCT(serve(APP_SWX, "3GPP SWx", vendor, false));
        CHECK_FCT(add_app(APP_SWX, "", vendor, &app));
        CHECK_FCT(add_commands(swx_commands, COUNT(swx_commands), app));
        return add_rules(swx_rules, COUNT(swx_rules), true);
    }
    if (strcmp(role, "rx") == 0) {
        CHECK_FCT(serve(APP_RX, "3GPP Rx", vendor, false));
        CHECK_FCT(add_app(APP_RX, "", vendor, &app));
        CHECK_FCT(add_commands(rx_commands, COUNT(rx_commands), app));
        return add_rules(rx_rules, COUNT(rx_rules), true);
    }
    return EINVAL;
}

static int entry(char *conffile)
{
    struct dict_vendor_data vendor_data = {VENDOR, "3GPP"};
    struct dict_object *vendor = NULL;
    vendor_id_t id = VENDOR;
    struct fd_hook_hdl *hook;
    char role[16], path[200];

    if (!conffile || sscanf(conffile, "%15s %199s", role, path) != 2)
        return EINVAL;
    CHECK_FCT(fd_dict_search(dict(), DICT_VENDOR, VENDOR_BY_ID, &id, &vendor, 0));
    if (!vendor) {
        CHECK_FCT(fd_dict_new(dict(), DICT_VENDOR, &vendor_data, NULL, &vendor));
    }
    CHECK_FCT(add_avps(avps, COUNT(avps), VENDOR));
    CHECK_FCT(add_avps(plain_avps, COUNT(plain_avps), 0));
    CHECK_FCT(add_rules(group_rules, COUNT(group_rules), false));
    CHECK_FCT(open_bridge(path));
    CHECK_FCT(serve_role(role, vendor));
    return fd_hook_register(HOOK_MASK(HOOK_DATA_RECEIVED, HOOK_MESSAGE_SENT), on_bytes, NULL, NULL, &hook);
}

void fd_ext_fini(void)
{
}

EXTENSION_ENTRY("fd_bridge", entry);
