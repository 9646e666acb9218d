/* generation.c - all workers of one snapshot: rehearsal, the others, replacement of the dead, drain.
 *
 *   STARTING -- all ready --> ACTIVE -- a newer one is active, or stop --> DRAINING -- last worker gone --> destroyed
 *      `------ any trouble --> FAILED (killed; it had no traffic) ------------------------------------------'      */
#include "master/internal.h"
#include "master/tree.h"
#include "observe/log.h"
#include "observe/metric.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define STABLE_US (INT64_C(30) * 1000000) /* deaths further apart are not a crash loop */
enum { FREE_RESTARTS = 3, BACKOFF_FIRST_MS = 100, BACKOFF_MAX_MS = 5000, RSS_EVERY_US = 1000000 };
/* host.heartbeat_deadline is when a hung worker is gone, not when we begin to look: one tick until we see it, one for being late. */
enum { HEARTBEAT_MARGIN_US = 2 * WK_TICK_MS * 1000 };

struct wk_gen *wk_gen_create(struct wk_master *m, struct wk_err *err)
{
    struct wk_gen *gen = calloc(1, sizeof *gen);

    if (!gen) {
        (void)wk_fail(err, WK_SYSTEM, "master.memory", "no memory for a generation");
        return NULL;
    }
    gen->master = m;
    gen->number = ++m->last_number;
    gen->listen_fd = -1;
    gen->started_us = wk_share_mono_us();
    LIST_INIT(&gen->procs);
    (void)snprintf(gen->dir, sizeof gen->dir, "%.4000s/gen-%u", m->conf.run_dir, gen->number);
    LIST_INSERT_HEAD(&m->gens, gen, link);
    return gen;
}

/* The snapshot goes with its last user; the one a rollback would use stays. */
void wk_gen_forget_dir(struct wk_master *m, const char *dir, const struct wk_gen *but)
{
    const struct wk_gen *other;

    LIST_FOREACH(other, &m->gens, link)
        if (other != but && !strcmp(other->dir, dir))
            return;
    if (*dir && strcmp(dir, m->good_dir) != 0)
        wk_tree_remove(dir);
}

void wk_gen_destroy(struct wk_gen *gen)
{
    struct wk_master *m = gen->master;

    if (m->next == gen)
        m->next = NULL;
    if (m->active == gen)
        m->active = NULL;
    wk_gen_forget_dir(m, gen->dir, gen);
    LIST_REMOVE(gen, link);
    wk_plan_finish(&gen->plan);
    free(gen);
}

bool wk_gen_start(struct wk_gen *gen, struct wk_err *err) { return wk_proc_start(gen, 0, true, NULL, err); }

size_t wk_gen_count(const struct wk_gen *gen, enum wk_proc_state state)
{
    const struct wk_proc *proc;
    size_t n = 0;

    LIST_FOREACH(proc, &gen->procs, link)
        n += proc->state == state;
    return n;
}

/* --- good news -------------------------------------------------------------------------------------------------------------- */

static void start_the_others(struct wk_gen *gen)
{
    struct wk_err err;

    for (uint32_t i = 1; i < gen->plan.workers; i++)
        if (!wk_proc_start(gen, i, false, NULL, &err)) {
            wk_reload_bad(gen, NULL, err.msg);
            return;
        }
}

void wk_gen_proc_ready(struct wk_proc *proc)
{
    struct wk_gen *gen = proc->gen;

    switch (gen->state) {
    case WK_GEN_STARTING:
        if (proc->is_rehearsal)
            start_the_others(gen);
        if (gen->state == WK_GEN_STARTING && wk_gen_count(gen, WK_PROC_READY) == gen->plan.workers)
            wk_reload_good(gen);
        break;
    case WK_GEN_ACTIVE: /* a replacement */
        wk_proc_serve(proc);
        if (proc->replaces)
            wk_proc_drain(proc->replaces, true);
        proc->replaces = NULL;
        wk_log_line(WK_INFO, NULL, "worker %d (generation %u, index %u) serves", (int)proc->pid, gen->number, proc->index);
        break;
    case WK_GEN_DRAINING:
    case WK_GEN_FAILED:
        wk_proc_kill(proc, "no longer needed", true);
        break;
    }
}

/* --- bad news --------------------------------------------------------------------------------------------------------------- */

/* At once for the first few, then slower and slower: a crash loop must not eat the machine. */
static int64_t backoff_us(struct wk_gen *gen, int64_t now)
{
    int64_t ms = BACKOFF_FIRST_MS;

    if (now - gen->recent_since_us > STABLE_US)
        gen->recent = 0;
    gen->recent_since_us = now;
    if (++gen->recent <= FREE_RESTARTS)
        return 0;
    for (uint32_t i = FREE_RESTARTS + 1; i < gen->recent && ms < BACKOFF_MAX_MS; i++)
        ms *= 2;
    return (ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS) * 1000;
}

static bool has_index(const struct wk_gen *gen, uint32_t index, const struct wk_proc *but)
{
    const struct wk_proc *proc;

    LIST_FOREACH(proc, &gen->procs, link)
        if (proc != but && proc->index == index && proc->state != WK_PROC_DRAINING)
            return true;
    return false;
}

static void respawn(struct wk_gen *gen, uint32_t index)
{
    struct wk_err err;

    gen->respawn_us[index] = 0;
    if (wk_proc_start(gen, index, false, NULL, &err))
        return;
    wk_log_line(WK_ERROR, &(struct wk_log_fields){.err = &err}, "generation %u runs one worker short", gen->number);
    gen->respawn_us[index] = wk_share_mono_us() + 1000000;
}

static bool is_clean(const struct wk_proc *proc, int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 && proc->state != WK_PROC_STARTING;
}

/* Too many deaths by one plugin: start without it. */
static void count_guilt(struct wk_gen *gen, const char *plugin, int64_t now)
{
    size_t free_cell = WK_COUNT(gen->guilty);

    for (size_t i = 0; i < WK_COUNT(gen->guilty); i++) {
        bool is_old = now - gen->guilty[i].since_us > (int64_t)gen->plan.crash_window_ms * 1000;

        if (!gen->guilty[i].count || is_old) {
            gen->guilty[i].count = 0;
            if (free_cell == WK_COUNT(gen->guilty))
                free_cell = i;
            continue;
        }
        if (strcmp(gen->guilty[i].plugin, plugin) != 0)
            continue;
        if (++gen->guilty[i].count == gen->plan.crash_limit)
            wk_reload_quarantine(gen->master, plugin);
        return;
    }
    if (free_cell == WK_COUNT(gen->guilty))
        return;
    gen->guilty[free_cell].since_us = now;
    gen->guilty[free_cell].count = 1;
    (void)snprintf(gen->guilty[free_cell].plugin, sizeof gen->guilty[free_cell].plugin, "%s", plugin);
    if (gen->plan.crash_limit == 1)
        wk_reload_quarantine(gen->master, plugin);
}

static void active_lost_one(struct wk_gen *gen, struct wk_proc *proc, const struct wk_crash *crash)
{
    int64_t now = wk_share_mono_us(), wait = 0;
    uint32_t index = proc->index;
    bool is_replaced = has_index(gen, index, proc);

    if (crash) {
        wait = backoff_us(gen, now);
        if (crash->has_blame && crash->was_ready)
            count_guilt(gen, crash->frame.plugin, now);
    } else if (proc->state == WK_PROC_STARTING) { /* it refused: something outside is missing, ask again soon */
        wait = backoff_us(gen, now) + 500000;
        wk_log_line(WK_ERROR, NULL, "a replacement worker refused to serve: %.1500s", proc->said ? proc->said : "");
    } else if (now - proc->started_us < 1000000) { /* SIGTERM from somebody, or a bug: not in a tight loop */
        wait = 1000000;
    }
    wk_proc_forget(proc);
    if (gen->state != WK_GEN_ACTIVE || is_replaced)
        return;
    if (wait)
        gen->respawn_us[index] = now + wait;
    else
        respawn(gen, index);
}

void wk_gen_proc_gone(struct wk_proc *proc, int status)
{
    struct wk_gen *gen = proc->gen;
    /* by its words, not its status: a leak checker replaces the status of an honest refusal */
    bool has_refused = WIFEXITED(status) && proc->said && !strncmp(proc->said, "{\"ok\":false", 11);
    const struct wk_crash *crash = NULL;

    if (!has_refused && !proc->is_quiet && !is_clean(proc, status))
        crash = wk_crash_record(proc, status);
    switch (gen->state) {
    case WK_GEN_STARTING:
        wk_reload_bad(gen, proc, NULL); /* also a clean exit: it was to stay */
        wk_proc_forget(proc);
        break;
    case WK_GEN_ACTIVE:
        active_lost_one(gen, proc, crash);
        return;
    case WK_GEN_DRAINING:
    case WK_GEN_FAILED:
        wk_proc_forget(proc);
        break;
    }
    if (LIST_EMPTY(&gen->procs) && gen->state != WK_GEN_STARTING) {
        if (gen->state == WK_GEN_DRAINING)
            wk_log_line(WK_INFO, NULL, "generation %u is drained", gen->number);
        wk_gen_destroy(gen);
    }
}

/* --- the end ----------------------------------------------------------------------------------------------------------------- */

void wk_gen_drain(struct wk_gen *gen, bool give)
{
    struct wk_proc *proc, *after;

    gen->state = WK_GEN_DRAINING;
    gen->drain_until_us = wk_share_mono_us() + (int64_t)gen->plan.drain_ms * 1000;
    WK_EACH_SAFE(proc, &gen->procs, link, after)
        wk_proc_drain(proc, give);
    if (LIST_EMPTY(&gen->procs)) /* all dead and waiting for their turn to start again */
        wk_gen_destroy(gen);
}

void wk_gen_fail(struct wk_gen *gen, const char *why)
{
    struct wk_proc *proc;

    gen->state = WK_GEN_FAILED;
    LIST_FOREACH(proc, &gen->procs, link)
        wk_proc_kill(proc, why, true);
}

/* --- watching ---------------------------------------------------------------------------------------------------------------- */

static void check_heartbeat(struct wk_proc *proc, int64_t now)
{
    struct wk_slot_info info;
    char blame[256];

    if (proc->state == WK_PROC_STARTING || proc->is_killed || !wk_share_slot_get(proc->gen->master->share, proc->slot, &info) ||
        now - info.heartbeat_us < (int64_t)proc->gen->plan.heartbeat_ms * 1000 - HEARTBEAT_MARGIN_US)
        return;
    (void)wk_blame_sentence(proc->gen->master->share, proc->slot, blame, sizeof blame);
    wk_log_line(WK_ERROR, NULL, "worker %d stands still for %d ms in %s: killed", (int)proc->pid,
                (int)((now - info.heartbeat_us) / 1000), blame);
    wk_proc_kill(proc, "its loop stood still", false);
}

static void check_start(struct wk_proc *proc, int64_t now)
{
    if (proc->state == WK_PROC_STARTING && !proc->is_killed && now - proc->started_us > (int64_t)proc->gen->plan.start_ms * 1000)
        wk_proc_kill(proc, "was not ready in time", false);
}

static int64_t rss_of(pid_t pid)
{
    char path[64];
    long pages = 0;
    FILE *f;

    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    f = fopen(path, "re");
    if (f && fscanf(f, "%*s %ld", &pages) != 1)
        pages = 0;
    if (f)
        (void)fclose(f);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static const struct wk_recycle *record_recycle(const struct wk_proc *proc, const struct wk_slot_info *info, int64_t rss)
{
    struct wk_master *m = proc->gen->master;
    struct wk_recycle *r = &m->recycles[m->n_recycles++ % WK_RECYCLES_KEPT];
    const struct wk_share_suspect *worst = &info->suspect[0];

    for (int i = 1; i < WK_SHARE_SUSPECTS; i++)
        if (info->suspect[i].bytes > worst->bytes)
            worst = &info->suspect[i];
    *r = (struct wk_recycle){.at_us = wk_wall_us(), .pid = proc->pid, .generation = proc->gen->number, .index = proc->index,
                             .rss_bytes = rss, .max_bytes = proc->gen->plan.worker_memory_max};
    if (worst->plugin[0] && worst->bytes > 0) {
        r->kept_bytes = worst->bytes;
        (void)snprintf(r->suspect, sizeof r->suspect, "%s", worst->plugin);
    }
    return r;
}

/* Its successor starts first, so a service with one worker has no gap. One at a time. */
static void check_memory(struct wk_proc *proc)
{
    struct wk_gen *gen = proc->gen;
    const struct wk_recycle *r;
    struct wk_slot_info info;
    struct wk_err err;
    int64_t rss = rss_of(proc->pid);

    wk_share_slot_set_rss(gen->master->share, proc->slot, rss);
    if (gen->state != WK_GEN_ACTIVE || proc->state != WK_PROC_READY || !gen->plan.worker_memory_max ||
        rss <= gen->plan.worker_memory_max || wk_gen_count(gen, WK_PROC_STARTING) || wk_gen_count(gen, WK_PROC_DRAINING) ||
        !wk_share_slot_get(gen->master->share, proc->slot, &info))
        return;
    if (!wk_proc_start(gen, proc->index, false, proc, &err)) {
        wk_log_line(WK_ERROR, &(struct wk_log_fields){.err = &err}, "worker %d uses %lld MB and stays: it has no successor", (int)proc->pid,
                    (long long)(rss >> 20));
        return;
    }
    r = record_recycle(proc, &info, rss);
    wk_log_line(WK_WARN, &(struct wk_log_fields){.plugin = r->suspect[0] ? r->suspect : NULL},
                "worker %d uses %lld MB, above host.worker_memory_max: replacing it. Suspect: plugin %s", (int)proc->pid, (long long)(rss >> 20),
                r->suspect[0] ? r->suspect : "none");
    wk_metric_add(wk_metric(WK_COUNTER, "wakala_workers_recycled_total", NULL, "Workers replaced for their memory."), 1);
}

static void end_of_drain(struct wk_gen *gen)
{
    struct wk_proc *proc;
    char blame[256];

    LIST_FOREACH(proc, &gen->procs, link) {
        if (proc->is_killed)
            continue;
        (void)wk_blame_sentence(gen->master->share, proc->slot, blame, sizeof blame);
        wk_log_line(WK_WARN, NULL, "worker %d of generation %u has not finished within %u ms, in %s: killed", (int)proc->pid,
                    gen->number, gen->plan.drain_ms, blame);
        wk_proc_kill(proc, "did not finish draining in time", true);
    }
}

void wk_gen_tick(struct wk_gen *gen, int64_t now)
{
    bool is_rss_time = now - gen->master->last_rss_us >= RSS_EVERY_US;
    struct wk_proc *proc, *after;

    WK_EACH_SAFE(proc, &gen->procs, link, after) {
        check_start(proc, now);
        check_heartbeat(proc, now);
        if (is_rss_time)
            check_memory(proc);
    }
    if (gen->state == WK_GEN_ACTIVE)
        for (uint32_t i = 0; i < gen->plan.workers; i++)
            if (gen->respawn_us[i] && now >= gen->respawn_us[i])
                respawn(gen, i);
    if (gen->state == WK_GEN_DRAINING && now >= gen->drain_until_us)
        end_of_drain(gen);
}
