/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the daemon as tables, and snapshots of good and broken configurations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ecs/front.h"

struct fixture {
    char dir[64];
    struct ecs_arena *arena;
};

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int set_up(void **state)
{
    static struct fixture x;
    char path[128];

    snprintf(x.dir, sizeof(x.dir), "/tmp/ecs-settings.XXXXXX");
    if (!mkdtemp(x.dir))
        return -1;
    x.arena = ecs_arena_new(NULL, 0);
    snprintf(path, sizeof(path), "%s/keys", x.dir);
    write_file(path, "1 1111111111111111111111111111111111111111111111111111111111111111\n", 0600);
    snprintf(path, sizeof(path), "%s/open-keys", x.dir);
    write_file(path, "1 1111111111111111111111111111111111111111111111111111111111111111\n", 0644);
    *state = &x;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"keys", "open-keys", "conf.yaml"};
    struct fixture *x = *state;
    char path[128];

    for (size_t i = 0; i < ECS_ARRAY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", x->dir, names[i]);
        unlink(path);
    }
    ecs_arena_free(x->arena);
    return rmdir(x->dir);
}

/* The parts of a configuration that a case changes; NULL: the good value. */
struct parts {
    const char *server, *device, *auth, *policy, *rest;
};

static struct ecs_snapshot *load(struct fixture *x, const struct parts *p, struct ecs_faults *faults)
{
    char path[128], text[4096];

    snprintf(path, sizeof(path), "%s/conf.yaml", x->dir);
    snprintf(text, sizeof(text),
             "server: %s\ndevice: %s\nauth: { %s, token_keys: %s/keys, subscriber_keys: %s/keys }\n"
             "policy: { directory: %s, messages: " ECS_SOURCE_DIR "/conf/messages }\n"
             "database: { conninfo: \"host=/nowhere\" }\n%s\n",
             p->server ? p->server : "{ mode: lab }",
             p->device ? p->device : "{ listen: [], plain_listen: [\"127.0.0.1:8080\"] }",
             p->auth ? p->auth : "plmns: [\"00101\"]", x->dir, x->dir,
             p->policy ? p->policy : ECS_SOURCE_DIR "/conf/policy.d", p->rest ? p->rest : "");
    write_file(path, text, 0600);
    ecs_faults_init(faults, x->arena);
    return ecs_snapshot_load(path, NULL, faults, NULL);
}

static void test_the_tables_of_settings_are_sound(void **state)
{
    struct fixture *x = *state;
    struct ecs_faults faults;

    ecs_faults_init(&faults, x->arena);
    if (!ecs_conf_check_tables(ecs_sections, &faults))
        fail_msg("%s", faults.first->text);
}

static void test_a_small_configuration_gives_a_snapshot_with_all_defaults(void **state)
{
    struct ecs_faults faults;
    struct ecs_snapshot *s = load(*state, &(struct parts){0}, &faults);

    if (!s)
        fail_msg("%s", faults.first->text);
    assert_int_equal(s->plmn_n, 1);
    assert_int_equal(s->token_keys.count, 1);
    assert_int_equal(s->offered, 7);
    assert_int_equal(s->irat_names, 3);
    assert_true(s->auth->token_validity_s == 14 * 86400);
    assert_null(s->tls);
    ecs_snapshot_unref(s);
}

static void test_each_fault_is_refused_and_named(void **state)
{
    static const struct {
        struct parts parts;
        const char *says;
    } rows[] = {
        {{.server = "{ mode: production }"}, "\"00101\" is a test network"},
        {{.auth = "plmns: [\"123456789\"]"}, "plmns: \"123456789\" is not an MCC"},
        {{.device = "{ listen: [\"*:443\"] }"}, "certificates is empty"},
        {{.device = "{ listen: [], plain_listen: [\"192.0.2.1:80\"] }"}, "neither a loopback address"},
        {{.device = "{ listen: [] }"}, "names an address"},
        {{.device = "{ listen: [], plain_listen: [\"127.0.0.1:1\"], version_min: twelve }"},
         "version_min: \"twelve\" is not a version"},
        {{.device = "{ listen: [], plain_listen: [\"127.0.0.1:1\"], version_map: [\"2.0=5.0\"] }"},
         "version_map"},
        {{.device = "{ listen: [], plain_listen: [\"127.0.0.1:1\"], irat_spelling: [spec] }"},
         "irat_spelling"},
        {{.device = "{ listen: [], plain_listen: [\"127.0.0.1:1\"], offered: [ap2003, ap1] }"},
         ":2:72: offered: \"ap1\" is not an AppID"},
        {{.device = "{ listen: [], plain_listen: [\"127.0.0.1:1\"], trusted_proxies: [ten] }"},
         "trusted_proxies"},
        {{.device = "{ listen: [], plain_listen: [\"127.0.0.1:1\"], path: x }"}, "path must begin with"},
        {{.policy = "/nonexistent"}, "directory"},
        {{.rest = "admin: { metrics_listen: \"0.0.0.0:9464\" }"}, "must be a loopback address"},
        {{.rest = "limits: { body: 1 }"}, "limits"},
        {{.rest = "nonsense: 1"}, "nonsense"},
        {{.rest = "certificates: [ { certificate: /nonexistent.pem } ]"}, "/nonexistent.pem"},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_faults faults;
        struct ecs_snapshot *s = load(*state, &rows[i].parts, &faults);
        bool found = false;

        assert_null(s);
        for (const struct ecs_fault *f = faults.first; f; f = f->next)
            found = found || strstr(f->text, rows[i].says);
        if (!found)
            fail_msg("row %zu: \"%s\" is not said; first fault: %s", i, rows[i].says,
                     faults.first ? faults.first->text : "none");
    }
}

static void test_keys_that_others_may_read_are_refused_outside_of_the_lab(void **state)
{
    struct fixture *x = *state;
    struct ecs_keyring ring;
    struct ecs_faults faults;
    char path[128];

    snprintf(path, sizeof(path), "%s/open-keys", x->dir);
    ecs_faults_init(&faults, x->arena);
    assert_true(ecs_keyring_load(path, false, &ring, &faults));
    assert_false(ecs_keyring_load(path, true, &ring, &faults));
    assert_non_null(strstr(faults.first->text, "chmod 600"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_tables_of_settings_are_sound),
        cmocka_unit_test(test_a_small_configuration_gives_a_snapshot_with_all_defaults),
        cmocka_unit_test(test_each_fault_is_refused_and_named),
        cmocka_unit_test(test_keys_that_others_may_read_are_refused_outside_of_the_lab),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
