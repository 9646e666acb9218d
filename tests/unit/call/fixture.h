/* fixture.h - a loop, a database with the host's tables, an engine; and run(): a test's body on a fiber of its own, with a call when it wants one. */
#ifndef WK_TEST_CALL_FIXTURE_H
#define WK_TEST_CALL_FIXTURE_H
#include "call/call.h"
#include "call/offload.h"
#include "db/migrate.h"
#include "db/pg.h"
#include "fiber/fiber.h"
#include "tenant/secret.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct test_pg pg;
static struct wk_engine engine;
static uint8_t secret_key[WK_SECRET_KEY] = {7, 7, 7};
static const struct wk_uuid shop = {{0x01, 0x8f, 0x2c, 0x3e, 0x7b, 0x1a, 0x7c, 0, 0x80, 0, 1, 0x23, 0x45, 0x67, 0x89, 0xab}};

TEST_PG_FN void quiet(void *arg, const struct wk_migrate_step *step) { (void)arg, (void)step; }

TEST_PG_FN void load_schema(void)
{
    char share[128], command[400];
    struct wk_err err = {0};
    struct wk_migrate_conf conf = {.share_dir = share, .conninfo = test_pg_conninfo(&pg, "postgres")};

    (void)snprintf(share, sizeof share, "%s/share", pg.dir);
    (void)snprintf(command, sizeof command, "mkdir -p %s/host && cp -r %s/host/db/sql %s/host/sql", share, TEST_SOURCE_DIR, share);
    assert_int_equal(system(command), 0);
    if (!wk_migrate(&conf, quiet, NULL, &err))
        fail_msg("%s: %s", err.code, err.msg);
}

TEST_PG_FN int group_setup(void **state)
{
    (void)state;
    test_pg_start(&pg);
    load_schema();
    test_pg_sql(&pg, "INSERT INTO wakala.tenant (id, name, shard) VALUES ('018f2c3e-7b1a-7c00-8000-0123456789ab', 'Shop', 1);"
                     "CREATE TABLE pool.t_row (tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(), n int NOT NULL UNIQUE, "
                     "PRIMARY KEY (tenant_id, n)); SELECT wakala.protect('pool.t_row')");
    return 0;
}
TEST_PG_FN int group_teardown(void **state)
{
    (void)state;
    test_pg_stop(&pg);
    return 0;
}

TEST_PG_FN void load_directory(void *arg)
{
    struct wk_err err = {0};

    (void)arg;
    if (!wk_directory_load(engine.directory, engine.server, engine.servers, &err))
        fail_msg("%s: %s", err.code, err.msg);
}

struct body {
    void (*fn)(struct wk_call *call);
    void (*bare)(void *arg);
    bool is_done, has_tenant;
    uint32_t deadline_ms;
};
TEST_PG_FN void body_main(void *arg)
{
    struct body *b = arg;
    struct wk_call_spec spec = {.hook = "test", .tenant = b->has_tenant ? &shop : NULL, .deadline_ms = b->deadline_ms ? b->deadline_ms : 10000};
    struct wk_call call;
    struct wk_err err = {0};

    if (b->bare) {
        b->bare(NULL);
    } else {
        if (!wk_call_init(&call, &engine, &spec, &err))
            fail_msg("%s: %s", err.code, err.msg);
        b->fn(&call);
        wk_call_finish(&call);
        assert_int_equal(wk_fiber_deadline(wk_fiber_self()), 0); /* the clean-up's own does not stay with the fiber */
    }
    b->is_done = true;
}
TEST_PG_FN void run_body(struct body *b)
{
    assert_non_null(wk_fiber_spawn(engine.sched, "test", body_main, b, NULL));
    while (!b->is_done)
        (void)event_base_loop(engine.base, EVLOOP_ONCE);
}
TEST_PG_FN void run(void (*fn)(struct wk_call *call)) { run_body(&(struct body){.fn = fn, .has_tenant = true}); }

TEST_PG_FN int setup(void **state)
{
    struct wk_err err = {0};
    struct wk_db_conf db = {.pool = {[WK_DB_APP] = {.conninfo = strdup(test_pg_conninfo(&pg, "wakala_app")), .max = 4},
                                     [WK_DB_HOST] = {.conninfo = strdup(test_pg_conninfo(&pg, "wakala_host")), .max = 4}}};

    (void)state;
    engine = (struct wk_engine){.base = event_base_new(), .call_memory_max = 1 << 20, .secret_key = secret_key, .servers = 1, .server = {{.name = "main", .shards = UINT32_MAX}}};
    engine.sched = wk_sched_create(engine.base, NULL, &err);
    engine.server[0].db = wk_db_create(engine.base, &db, &err);
    engine.directory = wk_directory_create(&err);
    engine.offload = wk_offload_create(engine.base, 2, 2, &err);
    free((char *)(uintptr_t)db.pool[WK_DB_APP].conninfo);
    free((char *)(uintptr_t)db.pool[WK_DB_HOST].conninfo);
    if (!engine.sched || !engine.server[0].db || !engine.directory || !engine.offload)
        fail_msg("%s: %s", err.code, err.msg);
    run_body(&(struct body){.bare = load_directory});
    test_pg_sql(&pg, "TRUNCATE pool.t_row");
    return 0;
}
TEST_PG_FN int teardown(void **state)
{
    (void)state;
    wk_offload_destroy(engine.offload);
    wk_directory_destroy(engine.directory);
    wk_db_destroy(engine.server[0].db);
    wk_sched_destroy(engine.sched);
    event_base_free(engine.base);
    return 0;
}
#endif
