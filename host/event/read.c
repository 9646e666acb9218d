/* read.c - the log is scanned at its end, a class at a time for all lanes and all subscriptions; entries stay in memory until everybody is done with them.
 *
 * A reader (one class of one lane) at the tail follows the end of its class together with all others there: one range of one index, whatever the lane.
 * A reader whose memory is full, or whose lane has just been taken, lags behind: the laggards of a class are scanned together from where the last of
 * them stands, and whoever has come up to the tail follows it again. All ranges of a look are one statement. */
#include "event/internal.h"
#include "fiber/fiber.h"
#include <assert.h>
#include <endian.h>
#include <stdlib.h>

enum { TAIL_MAX = 2000, LAG_MAX = 2000 }; /* rows of one range */
#define EPOCH_2000_US INT64_C(946684800000000)

/* Binary, and with as few columns as can be, for it is the busiest statement: COL_END is twice the snapshot's xmin, and one more when a writer is still
 * at work behind it. The payload of rows that are not ours to handle stays where it is. Not in the select list: an EXISTS there
 * is looked for once per row. */
enum { COL_RANGE, COL_END, COL_XID, COL_SEQ, COL_LANE, COL_ID, COL_TENANT, COL_AT, COL_VERSION, COL_TYPE, COL_KEY, COL_PAYLOAD, COL_TRACE };
static const struct wk_stmt q_read = {"wakala", "host", "log_read",
    "WITH x AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin), "
    "s AS MATERIALIZED (SELECT xmin, 2 * xmin::text::int8 + (EXISTS (SELECT FROM wakala.event WHERE class = 0 AND xid >= x.xmin) OR "
    "EXISTS (SELECT FROM wakala.event WHERE class = 1 AND xid >= x.xmin) OR EXISTS (SELECT FROM wakala.event WHERE class = 2 AND xid >= x.xmin))::int AS end FROM x) "
    "SELECT r.n, s.end, e.xid, e.seq, e.lane, e.id, e.tenant_id, e.at, e.version, e.type, e.key, "
    "CASE WHEN r.lanes >> e.lane & 1 = 1 THEN e.payload END, e.trace "
    "FROM s CROSS JOIN unnest($1::int2[], $2::xid8[], $3::int8[], $4::int4[], $5::int8[]) WITH ORDINALITY AS r(class, xid, seq, max, lanes, n) LEFT JOIN LATERAL "
    "(SELECT * FROM wakala.event WHERE class = r.class AND (xid, seq) > (r.xid, r.seq) AND xid < s.xmin ORDER BY xid, seq LIMIT r.max) e ON true", true};

struct entry *entry_ref(struct entry *e)
{
    e->refs++;
    return e;
}
void entry_unref(struct entry *e)
{
    if (--e->refs == 0)
        free(e);
}

static char *put(char **at, const char *text, size_t len)
{
    char *to = *at;

    if (len)
        memcpy(to, text, len);
    to[len] = '\0';
    *at += len + 1;
    return to;
}

/* A value of two or eight bytes, as the server sends it. */
static int64_t number(const struct wk_result *r, size_t row, size_t column)
{
    size_t len;
    const char *at = wk_result_text(r, row, column, &len);
    uint64_t wide = 0;
    uint16_t narrow = 0;

    if (len == sizeof wide)
        memcpy(&wide, at, sizeof wide);
    else if (len == sizeof narrow)
        memcpy(&narrow, at, sizeof narrow);
    return len == sizeof narrow ? (int16_t)be16toh(narrow) : (int64_t)be64toh(wide);
}

static struct position position_of(const struct wk_result *r, size_t row)
{
    return (struct position){(uint64_t)number(r, row, COL_XID), number(r, row, COL_SEQ)};
}

/* A row that only says that its range is empty has no event. */
static bool has_event(const struct wk_result *result, size_t row) { return !wk_result_is_null(result, row, COL_SEQ); }

bool scan_end(struct scan *s, const struct wk_result *result, bool is_whole)
{
    uint64_t told = wk_result_rows(result) ? (uint64_t)number(result, 0, COL_END) : 0;
    struct position end = {told / 2, 0};

    for (unsigned i = 0; i < s->n; i++) {
        struct range *r = &s->range[i];

        r->is_cut = !is_whole || r->rows == r->limit;
        if (!r->is_cut) /* all of its class that is finished has been seen */
            r->reached = end;
    }
    return told & 1;
}

struct range *scan_row(struct scan *s, const struct wk_result *result, size_t row)
{
    struct range *r = &s->range[(size_t)(number(result, row, COL_RANGE) - 1) % WK_COUNT(s->range)];

    if (!has_event(result, row))
        return NULL;
    r->rows++;
    assert(position_before(r->reached, position_of(result, row)));
    return r;
}

/* One row into one block. */
struct entry *entry_create(const struct wk_result *r, size_t row, unsigned cls)
{
    size_t type, key, payload, trace;
    const char *t = wk_result_text(r, row, COL_TYPE, &type), *k = wk_result_text(r, row, COL_KEY, &key), *p = wk_result_text(r, row, COL_PAYLOAD, &payload),
               *c = wk_result_text(r, row, COL_TRACE, &trace);
    struct entry *e = malloc(sizeof *e + type + key + payload + trace + 4);
    char *at = (char *)(e + 1);

    if (!e)
        return NULL;
    *e = (struct entry){.refs = 1, .at = position_of(r, row), .cls = cls, .lane = (unsigned)number(r, row, COL_LANE)};
    e->event = (struct wk_event){.size = sizeof e->event, .version = (uint32_t)number(r, row, COL_VERSION), .seq = e->at.seq, .attempt = 1,
                                 .at_us = number(r, row, COL_AT) + EPOCH_2000_US, .payload_len = payload};
    memcpy(e->event.id.b, wk_result_text(r, row, COL_ID, NULL), sizeof e->event.id.b);
    memcpy(e->tenant.b, wk_result_text(r, row, COL_TENANT, NULL), sizeof e->tenant.b);
    e->event.type = put(&at, t, type);
    e->event.key = put(&at, k, key);
    e->event.payload = put(&at, p, payload);
    e->event.trace_id = put(&at, c, trace);
    return e;
}

/* Was it handled before we took the lane? Marks found then are few and gone once passed. */
static bool is_marked(const struct reader *r, uint32_t sub, int64_t seq)
{
    for (size_t i = 0; i < r->old.n; i++)
        if (r->old.item[i].sub == sub && r->old.item[i].seq == seq)
            return true;
    return false;
}

static bool wants(const struct subscriber *s, const char *type)
{
    size_t n = strlen(type), tail = strlen(".incoming");

    return s->sub || s->host ? wk_pattern_matches(s->pattern, type) : n > tail && !strcmp(type + n - tail, ".incoming");
}

/* Who has still to see it. A mark found at takeover goes when the cursor has passed, like one of our own. */
static uint64_t wanted_by(const struct wk_log *log, const struct reader *r, struct entry *e)
{
    uint64_t bits = 0;

    for (uint32_t i = 0; i < log->subs; i++) {
        const struct subscriber *s = &log->sub[i];

        if (!wants(s, e->event.type) || !position_before(r->cursor[i], e->at))
            continue;
        if (is_marked(r, i, e->event.seq))
            e->marked |= UINT64_C(1) << i;
        else if (s->sub || s->host || log->has_listeners)
            bits |= UINT64_C(1) << i;
    }
    return bits;
}

bool marks_add(struct marks *to, struct mark mark)
{
    if (to->n == to->room) {
        size_t room = to->room ? 2 * to->room : 64;
        struct mark *more = realloc(to->item, room * sizeof *more);

        if (!more)
            return false;
        to->item = more;
        to->room = room;
    }
    to->item[to->n++] = mark;
    return true;
}

/* Pop what everybody is done with. */
void reader_settle(struct wk_log *log, struct reader *r)
{
    while (r->first && !r->first->pending) {
        struct entry *e = r->first;

        r->done = e->at;
        if (e->receipt) {
            r->ack = e->receipt;
            carry_settled(log, e->cls, e->lane);
        }
        for (uint32_t i = 0; e->marked && i < log->subs; i++) {
            if (!(e->marked & UINT64_C(1) << i))
                continue;
            if (!marks_add(&r->drop, (struct mark){i, e->event.seq}))
                break; /* the mark stays in the table: harmless */
        }
        r->first = e->next;
        if (!r->first)
            r->end = &r->first;
        r->count--;
        log->stats.in_memory--;
        entry_unref(e);
    }
    if (!r->first && position_before(r->done, r->last))
        r->done = r->last;
    if (r->is_full && r->count < log->conf.read_max / 2) { /* not one by one: laggards that are read together stay together */
        r->is_full = false;
        if (r->held)
            carry_held(log, r);
        log->has_news = true;
        if (log->read_fiber)
            wk_fiber_wake(log->read_fiber);
    }
}

void reader_add(struct wk_log *log, struct reader *r, struct entry *e)
{
    r->whole = r->last = e->at;
    e->pending = wanted_by(log, r, e);
    *r->end = e;
    r->end = &e->next;
    r->count++;
    log->stats.in_memory++;
    if (e->pending)
        log_offer(log, e);
}

/* With the last entry that is not settled, when there is one. */
void reader_rest(struct reader *r, uint64_t receipt)
{
    if (r->first)
        ((struct entry *)((char *)r->end - offsetof(struct entry, next)))->receipt = receipt;
    else
        r->ack = receipt;
}

void reader_clear(struct reader *r)
{
    while (r->first) {
        struct entry *e = r->first;

        r->first = e->next;
        entry_unref(e);
    }
    while (r->held) {
        struct entry *e = r->held;

        r->held = e->next;
        entry_unref(e);
    }
    free(r->old.item);
    free(r->drop.item);
    memset(r, 0, sizeof *r);
    r->end = &r->first;
}

bool reader_may(const struct wk_log *log, unsigned lane) { return log->lane[lane].is_owned && !log->lane[lane].is_leaving; }

/* Its rows must pass also when no reader follows the end: the caches hear by them. */
static unsigned heard_class(void) { return wk_cache_invalidated.priority % CLASSES; }

static bool is_heard(const struct wk_log *log)
{
    unsigned owned = 0;

    if (!log->conf.invalidated || !log->is_reading) /* after a time without lanes the first of them make the tail */
        return false;
    for (unsigned l = 0; l < WK_LANES; l++)
        owned += reader_may(log, l);
    return owned > 0;
}

struct range *scan_add(struct scan *s, unsigned cls, struct position from, uint64_t mask, uint32_t limit)
{
    struct range *r = &s->range[s->n++];

    *r = (struct range){.cls = cls, .from = from, .reached = from, .mask = mask, .limit = limit};
    return r;
}

/* Who is asked for: all at the tail, and those behind it that have room. Full classes are left alone. */
static void choose_class(struct wk_log *log, unsigned c, bool is_due, struct scan *s)
{
    struct position from = {UINT64_MAX, INT64_MAX};
    uint64_t tail = 0, lag = 0;

    for (unsigned l = 0; l < WK_LANES; l++) {
        struct reader *r = &log->lane[l].reader[c];

        if (!reader_may(log, l))
            continue;
        r->is_full |= r->count >= log->conf.read_max;
        if (r->is_tail && r->is_full) {
            r->is_tail = false;
            if (position_before(r->whole, log->tail[c]))
                r->whole = log->tail[c];
        }
        if (r->is_carried) {
            continue;
        } else if (r->is_tail) {
            tail |= UINT64_C(1) << l;
        } else if (!r->is_full) {
            lag |= UINT64_C(1) << l;
            if (position_before(r->whole, from))
                from = r->whole;
        }
    }
    log->is_followed[c] = tail || (c == heard_class() && is_heard(log));
    if (log->is_followed[c] && is_due)
        scan_add(s, c, log->tail[c], tail, TAIL_MAX)->is_tail = true;
    if (lag)
        (void)scan_add(s, c, from, lag, LAG_MAX);
    if (c == heard_class() && !log->is_followed[c] && !lag)
        log->is_reading = false;
}

struct wk_exec scan_item(struct scan *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        const struct range *r = &s->range[i];

        text_item(&s->text[0], "%u", r->cls);
        text_item(&s->text[1], "%llu", (unsigned long long)r->from.xid);
        text_item(&s->text[2], "%lld", (long long)r->from.seq);
        text_item(&s->text[3], "%u", r->limit);
        text_item(&s->text[4], "%lld", (long long)r->mask);
    }
    for (size_t i = 0; i < WK_COUNT(s->text); i++)
        s->args[i] = wk_text(text_array(&s->text[i]));
    return (struct wk_exec){.stmt = &q_read, .args = s->args, .nargs = WK_COUNT(s->args)};
}

void scan_finish(struct scan *s)
{
    for (size_t i = 0; i < WK_COUNT(s->text); i++)
        text_finish(&s->text[i]);
}

static bool read_row(struct wk_log *log, const struct range *range, const uint64_t epochs[WK_LANES], const struct wk_result *result, size_t row)
{
    unsigned lane = (unsigned)number(result, row, COL_LANE) % WK_LANES;
    struct reader *r = &log->lane[lane].reader[range->cls];
    struct entry *e;

    if (!(range->mask & UINT64_C(1) << lane) || !reader_may(log, lane) || log->lane[lane].epoch != epochs[lane] || !position_before(r->whole, position_of(result, row)))
        return true;
    e = entry_create(result, row, range->cls);
    if (!e)
        return false;
    log->stats.read++;
    reader_add(log, r, e);
    return true;
}

/* The caches of all workers hear of what others have changed, whoever owns the lane: so a subscription would not do. */
static void tell_cache(struct wk_log *log, const struct wk_result *result, size_t row)
{
    const char *text = wk_result_text(result, row, COL_TYPE, NULL), *tenant, *id;
    struct wk_uuid whose, which;

    if (!log->conf.invalidated || strcmp(text, wk_cache_invalidated.name) != 0)
        return;
    tenant = wk_result_text(result, row, COL_TENANT, NULL);
    id = wk_result_text(result, row, COL_ID, NULL);
    memcpy(whose.b, tenant, sizeof whose.b);
    memcpy(which.b, id, sizeof which.b);
    log->conf.invalidated(log->conf.invalidated_arg, &whose, wk_result_text(result, row, COL_KEY, NULL), &which);
}

/* A look went well: what was committed before it has passed our caches, or does so soon. After a time without lanes it may not have, unless another
 * worker of this machine was reading all the time: the cells are theirs together. */
static void mark_read(struct wk_log *log, bool is_whole)
{
    bool was_read = wk_mono_us() - wk_share_log_read_us(log->engine->share, log->conf.server) < 3000 * (int64_t)log->conf.poll_ms;

    if (!log->is_reading && !was_read && log->conf.unseen)
        log->conf.unseen(log->conf.invalidated_arg);
    log->is_reading = true;
    if (is_whole)
        wk_share_set_log_read(log->engine->share, log->conf.server);
}

/* How far a range has come is how far its readers have. Who of the laggards has come up to the tail follows it from now on; when nobody is there, the
 * first ones make it. */
static void advance(struct wk_log *log, const struct range *range, const uint64_t epochs[WK_LANES], bool ok)
{
    unsigned c = range->cls;
    bool may_join = !range->is_tail && (log->is_followed[c] || !range->is_cut);

    if (range->is_tail || (may_join && !log->is_followed[c]))
        log->tail[c] = range->reached;
    for (unsigned l = 0; l < WK_LANES; l++) {
        struct reader *r = &log->lane[l].reader[c];

        if (!(range->mask & UINT64_C(1) << l) || !reader_may(log, l) || log->lane[l].epoch != epochs[l])
            continue;
        if (position_before(r->whole, range->reached))
            r->whole = range->reached;
        if (log->carry && ok && !range->is_cut)
            carry_scanned(log, c, l);
        r->is_tail |= may_join && !r->is_carried && !position_before(r->whole, log->tail[c]);
    }
    if (c == heard_class() && (range->is_tail || (may_join && !log->is_followed[c])))
        mark_read(log, !range->is_cut);
}

/* What came back. False: no memory, and nothing from the row that did not fit on counts as read. */
static bool take(struct wk_log *log, struct scan *s, const uint64_t epochs[WK_LANES], const struct wk_result *result)
{
    bool ok = true;

    for (size_t i = 0; i < wk_result_rows(result) && ok; i++) {
        struct range *range = scan_row(s, result, i);
        struct position at;

        if (!range)
            continue;
        at = position_of(result, i);
        if (range->cls == heard_class())
            tell_cache(log, result, i);
        ok = read_row(log, range, epochs, result, i);
        if (ok)
            range->reached = at;
        log->last_seq = at.seq > log->last_seq ? at.seq : log->last_seq;
    }
    log->is_behind |= scan_end(s, result, ok);
    for (unsigned i = 0; i < s->n; i++)
        advance(log, &s->range[i], epochs, ok);
    return ok;
}

/* One look. False: the database did not answer. */
static bool read_once(struct wk_log *log, bool all, bool *more, struct wk_err *err)
{
    bool is_due = all || log->has_news || log->is_behind, ok;
    uint64_t epochs[WK_LANES];
    struct scan scan = {0};
    struct wk_exec item;

    *more = false;
    for (unsigned c = 0; c < CLASSES; c++)
        choose_class(log, c, is_due, &scan);
    log->has_news = log->is_behind = false;
    if (!scan.n)
        return true;
    for (unsigned l = 0; l < WK_LANES; l++)
        epochs[l] = log->lane[l].epoch;
    item = scan_item(&scan);
    ok = log_exec(log, &item, 1, err) && take(log, &scan, epochs, item.result);
    for (unsigned i = 0; i < scan.n && ok; i++) {
        *more |= scan.range[i].is_cut;
        log->has_news |= scan.range[i].is_cut && scan.range[i].is_tail; /* or the rest of a full batch would wait for the next poll */
    }
    *more |= log->is_behind;
    for (unsigned l = 0; l < WK_LANES; l++)
        for (unsigned c = 0; c < CLASSES && log->lane[l].is_owned; c++)
            reader_settle(log, &log->lane[l].reader[c]);
    wk_exec_clear(&item, 1);
    scan_finish(&scan);
    return ok;
}

void log_read_loop(void *arg)
{
    struct wk_log *log = arg;
    int64_t next_full = 0;

    for (;;) {
        bool full = wk_mono_us() >= next_full, more = false;
        struct wk_err err;

        if (full)
            next_full = wk_mono_us() + (int64_t)log->conf.poll_ms * 1000;
        if (!read_once(log, full, &more, &err)) {
            log->has_news = true; /* what was told is still true */
            if (!log_pause(log, "log.read", 250))
                break;
            continue;
        }
        log_run_ready(log);
        if (log->is_draining)
            break;
        if (more) { /* a writer is at work, or a full batch: look again very soon, after the others had a turn */
            if (!log_pause(log, "log.read", 1))
                break;
        } else if (!log->has_news && !log_pause(log, "log.read", log->conf.poll_ms)) {
            break;
        }
    }
    log->read_fiber = NULL;
    log->fibers--;
    if (log->drainer)
        wk_fiber_wake(log->drainer);
}
