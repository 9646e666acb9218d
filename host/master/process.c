/* process.c - one worker process: fork, exec, its ready pipe and control socket, its end. */
#include "master/internal.h"
#include "observe/log.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_MAX = 65536, ARGS = 16 };

struct launch { /* all that the child needs, made before fork: it may only call async-signal-safe functions */
    const struct wk_share *share;
    const char *exe;
    char text[ARGS][PATH_MAX + 32];
    char *argv[ARGS + 1];
    size_t n;
    int ready, control, adopt, listen;
    pid_t master;
};

WK_PRINTF(2, 3) static void add_arg(struct launch *l, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(l->text[l->n], sizeof l->text[l->n], fmt, ap);
    va_end(ap);
    l->argv[l->n] = l->text[l->n];
    l->argv[++l->n] = NULL;
}

static void keep(int fd)
{
    if (fd >= 0)
        (void)fcntl(fd, F_SETFD, 0);
}

static _Noreturn void child(struct launch *l)
{
    const char *problem[1] = {"the worker's executable cannot be started: was it replaced or unmounted?"};
    sigset_t none;

    (void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* whatever a library opened without it */
    wk_share_inherit(l->share);
    keep(l->ready);
    keep(l->control);
    keep(l->adopt);
    keep(l->listen);
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_DFL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != l->master) /* it died before the line above */
        _exit(1);
    (void)!chdir("/");
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execv(l->exe, l->argv);
    (void)wk_verdict_write(l->ready, false, NULL, problem, 1);
    _exit(WK_EXIT_REFUSED);
}

static void fill(struct launch *l, const struct wk_proc *proc, bool is_rehearsal)
{
    const struct wk_gen *gen = proc->gen;

    add_arg(l, "wakala");
    add_arg(l, "worker");
    add_arg(l, "--generation=%u", gen->number);
    add_arg(l, "--index=%u", proc->index);
    add_arg(l, "--slot=%u", proc->slot);
    add_arg(l, "--workers=%u", gen->plan.workers);
    add_arg(l, "--rehearsal=%d", is_rehearsal);
    add_arg(l, "--drain-ms=%u", gen->plan.drain_ms);
    add_arg(l, "--share-fd=%d", wk_share_fd(l->share));
    add_arg(l, "--ready-fd=%d", l->ready);
    add_arg(l, "--control-fd=%d", l->control);
    add_arg(l, "--adopt-fd=%d", l->adopt);
    if (l->listen >= 0)
        add_arg(l, "--listen-fds=%d", l->listen);
    add_arg(l, "--dir=%s", gen->dir);
    add_arg(l, "--build=%s", gen->plan.build);
}

/* With every signal blocked, so that none reaches libevent's handler inside the child. */
static pid_t launch(struct launch *l)
{
    sigset_t all, old;
    pid_t pid;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, &old);
    pid = fork();
    if (!pid)
        child(l);
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    return pid;
}

static void read_said(struct wk_proc *proc)
{
    for (;;) {
        char *grown = proc->said_len < SAID_MAX ? realloc(proc->said, proc->said_len + 4096 + 1) : NULL;
        ssize_t n;

        if (!grown)
            return;
        proc->said = grown;
        n = read(proc->ready_fd, proc->said + proc->said_len, 4096);
        if (n <= 0) {
            proc->said[proc->said_len] = '\0';
            return;
        }
        proc->said_len += (size_t)n;
        proc->said[proc->said_len] = '\0';
    }
}

static void close_ready(struct wk_proc *proc)
{
    if (proc->ready_event)
        event_free(proc->ready_event);
    proc->ready_event = NULL;
    if (proc->ready_fd >= 0)
        (void)close(proc->ready_fd);
    proc->ready_fd = -1;
}

/* A whole line that says ok makes the worker ready. Anything else waits for its end, which explains more (a signal, a blame). */
static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct wk_proc *proc = arg;
    bool is_ok;

    (void)fd;
    (void)what;
    read_said(proc);
    if (!proc->said || !memchr(proc->said, '\n', proc->said_len)) {
        char probe;

        if (read(proc->ready_fd, &probe, 1) == 0 || proc->said_len >= SAID_MAX)
            close_ready(proc); /* without a verdict: most likely it is dying, else the start deadline ends it */
        return;
    }
    is_ok = !strncmp(proc->said, "{\"ok\":true", 10);
    close_ready(proc);
    if (is_ok && proc->state == WK_PROC_STARTING) {
        proc->state = WK_PROC_READY;
        wk_gen_proc_ready(proc);
    }
}

static void proc_destroy(struct wk_proc *proc)
{
    close_ready(proc);
    if (proc->control_fd >= 0)
        (void)close(proc->control_fd);
    free(proc->said);
    free(proc);
}

static bool open_pipes(struct wk_proc *proc, struct launch *l, struct wk_err *err)
{
    int pipe_fds[2], pair[2];

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return wk_fail(err, WK_SYSTEM, "master.pipe", "ready pipe: %s", strerror(errno));
    proc->ready_fd = pipe_fds[0];
    l->ready = pipe_fds[1];
    (void)fcntl(proc->ready_fd, F_SETFL, O_NONBLOCK);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return wk_fail(err, WK_SYSTEM, "master.pipe", "control socket: %s", strerror(errno));
    proc->control_fd = pair[0];
    l->control = pair[1];
    return true;
}

static bool start(struct wk_proc *proc, struct launch *l, struct wk_err *err)
{
    struct wk_master *m = proc->gen->master;
    int slot;

    if (!open_pipes(proc, l, err))
        return false;
    slot = wk_share_slot_take(m->share, proc->gen->number, proc->index);
    if (slot < 0)
        return wk_fail(err, WK_SYSTEM, "master.slots", "all %d worker slots are taken: old generations are still draining",
                       WK_SHARE_SLOTS);
    proc->slot = (uint32_t)slot;
    fill(l, proc, proc->is_rehearsal);
    proc->pid = launch(l);
    if (proc->pid < 0) {
        wk_share_slot_free(m->share, proc->slot);
        return wk_fail(err, WK_SYSTEM, "master.fork", "starting a worker: %s", strerror(errno));
    }
    wk_share_slot_set_pid(m->share, proc->slot, proc->pid);
    return true;
}

bool wk_proc_start(struct wk_gen *gen, uint32_t index, bool is_rehearsal, struct wk_proc *replaces, struct wk_err *err)
{
    struct wk_master *m = gen->master;
    struct wk_proc *proc = calloc(1, sizeof *proc);
    struct launch *l = calloc(1, sizeof *l);
    bool is_started = false;

    if (!proc || !l) {
        free(proc);
        free(l);
        return wk_fail(err, WK_SYSTEM, "master.memory", "no memory to start a worker");
    }
    *proc = (struct wk_proc){.gen = gen, .index = index, .is_rehearsal = is_rehearsal, .replaces = replaces, .ready_fd = -1,
                             .control_fd = -1, .started_us = wk_share_mono_us()};
    l->share = m->share;
    l->exe = m->conf.worker_exe ? m->conf.worker_exe : "/proc/self/exe";
    l->ready = l->control = -1;
    l->adopt = m->hand_take;
    l->listen = gen->listen_fd;
    l->master = getpid();
    if (start(proc, l, err)) {
        proc->ready_event = event_new(m->base, proc->ready_fd, EV_READ | EV_PERSIST, on_ready, proc);
        LIST_INSERT_HEAD(&gen->procs, proc, link);
        if (!proc->ready_event || event_add(proc->ready_event, NULL) < 0)
            wk_proc_kill(proc, "no memory to watch it", true);
        is_started = true;
    }
    if (l->ready >= 0)
        (void)close(l->ready);
    if (l->control >= 0)
        (void)close(l->control);
    free(l);
    if (!is_started)
        proc_destroy(proc);
    return is_started;
}

/* A worker whose queue is full or gone is past listening: the deadlines deal with it. */
static void tell(struct wk_proc *proc, enum wk_control kind, int fd)
{
    struct wk_err err;

    if (!wk_control_send(proc->control_fd, kind, fd, &err))
        wk_log_line(WK_WARN, &(struct wk_log_fields){.err = &err}, "worker %d does not take orders", (int)proc->pid);
}

void wk_proc_serve(struct wk_proc *proc) { tell(proc, WK_CONTROL_SERVE, -1); }

void wk_proc_drain(struct wk_proc *proc, bool give)
{
    if (proc->state == WK_PROC_STARTING) { /* has no traffic yet */
        wk_proc_kill(proc, "no longer needed", true);
        return;
    }
    proc->state = WK_PROC_DRAINING;
    tell(proc, WK_CONTROL_DRAIN, give ? proc->gen->master->hand_give : -1);
}

void wk_proc_kill(struct wk_proc *proc, const char *why, bool is_quiet)
{
    if (!proc->is_killed) {
        proc->why = why;
        proc->is_quiet = is_quiet;
    }
    proc->is_killed = true;
    (void)kill(proc->pid, SIGKILL);
}

struct wk_proc *wk_proc_find(struct wk_master *m, pid_t pid)
{
    struct wk_gen *gen;
    struct wk_proc *proc;

    LIST_FOREACH(gen, &m->gens, link)
        LIST_FOREACH(proc, &gen->procs, link)
            if (proc->pid == pid)
                return proc;
    return NULL;
}

void wk_proc_reap(struct wk_master *m)
{
    pid_t pid;
    int status;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct wk_proc *proc = wk_proc_find(m, pid), *other;

        if (!proc)
            continue; /* a child that systemd's or a test's shell left to us */
        if (proc->ready_fd >= 0)
            read_said(proc); /* its last words may still be in the pipe */
        LIST_FOREACH(other, &proc->gen->procs, link)
            if (other->replaces == proc)
                other->replaces = NULL;
        wk_gen_proc_gone(proc, status);
    }
    wk_master_end_if_done(m);
}

/* Called by generation.c when all has been said about it. */
void wk_proc_forget(struct wk_proc *proc)
{
    wk_share_slot_free(proc->gen->master->share, proc->slot);
    LIST_REMOVE(proc, link);
    proc_destroy(proc);
}
