/* SPDX-License-Identifier: Apache-2.0 */
/* A whole request through ecs_odsa_steps, with the delivered policy and texts: ask(app, query) leaves the
 * block of the answer as JSON in rig.json, checked against the tables of documents. */
#pragma once

#include "op_store.h"

#include <stdlib.h>

#include "ecs/buf.h"
#include "ecs/yaml.h"

#define WATCH      "351756051523999"
#define WATCH_EID  "89033023426100000000001234567892"
#define PHONE      "490154203237518"
#define NEW_PHONE  "352099001761481"
#define NEW_EID    "89049032005008882600012345678905"
#define LINE_ICCID "8934049999888877771"

static struct rig {
    struct ecs_arena *arena; /* of the test */
    struct ecs_odsa_conf conf;
    struct ecs_auth_env auth_env;
    struct ecs_auth auth;
    struct ecs_odsa_env env;
    struct ecs_subscriber_facts line;
    struct ecs_odsa odsa;
    struct ecs_str features[4];
    bool has_portal;
    bool push;          /* the device is registered for notifications */
    const char *accept; /* NULL: JSON */
    bool json_only;     /* values that XML readers misread are right in this document (C-34) */
    /* of the last request */
    enum ecs_rc rc;
    const char *json, *reason;
} rig;

static struct ecs_policy *policy;
static struct ecs_messages *messages;
static struct ecs_crypto *crypto;

/* The directory's files, one of them changed: "default" of it gets these lines in front of the rules. */
static struct ecs_policy *load_policy(const char *service, const char *rules)
{
    static const char *const names[] = {"voice",    "vowifi",     "smsoip",   "companion",
                                        "primary",  "enterprise", "userinfo", "appauth",
                                        "dataplan", "billing",    "identity", "satmode"};
    struct ecs_policy_source sources[ECS_ARRAY_LEN(names)];
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_policy *loaded;
    struct ecs_faults faults;

    ecs_faults_init(&faults, arena);
    for (size_t i = 0; i < ECS_ARRAY_LEN(names); i++) {
        char *text = ecs_alloc(arena, 20000), *at;
        char path[256];
        FILE *file;

        snprintf(path, sizeof(path), ECS_SOURCE_DIR "/conf/policy.d/%s.yaml", names[i]);
        assert_non_null(file = fopen(path, "rb"));
        text[fread(text, 1, 19999, file)] = '\0';
        fclose(file);
        if (service && strcmp(service, names[i]) == 0) {
            assert_non_null(at = strstr(text, "rules:\n"));
            text = ecs_printf(arena, "%.*s%s%s", (int)(at + 7 - text), text, rules, at + 7);
        }
        sources[i] = (struct ecs_policy_source){names[i], ecs_str_of(text)};
    }
    loaded = ecs_policy_load_texts(sources, ECS_ARRAY_LEN(names), &faults, NULL);
    for (const struct ecs_fault *fault = faults.first; fault; fault = fault->next)
        print_message("%s\n", fault->text);
    assert_non_null(loaded);
    ecs_arena_free(arena);
    return loaded;
}

static inline void use_rules(const char *service, const char *rules)
{
    if (rig.env.policy != policy)
        ecs_policy_free((struct ecs_policy *)rig.env.policy);
    rig.env.policy = load_policy(service, rules);
}

static bool to_portal(void *arg, struct ecs_arena *arena, const struct ecs_journey *journey,
                      struct ecs_str url, struct ecs_str data, struct ecs_str *ret_url,
                      struct ecs_str *ret_data)
{
    (void)arg;
    if (!rig.has_portal)
        return false;
    *ret_url = ecs_str_eq(url, ECS_STR("portal")) ? ecs_str_of(rig.env.portal_url) : url;
    *ret_data = data.n ? ecs_str_of(ecs_printf(arena, "sid=s%d&lang=en", (int)journey->id)) : data;
    return ret_url->n > 0;
}

static int set_up_all(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_faults faults;

    (void)state;
    ecs_faults_init(&faults, arena);
    policy = load_policy(NULL, NULL);
    messages = ecs_messages_load(ECS_SOURCE_DIR "/conf/messages", "en", &faults, NULL);
    crypto = ecs_crypto_new();
    ecs_arena_free(arena);
    return policy && messages && crypto ? 0 : -1;
}

static int tear_down_all(void **state)
{
    (void)state;
    ecs_policy_free(policy);
    ecs_messages_free(messages);
    ecs_crypto_free(crypto);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    memset(&db, 0, sizeof(db));
    memset(&rig, 0, sizeof(rig));
    rig.arena = db.arena = ecs_arena_new(NULL, 0);
    rig.conf = (struct ecs_odsa_conf){.max_refresh = 3,
                                      .max_refresh_eligibility = 3,
                                      .polling_s = 45,
                                      .question_s = 600,
                                      .portal_s = 1800,
                                      .deleting_s = 3600,
                                      .ready_s = 86400,
                                      .give_up_s = 86400,
                                      .retry_s = 5,
                                      .retry_max_s = 60,
                                      .retries = 5,
                                      .lease_s = 60};
    rig.auth_env.crypto = crypto;
    rig.auth.method = ECS_AUTH_TOKEN;
    assert_true(ecs_imsi_parse(ECS_STR("001010123456789"), &rig.auth.imsi));
    rig.features[0] = ECS_STR("companion");
    db.line_iccid = ECS_STR(LINE_ICCID);
    db.enterprise_active = true;
    db.enterprise_max = -1;
    db.line.eligible = -1;
    rig.line = (struct ecs_subscriber_facts){.known = true,
                                             .imsi = ecs_str_of(rig.auth.imsi.s),
                                             .msisdn = ECS_STR("15551230000"),
                                             .features = rig.features,
                                             .n_features = 1};
    rig.env = (struct ecs_odsa_env){.conf = &rig.conf,
                                    .auth = &rig.auth_env,
                                    .bss = (struct ecs_bss *)&db,
                                    .policy = policy,
                                    .messages = messages,
                                    .portal_url = ""};
    return rig.arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    if (rig.env.policy != policy)
        ecs_policy_free((struct ecs_policy *)rig.env.policy);
    ecs_arena_free(rig.arena);
    return 0;
}
