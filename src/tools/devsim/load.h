/* SPDX-License-Identifier: Apache-2.0 */
/* Load runs: many connections in one thread over epoll. */
#pragma once

#include "options.h"

enum ecs_load_mode {
    ECS_LOAD_TOKEN,     /* token request on kept connections (or new ones with fresh) */
    ECS_LOAD_EAP,       /* new connection, full EAP-AKA */
    ECS_LOAD_MIXED,     /* token requests, every n-th job is a full EAP-AKA */
    ECS_LOAD_HANDSHAKE, /* new connection, closed after the handshake */
    ECS_LOAD_RESUME,    /* new connection that resumes, one token request */
    ECS_LOAD_DELAY,     /* handshake whose Finished is held back */
    ECS_LOAD_MODE_COUNT
};
extern const char *const ecs_load_mode_names[ECS_LOAD_MODE_COUNT];

/* ---- figures ---- */

/* Latencies in microseconds, about 1.5 % resolution, up to 4,294 s. */
struct ecs_load_histogram {
    uint64_t cells[27 * 64];
    uint64_t count, sum_us, max_us;
};
void ecs_load_histogram_add(struct ecs_load_histogram *h, int64_t us);
uint64_t ecs_load_histogram_at(const struct ecs_load_histogram *h,
                               double share); /* 0.99: upper bound of p99 */

enum ecs_load_error {
    ECS_LOAD_E_CONNECT,
    ECS_LOAD_E_TLS,
    ECS_LOAD_E_HTTP, /* no valid answer, or the connection ended */
    ECS_LOAD_E_TIMEOUT,
    ECS_LOAD_E_STATUS, /* another status than 200 */
    ECS_LOAD_E_VERIFY, /* 200, and not the expected content */
    ECS_LOAD_E_SIM,    /* the SIM refused the challenge */
    ECS_LOAD_E_COUNT
};
extern const char *const ecs_load_error_names[ECS_LOAD_E_COUNT];

struct ecs_load_stats {
    struct ecs_load_histogram job, handshake, answer; /* answer: from send to answer, each request */
    uint64_t jobs_done, requests, handshakes, resumed, not_resumed, resyncs, reconnects, bytes_in;
    uint64_t status[600];
    uint64_t errors[ECS_LOAD_E_COUNT];
    char samples[5][200]; /* sentences about the first errors */
    unsigned sample_n;
};
void ecs_load_stats_error(struct ecs_load_stats *stats, enum ecs_load_error error, const char *text);
/* Table to table, one JSON object to json; either may be NULL. seconds: duration of the run. */
void ecs_load_stats_print(const struct ecs_load_stats *stats, const char *mode, double seconds,
                          double cpu_seconds, FILE *table, FILE *json);

/* ---- subscribers ---- */

struct ecs_load_subscriber {
    struct ecs_sim_usim usim;
    char *line;    /* "imsi,ki,opc" as read */
    char *token;   /* NULL: none */
    char *request; /* cached token request */
    size_t request_n;
    bool busy;
};

struct ecs_load_subscribers {
    struct ecs_load_subscriber *list;
    size_t n, next;
};
/* CSV lines "imsi,ki,opc[,token]"; a first line without digits is a heading. False with a sentence in err. */
bool ecs_load_subscribers_read(struct ecs_load_subscribers *subscribers, struct ecs_crypto *crypto,
                               const char *path, const struct ecs_sim_usim_text *common, char *err,
                               size_t err_size);
bool ecs_load_subscribers_write(const struct ecs_load_subscribers *subscribers, const char *path);
void ecs_load_subscribers_done(struct ecs_load_subscribers *subscribers);
/* The next one with a token, or (without) the next one whose card is not in use; NULL: none. */
struct ecs_load_subscriber *ecs_load_subscriber_next(struct ecs_load_subscribers *subscribers,
                                                     bool with_token);

/* The parameters that the user gave, and a terminal_id of the subscriber's own when the user gave none: an
 * IMEI made of TAC 49015420 and the last digits of the IMSI. */
void ecs_load_subscriber_params(struct ecs_sim_params *out, const struct ecs_sim_params *user,
                                const struct ecs_load_subscriber *subscriber);

/* ---- run ---- */

enum ecs_load_state {
    ECS_LOAD_CLOSED,
    ECS_LOAD_IDLE, /* open, no job */
    ECS_LOAD_CONNECTING,
    ECS_LOAD_SENDING,
    ECS_LOAD_READING
};

struct ecs_load_conn {
    struct ecs_load *load;
    struct ecs_tls_client *tls;
    enum ecs_load_state state;
    struct ecs_tls_session *session;
    struct ecs_load_conn *next_idle, *next_held;
    struct ecs_buf out, in;
    size_t sent;
    int64_t opened_us, sent_us, due_us; /* due: the job's time limit */
    int64_t release_us;                 /* held Finished goes out then; 0: nothing is held */
    bool job_resumes;                   /* a session was offered */
    /* job */
    bool has_job;
    enum ecs_load_mode kind;
    struct ecs_load_subscriber *subscriber;
    int64_t scheduled_us;
    struct ecs_arena *arena;
    struct ecs_sim_params params;
    struct ecs_sim_cookies cookies;
    bool eap_answered;
    unsigned rounds;
};

struct ecs_load {
    struct ecs_sim_device device; /* habits, crypto, TLS context, address */
    struct ecs_sim_addr addr;
    enum ecs_load_mode mode;
    const char *plain_path; /* not NULL: GET of this path instead of entitlement requests, any 200 is right */
    bool fresh;             /* a new connection for each token request */
    bool own_sources;       /* each connection from another loopback address */
    uint32_t source;        /* the last of them */
    unsigned connections, in_flight, mix, delay_ms, timeout_ms;
    uint64_t requests; /* jobs in all; 0: by time */
    double rate;       /* jobs per second; 0: closed loop */
    bool poisson;
    int64_t run_us;  /* 0: by count */
    int64_t warm_us; /* figures of the begin are thrown away; 0: none, or already done */
    struct ecs_load_subscribers subscribers;
    struct ecs_load_stats stats;
    struct ecs_arena_cache cache;
    struct ecs_load_conn *conns;
    struct ecs_load_conn *idle, **idle_end; /* free for a job; used in turn, so that all are in use */
    struct ecs_load_conn *held_first, **held_end;
    int epoll_fd;
    int64_t now_us, start_us, next_job_us;
    uint64_t started;
    double cpu_start;
    bool stalled; /* no subscriber is free for a job */
    unsigned active;
};

/* Gives the connection its job and drives it as far as it goes. */
void ecs_load_job_start(struct ecs_load_conn *conn, enum ecs_load_mode kind,
                        struct ecs_load_subscriber *subscriber, int64_t scheduled_us);
void ecs_load_conn_drive(struct ecs_load_conn *conn);
void ecs_load_conn_fail(struct ecs_load_conn *conn, enum ecs_load_error error, const char *text);
/* To the end of the queue of free ones. */
void ecs_load_conn_free_for_job(struct ecs_load_conn *conn);
void ecs_load_conn_unhold(struct ecs_load_conn *conn); /* out of the list of held ones */
void ecs_load_conn_close(struct ecs_load_conn *conn);
/* Builds the first request of the job into conn->out; false after a failure that was counted. */
bool ecs_load_job_request(struct ecs_load_conn *conn);
/* Judges an answer: true: conn->out holds the next request; false: the job is over (or failed). */
bool ecs_load_job_answer(struct ecs_load_conn *conn, const struct ecs_sim_response *response);

struct ecs_load_files {
    const char *tokens_out, *paths_out; /* NULL: not written */
    bool no_table;
};
/* Runs and prints; exit code. A run with any failure is ECS_SIM_RESULT_BROKEN. */
int ecs_load_run(struct ecs_load *load, const struct ecs_load_files *files, char *err, size_t err_size);
void ecs_load_done(struct ecs_load *load);
/* The request target of each subscriber with a token, one per line (for wrk). */
bool ecs_load_paths_write(struct ecs_load *load, const char *path);
