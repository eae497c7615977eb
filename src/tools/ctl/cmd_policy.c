/* SPDX-License-Identifier: Apache-2.0 */
/* policy check, policy test: files only, no daemon, no database. */
#include "ctl.h"

#include <inttypes.h>

#include "ecs/messages.h"
#include "ecs/policy.h"
#include "policy.h"

enum ctl_status ctl_policy_directory(struct ctl *ctl, const char *given, const char **ret_directory)
{
    const struct ecs_policy_conf *policy;
    enum ctl_status status;

    *ret_directory = given;
    if (given)
        return CTL_OK;
    status = ctl_load(ctl);
    if (status != CTL_OK)
        return status;
    policy = ecs_conf_get(ctl->conf, "policy");
    *ret_directory = policy->directory;
    return CTL_OK;
}

enum ctl_status ctl_policy_load(struct ctl *ctl, const char *directory, struct ecs_policy **ret_policy)
{
    struct ecs_faults faults, warnings;

    ecs_faults_init(&faults, ctl->arena);
    ecs_faults_init(&warnings, ctl->arena);
    *ret_policy = ecs_policy_load(directory, &faults, &warnings);
    ctl_print_faults("warning", &warnings);
    ctl_print_faults("error", &faults);
    if (*ret_policy)
        return CTL_OK;
    return ctl_fail(ctl, CTL_FAILED, "%s: %u fault%s; the policy cannot be used", directory, faults.count,
                    faults.count == 1 ? "" : "s");
}

/* Every text that the policy names is in the catalogues. */
static enum ctl_status check_messages(struct ctl *ctl, const char *directory, const struct ecs_policy *policy)
{
    struct ecs_faults faults, warnings;
    struct ecs_messages *messages;
    const struct ecs_device_conf *device = ctl->conf ? ecs_conf_get(ctl->conf, "device") : NULL;

    ecs_faults_init(&faults, ctl->arena);
    ecs_faults_init(&warnings, ctl->arena);
    messages = ecs_messages_load(directory, device ? device->default_language : "en", &faults, &warnings);
    if (messages)
        (void)ecs_messages_check_policy(messages, policy, &faults);
    ecs_messages_free(messages);
    ctl_print_faults("warning", &warnings);
    ctl_print_faults("error", &faults);
    return faults.count ? ctl_fail(ctl, CTL_FAILED, "%s: %u faults in the texts", directory, faults.count)
                        : CTL_OK;
}

enum ctl_status ctl_policy_check(struct ctl *ctl)
{
    const char *directory, *messages = ctl_get(ctl, CTL_MESSAGES);
    struct ecs_policy *policy = NULL;
    enum ctl_status status = ctl_policy_directory(ctl, ctl->arg_n ? ctl->arg[0] : NULL, &directory);

    if (status == CTL_OK)
        status = ctl_policy_load(ctl, directory, &policy);
    if (status == CTL_OK && !messages && ctl->conf)
        messages = ((const struct ecs_policy_conf *)ecs_conf_get(ctl->conf, "policy"))->messages;
    if (status == CTL_OK && messages)
        status = check_messages(ctl, messages, policy);
    if (status == CTL_OK && ctl->json)
        printf("{\"policy\":\"%016" PRIx64 "\"}\n", ecs_policy_hash(policy));
    else if (status == CTL_OK)
        printf("%s: good, policy %016" PRIx64 "\n", directory, ecs_policy_hash(policy));
    ecs_policy_free(policy);
    return status;
}

enum ctl_status ctl_policy_test(struct ctl *ctl)
{
    struct ecs_policy_result result = {0};
    struct ecs_policy *policy = NULL;
    struct ecs_faults faults;
    struct ecs_buf out = {0};
    const char *directory;
    bool good = true;
    enum ctl_status status = ctl_policy_directory(ctl, ctl_get(ctl, CTL_POLICY), &directory);

    if (status == CTL_OK)
        status = ctl_policy_load(ctl, directory, &policy);
    if (status != CTL_OK)
        return status;
    ecs_faults_init(&faults, ctl->arena);
    for (size_t i = 0; i < ctl->arg_n; i++)
        good = ecs_policy_test(policy, ctl->arg[i], &faults, &out, &result) && good;
    ecs_policy_free(policy);
    fwrite(out.p ? out.p : "", 1, out.n, stderr);
    ctl_print_faults("error", &faults);
    good = good && !out.overflow;
    ecs_buf_done(&out);
    if (ctl->json)
        printf("{\"cases\":%u,\"failed\":%u,\"faults\":%u}\n", result.cases, result.failed, faults.count);
    else
        printf("%u cases, %u failed\n", result.cases, result.failed);
    return good ? CTL_OK : CTL_FAILED;
}
