/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the policy adapter: networks, one call with its exchanges, forms of values. */
#pragma once

#include <jansson.h>

#include "ecs/buf.h"
#include "ecs/diameter_peer.h"
#include "ecs/json.h"
#include "ecs/oauth_client.h"
#include "ecs/qos.h"

struct qos_network {
    const struct ecs_qos_conf *conf;
    struct ecs_neighbour *neighbour, *token_neighbour; /* NULL with Rx, without OAuth */
    struct ecs_oauth_client *oauth;
};
struct ecs_qos {
    struct ecs_qos_env env;
    struct qos_network *networks; /* as many as env.networks */
};

enum { QOS_BODY_MAX = 16384, QOS_HANDLE_MAX = 256, QOS_LIST_MAX = 200 };
extern const char qos_exhausted[];

/* ---- one call over HTTP (qos_http.c) ---- */

struct qos_job {
    struct ecs_qos *qos;
    const struct qos_network *net;
    const struct ecs_qos_conf *conf;            /* of net */
    const struct ecs_qos_profile_conf *profile; /* NULL: release, query */
    struct ecs_flow *flow;
    struct ecs_arena *arena;
    struct ecs_qos_call *call;
    struct ecs_qos_knowns *knowns; /* of ecs_qos_profiles, which has no call */
    /* Takes the answer (none at stage 0). True: ask holds the next exchange; false: call has its outcome. */
    bool (*next)(struct qos_job *job);
    unsigned stage;
    bool retried, moved; /* with a new token; to where a redirect pointed */
    const char *correlator;
    struct ecs_ask ask;
    struct ecs_ask_answer answer;
    struct ecs_oauth_token token;
    struct rx_exchange *rx;
};
/* NULL: no memory, told in call. */
struct qos_job *qos_job_new(struct ecs_flow *f, struct ecs_qos *qos, const struct qos_network *net,
                            struct ecs_qos_call *call);
enum ecs_next qos_job_run(struct qos_job *job, bool (*next)(struct qos_job *job));
/* Fill job->ask. False: no memory. tail: with its slash and escaped already. body is given back; NULL none.
 */
bool qos_ask(struct qos_job *job, const char *method, const char *path, const char *tail, json_t *body);

/* An outcome for the call; always false, so that it ends a "next". */
bool qos_end(struct qos_job *job, enum ecs_qos_outcome outcome, const char *why);
/* What an exchange without a usable 2xx says (qos_codes.def, else the status). Always false. */
bool qos_refused(struct qos_job *job);
/* The same for what is in force: a refusal says nothing about it, later again. Always false. */
bool qos_unsure(struct qos_job *job);
/* Error code of the answer's body: "code" (CAMARA) or "cause" (3GPP); {NULL, 0}: none. */
struct ecs_str qos_code(struct qos_job *job);
bool qos_is_good(const struct qos_job *job); /* a 2xx */
const json_t *qos_body(struct qos_job *job); /* NULL: none, or no JSON */
struct ecs_str qos_text(struct ecs_arena *arena, const json_t *object,
                        const char *name); /* copy; {NULL, 0} */
/* Last part of a link, as it may stand in a path again; {NULL, 0}: not usable. */
struct ecs_str qos_last_part(struct ecs_arena *arena, struct ecs_str link);
/* "/" and the handle, for a path. NULL: none, or not usable. */
const char *qos_handle_tail(const struct qos_job *job, const char *before, const char *behind);
/* Address for events; NULL: the network has none. */
const char *qos_sink(const struct qos_job *job, const char *door);
/* An address for events that the network tells is that of this request, wherever our listener was then. */
bool qos_is_our_sink(const struct qos_job *job, const json_t *address);

/* ---- values (qos_value.c), pure ---- */

/* "10 Mbps", "1.5 Gbps"; bits per second, below 2^53. */
bool qos_rate(const char *text, uint64_t *ret_bps);
/* Flow filter with {ue} filled in; NULL: the address is not known, or no memory. */
const char *qos_flow(struct ecs_arena *arena, struct ecs_str filter, struct ecs_str ue);
/* IPv4 or IPv6 address (with a prefix length, if allowed). */
bool qos_is_ipv4(const char *text, bool prefix);
bool qos_is_ipv6(const char *text, bool prefix);
/* Address of the device in use: IPv4 before IPv6; {NULL, 0}: none. */
struct ecs_str qos_ue(const struct ecs_qos_subject *subject);
extern const char *const qos_media[];       /* in the file: "data" ... */
extern const char *const qos_media_names[]; /* "DATA" ... (TS 29.514) */
extern const uint32_t qos_media_codes[];    /* of Rx */

/* ---- dialects ---- */

struct qos_dialect {
    bool (*apply)(struct qos_job *job), (*release)(struct qos_job *job), (*query)(struct qos_job *job);
    const char *path; /* default of section qos */
    bool http2;
};
extern const struct qos_dialect qos_camara_provisioning, qos_camara_session, qos_t8, qos_n5;
bool qos_camara_profiles(struct qos_job *job);
const char *qos_path(const struct qos_job *job);

/* Rx (qos_rx.c) */
enum ecs_next qos_rx_apply(struct qos_job *job);
enum ecs_next qos_rx_release(struct qos_job *job);
enum qos_rx_make { QOS_RX_AAR, QOS_RX_STR };
/* AVPs of a request behind Session-Id; max_*: bit/s, 0: of the profile. */
struct qos_rx_ask {
    const char *session, *host, *realm, *dest_realm, *dest_host; /* dest_host NULL: by realm */
    uint64_t down, up;
};
bool qos_rx_write(const struct qos_job *job, enum qos_rx_make make, const struct qos_rx_ask *ask,
                  struct ecs_buf *buf);
