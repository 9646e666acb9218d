#include "event/admin.h"
#include "db/sync.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEP = 1000 };
#define STAMP(of) "to_char(" of " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
#define CLASS_OF(of) "(ARRAY['high', 'normal', 'low'])[" of " + 1]"
#define MASKED(of) \
    "CASE WHEN " of " ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN " of " WHEN length(" of ") > 8 THEN " \
    "repeat('*', length(" of ") - 4) || right(" of ", 4) ELSE repeat('*', length(" of ")) END"
/* Parameters of a filter once it has been looked up: $1 type, $2 tenant, $3 and $4 times, all may be NULL. */
#define FILTERED "($1::text IS NULL OR wakala.matches($1, e.type)) AND ($2::uuid IS NULL OR e.tenant_id = $2::uuid) AND " \
                 "($3::timestamptz IS NULL OR e.at >= $3) AND ($4::timestamptz IS NULL OR e.at < $4)"
#define RANGE "e.xid >= coalesce(wakala.xid_from($3::timestamptz), '0'::xid8) AND e.xid <= wakala.xid_until(coalesce($4::timestamptz, 'infinity'))"
#define ACTIVE(of) of ".active_at > wakala.now() - interval '10 minutes'"

struct found { /* a filter, looked up */
    char tenant[40], from[40], until[40];
    const char *values[7]; /* type, tenant, from, until; the rest is the caller's */
};

static bool one(PGconn *c, const char *sql, const char *value, char *out, size_t size, struct wk_err *err)
{
    PGresult *r = wk_sync_run(c, sql, 1, &value, err);
    bool ok = r && PQntuples(r) == 1;

    if (ok)
        (void)snprintf(out, size, "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    return ok;
}

static bool find_time(PGconn *c, const char *option, const char *text, char *out, size_t size, struct wk_err *err)
{
    struct wk_err why = {0};

    return one(c, "SELECT CASE WHEN $1 ~ '^[0-9]{4}-' THEN $1::timestamptz ELSE wakala.now() - $1::interval END", text, out, size, &why) ||
           wk_fail(err, WK_BUSINESS, "event.time", "%s %.40s: a time such as \"2026-11-28 10:00Z\", or how long ago: 2h, 30 min, 3 days", option, text);
}

static bool find(PGconn *c, const struct wk_event_filter *filter, struct found *f, struct wk_err *err)
{
    struct wk_err why = {0};

    *f = (struct found){.values = {filter->type}};
    if (filter->tenant) {
        if (!one(c, "SELECT id FROM wakala.tenant WHERE id::text = $1 OR name = $1 ORDER BY id::text <> $1 LIMIT 1", filter->tenant, f->tenant,
                 sizeof f->tenant, &why))
            return why.code ? (*err = why, false)
                            : wk_fail(err, WK_BUSINESS, "tenant.unknown", "no tenant is called %s, nor has it as its id: see `wakala tenant list`", filter->tenant);
        f->values[1] = f->tenant;
    }
    if (filter->from && !find_time(c, "--from", filter->from, f->from, sizeof f->from, err))
        return false;
    if (filter->until && !find_time(c, "--until", filter->until, f->until, sizeof f->until, err))
        return false;
    f->values[2] = filter->from ? f->from : NULL;
    f->values[3] = filter->until ? f->until : NULL;
    return true;
}

static void keep(char *out, size_t size, const PGresult *r, int column) { (void)snprintf(out, size, "%s", PQgetvalue(r, PQntuples(r) - 1, column)); }

/* The position that comes after all that is finished now. */
static bool end_of_log(PGconn *c, char xid[24], char seq[24], struct wk_err *err)
{
    (void)snprintf(seq, 24, "0");
    return one(c, "SELECT pg_snapshot_xmin(pg_current_snapshot()) WHERE $1::text IS NULL", NULL, xid, 24, err);
}

bool wk_events_tail(const char *conninfo, const struct wk_event_filter *filter, bool has_payload, bool is_followed, FILE *out, struct wk_err *err)
{
    static const struct timespec pause = {0, 200000000};
    static const char sql[] =
        "SELECT e.xid, e.seq, " STAMP("e.at") ", e.seq, " CLASS_OF("e.class") ", e.lane, e.type, e.tenant_id, " MASKED("e.key") ", e.id, "
        "CASE WHEN $7::bool THEN e.payload ELSE '' END FROM wakala.event_all e WHERE (e.xid, e.seq) > ($5::xid8, $6::int8) "
        "AND e.xid < pg_snapshot_xmin(pg_current_snapshot()) AND " RANGE " AND " FILTERED " ORDER BY e.xid, e.seq LIMIT 1000";
    char xid[24] = "0", seq[24] = "0", end_xid[24], end_seq[24];
    PGconn *c = wk_sync_open(conninfo, err);
    struct found f;
    bool ok = c && find(c, filter, &f, err) && (filter->from || end_of_log(c, xid, seq, err)), more = ok;

    f.values[4] = xid, f.values[5] = seq, f.values[6] = has_payload ? "t" : "f";
    while (more) {
        PGresult *r = end_of_log(c, end_xid, end_seq, err) ? wk_sync_run(c, sql, 7, f.values, err) : NULL;
        int n = r ? PQntuples(r) : 0;

        ok = r != NULL;
        if (ok) {
            wk_sync_write(r, 2, out);
            if (n)
                keep(xid, sizeof xid, r, 0), keep(seq, sizeof seq, r, 1);
            if (n < STEP && strtoull(xid, NULL, 10) < strtoull(end_xid, NULL, 10)) /* what is filtered out is not looked at again */
                memcpy(xid, end_xid, sizeof xid), memcpy(seq, end_seq, sizeof seq);
        }
        PQclear(r);
        more = ok && !fflush(out) && (n == STEP || is_followed);
        if (more && n < STEP)
            (void)nanosleep(&pause, NULL);
    }
    PQfinish(c);
    return ok;
}

/* A seq leads to one partition, a UUIDv7 to the minutes around its time; an id of another kind is looked for everywhere. */
bool wk_events_show(const char *conninfo, const char *id, FILE *out, struct wk_err *err)
{
    static const char sql[] =
        "WITH w AS (SELECT CASE WHEN $1 ~ '^[0-9]{1,18}$' THEN $1::int8 END AS seq, CASE WHEN $1 ~ '^[0-9a-fA-F-]{36}$' THEN $1::uuid END AS id, "
        "CASE WHEN $1 ~ '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7' THEN to_timestamp(('x' || lpad(replace(left($1, 13), '-', ''), 16, '0'))::bit(64)::int8 / 1000.0) END AS at), "
        "e AS MATERIALIZED (SELECT e.* FROM w, wakala.event_all e WHERE CASE WHEN w.seq IS NOT NULL THEN e.seq = w.seq ELSE e.id = w.id END AND "
        "(w.seq IS NULL OR e.seq >= (SELECT first FROM wakala.event_part, w v WHERE first <= v.seq AND last > v.seq)) AND "
        "(w.at IS NULL OR (e.xid >= wakala.xid_from(w.at - interval '1 minute') AND e.xid <= wakala.xid_until(w.at + interval '5 minutes'))) LIMIT 1) "
        "SELECT k, v FROM e, LATERAL (VALUES (1, 'id', e.id::text), (2, 'seq', e.seq::text), (3, 'time', " STAMP("e.at") "), (4, 'type', e.type), "
        "(5, 'version', e.version::text), (6, 'tenant', e.tenant_id::text), (7, 'key', " MASKED("e.key") "), (8, 'class', " CLASS_OF("e.class") "), "
        "(9, 'lane', e.lane::text), (10, 'trace', coalesce(e.trace, '-')), (11, 'payload', e.payload)) AS f(n, k, v) "
        "UNION ALL SELECT 'at ' || s.name, CASE WHEN d.id IS NOT NULL THEN d.state || ', `wakala dead show ' || d.id || '`' "
        "WHEN p.seq IS NOT NULL THEN 'parked after ' || p.attempts || ' tries, next ' || coalesce(" STAMP("p.next_at") ", 'after the one before it') || coalesce(': ' || p.code, '') "
        "WHEN m.seq IS NOT NULL OR (e.xid, e.seq) <= (c.xid, c.seq) THEN 'done' WHEN e.xid < s.start_xid THEN 'from before it began' "
        "WHEN NOT (" ACTIVE("s") ") THEN 'frozen' ELSE 'waits' END "
        "FROM e JOIN wakala.subscription s ON wakala.matches(s.pattern, e.type) "
        "LEFT JOIN wakala.cursor c ON c.name = s.name AND c.class = e.class AND c.lane = e.lane "
        "LEFT JOIN wakala.mark m ON m.name = s.name AND m.class = e.class AND m.lane = e.lane AND m.seq = e.seq "
        "LEFT JOIN wakala.parked p ON p.name = s.name AND p.seq = e.seq "
        "LEFT JOIN LATERAL (SELECT id, state FROM wakala.dead WHERE name = s.name AND seq = e.seq ORDER BY id DESC LIMIT 1) d ON true";
    PGconn *c = wk_sync_open(conninfo, err);
    PGresult *r = c ? wk_sync_run(c, sql, 1, &id, err) : NULL;
    bool ok = r && PQntuples(r);

    if (ok)
        wk_sync_write(r, 0, out);
    else if (r)
        wk_fail(err, WK_BUSINESS, "event.not_found", "no event %.40s is kept: an id (UUID) or a seq, as `wakala events tail` prints them", id);
    PQclear(r);
    PQfinish(c);
    return ok;
}

static bool find_subscription(PGconn *c, const char *name, char pattern[128], FILE *out, struct wk_err *err)
{
    PGresult *r = wk_sync_run(c, "SELECT pattern, " ACTIVE("s") " FROM wakala.subscription s WHERE name = $1", 1, &name, err);
    bool ok = r && PQntuples(r) == 1;

    if (ok) {
        (void)snprintf(pattern, 128, "%s", PQgetvalue(r, 0, 0));
        if (*PQgetvalue(r, 0, 1) != 't')
            (void)fprintf(out, "note\t%s is frozen: no running host has it; what is replayed waits for it\n", name);
    } else if (r) {
        wk_fail(err, WK_BUSINESS, "event.no_subscription", "no subscription is called %.60s: see `wakala lanes --subscriptions`", name);
    }
    PQclear(r);
    return ok;
}

static bool replay_steps(PGconn *c, struct found *f, const char *to, const char *pattern, FILE *out, struct wk_err *err)
{
    static const char sql[] =
        "WITH e AS MATERIALIZED (SELECT e.* FROM wakala.event_all e WHERE (e.xid, e.seq) > ($5::xid8, $6::int8) AND e.xid < pg_snapshot_xmin(pg_current_snapshot()) AND " RANGE
        " AND " FILTERED " AND wakala.matches($8, e.type) ORDER BY e.xid, e.seq LIMIT 1000), "
        "p AS (INSERT INTO wakala.parked (name, class, lane, xid, seq, tenant_id, key, is_asked) SELECT $7, class, lane, xid, seq, tenant_id, key, true FROM e "
        "ON CONFLICT DO NOTHING RETURNING 1) "
        "SELECT z.xid, z.seq, (SELECT count(*) FROM e), (SELECT count(*) FROM p), pg_notify('wakala_parked', '') "
        "FROM (SELECT xid, seq FROM e ORDER BY xid DESC, seq DESC LIMIT 1) z";
    char xid[24] = "0", seq[24] = "0";
    const char *values[8] = {f->values[0], f->values[1], f->values[2], f->values[3], xid, seq, to, pattern};
    long long asked = 0, parked = 0, n;

    do {
        PGresult *r = wk_sync_run(c, sql, 8, values, err);

        if (!r)
            return false;
        n = PQntuples(r) ? strtoll(PQgetvalue(r, 0, 2), NULL, 10) : 0;
        if (n) {
            asked += n;
            parked += strtoll(PQgetvalue(r, 0, 3), NULL, 10);
            keep(xid, sizeof xid, r, 0), keep(seq, sizeof seq, r, 1);
        }
        PQclear(r);
    } while (n == STEP);
    (void)fprintf(out, "replayed\t%lld\t%s\n", parked, to);
    if (asked > parked)
        (void)fprintf(out, "note\t%lld were waiting there already\n", asked - parked);
    return true;
}

bool wk_events_replay(const char *conninfo, const struct wk_event_filter *filter, const char *to, bool is_dry, FILE *out, struct wk_err *err)
{
    char pattern[128] = "";
    PGconn *c = wk_sync_open(conninfo, err);
    PGresult *r = NULL;
    struct found f;
    bool ok = c && find_subscription(c, to, pattern, out, err) && find(c, filter, &f, err);

    if (ok) {
        f.values[4] = pattern;
        r = wk_sync_run(c, "SELECT e.type, count(*), " STAMP("min(e.at)") ", " STAMP("max(e.at)") " FROM wakala.event_all e WHERE " RANGE " AND " FILTERED
                           " AND wakala.matches($5, e.type) GROUP BY 1 ORDER BY 1", 5, f.values, err);
        ok = r != NULL;
    }
    if (r)
        wk_sync_write(r, 0, out);
    ok = ok && (is_dry || replay_steps(c, &f, to, pattern, out, err));
    PQclear(r);
    PQfinish(c);
    return ok;
}

bool wk_lanes_list(const char *conninfo, FILE *out, struct wk_err *err)
{
    return wk_sync_print(conninfo,
        "WITH pos AS MATERIALIZED (SELECT DISTINCT ON (c.class, c.lane) c.class, c.lane, c.xid, c.seq FROM wakala.cursor c JOIN wakala.subscription s ON s.name = c.name "
        "AND " ACTIVE("s") " ORDER BY c.class, c.lane, c.xid, c.seq), "
        "e AS MATERIALIZED (SELECT e.lane, count(*) FILTER (WHERE e.class = 0) AS high, count(*) FILTER (WHERE e.class = 1) AS normal, "
        "count(*) FILTER (WHERE e.class = 2) AS low, min(e.at) AS at FROM wakala.event_all e JOIN pos ON pos.class = e.class AND pos.lane = e.lane "
        "WHERE e.xid >= (SELECT min(xid) FROM pos) AND (e.xid, e.seq) > (pos.xid, pos.seq) GROUP BY 1) "
        "SELECT l.lane, CASE WHEN k.objid IS NULL THEN '-' ELSE l.owner END, l.epoch, coalesce(e.high, 0), coalesce(e.normal, 0), coalesce(e.low, 0), "
        "coalesce(extract(epoch FROM wakala.now() - e.at)::int8, 0), "
        "(SELECT count(DISTINCT (p.name, p.tenant_id, p.key)) FROM wakala.parked p WHERE p.lane = l.lane) "
        "FROM wakala.lane l LEFT JOIN e USING (lane) LEFT JOIN (SELECT DISTINCT objid::int AS objid FROM pg_locks WHERE locktype = 'advisory' AND classid = 7310002 "
        "AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) k ON k.objid = l.lane ORDER BY l.lane", 0, NULL, out, err);
}

bool wk_subscriptions_list(const char *conninfo, FILE *out, struct wk_err *err)
{
    return wk_sync_print(conninfo,
        "SELECT s.name, s.pattern, CASE WHEN " ACTIVE("s") " THEN 'active' ELSE 'frozen' END, "
        "(SELECT CASE WHEN count(*) > 100000 THEN 'more than 100000' ELSE count(*)::text END FROM (SELECT FROM wakala.event_all e "
        "LEFT JOIN wakala.cursor c ON c.name = s.name AND c.class = e.class AND c.lane = e.lane "
        "WHERE e.xid >= (SELECT CASE WHEN count(*) = 192 THEN min(xid) ELSE s.start_xid END FROM wakala.cursor WHERE name = s.name) "
        "AND (e.xid, e.seq) > (coalesce(c.xid, s.start_xid), coalesce(c.seq, 0)) AND wakala.matches(s.pattern, e.type) LIMIT 100001) w), "
        "(SELECT count(*) FROM wakala.parked p WHERE p.name = s.name), (SELECT count(*) FROM wakala.dead d WHERE d.name = s.name AND d.state = 'dead'), s.lost "
        "FROM wakala.subscription s ORDER BY s.name", 0, NULL, out, err);
}

bool wk_timers_list(const char *conninfo, const char *tenant, FILE *out, struct wk_err *err)
{
    struct wk_event_filter filter = {.tenant = tenant};
    PGconn *c = wk_sync_open(conninfo, err);
    PGresult *r = NULL;
    struct found f;

    if (c && find(c, &filter, &f, err))
        r = wk_sync_run(c, "SELECT " STAMP("due") ", tenant_id, " MASKED("key") ", name, type FROM wakala.timer WHERE $1::text IS NULL AND ($2::uuid IS NULL OR "
                           "tenant_id = $2::uuid) ORDER BY due, tenant_id, key, name LIMIT 1000", 2, f.values, err);
    if (r)
        wk_sync_write(r, 0, out);
    PQclear(r);
    PQfinish(c);
    return r != NULL;
}

bool wk_dead_list(const char *conninfo, const char *prefix, FILE *out, struct wk_err *err)
{
    return wk_sync_print(conninfo, "SELECT $1::text || id, to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), name, type, attempts, code, tenant_id "
                                   "FROM wakala.dead WHERE state = 'dead' ORDER BY id", 1, &prefix, out, err);
}

bool wk_dead_show(const char *conninfo, int64_t id, FILE *out, struct wk_err *err)
{
    char text[24];
    const char *values[] = {text};

    (void)snprintf(text, sizeof text, "%lld", (long long)id);
    return wk_sync_print(conninfo, "SELECT k, v FROM wakala.dead d, LATERAL (VALUES (1, 'id', d.id::text), (2, 'state', d.state), (3, 'plugin', split_part(d.name, '.', 1)), "
                                   "(4, 'subscriber', d.name), (5, 'type', d.type), (6, 'event', d.event_id::text), (7, 'tenant', d.tenant_id::text), "
                                   "(8, 'attempts', d.attempts::text), (9, 'code', d.code), (10, 'error', d.error), (11, 'first', d.first_at::text), "
                                   "(12, 'last', d.last_at::text), (13, 'payload', d.payload)) AS f(n, k, v) WHERE d.id = $1 ORDER BY n", 1, values, out, err);
}

static bool change_dead(const char *conninfo, int64_t id, const char *sql, const char *refusal, struct wk_err *err)
{
    char text[24];
    const char *values[] = {text};
    PGconn *c = wk_sync_open(conninfo, err);
    PGresult *r;
    bool found;

    (void)snprintf(text, sizeof text, "%lld", (long long)id);
    r = c ? wk_sync_run(c, sql, 1, values, err) : NULL;
    found = r && PQntuples(r) == 1 && *PQgetvalue(r, 0, 0) == 't';
    if (r && !found)
        wk_fail(err, WK_BUSINESS, "dead.not_found", "dead letter %s is not there, was requeued or dropped already%s", text, refusal);
    PQclear(r);
    PQfinish(c);
    return found;
}

/* As parked work that is due now; the key's later events queue behind it again. */
bool wk_dead_requeue(const char *conninfo, int64_t id, struct wk_err *err)
{
    return change_dead(conninfo, id, "WITH d AS (UPDATE wakala.dead d SET state = 'requeued' FROM wakala.event e WHERE d.id = $1 AND d.state = 'dead' "
                                     "AND e.class = d.class AND e.xid = d.xid AND e.seq = d.seq RETURNING d.*), "
                                     "p AS (INSERT INTO wakala.parked (name, class, lane, xid, seq, tenant_id, key, next_at, is_asked) "
                                     "SELECT d.name, d.class, d.lane, d.xid, d.seq, d.tenant_id, d.key, wakala.now(), true FROM d ON CONFLICT DO NOTHING RETURNING 1) "
                                     "SELECT (SELECT count(*) FROM p) = 1, pg_notify('wakala_parked', '') FROM d", ", or its event is no longer kept", err);
}

bool wk_dead_drop(const char *conninfo, int64_t id, struct wk_err *err)
{
    return change_dead(conninfo, id, "UPDATE wakala.dead SET state = 'dropped' WHERE id = $1 AND state = 'dead' RETURNING true", "", err);
}
