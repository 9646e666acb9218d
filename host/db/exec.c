/* exec.c - a batch on its way out: statements, Parse where needed, Sync or Flush; then the fiber parks and answer.c collects.
 * The socket is read while it is written, so two full buffers never wait for each other. */
#include "db/internal.h"
#include "fiber/fault.h"
#include "fiber/fiber.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ITEMS_MAX = 20000, BATCH_BYTES_MAX = 512 << 20, STEPS_PER_ITEM = 3, STEPS_EXTRA = 4 };

/* "COMMIT", " commit ;" */
static bool is_command(const char *text, const char *word)
{
    size_t len = strlen(word);

    text += strspn(text, " \t\r\n");
    return !strncasecmp(text, word, len) && text[len + strspn(text + len, " \t\r\n;")] == '\0';
}

bool wk_stmt_is_commit(const struct wk_stmt *stmt) { return is_command(stmt->text, "COMMIT") || is_command(stmt->text, "END"); }
bool wk_stmt_is_end(const struct wk_stmt *stmt)
{
    return wk_stmt_is_commit(stmt) || is_command(stmt->text, "ROLLBACK") || is_command(stmt->text, "ABORT");
}

/* Sending. Every function appends to the steps what it has handed to libpq; false: err is filled and the connection is spoilt. */

static bool step_add(struct wk_conn *conn, bool was_sent, enum step_kind kind, size_t item, struct wk_prepared *prepared,
                     struct wk_err *err)
{
    if (!was_sent)
        return wk_pg_lost(err, conn->pg, "sending");
    conn->job->steps[conn->job->step_count++] = (struct step){ kind, item, prepared };
    return true;
}

static bool send_plain(struct wk_conn *conn, const char *sql, enum step_kind kind, size_t item,
                       struct wk_prepared *prepared, struct wk_err *err)
{
    bool was_sent = PQsendQueryParams(conn->pg, sql, 0, NULL, NULL, NULL, NULL, 0);

    return step_add(conn, was_sent, kind, item, prepared, err);
}

static bool send_sync(struct wk_conn *conn, size_t item, struct wk_err *err)
{
    return step_add(conn, PQpipelineSync(conn->pg), STEP_SYNC, item, NULL, err);
}

static bool send_prepare(struct wk_conn *conn, const struct wk_stmt *stmt, struct wk_prepared *prepared, size_t item,
                         struct wk_err *err)
{
    struct wk_prepared *old = wk_prepared_evict(&conn->prepared);
    char sql[WK_PREPARED_NAME * 2 + 32], *quoted;
    bool was_sent;

    if (old) {
        quoted = PQescapeIdentifier(conn->pg, old->wire, strlen(old->wire));
        if (!quoted)
            return wk_pg_lost(err, conn->pg, "sending");
        (void)snprintf(sql, sizeof sql, "DEALLOCATE %s", quoted);
        PQfreemem(quoted);
        if (!send_plain(conn, sql, STEP_DEALLOCATE, item, old, err))
            return false;
    }
    was_sent = PQsendPrepare(conn->pg, prepared->wire, stmt->text, 0, NULL);
    conn->pool->stats.prepared++;
    return step_add(conn, was_sent, STEP_PREPARE, item, prepared, err);
}

static bool send_item(struct wk_conn *conn, size_t i, size_t *bytes, struct wk_err *err)
{
    struct wk_exec *item = &conn->job->items[i];
    struct wk_prepared *prepared;
    bool is_new, was_sent;

    if (!wk_params_encode(conn->params, item->args, item->nargs, err))
        return false;
    *bytes += wk_params_bytes(conn->params);
    if (*bytes > BATCH_BYTES_MAX)
        return wk_fail(err, WK_SYSTEM, "db.statement", "%s.%s: the batch has more than %d bytes of arguments",
                       item->stmt->owner, item->stmt->name, BATCH_BYTES_MAX);
    prepared = wk_prepared_use(&conn->prepared, item->stmt, &is_new, err);
    if (!prepared || (is_new && !send_prepare(conn, item->stmt, prepared, i, err)))
        return false;
    if (wk_stmt_is_commit(item->stmt)) {
        wk_fault_point("commit.before");
        conn->job->has_commit = true;
    }
    was_sent = PQsendQueryPrepared(conn->pg, prepared->wire, (int)item->nargs, wk_params_values(conn->params),
                                   wk_params_lengths(conn->params), wk_params_formats(conn->params),
                                   item->stmt->is_binary);
    conn->pool->stats.statements++;
    return step_add(conn, was_sent, STEP_ITEM, i, prepared, err);
}

/* After an error behind a Flush the server skips everything up to a Sync. */
static bool send_missing_sync(struct wk_conn *conn, struct wk_err *err)
{
    return PQpipelineStatus(conn->pg) != PQ_PIPELINE_ABORTED || send_sync(conn, 0, err);
}

static bool send_batch(struct wk_conn *conn, struct wk_err *err)
{
    struct job *job = conn->job;
    size_t bytes = 0;

    wk_prepared_begin_batch(&conn->prepared);
    if (!send_missing_sync(conn, err))
        return false;
    if (conn->prepared.is_doubtful && !wk_conn_in_transaction(conn)) {
        wk_prepared_clear(&conn->prepared);
        if (!send_plain(conn, "DEALLOCATE ALL", STEP_DEALLOCATE_ALL, 0, NULL, err))
            return false;
    }
    for (size_t i = 0; i < job->n; i++)
        if (!send_item(conn, i, &bytes, err))
            return false;
    if (job->end == WK_EXEC_SYNC)
        return send_sync(conn, job->n - 1, err);
    return PQsendFlushRequest(conn->pg) || wk_pg_lost(err, conn->pg, "sending");
}

static bool send_rollback(struct wk_conn *conn, struct wk_err *err)
{
    /* Not prepared: it must work when nothing else does. And before the Sync, which would commit what a Flush left open. */
    return send_missing_sync(conn, err) && send_plain(conn, "ROLLBACK", STEP_ITEM, 0, NULL, err) &&
           send_sync(conn, 0, err);
}

/* Writing what libpq has buffered. */

static bool flush(struct wk_conn *conn)
{
    int left = PQflush(conn->pg);

    if (left < 0)
        return false;
    if (left && !conn->has_write) {
        if (event_add(&conn->write, NULL) != 0)
            return false;
        conn->has_write = true;
    }
    return true;
}

void wk_conn_on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct wk_conn *conn = arg;

    (void)fd;
    (void)what;
    conn->has_write = false; /* not persistent */
    if (conn->job && !flush(conn))
        wk_job_lost(conn, "writing");
}

/* Waiting. */

static void interrupt(struct wk_conn *conn, enum wk_wake wake)
{
    struct job *job = conn->job;
    struct wk_pool *pool = conn->pool;
    const struct wk_stmt *stmt = job->items[job->step_next < job->step_count ? job->steps[job->step_next].item : 0].stmt;
    struct wk_err why;

    if (wake == WK_WAKE_TIMEOUT)
        wk_fail(&why, WK_TRANSIENT, "db.deadline", "%s.%s: no answer in time", stmt->owner, stmt->name);
    else
        wk_fail(&why, WK_TRANSIENT, "call.cancelled", "%s.%s: the call was cancelled", stmt->owner, stmt->name);
    pool->stats.deadlines += wake == WK_WAKE_TIMEOUT;
    pool->stats.cancels += wk_canceller_send(pool->db->canceller, conn->pg);
    job->is_done = true; /* what comes now has no reader */
    if (!job->has_failed)
        job->err = why;
    job->has_failed = true;
    wk_conn_close(conn, &why);
}

static void wait_for_answers(struct wk_conn *conn, struct job *job, int64_t until_us)
{
    while (!job->is_done) {
        enum wk_wake wake = wk_fiber_park("database", until_us);

        if (wake != WK_WAKE_READY && !job->is_done)
            interrupt(conn, wake);
    }
}

static bool steps_grow(struct wk_conn *conn, size_t n, struct wk_err *err)
{
    size_t need = n * STEPS_PER_ITEM + STEPS_EXTRA;
    struct step *steps;

    if (need <= conn->steps_max)
        return true;
    need += need / 2;
    steps = reallocarray(conn->steps, need, sizeof *steps);
    if (!steps)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "a batch of %zu statements", n);
    conn->steps = steps;
    conn->steps_max = need;
    return true;
}

/* One trip. `job` has items, n and end; what happened is in it afterwards. */
static bool trip(struct wk_conn *conn, struct job *job, bool (*send)(struct wk_conn *, struct wk_err *), int64_t until_us,
                 struct wk_err *err)
{
    struct wk_pool *pool = conn->pool;
    struct wk_err why;

    if (!steps_grow(conn, job->n, err))
        return false;
    job->fiber = wk_fiber_self();
    job->steps = conn->steps;
    conn->job = job;
    conn->trips++;
    pool->stats.trips++;
    if (pool->db->conf.on_trip)
        pool->db->conf.on_trip(pool->db->conf.on_arg, pool->role);
    if (!send(conn, &why)) { /* half a batch is in libpq's buffer: without its Sync the server will undo it */
        job->is_done = job->has_failed = true;
        job->err = why;
        wk_conn_close(conn, &why);
    } else if (!flush(conn)) {
        wk_job_lost(conn, "writing");
    }
    wait_for_answers(conn, job, until_us);
    conn->job = NULL;
    wk_job_settle(job);
    if (job->has_failed) {
        pool->stats.failures++;
        if (err)
            *err = job->err;
    }
    return !job->has_failed;
}

/* The public calls. */

static bool may_begin(struct wk_conn *conn, int64_t *until_us, struct wk_err *err)
{
    struct wk_fiber *self = wk_fiber_self();
    int64_t now = wk_mono_us(), deadline = self ? wk_fiber_deadline(self) : 0;

    assert(conn->state == CONN_HELD && !conn->job);
    if (!self)
        return wk_fail(err, WK_SYSTEM, "db.conf", "exec: only a fiber can wait");
    if (!conn->pg) {
        if (err)
            *err = conn->why;
        return false;
    }
    if (!*until_us)
        *until_us = now + (int64_t)conn->pool->conf.statement_ms * 1000;
    if (wk_fiber_is_cancelled(self)) /* before anything is sent the connection stays good */
        return wk_fail(err, WK_TRANSIENT, "call.cancelled", "the call was cancelled");
    if (*until_us <= now || (deadline && deadline <= now))
        return wk_fail(err, WK_TRANSIENT, "db.deadline", "no time left");
    return true;
}

static void items_reset(struct wk_exec *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        items[i].result = NULL;
        items[i].state = WK_EXEC_PENDING;
        items[i].sqlstate[0] = '\0';
    }
}

bool wk_conn_exec(struct wk_conn *conn, struct wk_exec *items, size_t n, enum wk_exec_end end, int64_t until_us,
                  struct wk_err *err)
{
    bool was_in_tx = wk_conn_in_transaction(conn);

    items_reset(items, n);
    if (!may_begin(conn, &until_us, err))
        return false;
    if (!n || n > ITEMS_MAX)
        return wk_fail(err, WK_SYSTEM, "db.statement", "a batch of %zu statements; 1 to %d are allowed", n, ITEMS_MAX);
    for (bool is_retry = false;; is_retry = true) {
        struct job job = { .items = items, .n = n, .end = end };

        if (trip(conn, &job, send_batch, until_us, err))
            return true;
        wk_exec_clear(items, n);
        if (!job.is_stale || !conn->pg)
            return false;
        conn->prepared.is_doubtful = true; /* the next batch outside a transaction prepares anew */
        if (is_retry || was_in_tx || job.has_ended || !wk_conn_rollback(conn, until_us, NULL))
            return false;
        conn->pool->stats.retries++;
        items_reset(items, n);
    }
}

bool wk_conn_run(struct wk_conn *conn, const struct wk_stmt *stmt, const struct wk_arg *args, size_t nargs,
                 struct wk_result **result, int64_t until_us, struct wk_err *err)
{
    struct wk_exec item = { .stmt = stmt, .args = args, .nargs = nargs };

    if (result)
        *result = NULL;
    if (!wk_conn_exec(conn, &item, 1, WK_EXEC_SYNC, until_us, err))
        return false;
    if (result)
        *result = item.result;
    else
        wk_result_free(item.result);
    return true;
}

bool wk_conn_rollback(struct wk_conn *conn, int64_t until_us, struct wk_err *err)
{
    static const struct wk_stmt rollback = { .schema = "", .owner = "host", .name = "rollback", .text = "ROLLBACK" };
    struct wk_exec item = { .stmt = &rollback };
    struct job job = { .items = &item, .n = 1, .end = WK_EXEC_SYNC };
    bool ok;

    if (conn->pg && !wk_conn_in_transaction(conn))
        return true;
    if (!may_begin(conn, &until_us, err)) {
        conn->is_discarded = true;
        return false;
    }
    ok = trip(conn, &job, send_rollback, until_us, err);
    wk_exec_clear(&item, 1);
    if (!ok)
        conn->is_discarded = true;
    return ok;
}
