/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of ODSA stories: who asks, with which credential, what is told of question and answer. Lines on
 * standard output name parameters, never their values. */

#include "odsa.h"

#include <stdarg.h>
#include <string.h>

enum { OTP_MAX = 64 };

/* ---- telling ---- */

void ecs_sim_odsa_say(struct ecs_sim_odsa *o, const char *format, ...)
{
    va_list args;

    (void)o;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

bool ecs_sim_odsa_stop(struct ecs_sim_odsa *o, enum ecs_sim_result result, const char *format, ...)
{
    va_list args;

    fputs("stopped: ", stdout);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    if (o->result == ECS_SIM_RESULT_OK)
        o->result = result;
    return false;
}

void ecs_sim_odsa_tell(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor)
{
    struct ecs_sim_finding *f = actor->told ? actor->told->next : actor->device.report.first;

    for (; f; f = f->next) {
        printf("     %s%s%s: %s\n", ecs_sim_severity_name(f->severity), *f->rule ? " " : "", f->rule,
               f->text);
        actor->told = f;
    }
    (void)o;
}

/* ---- actors ---- */

struct ecs_sim_actor *ecs_sim_odsa_actor(struct ecs_sim_odsa *o, const char *name, const char *personality,
                                         const char *terminal_id, bool has_sim)
{
    struct ecs_sim_options *options = ecs_alloc(o->arena, sizeof(*options)); /* the device points into them */
    struct ecs_sim_actor *actor = &o->actor[o->actor_n];
    char err[300];

    if (!options || o->actor_n == ECS_ARRAY_LEN(o->actor))
        return NULL;
    *options = *o->options;
    if (!has_sim)
        options->sim = (struct ecs_sim_usim_text){0};
    if (!options->personality)
        options->personality = personality;
    actor->name = name;
    actor->terminal_id = terminal_id;
    o->actor_n++;
    if (ecs_sim_device_init(&actor->device, &actor->usim, o->arena, options, err, sizeof(err)))
        return actor;
    ecs_sim_odsa_stop(o, ECS_SIM_RESULT_USAGE, "%s: %s", name, err);
    return NULL;
}

/* ---- parameters ---- */

static void set(struct ecs_sim_params *params, const char *name, const char *value)
{
    ecs_sim_params_set(params, ecs_str_of(name), ecs_str_of(value));
}

/* Habitual values of the client for what this request does not name. */
static void leave_out_others(const struct ecs_sim_device *d, struct ecs_sim_params *params)
{
    struct ecs_str rest = ecs_str_of(d->wire.who->odsa ? d->wire.who->odsa : ""), pair, name;

    while (ecs_str_cut(&rest, '|', &pair)) {
        if (!ecs_str_cut(&pair, '=', &name) || ecs_str_eq(name, ECS_STR("operation")))
            continue;
        name.p = ecs_strdup(params->arena, name);
        if (name.p && !ecs_sim_params_get(params, name.p).p)
            ecs_sim_params_add(params, name, ecs_str_of(ecs_sim_unwanted));
    }
}

static void fill(const struct ecs_sim_odsa *o, const struct ecs_sim_actor *actor, const char *operation,
                 int type, const struct ecs_sim_odsa_param *params, struct ecs_sim_params *out)
{
    char number[12];

    set(out, "app", o->app);
    if (actor->terminal_id)
        set(out, "terminal_id", actor->terminal_id);
    set(out, "operation", operation);
    if (type != ECS_SIM_ODSA_NO_TYPE) {
        snprintf(number, sizeof(number), "%d", type);
        set(out, "operation_type", number);
    }
    for (; params && params->name; params++)
        if (params->value)
            set(out, params->name, params->value);
    leave_out_others(&actor->device, out);
}

static void tell_request(const struct ecs_sim_actor *actor, const char *operation, int type,
                         const struct ecs_sim_odsa_param *params)
{
    const char *before = " (";

    printf("  %s -> %s", actor->name, operation);
    if (type != ECS_SIM_ODSA_NO_TYPE)
        printf(" type %d", type);
    for (; params && params->name; params++)
        if (params->value) {
            printf("%s%s", before, params->name);
            before = ", ";
        }
    puts(strcmp(before, ", ") == 0 ? ")" : "");
}

/* ---- one request ---- */

static const char *outcome_words(const struct ecs_sim_device *d)
{
    return d->outcome == ECS_SIM_GOT_NOTHING ? d->client.error
           : d->outcome == ECS_SIM_SILENT    ? "the SIM refuses the network's challenge"
                                             : "an answer that this client cannot use";
}

static void tell_answer(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor, struct ecs_buf *words)
{
    struct ecs_sim_device *d = &actor->device;
    struct ecs_str text = ecs_str_trim(ecs_buf_str(words)), line;

    if (d->outcome == ECS_SIM_GOT_DOCUMENT || d->outcome == ECS_SIM_GOT_STATUS)
        printf("  %*s <- %d", (int)strlen(actor->name), "", d->response.status);
    else
        printf("  %*s <- %s", (int)strlen(actor->name), "", outcome_words(d));
    while (ecs_str_cut(&text, '\n', &line))
        printf(" %.*s", ECS_FMT(ecs_str_trim(line)));
    putchar('\n');
    ecs_sim_odsa_tell(o, actor);
}

static enum ecs_sim_outcome send_once(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor,
                                      const char *operation, int type,
                                      const struct ecs_sim_odsa_param *params)
{
    struct ecs_sim_device *d = &actor->device;
    struct ecs_sim_params usual = d->params, own;
    struct ecs_buf words = {0};
    enum ecs_sim_auth auth = d->temporary.n ? ECS_SIM_AUTH_TEMPORARY
                             : d->token.n   ? ECS_SIM_AUTH_TOKEN
                                            : ECS_SIM_AUTH_NONE;

    ecs_sim_params_init(&own, o->arena);
    ecs_sim_params_copy(&own, &usual);
    fill(o, actor, operation, type, params, &own);
    tell_request(actor, operation, type, params);
    d->params = own;
    o->now = actor;
    if (ecs_sim_device_start(d, auth) == ECS_SIM_GOT_DOCUMENT)
        ecs_sim_device_study(d, &words);
    d->params = usual;
    tell_answer(o, actor, &words);
    ecs_buf_done(&words);
    return d->outcome;
}

bool ecs_sim_odsa_ask(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor, const char *operation, int type,
                      const struct ecs_sim_odsa_param *params)
{
    struct ecs_sim_device *d = &actor->device;
    enum ecs_sim_outcome outcome = send_once(o, actor, operation, type, params);

    if (outcome == ECS_SIM_GOT_STATUS && d->response.status == 511 && d->usim && !d->temporary.n) {
        ecs_sim_odsa_say(o, "  the token is over: the %s logs in again", actor->name);
        d->token = ECS_STR_NULL;
        if (!ecs_sim_odsa_login(o, actor))
            return false;
        outcome = send_once(o, actor, operation, type, params);
    }
    if (outcome != ECS_SIM_GOT_DOCUMENT)
        return ecs_sim_odsa_stop(o, ecs_sim_result_of(d), "%s got no document", operation);
    if (!ecs_sim_odsa_value(o, "OperationResult").n)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN, "OperationResult is missing (TS.43 Table 38)");
    return true;
}

bool ecs_sim_odsa_do(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor, const char *operation, int type,
                     const struct ecs_sim_odsa_param *params)
{
    if (!ecs_sim_odsa_ask(o, actor, operation, type, params))
        return false;
    if (ecs_sim_odsa_number(o, "OperationResult", 0) == 1)
        return true;
    return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "%s was refused with OperationResult %.*s", operation,
                             ECS_FMT(ecs_sim_odsa_value(o, "OperationResult")));
}

struct ecs_str ecs_sim_odsa_value(const struct ecs_sim_odsa *o, const char *name)
{
    return o->now ? ecs_sim_document_app(&o->now->device.document, ecs_str_of(o->app), name) : ECS_STR_NULL;
}

int64_t ecs_sim_odsa_number(const struct ecs_sim_odsa *o, const char *name, int64_t otherwise)
{
    struct ecs_str text = ecs_sim_odsa_value(o, name);
    int64_t number;

    return text.n && ecs_str_to_i64(text, &number) ? number : otherwise;
}

/* ---- log-in ---- */

static bool keep_token(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor, const char *how)
{
    struct ecs_sim_device *d = &actor->device;
    struct ecs_buf words = {0};

    if (d->outcome == ECS_SIM_GOT_DOCUMENT)
        ecs_sim_device_study(d, &words);
    ecs_buf_reset(&words);
    if (d->outcome == ECS_SIM_GOT_DOCUMENT)
        ecs_buf_add_cstr(&words, d->token.n ? "a token" : "no token");
    tell_answer(o, actor, &words);
    ecs_buf_done(&words);
    if (d->outcome != ECS_SIM_GOT_DOCUMENT || !d->token.n)
        return ecs_sim_odsa_stop(
            o, d->outcome == ECS_SIM_GOT_DOCUMENT ? ECS_SIM_RESULT_BROKEN : ecs_sim_result_of(d),
            "the log-in by %s gave no token", how);
    return true;
}

/* The first request authenticates only: nothing of an operation is in it. */
static void send_first(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor, enum ecs_sim_auth auth,
                       const char *name, const char *value)
{
    struct ecs_sim_device *d = &actor->device;
    struct ecs_sim_params usual = d->params, own;

    ecs_sim_params_init(&own, o->arena);
    ecs_sim_params_copy(&own, &usual);
    set(&own, "app", o->app);
    if (actor->terminal_id)
        set(&own, "terminal_id", actor->terminal_id);
    if (name)
        set(&own, name, value);
    d->params = own;
    d->wire.authenticates = true;
    o->now = actor;
    ecs_sim_device_start(d, auth);
    d->wire.authenticates = false;
    ecs_sim_device_go_on(d);
    d->params = usual;
}

/* The code in what the command prints. */
static bool run_otp_command(struct ecs_sim_odsa *o, char code[OTP_MAX])
{
    FILE *pipe = popen(o->own->otp_command, "r");
    struct ecs_str text;
    size_t n = pipe ? fread(code, 1, OTP_MAX - 1, pipe) : 0;
    bool good = pipe && pclose(pipe) == 0 && n;

    code[n] = '\0';
    text = ecs_str_trim(ecs_str_of(code));
    if (!good || !text.n)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_USAGE, "--otp-command gave no code");
    memmove(code, text.p, text.n);
    code[text.n] = '\0';
    return true;
}

/* The cookie of the first answer goes with the code (TS.43 2.8.4); the answer is the document. */
static bool log_in_by_code(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor)
{
    struct ecs_sim_device *d = &actor->device;
    struct ecs_sim_cookies cookies = {.arena = o->arena};
    struct ecs_str line, pair;
    struct ecs_sim_personality who = *d->wire.who;
    const struct ecs_sim_personality *usual = d->wire.who;
    struct ecs_sim_params params;
    struct ecs_buf request = {0};
    char code[OTP_MAX];

    ecs_sim_odsa_say(o, "  %s -> log-in by one-time code (msisdn)", actor->name);
    send_first(o, actor, ECS_SIM_AUTH_NONE, "msisdn", o->own->msisdn);
    line = ecs_sim_response_header(&d->response, "Set-Cookie");
    if (d->response.status != 200 || !ecs_str_cut(&line, ';', &pair))
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "status %d: no code was sent",
                                 d->response.status);
    cookies.lines[cookies.n++] = ecs_strdup(o->arena, ecs_str_trim(pair));
    d->report = (struct ecs_sim_report){.arena = o->arena};
    ecs_sim_report_init(&d->report, o->arena); /* an empty document is right here */
    actor->told = NULL;
    if (!cookies.lines[0] || !run_otp_command(o, code))
        return false;
    ecs_sim_explain_mask(&d->explain, ecs_str_of(code));
    ecs_sim_params_init(&params, o->arena);
    ecs_sim_params_copy(&params, &d->sent);
    ecs_sim_params_remove(&params, ECS_STR("msisdn"));
    set(&params, "otp", code);
    ecs_sim_odsa_say(o, "  %s -> the code (otp)", actor->name);
    who.cookies = ECS_SIM_COOKIES_PAIRS; /* cookies with a first request */
    d->wire.who = &who;
    ecs_sim_wire_first(&request, &d->wire, &params, ECS_SIM_FAST, &cookies);
    d->wire.who = usual;
    d->sent = params;
    ecs_sim_device_raw(d, ecs_buf_str(&request));
    ecs_buf_done(&request);
    return keep_token(o, actor, "one-time code");
}

bool ecs_sim_odsa_login(struct ecs_sim_odsa *o, struct ecs_sim_actor *actor)
{
    struct ecs_sim_device *d = &actor->device;

    if (d->token.n)
        return true;
    if (o->own->token && !d->usim) {
        d->token = ecs_str_of(o->own->token);
        ecs_sim_explain_mask(&d->explain, d->token);
        ecs_sim_odsa_say(o, "  %s has a token of a log-in made elsewhere", actor->name);
        return true;
    }
    if (!d->usim && o->own->msisdn && o->own->otp_command)
        return log_in_by_code(o, actor);
    if (!d->usim)
        return ecs_sim_odsa_stop(o, ECS_SIM_RESULT_USAGE,
                                 "the %s needs a SIM card (--imsi, --ki, --opc), --token, or --msisdn with "
                                 "--otp-command",
                                 actor->name);
    ecs_sim_odsa_say(o, "  %s -> log-in with the SIM card (EAP-AKA)", actor->name);
    send_first(o, actor, ECS_SIM_AUTH_EAP, NULL, NULL);
    return keep_token(o, actor, "SIM card");
}
