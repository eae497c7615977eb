/* SPDX-License-Identifier: Apache-2.0 */
/* data, boost, billing, satellite: what the plain applications (ap2010, ap2012, ap2013, ap2016) go by. */
#include "ctl.h"

#include <string.h>

enum { FILE_MAX = 256 * 1024 };

static const char *line_path(struct ctl *ctl)
{
    return ctl_path(ctl, "/v1/subscribers/", ctl->arg[0], "/data");
}

enum ctl_status ctl_data_show(struct ctl *ctl)
{
    return ctl_do(ctl, "GET", line_path(ctl), NULL);
}

enum ctl_status ctl_data_plan(struct ctl *ctl)
{
    return ctl_do(ctl, "GET", ctl_path(ctl, "/v1/plans/", ctl->arg[0], "/data"), NULL);
}

/* A JSON object in a file, "-": standard input. */
static enum ctl_status read_body(struct ctl *ctl, const char *path, struct ecs_buf *ret_body)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    char chunk[4096];
    size_t n;

    *ret_body = (struct ecs_buf){.limit = FILE_MAX};
    if (!file)
        return ctl_fail(ctl, CTL_FAILED, "%s cannot be read: %m", path);
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        ecs_buf_add(ret_body, chunk, n);
    if (file != stdin)
        fclose(file);
    if (!ret_body->overflow)
        return CTL_OK;
    ecs_buf_done(ret_body);
    return ctl_fail(ctl, CTL_FAILED, "%s is larger than %d bytes", path, FILE_MAX);
}

static enum ctl_status put_file(struct ctl *ctl, const char *target, const char *path)
{
    struct ecs_buf body;
    enum ctl_status status = read_body(ctl, path, &body);

    return status == CTL_OK ? ctl_do(ctl, "PUT", target, &body) : status;
}

enum ctl_status ctl_data_set(struct ctl *ctl)
{
    return put_file(ctl, line_path(ctl), ctl->arg[1]);
}

enum ctl_status ctl_data_plan_set(struct ctl *ctl)
{
    return put_file(ctl, ctl_path(ctl, "/v1/plans/", ctl->arg[0], "/data"), ctl->arg[1]);
}

static enum ctl_status boost(struct ctl *ctl, const char *kind, const char *key)
{
    struct ctl_body body;
    char *end;
    long type = strtol(ctl->arg[1], &end, 10);

    if (*end || end == ctl->arg[1] || type < 0 || type > 255)
        return ctl_fail(ctl, CTL_USAGE, "TYPE is a number from 0 to 255");
    ctl_body_begin(&body);
    ecs_json_str(&body.out, "kind", ecs_str_of(kind));
    ecs_json_i64(&body.out, "boost_type", type);
    if (key)
        ecs_json_str(&body.out, "key", ecs_str_of(key));
    return ctl_do(ctl, "PUT", line_path(ctl), ctl_body_end(&body));
}

enum ctl_status ctl_boost_buy(struct ctl *ctl)
{
    return boost(ctl, "boost", ctl->arg[2]);
}

enum ctl_status ctl_boost_end(struct ctl *ctl)
{
    return boost(ctl, "boost-end", NULL);
}

enum ctl_status ctl_billing_set(struct ctl *ctl)
{
    struct ctl_body body;

    ctl_body_begin(&body);
    ecs_json_str(&body.out, "kind", ECS_STR("billing"));
    ecs_json_str(&body.out, "store_vendor", ecs_str_of(ctl->arg[1]));
    ecs_json_str(&body.out, "store_user_id", ecs_str_of(ctl->arg[2]));
    ecs_json_str(&body.out, "state", ecs_str_of(ctl->arg[3]));
    return ctl_do(ctl, "PUT", line_path(ctl), ctl_body_end(&body));
}

enum ctl_status ctl_satellite_list(struct ctl *ctl)
{
    static const char *const columns[] = {"plmn", "plan",  "brand", "barred", "metered",
                                          "data", "voice", "sort",  NULL};

    return ctl_list(ctl, "/v1/satellite-networks", "networks", columns);
}

enum ctl_status ctl_satellite_set(struct ctl *ctl)
{
    return put_file(ctl, ctl_path(ctl, "/v1/satellite-networks/", ctl->arg[0], ""), ctl->arg[1]);
}

/* Those of a plan and those of a brand are others than those of all. */
enum ctl_status ctl_satellite_remove(struct ctl *ctl)
{
    const char *path = ctl_path(ctl, "/v1/satellite-networks/", ctl->arg[0], "");

    if (ctl_has(ctl, CTL_PLAN) && ctl_has(ctl, CTL_BRAND))
        return ctl_fail(ctl, CTL_USAGE, "--plan and --brand do not go together");
    if (ctl_has(ctl, CTL_PLAN))
        path = ctl_path(ctl, ctl_path(ctl, "/v1/satellite-networks/", ctl->arg[0], "?plan="),
                        ctl_get(ctl, CTL_PLAN), "");
    else if (ctl_has(ctl, CTL_BRAND))
        path = ctl_path(ctl, ctl_path(ctl, "/v1/satellite-networks/", ctl->arg[0], "?brand="),
                        ctl_get(ctl, CTL_BRAND), "");
    return ctl_do(ctl, "DELETE", path, NULL);
}
