/* SPDX-License-Identifier: Apache-2.0 */
/* Short messages: the configuration trigger of TS.43 2.6.1 and texts, by SMPP or by the HTTP interface of a
 * gateway; the parts of a long text one after the other. */
#include <stdlib.h>
#include <string.h>

#include "adapters/push_int.h"
#include "adapters/sms_smpp.h"
#include "adapters/sms_template.h"

struct push_sms {
    const struct ecs_sms_conf *conf;
    struct ecs_arena *arena; /* of conf */
    struct ecs_neighbour *gateway;
    struct sms_smpp *smpp;
    uint8_t reference; /* of the last concatenated text */
};

struct work {
    struct push_sms *sms;
    struct ecs_send_result *result;
    struct ecs_str to;
    uint16_t port;
    int64_t ttl_s;
    struct ecs_sms_parts parts;
    size_t at;
    struct ecs_ask_answer answer;
};

static const char *copy_secret(struct ecs_arena *arena, const char *text, size_t n)
{
    char *copy = ecs_arena_secret(arena, n);

    return copy ? memcpy(copy, text, n) : NULL;
}

static bool copy_lists(struct ecs_sms_conf *conf, struct ecs_arena *arena)
{
    struct ecs_str_list *headers = &conf->http.headers;
    struct ecs_int_list *accepted = &conf->http.accepted;

    headers->items = ecs_memdup(arena, headers->items, headers->n * sizeof(*headers->items));
    accepted->items = ecs_memdup(arena, accepted->items, accepted->n * sizeof(*accepted->items));
    for (size_t i = 0; headers->items && i < headers->n; i++) {
        headers->items[i].p = copy_secret(arena, headers->items[i].p, headers->items[i].n);
        if (!headers->items[i].p)
            return false;
    }
    return (headers->items || !headers->n) && (accepted->items || !accepted->n);
}

/* A copy of the section, since sends may go on when its snapshot is gone. NULL: no memory. */
static const struct ecs_sms_conf *copy_conf(const struct ecs_sms_conf *from, struct ecs_arena *arena)
{
    struct ecs_sms_conf *copy = ecs_memdup(arena, from, sizeof(*from));

    for (const struct ecs_setting *row = ecs_sms_settings; copy && row->key; row++) {
        char *field = (char *)copy + row->offset;
        const char **text = (const char **)field;
        size_t n;

        if ((row->type != ECS_SETTING_STRING && row->type != ECS_SETTING_PATH) || !*text)
            continue;
        n = strlen(*text) + 1;
        *text = copy_secret(arena, *text, n);
        if (!*text)
            return NULL;
    }
    return copy && copy_lists(copy, arena) ? copy : NULL;
}

struct push_sms *push_sms_new(struct ecs_http_pool *pool, struct ecs_loop *loop,
                              const struct ecs_sms_conf *conf, struct ecs_neighbour_stats *stats,
                              struct ecs_arena *arena, const char **ret_error)
{
    struct push_sms *sms = calloc(1, sizeof(*sms));

    *ret_error = "sms: no memory";
    if (!sms)
        return NULL;
    sms->arena = ecs_arena_new(NULL, 0);
    sms->conf = sms->arena ? copy_conf(conf, sms->arena) : NULL;
    if (!sms->conf) {
        push_sms_free(sms);
        return NULL;
    }
    conf = sms->conf;
    if (conf->transport == ECS_SMS_BY_HTTP) {
        struct ecs_neighbour_conf gateway = {.name = "sms",
                                             .ca_file = conf->http.ca_file,
                                             .allow_plain = push_url_is_plain(conf->http.url),
                                             .stats = stats};

        sms->gateway = ecs_neighbour_new(pool, &gateway);
    } else {
        sms->smpp = sms_smpp_new(loop, &conf->smpp, conf->sender, stats, arena, ret_error);
    }
    if (sms->gateway || sms->smpp)
        return sms;
    push_sms_free(sms);
    return NULL;
}

void push_sms_free(struct push_sms *sms)
{
    if (!sms)
        return;
    ecs_neighbour_free(sms->gateway);
    sms_smpp_free(sms->smpp);
    ecs_arena_free(sms->arena);
    free(sms);
}

/* ---- SMPP ---- */

static enum ecs_next submit(struct ecs_flow *f)
{
    struct work *w = f->self;
    struct sms_smpp_message message = {
        .to = w->to, .coding = w->parts.coding, .part = w->parts.part + w->at, .ttl_s = w->ttl_s};

    return sms_smpp_submit(f, w->sms->smpp, &message, w->result);
}

static enum ecs_next submitted(struct ecs_flow *f)
{
    struct work *w = f->self;

    if (w->result->class == ECS_SEND_OK && ++w->at < w->parts.n)
        return ecs_flow_goto(f, submit);
    return ECS_DONE;
}

static const struct ecs_step smpp_steps[] = {
    {"sms-submit", submit, SMPP_WAIT_MS},
    {"sms-submitted", submitted, 0},
    {0},
};

/* ---- HTTP ---- */

static enum ecs_next request(struct ecs_flow *f)
{
    struct work *w = f->self;
    const struct ecs_sms_http_conf *c = &w->sms->conf->http;
    struct sms_values values = {.to = w->to,
                                .from = ecs_str_of(w->sms->conf->sender),
                                .coding = w->parts.coding,
                                .part = w->parts.part + w->at,
                                .port = w->port};
    struct ecs_ask ask = {.method = c->method ? "POST" : "GET",
                          .basic_user = c->user,
                          .basic_password = c->password,
                          .bearer = c->bearer};

    if (!sms_template_fill(c, &values, f->arena, &ask.url, &ask.body) ||
        !sms_template_headers(c, f->arena, ask.header))
        return push_end(w->result, ECS_SEND_RETRY, "no memory");
    ask.content_type = c->body ? c->content_type : NULL;
    if (c->authorization)
        ask.header[c->headers.n] = (struct ecs_ask_header){"Authorization", c->authorization};
    return ecs_neighbour_ask(f, w->sms->gateway, &ask, &w->answer);
}

static bool is_accepted(const struct ecs_sms_http_conf *c, const struct ecs_ask_answer *answer)
{
    bool status = false;

    for (size_t i = 0; i < c->accepted.n; i++)
        status = status || c->accepted.items[i] == answer->status;
    return status &&
           (!c->accepted_prefix || ecs_str_starts_with(answer->body, ecs_str_of(c->accepted_prefix)));
}

/* A gateway tells little: what is refused without an order to come again cannot be sent. */
static void judge_gateway(const struct work *w)
{
    const struct ecs_ask_answer *a = &w->answer;
    struct ecs_send_result *r = w->result;

    if (a->rc != ECS_OK)
        push_judge_silence(a->rc, r);
    else if (is_accepted(&w->sms->conf->http, a))
        *r = (struct ecs_send_result){.class = ECS_SEND_OK, .reason = "accepted"};
    else if (a->status == 401 || a->status == 403 || a->status == 404 || a->status == 405 ||
             a->status < 200 || (a->status >= 300 && a->status < 400))
        *r = (struct ecs_send_result){.class = ECS_SEND_CONFIG, .reason = "the gateway refuses us"};
    else if (a->status == 408 || a->status == 429 || a->status >= 500 || a->status < 300)
        *r = (struct ecs_send_result){.class = ECS_SEND_RETRY,
                                      .retry_after_s = a->retry_after_s > 0 ? a->retry_after_s : 0,
                                      .reason = "the gateway did not take it"};
    else
        *r = (struct ecs_send_result){.class = ECS_SEND_BAD, .reason = "the gateway refuses the message"};
}

static enum ecs_next answered(struct ecs_flow *f)
{
    struct work *w = f->self;

    judge_gateway(w);
    if (w->result->class == ECS_SEND_OK && ++w->at < w->parts.n)
        return ecs_flow_goto(f, request);
    return ECS_DONE;
}

static const struct ecs_step http_steps[] = {
    {"sms-request", request, PUSH_STEP_MS},
    {"sms-answered", answered, 0},
    {0},
};

/* ---- both ---- */

static enum ecs_next send_text(struct ecs_flow *f, struct push_sms *sms, struct ecs_sms_text_conf *text,
                               struct ecs_str to, int64_t ttl_s, struct ecs_send_result *ret_result)
{
    struct work *w = ecs_arena_secret(f->arena, sizeof(*w));
    enum ecs_sms_fault fault;

    if (!w) {
        push_end(ret_result, ECS_SEND_RETRY, "no memory");
        return ECS_NEXT;
    }
    *w = (struct work){
        .sms = sms, .result = ret_result, .to = to, .ttl_s = ttl_s, .port = text->has_port ? text->port : 0};
    text->parts_max = (unsigned)sms->conf->parts;
    text->reference = ++sms->reference;
    fault = ecs_str_is_digits(to) && to.n <= 15 ? ecs_sms_encode(text, &w->parts) : ECS_SMS_FAULT_NONE;
    if (!ecs_str_is_digits(to) || to.n > 15)
        push_end(ret_result, ECS_SEND_BAD, "the number is no number");
    else if (fault)
        push_end(ret_result, ECS_SEND_BAD, ecs_sms_fault_text(fault));
    else
        return ecs_flow_call(f, sms->smpp ? smpp_steps : http_steps, w);
    return ECS_NEXT;
}

/* "<user-id>-aescfg,<applications>" to the application port (TS.43 2.6.1); -rcscfg is RCC.14's. */
enum ecs_next push_sms_trigger(struct ecs_flow *f, struct push_sms *sms,
                               const struct ecs_push_message *message, struct ecs_send_result *ret_result)
{
    struct ecs_sms_text_conf text = {.coding = (enum ecs_sms_coding)sms->conf->coding,
                                     .has_port = true,
                                     .port = (uint16_t)sms->conf->port};
    const char *words;

    if (!ecs_str_is_digits(message->user_id)) {
        push_end(ret_result, ECS_SEND_BAD, "the user id is no IMSI");
        return ECS_NEXT;
    }
    words = ecs_printf(f->arena, "%.*s-aescfg,%.*s", ECS_FMT(message->user_id), ECS_FMT(message->apps));
    if (!words) {
        push_end(ret_result, ECS_SEND_RETRY, "no memory");
        return ECS_NEXT;
    }
    text.text = ecs_str_of(words);
    return send_text(f, sms, &text, message->msisdn, message->ttl_s, ret_result);
}

enum ecs_next push_sms_text(struct ecs_flow *f, struct push_sms *sms, const struct ecs_sms_text *text,
                            struct ecs_send_result *ret_result)
{
    struct ecs_sms_text_conf conf = {.text = text->text,
                                     .coding =
                                         text->port ? (enum ecs_sms_coding)sms->conf->coding : ECS_SMS_AUTO,
                                     .has_port = text->port != 0,
                                     .port = text->port};

    return send_text(f, sms, &conf, text->msisdn, 0, ret_result);
}
