/* The pool: who gets a connection, when, and which roles may come in. */
#include "fixture.h"

static int order[64];
static int order_count;
static struct wk_uuid tenant_a = { { 0xa } }, tenant_b = { { 0xb } };

struct customer {
    int number;
    const struct wk_uuid *tenant;
    unsigned cls;
    int64_t until_us;
    int hold_ms;
    struct wk_conn *conn; /* while it has one */
    struct wk_err err;
    bool got_it;
};

static void buys(void *arg)
{
    struct customer *c = arg;

    c->conn = wk_db_acquire(db, WK_DB_APP, c->cls, c->tenant, c->until_us, &c->err);
    if (!c->conn)
        return;
    c->got_it = true;
    order[order_count++] = c->number;
    if (c->hold_ms)
        (void)wk_fiber_sleep((uint32_t)c->hold_ms, NULL);
    wk_db_release(c->conn);
    c->conn = NULL;
}

static int open_with_max(void **state, uint32_t max)
{
    int rc = setup(state);

    order_count = 0;
    conf.pool[WK_DB_APP].max = max;
    db_open();
    return rc;
}
static int setup_one(void **state) { return open_with_max(state, 1); }
static int setup_four(void **state) { return open_with_max(state, 4); }

static struct wk_db_stats stats(void)
{
    struct wk_db_stats s;

    wk_db_stats(db, WK_DB_APP, &s);
    return s;
}

static void first_come_first_served(void **state)
{
    struct customer c[20];

    (void)state;
    for (int i = 0; i < 20; i++) {
        c[i] = (struct customer){ .number = i, .hold_ms = 2, .until_us = in_ms(10000) };
        (void)spawn(buys, &c[i]);
    }
    turn();
    assert_int_equal(order_count, 20);
    for (int i = 0; i < 20; i++)
        assert_int_equal(order[i], i);
    assert_int_equal(stats().connects, 1);
    assert_int_equal(stats().waiting_max, 20);
    assert_int_equal(stats().busy, 0);
}

static void who_waits_too_long_is_told_and_the_next_is_served(void **state)
{
    struct customer holder = { .number = 0, .hold_ms = 300, .until_us = in_ms(5000) };
    struct customer hasty = { .number = 1, .until_us = in_ms(100) };
    struct customer patient = { .number = 2, .until_us = in_ms(5000) };
    struct customer cancelled = { .number = 3, .until_us = in_ms(5000) };
    struct wk_fiber *fiber;

    (void)state;
    (void)spawn(buys, &holder);
    turn_ms(50);
    (void)spawn(buys, &hasty);
    fiber = spawn(buys, &cancelled);
    (void)spawn(buys, &patient);
    turn_ms(20);
    wk_fiber_cancel(fiber);
    turn();
    assert_false(hasty.got_it);
    assert_string_equal(hasty.err.code, "db.unavailable");
    assert_int_equal(hasty.err.cls, WK_TRANSIENT);
    assert_string_equal(cancelled.err.code, "call.cancelled");
    assert_true(patient.got_it);
    assert_int_equal(stats().waiting, 0);
    assert_int_equal(stats().busy, 0);
}

/* A connection handed to a fiber that is cancelled before it runs must not be lost. */
static void a_hand_over_to_the_cancelled_leaks_nothing(void **state)
{
    struct customer holder = { .number = 0, .hold_ms = 50, .until_us = in_ms(5000) };
    struct customer c[8];
    struct wk_fiber *fibers[8];

    (void)state;
    for (int round = 0; round < 20; round++) {
        order_count = 0;
        holder.hold_ms = 5 + round;
        (void)spawn(buys, &holder);
        for (int i = 0; i < 8; i++) {
            c[i] = (struct customer){ .number = i, .hold_ms = 1, .until_us = in_ms(5000), .tenant = i % 2 ? &tenant_a : NULL };
            fibers[i] = spawn(buys, &c[i]);
        }
        turn_ms(6 + round % 4);
        for (int i = 0; i < 8; i++)
            if (!c[i].got_it && !c[i].err.code)
                wk_fiber_cancel(fibers[i]);
        turn();
        assert_int_equal(stats().waiting, 0);
        assert_int_equal(stats().busy, 0);
    }
    c[0] = (struct customer){ .tenant = &tenant_a, .until_us = in_ms(5000) };
    (void)spawn(buys, &c[0]);
    turn();
    assert_true(c[0].got_it);
}

static void a_tenant_holds_at_most_half(void **state)
{
    struct customer hot[6], other[2];
    int hot_served = 0;

    (void)state;
    for (int i = 0; i < 6; i++) {
        hot[i] = (struct customer){ .number = i, .tenant = &tenant_a, .hold_ms = 400, .until_us = in_ms(10000) };
        (void)spawn(buys, &hot[i]);
    }
    for (int i = 0; i < 2; i++) {
        other[i] = (struct customer){ .number = 10 + i, .tenant = i ? &tenant_b : NULL, .hold_ms = 10, .until_us = in_ms(10000) };
        (void)spawn(buys, &other[i]);
    }
    turn_ms(200);
    for (int i = 0; i < 6; i++)
        hot_served += hot[i].got_it;
    assert_int_equal(hot_served, 2); /* of four connections */
    assert_true(other[0].got_it && other[1].got_it); /* though they came last */
    assert_int_equal(stats().waiting, 4);
    turn();
    for (int i = 0; i < 6; i++)
        assert_true(hot[i].got_it);
    for (int i = 2; i < 6; i++) /* among themselves they keep their order */
        assert_int_equal(order[i + 2], i);
}

/* One connection, held; low ones wait, then a normal one, then high ones. */
static void a_higher_class_goes_first_but_nobody_waits_for_ever(void **state)
{
    struct customer c[50];

    (void)state;
    for (int i = 0; i < 50; i++) {
        c[i] = (struct customer){ .number = i, .hold_ms = i ? 0 : 20, .until_us = in_ms(10000), .cls = i > 4 || !i ? 0 : i == 4 ? 1 : 2 };
        (void)spawn(buys, &c[i]);
    }
    turn();
    assert_int_equal(order_count, 50);
    assert_int_equal(order[0], 0);
    for (int i = 1; i <= 31; i++)
        assert_int_equal(order[i], 4 + i); /* high ones, in their order */
    assert_int_equal(order[32], 36);
    assert_int_equal(order[33], 4); /* the normal one has waited for 32 that came later */
    assert_int_equal(order[46], 49);
    for (int i = 47; i < 50; i++)
        assert_int_equal(order[i], i - 46); /* the low ones, first though they came */
}

static void a_higher_class_goes_first_inside_a_tenant_too(void **state)
{
    struct customer c[8];

    (void)state;
    for (int i = 0; i < 8; i++) {
        c[i] = (struct customer){ .number = i, .hold_ms = i < 2 ? 20 : 1, .until_us = in_ms(10000), .tenant = &tenant_a, .cls = i < 7 ? 2 : 0 };
        (void)spawn(buys, &c[i]);
    }
    turn();
    assert_int_equal(order_count, 8);
    assert_int_equal(order[2], 7);
}

static int budget_left, budget_taken;
static bool budget_take(void *arg)
{
    (void)arg;
    if (!budget_left)
        return false;
    budget_left--;
    budget_taken++;
    return true;
}
static void budget_give(void *arg)
{
    (void)arg;
    budget_left++;
    budget_taken--;
}

static void the_budget_of_the_machine_holds(void **state)
{
    struct customer c[4], late = { .number = 9, .until_us = in_ms(10000) };

    (void)state;
    budget_left = 2;
    conf.budget_take = budget_take;
    conf.budget_give = budget_give;
    db_open();
    for (int i = 0; i < 4; i++) {
        c[i] = (struct customer){ .number = i, .hold_ms = 30, .until_us = in_ms(5000) };
        (void)spawn(buys, &c[i]);
    }
    turn();
    assert_int_equal(order_count, 4);
    assert_int_equal(stats().connects, 2);
    assert_int_equal(budget_taken, 2);
    wk_db_destroy(db);
    db = NULL;
    assert_int_equal(budget_taken, 0);
    budget_left = 0; /* none at all, until another process gives one back */
    db_open();
    (void)spawn(buys, &late);
    turn_ms(200);
    assert_false(late.got_it);
    budget_left = 1;
    turn();
    assert_true(late.got_it);
}

static void idle_connections_beyond_min_are_closed(void **state)
{
    struct customer c[4];

    (void)state;
    conf.idle_ms = 100;
    conf.pool[WK_DB_APP].min = 1;
    db_open();
    for (int i = 0; i < 4; i++) {
        c[i] = (struct customer){ .number = i, .hold_ms = 50, .until_us = in_ms(5000) };
        (void)spawn(buys, &c[i]);
    }
    turn();
    assert_int_equal(stats().open, 4);
    turn_ms(500);
    assert_int_equal(stats().open, 1);
}

static void min_connections_open_by_themselves_and_come_back(void **state)
{
    (void)state;
    conf.pool[WK_DB_APP].min = 2;
    db_open();
    turn_ms(200);
    assert_int_equal(stats().idle, 2);
    test_pg_sql(&pg, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'wakala_app'");
    turn_ms(500);
    assert_int_equal(stats().idle, 2);
    assert_int_equal(stats().lost, 2);
}

static void old_connections_are_replaced(void **state)
{
    struct customer c = { .hold_ms = 60, .until_us = in_ms(5000) };

    (void)state;
    conf.age_ms = 20;
    db_open();
    for (int i = 0; i < 3; i++) {
        (void)spawn(buys, &c);
        turn();
    }
    assert_int_equal(stats().connects, 3);
    assert_int_equal(stats().open, 0);
}

static void leave_open(void *arg)
{
    struct wk_err err = { 0 };
    struct wk_conn *conn = take_conn(WK_DB_APP);
    struct wk_exec begin[] = { ITEM("BEGIN"), ITEM("select pg_advisory_lock(5)") };

    if (!arg) {
        CHECK_OK(wk_conn_exec(conn, begin, 2, WK_EXEC_SYNC, in_ms(5000), &err), err);
        wk_exec_clear(begin, 2);
    } else {
        wk_conn_discard(conn);
    }
    wk_db_release(conn);
}
static void an_open_transaction_never_reaches_the_next_user(void **state)
{
    (void)state;
    (void)spawn(leave_open, NULL);
    turn();
    assert_int_equal(stats().open, 0);
    (void)spawn(leave_open, &tenant_a);
    turn();
    assert_int_equal(stats().open, 0);
    assert_int_equal(stats().connects, 2);
}

/* Roles. */

static struct wk_err refusal;
static void tries(void *arg)
{
    struct wk_conn *conn = wk_db_acquire(db, *(enum wk_db_role *)arg, 0, NULL, in_ms(3000), &refusal);

    CHECK(!conn);
}
static void is_refused(enum wk_db_role role, const char *user, const char *why)
{
    char *old = (char *)(uintptr_t)conf.pool[role].conninfo;

    conf.pool[role].conninfo = strdup(test_pg_conninfo(&pg, user));
    free(old);
    db_open();
    memset(&refusal, 0, sizeof refusal);
    (void)spawn(tries, &role);
    turn();
    assert_string_equal(refusal.code, "db.role");
    assert_int_equal(refusal.cls, WK_SYSTEM);
    assert_non_null(strstr(refusal.msg, user));
    assert_non_null(strstr(refusal.msg, why));
}

static void roles_that_could_see_everything_are_refused(void **state)
{
    (void)state;
    test_pg_sql(&pg, "create role too_free login bypassrls; create role owns_it login; create role may_own login;"
                     "create role may_become login; create table pool.mine (id int); alter table pool.mine owner to owns_it;"
                     "grant owns_it to may_own; grant too_free to may_become");
    is_refused(WK_DB_APP, "postgres", "superuser");
    is_refused(WK_DB_APP, "too_free", "BYPASSRLS");
    is_refused(WK_DB_APP, "may_become", "BYPASSRLS");
    is_refused(WK_DB_APP, "owns_it", "mine");
    is_refused(WK_DB_APP, "may_own", "mine");
    is_refused(WK_DB_HOST, "postgres", "superuser");
    is_refused(WK_DB_HOST, "too_free", "BYPASSRLS");
}

static void bad_confs_are_refused_without_the_password(void **state)
{
    static const char *const bad[] = { "host=/tmp password=geheim nonsense=1", "service=x password=geheim",
                                       "host=no-such-host.invalid password=geheim", "postgresql://u:geheim@[" };
    struct wk_err err;

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        struct wk_db_conf c = { .pool = { [WK_DB_APP] = { .conninfo = bad[i] } } };

        memset(&err, 0, sizeof err);
        assert_null(wk_db_create(base, &c, &err));
        assert_string_equal(err.code, "db.conf");
        assert_null(strstr(err.msg, "geheim"));
    }
}

static void not_configured(void *arg)
{
    struct wk_err err = { 0 };

    (void)arg;
    CHECK(!wk_db_acquire(db, WK_DB_HOST, 0, NULL, in_ms(1000), &err));
    CHECK_TEXT(err.code, "db.conf");
}
static void a_pool_without_conninfo_is_not_there(void **state)
{
    (void)state;
    free((void *)(uintptr_t)conf.pool[WK_DB_HOST].conninfo);
    conf.pool[WK_DB_HOST].conninfo = NULL;
    db_open();
    in_fiber(not_configured);
}

int main(void)
{
#define T(name, setup_) cmocka_unit_test_setup_teardown(name, setup_, teardown)
    const struct CMUnitTest tests[] = {
        T(first_come_first_served, setup_one),
        T(who_waits_too_long_is_told_and_the_next_is_served, setup_one),
        T(a_hand_over_to_the_cancelled_leaks_nothing, setup_one),
        T(a_tenant_holds_at_most_half, setup_four),
        T(a_higher_class_goes_first_but_nobody_waits_for_ever, setup_one),
        T(a_higher_class_goes_first_inside_a_tenant_too, setup_four),
        T(the_budget_of_the_machine_holds, setup_four),
        T(idle_connections_beyond_min_are_closed, setup_four),
        T(min_connections_open_by_themselves_and_come_back, setup_four),
        T(old_connections_are_replaced, setup_four),
        T(an_open_transaction_never_reaches_the_next_user, setup_four),
        T(roles_that_could_see_everything_are_refused, setup_four),
        T(bad_confs_are_refused_without_the_password, setup_four),
        T(a_pool_without_conninfo_is_not_there, setup_four),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
