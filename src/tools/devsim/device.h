/* SPDX-License-Identifier: Apache-2.0 */
/* One simulated device: SIM, habits, connection, and the state of the exchange under way. */
#pragma once

#include "client.h"
#include "explain.h"
#include "view.h"
#include "wire.h"

enum ecs_sim_outcome {
    ECS_SIM_GOT_DOCUMENT,
    ECS_SIM_GOT_CHALLENGE,
    ECS_SIM_GOT_STATUS,  /* anything but 200, redirects included */
    ECS_SIM_GOT_RUBBISH, /* 200, and this client cannot use it: the report says why */
    ECS_SIM_GOT_NOTHING, /* no connection or no HTTP: error of the client */
    ECS_SIM_SILENT       /* the SIM refused the network: nothing was sent */
};

enum ecs_sim_variant {
    ECS_SIM_RIGHT,
    ECS_SIM_WRONG_RES,
    ECS_SIM_WRONG_MAC,
    ECS_SIM_FORCE_AUTS, /* the SIM is made to find the sequence number too old */
    ECS_SIM_WRONG_AUTS, /* MAC-S does not fit */
    ECS_SIM_WRONG_IDENTIFIER,
    ECS_SIM_REJECT, /* AKA-Authentication-Reject */
    ECS_SIM_CLIENT_ERROR,
    ECS_SIM_REPLAY,    /* the answer before, once more */
    ECS_SIM_TRUNCATED, /* length field says more than there is */
    ECS_SIM_VARIANT_COUNT
};
extern const char *const ecs_sim_variant_names[ECS_SIM_VARIANT_COUNT]; /* "right", "wrong-res", ... */

struct ecs_sim_device {
    struct ecs_arena *arena; /* of everything below */
    struct ecs_sim_wire wire;
    struct ecs_sim_url url;
    struct ecs_sim_usim *usim; /* NULL: no SIM */
    struct ecs_crypto *crypto;
    struct ecs_gzip *gzip; /* reads coded answers */
    struct ecs_sim_client client;
    struct ecs_sim_params params; /* as the user gave them */
    struct ecs_sim_report report;
    struct ecs_sim_explain explain;
    struct ecs_str token;
    struct ecs_str temporary; /* temporary token: used instead of everything else */
    const struct ecs_sim_pnv *pnv;
    enum { ECS_SIM_MK_BY_CLIENT, ECS_SIM_MK_SENT, ECS_SIM_MK_USUAL } mk_identity;
    bool lenient; /* checks of the list are notes */
    /* exchange under way */
    struct ecs_sim_params sent; /* of the latest first request */
    struct ecs_sim_cookies cookies;
    struct ecs_str first_cookie; /* value of the first Set-Cookie */
    enum ecs_sim_auth auth;
    unsigned challenges;
    struct ecs_sim_challenge challenge;
    uint8_t answer[ECS_SIM_PACKET_MAX];
    size_t answer_n;
    enum ecs_sim_request_kind answer_kind;
    struct ecs_sim_url led_to; /* where the last redirect led */
    bool was_led;
    unsigned redirects; /* followed for the request in work */
    /* latest answer; strings live until the next request */
    struct ecs_sim_response response;
    struct ecs_str body; /* decoded */
    struct ecs_buf decoded;
    enum ecs_sim_outcome outcome;
    struct ecs_sim_document document, view;
    bool has_document;
};

/* First request of an exchange. */
enum ecs_sim_outcome ecs_sim_device_start(struct ecs_sim_device *device, enum ecs_sim_auth auth);
/* Answers the challenge that came last. */
enum ecs_sim_outcome ecs_sim_device_answer(struct ecs_sim_device *device, enum ecs_sim_variant variant);
/* Bytes as they stand, on the connection in use. */
enum ecs_sim_outcome ecs_sim_device_raw(struct ecs_sim_device *device, struct ecs_str bytes);
/* The request, redirects followed as the client does; the answer and its body are in the device then. */
enum ecs_sim_exchange ecs_sim_device_exchange(struct ecs_sim_device *device, const struct ecs_sim_url *url,
                                              struct ecs_str request);
/* Challenges are answered until something else comes. */
enum ecs_sim_outcome ecs_sim_device_go_on(struct ecs_sim_device *device);

/* Exit codes of "run". */
enum ecs_sim_result {
    ECS_SIM_RESULT_OK,
    ECS_SIM_RESULT_USAGE,
    ECS_SIM_RESULT_CONNECTION,
    ECS_SIM_RESULT_REFUSED, /* HTTP error that the client does not get over */
    ECS_SIM_RESULT_BROKEN,  /* the client, or the list's checks, would not accept an answer */
    ECS_SIM_RESULT_SIM      /* the SIM refused the network's challenge */
};
/* The whole story of a client: token first, full authentication after 511 or without a token, a second
 * request with the token when there is an operation. words gets the meaning of the document. */
enum ecs_sim_result ecs_sim_device_login(struct ecs_sim_device *device, struct ecs_buf *words);
enum ecs_sim_result ecs_sim_result_of(const struct ecs_sim_device *device);

/* ---- a server that asks for a number (clients.md 5; TS.43 2.8.3, 2.8.6) ---- */
struct ecs_sim_pnv {
    const char *client_id, *client_secret;           /* HTTP Basic */
    const char *assertion_key, *assertion_alg, *kid; /* PEM file; "RS256", "ES256" or "PS256" */
    const char *issuer;                              /* iss of the assertion, NULL: the client_id */
    const char *token_url;                           /* NULL: <web path>/oauth/token on the server */
    const char *web_path;                            /* NULL: "/web" */
    const char *scope, *resource;
    const char *access_token; /* given: no token is fetched */
};
/* Of the token endpoint, for the server itself or for what a temporary token stands for; as parameter
 * access_token of the requests that follow. False with findings. */
bool ecs_sim_device_access_token(struct ecs_sim_device *device);
enum ecs_sim_result ecs_sim_device_pnv(struct ecs_sim_device *device, struct ecs_buf *words);

/* What the client makes of a status that is no success: true when it starts a full authentication now. */
bool ecs_sim_status_judge(struct ecs_sim_device *device, bool with_token, unsigned round);
/* Checks, reads and explains the document that came last; keeps its token. */
void ecs_sim_device_study(struct ecs_sim_device *device, struct ecs_buf *words);
