/* reload.c - from "please reload" to a verdict. One at a time; what is asked meanwhile becomes one more afterwards, which
 * sees the newest files, so a storm of SIGHUPs costs two reloads. */
#include "master/internal.h"
#include "master/socket.h"
#include "observe/log.h"
#include "observe/metric.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void wk_plan_finish(struct wk_plan *plan)
{
    free(plan->plugins);
    memset(plan, 0, sizeof *plan);
}

/* --- the verdict ------------------------------------------------------------------------------------------------------------- */

void wk_verdict_clear(struct wk_verdict *v)
{
    for (size_t i = 0; i < v->n_problems; i++)
        free(v->problems[i]);
    memset(v, 0, sizeof *v);
}

void wk_verdict_add(struct wk_verdict *v, const char *fmt, ...)
{
    va_list ap;

    if (v->n_problems == WK_PROBLEMS_KEPT)
        return;
    va_start(ap, fmt);
    if (vasprintf(&v->problems[v->n_problems], fmt, ap) >= 0)
        v->n_problems++;
    va_end(ap);
}

/* Workers read the snapshot; the operator edits the original. */
static void add_problem(struct wk_verdict *v, const struct wk_gen *gen, const char *text)
{
    char conf[PATH_MAX + 32], conf_dir[PATH_MAX + 32];
    const char *at;

    (void)snprintf(conf, sizeof conf, "%s/wakala.conf", gen->dir);
    (void)snprintf(conf_dir, sizeof conf_dir, "%s/wakala.d", gen->dir);
    if ((at = strstr(text, conf)))
        wk_verdict_add(v, "%.*s%s%s", (int)(at - text), text, gen->master->conf.conf, at + strlen(conf));
    else if (gen->plan.conf_dir[0] && (at = strstr(text, conf_dir)))
        wk_verdict_add(v, "%.*s%s%s", (int)(at - text), text, gen->plan.conf_dir, at + strlen(conf_dir));
    else
        wk_verdict_add(v, "%s", text);
}

static void add_said(struct wk_verdict *v, const struct wk_proc *proc)
{
    json_t *said = proc->said ? json_loadb(proc->said, proc->said_len, JSON_DISABLE_EOF_CHECK, NULL) : NULL, *one;
    const char *plugin = json_string_value(json_object_get(said, "plugin"));
    size_t i;

    if (plugin)
        (void)snprintf(v->plugin, sizeof v->plugin, "%s", plugin);
    json_array_foreach(json_object_get(said, "problems"), i, one)
        if (json_is_string(one))
            add_problem(v, proc->gen, json_string_value(one));
    json_decref(said);
}

/* A worker that died or was killed before its verdict: the slot says in whose hands. The crash ring has the rest. */
static void add_death(struct wk_verdict *v, const struct wk_proc *proc)
{
    const struct wk_master *m = proc->gen->master;
    const struct wk_crash *c = m->n_crashes ? &m->crashes[(m->n_crashes - 1) % WK_CRASHES_KEPT] : NULL;

    if (!c || c->pid != proc->pid || c->generation != proc->gen->number) {
        wk_verdict_add(v, "worker %d ended before it was ready", (int)proc->pid);
    } else if (c->has_blame) {
        (void)snprintf(v->plugin, sizeof v->plugin, "%s", c->frame.plugin);
        wk_verdict_add(v, "plugin %s %s: the worker died in %s: %s", c->frame.plugin, c->plugin_version, c->frame.hook, c->reason);
    } else {
        wk_verdict_add(v, "a worker died while starting, outside of any plugin: %s", c->reason);
    }
}

static void publish(struct wk_master *m, struct wk_verdict *v)
{
    struct wk_waiter *w;

    v->at_us = wk_wall_us();
    v->took_ms = (wk_share_mono_us() - m->reload_started_us) / 1000;
    for (size_t i = 0; i < v->n_problems; i++)
        wk_log_line(v->is_ok ? WK_WARN : WK_ERROR, &(struct wk_log_fields){.plugin = v->plugin[0] ? v->plugin : NULL}, "%s",
                    v->problems[i]);
    wk_log_line(v->is_ok ? WK_INFO : WK_ERROR, NULL, "%s: generation %u %s after %lld ms%s", v->what, v->generation,
                v->is_ok ? "serves" : "refused", (long long)v->took_ms, v->is_ok || !m->active ? "" : ", the old one serves on");
    wk_metric_add(wk_metric(WK_COUNTER, "wakala_reloads_total", v->is_ok ? "result=\"ok\"" : "result=\"refused\"",
                            "Generations started, by verdict."), 1);
    wk_metric_set(wk_metric(WK_GAUGE, "wakala_last_reload_ok", NULL, "1 when the last reload was accepted."), v->is_ok);
    wk_verdict_clear(&m->last);
    m->last = *v;
    while ((w = LIST_FIRST(&m->waiting))) {
        LIST_REMOVE(w, link);
        w->done(&m->last, w->arg);
        free(w);
    }
}

/* --- asking ------------------------------------------------------------------------------------------------------------------ */

void wk_reload_ask(struct wk_master *m, enum wk_reload_kind kind, void (*done)(const struct wk_verdict *, void *), void *arg)
{
    struct wk_waiter *w = done ? calloc(1, sizeof *w) : NULL;

    if (w) {
        w->done = done;
        w->arg = arg;
        LIST_INSERT_HEAD(&m->asked, w, link);
    }
    if (kind > m->wanted) /* a rollback asked for is not overruled by a SIGHUP */
        m->wanted = kind;
    wk_reload_step(m);
}

void wk_reload_forget(struct wk_master *m, void *arg)
{
    struct wk_waiters *lists[] = {&m->waiting, &m->asked};
    struct wk_waiter *w, *after;

    for (size_t i = 0; i < WK_COUNT(lists); i++)
        WK_EACH_SAFE(w, lists[i], link, after)
            if (w->arg == arg) {
                LIST_REMOVE(w, link);
                free(w);
            }
}

/* Room for a whole generation: while old ones still drain, the reload waits for them instead of failing. */
static bool has_room(const struct wk_master *m)
{
    struct wk_slot_info info;
    size_t taken = 0;

    for (uint32_t i = 0; i < WK_SHARE_SLOTS; i++)
        taken += wk_share_slot_get(m->share, i, &info);
    return taken + (m->active ? m->active->plan.workers : 1) + 8 <= WK_SHARE_SLOTS;
}

/* --- the running one ----------------------------------------------------------------------------------------------------------- */

static bool prepare(struct wk_gen *gen, enum wk_reload_kind kind, struct wk_verdict *v)
{
    struct wk_master *m = gen->master;
    wk_prepare_fn *fn = m->conf.prepare ? m->conf.prepare : wk_prepare;
    struct wk_problems *problems = wk_problems_create();
    const char *without[WK_QUARANTINE_MAX + 1] = {NULL};
    struct wk_source source = {.conf = m->conf.conf, .without = without, .dir = gen->dir};
    bool is_ok;

    for (size_t i = 0; i < m->n_quarantine; i++)
        without[i] = m->quarantine[i];
    if (kind == WK_RELOAD_BACK)
        source.snapshot = m->good_dir;
    if (kind == WK_RELOAD_QUARANTINE && m->active) /* the files may be in the middle of an edit */
        source.snapshot = m->active->dir;
    is_ok = problems && fn(&source, &gen->plan, problems);

    if (!problems)
        wk_verdict_add(v, "no memory to read the configuration");
    for (size_t i = 0; problems && i < wk_problems_count(problems); i++)
        wk_verdict_add(v, "%s", wk_problems_text(problems, i));
    wk_problems_destroy(problems);
    if (is_ok && (!gen->plan.workers || gen->plan.workers > WK_WORKERS_MAX)) {
        wk_verdict_add(v, "host.workers: %u is not between 1 and %d", gen->plan.workers, WK_WORKERS_MAX);
        return false;
    }
    if (m->conf.is_check)
        gen->plan.workers = 1;
    return is_ok;
}

/* The address may change on reload: the new socket is bound before anything is committed. */
static bool prepare_socket(struct wk_gen *gen, struct wk_verdict *v)
{
    struct wk_master *m = gen->master;
    struct wk_err err;

    if (!strcmp(gen->plan.listen, m->socket_address)) {
        gen->listen_fd = m->socket_fd;
        return true;
    }
    if (!gen->plan.listen[0] || m->conf.is_check)
        return true;
    gen->listen_fd = wk_socket_bind(gen->plan.listen, &err);
    if (gen->listen_fd < 0)
        wk_verdict_add(v, "host.listen: %s", err.msg);
    return gen->listen_fd >= 0;
}

static void drop_socket(struct wk_gen *gen)
{
    if (gen->listen_fd >= 0 && gen->listen_fd != gen->master->socket_fd)
        (void)close(gen->listen_fd);
    gen->listen_fd = -1;
}

static void keep_socket(struct wk_gen *gen)
{
    struct wk_master *m = gen->master;

    if (gen->listen_fd == m->socket_fd)
        return;
    if (m->socket_fd >= 0)
        (void)close(m->socket_fd);
    m->socket_fd = gen->listen_fd;
    (void)snprintf(m->socket_address, sizeof m->socket_address, "%s", gen->plan.listen);
}

static void refuse(struct wk_gen *gen, struct wk_verdict *v)
{
    struct wk_master *m = gen->master;

    v->is_ok = false;
    v->generation = gen->number;
    drop_socket(gen);
    m->next = NULL;
    wk_gen_fail(gen, "its generation was refused");
    publish(m, v);
    if (!m->active && !m->is_stopping) { /* the first one: nothing to serve with. Who typed `wakala run` reads stderr */
        for (size_t i = 0; i < m->last.n_problems; i++)
            (void)fprintf(stderr, "wakala: %s\n", m->last.problems[i]);
        m->exit_status = 1;
        wk_master_stop(m);
    }
}

static const char *what_is(const struct wk_master *m, enum wk_reload_kind kind)
{
    return kind == WK_RELOAD_BACK         ? "rollback"
           : kind == WK_RELOAD_QUARANTINE ? "quarantine"
           : m->has_started               ? "reload"
                                          : "start";
}

static void take_over_waiters(struct wk_master *m)
{
    struct wk_waiter *w;

    while ((w = LIST_FIRST(&m->asked))) {
        LIST_REMOVE(w, link);
        LIST_INSERT_HEAD(&m->waiting, w, link);
    }
}

static void begin(struct wk_master *m, enum wk_reload_kind kind)
{
    struct wk_verdict v = {.what = what_is(m, kind)};
    struct wk_err err = {0};
    struct wk_gen *gen;
    bool is_ok;

    m->reload_started_us = wk_share_mono_us();
    m->reload_what = v.what;
    take_over_waiters(m);
    if (kind == WK_RELOAD_CONF) {
        m->n_quarantine = 0;
        m->has_gone_back = false;
    }
    if (kind == WK_RELOAD_BACK && !m->good_dir[0]) {
        wk_verdict_add(&v, "there is no earlier generation to go back to");
        v.generation = m->active ? m->active->number : 0;
        publish(m, &v);
        return;
    }
    gen = wk_gen_create(m, &err);
    if (!gen) {
        wk_verdict_add(&v, "%s", err.msg);
        publish(m, &v);
        return;
    }
    m->next = gen;
    is_ok = prepare(gen, kind, &v) && prepare_socket(gen, &v);
    if (is_ok && !wk_gen_start(gen, &err)) {
        wk_verdict_add(&v, "%s", err.msg);
        is_ok = false;
    }
    if (is_ok)
        return; /* the verdict comes from its workers */
    refuse(gen, &v);
    wk_gen_destroy(gen); /* no process was started */
}

void wk_reload_step(struct wk_master *m)
{
    enum wk_reload_kind kind = m->wanted;

    if (kind == WK_RELOAD_NONE || m->next || m->is_stopping || !has_room(m))
        return;
    m->wanted = WK_RELOAD_NONE;
    begin(m, kind);
}

static void tell_changed(struct wk_verdict *v, const char *key, const char *wanted, const char *running)
{
    if (*wanted && strcmp(wanted, running ? running : "") != 0)
        wk_verdict_add(v, "%s: %s takes effect at the next start; until then it is %s", key, wanted,
                       running && *running ? running : "not set");
}

void wk_reload_good(struct wk_gen *gen)
{
    struct wk_master *m = gen->master;
    struct wk_gen *old = m->active;
    struct wk_verdict v = {.is_ok = true, .generation = gen->number, .what = m->reload_what};
    struct wk_proc *proc;

    if (m->conf.is_check) { /* that was all we wanted to know */
        wk_master_stop(m);
        return;
    }
    tell_changed(&v, "host.admin", gen->plan.admin, m->conf.admin);
    tell_changed(&v, "host.run_dir", gen->plan.run_dir, m->conf.run_dir);
    tell_changed(&v, "host.user", gen->plan.user, m->conf.user);
    keep_socket(gen);
    gen->state = WK_GEN_ACTIVE;
    m->active = gen;
    m->next = NULL;
    if (!m->has_started)
        wk_master_started();
    m->has_started = true;
    LIST_FOREACH(proc, &gen->procs, link)
        wk_proc_serve(proc);
    if (old) {
        char before[PATH_MAX];

        (void)snprintf(before, sizeof before, "%s", m->good_dir);
        (void)snprintf(m->good_dir, sizeof m->good_dir, "%s", old->dir);
        wk_gen_drain(old, true);
        wk_gen_forget_dir(m, before, NULL);
    }
    publish(m, &v);
    wk_reload_step(m);
}

void wk_reload_bad(struct wk_gen *gen, struct wk_proc *proc, const char *why)
{
    struct wk_master *m = gen->master;
    struct wk_verdict v = {.what = m->reload_what};

    if (proc)
        add_said(&v, proc);
    if (proc && !v.n_problems)
        add_death(&v, proc);
    if (why)
        wk_verdict_add(&v, "%s", why);
    refuse(gen, &v);
    wk_reload_step(m);
}

/* --- quarantine ---------------------------------------------------------------------------------------------------------------- */

void wk_reload_quarantine(struct wk_master *m, const char *plugin)
{
    const struct wk_plan *plan = m->active ? &m->active->plan : NULL;
    bool is_known = false, is_required = false;

    for (size_t i = 0; plan && i < plan->n_plugins; i++)
        if (!strcmp(plan->plugins[i].name, plugin)) {
            is_known = true;
            is_required = plan->plugins[i].is_required;
        }
    if (!is_known || m->is_stopping)
        return;
    if (is_required && m->has_gone_back)
        return;
    if (is_required) {
        m->has_gone_back = true;
        wk_log_line(WK_ERROR, &(struct wk_log_fields){.plugin = plugin},
                    "plugin %s crashes repeatedly and is required: going back to the generation before", plugin);
        if (m->good_dir[0])
            wk_reload_ask(m, WK_RELOAD_BACK, NULL, NULL);
        return;
    }
    for (size_t i = 0; i < m->n_quarantine; i++)
        if (!strcmp(m->quarantine[i], plugin))
            return;
    if (m->n_quarantine == WK_QUARANTINE_MAX)
        return;
    (void)snprintf(m->quarantine[m->n_quarantine++], sizeof m->quarantine[0], "%s", plugin);
    wk_log_line(WK_ERROR, &(struct wk_log_fields){.plugin = plugin},
                "plugin %s crashes repeatedly: quarantined, starting without it. `wakala reload` tries it again", plugin);
    wk_reload_ask(m, WK_RELOAD_QUARANTINE, NULL, NULL);
}
