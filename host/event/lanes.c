/* lanes.c - who owns what: session advisory locks on one connection. A killed owner's session ends and frees them at once; the epoch
 * fences a late writer. Workers share the lanes evenly; free lanes are taken over the share only after nobody wanted them for a while. */
#include "event/internal.h"
#include "event/text.h"
#include "fiber/fiber.h"
#include <stdlib.h>

enum { LOCK_SPACE = 7310002, KEEP_MS = 100, PATIENCE_US = 1500000 };

static const struct wk_stmt q_lock = {"wakala", "host", "lane_lock",
    "SELECT l FROM unnest($1::int4[]) AS l WHERE pg_try_advisory_lock(7310002, l)", false};
static const struct wk_stmt q_unlock = {"wakala", "host", "lane_unlock",
    "SELECT pg_advisory_unlock(7310002, l) FROM unnest($1::int4[]) AS l", false};
static const struct wk_stmt q_epoch = {"wakala", "host", "lane_epoch",
    "UPDATE wakala.lane SET epoch = epoch + 1, owner = $2 WHERE lane = ANY ($1::int2[]) RETURNING lane, epoch", false};

void log_publish_lanes(struct wk_log *log)
{
    uint64_t owned = 0;

    for (unsigned l = 0; l < WK_LANES; l++)
        if (log->lane[l].is_owned)
            owned |= UINT64_C(1) << l;
    for (unsigned c = 0; log->engine->share && c < CLASSES; c++)
        wk_share_set_lanes(log->engine->share, c, owned);
}

void log_lose_lane(struct wk_log *log, unsigned lane)
{
    struct lane *l = &log->lane[lane];

    if (!l->is_owned)
        return;
    log_drop_lane_work(log, lane);
    for (unsigned c = 0; c < CLASSES; c++) {
        log->stats.in_memory -= l->reader[c].count;
        reader_clear(&l->reader[c]);
    }
    l->is_owned = l->is_leaving = false;
    log->stats.lanes--;
}

static void on_lost(void *arg)
{
    struct wk_log *log = arg;

    log->are_locks_lost = true;
    if (log->keeper)
        wk_fiber_wake(log->keeper);
}

/* The session is gone and with it every lock: another owner may be at work already. What we still write is fenced by marks and epochs. */
static void lose_all(struct wk_log *log)
{
    struct wk_conn *conn = log->locks;

    log->locks = NULL;
    log->are_locks_lost = false;
    for (unsigned l = 0; l < WK_LANES; l++)
        log_lose_lane(log, l);
    log_publish_lanes(log);
    if (conn) {
        wk_conn_discard(conn);
        wk_db_release(conn);
    }
}

static unsigned share_of_lanes(const struct wk_log *log)
{
    unsigned ready = 0;
    struct wk_slot_info info;

    for (uint32_t i = 0; log->engine->share && i < WK_SHARE_SLOTS; i++)
        if (wk_share_slot_get(log->engine->share, i, &info) && info.state == WK_SLOT_READY)
            ready++;
    return ready > 1 ? (WK_LANES + ready - 1) / ready : WK_LANES;
}

static bool take(struct wk_log *log, unsigned want, struct wk_err *err)
{
    struct text lanes, got;
    struct wk_arg lock_arg, epoch_args[2];
    struct wk_exec lock = {.stmt = &q_lock, .args = &lock_arg, .nargs = 1}, epoch = {.stmt = &q_epoch, .args = epoch_args, .nargs = 2};
    uint64_t taken = 0;
    unsigned asked = 0;
    bool ok;

    text_init(&lanes), text_init(&got);
    for (unsigned i = 0, l = log->lane_turn; i < WK_LANES && asked < want; i++, l = (l + 1) % WK_LANES)
        if (!log->lane[l].is_owned) {
            text_item(&lanes, "%u", l);
            asked++;
        }
    log->lane_turn = (log->lane_turn + asked) % WK_LANES;
    lock_arg = wk_text(text_array(&lanes));
    ok = wk_conn_exec(log->locks, &lock, 1, WK_EXEC_SYNC, wk_mono_us() + 3000000, err);
    for (size_t i = 0; ok && i < wk_result_rows(lock.result); i++) {
        taken |= UINT64_C(1) << wk_result_int(lock.result, i, 0);
        text_item(&got, "%lld", (long long)wk_result_int(lock.result, i, 0));
    }
    wk_exec_clear(&lock, 1);
    if (ok && taken) {
        epoch_args[0] = wk_text(text_array(&got));
        epoch_args[1] = wk_text(log->conf.owner);
        ok = wk_conn_exec(log->locks, &epoch, 1, WK_EXEC_SYNC, wk_mono_us() + 3000000, err);
        for (size_t i = 0; ok && i < wk_result_rows(epoch.result); i++) {
            struct lane *l = &log->lane[wk_result_int(epoch.result, i, 0)];

            for (unsigned c = 0; c < CLASSES; c++)
                reader_clear(&l->reader[c]);
            l->epoch = (uint64_t)wk_result_int(epoch.result, i, 1);
        }
        wk_exec_clear(&epoch, 1);
        ok = ok && cursors_load(log, taken, err) && parked_load(log, taken, err);
    }
    for (unsigned l = 0; ok && l < WK_LANES; l++)
        if (taken & UINT64_C(1) << l) {
            log->lane[l].is_owned = true;
            log->stats.lanes++;
            for (unsigned c = 0; c < CLASSES; c++)
                log->lane[l].reader[c].has_news = true;
        }
    text_finish(&lanes), text_finish(&got);
    if (ok && taken) {
        log_publish_lanes(log);
        if (log->read_fiber)
            wk_fiber_wake(log->read_fiber);
    }
    return ok;
}

static bool is_quiet(const struct wk_log *log, unsigned lane)
{
    for (unsigned c = 0; c < CLASSES; c++)
        if (log->lane[lane].reader[c].count)
            return false;
    return true;
}

/* Give lanes back: stop reading them, wait until their handlers are done, write the cursors, unlock. */
static bool give(struct wk_log *log, unsigned n, struct wk_err *err)
{
    struct text lanes;
    struct wk_arg arg;
    struct wk_exec unlock = {.stmt = &q_unlock, .args = &arg, .nargs = 1};
    uint64_t leaving = 0;
    bool ok;

    for (unsigned l = 0; l < WK_LANES && n; l++)
        if (log->lane[l].is_owned && !log->lane[l].is_leaving) {
            log->lane[l].is_leaving = true;
            n--;
        }
    text_init(&lanes);
    for (unsigned l = 0; l < WK_LANES; l++)
        if (log->lane[l].is_leaving && is_quiet(log, l)) {
            leaving |= UINT64_C(1) << l;
            text_item(&lanes, "%u", l);
        }
    arg = wk_text(text_array(&lanes));
    ok = !leaving || (cursors_write(log, err) && wk_conn_exec(log->locks, &unlock, 1, WK_EXEC_SYNC, wk_mono_us() + 3000000, err));
    wk_exec_clear(&unlock, 1);
    text_finish(&lanes);
    for (unsigned l = 0; ok && l < WK_LANES; l++)
        if (leaving & UINT64_C(1) << l)
            log_lose_lane(log, l);
    if (ok && leaving)
        log_publish_lanes(log);
    return ok;
}

void log_keep_loop(void *arg)
{
    struct wk_log *log = arg;
    int64_t wanted_since = 0;
    struct wk_err err;

    do {
        unsigned fair = share_of_lanes(log), want;

        if (log->are_locks_lost || (log->locks && !wk_conn_is_alive(log->locks)))
            lose_all(log);
        if (!log->locks) {
            log->locks = wk_db_acquire(log->engine->db, WK_DB_HOST, NULL, wk_mono_us() + 1000000, &err);
            if (!log->locks)
                continue;
            wk_conn_on_lost(log->locks, on_lost, log);
        }
        if (log->is_parked_stale) {
            uint64_t owned = 0;

            for (unsigned l = 0; l < WK_LANES; l++)
                owned |= (uint64_t)log->lane[l].is_owned << l;
            log->is_parked_stale = !parked_load(log, owned, &err);
        }
        want = log->stats.lanes < fair ? fair - log->stats.lanes : 0;
        if (log->stats.lanes >= WK_LANES)
            wanted_since = 0;
        else if (!wanted_since)
            wanted_since = wk_mono_us();
        if (!want && log->stats.lanes < WK_LANES && log->stats.lanes == fair && wk_mono_us() - wanted_since > PATIENCE_US) {
            want = WK_LANES - log->stats.lanes; /* nobody else has taken them: a lane without owner is worse than an uneven share */
            wanted_since = 0;
        }
        if (log->stats.lanes > fair + 1 ? !give(log, log->stats.lanes - fair, &err) : want && !take(log, want, &err))
            log->are_locks_lost = true;
    } while (log_pause(log, "log.lanes", KEEP_MS));
    log->keeper = NULL;
    log->fibers--;
    if (log->drainer)
        wk_fiber_wake(log->drainer);
}
