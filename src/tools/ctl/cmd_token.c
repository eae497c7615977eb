/* SPDX-License-Identifier: Apache-2.0 */
/* token issue|end: tokens for third parties by hand. */
#include "ctl.h"

#include <string.h>

/* "120", "120s", "5m", "1h" */
static bool read_life(const char *text, int64_t *ret_seconds)
{
    struct ecs_str s = ecs_str_of(text);
    int64_t unit = 1, number;

    if (s.n && strchr("smh", s.p[s.n - 1])) {
        unit = s.p[s.n - 1] == 'h' ? 3600 : s.p[s.n - 1] == 'm' ? 60 : 1;
        s.n--;
    }
    if (!ecs_str_to_i64(s, &number) || number < 1 || number > 86400)
        return false;
    *ret_seconds = number * unit;
    return true;
}

static void add_list(struct ctl_body *body, const struct ctl *ctl, enum ctl_option option, const char *name)
{
    size_t n;
    const char **values = ctl_values(ctl, option, &n);

    if (!n)
        return;
    ecs_json_begin(&body->out, name, '[');
    for (size_t i = 0; i < n; i++)
        ecs_json_str(&body->out, NULL, ecs_str_of(values[i]));
    ecs_json_end(&body->out, ']');
}

enum ctl_status ctl_token_issue(struct ctl *ctl)
{
    const char *kind = ctl_get(ctl, CTL_KIND), *life = ctl_get(ctl, CTL_LIFE);
    struct ctl_body body;
    int64_t seconds = 0;

    if (!ctl_has(ctl, CTL_APP) || !ctl_has(ctl, CTL_OPERATION))
        return ctl_fail(ctl, CTL_USAGE, "--app and --operation are needed");
    if (life && !read_life(life, &seconds))
        return ctl_fail(ctl, CTL_USAGE, "--life must be a time such as 120s or 5m, at most a day");
    ctl_body_begin(&body);
    ecs_json_str(&body.out, "kind", ecs_str_of(kind ? kind : "temporary"));
    ctl_body_option(&body, ctl, CTL_IMSI, "imsi");
    ctl_body_option(&body, ctl, CTL_APP, "app");
    add_list(&body, ctl, CTL_OPERATION, "operations");
    add_list(&body, ctl, CTL_REQUESTOR, "requestors");
    ctl_body_option(&body, ctl, CTL_DEVICE, "terminal_id");
    ctl_body_option(&body, ctl, CTL_CLIENT, "client_id");
    ctl_body_option(&body, ctl, CTL_SCOPE, "scope");
    if (seconds)
        ecs_json_i64(&body.out, "life_s", seconds);
    return ctl_do(ctl, "POST", "/v1/grants", ctl_body_end(&body));
}

enum ctl_status ctl_token_end(struct ctl *ctl)
{
    struct ctl_body body;

    if (!ctl_has(ctl, CTL_IMSI) == !ctl_has(ctl, CTL_TOKEN))
        return ctl_fail(ctl, CTL_USAGE, "give either --imsi or --token");
    ctl_body_begin(&body);
    ctl_body_option(&body, ctl, CTL_IMSI, "imsi");
    ctl_body_option(&body, ctl, CTL_KIND, "kind");
    ctl_body_option(&body, ctl, CTL_TOKEN, "token");
    return ctl_do(ctl, "POST", "/v1/grants/end", ctl_body_end(&body));
}
