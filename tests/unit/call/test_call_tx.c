/* The call's one transaction: trips, what may wait, what a failure undoes, limits, lost commits. */
#include "fixture.h"
#include <sys/stat.h>

WK_SQL(t_insert, "INSERT INTO t_row (n) VALUES ($1)");
WK_SQL(t_bump, "UPDATE t_row SET n = n + 100 WHERE n = $1");
WK_SQL(t_count, "SELECT count(*) FROM t_row");
WK_SQL(t_slow, "SELECT pg_sleep($1)");
WK_SQL(t_drop_me, "SELECT pg_terminate_backend(pg_backend_pid())");

static struct wk_err err;
static const char *rows(void) { return test_pg_sql(&pg, "SELECT count(*) FROM pool.t_row"); }
static void ok(bool is_ok)
{
    if (!is_ok)
        fail_msg("%s: %s", err.code ? err.code : "(none)", err.msg);
}

static void talk_only(struct wk_call *call)
{
    struct wk_rows *r;

    ok(wk_db_read(call, &t_count, WK_NO_ARGS, &r, &err)); /* load */
    ok(wk_db_queue(call, &t_insert, WK_ARGS(wk_int(1)), -1, NULL, &err));
    ok(wk_db_queue(call, &t_insert, WK_ARGS(wk_int(2)), -1, NULL, &err));
    ok(wk_call_may_wait(call, "anything", &err)); /* nothing is open while it thinks */
    ok(wk_call_commit(call, false, &err)); /* save */
    assert_int_equal(call->trips, 2);
}
static void a_talk_only_turn_is_two_trips(void **state)
{
    (void)state;
    run(talk_only);
    assert_string_equal(rows(), "2");
}

static void many_reads(struct wk_call *call)
{
    struct wk_query q[16];

    for (size_t i = 0; i < 16; i++)
        q[i] = (struct wk_query){.sql = &t_count};
    ok(wk_db_read_all(call, q, 16, &err));
    assert_int_equal(call->trips, 1);
    assert_int_equal(wk_rows_int(q[15].rows, 0, 0), 0);
    assert_false(wk_db_read_all(call, q, 17, &err));
    assert_string_equal(err.code, "db.statement");
    assert_false(wk_db_read_all(call, q, 17, NULL)); /* who does not care passes none */
    ok(wk_call_commit(call, false, &err));
    assert_int_equal(call->trips, 1); /* nothing to commit costs nothing */
}
static void reads_share_one_trip(void **state)
{
    (void)state;
    run(many_reads);
}

static void write_then_wait(struct wk_call *call)
{
    struct wk_rows *r;
    int64_t before = wk_mono_us();

    ok(wk_db_queue(call, &t_insert, WK_ARGS(wk_int(1)), -1, NULL, &err));
    ok(wk_db_write(call, &t_insert, WK_ARGS(wk_int(2)), &r, &err)); /* begins, sends what was queued, in order */
    assert_int_equal(wk_rows_affected(r), 1);
    assert_true(wk_call_in_tx(call));
    assert_false(wk_sleep(call, 500, &err));
    assert_string_equal(err.code, "call.wait_in_tx");
    assert_int_equal(err.cls, WK_SYSTEM);
    assert_false(wk_offload(call, NULL, NULL, &err));
    assert_string_equal(err.code, "call.wait_in_tx");
    assert_true(wk_mono_us() - before < 400000);
    ok(wk_db_read(call, &t_count, WK_NO_ARGS, &r, &err)); /* sees its own writes */
    assert_int_equal(wk_rows_int(r, 0, 0), 2);
    assert_string_equal(rows(), "0"); /* nobody else does */
    ok(wk_call_commit(call, false, &err));
    assert_false(wk_call_in_tx(call));
    ok(wk_sleep(call, 1, &err));
}
static void inside_the_transaction_only_the_database_may_be_waited_for(void **state)
{
    (void)state;
    run(write_then_wait);
    assert_string_equal(rows(), "2");
}

static void not_committed(struct wk_call *call)
{
    ok(wk_db_write(call, &t_insert, WK_ARGS(wk_int(1)), NULL, &err));
    ok(wk_db_queue(call, &t_insert, WK_ARGS(wk_int(2)), -1, NULL, &err));
}
static void what_is_not_committed_never_was(void **state)
{
    (void)state;
    run(not_committed);
    assert_string_equal(rows(), "0");
}

static void swallow(struct wk_call *call)
{
    struct wk_rows *r;

    ok(wk_db_write(call, &t_insert, WK_ARGS(wk_int(1)), NULL, &err));
    assert_false(wk_db_write(call, &t_insert, WK_ARGS(wk_int(1)), NULL, NULL)); /* and the hook goes on as if nothing were */
    assert_false(wk_db_read(call, &t_count, WK_NO_ARGS, &r, NULL));
    assert_false(wk_call_commit(call, false, &err));
    assert_string_equal(err.code, "db.unique");
}
static void a_failed_statement_that_the_hook_ignores_cannot_be_committed(void **state)
{
    (void)state;
    run(swallow);
    assert_string_equal(rows(), "0");
}

static void expect_rows(struct wk_call *call)
{
    ok(wk_db_queue(call, &t_insert, WK_ARGS(wk_int(1)), 1, NULL, &err));
    ok(wk_db_queue(call, &t_bump, WK_ARGS(wk_int(1)), 1, "test.missing", &err));
    ok(wk_call_commit(call, false, &err));
    assert_int_equal(call->trips, 1);
    ok(wk_db_queue(call, &t_insert, WK_ARGS(wk_int(2)), 1, NULL, &err));
    ok(wk_db_queue(call, &t_bump, WK_ARGS(wk_int(1)), 1, "test.missing_too", &err)); /* 1 is 101 now */
    assert_false(wk_call_commit(call, false, &err));
    assert_string_equal(err.code, "test.missing_too");
    assert_int_equal(err.cls, WK_BUSINESS);
    ok(wk_db_queue(call, &t_bump, WK_ARGS(wk_int(1)), 1, NULL, &err));
    assert_false(wk_call_commit(call, false, &err));
    assert_string_equal(err.code, "db.conflict");
    assert_int_equal(err.cls, WK_TRANSIENT);
}
static void a_count_that_is_not_as_expected_undoes_everything_in_one_trip(void **state)
{
    (void)state;
    run(expect_rows);
    assert_string_equal(test_pg_sql(&pg, "SELECT string_agg(n::text, ',') FROM pool.t_row"), "101");
}

static void too_many(struct wk_call *call)
{
    int n = 0;

    while (wk_db_queue(call, &t_insert, WK_ARGS(wk_int(n)), -1, NULL, &err))
        n++;
    assert_int_equal(n, 1000);
    assert_string_equal(err.code, "db.queue_full");
    ok(wk_call_commit(call, false, &err)); /* the thousand are fine */
    assert_int_equal(call->trips, 1);
}
static void a_thousand_statements_may_be_queued(void **state)
{
    (void)state;
    run(too_many);
    assert_string_equal(rows(), "1000");
}

static void steps(struct wk_call *call)
{
    ok(wk_db_queue(call, &t_insert, WK_ARGS(wk_int(1)), -1, NULL, &err));
    ok(wk_db_step(call, &err));
    assert_string_equal(rows(), "1");
    ok(wk_sleep(call, 1, &err));
    ok(wk_db_write(call, &t_insert, WK_ARGS(wk_int(2)), NULL, &err));
}
static void a_step_is_durable_before_the_rest(void **state)
{
    (void)state;
    run(steps);
    assert_string_equal(rows(), "1");
}

static void long_tx(struct wk_call *call)
{
    int64_t began;

    ok(wk_db_write(call, &t_insert, WK_ARGS(wk_int(1)), NULL, &err));
    began = wk_mono_us();
    assert_false(wk_db_read(call, &t_slow, WK_ARGS(wk_double(9)), NULL, &err));
    assert_in_range(wk_mono_us() - began, 4000000, 5600000);
    assert_int_equal(err.cls, WK_TRANSIENT);
    assert_false(wk_call_commit(call, false, &err));
}
static void a_transaction_lasts_five_seconds_at_most(void **state)
{
    (void)state;
    run_body(&(struct body){.fn = long_tx, .has_tenant = true, .deadline_ms = 20000});
    assert_string_equal(rows(), "0");
}

static void out_of_time(struct wk_call *call)
{
    assert_false(wk_db_read(call, &t_slow, WK_ARGS(wk_double(9)), NULL, &err));
    assert_int_equal(err.cls, WK_TRANSIENT);
    assert_int_equal(wk_left_ms(call), 0);
}
static void the_deadline_of_the_call_ends_its_reads(void **state)
{
    int64_t began = wk_mono_us();

    (void)state;
    run_body(&(struct body){.fn = out_of_time, .has_tenant = true, .deadline_ms = 300});
    assert_true(wk_mono_us() - began < 2500000);
}

static void commit_to_a_frozen_server(struct wk_call *call)
{
    ok(wk_db_write(call, &t_insert, WK_ARGS(wk_int(1)), NULL, &err));
    test_pg_freeze(&pg);
    assert_false(wk_call_commit(call, false, &err));
    test_pg_thaw(&pg);
    assert_string_equal(err.code, "db.commit_unknown");
    assert_true(call->is_doubtful);
}
static void a_commit_without_an_answer_is_in_doubt(void **state)
{
    (void)state;
    run_body(&(struct body){.fn = commit_to_a_frozen_server, .has_tenant = true, .deadline_ms = 700});
}

static void lost_session(struct wk_call *call)
{
    ok(wk_db_write(call, &t_insert, WK_ARGS(wk_int(1)), NULL, &err));
    assert_false(wk_db_write(call, &t_drop_me, WK_NO_ARGS, NULL, &err));
    assert_string_equal(err.code, "db.unavailable");
    assert_false(wk_call_commit(call, false, &err));
    assert_string_equal(err.code, "db.unavailable");
}
static void a_lost_session_is_told_and_cannot_commit(void **state)
{
    (void)state;
    run(lost_session);
    assert_string_equal(rows(), "0");
}

static void no_tenant(struct wk_call *call)
{
    struct wk_rows *r;
    struct wk_uuid other = {{1}};

    ok(wk_db_read(call, &t_count, WK_NO_ARGS, &r, &err));
    assert_int_equal(wk_rows_int(r, 0, 0), 0); /* a row of the shop is there: nobody without its scope sees it */
    ok(wk_db_queue(call, &t_insert, WK_ARGS(wk_int(6)), -1, NULL, &err));
    assert_false(wk_enter_tenant(call, &shop, &err));
    assert_string_equal(err.code, "call.tenant_late");
    wk_call_rollback(call);
    assert_false(wk_enter_tenant(call, &other, &err));
    assert_string_equal(err.code, "tenant.unknown");
    assert_int_equal(err.cls, WK_BUSINESS);
    ok(wk_enter_tenant(call, &shop, &err));
    ok(wk_enter_tenant(call, &shop, &err));
    ok(wk_db_read(call, &t_count, WK_NO_ARGS, &r, &err));
    assert_int_equal(wk_rows_int(r, 0, 0), 1);
}
static void without_a_tenant_nothing_is_seen(void **state)
{
    (void)state;
    test_pg_sql(&pg, "INSERT INTO pool.t_row VALUES ('018f2c3e-7b1a-7c00-8000-0123456789ab', 5)");
    run_body(&(struct body){.fn = no_tenant});
}

static void early(void *arg)
{
    struct wk_uuid other = {{1}};
    struct wk_call_spec spec = {.hook = "test", .tenant = &other, .deadline_ms = 1000};
    struct wk_call call;

    (void)arg;
    assert_false(wk_call_init(&call, &engine, &spec, &err));
    assert_string_equal(err.code, "tenant.not_loaded");
    assert_int_equal(err.cls, WK_TRANSIENT);
}
static void an_event_may_be_read_before_its_tenant_is_known(void **state)
{
    (void)state;
    run_body(&(struct body){.bare = early});
}

static void principals(struct wk_call *call)
{
    struct wk_principal who = {.size = sizeof who, .tenant = {{9}}, .subject = "anna", .role = "owner", .permissions = "*"};

    assert_false(wk_set_principal(call, &who, &err));
    assert_string_equal(err.code, "call.not_identity");
    call->may_set_principal = true;
    ok(wk_set_principal(call, &who, &err));
    assert_string_equal(wk_principal(call)->subject, "anna");
    assert_false(wk_enter_tenant(call, &shop, &err)); /* one of another tenant: as if there were no such shop, and the operator is told */
    assert_string_equal(err.code, "tenant.foreign");
    assert_int_equal(err.cls, WK_SECURITY);
    who.tenant = shop;
    ok(wk_set_principal(call, &who, &err));
    ok(wk_enter_tenant(call, &shop, &err));
    who.tenant.b[0] ^= 1;
    assert_false(wk_set_principal(call, &who, &err));
    assert_int_equal(err.cls, WK_SECURITY);
}
static void a_principal_stays_in_its_tenant(void **state)
{
    (void)state;
    run_body(&(struct body){.fn = principals});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_talk_only_turn_is_two_trips, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_share_one_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(inside_the_transaction_only_the_database_may_be_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_committed_never_was, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_statement_that_the_hook_ignores_cannot_be_committed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_count_that_is_not_as_expected_undoes_everything_in_one_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(a_thousand_statements_may_be_queued, setup, teardown),
        cmocka_unit_test_setup_teardown(a_step_is_durable_before_the_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(a_transaction_lasts_five_seconds_at_most, setup, teardown),
        cmocka_unit_test_setup_teardown(the_deadline_of_the_call_ends_its_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_without_an_answer_is_in_doubt, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_session_is_told_and_cannot_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_tenant_nothing_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(an_event_may_be_read_before_its_tenant_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(a_principal_stays_in_its_tenant, setup, teardown),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
