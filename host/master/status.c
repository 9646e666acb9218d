/* status.c - see status.h. */
#include "master/status.h"
#include "guard/targets.h"
#include "observe/metric.h"

#include <stdlib.h>
#include <time.h>

static const char *const gen_states[] = {"starting", "active", "draining", "failed"};
static const char *const proc_states[] = {"starting", "ready", "draining"};

static json_t *wall_text(int64_t us)
{
    char text[40];
    time_t s = us / 1000000;
    struct tm tm;

    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&s, &tm));
    return json_string(text);
}

static json_t *uuid_text(const struct wk_uuid *id)
{
    char text[WK_UUID_TEXT];

    return wk_uuid_is_nil(id) ? json_null() : json_string(wk_uuid_text(id, text));
}

/* Names come from shared memory that a dying worker may have garbled: never let one bad byte empty the page. */
static json_t *safe(const char *text)
{
    json_t *s = json_string(text);

    return s ? s : json_string("?");
}

json_t *wk_status_verdict(const struct wk_verdict *v, const struct wk_master *m)
{
    json_t *out = json_object(), *problems = json_array();

    for (size_t i = 0; i < v->n_problems; i++)
        (void)json_array_append_new(problems, safe(v->problems[i]));
    (void)json_object_set_new(out, "ok", json_boolean(v->is_ok));
    (void)json_object_set_new(out, "what", json_string(v->what ? v->what : "none"));
    (void)json_object_set_new(out, "generation", json_integer(v->generation));
    (void)json_object_set_new(out, "serving", json_integer(m->active ? m->active->number : 0));
    if (v->plugin[0])
        (void)json_object_set_new(out, "plugin", safe(v->plugin));
    (void)json_object_set_new(out, "problems", problems);
    (void)json_object_set_new(out, "took_ms", json_integer(v->took_ms));
    (void)json_object_set_new(out, "at", wall_text(v->at_us));
    return out;
}

static json_t *blame_json(const struct wk_share *share, uint32_t slot)
{
    char text[256];

    return wk_blame_sentence(share, slot, text, sizeof text) ? safe(text) : json_null();
}

static json_t *proc_json(const struct wk_proc *proc, int64_t now)
{
    const struct wk_share *share = proc->gen->master->share;
    json_t *out = json_object();
    struct wk_slot_info info;

    (void)wk_share_slot_get(share, proc->slot, &info);
    (void)json_object_set_new(out, "pid", json_integer(proc->pid));
    (void)json_object_set_new(out, "index", json_integer(proc->index));
    (void)json_object_set_new(out, "state", json_string(proc_states[proc->state]));
    (void)json_object_set_new(out, "uptime_s", json_integer((now - proc->started_us) / 1000000));
    (void)json_object_set_new(out, "heartbeat_ms", json_integer((now - info.heartbeat_us) / 1000));
    (void)json_object_set_new(out, "rss_bytes", json_integer(info.rss_bytes));
    (void)json_object_set_new(out, "connections_idle", json_integer(info.conns_idle));
    (void)json_object_set_new(out, "connections_busy", json_integer(info.conns_busy));
    (void)json_object_set_new(out, "fibers", json_integer(info.fibers));
    (void)json_object_set_new(out, "runs", blame_json(share, proc->slot));
    return out;
}

static json_t *gen_json(const struct wk_gen *gen, int64_t now)
{
    json_t *out = json_object(), *workers = json_array(), *plugins = json_array();
    const struct wk_proc *proc;

    LIST_FOREACH(proc, &gen->procs, link)
        (void)json_array_append_new(workers, proc_json(proc, now));
    for (size_t i = 0; i < gen->plan.n_plugins; i++) {
        const struct wk_plan_plugin *p = &gen->plan.plugins[i];
        json_t *one = json_object();

        (void)json_object_set_new(one, "name", safe(p->name));
        (void)json_object_set_new(one, "version", safe(p->version));
        (void)json_object_set_new(one, "build", safe(p->build));
        (void)json_object_set_new(one, "required", json_boolean(p->is_required));
        (void)json_array_append_new(plugins, one);
    }
    (void)json_object_set_new(out, "number", json_integer(gen->number));
    (void)json_object_set_new(out, "state", json_string(gen_states[gen->state]));
    (void)json_object_set_new(out, "build", safe(gen->plan.build));
    (void)json_object_set_new(out, "uptime_s", json_integer((now - gen->started_us) / 1000000));
    (void)json_object_set_new(out, "workers_wanted", json_integer(gen->plan.workers));
    (void)json_object_set_new(out, "workers", workers);
    (void)json_object_set_new(out, "plugins", plugins);
    return out;
}

static json_t *crash_json(const struct wk_crash *c)
{
    json_t *out = json_object();

    (void)json_object_set_new(out, "at", wall_text(c->at_us));
    (void)json_object_set_new(out, "pid", json_integer(c->pid));
    (void)json_object_set_new(out, "generation", json_integer(c->generation));
    (void)json_object_set_new(out, "build", safe(c->build));
    (void)json_object_set_new(out, "reason", safe(c->reason));
    (void)json_object_set_new(out, "signal", json_integer(c->sig));
    if (c->has_blame) {
        (void)json_object_set_new(out, "plugin", safe(c->frame.plugin));
        (void)json_object_set_new(out, "plugin_version", safe(c->plugin_version));
        (void)json_object_set_new(out, "plugin_build", safe(c->plugin_build));
        (void)json_object_set_new(out, "hook", safe(c->frame.hook));
        (void)json_object_set_new(out, "ref", safe(c->frame.ref));
        (void)json_object_set_new(out, "called_by", safe(c->outer));
        (void)json_object_set_new(out, "ran_ms", json_integer(c->ran_ms));
        (void)json_object_set_new(out, "tenant", uuid_text(&c->frame.tenant));
        (void)json_object_set_new(out, "message", uuid_text(&c->frame.message));
        (void)json_object_set_new(out, "message_set_aside", json_boolean(c->is_set_aside));
    }
    return out;
}

static json_t *recycle_json(const struct wk_recycle *r)
{
    json_t *out = json_object();

    (void)json_object_set_new(out, "at", wall_text(r->at_us));
    (void)json_object_set_new(out, "pid", json_integer(r->pid));
    (void)json_object_set_new(out, "generation", json_integer(r->generation));
    (void)json_object_set_new(out, "index", json_integer(r->index));
    (void)json_object_set_new(out, "reason", json_string("above host.worker_memory_max"));
    (void)json_object_set_new(out, "rss_bytes", json_integer(r->rss_bytes));
    (void)json_object_set_new(out, "max_bytes", json_integer(r->max_bytes));
    (void)json_object_set_new(out, "suspect", r->suspect[0] ? safe(r->suspect) : json_null());
    (void)json_object_set_new(out, "kept_bytes", json_integer(r->kept_bytes));
    return out;
}

static void add_target(const struct wk_target_info *info, void *arg)
{
    json_t *one = json_object();

    (void)json_object_set_new(one, "name", safe(info->name));
    (void)json_object_set_new(one, "breaker", json_string(wk_breaker_state_name(info->state)));
    (void)json_object_set_new(one, "open_ms", json_integer(info->open_ms));
    (void)json_object_set_new(one, "trips", json_integer(info->trips));
    (void)json_object_set_new(one, "opened_total", json_integer(info->opened));
    (void)json_object_set_new(one, "cause", info->cause[0] ? json_string(info->cause) : json_null());
    (void)json_array_append_new(arg, one);
}

/* One worker that cannot reach PostgreSQL makes the machine not ready; a degraded helper (Redis, a broker) does not. */
static bool add_deps(const struct wk_proc *proc, json_t *deps)
{
    struct wk_slot_info info;
    bool is_ok = true;

    if (!wk_share_slot_get(proc->gen->master->share, proc->slot, &info))
        return true;
    for (int i = 0; i < WK_SHARE_DEPS && info.dep[i].name[0]; i++) {
        const json_t *known = json_object_get(deps, info.dep[i].name);
        bool was_ok = !known || json_is_true(json_object_get(known, "ok"));
        bool was_degraded = known && json_is_true(json_object_get(known, "degraded"));
        json_int_t latency = known ? json_integer_value(json_object_get(known, "latency_ms")) : 0;
        json_t *one = json_object();

        is_ok = is_ok && info.dep[i].is_ok;
        (void)json_object_set_new(one, "ok", json_boolean(was_ok && info.dep[i].is_ok));
        (void)json_object_set_new(one, "degraded", json_boolean(was_degraded || info.dep[i].is_degraded));
        (void)json_object_set_new(one, "latency_ms",
                                  json_integer(latency > info.dep[i].latency_ms ? latency : info.dep[i].latency_ms));
        (void)json_object_set_new(deps, info.dep[i].name, one);
    }
    return is_ok;
}

static json_t *deps_json(const struct wk_master *m, bool *are_ok)
{
    json_t *deps = json_object();
    const struct wk_proc *proc;

    *are_ok = true;
    if (m->active)
        LIST_FOREACH(proc, &m->active->procs, link)
            if (proc->state == WK_PROC_READY)
                *are_ok = add_deps(proc, deps) && *are_ok;
    return deps;
}

json_t *wk_status_json(const struct wk_master *m)
{
    json_t *targets = json_array();
    json_t *out = json_object(), *gens = json_array(), *crashes = json_array(), *recycles = json_array(), *quarantine = json_array();
    int64_t now = wk_share_mono_us();
    const struct wk_gen *gen;
    bool are_ok;

    LIST_FOREACH(gen, &m->gens, link)
        (void)json_array_append_new(gens, gen_json(gen, now));
    for (size_t i = 0; i < WK_CRASHES_KEPT && i < m->n_crashes; i++) /* newest first */
        (void)json_array_append_new(crashes, crash_json(&m->crashes[(m->n_crashes - 1 - i) % WK_CRASHES_KEPT]));
    for (size_t i = 0; i < WK_RECYCLES_KEPT && i < m->n_recycles; i++)
        (void)json_array_append_new(recycles, recycle_json(&m->recycles[(m->n_recycles - 1 - i) % WK_RECYCLES_KEPT]));
    for (size_t i = 0; i < m->n_quarantine; i++)
        (void)json_array_append_new(quarantine, safe(m->quarantine[i]));
    (void)json_object_set_new(out, "pid", json_integer(m->pid));
    (void)json_object_set_new(out, "uptime_s", json_integer((now - m->started_us) / 1000000));
    (void)json_object_set_new(out, "stopping", json_boolean(m->is_stopping));
    (void)json_object_set_new(out, "conf", safe(m->conf.conf));
    (void)json_object_set_new(out, "listen", safe(m->socket_address));
    (void)json_object_set_new(out, "serving", json_integer(m->active ? m->active->number : 0));
    (void)json_object_set_new(out, "generations", gens);
    (void)json_object_set_new(out, "reload", wk_status_verdict(&m->last, m));
    (void)json_object_set_new(out, "reload_running", json_boolean(m->next != NULL));
    (void)json_object_set_new(out, "quarantine", quarantine);
    wk_guard_each(m->share, add_target, targets);
    (void)json_object_set_new(out, "targets", targets);
    (void)json_object_set_new(out, "dependencies", deps_json(m, &are_ok));
    (void)json_object_set_new(out, "crashes_total", json_integer((json_int_t)m->n_crashes));
    (void)json_object_set_new(out, "crashes", crashes);
    (void)json_object_set_new(out, "recycles_total", json_integer((json_int_t)m->n_recycles));
    (void)json_object_set_new(out, "recycles", recycles);
    return out;
}

/* --- probes -------------------------------------------------------------------------------------------------------------------- */

json_t *wk_status_health(const struct wk_master *m, bool *is_ok)
{
    json_t *out = json_object(), *stuck = json_array();
    const struct wk_proc *proc;
    int64_t now = wk_share_mono_us();
    size_t beating = 0;

    if (m->active)
        LIST_FOREACH(proc, &m->active->procs, link) {
            struct wk_slot_info info;

            if (proc->state != WK_PROC_READY || !wk_share_slot_get(m->share, proc->slot, &info))
                continue;
            if (now - info.heartbeat_us < (int64_t)m->active->plan.heartbeat_ms * 1000)
                beating++;
            else
                (void)json_array_append_new(stuck, json_integer(proc->pid));
        }
    *is_ok = beating > 0 && !json_array_size(stuck);
    (void)json_object_set_new(out, "ok", json_boolean(*is_ok));
    (void)json_object_set_new(out, "workers", json_integer((json_int_t)beating));
    (void)json_object_set_new(out, "stuck", stuck);
    return out;
}

json_t *wk_status_ready(const struct wk_master *m, bool *is_ok)
{
    json_t *out = json_object(), *deps;
    size_t ready = m->active ? wk_gen_count(m->active, WK_PROC_READY) : 0;
    bool are_deps_ok, is_healthy;

    deps = deps_json(m, &are_deps_ok);
    json_decref(wk_status_health(m, &is_healthy));
    *is_ok = m->active && !m->is_stopping && ready >= m->active->plan.workers && are_deps_ok && is_healthy;
    (void)json_object_set_new(out, "ready", json_boolean(*is_ok));
    (void)json_object_set_new(out, "stopping", json_boolean(m->is_stopping));
    (void)json_object_set_new(out, "generation", json_integer(m->active ? m->active->number : 0));
    (void)json_object_set_new(out, "workers_ready", json_integer((json_int_t)ready));
    (void)json_object_set_new(out, "workers_wanted", json_integer(m->active ? m->active->plan.workers : 0));
    (void)json_object_set_new(out, "dependencies", deps);
    return out;
}

/* --- metrics -------------------------------------------------------------------------------------------------------------------- */

/* One gauge of every serving worker, labelled by its index: few, and stable over restarts. */
static void print_gauge(FILE *f, const struct wk_master *m, const char *name, const char *help, int which)
{
    const struct wk_proc *proc;
    int64_t now = wk_share_mono_us();

    (void)fprintf(f, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
    if (!m->active)
        return;
    LIST_FOREACH(proc, &m->active->procs, link) {
        struct wk_slot_info info;

        if (proc->state != WK_PROC_READY || !wk_share_slot_get(m->share, proc->slot, &info))
            continue;
        (void)fprintf(f, "%s{worker=\"%u\"", name, proc->index);
        switch (which) {
        case 0:
            (void)fprintf(f, "} %.3f\n", (double)(now - info.heartbeat_us) / 1e6);
            break;
        case 1:
            (void)fprintf(f, "} %lld\n", (long long)info.rss_bytes);
            break;
        case 2:
            (void)fprintf(f, "} %u\n", info.fibers);
            break;
        default:
            (void)fprintf(f, ",state=\"idle\"} %u\n%s{worker=\"%u\",state=\"busy\"} %u\n", info.conns_idle, name, proc->index,
                          info.conns_busy);
        }
    }
}

/* Only names that a plugin or a configuration has chosen: hosts of URLs may be a tenant's, and a label may not. */
static void print_target(const struct wk_target_info *info, void *arg)
{
    FILE *f = arg;
    char label[192];

    if (info->is_named)
        (void)fprintf(f, "wakala_breaker_state{%s} %d\n", wk_metric_labels(label, sizeof label, "target", info->name, NULL), (int)info->state);
}

/* What workers depend on: 1 all reach it, 0 one does not. */
static void print_deps(FILE *f, const struct wk_master *m)
{
    bool are_ok;
    json_t *deps = deps_json(m, &are_ok), *dep;
    const char *name;

    (void)fprintf(f, "# HELP wakala_dependency_up 1: every worker reaches it. 0: one at least does not.\n# TYPE wakala_dependency_up gauge\n");
    json_object_foreach(deps, name, dep)
        (void)fprintf(f, "wakala_dependency_up{dependency=\"%s\"} %d\n", name,
                      json_is_true(json_object_get(dep, "ok")) && !json_is_true(json_object_get(dep, "degraded")));
    json_decref(deps);
}

static void print_own(FILE *f, const struct wk_master *m)
{
    size_t draining = 0;
    const struct wk_gen *gen;

    LIST_FOREACH(gen, &m->gens, link)
        draining += gen->state == WK_GEN_DRAINING;
    (void)fprintf(f, "# HELP wakala_generation Number of the serving generation.\n# TYPE wakala_generation gauge\n"
                     "wakala_generation %u\n", m->active ? m->active->number : 0);
    (void)fprintf(f, "# HELP wakala_generations_draining Old generations that still finish work.\n"
                     "# TYPE wakala_generations_draining gauge\nwakala_generations_draining %zu\n", draining);
    (void)fprintf(f, "# HELP wakala_workers Workers of the serving generation.\n# TYPE wakala_workers gauge\n"
                     "wakala_workers{state=\"ready\"} %zu\nwakala_workers{state=\"wanted\"} %u\n",
                  m->active ? wk_gen_count(m->active, WK_PROC_READY) : 0, m->active ? m->active->plan.workers : 0);
    (void)fprintf(f, "# HELP wakala_plugins_quarantined Plugins left out because they crashed.\n"
                     "# TYPE wakala_plugins_quarantined gauge\nwakala_plugins_quarantined %zu\n", m->n_quarantine);
    (void)fprintf(f, "# HELP wakala_breaker_state Of a named target outside: 0 closed, 1 half-open, 2 open.\n# TYPE wakala_breaker_state gauge\n");
    wk_guard_each(m->share, print_target, f);
    print_deps(f, m);
    print_gauge(f, m, "wakala_worker_heartbeat_age_seconds", "Since the worker's loop last turned.", 0);
    print_gauge(f, m, "wakala_worker_resident_bytes", "Resident memory of the worker.", 1);
    print_gauge(f, m, "wakala_worker_fibers", "Calls in progress.", 2);
    print_gauge(f, m, "wakala_worker_connections", "Open client connections.", 3);
}

char *wk_status_metrics(const struct wk_master *m, size_t *len)
{
    size_t shared_len = 0;
    char *text = NULL, *shared = wk_metric_text(&shared_len);
    FILE *f = shared ? open_memstream(&text, len) : NULL;

    if (f) {
        print_own(f, m);
        (void)fwrite(shared, 1, shared_len, f);
        if (fclose(f) != 0) {
            free(text);
            text = NULL;
        }
    }
    free(shared);
    return text;
}
