/* lanes.c - who owns what: session advisory locks on one connection. A killed owner's session ends and frees them at once; the epoch
 * fences a late writer. The owners of all machines share the lanes evenly: each holds one more lock, shared, and counts who holds it.
 * Free lanes are taken over the share only after nobody wanted them for a while. */
#include "event/internal.h"
#include "event/text.h"
#include "fiber/fiber.h"
#include <stdlib.h>

enum { KEEP_MS = 100, COUNT_US = 300000, PATIENCE_US = 1500000, SURPLUS_US = 10000000 };

static const struct wk_stmt q_lock = {"wakala", "host", "lane_lock",
    "SELECT l FROM unnest($1::int4[]) AS l WHERE pg_try_advisory_lock(7310002, l)", false};
static const struct wk_stmt q_unlock = {"wakala", "host", "lane_unlock",
    "SELECT pg_advisory_unlock(7310002, l) FROM unnest($1::int4[]) AS l", false};
/* Who runs a log, here or on another machine, and is not leaving. A worker that is only getting ready does not count: lanes given up
 * for it would lie without an owner. */
static const struct wk_stmt q_join = {"wakala", "host", "owner_join", "SELECT pg_advisory_lock_shared(7310004, 0)", false};
static const struct wk_stmt q_part = {"wakala", "host", "owner_part", "SELECT pg_advisory_unlock_shared(7310004, 0)", false};
static const struct wk_stmt q_owners = {"wakala", "host", "owner_count",
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7310004 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", false};
static const struct wk_stmt q_epoch = {"wakala", "host", "lane_epoch",
    "UPDATE wakala.lane SET epoch = epoch + 1, owner = $2 WHERE lane = ANY ($1::int2[]) RETURNING lane, epoch", false};

void log_publish_lanes(struct wk_log *log)
{
    uint64_t owned = 0;

    for (unsigned l = 0; l < WK_LANES; l++)
        if (log->lane[l].is_owned)
            owned |= UINT64_C(1) << l;
    carry_own(log);
    if (relay_is_ours(log))
        owned = UINT64_MAX; /* whatever is published */
    log->server->lanes = owned;
    for (unsigned s = 0; s < log->engine->servers; s++) /* who is woken looks at all its logs */
        owned |= log->engine->server[s].lanes;
    for (unsigned c = 0; log->engine->share && c < CLASSES; c++)
        wk_share_set_lanes(log->engine->share, c, owned);
}

void log_lose_lane(struct wk_log *log, unsigned lane)
{
    struct lane *l = &log->lane[lane];

    if (!l->is_owned)
        return;
    log_drop_lane_work(log, lane, true);
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
    relay_lost(log);
    for (unsigned l = 0; l < WK_LANES; l++)
        log_lose_lane(log, l);
    log_publish_lanes(log);
    if (conn) {
        wk_conn_discard(conn);
        wk_db_release(conn);
    }
}

static bool count_owners(struct wk_log *log, struct wk_err *err)
{
    struct wk_exec item = {.stmt = &q_owners};
    bool ok = wk_conn_exec(log->locks, &item, 1, WK_EXEC_SYNC, wk_mono_us() + 3000000, err);

    if (ok)
        log->owners = (unsigned)wk_result_int(item.result, 0, 0);
    log->owners = log->owners ? log->owners : 1;
    wk_exec_clear(&item, 1);
    return ok;
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
        }
    text_finish(&lanes), text_finish(&got);
    if (ok && taken) {
        log_publish_lanes(log);
        if (log->read_fiber)
            wk_fiber_wake(log->read_fiber);
    }
    return ok;
}

/* Give lanes back: begin nothing new in them, let their handlers end, write the cursors, unlock. What was read and not begun is dropped:
 * the next owner reads it again. Lanes at rest go first, for a busy one stands still until its handlers have ended. */
void log_leave(struct wk_log *log, unsigned n)
{
    for (int busy = 0; busy < 2; busy++)
        for (unsigned l = 0; l < WK_LANES && n; l++) {
            struct lane *lane = &log->lane[l];

            if (!lane->is_owned || lane->is_leaving || (!busy && lane->running))
                continue;
            lane->is_leaving = true;
            log_drop_lane_work(log, l, false);
            n--;
        }
}

static unsigned leaving(const struct wk_log *log)
{
    unsigned n = 0;

    for (unsigned l = 0; l < WK_LANES; l++)
        n += log->lane[l].is_owned && log->lane[l].is_leaving;
    return n;
}

bool log_give_quiet(struct wk_log *log, struct wk_err *err)
{
    struct text lanes;
    struct wk_arg arg;
    struct wk_exec unlock = {.stmt = &q_unlock, .args = &arg, .nargs = 1};
    uint64_t quiet = 0;
    bool ok;

    text_init(&lanes);
    for (unsigned l = 0; l < WK_LANES; l++)
        if (log->lane[l].is_owned && log->lane[l].is_leaving && !log->lane[l].running) {
            quiet |= UINT64_C(1) << l;
            text_item(&lanes, "%u", l);
            for (unsigned c = 0; c < CLASSES; c++) {
                struct reader *r = &log->lane[l].reader[c];

                if (!r->first && position_before(r->done, r->whole)) /* at rest: the next owner need not look where we have looked */
                    r->done = r->whole;
            }
        }
    arg = wk_text(text_array(&lanes));
    ok = !quiet || (cursors_write(log, err) && wk_conn_exec(log->locks, &unlock, 1, WK_EXEC_SYNC, wk_mono_us() + 3000000, err));
    wk_exec_clear(&unlock, 1);
    text_finish(&lanes);
    for (unsigned l = 0; ok && l < WK_LANES; l++)
        if (quiet & UINT64_C(1) << l)
            log_lose_lane(log, l);
    if (ok && quiet)
        log_publish_lanes(log);
    return ok;
}

bool log_part(struct wk_log *log, struct wk_err *err)
{
    return wk_conn_run(log->locks, &q_part, NULL, 0, NULL, wk_mono_us() + 3000000, err);
}

/* A session of its own for the locks. */
static bool join(struct wk_log *log, struct wk_err *err)
{
    log->locks = wk_db_acquire(log->server->db, WK_DB_HOST, 0, NULL, wk_mono_us() + 1000000, err);
    if (!log->locks)
        return false;
    wk_conn_on_lost(log->locks, on_lost, log);
    log->are_locks_lost = !wk_conn_run(log->locks, &q_join, NULL, 0, NULL, wk_mono_us() + 3000000, err);
    return !log->are_locks_lost;
}

/* One look: how many lanes are ours to have, take what is missing, give what is too much. False: the session is in doubt. */
static bool balance(struct wk_log *log, int64_t *wanted_since, struct wk_err *err)
{
    unsigned fair = (WK_LANES + log->owners - 1) / log->owners, mine = log->stats.lanes - leaving(log), want = mine < fair ? fair - mine : 0;
    int64_t now = wk_mono_us();
    bool is_surplus = false;

    if (mine >= WK_LANES)
        *wanted_since = 0;
    else if (!*wanted_since)
        *wanted_since = now;
    if (!want && mine < WK_LANES && now - *wanted_since > PATIENCE_US) {
        want = WK_LANES - mine; /* nobody else has taken them: a lane without owner is worse than an uneven share */
        *wanted_since = 0;
        is_surplus = true;
    }
    if (want && !take(log, want, err))
        return false;
    if (is_surplus && log->stats.lanes - leaving(log) > mine) {
        log->surplus_until_us = now + SURPLUS_US;
        log->surplus_owners = log->owners;
    }
    if (!want && mine > fair + 1 && (log->owners != log->surplus_owners || now >= log->surplus_until_us))
        log_leave(log, mine - fair);
    return log_give_quiet(log, err);
}

bool wk_log_load_parked(struct wk_log *log, struct wk_err *err)
{
    uint64_t owned = 0;

    for (unsigned l = 0; l < WK_LANES; l++)
        owned |= (uint64_t)(log->lane[l].is_owned && !log->lane[l].is_leaving) << l;
    return !owned || parked_load(log, owned, err);
}

void log_keep_loop(void *arg)
{
    struct wk_log *log = arg;
    int64_t wanted_since = 0, next_count = 0;
    struct wk_err err;

    do {
        if (log->are_locks_lost || (log->locks && !wk_conn_is_alive(log->locks)))
            lose_all(log);
        if (!log->locks && !join(log, &err))
            continue;
        if (log->is_parked_stale) {
            log->is_parked_stale = false; /* before: another notice may come while we look */
            log->is_parked_stale |= !wk_log_load_parked(log, &err);
        }
        if (wk_mono_us() >= next_count) {
            next_count = wk_mono_us() + COUNT_US;
            log->are_locks_lost |= !count_owners(log, &err);
        }
        if (!log->are_locks_lost && !log->is_draining && !balance(log, &wanted_since, &err))
            log->are_locks_lost = true;
        if (!log->are_locks_lost && !relay_keep(log, &err))
            log->are_locks_lost = true;
    } while (log_pause(log, "log.lanes", KEEP_MS));
    log->keeper = NULL;
    log->fibers--;
    if (log->drainer)
        wk_fiber_wake(log->drainer);
}
