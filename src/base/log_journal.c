/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines to the systemd journal with native fields; the only file of this module that knows libsystemd.
 *
 * sd_journal_sendv() owns a blocking datagram socket that it does not show. When journald is stopped or busy
 * its queue fills up and the call waits, perhaps for ever. Therefore callers only copy their line into a
 * queue of fixed size, and a thread of ours, which alone may be held up, sends from there. A full queue drops
 * the line and counts it. At exit what is queued gets a short time to go out. */
#include "base/log_internal.h"

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    QUEUE_LEN = 512,
    FIELDS_MAX = 9,
    FIELD_LEN = 96,
    STACK_LEN = 256 * 1024,
    EXIT_WAIT_MS = 300,
};

struct record {
    enum ecs_event event;
    enum ecs_log_level level;
    bool has_ctx;
    struct ecs_log_ctx ctx; /* step points to the copy below */
    char step[ECS_LOG_STEP_MAX + 1];
    size_t message_n;
    char message[ECS_LOG_MESSAGE_MAX];
};

/* sent <= put <= sent + QUEUE_LEN; both only grow, the slot is the count modulo QUEUE_LEN. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_cond_t emptied;
    struct record *records; /* NULL until started */
    uint64_t put;
    uint64_t sent;
    pid_t owner; /* a forked child has no such thread */
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .filled = PTHREAD_COND_INITIALIZER,
           .emptied = PTHREAD_COND_INITIALIZER};

struct fields {
    char text[FIELDS_MAX][FIELD_LEN];
    struct iovec iov[FIELDS_MAX + 1]; /* and the message */
    int n;
};

static void add_field(struct fields *f, const char *format, ...) ECS_PRINTF(2, 3);

static void add_field(struct fields *f, const char *format, ...)
{
    char *text = f->text[f->n];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, FIELD_LEN, format, args);
    va_end(args);
    if (n < 0)
        return;
    f->iov[f->n++] = (struct iovec){text, n < FIELD_LEN ? (size_t)n : FIELD_LEN - 1};
}

static void add_text(struct fields *f, const char *name, const char *value)
{
    if (value && *value)
        add_field(f, "%s=%s", name, value);
}

static void send_record(const struct record *r)
{
    static const char message_name[] = "MESSAGE=";
    char message[sizeof(message_name) + ECS_LOG_MESSAGE_MAX], room[20];
    struct fields f = {.n = 0};
    struct ecs_str imsi;

    memcpy(message, message_name, sizeof(message_name) - 1);
    memcpy(message + sizeof(message_name) - 1, r->message, r->message_n);
    add_field(&f, "PRIORITY=%d", (int)r->level);
    add_field(&f, "ECS_EVENT=%s", ecs_event_name(r->event));
    if (r->has_ctx) {
        add_text(&f, "ECS_REQUEST_ID", r->ctx.request_id);
        imsi = ecs_log_imsi(&r->ctx, room);
        if (imsi.n > 0)
            add_field(&f, "ECS_IMSI=%.*s", ECS_FMT(imsi));
        add_text(&f, "ECS_TAC", r->ctx.tac);
        add_text(&f, "ECS_APPS", r->ctx.apps);
        add_text(&f, "ECS_STEP", r->step);
        add_field(&f, "ECS_WORKER=%u", r->ctx.worker);
    }
    f.iov[f.n++] = (struct iovec){message, sizeof(message_name) - 1 + r->message_n};
    if (sd_journal_sendv(f.iov, f.n) < 0)
        ecs_log_count_drop();
}

static void *send_queued(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&queue.lock);
    for (;;) {
        while (queue.sent == queue.put)
            pthread_cond_wait(&queue.filled, &queue.lock);
        /* The slot is not given away before "sent" says so, so it can be read without the lock. */
        const struct record *r = &queue.records[queue.sent % QUEUE_LEN];

        pthread_mutex_unlock(&queue.lock);
        send_record(r);
        pthread_mutex_lock(&queue.lock);
        queue.sent++;
        if (queue.sent == queue.put)
            pthread_cond_broadcast(&queue.emptied);
    }
    return NULL;
}

static void wait_until_sent(void)
{
    struct timespec until;

    if (queue.owner != getpid())
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += EXIT_WAIT_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&queue.lock);
    while (queue.sent != queue.put) {
        if (pthread_cond_timedwait(&queue.emptied, &queue.lock, &until) != 0)
            break;
    }
    pthread_mutex_unlock(&queue.lock);
}

bool ecs_log_journal_start(void)
{
    struct record *records;
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    if (queue.records)
        return true;
    records = calloc(QUEUE_LEN, sizeof(*records));
    if (!records)
        return false;
    if (pthread_attr_init(&attr) != 0) {
        free(records);
        return false;
    }
    queue.records = records;
    /* Signals belong to the threads of the daemon. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_LEN);
    rc = pthread_create(&thread, &attr, send_queued, NULL);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        queue.records = NULL;
        free(records);
        return false;
    }
    queue.owner = getpid();
    (void)atexit(wait_until_sent);
    return true;
}

static void fill_record(struct record *r, const struct ecs_log_line *line)
{
    r->event = line->event;
    r->level = line->level;
    r->message_n = line->message.n < sizeof(r->message) ? line->message.n : sizeof(r->message);
    memcpy(r->message, line->message.p, r->message_n);
    r->has_ctx = line->ctx != NULL;
    r->step[0] = '\0';
    if (!line->ctx)
        return;
    r->ctx = *line->ctx;
    r->ctx.step = NULL;
    if (line->ctx->step) {
        size_t n = strnlen(line->ctx->step, ECS_LOG_STEP_MAX);

        memcpy(r->step, line->ctx->step, n);
        r->step[n] = '\0';
    }
}

bool ecs_log_journal_put(const struct ecs_log_line *line)
{
    bool room;

    pthread_mutex_lock(&queue.lock);
    room = queue.put - queue.sent < QUEUE_LEN;
    if (room) {
        fill_record(&queue.records[queue.put % QUEUE_LEN], line);
        /* The thread only sleeps when it has sent everything. */
        if (queue.put == queue.sent)
            pthread_cond_signal(&queue.filled);
        queue.put++;
    }
    pthread_mutex_unlock(&queue.lock);
    return room;
}
