/* Batches: what they return, how they fail, and what stays true afterwards. */
#include "fixture.h"

static void two_and_two(void *arg)
{
    struct wk_err err = { 0 };
    struct wk_conn *conn = take_conn(WK_DB_APP);
    struct wk_exec items[] = { ITEM("select 1"), ITEM("select 'two', null"), ITEM("select 3 where false") };

    (void)arg;
    CHECK_OK(wk_conn_exec(conn, items, 3, WK_EXEC_SYNC, in_ms(5000), &err), err);
    CHECK(wk_conn_trips(conn) == 1);
    CHECK(wk_result_int(items[0].result, 0, 0) == 1);
    CHECK_TEXT(wk_result_text(items[1].result, 0, 0, NULL), "two");
    CHECK(wk_result_is_null(items[1].result, 0, 1) && !wk_result_is_null(items[1].result, 0, 0));
    CHECK(!wk_result_text(items[1].result, 0, 7, NULL) && !wk_result_text(items[1].result, 9, 0, NULL));
    CHECK(wk_result_columns(items[1].result) == 2 && wk_result_rows(items[2].result) == 0);
    CHECK(items[0].state == WK_EXEC_DONE && items[2].state == WK_EXEC_DONE);
    wk_exec_clear(items, 3);
    wk_db_release(conn);
}
static void a_batch_is_one_trip(void **state)
{
    (void)state;
    in_fiber(two_and_two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_batch_is_one_trip, setup, teardown),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
