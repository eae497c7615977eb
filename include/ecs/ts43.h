/* SPDX-License-Identifier: Apache-2.0 */
/* The TS.43 request: application and parameter tables, reading from GET and POST, checks, saved form. Pure.
 */
#pragma once

#include "ecs/arena.h"
#include "ecs/buf.h"
#include "ecs/error.h"
#include "ecs/ids.h"

/* --- applications (src/ts43/appids.def) --- */

enum ecs_app {
#define APP(number, name, kind, group, clause) ECS_APP_##number,
#include "../../src/ts43/appids.def"
#undef APP
    ECS_APP_COUNT
};

unsigned ecs_app_number(enum ecs_app app);     /* 2004 */
const char *ecs_app_id(enum ecs_app app);      /* "ap2004" */
const char *ecs_app_name(enum ecs_app app);    /* "vowifi": metrics, configuration */
const char *ecs_app_clause(enum ecs_app app);  /* of TS.43 */
const char *ecs_app_group(enum ecs_app app);   /* token group: equal texts share a token */
bool ecs_app_has_operations(enum ecs_app app); /* needs "operation" */
bool ecs_app_is_name_only(enum ecs_app app);   /* known to clients, not to this version of TS.43 */
/* "ap2004", letter case ignored; false for anything outside the table. */
bool ecs_app_find(struct ecs_str id, enum ecs_app *ret_app) ECS_MUST_CHECK;
/* By short name ("vowifi"). */
bool ecs_app_find_name(struct ecs_str name, enum ecs_app *ret_app) ECS_MUST_CHECK;

/* --- entitlement_version (TS.43 2.5) --- */

struct ecs_version {
    uint32_t major, minor; /* 0..999999 each */
};
/* "8.0"; repaired: a leading V, a missing minor ("8"), a third part ("8.0.1"). */
bool ecs_version_parse(struct ecs_str text, struct ecs_version *ret_version) ECS_MUST_CHECK;
int ecs_version_compare(struct ecs_version a, struct ecs_version b); /* as two integers: 11.10 > 11.9 */
/* Bounds an operator may set, both included; 0.0 = no bound. Outside them the answer is ECS_E_VERSION. */
struct ecs_version_bounds {
    struct ecs_version min, max;
};
bool ecs_version_allowed(struct ecs_version version, const struct ecs_version_bounds *bounds);
/* For clients whose number does not tell what they implement: the first row with from <= version <= to gives
 * the version to answer by; without one, the version itself, and at most 12.0. */
struct ecs_version_map {
    struct ecs_version from, to, as;
};
struct ecs_version ecs_version_effective(struct ecs_version version, const struct ecs_version_map *map,
                                         size_t n);
/* Documents whose form depends on the version (src/ts43/version.c has the table). */
enum ecs_doc_form {
    ECS_FORM_FLAT,   /* ap2003 before 7.0: one EntitlementStatus */
    ECS_FORM_NESTED, /* ap2003 from 7.0: VoiceOverCellularEntitleInfo */
};
enum ecs_doc_form ecs_version_form(enum ecs_app app, struct ecs_version version);

/* --- parameters (src/ts43/request.def) --- */

enum ecs_param {
#define PARAM(code, id, name, max, class, secrecy, clause) ECS_P_##id,
#define PARAM_ALIAS(name, id)
#include "../../src/ts43/request.def"
#undef PARAM
#undef PARAM_ALIAS
    ECS_P_COUNT
};
enum ecs_secrecy {
    ECS_SECRECY_OPEN,
    ECS_SECRECY_PERSONAL,
    ECS_SECRECY_SECRET,
};
const char *ecs_param_name(enum ecs_param param); /* as in the specification: "EAP_ID" */
enum ecs_secrecy ecs_param_secrecy(enum ecs_param param);
/* Letter case ignored, second spellings included. */
bool ecs_param_find(struct ecs_str name, enum ecs_param *ret_param) ECS_MUST_CHECK;

/* --- the request --- */

enum { ECS_APPS_MAX = 16, ECS_NOTES_MAX = 16, ECS_NOTIF_INVALID = 5 };

enum ecs_ts43_kind {
    ECS_TS43_NEW,          /* parameters */
    ECS_TS43_CONTINUATION, /* eap_packet; the session decides everything else, parameters are not read */
    ECS_TS43_RETURN,       /* "state" with "code" or "error" (OIDC), or OTP: belongs to a saved request */
};

struct ecs_ts43_request {
    enum ecs_ts43_kind kind;
    struct ecs_str eap_packet;         /* base64 text as received */
    struct ecs_str param[ECS_P_COUNT]; /* {NULL, 0} = absent; decoded, limited; BOOST_TYPE may be {"", 0} */
    enum ecs_app apps[ECS_APPS_MAX];   /* request order, no duplicates */
    size_t n_apps;
    struct ecs_str skipped_apps; /* AppIDs outside TS.43, comma-joined, cut; only for the log */
    bool has_version, has_terminal, has_imsi, has_vers;
    struct ecs_version version;
    int64_t vers; /* 0 when absent */
    struct ecs_terminal_id terminal;
    struct ecs_imsi imsi; /* a claim until it agrees with the credential */
    int notif_action; /* 0..4; -1 absent; ECS_NOTIF_INVALID: another number, answer RegisterNotifStatus 1 */
    struct ecs_str accept, accept_language, user_agent; /* {NULL, 0} = absent */
    struct ecs_str bearer; /* of "Authorization: Bearer", {NULL, 0} = absent; not kept in the saved form */
    const char *notes[ECS_NOTES_MAX]; /* oddities for the log: names of parameters, never values */
    size_t n_notes;
};

struct ecs_ts43_input {
    bool post;
    struct ecs_str query;        /* behind "?"; {NULL, 0} without one */
    struct ecs_str content_type; /* {NULL, 0} = absent */
    struct ecs_str body;         /* content coding already undone */
    struct ecs_str accept, accept_language, user_agent, authorization;
};

/* Reads and interprets; everything must live as long as the arena. ret_reason is set on failure (constant or
 * in the arena) and names the parameter, never its value; it may go to the device. ECS_E_BAD_REQUEST,
 * ECS_E_BAD_PARAMETER, ECS_E_BAD_PACKET (400), ECS_E_MEDIA_TYPE (415), ECS_E_TOO_LARGE (arena exhausted).
 * ret_request is written in any case. */
enum ecs_rc ecs_ts43_request_read(struct ecs_arena *arena, const struct ecs_ts43_input *input,
                                  struct ecs_ts43_request *ret_request,
                                  const char **ret_reason) ECS_MUST_CHECK;

/* Required parameters: app, entitlement_version, terminal_id unless requestor_id, notif_action with
 * notif_token. ECS_OK at once for continuations and returns. ECS_E_BAD_PARAMETER otherwise. */
enum ecs_rc ecs_ts43_request_check(const struct ecs_ts43_request *request,
                                   const char **ret_reason) ECS_MUST_CHECK;

bool ecs_ts43_request_has_app(const struct ecs_ts43_request *request, enum ecs_app app);

/* Compact form of a request that has to wait for an authentication exchange: all parameters and headers. It
 * holds secrets: the row that keeps it is short-lived. Fails only by buf->overflow. */
void ecs_ts43_request_save(const struct ecs_ts43_request *request, struct ecs_buf *out);
/* Interprets again, as ecs_ts43_request_read does; strings point into saved. ECS_E_SESSION_LOST when saved is
 * damaged or of an unknown form, ECS_E_TOO_LARGE when the arena is exhausted. */
enum ecs_rc ecs_ts43_request_load(struct ecs_arena *arena, struct ecs_str saved,
                                  struct ecs_ts43_request *ret_request) ECS_MUST_CHECK;

/* Short text/plain body of an error answer: the general text of rc and, below 500, the reason. Control
 * characters and what is not ASCII are replaced, 200 characters at most. reason may be NULL. */
void ecs_error_body(enum ecs_rc rc, const char *reason, struct ecs_buf *out);
