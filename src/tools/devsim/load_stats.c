/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of a load run: latency histograms, counts by status and kind of error, printed as table and JSON.
 */

#include <jansson.h>
#include <string.h>

#include "load.h"

const char *const ecs_load_mode_names[ECS_LOAD_MODE_COUNT] = {
    [ECS_LOAD_TOKEN] = "token",         [ECS_LOAD_EAP] = "cold-eap",  [ECS_LOAD_MIXED] = "mixed",
    [ECS_LOAD_HANDSHAKE] = "handshake", [ECS_LOAD_RESUME] = "resume", [ECS_LOAD_DELAY] = "delay-finished",
};
const char *const ecs_load_error_names[ECS_LOAD_E_COUNT] = {
    [ECS_LOAD_E_CONNECT] = "connect", [ECS_LOAD_E_TLS] = "tls",       [ECS_LOAD_E_HTTP] = "http",
    [ECS_LOAD_E_TIMEOUT] = "timeout", [ECS_LOAD_E_STATUS] = "status", [ECS_LOAD_E_VERIFY] = "verify",
    [ECS_LOAD_E_SIM] = "sim",
};

/* Below 64: one cell per microsecond; above: 64 cells per power of two. */
static size_t cell_of(uint64_t us)
{
    unsigned shift;
    size_t cell;

    if (us < 64)
        return (size_t)us;
    shift = 63u - (unsigned)__builtin_clzll(us) - 6;
    cell = (size_t)(shift + 1) * 64 + (size_t)((us >> shift) - 64);
    return cell;
}

static uint64_t upper_of(size_t cell)
{
    unsigned shift;

    if (cell < 64)
        return cell;
    shift = (unsigned)(cell / 64) - 1;
    return ((uint64_t)(cell % 64 + 65) << shift) - 1;
}

void ecs_load_histogram_add(struct ecs_load_histogram *h, int64_t us)
{
    uint64_t value = us < 0 ? 0 : (uint64_t)us;
    size_t cell = cell_of(value);

    if (cell >= ECS_ARRAY_LEN(h->cells))
        cell = ECS_ARRAY_LEN(h->cells) - 1;
    h->cells[cell]++;
    h->count++;
    h->sum_us += value;
    if (value > h->max_us)
        h->max_us = value;
}

uint64_t ecs_load_histogram_at(const struct ecs_load_histogram *h, double share)
{
    double wanted = share * (double)h->count;
    uint64_t seen = 0;

    for (size_t i = 0; i < ECS_ARRAY_LEN(h->cells); i++) {
        seen += h->cells[i];
        if (seen && (double)seen >= wanted)
            return upper_of(i) < h->max_us ? upper_of(i) : h->max_us;
    }
    return h->max_us;
}

void ecs_load_stats_error(struct ecs_load_stats *stats, enum ecs_load_error error, const char *text)
{
    stats->errors[error]++;
    if (stats->sample_n == ECS_ARRAY_LEN(stats->samples))
        return;
    for (unsigned i = 0; i < stats->sample_n; i++) {
        if (!strncmp(stats->samples[i], text, sizeof(stats->samples[i]) - 1))
            return;
    }
    snprintf(stats->samples[stats->sample_n++], sizeof(stats->samples[0]), "%s", text);
}

static json_t *latency_json(const struct ecs_load_histogram *h)
{
    double mean = h->count ? (double)h->sum_us / (double)h->count : 0;

    return json_pack("{s:I,s:f,s:I,s:I,s:I,s:I,s:I}", "count", (json_int_t)h->count, "mean_us", mean,
                     "p50_us", (json_int_t)ecs_load_histogram_at(h, 0.5), "p90_us",
                     (json_int_t)ecs_load_histogram_at(h, 0.9), "p99_us",
                     (json_int_t)ecs_load_histogram_at(h, 0.99), "p999_us",
                     (json_int_t)ecs_load_histogram_at(h, 0.999), "max_us", (json_int_t)h->max_us);
}

static void print_json(const struct ecs_load_stats *s, const char *mode, double seconds, double cpu,
                       FILE *out)
{
    json_t *root = json_object(), *status = json_object(), *errors = json_object(), *samples = json_array();
    char name[16];

    for (size_t i = 0; i < ECS_ARRAY_LEN(s->status); i++) {
        snprintf(name, sizeof(name), "%zu", i);
        if (s->status[i])
            json_object_set_new(status, name, json_integer((json_int_t)s->status[i]));
    }
    for (size_t i = 0; i < ECS_LOAD_E_COUNT; i++)
        json_object_set_new(errors, ecs_load_error_names[i], json_integer((json_int_t)s->errors[i]));
    for (unsigned i = 0; i < s->sample_n; i++)
        json_array_append_new(samples, json_string(s->samples[i]));
    json_object_set_new(root, "mode", json_string(mode));
    json_object_set_new(root, "seconds", json_real(seconds));
    json_object_set_new(root, "client_cpu_seconds", json_real(cpu));
    json_object_set_new(root, "jobs", json_integer((json_int_t)s->jobs_done));
    json_object_set_new(root, "jobs_per_s", json_real(seconds > 0 ? (double)s->jobs_done / seconds : 0));
    json_object_set_new(root, "requests", json_integer((json_int_t)s->requests));
    json_object_set_new(root, "requests_per_s", json_real(seconds > 0 ? (double)s->requests / seconds : 0));
    json_object_set_new(root, "handshakes", json_integer((json_int_t)s->handshakes));
    json_object_set_new(root, "handshakes_per_s",
                        json_real(seconds > 0 ? (double)s->handshakes / seconds : 0));
    json_object_set_new(root, "resumed", json_integer((json_int_t)s->resumed));
    json_object_set_new(root, "not_resumed", json_integer((json_int_t)s->not_resumed));
    json_object_set_new(root, "resyncs", json_integer((json_int_t)s->resyncs));
    json_object_set_new(root, "reconnects", json_integer((json_int_t)s->reconnects));
    json_object_set_new(root, "bytes_in", json_integer((json_int_t)s->bytes_in));
    json_object_set_new(root, "job", latency_json(&s->job));
    json_object_set_new(root, "answer", latency_json(&s->answer));
    json_object_set_new(root, "handshake", latency_json(&s->handshake));
    json_object_set_new(root, "status", status);
    json_object_set_new(root, "errors", errors);
    json_object_set_new(root, "samples", samples);
    json_dumpf(root, out, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(root);
}

static void print_latency(FILE *out, const char *name, const struct ecs_load_histogram *h)
{
    if (!h->count)
        return;
    fprintf(out, "  %-10s %10llu %9.3f %9.3f %9.3f %9.3f %9.3f\n", name, (unsigned long long)h->count,
            (double)h->sum_us / (double)h->count / 1000, (double)ecs_load_histogram_at(h, 0.5) / 1000,
            (double)ecs_load_histogram_at(h, 0.9) / 1000, (double)ecs_load_histogram_at(h, 0.99) / 1000,
            (double)h->max_us / 1000);
}

static void print_table(const struct ecs_load_stats *s, const char *mode, double seconds, double cpu,
                        FILE *out)
{
    fprintf(out,
            "%s: %.2f s, %llu jobs (%.0f/s), %llu requests (%.0f/s), %llu handshakes (%.0f/s), client CPU "
            "%.2f s\n",
            mode, seconds, (unsigned long long)s->jobs_done, (double)s->jobs_done / seconds,
            (unsigned long long)s->requests, (double)s->requests / seconds, (unsigned long long)s->handshakes,
            (double)s->handshakes / seconds, cpu);
    fprintf(out, "  ms              count      mean       p50       p90       p99       max\n");
    print_latency(out, "job", &s->job);
    print_latency(out, "answer", &s->answer);
    print_latency(out, "handshake", &s->handshake);
    if (s->resumed || s->not_resumed)
        fprintf(out, "  resumed %llu, not resumed %llu\n", (unsigned long long)s->resumed,
                (unsigned long long)s->not_resumed);
    if (s->resyncs || s->reconnects)
        fprintf(out, "  resynchronisations %llu, reconnections %llu\n", (unsigned long long)s->resyncs,
                (unsigned long long)s->reconnects);
    for (size_t i = 0; i < ECS_ARRAY_LEN(s->status); i++) {
        if (s->status[i])
            fprintf(out, "  status %zu: %llu\n", i, (unsigned long long)s->status[i]);
    }
    for (size_t i = 0; i < ECS_LOAD_E_COUNT; i++) {
        if (s->errors[i])
            fprintf(out, "  failed (%s): %llu\n", ecs_load_error_names[i], (unsigned long long)s->errors[i]);
    }
    for (unsigned i = 0; i < s->sample_n; i++)
        fprintf(out, "  for example: %s\n", s->samples[i]);
}

void ecs_load_stats_print(const struct ecs_load_stats *stats, const char *mode, double seconds,
                          double cpu_seconds, FILE *table, FILE *json)
{
    if (seconds <= 0)
        seconds = 1e-6;
    if (table)
        print_table(stats, mode, seconds, cpu_seconds, table);
    if (json)
        print_json(stats, mode, seconds, cpu_seconds, json);
}
