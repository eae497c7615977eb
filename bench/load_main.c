/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of the load generator. Only loopback addresses are accepted. */
#include <argp.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load.h"

static const char *const mode_names[LOAD_MODE_COUNT] = {"keep", "open", "handshake", "cold", "resume",
                                                        "eap",  "idle", "half",      "start"};

static const struct argp_option options[] = {
    {"address", 'a', "127.0.0.1:PORT", 0, "the server", 0},
    {"tls", 't', "1.2|1.3", 0, "version (default 1.3)", 0},
    {"connections", 'c', "N", 0, "at a time (default 1)", 0},
    {"count", 'n', "N", 0, "connections or requests in all (default: until the time is over)", 0},
    {"seconds", 's', "S", 0, "longest run, up to 120 (default 10)", 0},
    {"rate", 'r', "N", 0, "requests per second (open)", 0},
    {"delay", 'd', "MS", 0, "hold the client's Finished back", 0},
    {"targets", 'f', "FILE", 0, "request targets, one per line", 0},
    {"expect", 'e', "TEXT", 0, "text that every body must hold", 0},
    {"cards", 'k', "FILE", 0, "IMSI, Ki, OPc, terminal_id per line (eap)", 0},
    {"status", 'S', "N", 0, "expected status (default 200)", 0},
    {0},
};

static double number(struct argp_state *state, const char *arg, double low, double high)
{
    char *end;
    double value = strtod(arg, &end);

    if (*end || !(value >= low && value <= high))
        argp_error(state, "%s: a number from %g to %g is needed", arg, low, high);
    return value;
}

static void take_mode(struct load_options *o, struct argp_state *state, const char *arg)
{
    for (unsigned i = 0; i < LOAD_MODE_COUNT; i++)
        if (strcmp(arg, mode_names[i]) == 0) {
            o->mode = (enum load_mode)i;
            return;
        }
    argp_error(state, "%s: not a mode", arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct load_options *o = state->input;

    switch (key) {
    case 'a':
        o->address = arg;
        return 0;
    case 't':
        o->tls = strcmp(arg, "1.2") == 0 ? ECS_TLS_1_2 : ECS_TLS_1_3;
        return 0;
    case 'c':
        o->connections = (unsigned)number(state, arg, 1, 20000);
        return 0;
    case 'n':
        o->count = (unsigned long)number(state, arg, 1, 1e8);
        return 0;
    case 's':
        o->seconds = number(state, arg, 0.01, 120);
        return 0;
    case 'r':
        o->rate = number(state, arg, 1, 1e6);
        return 0;
    case 'd':
        o->delay_ms = (unsigned)number(state, arg, 0, 10000);
        return 0;
    case 'f':
        o->targets = arg;
        return 0;
    case 'e':
        o->expect = arg;
        return 0;
    case 'k':
        o->cards = arg;
        return 0;
    case 'S':
        o->status = (int)number(state, arg, 100, 599);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0) {
            take_mode(o, state, arg);
            return 0;
        }
        o->command = state->argv + state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num == 0 || !o->address)
            argp_error(state, "a mode and --address are needed");
        if (o->mode == LOAD_START && !o->command)
            argp_error(state, "a command is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool set_address(struct load *load)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&load->address;
    char text[64];
    char *colon;

    snprintf(text, sizeof(text), "%s", load->options.address);
    colon = strrchr(text, ':');
    if (!colon)
        return false;
    *colon = '\0';
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)atoi(colon + 1));
    load->address_n = sizeof(*in);
    return in->sin_port && inet_pton(AF_INET, text, &in->sin_addr) == 1 &&
           ntohl(in->sin_addr.s_addr) >> 24 == 127;
}

static bool prepare(struct load *load)
{
    struct ecs_tls_client_conf conf = {.insecure = true, .version = load->options.tls};
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->crypto = ecs_crypto_new();
    load->tls = ecs_tls_client_ctx_new(&conf, load->fault, sizeof(load->fault));
    load->conns = calloc(load->options.connections, sizeof(*load->conns));
    if (load->epoll < 0 || !load->crypto || !load->tls || !load->conns)
        return false;
    for (unsigned i = 0; i < load->options.connections; i++)
        load->conns[i].load = load;
    if (load->options.mode == LOAD_HALF || load->options.mode == LOAD_START)
        return true;
    return load_targets_read(load) && load_cards_read(load);
}

int main(int argc, char **argv)
{
    static const struct argp parser = {options,
                                       parse_option,
                                       "keep|open|handshake|cold|resume|eap|idle|half|start [COMMAND...]",
                                       "Load for the benches, on loopback only.",
                                       NULL,
                                       NULL,
                                       NULL};
    static struct load load;
    bool good;

    load.options = (struct load_options){.tls = ECS_TLS_1_3, .connections = 1, .seconds = 10, .status = 200};
    signal(SIGPIPE, SIG_IGN);
    argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &load.options);
    if (!set_address(&load)) {
        fprintf(stderr, "bench_load: %s: not a loopback address with a port\n", load.options.address);
        return 2;
    }
    good = prepare(&load) && load_run(&load);
    load_report(&load);
    if (!good && !load.fault[0])
        fprintf(stderr, "bench_load: no memory\n");
    return good ? 0 : 1;
}
