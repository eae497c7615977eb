#include "options.h"
int ecs_sim_cmd_load(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 1;
}
int ecs_sim_cmd_half_open(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 1;
}
