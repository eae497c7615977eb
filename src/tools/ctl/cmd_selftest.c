/* SPDX-License-Identifier: Apache-2.0 */
/* selftest number: plays the server of a partner against a running daemon: token endpoint, the operations of
 * ap2014, and each refusal of TS.43 Table 8. Temporary tokens of a line come from the daemon's own admin
 * socket, so that no SIM card is needed; everything else goes the way of a partner, by HTTPS. */
#include "ctl.h"

#include <string.h>

#include "ecs/http_client.h"
#include "ecs/oauth_server.h"

struct selftest {
    struct ctl *ctl;
    const char *url, *ca, *imsi, *requestor, *token_url;
    const struct ecs_server_caller_conf *caller; /* NULL: the daemon takes temporary tokens by themselves */
    const char *access;                          /* its access token */
    const char *number;                          /* MSISDN that the daemon told */
    json_t *rows;
    unsigned failed;
    bool unreachable;
};

/* What a request of a partner has, and what its answer must have. Texts NULL: left out, or not looked at. */
struct check {
    const char *rule, *words; /* requirement, what is asked for */
    const char *operation;    /* of the request */
    const char *token_for;    /* operation of the temporary token; NULL: "not-a-token" is sent */
    const char *msisdn;       /* "own", "other" or a text */
    bool no_operation, no_version, no_access, wrong_access, wrong_requestor;
    int status;
    const char *member, *value; /* of the block; value NULL: any */
    const char *absent;
};

static const struct check checks[] = {
    {.rule = "N-005",
     .words = "the number with a temporary token",
     .operation = "GetPhoneNumber",
     .token_for = "GetPhoneNumber",
     .status = 200,
     .member = "MSISDN",
     .absent = "msisdn"},
    {.rule = "N-009",
     .words = "the right number is verified",
     .operation = "VerifyPhoneNumber",
     .token_for = "VerifyPhoneNumber",
     .msisdn = "own",
     .status = 200,
     .member = "PhoneNumberVerification",
     .value = "1"},
    {.rule = "N-010",
     .words = "another number is not, which is no fault",
     .operation = "VerifyPhoneNumber",
     .token_for = "VerifyPhoneNumber",
     .msisdn = "+99900000001",
     .status = 200,
     .member = "PhoneNumberVerification",
     .value = "0",
     .absent = "msisdn"},
    {.rule = "N-012",
     .words = "VerifyPhoneNumber without a number",
     .operation = "VerifyPhoneNumber",
     .token_for = "VerifyPhoneNumber",
     .status = 200,
     .member = "OperationResult",
     .value = "102"},
    {.rule = "N-016",
     .words = "number and SimID of the subscriber",
     .operation = "GetSubscriberInfo",
     .token_for = "GetSubscriberInfo",
     .status = 200,
     .member = "SubscriberInfo"},
    {.rule = "A-052",
     .words = "400: operation is missing",
     .token_for = "GetPhoneNumber",
     .no_operation = true,
     .status = 400},
    {.rule = "A-052",
     .words = "400: entitlement_version is missing",
     .operation = "GetPhoneNumber",
     .token_for = "GetPhoneNumber",
     .no_version = true,
     .status = 400},
    {.rule = "A-053", .words = "401: a token that is not ours", .operation = "GetPhoneNumber", .status = 401},
    {.rule = "A-054",
     .words = "403: a token for another operation",
     .operation = "GetSubscriberInfo",
     .token_for = "GetPhoneNumber",
     .status = 403},
    {.rule = "N-006",
     .words = "403: a requestor_id that is not registered",
     .operation = "GetPhoneNumber",
     .token_for = "GetPhoneNumber",
     .wrong_requestor = true,
     .status = 403},
    {.rule = "N-007",
     .words = "403: no access token",
     .operation = "GetPhoneNumber",
     .token_for = "GetPhoneNumber",
     .no_access = true,
     .status = 403},
    {.rule = "N-007",
     .words = "403: an access token that is not ours",
     .operation = "GetPhoneNumber",
     .token_for = "GetPhoneNumber",
     .wrong_access = true,
     .status = 403},
};

/* ---- calls ---- */

static bool call(struct selftest *t, const char *target, const char *type, struct ecs_str body,
                 const char *authorization, int *ret_status, json_t **ret_json)
{
    struct ecs_http_call request = {.url = t->url,
                                    .ca = t->ca,
                                    .method = "POST",
                                    .target = target,
                                    .body = body,
                                    .content_type = type,
                                    .accept = "application/json",
                                    .authorization = authorization};
    struct ecs_http_called answer;
    char why[256];
    const char *reason;

    *ret_json = NULL;
    if (ecs_http_call(&request, why, &answer) != ECS_OK) {
        (void)ctl_fail(t->ctl, CTL_UNREACHABLE, "%s: %s", t->url, why);
        t->unreachable = true;
        return false;
    }
    *ret_status = answer.status;
    if (answer.body.n && answer.body.p[0] == '{' &&
        ecs_json_load(t->ctl->arena, ecs_str_of(ecs_strdup(t->ctl->arena, ecs_buf_str(&answer.body))),
                      ret_json, &reason) != ECS_OK)
        *ret_json = NULL;
    ecs_buf_done(&answer.body);
    return true;
}

static void tell(struct selftest *t, const char *rule, const char *words, bool good, const char *found)
{
    t->failed += !good;
    (void)json_array_append_new(t->rows, json_pack("{s:s, s:s, s:s, s:s}", "rule", rule, "check", words,
                                                   "result", good ? "pass" : "FAIL", "found", found));
}

/* A temporary token of the line, from the daemon itself. */
static const char *temporary_token(struct selftest *t, const char *operation)
{
    struct ctl_body body;
    json_t *answer = NULL;

    ctl_body_begin(&body);
    ecs_json_str(&body.out, "kind", ECS_STR("temporary"));
    ecs_json_str(&body.out, "imsi", ecs_str_of(t->imsi));
    ecs_json_str(&body.out, "app", ECS_STR("ap2014"));
    ecs_json_begin(&body.out, "operations", '[');
    ecs_json_str(&body.out, NULL, ecs_str_of(operation));
    ecs_json_end(&body.out, ']');
    ecs_json_i64(&body.out, "life_s", 60);
    if (ctl_call(t->ctl, "POST", "/v1/grants", ctl_body_end(&body), &answer) != CTL_OK)
        return NULL;
    return json_string_value(json_object_get(answer, "token"));
}

/* So that a line may be tested again and again: grants.per_subscriber bounds what is alive. */
static void end_token(struct selftest *t, const char *token)
{
    struct ctl_body body;
    json_t *answer = NULL;

    ctl_body_begin(&body);
    ecs_json_str(&body.out, "kind", ECS_STR("temporary"));
    ecs_json_str(&body.out, "token", ecs_str_of(token));
    (void)!ctl_call(t->ctl, "POST", "/v1/grants/end", ctl_body_end(&body), &answer);
}

/* ---- the token endpoint ---- */

static const char *basic(struct selftest *t, const char *secret)
{
    const char *pair = ecs_printf(t->ctl->arena, "%s:%s", t->caller->client_id, secret);
    char *text = pair ? ecs_alloc(t->ctl->arena, 6 + ECS_BASE64_LEN(strlen(pair)) + 1) : NULL;

    if (!text)
        return "";
    memcpy(text, "Basic ", 6);
    text[6 + ecs_base64_encode(pair, strlen(pair), text + 6)] = '\0';
    return text;
}

static void check_token_endpoint(struct selftest *t)
{
    static const char form[] = "grant_type=client_credentials", type[] = "application/x-www-form-urlencoded";
    const char *word;
    json_t *answer;
    int status;

    if (!t->caller || t->unreachable)
        return;
    if (!call(t, t->token_url, type, ecs_str_of(form), basic(t, "not the secret"), &status, &answer))
        return;
    word = json_string_value(json_object_get(answer, "error"));
    tell(t, "RFC 6749", "401 invalid_client: a wrong secret",
         status == 401 && word && strcmp(word, "invalid_client") == 0, word ? word : "no error member");
    if (!call(t, t->token_url, type, ecs_str_of(form), basic(t, t->caller->client_secret), &status, &answer))
        return;
    t->access = json_string_value(json_object_get(answer, "access_token"));
    tell(t, "TS.43 2.8.3", "an access token for client credentials", status == 200 && t->access,
         t->access ? "access_token" : "none");
}

/* One of a caller whose tokens serve a single request is used up by each check. */
static void renew_access(struct selftest *t)
{
    static const char form[] = "grant_type=client_credentials", type[] = "application/x-www-form-urlencoded";
    json_t *answer;
    int status;

    if (t->access && t->caller->single_use &&
        call(t, t->token_url, type, ecs_str_of(form), basic(t, t->caller->client_secret), &status, &answer))
        t->access = json_string_value(json_object_get(answer, "access_token"));
}

/* ---- the entitlement resource ---- */

static struct ecs_buf request_of(const struct selftest *t, const struct check *c, const char *token)
{
    struct ecs_buf buf = {0};
    struct ecs_json_out out = {.buf = &buf};
    static const char *const dummies[] = {"terminal_vendor", "terminal_model", "terminal_sw_version"};

    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "app", ECS_STR("ap2014"));
    ecs_json_str(&out, "vers", ECS_STR("1"));
    if (!c->no_version)
        ecs_json_str(&out, "entitlement_version", ECS_STR("12.0"));
    if (!c->no_operation)
        ecs_json_str(&out, "operation", ecs_str_of(c->operation));
    ecs_json_str(&out, "requestor_id", ecs_str_of(c->wrong_requestor ? "selftest-of-nobody" : t->requestor));
    ecs_json_str(&out, "temporary_token", ecs_str_of(token));
    if (t->access && !c->no_access)
        ecs_json_str(&out, "access_token", ecs_str_of(c->wrong_access ? "not-an-access-token" : t->access));
    if (c->msisdn)
        ecs_json_str(&out, "msisdn", ecs_str_of(strcmp(c->msisdn, "own") == 0 ? t->number : c->msisdn));
    for (size_t i = 0; i < ECS_ARRAY_LEN(dummies); i++)
        ecs_json_str(&out, dummies[i], ECS_STR("selftest"));
    ecs_json_end(&out, '}');
    return buf;
}

/* What was found, in a few words without any identity. */
static const char *words_of(struct selftest *t, int status, const json_t *value, const char *fault)
{
    if (fault)
        return ecs_printf(t->ctl->arena, "%d, %s", status, fault);
    return json_is_string(value) && strlen(json_string_value(value)) <= 3
               ? ecs_printf(t->ctl->arena, "%d, %s", status, json_string_value(value))
               : ecs_printf(t->ctl->arena, "%d", status);
}

static const char *fault_of(const struct check *c, int status, json_t *answer)
{
    json_t *block = json_object_get(answer, "ap2014"),
           *value = c->member ? json_object_get(block, c->member) : NULL;

    if (status != c->status)
        return "another status";
    if (status != 200)
        return NULL;
    if (!json_object_get(answer, "Vers"))
        return "no Vers";
    if (json_object_get(answer, "Token"))
        return "a Token for a server";
    if (c->member && !value)
        return "the member is missing";
    if (c->value && (!json_is_string(value) || strcmp(json_string_value(value), c->value) != 0))
        return "the member has another value";
    return c->absent && json_object_get(block, c->absent) ? "a member too many" : NULL;
}

/* Checks that need what this daemon or line does not have. */
static bool applies(const struct selftest *t, const struct check *c)
{
    if ((c->wrong_requestor || c->wrong_access) && !t->caller)
        return false;
    if (c->no_access && !(t->caller && t->caller->access_token_required))
        return false;
    return !(c->msisdn && strcmp(c->msisdn, "own") == 0 && !t->number);
}

static void run_check(struct selftest *t, const struct check *c)
{
    const char *token = "not-a-token", *fault;
    struct ecs_buf body;
    json_t *answer, *value;
    int status;

    if (!applies(t, c) || t->unreachable)
        return;
    renew_access(t);
    if (c->token_for && !(token = temporary_token(t, c->token_for))) {
        tell(t, c->rule, c->words, false, "no temporary token");
        return;
    }
    body = request_of(t, c, token);
    if (!body.overflow && call(t, "/", "application/json", ecs_buf_str(&body), NULL, &status, &answer)) {
        fault = fault_of(c, status, answer);
        value = json_object_get(json_object_get(answer, "ap2014"), c->member ? c->member : "");
        tell(t, c->rule, c->words, !fault, words_of(t, status, value, fault));
        if (c->member && strcmp(c->member, "MSISDN") == 0 && json_is_string(value) &&
            json_string_value(value)[0] == '+')
            t->number = json_string_value(value);
    }
    ecs_buf_done(&body);
    if (c->token_for)
        end_token(t, token);
}

/* ---- the command ---- */

/* Who is played: the caller of --client, else the first one that may use ap2014 and has a secret. */
static const struct ecs_server_caller_conf *find_caller(struct ctl *ctl)
{
    const char *wanted = ctl_get(ctl, CTL_CLIENT);
    size_t n;
    const struct ecs_server_caller_conf *c = ecs_conf_list(ctl->conf, "server_callers", &n);

    for (size_t i = 0; i < n; i++) {
        bool knows = false, basic_way = false;

        for (size_t k = 0; k < c[i].applications.n; k++)
            knows |= ecs_str_eq_nocase(c[i].applications.items[k], ECS_STR("ap2014"));
        for (size_t k = 0; k < c[i].authentication.n; k++)
            basic_way |= ecs_str_eq(c[i].authentication.items[k], ECS_STR("client_secret_basic"));
        if (wanted ? strcmp(wanted, c[i].client_id) == 0
                   : knows && basic_way && c[i].client_secret && c[i].requestor_ids.n)
            return &c[i];
    }
    return NULL;
}

/* The secret of a caller goes over TLS, or stays on this host. */
static bool keeps_secrets(const char *url)
{
    static const char *const good[] = {"https://", "http://localhost", "http://127.0.0.1", "http://[::1]"};

    for (size_t i = 0; i < ECS_ARRAY_LEN(good); i++) {
        size_t n = strlen(good[i]);

        if (strncmp(url, good[i], n) == 0 && (i == 0 || strchr(":/", url[n]))) /* the end of the text, too */
            return true;
    }
    return false;
}

static enum ctl_status prepare(struct selftest *t)
{
    struct ctl *ctl = t->ctl;
    const struct ecs_oauth_conf *oauth;
    const struct ecs_web_conf *web;
    enum ctl_status status = ctl_load(ctl);

    if (status != CTL_OK)
        return status;
    oauth = ecs_conf_get(ctl->conf, "oauth");
    web = ecs_conf_get(ctl->conf, "web");
    t->url = ctl_get(ctl, CTL_URL) ? ctl_get(ctl, CTL_URL) : web->public_url;
    t->ca = ctl_get(ctl, CTL_CA);
    t->imsi = ctl_get(ctl, CTL_IMSI);
    t->requestor = ctl_get(ctl, CTL_REQUESTOR);
    t->rows = json_array();
    if (!t->imsi)
        return ctl_fail(ctl, CTL_USAGE, "--imsi is needed: a line of yours with a number");
    if (!t->url[0])
        return ctl_fail(ctl, CTL_USAGE, "--url is needed, or web.public_url in the configuration");
    if (!keeps_secrets(t->url))
        return ctl_fail(ctl, CTL_USAGE, "--url must be https:// (http:// to this host only)");
    if (ecs_oauth_has_endpoint(ctl->conf))
        t->caller = find_caller(ctl);
    if (t->caller && !t->caller->client_secret)
        return ctl_fail(ctl, CTL_USAGE,
                        "--client must be a caller with a client_secret (client_secret_basic)");
    if (ctl_get(ctl, CTL_CLIENT) && !t->caller)
        return ctl_fail(ctl, CTL_USAGE, "--client is none of server_callers, or section oauth is off");
    if (!t->requestor && t->caller)
        t->requestor = t->caller->requestor_ids.items[0].p;
    if (!t->requestor)
        t->requestor = "selftest";
    t->token_url = ecs_printf(ctl->arena, "%s/%s", web->path, oauth->token_path);
    return t->rows && t->token_url ? CTL_OK : ctl_fail(ctl, CTL_FAILED, "no memory");
}

enum ctl_status ctl_selftest_number(struct ctl *ctl)
{
    static const char *const columns[] = {"result", "rule", "check", "found", NULL};
    struct selftest t = {.ctl = ctl};
    enum ctl_status status = prepare(&t);

    if (status == CTL_OK) {
        check_token_endpoint(&t);
        for (size_t i = 0; i < ECS_ARRAY_LEN(checks); i++)
            run_check(&t, &checks[i]);
        if (ctl->json)
            ctl_print_json(t.rows);
        else
            ctl_print_table(ctl, t.rows, columns);
        if (!ctl->json && !t.unreachable)
            printf("%zu checks, %u failed%s\n", json_array_size(t.rows), t.failed,
                   t.caller ? "" : " (no caller with a secret: access tokens are not tested)");
        status = t.unreachable ? CTL_UNREACHABLE : t.failed || !json_array_size(t.rows) ? CTL_FAILED : CTL_OK;
    }
    json_decref(t.rows);
    return status;
}
