/* master.h - the process that never serves: it owns sockets, starts generations of workers, watches, replaces, reports.
 * No plugin code and no database in here, so nothing a plugin does can end it. One libevent loop, one thread.
 * How a reload goes: docs/design/reload.md. */
#ifndef WK_MASTER_H
#define WK_MASTER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/err.h>
#include "config/problems.h"
#include "master/protocol.h"

enum { WK_WORKERS_MAX = 64 };

struct wk_plan_plugin {
    char name[32], version[24], build[41];
    bool is_required;
};
struct wk_plan { /* what one generation needs to know of its configuration */
    char build[17];  /* content id of configuration and plugins */
    char listen[128]; /* "0.0.0.0:8080" */
    char conf_dir[256]; /* where the plugins' conf files came from: problems name them there, not in the snapshot */
    char admin[128], run_dir[256], user[64]; /* taken at the start only: a change is told, not done */
    uint32_t workers, drain_ms, start_ms, heartbeat_ms;
    int64_t worker_memory_max;
    uint32_t crash_limit, crash_window_ms;
    struct wk_plan_plugin *plugins; /* malloc'd */
    size_t n_plugins;
};
void wk_plan_finish(struct wk_plan *plan);

struct wk_source { /* where a generation comes from */
    const char *conf;           /* wakala.conf */
    const char *snapshot;       /* not NULL: a generation's directory instead (rollback, quarantine): its files, its plugin copies */
    const char *const *without; /* quarantined plugins, NULL-terminated */
    const char *dir;            /* to be made: the new snapshot, which never changes */
};
/* Make source->dir and fill the plan. False: problems say why; the directory may be half-made. */
typedef bool wk_prepare_fn(const struct wk_source *source, struct wk_plan *plan, struct wk_problems *problems);
wk_prepare_fn wk_prepare; /* the real one */

struct wk_master_conf {
    const char *conf;     /* path of wakala.conf, absolute */
    const char *run_dir;  /* made if missing, 0755 */
    const char *listen;   /* bound before privileges are dropped; NULL: none. A reload may change it */
    const char *admin;    /* "127.0.0.1:9080"; NULL or "": none */
    const char *user;     /* NULL or "": stay */
    const char *cache_dir; /* NULL: nothing to hand to `user` */
    const char *log;      /* the same for a log file; "stderr": nothing */
    bool is_check;        /* one rehearsal without any socket; the status says how it went */
    const char *worker_exe; /* NULL: this executable */
    wk_prepare_fn *prepare; /* NULL: wk_prepare */
};

/* Runs until stopped. The exit status: 0 after a clean stop, 1 when it could not start (problems on stderr). */
int wk_master_run(const struct wk_master_conf *conf);
#endif
