/* SPDX-License-Identifier: Apache-2.0 */
/* Accounting of authentications (RFC 2866, RFC 6733 9; aaa.md 5.5, 2.4.12): each is written into a row behind
 * the answer to the phone, and sent from there in the background until a server has answered. Off by default.
 */
#pragma once

#include "ecs/aaa.h"
#include "ecs/store_accounting.h"

struct ecs_accounting; /* of one engine */
struct ecs_crypto;

enum ecs_accounting_via { ECS_ACCOUNTING_NONE, ECS_ACCOUNTING_RADIUS, ECS_ACCOUNTING_DIAMETER };
enum ecs_accounting_diameter { ECS_ACCOUNTING_EVENT, ECS_ACCOUNTING_START_STOP };

/* Section "accounting". */
struct ecs_accounting_conf {
    int via;              /* enum ecs_accounting_via */
    int diameter_records; /* enum ecs_accounting_diameter */
    struct ecs_str_list servers;
    const char *realm, *host, *nas_identifier;
    bool node_records;
    int64_t max_waiting, keep_s, rest_s, longest_rest_s, limit_ms;
};
extern const struct ecs_setting ecs_accounting_settings[];
bool ecs_accounting_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);

enum ecs_accounting_count {
    ECS_ACCOUNTING_WRITTEN,   /* into a row */
    ECS_ACCOUNTING_SENT,      /* answered, the row is gone */
    ECS_ACCOUNTING_AGAIN,     /* not answered: later again */
    ECS_ACCOUNTING_GIVEN_UP,  /* kept too long */
    ECS_ACCOUNTING_NOT_TAKEN, /* too many wait already, or the database did not take it */
    ECS_ACCOUNTING_COUNTS
};

struct ecs_accounting_env {
    struct ecs_loop *loop;
    struct ecs_store *store;
    struct ecs_crypto *crypto;
    struct ecs_diameter *diameter; /* NULL: none */
    const char *node;              /* NAS-Identifier where the section gives none */
    const _Atomic bool *full;      /* nothing more is written while it is set */
    struct ecs_neighbour_stats *(*stats)(void *arg, const char *name);
    void (*count)(void *arg, enum ecs_accounting_count what);
    void *arg; /* of both; each may be NULL */
    bool lab;
    const struct ecs_accounting *former; /* of the engine before, for the call; NULL: none */
};
/* conf and servers live as long as the result. NULL with a sentence in err. */
struct ecs_accounting *ecs_accounting_new(const struct ecs_accounting_env *env,
                                          const struct ecs_accounting_conf *conf,
                                          const struct ecs_radius_row *servers, size_t servers_n, char *err,
                                          size_t err_size) ECS_MUST_CHECK;
/* After the flows of the caller. Rows that are being written are written all the same. NULL allowed. */
void ecs_accounting_free(struct ecs_accounting *accounting);
bool ecs_accounting_is_on(const struct ecs_accounting *accounting); /* NULL: no */
const struct ecs_radius *ecs_accounting_radius(
    const struct ecs_accounting *accounting); /* for views; NULL: none */

/* A full authentication has passed: to be called once for each, when the answer to the phone is decided.
 * Never waits. NULL allowed, and nothing happens while accounting is off. identity: EAP_ID; imsi is taken for
 * one that cannot be a User-Name (encrypted, too long). class: of the AAA, {NULL, 0}: none. */
void ecs_accounting_passed(struct ecs_accounting *accounting, struct ecs_str identity, struct ecs_str imsi,
                           struct ecs_str class);
/* The node has begun, or ends (RADIUS only). */
void ecs_accounting_node(struct ecs_accounting *accounting, enum ecs_accounting_kind kind);

/* No row is on its way into the database. */
bool ecs_accounting_is_idle(const struct ecs_accounting *accounting);

/* Sends one row. May wait; give the step a limit_ms above limit_ms of the section, twice for a session. Never
 * fails the flow. */
struct ecs_accounting_sending {
    const struct ecs_accounting_row *row;
    bool answered;   /* all of it */
    bool started;    /* of a session the Start, or START_RECORD */
    bool dead;       /* no server can be asked: further rows need not be tried now */
    const char *why; /* with answered false; no identifiers */
};
enum ecs_next ecs_accounting_send(struct ecs_flow *f, struct ecs_accounting *accounting,
                                  struct ecs_accounting_sending *sending);
