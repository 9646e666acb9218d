/* fixture.h - what the tests of this room share: a server for the whole program, a loop with fibers for each test. */
#ifndef WK_TEST_DB_FIXTURE_H
#define WK_TEST_DB_FIXTURE_H
#include "db/db.h"
#include "fiber/fiber.h"
#include "pg.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct test_pg pg;
static struct event_base *base;
static struct wk_sched *sched;
static struct wk_db *db;
static struct wk_db_conf conf;

TEST_PG_FN int group_setup(void **state)
{
    (void)state;
    test_pg_start(&pg);
    test_pg_roles(&pg);
    return 0;
}

TEST_PG_FN int group_teardown(void **state)
{
    (void)state;
    test_pg_stop(&pg);
    return 0;
}

/* A test may change `conf` and call db_open() again. */
TEST_PG_FN void db_open(void)
{
    struct wk_err err = { 0 };

    wk_db_destroy(db);
    db = wk_db_create(base, &conf, &err);
    if (!db)
        fail_msg("%s: %s", err.code, err.msg);
}

TEST_PG_FN int setup(void **state)
{
    struct wk_err err = { 0 };

    (void)state;
    base = event_base_new();
    sched = wk_sched_create(base, NULL, &err);
    memset(&conf, 0, sizeof conf);
    conf.pool[WK_DB_APP] = (struct wk_db_pool_conf){ .conninfo = strdup(test_pg_conninfo(&pg, "wakala_app")), .max = 4 };
    conf.pool[WK_DB_HOST] = (struct wk_db_pool_conf){ .conninfo = strdup(test_pg_conninfo(&pg, "wakala_host")), .max = 4 };
    db = NULL;
    db_open();
    return sched && base ? 0 : -1;
}

TEST_PG_FN int teardown(void **state)
{
    (void)state;
    wk_db_destroy(db);
    db = NULL;
    wk_sched_destroy(sched);
    event_base_free(base);
    free((void *)(uintptr_t)conf.pool[WK_DB_APP].conninfo);
    free((void *)(uintptr_t)conf.pool[WK_DB_HOST].conninfo);
    return 0;
}

TEST_PG_FN struct wk_fiber *spawn(void (*fn)(void *arg), void *arg)
{
    struct wk_err err;
    struct wk_fiber *fiber = wk_fiber_spawn(sched, "test", fn, arg, &err);

    assert_non_null(fiber);
    return fiber;
}

/* Turn the loop for a while. An exit asked for by an earlier turn may still be on its way, so look at the clock. */
TEST_PG_FN void turn_ms(int ms)
{
    int64_t until = wk_mono_us() + (int64_t)ms * 1000, left;

    while ((left = until - wk_mono_us()) > 0) {
        struct timeval tick = { left / 1000000, left % 1000000 };

        (void)event_base_loopexit(base, &tick);
        (void)event_base_dispatch(base);
    }
}

/* Turn the loop until no fiber is alive. Connections stay open, so the loop has no end of its own. */
TEST_PG_FN void turn(void)
{
    int64_t limit = wk_mono_us() + INT64_C(60000000);

    while (wk_sched_live(sched) && wk_mono_us() < limit) {
        struct timeval tick = { 0, 50000 };

        (void)event_base_loopexit(base, &tick);
        (void)event_base_loop(base, EVLOOP_ONCE);
    }
    assert_int_equal(wk_sched_live(sched), 0);
}

/* fn(NULL) in a fiber, to its end. Assertions of cmocka jump, and not out of a fiber: inside use CHECK. */
TEST_PG_FN void in_fiber(void (*fn)(void *arg))
{
    (void)spawn(fn, NULL);
    turn();
}

#define CHECK(claim)                                                                                                    \
    do {                                                                                                                \
        if (!(claim)) {                                                                                                 \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #claim);                                       \
            abort();                                                                                                    \
        }                                                                                                               \
    } while (0)
#define CHECK_OK(call, err)                                                                                             \
    do {                                                                                                                \
        if (!(call)) {                                                                                                  \
            fprintf(stderr, "%s:%d: %s: %s %s\n", __FILE__, __LINE__, #call, (err).code, (err).msg);                    \
            abort();                                                                                                    \
        }                                                                                                               \
    } while (0)
#define CHECK_TEXT(got, wanted)                                                                                         \
    do {                                                                                                                \
        const char *got_ = (got), *wanted_ = (wanted);                                                                  \
        if (!got_ || strcmp(got_, wanted_)) {                                                                           \
            fprintf(stderr, "%s:%d: %s is '%s', not '%s'\n", __FILE__, __LINE__, #got, got_ ? got_ : "(null)", wanted_); \
            abort();                                                                                                    \
        }                                                                                                               \
    } while (0)

#define STMT(text_) &(const struct wk_stmt){ .schema = "", .owner = "test", .name = (text_), .text = (text_) }
#define ITEM(text_) { .stmt = STMT(text_) }

static inline int64_t in_ms(int64_t ms) { return wk_mono_us() + ms * 1000; }

TEST_PG_FN struct wk_conn *take_conn(enum wk_db_role role)
{
    struct wk_err err = { 0 };
    struct wk_conn *conn = wk_db_acquire(db, role, 0, NULL, in_ms(5000), &err);

    CHECK_OK(conn != NULL, err);
    return conn;
}

/* First value of one statement, valid until the next call. */
TEST_PG_FN const char *ask(struct wk_conn *conn, const char *sql)
{
    static char value[256];
    struct wk_err err = { 0 };
    struct wk_result *result = NULL;

    CHECK_OK(wk_conn_run(conn, STMT(sql), NULL, 0, &result, in_ms(5000), &err), err);
    snprintf(value, sizeof value, "%s", wk_result_rows(result) ? wk_result_text(result, 0, 0, NULL) : "");
    wk_result_free(result);
    return value;
}
#endif
