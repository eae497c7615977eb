/* SPDX-License-Identifier: Apache-2.0 */
/* Policies from texts, and looking into lists of faults; for the tests of this module. */
#pragma once

#include "ecs/buf.h"
#include "ecs/policy.h"
#include "ecs/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define VOICE_DEFAULT                                                                                        \
    "default: { all: by-line-state, all-message: none, lte-irat: none, nr-irat: none,\n"                     \
    "           start-provisioning: yes, validity: 2d, validity-pending: 5m }\n"
#define VOWIFI_DEFAULT                                                                                       \
    "default: { offer: yes, message: none, terms: required, terms-version: 0, address: required,\n"          \
    "           address-expired: missing, provisioning: tracked, start-provisioning: yes,\n"                 \
    "           flow-url: portal, flow-data: none, show-flow-when-enabled: yes, flow-hold: 30s,\n"           \
    "           validity: 2d, validity-pending: 5m }\n"
#define SMSOIP_DEFAULT                                                                                       \
    "default: { status: by-line-state, start-provisioning: yes, validity: 2d, validity-pending: 5m }\n"

#define FLOW_DEFAULT "flow-url: none, flow-data: none, flow-type: query, flow-encoded: yes"
#define DATAPLAN_DEFAULT                                                                                     \
    "default: { plan: yes, boosts: yes, usage: yes, sa: by-plan, targets: yes, boost: by-plan,\n"           \
    "           tracking: tracked, buy-provisioning: not-provisioned, validity: 1d,\n"                      \
    "           validity-pending: 1m, " FLOW_DEFAULT " }\n"
#define BILLING_DEFAULT                                                                                      \
    "default: { offer: yes, message: none, terms: required, activation: local, terms-way: page,\n"          \
    "           dialog: no, dialog-title: none, dialog-text: none, dialog-accept: yes,\n"                   \
    "           dialog-reject: yes, dialog-names: lower, validity: 1d, validity-pending: 1m,\n"             \
    "           " FLOW_DEFAULT " }\n"
#define IDENTITY_DEFAULT                                                                                     \
    "default: { eligibility: enabled, type: pseudonym, life: 0s, encoded: no, validity: 1d }\n"
#define SATMODE_DEFAULT                                                                                      \
    "default: { offer: yes, message: none, terms: required, terms-version: 0, provisioning: tracked,\n"     \
    "           start-provisioning: yes, barred: yes, validity: 1d, validity-pending: 1m,\n"                \
    "           " FLOW_DEFAULT " }\n"

#define ODSA_DEFAULT                                                                                         \
    "message: none, provider: none, profile-type: none, delivery: code, failed-message: none,\n"             \
    "           cancel: yes, switch: yes, validity: 2d, validity-pending: 5m"
#define WEB_DEFAULT                                                                                          \
    "not-enabled-url: none, not-enabled-data: none, not-enabled-type: query, old-ends: after, manage: "      \
    "done,\n"                                                                                                \
    "           manage-service: yes, portal-url: none, portal-data: none, portal-type: query,\n"             \
    "           portal-encoded: yes, token-all: no"
#define COMPANION_DEFAULT                                                                                    \
    "default: { eligibility: enabled, services: yes, subscribe: download, transfer: download,\n"             \
    "           " WEB_DEFAULT ", " ODSA_DEFAULT " }\n"
#define PRIMARY_DEFAULT                                                                                      \
    "default: { eligibility: enabled, eligibility-polling: 0s, activation: download,\n"                      \
    "           demand-redownloadable: no, question: none, question-title: none, question-accept: none,\n"   \
    "           question-reject: none, question-text: no, question-hint: none, question-pattern: none,\n"    \
    "           question-error: none, " WEB_DEFAULT ", " ODSA_DEFAULT " }\n"
#define ENTERPRISE_DEFAULT "default: { eligibility: enabled, subscribe: download, " ODSA_DEFAULT " }\n"

#define USERINFO_DEFAULT                                                                                     \
    "default: { number: yes, verify: yes, subscriber-info: yes, sim-id: hash, mvno-name: brand,\n"            \
    "           demand-proof: no, token-all: yes, message: none, validity: 2d }\n"
#define APPAUTH_DEFAULT                                                                                      \
    "default: { operator-token: yes, device-info: yes, imsi: no, verify: yes, app-info: yes,\n"               \
    "           demand-proof: no, token-all: yes, message: none, validity: 2d }\n"

struct fixture {
    struct ecs_arena *arena;
    struct ecs_faults faults, warnings;
    struct ecs_policy *policy;
};

static inline int set_up(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof(f));
    f.arena = ecs_arena_new(NULL, 0);
    ecs_faults_init(&f.faults, f.arena);
    ecs_faults_init(&f.warnings, f.arena);
    *state = &f;
    return f.arena ? 0 : -1;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    ecs_policy_free(f->policy);
    ecs_arena_free(f->arena);
    return 0;
}

/* All services, three of them with these texts; NULL stands for one without rules. */
static inline struct ecs_policy *load(struct fixture *f, const char *voice, const char *vowifi,
                                      const char *smsoip)
{
    struct ecs_policy_source sources[] = {
        {"voice.yaml", ecs_str_of(voice ? voice : "service: voice\n" VOICE_DEFAULT)},
        {"vowifi.yaml", ecs_str_of(vowifi ? vowifi : "service: vowifi\n" VOWIFI_DEFAULT)},
        {"smsoip.yaml", ecs_str_of(smsoip ? smsoip : "service: smsoip\n" SMSOIP_DEFAULT)},
        {"dataplan.yaml", ecs_str_of("service: dataplan\n" DATAPLAN_DEFAULT)},
        {"billing.yaml", ecs_str_of("service: billing\n" BILLING_DEFAULT)},
        {"identity.yaml", ecs_str_of("service: identity\n" IDENTITY_DEFAULT)},
        {"satmode.yaml", ecs_str_of("service: satmode\n" SATMODE_DEFAULT)},
        {"companion.yaml", ecs_str_of("service: companion\n" COMPANION_DEFAULT)},
        {"primary.yaml", ecs_str_of("service: primary\n" PRIMARY_DEFAULT)},
        {"enterprise.yaml", ecs_str_of("service: enterprise\n" ENTERPRISE_DEFAULT)},
        {"userinfo.yaml", ecs_str_of("service: userinfo\n" USERINFO_DEFAULT)},
        {"appauth.yaml", ecs_str_of("service: appauth\n" APPAUTH_DEFAULT)},
    };

    ecs_policy_free(f->policy);
    f->policy = ecs_policy_load_texts(sources, ECS_ARRAY_LEN(sources), &f->faults, &f->warnings);
    return f->policy;
}

static inline bool has_text(const struct ecs_faults *faults, const char *text)
{
    for (const struct ecs_fault *fault = faults->first; fault; fault = fault->next)
        if (strstr(fault->text, text))
            return true;
    for (const struct ecs_fault *fault = faults->first; fault; fault = fault->next)
        print_message("there is: %s\n", fault->text);
    print_message("wanted:   %s\n", text);
    return false;
}

static inline void must_load(struct fixture *f, const char *voice, const char *vowifi, const char *smsoip)
{
    load(f, voice, vowifi, smsoip);
    for (const struct ecs_fault *fault = f->faults.first; fault; fault = fault->next)
        print_message("%s\n", fault->text);
    assert_non_null(f->policy);
}
