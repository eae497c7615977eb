/* SPDX-License-Identifier: Apache-2.0 */
/* offer, enterprise and family commands: what people keep for eSIM orchestration. */
#include "ctl.h"

#include <string.h>

/* The option as a number member; false: it is none. */
static bool add_number(struct ctl_body *body, const struct ctl *ctl, enum ctl_option option, const char *name)
{
    const char *text = ctl_get(ctl, option);
    int64_t number;

    if (!text)
        return true;
    if (!ecs_str_to_i64(ecs_str_of(text), &number))
        return false;
    ecs_json_i64(&body->out, name, number);
    return true;
}

/* ---- offers ---- */

static const char *offer_path(struct ctl *ctl)
{
    const char *prefix = ctl_path(ctl, "/v1/plan-offers/", ctl->arg[0], "/");

    return prefix ? ctl_path(ctl, prefix, ctl->arg[1], "") : NULL;
}

enum ctl_status ctl_offer_list(struct ctl *ctl)
{
    static const char *const columns[] = {"app",     "offer",        "name", "brand",  "enterprise",
                                          "service", "profile_type", "sort", "active", NULL};

    return ctl_list(ctl, ctl_limited(ctl, "/v1/plan-offers"), "offers", columns);
}

enum ctl_status ctl_offer_set(struct ctl *ctl)
{
    const char *active = ctl_get(ctl, CTL_ACTIVE);
    struct ctl_body body;

    if (active && strcmp(active, "yes") != 0 && strcmp(active, "no") != 0)
        return ctl_fail(ctl, CTL_USAGE, "--active must be yes or no");
    ctl_body_begin(&body);
    ctl_body_option(&body, ctl, CTL_NAME, "name");
    ctl_body_option(&body, ctl, CTL_DESCRIPTION, "description");
    ctl_body_option(&body, ctl, CTL_BRAND, "brand");
    ctl_body_option(&body, ctl, CTL_ENTERPRISE, "enterprise");
    ctl_body_option(&body, ctl, CTL_SERVICE, "service");
    ctl_body_option(&body, ctl, CTL_PROFILE_TYPE, "profile_type");
    if (active)
        ecs_json_bool(&body.out, "active", active[0] == 'y');
    if (!add_number(&body, ctl, CTL_SORT, "sort")) {
        ecs_buf_done(&body.buf);
        return ctl_fail(ctl, CTL_USAGE, "--sort must be a number");
    }
    return ctl_do(ctl, "PUT", offer_path(ctl), ctl_body_end(&body));
}

enum ctl_status ctl_offer_remove(struct ctl *ctl)
{
    return ctl_do(ctl, "DELETE", offer_path(ctl), NULL);
}

/* ---- enterprises ---- */

static const char *enterprise_path(struct ctl *ctl)
{
    return ctl_path(ctl, "/v1/enterprises/", ctl->arg[0], "");
}

enum ctl_status ctl_enterprise_list(struct ctl *ctl)
{
    static const char *const columns[] = {"enterprise",  "name",    "state", "brand",
                                          "max_devices", "devices", NULL};

    return ctl_list(ctl, ctl_limited(ctl, "/v1/enterprises"), "enterprises", columns);
}

enum ctl_status ctl_enterprise_show(struct ctl *ctl)
{
    return ctl_do(ctl, "GET", enterprise_path(ctl), NULL);
}

enum ctl_status ctl_enterprise_set(struct ctl *ctl)
{
    struct ctl_body body;

    ctl_body_begin(&body);
    ctl_body_option(&body, ctl, CTL_NAME, "name");
    ctl_body_option(&body, ctl, CTL_STATE, "state");
    ctl_body_option(&body, ctl, CTL_BRAND, "brand");
    if (!add_number(&body, ctl, CTL_MAX_DEVICES, "max_devices")) {
        ecs_buf_done(&body.buf);
        return ctl_fail(ctl, CTL_USAGE, "--max-devices must be a number");
    }
    return ctl_do(ctl, "PUT", enterprise_path(ctl), ctl_body_end(&body));
}

enum ctl_status ctl_enterprise_remove(struct ctl *ctl)
{
    return ctl_do(ctl, "DELETE", enterprise_path(ctl), NULL);
}

/* ---- families ---- */

static const char *family_path(struct ctl *ctl)
{
    const char *prefix = ctl_path(ctl, "/v1/subscribers/", ctl->arg[0], "/family/");

    return prefix ? ctl_path(ctl, prefix, ctl->arg[1], "") : NULL;
}

enum ctl_status ctl_family_list(struct ctl *ctl)
{
    static const char *const columns[] = {"imsi", "other", "role", NULL};

    return ctl_list(ctl, ctl_path(ctl, "/v1/subscribers/", ctl->arg[0], "/family"), "family", columns);
}

enum ctl_status ctl_family_add(struct ctl *ctl)
{
    return ctl_do(ctl, "PUT", family_path(ctl), NULL);
}

enum ctl_status ctl_family_remove(struct ctl *ctl)
{
    return ctl_do(ctl, "DELETE", family_path(ctl), NULL);
}
