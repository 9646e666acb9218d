/* protocol.h - what the master and a worker agree on: argv and fds at birth, one verdict, control messages, the end.
 *
 * Birth: the master forks and executes /proc/self/exe `worker --generation=N --index=I --slot=S ...` (wk_worker_args_parse
 *   reads it back). Fds named there are inherited; everything else is close-on-exec. Signals arrive unblocked with default
 *   actions, PR_SET_PDEATHSIG is SIGKILL, the user is host.user already, the working directory is /.
 * Verdict: the worker loads (wk_config_load(dir/wakala.conf), wk_stage_load(dir)), checks, opens, connects; then
 *   ok: wk_share_set_state(READY), wk_verdict_write(ready_fd, true, ...), close(ready_fd); heartbeats from here on. It takes
 *   no traffic before SERVE, so a generation that fails half-way has touched nobody.
 *   not ok: wk_verdict_write(ready_fd, false, ...) and exit with WK_EXIT_REFUSED.
 *   Dying without a verdict is a verdict too: the blame slot names plugin and phase, so wrap each plugin's load and open in
 *   wk_blame_enter(plugin, "load" | "settings" | "open", ...).
 * Life: wk_share_beat at least every 500 ms; read control_fd (share/control.h).
 *   SERVE: accept on listen_fds, adopt from adopt_fd, take lanes.
 *   DRAIN: wk_share_set_state(DRAINING), stop accepting and adopting, give lanes back, give idle connections to the fd that
 *   came with it (wk_handover_send; none came: the whole service stops, close them), finish, exit 0 before drain_ms is over;
 *   after it SIGKILL. SIGTERM means DRAIN without a fd (somebody stops this one worker: it is replaced).
 *   REOPEN: wk_log_reopen. CLOSED: the master is gone; exit.
 * adopt_fd: SOCK_SEQPACKET, one queue for all workers of all generations: whoever drains puts in, whoever serves takes out
 *   (wk_handover_recv; AGAIN is normal, another was quicker). What nobody took yet survives the death of any worker.
 * Death: anything but exit 0 after DRAIN or SIGTERM is a crash: replaced, blame logged, the message in the slot counted.
 */
#ifndef WK_MASTER_PROTOCOL_H
#define WK_MASTER_PROTOCOL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/err.h>
#include "share/control.h"
#include "share/share.h"

enum {
    WK_LISTEN_MAX = 8,
    WK_EXIT_REFUSED = 3, /* a verdict with ok = false was written */
};

struct wk_worker_args {
    uint32_t generation; /* 1, 2, ... over the life of the master */
    uint32_t index;      /* 0 .. workers-1; 0 of a new generation is the rehearsal */
    uint32_t slot;       /* in share/ */
    uint32_t workers;    /* of this generation */
    bool is_rehearsal;   /* the first to load this snapshot: do every check there is (also migrations behind) */
    const char *dir;     /* run_dir/gen-N: wakala.conf, wakala.d/, plugins.list: what was checked; never changes */
    const char *build;   /* content id of the generation, for logs */
    int share_fd, ready_fd, control_fd, adopt_fd;
    int listen_fds[WK_LISTEN_MAX]; /* listening, non-blocking, shared: never closed by drain, only left */
    size_t n_listen;
    uint32_t drain_ms; /* from DRAIN to SIGKILL */
};

/* argv[0] is the program, argv[1] "worker". Strings point into argv. */
bool wk_worker_args_parse(int argc, char **argv, struct wk_worker_args *out, struct wk_err *err);

/* One worker process from start to drained; the exit status. Implemented by host/worker/. */
int wk_worker_main(const struct wk_worker_args *args);
#endif
