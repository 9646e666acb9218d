/* Rates and scores: exact to the microsecond, over processes that share the cells, in full sets. */
#include "guard/limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define S INT64_C(1000000)
static struct wk_limits limits = {.n = 1024};
static const int64_t start = 5000 * S;

static int setup(void **state)
{
    (void)state;
    limits.cell = mmap(NULL, limits.n * sizeof *limits.cell, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return limits.cell == MAP_FAILED ? -1 : 0;
}
static int teardown(void **state)
{
    (void)state;
    return munmap(limits.cell, limits.n * sizeof *limits.cell);
}

static bool take(const char *name, int64_t now, int64_t *wait) { return wk_limit_take(&limits, wk_limit_key("t", "", name), S / 10, 5, 1, 0, now, wait); }

static void a_burst_then_the_rate(void **state)
{
    int64_t now = start, wait;
    int taken = 0;

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(take("a", now, &wait));
    assert_false(take("a", now, &wait));
    assert_int_equal(wait, S / 10);
    assert_false(take("a", now + S / 10 - 1, &wait));
    assert_int_equal(wait, 1);
    assert_true(take("a", now + S / 10, &wait));
    for (now = start + S / 10; now < start + 100 * S; now += 1000)
        taken += take("a", now, &wait);
    assert_in_range(taken, 998, 1000); /* ten a second, whatever the greed */
    assert_true(take("b", now, &wait)); /* another name */
}

static void a_refusal_takes_nothing_and_cost_counts(void **state)
{
    uint64_t key = wk_limit_key("t", "", "c");
    int64_t wait;

    (void)state;
    assert_true(wk_limit_take(&limits, key, S, 10, 7, 0, start, &wait));
    for (int i = 0; i < 50; i++) {
        assert_false(wk_limit_take(&limits, key, S, 10, 4, 0, start, &wait));
        assert_int_equal(wait, S);
    }
    assert_true(wk_limit_take(&limits, key, S, 10, 3, 0, start, &wait));
}

static void places_ahead_are_given_in_order(void **state)
{
    uint64_t key = wk_limit_key("t", "", "d");
    int64_t wait;

    (void)state;
    for (int i = 0; i < 21; i++) {
        assert_true(wk_limit_take(&limits, key, S / 10, 1, 1, 2 * S, start, &wait));
        assert_int_equal(wait, i * S / 10); /* nobody wakes with another */
    }
    assert_false(wk_limit_take(&limits, key, S / 10, 1, 1, 2 * S, start, &wait));
    assert_int_equal(wait, 21 * S / 10);
}

static void names_do_not_run_together(void **state)
{
    (void)state;
    assert_true(wk_limit_key("a", "bc", "d") != wk_limit_key("ab", "c", "d"));
    assert_true(wk_limit_key("a", "b", "cd") != wk_limit_key("a", "bc", "d"));
    assert_true(wk_limit_key("a", "", "b") != wk_limit_key("a", "b", ""));
    assert_true(wk_limit_key("a", NULL, NULL) != 0);
}

/* Four processes, one rate: what they got together is what one would have got. */
static void processes_share_a_rate(void **state)
{
    enum { WORKERS = 4, EACH = 20000 };
    _Atomic int *got = mmap(NULL, sizeof *got, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid[WORKERS];
    int64_t wait;

    (void)state;
    assert_true((void *)got != MAP_FAILED);
    assert_true(take("shared", start, &wait)); /* the cell is there */
    for (int w = 0; w < WORKERS; w++) {
        pid[w] = fork();
        if (!pid[w]) {
            for (int i = 0; i < EACH; i++) /* 20 s of the clock, each in its own order */
                if (take("shared", start + i * (20 * S / EACH), &wait))
                    atomic_fetch_add(got, 1);
            _exit(0);
        }
        assert_true(pid[w] > 0);
    }
    for (int w = 0; w < WORKERS; w++) {
        int status;

        assert_int_equal(waitpid(pid[w], &status, 0), pid[w]);
        assert_int_equal(status, 0);
    }
    assert_in_range(atomic_load(got), 190, 204); /* 4 of the burst, ten a second for 20 s */
    (void)munmap((void *)got, sizeof *got);
}

static void a_full_set_is_never_too_loose(void **state)
{
    int64_t wait;
    int free_ones = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) { /* twenty times as many names as cells, each used up */
        char name[16];

        (void)snprintf(name, sizeof name, "n%d", i);
        for (int k = 0; k < 5; k++)
            free_ones += take(name, start, &wait);
    }
    assert_in_range(free_ones, 5, 1024 * 5); /* whoever takes over a cell takes over what was used of it */
    for (int i = 0; i < 1000; i++) { /* at rest again, everybody is as good as new */
        char name[16];

        (void)snprintf(name, sizeof name, "m%d", i);
        assert_true(take(name, start + 3600 * S, &wait));
    }
}

static void a_score_is_forgotten_and_bounded(void **state)
{
    uint64_t key = wk_limit_key("penalty", "address", "192.0.2.1");

    (void)state;
    assert_int_equal(wk_limit_score(&limits, key, start), 0);
    wk_limit_add(&limits, key, 6 * S, 100 * S, start);
    wk_limit_add(&limits, key, 6 * S, 100 * S, start);
    assert_int_equal(wk_limit_score(&limits, key, start), 12 * S);
    assert_int_equal(wk_limit_score(&limits, key, start + 5 * S), 7 * S);
    for (int i = 0; i < 100; i++)
        wk_limit_add(&limits, key, 6 * S, 100 * S, start + 5 * S);
    assert_int_equal(wk_limit_score(&limits, key, start + 5 * S), 100 * S);
    assert_int_equal(wk_limit_score(&limits, key, start + 200 * S), 0);
    assert_int_equal(wk_limit_score(&limits, wk_limit_key("penalty", "address", "192.0.2.2"), start), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_burst_then_the_rate), CASE(a_refusal_takes_nothing_and_cost_counts), CASE(places_ahead_are_given_in_order), CASE(names_do_not_run_together),
        CASE(processes_share_a_rate), CASE(a_full_set_is_never_too_loose), CASE(a_score_is_forgotten_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
