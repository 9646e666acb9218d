#include "tenant/carry.h"
#include "db/sync.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 5000, COLUMNS_MAX = 8192, SQL_MAX = COLUMNS_MAX + 4096 };

/* --- rows from a query there into a table here --- */

struct pipe {
    PGconn *from, *to;
    const char *query;       /* what COPY reads */
    const char *into, *columns;
    const char *conflict;    /* "" or " ON CONFLICT DO NOTHING" */
    const char *tenant;      /* the transaction's, as wakala_app; NULL: the host's */
    bool is_raw;             /* `into` is a temporary table of this session: no step between */
};

static bool copy_failed(PGconn *c, const char *what, struct wk_err *err)
{
    return wk_fail(err, WK_SYSTEM, "db.statement", "%.60s: %.180s", what, PQerrorMessage(c));
}

static bool begin_copy(PGconn *c, const char *sql, ExecStatusType wanted, struct wk_err *err)
{
    PGresult *r = PQexec(c, sql);
    bool ok = PQresultStatus(r) == wanted;

    PQclear(r);
    return ok || copy_failed(c, sql, err);
}

static bool begin_step(const struct pipe *p, struct wk_err *err)
{
    char sql[SQL_MAX];

    if (p->is_raw)
        (void)snprintf(sql, sizeof sql, "COPY %s (%s) FROM STDIN", p->into, p->columns);
    else {
        if (!(p->tenant ? wk_tables_begin(p->to, "BEGIN", p->tenant, err) : wk_sync_command(p->to, "BEGIN", 0, NULL, err)))
            return false;
        (void)snprintf(sql, sizeof sql, "COPY pg_temp.arriving (%s) FROM STDIN", p->columns);
    }
    return begin_copy(p->to, sql, PGRES_COPY_IN, err);
}

/* What was sent is in the table, or the transaction is not: also when row-level security or a constraint says no to one of them. */
static bool end_step(const struct pipe *p, size_t rows, struct wk_err *err)
{
    char sql[SQL_MAX];
    PGresult *r;
    bool ok = PQputCopyEnd(p->to, NULL) == 1;

    while ((r = PQgetResult(p->to))) {
        ok = ok && PQresultStatus(r) == PGRES_COMMAND_OK;
        PQclear(r);
    }
    if (!ok)
        return copy_failed(p->to, p->into, err);
    if (p->is_raw)
        return true;
    (void)snprintf(sql, sizeof sql, "INSERT INTO %s (%s) SELECT %s FROM pg_temp.arriving%s", p->into, p->columns, p->columns, p->conflict);
    r = wk_sync_run(p->to, sql, 0, NULL, err);
    if (r && !*p->conflict && strtoull(PQcmdTuples(r), NULL, 10) != rows)
        ok = wk_fail(err, WK_SYSTEM, "db.statement", "%s: %s of %zu rows arrived", p->into, PQcmdTuples(r), rows);
    ok = ok && r;
    PQclear(r);
    return ok && wk_sync_command(p->to, "COMMIT", 0, NULL, err);
}

static bool flow(struct wk_carry *c, const struct pipe *p, struct wk_err *err)
{
    char *line = NULL;
    size_t in_step = 0;
    bool ok = true, is_open = false;
    PGresult *r;
    int n;

    while (ok && (n = PQgetCopyData(p->from, &line, 0)) > 0) {
        if (!is_open)
            ok = is_open = begin_step(p, err);
        if (ok && PQputCopyData(p->to, line, n) != 1)
            ok = copy_failed(p->to, p->into, err);
        PQfreemem(line);
        c->bytes += (uint64_t)n;
        if (ok && ++in_step == STEP) {
            c->rows += in_step;
            ok = end_step(p, in_step, err);
            is_open = false;
            in_step = 0;
        }
    }
    if (ok && n == -2)
        ok = copy_failed(p->from, p->into, err);
    if (ok && is_open)
        ok = end_step(p, in_step, err);
    c->rows += in_step;
    while (ok && (r = PQgetResult(p->from))) {
        ok = PQresultStatus(r) == PGRES_COMMAND_OK || copy_failed(p->from, p->into, err);
        PQclear(r);
    }
    return ok;
}

static bool carry_rows(struct wk_carry *c, const struct pipe *p, struct wk_err *err)
{
    char sql[SQL_MAX];
    bool ok = true;

    if (!p->is_raw) {
        (void)snprintf(sql, sizeof sql, "CREATE TEMP TABLE arriving ON COMMIT DELETE ROWS AS SELECT %s FROM %s WITH NO DATA", p->columns, p->into);
        ok = wk_sync_command(p->to, sql, 0, NULL, err);
    }
    (void)snprintf(sql, sizeof sql, "COPY (%s) TO STDOUT", p->query);
    ok = ok && begin_copy(p->from, sql, PGRES_COPY_OUT, err) && flow(c, p, err);
    return ok && (p->is_raw || wk_sync_command(p->to, "DROP TABLE pg_temp.arriving", 0, NULL, err));
}

/* --- tables --- */

/* What is generated, and numbers that only order a table's rows, is made anew. */
static bool columns_of(PGconn *c, const char *quoted, char out[COLUMNS_MAX], bool *is_numbered, struct wk_err *err)
{
    PGresult *r = wk_sync_run(c, "SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (WHERE attgenerated = '' AND attidentity = ''), ''), "
                                 "coalesce(string_agg(quote_ident(attname), ', ') FILTER (WHERE attidentity <> ''), '') "
                                 "FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped", 1, &quoted, err);
    bool ok = r && (strlen(PQgetvalue(r, 0, 0)) < COLUMNS_MAX || wk_fail(err, WK_SYSTEM, "db.statement", "%s: too many columns", quoted));

    if (ok) {
        (void)snprintf(out, COLUMNS_MAX, "%s", PQgetvalue(r, 0, 0));
        *is_numbered = *PQgetvalue(r, 0, 1) != '\0';
    }
    PQclear(r);
    return ok;
}

static bool carry_table(struct wk_carry *c, PGconn *from, PGconn *to, bool is_apps, const char *quoted, const char *conflict, struct wk_err *err)
{
    static char columns[COLUMNS_MAX], query[SQL_MAX];
    struct pipe p = {.from = from, .to = to, .query = query, .into = quoted, .columns = columns, .conflict = conflict, .tenant = is_apps ? c->tenant : NULL};
    bool is_numbered;

    if (!columns_of(from, quoted, columns, &is_numbered, err))
        return false;
    (void)snprintf(query, sizeof query, "SELECT %s FROM %s WHERE tenant_id = '%s'%s", columns, quoted, c->tenant, is_numbered ? " ORDER BY id" : "");
    return carry_rows(c, &p, err);
}

static bool carry_tables(struct wk_carry *c, struct wk_err *err)
{
    static const struct {
        const char *name, *conflict;
        bool is_apps; /* the host may not insert: as wakala_app inside the tenant */
    } host[] = {{"address", "", false}, {"tenant_setting", "", false}, {"tenant_secret", "", false}, {"orphan_status", "", false}, 
                {"tenant_job", " ON CONFLICT DO NOTHING", false}, {"outbound", "", true}, {"once", "", true}, {"audit", "", true}, {"timer", "", true}};
    bool ok = wk_tables_begin(c->old_app, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", c->tenant, err);

    for (int i = 0; ok && i < wk_tables_count(c->tables); i++)
        ok = carry_table(c, c->old_app, c->new_app, true, wk_tables_quoted(c->tables, i), "", err);
    ok = ok && wk_sync_command(c->old_app, "COMMIT", 0, NULL, err);
    for (size_t i = 0; ok && i < WK_COUNT(host); i++) {
        char quoted[64];

        (void)snprintf(quoted, sizeof quoted, "wakala.%s", host[i].name);
        ok = carry_table(c, c->old_host, host[i].is_apps ? c->new_app : c->new_host, host[i].is_apps, quoted, host[i].conflict, err);
    }
    return ok;
}

/* --- events that wait --- */

/* Where the last of all subscriptions stands, a class at a time: what is before it everybody has handled. */
#define BEHIND                                                                                                                                  \
    "m AS MATERIALIZED (SELECT k.class, min(coalesce(c.xid, s.start_xid)) AS xid FROM wakala.subscription s CROSS JOIN generate_series(0, 2) k(class) " \
    "CROSS JOIN generate_series(0, 63) l(lane) LEFT JOIN wakala.cursor c ON c.name = s.name AND c.class = k.class AND c.lane = l.lane GROUP BY 1) "

/* What was left from an earlier stay on this server went along then. */
#define SINCE "(SELECT since_xid FROM wakala.tenant WHERE id = $1::uuid)"

/* In the log's own order each gets a number here, and lies behind every reader: only its parked rows lead to it. */
static const char *const place_events[] = {
    "CREATE TEMP TABLE placed AS SELECT t.*, nextval('wakala.event_seq') AS new_seq FROM (SELECT DISTINCT ON (xid, seq) xid, seq, class, lane, version, id, at, type, key, payload, trace "
    "FROM pg_temp.waiting ORDER BY xid, seq) t",
    "INSERT INTO wakala.event (seq, xid, class, lane, version, id, tenant_id, at, type, key, payload, trace) "
    "SELECT new_seq, '0'::xid8, class, lane, version, id, $1::uuid, at, type, key, payload, trace FROM pg_temp.placed",
    "INSERT INTO wakala.parked (name, class, lane, xid, seq, tenant_id, key, attempts, next_at, first_at, last_at, code, error, is_asked) "
    "SELECT w.name, w.class, w.lane, '0'::xid8, p.new_seq, $1::uuid, w.key, w.attempts, w.next_at, w.first_at, w.last_at, w.code, w.error, w.is_asked "
    "FROM pg_temp.waiting w JOIN pg_temp.placed p ON p.xid = w.xid AND p.seq = w.seq",
    "SELECT pg_notify('wakala_parked', '')",
};

static bool carry_events(struct wk_carry *c, struct wk_err *err)
{
    static const char columns[] = "name, class, lane, xid, seq, version, id, at, type, key, payload, trace, attempts, next_at, first_at, last_at, code, error, is_asked";
    static char query[SQL_MAX];
    struct pipe p = {.from = c->old_host, .to = c->new_host, .query = query, .into = "pg_temp.waiting", .columns = columns, .conflict = "", .is_raw = true};
    const char *values[] = {c->tenant, c->since};
    size_t before = c->rows;
    bool ok;

    if (!wk_sync_command(c->old_host, "INSERT INTO pg_temp.leaving SELECT class, xid, seq FROM wakala.event WHERE class IN (0, 1, 2) AND xid >= $2::text::xid8 AND tenant_id = $1::uuid "
                         "AND xid >= " SINCE,
                         2, values, err))
        return false;
    (void)snprintf(query, sizeof query,
                   "SELECT s.name, e.class, e.lane, e.xid, e.seq, e.version, e.id, e.at, e.type, e.key, e.payload, e.trace, 0, NULL::timestamptz, NULL::timestamptz, "
                   "NULL::timestamptz, NULL::text, NULL::text, false FROM pg_temp.leaving l JOIN wakala.event e ON e.class = l.class AND e.xid = l.xid AND e.seq = l.seq "
                   "JOIN wakala.subscription s ON wakala.matches(s.pattern, e.type) AND e.xid >= s.start_xid "
                   "LEFT JOIN wakala.cursor c ON c.name = s.name AND c.class = e.class AND c.lane = e.lane "
                   "WHERE (c.name IS NULL OR (e.xid, e.seq) > (c.xid, c.seq)) "
                   "AND NOT EXISTS (SELECT FROM wakala.mark m WHERE m.class = e.class AND m.lane = e.lane AND m.name = s.name AND m.seq = e.seq) "
                   "AND NOT EXISTS (SELECT FROM wakala.parked k WHERE k.name = s.name AND k.seq = e.seq) "
                   "UNION ALL SELECT k.name, k.class, k.lane, k.xid, k.seq, e.version, e.id, e.at, e.type, k.key, e.payload, e.trace, k.attempts, k.next_at, k.first_at, k.last_at, "
                   "k.code, k.error, k.is_asked FROM wakala.parked k JOIN wakala.event e ON e.class = k.class AND e.xid = k.xid AND e.seq = k.seq WHERE k.tenant_id = '%s' "
                   "AND (k.xid = '0' OR k.xid >= (SELECT since_xid FROM wakala.tenant WHERE id = '%s'))", c->tenant, c->tenant);
    ok = wk_sync_command(c->new_host, "CREATE TEMP TABLE waiting (name text, class smallint, lane smallint, xid xid8, seq bigint, version smallint, id uuid, at timestamptz, "
                         "type text, key text, payload text, trace text, attempts integer, next_at timestamptz, first_at timestamptz, last_at timestamptz, code text, "
                         "error text, is_asked boolean)", 0, NULL, err) &&
         carry_rows(c, &p, err) && wk_sync_command(c->new_host, "BEGIN", 0, NULL, err);
    for (size_t i = 0; ok && i < WK_COUNT(place_events); i++)
        ok = wk_sync_command(c->new_host, place_events[i], strstr(place_events[i], "$1") ? 1 : 0, values, err);
    c->waiting = c->rows - before;
    return ok && wk_sync_command(c->new_host, "COMMIT", 0, NULL, err);
}

/* Dead letters can be asked for again: their events come along, too, as the letters have them. */
static const char *const place_dead[] = {
    "CREATE TEMP TABLE reburied AS SELECT t.*, nextval('wakala.event_seq') AS new_seq FROM (SELECT * FROM pg_temp.buried ORDER BY last_at, seq) t",
    "INSERT INTO wakala.event (seq, xid, class, lane, id, tenant_id, at, type, key, payload) "
    "SELECT new_seq, '0'::xid8, class, lane, event_id, $1::uuid, first_at, type, key, payload FROM pg_temp.reburied",
    "INSERT INTO wakala.dead (name, class, lane, seq, event_id, tenant_id, type, key, payload, attempts, code, error, first_at, last_at, state, xid) "
    "SELECT name, class, lane, new_seq, event_id, $1::uuid, type, key, payload, attempts, code, error, first_at, last_at, state, '0'::xid8 FROM pg_temp.reburied",
};

static bool carry_dead(struct wk_carry *c, struct wk_err *err)
{
    static const char columns[] = "name, class, lane, seq, event_id, type, key, payload, attempts, code, error, first_at, last_at, state";
    char query[512];
    struct pipe p = {.from = c->old_host, .to = c->new_host, .query = query, .into = "pg_temp.buried", .columns = columns, .conflict = "", .is_raw = true};
    const char *values[] = {c->tenant};
    bool ok;

    (void)snprintf(query, sizeof query, "SELECT %s FROM wakala.dead WHERE tenant_id = '%s'", columns, c->tenant);
    ok = wk_sync_command(c->new_host, "CREATE TEMP TABLE buried (name text, class smallint, lane smallint, seq bigint, event_id uuid, type text, key text, payload text, "
                         "attempts integer, code text, error text, first_at timestamptz, last_at timestamptz, state text)", 0, NULL, err) &&
         carry_rows(c, &p, err) && wk_sync_command(c->new_host, "BEGIN", 0, NULL, err);
    for (size_t i = 0; ok && i < WK_COUNT(place_dead); i++)
        ok = wk_sync_command(c->new_host, place_dead[i], strstr(place_dead[i], "$1") ? 1 : 0, values, err);
    return ok && wk_sync_command(c->new_host, "COMMIT", 0, NULL, err);
}

/* --- keys of what came before --- */

/* They do not say whose they are: those of all, which does no harm. */
static bool carry_keys(struct wk_carry *c, const char *condition, struct wk_err *err)
{
    char query[512];
    struct pipe p = {.from = c->old_host, .to = c->new_host, .query = query, .into = "wakala.seen", .columns = "k",
                     .conflict = " ORDER BY k ON CONFLICT DO NOTHING"}; /* in order, as the inbox does it: nobody waits in a circle */

    (void)snprintf(query, sizeof query, "SELECT k FROM wakala.seen%s", condition);
    return carry_rows(c, &p, err);
}

bool wk_carry_before(struct wk_carry *c, struct wk_err *err)
{
    const char *values[] = {c->tenant, c->since};
    PGresult *r = wk_sync_run(c->old_host, "SELECT pg_snapshot_xmin(pg_current_snapshot())", 0, NULL, err);
    size_t before = c->rows;
    bool ok = r != NULL;

    if (ok)
        (void)snprintf(c->since, sizeof c->since, "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    ok = ok && wk_sync_command(c->old_host, "CREATE TEMP TABLE leaving (class smallint, xid xid8, seq bigint)", 0, NULL, err) &&
         wk_sync_command(c->old_host, "WITH " BEHIND "INSERT INTO pg_temp.leaving SELECT e.class, e.xid, e.seq FROM m JOIN wakala.event e ON e.class = m.class AND e.xid >= m.xid "
                         "WHERE e.xid < $2::text::xid8 AND e.tenant_id = $1::uuid AND e.xid >= " SINCE, 2, values, err) && carry_keys(c, "", err);
    c->rows = before; /* they are nobody's */
    return ok;
}

bool wk_carry_all(struct wk_carry *c, struct wk_err *err)
{
    char newer[160];
    size_t before;
    bool ok = carry_tables(c, err) && carry_dead(c, err) && carry_events(c, err);

    before = c->rows;
    (void)snprintf(newer, sizeof newer, " WHERE age(xmin) <= pg_snapshot_xmax(pg_current_snapshot())::text::int8 - %s + 100", c->since);
    ok = ok && carry_keys(c, newer, err);
    c->rows = before;
    return ok;
}
