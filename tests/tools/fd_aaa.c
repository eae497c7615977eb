/* SPDX-License-Identifier: Apache-2.0 */
/* Extension of freeDiameter for tests: answers Diameter-EAP-Requests (application 5). The first one of a
 * session gets 1001 with an EAP request, further ones (State is there) 2001. A User-Name "abort..." makes it
 * send an Abort-Session-Request to whoever asked, and note the answer's result in the file that the
 * configuration names. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <freeDiameter/extension.h>

static struct dict_object *avp_state, *avp_eap, *avp_user, *avp_session, *avp_auth_app, *avp_request_type,
    *avp_host, *avp_realm, *avp_dest_host, *avp_dest_realm, *avp_result, *abort_request;
static char note_file[200];

static int add_bytes(struct msg *msg, struct dict_object *model, const void *bytes, size_t n)
{
    union avp_value value = {.os = {.data = (uint8_t *)(uintptr_t)bytes, .len = n}};
    struct avp *avp;

    CHECK_FCT(fd_msg_avp_new(model, 0, &avp));
    CHECK_FCT(fd_msg_avp_setvalue(avp, &value));
    return fd_msg_avp_add(msg, MSG_BRW_LAST_CHILD, avp);
}

static int add_u32(struct msg *msg, struct dict_object *model, uint32_t number)
{
    union avp_value value = {.u32 = number};
    struct avp *avp;

    CHECK_FCT(fd_msg_avp_new(model, 0, &avp));
    CHECK_FCT(fd_msg_avp_setvalue(avp, &value));
    return fd_msg_avp_add(msg, MSG_BRW_LAST_CHILD, avp);
}

static struct avp_hdr *find(struct msg *msg, struct dict_object *model)
{
    struct avp *avp = NULL;
    struct avp_hdr *head = NULL;

    if (fd_msg_search_avp(msg, model, &avp) || !avp || fd_msg_avp_hdr(avp, &head))
        return NULL;
    return head;
}

static void note_answer(void *arg, struct msg **msg)
{
    struct avp_hdr *result = find(*msg, avp_result);
    FILE *file = fopen(note_file, "a");

    (void)arg;
    if (file) {
        fprintf(file, "asa %u\n", result && result->avp_value ? result->avp_value->u32 : 0);
        fclose(file);
    }
    fd_msg_free(*msg);
    *msg = NULL;
}

/* To whoever sent the request that is being answered. */
static int send_abort(struct msg *from)
{
    struct avp_hdr *session = find(from, avp_session), *host = find(from, avp_host),
                   *realm = find(from, avp_realm);
    struct msg *msg = NULL;
    struct msg_hdr *head;

    if (!session || !host || !realm)
        return 0;
    CHECK_FCT(fd_msg_new(abort_request, MSGFL_ALLOC_ETEID, &msg));
    CHECK_FCT(fd_msg_hdr(msg, &head));
    head->msg_appl = 5; /* relays refuse application 0 */
    CHECK_FCT(add_bytes(msg, avp_session, session->avp_value->os.data, session->avp_value->os.len));
    CHECK_FCT(fd_msg_add_origin(msg, 0));
    CHECK_FCT(add_bytes(msg, avp_dest_realm, realm->avp_value->os.data, realm->avp_value->os.len));
    CHECK_FCT(add_bytes(msg, avp_dest_host, host->avp_value->os.data, host->avp_value->os.len));
    CHECK_FCT(add_u32(msg, avp_auth_app, 5));
    return fd_msg_send(&msg, note_answer, NULL);
}

static int on_eap(struct msg **msg, struct avp *avp, struct session *session, void *data,
                  enum disp_action *act)
{
    static const uint8_t eap_request[] = {1, 2, 0, 5, 1};
    struct avp_hdr *state = find(*msg, avp_state), *user = find(*msg, avp_user);
    struct avp_hdr *type = find(*msg, avp_request_type);
    uint32_t request_type = type && type->avp_value ? type->avp_value->u32 : 1;
    int more = !state;

    (void)avp;
    (void)session;
    (void)data;
    (void)act;
    if (user && user->avp_value && user->avp_value->os.len >= 5 &&
        memcmp(user->avp_value->os.data, "abort", 5) == 0)
        CHECK_FCT(send_abort(*msg));
    CHECK_FCT(fd_msg_new_answer_from_req(fd_g_config->cnf_dict, msg, 0));
    CHECK_FCT(
        fd_msg_rescode_set(*msg, more ? "DIAMETER_MULTI_ROUND_AUTH" : "DIAMETER_SUCCESS", NULL, NULL, 1));
    CHECK_FCT(add_u32(*msg, avp_auth_app, 5));
    CHECK_FCT(add_u32(*msg, avp_request_type, request_type));
    if (more) {
        CHECK_FCT(add_bytes(*msg, avp_eap, eap_request, sizeof(eap_request)));
        CHECK_FCT(add_bytes(*msg, avp_state, "round", 5));
    }
    return fd_msg_send(msg, NULL, NULL);
}

static int find_avp(const char *name, struct dict_object **ret)
{
    return fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_NAME, name, ret, ENOENT);
}

static int entry(char *conffile)
{
    static const struct {
        const char *name;
        struct dict_object **avp;
    } names[] = {
        {"State", &avp_state},
        {"EAP-Payload", &avp_eap},
        {"User-Name", &avp_user},
        {"Session-Id", &avp_session},
        {"Auth-Application-Id", &avp_auth_app},
        {"Auth-Request-Type", &avp_request_type},
        {"Origin-Host", &avp_host},
        {"Origin-Realm", &avp_realm},
        {"Destination-Host", &avp_dest_host},
        {"Destination-Realm", &avp_dest_realm},
        {"Result-Code", &avp_result},
    };
    struct disp_when when = {0};
    application_id_t eap = 5;

    snprintf(note_file, sizeof(note_file), "%s", conffile ? conffile : "/dev/null");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CHECK_FCT(find_avp(names[i].name, names[i].avp));
    CHECK_FCT(
        fd_dict_search(fd_g_config->cnf_dict, DICT_APPLICATION, APPLICATION_BY_ID, &eap, &when.app, ENOENT));
    CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_COMMAND, CMD_BY_NAME, "Diameter-EAP-Request",
                             &when.command, ENOENT));
    CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_COMMAND, CMD_BY_NAME, "Abort-Session-Request",
                             &abort_request, ENOENT));
    CHECK_FCT(fd_disp_register(on_eap, DISP_HOW_CC, &when, NULL, NULL));
    return fd_disp_app_support(when.app, NULL, 1, 0);
}

void fd_ext_fini(void)
{
}

EXTENSION_ENTRY("fd_aaa", entry, "dict_eap");
