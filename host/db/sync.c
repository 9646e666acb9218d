#include "db/sync.h"
#include "db/internal.h"

/* What stands behind is stronger: conninfo may say otherwise. */
PGconn *wk_sync_open(const char *conninfo, struct wk_err *err)
{
    static const char *const keys[] = {"connect_timeout", "options", "dbname", NULL};
    const char *const values[] = {"10", "-c statement_timeout=60000", conninfo, NULL};
    PGconn *c = PQconnectdbParams(keys, values, true);

    if (PQstatus(c) == CONNECTION_OK)
        return c;
    wk_fail(err, WK_TRANSIENT, "db.unavailable", "the database cannot be reached: %.160s", PQerrorMessage(c));
    PQfinish(c);
    return NULL;
}

PGresult *wk_sync_run(PGconn *c, const char *sql, int n, const char *const *values, struct wk_err *err)
{
    PGresult *r = PQexecParams(c, sql, n, NULL, values, NULL, NULL, 0);
    ExecStatusType s = PQresultStatus(r);

    if (s == PGRES_TUPLES_OK || s == PGRES_COMMAND_OK)
        return r;
    if (PQresultErrorField(r, PG_DIAG_SQLSTATE) && !strcmp(PQresultErrorField(r, PG_DIAG_SQLSTATE), "57014")) {
        PQclear(r);
        wk_fail(err, WK_TRANSIENT, "db.deadline", "the database took longer than a minute: ask for less (a shorter time, one tenant, one type), or again later");
        return NULL;
    }
    if (wk_pg_refused(err, r)) {
        PQclear(r);
        return NULL;
    }
    wk_fail(err, WK_SYSTEM, "db.statement", "%s: %.180s", PQresultErrorField(r, PG_DIAG_SQLSTATE) ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : "?",
            PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : PQerrorMessage(c));
    PQclear(r);
    return NULL;
}

bool wk_sync_command(PGconn *c, const char *sql, int n, const char *const *values, struct wk_err *err)
{
    PGresult *r = wk_sync_run(c, sql, n, values, err);

    PQclear(r);
    return r != NULL;
}

void wk_sync_write(const PGresult *r, int from_column, FILE *out)
{
    for (int row = 0; row < PQntuples(r); row++)
        for (int col = from_column; col < PQnfields(r); col++)
            (void)fprintf(out, "%s%s", PQgetisnull(r, row, col) ? "-" : PQgetvalue(r, row, col), col + 1 < PQnfields(r) ? "\t" : "\n");
}

bool wk_sync_print(const char *conninfo, const char *sql, int n, const char *const *values, FILE *out, struct wk_err *err)
{
    PGconn *c = wk_sync_open(conninfo, err);
    PGresult *r = c ? wk_sync_run(c, sql, n, values, err) : NULL;

    if (r)
        wk_sync_write(r, 0, out);
    PQclear(r);
    PQfinish(c);
    return r != NULL;
}
