/* worker.c - one process from start to drained: wires the rooms, tells the verdict, serves, drains. The order is the protocol's
 * (master/protocol.h); what each room does is in its own header. */
#include "call/call.h"
#include "call/offload.h"
#include "config/networks.h"
#include "event/log.h"
#include "fiber/fault.h"
#include "fiber/fiber.h"
#include "http/client.h"
#include "http/handover.h"
#include "master/protocol.h"
#include "observe/backtrace.h"
#include "observe/log.h"
#include "observe/metric.h"
#include "tenant/secret.h"
#include "worker/breakers.h"
#include "worker/caches.h"
#include "worker/checks.h"
#include "worker/front.h"
#include "worker/mesh.h"
#include "worker/pulse.h"
#include "worker/tenants.h"
#include <event2/event.h>
#include <event2/thread.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct worker {
    const struct wk_worker_args *args;
    struct wk_share *share;
    struct wk_config *config;
    struct wk_stage *stage;
    struct wk_problems *problems;
    struct wk_engine engine;
    struct wk_inbox_room *inbox;
    struct wk_front *front;
    struct served { /* a server, and the log that lies there */
        struct worker *worker;
        struct wk_log *log;
        bool is_log_running;
        struct wk_listen *listens[3];
    } served[WK_SERVERS];
    struct wk_pulse *pulse;
    struct wk_mesh_keeper *mesh; /* NULL: no mesh */
    struct wk_tenants_keeper *tenants;
    struct event *control, *adopt, *wake, *term;
    struct wk_fiber *boot;
    uint8_t secret_key[WK_SECRET_KEY], old_secret_key[WK_SECRET_KEY];
    int give_fd;
    bool is_serving, is_draining, is_http_done;
    unsigned drains; /* fibers that drain a log */
    int status;
};

static void say(enum wk_level level, const struct wk_err *err, const char *text)
{
    struct wk_log_fields fields = {.err = err};

    wk_log_line(level, &fields, "%s", text);
}

/* --- verdict --- */

static void verdict(struct worker *w, const struct wk_err *err)
{
    const char *texts[64];
    char one[400];
    size_t n = 0;

    for (size_t i = 0; w->problems && i < wk_problems_count(w->problems) && n < WK_COUNT(texts); i++)
        texts[n++] = wk_problems_text(w->problems, i);
    if (err && n < WK_COUNT(texts)) {
        (void)snprintf(one, sizeof one, "%s: %s", err->code, err->msg);
        texts[n++] = one;
    }
    if (!n)
        wk_share_set_state(w->share, WK_SLOT_READY);
    (void)wk_verdict_write(w->args->ready_fd, n == 0, NULL, texts, n);
    (void)close(w->args->ready_fd);
    if (n) {
        w->status = WK_EXIT_REFUSED;
        (void)event_base_loopbreak(w->engine.base);
    }
}

/* --- loading --- */

static void note(void *arg, const char *plugin, const char *version, const char *build_id, const char *step)
{
    (void)arg;
    (void)version;
    (void)build_id;
    if (step)
        wk_blame_enter(plugin, step, NULL, NULL, NULL);
    else
        wk_blame_leave();
}

static bool load(struct worker *w, struct wk_err *err)
{
    char path[4096];
    const struct wk_settings *s;
    struct wk_registry_conf conf = {.host = &wk_host_table, .note = note};
    enum wk_level level = WK_INFO;
    const char *key;

    (void)snprintf(path, sizeof path, "%s/wakala.conf", w->args->dir);
    w->config = wk_config_load(path, w->problems);
    if (!w->config || wk_problems_count(w->problems))
        return false;
    s = wk_config_host(w->config);
    (void)wk_log_level_parse(wk_settings_text(s, "host.log_level"), &level);
    if (!wk_log_open(wk_settings_text(s, "host.log"), level, err))
        return false;
    key = wk_settings_text(s, "secrets.key");
    if (key && !wk_secret_key_parse(key, w->secret_key, err))
        return false;
    w->engine.secret_key = key ? w->secret_key : NULL;
    key = wk_settings_text(s, "secrets.old_key");
    if (key && !wk_secret_key_parse(key, w->old_secret_key, err))
        return false;
    w->engine.old_secret_key = key ? w->old_secret_key : NULL;
    w->engine.call_memory_max = (size_t)wk_settings_int(s, "host.call_memory_max");
    if (!(w->stage = wk_stage_load(w->args->dir, err)))
        return false;
    conf.config = w->config;
    conf.stage = w->stage;
    w->engine.registry = wk_registry_load(&conf, w->problems);
    if (!w->engine.registry)
        return false;
    wk_host_table_bind(&w->engine);
    if (w->args->is_rehearsal && !wk_check_migrations(w->config, w->engine.registry, w->problems, err))
        return false;
    return wk_registry_open(w->engine.registry, err);
}

/* A server as its pools know it. */
struct pooled {
    struct wk_share *share;
    const char *name;
    unsigned index;
};
static bool budget_take(void *arg) { return wk_share_budget_take(((struct pooled *)arg)->share, ((struct pooled *)arg)->index); }
static void budget_give(void *arg) { wk_share_budget_give(((struct pooled *)arg)->share, ((struct pooled *)arg)->index); }

/* A worker is ready without the others: their tenants wait, nobody else does. */
static void db_state(void *arg, enum wk_db_role role, bool is_up, const struct wk_err *err)
{
    const struct pooled *p = arg;
    char dep[24];

    (void)snprintf(dep, sizeof dep, "server-%.16s", p->name);
    if (!p->index || role == WK_DB_HOST)
        wk_share_set_dep(p->share, p->index ? dep : role == WK_DB_APP ? "postgres-app" : "postgres", is_up || p->index, p->index && !is_up, 0);
    if (p->index)
        wk_log_line(is_up ? WK_INFO : WK_ERROR, &(struct wk_log_fields){.err = is_up ? NULL : err}, "database server %s: %s", p->name, is_up ? "connected" : "not reachable");
    else
        say(is_up ? WK_INFO : WK_ERROR, is_up ? NULL : err, is_up ? "database: connected" : "database: not reachable");
}

static void published(void *arg, unsigned server, unsigned cls, uint64_t lanes)
{
    struct worker *w = arg;

    if (w->served[server].is_log_running)
        wk_log_published(w->served[server].log, cls, lanes);
    else
        wk_share_wake_others(w->share, cls, lanes);
}

static void on_switch_leave(void *data) { wk_blame_save(&((struct wk_call *)data)->blame); }
static void on_switch_enter(void *data) { wk_blame_restore(&((struct wk_call *)data)->blame); }

_Static_assert((int)WK_SERVERS == (int)WK_SERVERS_MAX && (int)WK_SERVERS <= (int)WK_SHARE_BUDGETS, "a place for each server");
static bool make_pools(struct worker *w, const struct wk_settings *s, struct wk_err *err)
{
    uint32_t connections = (uint32_t)wk_settings_int(s, "database.connections");
    uint32_t statement = (uint32_t)wk_settings_int(s, "database.statement_deadline");
    uint32_t kept = wk_mesh_is_wanted(&w->engine) ? 5 : 4; /* lanes, listeners, flushes and the mesh's keeper each keep one of the host's */
    struct wk_db_conf db = {.pool = {[WK_DB_APP] = {.min = 1, .max = connections, .statement_ms = statement},
                                     [WK_DB_HOST] = {.min = 2, .max = connections + kept, .statement_ms = statement}},
                            .application_name = "wakala", .connect_timeout_ms = (uint32_t)wk_settings_int(s, "database.connect_deadline"),
                            .budget_take = budget_take, .budget_give = budget_give, .on_state = db_state};
    static struct pooled pooled[WK_SERVERS];

    for (unsigned i = 0; i < w->engine.servers; i++) {
        const struct wk_server_conf *conf = wk_config_server(w->config, i);

        pooled[i] = (struct pooled){w->share, conf->name, i};
        db.pool[WK_DB_APP].conninfo = conf->app;
        db.pool[WK_DB_HOST].conninfo = conf->host;
        db.budget_arg = db.on_arg = &pooled[i];
        /* All generations together may hold what one generation of this configuration may; a starting one gets its floor regardless. */
        wk_share_budget_set(w->share, i, w->args->workers * (2 * connections + kept), 8);
        w->engine.server[i].name = conf->name;
        w->engine.server[i].shards = conf->shards;
        if (!(w->engine.server[i].db = wk_db_create(w->engine.base, &db, err)))
            return false;
    }
    return true;
}

static bool load_parked(void *arg, unsigned server, struct wk_err *err)
{
    const struct served *served = &((struct worker *)arg)->served[server];

    return !served->is_log_running || wk_log_load_parked(served->log, err);
}

static bool make_logs(struct worker *w, struct wk_log_conf *conf, struct wk_err *err)
{
    for (unsigned i = 0; i < w->engine.servers; i++) {
        conf->server = i;
        w->served[i].worker = w;
        if (!(w->served[i].log = wk_log_create(conf, err)))
            return false;
    }
    return true;
}

static bool wire(struct worker *w, struct wk_err *err)
{
    const struct wk_settings *s = wk_config_host(w->config);
    const char *seed = getenv("WAKALA_SEED");
    struct wk_sched_conf sched = {.max_fibers = (uint32_t)wk_settings_int(s, "host.fibers_max"), .seed = seed ? strtoull(seed, NULL, 10) : 0};
    struct wk_inbox_conf inbox = {.engine = &w->engine};
    static char owner[96];
    static struct wk_networks proxies;
    char why[128];
    struct wk_log_conf log = {.engine = &w->engine, .settings = s, .owner = owner, .fallback_ms = (uint32_t)wk_settings_int(s, "bus.log_fallback")};
    const struct wk_log *logs[WK_SERVERS];

    w->engine.servers = (unsigned)wk_config_server_count(w->config);
    (void)snprintf(owner, sizeof owner, "%s/%u.%u/%d", wk_settings_text(s, "host.name"), w->args->generation, w->args->index, (int)getpid());
    if (wk_networks_parse(wk_settings_text(s, "http.trusted_proxies"), &proxies, why, sizeof why) && proxies.n) /* checked with the configuration */
        w->engine.proxies = &proxies;
    if (!(w->engine.sched = wk_sched_create(w->engine.base, &sched, err)))
        return false;
    wk_sched_on_switch(w->engine.sched, on_switch_leave, on_switch_enter);
    w->engine.published = published;
    w->engine.published_arg = w;
    if (wk_mesh_is_wanted(&w->engine) && !(w->mesh = wk_mesh_keeper_create(&w->engine, err)))
        return false;
    if (!(make_pools(w, s, err) && (w->engine.client = wk_client_create(w->engine.base, NULL, err)) &&
          wk_breakers_create(&w->engine, s, err) &&
          wk_caches_create(&w->engine, s, w->args->index, &log, err) && wk_breakers_listen(&w->engine, err) &&
          (w->engine.directory = wk_directory_create(err)) && (w->engine.offload = wk_offload_create(w->engine.base, 2, 64, err)) &&
          (w->inbox = wk_inbox_create(&inbox, err)) && (w->front = wk_front_create(&w->engine, w->inbox, w->config, err)) && make_logs(w, &log, err) &&
          (w->tenants = wk_tenants_keeper_create(&(struct wk_tenants_conf){.engine = &w->engine, .load_parked = load_parked, .arg = w}, err))))
        return false;
    for (unsigned i = 0; i < w->engine.servers; i++)
        logs[i] = w->served[i].log;
    return (w->pulse = wk_pulse_create(&w->engine, w->front, logs, w->inbox, err));
}

/* --- notices from the database --- */

static void on_directory(void *arg, const char *payload)
{
    struct worker *w = arg;

    (void)payload;
    wk_tenants_keeper_changed(w->tenants);
    wk_mesh_keeper_changed(w->mesh);
}
static void on_clock(void *arg, const char *payload)
{
    struct served *served = arg;

    (void)payload;
    if (served->is_log_running)
        wk_log_clock_moved(served->log);
}
static void on_parked(void *arg, const char *payload)
{
    struct served *served = arg;

    (void)payload;
    if (served->is_log_running)
        wk_log_parked_changed(served->log);
}

/* --- serving and draining --- */

static void on_adopt(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    static struct wk_handover got;
    struct wk_err err;

    (void)what;
    for (int i = 0; i < 16; i++) {
        enum wk_handover_got g = wk_handover_recv(fd, &got, &err);

        if (g != WK_HANDOVER_GOT)
            return;
        if (!wk_httpd_adopt(wk_front_httpd(w->front), got.fd, got.peer, got.leftover, got.len, &err))
            say(WK_WARN, &err, "a connection handed over could not be kept");
    }
}

static void start_log(void *arg)
{
    struct served *served = arg;
    struct worker *w = served->worker;
    struct wk_err err;

    while (!w->is_draining && !wk_directory_has(w->engine.directory, (unsigned)(served - w->served))) /* events of tenants that nobody knows would fail, all of them */
        (void)wk_fiber_sleep(50, NULL);
    while (!w->is_draining && !wk_log_start(served->log, &err)) {
        say(WK_ERROR, &err, "the log cannot start yet");
        (void)wk_fiber_sleep(1000, NULL);
    }
    served->is_log_running = !w->is_draining;
}

static void serve(struct worker *w)
{
    struct wk_err err = {0};

    if (w->is_serving)
        return;
    w->is_serving = true;
    w->adopt = event_new(w->engine.base, w->args->adopt_fd, EV_READ | EV_PERSIST, on_adopt, w);
    if (!w->adopt || event_add(w->adopt, NULL) || !wk_mesh_keeper_start(w->mesh, &err))
        say(WK_ERROR, &err, "worker cannot serve");
    for (unsigned i = 0; i < w->engine.servers; i++)
        if (!wk_fiber_spawn(w->engine.sched, "worker.log", start_log, &w->served[i], &err))
            say(WK_ERROR, &err, "worker cannot serve");
    for (size_t i = 0; i < w->args->n_listen; i++)
        if (!wk_httpd_listen(wk_front_httpd(w->front), w->args->listen_fds[i], &err))
            say(WK_ERROR, &err, "cannot listen");
}

static enum wk_give give(int fd, const char *peer, const void *leftover, size_t len, void *arg)
{
    struct worker *w = arg;
    struct wk_err err;

    if (wk_handover_send(w->give_fd, fd, peer, leftover, len, &err))
        return WK_GIVEN;
    return wk_err_is(&err, "http.handover_full") ? WK_GIVE_LATER : WK_GIVE_CLOSE;
}

static void http_done(void *arg)
{
    struct worker *w = arg;

    w->is_http_done = true;
    if (w->boot)
        wk_fiber_wake(w->boot);
}

static int64_t drain_until(const struct worker *w) { return wk_mono_us() + (int64_t)w->args->drain_ms * 1000 - 1000000; }

/* One of them that does not answer keeps no other. */
static void drain_log(void *arg)
{
    struct served *served = arg;
    int64_t left = drain_until(served->worker) - wk_mono_us();

    wk_log_drain(served->log, wk_mono_us() + left - left / 4);
    served->is_log_running = false;
    served->worker->drains--;
    wk_fiber_wake(served->worker->boot);
}

static void drain_logs(struct worker *w, int64_t until)
{
    struct wk_err err;

    for (unsigned i = 0; i < w->engine.servers; i++)
        if (w->served[i].is_log_running && wk_fiber_spawn(w->engine.sched, "worker.drain_log", drain_log, &w->served[i], &err))
            w->drains++;
    while (w->drains && wk_mono_us() < until)
        (void)wk_fiber_park("worker.drain", until);
}

/* On a fiber: the lanes first, so that the next generation gets them at once; requests meanwhile finish by themselves. */
static void drain_main(void *arg)
{
    struct worker *w = arg;
    int64_t until = drain_until(w);

    w->boot = wk_fiber_self();
    wk_tenants_keeper_drain(w->tenants);
    wk_mesh_keeper_drain(w->mesh);
    drain_logs(w, until);
    while ((!w->is_http_done || wk_front_running(w->front)) && wk_mono_us() < until)
        (void)wk_fiber_park("worker.drain", wk_mono_us() + 50000);
    wk_inbox_drain(w->inbox, until);
    while ((!wk_tenants_keeper_is_done(w->tenants) || !wk_mesh_keeper_is_done(w->mesh)) && wk_mono_us() < until)
        (void)wk_fiber_park("worker.drain", wk_mono_us() + 20000);
    (void)event_base_loopbreak(w->engine.base);
}

static void drain(struct worker *w, int fd)
{
    struct wk_err err;

    if (w->is_draining) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    w->is_draining = true;
    w->give_fd = fd;
    wk_share_set_state(w->share, WK_SLOT_DRAINING);
    if (w->adopt)
        (void)event_del(w->adopt);
    wk_httpd_drain(wk_front_httpd(w->front), fd >= 0 ? give : NULL, http_done, w);
    if (!wk_fiber_spawn(w->engine.sched, "worker.drain", drain_main, w, &err))
        (void)event_base_loopbreak(w->engine.base);
}

static void on_control(evutil_socket_t sock, short what, void *arg)
{
    struct worker *w = arg;
    int fd = -1;

    (void)what;
    for (;;) {
        switch (wk_control_recv(sock, &fd)) {
        case WK_CONTROL_SERVE:
            serve(w);
            break;
        case WK_CONTROL_DRAIN:
            drain(w, fd);
            break;
        case WK_CONTROL_REOPEN:
            wk_log_reopen();
            break;
        case WK_CONTROL_CLOSED:
            (void)event_base_loopbreak(w->engine.base);
            return;
        case WK_CONTROL_NONE:
            return;
        }
    }
}

static void on_term(evutil_socket_t sig, short what, void *arg)
{
    (void)sig;
    (void)what;
    drain(arg, -1);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    uint64_t lanes[WK_SHARE_CLASSES] = {0};

    (void)fd;
    (void)what;
    wk_share_wake_take(w->share, lanes);
    for (unsigned c = 1; c < WK_SHARE_CLASSES; c++)
        lanes[0] |= lanes[c];
    for (unsigned i = 0; i < w->engine.servers; i++) /* which log it was, nobody says: a look costs little */
        if (lanes[0] && w->served[i].is_log_running)
            wk_log_woken(w->served[i].log, lanes[0]);
}

static bool listen_to(struct worker *w, unsigned i, struct wk_err *err)
{
    struct served *served = &w->served[i];
    struct wk_db *db = w->engine.server[i].db;

    return (served->listens[0] = wk_db_listen(db, "wakala_directory", on_directory, w, err)) &&
           (served->listens[1] = wk_db_listen(db, "wakala_clock", on_clock, served, err)) &&
           (served->listens[2] = wk_db_listen(db, "wakala_parked", on_parked, served, err));
}

/* The first fiber: what needs the database before the verdict. Only a rehearsal insists on main: a replacement for a crashed worker comes up
 * without, answers 503, and heals when the database does. */
static void boot_main(void *arg)
{
    struct worker *w = arg;
    struct wk_err err = {0};
    bool ok = wk_directory_load(w->engine.directory, w->engine.server, w->engine.servers, &err);

    w->boot = NULL;
    if (!wk_directory_is_loaded(w->engine.directory) && w->args->is_rehearsal) {
        verdict(w, &err);
        return;
    }
    if (!ok)
        say(WK_ERROR, &err, "the tenants of a database server are not known yet");
    for (unsigned i = 0; i < w->engine.servers; i++)
        if (!listen_to(w, i, &err)) {
            verdict(w, &err);
            return;
        }
    if (!wk_tenants_keeper_start(w->tenants, !ok, &err) || !wk_inbox_start(w->inbox, &err)) {
        verdict(w, &err);
        return;
    }
    verdict(w, NULL);
}

static bool events(struct worker *w, struct wk_err *err)
{
    w->control = event_new(w->engine.base, w->args->control_fd, EV_READ | EV_PERSIST, on_control, w);
    w->wake = event_new(w->engine.base, wk_share_wake_fd(w->share), EV_READ | EV_PERSIST, on_wake, w);
    w->term = evsignal_new(w->engine.base, SIGTERM, on_term, w);
    (void)signal(SIGINT, SIG_IGN); /* Ctrl-C goes to the whole group: the master decides */
    (void)signal(SIGPIPE, SIG_IGN);
    if (!w->control || event_add(w->control, NULL) || !w->wake || event_add(w->wake, NULL) || !w->term || event_add(w->term, NULL))
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "events");
    return wk_fiber_spawn(w->engine.sched, "worker.boot", boot_main, w, err) != NULL;
}

static void destroy(struct worker *w)
{
    struct event *all[] = {w->control, w->adopt, w->wake, w->term};

    for (size_t i = 0; i < WK_COUNT(w->served); i++)
        for (size_t k = 0; k < WK_COUNT(w->served[i].listens); k++)
            wk_listen_stop(w->served[i].listens[k]);
    for (size_t i = 0; i < WK_COUNT(all); i++)
        if (all[i])
            event_free(all[i]);
    wk_pulse_destroy(w->pulse);
    if (w->engine.registry)
        wk_registry_close(w->engine.registry);
}

/* The rest (pools, arenas of cancelled calls) ends with the process; only what plugins opened had to be closed. */
__attribute__((noreturn)) static void leave(struct worker *w)
{
    destroy(w);
    (void)fflush(NULL);
    _exit(w->status);
}

int wk_worker_main(const struct wk_worker_args *args)
{
    struct worker w = {.args = args, .give_fd = -1};
    struct wk_err err = {0};

    wk_fault_init();
    w.problems = wk_problems_create();
    wk_backtrace_start();
    w.share = w.engine.share = wk_share_open(args->share_fd, args->slot, &err);
    w.engine.base = event_base_new();
    if (!w.share || !w.engine.base || !w.problems) {
        (void)fprintf(stderr, "worker: %s\n", w.share ? "no memory" : err.msg);
        return 1;
    }
    wk_pulse_guard();
    if (!load(&w, &err) || !wire(&w, &err) || !events(&w, &err)) {
        verdict(&w, wk_problems_count(w.problems) ? NULL : &err);
        leave(&w);
    }
    (void)event_base_dispatch(w.engine.base);
    leave(&w);
}
