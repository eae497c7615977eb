/* SPDX-License-Identifier: Apache-2.0 */
/* availability and visited commands. */
#include "ctl.h"

enum ctl_status ctl_availability_list(struct ctl *ctl)
{
    static const char *const columns[] = {"id",           "service",     "state",      "rat",
                                          "brand",        "area",        "source",     "since",
                                          "expected_end", "message_key", "validity_s", NULL};

    return ctl_list(ctl, "/v1/availability", "states", columns);
}

enum ctl_status ctl_availability_set(struct ctl *ctl)
{
    struct ctl_body body;
    int64_t validity;

    if (ctl_has(ctl, CTL_VALIDITY) && !ecs_str_to_i64(ecs_str_of(ctl_get(ctl, CTL_VALIDITY)), &validity))
        return ctl_fail(ctl, CTL_USAGE, "--validity must be a number of seconds");
    ctl_body_begin(&body);
    ecs_json_str(&body.out, "service", ecs_str_of(ctl->arg[0]));
    ecs_json_str(&body.out, "state", ecs_str_of(ctl->arg[1]));
    ctl_body_option(&body, ctl, CTL_RAT, "rat");
    ctl_body_option(&body, ctl, CTL_BRAND, "brand");
    ctl_body_option(&body, ctl, CTL_AREA, "area");
    ctl_body_option(&body, ctl, CTL_MESSAGE, "message_key");
    ctl_body_option(&body, ctl, CTL_FROM, "since");
    ctl_body_option(&body, ctl, CTL_UNTIL, "expected_end");
    if (ctl_has(ctl, CTL_VALIDITY))
        ecs_json_i64(&body.out, "validity_s", validity);
    return ctl_do(ctl, "PUT", "/v1/availability", ctl_body_end(&body));
}

enum ctl_status ctl_availability_clear(struct ctl *ctl)
{
    static const struct {
        enum ctl_option option;
        const char *begin;
    } parts[] = {{CTL_RAT, "rat="}, {CTL_BRAND, "brand="}, {CTL_AREA, "area="}};
    const char *path = "/v1/availability";
    const char *between = "?";

    if (ctl->arg_n) {
        path = ctl_path(ctl, "/v1/availability?service=", ctl->arg[0], "");
        between = "&";
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(parts) && path; i++) {
        const char *front;

        if (!ctl_has(ctl, parts[i].option))
            continue;
        front = ecs_printf(ctl->arena, "%s%s%s", path, between, parts[i].begin);
        path = front ? ctl_path(ctl, front, ctl_get(ctl, parts[i].option), "") : NULL;
        between = "&";
    }
    if (!path)
        return ctl_fail(ctl, CTL_FAILED, "out of memory");
    return ctl_do(ctl, "DELETE", path, NULL);
}

enum ctl_status ctl_availability_remove(struct ctl *ctl)
{
    return ctl_do(ctl, "DELETE", ctl_path(ctl, "/v1/availability/", ctl->arg[0], ""), NULL);
}

/* ---- networks of partners ---- */

enum ctl_status ctl_visited_list(struct ctl *ctl)
{
    static const char *const columns[] = {"plmn", "name", "country", "services", NULL};

    return ctl_list(ctl, ctl_limited(ctl, "/v1/visited-networks"), "networks", columns);
}

enum ctl_status ctl_visited_set(struct ctl *ctl)
{
    struct ctl_body body;
    size_t n;
    const char **services = ctl_values(ctl, CTL_SERVICE, &n);

    ctl_body_begin(&body);
    ctl_body_option(&body, ctl, CTL_NAME, "name");
    ctl_body_option(&body, ctl, CTL_COUNTRY, "country");
    ecs_json_begin(&body.out, "services", '[');
    for (size_t i = 0; i < n; i++)
        if (services[i][0])
            ecs_json_str(&body.out, NULL, ecs_str_of(services[i]));
    ecs_json_end(&body.out, ']');
    return ctl_do(ctl, "PUT", ctl_path(ctl, "/v1/visited-networks/", ctl->arg[0], ""), ctl_body_end(&body));
}

enum ctl_status ctl_visited_remove(struct ctl *ctl)
{
    return ctl_do(ctl, "DELETE", ctl_path(ctl, "/v1/visited-networks/", ctl->arg[0], ""), NULL);
}
