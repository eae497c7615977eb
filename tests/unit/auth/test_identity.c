/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the keys of encrypted identities: what is taken, what is refused and how it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "ecs/arena.h"
#include "ecs/identity.h"

static char path[64];

static int setup(void **state)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    FILE *file;
    int fd;

    (void)state;
    strcpy(path, "/tmp/ecs-identity-XXXXXX");
    fd = mkstemp(path);
    file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!key || !file || !PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL))
        return -1;
    EVP_PKEY_free(key);
    return fclose(file);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

/* The faults of loading these rows; "" when it went well. */
static void expect(const struct ecs_identity_key_conf *rows, size_t n, bool strict, const char *fault)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_faults faults;
    struct ecs_identity_keys *keys;

    ecs_faults_init(&faults, arena);
    keys = ecs_identity_keys_load(rows, n, strict, &faults);
    if (*fault) {
        assert_null(keys);
        assert_int_equal(faults.count, 1);
        assert_non_null(strstr(faults.first->text, fault));
    } else {
        assert_int_equal(faults.count, 0);
        assert_int_equal(keys != NULL, n != 0);
    }
    ecs_identity_keys_free(keys);
    ecs_arena_free(arena);
}

static void test_files_are_read_or_refused_with_a_reason(void **state)
{
    const struct ecs_identity_key_conf good[] = {{path, ""}, {path, "Serial=1"}};
    const struct ecs_identity_key_conf none[] = {{path, ""}, {"/nowhere/key.pem", ""}};
    struct ecs_identity_key_conf many[17];
    const struct ecs_identity_key_conf directory[] = {{"/tmp", ""}}, text[] = {{"/etc/passwd", ""}};

    (void)state;
    expect(NULL, 0, true, "");
    expect(good, 2, true, "");
    for (size_t i = 0; i < ECS_ARRAY_LEN(many); i++)
        many[i] = good[0];
    expect(many, 16, true, "");
    expect(many, 17, true, "at most 16");
    expect(none, 2, true, "cannot open the key");
    expect(directory, 1, true, "not a regular file");
    expect(text, 1, false, "no private key in PEM form");
    assert_int_equal(chmod(path, 0644), 0);
    expect(good, 1, true, "chmod 600");
    expect(good, 1, false, "");
    assert_int_equal(chmod(path, 0600), 0);
}

static void test_without_keys_nothing_is_opened(void **state)
{
    const struct ecs_identity_conf conf = {.network = "WLAN"};
    char out[ECS_EAP_NAI_MAX + 1];
    struct ecs_eap_id id;
    size_t n;

    (void)state;
    assert_int_equal(ecs_eap_id_parse((struct ecs_str){"\0AAAA", 5}, &id), ECS_EAP_ID_ENCRYPTED);
    assert_int_equal(ecs_identity_open(NULL, &conf, &id, out, &n), ECS_E_AUTH_NEEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_read_or_refused_with_a_reason),
        cmocka_unit_test(test_without_keys_nothing_is_opened),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
