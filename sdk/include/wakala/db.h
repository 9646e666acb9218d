/* db.h - SQL inside the call's tenant: reads, the call's one transaction, rows.
 *
 * A statement names only the plugin's own tables, without a schema; the host sets tenant and search_path, row-level security does
 * the rest. Reads before the first write run by themselves, one trip each (or all of wk_db_read_all in one). The first
 * wk_db_write opens the call's transaction: from then on only the database may be waited for, and the host commits when the hook
 * succeeds, rolls back when it fails. wk_db_queue costs no trip: it is sent in order with the next statement that waits, or with the commit. */
#ifndef WAKALA_DB_H
#define WAKALA_DB_H
#include <stdlib.h>
#include <wakala/call.h>

struct wk_sql {
    const char *name; /* unique inside the plugin */
    const char *text; /* one statement, $1.. parameters */
    uint32_t lifetime_s; /* of its rows in the cache, seconds; 0: not kept */
    uint32_t reserved;
    const char *tags;    /* as in cache.h */
};
/* Defines `static const struct wk_sql ident` and lists it for `wakala plugins --sql` and the EXPLAIN test. */
#define WK_SQL(ident, ...)                                                                                             \
    static const struct wk_sql ident = {.name = #ident, .text = __VA_ARGS__};                                          \
    __attribute__((used, section("wk_sql"))) static const struct wk_sql *const ident##_listed_ = &ident
/* A read whose rows may be that many seconds old, and are forgotten when a tag is: wk_db_read() and wk_db_read_all() then serve them from the cache
 * (cache.h) under statement, parameters and tenant, unless the call has a transaction or something queued. No rows are kept for a short time only. */
#define WK_SQL_CACHED(ident, seconds, sql_tags, ...)                                                                   \
    static const struct wk_sql ident = {.name = #ident, .text = __VA_ARGS__, .lifetime_s = (seconds), .tags = (sql_tags)};  \
    __attribute__((used, section("wk_sql"))) static const struct wk_sql *const ident##_listed_ = &ident

/* A parameter. What it points to is borrowed: until the function returns; wk_db_queue() copies. */
enum wk_arg_type { WK_ARG_NULL, WK_ARG_INT, WK_ARG_BOOL, WK_ARG_DOUBLE, WK_ARG_TEXT, WK_ARG_UUID, WK_ARG_BYTES, WK_ARG_TIME };
struct wk_arg {
    enum wk_arg_type type;
    uint32_t reserved;
    union {
        int64_t i; /* INT, BOOL; TIME: microseconds since 1970 */
        double d;
        const char *text; /* NUL-terminated UTF-8, also for json, arrays ("{a,b}") and anything else with a text form */
        const struct wk_uuid *uuid;
        const void *bytes;
    };
    size_t len; /* BYTES only */
};
static inline struct wk_arg wk_int(int64_t v) { return (struct wk_arg){.type = WK_ARG_INT, .i = v}; }
static inline struct wk_arg wk_bool(bool v) { return (struct wk_arg){.type = WK_ARG_BOOL, .i = v}; }
static inline struct wk_arg wk_double(double v) { return (struct wk_arg){.type = WK_ARG_DOUBLE, .d = v}; }
static inline struct wk_arg wk_time(int64_t us) { return (struct wk_arg){.type = WK_ARG_TIME, .i = us}; }
static inline struct wk_arg wk_null(void) { return (struct wk_arg){.type = WK_ARG_NULL}; }
static inline struct wk_arg wk_text(const char *v) /* NULL becomes SQL NULL */
{
    return v ? (struct wk_arg){.type = WK_ARG_TEXT, .text = v} : wk_null();
}
static inline struct wk_arg wk_id(const struct wk_uuid *v) /* borrowed until the statement function returns */
{
    return v ? (struct wk_arg){.type = WK_ARG_UUID, .uuid = v} : wk_null();
}
static inline struct wk_arg wk_bytes(const void *v, size_t len)
{
    return (struct wk_arg){.type = WK_ARG_BYTES, .bytes = v, .len = len};
}
#define WK_ARGS(...) (const struct wk_arg[]){__VA_ARGS__}, sizeof((const struct wk_arg[]){__VA_ARGS__}) / sizeof(struct wk_arg)
#define WK_NO_ARGS NULL, 0

/* All suspend but wk_db_queue(). Rows live until the call ends. After a failed statement of an open transaction the call can only fail. Errors:
 * db.unavailable, db.deadline (TRANSIENT), db.conflict (TRANSIENT: serialisation, deadlock), db.unique (BUSINESS), db.statement (SYSTEM, with the
 * SQLSTATE). `rows` may be NULL when nothing is read. */
static inline bool wk_db_read(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n,
                              struct wk_rows **rows, struct wk_err *err)
{
    return wk_host->db_read(call, sql, args, n, rows, err);
}
/* Up to 16 reads that share a trip; in order, each with a snapshot of its own. False: no rows are valid. */
struct wk_query { /* one of them */
    const struct wk_sql *sql;
    const struct wk_arg *args;
    size_t n;
    struct wk_rows *rows; /* out */
};
static inline bool wk_db_read_all(struct wk_call *call, struct wk_query *queries, size_t n, struct wk_err *err)
{
    return wk_host->db_read_all(call, queries, n, err);
}
/* A statement in the call's transaction, which it opens when it is the first: sent with all that is queued, in order. An open transaction lasts at most
 * 5 s; a statement over its time is cancelled on the server (db.deadline). */
static inline bool wk_db_write(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n,
                               struct wk_rows **rows, struct wk_err *err)
{
    return wk_host->db_write(call, sql, args, n, rows, err);
}
/* Does not suspend: db.queue_full (SYSTEM) past 1,000 statements of a call. Arguments are copied. expect_rows >= 0 (only for a plain INSERT, UPDATE or
 * DELETE without RETURNING, with at most 32 arguments; a statement WITH parts calls wakala.expect() itself): when another number of rows was touched
 * the whole call fails with code `otherwise` (static text), class TRANSIENT if it is "db.conflict" (the host then runs the hook again),
 * else BUSINESS. -1: any number. */
static inline bool wk_db_queue(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n,
                               int64_t expect_rows, const char *otherwise, struct wk_err *err)
{
    return wk_host->db_queue(call, sql, args, n, expect_rows, otherwise, err);
}
/* Suspends. Commit what the call has written and published so far and go on without a transaction (before talking to the outside). The
 * event's handled mark is not set yet: what follows runs again after a crash, so it must be safe to repeat. */
static inline bool wk_db_step(struct wk_call *call, struct wk_err *err) { return wk_host->db_step(call, err); }

/* One statement, committed at once by itself, whatever becomes of the call: attempts that are counted, marks of work begun. Suspends; call.wait_in_tx
 * (SYSTEM) while the call's transaction is open. What is queued is not sent. After a lost answer (db.commit_unknown) it may have happened. */
static inline bool wk_db_apart(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows,
                               struct wk_err *err)
{
    return wk_host->db_apart(call, sql, args, n, rows, err);
}

/* Rows: values in PostgreSQL's text form, NUL-terminated, in the call's memory. Out of range is a bug and reads as NULL / 0 / nil, as SQL NULL does.
 * None suspends. wk_rows_affected(): rows that an INSERT, UPDATE or DELETE touched. */
static inline size_t wk_rows_count(const struct wk_rows *rows) { return wk_host->rows_count(rows); }
static inline int64_t wk_rows_affected(const struct wk_rows *rows) { return wk_host->rows_affected(rows); }
static inline const char *wk_rows_text(const struct wk_rows *rows, size_t row, size_t column) /* NULL: SQL NULL */
{
    return wk_host->rows_text(rows, row, column, NULL);
}
static inline struct wk_span wk_rows_span(const struct wk_rows *rows, size_t row, size_t column)
{
    struct wk_span s;

    s.data = wk_host->rows_text(rows, row, column, &s.len);
    return s;
}
static inline int64_t wk_rows_int(const struct wk_rows *rows, size_t row, size_t column)
{
    const char *text = wk_rows_text(rows, row, column);

    return text ? strtoll(text, NULL, 10) : 0;
}
static inline double wk_rows_double(const struct wk_rows *rows, size_t row, size_t column)
{
    const char *text = wk_rows_text(rows, row, column);

    return text ? strtod(text, NULL) : 0;
}
static inline bool wk_rows_bool(const struct wk_rows *rows, size_t row, size_t column)
{
    const char *text = wk_rows_text(rows, row, column);

    return text && *text == 't';
}
static inline struct wk_uuid wk_rows_id(const struct wk_rows *rows, size_t row, size_t column)
{
    struct wk_uuid id = {{0}};
    const char *text = wk_rows_text(rows, row, column);

    if (text)
        (void)wk_uuid_parse(text, &id);
    return id;
}
#endif
