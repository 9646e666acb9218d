/* migrate.c - see migrate.h. One run: connect, lock, ground (roles, schemas, wakala.migration), host files, plugins' files. */
#include "db/migrate.h"
#include "db/sqlfiles.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BUSY_MS = 600000,
    STATEMENT_MS = 900000,
    LOCK_MS = 5000,
    SCHEMAS_MAX = 20000,
    SQL_BYTES = 4096,
};
#define LOCK_KEY "7017280452245743464" /* any number, but always this one */

enum kind {
    KIND_NUMBERED, /* once, unchanged for ever */
    KIND_BOOTSTRAP, /* as the connecting role, again when changed */
    KIND_AGAIN,     /* again when changed */
};

struct run {
    const struct wk_migrate_conf *conf;
    wk_migrate_report *report;
    void *arg;
    bool may_change;
    PGconn *pg;
    PGresult *applied; /* schema, plugin, file, sha256; sorted bytewise */
    size_t missing;
};

static uint32_t or_default(uint32_t value, uint32_t fallback) { return value ? value : fallback; }

static int64_t mono_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Talking to the server. */

static bool pg_fail(struct wk_err *err, const PGconn *pg, const PGresult *result, const char *what)
{
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

    if (!sqlstate || PQstatus(pg) != CONNECTION_OK)
        return wk_fail(err, WK_TRANSIENT, "db.unavailable", "%s: %.*s", what, (int)strcspn(PQerrorMessage(pg), "\n"),
                       PQerrorMessage(pg));
    if (!strcmp(sqlstate, "55P03"))
        return wk_fail(err, WK_TRANSIENT, "migrate.busy", "%s: a table or lock is in use; run it again, it goes on where it stopped",
                       what);
    return wk_fail(err, WK_SYSTEM, "migrate.failed", "%s: %s (%s)", what, message ? message : "", sqlstate);
}

static PGresult *query(struct run *run, const char *what, const char *sql, int n, const char *const *values, struct wk_err *err)
{
    PGresult *result = n ? PQexecParams(run->pg, sql, n, NULL, values, NULL, NULL, 0) : PQexec(run->pg, sql);
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY)
        return result;
    pg_fail(err, run->pg, result, what);
    PQclear(result);
    return NULL;
}

static bool execute(struct run *run, const char *what, const char *sql, struct wk_err *err)
{
    PGresult *result = query(run, what, sql, 0, NULL, err);

    PQclear(result);
    return result;
}

static void no_notices(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

static bool connect(struct run *run, struct wk_err *err)
{
    static const char *const keys[] = { "dbname", "connect_timeout", "client_encoding", "application_name", NULL };
    const char *const values[] = { run->conf->conninfo, "10", "UTF8", "wakala migrate", NULL };

    run->pg = PQconnectdbParams(keys, values, 1);
    if (PQstatus(run->pg) != CONNECTION_OK)
        return pg_fail(err, run->pg, NULL, "cannot connect");
    (void)PQsetNoticeReceiver(run->pg, no_notices, NULL);
    return true;
}

/* The ground. */

static bool lock(struct run *run, struct wk_err *err)
{
    char sql[256];

    (void)snprintf(sql, sizeof sql, "SET lock_timeout = %u; SELECT pg_advisory_lock(" LOCK_KEY ")",
                   or_default(run->conf->busy_ms, BUSY_MS));
    return execute(run, "another migration is running", sql, err);
}

/* Roles belong to the whole server, so another database's migration may be making them at this moment. */
static const char roles_sql[] =
    "DO $$ DECLARE r text; BEGIN"
    " FOREACH r IN ARRAY ARRAY['wakala_owner NOLOGIN', 'wakala_app LOGIN', 'wakala_host LOGIN'] LOOP"
    "  BEGIN"
    "   IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = split_part(r, ' ', 1)) THEN"
    "    EXECUTE 'CREATE ROLE ' || r || ' NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE';"
    "   END IF;"
    "  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;"
    "  END;"
    " END LOOP;"
    " IF EXISTS (SELECT FROM pg_roles WHERE rolname IN ('wakala_owner', 'wakala_app', 'wakala_host')"
    "  AND (rolsuper OR rolbypassrls)) THEN"
    "  RAISE EXCEPTION 'wakala_owner, wakala_app and wakala_host may be neither superuser nor BYPASSRLS: ALTER ROLE them';"
    " END IF;"
    " IF NOT pg_has_role('wakala_owner', 'MEMBER') THEN EXECUTE format('GRANT wakala_owner TO %I', current_user); END IF;"
    " IF pg_has_role('wakala_app', 'wakala_owner', 'MEMBER') OR pg_has_role('wakala_host', 'wakala_owner', 'MEMBER') THEN"
    "  RAISE EXCEPTION 'wakala_app and wakala_host may not be members of wakala_owner: REVOKE it';"
    " END IF;"
    " END $$";

static const char schemas_sql[] =
    "CREATE SCHEMA IF NOT EXISTS wakala AUTHORIZATION wakala_owner;"
    "CREATE SCHEMA IF NOT EXISTS pool AUTHORIZATION wakala_owner;"
    "DO $$ BEGIN IF (SELECT count(*) FROM pg_namespace WHERE nspname IN ('wakala', 'pool')"
    " AND nspowner = 'wakala_owner'::regrole) <> 2 THEN"
    " RAISE EXCEPTION 'schemas wakala and pool must belong to wakala_owner: ALTER SCHEMA ... OWNER TO wakala_owner'; END IF; END $$;"
    "SET ROLE wakala_owner;"
    "GRANT USAGE ON SCHEMA wakala TO wakala_host;"
    "CREATE TABLE IF NOT EXISTS wakala.migration (schema text NOT NULL, plugin text NOT NULL, file text NOT NULL,"
    " sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (schema, plugin, file));"
    "GRANT SELECT ON wakala.migration TO wakala_host;"
    "RESET ROLE";

/* The server is told the hash, so its log never sees the password. */
static bool set_password(struct run *run, const char *role, const char *password, struct wk_err *err)
{
    char *hash, sql[512];
    bool ok = false;

    if (!password)
        return true;
    hash = PQencryptPasswordConn(run->pg, password, role, "scram-sha-256");
    if (hash && snprintf(sql, sizeof sql, "ALTER ROLE %s PASSWORD '%s'", role, hash) < (int)sizeof sql)
        ok = execute(run, "password of a role", sql, err);
    else
        wk_fail(err, WK_SYSTEM, "migrate.failed", "password of %s: it cannot be hashed", role);
    PQfreemem(hash);
    return ok;
}

static bool ground(struct run *run, struct wk_err *err)
{
    return execute(run, "roles", roles_sql, err) && execute(run, "schemas", schemas_sql, err) &&
           set_password(run, "wakala_app", run->conf->app_password, err) &&
           set_password(run, "wakala_host", run->conf->host_password, err);
}

/* What is applied already. */

static bool has_table(struct run *run, const char *table, bool *is_there, struct wk_err *err)
{
    PGresult *result = query(run, "looking for a table", "SELECT to_regclass($1) IS NOT NULL", 1, &table, err);

    if (!result)
        return false;
    *is_there = *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    return true;
}

static bool read_applied(struct run *run, struct wk_err *err)
{
    bool is_there;

    if (!has_table(run, "wakala.migration", &is_there, err))
        return false;
    if (is_there)
        run->applied = query(run, "wakala.migration",
                             "SELECT schema, plugin, file, sha256 FROM wakala.migration WHERE $1::text IS NULL OR schema = $1"
                             " ORDER BY schema COLLATE \"C\", plugin COLLATE \"C\", file COLLATE \"C\"",
                             1, &run->conf->only_schema, err);
    return !is_there || run->applied;
}

static int compare_row(const struct run *run, int row, const char *schema, const char *plugin, const char *file)
{
    int d = strcmp(PQgetvalue(run->applied, row, 0), schema);

    if (!d)
        d = strcmp(PQgetvalue(run->applied, row, 1), plugin);
    return d ? d : strcmp(PQgetvalue(run->applied, row, 2), file);
}

/* First row that is not before the file. */
static int lower_bound(const struct run *run, const char *schema, const char *plugin, const char *file)
{
    int low = 0, high = run->applied ? PQntuples(run->applied) : 0;

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (compare_row(run, middle, schema, plugin, file) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_row_of(const struct run *run, int row, const char *schema, const char *plugin)
{
    return run->applied && row < PQntuples(run->applied) && !strcmp(PQgetvalue(run->applied, row, 0), schema) &&
           !strcmp(PQgetvalue(run->applied, row, 1), plugin);
}

/* One file. */

static int line_of(const char *text, const char *position) /* position: characters, counted from 1 */
{
    long left = position ? strtol(position, NULL, 10) : 0;
    int line = 1;

    for (; *text && left > 1; text++) {
        line += *text == '\n';
        if (((unsigned char)text[1] & 0xc0) != 0x80)
            left--;
    }
    return line;
}

static bool run_text(struct run *run, const char *plugin, const struct wk_sqlfile *file, struct wk_err *err)
{
    PGresult *result = PQexec(run->pg, file->text);
    ExecStatusType status = PQresultStatus(result);
    char what[160];
    bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;

    if (!ok) {
        const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);

        (void)snprintf(what, sizeof what, "%s/sql/%s:%d", plugin, file->name, line_of(file->text, position));
        pg_fail(err, run->pg, result, what);
    }
    PQclear(result);
    return ok;
}

static bool transaction_id(struct run *run, char out[32], struct wk_err *err)
{
    PGresult *result = query(run, "transaction", "SELECT pg_current_xact_id()::text", 0, NULL, err);

    if (!result)
        return false;
    (void)snprintf(out, 32, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return true;
}

static bool record(struct run *run, const char *schema, const char *plugin, const struct wk_sqlfile *file, struct wk_err *err)
{
    const char *const values[] = { schema, plugin, file->name, file->sha256 };
    PGresult *result;

    if (!execute(run, "role", "SET LOCAL ROLE wakala_owner", err))
        return false;
    result = query(run, "wakala.migration",
                   "INSERT INTO wakala.migration (schema, plugin, file, sha256) VALUES ($1, $2, $3, $4)"
                   " ON CONFLICT (schema, plugin, file) DO UPDATE SET sha256 = excluded.sha256, applied_at = clock_timestamp()",
                   4, values, err);
    PQclear(result);
    return result;
}

static bool apply_inside(struct run *run, const char *schema, const char *plugin, const struct wk_sqlfile *file,
                         enum kind kind, struct wk_err *err)
{
    char sql[SQL_BYTES], before[32], after[32] = "";

    /* The check interval: when this program is killed, its lock is gone within a second, also in the middle of a statement. */
    (void)snprintf(sql, sizeof sql,
                   "SET LOCAL lock_timeout = %u; SET LOCAL statement_timeout = %u; SET LOCAL client_min_messages = warning;"
                   "SET LOCAL client_connection_check_interval = 1000; SET LOCAL search_path = \"%s\"%s;%s",
                   or_default(run->conf->lock_ms, LOCK_MS), or_default(run->conf->statement_ms, STATEMENT_MS), schema,
                   strcmp(schema, "wakala") ? ", wakala" : "",
                   kind == KIND_BOOTSTRAP ? "" : "SET LOCAL ROLE wakala_owner");
    if (!execute(run, "settings", sql, err) || !transaction_id(run, before, err) || !run_text(run, plugin, file, err))
        return false;
    if (PQtransactionStatus(run->pg) != PQTRANS_INTRANS || !transaction_id(run, after, err) || strcmp(before, after) != 0)
        return wk_fail(err, WK_SYSTEM, "migrate.failed",
                       "%s/sql/%s: it ends its transaction; take BEGIN, COMMIT and ROLLBACK out of it", plugin, file->name);
    return record(run, schema, plugin, file, err) && execute(run, "commit", "COMMIT", err);
}

static bool apply(struct run *run, const char *schema, const char *plugin, const struct wk_sqlfile *file, enum kind kind,
                  struct wk_err *err)
{
    if (!execute(run, "begin", "RESET ROLE; RESET ALL; BEGIN", err))
        return false;
    if (apply_inside(run, schema, plugin, file, kind, err))
        return true;
    (void)execute(run, "rollback", "ROLLBACK", NULL);
    return false;
}

static bool do_file(struct run *run, const char *schema, const char *plugin, const struct wk_sqlfile *file, enum kind kind,
                    struct wk_err *err)
{
    int row = lower_bound(run, schema, plugin, file->name);
    bool is_known = is_row_of(run, row, schema, plugin) && !compare_row(run, row, schema, plugin, file->name);
    struct wk_migrate_step step = { .schema = schema, .plugin = plugin, .file = file->name };
    int64_t begin = mono_ms();

    if (is_known && !strcmp(PQgetvalue(run->applied, row, 3), file->sha256))
        return true;
    if (is_known && kind == KIND_NUMBERED)
        return wk_fail(err, WK_SYSTEM, "migrate.changed",
                       "%s/sql/%s was changed after schema %s got it: bring the old text back and put the change into a new file "
                       "with a higher number",
                       plugin, file->name, schema);
    if (kind == KIND_NUMBERED && is_row_of(run, row, schema, plugin) && PQgetvalue(run->applied, row, 2)[0] <= '9')
        return wk_fail(err, WK_SYSTEM, "migrate.order", "%s/sql/%s is new, but schema %s has %s already: give it a higher number",
                       plugin, file->name, schema, PQgetvalue(run->applied, row, 2));
    run->missing++;
    if (run->may_change && !apply(run, schema, plugin, file, kind, err))
        return false;
    step.is_applied = run->may_change;
    step.took_ms = (uint32_t)(mono_ms() - begin);
    if (run->report)
        run->report(run->arg, &step);
    return true;
}

/* All files. */

static bool read_dir(struct run *run, const char *plugin, struct wk_sqlfiles *files, struct wk_err *err)
{
    char dir[4096];

    if (snprintf(dir, sizeof dir, "%s/%s/sql", run->conf->share_dir, plugin) >= (int)sizeof dir)
        return wk_fail(err, WK_SYSTEM, "migrate.files", "the path of plugin %.60s is too long", plugin);
    return wk_sqlfiles_read(dir, files, err);
}

static bool do_host(struct run *run, struct wk_err *err)
{
    struct wk_sqlfiles files = { 0 };
    struct wk_sqlfile clock = { 0 };
    char dir[4096];
    bool ok = read_dir(run, "host", &files, err), has_clock = false;

    if (ok && !files.count)
        ok = wk_fail(err, WK_SYSTEM, "migrate.files", "%s/host/sql has no SQL files: is this the share directory?",
                     run->conf->share_dir);
    for (size_t i = 0; ok && i < files.count; i++)
        ok = do_file(run, "wakala", "host", &files.items[i],
                     strncmp(files.items[i].name, "000-", 4) ? KIND_NUMBERED : KIND_BOOTSTRAP, err);
    if (ok && run->conf->test_clock) {
        (void)snprintf(dir, sizeof dir, "%s/host/sql", run->conf->share_dir);
        ok = wk_sqlfile_read(dir, "test-clock.sql", &clock, &has_clock, err) &&
             (has_clock || wk_fail(err, WK_SYSTEM, "migrate.files", "%s/test-clock.sql is not there", dir)) &&
             do_file(run, "wakala", "host", &clock, KIND_AGAIN, err);
        wk_sqlfile_finish(&clock);
    }
    wk_sqlfiles_free(&files);
    return ok;
}

static bool is_identifier(const char *name)
{
    size_t n = strlen(name);

    return n > 0 && n <= 63 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n && (name[0] > '9') &&
           strncmp(name, "pg_", 3) != 0 && strcmp(name, "public") != 0 && strcmp(name, "wakala") != 0;
}

/* A tenant's own schema, with the rights that 000-bootstrap.sql gives on schema pool. */
static bool make_schema(struct run *run, const char *schema, struct wk_err *err)
{
    char sql[SQL_BYTES];

    (void)snprintf(sql, sizeof sql,
                   "RESET ROLE; RESET ALL; DO $$ BEGIN"
                   " IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = '%s') THEN"
                   "  CREATE SCHEMA \"%s\" AUTHORIZATION wakala_owner; GRANT USAGE ON SCHEMA \"%s\" TO wakala_app;"
                   "  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wakala_search') THEN"
                   "   GRANT USAGE, CREATE ON SCHEMA \"%s\" TO wakala_search;"
                   "  END IF;"
                   " END IF; END $$",
                   schema, schema, schema, schema);
    return execute(run, schema, sql, err);
}

static bool do_schema(struct run *run, const char *schema, const struct wk_sqlfiles *files, struct wk_err *err)
{
    if (!is_identifier(schema))
        return wk_fail(err, WK_SYSTEM, "migrate.failed",
                       "wakala.tenant names schema \"%.63s\": lower-case letters, digits and _ are allowed, at most 63", schema);
    if (run->may_change && strcmp(schema, "pool") != 0 && !make_schema(run, schema, err))
        return false;
    for (size_t p = 0; p < run->conf->plugin_count; p++)
        for (size_t i = 0; i < files[p].count; i++)
            if (!do_file(run, schema, run->conf->plugins[p], &files[p].items[i], KIND_NUMBERED, err))
                return false;
    return true;
}

static bool do_schemas(struct run *run, const struct wk_sqlfiles *files, struct wk_err *err)
{
    PGresult *own = NULL;
    bool has_tenants, ok;

    if (run->conf->only_schema)
        return do_schema(run, run->conf->only_schema, files, err);
    if (!do_schema(run, "pool", files, err) || !has_table(run, "wakala.tenant", &has_tenants, err))
        return false;
    if (!has_tenants)
        return true;
    own = query(run, "wakala.tenant",
                "SELECT DISTINCT schema_name FROM wakala.tenant WHERE isolation = 'schema' AND schema_name <> 'pool' ORDER BY 1", 0,
                NULL, err);
    ok = own && (PQntuples(own) <= SCHEMAS_MAX ||
                 wk_fail(err, WK_SYSTEM, "migrate.failed", "%d own schemas; %d are the limit", PQntuples(own), SCHEMAS_MAX));
    for (int i = 0; ok && i < PQntuples(own); i++)
        ok = do_schema(run, PQgetvalue(own, i, 0), files, err);
    PQclear(own);
    return ok;
}

static bool do_plugins(struct run *run, struct wk_err *err)
{
    struct wk_sqlfiles *files = calloc(run->conf->plugin_count + 1, sizeof *files);
    bool ok = files || wk_fail(err, WK_SYSTEM, "host.no_memory", "SQL files");

    for (size_t p = 0; ok && p < run->conf->plugin_count; p++)
        ok = read_dir(run, run->conf->plugins[p], &files[p], err);
    ok = ok && do_schemas(run, files, err);
    for (size_t p = 0; files && p < run->conf->plugin_count; p++)
        wk_sqlfiles_free(&files[p]);
    free(files);
    return ok;
}

static bool migrate(struct run *run, struct wk_err *err)
{
    bool ok = connect(run, err);

    if (ok && run->may_change) /* before looking: what the other run applies must be seen */
        ok = lock(run, err) && (run->conf->only_schema || ground(run, err));
    ok = ok && read_applied(run, err) && (run->conf->only_schema || do_host(run, err)) && do_plugins(run, err);
    PQclear(run->applied);
    PQfinish(run->pg); /* and with it the lock */
    return ok;
}

bool wk_migrate(const struct wk_migrate_conf *conf, wk_migrate_report *report, void *arg, struct wk_err *err)
{
    struct run run = { .conf = conf, .report = report, .arg = arg, .may_change = !conf->dry_run };

    return migrate(&run, err);
}

bool wk_migrate_pending(const struct wk_migrate_conf *conf, wk_migrate_report *report, void *arg, size_t *count,
                        struct wk_err *err)
{
    struct run run = { .conf = conf, .report = report, .arg = arg };
    bool ok = migrate(&run, err);

    *count = run.missing;
    return ok;
}
