/* cursors.c - how far everybody has read, written once a second; marks behind the cursor go with the same trip. */
#include "event/internal.h"
#include "event/text.h"
#include "fiber/fiber.h"
#include <stdlib.h>

static const struct wk_stmt q_write = {"wakala", "host", "cursors_write",
    "INSERT INTO wakala.cursor AS c (name, class, lane, xid, seq) SELECT s.name, p.class, p.lane, p.xid, p.seq "
    "FROM unnest($1::int2[], $2::int2[], $3::xid8[], $4::int8[], $5::int8[]) AS p(class, lane, xid, seq, epoch) "
    "JOIN wakala.lane l ON l.lane = p.lane AND l.epoch = p.epoch CROSS JOIN unnest($6::text[]) AS s(name) ORDER BY 1, 2, 3 "
    "ON CONFLICT (name, class, lane) DO UPDATE SET xid = excluded.xid, seq = excluded.seq "
    "WHERE (c.xid, c.seq) < (excluded.xid, excluded.seq)", false};
static const struct wk_stmt q_unmark = {"wakala", "host", "unmark",
    "DELETE FROM wakala.mark m USING unnest($1::int2[], $2::int2[], $3::text[], $4::int8[], $5::int8[]) AS d(class, lane, name, seq, epoch) "
    "JOIN wakala.lane l ON l.lane = d.lane AND l.epoch = d.epoch "
    "WHERE m.class = d.class AND m.lane = d.lane AND m.name = d.name AND m.seq = d.seq", false};
/* That a running host has them: the others are frozen. */
static const struct wk_stmt q_active = {"wakala", "host", "subscriptions_active",
    "UPDATE wakala.subscription SET active_at = wakala.now() WHERE name = ANY ($1::text[]) AND active_at < wakala.now() - interval '1 minute'", false};
static const struct wk_stmt q_cursors = {"wakala", "host", "cursors_load",
    "SELECT name, class, lane, xid, seq FROM wakala.cursor WHERE lane = ANY ($1::int2[])", false};
static const struct wk_stmt q_marks = {"wakala", "host", "marks_load",
    "SELECT name, class, lane, seq FROM wakala.mark WHERE lane = ANY ($1::int2[])", false};

struct batch {
    struct text cls, lane, xid, seq, epoch, mark_cls, mark_lane, mark_name, mark_seq, mark_epoch, names;
    size_t cursors, marks;
    struct {
        struct marks marks; /* taken from their reader until the server has answered */
        uint64_t epoch;
    } sent[WK_LANES][CLASSES];
};
enum { TEXTS = 11, REST_MAX = 100000 };
#define REST_MAX_US (INT64_C(3600) * 1000000)

static void collect(struct wk_log *log, struct batch *b)
{
    int64_t now = wk_mono_us();

    for (unsigned l = 0; l < WK_LANES; l++)
        for (unsigned c = 0; c < CLASSES && log->lane[l].is_owned; c++) {
            struct reader *r = &log->lane[l].reader[c];
            unsigned long long epoch = log->lane[l].epoch;

            if (!r->first && (log->last_seq - r->written_seq > REST_MAX || now - r->written_us > REST_MAX_US))
                r->done = r->whole; /* at rest while the log goes on: the next owner begins here, and what lies before may go */
            if (position_before(r->written, r->done)) {
                text_item(&b->cls, "%u", c), text_item(&b->lane, "%u", l), text_item(&b->epoch, "%llu", epoch);
                text_item(&b->xid, "%llu", (unsigned long long)r->done.xid), text_item(&b->seq, "%lld", (long long)r->done.seq);
                b->cursors++;
                r->written = r->done;
                r->written_seq = log->last_seq;
                r->written_us = now;
            }
            for (size_t i = 0; i < r->drop.n; i++) {
                const char *name = log->sub[r->drop.item[i].sub].name;

                text_item(&b->mark_cls, "%u", c), text_item(&b->mark_lane, "%u", l);
                text_quoted(&b->mark_name, name, strlen(name));
                text_item(&b->mark_seq, "%lld", (long long)r->drop.item[i].seq), text_item(&b->mark_epoch, "%llu", epoch);
                b->marks++;
            }
            b->sent[l][c].marks = r->drop;
            b->sent[l][c].epoch = epoch;
            r->drop = (struct marks){0};
        }
    for (size_t i = 0; i < log->subs; i++)
        text_quoted(&b->names, log->sub[i].name, strlen(log->sub[i].name));
}

/* Nothing was written, or it is not known: the marks go with the next try, unless the lane has gone meanwhile. */
static void settle(struct wk_log *log, struct batch *b, bool ok)
{
    for (unsigned l = 0; l < WK_LANES; l++)
        for (unsigned c = 0; c < CLASSES; c++) {
            struct reader *r = &log->lane[l].reader[c];
            struct marks *sent = &b->sent[l][c].marks;

            if (!ok)
                r->written = (struct position){0};
            for (size_t i = 0; !ok && i < sent->n && log->lane[l].is_owned && log->lane[l].epoch == b->sent[l][c].epoch; i++)
                marks_add(&r->drop, sent->item[i]);
            free(sent->item);
        }
}

/* Cursors first, then their marks, in one transaction: a mark may only go when the cursor has passed it for good. */
bool cursors_write(struct wk_log *log, struct wk_err *err)
{
    struct batch *b = calloc(1, sizeof *b);
    struct wk_arg w[6], m[5];
    struct wk_exec items[2];
    size_t n = 0;
    bool ok = true;

    if (!b)
        return wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "cursors");
    collect(log, b);
    if (b->cursors) {
        w[0] = wk_text(text_array(&b->cls)), w[1] = wk_text(text_array(&b->lane)), w[2] = wk_text(text_array(&b->xid));
        w[3] = wk_text(text_array(&b->seq)), w[4] = wk_text(text_array(&b->epoch)), w[5] = wk_text(text_array(&b->names));
        items[n++] = (struct wk_exec){.stmt = &q_write, .args = w, .nargs = 6};
    }
    if (b->marks) {
        m[0] = wk_text(text_array(&b->mark_cls)), m[1] = wk_text(text_array(&b->mark_lane)), m[2] = wk_text(text_array(&b->mark_name));
        m[3] = wk_text(text_array(&b->mark_seq)), m[4] = wk_text(text_array(&b->mark_epoch));
        items[n++] = (struct wk_exec){.stmt = &q_unmark, .args = m, .nargs = 5};
    }
    if (n)
        ok = log_exec(log, items, n, err);
    if (n)
        wk_exec_clear(items, n);
    settle(log, b, ok);
    for (struct text *t = &b->cls; t < &b->cls + TEXTS; t++)
        text_finish(t);
    free(b);
    return ok;
}

static uint32_t sub_index(const struct wk_log *log, const char *name)
{
    for (uint32_t i = 0; i < log->subs; i++)
        if (!strcmp(log->sub[i].name, name))
            return i;
    return SUBS_MAX;
}

static void begin_at(struct wk_log *log, struct reader *r)
{
    r->whole = (struct position){UINT64_MAX, INT64_MAX};
    for (uint32_t i = 0; i < log->subs; i++)
        if (position_before(r->cursor[i], r->whole))
            r->whole = r->cursor[i];
    if (!log->subs)
        r->whole = (struct position){0};
    r->last = r->done = r->written = r->whole;
    r->written_seq = log->last_seq;
    r->written_us = wk_mono_us();
    r->is_tail = r->is_full = false;
}

/* Where every subscriber stands in these lanes, and what was handled beyond. */
bool cursors_load(struct wk_log *log, uint64_t lanes, struct wk_err *err)
{
    struct text list;
    struct wk_arg arg;
    struct wk_exec items[2] = {{.stmt = &q_cursors, .args = &arg, .nargs = 1}, {.stmt = &q_marks, .args = &arg, .nargs = 1}};
    bool ok;

    text_init(&list);
    for (unsigned l = 0; l < WK_LANES; l++) {
        if (!(lanes & UINT64_C(1) << l))
            continue;
        text_item(&list, "%u", l);
        for (unsigned c = 0; c < CLASSES; c++)
            for (uint32_t s = 0; s < log->subs; s++)
                log->lane[l].reader[c].cursor[s] = log->sub[s].start;
    }
    arg = wk_text(text_array(&list));
    ok = log_exec(log, items, 2, err);
    for (size_t i = 0; ok && i < wk_result_rows(items[0].result); i++) {
        uint32_t s = sub_index(log, wk_result_text(items[0].result, i, 0, NULL));
        struct reader *r = &log->lane[wk_result_int(items[0].result, i, 2)].reader[wk_result_int(items[0].result, i, 1)];
        struct position p = {strtoull(wk_result_text(items[0].result, i, 3, NULL), NULL, 10), wk_result_int(items[0].result, i, 4)};

        if (s < SUBS_MAX && position_before(r->cursor[s], p))
            r->cursor[s] = p;
    }
    for (size_t i = 0; ok && i < wk_result_rows(items[1].result); i++) {
        uint32_t s = sub_index(log, wk_result_text(items[1].result, i, 0, NULL));
        struct reader *r = &log->lane[wk_result_int(items[1].result, i, 2)].reader[wk_result_int(items[1].result, i, 1)];

        if (s < SUBS_MAX && !marks_add(&r->old, (struct mark){s, wk_result_int(items[1].result, i, 3)}))
            ok = wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "marks of a lane");
    }
    wk_exec_clear(items, 2);
    text_finish(&list);
    for (unsigned l = 0; l < WK_LANES; l++)
        for (unsigned c = 0; c < CLASSES && (lanes & UINT64_C(1) << l); c++)
            begin_at(log, &log->lane[l].reader[c]);
    return ok;
}

static bool stay_active(struct wk_log *log, struct wk_err *err)
{
    struct text names;
    struct wk_arg arg;
    struct wk_exec item = {.stmt = &q_active, .args = &arg, .nargs = 1};
    bool ok;

    text_init(&names);
    for (size_t i = 0; i < log->subs; i++)
        text_quoted(&names, log->sub[i].name, strlen(log->sub[i].name));
    arg = wk_text(text_array(&names));
    ok = log_exec(log, &item, 1, err);
    wk_exec_clear(&item, 1);
    text_finish(&names);
    return ok;
}

void log_cursor_loop(void *arg)
{
    struct wk_log *log = arg;
    struct wk_err err;

    while (log_pause(log, "log.cursors", 1000)) {
        (void)cursors_write(log, &err); /* tried again next second */
        if (wk_mono_us() >= log->next_active_us && stay_active(log, &err))
            log->next_active_us = wk_mono_us() + INT64_C(120) * 1000000;
    }
    log->cursor_fiber = NULL;
    log->fibers--;
    if (log->drainer)
        wk_fiber_wake(log->drainer);
}
