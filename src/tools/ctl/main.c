/* SPDX-License-Identifier: Apache-2.0 */
/* entitlementctl: finds the command, reads its arguments, runs it. */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>

#include "ecs/log.h"
#include "options.h"

#define DEFAULT_CONFIG "/etc/entitlementd/entitlementd.yaml"

enum { VALUES_MAX = 256 };

const char *argp_program_version = "entitlementctl " ECS_VERSION;

const struct ctl_command ctl_commands[] = {
#define COMMAND(words, function, options, arguments, least, most, help)                                      \
    {words, ctl_##function, ctl_##options##_options, arguments, least, most, help},
#include "commands.def"
#undef COMMAND
    {0},
};

/* ---- common options ---- */

static const struct argp_option common_options[] = {
    {"config", 'c', "FILE", 0, "configuration file (default " DEFAULT_CONFIG ")", -1},
    {"socket", CTL_SOCKET, "PATH", 0, "administrative socket, instead of that of the configuration", -1},
    {"json", CTL_JSON, NULL, 0, "print the answer as JSON", -1},
    {0},
};

static error_t keep(struct ctl *ctl, enum ctl_option option, char *value)
{
    size_t i = (size_t)option - CTL_CONFIG;

    if (!ctl->option[i])
        ctl->option[i] = ecs_alloc(ctl->arena, VALUES_MAX * sizeof(*ctl->option[i]));
    if (!ctl->option[i] || ctl->option_n[i] == VALUES_MAX)
        return E2BIG;
    ctl->option[i][ctl->option_n[i]++] = value ? value : "";
    return 0;
}

static error_t parse_common(int key, char *value, struct argp_state *state)
{
    struct ctl *ctl = state->input;

    if (key == 'c')
        ctl->config = value;
    else if (key == CTL_JSON)
        ctl->json = true;
    else if (key == CTL_SOCKET)
        return keep(ctl, CTL_SOCKET, value);
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static const struct argp common = {common_options, parse_common, NULL, NULL, NULL, NULL, NULL};
static const struct argp_child children[] = {{&common, 0, "Common options:", -1}, {0}};

/* ---- the command's own arguments ---- */

static error_t parse_own(int key, char *value, struct argp_state *state)
{
    struct ctl *ctl = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = ctl;
        return 0;
    case ARGP_KEY_ARG:
        ctl->arg[ctl->arg_n++] = value; /* has room for all of argv */
        return 0;
    default:
        return key > CTL_CONFIG && key < CTL_OPTION_END ? keep(ctl, (enum ctl_option)key, value)
                                                        : ARGP_ERR_UNKNOWN;
    }
}

static enum ctl_status run_command(struct ctl *ctl, const struct ctl_command *command, int argc, char **argv)
{
    const char *doc = ecs_printf(ctl->arena,
                                 "%s\vExit status: 0 done, 1 refused or failed, 2 wrong usage, 3 daemon or "
                                 "database not reachable.",
                                 command->help);
    char *name = ecs_printf(ctl->arena, "entitlementctl %s", command->words);
    /* glibc leaks two bytes for an empty array */
    struct argp argp = {command->options->name ? command->options : NULL,
                        parse_own,
                        command->arguments,
                        doc,
                        children,
                        NULL,
                        NULL};

    ctl->words = command->words;
    ctl->arg = ecs_alloc(ctl->arena, ((size_t)argc + 1) * sizeof(*ctl->arg));
    if (!doc || !name || !ctl->arg)
        return ctl_fail(ctl, CTL_FAILED, "out of memory");
    argv[0] = name;
    argp_program_version = NULL; /* --version is an option of some commands */
    if (argp_parse(&argp, argc, argv, 0, NULL, ctl) != 0)
        return CTL_USAGE;
    if ((int)ctl->arg_n < command->least || (command->most >= 0 && (int)ctl->arg_n > command->most))
        return ctl_fail(ctl, CTL_USAGE, "expected: entitlementctl %s %s (see --help)", command->words,
                        command->arguments);
    return command->run(ctl);
}

/* ---- finding the command ---- */

static const struct ctl_command *find_command(const char *first, const char *second, bool *ret_two_words)
{
    char words[64];

    for (const struct ctl_command *c = ctl_commands; c->words; c++) {
        snprintf(words, sizeof(words), "%s %s", first, second ? second : "");
        *ret_two_words = strcmp(c->words, words) == 0;
        if (*ret_two_words || strcmp(c->words, first) == 0)
            return c;
    }
    return NULL;
}

static void print_commands(FILE *out, const char *group)
{
    size_t n = group ? strlen(group) : 0;

    fprintf(out,
            "Usage: entitlementctl [-c FILE] [--socket PATH] [--json] COMMAND [ARGUMENT...]\n\nCommands:\n");
    for (const struct ctl_command *c = ctl_commands; c->words; c++)
        if (!group || (strncmp(c->words, group, n) == 0 && (c->words[n] == ' ' || c->words[n] == '\0')))
            fprintf(out, "  %-18s %-16s %s\n", c->words, c->arguments, c->help);
    fprintf(out, "\nentitlementctl COMMAND --help tells the options of a command.\n");
}

static bool is_group(const char *word)
{
    size_t n = strlen(word);

    for (const struct ctl_command *c = ctl_commands; c->words; c++)
        if (strncmp(c->words, word, n) == 0 && c->words[n] == ' ')
            return true;
    return false;
}

static error_t parse_first(int key, char *value, struct argp_state *state)
{
    struct ctl *ctl = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = ctl;
        return 0;
    case '?':
        print_commands(stdout, NULL);
        exit(CTL_OK);
    case ARGP_KEY_ARG:
        (void)value;
        ctl->arg_n = (size_t)state->next - 1; /* the command begins here */
        state->next = state->argc;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum ctl_status start(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp_option help[] = {{"help", '?', NULL, 0, "list the commands", 0}, {0}};
    static const struct argp first = {help, parse_first, "COMMAND [ARGUMENT...]", NULL, children, NULL, NULL};
    const struct ctl_command *command;
    bool two_words;
    size_t at;

    if (argp_parse(&first, argc, argv, ARGP_IN_ORDER, NULL, ctl) != 0)
        return CTL_USAGE;
    at = ctl->arg_n;
    ctl->arg_n = 0;
    if (at == 0) {
        print_commands(stderr, NULL);
        return CTL_USAGE;
    }
    command = find_command(argv[at], argv[at + 1], &two_words);
    if (command)
        return run_command(ctl, command, argc - (int)at - two_words, argv + at + two_words);
    print_commands(stderr, is_group(argv[at]) ? argv[at] : NULL);
    return ctl_fail(ctl, CTL_USAGE, "unknown command: %s%s%s", argv[at], argv[at + 1] ? " " : "",
                    argv[at + 1] ? argv[at + 1] : "");
}

int main(int argc, char **argv)
{
    struct ctl ctl = {.config = DEFAULT_CONFIG};
    enum ctl_status status;

    argp_err_exit_status = CTL_USAGE;
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    ctl.arena = ecs_arena_new(NULL, (size_t)1 << 30);
    if (!ctl.arena)
        return CTL_FAILED;
    status = start(&ctl, argc, argv);
    if (fflush(stdout) != 0 && status == CTL_OK)
        status = ctl_fail(&ctl, CTL_FAILED, "the output cannot be written");
    ecs_conf_unref(ctl.conf);
    ecs_arena_free(ctl.arena);
    return (int)status;
}
