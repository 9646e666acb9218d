/* answer.c - a batch on its way back. libpq answers the commands in the order sent: each gives a result and then NULL, a Sync
 * gives one PGRES_PIPELINE_SYNC, and what stands behind an error PGRES_PIPELINE_ABORTED up to the next Sync. */
#include "db/internal.h"
#include "fiber/fault.h"
#include "fiber/fiber.h"

#include <stdlib.h>
#include <string.h>

static void job_fail(struct job *job, size_t i, const PGresult *result)
{
    struct wk_exec *item = &job->items[i];
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (job->has_failed)
        return;
    job->has_failed = true;
    wk_pg_fail(&job->err, result, item->stmt);
    if (!sqlstate) /* libpq's own words for a broken connection: the server has refused nothing */
        return;
    job->is_stale = wk_pg_is_stale(result);
    item->state = WK_EXEC_FAILED;
    (void)snprintf(item->sqlstate, sizeof item->sqlstate, "%s", sqlstate);
}

static bool is_fatal(const PGresult *result) /* the session ends: whether a COMMIT took effect is not said */
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    return !severity || strcmp(severity, "ERROR") != 0;
}

/* A COMMIT of a failed transaction "succeeds", and its tag says ROLLBACK. */
static void answer_commit(struct job *job, size_t i, PGresult *result)
{
    job->is_commit_answered = true;
    if (strcmp(PQcmdStatus(result), "COMMIT") == 0) {
        wk_fault_point("commit.after");
        return;
    }
    if (!job->has_failed)
        wk_fail(&job->err, WK_SYSTEM, "db.statement", "%s.%s: the transaction had failed before and was rolled back",
                job->items[i].stmt->owner, job->items[i].stmt->name);
    job->has_failed = true;
    job->items[i].state = WK_EXEC_FAILED;
}

static bool answer_item(struct job *job, size_t i, PGresult *result)
{
    struct wk_exec *item = &job->items[i];
    bool is_commit = wk_stmt_is_commit(item->stmt);

    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        item->state = WK_EXEC_DONE;
        item->result = (struct wk_result *)result;
        job->has_ended = job->has_ended || wk_stmt_is_end(item->stmt);
        if (is_commit)
            answer_commit(job, i, result);
        return true;
    case PGRES_PIPELINE_ABORTED:
        if (item->state == WK_EXEC_PENDING)
            item->state = WK_EXEC_SKIPPED;
        job->is_commit_answered = job->is_commit_answered || is_commit;
        break;
    case PGRES_FATAL_ERROR:
        job_fail(job, i, result);
        job->is_commit_answered = job->is_commit_answered || (is_commit && !is_fatal(result));
        break;
    default: /* COPY: it would need a conversation of its own */
        PQclear(result);
        return false;
    }
    PQclear(result);
    return true;
}

/* Parse, DEALLOCATE: ours, nobody sees the result. */
static void answer_ours(struct wk_conn *conn, const struct step *step, PGresult *result)
{
    bool is_done = PQresultStatus(result) == PGRES_COMMAND_OK;

    if (PQresultStatus(result) == PGRES_FATAL_ERROR)
        job_fail(conn->job, step->item, result);
    if (step->kind == STEP_DEALLOCATE_ALL)
        conn->prepared.is_doubtful = !is_done;
    else
        wk_prepared_answer(&conn->prepared, step->prepared, is_done);
    PQclear(result);
}

static void step_done(struct job *job)
{
    job->step_next++;
    job->is_step_seen = false;
}

/* One result, or NULL. False: libpq and we do not agree on what comes when, or the statement is a COPY. */
static bool take(struct wk_conn *conn, PGresult *result)
{
    struct job *job = conn->job;
    const struct step *step = &job->steps[job->step_next];

    if (!result) { /* a dead connection goes on saying NULL for ever */
        if (!job->is_step_seen || PQstatus(conn->pg) != CONNECTION_OK)
            return false;
        if (step->kind != STEP_SYNC)
            step_done(job);
        job->is_step_seen = false;
        return true;
    }
    if (step->kind == STEP_SYNC) {
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC)
            step_done(job);
        else /* the implicit transaction's commit failed: a deferred constraint */
            job_fail(job, step->item, result);
        job->is_step_seen = PQresultStatus(result) != PGRES_PIPELINE_SYNC;
        PQclear(result);
        return true;
    }
    if (job->is_step_seen) {
        bool is_end = PQresultStatus(result) == PGRES_FATAL_ERROR; /* a second one when the session ends */

        PQclear(result);
        return is_end;
    }
    job->is_step_seen = true;
    if (step->kind == STEP_ITEM)
        return answer_item(job, step->item, result);
    answer_ours(conn, step, result);
    return true;
}

static void job_finish(struct wk_conn *conn)
{
    struct job *job = conn->job;
    bool is_synced = job->steps[job->step_count - 1].kind == STEP_SYNC;

    conn->needs_sync = !is_synced;
    conn->in_tx = is_synced ? PQtransactionStatus(conn->pg) != PQTRANS_IDLE : true;
    job->is_done = true;
    if (job->fiber != wk_fiber_self())
        wk_fiber_wake(job->fiber);
}

void wk_job_lost(struct wk_conn *conn, const char *what)
{
    struct wk_err why;

    wk_pg_lost(&why, conn->pg, what);
    conn->pool->stats.lost++;
    wk_conn_close(conn, &why);
}

void wk_job_pump(struct wk_conn *conn)
{
    struct job *job = conn->job;
    bool is_open = PQconsumeInput(conn->pg) && PQflush(conn->pg) >= 0;

    while (job->step_next < job->step_count && !PQisBusy(conn->pg)) {
        if (take(conn, PQgetResult(conn->pg)))
            continue;
        if (is_open && PQstatus(conn->pg) == CONNECTION_OK && !job->has_failed) {
            job->has_failed = true;
            wk_fail(&job->err, WK_SYSTEM, "db.statement", "%s.%s: an answer that does not fit a batch (COPY?)",
                    job->items[job->steps[job->step_next].item].stmt->owner,
                    job->items[job->steps[job->step_next].item].stmt->name);
        }
        is_open = false;
        break;
    }
    if (job->step_next == job->step_count && !job->is_done)
        job_finish(conn);
    if (!is_open || PQstatus(conn->pg) != CONNECTION_OK)
        wk_job_lost(conn, "waiting for an answer");
}

/* The last word on a batch whose connection broke. */
void wk_job_settle(struct job *job)
{
    size_t last = job->n - 1;
    bool is_cut = job->step_next < job->step_count || !job->step_count;

    if (!is_cut || !job->has_commit)
        return;
    if (job->is_commit_answered) {
        /* Only the answer to the Sync is missing, and a COMMIT does not wait for that. */
        if (job->items[last].state == WK_EXEC_DONE && wk_stmt_is_commit(job->items[last].stmt))
            job->has_failed = false;
        return;
    }
    for (size_t i = 0; i < job->n; i++)
        if (job->items[i].state == WK_EXEC_FAILED && !wk_stmt_is_commit(job->items[i].stmt))
            return; /* the server refused what stood before it */
    wk_fail(&job->err, WK_TRANSIENT, "db.commit_unknown", "the connection broke during COMMIT: it may have taken effect");
    job->has_failed = true;
}
