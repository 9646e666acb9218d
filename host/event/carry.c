/* carry.c - deliveries of the bus become entries of their lanes, by their positions: what was read is a duplicate, what goes on where the reader
 * stands is accepted, what lies behind a gap is held until the log has filled it. */
#include "event/bus.h"
#include "fiber/fiber.h"
#include "observe/log.h"
#include "plugin/loader.h"
#include "share/share.h"
#include <event2/event.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TAKE_MAX = 64, TURN_MAX = 1024, ACK_LATER_US = 2000, SILENT_US = 2000000 };

static void say(const struct carry *c, enum wk_level level, const char *what, const char *why)
{
    struct wk_log_fields fields = {.plugin = c->plugin->name};

    wk_log_line(level, &fields, "bus: %s%s%s", what, *why ? ": " : "", why);
}

/* --- from a delivery to an entry --- */

static char *put(char **at, const char *text, size_t len)
{
    char *to = *at;

    memcpy(to, text, len);
    to[len] = '\0';
    *at += len + 1;
    return to;
}

static struct entry *entry_of(const struct wk_bus_record *r)
{
    size_t type = strlen(r->type), key = strlen(r->key), trace = strlen(r->trace_id);
    struct entry *e = malloc(sizeof *e + type + key + trace + r->payload_len + 4);
    char *at = (char *)(e + 1);

    if (!e)
        return NULL;
    *e = (struct entry){.refs = 1, .at = {r->at.xid, r->at.seq}, .before = {r->before.xid, r->before.seq}, .receipt = r->receipt, .cls = r->cls,
                        .lane = r->lane, .tenant = r->tenant};
    e->event = (struct wk_event){.size = sizeof e->event, .version = r->version, .id = r->id, .seq = r->at.seq, .attempt = 1, .at_us = r->at_us,
                                 .payload_len = r->payload_len};
    e->event.type = put(&at, r->type, type);
    e->event.key = put(&at, r->key, key);
    e->event.payload = put(&at, r->payload, r->payload_len);
    e->event.trace_id = put(&at, r->trace_id, trace);
    return e;
}

static void scan_it(struct wk_log *log, struct reader *r)
{
    r->is_carried = r->is_tail = false;
    if (log->read_fiber)
        wk_fiber_wake(log->read_fiber);
}

/* Whatever order they came in: again as long as one of them goes on where the reader stands. */
void carry_held(struct wk_log *log, struct reader *r)
{
    struct entry **p = &r->held;

    while (*p) {
        struct entry *e = *p;

        if (!position_before(r->whole, e->at)) { /* the log was faster */
            *p = e->next;
            reader_rest(r, e->receipt);
            carry_settled(log, e->cls, e->lane);
            entry_unref(e);
        } else if (!position_before(r->whole, e->before) && r->count < log->conf.read_max) {
            *p = e->next;
            e->next = NULL;
            reader_add(log, r, e);
            p = &r->held;
        } else {
            p = &e->next;
        }
    }
}

static void hold(struct reader *r, struct entry *e)
{
    struct entry **p = &r->held;

    while (*p)
        p = &(*p)->next;
    *p = e;
}

static void deliver(struct carry *c, const struct wk_bus_record *record)
{
    struct wk_log *log = c->log;
    struct reader *r = &log->lane[record->lane % WK_LANES].reader[record->cls % CLASSES];
    struct position at = {record->at.xid, record->at.seq}, before = {record->before.xid, record->before.seq};
    bool is_next;
    struct entry *e;

    if (!reader_may(log, record->lane % WK_LANES))
        return; /* goes back to the broker when its queue is given up */
    r->delivered_us = wk_mono_us();
    if (!position_before(r->whole, at)) {
        log->stats.bus.duplicates++;
        reader_rest(r, record->receipt);
        carry_settled(log, record->cls % CLASSES, record->lane % WK_LANES);
        return;
    }
    if (!(e = entry_of(record))) {
        log->are_locks_lost = true; /* as in dispatch.c: whoever takes the lanes next begins at their cursors */
        return;
    }
    is_next = !position_before(r->whole, before);
    if (is_next && r->count < log->conf.read_max) {
        reader_add(log, r, e);
        if (r->held)
            carry_held(log, r);
        return;
    }
    r->is_full |= is_next; /* reader_settle() takes it when there is room */
    hold(r, e);
    if (!is_next && r->is_carried) {
        log->stats.bus.gaps++;
        scan_it(log, r);
    }
}

/* --- back to the bus --- */

static void flush_acks(struct carry *c)
{
    for (unsigned k = 0; k < CLASSES; k++) {
        uint64_t lanes = c->settled[k];

        c->settled[k] = 0;
        while (lanes) {
            unsigned l = (unsigned)__builtin_ctzll(lanes);
            const struct reader *r = &c->log->lane[l].reader[k];

            lanes &= lanes - 1;
            if (r->ack)
                c->bus->settle(c->plugin, k, l, r->ack);
        }
    }
}

void carry_settled(struct wk_log *log, unsigned cls, unsigned lane)
{
    static const struct timeval soon = {0, ACK_LATER_US};
    struct carry *c = log->carry;

    if (!c || c->is_closed)
        return;
    c->settled[cls] |= UINT64_C(1) << lane;
    if (!c->is_later) /* one ack for what is settled within two milliseconds */
        c->is_later = !event_add(c->later, &soon);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
    struct carry *c = arg;

    (void)fd, (void)what;
    c->is_later = false;
    flush_acks(c);
}

void carry_own(struct wk_log *log)
{
    struct carry *c = log->carry;
    uint64_t lanes = 0;

    if (!c || c->is_closed)
        return;
    for (unsigned l = 0; l < WK_LANES; l++)
        lanes |= (uint64_t)log->lane[l].is_owned << l;
    if (lanes != c->own)
        c->bus->own(c->plugin, lanes);
    c->own = lanes;
}

/* --- are deliveries relied on? --- */

/* A scan has seen all there is, and nothing is missing before what was held: deliveries go on from here. */
void carry_scanned(struct wk_log *log, unsigned cls, unsigned lane)
{
    struct reader *r = &log->lane[lane].reader[cls];

    if (r->held)
        carry_held(log, r);
    r->is_carried = log->carry->is_trusted[cls] && !r->held;
    if (r->is_carried)
        r->is_tail = false;
}

static void drop_held(struct reader *r)
{
    while (r->held) { /* not acknowledged: they come again */
        struct entry *e = r->held;

        r->held = e->next;
        entry_unref(e);
    }
}

static const char *const changed[CLASSES][2] = {{"lanes of class high are read from the log", "lanes of class high are read by deliveries"},
                                                {"lanes of class normal are read from the log", "lanes of class normal are read by deliveries"},
                                                {"lanes of class low are read from the log", "lanes of class low are read by deliveries"}};

static void judge_class(struct carry *c, unsigned k, int64_t now)
{
    struct wk_log *log = c->log;
    bool was = c->is_trusted[k];

    c->is_trusted[k] = c->is_fresh[k] && (c->is_up || (was && now - c->down_since_us < carry_fallback_us(log)));
    if (!c->is_trusted[k] && !was) {
        log->stats.bus.fallback_ms += (uint64_t)(now - c->untrusted_since_us[k]) / 1000;
        c->untrusted_since_us[k] += (now - c->untrusted_since_us[k]) / 1000 * 1000;
    }
    if (c->is_trusted[k] == was)
        return;
    c->untrusted_since_us[k] = now;
    say(c, WK_INFO, changed[k][c->is_trusted[k]], "");
    for (unsigned l = 0; l < WK_LANES && !c->is_trusted[k]; l++)
        log->lane[l].reader[k].is_carried = log->lane[l].reader[k].is_tail = false; /* the tail has gone on without it */
    log->has_news = true;
    if (log->read_fiber)
        wk_fiber_wake(log->read_fiber);
}

void carry_judge(struct carry *c)
{
    int64_t now = wk_mono_us();

    for (unsigned k = 0; k < CLASSES; k++)
        judge_class(c, k, now);
}

void carry_report(struct carry *c, struct wk_bus_report *out)
{
    struct wk_log *log = c->log;
    struct wk_bus_stats *s = &log->stats.bus;

    *out = (struct wk_bus_report){.size = sizeof *out};
    c->bus->report(c->plugin, out);
    s->is_up = out->is_up;
    s->published = out->published, s->confirmed = out->confirmed, s->returned = out->returned, s->nacked = out->nacked;
    s->delivered = out->delivered, s->redelivered = out->redelivered, s->connects = out->connects;
    if (c->is_up == (bool)out->is_up)
        return;
    c->is_up = out->is_up;
    if (!c->is_up) {
        c->down_since_us = wk_mono_us();
        for (unsigned l = 0; l < WK_LANES; l++)
            for (unsigned k = 0; k < CLASSES; k++)
                drop_held(&log->lane[l].reader[k]);
    }
    say(c, c->is_up ? WK_INFO : WK_WARN, c->is_up ? "connected" : "not connected", c->is_up ? "" : out->reason);
    if (log->engine->share)
        wk_share_set_dep(log->engine->share, c->plugin->name, true, !c->is_up, 0);
}

/* On the loop, after some thread's wake. */
static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct carry *c = arg;
    struct wk_log *log = c->log;
    struct wk_bus_record got[TAKE_MAX];
    struct wk_bus_report report;
    uint64_t count, lanes[CLASSES] = {0};
    size_t n, all = 0;

    (void)what;
    (void)!read(fd, &count, sizeof count);
    wk_blame_enter(c->plugin->name, "bus", NULL, NULL, NULL);
    carry_report(c, &report);
    carry_judge(c);
    do {
        n = c->bus->take(c->plugin, got, TAKE_MAX);
        for (size_t i = 0; i < n; i++) {
            deliver(c, &got[i]);
            lanes[got[i].cls % CLASSES] |= UINT64_C(1) << got[i].lane % WK_LANES;
        }
        all += n;
    } while (n == TAKE_MAX && all < TURN_MAX);
    wk_blame_leave();
    if (n == TAKE_MAX) /* let others have a turn */
        event_active(c->wake, EV_READ, 0);
    for (unsigned k = 0; k < CLASSES; k++)
        for (unsigned l = 0; l < WK_LANES; l++)
            if (lanes[k] & UINT64_C(1) << l && log->lane[l].is_owned)
                reader_settle(log, &log->lane[l].reader[k]);
    if (all)
        log_run_ready(log);
    if (c->relay.is_ours && log->relay_fiber && (report.round != c->relay.round || report.done != c->relay.done || !report.may_publish))
        wk_fiber_wake(log->relay_fiber);
}

static void wake_us(void *arg) /* on any thread */
{
    static const uint64_t one = 1;

    (void)!write(((struct carry *)arg)->fd, &one, sizeof one);
}

/* --- the look: what the relay says is confirmed, against what has come --- */

static const struct wk_stmt q_look = {"wakala", "host", "bus_look",
    "SELECT b.xid, b.seq, b.is_carrying AND b.at > wakala.now() - $2::int8 * interval '1 millisecond', b.class, l.lane, l.xid, l.seq "
    "FROM wakala.bus b LEFT JOIN wakala.bus_lane l ON l.name = b.name AND l.class = b.class WHERE b.name = $1", false};

static struct position place(const struct wk_result *r, size_t row, size_t column)
{
    return (struct position){strtoull(wk_result_text(r, row, column, NULL), NULL, 10), wk_result_int(r, row, column + 1)};
}

static void compare(struct carry *c, unsigned cls, unsigned lane, struct position last, struct position all)
{
    struct wk_log *log = c->log;
    struct reader *r = &log->lane[lane].reader[cls];

    if (!r->is_carried || !reader_may(log, lane))
        return;
    if (!position_before(r->whole, last)) { /* nothing of this lane lies between its last event and the relay */
        if (position_before(r->whole, all))
            r->whole = all;
    } else if (!r->first && wk_mono_us() - r->delivered_us > SILENT_US) {
        log->stats.bus.gaps++;
        scan_it(log, r);
    }
}

bool carry_look(struct carry *c, struct wk_err *err)
{
    struct wk_log *log = c->log;
    struct wk_arg args[] = {wk_text(c->plugin->name), wk_int(log->conf.fallback_ms + 1500)};
    struct wk_exec item = {.stmt = &q_look, .args = args, .nargs = 2};
    struct position last[CLASSES][WK_LANES] = {0}, all[CLASSES] = {0};
    bool fresh[CLASSES] = {0};
    uint64_t epochs[WK_LANES];
    bool ok;

    for (unsigned l = 0; l < WK_LANES; l++)
        epochs[l] = log->lane[l].epoch;
    ok = log_exec(log, &item, 1, err);
    for (size_t i = 0; ok && i < wk_result_rows(item.result); i++) {
        unsigned k = (unsigned)wk_result_int(item.result, i, 3) % CLASSES;

        all[k] = place(item.result, i, 0);
        fresh[k] = *wk_result_text(item.result, i, 2, NULL) == 't';
        log->last_seq = all[k].seq > log->last_seq ? all[k].seq : log->last_seq;
        if (!wk_result_is_null(item.result, i, 4))
            last[k][wk_result_int(item.result, i, 4) % WK_LANES] = place(item.result, i, 5);
    }
    for (unsigned l = 0; l < WK_LANES && ok; l++)
        for (unsigned k = 0; k < CLASSES && log->lane[l].epoch == epochs[l]; k++)
            compare(c, k, l, last[k][l], all[k]);
    memcpy(c->is_fresh, fresh, sizeof fresh);
    wk_exec_clear(&item, 1);
    carry_judge(c);
    return ok;
}

/* --- life --- */

bool carry_open(struct wk_log *log, struct wk_err *err)
{
    const char *name;
    const struct wk_service_head *head;
    struct carry *c;

    if (log->carry || log->conf.server || !wk_registry_service_names(log->engine->registry, WK_BUS, &name, 1))
        return true;
    head = wk_registry_service(log->engine->registry, WK_BUS, NULL, err);
    if (!head)
        return false;
    if (head->size < sizeof(struct wk_bus)) /* all of it is of version 1 */
        return wk_fail(err, WK_SYSTEM, "service.too_old", "%s provides less than all of " WK_BUS, name);
    c = log->carry = calloc(1, sizeof *c);
    if (!c || !(c->relay.flight = calloc(FLIGHTS, sizeof *c->relay.flight)))
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "bus");
    c->log = log;
    c->bus = (const struct wk_bus *)(const void *)head;
    c->plugin = (struct wk_plugin *)(uintptr_t)head->self;
    for (unsigned k = 0; k < CLASSES; k++)
        c->relay.stream[k].end = &c->relay.stream[k].waiting;
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->wake = event_new(log->engine->base, c->fd, EV_READ | EV_PERSIST, on_wake, c);
    c->later = evtimer_new(log->engine->base, on_later, c);
    c->down_since_us = wk_mono_us();
    for (unsigned k = 0; k < CLASSES; k++)
        c->untrusted_since_us[k] = c->down_since_us;
    log->stats.bus.name = c->plugin->name;
    if (c->fd < 0 || !c->wake || !c->later || event_add(c->wake, NULL))
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "bus");
    if (log->engine->share)
        wk_share_set_dep(log->engine->share, c->plugin->name, true, true, 0);
    return c->bus->start(c->plugin, wake_us, c, err);
}

void carry_close(struct wk_log *log)
{
    struct carry *c = log->carry;

    if (!c || c->is_closed)
        return;
    flush_acks(c);
    c->bus->own(c->plugin, 0);
    c->bus->stop(c->plugin);
    c->is_closed = true;
    (void)event_del(c->wake);
    (void)event_del(c->later);
}

void carry_destroy(struct wk_log *log)
{
    struct carry *c = log->carry;

    if (!c)
        return;
    carry_close(log);
    event_free(c->wake);
    event_free(c->later);
    (void)close(c->fd);
    relay_lost(log);
    free(c->relay.flight);
    free(c);
    log->carry = NULL;
}
