/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the applications share. */
#pragma once

#include "ecs/app.h"
#include "ims_state.h"

struct app_portal_states {
    int terms, address, provisioning; /* TS.43 values */
};
/* JSON Web Token that hands the user over to a page, in the arena; {NULL, 0}: not signed. */
struct ecs_str app_portal_jwt(struct ecs_app_context *c, const char *service, const char *reference,
                              const struct app_portal_states *states, int64_t expires_s);

typedef enum ecs_rc (*app_build_fn)(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                                    const struct ecs_decisions *decisions, struct ecs_app_result *result);

enum ecs_rc app_build_voice(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                            const struct ecs_decisions *decisions, struct ecs_app_result *result);
enum ecs_rc app_build_vowifi(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                             const struct ecs_decisions *decisions, struct ecs_app_result *result);
enum ecs_rc app_build_smsoip(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                             const struct ecs_decisions *decisions, struct ecs_app_result *result);

enum ecs_rc app_build_dataplan(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                               const struct ecs_decisions *decisions, struct ecs_app_result *result);
enum ecs_rc app_build_boost(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                            const struct ecs_decisions *decisions, struct ecs_app_result *result);
enum ecs_rc app_build_billing(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                              const struct ecs_decisions *decisions, struct ecs_app_result *result);
enum ecs_rc app_build_identity(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                               const struct ecs_decisions *decisions, struct ecs_app_result *result);
enum ecs_rc app_build_satmode(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                              const struct ecs_decisions *decisions, struct ecs_app_result *result);

/* Facts of the plain applications (app_data.c). */
void app_data_facts(struct ecs_app_context *c);
void app_boost_facts(struct ecs_facts *f, const struct ecs_data_facts *data, int64_t type, bool asked);
/* boost_type as a number from 0 to 255. Else false with -1 (absent, empty) or -2 (malformed). */
bool app_boost_asked(const struct ecs_ts43_request *request, int64_t *ret_type);
/* p NULL: none, or its time is over. */
struct ecs_str app_pseudonym(const struct ecs_data_facts *data, int64_t now);

/* How a boost stands. The decisions are those for this boost. */
void app_boost_resolve(const struct ecs_decisions *decisions, const struct ecs_data_boost *boost, bool sold,
                       struct ecs_boost_view *ret_view);

/* A hand-over to web pages: ServiceFlow_URL, _UserData and _ContentsType (app_flow.c). */
struct app_flow {
    /* in */
    uint8_t service;  /* AppID number - 2000 */
    const char *name; /* in signed user data: "boost" */
    struct ecs_str url, data;
    int64_t type; /* ECS_PAGE_* */
    bool encoded;
    int64_t life_s; /* of the reference */
    int terms, provisioning;
    int64_t boost;          /* type, 0 none */
    const uint8_t *account; /* NULL none */
};
/* Is there a page to go to? */
bool app_flow_has_url(const struct ecs_app_context *c, struct ecs_str url);
enum ecs_rc app_flow_write(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                           const struct app_flow *flow);

/* Text of a message decision in the language of the request, fit for documents; "notice" stands for the text
 * of the notice on one of the services (NULL ends the list). {"", 0} when there is none. */
struct ecs_str app_message(struct ecs_app_context *c, struct ecs_str key, const char *const *services);
/* What the network can do where the line is (app_network.c): facts; the text of a state that is not ready, by service as in
 * app_message, "" none; the validity that it leaves. */
void app_set_network(struct ecs_facts *f, const struct ecs_app_context *c);
struct ecs_str app_state_message(const struct ecs_app_context *c, const char *service);
int64_t app_state_validity(const struct ecs_app_context *c, const char *service, int64_t validity_s);
/* The validity of this application joins the document's; notices on the services shorten it. */
void app_validity(struct ecs_app_context *c, int64_t validity_s, const char *const *services);
