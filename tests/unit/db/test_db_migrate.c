/* Migrations: once, in order, never half, never twice at once, and never silently different. */
#include "db/migrate.h"
#include "fixture.h"

#include <pthread.h>

static char share[64];
static const char *const plugins[] = { "catalog", "nosql", "orders" };
static struct wk_migrate_conf mconf;
static struct wk_err err;
static char seen[4096]; /* "schema:plugin/file " per report */

static void write_file(const char *plugin, const char *name, const char *text)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof path, "mkdir -p %s/%s/sql", share, plugin);
    assert_int_equal(system(path), 0);
    snprintf(path, sizeof path, "%s/%s/sql/%s", share, plugin, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void report(void *arg, const struct wk_migrate_step *step)
{
    size_t used = strlen(seen);

    (void)arg;
    snprintf(seen + used, sizeof seen - used, "%s%s:%s/%s ", step->is_applied ? "" : "-", step->schema, step->plugin, step->file);
}

static bool migrate(void)
{
    seen[0] = '\0';
    memset(&err, 0, sizeof err);
    return wk_migrate(&mconf, report, NULL, &err);
}
static void migrate_ok(void)
{
    if (!migrate())
        fail_msg("%s: %s", err.code, err.msg);
}
static void migrate_fails(const char *code, const char *part)
{
    assert_false(migrate());
    assert_string_equal(err.code, code);
    if (!strstr(err.msg, part))
        fail_msg("'%s' is not in: %s", part, err.msg);
}

/* A fresh database in the shared server for each test, and a share folder with one host file and two plugins. */
static int setup_db(void **state)
{
    static int number;
    static char info[256];
    char name[32], sql[64];

    (void)state;
    snprintf(name, sizeof name, "m%d", ++number);
    snprintf(sql, sizeof sql, "create database %s", name);
    test_pg_sql(&pg, sql);
    snprintf(info, sizeof info, "host=%s port=5432 dbname=%s user=postgres", pg.dir, name);
    strcpy(share, "/tmp/wk-share-XXXXXX");
    if (!mkdtemp(share))
        return -1;
    mconf = (struct wk_migrate_conf){ .conninfo = info, .share_dir = share, .plugins = plugins, .plugin_count = 3 };
    write_file("host", "000-bootstrap.sql", "create extension if not exists btree_gin with schema wakala;");
    write_file("host", "001-base.sql",
               "create table wakala.tenant (id int, isolation text, schema_name text); grant select on wakala.tenant to wakala_host;"
               "create function wakala.now() returns timestamptz language sql as 'select clock_timestamp()';");
    write_file("catalog", "001-a.sql", "create table catalog_item (id int); create index on catalog_item using gin (id);");
    write_file("catalog", "002-b.sql", "alter table catalog_item add column name text;");
    write_file("orders", "001-a.sql", "create table orders_order (id int);");
    return 0;
}

static int teardown_db(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", share);
    return system(command);
}

static PGconn *open_as(const char *user)
{
    char info[320];
    PGconn *conn;

    snprintf(info, sizeof info, "%s user=%s", mconf.conninfo, user);
    conn = PQconnectdb(info);
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    return conn;
}
static const char *ask_db(const char *sql)
{
    static char value[512];
    PGconn *conn = open_as("postgres");
    PGresult *r = PQexec(conn, sql);

    if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    snprintf(value, sizeof value, "%s", PQntuples(r) ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    PQfinish(conn);
    return value;
}

static void applies_all_in_order_and_then_nothing(void **state)
{
    (void)state;
    migrate_ok();
    assert_string_equal(seen, "wakala:host/000-bootstrap.sql wakala:host/001-base.sql pool:catalog/001-a.sql "
                              "pool:catalog/002-b.sql pool:orders/001-a.sql ");
    migrate_ok();
    assert_string_equal(seen, "");
    assert_string_equal(ask_db("select string_agg(rolname, ' ' order by rolname) from pg_roles where rolname like 'wakala\\_%'"
                               " and rolname <> 'wakala_search' and not rolsuper and not rolbypassrls"),
                        "wakala_app wakala_host wakala_owner");
    assert_string_equal(ask_db("select rolcanlogin from pg_roles where rolname = 'wakala_owner'"), "f");
    assert_string_equal(ask_db("select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace"
                               " where nspname in ('pool', 'wakala') and relkind = 'r' and relowner <> 'wakala_owner'::regrole"),
                        "0");
}

static void a_new_file_is_applied_alone(void **state)
{
    (void)state;
    migrate_ok();
    write_file("catalog", "003-c.sql", "alter table catalog_item add column price bigint;");
    migrate_ok();
    assert_string_equal(seen, "pool:catalog/003-c.sql ");
}

static void a_changed_file_is_refused_by_name_with_the_cure(void **state)
{
    (void)state;
    migrate_ok();
    write_file("catalog", "001-a.sql", "create table catalog_item (id int, oops int);");
    migrate_fails("migrate.changed", "catalog/sql/001-a.sql");
    assert_non_null(strstr(err.msg, "new file"));
    assert_int_equal(err.cls, WK_SYSTEM);
    write_file("catalog", "001-a.sql", "create table catalog_item (id int); create index on catalog_item using gin (id);");
    migrate_ok();
}

static void bootstrap_runs_again_when_it_changes(void **state)
{
    (void)state;
    migrate_ok();
    write_file("host", "000-bootstrap.sql", "create extension if not exists pg_trgm with schema wakala;");
    migrate_ok();
    assert_string_equal(seen, "wakala:host/000-bootstrap.sql ");
    assert_string_equal(ask_db("select count(*) from pg_extension where extname in ('btree_gin', 'pg_trgm')"), "2");
}

static void a_number_behind_the_last_is_refused(void **state)
{
    (void)state;
    write_file("orders", "003-c.sql", "select 1;");
    migrate_ok();
    write_file("orders", "002-b.sql", "select 1;");
    migrate_fails("migrate.order", "orders/sql/002-b.sql");
}

static void odd_names_are_refused(void **state)
{
    (void)state;
    write_file("orders", "1-short.sql", "select 1;");
    migrate_fails("migrate.files", "1-short.sql");
    write_file("orders", "1-short.sql~", "not sql at all");
    {
        char path[256];

        snprintf(path, sizeof path, "%s/orders/sql/1-short.sql", share);
        assert_int_equal(unlink(path), 0);
    }
    write_file("orders", "001-again.sql", "select 1;");
    migrate_fails("migrate.files", "same number");
    mconf.share_dir = "/tmp/wk-nowhere";
    migrate_fails("migrate.files", "/tmp/wk-nowhere");
}

static void a_broken_file_leaves_nothing_and_says_its_line(void **state)
{
    (void)state;
    write_file("catalog", "002-b.sql", "create table catalog_half (id int);\n-- zwölf Ärger\nselect nothing\n  from nowhere;\n");
    migrate_fails("migrate.failed", "catalog/sql/002-b.sql:4");
    assert_string_equal(ask_db("select to_regclass('pool.catalog_half') is null"), "t");
    assert_string_equal(ask_db("select to_regclass('pool.catalog_item') is null"), "f");
    write_file("catalog", "002-b.sql", "create table catalog_half (id int);");
    migrate_ok();
    assert_string_equal(seen, "pool:catalog/002-b.sql pool:orders/001-a.sql ");
}

static void a_file_may_not_end_its_transaction(void **state)
{
    (void)state;
    write_file("catalog", "002-b.sql", "create table catalog_half (id int); commit; begin; select 1;");
    migrate_fails("migrate.failed", "ends its transaction");
    write_file("catalog", "002-b.sql", "rollback;");
    migrate_fails("migrate.failed", "ends its transaction");
}

static void a_file_that_changes_the_session_does_not_reach_the_next(void **state)
{
    (void)state;
    write_file("catalog", "002-b.sql", "set search_path = public; set role none; set my.leak = '1'; create table public.stray (id int);");
    write_file("orders", "001-a.sql", "create table orders_order as select current_setting('my.leak', true) as leak;");
    migrate_ok();
    assert_string_equal(ask_db("select to_regclass('pool.orders_order')::text"), "pool.orders_order");
    assert_string_equal(ask_db("select relowner::regrole from pg_class where relname = 'orders_order'"), "wakala_owner");
    assert_string_equal(ask_db("select leak from pool.orders_order"), "");
}

static void own_schemas_get_every_plugin(void **state)
{
    (void)state;
    migrate_ok();
    ask_db("insert into wakala.tenant values (1, 'schema', 'shop_a'), (2, 'pooled', 'pool'), (3, 'schema', 'shop_b')");
    migrate_ok();
    assert_string_equal(seen, "shop_a:catalog/001-a.sql shop_a:catalog/002-b.sql shop_a:orders/001-a.sql "
                              "shop_b:catalog/001-a.sql shop_b:catalog/002-b.sql shop_b:orders/001-a.sql ");
    assert_string_equal(ask_db("select has_schema_privilege('wakala_app', 'shop_b', 'usage')"), "t");
    ask_db("insert into wakala.tenant values (4, 'schema', 'bad\"name')");
    migrate_fails("migrate.failed", "bad\"name");
    ask_db("update wakala.tenant set schema_name = 'pg_temp' where id = 4");
    migrate_fails("migrate.failed", "pg_temp");
}

static void pending_lists_and_changes_nothing(void **state)
{
    char info[320];
    size_t count = 9;

    (void)state;
    seen[0] = '\0';
    assert_true(wk_migrate_pending(&mconf, report, NULL, &count, &err)); /* an empty database */
    assert_int_equal(count, 5);
    assert_string_equal(ask_db("select count(*) from pg_namespace where nspname in ('wakala', 'pool')"), "0");
    mconf.dry_run = true;
    migrate_ok();
    assert_non_null(strstr(seen, "-pool:catalog/001-a.sql"));
    assert_string_equal(ask_db("select count(*) from pg_namespace where nspname in ('wakala', 'pool')"), "0");
    mconf.dry_run = false;
    migrate_ok();
    ask_db("insert into wakala.tenant values (1, 'schema', 'shop_a')");
    write_file("orders", "002-b.sql", "select 1;");
    seen[0] = '\0';
    snprintf(info, sizeof info, "%s user=wakala_host", mconf.conninfo); /* what a reload asks with */
    mconf.conninfo = info;
    assert_true(wk_migrate_pending(&mconf, report, NULL, &count, &err));
    assert_int_equal(count, 5);
    assert_string_equal(seen, "-pool:orders/002-b.sql -shop_a:catalog/001-a.sql -shop_a:catalog/002-b.sql "
                              "-shop_a:orders/001-a.sql -shop_a:orders/002-b.sql ");
}

static void the_test_clock_comes_only_when_asked_for(void **state)
{
    (void)state;
    write_file("host", "test-clock.sql", "create or replace function wakala.now() returns timestamptz language sql as "
                                         "'select timestamptz ''2001-01-01''';");
    migrate_ok();
    assert_string_equal(ask_db("select wakala.now() > '2020-01-01'"), "t");
    mconf.test_clock = true;
    migrate_ok();
    assert_string_equal(seen, "wakala:host/test-clock.sql ");
    assert_string_equal(ask_db("select wakala.now() = '2001-01-01'"), "t");
    migrate_ok();
    assert_string_equal(seen, "");
    write_file("host", "002-more.sql", "select 1;"); /* the clock's row is not a number behind it */
    migrate_ok();
    assert_string_equal(seen, "wakala:host/002-more.sql ");
}

static void *second_run(void *arg)
{
    struct wk_err *other = arg;

    return wk_migrate(&mconf, NULL, NULL, other) ? arg : NULL;
}
static void two_runs_wait_for_each_other(void **state)
{
    struct wk_err other[3] = { { 0 } };
    pthread_t threads[3];
    void *ok;

    (void)state;
    write_file("catalog", "002-b.sql", "select pg_sleep(0.3); create table catalog_once (id int);");
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, second_run, &other[i]), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], &ok), 0);
        if (!ok)
            fail_msg("%s: %s", other[i].code, other[i].msg);
    }
    assert_string_equal(ask_db("select count(*) from wakala.migration"), "5");
}

static void a_run_that_waits_too_long_says_so(void **state)
{
    PGconn *other = open_as("postgres");

    (void)state;
    PQclear(PQexec(other, "select pg_advisory_lock(7017280452245743464)"));
    mconf.busy_ms = 200;
    migrate_fails("migrate.busy", "another migration");
    assert_int_equal(err.cls, WK_TRANSIENT);
    PQfinish(other);
    migrate_ok();
    other = open_as("postgres");
    PQclear(PQexec(other, "begin; lock table pool.catalog_item"));
    write_file("catalog", "003-c.sql", "alter table catalog_item add column price bigint;");
    mconf.lock_ms = 200;
    migrate_fails("migrate.busy", "003-c.sql");
    PQfinish(other);
    migrate_ok();
}

static void a_killed_run_goes_on_where_it_stopped(void **state)
{
    pid_t pid;

    (void)state;
    write_file("catalog", "002-b.sql", "create table catalog_half (id int); select pg_sleep(30);");
    pid = fork();
    if (pid == 0)
        _exit(wk_migrate(&mconf, NULL, NULL, NULL) ? 0 : 1);
    for (int i = 0; i < 200 && atoi(test_pg_sql(&pg, "select count(*) from pg_stat_activity where wait_event = 'PgSleep'")) == 0; i++)
        test_pg_pause(50);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    write_file("catalog", "002-b.sql", "create table catalog_half (id int);");
    mconf.busy_ms = 5000; /* far less than the statement that was left behind would sleep */
    migrate_ok();
    assert_string_equal(seen, "pool:catalog/002-b.sql pool:orders/001-a.sql ");
}

static void passwords_are_set_as_hashes(void **state)
{
    (void)state;
    mconf.app_password = "it's a secret";
    migrate_ok();
    assert_string_equal(ask_db("select left(rolpassword, 14) from pg_authid where rolname = 'wakala_app'"), "SCRAM-SHA-256$");
    assert_string_equal(ask_db("select rolpassword is null from pg_authid where rolname = 'wakala_host'"), "t");
    ask_db("alter role wakala_app password null");
}

static void roles_that_may_too_much_are_refused(void **state)
{
    (void)state;
    ask_db("alter role wakala_app bypassrls");
    migrate_fails("migrate.failed", "BYPASSRLS");
    ask_db("alter role wakala_app nobypassrls; grant wakala_owner to wakala_app");
    migrate_fails("migrate.failed", "members of wakala_owner");
    ask_db("revoke wakala_owner from wakala_app");
    migrate_ok();
}

static void the_shipped_files_apply(void **state)
{
    char command[512];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s/host && mkdir -p %s/host && cp -r " TEST_SOURCE_DIR "/host/db/sql %s/host/", share, share, share);
    assert_int_equal(system(command), 0);
    mconf.test_clock = true;
    mconf.plugin_count = 0;
    migrate_ok();
    migrate_ok();
    assert_string_equal(seen, "");
    assert_string_equal(ask_db("select wakala.now() is not null and exists (select from wakala.tenant limit 0) is not null"), "t");
}

static int group_start(void **state) /* no roles yet: making them is part of the job */
{
    (void)state;
    test_pg_start(&pg);
    return 0;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup_db, teardown_db)
    const struct CMUnitTest tests[] = {
        T(applies_all_in_order_and_then_nothing),
        T(a_new_file_is_applied_alone),
        T(a_changed_file_is_refused_by_name_with_the_cure),
        T(bootstrap_runs_again_when_it_changes),
        T(a_number_behind_the_last_is_refused),
        T(odd_names_are_refused),
        T(a_broken_file_leaves_nothing_and_says_its_line),
        T(a_file_may_not_end_its_transaction),
        T(a_file_that_changes_the_session_does_not_reach_the_next),
        T(own_schemas_get_every_plugin),
        T(pending_lists_and_changes_nothing),
        T(the_test_clock_comes_only_when_asked_for),
        T(two_runs_wait_for_each_other),
        T(a_run_that_waits_too_long_says_so),
        T(a_killed_run_goes_on_where_it_stopped),
        T(passwords_are_set_as_hashes),
        T(roles_that_may_too_much_are_refused),
        T(the_shipped_files_apply),
    };

    return cmocka_run_group_tests(tests, group_start, group_teardown);
}
