/* SPDX-License-Identifier: Apache-2.0 */
/* entitlement-devsim: simulated devices for entitlement servers. This file only finds the command. */

#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "odsa.h"

static int list_personalities(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < ecs_sim_personality_count; i++)
        printf("%-14s %s\n", ecs_sim_personalities[i].name, ecs_sim_personalities[i].help);
    return 0;
}

static int print_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("entitlement-devsim " ECS_VERSION);
    return 0;
}

static const struct {
    const char *name, *help;
    int (*fn)(int argc, char **argv);
} commands[] = {
    {"run", "play one device", ecs_sim_cmd_run},
    {"scenario", "play the steps of a file and check them (TAP)", ecs_sim_cmd_scenario},
    {"odsa", "get, move and end eSIM profiles: watch, tablet, phones, server of an enterprise",
     ecs_sim_cmd_odsa},
    {"load", "many devices at once: rates, latencies, verified answers", ecs_sim_cmd_load},
    {"prepare", "authenticate every subscriber of a list and keep the tokens", ecs_sim_cmd_load},
    {"half-open", "sockets that send a part of a ClientHello and wait", ecs_sim_cmd_half_open},
    {"delay-finished", "handshakes whose last message is delayed", ecs_sim_cmd_load},
    {"personalities", "list the clients that can be played", list_personalities},
    {"version", "print the version", print_version},
};

int main(int argc, char **argv)
{
    argp_err_exit_status = ECS_SIM_RESULT_USAGE;
    for (size_t i = 0; argc > 1 && i < ECS_ARRAY_LEN(commands); i++) {
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].fn(argc - 1, argv + 1);
    }
    fputs("usage: entitlement-devsim COMMAND [OPTION...]\n\n", stderr);
    for (size_t i = 0; i < ECS_ARRAY_LEN(commands); i++)
        fprintf(stderr, "  %-15s %s\n", commands[i].name, commands[i].help);
    fputs("\n\"COMMAND --help\" tells the options.\n", stderr);
    return 1;
}
