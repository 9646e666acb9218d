/* relay.c - from the log to the bus: one relay per database, whoever holds its lock. It scans the log in its order for all lanes, a stream per class
 * with a position of its own, which moves only over what the bus has confirmed. Streams at the end of the log are scanned together; one that the bus
 * does not take fast enough falls behind alone. */
#include "event/bus.h"
#include "event/text.h"
#include "fiber/fiber.h"
#include <stdlib.h>

enum { SCAN_MAX = 1000, WAITING_MAX = 500, GIVE_MAX = 64, WRITE_US = 1000000 };

static const struct wk_stmt q_lock = {"wakala", "host", "relay_lock", "SELECT pg_try_advisory_lock(7310005, 0)", false};
static const struct wk_stmt q_unlock = {"wakala", "host", "relay_unlock", "SELECT pg_advisory_unlock(7310005, 0)", false};
/* A bus that is new begins at what is being written now; what a lane had before is somewhere below that. */
static const struct wk_stmt q_begin = {"wakala", "host", "relay_begin",
    "WITH b AS (INSERT INTO wakala.bus (name, class, xid, seq, is_carrying, at) "
    "SELECT $1, k, pg_snapshot_xmin(pg_current_snapshot()), 0, false, wakala.now() FROM generate_series(0, 2) k ON CONFLICT (name, class) DO NOTHING "
    "RETURNING class, xid, seq) INSERT INTO wakala.bus_lane (name, class, lane, xid, seq) SELECT $1, b.class, l, b.xid, b.seq "
    "FROM b CROSS JOIN generate_series(0, 63) l ON CONFLICT (name, class, lane) DO NOTHING", false};
static const struct wk_stmt q_load = {"wakala", "host", "relay_load",
    "SELECT b.xid, b.seq, b.class, l.lane, l.xid, l.seq FROM wakala.bus b LEFT JOIN wakala.bus_lane l ON l.name = b.name AND l.class = b.class "
    "WHERE b.name = $1", false};
/* A relay that has lost its lock without knowing can only be behind. */
static const struct wk_stmt q_write = {"wakala", "host", "relay_write",
    "WITH b AS (INSERT INTO wakala.bus AS b (name, class, xid, seq, is_carrying, at) SELECT $1, p.class, p.xid, p.seq, p.carrying, wakala.now() "
    "FROM unnest('{0,1,2}'::int2[], $2::xid8[], $3::int8[], $4::bool[]) AS p(class, xid, seq, carrying) ORDER BY 2 ON CONFLICT (name, class) DO UPDATE "
    "SET xid = excluded.xid, seq = excluded.seq, is_carrying = excluded.is_carrying, at = excluded.at WHERE (b.xid, b.seq) <= (excluded.xid, excluded.seq)) "
    "INSERT INTO wakala.bus_lane AS l (name, class, lane, xid, seq) SELECT $1, p.class, p.lane, p.xid, p.seq "
    "FROM unnest($5::int2[], $6::int2[], $7::xid8[], $8::int8[]) AS p(class, lane, xid, seq) ORDER BY 2, 3 ON CONFLICT (name, class, lane) DO UPDATE "
    "SET xid = excluded.xid, seq = excluded.seq WHERE (l.xid, l.seq) < (excluded.xid, excluded.seq)", false};

bool relay_is_ours(const struct wk_log *log) { return log->carry && log->carry->relay.is_ours; }

void relay_news(struct wk_log *log)
{
    if (!relay_is_ours(log))
        return;
    log->carry->relay.has_news = true;
    if (log->relay_fiber)
        wk_fiber_wake(log->relay_fiber);
}

static void drop_waiting(struct relay *r)
{
    for (unsigned k = 0; k < CLASSES; k++) {
        struct stream *s = &r->stream[k];

        while (s->waiting) {
            struct entry *e = s->waiting;

            s->waiting = e->next;
            entry_unref(e);
        }
        s->end = &s->waiting;
        s->n_waiting = 0;
    }
}

static void set_ours(struct wk_log *log, bool ours)
{
    struct relay *r = &log->carry->relay;

    r->is_ours = log->stats.bus.is_relay = ours;
    r->is_loaded = false;
    drop_waiting(r);
    log->carry->bus->relay(log->carry->plugin, ours);
    log_publish_lanes(log);
    if (log->relay_fiber)
        wk_fiber_wake(log->relay_fiber);
}

void relay_lost(struct wk_log *log)
{
    if (relay_is_ours(log))
        set_ours(log, false);
}

bool relay_keep(struct wk_log *log, struct wk_err *err)
{
    struct relay *r = log->carry ? &log->carry->relay : NULL;
    bool is_wanted = r && r->is_wanted && !log->is_draining;
    struct wk_exec item = {.stmt = is_wanted ? &q_lock : &q_unlock};
    bool ok;

    if (!r || is_wanted == r->is_ours)
        return true;
    ok = wk_conn_exec(log->locks, &item, 1, WK_EXEC_SYNC, wk_mono_us() + 3000000, err);
    if (ok && (!is_wanted || *wk_result_text(item.result, 0, 0, NULL) == 't'))
        set_ours(log, is_wanted);
    wk_exec_clear(&item, 1);
    return ok;
}

/* --- where it stands --- */

static void begin_round(struct relay *r, uint64_t round)
{
    drop_waiting(r);
    r->round = round;
    r->done = r->next = 0;
    r->has_news = true;
    for (unsigned k = 0; k < CLASSES; k++) {
        struct stream *s = &r->stream[k];

        s->is_tail = false;
        s->n_flying = 0;
        s->scanned = s->confirmed;
        memcpy(s->given, s->carried, sizeof s->given);
    }
}

static struct position place(const struct wk_result *r, size_t row, size_t column)
{
    return (struct position){strtoull(wk_result_text(r, row, column, NULL), NULL, 10), wk_result_int(r, row, column + 1)};
}

static bool load(struct carry *c, struct wk_err *err)
{
    struct relay *r = &c->relay;
    struct wk_arg arg = wk_text(c->plugin->name);
    struct wk_exec items[2] = {{.stmt = &q_begin, .args = &arg, .nargs = 1}, {.stmt = &q_load, .args = &arg, .nargs = 1}};
    bool ok = log_exec(c->log, items, 2, err);
    size_t rows = ok ? wk_result_rows(items[1].result) : 0;

    for (size_t i = 0; i < rows; i++) {
        struct stream *s = &r->stream[wk_result_int(items[1].result, i, 2) % CLASSES];

        s->confirmed = place(items[1].result, i, 0);
        s->is_carrying = s->was_carrying = false;
        s->dirty = 0;
        for (unsigned l = 0; l < WK_LANES; l++)
            s->carried[l] = s->confirmed;
    }
    for (size_t i = 0; i < rows; i++)
        if (!wk_result_is_null(items[1].result, i, 3))
            r->stream[wk_result_int(items[1].result, i, 2) % CLASSES].carried[wk_result_int(items[1].result, i, 3) % WK_LANES] = place(items[1].result, i, 4);
    wk_exec_clear(items, 2);
    if (ok) {
        r->next_write_us = 0;
        begin_round(r, 0);
        r->is_loaded = r->is_ours;
    }
    return ok;
}

struct note { /* what is written, as arrays */
    struct text xid, seq, carrying, cls, lane, lane_xid, lane_seq;
};

static bool write_position(struct carry *c, struct wk_err *err)
{
    struct relay *r = &c->relay;
    struct note n = {0};
    uint64_t dirty[CLASSES];
    bool carrying[CLASSES], ok;
    struct wk_arg args[8];
    struct wk_exec item = {.stmt = &q_write, .args = args, .nargs = 8};

    for (unsigned k = 0; k < CLASSES; k++) {
        struct stream *s = &r->stream[k];

        text_item(&n.xid, "%llu", (unsigned long long)s->confirmed.xid), text_item(&n.seq, "%lld", (long long)s->confirmed.seq);
        text_item(&n.carrying, "%s", s->is_carrying ? "t" : "f");
        carrying[k] = s->is_carrying;
        dirty[k] = s->dirty;
        s->dirty = 0;
        for (unsigned l = 0; l < WK_LANES; l++)
            if (dirty[k] & UINT64_C(1) << l) {
                text_item(&n.cls, "%u", k), text_item(&n.lane, "%u", l);
                text_item(&n.lane_xid, "%llu", (unsigned long long)s->carried[l].xid), text_item(&n.lane_seq, "%lld", (long long)s->carried[l].seq);
            }
    }
    args[0] = wk_text(c->plugin->name);
    args[1] = wk_text(text_array(&n.xid)), args[2] = wk_text(text_array(&n.seq)), args[3] = wk_text(text_array(&n.carrying));
    args[4] = wk_text(text_array(&n.cls)), args[5] = wk_text(text_array(&n.lane));
    args[6] = wk_text(text_array(&n.lane_xid)), args[7] = wk_text(text_array(&n.lane_seq));
    ok = log_exec(c->log, &item, 1, err);
    wk_exec_clear(&item, 1);
    for (unsigned k = 0; k < CLASSES; k++)
        if (ok)
            r->stream[k].was_carrying = carrying[k];
        else
            r->stream[k].dirty |= dirty[k];
    if (ok)
        r->next_write_us = wk_mono_us() + WRITE_US;
    for (struct text *t = &n.xid; t <= &n.lane_seq; t++)
        text_finish(t);
    return ok;
}

/* --- confirmed, given, scanned --- */

static void confirm(struct relay *r, uint64_t done)
{
    for (; r->done < r->next && r->done < done; r->done++) {
        const struct flight *f = &r->flight[r->done % FLIGHTS];
        struct stream *s = &r->stream[f->cls];

        s->confirmed = s->carried[f->lane] = f->at;
        s->dirty |= UINT64_C(1) << f->lane;
        s->n_flying--;
    }
    for (unsigned k = 0; k < CLASSES; k++) {
        struct stream *s = &r->stream[k];

        if (!s->n_flying && !s->waiting && position_before(s->confirmed, s->scanned))
            s->confirmed = s->scanned; /* at rest: the scan has seen that there is nothing else */
    }
}

static struct wk_bus_record record_of(const struct carry *c, const struct entry *e, struct position before)
{
    const struct wk_event_hook *hook = wk_registry_event(c->log->engine->registry, e->event.type);
    int64_t ttl_s = hook ? hook->type->ttl_s : 0;

    return (struct wk_bus_record){.at = {e->at.xid, e->at.seq}, .before = {before.xid, before.seq}, .id = e->event.id, .tenant = e->tenant,
                                  .type = e->event.type, .key = e->event.key, .trace_id = e->event.trace_id, .payload = e->event.payload,
                                  .payload_len = e->event.payload_len, .at_us = e->event.at_us, .expires_us = ttl_s ? e->event.at_us + ttl_s * 1000000 : 0,
                                  .version = e->event.version, .cls = (uint16_t)e->cls, .lane = (uint16_t)e->lane};
}

/* As many of a class as the bus takes. */
static void give(struct carry *c, struct stream *s)
{
    struct relay *r = &c->relay;
    struct wk_bus_record records[GIVE_MAX];
    struct position last[WK_LANES];
    size_t n, taken;

    do {
        n = 0;
        memcpy(last, s->given, sizeof last);
        for (struct entry *e = s->waiting; e && n < GIVE_MAX && r->next + n - r->done < FLIGHTS; e = e->next) {
            records[n++] = record_of(c, e, last[e->lane]);
            last[e->lane] = e->at;
        }
        taken = n ? c->bus->publish(c->plugin, r->round, records, n) : 0;
        for (size_t i = 0; i < taken; i++) {
            struct entry *e = s->waiting;

            r->flight[r->next++ % FLIGHTS] = (struct flight){e->at, e->event.at_us, e->cls, e->lane};
            s->given[e->lane] = e->at;
            s->waiting = e->next;
            s->n_waiting--;
            s->n_flying++;
            entry_unref(e);
        }
        if (!s->waiting)
            s->end = &s->waiting;
    } while (n == GIVE_MAX && taken == n);
}

static void give_all(struct carry *c)
{
    for (unsigned k = 0; k < CLASSES; k++)
        give(c, &c->relay.stream[k]);
}

/* What a look brought. False: no memory. */
static bool take(struct relay *r, struct scan *s, const struct wk_result *result, struct wk_err *err)
{
    bool ok = true;

    for (size_t i = 0; i < wk_result_rows(result) && ok; i++) {
        struct range *range = scan_row(s, result, i);
        struct entry *e = range ? entry_create(result, i, range->cls) : NULL;
        struct stream *to;

        ok = !range || e;
        if (!e)
            continue;
        to = &r->stream[range->cls];
        *to->end = e;
        to->end = &e->next;
        to->n_waiting++;
        range->reached = e->at;
    }
    r->is_behind |= scan_end(s, result, ok);
    for (unsigned i = 0; i < s->n; i++) {
        r->stream[s->range[i].cls].is_tail = !s->range[i].is_cut;
        r->stream[s->range[i].cls].scanned = s->range[i].reached;
    }
    return ok || wk_fail(err, WK_SYSTEM, "host.no_memory", "relay");
}

/* One look for all: those at the end of the log if something is new there, those behind it always; none for those whose events wait already. */
static bool scan_all(struct carry *c, bool full, bool *more, struct wk_err *err)
{
    struct relay *r = &c->relay;
    bool is_due = full || r->has_news || r->is_behind, ok = true;
    uint64_t round = r->round;
    struct scan scan = {0};

    if (is_due)
        r->has_news = r->is_behind = false;
    for (unsigned k = 0; k < CLASSES; k++) {
        struct stream *s = &r->stream[k];

        s->is_tail &= s->n_waiting < WAITING_MAX;
        if (s->is_tail ? is_due : s->n_waiting < WAITING_MAX)
            (void)scan_add(&scan, k, s->scanned, UINT64_MAX, SCAN_MAX);
    }
    if (scan.n) {
        struct wk_exec item = scan_item(&scan);

        ok = log_exec(c->log, &item, 1, err);
        if (ok && r->is_ours && r->is_loaded && r->round == round)
            ok = take(r, &scan, item.result, err);
        wk_exec_clear(&item, 1);
        scan_finish(&scan);
    }
    for (unsigned k = 0; k < CLASSES; k++)
        *more |= !r->stream[k].is_tail && r->stream[k].n_waiting < WAITING_MAX;
    r->has_news |= !ok;
    *more |= r->has_news || r->is_behind;
    return ok;
}

/* Is what waits to be confirmed so old that the lanes read it from the log? The way back begins at half of that, or it would go to and fro. */
static void judge(struct carry *c, bool may_publish)
{
    struct relay *r = &c->relay;
    int64_t now = wk_dbserver_now_us(c->log->server), oldest[CLASSES] = {INT64_MAX, INT64_MAX, INT64_MAX};
    unsigned left = CLASSES;

    for (uint64_t i = r->done; i < r->next && left; i++) {
        const struct flight *f = &r->flight[i % FLIGHTS];

        if (oldest[f->cls] == INT64_MAX) {
            oldest[f->cls] = f->at_us;
            left--;
        }
    }
    for (unsigned k = 0; k < CLASSES; k++) {
        struct stream *s = &r->stream[k];
        int64_t at_us = s->n_flying ? oldest[k] : s->waiting ? s->waiting->event.at_us : INT64_MAX;

        s->is_carrying = may_publish && at_us >= now - carry_fallback_us(c->log) / (s->was_carrying ? 1 : 2);
    }
}

static bool is_changed(const struct relay *r)
{
    bool any = false;

    for (unsigned k = 0; k < CLASSES; k++)
        any |= r->stream[k].is_carrying != r->stream[k].was_carrying;
    return any;
}

static bool step(struct carry *c, bool full, bool *more, struct wk_err *err)
{
    struct relay *r = &c->relay;
    struct wk_bus_report report;
    bool ok = r->is_loaded || load(c, err);

    if (!ok || !r->is_loaded)
        return ok;
    carry_report(c, &report);
    if (report.round != r->round)
        begin_round(r, report.round);
    confirm(r, report.done);
    if (report.may_publish) {
        give_all(c);
        ok = scan_all(c, full, more, err);
        if (!r->is_loaded)
            return ok;
        give_all(c);
        confirm(r, r->done);
    }
    judge(c, report.may_publish);
    if (is_changed(r) || wk_mono_us() >= r->next_write_us)
        ok = write_position(c, err) && ok;
    return ok;
}

void log_relay_loop(void *arg)
{
    struct wk_log *log = arg;
    struct carry *c = log->carry;
    struct relay *r = &c->relay;
    int64_t next_full = 0, next_look = 0;
    struct wk_err err;

    for (;;) {
        int64_t now = wk_mono_us();
        bool full = now >= next_full, more = false, ok = true;

        if (full)
            next_full = now + (int64_t)log->conf.poll_ms * 1000;
        r->is_wanted = c->is_up || (r->is_ours && now - c->down_since_us < carry_fallback_us(log)); /* else somebody who reaches the broker may have it */
        if (r->is_ours)
            ok = step(c, full, &more, &err);
        if (now >= next_look) {
            next_look = now + LOOK_US;
            ok = carry_look(c, &err) && ok;
        }
        if (!log_pause(log, "log.relay", !ok ? 250 : more ? 1 : log->conf.poll_ms))
            break;
    }
    if (r->is_ours && r->is_loaded)
        (void)write_position(c, &err);
    log->relay_fiber = NULL;
    log->fibers--;
    if (log->drainer)
        wk_fiber_wake(log->drainer);
}
