/* log.c - start, wake, drain. */
#include "event/log.h"
#include "event/internal.h"
#include "fiber/fiber.h"
#include <stdlib.h>

static const struct wk_stmt q_subscribe = {"wakala", "host", "subscribe",
    "INSERT INTO wakala.subscription AS s (name, pattern, start_xid) "
    "VALUES ($1, $2, CASE WHEN $3 THEN pg_snapshot_xmin(pg_current_snapshot()) ELSE '1'::xid8 END) "
    "ON CONFLICT (name) DO UPDATE SET pattern = excluded.pattern, active_at = wakala.now() RETURNING start_xid", false};

bool log_exec(struct wk_log *log, struct wk_exec *items, size_t n, struct wk_err *err)
{
    WK_AUTO(wk_conn) conn = wk_db_acquire(log->server->db, WK_DB_HOST, 0, NULL, wk_mono_us() + 3000000, err);

    return conn && wk_conn_exec(conn, items, n, WK_EXEC_SYNC, wk_mono_us() + 5000000, err);
}

/* For background fibers: sleep until woken or for `ms`. */
bool log_pause(struct wk_log *log, const char *why, uint32_t ms)
{
    if (!log->is_draining)
        (void)wk_fiber_park(why, wk_mono_us() + (int64_t)ms * 1000);
    return !log->is_draining && !wk_fiber_is_cancelled(wk_fiber_self());
}

static bool add_subscriber(struct wk_log *log, const struct subscriber *s, struct wk_err *err)
{
    if (log->subs == SUBS_MAX)
        return wk_fail(err, WK_SYSTEM, "event.too_many", "more than %d subscriptions in all plugins together", SUBS_MAX);
    log->sub[log->subs++] = *s;
    return true;
}

struct wk_log *wk_log_create(const struct wk_log_conf *conf, struct wk_err *err)
{
    struct wk_log *log = calloc(1, sizeof *log);
    const struct wk_sub_hook *hooks;
    size_t n;
    bool ok;

    if (!log) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "log");
        return NULL;
    }
    log->conf = *conf;
    log->engine = conf->engine;
    log->server = &conf->engine->server[conf->server];
    log->conf.max_running = conf->max_running ? conf->max_running : 256;
    log->conf.poll_ms = conf->poll_ms ? conf->poll_ms : 100;
    log->conf.read_max = conf->read_max ? conf->read_max : 500;
    log->conf.fallback_ms = conf->fallback_ms ? conf->fallback_ms : 2000;
    log->owners = 1;
    for (unsigned c = 0; c < CLASSES; c++)
        log->round[c].end = &log->round[c].first;
    for (unsigned l = 0; l < WK_LANES; l++)
        for (unsigned c = 0; c < CLASSES; c++)
            log->lane[l].reader[c].end = &log->lane[l].reader[c].first;
    ok = add_subscriber(log, &(struct subscriber){.name = "host.message", .pattern = "*.incoming", .deadline_ms = 10000, .from = WK_FROM_START}, err) &&
         add_subscriber(log, &(struct subscriber){.name = wk_host_cleanup.name, .pattern = wk_host_cleanup.name, .host = clean_run, .from = WK_FROM_NOW}, err);
    (void)wk_registry_messages(log->engine->registry, &n);
    log->has_listeners = n > 0;
    hooks = wk_registry_subs(log->engine->registry, &n);
    for (size_t i = 0; ok && i < n; i++)
        ok = add_subscriber(log, &(struct subscriber){.name = hooks[i].name, .pattern = hooks[i].sub->pattern, .sub = hooks[i].sub,
                                                      .plugin = hooks[i].plugin, .from = hooks[i].sub->from,
                                                      .deadline_ms = hooks[i].sub->deadline_ms ? hooks[i].sub->deadline_ms : 30000}, err);
    if (ok)
        return log;
    free(log);
    return NULL;
}

static bool spawn(struct wk_log *log, struct wk_fiber **fiber, const char *name, void (*fn)(void *), struct wk_err *err)
{
    *fiber = wk_fiber_spawn(log->engine->sched, name, fn, log, err);
    log->fibers += *fiber != NULL;
    return *fiber != NULL;
}

bool wk_log_start(struct wk_log *log, struct wk_err *err)
{
    for (size_t i = 0; i < log->subs; i++) {
        struct subscriber *s = &log->sub[i];
        struct wk_arg args[] = {wk_text(s->name), wk_text(s->pattern), wk_bool(s->from == WK_FROM_NOW)};
        struct wk_exec item = {.stmt = &q_subscribe, .args = args, .nargs = 3};
        bool ok = log_exec(log, &item, 1, err);

        if (ok)
            s->start.xid = strtoull(wk_result_text(item.result, 0, 0, NULL), NULL, 10);
        wk_exec_clear(&item, 1);
        if (!ok)
            return false;
    }
    if (!clean_start(log, err))
        return false;
    log->is_started = carry_open(log, err) && spawn(log, &log->keeper, "log.lanes", log_keep_loop, err) &&
                      spawn(log, &log->read_fiber, "log.read", log_read_loop, err) && spawn(log, &log->timer_fiber, "log.timers", log_timer_loop, err) &&
                      spawn(log, &log->cursor_fiber, "log.cursors", log_cursor_loop, err) &&
                      (!log->carry || spawn(log, &log->relay_fiber, "log.relay", log_relay_loop, err));
    return log->is_started;
}

void wk_log_woken(struct wk_log *log, uint64_t lanes)
{
    bool mine = false;

    for (unsigned l = 0; l < WK_LANES && !mine; l++)
        mine = (lanes & UINT64_C(1) << l) && log->lane[l].is_owned;
    log->has_news |= mine;
    if (mine && log->read_fiber)
        wk_fiber_wake(log->read_fiber);
    relay_news(log);
}

void wk_log_published(struct wk_log *log, unsigned cls, uint64_t lanes)
{
    wk_log_woken(log, lanes);
    if (log->engine->share)
        wk_share_wake_others(log->engine->share, cls, lanes);
}

void wk_log_clock_moved(struct wk_log *log)
{
    log->is_clock_stale = true;
    log->next_active_us = 0;
    if (log->cursor_fiber)
        wk_fiber_wake(log->cursor_fiber);
    if (log->timer_fiber)
        wk_fiber_wake(log->timer_fiber);
}

void wk_log_parked_changed(struct wk_log *log)
{
    log->is_parked_stale = true;
    if (log->keeper)
        wk_fiber_wake(log->keeper);
}

static void cancel_handlers(struct wk_log *log)
{
    for (size_t b = 0; b < BUCKETS; b++)
        for (struct keyq *q = log->bucket[b]; q; q = q->chain)
            if (q->fiber)
                wk_fiber_cancel(q->fiber);
}

/* One lane after the other, each as soon as its handlers have ended: a slow handler must not keep the others' customers waiting. */
static void drain_lanes(struct wk_log *log, int64_t until_us)
{
    struct wk_err err;
    bool ok;

    while (log->keeper && wk_mono_us() < until_us) /* the session of the locks is its own until it ends */
        (void)wk_fiber_park("log.drain", until_us);
    log_leave(log, WK_LANES);
    ok = log->locks && !log->keeper && log_part(log, &err);
    for (;;) {
        if (ok && !log->relay_fiber)
            ok = relay_keep(log, &err);
        ok = ok && log_give_quiet(log, &err);
        if ((!log->fibers && !log->stats.running) || wk_mono_us() >= until_us)
            break;
        (void)wk_fiber_park("log.drain", until_us);
    }
}

void wk_log_drain(struct wk_log *log, int64_t until_us)
{
    struct wk_fiber *background[] = {log->keeper, log->read_fiber, log->timer_fiber, log->cursor_fiber, log->relay_fiber};
    struct wk_err err;

    log->is_draining = true;
    log->drainer = wk_fiber_self();
    for (size_t i = 0; i < WK_COUNT(background); i++)
        if (background[i])
            wk_fiber_wake(background[i]);
    drain_lanes(log, until_us);
    if (log->stats.running) {
        cancel_handlers(log);
        until_us = wk_mono_us() + 1000000;
        while ((log->fibers || log->stats.running) && wk_mono_us() < until_us)
            (void)wk_fiber_park("log.drain", until_us);
    }
    (void)cursors_write(log, &err); /* unwritten cursors cost the next owner a second look, nothing else */
    for (unsigned l = 0; l < WK_LANES; l++)
        log_lose_lane(log, l);
    log_publish_lanes(log);
    carry_close(log);
    if (log->locks) {
        wk_conn_discard(log->locks); /* closing the session gives every lock back */
        wk_db_release(log->locks);
        log->locks = NULL;
    }
    log->drainer = NULL;
}

void wk_log_destroy(struct wk_log *log)
{
    if (!log)
        return;
    for (unsigned l = 0; l < WK_LANES; l++)
        for (unsigned c = 0; c < CLASSES; c++)
            reader_clear(&log->lane[l].reader[c]);
    carry_destroy(log);
    free(log);
}

const struct wk_event_stats *wk_event_stats(const struct wk_log *log) { return &log->stats; }
