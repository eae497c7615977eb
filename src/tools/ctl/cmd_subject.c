/* SPDX-License-Identifier: Apache-2.0 */
/* subject list|add|remove: accounts at identity providers. The import is in cmd_import.c. */
#include "ctl.h"

static const char *path_of(struct ctl *ctl, const char *suffix)
{
    const char *line = ctl_path(ctl, "/v1/subscribers/", ctl->arg[0], "/subjects/");

    return ctl_path(ctl, line, ctl->arg[1], suffix);
}

enum ctl_status ctl_subject_list(struct ctl *ctl)
{
    return ctl_do(ctl, "GET", ctl_path(ctl, "/v1/subscribers/", ctl->arg[0], "/subjects"), NULL);
}

enum ctl_status ctl_subject_add(struct ctl *ctl)
{
    struct ctl_body body;

    ctl_body_begin(&body);
    ecs_json_str(&body.out, "subject", ecs_str_of(ctl->arg[2]));
    return ctl_do(ctl, "PUT", path_of(ctl, ""), ctl_body_end(&body));
}

enum ctl_status ctl_subject_remove(struct ctl *ctl)
{
    return ctl_do(ctl, "DELETE", ctl_path(ctl, path_of(ctl, "?subject="), ctl->arg[2], ""), NULL);
}
