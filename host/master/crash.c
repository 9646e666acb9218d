/* crash.c - what a dead worker leaves: who was on the CPU, for which tenant and message; kept, logged, counted. */
#include "guard/alerts.h"
#include "master/internal.h"
#include "observe/log.h"
#include "observe/metric.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

int64_t wk_wall_us(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

const char *wk_death_text(int status, char *buf, size_t size)
{
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));

        (void)snprintf(buf, size, "SIG%s", name ? name : "?");
    } else {
        (void)snprintf(buf, size, "exit %d", WEXITSTATUS(status));
    }
    return buf;
}

static const struct wk_blame_frame *deepest(const struct wk_blame *blame)
{
    return &blame->frame[(blame->depth < WK_BLAME_DEPTH ? blame->depth : WK_BLAME_DEPTH) - 1];
}

bool wk_blame_sentence(const struct wk_share *share, uint32_t slot, char *out, size_t size)
{
    struct wk_blame blame;
    const struct wk_blame_frame *f;

    if (!wk_share_slot_blame(share, slot, &blame)) {
        (void)snprintf(out, size, "the host itself");
        return false;
    }
    f = deepest(&blame);
    (void)snprintf(out, size, "plugin %s, %s%s%s%s, for %lld ms", f->plugin, f->hook, f->ref[0] ? " (" : "", f->ref,
                   f->ref[0] ? ")" : "", (long long)((wk_share_mono_us() - f->started_us) / 1000));
    return true;
}

static void add_blame(struct wk_crash *crash, const struct wk_proc *proc)
{
    const struct wk_plan *plan = &proc->gen->plan;
    struct wk_blame blame;

    crash->has_blame = wk_share_slot_blame(proc->gen->master->share, proc->slot, &blame);
    if (!crash->has_blame)
        return;
    crash->frame = *deepest(&blame);
    crash->ran_ms = (wk_share_mono_us() - crash->frame.started_us) / 1000;
    (void)snprintf(crash->outer, sizeof crash->outer, "%s", blame.frame[0].plugin);
    for (size_t i = 0; i < plan->n_plugins; i++)
        if (!strcmp(plan->plugins[i].name, crash->frame.plugin)) {
            (void)snprintf(crash->plugin_version, sizeof crash->plugin_version, "%s", plan->plugins[i].version);
            (void)snprintf(crash->plugin_build, sizeof crash->plugin_build, "%s", plan->plugins[i].build);
        }
}

/* A sanitizer or an assertion that ends with exit() is as good as an abort. */
static int deadly_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : SIGABRT; }

/* Only deaths that a message may have caused: SIGTERM, SIGINT, SIGHUP come from people. */
static bool is_the_messages_doing(int status)
{
    int sig = deadly_signal(status);

    return sig == SIGKILL || sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGABRT ||
           sig == SIGTRAP || sig == SIGSYS;
}

static void count(const struct wk_crash *crash)
{
    char labels[128];

    (void)wk_metric_labels(labels, sizeof labels, "plugin", crash->has_blame ? crash->frame.plugin : "host", NULL);
    wk_metric_add(wk_metric(WK_COUNTER, "wakala_worker_deaths_total", labels, "Workers that died, by the plugin on the CPU."), 1);
    if (crash->is_set_aside)
        wk_metric_add(wk_metric(WK_COUNTER, "wakala_messages_set_aside_total", labels, "Messages that killed too many workers."), 1);
}

static void log_it(const struct wk_crash *c)
{
    char tenant[WK_UUID_TEXT], message[WK_UUID_TEXT], who[160] = "";
    struct wk_log_fields f = {0};

    if (c->has_blame) {
        f.plugin = c->frame.plugin;
        f.hook = c->frame.hook;
        f.tenant = wk_uuid_is_nil(&c->frame.tenant) ? NULL : wk_uuid_text(&c->frame.tenant, tenant);
        f.request_id = c->frame.ref[0] ? c->frame.ref : NULL;
        (void)snprintf(who, sizeof who, " %s %s after %lld ms, build %s, message %s", c->frame.plugin, c->plugin_version,
                       (long long)c->ran_ms, c->plugin_build[0] ? c->plugin_build : "-",
                       wk_uuid_is_nil(&c->frame.message) ? "-" : wk_uuid_text(&c->frame.message, message));
    }
    wk_log_line(WK_ERROR, &f, "worker %d (generation %u %s, index %u) died: %s. Blame:%s%s", (int)c->pid, c->generation, c->build,
                c->index, c->reason, c->has_blame ? who : " the host itself",
                c->is_set_aside ? ". The message is set aside" : "");
}

const struct wk_crash *wk_crash_record(struct wk_proc *proc, int status)
{
    struct wk_master *m = proc->gen->master;
    struct wk_crash *c = &m->crashes[m->n_crashes++ % WK_CRASHES_KEPT];
    char death[32];

    memset(c, 0, sizeof *c);
    c->at_us = wk_wall_us();
    c->pid = proc->pid;
    c->generation = proc->gen->number;
    c->index = proc->index;
    c->status = status;
    c->sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    c->was_ready = proc->state != WK_PROC_STARTING;
    (void)snprintf(c->build, sizeof c->build, "%s", proc->gen->plan.build);
    (void)snprintf(c->reason, sizeof c->reason, "%s%s%s", wk_death_text(status, death, sizeof death), proc->is_killed ? ", " : "",
                   proc->is_killed ? proc->why : "");
    add_blame(c, proc);
    if (c->has_blame && is_the_messages_doing(status))
        c->is_set_aside = wk_share_poison_count(m->share, &c->frame.message, deadly_signal(status));
    count(c);
    wk_alert_raise(m->share, WK_SEVERITY_CRITICAL, c->has_blame ? c->frame.plugin : "host", "plugin.crashed");
    log_it(c);
    return c;
}
