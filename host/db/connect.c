/* connect.c - one connection from the handshake to its end. Everything here runs on the loop's stack or inside a fiber's call, and
 * nothing waits: each step is an event. */
#include "db/internal.h"
#include "fiber/fiber.h"

#include <stdlib.h>
#include <string.h>

static void on_handshake(evutil_socket_t fd, short what, void *arg);
static void on_setup(evutil_socket_t fd, short what, void *arg);

void wk_conn_free(struct wk_conn *conn)
{
    wk_prepared_finish(&conn->prepared);
    wk_params_destroy(conn->params);
    free(conn->steps);
    free(conn);
}

static void conn_cut(struct wk_conn *conn) /* events first: PQfinish closes their descriptor */
{
    if (conn->has_io)
        (void)event_del(&conn->io);
    if (conn->has_write)
        (void)event_del(&conn->write);
    (void)event_del(&conn->timer);
    conn->has_io = conn->has_write = false;
    PQfinish(conn->pg);
    conn->pg = NULL;
    if (conn->pool->db->conf.budget_take)
        conn->pool->db->conf.budget_give(conn->pool->db->conf.budget_arg);
}

/* It never became usable. */
static void open_failed(struct wk_conn *conn, const struct wk_err *why)
{
    struct wk_pool *pool = conn->pool;

    TAILQ_REMOVE(&pool->conns, conn, all);
    pool->connecting--;
    conn_cut(conn);
    wk_conn_free(conn);
    wk_pool_open_failed(pool, why);
}

void wk_conn_close(struct wk_conn *conn, const struct wk_err *why)
{
    struct wk_pool *pool = conn->pool;
    struct job *job = conn->job;
    void (*lost)(void *arg) = conn->lost;

    if (!conn->pg)
        return;
    if (conn->state == CONN_CONNECTING || conn->state == CONN_SETUP) {
        open_failed(conn, why);
        return;
    }
    conn->why = *why;
    conn_cut(conn);
    pool->open--;
    if (conn->state == CONN_IDLE) {
        TAILQ_REMOVE(&pool->idle, conn, idle);
        TAILQ_REMOVE(&pool->conns, conn, all);
        pool->idle_count--;
        wk_conn_free(conn);
    } else {
        conn->lost = NULL;
        if (job && !job->is_done) {
            job->is_done = true;
            if (!job->has_failed)
                job->err = *why;
            job->has_failed = true;
            if (job->fiber != wk_fiber_self()) /* it has not parked yet: no wake may be left over for its next wait */
                wk_fiber_wake(job->fiber);
        }
        if (lost)
            lost(conn->lost_arg);
    }
    if (!pool->is_closing)
        wk_pool_pump(pool);
}

/* Readable while nobody waits: a notice, or the end. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct wk_conn *conn = arg;
    struct wk_err why;

    (void)fd;
    (void)what;
    if (conn->job) {
        wk_job_pump(conn);
        return;
    }
    if (PQconsumeInput(conn->pg) && PQstatus(conn->pg) == CONNECTION_OK) {
        PGnotify *notify;

        (void)PQisBusy(conn->pg); /* parses what is there */
        while ((notify = PQnotifies(conn->pg)))
            PQfreemem(notify);
        if (PQstatus(conn->pg) == CONNECTION_OK)
            return;
    }
    wk_pg_lost(&why, conn->pg, "an idle connection");
    conn->pool->stats.lost++;
    wk_conn_close(conn, &why);
}

/* The host's own statements all have an index that serves them, and are the same for one row and for a thousand. A plan made while a table was
 * empty, or as large as its statistics once said, must not be a scan. */
#define BY_INDEX "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off;"

/* Session settings and the role check, in one trip. */

static bool setup_send(struct wk_conn *conn)
{
    const struct wk_db_pool_conf *conf = &conn->pool->conf;
    char sql[2048];
    /* client_connection_check_interval: a statement of a killed worker ends within a second and frees its locks.
     * The role is its own and every one it may become by SET ROLE. pg_shdepend has an index by owner; pg_class has none. */
    int n = snprintf(sql, sizeof sql,
                     "SET standard_conforming_strings = on; SET statement_timeout = %u; SET lock_timeout = %u;"
                     "SET idle_in_transaction_session_timeout = %u; SET client_connection_check_interval = 1000;"
                     "SET search_path = %s; SET datestyle = 'ISO';"
                     "SET timezone = 'UTC'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; %s"
                     "WITH me AS (SELECT oid, rolname, rolsuper, rolbypassrls FROM pg_catalog.pg_roles"
                     " WHERE pg_catalog.pg_has_role(session_user, oid, 'MEMBER'))"
                     "SELECT (SELECT rolname FROM me WHERE rolsuper LIMIT 1),"
                     " (SELECT rolname FROM me WHERE rolbypassrls LIMIT 1),"
                     " (SELECT c.oid::pg_catalog.regclass FROM pg_catalog.pg_shdepend d JOIN me ON me.oid = d.refobjid"
                     " JOIN pg_catalog.pg_class c ON c.oid = d.objid"
                     " WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.deptype = 'o'"
                     " AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.relkind IN ('r', 'p')"
                     " AND c.relpersistence <> 't' AND d.dbid = (SELECT oid FROM pg_catalog.pg_database"
                     " WHERE datname = pg_catalog.current_database()) LIMIT 1), session_user",
                     conf->statement_ms, conf->lock_ms, conf->idle_tx_ms,
                     conn->pool->role == WK_DB_APP ? "pool" : "wakala", conn->pool->role == WK_DB_APP ? "" : BY_INDEX);

    return n > 0 && (size_t)n < sizeof sql && PQsendQuery(conn->pg, sql);
}

/* Row-level security does not hold for superusers and BYPASSRLS, and an owner can switch it off. */
static bool role_check(const struct wk_pool *pool, const PGresult *row, struct wk_err *err)
{
    const char *who = PQgetvalue(row, 0, 3);

    for (int i = 0; i < 2; i++)
        if (!PQgetisnull(row, 0, i))
            return wk_fail(err, WK_SYSTEM, "db.role",
                           "role %s may become %s, which %s: row-level security would not hold; use a role made by "
                           "`wakala migrate`",
                           who, PQgetvalue(row, 0, i), i == 0 ? "is a superuser" : "has BYPASSRLS");
    if (pool->role == WK_DB_APP && !PQgetisnull(row, 0, 2))
        return wk_fail(err, WK_SYSTEM, "db.role",
                       "role %s owns table %s: an owner can switch row-level security off; tables belong to wakala_owner",
                       who, PQgetvalue(row, 0, 2));
    return true;
}

static void opened(struct wk_conn *conn)
{
    struct wk_pool *pool = conn->pool;
    struct event_base *base = pool->db->base;
    struct wk_err why;

    (void)event_del(&conn->timer);
    (void)event_del(&conn->io);
    conn->has_io = false;
    if (!PQenterPipelineMode(conn->pg)) {
        wk_pg_lost(&why, conn->pg, "pipeline mode");
        open_failed(conn, &why);
        return;
    }
    (void)event_assign(&conn->io, base, PQsocket(conn->pg), EV_READ | EV_PERSIST, on_readable, conn);
    (void)event_assign(&conn->write, base, PQsocket(conn->pg), EV_WRITE, wk_conn_on_writable, conn);
    if (event_add(&conn->io, NULL) != 0) {
        wk_fail(&why, WK_SYSTEM, "host.no_memory", "an event of a connection");
        open_failed(conn, &why);
        return;
    }
    conn->has_io = true;
    conn->state = CONN_IDLE;
    conn->opened_us = conn->idle_us = wk_mono_us();
    conn->replace_us = conn->opened_us + (int64_t)1000 * (pool->db->conf.age_ms - wk_db_jitter(pool->db, pool->db->conf.age_ms / 10));
    wk_pool_opened(conn);
}

static bool rearm(struct wk_conn *conn, short what, void (*fn)(evutil_socket_t, short, void *)) /* libpq may change its socket */
{
    if (conn->has_io)
        (void)event_del(&conn->io);
    (void)event_assign(&conn->io, conn->pool->db->base, PQsocket(conn->pg), what, fn, conn);
    conn->has_io = event_add(&conn->io, NULL) == 0;
    return conn->has_io;
}

/* All results of the set-up: true when the last has come. */
static bool setup_read(struct wk_conn *conn, bool *is_over, struct wk_err *err)
{
    PGresult *result;

    *is_over = false;
    if (!PQconsumeInput(conn->pg))
        return wk_pg_lost(err, conn->pg, "session settings");
    while (!PQisBusy(conn->pg)) {
        bool ok = true;

        result = PQgetResult(conn->pg);
        if (!result) {
            *is_over = true;
            return conn->has_setup_row || wk_pg_lost(err, conn->pg, "session settings");
        }
        if (PQresultStatus(result) == PGRES_TUPLES_OK) {
            conn->has_setup_row = PQntuples(result) == 1;
            ok = conn->has_setup_row && role_check(conn->pool, result, err);
        } else if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            ok = wk_pg_fail(err, result, NULL);
        }
        PQclear(result);
        if (!ok)
            return false;
    }
    return true;
}

static void on_setup(evutil_socket_t fd, short what, void *arg)
{
    struct wk_conn *conn = arg;
    struct wk_err why = { 0 };
    bool is_over = false;
    int unsent = PQflush(conn->pg);

    (void)fd;
    (void)what;
    conn->has_io = false; /* not persistent */
    if (unsent < 0 ? !wk_pg_lost(&why, conn->pg, "session settings") : !setup_read(conn, &is_over, &why)) {
        open_failed(conn, &why);
    } else if (is_over) {
        opened(conn);
    } else if (!rearm(conn, (short)(EV_READ | (unsent ? EV_WRITE : 0)), on_setup)) {
        wk_fail(&why, WK_SYSTEM, "host.no_memory", "an event of a connection");
        open_failed(conn, &why);
    }
}

/* The handshake. */

static void no_notices(void *arg, const PGresult *result) /* libpq's default prints to stderr */
{
    (void)arg;
    (void)result;
}

static void setup_begin(struct wk_conn *conn)
{
    struct wk_err why;

    conn->state = CONN_SETUP;
    if (PQsetnonblocking(conn->pg, 1) == 0 && setup_send(conn) && PQflush(conn->pg) >= 0 &&
        rearm(conn, EV_READ | EV_WRITE, on_setup))
        return;
    wk_pg_lost(&why, conn->pg, "session settings");
    open_failed(conn, &why);
}

static void handshake_step(struct wk_conn *conn, PostgresPollingStatusType next)
{
    struct wk_err why;

    switch (next) {
    case PGRES_POLLING_OK:
        setup_begin(conn);
        return;
    case PGRES_POLLING_READING:
        if (rearm(conn, EV_READ, on_handshake))
            return;
        break;
    case PGRES_POLLING_WRITING:
        if (rearm(conn, EV_WRITE, on_handshake))
            return;
        break;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
        break;
    }
    wk_pg_lost(&why, conn->pg, "cannot connect");
    open_failed(conn, &why);
}

static void on_handshake(evutil_socket_t fd, short what, void *arg)
{
    struct wk_conn *conn = arg;

    (void)fd;
    (void)what;
    conn->has_io = false;
    handshake_step(conn, PQconnectPoll(conn->pg));
}

/* Also how a failure of the very first step is told: from the loop, for the caller may be in the middle of its queue. */
static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    struct wk_conn *conn = arg;
    struct wk_err why;

    (void)fd;
    (void)what;
    if (PQstatus(conn->pg) == CONNECTION_BAD)
        wk_pg_lost(&why, conn->pg, "cannot connect");
    else
        wk_fail(&why, WK_TRANSIENT, "db.unavailable", "cannot connect: no answer within %u ms",
                conn->pool->db->conf.connect_timeout_ms);
    open_failed(conn, &why);
}

static struct wk_conn *conn_create(struct wk_pool *pool)
{
    struct wk_conn *conn = calloc(1, sizeof *conn);

    if (!conn)
        return NULL;
    conn->pool = pool;
    wk_prepared_init(&conn->prepared, pool->db->conf.prepared_max);
    (void)evtimer_assign(&conn->timer, pool->db->base, on_timeout, conn);
    conn->params = wk_params_create();
    conn->pg = PQconnectStartParams((const char *const *)pool->keys, (const char *const *)pool->values, 0);
    if (conn->params && conn->pg)
        return conn;
    PQfinish(conn->pg);
    wk_conn_free(conn);
    return NULL;
}

bool wk_conn_open(struct wk_pool *pool, struct wk_err *err)
{
    uint32_t ms = pool->db->conf.connect_timeout_ms;
    struct timeval limit = { .tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000 };
    struct wk_conn *conn = conn_create(pool);
    bool is_refused;

    if (!conn) {
        if (pool->db->conf.budget_take)
            pool->db->conf.budget_give(pool->db->conf.budget_arg);
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "a connection");
    }
    TAILQ_INSERT_TAIL(&pool->conns, conn, all);
    pool->connecting++;
    pool->stats.connects++;
    (void)PQsetNoticeReceiver(conn->pg, no_notices, NULL);
    is_refused = PQstatus(conn->pg) == CONNECTION_BAD;
    if (is_refused)
        limit = (struct timeval){ 0, 0 };
    if (evtimer_add(&conn->timer, &limit) == 0 && (is_refused || rearm(conn, EV_WRITE, on_handshake)))
        return true;
    TAILQ_REMOVE(&pool->conns, conn, all);
    pool->connecting--;
    conn_cut(conn);
    wk_conn_free(conn);
    return wk_fail(err, WK_SYSTEM, "host.no_memory", "an event of a connection");
}
