/* internal.h - the parts of the log, for the files of host/event only. */
#ifndef WK_LOG_INTERNAL_H
#define WK_LOG_INTERNAL_H
#include "call/call.h"
#include "db/db.h"
#include "db/lane.h"
#include "event/log.h"
#include "event/text.h"
#include "guard/alerts.h"
#include "plugin/registry.h"

enum { CLASSES = WK_SHARE_CLASSES, SUBS_MAX = 64, BUCKETS = 4096, TENANT_BUCKETS = 1024, TRIES = 4 /* and so three retries */ };

struct position { /* a place in a lane: readers follow (xid, seq) */
    uint64_t xid;
    int64_t seq;
};
static inline bool position_before(struct position a, struct position b)
{
    return a.xid < b.xid || (a.xid == b.xid && a.seq < b.seq);
}

struct subscriber {
    const char *name, *pattern;
    const struct wk_sub *sub;       /* NULL: the host's own */
    const struct wk_plugin *plugin; /* NULL: the host */
    bool (*host)(struct wk_log *log, const struct wk_event *event, struct wk_err *err); /* NULL with no sub: the on_message chain */
    uint32_t deadline_ms;
    enum wk_from from;
    struct position start;
};

struct entry { /* one event in memory, one block with its texts */
    struct entry *next; /* in its reader's list */
    struct position at;
    struct position before; /* held ones: the event before it in its lane */
    uint64_t receipt;   /* it came by the bus: acknowledged when it is settled; 0: read from the log */
    uint32_t refs;      /* the list, and each key queue it stands in */
    uint64_t pending;   /* bit per subscriber that is not done with it */
    uint64_t marked;    /* bit per subscriber that committed a mark */
    struct wk_uuid tenant;
    struct wk_event event;
    unsigned cls, lane;
};
struct mark { /* this subscriber's commit has handled it */
    uint32_t sub;
    int64_t seq;
};
struct marks {
    struct mark *item;
    size_t n, room;
};
struct reader { /* one class of one lane */
    struct position whole;   /* all of it up to here has been read, or is not there */
    struct position last;    /* the last event of it that was read */
    struct position done;    /* every event up to here is finished by all */
    struct position written; /* last cursor in the database */
    struct entry *first, **end;
    uint32_t count;
    int64_t written_seq;     /* where the log was then */
    int64_t written_us;      /* when, monotonic */
    bool is_full; /* its memory: read again when half of it is empty */
    bool is_tail; /* follows the end of the log together with the others; else it lags behind and is read by itself */
    bool is_carried;      /* deliveries of the bus go on where it stands: not scanned at all */
    struct entry *held;   /* deliveries behind a gap, or behind a full memory; at most a prefetch of them */
    int64_t delivered_us; /* the last one, monotonic */
    uint64_t ack;         /* receipt up to which all is settled */
    struct position cursor[SUBS_MAX]; /* where each subscriber was when the lane was taken */
    struct marks old, drop; /* found at takeover: already handled; to be removed with the next cursor write */
};
struct lane {
    bool is_owned, is_leaving; /* leaving: nothing new is begun, and when its handlers have ended it is given back */
    uint32_t running;          /* handlers at work */
    uint64_t epoch;
    struct reader reader[CLASSES];
};

enum keyq_state { KEYQ_IDLE, KEYQ_READY, KEYQ_RUNNING, KEYQ_WAITING };
struct link { /* an entry in a key queue */
    struct link *next;
    struct entry *entry;
};
struct keyq { /* one subscriber's work for one (tenant, key): one fiber at a time, in order */
    struct keyq *chain;           /* in its bucket */
    struct keyq *next;            /* in its tenant's ready list of its class */
    struct tenant_work *work;     /* its tenant's */
    uint32_t sub;
    unsigned cls, lane;
    struct wk_uuid tenant;
    enum keyq_state state;
    struct link *first, **end;
    uint32_t attempts;            /* of the first, in memory (database away, wk_later) */
    bool is_blocked;              /* rows of this key lie in wakala.parked */
    bool is_orphan;               /* its lane went while it ran: out of the buckets, ends by itself */
    bool must_park;               /* waits for a time, and the lane is full behind it: park it instead */
    int64_t next_us;              /* WAITING or blocked: when to try again, database clock; 0: as soon as possible */
    struct wk_fiber *fiber;
    size_t key_len;
    char key[];
};
struct ready {
    struct keyq *first, **end;
};
struct tenant_work { /* what a tenant has to do; lives while it has a key queue */
    struct tenant_work *chain;         /* in its bucket */
    struct tenant_work *next[CLASSES]; /* in the round of a class */
    bool is_listed[CLASSES];           /* in that round */
    struct wk_uuid tenant;
    uint32_t keys, running;            /* its key queues; its handlers at work */
    uint32_t running_of[CLASSES];
    struct ready ready[CLASSES];
};
struct round { /* tenants that may run a key of this class, the next one first */
    struct tenant_work *first, **end;
};

struct carry;
struct wk_log {
    struct wk_log_conf conf;
    struct wk_engine *engine;
    struct wk_dbserver *server; /* whose log this is */
    struct subscriber sub[SUBS_MAX];
    size_t subs;
    bool has_listeners; /* some plugin has on_message; else a message that is stored is done, without a fiber to find nobody */
    struct lane lane[WK_LANES];
    struct position tail[CLASSES]; /* readers at the tail of a class have read everything of it up to here */
    bool is_followed[CLASSES]; /* somebody is there */
    int64_t last_seq;          /* the highest that was seen */
    bool is_reading;           /* no gap since the last look: no lane of ours, no look */
    bool has_news, is_behind;  /* something was published; the last read stopped at an unfinished writer */
    struct keyq *bucket[BUCKETS];
    struct tenant_work *tenant[TENANT_BUCKETS];
    struct round round[CLASSES];
    struct wk_conn *locks; /* its session holds the advisory locks of our lanes */
    struct carry *carry;   /* NULL: no plugin provides a bus */
    struct wk_fiber *keeper, *read_fiber, *timer_fiber, *cursor_fiber, *relay_fiber;
    bool is_draining, is_started, are_locks_lost, is_parked_stale, is_clock_stale;
    uint32_t fibers;       /* background fibers alive */
    struct wk_fiber *drainer;
    int64_t next_active_us; /* monotonic: when our subscriptions are said to be active again */
    unsigned owners, surplus_owners; /* logs that run, on all machines */
    int64_t surplus_until_us; /* lanes beyond our share that nobody wanted are kept until then */
    unsigned turn, lane_turn;
    uint32_t running_of[CLASSES]; /* handlers at work */
    struct wk_event_stats stats;
};

/* read.c */
struct range { /* one class, from a place on, all lanes */
    unsigned cls;
    bool is_tail;        /* for those who follow the end of the class */
    struct position from;
    uint64_t mask;       /* lanes whose payload is wanted */
    uint32_t limit;      /* rows */
    /* after the look */
    struct position reached;
    uint32_t rows;
    bool is_cut;         /* there may be more */
};
struct scan { /* one look at the log: one statement. {0} to begin with */
    struct range range[2 * CLASSES];
    unsigned n;
    struct text text[5];
    struct wk_arg args[5];
};
struct range *scan_add(struct scan *s, unsigned cls, struct position from, uint64_t mask, uint32_t limit); /* at most 2 * CLASSES */
struct wk_exec scan_item(struct scan *s);                                        /* s stays until it has been executed */
struct range *scan_row(struct scan *s, const struct wk_result *result, size_t row); /* whose event that is; NULL: the row has none */
bool scan_end(struct scan *s, const struct wk_result *result, bool is_whole);    /* sets is_cut, and how far those have come that were not; true: behind a writer */
void scan_finish(struct scan *s);
struct entry *entry_create(const struct wk_result *result, size_t row, unsigned cls);
void reader_add(struct wk_log *log, struct reader *r, struct entry *e);          /* the next one of this lane: takes it over */
void reader_rest(struct reader *r, uint64_t receipt);                            /* a receipt without an entry, settled with what is before it */
bool reader_may(const struct wk_log *log, unsigned lane);
void log_read_loop(void *arg);
struct entry *entry_ref(struct entry *e);
void entry_unref(struct entry *e);
void reader_settle(struct wk_log *log, struct reader *r);
void reader_clear(struct reader *r);
bool marks_add(struct marks *to, struct mark mark);
/* lanes.c */
void log_keep_loop(void *arg);
void log_lose_lane(struct wk_log *log, unsigned lane);
void log_publish_lanes(struct wk_log *log);
void log_leave(struct wk_log *log, unsigned n); /* begin to give n lanes back, those at rest first */
bool log_part(struct wk_log *log, struct wk_err *err); /* count no longer among the owners */
bool log_give_quiet(struct wk_log *log, struct wk_err *err); /* give back leaving lanes whose handlers have ended */
/* carry.c: deliveries of the bus */
bool carry_open(struct wk_log *log, struct wk_err *err); /* begins to connect; true without a bus */
void carry_close(struct wk_log *log);                    /* after the last handler: what is settled is acknowledged */
void carry_destroy(struct wk_log *log);
void carry_own(struct wk_log *log);                      /* the lanes we own have changed */
void carry_settled(struct wk_log *log, unsigned cls, unsigned lane);
void carry_held(struct wk_log *log, struct reader *r);   /* take what now goes on where the reader stands */
void carry_scanned(struct wk_log *log, unsigned cls, unsigned lane); /* a scan has come up to the end for it */
/* relay.c: from the log to the bus, and how far it has come */
void log_relay_loop(void *arg);
bool relay_keep(struct wk_log *log, struct wk_err *err); /* by the keeper: take the relay, or give it back. False: the session is in doubt */
bool relay_is_ours(const struct wk_log *log);
void relay_lost(struct wk_log *log);                     /* the session of its lock is gone */
void relay_news(struct wk_log *log);
/* dispatch.c */
void log_offer(struct wk_log *log, struct entry *e);
void log_run_ready(struct wk_log *log);
void log_wake_waiting(struct wk_log *log);
void log_drop_lane_work(struct wk_log *log, unsigned lane, bool cancel);
struct keyq *keyq_get(struct wk_log *log, uint32_t sub, const struct wk_uuid *tenant, const char *key, unsigned cls, unsigned lane);
void keyq_ready(struct wk_log *log, struct keyq *q);
void keyq_done(struct wk_log *log, struct keyq *q, bool was_marked);
/* fair.c */
/* How many of n handlers a class may have: all, seven eighths, half. The rest is there at once for who is higher. */
static inline uint32_t class_max(uint32_t n, unsigned cls) { return cls == WK_HIGH ? n : cls == WK_NORMAL ? n - n / 8 : (n + 1) / 2; }
static inline uint32_t tenant_max(const struct wk_log *log) { return log->conf.max_running > 4 ? log->conf.max_running / 4 : 1; }
struct tenant_work *fair_join(struct wk_log *log, const struct wk_uuid *tenant); /* for one key queue; NULL without memory */
void fair_leave(struct wk_log *log, struct tenant_work *w);
void fair_ready(struct wk_log *log, struct keyq *q);
struct keyq *fair_next(struct wk_log *log, unsigned cls); /* taken out; NULL: nobody of this class may run now */
void fair_began(struct wk_log *log, struct keyq *q);
void fair_ended(struct wk_log *log, struct keyq *q);
void fair_drop_lane(struct wk_log *log, unsigned lane); /* its keys are no longer ready */
/* handle.c */
enum handled { HANDLED_DONE, HANDLED_MARKED, HANDLED_LATER, HANDLED_AGAIN, HANDLED_FAILED, HANDLED_DEAD, HANDLED_STOPPED };
struct work { /* what a handler is given */
    const struct wk_uuid *tenant;
    const struct wk_event *event;
    uint64_t xid; /* the event's place in the log; 0: it came with its tenant from another server */
    unsigned cls, lane;
    bool is_parked; /* from wakala.parked: its row is the mark */
    bool is_asked;  /* an operator wants it, whatever its age */
};
enum handled log_handle(struct wk_log *log, const struct subscriber *s, const struct work *work, int64_t *later_us, struct wk_err *err);
/* park.c */
bool park_event(struct wk_log *log, const struct subscriber *s, const struct entry *e, uint32_t attempts, int64_t next_us,
                const struct wk_err *why, struct wk_err *err); /* at its first parking; later its row is changed */
bool bury_event(struct wk_log *log, const struct subscriber *s, const struct wk_uuid *tenant, const struct wk_event *event, uint64_t xid, unsigned cls,
                unsigned lane, uint32_t attempts, const struct wk_err *why, bool is_first, struct wk_err *err);
bool parked_work(struct wk_log *log, struct keyq *q); /* runs what is due; false: nothing lies there any more */
bool parked_load(struct wk_log *log, uint64_t lanes, struct wk_err *err);
int64_t backoff_us(uint32_t attempts);
/* clean.c */
bool clean_start(struct wk_log *log, struct wk_err *err); /* arms the timers of all jobs */
bool clean_run(struct wk_log *log, const struct wk_event *event, struct wk_err *err); /* subscriber host.cleanup */
bool clean_again(struct wk_log *log, const struct wk_event *event, struct wk_err *err); /* its event has expired: the next one soon */
/* timers.c, cursors.c */
void log_timer_loop(void *arg);
void alert_publish(struct wk_log *log); /* what is due of the machine's alerts; parks */
/* For the operator, unless `type` is an event that tells of errors itself. */
void alert_of(struct wk_log *log, enum wk_severity severity, const char *service, const char *type, const char *error);
void log_cursor_loop(void *arg);
bool cursors_write(struct wk_log *log, struct wk_err *err);
bool cursors_load(struct wk_log *log, uint64_t lanes, struct wk_err *err);
/* log.c */
bool log_pause(struct wk_log *log, const char *why, uint32_t ms); /* background fibers; false: the log is draining */
bool log_exec(struct wk_log *log, struct wk_exec *items, size_t n, struct wk_err *err); /* host role, one trip */
#endif
