/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens of other people's APIs. One fetch at a time, as a flow of its own, whose answer serves all
 * that wait; a token is given out until shortly before its end; after a failure the provider is left alone
 * for a while. */
#include "ecs/oauth_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "adapters/oauth_answer.h"
#include "adapters/request_time.h"
#include "adapters/waiters.h"
#include "ecs/buf.h"
#include "ecs/form.h"
#include "ecs/json.h"
#include "ecs/log.h"

enum {
    FETCH_LIMIT_MS = 120000,
    MARGIN_S = 300,     /* a token is not used during the last part of its life */
    ASSERTION_S = 3600, /* the longest that Google takes */
    CLIENT_ASSERTION_S = 300,
    REFUSED_PAUSE_S = 30,
    LONGEST_PAUSE_S = 300,
    SKEW_TOLD_S = 5
};

struct ecs_oauth_client {
    struct ecs_neighbour *neighbour;
    struct ecs_oauth_client_conf conf; /* strings owned */
    char *token;                       /* NULL: none */
    int64_t got_at, use_until, expires_at;
    /* the last failure, told until pause_until unless the token still lives */
    enum ecs_rc failed_rc;
    char failed_error[192];
    int64_t failed_at, pause_until;
    struct waiter *waiting;
    unsigned busy; /* flows are being resumed */
    bool freed;
    /* the fetch */
    bool fetching;
    struct ecs_flow flow;
    struct ecs_arena *arena;
    struct ecs_ask_answer answer;
    int64_t now; /* when it began, by its first caller */
};

struct want {
    struct waiter waiter; /* first */
    int64_t now;
    struct ecs_oauth_token *ret;
};

/* ---- life ---- */

static void free_secret(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static void free_client(struct ecs_oauth_client *c)
{
    free((char *)c->conf.token_url);
    free((char *)c->conf.client_id);
    free_secret((char *)c->conf.client_secret);
    free((char *)c->conf.scope);
    free((char *)c->conf.audience);
    free_secret(c->token);
    free(c);
}

/* NULL stays NULL. */
static bool copy_text(const char **text)
{
    if (!*text)
        return true;
    *text = strdup(*text);
    return *text != NULL;
}

struct ecs_oauth_client *ecs_oauth_client_new(struct ecs_neighbour *neighbour,
                                              const struct ecs_oauth_client_conf *conf)
{
    struct ecs_oauth_client *c = calloc(1, sizeof(*c));
    bool ok;

    if (!c)
        return NULL;
    c->neighbour = neighbour;
    c->conf = *conf;
    if (!c->conf.audience)
        c->conf.audience = conf->token_url;
    ok = copy_text(&c->conf.token_url);
    ok &= copy_text(&c->conf.client_id);
    ok &= copy_text(&c->conf.client_secret);
    ok &= copy_text(&c->conf.scope);
    ok &= copy_text(&c->conf.audience);
    if (ok)
        return c;
    free_client(c);
    return NULL;
}

static void release(struct ecs_oauth_client *c)
{
    if (c->freed && !c->fetching && c->busy == 0)
        free_client(c);
}

void ecs_oauth_client_free(struct ecs_oauth_client *c)
{
    if (!c || c->freed)
        return;
    c->freed = true;
    if (c->fetching && !c->waiting)
        ecs_flow_abort(&c->flow); /* its end releases */
    else
        release(c);
}

/* ---- the request ---- */

static bool add_jti(struct ecs_json_out *out)
{
    uint8_t bytes[16];
    char hex[2 * sizeof(bytes) + 1];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return false;
    ecs_hex_encode(bytes, sizeof(bytes), hex);
    ecs_json_str(out, "jti", ecs_str_of(hex));
    return true;
}

/* RFC 7523 3 (client assertion: iss and sub are the client) or the claims of service accounts, where the
 * scope is one of them and a subject would mean somebody else. */
static struct ecs_str make_assertion(const struct ecs_oauth_client *c)
{
    bool bearer = c->conf.grant == ECS_OAUTH_JWT_BEARER;
    struct ecs_buf json = {0};
    struct ecs_json_out out = {.buf = &json};
    struct ecs_str jws = ECS_STR_NULL;
    bool ok = true;

    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "iss", ecs_str_of(c->conf.client_id));
    if (!bearer) {
        ecs_json_str(&out, "sub", ecs_str_of(c->conf.client_id));
        ok = add_jti(&out);
    } else if (c->conf.scope) {
        ecs_json_str(&out, "scope", ecs_str_of(c->conf.scope));
    }
    ecs_json_str(&out, "aud", ecs_str_of(c->conf.audience));
    ecs_json_i64(&out, "iat", c->now);
    ecs_json_i64(&out, "exp", c->now + (bearer ? ASSERTION_S : CLIENT_ASSERTION_S));
    ecs_json_end(&out, '}');
    if (ok && !json.overflow && c->conf.signer)
        jws = ecs_jws_sign(c->conf.signer, ecs_buf_str(&json), c->arena);
    ecs_buf_done(&json);
    return jws;
}

static void add_field(struct ecs_buf *body, const char *name, struct ecs_str value)
{
    if (body->n > 0)
        ecs_buf_add_char(body, '&');
    ecs_buf_add_cstr(body, name);
    ecs_buf_add_char(body, '=');
    ecs_form_add_escaped(body, value);
}

/* False: no assertion could be made. */
static bool add_grant(const struct ecs_oauth_client *c, struct ecs_buf *body)
{
    const struct ecs_oauth_client_conf *conf = &c->conf;
    struct ecs_str assertion = ECS_STR_NULL;

    if (conf->grant != ECS_OAUTH_CLIENT_SECRET) {
        assertion = make_assertion(c);
        if (assertion.n == 0)
            return false;
    }
    if (conf->grant == ECS_OAUTH_JWT_BEARER) {
        add_field(body, "grant_type", ECS_STR("urn:ietf:params:oauth:grant-type:jwt-bearer"));
        add_field(body, "assertion", assertion);
        return true;
    }
    add_field(body, "grant_type", ECS_STR("client_credentials"));
    if (conf->scope)
        add_field(body, "scope", ecs_str_of(conf->scope));
    if (conf->grant == ECS_OAUTH_PRIVATE_KEY_JWT) {
        add_field(body, "client_assertion_type",
                  ECS_STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
        add_field(body, "client_assertion", assertion);
    } else if (!conf->basic) {
        add_field(body, "client_id", ecs_str_of(conf->client_id));
        add_field(body, "client_secret", ecs_str_of(conf->client_secret));
    }
    return true;
}

/* Kept in the arena until the answer is in; NULL: exhausted. Names and secrets go through the form encoding
 * before they become a Basic pair (RFC 6749 2.3.1). */
static char *escaped(struct ecs_arena *arena, const char *text)
{
    struct ecs_buf buf = {0};
    char *copy = NULL;

    ecs_form_add_escaped(&buf, ecs_str_of(text));
    if (!buf.overflow)
        copy = ecs_arena_secret(arena, buf.n + 1);
    if (copy && buf.n > 0)
        memcpy(copy, buf.p, buf.n);
    if (buf.p)
        explicit_bzero(buf.p, buf.cap);
    ecs_buf_done(&buf);
    return copy;
}

static enum ecs_next ask_token(struct ecs_flow *f)
{
    struct ecs_oauth_client *c = f->self;
    struct ecs_ask ask = {
        .method = "POST",
        .url = c->conf.token_url,
        .content_type = "application/x-www-form-urlencoded",
        .header = {{"Accept", "application/json"}},
    };
    struct ecs_buf body = {0};
    bool ok = add_grant(c, &body);
    char *copy = ok && !body.overflow ? ecs_arena_secret(c->arena, body.n) : NULL;

    if (copy)
        memcpy(copy, body.p, body.n);
    ask.body = (struct ecs_str){copy, body.n};
    if (body.p)
        explicit_bzero(body.p, body.cap);
    ecs_buf_done(&body);
    if (!ok)
        return ecs_flow_fail(f, ECS_E_CONFIG, "the assertion cannot be signed");
    if (!copy)
        return ecs_flow_fail(f, ECS_E_OVERLOAD, "out of memory");
    if (c->conf.grant == ECS_OAUTH_CLIENT_SECRET && c->conf.basic) {
        ask.basic_user = escaped(c->arena, c->conf.client_id);
        ask.basic_password = escaped(c->arena, c->conf.client_secret);
    }
    return ecs_neighbour_ask(f, c->neighbour, &ask, &c->answer);
}

/* ---- the answer ---- */

static void keep_failure(struct ecs_oauth_client *c, enum ecs_rc rc, const char *error)
{
    int64_t pause = c->answer.retry_after_s > 0 ? c->answer.retry_after_s : 0;

    if (rc == ECS_E_CONFIG && pause < REFUSED_PAUSE_S)
        pause = REFUSED_PAUSE_S;
    if (pause > LONGEST_PAUSE_S)
        pause = LONGEST_PAUSE_S;
    /* While the token lives its users do not hear of the failure: said once. */
    if (c->failed_rc == ECS_OK && c->token && c->now < c->expires_at)
        ecs_log(NULL, ECS_EV_RENEWAL, "%s: token endpoint: %s", ecs_neighbour_name(c->neighbour), error);
    c->failed_rc = rc;
    snprintf(c->failed_error, sizeof(c->failed_error), "token endpoint: %s", error);
    c->failed_at = c->now;
    c->pause_until = c->now + pause;
}

/* The usual cause besides a deleted key, and the only one that can be seen from here. */
static const char *with_clock(struct ecs_oauth_client *c, const char *error)
{
    const char *text = NULL;
    int64_t behind;

    if (!oauth_clock_behind_s(ecs_ask_header(&c->answer, "date"), c->now, &behind))
        text = ecs_printf(c->arena, "%s (key deleted, or clock wrong?)", error);
    else if (behind >= SKEW_TOLD_S || behind <= -SKEW_TOLD_S)
        text = ecs_printf(c->arena, "%s (our clock is %lld s %s the provider's)", error,
                          (long long)(behind < 0 ? -behind : behind), behind < 0 ? "ahead of" : "behind");
    else
        text = ecs_printf(c->arena, "%s (the clocks agree: key deleted?)", error);
    return text ? text : error;
}

static void keep_token(struct ecs_oauth_client *c, const struct oauth_answer *answer)
{
    int64_t use_s = answer->life_s - MARGIN_S;
    char *copy = strndup(answer->token.p, answer->token.n);

    if (!copy) {
        keep_failure(c, ECS_E_OVERLOAD, "out of memory");
        return;
    }
    free_secret(c->token);
    c->token = copy;
    c->got_at = c->now;
    c->expires_at = c->now + answer->life_s;
    c->use_until = c->now + (use_s > answer->life_s / 2 ? use_s : answer->life_s / 2);
    c->failed_rc = ECS_OK;
}

static enum ecs_rc rc_of_ask(enum ecs_rc rc)
{
    if (rc == ECS_E_TIMEOUT || rc == ECS_E_OVERLOAD)
        return rc;
    return rc == ECS_E_BAD_PARAMETER ? ECS_E_CONFIG : ECS_E_BACKEND;
}

static enum ecs_next take_token(struct ecs_flow *f)
{
    struct ecs_oauth_client *c = f->self;
    struct oauth_answer answer;

    if (f->rc != ECS_OK) {
        keep_failure(c, f->rc, f->reason);
    } else if (c->answer.rc != ECS_OK) {
        keep_failure(c, rc_of_ask(c->answer.rc), c->answer.error);
    } else {
        oauth_answer_read(c->answer.status, c->answer.body, c->arena, &answer);
        if (answer.rc == ECS_OK)
            keep_token(c, &answer);
        else
            keep_failure(c, answer.rc, answer.bad_grant ? with_clock(c, answer.error) : answer.error);
    }
    return ECS_DONE;
}

static const struct ecs_step fetch_steps[] = {
    {"ask-token", ask_token, FETCH_LIMIT_MS},
    {"take-token", take_token, 0},
    {0},
};

/* ---- the callers ---- */

/* A clock that was set back ends every validity. */
static bool is_between(int64_t begin, int64_t request_s, int64_t end)
{
    int64_t now = request_time(begin, request_s);

    return now >= begin && now < end;
}

static void tell_token(const struct ecs_oauth_client *c, struct ecs_arena *arena,
                       struct ecs_oauth_token *ret_token)
{
    size_t n = strlen(c->token);
    char *copy = ecs_arena_secret(arena, n + 1);

    if (!copy) {
        *ret_token = (struct ecs_oauth_token){.rc = ECS_E_OVERLOAD, .error = "out of memory"};
        return;
    }
    memcpy(copy, c->token, n);
    *ret_token = (struct ecs_oauth_token){.rc = ECS_OK, .token = copy};
}

/* A token that could not be renewed serves until its real end. */
static void tell(const struct ecs_oauth_client *c, struct ecs_arena *arena, int64_t now,
                 struct ecs_oauth_token *ret_token)
{
    const char *error;

    if (c->token && (c->failed_rc == ECS_OK || is_between(c->got_at, now, c->expires_at))) {
        tell_token(c, arena, ret_token);
        return;
    }
    *ret_token = (struct ecs_oauth_token){.rc = ECS_E_BACKEND, .error = "token endpoint: not asked"};
    if (c->failed_rc == ECS_OK)
        return;
    error = ecs_strdup(arena, ecs_str_of(c->failed_error));
    *ret_token = (struct ecs_oauth_token){.rc = c->failed_rc, .error = error ? error : "token endpoint"};
}

static void on_fetched(struct ecs_flow *f)
{
    struct ecs_oauth_client *c = f->frame[0].self;
    struct waiter *list;

    ecs_arena_free(c->arena);
    c->arena = NULL;
    c->fetching = false;
    waiters_move(&c->waiting, &list);
    c->busy++;
    while (list) {
        struct want *w = (struct want *)(void *)list;
        struct ecs_flow *waiting = list->flow;

        waiter_leave(list);
        tell(c, waiting->arena, w->now, w->ret);
        ecs_flow_resume(waiting);
    }
    c->busy--;
    release(c);
}

static bool start_fetch(struct ecs_oauth_client *c, struct ecs_loop *loop, int64_t now)
{
    c->arena = ecs_arena_new(NULL, 0);
    if (!c->arena)
        return false;
    c->answer = (struct ecs_ask_answer){.retry_after_s = -1};
    c->now = request_time(c->now, now);
    c->fetching = true;
    ecs_flow_start(&c->flow, loop, c->arena, NULL, fetch_steps, c, on_fetched);
    return true;
}

/* True when there is something to tell without asking anybody. */
static bool is_known(const struct ecs_oauth_client *c, int64_t now)
{
    if (c->failed_rc != ECS_OK)
        return is_between(c->failed_at, now, c->pause_until);
    return c->token && is_between(c->got_at, now, c->use_until);
}

enum ecs_next ecs_oauth_client_token(struct ecs_flow *f, struct ecs_oauth_client *c, int64_t now,
                                     struct ecs_oauth_token *ret_token)
{
    struct want *w;

    if (!c->fetching && is_known(c, now)) {
        tell(c, f->arena, now, ret_token);
        return ECS_NEXT;
    }
    *ret_token = (struct ecs_oauth_token){.rc = ECS_E_OVERLOAD, .error = "out of memory"};
    w = ecs_alloc(f->arena, sizeof(*w));
    if (!w)
        return ECS_NEXT;
    w->waiter.flow = f;
    w->now = now;
    w->ret = ret_token;
    waiter_join(&w->waiter, &c->waiting);
    if (!c->fetching && !start_fetch(c, f->loop, now)) {
        waiter_leave(&w->waiter);
        return ECS_NEXT;
    }
    return ecs_flow_wait(f, waiter_cancel, &w->waiter);
}

void ecs_oauth_client_drop(struct ecs_oauth_client *c, const char *token)
{
    if (!c->token || !token || strcmp(c->token, token) != 0)
        return;
    free_secret(c->token);
    c->token = NULL;
}
