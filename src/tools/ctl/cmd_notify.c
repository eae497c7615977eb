/* SPDX-License-Identifier: Apache-2.0 */
/* notify, notify status, notify cancel. */
#include "ctl.h"

#include <string.h>

/* "ap2003,ap2004", also repeated. */
static void add_apps(struct ctl_body *body, const struct ctl *ctl)
{
    size_t n;
    const char **values = ctl_values(ctl, CTL_APP, &n);

    if (!n)
        return;
    ecs_json_begin(&body->out, "apps", '[');
    for (size_t i = 0; i < n; i++) {
        struct ecs_str rest = ecs_str_of(values[i]), part;

        while (ecs_str_cut(&rest, ',', &part))
            ecs_json_str(&body->out, NULL, ecs_str_trim(part));
    }
    ecs_json_end(&body->out, ']');
}

/* 90, 90s, 15m, 2h, 1d */
static bool read_seconds(const char *text, int64_t *ret_seconds)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    struct ecs_str digits = ecs_str_of(text);
    int64_t factor = 1, number;

    for (size_t i = 0; digits.n > 1 && i < ECS_ARRAY_LEN(units); i++)
        if (text[digits.n - 1] == units[i].unit) {
            factor = units[i].seconds;
            digits.n--;
            break;
        }
    if (!ecs_str_is_digits(digits) || digits.n > 8 || !ecs_str_to_i64(digits, &number))
        return false;
    *ret_seconds = number * factor;
    return true;
}

static enum ctl_status notify_one(struct ctl *ctl, const char *imsi)
{
    struct ctl_body body;

    if (ctl_has(ctl, CTL_SPREAD))
        return ctl_fail(ctl, CTL_USAGE, "--spread is for --plan and --all");
    ctl_body_begin(&body);
    add_apps(&body, ctl);
    return ctl_do(ctl, "POST", ctl_path(ctl, "/v1/subscribers/", imsi, "/notify"), ctl_body_end(&body));
}

static enum ctl_status notify_many(struct ctl *ctl)
{
    struct ctl_body body;
    int64_t spread_s = -1;

    if (ctl_has(ctl, CTL_SPREAD) && !read_seconds(ctl_get(ctl, CTL_SPREAD), &spread_s))
        return ctl_fail(ctl, CTL_USAGE, "--spread must be a time such as 90s, 15m or 2h");
    ctl_body_begin(&body);
    ctl_body_option(&body, ctl, CTL_PLAN, "plan");
    if (ctl_has(ctl, CTL_ALL))
        ecs_json_bool(&body.out, "all", true);
    add_apps(&body, ctl);
    if (spread_s >= 0)
        ecs_json_i64(&body.out, "spread_s", spread_s);
    return ctl_do(ctl, "POST", "/v1/campaigns", ctl_body_end(&body));
}

enum ctl_status ctl_notify(struct ctl *ctl)
{
    int given = (int)ctl->arg_n + ctl_has(ctl, CTL_MSISDN) + ctl_has(ctl, CTL_PLAN) + ctl_has(ctl, CTL_ALL);

    if (given != 1)
        return ctl_fail(ctl, CTL_USAGE, "give one of: an IMSI, --msisdn, --plan, --all");
    if (ctl_has(ctl, CTL_MSISDN))
        return ctl_each_line(ctl, ctl_get(ctl, CTL_MSISDN), notify_one);
    if (ctl->arg_n)
        return ctl->arg[0][0] == '+' ? ctl_each_line(ctl, ctl->arg[0], notify_one)
                                     : notify_one(ctl, ctl->arg[0]);
    return notify_many(ctl);
}

enum ctl_status ctl_notify_status(struct ctl *ctl)
{
    return ctl_do(ctl, "GET", "/v1/notifications", NULL);
}

enum ctl_status ctl_notify_cancel(struct ctl *ctl)
{
    return ctl_do(ctl, "DELETE", ctl_path(ctl, "/v1/campaigns/", ctl->arg[0], ""), NULL);
}
