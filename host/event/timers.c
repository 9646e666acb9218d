/* timers.c - due timers become events, 1,000 at a time, by whichever worker comes first; the clock of the waiting keys. */
#include "event/internal.h"
#include "fiber/fiber.h"
#include "observe/log.h"

enum { TICK_MS = 100, MAINTAIN_US = 10000000 };

static const struct wk_stmt q_due = {"wakala", "host", "timers_due",
    "WITH due AS (DELETE FROM wakala.timer t USING (SELECT tenant_id, key, name FROM wakala.timer WHERE due <= (SELECT wakala.now()) "
    "AND (NOT EXISTS (SELECT FROM wakala.moving) OR NOT wakala.is_moving(tenant_id)) ORDER BY due LIMIT 1000 FOR UPDATE SKIP LOCKED) d WHERE t.tenant_id = d.tenant_id AND t.key = d.key AND t.name = d.name RETURNING t.*), "
    "made AS (INSERT INTO wakala.event (class, lane, version, id, tenant_id, at, type, key, payload) "
    "SELECT class, lane, version, wakala.uuid7((SELECT wakala.now())), tenant_id, wakala.now(), type, key, payload FROM due ORDER BY due RETURNING class, lane) "
    "SELECT class, lane, count(*) FROM made GROUP BY 1, 2", false};
/* Before it, so that a move that waits for this lock knows: who looks for timers from now on sees its row in wakala.moving. */
static const struct wk_stmt q_hold = {"wakala", "host", "timers_hold", "SELECT pg_advisory_xact_lock_shared(7310012)", false};
static const struct wk_stmt q_maintain = {"wakala", "host", "maintain", "SELECT wakala.maintain()", false};
static const struct wk_stmt q_clock = {"wakala", "host", "clock", "SELECT (extract(epoch FROM wakala.now()) * 1000000)::bigint", false};

/* The database's clock against ours, so that wk_now() needs no trip. What the round trip itself can explain is left alone. */
static void set_clock(struct wk_log *log, int64_t before_us, int64_t database_us)
{
    int64_t after = wk_dbserver_now_us(log->server), off = database_us - (before_us + after) / 2, doubt = (after - before_us) / 2 + 1000;

    if (off > doubt || off < -doubt)
        log->server->clock_shift_us += off;
}

/* One trip: the clock first, so that whoever handles what is due now also reads a clock that says so. */
static bool fire(struct wk_log *log, bool *more)
{
    struct wk_exec items[] = {{.stmt = &q_clock}, {.stmt = &q_hold}, {.stmt = &q_due}};
    int64_t n = 0, before = wk_dbserver_now_us(log->server);
    uint64_t lanes[CLASSES] = {0};
    struct wk_err err;
    bool ok = log_exec(log, items, WK_COUNT(items), &err);

    if (ok)
        set_clock(log, before, wk_result_int(items[0].result, 0, 0));
    for (size_t i = 0; ok && i < wk_result_rows(items[2].result); i++) {
        const struct wk_result *r = items[2].result;

        lanes[wk_result_int(r, i, 0) % CLASSES] |= UINT64_C(1) << (wk_result_int(r, i, 1) % WK_LANES);
        n += wk_result_int(r, i, 2);
    }
    wk_exec_clear(items, WK_COUNT(items));
    log->stats.timers += (uint64_t)n;
    for (unsigned c = 0; c < CLASSES; c++)
        if (lanes[c])
            wk_log_published(log, c, lanes[c]);
    *more = n >= 1000;
    return ok;
}

void log_timer_loop(void *arg)
{
    struct wk_log *log = arg;
    int64_t next_maintain = 0; /* at once: the host may have stood still for days */
    bool more;

    do {
        more = false;
        (void)fire(log, &more);
        if (!log->conf.server) /* they are nobody's, and so main's */
            alert_publish(log);
        log_wake_waiting(log);
        if (wk_mono_us() >= next_maintain) {
            struct wk_exec item = {.stmt = &q_maintain};
            struct wk_err err = {0};
            struct wk_log_fields fields = {.err = &err};

            if (!log_exec(log, &item, 1, &err))
                wk_log_line(WK_ERROR, &fields, "partitions could not be made ahead");
            wk_exec_clear(&item, 1);
            next_maintain = wk_mono_us() + MAINTAIN_US;
        }
        if (log->is_parked_stale && log->keeper)
            wk_fiber_wake(log->keeper);
        if (log->is_clock_stale) {
            log->is_clock_stale = false;
            next_maintain = 0;
            more = true;
        }
    } while (more ? !log->is_draining : log_pause(log, "log.timers", TICK_MS));
    log->timer_fiber = NULL;
    log->fibers--;
    if (log->drainer)
        wk_fiber_wake(log->drainer);
}
