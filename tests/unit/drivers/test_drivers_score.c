/* Who is asked first, what a driver earns, the box around a circle, amounts as people type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>
#include "score.h"

WK_HIDDEN const struct wk_host *wk_host;

static const struct weights usual = {40, 30, 20, 10};
static const struct record nobody;
static uint64_t seed = 4711;
static uint64_t dice(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}
#define near(a, b) (fabs((a) - (b)) < 1e-9)

static void each_part_is_as_written_down(void **state)
{
    (void)state;
    assert_true(near(part_distance(0, 5000), 1) && near(part_distance(2500, 5000), 0.5) && near(part_distance(5000, 5000), 0));
    assert_true(near(part_distance(9000, 5000), 0));
    assert_true(near(part_availability(0, 2, 1800), 1) && near(part_availability(0, 2, 0), 0.6) && near(part_availability(1, 2, 0), 0.3));
    assert_true(near(part_availability(0, 2, 900), 0.8) && near(part_availability(0, 2, 99999), 1) && near(part_availability(2, 2, 0), 0));
    assert_true(near(part_cost(1500, 1500, 2500), 1) && near(part_cost(2500, 1500, 2500), 0) && near(part_cost(2000, 1500, 2500), 0.5));
    assert_true(near(part_cost(2000, 2000, 2000), 1)); /* all equal: nobody is dear */
}

static void a_new_driver_stands_at_the_mean(void **state)
{
    struct record tenant = {.answered = 100, .accepted = 70, .completed = 63, .on_time = 50, .rating_sum = 200, .rating_count = 50};
    double mean = (0.7 + 0.9 + 50.0 / 63 + 0.8) / 4;
    struct record good = {.answered = 50, .accepted = 50, .completed = 50, .on_time = 50, .rating_sum = 250, .rating_count = 50};
    struct record bad = {.answered = 50, .accepted = 5, .completed = 1, .on_time = 0, .rating_sum = 1, .rating_count = 1};

    (void)state;
    assert_true(near(part_performance(&nobody, &tenant), mean));
    assert_true(near(part_performance(&nobody, &nobody), (0.8 + 0.9 + 0.9 + 0.8) / 4));
    assert_true(part_performance(&good, &tenant) > mean && part_performance(&bad, &tenant) < mean);
    /* (50 + 7) / 60, (50 + 9) / 60, (50 + 10 * 50/63) / 60, (50 + 8) / 60 */
    assert_true(near(part_performance(&good, &tenant), (57.0 / 60 + 59.0 / 60 + (50 + 500.0 / 63) / 60 + 58.0 / 60) / 4));
}

static void the_score_weighs_the_parts(void **state)
{
    struct candidate c[] = {
        {.id = {{1}}, .distance_m = 1000, .max_jobs = 2, .idle_s = 1800, .fee = 2000},
        {.id = {{2}}, .distance_m = 4000, .active_jobs = 1, .max_jobs = 2, .fee = 1500},
    };

    (void)state;
    score_all(c, 2, 5000, &nobody, &usual);
    assert_int_equal(c[0].id.b[0], 1);
    assert_true(near(c[0].score, 0.4 * 0.8 + 0.3 * 1 + 0.2 * 0.85 + 0.1 * 0));
    assert_true(near(c[1].score, 0.4 * 0.2 + 0.3 * 0.3 + 0.2 * 0.85 + 0.1 * 1));
}

static void ties_go_by_distance_then_idle_then_id(void **state)
{
    /* Only cost counts and all cost the same: every score is equal. */
    const struct weights cost_only = {0, 0, 0, 100};
    struct candidate c[] = {{.id = {{9}}, .distance_m = 10, .idle_s = 5, .max_jobs = 1}, {.id = {{3}}, .distance_m = 10, .idle_s = 5, .max_jobs = 1},
                            {.id = {{4}}, .distance_m = 10, .idle_s = 60, .max_jobs = 1}, {.id = {{5}}, .distance_m = 9, .max_jobs = 1}};

    (void)state;
    score_all(c, 4, 5000, &nobody, &cost_only);
    assert_int_equal(c[0].id.b[0], 5);
    assert_int_equal(c[1].id.b[0], 4);
    assert_int_equal(c[2].id.b[0], 3);
    assert_int_equal(c[3].id.b[0], 9);
    score_all(c, 0, 5000, &nobody, &usual); /* nobody there */
}

static void scores_lie_between_0_and_1_and_are_sorted(void **state)
{
    (void)state;
    for (int run = 0; run < 2000; run++) {
        struct candidate c[20];
        struct record tenant = {(int64_t)dice(1000), (int64_t)dice(1000), (int64_t)dice(1000), (int64_t)dice(1000), (int64_t)dice(5000), (int64_t)dice(1000)};

        for (size_t i = 0; i < WK_COUNT(c); i++) {
            c[i] = (struct candidate){.distance_m = (int64_t)dice(6000), .active_jobs = (int64_t)dice(3), .max_jobs = 3, .idle_s = (int64_t)dice(5000),
                                      .fee = (int64_t)dice(5000), .record = {(int64_t)dice(90), (int64_t)dice(90), (int64_t)dice(90), (int64_t)dice(90),
                                                                             (int64_t)dice(400), (int64_t)dice(90)}};
            c[i].id.b[0] = (uint8_t)i;
        }
        score_all(c, WK_COUNT(c), 5000, &tenant, &usual);
        for (size_t i = 0; i < WK_COUNT(c); i++) {
            assert_true(c[i].score >= 0 && c[i].score <= 1 + 1e-12);
            assert_true(!i || c[i - 1].score >= c[i].score);
        }
    }
}

static void pay_is_rounded_once(void **state)
{
    struct pay_rules r = {1000, 150, 400, 1500};

    (void)state;
    assert_int_equal(pay_of(&r, 0, 0), 1500);          /* the floor */
    assert_int_equal(pay_of(&r, 1000, 3000), 1000 + (1300 * 150 + 3000 * 400 + 500) / 1000);
    assert_int_equal(pay_of(&r, 1000, 3000), 2395);
}

static void the_box_holds_the_circle(void **state)
{
    (void)state;
    for (int run = 0; run < 20000; run++) {
        double lat = (double)dice(170000) / 1000 - 85, lon = (double)dice(360000) / 1000 - 180;
        int64_t radius = 100 + (int64_t)dice(10000);
        struct place_box box = place_box(lat, lon, radius);
        double dlat = ((double)dice(4000) / 1000 - 2) * (double)radius / 111195, dlon = dlat / cos(lat * 3.14159265358979 / 180);
        double a = lat + dlat, b = lon + (dice(2) ? dlon : -dlon);

        if (b < -180 || b > 180 || place_metres(lat, lon, a, b) > radius)
            continue;
        if (a < box.south || a > box.north || b < box.west || b > box.east)
            fail_msg("%f %f is within %lld m of %f %f and outside the box", a, b, (long long)radius, lat, lon);
    }
    assert_true(place_box(-26, 28, 5000).north - place_box(-26, 28, 5000).south < 0.1);
}

static void amounts_are_read_as_people_type_them(void **state)
{
    static const struct {
        const char *text;
        uint32_t exponent;
        int64_t minor; /* 0: refused */
    } table[] = {
        {"150", 2, 15000}, {"R150", 2, 15000}, {"R 18.50", 2, 1850}, {"18,50", 2, 1850}, {"18.5", 2, 1850}, {"1,200", 2, 120000},
        {"1 200", 2, 120000}, {"1'200.50", 2, 120050}, {"1.200,50", 2, 120050}, {"1,200,300", 2, 120030000}, {"50 rand", 2, 5000},
        {"UGX 5,000", 0, 5000}, {"5000", 0, 5000}, {"50.5", 0, 0}, {"0", 2, 0}, {"-5", 2, 0}, {"", 2, 0}, {"abc", 2, 0}, {"1,20,5", 2, 0},
        {"1.2345", 2, 0}, {"99999999999", 2, 0}, {"10000000", 2, 1000000000}, {"10000000.01", 2, 0}, {"3 or 4", 2, 0}, {".5", 2, 50},
        {"18.50.20", 2, 0}, {"12,34", 2, 1234}, {NULL, 2, 0},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(table); i++) {
        int64_t minor = 0;

        if (!money_parse(table[i].text, table[i].exponent, &minor))
            minor = 0;
        if (minor != table[i].minor)
            fail_msg("'%s' gave %lld, not %lld", table[i].text ? table[i].text : "NULL", (long long)minor, (long long)table[i].minor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_is_as_written_down),
        cmocka_unit_test(a_new_driver_stands_at_the_mean),
        cmocka_unit_test(the_score_weighs_the_parts),
        cmocka_unit_test(ties_go_by_distance_then_idle_then_id),
        cmocka_unit_test(scores_lie_between_0_and_1_and_are_sorted),
        cmocka_unit_test(pay_is_rounded_once),
        cmocka_unit_test(the_box_holds_the_circle),
        cmocka_unit_test(amounts_are_read_as_people_type_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
