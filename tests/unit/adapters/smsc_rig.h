/* SPDX-License-Identifier: Apache-2.0 */
/* The short message centre of tests/tools/smsc.pl as a child, and what it said. */
#pragma once

#include "push_rig.h"

struct smsc {
    pid_t pid;
    int in, out;
    unsigned port;
    char text[65536]; /* all lines so far */
    size_t n;
};

RIG_HELPER void smsc_read(struct smsc *s)
{
    ssize_t got = read(s->out, s->text + s->n, sizeof(s->text) - 1 - s->n);

    if (got > 0)
        s->n += (size_t)got;
    s->text[s->n] = '\0';
}

RIG_HELPER void smsc_start(struct smsc *s, const char *const *more)
{
    const char *argv[12] = {"/usr/bin/perl", ECS_SOURCE_DIR "/tests/tools/smsc.pl"};
    int in[2], out[2], n = 2;

    memset(s, 0, sizeof(*s));
    while (more && *more && n < 11)
        argv[n++] = *more++;
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    s->pid = fork();
    if (s->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execv(argv[0], (char *const *)(void *)argv);
        _exit(127);
    }
    assert_true(s->pid > 0);
    close(in[0]);
    close(out[1]);
    s->in = in[1];
    s->out = out[0];
    while (!strchr(s->text, '\n'))
        smsc_read(s);
    assert_int_equal(sscanf(s->text, "port %u", &s->port), 1);
    assert_int_equal(fcntl(s->out, F_SETFL, O_NONBLOCK), 0);
}

RIG_HELPER void smsc_stop(struct smsc *s)
{
    int status;

    close(s->in);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    close(s->out);
}

RIG_HELPER unsigned smsc_count(const struct smsc *s, const char *what)
{
    unsigned n = 0;

    for (const char *at = s->text; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

/* Turns the loop until the SMSC has said it n times. */
RIG_HELPER void smsc_expect(struct push_rig *x, struct smsc *s, const char *what, unsigned n)
{
    int64_t end = ecs_clock_mono_us() + 10000000;

    for (smsc_read(s); smsc_count(s, what) < n; smsc_read(s)) {
        if (ecs_clock_mono_us() > end)
            fail_msg("the SMSC did not say \"%s\" %u times but:\n%s", what, n, s->text);
        assert_int_equal(ecs_loop_turn(x->rig.loop, 5000), ECS_OK);
    }
}

/* As smsc_expect for the end of a session, when there is no loop any more. */
RIG_HELPER void smsc_expect_end(struct smsc *s)
{
    int64_t end = ecs_clock_mono_us() + 10000000;

    for (smsc_read(s); !strstr(s->text, "unbind\n"); smsc_read(s)) {
        assert_true(ecs_clock_mono_us() < end);
        usleep(2000);
    }
}

/* One SMSC and the channel to it. */
static struct smsc smsc;
static struct push_rig x;

RIG_HELPER void open_with(const char *const *smsc_args, const char *more)
{
    char yaml[2000];

    smsc_start(&smsc, smsc_args);
    snprintf(
        yaml, sizeof(yaml),
        "sms:\n  smpp_host: 127.0.0.1\n  smpp_port: %u\n  smpp_system_id: ecs\n  smpp_password: secret\n%s",
        smsc.port, more);
    push_open(&x, yaml);
}

RIG_HELPER void close_all(void)
{
    push_close(&x);
    smsc_stop(&smsc);
}

RIG_HELPER struct sent trigger(const char *msisdn)
{
    return (struct sent){.message = {.channel = ECS_PUSH_SMS,
                                     .msisdn = ecs_str_of(msisdn),
                                     .user_id = ECS_STR("001010000000001")}};
}

RIG_HELPER struct ecs_send_result send_to(const char *msisdn)
{
    struct sent s = trigger(msisdn);

    return sent_do(&x, &s);
}

RIG_HELPER uint64_t stat_of(const char *name)
{
    struct ecs_neighbour_stats *s = &x.stats[ECS_PUSH_SMS];

    return strcmp(name, "ok") == 0         ? s->ok
           : strcmp(name, "calls") == 0    ? s->calls
           : strcmp(name, "errors") == 0   ? s->http_errors
           : strcmp(name, "failures") == 0 ? s->failures
           : strcmp(name, "timeouts") == 0 ? s->timeouts
           : strcmp(name, "refused") == 0  ? s->refused_breaker
           : strcmp(name, "now") == 0      ? s->in_flight
           : strcmp(name, "resting") == 0  ? s->breaker_open
                                           : 999;
}
