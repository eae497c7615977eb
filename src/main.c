/* SPDX-License-Identifier: Apache-2.0 */
/* entitlementd: arguments, configuration, database check, then the node until SIGTERM. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecs/clock.h"
#include "ecs/front.h"
#include "ecs/log.h"
#include "ecs/loop.h"
#include "ecs/pg_sync.h"
#include "ecs/schema.h"

#define DEFAULT_CONFIG "/etc/entitlementd/entitlementd.yaml"

enum { EXPIRY_WARNING_S = 14 * 86400, CONNECT_TIMEOUT_S = 5 };

enum action { RUN, CHECK, CHECK_FILES, SAMPLE, MANUAL };

struct arguments {
    const char *config;
    enum action action;
};

const char *argp_program_version = "entitlementd " ECS_VERSION;

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "configuration file (default " DEFAULT_CONFIG ")", 0},
    {"check", 'C', "files", OPTION_ARG_OPTIONAL,
     "check configuration, policy, texts, keys, certificates and the database, then end; with =files without "
     "the "
     "database. Exit status 0: fit to start, 1: not",
     0},
    {"sample", 's', NULL, 0, "print the sample configuration file and end", 0},
    {"manual", 'm', NULL, 0, "print the manual of the settings, facts and decisions (Markdown) and end", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;

    switch (key) {
    case 'c':
        a->config = arg;
        return 0;
    case 'C':
        if (arg && strcmp(arg, "files") != 0)
            argp_error(state, "--check takes nothing or \"files\"");
        a->action = arg ? CHECK_FILES : CHECK;
        return 0;
    case 's':
        a->action = SAMPLE;
        return 0;
    case 'm':
        a->action = MANUAL;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument: %s", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    options,
    parse_option,
    NULL,
    "GSMA TS.43 entitlement configuration server.\v"
    "SIGHUP reads configuration, policy, texts, keys and certificates again and takes "
    "all or nothing. SIGTERM answers what is in work and ends.",
    NULL,
    NULL,
    NULL};

static int print_buf(struct ecs_buf *buf)
{
    bool good = !buf->overflow && fwrite(buf->p, 1, buf->n, stdout) == buf->n && fflush(stdout) == 0;

    ecs_buf_done(buf);
    return good ? 0 : 1;
}

static int print_tables(enum action action)
{
    struct ecs_buf buf = {0};

    if (action == SAMPLE) {
        ecs_conf_write_sample(ecs_sections, &buf);
    } else {
        ecs_buf_add_cstr(
            &buf, "# Configuration\n\nMade by `entitlementd --manual`: do not edit.\n\n"
                  "## Settings\n\nIn `/etc/entitlementd/entitlementd.yaml`; `entitlementd --sample` prints "
                  "a file with all of them, `entitlementd --check` tells every fault with its place.\n\n");
        ecs_conf_write_manual(ecs_sections, &buf);
        ecs_buf_add_cstr(
            &buf, "\n## Policy\n\nIn `policy.d/*.yaml`, one file per service: ordered rules, the first that "
                  "matches and sets a decision wins, the default block gives the rest.\n\n");
        ecs_rules_write_manual(&buf);
    }
    return print_buf(&buf);
}

static void print_faults(const char *kind, const struct ecs_faults *faults)
{
    for (const struct ecs_fault *f = faults->first; f; f = f->next)
        fprintf(stderr, "%s: %s\n", kind, f->text);
}

/* ECS_OK also when the database cannot be reached and *ret_reached is false. */
static enum ecs_rc check_database(const struct ecs_snapshot *s, bool *ret_reached, char text[256])
{
    struct ecs_schema_status status;
    struct ecs_pg_sync *sync;
    enum ecs_rc rc = ecs_pg_sync_connect(s->database->conninfo, CONNECT_TIMEOUT_S, text, &sync);

    *ret_reached = rc == ECS_OK;
    if (rc != ECS_OK)
        return ECS_OK;
    rc = ecs_schema_status(sync, &status);
    if (rc != ECS_OK)
        snprintf(text, 256, "the schema version cannot be read: %s", ecs_strerror(rc));
    else if (status.state != ECS_SCHEMA_CURRENT)
        snprintf(text, 256, "schema is %s (database %u, program %u): %s", ecs_schema_state_name(status.state),
                 status.database, status.program,
                 status.state == ECS_SCHEMA_EMPTY || status.state == ECS_SCHEMA_OLD
                     ? "run: entitlementctl db upgrade"
                     : "this program must not run on it");
    else
        snprintf(text, 256, "schema %u is current", status.database);
    ecs_pg_sync_free(sync);
    return rc == ECS_OK && status.state != ECS_SCHEMA_CURRENT ? ECS_E_CONFIG : rc;
}

static bool check_certificates(const struct ecs_snapshot *s)
{
    int64_t left;
    char when[21];

    if (!s->tls)
        return true;
    left = ecs_http_tls_expires(s->tls) - ecs_clock_now();
    ecs_time_format(ecs_http_tls_expires(s->tls), when);
    printf("certificates: %s until %s\n", left > 0 ? "valid" : "NOT valid, expired", when);
    if (left > 0 && left < EXPIRY_WARNING_S)
        fprintf(stderr, "warning: a certificate ends in %lld days\n", (long long)(left / 86400));
    return left > 0;
}

static int check(const char *config, bool with_database)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_faults faults, warnings;
    struct ecs_snapshot *s;
    char text[256] = "";
    bool good, reached = true;

    if (!arena)
        return 1;
    ecs_faults_init(&faults, arena);
    ecs_faults_init(&warnings, arena);
    s = ecs_snapshot_load(config, NULL, &faults, &warnings);
    print_faults("warning", &warnings);
    print_faults("error", &faults);
    good = s != NULL;
    if (s) {
        printf("configuration: %s\npolicy: %s, hash %016llx\ntoken keys: %u, subscriber keys: %u\n", config,
               s->policy_conf->directory, (unsigned long long)ecs_policy_hash(s->policy), s->token_keys.count,
               s->subscriber_keys.count);
        good = check_certificates(s);
        if (with_database) {
            good = check_database(s, &reached, text) == ECS_OK && reached && good;
            printf("database: %s%s\n", reached ? "" : "not reachable: ", text);
        }
        ecs_snapshot_unref(s);
    }
    printf("verdict: %s\n", good ? "fit to start" : "NOT fit to start");
    ecs_arena_free(arena);
    return good ? 0 : 1;
}

static struct ecs_snapshot *load(const char *config)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_faults faults, warnings;
    struct ecs_snapshot *s = NULL;

    if (!arena)
        return NULL;
    ecs_faults_init(&faults, arena);
    ecs_faults_init(&warnings, arena);
    s = ecs_snapshot_load(config, NULL, &faults, &warnings);
    if (s)
        ecs_log_init((enum ecs_log_target)s->server->log_target,
                     (enum ecs_log_level)(s->server->log_level + ECS_LOG_ERROR));
    else
        ecs_log_init(ECS_LOG_AUTO, ECS_LOG_NOTICE);
    for (const struct ecs_fault *f = warnings.first; f; f = f->next)
        ecs_log_at(NULL, ECS_EV_CONFIG, ECS_LOG_WARNING, "%s", f->text);
    for (const struct ecs_fault *f = faults.first; f; f = f->next)
        ecs_log(NULL, ECS_EV_CONFIG, "%s", f->text);
    ecs_arena_free(arena);
    return s;
}

static int run(const char *config)
{
    static const int signals[] = {SIGHUP, SIGTERM, SIGINT};
    struct ecs_snapshot *s;
    char text[256] = "";
    bool reached;

    ecs_loop_block_signals(signals, ECS_ARRAY_LEN(signals));
    signal(SIGPIPE, SIG_IGN);
    s = load(config);
    if (!s)
        return 1;
    if (check_database(s, &reached, text) != ECS_OK) {
        ecs_log_at(NULL, ECS_EV_START, ECS_LOG_ERROR, "database: %s", text);
        ecs_snapshot_unref(s);
        return 1;
    }
    /* An absent database is waited for: devices get 503 meanwhile. */
    if (!reached)
        ecs_log_at(NULL, ECS_EV_START, ECS_LOG_WARNING, "the database is not reachable yet: %s", text);
    return ecs_node_run(config, s);
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.config = DEFAULT_CONFIG};

    argp_parse(&parser, argc, argv, 0, NULL, &arguments);
    switch (arguments.action) {
    case CHECK:
    case CHECK_FILES:
        return check(arguments.config, arguments.action == CHECK);
    case SAMPLE:
    case MANUAL:
        return print_tables(arguments.action);
    case RUN:
        break;
    }
    return run(arguments.config);
}
