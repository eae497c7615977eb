/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the SM-DP+ adapter: a call in work, the kinds of sources, ES2+ texts, status codes. */
#pragma once

#include "ecs/buf.h"
#include "ecs/smdp.h"

enum {
    SMDP_CALL_ID_MAX = 64,
    SMDP_ICCID_MAX = 20,
    SMDP_MATCHING_ID_MAX = 128,
    SMDP_FQDN_MAX = 253,
    SMDP_CALL_MS = 40000, /* behind every limit of the settings */
};

/* What is asked, and where the answer goes. */
struct smdp_call {
    struct ecs_smdp *smdp;
    enum ecs_smdp_function function;
    struct ecs_str call_id, iccid, profile_type, eid, matching_id, confirmation_code;
    bool release, reusable, repeated;
    struct ecs_smdp_result *result;
    int64_t begun_us;
};

struct smdp_ops {
    bool (*open)(struct ecs_smdp *smdp, const struct ecs_smdp_env *env); /* false: no memory */
    void (*close)(struct ecs_smdp *smdp);
    /* May wait or run a table; call->result is zeroed and filled by the time the next step runs. */
    enum ecs_next (*call)(struct ecs_flow *f, struct smdp_call *call);
    bool (*is_up)(const struct ecs_smdp *smdp);
};
extern const struct smdp_ops smdp_es2plus_ops, smdp_pool_ops, smdp_static_ops;

struct ecs_smdp {
    const struct ecs_smdp_conf *conf;
    const struct ecs_smdp_env *env; /* copy of the set */
    const struct smdp_ops *ops;
    struct ecs_neighbour *neighbour; /* ES2+ */
    char *url[ECS_SMDP_FN_COUNT];    /* ES2+ */
    int64_t denied_until_us;         /* ES2+: refuses our credentials, left alone until then */
};

/* ---- words ---- */

bool smdp_is_fqdn(struct ecs_str text);        /* no address of digits, no port */
bool smdp_is_code(struct ecs_str text);        /* subject or reason: numbers with dots between */
bool smdp_is_matching_id(struct ecs_str text); /* can stand in an activation code; empty is one */
struct ecs_str smdp_first_address(struct ecs_str addresses);
/* The part of a call id that all calls of one procedure share: up to and with the last '-'. */
struct ecs_str smdp_owner(struct ecs_str call_id);
/* 18 to 20 digits, a filler cut off; {NULL, 0}: no ICCID. */
struct ecs_str smdp_iccid(struct ecs_str text);

/* ---- ES2+ on the wire, pure ---- */

enum smdp_form { SMDP_DONE, SMDP_DONE_WARNING, SMDP_FAILED, SMDP_EXPIRED, SMDP_UNREADABLE };
/* functionExecutionStatus, or an object of its form; codes that are no codes are left out. */
struct smdp_form_read {
    enum smdp_form form;
    struct ecs_str subject, reason;
};

/* The body of a request. Look at buf->overflow. */
void smdp_es2_write(const struct smdp_call *call, struct ecs_buf *buf);
/* What the answer says into call->result (status, texts); ret_credentials: it is our access that is refused.
 */
void smdp_es2_read(const struct smdp_call *call, struct ecs_arena *arena, const struct ecs_ask_answer *answer,
                   bool *ret_credentials);

/* ---- status codes (smdp_status.def) ---- */

/* What a refusal with these codes means to the call; ret_why constant. Codes may be {NULL, 0}. */
enum ecs_smdp_status smdp_judge(const struct smdp_call *call, struct ecs_str subject, struct ecs_str reason,
                                const char **ret_why);

struct ecs_json_flat;
/* For bodies in both directions: member by name, first one; {NULL, 0} unless it is a text. */
struct ecs_str smdp_json_text(const struct ecs_json_flat *flat, const char *name);
/* Member that is an object, read; false: there is none. */
bool smdp_json_object(struct ecs_arena *arena, const struct ecs_json_flat *flat, const char *name,
                      struct ecs_json_flat *ret_object);
/* An object with "status" and perhaps "statusCodeData". */
void smdp_json_form(struct ecs_arena *arena, const struct ecs_json_flat *object,
                    struct smdp_form_read *ret_form);
