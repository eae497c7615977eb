/* SPDX-License-Identifier: Apache-2.0 */
/* status, reload, config, db. */
#include "ctl.h"

#include <time.h>

#include "ecs/policy.h"
#include "ecs/schema.h"

enum { RELOAD_WAIT_MS = 10000, RELOAD_POLL_MS = 50 };

enum ctl_status ctl_status(struct ctl *ctl)
{
    return ctl_do(ctl, "GET", "/v1/status", NULL);
}

static long long number_of(const json_t *json, const char *name)
{
    return (long long)json_integer_value(json_object_get(json, name));
}

static enum ctl_status poll_status(struct ctl *ctl, json_t **ret_json)
{
    struct timespec pause = {0, RELOAD_POLL_MS * 1000000L};

    nanosleep(&pause, NULL);
    return ctl_call(ctl, "GET", "/v1/status", NULL, ret_json);
}

/* The workers take the new policy from their mailboxes a moment after the counter has grown. */
static enum ctl_status tell_reloaded(struct ctl *ctl)
{
    json_t *now = NULL;
    enum ctl_status status = poll_status(ctl, &now);

    if (status != CTL_OK)
        return status;
    if (ctl->json)
        ctl_print_json(now);
    else
        printf("reloaded; policy %s\n", ctl_cell(ctl, json_object_get(now, "policy_hash")));
    return CTL_OK;
}

/* Asks for the reload, then waits until the daemon has taken or refused it. */
enum ctl_status ctl_reload(struct ctl *ctl)
{
    json_t *before = NULL, *now = NULL;
    enum ctl_status status = ctl_call(ctl, "POST", "/v1/reload", NULL, &before);

    for (int waited = 0; status == CTL_OK && waited < RELOAD_WAIT_MS; waited += RELOAD_POLL_MS) {
        status = poll_status(ctl, &now);
        if (status != CTL_OK)
            break;
        if (number_of(now, "reload_failures") > number_of(before, "reload_failures"))
            return ctl_fail(
                ctl, CTL_FAILED,
                "refused: the former configuration stays; the faults are in the daemon's log (and in "
                "entitlementd --check)");
        if (number_of(now, "reloads") > number_of(before, "reloads"))
            return tell_reloaded(ctl);
    }
    return status != CTL_OK ? status
                            : ctl_fail(ctl, CTL_FAILED, "the daemon did not tell an outcome within 10 s");
}

enum ctl_status ctl_config_show(struct ctl *ctl)
{
    return ctl_do(ctl, "GET", "/v1/config", NULL);
}

enum ctl_status ctl_config_sample(struct ctl *ctl)
{
    struct ecs_buf buf = {0};

    ecs_conf_write_sample(ecs_sections, &buf);
    return ctl_print_buf(ctl, &buf);
}

enum ctl_status ctl_config_manual(struct ctl *ctl)
{
    struct ecs_buf buf = {0};

    ecs_conf_write_manual(ecs_sections, &buf);
    ecs_rules_write_manual(&buf);
    return ctl_print_buf(ctl, &buf);
}

/* ---- database ---- */

static void print_schema(const struct ctl *ctl, const struct ecs_schema_status *s)
{
    if (ctl->json)
        printf("{\"state\":\"%s\",\"database\":%u,\"program\":%u}\n", ecs_schema_state_name(s->state),
               s->database, s->program);
    else
        printf("schema: %s (database %u, program %u)\n", ecs_schema_state_name(s->state), s->database,
               s->program);
}

static const char *schema_advice(enum ecs_schema_state state)
{
    static const char *const advice[] = {
        [ECS_SCHEMA_EMPTY] = "run: entitlementctl db upgrade",
        [ECS_SCHEMA_OLD] = "run: entitlementctl db upgrade",
        [ECS_SCHEMA_NEWER] = "the database was made by a newer program: use that",
        [ECS_SCHEMA_MODIFIED] =
            "an applied schema file differs from this program's: use the program that applied it",
    };

    return advice[state];
}

enum ctl_status ctl_db_status(struct ctl *ctl)
{
    struct ecs_pg_sync *sync = NULL;
    struct ecs_schema_status s;
    enum ctl_status status = ctl_database(ctl, &sync);
    enum ecs_rc rc;

    if (status != CTL_OK)
        return status;
    rc = ecs_schema_status(sync, &s);
    if (rc != ECS_OK) {
        status = ctl_database_failed(ctl, sync, rc);
    } else {
        print_schema(ctl, &s);
        if (s.state != ECS_SCHEMA_CURRENT)
            status = ctl_fail(ctl, CTL_FAILED, "%s", schema_advice(s.state));
    }
    ecs_pg_sync_free(sync);
    return status;
}

enum ctl_status ctl_db_upgrade(struct ctl *ctl)
{
    struct ecs_pg_sync *sync = NULL;
    struct ecs_schema_status s;
    unsigned applied = 0;
    enum ctl_status status = ctl_database(ctl, &sync);
    enum ecs_rc rc;

    if (status != CTL_OK)
        return status;
    rc = ecs_schema_upgrade(sync, &applied);
    if (rc == ECS_E_CONFLICT && ecs_schema_status(sync, &s) == ECS_OK && s.state != ECS_SCHEMA_CURRENT)
        status = ctl_fail(ctl, CTL_FAILED, "nothing was changed: %s", schema_advice(s.state));
    else if (rc != ECS_OK)
        status = ctl_database_failed(ctl, sync, rc);
    else if (ctl->json)
        printf("{\"applied\":%u}\n", applied);
    else if (applied)
        printf("%u schema file%s applied\n", applied, applied == 1 ? "" : "s");
    else
        printf("the schema is current: nothing to do\n");
    ecs_pg_sync_free(sync);
    return status;
}
