#include "tenant/dump.h"
#include "db/sync.h"
#include "tenant/life.h"
#include <stdlib.h>

enum { FETCH = 500, REMOVE = 5000 };

struct work {
    PGconn *app;
    PGresult *tables; /* names, quoted: "pool"."orders_order" */
    char schema[80];
};

static void finish(struct work *w)
{
    PQclear(w->tables);
    PQfinish(w->app);
}

/* A transaction inside the tenant. */
static bool begin(struct work *w, const char *how, const char *tenant, struct wk_err *err)
{
    return wk_sync_command(w->app, how, 0, NULL, err) && wk_sync_command(w->app, "SELECT set_config('app.tenant', $1, true)", 1, &tenant, err);
}

static bool find_schema(const struct wk_dump *dump, const char *tenant, const char *condition, struct work *w, struct wk_err *err)
{
    char sql[256];
    PGconn *host = wk_sync_open(dump->host_conninfo, err);
    PGresult *r;
    bool ok;

    (void)snprintf(sql, sizeof sql, "SELECT schema_name, %s FROM wakala.tenant WHERE id = $1::uuid", condition);
    r = host ? wk_sync_run(host, sql, 1, &tenant, err) : NULL;
    ok = r && PQntuples(r) == 1;
    if (r && !ok)
        wk_fail(err, WK_BUSINESS, "tenant.unknown", "there is no tenant %s", tenant);
    if (ok && *PQgetvalue(r, 0, 1) != 't')
        ok = wk_fail(err, WK_BUSINESS, "tenant.deleting", "its time is not up: wakala tenant show says when it is");
    if (ok)
        (void)snprintf(w->schema, sizeof w->schema, "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    PQfinish(host);
    return ok;
}

/* Every table of the tenant's schema that has tenants' rows. */
static bool find_tables(const struct wk_dump *dump, struct work *w, struct wk_err *err)
{
    const char *values[] = {w->schema};

    w->app = wk_sync_open(dump->app_conninfo, err);
    w->tables = w->app ? wk_sync_run(w->app, "SELECT format('%I.%I', n.nspname, c.relname), c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                                             "WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND EXISTS (SELECT FROM pg_attribute a "
                                             "WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) ORDER BY 2", 1, values, err)
                       : NULL;
    return w->tables != NULL;
}

/* --- writing --- */

static bool put(FILE *out, const char *line, struct wk_err *err)
{
    return fprintf(out, "%s\n", line) > 0 || wk_fail(err, WK_SYSTEM, "tenant.export", "the export cannot be written: no room?");
}

static bool write_table(PGconn *c, const char *quoted, const char *name, FILE *out, size_t *rows, struct wk_err *err)
{
    char sql[512];
    bool ok;
    int n = 1;

    (void)snprintf(sql, sizeof sql, "DECLARE export NO SCROLL CURSOR FOR SELECT json_build_object('table', '%s', 'row', row_to_json(t)) FROM %s t "
                                    "WHERE t.tenant_id = wakala.tenant_id()", name, quoted);
    ok = wk_sync_command(c, sql, 0, NULL, err);
    (void)snprintf(sql, sizeof sql, "FETCH %d FROM export", FETCH);
    while (ok && n) {
        PGresult *r = wk_sync_run(c, sql, 0, NULL, err);

        ok = r != NULL;
        n = r ? PQntuples(r) : 0;
        for (int i = 0; i < n && ok; i++)
            ok = put(out, PQgetvalue(r, i, 0), err);
        *rows += (size_t)n;
        PQclear(r);
    }
    return ok && wk_sync_command(c, "CLOSE export", 0, NULL, err);
}

/* What the host keeps of a tenant: the tenant itself, and its settings. Its secrets are sealed with a key that stays here. */
static bool write_host(const struct wk_dump *dump, FILE *out, size_t *rows, struct wk_err *err)
{
    char tenant[WK_UUID_TEXT];
    const char *values[] = {wk_uuid_text(&dump->tenant, tenant)};
    PGconn *c = wk_sync_open(dump->host_conninfo, err);
    PGresult *r = c ? wk_sync_run(c, "SELECT json_build_object('tenant', wakala.tenant_json($1::uuid)) UNION ALL "
                                     "SELECT json_build_object('table', 'wakala.tenant_setting', 'row', row_to_json(s)) FROM wakala.tenant_setting s WHERE s.tenant_id = $1::uuid",
                                  1, values, err) : NULL;
    bool ok = r != NULL;

    for (int i = 0; ok && i < PQntuples(r); i++)
        ok = put(out, PQgetvalue(r, i, 0), err);
    if (ok)
        *rows += (size_t)PQntuples(r) - 1;
    PQclear(r);
    PQfinish(c);
    return ok;
}

bool wk_dump_write(const struct wk_dump *dump, FILE *out, size_t *rows, struct wk_err *err)
{
    char tenant[WK_UUID_TEXT], end[64];
    struct work w = {0};
    bool ok;

    *rows = 0;
    (void)wk_uuid_text(&dump->tenant, tenant);
    ok = find_schema(dump, tenant, "true", &w, err) && write_host(dump, out, rows, err) && find_tables(dump, &w, err) &&
         begin(&w, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", tenant, err) && write_table(w.app, "wakala.outbound", "wakala.outbound", out, rows, err) &&
         write_table(w.app, "wakala.audit", "wakala.audit", out, rows, err);
    for (int i = 0; ok && i < PQntuples(w.tables); i++)
        ok = write_table(w.app, PQgetvalue(w.tables, i, 0), PQgetvalue(w.tables, i, 1), out, rows, err);
    (void)snprintf(end, sizeof end, "{\"rows\": %zu}", *rows);
    ok = ok && put(out, end, err) && (!fflush(out) || wk_fail(err, WK_SYSTEM, "tenant.export", "the export cannot be written: no room?"));
    finish(&w);
    return ok;
}

/* --- removing --- */

/* A piece of one table, by itself. *is_held: rows of another table still need these (a foreign key inside a plugin): they go in a later round. */
static bool remove_piece(struct work *w, const char *table, const char *tenant, size_t *n, bool *is_held, struct wk_err *err)
{
    char sql[512];
    PGresult *r;

    (void)snprintf(sql, sizeof sql, "DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE tenant_id = wakala.tenant_id() LIMIT %d))", table, table, REMOVE);
    *n = 0;
    *is_held = false;
    if (!begin(w, "BEGIN", tenant, err))
        return false;
    r = PQexec(w->app, sql);
    *is_held = PQresultErrorField(r, PG_DIAG_SQLSTATE) && !strcmp(PQresultErrorField(r, PG_DIAG_SQLSTATE), "23503");
    if (PQresultStatus(r) == PGRES_COMMAND_OK)
        *n = (size_t)strtoull(PQcmdTuples(r), NULL, 10);
    else if (!*is_held)
        wk_fail(err, WK_SYSTEM, "db.statement", "%s: %.180s", table, PQresultErrorMessage(r));
    if (PQresultStatus(r) != PGRES_COMMAND_OK && !*is_held) {
        PQclear(r);
        return false;
    }
    PQclear(r);
    return wk_sync_command(w->app, *is_held ? "ROLLBACK" : "COMMIT", 0, NULL, err);
}

bool wk_dump_remove(const struct wk_dump *dump, size_t *rows, struct wk_err *err)
{
    char tenant[WK_UUID_TEXT], *answer = NULL;
    struct wk_life_ask gone = {.what = WK_LIFE_GONE, .id = &dump->tenant, .asked = "{}", .role = "operator"};
    struct work w = {0};
    bool ok, is_held = true, has_moved = true;

    *rows = 0;
    (void)wk_uuid_text(&dump->tenant, tenant);
    ok = find_schema(dump, tenant, "coalesce(delete_at <= wakala.now(), false)", &w, err) && find_tables(dump, &w, err);
    while (ok && is_held && has_moved) { /* as often as one table holds another's rows */
        is_held = has_moved = false;
        for (int i = 0; ok && i < PQntuples(w.tables); i++) {
            bool held = false;
            size_t n = 1;

            while (ok && n && !held) {
                ok = remove_piece(&w, PQgetvalue(w.tables, i, 0), tenant, &n, &held, err);
                *rows += n;
                has_moved = has_moved || n;
            }
            is_held = is_held || held;
        }
    }
    if (ok && is_held)
        ok = wk_fail(err, WK_SYSTEM, "db.statement", "tables of schema %s hold each other's rows: nothing more can be removed", w.schema);
    ok = ok && wk_life_now(dump->host_conninfo, &gone, &answer, err);
    free(answer);
    finish(&w);
    return ok;
}

bool wk_dump_due(const char *host_conninfo, struct wk_uuid *ids, size_t max, size_t *n, struct wk_err *err)
{
    PGconn *c = wk_sync_open(host_conninfo, err);
    PGresult *r = c ? wk_sync_run(c, "SELECT id FROM wakala.tenant WHERE delete_at <= wakala.now() AND gone_at IS NULL ORDER BY delete_at", 0, NULL, err) : NULL;

    *n = 0;
    for (int i = 0; r && i < PQntuples(r) && *n < max; i++)
        *n += wk_uuid_parse(PQgetvalue(r, i, 0), &ids[*n]);
    PQclear(r);
    PQfinish(c);
    return r != NULL;
}
