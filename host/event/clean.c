/* clean.c - what has outlived its lifetime goes: one job per kind, each an event of class low that a timer brings about once an hour.
 * docs/design/lifetimes.md. A step is short, safe to repeat, and holds back nobody. */
#include "db/lane.h"
#include "event/internal.h"
#include "event/text.h"
#include "fiber/fiber.h"
#include "observe/log.h"
#include "observe/metric.h"
#include "plugin/registry.h"
#include <stdlib.h>

enum { STEP = 5000, EVERY_S = 3600, SOON_S = 60 };

/* Each takes its lifetime in milliseconds and the most rows of a step; gives how many went, NULL: somebody was in the way. */
#define KEEP "$1::int8 * interval '1 millisecond'"
/* By id, which is the order in which rows came. */
#define OLDEST_BY_ID(table, at) \
    "WITH gone AS (DELETE FROM wakala." table " WHERE id IN (SELECT id FROM (SELECT id, " at " AS at FROM wakala." table " ORDER BY id LIMIT $2) t " \
    "WHERE at < wakala.now() - " KEEP ") RETURNING 1) SELECT count(*) FROM gone"
/* By BRIN: where rows lie tells when they came. */
#define OLDEST_BY_PLACE(table, at) \
    "WITH gone AS (DELETE FROM wakala." table " WHERE ctid = ANY (ARRAY(SELECT ctid FROM wakala." table " WHERE " at " < (SELECT wakala.now()) - " KEEP \
    " LIMIT $2)) RETURNING 1) SELECT count(*) FROM gone"

static const struct wk_stmt q_dead = {"wakala", "host", "clean_dead", OLDEST_BY_ID("dead", "last_at"), false};
static const struct wk_stmt q_quarantine = {"wakala", "host", "clean_quarantine", OLDEST_BY_ID("quarantine", "at"), false};
static const struct wk_stmt q_orphans = {"wakala", "host", "clean_orphans", OLDEST_BY_ID("orphan_status", "at"), false};
static const struct wk_stmt q_outbound = {"wakala", "host", "clean_outbound", OLDEST_BY_PLACE("outbound", "created_at"), false};
static const struct wk_stmt q_once = {"wakala", "host", "clean_once", OLDEST_BY_PLACE("once", "at"), false};
static const struct wk_stmt q_seen = {"wakala", "host", "clean_seen", "SELECT wakala.drop_seen(" KEEP ")", false};
/* Keys whose time has no partition, or that have none: as old as the transaction that wrote them. */
static const struct wk_stmt q_seen_other = {"wakala", "host", "clean_seen_other",
    "WITH m AS MATERIALIZED (SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::int8 - xid::text::int8) AS age FROM wakala.moment "
    "WHERE at < wakala.now() - " KEEP " ORDER BY at DESC LIMIT 1), "
    "gone AS (DELETE FROM wakala.seen_other WHERE ctid = ANY (ARRAY(SELECT o.ctid FROM wakala.seen_other o, m WHERE age(o.xmin) > m.age LIMIT $2)) RETURNING 1) "
    "SELECT count(*) FROM gone", false};
static const struct wk_stmt q_moments = {"wakala", "host", "clean_moments",
    "DELETE FROM wakala.moment WHERE at < wakala.now() - 2 * " KEEP, false};

static const struct wk_stmt q_arm = {"wakala", "host", "clean_arm",
    "INSERT INTO wakala.timer (tenant_id, key, name, due, class, lane, type, version, payload) "
    "VALUES ($1, $2, 'host.cleanup', wakala.now() + $3::int8 * interval '1 second', $4, $5, 'host.cleanup', $6, '{}') "
    "ON CONFLICT (tenant_id, key, name) DO UPDATE SET due = excluded.due WHERE wakala.timer.due > excluded.due", false};

/* The oldest partition, if nobody writes to it any more and its newest event is old enough; NULL position: it is empty. */
enum { PART_FIRST, PART_LAST, PART_XID, PART_SEQ };
static const struct wk_stmt q_part = {"wakala", "host", "clean_part",
    "SELECT p.first, p.last, e.xid, e.seq FROM (SELECT first, last FROM wakala.event_part ORDER BY first LIMIT 1) p LEFT JOIN LATERAL "
    "(SELECT xid, seq, at FROM wakala.event_all WHERE seq >= p.first AND seq < p.last ORDER BY xid DESC, seq DESC LIMIT 1) e ON true "
    "WHERE p.last <= (SELECT last_value FROM wakala.event_seq) AND coalesce(e.at < wakala.now() - " KEEP ", true)", false};
static const struct wk_stmt q_behind = {"wakala", "host", "clean_behind",
    "SELECT s.name FROM wakala.subscription s WHERE s.active_at > wakala.now() - interval '10 minutes' AND s.start_xid <= $1::text::xid8 AND "
    "(SELECT count(*) FROM wakala.cursor c WHERE c.name = s.name AND (c.xid, c.seq) >= ($1::text::xid8, $2::int8)) < $3 ORDER BY 1 LIMIT 1", false};
/* What frozen subscriptions have not seen, a piece of the partition at a time. */
static const struct wk_stmt q_lost = {"wakala", "host", "clean_lost",
    "WITH e AS MATERIALIZED (SELECT xid, seq, class, lane, type FROM wakala.event_all WHERE (xid, seq) > ($1::text::xid8, $2::int8) AND seq >= $3 AND seq < $4 "
    "ORDER BY xid, seq LIMIT $5), "
    "l AS (SELECT s.name, count(*) AS n FROM e JOIN wakala.subscription s ON s.active_at <= wakala.now() - interval '10 minutes' AND e.xid >= s.start_xid "
    "AND wakala.matches(s.pattern, e.type) "
    "LEFT JOIN wakala.cursor c ON c.name = s.name AND c.class = e.class AND c.lane = e.lane "
    "WHERE c.name IS NULL OR (e.xid, e.seq) > (c.xid, c.seq) GROUP BY 1) "
    "SELECT z.xid, z.seq, (SELECT count(*) FROM e), l.name, l.n FROM (SELECT xid, seq FROM e ORDER BY xid DESC, seq DESC LIMIT 1) z LEFT JOIN l ON true", false};
static const struct wk_stmt q_count_lost = {"wakala", "host", "clean_count_lost",
    "UPDATE wakala.subscription s SET lost = lost + l.n FROM unnest($1::text[], $2::int8[]) AS l(name, n) WHERE s.name = l.name", false};
static const struct wk_stmt q_bury_parked = {"wakala", "host", "clean_parked",
    "WITH p AS (DELETE FROM wakala.parked WHERE seq >= $1 AND seq < $2 RETURNING *) "
    "INSERT INTO wakala.dead (name, class, lane, seq, event_id, tenant_id, type, key, payload, attempts, code, error, first_at, xid) "
    "SELECT p.name, p.class, p.lane, p.seq, e.id, p.tenant_id, e.type, p.key, e.payload, p.attempts, 'event.expired', "
    "'the log''s lifetime ended before it could be handled' || coalesce('; its last failure: ' || p.error, ''), coalesce(p.first_at, wakala.now()), p.xid "
    "FROM p JOIN wakala.event e ON e.class = p.class AND e.xid = p.xid AND e.seq = p.seq", false};
static const struct wk_stmt q_drop = {"wakala", "host", "clean_drop", "SELECT wakala.drop_events($1)", false};
static const struct wk_stmt q_begin = {"wakala", "host", "begin", "BEGIN", false};
static const struct wk_stmt q_commit = {"wakala", "host", "commit", "COMMIT", false};

struct job {
    const char *what, *setting;
    const struct wk_stmt *steps[3]; /* one after the other, each until it finds less than a step's worth */
    bool (*run)(struct wk_log *log, int64_t keep_ms, int64_t *gone, bool *is_later, struct wk_err *err); /* instead of steps */
};
static bool clean_events(struct wk_log *log, int64_t keep_ms, int64_t *gone, bool *is_later, struct wk_err *err);
static const struct job jobs[] = {
    {"events", "lifetimes.events", {NULL}, clean_events},
    {"dead_letters", "lifetimes.dead_letters", {&q_dead}, NULL},
    {"dedupe_keys", "lifetimes.dedupe_keys", {&q_seen, &q_seen_other}, NULL},
    {"once_keys", "lifetimes.once_keys", {&q_once}, NULL},
    {"outbound", "lifetimes.outbound", {&q_outbound}, NULL},
    {"quarantine", "lifetimes.quarantine", {&q_quarantine}, NULL},
    {"orphan_statuses", "lifetimes.orphan_statuses", {&q_orphans}, NULL},
};

static const struct job *find(const char *what)
{
    for (size_t i = 0; i < WK_COUNT(jobs); i++)
        if (!strcmp(jobs[i].what, what))
            return &jobs[i];
    return NULL;
}

/* Main's without a name, as where there is no other server. */
static struct wk_metric *metric(const struct wk_log *log, enum wk_metric_kind kind, const char *name, const char *what, const char *help)
{
    char labels[128];

    return wk_metric(kind, name, log->conf.server ? wk_metric_labels(labels, sizeof labels, "what", what, "server", log->server->name, NULL)
                                                  : wk_metric_labels(labels, sizeof labels, "what", what, NULL), help);
}
static void set_blocked(const struct wk_log *log, const char *what, bool is_blocked)
{
    wk_metric_set(metric(log, WK_GAUGE, "wakala_cleaned_blocked", what, "1 while something keeps what has outlived its lifetime"), is_blocked);
}

static bool arm(struct wk_log *log, const char *what, int64_t in_s, struct wk_err *err)
{
    static const struct wk_uuid nobody;
    struct wk_arg args[] = {wk_id(&nobody), wk_text(what), wk_int(in_s), wk_int(wk_host_cleanup.priority), wk_int(wk_lane_of(&nobody, what, strlen(what))),
                            wk_int(wk_host_cleanup.version)};
    struct wk_exec item = {.stmt = &q_arm, .args = args, .nargs = WK_COUNT(args)};
    bool ok = log_exec(log, &item, 1, err);

    wk_exec_clear(&item, 1);
    return ok;
}

bool clean_start(struct wk_log *log, struct wk_err *err)
{
    for (size_t i = 0; i < WK_COUNT(jobs); i++)
        if (!arm(log, jobs[i].what, SOON_S, err))
            return false;
    return true;
}

/* Between two steps: others' turn. False: the log is draining, the next owner begins the job again. */
static bool rest(struct wk_log *log)
{
    (void)wk_fiber_park("log.clean", wk_mono_us() + 2000);
    return !log->is_draining && !wk_fiber_is_cancelled(wk_fiber_self());
}

static bool stopped(struct wk_err *err) { return wk_fail(err, WK_TRANSIENT, "event.stopped", "the log is draining"); }

static bool run_steps(struct wk_log *log, const struct wk_stmt *stmt, int64_t keep_ms, int64_t *gone, bool *is_later, struct wk_err *err)
{
    bool takes_max = strstr(stmt->text, "$2") != NULL;
    struct wk_arg args[] = {wk_int(keep_ms), wk_int(STEP)};
    struct wk_exec item = {.stmt = stmt, .args = args, .nargs = takes_max ? 2 : 1};
    int64_t n = 0;
    bool ok;

    do {
        ok = log_exec(log, &item, 1, err);
        if (ok) {
            *is_later |= wk_result_is_null(item.result, 0, 0);
            n = wk_result_int(item.result, 0, 0);
            *gone += n;
        }
        wk_exec_clear(&item, 1);
    } while (ok && n >= (takes_max ? STEP : 1) && rest(log));
    return ok;
}

/* Who keeps it: the first subscription of a running host that has not passed it. */
static bool is_kept(struct wk_log *log, const char *xid, const char *seq, bool *is_later, struct wk_err *err)
{
    struct wk_arg args[] = {wk_text(xid), wk_text(seq), wk_int(CLASSES * WK_LANES)};
    struct wk_exec item = {.stmt = &q_behind, .args = args, .nargs = WK_COUNT(args)};
    bool ok = log_exec(log, &item, 1, err);

    if (ok && wk_result_rows(item.result)) {
        struct wk_log_fields fields = {.hook = wk_result_text(item.result, 0, 0, NULL)};

        wk_log_line(WK_WARN, &fields, "events have outlived lifetimes.events and are kept, because %s is behind: wakala lanes --subscriptions", fields.hook);
        *is_later = true;
    }
    wk_exec_clear(&item, 1);
    return ok;
}

struct lost { /* per frozen subscription */
    char name[96];
    int64_t n;
};
struct losses {
    struct lost item[SUBS_MAX];
    size_t count;
};

static void add_lost(struct losses *all, const char *name, int64_t n)
{
    size_t i = 0;

    while (i < all->count && strcmp(all->item[i].name, name))
        i++;
    if (i == SUBS_MAX)
        return;
    if (i == all->count)
        (void)snprintf(all->item[all->count++].name, sizeof all->item[0].name, "%s", name);
    all->item[i].n += n;
}

static bool count_lost(struct wk_log *log, int64_t first, int64_t last, struct losses *all, struct wk_err *err)
{
    char xid[24] = "0", seq[24] = "0";
    struct wk_arg args[] = {wk_text(xid), wk_text(seq), wk_int(first), wk_int(last), wk_int(10 * STEP)};
    struct wk_exec item = {.stmt = &q_lost, .args = args, .nargs = WK_COUNT(args)};
    bool ok, more;

    do {
        ok = log_exec(log, &item, 1, err);
        more = ok && wk_result_rows(item.result) && wk_result_int(item.result, 0, 2) == 10 * STEP;
        for (size_t i = 0; ok && i < wk_result_rows(item.result); i++)
            if (!wk_result_is_null(item.result, i, 3))
                add_lost(all, wk_result_text(item.result, i, 3, NULL), wk_result_int(item.result, i, 4));
        if (more) {
            (void)snprintf(xid, sizeof xid, "%s", wk_result_text(item.result, 0, 0, NULL));
            (void)snprintf(seq, sizeof seq, "%s", wk_result_text(item.result, 0, 1, NULL));
        }
        wk_exec_clear(&item, 1);
        if (more && !rest(log))
            return stopped(err);
    } while (more);
    return ok;
}

/* One transaction: what waited becomes dead letters, what nobody saw is counted, the partition goes. */
static bool drop_part(struct wk_log *log, int64_t first, int64_t last, const struct losses *lost, int64_t *gone, bool *is_later, struct wk_err *err)
{
    WK_AUTO(wk_conn) conn = wk_db_acquire(log->server->db, WK_DB_HOST, WK_LOW, NULL, wk_mono_us() + 3000000, err);
    struct text names, counts;
    struct wk_arg range[] = {wk_int(first), wk_int(last)}, count_args[2];
    struct wk_exec items[] = {{.stmt = &q_begin}, {.stmt = &q_bury_parked, .args = range, .nargs = 2}, {.stmt = &q_count_lost, .args = count_args, .nargs = 2},
                              {.stmt = &q_drop, .args = range, .nargs = 1}}, end = {.stmt = &q_commit};
    bool ok, is_dropped = false;

    text_init(&names), text_init(&counts);
    for (size_t i = 0; i < lost->count; i++) {
        text_quoted(&names, lost->item[i].name, strlen(lost->item[i].name));
        text_item(&counts, "%lld", (long long)lost->item[i].n);
    }
    count_args[0] = wk_text(text_array(&names)), count_args[1] = wk_text(text_array(&counts));
    ok = conn && wk_conn_exec(conn, items, WK_COUNT(items), WK_EXEC_SYNC, wk_mono_us() + 5000000, err);
    if (ok) {
        is_dropped = wk_result_int(items[3].result, 0, 0) == 1;
        *is_later |= wk_result_is_null(items[3].result, 0, 0);
        log->stats.dead += is_dropped ? (uint64_t)wk_result_affected(items[1].result) : 0;
    }
    if (ok && is_dropped)
        ok = wk_conn_exec(conn, &end, 1, WK_EXEC_SYNC, wk_mono_us() + 5000000, err);
    else if (conn)
        (void)wk_conn_rollback(conn, wk_mono_us() + 1000000, NULL);
    *gone += ok && is_dropped;
    wk_exec_clear(items, WK_COUNT(items));
    wk_exec_clear(&end, 1);
    text_finish(&names), text_finish(&counts);
    return ok;
}

static bool clean_part(struct wk_log *log, int64_t keep_ms, int64_t *gone, bool *is_later, struct wk_err *err)
{
    struct wk_arg args[] = {wk_int(keep_ms)};
    struct wk_exec item = {.stmt = &q_part, .args = args, .nargs = 1};
    struct losses *lost = calloc(1, sizeof *lost);
    bool ok = lost ? log_exec(log, &item, 1, err) : wk_fail(err, WK_SYSTEM, "host.no_memory", "losses");

    if (ok && wk_result_rows(item.result)) {
        int64_t first = wk_result_int(item.result, 0, PART_FIRST), last = wk_result_int(item.result, 0, PART_LAST);
        const char *xid = wk_result_text(item.result, 0, PART_XID, NULL), *seq = wk_result_text(item.result, 0, PART_SEQ, NULL);

        if (xid) {
            ok = is_kept(log, xid, seq, is_later, err);
            ok = ok && (*is_later || count_lost(log, first, last, lost, err));
        }
        ok = ok && (*is_later || drop_part(log, first, last, lost, gone, is_later, err));
    }
    wk_exec_clear(&item, 1);
    free(lost);
    return ok;
}

static bool clean_events(struct wk_log *log, int64_t keep_ms, int64_t *gone, bool *is_later, struct wk_err *err)
{
    struct wk_arg keep = wk_int(keep_ms);
    struct wk_exec moments = {.stmt = &q_moments, .args = &keep, .nargs = 1};
    int64_t before;
    bool ok;

    do {
        before = *gone;
        ok = clean_part(log, keep_ms, gone, is_later, err);
    } while (ok && !*is_later && *gone > before && rest(log));
    ok = ok && log_exec(log, &moments, 1, err);
    wk_exec_clear(&moments, 1);
    return ok;
}

/* One that came too late is a dead letter; its job goes on. */
bool clean_again(struct wk_log *log, const struct wk_event *event, struct wk_err *err)
{
    return !find(event->key) || arm(log, event->key, SOON_S, err);
}

bool clean_run(struct wk_log *log, const struct wk_event *event, struct wk_err *err)
{
    const struct job *job = find(event->key);
    int64_t keep_ms, gone = 0;
    bool is_later = false, ok = true;

    if (!job) /* of an older or newer version */
        return true;
    if (!arm(log, job->what, EVERY_S, err))
        return false;
    keep_ms = wk_settings_int(log->conf.settings, job->setting);
    if (job->run)
        ok = job->run(log, keep_ms, &gone, &is_later, err);
    for (size_t i = 0; ok && i < WK_COUNT(job->steps) && job->steps[i]; i++)
        ok = run_steps(log, job->steps[i], keep_ms, &gone, &is_later, err);
    if (gone)
        wk_metric_add(metric(log, WK_COUNTER, "wakala_cleaned_total", job->what, "rows (events: partitions; dedupe keys: partitions and rows) that outlived their lifetime"), gone);
    set_blocked(log, job->what, is_later);
    return ok && (!is_later || arm(log, job->what, SOON_S, err));
}
