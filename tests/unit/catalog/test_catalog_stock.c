/* Stock on a real PostgreSQL: nothing is sold twice, nothing is kept by half, every move happens once and stands in the ledger. */
#include "pg_host.h"

#include <pthread.h>

#include "catalog/catalog_db.h"

#define V1 "aaaaaaaa-0000-0000-0000-000000000001"
#define V2 "aaaaaaaa-0000-0000-0000-000000000002"
#define V3 "aaaaaaaa-0000-0000-0000-000000000003"

static struct wk_uuid uuid(const char *text)
{
    struct wk_uuid id;

    assert_true(wk_uuid_parse(text, &id));
    return id;
}
static struct wk_uuid order(unsigned n)
{
    char text[WK_UUID_TEXT];

    (void)snprintf(text, sizeof text, "0bbbbbbb-0000-0000-0000-%012u", n);
    return uuid(text);
}

static int begin(void **state)
{
    (void)state;
    pg_host_start();
    pg_must(pg_conn, "INSERT INTO catalog_vendor (id, user_id, name) VALUES ('cccccccc-0000-0000-0000-000000000001', gen_random_uuid(), 'Shop');"
                     "INSERT INTO catalog_product (id, vendor_id, name) VALUES ('dddddddd-0000-0000-0000-000000000001', "
                     "'cccccccc-0000-0000-0000-000000000001', 'Bread');"
                     "INSERT INTO catalog_variant (id, product_id, price, on_hand) VALUES "
                     "('" V1 "', 'dddddddd-0000-0000-0000-000000000001', 1800, 10), "
                     "('" V2 "', 'dddddddd-0000-0000-0000-000000000001', 900, 5), "
                     "('" V3 "', 'dddddddd-0000-0000-0000-000000000001', 100, 1000)");
    return 0;
}
static int end(void **state)
{
    (void)state;
    pg_host_end();
    return 0;
}

static bool reserve(unsigned n, struct wk_err *err, struct wk_shortage *shortage, const char *a, int64_t qa, const char *b, int64_t qb)
{
    struct wk_stock_line lines[2] = {{uuid(a), qa}, {uuid(b ? b : a), qb}};
    struct wk_uuid id = order(n);

    return stock_reserve(&fake.call, &id, lines, b ? 2 : 1, 0, shortage, err);
}
/* "on_hand reserved" */
static void stock_is(const char *variant, const char *expected)
{
    char sql[256];

    (void)snprintf(sql, sizeof sql, "SELECT on_hand || ' ' || reserved FROM catalog_variant WHERE id = '%s'", variant);
    assert_string_equal(pg_value(sql), expected);
}
static void books_balance(void)
{
    assert_string_equal(pg_value("SELECT count(*) FROM catalog_variant v WHERE on_hand || ' ' || reserved <> (SELECT coalesce(sum(delta_on_hand), 0) "
                                 "|| ' ' || coalesce(sum(delta_reserved), 0) FROM catalog_movement m WHERE m.variant_id = v.id)"), "0");
    assert_string_equal(pg_value("SELECT count(*) FROM catalog_variant v WHERE reserved <> (SELECT coalesce(sum(quantity), 0) FROM "
                                 "catalog_reservation r WHERE r.variant_id = v.id AND r.status = 'active')"), "0");
}

static void lines_of_one_variant_are_summed(void **state)
{
    struct wk_err err = {0};
    struct wk_shortage shortage = {.available = -1};

    (void)state;
    assert_true(reserve(1, &err, NULL, V1, 4, V1, 3));
    assert_true(pg_commit());
    stock_is(V1, "10 7");
    assert_string_equal(pg_value("SELECT quantity FROM catalog_reservation"), "7");
    assert_false(reserve(2, &err, &shortage, V1, 2, V1, 2)); /* each would fit */
    assert_string_equal(err.code, "catalog.insufficient_stock");
    assert_int_equal(err.cls, WK_BUSINESS);
    assert_int_equal(shortage.available, 3);
    assert_string_equal(shortage.name, "Bread");
    assert_true(pg_commit()); /* the caller may go on: nothing was kept */
    stock_is(V1, "10 7");
    books_balance();
}

static void one_line_that_does_not_fit_keeps_all_back(void **state)
{
    struct wk_err err = {0};
    struct wk_shortage shortage = {.available = -1};
    struct wk_uuid two = uuid(V2);

    (void)state;
    assert_false(reserve(1, &err, &shortage, V1, 1, V2, 6));
    assert_true(wk_uuid_equal(&shortage.variant, &two));
    assert_int_equal(fake.invalidated, 0); /* nothing has changed */
    assert_true(pg_commit());
    stock_is(V1, "10 0");
    assert_string_equal(pg_value("SELECT count(*) FROM catalog_reservation"), "0");
    assert_false(reserve(1, &err, &shortage, V1, 1, "ffffffff-0000-0000-0000-000000000001", 1)); /* nobody's */
    assert_int_equal(shortage.available, 0);
    pg_must(pg_conn, "UPDATE catalog_variant SET status = 'hidden' WHERE id = '" V1 "'");
    assert_false(reserve(1, &err, &shortage, V1, 1, NULL, 0));
    assert_true(pg_commit());
    books_balance();
}

static void every_move_happens_once(void **state)
{
    struct wk_uuid id = order(1);
    struct wk_err err = {0};

    (void)state;
    assert_true(reserve(1, &err, NULL, V1, 3, V2, 2) && pg_commit());
    assert_int_equal(fake.invalidated, 1);
    assert_string_equal(fake.invalidated_pattern, "stock");
    assert_true(reserve(1, &err, NULL, V1, 3, V2, 2) && pg_commit()); /* the same order again */
    stock_is(V1, "10 3");
    assert_true(stock_put_back(&fake.call, &id, &err) && pg_commit()); /* nothing has left yet */
    stock_is(V1, "10 3");
    for (int i = 0; i < 2; i++) {
        assert_true(stock_consume(&fake.call, &id, &err) && pg_commit());
        stock_is(V1, "7 0");
        stock_is(V2, "3 0");
    }
    assert_true(stock_release(&fake.call, &id, &err) && pg_commit()); /* too late */
    stock_is(V1, "7 0");
    for (int i = 0; i < 2; i++) {
        assert_true(stock_put_back(&fake.call, &id, &err) && pg_commit());
        stock_is(V1, "10 3");
    }
    for (int i = 0; i < 2; i++) {
        assert_true(stock_release(&fake.call, &id, &err) && pg_commit());
        stock_is(V1, "10 0");
        stock_is(V2, "5 0");
    }
    assert_true(reserve(1, &err, NULL, V1, 10, NULL, 0) && pg_commit()); /* it may come back to life */
    stock_is(V1, "10 10");
    books_balance();
}

static void a_rolled_back_call_leaves_nothing(void **state)
{
    struct wk_err err = {0};

    (void)state;
    assert_true(reserve(1, &err, NULL, V1, 3, NULL, 0));
    pg_rollback();
    stock_is(V1, "10 0");
    books_balance();
}

static void strange_lines_are_refused(void **state)
{
    struct wk_err err = {0};
    struct wk_uuid id = order(1);

    (void)state;
    assert_false(reserve(1, &err, NULL, V1, 0, NULL, 0));
    assert_false(reserve(1, &err, NULL, V1, -1, NULL, 0));
    assert_false(reserve(1, &err, NULL, V1, INT64_MAX, NULL, 0));
    assert_false(stock_reserve(&fake.call, &id, NULL, 0, 0, NULL, &err));
    assert_string_equal(err.code, "catalog.bad_lines");
}

static void another_tenant_sees_and_takes_nothing(void **state)
{
    struct wk_err err = {0};

    (void)state;
    PQfinish(pg_conn);
    pg_conn = pg_open(OTHER_TENANT);
    assert_false(reserve(1, &err, NULL, V1, 1, NULL, 0));
    assert_true(pg_commit());
    assert_string_equal(pg_value("SELECT count(*) FROM catalog_variant"), "0");
    PQfinish(pg_conn);
    pg_conn = pg_open(TENANT);
    stock_is(V1, "10 0");
}

/* The race: buyers in threads of their own, each with its own connection, take three variants in every order and give some back. */

#define BUYERS 8
#define TRIES 60

extern const struct wk_plugin_desc wakala_plugin;
static const char *statement(const char *name)
{
    for (const struct wk_sql *const *s = wakala_plugin.sql_begin; s < wakala_plugin.sql_end; s++)
        if (!strcmp((*s)->name, name))
            return (*s)->text;
    fail_msg("no statement %s", name);
    return NULL;
}

struct buyer {
    pthread_t thread;
    unsigned number, bought, failed, trouble;
};

static void *buy(void *arg)
{
    struct buyer *b = (struct buyer *)arg;
    PGconn *conn = pg_open(TENANT);
    unsigned seed = b->number;
    static const char *const lines[] = {"{" V1 "," V2 "," V3 "}", "{" V3 "," V2 "," V1 "}", "{" V2 "," V3 "," V1 "}", "{" V3 "," V1 "," V2 "}"};

    for (unsigned i = 0; i < TRIES; i++) {
        struct wk_uuid id = order(b->number * 1000 + i);
        bool gives_back = rand_r(&seed) % 2, is_reserved;
        PGresult *r, *m = NULL, *c;

        PQclear(PQexec(conn, "BEGIN"));
        r = pg_run(conn, statement("reserve"), WK_ARGS(wk_id(&id), wk_text(lines[rand_r(&seed) % 4]), wk_text("{1,1,1}"), wk_null()));
        is_reserved = PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 0;
        b->trouble += PQresultStatus(r) != PGRES_TUPLES_OK;
        c = PQexec(conn, "COMMIT");
        if (is_reserved) {
            m = pg_run(conn, statement(gives_back ? "release" : "consume"), WK_ARGS(wk_id(&id)));
            b->trouble += PQresultStatus(m) != PGRES_COMMAND_OK || strcmp(PQcmdTuples(m), "3"); /* what was promised was there */
            b->bought += !gives_back;
        } else {
            b->failed++;
        }
        PQclear(r);
        PQclear(m);
        PQclear(c);
    }
    PQfinish(conn);
    return NULL;
}

static void buyers_in_a_race_never_get_more_than_there_is(void **state)
{
    static struct buyer buyers[BUYERS];
    unsigned bought = 0, failed = 0;
    char left[32];

    (void)state;
    pg_must(pg_conn, "UPDATE catalog_variant SET on_hand = 100 WHERE id = '" V1 "'; UPDATE catalog_variant SET on_hand = 90 WHERE id = '" V2 "';"
                     "INSERT INTO catalog_movement (variant_id, delta_on_hand, reason) VALUES ('" V1 "', 90, 'count'), ('" V2 "', 85, 'count')");
    for (unsigned i = 0; i < BUYERS; i++) {
        buyers[i] = (struct buyer){.number = i + 1};
        assert_int_equal(pthread_create(&buyers[i].thread, NULL, buy, &buyers[i]), 0);
    }
    for (unsigned i = 0; i < BUYERS; i++) {
        (void)pthread_join(buyers[i].thread, NULL);
        assert_int_equal(buyers[i].trouble, 0); /* no deadlock, no broken check */
        bought += buyers[i].bought;
        failed += buyers[i].failed;
    }
    assert_int_equal(bought, 90); /* all of the scarcest, and not one more */
    assert_true(failed > 0);
    (void)snprintf(left, sizeof left, "%u 0", 100 - bought);
    stock_is(V1, left);
    stock_is(V2, "0 0");
    books_balance();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(lines_of_one_variant_are_summed), CASE(one_line_that_does_not_fit_keeps_all_back), CASE(every_move_happens_once),
        CASE(a_rolled_back_call_leaves_nothing), CASE(strange_lines_are_refused), CASE(another_tenant_sees_and_takes_nothing),
        CASE(buyers_in_a_race_never_get_more_than_there_is),
    };

    return cmocka_run_group_tests(tests, pg_group_setup, pg_group_teardown);
}
