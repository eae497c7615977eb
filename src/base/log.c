/* SPDX-License-Identifier: Apache-2.0 */
/* The logger: level filter, rate limit, formatting on the stack, and the way to standard error. A disabled
 * event costs one relaxed load. Nothing here waits: lines go out whole by one write or are dropped and
 * counted. */
#include "base/log_internal.h"

#include "base/utf8.h"
#include "ecs/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINES_PER_SECOND = 200 };

enum sink {
    SINK_WRITE, /* a file, or a descriptor that does not block */
    SINK_POLL,  /* a pipe that we may not open again: ask first */
    SINK_SEND,  /* a socket */
};

struct event_row {
    const char *name;
    const char *text;
    enum ecs_log_level level;
};

static const struct event_row events[ECS_EVENT_COUNT] = {
#define EVENT(event_name, log_level, event_text)                                                             \
    [ECS_EV_##event_name] = {.name = #event_name, .text = (event_text), .level = ECS_LOG_##log_level},
#include "events.def"
#undef EVENT
};

/* Set by ecs_log_init before there are threads. */
static enum ecs_log_target log_target = ECS_LOG_TEXT;
static enum sink log_sink = SINK_WRITE;
static int log_fd = STDERR_FILENO;

static atomic_int log_level = ECS_LOG_NOTICE;
/* Per event: second of the monotonic clock in the upper, lines of that second in the lower half. */
static _Atomic uint64_t rates[ECS_EVENT_COUNT];
static _Atomic uint64_t dropped, dropped_told;
static _Atomic uint32_t told_second;

const char *ecs_log_level_name(enum ecs_log_level level)
{
    static const char *const names[] = {
        [ECS_LOG_ERROR] = "error", [ECS_LOG_WARNING] = "warning", [ECS_LOG_NOTICE] = "notice",
        [ECS_LOG_INFO] = "info",   [ECS_LOG_DEBUG] = "debug",
    };

    return level >= ECS_LOG_ERROR && level <= ECS_LOG_DEBUG ? names[level] : "error";
}

const char *ecs_event_name(enum ecs_event event)
{
    return (unsigned)event < ECS_EVENT_COUNT ? events[event].name : "UNKNOWN";
}

/* JOURNAL_STREAM is "device:inode" of the descriptor that systemd gave us (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
    struct ecs_str rest = ecs_str_of(getenv("JOURNAL_STREAM")), device;
    int64_t dev, ino;
    struct stat st;

    return ecs_str_cut(&rest, ':', &device) && ecs_str_to_i64(device, &dev) && ecs_str_to_i64(rest, &ino) &&
           fstat(STDERR_FILENO, &st) == 0 && (uint64_t)st.st_dev == (uint64_t)dev &&
           (uint64_t)st.st_ino == (uint64_t)ino;
}

/* O_NONBLOCK belongs to the open file, which others share (the shell, a parent): setting it on descriptor 2
 * would change theirs. So a pipe or terminal is opened anew; where that is forbidden, poll() asks before. */
static void choose_sink(void)
{
    struct stat st;
    int fd;

    if (log_fd != STDERR_FILENO)
        close(log_fd);
    log_fd = STDERR_FILENO;
    log_sink = SINK_WRITE;
    if (fstat(STDERR_FILENO, &st) != 0 || S_ISREG(st.st_mode))
        return;
    if (S_ISSOCK(st.st_mode)) {
        log_sink = SINK_SEND;
        return;
    }
    fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        log_fd = fd;
    else
        log_sink = SINK_POLL;
}

void ecs_log_init(enum ecs_log_target target, enum ecs_log_level level)
{
    if (target == ECS_LOG_AUTO)
        target = stderr_is_journal() ? ECS_LOG_JOURNAL : ECS_LOG_JSON;
    if (target == ECS_LOG_JOURNAL && !ecs_log_journal_start())
        target = ECS_LOG_JSON;
    choose_sink();
    log_target = target;
    ecs_log_set_level(level);
}

void ecs_log_set_level(enum ecs_log_level level)
{
    atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

static bool is_enabled(enum ecs_log_level level)
{
    return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

bool ecs_log_enabled(enum ecs_event event)
{
    return (unsigned)event < ECS_EVENT_COUNT && is_enabled(events[event].level);
}

uint64_t ecs_log_dropped(void)
{
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

void ecs_log_count_drop(void)
{
    atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
}

struct ecs_str ecs_log_imsi(const struct ecs_log_ctx *ctx, char room[20])
{
    struct ecs_str s = {ctx->imsi, strnlen(ctx->imsi, sizeof(ctx->imsi))};
    struct ecs_imsi imsi;

    if (!ecs_str_is_digits(s))
        return s;
    if (!ecs_imsi_parse(s, &imsi))
        return ECS_STR("*");
    ecs_imsi_mask(&imsi, room);
    return ecs_str_of(room);
}

static uint32_t current_second(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    return (uint32_t)ts.tv_sec;
}

static bool is_within_rate(enum ecs_event event, uint32_t second)
{
    uint64_t rate = atomic_load_explicit(&rates[event], memory_order_relaxed);

    while ((uint32_t)(rate >> 32) != second) {
        if (atomic_compare_exchange_weak_explicit(&rates[event], &rate, (uint64_t)second << 32 | 1,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    }
    if ((uint32_t)rate >= LINES_PER_SECOND)
        return false;
    rate = atomic_fetch_add_explicit(&rates[event], 1, memory_order_relaxed);
    return (uint32_t)rate < LINES_PER_SECOND;
}

static bool send_bytes(const char *bytes, size_t n)
{
    struct pollfd pfd = {.fd = log_fd, .events = POLLOUT};
    ssize_t sent;

    if (log_sink == SINK_POLL && (poll(&pfd, 1, 0) != 1 || !(pfd.revents & POLLOUT)))
        return false;
    do {
        sent = log_sink == SINK_SEND ? send(log_fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL)
                                     : write(log_fd, bytes, n);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)n;
}

/* "notice START: text [request ap2003 step]" for people; no control characters. */
static size_t write_text(const struct ecs_log_line *line, char out[ECS_LOG_LINE_MAX])
{
    const struct ecs_log_ctx *ctx = line->ctx;
    char room[20];
    size_t n;
    int rc;

    rc = snprintf(out, ECS_LOG_LINE_MAX, "%s %s: %.*s", ecs_log_level_name(line->level),
                  ecs_event_name(line->event), ECS_FMT(line->message));
    n = rc > 0 ? (size_t)rc : 0;
    if (ctx && (ctx->request_id[0] || ctx->imsi[0])) {
        struct ecs_str imsi = ecs_log_imsi(ctx, room);

        rc = snprintf(out + n, ECS_LOG_LINE_MAX - n, " [%.16s %.*s %.8s %.47s %.*s]", ctx->request_id,
                      ECS_FMT(imsi), ctx->tac, ctx->apps, ECS_LOG_STEP_MAX, ctx->step ? ctx->step : "");
        n += rc > 0 ? (size_t)rc : 0;
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)out[i] < 0x20 || out[i] == 0x7F)
            out[i] = '?';
    }
    out[n++] = '\n';
    return n;
}

static void emit(const struct ecs_log_line *line)
{
    char text[ECS_LOG_LINE_MAX];
    bool sent;

    if (log_target == ECS_LOG_JOURNAL)
        sent = ecs_log_journal_put(line);
    else if (log_target == ECS_LOG_TEXT)
        sent = send_bytes(text, write_text(line, text));
    else
        sent = send_bytes(text, ecs_log_json(line, text));
    if (!sent)
        ecs_log_count_drop();
}

static int64_t real_time_us(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Tells how many lines were dropped; whoever is the first to log in a new second does it. */
static void tell_dropped(uint32_t second)
{
    uint64_t now = atomic_load_explicit(&dropped, memory_order_relaxed);
    uint32_t last = atomic_load_explicit(&told_second, memory_order_relaxed);
    uint64_t before;
    char text[64];
    int n;

    if (now == atomic_load_explicit(&dropped_told, memory_order_relaxed) || last == second ||
        !atomic_compare_exchange_strong_explicit(&told_second, &last, second, memory_order_relaxed,
                                                 memory_order_relaxed))
        return;
    before = atomic_exchange_explicit(&dropped_told, now, memory_order_relaxed);
    if (now <= before)
        return;
    n = snprintf(text, sizeof(text), "%llu log lines were dropped", (unsigned long long)(now - before));
    emit(&(struct ecs_log_line){.event = ECS_EV_LIMIT,
                                .level = ECS_LOG_NOTICE,
                                .time_us = real_time_us(),
                                .message = {text, n > 0 ? (size_t)n : 0}});
}

static void log_line(const struct ecs_log_ctx *ctx, enum ecs_event event, enum ecs_log_level level,
                     const char *format, va_list args) ECS_PRINTF(4, 0);

static void log_line(const struct ecs_log_ctx *ctx, enum ecs_event event, enum ecs_log_level level,
                     const char *format, va_list args)
{
    char text[ECS_LOG_MESSAGE_MAX + 1];
    uint32_t second = current_second();
    struct ecs_str message;
    int n;

    if (!is_within_rate(event, second)) {
        ecs_log_count_drop();
        return;
    }
    tell_dropped(second);
    n = vsnprintf(text, sizeof(text), format, args);
    if (n <= 0) {
        message = ecs_str_of(events[event].text);
    } else if (n <= ECS_LOG_MESSAGE_MAX) {
        message = (struct ecs_str){text, (size_t)n};
    } else {
        /* Cut before a character that would lose its last bytes. */
        message = (struct ecs_str){text, ECS_LOG_MESSAGE_MAX};
        for (size_t back = 1; back <= 3; back++) {
            unsigned char c = (unsigned char)text[ECS_LOG_MESSAGE_MAX - back];

            if ((c & 0xC0) == 0x80)
                continue;
            if (ecs_utf8_sequence((const unsigned char *)text + ECS_LOG_MESSAGE_MAX - back, back) == 0)
                message.n -= back;
            break;
        }
    }
    emit(&(struct ecs_log_line){event, level, real_time_us(), message, ctx});
}

void ecs_log(const struct ecs_log_ctx *ctx, enum ecs_event event, const char *format, ...)
{
    int saved_errno;
    va_list args;

    if (!ecs_log_enabled(event))
        return;
    saved_errno = errno;
    va_start(args, format);
    log_line(ctx, event, events[event].level, format, args);
    va_end(args);
    errno = saved_errno;
}

void ecs_log_at(const struct ecs_log_ctx *ctx, enum ecs_event event, enum ecs_log_level level,
                const char *format, ...)
{
    int saved_errno;
    va_list args;

    if ((unsigned)event >= ECS_EVENT_COUNT || !is_enabled(level))
        return;
    saved_errno = errno;
    va_start(args, format);
    log_line(ctx, event, level, format, args);
    va_end(args);
    errno = saved_errno;
}
