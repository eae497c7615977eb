/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent: request targets and SIM cards from files, figures. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load.h"

enum { REQUESTS_MAX = 100000, CARDS_MAX = 100000, LATENCIES_MAX = 4000000 };

int64_t load_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void load_fault(struct load *load, const char *format, ...)
{
    va_list args;

    load->failed++;
    if (load->fault[0])
        return;
    va_start(args, format);
    vsnprintf(load->fault, sizeof(load->fault), format, args);
    va_end(args);
}

void load_latency(struct load *load, int64_t us)
{
    if (load->latency_n == load->latency_cap) {
        size_t cap = load->latency_cap ? load->latency_cap * 2 : 65536;
        uint32_t *more = cap <= LATENCIES_MAX ? realloc(load->latency_us, cap * sizeof(*more)) : NULL;

        if (!more)
            return;
        load->latency_us = more;
        load->latency_cap = cap;
    }
    load->latency_us[load->latency_n++] = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static FILE *open_file(struct load *load, const char *path)
{
    FILE *file = path ? fopen(path, "re") : NULL;

    if (!file)
        load_fault(load, "%s: %s", path ? path : "no file given", path ? strerror(errno) : "");
    return file;
}

bool load_targets_read(struct load *load)
{
    char line[4096];
    FILE *file;

    load->requests = calloc(REQUESTS_MAX, sizeof(*load->requests));
    if (!load->requests)
        return false;
    if (load->options.mode == LOAD_EAP || load->options.mode == LOAD_HANDSHAKE)
        return true;
    file = open_file(load, load->options.targets);
    while (file && load->request_n < REQUESTS_MAX && fgets(line, sizeof(line), file)) {
        char *request;
        int n;

        line[strcspn(line, "\r\n")] = '\0';
        n = line[0] ? asprintf(&request,
                               "GET %s HTTP/1.1\r\nHost: aes.bench.example\r\nAccept: "
                               "application/vnd.gsma.eap-relay.v1.0+json, application/json\r\n"
                               "User-Agent: PRD-TS43 Bench/1.0 bench-load/1.0 OS-Bench/1.0\r\n\r\n",
                               line)
                    : 0;
        if (n > 0)
            load->requests[load->request_n++] = (struct ecs_str){request, (size_t)n};
    }
    if (file)
        fclose(file);
    if (!load->request_n)
        load_fault(load, "no request targets");
    return load->request_n > 0;
}

static bool read_card(const char *line, struct load_card *card)
{
    char imsi[17], ki[33], opc[33];

    memset(card, 0, sizeof(*card));
    card->key.alg = ECS_AKA_MILENAGE;
    card->key.ki_n = 16;
    return sscanf(line, "%16s %32s %32s %31s", imsi, ki, opc, card->terminal) == 4 &&
           ecs_imsi_parse(ecs_str_of(imsi), &card->imsi) &&
           ecs_hex_decode(ecs_str_of(ki), card->key.ki, 16) &&
           ecs_hex_decode(ecs_str_of(opc), card->key.opc, 16);
}

bool load_cards_read(struct load *load)
{
    char line[256];
    FILE *file;

    if (load->options.mode != LOAD_EAP)
        return true;
    load->cards = calloc(CARDS_MAX, sizeof(*load->cards));
    file = load->cards ? open_file(load, load->options.cards) : NULL;
    while (file && load->card_n < CARDS_MAX && fgets(line, sizeof(line), file))
        if (read_card(line, &load->cards[load->card_n]))
            load->card_n++;
        else
            load_fault(load, "line %zu of the cards is malformed", load->card_n + 1);
    if (file)
        fclose(file);
    if (!load->card_n)
        load_fault(load, "no cards");
    return load->card_n > 0 && !load->failed;
}

const struct ecs_str *load_request_next(struct load *load)
{
    const struct ecs_str *request = &load->requests[load->request_next];

    load->request_next = (load->request_next + 1) % load->request_n;
    return request;
}

struct load_card *load_card_next(struct load *load)
{
    for (size_t tried = 0; tried < load->card_n; tried++) {
        struct load_card *card = &load->cards[load->card_next];

        load->card_next = (load->card_next + 1) % load->card_n;
        if (!card->busy) {
            card->busy = true;
            return card;
        }
    }
    return NULL;
}

/* ---- report ---- */

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint32_t percentile(const struct load *load, double share)
{
    size_t at = (size_t)(share * (double)load->latency_n);

    return load->latency_n ? load->latency_us[at < load->latency_n ? at : load->latency_n - 1] : 0;
}

void load_report(const struct load *load)
{
    double seconds = (double)(load->end_us - load->begin_us) / 1e6;

    if (load->latency_n)
        qsort(load->latency_us, load->latency_n, sizeof(*load->latency_us), compare);
    printf("{\"done\": %lu, \"failed\": %lu, \"resumed\": %lu, \"seconds\": %.6f, \"rate\": %.1f, "
           "\"p50_us\": %u, "
           "\"p90_us\": %u, \"p99_us\": %u, \"max_us\": %u, \"fault\": \"",
           load->done, load->failed, load->resumed, seconds, seconds > 0 ? (double)load->done / seconds : 0.0,
           percentile(load, 0.5), percentile(load, 0.9), percentile(load, 0.99), percentile(load, 1.0));
    for (const char *p = load->fault; *p; p++)
        putchar(*p == '"' || *p == '\\' || (unsigned char)*p < ' ' ? ' ' : *p);
    printf("\"}\n");
    fflush(stdout);
}
