/* SPDX-License-Identifier: Apache-2.0 */
/* Options of the commands, one array for each kind of command. */
#pragma once

#include <argp.h>

extern const struct argp_option ctl_none_options[], ctl_import_options[], ctl_show_options[],
    ctl_subscriber_options[], ctl_revoke_options[], ctl_service_options[], ctl_plan_options[],
    ctl_brand_options[], ctl_mark_options[], ctl_limit_options[], ctl_notice_options[], ctl_explain_options[],
    ctl_state_options[], ctl_state_clear_options[], ctl_visited_options[],
    ctl_policy_check_options[], ctl_policy_test_options[], ctl_policy_compare_options[], ctl_key_options[],
    ctl_token_options[], ctl_token_end_options[], ctl_order_options[], ctl_notify_options[],
    ctl_audit_options[], ctl_journey_list_options[], ctl_profile_options[], ctl_offer_options[],
    ctl_enterprise_options[], ctl_satellite_options[],
    ctl_qos_list_options[], ctl_qos_apply_options[], ctl_qos_plan_options[],
    ctl_selftest_options[];
