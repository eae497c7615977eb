/* SPDX-License-Identifier: Apache-2.0 */
/* "run": one device, one story. Prints the document, its meaning and what was found wrong. */

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

enum { OPT_TOKEN_FILE = 1000, OPT_OUTPUT };

enum output { OUTPUT_TEXT, OUTPUT_DOCUMENT, OUTPUT_JSON };

struct run {
    struct ecs_sim_options options;
    const char *token_file;
    enum output output;
};

static const struct argp_option run_options[] = {
    {"token-file", OPT_TOKEN_FILE, "FILE", 0, "begin with the token in this file, and keep the new one there",
     0},
    {"output", OPT_OUTPUT, "FORM", 0, "text (default), document or json", 4},
    {0},
};

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
    static const char *const outputs[] = {"text", "document", "json"};
    struct run *run = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &run->options;
        return 0;
    case OPT_TOKEN_FILE:
        run->token_file = arg;
        return 0;
    case OPT_OUTPUT:
        for (size_t i = 0; i < ECS_ARRAY_LEN(outputs); i++) {
            if (!strcmp(arg, outputs[i])) {
                run->output = (enum output)i;
                return 0;
            }
        }
        argp_error(state, "--output is text, document or json");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- token file ---- */

static bool read_token(struct ecs_sim_device *d, const char *path)
{
    char text[8192];
    FILE *file = fopen(path, "re");
    size_t n;
    struct ecs_str token;

    if (!file)
        return errno == ENOENT;
    n = fread(text, 1, sizeof(text), file);
    fclose(file);
    token = ecs_str_trim((struct ecs_str){text, n});
    if (n == sizeof(text))
        return false;
    if (token.n)
        d->token = (struct ecs_str){ecs_strdup(d->arena, token), token.n};
    return !token.n || d->token.p;
}

static bool write_token(const struct ecs_sim_device *d, const char *path)
{
    char temporary[1024];
    int fd;
    bool good;

    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary))
        return false;
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    good = dprintf(fd, "%.*s\n", ECS_FMT(d->token)) > 0;
    good = !close(fd) && good;
    return good && !rename(temporary, path);
}

/* ---- output ---- */

static void print_text(struct ecs_sim_device *d, struct ecs_str words)
{
    if (d->has_document) {
        d->explain.out = stdout;
        ecs_sim_explain_text(&d->explain, d->body, "");
        printf("\n%.*s", ECS_FMT(words));
    } else if (d->outcome == ECS_SIM_GOT_STATUS) {
        printf("The server answered %d %.*s\n", d->response.status, ECS_FMT(d->response.reason));
    } else if (d->outcome == ECS_SIM_GOT_NOTHING) {
        printf("No answer: %s\n", d->client.error);
    } else if (d->outcome == ECS_SIM_SILENT) {
        printf("The SIM refused the network's challenge: the device stays silent\n");
    } else {
        printf("The client gave up\n");
    }
    for (const struct ecs_sim_finding *f = d->report.first; f; f = f->next)
        printf("%s%s%s: %s\n", ecs_sim_severity_name(f->severity), *f->rule ? " " : "", f->rule, f->text);
}

static json_t *json_str(struct ecs_str s)
{
    json_t *value = json_stringn(s.p ? s.p : "", s.n);

    return value ? value : json_string("(not UTF-8)");
}

static void print_json(const struct ecs_sim_device *d, struct ecs_str words, enum ecs_sim_result result)
{
    json_t *root = json_object(), *values = json_object(), *lines = json_array(), *findings = json_array();
    struct ecs_str line;

    if (d->has_document) {
        for (const struct ecs_sim_value *v = d->document.first; v; v = v->next) {
            char *path = strndup(v->path.p, v->path.n);

            if (path)
                json_object_set_new(values, path, json_str(v->value));
            free(path);
        }
    }
    while (ecs_str_cut(&words, '\n', &line))
        json_array_append_new(lines, json_str(line));
    for (const struct ecs_sim_finding *f = d->report.first; f; f = f->next)
        json_array_append_new(findings,
                              json_pack("{s:s,s:s,s:s}", "severity", ecs_sim_severity_name(f->severity),
                                        "rule", f->rule, "text", f->text));
    json_object_set_new(root, "exit", json_integer(result));
    json_object_set_new(root, "status", json_integer(d->response.status));
    json_object_set_new(root, "connections", json_integer(d->client.connections));
    json_object_set_new(root, "error", json_string(d->client.error));
    json_object_set_new(root, "values", values);
    json_object_set_new(root, "words", lines);
    json_object_set_new(root, "findings", findings);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

static int story(struct run *run, struct ecs_sim_device *d)
{
    struct ecs_buf words = {0};
    enum ecs_sim_result result;

    if (run->token_file && !read_token(d, run->token_file)) {
        fprintf(stderr, "entitlement-devsim: cannot read a token from %s\n", run->token_file);
        return ECS_SIM_RESULT_USAGE;
    }
    result = ecs_sim_device_login(d, &words);
    if (run->output == OUTPUT_JSON)
        print_json(d, ecs_buf_str(&words), result);
    else if (run->output == OUTPUT_DOCUMENT)
        printf("%.*s\n", d->has_document ? (int)d->body.n : 0, d->body.p ? d->body.p : "");
    else
        print_text(d, ecs_buf_str(&words));
    if (run->token_file && d->token.n && !write_token(d, run->token_file)) {
        fprintf(stderr, "entitlement-devsim: cannot write %s: %s\n", run->token_file, strerror(errno));
        result = ECS_SIM_RESULT_USAGE;
    }
    ecs_buf_done(&words);
    return (int)result;
}

int ecs_sim_cmd_run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&ecs_sim_options_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = run_options,
        .parser = parse_run,
        .children = children,
        .doc = "Plays one device: token if there is one, else full EAP-AKA, then the document.\v"
               "Exit codes: 0 entitled or not, but all in order; 1 usage; 2 no connection; 3 refused by the "
               "server; "
               "4 this client, or the compatibility list, would not accept an answer; 5 the SIM refused the "
               "network.",
    };
    struct run run = {.output = OUTPUT_TEXT};
    struct ecs_arena *arena = ecs_arena_new(NULL, 64u << 20);
    struct ecs_sim_device device;
    struct ecs_sim_usim usim = {0};
    char err[300];
    int rc = ECS_SIM_RESULT_USAGE;

    if (!arena)
        return ECS_SIM_RESULT_USAGE;
    if (!argp_parse(&argp, argc, argv, 0, NULL, &run)) {
        if (ecs_sim_device_init(&device, &usim, arena, &run.options, err, sizeof(err)))
            rc = story(&run, &device);
        else
            fprintf(stderr, "entitlement-devsim: %s\n", err);
        ecs_sim_device_done(&device);
    }
    ecs_arena_free(arena);
    return rc;
}
