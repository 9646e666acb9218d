/* share.h - the memory that the master and all workers share: who lives, what each is doing, counters, wake-ups.
 * One memfd, made by the master before the first fork and inherited (with the wake eventfds) by every worker. It outlives
 * workers, so what a killed worker last wrote can still be read: blame, counters, connections it held.
 * Threads: the loop's thread of each process; cells are atomics, so no process can block another by dying.
 * Docs: docs/design/reload.md. */
#ifndef WK_SHARE_H
#define WK_SHARE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <wakala/base.h>
#include <wakala/err.h>

enum {
    WK_SHARE_SLOTS = 144,      /* workers alive at once, all generations together: twice host.workers and some */
    WK_BLAME_DEPTH = 8,        /* hook -> service -> service ...: deeper frames are counted, not named */
    WK_SHARE_DEPS = 8,         /* outside systems a worker reports on */
    WK_SHARE_SUSPECTS = 32,    /* plugins whose kept memory a worker reports */
    WK_SHARE_BUDGETS = 8,      /* database servers with a connection budget of their own */
    WK_SHARE_CLASSES = 3,      /* wk_priority */
};

enum wk_slot_state { WK_SLOT_FREE, WK_SLOT_STARTING, WK_SLOT_READY, WK_SLOT_DRAINING };

/* One hook (or service) being run. Strings are cut to fit. */
struct wk_blame_frame {
    char plugin[32], hook[32];
    struct wk_uuid tenant;  /* nil: none */
    struct wk_uuid message; /* event id; nil: none. Deaths are counted by it */
    char ref[48];           /* for people: "POST /v1/orders", "on-payment"; no phone number, no token */
    int64_t started_us;     /* monotonic */
};
struct wk_blame { /* outermost first; depth may exceed WK_BLAME_DEPTH */
    uint32_t depth;
    uint32_t reserved;
    struct wk_blame_frame frame[WK_BLAME_DEPTH];
};
struct wk_share_dep {
    char name[24]; /* "postgres", "redis" */
    bool is_ok, is_degraded; /* degraded: works, with less (slower, fallback) */
    uint32_t latency_ms;
};
struct wk_share_suspect {
    char plugin[32];
    int64_t bytes; /* still held after its hooks returned: grows when it leaks */
};
struct wk_slot_info { /* a copy for readers */
    pid_t pid;
    uint32_t slot, generation, index;
    enum wk_slot_state state;
    int64_t heartbeat_us, started_us, rss_bytes; /* monotonic */
    uint32_t conns_idle, conns_busy, fibers;
    struct wk_share_dep dep[WK_SHARE_DEPS];
    struct wk_share_suspect suspect[WK_SHARE_SUSPECTS];
};

struct wk_share;

/* --- life ----------------------------------------------------------------------------------------------------------- */
struct wk_share *wk_share_create(struct wk_err *err);               /* the master, before any fork */
struct wk_share *wk_share_open(int fd, uint32_t slot, struct wk_err *err); /* a worker: fd and its slot from argv */
void wk_share_close(struct wk_share *share);                        /* NULL allowed */
int wk_share_fd(const struct wk_share *share);
void wk_share_inherit(const struct wk_share *share); /* between fork and exec: share fd and wake fds survive exec */
/* The share of this process for code without a handle (blame, metrics); set by create and open. NULL in unit tests that
 * made none: then blame and wakes do nothing and metrics count in private memory. */
struct wk_share *wk_share_self(void);
int64_t wk_share_mono_us(void); /* CLOCK_MONOTONIC, the clock of every time in here */
uint64_t wk_share_hash(const void *data, size_t len); /* FNV-1a, mixed; never 0; not for hostile keys */

/* --- slots: the master gives and takes back -------------------------------------------------------------------------- */
int wk_share_slot_take(struct wk_share *share, uint32_t generation, uint32_t index); /* -1: all taken */
void wk_share_slot_set_pid(struct wk_share *share, uint32_t slot, pid_t pid);
void wk_share_slot_set_rss(struct wk_share *share, uint32_t slot, int64_t bytes);
void wk_share_slot_free(struct wk_share *share, uint32_t slot); /* after waitpid: also returns what it held */
bool wk_share_slot_get(const struct wk_share *share, uint32_t slot, struct wk_slot_info *out); /* false: free */
bool wk_share_slot_blame(const struct wk_share *share, uint32_t slot, struct wk_blame *out); /* false: nothing was running */

/* --- a worker about itself (all plain stores) ------------------------------------------------------------------------ */
void wk_share_beat(struct wk_share *share); /* from the loop every 200 ms; before it is 2 s old the worker is killed */
void wk_share_set_state(struct wk_share *share, enum wk_slot_state state);
void wk_share_set_load(struct wk_share *share, uint32_t conns_idle, uint32_t conns_busy, uint32_t fibers);
void wk_share_set_dep(struct wk_share *share, const char *name, bool is_ok, bool is_degraded, uint32_t latency_ms);
void wk_share_suspect(struct wk_share *share, const char *plugin, int64_t bytes_kept); /* adds; may be negative */

/* --- blame: what this process runs right now -------------------------------------------------------------------------- */
/* A fiber that parks takes its frames out (save) and puts them back when it runs again (restore), so the slot always names
 * the code on the CPU. */
void wk_blame_enter(const char *plugin, const char *hook, const struct wk_uuid *tenant, const struct wk_uuid *message,
                    const char *ref); /* tenant, message, ref may be NULL: taken over from the frame below */
void wk_blame_leave(void);
void wk_blame_save(struct wk_blame *out); /* copies only the frames in use, and clears the slot */
void wk_blame_restore(const struct wk_blame *saved);

/* --- wake-ups between workers of this machine -------------------------------------------------------------------------- */
/* Lanes (0..63) of each class this worker owns now; only owners are woken. */
void wk_share_set_lanes(struct wk_share *share, unsigned cls, uint64_t lanes);
/* "There are new events in these lanes of cls": wakes the other workers that own one. One write(2) per sleeper, none while
 * its wake is still unread. */
void wk_share_wake_others(struct wk_share *share, unsigned cls, uint64_t lanes);
int wk_share_wake_fd(const struct wk_share *share); /* eventfd, non-blocking: readable = call wake_take */
void wk_share_wake_take(struct wk_share *share, uint64_t lanes[WK_SHARE_CLASSES]);

/* --- tag versions (cache invalidation) --------------------------------------------------------------------------------- */
uint64_t wk_share_tag(const struct wk_share *share, const void *tag, size_t len); /* two tags may share a cell: only a miss */
void wk_share_tag_bump(struct wk_share *share, const void *tag, size_t len);
/* The same by the cell, for whoever looks often. */
uint32_t wk_share_tag_cell(const void *tag, size_t len);
uint64_t wk_share_cell(const struct wk_share *share, uint32_t cell);
void wk_share_cell_bump(struct wk_share *share, uint32_t cell);
/* Invalidations that this machine has carried out, by the id of their event, so that hearing of one twice costs nothing. A few thousand are
 * remembered; one that was forgotten is only done again. */
void wk_share_heard(struct wk_share *share, const struct wk_uuid *id); /* after the cells */
bool wk_share_has_heard(const struct wk_share *share, const struct wk_uuid *id);
/* When a worker of this machine last read the log to its end: monotonic, 0 = never. */
void wk_share_set_log_read(struct wk_share *share, unsigned server);
int64_t wk_share_log_read_us(const struct wk_share *share, unsigned server);

/* --- connection budget --------------------------------------------------------------------------------------------------- */
/* Connections to server `budget` over all workers. A worker below `floor` always gets one, so a new generation can start
 * while the old one still holds the rest. A dead worker's come back with wk_share_slot_free. */
void wk_share_budget_set(struct wk_share *share, unsigned budget, uint32_t max, uint32_t floor);
bool wk_share_budget_take(struct wk_share *share, unsigned budget); /* false: try later, with jitter */
void wk_share_budget_give(struct wk_share *share, unsigned budget);
uint32_t wk_share_budget_used(const struct wk_share *share, unsigned budget);

/* --- poison: messages that kill -------------------------------------------------------------------------------------------- */
/* The master counts a death; true when the message is to be set aside (two by SEGV BUS ILL FPE ABRT SYS TRAP, five by KILL). */
bool wk_share_poison_count(struct wk_share *share, const struct wk_uuid *message, int sig);
bool wk_share_is_poison(const struct wk_share *share, const struct wk_uuid *message);
void wk_share_poison_forget(struct wk_share *share, const struct wk_uuid *message); /* after it lies in the dead letters */
#endif
