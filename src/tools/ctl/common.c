/* SPDX-License-Identifier: Apache-2.0 */
/* Options, configuration, database, and calls of the daemon. */
#include "ctl.h"

#include <stdarg.h>
#include <string.h>

#include "ecs/form.h"
#include "ecs/http_client.h"

enum { CONNECT_TIMEOUT_S = 5 };

const char *ctl_get(const struct ctl *ctl, enum ctl_option option)
{
    size_t i = (size_t)option - CTL_CONFIG;

    return ctl->option_n[i] ? ctl->option[i][ctl->option_n[i] - 1] : NULL;
}

bool ctl_has(const struct ctl *ctl, enum ctl_option option)
{
    return ctl_get(ctl, option) != NULL;
}

const char **ctl_values(const struct ctl *ctl, enum ctl_option option, size_t *ret_n)
{
    size_t i = (size_t)option - CTL_CONFIG;

    *ret_n = ctl->option_n[i];
    return ctl->option[i];
}

enum ctl_status ctl_fail(const struct ctl *ctl, enum ctl_status status, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "entitlementctl%s%s: ", ctl->words ? " " : "", ctl->words ? ctl->words : "");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return status;
}

void ctl_print_faults(const char *kind, const struct ecs_faults *faults)
{
    for (const struct ecs_fault *f = faults->first; f; f = f->next)
        fprintf(stderr, "%s: %s\n", kind, f->text);
}

enum ctl_status ctl_load(struct ctl *ctl)
{
    struct ecs_faults faults;

    if (ctl->conf)
        return CTL_OK;
    ecs_faults_init(&faults, ctl->arena);
    ctl->conf = ecs_conf_load(ctl->config, ecs_sections, &faults);
    if (ctl->conf)
        return CTL_OK;
    ctl_print_faults("error", &faults);
    return ctl_fail(ctl, CTL_FAILED, "the configuration %s cannot be used; name another one with -c",
                    ctl->config);
}

/* ---- database ---- */

enum ctl_status ctl_database(struct ctl *ctl, struct ecs_pg_sync **ret_sync)
{
    enum ctl_status status = ctl_load(ctl);
    const struct ecs_database_conf *database;
    char error[256] = "";

    if (status != CTL_OK)
        return status;
    database = ecs_conf_get(ctl->conf, "database");
    if (ecs_pg_sync_connect(database->conninfo, CONNECT_TIMEOUT_S, error, ret_sync) == ECS_OK)
        return CTL_OK;
    return ctl_fail(
        ctl, CTL_UNREACHABLE,
        "the database is not reachable: %s (check database.conninfo in %s and that PostgreSQL runs)", error,
        ctl->config);
}

enum ctl_status ctl_database_failed(const struct ctl *ctl, struct ecs_pg_sync *sync, enum ecs_rc rc)
{
    const char *state = ecs_pg_sync_sqlstate(sync);

    if (state && strcmp(state, "42P01") == 0)
        return ctl_fail(ctl, CTL_FAILED,
                        "the database has no or an old schema: run entitlementctl db upgrade");
    return ctl_fail(ctl, rc == ECS_E_BACKEND ? CTL_UNREACHABLE : CTL_FAILED, "%s: %s", ecs_strerror(rc),
                    ecs_pg_sync_error(sync));
}

enum ctl_status ctl_print_buf(const struct ctl *ctl, struct ecs_buf *buf)
{
    bool good = !buf->overflow && fwrite(buf->p ? buf->p : "", 1, buf->n, stdout) == buf->n;

    ecs_buf_done(buf);
    return good ? CTL_OK : ctl_fail(ctl, CTL_FAILED, "the output cannot be written");
}

/* ---- calls of the daemon ---- */

static enum ctl_status find_socket(struct ctl *ctl, const char **ret_socket)
{
    const struct ecs_admin_conf *admin;
    enum ctl_status status;

    *ret_socket = ctl_get(ctl, CTL_SOCKET);
    if (*ret_socket)
        return CTL_OK;
    status = ctl_load(ctl);
    if (status != CTL_OK)
        return status;
    admin = ecs_conf_get(ctl->conf, "admin");
    *ret_socket = admin->socket;
    if (!admin->socket || !admin->socket[0])
        return ctl_fail(ctl, CTL_FAILED, "the configuration has no admin.socket; name one with --socket");
    return CTL_OK;
}

static void decref(void *json)
{
    json_decref(json);
}

/* The daemon's own words; 503 is the database or a node that ends. */
static enum ctl_status refused(struct ctl *ctl, const struct ecs_http_called *called, const json_t *json)
{
    const char *text = json_string_value(json_object_get(json, "error"));
    const char *hint = "";

    if (called->status == 403)
        hint = "; use a socket with more rights (--socket), or ask an administrator";
    return ctl_fail(ctl, called->status == 503 ? CTL_UNREACHABLE : CTL_FAILED, "%s%s",
                    text ? text : "the daemon gave no reason", hint);
}

static enum ctl_status take_answer(struct ctl *ctl, struct ecs_http_called *called, json_t **ret_json)
{
    json_t *json =
        called->is_json ? json_loadb(called->body.p ? called->body.p : "", called->body.n, 0, NULL) : NULL;

    if (json && !ecs_defer(ctl->arena, decref, json))
        return ctl_fail(ctl, CTL_FAILED, "out of memory");
    if (called->status >= 400)
        return refused(ctl, called, json);
    if (called->is_json && !json)
        return ctl_fail(ctl, CTL_FAILED, "the daemon's answer is not JSON; are both of the same version?");
    if (ret_json)
        *ret_json = json;
    return called->is_json ? CTL_OK : ctl_print_buf(ctl, &called->body);
}

enum ctl_status ctl_call(struct ctl *ctl, const char *method, const char *target, struct ecs_buf *body,
                         json_t **ret_json)
{
    struct ecs_http_call call = {.method = method, .target = target};
    struct ecs_http_called called = {0};
    char error[256] = "";
    enum ctl_status status = find_socket(ctl, &call.socket);
    enum ecs_rc rc = ECS_E_INTERNAL;

    if (status == CTL_OK && (!target || (body && body->overflow)))
        status = ctl_fail(ctl, CTL_FAILED, "out of memory");
    if (status == CTL_OK) {
        if (body)
            call.body = ecs_buf_str(body);
        rc = ecs_http_call(&call, error, &called);
        if (rc != ECS_OK)
            status = ctl_fail(
                ctl, CTL_UNREACHABLE,
                "no answer on %s: %s (does entitlementd run, and may you open the socket? see systemctl "
                "status entitlementd)",
                call.socket, error);
    }
    if (body)
        ecs_buf_done(body);
    if (status == CTL_OK)
        status = take_answer(ctl, &called, ret_json);
    ecs_buf_done(&called.body);
    return status;
}

const char *ctl_path(struct ctl *ctl, const char *prefix, const char *text, const char *suffix)
{
    struct ecs_buf buf = {0};
    const char *path;

    ecs_buf_add_cstr(&buf, prefix);
    ecs_form_add_escaped(&buf, ecs_str_of(text));
    ecs_buf_add_cstr(&buf, suffix);
    path = buf.overflow ? NULL : ecs_strdup(ctl->arena, ecs_buf_str(&buf));
    ecs_buf_done(&buf);
    return path;
}

void ctl_body_begin(struct ctl_body *body)
{
    *body = (struct ctl_body){.out = {.buf = &body->buf}};
    ecs_json_begin(&body->out, NULL, '{');
}

void ctl_body_option(struct ctl_body *body, const struct ctl *ctl, enum ctl_option option, const char *name)
{
    if (ctl_has(ctl, option))
        ecs_json_str(&body->out, name, ecs_str_of(ctl_get(ctl, option)));
}

struct ecs_buf *ctl_body_end(struct ctl_body *body)
{
    ecs_json_end(&body->out, '}');
    return &body->buf;
}

enum ctl_status ctl_do(struct ctl *ctl, const char *method, const char *target, struct ecs_buf *body)
{
    json_t *json = NULL;
    enum ctl_status status = ctl_call(ctl, method, target, body, &json);

    if (status == CTL_OK && json) {
        if (ctl->json)
            ctl_print_json(json);
        else
            ctl_print_object(ctl, json);
    }
    return status;
}

enum ctl_status ctl_list(struct ctl *ctl, const char *target, const char *member, const char *const *columns)
{
    json_t *json = NULL;
    enum ctl_status status = ctl_call(ctl, "GET", target, NULL, &json);

    if (status != CTL_OK)
        return status;
    if (ctl->json)
        ctl_print_json(json);
    else
        ctl_print_table(ctl, json_object_get(json, member), columns);
    return CTL_OK;
}

const char *ctl_limited(struct ctl *ctl, const char *path)
{
    const char *limit = ctl_get(ctl, CTL_LIMIT);
    const char *prefix = limit && path ? ecs_printf(ctl->arena, "%s?limit=", path) : NULL;

    return prefix ? ctl_path(ctl, prefix, limit, "") : path;
}

enum ctl_status ctl_each_line(struct ctl *ctl, const char *msisdn,
                              enum ctl_status (*one)(struct ctl *ctl, const char *imsi))
{
    json_t *json, *rows;
    size_t n;
    enum ctl_status status =
        ctl_call(ctl, "GET", ctl_path(ctl, "/v1/subscribers?msisdn=", msisdn, ""), NULL, &json);

    if (status != CTL_OK)
        return status;
    rows = json_object_get(json, "subscribers");
    n = json_array_size(rows);
    if (!n)
        return ctl_fail(ctl, CTL_FAILED, "no subscriber has this number");
    for (size_t i = 0; i < n && status == CTL_OK; i++)
        status = one(ctl, json_string_value(json_object_get(json_array_get(rows, i), "imsi")));
    return status;
}
