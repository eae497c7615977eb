/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of entitlementctl share: arguments, configuration, calls of the daemon, output. */
#pragma once

#include <argp.h>
#include <jansson.h>
#include <stdio.h>

#include "ecs/front.h"
#include "ecs/json.h"
#include "ecs/pg_sync.h"

enum ctl_status { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_UNREACHABLE = 3 };

/* Options of all commands; the names stand in options.c. */
enum ctl_option {
    CTL_CONFIG = 256, /* common */
    CTL_SOCKET,
    CTL_JSON,
    CTL_IMSI,
    CTL_MSISDN,
    CTL_ICCID,
    CTL_PLAN,
    CTL_BRAND,
    CTL_LINE_STATE,
    CTL_ROAMING,
    CTL_VISITED,
    CTL_LANGUAGE,
    CTL_REASON,
    CTL_TC,
    CTL_TC_VERSION,
    CTL_ADDRESS,
    CTL_ADDRESS_EXPIRY,
    CTL_ADDRESS_ID,
    CTL_PROVISIONING,
    CTL_OVERRIDE,
    CTL_CLOSED,
    CTL_NAME,
    CTL_FEATURE,
    CTL_EFFECT,
    CTL_FROM,
    CTL_UNTIL,
    CTL_VALIDITY,
    CTL_APP,
    CTL_DEVICE,
    CTL_AT,
    CTL_VERSION,
    CTL_DOCUMENT,
    CTL_RULES,
    CTL_REJECTED,
    CTL_CHUNK,
    CTL_POLICY,
    CTL_MESSAGES,
    CTL_LIMIT,
    CTL_TICKET,
    CTL_FORCE,
    CTL_REFUSED,
    CTL_KIND,
    CTL_OPERATION,
    CTL_REQUESTOR,
    CTL_CLIENT,
    CTL_SCOPE,
    CTL_LIFE,
    CTL_TOKEN,
    CTL_ALL,
    CTL_SPREAD,
    CTL_EID,
    CTL_ENTERPRISE,
    CTL_STATE,
    CTL_OPEN,
    CTL_STUCK,
    CTL_BEFORE,
    CTL_SERVICE,
    CTL_DESCRIPTION,
    CTL_PROFILE_TYPE,
    CTL_SORT,
    CTL_ACTIVE,
    CTL_MAX_DEVICES,
    CTL_TARGET,
    CTL_BOOST,
    CTL_STORE,
    CTL_STORE_USER,
    CTL_AREA,
    CTL_RAT,
    CTL_MESSAGE,
    CTL_COUNTRY,
    CTL_NETWORK,
    CTL_PROFILE,
    CTL_SECONDS,
    CTL_REFERENCE,
    CTL_IPV4,
    CTL_IPV6,
    CTL_URL,
    CTL_CA,
    CTL_OPTION_END
};

struct ctl {
    const char *config; /* path */
    bool json;
    struct ecs_arena *arena;
    struct ecs_conf *conf; /* after ctl_load */
    const char *words;     /* of the command, for messages */
    /* arguments */
    const char **arg;
    size_t arg_n;
    const char **option[CTL_OPTION_END - CTL_CONFIG]; /* values in order; NULL: not given */
    size_t option_n[CTL_OPTION_END - CTL_CONFIG];
};

struct ctl_command {
    const char *words;
    enum ctl_status (*run)(struct ctl *ctl);
    const struct argp_option *options;
    const char *arguments;
    int least, most;
    const char *help;
};
extern const struct ctl_command ctl_commands[]; /* ends with words NULL */

#define COMMAND(words, function, options, arguments, least, most, help)                                      \
    enum ctl_status ctl_##function(struct ctl *ctl);
#include "commands.def"
#undef COMMAND

/* Last value of an option, NULL when it was not given. */
const char *ctl_get(const struct ctl *ctl, enum ctl_option option);
bool ctl_has(const struct ctl *ctl, enum ctl_option option);
const char **ctl_values(const struct ctl *ctl, enum ctl_option option, size_t *ret_n);

/* A sentence on standard error, after "entitlementctl COMMAND: ". Gives status back. */
enum ctl_status ctl_fail(const struct ctl *ctl, enum ctl_status status, const char *format, ...)
    ECS_PRINTF(3, 4);

/* Reads the configuration into ctl->conf; faults are printed. */
enum ctl_status ctl_load(struct ctl *ctl) ECS_MUST_CHECK;
/* Loads the configuration and connects to its database. */
enum ctl_status ctl_database(struct ctl *ctl, struct ecs_pg_sync **ret_sync) ECS_MUST_CHECK;
/* The message of a failed database call and the status to end with. */
enum ctl_status ctl_database_failed(const struct ctl *ctl, struct ecs_pg_sync *sync, enum ecs_rc rc);
void ctl_print_faults(const char *kind, const struct ecs_faults *faults);
enum ctl_status ctl_print_buf(const struct ctl *ctl, struct ecs_buf *buf); /* frees it */

/* A call of the daemon: "/v1/..." with parts already escaped (ctl_path). body may be NULL; freed in any case.
 * Failures are told. *ret_json (may be NULL) belongs to the arena; NULL for an answer that is text, which is
 * printed. */
enum ctl_status ctl_call(struct ctl *ctl, const char *method, const char *target, struct ecs_buf *body,
                         json_t **ret_json) ECS_MUST_CHECK;
/* prefix, the escaped text, suffix; in the arena. */
const char *ctl_path(struct ctl *ctl, const char *prefix, const char *text, const char *suffix);
/* Begins a body: an object is open. ctl_body_end closes it. */
struct ctl_body {
    struct ecs_buf buf;
    struct ecs_json_out out;
};
void ctl_body_begin(struct ctl_body *body);
/* The option's last value as member, when it was given. */
void ctl_body_option(struct ctl_body *body, const struct ctl *ctl, enum ctl_option option, const char *name);
struct ecs_buf *ctl_body_end(struct ctl_body *body);
/* A call whose outcome is told as key and value lines, or as JSON. */
enum ctl_status ctl_do(struct ctl *ctl, const char *method, const char *target, struct ecs_buf *body);
/* The rows of one member of the answer as a table, or the whole answer as JSON. */
enum ctl_status ctl_list(struct ctl *ctl, const char *target, const char *member, const char *const *columns);
/* path?limit=N with --limit, else path; a limit that is no number is refused by the daemon. */
const char *ctl_limited(struct ctl *ctl, const char *path);
/* Calls one for each line that has this number; fails when none has it. */
enum ctl_status ctl_each_line(struct ctl *ctl, const char *msisdn,
                              enum ctl_status (*one)(struct ctl *ctl, const char *imsi));

/* ---- output ---- */

/* Any JSON value for a table cell: texts as they are, null as "-", lists with commas. In the arena. */
const char *ctl_cell(struct ctl *ctl, const json_t *value);
/* Rows of objects as an aligned table with these columns (NULL at the end); the head is the names in
 * capitals. */
void ctl_print_table(struct ctl *ctl, const json_t *rows, const char *const *columns);
/* "name: value" lines, aligned; members that are lists of objects as tables behind them. */
void ctl_print_object(struct ctl *ctl, const json_t *object);
void ctl_print_json(const json_t *json);
