/* SPDX-License-Identifier: Apache-2.0 */
/* "load", "prepare" and "delay-finished": starts jobs on time, one thread, and prints the figures. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "ecs/clock.h"
#include "load.h"

/* ---- schedule ---- */

static double cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static enum ecs_load_mode kind_of_next(const struct ecs_load *load)
{
    if (load->mode != ECS_LOAD_MIXED)
        return load->mode;
    return load->mix && load->started % load->mix == 0 ? ECS_LOAD_EAP : ECS_LOAD_TOKEN;
}

static bool is_over(const struct ecs_load *load)
{
    if (load->warm_us)
        return false;
    if (load->requests && load->started >= load->requests)
        return true;
    return load->run_us && load->now_us - load->start_us >= load->run_us;
}

static void plan_next(struct ecs_load *load)
{
    double gap = 1e6 / load->rate;

    if (load->poisson)
        gap *= -log(1.0 - drand48());
    load->next_job_us += (int64_t)gap;
}

/* False when no job can begin now. */
static bool start_one(struct ecs_load *load)
{
    struct ecs_load_conn *conn = load->idle;
    enum ecs_load_mode kind = kind_of_next(load);
    struct ecs_load_subscriber *who = NULL;
    int64_t scheduled = load->now_us;

    if (!conn || load->active >= load->in_flight || is_over(load))
        return false;
    if (load->rate > 0 && load->next_job_us > load->now_us)
        return false;
    if (!load->plain_path && kind != ECS_LOAD_HANDSHAKE && load->subscribers.n) {
        who = ecs_load_subscriber_next(&load->subscribers, kind != ECS_LOAD_EAP);
        load->stalled = !who;
        if (!who)
            return false;
    }
    if (load->rate > 0) {
        scheduled = load->next_job_us;
        plan_next(load);
    }
    load->idle = conn->next_idle;
    if (!load->idle)
        load->idle_end = &load->idle;
    load->started++;
    ecs_load_job_start(conn, kind, who, scheduled);
    return true;
}

static void release_held(struct ecs_load *load)
{
    while (load->held_first && load->held_first->release_us <= load->now_us) {
        struct ecs_load_conn *conn = load->held_first;

        ecs_load_conn_unhold(conn);
        if (ecs_tls_client_release(conn->tls) == ECS_TLS_FAILED)
            ecs_load_conn_fail(conn, ECS_LOAD_E_TLS, ecs_tls_client_error(conn->tls));
        else
            ecs_load_conn_drive(conn);
    }
}

static void check_limits(struct ecs_load *load)
{
    for (unsigned i = 0; i < load->connections; i++) {
        struct ecs_load_conn *conn = &load->conns[i];

        if (conn->has_job && conn->due_us <= load->now_us && !conn->release_us)
            ecs_load_conn_fail(conn, ECS_LOAD_E_TIMEOUT, "no answer in time");
    }
}

/* How long the loop may sleep; 100 ms at most. */
static struct timespec wait_time(const struct ecs_load *load)
{
    int64_t wait_us = 100000;

    if (load->rate > 0 && !is_over(load) && load->idle && load->next_job_us - load->now_us < wait_us)
        wait_us = load->next_job_us - load->now_us;
    if (load->held_first && load->held_first->release_us - load->now_us < wait_us)
        wait_us = load->held_first->release_us - load->now_us;
    if (load->rate <= 0 && load->idle && load->active < load->in_flight && !is_over(load))
        wait_us = load->stalled ? 1000 : 0;
    return (struct timespec){.tv_nsec = wait_us <= 0 ? 0 : (long)wait_us * 1000};
}

static void turn(struct ecs_load *load, int64_t *next_check_us)
{
    struct epoll_event events[256];
    struct timespec wait = wait_time(load);
    int n = epoll_pwait2(load->epoll_fd, events, ECS_ARRAY_LEN(events), &wait, NULL);

    load->now_us = ecs_clock_mono_us();
    for (int i = 0; i < n; i++)
        ecs_load_conn_drive(events[i].data.ptr);
    load->now_us = ecs_clock_mono_us();
    release_held(load);
    if (load->now_us >= *next_check_us) {
        check_limits(load);
        *next_check_us = load->now_us + 100000;
    }
    for (unsigned i = 0; i < load->connections && start_one(load); i++)
        ; /* bounded: jobs that fail at once must not keep the loop from looking at the clock */
}

/* Connections are open and caches are filled now: the figures begin. */
static void end_warm_up(struct ecs_load *load)
{
    if (!load->warm_us || load->now_us - load->start_us < load->warm_us)
        return;
    load->warm_us = 0;
    memset(&load->stats, 0, sizeof(load->stats));
    load->cpu_start = cpu_seconds();
    load->start_us = load->now_us;
    if (load->next_job_us < load->now_us)
        load->next_job_us = load->now_us; /* what waited is forgotten, too */
    load->started = 0;
}

static void run(struct ecs_load *load)
{
    int64_t next_check_us = 0;

    load->start_us = load->now_us = load->next_job_us = ecs_clock_mono_us();
    while (load->active || !is_over(load)) {
        turn(load, &next_check_us);
        end_warm_up(load);
    }
}

/* ---- begin and end ---- */

static bool allocate(struct ecs_load *load, char *err, size_t err_size)
{
    struct rlimit files;

    if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < load->connections + 64) {
        files.rlim_cur = files.rlim_max < load->connections + 64 ? files.rlim_max : load->connections + 64;
        setrlimit(RLIMIT_NOFILE, &files);
        if (files.rlim_cur < load->connections + 64) {
            snprintf(err, err_size, "only %llu files may be open", (unsigned long long)files.rlim_cur);
            return false;
        }
    }
    load->conns = calloc(load->connections, sizeof(*load->conns));
    load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!load->conns || load->epoll_fd < 0) {
        snprintf(err, err_size, "%s", strerror(errno));
        return false;
    }
    load->held_end = &load->held_first;
    load->idle_end = &load->idle;
    for (unsigned i = 0; i < load->connections; i++) {
        load->conns[i].load = load;
        ecs_load_conn_free_for_job(&load->conns[i]);
    }
    return true;
}

static void release(struct ecs_load *load)
{
    for (unsigned i = 0; load->conns && i < load->connections; i++) {
        struct ecs_load_conn *conn = &load->conns[i];

        ecs_load_conn_close(conn);
        ecs_tls_session_free(conn->session);
        ecs_arena_free(conn->arena);
        ecs_buf_done(&conn->in);
        ecs_buf_done(&conn->out);
    }
    free(load->conns);
    if (load->epoll_fd >= 0)
        close(load->epoll_fd);
    ecs_load_subscribers_done(&load->subscribers);
    ecs_sim_device_done(&load->device);
    ecs_arena_cache_done(&load->cache);
}

int ecs_load_run(struct ecs_load *load, const struct ecs_load_files *files, char *err, size_t err_size)
{
    uint64_t failed = 0;

    if (!allocate(load, err, err_size))
        return ECS_SIM_RESULT_USAGE;
    srand48(1);
    load->cpu_start = cpu_seconds();
    run(load);
    ecs_load_stats_print(&load->stats, ecs_load_mode_names[load->mode],
                         (double)(ecs_clock_mono_us() - load->start_us) / 1e6,
                         cpu_seconds() - load->cpu_start, files->no_table ? NULL : stderr, stdout);
    for (size_t i = 0; i < ECS_LOAD_E_COUNT; i++)
        failed += load->stats.errors[i];
    if (files->tokens_out && !ecs_load_subscribers_write(&load->subscribers, files->tokens_out)) {
        snprintf(err, err_size, "cannot write %s: %s", files->tokens_out, strerror(errno));
        return ECS_SIM_RESULT_USAGE;
    }
    if (files->paths_out && !ecs_load_paths_write(load, files->paths_out)) {
        snprintf(err, err_size, "cannot write %s: %s", files->paths_out, strerror(errno));
        return ECS_SIM_RESULT_USAGE;
    }
    return failed ? ECS_SIM_RESULT_BROKEN : ECS_SIM_RESULT_OK;
}

void ecs_load_done(struct ecs_load *load)
{
    release(load);
}
