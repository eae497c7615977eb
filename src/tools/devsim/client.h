/* SPDX-License-Identifier: Apache-2.0 */
/* One request after the other over TLS, waiting for each: for the run and scenario commands. */
#pragma once

#include "ecs/buf.h"
#include "ecs/tls_client.h"
#include "http.h"
#include "url.h"

struct ecs_sim_client {
    struct ecs_tls_client_ctx *tls;
    struct ecs_tls_client *conn; /* kept between requests; NULL when none */
    char conn_to[300];           /* whom conn belongs to */
    struct ecs_buf in;
    const char *const *resolve;
    size_t resolve_n;
    bool no_sni, no_name_check;
    bool resume; /* offer the session of the connection before */
    struct ecs_tls_session *session;
    unsigned timeout_ms;  /* per step; 0: 30,000 as Android does */
    unsigned connections; /* opened so far */
    char error[300];
};

enum ecs_sim_exchange {
    ECS_SIM_EXCHANGED,
    ECS_SIM_NO_CONNECTION, /* error says why */
    ECS_SIM_NO_ANSWER      /* connected, and then no valid HTTP answer */
};

/* Sends the bytes and reads the answer, which points into the client's buffer up to the next exchange. A kept
 * connection that turns out closed is opened anew once. May wait up to three time-outs. */
enum ecs_sim_exchange ecs_sim_client_exchange(struct ecs_sim_client *client, const struct ecs_sim_url *url,
                                              struct ecs_str request, struct ecs_sim_response *ret_response);
void ecs_sim_client_disconnect(struct ecs_sim_client *client);
void ecs_sim_client_done(struct ecs_sim_client *client); /* the TLS context stays */
