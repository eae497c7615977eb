/* SPDX-License-Identifier: Apache-2.0 */
/* The journal as a target. This program brings its own sd_journal_sendv(), which the linker prefers to that
 * of libsystemd: it notes the fields, and can be held up as by a journal that is stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/clock.h"
#include "ecs/log.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

int sd_journal_sendv(const struct iovec *iov, int n);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char last[4096]; /* fields of the last call, each with a line feed */
static unsigned sent;
static bool stopped;
static int answer;

int sd_journal_sendv(const struct iovec *iov, int n)
{
    size_t used = 0;

    pthread_mutex_lock(&lock);
    while (stopped)
        pthread_cond_wait(&changed, &lock);
    for (int i = 0; i < n && used + iov[i].iov_len + 2 < sizeof(last); i++) {
        memcpy(last + used, iov[i].iov_base, iov[i].iov_len);
        used += iov[i].iov_len;
        last[used++] = '\n';
    }
    last[used] = '\0';
    sent++;
    pthread_cond_broadcast(&changed);
    int rc = answer;

    pthread_mutex_unlock(&lock);
    return rc;
}

static void wait_for_sent(unsigned count)
{
    struct timespec until;
    bool in_time;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock(&lock);
    while (sent < count && pthread_cond_timedwait(&changed, &lock, &until) == 0)
        ;
    in_time = sent >= count;
    pthread_mutex_unlock(&lock);
    assert_true(in_time);
}

static void test_auto_takes_the_journal_that_journal_stream_names(void **state)
{
    struct stat st;
    char text[64];

    (void)state;
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    (void)snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    setenv("JOURNAL_STREAM", text, 1);
    ecs_log_init(ECS_LOG_AUTO, ECS_LOG_INFO);
    ecs_log(NULL, ECS_EV_START, "version=%s", "1");
    wait_for_sent(1);
    assert_string_equal(last, "PRIORITY=5\nECS_EVENT=START\nMESSAGE=version=1\n");
}

static void test_fields_of_the_request_are_native_fields(void **state)
{
    struct ecs_log_ctx ctx = {
        .request_id = "0123456789abcdef", .tac = "35184209", .apps = "ap2003", .worker = 1};
    char step[] = "check-plan";
    unsigned before = sent;

    (void)state;
    ctx.step = step;
    (void)snprintf(ctx.imsi, sizeof(ctx.imsi), "001010123456789"); /* forgotten mask */
    ecs_log(&ctx, ECS_EV_REQUEST, "two\nlines");
    memset(step, 'x', sizeof(step) - 1); /* the line holds a copy */
    wait_for_sent(before + 1);
    assert_non_null(strstr(last, "PRIORITY=6\nECS_EVENT=REQUEST\nECS_REQUEST_ID=0123456789abcdef\n"
                                 "ECS_IMSI=00101*******789\nECS_TAC=35184209\nECS_APPS=ap2003\nECS_STEP="));
    assert_non_null(strstr(last, "\nECS_WORKER=1\nMESSAGE=two\nlines\n"));
    assert_non_null(strstr(last, "ECS_STEP=check-plan\n"));
}

static void set_answer(int rc)
{
    pthread_mutex_lock(&lock);
    answer = rc;
    pthread_mutex_unlock(&lock);
}

static void test_a_refused_line_is_counted(void **state)
{
    uint64_t before = ecs_log_dropped();
    unsigned sent_before = sent;

    (void)state;
    set_answer(-22);
    ecs_log(NULL, ECS_EV_START, "refused");
    wait_for_sent(sent_before + 1);
    for (int i = 0; i < 1000 && ecs_log_dropped() == before; i++)
        usleep(1000); /* counted just after the call has returned */
    set_answer(0);
    assert_true(ecs_log_dropped() > before);
}

static void test_a_stopped_journal_neither_blocks_nor_loses_count(void **state)
{
    uint64_t dropped_before = ecs_log_dropped();
    unsigned sent_before, accepted;
    int64_t start;

    (void)state;
    pthread_mutex_lock(&lock);
    stopped = true;
    sent_before = sent;
    pthread_mutex_unlock(&lock);
    alarm(20);
    start = ecs_clock_mono_us();
    for (int i = 0; i < 200; i++) { /* five events: each has its own rate limit */
        ecs_log_at(NULL, ECS_EV_TLS, ECS_LOG_ERROR, "%d", i);
        ecs_log_at(NULL, ECS_EV_HTTP, ECS_LOG_ERROR, "%d", i);
        ecs_log_at(NULL, ECS_EV_LIMIT, ECS_LOG_ERROR, "%d", i);
        ecs_log_at(NULL, ECS_EV_ADMIN, ECS_LOG_ERROR, "%d", i);
        ecs_log_at(NULL, ECS_EV_AUTH_OK, ECS_LOG_ERROR, "%d", i);
    }
    assert_true(ecs_clock_mono_us() - start < 5000000);
    alarm(0);
    assert_true(ecs_log_dropped() - dropped_before >= 1000 - 512);
    accepted = 1000 - (unsigned)(ecs_log_dropped() - dropped_before);
    pthread_mutex_lock(&lock);
    stopped = false;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    wait_for_sent(sent_before + accepted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auto_takes_the_journal_that_journal_stream_names),
        cmocka_unit_test(test_fields_of_the_request_are_native_fields),
        cmocka_unit_test(test_a_refused_line_is_counted),
        cmocka_unit_test(test_a_stopped_journal_neither_blocks_nor_loses_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
