/* pg_host.h - the fake host with a real database behind it: the host's ground (schema wakala) and the plugins' own SQL, as wakala_app under
 * row-level security. Reads run by themselves; the first write begins the transaction; pg_commit() ends it, pg_rollback() undoes it. */
#ifndef PG_HOST_H
#define PG_HOST_H
#include "conversation/fake_host.h"
#include "db/pg.h"

#define TENANT "11111111-1111-1111-1111-111111111111"
#define OTHER_TENANT "22222222-2222-2222-2222-222222222222"

static struct test_pg pg;
static PGconn *pg_conn;
static bool pg_in_tx, pg_conflict;
static unsigned pg_trips;
static const char *pg_meanwhile; /* what somebody else does, once, right after the next read */

static void pg_must(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%.300s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
}

static PGconn *pg_open(const char *tenant)
{
    PGconn *conn = test_pg_connect(&pg, "wakala_app");
    char set[128];

    (void)snprintf(set, sizeof set, "SET search_path = pool; SET app.tenant = '%s'", tenant);
    pg_must(conn, set);
    return conn;
}

static void pg_file(const char *path, const char *before)
{
    static char text[128 * 1024];
    PGconn *conn = test_pg_connect(&pg, "postgres");
    FILE *f = fopen(path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    assert_true(n > 0 && n < sizeof text - 1);
    text[n] = '\0';
    pg_must(conn, before);
    pg_must(conn, text);
    PQfinish(conn);
}

static inline int pg_group_setup(void **state)
{
    (void)state;
    test_pg_start(&pg);
    test_pg_roles(&pg);
    pg_file(TEST_SOURCE_DIR "/host/db/sql/000-bootstrap.sql", "SELECT 1");
    pg_file(TEST_SOURCE_DIR "/host/db/sql/001-base.sql", "SET ROLE wakala_owner; SET search_path = wakala");
    pg_file(TEST_SOURCE_DIR "/plugins/conversation/sql/001-conversation.sql", "SET ROLE wakala_owner; SET search_path = pool");
    pg_file(TEST_SOURCE_DIR "/plugins/catalog/sql/001-catalog.sql", "SET ROLE wakala_owner; SET search_path = pool");
    return 0;
}
static inline int pg_group_teardown(void **state)
{
    (void)state;
    test_pg_stop(&pg);
    return 0;
}

static void pg_time_text(int64_t us, char *out, size_t size)
{
    time_t s = (time_t)(us / 1000000);
    struct tm tm;

    (void)gmtime_r(&s, &tm);
    (void)snprintf(out, size, "%04d-%02d-%02d %02d:%02d:%02d.%06d+00", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                   tm.tm_sec, (int)(us % 1000000));
}

/* One statement with a plugin's arguments; the caller clears the result. */
static PGresult *pg_run(PGconn *conn, const char *sql, const struct wk_arg *args, size_t n)
{
    static __thread char text[20][8192];
    const char *values[20];

    for (size_t i = 0; i < n; i++) {
        if (args[i].type == WK_ARG_TIME)
            pg_time_text(args[i].i, text[i], sizeof text[i]);
        else
            fake_arg_text(&args[i], text[i], sizeof text[i]);
        values[i] = args[i].type == WK_ARG_NULL ? NULL : text[i];
    }
    return PQexecParams(conn, sql, (int)n, NULL, values, NULL, NULL, 0);
}

static void pg_clear(void *result) { PQclear((PGresult *)result); }

static bool pg_do(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows, int64_t *affected,
                  struct wk_err *err)
{
    PGresult *result = pg_run(pg_conn, sql->text, args, n);
    struct wk_rows *out;

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        print_error("%s: %s", sql->name, PQerrorMessage(pg_conn));
        PQclear(result);
        return wk_fail(err, WK_SYSTEM, "db.statement", "%s", sql->name);
    }
    (void)fake_defer(call, pg_clear, result);
    out = (struct wk_rows *)fake_alloc(call, sizeof *out);
    out->count = (size_t)PQntuples(result);
    out->columns = (size_t)PQnfields(result);
    assert_true(out->count <= FAKE_ROWS && out->columns <= FAKE_COLUMNS);
    for (size_t r = 0; r < out->count; r++)
        for (size_t c = 0; c < out->columns; c++)
            out->cell[r][c] = PQgetisnull(result, (int)r, (int)c) ? NULL : PQgetvalue(result, (int)r, (int)c);
    if (rows)
        *rows = out;
    if (affected)
        *affected = PQresultStatus(result) == PGRES_TUPLES_OK ? PQntuples(result) : atol(PQcmdTuples(result));
    return true;
}
static void pg_begin(void)
{
    if (!pg_in_tx)
        pg_must(pg_conn, "BEGIN");
    pg_in_tx = true;
}
static bool pg_read(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows, struct wk_err *err)
{
    bool ok = pg_do(call, sql, args, n, rows, NULL, err);

    pg_trips++;
    if (pg_meanwhile) {
        PGconn *other = pg_open(TENANT);

        pg_must(other, pg_meanwhile);
        PQfinish(other);
        pg_meanwhile = NULL;
    }
    return ok;
}
static bool pg_write(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows, struct wk_err *err)
{
    pg_trips++;
    pg_begin();
    return pg_do(call, sql, args, n, rows, NULL, err);
}
static bool pg_queue(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, int64_t expect, const char *otherwise,
                     struct wk_err *err)
{
    int64_t affected;

    (void)otherwise;
    pg_begin();
    if (!pg_do(call, sql, args, n, NULL, &affected, err))
        return false;
    if (expect >= 0 && affected != expect)
        pg_conflict = true;
    return true;
}
/* True when it was committed; false when a queued statement touched another number of rows than it had to. */
static inline bool pg_commit(void)
{
    bool is_kept = !pg_conflict;

    if (pg_in_tx)
        pg_must(pg_conn, is_kept ? "COMMIT" : "ROLLBACK");
    pg_in_tx = pg_conflict = false;
    fake_call_end();
    return is_kept;
}
static inline void pg_rollback(void)
{
    pg_conflict = true;
    (void)pg_commit();
}

static inline void pg_host_start(void)
{
    static struct wk_host table;

    fake_start();
    table = fake_table;
    table.db_read = pg_read;
    table.db_write = pg_write;
    table.db_queue = pg_queue;
    wk_host = &table;
    pg_in_tx = pg_conflict = false;
    pg_trips = 0;
    pg_conn = pg_open(TENANT);
    (void)test_pg_sql(&pg, "TRUNCATE pool.conversation_user, pool.conversation_alias, pool.conversation_state, pool.conversation_notice, "
                           "pool.catalog_vendor, pool.catalog_product, pool.catalog_variant, pool.catalog_movement, pool.catalog_reservation");
}
static inline void pg_host_end(void)
{
    fake_call_end();
    PQfinish(pg_conn);
}
/* The first value of a statement run as the tenant. */
static inline const char *pg_value(const char *sql)
{
    static char value[256];
    PGresult *result = PQexec(pg_conn, sql);

    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(pg_conn));
    (void)snprintf(value, sizeof value, "%s", PQntuples(result) ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return value;
}
#endif
