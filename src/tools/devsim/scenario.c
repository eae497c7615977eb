/* SPDX-License-Identifier: Apache-2.0 */
/* "scenario": reads the file, keeps the variables, plays the steps one after the other and prints TAP. */

#include "scenario.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_SET = 1000 };

struct command {
    struct ecs_sim_scenario scenario;
    struct ecs_sim_options options;
    const char *file;
};

/* ---- variables and problems ---- */

void ecs_sim_problem(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node, const char *format, ...)
{
    char text[500];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (node)
        ecs_buf_printf(&s->problem, "line %u: ", node->line);
    ecs_buf_printf(&s->problem, "%s\n", text);
}

bool ecs_sim_var_set(struct ecs_sim_scenario *s, const char *name, const char *value)
{
    size_t i = 0;

    while (i < s->var_n && strcmp(s->vars[i].name, name) != 0)
        i++;
    if (i == ECS_SIM_VARS_MAX)
        return false;
    s->vars[i].name = name;
    s->vars[i].value = value;
    s->var_n += i == s->var_n;
    return true;
}

static const char *find_var(const struct ecs_sim_scenario *s, struct ecs_str name)
{
    for (size_t i = 0; i < s->var_n; i++) {
        if (ecs_str_eq(ecs_str_of(s->vars[i].name), name))
            return s->vars[i].value;
    }
    return NULL;
}

const char *ecs_sim_var_expand(struct ecs_sim_scenario *s, struct ecs_str text)
{
    struct ecs_buf out = {0};
    const char *result = NULL;
    ptrdiff_t at;

    while ((at = ecs_str_find(text, ECS_STR("${"))) >= 0) {
        struct ecs_str rest = {text.p + at + 2, text.n - (size_t)at - 2};
        ptrdiff_t end = ecs_str_find(rest, ECS_STR("}"));
        struct ecs_str name = {rest.p, end < 0 ? rest.n : (size_t)end};
        const char *value = find_var(s, name);

        if (end < 0 || !value) {
            ecs_sim_problem(s, NULL, "the variable ${%.*s} is not set", ECS_FMT(name));
            ecs_buf_done(&out);
            return NULL;
        }
        ecs_buf_add(&out, text.p, (size_t)at);
        ecs_buf_add_cstr(&out, value);
        text = (struct ecs_str){rest.p + end + 1, rest.n - (size_t)end - 1};
    }
    ecs_buf_add_str(&out, text);
    if (!out.overflow)
        result = ecs_strdup(s->arena, ecs_buf_str(&out));
    ecs_buf_done(&out);
    return result ? result : "";
}

const char *ecs_sim_node_text(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    if (!node || node->kind != ECS_YAML_SCALAR) {
        ecs_sim_problem(s, node, "a plain text is needed here");
        return NULL;
    }
    return ecs_sim_var_expand(s, node->text);
}

/* ---- device ---- */

struct arguments {
    char *list[2 * ECS_SIM_OPTION_LIST];
    int n;
};

static bool add_argument(struct ecs_sim_scenario *s, struct arguments *a, const char *name, const char *value)
{
    char *text = value ? ecs_printf(s->arena, "--%s=%s", name, value) : ecs_printf(s->arena, "--%s", name);

    if (!text || a->n + 1 == (int)ECS_ARRAY_LEN(a->list)) {
        ecs_sim_problem(s, NULL, "too many device options");
        return false;
    }
    a->list[a->n++] = text;
    a->list[a->n] = NULL;
    return true;
}

static bool add_option(struct ecs_sim_scenario *s, struct arguments *a, const struct ecs_yaml_node *node)
{
    const char *name = ecs_strdup(s->arena, node->key), *text;

    if (!name)
        return false;
    if (node->kind == ECS_YAML_SCALAR) {
        text = ecs_sim_node_text(s, node);
        if (!text)
            return false;
        if (!strcmp(text, "false") && !node->quoted)
            return true;
        return add_argument(s, a, name, !strcmp(text, "true") && !node->quoted ? NULL : text);
    }
    for (const struct ecs_yaml_node *item = node->child; item; item = item->next) {
        text = ecs_sim_node_text(s, item);
        if (text && node->kind == ECS_YAML_MAPPING)
            text = ecs_printf(s->arena, "%.*s=%s", ECS_FMT(item->key), text);
        if (!text || !add_argument(s, a, name, text))
            return false;
    }
    return true;
}

static bool build_device(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    struct ecs_sim_device *device = ecs_alloc(s->arena, sizeof(*device));
    struct ecs_sim_usim *usim = ecs_arena_secret(s->arena, sizeof(*usim));
    char err[300];

    if (!device || !usim)
        return false;
    if (!ecs_sim_device_init(device, usim, s->arena, s->options, err, sizeof(err))) {
        ecs_sim_problem(s, node, "%s", err);
        ecs_sim_device_done(device);
        return false;
    }
    device->explain.tap = true;
    s->device = device;
    s->usim = usim;
    s->first_url = s->options->url;
    s->second_url = s->options->url2;
    s->finding_before = NULL;
    return true;
}

bool ecs_sim_scenario_device(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node)
{
    struct arguments a = {.list = {(char *)(uintptr_t) "device"}, .n = 1};

    for (const struct ecs_yaml_node *option = node->child; option; option = option->next) {
        if (!add_option(s, &a, option))
            return false;
    }
    if (argp_parse(&ecs_sim_options_argp, a.n, a.list, ARGP_NO_EXIT | ARGP_NO_HELP, NULL, s->options)) {
        ecs_sim_problem(s, node, "the device has an option that is unknown or out of range");
        return false;
    }
    if (s->device)
        ecs_sim_device_done(s->device);
    s->device = NULL;
    return build_device(s, node);
}

/* ---- playing ---- */

static void print_problem(struct ecs_sim_scenario *s)
{
    struct ecs_str rest = ecs_buf_str(&s->problem), line;

    while (ecs_str_cut(&rest, '\n', &line))
        printf("#   %.*s\n", ECS_FMT(line));
}

static const char *title_of(struct ecs_sim_scenario *s, const struct ecs_yaml_node *step)
{
    const struct ecs_yaml_node *named = ecs_yaml_get(step, "step");

    if (named && named->kind == ECS_YAML_SCALAR)
        return named->text.p;
    for (const struct ecs_yaml_node *part = step->child; part; part = part->next) {
        const char *title;

        if (ecs_str_eq(part->key, ECS_STR("expect")) || ecs_str_eq(part->key, ECS_STR("save")))
            continue;
        title = part->kind == ECS_YAML_SCALAR
                    ? ecs_printf(s->arena, "%.*s %.*s", ECS_FMT(part->key), ECS_FMT(part->text))
                    : ecs_strdup(s->arena, part->key);
        return title ? title : "step";
    }
    return "step";
}

static struct ecs_sim_finding *last_finding(const struct ecs_sim_device *device)
{
    struct ecs_sim_finding *last = device->report.first;

    while (last && last->next)
        last = last->next;
    return last;
}

static void play_step(struct ecs_sim_scenario *s, const struct ecs_yaml_node *step)
{
    const char *title;
    bool good;

    ecs_buf_reset(&s->problem);
    s->finding_before = s->device ? last_finding(s->device) : NULL;
    if (step->kind != ECS_YAML_MAPPING) {
        ecs_sim_problem(s, step, "a step must be a mapping");
    } else {
        ecs_sim_step_do(s, step);
        if (!s->problem.n)
            ecs_sim_step_check(s, step);
    }
    good = !s->problem.n;
    title = title_of(s, step); /* TAP: one line, and # would begin a directive */
    printf("%sok %u - %.*s\n", good ? "" : "not ", ++s->count, (int)strcspn(title, "\r\n#"), title);
    if (!good) {
        s->failed++;
        print_problem(s);
        if (s->device && s->device->outcome == ECS_SIM_GOT_NOTHING)
            printf("#   %s\n", s->device->client.error);
    }
    fflush(stdout);
}

static bool begin(struct command *c, const struct ecs_yaml_node *root)
{
    struct ecs_sim_scenario *s = &c->scenario;
    const struct ecs_yaml_node *vars = ecs_yaml_get(root, "vars"), *device = ecs_yaml_get(root, "device");

    for (const struct ecs_yaml_node *var = vars ? vars->child : NULL; var; var = var->next) {
        const char *value = find_var(s, var->key) ? "" : ecs_sim_node_text(s, var); /* --set wins */
        const char *name = ecs_strdup(s->arena, var->key);

        if (!value || !name)
            return false;
        if (!find_var(s, var->key) && !ecs_sim_var_set(s, name, value))
            return false;
    }
    if (device)
        return ecs_sim_scenario_device(s, device);
    return build_device(s, root);
}

static int play(struct command *c, const struct ecs_yaml_node *root)
{
    struct ecs_sim_scenario *s = &c->scenario;
    const struct ecs_yaml_node *steps = ecs_yaml_get(root, "steps"), *name = ecs_yaml_get(root, "name");

    printf("TAP version 13\n# %s\n", name && name->kind == ECS_YAML_SCALAR ? name->text.p : c->file);
    if (!steps || steps->kind != ECS_YAML_SEQUENCE || !steps->count) {
        printf("Bail out! %s has no steps\n", c->file);
        return ECS_SIM_RESULT_USAGE;
    }
    if (!begin(c, root)) {
        print_problem(s);
        printf("Bail out! the device cannot be made\n");
        return ECS_SIM_RESULT_USAGE;
    }
    for (const struct ecs_yaml_node *step = steps->child; step; step = step->next)
        play_step(s, step);
    printf("1..%u\n", s->count);
    return s->failed ? ECS_SIM_RESULT_BROKEN : ECS_SIM_RESULT_OK;
}

/* ---- command ---- */

static const struct argp_option scenario_options[] = {
    {"set", OPT_SET, "NAME=VALUE", 0, "value of ${NAME} in the file; wins over the file's vars", 0},
    {0},
};

static error_t parse_scenario(int key, char *arg, struct argp_state *state)
{
    struct command *c = state->input;
    char *equals;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &c->options;
        return 0;
    case OPT_SET:
        equals = strchr(arg, '=');
        if (!equals ||
            !ecs_sim_var_set(&c->scenario,
                             ecs_strdup(c->scenario.arena, (struct ecs_str){arg, (size_t)(equals - arg)}),
                             equals + 1)) {
            argp_error(state, "--set needs NAME=VALUE");
            return EINVAL;
        }
        return 0;
    case ARGP_KEY_ARG:
        if (c->file)
            argp_error(state, "one file only");
        c->file = arg;
        return 0;
    case ARGP_KEY_END:
        if (!c->file)
            argp_error(state, "which file?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int ecs_sim_cmd_scenario(int argc, char **argv)
{
    static const struct argp_child children[] = {{&ecs_sim_options_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = scenario_options,
        .parser = parse_scenario,
        .children = children,
        .args_doc = "FILE",
        .doc = "Plays the steps of a scenario file and prints TAP. Options given here come before those of "
               "the file's "
               "device.\vExit codes: 0 all steps are ok, 1 usage or an unreadable file, 4 a step is not ok.",
    };
    struct command c = {0};
    struct ecs_yaml_node *root;
    int rc = ECS_SIM_RESULT_USAGE;

    c.scenario.arena = ecs_arena_new(NULL, 256u << 20);
    c.scenario.options = &c.options;
    if (!c.scenario.arena)
        return rc;
    ecs_faults_init(&c.scenario.faults, c.scenario.arena);
    if (!argp_parse(&argp, argc, argv, 0, NULL, &c)) {
        root = ecs_yaml_load(c.scenario.arena, c.file, &c.scenario.faults);
        for (const struct ecs_fault *f = c.scenario.faults.first; f; f = f->next)
            fprintf(stderr, "%s\n", f->text);
        if (root)
            rc = play(&c, root);
    }
    if (c.scenario.device)
        ecs_sim_device_done(c.scenario.device);
    ecs_buf_done(&c.scenario.words);
    ecs_buf_done(&c.scenario.problem);
    ecs_arena_free(c.scenario.arena);
    return rc;
}
