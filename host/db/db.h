/* db.h - PostgreSQL from fibers: two pools of connections on one loop, and one call that sends a batch in one round trip.
 *
 * A fiber acquires a connection, executes batches on it and releases it. All functions that wait say so ("parks") and take a
 * deadline on the monotonic clock (wk_mono_us(); 0 = the pool's default, counted from now); the fiber's own deadline and
 * its cancellation end every wait too.
 * Life of a statement, and why so: docs/design/sql.md. Threads: the loop's only (one helper thread sends cancel requests).
 * Error codes: db.unavailable db.deadline db.conflict db.commit_unknown call.cancelled (TRANSIENT), db.unique (BUSINESS),
 * db.statement db.role db.conf (SYSTEM). No message carries a parameter's value. */
#ifndef WK_DB_H
#define WK_DB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/db.h>
#include <wakala/err.h>

struct event_base;
struct wk_db;
struct wk_conn;
struct wk_result; /* what one statement answered */
struct wk_listen;

/* Pools. */

enum wk_db_role {
    WK_DB_APP,  /* plugins' statements: search_path "pool", row-level security decides what it sees */
    WK_DB_HOST, /* the host's own: search_path "wakala" */
    WK_DB_ROLES,
};

enum { WK_DB_CLASSES = 3 }; /* of what wants a connection, as of events: 0 high (and requests), 1 normal, 2 low */

struct wk_db_pool_conf {
    const char *conninfo; /* libpq's; NULL = this pool is not used. A host name is looked up once, in wk_db_create */
    uint32_t min, max;    /* connections kept open, and at most; max 0 = 8, never above 500 */
    uint32_t statement_ms; /* default deadline of acquire and exec, and statement_timeout on the server; 0 = 5,000 */
    uint32_t lock_ms;      /* lock_timeout; 0 = 2,000 */
    uint32_t idle_tx_ms;   /* idle_in_transaction_session_timeout; 0 = 5,000 */
};

struct wk_db_conf {
    struct wk_db_pool_conf pool[WK_DB_ROLES];
    const char *application_name; /* NULL = "wakala" */
    uint32_t connect_timeout_ms;  /* 0 = 3,000 */
    uint32_t idle_ms;             /* connections above min are closed after this much idleness; 0 = 60,000 */
    uint32_t age_ms;              /* a connection is replaced after this, for backends only grow; 0 = 1 h, -10 % at random */
    uint32_t prepared_max;        /* prepared statements per connection; 0 = 1,000 */
    /* The machine-wide budget: asked before every connection is opened, told after it is closed. NULL = no limit. */
    bool (*budget_take)(void *arg);
    void (*budget_give)(void *arg);
    void *budget_arg;
    /* Both optional, on the loop's stack or a fiber's: one round trip was made; a pool went up or down (err only when down). */
    void (*on_trip)(void *arg, enum wk_db_role role);
    void (*on_state)(void *arg, enum wk_db_role role, bool is_up, const struct wk_err *err);
    void *on_arg;
};

/* Copies the conf; may block in DNS (start-up only), opens nothing but `min` connections in the background. */
struct wk_db *wk_db_create(struct event_base *base, const struct wk_db_conf *conf, struct wk_err *err);
void wk_db_destroy(struct wk_db *db); /* NULL allowed; no connection in use, nobody waiting, listeners stopped */

/* Parks until a connection is free: first come, first served, but a tenant (NULL = none) holds at most half of the pool, and a higher class goes
 * before up to 32 (normal) or 512 (low) others that came earlier: nobody waits for ever, and a flood of low delays nobody else.
 * db.unavailable at the deadline, or at once with retry_after_ms while the server is down and the next attempt is not due;
 * db.role when the role may do too much: superuser or BYPASSRLS, itself or by SET ROLE; for APP also owner of any table. */
struct wk_conn *wk_db_acquire(struct wk_db *db, enum wk_db_role role, unsigned cls, const struct wk_uuid *tenant, int64_t until_us,
                              struct wk_err *err);
/* NULL allowed. Never waits. A connection with an open transaction, or in doubt, is closed instead of reused.
 * Session state (advisory locks, SET without LOCAL) goes with it: undo it, or call wk_conn_discard() before. */
void wk_db_release(struct wk_conn *conn);
static inline void wk_conn_destroy(struct wk_conn *conn) { wk_db_release(conn); } /* for WK_AUTO(wk_conn) */
WK_DEFINE_AUTO(wk_conn)

/* Statements. */

struct wk_stmt {
    const char *schema; /* what search_path chooses when it runs ("" when it matters not) */
    const char *owner;  /* plugin, or "host" */
    const char *name;   /* unique inside the owner; another text under the same three names is refused (db.statement) */
    const char *text;   /* one statement; copied when prepared */
    bool is_binary;     /* results in binary format */
};

enum wk_exec_state {
    WK_EXEC_PENDING, /* sent or not, no answer: nothing is known */
    WK_EXEC_DONE,
    WK_EXEC_FAILED,  /* the first that failed; sqlstate says why */
    WK_EXEC_SKIPPED, /* behind the one that failed: not executed */
};

struct wk_exec {
    const struct wk_stmt *stmt;
    const struct wk_arg *args; /* text format but BYTES; borrowed until wk_conn_exec returns */
    size_t nargs;
    /* out */
    struct wk_result *result; /* the caller's: wk_result_free or wk_exec_clear; NULL when the batch failed */
    enum wk_exec_state state;
    char sqlstate[6];
};

enum wk_exec_end {
    WK_EXEC_SYNC,  /* ends the implicit transaction; inside BEGIN..COMMIT it keeps the transaction. Use this one */
    WK_EXEC_FLUSH, /* leaves even the implicit transaction open. No server timeout watches the pause that follows: sql.md */
};

/* Parks. Sends all items in one go and returns when every answer is in: one round trip (one more when statements had to be
 * prepared again, which happens only where nothing can run twice). Statements run in order; each is prepared at its first use on
 * this connection. False: err is the first item's that failed, no results are left, and what ran since the last commit is
 * undone (inside a transaction: once it is rolled back).
 * db.deadline, call.cancelled, db.unavailable: the connection is closed, the server told to stop. Whether a batch that writes
 * without BEGIN took effect is then unknown; with a COMMIT in it the code is db.commit_unknown.
 * A COMMIT that the server answered with ROLLBACK is an error too.
 * What no transaction undoes (session advisory locks) belongs in a batch of its own: preparing again repeats what stood before. */
bool wk_conn_exec(struct wk_conn *conn, struct wk_exec *items, size_t n, enum wk_exec_end end, int64_t until_us,
                  struct wk_err *err);
/* One statement, one trip, SYNC. `result` may be NULL. */
bool wk_conn_run(struct wk_conn *conn, const struct wk_stmt *stmt, const struct wk_arg *args, size_t nargs,
                 struct wk_result **result, int64_t until_us, struct wk_err *err);
/* Parks. Ends whatever is open, after an error too; no trip when nothing is. False: the connection is closed (release it). */
bool wk_conn_rollback(struct wk_conn *conn, int64_t until_us, struct wk_err *err);

bool wk_conn_in_transaction(const struct wk_conn *conn); /* explicit or implicit, failed or not */
bool wk_conn_is_alive(const struct wk_conn *conn);
void wk_conn_discard(struct wk_conn *conn); /* close it at release */
uint32_t wk_conn_trips(const struct wk_conn *conn); /* since it was acquired */
/* For who keeps a connection for its session's sake (advisory locks): called once, on the loop, when it breaks while held
 * and idle or while executing. Forgotten at release. */
void wk_conn_on_lost(struct wk_conn *conn, void (*lost)(void *arg), void *arg);

/* Results. Out of range is a bug and reads as NULL. */

size_t wk_result_rows(const struct wk_result *result);
size_t wk_result_columns(const struct wk_result *result);
const char *wk_result_text(const struct wk_result *result, size_t row, size_t column, size_t *len); /* len may be NULL */
bool wk_result_is_null(const struct wk_result *result, size_t row, size_t column);
int64_t wk_result_int(const struct wk_result *result, size_t row, size_t column); /* text format; NULL reads as 0 */
int64_t wk_result_affected(const struct wk_result *result); /* rows written, or read */
void wk_result_free(struct wk_result *result); /* NULL allowed */
void wk_exec_clear(struct wk_exec *items, size_t n); /* frees and forgets the results */

/* LISTEN. */

/* A connection of its own (role HOST) that reconnects by itself. `notify` runs on the loop's stack: payload NULL means
 * "listening since now": whatever was sent before may have been missed, look once. Never parks. */
struct wk_listen *wk_db_listen(struct wk_db *db, const char *channel, void (*notify)(void *arg, const char *payload),
                               void *arg, struct wk_err *err);
void wk_listen_stop(struct wk_listen *listen); /* NULL allowed */

/* Gauges and counters of one pool. */

struct wk_db_stats {
    uint32_t open, busy, idle, connecting, waiting; /* now */
    uint32_t waiting_max;
    bool is_down;         /* the last attempt to connect failed, and no connection is open */
    int64_t waited_us;    /* sum over all acquires */
    uint64_t acquires, acquire_failures;
    uint64_t connects, connect_failures, lost;
    uint64_t trips, statements, prepared, failures, deadlines, cancels, retries;
    struct wk_err last_error; /* why it could not connect; cls WK_OK when it can */
};
void wk_db_stats(const struct wk_db *db, enum wk_db_role role, struct wk_db_stats *out);
#endif
