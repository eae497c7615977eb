/* SPDX-License-Identifier: Apache-2.0 */
/* Options of "load", "prepare" and "delay-finished". */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

enum {
    OPT_MODE = 1000,
    OPT_CONNECTIONS,
    OPT_IN_FLIGHT,
    OPT_REQUESTS,
    OPT_SECONDS,
    OPT_RATE,
    OPT_POISSON,
    OPT_SUBSCRIBERS,
    OPT_TOKENS_OUT,
    OPT_PATHS_OUT,
    OPT_FRESH,
    OPT_MIX,
    OPT_DELAY,
    OPT_PLAIN,
    OPT_JOB_LIMIT,
    OPT_WARM_UP,
    OPT_ALLOW_REMOTE,
    OPT_NO_TABLE,
    OPT_OWN_SOURCES
};

struct command {
    struct ecs_load load;
    struct ecs_sim_options options;
    struct ecs_load_files files;
    const char *subscribers;
    uint32_t seconds;
    bool allow_remote, prepare;
};

static const struct argp_option load_options[] = {
    {"mode", OPT_MODE, "MODE", 0, "token (default), cold-eap, mixed, handshake, resume, delay-finished", 0},
    {"connections", OPT_CONNECTIONS, "N", 0, "sockets (default 64)", 0},
    {"in-flight", OPT_IN_FLIGHT, "N", 0, "jobs at the same time (default: connections)", 0},
    {"requests", OPT_REQUESTS, "N", 0, "stop after so many jobs", 0},
    {"seconds", OPT_SECONDS, "S", 0, "stop after so many seconds (at most 60; default 5)", 0},
    {"rate", OPT_RATE, "R", 0, "begin R jobs per second whatever the server does; latency counts from then",
     0},
    {"poisson", OPT_POISSON, NULL, 0, "with --rate: random gaps instead of equal ones", 0},
    {"subscribers", OPT_SUBSCRIBERS, "FILE", 0, "CSV imsi,ki,opc[,token]", 0},
    {"tokens-out", OPT_TOKENS_OUT, "FILE", 0, "write the list with the tokens at the end", 0},
    {"paths-out", OPT_PATHS_OUT, "FILE", 0, "write the request target of each token, one per line", 0},
    {"fresh", OPT_FRESH, NULL, 0, "a new connection for each token request", 0},
    {"mix", OPT_MIX, "N", 0, "mixed: every N-th job is a full EAP-AKA (default 10)", 0},
    {"delay", OPT_DELAY, "MS", 0, "delay-finished: hold the client's Finished so long (default 100)", 0},
    {"plain", OPT_PLAIN, "PATH", 0, "GET this path instead; any answer 200 is right (to compare servers)", 0},
    {"warm-up", OPT_WARM_UP, "MS", 0, "do not count the first milliseconds (at most 10000)", 0},
    {"job-limit", OPT_JOB_LIMIT, "MS", 0, "a job that takes longer has failed (default 10000)", 0},
    {"allow-remote", OPT_ALLOW_REMOTE, NULL, 0, "the server may be on another machine; only your own", 0},
    {"own-sources", OPT_OWN_SOURCES, NULL, 0, "each connection comes from an own address of 127.0.0.0/8", 0},
    {"no-table", OPT_NO_TABLE, NULL, 0, "JSON only", 0},
    {0},
};

static error_t set_number(const char *text, uint32_t max, uint32_t *ret, struct argp_state *state)
{
    uint32_t number;

    if (!ecs_str_to_u32(ecs_str_of(text), &number) || number < 1 || number > max) {
        argp_error(state, "%s: a number from 1 to %u is needed", text, max);
        return EINVAL;
    }
    *ret = number;
    return 0;
}

static error_t set_mode(struct command *c, const char *text, struct argp_state *state)
{
    for (size_t i = 0; i < ECS_LOAD_MODE_COUNT; i++) {
        if (!strcmp(text, ecs_load_mode_names[i])) {
            c->load.mode = (enum ecs_load_mode)i;
            return 0;
        }
    }
    argp_error(state, "there is no mode %s", text);
    return EINVAL;
}

static error_t parse_number(struct command *c, int key, const char *arg, struct argp_state *state)
{
    uint32_t number = 0;
    error_t rc;

    switch (key) {
    case OPT_CONNECTIONS:
        return set_number(arg, 20000, &c->load.connections, state);
    case OPT_IN_FLIGHT:
        return set_number(arg, 20000, &c->load.in_flight, state);
    case OPT_SECONDS:
        return set_number(arg, 60, &c->seconds, state);
    case OPT_MIX:
        return set_number(arg, 1000000, &c->load.mix, state);
    case OPT_DELAY:
        return set_number(arg, 60000, &c->load.delay_ms, state);
    case OPT_JOB_LIMIT:
        return set_number(arg, 120000, &c->load.timeout_ms, state);
    case OPT_WARM_UP:
        rc = set_number(arg, 10000, &number, state);
        c->load.warm_us = (int64_t)number * 1000;
        return rc;
    case OPT_REQUESTS:
        rc = set_number(arg, 50000000, &number, state);
        c->load.requests = number;
        return rc;
    case OPT_RATE:
        rc = set_number(arg, 1000000, &number, state);
        c->load.rate = number;
        return rc;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_load(int key, char *arg, struct argp_state *state)
{
    struct command *c = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &c->options;
        return 0;
    case OPT_MODE:
        return set_mode(c, arg, state);
    case OPT_POISSON:
        c->load.poisson = true;
        return 0;
    case OPT_SUBSCRIBERS:
        c->subscribers = arg;
        return 0;
    case OPT_TOKENS_OUT:
        c->files.tokens_out = arg;
        return 0;
    case OPT_PATHS_OUT:
        c->files.paths_out = arg;
        return 0;
    case OPT_OWN_SOURCES:
        c->load.own_sources = true;
        return 0;
    case OPT_FRESH:
        c->load.fresh = true;
        return 0;
    case OPT_PLAIN:
        c->load.plain_path = arg;
        return 0;
    case OPT_ALLOW_REMOTE:
        c->allow_remote = true;
        return 0;
    case OPT_NO_TABLE:
        c->files.no_table = true;
        return 0;
    default:
        return parse_number(c, key, arg, state);
    }
}

static bool set_subscribers(struct command *c, char *err, size_t err_size)
{
    struct ecs_load *load = &c->load;
    bool with_token =
        load->mode == ECS_LOAD_TOKEN || load->mode == ECS_LOAD_MIXED || load->mode == ECS_LOAD_RESUME;

    if (c->subscribers && !ecs_load_subscribers_read(&load->subscribers, load->device.crypto, c->subscribers,
                                                     &c->options.sim, err, err_size))
        return false;
    if (load->plain_path || load->mode == ECS_LOAD_HANDSHAKE ||
        (load->mode == ECS_LOAD_DELAY && !c->subscribers))
        return true;
    if (!load->subscribers.n) {
        snprintf(err, err_size, "--subscribers is missing");
        return false;
    }
    with_token |= load->mode == ECS_LOAD_DELAY;
    if (with_token && !ecs_load_subscriber_next(&load->subscribers, true)) {
        snprintf(err, err_size, "%s holds no tokens; \"prepare\" makes them", c->subscribers);
        return false;
    }
    return true;
}

static void set_defaults(struct command *c)
{
    struct ecs_load *load = &c->load;

    if (c->prepare) {
        load->mode = ECS_LOAD_EAP;
        load->requests = load->subscribers.n;
        c->seconds = 0;
    } else if (!load->requests && !c->seconds) {
        c->seconds = 5;
    }
    load->run_us = (int64_t)c->seconds * 1000000;
    if (!load->in_flight || load->in_flight > load->connections)
        load->in_flight = load->connections;
}

static void add_default_apps(struct ecs_sim_device *d)
{
    struct ecs_str rest = ecs_str_of(d->wire.who->defaults), pair;

    while (ecs_str_cut(&rest, '|', &pair)) {
        if (ecs_str_starts_with(pair, ECS_STR("app=")))
            ecs_sim_params_add(&d->params, ECS_STR("app"), (struct ecs_str){pair.p + 4, pair.n - 4});
    }
}

static bool set_up(struct command *c, struct ecs_sim_usim *usim, struct ecs_arena *arena, char *err,
                   size_t err_size)
{
    struct ecs_sim_device *d = &c->load.device;

    if (!c->options.format)
        c->options.format = "xml";
    if (!ecs_sim_device_init(d, usim, arena, &c->options, err, err_size))
        return false;
    if (!ecs_sim_params_get(&d->params, "app").p)
        add_default_apps(d);
    if (!ecs_sim_params_get(&d->params, "app").p)
        ecs_sim_params_add_cstr(&d->params, "app", "ap2004");
    if (!ecs_sim_url_resolve(&d->url, c->options.resolve, c->options.resolve_n, &c->load.addr, err, err_size))
        return false;
    if (!c->allow_remote && !ecs_sim_addr_is_loopback(&c->load.addr)) {
        snprintf(err, err_size, "%s is not on this machine: load runs need --allow-remote for that",
                 d->url.host);
        return false;
    }
    if (c->prepare)
        c->load.mode = ECS_LOAD_EAP;
    if (!set_subscribers(c, err, err_size))
        return false;
    set_defaults(c);
    return true;
}

int ecs_sim_cmd_load(int argc, char **argv)
{
    static const struct argp_child children[] = {{&ecs_sim_options_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = load_options,
        .parser = parse_load,
        .children = children,
        .doc = "Many devices at once, in one thread. Every answer is verified. A table goes to standard "
               "error, one "
               "line of JSON to standard output.\vExit codes: 0 every job was right, 1 usage, 4 some job "
               "failed.",
    };
    struct command c = {
        .load = {.connections = 64, .mix = 10, .delay_ms = 100, .timeout_ms = 10000, .epoll_fd = -1}};
    struct ecs_arena *arena = ecs_arena_new(NULL, 16u << 20);
    struct ecs_sim_usim usim = {0};
    char err[300] = "";
    int rc = ECS_SIM_RESULT_USAGE;

    if (!arena)
        return rc;
    c.prepare = !strcmp(argv[0], "prepare");
    if (!strcmp(argv[0], "delay-finished"))
        c.load.mode = ECS_LOAD_DELAY;
    if (!argp_parse(&argp, argc, argv, 0, NULL, &c)) {
        if (set_up(&c, &usim, arena, err, sizeof(err)))
            rc = ecs_load_run(&c.load, &c.files, err, sizeof(err));
        if (*err)
            fprintf(stderr, "entitlement-devsim: %s\n", err);
    }
    ecs_load_done(&c.load);
    ecs_arena_free(arena);
    return rc;
}
