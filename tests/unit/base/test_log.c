/* SPDX-License-Identifier: Apache-2.0 */
/* The logger on standard error: form of the lines, filter, limits, drops, threads. Standard error is replaced
 * by a file or a pipe during each test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log_internal.h"
#include "ecs/clock.h"
#include "ecs/ids.h"
#include "ecs/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int saved_stderr = -1;
static int capture_fd = -1; /* the reading side */
static char captured[2 * 1024 * 1024];

static void redirect(int fd)
{
    saved_stderr = dup(STDERR_FILENO);
    assert_true(saved_stderr >= 0);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
}

static void capture_to_file(enum ecs_log_target target, enum ecs_log_level level)
{
    char path[] = "/tmp/ecs-test-log-XXXXXX";

    capture_fd = mkostemp(path, O_APPEND);
    assert_true(capture_fd >= 0);
    unlink(path);
    redirect(capture_fd);
    ecs_log_init(target, level);
}

/* Gives standard error back; the logger, too, goes back to it. */
static int end_capture(void **state)
{
    (void)state;
    if (saved_stderr >= 0) {
        dup2(saved_stderr, STDERR_FILENO);
        close(saved_stderr);
        saved_stderr = -1;
    }
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_NOTICE);
    if (capture_fd >= 0)
        close(capture_fd);
    capture_fd = -1;
    return 0;
}

static const char *captured_text(void)
{
    ssize_t n = pread(capture_fd, captured, sizeof(captured) - 1, 0);

    assert_true(n >= 0);
    captured[n] = '\0';
    return captured;
}

/* The limit counts whole seconds of the monotonic clock: begin a test in a fresh one. */
static void wait_for_next_second(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    usleep((useconds_t)(1000000 - ts.tv_nsec / 1000 + 20000));
}

static const char *check_json_string(const char *p, const char *end)
{
    assert_true(p < end && *p == '"');
    for (p++; p < end && *p != '"'; p++) {
        assert_true((unsigned char)*p >= 0x20);
        if (*p != '\\')
            continue;
        p++;
        assert_true(p < end);
        if (*p == 'u') {
            assert_true(end - p > 4);
            for (int i = 1; i <= 4; i++)
                assert_non_null(strchr("0123456789abcdef", p[i]));
            p += 4;
        } else {
            assert_non_null(strchr("\"\\/bfnrt", *p));
        }
    }
    assert_true(p < end);
    return p + 1;
}

/* One flat object of strings and numbers, then a line feed; returns what follows. */
static const char *check_json_line(const char *line)
{
    const char *end = strchr(line, '\n');
    const char *p = line;

    assert_non_null(end);
    assert_in_range(end - line + 1, 1, 4096);
    assert_true(ecs_str_is_utf8((struct ecs_str){line, (size_t)(end - line)}));
    assert_int_equal(*p++, '{');
    for (;;) {
        p = check_json_string(p, end);
        assert_int_equal(*p++, ':');
        if (*p == '"') {
            p = check_json_string(p, end);
        } else {
            size_t n = strspn(p, "0123456789");

            assert_true(n > 0);
            p += n;
        }
        if (*p == '}')
            break;
        assert_int_equal(*p++, ',');
    }
    assert_ptr_equal(p + 1, end);
    return end + 1;
}

static size_t check_all_lines(const char *text)
{
    size_t n = 0;

    for (; *text; n++)
        text = check_json_line(text);
    return n;
}

static void test_a_line_is_one_json_object_with_the_fields_of_the_request(void **state)
{
    struct ecs_log_ctx ctx = {.request_id = "0123456789abcdef",
                              .imsi = "00101*******789",
                              .tac = "35184209",
                              .apps = "ap2003 ap2004",
                              .step = "check-plan",
                              .worker = 3};
    const char *text;
    int64_t seconds;

    (void)state;
    capture_to_file(ECS_LOG_JSON, ECS_LOG_INFO);
    ecs_log(&ctx, ECS_EV_REQUEST, "status=%d", 200);
    text = captured_text();
    assert_int_equal(check_all_lines(text), 1);
    assert_int_equal(strncmp(text, "{\"time\":\"", 9), 0);
    assert_non_null(strstr(text, "Z\",\"level\":\"info\",\"event\":\"REQUEST\",\"msg\":\"status=200\","
                                 "\"request_id\":\"0123456789abcdef\",\"imsi\":\"00101*******789\","
                                 "\"tac\":\"35184209\",\"apps\":\"ap2003 ap2004\",\"step\":\"check-plan\","
                                 "\"worker\":3}\n"));
    /* YYYY-MM-DDThh:mm:ss.uuuuuuZ behind {"time":" */
    assert_int_equal(text[28], '.');
    assert_int_equal(strspn(text + 29, "0123456789"), 6);
    assert_int_equal(text[35], 'Z');
    captured[28] = 'Z';
    assert_true(ecs_time_parse((struct ecs_str){text + 9, 20}, &seconds));
    assert_in_range(seconds, (uintmax_t)time(NULL) - 60, (uintmax_t)time(NULL) + 1);
}

static void test_empty_fields_are_left_out(void **state)
{
    struct ecs_log_ctx ctx = {.request_id = "00000000000000aa"};
    const char *text;

    (void)state;
    capture_to_file(ECS_LOG_JSON, ECS_LOG_INFO);
    ecs_log(&ctx, ECS_EV_REQUEST, "x");
    ecs_log(NULL, ECS_EV_START, "y");
    text = captured_text();
    assert_int_equal(check_all_lines(text), 2);
    assert_non_null(strstr(text, "\"msg\":\"x\",\"request_id\":\"00000000000000aa\",\"worker\":0}\n"));
    assert_non_null(strstr(text, "\"msg\":\"y\"}\n"));
    assert_null(strstr(text, "imsi"));
    assert_null(strstr(text, "step"));
}

static void test_an_empty_message_is_replaced_by_the_text_of_the_event(void **state)
{
    (void)state;
    capture_to_file(ECS_LOG_JSON, ECS_LOG_INFO);
    ecs_log(NULL, ECS_EV_START, "%s", "");
    assert_non_null(strstr(captured_text(), "\"msg\":\"the daemon has started\""));
}

static void test_any_bytes_give_valid_json_on_one_line(void **state)
{
    struct ecs_log_ctx ctx = {.request_id = "\"\n\x80", .apps = "\xff\xff\\", .step = "a\"b\n{}"};
    char hostile[1200];

    (void)state;
    capture_to_file(ECS_LOG_JSON, ECS_LOG_INFO);
    wait_for_next_second();
    for (int c = 1; c < 256; c++) {
        memset(hostile, c, 40);
        hostile[40] = '\0';
        if (c <= 150)
            ecs_log(&ctx, ECS_EV_REQUEST, "%s", hostile);
        else
            ecs_log(&ctx, ECS_EV_HTTP, "%s", hostile);
    }
    memset(hostile, 1, sizeof(hostile) - 1); /* six bytes for each */
    hostile[sizeof(hostile) - 1] = '\0';
    ecs_log(&ctx, ECS_EV_REQUEST, "%s", hostile);
    memset(hostile, 0xFF, sizeof(hostile) - 1);
    ecs_log(&ctx, ECS_EV_REQUEST, "%s", hostile);
    assert_int_equal(check_all_lines(captured_text()), 257);
    assert_non_null(strstr(captured, "\\ufffd"));
    assert_non_null(strstr(captured, "\"step\":\"a\\\"b\\n{}\""));
}

static void test_long_messages_are_cut_at_a_thousand_bytes_between_characters(void **state)
{
    char text[1101];
    const char *msg;

    (void)state;
    capture_to_file(ECS_LOG_JSON, ECS_LOG_INFO);
    memset(text, 'a', 1100);
    text[1100] = '\0';
    memcpy(text + 999, "\xE2\x82\xAC", 3); /* of this character only one byte would be left */
    ecs_log(NULL, ECS_EV_START, "%s", text);
    msg = strstr(captured_text(), "\"msg\":\"");
    assert_non_null(msg);
    assert_int_equal(strspn(msg + 7, "a"), 999);
    assert_int_equal(msg[7 + 999], '"');
    memset(text, 'a', 1100);
    memcpy(text + 997, "\xE2\x82\xAC", 3); /* this one just fits */
    ecs_log(NULL, ECS_EV_START, "%s", text);
    assert_non_null(strstr(captured_text(), "a\xE2\x82\xAC\""));
    assert_int_equal(check_all_lines(captured), 2);
}

static void test_disabled_events_are_silent_and_the_level_can_change(void **state)
{
    (void)state;
    capture_to_file(ECS_LOG_JSON, ECS_LOG_NOTICE);
    assert_true(ecs_log_enabled(ECS_EV_START));
    assert_false(ecs_log_enabled(ECS_EV_REQUEST));
    assert_false(ecs_log_enabled(ECS_EV_FLOW));
    assert_false(ecs_log_enabled(ECS_EVENT_COUNT));
    ecs_log(NULL, ECS_EV_REQUEST, "hidden");
    ecs_log_at(NULL, ECS_EV_START, ECS_LOG_DEBUG, "hidden");
    ecs_log_at(NULL, ECS_EVENT_COUNT, ECS_LOG_ERROR, "hidden");
    assert_string_equal(captured_text(), "");
    ecs_log_at(NULL, ECS_EV_REQUEST, ECS_LOG_WARNING, "raised");
    assert_non_null(
        strstr(captured_text(), "\"level\":\"warning\",\"event\":\"REQUEST\",\"msg\":\"raised\""));
    ecs_log_set_level(ECS_LOG_DEBUG);
    ecs_log(NULL, ECS_EV_FLOW, "shown");
    assert_non_null(strstr(captured_text(), "\"level\":\"debug\",\"event\":\"FLOW\",\"msg\":\"shown\""));
    assert_string_equal(ecs_event_name(ECS_EV_DB_UP), "DB_UP");
    assert_string_equal(ecs_event_name(ECS_EVENT_COUNT), "UNKNOWN");
}

static void test_a_subscriber_that_was_not_masked_is_masked_by_the_logger(void **state)
{
    struct ecs_log_ctx ctx = {.request_id = "1", .imsi = "001010123456789"};

    (void)state;
    capture_to_file(ECS_LOG_JSON, ECS_LOG_INFO);
    ecs_log(&ctx, ECS_EV_REQUEST, "x");
    (void)snprintf(ctx.imsi, sizeof(ctx.imsi), "12345");
    ecs_log(&ctx, ECS_EV_REQUEST, "x");
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_INFO);
    (void)snprintf(ctx.imsi, sizeof(ctx.imsi), "001010123456789");
    ecs_log(&ctx, ECS_EV_REQUEST, "x");
    assert_null(strstr(captured_text(), "001010123456789"));
    assert_null(strstr(captured, "12345"));
    assert_non_null(strstr(captured, "\"imsi\":\"00101*******789\""));
    assert_non_null(strstr(captured, "\"imsi\":\"*\""));
    assert_non_null(strstr(captured, "00101*******789  "));
}

static void test_text_for_people_holds_no_control_characters(void **state)
{
    struct ecs_log_ctx ctx = {.request_id = "77", .apps = "ap2003", .step = "load"};

    (void)state;
    capture_to_file(ECS_LOG_TEXT, ECS_LOG_INFO);
    ecs_log(&ctx, ECS_EV_TOOL, "a\nb\x1b[31m");
    assert_string_equal(captured_text(), "info TOOL: a?b?[31m [77   ap2003 load]\n");
}

static void test_two_hundred_lines_a_second_pass_and_the_rest_is_told(void **state)
{
    uint64_t before;

    (void)state;
    capture_to_file(ECS_LOG_JSON, ECS_LOG_INFO);
    wait_for_next_second();
    before = ecs_log_dropped();
    for (int i = 0; i < 250; i++)
        ecs_log(NULL, ECS_EV_REQUEST, "line");
    assert_int_equal(ecs_log_dropped() - before, 50);
    assert_int_equal(check_all_lines(captured_text()), 200);
    wait_for_next_second();
    ecs_log(NULL, ECS_EV_REQUEST, "next second");
    assert_int_equal(check_all_lines(captured_text()), 202);
    assert_non_null(
        strstr(captured, "\"level\":\"notice\",\"event\":\"LIMIT\",\"msg\":\"50 log lines were dropped\""));
    ecs_log(NULL, ECS_EV_REQUEST, "told once");
    assert_int_equal(check_all_lines(captured_text()), 203);
}

static void test_one_noisy_event_does_not_silence_another(void **state)
{
    (void)state;
    capture_to_file(ECS_LOG_JSON, ECS_LOG_INFO);
    wait_for_next_second();
    for (int i = 0; i < 300; i++)
        ecs_log(NULL, ECS_EV_DECISION, "noise");
    ecs_log(NULL, ECS_EV_DB_DOWN, "heard");
    assert_non_null(strstr(captured_text(), "heard"));
}

/* Logs until the reader's room is used up: must neither block nor write half a line. */
static void fill_until_dropped(int reader)
{
    uint64_t before = ecs_log_dropped();
    size_t n = 0;
    ssize_t rc;
    char big[900];

    memset(big, 'b', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    for (int event = 0; event < ECS_EVENT_COUNT; event++) {
        for (int i = 0; i < 200; i++)
            ecs_log_at(NULL, event, ECS_LOG_ERROR, "%s", big);
    }
    assert_true(ecs_log_dropped() > before);
    assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
    while (n < sizeof(captured) - 1 && (rc = read(reader, captured + n, sizeof(captured) - 1 - n)) > 0)
        n += (size_t)rc;
    captured[n] = '\0';
    assert_true(n > 0);
    assert_true(check_all_lines(captured) > 10);
}

static void test_a_full_pipe_drops_whole_lines_and_leaves_the_flags_of_stderr_alone(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    redirect(fds[1]);
    ecs_log_init(ECS_LOG_JSON, ECS_LOG_INFO);
    wait_for_next_second();
    alarm(20); /* a logger that blocks must fail, not hang */
    fill_until_dropped(fds[0]);
    alarm(0);
    assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
    close(fds[1]);
    end_capture(NULL);
    close(fds[0]);
}

static void test_a_full_socket_drops_whole_lines(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    redirect(fds[1]);
    ecs_log_init(ECS_LOG_JSON, ECS_LOG_INFO);
    wait_for_next_second();
    alarm(20);
    fill_until_dropped(fds[0]);
    alarm(0);
    close(fds[1]);
    end_capture(NULL);
    close(fds[0]);
}

static void test_a_reader_that_has_gone_costs_lines_not_the_process(void **state)
{
    uint64_t before;
    int fds[2];

    (void)state;
    wait_for_next_second();
    before = ecs_log_dropped();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    redirect(fds[1]);
    ecs_log_init(ECS_LOG_JSON, ECS_LOG_INFO);
    close(fds[0]);
    errno = ENOENT;
    ecs_log(NULL, ECS_EV_START, "nobody reads this");
    assert_int_equal(errno, ENOENT);
    assert_true(ecs_log_dropped() > before);
    close(fds[1]);
}

static void test_auto_means_json_unless_journal_stream_names_our_stderr(void **state)
{
    struct stat st;
    char wrong[64];

    (void)state;
    wait_for_next_second();
    unsetenv("JOURNAL_STREAM");
    capture_to_file(ECS_LOG_AUTO, ECS_LOG_INFO);
    ecs_log(NULL, ECS_EV_START, "one");
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    (void)snprintf(wrong, sizeof(wrong), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1);
    setenv("JOURNAL_STREAM", wrong, 1);
    ecs_log_init(ECS_LOG_AUTO, ECS_LOG_INFO);
    ecs_log(NULL, ECS_EV_START, "two");
    setenv("JOURNAL_STREAM", "12:x", 1);
    ecs_log_init(ECS_LOG_AUTO, ECS_LOG_INFO);
    ecs_log(NULL, ECS_EV_START, "three");
    unsetenv("JOURNAL_STREAM");
    assert_true(check_all_lines(captured_text()) >= 3);
    assert_non_null(strstr(captured, "\"msg\":\"one\""));
    assert_non_null(strstr(captured, "\"msg\":\"two\""));
    assert_non_null(strstr(captured, "\"msg\":\"three\""));
}

enum { THREADS = 4, LINES_EACH = 400 };

static void *log_much(void *arg)
{
    struct ecs_log_ctx ctx = {.request_id = "", .worker = (unsigned)(uintptr_t)arg};
    char text[300];

    memset(text, 'a' + (int)(uintptr_t)arg, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < LINES_EACH; i++)
        ecs_log(&ctx, ECS_EV_DECISION, "%s", text);
    return NULL;
}

static void test_threads_do_not_mix_their_lines_and_every_line_is_accounted_for(void **state)
{
    pthread_t threads[THREADS];
    uint64_t before;
    size_t lines, told = 0;

    (void)state;
    capture_to_file(ECS_LOG_JSON, ECS_LOG_INFO);
    wait_for_next_second();
    before = ecs_log_dropped();
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_much, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    lines = check_all_lines(captured_text());
    for (const char *p = captured; (p = strstr(p, "were dropped")) != NULL; p++)
        told++;
    assert_true(lines - told >= 200);
    assert_int_equal(lines - told + (ecs_log_dropped() - before), THREADS * LINES_EACH);
    for (const char *p = captured; (p = strstr(p, "\"msg\":\"")) != NULL; p += 7) {
        char c[2] = {p[7], '\0'};

        if (p[7] >= 'a' && p[7] < 'a' + THREADS)
            assert_int_equal(strspn(p + 7, c), 299);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, NULL, end_capture)
        T(test_a_line_is_one_json_object_with_the_fields_of_the_request),
        T(test_empty_fields_are_left_out),
        T(test_an_empty_message_is_replaced_by_the_text_of_the_event),
        T(test_any_bytes_give_valid_json_on_one_line),
        T(test_long_messages_are_cut_at_a_thousand_bytes_between_characters),
        T(test_disabled_events_are_silent_and_the_level_can_change),
        T(test_a_subscriber_that_was_not_masked_is_masked_by_the_logger),
        T(test_text_for_people_holds_no_control_characters),
        T(test_two_hundred_lines_a_second_pass_and_the_rest_is_told),
        T(test_one_noisy_event_does_not_silence_another),
        T(test_a_full_pipe_drops_whole_lines_and_leaves_the_flags_of_stderr_alone),
        T(test_a_full_socket_drops_whole_lines),
        T(test_a_reader_that_has_gone_costs_lines_not_the_process),
        T(test_auto_means_json_unless_journal_stream_names_our_stderr),
        T(test_threads_do_not_mix_their_lines_and_every_line_is_accounted_for),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
