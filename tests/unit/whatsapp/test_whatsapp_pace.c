/* Pacing: what a pair and a number may do, to the microsecond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "pace.h"

#define S INT64_C(1000000)
static struct wa_pace *pace;
static const int64_t start = 1767225600 * S;

static int setup(void **state)
{
    (void)state;
    pace = wa_pace_create();
    return pace ? 0 : -1;
}
static int teardown(void **state)
{
    (void)state;
    wa_pace_destroy(pace);
    return 0;
}

static void a_pair_has_45_at_once_then_one_per_6_s(void **state)
{
    struct wa_cell *pair = wa_pace_pair(pace, "t", "11", "27");
    int64_t now = start;

    (void)state;
    for (int i = 0; i < 45; i++) {
        assert_int_equal(wa_pair_wait(pair, now), 0);
        wa_pair_take(pair, now);
    }
    assert_int_equal(wa_pair_wait(pair, now), 6 * S);
    for (int i = 0; i < 20; i++) { /* repaid: one per 6 s, no more */
        now += 6 * S - 1;
        assert_int_equal(wa_pair_wait(pair, now), 1);
        now++;
        assert_int_equal(wa_pair_wait(pair, now), 0);
        wa_pair_take(pair, now);
        assert_int_equal(wa_pair_wait(pair, now), 6 * S);
    }
    now += 45 * 6 * S; /* rested: the whole burst again */
    for (int i = 0; i < 45; i++) {
        assert_int_equal(wa_pair_wait(pair, now), 0);
        wa_pair_take(pair, now);
    }
    assert_true(wa_pair_wait(pair, now) > 0);
}

static void in_any_ten_minutes_a_pair_keeps_its_mean(void **state) /* greedy sender: 45 + one per 6 s */
{
    struct wa_cell *pair = wa_pace_pair(pace, "t", "11", "27");
    int sent = 0;

    (void)state;
    for (int64_t now = start; now < start + 3600 * S; now += S / 10)
        while (!wa_pair_wait(pair, now)) {
            wa_pair_take(pair, now);
            sent++;
        }
    assert_in_range(sent, 600, 45 + 600);
}

static void pairs_do_not_touch_each_other(void **state)
{
    struct wa_cell *a = wa_pace_pair(pace, "t", "11", "27");

    (void)state;
    for (int i = 0; i < 46; i++)
        wa_pair_take(a, start);
    assert_true(wa_pair_wait(wa_pace_pair(pace, "t", "11", "27"), start) > 0);
    assert_int_equal(wa_pair_wait(wa_pace_pair(pace, "t", "11", "28"), start), 0);
    assert_int_equal(wa_pair_wait(wa_pace_pair(pace, "t", "12", "27"), start), 0);
    assert_int_equal(wa_pair_wait(wa_pace_pair(pace, "u", "11", "27"), start), 0);
    assert_int_equal(wa_pair_wait(wa_pace_pair(pace, "t", "112", "7"), start), 0);
}

static void a_refused_pair_waits_4_to_the_n(void **state)
{
    struct wa_cell *pair = wa_pace_pair(pace, "t", "11", "27");
    static const int64_t waits[] = {1, 4, 16, 64, 256, 1024, 1024};

    (void)state;
    for (int i = 0; i < 7; i++) {
        assert_int_equal(wa_pair_refuse(pair, start), start + waits[i] * S);
        assert_int_equal(wa_pair_wait(pair, start), waits[i] * S);
    }
    wa_pair_accept(pair);
    assert_int_equal(wa_pair_refuse(pair, start), start + S);
}

static void a_slowed_number_halves_and_recovers(void **state)
{
    struct wa_cell *number = wa_pace_number(pace, "11");
    int64_t now = start;

    (void)state;
    assert_int_equal(wa_number_slowness(number, now), 1);
    wa_number_slow(number, now);
    wa_number_slow(number, now + 1); /* the same wave of answers counts once */
    assert_int_equal(wa_number_slowness(number, now + 59 * S), 2);
    wa_number_slow(number, now + 59 * S);
    assert_int_equal(wa_number_slowness(number, now + 60 * S), 4);
    assert_int_equal(wa_number_slowness(number, now + 119 * S), 2); /* a quiet minute each */
    assert_int_equal(wa_number_slowness(number, now + 179 * S), 1);
    now += 3600 * S;
    for (int i = 0; i < 50; i++)
        wa_number_slow(number, now += 2 * S);
    assert_int_equal(wa_number_slowness(number, now), 64); /* never to nothing */
    assert_int_equal(wa_number_slowness(wa_pace_number(pace, "12"), now), 1);
}

static void a_stopped_number_lets_one_try(void **state)
{
    struct wa_cell *number = wa_pace_number(pace, "11");

    (void)state;
    assert_int_equal(wa_number_gate(number, start), 0);
    assert_true(wa_number_stop(number, start, 60 * S));
    assert_false(wa_number_stop(number, start, 60 * S)); /* told once */
    assert_int_equal(wa_number_gate(number, start + 59 * S), start + 60 * S);
    assert_int_equal(wa_number_gate(number, start + 60 * S), 0);
    assert_true(wa_number_gate(number, start + 60 * S) > start + 60 * S); /* the others wait for the one */
    wa_number_clear(number);
    assert_int_equal(wa_number_gate(number, start + 60 * S), 0);
    assert_int_equal(wa_number_gate(number, start + 60 * S), 0);
    assert_true(wa_number_stop(number, start, 60 * S));
}

static void a_full_table_forgets_who_is_nearest_to_new(void **state)
{
    struct wa_cell *busy = wa_pace_pair(pace, "t", "11", "busy");

    (void)state;
    for (int i = 0; i < 60; i++)
        wa_pair_take(busy, start);
    for (int i = 0; i < 200000; i++) { /* three times as many as there are cells, each heard of once */
        char user[20];

        (void)snprintf(user, sizeof user, "u%d", i);
        wa_pair_take(wa_pace_pair(pace, "t", "11", user), start);
    }
    assert_true(wa_pair_wait(wa_pace_pair(pace, "t", "11", "busy"), start) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pair_has_45_at_once_then_one_per_6_s, setup, teardown),
        cmocka_unit_test_setup_teardown(in_any_ten_minutes_a_pair_keeps_its_mean, setup, teardown),
        cmocka_unit_test_setup_teardown(pairs_do_not_touch_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_pair_waits_4_to_the_n, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slowed_number_halves_and_recovers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stopped_number_lets_one_try, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_table_forgets_who_is_nearest_to_new, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
