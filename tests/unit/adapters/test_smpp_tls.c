/* SPDX-License-Identifier: Apache-2.0 */
/* SMPP under TLS: the SMSC of the other tests behind an end of TLS of another library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "push_rig.h"

#include "push_double.h"
#include "smsc_rig.h"

static char dir[64], pem[128], other[128];

struct front {
    pid_t pid;
    int in;
    unsigned port;
};

static void front_start(struct front *front, bool mutual)
{
    char to[16], line[64];
    const char *argv[] = {"/usr/bin/python3",
                          ECS_SOURCE_DIR "/tests/tools/tls_front.py",
                          "--cert",
                          pem,
                          "--to",
                          to,
                          mutual ? "--client-ca" : NULL,
                          other,
                          NULL};
    int in[2], out[2];
    FILE *from;

    snprintf(to, sizeof(to), "%u", smsc.port);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    front->pid = fork();
    if (front->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execv(argv[0], (char *const *)(void *)argv);
        _exit(127);
    }
    assert_true(front->pid > 0);
    close(in[0]);
    close(out[1]);
    front->in = in[1];
    from = fdopen(out[0], "r");
    assert_true(from && fgets(line, sizeof(line), from));
    assert_int_equal(sscanf(line, "port %u", &front->port), 1);
    fclose(from);
}

static void front_stop(struct front *front)
{
    int status;

    close(front->in);
    kill(front->pid, SIGKILL);
    assert_int_equal(waitpid(front->pid, &status, 0), front->pid);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/ecs-smpp-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(pem, sizeof(pem), "%s/server.pem", dir);
    snprintf(other, sizeof(other), "%s/other.pem", dir);
    make_certificate(pem);
    make_certificate(other);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(pem);
    unlink(other);
    return rmdir(dir);
}

static struct ecs_send_result send_by(bool mutual, const char *ca, const char *more)
{
    struct sent s = {.text = {.msisdn = ECS_STR("491700000001"), .text = ECS_STR("123456")}};
    struct ecs_send_result result;
    struct front front;
    char yaml[1000];

    smsc_start(&smsc, NULL);
    front_start(&front, mutual);
    snprintf(yaml, sizeof(yaml),
             "sms:\n  smpp_host: localhost\n  smpp_port: %u\n  smpp_system_id: ecs\n  smpp_tls: true\n"
             "  smpp_ca_file: %s\n%s",
             front.port, ca, more);
    push_open(&x, yaml);
    result = sent_do(&x, &s);
    push_close(&x);
    if (result.class == ECS_SEND_OK)
        smsc_expect_end(&smsc);
    front_stop(&front);
    smsc_stop(&smsc);
    return result;
}

static void test_a_session_may_be_encrypted(void **state)
{
    char more[400];

    (void)state;
    assert_int_equal(send_by(false, pem, "").class, ECS_SEND_OK);
    snprintf(more, sizeof(more), "  smpp_certificate: %s\n  smpp_certificate_key: %s\n", other, other);
    assert_int_equal(send_by(true, pem, more).class, ECS_SEND_OK);
}

static void test_an_smsc_that_is_not_trusted_gets_nothing(void **state)
{
    struct ecs_send_result r = send_by(false, other, "");

    (void)state;
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_string_equal(r.reason, "no connection");
    assert_int_equal(smsc_count(&smsc, "bind"), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_session_may_be_encrypted),
        cmocka_unit_test(test_an_smsc_that_is_not_trusted_gets_nothing),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
