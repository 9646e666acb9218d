/* Whose turn it is: tenants go round, none above a quarter, a lane that goes takes its keys out of the rounds. And the arrays for SQL. */
#include "event/internal.h"
#include "event/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct wk_log *the_log;
static struct keyq *key(unsigned tenant, unsigned cls, unsigned lane)
{
    struct wk_uuid id = {{0}};
    struct keyq *q = calloc(1, sizeof *q + 1);

    id.b[15] = (uint8_t)tenant;
    q->tenant = id;
    q->cls = cls;
    q->lane = lane;
    q->work = fair_join(the_log, &id);
    assert_non_null(q->work);
    return q;
}
static void end(struct keyq *q)
{
    fair_leave(the_log, q->work);
    free(q);
}
static int setup(void **state)
{
    (void)state;
    the_log = calloc(1, sizeof *the_log);
    the_log->conf.max_running = 16;
    for (unsigned c = 0; c < CLASSES; c++)
        the_log->round[c].end = &the_log->round[c].first;
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    for (size_t b = 0; b < TENANT_BUCKETS; b++)
        assert_null(the_log->tenant[b]); /* nothing of a tenant without keys stays */
    free(the_log);
    return 0;
}

static void tenants_take_turns(void **state)
{
    struct keyq *q[9];
    static const int wanted[9] = {1, 2, 3, 1, 2, 1, 1, 1, 1}; /* six keys of tenant 1, two of 2, one of 3 */
    static const int come[9] = {1, 1, 1, 1, 2, 1, 2, 3, 1};

    (void)state;
    for (int i = 0; i < 9; i++)
        fair_ready(the_log, q[i] = key((unsigned)come[i], 1, 0));
    for (int i = 0; i < 9; i++) {
        struct keyq *next = fair_next(the_log, 1);

        assert_non_null(next);
        assert_int_equal(next->tenant.b[15], wanted[i]);
    }
    assert_null(fair_next(the_log, 1));
    assert_null(fair_next(the_log, 0));
    for (int i = 0; i < 9; i++)
        end(q[i]);
}

static void a_tenant_has_a_quarter_at_most(void **state)
{
    struct keyq *q[10], *other, *run[4];

    (void)state;
    for (int i = 0; i < 10; i++)
        fair_ready(the_log, q[i] = key(1, (unsigned)i % 2, 5)); /* in two classes: together they have one quarter */
    for (int i = 0; i < 4; i++) {
        run[i] = fair_next(the_log, (unsigned)i % 2);
        assert_non_null(run[i]);
        fair_began(the_log, run[i]);
    }
    assert_null(fair_next(the_log, 0));
    assert_null(fair_next(the_log, 1));
    fair_ready(the_log, other = key(2, 1, 5));
    assert_ptr_equal(fair_next(the_log, 1), other); /* nobody else waits for it */
    assert_int_equal(the_log->lane[5].running, 4);
    fair_ended(the_log, run[0]);
    assert_non_null(fair_next(the_log, 0));
    for (int i = 1; i < 4; i++)
        fair_ended(the_log, run[i]);
    assert_int_equal(the_log->stats.running, 0);
    while (fair_next(the_log, 0) || fair_next(the_log, 1))
        ;
    for (int i = 0; i < 10; i++)
        end(q[i]);
    end(other);
}

static void a_class_leaves_room_for_higher_ones(void **state)
{
    struct keyq *low[30], *high, *run[8];

    (void)state;
    for (int i = 0; i < 30; i++)
        fair_ready(the_log, low[i] = key((unsigned)i, 2, 5));
    for (int i = 0; i < 8; i++) {
        assert_non_null(run[i] = fair_next(the_log, 2));
        fair_began(the_log, run[i]);
    }
    assert_null(fair_next(the_log, 2)); /* half of sixteen */
    fair_ready(the_log, high = key(0, 0, 5));
    assert_ptr_equal(fair_next(the_log, 0), high);
    fair_ended(the_log, run[0]);
    assert_non_null(run[0] = fair_next(the_log, 2));
    fair_began(the_log, run[0]);
    for (int i = 0; i < 8; i++)
        fair_ended(the_log, run[i]);
    while (fair_next(the_log, 2))
        ;
    for (int i = 0; i < 30; i++)
        end(low[i]);
    end(high);
}

static void a_tenants_low_ones_leave_room_for_its_high_ones(void **state)
{
    struct keyq *low[4], *high;

    (void)state;
    for (int i = 0; i < 4; i++)
        fair_ready(the_log, low[i] = key(1, 2, 5));
    fair_began(the_log, fair_next(the_log, 2));
    fair_began(the_log, fair_next(the_log, 2));
    assert_null(fair_next(the_log, 2)); /* half of its four */
    fair_ready(the_log, high = key(1, 0, 5));
    assert_ptr_equal(fair_next(the_log, 0), high);
    fair_ended(the_log, low[0]);
    assert_ptr_equal(fair_next(the_log, 2), low[2]);
    fair_ended(the_log, low[1]);
    assert_ptr_equal(fair_next(the_log, 2), low[3]);
    for (int i = 0; i < 4; i++)
        end(low[i]);
    end(high);
}

static void a_lane_that_goes_takes_only_its_keys(void **state)
{
    struct keyq *q[8];
    int left = 0;

    (void)state;
    for (int i = 0; i < 8; i++) {
        fair_ready(the_log, q[i] = key((unsigned)i % 3, 1, (unsigned)i % 2));
        q[i]->state = KEYQ_READY;
    }
    fair_drop_lane(the_log, 0);
    for (struct keyq *next; (next = fair_next(the_log, 1)); left++)
        assert_int_equal(next->lane, 1);
    assert_int_equal(left, 4);
    for (int i = 0; i < 8; i += 2)
        assert_int_equal(q[i]->state, KEYQ_IDLE);
    for (int i = 0; i < 8; i++)
        end(q[i]);
}

static void arrays_are_quoted(void **state)
{
    struct text t;

    (void)state;
    text_init(&t);
    assert_string_equal(text_array(&t), "{}");
    text_finish(&t);
    text_init(&t);
    text_item(&t, "%d", -7), text_item(&t, "%llu", UINT64_MAX + 0ULL);
    assert_string_equal(text_array(&t), "{-7,18446744073709551615}");
    text_finish(&t);
    text_init(&t);
    text_quoted(&t, "a\"b\\c,{}", 8), text_quoted(&t, "", 0), text_quoted(&t, "NULL", 4);
    assert_string_equal(text_array(&t), "{\"a\\\"b\\\\c,{}\",\"\",\"NULL\"}");
    text_finish(&t);
    text_init(&t);
    for (int i = 0; i < 5000; i++)
        text_item(&t, "%d", i);
    assert_int_equal(strlen(text_array(&t)), 1 + 10 + 2 * 90 + 3 * 900 + 4 * 4000 + 5000);
    text_finish(&t);
}

static void failures_wait_longer_each_time(void **state)
{
    static const int64_t s[] = {1, 5, 25, 125, 625, 3125, 3125, 3125};

    (void)state;
    for (uint32_t n = 1; n <= WK_COUNT(s); n++)
        for (int i = 0; i < 50; i++)
            assert_in_range(backoff_us(n), s[n - 1] * 1000000, s[n - 1] * 1250000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(tenants_take_turns, setup, teardown),
                                       cmocka_unit_test_setup_teardown(a_tenant_has_a_quarter_at_most, setup, teardown),
                                       cmocka_unit_test_setup_teardown(a_class_leaves_room_for_higher_ones, setup, teardown),
                                       cmocka_unit_test_setup_teardown(a_tenants_low_ones_leave_room_for_its_high_ones, setup, teardown),
                                       cmocka_unit_test_setup_teardown(a_lane_that_goes_takes_only_its_keys, setup, teardown),
                                       cmocka_unit_test(arrays_are_quoted), cmocka_unit_test(failures_wait_longer_each_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
