/* The breaker, edge by edge with a moved clock; two workers on one cell, one of them dead with a probe in its hand. */
#include "guard/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define S INT64_C(1000000)
static struct wk_region_target cell;
static const struct wk_breaker_conf conf = {.failures = 3, .delay_ms = 4000, .delay_max_ms = 30000};
static int64_t now;

static int setup(void **state)
{
    (void)state;
    memset(&cell, 0, sizeof cell);
    now = 1000 * S;
    return 0;
}

static enum wk_breaker_state state_now(void)
{
    int64_t ms;
    unsigned trips;

    return wk_breaker_look(&cell, now, &ms, &trips);
}
static int64_t open_ms(void)
{
    int64_t ms;
    unsigned trips;

    (void)wk_breaker_look(&cell, now, &ms, &trips);
    return ms;
}
static bool enter(struct wk_pass *pass)
{
    int64_t wait;
    bool ok = wk_breaker_enter(&cell, NULL, now, pass, &wait);

    assert_true(ok || wait > 0);
    return ok;
}
static enum wk_breaker_turn call(enum wk_outcome_class outcome)
{
    struct wk_pass pass;

    assert_true(enter(&pass));
    return wk_breaker_leave(&pass, &conf, outcome, now);
}
static void open_it(void)
{
    for (int i = 0; i < 2; i++)
        assert_int_equal(call(WK_CALL_UNREACHABLE), WK_BREAKER_SAME);
    assert_int_equal(call(WK_CALL_UNREACHABLE), WK_BREAKER_OPENED);
}

static void failures_of_one_class_in_a_row_open_it(void **state)
{
    struct wk_pass pass;

    (void)state;
    assert_int_equal(call(WK_CALL_UNREACHABLE), WK_BREAKER_SAME);
    assert_int_equal(call(WK_CALL_UNREACHABLE), WK_BREAKER_SAME);
    assert_int_equal(call(WK_CALL_TIMEOUT), WK_BREAKER_SAME); /* another class */
    assert_int_equal(call(WK_CALL_TIMEOUT), WK_BREAKER_SAME);
    assert_int_equal(call(WK_CALL_SAYS_NOTHING), WK_BREAKER_SAME);
    assert_int_equal(call(WK_CALL_GOOD), WK_BREAKER_SAME); /* all rows begin again */
    open_it();
    assert_int_equal(state_now(), WK_BREAKER_OPEN);
    assert_in_range(open_ms(), 3000, 5000); /* a quarter of it by chance */
    assert_false(enter(&pass));
    assert_int_equal(atomic_load(&cell.cause), WK_CALL_UNREACHABLE);
}

static void broken_answers_need_twice_as_many(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(call(WK_CALL_BROKEN), WK_BREAKER_SAME);
    assert_int_equal(call(WK_CALL_BROKEN), WK_BREAKER_OPENED);
}

static void half_of_twenty_calls_open_it(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) { /* never three in a row */
        assert_int_equal(call(WK_CALL_TIMEOUT), WK_BREAKER_SAME);
        assert_int_equal(call(WK_CALL_GOOD), WK_BREAKER_SAME);
    }
    assert_int_equal(call(WK_CALL_TIMEOUT), WK_BREAKER_SAME); /* 19: too few to judge */
    assert_int_equal(call(WK_CALL_TIMEOUT), WK_BREAKER_OPENED);
    setup(NULL);
    for (int i = 0; i < 200; i++) { /* a third of many is no reason; ten seconds begin again meanwhile */
        now += S / 10;
        assert_int_equal(call(i % 3 ? WK_CALL_GOOD : WK_CALL_TIMEOUT), WK_BREAKER_SAME);
    }
}

static void three_probes_that_succeed_close_it(void **state)
{
    struct wk_pass pass[4];

    (void)state;
    open_it();
    now += open_ms() * 1000 - 1000;
    assert_false(enter(&pass[0]));
    now += 1000;
    assert_int_equal(wk_breaker_wait_ms(&cell, NULL, now), 0);
    for (int i = 0; i < 3; i++)
        assert_true(enter(&pass[i]));
    assert_int_equal(state_now(), WK_BREAKER_HALF_OPEN);
    assert_false(enter(&pass[3])); /* three at once, no more */
    assert_true(wk_breaker_wait_ms(&cell, NULL, now) > 0);
    assert_int_equal(wk_breaker_leave(&pass[0], &conf, WK_CALL_GOOD, now), WK_BREAKER_SAME);
    assert_true(enter(&pass[0])); /* its place is free */
    assert_int_equal(wk_breaker_leave(&pass[1], &conf, WK_CALL_SAYS_NOTHING, now), WK_BREAKER_SAME);
    assert_int_equal(wk_breaker_leave(&pass[2], &conf, WK_CALL_GOOD, now), WK_BREAKER_SAME);
    assert_int_equal(wk_breaker_leave(&pass[0], &conf, WK_CALL_GOOD, now), WK_BREAKER_CLOSED_AGAIN);
    assert_int_equal(state_now(), WK_BREAKER_CLOSED);
    assert_int_equal(call(WK_CALL_UNREACHABLE), WK_BREAKER_SAME); /* and it has its three again */
}

static void one_probe_that_fails_opens_it_for_twice_as_long(void **state)
{
    int64_t last = 0;

    (void)state;
    open_it();
    for (int i = 0; i < 8; i++) {
        int64_t was = open_ms();

        now += was * 1000;
        assert_int_equal(call(WK_CALL_TIMEOUT), WK_BREAKER_OPENED);
        assert_in_range(open_ms(), i < 2 ? was * 5 / 4 : 22500, 37500); /* 4, 8, 16, then 30 s, a quarter by chance */
        last = open_ms();
    }
    assert_in_range(last, 22500, 37500);
    now += last * 1000;
    for (int i = 0; i < 2; i++)
        assert_int_equal(call(WK_CALL_GOOD), WK_BREAKER_SAME);
    assert_int_equal(call(WK_CALL_GOOD), WK_BREAKER_CLOSED_AGAIN);
    open_it();
    assert_in_range(open_ms(), 3000, 5000); /* from the beginning */
}

static void late_results_do_not_count(void **state)
{
    struct wk_pass before, probe;

    (void)state;
    assert_true(enter(&before)); /* slow: comes back when all is over */
    open_it();
    assert_int_equal(wk_breaker_leave(&before, &conf, WK_CALL_GOOD, now), WK_BREAKER_SAME);
    assert_int_equal(state_now(), WK_BREAKER_OPEN);
    now += open_ms() * 1000;
    assert_true(enter(&probe));
    assert_int_equal(call(WK_CALL_BROKEN), WK_BREAKER_OPENED); /* another probe of the same episode failed */
    now += open_ms() * 1000;
    assert_int_equal(call(WK_CALL_GOOD), WK_BREAKER_SAME);
    assert_int_equal(call(WK_CALL_GOOD), WK_BREAKER_SAME);
    assert_int_equal(wk_breaker_leave(&probe, &conf, WK_CALL_GOOD, now), WK_BREAKER_SAME); /* the third, but of another episode */
    assert_int_equal(state_now(), WK_BREAKER_HALF_OPEN);
    assert_int_equal(wk_breaker_leave(&probe, &conf, WK_CALL_TIMEOUT, now), WK_BREAKER_SAME);
    assert_int_equal(call(WK_CALL_GOOD), WK_BREAKER_CLOSED_AGAIN);
}

static void a_probe_that_is_held_too_long_is_given_away(void **state)
{
    struct wk_pass held[3], next, other;

    (void)state;
    open_it();
    now += open_ms() * 1000;
    for (int i = 0; i < 3; i++)
        assert_true(enter(&held[i]));
    now += 59 * S;
    assert_false(enter(&next));
    now += 2 * S;
    assert_true(enter(&next));
    assert_true(enter(&other));
    assert_int_equal(wk_breaker_leave(&next, &conf, WK_CALL_GOOD, now), WK_BREAKER_SAME);
}

static struct wk_share *worker(struct wk_share *master, uint32_t index)
{
    struct wk_err err = {0};
    int slot = wk_share_slot_take(master, 1, index);
    struct wk_share *share = wk_share_open(dup(wk_share_fd(master)), (uint32_t)slot, &err);

    if (!share)
        fail_msg("%s", err.msg);
    return share;
}
/* A worker's mapping only: its wake descriptors are the master's, which closes them. */
static void forget(struct wk_share *share)
{
    (void)munmap(share->region, sizeof *share->region);
    (void)close(share->fd);
    free(share);
}

static void a_dead_workers_probe_is_free_at_once(void **state)
{
    struct wk_err err = {0};
    struct wk_share *master = wk_share_create(&err), *a, *b, *c;
    struct wk_region_target *shared;
    struct wk_pass pass[4];
    int64_t wait, t, ms;
    unsigned trips;

    (void)state;
    assert_non_null(master);
    a = worker(master, 0), b = worker(master, 1);
    shared = &master->region->target[0];
    t = wk_share_mono_us();
    assert_true(wk_breaker_merge(shared, 1000, 1, t));
    t += 2 * S;
    for (int i = 0; i < 3; i++)
        assert_true(wk_breaker_enter(shared, a, t, &pass[i], &wait));
    assert_false(wk_breaker_enter(shared, b, t, &pass[3], &wait));
    wk_share_slot_free(master, a->self); /* killed: the master has waited for it */
    assert_int_equal(wk_breaker_wait_ms(shared, b, t), 0);
    assert_true(wk_breaker_enter(shared, b, t, &pass[3], &wait));
    assert_int_equal(wk_breaker_leave(&pass[3], &conf, WK_CALL_GOOD, t), WK_BREAKER_SAME);
    c = worker(master, 0); /* its successor has the same slot, and no probe */
    assert_int_equal(c->self, a->self);
    master->region->slot[c->self].started_us = t + S;
    for (int i = 0; i < 2; i++) {
        assert_true(wk_breaker_enter(shared, i ? c : b, t + S, &pass[3], &wait));
        assert_int_equal(wk_breaker_leave(&pass[3], &conf, WK_CALL_GOOD, t + S), i ? WK_BREAKER_CLOSED_AGAIN : WK_BREAKER_SAME);
    }
    assert_int_equal(wk_breaker_look(shared, t + S, &ms, &trips), WK_BREAKER_CLOSED); /* three successes, by two workers */
    forget(a), forget(b), forget(c);
    wk_share_close(master);
}

static void news_from_elsewhere_open_and_prolong_and_never_close(void **state)
{
    struct wk_pass probe;

    (void)state;
    assert_true(wk_breaker_merge(&cell, 10000, 3, now));
    assert_int_equal(state_now(), WK_BREAKER_OPEN);
    assert_int_equal(open_ms(), 10000);
    assert_false(wk_breaker_merge(&cell, 5000, 1, now)); /* shorter: old news */
    assert_false(wk_breaker_merge(&cell, 0, 0, now));    /* "closed": our own probes will tell */
    assert_int_equal(open_ms(), 10000);
    assert_true(wk_breaker_merge(&cell, 20000, 3, now));
    assert_int_equal(open_ms(), 20000);
    now += 20 * S;
    assert_true(enter(&probe));
    assert_true(wk_breaker_merge(&cell, 5000, 4, now)); /* somebody's probe failed: ours need not */
    assert_int_equal(wk_breaker_leave(&probe, &conf, WK_CALL_GOOD, now), WK_BREAKER_SAME);
    assert_int_equal(state_now(), WK_BREAKER_OPEN);
    now += 5 * S;
    assert_int_equal(call(WK_CALL_TIMEOUT), WK_BREAKER_OPENED);
    assert_in_range(open_ms(), 22500, 37500); /* it goes on from the trips that were told */
}

static void retries_are_three_and_a_tenth(void **state)
{
    int retried = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        (void)call(i % 2 ? WK_CALL_GOOD : WK_CALL_SAYS_NOTHING);
        retried += wk_breaker_may_retry(&cell, now);
    }
    assert_int_equal(retried, 3 + 50); /* 500 calls that said something */
    now += 10 * S;
    for (retried = 0; wk_breaker_may_retry(&cell, now); retried++)
        ;
    assert_int_equal(retried, 3); /* ten seconds later the calls of before do not count */
}

#define CASE(name) cmocka_unit_test_setup(name, setup)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(failures_of_one_class_in_a_row_open_it), CASE(broken_answers_need_twice_as_many), CASE(half_of_twenty_calls_open_it),
        CASE(three_probes_that_succeed_close_it), CASE(one_probe_that_fails_opens_it_for_twice_as_long), CASE(late_results_do_not_count),
        CASE(a_probe_that_is_held_too_long_is_given_away), CASE(a_dead_workers_probe_is_free_at_once),
        CASE(news_from_elsewhere_open_and_prolong_and_never_close), CASE(retries_are_three_and_a_tenth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
