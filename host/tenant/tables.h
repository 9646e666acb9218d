/* tables.h - the plugins' tables with rows of tenants, as the catalogue names them: for export, removal and moves, so that a new plugin's are in all three
 * without anybody having to think of it. Connections are wakala_app's; row-level security sees to whose rows they are. Blocks; never on the loop. */
#ifndef WK_TENANT_TABLES_H
#define WK_TENANT_TABLES_H
#include <libpq-fe.h>
#include <wakala/err.h>

struct wk_tables {
    PGresult *names; /* columns 0: "pool"."orders_order", quoted; 1: orders_order; sorted by 1 */
};
/* As wakala_app, but without triggers: some forbid what a removal does (append-only tables), and what they do on an insert was done where a row comes from.
 * `owner`: conninfo of a superuser, or of a role that may SET session_replication_role. tenant.invalid (BUSINESS) says what is missing. */
PGconn *wk_tables_open(const char *owner, const char *server, struct wk_err *err);
bool wk_tables_find(PGconn *c, const char *schema, struct wk_tables *out, struct wk_err *err);
void wk_tables_finish(struct wk_tables *tables); /* zeroed or filled */
static inline int wk_tables_count(const struct wk_tables *t) { return PQntuples(t->names); }
static inline const char *wk_tables_quoted(const struct wk_tables *t, int i) { return PQgetvalue(t->names, i, 0); }
static inline const char *wk_tables_name(const struct wk_tables *t, int i) { return PQgetvalue(t->names, i, 1); }

bool wk_tables_begin(PGconn *c, const char *how, const char *tenant, struct wk_err *err); /* a transaction inside the tenant; `how`: "BEGIN .." */
/* Removes the tenant's rows, some thousand a transaction. *rows is added to. */
bool wk_tables_clear(PGconn *c, const struct wk_tables *tables, const char *tenant, size_t *rows, struct wk_err *err);
#endif
