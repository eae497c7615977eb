/* SPDX-License-Identifier: Apache-2.0 */
/* Request memory: limits, order of deferred calls, wiping, the worker's free list, failing malloc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/arena.h"
#include "random.h"

#include <string.h>

/* The sanitizer would end the process where malloc must return NULL. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void test_objects_are_zeroed_aligned_and_do_not_overlap(void **state)
{
    struct ecs_arena_cache cache = {NULL, 0};
    uint64_t seed = 99;

    (void)state;
    for (int round = 0; round < 3; round++) { /* rounds after the first get a used block */
        struct ecs_arena *arena = ecs_arena_new(&cache, 4 * 1024 * 1024);
        uint8_t *objects[200];
        size_t sizes[200];

        assert_non_null(arena);
        for (size_t i = 0; i < 200; i++) {
            sizes[i] = next_random(&seed) % (i % 10 == 0 ? 40000 : 300);
            objects[i] = ecs_alloc(arena, sizes[i]);
            assert_non_null(objects[i]);
            assert_int_equal((uintptr_t)objects[i] % 16, 0);
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(objects[i][k], 0);
            if (sizes[i] > 0)
                memset(objects[i], (int)i, sizes[i]);
        }
        for (size_t i = 0; i < 200; i++) {
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(objects[i][k], (uint8_t)i);
        }
        ecs_arena_free(arena);
    }
    ecs_arena_cache_done(&cache);
    assert_null(cache.free_blocks);
}

static void test_copies_are_exact_and_texts_end_with_nul(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    char *text;

    (void)state;
    assert_memory_equal(ecs_memdup(arena, "a\0b", 3), "a\0b", 3);
    assert_non_null(ecs_memdup(arena, NULL, 0));
    text = ecs_strdup(arena, (struct ecs_str){"abcdef", 3});
    assert_string_equal(text, "abc");
    assert_string_equal(ecs_strdup(arena, ECS_STR_NULL), "");
    assert_string_equal(ecs_printf(arena, "%s-%d", "x", 42), "x-42");
    assert_string_equal(ecs_printf(arena, "%s", ""), "");
    assert_string_equal(text, "abc");
    ecs_arena_free(arena);
    ecs_arena_free(NULL);
}

static void test_long_formatted_text_crosses_blocks_intact(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    char *texts[60];

    (void)state;
    for (int i = 0; i < 60; i++) {
        texts[i] = ecs_printf(arena, "%0*d", 10 * i * i, i);
        assert_non_null(texts[i]);
    }
    for (int i = 1; i < 60; i++)
        assert_int_equal(strlen(texts[i]), i == 1 ? 10 : 10 * i * i);
    assert_string_equal(texts[1], "0000000001");
    ecs_arena_free(arena);
}

static void test_the_limit_is_hard_and_small_requests_still_fit_below_it(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 1024);

    (void)state;
    assert_null(ecs_alloc(arena, 1025));
    assert_int_equal(ecs_arena_used(arena), 0);
    assert_non_null(ecs_alloc(arena, 1000)); /* counts as 1008 */
    assert_int_equal(ecs_arena_used(arena), 1008);
    assert_null(ecs_alloc(arena, 17));
    assert_null(ecs_memdup(arena, "0123456789abcdefg", 17));
    assert_null(ecs_strdup(arena, ECS_STR("0123456789abcdef")));
    assert_null(ecs_printf(arena, "%s", "0123456789abcdef"));
    assert_null(ecs_arena_secret(arena, 1));
    assert_non_null(ecs_alloc(arena, 16));
    assert_null(ecs_alloc(arena, 0));
    assert_int_equal(ecs_arena_used(arena), 1024);
    ecs_arena_free(arena);
}

static void test_sizes_near_the_largest_number_do_not_wrap_round(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, SIZE_MAX);

    (void)state;
    /* Volatile: the compiler would warn about the sizes that are meant here. */
    volatile size_t largest = SIZE_MAX;

    assert_null(ecs_alloc(arena, largest));
    assert_null(ecs_alloc(arena, largest - 15));
    assert_null(ecs_arena_secret(arena, largest));
    assert_null(ecs_arena_secret(arena, largest - 16));
    assert_null(ecs_strdup(arena, (struct ecs_str){"x", largest}));
    assert_int_equal(ecs_arena_used(arena), 0);
    ecs_arena_free(arena);
}

static void test_without_a_limit_given_one_mebibyte_holds(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);

    (void)state;
    assert_non_null(ecs_alloc(arena, 1024 * 1024));
    assert_null(ecs_alloc(arena, 1));
    ecs_arena_free(arena);
}

static void test_memory_that_the_system_refuses_leaves_the_arena_usable(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, SIZE_MAX);
    volatile size_t refused = SIZE_MAX / 4;
    char *before = ecs_strdup(arena, ECS_STR("before"));
    size_t used = ecs_arena_used(arena);

    (void)state;
    assert_null(ecs_alloc(arena, refused));
    assert_null(ecs_arena_secret(arena, refused));
    assert_int_equal(ecs_arena_used(arena), used);
    assert_string_equal(before, "before");
    assert_non_null(ecs_alloc(arena, 100000));
    ecs_arena_free(arena);
}

static char calls[8];
static size_t call_count;

static void note_call(void *arg)
{
    calls[call_count++] = *(const char *)arg;
}

static void test_deferred_calls_run_in_reverse_order(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);

    (void)state;
    call_count = 0;
    assert_true(ecs_defer(arena, note_call, ecs_memdup(arena, "1", 1)));
    assert_true(ecs_defer(arena, note_call, ecs_memdup(arena, "2", 1)));
    assert_true(ecs_defer(arena, note_call, ecs_memdup(arena, "3", 1)));
    assert_int_equal(call_count, 0);
    ecs_arena_free(arena);
    assert_int_equal(call_count, 3);
    assert_memory_equal(calls, "321", 3);
}

static void test_a_deferred_call_that_finds_no_room_runs_at_once(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 16);
    char mark = 'x';

    (void)state;
    call_count = 0;
    assert_false(ecs_defer(arena, note_call, &mark));
    assert_int_equal(call_count, 1);
    ecs_arena_free(arena);
    assert_int_equal(call_count, 1);
}

struct nested {
    struct ecs_arena *arena;
    char *arg;
};

static void defer_again(void *arg)
{
    struct nested *nested = arg;

    assert_true(ecs_defer(nested->arena, note_call, nested->arg));
}

static void test_a_deferred_call_may_defer_another(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    char marks[] = "ab";
    struct nested nested = {arena, &marks[1]};

    (void)state;
    call_count = 0;
    assert_true(ecs_defer(arena, note_call, &marks[0]));
    assert_true(ecs_defer(arena, defer_again, &nested));
    ecs_arena_free(arena);
    assert_int_equal(call_count, 2);
    assert_memory_equal(calls, "ba", 2);
}

static const char *secret_seen;

static void look_at_secret(void *arg)
{
    secret_seen = memcmp(arg, "key", 3) == 0 ? "present" : "wiped";
}

static void test_secrets_live_until_the_deferred_calls_have_run(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    char *secret = ecs_arena_secret(arena, 3);

    (void)state;
    assert_memory_equal(secret, "\0\0\0", 3);
    assert_int_equal((uintptr_t)secret % 16, 0);
    memcpy(secret, "key", 3);
    assert_true(ecs_defer(arena, look_at_secret, secret));
    ecs_arena_free(arena);
    assert_string_equal(secret_seen, "present");
}

#ifndef ECS_ARENA_CHECKED
/* Only without the sanitizer can freed memory be looked at: the block lies in our cache. */
static void test_secrets_are_wiped_before_the_block_is_used_again(void **state)
{
    struct ecs_arena_cache cache = {NULL, 0};
    struct ecs_arena *arena = ecs_arena_new(&cache, 0);
    volatile char *secret = ecs_arena_secret(arena, 32);

    (void)state;
    for (int i = 0; i < 32; i++)
        secret[i] = 'k';
    ecs_arena_free(arena);
    for (int i = 0; i < 32; i++)
        assert_int_equal(secret[i], 0);
    ecs_arena_cache_done(&cache);
}

static void test_the_cache_keeps_blocks_but_at_most_sixty_four(void **state)
{
    struct ecs_arena_cache cache = {NULL, 0};
    struct ecs_arena *arenas[70], *again;

    (void)state;
    for (int i = 0; i < 70; i++)
        arenas[i] = ecs_arena_new(&cache, 0);
    for (int i = 0; i < 70; i++)
        ecs_arena_free(arenas[i]);
    assert_int_equal(cache.count, 64);
    again = ecs_arena_new(&cache, 0);
    assert_ptr_equal(again, arenas[63]);
    assert_int_equal(cache.count, 63);
    ecs_arena_free(again);
    ecs_arena_cache_done(&cache);
    assert_int_equal(cache.count, 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_are_zeroed_aligned_and_do_not_overlap),
        cmocka_unit_test(test_copies_are_exact_and_texts_end_with_nul),
        cmocka_unit_test(test_long_formatted_text_crosses_blocks_intact),
        cmocka_unit_test(test_the_limit_is_hard_and_small_requests_still_fit_below_it),
        cmocka_unit_test(test_sizes_near_the_largest_number_do_not_wrap_round),
        cmocka_unit_test(test_without_a_limit_given_one_mebibyte_holds),
        cmocka_unit_test(test_memory_that_the_system_refuses_leaves_the_arena_usable),
        cmocka_unit_test(test_deferred_calls_run_in_reverse_order),
        cmocka_unit_test(test_a_deferred_call_that_finds_no_room_runs_at_once),
        cmocka_unit_test(test_a_deferred_call_may_defer_another),
        cmocka_unit_test(test_secrets_live_until_the_deferred_calls_have_run),
#ifndef ECS_ARENA_CHECKED
        cmocka_unit_test(test_secrets_are_wiped_before_the_block_is_used_again),
        cmocka_unit_test(test_the_cache_keeps_blocks_but_at_most_sixty_four),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
