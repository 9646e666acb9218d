/* read.c - one query reads all owned lanes for all subscribers; entries stay in memory until everybody is done with them. */
#include "event/internal.h"
#include "event/text.h"
#include "fiber/fiber.h"
#include <stdlib.h>

static const struct wk_stmt q_read = {"wakala", "host", "log_read",
    "WITH s AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin) "
    "SELECT e.class, e.lane, e.xid, e.seq, e.xid < s.xmin, e.id, e.tenant_id, (extract(epoch FROM e.at) * 1000000)::bigint, e.version, "
    "e.type, e.key, CASE WHEN e.xid < s.xmin THEN e.payload END, coalesce(e.trace, '') "
    "FROM s, unnest($1::int2[], $2::int2[], $3::xid8[], $4::int8[], $5::int4[]) AS l(class, lane, xid, seq, lim), "
    "LATERAL (SELECT * FROM wakala.event WHERE class = l.class AND lane = l.lane AND (xid, seq) > (l.xid, l.seq) "
    "ORDER BY xid, seq LIMIT l.lim) e ORDER BY e.class, e.lane, e.xid, e.seq", false};

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

    memcpy(to, text, len);
    to[len] = '\0';
    *at += len + 1;
    return to;
}

/* One row into one block. */
static struct entry *entry_create(const struct wk_result *r, size_t row)
{
    size_t type, key, payload, trace;
    const char *t = wk_result_text(r, row, 9, &type), *k = wk_result_text(r, row, 10, &key), *p = wk_result_text(r, row, 11, &payload),
               *c = wk_result_text(r, row, 12, &trace);
    struct entry *e = p ? calloc(1, sizeof *e + type + key + payload + trace + 4) : NULL;
    char *at = (char *)(e + 1);

    if (!e)
        return NULL;
    e->cls = (unsigned)wk_result_int(r, row, 0);
    e->lane = (unsigned)wk_result_int(r, row, 1);
    e->at.xid = strtoull(wk_result_text(r, row, 2, NULL), NULL, 10);
    e->at.seq = wk_result_int(r, row, 3);
    e->refs = 1;
    e->event = (struct wk_event){.size = sizeof e->event, .version = (uint32_t)wk_result_int(r, row, 8), .seq = e->at.seq, .attempt = 1,
                                 .at_us = wk_result_int(r, row, 7), .payload_len = payload};
    (void)wk_uuid_parse(wk_result_text(r, row, 5, NULL), &e->event.id);
    (void)wk_uuid_parse(wk_result_text(r, row, 6, NULL), &e->tenant);
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

    return s->sub ? wk_pattern_matches(s->pattern, type) : n > tail && !strcmp(type + n - tail, ".incoming");
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
        else if (s->sub || log->has_listeners)
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
    if (!r->first)
        r->done = r->read;
}

void reader_clear(struct reader *r)
{
    while (r->first) {
        struct entry *e = r->first;

        r->first = e->next;
        entry_unref(e);
    }
    free(r->old.item);
    free(r->drop.item);
    memset(r, 0, sizeof *r);
    r->end = &r->first;
}

static bool read_row(struct wk_log *log, const struct wk_result *result, size_t row)
{
    unsigned cls = (unsigned)wk_result_int(result, row, 0), lane = (unsigned)wk_result_int(result, row, 1);
    struct reader *r = &log->lane[lane].reader[cls];
    struct entry *e;

    if (!log->lane[lane].is_owned || log->lane[lane].is_leaving || r->is_behind)
        return true;
    if (*wk_result_text(result, row, 4, NULL) != 't') {
        r->is_behind = true; /* its writer, or an older one, may still be at work: nothing of this lane beyond it yet */
        return true;
    }
    e = entry_create(result, row);
    if (!e)
        return false;
    if (!position_before(r->read, e->at)) { /* the lane changed hands while we read */
        entry_unref(e);
        return true;
    }
    r->read = e->at;
    e->pending = wanted_by(log, r, e);
    *r->end = e;
    r->end = &e->next;
    r->count++;
    log->stats.in_memory++;
    log->stats.read++;
    if (e->pending)
        log_offer(log, e);
    return true;
}

/* One trip over all lanes that have news (or all, when `all`). False: the database did not answer. */
static bool read_once(struct wk_log *log, bool all, bool *more, struct wk_err *err)
{
    struct text cls, lane, xid, seq, lim;
    struct wk_exec item = {.stmt = &q_read, .nargs = 5};
    struct wk_arg args[5];
    uint32_t asked[CLASSES][WK_LANES];
    bool ok = true, any = false;

    text_init(&cls), text_init(&lane), text_init(&xid), text_init(&seq), text_init(&lim);
    memset(asked, 0, sizeof asked);
    for (unsigned c = 0; c < CLASSES; c++)
        for (unsigned l = 0; l < WK_LANES; l++) {
            struct reader *r = &log->lane[l].reader[c];
            uint32_t room = log->conf.read_max > r->count ? log->conf.read_max - r->count : 0;

            if (!log->lane[l].is_owned || log->lane[l].is_leaving || !room || (!all && !r->has_news && !r->is_behind))
                continue;
            any = true;
            asked[c][l] = room > 100 ? 100 : room;
            r->has_news = r->is_behind = false;
            text_item(&cls, "%u", c), text_item(&lane, "%u", l), text_item(&xid, "%llu", (unsigned long long)r->read.xid);
            text_item(&seq, "%lld", (long long)r->read.seq), text_item(&lim, "%u", asked[c][l]);
        }
    *more = false;
    if (any) {
        args[0] = wk_text(text_array(&cls)), args[1] = wk_text(text_array(&lane)), args[2] = wk_text(text_array(&xid));
        args[3] = wk_text(text_array(&seq)), args[4] = wk_text(text_array(&lim));
        item.args = args;
        ok = log_exec(log, &item, 1, err);
    }
    for (size_t i = 0; ok && any && i < wk_result_rows(item.result); i++) {
        unsigned c = (unsigned)wk_result_int(item.result, i, 0), l = (unsigned)wk_result_int(item.result, i, 1);

        ok = read_row(log, item.result, i) || wk_fail(err, WK_TRANSIENT, "host.no_memory", "events read");
        if (asked[c][l] && --asked[c][l] == 0) {
            log->lane[l].reader[c].has_news = true; /* the batch was full: there may be more */
            *more = true;
        }
    }
    for (unsigned c = 0; any && c < CLASSES; c++)
        for (unsigned l = 0; l < WK_LANES; l++) {
            *more = *more || (log->lane[l].is_owned && log->lane[l].reader[c].is_behind);
            if (log->lane[l].is_owned)
                reader_settle(log, &log->lane[l].reader[c]);
        }
    wk_exec_clear(&item, 1);
    text_finish(&cls), text_finish(&lane), text_finish(&xid), text_finish(&seq), text_finish(&lim);
    return ok;
}

static bool has_news(const struct wk_log *log)
{
    for (unsigned l = 0; l < WK_LANES; l++)
        for (unsigned c = 0; c < CLASSES && log->lane[l].is_owned; c++)
            if (log->lane[l].reader[c].has_news && log->lane[l].reader[c].count < log->conf.read_max)
                return true;
    return false;
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
            for (unsigned l = 0; l < WK_LANES; l++) /* what was told is still true */
                for (unsigned c = 0; c < CLASSES; c++)
                    log->lane[l].reader[c].has_news = true;
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
        } else if (!has_news(log) && !log_pause(log, "log.read", log->conf.poll_ms)) {
            break;
        }
    }
    log->read_fiber = NULL;
    log->fibers--;
    if (log->drainer)
        wk_fiber_wake(log->drainer);
}
