/* SPDX-License-Identifier: Apache-2.0 */
/* The request as a whole: where parameters come from, what they mean, what must be there (TS.43 2.3 to 2.5).
 */
#include "ts43/request_priv.h"

#include <string.h>

enum {
    HEADER_MAX = 1024, /* of Accept, Accept-Language and User-Agent: the rest tells nothing */
    SKIPPED_MAX = 128
};

/* One piece of "ap2003", "ap2003,ap2004" or "[ap2003, \"ap2004\"]". */
static struct ecs_str bare_app(struct ecs_str piece)
{
    while (piece.n && memchr(" []\"'\t", piece.p[0], 6))
        piece = (struct ecs_str){piece.p + 1, piece.n - 1};
    while (piece.n && memchr(" []\"'\t", piece.p[piece.n - 1], 6))
        piece.n--;
    return piece;
}

static bool remember_skipped(struct reading *reading, struct ecs_str id)
{
    struct ecs_str *skipped = &reading->request->skipped_apps;
    char *room;

    if (skipped->p == NULL) {
        if (!(room = ecs_alloc(reading->arena, SKIPPED_MAX)))
            return ecs_reading_fail(reading, ECS_E_TOO_LARGE, "the request does not fit into its memory");
        skipped->p = room;
    }
    room = (char *)(uintptr_t)skipped->p;
    if (skipped->n && skipped->n < SKIPPED_MAX)
        room[skipped->n++] = ',';
    for (size_t i = 0; i < id.n && i < 32 && skipped->n < SKIPPED_MAX; i++) {
        char c = id.p[i], lower = (char)(c | 0x20);

        room[skipped->n++] = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ? c : '?';
    }
    return true;
}

static bool add_app(struct reading *reading, enum ecs_app app)
{
    struct ecs_ts43_request *request = reading->request;

    if (ecs_ts43_request_has_app(request, app))
        return true;
    if (ecs_app_has_operations(app))
        for (size_t i = 0; i < request->n_apps; i++)
            if (ecs_app_has_operations(request->apps[i]))
                return ecs_reading_fail_param(reading, ECS_P_APP,
                                              "names two applications that need an operation");
    if (request->n_apps == ECS_APPS_MAX)
        return ecs_reading_fail_param(reading, ECS_P_APP, "names too many applications");
    request->apps[request->n_apps++] = app;
    return true;
}

static bool interpret_apps(struct reading *reading)
{
    struct ecs_str rest = reading->request->param[ECS_P_APP], piece;
    size_t known = 0, unknown = 0;

    while (ecs_str_cut(&rest, ',', &piece)) {
        struct ecs_str id = bare_app(piece);
        enum ecs_app app;

        if (id.n == 0 || ecs_str_eq(id, ECS_STR("null")))
            continue;
        if (ecs_str_eq_nocase(id, ECS_STR("ap2001")) || ecs_str_eq_nocase(id, ECS_STR("ap2002")))
            return ecs_reading_fail_param(reading, ECS_P_APP, "asks for a service configuration of RCC.14");
        if (ecs_app_find(id, &app)) {
            known++;
            if (!add_app(reading, app))
                return false;
        } else {
            unknown++;
            if (!remember_skipped(reading, id))
                return false;
        }
    }
    if (!known && unknown)
        return ecs_reading_fail_param(reading, ECS_P_APP, "names no application of TS.43");
    if (!known)
        reading->request->param[ECS_P_APP] = ECS_STR_NULL;
    return true;
}

static bool interpret_numbers(struct reading *reading)
{
    struct ecs_ts43_request *request = reading->request;
    int64_t action;

    if (request->param[ECS_P_ENTITLEMENT_VERSION].p) {
        if (!ecs_version_parse(request->param[ECS_P_ENTITLEMENT_VERSION], &request->version))
            return ecs_reading_fail_param(reading, ECS_P_ENTITLEMENT_VERSION, "is not a version such as 8.0");
        request->has_version = true;
    }
    if (request->param[ECS_P_VERS].p) {
        if (!ecs_str_to_i64(request->param[ECS_P_VERS], &request->vers))
            return ecs_reading_fail_param(reading, ECS_P_VERS, "is not an integer");
        request->has_vers = true;
    }
    request->notif_action = -1;
    if (!request->param[ECS_P_NOTIF_ACTION].p)
        return true;
    if (!request->param[ECS_P_NOTIF_TOKEN].p) {
        ecs_reading_note(reading, ECS_P_NOTIF_ACTION, "comes without notif_token");
        request->param[ECS_P_NOTIF_ACTION] = ECS_STR_NULL;
        return true;
    }
    if (!ecs_str_to_i64(request->param[ECS_P_NOTIF_ACTION], &action))
        return ecs_reading_fail_param(reading, ECS_P_NOTIF_ACTION, "is not an integer");
    request->notif_action = action >= 0 && action <= 4 ? (int)action : ECS_NOTIF_INVALID;
    return true;
}

static void drop_unless_hex(struct reading *reading, enum ecs_param param)
{
    struct ecs_str *value = &reading->request->param[param];

    for (size_t i = 0; i < value->n; i++) {
        char c = value->p[i], lower = (char)(c | 0x20);

        if (!((c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f'))) {
            ecs_reading_note(reading, param, "is not hexadecimal");
            *value = ECS_STR_NULL;
            return;
        }
    }
}

static bool interpret_identities(struct reading *reading)
{
    struct ecs_ts43_request *request = reading->request;
    struct ecs_str *terminal = &request->param[ECS_P_TERMINAL_ID];

    if (terminal->p) {
        if (ecs_terminal_id_parse(*terminal, &request->terminal)) {
            request->has_terminal = true;
        } else if (request->param[ECS_P_REQUESTOR_ID].p) { /* servers send dummies (ts43-apps.md 1) */
            ecs_reading_note(reading, ECS_P_TERMINAL_ID, "is malformed");
            *terminal = ECS_STR_NULL;
        } else {
            return ecs_reading_fail_param(reading, ECS_P_TERMINAL_ID, "is malformed");
        }
    }
    if (request->param[ECS_P_IMSI].p) {
        if (!ecs_imsi_parse(request->param[ECS_P_IMSI], &request->imsi))
            return ecs_reading_fail_param(reading, ECS_P_IMSI, "is malformed");
        request->has_imsi = true;
    }
    drop_unless_hex(reading, ECS_P_GID1);
    drop_unless_hex(reading, ECS_P_GID2);
    return true;
}

bool ecs_reading_interpret(struct reading *reading)
{
    struct ecs_ts43_request *request = reading->request;

    if (request->param[ECS_P_OTP].p ||
        (request->param[ECS_P_STATE].p && (request->param[ECS_P_CODE].p || request->param[ECS_P_ERROR].p)))
        request->kind = ECS_TS43_RETURN;
    return interpret_apps(reading) && interpret_numbers(reading) && interpret_identities(reading);
}

static struct ecs_str limited(struct ecs_str header)
{
    if (header.n > HEADER_MAX)
        header.n = HEADER_MAX;
    return header;
}

/* RFC 6750 2.1; other schemes are not for us. */
static struct ecs_str bearer_of(struct ecs_str authorization)
{
    struct ecs_str value = ecs_str_trim(authorization), scheme = ECS_STR("Bearer ");

    if (!ecs_str_starts_with_nocase(value, scheme))
        return ECS_STR_NULL;
    value = ecs_str_trim((struct ecs_str){value.p + scheme.n, value.n - scheme.n});
    return value.n ? value : ECS_STR_NULL;
}

static bool read_all(struct reading *reading, const struct ecs_ts43_input *input)
{
    if (input->post && (input->body.n || !input->query.n)) {
        if (!ecs_reading_body(reading, input->content_type, input->body))
            return false;
        if (reading->request->kind == ECS_TS43_CONTINUATION)
            return true;
        reading->in_query_of_post = true;
    }
    return ecs_reading_query(reading, input->query) && ecs_reading_interpret(reading);
}

enum ecs_rc ecs_ts43_request_read(struct ecs_arena *arena, const struct ecs_ts43_input *input,
                                  struct ecs_ts43_request *ret_request, const char **ret_reason)
{
    struct reading reading = {.arena = arena, .request = ret_request, .rc = ECS_OK};

    *ret_request = (struct ecs_ts43_request){.kind = ECS_TS43_NEW, .notif_action = -1};
    ret_request->accept = limited(input->accept);
    ret_request->accept_language = limited(input->accept_language);
    ret_request->user_agent = limited(input->user_agent);
    ret_request->bearer = bearer_of(input->authorization);
    if (!read_all(&reading, input))
        *ret_reason = reading.reason;
    return reading.rc;
}

enum ecs_rc ecs_ts43_request_check(const struct ecs_ts43_request *request, const char **ret_reason)
{
    const char *fault = NULL;

    if (request->kind != ECS_TS43_NEW)
        return ECS_OK;
    if (request->n_apps == 0)
        fault = "app is missing";
    else if (!request->has_version)
        fault = "entitlement_version is missing";
    else if (!request->has_terminal && !request->param[ECS_P_REQUESTOR_ID].p)
        fault = "terminal_id is missing";
    else if (request->param[ECS_P_NOTIF_TOKEN].p && request->notif_action < 0)
        fault = "notif_action is missing";
    if (fault)
        *ret_reason = fault;
    return fault ? ECS_E_BAD_PARAMETER : ECS_OK;
}

bool ecs_ts43_request_has_app(const struct ecs_ts43_request *request, enum ecs_app app)
{
    for (size_t i = 0; i < request->n_apps; i++)
        if (request->apps[i] == app)
            return true;
    return false;
}
