/* A server that is slow, mute, killed or back again; fibers that are cut short; answers that never come. */
#include "fiber/fault.h"
#include "fixture.h"


static struct wk_err err;
static int64_t took_ms;

static struct wk_db_stats stats(void)
{
    struct wk_db_stats s;

    wk_db_stats(db, WK_DB_APP, &s);
    return s;
}

static const char *running(const char *sql) /* how many backends run this at the moment */
{
    static char text[256];

    snprintf(text, sizeof text, "select count(*) from pg_stat_activity where state = 'active' and usename = 'wakala_app' and query like '%s%%'", sql);
    return test_pg_sql(&pg, text);
}

static void ends_within(int ms, const char *sql)
{
    int64_t until = in_ms(ms);

    do {
        if (!strcmp(running(sql), "0"))
            return;
        test_pg_pause(10);
    } while (wk_mono_us() < until);
    fail_msg("%s still runs", sql);
}

/* Deadlines and cancelling. */

static void sleeps(void *arg)
{
    int64_t limit_ms = arg ? *(int *)arg : 0, begin = wk_mono_us();
    struct wk_conn *conn = take_conn(WK_DB_APP);

    CHECK(!wk_conn_run(conn, STMT("select pg_sleep(30)"), NULL, 0, NULL, limit_ms ? in_ms(limit_ms) : 0, &err));
    took_ms = (wk_mono_us() - begin) / 1000;
    CHECK(!limit_ms || !wk_conn_is_alive(conn)); /* the pool's own limit is the server's too: it may be first, and then all is known */
    wk_db_release(conn);
}

static void a_deadline_ends_the_statement_on_the_server_too(void **state)
{
    int limit = 200;

    (void)state;
    (void)spawn(sleeps, &limit);
    turn_ms(100);
    assert_string_equal(running("select pg_sleep"), "1");
    turn();
    assert_string_equal(err.code, "db.deadline");
    assert_int_equal(err.cls, WK_TRANSIENT);
    assert_in_range(took_ms, 190, 700);
    ends_within(500, "select pg_sleep"); /* the server by itself misses us only after a second */
    assert_int_equal(stats().cancels, 1);
    assert_int_equal(stats().deadlines, 1);
    assert_int_equal(stats().open, 0);
}

static void without_a_deadline_the_pools_own_holds(void **state)
{
    (void)state;
    conf.pool[WK_DB_APP].statement_ms = 250;
    db_open();
    in_fiber(sleeps);
    assert_string_equal(err.code, "db.deadline"); /* ours or the server's statement_timeout, whichever is first */
    assert_in_range(took_ms, 240, 900);
}

static void a_cancelled_fiber_ends_its_statement(void **state)
{
    int limit = 20000;
    struct wk_fiber *fiber = spawn(sleeps, &limit);

    (void)state;
    turn_ms(200);
    wk_fiber_cancel(fiber);
    turn();
    assert_string_equal(err.code, "call.cancelled");
    assert_in_range(took_ms, 150, 900);
    ends_within(3000, "select pg_sleep");
}

static void cancelled_before(void *arg)
{
    struct wk_conn *conn = take_conn(WK_DB_APP);

    (void)arg;
    wk_fiber_cancel(wk_fiber_self());
    CHECK(!wk_conn_run(conn, STMT("select 1"), NULL, 0, NULL, in_ms(1000), &err));
    CHECK_TEXT(err.code, "call.cancelled");
    CHECK(wk_conn_is_alive(conn)); /* nothing was sent, so nothing is in doubt */
    wk_db_release(conn);
}
static void a_fiber_cancelled_before_costs_no_connection(void **state)
{
    (void)state;
    in_fiber(cancelled_before);
    assert_int_equal(stats().open, 1);
}

/* A mute server. */

static void one_select(void *arg)
{
    int64_t begin = wk_mono_us();
    struct wk_conn *conn;

    (void)arg;
    memset(&err, 0, sizeof err);
    conn = wk_db_acquire(db, WK_DB_APP, 0, NULL, in_ms(500), &err);
    if (conn)
        (void)wk_conn_run(conn, STMT("select 1"), NULL, 0, NULL, in_ms(500), &err);
    wk_db_release(conn);
    took_ms = (wk_mono_us() - begin) / 1000;
}

static void a_mute_server_holds_nobody_beyond_the_deadline(void **state)
{
    (void)state;
    conf.connect_timeout_ms = 400;
    db_open();
    in_fiber(one_select);
    assert_null(err.code);
    test_pg_freeze(&pg);
    in_fiber(one_select); /* on the connection that was idle */
    assert_string_equal(err.code, "db.deadline");
    assert_in_range(took_ms, 490, 900);
    in_fiber(one_select); /* there is none, and no new one comes */
    assert_string_equal(err.code, "db.unavailable");
    assert_in_range(took_ms, 390, 900);
    in_fiber(one_select); /* known to be down: at once */
    assert_string_equal(err.code, "db.unavailable");
    assert_true(took_ms < 50 && err.retry_after_ms > 0);
    assert_true(stats().is_down);
    test_pg_thaw(&pg);
    turn_ms(200);
    in_fiber(one_select);
    assert_null(err.code);
    assert_false(stats().is_down);
}

static void a_program_ends_though_the_server_is_mute(void **state)
{
    int limit = 200;
    int64_t begin;

    (void)state;
    (void)spawn(sleeps, &limit);
    turn_ms(100);
    test_pg_freeze(&pg);
    turn(); /* the helper thread hangs in PQcancel now */
    assert_string_equal(err.code, "db.deadline");
    begin = wk_mono_us();
    wk_db_destroy(db);
    db = NULL;
    assert_in_range((wk_mono_us() - begin) / 1000, 0, 900);
    test_pg_thaw(&pg);
    ends_within(3000, "select pg_sleep");
}

/* A server that dies and comes back. */

static int ups, downs;
static void on_state(void *arg, enum wk_db_role role, bool is_up, const struct wk_err *why)
{
    (void)arg;
    if (role != WK_DB_APP)
        return;
    ups += is_up;
    downs += !is_up;
    assert_int_equal(is_up, why == NULL);
}

static int served, refused;
static bool is_over;
static void customer(void *arg)
{
    (void)arg;
    while (!is_over) {
        struct wk_err e = { 0 };
        int64_t begin = wk_mono_us();
        struct wk_conn *conn = wk_db_acquire(db, WK_DB_APP, 0, NULL, in_ms(1000), &e);
        bool ok = conn && wk_conn_run(conn, STMT("select 1"), NULL, 0, NULL, in_ms(1000), &e);

        wk_db_release(conn);
        CHECK(ok || !strcmp(e.code, "db.unavailable"));
        CHECK(wk_mono_us() - begin < 1500000);
        served += ok;
        refused += !ok;
        (void)wk_fiber_sleep(5, NULL);
    }
}

static void a_killed_server_is_missed_and_found_again(void **state)
{
    uint64_t attempts;
    int before;

    (void)state;
    ups = downs = served = refused = 0;
    is_over = false;
    conf.on_state = on_state;
    conf.pool[WK_DB_APP].min = 2;
    db_open();
    for (int i = 0; i < 10; i++)
        (void)spawn(customer, NULL);
    turn_ms(300);
    assert_true(served > 50);
    assert_int_equal(refused, 0);
    test_pg_kill(&pg);
    turn_ms(300);
    before = served;
    attempts = stats().connects;
    turn_ms(3000);
    assert_int_equal(served, before);
    assert_true(refused > 100); /* they got their answer, over and over */
    assert_in_range(stats().connects - attempts, 1, 12); /* and the machine was left in peace */
    assert_true(stats().is_down);
    test_pg_run(&pg);
    turn_ms(2500); /* the longest backoff is 2 s */
    assert_true(served > before + 50);
    is_over = true;
    turn();
    assert_int_equal(ups, 2);
    assert_int_equal(downs, 1);
}

static void nothing_spins_while_the_server_is_away(void **state)
{
    int64_t until;
    int turns = 0;

    (void)state;
    conf.pool[WK_DB_APP].min = 4;
    db_open();
    turn_ms(200);
    assert_int_equal(stats().idle, 4);
    test_pg_kill(&pg);
    turn_ms(1000);
    for (until = in_ms(2000); wk_mono_us() < until; turns++) {
        struct timeval tick = { 0, 500000 };

        (void)event_base_loopexit(base, &tick);
        (void)event_base_loop(base, EVLOOP_ONCE); /* until something happens */
    }
    test_pg_run(&pg);
    assert_in_range(turns, 1, 60);
}

static void in_the_middle(void *arg)
{
    struct wk_conn *conn = take_conn(WK_DB_APP);

    (void)arg;
    memset(&err, 0, sizeof err);
    CHECK(!wk_conn_run(conn, STMT("select pg_sleep(20)"), NULL, 0, NULL, in_ms(10000), &err));
    CHECK(!wk_conn_is_alive(conn));
    CHECK(!wk_conn_run(conn, STMT("select 1"), NULL, 0, NULL, in_ms(1000), NULL)); /* closed stays closed */
    CHECK(!wk_conn_rollback(conn, in_ms(1000), NULL));
    wk_db_release(conn);
}
static void a_connection_that_breaks_says_so_at_once(void **state)
{
    int64_t begin = wk_mono_us();

    (void)state;
    (void)spawn(in_the_middle, NULL);
    turn_ms(200);
    test_pg_sql(&pg, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'wakala_app'");
    turn();
    assert_string_equal(err.code, "db.unavailable");
    (void)spawn(in_the_middle, NULL);
    turn_ms(200);
    test_pg_kill(&pg);
    turn();
    assert_string_equal(err.code, "db.unavailable");
    assert_true(wk_mono_us() - begin < 5000000);
    test_pg_run(&pg);
}

static int lost_calls;
static void count_lost(void *arg)
{
    (void)arg;
    lost_calls++;
}
static void keeps_a_lock(void *arg)
{
    struct wk_conn *conn = take_conn(WK_DB_HOST);

    CHECK_TEXT(ask(conn, "select pg_try_advisory_lock(77)"), "t");
    wk_conn_on_lost(conn, count_lost, NULL);
    *(bool *)arg = true;
    for (int i = 0; i < 100 && wk_conn_is_alive(conn); i++)
        (void)wk_fiber_sleep(50, NULL);
    CHECK(!wk_conn_is_alive(conn));
    wk_conn_discard(conn);
    wk_db_release(conn);
}
static void who_keeps_a_session_learns_of_its_end(void **state)
{
    bool has_session = false;

    (void)state;
    lost_calls = 0;
    (void)spawn(keeps_a_lock, &has_session);
    for (int i = 0; i < 100 && !has_session; i++)
        turn_ms(50);
    assert_true(has_session);
    assert_int_equal(lost_calls, 0);
    test_pg_sql(&pg, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'wakala_host'");
    turn();
    assert_int_equal(lost_calls, 1);
}

/* COMMIT without an answer. */

static void commits_while_its_backend_is(void *arg)
{
    int how = *(int *)arg; /* 0: stopped, 1: killed */
    struct wk_conn *conn = take_conn(WK_DB_APP);
    struct wk_exec begin[] = { ITEM("BEGIN"), ITEM("insert into unsure values (1)"), ITEM("select pg_backend_pid()") };
    struct wk_exec end[] = { ITEM("select 2"), ITEM("COMMIT") };
    pid_t pid;

    CHECK_OK(wk_conn_exec(conn, begin, 3, WK_EXEC_SYNC, in_ms(2000), &err), err);
    pid = (pid_t)wk_result_int(begin[2].result, 0, 0);
    wk_exec_clear(begin, 3);
    memset(&err, 0, sizeof err);
    CHECK(pid > 1 && kill(pid, SIGSTOP) == 0);
    if (how == 1)
        CHECK(kill(pid, SIGKILL) == 0);
    CHECK(!wk_conn_exec(conn, end, 2, WK_EXEC_SYNC, in_ms(400), &err));
    CHECK(!wk_conn_is_alive(conn) && end[1].state == WK_EXEC_PENDING && !end[0].result);
    CHECK(kill(pid, SIGCONT) == 0 || how == 1);
    wk_db_release(conn);
}
static void a_commit_without_an_answer_is_unknown(void **state)
{
    (void)state;
    test_pg_sql(&pg, "drop table if exists pool.unsure; create table pool.unsure (id int); grant all on pool.unsure to wakala_app");
    for (int how = 0; how < 2; how++) {
        (void)spawn(commits_while_its_backend_is, &how);
        turn();
        assert_string_equal(err.code, "db.commit_unknown");
        assert_int_equal(err.cls, WK_TRANSIENT);
    }
    test_pg_pause(200);
    for (int i = 0; i < 200 && PQping(test_pg_conninfo(&pg, "postgres")) != PQPING_OK; i++) /* it restarts its backends */
        test_pg_pause(50);
}

static void commit_behind_a_refusal(void *arg)
{
    struct wk_conn *conn = take_conn(WK_DB_APP);
    struct wk_exec items[] = { ITEM("BEGIN"), ITEM("select 1/0"), ITEM("COMMIT") };

    (void)arg;
    CHECK(!wk_conn_exec(conn, items, 3, WK_EXEC_SYNC, in_ms(2000), &err));
    CHECK_TEXT(err.code, "db.statement"); /* known: not committed */
    CHECK_OK(wk_conn_rollback(conn, in_ms(2000), &err), err);
    wk_db_release(conn);
}
static void a_commit_behind_an_error_is_known(void **state)
{
    (void)state;
    in_fiber(commit_behind_a_refusal);
}

static void two_commits(void *arg)
{
    struct wk_conn *conn = take_conn(WK_DB_APP);
    struct wk_exec items[] = { ITEM("BEGIN"), ITEM("insert into unsure values (7)"), ITEM("commit ;") };

    (void)arg;
    for (int i = 0; i < 2; i++) {
        CHECK_OK(wk_conn_exec(conn, items, 3, WK_EXEC_SYNC, in_ms(2000), &err), err);
        wk_exec_clear(items, 3);
    }
    wk_db_release(conn);
}
/* The process dies at the n-th commit point; what the table holds tells on which side of the COMMIT that was. */
static const char *rows_after_dying_at(const char *point)
{
    int status;
    pid_t pid;

    test_pg_sql(&pg, "truncate pool.unsure");
    pid = fork();
    if (pid == 0) {
        void *none = NULL;

        (void)setenv("WAKALA_FAULT", point, 1);
        wk_fault_init();
        if (setup(&none) == 0)
            in_fiber(two_commits);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return test_pg_sql(&pg, "select count(*) from pool.unsure");
}
static void both_sides_of_a_commit_are_fault_points(void **state)
{
    (void)state;
    test_pg_sql(&pg, "drop table if exists pool.unsure; create table pool.unsure (id int); grant all on pool.unsure to wakala_app");
    assert_string_equal(rows_after_dying_at("kill@commit.before:1"), "0");
    assert_string_equal(rows_after_dying_at("kill@commit.after:1"), "1");
    assert_string_equal(rows_after_dying_at("kill@commit.before:2"), "1");
    assert_string_equal(rows_after_dying_at("kill@commit.after:2"), "2");
}

/* LISTEN. */

static char heard[256];
static void hear(void *arg, const char *payload)
{
    size_t used = strlen(heard);

    (void)arg;
    snprintf(heard + used, sizeof heard - used, "%s ", payload ? payload : "-");
}
static void a_listener_comes_back_by_itself(void **state)
{
    struct wk_listen *listen;

    (void)state;
    heard[0] = '\0';
    listen = wk_db_listen(db, "Odd \"name", hear, NULL, &err);
    assert_non_null(listen);
    turn_ms(200);
    test_pg_sql(&pg, "notify \"Odd \"\"name\", 'one'; notify other, 'no'");
    turn_ms(100);
    assert_string_equal(heard, "- one ");
    test_pg_sql(&pg, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'wakala_host'");
    turn_ms(400);
    test_pg_sql(&pg, "notify \"Odd \"\"name\", 'two'");
    turn_ms(100);
    assert_string_equal(heard, "- one - two ");
    test_pg_kill(&pg);
    turn_ms(300);
    test_pg_run(&pg);
    turn_ms(2500);
    test_pg_sql(&pg, "notify \"Odd \"\"name\", 'three'");
    turn_ms(100);
    assert_string_equal(heard, "- one - two - three ");
    wk_listen_stop(listen);
    assert_null(wk_db_listen(db, "", hear, NULL, &err));
}

static struct wk_listen *self_stopping;
static void stop_yourself(void *arg, const char *payload)
{
    hear(arg, payload);
    if (payload)
        wk_listen_stop(self_stopping);
}
static void a_listener_may_stop_itself(void **state)
{
    (void)state;
    heard[0] = '\0';
    self_stopping = wk_db_listen(db, "once", stop_yourself, NULL, &err);
    turn_ms(200);
    test_pg_sql(&pg, "notify once, 'a'; notify once, 'b'");
    turn_ms(100);
    assert_string_equal(heard, "- a ");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_deadline_ends_the_statement_on_the_server_too),
        T(without_a_deadline_the_pools_own_holds),
        T(a_cancelled_fiber_ends_its_statement),
        T(a_fiber_cancelled_before_costs_no_connection),
        T(a_mute_server_holds_nobody_beyond_the_deadline),
        T(a_program_ends_though_the_server_is_mute),
        T(a_killed_server_is_missed_and_found_again),
        T(nothing_spins_while_the_server_is_away),
        T(a_connection_that_breaks_says_so_at_once),
        T(who_keeps_a_session_learns_of_its_end),
        T(a_commit_without_an_answer_is_unknown),
        T(a_commit_behind_an_error_is_known),
        T(both_sides_of_a_commit_are_fault_points),
        T(a_listener_comes_back_by_itself),
        T(a_listener_may_stop_itself),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
