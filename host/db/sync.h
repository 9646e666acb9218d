/* sync.h - one connection that blocks: for commands of an operator, which have no loop. Never in a worker. */
#ifndef WK_DB_SYNC_H
#define WK_DB_SYNC_H
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <wakala/err.h>

PGconn *wk_sync_open(const char *conninfo, struct wk_err *err); /* 10 s at most. NULL: db.unavailable. The caller's: PQfinish */
/* One statement with text parameters (NULL: SQL NULL), a minute at most (db.deadline). NULL and db.statement with the SQLSTATE, or the code of wakala.refuse(), unless it succeeded. The caller's: PQclear */
PGresult *wk_sync_run(PGconn *c, const char *sql, int n, const char *const *values, struct wk_err *err);
bool wk_sync_command(PGconn *c, const char *sql, int n, const char *const *values, struct wk_err *err);
void wk_sync_write(const PGresult *r, int from_column, FILE *out); /* every row a line, from that column on, values between tabs, NULL as "-" */
/* Opens, runs, prints, closes. */
bool wk_sync_print(const char *conninfo, const char *sql, int n, const char *const *values, FILE *out, struct wk_err *err);
#endif
