/* A rate over all hosts where there is no Redis: the numbers that are told with every answer. With Redis: faults/api. */
#include "guard/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define S INT64_C(1000000)
static int64_t now = 1000 * S;
static int64_t clock_us(void) { return now; }
static struct wk_guard *guard;

static int setup(void **state)
{
    struct wk_guard_conf conf = {.now_us = clock_us};

    (void)state;
    guard = wk_guard_create(&conf, NULL);
    return guard ? 0 : -1;
}
static int teardown(void **state)
{
    (void)state;
    wk_guard_destroy(guard);
    return 0;
}

static struct wk_quota_left left;
static bool take(const char *tenant, uint32_t cost)
{
    struct wk_quota q = {.size = sizeof q, .burst = 10, .per_second = 100, .name = "n", .cost = cost, .share = 10};

    return wk_guard_limit_cluster(guard, NULL, true, "api", tenant, &q, &left);
}

static void what_is_left_is_told(void **state)
{
    (void)state;
    assert_true(take("a", 0));
    assert_int_equal(left.left, 9);
    assert_int_equal(left.full_us, S / 100);
    assert_true(take("a", 9));
    assert_int_equal(left.left, 0);
    assert_false(take("a", 1));
    assert_int_equal(left.wait_us, S / 100);
    assert_int_equal(left.full_us, S / 10);
    assert_false(left.was_cut_off); /* nobody to be cut off from: the whole rate, not a share */
    now += S / 100 - 1;
    assert_false(take("a", 1));
    now += 1;
    assert_true(take("a", 1));
    now += S / 20;
    assert_true(take("a", 1));
    assert_int_equal(left.left, 4);
    now += 10 * S;
    assert_true(take("a", 1));
    assert_int_equal(left.left, 9);
}

static void tenants_do_not_share(void **state)
{
    (void)state;
    assert_true(take("b", 10));
    assert_false(take("b", 1));
    assert_true(take("c", 10));
}

static void a_rate_is_exact_in_the_long_run(void **state)
{
    struct wk_quota q = {.size = sizeof q, .burst = 50, .per_second = 1000, .name = "long"};
    unsigned taken = 0;

    (void)state;
    for (int i = 0; i < 10 * 1000 * 10; i++, now += 100)
        taken += wk_guard_limit_cluster(guard, NULL, true, "api", "d", &q, &left);
    assert_in_range(taken, 10000 + 49, 10000 + 50);
    assert_int_equal(wk_quota_interval_us(1000), 1000);
    assert_int_equal(wk_quota_interval_us(3), 333333);
    assert_true(wk_quota_interval_us(0) > 86400 * S);
    assert_int_equal(wk_quota_interval_us(1e9), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_is_told), cmocka_unit_test(tenants_do_not_share), cmocka_unit_test(a_rate_is_exact_in_the_long_run),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
