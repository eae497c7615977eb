/* SPDX-License-Identifier: Apache-2.0 */
/* Figures and lists of load runs. */

#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "load.h"

static void test_percentiles_are_right_within_two_percent(void **state)
{
    struct ecs_load_histogram *h = calloc(1, sizeof(*h));
    static const double shares[] = {0.01, 0.5, 0.9, 0.99, 0.999, 1.0};

    (void)state;
    assert_non_null(h);
    for (int64_t us = 1; us <= 100000; us++)
        ecs_load_histogram_add(h, us);
    for (size_t i = 0; i < ECS_ARRAY_LEN(shares); i++) {
        double wanted = shares[i] * 100000, got = (double)ecs_load_histogram_at(h, shares[i]);

        assert_true(got >= wanted * 0.98 && got <= wanted * 1.02);
    }
    assert_int_equal(h->count, 100000);
    assert_int_equal(h->max_us, 100000);
    free(h);
}

static void test_histogram_takes_any_value(void **state)
{
    struct ecs_load_histogram *h = calloc(1, sizeof(*h));

    (void)state;
    assert_non_null(h);
    assert_int_equal(ecs_load_histogram_at(h, 0.5), 0);
    ecs_load_histogram_add(h, -5);
    assert_int_equal(ecs_load_histogram_at(h, 0.5), 0);
    ecs_load_histogram_add(h, INT64_MAX);
    ecs_load_histogram_add(h, INT64_MAX);
    assert_int_equal(h->count, 3);
    assert_true(ecs_load_histogram_at(h, 0.99) > 100000000);
    for (int bit = 0; bit < 32; bit++) { /* cells rise with the value */
        struct ecs_load_histogram *one = calloc(1, sizeof(*one));

        assert_non_null(one);
        ecs_load_histogram_add(one, INT64_C(1) << bit);
        assert_int_equal(ecs_load_histogram_at(one, 0.5), UINT64_C(1) << bit);
        free(one);
    }
    free(h);
}

static void test_first_errors_are_kept_once_as_samples(void **state)
{
    struct ecs_load_stats *stats = calloc(1, sizeof(*stats));

    (void)state;
    assert_non_null(stats);
    for (unsigned i = 0; i < 20; i++) {
        char text[20];

        snprintf(text, sizeof(text), "fault %u", i % 8);
        ecs_load_stats_error(stats, ECS_LOAD_E_HTTP, text);
    }
    assert_int_equal(stats->errors[ECS_LOAD_E_HTTP], 20);
    assert_int_equal(stats->sample_n, 5);
    assert_string_equal(stats->samples[4], "fault 4");
    free(stats);
}

static const char *write_file(char path[], const char *text)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    return path;
}

#define KEYS "465b5ce8b199b49faa5f0a2ee238a6bc,cd63cb71954a9f4e48a5994e37a02baf"

static void test_subscriber_list_is_read_and_written_again(void **state)
{
    char path[] = "/tmp/ecs-subs-XXXXXX", out[] = "/tmp/ecs-subs-XXXXXX", err[300], text[400] = "";
    struct ecs_crypto *crypto = ecs_crypto_new();
    struct ecs_load_subscribers s = {0};
    struct ecs_sim_usim_text common = {0};
    FILE *file;
    size_t n;

    (void)state;
    write_file(path, "imsi,ki,opc,token\r\n001010000000001," KEYS "\r\n\r\n001010000000002," KEYS ",tok\r\n");
    write_file(out, "");
    assert_true(ecs_load_subscribers_read(&s, crypto, path, &common, err, sizeof(err)));
    assert_int_equal(s.n, 2);
    assert_string_equal(s.list[1].token, "tok");
    assert_ptr_equal(ecs_load_subscriber_next(&s, true), &s.list[1]);
    assert_ptr_equal(ecs_load_subscriber_next(&s, false), &s.list[0]);
    s.list[0].busy = s.list[1].busy = true;
    assert_null(ecs_load_subscriber_next(&s, false));
    assert_ptr_equal(ecs_load_subscriber_next(&s, true), &s.list[1]); /* a token may be in use twice */
    assert_true(ecs_load_subscribers_write(&s, out));
    file = fopen(out, "r");
    n = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[n] = '\0';
    assert_string_equal(text, "001010000000001," KEYS ",\n001010000000002," KEYS ",tok\n");
    ecs_load_subscribers_done(&s);
    ecs_crypto_free(crypto);
    unlink(path);
    unlink(out);
}

static void test_bad_lines_are_named_with_their_number(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"001010000000001," KEYS "\n001010000000002\n", ":2: a line needs"},
        {"imsi,ki,opc\n00101x," KEYS "\n", ":2: the IMSI"},
        {"imsi,ki,opc\n", "no subscribers"},
        {"", "no subscribers"},
    };
    struct ecs_crypto *crypto = ecs_crypto_new();

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        char path[] = "/tmp/ecs-subs-XXXXXX", err[300] = "";
        struct ecs_load_subscribers s = {0};
        struct ecs_sim_usim_text common = {0};

        write_file(path, rows[i].text);
        assert_false(ecs_load_subscribers_read(&s, crypto, path, &common, err, sizeof(err)));
        assert_non_null(strstr(err, rows[i].part));
        ecs_load_subscribers_done(&s);
        unlink(path);
    }
    ecs_crypto_free(crypto);
}

static void test_each_subscriber_has_a_device_of_its_own(void **state)
{
    struct ecs_load_subscriber one = {.usim = {.imsi = {"001010123451851"}}};
    struct ecs_sim_params user, out;

    ecs_sim_params_init(&user, *state);
    ecs_sim_params_init(&out, *state);
    ecs_load_subscriber_params(&out, &user, &one);
    /* TAC, the last six digits of the IMSI, check digit of TS 23.003 B.1 */
    assert_text(ecs_sim_params_get(&out, "terminal_id"), "490154204518510");
    ecs_sim_params_add_cstr(&user, "terminal_id", "mine");
    ecs_sim_params_init(&out, *state);
    ecs_load_subscriber_params(&out, &user, &one);
    assert_text(ecs_sim_params_get(&out, "terminal_id"), "mine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENTENCE(test_percentiles_are_right_within_two_percent),
        SENTENCE(test_histogram_takes_any_value),
        SENTENCE(test_first_errors_are_kept_once_as_samples),
        SENTENCE(test_subscriber_list_is_read_and_written_again),
        SENTENCE(test_each_subscriber_has_a_device_of_its_own),
        SENTENCE(test_bad_lines_are_named_with_their_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
