/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of a personality as bytes. No input or output: used by single runs and by load runs. */
#pragma once

#include "ecs/gzip.h"
#include "personality.h"
#include "url.h"
#include "usim.h"

enum ecs_sim_auth {
    ECS_SIM_AUTH_NONE,  /* OIDC entry: no credential at all */
    ECS_SIM_AUTH_EAP,   /* EAP_ID */
    ECS_SIM_AUTH_TOKEN, /* token, with IMSI where the client sends it */
    ECS_SIM_AUTH_TEMPORARY
};

struct ecs_sim_wire {
    const struct ecs_sim_personality *who;
    const struct ecs_sim_url *url;
    enum ecs_sim_format format;
    bool post;             /* first request by POST */
    struct ecs_gzip *gzip; /* not NULL: request bodies are sent in gzip */
    const char *realm;     /* of EAP_ID, NULL: "nai.epc" */
    char nai_prefix;       /* 0 means '0' */
    bool authenticates;    /* of two steps the first: nothing of the operation is sent */
    bool bare_address;     /* EAP answers go to url as it stands, although the client repeats its query */
};

/* A user's parameter of this value is left out, default or not. */
extern const char ecs_sim_unwanted[];

/* The parameters of a first request: the user's, the client's defaults, and the credential; cut and ordered
 * as the client does. token may be {NULL, 0}. EAP_ID and IMSI that the user gave stay as given. */
void ecs_sim_wire_params(struct ecs_sim_params *out, const struct ecs_sim_wire *wire,
                         const struct ecs_sim_params *user, enum ecs_sim_auth auth,
                         const struct ecs_sim_usim *usim, struct ecs_str token);
/* cookies may be NULL. */
void ecs_sim_wire_first(struct ecs_buf *out, const struct ecs_sim_wire *wire,
                        const struct ecs_sim_params *params, enum ecs_sim_request_kind kind,
                        const struct ecs_sim_cookies *cookies);
/* The EAP answer. params: those of the first request. */
void ecs_sim_wire_answer(struct ecs_buf *out, const struct ecs_sim_wire *wire,
                         const struct ecs_sim_params *params, enum ecs_sim_request_kind kind,
                         const struct ecs_sim_cookies *cookies, const uint8_t *packet, size_t n);
