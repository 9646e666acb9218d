/* dump.h - all rows of a tenant in the plugins' tables: written out, or removed. As role wakala_app inside the tenant, so row-level security sees to it that
 * they are nobody else's; which tables there are, the catalogue says. Blocks; never on the loop. */
#ifndef WK_TENANT_DUMP_H
#define WK_TENANT_DUMP_H
#include <stdio.h>
#include <wakala/base.h>
#include <wakala/err.h>

struct wk_dump {
    const char *host_conninfo, *app_conninfo;
    const char *owner_conninfo, *server; /* for a removal: database.owner, and the server's name for messages */
    struct wk_uuid tenant;
};
/* One moment of the database as JSON lines: {"tenant": ..}, then {"table", "row"} of every row (also what was sent, its settings, its audit), then {"rows": n}: a
 * file without that last line is cut. No secrets. tenant.unknown (BUSINESS), db.*, tenant.export (SYSTEM): it cannot be written. */
bool wk_dump_write(const struct wk_dump *dump, FILE *out, size_t *rows, struct wk_err *err);
/* Some thousand rows at a time, so that nobody waits long; safe to stop and to run again. Refused with tenant.deleting (BUSINESS) before its time is up. */
bool wk_dump_remove(const struct wk_dump *dump, size_t *rows, struct wk_err *err);
/* Tenants whose time is up and whose rows are still there. */
bool wk_dump_due(const char *host_conninfo, struct wk_uuid *ids, size_t max, size_t *n, struct wk_err *err);
#endif
