/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: label sets, latency buckets, and the text that Prometheus reads. */
#include "metrics.h"

#include <stddef.h>
#include <string.h>

#include "ecs/aaa.h"
#include "ecs/auth.h"
#include "ecs/eap_server.h"
#include "ecs/log.h"
#include "ecs/negotiate.h"
#include "ecs/smdp.h"
#include "ecs/ts43.h"

/* Writes {label="value",...} of one cell; false behind the last one. */
typedef bool (*label_fn)(unsigned cell, struct ecs_buf *out);

static bool label_words(const char *name, const char *const *words, unsigned n, unsigned cell,
                        struct ecs_buf *out)
{
    if (cell >= n)
        return false;
    ecs_buf_printf(out, "{%s=\"%s\"}", name, words[cell]);
    return true;
}

static bool label_NONE(unsigned cell, struct ecs_buf *out)
{
    (void)out;
    return cell == 0;
}

static bool label_RESULT(unsigned cell, struct ecs_buf *out)
{
    if (cell >= ECS_RC_COUNT)
        return false;
    ecs_buf_printf(out, "{result=\"%s\",status=\"%d\"}", ecs_rc_metric((enum ecs_rc)cell),
                   ecs_rc_http((enum ecs_rc)cell));
    return true;
}

static bool label_METHOD(unsigned cell, struct ecs_buf *out)
{
    static const char *const outcomes[] = {"ok", "refused", "challenge", "error"};

    if (cell >= 4 * ECS_AUTH_METHOD_COUNT)
        return false;
    ecs_buf_printf(out, "{method=\"%s\",outcome=\"%s\"}",
                   ecs_auth_method_metric((enum ecs_auth_method)(cell / 4)), outcomes[cell % 4]);
    return true;
}

static bool label_VERDICT(unsigned cell, struct ecs_buf *out)
{
    if (cell > ECS_EAP_V_WRONG_IDENTIFIER)
        return false;
    ecs_buf_printf(out, "{verdict=\"%s\"}", ecs_eap_verdict_name((enum ecs_eap_verdict)cell));
    return true;
}

static bool label_APP(unsigned cell, struct ecs_buf *out)
{
    if (cell >= 4 * ECS_APP_COUNT)
        return false;
    ecs_buf_printf(out, "{app=\"%s\",status=\"%u\"}", ecs_app_name((enum ecs_app)(cell / 4)), cell % 4);
    return true;
}

static bool label_TOKEN(unsigned cell, struct ecs_buf *out)
{
    static const char *const words[] = {"presented", "new"};

    return label_words("kind", words, ECS_ARRAY_LEN(words), cell, out);
}

static bool label_FORMAT(unsigned cell, struct ecs_buf *out)
{
    static const char *const words[] = {"xml", "json"};

    return label_words("format", words, ECS_ARRAY_LEN(words), cell, out);
}

static bool label_GZIP(unsigned cell, struct ecs_buf *out)
{
    static const char *const words[] = {"request", "answer"};

    return label_words("direction", words, ECS_ARRAY_LEN(words), cell, out);
}

static bool label_RECALL(unsigned cell, struct ecs_buf *out)
{
    static const char *const words[] = {"served", "unknown"};

    return label_words("result", words, ECS_ARRAY_LEN(words), cell, out);
}

static bool label_REGISTER(unsigned cell, struct ecs_buf *out)
{
    static const char *const words[] = {"known", "registered", "invalid", "duplicate", "disabled"};

    return label_words("outcome", words, ECS_ARRAY_LEN(words), cell, out);
}

static const char *const channels[] = {"none", "gcm", "fcm", "wns", "apns", "sms", "webhook"};

/* Cell: 5 * enum ecs_push_channel + enum ecs_send_class. */
static bool label_NOTIFY(unsigned cell, struct ecs_buf *out)
{
    static const char *const classes[] = {"ok", "drop", "retry", "config", "bad"};

    if (cell >= ECS_ARRAY_LEN(channels) * ECS_ARRAY_LEN(classes))
        return false;
    ecs_buf_printf(out, "{channel=\"%s\",class=\"%s\"}", channels[cell / 5], classes[cell % 5]);
    return true;
}

static bool label_OUTCOME(unsigned cell, struct ecs_buf *out)
{
    static const char *const words[] = {"sent", "again",   "held",    "later", "sms",
                                        "dead", "expired", "dropped", "gone"};

    return label_words("outcome", words, ECS_ARRAY_LEN(words), cell, out);
}

static bool label_LIMIT(unsigned cell, struct ecs_buf *out)
{
    static const char *const words[] = {"device",   "source",   "subscriber", "in_work",
                                        "database", "pressure", "exchanges"};

    return label_words("limit", words, ECS_ARRAY_LEN(words), cell, out);
}

/* Cell: ECS_SMDP_STATUS_COUNT * enum ecs_smdp_function + enum ecs_smdp_status. */
static bool label_SMDP(unsigned cell, struct ecs_buf *out)
{
    if (cell >= (unsigned)ECS_SMDP_FN_COUNT * ECS_SMDP_STATUS_COUNT)
        return false;
    ecs_buf_printf(out, "{function=\"%s\",status=\"%s\"}",
                   ecs_smdp_function_names[cell / ECS_SMDP_STATUS_COUNT],
                   ecs_smdp_status_names[cell % ECS_SMDP_STATUS_COUNT]);
    return true;
}

static bool label_JOURNEY(unsigned cell, struct ecs_buf *out)
{
    static const char *const words[] = {"started", "done", "failed", "dismissed", "expired"};

    return label_words("outcome", words, ECS_ARRAY_LEN(words), cell, out);
}

static bool label_ACCOUNTING(unsigned cell, struct ecs_buf *out)
{
    static const char *const words[] = {"written", "sent", "again", "given-up", "not-taken"};

    return label_words("outcome", words, ECS_ARRAY_LEN(words), cell, out);
}

/* Cell: ECS_AAA_VERDICT_COUNT * enum ecs_aaa_type + enum ecs_aaa_verdict. */
static bool label_AAA(unsigned cell, struct ecs_buf *out)
{
    static const char *const verdicts[ECS_AAA_VERDICT_COUNT] = {"more", "repeat", "accepted", "rejected", "transient"};

    if (cell >= (unsigned)ECS_AAA_TYPE_COUNT * ECS_AAA_VERDICT_COUNT)
        return false;
    ecs_buf_printf(out, "{type=\"%s\",verdict=\"%s\"}", ecs_aaa_types[cell / ECS_AAA_VERDICT_COUNT],
                   verdicts[cell % ECS_AAA_VERDICT_COUNT]);
    return true;
}

static const struct {
    const char *name, *help;
    label_fn label;
} families[] = {
#define COUNTER(id, name, labels, help) [ECS_M_##id] = {name, help, label_##labels},
#include "metrics.def"
#undef COUNTER
};

static const uint32_t bounds_us[ECS_LATENCY_BUCKETS] = {
    100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000};

void ecs_metric_latency(struct ecs_metrics *m, unsigned kind, int64_t us)
{
    unsigned i = 0;

    while (i < ECS_LATENCY_BUCKETS && us > bounds_us[i])
        i++;
    ecs_metric_add(&m->latency[kind][i], 1);
    ecs_metric_add(&m->latency_us[kind], us > 0 ? (uint64_t)us : 0);
}

static void write_head(struct ecs_buf *out, const char *name, const char *type, const char *help)
{
    ecs_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static uint64_t load(const _Atomic uint64_t *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

static void write_family(struct ecs_metrics *const *workers, unsigned n, enum ecs_metric id,
                         struct ecs_buf *out)
{
    write_head(out, families[id].name, "counter", families[id].help);
    for (unsigned cell = 0; cell < ECS_METRIC_CELLS; cell++) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < n; i++)
            sum += load(&workers[i]->cell[id][cell]);
        ecs_buf_add_cstr(out, families[id].name);
        if (!families[id].label(cell, out)) {
            out->n -= strlen(families[id].name);
            break;
        }
        ecs_buf_printf(out, " %llu\n", (unsigned long long)sum);
    }
}

static void write_latency(struct ecs_metrics *const *workers, unsigned n, struct ecs_buf *out)
{
    static const char *const kinds[] = {"final", "challenge"};
    const char *name = "ecs_request_duration_seconds";

    write_head(out, name, "histogram", "From the complete request to the answer; challenge: EAP rounds.");
    for (unsigned kind = 0; kind < 2; kind++) {
        uint64_t total = 0, us = 0;

        for (unsigned b = 0; b <= ECS_LATENCY_BUCKETS; b++) {
            for (unsigned i = 0; i < n; i++)
                total += load(&workers[i]->latency[kind][b]);
            if (b < ECS_LATENCY_BUCKETS)
                ecs_buf_printf(out, "%s_bucket{kind=\"%s\",le=\"%g\"} %llu\n", name, kinds[kind],
                               bounds_us[b] / 1e6, (unsigned long long)total);
            else
                ecs_buf_printf(out, "%s_bucket{kind=\"%s\",le=\"+Inf\"} %llu\n", name, kinds[kind],
                               (unsigned long long)total);
        }
        for (unsigned i = 0; i < n; i++)
            us += load(&workers[i]->latency_us[kind]);
        ecs_buf_printf(out, "%s_sum{kind=\"%s\"} %.6f\n%s_count{kind=\"%s\"} %llu\n", name, kinds[kind],
                       (double)us / 1e6, name, kinds[kind], (unsigned long long)total);
    }
}

/* Counters of the layers below: a row per field. */
static const struct {
    size_t offset;
    const char *name, *type, *help;
} fields[] = {
#define HTTP(field, type, name, help)                                                                        \
    {                                                                                                        \
        offsetof(struct ecs_metrics, http.field), name, type, help                                           \
    }
#define PG(field, type, name, help)                                                                          \
    {                                                                                                        \
        offsetof(struct ecs_metrics, pg.field), name, type, help                                             \
    }
    HTTP(connections_open, "gauge", "ecs_connections", "Open connections of devices."),
    HTTP(connections_fresh, "gauge", "ecs_connections_fresh",
         "Open connections that no request has come on yet."),
    HTTP(connections_total, "counter", "ecs_connections_total", "Connections accepted."),
    HTTP(connections_refused, "counter", "ecs_connections_refused_total",
         "Connections closed at once by a limit."),
    HTTP(handshakes_ok, "counter", "ecs_tls_handshakes_total", "TLS handshakes completed."),
    HTTP(handshakes_resumed, "counter", "ecs_tls_resumed_total", "TLS handshakes that resumed a session."),
    HTTP(handshakes_failed, "counter", "ecs_tls_failed_total", "TLS handshakes that failed."),
    HTTP(handshakes_parked, "gauge", "ecs_tls_handshakes_waiting",
         "TLS handshakes that wait for the device."),
    HTTP(deadline_kills, "counter", "ecs_deadline_kills_total", "Connections ended by a deadline."),
    HTTP(idle_closed, "counter", "ecs_idle_closed_total", "Idle connections closed."),
    HTTP(requests, "counter", "ecs_http_requests_total", "Requests read."),
    HTTP(requests_refused, "counter", "ecs_http_requests_refused_total",
         "Requests refused while reading them."),
    HTTP(clients_gone, "counter", "ecs_clients_gone_total", "Devices that left before their answer."),
    HTTP(bytes_in, "counter", "ecs_http_received_bytes_total", "Bytes of requests."),
    HTTP(bytes_out, "counter", "ecs_http_sent_bytes_total", "Bytes of answers."),
    PG(statements, "counter", "ecs_db_statements_total", "Statements sent to the database."),
    PG(batches, "counter", "ecs_db_batches_total", "Batched look-ups sent."),
    PG(batched_keys, "counter", "ecs_db_batched_keys_total", "Keys in batched look-ups."),
    PG(errors, "counter", "ecs_db_errors_total", "Statements that failed."),
    PG(timeouts, "counter", "ecs_db_timeouts_total", "Statements that took too long."),
    PG(overloads, "counter", "ecs_db_overloads_total", "Statements refused because too many wait."),
    PG(lost, "counter", "ecs_db_connections_lost_total", "Database connections lost."),
    PG(up, "gauge", "ecs_db_connections", "Usable database connections."),
    PG(waiting, "gauge", "ecs_db_waiting", "Statements that wait for a connection."),
    {offsetof(struct ecs_metrics, in_work), "ecs_requests_in_work", "gauge",
     "Requests that wait for something."},
    {offsetof(struct ecs_metrics, notify_waiting), "ecs_notifications_waiting", "gauge",
     "Notifications in the outbox of all nodes, as this one last saw it; 200,000 stands for more."},
    {offsetof(struct ecs_metrics, notify_due), "ecs_notifications_due", "gauge",
     "Those of them that should have been sent by now."},
    {offsetof(struct ecs_metrics, notify_oldest_s), "ecs_notifications_oldest_seconds", "gauge",
     "How long the oldest of these has been due."},
    {offsetof(struct ecs_metrics, accounting_waiting), "ecs_accounting_waiting", "gauge",
     "Accounting records of all nodes that no server has answered, as this one last saw them."},
    {offsetof(struct ecs_metrics, accounting_oldest_s), "ecs_accounting_oldest_seconds", "gauge",
     "Age of the oldest of them."},
    {offsetof(struct ecs_metrics, journeys_stuck), "ecs_journeys_stuck", "gauge",
     "Open procedures of eSIM orchestration that try something again, or are overdue for five minutes."},
    {offsetof(struct ecs_metrics, journeys_oldest_s), "ecs_journeys_oldest_seconds", "gauge",
     "How long the one has stood that has changed least lately."},
#undef HTTP
#undef PG
};

static void write_fields(struct ecs_metrics *const *workers, unsigned n, struct ecs_buf *out)
{
    for (size_t f = 0; f < ECS_ARRAY_LEN(fields); f++) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < n; i++)
            sum += load((const _Atomic uint64_t *)((const char *)workers[i] + fields[f].offset));
        write_head(out, fields[f].name, fields[f].type, fields[f].help);
        ecs_buf_printf(out, "%s %llu\n", fields[f].name, (unsigned long long)sum);
    }
}

/* Never more than one node's worker 0 has them; the value of the others is 0. */
static void write_channels(struct ecs_metrics *const *workers, unsigned n, struct ecs_buf *out)
{
    const char *name = "ecs_notify_channel_stopped";

    write_head(out, name, "gauge",
               "1: the provider refuses our credentials; the channel is left alone for a while.");
    for (unsigned channel = 1; channel < ECS_ARRAY_LEN(channels); channel++) {
        uint64_t stopped = 0;

        for (unsigned i = 0; i < n; i++)
            stopped += load(&workers[i]->notify_stopped[channel]);
        ecs_buf_printf(out, "%s{channel=\"%s\"} %llu\n", name, channels[channel],
                       (unsigned long long)stopped);
    }
}

static void write_value(struct ecs_buf *out, const char *name, const char *type, const char *help,
                        int64_t value)
{
    write_head(out, name, type, help);
    ecs_buf_printf(out, "%s %lld\n", name, (long long)value);
}

void ecs_metrics_write(struct ecs_metrics *const *workers, unsigned n,
                       const struct ecs_metrics_totals *totals, struct ecs_buf *out)
{
    for (unsigned id = 0; id < ECS_METRIC_COUNT; id++)
        write_family(workers, n, (enum ecs_metric)id, out);
    write_latency(workers, n, out);
    write_fields(workers, n, out);
    write_channels(workers, n, out);
    ecs_metrics_write_journeys(workers, n, out);
    ecs_metrics_write_neighbours(workers, n, out);
    ecs_metrics_write_rungs(workers, n, out);
    write_head(out, "ecs_build_info", "gauge", "Version of the daemon.");
    ecs_buf_printf(out, "ecs_build_info{version=\"%s\"} 1\n", ECS_VERSION);
    write_value(out, "ecs_workers", "gauge", "Worker threads.", totals->workers);
    write_value(out, "ecs_start_time_seconds", "gauge", "Start of the process, Unix time.", totals->start_s);
    write_value(out, "ecs_certificate_expiry_seconds", "gauge",
                "End of the certificate that expires first, Unix time; 0 without TLS.",
                totals->certificate_expires_s);
    write_value(out, "ecs_reloads_total", "counter", "Reloads that were taken over.", totals->reloads);
    write_value(out, "ecs_reload_failures_total", "counter", "Reloads that were refused.",
                totals->reload_failures);
    write_value(out, "ecs_log_lines_dropped_total", "counter",
                "Log lines dropped by rate limit or a full target.", (int64_t)ecs_log_dropped());
}
