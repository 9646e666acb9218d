/* Batches: what they return, how they fail, and what stays true afterwards. */
#include "fixture.h"

static struct wk_conn *conn;
static struct wk_err err;

static void body_with_conn(void *arg)
{
    void (*body)(void);

    memcpy(&body, &arg, sizeof body);
    memset(&err, 0, sizeof err);
    conn = take_conn(WK_DB_APP);
    body();
    wk_db_release(conn);
}
static void run(void (*body)(void))
{
    void *arg;

    memcpy(&arg, &body, sizeof arg);
    (void)spawn(body_with_conn, arg);
    turn();
}
#define TEST(name)                                                                                                      \
    static void name##_body(void);                                                                                      \
    static void name(void **state)                                                                                      \
    {                                                                                                                   \
        (void)state;                                                                                                    \
        run(name##_body);                                                                                               \
    }                                                                                                                   \
    static void name##_body(void)

static bool exec(struct wk_exec *items, size_t n) { return wk_conn_exec(conn, items, n, WK_EXEC_SYNC, in_ms(5000), &err); }
static bool one(const char *sql) { return wk_conn_run(conn, STMT(sql), NULL, 0, NULL, in_ms(5000), &err); }
static struct wk_db_stats stats(void)
{
    struct wk_db_stats s;

    wk_db_stats(db, WK_DB_APP, &s);
    return s;
}

TEST(a_batch_is_one_trip)
{
    struct wk_exec items[] = { ITEM("select 1"), ITEM("select 'two', null"), ITEM("select 3 where false") };

    CHECK_OK(exec(items, 3), err);
    CHECK(wk_conn_trips(conn) == 1);
    CHECK(wk_result_int(items[0].result, 0, 0) == 1);
    CHECK_TEXT(wk_result_text(items[1].result, 0, 0, NULL), "two");
    CHECK(wk_result_is_null(items[1].result, 0, 1) && !wk_result_is_null(items[1].result, 0, 0));
    CHECK(!wk_result_text(items[1].result, 0, 7, NULL) && !wk_result_text(items[1].result, 9, 0, NULL));
    CHECK(wk_result_columns(items[1].result) == 2 && wk_result_rows(items[2].result) == 0);
    CHECK(items[0].state == WK_EXEC_DONE && items[2].state == WK_EXEC_DONE);
    wk_exec_clear(items, 3);
    CHECK(!items[0].result);
}

TEST(arguments_arrive_as_they_left)
{
    static const uint8_t raw[] = { 0, 1, '\'', 0xff, '\\', 0 };
    struct wk_uuid id;
    const struct wk_stmt stmt = { .schema = "", .owner = "test", .name = "echo",
                                  .text = "select $1::bigint, $2::boolean, $3::double precision, $4::text, $5::uuid, $6::bytea,"
                                          " $7::timestamptz, $8::text, $9::text[], $10::double precision, $11::timestamptz" };
    const struct wk_arg args[] = { wk_int(INT64_MIN), wk_bool(true), wk_double(0.1), wk_text("Zoë's \"x\" \\"), wk_id(&id),
                                   wk_bytes(raw, sizeof raw), wk_time(INT64_C(1700000000123456)), wk_text(NULL),
                                   wk_text("{a,\"b c\"}"), wk_double(-1.0 / 0.0), wk_time(-1) };
    struct wk_result *r;
    size_t len;

    CHECK(wk_uuid_parse("018f5a3e-7c00-7abc-8def-0123456789ab", &id));
    CHECK_OK(wk_conn_run(conn, &stmt, args, WK_COUNT(args), &r, in_ms(5000), &err), err);
    CHECK(wk_result_int(r, 0, 0) == INT64_MIN);
    CHECK_TEXT(wk_result_text(r, 0, 1, NULL), "t");
    CHECK_TEXT(wk_result_text(r, 0, 2, NULL), "0.1");
    CHECK_TEXT(wk_result_text(r, 0, 3, &len), "Zoë's \"x\" \\");
    CHECK(len == strlen("Zoë's \"x\" \\"));
    CHECK_TEXT(wk_result_text(r, 0, 4, NULL), "018f5a3e-7c00-7abc-8def-0123456789ab");
    CHECK_TEXT(wk_result_text(r, 0, 5, NULL), "\\x000127ff5c00");
    CHECK_TEXT(wk_result_text(r, 0, 6, NULL), "2023-11-14 22:13:20.123456+00");
    CHECK(wk_result_is_null(r, 0, 7));
    CHECK_TEXT(wk_result_text(r, 0, 8, NULL), "{a,\"b c\"}");
    CHECK_TEXT(wk_result_text(r, 0, 9, NULL), "-Infinity");
    CHECK_TEXT(wk_result_text(r, 0, 10, NULL), "1969-12-31 23:59:59.999999+00");
    wk_result_free(r);
}

TEST(binary_results_come_on_demand)
{
    struct wk_stmt stmt = { .schema = "", .owner = "test", .name = "bin", .text = "select 258::int4", .is_binary = true };
    struct wk_result *r;
    size_t len;

    CHECK_OK(wk_conn_run(conn, &stmt, NULL, 0, &r, in_ms(5000), &err), err);
    CHECK(!memcmp(wk_result_text(r, 0, 0, &len), "\0\0\1\2", 4) && len == 4);
    wk_result_free(r);
}

/* One statement, and what its failure must be called. */
static void fails_as(const char *sql, const char *code, enum wk_class cls, const char *in_message)
{
    if (wk_conn_run(conn, STMT(sql), NULL, 0, NULL, in_ms(5000), &err) || strcmp(err.code, code) || err.cls != cls ||
        (in_message && !strstr(err.msg, in_message))) {
        fprintf(stderr, "%s: %s (%d) %s; wanted %s\n", sql, err.code, err.cls, err.msg, code);
        abort();
    }
    CHECK(!wk_conn_in_transaction(conn) && wk_conn_is_alive(conn));
}

static const char *made(const char *sqlstate)
{
    static char sql[8][128];
    static unsigned next;
    char *out = sql[next++ % 8];

    snprintf(out, sizeof sql[0], "do $$begin raise exception 'made' using errcode = '%s'; end$$", sqlstate);
    return out;
}

TEST(errors_say_who_must_act)
{
    test_pg_sql(&pg, "drop table if exists pool.u; create table pool.u (id int constraint u_is_unique unique, phone text);"
                     "grant all on pool.u to wakala_app; insert into pool.u values (1)");
    fails_as("insert into u values (1, '+254700000001')", "db.unique", WK_BUSINESS, "u_is_unique");
    fails_as(made("40001"), "db.conflict", WK_TRANSIENT, NULL);
    fails_as(made("40P01"), "db.conflict", WK_TRANSIENT, NULL);
    fails_as(made("55P03"), "db.conflict", WK_TRANSIENT, NULL);
    fails_as(made("08006"), "db.unavailable", WK_TRANSIENT, NULL);
    fails_as(made("57P01"), "db.unavailable", WK_TRANSIENT, NULL);
    fails_as(made("57014"), "db.deadline", WK_TRANSIENT, NULL);
    fails_as("select nothing_there", "db.statement", WK_SYSTEM, "42703");
    fails_as("selec 1", "db.statement", WK_SYSTEM, "42601");
    fails_as("select 1/0", "db.statement", WK_SYSTEM, "22012");
}

TEST(copy_is_refused)
{
    CHECK(!one("copy (select 1) to stdout"));
    CHECK_TEXT(err.code, "db.statement");
    CHECK(!wk_conn_is_alive(conn));
}

TEST(no_value_reaches_a_message)
{
    const struct wk_stmt stmt = { .schema = "", .owner = "test", .name = "leak", .text = "select $1::int" };
    const struct wk_arg arg = wk_text("+254700000001");

    CHECK(!wk_conn_run(conn, &stmt, &arg, 1, NULL, in_ms(5000), &err));
    CHECK_TEXT(err.code, "db.statement");
    CHECK(!strstr(err.msg, "254700"));
}

TEST(a_failed_item_stops_the_rest_and_undoes_the_batch)
{
    struct wk_exec items[] = { ITEM("insert into t values (1)"), ITEM("select 1/0"), ITEM("insert into t values (2)") };

    test_pg_sql(&pg, "drop table if exists pool.t; create table pool.t (id int); grant all on pool.t to wakala_app");
    CHECK(!exec(items, 3));
    CHECK(items[0].state == WK_EXEC_DONE && items[1].state == WK_EXEC_FAILED && items[2].state == WK_EXEC_SKIPPED);
    CHECK_TEXT(items[1].sqlstate, "22012");
    CHECK(!items[0].result && !items[1].result);
    CHECK_TEXT(ask(conn, "select count(*) from t"), "0");
    CHECK(wk_conn_is_alive(conn));
}

TEST(a_transaction_lasts_over_trips)
{
    struct wk_exec begin[] = { ITEM("BEGIN"), ITEM("insert into t values (1)") };
    struct wk_exec end[] = { ITEM("insert into t values (2)"), ITEM("COMMIT") };

    test_pg_sql(&pg, "drop table if exists pool.t; create table pool.t (id int); grant all on pool.t to wakala_app");
    CHECK_OK(exec(begin, 2), err);
    CHECK(wk_conn_in_transaction(conn) && wk_result_affected(begin[1].result) == 1);
    CHECK_TEXT(test_pg_sql(&pg, "select count(*) from pool.t"), "0");
    CHECK_TEXT(test_pg_sql(&pg, "select count(*) from pg_stat_activity where state = 'idle in transaction'"), "1");
    CHECK_OK(exec(end, 2), err);
    CHECK(!wk_conn_in_transaction(conn));
    CHECK_TEXT(test_pg_sql(&pg, "select count(*) from pool.t"), "2");
    wk_exec_clear(begin, 2);
    wk_exec_clear(end, 2);
}

TEST(flush_keeps_even_the_implicit_transaction_open)
{
    struct wk_exec items[] = { ITEM("insert into t values (1)") };

    test_pg_sql(&pg, "drop table if exists pool.t; create table pool.t (id int); grant all on pool.t to wakala_app");
    CHECK_OK(wk_conn_exec(conn, items, 1, WK_EXEC_FLUSH, in_ms(5000), &err), err);
    wk_exec_clear(items, 1);
    CHECK(wk_conn_in_transaction(conn));
    /* The reason for the warning in db.h: the server counts this session as busy, and no timeout of its own runs. */
    CHECK_TEXT(test_pg_sql(&pg, "select state from pg_stat_activity where usename = 'wakala_app'"), "active");
    CHECK_OK(wk_conn_rollback(conn, in_ms(5000), &err), err);
    CHECK(!wk_conn_in_transaction(conn));
    CHECK_TEXT(ask(conn, "select count(*) from t"), "0");
    CHECK_OK(wk_conn_exec(conn, items, 1, WK_EXEC_FLUSH, in_ms(5000), &err), err);
    wk_exec_clear(items, 1);
    CHECK_TEXT(ask(conn, "select count(*) from t"), "1"); /* its Sync commits both */
    CHECK_TEXT(test_pg_sql(&pg, "select count(*) from pool.t"), "1");
}

TEST(rollback_cleans_up_after_any_failure)
{
    static const char *const bad[] = { "select 1/0", "selec", "insert into t values (1)" };

    test_pg_sql(&pg, "drop table if exists pool.t; create table pool.t (id int unique); grant all on pool.t to wakala_app;"
                     "insert into pool.t values (1)");
    for (int mode = 0; mode < 2; mode++) {
        for (size_t i = 0; i < WK_COUNT(bad); i++) {
            struct wk_exec items[] = { ITEM("BEGIN"), ITEM("insert into t values (9)"), ITEM(bad[i]), ITEM("COMMIT") };

            CHECK(!wk_conn_exec(conn, items, 4, mode ? WK_EXEC_FLUSH : WK_EXEC_SYNC, in_ms(5000), &err));
            CHECK(wk_conn_in_transaction(conn) && items[3].state == WK_EXEC_SKIPPED);
            CHECK(!wk_err_is(&err, "db.commit_unknown"));
            CHECK_OK(wk_conn_rollback(conn, in_ms(5000), &err), err);
            CHECK(!wk_conn_in_transaction(conn));
            CHECK_TEXT(ask(conn, "select count(*) from t"), "1");
        }
    }
    CHECK(stats().connects == 1);
}

TEST(a_commit_that_rolled_back_is_an_error)
{
    CHECK_OK(one("BEGIN"), err);
    CHECK(!one("select 1/0"));
    CHECK(!one("COMMIT")); /* the server says success, tag ROLLBACK */
    CHECK_TEXT(err.code, "db.statement");
    CHECK(strstr(err.msg, "rolled back") && !wk_conn_in_transaction(conn));
}

TEST(a_deferred_constraint_fails_the_batch_at_its_sync)
{
    struct wk_exec items[] = { ITEM("insert into d values (1)"), ITEM("insert into d values (1)") };

    test_pg_sql(&pg, "drop table if exists pool.d; create table pool.d (id int unique deferrable initially deferred);"
                     "grant all on pool.d to wakala_app");
    CHECK(!exec(items, 2));
    CHECK_TEXT(err.code, "db.unique");
    CHECK(wk_conn_is_alive(conn) && !wk_conn_in_transaction(conn) && !items[0].result);
    CHECK_TEXT(ask(conn, "select count(*) from d"), "0");
}

TEST(a_batch_larger_than_all_buffers_goes_both_ways)
{
    enum { N = 400, BYTES = 64 * 1024 };
    static char text[BYTES + 1];
    static struct wk_exec items[N];
    static struct wk_arg args[N];
    const struct wk_stmt stmt = { .schema = "", .owner = "test", .name = "big", .text = "select $1::text || $1::text" };

    memset(text, 'x', BYTES);
    for (int i = 0; i < N; i++) {
        args[i] = wk_text(text);
        items[i] = (struct wk_exec){ .stmt = &stmt, .args = &args[i], .nargs = 1 };
    }
    CHECK_OK(wk_conn_exec(conn, items, N, WK_EXEC_SYNC, in_ms(30000), &err), err); /* 25 MB out, 50 MB back */
    for (int i = 0; i < N; i++) {
        size_t len;

        CHECK(wk_result_text(items[i].result, 0, 0, &len) && len == 2 * BYTES);
    }
    CHECK(wk_conn_trips(conn) == 1 && stats().prepared == 1);
    wk_exec_clear(items, N);
}

TEST(statements_are_prepared_once_per_schema)
{
    struct wk_stmt a = { .schema = "shop_a", .owner = "orders", .name = "find", .text = "select 1" }, b = a;
    struct wk_exec items[] = { { .stmt = &a }, { .stmt = &b }, { .stmt = &a } };

    b.schema = "shop_b";
    for (int i = 0; i < 3; i++) {
        CHECK_OK(exec(items, 3), err);
        wk_exec_clear(items, 3);
    }
    CHECK(stats().prepared == 2);
    CHECK_TEXT(ask(conn, "select string_agg(name, ' ' order by name) from pg_prepared_statements where name like 'shop%'"),
               "shop_a.orders.find shop_b.orders.find");
}

TEST(names_beyond_63_bytes_stay_apart)
{
    struct wk_stmt a = { .schema = "tenant_0123456789abcdef0123456789abcdef", .owner = "conversation",
                         .name = "find_the_one_that_ends_in_a", .text = "select 'a'" }, b = a;
    struct wk_exec items[] = { { .stmt = &a }, { .stmt = &b } };

    b.name = "find_the_one_that_ends_in_b";
    b.text = "select 'b'";
    for (int i = 0; i < 2; i++) {
        CHECK_OK(exec(items, 2), err);
        CHECK_TEXT(wk_result_text(items[0].result, 0, 0, NULL), "a");
        CHECK_TEXT(wk_result_text(items[1].result, 0, 0, NULL), "b");
        wk_exec_clear(items, 2);
    }
    CHECK(stats().prepared == 2);
}

TEST(one_name_with_two_texts_is_refused)
{
    struct wk_stmt a = { .schema = "", .owner = "test", .name = "same", .text = "select 'a'" }, b = a;

    b.text = "select 'b'";
    CHECK_OK(wk_conn_run(conn, &a, NULL, 0, NULL, in_ms(5000), &err), err);
    CHECK(!wk_conn_run(conn, &b, NULL, 0, NULL, in_ms(5000), &err));
    CHECK_TEXT(err.code, "db.statement");
    CHECK(strstr(err.msg, ".test.same") != NULL);
}

static void lru_body(void)
{
    char text[64];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 40; i++) {
            snprintf(text, sizeof text, "select %d", i);
            CHECK_OK(one(text), err);
        }
    }
    CHECK(stats().prepared == 80); /* 40 in turn through a set of 10: never there when wanted */
    CHECK_TEXT(ask(conn, "select count(*) <= 11 from pg_prepared_statements"), "t");
    for (int i = 0; i < 20; i++) {
        CHECK_OK(one("select 'often'"), err);
        snprintf(text, sizeof text, "select 'rare', %d", i);
        CHECK_OK(one(text), err);
    }
    CHECK(stats().prepared == 80 + 1 + 1 + 20); /* what is used stays */
    /* An eviction that the server skipped, because something before it failed, has not happened. */
    for (int i = 0; i < 30; i++) {
        struct wk_exec items[] = { ITEM("select 1/0"), ITEM(text) };

        snprintf(text, sizeof text, "select 'skipped', %d", i);
        CHECK(!exec(items, 2));
        CHECK_TEXT(items[0].sqlstate, "22012");
    }
    CHECK_OK(one("select 'often'"), err);
    CHECK_TEXT(ask(conn, "select count(*) <= 12 from pg_prepared_statements"), "t");
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "select 'rare', %d", i);
        CHECK_OK(one(text), err);
    }
    CHECK(stats().retries == 0); /* the server never had another opinion */
    CHECK(wk_conn_is_alive(conn));
}
static void the_least_used_statements_go(void **state)
{
    (void)state;
    conf.prepared_max = 10;
    db_open();
    run(lru_body);
}

TEST(a_changed_result_type_is_prepared_again)
{
    struct wk_stmt star = { .schema = "pool", .owner = "test", .name = "star", .text = "select * from s" };
    struct wk_exec two[] = { { .stmt = &star }, { .stmt = &star } };
    struct wk_exec in_tx[] = { ITEM("BEGIN"), { .stmt = &star }, ITEM("COMMIT") };
    struct wk_result *r;

    test_pg_sql(&pg, "drop table if exists pool.s; create table pool.s as select 1 a; grant all on pool.s to wakala_app");
    CHECK_OK(exec(two, 2), err);
    wk_exec_clear(two, 2);
    test_pg_sql(&pg, "alter table pool.s add column b int default 2");
    CHECK_OK(wk_conn_run(conn, &star, NULL, 0, &r, in_ms(5000), &err), err);
    CHECK(wk_result_columns(r) == 2);
    wk_result_free(r);
    CHECK(stats().retries == 1);

    test_pg_sql(&pg, "alter table pool.s add column c int"); /* a transaction of this very batch: nothing was seen of it */
    CHECK_OK(exec(in_tx, 3), err);
    CHECK(wk_result_columns(in_tx[1].result) == 3 && stats().retries == 2);
    wk_exec_clear(in_tx, 3);

    CHECK_OK(one("BEGIN"), err); /* begun before: the caller has seen things, only it can start again */
    test_pg_sql(&pg, "alter table pool.s add column d int");
    CHECK(!wk_conn_run(conn, &star, NULL, 0, NULL, in_ms(5000), &err));
    CHECK_TEXT(err.code, "db.conflict");
    CHECK(err.cls == WK_TRANSIENT && stats().retries == 2);
    CHECK_OK(wk_conn_rollback(conn, in_ms(5000), &err), err);
    CHECK_OK(wk_conn_run(conn, &star, NULL, 0, &r, in_ms(5000), &err), err);
    CHECK(wk_result_columns(r) == 4);
    wk_result_free(r);
}

TEST(statements_lost_or_found_on_the_server_do_no_harm)
{
    struct wk_stmt find = { .schema = "", .owner = "test", .name = "lost", .text = "select 5" };

    CHECK_OK(wk_conn_run(conn, &find, NULL, 0, NULL, in_ms(5000), &err), err);
    CHECK_OK(one("deallocate all"), err);
    CHECK_OK(wk_conn_run(conn, &find, NULL, 0, NULL, in_ms(5000), &err), err); /* 26000 inside */
    CHECK_OK(one("prepare \".test.found\" as select 6"), err);
    find.name = "found";
    CHECK_OK(wk_conn_run(conn, &find, NULL, 0, NULL, in_ms(5000), &err), err); /* 42P05 inside */
    CHECK(stats().retries == 2 && stats().connects == 1);
}

TEST(nothing_runs_twice_behind_a_commit)
{
    struct wk_stmt find = { .schema = "", .owner = "test", .name = "gone", .text = "select 5" };
    struct wk_exec items[] = { ITEM("BEGIN"), ITEM("insert into t values (1)"), ITEM("COMMIT"), ITEM("deallocate all"),
                               { .stmt = &find } };

    test_pg_sql(&pg, "drop table if exists pool.t; create table pool.t (id int); grant all on pool.t to wakala_app");
    CHECK_OK(wk_conn_run(conn, &find, NULL, 0, NULL, in_ms(5000), &err), err);
    CHECK(!exec(items, 5));
    CHECK_TEXT(err.code, "db.conflict");
    CHECK(items[2].state == WK_EXEC_DONE && stats().retries == 0);
    CHECK_TEXT(test_pg_sql(&pg, "select count(*) from pool.t"), "1");
}

TEST(limits_hold)
{
    struct wk_arg arg = { .type = (enum wk_arg_type)77 };

    CHECK(!wk_conn_exec(conn, NULL, 0, WK_EXEC_SYNC, in_ms(5000), &err));
    CHECK_TEXT(err.code, "db.statement");
    CHECK(!wk_conn_run(conn, STMT("select 1"), NULL, 0, NULL, wk_mono_us() - 1, &err));
    CHECK_TEXT(err.code, "db.deadline");
    CHECK(wk_conn_is_alive(conn) && wk_conn_trips(conn) == 0);
    CHECK(!wk_conn_run(conn, STMT("select $1::int"), &arg, 1, NULL, in_ms(5000), &err));
    CHECK_TEXT(err.code, "db.statement");
    CHECK(!wk_conn_run(conn, STMT("select 1"), NULL, 0, NULL, in_ms(5000), NULL)); /* closed, and says so without err */
}

TEST(the_session_is_what_the_design_says)
{
    struct wk_conn *host = take_conn(WK_DB_HOST);

    CHECK_TEXT(ask(conn, "show search_path"), "pool");
    CHECK_TEXT(ask(host, "show search_path"), "wakala");
    CHECK_TEXT(ask(conn, "show statement_timeout"), "5s");
    CHECK_TEXT(ask(conn, "show lock_timeout"), "2s");
    CHECK_TEXT(ask(conn, "show idle_in_transaction_session_timeout"), "5s");
    CHECK_TEXT(ask(conn, "show client_encoding"), "UTF8");
    CHECK_TEXT(ask(conn, "show application_name"), "wakala");
    CHECK_TEXT(ask(conn, "show timezone"), "UTC");
    wk_db_release(host);
}

static unsigned trips_told;
static void count_trip(void *arg, enum wk_db_role role)
{
    (void)arg;
    trips_told += role == WK_DB_APP;
}
static void three_trips(void)
{
    CHECK_OK(one("select 1"), err);
    CHECK_OK(one("BEGIN"), err);
    CHECK_OK(wk_conn_rollback(conn, in_ms(5000), &err), err);
    CHECK_OK(wk_conn_rollback(conn, in_ms(5000), &err), err); /* nothing is open: no trip */
    CHECK(wk_conn_trips(conn) == 3 && trips_told == 3 && stats().trips == 3);
}
static void every_trip_is_told(void **state)
{
    (void)state;
    trips_told = 0;
    conf.on_trip = count_trip;
    db_open();
    run(three_trips);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_batch_is_one_trip),
        T(arguments_arrive_as_they_left),
        T(binary_results_come_on_demand),
        T(errors_say_who_must_act),
        T(copy_is_refused),
        T(no_value_reaches_a_message),
        T(a_failed_item_stops_the_rest_and_undoes_the_batch),
        T(a_transaction_lasts_over_trips),
        T(flush_keeps_even_the_implicit_transaction_open),
        T(rollback_cleans_up_after_any_failure),
        T(a_commit_that_rolled_back_is_an_error),
        T(a_deferred_constraint_fails_the_batch_at_its_sync),
        T(a_batch_larger_than_all_buffers_goes_both_ways),
        T(statements_are_prepared_once_per_schema),
        T(names_beyond_63_bytes_stay_apart),
        T(one_name_with_two_texts_is_refused),
        T(the_least_used_statements_go),
        T(a_changed_result_type_is_prepared_again),
        T(statements_lost_or_found_on_the_server_do_no_harm),
        T(nothing_runs_twice_behind_a_commit),
        T(limits_hold),
        T(every_trip_is_told),
        T(the_session_is_what_the_design_says),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
