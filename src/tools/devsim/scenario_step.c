/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of a scenario do, one function per kind of step. */

#include <string.h>
#include <time.h>

#include "scenario.h"

typedef void (*step_fn)(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node);

/* ---- request ---- */

static void override_params(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    struct ecs_sim_params *params = &s->device->params;
    const struct ecs_yaml_node *list = ecs_yaml_get(node, "params"), *without = ecs_yaml_get(node, "without");

    for (const struct ecs_yaml_node *p = list ? list->child : NULL; p; p = p->next) {
        ecs_sim_params_remove(params, p->key);
        if (p->kind == ECS_YAML_SCALAR) {
            const char *text = ecs_sim_node_text(s, p);

            ecs_sim_params_add(params, p->key, ecs_str_of(text ? text : ""));
            continue;
        }
        for (const struct ecs_yaml_node *item = p->child; item; item = item->next) {
            const char *text = ecs_sim_node_text(s, item);

            ecs_sim_params_add(params, p->key, ecs_str_of(text ? text : ""));
        }
    }
    for (const struct ecs_yaml_node *item = without ? without->child : NULL; item; item = item->next)
        ecs_sim_params_set(params, item->text, ecs_str_of(ecs_sim_unwanted));
}

static bool pick_auth(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node,
                      enum ecs_sim_auth *ret_auth)
{
    static const char *const names[] = {"none", "eap", "token", "temporary"};
    const struct ecs_yaml_node *auth = ecs_yaml_get(node, "auth");
    const char *text;

    *ret_auth = s->device->token.n ? ECS_SIM_AUTH_TOKEN : ECS_SIM_AUTH_EAP;
    if (!auth)
        return true;
    text = ecs_sim_node_text(s, auth);
    for (size_t i = 0; text && i < ECS_ARRAY_LEN(names); i++) {
        if (!strcmp(text, names[i])) {
            *ret_auth = (enum ecs_sim_auth)i;
            return true;
        }
    }
    ecs_sim_problem(s, auth, "auth is none, eap, token or temporary");
    return false;
}

static bool flag(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node, const char *name,
                 bool otherwise)
{
    const struct ecs_yaml_node *value = ecs_yaml_get(node, name);

    if (!value)
        return otherwise;
    if (!ecs_str_eq(value->text, ECS_STR("true")) && !ecs_str_eq(value->text, ECS_STR("false")))
        ecs_sim_problem(s, value, "%s is true or false", name);
    return ecs_str_eq(value->text, ECS_STR("true"));
}

static bool known_members(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node,
                          const char *const *names)
{
    if (node->kind == ECS_YAML_SCALAR && node->text.n) {
        ecs_sim_problem(s, node, "a mapping is needed here");
        return false;
    }
    for (const struct ecs_yaml_node *member = node->child; member; member = member->next) {
        const char *const *name = names;

        while (*name && !ecs_str_eq(member->key, ecs_str_of(*name)))
            name++;
        if (!*name) {
            ecs_sim_problem(s, member, "%.*s is not known here", ECS_FMT(member->key));
            return false;
        }
    }
    return true;
}

static void do_request(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    static const char *const names[] = {"auth", "params", "without", "post", "format", "keep", NULL};
    static const char *const formats[] = {"xml", "json", "both"};
    struct ecs_sim_device *d = s->device;
    struct ecs_sim_params user = d->params, kept;
    struct ecs_sim_wire wire = d->wire;
    const struct ecs_yaml_node *format = ecs_yaml_get(node, "format");
    enum ecs_sim_auth auth;

    if (!known_members(s, node, names) || !pick_auth(s, node, &auth))
        return;
    ecs_sim_params_init(&kept, s->arena);
    ecs_sim_params_copy(&kept, &user);
    d->params = kept;
    if (!kept.first)
        ecs_sim_params_init(&d->params, s->arena);
    override_params(s, node);
    d->wire.post = flag(s, node, "post", d->wire.post);
    for (size_t i = 0; format && i < ECS_ARRAY_LEN(formats); i++) {
        if (ecs_str_eq(format->text, ecs_str_of(formats[i])))
            d->wire.format = (enum ecs_sim_format)i;
    }
    if (!s->problem.n)
        ecs_sim_device_start(d, auth);
    if (!flag(s, node, "keep", false)) {
        d->params = user;
        if (!user.first)
            ecs_sim_params_init(&d->params, s->arena);
        d->wire.post = wire.post; /* the format stays: it decides the Accept of the EAP answer */
    }
}

/* ---- answer ---- */

static void do_answer(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    const char *text = ecs_sim_node_text(s, node);

    for (size_t i = 0; text && i < ECS_SIM_VARIANT_COUNT; i++) {
        if (!strcmp(text, ecs_sim_variant_names[i])) {
            ecs_sim_device_answer(s->device, (enum ecs_sim_variant)i);
            return;
        }
    }
    ecs_sim_problem(s, node, "there is no such kind of answer");
}

static void do_go_on(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    (void)node;
    ecs_sim_device_go_on(s->device);
}

static void do_login(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    (void)node;
    ecs_buf_reset(&s->words);
    ecs_sim_device_login(s->device, &s->words);
}

static void do_raw(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    const char *text = ecs_sim_node_text(s, node);

    if (text)
        ecs_sim_device_raw(s->device, ecs_str_of(text));
}

/* ---- surroundings ---- */

static void do_sleep(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    const char *text = ecs_sim_node_text(s, node);
    struct timespec time;
    uint32_t ms;

    if (!text || !ecs_str_to_u32(ecs_str_of(text), &ms) || ms > 60000) {
        ecs_sim_problem(s, node, "sleep takes 0 to 60000 milliseconds");
        return;
    }
    time = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

static void do_connection(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    const char *text = ecs_sim_node_text(s, node);

    if (!text || strcmp(text, "new") != 0)
        ecs_sim_problem(s, node, "connection is new");
    else
        ecs_sim_client_disconnect(&s->device->client);
}

static void do_node(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    const char *text = ecs_sim_node_text(s, node), *url = NULL;
    char err[300];

    if (text && !strcmp(text, "1"))
        url = s->first_url;
    else if (text && !strcmp(text, "2"))
        url = s->second_url;
    if (!url)
        ecs_sim_problem(s, node, "node is 1 or 2, and 2 needs url2");
    else if (!ecs_sim_url_parse(s->arena, url, &s->device->url, err, sizeof(err)))
        ecs_sim_problem(s, node, "%s", err);
}

static void do_token(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    const char *text = ecs_sim_node_text(s, node);

    if (text && !strcmp(text, "forget"))
        s->device->token = ECS_STR_NULL;
    else if (text)
        s->device->token = ecs_str_of(text);
}

static void do_cookie(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    struct ecs_sim_cookies *cookies = &s->device->cookies;
    const char *text = ecs_sim_node_text(s, node), *equals;
    char *line = cookies->n ? cookies->lines[0] : NULL;

    if (!text)
        return;
    if (!strcmp(text, "forget")) {
        cookies->n = 0;
        return;
    }
    equals = line ? strchr(line, '=') : NULL;
    if (!equals) {
        ecs_sim_problem(s, node, "there is no cookie to change");
        return;
    }
    cookies->n = 1;
    if (!strcmp(text, "quoted")) {
        line = ecs_printf(s->arena, "%.*s=\"%s\"", (int)(equals - line), line, equals + 1);
    } else if (!strcmp(text, "attributes")) {
        line = ecs_printf(s->arena, "%s; Path=/; Secure; HttpOnly", line);
    } else if (!strcmp(text, "among")) {
        line = ecs_printf(s->arena, "first=1; %s; last=2", line);
    } else if (!strcmp(text, "second-line")) {
        cookies->lines[1] = line;
        cookies->n = 2;
        line = ecs_strdup(s->arena, ECS_STR("unrelated=1"));
    } else if (!strcmp(text, "wrong-value")) {
        line = ecs_printf(s->arena, "%.*s=%s", (int)(equals - line), line, "AAAAAAAAAAAAAAAAAAAAAAAAAA");
    } else {
        line = ecs_strdup(s->arena, ecs_str_of(text));
    }
    cookies->lines[0] = line;
}

/* "sqn: <hex SEQ>" for all slots of the card, or "forget" for a new card. */
static void do_sim(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    const char *text = ecs_sim_node_text(s, node);
    uint8_t bytes[6];
    uint64_t seq = 0;

    if (text && strcmp(text, "forget") != 0) {
        if (!ecs_hex_decode(ecs_str_of(text), bytes, sizeof(bytes))) {
            ecs_sim_problem(s, node, "sim takes a sequence number of 12 hexadecimal digits, or forget");
            return;
        }
        for (size_t i = 0; i < sizeof(bytes); i++)
            seq = seq << 8 | bytes[i];
    }
    for (size_t i = 0; i < ECS_AKA_SLOTS; i++)
        s->usim->state.seq[i] = seq >> ECS_AKA_IND_BITS;
}

static void do_device(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    ecs_sim_scenario_device(s, node);
}

static void do_personality(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    const char *text = ecs_sim_node_text(s, node);
    const struct ecs_sim_personality *who = text ? ecs_sim_personality_find(text) : NULL;

    if (!who)
        ecs_sim_problem(s, node, "there is no such personality");
    if (!who)
        return;
    s->device->wire.who = who;
    s->device->wire.format = who->format;
}

static const struct {
    const char *name;
    step_fn fn;
} kinds[] = {
    {"request", do_request},
    {"answer", do_answer},
    {"go-on", do_go_on},
    {"login", do_login},
    {"raw", do_raw},
    {"sleep", do_sleep},
    {"node", do_node},
    {"connection", do_connection},
    {"token", do_token},
    {"cookie", do_cookie},
    {"sim", do_sim},
    {"device", do_device},
    {"personality", do_personality},
};

void ecs_sim_step_do(struct ecs_sim_scenario *s, const struct ecs_yaml_node *step)
{
    for (const struct ecs_yaml_node *part = step->child; part && !s->problem.n; part = part->next) {
        size_t i = 0;

        if (ecs_str_eq(part->key, ECS_STR("step")) || ecs_str_eq(part->key, ECS_STR("expect")) ||
            ecs_str_eq(part->key, ECS_STR("save")))
            continue;
        while (i < ECS_ARRAY_LEN(kinds) && !ecs_str_eq(part->key, ecs_str_of(kinds[i].name)))
            i++;
        if (i == ECS_ARRAY_LEN(kinds))
            ecs_sim_problem(s, part, "there is no step %.*s", ECS_FMT(part->key));
        else
            kinds[i].fn(s, part);
    }
}
