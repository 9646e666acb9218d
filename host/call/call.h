/* call.h - the host's side of struct wk_call: who runs, for whom, with what memory, and its one transaction.
 * docs/design/call.md tells why. A call is used by one fiber; everything that waits parks that fiber. */
#ifndef WK_HOST_CALL_H
#define WK_HOST_CALL_H
#include <wakala/plugin.h>
#include "call/arena.h"
#include "call/engine.h"
#include "db/barray.h"
#include "db/db.h"
#include "observe/trace.h"
#include "share/share.h"
#include "tenant/directory.h"

struct wk_plugin;
struct wk_queued;
struct wk_stale;
struct wk_registry;
struct wk_http;

struct wk_frame { /* whose code runs: settings, secrets, logs and blame are this plugin's */
    struct wk_frame *below;
    const struct wk_plugin *plugin;
};

struct wk_call {
    struct wk_engine *engine;
    struct wk_arena arena;
    const struct wk_tenant_ref *tenant; /* counted; NULL: none */
    unsigned home;                      /* index of the server whose log this is about; main for all else. It works on its tenant's */
    struct wk_principal principal;
    bool may_set_principal;
    struct wk_frame *frame, *spare; /* spare: for the services that are called; deeper ones take memory of the call */
    struct wk_frame frames[8];
    const char *hook;
    int64_t until_us; /* monotonic */
    struct wk_trace trace;
    struct wk_blame blame; /* of the frames while the fiber is parked */
    /* the transaction */
    struct wk_conn *conn;  /* held from the first write to the commit */
    int64_t tx_until_us;
    struct wk_queued *queue, **queue_end;
    size_t queued;
    unsigned trips;
    uint64_t published[WK_SHARE_CLASSES]; /* lanes to wake after the commit */
    struct wk_uuid published_id;           /* of the last event */
    struct wk_stale *stale;                /* what the commit makes untrue in the cache */
    bool is_doubtful;                      /* a commit's answer was lost */
    bool is_failed;                        /* something could not be queued: the commit will refuse */
    struct wk_err failure;
    /* what it is about */
    const struct wk_event *event;
    const char *sub;       /* subscription whose handled mark the commit sets; NULL: none */
    unsigned cls, lane;
    bool is_parked;        /* the event comes from wakala.parked: its row is the mark */
    int64_t later_us;      /* wk_later: 0 = not asked */
    const struct wk_message *message;
    const struct wk_plugin *culprit; /* whose on_message failed */
    const struct wk_err *given_up; /* why this message is run only to tell the person; NULL: to be handled */
    struct wk_http *http;
    const char *weighed; /* plugin whose kept memory is measured by this call; NULL: not this time */
    int64_t heap_bytes, weight; /* before it; for how many calls it stands */
};

struct wk_call_spec {
    const char *hook;      /* "on_event", "GET /v1/orders": static or longer-lived than the call */
    const struct wk_plugin *plugin;
    const struct wk_uuid *tenant; /* NULL: none */
    const struct wk_uuid *message; /* event id for blame; NULL: none */
    const char *ref;       /* for people */
    const char *traceparent; /* NULL: new trace */
    size_t traceparent_len;
    uint32_t deadline_ms;
    unsigned home; /* index of the server whose event this is; 0 otherwise */
};
/* On a fiber. False: no such tenant, or memory. `call` is the caller's storage (on the fiber's stack). */
bool wk_call_init(struct wk_call *call, struct wk_engine *engine, const struct wk_call_spec *spec, struct wk_err *err);
void wk_call_finish(struct wk_call *call); /* rolls back what was not committed */
/* Commit what was written and queued; sets the handled mark of call->sub when `mark` and anything was written. No trip when there is
 * nothing. call.handled (BUSINESS): another owner had already set the mark: nothing of ours was kept, and nothing need be. */
bool wk_call_commit(struct wk_call *call, bool mark, struct wk_err *err);
void wk_call_rollback(struct wk_call *call);
bool wk_call_in_tx(const struct wk_call *call);
/* The server with its tenant's data; without a tenant, its home. */
static inline unsigned wk_call_server_index(const struct wk_call *call) { return call->tenant ? call->tenant->server : call->home; }
static inline struct wk_dbserver *wk_call_server(const struct wk_call *call) { return &call->engine->server[wk_call_server_index(call)]; }
bool wk_call_db_apart(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows, struct wk_err *err);
bool wk_call_tenancy(struct wk_call *call, int what, const struct wk_uuid *tenant, const char *asked, const char **answer, struct wk_err *err);
bool wk_call_audit(struct wk_call *call, const char *action, const char *object, const char *detail_json, struct wk_err *err);
/* False with call.wait_in_tx when a transaction is open: only the database may be waited for then. */
bool wk_call_may_wait(struct wk_call *call, const char *what, struct wk_err *err);
void wk_call_enter(struct wk_call *call, struct wk_frame *frame, const struct wk_plugin *plugin, const char *hook);
void wk_call_leave(struct wk_call *call, struct wk_frame *frame);
const struct wk_plugin *wk_call_plugin(const struct wk_call *call);
/* Queue one statement of the host itself (schema-qualified text). Arguments are copied. */
bool wk_call_queue_host(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_err *err);
void wk_uuid7(int64_t now_us, struct wk_uuid *out);

/* events.c: queued publications that stand next to each other go as one statement. */
enum { WK_BULK_ARRAYS = 7, WK_BULK_MAX = 500 };
struct wk_bulk {
    struct wk_bulk *next;
    struct wk_stmt stmt;
    struct barray arrays[WK_BULK_ARRAYS];
    struct wk_arg args[WK_BULK_ARRAYS + 1];
};
bool wk_call_is_publish(const struct wk_stmt *stmt);
bool wk_call_publish_all(const struct wk_arg *const *events, size_t n, const char *schema, struct wk_bulk *bulk); /* false: no memory */

/* cached.c: after a commit (tell) or a rollback (drop) */
void wk_call_tell_stale(struct wk_call *call);
void wk_call_drop_stale(struct wk_call *call);
bool wk_call_may_keep(const struct wk_call *call); /* has a tenant, and nothing written or queued that a kept value would not show */
/* The rows of a read that declares a lifetime, as bytes for wk_kept_rows_open(). `read` runs it in a trip of its own. */
bool wk_call_kept_read(struct wk_call *call, const struct wk_query *query, const char *schema,
                       bool (*read)(struct wk_call *call, const struct wk_query *query, struct wk_result **result, struct wk_err *err),
                       struct wk_span *bytes, struct wk_err *err);

struct wk_rows_table { /* how plugins read results */
    size_t (*count)(const struct wk_rows *rows);
    const char *(*text)(const struct wk_rows *rows, size_t row, size_t column, size_t *len);
    int64_t (*affected)(const struct wk_rows *rows);
};
extern const struct wk_rows_table wk_rows_table;

extern const struct wk_host wk_host_table; /* what plugins get: host_table.c */
void wk_host_table_bind(const struct wk_engine *engine);
/* host_table.c's parts, by room */
bool wk_call_db_read(struct wk_call *, const struct wk_sql *, const struct wk_arg *, size_t, struct wk_rows **, struct wk_err *);
bool wk_call_db_read_all(struct wk_call *, struct wk_query *, size_t, struct wk_err *);
bool wk_call_db_write(struct wk_call *, const struct wk_sql *, const struct wk_arg *, size_t, struct wk_rows **, struct wk_err *);
bool wk_call_db_queue(struct wk_call *, const struct wk_sql *, const struct wk_arg *, size_t, int64_t, const char *, struct wk_err *);
bool wk_call_db_step(struct wk_call *, struct wk_err *);
bool wk_call_publish(struct wk_call *, const char *, const char *, const char *, size_t, struct wk_err *);
bool wk_call_schedule(struct wk_call *, const char *, const char *, int64_t, bool, const char *, const char *, size_t, struct wk_err *);
bool wk_call_unschedule(struct wk_call *, const char *, const char *, struct wk_err *);
bool wk_call_later(struct wk_call *, int64_t, struct wk_err *);
bool wk_call_once(struct wk_call *, const char *, bool *, struct wk_err *);
bool wk_call_timers(struct wk_call *, const char *, struct wk_timer *, size_t, size_t *, struct wk_err *);
bool wk_call_reply(struct wk_call *, const struct wk_outgoing *, struct wk_err *);
bool wk_call_send(struct wk_call *, const char *, const char *, const char *, const struct wk_outgoing *, struct wk_err *);
bool wk_call_fetch(struct wk_call *, const struct wk_fetch *, struct wk_fetched *, struct wk_err *);
void *wk_call_json_parse(struct wk_call *, const char *, size_t, struct wk_err *);
bool wk_call_cache_get(struct wk_call *, const struct wk_cache_spec *, wk_cache_load, void *, struct wk_span *, struct wk_err *);
bool wk_call_cache_invalidate(struct wk_call *, const char *, struct wk_err *);
#endif
