/* tx.c - the call's statements: reads by themselves, writes in one transaction, queued ones with the commit. docs/design/call.md. */
#include "call/call.h"
#include "cache/rows.h"
#include "fiber/fault.h"
#include "fiber/fiber.h"
#include "plugin/loader.h"
#include <stdlib.h>

enum { QUEUE_MAX = 1000, TX_MAX_US = 5000000, READ_MAX = 16 };

struct wk_queued {
    struct wk_queued *next;
    struct wk_stmt stmt;
    struct wk_arg *args;
    size_t nargs;
};
struct wk_rows { /* what plugins hold: one result, freed with the call, or rows from the cache in the call's memory */
    struct wk_result *result;
    struct wk_kept_rows kept;
};

static const struct wk_stmt q_begin = {"", "host", "begin", "BEGIN", false};
static const struct wk_stmt q_commit = {"", "host", "commit", "COMMIT", false};
/* A transaction that writes may not be of a tenant that is moving: 009-servers.sql. */
static const struct wk_stmt q_enter = {"", "host", "enter", "SELECT wakala.enter($1)", false};
static const struct wk_stmt q_enter_schema = {"", "host", "enter_schema", "SELECT wakala.enter($1), set_config('search_path', $2, true)", false};
static const struct wk_stmt q_scope = {"", "host", "scope", "SELECT set_config('app.tenant', $1, true)", false};
static const struct wk_stmt q_scope_schema = {"", "host", "scope_schema",
                                              "SELECT set_config('app.tenant', $1, true), set_config('search_path', $2, true)", false};
WK_SQL(host_mark, "INSERT INTO wakala.mark (name, class, lane, seq) VALUES ($1, $2, $3, $4)");
/* A parked event's row is its mark: gone already means that another owner of the lane has handled it. */
WK_SQL(host_unpark, "WITH d AS (DELETE FROM wakala.parked WHERE name = $1 AND seq = $2 RETURNING 1) "
                    "SELECT wakala.expect((SELECT count(*) FROM d), 1, 'call.handled')");

static void free_rows(void *rows) { wk_result_free(((struct wk_rows *)rows)->result); }

static struct wk_rows *keep(struct wk_call *call, struct wk_result *result, struct wk_err *err)
{
    struct wk_rows *rows = wk_arena_alloc(&call->arena, sizeof *rows);

    if (!rows || !wk_arena_defer(&call->arena, free_rows, rows)) {
        wk_result_free(result);
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "result rows");
        return NULL;
    }
    rows->result = result;
    return rows;
}

static const char *schema_of(const struct wk_call *call) { return call->tenant ? call->tenant->schema : "pool"; }

static struct wk_stmt stmt_of(const struct wk_call *call, const struct wk_sql *sql)
{
    const struct wk_plugin *plugin = wk_call_plugin(call);

    return (struct wk_stmt){.schema = schema_of(call), .owner = plugin ? plugin->name : "host", .name = sql->name, .text = sql->text};
}

/* The statement that names the tenant of what follows; args has room for two. */
static struct wk_exec scope(const struct wk_call *call, bool writes, struct wk_arg args[2])
{
    bool own = strcmp(schema_of(call), "pool") != 0;

    args[0] = wk_text(call->tenant ? call->tenant->tenant.id_text : "");
    args[1] = wk_text(schema_of(call));
    return (struct wk_exec){.stmt = writes ? (own ? &q_enter_schema : &q_enter) : own ? &q_scope_schema : &q_scope, .args = args, .nargs = own ? 2 : 1};
}

static struct wk_conn *connection(struct wk_call *call, struct wk_err *err)
{
    return wk_db_acquire(wk_call_server(call)->db, WK_DB_APP, call->cls, call->tenant ? &call->tenant->tenant.id : NULL, call->until_us, err);
}

bool wk_call_in_tx(const struct wk_call *call) { return call->conn != NULL; }

static void count_trip(struct wk_call *call)
{
    call->trips++;
    call->engine->trips++;
}

/* Outside the transaction: scope and all statements in one implicit transaction, one trip. */
static bool run_alone(struct wk_call *call, bool writes, struct wk_exec *items, size_t n, struct wk_err *err)
{
    struct wk_exec all[READ_MAX + 1];
    struct wk_arg who[2];
    WK_AUTO(wk_conn) conn = connection(call, err);

    if (!conn)
        return false;
    all[0] = scope(call, writes, who);
    memcpy(all + 1, items, n * sizeof *items);
    count_trip(call);
    if (!wk_conn_exec(conn, all, n + 1, WK_EXEC_SYNC, call->until_us, err))
        return false;
    memcpy(items, all + 1, n * sizeof *items);
    wk_result_free(all[0].result);
    return true;
}

static bool read_alone(struct wk_call *call, struct wk_exec *items, size_t n, struct wk_err *err) { return run_alone(call, false, items, n, err); }

static bool read_one(struct wk_call *call, const struct wk_query *query, struct wk_result **result, struct wk_err *err)
{
    struct wk_stmt stmt = stmt_of(call, query->sql);
    struct wk_exec item = {.stmt = &stmt, .args = query->args, .nargs = query->n};

    if (!read_alone(call, &item, 1, err))
        return false;
    *result = item.result;
    return true;
}

/* Rows from the cache, or from the read that fills it. */
static bool read_kept(struct wk_call *call, struct wk_query *query, struct wk_err *err)
{
    struct wk_rows *rows = wk_arena_alloc(&call->arena, sizeof *rows);
    struct wk_span bytes;

    if (!rows)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "result rows");
    if (!wk_call_kept_read(call, query, schema_of(call), read_one, &bytes, err))
        return false;
    query->rows = rows;
    return wk_kept_rows_open(bytes.data, bytes.len, &rows->kept) || wk_fail(err, WK_SYSTEM, "cache.damaged", "rows of %s", query->sql->name);
}

static void drop_queue(struct wk_call *call)
{
    call->queue = NULL;
    call->queue_end = &call->queue;
    call->queued = 0;
}

static void free_bulk(struct wk_bulk *bulk)
{
    while (bulk) {
        struct wk_bulk *next = bulk->next;

        for (size_t i = 0; i < WK_BULK_ARRAYS; i++)
            barray_finish(&bulk->arrays[i]);
        free(bulk);
        bulk = next;
    }
}

/* The next of the queue as a statement: one, or all events that are published one after the other. Without memory for that: one. */
static struct wk_queued *next_statement(struct wk_call *call, struct wk_queued *q, struct wk_exec *out, struct wk_bulk **bulks)
{
    const struct wk_arg *events[WK_BULK_MAX];
    struct wk_queued *end = q;
    struct wk_bulk *bulk;
    size_t n = 0;

    for (; end && n < WK_BULK_MAX && wk_call_is_publish(&end->stmt); end = end->next)
        events[n++] = end->args;
    *out = (struct wk_exec){.stmt = &q->stmt, .args = q->args, .nargs = q->nargs};
    if (n < 2 || !(bulk = calloc(1, sizeof *bulk)))
        return q->next;
    bulk->next = *bulks;
    *bulks = bulk;
    if (!wk_call_publish_all(events, n, schema_of(call), bulk))
        return q->next;
    *out = (struct wk_exec){.stmt = &bulk->stmt, .args = bulk->args, .nargs = WK_COUNT(bulk->args)};
    return end;
}

/* Send what is queued, then `items`, inside the transaction (begun here when it is not open yet), then COMMIT when asked: one trip. */
static bool send_tx(struct wk_call *call, struct wk_exec *items, size_t n, bool commit, struct wk_err *err)
{
    bool begin = !call->conn;
    size_t total = (begin ? 2u : 0u) + call->queued + n + (commit ? 1u : 0u), at = 0;
    struct wk_exec *all = wk_arena_alloc(&call->arena, total * sizeof *all);
    struct wk_bulk *bulks = NULL;
    struct wk_arg who[2];
    int64_t until;
    bool ok;

    if (!all)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "%zu statements", total);
    if (begin) {
        if (!(call->conn = connection(call, err)))
            return false;
        call->tx_until_us = wk_mono_us() + TX_MAX_US; /* readers of the log wait for the oldest writer */
        all[at++] = (struct wk_exec){.stmt = &q_begin};
        all[at++] = scope(call, true, who);
    }
    for (struct wk_queued *q = call->queue; q; at++)
        q = next_statement(call, q, &all[at], &bulks);
    drop_queue(call);
    if (n)
        memcpy(all + at, items, n * sizeof *items);
    at += n;
    if (commit)
        all[at++] = (struct wk_exec){.stmt = &q_commit};
    count_trip(call);
    until = call->until_us < call->tx_until_us ? call->until_us : call->tx_until_us;
    ok = wk_conn_exec(call->conn, all, at, WK_EXEC_SYNC, until, err);
    free_bulk(bulks);
    if (ok) {
        if (n)
            memcpy(items, all + at - n - (commit ? 1 : 0), n * sizeof *items);
        wk_exec_clear(all, at - n - (commit ? 1 : 0));
        if (commit)
            wk_result_free(all[at - 1].result);
    }
    return ok;
}

bool wk_call_db_read_all(struct wk_call *call, struct wk_query *queries, size_t n, struct wk_err *err)
{
    struct wk_exec items[READ_MAX] = {0};
    struct wk_stmt stmts[READ_MAX];
    size_t of[READ_MAX], asked = 0;
    struct wk_err mine = {0};
    bool ok = true;

    err = err ? err : &mine;
    if (n == 0 || n > READ_MAX)
        return wk_fail(err, WK_SYSTEM, "db.statement", "%zu statements in one read, allowed are 1 to %d", n, READ_MAX);
    for (size_t i = 0; i < n; i++) {
        if (queries[i].sql->lifetime_s && wk_call_may_keep(call)) {
            if (!read_kept(call, &queries[i], err))
                return false;
            continue;
        }
        stmts[asked] = stmt_of(call, queries[i].sql);
        of[asked] = i;
        items[asked] = (struct wk_exec){.stmt = &stmts[asked], .args = queries[i].args, .nargs = queries[i].n};
        asked++;
    }
    if (!asked)
        return true;
    if (call->conn || call->queue ? !send_tx(call, items, asked, false, err) : !read_alone(call, items, asked, err)) {
        if (call->conn && call->is_failed == false) {
            call->is_failed = true;
            call->failure = *err;
        }
        return false;
    }
    for (size_t i = 0; i < asked; i++) {
        queries[of[i]].rows = ok ? keep(call, items[i].result, err) : NULL;
        if (!ok)
            wk_result_free(items[i].result);
        ok = ok && queries[of[i]].rows;
    }
    return ok;
}

bool wk_call_db_read(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows,
                     struct wk_err *err)
{
    struct wk_query query = {.sql = sql, .args = args, .n = n};

    if (!wk_call_db_read_all(call, &query, 1, err))
        return false;
    if (rows)
        *rows = query.rows;
    return true;
}

bool wk_call_db_write(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows,
                      struct wk_err *err)
{
    struct wk_stmt stmt = stmt_of(call, sql);
    struct wk_exec item = {.stmt = &stmt, .args = args, .nargs = n};
    struct wk_err mine = {0};
    struct wk_rows *kept;

    err = err ? err : &mine;
    if (!send_tx(call, &item, 1, false, err)) {
        if (!call->is_failed) {
            call->is_failed = true; /* the transaction is aborted: whatever the hook answers, it cannot commit */
            call->failure = *err;
        }
        return false;
    }
    if (!(kept = keep(call, item.result, err)))
        return false;
    if (rows)
        *rows = kept;
    return true;
}

bool wk_call_db_apart(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows, struct wk_err *err)
{
    struct wk_stmt stmt = stmt_of(call, sql);
    struct wk_exec item = {.stmt = &stmt, .args = args, .nargs = n};
    struct wk_rows *kept;

    if (!wk_call_may_wait(call, "a statement apart", err) || !run_alone(call, true, &item, 1, err) || !(kept = keep(call, item.result, err)))
        return false;
    if (rows)
        *rows = kept;
    return true;
}

static bool enqueue(struct wk_call *call, const struct wk_stmt *stmt, const struct wk_arg *args, size_t n, struct wk_err *err)
{
    struct wk_queued *q = wk_arena_alloc(&call->arena, sizeof *q);

    if (call->queued >= QUEUE_MAX)
        return wk_fail(err, WK_SYSTEM, "db.queue_full", "more than %d statements queued in one call", QUEUE_MAX);
    if (!q || !(q->args = wk_arena_alloc(&call->arena, n * sizeof *q->args + 1)))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "queued statement");
    q->stmt = *stmt;
    q->nargs = n;
    for (size_t i = 0; i < n; i++) {
        struct wk_uuid *id;

        q->args[i] = args[i];
        if (args[i].type == WK_ARG_TEXT && !(q->args[i].text = wk_arena_copy(&call->arena, args[i].text, strlen(args[i].text))))
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "queued statement");
        if (args[i].type == WK_ARG_BYTES && !(q->args[i].bytes = wk_arena_copy(&call->arena, args[i].bytes, args[i].len)))
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "queued statement");
        if (args[i].type == WK_ARG_UUID) {
            if (!(id = wk_arena_alloc(&call->arena, sizeof *id)))
                return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "queued statement");
            *id = *args[i].uuid;
            q->args[i].uuid = id;
        }
    }
    *call->queue_end = q;
    call->queue_end = &q->next;
    call->queued++;
    return true;
}

/* A queued statement whose count of rows matters raises in the server, so that the COMMIT behind it cannot happen. */
static bool expecting(struct wk_call *call, const struct wk_stmt *plain, size_t n, struct wk_stmt *guarded, struct wk_err *err)
{
    char *name = wk_printf(call, "%s!n", plain->name);
    char *text = wk_printf(call, "WITH wk_changed AS (%s RETURNING 1) SELECT wakala.expect((SELECT count(*) FROM wk_changed), $%zu, $%zu)",
                           plain->text, n + 1, n + 2);

    *guarded = (struct wk_stmt){.schema = plain->schema, .owner = plain->owner, .name = name, .text = text};
    return (name && text) || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "queued statement");
}

bool wk_call_db_queue(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, int64_t expect_rows,
                      const char *otherwise, struct wk_err *err)
{
    struct wk_stmt stmt = stmt_of(call, sql), guarded;
    struct wk_arg all[34];

    if (expect_rows < 0)
        return enqueue(call, &stmt, args, n, err);
    if (n > WK_COUNT(all) - 2)
        return wk_fail(err, WK_SYSTEM, "db.statement", "%s: at most %zu arguments", sql->name, WK_COUNT(all) - 2);
    otherwise = otherwise ? otherwise : "db.conflict";
    if (!expecting(call, &stmt, n, &guarded, err))
        return false;
    if (n)
        memcpy(all, args, n * sizeof *args);
    all[n] = wk_int(expect_rows);
    all[n + 1] = wk_text(otherwise);
    return enqueue(call, &guarded, all, n + 2, err);
}

bool wk_call_queue_host(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_err *err)
{
    struct wk_stmt stmt = {.schema = schema_of(call), .owner = "host", .name = sql->name, .text = sql->text};

    return enqueue(call, &stmt, args, n, err);
}

void wk_call_rollback(struct wk_call *call)
{
    struct wk_conn *conn = call->conn;

    drop_queue(call);
    wk_call_drop_stale(call);
    memset(call->published, 0, sizeof call->published);
    call->conn = NULL;
    call->is_failed = false;
    if (!conn)
        return;
    if (!wk_conn_rollback(conn, wk_mono_us() + 1000000, NULL))
        wk_conn_discard(conn);
    wk_db_release(conn);
}

static void wake(struct wk_call *call, const uint64_t lanes[WK_SHARE_CLASSES])
{
    for (unsigned cls = 0; cls < WK_SHARE_CLASSES; cls++)
        if (lanes[cls] && call->engine->published)
            call->engine->published(call->engine->published_arg, wk_call_server_index(call), cls, lanes[cls]);
}

static bool queue_mark(struct wk_call *call, struct wk_err *err)
{
    if (call->is_parked)
        return wk_call_queue_host(call, &host_unpark, WK_ARGS(wk_text(call->sub), wk_int(call->event->seq)), err);
    return wk_call_queue_host(call, &host_mark,
                              WK_ARGS(wk_text(call->sub), wk_int(call->cls), wk_int(call->lane), wk_int(call->event->seq)), err);
}

bool wk_call_commit(struct wk_call *call, bool mark, struct wk_err *err)
{
    uint64_t lanes[WK_SHARE_CLASSES];
    struct wk_conn *conn;
    struct wk_err mine = {0};
    bool ok;

    err = err ? err : &mine;
    if (call->is_failed) {
        *err = call->failure;
        wk_call_rollback(call);
        return false;
    }
    if (!call->conn && !call->queue)
        return true;
    /* Somebody's event that is handled in a tenant elsewhere: its mark cannot be in the same transaction, and a kill behind the commit repeats it. */
    if (mark && call->sub && wk_call_server_index(call) == call->home && !queue_mark(call, err)) {
        wk_call_rollback(call);
        return false;
    }
    memcpy(lanes, call->published, sizeof lanes);
    ok = send_tx(call, NULL, 0, true, err);
    if (!ok) {
        bool taken = wk_err_is(err, "db.unique") && strstr(err->msg, "mark_pkey");

        if (taken)
            wk_fail(err, WK_BUSINESS, "call.handled", "already handled by another owner of the lane");
        call->is_doubtful = wk_err_is(err, "db.commit_unknown");
        if (call->is_doubtful) /* it may be true now */
            wk_call_tell_stale(call);
        wk_call_rollback(call);
        return false;
    }
    conn = call->conn;
    call->conn = NULL;
    memset(call->published, 0, sizeof call->published);
    wk_db_release(conn);
    wake(call, lanes);
    wk_call_tell_stale(call);
    return true;
}

bool wk_call_db_step(struct wk_call *call, struct wk_err *err) { return wk_call_commit(call, false, err); }

/* What plugins read. */

static size_t rows_count(const struct wk_rows *rows) { return rows->result ? wk_result_rows(rows->result) : rows->kept.rows; }
static int64_t rows_affected(const struct wk_rows *rows) { return rows->result ? wk_result_affected(rows->result) : (int64_t)rows->kept.rows; }
static const char *rows_text(const struct wk_rows *rows, size_t row, size_t column, size_t *len)
{
    size_t unused;
    const char *text = rows->result ? wk_result_text(rows->result, row, column, len ? len : &unused)
                                    : wk_kept_rows_text(&rows->kept, row, column, len ? len : &unused);

    return text;
}
const struct wk_rows_table wk_rows_table = {rows_count, rows_text, rows_affected};
