/* internal.h - what the files of this room share: pools, connections, the batch in progress. Nobody else includes it.
 * A connection belongs to its pool; while `holder` state is CONN_HELD the fiber that acquired it may use it. A broken one is closed
 * at once (pg is NULL) but its struct stays until it is released. */
#ifndef WK_DB_INTERNAL_H
#define WK_DB_INTERNAL_H
#include "db/db.h"
#include "db/prepared.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <libpq-fe.h>
#include <sys/queue.h>

struct wk_fiber;
struct wk_canceller;

enum conn_state {
    CONN_CONNECTING, /* libpq's handshake */
    CONN_SETUP,      /* session settings and the role check are under way */
    CONN_IDLE,
    CONN_HELD,
};

enum step_kind { STEP_ITEM, STEP_PREPARE, STEP_DEALLOCATE, STEP_DEALLOCATE_ALL, STEP_SYNC };
struct step { /* one command of the pipeline, in the order sent */
    enum step_kind kind;
    size_t item; /* the one it was sent for */
    struct wk_prepared *prepared;
};

struct job { /* the batch in progress; lives on the fiber's stack */
    struct wk_fiber *fiber;
    struct wk_exec *items;
    size_t n;
    enum wk_exec_end end;
    struct step *steps;
    size_t step_count, step_next;
    bool is_step_seen; /* the step's result has come, its NULL has not */
    bool is_done;
    bool has_commit, is_commit_answered; /* a COMMIT was handed to libpq; the server's answer to it is known */
    bool has_ended; /* a COMMIT or ROLLBACK of this batch took effect: nothing may run twice */
    bool is_stale;  /* failed for its prepared statements only */
    bool has_failed; /* err is filled; what follows is skipped */
    struct wk_err err;
};

struct wk_conn {
    struct wk_pool *pool;
    TAILQ_ENTRY(wk_conn) all, idle;
    enum conn_state state;
    PGconn *pg; /* NULL: closed */
    struct event io, write, timer; /* io: the handshake's, later the persistent read event */
    bool has_io, has_write;
    int64_t opened_us, idle_us, replace_us;
    struct wk_share *share; /* the tenant it counts for */
    struct wk_prepared_set prepared;
    struct job *job;
    bool in_tx;        /* as of the last answer */
    bool needs_sync;   /* the pipeline waits for a Sync: after FLUSH, or after an error behind it */
    bool is_discarded; /* close at release */
    bool has_setup_row;
    uint32_t trips;
    void (*lost)(void *arg);
    void *lost_arg;
    struct wk_err why; /* why it is closed */
    struct step *steps; /* scratch of wk_conn_exec, grown on demand */
    size_t steps_max;
    struct wk_params *params;
};

struct wk_waiter { /* on the stack of the fiber that acquires */
    TAILQ_ENTRY(wk_waiter) all, turn; /* turn: in a queue of the pool, or of its tenant */
    struct wk_fiber *fiber;
    struct wk_share *share;
    uint64_t ticket;
    unsigned cls;
    bool is_eligible;
    struct wk_conn *conn;
    bool has_failed;
    struct wk_err err;
};
TAILQ_HEAD(wk_waiters, wk_waiter);
TAILQ_HEAD(wk_conns, wk_conn);

struct wk_share { /* one tenant's part of a pool, while it has any */
    LIST_ENTRY(wk_share) link;
    struct wk_uuid tenant;
    uint32_t claims; /* connections held and waiters in the pool's queues: at most half of the pool */
    struct wk_waiters blocked[WK_DB_CLASSES]; /* beyond that, in their order */
};

enum { SHARE_BUCKETS = 256 };

struct wk_pool {
    struct wk_db *db;
    enum wk_db_role role;
    struct wk_db_pool_conf conf; /* defaults filled in; conninfo unused */
    char **keys, **values;       /* for PQconnectStartParams */
    struct wk_conns conns, idle;
    uint32_t open, idle_count, connecting; /* open: usable, idle or held */
    struct wk_waiters waiters, queue[WK_DB_CLASSES]; /* all; those whose turn it may be, by class */
    uint32_t waiting, queued;
    uint64_t next_ticket;
    LIST_HEAD(, wk_share) shares[SHARE_BUCKETS];
    uint32_t fails; /* attempts to connect that failed in a row */
    int64_t retry_us; /* not before */
    struct event retry, trim;
    bool is_up, was_reported;
    bool is_closing;
    struct wk_db_stats stats; /* the counters only */
};

struct wk_db {
    struct event_base *base;
    struct wk_db_conf conf; /* pool[] and strings unused */
    char *application_name;
    struct wk_pool *pools[WK_DB_ROLES];
    struct wk_canceller *canceller;
    uint64_t random;
};

/* pool.c */
void wk_pool_pump(struct wk_pool *pool); /* hand out what is idle, open what is missing */
void wk_pool_opened(struct wk_conn *conn);
void wk_pool_open_failed(struct wk_pool *pool, const struct wk_err *err);
uint32_t wk_db_jitter(struct wk_db *db, uint32_t ms); /* between half of ms and ms */

/* conninfo.c: parse and look host names up (blocks); frees with wk_conninfo_free. */
bool wk_conninfo_parse(const char *conninfo, const char *application_name, char ***keys, char ***values,
                       struct wk_err *err);
void wk_conninfo_free(char **keys, char **values);

/* connect.c */
bool wk_conn_open(struct wk_pool *pool, struct wk_err *err); /* the answer comes by wk_pool_opened or wk_pool_open_failed */
void wk_conn_close(struct wk_conn *conn, const struct wk_err *why); /* breaks it; frees it unless it is held */
void wk_conn_free(struct wk_conn *conn);

/* exec.c: out */
void wk_conn_on_writable(evutil_socket_t fd, short what, void *arg);
bool wk_stmt_is_commit(const struct wk_stmt *stmt);
bool wk_stmt_is_end(const struct wk_stmt *stmt); /* COMMIT or ROLLBACK */

/* answer.c: back */
void wk_job_pump(struct wk_conn *conn); /* read what has come */
void wk_job_lost(struct wk_conn *conn, const char *what);
void wk_job_settle(struct job *job); /* what is true of a batch whose connection broke */

/* errors.c */
/* What wakala.expect() or wakala.refuse() raised, as the code it was given ("code", or "code: what is told"): BUSINESS, db.conflict TRANSIENT. False: it
 * was something else, and err is as it was. */
bool wk_pg_refused(struct wk_err *err, const PGresult *result);
bool wk_pg_fail(struct wk_err *err, const PGresult *result, const struct wk_stmt *stmt);
bool wk_pg_lost(struct wk_err *err, const PGconn *pg, const char *what);
bool wk_pg_is_stale(const PGresult *result); /* nothing is wrong but the prepared statement */

/* params.c: arguments in the form libpq wants, valid until the next call. */
struct wk_params *wk_params_create(void);
void wk_params_destroy(struct wk_params *params);
bool wk_params_encode(struct wk_params *params, const struct wk_arg *args, size_t n, struct wk_err *err);
const char *const *wk_params_values(const struct wk_params *params);
const int *wk_params_lengths(const struct wk_params *params);
const int *wk_params_formats(const struct wk_params *params);
size_t wk_params_bytes(const struct wk_params *params);

/* cancel.c: tell servers to stop, from a thread of its own, for PQcancel blocks. */
struct wk_canceller *wk_canceller_create(void);
void wk_canceller_destroy(struct wk_canceller *canceller);
bool wk_canceller_send(struct wk_canceller *canceller, PGconn *pg);
#endif
