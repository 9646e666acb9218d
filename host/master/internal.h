/* internal.h - the master's own objects, shared by the files of this folder only. */
#ifndef WK_MASTER_INTERNAL_H
#define WK_MASTER_INTERNAL_H
#include "master/master.h"

#include <limits.h>
#include <sys/queue.h>

enum {
    WK_CRASHES_KEPT = 20,
    WK_RECYCLES_KEPT = 20,
    WK_TICK_MS = 100,
    WK_PROBLEMS_KEPT = 64,
    WK_QUARANTINE_MAX = 16,
};

struct event;
struct event_base;
struct wk_master;
struct wk_gen;

enum wk_proc_state { WK_PROC_STARTING, WK_PROC_READY, WK_PROC_DRAINING };

struct wk_proc { /* one worker process */
    LIST_ENTRY(wk_proc) link;
    struct wk_gen *gen;
    pid_t pid;
    uint32_t index, slot;
    enum wk_proc_state state;
    bool is_rehearsal;
    bool is_killed; /* by us: `why` says for what */
    bool is_quiet;  /* our kill is no crash: it never served */
    const char *why;
    struct wk_proc *replaces; /* drained as soon as this one is ready */
    int ready_fd, control_fd;
    struct event *ready_event;
    char *said; /* what came through the ready pipe */
    size_t said_len;
    int64_t started_us;
};

enum wk_gen_state { WK_GEN_STARTING, WK_GEN_ACTIVE, WK_GEN_DRAINING, WK_GEN_FAILED };

struct wk_gen {
    LIST_ENTRY(wk_gen) link;
    struct wk_master *master;
    uint32_t number;
    enum wk_gen_state state;
    char dir[PATH_MAX];
    struct wk_plan plan;
    LIST_HEAD(, wk_proc) procs;
    int listen_fd;
    int64_t started_us, drain_until_us;
    int64_t respawn_us[WK_WORKERS_MAX]; /* 0: not due */
    uint32_t recent; /* deaths within the last half minute, for the back-off */
    int64_t recent_since_us;
    struct { /* deaths by plugin within the crash window */
        char plugin[32];
        uint32_t count;
        int64_t since_us;
    } guilty[8];
};

struct wk_verdict {
    bool is_ok;
    uint32_t generation;
    char plugin[32];
    char *problems[WK_PROBLEMS_KEPT];
    size_t n_problems;
    int64_t at_us; /* wall clock */
    int64_t took_ms;
    const char *what; /* "start", "reload", "rollback", "quarantine" */
};

struct wk_crash {
    int64_t at_us; /* wall clock */
    pid_t pid;
    uint32_t generation, index;
    int sig, status;
    bool was_ready;
    char reason[64], build[17], plugin_version[24], plugin_build[41];
    struct wk_blame_frame frame; /* deepest */
    char outer[32];              /* the plugin whose hook it was */
    int64_t ran_ms;
    bool has_blame, is_set_aside;
};

struct wk_recycle { /* a worker that was replaced for its memory while it served */
    int64_t at_us; /* wall clock */
    pid_t pid;
    uint32_t generation, index;
    int64_t rss_bytes, max_bytes, kept_bytes;
    char suspect[32]; /* the plugin that kept the most, kept_bytes; "" when none did */
};

struct wk_waiter { /* a `wakala reload` that wants the verdict */
    LIST_ENTRY(wk_waiter) link;
    void (*done)(const struct wk_verdict *verdict, void *arg);
    void *arg;
};
LIST_HEAD(wk_waiters, wk_waiter);

enum wk_reload_kind {
    WK_RELOAD_NONE,
    WK_RELOAD_QUARANTINE, /* by itself, without the plugins that crash */
    WK_RELOAD_CONF,       /* asked for: quarantined plugins get another chance */
    WK_RELOAD_BACK,
};

/* glibc's queue.h has no loop that survives the removal of its element */
#define WK_EACH_SAFE(var, head, field, after)                                                                          \
    for ((var) = LIST_FIRST(head); (var) && ((after) = LIST_NEXT(var, field), true); (var) = (after))

struct wk_master {
    struct wk_master_conf conf;
    struct event_base *base;
    struct wk_share *share;
    LIST_HEAD(, wk_gen) gens;
    struct wk_gen *active, *next;
    uint32_t last_number;
    char good_dir[PATH_MAX]; /* the generation before the active one: what rollback goes back to */
    char socket_address[128];
    int socket_fd;
    int hand_give, hand_take; /* the hand-over queue */
    int pid_fd;
    pid_t pid;

    enum wk_reload_kind wanted; /* asked for, not begun */
    struct wk_waiters waiting, asked; /* for the running one; for the one after it */
    struct wk_verdict last;
    int64_t reload_started_us;
    const char *reload_what; /* of the running one: static text for its verdict */
    char quarantine[WK_QUARANTINE_MAX][32];
    size_t n_quarantine;

    struct wk_crash crashes[WK_CRASHES_KEPT];
    size_t n_crashes; /* ever */
    struct wk_recycle recycles[WK_RECYCLES_KEPT];
    size_t n_recycles; /* ever */

    bool is_stopping, is_done, has_started;
    bool has_gone_back; /* by itself: not again before a person reloads, two bad generations must not take turns */
    int exit_status;
    int64_t started_us, last_tick_us, last_rss_us;
    struct event *signals[6], *tick;
    struct wk_ctl *ctl;
    struct wk_admin *admin;
};

/* process.c */
bool wk_proc_start(struct wk_gen *gen, uint32_t index, bool is_rehearsal, struct wk_proc *replaces, struct wk_err *err);
void wk_proc_serve(struct wk_proc *proc);
void wk_proc_drain(struct wk_proc *proc, bool give);
void wk_proc_kill(struct wk_proc *proc, const char *why, bool is_quiet);
void wk_proc_reap(struct wk_master *m); /* after SIGCHLD */
void wk_proc_forget(struct wk_proc *proc); /* frees it and its slot */
struct wk_proc *wk_proc_find(struct wk_master *m, pid_t pid);

/* generation.c */
struct wk_gen *wk_gen_create(struct wk_master *m, struct wk_err *err);
void wk_gen_destroy(struct wk_gen *gen); /* no process left */
bool wk_gen_start(struct wk_gen *gen, struct wk_err *err); /* the rehearsal */
void wk_gen_drain(struct wk_gen *gen, bool give);
void wk_gen_fail(struct wk_gen *gen, const char *why); /* never served: all killed */
void wk_gen_proc_ready(struct wk_proc *proc);
/* The process is gone and still in the list; said is complete. */
void wk_gen_proc_gone(struct wk_proc *proc, int status);
void wk_gen_forget_dir(struct wk_master *m, const char *dir, const struct wk_gen *but); /* unless somebody needs it */
void wk_gen_tick(struct wk_gen *gen, int64_t now);
size_t wk_gen_count(const struct wk_gen *gen, enum wk_proc_state state);

/* reload.c */
void wk_reload_ask(struct wk_master *m, enum wk_reload_kind kind, void (*done)(const struct wk_verdict *, void *), void *arg);
void wk_reload_forget(struct wk_master *m, void *arg); /* the waiter went away */
void wk_reload_step(struct wk_master *m);              /* begin what is wanted, when nothing runs */
void wk_reload_good(struct wk_gen *gen);               /* every worker is ready */
void wk_reload_bad(struct wk_gen *gen, struct wk_proc *proc, const char *why); /* proc NULL: not a worker's fault */
void wk_reload_quarantine(struct wk_master *m, const char *plugin);
void wk_verdict_clear(struct wk_verdict *v);
WK_PRINTF(2, 3) void wk_verdict_add(struct wk_verdict *v, const char *fmt, ...);

/* crash.c */
/* Blame from the slot, into the ring, the log, the metrics and the poison table. */
const struct wk_crash *wk_crash_record(struct wk_proc *proc, int status);
bool wk_blame_sentence(const struct wk_share *share, uint32_t slot, char *out, size_t size); /* "orders on_http (…)" */
const char *wk_death_text(int status, char *buf, size_t size); /* "SIGSEGV", "exit 3" */

/* master.c */
void wk_master_started(void); /* tells systemd */
void wk_master_stop(struct wk_master *m);
void wk_master_end_if_done(struct wk_master *m);
void wk_master_reopen(struct wk_master *m);

/* control.c, admin.c */
struct wk_ctl *wk_ctl_create(struct wk_master *m, struct wk_err *err);
void wk_ctl_destroy(struct wk_ctl *ctl);
struct wk_admin *wk_admin_create(struct wk_master *m, struct wk_err *err);
void wk_admin_destroy(struct wk_admin *admin);

int64_t wk_wall_us(void);
#endif
