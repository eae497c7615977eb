/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of tokens for third parties: rows of section "grants". */
#include "grant_priv.h"

const struct ecs_setting ecs_grant_settings[] = {
    {ECS_KEY(DURATION_S, "temporary_life", struct ecs_grant_conf, temporary_life_s), .def = "5m", .min = 10,
     .max = 86400,
     .help = "Longest life of a temporary token (TS.43 2.8.6). Number verification demands five minutes at "
             "most; transfers between phones that wait for a profile may need more."},
    {ECS_KEY(DURATION_S, "operator_life", struct ecs_grant_conf, operator_life_s), .def = "10m", .min = 10,
     .max = 86400, .help = "Longest life of an operator token (TS.43 14.1)."},
    {ECS_KEY(DURATION_S, "app_life", struct ecs_grant_conf, app_life_s), .def = "5m", .min = 10, .max = 3600,
     .help = "Longest life of an App token (TS.43 14.2)."},
    {ECS_KEY(STRING_LIST, "uses", struct ecs_grant_conf, uses),
     .def = "CheckEligibility=5, ManageSubscription=10, AcquireConfiguration=100", .max = 32,
     .help = "How often a temporary token serves an operation: \"GetPhoneNumber=1\". Operations that are not "
             "named: once. Transfers call several times with one token and poll for their profile."},
    {ECS_KEY(INT, "operator_uses", struct ecs_grant_conf, operator_uses), .def = "0", .min = 0,
     .max = 1000000, .unit = "uses",
     .help = "How often an operator token serves each operation; 0: until it expires."},
    {ECS_KEY(DURATION_S, "repeat", struct ecs_grant_conf, repeat_s), .def = "10s", .min = 0, .max = 60,
     .help = "So long an equal request of the same third party counts as a repetition of the first and is "
             "answered although the token was used. 0: never."},
    {ECS_KEY(INT, "per_subscriber", struct ecs_grant_conf, per_subscriber), .def = "20", .min = 1,
     .max = 10000, .unit = "tokens", .help = "Tokens of one subscriber that may be valid at the same time."},
    {0},
};

bool ecs_grant_settings_check(const void *section, struct ecs_faults *faults,
                              const struct ecs_yaml_node *node)
{
    const struct ecs_grant_conf *conf = section;
    enum ecs_operation operation;
    int64_t uses;
    bool good = true;

    for (size_t i = 0; i < conf->uses.n; i++)
        if (!grant_uses_read(conf->uses.items[i], &operation, &uses)) {
            ecs_fault_at(faults, ecs_yaml_get(node, "uses"),
                         "uses: \"%.*s\" is not of the form \"ManageSubscription=10\" (1 to 1000000)",
                         ECS_FMT(conf->uses.items[i]));
            good = false;
        }
    return good;
}
