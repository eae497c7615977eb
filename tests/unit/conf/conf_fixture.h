/* SPDX-License-Identifier: Apache-2.0 */
/* Sections with every type of setting, and what the tests of the configuration do with them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ecs/conf.h"

enum mode { MODE_DEMO, MODE_PRODUCTION };
static const char *const mode_names[] = {"demo", "production", NULL};

struct http {
    bool post;
    int64_t port;
    int64_t body_max;
    int64_t idle_s;
    int64_t limit_ms;
    const char *listen;
    const char *certificate;
    int mode;
    struct ecs_str_list names;
    struct ecs_int_list codes;
    const char *key;
    struct ecs_str_list keys;
};

static const struct ecs_setting http_settings[] = {
    {ECS_KEY(BOOL, "post", struct http, post), .def = "true", .help = "POST is allowed."},
    {ECS_KEY(INT, "port", struct http, port), .def = "443", .min = 1, .max = 65535,
     .reload = ECS_RELOAD_RESTART, .help = "Port."},
    {ECS_KEY(SIZE, "body_max", struct http, body_max), .def = "64k", .min = 1024, .max = 4 << 20,
     .help = "Largest body."},
    {ECS_KEY(DURATION_S, "idle", struct http, idle_s), .def = "75s", .min = 1, .max = INT64_MAX,
     .help = "Idle."},
    {ECS_KEY(DURATION_MS, "limit", struct http, limit_ms), .def = "250ms", .min = 10, .max = 60000,
     .help = "Limit."},
    {ECS_KEY(STRING, "listen", struct http, listen), .def = "[::]", .min = 2, .max = 16,
     .reload = ECS_RELOAD_RESTART, .help = "Address."},
    {ECS_KEY(PATH, "certificate", struct http, certificate), .flags = ECS_SETTING_FILE_MUST_EXIST,
     .reload = ECS_RELOAD_RESTART, .help = "File."},
    {ECS_KEY(ENUM, "mode", struct http, mode), .def = "demo", .names = mode_names, .help = "Mode."},
    {ECS_KEY(STRING_LIST, "names", struct http, names), .def = "a, b", .max = 3, .help = "Names."},
    {ECS_KEY(INT_LIST, "codes", struct http, codes), .min = 0, .max = 9, .help = "Codes."},
    {ECS_KEY(STRING, "key", struct http, key), .flags = ECS_SETTING_SECRET, .reload = ECS_RELOAD_RESTART,
     .help = "Key."},
    {ECS_KEY(STRING_LIST, "keys", struct http, keys), .flags = ECS_SETTING_SECRET, .help = "Keys."},
    {.key = NULL},
};

struct peer {
    const char *host;
    int64_t weight;
};

static const struct ecs_setting peer_settings[] = {
    {ECS_KEY(STRING, "host", struct peer, host), .flags = ECS_SETTING_REQUIRED, .reload = ECS_RELOAD_RESTART,
     .help = "Host."},
    {ECS_KEY(INT, "weight", struct peer, weight), .def = "1", .help = "Weight."},
    {.key = NULL},
};

struct quota {
    int64_t low;
    int64_t high;
};

static const struct ecs_setting quota_settings[] = {
    {ECS_KEY(INT, "low", struct quota, low), .def = "1", .help = "Low."},
    {ECS_KEY(INT, "high", struct quota, high), .flags = ECS_SETTING_REQUIRED, .help = "High."},
    {.key = NULL},
};

static bool check_quota(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct quota *quota = section;

    if (quota->high == 13)
        return false; /* without a word */
    if (quota->low <= quota->high)
        return true;
    ecs_fault_at(faults, ecs_yaml_get(node, "low"), "quota.low must not exceed quota.high");
    return false;
}

static const struct ecs_section sections[] = {
    {.name = "http", .settings = http_settings, .size = sizeof(struct http), .help = "Front."},
    {.name = "peers",
     .settings = peer_settings,
     .size = sizeof(struct peer),
     .is_list = true,
     .help = "Peers."},
    {.name = "quota",
     .settings = quota_settings,
     .size = sizeof(struct quota),
     .check = check_quota,
     .is_optional = true,
     .help = "Quota."},
    {.name = NULL},
};

struct fixture {
    struct ecs_arena *arena;
    struct ecs_faults faults;
    char directory[32];
    char path[64]; /* of a file in directory */
};

static inline int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->arena = ecs_arena_new(NULL, 0);
    assert_non_null(f->arena);
    ecs_faults_init(&f->faults, f->arena);
    strcpy(f->directory, "/tmp/ecs-conf-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->path, sizeof(f->path), "%s/secret", f->directory);
    unsetenv("CREDENTIALS_DIRECTORY");
    *state = f;
    return 0;
}

static inline int close_fixture(void **state)
{
    struct fixture *f = *state;

    unlink(f->path);
    rmdir(f->directory);
    ecs_arena_free(f->arena);
    free(f);
    return 0;
}

static inline struct ecs_conf *parse(struct fixture *f, const char *text)
{
    ecs_faults_init(&f->faults, f->arena);
    return ecs_conf_parse("c.yaml", ecs_str_of(text), sections, &f->faults);
}

static inline struct ecs_conf *accept(struct fixture *f, const char *text)
{
    struct ecs_conf *conf = parse(f, text);

    if (!conf)
        print_error("%s\n", f->faults.first ? f->faults.first->text : "no fault told");
    assert_non_null(conf);
    assert_int_equal(f->faults.count, 0);
    return conf;
}

/* The only fault, word by word. */
static inline void refuse(struct fixture *f, const char *text, const char *fault)
{
    assert_null(parse(f, text));
    assert_non_null(f->faults.first);
    assert_string_equal(f->faults.first->text, fault);
    assert_int_equal(f->faults.count, 1);
}

static inline void write_secret(struct fixture *f, const char *text, size_t n)
{
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, open_fixture, close_fixture)
