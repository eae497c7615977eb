/* SPDX-License-Identifier: Apache-2.0 */
/* plan, brand, device and notice commands. */
#include "ctl.h"

#include <string.h>

#include "ecs/ids.h"

enum ctl_status ctl_plan_list(struct ctl *ctl)
{
    static const char *const columns[] = {"plan", "name", "features", "brand", NULL};

    return ctl_list(ctl, "/v1/plans", "plans", columns);
}

enum ctl_status ctl_plan_show(struct ctl *ctl)
{
    return ctl_do(ctl, "GET", ctl_path(ctl, "/v1/plans/", ctl->arg[0], ""), NULL);
}

enum ctl_status ctl_plan_set(struct ctl *ctl)
{
    struct ctl_body body;
    size_t n;
    const char **features = ctl_values(ctl, CTL_FEATURE, &n);

    ctl_body_begin(&body);
    ctl_body_option(&body, ctl, CTL_NAME, "name");
    ctl_body_option(&body, ctl, CTL_BRAND, "brand");
    if (n) {
        ecs_json_begin(&body.out, "features", '[');
        for (size_t i = 0; i < n; i++)
            if (features[i][0]) /* --feature "" alone: none */
                ecs_json_str(&body.out, NULL, ecs_str_of(features[i]));
        ecs_json_end(&body.out, ']');
    }
    return ctl_do(ctl, "PUT", ctl_path(ctl, "/v1/plans/", ctl->arg[0], ""), ctl_body_end(&body));
}

enum ctl_status ctl_brand_set(struct ctl *ctl)
{
    struct ctl_body body;

    if (!ctl_has(ctl, CTL_NAME))
        return ctl_fail(ctl, CTL_USAGE, "--name is needed");
    ctl_body_begin(&body);
    ctl_body_option(&body, ctl, CTL_NAME, "name");
    ctl_body_option(&body, ctl, CTL_LANGUAGE, "default_language");
    return ctl_do(ctl, "PUT", ctl_path(ctl, "/v1/brands/", ctl->arg[0], ""), ctl_body_end(&body));
}

/* ---- devices ---- */

enum ctl_status ctl_device_show(struct ctl *ctl)
{
    const char *device = ctl->arg[0];
    size_t n = strlen(device);
    struct ecs_terminal_id id;
    char tac[9];
    enum ctl_status status = CTL_OK;

    if (!ecs_terminal_id_parse(ecs_str_of(device), &id))
        return ctl_fail(ctl, CTL_USAGE, "expected a TAC, an IMEI, a UUID or an EID");
    snprintf(tac, sizeof(tac), "%s", n == 8 ? device : id.tac);
    if (tac[0])
        status = ctl_do(ctl, "GET", ctl_path(ctl, "/v1/devices/models/", tac, ""), NULL);
    if (status == CTL_UNREACHABLE || n == 8)
        return status;
    return ctl_do(ctl, "GET", ctl_path(ctl, "/v1/devices/", device, ""), NULL);
}

enum ctl_status ctl_device_mark(struct ctl *ctl)
{
    const char *path = ctl_path(ctl, "/v1/devices/", ctl->arg[0], "");
    struct ctl_body body;

    if (strcmp(ctl->arg[1], "none") == 0)
        return ctl_do(ctl, "DELETE", path, NULL);
    ctl_body_begin(&body);
    ecs_json_str(&body.out, "state", ecs_str_of(ctl->arg[1]));
    ctl_body_option(&body, ctl, CTL_REASON, "reason");
    return ctl_do(ctl, "PUT", path, ctl_body_end(&body));
}

/* ---- notices ---- */

enum ctl_status ctl_notice_list(struct ctl *ctl)
{
    static const char *const columns[] = {"id",      "service", "effect",      "active",     "starts_at",
                                          "ends_at", "brand",   "message_key", "validity_s", NULL};

    return ctl_list(ctl, ctl_limited(ctl, "/v1/notices"), "notices", columns);
}

enum ctl_status ctl_notice_add(struct ctl *ctl)
{
    struct ctl_body body;
    int64_t validity;

    if (!ctl_has(ctl, CTL_UNTIL))
        return ctl_fail(ctl, CTL_USAGE, "--until is needed");
    if (ctl_has(ctl, CTL_VALIDITY) && !ecs_str_to_i64(ecs_str_of(ctl_get(ctl, CTL_VALIDITY)), &validity))
        return ctl_fail(ctl, CTL_USAGE, "--validity must be a number of seconds");
    ctl_body_begin(&body);
    ecs_json_str(&body.out, "service", ecs_str_of(ctl->arg[0]));
    ecs_json_str(&body.out, "message_key", ecs_str_of(ctl->arg[1]));
    ecs_json_str(&body.out, "effect",
                 ecs_str_of(ctl_has(ctl, CTL_EFFECT) ? ctl_get(ctl, CTL_EFFECT) : "info"));
    ctl_body_option(&body, ctl, CTL_FROM, "starts_at");
    ctl_body_option(&body, ctl, CTL_UNTIL, "ends_at");
    ctl_body_option(&body, ctl, CTL_BRAND, "brand");
    if (ctl_has(ctl, CTL_VALIDITY))
        ecs_json_i64(&body.out, "validity_s", validity);
    return ctl_do(ctl, "POST", "/v1/notices", ctl_body_end(&body));
}

enum ctl_status ctl_notice_remove(struct ctl *ctl)
{
    return ctl_do(ctl, "DELETE", ctl_path(ctl, "/v1/notices/", ctl->arg[0], ""), NULL);
}

/* ---- orders, audit ---- */

enum ctl_status ctl_orders_list(struct ctl *ctl)
{
    static const char *const columns[] = {"id", "imsi", "service", "requested_at", NULL};

    return ctl_list(ctl, ctl_limited(ctl, "/v1/orders"), "orders", columns);
}

enum ctl_status ctl_orders_done(struct ctl *ctl)
{
    struct ctl_body body;

    ctl_body_begin(&body);
    ecs_json_bool(&body.out, "provisioned", !ctl_has(ctl, CTL_REFUSED));
    return ctl_do(ctl, "POST", ctl_path(ctl, "/v1/orders/", ctl->arg[0], "/done"), ctl_body_end(&body));
}

enum ctl_status ctl_audit(struct ctl *ctl)
{
    static const char *const columns[] = {"id", "at", "actor", "action", "subject", "detail", NULL};

    return ctl_list(ctl, ctl_limited(ctl, "/v1/audit"), "audit", columns);
}
