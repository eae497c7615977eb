/* SPDX-License-Identifier: Apache-2.0 */
/* Command line options that several commands share: where to, with which card, as which client. */
#pragma once

#include <argp.h>

#include "device.h"

enum { ECS_SIM_OPTION_LIST = 64 };

struct ecs_sim_options {
    const char *url, *url2;
    const char *resolve[ECS_SIM_OPTION_LIST];
    size_t resolve_n;
    struct ecs_tls_client_conf tls;
    bool no_sni, resume;
    struct ecs_sim_usim_text sim;
    const char *personality;
    struct {
        const char *name; /* NULL: text is "name=value" */
        const char *text;
    } params[ECS_SIM_OPTION_LIST];
    size_t param_n;
    const char *realm, *nai_prefix;
    const char *format;
    const char *temporary_token, *mk_identity;
    struct ecs_sim_pnv pnv;
    bool post, gzip_request, lenient;
    bool explain, secrets;
    unsigned timeout_ms;
};

/* For struct argp_child; its input is a struct ecs_sim_options. */
extern const struct argp ecs_sim_options_argp;

/* "name=value" into params; false when there is no "=". */
bool ecs_sim_param_text(struct ecs_sim_params *params, const char *text);

/* Everything a device needs, from the options; usim has to live as long as the device. False with a sentence
 * in err. To be released with ecs_sim_device_done also after failure. */
bool ecs_sim_device_init(struct ecs_sim_device *device, struct ecs_sim_usim *usim, struct ecs_arena *arena,
                         const struct ecs_sim_options *options, char *err, size_t err_size) ECS_MUST_CHECK;
void ecs_sim_device_done(struct ecs_sim_device *device);

/* The commands; argv[0] is the command's name. They return the exit code. */
int ecs_sim_cmd_run(int argc, char **argv);
int ecs_sim_cmd_scenario(int argc, char **argv);
int ecs_sim_cmd_load(int argc, char **argv);
int ecs_sim_cmd_half_open(int argc, char **argv);
