/* master.c - start, signals, the tick, stop. */
#include "master/master.h"
#include "master/internal.h"
#include "master/pidfile.h"
#include "master/socket.h"
#include "master/tree.h"
#include "observe/log.h"
#include "observe/metric.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* --- stop ------------------------------------------------------------------------------------------------------------------------ */

/* Type=notify units: systemd knows when we are ready, without a library. */
static void tell_systemd(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    int fd;

    if (n < 2 || n >= sizeof sa.sun_path || (*path != '/' && *path != '@'))
        return;
    memcpy(sa.sun_path, path, n);
    if (*path == '@')
        sa.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&sa,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    (void)close(fd);
}

void wk_master_end_if_done(struct wk_master *m)
{
    const struct wk_gen *gen;

    if (!m->is_stopping)
        return;
    LIST_FOREACH(gen, &m->gens, link)
        if (!LIST_EMPTY(&gen->procs))
            return;
    m->is_done = true;
    (void)event_base_loopbreak(m->base);
}

void wk_master_stop(struct wk_master *m)
{
    struct wk_gen *gen, *after;
    struct wk_proc *proc;

    if (m->is_stopping) { /* asked twice: at once */
        LIST_FOREACH(gen, &m->gens, link)
            LIST_FOREACH(proc, &gen->procs, link)
                wk_proc_kill(proc, "stopped twice", true);
        return;
    }
    m->is_stopping = true;
    tell_systemd("STOPPING=1");
    if (m->has_started)
        wk_log_line(WK_INFO, NULL, "stopping: workers finish what they do");
    WK_EACH_SAFE(gen, &m->gens, link, after) { /* those that drain already keep their deadline */
        if (gen->state == WK_GEN_STARTING)
            wk_gen_fail(gen, "wakala stops");
        else if (gen->state == WK_GEN_ACTIVE)
            wk_gen_drain(gen, false);
    }
    wk_master_end_if_done(m);
}

void wk_master_reopen(struct wk_master *m)
{
    struct wk_gen *gen;
    struct wk_proc *proc;

    wk_log_reopen();
    LIST_FOREACH(gen, &m->gens, link)
        LIST_FOREACH(proc, &gen->procs, link)
            if (proc->control_fd >= 0)
                (void)wk_control_send(proc->control_fd, WK_CONTROL_REOPEN, -1, NULL);
}

/* --- events ---------------------------------------------------------------------------------------------------------------------- */

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
    struct wk_master *m = arg;

    (void)what;
    switch (sig) {
    case SIGHUP:
        wk_reload_ask(m, WK_RELOAD_CONF, NULL, NULL);
        break;
    case SIGTERM:
    case SIGINT:
        wk_master_stop(m);
        break;
    case SIGUSR1:
        wk_master_reopen(m);
        break;
    default: /* SIGCHLD */
        wk_proc_reap(m);
        break;
    }
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct wk_master *m = arg;
    int64_t now = wk_share_mono_us(), late = now - m->last_tick_us;
    struct wk_gen *gen, *after;

    (void)fd;
    (void)what;
    m->last_tick_us = now;
    if (late > INT64_C(10) * WK_TICK_MS * 1000)
        return; /* the machine slept, or we did: the workers get a moment to beat before they are judged */
    WK_EACH_SAFE(gen, &m->gens, link, after)
        wk_gen_tick(gen, now);
    if (now - m->last_rss_us >= 1000000)
        m->last_rss_us = now;
    wk_proc_reap(m); /* also those whose SIGCHLD came while none was handled */
    wk_reload_step(m);
}

static bool add_events(struct wk_master *m, struct wk_err *err)
{
    static const int numbers[] = {SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGCHLD};
    const struct timeval tick = {.tv_usec = WK_TICK_MS * 1000};

    for (size_t i = 0; i < WK_COUNT(numbers); i++) {
        m->signals[i] = evsignal_new(m->base, numbers[i], on_signal, m);
        if (!m->signals[i] || event_add(m->signals[i], NULL) < 0)
            return wk_fail(err, WK_SYSTEM, "master.memory", "no memory for signal handlers");
    }
    (void)signal(SIGPIPE, SIG_IGN);
    m->tick = event_new(m->base, -1, EV_PERSIST, on_tick, m);
    return (m->tick && event_add(m->tick, &tick) == 0) || wk_fail(err, WK_SYSTEM, "master.memory", "no memory for the timer");
}

/* --- start ----------------------------------------------------------------------------------------------------------------------- */

/* Snapshots of a master that was killed. */
static void remove_old_snapshots(const char *run_dir)
{
    DIR *dir = opendir(run_dir);
    char path[PATH_MAX];

    for (const struct dirent *e = NULL; dir && (e = readdir(dir));)
        if (!strncmp(e->d_name, "gen-", 4)) {
            (void)snprintf(path, sizeof path, "%.3800s/%.255s", run_dir, e->d_name);
            wk_tree_remove(path);
        }
    if (dir)
        (void)closedir(dir);
}

static void pid_path(const struct wk_master *m, char path[PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%.4000s/wakala.pid", m->conf.run_dir);
}

static bool give_to(const char *path, const struct passwd *pw, struct wk_err *err)
{
    return chown(path, pw->pw_uid, pw->pw_gid) == 0 ||
           wk_fail(err, WK_SYSTEM, "master.user", "giving %s to %s: %s", path, pw->pw_name, strerror(errno));
}

/* After the ports are bound nothing needs root; workers are born without it. */
static bool drop_privileges(struct wk_master *m, struct wk_err *err)
{
    const struct passwd *pw;
    char path[PATH_MAX];

    if (!m->conf.user || !*m->conf.user || geteuid() != 0)
        return true;
    pw = getpwnam(m->conf.user);
    if (!pw)
        return wk_fail(err, WK_SYSTEM, "master.user", "host.user: there is no user %s on this machine", m->conf.user);
    pid_path(m, path);
    if (!give_to(m->conf.run_dir, pw, err) || !give_to(path, pw, err))
        return false;
    if (m->conf.cache_dir && mkdir(m->conf.cache_dir, 0755) < 0 && errno != EEXIST)
        return wk_fail(err, WK_SYSTEM, "master.user", "host.cache_dir: %s: %s", m->conf.cache_dir, strerror(errno));
    if (m->conf.cache_dir && !give_to(m->conf.cache_dir, pw, err))
        return false;
    if (m->conf.log && m->conf.log[0] == '/' && !give_to(m->conf.log, pw, err))
        return false;
    if (initgroups(pw->pw_name, pw->pw_gid) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
        return wk_fail(err, WK_SYSTEM, "master.user", "becoming %s: %s", pw->pw_name, strerror(errno));
    return true;
}

static bool make_hand_over(struct wk_master *m, struct wk_err *err)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return wk_fail(err, WK_SYSTEM, "master.pipe", "hand-over socket: %s", strerror(errno));
    m->hand_give = pair[0];
    m->hand_take = pair[1];
    return true;
}

/* Ten thousand connections need more descriptors than the usual soft limit; children inherit it. */
static void raise_limits(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &r);
    }
}

static bool start(struct wk_master *m, struct wk_err *err)
{
    char path[PATH_MAX];

    raise_limits();
    if (mkdir(m->conf.run_dir, 0755) < 0 && errno != EEXIST)
        return wk_fail(err, WK_SYSTEM, "master.run_dir", "host.run_dir: %s: %s", m->conf.run_dir, strerror(errno));
    pid_path(m, path);
    m->pid_fd = wk_pidfile_take(path, err);
    if (m->pid_fd < 0)
        return false;
    remove_old_snapshots(m->conf.run_dir);
    m->share = wk_share_create(err);
    if (!m->share || !make_hand_over(m, err))
        return false;
    m->base = event_base_new();
    if (!m->base)
        return wk_fail(err, WK_SYSTEM, "master.memory", "no memory for the event loop");
    if (m->socket_address[0] && (m->socket_fd = wk_socket_bind(m->socket_address, err)) < 0)
        return false;
    if (m->conf.admin && *m->conf.admin && !(m->admin = wk_admin_create(m, err)))
        return false;
    if (!drop_privileges(m, err))
        return false;
    if (!m->conf.is_check && !(m->ctl = wk_ctl_create(m, err)))
        return false;
    return add_events(m, err);
}

static void finish(struct wk_master *m)
{
    struct wk_gen *gen;
    char path[PATH_MAX];

    wk_ctl_destroy(m->ctl); /* first: its clients may wait for a reload */
    wk_admin_destroy(m->admin);
    m->good_dir[0] = '\0';
    while ((gen = LIST_FIRST(&m->gens)))
        wk_gen_destroy(gen);
    for (size_t i = 0; i < WK_COUNT(m->signals); i++)
        if (m->signals[i])
            event_free(m->signals[i]);
    if (m->tick)
        event_free(m->tick);
    if (m->base)
        event_base_free(m->base);
    if (m->socket_fd >= 0)
        (void)close(m->socket_fd);
    if (m->hand_give >= 0) {
        (void)close(m->hand_give);
        (void)close(m->hand_take);
    }
    wk_share_close(m->share);
    wk_verdict_clear(&m->last);
    if (m->pid_fd >= 0) /* the directory is ours */
        remove_old_snapshots(m->conf.run_dir);
    pid_path(m, path);
    wk_pidfile_drop(path, m->pid_fd);
}

int wk_master_run(const struct wk_master_conf *conf)
{
    struct wk_master m = {.conf = *conf, .socket_fd = -1, .hand_give = -1, .hand_take = -1, .pid_fd = -1};
    struct wk_err err = {0};

    m.pid = getpid();
    m.started_us = m.last_tick_us = wk_share_mono_us();
    LIST_INIT(&m.gens);
    LIST_INIT(&m.waiting);
    LIST_INIT(&m.asked);
    if (conf->listen)
        (void)snprintf(m.socket_address, sizeof m.socket_address, "%s", conf->listen);
    if (!start(&m, &err)) {
        wk_log_line(WK_ERROR, &(struct wk_log_fields){.err = &err}, "cannot start: %s", err.msg);
        (void)fprintf(stderr, "wakala: %s\n", err.msg);
        m.exit_status = 1;
    } else {
        wk_log_line(WK_INFO, NULL, "master %d starts with %s", (int)m.pid, conf->conf);
        wk_reload_ask(&m, WK_RELOAD_CONF, NULL, NULL);
        if (!m.is_done) /* a break before the loop begins would be forgotten */
            (void)event_base_dispatch(m.base);
        if (m.has_started)
            wk_log_line(WK_INFO, NULL, "stopped");
    }
    finish(&m);
    return m.exit_status;
}

void wk_master_started(void) { tell_systemd("READY=1"); }
