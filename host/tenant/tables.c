#include "tenant/tables.h"
#include "db/sync.h"
#include <stdlib.h>
#include <string.h>

enum { REMOVE = 5000 };

PGconn *wk_tables_open(const char *owner, const char *server, struct wk_err *err)
{
    PGconn *c;

    if (!owner || !*owner) {
        wk_fail(err, WK_BUSINESS, "tenant.invalid", "server %s has no `owner`: this needs the role that may make schemas", server);
        return NULL;
    }
    if (!(c = wk_sync_open(owner, err)))
        return NULL;
    if (!wk_sync_command(c, "SET session_replication_role = replica", 0, NULL, err))
        wk_fail(err, WK_BUSINESS, "tenant.invalid", "`owner` of server %s may not switch triggers off for its session; as a superuser: "
                "GRANT SET ON PARAMETER session_replication_role TO that role", server);
    else if (wk_sync_command(c, "SET statement_timeout = 0", 0, NULL, err) && wk_sync_command(c, "SET lock_timeout = '20s'", 0, NULL, err) &&
             wk_sync_command(c, "SET ROLE wakala_app", 0, NULL, err))
        return c;
    PQfinish(c);
    return NULL;
}

bool wk_tables_find(PGconn *c, const char *schema, struct wk_tables *out, struct wk_err *err)
{
    out->names = wk_sync_run(c, "SELECT format('%I.%I', n.nspname, c.relname), c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                                "WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND EXISTS (SELECT FROM pg_attribute a "
                                "WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) ORDER BY 2", 1, &schema, err);
    return out->names != NULL;
}

void wk_tables_finish(struct wk_tables *tables)
{
    PQclear(tables->names);
    tables->names = NULL;
}

bool wk_tables_begin(PGconn *c, const char *how, const char *tenant, struct wk_err *err)
{
    return wk_sync_command(c, how, 0, NULL, err) && wk_sync_command(c, "SELECT set_config('app.tenant', $1, true)", 1, &tenant, err);
}

/* A piece of one table, by itself. *is_held: rows of another table still need these (a foreign key inside a plugin): they go in a later round. */
static bool remove_piece(PGconn *c, const char *table, const char *tenant, size_t *n, bool *is_held, struct wk_err *err)
{
    char sql[512];
    PGresult *r;

    (void)snprintf(sql, sizeof sql, "DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE tenant_id = wakala.tenant_id() LIMIT %d))", table, table, REMOVE);
    *n = 0;
    *is_held = false;
    if (!wk_tables_begin(c, "BEGIN", tenant, err))
        return false;
    r = PQexec(c, sql);
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
    return wk_sync_command(c, *is_held ? "ROLLBACK" : "COMMIT", 0, NULL, err);
}

bool wk_tables_clear(PGconn *c, const struct wk_tables *tables, const char *tenant, size_t *rows, struct wk_err *err)
{
    bool ok = true, is_held = true, has_moved = true;

    while (ok && is_held && has_moved) { /* as often as one table holds another's rows */
        is_held = has_moved = false;
        for (int i = 0; ok && i < wk_tables_count(tables); i++) {
            bool held = false;
            size_t n = 1;

            while (ok && n && !held) {
                ok = remove_piece(c, wk_tables_quoted(tables, i), tenant, &n, &held, err);
                *rows += n;
                has_moved = has_moved || n;
            }
            is_held = is_held || held;
        }
    }
    return ok && (!is_held || wk_fail(err, WK_SYSTEM, "db.statement", "tables hold each other's rows: nothing more can be removed"));
}
