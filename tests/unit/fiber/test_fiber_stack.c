/* Stacks: what a pool gives back to the kernel, what counts as overflow, what the high-water mark sees. */
#include "fiber/stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

enum { BYTES = 256 << 10 };

static bool is_resident(const struct wk_stack *stack, size_t depth)
{
    unsigned char resident = 0;

    assert_int_equal(mincore(stack->low + stack->bytes - depth, 4096, &resident), 0);
    return resident & 1;
}

static void a_pooled_stack_keeps_no_deep_pages(void **state)
{
    struct wk_stack_pool pool;
    struct wk_stack stack, again;

    (void)state;
    if (RUNNING_ON_VALGRIND)
        skip();
    assert_true(wk_stack_pool_init(&pool, BYTES, 4, NULL));
    assert_true(wk_stack_take(&pool, &stack, NULL));
    assert_false(is_resident(&stack, 128 << 10)); /* reserved, not used */
    memset(stack.low + stack.bytes - (200 << 10), 0x55, 200 << 10);
    assert_true(is_resident(&stack, 128 << 10));
    wk_stack_give(&pool, stack);
    assert_true(wk_stack_take(&pool, &again, NULL));
    assert_ptr_equal(again.low, stack.low);
    assert_false(is_resident(&again, 128 << 10));
    assert_true(is_resident(&again, 4096));
    wk_stack_give(&pool, again);
    wk_stack_pool_finish(&pool);
}

static void a_full_pool_unmaps(void **state)
{
    struct wk_stack_pool pool;
    struct wk_stack a, b;
    unsigned char resident;

    (void)state;
    assert_true(wk_stack_pool_init(&pool, BYTES, 1, NULL));
    assert_true(wk_stack_take(&pool, &a, NULL));
    assert_true(wk_stack_take(&pool, &b, NULL));
    wk_stack_give(&pool, a);
    wk_stack_give(&pool, b);
    assert_int_equal(pool.idle, 1);
    assert_int_equal(mincore(a.low, 4096, &resident), 0);
    assert_int_equal(mincore(b.low, 4096, &resident), -1); /* ENOMEM: not mapped */
    wk_stack_pool_finish(&pool);
}

static void the_high_water_mark_starts_anew_for_each_owner(void **state)
{
    struct wk_stack_pool pool;
    struct wk_stack stack;

    (void)state;
    if (RUNNING_ON_VALGRIND)
        skip();
    assert_true(wk_stack_pool_init(&pool, BYTES, 1, NULL));
    for (size_t depth = 160 << 10; depth >= 10 << 10; depth /= 2) {
        assert_true(wk_stack_take(&pool, &stack, NULL));
        stack.low[stack.bytes - depth] = 1;
#ifdef NDEBUG
        assert_int_equal(wk_stack_high_bytes(&stack), 0);
#else
        assert_int_equal(wk_stack_high_bytes(&stack), depth);
#endif
        wk_stack_give(&pool, stack);
    }
    wk_stack_pool_finish(&pool);
}

static void overflow_is_the_guard_or_a_lost_stack_pointer(void **state)
{
    static char memory[BYTES];
    const struct wk_stack stack = { .low = memory, .bytes = sizeof memory };
    const uintptr_t low = (uintptr_t)memory, top = low + sizeof memory, inside = low + 4096;
    const struct row {
        uintptr_t addr, sp;
        bool is_overflow;
    } rows[] = {
        { low - 1, inside, true },                         /* first byte of the guard */
        { low - WK_STACK_GUARD_BYTES, inside, true },      /* last */
        { low - WK_STACK_GUARD_BYTES - 1, inside, false }, /* somebody else's memory */
        { 16, inside, false },                             /* a bad pointer */
        { low, inside, false },
        { 16, low - 1, true }, /* stepped over the guard */
        { 16, low, false },
        { 16, top, false },
        { 16, top + 1, true },
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++)
        if (wk_stack_is_overflow(&stack, (const void *)rows[i].addr, (const void *)rows[i].sp) != rows[i].is_overflow)
            fail_msg("row %zu", i);
}

static void no_memory_is_an_error_not_a_crash(void **state)
{
    struct wk_stack_pool pool;
    struct wk_stack stack;
    struct wk_err err = { 0 };

    (void)state;
    assert_true(wk_stack_pool_init(&pool, (size_t)1 << 50, 1, NULL));
    assert_false(wk_stack_take(&pool, &stack, &err));
    assert_string_equal(err.code, "host.no_memory");
    wk_stack_pool_finish(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pooled_stack_keeps_no_deep_pages),
        cmocka_unit_test(a_full_pool_unmaps),
        cmocka_unit_test(the_high_water_mark_starts_anew_for_each_owner),
        cmocka_unit_test(overflow_is_the_guard_or_a_lost_stack_pointer),
        cmocka_unit_test(no_memory_is_an_error_not_a_crash),
    };

    return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
